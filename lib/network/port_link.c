/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The link of a guest's port, as steps: a tap or a pair on a bridge, a macvtap or
 * macvlan on a link of the host. What it must be is in its record, which resolve.c and port.c
 * have filled.
 */
#include <stdio.h>

#include <weir/bridge.h>
#include <weir/link.h>

#include "base/ip.h"
#include "base/table.h"
#include "network/network.h"

#define IPV6_MIN_MTU 1280

bool wr_has_ipv6(uint32_t mtu)
{
	return (!mtu || mtu >= IPV6_MIN_MTU) && wr_ip_has_v6();
}

/* What tap and veth have in common: up last, and without an IPv6 address the guest could reach. */
static struct weir_link host_end(const struct weir_port *port, int master)
{
	struct weir_link l = {
		.sz = sizeof(l),
		.has = WEIR_LINK_NAME | WEIR_LINK_MAC | WEIR_LINK_UP |
		       (wr_has_ipv6(port->mtu) ? WEIR_LINK_ADDR_GEN_MODE : 0),
		.master = (uint32_t)master,
		.mtu = port->mtu,
		.addr_gen_mode = WEIR_ADDR_GEN_NONE,
		.is_up = true,
	};

	wr_copy(l.name, sizeof(l.name), port->name);
	memcpy(l.mac, port->host_mac, 6);
	if (master)	/* Open vSwitch takes its ports itself */
		l.has |= WEIR_LINK_MASTER;
	if (port->mtu)
		l.has |= WEIR_LINK_MTU;
	if (port->mac_table_manager == WEIR_MAC_TABLE_MANAGED)
		l.port.has |= WEIR_PORT_LEARNING | WEIR_PORT_FLOOD; /* both off */
	if (port->isolated == WEIR_YES) {
		l.port.has |= WEIR_PORT_ISOLATED;
		l.port.isolated = true;
	}
	return l;
}

static int add_tap(struct weir_txn *t, const struct weir_port *port, int master,
		   const struct weir_guest *guest, int *ret_fds)
{
	struct weir_link l = host_end(port, master);

	l.kind = WEIR_LINK_TUN;
	l.tun.has = WEIR_TUN_VNET_HDR;
	l.tun.vnet_hdr = guest->vnet_hdr;
	return weir_txn_tap_add(t, &l, guest->n_queues, ret_fds);
}

static int add_veth(struct weir_txn *t, const struct weir_port *port, int master)
{
	struct weir_link l = host_end(port, master);

	l.kind = WEIR_LINK_VETH;
	l.veth.has = WEIR_VETH_PEER_NAME | WEIR_VETH_PEER_MAC;
	wr_copy(l.veth.peer_name, sizeof(l.veth.peer_name), port->ifname);
	memcpy(l.veth.peer_mac, port->mac, 6);
	if (port->mtu) {
		l.veth.has |= WEIR_VETH_PEER_MTU;
		l.veth.peer_mtu = port->mtu;
	}
	l.veth.peer_netns = port->netns;
	l.veth.peer_up = true;
	return weir_txn_link_add(t, &l);
}

static const enum weir_macvlan_mode macvlan_modes[] = {
	[WEIR_DIRECT_VEPA] = WEIR_MACVLAN_VEPA,
	[WEIR_DIRECT_PRIVATE] = WEIR_MACVLAN_PRIVATE,
	[WEIR_DIRECT_BRIDGE] = WEIR_MACVLAN_BRIDGE,
	[WEIR_DIRECT_PASSTHROUGH] = WEIR_MACVLAN_PASSTHRU,
};

static enum weir_link_kind direct_kind(const struct weir_port *port)
{
	return port->kind == WEIR_PORT_MACVLAN ? WEIR_LINK_MACVLAN : WEIR_LINK_MACVTAP;
}

static void set_mac(struct weir_txn *t, const struct weir_port *port, const uint8_t mac[6])
{
	struct weir_link l = { .sz = sizeof(l),
			       .has = WEIR_LINK_IFINDEX | WEIR_LINK_NAME | WEIR_LINK_MAC,
			       .kind = direct_kind(port),
			       .ifindex = port->ifindex };

	wr_copy(l.name, sizeof(l.name), port->name);
	memcpy(l.mac, mac, 6);
	weir_txn_link_set(t, &l);
}

/*
 * In mode passthru the two links have one address: a new one takes that of the
 * link below, and from then on each change of its own changes the other.
 */
static int add_direct(struct weir_txn *t, struct weir_port *port, const struct wr_place *place)
{
	bool passthru = port->direct_mode == WEIR_DIRECT_PASSTHROUGH;
	struct weir_link l = {
		.sz = sizeof(l),
		.has = WEIR_LINK_NAME | WEIR_LINK_LOWER | WEIR_LINK_UP |
		       (wr_has_ipv6(place->mtu) ? WEIR_LINK_ADDR_GEN_MODE : 0),
		.kind = direct_kind(port),
		.lower = (uint32_t)place->ifindex,
		.addr_gen_mode = WEIR_ADDR_GEN_NONE,
		.is_up = true,
		.macvlan = { .has = WEIR_MACVLAN_MODE,
			     .mode = macvlan_modes[port->direct_mode & 3] },
	};

	wr_copy(l.name, sizeof(l.name), port->name);
	memcpy(l.mac, port->mac, 6);
	if (!passthru)
		l.has |= WEIR_LINK_MAC;
	port->ifindex = weir_txn_link_add(t, &l);
	if (port->ifindex > 0 && passthru)
		set_mac(t, port, port->mac);
	return port->ifindex;
}

static bool has_tag(const struct weir_vlan_tags *vlans, uint16_t id)
{
	for (size_t i = 0; i < vlans->n_tags; i++)
		if (vlans->tags[i].id == id)
			return true;
	return false;
}

/* A tag or a trunk; and out of the vlans that it was in. */
static void change_vlans(struct weir_txn *t, int ifindex, const struct weir_vlan_tags *old,
			 const struct weir_vlan_tags *vlans)
{
	struct weir_port_vlan v = { .sz = sizeof(v), .ifindex = ifindex };

	for (size_t i = 0; i < old->n_tags; i++) {
		v.vid = old->tags[i].id;
		if (!has_tag(vlans, v.vid))
			weir_txn_port_vlan_del(t, &v);
	}
	for (size_t i = 0; i < vlans->n_tags; i++) {
		const struct weir_vlan_tag *tag = &vlans->tags[i];

		v.vid = tag->id;
		v.pvid = !vlans->is_trunk || tag->native != WEIR_NATIVE_NO;
		v.untagged = !vlans->is_trunk || tag->native == WEIR_NATIVE_UNTAGGED;
		weir_txn_port_vlan_add(t, &v);
	}
}

/* Without any said, a port is in the vlan that the bridge puts every new one into. */
int wr_port_link_retag(struct weir_txn *t, const struct weir_port *port, const struct weir_vlan_tags *old,
		       const struct weir_vlan_tags *vlans, const struct wr_place *place)
{
	struct weir_vlan_tag tag = { .id = place->default_pvid };
	const struct weir_vlan_tags unsaid = { .tags = &tag, .n_tags = tag.id ? 1 : 0 };

	change_vlans(t, port->ifindex, old->n_tags ? old : &unsaid, vlans->n_tags ? vlans : &unsaid);
	return weir_txn_error(t, NULL);
}

static void set_vlans(struct weir_txn *t, const struct weir_port *port, const struct wr_place *place)
{
	const struct weir_vlan_tags unsaid = { 0 };

	if (port->vlan.n_tags)
		wr_port_link_retag(t, port, &unsaid, &port->vlan, place);
}

int wr_port_link_add(struct weir_txn *t, struct weir_port *port, const struct wr_place *place,
		     const struct weir_guest *guest, int *ret_fds)
{
	int below = place->ifindex;
	int r = port->kind == WEIR_PORT_TAP  ? add_tap(t, port, below, guest, ret_fds) :
		port->kind == WEIR_PORT_VETH ? add_veth(t, port, below) :
					       add_direct(t, port, place);

	if (r < 0)
		return r;
	port->ifindex = r;
	if (port->plug == WEIR_PLUG_DIRECT)
		return guest->n_queues ? weir_txn_macvtap_open(t, r, guest->n_queues,
							       guest->vnet_hdr, ret_fds) :
					 0;
	if (below)
		set_vlans(t, port, place);
	wr_mac_table_tell(t, port, place);
	return weir_txn_error(t, NULL);
}

/* One that is there and has come off its bridge. */
int wr_port_link_put_back(struct weir_txn *t, const struct weir_port *port,
			  const struct wr_place *place)
{
	struct weir_link l = host_end(port, place->ifindex);

	l.ifindex = port->ifindex;
	l.kind = port->kind == WEIR_PORT_VETH ? WEIR_LINK_VETH : WEIR_LINK_TUN;
	l.has = WEIR_LINK_IFINDEX | WEIR_LINK_NAME | WEIR_LINK_MASTER | WEIR_LINK_UP;
	weir_txn_link_set(t, &l);
	set_vlans(t, port, place);
	wr_mac_table_tell_again(t, port, place);
	return weir_txn_error(t, NULL);
}

/*
 * Of one that passes it on, the link below gets its own address back as long as it is there.
 * One that is not here was moved; without the link below there is none on it, wherever.
 */
static int del_direct(struct weir_txn *t, const struct weir_port *port)
{
	struct weir *w = weir_txn_handle(t);
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_link l = { .sz = sizeof(l) };
	int r = weir_link_get(w, port->ifindex, NULL, &l, &err);
	const bool is_away = r == -ENODEV;

	if (is_away)
		r = weir_link_get(w, 0, port->dev, &l, &err);
	if (r)
		return is_away && r == -ENODEV ? 0 : weir_txn_refuse(t, &err);
	if (is_away)
		return weir_txn_link_del_moved(t, port->ifindex, l.ifindex);
	if (port->direct_mode == WEIR_DIRECT_PASSTHROUGH && !strcmp(l.name, port->name))
		set_mac(t, port, port->host_mac);
	return weir_txn_link_del(t, port->ifindex, port->name);
}

int wr_port_link_del(struct weir_txn *t, const struct weir_port *port)
{
	if (port->ifindex <= 0)
		return 0;
	return port->plug == WEIR_PLUG_DIRECT ? del_direct(t, port) : weir_txn_link_del(t, port->ifindex, port->name);
}
