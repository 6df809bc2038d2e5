/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Starting, stopping and reloading a network, as steps. The order of a start:
 *
 *	read	routes of the host
 *	send 1	the bridge, down
 *	files	IPv6 sysctls of the bridge, before it comes up; forwarding
 *	nft	what may pass, before anything can
 *	send 2	addresses, bandwidth, up, routes
 *	then	dnsmasq, which needs the address; the record that it runs
 *
 * A stop is the same backwards, with the links deleted last and as one.
 */
#include <dirent.h>
#include <stdio.h>
#include <time.h>

#include <weir/link.h>

#include "base/file.h"
#include "base/ip.h"
#include "base/table.h"
#include "dhcp/dhcp.h"
#include "network/network.h"
#include "network/tables.h"

#define PROTOCOL_RA 9	/* rtm_protocol of a route that a router advertisement made */

static int refuse(struct weir_txn *t, const char *name, struct weir_error *err)
{
	if (!*err->object)
		wr_format(err->object, sizeof(err->object), "network %s", name);
	return weir_txn_refuse(t, err);
}

static bool has_family(const struct weir_network *net, int family)
{
	for (size_t i = 0; i < net->n_ips; i++)
		if (net->ips[i].address.family == family)
			return true;
	return false;
}

/* --- may it start? ---------------------------------------------------------------------------- */

struct neighbours {
	const struct weir_network *net;
	struct weir_error *err;
};

static int compare_live(void *arg, const struct weir_network *other)
{
	const struct neighbours *n = arg;

	return strcmp(other->name, n->net->name) ? wr_check_apart(n->net, other, n->err) : 0;
}

static int check_route(struct weir *w, const struct weir_network *net, const struct weir_route *rt,
		       struct weir_error *err)
{
	char text[WEIR_IP_TEXT], path[32];
	struct weir_link link;

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

struct sysctl_read {
	char path[128];
	struct wr_str text;
};

static int read_sysctl(void *arg)
{
	struct sysctl_read *s = arg;

	return wr_file_read(s->path, &s->text);
}

/* The first digit of a sysctl below net/, or -1. */
static int sysctl_digit(struct weir *w, const char *key)
{
	struct sysctl_read s = { .text = { 0 } };
	int digit = -1;

	wr_format(s.path, sizeof(s.path), "/proc/sys/net/%s", key);
	if (!weir_in_netns(w, read_sysctl, &s) && s.text.len)
		digit = s.text.data[0] - '0';
	wr_str_done(&s.text);
	return digit;
}

/* A host that forwards ignores advertisements, so the route it got by one would run out. */
static int check_advertised(struct weir *w, const struct weir_route *rt, struct weir_error *err)
{
	struct weir_link link;
	char key[64];

	if (rt->protocol != PROTOCOL_RA || weir_link_get(w, rt->ifindex, NULL, &link, NULL))
		return 0;
	wr_format(key, sizeof(key), "ipv6/conf/%s/accept_ra", link.name);
	if (sysctl_digit(w, key) == 2)
		return 0;
	return wr_refuse(err, -EBUSY, "", "forward",
			 "IPv6 forwarding would make the host lose its route by %s; set sysctl net/%s to 2",
			 link.name, key);
}

static bool forwards(const struct weir_network *net, int family)
{
	return net->forward.mode != WEIR_FORWARD_ISOLATED && has_family(net, family);
}

static int check_routes(struct weir *w, const struct weir_network *net, struct weir_error *err)
{
	bool ra = forwards(net, WEIR_FAMILY_IPV6) && sysctl_digit(w, "ipv6/conf/all/forwarding") == 0;
	wr_auto(free) struct weir_route *routes = NULL;
	size_t n = 0;
	int r = 0;

	if (net->n_ips)
		r = weir_route_list(w, &routes, &n, err);
	for (size_t i = 0; i < n && !r; i++) {
		r = check_route(w, net, &routes[i], err);
		if (!r && ra)
			r = check_advertised(w, &routes[i], err);
	}
	return r;
}

static int may_start(struct weir *w, const struct weir_network *net, struct weir_error *err)
{
	struct neighbours n = { net, err };
	struct wr_live *live;
	int r = wr_store_live(w, net->name, &live, NULL);

	if (net->forward.mode > WEIR_FORWARD_OPEN)
		return wr_refuse(err, -EOPNOTSUPP, "", "forward.mode",
				 "networks on links that are there already cannot be started");
	if (!r) {
		wr_live_free(live);
		return wr_refuse(err, -EALREADY, "", "", "is running");
	}
	if (r != -ENOENT)
		return wr_store_live(w, net->name, &live, err);
	r = wr_live_each(w, compare_live, &n, err);
	return r ? r : check_routes(w, net, err);
}

/* --- the bridge --------------------------------------------------------------------------------- */

static int add_bridge(struct weir_txn *t, const struct weir_network *net)
{
	struct weir_link l = {
		.sz = sizeof(l),
		.has = WEIR_LINK_NAME | WEIR_LINK_MAC | WEIR_LINK_ALIAS,
		.kind = WEIR_LINK_BRIDGE,
		.bridge = { .has = WEIR_BRIDGE_STP, .stp = net->bridge.stp == WEIR_YES },
		.mtu = net->mtu,
	};

	wr_copy(l.name, sizeof(l.name), net->bridge.name);
	wr_format(l.alias, sizeof(l.alias), "weir network %s", net->name);
	wr_mac_parse(net->mac, l.mac);
	if (net->mtu)
		l.has |= WEIR_LINK_MTU;
	if (net->bridge.delay_s) {
		l.bridge.has |= WEIR_BRIDGE_FORWARD_DELAY;
		l.bridge.forward_delay_cs = net->bridge.delay_s * 100;
	}
	return weir_txn_link_add(t, &l);
}

static void bridge_sysctl(struct weir_txn *t, const struct weir_network *net, const char *key,
			  const char *value)
{
	char path[96];

	wr_format(path, sizeof(path), "net/ipv6/conf/%s/%s", net->bridge.name, key);
	weir_txn_sysctl_set(t, path, value, true);
}

/* Before it comes up, or it would have sent a router solicitation by then. */
static void quiet_ipv6(struct weir_txn *t, const struct weir_network *net)
{
	bridge_sysctl(t, net, "disable_ipv6", has_family(net, WEIR_FAMILY_IPV6) ? "0" : "1");
	bridge_sysctl(t, net, "accept_ra", "0");
	bridge_sysctl(t, net, "autoconf", "0");
}

static void add_addresses(struct weir_txn *t, const struct weir_network *net, int ifindex)
{
	for (size_t i = 0; i < net->n_ips; i++) {
		const struct weir_network_ip *ip = &net->ips[i];
		struct weir_addr a = { .sz = sizeof(a), .ifindex = ifindex, .local = ip->address,
				       .prefix = weir_network_ip_prefix(ip) };

		if (ip->address.family == WEIR_FAMILY_IPV4 && a.prefix < 31)
			a.broadcast = wr_ip_last(&ip->address, a.prefix);
		if (ip->address.family == WEIR_FAMILY_IPV6) {
			a.has = WEIR_ADDR_NODAD;
			a.nodad = true;
		}
		weir_txn_addr_add(t, &a);
	}
}

static void bring_up(struct weir_txn *t, const struct weir_network *net, int ifindex)
{
	struct weir_link up = { .sz = sizeof(up), .has = WEIR_LINK_IFINDEX | WEIR_LINK_NAME | WEIR_LINK_UP,
				.ifindex = ifindex, .is_up = true };

	wr_copy(up.name, sizeof(up.name), net->bridge.name);
	weir_txn_link_set(t, &up);
}

static void add_routes(struct weir_txn *t, const struct weir_network *net, int ifindex)
{
	for (size_t i = 0; i < net->n_routes; i++) {
		const struct weir_network_route *from = &net->routes[i];
		struct weir_route rt = {
			.sz = sizeof(rt), .has = WEIR_ROUTE_METRIC, .ifindex = ifindex,
			.dst = from->address, .prefix = weir_network_route_prefix(from), .gateway = from->gateway,
			.metric = from->metric ? from->metric : 1,
		};

		weir_txn_route_add(t, &rt);
	}
}

/* --- forwarding ----------------------------------------------------------------------------------- */

struct forwarding {
	struct weir_txn *t;
	char names[64][16];	/* links that forward while the host does not */
	size_t n;
};

static int find_forwarding(void *arg)
{
	struct forwarding *f = arg;
	DIR *dir = opendir("/proc/sys/net/ipv4/conf");
	struct dirent *e;

	while (dir && (e = readdir(dir)) && f->n < WR_COUNT(f->names)) {
		wr_auto(str) struct wr_str text = { 0 };
		char path[512];

		if (*e->d_name == '.' || !strcmp(e->d_name, "all") || strlen(e->d_name) > 15)
			continue;
		wr_format(path, sizeof(path), "/proc/sys/net/ipv4/conf/%s/forwarding", e->d_name);
		if (!wr_file_read(path, &text) && *wr_str_text(&text) == '1')
			wr_copy(f->names[f->n++], 16, e->d_name);
	}
	if (dir)
		closedir(dir);
	return 0;
}

/*
 * Writing ip_forward sets every link's own setting. So the links that had it on
 * alone get a step before it: it writes nothing, but its undo comes after that of
 * ip_forward and gives them back what they had.
 */
static void forward_ipv4(struct weir_txn *t)
{
	struct forwarding f = { .t = t };
	char key[64];

	if (sysctl_digit(weir_txn_handle(t), "ipv4/ip_forward") == 0)
		weir_in_netns(weir_txn_handle(t), find_forwarding, &f);
	for (size_t i = 0; i < f.n; i++) {
		wr_format(key, sizeof(key), "net/ipv4/conf/%s/forwarding", f.names[i]);
		weir_txn_sysctl_set(t, key, "1", true);
	}
	weir_txn_sysctl_set(t, "net/ipv4/ip_forward", "1", false);
}

static void add_forwarding(struct weir_txn *t, const struct weir_network *net)
{
	if (forwards(net, WEIR_FAMILY_IPV4))
		forward_ipv4(t);
	if (forwards(net, WEIR_FAMILY_IPV6))
		weir_txn_sysctl_set(t, "net/ipv6/conf/all/forwarding", "1", false);
}

/* --- the packet filter ------------------------------------------------------------------------------ */

/* @subnets has room for net->n_ips. */
static struct weir_nat nat_of(const struct weir_network *net, struct weir_subnet *subnets)
{
	const struct weir_forward_nat *nat = &net->forward.nat;

	for (size_t i = 0; i < net->n_ips; i++)
		subnets[i] = (struct weir_subnet){ net->ips[i].address,
						   weir_network_ip_prefix(&net->ips[i]) };
	return (struct weir_nat){
		.sz = sizeof(struct weir_nat),
		.bridge = net->bridge.name,
		.mode = net->forward.mode,
		.dev = net->forward.n_interfaces ? net->forward.interfaces[0].dev : NULL,
		.subnets = subnets,
		.n_subnets = net->n_ips,
		.nat_ipv6 = nat->ipv6 == WEIR_YES,
		.address_start = nat->address.start,
		.address_end = nat->address.end,
		.port_start = nat->port.start,
		.port_end = nat->port.end,
	};
}

static void change_nat(struct weir_txn *t, const struct weir_network *net,
		       int (*change)(struct weir_txn *t, const struct weir_nat *nat))
{
	wr_auto(free) struct weir_subnet *subnets = calloc(net->n_ips + 1, sizeof(*subnets));
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_nat nat;

	if (!subnets) {
		wr_nomem(&err);
		weir_txn_refuse(t, &err);
		return;
	}
	nat = nat_of(net, subnets);
	change(t, &nat);
}

/* --- start --------------------------------------------------------------------------------------------- */

static bool limited(const struct weir_bandwidth *b)
{
	return b->inbound.average_bytes_per_s || b->outbound.average_bytes_per_s;
}

static int start(struct weir_txn *t, struct wr_live *live)
{
	const struct weir_network *net = &live->net;
	static const struct weir_shape_options with_floors = { .sz = sizeof(with_floors), .has_floors = true };
	struct weir_shape shape = { .sz = sizeof(shape) };

	live->bridge_ifindex = add_bridge(t, net);
	quiet_ipv6(t, net);
	add_forwarding(t, net);
	change_nat(t, net, weir_txn_nat_add);
	add_addresses(t, net, live->bridge_ifindex);
	if (limited(&net->bandwidth))
		weir_txn_shape_set(t, live->bridge_ifindex, net->bridge.name, &net->bandwidth, &with_floors,
				   &shape);
	live->ifb_ifindex = shape.ifb_ifindex;
	live->ifb_class = shape.ifb_class;
	wr_copy(live->ifb_name, sizeof(live->ifb_name), shape.ifb_name);
	bring_up(t, net, live->bridge_ifindex);
	add_routes(t, net, live->bridge_ifindex);
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
	r = r ? refuse(t, net->name ? net->name : "", &err) : start(t, live);
	wr_live_free(live);
	return r;
}

/* --- stop ------------------------------------------------------------------------------------------------ */

struct port_sweep {
	struct weir_txn *t;
	const char *network;
};

static int sweep_port(void *arg, const char *name)
{
	struct port_sweep *s = arg;
	struct weir_port port;

	if (wr_store_port(weir_txn_handle(s->t), name, &port, NULL))
		return 0;
	if (!strcmp(port.network, s->network))
		weir_txn_port_detach(s->t, s->network, name);
	weir_port_done(&port);
	return 0;
}

int weir_txn_network_stop(struct weir_txn *t, const char *name)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct port_sweep sweep = { t, name };
	struct weir_shape shape = { .sz = sizeof(shape) };
	struct weir *w = weir_txn_handle(t);
	struct wr_live *live;
	int r = wr_store_live(w, name, &live, &err);

	if (r)
		return refuse(t, name, &err);
	shape.ifb_ifindex = live->ifb_ifindex;
	shape.ifb_class = live->ifb_class;
	/* Links go last, whatever the order here; of a bridge that goes, ports give nothing back. */
	if (live->bridge_ifindex)
		r = weir_txn_link_del(t, live->bridge_ifindex, live->net.bridge.name);
	wr_store_each(w, WR_STORE_PORTS, sweep_port, &sweep, NULL);
	if (wr_dhcp_wanted(&live->net))
		wr_txn_dhcp_stop(t, &live->net);
	change_nat(t, &live->net, weir_txn_nat_del);
	r = wr_txn_unstore(t, WR_STORE_LIVE, name);
	if (live->ifb_ifindex)
		r = weir_txn_shape_clear(t, live->bridge_ifindex, live->net.bridge.name, &shape);
	wr_live_free(live);
	return r;
}

/* --- reload ------------------------------------------------------------------------------------------------ */

/* What is left when all that dnsmasq serves is taken out. */
static int without_services(const struct weir_network *net, struct weir_network **ret)
{
	struct weir_network *copy;
	struct weir_network empty = { 0 };
	int r = weir_network_copy(net, &copy);

	if (r)
		return r;
	*ret = copy;
	/* Freed row by row, by swapping the parts into an empty definition. */
	empty.dns = copy->dns;
	empty.domain = copy->domain;
	empty.title = copy->title;
	empty.description = copy->description;
	wr_table_free(&wr_network_table, &empty);
	memset(&copy->dns, 0, sizeof(copy->dns));
	memset(&copy->domain, 0, sizeof(copy->domain));
	copy->title = copy->description = NULL;
	for (size_t i = 0; i < copy->n_ips; i++) {
		const struct wr_field *dhcp = wr_find(wr_find(&wr_network_table, "ips")->sub, "dhcp");

		wr_table_free(dhcp->sub, &copy->ips[i].dhcp);
		copy->ips[i].local_ptr = WEIR_ABSENT;
	}
	return 0;
}

static int check_only_services(const struct weir_network *live, const struct weir_network *config,
			       struct weir_error *err)
{
	struct weir_network *a = NULL, *b = NULL;
	int r = 0;

	if (without_services(live, &a) || without_services(config, &b))
		r = wr_nomem(err);
	for (size_t i = 0; i < wr_network_table.n && !r; i++) {
		const struct wr_field *f = &wr_network_table.fields[i];

		if (!wr_field_equal(f, a, b))
			r = wr_refuse(err, -EBUSY, "", f->name,
				      "differs from what runs; stop and start the network to change it");
	}
	weir_network_free(a);
	weir_network_free(b);
	return r;
}

int weir_txn_network_reload(struct weir_txn *t, const char *name)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir *w = weir_txn_handle(t);
	struct weir_network *config = NULL, *old = NULL;
	struct wr_live *live = NULL;
	int r = wr_store_live(w, name, &live, &err);

	if (!r)
		r = wr_store_config(w, name, &config, &err);
	if (!r)
		r = check_only_services(&live->net, config, &err);
	if (!r && weir_network_copy(&live->net, &old))
		r = wr_nomem(&err);
	if (!r) {
		wr_txn_dhcp_reload(t, old, config);
		wr_table_free(&wr_network_table, &live->net);
		if (wr_table_copy(&wr_network_table, &live->net, config))
			r = wr_nomem(&err);
	}
	r = r ? refuse(t, name, &err) : wr_txn_store_live(t, live);
	weir_network_free(old);
	weir_network_free(config);
	wr_live_free(live);
	return r;
}

/* --- leases -------------------------------------------------------------------------------------------------- */

int weir_network_leases(struct weir *w, const char *name, struct weir_lease **ret, size_t *ret_n,
			struct weir_error *err)
{
	struct wr_dhcp_files files;
	struct wr_live *live;
	int r = wr_store_live(w, name, &live, err);

	if (r)
		return r;
	wr_dhcp_paths(weir_state_dir(w), live->net.name, &files);
	wr_live_free(live);
	return wr_dhcp_leases(files.leases, (uint64_t)time(NULL), ret, ret_n, err);
}
