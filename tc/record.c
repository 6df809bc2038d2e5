/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Shared ifbs with their classes, and floors: a small file in the state directory,
 * read once in a transaction under its lock and written as one of its steps, so it
 * is undone and recovered with the rest, and no request has to be sent to find a
 * free class. What vanished behind our back (a link deleted by hand) is dropped when
 * it is read. Without a state directory, or where the file was lost and ifbs of ours
 * are there, the kernel is read instead; then two who allocate at the same time meet
 * in the kernel, which refuses the second (NLM_F_EXCL), and its transaction is undone.
 */
#include <inttypes.h>
#include <linux/rtnetlink.h>
#include <stdio.h>

#include <weir/link.h>

#include "base/file.h"
#include "base/list.h"
#include "tc/record.h"

#define ALIAS "weir shapes what guests send, state in %.160s"

static const char kept_by;	/* the transaction keeps the record by the address of this */

static void record_free(void *arg)
{
	struct wr_record *r = arg;

	for (struct wr_floors *f = r->floors, *next; f; f = next) {
		next = f->next;
		free(f->list);
		free(f);
	}
	free(r->ifbs);
	free(r);
}

void wr_ifb_name(unsigned int number, char name[16])
{
	wr_format(name, 16, WR_IFB "%u", number);
}

static bool is_ifb_name(const char *name, unsigned int *ret_number)
{
	const size_t len = strlen(WR_IFB);
	char *end;

	if (strncmp(name, WR_IFB, len))
		return false;
	*ret_number = (unsigned int)strtoul(name + len, &end, 10);
	return end > name + len && !*end;
}

struct wr_ifb *wr_record_add_ifb(struct wr_record *r, int ifindex, unsigned int number)
{
	struct wr_ifb *ifb = wr_append(r->ifbs, r->n_ifbs);

	if (!ifb)
		return NULL;
	*ifb = (struct wr_ifb){ .ifindex = ifindex, .number = number };
	wr_ifb_name(number, ifb->name);
	if (number >= r->next_number) {
		r->next_number = number + 1;
		r->is_nobodys = false;
	}
	return ifb;
}

struct wr_floor *wr_record_add_floor(struct wr_floors *f, const struct wr_floor *floor)
{
	struct wr_floor *more = wr_append(f->list, f->n);

	if (!more)
		return NULL;
	*more = *floor;
	f->n_here++;
	f->sum_bytes_per_s += floor->is.rate_bytes_per_s;
	return more;
}

/* --- is it there? --------------------------------------------------------------------- */

/* By a message: who asks by SIOCGIFINDEX for a name that is not there waits until modprobe has found nothing. */
static bool is_taken(struct weir *w, unsigned int number)
{
	struct weir_link l = { .sz = sizeof(l) };
	char name[16];

	wr_ifb_name(number, name);
	return !weir_link_get(w, 0, name, &l, NULL);
}

#ifndef WR_NO_AHEAD
void wr_record_ask_first(struct wr_batch *b)
{
	const struct ifinfomsg any = { 0 };
	char name[16];

	wr_ifb_name(0, name);
	wr_msg(b, RTM_GETLINK, 0, &any, sizeof(any));
	wr_put_text(b, IFLA_IFNAME, name);
	wr_put_u32(b, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
}
#endif

static bool is_there(struct weir *w, int ifindex)
{
	char name[16];

	return *wr_sock_ifname(&w->sock, ifindex, name);
}

static bool is_number(struct weir *w, int ifindex, unsigned int number)
{
	char is[16], name[16];

	wr_ifb_name(number, name);
	return !strcmp(wr_sock_ifname(&w->sock, ifindex, is), name);
}

unsigned int wr_record_number(struct weir *w, struct wr_record *rec)
{
	while (!rec->is_nobodys && is_taken(w, rec->next_number))
		rec->next_number++;
	return rec->next_number;
}

/* --- the kernel ----------------------------------------------------------------------------- */

void wr_record_alias(const struct weir *w, char alias[WR_ALIAS_SIZE])
{
	wr_format(alias, WR_ALIAS_SIZE, ALIAS, w->state_dir ? w->state_dir : "-");
}

static int read_links(struct weir *w, struct wr_record *rec, struct weir_error *err)
{
	struct weir_link_filter filter = { .sz = sizeof(filter), .kind = "ifb" };
	wr_auto(free) struct weir_link *links = NULL;
	char alias[WR_ALIAS_SIZE];
	size_t n = 0;
	int r = weir_link_list(w, &filter, &links, &n, err);

	wr_record_alias(w, alias);
	for (size_t i = 0; i < n && !r; i++) {
		unsigned int number;

		if (!is_ifb_name(links[i].name, &number))
			continue;
		if (number >= rec->next_number) {
			rec->next_number = number + 1;
			rec->is_nobodys = false;
		}
		if (links[i].has & WEIR_LINK_ALIAS && !strcmp(links[i].alias, alias) &&
		    !(rec->has_last && links[i].ifindex == rec->ifbs->ifindex) && !wr_record_add_ifb(rec, links[i].ifindex, number))
			r = wr_nomem(err);
	}
	return r;
}

/* --- the file -------------------------------------------------------------------------------- */

#define CLASS_OUT "class %x %" PRIu64 " %" PRIu64 " %" PRIu32 " %" PRIu32 " %" PRIu32 "\n"
#define CLASS_IN "class %x %" SCNu64 " %" SCNu64 " %" SCNu32 " %" SCNu32 " %" SCNu32

static void put_class(struct wr_str *s, const struct wr_floor *f)
{
	wr_str_printf(s, CLASS_OUT, f->was.classid & 0xffff, f->is.rate_bytes_per_s,
		      f->is.ceil_bytes_per_s, f->is.burst_bytes, f->is.cburst_bytes, f->is.quantum_bytes);
}

static void put_ifb(struct wr_str *s, const struct wr_ifb *ifb)
{
	unsigned int left = ifb->n_used;

	wr_str_printf(s, "ifb %d %u", ifb->ifindex, ifb->number);
	for (unsigned int minor = 1; left && minor <= WR_MAX_MINOR; minor++) {
		if (!wr_has_minor(&ifb->used, minor))
			continue;
		wr_str_printf(s, " %x", minor);
		left--;
	}
	wr_str_putc(s, '\n');
}

static void put_floors(struct wr_str *s, const struct wr_floors *f)
{
	wr_str_printf(s, "floors %d %x %d %d\n", f->ifindex, f->major, f->by, f->leaf);
	put_class(s, &f->limit);
	put_class(s, &f->rest);
	for (size_t i = 0; i < f->n; i++)
		if (!f->list[i].is_gone)
			put_class(s, &f->list[i]);
}

static void read_ifb(struct weir *w, struct wr_record *rec, char *line)
{
	char *at = line + strlen("ifb ");
	const int ifindex = (int)strtol(at, &at, 10);
	const unsigned int number = (unsigned int)strtoul(at, &at, 10);
	struct wr_ifb *ifb;

	if (ifindex <= 0 || !is_number(w, ifindex, number) ||
	    !(ifb = wr_record_add_ifb(rec, ifindex, number)))
		return;
	ifb->is_read = true;
	while (*at) {
		const unsigned long minor = strtoul(at, &at, 16);

		if (!minor || minor > WR_MAX_MINOR)
			break;
		ifb->n_used += !wr_has_minor(&ifb->used, (uint32_t)minor);
		wr_set_minor(&ifb->used, (uint32_t)minor, true);
	}
}

/* The class as our message made it: what an undo sends again. */
static struct wr_floor floor_of(const struct wr_floors *f, uint32_t minor, const struct wr_htb_class *c)
{
	const uint32_t parent = minor == WR_PORT_CLASS ? 0 : WR_PORT_CLASS;
	wr_auto(batch) struct wr_batch b = { 0 };
	struct wr_floor floor = { .is = *c };

	wr_htb_class_msg(&b, 0, f->ifindex, WR_CLASS(f->major, minor), WR_CLASS(f->major, parent), c);
	if (!b.buf.failed)
		wr_htb_class_read(wr_msg_header(&b), &floor.was);
	floor.was.leaf = minor == WR_PORT_CLASS ? 0 : wr_leaf_handle(f->leaf, minor);
	return floor;
}

static void read_class(struct wr_floors *f, const char *line)
{
	struct wr_htb_class c = { 0 };
	struct wr_floor floor;
	uint32_t minor;

	if (sscanf(line, CLASS_IN, &minor, &c.rate_bytes_per_s, &c.ceil_bytes_per_s, &c.burst_bytes,
		   &c.cburst_bytes, &c.quantum_bytes) != 6 || !c.rate_bytes_per_s || !c.ceil_bytes_per_s)
		return;
	floor = floor_of(f, minor, &c);
	if (minor == WR_PORT_CLASS)
		f->limit = floor;
	else if (minor == WR_REST_CLASS)
		f->rest = floor;
	else
		wr_record_add_floor(f, &floor);
}

static struct wr_floors *read_floors(struct weir *w, struct wr_record *rec, const char *line)
{
	struct wr_floors *f = calloc(1, sizeof(*f));
	int by = 0, leaf = 0;

	if (!f || sscanf(line, "floors %d %x %d %d", &f->ifindex, &f->major, &by, &leaf) != 4 ||
	    !is_there(w, f->ifindex)) {
		free(f);
		return NULL;
	}
	f->by = by == WR_BY_U32 || by == WR_BY_PRIORITY ? (enum wr_by)by : WR_BY_FLOWER;
	f->leaf = leaf > 0 && leaf <= WEIR_LEAF_DEFAULT ? (enum weir_leaf)leaf : WEIR_LEAF_DEFAULT;
	f->next = rec->floors;
	rec->floors = f;
	return f;
}

static void file_path(const struct weir *w, char path[512])
{
	wr_format(path, 512, "%s/tc", w->state_dir);
}

static void read_lines(struct weir *w, struct wr_record *rec, char *text)
{
	struct wr_floors *floors = NULL;
	char *line;

	while ((line = strsep(&text, "\n"))) {
		if (!strncmp(line, "ifb ", 4))
			read_ifb(w, rec, line);
		else if (!strncmp(line, "floors ", 7))
			floors = read_floors(w, rec, line);
		else if (floors && !strncmp(line, "class ", 6))
			read_class(floors, line);
	}
}

static void put_record(struct wr_str *s, const struct wr_record *rec)
{
	for (size_t i = 0; i < rec->n_ifbs; i++)
		if (!rec->ifbs[i].is_dying)
			put_ifb(s, &rec->ifbs[i]);
	for (const struct wr_floors *f = rec->floors; f; f = f->next)
		put_floors(s, f);
}

static void write_record(struct weir_txn *t, void *arg)
{
	struct wr_record *rec = arg;
	wr_auto(str) struct wr_str s = { 0 };

	if (!rec->is_stale || t->err.code)
		return;
	put_record(&s, rec);
	wr_txn_file_rewrite(t, rec->step, wr_str_text(&s), s.len);
	rec->is_stale = false;
}

/* Once for all: with each of a thousand ports it would take longer than all the rest. */
void wr_record_save(struct weir_txn *t, struct wr_record *rec)
{
	wr_auto(str) struct wr_str s = { 0 };
	char path[512];

	if (!rec->is_kept || t->err.code)
		return;
	rec->is_stale = rec->has_step;
	if (rec->has_step)
		return;
	put_record(&s, rec);
	file_path(t->w, path);
	rec->has_step = !wr_txn_file_note(t, path, wr_str_text(&s), s.len, &rec->step);
	wr_txn_complete_by(t, &kept_by, write_record);
}

/* --- either --------------------------------------------------------------------------------------- */

#ifndef WR_NO_AHEAD
/* By its index nobody else's link is taken for it. */
static bool add_last(struct weir *w, struct wr_record *rec)
{
	unsigned int number;
	char name[16];

	if (!w->shape_ifb || !is_ifb_name(wr_sock_ifname(&w->sock, w->shape_ifb, name), &number) ||
	    !wr_record_add_ifb(rec, w->shape_ifb, number))
		return false;
	rec->ifbs[0].n_before = w->shape_n;
	return true;
}

/* Mostly nobody was here before. */
void wr_record_first(struct wr_record *rec, bool is_taken)
{
	rec->first = is_taken ? WR_FIRST_TAKEN : WR_FIRST_KNOWN;
	rec->is_nobodys = rec->is_part = !is_taken;
}

int wr_record_rest(struct weir *w, struct wr_record *rec, struct weir_error *err)
{
	int r = rec->is_part ? read_links(w, rec, err) : 0;

	rec->is_part = rec->has_last = false;
	return r;
}
#endif

/* 1: there is none. One that cannot be had is not taken for none: it would be written anew without what is in it. */
static int read_file(struct weir *w, struct wr_record *rec, struct weir_error *err)
{
	wr_auto(str) struct wr_str text = { 0 };
	char path[512];
	int r;

	file_path(w, path);
	r = wr_file_read(path, &text);
	if (r == -ENOENT || r == -ENOTDIR)
		return 1;
	if (r)
		return wr_syserr(err, r, "record of limits", "%s cannot be read", path);
	if (text.data)
		read_lines(w, rec, text.data);
	return 0;
}

static int read_record(struct weir *w, struct wr_record *rec, struct weir_error *err)
{
	int r;

	rec->is_kept = w->state_dir;
	r = rec->is_kept ? read_file(w, rec, err) : 1;
	if (r <= 0)
		return r;
#ifndef WR_NO_AHEAD
	rec->has_last = rec->is_part = add_last(w, rec);
	rec->first = rec->has_last ? WR_FIRST_KNOWN : WR_FIRST_UNKNOWN;
	return 0;
#else
	return read_links(w, rec, err);
#endif
}

int wr_record_begin(struct weir_txn *t, struct wr_record **ret, struct weir_error *err)
{
	struct wr_record *rec = weir_txn_kept(t, &kept_by);
	int r;

	if (!rec) {
		rec = calloc(1, sizeof(*rec));
		if (!rec)
			return wr_nomem(err);
		r = read_record(t->w, rec, err);
		if (!r && weir_txn_keep(t, &kept_by, rec, record_free))
			r = wr_nomem(err);
		if (r) {
			record_free(rec);
			return r;
		}
	}
	*ret = rec;
	return 0;
}

#ifndef WR_NO_AHEAD
int wr_record_of(struct weir_txn *t, struct wr_record **ret, struct weir_error *err)
{
	int r = wr_record_begin(t, ret, err);

	if (!r && (*ret)->first == WR_FIRST_UNKNOWN)
		wr_record_first(*ret, is_taken(t->w, 0));
	if (r || (*ret)->first == WR_FIRST_KNOWN)
		return r;
	r = read_links(t->w, *ret, err);
	if (!r)
		(*ret)->first = WR_FIRST_KNOWN;
	return r;
}
#endif
