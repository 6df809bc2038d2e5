/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bridges (IFLA_BR_*) and their ports (IFLA_BRPORT_*). Names are iproute2's. */
#include <linux/if_bridge.h>
#include <linux/if_link.h>

#include "link/kinds.h"

#define BRIDGE(member, attr, codec, name, bit, ...)                                                \
	WR_ATTR(weir_bridge, member, attr, codec, name, WEIR_BRIDGE_##bit, ##__VA_ARGS__)
#define SWITCH(member, attr, codec, name, bit, ...)                                                \
	BRIDGE(member, attr, codec, name, bit, .flags = WR_BOOL | WR_DIGIT, ##__VA_ARGS__)

#define OPTION(member, number, name, bit, ...)                                                     \
	BRIDGE(member, IFLA_BR_MULTI_BOOLOPT, WR_BIT, name, bit, .mask = 1u << (number),           \
	       .flags = WR_BOOL | WR_DIGIT, ##__VA_ARGS__)

static const struct wr_word vlan_protocols[] = { { 0x8100, "802.1Q" }, { 0x88a8, "802.1ad" } };

/* clang-format off */
static const struct wr_field bridge_fields[] = {
	BRIDGE(forward_delay_cs, IFLA_BR_FORWARD_DELAY, WR_U32, "forward_delay", FORWARD_DELAY,
	       .unit = "1/100 s", .doc = "time in listening and in learning"),
	BRIDGE(hello_time_cs, IFLA_BR_HELLO_TIME, WR_U32, "hello_time", HELLO_TIME,
	       .unit = "1/100 s", .doc = "time between hello packets"),
	BRIDGE(max_age_cs, IFLA_BR_MAX_AGE, WR_U32, "max_age", MAX_AGE,
	       .unit = "1/100 s", .doc = "age of the newest root message"),
	BRIDGE(ageing_time_cs, IFLA_BR_AGEING_TIME, WR_U32, "ageing_time", AGEING_TIME,
	       .unit = "1/100 s", .doc = "time until a learned address is forgotten"),
	SWITCH(stp, IFLA_BR_STP_STATE, WR_U32, "stp_state", STP, .doc = "spanning tree protocol"),
	BRIDGE(priority, IFLA_BR_PRIORITY, WR_U16, "priority", PRIORITY, .doc = "STP priority"),
	SWITCH(vlan_filtering, IFLA_BR_VLAN_FILTERING, WR_U8, "vlan_filtering", VLAN_FILTERING,
	       .doc = "frames are filtered by vlan"),
	BRIDGE(vlan_protocol, IFLA_BR_VLAN_PROTOCOL, WR_BE16, "vlan_protocol", VLAN_PROTOCOL,
	       .words = WR_WORDS(vlan_protocols), .doc = "which tags count"),
	BRIDGE(group_fwd_mask, IFLA_BR_GROUP_FWD_MASK, WR_U16, "group_fwd_mask", GROUP_FWD_MASK,
	       .flags = WR_HEX, .doc = "link-local groups that are forwarded"),
	SWITCH(mcast_snooping, IFLA_BR_MCAST_SNOOPING, WR_U8, "mcast_snooping", MCAST_SNOOPING,
	       .doc = "IGMP and MLD snooping"),
	SWITCH(mcast_querier, IFLA_BR_MCAST_QUERIER, WR_U8, "mcast_querier", MCAST_QUERIER,
	       .doc = "the bridge sends queries itself"),
	BRIDGE(vlan_default_pvid, IFLA_BR_VLAN_DEFAULT_PVID, WR_U16, "vlan_default_pvid",
	       DEFAULT_PVID, .max = 4094, .doc = "vlan of new ports; 0: none"),
	SWITCH(nf_call_iptables, IFLA_BR_NF_CALL_IPTABLES, WR_U8, "nf_call_iptables",
	       NF_CALL_IPTABLES, .doc = "bridged IPv4 frames pass through netfilter"),
	SWITCH(nf_call_ip6tables, IFLA_BR_NF_CALL_IP6TABLES, WR_U8, "nf_call_ip6tables",
	       NF_CALL_IP6TABLES, .doc = "bridged IPv6 frames pass through netfilter"),
	SWITCH(nf_call_arptables, IFLA_BR_NF_CALL_ARPTABLES, WR_U8, "nf_call_arptables",
	       NF_CALL_ARPTABLES, .doc = "bridged ARP passes through netfilter"),
	SWITCH(vlan_stats, IFLA_BR_VLAN_STATS_ENABLED, WR_U8, "vlan_stats_enabled", VLAN_STATS,
	       .doc = "frames are counted by vlan"),
	BRIDGE(mcast_router, IFLA_BR_MCAST_ROUTER, WR_U8, "mcast_router", MCAST_ROUTER, .max = 2,
	       .doc = "it is sent all multicast: 0 never, 1 as a querier, 2 always"),
	BRIDGE(mcast_igmp_version, IFLA_BR_MCAST_IGMP_VERSION, WR_U8, "mcast_igmp_version",
	       MCAST_IGMP_VERSION, .min = 2, .max = 3, .doc = "of its own queries"),
	BRIDGE(mcast_mld_version, IFLA_BR_MCAST_MLD_VERSION, WR_U8, "mcast_mld_version",
	       MCAST_MLD_VERSION, .min = 1, .max = 2, .doc = "of its own queries"),
	OPTION(no_ll_learn, BR_BOOLOPT_NO_LL_LEARN, "no_linklocal_learn", NO_LL_LEARN,
	       .doc = "link-local frames teach it nothing"),
	OPTION(mcast_vlan_snooping, BR_BOOLOPT_MCAST_VLAN_SNOOPING, "mcast_vlan_snooping",
	       MCAST_VLAN_SNOOPING, .doc = "snooping in each vlan by itself"),
};
/* clang-format on */

static const uint16_t info_data[] = { IFLA_LINKINFO, IFLA_INFO_DATA, 0 };

static int verify_bridge(const void *obj, struct weir_error *err)
{
	const struct weir_bridge *b = obj;

	/* The kernel checks the range only while STP runs, and clamps when it is turned on. */
	if (b->has & WEIR_BRIDGE_STP && b->stp && b->has & WEIR_BRIDGE_FORWARD_DELAY &&
	    (b->forward_delay_cs < 200 || b->forward_delay_cs > 3000))
		return wr_refuse(err, -ERANGE, "", "forward_delay",
				 "%u is outside 200..3000 1/100 s, which STP needs",
				 b->forward_delay_cs);
	return 0;
}

static WR_TABLE(bridge_table, weir_bridge, "bridge", offsetof(struct weir_bridge, has), bridge_fields,
	 .path = info_data, .verify = verify_bridge);

/* While STP runs, not every delay is taken, and turning it on changes one: it goes first. */
static int widen(const struct weir_link *want, struct weir_link *old, struct weir_link *ahead, struct weir_error *err)
{
	bool is_snooping = old->bridge.mcast_vlan_snooping;

	/* Without vlans there is no snooping in each: the kernel turns it off. */
	if (want->bridge.has & WEIR_BRIDGE_VLAN_FILTERING)
		old->bridge.has |= is_snooping ? WEIR_BRIDGE_MCAST_VLAN_SNOOPING : 0;
	if (!(want->bridge.has & WEIR_BRIDGE_STP))
		return 0;
	ahead->bridge = old->bridge;
	ahead->bridge.has = WEIR_BRIDGE_STP;
	old->bridge.has |= WEIR_BRIDGE_FORWARD_DELAY;
	return 0;
}

const struct wr_kind wr_kind_bridge = {
	.kind = WEIR_LINK_BRIDGE,
	.name = "bridge",
	.table = &bridge_table,
	.tables = WR_LINK_TABLES(&bridge_table),
	.offset = offsetof(struct weir_link, bridge),
	.widen = widen,
};

#define PORT(member, attr, codec, name, bit, ...)                                                  \
	WR_ATTR(weir_bridge_port, member, attr, codec, name, WEIR_PORT_##bit, ##__VA_ARGS__)
#define PORT_SWITCH(member, attr, name, bit, ...)                                                  \
	PORT(member, attr, WR_U8, name, bit, .flags = WR_BOOL, ##__VA_ARGS__)

/* clang-format off */
static const struct wr_field port_fields[] = {
	PORT(cost, IFLA_BRPORT_COST, WR_U32, "cost", COST, .doc = "STP path cost"),
	PORT(priority, IFLA_BRPORT_PRIORITY, WR_U16, "priority", PRIORITY, .max = 63,
	     .doc = "STP priority"),
	PORT_SWITCH(hairpin, IFLA_BRPORT_MODE, "hairpin", HAIRPIN,
		    .doc = "frames may leave by the port they came in"),
	PORT_SWITCH(bpdu_guard, IFLA_BRPORT_GUARD, "guard", GUARD, .doc = "a BPDU disables it"),
	PORT_SWITCH(root_block, IFLA_BRPORT_PROTECT, "root_block", ROOT_BLOCK,
		    .doc = "it cannot become the root port"),
	PORT_SWITCH(fastleave, IFLA_BRPORT_FAST_LEAVE, "fastleave", FASTLEAVE,
		    .doc = "a leave message ends a group at once"),
	PORT_SWITCH(learning, IFLA_BRPORT_LEARNING, "learning", LEARNING,
		    .doc = "source addresses are learned"),
	PORT_SWITCH(flood, IFLA_BRPORT_UNICAST_FLOOD, "flood", FLOOD,
		    .doc = "unknown unicast goes out here"),
	PORT_SWITCH(mcast_flood, IFLA_BRPORT_MCAST_FLOOD, "mcast_flood", MCAST_FLOOD,
		    .doc = "unknown multicast goes out here"),
	PORT_SWITCH(bcast_flood, IFLA_BRPORT_BCAST_FLOOD, "bcast_flood", BCAST_FLOOD,
		    .doc = "broadcasts go out here"),
	PORT_SWITCH(neigh_suppress, IFLA_BRPORT_NEIGH_SUPPRESS, "neigh_suppress", NEIGH_SUPPRESS,
		    .doc = "ARP and ND are answered by the bridge"),
	PORT_SWITCH(isolated, IFLA_BRPORT_ISOLATED, "isolated", ISOLATED,
		    .doc = "no traffic with other isolated ports"),
	PORT_SWITCH(locked, IFLA_BRPORT_LOCKED, "locked", LOCKED,
		    .doc = "only known source addresses may send"),
	PORT_SWITCH(proxy_arp, IFLA_BRPORT_PROXYARP, "proxy_arp", PROXY_ARP,
		    .doc = "ARP for what is elsewhere is answered"),
	PORT_SWITCH(proxy_arp_wifi, IFLA_BRPORT_PROXYARP_WIFI, "proxy_arp_wifi", PROXY_ARP_WIFI,
		    .doc = "the same as Hotspot 2.0 wants it"),
	PORT(mcast_router, IFLA_BRPORT_MULTICAST_ROUTER, WR_U8, "mcast_router", MCAST_ROUTER, .max = 3,
	     .doc = "a router is there: 0 never, 1 if it queries, 2 always, 3 for some time"),
	PORT_SWITCH(mcast_to_unicast, IFLA_BRPORT_MCAST_TO_UCAST, "mcast_to_unicast", MCAST_TO_UNICAST,
		    .doc = "multicast goes out as unicast"),
	PORT(group_fwd_mask, IFLA_BRPORT_GROUP_FWD_MASK, WR_U16, "group_fwd_mask", GROUP_FWD_MASK,
	     .flags = WR_HEX, .doc = "link-local groups that it forwards"),
	PORT_SWITCH(vlan_tunnel, IFLA_BRPORT_VLAN_TUNNEL, "vlan_tunnel", VLAN_TUNNEL,
		    .doc = "vlans are those of tunnels"),
};
/* clang-format on */

static const uint16_t info_slave_data[] = { IFLA_LINKINFO, IFLA_INFO_SLAVE_DATA, 0 };

WR_TABLE(wr_bridge_port_table, weir_bridge_port, "port", offsetof(struct weir_bridge_port, has),
	 port_fields, .path = info_slave_data);
