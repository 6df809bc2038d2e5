/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Building a transaction: its steps, the links it makes and deletes, the first
 * refusal, the plan's text. Nothing here touches the host; commit.c does.
 */
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include <linux/rtnetlink.h>

#include "base/list.h"
#include "netlink/attr.h"
#include "txn/explain.h"
#include "txn/journal.h"

int weir_txn_begin(struct weir *w, const char *title, unsigned int flags, struct weir_txn **ret,
		   struct weir_error *err)
{
	struct weir_txn *t;
	int r = 0;

	if (!title)
		return wr_refuse(err, -EINVAL, "transaction", "title", "is missing");
	if (w->txn)
		return wr_refuse(err, -EBUSY, "transaction", "", "\"%s\" is open on this handle",
				 w->txn->title);
	t = calloc(1, sizeof(*t));
	if (!t || !(t->title = strdup(title))) {
		free(t);
		return wr_nomem(err);
	}
	t->w = w;
	t->dry = flags & WEIR_TXN_DRY;
	t->err = (struct weir_error)WEIR_ERROR_INIT;
	if (w->state_dir && !t->dry) {
		r = wr_lock(w, err);
		if (!r)
			r = wr_journal_recover(w, err);
	}
	if (r < 0) {
		wr_unlock(w);
		wr_txn_free(t);
		return r;
	}
	w->txn = t;
	*ret = t;
	return 0;
}

/* A thousand limits are 10,000 messages of some 60 bytes. */
#define CHUNK 16000

struct wr_chunk {
	struct wr_chunk *next;
	size_t used, size;
	char data[];
};

void *wr_txn_copy(struct weir_txn *t, const void *data, size_t len)
{
	const size_t need = (len + 8) & ~(size_t)7;	/* the zero, and the next one aligned */
	const size_t size = need > CHUNK ? need : CHUNK;
	struct wr_chunk *c = t->chunks;
	char *copy;

	if (!c || c->size - c->used < need) {
		c = malloc(sizeof(*c) + size);
		if (!c)
			return NULL;
		*c = (struct wr_chunk){ .next = t->chunks, .size = size };
		t->chunks = c;
	}
	copy = c->data + c->used;
	c->used += need;
	if (len)
		memcpy(copy, data, len);
	copy[len] = '\0';
	return copy;
}

void wr_txn_free(struct weir_txn *t)
{
	for (struct wr_chunk *c = t->chunks, *next; c; c = next) {
		next = c->next;
		free(c);
	}
	for (size_t i = 0; i < t->n_fds; i++)
		close(t->fds[i]);
	for (size_t i = t->n_kept; i > 0; i--)
		t->kept[i - 1].done(t->kept[i - 1].object);
	free(t->kept);
	wr_str_done(&t->flushed.buf);
	wr_auto_batch(&t->change.request);
	wr_auto_batch(&t->change.undo);
	free(t->fds);
	free(t->steps);
	free(t->created);
	free(t->deleted);
	free(t->title);
	free(t);
}

void weir_txn_late(struct weir_txn *t)
{
	if (!t->has_late)
		t->n_early = t->n_steps;
	t->has_late = true;
}

void weir_txn_abort(struct weir_txn *t)
{
	if (!t)
		return;
	if (t->held) {
		weir_txn_undo(t, NULL);
		return;
	}
	t->w->txn = NULL;
	wr_unlock(t->w);
	wr_txn_free(t);
}

struct weir *weir_txn_handle(const struct weir_txn *t)
{
	return t->w;
}

int weir_txn_error(const struct weir_txn *t, struct weir_error *err)
{
	if (err && t->err.code)
		*err = t->err;
	return t->err.code;
}

int wr_txn_fail(struct weir_txn *t, const struct weir_error *err)
{
	if (!err->code)		/* it failed without a word, as what is short of memory does */
		return wr_txn_nomem(t);
	if (!t->err.code)
		t->err = *err;
	return err->code;
}

int wr_txn_refuse(struct weir_txn *t, int code, const char *object, const char *attr, const char *fmt, ...)
{
	struct weir_error err = WEIR_ERROR_INIT;
	va_list ap;

	va_start(ap, fmt);
	wr_verror(&err, code, WEIR_STAGE_INPUT, object, attr, fmt, ap);
	va_end(ap);
	return wr_txn_fail(t, &err);
}

int wr_txn_nomem(struct weir_txn *t)
{
	struct weir_error err = WEIR_ERROR_INIT;

	wr_nomem(&err);
	return wr_txn_fail(t, &err);
}

int weir_txn_refuse(struct weir_txn *t, const struct weir_error *reason)
{
	return wr_txn_fail(t, reason);
}

int wr_step_set(struct weir_txn *t, struct weir_step *s, int part, const void *data, size_t len)
{
	const void *copy = wr_txn_copy(t, data, len);

	if (!copy)
		return -ENOMEM;
	s->parts[part] = (struct weir_blob){ copy, len };
	return 0;
}

static int copy_parts(struct weir_txn *t, struct weir_step *s, const struct weir_blob *parts, size_t n)
{
	int r = 0;

	for (size_t i = 0; i < n && !r; i++)
		if (parts[i].len)	/* as weir_step_part() has them */
			r = wr_step_set(t, s, (int)i, parts[i].data, parts[i].len);
	return r;
}

const char *wr_step_object(const struct weir_step *s, char buf[64])
{
	return wr_describe(s, buf) ? buf : s->object;
}

/* Most steps are about what the step before is about. */
static const char *copy_object(struct weir_txn *t, const char *object)
{
	const char *last = t->n_steps ? t->steps[t->n_steps - 1].object : NULL;

	return last && !strcmp(last, object) ? last : wr_txn_copy(t, object, strlen(object));
}

struct weir_step *wr_txn_add(struct weir_txn *t, const struct weir_step_ops *ops,
			     const char *object, const struct weir_blob *parts, size_t n)
{
	const char *own = t->err.code ? NULL : copy_object(t, object);
	struct weir_step *s = own ? wr_append(t->steps, t->n_steps) : NULL;

	if (t->err.code)
		return NULL;
	if (s)
		*s = (struct weir_step){ .ops = ops, .object = own };
	if (s && !copy_parts(t, s, parts, n))
		return s;
	t->n_steps -= !!s;
	wr_txn_nomem(t);
	return NULL;
}

int weir_txn_step(struct weir_txn *t, const struct weir_step_ops *ops, const char *object,
		  const struct weir_blob *parts, size_t n_parts)
{
	wr_auto(free) char *plan = NULL;
	struct weir_step *s;

	if (!object || !ops->name || (n_parts && !parts))
		return wr_txn_refuse(t, -EINVAL, object, !object ? "object" : ops->name ? "parts" : "name", "is missing");
	if (n_parts > WEIR_STEP_PARTS || !wr_find_ops(t->w, ops->name))
		return wr_txn_refuse(t, -EINVAL, object, "", "steps of type %s are unknown to the handle", ops->name);
	s = wr_txn_add(t, ops, object, parts, n_parts);
	if (!s)
		return t->err.code;
	if (!t->dry || !ops->plan)
		return 0;
	plan = ops->plan(s);
	s->plan = plan ? wr_txn_copy(t, plan, strlen(plan)) : NULL;
	return s->plan ? 0 : wr_txn_nomem(t);
}

struct weir_blob weir_step_part(const struct weir_step *s, unsigned int i)
{
	static const struct weir_blob none = { "", 0 };

	return i < WEIR_STEP_PARTS && s->parts[i].data ? s->parts[i] : none;
}

/* --- links ---------------------------------------------------------------- */

/* xorshift32: indexes only need to differ from other processes'. */
static uint32_t next_random(struct weir *w)
{
	struct timespec ts;

	if (!w->seed) {
		clock_gettime(CLOCK_MONOTONIC, &ts);
		w->seed = ((uint32_t)ts.tv_nsec ^ (uint32_t)ts.tv_sec << 10 ^
			   (uint32_t)getpid() * 2654435761u) | 1;
	}
	w->seed ^= w->seed << 13;
	w->seed ^= w->seed >> 17;
	w->seed ^= w->seed << 5;
	return w->seed;
}

/*
 * From a random one upwards, so that they differ without being compared; and in
 * the kernel's tree of indexes neighbours share nodes.
 */
int wr_txn_ifindex(struct weir_txn *t)
{
	const uint32_t low = 1u << 24, high = (1u << 31) - (1u << 20);
	struct weir *w = t->w;

	if (!w->next_ifindex || w->next_ifindex == INT32_MAX)
		w->first_ifindex = w->next_ifindex = (int)(low + next_random(w) % (high - low));
	return w->next_ifindex++;
}

static void add_ref(struct weir_txn *t, struct wr_link_ref **refs, size_t *n, int ifindex,
		    const char *name)
{
	struct wr_link_ref *ref = wr_append(*refs, *n);

	if (!ref) {
		wr_txn_nomem(t);
		return;
	}
	*ref = (struct wr_link_ref){ .ifindex = ifindex, .n_steps = t->n_steps };
	wr_copy(ref->name, sizeof(ref->name), name);
}

void wr_txn_created(struct weir_txn *t, int ifindex, const char *name)
{
	if (!t->n_created || ifindex < t->least_created)
		t->least_created = ifindex;
	if (ifindex > t->most_created)
		t->most_created = ifindex;
	add_ref(t, &t->created, &t->n_created, ifindex, name);
}

void wr_txn_created_kind(struct weir_txn *t, int kind)
{
	if (t->n_created)
		t->created[t->n_created - 1].kind = kind;
}

/*
 * Indexes are chosen in even steps upwards, so most often the place follows from the index, and those of the host's
 * links are out of range; else the latest first, because what is set up is mostly what has just been made.
 */
static const struct wr_link_ref *find_made(const struct weir_txn *t, int ifindex)
{
	const int64_t from = t->least_created, range = t->most_created - from + 1;
	size_t place;

	if (!t->n_created || ifindex < t->least_created || ifindex > t->most_created)
		return NULL;
	place = (size_t)((ifindex - from) * (int64_t)t->n_created / range);
	if (t->created[place].ifindex == ifindex)
		return &t->created[place];
	for (size_t i = t->n_created; i > 0; i--)
		if (t->created[i - 1].ifindex == ifindex)
			return &t->created[i - 1];
	return NULL;
}

int wr_txn_kind(const struct weir_txn *t, int ifindex)
{
	const struct wr_link_ref *made = find_made(t, ifindex);

	return made ? made->kind : 0;
}

void wr_txn_deleted(struct weir_txn *t, int ifindex, const char *name)
{
	add_ref(t, &t->deleted, &t->n_deleted, ifindex, name);
}

bool wr_txn_makes(const struct weir_txn *t, int ifindex)
{
	return find_made(t, ifindex) != NULL;
}

bool wr_txn_deletes(const struct weir_txn *t, int ifindex)
{
	for (size_t i = 0; i < t->n_deleted; i++)
		if (t->deleted[i].ifindex == ifindex)
			return true;
	return false;
}

void wr_txn_keep_fd(struct weir_txn *t, int fd)
{
	int *kept = wr_append(t->fds, t->n_fds);

	if (!kept) {
		close(fd);
		wr_txn_nomem(t);
		return;
	}
	*kept = fd;
}

static int read_name(void *arg, uint32_t index, const struct nlmsghdr *msg)
{
	const struct nlattr *a = msg->nlmsg_type == RTM_NEWLINK ? wr_msg_attr(msg, IFLA_IFNAME) : NULL;

	if (a)
		wr_format(arg, 16, "%.*s", a->nla_len - NLA_HDRLEN, (const char *)(a + 1));
	return 0;
}

const char *wr_txn_link_name(struct weir_txn *t, int ifindex, char buf[16])
{
	struct ifinfomsg ifi = { .ifi_index = ifindex };
	struct wr_reader reader = { .reply = read_name, .arg = buf };
	wr_auto(batch) struct wr_batch b = { 0 };
	const struct wr_link_ref *made = find_made(t, ifindex);

	if (made)
		return made->name;
	wr_format(buf, 16, "if%d", ifindex);
	wr_msg(&b, RTM_GETLINK, 0, &ifi, sizeof(ifi));
	wr_sock_read(&t->w->sock, &b, NULL, &reader, 1000, NULL);
	return buf;
}

bool weir_txn_is_dry(const struct weir_txn *t)
{
	return t->dry;
}

int weir_txn_keep(struct weir_txn *t, const void *key, void *object, void (*done)(void *object))
{
	struct wr_kept *kept = wr_append(t->kept, t->n_kept);

	if (!kept)
		return -ENOMEM;
	*kept = (struct wr_kept){ .key = key, .object = object, .done = done };
	return 0;
}

void *weir_txn_kept(const struct weir_txn *t, const void *key)
{
	for (size_t i = 0; i < t->n_kept; i++)
		if (t->kept[i].key == key)
			return t->kept[i].object;
	return NULL;
}

void wr_txn_complete_by(struct weir_txn *t, const void *key, void (*complete)(struct weir_txn *t, void *object))
{
	for (size_t i = 0; i < t->n_kept; i++)
		if (t->kept[i].key == key)
			t->kept[i].complete = complete;
}

void wr_txn_complete(struct weir_txn *t)
{
	for (size_t i = 0; i < t->n_kept; i++)
		if (t->kept[i].complete)
			t->kept[i].complete(t, t->kept[i].object);
}

/* --- rtnetlink steps ------------------------------------------------------- */

static void clear(struct wr_batch *b)
{
	wr_str_clear(&b->buf);
	b->n = 0;
}

struct wr_change *wr_txn_change(struct weir_txn *t)
{
	clear(&t->change.request);
	clear(&t->change.undo);
	t->change.adds = false;
	return &t->change;
}

void wr_step_adds(struct weir_step *s)
{
	static const struct {
		struct nlmsghdr nlh;
		char zero;	/* as behind all parts */
	} deletion = { { .nlmsg_len = NLMSG_HDRLEN, .nlmsg_type = NLMSG_NOOP }, '\0' };

	s->parts[WR_MSG_UNDO] = (struct weir_blob){ &deletion, NLMSG_HDRLEN };
}

struct weir_step *wr_txn_msg(struct weir_txn *t, const char *object,
			     const struct wr_table *const *tables, const struct wr_batch *request,
			     const struct wr_batch *undo, const char *netns)
{
	struct weir_blob parts[] = {
		[WR_MSG_DO] = { request->buf.data, request->buf.len },
		[WR_MSG_UNDO] = { undo ? undo->buf.data : NULL, undo ? undo->buf.len : 0 },
		[WR_MSG_NETNS] = { netns, netns ? strlen(netns) : 0 },
	};
	struct weir_step *s;

	if (request->buf.failed || (undo && undo->buf.failed)) {
		wr_txn_nomem(t);
		return NULL;
	}
	s = wr_txn_add(t, &wr_msg_ops, object, parts, WR_COUNT(parts));
	if (s)
		s->tables = tables;
	return s;
}

int wr_step_message(struct weir_txn *t, struct weir_step *s, int part, const struct wr_batch *b,
		    struct weir_error *err)
{
	return b->buf.failed || wr_step_set(t, s, part, b->buf.data, b->buf.len) ? wr_nomem(err) : 0;
}

/* --- the plan -------------------------------------------------------------- */

void wr_step_plan(struct weir_txn *t, struct weir_step *s, const char *fmt, ...)
{
	wr_auto(str) struct wr_str line = { 0 };
	wr_auto(free) char *text = NULL;
	va_list ap;

	if (!t->dry || !s)
		return;
	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	va_end(ap);
	if (s->parts[WR_MSG_NETNS].len && s->ops == &wr_msg_ops) {
		wr_str_puts(&line, "nsenter --net=");
		wr_str_shell(&line, weir_step_part(s, WR_MSG_NETNS).data);
		wr_str_putc(&line, ' ');
	}
	if (text)
		wr_str_puts(&line, text);
	s->plan = text && !line.failed ? wr_txn_copy(t, wr_str_text(&line), line.len) : NULL;
	if (!s->plan)
		wr_txn_nomem(t);
}

/* Links are deleted last, each by name: the group trick is an optimisation of ours. */
int weir_txn_plan(const struct weir_txn *t, char **ret, struct weir_error *err)
{
	wr_auto(str) struct wr_str out = { 0 };

	/* Puts what builders have gathered into their steps, which no caller can tell from a step that had it before. */
	wr_txn_complete((struct weir_txn *)t);
	if (t->err.code)
		return weir_txn_error(t, err);
	for (size_t i = 0; i < t->n_steps; i++)
		if (t->steps[i].plan && *t->steps[i].plan)
			wr_str_printf(&out, "%s\n", t->steps[i].plan);
	for (size_t i = 0; i < t->n_deleted; i++)
		wr_str_printf(&out, "ip link delete dev %s\n", t->deleted[i].name);
	*ret = wr_str_take(&out);
	return *ret ? 0 : wr_nomem(err);
}
