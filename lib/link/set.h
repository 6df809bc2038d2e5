/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A set of links that are wanted together, in any order: set.c finds out what is
 * there and whether the whole is possible, order.c knows what the kernel wants first.
 */
#ifndef WR_LINK_SET_H
#define WR_LINK_SET_H

#include "link/kinds.h"
#include "txn/txn.h"

enum wr_phase { WR_NOT_YET, WR_UNDER_WAY, WR_DONE };

struct wr_member {
	struct weir_link want;	/* the caller's, with an index */
	struct weir_link is;	/* what the kernel has, if exists */
	struct weir_link end;	/* what there will be: want over is */
	bool exists;
	bool is_made;		/* by a step before the set */
	bool has_left;		/* the bond it was a port of, by a step of the set */
	enum wr_phase made, joined, finished;	/* order.c's */
};

struct wr_set {
	struct weir_txn *t;
	struct wr_member *members;
	size_t n;
	struct wr_member **by_index;	/* sorted */
	struct weir_link *others;	/* what members refer to and is not in the set; sorted by index */
	size_t n_others;
	struct weir_link *vlans;	/* those on members that go up or down on the way */
	size_t n_vlans;
};

/* Reads what is there and checks the whole; the error is the transaction's. */
int wr_set_gather(struct wr_set *s, struct weir_link *links, size_t n);
void wr_set_done(struct wr_set *s);
/* Puts the steps on the transaction. */
void wr_set_build(struct wr_set *s);

struct wr_member *wr_set_member(const struct wr_set *s, uint32_t ifindex);
/* What a link will be, member or not; NULL: nobody knows. */
const struct weir_link *wr_set_end(const struct wr_set *s, uint32_t ifindex);
/* Its master, or what it stands on; 0: none. */
uint32_t wr_master_of(const struct weir_link *l);
uint32_t wr_lower_of(const struct weir_link *l);

#endif
