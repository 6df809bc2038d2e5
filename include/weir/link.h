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
 */
enum weir_link_kind {
	WEIR_LINK_OTHER = 0,
	WEIR_LINK_BRIDGE = 1,
	WEIR_LINK_VETH = 2,
	WEIR_LINK_TUN = 3,
	WEIR_LINK_IFB = 4,
	WEIR_LINK_MACVLAN = 5,
	WEIR_LINK_MACVTAP = 6
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
};

/** WEIR_VETH_PEER_NAME - in weir_veth.has: peer_name is set */
#define WEIR_VETH_PEER_NAME (1ull << 0)
/** WEIR_VETH_PEER_MAC - peer_mac is set */
#define WEIR_VETH_PEER_MAC (1ull << 1)
/** WEIR_VETH_PEER_MTU - peer_mtu is set */
#define WEIR_VETH_PEER_MTU (1ull << 2)

/**
 * struct weir_veth - the other end of a pair, for weir_txn_link_add() only
 * @has:		which members are set, WEIR_VETH_*
 * @peer_name:		its name; must be set
 * @peer_mac:		its MAC address
 * @peer_mtu:		its MTU
 * @peer_netns:		the namespace it is made in, a name below /run/netns or
 *			a path; NULL: the same. The caller's string
 * @peer_up:		bring it up as well
 */
struct weir_veth {
	uint64_t has;
	char peer_name[16];
	uint8_t peer_mac[6];
	uint32_t peer_mtu;
	const char *peer_netns;
	bool peer_up;
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

/**
 * struct weir_macvlan - a macvlan or macvtap (IFLA_MACVLAN_*)
 * @has:	which members are set, WEIR_MACVLAN_*
 * @mode:	an enum weir_macvlan_mode
 * @flags:	1: no promiscuous mode on the lower link (passthru only)
 */
struct weir_macvlan {
	uint64_t has;
	uint32_t mode;
	uint16_t flags;
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
 * @lower:		index of the link below it (macvlan, macvtap), or of the
 *			other end of a pair (read only)
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
};

/**
 * weir_txn_link_add() - make a link
 * @t:		the transaction
 * @link:	what to make; kind and name are needed. kind may not be
 *		WEIR_LINK_TUN (see weir_txn_tap_add())
 *
 * Everything that the create message takes rides in it; what the kernel would
 * silently drop from it (alias, port settings, the address generation mode)
 * follows in a second message of the same batch. A bridge's @mtu is pinned, so
 * that ports do not change it. Undone by deleting the link.
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
 * @ret:	receives the link
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
