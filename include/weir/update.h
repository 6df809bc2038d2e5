/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Changes of a network's definition: one item of one section at a time, as
 * libvirt's update call has them, and the list of changes that leads from one
 * definition to another.
 */
#ifndef WEIR_UPDATE_H
#define WEIR_UPDATE_H

#include <weir/network.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * enum weir_update_command - what is done with an item
 * @WEIR_UPDATE_MODIFY:		it replaces the item that has the same key
 * @WEIR_UPDATE_DELETE:		the item with the same key is deleted
 * @WEIR_UPDATE_ADD_LAST:	it is added behind all others
 * @WEIR_UPDATE_ADD_FIRST:	it is added before all others
 *
 * The numbers are libvirt's.
 */
enum weir_update_command {
	WEIR_UPDATE_MODIFY = 1,
	WEIR_UPDATE_DELETE = 2,
	WEIR_UPDATE_ADD_LAST = 3,
	WEIR_UPDATE_ADD_FIRST = 4
};

/**
 * enum weir_section - which part of a definition an item belongs to
 * @WEIR_SECTION_BRIDGE:	struct weir_network_bridge; can be modified
 * @WEIR_SECTION_DOMAIN:	struct weir_domain
 * @WEIR_SECTION_IP:		struct weir_network_ip, known by its address
 * @WEIR_SECTION_IP_DHCP_HOST:	struct weir_dhcp_host, known by MAC address, id, name or
 *				address
 * @WEIR_SECTION_IP_DHCP_RANGE: struct weir_dhcp_range, known by both ends
 * @WEIR_SECTION_FORWARD:	struct weir_forward; can be modified
 * @WEIR_SECTION_FORWARD_INTERFACE: struct weir_forward_interface
 * @WEIR_SECTION_FORWARD_PF:	struct weir_forward_interface
 * @WEIR_SECTION_PORTGROUP:	struct weir_portgroup, known by its name
 * @WEIR_SECTION_DNS_HOST:	struct weir_dns_host, known by its address
 * @WEIR_SECTION_DNS_TXT:	struct weir_dns_txt, known by its name
 * @WEIR_SECTION_DNS_SRV:	struct weir_dns_srv, known by service, protocol, domain and
 *				target
 *
 * The numbers are libvirt's.
 */
enum weir_section {
	WEIR_SECTION_BRIDGE = 1,
	WEIR_SECTION_DOMAIN = 2,
	WEIR_SECTION_IP = 3,
	WEIR_SECTION_IP_DHCP_HOST = 4,
	WEIR_SECTION_IP_DHCP_RANGE = 5,
	WEIR_SECTION_FORWARD = 6,
	WEIR_SECTION_FORWARD_INTERFACE = 7,
	WEIR_SECTION_FORWARD_PF = 8,
	WEIR_SECTION_PORTGROUP = 9,
	WEIR_SECTION_DNS_HOST = 10,
	WEIR_SECTION_DNS_TXT = 11,
	WEIR_SECTION_DNS_SRV = 12
};

/**
 * struct weir_update - one change
 * @sz:			sizeof(struct weir_update)
 * @command:		an enum weir_update_command
 * @section:		an enum weir_section
 * @parent_index:	sections IP_DHCP_HOST and IP_DHCP_RANGE: which of the network's
 *			addresses the item belongs to, counted from 0 over both families;
 *			negative: the item tells which
 * @item:		the struct that @section names. For a deletion, only the members
 *			that tell it from others need be filled
 */
struct weir_update {
	size_t sz;
	uint8_t command;
	uint8_t section;
	int32_t parent_index;
	const void *item;
};

/** WEIR_UPDATE_COMPATIBLE - do exactly what libvirt 11 does, and do not look at the result */
#define WEIR_UPDATE_COMPATIBLE 1u

/**
 * weir_network_update_definition() - change a definition
 * @net:	the definition; untouched on failure
 * @update:	the change; what it has is copied
 * @flags:	0, or WEIR_UPDATE_COMPATIBLE
 * @err:	filled on failure; may be NULL
 *
 * Pure. The result is checked as weir_network_check() does. It is stricter than libvirt:
 * an item is deleted only if all members that were given are the same, an item that
 * matches several is refused, and without @parent_index the address is one of the item's
 * family.
 *
 * Return: 0, or a negative errno:
 *   -EOPNOTSUPP	no such section, or it does not take this command
 *   -ENOENT		nothing matches @update->item
 *   -EEXIST		there is such an item already
 *   -ENOTUNIQ		more than one item matches
 *   -EINVAL, ...	the item is not valid, or the definition would not be with it
 *
 * Since: 0.2
 */
WEIR_API int weir_network_update_definition(struct weir_network *net,
					    const struct weir_update *update, unsigned int flags,
					    struct weir_error *err);

/**
 * weir_update_item_parse() - read an item
 * @section:	the section it is for
 * @text:	JSON, an object as it stands in a definition's JSON; need not end in a zero
 *		byte
 * @len:	its length in bytes
 * @partial:	members that a definition must have may be missing, because the item is
 *		to be deleted
 * @ret:	receives the item, for weir_update_item_free()
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or a negative errno
 *
 * Since: 0.2
 */
WEIR_API int weir_update_item_parse(enum weir_section section, const char *text, size_t len,
				    bool partial, void **ret, struct weir_error *err);

/**
 * weir_update_item_json() - write an item
 * @section:	the section it is for
 * @item:	the item
 * @ret:	receives indented JSON with a final newline, to be freed with free()
 *
 * Return: 0, -EOPNOTSUPP or -ENOMEM
 *
 * Since: 0.2
 */
WEIR_API int weir_update_item_json(enum weir_section section, const void *item, char **ret);

/**
 * weir_update_item_free() - free an item and everything it points to
 * @section:	the section it is for
 * @item:	from weir_update_item_parse(); NULL is ignored
 *
 * Since: 0.2
 */
WEIR_API void weir_update_item_free(enum weir_section section, void *item);

/**
 * weir_section_name() - what a section is called
 * @section:	the section
 *
 * Return: libvirt's word, such as "ip-dhcp-host"; NULL if there is no such section
 *
 * Since: 0.2
 */
WEIR_API const char *weir_section_name(enum weir_section section);

/**
 * enum weir_takes - what it takes until a change is in force
 * @WEIR_TAKES_NOTHING:		nothing: it is made while the network runs and guests use it
 * @WEIR_TAKES_REPLUG:		ports that are attached later have it
 * @WEIR_TAKES_RESTART:	the network must be stopped and started
 */
enum weir_takes {
	WEIR_TAKES_NOTHING = 0,
	WEIR_TAKES_REPLUG = 1,
	WEIR_TAKES_RESTART = 2
};

/**
 * struct weir_change - one difference between two definitions
 * @path:	the member; an item of a list is named by its key:
 *		"portgroups[gold].bandwidth.inbound.average"
 * @from:	what it was, as text; empty: nothing; "there" for an item that goes
 * @to:		what it becomes
 * @takes:	an enum weir_takes
 */
struct weir_change {
	char path[160];
	char from[80];
	char to[80];
	uint8_t takes;
};

/**
 * weir_network_diff() - what leads from one definition to another
 * @from:	the definition that is
 * @to:		the definition that is wanted
 * @ret:	receives an array in the order of members, to be freed with free()
 * @ret_n:	receives its length; 0: they are the same, or differ in the order of
 *		lists only
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -ENOMEM
 *
 * Since: 0.2
 */
WEIR_API int weir_network_diff(const struct weir_network *from, const struct weir_network *to,
			       struct weir_change **ret, size_t *ret_n, struct weir_error *err);

/**
 * weir_txn_network_update() - change networks' definitions, running or stored
 * @t:		the transaction
 * @name:	the network
 * @updates:	the changes, made one after the other
 * @n:		how many
 * @which:	WEIR_NETWORK_CONFIG, WEIR_NETWORK_LIVE, both of them, or 0: live if it
 *		runs, else the stored one
 *
 * All or nothing, over both definitions, the packet filter, dnsmasq and ports. A
 * change of the running network is in force when the commit returns: DHCP and
 * DNS hosts by SIGHUP, other settings of dnsmasq by its restart, the packet
 * filter in one of its own transactions, limits of a portgroup on its ports.
 *
 * Return: 0 or a negative errno, which the transaction remembers: those of
 * weir_network_update_definition(), and
 *   -ENOENT	it is not defined, or does not run
 *   -EBUSY	a change needs the network to be restarted, or would remove a link
 *		from the pool while a port uses it; the error names it
 *
 * Since: 0.2
 */
WEIR_API int weir_txn_network_update(struct weir_txn *t, const char *name,
				     const struct weir_update *updates, size_t n, int which);

/**
 * weir_txn_network_apply() - change a network to another definition
 * @t:		the transaction
 * @net:	the definition that is wanted, of the network that it names. An uuid,
 *		MAC address or bridge name that it leaves out stays as it is
 * @which:	as in weir_txn_network_update()
 *
 * Of a running network, what others have taken away meanwhile is put back as well:
 * rules that were flushed, its ports' anti-spoofing too, forwarding, its dnsmasq. What is
 * as it is wanted stays untouched.
 *
 * Return: 0 or a negative errno, which the transaction remembers, as
 * weir_txn_network_update() does
 *
 * Since: 0.2
 */
WEIR_API int weir_txn_network_apply(struct weir_txn *t, const struct weir_network *net, int which);

#ifdef __cplusplus
}
#endif

#endif
