/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A port's limits as steps of a transaction:
 *
 *	to the guest    host ---> [htb 7765:1, or tbf 7765:] port ---> guest
 *	from the guest  host <--- [htb 7765:N] ifb <--- ingress of port <--- guest
 *
 * The redirect happens before the bridge sees the frame, and the frame comes back
 * from the ifb as if it had just arrived on the port. It chooses the class too: no
 * filter on the ifb looks at what a guest could forge. Where the guest has a floor it
 * chooses the class on the ifb of the bridge, which comes next (floor.h), and the port
 * has an ifb of its own. Each direction is compared with what the port has now, and
 * only the difference becomes steps.
 */
#include <inttypes.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include "link/link.h"
#include "tc/ahead.h"
#include "tc/bpf.h"
#include "tc/floor.h"
#include "tc/ifb.h"
#include "tc/probe.h"
#include "tc/shape.h"
#include "tc/tree.h"

struct shaping {
	struct weir_txn *t;
	struct wr_dev dev;
	struct weir_shape_options opts;
	struct wr_port port;		/* as it is now */
	size_t root;			/* up to the step that adds one; 0: none does */
	const struct weir_rate *out;	/* what leaves by the link */
	const struct weir_rate *in;	/* what arrives by it */
	struct weir_shape *ret;
	struct weir_error *err;
};

/*
 * With a journal nobody may add what another has: it is undone after a kill, and then nobody
 * knows what the kernel refused.
 */
static bool is_new(const struct shaping *s)
{
	return WR_HAS_AHEAD && s->opts.is_new && !s->t->w->state_dir;
}

static const char *const methods[] = { "auto", "skbedit", "bpf", "ifb", "police", "block" };

const char *weir_shape_method_name(enum weir_shape_method method)
{
	return (unsigned int)method < WR_COUNT(methods) ? methods[method] : "unknown";
}

/* --- what is in the way -------------------------------------------------------------------- */

/* Somebody's noqueue is taken away without a word, because clearing brings it back. */
static int make_room(struct shaping *s, const struct wr_qdisc *q, uint32_t parent, bool is_foreign)
{
	char object[64];

	if (!*q->kind || (parent == TC_H_ROOT && !q->handle))
		return 0;
	if (is_foreign && !s->opts.replace) {
		wr_format(object, sizeof(object), "qdisc %x: %s on %s", q->handle >> 16, q->kind,
			  s->dev.name);
		return wr_refuse(s->err, -EEXIST, object, "", "is in the way and not ours");
	}
	wr_tree_del_foreign(s->t, &s->dev, q, parent);
	return s->t->err.code;
}

/* --- what leaves by the link: HTB or TBF on it -------------------------------------------- */

/* By what: as it is, if nobody says; floors need classes. */
static enum weir_qdisc qdisc_of(const struct shaping *s)
{
	const enum weir_qdisc usual = s->opts.has_floors ? WEIR_QDISC_AUTO : (enum weir_qdisc)s->t->w->shape_qdisc;

	return s->opts.qdisc ? s->opts.qdisc : s->port.major ? s->port.class.by : usual ? usual : WEIR_QDISC_HTB;
}

static int check_qdisc(struct shaping *s, const struct wr_limiter *by)
{
	if (!by->is_class && (s->opts.has_floors || s->port.rest.classid))
		return wr_refuse(s->err, -EINVAL, "", "qdisc", "%s has no classes, which floors need", by->name);
	if (s->out->average_bytes_per_s < by->least_bytes_per_s)
		return wr_refuse(s->err, -ERANGE, "", "average", "is below the least of %s, %u B/s", by->name,
				 (unsigned int)by->least_bytes_per_s);
	return 0;
}

/*
 * Nobody has asked whether the port has room for it: where it has none, what comes next might stand
 * in what is there, and would not go with what was not added.
 */
static void must_hold(struct shaping *s, size_t step)
{
	if (is_new(s) && !s->t->err.code)
		wr_step_first(s->t, &s->t->steps[step]);
}

static int put_root(struct shaping *s, enum weir_qdisc by, uint32_t major, const struct wr_htb_class *c)
{
	const enum weir_leaf leaf = wr_tc_leaf(s->t->w, s->opts.leaf ? s->opts.leaf : wr_limiter(by)->leaf);
	const bool floors = s->opts.has_floors;

	s->root = s->t->n_steps + 1;
	wr_tree_root(s->t, &s->dev, by, major, floors ? WR_REST_CLASS : WR_PORT_CLASS, c,
		     floors ? WEIR_LEAF_DEFAULT : leaf);
	if (floors || leaf != WEIR_LEAF_DEFAULT)
		must_hold(s, s->root - 1);
	if (floors) {
		wr_tree_rest(s->t, &s->dev, major, c, leaf);
		wr_floors_note(s->t, &s->dev, major, leaf, c);
	}
	return s->t->err.code;
}

static int add_root(struct shaping *s, enum weir_qdisc by, const struct wr_htb_class *c)
{
	const bool noqueue = !strcmp(s->port.root.kind, "noqueue") && s->port.root.handle;
	int r = make_room(s, &s->port.root, TC_H_ROOT, !s->port.root_is_free);

	return r ? r : put_root(s, by, noqueue ? WR_MAJOR_NOQUEUE : WR_MAJOR, c);
}

static int del_root(struct shaping *s, bool comes_back)
{
	int r = wr_port_count(s->t->w, &s->port, s->err);

	if (r)
		return r;
	if (s->port.n_floors)
		return wr_refuse(s->err, -EBUSY, "", "", "%u floors are part of the limit", s->port.n_floors);
	wr_tree_del(s->t, &s->dev, &s->port, comes_back);
	return s->port.rest.classid ? wr_floors_forget(s->t, &s->dev, s->err) : s->t->err.code;
}

static int shape_out(struct shaping *s)
{
	const enum weir_qdisc by = qdisc_of(s);
	struct wr_htb_class c;
	int r;

	if (!s->out->average_bytes_per_s)
		return s->port.major ? del_root(s, true) : 0;
	if (s->ret)
		s->ret->qdisc = by;
	r = check_qdisc(s, wr_limiter(by));
	if (r)
		return r;
	c = wr_limiter(by)->from_rate(s->out, s->port.link.mtu);
	if (!s->port.major)
		return add_root(s, by, &c);
	if (by != s->port.class.by) {
		r = del_root(s, false);
		return r ? r : put_root(s, by, s->port.major, &c);
	}
	if (s->port.rest.classid)
		return wr_floors_resize(s->t, &s->dev, &c, s->opts.leaf, s->err);
	wr_tree_change(s->t, &s->dev, &s->port.class, &c, s->opts.leaf);
	return s->t->err.code;
}

/* --- what arrives by the link: the filter -------------------------------------------------- */

static void filter_words(char words[240], const struct wr_redirect *r, const char *ifb)
{
	char ifb_word[80], action[160], class[64] = "";

	if (r->classid)
		wr_format(class, sizeof(class), "action skbedit priority %x:%x %s", r->classid >> 16,
			  r->classid & 0xffff, r->ifb ? "pipe " : "continue");
	if (!r->ifb && r->classid)
		*action = '\0';
	else if (r->ifb)
		wr_format(action, sizeof(action), "action mirred egress redirect dev %s",
			  wr_dev_word(&(struct wr_dev){ r->ifb, ifb }, ifb_word));
	else
		wr_format(action, sizeof(action), "action police rate %" PRIu64 "bps burst %ub mtu 70000 drop",
			  r->rate_bytes_per_s, r->burst_bytes);
	wr_format(words, 240, "%s%s", class, action);
}

static void filter_step(struct shaping *s, const struct wr_change *change, const char *verb,
			const struct wr_redirect *r, const char *ifb)
{
	char words[240] = "";

	if (s->t->dry)
		filter_words(words, r, ifb);
	wr_tree_step(s->t, &s->dev, change, verb,
		     "parent ffff: protocol all prio %u handle 800::1 u32 match u32 0 0 %s", WR_FILTER_PRIO, words);
}

/*
 * Of a qdisc that is new it needs no undo of its own. Nor could it have one: after a
 * kill the old qdisc may be there still, in whose block that would be refused.
 */
static int add_filter(struct shaping *s, const struct wr_redirect *r, const char *ifb)
{
	const bool goes_with_qdisc = !s->port.has_redirect;
	struct wr_change *change;

	if (r->method == WEIR_SHAPE_BLOCK) {
		wr_txn_block_filter_add(s->t, &(struct wr_dev){ r->ifb, ifb });
		return s->t->err.code;
	}
	if (r->method == WEIR_SHAPE_BPF) {
		wr_txn_bpf_filter_add(s->t, &s->dev, &(struct wr_dev){ r->ifb, ifb }, r->classid, goes_with_qdisc);
	} else {
		change = wr_txn_change(s->t);
		wr_redirect_msg(&change->request, NLM_F_CREATE | NLM_F_EXCL, s->dev.ifindex, r);
		if (!goes_with_qdisc)
			wr_redirect_del_msg(&change->undo, s->dev.ifindex);
		filter_step(s, change, "filter add", r, ifb);
	}
	if (goes_with_qdisc)
		wr_step_hangs(s->t);
	return s->t->err.code;
}

static int del_filter(struct shaping *s)
{
	const struct wr_redirect *r = &s->port.redirect;
	struct wr_change *change;

	if (r->method == WEIR_SHAPE_BPF) {
		wr_txn_bpf_filter_del(s->t, &s->dev, r->ifb, r->classid);
		return s->t->err.code;
	}
	change = wr_txn_change(s->t);
	wr_redirect_del_msg(&change->request, s->dev.ifindex);
	wr_redirect_msg(&change->undo, NLM_F_CREATE | NLM_F_EXCL, s->dev.ifindex, r);
	wr_tree_step(s->t, &s->dev, change, "filter del", "parent ffff: protocol all prio %u", WR_FILTER_PRIO);
	return s->t->err.code;
}

/* The block that the port's qdisc shares; 0: none. */
static uint32_t block_of(const struct wr_redirect *r)
{
	return r->method == WEIR_SHAPE_BLOCK ? (uint32_t)r->ifb : 0;
}

/*
 * For each block that is bound the kernel walks its list of all blocks of the host, new ones first, up to
 * where it finds that one (flow_indr_dev_setup_offload). So the qdiscs that share one come before all
 * classes and leaves, each of which brings one more. The port's root comes with it: behind another
 * qdisc it would wait for an RCU grace period. Until the block's filter follows packets pass as before. Where
 * it is there already, they would pass by the ifb, which has no class for them; and with its filter each of
 * these qdiscs waits so long for RCU that the walk is nothing beside it.
 */
static void come_first(const struct shaping *s, int ifb, struct weir_step *ingress)
{
#ifndef WR_NO_AHEAD	/* the one-file tool (`make static`) limits one port at a time */
	const bool has_room = !s->port.ingress.handle && (!s->root || !s->port.root.handle);

	if (!ingress || !has_room || wr_txn_makes(s->t, s->dev.ifindex) || !wr_txn_makes(s->t, ifb))
		return;
	ingress->order = WEIR_STEP_BEFORE;
	if (s->root)
		s->t->steps[s->root - 1].order = WEIR_STEP_BEFORE;
#endif
}

static int add_ingress(struct shaping *s, const struct wr_redirect *redirect)
{
	const uint32_t block = block_of(redirect);
	struct wr_change *change;
	struct weir_step *step;
	char shared[32] = "";
	int r;

	if (s->port.has_redirect)
		return 0;
	r = make_room(s, &s->port.ingress, TC_H_INGRESS, true);
	if (r)
		return r;
	change = wr_txn_change(s->t);
	wr_ingress_msg(&change->request, s->dev.ifindex, block);
	change->adds = true;
	if (block && s->t->dry)
		wr_format(shared, sizeof(shared), "ingress_block %u ", block);
	step = wr_tree_step(s->t, &s->dev, change, "qdisc add", "%singress", shared);
	if (block)
		come_first(s, redirect->ifb, step);
	else
		must_hold(s, s->t->n_steps - 1);
	return s->t->err.code;
}

/*
 * The qdisc takes its filter along: as two messages, the second would be carried out
 * even if the first was refused. A program's filter is a step of another type, and
 * ends the transaction if it fails; that of a block is other ports' too.
 */
static int del_ingress(struct shaping *s)
{
	struct wr_change *change;
	const struct wr_redirect *redirect = &s->port.redirect;
	const bool is_bpf = redirect->method == WEIR_SHAPE_BPF;
	const uint32_t block = block_of(redirect);
	int r = is_bpf ? del_filter(s) : 0;

	if (r)
		return r;
	if (block)
		wr_ifb_keep_block(s->t, redirect->ifb);
	change = wr_txn_change(s->t);
	wr_tc_del_msg(&change->request, RTM_DELQDISC, s->dev.ifindex, WR_INGRESS_HANDLE, TC_H_INGRESS);
	wr_ingress_msg(&change->undo, s->dev.ifindex, block);
	if (!is_bpf && redirect->method != WEIR_SHAPE_BLOCK)
		wr_redirect_msg(&change->undo, NLM_F_CREATE | NLM_F_EXCL, s->dev.ifindex, redirect);
	wr_tree_step(s->t, &s->dev, change, "qdisc del", "ingress");
	s->port.has_redirect = false;
	*s->port.ingress.kind = '\0';
	return s->t->err.code;
}

/* --- what arrives by the link: the ifb ------------------------------------------------------ */

/* The ifb's class for the port, or the two that floors are put beside. */
static int add_class(struct shaping *s, const struct wr_redirect *redirect, struct wr_slot *slot)
{
	const bool is_own = redirect->method == WEIR_SHAPE_IFB || redirect->classid;
	const bool is_block = redirect->method == WEIR_SHAPE_BLOCK, floors = is_own && s->opts.has_floors;
	const enum weir_leaf leaf = wr_tc_leaf(s->t->w, s->opts.leaf);
	struct wr_htb_class c = wr_htb_from_rate(s->in, s->port.link.mtu);
	int r = is_own ? wr_ifb_own(s->t, s->dev.name, floors, slot) :
			 wr_ifb_take(s->t, s->dev.ifindex, is_block, slot, s->err);
	const struct wr_dev ifb = { slot->ifindex, slot->name };
	const uint32_t major = slot->classid >> 16;

	if (r)
		return r;
	wr_tree_class(s->t, &ifb, slot->classid, WR_CLASS(major, 0), &c, floors ? WEIR_LEAF_DEFAULT : leaf);
	if (floors) {
		wr_tree_rest(s->t, &ifb, major, &c, leaf);
		wr_floors_note(s->t, &ifb, major, leaf, &c);
	}
	return s->t->err.code;
}

static void note(struct shaping *s, const struct wr_redirect *r, const char *ifb)
{
	if (!s->ret)
		return;
	s->ret->method = r->method;
	s->ret->ifb_ifindex = r->ifb;
	s->ret->ifb_class = wr_shared_class(r);
	wr_copy(s->ret->ifb_name, sizeof(s->ret->ifb_name), ifb);
}

int wr_redirect_explain(struct weir_txn *t, const struct wr_dev *dev, const struct wr_redirect *r,
			const char *ifb)
{
	struct shaping s = { .t = t, .dev = *dev };
	int code = add_ingress(&s, r);

	return code ? code : add_filter(&s, r, ifb);
}

/* By what: floors need ifbs of their own, and something that writes the class. */
static int choose_method(struct shaping *s, struct wr_redirect *ret)
{
	const bool keeps_qdisc = s->port.has_redirect;
	const enum weir_shape_method method = wr_tc_method(s->t, s->dev.ifindex, s->opts.method, !keeps_qdisc);

	if (method == WEIR_SHAPE_BLOCK && keeps_qdisc)
		return wr_refuse(s->err, -EEXIST, "", "method", "filters of others are in the ingress qdisc");
	*ret = (struct wr_redirect){ .method = method, .classid = s->opts.floor_class };
	if (s->opts.has_floors && method != WEIR_SHAPE_POLICE)
		ret->method = WEIR_SHAPE_IFB;
	if (!ret->classid)
		return 0;
	ret->method = method == WEIR_SHAPE_POLICE ? WEIR_SHAPE_AUTO : wr_tc_marker(s->t);
	return ret->method ? 0 :
			     wr_refuse(s->err, -EOPNOTSUPP, "", "outbound.floor",
				       "needs ifbs, and act_skbedit or a program that writes a packet's class");
}

static int add_redirect(struct shaping *s)
{
	const bool is_limited = s->in->average_bytes_per_s;
	struct wr_redirect redirect;
	struct wr_slot slot = { 0 };
	int r = choose_method(s, &redirect);

	if (!r && redirect.method == WEIR_SHAPE_POLICE) {
		redirect.rate_bytes_per_s = s->in->average_bytes_per_s;
		redirect.burst_bytes = wr_police_burst(s->in, s->port.link.mtu);
	} else if (!r && is_limited) {
		r = add_class(s, &redirect, &slot);
		redirect.ifb = slot.ifindex;
		if (!redirect.classid && redirect.method != WEIR_SHAPE_IFB)
			redirect.classid = slot.classid;
	}
	if (!r)
		r = add_ingress(s, &redirect);
	if (!r && !slot.has_block)
		r = add_filter(s, &redirect, slot.name);
	note(s, &redirect, slot.name);
	return r;
}

/* An ifb of the port's own goes only if it is one that we made: by its name, or as the kernel has it. */
static int del_own_ifb(struct weir_txn *t, struct wr_dev ifb, struct weir_error *err)
{
	struct weir_link l;
	int r;

	if (!*ifb.name) {
		r = wr_link_get(t->w, ifb.ifindex, NULL, &l, err);
		if (r)
			return r == -ENODEV ? 0 : r;
		if (l.kind != WEIR_LINK_IFB || !(l.has & WEIR_LINK_GROUP_SET) || l.group != WEIR_LINK_GROUP)
			return 0;
		ifb.name = l.name;
	}
	r = wr_floors_forget(t, &ifb, err);
	return r ? r : weir_txn_link_del(t, ifb.ifindex, ifb.name);
}

/* @name: of the ifb, if it is known. */
static int give_back(struct weir_txn *t, int ifb, const char *name, uint32_t shared_class, struct weir_error *err)
{
	if (!ifb)
		return 0;
	return shared_class ? wr_ifb_give(t, ifb, shared_class, err) :
			      del_own_ifb(t, (struct wr_dev){ ifb, name }, err);
}

/* Filters of others that came to stand in our qdisc keep it. @then: by which method the port goes on; AUTO: none. */
static int del_redirect(struct shaping *s, enum weir_shape_method then)
{
	const struct wr_redirect old = s->port.redirect;
	const bool shares = old.method == WEIR_SHAPE_BLOCK;
	int r = wr_port_count(s->t->w, &s->port, s->err);

	if (!r && old.method == WEIR_SHAPE_IFB)
		r = wr_floors_none(s->t, &(struct wr_dev){ old.ifb, "" }, s->err);
	if (r)
		return r;
	r = s->port.n_foreign_filters || (then && then != WEIR_SHAPE_BLOCK && !shares) ? del_filter(s) : del_ingress(s);
	return r ? r : give_back(s->t, old.ifb, "", wr_shared_class(&old), s->err);
}

/* The same way, other limits: the filter stays, unless it is the limit itself. */
static int change_redirect(struct shaping *s)
{
	struct wr_redirect *now = &s->port.redirect, want = *now;
	const uint32_t shared = wr_shared_class(now);
	const uint32_t classid = shared ? shared : WR_CLASS(WR_MAJOR, WR_PORT_CLASS);
	struct wr_change *change;
	char name[16] = "";
	const struct wr_dev ifb = { now->ifb, name };
	struct wr_tc_class class;
	struct wr_htb_class c;
	int r;

	if (now->method == WEIR_SHAPE_POLICE) {
		want.rate_bytes_per_s = s->in->average_bytes_per_s;
		want.burst_bytes = wr_police_burst(s->in, s->port.link.mtu);
		change = wr_txn_change(s->t);
		wr_redirect_msg(&change->request, 0, s->dev.ifindex, &want);
		wr_redirect_msg(&change->undo, 0, s->dev.ifindex, now);
		filter_step(s, change, "filter change", &want, "");
		note(s, &want, "");
		return s->t->err.code;
	}
	if (!now->ifb)
		return 0;	/* a floor alone */
	r = wr_class_ahead(s->t, now->ifb, classid, name, &class, s->err);
	note(s, now, name);
	c = wr_htb_from_rate(s->in, s->port.link.mtu);
	if (r == -ENOENT && !shared)
		return wr_floors_resize(s->t, &ifb, &c, s->opts.leaf, s->err);
	if (!r)
		wr_tree_change(s->t, &ifb, &class, &c, s->opts.leaf);
	return r ? r : s->t->err.code;
}

/* Whether the filter is the one that is wanted, apart from limits. */
static bool is_same_way(const struct shaping *s)
{
	const struct wr_redirect *is = &s->port.redirect;
	const bool is_limited = is->ifb || is->method == WEIR_SHAPE_POLICE;

	return !is->is_lost && is_limited == !!s->in->average_bytes_per_s &&
	       (wr_is_floor(is->classid) ? is->classid : 0) == s->opts.floor_class &&
	       (!s->opts.method || s->opts.method == is->method);
}

static int shape_in(struct shaping *s)
{
	const bool want = s->in->average_bytes_per_s || s->opts.floor_class, is = s->port.has_redirect;
	int r = want && is && is_same_way(s) ? change_redirect(s) : -ENODEV;

	if (r != -ENODEV)
		return r;
	/* Another way, or the same to an ifb that is there. */
	r = is ? del_redirect(s, want ? s->opts.method : WEIR_SHAPE_AUTO) : 0;
	return r || !want ? r : add_redirect(s);
}

/* --- both ----------------------------------------------------------------------------------- */

static int refuse(struct weir_txn *t, const char *name, struct weir_error *err)
{
	if (!*err->object)
		wr_format(err->object, sizeof(err->object), "bandwidth of %s", name);
	return wr_txn_fail(t, err);
}

static int check_options(const struct weir_shape_options *o, struct weir_error *err)
{
	if ((unsigned int)o->method > WEIR_SHAPE_BLOCK)
		return wr_refuse(err, -EINVAL, "", "method", "%d is unknown", o->method);
	if ((unsigned int)o->qdisc > WEIR_QDISC_TBF)
		return wr_refuse(err, -EINVAL, "", "qdisc", "%d is unknown", o->qdisc);
	if ((unsigned int)o->leaf > WEIR_LEAF_DEFAULT)
		return wr_refuse(err, -EINVAL, "", "leaf", "%d is unknown", o->leaf);
	return 0;
}

static void choose_sides(struct shaping *s, const struct weir_bandwidth *b)
{
	const bool guest_side = s->opts.is_guest_side || s->port.link.kind == WEIR_LINK_MACVTAP;

	s->out = guest_side ? &b->outbound : &b->inbound;
	s->in = guest_side ? &b->inbound : &b->outbound;
	if (s->ret)
		s->ret->is_guest_side = guest_side;
}

/* Whether a class on an ifb is likely to be wanted: for most what a guest sends is what arrives. */
static enum wr_ahead ahead_what(const struct shaping *s, const struct weir_bandwidth *b)
{
	const struct weir_rate *in = s->opts.is_guest_side ? &b->inbound : &b->outbound;

	return WR_HAS_AHEAD && in->average_bytes_per_s && wr_tc_shares(s->t->w, s->opts.method) ? WR_AHEAD_ADDS_CLASS :
											     WR_AHEAD_ADDS;
}

/* As it is now. */
static int read_port(struct shaping *s, const struct weir_bandwidth *bandwidth)
{
	const enum wr_ahead what = ahead_what(s, bandwidth);

	s->port.link.mtu = s->opts.mtu;
	if (wr_txn_makes(s->t, s->dev.ifindex)) {
		s->opts.is_new = false;	/* nothing can be on it, and nothing may go ahead of its making */
		return 0;
	}
	if (!is_new(s))
		return wr_port_ahead(s->t, s->dev.ifindex, what, &s->port, s->err);
	wr_copy(s->port.link.name, sizeof(s->port.link.name), s->dev.name);
	return wr_port_new(s->t, s->dev.ifindex, what, &s->port, s->err);
}

static int shape(struct shaping *s, const struct weir_bandwidth *bandwidth)
{
	int r = read_port(s, bandwidth);

	if (s->opts.mtu)	/* it counts where the kernel was asked all the same */
		s->port.link.mtu = s->opts.mtu;
	choose_sides(s, bandwidth);
	if (!r)
		r = shape_out(s);
	return r ? r : shape_in(s);
}

int weir_txn_shape_set(struct weir_txn *t, int ifindex, const char *name,
		       const struct weir_bandwidth *bandwidth, const struct weir_shape_options *options,
		       struct weir_shape *ret)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_shape shaped = { .sz = sizeof(shaped), .ifindex = ifindex };
	struct shaping s = { .t = t, .dev = { ifindex, name }, .ret = &shaped, .err = &err };
	int r = wr_opts_copy(&s.opts, sizeof(s.opts), options, "shape options", &err);

	wr_copy(shaped.name, sizeof(shaped.name), name);
	if (!r && !name)
		r = wr_refuse(&err, -EINVAL, "port", "name", "is missing");
	if (!r)
		r = check_options(&s.opts, &err);
	if (!r)
		r = weir_bandwidth_check(bandwidth, &err);
	if (!r)
		r = shape(&s, bandwidth);
	if (r)
		return refuse(t, name, &err);
	if (ret)
		wr_opts_give(ret, &shaped, sizeof(shaped), NULL);
	return t->err.code;
}

static int clear(struct shaping *s)
{
	static const struct weir_rate none;
	int r = wr_port_ahead(s->t, s->dev.ifindex, WR_AHEAD_TAKES, &s->port, s->err);

	s->out = s->in = &none;
	if (!r)
		r = shape_out(s);
	return r ? r : shape_in(s);
}

/* The port goes, and what is on it: only what it has elsewhere is left to do. */
static int clear_elsewhere(struct shaping *s, const struct weir_shape *known)
{
	int r;

	if (known)
		return give_back(s->t, known->ifb_ifindex, known->ifb_name, known->ifb_class, s->err);
	r = wr_port_ahead(s->t, s->dev.ifindex, WR_AHEAD_TAKES, &s->port, s->err);
	if (r == -ENODEV)
		return 0;
	return r || !s->port.has_redirect ? r : give_back(s->t, s->port.redirect.ifb, "",
							  wr_shared_class(&s->port.redirect), s->err);
}

int weir_txn_shape_clear(struct weir_txn *t, int ifindex, const char *name,
			 const struct weir_shape *known)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct shaping s = { .t = t, .dev = { ifindex, name }, .err = &err };
	struct weir_shape full;
	int r = wr_opts_copy(&full, sizeof(full), known, "shape", &err);

	if (!r && !name)
		r = wr_refuse(&err, -EINVAL, "port", "name", "is missing");
	else if (!r && wr_txn_deletes(t, ifindex))
		r = clear_elsewhere(&s, known ? &full : NULL);
	else if (!r)
		r = clear(&s);
	if (r == -ENODEV && known)
		r = clear_elsewhere(&s, &full);
	return r ? refuse(t, name, &err) : t->err.code;
}
