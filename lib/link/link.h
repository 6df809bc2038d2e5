/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of this folder need of each other. */
#ifndef WR_LINK_LINK_H
#define WR_LINK_LINK_H

#include <weir/link.h>

struct weir_txn;
struct weir_error;
struct wr_batch;

/* As weir_link_get(), and all of it. */
int wr_link_get(struct weir *w, int ifindex, const char *name, struct weir_link *ret, struct weir_error *err);
/* "bond bond0", or "link 7". */
void wr_link_object(const struct weir_link *l, char object[64]);
/* What is wrong in itself, and what is missing from a new one. */
int wr_link_check(const struct weir_link *l, struct weir_error *err);
int wr_link_check_new(const struct weir_link *l, struct weir_error *err);

/* Copies @link to @l, checks it, and gives it an index and our group where it has none. */
int wr_link_prepare(struct weir_txn *t, const struct weir_link *link, struct weir_link *l);
/* Sets what @part has of a link's own attributes, not of its kind; taken back by setting what @undo has. */
void wr_link_step(struct weir_txn *t, const struct weir_link *part, const struct weir_link *undo);
/* The messages that give a link back what it loses with its namespace: its master, its settings as a port, being up. */
void wr_link_put_master(struct wr_batch *b, const struct weir_link *was);
/* The message that makes @l, with what may ride in it; of a veth the other end's namespace and index. */
void wr_link_create_msg(struct wr_batch *b, const struct weir_link *l, int peer_netns_fd, int peer_ifindex);
/* The messages that give a tap, made by ioctl, its settings. */
void wr_link_settle_tap(struct weir_txn *t, const struct weir_link *l, bool is_open);

/*
 * Of each link that the last step makes, or that is changed: may be a bridge that is filled in
 * the transaction that makes it, or what it gets (fill.c). The one-file tool has no room for it.
 */
#ifdef WR_NO_FILL
#define wr_fill(t, l, is_new) ((void)0)
#else
void wr_fill(struct weir_txn *t, const struct weir_link *l, bool is_new);
#endif

#endif
