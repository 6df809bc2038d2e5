/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Addresses, routes and sysctls: the values, and the builders that put them on
 * a transaction. Kernel interfaces: RTM_NEWADDR, RTM_NEWROUTE, /proc/sys/net.
 */
#ifndef WEIR_IP_H
#define WEIR_IP_H

#include <stdbool.h>

#include <weir/error.h>

#ifdef __cplusplus
extern "C" {
#endif

struct weir;
struct weir_txn;

/**
 * enum weir_family - an address family, with the numbers of AF_*
 * @WEIR_FAMILY_NONE:	no address
 * @WEIR_FAMILY_IPV4:	IPv4
 * @WEIR_FAMILY_IPV6:	IPv6
 */
enum weir_family {
	WEIR_FAMILY_NONE = 0,
	WEIR_FAMILY_IPV4 = 2,
	WEIR_FAMILY_IPV6 = 10
};

/**
 * struct weir_ip - an IP address
 * @family:	an enum weir_family; WEIR_FAMILY_NONE: there is no address
 * @bytes:	the address in network order, 4 or 16 bytes; the rest is zero
 */
struct weir_ip {
	uint8_t family;
	uint8_t bytes[16];
};

/** WEIR_IP_TEXT - bytes that hold any address as text */
#define WEIR_IP_TEXT 46

/**
 * weir_ip_parse() - read an address
 * @text:	a numeric IPv4 or IPv6 address without prefix
 * @ret:	receives the address
 *
 * Return: 0, or -EINVAL if @text is no numeric address
 *
 * Since: 0.1
 */
WEIR_API int weir_ip_parse(const char *text, struct weir_ip *ret);

/**
 * weir_ip_format() - write an address
 * @ip:		the address
 * @buf:	receives the text; WEIR_IP_TEXT bytes
 *
 * Return: @buf; "" for no address
 *
 * Since: 0.1
 */
WEIR_API const char *weir_ip_format(const struct weir_ip *ip, char *buf);

/**
 * weir_ip_mask() - keep the first bits of an address
 * @ip:		the address
 * @prefix:	how many bits to keep; larger than the family's width: all
 *
 * Return: the address with all other bits zero
 *
 * Since: 0.1
 */
WEIR_API struct weir_ip weir_ip_mask(const struct weir_ip *ip, unsigned int prefix);

/** WEIR_ADDR_NODAD - in weir_addr.has: @nodad is set */
#define WEIR_ADDR_NODAD (1ull << 0)
/** WEIR_ADDR_LEASED - it has a lifetime, as one by DHCP, and goes when that ends: @valid_s */
#define WEIR_ADDR_LEASED (1ull << 1)
/** WEIR_ADDR_TENTATIVE - IPv6: the kernel still looks whether somebody else has it, and sends nothing from it */
#define WEIR_ADDR_TENTATIVE (1ull << 2)

/**
 * struct weir_addr - an address of a link
 * @sz:		sizeof(struct weir_addr)
 * @has:	which optional members are set, WEIR_ADDR_*
 * @ifindex:	the link, > 0
 * @local:	the address
 * @prefix:	prefix length, 0..32 or 0..128
 * @broadcast:	IPv4 broadcast address; no family: none
 * @nodad:	IPv6: usable at once, without duplicate address detection
 * @valid_s:	of a leased one: seconds that it had left when it was read; 0: unknown
 * @preferred_s: of a leased one: for how much of that new connections may begin from it
 */
struct weir_addr {
	size_t sz;
	uint64_t has;
	int ifindex;
	struct weir_ip local;
	uint8_t prefix;
	struct weir_ip broadcast;
	bool nodad;
	uint32_t valid_s;
	uint32_t preferred_s;
};

/** WEIR_ROUTE_METRIC - in weir_route.has: @metric is set */
#define WEIR_ROUTE_METRIC (1ull << 0)

/**
 * struct weir_route - a unicast route of the main table
 * @sz:		sizeof(struct weir_route)
 * @has:	which optional members are set, WEIR_ROUTE_*
 * @ifindex:	the link it leaves by, > 0
 * @dst:	destination network; bits beyond @prefix must be zero
 * @prefix:	prefix length of @dst, 0..32 or 0..128
 * @gateway:	next hop; no family: the network is on the link
 * @metric:	priority, lower is preferred
 * @protocol:	who made the route (rtm_protocol); 0: RTPROT_STATIC
 */
struct weir_route {
	size_t sz;
	uint64_t has;
	int ifindex;
	struct weir_ip dst;
	uint8_t prefix;
	struct weir_ip gateway;
	uint32_t metric;
	uint8_t protocol;
};

/**
 * weir_txn_addr_add() - add an address to a link
 * @t:		the transaction
 * @addr:	the address; the link may be one that @t makes
 *
 * RTM_NEWADDR with NLM_F_CREATE and NLM_F_EXCL. Undone by deleting the address. One
 * that was told with WEIR_ADDR_LEASED is there, and stays for ever: NLM_F_REPLACE; an
 * undo gives it the lifetime that it had when it was read.
 *
 * Return: 0 or a negative errno, which the transaction remembers. At commit:
 *   -EEXIST	the link has the address already; nothing was sent
 *
 * Since: 0.1
 */
WEIR_API int weir_txn_addr_add(struct weir_txn *t, const struct weir_addr *addr);

/**
 * weir_addr_list() - the addresses of a link, or of all
 * @w:		the handle
 * @ifindex:	which link; 0: all
 * @ret:	receives an array of both families, to be freed with free()
 * @ret_n:	receives its length
 * @err:	filled on failure; may be NULL
 *
 * One strict dump, repeated while the kernel says that it was interrupted.
 *
 * Return: 0, or a negative errno: -EAGAIN if addresses kept changing for 5 s
 *
 * Since: 0.2
 */
WEIR_API int weir_addr_list(struct weir *w, int ifindex, struct weir_addr **ret, size_t *ret_n,
			    struct weir_error *err);

/**
 * weir_txn_route_add() - add a route
 * @t:		the transaction
 * @route:	the route; its link must be up when it is added
 *
 * RTM_NEWROUTE with NLM_F_CREATE and NLM_F_EXCL. Undone by deleting the route.
 *
 * Return: 0 or a negative errno, which the transaction remembers. At commit:
 *   -EEXIST	there is a route with that destination and metric already
 *
 * Since: 0.1
 */
WEIR_API int weir_txn_route_add(struct weir_txn *t, const struct weir_route *route);

/**
 * weir_txn_addr_del() - take an address away
 * @t:		the transaction
 * @addr:	the address, as weir_addr_list() told it
 *
 * Undone by adding it as @addr says, valid for ever. The routes that the kernel
 * removes with it do not come back; weir_txn_link_keep() is for those.
 *
 * Return: 0 or a negative errno, which the transaction remembers. At commit:
 *   -EADDRNOTAVAIL	the link has no such address; nothing was sent
 *
 * Since: 0.2
 */
WEIR_API int weir_txn_addr_del(struct weir_txn *t, const struct weir_addr *addr);

/**
 * weir_txn_route_del() - take a route away
 * @t:		the transaction
 * @route:	the route, as weir_route_list() told it
 *
 * Undone by adding it as @route says.
 *
 * Return: 0 or a negative errno, which the transaction remembers. At commit:
 *   -ESRCH	there is no such route
 *
 * Since: 0.2
 */
WEIR_API int weir_txn_route_del(struct weir_txn *t, const struct weir_route *route);

/**
 * weir_txn_link_keep() - an undo shall bring back what a link loses by going down
 * @t:		the transaction
 * @ifindex:	the link
 *
 * The kernel flushes a link's IPv6 addresses and routes when it goes down, whoever
 * made them. This call reads them at once and puts a step on the transaction that
 * does nothing but bring them back in an undo. It must stand in front of the step that
 * takes the link down or its addresses away, so that an undo comes to it afterwards;
 * there it waits up to 3 s for links that must have carrier first. Later steps that
 * take away routes or IPv6 addresses of the link leave their undo to this one.
 *
 * Return: 0 or a negative errno, which the transaction remembers
 *
 * Since: 0.2
 */
WEIR_API int weir_txn_link_keep(struct weir_txn *t, int ifindex);

/**
 * weir_txn_link_restore() - bring back what a link loses by going down
 * @t:		the transaction
 * @ifindex:	the link, which goes down and comes up again in @t
 *
 * As weir_txn_link_keep(), but the step itself brings everything back, not its undo:
 * it must stand behind the step that brings the link up. It changes nothing that is
 * there by then, and does not bring back what an earlier step takes away on purpose.
 *
 * Return: 0 or a negative errno, which the transaction remembers
 *
 * Since: 0.2
 */
WEIR_API int weir_txn_link_restore(struct weir_txn *t, int ifindex);

/**
 * weir_route_list() - the unicast routes of the main table
 * @w:		the handle
 * @ret:	receives an array of both families, to be freed with free()
 * @ret_n:	receives its length
 * @err:	filled on failure; may be NULL
 *
 * One strict dump, repeated while the kernel says that it was interrupted.
 *
 * Return: 0, or a negative errno: -EAGAIN if routes kept changing for 5 s
 *
 * Since: 0.1
 */
WEIR_API int weir_route_list(struct weir *w, struct weir_route **ret, size_t *ret_n,
			     struct weir_error *err);

/**
 * weir_route_get() - the route that packets to an address take
 * @w:		the handle
 * @dst:	the address
 * @ret:	receives the route as it stands in the table, with the prefix that matched; sz set
 * @err:	filled on failure; may be NULL
 *
 * One RTM_GETROUTE; it takes the same time however many routes there are.
 *
 * Return: 0, or a negative errno:
 *   -ENETUNREACH	no route matches
 *   -ENOENT		what matches is no unicast route of the main table
 *   another		a route that refuses (-EHOSTUNREACH, -EACCES, -EINVAL)
 *
 * Since: 0.2
 */
WEIR_API int weir_route_get(struct weir *w, const struct weir_ip *dst, struct weir_route *ret,
			    struct weir_error *err);

/**
 * weir_txn_sysctl_set() - write a sysctl of the network namespace
 * @t:		the transaction
 * @key:	path below /proc/sys with slashes, "net/ipv4/ip_forward"
 * @value:	what to write, without a newline
 * @optional:	if the file does not exist, do nothing instead of failing (a
 *		kernel without IPv6)
 *
 * Undone by writing what was there before; a value that is already there is
 * not written.
 *
 * Return: 0 or a negative errno, which the transaction remembers
 *
 * Since: 0.1
 */
WEIR_API int weir_txn_sysctl_set(struct weir_txn *t, const char *key, const char *value,
				 bool optional);

/**
 * weir_txn_sysfs_set() - write an attribute in sysfs
 * @t:		the transaction
 * @key:	path below /sys, "class/net/br0/bridge/group_fwd_mask"
 * @value:	what to write, without a newline
 * @optional:	if the file does not exist, do nothing instead of failing
 *
 * Undone by writing what was there before. /sys shows the links of the network
 * namespace in which it was mounted, which need not be the handle's.
 *
 * Return: 0 or a negative errno, which the transaction remembers
 *
 * Since: 0.1
 */
WEIR_API int weir_txn_sysfs_set(struct weir_txn *t, const char *key, const char *value,
				bool optional);

#ifdef __cplusplus
}
#endif

#endif
