/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What lib/ip shows to the rest of libweir: its tables and its type of steps. */
#ifndef WR_IP_STEPS_H
#define WR_IP_STEPS_H

#include <weir/ip.h>
#include <weir/txn.h>

#include "base/table.h"

extern const struct wr_table *const wr_addr_tables[], *const wr_route_tables[];
extern const struct weir_step_ops wr_sysctl_ops;

#endif
