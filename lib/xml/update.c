/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What an update adds, changes or deletes: one element of a <network>, which says
 * less than there it would have to where it is only to be found. Which sections
 * and commands there are, and what makes two items alike, is lib/network's.
 */
#include "xml/documents.h"

#define COMMAND(name) (1u << WEIR_UPDATE_##name)

static const struct section {
	const char *element;
	const struct wr_xml_element *xml;
	const struct wr_table *table;
	const char *member;   /* of the network, whose table is the item's; NULL: @table */
	unsigned int partial; /* the commands for which it need not be complete */
} sections[] = {
	[WEIR_SECTION_BRIDGE] = { "bridge", &wr_xml_bridge, NULL, "bridge", 0 },
	[WEIR_SECTION_DOMAIN] = { "domain", &wr_xml_domain, &wr_domain_table, NULL, 0 },
	[WEIR_SECTION_IP] = { "ip", &wr_xml_ip, &wr_ip_table, NULL, 0 },
	[WEIR_SECTION_IP_DHCP_HOST] = { "host", &wr_xml_dhcp_host, &wr_host_table, NULL,
					COMMAND(DELETE) },
	[WEIR_SECTION_IP_DHCP_RANGE] = { "range", &wr_xml_dhcp_range, &wr_range_table, NULL, 0 },
	[WEIR_SECTION_FORWARD] = { "forward", &wr_xml_forward, NULL, "forward", 0 },
	[WEIR_SECTION_FORWARD_INTERFACE] = { "interface", &wr_xml_forward_interface,
					     &wr_interface_table, NULL, 0 },
	[WEIR_SECTION_FORWARD_PF] = { "pf", &wr_xml_forward_interface, &wr_interface_table, NULL,
				      0 },
	[WEIR_SECTION_PORTGROUP] = { "portgroup", &wr_xml_portgroup, &wr_portgroup_table, NULL, 0 },
	[WEIR_SECTION_DNS_HOST] = { "host", &wr_xml_dns_host, &wr_dns_host_table, NULL,
				    COMMAND(MODIFY) | COMMAND(DELETE) },
	[WEIR_SECTION_DNS_TXT] = { "txt", &wr_xml_dns_txt, &wr_dns_txt_table, NULL,
				   COMMAND(DELETE) },
	[WEIR_SECTION_DNS_SRV] = { "srv", &wr_xml_dns_srv, &wr_dns_srv_table, NULL,
				   COMMAND(DELETE) },
};

static const struct section *section_of(enum weir_section section)
{
	return &sections[(size_t)section < WR_COUNT(sections) ? section : 0];
}

static const struct wr_table *table_of(const struct section *s)
{
	return s->member ? wr_find(&wr_network_table, s->member)->sub : s->table;
}

int weir_xml_update_item_format(enum weir_section section, const void *item, char **ret)
{
	const struct section *s = section_of(section);

	return s->element ? wr_xml_write_text(s->xml, table_of(s), item, s->element, 0, ret) : -EOPNOTSUPP;
}

int weir_xml_update_item_parse(enum weir_section section, enum weir_update_command command,
			       const char *text, size_t len, void **ret, struct weir_error *err)
{
	const struct section *s = section_of(section);
	wr_auto(free) void *item = NULL;
	const struct wr_table *t;
	unsigned int flags;
	int r;

	if (!s->element)
		return wr_refuse(err, -EOPNOTSUPP, "", "section", "%u cannot be updated",
				 (unsigned int)section);
	t = table_of(s);
	flags = command < 32 && s->partial & 1u << command ? WR_XML_PARTIAL : 0;
	item = calloc(1, t->size);
	if (!item)
		return wr_nomem(err);
	r = wr_xml_read_text(s->xml, t, s->element, text, len, flags, item, err);
	if (r)
		return r;
	*ret = wr_take(item);
	return 0;
}

int weir_xml_network_update(struct weir_network *net, int command, int section, int parent_index,
			    const char *xml, unsigned int flags, struct weir_error *err)
{
	struct weir_update update = { .sz = sizeof(update), .parent_index = parent_index };
	void *item = NULL;
	int r;

	if (command < 0 || command > UINT8_MAX)
		return wr_refuse(err, -EOPNOTSUPP, "", "command", "%d is none", command);
	r = weir_xml_update_item_parse(section, command, xml, xml ? strlen(xml) : 0, &item, err);
	if (r)
		return r;
	update.command = (uint8_t)command;
	update.section = (uint8_t)section;
	update.item = item;
	r = weir_network_update_definition(net, &update, flags, err);
	weir_update_item_free(section, item);
	return r;
}

/* libvirt's numbers for which of the two definitions is meant. */
#define AFFECT_LIVE 1u
#define AFFECT_CONFIG 2u

static int update_running(struct weir_txn *t, const char *network, const struct weir_update *update,
			  unsigned int flags)
{
	int which = (flags & AFFECT_LIVE ? WEIR_NETWORK_LIVE : 0) |
		    (flags & AFFECT_CONFIG ? WEIR_NETWORK_CONFIG : 0);

	return weir_txn_network_update(t, network, update, 1, which);
}

int weir_txn_xml_network_update(struct weir_txn *t, const char *network, int command, int section,
				int parent_index, const char *xml, unsigned int flags)
{
	struct weir_update update = { .sz = sizeof(update), .parent_index = parent_index };
	struct weir_error err = WEIR_ERROR_INIT;
	void *item = NULL;
	int r = 0;

	if (command < 0 || command > UINT8_MAX)
		r = wr_refuse(&err, -EOPNOTSUPP, "", "command", "%d is none", command);
	else if (flags & ~(AFFECT_LIVE | AFFECT_CONFIG))
		r = wr_refuse(&err, -EINVAL, "", "flags", "0x%x are not known", flags);
	if (!r)
		r = weir_xml_update_item_parse(section, command, xml, xml ? strlen(xml) : 0, &item, &err);
	if (r)
		return weir_txn_refuse(t, &err);
	update.command = (uint8_t)command;
	update.section = (uint8_t)section;
	update.item = item;
	r = update_running(t, network, &update, flags);
	weir_update_item_free(section, item);
	return r;
}
