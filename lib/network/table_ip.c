/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The rows of addresses, DHCP and routes: see tables.c. */
#include "network/tables.h"

static const struct wr_word lease_units[] = { { 0, "minutes" }, { 1, "seconds" }, { 2, "hours" } };
static const struct wr_word families[] = { { WEIR_FAMILY_IPV4, "ipv4" },
					   { WEIR_FAMILY_IPV6, "ipv6" } };

static const struct wr_field lease_fields[] = {
	WR_ROW(weir_lease_time, expiry, WR_U32, "expiry", WR_HAS(WEIR_LEASE_EXPIRY),
	       .flags = WR_REQUIRED, .doc = "how long, in units; 0: for ever"),
	WR_ROW(weir_lease_time, unit, WR_U8, "unit", .words = WR_WORDS(lease_units),
	       .doc = "of expiry"),
};

static WR_TABLE(lease_table, weir_lease_time, "lease", offsetof(struct weir_lease_time, has),
		lease_fields);

static const struct wr_field range_fields[] = {
	WR_ROW(weir_dhcp_range, start, WR_IP, "start", .flags = WR_REQUIRED, .doc = "first"),
	WR_ROW(weir_dhcp_range, end, WR_IP, "end", .flags = WR_REQUIRED, .doc = "last"),
	WR_OBJECT_ROW(weir_dhcp_range, lease, "lease", &lease_table, .doc = "for how long"),
};
WR_TABLE(wr_range_table, weir_dhcp_range, "range", -1, range_fields);

static const struct wr_field host_fields[] = {
	WR_ROW(weir_dhcp_host, mac, WR_STRING, "mac", WR_RULE(wr_text_mac, WR_MAC_RULE, .any_case = true),
	       .doc = "IPv4: the guest's MAC address"),
	WR_ROW(weir_dhcp_host, id, WR_STRING, "id",
	       WR_RULE(wr_text_hex_id, "is no DUID: hex digits and colons"), .doc = "IPv6: the guest's DUID"),
	WR_ROW(weir_dhcp_host, name, WR_STRING, "name",
	       WR_RULE(wr_text_host_name, "is no host name"), .doc = "host name"),
	WR_ROW(weir_dhcp_host, address, WR_IP, "ip", .flags = WR_REQUIRED, .doc = "its address"),
	WR_OBJECT_ROW(weir_dhcp_host, lease, "lease", &lease_table, .doc = "for how long"),
};
WR_TABLE(wr_host_table, weir_dhcp_host, "host", -1, host_fields);

static const struct wr_field bootp_fields[] = {
	WR_ROW(weir_dhcp_bootp, file, WR_STRING, "file", .flags = WR_REQUIRED,
	       WR_RULE(wr_text_line, WR_LINE_RULE), .doc = "name of the file"),
	WR_ROW(weir_dhcp_bootp, server, WR_IP, "server", .doc = "who has it; absent: this host"),
};
static WR_TABLE(bootp_table, weir_dhcp_bootp, "bootp", -1, bootp_fields);

static const struct wr_field dhcp_fields[] = {
	WR_LIST_ROW(weir_dhcp, ranges, "ranges", &wr_range_table, .doc = "addresses for anybody"),
	WR_LIST_ROW(weir_dhcp, hosts, "hosts", &wr_host_table,
		    .doc = "addresses for one guest each"),
	WR_OBJECT_ROW(weir_dhcp, bootp, "bootp", &bootp_table, .doc = "IPv4: what guests boot"),
};
static WR_TABLE(dhcp_table, weir_dhcp, "dhcp", -1, dhcp_fields);

static const struct wr_field ip_fields[] = {
	WR_ROW(weir_network_ip, family, WR_U8, "family", .words = WR_WORDS(families),
	       .doc = "family of the address, which says it as well"),
	WR_ROW(weir_network_ip, address, WR_IP, "address", .flags = WR_REQUIRED,
	       .doc = "the host's address"),
	WR_ROW(weir_network_ip, netmask, WR_IP, "netmask", .doc = "IPv4: the subnet, as a mask"),
	WR_ROW(weir_network_ip, prefix, WR_U8, "prefix", .min = 1, .max = 128,
	       .doc = "the subnet, as a prefix length"),
	WR_ROW(weir_network_ip, local_ptr, WR_U8, "localPtr", .flags = WR_TRISTATE,
	       .doc = "reverse queries are never passed on"),
	WR_ROW(weir_network_ip, tftp_root, WR_STRING, "tftpRoot",
	       WR_RULE(wr_text_line, WR_LINE_RULE), .doc = "IPv4: directory that TFTP serves"),
	WR_OBJECT_ROW(weir_network_ip, dhcp, "dhcp", &dhcp_table, .doc = "DHCP server"),
};
WR_TABLE(wr_ip_table, weir_network_ip, "ip", -1, ip_fields);

static const struct wr_field route_fields[] = {
	WR_ROW(weir_network_route, family, WR_U8, "family", .words = WR_WORDS(families),
	       .doc = "family of the address, which says it as well"),
	WR_ROW(weir_network_route, address, WR_IP, "address", .flags = WR_REQUIRED,
	       .doc = "destination network"),
	WR_ROW(weir_network_route, netmask, WR_IP, "netmask", .doc = "IPv4: its size, as a mask"),
	WR_ROW(weir_network_route, prefix, WR_U8, "prefix", WR_HAS(WEIR_NETWORK_ROUTE_PREFIX),
	       .max = 128, .doc = "its size, as a prefix length"),
	WR_ROW(weir_network_route, gateway, WR_IP, "gateway", .flags = WR_REQUIRED,
	       .doc = "an address in one of the network's subnets"),
	WR_ROW(weir_network_route, metric, WR_U32, "metric", .min = 1, .doc = "priority"),
};
WR_TABLE(wr_route_table, weir_network_route, "route", offsetof(struct weir_network_route, has),
	 route_fields);
