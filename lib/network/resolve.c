/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which port a guest gets: a pure function of the network's definition and what
 * the guest asks. What is not decided by these two (names, indexes, MAC addresses
 * and ids that nobody gave, the member of a pool) stays open and is chosen in
 * port.c.
 */
#include "base/ip.h"
#include "base/table.h"
#include "network/check.h"
#include "network/network.h"
#include "network/tables.h"

/* An unknown portgroup is an error and not "none": a misspelt limit must not be no limit. */
static int pick_portgroup(const struct weir_network *net, const struct weir_guest *guest,
			  const struct weir_portgroup **ret, struct weir_error *err)
{
	const char *name = guest->portgroup;

	*ret = NULL;
	for (size_t i = 0; i < net->n_portgroups; i++) {
		const struct weir_portgroup *g = &net->portgroups[i];

		if (name ? !strcmp(g->name, name) : g->is_default == WEIR_YES) {
			*ret = g;
			return 0;
		}
	}
	if (!name || guest->flags & WEIR_GUEST_COMPATIBLE)
		return 0;
	return wr_refuse(err, -ENOENT, "port", "portgroup", "\"%s\" is no portgroup of network %s",
			 name, net->name);
}

static int check_guest(const struct weir_guest *g, struct weir_error *err)
{
	if (g->kind != WEIR_PORT_TAP && g->kind != WEIR_PORT_VETH && g->kind != WEIR_PORT_MACVLAN)
		return wr_refuse(err, -EINVAL, "port", "kind", "%d is neither tap, veth nor macvlan",
				 g->kind);
	if (g->kind == WEIR_PORT_VETH && !g->netns)
		return wr_refuse(err, -EINVAL, "port", "netns", "is needed for a veth");
	if (g->kind != WEIR_PORT_TAP && g->n_queues)
		return wr_refuse(err, -EINVAL, "port", "queues", "are for taps only");
	if (g->n_queues > 256)
		return wr_refuse(err, -ERANGE, "port", "queues", "%u is outside 0..256",
				 g->n_queues);
	if (g->mac[0] & 1)
		return wr_refuse(err, -EINVAL, "port", "mac", "is a multicast address");
	if (g->trust_guest_rx_filters > WEIR_YES || g->isolated > WEIR_YES)
		return wr_refuse(err, -EINVAL, "port",
				 g->isolated > WEIR_YES ? "isolated" : "trustGuestRxFilters",
				 "is neither yes nor no");
	if (g->anti_spoofing > WEIR_SPOOFING_IP)
		return wr_refuse(err, -EINVAL, "port", "antiSpoofing", "%u is not known",
				 g->anti_spoofing);
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
		return wr_refuse(
			err, -EINVAL, "port", attr,
			"\"%s\" is no name for a link: 1 to 15 bytes without slash, colon, percent sign or space",
			src);
	wr_copy(dst, 16, src);
	return check_text(src, attr, err);
}

static int copy_uuid(char dst[37], const char *src, const char *attr, struct weir_error *err)
{
	if (src && wr_text_uuid(src))
		return wr_refuse(err, -EINVAL, "port", attr, "\"%s\" " WR_UUID_RULE, src);
	wr_copy(dst, 37, src);
	return 0;
}

static int copy_identity(struct weir_port *p, const struct weir_guest *g, struct weir_error *err)
{
	bool pair = g->kind == WEIR_PORT_VETH;
	int r = copy_name(p->name, g->name, "name", err);

	if (!r)
		r = copy_name(p->ifname,
			      !pair     ? NULL :
			      g->ifname ? g->ifname :
					  "eth0",
			      "ifname", err);
	if (!r)
		r = copy_text(p->owner, sizeof(p->owner), g->owner, "owner", err);
	if (!r)
		r = copy_text(p->netns, sizeof(p->netns), pair ? g->netns : NULL, "netns", err);
	if (!r)
		r = copy_uuid(p->uuid, g->uuid, "uuid", err);
	if (!r)
		r = copy_uuid(p->owner_uuid, g->owner_uuid, "ownerUuid", err);
	return r;
}

/* --- what it is connected to -------------------------------------------------------------------- */

uint8_t wr_plug_of(const struct weir_network *net)
{
	if (wr_has_own_bridge(net))
		return WEIR_PLUG_NETWORK;
	if (net->forward.mode == WEIR_FORWARD_HOSTDEV)
		return WEIR_PLUG_HOSTDEV;
	return wr_has_host_bridge(net) ? WEIR_PLUG_BRIDGE : WEIR_PLUG_DIRECT;
}

static uint8_t direct_mode(uint8_t forward_mode)
{
	return forward_mode == WEIR_FORWARD_BRIDGE  ? WEIR_DIRECT_BRIDGE :
	       forward_mode == WEIR_FORWARD_PRIVATE ? WEIR_DIRECT_PRIVATE :
	       forward_mode == WEIR_FORWARD_VEPA    ? WEIR_DIRECT_VEPA :
						      WEIR_DIRECT_PASSTHROUGH;
}

static int connect(const struct weir_network *net, const struct weir_guest *g, struct weir_port *p,
		   struct weir_error *err)
{
	wr_copy(p->network, sizeof(p->network), net->name);
	p->mode = net->forward.mode;
	p->plug = wr_plug_of(net);
	if (g->kind == WEIR_PORT_VETH && p->plug > WEIR_PLUG_BRIDGE)
		return wr_refuse(err, -EOPNOTSUPP, "port", "kind",
				 "a pair needs a bridge, which network %s has not", net->name);
	if (g->kind == WEIR_PORT_MACVLAN && p->plug != WEIR_PLUG_DIRECT)
		return wr_refuse(err, -EOPNOTSUPP, "port", "kind",
				 "a macvlan needs links of the host to stand on, which network %s has not", net->name);
	p->kind = g->kind;
	p->persistent = g->kind == WEIR_PORT_TAP && g->n_queues == 0;
	if (wr_is_bridged(p)) {
		wr_copy(p->bridge, sizeof(p->bridge), net->bridge.name);
		p->mac_table_manager = net->bridge.mac_table_manager;
		p->mtu = net->mtu;
	} else if (p->plug == WEIR_PLUG_DIRECT) {
		p->kind = g->kind == WEIR_PORT_MACVLAN ? WEIR_PORT_MACVLAN : WEIR_PORT_MACVTAP;
		p->persistent = true;
		p->direct_mode = direct_mode(p->mode);
	} else {
		p->kind = WEIR_PORT_HOSTDEV;
		p->persistent = false;
		p->managed = net->forward.managed;
		if (wr_table_copy(&wr_pci_driver_table, &p->driver, &net->forward.driver))
			return wr_nomem(err);
	}
	return 0;
}

/* --- what it is given ----------------------------------------------------------------------------- */

/* The guest's limits replace the portgroup's as a whole, both directions; the network's are the bridge's. */
static int give_bandwidth(const struct weir_guest *g, const struct weir_portgroup *group,
			  struct weir_port *p, struct weir_error *err)
{
	if (g->has_bandwidth) {
		p->bandwidth = g->bandwidth;
		p->bandwidth_from = WEIR_FROM_GUEST;
	} else if (group && wr_is_limited(&group->bandwidth)) {
		p->bandwidth = group->bandwidth;
		p->bandwidth_from = WEIR_FROM_PORTGROUP;
	}
	if (p->plug == WEIR_PLUG_HOSTDEV && wr_is_limited(&p->bandwidth))
		return wr_refuse(err, -EINVAL, "port", "bandwidth",
				 "cannot be had by a virtual function");
	if (p->plug != WEIR_PLUG_NETWORK && p->bandwidth.inbound.floor_bytes_per_s)
		return wr_refuse(err, -EINVAL, "port", "bandwidth.inbound.floor",
				 "needs a network with a bridge of its own");
	if (p->plug != WEIR_PLUG_NETWORK && p->bandwidth.outbound.floor_bytes_per_s)
		return wr_refuse(err, -EINVAL, "port", "bandwidth.outbound.floor",
				 "needs a network with a bridge of its own");
	return weir_bandwidth_check(&p->bandwidth, err);
}

/* The first of guest, portgroup and network that says something, and who it was. */
static uint8_t first_said(uint8_t guest, uint8_t group, uint8_t network, uint8_t *ret_from)
{
	*ret_from = guest   ? WEIR_FROM_GUEST :
		    group   ? WEIR_FROM_PORTGROUP :
		    network ? WEIR_FROM_NETWORK :
			      WEIR_FROM_NOBODY;
	return guest ? guest : group ? group : network;
}

static int give_vlan(const struct weir_network *net, const struct weir_guest *g,
		     const struct weir_portgroup *group, struct weir_port *p,
		     struct weir_error *err)
{
	const struct weir_vlan_tags *vlan = &g->vlan;

	first_said(g->vlan.n_tags > 0, group && group->vlan.n_tags, net->vlan.n_tags > 0,
		   &p->vlan_from);
	if (p->vlan_from == WEIR_FROM_NOBODY)
		return 0;
	if (p->vlan_from != WEIR_FROM_GUEST)
		vlan = p->vlan_from == WEIR_FROM_PORTGROUP ? &group->vlan : &net->vlan;
	if (wr_table_copy(&wr_vlan_table, &p->vlan, vlan))
		return wr_nomem(err);
	return weir_vlan_check(&p->vlan, err);
}

static void note_profiles(struct weir_port *p, const struct weir_virtualport *const from[3])
{
	static const uint8_t names[] = { WEIR_FROM_GUEST, WEIR_FROM_NETWORK, WEIR_FROM_PORTGROUP };

	for (size_t i = 0; i < WR_COUNT(names) && p->virtualport.has; i++)
		if (from[i] && from[i]->has)
			p->virtualport_from = p->virtualport_from ? WEIR_FROM_SEVERAL : names[i];
}

static int give_virtualport(const struct weir_network *net, const struct weir_guest *g,
			    const struct weir_portgroup *group, struct weir_port *p,
			    struct weir_error *err)
{
	const struct weir_virtualport *from[] = { &g->virtualport, &net->virtualport,
						  group ? &group->virtualport : NULL };
	int r = weir_virtualport_check(from[0], err);

	if (!r)
		r = weir_virtualport_merge(from[0], from[1], from[2], &p->virtualport, err);
	if (!r && p->virtualport.has)
		r = wr_virtualport_gate(net, &p->virtualport, err);
	if (!r)
		r = weir_virtualport_complete(&p->virtualport, true, err);
	note_profiles(p, from);
	if (p->virtualport_from == WEIR_FROM_SEVERAL)
		p->guest_virtualport = g->virtualport;
	return r;
}

/* --- whether that goes together ----------------------------------------------------------------------- */

static int check_whole(const struct weir_port *p, struct weir_error *err)
{
	bool bridged = wr_is_bridged(p);
	bool takes_vlans =
		p->plug == WEIR_PLUG_HOSTDEV || p->plug == WEIR_PLUG_BRIDGE ||
		(p->plug == WEIR_PLUG_DIRECT && p->direct_mode == WEIR_DIRECT_PASSTHROUGH);

	if (p->vlan.n_tags && !takes_vlans)
		return wr_refuse(
			err, -EINVAL, "port", "vlan",
			"is for modes hostdev and passthrough, and for bridges of the host");
	if (wr_yes(p->isolated) && (!bridged || p->virtualport.type))
		return wr_refuse(err, -EINVAL, "port", "isolated",
				 "is for ports of Linux bridges only");
	return 0;
}

/* --- addresses that it is held to --------------------------------------------------------------------- */

static int check_spoofing(const struct weir_port *p, struct weir_error *err)
{
	bool bridged = wr_is_bridged(p);

	if (!bridged || p->virtualport.type)
		return wr_refuse(err, -EINVAL, "port", "antiSpoofing",
				 "is for ports of Linux bridges only");
	if (wr_yes(p->trust_guest_rx_filters))
		return wr_refuse(err, -EINVAL, "port", "antiSpoofing",
				 "contradicts trustGuestRxFilters");
	if (p->anti_spoofing == WEIR_SPOOFING_IP && (p->vlan.is_trunk || p->vlan.n_tags > 1))
		return wr_refuse(err, -EINVAL, "port", "antiSpoofing",
				 "does not look at IP addresses behind the tags of a trunk");
	return 0;
}

/* @p->addresses has room. */
static void hold_to(struct weir_port *p, const struct weir_ip *ip)
{
	for (size_t i = 0; i < p->n_addresses; i++)
		if (wr_ip_equal(&p->addresses[i].address, ip))
			return;
	p->addresses[p->n_addresses++].address = *ip;
}

/* As many as hold_to_network() may find. */
static size_t count_known(const struct weir_network *net)
{
	size_t n = net->n_ips;

	for (size_t i = 0; i < net->n_ips; i++)
		n += net->ips[i].dhcp.n_hosts;
	return n;
}

/* Those that DHCP keeps for its MAC address, and what it makes of router advertisements. */
static void hold_to_network(const struct weir_network *net, struct weir_port *p)
{
	char mac[18];

	wr_mac_format(p->mac, mac);
	for (size_t i = 0; i < net->n_ips; i++) {
		const struct weir_network_ip *ip = &net->ips[i];
		struct weir_ip own = wr_ip_eui64(&ip->address, p->mac);

		for (size_t k = 0; k < ip->dhcp.n_hosts; k++)
			if (wr_same_mac(ip->dhcp.hosts[k].mac, mac))
				hold_to(p, &ip->dhcp.hosts[k].address);
		if (ip->address.family == WEIR_FAMILY_IPV6 && weir_network_ip_prefix(ip) == 64)
			hold_to(p, &own);
	}
}

/* What the guest says is kept though it counts for nothing yet: the port may be moved. */
static int note_addresses(const struct weir_network *net, const struct weir_guest *g,
			  struct weir_port *p, struct weir_error *err)
{
	bool held = p->anti_spoofing == WEIR_SPOOFING_IP;
	size_t room = g->n_addresses + (held ? count_known(net) : 0);

	if (!room)
		return 0;
	p->addresses = calloc(room, sizeof(*p->addresses));
	if (!p->addresses)
		return wr_nomem(err);
	for (size_t i = 0; i < g->n_addresses; i++)
		hold_to(p, &g->addresses[i]);
	if (held)
		hold_to_network(net, p);
	if (!p->n_addresses)
		free(wr_take(p->addresses));
	return 0;
}

/* On a network with IPv4, one that is held to none of its addresses is a mistake. */
static bool lacks_addresses(const struct weir_network *net, const struct weir_port *p)
{
	bool needs = false, has = false;

	for (size_t i = 0; i < net->n_ips; i++)
		needs |= net->ips[i].address.family == WEIR_FAMILY_IPV4;
	for (size_t i = 0; i < p->n_addresses; i++)
		has |= p->addresses[i].address.family == WEIR_FAMILY_IPV4;
	return needs ? !has : !p->n_addresses;
}

static int give_spoofing(const struct weir_network *net, const struct weir_guest *g,
			 const struct weir_portgroup *group, struct weir_port *p,
			 struct weir_error *err)
{
	int r = 0;

	p->anti_spoofing = first_said(g->anti_spoofing,
				      group ? group->anti_spoofing : WEIR_SPOOFING_DEFAULT,
				      net->anti_spoofing, &p->anti_spoofing_from);
	if (p->anti_spoofing >= WEIR_SPOOFING_MAC)
		r = check_spoofing(p, err);
	if (!r)
		r = note_addresses(net, g, p, err);
	if (r || p->anti_spoofing != WEIR_SPOOFING_IP || !lacks_addresses(net, p))
		return r;
	return wr_refuse(err, -EINVAL, "port", "addresses",
			 "are needed by antiSpoofing, or a DHCP host with the guest's MAC address");
}

static int resolve(const struct weir_network *net, const struct weir_guest *g, struct weir_port *p,
		   struct weir_error *err)
{
	const struct weir_portgroup *group = NULL;
	int r = check_guest(g, err);

	if (!r)
		r = pick_portgroup(net, g, &group, err);
	if (!r)
		r = copy_identity(p, g, err);
	if (!r)
		r = connect(net, g, p, err);
	if (r)
		return r;
	wr_copy(p->portgroup, sizeof(p->portgroup), group ? group->name : g->portgroup);
	memcpy(p->mac, g->mac, sizeof(p->mac));
	p->trust_guest_rx_filters = first_said(g->trust_guest_rx_filters,
					       group ? group->trust_guest_rx_filters : WEIR_ABSENT,
					       net->trust_guest_rx_filters, &p->trust_from);
	p->isolated = first_said(g->isolated, WEIR_ABSENT, net->port_isolated, &p->isolated_from);
	r = give_bandwidth(g, group, p, err);
	if (!r)
		r = give_vlan(net, g, group, p, err);
	if (!r)
		r = give_virtualport(net, g, group, p, err);
	if (!r)
		r = give_spoofing(net, g, group, p, err);
	return r ? r : check_whole(p, err);
}

int weir_network_resolve(const struct weir_network *net, const struct weir_guest *guest,
			 struct weir_port *ret, struct weir_error *err)
{
	struct weir_port p = { .sz = sizeof(p) };
	struct weir_guest g;
	int r = wr_opts_copy(&g, sizeof(g), guest, "guest", err);

	if (!r)
		r = resolve(net, &g, &p, err);
	if (!r)
		return wr_port_give(ret, &p, err);
	weir_port_done(&p);
	return r;
}
