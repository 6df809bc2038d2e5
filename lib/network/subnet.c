/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How large a subnet is: what a definition says in one of three ways, or not at all. */
#include "base/ip.h"
#include "network/network.h"

/* The number of leading ones, or -EINVAL if a one comes behind a zero. */
static int mask_bits(const struct weir_ip *mask)
{
	unsigned int n = 0, bits = wr_ip_bits(mask);

	while (n < bits && mask->bytes[n / 8] & 0x80 >> n % 8)
		n++;
	for (unsigned int i = n; i < bits; i++)
		if (mask->bytes[i / 8] & 0x80 >> i % 8)
			return -EINVAL;
	return (int)n;
}

/* As long as nobody said it: classes for IPv4, the size that autoconfiguration needs for IPv6. */
static int usual_bits(const struct weir_ip *ip)
{
	static const struct weir_ip none4 = { WEIR_FAMILY_IPV4, { 0 } };
	static const struct weir_ip none6 = { WEIR_FAMILY_IPV6, { 0 } };
	uint8_t first = ip->bytes[0];

	if (wr_ip_equal(ip, &none4) || wr_ip_equal(ip, &none6))
		return 0;
	if (ip->family == WEIR_FAMILY_IPV6)
		return 64;
	if (first >= 224)
		return -EINVAL;
	return first < 128 ? 8 : first < 192 ? 16 : 24;
}

int weir_network_ip_prefix(const struct weir_network_ip *ip)
{
	if (ip->prefix)
		return ip->prefix;
	return ip->netmask.family ? mask_bits(&ip->netmask) : usual_bits(&ip->address);
}

int weir_network_route_prefix(const struct weir_network_route *route)
{
	if (route->has & WEIR_NETWORK_ROUTE_PREFIX)
		return route->prefix;
	return route->netmask.family ? mask_bits(&route->netmask) : 0;
}
