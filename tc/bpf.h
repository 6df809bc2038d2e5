/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The outbound filter where the kernel has no act_skbedit: a program that chooses
 * the class on the ifb and redirects there. The class is the filter's, so all ports
 * on one ifb share a program. And the program of a block (block.h), whose class
 * follows from the port.
 */
#ifndef WR_TC_BPF_H
#define WR_TC_BPF_H

#include "tc/tree.h"

#define WR_BPF_BY_PORT (-1)

/*
 * Loads the program: what it sees gets the filter's class, of this major, and leaves
 * by @ifindex; 0: goes on as if there were no filter. That of a block (WR_BPF_BY_PORT)
 * has the port's class, and goes on too. A descriptor or -errno.
 */
int wr_bpf_load(int ifindex, uint32_t major);
/* The same, which @t closes in the end. */
int wr_txn_bpf_program(struct weir_txn *t, int ifb, uint32_t major);

/* The filter, by a message that names the program by a descriptor. @goes_with_qdisc: which is new. */
void wr_txn_bpf_filter_add(struct weir_txn *t, const struct wr_dev *port, const struct wr_dev *ifb,
			   uint32_t classid, bool goes_with_qdisc);
/*
 * Its deletion is a step of a type of its own: undo loads the program again, maybe in
 * another process, so no message of the journal could name it.
 */
void wr_txn_bpf_filter_del(struct weir_txn *t, const struct wr_dev *port, int ifb, uint32_t classid);
extern const struct weir_step_ops wr_bpf_del_ops;

#endif
