/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Deleting links, known by index and name together. Each RTM_DELLINK waits for a grace period, and a group of links
 * shares one wait: so the links of a transaction are gathered in a group of their own, which one message deletes.
 */
#ifndef WR_TXN_DELETE_H
#define WR_TXN_DELETE_H

#include "txn/txn.h"

/* Keeps of @refs those that exist; returns how many, or a negative errno. */
ssize_t wr_keep_existing(struct weir *w, struct wr_link_ref *refs, size_t n, struct weir_error *err);

/* How many of the links exist. */
int wr_count_links(struct weir *w, const struct wr_link_ref *refs, size_t n, size_t *ret,
		   struct weir_error *err);
/* Deletes those of the links that exist, in one message if it can. */
int wr_delete_links(struct weir *w, const struct wr_link_ref *refs, size_t n,
		    struct weir_error *err);

/* Drops from the transaction's list what is gone, or whose index somebody else has by now. */
int wr_deletes_prepare(struct weir_txn *t, struct weir_error *err);
/* Into a group of their own, if there are several. */
int wr_deletes_gather(struct weir_txn *t, struct weir_error *err);
/* Back into their groups, those that are still there. */
int wr_deletes_scatter(struct weir_txn *t, struct weir_error *err);
/* The point of no return: one message that deletes every link, or none. */
int wr_deletes_apply(struct weir_txn *t, struct weir_error *err);

#endif
