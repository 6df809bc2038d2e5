/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The parts of a network that has a bridge of its own, as steps: the bridge, its
 * addresses and routes, forwarding, its elements in the packet filter. start.c puts
 * them together, change.c adds to them.
 */
#include <dirent.h>
#include <stdio.h>

#include <weir/link.h>

#include "base/file.h"
#include "base/ip.h"
#include "base/list.h"
#include "base/table.h"
#include "network/check.h"
#include "network/network.h"

static bool has_family(const struct weir_network *net, int family)
{
	for (size_t i = 0; i < net->n_ips; i++)
		if (net->ips[i].address.family == family)
			return true;
	return false;
}

bool wr_forwards(const struct weir_network *net, int family)
{
	return net->forward.mode != WEIR_FORWARD_ISOLATED && has_family(net, family);
}

/* --- the bridge --------------------------------------------------------------------------------- */

/* Of STP, and the kernel's: what it takes with STP on. Its own, 15 s, would have guests wait for half a minute. */
#define LEAST_DELAY_CS 200

struct weir_bridge wr_stp_of(const struct weir_network *net)
{
	struct weir_bridge b = { .has = WEIR_BRIDGE_STP, .stp = wr_yes(net->bridge.stp),
				 .forward_delay_cs = net->bridge.delay_s * 100 };

	if (b.stp && b.forward_delay_cs < LEAST_DELAY_CS)
		b.forward_delay_cs = LEAST_DELAY_CS;
	if (b.forward_delay_cs)
		b.has |= WEIR_BRIDGE_FORWARD_DELAY;
	return b;
}

/* Its own, or a further one with another name and address. */
int wr_add_bridge(struct weir_txn *t, const struct weir_network *net, const char *name,
		  const uint8_t mac[6])
{
	struct weir_link l = {
		.sz = sizeof(l),
		.has = WEIR_LINK_NAME | WEIR_LINK_MAC,
		.kind = WEIR_LINK_BRIDGE,
		.bridge = wr_stp_of(net),
		.mtu = net->mtu,
	};

	wr_copy(l.name, sizeof(l.name), name);
	memcpy(l.mac, mac, sizeof(l.mac));
	if (net->mtu)
		l.has |= WEIR_LINK_MTU;
	/* As libvirt has it: a table that is kept by hand is one for each vlan. */
	if (net->bridge.mac_table_manager == WEIR_MAC_TABLE_MANAGED) {
		l.bridge.has |= WEIR_BRIDGE_VLAN_FILTERING;
		l.bridge.vlan_filtering = true;
	}
	return weir_txn_link_add(t, &l);
}

static void bridge_sysctl(struct weir_txn *t, const char *bridge, const char *key, const char *value)
{
	char path[96];

	wr_format(path, sizeof(path), "net/ipv6/conf/%s/%s", bridge, key);
	weir_txn_sysctl_set(t, path, value, true);
}

/*
 * Before it comes up, or it would have sent a router solicitation by then. What guests
 * advertise counts for nothing either, should somebody switch IPv6 on for all links.
 */
void wr_quiet_bridge(struct weir_txn *t, const char *bridge, bool speaks_ipv6)
{
	bridge_sysctl(t, bridge, "disable_ipv6", speaks_ipv6 ? "0" : "1");
	bridge_sysctl(t, bridge, "accept_ra", "0");
	bridge_sysctl(t, bridge, "autoconf", "0");
}

void wr_quiet_ipv6(struct weir_txn *t, const struct weir_network *net)
{
	wr_quiet_bridge(t, net->bridge.name, has_family(net, WEIR_FAMILY_IPV6));
}

static struct weir_addr address_of(const struct weir_network_ip *ip, int ifindex)
{
	struct weir_addr a = { .sz = sizeof(a),
			       .ifindex = ifindex,
			       .local = ip->address,
			       .prefix = weir_network_ip_prefix(ip) };

	if (ip->address.family == WEIR_FAMILY_IPV4 && a.prefix < 31)
		a.broadcast = wr_ip_last(&ip->address, a.prefix);
	if (ip->address.family == WEIR_FAMILY_IPV6) {
		a.has = WEIR_ADDR_NODAD;
		a.nodad = true;
	}
	return a;
}

bool wr_has_ip(const struct weir_network *net, const struct weir_network_ip *ip, bool prefix)
{
	for (size_t i = 0; i < net->n_ips; i++)
		if (wr_ip_equal(&net->ips[i].address, &ip->address) &&
		    (!prefix || weir_network_ip_prefix(&net->ips[i]) == weir_network_ip_prefix(ip)))
			return true;
	return false;
}

void wr_add_address(struct weir_txn *t, const struct weir_network_ip *ip, int ifindex)
{
	struct weir_addr a = address_of(ip, ifindex);

	weir_txn_addr_add(t, &a);
}

void wr_del_address(struct weir_txn *t, const struct weir_network_ip *ip, int ifindex)
{
	struct weir_addr a = address_of(ip, ifindex);

	weir_txn_addr_del(t, &a);
}

/* The kernel takes no alias from who makes a link; here it costs no message of its own. */
void wr_bring_up(struct weir_txn *t, const struct weir_network *net, const char *name, int ifindex)
{
	struct weir_link up = { .sz = sizeof(up),
				.has = WEIR_LINK_IFINDEX | WEIR_LINK_NAME | WEIR_LINK_ALIAS | WEIR_LINK_UP,
				.ifindex = ifindex,
				.is_up = true };

	wr_copy(up.name, sizeof(up.name), name);
	wr_format(up.alias, sizeof(up.alias), WR_BRIDGE_ALIAS "%s", net->name);
	weir_txn_link_set(t, &up);
}

static struct weir_route route_of(const struct weir_network_route *from, int ifindex)
{
	return (struct weir_route){
		.sz = sizeof(struct weir_route),
		.has = WEIR_ROUTE_METRIC,
		.ifindex = ifindex,
		.dst = from->address,
		.prefix = weir_network_route_prefix(from),
		.gateway = from->gateway,
		.metric = from->metric ? from->metric : 1,
	};
}

void wr_add_route(struct weir_txn *t, const struct weir_network_route *from, int ifindex)
{
	struct weir_route rt = route_of(from, ifindex);

	weir_txn_route_add(t, &rt);
}

void wr_del_route(struct weir_txn *t, const struct weir_network_route *from, int ifindex)
{
	struct weir_route rt = route_of(from, ifindex);

	weir_txn_route_del(t, &rt);
}

/* --- forwarding ----------------------------------------------------------------------------------- */

/* Links that forward while the host does not. */
struct forwarding {
	int version;	/* of IP */
	struct forwarder {
		char name[16], value[2];
	} *links;
	size_t n;
};

static int find_forwarding(void *arg)
{
	struct forwarding *f = arg;
	char folder[32], path[512];
	struct dirent *e;
	DIR *dir;
	int r;

	wr_format(folder, sizeof(folder), "/proc/sys/net/ipv%d/conf", f->version);
	dir = opendir(folder);
	r = dir ? 0 : -errno;
	while (!r && (e = wr_file_next(dir, &r))) {
		wr_auto(str) struct wr_str text = { 0 };
		struct forwarder *link;

		if (*e->d_name == '.' || !strcmp(e->d_name, "all") || strlen(e->d_name) > 15)
			continue;
		wr_format(path, sizeof(path), "%s/%s/forwarding", folder, e->d_name);
		r = wr_file_read(path, &text);
		if (r == -ENOENT)	/* the link is gone */
			r = 0;
		if (r || !text.len || *wr_str_text(&text) == '0')
			continue;
		link = wr_append(f->links, f->n);
		if (!link) {
			r = -ENOMEM;
			continue;
		}
		*link = (struct forwarder){ .value = { *wr_str_text(&text) } };
		wr_copy(link->name, sizeof(link->name), e->d_name);
	}
	if (dir)
		closedir(dir);
	return r;
}

/*
 * Writing the host's setting sets every link's own, and of IPv4 whether redirects are
 * taken. So what there was gets steps before it: they write nothing else than is there, or
 * will be, but their undo comes after that of the host's.
 */
static void keep_settings(struct weir_txn *t, const struct forwarding *f)
{
	char key[64];

	if (f->version == 4)
		weir_txn_sysctl_set(t, "net/ipv4/conf/all/accept_redirects", "0", true);
	for (size_t i = 0; i < f->n; i++) {
		wr_format(key, sizeof(key), "net/ipv%d/conf/%s/forwarding", f->version, f->links[i].name);
		weir_txn_sysctl_set(t, key, f->links[i].value, true);
	}
}

static void turn_on(struct weir_txn *t, int version)
{
	const char *const key = version == 4 ? "net/ipv4/ip_forward" : "net/ipv6/conf/all/forwarding";
	struct weir *w = weir_txn_handle(t);
	struct forwarding f = { .version = version };
	struct weir_error err = WEIR_ERROR_INIT;
	int r = 0, is_on = wr_sysctl_digit(w, key + strlen("net/"));
	char object[64];

	if (is_on == 1 && !weir_txn_is_dry(t))
		return;	/* nothing to write, and nothing to take back */
	if (is_on == 0)
		r = weir_in_netns(w, find_forwarding, &f);
	if (r) {
		wr_format(object, sizeof(object), "sysctl %s", key);
		wr_syserr(&err, r, object, "the links that forward already");
		weir_txn_refuse(t, &err);
	} else {
		if (is_on == 0)
			keep_settings(t, &f);
		weir_txn_sysctl_set(t, key, "1", false);
	}
	free(f.links);
}

void wr_add_forwarding(struct weir_txn *t, const struct weir_network *net)
{
	if (wr_forwards(net, WEIR_FAMILY_IPV4))
		turn_on(t, 4);
	if (wr_forwards(net, WEIR_FAMILY_IPV6))
		turn_on(t, 6);
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

void wr_change_nat(struct weir_txn *t, const struct weir_network *net,
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

/* --- limits ----------------------------------------------------------------------------------------- */

bool wr_is_limited(const struct weir_bandwidth *b)
{
	return b->inbound.average_bytes_per_s || b->outbound.average_bytes_per_s;
}

/* Floors are for bridges of our own: a bridge of the host may have others' classes. */
void wr_limit_bridge(struct weir_txn *t, struct wr_live *live, const struct weir_network *net)
{
	const struct weir_shape_options opts = { .sz = sizeof(opts),
						 .has_floors = wr_has_own_bridge(net) };
	struct weir_shape shape = { .sz = sizeof(shape) };

	if (!wr_is_limited(&net->bandwidth) && !wr_is_limited(&live->net.bandwidth))
		return;
	if (weir_txn_shape_set(t, live->bridge_ifindex, net->bridge.name, &net->bandwidth, &opts,
			       &shape))
		return;
	live->ifb_ifindex = shape.ifb_ifindex;
	live->ifb_class = shape.ifb_class;
	wr_copy(live->ifb_name, sizeof(live->ifb_name), shape.ifb_name);
}
