/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The elements that several documents share: <vlan>, <virtualport>, <bandwidth>,
 * and what names a PCI device and its driver.
 */
#include <stdio.h>
#include <strings.h>

#include "xml/documents.h"

/* --- vlan --------------------------------------------------------------------------- */

static int check_tag(const struct wr_xml_place *p, void *obj)
{
	const struct weir_vlan_tag *tag = obj;

	return tag->id > 4095 ? wr_xml_refuse(p, -ERANGE, "vlan %u is more than 4095", tag->id) : 0;
}

static const struct wr_xml_row tag_rows[] = {
	WR_XML_ROW_ATTR("id", .flags = WR_XML_REQUIRED),
	WR_XML_ROW_ATTR("nativeMode"),
};
static const struct wr_xml_element tag = { WR_XML_ROWS(tag_rows), .check = check_tag };

/* More than one tag makes a trunk, and so does saying it. */
static int check_vlan(const struct wr_xml_place *p, void *obj)
{
	struct weir_vlan_tags *vlan = obj;
	wr_auto(free) char *trunk = NULL;
	char shown[WR_SHOWN];
	size_t natives = 0;
	int r = wr_xml_attr(p, "trunk", &trunk);

	for (size_t i = 0; i < vlan->n_tags; i++)
		natives += vlan->tags[i].native != WEIR_NATIVE_NO;
	if (r)
		return r;
	if (natives > 1)
		return wr_xml_refuse(p, -EINVAL, "more than one tag has a nativeMode");
	vlan->is_trunk = vlan->n_tags > 1;
	if (!trunk || !*trunk)
		return 0;
	if (!strcasecmp(trunk, "yes"))
		vlan->is_trunk = true;
	else if (strcasecmp(trunk, "no") != 0)
		return wr_xml_refuse_at(p, "trunk", -EINVAL, "\"%s\" is neither yes nor no",
					wr_shown(trunk, shown));
	else if (vlan->is_trunk || natives)
		return wr_xml_refuse_at(p, "trunk", -EINVAL, "is no, but there is %s",
					natives ? "a nativeMode" : "more than one tag");
	return 0;
}

static const struct wr_xml_row vlan_rows[] = {
	WR_XML_ROW_ATTR("trunk", .flags = WR_XML_WRITE_ONLY),
	WR_XML_ROW_LIST("tag", "tags", &tag, .flags = WR_XML_REQUIRED),
};
const struct wr_xml_element wr_xml_vlan = { WR_XML_ROWS(vlan_rows), .check = check_vlan };

/* --- virtualport ---------------------------------------------------------------------- */

#define PARAMETERS                                                                                 \
	(WEIR_VIRTUALPORT_MANAGERID | WEIR_VIRTUALPORT_TYPEID | WEIR_VIRTUALPORT_TYPEIDVERSION |   \
	 WEIR_VIRTUALPORT_INSTANCEID | WEIR_VIRTUALPORT_INTERFACEID | WEIR_VIRTUALPORT_PROFILEID)
#define QBG_PARAMETERS                                                                             \
	(WEIR_VIRTUALPORT_MANAGERID | WEIR_VIRTUALPORT_TYPEID | WEIR_VIRTUALPORT_TYPEIDVERSION |   \
	 WEIR_VIRTUALPORT_INSTANCEID)

/* By type: what it may have when it is read, what of that is written, and what it cannot do without. */
static const struct {
	uint64_t taken, written, needed;
} parameters_of[] = {
	[WEIR_VIRTUALPORT_NONE] = { PARAMETERS, PARAMETERS, 0 },
	[WEIR_VIRTUALPORT_8021QBG] = { QBG_PARAMETERS, QBG_PARAMETERS, QBG_PARAMETERS },
	[WEIR_VIRTUALPORT_8021QBH] = { WEIR_VIRTUALPORT_PROFILEID, WEIR_VIRTUALPORT_PROFILEID,
				       WEIR_VIRTUALPORT_PROFILEID },
	[WEIR_VIRTUALPORT_OPENVSWITCH] = { WEIR_VIRTUALPORT_INTERFACEID |
						   WEIR_VIRTUALPORT_PROFILEID,
					   WEIR_VIRTUALPORT_INTERFACEID |
						   WEIR_VIRTUALPORT_PROFILEID,
					   WEIR_VIRTUALPORT_INTERFACEID },
	[WEIR_VIRTUALPORT_MIDONET] = { PARAMETERS, WEIR_VIRTUALPORT_INTERFACEID,
				       WEIR_VIRTUALPORT_INTERFACEID },
};

static const char *parameter_name(uint64_t bit)
{
	const struct wr_table *t = &wr_virtualport_table;

	for (size_t i = 0; i < t->n; i++)
		if (wr_bit(&t->fields[i]) & bit)
			return t->fields[i].name;
	return "";
}

static int read_instanceid(const struct wr_xml_place *p, void *obj, const char *text)
{
	struct weir_virtualport *vp = obj;

	vp->has |= WEIR_VIRTUALPORT_INSTANCEID;
	return wr_xml_uuid(p, text, vp->instanceid);
}

static int read_interfaceid(const struct wr_xml_place *p, void *obj, const char *text)
{
	struct weir_virtualport *vp = obj;

	vp->has |= WEIR_VIRTUALPORT_INTERFACEID;
	return wr_xml_uuid(p, text, vp->interfaceid);
}

static int read_typeid(const struct wr_xml_place *p, void *obj, const char *text)
{
	struct weir_virtualport *vp = obj;
	uint64_t value = 0;
	int r = wr_xml_number(p, text, 0, 0xffffff, &value);

	vp->typeid_ = (uint32_t)value;
	vp->has |= WEIR_VIRTUALPORT_TYPEID;
	return r;
}

static const struct wr_xml_row parameter_rows[] = {
	WR_XML_ROW_ATTR("managerid", .flags = WR_XML_ANYBASE | WR_XML_EMPTY),
	WR_XML_ROW_ATTR("typeid", .flags = WR_XML_EMPTY, .read = read_typeid),
	WR_XML_ROW_ATTR("typeidversion", .flags = WR_XML_ANYBASE | WR_XML_EMPTY),
	WR_XML_ROW_ATTR("instanceid", .flags = WR_XML_EMPTY, .read = read_instanceid),
	WR_XML_ROW_ATTR("interfaceid", .flags = WR_XML_EMPTY, .read = read_interfaceid),
	WR_XML_ROW_ATTR("profileid", .flags = WR_XML_EMPTY),
};
static const struct wr_xml_element parameters = { WR_XML_ROWS(parameter_rows) };

static bool type_is_said(const void *obj, unsigned int flags)
{
	const struct weir_virtualport *vp = obj;

	return vp->type != WEIR_VIRTUALPORT_NONE;
}

static const struct wr_xml_row virtualport_rows[] = {
	WR_XML_ROW_ATTR("type", .flags = WR_XML_EMPTY, .when = type_is_said),
	WR_XML_ROW_CHILD("parameters", &parameters, .member = ""),
};
static const struct wr_xml_element virtualport = { WR_XML_ROWS(virtualport_rows) };

static int refuse_parameter(const struct wr_xml_place *p, const struct weir_virtualport *vp,
			    uint64_t bits, const char *what)
{
	const struct wr_field *type = wr_find(&wr_virtualport_table, "type");

	return wr_xml_refuse(p, -EINVAL, "type %s %s %s", wr_word(type, vp->type), what,
			     parameter_name(bits & -bits));
}

static int check_virtualport(const struct wr_xml_place *p, void *obj)
{
	struct weir_virtualport *vp = obj;
	uint64_t extra = vp->has & PARAMETERS & ~parameters_of[vp->type].taken;

	if (vp->has & WEIR_VIRTUALPORT_TYPE && vp->type == WEIR_VIRTUALPORT_NONE)
		return wr_xml_refuse_at(p, "type", -EINVAL, "is none, which is no type");
	if (extra)
		return refuse_parameter(p, vp, extra, "has no");
	if (!vp->has)
		vp->has = WEIR_VIRTUALPORT_TYPE;
	return 0;
}

static int check_typed(const struct wr_xml_place *p, void *obj)
{
	const struct weir_virtualport *vp = obj;
	int r = check_virtualport(p, obj);

	return r || vp->type ? r : wr_xml_refuse_at(p, "type", -EINVAL, "is missing");
}

int wr_xml_check_whole(const struct wr_xml_place *p, const struct weir_virtualport *vp)
{
	uint64_t missing = parameters_of[vp->type].needed & ~vp->has;

	return missing ? refuse_parameter(p, vp, missing, "needs") : 0;
}

static int check_whole(const struct wr_xml_place *p, void *obj)
{
	int r = check_typed(p, obj);

	return r ? r : wr_xml_check_whole(p, obj);
}

static int read_virtualport(const struct wr_xml_place *p, void *obj)
{
	return wr_xml_read(&virtualport, &wr_virtualport_table, p, obj);
}

/* Without what is in memory only because a profile was merged into another one's type. */
static void write_virtualport(const void *obj, struct wr_xml_out *out)
{
	struct weir_virtualport vp = *(const struct weir_virtualport *)obj;

	vp.has &= parameters_of[vp.type].written | WEIR_VIRTUALPORT_TYPE;
	wr_xml_write(&virtualport, &wr_virtualport_table, &vp, "virtualport", out);
}

const struct wr_xml_element wr_xml_virtualport = {
	.read = read_virtualport,
	.write = write_virtualport,
	.check = check_virtualport,
};
const struct wr_xml_element wr_xml_virtualport_typed = {
	.read = read_virtualport,
	.write = write_virtualport,
	.check = check_typed,
};
const struct wr_xml_element wr_xml_virtualport_whole = {
	.read = read_virtualport,
	.write = write_virtualport,
	.check = check_whole,
};

/* --- bandwidth -------------------------------------------------------------------------- */

/* An average of 0 is no limit, and so is whatever else is said about it. */
static int check_rate(const struct wr_xml_place *p, void *obj)
{
	struct weir_rate *rate = obj;

	if (!wr_xml_says(p, "average") && !wr_xml_says(p, "floor"))
		return wr_xml_refuse(p, -EINVAL, "has neither average nor floor");
	if (!wr_xml_says(p, "average") && (wr_xml_says(p, "peak") || wr_xml_says(p, "burst")))
		return wr_xml_refuse(p, -EINVAL, "has a peak or burst, but no average");
	if (!rate->average_bytes_per_s)
		rate->peak_bytes_per_s = rate->burst_bytes = 0;
	return 0;
}

static int check_outbound(const struct wr_xml_place *p, void *obj)
{
	return wr_xml_says(p, "floor") ?
		       wr_xml_refuse(p, -EINVAL, "has a floor, which is for inbound only") :
		       check_rate(p, obj);
}

static int check_no_floor(const struct wr_xml_place *p, void *obj)
{
	return wr_xml_says(p, "floor") ?
		       wr_xml_refuse(p, -EINVAL, "has a floor, which is for guests only") :
		       check_rate(p, obj);
}

static const struct wr_xml_row rate_rows[] = {
	WR_XML_ROW_ATTR("average", .flags = WR_XML_EMPTY),
	WR_XML_ROW_ATTR("peak", .flags = WR_XML_EMPTY),
	WR_XML_ROW_ATTR("burst", .flags = WR_XML_EMPTY),
};
static const struct wr_xml_element inbound = { WR_XML_ROWS(rate_rows), .check = check_no_floor };
static const struct wr_xml_element outbound = { WR_XML_ROWS(rate_rows), .check = check_outbound };

static const struct wr_xml_row guarantee_rows[] = {
	WR_XML_ROW_ATTR("average", .flags = WR_XML_EMPTY),
	WR_XML_ROW_ATTR("peak", .flags = WR_XML_EMPTY),
	WR_XML_ROW_ATTR("floor", .flags = WR_XML_EMPTY),
	WR_XML_ROW_ATTR("burst", .flags = WR_XML_EMPTY),
};
static const struct wr_xml_element guarantee = { WR_XML_ROWS(guarantee_rows), .check = check_rate };

/* The number of a class is a matter of ports: port.c reads it there. */
static int check_bandwidth(const struct wr_xml_place *p, void *obj)
{
	return wr_xml_says(p, "classID") ?
		       wr_xml_refuse(p, -EINVAL, "has a classID, which is for ports only") :
		       0;
}

static const struct wr_xml_row bandwidth_rows[] = {
	WR_XML_ROW_CHILD("inbound", &inbound),
	WR_XML_ROW_CHILD("outbound", &outbound),
};
const struct wr_xml_element wr_xml_bandwidth = { WR_XML_ROWS(bandwidth_rows),
						 .check = check_bandwidth };

static const struct wr_xml_row floor_rows[] = {
	WR_XML_ROW_CHILD("inbound", &guarantee),
	WR_XML_ROW_CHILD("outbound", &outbound),
};
const struct wr_xml_element wr_xml_bandwidth_floor = { WR_XML_ROWS(floor_rows),
						       .check = check_bandwidth };

static const struct wr_xml_row class_rows[] = {
	WR_XML_ROW_ATTR("classID", .member = "classId"),
	WR_XML_ROW_CHILD("inbound", &guarantee, .member = "bandwidth.inbound"),
	WR_XML_ROW_CHILD("outbound", &outbound, .member = "bandwidth.outbound"),
};
const struct wr_xml_element wr_xml_bandwidth_class = { WR_XML_ROWS(class_rows) };

/* --- PCI devices -------------------------------------------------------------------------- */

static const struct wr_xml_row driver_rows[] = {
	WR_XML_ROW_ATTR("name"),
	WR_XML_ROW_ATTR("model"),
};
const struct wr_xml_element wr_xml_driver = { WR_XML_ROWS(driver_rows) };

int wr_xml_pci_read(const struct wr_xml_place *p, char pci[20])
{
	static const char *const names[] = { "domain", "bus", "slot", "function" };
	static const uint32_t max[] = { UINT32_MAX, 0xff, 0x1f, 7 };
	uint64_t value[4] = { 0 };

	for (size_t i = 0; i < WR_COUNT(names); i++) {
		struct wr_xml_place at = wr_xml_at(p, names[i]);
		wr_auto(free) char *text = NULL;
		int r = wr_xml_attr(p, names[i], &text);

		if (!r && text)
			r = wr_xml_number(&at, text, 0, max[i], &value[i]);
		if (r)
			return r;
	}
	snprintf(pci, 20, "%04x:%02x:%02x.%x", (unsigned int)value[0],
		 (unsigned int)value[1] & 0xff, (unsigned int)value[2] & 0xff,
		 (unsigned int)value[3] & 7);
	return 0;
}

void wr_xml_pci_write(const char *pci, struct wr_str *out)
{
	unsigned int domain = 0, bus = 0, slot = 0, function = 0;

	if (sscanf(pci, "%x:%x:%x.%x", &domain, &bus, &slot, &function) == 4)
		wr_str_printf(out, " domain='0x%04x' bus='0x%02x' slot='0x%02x' function='0x%x'",
			      domain, bus, slot, function);
}

/* --- MAC addresses ---------------------------------------------------------------------------- */

int wr_xml_mac(const struct wr_xml_place *p, const char *text, char mac[18])
{
	char shown[WR_SHOWN];
	uint8_t bytes[6];

	if (wr_mac_parse(text, bytes))
		return wr_xml_refuse(p, -EINVAL, "\"%s\" is no MAC address", wr_shown(text, shown));
	if (bytes[0] & 1)
		return wr_xml_refuse(p, -EINVAL, "%s is a group address", wr_shown(text, shown));
	wr_mac_format(bytes, mac);
	return 0;
}
