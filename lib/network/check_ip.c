/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rules of addresses, DHCP, routes and DNS records. */
#include <stdio.h>

#include "base/ip.h"
#include "network/check.h"
#include "network/network.h"

#define MAX_SPAN 65536 /* addresses in a range */

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

int wr_check_range(const struct weir_ip *start, const struct weir_ip *end, struct weir_error *err)
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

int wr_check_dhcp_range(const struct weir_network_ip *ip, const struct weir_dhcp_range *range,
			struct weir_error *err)
{
	int r = check_in_subnet(ip, &range->start, "start", err);

	if (!r)
		r = check_in_subnet(ip, &range->end, "end", err);
	return r ? r : wr_check_range(&range->start, &range->end, err);
}

static int check_lease(const struct weir_lease_time *lease, struct weir_error *err)
{
	static const uint32_t seconds[] = { 60, 1, 3600 };

	if (!(lease->has & WEIR_LEASE_EXPIRY) || lease->expiry == 0)
		return 0;
	if (lease->expiry < 120 && lease->expiry * seconds[lease->unit % 3] < 120)
		return wr_refuse(err, -ERANGE, "", "lease.expiry",
				 "is shorter than the least, 2 minutes");
	return 0;
}

static int check_host(const struct weir_network_ip *ip, const struct weir_dhcp_host *host,
		      struct weir_error *err)
{
	bool v4 = ip->address.family == WEIR_FAMILY_IPV4;

	if (!v4 && host->mac)
		return wr_refuse(err, -EINVAL, "", "mac",
				 "is for IPv4 only; IPv6 knows guests by id");
	if (v4 && host->id && !host->mac && !host->name)
		return wr_refuse(err, -EINVAL, "", "id", "is for IPv6 only");
	if (!host->name && !(v4 ? host->mac : host->id))
		return wr_refuse(err, -EINVAL, "", v4 ? "mac" : "id", "is missing, and name too");
	if (host->address.family != ip->address.family)
		return wr_refuse(err, -EINVAL, "", "ip", "is of another family than the subnet");
	return check_lease(&host->lease, err);
}

static int check_dhcp(const struct weir_network_ip *ip, struct weir_error *err)
{
	const struct weir_dhcp *dhcp = &ip->dhcp;
	int r;

	for (size_t i = 0; i < dhcp->n_ranges; i++) {
		r = wr_check_dhcp_range(ip, &dhcp->ranges[i], err);
		if (!r)
			r = check_lease(&dhcp->ranges[i].lease, err);
		if (r)
			return wr_in_item(err, r, "dhcp.ranges", i);
	}
	for (size_t i = 0; i < dhcp->n_hosts; i++) {
		r = check_host(ip, &dhcp->hosts[i], err);
		if (r)
			return wr_in_item(err, r, "dhcp.hosts", i);
	}
	return 0;
}

static int check_ip(const struct weir_network_ip *ip, struct weir_error *err)
{
	int bits = wr_ip_bits(&ip->address), prefix = weir_network_ip_prefix(ip);

	if (ip->family && ip->family != ip->address.family)
		return wr_refuse(err, -EINVAL, "", "family", "is not that of the address");
	if (ip->netmask.family && ip->address.family != WEIR_FAMILY_IPV4)
		return wr_refuse(err, -EINVAL, "", "netmask", "is for IPv4 only");
	if (ip->netmask.family && ip->netmask.family != WEIR_FAMILY_IPV4)
		return wr_refuse(err, -EINVAL, "", "netmask", "is no netmask");
	if (ip->netmask.family && ip->prefix)
		return wr_refuse(err, -EINVAL, "", "prefix", "is given, and netmask too");
	if (prefix > bits)
		return wr_refuse(err, -ERANGE, "", "prefix", "%d is outside 1..%d", prefix, bits);
	if (ip->tftp_root && ip->address.family != WEIR_FAMILY_IPV4)
		return wr_refuse(err, -EINVAL, "", "tftpRoot", "is for IPv4 only");
	return check_dhcp(ip, err);
}

int wr_check_ips(const struct weir_network *net, enum weir_check how, struct weir_error *err)
{
	for (size_t i = 0; i < net->n_ips; i++) {
		int r = check_ip(&net->ips[i], err);

		if (r)
			return wr_in_item(err, r, "ips", i);
	}
	return 0;
}

static bool has_dhcp(const struct weir_network_ip *ip)
{
	return ip->dhcp.n_ranges || ip->dhcp.n_hosts;
}

int wr_check_one_dhcp(const struct weir_network *net, enum weir_check how, struct weir_error *err)
{
	for (size_t i = 0; i < net->n_ips; i++)
		for (size_t k = 0; k < i; k++)
			if (has_dhcp(&net->ips[i]) && has_dhcp(&net->ips[k]) &&
			    net->ips[i].address.family == net->ips[k].address.family)
				return wr_in_item(
					err,
					wr_refuse(err, -EINVAL, "", "dhcp",
						  "is given by ips[%zu] for this family already",
						  k),
					"ips", i);
	return 0;
}

/* --- what weir asks besides ------------------------------------------------------------- */

static char last_digit(const char *mac)
{
	size_t n = strlen(mac);

	return n ? mac[n - 1] | 0x20 : '\0';
}

/* One is compared with all hosts. In whichever way it is written, its last digit is the address's last: most differ there. */
bool wr_same_mac(const char *a, const char *b)
{
	uint8_t x[6], y[6];

	return a && b && last_digit(a) == last_digit(b) && !wr_mac_parse(a, x) && !wr_mac_parse(b, y) && !memcmp(x, y, 6);
}

/* In whichever way it is written. */
static struct wr_key mac_key(const char *mac, size_t i, uint8_t buf[6])
{
	bool is_one = mac && !wr_mac_parse(mac, buf);

	return (struct wr_key){ is_one ? buf : NULL, is_one ? 6 : 0, i };
}

/* Two entries for one guest or one address: dnsmasq would take one, nobody could say which. */
static int find_collisions(const struct weir_dhcp_host *hosts, size_t n, struct wr_twice *ret,
			   struct weir_error *err)
{
	wr_auto(free) struct wr_key *keys = calloc(n + 1, sizeof(*keys));
	wr_auto(free) uint8_t (*macs)[6] = calloc(n + 1, sizeof(*macs));

	if (!keys || !macs)
		return wr_nomem(err);
	for (size_t i = 0; i < n; i++)
		keys[i] = mac_key(hosts[i].mac, i, macs[i]);
	wr_find_twice(keys, n, "mac", ret);
	for (size_t i = 0; i < n; i++)
		keys[i] = wr_text_key(hosts[i].name, i);
	wr_find_twice(keys, n, "name", ret);
	for (size_t i = 0; i < n; i++)
		keys[i] = wr_text_key(hosts[i].id, i);
	wr_find_twice(keys, n, "id", ret);
	for (size_t i = 0; i < n; i++)
		keys[i] = (struct wr_key){ &hosts[i].address, sizeof(hosts[i].address), i };
	wr_find_twice(keys, n, "ip", ret);
	return 0;
}

static int check_host_strictly(const struct weir_network_ip *ip, size_t i, const struct wr_twice *twice,
			       struct weir_error *err)
{
	const struct weir_dhcp_host *host = &ip->dhcp.hosts[i];

	if (ip->address.family == WEIR_FAMILY_IPV4 && host->id)
		return wr_refuse(err, -EINVAL, "", "id", "is for IPv6 only");
	if (twice->first < i)
		return wr_refuse(err, -EEXIST, "", twice->what, "is that of dhcp.hosts[%zu] too",
				 twice->first);
	if (wr_ip_equal(&host->address, &ip->address))
		return wr_refuse(err, -EEXIST, "", "ip", "is the network's own address");
	return check_in_subnet(ip, &host->address, "ip", err);
}

static int check_hosts_strictly(const struct weir_network_ip *ip, struct weir_error *err)
{
	wr_auto(free) struct wr_twice *twice = wr_twice_new(ip->dhcp.n_hosts);
	int r = twice ? find_collisions(ip->dhcp.hosts, ip->dhcp.n_hosts, twice, err) : wr_nomem(err);

	if (r)
		return r;
	for (size_t i = 0; i < ip->dhcp.n_hosts; i++) {
		r = check_host_strictly(ip, i, &twice[i], err);
		if (r)
			return wr_in_item(err, r, "dhcp.hosts", i);
	}
	return 0;
}

static int check_dhcp_strictly(const struct weir_network_ip *ip, struct weir_error *err)
{
	int r = check_hosts_strictly(ip, err);

	if (r)
		return r;
	if (!ip->dhcp.bootp.file)
		return 0;
	if (ip->address.family != WEIR_FAMILY_IPV4)
		return wr_refuse(err, -EINVAL, "", "dhcp.bootp", "is for IPv4 only");
	if (!has_dhcp(ip))
		return wr_refuse(err, -EINVAL, "", "dhcp.bootp", "needs a range or a host");
	return 0;
}

/* An address of the host's own on a bridge, for others to send to. */
static bool is_for_a_bridge(const struct weir_ip *ip)
{
	static const uint8_t mapped[16] = { [10] = 0xff, [11] = 0xff }, none[16];
	const uint8_t first = ip->bytes[0];

	if (ip->family == WEIR_FAMILY_IPV4)
		return first != 127 && (first & 0xf0) != 0xe0 && memcmp(ip->bytes, none, 4) != 0;
	/* "::", "::1" and the rest of what once was IPv4 in IPv6 (RFC 4291, 2.5.5), and ff00::/8. */
	return first != 0xff && memcmp(ip->bytes, none, 12) != 0 && memcmp(ip->bytes, mapped, 12) != 0;
}

static int check_ip_strictly(const struct weir_network_ip *ip, struct weir_error *err)
{
	int prefix = weir_network_ip_prefix(ip), r;
	char text[WEIR_IP_TEXT];

	if (prefix < 1)
		return wr_refuse(err, ip->netmask.family ? -EINVAL : -ERANGE, "",
				 ip->netmask.family ? "netmask" : "prefix",
				 ip->netmask.family ? "is no netmask" : "is missing");
	if (!is_for_a_bridge(&ip->address))
		return wr_refuse(err, -EINVAL, "", "address", "%s is none that a bridge can have",
				 weir_ip_format(&ip->address, text));
	r = check_in_subnet(ip, &ip->address, "address", err);
	return r ? r : check_dhcp_strictly(ip, err);
}

static bool overlap(const struct weir_network_ip *a, const struct weir_network_ip *b)
{
	int pa = weir_network_ip_prefix(a), pb = weir_network_ip_prefix(b);

	return a->address.family == b->address.family &&
	       wr_ip_in(&a->address, &b->address, pa < pb ? pa : pb);
}

int wr_check_ips_strict(const struct weir_network *net, enum weir_check how, struct weir_error *err)
{
	for (size_t i = 0; i < net->n_ips; i++) {
		const struct weir_network_ip *ip = &net->ips[i];
		int r = check_ip_strictly(ip, err);

		if (r)
			return wr_in_item(err, r, "ips", i);
		if (ip->address.family == WEIR_FAMILY_IPV6 && net->mtu && net->mtu < 1280)
			return wr_refuse(err, -ERANGE, "", "mtu",
					 "%u is below 1280, which IPv6 needs", net->mtu);
		for (size_t k = 0; k < i; k++)
			if (overlap(ip, &net->ips[k]))
				return wr_in_item(err,
						  wr_refuse(err, -EEXIST, "", "address",
							    "is in the subnet of ips[%zu]", k),
						  "ips", i);
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
			struct weir_ip subnet;
			int prefix;

			if (!overlap(&net->ips[i], ip))
				continue;
			prefix = weir_network_ip_prefix(ip);
			subnet = weir_ip_mask(&ip->address, prefix);
			wr_refuse(err, -EEXIST, "", "address",
				  "overlaps the subnet %s/%d of network %s",
				  weir_ip_format(&subnet, text), prefix, other->name);
			return wr_in_item(err, -EEXIST, "ips", i);
		}
	return 0;
}

/* --- routes and DNS ---------------------------------------------------------------------------- */

static bool is_reachable(const struct weir_network *net, const struct weir_ip *gateway)
{
	for (size_t i = 0; i < net->n_ips; i++) {
		int prefix = weir_network_ip_prefix(&net->ips[i]);

		if (gateway->family == net->ips[i].address.family && prefix >= 0 &&
		    wr_ip_in(gateway, &net->ips[i].address, prefix))
			return true;
	}
	return false;
}

static int check_route(const struct weir_network *net, const struct weir_network_route *rt,
		       struct weir_error *err)
{
	int prefix = weir_network_route_prefix(rt), bits = wr_ip_bits(&rt->address);
	struct weir_ip masked = weir_ip_mask(&rt->address, prefix < 0 ? 0 : prefix);

	if (rt->family && rt->family != rt->address.family)
		return wr_refuse(err, -EINVAL, "", "family", "is not that of the address");
	if (rt->netmask.family && rt->has & WEIR_NETWORK_ROUTE_PREFIX)
		return wr_refuse(err, -EINVAL, "", "prefix", "is given, and netmask too");
	if (prefix < 0 || (rt->netmask.family && rt->netmask.family != rt->address.family))
		return wr_refuse(err, -EINVAL, "", "netmask", "is no netmask");
	if (prefix > bits)
		return wr_refuse(err, -ERANGE, "", "prefix", "%d is outside 0..%d", prefix, bits);
	if (!wr_ip_equal(&masked, &rt->address))
		return wr_refuse(err, -EINVAL, "", "address", "has bits beyond its prefix of %d",
				 prefix);
	if (rt->gateway.family != rt->address.family || !is_reachable(net, &rt->gateway))
		return wr_refuse(err, -EINVAL, "", "gateway",
				 "is in none of the network's subnets of that family");
	return 0;
}

int wr_check_routes(const struct weir_network *net, enum weir_check how, struct weir_error *err)
{
	for (size_t i = 0; i < net->n_routes; i++) {
		int r = check_route(net, &net->routes[i], err);

		if (r)
			return wr_in_item(err, r, "routes", i);
	}
	return 0;
}

int wr_check_dns(const struct weir_network *net, enum weir_check how, struct weir_error *err)
{
	const struct weir_dns *dns = &net->dns;

	if (dns->enable == WEIR_NO &&
	    (dns->n_forwarders || dns->n_txt || dns->n_hosts || dns->n_srv))
		return wr_refuse(err, -EINVAL, "", "dns.enable",
				 "is false, but there are DNS records");
	for (size_t i = 0; i < dns->n_forwarders; i++)
		if (!dns->forwarders[i].domain && !dns->forwarders[i].address.family)
			return wr_in_item(err,
					  wr_refuse(err, -EINVAL, "", "address",
						    "is missing, and domain too"),
					  "dns.forwarders", i);
	for (size_t i = 0; i < dns->n_srv; i++)
		if (!dns->srv[i].target &&
		    (dns->srv[i].port || dns->srv[i].priority || dns->srv[i].weight))
			return wr_in_item(
				err,
				wr_refuse(err, -EINVAL, "", "target",
					  "is missing, which port, priority and weight need"),
				"dns.srv", i);
	return 0;
}
