/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* <dns> of a network and what is in it. */
#include <ctype.h>

#include "xml/documents.h"

/* --- forwarder ------------------------------------------------------------------------ */

static int check_forwarder(const struct wr_xml_place *p, void *obj)
{
	const struct weir_dns_forwarder *f = obj;

	return f->domain || f->address.family ?
		       0 :
		       wr_xml_refuse(p, -EINVAL, "has neither addr nor domain");
}

static const struct wr_xml_row forwarder_rows[] = {
	WR_XML_ROW_ATTR("domain"),
	WR_XML_ROW_ATTR("addr", .member = "address"),
};
static const struct wr_xml_element forwarder = { WR_XML_ROWS(forwarder_rows),
						 .check = check_forwarder };

/* --- txt -------------------------------------------------------------------------------- */

static int check_txt_name(const struct wr_xml_place *p, const char *name)
{
	char shown[WR_SHOWN];

	return name && strpbrk(name, " ,") ?
		       wr_xml_refuse_at(p, "name", -EINVAL, "\"%s\" has a space or comma in it",
					wr_shown(name, shown)) :
		       0;
}

static int check_txt(const struct wr_xml_place *p, void *obj)
{
	const struct weir_dns_txt *txt = obj;
	int r = check_txt_name(p, txt->name);

	if (r || txt->value || p->flags & WR_XML_PARTIAL)
		return r;
	return wr_xml_refuse_at(p, "value", -EINVAL, "is missing");
}

static const struct wr_xml_row txt_rows[] = {
	WR_XML_ROW_ATTR("name", .flags = WR_XML_REQUIRED),
	WR_XML_ROW_ATTR("value", .flags = WR_XML_EMPTY),
};
const struct wr_xml_element wr_xml_dns_txt = { WR_XML_ROWS(txt_rows), .check = check_txt };

/* --- srv -------------------------------------------------------------------------------- */

static int check_word(const struct wr_xml_place *p, const char *name, const char *text,
		      const char *marks)
{
	char shown[WR_SHOWN];

	if (!text)
		return p->flags & WR_XML_PARTIAL ? 0 :
						   wr_xml_refuse_at(p, name, -EINVAL, "is missing");
	for (const char *c = text; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr(marks, *c))
			return wr_xml_refuse_at(p, name, -EINVAL,
						"\"%s\" has a character that is none of %s",
						wr_shown(text, shown), marks);
	return strlen(text) > 482 ? wr_xml_refuse_at(p, name, -ERANGE, "is longer than 482 bytes") :
				    0;
}

static int check_srv(const struct wr_xml_place *p, void *obj)
{
	const struct weir_dns_srv *srv = obj;
	int r = check_word(p, "service", srv->service, "_-+/*");

	if (!r)
		r = check_word(p, "protocol", srv->protocol, "-+/");
	if (r)
		return r;
	if (!srv->target &&
	    (wr_xml_says(p, "port") || wr_xml_says(p, "priority") || wr_xml_says(p, "weight")))
		return wr_xml_refuse(p, -EINVAL, "has a port, priority or weight, but no target");
	if (wr_xml_says(p, "port") && !srv->port)
		return wr_xml_refuse(p, -ERANGE, "port 0 is outside 1..65535");
	return 0;
}

static const struct wr_xml_row srv_rows[] = {
	WR_XML_ROW_ATTR("service"),
	WR_XML_ROW_ATTR("protocol"),
	WR_XML_ROW_ATTR("domain"),
	WR_XML_ROW_ATTR("target"),
	WR_XML_ROW_ATTR("port", .flags = WR_XML_EMPTY),
	WR_XML_ROW_ATTR("priority", .flags = WR_XML_EMPTY),
	WR_XML_ROW_ATTR("weight", .flags = WR_XML_EMPTY),
};
const struct wr_xml_element wr_xml_dns_srv = { WR_XML_ROWS(srv_rows), .check = check_srv };

/* --- host ------------------------------------------------------------------------------- */

static const struct wr_xml_row hostname_rows[] = {
	{ .form = WR_XML_CONTENT, .name = "name", .flags = WR_XML_REQUIRED },
};
static const struct wr_xml_element hostname = { WR_XML_ROWS(hostname_rows) };

static int check_host(const struct wr_xml_place *p, void *obj)
{
	const struct weir_dns_host *host = obj;
	bool ip = host->address.family, names = host->n_hostnames;

	if (p->flags & WR_XML_PARTIAL ? ip || names : ip && names)
		return 0;
	return wr_xml_refuse_at(p, host->address.family ? "hostname" : "ip", -EINVAL, "is missing");
}

static const struct wr_xml_row host_rows[] = {
	WR_XML_ROW_ATTR("ip", .member = "address"),
	WR_XML_ROW_LIST("hostname", "hostnames", &hostname),
};
const struct wr_xml_element wr_xml_dns_host = { WR_XML_ROWS(host_rows), .check = check_host };

/* --- dns -------------------------------------------------------------------------------- */

static int check_dns(const struct wr_xml_place *p, void *obj)
{
	const struct weir_dns *dns = obj;

	if (dns->enable == WEIR_NO && dns->n_forwarders + dns->n_txt + dns->n_srv + dns->n_hosts)
		return wr_xml_refuse(p, -EINVAL, "is not enabled, but has something to serve");
	return 0;
}

static const struct wr_xml_row dns_rows[] = {
	WR_XML_ROW_ATTR("enable", .flags = WR_XML_EMPTY),
	WR_XML_ROW_ATTR("forwardPlainNames", .flags = WR_XML_EMPTY),
	WR_XML_ROW_LIST("forwarder", "forwarders", &forwarder),
	WR_XML_ROW_LIST("txt", "txt", &wr_xml_dns_txt),
	WR_XML_ROW_LIST("srv", "srv", &wr_xml_dns_srv),
	WR_XML_ROW_LIST("host", "hosts", &wr_xml_dns_host),
};
const struct wr_xml_element wr_xml_dns = { WR_XML_ROWS(dns_rows), .check = check_dns };
