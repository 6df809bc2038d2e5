/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Rules of a definition that need more than one member. Pure: nothing here looks
 * at the host. What a single member may hold is in tables.c.
 */
#include <stdio.h>

#include "base/ip.h"
#include "network/network.h"
#include "network/tables.h"

#define MAX_SPAN 65536	/* addresses in a range */

static bool yes(uint8_t v)
{
	return v == WEIR_YES;
}

/* --- ranges of addresses --------------------------------------------------------------- */

/* How many addresses from @a to @b if both are in the same 2^16; more: MAX_SPAN + 1. */
static uint32_t span(const struct weir_ip *a, const struct weir_ip *b)
{
	unsigned int n = wr_ip_bits(a) / 8;
	uint64_t from = 0, to = 0;

	if (memcmp(a->bytes, b->bytes, n - 4))
		return MAX_SPAN + 1;
	for (unsigned int i = n - 4; i < n; i++) {
		from = from << 8 | a->bytes[i];
		to = to << 8 | b->bytes[i];
	}
	return to - from >= MAX_SPAN ? MAX_SPAN + 1 : (uint32_t)(to - from + 1);
}

static int check_range(const struct weir_ip *start, const struct weir_ip *end,
		       struct weir_error *err)
{
	char a[WEIR_IP_TEXT], b[WEIR_IP_TEXT];

	if (start->family != end->family)
		return wr_refuse(err, -EINVAL, "", "end", "is of another family than start");
	if (wr_ip_compare(start, end) > 0)
		return wr_refuse(err, -EINVAL, "", "end", "%s is before start, %s",
				 weir_ip_format(end, b), weir_ip_format(start, a));
	if (span(start, end) > MAX_SPAN)
		return wr_refuse(err, -ERANGE, "", "end", "%s is more than %d addresses after %s",
				 weir_ip_format(end, b), MAX_SPAN, weir_ip_format(start, a));
	return 0;
}

/* Fills in which item of a list it was, and passes the code on. */
static int in_item(struct weir_error *err, int r, const char *list, size_t i)
{
	char path[80];

	wr_format(path, sizeof(path), "%s[%zu]", list, i);
	wr_error_prefix_attr(err, path);
	return r;
}

/* --- forward ---------------------------------------------------------------------------- */

static int check_nat(const struct weir_network *net, struct weir_error *err)
{
	const struct weir_forward_nat *nat = &net->forward.nat;
	bool given = nat->ipv6 || nat->address.start.family || nat->port.start || nat->port.end;
	int r;

	if (given && net->forward.mode != WEIR_FORWARD_NAT)
		return wr_refuse(err, -EINVAL, "", "forward.nat", "is for mode nat only");
	if (nat->address.start.family) {
		if (nat->address.start.family != WEIR_FAMILY_IPV4)
			return wr_refuse(err, -EINVAL, "", "forward.nat.address.start",
					 "is no IPv4 address");
		r = check_range(&nat->address.start, &nat->address.end, err);
		if (r) {
			wr_error_prefix_attr(err, "forward.nat.address");
			return r;
		}
	}
	if (nat->port.end && !nat->port.start)
		return wr_refuse(err, -EINVAL, "", "forward.nat.port.start", "is missing");
	if (nat->port.start && nat->port.end < nat->port.start)
		return wr_refuse(err, -EINVAL, "", "forward.nat.port.end", "%u is below start, %u",
				 nat->port.end, nat->port.start);
	return 0;
}

static int check_forward(const struct weir_network *net, struct weir_error *err)
{
	uint8_t mode = net->forward.mode;
	bool through_host = mode == WEIR_FORWARD_NAT || mode == WEIR_FORWARD_ROUTE;

	if (net->forward.n_interfaces && mode <= WEIR_FORWARD_OPEN && !through_host)
		return wr_refuse(err, -EINVAL, "", "forward.interfaces",
				 "are for other modes than isolated and open");
	if (net->forward.n_interfaces > 1 && through_host)
		return wr_refuse(err, -EINVAL, "", "forward.interfaces",
				 "are %zu, but traffic can leave by one link only",
				 net->forward.n_interfaces);
	if (through_host && !net->n_ips)
		return wr_refuse(err, -EINVAL, "", "ips", "is empty, but mode %s needs an address",
				 mode == WEIR_FORWARD_NAT ? "nat" : "route");
	return check_nat(net, err);
}

/* --- ips ----------------------------------------------------------------------------------- */

static int check_in_subnet(const struct weir_network_ip *ip, const struct weir_ip *address,
			   const char *attr, struct weir_error *err)
{
	char a[WEIR_IP_TEXT], b[WEIR_IP_TEXT];
	unsigned int prefix = weir_network_ip_prefix(ip);
	struct weir_ip net = weir_ip_mask(&ip->address, prefix);
	struct weir_ip last = wr_ip_last(&ip->address, prefix);

	if (address->family != ip->address.family)
		return wr_refuse(err, -EINVAL, "", attr, "%s is of another family than the subnet",
				 weir_ip_format(address, a));
	if (!wr_ip_in(address, &net, prefix))
		return wr_refuse(err, -EINVAL, "", attr, "%s is outside the subnet %s/%u",
				 weir_ip_format(address, a), weir_ip_format(&net, b), prefix);
	if (ip->address.family == WEIR_FAMILY_IPV4 && prefix < 31 &&
	    (wr_ip_equal(address, &net) || wr_ip_equal(address, &last)))
		return wr_refuse(err, -EINVAL, "", attr, "%s is the subnet's %s address",
				 weir_ip_format(address, a),
				 wr_ip_equal(address, &net) ? "network" : "broadcast");
	return 0;
}

static int check_dhcp_range(const struct weir_network_ip *ip, const struct weir_dhcp_range *range,
			    struct weir_error *err)
{
	int r = check_in_subnet(ip, &range->start, "start", err);

	if (!r)
		r = check_in_subnet(ip, &range->end, "end", err);
	return r ? r : check_range(&range->start, &range->end, err);
}

static int check_dhcp_host(const struct weir_network_ip *ip, const struct weir_dhcp_host *host,
			   struct weir_error *err)
{
	bool v4 = ip->address.family == WEIR_FAMILY_IPV4;

	if (v4 && host->id)
		return wr_refuse(err, -EINVAL, "", "id", "is for IPv6 only");
	if (!v4 && host->mac)
		return wr_refuse(err, -EINVAL, "", "mac", "is for IPv4 only; IPv6 knows guests by id");
	if (!host->name && !host->mac && !host->id)
		return wr_refuse(err, -EINVAL, "", v4 ? "mac" : "id", "is missing, and name too");
	return check_in_subnet(ip, &host->address, "ip", err);
}

static bool same_mac(const char *a, const char *b)
{
	uint8_t x[6], y[6];

	return a && b && !wr_mac_parse(a, x) && !wr_mac_parse(b, y) && !memcmp(x, y, 6);
}

static bool same_text(const char *a, const char *b)
{
	return a && b && !strcmp(a, b);
}

/* Two entries for one guest or one address: dnsmasq would take one, nobody could say which. */
static const char *collide(const struct weir_dhcp_host *a, const struct weir_dhcp_host *b)
{
	if (same_mac(a->mac, b->mac))
		return "mac";
	if (same_text(a->name, b->name))
		return "name";
	if (same_text(a->id, b->id))
		return "id";
	return wr_ip_equal(&a->address, &b->address) ? "ip" : NULL;
}

static int check_dhcp(const struct weir_network_ip *ip, struct weir_error *err)
{
	const struct weir_dhcp *dhcp = &ip->dhcp;
	const char *what;
	int r;

	for (size_t i = 0; i < dhcp->n_ranges; i++) {
		r = check_dhcp_range(ip, &dhcp->ranges[i], err);
		if (r)
			return in_item(err, r, "dhcp.ranges", i);
	}
	for (size_t i = 0; i < dhcp->n_hosts; i++) {
		r = check_dhcp_host(ip, &dhcp->hosts[i], err);
		if (r)
			return in_item(err, r, "dhcp.hosts", i);
		for (size_t k = 0; k < i; k++) {
			what = collide(&dhcp->hosts[k], &dhcp->hosts[i]);
			if (what)
				return in_item(err, wr_refuse(err, -EEXIST, "", what,
							      "is that of dhcp.hosts[%zu] too", k),
					       "dhcp.hosts", i);
		}
	}
	return 0;
}

static int check_ip(const struct weir_network_ip *ip, struct weir_error *err)
{
	int bits = wr_ip_bits(&ip->address), prefix = weir_network_ip_prefix(ip), r;

	if (ip->family && ip->family != ip->address.family)
		return wr_refuse(err, -EINVAL, "", "family", "is not that of the address");
	if (ip->netmask.family && ip->address.family != WEIR_FAMILY_IPV4)
		return wr_refuse(err, -EINVAL, "", "netmask", "is for IPv4 only");
	if (ip->netmask.family && (ip->netmask.family != WEIR_FAMILY_IPV4 || prefix < 1))
		return wr_refuse(err, -EINVAL, "", "netmask", "is no netmask");
	if (ip->netmask.family && ip->prefix)
		return wr_refuse(err, -EINVAL, "", "prefix", "is given, and netmask too");
	if (prefix < 1 || prefix > bits)
		return wr_refuse(err, -ERANGE, "", "prefix", prefix < 1 ? "is missing" : "%d is outside 1..%d",
				 prefix, bits);
	if (ip->tftp_root && ip->address.family != WEIR_FAMILY_IPV4)
		return wr_refuse(err, -EINVAL, "", "tftpRoot", "is for IPv4 only");
	r = check_in_subnet(ip, &ip->address, "address", err);
	return r ? r : check_dhcp(ip, err);
}

static bool has_dhcp(const struct weir_network_ip *ip)
{
	return ip->dhcp.n_ranges || ip->dhcp.n_hosts;
}

static bool overlap(const struct weir_network_ip *a, const struct weir_network_ip *b)
{
	int pa = weir_network_ip_prefix(a), pb = weir_network_ip_prefix(b);

	return a->address.family == b->address.family &&
	       wr_ip_in(&a->address, &b->address, pa < pb ? pa : pb);
}

static int check_ips(const struct weir_network *net, struct weir_error *err)
{
	int r;

	for (size_t i = 0; i < net->n_ips; i++) {
		const struct weir_network_ip *ip = &net->ips[i];

		r = check_ip(ip, err);
		if (r)
			return in_item(err, r, "ips", i);
		if (ip->address.family == WEIR_FAMILY_IPV6 && net->mtu && net->mtu < 1280)
			return wr_refuse(err, -ERANGE, "", "mtu", "%u is below 1280, which IPv6 needs",
					 net->mtu);
		for (size_t k = 0; k < i; k++) {
			if (overlap(ip, &net->ips[k]))
				return in_item(err, wr_refuse(err, -EEXIST, "", "address",
							      "is in the subnet of ips[%zu]", k),
					       "ips", i);
			if (has_dhcp(ip) && has_dhcp(&net->ips[k]) &&
			    ip->address.family == net->ips[k].address.family)
				return in_item(err, wr_refuse(err, -EINVAL, "", "dhcp",
							      "is given by ips[%zu] for this family already", k),
					       "ips", i);
		}
	}
	return 0;
}

int wr_check_apart(const struct weir_network *net, const struct weir_network *other,
		   struct weir_error *err)
{
	char text[WEIR_IP_TEXT];

	for (size_t i = 0; i < net->n_ips; i++)
		for (size_t k = 0; k < other->n_ips; k++) {
			const struct weir_network_ip *ip = &other->ips[k];
			int prefix = weir_network_ip_prefix(ip);
			struct weir_ip subnet = weir_ip_mask(&ip->address, prefix);

			if (!overlap(&net->ips[i], ip))
				continue;
			wr_refuse(err, -EEXIST, "", "address", "overlaps the subnet %s/%d of network %s",
				  weir_ip_format(&subnet, text), prefix, other->name);
			return in_item(err, -EEXIST, "ips", i);
		}
	return 0;
}

/* --- the rest -------------------------------------------------------------------------------- */

static int check_routes(const struct weir_network *net, struct weir_error *err)
{
	for (size_t i = 0; i < net->n_routes; i++) {
		const struct weir_network_route *rt = &net->routes[i];
		int prefix = weir_network_route_prefix(rt), bits = wr_ip_bits(&rt->address);
		struct weir_ip masked = weir_ip_mask(&rt->address, prefix < 0 ? 0 : prefix);
		bool reachable = false;

		if (prefix < 0)
			return in_item(err, wr_refuse(err, -EINVAL, "", "netmask", "is no netmask"), "routes",
				       i);
		if (prefix > bits)
			return in_item(err, wr_refuse(err, -ERANGE, "", "prefix", "%d is outside 0..%d", prefix,
						      bits),
				       "routes", i);
		if (!wr_ip_equal(&masked, &rt->address))
			return in_item(err, wr_refuse(err, -EINVAL, "", "address",
						      "has bits beyond its prefix of %d", prefix),
				       "routes", i);
		for (size_t k = 0; k < net->n_ips; k++)
			reachable |= rt->gateway.family == net->ips[k].address.family &&
				     rt->gateway.family == rt->address.family &&
				     wr_ip_in(&rt->gateway, &net->ips[k].address,
					      weir_network_ip_prefix(&net->ips[k]));
		if (!reachable)
			return in_item(err, wr_refuse(err, -EINVAL, "", "gateway",
						      "is in none of the network's subnets of that family"),
				       "routes", i);
	}
	return 0;
}

static int check_portgroups(const struct weir_network *net, struct weir_error *err)
{
	for (size_t i = 0; i < net->n_portgroups; i++)
		for (size_t k = 0; k < i; k++) {
			if (!strcmp(net->portgroups[i].name, net->portgroups[k].name))
				return in_item(err, wr_refuse(err, -EEXIST, "", "name",
							      "is that of portgroups[%zu] too", k),
					       "portgroups", i);
			if (yes(net->portgroups[i].is_default) && yes(net->portgroups[k].is_default))
				return in_item(err, wr_refuse(err, -EEXIST, "", "default",
							      "is portgroups[%zu] already", k),
					       "portgroups", i);
		}
	return 0;
}

static int check_dns(const struct weir_network *net, struct weir_error *err)
{
	const struct weir_dns *dns = &net->dns;

	if (dns->enable == WEIR_NO && (dns->n_forwarders || dns->n_txt || dns->n_hosts || dns->n_srv))
		return wr_refuse(err, -EINVAL, "", "dns.enable", "is false, but there are DNS records");
	for (size_t i = 0; i < dns->n_forwarders; i++)
		if (!dns->forwarders[i].domain && !dns->forwarders[i].address.family)
			return in_item(err, wr_refuse(err, -EINVAL, "", "address",
						      "is missing, and domain too"),
				       "dns.forwarders", i);
	for (size_t i = 0; i < dns->n_srv; i++)
		if (!dns->srv[i].target &&
		    (dns->srv[i].port || dns->srv[i].priority || dns->srv[i].weight))
			return in_item(err, wr_refuse(err, -EINVAL, "", "target",
						      "is missing, which port, priority and weight need"),
				       "dns.srv", i);
	return 0;
}

/* What the kernel takes; a delay counts only while STP is on. */
static int check_bridge(const struct weir_network *net, struct weir_error *err)
{
	if (net->mtu && (net->mtu < 68 || net->mtu > 65535))
		return wr_refuse(err, -ERANGE, "", "mtu", "%u is outside 68..65535 bytes", net->mtu);
	if (net->bridge.delay_s > 30)
		return wr_refuse(err, -ERANGE, "", "bridge.delay", "%u is outside 0..30 s",
				 net->bridge.delay_s);
	return 0;
}

int weir_network_check(const struct weir_network *net, struct weir_error *err)
{
	static int (*const rules[])(const struct weir_network *, struct weir_error *) = {
		check_forward, check_bridge, check_ips, check_routes, check_portgroups, check_dns,
	};
	int r = wr_table_check(&wr_network_table, net, err);
	char name[WR_SHOWN];

	for (size_t i = 0; i < WR_COUNT(rules) && !r; i++)
		r = rules[i](net, err);
	if (r && err && !*err->object)
		wr_format(err->object, sizeof(err->object), "network %s",
			  wr_shown(net->name ? net->name : "", name));
	return r;
}
