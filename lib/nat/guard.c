/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The table "bridge weir", which holds guests to their addresses: its constant rules,
 * and which elements a port is in it. It looks at what comes in by a bridge's port
 * before the bridge learns or forwards anything. A port that is in no map may send
 * what it likes; so what a frame costs does not grow with the number of ports.
 *
 * hold_mac asks for the guest's MAC address, in front and in ARP. hold_ip lets only
 * ARP, IPv4 and IPv6 pass, untagged, from the guest's addresses. Without one yet a
 * guest asks whether anybody has the address that it wants (ARP from 0.0.0.0, and
 * neighbour solicitations from ::), asks for one by DHCP, and joins groups.
 * Neighbour advertisements are believed for what they advertise and not for who
 * sends them, so that is looked at too.
 */
#include <linux/netfilter.h>

#include "base/ip.h"
#include "base/table.h"
#include "nat/nat.h"

/* "nd" has the addresses of "v6" as neighbour discovery carries them, 64 bits into its message. */
static const char make_guard[] =
	"table bridge weir {\n"
	"	comment \"made by weir\"\n"
	"	set macs { type ifname . ether_addr; }\n"
	"	set v4 { type ifname . ipv4_addr; }\n"
	"	set v6 { type ifname . ipv6_addr; }\n"
	"	set nd { typeof iifname . @th,64,128; }\n"
	"	map ports { type ifname : verdict; }\n"
	"	chain hold_mac { }\n"
	"	chain hold_ip { }\n"
	"	chain from_guest { type filter hook prerouting priority -300; policy accept; }\n"
	"}\n"
	"flush chain bridge weir hold_mac\n"
	"flush chain bridge weir hold_ip\n"
	"flush chain bridge weir from_guest\n"
	"add rule bridge weir hold_mac iifname . ether saddr != @macs drop\n"
	"add rule bridge weir hold_mac ether type arp iifname . arp saddr ether != @macs drop\n"
	"add rule bridge weir hold_ip jump hold_mac\n"
	"add rule bridge weir hold_ip ether type != { arp, ip, ip6 } drop\n"
	"add rule bridge weir hold_ip arp saddr ip 0.0.0.0 arp operation request return\n"
	"add rule bridge weir hold_ip iifname . arp saddr ip != @v4 drop\n"
	"add rule bridge weir hold_ip ip saddr 0.0.0.0 ip daddr 255.255.255.255 udp sport 68 udp dport 67 return\n"
	"add rule bridge weir hold_ip iifname . ip saddr != @v4 drop\n"
	"add rule bridge weir hold_ip ip6 saddr :: icmpv6 type nd-neighbor-solicit iifname . @th,64,128 @nd return\n"
	"add rule bridge weir hold_ip ip6 saddr :: icmpv6 type mld2-listener-report return\n"
	"add rule bridge weir hold_ip icmpv6 type nd-neighbor-advert iifname . @th,64,128 != @nd drop\n"
	"add rule bridge weir hold_ip iifname . ip6 saddr != @v6 drop\n"
	"add rule bridge weir from_guest iifname vmap @ports\n";

static const char remove_guard[] =
	"delete chain bridge weir from_guest\n"
	"delete chain bridge weir hold_ip\n"
	"delete chain bridge weir hold_mac\n"
	"delete table bridge weir\n";

static const struct wr_nat_set guard_sets[] = {
	{ "macs", "nm", false }, { "v4", "n4", false }, { "v6", "n6", false }, { "nd", "nx", false },
	{ "ports", "n", false }, { NULL, NULL, false },
};

const struct wr_nat_rules wr_guard_rules = {
	.table = "bridge weir", .family = NFPROTO_BRIDGE, .make = make_guard, .remove = remove_guard, .sets = guard_sets, .place = 1,
};

void wr_nat_put_number(struct wr_str *out, const uint8_t bytes[16])
{
	wr_str_puts(out, "0x");
	for (size_t i = 0, begun = 0; i < 32; i++) {
		unsigned int digit = i % 2 ? bytes[i / 2] & 0xf : bytes[i / 2] >> 4;

		begun |= digit;
		if (begun || i == 31)
			wr_str_putc(out, "0123456789abcdef"[digit]);
	}
}

static void put_address(const char *port, const struct weir_ip *ip, struct wr_str *out)
{
	char text[WEIR_IP_TEXT];

	weir_ip_format(ip, text);
	if (ip->family == WEIR_FAMILY_IPV4) {
		wr_str_printf(out, "v4 \"%s\" . %s\n", port, text);
		return;
	}
	wr_str_printf(out, "v6 \"%s\" . %s\nnd \"%s\" . ", port, text, port);
	wr_nat_put_number(out, ip->bytes);
	wr_str_putc(out, '\n');
}

static struct weir_ip link_local(const uint8_t mac[6])
{
	const struct weir_ip prefix = { WEIR_FAMILY_IPV6, { 0xfe, 0x80 } };

	return wr_ip_eui64(&prefix, mac);
}

/* The table's listing has each once. */
static bool is_known(const struct weir_guard *g, size_t n, const struct weir_ip *ip)
{
	const struct weir_ip local = link_local(g->mac);

	for (size_t i = 0; i < n; i++)
		if (wr_ip_equal(&g->addresses[i], ip))
			return true;
	return wr_ip_equal(&local, ip);
}

int wr_guard_elements(const struct weir_guard *guard, struct wr_str *out, struct weir_error *err)
{
	static const uint8_t none[6];
	const struct weir_ip local = link_local(guard->mac);
	int r = wr_nat_check_name(guard->port, "guard", "port", err);
	char mac[18], attr[32];

	if (r)
		return r;
	if (guard->mac[0] & 1 || !memcmp(guard->mac, none, sizeof(none)))
		return wr_refuse(err, -EINVAL, "guard", "mac", "must be a unicast address");
	wr_mac_format(guard->mac, mac);
	wr_str_printf(out, "ports \"%s\" : jump %s\nmacs \"%s\" . %s\n", guard->port,
		      guard->hold_addresses ? "hold_ip" : "hold_mac", guard->port, mac);
	if (guard->hold_addresses)
		put_address(guard->port, &local, out);
	for (size_t i = 0; guard->hold_addresses && i < guard->n_addresses; i++) {
		wr_format(attr, sizeof(attr), "addresses[%zu]", i);
		if (!wr_ip_bits(&guard->addresses[i]))
			return wr_refuse(err, -EINVAL, "guard", attr, "is no address");
		if (!is_known(guard, i, &guard->addresses[i]))
			put_address(guard->port, &guard->addresses[i], out);
	}
	return out->failed ? wr_nomem(err) : 0;
}
