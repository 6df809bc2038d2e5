/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How a guest's port is connected, as a guest's <interface> and its <actual> have
 * it: <source>, <vlan>, <virtualport>, <bandwidth>, <port>. <networkport> says the
 * same in other elements: port.c has them.
 */
#include "xml/documents.h"

/* --- source ------------------------------------------------------------------------------- */

static int read_portid(const struct wr_xml_place *p, void *obj, const char *text)
{
	struct weir_port *port = obj;

	return wr_xml_uuid(p, text, port->uuid);
}

bool wr_xml_is_direct(const void *obj, unsigned int flags)
{
	return ((const struct weir_port *)obj)->plug == WEIR_PLUG_DIRECT;
}

bool wr_xml_is_hostdev(const void *obj, unsigned int flags)
{
	return ((const struct weir_port *)obj)->plug == WEIR_PLUG_HOSTDEV;
}

bool wr_xml_write_mode(const void *obj, struct wr_str *text)
{
	const struct weir_port *port = obj;
	const char *word = wr_word(wr_find(&wr_port_table, "directMode"), port->direct_mode);

	wr_str_puts(text, word ? word : "");
	return word;
}

int wr_xml_read_pci(const struct wr_xml_place *p, void *obj)
{
	struct weir_port *port = obj;

	return wr_xml_pci_read(p, port->pci);
}

static void write_pci(const void *obj, struct wr_xml_out *out)
{
	const struct weir_port *port = obj;

	wr_xml_indent(out);
	wr_str_puts(&out->str, "<address type='pci'");
	wr_xml_pci_write(port->pci, &out->str);
	wr_str_puts(&out->str, "/>\n");
}

static const struct wr_xml_element address = { .read = wr_xml_read_pci, .write = write_pci };

static int check_source(const struct wr_xml_place *p, void *obj)
{
	const struct weir_port *port = obj;
	const char *missing = port->plug == WEIR_PLUG_BRIDGE && !*port->bridge ? "bridge" :
			      port->plug == WEIR_PLUG_DIRECT && !*port->dev    ? "dev" :
			      port->plug == WEIR_PLUG_HOSTDEV && !*port->pci   ? "address" :
										 NULL;

	return missing ? wr_xml_refuse_at(p, missing, -EINVAL, "is missing") : 0;
}

static const struct wr_xml_row source_rows[] = {
	WR_XML_ROW_ATTR("network"),
	WR_XML_ROW_ATTR("portgroup"),
	WR_XML_ROW_ATTR("portid", .member = "uuid", .read = read_portid),
	WR_XML_ROW_ATTR("bridge"),
	WR_XML_ROW_ATTR("macTableManager"),
	WR_XML_ROW_ATTR("dev", .when = wr_xml_is_direct),
	WR_XML_ROW_ATTR("mode", .member = "directMode", .write = wr_xml_write_mode,
			.when = wr_xml_is_direct),
	WR_XML_ROW_CHILD("address", &address, .member = "", .when = wr_xml_is_hostdev),
};
static const struct wr_xml_element source = { WR_XML_ROWS(source_rows), .flags = WR_XML_ALWAYS,
					      .check = check_source };

/* --- what is asked for, and what is given ---------------------------------------------------- */

static const struct wr_xml_row class_rows[] = { WR_XML_ROW_ATTR("id", .member = "classId") };
static const struct wr_xml_element class = { WR_XML_ROWS(class_rows) };

static const struct wr_xml_row options_rows[] = {
	WR_XML_ROW_ATTR("isolated", .flags = WR_XML_EMPTY),
};
static const struct wr_xml_element options = { WR_XML_ROWS(options_rows) };

static bool has_plug(const void *obj, unsigned int flags)
{
	return ((const struct weir_port *)obj)->plug != WEIR_PLUG_NONE;
}

static bool has_class(const void *obj, unsigned int flags)
{
	return flags & WEIR_XML_STATUS && ((const struct weir_port *)obj)->class_id;
}

/* clang-format off */
#define CONNECTION(virtualport_, bandwidth_)                                                       \
	{                                                                                          \
		WR_XML_ROW_CHILD("driver", &wr_xml_driver, .flags = WR_XML_WRITE_ONLY,             \
				 .when = wr_xml_is_hostdev),                                       \
		WR_XML_ROW_CHILD("source", &source, .member = "", .when = has_plug),               \
		WR_XML_ROW_CHILD("class", &class, .member = "", .when = has_class),                \
		WR_XML_ROW_CHILD("vlan", &wr_xml_vlan),                                            \
		WR_XML_ROW_CHILD("virtualport", virtualport_),                                     \
		WR_XML_ROW_CHILD("bandwidth", bandwidth_),                                         \
		WR_XML_ROW_CHILD("port", &options, .member = ""),                                  \
	}
/* clang-format on */

/* By way of a network, of which not everything is known yet. */
static const struct wr_xml_row network_rows[] =
	CONNECTION(&wr_xml_virtualport, &wr_xml_bandwidth_floor);
const struct wr_xml_element wr_xml_by_network = { WR_XML_ROWS(network_rows) };
/* To something of the host's. */
static const struct wr_xml_row host_rows[] =
	CONNECTION(&wr_xml_virtualport_typed, &wr_xml_bandwidth);
const struct wr_xml_element wr_xml_by_host = { WR_XML_ROWS(host_rows) };
/* Given already, so that nothing is made up any more. */
static const struct wr_xml_row given_rows[] =
	CONNECTION(&wr_xml_virtualport_whole, &wr_xml_bandwidth);
const struct wr_xml_element wr_xml_given = { WR_XML_ROWS(given_rows) };

/* Elsewhere <driver> is that of an emulated card. */
int wr_xml_read_connection(const struct wr_xml_place *p, const struct wr_xml_element *e,
			   struct weir_port *port)
{
	struct wr_xml_place at = wr_xml_at_child(p, "driver");
	int r = wr_xml_read(e, &wr_port_table, p, port);

	if (r || !at.node || !wr_xml_is_hostdev(port, 0))
		return r;
	return wr_xml_read(&wr_xml_driver, &wr_pci_driver_table, &at, &port->driver);
}

void wr_xml_write_connection(const struct weir_port *port, struct wr_xml_out *out)
{
	wr_xml_write_children(&wr_xml_by_network, &wr_port_table, port, out);
}
