/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Filters that ports have in common. The ingress qdiscs of all ports on one ifb
 * share a block, whose number is the ifb's index, and in it is one filter: its
 * program computes the class from the port's index, its action redirects. So a port
 * needs neither a filter nor a block of its own. That matters because the kernel has
 * one list of all blocks, and walks it for each new one (flow_indr_dev_setup_offload).
 *
 * The block comes with the first qdisc and goes with the last, and with it the filter.
 */
#ifndef WR_TC_BLOCK_H
#define WR_TC_BLOCK_H

#include "tc/tree.h"

/* Whose the block of an ifb's number is. */
enum wr_block { WR_BLOCK_UNKNOWN, WR_BLOCK_FREE, WR_BLOCK_OURS, WR_BLOCK_TAKEN };

/* From the answer to wr_redirect_block_get_msg(): the filter, of zeros if there is none, and the result. */
enum wr_block wr_block_of(const struct wr_redirect *filter, const struct wr_result *result);

/* These bits of a port's index tell its class. */
#define WR_BLOCK_PORTS 0x7ffu
/* The class that the program finds for a port. Not every two ports of an ifb can have that: ifb.c */
static inline uint32_t wr_block_class(int port)
{
	const uint32_t low = (uint32_t)port & WR_BLOCK_PORTS;

	return WR_CLASS(WR_MAJOR_SHARED, low + (low & ~7u) + WR_BEST_EFFORT);
}

/* The filter, behind the first qdisc that has the block. */
void wr_txn_block_filter_add(struct weir_txn *t, const struct wr_dev *ifb);
/*
 * To stand before the deletion of a qdisc that may be the block's last: nothing is
 * done, but undo sees to it that the filter is there for the qdiscs that came back.
 */
void wr_txn_block_keep(struct weir_txn *t, int ifb);
extern const struct weir_step_ops wr_block_keep_ops;

#endif
