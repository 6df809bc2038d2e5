/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The journal file and the lock.
 *
 *	magic[8] phase[1] boot_id[36] u64 netns  u32 scratch
 *	u32 n_created {s32 ifindex, u32 group, name[16]}...
 *	u32 n_deleted {the same}...
 *	u32 n_steps { u32 len type, u32 len object, WEIR_STEP_PARTS x (u32 len bytes) }...
 *	u32 checksum of everything but the phase
 *
 * A namespace is told by the inode of its file in the lower half, which the next
 * namespace gets when it is gone, and in the upper half by its cookie, which in one
 * boot none has again. Kernels before 5.14 have no cookie, nor have older journals.
 *
 * The file stays: making, renaming and removing one takes ten times as long as
 * writing into it. The phase is changed by writing its one byte, and says, before
 * the first change, that the rest is whole; and after the last, that it says
 * nothing any more. Nothing is synced: the kernel state it speaks of does not
 * survive what fsync() protects from.
 *
 * The lock is an open-file-description lock. A child between fork and exec has a
 * copy of its descriptor, so once the lock can be had, every child of the dead
 * owner has executed its program and can be found by its command line.
 */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/lock.h"
#include "base/netns.h"
#include "txn/delete.h"
#include "txn/journal.h"

#define MAGIC "weirjnl1"
#define PHASE_AT (sizeof(MAGIC) - 1)
#define MOST_LEFT 4096	/* bytes of a file that says nothing: it takes memory, and is read each time */

/* --- the lock ----------------------------------------------------------------- */

/* Mostly it is there: the kernel finds it in half the time if it need not make it. */
static int open_there(const char *path)
{
	int fd = open(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)
		fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
	return fd < 0 ? -errno : fd;
}

int wr_lock(struct weir *w, struct weir_error *err)
{
	char path[PATH_MAX];
	int r;

	wr_format(path, sizeof(path), "%s/lock", w->state_dir);
	r = open_there(path);
	if (r == -ENOENT && !(r = wr_mkdirs(w->state_dir, 0755)))
		r = open_there(path);
	if (r < 0)
		return wr_syserr(err, r, "state directory", "%s", path);
	w->lock_fd = r;
	r = wr_lock_in_turn(w->lock_fd, w->lock_timeout_ms);
	if (!r)
		return 0;
	wr_unlock(w);
	if (r == -EAGAIN)
		return wr_error(err, -EBUSY, WEIR_STAGE_SYSTEM, "state directory", "",
				"%s is held by another process for over %u ms", path,
				w->lock_timeout_ms);
	return wr_syserr(err, r, "state directory", "%s", path);
}

void wr_unlock(struct weir *w)
{
	wr_close(&w->journal_fd);
	wr_close(&w->lock_fd);
}

/* --- writing -------------------------------------------------------------------- */

static void put_u32(struct wr_str *s, uint32_t v)
{
	wr_str_add(s, &v, sizeof(v));
}

static char *lay_down(char *at, const struct weir_blob *b)
{
	const uint32_t len = b->len;

	memcpy(at, &len, sizeof(len));
	if (len)
		memcpy(at + sizeof(len), b->data, len);
	return at + sizeof(len) + len;
}

static void put_step(struct wr_str *s, const struct weir_step *step)
{
	struct weir_blob blobs[2 + WEIR_STEP_PARTS] = {
		{ step->ops->name, strlen(step->ops->name) }, { step->object, strlen(step->object) },
	};
	size_t len = 0;
	char *at;

	memcpy(&blobs[2], step->parts, sizeof(step->parts));
	for (size_t i = 0; i < WR_COUNT(blobs); i++)
		len += sizeof(uint32_t) + blobs[i].len;
	at = wr_str_room(s, len);
	for (size_t i = 0; at && i < WR_COUNT(blobs); i++)
		at = lay_down(at, &blobs[i]);
}

static void put_ref(struct wr_str *s, const struct wr_link_ref *ref)
{
	put_u32(s, (uint32_t)ref->ifindex);
	put_u32(s, ref->old_group);
	wr_str_add(s, ref->name, sizeof(ref->name));
}

static void put_refs(struct wr_str *s, const struct wr_link_ref *refs, size_t n)
{
	put_u32(s, n);
	for (size_t i = 0; i < n; i++)
		put_ref(s, &refs[i]);
}

/* The phase byte changes after the file is written: it counts as zero. */
static uint32_t checksum(const void *data, size_t len)
{
	const size_t before = len < PHASE_AT ? len : PHASE_AT, behind = before < len ? before + 1 : len;
	uint32_t h = wr_hash(WR_HASH, data, before);

	h = wr_hash(h, "", behind - before);
	return wr_hash(h, (const char *)data + behind, len - behind);
}

/* Learnt once: the way to them through /proc is long. */
static int here(struct weir *w)
{
	int r = *w->boot_id ? 0 : wr_netns_id(w->netns_fd, &w->netns_id);

	if (r || *w->boot_id)
		return r;
	w->netns_id = (uint32_t)w->netns_id | wr_sock_netns_cookie(&w->sock) << 32;
	return wr_boot_id(w->boot_id);
}

static int refuse_io(const struct weir *w, int r, struct weir_error *err)
{
	return wr_syserr(err, r, "journal", "%s/journal", w->state_dir);
}

static int open_journal(struct weir *w, struct weir_error *err)
{
	char path[PATH_MAX];

	if (w->journal_fd >= 0)
		return 0;
	wr_format(path, sizeof(path), "%s/journal", w->state_dir);
	w->journal_fd = open_there(path);
	return w->journal_fd < 0 ? refuse_io(w, w->journal_fd, err) : 0;
}

static int set_phase(struct weir *w, char phase)
{
	return pwrite(w->journal_fd, &phase, 1, PHASE_AT) == 1 ? 0 : -errno;
}

/* All of it, without a rest of the last one's, and then that it is all. */
static int write_whole(struct weir *w, const struct wr_str *s)
{
	int r = 0;

	if (s->len < w->journal_size && ftruncate(w->journal_fd, (off_t)s->len) < 0)
		r = -errno;
	w->journal_size = s->len;
	if (!r)
		r = wr_file_write_all(w->journal_fd, s->data, s->len);
	return r ? r : set_phase(w, WR_PHASE_UNDO);
}

int wr_journal_write(const struct weir_txn *t, struct weir_error *err)
{
	wr_auto(str) struct wr_str s = { 0 };
	int r = here(t->w);

	if (r)
		return wr_syserr(err, r, "journal", "where we are");
	r = open_journal(t->w, err);
	if (r)
		return r;
	wr_str_printf(&s, MAGIC "%c", WR_PHASE_NONE);
	wr_str_add(&s, t->w->boot_id, 36);
	wr_str_add(&s, &t->w->netns_id, sizeof(t->w->netns_id));
	put_u32(&s, t->scratch_group);
	put_refs(&s, t->created, t->n_created);
	put_refs(&s, t->deleted, t->n_deleted);
	put_u32(&s, t->n_steps);
	for (size_t i = 0; i < t->n_steps; i++)
		put_step(&s, &t->steps[i]);
	put_u32(&s, s.data ? checksum(s.data, s.len) : 0);
	if (s.failed)
		return wr_nomem(err);
	r = write_whole(t->w, &s);
	return r ? refuse_io(t->w, r, err) : 0;
}

int wr_journal_decide(struct weir *w, struct weir_error *err)
{
	int r = set_phase(w, WR_PHASE_FINISH);

	return r ? refuse_io(w, r, err) : 0;
}

int wr_journal_clear(struct weir *w, struct weir_error *err)
{
	int r = set_phase(w, WR_PHASE_NONE);

	if ((r || w->journal_size > MOST_LEFT) && ftruncate(w->journal_fd, 0) == 0) {
		w->journal_size = 0;
		r = 0;
	}
	return r ? refuse_io(w, r, err) : 0;
}

/* --- reading --------------------------------------------------------------------- */

struct input {
	const char *data;
	size_t left;
	bool bad;
};

static const char *take(struct input *in, size_t n)
{
	const char *p = in->data;

	if (in->bad || n > in->left) {
		in->bad = true;
		return NULL;
	}
	in->data += n;
	in->left -= n;
	return p;
}

static uint32_t take_u32(struct input *in)
{
	const char *p = take(in, sizeof(uint32_t));
	uint32_t v = 0;

	if (p)
		memcpy(&v, p, sizeof(v));
	return v;
}

static struct weir_blob take_bytes(struct input *in)
{
	uint32_t len = take_u32(in);
	const char *p = take(in, len);

	return (struct weir_blob){ p, p ? len : 0 };
}

static void take_refs(struct input *in, struct weir_txn *t,
		      void (*add)(struct weir_txn *t, int ifindex, const char *name),
		      struct wr_link_ref **refs)
{
	uint32_t n = take_u32(in);

	for (uint32_t i = 0; i < n && !in->bad; i++) {
		const uint32_t ifindex = take_u32(in), group = take_u32(in);
		const char *name = take(in, sizeof((*refs)->name));

		if (!name || !ifindex || ifindex > INT32_MAX || !memchr(name, 0, sizeof((*refs)->name))) {
			in->bad = true;
			return;
		}
		add(t, (int)ifindex, name);
		if (!t->err.code)
			(*refs)[i].old_group = group;
	}
}

static bool is_whole(const struct weir_blob *part)
{
	struct nlmsghdr nlh;

	for (size_t at = 0; at < part->len; at += NLMSG_ALIGN(nlh.nlmsg_len)) {
		if (part->len - at < sizeof(nlh))
			return false;
		memcpy(&nlh, (const char *)part->data + at, sizeof(nlh));
		if (nlh.nlmsg_len < sizeof(nlh) || nlh.nlmsg_len > part->len - at)
			return false;
	}
	return true;
}

/* An rtnetlink step's message parts must hold whole messages. */
static bool messages_whole(const struct weir_blob parts[WEIR_STEP_PARTS])
{
	return is_whole(&parts[WR_MSG_DO]) && is_whole(&parts[WR_MSG_UNDO]) &&
	       is_whole(&parts[WR_MSG_GET]);
}

static int take_step(struct input *in, struct weir_txn *t, struct weir_error *err)
{
	struct weir_blob type = take_bytes(in), object = take_bytes(in);
	struct weir_blob parts[WEIR_STEP_PARTS];
	const struct weir_step_ops *ops;
	char name[32], what[64];
	struct weir_step *s;

	for (int k = 0; k < WEIR_STEP_PARTS; k++)
		parts[k] = take_bytes(in);
	if (in->bad)
		return 0;
	wr_format(name, sizeof(name), "%.*s", (int)type.len, (const char *)type.data);
	wr_format(what, sizeof(what), "%.*s", (int)object.len, (const char *)object.data);
	ops = wr_find_ops(t->w, name);
	if (!ops)
		return wr_error(err, -EOPNOTSUPP, WEIR_STAGE_INPUT, "journal", "",
				"has steps of type \"%s\", which this program cannot undo; run weir recover",
				name);
	if (ops == &wr_msg_ops && !messages_whole(parts)) {
		in->bad = true;
		return 0;
	}
	s = wr_txn_add(t, ops, what, parts, WEIR_STEP_PARTS);
	if (!s)
		return wr_nomem(err);
	s->state = WR_STEP_LOST;
	return 0;
}

int wr_journal_parse(const void *data, size_t len, struct weir_txn *t, struct wr_journal *ret,
		     struct weir_error *err)
{
	struct input in = { data, len, false };
	const char *magic = take(&in, PHASE_AT), *phase = take(&in, 1);
	const char *boot_id = take(&in, 36), *netns = take(&in, sizeof(ret->netns));
	uint32_t sum = 0, n;
	int r = 0;

	if (in.bad || in.left < sizeof(sum) || memcmp(magic, MAGIC, PHASE_AT) ||
	    (*phase != WR_PHASE_UNDO && *phase != WR_PHASE_FINISH))
		goto damaged;
	memcpy(&sum, (const char *)data + len - sizeof(sum), sizeof(sum));
	if (sum != checksum(data, len - sizeof(sum)))
		goto damaged;
	ret->phase = *phase == WR_PHASE_UNDO ? WR_PHASE_UNDO : WR_PHASE_FINISH;
	memset(ret->boot_id, 0, sizeof(ret->boot_id));
	memcpy(ret->boot_id, boot_id, 36);
	memcpy(&ret->netns, netns, sizeof(ret->netns));
	t->scratch_group = take_u32(&in);
	take_refs(&in, t, wr_txn_created, &t->created);
	take_refs(&in, t, wr_txn_deleted, &t->deleted);
	n = take_u32(&in);
	for (uint32_t i = 0; i < n && !in.bad && !r; i++)
		r = take_step(&in, t, err);
	if (r || (!in.bad && in.left == sizeof(sum)))
		return r;
damaged:
	return wr_error(err, -EBADMSG, WEIR_STAGE_REPLY, "journal", "", "is damaged");
}

/* --- recovering ------------------------------------------------------------------- */

static bool is_kernel_step(const struct weir_step *s)
{
	return s->ops != &wr_file_write_ops && s->ops != &wr_file_remove_ops;
}

/* After a reboot only the files are still as the dead process left them. */
static void forget_kernel_steps(struct weir_txn *t)
{
	t->n_created = 0;
	t->n_deleted = 0;
	for (size_t i = 0; i < t->n_steps; i++)
		if (is_kernel_step(&t->steps[i]))
			t->steps[i].state = WR_STEP_WAITING;
}

/* The links were deleted by one message: either all that are left are there, or none. */
static int was_decided(struct weir_txn *t, enum wr_phase phase, bool *ret, struct weir_error *err)
{
	size_t n = 0;
	int r = 0;

	*ret = phase == WR_PHASE_FINISH;
	if (*ret || !t->n_deleted)
		return 0;
	r = wr_count_links(t->w, t->deleted, t->n_deleted, &n, err);
	*ret = !r && n == 0;
	return r;
}

static bool is_same_netns(uint64_t a, uint64_t b)
{
	return (uint32_t)a == (uint32_t)b && (a == b || !(a >> 32) || !(b >> 32));
}

static int recover(struct weir_txn *t, const struct wr_journal *j, struct weir_error *err)
{
	bool decided;
	int r = here(t->w);

	if (r)
		return wr_syserr(err, r, "journal", "where we are");
	if (strcmp(t->w->boot_id, j->boot_id))
		forget_kernel_steps(t);
	else if (!is_same_netns(t->w->netns_id, j->netns))
		return wr_refuse(err, -EXDEV, "journal", "", "in %s belongs to the network namespace net:[%u]%s",
				 t->w->state_dir, (uint32_t)j->netns,
				 (uint32_t)t->w->netns_id == (uint32_t)j->netns ?
					 " before this one, which is gone; remove the journal" : "; recover it there");
	r = was_decided(t, j->phase, &decided, err);
	if (!r)
		r = decided ? wr_txn_finish(t, err) : wr_txn_undo(t, err);
	if (r)
		return r;
	wr_journal_clear(t->w, NULL);
	return decided ? 2 : 1;
}

/* Pages of two transactions, after the power failed: of what the kernel had nothing is left, and files are whole. */
static bool is_of_other_boot(struct weir *w, const struct wr_str *text)
{
	return text->len > PHASE_AT + 1 + 36 && !here(w) && memcmp(text->data + PHASE_AT + 1, w->boot_id, 36) != 0;
}

/* One that was being written means that nothing had been done yet. */
static bool says_nothing(const struct wr_str *text)
{
	return !text->len || (text->len > PHASE_AT && !memcmp(text->data, MAGIC, PHASE_AT) &&
			      text->data[PHASE_AT] == WR_PHASE_NONE);
}

int wr_journal_recover(struct weir *w, struct weir_error *err)
{
	wr_auto(str) struct wr_str text = { 0 };
	struct wr_journal j = { 0 };
	struct weir_txn *t;
	int r = open_journal(w, err);

	if (r)
		return r;
	r = wr_file_read_all(w->journal_fd, &text);
	if (r)
		return refuse_io(w, r, err);
	w->journal_size = text.len;
	if (says_nothing(&text))
		return 0;
	t = calloc(1, sizeof(*t));
	if (!t)
		return wr_nomem(err);
	t->w = w;
	r = wr_journal_parse(text.data, text.len, t, &j, err);
	if (r == -EBADMSG && is_of_other_boot(w, &text)) {
		wr_journal_clear(w, NULL);
		r = 0;
	} else if (!r) {
		r = recover(t, &j, err);
	}
	wr_txn_free(t);
	return r;
}

int weir_recover(struct weir *w, struct weir_error *err)
{
	int r;

	if (!w->state_dir)
		return 0;
	if (w->txn)
		return wr_refuse(err, -EBUSY, "transaction", "", "\"%s\" is open on this handle",
				 w->txn->title);
	r = wr_lock(w, err);
	if (!r)
		r = wr_journal_recover(w, err);
	wr_unlock(w);
	return r;
}
