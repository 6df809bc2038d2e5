/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a host interface group consists of: one row for each member, with the name
 * it has in JSON, its range and its unit. JSON, its schema, range checks, copying,
 * comparing and freeing walk these rows. Rules that need more than one member are
 * in check.c; what a member means is said in <weir/host.h>.
 */
#include "host/tables.h"

/* --- rules for texts ------------------------------------------------------------ */

#define IFNAME_RULE "is no name for a link: 1 to 15 bytes without '/', ':', '%' or space"

/* Whose bits are set wrongly is known to the card, so a multicast address is not refused here. */
static int check_mac(const char *s)
{
	uint8_t mac[6];

	return wr_mac_parse(s, mac);
}

static int check_delay(const char *s)
{
	struct weir_group_bridge bridge = { .stp = WEIR_ABSENT };
	uint32_t cs;

	if (strlen(s) >= sizeof(bridge.delay))
		return -EINVAL;
	wr_copy(bridge.delay, sizeof(bridge.delay), s);
	return weir_group_delay(&bridge, &cs);
}

/* --- words ------------------------------------------------------------------------- */

static const struct wr_word types[] = {
	{ WEIR_GROUP_ETHERNET, "ethernet" },
	{ WEIR_GROUP_BOND, "bond" },
	{ WEIR_GROUP_BRIDGE, "bridge" },
	{ WEIR_GROUP_VLAN, "vlan" },
};

static const struct wr_word start_modes[] = {
	{ WEIR_START_ONBOOT, "onboot" },
	{ WEIR_START_NONE, "none" },
	{ WEIR_START_HOTPLUG, "hotplug" },
};

static const struct wr_word families[] = {
	{ WEIR_FAMILY_IPV4, "ipv4" },
	{ WEIR_FAMILY_IPV6, "ipv6" },
};

static const struct wr_word states[] = {
	{ 0, "unknown" }, { 1, "notpresent" }, { 2, "down" }, { 3, "lowerlayerdown" },
	{ 4, "testing" }, { 5, "dormant" },    { 6, "up" },
};

static const struct wr_word bond_modes[] = {
	{ WEIR_GROUP_BOND_RR, "balance-rr" },
	{ WEIR_GROUP_BOND_BACKUP, "active-backup" },
	{ WEIR_GROUP_BOND_XOR, "balance-xor" },
	{ WEIR_GROUP_BOND_BROADCAST, "broadcast" },
	{ WEIR_GROUP_BOND_8023AD, "802.3ad" },
	{ WEIR_GROUP_BOND_TLB, "balance-tlb" },
	{ WEIR_GROUP_BOND_ALB, "balance-alb" },
};

static const struct wr_word carriers[] = {
	{ WEIR_CARRIER_IOCTL, "ioctl" },
	{ WEIR_CARRIER_NETIF, "netif" },
};

static const struct wr_word validations[] = {
	{ WEIR_VALIDATE_NONE, "none" },
	{ WEIR_VALIDATE_ACTIVE, "active" },
	{ WEIR_VALIDATE_BACKUP, "backup" },
	{ WEIR_VALIDATE_ALL, "all" },
};

static const struct wr_word reselects[] = { { 0, "always" }, { 1, "better" }, { 2, "failure" } };
static const struct wr_word fail_over_macs[] = { { 0, "none" }, { 1, "active" }, { 2, "follow" } };
static const struct wr_word policies[] = {
	{ 0, "layer2" },   { 1, "layer3+4" }, { 2, "layer2+3" },
	{ 3, "encap2+3" }, { 4, "encap3+4" }, { 5, "vlan+srcmac" },
};
static const struct wr_word rates[] = { { 0, "slow" }, { 1, "fast" } };
static const struct wr_word selects[] = { { 0, "stable" }, { 1, "bandwidth" }, { 2, "count" } };

static const struct wr_word vlan_protocols[] = { { 0x8100, "802.1Q" }, { 0x88a8, "802.1ad" } };

/* --- addresses ----------------------------------------------------------------------- */

static const struct wr_field address_fields[] = {
	WR_ROW(weir_group_address, address, WR_IP, "address", .flags = WR_REQUIRED,
	       .doc = "the address"),
	WR_ROW(weir_group_address, prefix, WR_U8, "prefix", WR_HAS(WEIR_GROUP_PREFIX), .max = 128,
	       .doc = "its prefix length; absent: all bits"),
};
static WR_TABLE(address_table, weir_group_address, "address",
		offsetof(struct weir_group_address, has), address_fields);

static const struct wr_field route_fields[] = {
	WR_ROW(weir_group_route, destination, WR_IP, "destination",
	       .doc = "destination network; absent: the default route"),
	WR_ROW(weir_group_route, prefix, WR_U8, "prefix", WR_HAS(WEIR_GROUP_PREFIX), .max = 128,
	       .doc = "its prefix length; absent: all bits"),
	WR_ROW(weir_group_route, gateway, WR_IP, "gateway",
	       .doc = "next hop; absent: the destination is on the link"),
	WR_ROW(weir_group_route, metric, WR_U32, "metric", .min = 1, .doc = "priority"),
};
static WR_TABLE(route_table, weir_group_route, "route", offsetof(struct weir_group_route, has),
		route_fields);

static const struct wr_field protocol_fields[] = {
	WR_ROW(weir_group_protocol, family, WR_U8, "family", .words = WR_WORDS(families),
	       .flags = WR_REQUIRED, .doc = "address family"),
	WR_ROW(weir_group_protocol, autoconf, WR_U8, "autoconf", .flags = WR_BOOL,
	       .doc = "IPv6: addresses and routes from router advertisements"),
	WR_ROW(weir_group_protocol, dhcp, WR_U8, "dhcp", .flags = WR_BOOL,
	       .doc = "an address from a DHCP server"),
	WR_ROW(weir_group_protocol, peerdns, WR_U8, "peerdns", .flags = WR_TRISTATE,
	       .doc = "use the name servers that DHCP tells"),
	WR_LIST_ROW(weir_group_protocol, addresses, "addresses", &address_table,
		    .doc = "static addresses"),
	WR_LIST_ROW(weir_group_protocol, routes, "routes", &route_table, .doc = "static routes"),
};
static WR_TABLE(protocol_table, weir_group_protocol, "protocol", -1, protocol_fields);

/* --- link, bridge, bond, vlan --------------------------------------------------------- */

static const struct wr_field link_fields[] = {
	WR_ROW(weir_group_link, speed_mbit_per_s, WR_U32, "speed", WR_HAS(WEIR_GROUP_LINK_SPEED),
	       .unit = "Mbit/s", .doc = "its speed; 0: unknown"),
	WR_ROW(weir_group_link, state, WR_U8, "state", WR_HAS(WEIR_GROUP_LINK_STATE),
	       .words = WR_WORDS(states), .doc = "what it does"),
};
static WR_TABLE(link_table, weir_group_link, "link", offsetof(struct weir_group_link, has),
		link_fields);

static const struct wr_field bridge_fields[] = {
	WR_ROW(weir_group_bridge, stp, WR_U8, "stp", .flags = WR_TRISTATE,
	       .doc = "spanning tree protocol"),
	WR_ROW(weir_group_bridge, delay, WR_NAME, "delay",
	       WR_RULE(check_delay, "is no decimal number of seconds"),
	       .doc = "forward delay in seconds, a decimal number"),
};
static WR_TABLE(bridge_table, weir_group_bridge, "bridge", -1, bridge_fields);

static const struct wr_field miimon_fields[] = {
	WR_ROW(weir_group_miimon, freq_ms, WR_U32, "freq", .min = 1, .max = INT32_MAX, .unit = "ms",
	       .flags = WR_REQUIRED, .doc = "how often carriers are looked at"),
	WR_ROW(weir_group_miimon, downdelay_ms, WR_U32, "downdelay", WR_HAS(WEIR_GROUP_DOWNDELAY),
	       .max = INT32_MAX, .unit = "ms", .doc = "how long a port without carrier stays in use"),
	WR_ROW(weir_group_miimon, updelay_ms, WR_U32, "updelay", WR_HAS(WEIR_GROUP_UPDELAY),
	       .max = INT32_MAX, .unit = "ms", .doc = "how long a port with carrier is not yet used"),
	WR_ROW(weir_group_miimon, carrier, WR_U8, "carrier", .words = WR_WORDS(carriers),
	       .doc = "who is asked: the card (ioctl) or the kernel (netif)"),
};
static WR_TABLE(miimon_table, weir_group_miimon, "miimon", offsetof(struct weir_group_miimon, has),
		miimon_fields);

static const struct wr_field arpmon_fields[] = {
	WR_ROW(weir_group_arpmon, interval_ms, WR_U32, "interval", .min = 1, .max = INT32_MAX,
	       .unit = "ms", .flags = WR_REQUIRED, .doc = "how often the target is asked"),
	WR_ROW(weir_group_arpmon, target, WR_IP, "target", .flags = WR_REQUIRED,
	       .doc = "IPv4 address of the host that is asked"),
	WR_ROW(weir_group_arpmon, validate, WR_U8, "validate", .words = WR_WORDS(validations),
	       .doc = "on which ports answers are looked at"),
};
static WR_TABLE(arpmon_table, weir_group_arpmon, "arpmon", -1, arpmon_fields);

static const struct wr_field bond_fields[] = {
	WR_ROW(weir_group_bond, mode, WR_U8, "mode", .words = WR_WORDS(bond_modes),
	       .doc = "how the ports are used; absent: balance-rr"),
	WR_OBJECT_ROW(weir_group_bond, miimon, "miimon", &miimon_table,
		      .doc = "a monitor of carriers"),
	WR_OBJECT_ROW(weir_group_bond, arpmon, "arpmon", &arpmon_table, .doc = "a monitor by ARP"),
	WR_ROW(weir_group_bond, primary_reselect, WR_U8, "primaryReselect", WR_HAS(WEIR_BOND_PRIMARY_RESELECT),
	       .words = WR_WORDS(reselects), .doc = "when the primary port takes over again"),
	WR_ROW(weir_group_bond, fail_over_mac, WR_U8, "failOverMac", WR_HAS(WEIR_BOND_FAIL_OVER_MAC),
	       .words = WR_WORDS(fail_over_macs), .doc = "whose MAC address follows whom"),
	WR_ROW(weir_group_bond, xmit_hash_policy, WR_U8, "xmitHashPolicy", WR_HAS(WEIR_BOND_XMIT_HASH_POLICY),
	       .words = WR_WORDS(policies), .doc = "what chooses the port of a frame"),
	WR_ROW(weir_group_bond, num_peer_notif, WR_U8, "numPeerNotif", WR_HAS(WEIR_BOND_NUM_PEER_NOTIF),
	       .max = 255, .doc = "gratuitous ARPs and unsolicited NAs after a failover"),
	WR_ROW(weir_group_bond, min_links, WR_U32, "minLinks", WR_HAS(WEIR_BOND_MIN_LINKS), .max = INT32_MAX,
	       .doc = "active ports that carrier needs"),
	WR_ROW(weir_group_bond, lacp_rate, WR_U8, "lacpRate", WR_HAS(WEIR_BOND_LACP_RATE),
	       .words = WR_WORDS(rates), .doc = "802.3ad: how often LACPDUs are asked for"),
	WR_ROW(weir_group_bond, ad_select, WR_U8, "adSelect", WR_HAS(WEIR_BOND_AD_SELECT),
	       .words = WR_WORDS(selects), .doc = "802.3ad: how the aggregator is chosen"),
};
static WR_TABLE(bond_table, weir_group_bond, "bond", offsetof(struct weir_group_bond, has), bond_fields);

static const struct wr_field vlan_fields[] = {
	WR_ROW(weir_group_vlan, tag, WR_U16, "tag", WR_HAS(WEIR_GROUP_VLAN_TAG), .max = 4094,
	       .flags = WR_REQUIRED, .doc = "vlan id"),
	WR_ROW(weir_group_vlan, protocol, WR_U16, "protocol", .words = WR_WORDS(vlan_protocols),
	       .doc = "absent: 802.1Q"),
	WR_ROW(weir_group_vlan, base, WR_NAME, "base",
	       WR_RULE(wr_check_ifname, IFNAME_RULE), .flags = WR_REQUIRED, .doc = "the interface that carries it"),
};
static WR_TABLE(vlan_table, weir_group_vlan, "vlan", offsetof(struct weir_group_vlan, has),
		vlan_fields);

/* --- the whole ---------------------------------------------------------------------------- */

static const struct wr_field group_fields[] = {
	WR_ROW(weir_group, type, WR_U8, "type", .words = WR_WORDS(types), .flags = WR_REQUIRED,
	       .doc = "what the interface is"),
	WR_ROW(weir_group, name, WR_NAME, "name", WR_RULE(wr_check_ifname, IFNAME_RULE),
	       .doc = "its name; a vlan without one is called BASE.TAG"),
	WR_ROW(weir_group, start, WR_U8, "start", .words = WR_WORDS(start_modes),
	       .doc = "when it is brought up by itself; absent: never"),
	WR_ROW(weir_group, mtu, WR_U32, "mtu", .min = 68, .max = 65535, .unit = "bytes",
	       .doc = "MTU of the interface and its ports"),
	WR_LIST_ROW(weir_group, protocols, "protocols", &protocol_table,
		    .doc = "addresses, one item for each family"),
	WR_OBJECT_ROW(weir_group, link, "link", &link_table,
		      .doc = "what the link did; ignored when the group is applied"),
	WR_ROW(weir_group, mac, WR_NAME, "mac", WR_RULE(check_mac, "is no MAC address"),
	       .doc = "an ethernet's identity: the MAC address it must have"),
	WR_OBJECT_ROW(weir_group, bridge, "bridge", &bridge_table, .doc = "for type bridge"),
	WR_OBJECT_ROW(weir_group, bond, "bond", &bond_table, .doc = "for type bond"),
	WR_OBJECT_ROW(weir_group, vlan, "vlan", &vlan_table, .doc = "for type vlan"),
	WR_LIST_ROW(weir_group, ports, "ports", &wr_group_table, .flags = WR_SELF,
		    .doc = "what a bridge or bond enslaves"),
};
WR_TABLE(wr_group_table, weir_group, "group", -1, group_fields);
