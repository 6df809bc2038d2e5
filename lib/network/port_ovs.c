/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which bridges and ports of the host are Open vSwitch's. A bridge of its kernel
 * module is a link of kind "openvswitch", one of its userspace a tap: the database
 * alone knows for certain.
 */
#include <stdio.h>

#include <weir/link.h>

#include "network/check.h"
#include "network/network.h"
#include "ovs/ovs.h"

bool wr_is_ovs(const struct weir_port *port)
{
	return port->plug == WEIR_PLUG_BRIDGE &&
	       port->virtualport.type == WEIR_VIRTUALPORT_OPENVSWITCH;
}

bool wr_wants_ovs(const struct weir_network *net)
{
	bool wants = net->virtualport.type == WEIR_VIRTUALPORT_OPENVSWITCH;

	for (size_t i = 0; i < net->n_portgroups; i++)
		wants |= net->portgroups[i].virtualport.type == WEIR_VIRTUALPORT_OPENVSWITCH;
	return wants && wr_has_host_bridge(net);
}

int wr_find_ovs_bridge(struct weir *w, const struct weir_port *port, const struct weir_link *bridge,
		       struct weir_error *err)
{
	int r;

	if (bridge->kind == WEIR_LINK_BRIDGE)
		return wr_refuse(err, -EINVAL, "port", "virtualport.type",
				 "is openvswitch, and %s is a Linux bridge", port->bridge);
	r = wr_ovs_has_bridge(w, port->bridge, err);
	if (!r)
		return wr_refuse(err, -EINVAL, "port", "bridge",
				 "%s is neither a Linux bridge nor one of Open vSwitch", port->bridge);
	if (r < 0 || wr_is_ovs(port))
		return r < 0 ? r : 0;
	return wr_refuse(err, -EINVAL, "port", "virtualport.type",
			 "must be openvswitch, because %s is a bridge of Open vSwitch", port->bridge);
}
