/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What virtual networks may reach, by one nftables table "inet weir".
 *
 * The table's rules are few and constant. A network is nothing but elements in
 * its sets and maps: its bridge's name, its subnets. So what a packet costs does
 * not grow with the number of networks, adding or removing one touches no other,
 * and each change is one nftables transaction. Traffic between networks, or to the
 * outside, must be allowed on both sides; traffic inside one network passes. What
 * this table accepts, a table of somebody else can still drop.
 */
#ifndef WEIR_NAT_H
#define WEIR_NAT_H

#include <stdbool.h>

#include <weir/ip.h>

#ifdef __cplusplus
extern "C" {
#endif

struct weir_txn;
struct weir_step_ops;

/**
 * enum weir_forward_mode - what happens to traffic that leaves a network
 * @WEIR_FORWARD_ISOLATED:	there is no way out and no way in
 * @WEIR_FORWARD_NAT:		it leaves with an address of the host's; only
 *				answers come in
 * @WEIR_FORWARD_ROUTE:		it is routed both ways, if the source is right
 * @WEIR_FORWARD_OPEN:		the rules leave it alone
 * @WEIR_FORWARD_BRIDGE:	guests are on a bridge that is there already or, if
 *				none is named, directly on a link of the host
 * @WEIR_FORWARD_PRIVATE:	directly on a link, and they do not see each other
 * @WEIR_FORWARD_VEPA:		directly on a link, and see each other through the
 *				switch behind it
 * @WEIR_FORWARD_PASSTHROUGH:	each has a link of its own
 * @WEIR_FORWARD_HOSTDEV:	each has a virtual function of its own
 *
 * The numbers are libvirt's.
 */
enum weir_forward_mode {
	WEIR_FORWARD_ISOLATED = 0,
	WEIR_FORWARD_NAT = 1,
	WEIR_FORWARD_ROUTE = 2,
	WEIR_FORWARD_OPEN = 3,
	WEIR_FORWARD_BRIDGE = 4,
	WEIR_FORWARD_PRIVATE = 5,
	WEIR_FORWARD_VEPA = 6,
	WEIR_FORWARD_PASSTHROUGH = 7,
	WEIR_FORWARD_HOSTDEV = 8
};

/**
 * struct weir_subnet - a network address
 * @address:	any address in it
 * @prefix:	its prefix length
 */
struct weir_subnet {
	struct weir_ip address;
	uint8_t prefix;
};

/**
 * struct weir_nat - a network as the packet filter sees it
 * @sz:			sizeof(struct weir_nat)
 * @bridge:		the bridge's name; must be a valid link name without
 *			anything that nftables would read otherwise
 * @mode:		what happens to its traffic
 * @dev:		the only link that traffic may leave by and come in by;
 *			NULL: any
 * @subnets:		the network's subnets
 * @n_subnets:		how many
 * @nat_ipv6:		in mode NAT, masquerade IPv6 too; otherwise IPv6 is routed
 * @address_start:	in mode NAT, the first IPv4 address that traffic leaves
 *			with; no family: the address of the outgoing link
 * @address_end:	the last one
 * @port_start:		first port that NAT may choose; 0: 1024
 * @port_end:		last port that NAT may choose; 0: 65535
 */
struct weir_nat {
	size_t sz;
	const char *bridge;
	enum weir_forward_mode mode;
	const char *dev;
	const struct weir_subnet *subnets;
	size_t n_subnets;
	bool nat_ipv6;
	struct weir_ip address_start;
	struct weir_ip address_end;
	uint16_t port_start;
	uint16_t port_end;
};

/**
 * weir_txn_nat_add() - let a network's traffic through as its mode says
 * @t:		the transaction
 * @nat:	the network
 *
 * One nftables transaction, which also makes the table if it is not there. What
 * an earlier network left there under the bridge's name is replaced. In mode OPEN
 * there is nothing to do. Undone by putting back what was there under the name,
 * and taking the table away if it was made.
 *
 * Return: 0 or a negative errno, which the transaction remembers:
 *   -EINVAL	the name cannot be written in nftables' language, a network of mode
 *		NAT has no subnet, subnets overlap, a range of addresses or ports
 *		ends before it starts, @nat->dev is set in another mode than NAT and
 *		ROUTE, or is an alternative name, which nftables does not know
 *
 * Since: 0.1
 */
WEIR_API int weir_txn_nat_add(struct weir_txn *t, const struct weir_nat *nat);

/**
 * weir_txn_nat_del() - forget a network
 * @t:		the transaction
 * @nat:	the network, as it was given to weir_txn_nat_add()
 *
 * Takes its elements out; with the last network the table goes too. Elements
 * that are not there are no error. Undone by adding them again.
 *
 * Return: 0 or a negative errno, which the transaction remembers
 *
 * Since: 0.1
 */
WEIR_API int weir_txn_nat_del(struct weir_txn *t, const struct weir_nat *nat);

/** weir_nat_step - the type of these steps, for weir_options.step_ops */
extern WEIR_API const struct weir_step_ops weir_nat_step;

/**
 * struct weir_guard - the addresses that a guest may send from
 * @sz:			sizeof(struct weir_guard)
 * @port:		its port of a Linux bridge; a name as weir_nat.bridge
 * @mac:		its MAC address
 * @hold_addresses:	it may send from @addresses only, and nothing but ARP, IPv4 and
 *			IPv6 without a vlan tag
 * @addresses:		its IP addresses; the IPv6 link-local address that belongs to
 *			@mac is one of them anyway
 * @n_addresses:	how many
 */
struct weir_guard {
	size_t sz;
	const char *port;
	uint8_t mac[6];
	bool hold_addresses;
	const struct weir_ip *addresses;
	size_t n_addresses;
};

/**
 * weir_txn_guard_add() - drop what a guest sends under another's address
 * @t:		the transaction
 * @guard:	the port and its addresses
 *
 * One nftables transaction on the table "bridge weir", which is made if it is not
 * there. It looks at frames before the bridge does: at the Ethernet source address, at
 * ARP and, with @guard->hold_addresses, at IPv4, IPv6 and neighbour discovery. A guest
 * that has no address yet may ask for one. The port need not be there yet. What was
 * there for a port of this name is replaced; an undo brings it back.
 *
 * Return: 0 or a negative errno, which the transaction remembers
 *
 * Since: 0.2
 */
WEIR_API int weir_txn_guard_add(struct weir_txn *t, const struct weir_guard *guard);

/**
 * weir_txn_guard_del() - let a port send from any address again
 * @t:		the transaction
 * @guard:	the port, as it was given to weir_txn_guard_add()
 *
 * With the last port the table goes too.
 *
 * Return: 0 or a negative errno, which the transaction remembers
 *
 * Since: 0.2
 */
WEIR_API int weir_txn_guard_del(struct weir_txn *t, const struct weir_guard *guard);

/** weir_guard_step - the type of these steps, for weir_options.step_ops */
extern WEIR_API const struct weir_step_ops weir_guard_step;

#ifdef __cplusplus
}
#endif

#endif
