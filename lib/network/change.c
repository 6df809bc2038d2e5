/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Changing the definition of a network while it runs. Whatever is asked (one item,
 * a whole new definition, what was stored meanwhile) comes down to two definitions,
 * and the steps that lead from one to the other:
 *
 *	nft	its elements, in one nftables transaction
 *	send	new addresses and routes, settings and limits of the bridge, who keeps
 *		its table of MAC addresses, limits of ports whose portgroup has others now
 *	dnsmasq	host files and SIGHUP, or a restart where its configuration differs
 *	files	LIVE, the ports' records
 *
 * Where a whole definition is asked for, what others have taken from the packet filter,
 * forwarding and dnsmasq is put back, too, whether it differs or not.
 *
 * What would need more than that is refused before the first step, by its name.
 */
#include <stdio.h>
#include <stdlib.h>

#include <weir/link.h>
#include <weir/update.h>

#include "base/ip.h"
#include "base/table.h"
#include "dhcp/dhcp.h"
#include "network/check.h"
#include "network/network.h"
#include "network/tables.h"

#define DEFAULT_MTU 1500

/* @of: which of the two definitions it is about, where both are to change; else "". */
static int refuse(struct weir_txn *t, const char *of, const char *name, struct weir_error *err)
{
	char object[sizeof(err->object)];

	wr_copy(object, sizeof(object), err->object);
	wr_format(err->object, sizeof(err->object), "%s%s%s", of, *object ? "" : "network ", *object ? object : name);
	return weir_txn_refuse(t, err);
}

/* --- may it be done? ----------------------------------------------------------------------------- */

static int check_live(const struct weir_network *old, const struct weir_network *net,
		      struct weir_error *err)
{
	wr_auto(free) struct weir_change *changes = NULL;
	size_t n = 0;
	int r = weir_network_diff(old, net, &changes, &n, err);

	for (size_t i = 0; i < n && !r; i++)
		if (changes[i].takes == WEIR_TAKES_RESTART)
			r = wr_refuse(
				err, -EBUSY, "", changes[i].path,
				"differs from what runs; stop and start the network to change it");
	return r;
}

static bool same_pf(const struct weir_network *old, const struct weir_network *net)
{
	return old->forward.pf && net->forward.pf && !strcmp(old->forward.pf, net->forward.pf);
}

static bool in_pool(const struct weir_network *old, const struct weir_network *net, const struct weir_port *port)
{
	const struct weir_forward *f = &net->forward;

	if (same_pf(old, net) || (!*port->dev && !*port->pci))
		return true;
	for (size_t i = 0; i < f->n_interfaces; i++)
		if (!strcmp(f->interfaces[i].dev, port->dev))
			return true;
	for (size_t i = 0; i < f->n_addresses; i++)
		if (!strcmp(f->addresses[i].pci, port->pci))
			return true;
	return false;
}

static int check_pool(const struct weir_network *old, const struct weir_network *net,
		      const struct weir_port *ports, size_t n, struct weir_error *err)
{
	for (size_t i = 0; i < n; i++)
		if (!in_pool(old, net, &ports[i]))
			return wr_refuse(err, -EBUSY, "",
					 *ports[i].dev ? "forward.interfaces" : "forward.addresses",
					 "%s is in use by port %s",
					 *ports[i].dev ? ports[i].dev : ports[i].pci,
					 ports[i].name);
	return 0;
}

/* --- the network ------------------------------------------------------------------------------------ */

static bool differ(const struct weir_network *old, const struct weir_network *net,
		   const char *member)
{
	const struct wr_field *f = wr_find(&wr_network_table, member);

	return f && !wr_field_equal(f, old, net);
}

static bool has_addresses(const struct weir_network *net, const struct weir_network *of)
{
	for (size_t i = 0; i < of->n_ips; i++)
		if (!wr_has_ip(net, &of->ips[i], true))
			return false;
	return true;
}

/* What else is said of them (ranges, hosts, TFTP) only dnsmasq knows: neither the kernel nor a neighbour is asked. */
static bool addresses_differ(const struct weir_network *old, const struct weir_network *net)
{
	return !has_addresses(old, net) || !has_addresses(net, old);
}

/* @anew: whoever flushed the ruleset, or reset the sysctls, took it away from a network that runs on. */
static void change_filter(struct weir_txn *t, const struct weir_network *old,
			  const struct weir_network *net, bool anew)
{
	if (!anew && !differ(old, net, "forward") && !addresses_differ(old, net))
		return;
	wr_add_forwarding(t, net);
	if (net->forward.mode == WEIR_FORWARD_OPEN)
		wr_change_nat(t, old, weir_txn_nat_del);
	else
		wr_change_nat(t, net, weir_txn_nat_add);
}

/* Its subnet has another size now. IPv4 can have both for a moment, so that no packet is lost; IPv6 cannot. */
static bool is_resized(const struct weir_network *old, const struct weir_network_ip *ip)
{
	return ip->address.family == WEIR_FAMILY_IPV4 && wr_has_ip(old, ip, false) && !wr_has_ip(old, ip, true);
}

/* With an address go the routes through its subnet, at the latest with the last one of its family. */
static bool is_kept(const struct weir_network *old, const struct weir_network *net, const struct weir_ip *gateway)
{
	for (size_t i = 0; i < net->n_ips; i++) {
		const struct weir_network_ip *ip = &net->ips[i];

		if (gateway->family == ip->address.family && wr_has_ip(old, ip, false) &&
		    wr_ip_in(gateway, &ip->address, weir_network_ip_prefix(ip)))
			return true;
	}
	return false;
}

static bool has_route(const struct weir_network *net, const struct weir_network_route *rt)
{
	for (size_t i = 0; i < net->n_routes; i++)
		if (wr_table_equal(&wr_route_table, &net->routes[i], rt))
			return true;
	return false;
}

/* Routes first: what an address goes with is not there to be deleted behind it. */
static void del_addresses(struct weir_txn *t, const struct wr_live *live,
			  const struct weir_network *net)
{
	for (size_t i = 0; i < live->net.n_routes; i++)
		if (!has_route(net, &live->net.routes[i]) || !is_kept(&live->net, net, &live->net.routes[i].gateway))
			wr_del_route(t, &live->net.routes[i], live->bridge_ifindex);
	for (size_t i = 0; i < live->net.n_ips; i++)
		if (!wr_has_ip(net, &live->net.ips[i], true))
			wr_del_address(t, &live->net.ips[i], live->bridge_ifindex);
}

static void resize_subnets(struct weir_txn *t, const struct wr_live *live, const struct weir_network *net)
{
	for (size_t i = 0; i < net->n_ips; i++)
		if (is_resized(&live->net, &net->ips[i]))
			wr_add_address(t, &net->ips[i], live->bridge_ifindex);
}

static void add_addresses(struct weir_txn *t, const struct wr_live *live,
			  const struct weir_network *net)
{
	for (size_t i = 0; i < net->n_ips; i++)
		if (!wr_has_ip(&live->net, &net->ips[i], true) && !is_resized(&live->net, &net->ips[i]))
			wr_add_address(t, &net->ips[i], live->bridge_ifindex);
	for (size_t i = 0; i < net->n_routes; i++)
		if (!has_route(&live->net, &net->routes[i]) || !is_kept(&live->net, net, &net->routes[i].gateway))
			wr_add_route(t, &net->routes[i], live->bridge_ifindex);
}

/* What differs, at one of the bridges. */
static void change_bridge(struct weir_txn *t, const struct wr_live *live, const struct weir_network *net,
			  const char *name, int ifindex)
{
	struct weir_link l = {
		.sz = sizeof(l),
		.has = WEIR_LINK_IFINDEX | WEIR_LINK_NAME,
		.ifindex = ifindex,
		.kind = WEIR_LINK_BRIDGE,
	};

	if (differ(&live->net, net, "bridge"))
		l.bridge = wr_stp_of(net);
	if (differ(&live->net, net, "mtu")) {
		l.has |= WEIR_LINK_MTU;
		l.mtu = net->mtu ? net->mtu : DEFAULT_MTU;
	}
	wr_copy(l.name, sizeof(l.name), name);
	if (l.bridge.has || l.has & WEIR_LINK_MTU)
		weir_txn_link_set(t, &l);
}

/* What a guest has learned of the old address would be lost until it asks again: it is told. */
static void change_mac(struct weir_txn *t, const struct wr_live *live, const struct weir_network *net)
{
	struct weir_link l = { .sz = sizeof(l), .has = WEIR_LINK_IFINDEX | WEIR_LINK_NAME | WEIR_LINK_MAC,
			       .ifindex = live->bridge_ifindex };
	char path[96];

	if (!differ(&live->net, net, "mac"))
		return;
	wr_format(path, sizeof(path), "net/ipv4/conf/%s/arp_notify", net->bridge.name);
	weir_txn_sysctl_set(t, path, "1", true);
	wr_format(path, sizeof(path), "net/ipv6/conf/%s/ndisc_notify", net->bridge.name);
	weir_txn_sysctl_set(t, path, "1", true);
	wr_copy(l.name, sizeof(l.name), net->bridge.name);
	wr_mac_parse(net->mac, l.mac);
	weir_txn_link_set(t, &l);
}

static void change_bridges(struct weir_txn *t, const struct wr_live *live, const struct weir_network *net)
{
	change_mac(t, live, net);
	change_bridge(t, live, net, net->bridge.name, live->bridge_ifindex);
	for (size_t i = 0; i < live->n_spans; i++)
		change_bridge(t, live, net, live->spans[i].name, live->spans[i].ifindex);
	if (differ(&live->net, net, "mtu"))
		wr_spread_mtu(t, live, net->mtu ? net->mtu : DEFAULT_MTU);
}

/* Another mode can turn IPv6 forwarding on, as another address can. */
static int check_routes(struct weir_txn *t, const struct wr_live *live,
			const struct weir_network *net, bool anew, struct weir_error *err)
{
	if (!anew && !addresses_differ(&live->net, net) && !differ(&live->net, net, "forward"))
		return 0;
	return wr_check_free(weir_txn_handle(t), &live->net, net, err);
}

/* --- its ports ----------------------------------------------------------------------------------------- */

/* The packet filter and mac_table.c have seen to it; the record says so. */
static bool note_network(const struct weir_network *net, struct weir_port *port)
{
	if (!wr_is_bridged(port) || (port->mac_table_manager == net->bridge.mac_table_manager &&
				     port->mode == net->forward.mode))
		return false;
	port->mac_table_manager = net->bridge.mac_table_manager;
	port->mode = net->forward.mode;
	return true;
}

/* Only then the ports' records are read: there may be thousands, and hosts of DHCP come one by one. */
static bool concern_ports(const struct weir_network *old, const struct weir_network *net)
{
	return differ(old, net, "forward") || differ(old, net, "bridge") || differ(old, net, "portgroups");
}

static const struct weir_portgroup *group_of(const struct weir_network *net, const struct weir_port *port)
{
	for (size_t i = 0; i < net->n_portgroups; i++)
		if (!strcmp(net->portgroups[i].name, port->portgroup))
			return &net->portgroups[i];
	return NULL;
}

/*
 * What was changed at the portgroup, at its ports that got their limits there. Another change
 * brings nobody's back who was freed of them. New limits write the record, too.
 */
static int change_port(struct weir_txn *t, const struct weir_network *old, const struct weir_network *net,
		       struct weir_port *port)
{
	const bool noted = note_network(net, port);
	const struct weir_portgroup *was = group_of(old, port), *g = group_of(net, port);
	int r = 0;

	if (g && was && wr_table_equal(&wr_portgroup_table, was, g))
		g = NULL;
	if (g && wr_is_ovs(port))
		r = wr_port_follow(t, net, port, g->name);
	else if (g && port->bandwidth_from != WEIR_FROM_GUEST &&
		 (!was || !wr_table_equal(&wr_bandwidth_table, &was->bandwidth, &g->bandwidth)) &&
		 !wr_table_equal(&wr_bandwidth_table, &g->bandwidth, &port->bandwidth)) {
		r = wr_port_limit(t, port, &g->bandwidth, WEIR_FROM_PORTGROUP);
		if (!r)
			wr_txn_hook(t, "port-updated", net, port);
		return r;
	}
	return !r && noted ? wr_txn_store_port(t, port) : r;
}

/* --- its bridges ---------------------------------------------------------------------------------------- */

/* Those that are made now begin as the network is to be. */
static void change_spread(struct weir_txn *t, struct wr_live *live, const struct weir_network *net,
			  const struct weir_port *ports, size_t n)
{
	const size_t had = live->n_spans;

	wr_spread_del(t, live, wr_spread(net) - 1);
	wr_mac_tables_follow(t, live, net, ports, n);
	wr_spread_add(t, live, net);
	wr_spread_quiet(t, live, had);
	wr_spread_up(t, live, had);
}

/* --- all of it ------------------------------------------------------------------------------------------- */

static int change_own_bridge(struct weir_txn *t, struct wr_live *live,
			     const struct weir_network *net, const struct weir_port *ports, size_t n, bool anew)
{
	change_filter(t, &live->net, net, anew);
	resize_subnets(t, live, net);
	del_addresses(t, live, net);
	/* The first IPv6 address needs IPv6, which the bridge was made without; behind the last it goes. */
	if (addresses_differ(&live->net, net))
		wr_quiet_ipv6(t, net);
	add_addresses(t, live, net);
	change_bridges(t, live, net);
	change_spread(t, live, net, ports, n);
	if (differ(&live->net, net, "bandwidth"))
		wr_limit_bridge(t, live, net);
	return wr_txn_dhcp_reload(t, &live->net, net);
}

static int change_live(struct weir_txn *t, struct wr_live *live, const struct weir_network *net, const char *of,
		       bool anew)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_port *ports = NULL;
	size_t n = 0;
	int r = check_live(&live->net, net, &err);

	if (!r && (anew || concern_ports(&live->net, net)))
		r = weir_port_list(weir_txn_handle(t), net->name, &ports, &n, &err);
	if (r >= 0)	/* what a port has whose record is damaged cannot be changed */
		r = check_pool(&live->net, net, ports, n, &err);
	if (!r && wr_has_own_bridge(net))
		r = check_routes(t, live, net, anew, &err);
	if (!r && wr_has_host_bridge(net) && differ(&live->net, net, "virtualport"))
		r = wr_check_host_bridge(weir_txn_handle(t), net, &err);
	/* As a start does: another device would be given to a guest, or keep all guests from the functions. */
	if (!r && net->forward.mode == WEIR_FORWARD_HOSTDEV && differ(&live->net, net, "forward"))
		r = wr_check_functions(net, &err);
	if (!r)
		r = wr_check_spread(weir_txn_handle(t), live, net, ports, n, &err);
	if (r) {
		weir_ports_free(ports, n);
		return refuse(t, of, net->name, &err);
	}
	if (wr_has_own_bridge(net))
		r = change_own_bridge(t, live, net, ports, n, anew);
	else if (wr_has_host_bridge(net) && differ(&live->net, net, "bandwidth"))
		wr_limit_bridge(t, live, net);
	for (size_t i = 0; i < n && !r; i++) {
		r = anew ? wr_port_guard(t, &ports[i]) : 0;
		if (!r)
			r = change_port(t, &live->net, net, &ports[i]);
	}
	weir_ports_free(ports, n);
	if (r)
		return r;
	wr_table_free(&wr_network_table, &live->net);
	if (wr_table_copy(&wr_network_table, &live->net, net)) {
		wr_nomem(&err);
		return weir_txn_refuse(t, &err);
	}
	r = wr_txn_store_live(t, live);
	wr_txn_hook(t, "updated", &live->net, NULL);
	return r;
}

/* --- which definitions ------------------------------------------------------------------------------------- */

/* Makes of a definition, which is a copy, the one that is wanted. */
typedef int remake(struct weir_network *net, const void *arg, struct weir_error *err);
/* The one that is asked for as a whole, so that all of it is looked at. */
static remake replace;

static int change_one(struct weir_txn *t, const char *name, int which, const char *of, remake *fn, const void *arg)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir *w = weir_txn_handle(t);
	struct weir_network *net = NULL;
	struct wr_live *live = NULL;
	int r;

	if (which == WEIR_NETWORK_CONFIG) {
		r = wr_store_config(w, name, &net, &err);
	} else {
		r = wr_store_live(w, name, &live, &err);
		if (!r && weir_network_copy(&live->net, &net))
			r = wr_nomem(&err);
	}
	if (!r)
		r = fn(net, arg, &err);
	if (!r)
		r = weir_network_check(net, &err);
	if (r)
		r = refuse(t, of, name, &err);
	else
		r = live ? change_live(t, live, net, of, fn == replace) : weir_txn_network_define(t, net);
	weir_network_free(net);
	wr_live_free(live);
	return r;
}

static int change(struct weir_txn *t, const char *name, int which, remake *fn, const void *arg)
{
	struct weir_error err = WEIR_ERROR_INIT;
	bool is_both;
	int r = 0;

	if (which & ~(WEIR_NETWORK_CONFIG | WEIR_NETWORK_LIVE)) {
		wr_refuse(&err, -EINVAL, "", "which", "%d is neither live nor config", which);
		return refuse(t, "", name, &err);
	}
	if (!which)
		which = wr_store_has(weir_txn_handle(t), WR_STORE_LIVE, name) ? WEIR_NETWORK_LIVE :
										WEIR_NETWORK_CONFIG;
	is_both = which == (WEIR_NETWORK_CONFIG | WEIR_NETWORK_LIVE);
	if (which & WEIR_NETWORK_CONFIG)
		r = change_one(t, name, WEIR_NETWORK_CONFIG, is_both ? "stored definition of " : "", fn, arg);
	if (!r && which & WEIR_NETWORK_LIVE)
		r = change_one(t, name, WEIR_NETWORK_LIVE, is_both ? "live state of " : "", fn, arg);
	return r;
}

/* --- the calls ------------------------------------------------------------------------------------------------ */

struct updates {
	const struct weir_update *updates;
	size_t n;
};

static int update(struct weir_network *net, const void *arg, struct weir_error *err)
{
	const struct updates *u = arg;
	int r = 0;

	for (size_t i = 0; i < u->n && !r; i++)
		r = weir_network_update_definition(net, &u->updates[i], 0, err);
	return r;
}

int weir_txn_network_update(struct weir_txn *t, const char *name, const struct weir_update *updates,
			    size_t n, int which)
{
	struct updates u = { updates, n };
	struct weir_error err = WEIR_ERROR_INIT;

	if (!name || (n && !updates)) {
		wr_refuse(&err, -EINVAL, "network", name ? "updates" : "name", "is missing");
		return weir_txn_refuse(t, &err);
	}
	return change(t, name, which, update, &u);
}

/* What a definition leaves to be made has been made long ago. */
static int replace(struct weir_network *net, const void *arg, struct weir_error *err)
{
	struct weir_network *copy, old;

	if (weir_network_copy(arg, &copy))
		return wr_nomem(err);
	if (!*copy->uuid)
		wr_copy(copy->uuid, sizeof(copy->uuid), net->uuid);
	if (wr_bridge_to_name(copy))
		wr_copy(copy->bridge.name, sizeof(copy->bridge.name), net->bridge.name);
	if (!copy->mac && wr_has_own_bridge(copy))
		copy->mac = wr_take(net->mac);
	old = *net;
	*net = *copy;
	*copy = old;
	weir_network_free(copy);
	return 0;
}

int weir_txn_network_apply(struct weir_txn *t, const struct weir_network *net, int which)
{
	struct weir_error err = WEIR_ERROR_INIT;

	if (net->name)
		return change(t, net->name, which, replace, net);
	wr_refuse(&err, -EINVAL, "network", "name", "is missing");
	return weir_txn_refuse(t, &err);
}

int weir_txn_network_reload(struct weir_txn *t, const char *name)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_network *config = NULL;
	int r = !name || wr_store_has(weir_txn_handle(t), WR_STORE_LIVE, name) ?
			wr_store_config(weir_txn_handle(t), name, &config, &err) :
			wr_refuse(&err, -ENOENT, "", "", "is not running");

	r = r ? refuse(t, "", name, &err) : change_one(t, name, WEIR_NETWORK_LIVE, "", replace, config);
	weir_network_free(config);
	return r;
}
