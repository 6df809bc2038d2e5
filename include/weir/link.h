/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Links: what they are, how they are made, changed, deleted and read.
 *
 * A struct weir_link says what is wanted or what is: members count only where
 * their bit is set in has. The same struct comes back from weir_link_get(), so
 * that wanted and real can be compared member by member. Kernel interface:
 * RTM_NEWLINK, RTM_SETLINK, RTM_DELLINK, RTM_GETLINK; taps: /dev/net/tun.
 */
#ifndef WEIR_LINK_H
#define WEIR_LINK_H

#include <stdbool.h>

#include <weir/error.h>
#include <weir/ip.h>

#ifdef __cplusplus
extern "C" {
#endif

struct weir;
struct weir_txn;

/**
 * enum weir_link_kind - what a link is (IFLA_INFO_KIND)
 * @WEIR_LINK_OTHER:	a device, or a kind this library does not know
 * @WEIR_LINK_BRIDGE:	a software bridge
 * @WEIR_LINK_VETH:	one end of a pair
 * @WEIR_LINK_TUN:	a tap or tun device
 * @WEIR_LINK_IFB:	an intermediate functional block, where ingress is shaped
 * @WEIR_LINK_MACVLAN:	a MAC address of its own on another link
 * @WEIR_LINK_MACVTAP:	the same as a character device for a guest
 * @WEIR_LINK_BOND:	several links that act as one
 * @WEIR_LINK_VLAN:	the frames of another link with one tag
 * @WEIR_LINK_DUMMY:	a link that leads nowhere
 * @WEIR_LINK_VXLAN:	Ethernet in UDP
 * @WEIR_LINK_VRF:	a routing domain, whose ports are in it
 */
enum weir_link_kind {
	WEIR_LINK_OTHER = 0,
	WEIR_LINK_BRIDGE = 1,
	WEIR_LINK_VETH = 2,
	WEIR_LINK_TUN = 3,
	WEIR_LINK_IFB = 4,
	WEIR_LINK_MACVLAN = 5,
	WEIR_LINK_MACVTAP = 6,
	WEIR_LINK_BOND = 7,
	WEIR_LINK_VLAN = 8,
	WEIR_LINK_DUMMY = 9,
	WEIR_LINK_VXLAN = 10,
	WEIR_LINK_VRF = 11
};

/**
 * struct weir_ips - a few IP addresses
 * @n:		how many there are
 * @ips:	the addresses; the rest is zero
 */
struct weir_ips {
	uint32_t n;
	struct weir_ip ips[16];
};

/**
 * struct weir_pair - one number is mapped to another
 * @from:	the number
 * @to:		what it becomes; 0: as if the pair were not there
 */
struct weir_pair {
	uint32_t from;
	uint32_t to;
};

/**
 * struct weir_pairs - a map of numbers to numbers
 * @n:		how many pairs there are
 * @pairs:	the pairs, each @from once; the rest is zero
 *
 * Setting some pairs leaves the kernel's others as they are.
 */
struct weir_pairs {
	uint32_t n;
	struct weir_pair pairs[16];
};

/**
 * struct weir_macs - a few MAC addresses
 * @n:		how many there are
 * @macs:	the addresses, in any order, each once; the rest is zero
 */
struct weir_macs {
	uint32_t n;
	uint8_t macs[64][6];
};

/**
 * struct weir_udp_ports - UDP ports
 * @first:	the first of them
 * @last:	the last
 */
struct weir_udp_ports {
	uint16_t first;
	uint16_t last;
};

/** WEIR_BRIDGE_FORWARD_DELAY - in weir_bridge.has: forward_delay_cs is set */
#define WEIR_BRIDGE_FORWARD_DELAY (1ull << 0)
/** WEIR_BRIDGE_HELLO_TIME - hello_time_cs is set */
#define WEIR_BRIDGE_HELLO_TIME (1ull << 1)
/** WEIR_BRIDGE_MAX_AGE - max_age_cs is set */
#define WEIR_BRIDGE_MAX_AGE (1ull << 2)
/** WEIR_BRIDGE_AGEING_TIME - ageing_time_cs is set */
#define WEIR_BRIDGE_AGEING_TIME (1ull << 3)
/** WEIR_BRIDGE_STP - stp is set */
#define WEIR_BRIDGE_STP (1ull << 4)
/** WEIR_BRIDGE_PRIORITY - priority is set */
#define WEIR_BRIDGE_PRIORITY (1ull << 5)
/** WEIR_BRIDGE_VLAN_FILTERING - vlan_filtering is set */
#define WEIR_BRIDGE_VLAN_FILTERING (1ull << 6)
/** WEIR_BRIDGE_VLAN_PROTOCOL - vlan_protocol is set */
#define WEIR_BRIDGE_VLAN_PROTOCOL (1ull << 7)
/** WEIR_BRIDGE_GROUP_FWD_MASK - group_fwd_mask is set */
#define WEIR_BRIDGE_GROUP_FWD_MASK (1ull << 8)
/** WEIR_BRIDGE_MCAST_SNOOPING - mcast_snooping is set */
#define WEIR_BRIDGE_MCAST_SNOOPING (1ull << 9)
/** WEIR_BRIDGE_MCAST_QUERIER - mcast_querier is set */
#define WEIR_BRIDGE_MCAST_QUERIER (1ull << 10)
/** WEIR_BRIDGE_DEFAULT_PVID - vlan_default_pvid is set */
#define WEIR_BRIDGE_DEFAULT_PVID (1ull << 11)
/** WEIR_BRIDGE_NF_CALL_IPTABLES - nf_call_iptables is set */
#define WEIR_BRIDGE_NF_CALL_IPTABLES (1ull << 12)
/** WEIR_BRIDGE_NF_CALL_IP6TABLES - nf_call_ip6tables is set */
#define WEIR_BRIDGE_NF_CALL_IP6TABLES (1ull << 13)
/** WEIR_BRIDGE_NF_CALL_ARPTABLES - nf_call_arptables is set */
#define WEIR_BRIDGE_NF_CALL_ARPTABLES (1ull << 14)
/** WEIR_BRIDGE_VLAN_STATS - vlan_stats is set */
#define WEIR_BRIDGE_VLAN_STATS (1ull << 15)
/** WEIR_BRIDGE_MCAST_ROUTER - mcast_router is set */
#define WEIR_BRIDGE_MCAST_ROUTER (1ull << 16)
/** WEIR_BRIDGE_MCAST_IGMP_VERSION - mcast_igmp_version is set */
#define WEIR_BRIDGE_MCAST_IGMP_VERSION (1ull << 17)
/** WEIR_BRIDGE_MCAST_MLD_VERSION - mcast_mld_version is set */
#define WEIR_BRIDGE_MCAST_MLD_VERSION (1ull << 18)
/** WEIR_BRIDGE_NO_LL_LEARN - no_ll_learn is set */
#define WEIR_BRIDGE_NO_LL_LEARN (1ull << 19)
/** WEIR_BRIDGE_MCAST_VLAN_SNOOPING - mcast_vlan_snooping is set */
#define WEIR_BRIDGE_MCAST_VLAN_SNOOPING (1ull << 20)

/**
 * struct weir_bridge - the settings of a bridge (IFLA_BR_*)
 * @has:		which members are set, WEIR_BRIDGE_*
 * @forward_delay_cs:	time in listening and in learning, 1/100 s; 200..3000
 *			while STP is on
 * @hello_time_cs:	time between hello packets, 1/100 s
 * @max_age_cs:		age of the newest root message, 1/100 s
 * @ageing_time_cs:	time until a learned address is forgotten, 1/100 s
 * @stp:		the spanning tree protocol runs
 * @priority:		STP priority
 * @vlan_filtering:	frames are filtered by vlan
 * @vlan_protocol:	0x8100 (802.1Q) or 0x88a8 (802.1ad)
 * @group_fwd_mask:	link-local groups that are forwarded
 * @mcast_snooping:	IGMP and MLD snooping
 * @mcast_querier:	the bridge sends queries itself
 * @vlan_default_pvid:	vlan of new ports; 0: none
 * @nf_call_iptables:	bridged IPv4 frames pass through netfilter
 * @nf_call_ip6tables:	and IPv6 frames
 * @nf_call_arptables:	and ARP
 * @vlan_stats:		frames are counted by vlan
 * @mcast_router:	the bridge is sent all multicast frames: 0 never, 1 when
 *			it sends queries, 2 always
 * @mcast_igmp_version:	of its own queries, 2 or 3
 * @mcast_mld_version:	of its own queries, 1 or 2
 * @no_ll_learn:	addresses are not learned from link-local frames
 * @mcast_vlan_snooping: snooping in each vlan by itself
 */
struct weir_bridge {
	uint64_t has;
	uint32_t forward_delay_cs;
	uint32_t hello_time_cs;
	uint32_t max_age_cs;
	uint32_t ageing_time_cs;
	uint16_t priority;
	uint16_t vlan_protocol;
	uint16_t group_fwd_mask;
	uint16_t vlan_default_pvid;
	bool stp;
	bool vlan_filtering;
	bool mcast_snooping;
	bool mcast_querier;
	bool nf_call_iptables;
	bool nf_call_ip6tables;
	bool nf_call_arptables;
	bool vlan_stats;
	uint8_t mcast_router;
	uint8_t mcast_igmp_version;
	uint8_t mcast_mld_version;
	bool no_ll_learn;
	bool mcast_vlan_snooping;
};

/** WEIR_PORT_PRIORITY - priority is set */
#define WEIR_PORT_PRIORITY (1ull << 0)
/** WEIR_PORT_COST - cost is set */
#define WEIR_PORT_COST (1ull << 1)
/** WEIR_PORT_HAIRPIN - hairpin is set */
#define WEIR_PORT_HAIRPIN (1ull << 2)
/** WEIR_PORT_GUARD - bpdu_guard is set */
#define WEIR_PORT_GUARD (1ull << 3)
/** WEIR_PORT_ROOT_BLOCK - root_block is set */
#define WEIR_PORT_ROOT_BLOCK (1ull << 4)
/** WEIR_PORT_FASTLEAVE - fastleave is set */
#define WEIR_PORT_FASTLEAVE (1ull << 5)
/** WEIR_PORT_LEARNING - learning is set */
#define WEIR_PORT_LEARNING (1ull << 6)
/** WEIR_PORT_FLOOD - flood is set */
#define WEIR_PORT_FLOOD (1ull << 7)
/** WEIR_PORT_MCAST_FLOOD - mcast_flood is set */
#define WEIR_PORT_MCAST_FLOOD (1ull << 8)
/** WEIR_PORT_BCAST_FLOOD - bcast_flood is set */
#define WEIR_PORT_BCAST_FLOOD (1ull << 9)
/** WEIR_PORT_NEIGH_SUPPRESS - neigh_suppress is set */
#define WEIR_PORT_NEIGH_SUPPRESS (1ull << 10)
/** WEIR_PORT_ISOLATED - isolated is set */
#define WEIR_PORT_ISOLATED (1ull << 11)
/** WEIR_PORT_LOCKED - locked is set */
#define WEIR_PORT_LOCKED (1ull << 12)
/** WEIR_PORT_PROXY_ARP - proxy_arp is set */
#define WEIR_PORT_PROXY_ARP (1ull << 13)
/** WEIR_PORT_PROXY_ARP_WIFI - proxy_arp_wifi is set */
#define WEIR_PORT_PROXY_ARP_WIFI (1ull << 14)
/** WEIR_PORT_MCAST_ROUTER - mcast_router is set */
#define WEIR_PORT_MCAST_ROUTER (1ull << 15)
/** WEIR_PORT_MCAST_TO_UNICAST - mcast_to_unicast is set */
#define WEIR_PORT_MCAST_TO_UNICAST (1ull << 16)
/** WEIR_PORT_GROUP_FWD_MASK - group_fwd_mask is set */
#define WEIR_PORT_GROUP_FWD_MASK (1ull << 17)
/** WEIR_PORT_VLAN_TUNNEL - vlan_tunnel is set */
#define WEIR_PORT_VLAN_TUNNEL (1ull << 18)

/**
 * struct weir_bridge_port - the settings of a bridge's port (IFLA_BRPORT_*)
 * @has:		which members are set, WEIR_PORT_*
 * @cost:		STP path cost
 * @priority:		STP priority
 * @hairpin:		frames may leave by the port they came in
 * @bpdu_guard:		a BPDU disables the port
 * @root_block:		the port cannot become the root port
 * @fastleave:		a leave message ends a group at once
 * @learning:		source addresses are learned
 * @flood:		frames to unknown unicast addresses go out here
 * @mcast_flood:	and those to unknown groups
 * @bcast_flood:	and broadcasts
 * @neigh_suppress:	ARP and ND are answered by the bridge
 * @isolated:		no traffic to or from other isolated ports
 * @locked:		only known source addresses may send
 * @proxy_arp:		ARP for addresses that are not behind it is answered
 * @proxy_arp_wifi:	the same as IEEE 802.11 and Hotspot 2.0 want it
 * @mcast_router:	a multicast router is behind it: 0 never, 1 when it sends
 *			queries, 2 always, 3 for some time
 * @mcast_to_unicast:	multicast frames go out as unicast ones, one for each host
 * @group_fwd_mask:	link-local groups that it forwards
 * @vlan_tunnel:	vlans are those of tunnels
 */
struct weir_bridge_port {
	uint64_t has;
	uint32_t cost;
	uint16_t priority;
	bool hairpin;
	bool bpdu_guard;
	bool root_block;
	bool fastleave;
	bool learning;
	bool flood;
	bool mcast_flood;
	bool bcast_flood;
	bool neigh_suppress;
	bool isolated;
	bool locked;
	bool proxy_arp;
	bool proxy_arp_wifi;
	uint8_t mcast_router;
	bool mcast_to_unicast;
	uint16_t group_fwd_mask;
	bool vlan_tunnel;
};

/** WEIR_VETH_PEER_NAME - in weir_veth.has: peer_name is set */
#define WEIR_VETH_PEER_NAME (1ull << 0)
/** WEIR_VETH_PEER_MAC - peer_mac is set */
#define WEIR_VETH_PEER_MAC (1ull << 1)
/** WEIR_VETH_PEER_MTU - peer_mtu is set */
#define WEIR_VETH_PEER_MTU (1ull << 2)
/** WEIR_VETH_PEER_IFINDEX - peer_ifindex is set */
#define WEIR_VETH_PEER_IFINDEX (1ull << 3)

/**
 * struct weir_veth - the other end of a pair, for weir_txn_link_add() only
 * @has:		which members are set, WEIR_VETH_*
 * @peer_name:		its name; must be set
 * @peer_mac:		its MAC address
 * @peer_mtu:		its MTU
 * @peer_netns:		the namespace it is made in, a name below /run/netns or
 *			a path; NULL: the same. The caller's string
 * @peer_up:		bring it up as well
 * @peer_ifindex:	its index, from weir_txn_link_index(), so that later steps can
 *			change it too; unset: one is chosen. Since 0.2
 */
struct weir_veth {
	uint64_t has;
	char peer_name[16];
	uint8_t peer_mac[6];
	uint32_t peer_mtu;
	const char *peer_netns;
	bool peer_up;
	int peer_ifindex;
};

/** WEIR_TUN_OWNER - in weir_tun.has: owner is set */
#define WEIR_TUN_OWNER (1ull << 0)
/** WEIR_TUN_GROUP - group is set */
#define WEIR_TUN_GROUP (1ull << 1)
/** WEIR_TUN_TYPE - tap is set */
#define WEIR_TUN_TYPE (1ull << 2)
/** WEIR_TUN_PI - pi is set */
#define WEIR_TUN_PI (1ull << 3)
/** WEIR_TUN_VNET_HDR - vnet_hdr is set */
#define WEIR_TUN_VNET_HDR (1ull << 4)
/** WEIR_TUN_PERSIST - persist is set */
#define WEIR_TUN_PERSIST (1ull << 5)
/** WEIR_TUN_MULTI_QUEUE - multi_queue is set */
#define WEIR_TUN_MULTI_QUEUE (1ull << 6)
/** WEIR_TUN_QUEUES - n_queues is set */
#define WEIR_TUN_QUEUES (1ull << 7)
/** WEIR_TUN_DISABLED_QUEUES - n_disabled_queues is set */
#define WEIR_TUN_DISABLED_QUEUES (1ull << 8)

/**
 * struct weir_tun - a tap or tun device (IFLA_TUN_*; made by TUNSETIFF)
 * @has:		which members are set, WEIR_TUN_*
 * @owner:		uid that may attach to it
 * @group:		gid that may attach to it
 * @type:		1: tun (IP packets), 2: tap (Ethernet frames)
 * @pi:			packets carry the four bytes of struct tun_pi
 * @vnet_hdr:		frames carry a virtio_net header
 * @persist:		it stays when the last descriptor is closed
 * @multi_queue:	it can have more than one descriptor
 * @n_queues:		how many are attached; read only
 * @n_disabled_queues:	how many are attached and switched off; read only
 */
struct weir_tun {
	uint64_t has;
	uint32_t owner;
	uint32_t group;
	uint8_t type;
	bool pi;
	bool vnet_hdr;
	bool persist;
	bool multi_queue;
	uint32_t n_queues;
	uint32_t n_disabled_queues;
};

/**
 * enum weir_macvlan_mode - how the links on one lower link reach each other
 * @WEIR_MACVLAN_PRIVATE:	not at all
 * @WEIR_MACVLAN_VEPA:		through the switch outside
 * @WEIR_MACVLAN_BRIDGE:	directly
 * @WEIR_MACVLAN_PASSTHRU:	there is only one
 * @WEIR_MACVLAN_SOURCE:	by a list of source addresses
 */
enum weir_macvlan_mode {
	WEIR_MACVLAN_PRIVATE = 1,
	WEIR_MACVLAN_VEPA = 2,
	WEIR_MACVLAN_BRIDGE = 4,
	WEIR_MACVLAN_PASSTHRU = 8,
	WEIR_MACVLAN_SOURCE = 16
};

/** WEIR_MACVLAN_MODE - in weir_macvlan.has: mode is set */
#define WEIR_MACVLAN_MODE (1ull << 0)
/** WEIR_MACVLAN_FLAGS - flags is set */
#define WEIR_MACVLAN_FLAGS (1ull << 1)
/** WEIR_MACVLAN_SOURCES - sources is set */
#define WEIR_MACVLAN_SOURCES (1ull << 2)
/** WEIR_MACVLAN_N_SOURCES - n_sources is set */
#define WEIR_MACVLAN_N_SOURCES (1ull << 3)
/** WEIR_MACVLAN_BC_QUEUE_LEN - bc_queue_len is set */
#define WEIR_MACVLAN_BC_QUEUE_LEN (1ull << 4)

/**
 * struct weir_macvlan - a macvlan or macvtap (IFLA_MACVLAN_*)
 * @has:		which members are set, WEIR_MACVLAN_*
 * @mode:		an enum weir_macvlan_mode
 * @flags:		1: no promiscuous mode on the lower link (passthru only). Do not
 *			change it while the link is down: the kernel then loses count of
 *			who wants the mode
 * @sources:		mode source: the whole list of addresses that it takes frames
 *			from; weir_txn_macvlan_source_add() adds one to it
 * @n_sources:		how many addresses the kernel has, which may be more than fit
 *			into @sources; read only
 * @bc_queue_len:	broadcasts that may wait, in packets; the lower link takes
 *			the largest of its links
 */
struct weir_macvlan {
	uint64_t has;
	uint32_t mode;
	uint16_t flags;
	struct weir_macs sources;
	uint32_t n_sources;
	uint32_t bc_queue_len;
};

/**
 * enum weir_bond_mode - how a bond uses its ports
 * @WEIR_BOND_BALANCE_RR:	in turn
 * @WEIR_BOND_ACTIVE_BACKUP:	one of them
 * @WEIR_BOND_BALANCE_XOR:	by a hash of the frame
 * @WEIR_BOND_BROADCAST:	all of them
 * @WEIR_BOND_802_3AD:		by a hash, those that LACP found
 * @WEIR_BOND_BALANCE_TLB:	by load, when sending
 * @WEIR_BOND_BALANCE_ALB:	by load, in both directions
 */
enum weir_bond_mode {
	WEIR_BOND_BALANCE_RR = 0,
	WEIR_BOND_ACTIVE_BACKUP = 1,
	WEIR_BOND_BALANCE_XOR = 2,
	WEIR_BOND_BROADCAST = 3,
	WEIR_BOND_802_3AD = 4,
	WEIR_BOND_BALANCE_TLB = 5,
	WEIR_BOND_BALANCE_ALB = 6
};

/** WEIR_BOND_MODE - in weir_bond.has: mode is set */
#define WEIR_BOND_MODE (1ull << 0)
/** WEIR_BOND_ACTIVE - active is set */
#define WEIR_BOND_ACTIVE (1ull << 1)
/** WEIR_BOND_MIIMON - miimon_ms is set */
#define WEIR_BOND_MIIMON (1ull << 2)
/** WEIR_BOND_UPDELAY - updelay_ms is set */
#define WEIR_BOND_UPDELAY (1ull << 3)
/** WEIR_BOND_DOWNDELAY - downdelay_ms is set */
#define WEIR_BOND_DOWNDELAY (1ull << 4)
/** WEIR_BOND_PEER_NOTIF_DELAY - peer_notif_delay_ms is set */
#define WEIR_BOND_PEER_NOTIF_DELAY (1ull << 5)
/** WEIR_BOND_USE_CARRIER - use_carrier is set */
#define WEIR_BOND_USE_CARRIER (1ull << 6)
/** WEIR_BOND_ARP_INTERVAL - arp_interval_ms is set */
#define WEIR_BOND_ARP_INTERVAL (1ull << 7)
/** WEIR_BOND_ARP_TARGETS - arp_targets is set */
#define WEIR_BOND_ARP_TARGETS (1ull << 8)
/** WEIR_BOND_NS_TARGETS - ns_targets is set */
#define WEIR_BOND_NS_TARGETS (1ull << 9)
/** WEIR_BOND_ARP_VALIDATE - arp_validate is set */
#define WEIR_BOND_ARP_VALIDATE (1ull << 10)
/** WEIR_BOND_ARP_ALL_TARGETS - arp_all_targets is set */
#define WEIR_BOND_ARP_ALL_TARGETS (1ull << 11)
/** WEIR_BOND_ARP_MISSED_MAX - arp_missed_max is set */
#define WEIR_BOND_ARP_MISSED_MAX (1ull << 12)
/** WEIR_BOND_PRIMARY - primary is set */
#define WEIR_BOND_PRIMARY (1ull << 13)
/** WEIR_BOND_PRIMARY_RESELECT - primary_reselect is set */
#define WEIR_BOND_PRIMARY_RESELECT (1ull << 14)
/** WEIR_BOND_FAIL_OVER_MAC - fail_over_mac is set */
#define WEIR_BOND_FAIL_OVER_MAC (1ull << 15)
/** WEIR_BOND_XMIT_HASH_POLICY - xmit_hash_policy is set */
#define WEIR_BOND_XMIT_HASH_POLICY (1ull << 16)
/** WEIR_BOND_RESEND_IGMP - resend_igmp is set */
#define WEIR_BOND_RESEND_IGMP (1ull << 17)
/** WEIR_BOND_NUM_PEER_NOTIF - num_peer_notif is set */
#define WEIR_BOND_NUM_PEER_NOTIF (1ull << 18)
/** WEIR_BOND_ALL_PORTS_ACTIVE - all_ports_active is set */
#define WEIR_BOND_ALL_PORTS_ACTIVE (1ull << 19)
/** WEIR_BOND_MIN_LINKS - min_links is set */
#define WEIR_BOND_MIN_LINKS (1ull << 20)
/** WEIR_BOND_LP_INTERVAL - lp_interval_s is set */
#define WEIR_BOND_LP_INTERVAL (1ull << 21)
/** WEIR_BOND_PACKETS_PER_PORT - packets_per_port is set */
#define WEIR_BOND_PACKETS_PER_PORT (1ull << 22)
/** WEIR_BOND_LACP_RATE - lacp_rate is set */
#define WEIR_BOND_LACP_RATE (1ull << 23)
/** WEIR_BOND_LACP_ACTIVE - lacp_active is set */
#define WEIR_BOND_LACP_ACTIVE (1ull << 24)
/** WEIR_BOND_AD_SELECT - ad_select is set */
#define WEIR_BOND_AD_SELECT (1ull << 25)
/** WEIR_BOND_AD_USER_PORT_KEY - ad_user_port_key is set */
#define WEIR_BOND_AD_USER_PORT_KEY (1ull << 26)
/** WEIR_BOND_AD_ACTOR_SYS_PRIO - ad_actor_sys_prio is set */
#define WEIR_BOND_AD_ACTOR_SYS_PRIO (1ull << 27)
/** WEIR_BOND_AD_ACTOR_SYSTEM - ad_actor_system is set */
#define WEIR_BOND_AD_ACTOR_SYSTEM (1ull << 28)
/** WEIR_BOND_TLB_DYNAMIC_LB - tlb_dynamic_lb is set */
#define WEIR_BOND_TLB_DYNAMIC_LB (1ull << 29)

/**
 * struct weir_bond - the settings of a bond (IFLA_BOND_*)
 * @has:		which members are set, WEIR_BOND_*
 * @mode:		an enum weir_bond_mode; only while it has no ports
 * @active:		index of the port that carries the traffic; 0: the
 *			kernel chooses
 * @miimon_ms:		how often ports are asked for their carrier; 0: never
 * @updelay_ms:		how long a port must have carrier to count; a multiple
 *			of @miimon_ms
 * @downdelay_ms:	how long it must have lost it; a multiple of @miimon_ms
 * @peer_notif_delay_ms: time between notifications of peers; a multiple of
 *			@miimon_ms. The kernel stores @updelay_ms, @downdelay_ms and
 *			this in units of @miimon_ms, so they change with it
 * @use_carrier:	ask netif_carrier_ok(), not the driver's ioctl
 * @arp_interval_ms:	how often @arp_targets are asked; 0: never. Not with
 *			@miimon_ms
 * @arp_targets:	IPv4 addresses that are asked by ARP
 * @ns_targets:		IPv6 addresses that are asked by neighbour solicitation
 * @arp_validate:	whose ARP answers are checked: 0 nobody's, 1 the active
 *			port's, 2 the backup ports', 3 everybody's; 4, 5, 6 are as
 *			0, 1, 2, but only ARP counts as a sign of life
 * @arp_all_targets:	a port is good only if all targets answer
 * @arp_missed_max:	missed answers after which a port is bad
 * @primary:		index of the port that is preferred; 0: none
 * @primary_reselect:	when it takes over again: 0 always, 1 if better, 2 after
 *			a failure
 * @fail_over_mac:	0: all ports have the bond's MAC address, 1: the bond
 *			has its active port's, 2: only the active port has the
 *			bond's; only while it has no ports
 * @xmit_hash_policy:	what chooses the port of a frame: 0 layer2, 1 layer3+4,
 *			2 layer2+3, 3 encap2+3, 4 encap3+4, 5 vlan+srcmac
 * @resend_igmp:	IGMP reports after a failover, 0..255
 * @num_peer_notif:	gratuitous ARPs and unsolicited NAs after a failover
 * @all_ports_active:	frames that come in on an inactive port are not dropped
 * @min_links:		ports that must be active for the bond to have carrier
 * @lp_interval_s:	time between learning packets, from 1 s
 * @packets_per_port:	balance-rr: packets before the next port; 0: at random
 * @lacp_rate:		802.3ad: 0 slow, 1 fast; only while it is down
 * @lacp_active:	802.3ad: send LACPDUs unasked; only while it is down
 * @ad_select:		802.3ad: the aggregator is chosen 0 once, 1 by
 *			bandwidth, 2 by ports; only while it is down
 * @ad_user_port_key:	802.3ad: upper bits of the port key, 0..1023; only while
 *			it is down
 * @ad_actor_sys_prio:	802.3ad: system priority, 1..65535
 * @ad_actor_system:	802.3ad: MAC address of the system; zero: the bond's
 * @tlb_dynamic_lb:	balance-tlb: flows are shuffled by load; only while it
 *			is down
 */
struct weir_bond {
	uint64_t has;
	uint8_t mode;
	uint32_t active;
	uint32_t miimon_ms;
	uint32_t updelay_ms;
	uint32_t downdelay_ms;
	uint32_t peer_notif_delay_ms;
	bool use_carrier;
	uint32_t arp_interval_ms;
	struct weir_ips arp_targets;
	struct weir_ips ns_targets;
	uint32_t arp_validate;
	bool arp_all_targets;
	uint8_t arp_missed_max;
	uint32_t primary;
	uint8_t primary_reselect;
	uint8_t fail_over_mac;
	uint8_t xmit_hash_policy;
	uint32_t resend_igmp;
	uint8_t num_peer_notif;
	bool all_ports_active;
	uint32_t min_links;
	uint32_t lp_interval_s;
	uint32_t packets_per_port;
	uint8_t lacp_rate;
	bool lacp_active;
	uint8_t ad_select;
	uint16_t ad_user_port_key;
	uint16_t ad_actor_sys_prio;
	uint8_t ad_actor_system[6];
	bool tlb_dynamic_lb;
};

/** WEIR_BOND_PORT_QUEUE - in weir_bond_port.has: queue_id is set */
#define WEIR_BOND_PORT_QUEUE (1ull << 0)
/** WEIR_BOND_PORT_PRIO - prio is set */
#define WEIR_BOND_PORT_PRIO (1ull << 1)
/** WEIR_BOND_PORT_STATE - is_backup is set */
#define WEIR_BOND_PORT_STATE (1ull << 2)
/** WEIR_BOND_PORT_MII_STATUS - mii_status is set */
#define WEIR_BOND_PORT_MII_STATUS (1ull << 3)
/** WEIR_BOND_PORT_PERM_MAC - perm_mac is set */
#define WEIR_BOND_PORT_PERM_MAC (1ull << 4)

/**
 * struct weir_bond_port - the settings of a bond's port (IFLA_BOND_SLAVE_*)
 * @has:		which members are set, WEIR_BOND_PORT_*
 * @queue_id:		transmit queue that leads to this port; 0: any
 * @prio:		the higher, the sooner it becomes active
 * @is_backup:		it waits; read only
 * @mii_status:		0 up, 1 going down, 2 down, 3 coming back; read only
 * @perm_mac:		its MAC address before it was a port; read only
 */
struct weir_bond_port {
	uint64_t has;
	uint16_t queue_id;
	int32_t prio;
	bool is_backup;
	uint8_t mii_status;
	uint8_t perm_mac[6];
};

/** WEIR_VLAN_ID - in weir_vlan.has: id is set */
#define WEIR_VLAN_ID (1ull << 0)
/** WEIR_VLAN_PROTOCOL - protocol is set */
#define WEIR_VLAN_PROTOCOL (1ull << 1)
/** WEIR_VLAN_REORDER_HDR - reorder_hdr is set */
#define WEIR_VLAN_REORDER_HDR (1ull << 2)
/** WEIR_VLAN_GVRP - gvrp is set */
#define WEIR_VLAN_GVRP (1ull << 3)
/** WEIR_VLAN_LOOSE_BINDING - loose_binding is set */
#define WEIR_VLAN_LOOSE_BINDING (1ull << 4)
/** WEIR_VLAN_MVRP - mvrp is set */
#define WEIR_VLAN_MVRP (1ull << 5)
/** WEIR_VLAN_BRIDGE_BINDING - bridge_binding is set */
#define WEIR_VLAN_BRIDGE_BINDING (1ull << 6)
/** WEIR_VLAN_INGRESS_QOS - ingress_qos is set */
#define WEIR_VLAN_INGRESS_QOS (1ull << 7)
/** WEIR_VLAN_EGRESS_QOS - egress_qos is set */
#define WEIR_VLAN_EGRESS_QOS (1ull << 8)

/**
 * struct weir_vlan - the settings of a vlan (IFLA_VLAN_*)
 * @has:		which members are set, WEIR_VLAN_*
 * @id:			the tag, 0..4094; cannot change
 * @protocol:		0x8100 (802.1Q) or 0x88a8 (802.1ad); cannot change
 * @reorder_hdr:	readers of raw frames see them without the tag
 * @gvrp:		announce the vlan by GVRP
 * @loose_binding:	stays up when the link below goes down
 * @mvrp:		announce the vlan by MVRP
 * @bridge_binding:	has carrier while a port of the bridge below that is in
 *			the vlan has
 * @ingress_qos:	from the tag's priority 0..7 to the packet's
 * @egress_qos:		from the packet's priority to the tag's, 0..7
 */
struct weir_vlan {
	uint64_t has;
	uint16_t id;
	uint16_t protocol;
	bool reorder_hdr;
	bool gvrp;
	bool loose_binding;
	bool mvrp;
	bool bridge_binding;
	struct weir_pairs ingress_qos;
	struct weir_pairs egress_qos;
};

/** WEIR_VXLAN_ID - in weir_vxlan.has: id is set */
#define WEIR_VXLAN_ID (1ull << 0)
/** WEIR_VXLAN_REMOTE - remote is set */
#define WEIR_VXLAN_REMOTE (1ull << 1)
/** WEIR_VXLAN_LOCAL - local is set */
#define WEIR_VXLAN_LOCAL (1ull << 2)
/** WEIR_VXLAN_LINK - link is set */
#define WEIR_VXLAN_LINK (1ull << 3)
/** WEIR_VXLAN_PORT - port is set */
#define WEIR_VXLAN_PORT (1ull << 4)
/** WEIR_VXLAN_TTL - ttl is set */
#define WEIR_VXLAN_TTL (1ull << 5)
/** WEIR_VXLAN_TOS - tos is set */
#define WEIR_VXLAN_TOS (1ull << 6)
/** WEIR_VXLAN_LABEL - label is set */
#define WEIR_VXLAN_LABEL (1ull << 7)
/** WEIR_VXLAN_DF - df is set */
#define WEIR_VXLAN_DF (1ull << 8)
/** WEIR_VXLAN_LEARNING - learning is set */
#define WEIR_VXLAN_LEARNING (1ull << 9)
/** WEIR_VXLAN_AGEING - ageing_s is set */
#define WEIR_VXLAN_AGEING (1ull << 10)
/** WEIR_VXLAN_LIMIT - limit is set */
#define WEIR_VXLAN_LIMIT (1ull << 11)
/** WEIR_VXLAN_PROXY - proxy is set */
#define WEIR_VXLAN_PROXY (1ull << 12)
/** WEIR_VXLAN_RSC - rsc is set */
#define WEIR_VXLAN_RSC (1ull << 13)
/** WEIR_VXLAN_L2MISS - l2miss is set */
#define WEIR_VXLAN_L2MISS (1ull << 14)
/** WEIR_VXLAN_L3MISS - l3miss is set */
#define WEIR_VXLAN_L3MISS (1ull << 15)
/** WEIR_VXLAN_UDP_CSUM - udp_csum is set */
#define WEIR_VXLAN_UDP_CSUM (1ull << 16)
/** WEIR_VXLAN_UDP_ZERO_CSUM6_TX - udp_zero_csum6_tx is set */
#define WEIR_VXLAN_UDP_ZERO_CSUM6_TX (1ull << 17)
/** WEIR_VXLAN_UDP_ZERO_CSUM6_RX - udp_zero_csum6_rx is set */
#define WEIR_VXLAN_UDP_ZERO_CSUM6_RX (1ull << 18)
/** WEIR_VXLAN_EXTERNAL - external is set */
#define WEIR_VXLAN_EXTERNAL (1ull << 19)
/** WEIR_VXLAN_SOURCE_PORTS - source_ports is set */
#define WEIR_VXLAN_SOURCE_PORTS (1ull << 20)
/** WEIR_VXLAN_TTL_INHERIT - ttl_inherit is set */
#define WEIR_VXLAN_TTL_INHERIT (1ull << 21)
/** WEIR_VXLAN_GBP - gbp is set */
#define WEIR_VXLAN_GBP (1ull << 22)
/** WEIR_VXLAN_GPE - gpe is set */
#define WEIR_VXLAN_GPE (1ull << 23)

/**
 * struct weir_vxlan - a vxlan (IFLA_VXLAN_*)
 * @has:		which members are set, WEIR_VXLAN_*
 * @id:			the network's identifier, 0..16777215
 * @remote:		where frames to unknown addresses go: a host or a
 *			multicast group; can change, but not its family. Groups
 *			are joined and left when the link comes up and goes down
 * @local:		our address; can change, but not its family
 * @link:		index of the link that it goes out by; can change
 * @port:		UDP port of the other end
 * @ttl:		TTL of the outer packets; 0: the inner one's, or for a
 *			group 1; can change
 * @tos:		TOS of the outer packets; 1: the inner one's; can change
 * @label:		flow label of outer packets, IPv6; can change
 * @df:			whether outer packets may be fragmented: 0 yes, 1 no, 2
 *			as the inner one; can change
 * @learning:		learn which host an address is at; can change
 * @ageing_s:		time until a learned address is forgotten; can change
 * @limit:		most addresses that are learned; 0: any number
 * @proxy:		answer ARP
 * @rsc:		route short circuit
 * @l2miss:		tell of unknown MAC addresses
 * @l3miss:		tell of unknown IP addresses
 * @udp_csum:		checksums in outer IPv4 packets
 * @udp_zero_csum6_tx:	none in outer IPv6 packets
 * @udp_zero_csum6_rx:	and none needed in those that come
 * @external:		routes, tc or the fdb say where each packet goes
 * @source_ports:	UDP ports that packets are sent from, by a hash of the
 *			frame; 0 to 0: those of the host
 * @ttl_inherit:	the TTL is the inner packet's
 * @gbp:		packets carry a group policy
 * @gpe:		the generic protocol extension: other frames than Ethernet's
 */
struct weir_vxlan {
	uint64_t has;
	uint32_t id;
	struct weir_ip remote;
	struct weir_ip local;
	uint32_t link;
	uint16_t port;
	uint8_t ttl;
	uint8_t tos;
	uint32_t label;
	uint8_t df;
	bool learning;
	uint32_t ageing_s;
	uint32_t limit;
	bool proxy;
	bool rsc;
	bool l2miss;
	bool l3miss;
	bool udp_csum;
	bool udp_zero_csum6_tx;
	bool udp_zero_csum6_rx;
	bool external;
	struct weir_udp_ports source_ports;
	bool ttl_inherit;
	bool gbp;
	bool gpe;
};

/** WEIR_VRF_TABLE - in weir_vrf.has: table is set */
#define WEIR_VRF_TABLE (1ull << 0)

/**
 * struct weir_vrf - a routing domain (IFLA_VRF_*)
 * @has:	which members are set, WEIR_VRF_*
 * @table:	the routing table of its ports; cannot change
 */
struct weir_vrf {
	uint64_t has;
	uint32_t table;
};

/** WEIR_LINK_IFINDEX - in weir_link.has: ifindex is set */
#define WEIR_LINK_IFINDEX (1ull << 0)
/** WEIR_LINK_NAME - name is set */
#define WEIR_LINK_NAME (1ull << 1)
/** WEIR_LINK_MAC - mac is set */
#define WEIR_LINK_MAC (1ull << 2)
/** WEIR_LINK_MTU - mtu is set */
#define WEIR_LINK_MTU (1ull << 3)
/** WEIR_LINK_TXQUEUELEN - txqueuelen is set */
#define WEIR_LINK_TXQUEUELEN (1ull << 4)
/** WEIR_LINK_MASTER - master is set */
#define WEIR_LINK_MASTER (1ull << 5)
/** WEIR_LINK_LOWER - lower is set */
#define WEIR_LINK_LOWER (1ull << 6)
/** WEIR_LINK_GROUP_SET - group is set */
#define WEIR_LINK_GROUP_SET (1ull << 7)
/** WEIR_LINK_NUM_TX_QUEUES - num_tx_queues is set */
#define WEIR_LINK_NUM_TX_QUEUES (1ull << 8)
/** WEIR_LINK_NUM_RX_QUEUES - num_rx_queues is set */
#define WEIR_LINK_NUM_RX_QUEUES (1ull << 9)
/** WEIR_LINK_ALIAS - alias is set */
#define WEIR_LINK_ALIAS (1ull << 10)
/** WEIR_LINK_ADDR_GEN_MODE - addr_gen_mode is set */
#define WEIR_LINK_ADDR_GEN_MODE (1ull << 11)
/** WEIR_LINK_UP - is_up is set */
#define WEIR_LINK_UP (1ull << 12)
/** WEIR_LINK_OPERSTATE - operstate is set */
#define WEIR_LINK_OPERSTATE (1ull << 13)
/** WEIR_LINK_CARRIER - has_carrier is set */
#define WEIR_LINK_CARRIER (1ull << 14)
/** WEIR_LINK_KIND - kind_name is set */
#define WEIR_LINK_KIND (1ull << 15)
/** WEIR_LINK_PORT_KIND - port_kind is set */
#define WEIR_LINK_PORT_KIND (1ull << 16)

/** WEIR_LINK_LOWER_NETNSID - lower_netnsid is set */
#define WEIR_LINK_LOWER_NETNSID (1ull << 17)

/** WEIR_ADDR_GEN_EUI64 - addr_gen_mode: an IPv6 link-local address from the MAC */
#define WEIR_ADDR_GEN_EUI64 0
/** WEIR_ADDR_GEN_NONE - addr_gen_mode: no IPv6 link-local address */
#define WEIR_ADDR_GEN_NONE 1

/**
 * struct weir_link - a link, wanted or real
 * @sz:			sizeof(struct weir_link)
 * @has:		which members are set, WEIR_LINK_*
 * @kind:		an enum weir_link_kind
 * @ifindex:		its number; when adding, 0 or unset: one is chosen
 * @name:		its name, 1..15 bytes
 * @mac:		its MAC address
 * @mtu:		its MTU in bytes
 * @txqueuelen:		transmit queue length in packets
 * @master:		index of the bridge (or bond) it is a port of; 0: none
 * @lower:		index of the link below it (macvlan, macvtap, vlan), or of
 *			the other end of a pair (read only)
 * @lower_netnsid:	if @lower is in another namespace: the kernel's number for
 *			that; read only
 * @group:		its IFLA_GROUP; when adding, unset: WEIR_LINK_GROUP
 * @num_tx_queues:	transmit queues, when adding
 * @num_rx_queues:	receive queues, when adding
 * @alias:		its ifalias, up to 255 bytes
 * @addr_gen_mode:	WEIR_ADDR_GEN_*: how it gets IPv6 link-local addresses
 * @is_up:		administratively up
 * @operstate:		what it does (IF_OPER_*: 2 down, 6 up, ...); read only
 * @has_carrier:	a cable or a user is there; read only
 * @kind_name:		the kernel's word for the kind; read only
 * @port_kind:		the kernel's word for the master's kind; read only
 * @bridge:		for WEIR_LINK_BRIDGE
 * @veth:		for WEIR_LINK_VETH
 * @tun:		for WEIR_LINK_TUN
 * @macvlan:		for WEIR_LINK_MACVLAN and WEIR_LINK_MACVTAP
 * @port:		as a port of a bridge
 * @bond:		for WEIR_LINK_BOND
 * @bond_port:		as a port of a bond
 * @vlan:		for WEIR_LINK_VLAN
 * @vxlan:		for WEIR_LINK_VXLAN
 * @vrf:		for WEIR_LINK_VRF
 */
struct weir_link {
	size_t sz;
	uint64_t has;
	enum weir_link_kind kind;
	int ifindex;
	char name[16];
	uint8_t mac[6];
	uint32_t mtu;
	uint32_t txqueuelen;
	uint32_t master;
	uint32_t lower;
	int lower_netnsid;
	uint32_t group;
	uint32_t num_tx_queues;
	uint32_t num_rx_queues;
	char alias[256];
	uint8_t addr_gen_mode;
	bool is_up;
	uint8_t operstate;
	bool has_carrier;
	char kind_name[16];
	char port_kind[16];
	struct weir_bridge bridge;
	struct weir_veth veth;
	struct weir_tun tun;
	struct weir_macvlan macvlan;
	struct weir_bridge_port port;
	struct weir_bond bond;
	struct weir_bond_port bond_port;
	struct weir_vlan vlan;
	struct weir_vxlan vxlan;
	struct weir_vrf vrf;
};

/**
 * weir_txn_link_add() - make a link
 * @t:		the transaction
 * @link:	what to make; kind and name are needed. kind may not be
 *		WEIR_LINK_TUN (see weir_txn_tap_add())
 *
 * One message makes the link with all settings that the kernel heeds there. Those
 * that it would silently ignore (alias, port settings, the address generation mode)
 * follow in a second message of the same batch. A bridge's @mtu is pinned, so that
 * ports do not change it. A bridge that gets 32 ports or more in the same transaction
 * begins to snoop on multicast only with the last of them, because each new port
 * would start the queries on all others again; not so if the caller sets
 * mcast_snooping. Undone by deleting the link.
 *
 * Return: the link's index, or a negative errno, which the transaction
 * remembers. At commit, besides what the kernel says:
 *   -EEXIST	the name is taken
 *   -EOPNOTSUPP the kernel lacks the kind
 *
 * Since: 0.1
 */
WEIR_API int weir_txn_link_add(struct weir_txn *t, const struct weir_link *link);

/**
 * weir_txn_tap_add() - make a tap and open its queues
 * @t:		the transaction
 * @link:	what to make: name, and what else a struct weir_link has for it
 * @n_queues:	how many descriptors to open, 1..256; more than one makes it a
 *		multi-queue tap. 0: none stays open, the tap is made persistent
 * @ret_fds:	receives @n_queues descriptors when the commit succeeds, for the
 *		caller to close; must live until then. NULL if @n_queues is 0
 *
 * TUNSETIFINDEX and TUNSETIFF with IFF_TUN_EXCL, then one RTM_SETLINK. A tap
 * that is not persistent vanishes with its last descriptor. Undone by deleting
 * it.
 *
 * Return: the link's index, or a negative errno, which the transaction
 * remembers. At commit:
 *   -EBUSY	the name is taken
 *   -ENODEV, -ENOENT, -EACCES  /dev/net/tun is not there or may not be used
 *
 * Since: 0.1
 */
WEIR_API int weir_txn_tap_add(struct weir_txn *t, const struct weir_link *link,
			      unsigned int n_queues, int *ret_fds);

/**
 * weir_txn_macvtap_open() - open the queues of a macvtap
 * @t:		the transaction
 * @ifindex:	which: one that exists, or that @t makes
 * @n_queues:	how many descriptors to open, 1..256; more than one makes them
 *		multi-queue
 * @vnet_hdr:	frames carry a virtio_net header
 * @ret_fds:	receives @n_queues descriptors when the commit succeeds, for the
 *		caller to close; must live until then
 *
 * The device is found by the kernel's number for it, not by the name
 * /dev/tapN, which links of two namespaces can share: a node with another number
 * is left alone and one of our own is made, in mounts that only a short-lived
 * thread sees (CAP_SYS_ADMIN, CAP_MKNOD). Undone by closing the descriptors. A
 * macvtap in mode passthru gives the link below its address back when it is
 * deleted.
 *
 * Return: 0 or a negative errno, which the transaction remembers. At commit:
 *   -EPERM	/dev has no node with the right number and none may be made
 *   -ENXIO	the device turned out to be another link's
 *
 * Since: 0.2
 */
WEIR_API int weir_txn_macvtap_open(struct weir_txn *t, int ifindex, unsigned int n_queues, bool vnet_hdr,
				   int *ret_fds);

/**
 * weir_txn_link_set() - change a link
 * @t:		the transaction
 * @link:	ifindex says which; every other member that is set is changed
 *
 * RTM_SETLINK and, for settings of the kind, RTM_NEWLINK. Undone by setting what
 * was there before, which is read at commit.
 *
 * Return: 0 or a negative errno, which the transaction remembers
 *
 * Since: 0.1
 */
WEIR_API int weir_txn_link_set(struct weir_txn *t, const struct weir_link *link);

/**
 * weir_txn_link_index() - choose the index of a link that is going to be made
 * @t:		the transaction
 *
 * With it, links of a set can name each other (@master, @lower, @primary) before
 * they are made.
 *
 * Return: an index that most probably no link has; if one has it, commit fails
 *
 * Since: 0.2
 */
WEIR_API int weir_txn_link_index(struct weir_txn *t);

/**
 * weir_txn_links() - make and change a set of links, in whatever order it is given
 * @t:		the transaction
 * @links:	the links, each with a name, an index or both. One that exists under
 *		its name (or index, if it has no name), or that @t makes, is changed;
 *		every other is made. @ifindex is filled in
 * @n:		how many
 *
 * The kernel's rules for the order are kept: what a link stands on and its
 * master come first, a bond has its options before its ports, ports join it
 * while they are down, primary and active port are named when they have joined,
 * options that need a bond without ports, or down, get it so for a moment. What
 * is already as it is wanted makes no step; all others leave as one batch. Taps
 * are made by weir_txn_tap_add() first, and are links of the set by their index.
 *
 * Return: 0 or a negative errno, which the transaction remembers; nothing of the
 * set is done then. Besides what weir_txn_link_add() says:
 *   -ELOOP	a link would be below itself; the error has the whole loop
 *   -EEXIST	a name is taken by a link of another kind or index; a link is in the
 *		set twice, or claimed as a port twice
 *   -EOPNOTSUPP what would have to change cannot change; a master takes no ports
 *   -EINVAL	an MTU above that of the link below, or other than that of its bond; a
 *		primary or active port that is none
 *   -ENETDOWN	a vlan that is up over a link that is down
 *
 * Since: 0.2
 */
WEIR_API int weir_txn_links(struct weir_txn *t, struct weir_link *links, size_t n);

/**
 * weir_txn_link_move() - move a link into another network namespace
 * @t:		the transaction
 * @ifindex:	which
 * @netns:	where to: a name below /run/netns or a path, which must still lead
 *		there when the move is undone
 *
 * The kernel takes the link down, releases it from its master and removes its
 * addresses and routes (weir_txn_link_keep() brings those back in an undo). It keeps
 * its index if that is free over there. Undone by moving it back, into its master,
 * and up if it was.
 *
 * Return: 0 or a negative errno, which the transaction remembers. At commit:
 *   -EEXIST	its name is taken over there
 *   -EINVAL	it may not leave its namespace
 *
 * Since: 0.2
 */
WEIR_API int weir_txn_link_move(struct weir_txn *t, int ifindex, const char *netns);

/**
 * weir_txn_link_del_moved() - delete a link that was moved into another network namespace
 * @t:		the transaction
 * @ifindex:	which: a macvlan or macvtap that was made here (WEIR_LINK_GROUP) and has
 *		kept its index
 * @lower:	index of the link below it, which is in the handle's namespace
 *
 * Looks for the link in all namespaces that the handle's namespace has an id for
 * (RTM_GETNSID): the kernel gives one to each namespace that a link is moved into. If
 * none of them has it, nothing is done. The link is deleted after everything else has
 * succeeded, so nothing has to be undone.
 *
 * Return: 0 or a negative errno, which the transaction remembers
 *
 * Since: 0.2
 */
WEIR_API int weir_txn_link_del_moved(struct weir_txn *t, int ifindex, int lower);

/**
 * weir_txn_altname_add() - give a link an alternative name
 * @t:		the transaction
 * @ifindex:	which
 * @name:	the name, 1..127 bytes
 *
 * Return: 0 or a negative errno, which the transaction remembers. At commit:
 *   -EEXIST	a link has the name
 *
 * Since: 0.2
 */
WEIR_API int weir_txn_altname_add(struct weir_txn *t, int ifindex, const char *name);

/**
 * weir_txn_altname_del() - take an alternative name from a link
 * @t:		the transaction
 * @ifindex:	which
 * @name:	the name
 *
 * Return: 0 or a negative errno, which the transaction remembers. At commit:
 *   -EINVAL, -ENOENT	the link has no such name
 *
 * Since: 0.2
 */
WEIR_API int weir_txn_altname_del(struct weir_txn *t, int ifindex, const char *name);

/**
 * weir_altname_list() - the alternative names of a link
 * @w:		the handle
 * @ifindex:	which
 * @ret:	receives the names, to be freed with free(): one behind the other,
 *		each with its zero byte; an empty one ends the list
 * @err:	filled on failure; may be NULL
 *
 * One RTM_GETLINK. weir_link_get() finds a link by any of them.
 *
 * Return: 0 or a negative errno
 *
 * Since: 0.2
 */
WEIR_API int weir_altname_list(struct weir *w, int ifindex, char **ret, struct weir_error *err);

/**
 * weir_txn_macvlan_source_add() - let a macvlan take frames from an address
 * @t:		the transaction
 * @ifindex:	which: a macvlan or macvtap of mode source
 * @mac:	the address
 *
 * An address that is in the list already is no error, and an undo leaves it there.
 *
 * Return: 0 or a negative errno, which the transaction remembers. At commit:
 *   -EINVAL	the link has another mode
 *
 * Since: 0.2
 */
WEIR_API int weir_txn_macvlan_source_add(struct weir_txn *t, int ifindex, const uint8_t mac[6]);

/**
 * weir_txn_macvlan_source_del() - let a macvlan take frames from an address no more
 * @t:		the transaction
 * @ifindex:	which
 * @mac:	the address; if it is not there, nothing is done
 *
 * Return: 0 or a negative errno, which the transaction remembers
 *
 * Since: 0.2
 */
WEIR_API int weir_txn_macvlan_source_del(struct weir_txn *t, int ifindex, const uint8_t mac[6]);

/**
 * weir_txn_link_del() - delete a link
 * @t:		the transaction
 * @ifindex:	which
 * @name:	its name: a link of that index with another name is left alone
 *
 * All deletions of a transaction happen together, after every other step has
 * been applied, in one message. A link that is gone is no error.
 *
 * Return: 0 or a negative errno, which the transaction remembers
 *
 * Since: 0.1
 */
WEIR_API int weir_txn_link_del(struct weir_txn *t, int ifindex, const char *name);

/**
 * weir_link_get() - read one link
 * @w:		the handle
 * @ifindex:	which, or 0 to go by @name
 * @name:	its name or one of its alternative names, if @ifindex is 0
 * @ret:	receives the link; sz set
 * @err:	filled on failure; may be NULL
 *
 * One RTM_GETLINK, no dump, no VF information, no statistics.
 *
 * Return: 0, or a negative errno: -ENODEV if there is none
 *
 * Since: 0.1
 */
WEIR_API int weir_link_get(struct weir *w, int ifindex, const char *name, struct weir_link *ret,
			   struct weir_error *err);

/**
 * struct weir_link_filter - which links to list
 * @sz:		sizeof(struct weir_link_filter)
 * @master:	only ports of this link; 0: all
 * @kind:	only links of this kind, by the kernel's word; NULL: all
 * @group:	only links of this IFLA_GROUP; 0: all
 */
struct weir_link_filter {
	size_t sz;
	uint32_t master;
	const char *kind;
	uint32_t group;
};

/**
 * weir_link_list() - read many links
 * @w:		the handle
 * @filter:	which; NULL: all. Master and kind are filtered by the kernel
 * @ret:	receives an array, to be freed with free()
 * @ret_n:	receives its length
 * @err:	filled on failure; may be NULL
 *
 * One strict dump, repeated while the kernel says that it was interrupted.
 *
 * Return: 0, or a negative errno: -EAGAIN if links kept changing for 5 s
 *
 * Since: 0.1
 */
WEIR_API int weir_link_list(struct weir *w, const struct weir_link_filter *filter,
			    struct weir_link **ret, size_t *ret_n, struct weir_error *err);

/**
 * weir_link_diff() - compare a wanted link with a real one
 * @want:	what is wanted; only what it has set is compared
 * @is:		what weir_link_get() read
 * @ret:	receives text, to be freed with free(): one line "name: wanted
 *		instead of real" for each difference; "" if there is none
 *
 * Return: the number of differences, or -ENOMEM
 *
 * Since: 0.1
 */
WEIR_API int weir_link_diff(const struct weir_link *want, const struct weir_link *is, char **ret);

/**
 * weir_link_json() - a link as JSON
 * @link:	the link
 * @ret:	receives one JSON object, to be freed with free()
 *
 * Return: 0 or -ENOMEM
 *
 * Since: 0.1
 */
WEIR_API int weir_link_json(const struct weir_link *link, char **ret);

/**
 * weir_link_text() - a link's settings as iproute2 writes them
 * @link:	the link
 * @ret:	receives "mtu 1500 ... bridge stp_state on ...", to be freed with
 *		free()
 *
 * Return: 0 or -ENOMEM
 *
 * Since: 0.1
 */
WEIR_API int weir_link_text(const struct weir_link *link, char **ret);

/**
 * weir_link_parse() - a link from words as `ip link` takes them
 * @w:		the handle, for the names of other links ("master br0"); NULL: none
 *		can be named
 * @words:	"br0 mtu 9000 up type bridge vlan_filtering 1", a word each. The
 *		first is the name, unless it is "dev", "name" or "link"; behind
 *		"type KIND" the settings of the kind, behind "type bridge_slave" or
 *		"type bond_slave" those of a port. weir_link_text() and plans have
 *		the same names
 * @n:		how many there are
 * @link:	what they say is laid over it. If it has a kind already, and
 *		@port_kind, their settings need no "type"; "macaddr add" adds to what
 *		it has. @veth.peer_netns points into @words
 * @err:	filled on failure; may be NULL
 *
 * Each word is checked by itself; the call that @link is given to checks the whole.
 *
 * Return: 0, or a negative errno and @link is as it was:
 *   -EINVAL	a word is no setting (the error lists those there are), or its value
 *		is missing or makes no sense
 *   -ERANGE	a number that is out of range
 *   -ENODEV	no link has the name
 *
 * Since: 0.2
 */
WEIR_API int weir_link_parse(struct weir *w, const char *const *words, size_t n, struct weir_link *link,
			     struct weir_error *err);

/**
 * weir_link_kind_name() - the kernel's word for a kind
 * @kind:	the kind
 *
 * Return: "bridge", "veth", ...; "" for WEIR_LINK_OTHER
 *
 * Since: 0.1
 */
WEIR_API const char *weir_link_kind_name(enum weir_link_kind kind);

#ifdef __cplusplus
}
#endif

#endif
