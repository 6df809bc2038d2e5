/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* <networkport>: a guest's port as the network side keeps it. */
#include "xml/documents.h"

/* --- texts ---------------------------------------------------------------------------- */

static int read_uuid(const struct wr_xml_place *p, void *obj, const char *text)
{
	struct weir_port *port = obj;

	return wr_xml_uuid(p, text, port->uuid);
}

static int read_owner_uuid(const struct wr_xml_place *p, void *obj, const char *text)
{
	struct weir_port *port = obj;

	return wr_xml_uuid(p, text, port->owner_uuid);
}

static const struct wr_xml_row owner_rows[] = {
	WR_XML_ROW_TEXT("name", .member = "owner", .flags = WR_XML_REQUIRED),
	WR_XML_ROW_TEXT("uuid", .member = "ownerUuid", .flags = WR_XML_REQUIRED,
			.read = read_owner_uuid),
};
static const struct wr_xml_element owner = { WR_XML_ROWS(owner_rows) };

static const struct wr_xml_row mac_rows[] = {
	WR_XML_ROW_ATTR("address", .member = "mac", .flags = WR_XML_REQUIRED),
};
static const struct wr_xml_element mac = { WR_XML_ROWS(mac_rows) };

static const struct wr_xml_row options_rows[] = {
	WR_XML_ROW_ATTR("isolated", .flags = WR_XML_EMPTY),
};
static const struct wr_xml_element options = { WR_XML_ROWS(options_rows) };

static const struct wr_xml_row filters_rows[] = {
	WR_XML_ROW_ATTR("trustGuest", .member = "trustGuestRxFilters", .flags = WR_XML_EMPTY),
};
static const struct wr_xml_element filters = { WR_XML_ROWS(filters_rows) };

/* --- plug ----------------------------------------------------------------------------- */

static bool on_bridge(const void *obj, unsigned int flags)
{
	const struct weir_port *port = obj;

	return port->plug == WEIR_PLUG_NETWORK || port->plug == WEIR_PLUG_BRIDGE;
}

static bool is_plugged(const void *obj, unsigned int flags)
{
	const struct weir_port *port = obj;

	return port->plug != WEIR_PLUG_NONE;
}

static void write_pci(const void *obj, struct wr_xml_out *out)
{
	const struct weir_port *port = obj;

	wr_xml_indent(out);
	wr_str_puts(&out->str, "<address");
	wr_xml_pci_write(port->pci, &out->str);
	wr_str_puts(&out->str, "/>\n");
}

static const struct wr_xml_element address = { .read = wr_xml_read_pci, .write = write_pci };

/* Which way the guest is connected says which kind of port that makes. */
static int check_plug(const struct wr_xml_place *p, void *obj)
{
	struct weir_port *port = obj;
	const char *missing = on_bridge(port, 0) && !*port->bridge      ? "bridge" :
			      wr_xml_is_direct(port, 0) && !*port->dev  ? "dev" :
			      wr_xml_is_hostdev(port, 0) && !*port->pci ? "address" :
									  NULL;

	if (wr_xml_is_direct(port, 0))
		port->kind = WEIR_PORT_MACVTAP;
	else if (wr_xml_is_hostdev(port, 0))
		port->kind = WEIR_PORT_HOSTDEV;
	return missing ? wr_xml_refuse_at(p, missing, -EINVAL, "is missing") : 0;
}

static const struct wr_xml_row plug_rows[] = {
	WR_XML_ROW_ATTR("type", .member = "plug", .flags = WR_XML_REQUIRED),
	WR_XML_ROW_ATTR("bridge", .when = on_bridge),
	WR_XML_ROW_ATTR("macTableManager", .when = on_bridge),
	WR_XML_ROW_ATTR("dev", .when = wr_xml_is_direct),
	WR_XML_ROW_ATTR("mode", .member = "directMode", .write = wr_xml_write_mode,
			.when = wr_xml_is_direct),
	WR_XML_ROW_ATTR("managed", .when = wr_xml_is_hostdev),
	WR_XML_ROW_CHILD("driver", &wr_xml_driver, .when = wr_xml_is_hostdev),
	WR_XML_ROW_CHILD("address", &address, .member = "", .when = wr_xml_is_hostdev),
};
static const struct wr_xml_element plug = { WR_XML_ROWS(plug_rows), .check = check_plug };

/* --- port ----------------------------------------------------------------------------- */

static const struct wr_xml_row port_rows[] = {
	WR_XML_ROW_TEXT("uuid", .flags = WR_XML_REQUIRED, .read = read_uuid),
	WR_XML_ROW_CHILD("owner", &owner, .member = "", .flags = WR_XML_REQUIRED),
	WR_XML_ROW_TEXT("group", .member = "portgroup"),
	WR_XML_ROW_CHILD("mac", &mac, .member = "", .flags = WR_XML_REQUIRED),
	WR_XML_ROW_CHILD("virtualport", &wr_xml_virtualport),
	WR_XML_ROW_CHILD("bandwidth", &wr_xml_bandwidth_class, .member = ""),
	WR_XML_ROW_CHILD("vlan", &wr_xml_vlan),
	WR_XML_ROW_CHILD("port", &options, .member = ""),
	WR_XML_ROW_CHILD("rxfilters", &filters, .member = ""),
	WR_XML_ROW_CHILD("plug", &plug, .member = "", .when = is_plugged),
};
const struct wr_xml_element wr_xml_port = { WR_XML_ROWS(port_rows) };

int weir_xml_port_parse(const char *text, size_t len, struct weir_port *ret, struct weir_error *err)
{
	struct weir_port port = { .sz = sizeof(port) };
	int r = wr_xml_read_text(&wr_xml_port, &wr_port_table, "networkport", text, len, 0, &port,
				 err);

	if (!r)
		*ret = port;
	return r;
}

int weir_xml_port_format(const struct weir_port *port, char **ret)
{
	return wr_xml_write_text(&wr_xml_port, &wr_port_table, port, "networkport", 0, ret);
}
