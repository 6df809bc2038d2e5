/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Definitions and state as XML, in the forms of libvirt and netcf: the library
 * libweir-xml, which is the only one that needs libxml2.
 *
 * A document is read by libvirt's rules (11.3.0) and written in its canonical form,
 * byte for byte, so that files go back and forth between the two. Elements and
 * attributes that are not known are ignored, as libvirt does; weir_xml_left_out() says
 * which. A document that is
 * hostile is refused in bounded time and memory: there are no document type
 * declarations, no entities but the five of XML itself, nothing is fetched, and
 * size, depth and the number of elements have limits (16 MiB, 64, 500000).
 *
 * In the weir_error of a refused document, object is the line and the element, attr the
 * attribute or child, msg the reason.
 */
#ifndef WEIR_XML_H
#define WEIR_XML_H

#include <weir/host.h>
#include <weir/network.h>
#include <weir/update.h>

#ifdef __cplusplus
extern "C" {
#endif

/** WEIR_XML_INACTIVE - for formatting: without what is known only while it runs */
#define WEIR_XML_INACTIVE (1u << 0)
/** WEIR_XML_LIVE - a guest's interface as its management shows it while it runs */
#define WEIR_XML_LIVE (1u << 1)
/** WEIR_XML_STATUS - a guest's interface as its driver keeps it over restarts */
#define WEIR_XML_STATUS (1u << 2)

/**
 * enum weir_xml_kind - what a document is
 * @WEIR_XML_NONE:	no XML, or nothing that is known here
 * @WEIR_XML_NETWORK:	<network>
 * @WEIR_XML_PORT:	<networkport>
 * @WEIR_XML_GROUP:	netcf's <interface>
 * @WEIR_XML_GUEST:	a guest's <interface>
 */
enum weir_xml_kind {
	WEIR_XML_NONE = 0,
	WEIR_XML_NETWORK = 1,
	WEIR_XML_PORT = 2,
	WEIR_XML_GROUP = 3,
	WEIR_XML_GUEST = 4
};

/**
 * weir_xml_kind_of() - what a text is
 * @text:	the text; need not end in a zero byte
 * @len:	its length in bytes
 *
 * Looks at the root element only; the document can still be refused. An <interface> is
 * netcf's or a guest's by its type and name.
 *
 * Return: what it is; WEIR_XML_NONE for JSON, for instance
 *
 * Since: 0.2
 */
WEIR_API enum weir_xml_kind weir_xml_kind_of(const char *text, size_t len);

/**
 * weir_xml_network_parse() - read a <network>
 * @text:	the document, in UTF-8 or the ISO-8859-1 that it declares; need not end in a zero byte
 * @len:	its length in bytes
 * @ret:	receives the definition, for weir_network_free()
 * @err:	filled on failure; may be NULL
 *
 * Refuses what libvirt's parser refuses; weir_network_check() has the rules that
 * it applies when a network is defined. A network that weir makes a bridge for has
 * STP on where nothing is said, as in libvirt. No uuid is made up.
 *
 * Return: 0 or a negative errno: -EINVAL, -ERANGE, -ENAMETOOLONG, -ENOMEM
 *
 * Since: 0.2
 */
WEIR_API int weir_xml_network_parse(const char *text, size_t len, struct weir_network **ret,
				    struct weir_error *err);

/**
 * weir_xml_network_format() - write a <network>
 * @net:	the definition
 * @flags:	0 or WEIR_XML_INACTIVE: the pool that was found for a physical
 *		function is left out
 * @ret:	receives the document, with a final newline, to be freed with free()
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or a negative errno: -ENOMEM, -EINVAL if the metadata is no <metadata>
 *
 * Since: 0.2
 */
WEIR_API int weir_xml_network_format(const struct weir_network *net, unsigned int flags,
				     char **ret, struct weir_error *err);

/**
 * weir_xml_left_out() - what of a document its canonical form has not
 * @text:	the document, in UTF-8 or the ISO-8859-1 that it declares; need not end in a zero byte
 * @len:	its length in bytes
 * @canonical:	what was made of it, by weir_xml_network_format() for instance
 * @ret:	receives a line for each element and attribute, such as
 *		"line 6, <forwad>" or "line 7, <forward>: mdoe", to be freed with free();
 *		empty if there is none
 * @err:	filled on failure; may be NULL
 *
 * What is not known, stands where it means nothing, or is there a second time; also what
 * says no more than the default does. Of an element that is left out what it has is not
 * told.
 *
 * Return: 0 or a negative errno: those of weir_xml_network_parse()
 *
 * Since: 0.2
 */
WEIR_API int weir_xml_left_out(const char *text, size_t len, const char *canonical, char **ret,
			       struct weir_error *err);

/**
 * weir_xml_update_item_parse() - read what an update adds, changes or deletes
 * @section:	the section it is for
 * @command:	what will be done with it: one to be deleted need not be complete
 * @text:	one element, such as <host>, in UTF-8; need not end in a zero byte
 * @len:	its length in bytes
 * @ret:	receives the item for struct weir_update, for weir_update_item_free()
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or a negative errno: -EOPNOTSUPP if there is no such section, -EINVAL,
 * -ERANGE, -ENAMETOOLONG, -ENOMEM
 *
 * Since: 0.2
 */
WEIR_API int weir_xml_update_item_parse(enum weir_section section,
					enum weir_update_command command, const char *text,
					size_t len, void **ret, struct weir_error *err);

/**
 * weir_xml_update_item_format() - write what an update adds, changes or deletes
 * @section:	the section it is for
 * @item:	the item
 * @ret:	receives one element, with a final newline, to be freed with free()
 *
 * Return: 0, -EOPNOTSUPP if there is no such section, or -ENOMEM
 *
 * Since: 0.2
 */
WEIR_API int weir_xml_update_item_format(enum weir_section section, const void *item, char **ret);

/**
 * weir_xml_network_update() - change a definition, with the arguments of libvirt's call
 * @net:	the definition; untouched on failure
 * @command:	libvirt's number, that of enum weir_update_command
 * @section:	libvirt's number, that of enum weir_section
 * @parent_index: as in struct weir_update
 * @xml:	one element, ended by a zero byte
 * @flags:	0, or WEIR_UPDATE_COMPATIBLE for libvirt's behaviour to the letter
 * @err:	filled on failure; may be NULL
 *
 * weir_xml_update_item_parse() and weir_network_update_definition() in one.
 *
 * Return: 0 or a negative errno, as of these two
 *
 * Since: 0.2
 */
WEIR_API int weir_xml_network_update(struct weir_network *net, int command, int section,
				     int parent_index, const char *xml, unsigned int flags,
				     struct weir_error *err);

/**
 * weir_txn_xml_network_update() - change a network, with the arguments of libvirt's call
 * @t:		the transaction
 * @network:	the network's name
 * @command:	libvirt's number, that of enum weir_update_command
 * @section:	libvirt's number, that of enum weir_section
 * @parent_index: as in struct weir_update
 * @xml:	one element, ended by a zero byte
 * @flags:	libvirt's: 1: the running network, 2: the stored definition, 3: both, 0:
 *		the running network, or the stored definition if it does not run
 *
 * weir_xml_update_item_parse() and weir_txn_network_update() in one.
 *
 * Return: 0 or a negative errno, which the transaction remembers
 *
 * Since: 0.2
 */
WEIR_API int weir_txn_xml_network_update(struct weir_txn *t, const char *network, int command,
					 int section, int parent_index, const char *xml,
					 unsigned int flags);

/**
 * weir_xml_port_parse() - read a <networkport>
 * @text:	the document, in UTF-8 or the ISO-8859-1 that it declares; need not end in a zero byte
 * @len:	its length in bytes
 * @ret:	receives the port, for weir_port_done(); only the members that the
 *		document has
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or a negative errno: -EINVAL, -ERANGE, -ENAMETOOLONG, -ENOMEM
 *
 * Since: 0.2
 */
WEIR_API int weir_xml_port_parse(const char *text, size_t len, struct weir_port *ret,
				 struct weir_error *err);

/**
 * weir_xml_port_format() - write a <networkport>
 * @port:	the port
 * @ret:	receives the document, with a final newline, to be freed with free()
 *
 * Return: 0 or -ENOMEM
 *
 * Since: 0.2
 */
WEIR_API int weir_xml_port_format(const struct weir_port *port, char **ret);

/**
 * weir_xml_group_parse() - read netcf's <interface>
 * @text:	the document, in UTF-8 or the ISO-8859-1 that it declares; need not end in a zero byte
 * @len:	its length in bytes
 * @ret:	receives the group, for weir_group_free()
 * @err:	filled on failure; may be NULL
 *
 * Takes stored and state form of all versions of netcf, in any order.
 * weir_group_check() has the rules over the whole.
 *
 * Return: 0 or a negative errno: -EINVAL, -ERANGE, -ENAMETOOLONG, -ENOMEM
 *
 * Since: 0.2
 */
WEIR_API int weir_xml_group_parse(const char *text, size_t len, struct weir_group **ret,
				  struct weir_error *err);

/**
 * weir_xml_group_format() - write netcf's <interface>
 * @group:	the group
 * @ret:	receives the document, with a final newline, to be freed with free()
 *
 * The order is libvirt's. Routes other than the default ones are left out: netcf
 * has no words for them.
 *
 * Return: 0 or -ENOMEM
 *
 * Since: 0.2
 */
WEIR_API int weir_xml_group_format(const struct weir_group *group, char **ret);

/**
 * struct weir_xml_item - an element that is the hypervisor's business
 * @name:	its name: "model", "target", "alias"
 * @text:	the element, indented as in its document
 */
struct weir_xml_item {
	char *name;
	char *text;
};

/**
 * struct weir_xml_guest - a guest's <interface>
 * @sz:			sizeof(struct weir_xml_guest)
 * @type:		its type: "network", "bridge", "direct", "hostdev" or one that
 *			is no business of networks ("user", "ethernet")
 * @mac_type:		1: generated, 2: static; 0: not said
 * @mac_check:		enum weir_yes_no: the hypervisor checks the MAC address
 * @mac_current:	the address that the guest uses instead; empty: not known
 * @own:		what the guest's configuration says: members mac, plug (by
 *			@type), network, portgroup, bridge, dev, direct_mode, pci,
 *			managed, driver, vlan, virtualport, bandwidth, isolated and
 *			trust_guest_rx_filters; uuid is the port's
 * @has_port:		it runs: @port is what it was given
 * @port:		what it was given, as weir_txn_port_attach() returned it
 * @items:		everything else, in libvirt's order
 * @n_items:		how many
 *
 * Everything it points to belongs to it and is freed by weir_xml_guest_free().
 */
struct weir_xml_guest {
	size_t sz;
	char type[16];
	uint8_t mac_type;
	uint8_t mac_check;
	char mac_current[18];
	struct weir_port own;
	bool has_port;
	struct weir_port port;
	struct weir_xml_item *items;
	size_t n_items;
};

/**
 * weir_xml_guest_parse() - read a guest's <interface>
 * @text:	the document, in UTF-8 or the ISO-8859-1 that it declares; need not end in a zero byte
 * @len:	its length in bytes
 * @ret:	receives the interface, for weir_xml_guest_free()
 * @err:	filled on failure; may be NULL
 *
 * Takes the configuration, the live form and the status form. As in libvirt, a MAC
 * address and the ids of a virtualport that are missing are made up here, so that
 * they can be kept.
 *
 * Return: 0 or a negative errno: -EINVAL, -ERANGE, -ENAMETOOLONG, -ENOMEM
 *
 * Since: 0.2
 */
WEIR_API int weir_xml_guest_parse(const char *text, size_t len, struct weir_xml_guest **ret,
				  struct weir_error *err);

/**
 * weir_xml_guest_format() - write a guest's <interface>
 * @guest:	the interface
 * @form:	0: the configuration; WEIR_XML_LIVE: what it was given in place of
 *		what it asked for; WEIR_XML_STATUS: both, the former as <actual>
 * @ret:	receives the document, with a final newline, to be freed with free()
 *
 * Return: 0 or -ENOMEM
 *
 * Since: 0.2
 */
WEIR_API int weir_xml_guest_format(const struct weir_xml_guest *guest, unsigned int form,
				   char **ret);

/**
 * weir_xml_guest_ask() - what the guest asks of its network
 * @guest:	an interface of type network
 * @ret:	receives the question for weir_txn_port_attach(); it points into
 *		@guest, and has no name
 *
 * Since: 0.2
 */
WEIR_API void weir_xml_guest_ask(const struct weir_xml_guest *guest, struct weir_guest *ret);

/**
 * weir_xml_guest_json() - write a guest's interface as JSON
 * @guest:	the interface
 * @ret:	receives indented JSON with a final newline, to be freed with free()
 *
 * Return: 0 or -ENOMEM
 *
 * Since: 0.2
 */
WEIR_API int weir_xml_guest_json(const struct weir_xml_guest *guest, char **ret);

/**
 * weir_xml_guest_from_json() - read what weir_xml_guest_json() wrote
 * @text:	JSON; need not end in a zero byte
 * @len:	its length in bytes
 * @ret:	receives the interface, for weir_xml_guest_free()
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or a negative errno
 *
 * Since: 0.2
 */
WEIR_API int weir_xml_guest_from_json(const char *text, size_t len, struct weir_xml_guest **ret,
				      struct weir_error *err);

/**
 * weir_xml_guest_free() - free a guest's interface and everything it points to
 * @guest:	from weir_xml_guest_parse(); NULL is ignored
 *
 * Since: 0.2
 */
WEIR_API void weir_xml_guest_free(struct weir_xml_guest *guest);

#ifdef __cplusplus
}
#endif

#endif
