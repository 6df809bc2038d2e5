/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What lib/ip shows to the rest of libweir: its tables and its type of steps. */
#ifndef WR_IP_STEPS_H
#define WR_IP_STEPS_H

#include <weir/ip.h>
#include <weir/txn.h>

#include "base/table.h"

struct nlmsghdr;

extern const struct wr_table *const wr_addr_tables[], *const wr_route_tables[];
extern const struct weir_step_ops wr_sysctl_ops;

/* Whether an undo brings back what the link has now, so that no step has to (weir_txn_link_keep()). */
__attribute__((pure)) bool wr_txn_keeps(const struct weir_txn *t, int ifindex);

/* Read an RTM_NEWADDR, an RTM_NEWROUTE (and their opposites). */
int wr_addr_decode(const struct nlmsghdr *msg, struct weir_addr *ret, struct weir_error *err);
/* -ENOENT: it is no unicast route of the main table by one link. */
int wr_route_decode(const struct nlmsghdr *msg, struct weir_route *ret, struct weir_error *err);

#endif
