/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* IP addresses as values: text, masks, order. Links and routes are in lib/ip. */
#include <arpa/inet.h>
#include <errno.h>
#include <sys/socket.h>

#include "base/ip.h"

unsigned int wr_ip_bits(const struct weir_ip *ip)
{
	return ip->family == AF_INET ? 32 : ip->family == AF_INET6 ? 128 : 0;
}

int weir_ip_parse(const char *text, struct weir_ip *ret)
{
	struct weir_ip ip = { 0 };

	if (!text)
		return -EINVAL;
	if (inet_pton(AF_INET, text, ip.bytes) == 1)
		ip.family = AF_INET;
	else if (inet_pton(AF_INET6, text, ip.bytes) == 1)
		ip.family = AF_INET6;
	else
		return -EINVAL;
	*ret = ip;
	return 0;
}

const char *weir_ip_format(const struct weir_ip *ip, char *buf)
{
	*buf = '\0';
	if (ip->family)
		inet_ntop(ip->family, ip->bytes, buf, WEIR_IP_TEXT);
	return buf;
}

struct weir_ip weir_ip_mask(const struct weir_ip *ip, unsigned int prefix)
{
	const unsigned int whole = prefix / 8;
	struct weir_ip net = *ip;

	if (prefix >= 128)
		return net;
	net.bytes[whole] &= (uint8_t)(0xff00u >> (prefix % 8));
	memset(net.bytes + whole + 1, 0, sizeof(net.bytes) - whole - 1);
	return net;
}

struct weir_ip wr_ip_last(const struct weir_ip *ip, unsigned int prefix)
{
	struct weir_ip last = weir_ip_mask(ip, prefix);

	for (unsigned int bit = prefix; bit < wr_ip_bits(ip); bit++)
		last.bytes[bit / 8] |= (uint8_t)(0x80u >> (bit % 8));
	return last;
}

bool wr_ip_is_link_local(const struct weir_ip *ip)
{
	return ip->family == WEIR_FAMILY_IPV6 && ip->bytes[0] == 0xfe && (ip->bytes[1] & 0xc0) == 0x80;
}

bool wr_ip_in(const struct weir_ip *ip, const struct weir_ip *net, unsigned int prefix)
{
	unsigned int whole = prefix / 8, rest = prefix % 8;

	if (prefix >= 128)
		return !memcmp(ip, net, sizeof(*ip));
	return ip->family == net->family && !memcmp(ip->bytes, net->bytes, whole) &&
	       (uint8_t)(ip->bytes[whole] ^ net->bytes[whole]) >> (8 - rest) == 0;
}

struct weir_ip wr_ip_eui64(const struct weir_ip *prefix, const uint8_t mac[6])
{
	const uint8_t id[] = { mac[0] ^ 2, mac[1], mac[2], 0xff, 0xfe, mac[3], mac[4], mac[5] };
	struct weir_ip ip = *prefix;

	memcpy(ip.bytes + 8, id, sizeof(id));
	return ip;
}

int wr_ip_compare(const struct weir_ip *a, const struct weir_ip *b)
{
	return a->family != b->family ? (int)a->family - b->family :
					memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

bool wr_ip_equal(const struct weir_ip *a, const struct weir_ip *b)
{
	return wr_ip_compare(a, b) == 0;
}

bool wr_ip_has_v6(void)
{
	wr_auto(fd) int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	return fd >= 0 || errno != EAFNOSUPPORT;
}
