/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * netcf's <interface>: a host interface group. Elements are read in any order, as
 * netcf does since 0.2.6, and written in libvirt's. What netcf has no word for,
 * routes but the default one, is not written.
 */
#include "xml/documents.h"

#include "host/tables.h"

static bool is_ethernet(const void *obj, unsigned int flags)
{
	return ((const struct weir_group *)obj)->type == WEIR_GROUP_ETHERNET;
}

static bool is_bridge(const void *obj, unsigned int flags)
{
	return ((const struct weir_group *)obj)->type == WEIR_GROUP_BRIDGE;
}

static bool is_bond(const void *obj, unsigned int flags)
{
	return ((const struct weir_group *)obj)->type == WEIR_GROUP_BOND;
}

static bool is_vlan(const void *obj, unsigned int flags)
{
	return ((const struct weir_group *)obj)->type == WEIR_GROUP_VLAN;
}

/* --- protocol -------------------------------------------------------------------------- */

/* A prefix of 0 is none for netcf's writers. */
static int check_address(const struct wr_xml_place *p, void *obj)
{
	struct weir_group_address *address = obj;

	if (!address->prefix)
		address->has &= ~WEIR_GROUP_PREFIX;
	return 0;
}

static const struct wr_xml_row address_rows[] = {
	WR_XML_ROW_ATTR("address", .flags = WR_XML_REQUIRED),
	WR_XML_ROW_ATTR("prefix", .flags = WR_XML_EMPTY),
};
static const struct wr_xml_element address = { WR_XML_ROWS(address_rows), .check = check_address };

static bool is_default(const void *obj, unsigned int flags)
{
	const struct weir_group_route *route = obj;

	return !route->destination.family && !route->prefix;
}

static const struct wr_xml_row route_rows[] = {
	WR_XML_ROW_ATTR("gateway", .flags = WR_XML_REQUIRED, .when = is_default),
};
static const struct wr_xml_element route = { WR_XML_ROWS(route_rows) };

static int check_autoconf(const struct wr_xml_place *p, void *obj)
{
	struct weir_group_protocol *protocol = obj;

	protocol->autoconf = protocol->family == WEIR_FAMILY_IPV6;
	return 0;
}

static bool has_autoconf(const void *obj, unsigned int flags)
{
	return ((const struct weir_group_protocol *)obj)->autoconf;
}

static const struct wr_xml_element autoconf = { .flags = WR_XML_ALWAYS, .check = check_autoconf };

static int check_dhcp(const struct wr_xml_place *p, void *obj)
{
	((struct weir_group_protocol *)obj)->dhcp = true;
	return 0;
}

static bool has_dhcp(const void *obj, unsigned int flags)
{
	return ((const struct weir_group_protocol *)obj)->dhcp;
}

static const struct wr_xml_row dhcp_rows[] = {
	WR_XML_ROW_ATTR("peerdns", .flags = WR_XML_EMPTY),
};
static const struct wr_xml_element dhcp = { WR_XML_ROWS(dhcp_rows), .flags = WR_XML_ALWAYS,
					    .check = check_dhcp };

static const struct wr_xml_row protocol_rows[] = {
	WR_XML_ROW_ATTR("family", .flags = WR_XML_REQUIRED),
	WR_XML_ROW_CHILD("autoconf", &autoconf, .member = "", .when = has_autoconf),
	WR_XML_ROW_CHILD("dhcp", &dhcp, .member = "", .when = has_dhcp),
	WR_XML_ROW_LIST("ip", "addresses", &address),
	WR_XML_ROW_LIST("route", "routes", &route),
};
static const struct wr_xml_element protocol = { WR_XML_ROWS(protocol_rows), .flags = WR_XML_OPEN };

/* --- what stands in every interface ------------------------------------------------------ */

static const struct wr_xml_row link_rows[] = {
	WR_XML_ROW_ATTR("speed", .flags = WR_XML_EMPTY),
	WR_XML_ROW_ATTR("state", .flags = WR_XML_EMPTY),
};
static const struct wr_xml_element link_state = { WR_XML_ROWS(link_rows) };

static const struct wr_xml_row mac_rows[] = { WR_XML_ROW_ATTR("address", .member = "mac") };
static const struct wr_xml_element mac = { WR_XML_ROWS(mac_rows) };

static const struct wr_xml_row base_rows[] = {
	WR_XML_ROW_ATTR("name", .member = "vlan.base", .flags = WR_XML_REQUIRED),
};
static const struct wr_xml_element base = { WR_XML_ROWS(base_rows) };

static const struct wr_xml_row vlan_rows[] = {
	WR_XML_ROW_ATTR("tag", .member = "vlan.tag", .flags = WR_XML_REQUIRED),
	WR_XML_ROW_CHILD("interface", &base, .member = "", .flags = WR_XML_REQUIRED),
};
static const struct wr_xml_element vlan = { WR_XML_ROWS(vlan_rows) };

static int refuse_type(const struct wr_xml_place *p, const struct weir_group *group,
		       const char *above)
{
	const struct wr_field *f = wr_find(&wr_group_table, "type");

	return wr_xml_refuse(p, -EINVAL, "a %s cannot be a port of a %s", wr_word(f, group->type),
			     above);
}

/* What a type has no use for is not kept, as in libvirt; what it needs must be there. */
static int check_interface(const struct wr_xml_place *p, void *obj)
{
	struct weir_group *group = obj;
	const char *needs = is_bridge(group, 0) ? "bridge" :
			    is_bond(group, 0)   ? "bond" :
			    is_vlan(group, 0)   ? "vlan" :
						  NULL;

	if (!is_ethernet(group, 0))
		*group->mac = '\0';
	if (!*group->name && !is_vlan(group, 0))
		return wr_xml_refuse_at(p, "name", -EINVAL, "is missing");
	if (needs && !wr_xml_child(p->node, needs, NULL))
		return wr_xml_refuse_at(p, needs, -EINVAL, "is missing");
	return 0;
}

/* --- ports of a bond, and bonds ------------------------------------------------------------ */

static int check_bond_port(const struct wr_xml_place *p, void *obj)
{
	const struct weir_group *group = obj;

	return is_ethernet(group, 0) ? check_interface(p, obj) : refuse_type(p, group, "bond");
}

static const struct wr_xml_row bond_port_rows[] = {
	WR_XML_ROW_ATTR("type", .flags = WR_XML_REQUIRED),
	WR_XML_ROW_ATTR("name"),
	WR_XML_ROW_CHILD("link", &link_state),
	WR_XML_ROW_CHILD("mac", &mac, .member = "", .when = is_ethernet),
};
static const struct wr_xml_element bond_port = { WR_XML_ROWS(bond_port_rows), .flags = WR_XML_OPEN,
						 .check = check_bond_port };

static int check_miimon(const struct wr_xml_place *p, void *obj)
{
	struct weir_group_miimon *miimon = obj;

	if (!miimon->downdelay_ms)
		miimon->has &= ~WEIR_GROUP_DOWNDELAY;
	if (!miimon->updelay_ms)
		miimon->has &= ~WEIR_GROUP_UPDELAY;
	return miimon->freq_ms ? 0 : wr_xml_refuse_at(p, "freq", -ERANGE, "is 0, which is never");
}

static const struct wr_xml_row miimon_rows[] = {
	WR_XML_ROW_ATTR("freq", .flags = WR_XML_REQUIRED),
	WR_XML_ROW_ATTR("downdelay", .flags = WR_XML_EMPTY),
	WR_XML_ROW_ATTR("updelay", .flags = WR_XML_EMPTY),
	WR_XML_ROW_ATTR("carrier", .flags = WR_XML_EMPTY),
};
static const struct wr_xml_element miimon = { WR_XML_ROWS(miimon_rows), .check = check_miimon };

static int check_arpmon(const struct wr_xml_place *p, void *obj)
{
	const struct weir_group_arpmon *arpmon = obj;

	return arpmon->interval_ms ?
		       0 :
		       wr_xml_refuse_at(p, "interval", -ERANGE, "is 0, which is never");
}

static const struct wr_xml_row arpmon_rows[] = {
	WR_XML_ROW_ATTR("interval", .flags = WR_XML_REQUIRED),
	WR_XML_ROW_ATTR("target", .flags = WR_XML_REQUIRED),
	WR_XML_ROW_ATTR("validate", .flags = WR_XML_EMPTY),
};
static const struct wr_xml_element arpmon = { WR_XML_ROWS(arpmon_rows), .check = check_arpmon };

static const struct wr_xml_row bond_rows[] = {
	WR_XML_ROW_ATTR("mode", .member = "bond.mode"),
	WR_XML_ROW_CHILD("miimon", &miimon, .member = "bond.miimon"),
	WR_XML_ROW_CHILD("arpmon", &arpmon, .member = "bond.arpmon"),
	WR_XML_ROW_LIST("interface", "ports", &bond_port),
};
static const struct wr_xml_element bond = { WR_XML_ROWS(bond_rows), .flags = WR_XML_OPEN };

/* --- ports of a bridge, and bridges ---------------------------------------------------------- */

static int check_bridge_port(const struct wr_xml_place *p, void *obj)
{
	const struct weir_group *group = obj;

	return is_bridge(group, 0) ? refuse_type(p, group, "bridge") : check_interface(p, obj);
}

static const struct wr_xml_row bridge_port_rows[] = {
	WR_XML_ROW_ATTR("type", .flags = WR_XML_REQUIRED),
	WR_XML_ROW_ATTR("name"),
	WR_XML_ROW_CHILD("link", &link_state),
	WR_XML_ROW_CHILD("mac", &mac, .member = "", .when = is_ethernet),
	WR_XML_ROW_CHILD("bond", &bond, .member = "", .when = is_bond),
	WR_XML_ROW_CHILD("vlan", &vlan, .member = "", .when = is_vlan),
};
static const struct wr_xml_element bridge_port = { WR_XML_ROWS(bridge_port_rows),
						   .flags = WR_XML_OPEN,
						   .check = check_bridge_port };

static int read_stp(const struct wr_xml_place *p, void *obj, const char *text)
{
	struct weir_group *group = obj;
	char shown[WR_SHOWN];

	if (strcmp(text, "on") != 0 && strcmp(text, "off") != 0)
		return wr_xml_refuse(p, -EINVAL, "\"%s\" is neither on nor off",
				     wr_shown(text, shown));
	group->bridge.stp = text[1] == 'n' ? WEIR_YES : WEIR_NO;
	return 0;
}

static bool write_stp(const void *obj, struct wr_str *text)
{
	const struct weir_group *group = obj;

	wr_str_puts(text, group->bridge.stp == WEIR_YES ? "on" : "off");
	return group->bridge.stp != WEIR_ABSENT;
}

static int check_bridge(const struct wr_xml_place *p, void *obj)
{
	const struct weir_group *group = obj;
	uint32_t cs;
	int r = weir_group_delay(&group->bridge, &cs);

	return r && r != -ENOENT ? wr_xml_refuse_at(p, "delay", r, "is no number of seconds") : 0;
}

static const struct wr_xml_row bridge_rows[] = {
	WR_XML_ROW_ATTR("stp", .read = read_stp, .write = write_stp),
	WR_XML_ROW_ATTR("delay", .member = "bridge.delay"),
	WR_XML_ROW_LIST("interface", "ports", &bridge_port),
};
static const struct wr_xml_element bridge = { WR_XML_ROWS(bridge_rows), .flags = WR_XML_OPEN,
					      .check = check_bridge };

/* --- interface -------------------------------------------------------------------------------- */

static const struct wr_xml_row start_rows[] = { WR_XML_ROW_ATTR("mode", .member = "start") };
static const struct wr_xml_element start = { WR_XML_ROWS(start_rows) };

static const struct wr_xml_row mtu_rows[] = { WR_XML_ROW_ATTR("size", .member = "mtu") };
static const struct wr_xml_element mtu = { WR_XML_ROWS(mtu_rows) };

static const struct wr_xml_row group_rows[] = {
	WR_XML_ROW_ATTR("type", .flags = WR_XML_REQUIRED),
	WR_XML_ROW_ATTR("name"),
	WR_XML_ROW_CHILD("start", &start, .member = ""),
	WR_XML_ROW_CHILD("mtu", &mtu, .member = ""),
	WR_XML_ROW_LIST("protocol", "protocols", &protocol),
	WR_XML_ROW_CHILD("link", &link_state),
	WR_XML_ROW_CHILD("mac", &mac, .member = "", .when = is_ethernet),
	WR_XML_ROW_CHILD("bridge", &bridge, .member = "", .when = is_bridge),
	WR_XML_ROW_CHILD("bond", &bond, .member = "", .when = is_bond),
	WR_XML_ROW_CHILD("vlan", &vlan, .member = "", .when = is_vlan),
};
const struct wr_xml_element wr_xml_group = { WR_XML_ROWS(group_rows), .flags = WR_XML_OPEN,
					     .check = check_interface };

int weir_xml_group_parse(const char *text, size_t len, struct weir_group **ret,
			 struct weir_error *err)
{
	wr_auto(free) struct weir_group *group = calloc(1, sizeof(*group));
	int r;

	if (!group)
		return wr_nomem(err);
	group->sz = sizeof(*group);
	r = wr_xml_read_text(&wr_xml_group, &wr_group_table, "interface", text, len, 0, group, err);
	if (r)
		return r;
	*ret = wr_take(group);
	return 0;
}

int weir_xml_group_format(const struct weir_group *group, char **ret)
{
	return wr_xml_write_text(&wr_xml_group, &wr_group_table, group, "interface", 0, ret);
}
