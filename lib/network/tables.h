/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tables of a network's definition and of a guest's port: see base/table.h. */
#ifndef WR_NETWORK_TABLES_H
#define WR_NETWORK_TABLES_H

#include <weir/network.h>

#include "base/table.h"

extern const struct wr_table wr_network_table, wr_port_table;

#endif
