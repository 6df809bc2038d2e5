/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Starting and stopping a network, as steps. The order of a start:
 *
 *	read	routes of the host
 *	send 1	the bridge, down, and further ones with their joins
 *	files	IPv6 sysctls of the bridge, before it comes up; forwarding
 *	nft	what may pass, before anything can
 *	send 2	addresses, bandwidth, up, routes
 *	then	dnsmasq, which needs the address; the record that it runs
 *
 * A stop is the same backwards, with the links deleted last and as one.
 */
#include <stdio.h>

#include <weir/link.h>

#include "base/ip.h"
#include "base/table.h"
#include "dhcp/dhcp.h"
#include "network/check.h"
#include "network/network.h"
#include "network/tables.h"
#include "ovs/ovs.h"

#define PROTOCOL_RA 9 /* rtm_protocol of a route that a router advertisement made */

static int refuse(struct weir_txn *t, const char *name, struct weir_error *err)
{
	if (!*err->object)
		wr_format(err->object, sizeof(err->object), "network %s", name);
	return weir_txn_refuse(t, err);
}

/* --- may it start? ---------------------------------------------------------------------------- */

struct neighbours {
	const struct weir_network *net;
	struct weir_error *err;
};

static int compare_live(void *arg, const struct weir_network *other)
{
	const struct neighbours *n = arg;

	/* Only who is in the way is asked for its name: what is not near is dear with hundreds of them. */
	if (!wr_check_apart(n->net, other, NULL) || !strcmp(other->name, n->net->name))
		return 0;
	return wr_check_apart(n->net, other, n->err);
}

static int check_route(struct weir *w, const struct weir_network *net, const struct weir_route *rt,
		       struct weir_error *err)
{
	char text[WEIR_IP_TEXT], path[32];
	struct weir_link link = { .sz = sizeof(link) };

	for (size_t i = 0; i < net->n_ips; i++) {
		unsigned int prefix = weir_network_ip_prefix(&net->ips[i]);
		struct weir_ip subnet = weir_ip_mask(&net->ips[i].address, prefix);

		if (rt->prefix != prefix || !wr_ip_equal(&rt->dst, &subnet))
			continue;
		wr_format(path, sizeof(path), "ips[%zu].address", i);
		if (weir_link_get(w, rt->ifindex, NULL, &link, NULL))
			wr_format(link.name, sizeof(link.name), "%d", rt->ifindex);
		return wr_refuse(err, -EEXIST, "", path,
				 "the host has a route to %s/%u already, by link %s",
				 weir_ip_format(&subnet, text), rt->prefix, link.name);
	}
	return 0;
}

/* A host that forwards ignores advertisements, so the route it got by one would run out. */
static int check_advertised(struct weir *w, const struct weir_route *rt, struct weir_error *err)
{
	struct weir_link link = { .sz = sizeof(link) };
	char key[64];
	int r = rt->protocol == PROTOCOL_RA ? weir_link_get(w, rt->ifindex, NULL, &link, err) : -ENODEV;

	if (r)	/* with its link it has gone meanwhile */
		return r == -ENODEV ? 0 : r;
	wr_format(key, sizeof(key), "ipv6/conf/%s/accept_ra", link.name);
	if (wr_sysctl_digit(w, key) == 2)
		return 0;
	return wr_refuse(
		err, -EBUSY, "", "forward",
		"IPv6 forwarding would make the host lose its route by %s; set sysctl net/%s to 2",
		link.name, key);
}

/*
 * Whether what the kernel takes to the subnet is wider than the subnet: then there
 * is no route to the subnet itself, and the routes need not all be read. A kernel
 * that passes over links without carrier would not tell of theirs.
 */
static bool is_unrouted(struct weir *w, const struct weir_network_ip *ip)
{
	unsigned int prefix = weir_network_ip_prefix(ip);
	struct weir_ip subnet = weir_ip_mask(&ip->address, prefix);
	struct weir_route rt = { .sz = sizeof(rt) };
	int r = weir_route_get(w, &subnet, &rt, NULL);

	return r == -ENETUNREACH || (!r && rt.prefix < prefix);
}

static bool are_unrouted(struct weir *w, const struct weir_network *net)
{
	for (size_t i = 0; i < net->n_ips; i++)
		if (net->ips[i].address.family != WEIR_FAMILY_IPV4)
			return false;
	if (wr_sysctl_digit(w, "ipv4/conf/all/ignore_routes_with_linkdown"))
		return false;
	for (size_t i = 0; i < net->n_ips; i++)
		if (!is_unrouted(w, &net->ips[i]))
			return false;
	return true;
}

static bool turns_ipv6_on(struct weir *w, const struct weir_network *net)
{
	return wr_forwards(net, WEIR_FAMILY_IPV6) && wr_sysctl_digit(w, "ipv6/conf/all/forwarding") == 0;
}

/* @ra: whether routes that were advertised are in the way. */
static int check_routes(struct weir *w, const struct weir_network *net, bool ra, struct weir_error *err)
{
	wr_auto(free) struct weir_route *routes = NULL;
	size_t n = 0;
	int r = 0;

	if (ra || (net->n_ips && !are_unrouted(w, net)))
		r = weir_route_list(w, &routes, &n, err);
	for (size_t i = 0; i < n && !r; i++) {
		r = check_route(w, net, &routes[i], err);
		if (!r && ra)
			r = check_advertised(w, &routes[i], err);
	}
	return r;
}

static bool has_subnet(const struct weir_network *net, const struct weir_network_ip *ip)
{
	const int prefix = weir_network_ip_prefix(ip);

	for (size_t i = 0; i < net->n_ips; i++)
		if (weir_network_ip_prefix(&net->ips[i]) == prefix &&
		    net->ips[i].address.family == ip->address.family &&
		    wr_ip_in(&ip->address, &net->ips[i].address, prefix))
			return true;
	return false;
}

/*
 * Whether the subnets that @net has beyond those of @old, which runs, are nobody else's,
 * and it takes no route from the host.
 */
int wr_check_free(struct weir *w, const struct weir_network *old, const struct weir_network *net,
		  struct weir_error *err)
{
	wr_auto(free) struct weir_network_ip *ips = calloc(net->n_ips + 1, sizeof(*ips));
	struct weir_network added = *net;
	struct neighbours n = { &added, err };
	int r;

	if (!ips)
		return wr_nomem(err);
	added.ips = ips;
	added.n_ips = 0;
	for (size_t i = 0; i < net->n_ips; i++)
		if (!has_subnet(old, &net->ips[i]))
			ips[added.n_ips++] = net->ips[i];
	r = wr_live_each(w, compare_live, &n, err);
	return r ? r : check_routes(w, &added, turns_ipv6_on(w, net), err);
}

/* What can be defined and not done: better said now than found missing later. */
static int check_wishes(const struct weir_network *net, struct weir_error *err)
{
	const struct {
		bool asked;
		const char *attr, *why;
	} wishes[] = {
		{ net->bridge.zone, "bridge.zone",
		  "firewalld is not supported: leave it out, and put the bridge into its zone by firewall-cmd" },
		{ wr_yes(net->domain.register_it), "domain.register", "systemd-resolved is not supported: leave it out" },
		{ net->bridge.mac_table_manager == WEIR_MAC_TABLE_MANAGED && !wr_has_own_bridge(net),
		  "bridge.macTableManager", "the MAC table of a bridge of the host is left to the kernel" },
	};

	for (size_t i = 0; i < WR_COUNT(wishes); i++)
		if (wishes[i].asked)
			return wr_refuse(err, -EOPNOTSUPP, "", wishes[i].attr, "%s", wishes[i].why);
	return 0;
}

int wr_check_host_bridge(struct weir *w, const struct weir_network *net, struct weir_error *err)
{
	struct weir_error why = WEIR_ERROR_INIT;
	struct weir_link l = { .sz = sizeof(l) };
	int r = weir_link_get(w, 0, net->bridge.name, &l, err);

	if (r)
		return r;
	if (l.kind == WEIR_LINK_BRIDGE)
		return net->virtualport.type != WEIR_VIRTUALPORT_OPENVSWITCH ?
			       0 :
			       wr_refuse(err, -EINVAL, "", "bridge.name",
					 "%s is a Linux bridge, and ports of type openvswitch need another",
					 net->bridge.name);
	r = wr_ovs_has_bridge(w, net->bridge.name, &why);
	if (r > 0)
		return 0;
	return wr_refuse(err, -EINVAL, "", "bridge.name", "%s is no Linux bridge, %s%s", net->bridge.name,
			 r ? "and Open vSwitch cannot be asked: " : "nor one of Open vSwitch",
			 r ? why.msg : "");
}

static int may_start(struct weir *w, const struct weir_network *net, struct weir_error *err)
{
	struct neighbours n = { net, err };
	struct wr_live *live;
	int r = wr_store_live(w, net->name, &live, NULL);

	if (!r) {
		wr_live_free(live);
		return wr_refuse(err, -EALREADY, "", "", "is running");
	}
	if (r != -ENOENT)
		return wr_store_live(w, net->name, &live, err);
	r = check_wishes(net, err);
	if (!r && wr_has_host_bridge(net))
		r = wr_check_host_bridge(w, net, err);
	if (!r && net->forward.mode == WEIR_FORWARD_HOSTDEV)
		r = wr_check_functions(net, err);
	if (!r)
		r = wr_live_each(w, compare_live, &n, err);
	return r ? r : check_routes(w, net, turns_ipv6_on(w, net), err);
}

/* --- start --------------------------------------------------------------------------------------------- */

/* On links of the host: nothing is made but limits of its bridge, and the record that it runs. */
static int start_on_host(struct weir_txn *t, struct wr_live *live)
{
	struct weir_link bridge = { .sz = sizeof(bridge) };
	struct weir_error err = WEIR_ERROR_INIT;
	int r = wr_has_host_bridge(&live->net) ?
			weir_link_get(weir_txn_handle(t), 0, live->net.bridge.name, &bridge, &err) : -ENODEV;

	if (!r) {
		live->bridge_ifindex = bridge.ifindex;
		wr_limit_bridge(t, live, &live->net);
	} else if (r != -ENODEV) {
		return weir_txn_refuse(t, &err);
	}
	return wr_txn_store_live(t, live);
}

static int start(struct weir_txn *t, struct wr_live *live)
{
	const struct weir_network *net = &live->net;
	uint8_t mac[6] = { 0 };

	if (!wr_has_own_bridge(net))
		return start_on_host(t, live);
	wr_mac_parse(net->mac, mac);
	live->bridge_ifindex = wr_add_bridge(t, net, net->bridge.name, mac);
	wr_spread_add(t, live, net);
	wr_quiet_ipv6(t, net);
	wr_spread_quiet(t, live, 0);
	wr_add_forwarding(t, net);
	wr_change_nat(t, net, weir_txn_nat_add);
	for (size_t i = 0; i < net->n_ips; i++)
		wr_add_address(t, &net->ips[i], live->bridge_ifindex);
	wr_limit_bridge(t, live, net);
	wr_bring_up(t, net, net->bridge.name, live->bridge_ifindex);
	wr_spread_up(t, live, 0);
	for (size_t i = 0; i < net->n_routes; i++)
		wr_add_route(t, &net->routes[i], live->bridge_ifindex);
	if (wr_dhcp_wanted(net))
		wr_txn_dhcp_start(t, net);
	return wr_txn_store_live(t, live);
}

int weir_txn_network_start(struct weir_txn *t, const struct weir_network *net)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir *w = weir_txn_handle(t);
	struct wr_live *live = NULL;
	int r = weir_network_check(net, &err);

	if (!r && !(live = calloc(1, sizeof(*live))))
		r = wr_nomem(&err);
	if (!r && wr_table_copy(&wr_network_table, &live->net, net))
		r = wr_nomem(&err);
	if (!r)
		r = wr_complete(w, &live->net, &err);
	if (!r)
		r = may_start(w, &live->net, &err);
	if (r) {
		refuse(t, net->name ? net->name : "", &err);
	} else {
		wr_txn_hook(t, "start", &live->net, NULL);
		r = start(t, live);
		wr_txn_hook(t, "started", &live->net, NULL);
	}
	wr_live_free(live);
	return r;
}

/* --- stop ------------------------------------------------------------------------------------------------ */

struct port_sweep {
	struct weir_txn *t;
	const struct wr_live *live;
	struct weir_error *err;
};

static int sweep_port(void *arg, const char *name)
{
	struct port_sweep *s = arg;
	struct weir_port port;
	int r = wr_store_next_port(weir_txn_handle(s->t), name, &port, s->err);

	if (r)
		return r < 0 ? r : wr_port_end_damaged(s->t, s->live, name, s->err);
	if (!strcmp(port.network, s->live->net.name))
		weir_txn_port_detach(s->t, port.network, name);
	weir_port_done(&port);
	return 0;
}

int weir_txn_network_stop(struct weir_txn *t, const char *name)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct port_sweep sweep = { .t = t, .err = &err };
	struct weir_shape shape = { .sz = sizeof(shape) };
	struct weir *w = weir_txn_handle(t);
	struct wr_live *live;
	int r = wr_store_live(w, name, &live, &err);

	if (r)
		return refuse(t, name, &err);
	sweep.live = live;
	shape.ifb_ifindex = live->ifb_ifindex;
	shape.ifb_class = live->ifb_class;
	wr_copy(shape.ifb_name, sizeof(shape.ifb_name), live->ifb_name);
	/* Links go last, whatever the order here; of a bridge that goes, ports give nothing back. */
	if (wr_has_own_bridge(&live->net))
		weir_txn_link_del(t, live->bridge_ifindex, live->net.bridge.name);
	wr_spread_del(t, live, 0);
	r = wr_store_each(w, WR_STORE_PORTS, sweep_port, &sweep, &err);
	if (r)
		refuse(t, name, &err);
	if (wr_dhcp_wanted(&live->net))
		wr_txn_dhcp_stop(t, &live->net);
	if (wr_has_own_bridge(&live->net))
		wr_change_nat(t, &live->net, weir_txn_nat_del);
	r = wr_txn_unstore(t, WR_STORE_LIVE, name);
	if (live->ifb_ifindex ||
	    (wr_has_host_bridge(&live->net) && wr_is_limited(&live->net.bandwidth)))
		r = weir_txn_shape_clear(t, live->bridge_ifindex, live->net.bridge.name,
					 wr_has_own_bridge(&live->net) ? &shape : NULL);
	wr_txn_hook(t, "stopped", &live->net, NULL);
	wr_live_free(live);
	return r;
}
