/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Trees as steps: see tree.h. */
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <stdarg.h>
#include <stdio.h>

#include "netlink/attr.h"
#include "tc/tree.h"

#define ADD (NLM_F_CREATE | NLM_F_EXCL)

const char *wr_dev_word(const struct wr_dev *dev, char buf[80])
{
	wr_auto(str) struct wr_str s = { 0 };

	wr_str_shell(&s, dev->name);
	wr_copy(buf, 80, wr_str_text(&s));
	return buf;
}

struct weir_step *wr_tree_step(struct weir_txn *t, const struct wr_dev *dev, const struct wr_change *change,
			       const char *verb, const char *fmt, ...)
{
	const bool is_undone = (change->adds || change->undo.n) && !wr_txn_makes(t, dev->ifindex);
	struct weir_step *s = wr_txn_msg(t, dev->name, NULL, &change->request, is_undone ? &change->undo : NULL, NULL);
	char word[80], text[400];
	va_list ap;

	if (!s)
		return NULL;
	if (is_undone && change->adds)
		wr_step_adds(s);
	if (!t->dry || !verb)	/* words take as long as all the rest */
		return s;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	wr_step_plan(t, s, "tc %s dev %s %s", verb, wr_dev_word(dev, word), text);
	return s;
}

/* --- adding ------------------------------------------------------------------------- */

void wr_tree_qdisc(struct weir_txn *t, const struct wr_dev *dev, uint32_t major,
		   uint32_t default_minor)
{
	struct wr_change *change = wr_txn_change(t);
	char def[32] = "";

	wr_htb_qdisc_msg(&change->request, dev->ifindex, major, default_minor);
	/* By its handle: whatever else is there by then is not ours. */
	change->adds = true;
	if (default_minor && t->dry)
		wr_format(def, sizeof(def), " default %x", default_minor);
	wr_tree_step(t, dev, change, "qdisc add", "root handle %x: htb%s", major, def);
}

static void limit_step(struct weir_txn *t, const struct wr_dev *dev, const struct wr_change *change,
		       const struct wr_limiter *by, const char *verb, uint32_t classid, uint32_t parent,
		       const struct wr_htb_class *c)
{
	char words[320];

	*words = '\0';
	if (t->dry)
		by->words(words, sizeof(words), classid, parent, c);
	wr_tree_step(t, dev, change, verb, "%s", words);
}

static void leaf_step(struct weir_txn *t, const struct wr_dev *dev, const struct wr_change *change,
		      const char *verb, uint32_t classid, uint32_t handle, uint64_t bytes_per_s)
{
	const enum weir_leaf leaf = wr_leaf_of(handle);
	const uint32_t target = wr_leaf_target_us(bytes_per_s);
	char args[80] = "";

	if (leaf == WEIR_LEAF_FQ_CODEL && t->dry)
		wr_format(args, sizeof(args), " flows %u target %uus interval %uus", WR_LEAF_FLOWS,
			  target, 20 * target);
	wr_tree_step(t, dev, change, verb, "parent %x:%x handle %x: %s%s",
		     classid >> 16, classid & 0xffff, handle >> 16, weir_leaf_name(leaf), args);
}

static void add_leaf(struct weir_txn *t, const struct wr_dev *dev, uint32_t classid, uint32_t handle,
		     uint64_t bytes_per_s)
{
	struct wr_change *change = wr_txn_change(t);

	wr_leaf_msg(&change->request, ADD, dev->ifindex, classid, handle, bytes_per_s);
	leaf_step(t, dev, change, "qdisc add", classid, handle, bytes_per_s);
	wr_step_hangs(t);
}

static void add_limit(struct weir_txn *t, const struct wr_dev *dev, const struct wr_limiter *by, uint32_t classid,
		      uint32_t parent, const struct wr_htb_class *c, enum weir_leaf leaf, bool goes_with_root)
{
	struct wr_change *change = wr_txn_change(t);
	uint32_t handle = wr_leaf_handle(leaf, classid & 0xffff);

	by->put(&change->request, ADD, dev->ifindex, classid, parent, c);
	/* By its handle: whatever else is there by then is not ours. */
	change->adds = !goes_with_root;
	limit_step(t, dev, change, by, by->is_class ? "class add" : "qdisc add", classid, parent, c);
	if (handle)
		add_leaf(t, dev, classid, handle, c->rate_bytes_per_s);
}

void wr_tree_class(struct weir_txn *t, const struct wr_dev *dev, uint32_t classid, uint32_t parent,
		   const struct wr_htb_class *c, enum weir_leaf leaf)
{
	add_limit(t, dev, wr_limiter(WEIR_QDISC_HTB), classid, parent, c, leaf, false);
}

void wr_tree_root(struct weir_txn *t, const struct wr_dev *dev, enum weir_qdisc by, uint32_t major,
		  uint32_t default_minor, const struct wr_htb_class *c, enum weir_leaf leaf)
{
	const bool is_class = wr_limiter(by)->is_class;

	if (is_class)
		wr_tree_qdisc(t, dev, major, default_minor);
	add_limit(t, dev, wr_limiter(by), WR_CLASS(major, WR_PORT_CLASS), WR_CLASS(major, 0), c, leaf, is_class);
}

void wr_tree_rest(struct weir_txn *t, const struct wr_dev *dev, uint32_t major, const struct wr_htb_class *c,
		  enum weir_leaf leaf)
{
	add_limit(t, dev, wr_limiter(WEIR_QDISC_HTB), WR_CLASS(major, WR_REST_CLASS),
		  WR_CLASS(major, WR_PORT_CLASS), c, leaf, true);
}

/* --- changing ----------------------------------------------------------------------- */

/* Only fq_codel's patience depends on the rate, and only below 5 Mbit/s. */
static void change_leaf(struct weir_txn *t, const struct wr_dev *dev, const struct wr_tc_class *old,
			uint64_t bytes_per_s)
{
	struct wr_change *change = wr_txn_change(t);
	const uint32_t handle = WR_CLASS(old->leaf >> 16, 0);
	const uint32_t target = wr_leaf_target_us(bytes_per_s);

	if (wr_leaf_of(handle) != WEIR_LEAF_FQ_CODEL ||
	    (old->options_len && target == wr_leaf_target_us(old->limits.rate_bytes_per_s)))
		return;
	wr_leaf_msg(&change->request, 0, dev->ifindex, old->classid, handle, bytes_per_s);
	if (old->options_len)
		wr_leaf_msg(&change->undo, 0, dev->ifindex, old->classid, handle,
			    old->limits.rate_bytes_per_s);
	wr_tree_step(t, dev, change, "qdisc change",
		     "parent %x:%x handle %x: fq_codel target %uus interval %uus", old->classid >> 16,
		     old->classid & 0xffff, handle >> 16, target, 20 * target);
}

/* HTB puts its own in the place of one that is deleted, TBF when it is changed. @rate: what the class has by then. */
static void put_leaf(struct wr_batch *b, uint16_t flags, const struct wr_dev *dev, uint32_t classid,
		     uint32_t handle, uint32_t other, uint64_t rate)
{
	if (handle)
		wr_leaf_msg(b, NLM_F_CREATE | NLM_F_REPLACE | flags, dev->ifindex, classid, handle, rate);
	else
		wr_tc_del_msg(b, RTM_DELQDISC, dev->ifindex, other, classid);
}

void wr_tree_leaf(struct weir_txn *t, const struct wr_dev *dev, const struct wr_tc_class *old,
		  enum weir_leaf leaf, uint64_t bytes_per_s)
{
	const uint32_t is = WR_CLASS(old->leaf >> 16, 0);
	const uint32_t want = wr_leaf_handle(leaf, old->classid & 0xffff);
	struct wr_change *change = wr_txn_change(t);
	char object[64];

	if (is == want)
		return;
	if (is && wr_leaf_of(is) == WEIR_LEAF_DEFAULT) {
		wr_format(object, sizeof(object), "qdisc %x: on %s", is >> 16, dev->name);
		wr_txn_refuse(t, -EEXIST, object, "", "is in the way and not ours");
		return;
	}
	put_leaf(&change->request, 0, dev, old->classid, want, is, bytes_per_s);
	/* Of one that is there already NLM_F_EXCL changes nothing. */
	if (old->options_len)
		put_leaf(&change->undo, NLM_F_EXCL, dev, old->classid, is, want, old->limits.rate_bytes_per_s);
	if (want) {
		leaf_step(t, dev, change, "qdisc replace", old->classid, want, bytes_per_s);
		return;
	}
	wr_tree_step(t, dev, change, "qdisc del", "parent %x:%x handle %x:",
		     old->classid >> 16, old->classid & 0xffff, is >> 16);
}

void wr_tree_change(struct weir_txn *t, const struct wr_dev *dev, const struct wr_tc_class *old,
		    const struct wr_htb_class *c, enum weir_leaf leaf)
{
	const bool same_leaf = !leaf || wr_leaf_handle(leaf, old->classid & 0xffff) == WR_CLASS(old->leaf >> 16, 0);
	const struct wr_limiter *by = wr_limiter(old->by);
	struct wr_change *change;

	/* In this order, because TBF makes a leaf of its own in the place of none when it is changed. */
	if (!same_leaf && !wr_leaf_handle(leaf, 0))
		wr_tree_leaf(t, dev, old, leaf, c->rate_bytes_per_s);
	change = wr_txn_change(t);
	by->put(&change->request, 0, dev->ifindex, old->classid, old->parent, c);
	if (old->options_len)
		by->put_again(&change->undo, 0, dev->ifindex, old);
	limit_step(t, dev, change, by, by->is_class ? "class change" : "qdisc change", old->classid, old->parent, c);
	if (same_leaf)
		change_leaf(t, dev, old, c->rate_bytes_per_s);
	else if (wr_leaf_handle(leaf, 0))
		wr_tree_leaf(t, dev, old, leaf, c->rate_bytes_per_s);
}

/* --- taking away ---------------------------------------------------------------------- */

/* A limit as it was read, and its leaf as it had been made. */
static void again(struct wr_batch *b, const struct wr_dev *dev, const struct wr_tc_class *old)
{
	const uint32_t handle = WR_CLASS(old->leaf >> 16, 0);

	wr_limiter(old->by)->put_again(b, NLM_F_CREATE, dev->ifindex, old);
	if (wr_leaf_of(handle) != WEIR_LEAF_DEFAULT)
		wr_leaf_msg(b, ADD, dev->ifindex, old->classid, handle, old->limits.rate_bytes_per_s);
}

void wr_tree_class_del(struct weir_txn *t, const struct wr_dev *dev, const struct wr_tc_class *old)
{
	struct wr_change *change = wr_txn_change(t);

	if (!old)
		return;
	wr_tc_del_msg(&change->request, RTM_DELTCLASS, dev->ifindex, old->classid, 0);
	if (old->options_len)
		again(&change->undo, dev, old);
	wr_tree_step(t, dev, change, "class del", "classid %x:%x", old->classid >> 16,
		     old->classid & 0xffff);
}

/* With a handle, so that its undo does not take our own limits away where they could not be deleted. */
static void add_noqueue(struct weir_txn *t, const struct wr_dev *dev)
{
	const uint32_t handle = WR_CLASS(WR_MAJOR_BACK, 0);
	struct wr_change *change = wr_txn_change(t);

	wr_tc_msg(&change->request, RTM_NEWQDISC, ADD, dev->ifindex, handle, TC_H_ROOT, "noqueue");
	change->adds = true;
	wr_tree_step(t, dev, change, "qdisc add", "root handle %x: noqueue", WR_MAJOR_BACK);
}

void wr_tree_del(struct weir_txn *t, const struct wr_dev *dev, const struct wr_port *port, bool comes_back)
{
	const struct wr_limiter *by = wr_limiter(port->class.by);
	const bool has_rest = port->rest.classid;
	struct wr_change *change = wr_txn_change(t);

	wr_tc_del_msg(&change->request, RTM_DELQDISC, dev->ifindex, WR_CLASS(port->major, 0), TC_H_ROOT);
	if (by->is_class)
		wr_htb_qdisc_msg(&change->undo, dev->ifindex, port->major, has_rest ? WR_REST_CLASS : WR_PORT_CLASS);
	again(&change->undo, dev, &port->class);
	if (has_rest)
		again(&change->undo, dev, &port->rest);
	wr_tree_step(t, dev, change, "qdisc del", "root handle %x:", port->major);
	if (comes_back && port->major == WR_MAJOR_NOQUEUE)
		add_noqueue(t, dev);
}

void wr_tree_del_foreign(struct weir_txn *t, const struct wr_dev *dev, const struct wr_qdisc *q,
			 uint32_t parent)
{
	struct wr_change *change = wr_txn_change(t);

	wr_tc_del_msg(&change->request, RTM_DELQDISC, dev->ifindex, q->handle, parent);
	wr_tc_msg(&change->undo, RTM_NEWQDISC, ADD, dev->ifindex, q->handle, parent, q->kind);
	if (q->options_len)
		wr_put(&change->undo, TCA_OPTIONS, q->options, q->options_len);
	if (q->ingress_block)
		wr_put_u32(&change->undo, TCA_INGRESS_BLOCK, q->ingress_block);
	if (q->egress_block)
		wr_put_u32(&change->undo, TCA_EGRESS_BLOCK, q->egress_block);
	wr_tree_step(t, dev, change, "qdisc del", "%s", parent == TC_H_ROOT ? "root" : q->kind);
}
