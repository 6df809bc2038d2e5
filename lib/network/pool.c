/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Pools of links and virtual functions: their members, how many ports use each,
 * and which one the next port gets. Use is counted by looking at the ports'
 * records, so it is outside of the definition and cannot go wrong by an update.
 */
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/table.h"
#include "network/check.h"
#include "network/network.h"

static bool is_exclusive(const struct weir_port *port)
{
	return port->plug == WEIR_PLUG_HOSTDEV || port->direct_mode == WEIR_DIRECT_PASSTHROUGH ||
	       (port->direct_mode == WEIR_DIRECT_PRIVATE &&
		port->virtualport.type == WEIR_VIRTUALPORT_8021QBH);
}

int weir_pool_pick(const struct weir_port *port, const struct weir_pool_entry *pool, size_t n,
		   size_t *ret, struct weir_error *err)
{
	size_t best = 0;

	if (!n)
		return wr_refuse(err, -ENODEV, "port", "forward", "network %s has an empty pool",
				 port->network);
	for (size_t i = 1; i < n; i++)
		if (pool[i].n_ports < pool[best].n_ports)
			best = i;
	if (is_exclusive(port) && pool[best].n_ports)
		return wr_refuse(err, -EBUSY, "port", "forward",
				 "all %zu of network %s's pool are in use", n, port->network);
	*ret = best;
	return 0;
}
