/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Ifbs, where what guests send is shaped: one for a few hundred ports, with a class
 * for each, or one of a port's own.
 */
#ifndef WR_TC_IFB_H
#define WR_TC_IFB_H

#include "tc/read.h"

#define WR_IFB_QUEUE 256	/* packets; the driver's own 32 drop too early */

struct wr_record;

/* A class on an ifb that is free, and which nobody else gets in this transaction. */
struct wr_slot {
	int ifindex;
	char name[16];
	uint32_t classid;
	bool has_block;		/* of our filter (block.h); else the first port that is to have it makes it */
};

/* The index of the ifb that a port's class will be on. */
int wr_ifb_next(struct weir_txn *t, int port, int *ret, struct weir_error *err);
/* Whether there is an ifb with a block for the port: 1, 0 or a negative errno. */
int wr_ifb_has_block(struct weir_txn *t, int port, struct weir_error *err);
/*
 * What wr_ifb_take() will ask, for who asks about the port (read.h): whether there may be ifbs of ours; or of the
 * one that was used last, whose its block is, and whether the class is free that goes with the port.
 */
struct wr_ifb_also {
	struct wr_also also;
	struct wr_record *rec;
	struct wr_ifb *ifb;
	uint32_t classid;
	bool is_taken;
	struct wr_redirect filter;	/* in the block */
};
void wr_ifb_also(struct weir_txn *t, int port, struct wr_ifb_also *ret);
/*
 * Chooses a class for a port on a shared ifb; makes one where all are full. @by_block: that
 * which the block's filter finds for the port.
 */
int wr_ifb_take(struct weir_txn *t, int port, bool by_block, struct wr_slot *ret, struct weir_error *err);
/* Before a qdisc that shares the ifb's block goes: what sees to it that undo brings the filter back. */
void wr_ifb_keep_block(struct weir_txn *t, int ifindex);
/* Gives a class back, with the ifb if it was the last. What redirects there must be gone before. */
int wr_ifb_give(struct weir_txn *t, int ifindex, uint32_t classid, struct weir_error *err);
/* An ifb of @port's own; the class is to be made there, or where there are floors the tree that is. */
int wr_ifb_own(struct weir_txn *t, const char *port, bool has_floors, struct wr_slot *ret);

#endif
