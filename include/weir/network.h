/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Virtual networks: their definitions, and the guests' ports on them.
 *
 * The terms are libvirt's. A definition is a plain struct, stored as JSON in the
 * handle's config_dir (CONFIG); a running network keeps the definition it was
 * started from in state_dir (LIVE), so that a changed CONFIG and what runs can be
 * told apart. Whatever changes the host is a builder on a transaction: it can be
 * planned, committed and undone like any other step.
 */
#ifndef WEIR_NETWORK_H
#define WEIR_NETWORK_H

#include <weir/ip.h>
#include <weir/nat.h>
#include <weir/tc.h>
#include <weir/weir.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * struct weir_address_range - addresses that NAT may use
 * @start:	first; no family: the range is absent
 * @end:	last, at most 65535 after the first
 */
struct weir_address_range {
	struct weir_ip start;
	struct weir_ip end;
};

/**
 * struct weir_port_range - ports that NAT may use
 * @start:	first
 * @end:	last; 0 and 0: the range is absent
 */
struct weir_port_range {
	uint16_t start;
	uint16_t end;
};

/**
 * struct weir_forward_nat - how a network of mode NAT translates
 * @ipv6:	enum weir_yes_no: masquerade IPv6 too
 * @address:	source addresses; absent: the outgoing link's
 * @port:	source ports; absent: 1024..65535
 */
struct weir_forward_nat {
	uint8_t ipv6;
	struct weir_address_range address;
	struct weir_port_range port;
};

/**
 * struct weir_forward_interface - a link that a network's traffic may use
 * @dev:	its name
 */
struct weir_forward_interface {
	char *dev;
};

/**
 * struct weir_forward_address - a virtual function that a guest may get
 * @pci:	its PCI address: "0000:03:00.1"
 */
struct weir_forward_address {
	char *pci;
};

/**
 * enum weir_pci_driver_name - who hands a PCI device to a guest
 * @WEIR_PCI_DRIVER_DEFAULT:	whoever the hypervisor uses
 * @WEIR_PCI_DRIVER_KVM:	legacy device assignment
 * @WEIR_PCI_DRIVER_VFIO:	VFIO
 * @WEIR_PCI_DRIVER_XEN:	Xen's
 */
enum weir_pci_driver_name {
	WEIR_PCI_DRIVER_DEFAULT = 0,
	WEIR_PCI_DRIVER_KVM = 1,
	WEIR_PCI_DRIVER_VFIO = 2,
	WEIR_PCI_DRIVER_XEN = 3
};

/**
 * struct weir_pci_driver - what a PCI device is bound to for a guest
 * @name:	an enum weir_pci_driver_name
 * @model:	a driver of the kernel, such as a VFIO variant; NULL: the usual one
 */
struct weir_pci_driver {
	uint8_t name;
	char *model;
};

/**
 * struct weir_forward - what happens to traffic that leaves the network
 * @mode:		an enum weir_forward_mode
 * @managed:		enum weir_yes_no, mode hostdev: virtual functions are bound
 *			and given back without the caller's doing
 * @driver:		mode hostdev: what they are bound to
 * @pf:			the pool is all virtual functions of this link; NULL: the
 *			pool is listed
 * @interfaces:		modes nat and route: the only link that traffic may leave
 *			by, at most one; the macvtap modes: the pool
 * @n_interfaces:	how many; 0 in modes nat and route: any link
 * @addresses:		mode hostdev: the pool
 * @n_addresses:	how many
 * @nat:		for mode nat
 */
struct weir_forward {
	uint8_t mode;
	uint8_t managed;
	struct weir_pci_driver driver;
	char *pf;
	struct weir_forward_interface *interfaces;
	size_t n_interfaces;
	struct weir_forward_address *addresses;
	size_t n_addresses;
	struct weir_forward_nat nat;
};

/**
 * enum weir_mac_table_manager - who keeps a bridge's table of MAC addresses
 * @WEIR_MAC_TABLE_DEFAULT:	not said: the kernel
 * @WEIR_MAC_TABLE_KERNEL:	the kernel, which learns them and floods
 * @WEIR_MAC_TABLE_MANAGED:	weir, which knows them; libvirt's word is "libvirt"
 */
enum weir_mac_table_manager {
	WEIR_MAC_TABLE_DEFAULT = 0,
	WEIR_MAC_TABLE_KERNEL = 1,
	WEIR_MAC_TABLE_MANAGED = 2
};

/**
 * struct weir_network_bridge - the network's bridge
 * @name:		its name. Modes isolated to open: it is made; empty: the
 *			first free of virbr0, virbr1, ..., or of another kind if it has
 *			a "%d" for the number. Mode bridge: it is there already; if
 *			empty, guests get macvtaps on a link of the host
 * @zone:		its zone in firewalld; NULL: none is asked for
 * @stp:		enum weir_yes_no: spanning tree protocol; absent: no
 * @delay_s:		forward delay in seconds, while STP is on; less than 2 is 2, the
 *			kernel's least. A new port's frames pass after twice as long
 * @mac_table_manager:	an enum weir_mac_table_manager; changes while the network runs
 * @spread:		modes isolated to open: over how many bridges ports are spread,
 *			up to 64; 0: 1. For more ports than the 1023 that a bridge can
 *			have, and for faster attaching, because the kernel searches a
 *			bridge's port numbers from the first on. The others (virbr0-1,
 *			...) are each joined to the first by a veth pair, which takes a
 *			port of both
 */
struct weir_network_bridge {
	char name[16];
	char *zone;
	uint8_t stp;
	uint32_t delay_s;
	uint8_t mac_table_manager;
	uint32_t spread;
};

/**
 * struct weir_domain - the DNS domain of the guests
 * @name:		its name; NULL: none
 * @local_only:		enum weir_yes_no: queries for it are never passed on
 * @register_it:	enum weir_yes_no: the host's own resolver is told of it; needs
 *			@local_only
 */
struct weir_domain {
	char *name;
	uint8_t local_only;
	uint8_t register_it;
};

/**
 * struct weir_dns_forwarder - where queries go that are not answered here
 * @domain:	only those for this domain; NULL: all
 * @address:	the server; no family: the host's own resolver
 */
struct weir_dns_forwarder {
	char *domain;
	struct weir_ip address;
};

/**
 * struct weir_dns_txt - a TXT record
 * @name:	its name
 * @value:	its text
 */
struct weir_dns_txt {
	char *name;
	char *value;
};

/**
 * struct weir_dns_hostname - a name of an address
 * @name:	the name
 */
struct weir_dns_hostname {
	char *name;
};

/**
 * struct weir_dns_host - names that the network's DNS knows
 * @address:	the address
 * @hostnames:	its names, at least one
 * @n_hostnames: how many
 */
struct weir_dns_host {
	struct weir_ip address;
	struct weir_dns_hostname *hostnames;
	size_t n_hostnames;
};

/**
 * struct weir_dns_srv - an SRV record
 * @service:	service name, without the underscore
 * @protocol:	protocol name, without the underscore
 * @domain:	domain; NULL: the network's
 * @target:	who serves; NULL: nobody does
 * @port:	port, with a target
 * @priority:	priority, with a target
 * @weight:	weight, with a target
 */
struct weir_dns_srv {
	char *service;
	char *protocol;
	char *domain;
	char *target;
	uint16_t port;
	uint16_t priority;
	uint16_t weight;
};

/**
 * struct weir_dns - the network's DNS server
 * @enable:		enum weir_yes_no; absent: yes
 * @forward_plain_names: enum weir_yes_no: names without a dot are passed on;
 *			absent: yes
 * @forwarders:		where queries go
 * @n_forwarders:	how many
 * @txt:		TXT records
 * @n_txt:		how many
 * @hosts:		addresses and their names
 * @n_hosts:		how many
 * @srv:		SRV records
 * @n_srv:		how many
 */
struct weir_dns {
	uint8_t enable;
	uint8_t forward_plain_names;
	struct weir_dns_forwarder *forwarders;
	size_t n_forwarders;
	struct weir_dns_txt *txt;
	size_t n_txt;
	struct weir_dns_host *hosts;
	size_t n_hosts;
	struct weir_dns_srv *srv;
	size_t n_srv;
};

/** WEIR_LEASE_EXPIRY - in weir_lease_time.has: expiry is set */
#define WEIR_LEASE_EXPIRY (1ull << 0)

/**
 * struct weir_lease_time - how long a lease is valid
 * @has:	WEIR_LEASE_EXPIRY: it is given; otherwise dnsmasq's hour
 * @expiry:	how many @unit; 0: for ever; at least 120 s
 * @unit:	0: minutes, 1: seconds, 2: hours
 */
struct weir_lease_time {
	uint64_t has;
	uint32_t expiry;
	uint8_t unit;
};

/**
 * struct weir_dhcp_range - addresses that are leased to anybody
 * @start:	first
 * @end:	last
 * @lease:	for how long
 */
struct weir_dhcp_range {
	struct weir_ip start;
	struct weir_ip end;
	struct weir_lease_time lease;
};

/**
 * struct weir_dhcp_host - an address that is kept for one guest
 * @mac:	IPv4: its MAC address as text; NULL: known by name
 * @id:		IPv6: its DUID, hex digits and colons; NULL: known by name
 * @name:	its host name; NULL: none
 * @address:	the address
 * @lease:	for how long
 */
struct weir_dhcp_host {
	char *mac;
	char *id;
	char *name;
	struct weir_ip address;
	struct weir_lease_time lease;
};

/**
 * struct weir_dhcp_bootp - what a guest that boots from the network loads. IPv4 only
 * @file:	the file's name; NULL: nothing
 * @server:	who has it; no family: this host
 */
struct weir_dhcp_bootp {
	char *file;
	struct weir_ip server;
};

/**
 * struct weir_dhcp - the DHCP server of one subnet
 * @ranges:	addresses for anybody
 * @n_ranges:	how many
 * @hosts:	addresses for one guest each
 * @n_hosts:	how many
 * @bootp:	what guests boot; needs a range or a host
 */
struct weir_dhcp {
	struct weir_dhcp_range *ranges;
	size_t n_ranges;
	struct weir_dhcp_host *hosts;
	size_t n_hosts;
	struct weir_dhcp_bootp bootp;
};

/**
 * struct weir_network_ip - an address of the bridge and the subnet around it
 * @family:	the family as the definition says it, beside @address, which has it
 *		too; 0: it does not
 * @address:	the host's address in it
 * @netmask:	IPv4: the size of the subnet as a mask; no family: not given
 * @prefix:	the size of the subnet as a length, 1..32 or 1..128; 0: not given.
 *		weir_network_ip_prefix() makes one of both
 * @local_ptr:	enum weir_yes_no: reverse queries are never passed on
 * @tftp_root:	IPv4: directory that TFTP serves; NULL: no TFTP
 * @dhcp:	its DHCP server; at most one for each family of a network
 */
struct weir_network_ip {
	uint8_t family;
	struct weir_ip address;
	struct weir_ip netmask;
	uint8_t prefix;
	uint8_t local_ptr;
	char *tftp_root;
	struct weir_dhcp dhcp;
};

/**
 * weir_network_ip_prefix() - how large the subnet around an address is
 * @ip:		the address
 *
 * Its prefix, or else its netmask's, or else a default: that of the class of an IPv4
 * address, 64 for IPv6.
 *
 * Return: the prefix length; -EINVAL if the netmask has a gap or the address is of no
 * class
 *
 * Since: 0.2
 */
WEIR_API int weir_network_ip_prefix(const struct weir_network_ip *ip);

/** WEIR_NETWORK_ROUTE_PREFIX - in weir_network_route.has: the prefix is said */
#define WEIR_NETWORK_ROUTE_PREFIX (1ull << 0)

/**
 * struct weir_network_route - a route through a guest
 * @has:	WEIR_NETWORK_ROUTE_PREFIX
 * @family:	the family as it was said; 0: not said
 * @address:	destination network
 * @netmask:	IPv4: its size as a mask; no family: not said so
 * @prefix:	its size as a length. Neither: 0, a default route
 * @gateway:	the guest, an address in one of the network's subnets
 * @metric:	priority; 0: 1
 */
struct weir_network_route {
	uint64_t has;
	uint8_t family;
	struct weir_ip address;
	struct weir_ip netmask;
	uint8_t prefix;
	struct weir_ip gateway;
	uint32_t metric;
};

/**
 * weir_network_route_prefix() - how large the destination of a route is
 * @route:	the route
 *
 * Return: the prefix length; -EINVAL if the netmask has a gap
 *
 * Since: 0.2
 */
WEIR_API int weir_network_route_prefix(const struct weir_network_route *route);

/**
 * enum weir_native_vlan - whether a trunk's vlan is the one of untagged frames
 * @WEIR_NATIVE_NO:		no
 * @WEIR_NATIVE_TAGGED:		yes, and its own frames leave with their tag
 * @WEIR_NATIVE_UNTAGGED:	yes, and its own frames leave without
 */
enum weir_native_vlan {
	WEIR_NATIVE_NO = 0,
	WEIR_NATIVE_TAGGED = 1,
	WEIR_NATIVE_UNTAGGED = 2
};

/**
 * struct weir_vlan_tag - a vlan that a port is in
 * @id:		its number, 0..4095; a Linux bridge takes 1..4094
 * @native:	an enum weir_native_vlan; at most one tag of a port is native
 */
struct weir_vlan_tag {
	uint16_t id;
	uint8_t native;
};

/**
 * struct weir_vlan_tags - the vlans that a port is in
 * @is_trunk:	frames keep their tags; always so with more than one tag
 * @tags:	the vlans
 * @n_tags:	how many; 0: nothing is said about vlans
 */
struct weir_vlan_tags {
	bool is_trunk;
	struct weir_vlan_tag *tags;
	size_t n_tags;
};

/**
 * enum weir_virtualport_type - who associates a port with the switch behind it
 * @WEIR_VIRTUALPORT_NONE:	not said
 * @WEIR_VIRTUALPORT_8021QBG:	lldpad, by IEEE 802.1Qbg
 * @WEIR_VIRTUALPORT_8021QBH:	the card, by IEEE 802.1Qbh
 * @WEIR_VIRTUALPORT_OPENVSWITCH: Open vSwitch
 * @WEIR_VIRTUALPORT_MIDONET:	MidoNet
 *
 * The numbers are libvirt's.
 */
enum weir_virtualport_type {
	WEIR_VIRTUALPORT_NONE = 0,
	WEIR_VIRTUALPORT_8021QBG = 1,
	WEIR_VIRTUALPORT_8021QBH = 2,
	WEIR_VIRTUALPORT_OPENVSWITCH = 3,
	WEIR_VIRTUALPORT_MIDONET = 4
};

/** WEIR_VIRTUALPORT_TYPE - in weir_virtualport.has: the type is said, if only as none */
#define WEIR_VIRTUALPORT_TYPE (1ull << 0)
/** WEIR_VIRTUALPORT_MANAGERID - the manager's id is said */
#define WEIR_VIRTUALPORT_MANAGERID (1ull << 1)
/** WEIR_VIRTUALPORT_TYPEID - the type's id is said */
#define WEIR_VIRTUALPORT_TYPEID (1ull << 2)
/** WEIR_VIRTUALPORT_TYPEIDVERSION - the version of the type's id is said */
#define WEIR_VIRTUALPORT_TYPEIDVERSION (1ull << 3)
/** WEIR_VIRTUALPORT_INSTANCEID - the instance's id is said */
#define WEIR_VIRTUALPORT_INSTANCEID (1ull << 4)
/** WEIR_VIRTUALPORT_INTERFACEID - the interface's id is said */
#define WEIR_VIRTUALPORT_INTERFACEID (1ull << 5)
/** WEIR_VIRTUALPORT_PROFILEID - the profile is said */
#define WEIR_VIRTUALPORT_PROFILEID (1ull << 6)

/**
 * struct weir_virtualport - what the switch behind a port is told
 * @has:		WEIR_VIRTUALPORT_*; 0: there is no virtualport. One that says
 *			neither type nor parameters has WEIR_VIRTUALPORT_TYPE and
 *			type NONE
 * @type:		an enum weir_virtualport_type
 * @managerid:		802.1Qbg: the VSI manager
 * @typeid_:		802.1Qbg: the VSI type, 24 bits
 * @typeidversion:	802.1Qbg: its version
 * @instanceid:		802.1Qbg: uuid of the instance
 * @interfaceid:	openvswitch, midonet: uuid of the port
 * @profileid:		802.1Qbh, openvswitch: name of the profile
 */
struct weir_virtualport {
	uint64_t has;
	uint8_t type;
	uint8_t managerid;
	uint32_t typeid_;
	uint8_t typeidversion;
	char instanceid[37];
	char interfaceid[37];
	char profileid[40];
};

/**
 * weir_virtualport_check() - whether a type has parameters of another one
 * @vp:		the virtualport; one without a type may have any
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -EINVAL
 *
 * Since: 0.2
 */
WEIR_API int weir_virtualport_check(const struct weir_virtualport *vp, struct weir_error *err);

/**
 * weir_virtualport_complete() - whether a virtualport has all that its type needs
 * @vp:		the virtualport; one without a type needs nothing
 * @made:	true: ids that weir_virtualport_generate() can make may be absent
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -EINVAL with the first missing parameter
 *
 * Since: 0.2
 */
WEIR_API int weir_virtualport_complete(const struct weir_virtualport *vp, bool made,
				       struct weir_error *err);

/**
 * weir_virtualport_generate() - make ids that are missing
 * @vp:		the virtualport; gets an instanceid (802.1Qbg) or interfaceid
 *		(openvswitch) if it has none
 *
 * Since: 0.2
 */
WEIR_API void weir_virtualport_generate(struct weir_virtualport *vp);

/**
 * weir_virtualport_merge() - what guest, network and portgroup say together
 * @guest:	the guest's part; NULL: none
 * @network:	the network's; NULL: none
 * @portgroup:	the portgroup's; NULL: none
 * @ret:	receives the whole; without a type in any of them, it is the guest's part
 * @err:	filled on failure; may be NULL
 *
 * Return: 0, or -EINVAL if two of them say something different
 *
 * Since: 0.2
 */
WEIR_API int weir_virtualport_merge(const struct weir_virtualport *guest,
				    const struct weir_virtualport *network,
				    const struct weir_virtualport *portgroup,
				    struct weir_virtualport *ret, struct weir_error *err);

/**
 * weir_virtualport_equal() - whether the switch would see a difference
 * @a:		one
 * @b:		another
 *
 * Return: true if it would not
 *
 * Since: 0.2
 */
WEIR_API bool weir_virtualport_equal(const struct weir_virtualport *a,
				     const struct weir_virtualport *b);

/**
 * weir_vlan_check() - whether vlans make sense together
 * @vlan:	the vlans
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or a negative errno
 *
 * Since: 0.2
 */
WEIR_API int weir_vlan_check(const struct weir_vlan_tags *vlan, struct weir_error *err);

/**
 * enum weir_anti_spoofing - which of its own addresses a guest is held to
 * @WEIR_SPOOFING_DEFAULT:	not said
 * @WEIR_SPOOFING_ALLOWED:	none
 * @WEIR_SPOOFING_MAC:		its MAC address
 * @WEIR_SPOOFING_IP:		its MAC address and its IP addresses, in ARP and neighbour
 *				discovery too; see weir_txn_guard_add()
 *
 * Ports of Linux bridges only. Where neither guest, portgroup nor network says
 * anything, it is WEIR_SPOOFING_ALLOWED.
 */
enum weir_anti_spoofing {
	WEIR_SPOOFING_DEFAULT = 0,
	WEIR_SPOOFING_ALLOWED = 1,
	WEIR_SPOOFING_MAC = 2,
	WEIR_SPOOFING_IP = 3
};

/**
 * struct weir_portgroup - what ports of one class have in common
 * @name:		its name, unique in the network
 * @is_default:		enum weir_yes_no: ports that name no portgroup are of this one
 * @trust_guest_rx_filters: enum weir_yes_no: the guest may choose its MAC addresses
 * @vlan:		the vlans of each of its ports
 * @virtualport:	what the switch behind them is told; the type may be absent
 * @bandwidth:		the limits of each of its ports
 * @anti_spoofing:	an enum weir_anti_spoofing
 */
struct weir_portgroup {
	char *name;
	uint8_t is_default;
	uint8_t trust_guest_rx_filters;
	struct weir_vlan_tags vlan;
	struct weir_virtualport virtualport;
	struct weir_bandwidth bandwidth;
	uint8_t anti_spoofing;
};

/**
 * struct weir_dnsmasq_option - a line for dnsmasq's configuration
 * @value:	the line, as it is
 */
struct weir_dnsmasq_option {
	char *value;
};

/**
 * struct weir_network - the definition of a network
 * @sz:			sizeof(struct weir_network)
 * @name:		its name, unique on the host; a file is named after it
 * @uuid:		its identity; empty: one is made when it is defined
 * @title:		one line for people
 * @description:	text for people
 * @metadata:		text for programs, as it came; NULL: none
 * @ipv6:		enum weir_yes_no: guests may speak IPv6 among themselves though
 *			there is no IPv6 address. It has no effect here, where no rule
 *			keeps guests of one network apart; it is kept for others who
 *			read the definition
 * @trust_guest_rx_filters: enum weir_yes_no: the guests may choose their MAC addresses
 * @forward:		what happens to traffic that leaves it
 * @bridge:		its bridge
 * @mtu:		MTU of the bridge and, by DHCP, of the guests; 0: 1500
 * @mac:		MAC address of the bridge as text; NULL: one is made when it
 *			is defined
 * @domain:		DNS domain
 * @dns:		DNS server
 * @vlan:		the vlans of ports whose portgroup says none
 * @bandwidth:		limits of the bridge as a whole, as the guests see them
 * @port_isolated:	enum weir_yes_no: ports reach only what is not isolated
 * @ips:		addresses
 * @n_ips:		how many
 * @routes:		routes
 * @n_routes:		how many
 * @virtualport:	what the switch behind the ports is told
 * @portgroups:		classes of ports
 * @n_portgroups:	how many
 * @dnsmasq_options:	lines for dnsmasq's configuration, behind all others
 * @n_dnsmasq_options:	how many
 * @anti_spoofing:	an enum weir_anti_spoofing: for ports whose portgroup says none
 *
 * Everything it points to belongs to it: strings and arrays come from malloc()
 * and are freed by weir_network_free().
 */
struct weir_network {
	size_t sz;
	char *name;
	char uuid[37];
	char *title;
	char *description;
	char *metadata;
	uint8_t ipv6;
	uint8_t trust_guest_rx_filters;
	struct weir_forward forward;
	struct weir_network_bridge bridge;
	uint32_t mtu;
	char *mac;
	struct weir_domain domain;
	struct weir_dns dns;
	struct weir_vlan_tags vlan;
	struct weir_bandwidth bandwidth;
	uint8_t port_isolated;
	struct weir_network_ip *ips;
	size_t n_ips;
	struct weir_network_route *routes;
	size_t n_routes;
	struct weir_virtualport virtualport;
	struct weir_portgroup *portgroups;
	size_t n_portgroups;
	struct weir_dnsmasq_option *dnsmasq_options;
	size_t n_dnsmasq_options;
	uint8_t anti_spoofing;
};

/** weir_network_steps - the types of steps that networks need, for weir_options.step_ops */
extern WEIR_API const struct weir_step_ops *const weir_network_steps[];

/**
 * weir_network_free() - free a definition and everything it points to
 * @net:	from weir_network_parse(), weir_network_get() or
 *		weir_network_copy(); NULL is ignored
 *
 * Since: 0.1
 */
WEIR_API void weir_network_free(struct weir_network *net);

/**
 * weir_network_copy() - copy a definition
 * @net:	the definition
 * @ret:	receives the copy, for weir_network_free()
 *
 * Return: 0 or -ENOMEM
 *
 * Since: 0.1
 */
WEIR_API int weir_network_copy(const struct weir_network *net, struct weir_network **ret);

/**
 * weir_network_check() - whether a definition can be defined
 * @net:	the definition
 * @err:	filled on failure, with the path of the member; may be NULL
 *
 * Pure: looks at nothing but @net. That names and subnets are free on the host
 * is checked when it is defined and started.
 *
 * Return: 0 or a negative errno
 *
 * Since: 0.1
 */
WEIR_API int weir_network_check(const struct weir_network *net, struct weir_error *err);

/**
 * enum weir_check - how strictly a definition is looked at
 * @WEIR_CHECK_STRICT:		everything that would fail later is refused now; what
 *				weir defines and starts
 * @WEIR_CHECK_COMPATIBLE:	what libvirt 11 defines, and nothing else
 * @WEIR_CHECK_FORM:		what libvirt's parser takes
 */
enum weir_check {
	WEIR_CHECK_STRICT = 0,
	WEIR_CHECK_COMPATIBLE = 1,
	WEIR_CHECK_FORM = 2
};

/**
 * weir_network_check_as() - look at a definition as somebody else would
 * @net:	the definition
 * @how:	how strictly
 * @err:	filled on failure, with the path of the member; may be NULL
 *
 * Pure, as weir_network_check() is, which is this with WEIR_CHECK_STRICT. The milder
 * two do not look at what a text may hold.
 *
 * Return: 0 or a negative errno
 *
 * Since: 0.2
 */
WEIR_API int weir_network_check_as(const struct weir_network *net, enum weir_check how,
				   struct weir_error *err);

/**
 * enum weir_port_kind - what a guest's port is
 * @WEIR_PORT_TAP:	a tap for a virtual machine
 * @WEIR_PORT_VETH:	a pair with one end in a container's namespace
 * @WEIR_PORT_MACVTAP:	a macvtap for a virtual machine, on a network without a bridge.
 *			When it is moved to another namespace, the kernel drops its
 *			limits; weir_txn_port_limit() then returns -ENODEV
 * @WEIR_PORT_HOSTDEV:	a virtual function, and no link of the host
 * @WEIR_PORT_MACVLAN:	a macvlan for a container, on a network without a bridge. It is
 *			made here; the container's manager moves it into its namespace.
 *			It has no limits, because the kernel would drop them then
 *
 * A guest asks for a tap, a pair or a macvlan. One that asks for a tap gets a macvtap or
 * a virtual function on a network that has these. Detaching deletes a macvlan or macvtap
 * also in the namespace that it was moved to (weir_txn_link_del_moved()), but not where
 * it was moved on from there: that is up to the container's manager.
 */
enum weir_port_kind {
	WEIR_PORT_TAP = 0,
	WEIR_PORT_VETH = 1,
	WEIR_PORT_MACVTAP = 2,
	WEIR_PORT_HOSTDEV = 3,
	WEIR_PORT_MACVLAN = 4
};

/** WEIR_GUEST_COMPATIBLE - an unknown portgroup is none, as libvirt has it */
#define WEIR_GUEST_COMPATIBLE 1u

/**
 * struct weir_guest - what a guest asks of a network
 * @sz:			sizeof(struct weir_guest)
 * @kind:		WEIR_PORT_TAP, WEIR_PORT_VETH or WEIR_PORT_MACVLAN
 * @name:		name of the port on the host; NULL: the first free of
 *			vnet0, vnet1, ...
 * @portgroup:		its portgroup; NULL: the network's default one, if any
 * @mac:		the guest's MAC address; all zero: one is made
 * @owner:		who owns the guest, kept for people; NULL: nobody
 * @n_queues:		tap, macvtap: descriptors to open; 0: none, because the
 *			hypervisor opens the port itself
 * @vnet_hdr:		tap: frames carry a virtio_net header
 * @netns:		veth: where the guest's end goes, a name below /run/netns or
 *			a path
 * @ifname:		veth: name of the guest's end; NULL: eth0
 * @has_bandwidth:	@bandwidth replaces the portgroup's as a whole
 * @bandwidth:		the guest's own limits
 * @uuid:		the port's identity; NULL: one is made
 * @owner_uuid:		the guest's uuid, kept for people; NULL: none
 * @vlan:		the guest's own vlans, in place of the portgroup's; stays the
 *			caller's
 * @virtualport:	the guest's own part of what the switch is told
 * @trust_guest_rx_filters: enum weir_yes_no, in place of the portgroup's
 * @isolated:		enum weir_yes_no, in place of the network's
 * @flags:		0, or WEIR_GUEST_COMPATIBLE
 * @anti_spoofing:	an enum weir_anti_spoofing, in place of the portgroup's
 * @addresses:		the guest's IP addresses, if it is held to them. Left out can be
 *			those that the network's DHCP reserves for its MAC address, and
 *			those that it makes of that from router advertisements
 * @n_addresses:	how many
 */
struct weir_guest {
	size_t sz;
	enum weir_port_kind kind;
	const char *name;
	const char *portgroup;
	uint8_t mac[6];
	const char *owner;
	unsigned int n_queues;
	bool vnet_hdr;
	const char *netns;
	const char *ifname;
	bool has_bandwidth;
	struct weir_bandwidth bandwidth;
	const char *uuid;
	const char *owner_uuid;
	struct weir_vlan_tags vlan;
	struct weir_virtualport virtualport;
	uint8_t trust_guest_rx_filters;
	uint8_t isolated;
	uint32_t flags;
	uint8_t anti_spoofing;
	const struct weir_ip *addresses;
	size_t n_addresses;
};

/**
 * enum weir_plug - what the guest's side of a port is connected to
 * @WEIR_PLUG_NONE:	nothing yet
 * @WEIR_PLUG_NETWORK:	the bridge that was made for the network
 * @WEIR_PLUG_BRIDGE:	a bridge that was there before
 * @WEIR_PLUG_DIRECT:	a link of the host, by macvtap or macvlan
 * @WEIR_PLUG_HOSTDEV:	a virtual function, which the guest gets as a PCI device
 *
 * The numbers are libvirt's.
 */
enum weir_plug {
	WEIR_PLUG_NONE = 0,
	WEIR_PLUG_NETWORK = 1,
	WEIR_PLUG_BRIDGE = 2,
	WEIR_PLUG_DIRECT = 3,
	WEIR_PLUG_HOSTDEV = 4
};

/**
 * enum weir_direct_mode - how macvtap and macvlan ports of one link see each other
 * @WEIR_DIRECT_VEPA:		through the switch behind the link
 * @WEIR_DIRECT_PRIVATE:	not at all
 * @WEIR_DIRECT_BRIDGE:		directly
 * @WEIR_DIRECT_PASSTHROUGH:	there is only one
 *
 * The numbers are libvirt's.
 */
enum weir_direct_mode {
	WEIR_DIRECT_VEPA = 0,
	WEIR_DIRECT_PRIVATE = 1,
	WEIR_DIRECT_BRIDGE = 2,
	WEIR_DIRECT_PASSTHROUGH = 3
};

/**
 * enum weir_source - who decided a property of a port
 * @WEIR_FROM_NOBODY:		nobody: it is absent
 * @WEIR_FROM_GUEST:		the guest
 * @WEIR_FROM_PORTGROUP:	the portgroup
 * @WEIR_FROM_NETWORK:		the network
 * @WEIR_FROM_SEVERAL:		more than one of them, each a part
 */
enum weir_source {
	WEIR_FROM_NOBODY = 0,
	WEIR_FROM_GUEST = 1,
	WEIR_FROM_PORTGROUP = 2,
	WEIR_FROM_NETWORK = 3,
	WEIR_FROM_SEVERAL = 4
};

/**
 * struct weir_port_address - an IP address of a guest
 * @address:	the address
 */
struct weir_port_address {
	struct weir_ip address;
};

/**
 * struct weir_port - a guest's port, and where everything about it came from
 * @sz:			sizeof(struct weir_port)
 * @uuid:		its identity
 * @name:		name of the link on the host; with plug HOSTDEV of the port alone
 * @ifindex:		its index
 * @kind:		an enum weir_port_kind
 * @network:		the network
 * @portgroup:		the portgroup it got its settings from; empty: none
 * @plug:		an enum weir_plug
 * @bridge:		plugs NETWORK and BRIDGE: the bridge it is a port of; of a
 *			network with several, one of them
 * @mac_table_manager:	an enum weir_mac_table_manager
 * @dev:		plug DIRECT: the link below it
 * @direct_mode:	plug DIRECT: an enum weir_direct_mode
 * @pci:		plug HOSTDEV: the virtual function, "0000:03:00.1"; plug DIRECT:
 *			the one that @dev is, if it was claimed
 * @vf:			the same by PF and number, "ens1/3", if it was claimed
 *			(weir_network_use_vfs()); else empty
 * @managed:		plug HOSTDEV: enum weir_yes_no: it was bound to @driver when it
 *			was claimed
 * @driver:		plug HOSTDEV: what it is bound to
 * @mode:		the network's forward mode, an enum weir_forward_mode
 * @mac:		the guest's MAC address
 * @host_mac:		the MAC address of the host's end
 * @mtu:		MTU; 0: the default
 * @bandwidth:		its limits
 * @bandwidth_from:	an enum weir_source
 * @class_id:		its class in the bridge's tree, for a guaranteed rate; 0: none
 * @vlan:		its vlans
 * @vlan_from:		an enum weir_source
 * @virtualport:	what the switch behind it is told: merged of guest, network and
 *			portgroup
 * @virtualport_from:	an enum weir_source
 * @trust_guest_rx_filters: enum weir_yes_no: the guest may choose its MAC addresses
 * @trust_from:		an enum weir_source
 * @isolated:		enum weir_yes_no: it reaches only what is not isolated
 * @isolated_from:	an enum weir_source
 * @owner:		who owns the guest; empty: nobody
 * @owner_uuid:		the guest's uuid; empty: none
 * @netns:		veth: where the guest's end is; empty: nowhere
 * @ifname:		veth: name of the guest's end
 * @persistent:		tap: it stays when nobody has it open
 * @ifb_ifindex:	the ifb that shapes what the guest sends; 0: none
 * @ifb_name:		its name
 * @ifb_class:		its class there, if other ports share it; 0: nobody does
 * @floor_class:	the class of its guaranteed rate on the bridge; 0: none
 * @outbound_floor_class: the class of the guaranteed rate of what it sends, on the
 *			bridge's ifb; 0: none
 * @outbound_floor_on:	index of that ifb
 * @anti_spoofing:	an enum weir_anti_spoofing: which addresses it is held to
 * @anti_spoofing_from:	an enum weir_source
 * @addresses:		the guest's IP addresses, as far as they are known; with
 *			anti_spoofing IP it is held to them
 * @n_addresses:	how many
 * @guest_virtualport:	the guest's own part of @virtualport, if others gave parts too.
 *			Since 0.2
 *
 * What it points to belongs to it and is freed by weir_port_done().
 *
 * Who asks for one sets @sz, and receives no more than that; weir_port_parse() and calls
 * that give arrays write all of it.
 */
struct weir_port {
	size_t sz;
	char uuid[37];
	char name[16];
	int32_t ifindex;
	uint8_t kind;
	char network[256];
	char portgroup[256];
	uint8_t plug;
	char bridge[16];
	uint8_t mac_table_manager;
	char dev[16];
	uint8_t direct_mode;
	char pci[20];
	uint8_t managed;
	struct weir_pci_driver driver;
	uint8_t mode;
	uint8_t mac[6];
	uint8_t host_mac[6];
	uint32_t mtu;
	struct weir_bandwidth bandwidth;
	uint8_t bandwidth_from;
	uint32_t class_id;
	struct weir_vlan_tags vlan;
	uint8_t vlan_from;
	struct weir_virtualport virtualport;
	uint8_t virtualport_from;
	uint8_t trust_guest_rx_filters;
	uint8_t trust_from;
	uint8_t isolated;
	uint8_t isolated_from;
	char owner[256];
	char owner_uuid[37];
	char netns[256];
	char ifname[16];
	bool persistent;
	int32_t ifb_ifindex;
	char ifb_name[16];
	uint32_t ifb_class;
	uint32_t floor_class;
	uint32_t outbound_floor_class;
	char outbound_floor_on[16];
	char vf[32];
	uint8_t anti_spoofing;
	uint8_t anti_spoofing_from;
	struct weir_port_address *addresses;
	size_t n_addresses;
	struct weir_virtualport guest_virtualport;
};

/**
 * weir_port_done() - free what a port points to
 * @port:	from weir_network_resolve(), weir_txn_port_attach() or
 *		weir_port_parse(); the struct itself is the caller's
 *
 * Since: 0.2
 */
WEIR_API void weir_port_done(struct weir_port *port);

/**
 * weir_ports_free() - free a list of ports
 * @ports:	from weir_port_list(); NULL is ignored
 * @n:		its length
 *
 * Since: 0.2
 */
WEIR_API void weir_ports_free(struct weir_port *ports, size_t n);

/**
 * weir_network_resolve() - what port a guest would get
 * @net:	the network
 * @guest:	what the guest asks
 * @ret:	receives the port, for weir_port_done(); name and indexes only as far as
 *		@guest gives them
 * @err:	filled on failure; may be NULL
 *
 * Pure: looks at nothing but its arguments and makes nothing up, so an absent
 * name or MAC address stays absent.
 *
 * It chooses no member of a pool (weir_pool_pick() does), and makes no ids of a
 * virtualport (weir_virtualport_generate() does).
 *
 * Return: 0, or a negative errno: -ENOENT if there is no such portgroup
 *
 * Since: 0.1
 */
WEIR_API int weir_network_resolve(const struct weir_network *net, const struct weir_guest *guest,
				  struct weir_port *ret, struct weir_error *err);

struct weir_sriov;
struct weir_claim_request;
struct weir_claim;
struct weir_vf;

/**
 * struct weir_network_vfs - how ports of mode hostdev get their virtual functions
 * @sz:		sizeof(struct weir_network_vfs)
 * @sriov:	what weir_sriov_open() gave
 * @claim:	weir_txn_vf_claim
 * @bind:	weir_txn_vf_bind
 * @release:	weir_txn_vf_release
 * @list:	weir_claim_list
 * @close:	weir_sriov_close, if @sriov shall be closed with the handle; else NULL
 *
 * They are in libweir-sriov, which this library does not link, so that libpci is
 * loaded only by those who want it.
 */
struct weir_network_vfs {
	size_t sz;
	struct weir_sriov *sriov;
	int (*claim)(struct weir_txn *t, struct weir_sriov *s,
		     const struct weir_claim_request *request, struct weir_vf *ret);
	int (*bind)(struct weir_txn *t, struct weir_sriov *s, const char *vf, const char *driver);
	int (*release)(struct weir_txn *t, struct weir_sriov *s, const char *vf,
		       const char *owner);
	int (*list)(struct weir_sriov *s, struct weir_claim **ret, size_t *ret_n,
		    struct weir_error *err);
	void (*close)(struct weir_sriov *s);
};

/**
 * weir_network_use_vfs() - have ports of mode hostdev claim their virtual functions
 * @w:		the handle; its step_ops must have weir_sriov_steps too
 * @vfs:	how; copied
 * @err:	filled on failure; may be NULL
 *
 * From then on weir_txn_port_attach() in mode hostdev claims a virtual function of the
 * network's pool. Through its PF, which must be up, it sets MAC address and vlan, and
 * trust if the guest may choose its addresses. If the network is managed, it binds the
 * function to the driver that the network names, or else to the best VFIO driver.
 *
 * In the macvtap modes it claims the function that is the link below the port, if the
 * pool is a PF's or the port has a vlan, which the PF then sets. Such a claim is shared,
 * except in mode passthrough.
 *
 * weir_txn_port_detach() and weir_txn_network_stop() give the function back as it was.
 * The claim belongs to the port and lasts when the caller or the guest ends. Without
 * this call a function is chosen by the records of the network's ports alone, and
 * nothing is done to it.
 *
 * Return: 0, or a negative errno: -EEXIST if the handle has been told already;
 * then @vfs->sriov stays the caller's
 *
 * Since: 0.2
 */
WEIR_API int weir_network_use_vfs(struct weir *w, const struct weir_network_vfs *vfs,
				  struct weir_error *err);

/**
 * weir_network_use_ovs() - say where Open vSwitch's database is
 * @w:		the handle
 * @path:	absolute path of ovsdb-server's socket; copied
 * @err:	filled on failure; may be NULL
 *
 * Without this call it is /run/openvswitch/db.sock, or the same below /var/run.
 *
 * Return: 0, or a negative errno: -EEXIST if the handle has been told already
 *
 * Since: 0.2
 */
WEIR_API int weir_network_use_ovs(struct weir *w, const char *path, struct weir_error *err);

/**
 * struct weir_pool_entry - a member of a network's pool
 * @dev:	a link; empty in mode hostdev
 * @pci:	mode hostdev: a virtual function
 * @n_ports:	ports that use it
 */
struct weir_pool_entry {
	char dev[16];
	char pci[20];
	uint32_t n_ports;
};

/**
 * weir_pool_pick() - which member of its network's pool a port gets
 * @port:	the port, as weir_network_resolve() made it
 * @pool:	the members, in the definition's order
 * @n:		how many
 * @ret:	receives the index of the member
 * @err:	filled on failure; may be NULL
 *
 * The first of those with the fewest ports. Where a member cannot be shared (modes
 * passthrough and hostdev, and 802.1Qbh in mode private), the first that is free. Pure.
 *
 * Return: 0, or a negative errno: -ENODEV if the pool is empty, -EBUSY if none is free
 *
 * Since: 0.2
 */
WEIR_API int weir_pool_pick(const struct weir_port *port, const struct weir_pool_entry *pool,
			    size_t n, size_t *ret, struct weir_error *err);

/** WEIR_NETWORK_CONFIG - the stored definition */
#define WEIR_NETWORK_CONFIG 1
/** WEIR_NETWORK_LIVE - the definition that a running network was started from */
#define WEIR_NETWORK_LIVE 2

/**
 * weir_network_get() - read a definition
 * @w:		the handle
 * @name:	the network
 * @which:	WEIR_NETWORK_CONFIG, WEIR_NETWORK_LIVE, or 0: live if it runs, else
 *		the stored one
 * @ret:	receives it, for weir_network_free()
 * @err:	filled on failure; may be NULL
 *
 * Return: 0, or a negative errno: -ENOENT if there is none
 *
 * Since: 0.1
 */
WEIR_API int weir_network_get(struct weir *w, const char *name, int which,
			      struct weir_network **ret, struct weir_error *err);

/** WEIR_ROOM_UNLIMITED - the kernel has no limit that ports would reach */
#define WEIR_ROOM_UNLIMITED UINT32_MAX

/**
 * struct weir_network_entry - a network in a list
 * @name:		its name
 * @bridge:		its bridge; empty if none is chosen yet
 * @mode:		its forward mode, an enum weir_forward_mode
 * @is_active:		it runs
 * @is_persistent:	its definition is stored
 * @bridge_missing:	it should run, but its bridge is gone
 * @n_ports:		guests' ports on it
 * @is_autostart:	it is started when the host boots
 * @n_ports_left:	how many more ports its bridges can have, or
 *			WEIR_ROOM_UNLIMITED, as for one that does not run. Since 0.2
 * @is_damaged:		its stored definition, or what it was started from, cannot be
 *			read; what that says is empty here. Since 0.2
 */
struct weir_network_entry {
	char name[256];
	char bridge[16];
	uint8_t mode;
	bool is_active;
	bool is_persistent;
	bool bridge_missing;
	uint32_t n_ports;
	bool is_autostart;
	uint32_t n_ports_left;
	bool is_damaged;
};

/**
 * weir_network_list() - every network that is stored or runs
 * @w:		the handle
 * @ret:	receives an array in the order of names, to be freed with free()
 * @ret_n:	receives its length
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or a negative errno
 *
 * Since: 0.1
 */
WEIR_API int weir_network_list(struct weir *w, struct weir_network_entry **ret, size_t *ret_n,
			       struct weir_error *err);

/**
 * weir_network_room() - how many more ports a network can have
 * @w:		the handle
 * @name:	the network; it must run
 * @enough:	the caller needs to know of no more than so many. Where there is clearly
 *		room for them, the kernel is not asked. WEIR_ROOM_UNLIMITED: count exactly
 * @ret:	receives the number of ports that its Linux bridges have room for, at most
 *		@enough. Networks without one have no limit
 * @err:	filled on failure; may be NULL
 *
 * A Linux bridge has at most 1023 ports, those that others put there included. A
 * network with weir_network_bridge.spread has several bridges.
 *
 * Return: 0 or a negative errno: -ENOENT if it does not run
 *
 * Since: 0.2
 */
WEIR_API int weir_network_room(struct weir *w, const char *name, uint32_t enough, uint32_t *ret,
			       struct weir_error *err);

/**
 * weir_network_dnsmasq() - what dnsmasq would read for a network
 * @net:	the definition; its bridge has its name
 * @state_dir:	where the files that the text names would be; NULL: WEIR_STATE_DIR
 * @ret_conf:	receives its configuration, to be freed with free(): libvirt's
 *		lines in libvirt's order, then a line "# weir:" and what weir adds
 * @ret_hosts:	receives the list of hosts for DHCP, to be freed with free(); empty
 *		if there are none
 * @err:	filled on failure; may be NULL
 *
 * Pure. It writes the texts also for a network that needs no dnsmasq.
 *
 * Return: 0 or a negative errno: -EINVAL if dnsmasq would take a part of @net for
 * something else
 *
 * Since: 0.2
 */
WEIR_API int weir_network_dnsmasq(const struct weir_network *net, const char *state_dir,
				  char **ret_conf, char **ret_hosts, struct weir_error *err);

/**
 * weir_txn_network_define() - store a definition
 * @t:		the transaction
 * @net:	the definition; what it leaves to be made (uuid, MAC address,
 *		bridge name) is made and stored
 *
 * Replaces the stored definition of that name, if it has the same uuid or @net
 * has none. A running network goes on as it was started; one that is not stored
 * is what is replaced, so that @net gets its identity.
 *
 * Return: 0 or a negative errno, which the transaction remembers:
 *   -EEXIST	the uuid, bridge name or a subnet belongs to another stored network, or
 *		the name to one with another uuid
 *
 * Since: 0.1
 */
WEIR_API int weir_txn_network_define(struct weir_txn *t, const struct weir_network *net);

/**
 * weir_txn_network_undefine() - remove a stored definition
 * @t:		the transaction
 * @name:	the network; if it runs, it goes on until it is stopped
 *
 * Return: 0 or a negative errno, which the transaction remembers: -ENOENT
 *
 * Since: 0.1
 */
WEIR_API int weir_txn_network_undefine(struct weir_txn *t, const char *name);

/**
 * weir_txn_network_autostart() - say whether a network is started when the host boots
 * @t:		the transaction
 * @name:	the network; its definition must be stored
 * @on:		it is
 *
 * A mark beside the definition, nothing more: who boots the host looks for it with
 * weir_network_list(). Goes with the definition.
 *
 * Return: 0 or a negative errno, which the transaction remembers: -ENOENT
 *
 * Since: 0.2
 */
WEIR_API int weir_txn_network_autostart(struct weir_txn *t, const char *name, bool on);

/**
 * weir_txn_network_start() - start a network
 * @t:		the transaction
 * @net:	its definition: a stored one, or one of the caller's (a transient
 *		network)
 *
 * Makes the bridge with its addresses and routes, lets its traffic through
 * as the forward mode says, turns forwarding on (and leaves it on when the
 * network is stopped, because others may count on it by then), starts dnsmasq if
 * there is DHCP or DNS to serve, and notes the network as running.
 *
 * Return: 0 or a negative errno, which the transaction remembers:
 *   -EALREADY	it runs
 *   -EEXIST	the bridge's name is taken, or the host has a route to one of its
 *		subnets
 *   -ENOENT	dnsmasq is needed and not there
 *
 * Since: 0.1
 */
WEIR_API int weir_txn_network_start(struct weir_txn *t, const struct weir_network *net);

/**
 * weir_txn_network_stop() - stop a network
 * @t:		the transaction
 * @name:	the network
 *
 * Deletes its guests' ports too: a tap that a guest still has open loses its
 * other side. A port whose record is damaged goes as well if it is on a bridge of
 * the network's own; where it cannot be told whose it is, the stop is refused.
 *
 * Return: 0 or a negative errno, which the transaction remembers: -ENOENT if it
 * does not run, -EBADMSG if a damaged record may be that of a port of it
 *
 * Since: 0.1
 */
WEIR_API int weir_txn_network_stop(struct weir_txn *t, const char *name);

/**
 * weir_txn_network_reload() - bring a running network to its stored definition
 * @t:		the transaction
 * @name:	the network; it must run
 *
 * As weir_txn_network_apply() does with the stored definition, which is in
 * <weir/update.h>; so it is also what brings back rules after somebody has flushed
 * the packet filter.
 *
 * Return: 0 or a negative errno, which the transaction remembers:
 *   -EBUSY	there is a difference that needs the network to be restarted; the
 *		error names it
 *
 * Since: 0.1
 */
WEIR_API int weir_txn_network_reload(struct weir_txn *t, const char *name);

/**
 * weir_txn_port_attach() - give a guest a port on a running network
 * @t:		the transaction
 * @network:	the network
 * @guest:	what the guest asks
 * @ret:	receives the port as it will be, for weir_port_done(); may be NULL
 * @ret_fds:	tap with @guest->n_queues > 0: receives that many descriptors when
 *		the commit succeeds, for the caller to close
 *
 * Return: 0 or a negative errno, which the transaction remembers:
 *   -ENOENT	no such network runs, or no such portgroup
 *   -EEXIST	the port's name is taken, or its uuid, by a port of any network; one whose
 *		record is damaged has to be detached
 *   -ENODEV	a bridge or link of the host, or a whole pool, is not there
 *   -EBUSY	no member of the pool is free
 *   -ENOSPC	the network's bridges have 1023 ports each, and no bridge can have
 *		more. Of several bridges a port gets the one with the fewest. Ports whose
 *		isolation is not the network's are all on the first one, so that isolated
 *		ports never reach each other
 *   -EOPNOTSUPP something that the definition asks cannot be done yet; the error
 *		names it
 *
 * A virtualport of type 802.1Qbg or 802.1Qbh is associated with the switch
 * (<weir/profile.h>) before the call is over, and detaching ends that.
 *
 * A port of mode hostdev is only a record, unless weir_network_use_vfs() was called:
 * the caller claims the virtual function with <weir/sriov.h>, on the same transaction. A
 * macvtap stays until it is detached; one without queues is opened as /dev/tapN, where
 * N is its index.
 *
 * Since: 0.1
 */
WEIR_API int weir_txn_port_attach(struct weir_txn *t, const char *network,
				  const struct weir_guest *guest, struct weir_port *ret,
				  int *ret_fds);

/**
 * weir_txn_port_detach() - take a guest's port away
 * @t:		the transaction
 * @network:	the network
 * @port:	the port's name on the host
 *
 * A port whose record is damaged goes too, with what the kernel knows to be the port's:
 * its link must be on a bridge of the network's own, whether or not that is running; or
 * there is no such link, nor a network that runs and has ports without one. Of its
 * guaranteed inbound rate the class stays until the network stops.
 *
 * Return: 0 or a negative errno, which the transaction remembers: -ENOENT, or -EBADMSG if
 * the record is damaged and nobody can tell whether it is that of a port of @network
 *
 * Since: 0.1
 */
WEIR_API int weir_txn_port_detach(struct weir_txn *t, const char *network, const char *port);

/**
 * weir_txn_port_move() - put a running port into another portgroup
 * @t:		the transaction
 * @network:	the network
 * @port:	the port's name on the host
 * @portgroup:	its new portgroup; NULL: the network's default one, or none
 *
 * What the guest asked for itself stays. Limits of the portgroup change in place,
 * without a packet lost; so do the vlans of a port on a bridge of the host, the trust
 * that a card has in a claimed virtual function below a passthrough, and the profile
 * that the switch behind it is told, whose association begins anew. If anything
 * changes, the hook is told port-updated.
 *
 * Return: 0 or a negative errno, which the transaction remembers:
 *   -ENOENT	there is no such port or portgroup
 *   -EBUSY	the portgroup has another type of virtualport, or, for a port on a link
 *		of the host, other vlans: these are set only when a port is attached
 *   -EINVAL	it has vlans, and the bridge does not filter them
 *   -EOPNOTSUPP	it is a virtual function that a guest has
 *
 * Since: 0.2
 */
WEIR_API int weir_txn_port_move(struct weir_txn *t, const char *network, const char *port,
				const char *portgroup);

/**
 * weir_txn_port_limit() - give a running port limits of its own, or take them away
 * @t:		the transaction
 * @network:	the network; NULL: whichever the port is on
 * @port:	the port's name on the host
 * @bandwidth:	the limits; a direction without an average becomes unlimited. Floors
 *		are not looked at: what is guaranteed to the guest stays
 * @options:	as of weir_txn_shape_set(); NULL: all automatic. Not for ports of an
 *		Open vSwitch
 * @ret:	receives where the port is shaped; NULL, or sz set
 *
 * Does what weir_txn_shape_set() does, and writes the limits into the port's record as
 * the guest's own, so a change of its portgroup does not touch them; limits that were
 * taken away come back when its portgroup gets others, or the port is moved. Call this and not
 * weir_txn_shape_set(): detaching clears what the record says, and would leave a class
 * behind. The hook is told port-updated.
 *
 * Return: 0 or a negative errno, which the transaction remembers:
 *   -ENOENT	there is no such port
 *   and those of weir_txn_shape_set()
 *
 * Since: 0.2
 */
WEIR_API int weir_txn_port_limit(struct weir_txn *t, const char *network, const char *port,
				 const struct weir_bandwidth *bandwidth, const struct weir_shape_options *options,
				 struct weir_shape *ret);

/**
 * weir_txn_port_reclaim() - claim a guest's port again after the caller's restart
 * @t:		the transaction
 * @port:	the port as the caller remembers it, from weir_port_parse()
 * @ret:	receives its record, for weir_port_done(); may be NULL
 *
 * For callers that restart while their guests run on: they claim the port of each guest
 * that they still have, and detach those of weir_port_list() whose owner is gone.
 *
 * A port that is on record under its name and uuid keeps its record, whatever else @port
 * says. If the record was lost, it is written again from @port, provided that the network
 * runs and still has the same bridge, or a pool with the port's member; if that cannot be
 * shared, no other port may have it. Portgroup and network are not looked at again, and
 * limits stay as they are. A link that has lost its bridge is put back.
 *
 * Return: 0 or a negative errno, which the transaction remembers:
 *   -ENOENT	no such network runs
 *   -ENODEV	the port's link is gone, or its member of the pool
 *   -EEXIST	the name or the uuid is another port's
 *   -EBUSY	its member of the pool is another port's
 *   -EINVAL	the network has another bridge now, or is of another kind
 *
 * Since: 0.2
 */
WEIR_API int weir_txn_port_reclaim(struct weir_txn *t, const struct weir_port *port,
				   struct weir_port *ret);

/**
 * weir_port_get() - the record of a port
 * @w:		the handle
 * @network:	the network; NULL: whichever the port is on
 * @port:	the port's name on the host
 * @ret:	receives it, for weir_port_done()
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or a negative errno: -ENOENT, there is no such port
 *
 * Since: 0.2
 */
WEIR_API int weir_port_get(struct weir *w, const char *network, const char *port, struct weir_port *ret,
			   struct weir_error *err);

/**
 * weir_port_list() - the ports of a network
 * @w:		the handle
 * @network:	the network
 * @ret:	receives an array in the order of names, for weir_ports_free()
 * @ret_n:	receives its length
 * @err:	filled on failure; may be NULL
 *
 * Return: 0, 1 if a damaged record is or may be that of a port of it, which is not in the
 * list (weir_port_list_damaged() says which), or a negative errno
 *
 * Since: 0.1
 */
WEIR_API int weir_port_list(struct weir *w, const char *network, struct weir_port **ret,
			    size_t *ret_n, struct weir_error *err);

/**
 * struct weir_damaged_port - a port whose record cannot be read
 * @name:	the port's name, that of its file
 * @network:	the network, if the link of that name is on a bridge of the network's own;
 *		empty: it may be that of any
 * @error:	what is wrong, in which file
 */
struct weir_damaged_port {
	char name[256];
	char network[256];
	struct weir_error error;
};

/**
 * weir_port_list_damaged() - the ports whose records cannot be read
 * @w:		the handle
 * @network:	the network: those that are or may be its ports; NULL: all
 * @ret:	receives an array in the order of names, for free()
 * @ret_n:	receives its length
 * @err:	filled on failure; may be NULL
 *
 * weir_txn_port_detach() takes such a port away.
 *
 * Return: 0 or a negative errno
 *
 * Since: 0.2
 */
WEIR_API int weir_port_list_damaged(struct weir *w, const char *network, struct weir_damaged_port **ret,
				    size_t *ret_n, struct weir_error *err);

/**
 * struct weir_lease - an address that a guest has
 * @address:	the address
 * @mac:	MAC address or DUID as text
 * @hostname:	the name the guest gave; empty: none
 * @expires:	seconds since 1970; 0: never
 */
struct weir_lease {
	struct weir_ip address;
	char mac[64];
	char hostname[256];
	uint64_t expires;
};

/**
 * weir_network_leases() - the leases of a network
 * @w:		the handle
 * @name:	the network
 * @ret:	receives an array, to be freed with free()
 * @ret_n:	receives its length
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or a negative errno: -ENOENT if it does not run
 *
 * Since: 0.1
 */
WEIR_API int weir_network_leases(struct weir *w, const char *name, struct weir_lease **ret,
				 size_t *ret_n, struct weir_error *err);

#ifdef __cplusplus
}
#endif

#endif
