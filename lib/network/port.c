/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Guests' ports: attach and detach as steps, and the record of each. What port a
 * guest gets is decided in resolve.c; here it is made.
 */
#include <net/if.h>
#include <stdio.h>

#include <weir/link.h>

#include "base/ip.h"
#include "base/list.h"
#include "base/table.h"
#include "network/network.h"
#include "network/tables.h"
#include "ovs/ovs.h"

#define MAX_PORTS 1000000

static int refuse(struct weir_txn *t, const char *network, struct weir_error *err)
{
	if (!*err->object)
		wr_format(err->object, sizeof(err->object), "network %s", network);
	return weir_txn_refuse(t, err);
}

/* Of a caller that knows fewer members, those. */
void weir_port_done(struct weir_port *port)
{
	const size_t sz = port->sz < sizeof(*port) ? port->sz : sizeof(*port);
	struct weir_port full = { 0 };

	memcpy(&full, port, sz);
	wr_table_free(&wr_port_table, &full);
	memcpy(port, &full, sz);
}

int wr_port_give(struct weir_port *ret, struct weir_port *port, struct weir_error *err)
{
	int r = wr_opts_give(ret, port, sizeof(*port), err);

	if (!r)
		memset(port, 0, ret->sz);
	port->sz = sizeof(*port);
	weir_port_done(port);
	return r;
}

void weir_ports_free(struct weir_port *ports, size_t n)
{
	for (size_t i = 0; i < n; i++)
		weir_port_done(&ports[i]);
	free(ports);
}

/* --- choosing -------------------------------------------------------------------------------- */

struct naming {
	struct weir_txn *t;
	char *name;
};

/* In the namespace that the link is to be in: to get there for each name takes longer than to look. */
static int find_name(void *arg)
{
	const struct naming *n = arg;
	struct weir *w = weir_txn_handle(n->t);

	for (int i = 0; i < MAX_PORTS; i++) {
		wr_format(n->name, 16, "vnet%d", i);
		if (!wr_store_has(w, WR_STORE_PORTS, n->name) && !wr_link_is_here(n->name) &&
		    !wr_port_name_is_taken(n->t, n->name))
			return 0;
	}
	return -ENOSPC;
}

static int choose_name(struct weir_txn *t, char name[16], struct weir_error *err)
{
	struct naming naming = { t, name };
	int r = weir_in_netns(weir_txn_handle(t), find_name, &naming);

	if (r == -ENOSPC)
		return wr_refuse(err, r, "port", "name", "vnet0 to vnet%d are all taken", MAX_PORTS - 1);
	return r ? wr_syserr(err, r, "port", "the handle's namespace") : 0;
}

static int refuse_name(struct weir *w, const char *name, struct weir_error *err)
{
	struct weir_port port = { .sz = sizeof(port) };
	struct weir_error why = WEIR_ERROR_INIT;
	int r = wr_store_port(w, name, &port, &why);

	weir_port_done(&port);
	if (!wr_store_is_damaged(w, name, r, &why))
		return wr_refuse(err, -EEXIST, "port", "name", "%s is another guest's port", name);
	return wr_refuse(err, -EEXIST, "port", "name",
			 "%s is another guest's port, and its record %s/ports/%s.json is damaged: detach it first",
			 name, weir_state_dir(w), name);
}

static int complete(struct weir_txn *t, struct weir_port *port, struct weir_error *err)
{
	struct weir *w = weir_txn_handle(t);
	int r = 0;

	weir_virtualport_generate(&port->virtualport);
	wr_host_mac(port->mac, port->host_mac);
	if (!*port->name)
		r = choose_name(t, port->name, err);
	else if (wr_store_has(w, WR_STORE_PORTS, port->name))
		r = refuse_name(w, port->name, err);
	return r ? r : wr_port_uuid_take(t, port, err);
}

/* --- attaching --------------------------------------------------------------------------------- */

static int refuse_floor(struct weir_txn *t, const char *direction)
{
	struct weir_error err = WEIR_ERROR_INIT;
	char attr[64];

	wr_format(attr, sizeof(attr), "bandwidth.%s.floor", direction);
	wr_refuse(&err, -EINVAL, "port", attr, "needs a network with an %s average that it is a part of",
		  direction);
	return weir_txn_refuse(t, &err);
}

/* A part of what the bridge may send, kept for this guest. */
static int add_floor(struct weir_txn *t, const struct wr_live *live, struct weir_port *port)
{
	const uint64_t floor = port->bandwidth.inbound.floor_bytes_per_s;

	if (!floor)
		return 0;
	if (live->net.bandwidth.inbound.average_bytes_per_s)
		return weir_txn_floor_set(t, live->bridge_ifindex, live->net.bridge.name, port->mac,
					  floor, 0, &port->floor_class);
	return refuse_floor(t, "inbound");
}

/* And of what it may receive: a class on the bridge's ifb, which the port's redirect will choose. */
static int add_outbound_floor(struct weir_txn *t, const struct wr_live *live, struct weir_port *port)
{
	const uint64_t floor = port->bandwidth.outbound.floor_bytes_per_s;

	if (!floor)
		return 0;
	if (!live->net.bandwidth.outbound.average_bytes_per_s)
		return refuse_floor(t, "outbound");
	wr_copy(port->outbound_floor_on, sizeof(port->outbound_floor_on), live->ifb_name);
	return weir_txn_floor_set(t, live->ifb_ifindex, live->ifb_name, NULL, floor, 0,
				  &port->outbound_floor_class);
}

/* Nothing is left of them where a macvlan is to go; nobody shall believe that there were any. */
static int refuse_limits(struct weir_txn *t)
{
	struct weir_error err = WEIR_ERROR_INIT;

	wr_refuse(&err, -EOPNOTSUPP, "port", "bandwidth",
		  "cannot be had by a macvlan: the kernel drops it when the link is moved to its container");
	return weir_txn_refuse(t, &err);
}

/*
 * Gives a port limits, in place of those it may have; one of Open vSwitch all that its
 * record says. @shape receives where.
 */
static int limit_by(struct weir_txn *t, struct weir_port *port, const struct weir_shape_options *how,
		    struct weir_shape *shape)
{
	struct weir_shape_options opts = *how;
	int r;

	if (wr_is_ovs(port))
		return wr_txn_ovs_set(t, port);
	if (port->kind == WEIR_PORT_MACVLAN)
		return wr_is_limited(&port->bandwidth) ? refuse_limits(t) : 0;
	opts.floor_class = port->outbound_floor_class;
	r = weir_txn_shape_set(t, port->ifindex, port->name, &port->bandwidth, &opts, shape);
	if (r)
		return r;
	port->ifb_ifindex = shape->ifb_ifindex;
	port->ifb_class = shape->ifb_class;
	wr_copy(port->ifb_name, sizeof(port->ifb_name), shape->ifb_name);
	return 0;
}

/* A macvtap that was moved has lost its limits on the way, and where it is now nothing can be done from here. */
static int refuse_elsewhere(struct weir_txn *t, const struct weir_port *port)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_link l = { .sz = sizeof(l) };

	if (port->kind != WEIR_PORT_MACVTAP ||
	    (!weir_link_get(weir_txn_handle(t), port->ifindex, NULL, &l, NULL) && !strcmp(l.name, port->name)))
		return 0;
	wr_refuse(&err, -ENODEV, "port", "bandwidth",
		  "cannot change: %s is not in this network namespace, and the kernel has dropped its limits if it was moved",
		  port->name);
	return weir_txn_refuse(t, &err);
}

static const struct weir_shape_options automatic = { .sz = sizeof(automatic) };

static int limit(struct weir_txn *t, struct weir_port *port)
{
	struct weir_shape shape = { .sz = sizeof(shape) };

	return limit_by(t, port, &automatic, &shape);
}

/* @from: who decided these limits; the record says so. What is guaranteed to the guest is none, and stays. */
static int limit_anew(struct weir_txn *t, struct weir_port *port, const struct weir_bandwidth *bandwidth,
		      enum weir_source from, const struct weir_shape_options *how, struct weir_shape *shape)
{
	const struct weir_bandwidth was = port->bandwidth;
	int r = refuse_elsewhere(t, port);

	port->bandwidth = *bandwidth;
	port->bandwidth.inbound.floor_bytes_per_s = was.inbound.floor_bytes_per_s;
	port->bandwidth.outbound.floor_bytes_per_s = was.outbound.floor_bytes_per_s;
	port->bandwidth_from = wr_is_limited(bandwidth) ? from : WEIR_FROM_NOBODY;
	if (!r)
		r = limit_by(t, port, how, shape);
	return r ? r : wr_txn_store_port(t, port);
}

int wr_port_limit(struct weir_txn *t, struct weir_port *port,
		  const struct weir_bandwidth *bandwidth, enum weir_source from)
{
	struct weir_shape shape = { .sz = sizeof(shape) };

	return limit_anew(t, port, bandwidth, from, &automatic, &shape);
}

/* --- what it is on ----------------------------------------------------------------------------- */

/* A bridge of the host is looked up each time: its owner may have made it anew. */
int wr_find_bridge(struct weir *w, struct weir_port *port, struct wr_place *ret,
		   struct weir_error *err)
{
	struct weir_link bridge = { .sz = sizeof(bridge) };
	int r = weir_link_get(w, 0, port->bridge, &bridge, err);

	if (r)
		return r;
	port->mtu = bridge.mtu;
	*ret = (struct wr_place){ 0 };
	if (bridge.kind != WEIR_LINK_BRIDGE || wr_is_ovs(port))
		return wr_find_ovs_bridge(w, port, &bridge, err);
	if (port->mac_table_manager == WEIR_MAC_TABLE_MANAGED)
		return wr_refuse(err, -EOPNOTSUPP, "port", "macTableManager",
				 "cannot be done on bridges of the host yet");
	if (port->vlan.n_tags && !bridge.bridge.vlan_filtering)
		return wr_refuse(err, -EINVAL, "port", "vlan",
				 "needs a bridge that filters vlans, and %s does not",
				 port->bridge);
	*ret = (struct wr_place){ .ifindex = bridge.ifindex, .default_pvid = bridge.bridge.vlan_default_pvid };
	return 0;
}

static int find_member(struct weir_txn *t, const struct weir_network *net, struct weir_port *port,
		       struct wr_place *ret, struct weir_error *err)
{
	struct weir *w = weir_txn_handle(t);
	struct weir_pool_entry *pool = NULL;
	struct weir_link lower = { .sz = sizeof(lower) };
	size_t n = 0, at = 0;
	int r;

	if (port->plug == WEIR_PLUG_HOSTDEV && wr_has_vfs(w))
		return wr_check_vf(port, err);
	r = wr_pool(t, net, &pool, &n, err);
	if (!r)
		r = weir_pool_pick(port, pool, n, &at, err);
	if (r)
		return r;
	pool[at].n_ports++;
	wr_copy(port->dev, sizeof(port->dev), pool[at].dev);
	wr_copy(port->pci, sizeof(port->pci), pool[at].pci);
	if (port->plug == WEIR_PLUG_HOSTDEV)
		return 0;
	r = weir_link_get(w, 0, port->dev, &lower, err);
	if (r)
		return r;
	if (port->direct_mode == WEIR_DIRECT_PASSTHROUGH)
		memcpy(port->host_mac, lower.mac, 6);
	ret->ifindex = lower.ifindex;
	ret->mtu = lower.mtu;
	return 0;
}

static int find_place(struct weir_txn *t, const struct wr_live *live, struct weir_port *port,
		      struct wr_place *ret, struct weir_error *err)
{
	struct weir *w = weir_txn_handle(t);
	int r;

	ret->ifindex = live->bridge_ifindex;
	if (port->plug == WEIR_PLUG_DIRECT || port->plug == WEIR_PLUG_HOSTDEV)
		return find_member(t, &live->net, port, ret, err);
	r = port->plug == WEIR_PLUG_NETWORK ? 0 : wr_find_bridge(w, port, ret, err);
	return r || wr_is_ovs(port) ? r : wr_take_room(t, live, port, ret, err);
}

/* --- attaching ----------------------------------------------------------------------------------- */

/* The addresses of a record are what <weir/nat.h> takes. */
_Static_assert(sizeof(struct weir_port_address) == sizeof(struct weir_ip), "a list of addresses");

static int guard(struct weir_txn *t, const struct weir_port *port,
		 int (*change)(struct weir_txn *t, const struct weir_guard *guard))
{
	struct weir_guard g = { .sz = sizeof(g),
				.port = port->name,
				.hold_addresses = port->anti_spoofing == WEIR_SPOOFING_IP,
				.addresses = port->n_addresses ? &port->addresses->address : NULL,
				.n_addresses = port->n_addresses };

	memcpy(g.mac, port->mac, 6);
	return port->anti_spoofing < WEIR_SPOOFING_MAC ? 0 : change(t, &g);
}

int wr_port_guard(struct weir_txn *t, const struct weir_port *port)
{
	return guard(t, port, weir_txn_guard_add);
}

/* Before there is a link that it could send by. */
static int attach(struct weir_txn *t, const struct wr_live *live, const struct weir_guest *guest,
		  struct weir_port *port, const struct wr_place *place, int *ret_fds)
{
	int r = guard(t, port, weir_txn_guard_add);

	if (!r && port->plug == WEIR_PLUG_HOSTDEV) {
		r = wr_port_vf_add(t, &live->net, port);
	} else if (!r) {
		r = port->plug == WEIR_PLUG_DIRECT ? wr_port_vf_below(t, &live->net, port) : 0;
		if (!r)
			r = wr_port_link_add(t, port, place, guest, ret_fds);
		if (!r)
			r = add_outbound_floor(t, live, port);
		if (!r)
			r = limit(t, port);
		if (!r)
			r = add_floor(t, live, port);
	}
	if (!r)
		r = wr_port_associate(t, port);
	if (!r)
		r = wr_txn_store_port(t, port);
	if (!r)
		r = wr_txn_store_uuid(t, port);
	if (!r)
		wr_txn_hook(t, "port-created", &live->net, port);
	return r;
}

/* First of all, because addresses are made of it. */
static void give_mac(struct weir_guest *guest)
{
	static const uint8_t none[6];

	if (!memcmp(guest->mac, none, 6))
		wr_make_mac(guest->mac);
}

static int check_queues(const struct weir_port *port, const struct weir_guest *guest,
			const int *ret_fds, struct weir_error *err)
{
	if (!guest->n_queues)
		return 0;
	if (port->kind != WEIR_PORT_TAP && port->kind != WEIR_PORT_MACVTAP)
		return wr_refuse(err, -EINVAL, "port", "queues", "are for taps and macvtaps only");
	return ret_fds ? 0 :
			 wr_refuse(err, -EINVAL, "port", "queues", "need a place for descriptors");
}

int weir_txn_port_attach(struct weir_txn *t, const char *network, const struct weir_guest *guest,
			 struct weir_port *ret, int *ret_fds)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir *w = weir_txn_handle(t);
	struct weir_port port = { .sz = sizeof(port) };
	struct weir_guest full;
	const struct wr_live *live = NULL;
	struct wr_place place = { 0 };
	int r = wr_opts_copy(&full, sizeof(full), guest, "guest", &err);

	if (!r) {
		give_mac(&full);
		r = wr_store_live_last(w, network, &live, &err);
	}
	if (!r)
		r = weir_network_resolve(&live->net, &full, &port, &err);
	if (!r)
		r = check_queues(&port, &full, ret_fds, &err);
	if (!r)
		r = complete(t, &port, &err);
	if (!r)
		r = find_place(t, live, &port, &place, &err);
	r = r ? refuse(t, network, &err) : attach(t, live, &full, &port, &place, ret_fds);
	if (!r && ret && wr_port_give(ret, &port, &err))
		r = refuse(t, network, &err);
	weir_port_done(&port);
	return r;
}

/* --- detaching --------------------------------------------------------------------------------- */

/* Reads a port of this network (NULL: of any), and says which it is not. */
static int find_port(struct weir *w, const char *network, const char *name, struct weir_port *ret,
		     struct weir_error *err)
{
	int r = wr_store_port(w, name, ret, err);

	if (r == -ENOENT && network && !wr_store_has(w, WR_STORE_LIVE, network))
		r = wr_refuse(err, -ENOENT, "", "", "is not running");
	if (!r && network && strcmp(ret->network, network))
		r = wr_refuse(err, -ENOENT, "", "port", "%s is a port of network %s", name,
			      ret->network);
	return r;
}

/* What is on the port goes with it; its class on an ifb does not. */
static int unshape(struct weir_txn *t, const struct weir_port *port)
{
	struct weir_shape known = { .sz = sizeof(known), .ifb_ifindex = port->ifb_ifindex, .ifb_class = port->ifb_class };

	wr_copy(known.ifb_name, sizeof(known.ifb_name), port->ifb_name);
	return weir_txn_shape_clear(t, port->ifindex, port->name, &known);
}

/* What was kept for the guest is everybody's again, unless the bridge goes too or is gone. */
static int index_of_link(void *arg)
{
	return (int)if_nametoindex(arg);
}

static int del_floor(struct weir_txn *t, const char *on, const uint8_t *mac, uint32_t class)
{
	const int ifindex = class ? weir_in_netns(weir_txn_handle(t), index_of_link, (void *)on) : 0;

	return ifindex <= 0 ? 0 : weir_txn_floor_set(t, ifindex, on, mac, 0, class, NULL);
}

int wr_port_end(struct weir_txn *t, const struct wr_live *live, struct weir_port *port)
{
	int r = wr_txn_unstore(t, WR_STORE_PORTS, port->name);

	if (!r)
		r = wr_txn_unstore_uuid(t, port);
	if (!r)
		r = wr_txn_ready_forget(t, port->network, port->name);
	if (!r && wr_is_ovs(port))
		r = wr_txn_ovs_del(t, port);
	if (!r)
		r = wr_port_disassociate(t, port);
	if (!r)
		r = wr_port_link_del(t, port);
	if (!r && live)
		wr_port_forget(t, live, port);
	if (!r)
		r = guard(t, port, weir_txn_guard_del);
	if (!r && *port->vf)
		r = wr_port_vf_del(t, port);
	if (!r && port->ifb_ifindex > 0)
		r = unshape(t, port);
	if (!r)
		r = del_floor(t, live ? live->net.bridge.name : port->bridge, port->mac, port->floor_class);
	if (!r)
		r = del_floor(t, port->outbound_floor_on, NULL, port->outbound_floor_class);
	return r;
}

/* NULL if the network does not run or its record is damaged, neither of which stands in a port's way. */
static int live_of(struct weir *w, const char *network, const struct wr_live **ret, struct weir_error *err)
{
	struct weir_error why = WEIR_ERROR_INIT;
	int r;

	*ret = NULL;
	wr_store_live_last(w, network, ret, &why);
	r = wr_pass_over(&why, err);
	return r < 0 ? r : 0;
}

int weir_txn_port_detach(struct weir_txn *t, const char *network, const char *name)
{
	struct weir_port port = { .sz = sizeof(port) };
	struct weir_error err = WEIR_ERROR_INIT;
	const struct wr_live *live = NULL;
	struct weir *w = weir_txn_handle(t);
	int r = find_port(w, network, name, &port, &err);
	/* A folder in its place is no file that could be removed. */
	const bool is_damaged = network && r != -EISDIR && wr_store_is_damaged(w, name, r, &err);

	if (!r || is_damaged)
		r = live_of(w, is_damaged ? network : port.network, &live, &err);
	if (!r && is_damaged)
		r = wr_port_guess(w, live, network, name, &port, &err);
	r = r ? refuse(t, network, &err) : wr_port_end(t, live, &port);
	if (!r && live)
		wr_txn_hook(t, "port-deleted", &live->net, &port);
	weir_port_done(&port);
	return r;
}

/* --- moving -------------------------------------------------------------------------------------- */

/* What the guest asked when the port was attached, as far as the record tells. */
static struct weir_guest asked(const struct weir_port *p, const char *portgroup)
{
	struct weir_guest g = {
		.sz = sizeof(g),
		.kind = p->kind == WEIR_PORT_VETH || p->kind == WEIR_PORT_MACVLAN ? p->kind : WEIR_PORT_TAP,
		.name = p->name,
		.portgroup = portgroup,
		.netns = p->netns,
		.ifname = p->ifname,
		.has_bandwidth = p->bandwidth_from == WEIR_FROM_GUEST,
		.bandwidth = p->bandwidth,
		.addresses = p->n_addresses ? &p->addresses->address : NULL,
		.n_addresses = p->n_addresses,
	};

	memcpy(g.mac, p->mac, 6);
	if (p->anti_spoofing_from == WEIR_FROM_GUEST)
		g.anti_spoofing = p->anti_spoofing;
	if (p->vlan_from == WEIR_FROM_GUEST)
		g.vlan = p->vlan;
	if (p->virtualport_from == WEIR_FROM_GUEST)
		g.virtualport = p->virtualport;
	else if (p->virtualport_from == WEIR_FROM_SEVERAL)
		g.virtualport = p->guest_virtualport;
	if (p->trust_from == WEIR_FROM_GUEST)
		g.trust_guest_rx_filters = p->trust_guest_rx_filters;
	if (p->isolated_from == WEIR_FROM_GUEST)
		g.isolated = p->isolated;
	return g;
}

/* What the switch knows the port by stays. */
static void keep_ids(const struct weir_virtualport *is, struct weir_virtualport *want)
{
	wr_copy(want->instanceid, sizeof(want->instanceid), is->instanceid);
	wr_copy(want->interfaceid, sizeof(want->interfaceid), is->interfaceid);
	want->has |= is->has & (WEIR_VIRTUALPORT_INSTANCEID | WEIR_VIRTUALPORT_INTERFACEID);
}

/* Whether it changes vlans at a Linux bridge; Open vSwitch is told of the whole port. */
static bool retags(const struct weir_port *is, const struct weir_port *want)
{
	return !wr_is_ovs(is) && !wr_table_equal(&wr_vlan_table, &is->vlan, &want->vlan);
}

static int check_move(struct weir *w, const struct weir_port *is, struct weir_port *want,
		      struct wr_place *ret, struct weir_error *err)
{
	if (is->plug == WEIR_PLUG_HOSTDEV)
		return wr_refuse(err, -EOPNOTSUPP, "port", "portgroup",
				 "of a virtual function that a guest has cannot change");
	if (want->virtualport.type != is->virtualport.type)
		return wr_refuse(err, -EBUSY, "port", "virtualport.type",
				 "is another in that portgroup; attach the port anew");
	keep_ids(&is->virtualport, &want->virtualport);
	if (!retags(is, want))
		return 0;
	if (is->plug == WEIR_PLUG_DIRECT)
		return wr_refuse(err, -EBUSY, "port", "vlan",
				 "is another in that portgroup; attach the port anew");
	return wr_find_bridge(w, want, ret, err);
}

/* Each has what was the other's afterwards, so that what they point to is freed once. */
static void take_over(struct weir_port *port, struct weir_port *want)
{
	struct weir_vlan_tags vlan = port->vlan;

	port->vlan = want->vlan;
	want->vlan = vlan;
	port->vlan_from = want->vlan_from;
	port->virtualport = want->virtualport;
	port->virtualport_from = want->virtualport_from;
	port->guest_virtualport = want->guest_virtualport;
	wr_copy(port->portgroup, sizeof(port->portgroup), want->portgroup);
	port->trust_guest_rx_filters = want->trust_guest_rx_filters;
	port->trust_from = want->trust_from;
	port->anti_spoofing = want->anti_spoofing;
	port->anti_spoofing_from = want->anti_spoofing_from;
	free(port->addresses);
	port->addresses = wr_take(want->addresses);
	port->n_addresses = want->n_addresses;
	want->n_addresses = 0;
}

static bool same_addresses(const struct weir_port *is, const struct weir_port *want)
{
	bool same = is->n_addresses == want->n_addresses;

	for (size_t i = 0; same && i < is->n_addresses; i++)
		same = wr_ip_equal(&is->addresses[i].address, &want->addresses[i].address);
	return same;
}

/* Also where it is guarded already, if by other addresses. */
static int guard_anew(struct weir_txn *t, struct weir_port *port, struct weir_port *want)
{
	bool guarded = want->anti_spoofing >= WEIR_SPOOFING_MAC;
	int r = guarded ? 0 : guard(t, port, weir_txn_guard_del);

	take_over(port, want);
	return r ? r : guard(t, port, weir_txn_guard_add);
}

static bool differ(const struct weir_port *is, const struct weir_port *want)
{
	return strcmp(is->portgroup, want->portgroup) ||
	       is->trust_guest_rx_filters != want->trust_guest_rx_filters ||
	       is->anti_spoofing != want->anti_spoofing || !same_addresses(is, want) ||
	       !weir_virtualport_equal(&is->virtualport, &want->virtualport) ||
	       !wr_table_equal(&wr_vlan_table, &is->vlan, &want->vlan) ||
	       !wr_table_equal(&wr_bandwidth_table, &is->bandwidth, &want->bandwidth);
}

/* The switch is told last: what came before is undone without it. */
static int move(struct weir_txn *t, const struct weir_network *net, struct weir_port *port, struct weir_port *want,
		const struct wr_place *place)
{
	const bool tells = !wr_is_ovs(port) && !weir_virtualport_equal(&port->virtualport, &want->virtualport);
	const bool is_trusted = want->trust_guest_rx_filters == WEIR_YES;
	int r = tells ? wr_port_disassociate(t, port) : 0;

	if (!r && retags(port, want))
		r = wr_port_link_retag(t, port, &port->vlan, &want->vlan, place);
	if (!r && is_trusted != (port->trust_guest_rx_filters == WEIR_YES))
		r = wr_port_vf_trust(t, port, is_trusted);
	if (!r)
		r = guard_anew(t, port, want);
	if (!r)
		r = wr_port_limit(t, port, &want->bandwidth, want->bandwidth_from);
	if (!r && tells)
		r = wr_port_associate(t, port);
	if (!r)
		wr_txn_hook(t, "port-updated", net, port);
	return r;
}

int wr_port_follow(struct weir_txn *t, const struct weir_network *net, struct weir_port *port,
		   const char *portgroup)
{
	struct weir_port want = { .sz = sizeof(want) };
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_guest g = asked(port, portgroup);
	struct wr_place place = { 0 };
	int r = weir_network_resolve(net, &g, &want, &err);

	if (!r)
		r = check_move(weir_txn_handle(t), port, &want, &place, &err);
	if (r)
		refuse(t, net->name, &err);
	else if (differ(port, &want))
		r = move(t, net, port, &want, &place);
	weir_port_done(&want);
	return r;
}

int weir_txn_port_move(struct weir_txn *t, const char *network, const char *name,
		       const char *portgroup)
{
	struct weir_port port = { .sz = sizeof(port) };
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir *w = weir_txn_handle(t);
	const struct wr_live *live = NULL;
	int r = find_port(w, network, name, &port, &err);

	if (!r)
		r = wr_store_live_last(w, network, &live, &err);
	r = r ? refuse(t, network, &err) : wr_port_follow(t, &live->net, &port, portgroup);
	weir_port_done(&port);
	return r;
}

int weir_txn_port_limit(struct weir_txn *t, const char *network, const char *name,
			const struct weir_bandwidth *bandwidth, const struct weir_shape_options *options,
			struct weir_shape *ret)
{
	struct weir_shape_options full = { .sz = sizeof(full) };
	struct weir_shape shape = { .sz = sizeof(shape) };
	struct weir_port port = { .sz = sizeof(port) };
	struct weir_error err = WEIR_ERROR_INIT;
	const struct wr_live *live = NULL;
	int r = find_port(weir_txn_handle(t), network, name, &port, &err);

	if (!r)
		r = wr_opts_copy(&full, sizeof(full), options, "shape options", &err);
	if (!r)
		r = live_of(weir_txn_handle(t), port.network, &live, &err);
	r = r ? refuse(t, network ? network : port.network, &err) :
		limit_anew(t, &port, bandwidth, WEIR_FROM_GUEST, &full, &shape);
	if (!r && live)
		wr_txn_hook(t, "port-updated", &live->net, &port);
	if (!r && ret)
		wr_opts_give(ret, &shape, sizeof(shape), NULL);
	weir_port_done(&port);
	return r;
}

/* --- reading ------------------------------------------------------------------------------------- */

int weir_port_get(struct weir *w, const char *network, const char *name, struct weir_port *ret,
		  struct weir_error *err)
{
	struct weir_port port = { .sz = sizeof(port) };
	int r = find_port(w, network, name, &port, err);

	if (!r)
		return wr_port_give(ret, &port, err);
	weir_port_done(&port);	/* it may be of another network */
	return r;
}

struct listing {
	struct weir *w;
	const char *network;
	struct weir_port *ports;
	size_t n;
	bool is_short;	/* for a record that is damaged */
	struct weir_error *err;
};

static int pass_over(struct listing *l, const char *name)
{
	struct weir_damaged_port damaged;
	int r = wr_port_damage(l->w, l->network, name, &damaged, l->err);

	l->is_short |= r > 0;
	return r < 0 ? r : 0;
}

static int list_port(void *arg, const char *name)
{
	struct listing *l = arg;
	struct weir_port port, *more;
	int r = wr_store_next_port(l->w, name, &port, l->err);

	if (r)
		return r < 0 ? r : pass_over(l, name);
	if (strcmp(port.network, l->network)) {
		weir_port_done(&port);
		return 0;
	}
	more = wr_append(l->ports, l->n);
	if (!more) {
		weir_port_done(&port);
		return -ENOMEM;
	}
	*more = port;
	return 0;
}

/* vnet2 before vnet10. */
static int by_name(const void *a, const void *b)
{
	return strverscmp(((const struct weir_port *)a)->name, ((const struct weir_port *)b)->name);
}

int weir_port_list(struct weir *w, const char *network, struct weir_port **ret, size_t *ret_n,
		   struct weir_error *err)
{
	struct listing l = { .w = w, .network = network, .err = err };
	int r = network ? wr_store_each(w, WR_STORE_PORTS, list_port, &l, err) :
			  wr_refuse(err, -EINVAL, "network", "name", "is missing");

	if (r) {
		weir_ports_free(l.ports, l.n);
		return r == -ENOMEM ? wr_nomem(err) : r;
	}
	if (l.n)
		qsort(l.ports, l.n, sizeof(*l.ports), by_name);
	*ret = l.ports;
	*ret_n = l.n;
	return l.is_short;
}
