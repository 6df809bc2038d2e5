/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Floors as steps: see floor.h. What there is is in the record (record.c), which is
 * kept up to date with what the steps will do.
 *
 * HTB gives each class its own rate even if its siblings' rates together exceed the
 * parent's. So the floors and the class of the rest must not exceed the limit together:
 * the rest shrinks before a floor is added, and grows after one is gone.
 */
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include "tc/floor.h"
#include "tc/probe.h"
#include "tc/record.h"
#include "tc/redirect.h"

#define LEAST_REST 1000	/* bytes/s: HTB knows no rate of 0; what is guaranteed to nobody borrows */

/* --- what there is ------------------------------------------------------------------------ */

static int take_class(void *arg, const struct wr_tc_class *c)
{
	const uint32_t major = c->classid >> 16, minor = c->classid & 0xffff;
	const struct wr_floor floor = { .was = *c, .is = c->limits };
	struct wr_floors *f = arg;

	if (major != WR_MAJOR && major != WR_MAJOR_NOQUEUE && major != WR_MAJOR_FLOORS)
		return 0;
	f->major = major;
	if (minor == WR_PORT_CLASS)
		f->limit = floor;
	else if (minor == WR_REST_CLASS)
		f->rest = floor;
	else if (!wr_record_add_floor(f, &floor))
		return -ENOMEM;
	return 0;
}

static enum wr_by classifier(struct weir *w, uint32_t major)
{
	return major == WR_MAJOR_FLOORS	     ? WR_BY_PRIORITY :
	       wr_tc_has(w, WR_TC_FLOWER) ? WR_BY_FLOWER :
					       WR_BY_U32;
}

/* Without a record the tree in the kernel is one; -ENOENT if it is none. */
static int read_floors(struct weir_txn *t, struct wr_record *rec, int ifindex, struct wr_floors **ret,
		       struct weir_error *err)
{
	struct wr_floors *f = calloc(1, sizeof(*f));
	int r;

	if (!f)
		return wr_nomem(err);
	f->ifindex = ifindex;
	f->leaf = wr_tc_leaf(t->w, WEIR_LEAF_AUTO);
	r = wr_class_each(t->w, ifindex, take_class, f, err);
	if (!r && (!f->limit.was.classid || !f->rest.was.classid))
		r = wr_refuse(err, -ENOENT, "", "", "has no limit that floors could be part of");
	if (r) {
		free(f->list);
		free(f);
		return r;
	}
	f->by = classifier(t->w, f->major);
	f->next = rec->floors;
	rec->floors = f;
	*ret = f;
	return 0;
}

static int floors_of(struct weir_txn *t, const struct wr_dev *dev, struct wr_record **rec,
		     struct wr_floors **ret, struct weir_error *err)
{
	struct wr_floors *f;
	int r = wr_record_of(t, rec, err);

	if (r)
		return r;
	for (f = (*rec)->floors; f && f->ifindex != dev->ifindex; f = f->next)
		;
	if (!f)
		return read_floors(t, *rec, dev->ifindex, ret, err);
	*ret = f;
	return 0;
}

int wr_floors_none(struct weir_txn *t, const struct wr_dev *dev, struct weir_error *err)
{
	struct wr_record *rec;
	struct wr_floors *f;
	int r = floors_of(t, dev, &rec, &f, NULL);

	return r || !f->n_here ? 0 : wr_refuse(err, -EBUSY, "", "", "%zu floors are part of the limit", f->n_here);
}

int wr_floors_forget(struct weir_txn *t, const struct wr_dev *dev, struct weir_error *err)
{
	struct wr_floors **at, *gone;
	struct wr_record *rec;
	int r = wr_record_of(t, &rec, err);

	if (r)
		return r;
	for (at = &rec->floors; *at && (*at)->ifindex != dev->ifindex; at = &(*at)->next)
		;
	gone = *at;
	if (!gone)
		return 0;
	*at = gone->next;
	free(gone->list);
	free(gone);
	wr_record_save(t, rec);
	return t->err.code;
}

void wr_floors_note(struct weir_txn *t, const struct wr_dev *dev, uint32_t major, enum weir_leaf leaf,
		    const struct wr_htb_class *limit)
{
	struct wr_record *rec;
	struct wr_floors *f;

	if (wr_record_of(t, &rec, NULL) || !(f = calloc(1, sizeof(*f)))) {
		wr_txn_nomem(t);
		return;
	}
	*f = (struct wr_floors){
		.next = rec->floors, .ifindex = dev->ifindex, .major = major, .leaf = leaf,
		.by = classifier(t->w, major),
		.limit = { .was.classid = WR_CLASS(major, WR_PORT_CLASS), .is = *limit },
		.rest = { .was.classid = WR_CLASS(major, WR_REST_CLASS), .is = *limit },
	};
	rec->floors = f;
	wr_record_save(t, rec);
}

/* --- classes ------------------------------------------------------------------------------ */

static struct wr_htb_class limits(const struct wr_htb_class *parent, uint64_t bytes_per_s)
{
	const struct weir_rate rate = { .average_bytes_per_s = bytes_per_s };
	struct wr_htb_class c = wr_htb_from_rate(&rate, 0);

	c.ceil_bytes_per_s = parent->ceil_bytes_per_s;
	c.cburst_bytes = parent->cburst_bytes;
	return c;
}

static void change(struct weir_txn *t, const struct wr_dev *dev, struct wr_floor *m,
		   const struct wr_htb_class *c)
{
	wr_tree_change(t, dev, &m->was, c, WEIR_LEAF_AUTO);
	m->is = *c;
}

static uint64_t rest_of(uint64_t limit, uint64_t sum)
{
	return limit > sum + LEAST_REST ? limit - sum : LEAST_REST;
}

static void change_rest(struct weir_txn *t, const struct wr_dev *dev, struct wr_floors *f)
{
	const struct wr_htb_class *limit = &f->limit.is;
	struct wr_htb_class c = limits(limit, rest_of(limit->rate_bytes_per_s, f->sum_bytes_per_s));

	c.burst_bytes = limit->burst_bytes;
	change(t, dev, &f->rest, &c);
}

static int check_sum(const struct wr_floors *f, uint64_t limit, uint64_t more, struct weir_error *err)
{
	char all[WEIR_RATE_TEXT], is[WEIR_RATE_TEXT];
	uint64_t sum;

	if (!__builtin_add_overflow(f->sum_bytes_per_s, more, &sum) && sum <= limit)
		return 0;
	weir_rate_format(limit, all);
	weir_rate_format(f->sum_bytes_per_s, is);
	return wr_refuse(err, -ERANGE, "", "floor", "%s of %s are guaranteed already%s",
			 f->sum_bytes_per_s ? is : "0", all, more ? ", and so much more is not left" : "");
}

static void change_leaves(struct weir_txn *t, const struct wr_dev *dev, struct wr_floors *f, enum weir_leaf leaf)
{
	wr_tree_leaf(t, dev, &f->rest.was, leaf, f->rest.is.rate_bytes_per_s);
	for (size_t i = 0; i < f->n; i++)
		if (!f->list[i].is_gone)
			wr_tree_leaf(t, dev, &f->list[i].was, leaf, f->list[i].is.rate_bytes_per_s);
	f->leaf = leaf;
}

int wr_floors_resize(struct weir_txn *t, const struct wr_dev *dev, const struct wr_htb_class *limit,
		     enum weir_leaf leaf, struct weir_error *err)
{
	struct wr_record *rec;
	struct wr_floors *f;
	int r = floors_of(t, dev, &rec, &f, err);

	if (!r)
		r = check_sum(f, limit->rate_bytes_per_s, 0, err);
	if (r)
		return r;
	change(t, dev, &f->limit, limit);
	change_rest(t, dev, f);
	if (leaf)
		change_leaves(t, dev, f, leaf);
	wr_record_save(t, rec);
	return t->err.code;
}

/* --- filters -------------------------------------------------------------------------------- */

static void filter_step(struct weir_txn *t, const struct wr_dev *dev, const struct wr_change *change,
			enum wr_by by, const uint8_t mac[6], uint32_t classid)
{
	char match[160] = "";

	if (t->dry && by == WR_BY_FLOWER)
		wr_format(match, sizeof(match), "handle %u flower dst_mac %02x:%02x:%02x:%02x:%02x:%02x classid",
			  classid & 0xffff, mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
	else if (t->dry)
		wr_format(match, sizeof(match),
			  "handle 765:%x:%x u32 ht 765:%x: match u32 0x%02x%02x%02x%02x 0xffffffff at -12 "
			  "match u16 0x%02x%02x 0xffff at -14 flowid",
			  mac[5], classid & 0xfff, mac[5], mac[2], mac[3], mac[4], mac[5], mac[0], mac[1]);
	wr_tree_step(t, dev, change, "filter add", "parent %x: protocol all prio %u %s %x:%x",
		     classid >> 16, WR_FILTER_PRIO, match, classid >> 16, classid & 0xffff);
}

/* cls_u32's table stands as long as there is a floor. */
static void add_table(struct weir_txn *t, const struct wr_dev *dev, uint32_t major)
{
	struct wr_change *change = wr_txn_change(t);

	wr_floor_table_msg(&change->request, dev->ifindex, major);
	wr_floor_filters_del_msg(&change->undo, dev->ifindex, major);
	wr_tree_step(t, dev, change, "filter add", "parent %x: protocol all prio %u handle 765: u32 divisor 256",
		     major, WR_FILTER_PRIO);
	change = wr_txn_change(t);
	wr_floor_lookup_msg(&change->request, dev->ifindex, major);
	wr_tree_step(t, dev, change, "filter add",
		     "parent %x: protocol all prio %u handle 800::1 u32 link 765: "
		     "hashkey mask 0x000000ff at -12 match u32 0 0", major, WR_FILTER_PRIO);
}

static void add_filter(struct weir_txn *t, const struct wr_dev *dev, const struct wr_floors *f,
		       const uint8_t mac[6], uint32_t classid)
{
	const bool with_table = f->by == WR_BY_U32 && !f->n_here;
	struct wr_change *change;

	if (f->by == WR_BY_PRIORITY)
		return;
	if (with_table)
		add_table(t, dev, f->major);
	change = wr_txn_change(t);
	wr_floor_filter_msg(&change->request, f->by, dev->ifindex, mac, classid);
	if (!with_table)
		wr_floor_filter_del_msg(&change->undo, f->by, dev->ifindex, mac, classid);
	filter_step(t, dev, change, f->by, mac, classid);
}

static void del_filter(struct weir_txn *t, const struct wr_dev *dev, const struct wr_floors *f,
		       const uint8_t mac[6], uint32_t classid)
{
	const bool with_table = f->by == WR_BY_U32 && f->n_here == 1;
	struct wr_change *change = wr_txn_change(t);
	char handle[32] = "";

	if (f->by == WR_BY_PRIORITY)
		return;
	if (with_table) {
		wr_floor_filters_del_msg(&change->request, dev->ifindex, f->major);
		wr_floor_table_msg(&change->undo, dev->ifindex, f->major);
		wr_floor_lookup_msg(&change->undo, dev->ifindex, f->major);
	} else {
		wr_floor_filter_del_msg(&change->request, f->by, dev->ifindex, mac, classid);
	}
	wr_floor_filter_msg(&change->undo, f->by, dev->ifindex, mac, classid);
	if (f->by == WR_BY_FLOWER)
		wr_format(handle, sizeof(handle), " handle %u flower", classid & 0xffff);
	else if (!with_table)
		wr_format(handle, sizeof(handle), " handle 765:%x:%x u32", mac[5], classid & 0xfff);
	wr_tree_step(t, dev, change, "filter del", "parent %x: protocol all prio %u%s",
		     f->major, WR_FILTER_PRIO, handle);
}

struct explaining {
	struct weir_txn *t;
	const struct wr_dev *dev;
	struct wr_floors floors;
};

static int explain_filter(void *arg, uint32_t index, const struct nlmsghdr *msg)
{
	struct explaining *e = arg;
	uint32_t classid;
	uint8_t mac[6];

	if (!wr_floor_filter_read(msg, &e->floors.by, mac, &classid))
		return 0;
	add_filter(e->t, e->dev, &e->floors, mac, classid);
	e->floors.n_here++;
	return 0;
}

int wr_floors_explain(struct weir_txn *t, const struct wr_dev *dev, uint32_t major, struct weir_error *err)
{
	struct explaining e = { .t = t, .dev = dev, .floors.major = major };
	struct wr_reader reader = { .reply = explain_filter, .arg = &e };
	wr_auto(batch) struct wr_batch b = { 0 };

	wr_floor_filters_dump_msg(&b, dev->ifindex, major);
	return wr_sock_read(&t->w->sock, &b, NULL, &reader, WR_READ_TIMEOUT_MS, err);
}

/* --- one floor --------------------------------------------------------------------------------- */

static struct wr_floor *find(struct wr_floors *f, uint32_t minor)
{
	for (size_t i = 0; i < f->n; i++)
		if ((f->list[i].was.classid & 0xffff) == minor)
			return &f->list[i];
	return NULL;
}

static int add(struct weir_txn *t, const struct wr_dev *dev, struct wr_floors *f, const uint8_t *mac,
	       uint64_t bytes_per_s, uint32_t *ret, struct weir_error *err)
{
	struct wr_htb_class c = limits(&f->limit.is, bytes_per_s);
	struct wr_floor new = { .was = { .parent = f->limit.was.classid }, .is = c };
	uint32_t minor = WR_FLOOR_CLASS;
	int r = check_sum(f, f->limit.is.rate_bytes_per_s, bytes_per_s, err);

	while (!(minor & WR_BEST_EFFORT) || find(f, minor))
		minor++;
	if (!r && minor > WR_MAX_MINOR)
		r = wr_refuse(err, -ENOSPC, "", "floor", "%zu guests have one already", f->n_here);
	if (r)
		return r;
	new.was.classid = WR_CLASS(f->major, minor);
	new.was.leaf = wr_leaf_handle(f->leaf, minor);
	f->sum_bytes_per_s += bytes_per_s;
	change_rest(t, dev, f);
	f->sum_bytes_per_s -= bytes_per_s;
	wr_tree_class(t, dev, new.was.classid, new.was.parent, &c, f->leaf);
	add_filter(t, dev, f, mac, new.was.classid);
	*ret = new.was.classid;
	return wr_record_add_floor(f, &new) ? t->err.code : wr_nomem(err);
}

static int resize(struct weir_txn *t, const struct wr_dev *dev, struct wr_floors *f, struct wr_floor *old,
		  uint64_t bytes_per_s, struct weir_error *err)
{
	const uint64_t was = old->is.rate_bytes_per_s;
	struct wr_htb_class c = limits(&f->limit.is, bytes_per_s);
	int r;

	f->sum_bytes_per_s -= was;
	r = check_sum(f, f->limit.is.rate_bytes_per_s, bytes_per_s, err);
	f->sum_bytes_per_s += r ? was : bytes_per_s;
	if (r)
		return r;
	if (bytes_per_s > was)
		change_rest(t, dev, f);
	change(t, dev, old, &c);
	if (bytes_per_s <= was)
		change_rest(t, dev, f);
	return t->err.code;
}

static int del(struct weir_txn *t, const struct wr_dev *dev, struct wr_floors *f, struct wr_floor *old,
	       const uint8_t *mac)
{
	del_filter(t, dev, f, mac, old->was.classid);
	wr_tree_class_del(t, dev, &old->was);
	f->sum_bytes_per_s -= old->is.rate_bytes_per_s;
	f->n_here--;
	old->is_gone = true;
	change_rest(t, dev, f);
	return t->err.code;
}

static int set_one(struct weir_txn *t, const struct wr_dev *dev, struct wr_floors *f, const uint8_t *mac,
		   uint64_t bytes_per_s, uint32_t *classid, struct weir_error *err)
{
	struct wr_floor *old = find(f, *classid & 0xffff);

	if (*classid && (!old || old->is_gone))
		return wr_refuse(err, -ENOENT, "", "", "class %x:%x is not there", *classid >> 16,
				 *classid & 0xffff);
	if (!old)
		return bytes_per_s ? add(t, dev, f, mac, bytes_per_s, classid, err) : 0;
	if (bytes_per_s)
		return resize(t, dev, f, old, bytes_per_s, err);
	*classid = 0;
	return del(t, dev, f, old, mac);
}

static int set(struct weir_txn *t, const struct wr_dev *dev, const uint8_t *mac, uint64_t bytes_per_s,
	       uint32_t *classid, struct weir_error *err)
{
	struct wr_record *rec;
	struct wr_floors *f;
	int r = floors_of(t, dev, &rec, &f, err);

	if (!r && !mac != (f->by == WR_BY_PRIORITY))
		r = wr_refuse(err, -EINVAL, "", "mac", mac ? "is not what floors are found by on an ifb" : "is missing");
	if (!r)
		r = set_one(t, dev, f, mac, bytes_per_s, classid, err);
	if (!r)
		wr_record_save(t, rec);
	return r ? r : t->err.code;
}

int weir_txn_floor_set(struct weir_txn *t, int ifindex, const char *name, const uint8_t mac[6],
		       uint64_t floor_bytes_per_s, uint32_t classid, uint32_t *ret_classid)
{
	struct weir_error err = WEIR_ERROR_INIT;
	const struct wr_dev dev = { ifindex, name };
	int r = 0;

	if (!name)
		r = wr_refuse(&err, -EINVAL, "port", "name", "is missing");
	else if (wr_txn_deletes(t, ifindex))
		classid = 0;
	else if (floor_bytes_per_s > WEIR_RATE_MAX)
		r = wr_refuse(&err, -ERANGE, "", "floor", "is above the largest, 2^54 KB/s");
	else
		r = set(t, &dev, mac, floor_bytes_per_s, &classid, &err);
	if (r == -ENOENT && !floor_bytes_per_s)
		r = 0;	/* nothing is guaranteed: that is what was wanted */
	if (r) {
		if (!*err.object)
			wr_format(err.object, sizeof(err.object), "bandwidth of %s", name);
		return wr_txn_fail(t, &err);
	}
	if (ret_classid)
		*ret_classid = classid;
	return t->err.code;
}
