/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * HTB trees, and a TBF, as steps of a transaction: each piece with its undo and its line of
 * the plan. On a link that the transaction makes, nothing needs an undo: it goes with the link.
 */
#ifndef WR_TC_TREE_H
#define WR_TC_TREE_H

#include "tc/limiter.h"
#include "tc/read.h"

struct wr_dev {
	int ifindex;
	const char *name;
};

/* A root of ours where there is none. */
void wr_tree_qdisc(struct weir_txn *t, const struct wr_dev *dev, uint32_t major,
		   uint32_t default_minor);
/* The same with a limit for all that leaves (limiter.h), and its leaf. */
void wr_tree_root(struct weir_txn *t, const struct wr_dev *dev, enum weir_qdisc by, uint32_t major,
		  uint32_t default_minor, const struct wr_htb_class *c, enum weir_leaf leaf);
/*
 * In such a root the class of what has no floor. Both go with it: their undo might find
 * a TBF of the same number, which knows no deletion of classes.
 */
void wr_tree_rest(struct weir_txn *t, const struct wr_dev *dev, uint32_t major, const struct wr_htb_class *c,
		  enum weir_leaf leaf);
/* A class with its leaf. */
void wr_tree_class(struct weir_txn *t, const struct wr_dev *dev, uint32_t classid, uint32_t parent,
		   const struct wr_htb_class *c, enum weir_leaf leaf);
/*
 * A class, or TBF, in place: what is queued stays, counters go on. One without options is
 * the transaction's own: its undo takes it away, whatever it has become. @leaf: what
 * its leaf becomes, WEIR_LEAF_AUTO: what it is.
 */
void wr_tree_change(struct weir_txn *t, const struct wr_dev *dev, const struct wr_tc_class *old,
		    const struct wr_htb_class *c, enum weir_leaf leaf);
/* Another leaf for a class with a rate: what waits in the old one is lost, the class's counters go on. */
void wr_tree_leaf(struct weir_txn *t, const struct wr_dev *dev, const struct wr_tc_class *old,
		  enum weir_leaf leaf, uint64_t bytes_per_s);
void wr_tree_class_del(struct weir_txn *t, const struct wr_dev *dev, const struct wr_tc_class *old);
/* Our root, which has no floors. What had been there before comes back, unless another root of ours does. */
void wr_tree_del(struct weir_txn *t, const struct wr_dev *dev, const struct wr_port *port, bool comes_back);
/* A qdisc of others; undo brings it back as it is told by its options, not what stood in it. */
void wr_tree_del_foreign(struct weir_txn *t, const struct wr_dev *dev, const struct wr_qdisc *q,
			 uint32_t parent);

/*
 * A request of tc as a step, whose line of the plan is "tc VERB dev DEV ...", where @verb is "qdisc add".
 * @verb: NULL for none.
 */
struct weir_step *wr_tree_step(struct weir_txn *t, const struct wr_dev *dev, const struct wr_change *change,
			       const char *verb, const char *fmt, ...) WR_PRINTF(5, 6);
/* The name as a shell's word, for plans. */
const char *wr_dev_word(const struct wr_dev *dev, char buf[80]);

#endif
