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
 * struct weir_forward - what happens to traffic that leaves the network
 * @mode:	an enum weir_forward_mode
 * @dev:	the only link it may leave by; empty: any. Modes nat and route
 * @nat:	for mode nat
 */
struct weir_forward {
	uint8_t mode;
	char dev[16];
	struct weir_forward_nat nat;
};

/**
 * struct weir_network_bridge - the bridge that is made for the network
 * @name:	its name; empty: the first free of virbr0, virbr1, ...
 * @stp:	enum weir_yes_no: spanning tree protocol; absent: no
 * @delay_s:	forward delay in seconds, while STP is on
 */
struct weir_network_bridge {
	char name[16];
	uint8_t stp;
	uint32_t delay_s;
};

/**
 * struct weir_domain - the DNS domain of the guests
 * @name:	its name; NULL: none
 * @local_only:	enum weir_yes_no: queries for it are never passed on
 */
struct weir_domain {
	char *name;
	uint8_t local_only;
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
 * struct weir_dhcp - the DHCP server of one subnet
 * @ranges:	addresses for anybody
 * @n_ranges:	how many
 * @hosts:	addresses for one guest each
 * @n_hosts:	how many
 */
struct weir_dhcp {
	struct weir_dhcp_range *ranges;
	size_t n_ranges;
	struct weir_dhcp_host *hosts;
	size_t n_hosts;
};

/**
 * struct weir_network_ip - an address of the bridge and the subnet around it
 * @address:	the host's address in it
 * @prefix:	prefix length, 1..32 or 1..128
 * @local_ptr:	enum weir_yes_no: reverse queries are never passed on
 * @dhcp:	its DHCP server; at most one for each family of a network
 */
struct weir_network_ip {
	struct weir_ip address;
	uint8_t prefix;
	uint8_t local_ptr;
	struct weir_dhcp dhcp;
};

/**
 * struct weir_network_route - a route through a guest
 * @address:	destination network
 * @prefix:	its prefix length
 * @gateway:	the guest, an address in one of the network's subnets
 * @metric:	priority; 0: 1
 */
struct weir_network_route {
	struct weir_ip address;
	uint8_t prefix;
	struct weir_ip gateway;
	uint32_t metric;
};

/**
 * struct weir_portgroup - what ports of one class have in common
 * @name:	its name, unique in the network
 * @is_default:	enum weir_yes_no: ports that name no portgroup are of this one
 * @bandwidth:	the limits of each of its ports
 */
struct weir_portgroup {
	char *name;
	uint8_t is_default;
	struct weir_bandwidth bandwidth;
};

/**
 * struct weir_network - the definition of a network
 * @sz:			sizeof(struct weir_network)
 * @name:		its name, unique on the host; a file is named after it
 * @uuid:		its identity; empty: one is made when it is defined
 * @title:		one line for people
 * @description:	text for people
 * @forward:		what happens to traffic that leaves it
 * @bridge:		its bridge
 * @mtu:		MTU of the bridge and, by DHCP, of the guests; 0: 1500
 * @mac:		MAC address of the bridge as text; NULL: one is made when it
 *			is defined
 * @domain:		DNS domain
 * @dns:		DNS server
 * @bandwidth:		limits of the bridge as a whole, as the guests see them
 * @ips:		addresses
 * @n_ips:		how many
 * @routes:		routes
 * @n_routes:		how many
 * @portgroups:		classes of ports
 * @n_portgroups:	how many
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
	struct weir_forward forward;
	struct weir_network_bridge bridge;
	uint32_t mtu;
	char *mac;
	struct weir_domain domain;
	struct weir_dns dns;
	struct weir_bandwidth bandwidth;
	struct weir_network_ip *ips;
	size_t n_ips;
	struct weir_network_route *routes;
	size_t n_routes;
	struct weir_portgroup *portgroups;
	size_t n_portgroups;
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
 * enum weir_port_kind - what a guest's port is
 * @WEIR_PORT_TAP:	a tap for a virtual machine
 * @WEIR_PORT_VETH:	a pair with one end in a container's namespace
 */
enum weir_port_kind {
	WEIR_PORT_TAP = 0,
	WEIR_PORT_VETH = 1
};

/**
 * struct weir_guest - what a guest asks of a network
 * @sz:			sizeof(struct weir_guest)
 * @kind:		an enum weir_port_kind
 * @name:		name of the port on the host; NULL: the first free of
 *			vnet0, vnet1, ...
 * @portgroup:		its portgroup; NULL: the network's default one, if any
 * @mac:		the guest's MAC address; all zero: one is made
 * @owner:		who owns the guest, kept for people; NULL: nobody
 * @n_queues:		tap: descriptors to open; 0: a persistent tap that the guest
 *			opens by name
 * @vnet_hdr:		tap: frames carry a virtio_net header
 * @netns:		veth: where the guest's end goes, a name below /run/netns or
 *			a path
 * @ifname:		veth: name of the guest's end; NULL: eth0
 * @has_bandwidth:	@bandwidth replaces the portgroup's as a whole
 * @bandwidth:		the guest's own limits
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
};

/**
 * struct weir_port - a guest's port, and where everything about it came from
 * @sz:			sizeof(struct weir_port)
 * @name:		name of the link on the host
 * @ifindex:		its index
 * @kind:		an enum weir_port_kind
 * @network:		the network
 * @portgroup:		the portgroup it got its settings from; empty: none
 * @bridge:		the bridge it is a port of
 * @mode:		the network's forward mode, an enum weir_forward_mode
 * @mac:		the guest's MAC address
 * @host_mac:		the MAC address of the host's end
 * @mtu:		MTU; 0: the default
 * @bandwidth:		its limits
 * @bandwidth_from:	0: nobody, 1: the guest, 2: the portgroup
 * @owner:		who owns the guest; empty: nobody
 * @netns:		veth: where the guest's end is; empty: nowhere
 * @ifname:		veth: name of the guest's end
 * @persistent:		tap: it stays when nobody has it open
 * @ifb_ifindex:	the ifb that shapes what the guest sends; 0: none
 * @ifb_name:		its name
 */
struct weir_port {
	size_t sz;
	char name[16];
	int32_t ifindex;
	uint8_t kind;
	char network[256];
	char portgroup[256];
	char bridge[16];
	uint8_t mode;
	uint8_t mac[6];
	uint8_t host_mac[6];
	uint32_t mtu;
	struct weir_bandwidth bandwidth;
	uint8_t bandwidth_from;
	char owner[256];
	char netns[256];
	char ifname[16];
	bool persistent;
	int32_t ifb_ifindex;
	char ifb_name[16];
};

/**
 * weir_network_resolve() - what port a guest would get
 * @net:	the network
 * @guest:	what the guest asks
 * @ret:	receives the port; name and indexes only as far as @guest gives them
 * @err:	filled on failure; may be NULL
 *
 * Pure: looks at nothing but its arguments and makes nothing up, so an absent
 * name or MAC address stays absent.
 *
 * Return: 0, or a negative errno: -ENOENT if there is no such portgroup
 *
 * Since: 0.1
 */
WEIR_API int weir_network_resolve(const struct weir_network *net, const struct weir_guest *guest,
				  struct weir_port *ret, struct weir_error *err);

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

/**
 * struct weir_network_entry - a network in a list
 * @name:		its name
 * @bridge:		its bridge; empty if none is chosen yet
 * @mode:		its forward mode, an enum weir_forward_mode
 * @is_active:		it runs
 * @is_persistent:	its definition is stored
 * @bridge_missing:	it should run, but its bridge is gone
 * @n_ports:		guests' ports on it
 */
struct weir_network_entry {
	char name[256];
	char bridge[16];
	uint8_t mode;
	bool is_active;
	bool is_persistent;
	bool bridge_missing;
	uint32_t n_ports;
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
 * weir_txn_network_define() - store a definition
 * @t:		the transaction
 * @net:	the definition; what it leaves to be made (uuid, MAC address,
 *		bridge name) is made and stored
 *
 * Replaces the stored definition of that name, if it has the same uuid or @net
 * has none. A running network goes on as it was started.
 *
 * Return: 0 or a negative errno, which the transaction remembers:
 *   -EEXIST	the uuid, bridge name or a subnet belongs to another network
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
 * other side.
 *
 * Return: 0 or a negative errno, which the transaction remembers: -ENOENT if it
 * does not run
 *
 * Since: 0.1
 */
WEIR_API int weir_txn_network_stop(struct weir_txn *t, const char *name);

/**
 * weir_txn_network_reload() - take over DHCP and DNS settings from the stored definition
 * @t:		the transaction
 * @name:	the network; it must run
 *
 * Only what dnsmasq serves may differ between the stored and the live
 * definition. New hosts and host names reach the running dnsmasq by SIGHUP; it
 * is restarted only where its configuration file differs.
 *
 * Return: 0 or a negative errno, which the transaction remembers:
 *   -EBUSY	something else differs, which needs the network to be restarted;
 *		the error names it
 *
 * Since: 0.1
 */
WEIR_API int weir_txn_network_reload(struct weir_txn *t, const char *name);

/**
 * weir_txn_port_attach() - give a guest a port on a running network
 * @t:		the transaction
 * @network:	the network
 * @guest:	what the guest asks
 * @ret:	receives the port as it will be; may be NULL
 * @ret_fds:	tap with @guest->n_queues > 0: receives that many descriptors when
 *		the commit succeeds, for the caller to close
 *
 * Return: 0 or a negative errno, which the transaction remembers:
 *   -ENOENT	no such network runs, or no such portgroup
 *   -EEXIST	the port's name is taken
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
 * Return: 0 or a negative errno, which the transaction remembers: -ENOENT
 *
 * Since: 0.1
 */
WEIR_API int weir_txn_port_detach(struct weir_txn *t, const char *network, const char *port);

/**
 * weir_port_list() - the ports of a network
 * @w:		the handle
 * @network:	the network
 * @ret:	receives an array in the order of names, to be freed with free()
 * @ret_n:	receives its length
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or a negative errno
 *
 * Since: 0.1
 */
WEIR_API int weir_port_list(struct weir *w, const char *network, struct weir_port **ret,
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
