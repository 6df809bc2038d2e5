/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Taking a class on a shared ifb, and giving it back.
 *
 * The record (record.c) has which classes are free. A number derived from the port's
 * would not do: among 4,000 ports in 65,000 classes two almost surely collide. The
 * newest ifb is filled first, and one more is tried that follows from the port's index,
 * so that holes are used again. A class that is given back is deleted when the
 * transaction is decided, because an undo may need it until then.
 *
 * With a block (block.h) the class does follow from the port's index. Two ports that
 * need the same of the 2,048 classes have to be on different ifbs, so all are tried.
 */
#include <linux/rtnetlink.h>
#include <stdio.h>

#include <weir/link.h>

#include "base/ip.h"
#include "tc/ifb.h"
#include "tc/limiter.h"
#include "tc/record.h"

struct learning {
	struct wr_ifb *ifb;
	struct wr_redirect filter;	/* in the block */
};

/* Classes, of which a dump that begins again says some twice, and a filter. */
static int learn_reply(void *arg, uint32_t index, const struct nlmsghdr *msg)
{
	struct learning *l = arg;
	uint32_t minor;

	if (msg->nlmsg_type != RTM_NEWTCLASS || msg->nlmsg_len < NLMSG_LENGTH(sizeof(struct tcmsg))) {
		wr_redirect_read(msg, &l->filter);
		return 0;
	}
	minor = ((const struct tcmsg *)NLMSG_DATA(msg))->tcm_handle & 0xffff;
	if (minor > WR_MAX_MINOR || wr_has_minor(&l->ifb->used, minor))
		return 0;
	l->ifb->n_used++;
	wr_set_minor(&l->ifb->used, minor, true);
	return 0;
}

/* What the record does not know: which classes there are, and whose the block is. */
static int learn(struct weir *w, struct wr_ifb *ifb, bool block, bool classes, struct weir_error *err)
{
	struct learning l = { .ifb = ifb };
	const struct wr_reader reader = { .reply = learn_reply, .arg = &l };
	const bool asks_block = block && !ifb->block, asks_classes = classes && !ifb->is_read;
	wr_auto(batch) struct wr_batch b = { 0 };
	struct wr_result results[2];
	int r;

	if (!asks_block && !asks_classes)
		return 0;
	if (asks_block)
		wr_redirect_block_get_msg(&b, (uint32_t)ifb->ifindex);
	/* Not of leaves, which may have classes too. */
	if (asks_classes)
		wr_tc_msg(&b, RTM_GETTCLASS, NLM_F_DUMP, ifb->ifindex, 0, WR_CLASS(WR_MAJOR_SHARED, 0), NULL);
	r = wr_sock_read(&w->sock, &b, results, &reader, WR_READ_TIMEOUT_MS, err);
	if (r)
		return r;
	if (WR_HAS_AHEAD && asks_classes)
		ifb->n_before = 0;
	ifb->is_read |= asks_classes;
	if (asks_block)
		ifb->block = wr_block_of(&l.filter, &results[0]);
	return 0;
}

/* --- asking with others --------------------------------------------------------------------- */

#ifndef WR_NO_AHEAD
static void ask_also(struct wr_also *also, struct wr_batch *b)
{
	const struct wr_ifb_also *a = (void *)also;

	wr_redirect_block_get_msg(b, (uint32_t)a->ifb->ifindex);
	if (!a->ifb->is_read)
		wr_tc_msg(b, RTM_GETTCLASS, NLM_F_ECHO, a->ifb->ifindex, a->classid, 0, NULL);
}

static void reply_also(struct wr_also *also, const struct nlmsghdr *msg)
{
	struct wr_ifb_also *a = (void *)also;

	if (msg->nlmsg_type == RTM_NEWTCLASS)
		a->is_taken = true;
	else
		wr_redirect_read(msg, &a->filter);
}

static void take_also(struct wr_also *also, const struct wr_result *results)
{
	struct wr_ifb_also *a = (void *)also;

	a->ifb->block = wr_block_of(&a->filter, &results[0]);
	if (!a->ifb->is_read && !a->is_taken && results[1].code == -ENOENT)
		a->ifb->free_minor = a->classid & 0xffff;
}

static void ask_first(struct wr_also *also, struct wr_batch *b)
{
	wr_record_ask_first(b);
}

static void reply_first(struct wr_also *also, const struct nlmsghdr *msg)
{
}

static void take_first(struct wr_also *also, const struct wr_result *results)
{
	wr_record_first(((struct wr_ifb_also *)also)->rec, results[0].code != -ENODEV);
}

void wr_ifb_also(struct weir_txn *t, int port, struct wr_ifb_also *ret)
{
	struct wr_record *rec;

	*ret = (struct wr_ifb_also){ .classid = wr_block_class(port) };
	if (wr_record_begin(t, &rec, NULL))
		return;
	ret->rec = rec;
	if (rec->first == WR_FIRST_UNKNOWN)
		ret->also = (struct wr_also){ ask_first, reply_first, take_first };
	if (rec->first != WR_FIRST_KNOWN || !rec->n_ifbs || rec->ifbs[rec->n_ifbs - 1].block)
		return;
	ret->ifb = &rec->ifbs[rec->n_ifbs - 1];
	ret->also = (struct wr_also){ ask_also, reply_also, take_also };
}
#endif

/* --- making ------------------------------------------------------------------------------ */

#ifdef WR_NO_LOOK	/* the one-file tool: no room */
#define HAS_IPV6 true
#else
#define HAS_IPV6 wr_ip_has_v6()
#endif

/*
 * Longer than its queue of 32, and silent: it would solicit routers. Its root comes
 * before it is up: of a link that is up the kernel waits until no packet is on its
 * way to the old one. @ifindex: 0 for any.
 */
static int add_link(struct weir_txn *t, int ifindex, const char *name, const char *alias,
		    uint32_t major, uint32_t default_minor)
{
	struct weir_link l = {
		.sz = sizeof(l),
		.has = WEIR_LINK_NAME | (HAS_IPV6 ? WEIR_LINK_ADDR_GEN_MODE : 0) | WEIR_LINK_TXQUEUELEN |
		       WEIR_LINK_NUM_TX_QUEUES | (alias ? WEIR_LINK_ALIAS : 0) |
		       (ifindex ? WEIR_LINK_IFINDEX : 0),
		.kind = WEIR_LINK_IFB,
		.ifindex = ifindex,
		.num_tx_queues = 1,
		.txqueuelen = WR_IFB_QUEUE,
		.addr_gen_mode = WEIR_ADDR_GEN_NONE,
	};
	struct weir_link up = { .sz = sizeof(up), .has = WEIR_LINK_NAME | WEIR_LINK_IFINDEX | WEIR_LINK_UP,
				.kind = WEIR_LINK_IFB, .is_up = true };

	wr_copy(l.name, sizeof(l.name), name);
	wr_copy(up.name, sizeof(up.name), name);
	wr_copy(l.alias, sizeof(l.alias), alias ? alias : "");
	up.ifindex = weir_txn_link_add(t, &l);
	if (up.ifindex < 0)
		return up.ifindex;
	wr_tree_qdisc(t, &(struct wr_dev){ up.ifindex, name }, major, default_minor);
	weir_txn_link_set(t, &up);
	return t->err.code ? t->err.code : up.ifindex;
}

/* 15 bytes are all a link's name has, so a long one keeps its end and gets a hash. */
static void own_name(const char *port, char out[16])
{
	const size_t len = strlen(port);

	if (len <= 11) {
		wr_format(out, 16, "ifb-%s", port);
		return;
	}
	wr_format(out, 16, "ifb%06x%s", (unsigned int)(wr_hash(WR_HASH, port, len) & 0xffffff), port + len - 6);
}

int wr_ifb_own(struct weir_txn *t, const char *port, bool has_floors, struct wr_slot *ret)
{
	const uint32_t major = has_floors ? WR_MAJOR_FLOORS : WR_MAJOR;

	own_name(port, ret->name);
	ret->classid = WR_CLASS(major, WR_PORT_CLASS);
	ret->ifindex = add_link(t, 0, ret->name, NULL, major, has_floors ? WR_REST_CLASS : WR_PORT_CLASS);
	return ret->ifindex < 0 ? ret->ifindex : 0;
}

/* The block of its index, one of 2^31, is taken to be nobody's: a new ifb need not be asked about. */
static int make(struct weir_txn *t, struct wr_record *rec, struct wr_ifb **ret, struct weir_error *err)
{
	const unsigned int number = wr_record_number(t->w, rec);
	char name[16], alias[WR_ALIAS_SIZE];
	int ifindex;

	wr_ifb_name(number, name);
	wr_record_alias(t->w, alias);
	ifindex = add_link(t, rec->next_ifindex, name, alias, WR_MAJOR_SHARED, 0);
	if (ifindex < 0)
		return ifindex;
	rec->next_ifindex = 0;
	*ret = wr_record_add_ifb(rec, ifindex, number);
	if (!*ret)
		return wr_nomem(err);
	(*ret)->is_read = true;
	(*ret)->block = WR_BLOCK_FREE;
	return t->err.code;
}

/* --- taking ------------------------------------------------------------------------------ */

/* One that this transaction gives back is there until its end. @wanted: no other will do; 0 if none is left. */
static uint32_t free_minor(const struct wr_ifb *ifb, uint32_t wanted)
{
	const uint32_t first = wanted ? wanted : 1, last = wanted ? wanted : WR_MAX_MINOR;

	if (ifb->is_dying || wr_ifb_count(ifb) >= WR_PER_IFB)
		return 0;
	for (uint32_t minor = first; minor <= last; minor++)
		if (minor & WR_BEST_EFFORT && !wr_has_minor(&ifb->used, minor) && !wr_has_minor(&ifb->given, minor))
			return minor;
	return 0;
}

/* Where ports go a block may vanish, and what is not ours is not touched. */
static bool may_share_block(const struct wr_ifb *ifb)
{
	return !ifb->has_given && ifb->block != WR_BLOCK_TAKEN;
}

static bool is_known(const struct wr_ifb *ifb, uint32_t wanted)
{
	return ifb->is_read || (WR_HAS_AHEAD && wanted && ifb->free_minor == wanted && wr_ifb_count(ifb) < WR_PER_IFB);
}

static int choose_known(struct weir_txn *t, struct wr_record *rec, int port, bool by_block, struct wr_ifb **ret,
			struct weir_error *err)
{
	const uint32_t wanted = by_block ? wr_block_class(port) & 0xffff : 0;
	const size_t n = rec->n_ifbs, tries = !n ? 0 : by_block ? n : 2;

	*ret = NULL;
	for (size_t i = 0; i < tries && !*ret; i++) {
		struct wr_ifb *ifb = &rec->ifbs[!i ? n - 1 : by_block ? i - 1 : (size_t)port % n];
		int r = is_known(ifb, wanted) ? 0 : learn(t->w, ifb, by_block, true, err);
		bool fits = !r && free_minor(ifb, wanted);

		if (fits && by_block)
			r = learn(t->w, ifb, true, false, err);
		if (r)
			return r;
		if (fits && (!by_block || may_share_block(ifb)))
			*ret = ifb;
	}
	return 0;
}

/* NULL if no ifb has room. */
static int choose(struct weir_txn *t, struct wr_record *rec, int port, bool by_block, struct wr_ifb **ret,
		  struct weir_error *err)
{
	int r = choose_known(t, rec, port, by_block, ret, err);

	if (r || *ret || !wr_record_has_last(rec))
		return r;
	r = wr_record_rest(t->w, rec, err);
	return r ? r : choose_known(t, rec, port, by_block, ret, err);
}

int wr_ifb_next(struct weir_txn *t, int port, int *ret, struct weir_error *err)
{
	struct wr_ifb *ifb = NULL;
	struct wr_record *rec;
	int r = wr_record_of(t, &rec, err);

	if (!r)
		r = choose(t, rec, port, false, &ifb, err);
	if (r)
		return r;
	if (!ifb && !rec->next_ifindex)
		rec->next_ifindex = weir_txn_link_index(t);
	*ret = ifb ? ifb->ifindex : rec->next_ifindex;
	return 0;
}

int wr_ifb_has_block(struct weir_txn *t, int port, struct weir_error *err)
{
	struct wr_ifb *ifb = NULL;
	struct wr_record *rec;
	int r = wr_record_of(t, &rec, err);

	if (!r)
		r = choose(t, rec, port, true, &ifb, err);
	return r ? r : ifb && ifb->block == WR_BLOCK_OURS;
}

int wr_ifb_take(struct weir_txn *t, int port, bool by_block, struct wr_slot *ret, struct weir_error *err)
{
	struct wr_ifb *ifb = NULL;
	struct wr_record *rec;
	uint32_t minor;
	int r = wr_record_of(t, &rec, err);

	if (!r)
		r = choose(t, rec, port, by_block, &ifb, err);
	if (!r && !ifb)
		r = make(t, rec, &ifb, err);
	if (r)
		return r;
	minor = by_block ? wr_block_class(port) & 0xffff : free_minor(ifb, 0);
	wr_set_minor(&ifb->used, minor, true);
	ifb->n_used++;
	*ret = (struct wr_slot){
		.ifindex = ifb->ifindex, .classid = WR_CLASS(WR_MAJOR_SHARED, minor),
		.has_block = ifb->block == WR_BLOCK_OURS,
	};
	if (by_block)
		ifb->block = WR_BLOCK_OURS;
	t->w->shape_ifb = ifb->ifindex;
	t->w->shape_n = wr_ifb_count(ifb);
	wr_copy(ret->name, sizeof(ret->name), ifb->name);
	wr_record_save(t, rec);
	return t->err.code;
}

/* --- giving back ------------------------------------------------------------------------- */

struct given {
	int32_t ifindex;
	uint32_t classid;
};

/* All classes in one batch; one that is gone was what was wanted. */
static int give_finish(struct weir *w, const struct weir_step *s, struct weir_error *err)
{
	struct weir_blob part = weir_step_part(s, 0);
	wr_auto(batch) struct wr_batch b = { 0 };
	struct given g;
	int r;

	for (size_t at = 0; at + sizeof(g) <= part.len; at += sizeof(g)) {
		memcpy(&g, (const char *)part.data + at, sizeof(g));
		wr_tc_del_msg(&b, RTM_DELTCLASS, g.ifindex, g.classid, 0);
	}
	r = b.n ? wr_sock_run(&w->sock, &b, NULL, NULL, err) : 0;
	return r == -EPERM || r == -ENOMEM || r == -ENOBUFS ? r : 0;
}

const struct weir_step_ops wr_class_give_ops = {
	.sz = sizeof(wr_class_give_ops), .name = "tc class", .finish = give_finish,
	.order = WEIR_STEP_AFTER,
};

/* Those of ifbs that stay. */
static void put_given(struct wr_str *part, struct wr_str *plan, const struct wr_ifb *ifb)
{
	for (uint32_t minor = 1; minor <= WR_MAX_MINOR; minor++) {
		const struct given g = { ifb->ifindex, WR_CLASS(WR_MAJOR_SHARED, minor) };

		if (!wr_has_minor(&ifb->given, minor))
			continue;
		wr_str_add(part, &g, sizeof(g));
		if (plan)
			wr_str_printf(plan, "%stc class del dev %s classid %x:%x", plan->len ? "\n" : "",
				      ifb->name, WR_MAJOR_SHARED, minor);
	}
}

static void complete_give(struct weir_txn *t, void *arg)
{
	wr_auto(str) struct wr_str part = { 0 }, plan = { 0 };
	const struct wr_record *rec = arg;

	if (t->err.code)
		return;
	for (size_t i = 0; i < rec->n_ifbs; i++)
		if (rec->ifbs[i].has_given && !rec->ifbs[i].is_dying)
			put_given(&part, t->dry ? &plan : NULL, &rec->ifbs[i]);
	if (part.failed || plan.failed || wr_step_set(t, &t->steps[rec->give], 0, part.data, part.len))
		wr_txn_nomem(t);
	else
		wr_step_plan(t, &t->steps[rec->give], "%s", wr_str_text(&plan));
}

static void is_records(void *rec)
{
}

/* One step for all classes of a transaction, which gets them when all are known. */
static void add_give(struct weir_txn *t, struct wr_record *rec)
{
	if (rec->has_give)
		return;
	rec->give = t->n_steps;
	rec->has_give = wr_txn_add(t, &wr_class_give_ops, "classes of ifbs", NULL, 0);
	if (weir_txn_keep(t, &wr_class_give_ops, rec, is_records))
		wr_txn_nomem(t);
	wr_txn_complete_by(t, &wr_class_give_ops, complete_give);
}

/* NULL: it is gone, or not of this state directory. */
static int find(struct weir_txn *t, int ifindex, struct wr_record **ret_rec, struct wr_ifb **ret, struct weir_error *err)
{
	struct wr_record *rec;
	int r = wr_record_of(t, &rec, err);

	if (!r)
		r = wr_record_rest(t->w, rec, err);
	if (r)
		return r;
	*ret_rec = rec;
	*ret = NULL;
	for (size_t i = 0; i < rec->n_ifbs; i++)
		if (rec->ifbs[i].ifindex == ifindex)
			*ret = &rec->ifbs[i];
	return 0;
}

void wr_ifb_keep_block(struct weir_txn *t, int ifindex)
{
	struct wr_ifb *ifb = NULL;
	struct wr_record *rec;

	find(t, ifindex, &rec, &ifb, NULL);
	if (ifb && ifb->keeps_block)
		return;
	wr_txn_block_keep(t, ifindex);
	if (ifb)
		ifb->keeps_block = true;
}

int wr_ifb_give(struct weir_txn *t, int ifindex, uint32_t classid, struct weir_error *err)
{
	const uint32_t minor = classid & 0xffff;
	struct wr_record *rec;
	struct wr_ifb *ifb;
	int r = find(t, ifindex, &rec, &ifb, err);

	if (r || !ifb)
		return r;
	r = learn(t->w, ifb, false, true, err);
	if (r || minor > WR_MAX_MINOR || !wr_has_minor(&ifb->used, minor))
		return r;
	ifb->has_given = true;
	wr_set_minor(&ifb->used, minor, false);
	wr_set_minor(&ifb->given, minor, true);
	ifb->is_dying = --ifb->n_used == 0;
	wr_record_save(t, rec);
	if (!ifb->is_dying) {
		add_give(t, rec);
		return t->err.code;
	}
	return weir_txn_link_del(t, ifindex, ifb->name);
}
