/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Host interface groups: an interface that somebody cares about plus what it
 * enslaves, described, stored and brought up as one object.
 *
 * The terms are netcf's: a group is an ethernet, a bond, a bridge or a vlan; the
 * ports of a bridge and of a bond are groups inside it, down to bridge, bond,
 * ethernet. The base of a vlan is named and does not belong to the group. What
 * netcf has no word for (routes that are not the default one, 802.1ad) is here
 * too, and left out where it is not used.
 */
#ifndef WEIR_HOST_H
#define WEIR_HOST_H

#include <weir/ip.h>
#include <weir/link.h>
#include <weir/txn.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * enum weir_group_type - what the interface on top of a group is
 * @WEIR_GROUP_ETHERNET: a link that is there already: a card, or whatever else
 *			is no master and no vlan
 * @WEIR_GROUP_BOND:	a bond of ethernets
 * @WEIR_GROUP_BRIDGE:	a bridge with ethernets, bonds and vlans as ports
 * @WEIR_GROUP_VLAN:	a vlan of another interface
 */
enum weir_group_type {
	WEIR_GROUP_ETHERNET = 1,
	WEIR_GROUP_BOND = 2,
	WEIR_GROUP_BRIDGE = 3,
	WEIR_GROUP_VLAN = 4
};

/**
 * enum weir_start_mode - when a group is brought up by itself
 * @WEIR_START_ABSENT:	left out: never
 * @WEIR_START_ONBOOT:	when the host boots
 * @WEIR_START_NONE:	never
 * @WEIR_START_HOTPLUG:	when its hardware appears
 */
enum weir_start_mode {
	WEIR_START_ABSENT = 0,
	WEIR_START_ONBOOT = 1,
	WEIR_START_NONE = 2,
	WEIR_START_HOTPLUG = 3
};

/** WEIR_GROUP_PREFIX - in the has of an address or a route: prefix is set */
#define WEIR_GROUP_PREFIX (1ull << 0)

/**
 * struct weir_group_address - a static address of a group
 * @has:	WEIR_GROUP_PREFIX: @prefix is given; otherwise all bits
 * @address:	the address
 * @prefix:	prefix length, 0..32 or 0..128
 */
struct weir_group_address {
	uint64_t has;
	struct weir_ip address;
	uint8_t prefix;
};

/**
 * struct weir_group_route - a route by a group's interface
 * @has:	WEIR_GROUP_PREFIX: @prefix is given; otherwise all bits
 * @destination: destination network; no family: the default route
 * @prefix:	its prefix length
 * @gateway:	next hop; no family: the destination is on the link
 * @metric:	priority, lower is preferred; 0: the kernel's default
 */
struct weir_group_route {
	uint64_t has;
	struct weir_ip destination;
	uint8_t prefix;
	struct weir_ip gateway;
	uint32_t metric;
};

/**
 * struct weir_group_protocol - the addresses of one family
 * @family:	an enum weir_family
 * @autoconf:	IPv6: addresses and routes from router advertisements
 * @dhcp:	an address from a DHCP server
 * @peerdns:	enum weir_yes_no: the name servers that DHCP tells are used
 * @addresses:	static addresses
 * @n_addresses: how many
 * @routes:	static routes
 * @n_routes:	how many
 *
 * IPv6 with none of these is a link-local address only.
 */
struct weir_group_protocol {
	uint8_t family;
	bool autoconf;
	bool dhcp;
	uint8_t peerdns;
	struct weir_group_address *addresses;
	size_t n_addresses;
	struct weir_group_route *routes;
	size_t n_routes;
};

/** WEIR_GROUP_LINK_SPEED - in weir_group_link.has: speed_mbit_per_s is set */
#define WEIR_GROUP_LINK_SPEED (1ull << 0)
/** WEIR_GROUP_LINK_STATE - state is set */
#define WEIR_GROUP_LINK_STATE (1ull << 1)

/**
 * struct weir_group_link - the state of a link when it was read
 * @has:	which members are set, WEIR_GROUP_LINK_*
 * @speed_mbit_per_s: its speed in 10^6 bits per second; 0: unknown
 * @state:	what it does, with the numbers of IF_OPER_* (2 down, 6 up)
 *
 * A definition that was read from the kernel may have it. It asks for nothing:
 * weir_txn_groups_up() ignores it.
 */
struct weir_group_link {
	uint64_t has;
	uint32_t speed_mbit_per_s;
	uint8_t state;
};

/**
 * struct weir_group_bridge - the settings of a bridge
 * @stp:	enum weir_yes_no: spanning tree protocol; absent: as it is, off on a
 *		new bridge
 * @delay:	forward delay in seconds, as a decimal number in the words of who
 *		wrote it ("0.01"); empty: as it is
 *
 * weir_group_delay() reads @delay.
 */
struct weir_group_bridge {
	uint8_t stp;
	char delay[24];
};

/** WEIR_GROUP_DOWNDELAY - in weir_group_miimon.has: downdelay_ms is set */
#define WEIR_GROUP_DOWNDELAY (1ull << 0)
/** WEIR_GROUP_UPDELAY - updelay_ms is set */
#define WEIR_GROUP_UPDELAY (1ull << 1)

/**
 * enum weir_group_carrier - how a bond learns of a port's carrier
 * @WEIR_CARRIER_ABSENT: left out: the kernel's default
 * @WEIR_CARRIER_IOCTL:	by asking the card (MII ioctls)
 * @WEIR_CARRIER_NETIF:	by what the driver told the kernel
 */
enum weir_group_carrier {
	WEIR_CARRIER_ABSENT = 0,
	WEIR_CARRIER_IOCTL = 1,
	WEIR_CARRIER_NETIF = 2
};

/**
 * struct weir_group_miimon - a bond watches the carrier of its ports
 * @has:	which members are set, WEIR_GROUP_*DELAY
 * @freq_ms:	how often, in ms; 0: there is no such monitor
 * @downdelay_ms: how long a port without carrier is kept in use
 * @updelay_ms:	how long a port with carrier is not yet used
 * @carrier:	an enum weir_group_carrier
 */
struct weir_group_miimon {
	uint64_t has;
	uint32_t freq_ms;
	uint32_t downdelay_ms;
	uint32_t updelay_ms;
	uint8_t carrier;
};

/**
 * enum weir_arp_validate - which ARP answers count for a bond's ARP monitor
 * @WEIR_VALIDATE_ABSENT: left out: the kernel's default, none
 * @WEIR_VALIDATE_NONE:	not looked at
 * @WEIR_VALIDATE_ACTIVE: those on the active port
 * @WEIR_VALIDATE_BACKUP: those on the other ports
 * @WEIR_VALIDATE_ALL:	those on all ports
 */
enum weir_arp_validate {
	WEIR_VALIDATE_ABSENT = 0,
	WEIR_VALIDATE_NONE = 1,
	WEIR_VALIDATE_ACTIVE = 2,
	WEIR_VALIDATE_BACKUP = 3,
	WEIR_VALIDATE_ALL = 4
};

/**
 * struct weir_group_arpmon - a bond asks a host by ARP whether its ports work
 * @interval_ms: how often, in ms; 0: there is no such monitor
 * @target:	the host, an IPv4 address
 * @validate:	an enum weir_arp_validate
 */
struct weir_group_arpmon {
	uint32_t interval_ms;
	struct weir_ip target;
	uint8_t validate;
};

/**
 * enum weir_group_bond_mode - how a bond uses its ports
 * @WEIR_GROUP_BOND_ABSENT:	left out: balance-rr
 * @WEIR_GROUP_BOND_RR:		balance-rr: one after the other
 * @WEIR_GROUP_BOND_BACKUP:	active-backup: one, the first unless it fails
 * @WEIR_GROUP_BOND_XOR:	balance-xor: by a hash of the frame
 * @WEIR_GROUP_BOND_BROADCAST:	broadcast: all of them
 * @WEIR_GROUP_BOND_8023AD:	802.3ad: by a hash, with LACP
 * @WEIR_GROUP_BOND_TLB:	balance-tlb: by load, sending
 * @WEIR_GROUP_BOND_ALB:	balance-alb: by load, in both directions
 *
 * Each is the kernel's number plus one.
 */
enum weir_group_bond_mode {
	WEIR_GROUP_BOND_ABSENT = 0,
	WEIR_GROUP_BOND_RR = 1,
	WEIR_GROUP_BOND_BACKUP = 2,
	WEIR_GROUP_BOND_XOR = 3,
	WEIR_GROUP_BOND_BROADCAST = 4,
	WEIR_GROUP_BOND_8023AD = 5,
	WEIR_GROUP_BOND_TLB = 6,
	WEIR_GROUP_BOND_ALB = 7
};

/**
 * struct weir_group_bond - the settings of a bond
 * @mode:	an enum weir_group_bond_mode
 * @miimon:	a monitor of carriers
 * @arpmon:	a monitor by ARP; not both
 * @has:	which of the members below are set, WEIR_BOND_* of <weir/link.h>; the
 *		others stay as they are, or as the kernel makes them
 * @primary_reselect: when the primary port takes over again: 0 always, 1 if better,
 *		2 after a failure
 * @fail_over_mac: 0: all ports have the bond's MAC address, 1: the bond has its
 *		active port's, 2: only the active port has the bond's
 * @xmit_hash_policy: what chooses the port of a frame: 0 layer2, 1 layer3+4,
 *		2 layer2+3, 3 encap2+3, 4 encap3+4, 5 vlan+srcmac
 * @num_peer_notif: gratuitous ARPs and unsolicited NAs after a failover
 * @min_links:	ports that must be active for the bond to have carrier
 * @lacp_rate:	802.3ad: 0 slow, 1 fast
 * @ad_select:	802.3ad: the aggregator is chosen 0 once, 1 by bandwidth, 2 by ports
 *
 * netcf has no words for the members with a bit in @has. A change of @mode or
 * @fail_over_mac releases all ports for a moment; a change of @lacp_rate or @ad_select
 * sets the bond down and up.
 */
struct weir_group_bond {
	uint8_t mode;
	struct weir_group_miimon miimon;
	struct weir_group_arpmon arpmon;
	uint64_t has;
	uint8_t primary_reselect;
	uint8_t fail_over_mac;
	uint8_t xmit_hash_policy;
	uint8_t num_peer_notif;
	uint32_t min_links;
	uint8_t lacp_rate;
	uint8_t ad_select;
};

/** WEIR_GROUP_VLAN_TAG - in weir_group_vlan.has: tag is set */
#define WEIR_GROUP_VLAN_TAG (1ull << 0)

/**
 * struct weir_group_vlan - the settings of a vlan
 * @has:	WEIR_GROUP_VLAN_TAG: @tag is set; it must be
 * @tag:	vlan id, 0..4094
 * @protocol:	0x8100: 802.1Q; 0x88a8: 802.1ad; 0: not given, which is 802.1Q
 * @base:	the interface that carries it, by name; no part of the group
 */
struct weir_group_vlan {
	uint64_t has;
	uint16_t tag;
	uint16_t protocol;
	char base[16];
};

/**
 * struct weir_group - an interface and what it enslaves
 * @sz:		sizeof(struct weir_group)
 * @type:	an enum weir_group_type
 * @name:	name of the interface; a vlan without one is called BASE.TAG
 * @start:	an enum weir_start_mode; on top only, as are @mtu and @protocols
 * @mtu:	MTU of the interface and its ports; 0: as it is
 * @protocols:	addresses, at most one item for each family
 * @n_protocols: how many
 * @link:	the state of its link when it was read
 * @mac:	an ethernet's identity: the MAC address it must have, as text in
 *		the words of who wrote it; empty: any
 * @bridge:	for WEIR_GROUP_BRIDGE
 * @bond:	for WEIR_GROUP_BOND
 * @vlan:	for WEIR_GROUP_VLAN
 * @ports:	what a bridge or bond enslaves; the first port of a bond of mode
 *		active-backup is its primary
 * @n_ports:	how many
 *
 * Everything it points to belongs to it: arrays come from malloc() and are freed
 * by weir_group_free().
 */
struct weir_group {
	size_t sz;
	uint8_t type;
	char name[16];
	uint8_t start;
	uint32_t mtu;
	struct weir_group_protocol *protocols;
	size_t n_protocols;
	struct weir_group_link link;
	char mac[18];
	struct weir_group_bridge bridge;
	struct weir_group_bond bond;
	struct weir_group_vlan vlan;
	struct weir_group *ports;
	size_t n_ports;
};

/**
 * weir_group_free() - free a definition and everything it points to
 * @group:	from weir_group_parse() or weir_group_copy(); NULL is ignored
 *
 * Since: 0.2
 */
WEIR_API void weir_group_free(struct weir_group *group);

/**
 * weir_group_copy() - copy a definition
 * @group:	the definition
 * @ret:	receives the copy, for weir_group_free()
 *
 * Return: 0 or -ENOMEM
 *
 * Since: 0.2
 */
WEIR_API int weir_group_copy(const struct weir_group *group, struct weir_group **ret);

/**
 * weir_group_check() - whether a definition can be defined
 * @group:	the definition
 * @err:	filled on failure, with the path of the member
 *		("ports[1].bond.miimon.freq"); may be NULL
 *
 * Pure: looks at nothing but @group. Whether its links are there and its names
 * are free is checked when it is applied.
 *
 * Return: 0 or a negative errno:
 *   -EINVAL	a member is missing, or does not go with the others
 *   -ERANGE	a number is outside of its range
 *   -EEXIST	an interface, an address or a family is there twice
 *   -ELOOP	an interface would be below itself
 *
 * Since: 0.2
 */
WEIR_API int weir_group_check(const struct weir_group *group, struct weir_error *err);

/**
 * weir_group_name() - the name of a group's interface
 * @group:	the definition
 * @buf:	receives the name: the given one, or BASE.TAG for a vlan without
 *		one; "" if that is longer than 15 bytes
 *
 * Return: @buf
 *
 * Since: 0.2
 */
WEIR_API const char *weir_group_name(const struct weir_group *group, char buf[16]);

/**
 * weir_group_delay() - the forward delay of a bridge in the kernel's unit
 * @bridge:	the settings
 * @ret_cs:	receives 1/100 s, rounded down
 *
 * Return: 0, -ENOENT if none is given, -EINVAL if it is no decimal number,
 * -ERANGE if it is more than 1,000,000 s
 *
 * Since: 0.2
 */
WEIR_API int weir_group_delay(const struct weir_group_bridge *bridge, uint32_t *ret_cs);

/* --- what would change ------------------------------------------------------------------ */

/**
 * enum weir_effect - what a change does to traffic, the worst last
 * @WEIR_EFFECT_IN_PLACE: nothing that traffic would notice
 * @WEIR_EFFECT_FLAP:	a port goes down, or leaves its master, and may come back
 * @WEIR_EFFECT_REMAKE:	a link is deleted
 * @WEIR_EFFECT_ADDRESS_LOSS: an address or a route goes, or stops working
 */
enum weir_effect {
	WEIR_EFFECT_IN_PLACE = 0,
	WEIR_EFFECT_FLAP = 1,
	WEIR_EFFECT_REMAKE = 2,
	WEIR_EFFECT_ADDRESS_LOSS = 3
};

/**
 * weir_effect_name() - the word for an effect
 * @effect:	the effect
 *
 * Return: a static text: "in place", "flap", "remake", "address loss"
 *
 * Since: 0.2
 */
WEIR_API const char *weir_effect_name(enum weir_effect effect);

/**
 * struct weir_plan_step - one change of a plan
 * @effect:	what it does to traffic
 * @group:	the group it is for
 * @object:	what is changed, "bond bond0"
 * @what:	how, "mtu: 1400 instead of 1500"; several lines where several
 *		settings change in one message
 */
struct weir_plan_step {
	enum weir_effect effect;
	char group[16];
	char object[64];
	char what[512];
};

/**
 * weir_groups_plan() - what would bring groups up as they are defined
 * @w:		the handle
 * @groups:	definitions, each checked; in any order
 * @n:		how many
 * @ret:	receives an array in the order of carrying out, to be freed with
 *		free()
 * @ret_n:	receives its length; 0: nothing would change
 * @err:	filled on failure; may be NULL
 *
 * Looks at the host as it is, by three dumps for any number of groups, and changes
 * nothing.
 *
 * Return: 0 or a negative errno, as for weir_txn_groups_up()
 *
 * Since: 0.2
 */
WEIR_API int weir_groups_plan(struct weir *w, const struct weir_group *const *groups, size_t n,
			      struct weir_plan_step **ret, size_t *ret_n, struct weir_error *err);

/* --- changing ------------------------------------------------------------------------------ */

/** weir_group_verify_step - a type of steps for weir_options.step_ops, in weir_network_steps */
extern WEIR_API const struct weir_step_ops weir_group_verify_step;

/**
 * weir_txn_groups_define() - store definitions
 * @t:		the transaction
 * @groups:	the definitions
 * @n:		how many
 *
 * Each replaces the stored definition of its name, and those of the interfaces that
 * it enslaves: they belong to this group from then on. The base of a vlan keeps its
 * own. What is up goes on as it is.
 *
 * Return: 0 or a negative errno, which the transaction remembers:
 *   -EEXIST	an interface belongs to two groups
 *   -ELOOP	a vlan would be below its own base
 *   others	see weir_group_check()
 *
 * Since: 0.2
 */
WEIR_API int weir_txn_groups_define(struct weir_txn *t, const struct weir_group *const *groups,
				    size_t n);

/**
 * weir_txn_group_undefine() - remove a stored definition
 * @t:		the transaction
 * @name:	the group; if it is up, it stays so
 *
 * Return: 0 or a negative errno, which the transaction remembers: -ENOENT
 *
 * Since: 0.2
 */
WEIR_API int weir_txn_group_undefine(struct weir_txn *t, const char *name);

/**
 * weir_txn_groups_up() - bring groups up as they are defined
 * @t:		the transaction
 * @groups:	definitions, each checked; in any order
 * @n:		how many
 * @worst:	the policy: a plan with a worse effect is refused
 *
 * Makes what is missing and changes what differs. What an earlier weir_txn_groups_up()
 * of the same group put there, and the definition does not have, is taken away; what
 * others put there stays. The last step reads back everything that was asked for, and a
 * difference undoes the transaction. Where nothing differs, nothing is sent that could
 * change anything.
 *
 * Addresses by DHCP are asked for by a client: the one whose path is in
 * config_dir/dhcp-client, or else the first that is found of udhcpc, dhclient and
 * dhcpcd.
 *
 * Return: 0 or a negative errno, which the transaction remembers:
 *   -ENODEV	an ethernet, or the base of a vlan, is not there; or it has another
 *		MAC address
 *   -EEXIST	a name is taken by a link of another kind
 *   -EBUSY	an interface is a port of somebody else's, or the policy forbids it
 *   -ERANGE	an MTU is above that of the link below
 *   -EOPNOTSUPP a vlan is there with another tag or base, which cannot change
 *   -ENOENT	a DHCP client is needed and not there
 *
 * Since: 0.2
 */
WEIR_API int weir_txn_groups_up(struct weir_txn *t, const struct weir_group *const *groups,
				size_t n, enum weir_effect worst);

/**
 * weir_txn_groups_down() - take groups down
 * @t:		the transaction
 * @names:	the groups: each was brought up, or is defined
 * @n:		how many
 *
 * Deletes what bringing it up made, releases what that enslaved, takes away
 * addresses and routes of it, and sets an ethernet down. A bridge that was there
 * before stays.
 *
 * Return: 0 or a negative errno, which the transaction remembers: -ENOENT if one
 * is neither up nor defined
 *
 * Since: 0.2
 */
WEIR_API int weir_txn_groups_down(struct weir_txn *t, const char *const *names, size_t n);

/**
 * weir_txn_groups_change() - bring groups up and take others down, as one change
 * @t:		the transaction
 * @up:		as for weir_txn_groups_up()
 * @n_up:	how many
 * @down:	as for weir_txn_groups_down()
 * @n_down:	how many
 * @worst:	the policy: a plan with a worse effect is refused
 *
 * An interface of a group that goes down can become one of a group that comes up.
 *
 * Return: 0 or a negative errno, which the transaction remembers
 *
 * Since: 0.2
 */
WEIR_API int weir_txn_groups_change(struct weir_txn *t, const struct weir_group *const *up,
				    size_t n_up, const char *const *down, size_t n_down,
				    enum weir_effect worst);

/* --- reading ------------------------------------------------------------------------------- */

/**
 * weir_group_get() - read a stored definition
 * @w:		the handle
 * @name:	the group
 * @ret:	receives it, for weir_group_free()
 * @err:	filled on failure; may be NULL
 *
 * Return: 0, or a negative errno: -ENOENT if there is none, or the interface belongs
 * to another group
 *
 * Since: 0.2
 */
WEIR_API int weir_group_get(struct weir *w, const char *name, struct weir_group **ret,
			    struct weir_error *err);

/**
 * weir_group_state() - what an interface and its ports are in the kernel
 * @w:		the handle
 * @name:	the interface, defined or not
 * @ret:	receives it in the words of a definition, for weir_group_free()
 * @err:	filled on failure; may be NULL
 *
 * All ports, addresses (IPv6's link-local ones too) and static routes, whoever put
 * them there; no start mode and no DHCP, of which the kernel knows nothing. What is
 * no bridge, bond or vlan is an ethernet.
 *
 * Return: 0, or a negative errno: -ENODEV if there is no such link
 *
 * Since: 0.2
 */
WEIR_API int weir_group_state(struct weir *w, const char *name, struct weir_group **ret,
			      struct weir_error *err);

/**
 * struct weir_group_entry - a group in a list
 * @name:	its name
 * @type:	an enum weir_group_type; 0: its definition cannot be read
 * @start:	an enum weir_start_mode
 * @is_defined:	its definition is stored
 * @is_up:	weir brought it up
 * @is_active:	its link is there and up; an ethernet has carrier besides
 * @mac:	MAC address of its link; zero if it is not there
 * @n_ports:	ports that it is to have
 */
struct weir_group_entry {
	char name[16];
	uint8_t type;
	uint8_t start;
	bool is_defined;
	bool is_up;
	bool is_active;
	uint8_t mac[6];
	uint32_t n_ports;
};

/**
 * weir_group_list() - every group that is stored or was brought up
 * @w:		the handle
 * @ret:	receives an array in the order of names, to be freed with free()
 * @ret_n:	receives its length
 * @err:	filled on failure; may be NULL
 *
 * An interface that another group enslaves is no group of its own. One dump of
 * links, whatever the number of groups.
 *
 * Return: 0 or a negative errno
 *
 * Since: 0.2
 */
WEIR_API int weir_group_list(struct weir *w, struct weir_group_entry **ret, size_t *ret_n,
			     struct weir_error *err);

/**
 * weir_group_by_mac() - the groups with a MAC address
 * @w:		the handle
 * @mac:	the address, as their links have it now
 * @ret:	receives an array in the order of names, to be freed with free()
 * @ret_n:	receives its length; a vlan and its base have one address, so there
 *		may be several
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or a negative errno
 *
 * Since: 0.2
 */
WEIR_API int weir_group_by_mac(struct weir *w, const uint8_t mac[6], struct weir_group_entry **ret,
			       size_t *ret_n, struct weir_error *err);

/* --- checkpoints ---------------------------------------------------------------------------- */

/**
 * struct weir_checkpoint - who began to change things, and when
 * @owner:	who, for people
 * @pid:	the process
 * @begun:	when, in seconds since 1970
 * @is_alive:	that process still runs
 * @is_of_this_boot: the host was not rebooted since it was begun
 */
struct weir_checkpoint {
	char owner[64];
	int32_t pid;
	uint64_t begun;
	bool is_alive;
	bool is_of_this_boot;
};

/**
 * weir_txn_checkpoint_begin() - remember what is stored and what is up
 * @t:		the transaction
 * @owner:	who begins, for people; may be NULL
 * @take_over:	if a checkpoint is open already, become its owner; what it remembers
 *		stays
 *
 * Until weir_txn_checkpoint_commit(), a rollback can undo everything that is done from
 * here on, by any number of transactions and processes, and over reboots. What there was
 * is kept in one durable file in the handle's config_dir.
 *
 * Return: 0 or a negative errno, which the transaction remembers: -EBUSY if one is
 * open; the error says whose and how old it is
 *
 * Since: 0.2
 */
WEIR_API int weir_txn_checkpoint_begin(struct weir_txn *t, const char *owner, bool take_over);

/**
 * weir_txn_checkpoint_commit() - keep everything as it is, and forget the checkpoint
 * @t:	the transaction
 *
 * Return: 0 or a negative errno, which the transaction remembers: -ENOENT if no
 * checkpoint is open
 *
 * Since: 0.2
 */
WEIR_API int weir_txn_checkpoint_commit(struct weir_txn *t);

/**
 * weir_txn_checkpoint_rollback() - go back to what was when the checkpoint was begun
 * @t:	the transaction
 *
 * Stores the definitions that there were and removes others. Groups that were up come
 * up as they were, others go down; after a reboot this is left out. What others than
 * weir did to the host stays.
 *
 * Return: 0 or a negative errno, which the transaction remembers: -ENOENT if no
 * checkpoint is open
 *
 * Since: 0.2
 */
WEIR_API int weir_txn_checkpoint_rollback(struct weir_txn *t);

/**
 * weir_checkpoint_get() - whether a checkpoint is open, and whose it is
 * @w:		the handle
 * @ret:	receives who and when
 * @err:	filled on failure; may be NULL
 *
 * Return: 0, or a negative errno: -ENOENT if none is open
 *
 * Since: 0.2
 */
WEIR_API int weir_checkpoint_get(struct weir *w, struct weir_checkpoint *ret, struct weir_error *err);

#ifdef __cplusplus
}
#endif

#endif
