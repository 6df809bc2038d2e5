/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which port a guest gets: a pure function of the network's definition and what
 * the guest asks. What is not decided by these two (names, indexes, MAC addresses
 * that nobody gave) stays open and is chosen in port.c.
 */
#include "base/table.h"
#include "network/network.h"

/* An unknown portgroup is an error and not "none": a misspelt limit must not be no limit. */
static int pick_portgroup(const struct weir_network *net, const char *name,
			  const struct weir_portgroup **ret, struct weir_error *err)
{
	*ret = NULL;
	for (size_t i = 0; i < net->n_portgroups; i++) {
		const struct weir_portgroup *g = &net->portgroups[i];

		if (name ? !strcmp(g->name, name) : g->is_default == WEIR_YES) {
			*ret = g;
			return 0;
		}
	}
	if (!name)
		return 0;
	return wr_refuse(err, -ENOENT, "port", "portgroup", "\"%s\" is no portgroup of network %s",
			 name, net->name);
}

static int check_guest(const struct weir_guest *g, struct weir_error *err)
{
	if (g->kind != WEIR_PORT_TAP && g->kind != WEIR_PORT_VETH)
		return wr_refuse(err, -EINVAL, "port", "kind", "%d is neither tap nor veth", g->kind);
	if (g->kind == WEIR_PORT_VETH && !g->netns)
		return wr_refuse(err, -EINVAL, "port", "netns", "is needed for a veth");
	if (g->kind == WEIR_PORT_VETH && g->n_queues)
		return wr_refuse(err, -EINVAL, "port", "queues", "are for taps only");
	if (g->n_queues > 256)
		return wr_refuse(err, -ERANGE, "port", "queues", "%u is outside 0..256", g->n_queues);
	if (g->mac[0] & 1)
		return wr_refuse(err, -EINVAL, "port", "mac", "is a multicast address");
	return 0;
}

/* The port is kept as JSON, which holds no other text. */
static int check_text(const char *src, const char *attr, struct weir_error *err)
{
	if (src && !wr_is_utf8(src))
		return wr_refuse(err, -EINVAL, "port", attr, "is not UTF-8");
	return 0;
}

static int copy_text(char *dst, size_t size, const char *src, const char *attr,
		     struct weir_error *err)
{
	if (src && strlen(src) >= size)
		return wr_refuse(err, -ENAMETOOLONG, "port", attr, "is longer than %zu bytes",
				 size - 1);
	wr_copy(dst, size, src);
	return check_text(src, attr, err);
}

static int copy_name(char dst[16], const char *src, const char *attr, struct weir_error *err)
{
	if (src && wr_check_ifname(src))
		return wr_refuse(err, -EINVAL, "port", attr,
				 "\"%s\" is no name for a link: 1 to 15 bytes without slash, colon, percent sign or space",
				 src);
	wr_copy(dst, 16, src);
	return check_text(src, attr, err);
}

int weir_network_resolve(const struct weir_network *net, const struct weir_guest *guest,
			 struct weir_port *ret, struct weir_error *err)
{
	const struct weir_portgroup *group;
	struct weir_port p = { .sz = sizeof(p) };
	struct weir_guest g;
	int r = wr_opts_copy(&g, sizeof(g), guest, "guest", err);

	if (!r)
		r = check_guest(&g, err);
	if (!r)
		r = pick_portgroup(net, g.portgroup, &group, err);
	if (!r)
		r = copy_name(p.name, g.name, "name", err);
	if (!r)
		r = copy_name(p.ifname, g.kind != WEIR_PORT_VETH ? NULL : g.ifname ? g.ifname : "eth0",
			      "ifname", err);
	if (!r)
		r = copy_text(p.owner, sizeof(p.owner), g.owner, "owner", err);
	if (!r)
		r = copy_text(p.netns, sizeof(p.netns), g.kind == WEIR_PORT_VETH ? g.netns : NULL, "netns",
			      err);
	if (r)
		return r;
	p.kind = g.kind;
	wr_copy(p.network, sizeof(p.network), net->name);
	wr_copy(p.portgroup, sizeof(p.portgroup), group ? group->name : "");
	wr_copy(p.bridge, sizeof(p.bridge), net->bridge.name);
	p.mode = net->forward.mode;
	memcpy(p.mac, g.mac, sizeof(p.mac));
	p.mtu = net->mtu;
	p.persistent = g.kind == WEIR_PORT_TAP && g.n_queues == 0;
	/* The guest's limits replace the portgroup's as a whole, both directions. */
	if (g.has_bandwidth) {
		p.bandwidth = g.bandwidth;
		p.bandwidth_from = 1;
	} else if (group && (group->bandwidth.inbound.average_bytes_per_s ||
			     group->bandwidth.outbound.average_bytes_per_s)) {
		p.bandwidth = group->bandwidth;
		p.bandwidth_from = 2;
	}
	r = weir_bandwidth_check(&p.bandwidth, err);
	if (!r)
		*ret = p;
	return r;
}
