/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A transaction that is never carried out, for tests that look at its messages. */
#ifndef TESTS_COMMON_DRY_TXN_H
#define TESTS_COMMON_DRY_TXN_H

#include <linux/netlink.h>

#include "txn/txn.h"

struct dry_txn {
	struct weir *w;
	struct weir_txn *t;
};

void dry_begin(struct dry_txn *d);
void dry_end(struct dry_txn *d);
/* The request of an rtnetlink step, counted from 0. */
const struct nlmsghdr *dry_message(const struct dry_txn *d, size_t step);

#endif
