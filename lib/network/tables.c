/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a definition consists of: one row for each member, with the name it has in
 * JSON, its range and its unit. JSON, its schema, range checks, copying, comparing
 * and freeing walk these rows. A row takes whatever libvirt's parser takes; what of
 * that makes no sense, alone or together with other members, is refused in check.c.
 * What a member means is said in <weir/network.h>.
 *
 * Here are the network itself, its way out and its bridge; table_dns.c, table_ip.c
 * and table_port.c have the rest, text.c the rules for texts.
 */
#include "network/tables.h"

/* --- forward and bridge ---------------------------------------------------------------- */

const struct wr_word wr_forward_modes[WR_FORWARD_MODES] = {
	{ WEIR_FORWARD_ISOLATED, "isolated" }, { WEIR_FORWARD_NAT, "nat" },
	{ WEIR_FORWARD_ROUTE, "route" },       { WEIR_FORWARD_OPEN, "open" },
	{ WEIR_FORWARD_BRIDGE, "bridge" },     { WEIR_FORWARD_PRIVATE, "private" },
	{ WEIR_FORWARD_VEPA, "vepa" },         { WEIR_FORWARD_PASSTHROUGH, "passthrough" },
	{ WEIR_FORWARD_HOSTDEV, "hostdev" },
};

const struct wr_word wr_managers[WR_MANAGERS] = { { WEIR_MAC_TABLE_KERNEL, "kernel" },
						  { WEIR_MAC_TABLE_MANAGED, "libvirt" } };

static const struct wr_field address_range_fields[] = {
	WR_ROW(weir_address_range, start, WR_IP, "start", .flags = WR_REQUIRED, .doc = "first"),
	WR_ROW(weir_address_range, end, WR_IP, "end", .flags = WR_REQUIRED, .doc = "last"),
};
static WR_TABLE(address_range_table, weir_address_range, "address range", -1, address_range_fields);

static const struct wr_field port_range_fields[] = {
	WR_ROW(weir_port_range, start, WR_U16, "start", .doc = "first"),
	WR_ROW(weir_port_range, end, WR_U16, "end", .flags = WR_REQUIRED, .doc = "last"),
};
static WR_TABLE(port_range_table, weir_port_range, "port range", -1, port_range_fields);

static const struct wr_field nat_fields[] = {
	WR_ROW(weir_forward_nat, ipv6, WR_U8, "ipv6", .flags = WR_TRISTATE,
	       .doc = "masquerade IPv6 too"),
	WR_OBJECT_ROW(weir_forward_nat, address, "address", &address_range_table,
		      .doc = "IPv4 addresses that traffic leaves with"),
	WR_OBJECT_ROW(weir_forward_nat, port, "port", &port_range_table,
		      .doc = "ports that NAT may choose"),
};
static WR_TABLE(nat_table, weir_forward_nat, "nat", -1, nat_fields);

static const struct wr_field interface_fields[] = {
	WR_ROW(weir_forward_interface, dev, WR_STRING, "dev", .flags = WR_REQUIRED,
	       WR_RULE(wr_text_bridge, WR_BRIDGE_RULE), .doc = "name of a link"),
};
WR_TABLE(wr_interface_table, weir_forward_interface, "interface", -1, interface_fields);

static const struct wr_field address_fields[] = {
	WR_ROW(weir_forward_address, pci, WR_STRING, "pci", .flags = WR_REQUIRED,
	       WR_RULE(wr_text_pci, WR_PCI_RULE),
	       .doc = "PCI address of a virtual function"),
};
static WR_TABLE(address_table, weir_forward_address, "address", -1, address_fields);

static const struct wr_field forward_fields[] = {
	/* 0, isolated, is what a network without "forward" is; so it need not be written. */
	WR_ROW(weir_forward, mode, WR_U8, "mode", .words = WR_WORDS(wr_forward_modes),
	       .doc = "what happens to traffic that leaves the network"),
	WR_ROW(weir_forward, managed, WR_U8, "managed", .flags = WR_TRISTATE,
	       .doc = "hostdev: virtual functions are bound and given back without the caller's doing"),
	WR_OBJECT_ROW(weir_forward, driver, "driver", &wr_pci_driver_table,
		      .doc = "hostdev: what virtual functions are bound to"),
	WR_ROW(weir_forward, pf, WR_STRING, "pf", WR_RULE(wr_text_link, WR_LINK_RULE),
	       .doc = "the link whose virtual functions are the pool"),
	WR_LIST_ROW(weir_forward, interfaces, "interfaces", &wr_interface_table,
		    .doc = "nat and route: the only link it may leave by; macvtap: the pool"),
	WR_LIST_ROW(weir_forward, addresses, "addresses", &address_table,
		    .doc = "hostdev: the pool"),
	WR_OBJECT_ROW(weir_forward, nat, "nat", &nat_table, .doc = "how addresses are translated"),
};
static WR_TABLE(forward_table, weir_forward, "forward", -1, forward_fields);

static const struct wr_field bridge_fields[] = {
	WR_ROW(weir_network_bridge, name, WR_NAME, "name",
	       WR_RULE(wr_text_bridge_or_pattern, WR_PATTERN_RULE), .doc = "its name; made up if absent or a pattern with %d"),
	WR_ROW(weir_network_bridge, zone, WR_STRING, "zone",
	       WR_RULE(wr_text_line, WR_LINE_RULE), .doc = "its zone in firewalld"),
	WR_ROW(weir_network_bridge, stp, WR_U8, "stp", .flags = WR_TRISTATE,
	       .doc = "spanning tree protocol"),
	WR_ROW(weir_network_bridge, delay_s, WR_U32, "delay", .unit = "s",
	       .doc = "forward delay, while STP is on"),
	WR_ROW(weir_network_bridge, mac_table_manager, WR_U8, "macTableManager",
	       .words = WR_WORDS(wr_managers), .doc = "who keeps its table of MAC addresses"),
	WR_ROW(weir_network_bridge, spread, WR_U32, "spread", .min = 1, .max = WR_MOST_BRIDGES,
	       .unit = "bridges",
	       .doc = "over how many bridges ports are spread, joined in a star: one has 1023 at most"),
};
static WR_TABLE(bridge_table, weir_network_bridge, "bridge", -1, bridge_fields);

/* --- the whole ---------------------------------------------------------------------------- */

static const struct wr_field option_fields[] = {
	WR_ROW(weir_dnsmasq_option, value, WR_STRING, "value", .flags = WR_REQUIRED,
	       WR_RULE(wr_text_line, WR_LINE_RULE),
	       .doc = "a line for dnsmasq's configuration"),
};
static WR_TABLE(option_table, weir_dnsmasq_option, "option", -1, option_fields);

static const struct wr_field network_fields[] = {
	WR_ROW(weir_network, name, WR_STRING, "name", .flags = WR_REQUIRED,
	       WR_RULE(wr_text_name, WR_NAME_RULE), .doc = "its name, unique on the host"),
	WR_ROW(weir_network, uuid, WR_NAME, "uuid", WR_RULE(wr_text_uuid, WR_UUID_RULE, .any_case = true),
	       .doc = "its identity; made up if absent"),
	WR_ROW(weir_network, title, WR_STRING, "title", WR_RULE(wr_text_line, WR_LINE_RULE),
	       .doc = "one line for people"),
	WR_ROW(weir_network, description, WR_STRING, "description", .doc = "text for people"),
	WR_ROW(weir_network, metadata, WR_STRING, "metadata", .doc = "text for programs"),
	WR_ROW(weir_network, ipv6, WR_U8, "ipv6", .flags = WR_TRISTATE,
	       .doc = "guests may speak IPv6 among themselves without an IPv6 address here"),
	WR_ROW(weir_network, trust_guest_rx_filters, WR_U8, "trustGuestRxFilters",
	       .flags = WR_TRISTATE, .doc = "the guests may choose their MAC addresses"),
	WR_OBJECT_ROW(weir_network, forward, "forward", &forward_table,
		      .doc = "what happens to traffic that leaves it; absent: isolated"),
	WR_OBJECT_ROW(weir_network, bridge, "bridge", &bridge_table, .doc = "its bridge"),
	WR_ROW(weir_network, mtu, WR_U32, "mtu", .unit = "bytes",
	       .doc = "MTU of bridge and guests"),
	WR_ROW(weir_network, mac, WR_STRING, "mac", WR_RULE(wr_text_mac, WR_MAC_RULE, .any_case = true),
	       .doc = "MAC address of the bridge; made up if absent"),
	WR_OBJECT_ROW(weir_network, domain, "domain", &wr_domain_table, .doc = "DNS domain"),
	WR_OBJECT_ROW(weir_network, dns, "dns", &wr_dns_table, .doc = "DNS server"),
	WR_OBJECT_ROW(weir_network, vlan, "vlan", &wr_vlan_table,
		      .doc = "vlans of ports whose portgroup says none"),
	WR_OBJECT_ROW(weir_network, bandwidth, "bandwidth", &wr_bandwidth_table,
		      .doc = "limits of the bridge as a whole"),
	WR_ROW(weir_network, port_isolated, WR_U8, "portIsolated", .flags = WR_TRISTATE,
	       .doc = "ports reach only what is not isolated"),
	WR_LIST_ROW(weir_network, ips, "ips", &wr_ip_table, .doc = "addresses of the bridge"),
	WR_LIST_ROW(weir_network, routes, "routes", &wr_route_table,
		    .doc = "routes through guests"),
	WR_OBJECT_ROW(weir_network, virtualport, "virtualport", &wr_virtualport_table,
		      .doc = "what the switch behind the ports is told"),
	WR_LIST_ROW(weir_network, portgroups, "portgroups", &wr_portgroup_table,
		    .doc = "classes of ports"),
	WR_LIST_ROW(weir_network, dnsmasq_options, "dnsmasqOptions", &option_table,
		    .doc = "lines for dnsmasq's configuration, behind all others"),
	WR_ROW(weir_network, anti_spoofing, WR_U8, "antiSpoofing", .words = WR_WORDS(wr_spoofings),
	       .doc = "addresses of its own that a guest is held to, if its portgroup says none"),
};
WR_TABLE(wr_network_table, weir_network, "network", -1, network_fields);
