/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of this folder need of each other. */
#ifndef WR_LINK_LINK_H
#define WR_LINK_LINK_H

#include <weir/link.h>

struct weir_txn;

/* Copies @link, checks it, and gives it an index and our group where it has none. */
int wr_link_prepare(struct weir_txn *t, const struct weir_link *link, struct weir_link *ret);
/* The messages that give a tap, made by ioctl, its settings. */
void wr_link_settle_tap(struct weir_txn *t, const struct weir_link *l);

#endif
