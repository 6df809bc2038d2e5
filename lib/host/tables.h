/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of a host interface group: see base/table.h. */
#ifndef WR_HOST_TABLES_H
#define WR_HOST_TABLES_H

#include <weir/host.h>

#include "base/table.h"

extern const struct wr_table wr_group_table;

#endif
