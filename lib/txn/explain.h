/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Words for what the kernel says with a number only. */
#ifndef WR_TXN_EXPLAIN_H
#define WR_TXN_EXPLAIN_H

#include <linux/netlink.h>

#include "base/error.h"

/* Adds to @err, the kernel's refusal of @msg, what its code means there. */
void wr_explain(const struct nlmsghdr *msg, struct weir_error *err);

#endif
