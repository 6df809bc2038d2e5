/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * <network>: what stands at its top, its bridge and its portgroups, and the rules
 * over all of it. What libvirt's parser refuses is refused here; what it refuses
 * only when a network is defined is lib/network's business. net_forward.c,
 * net_dns.c and net_ip.c have the rest.
 */
#include <stdio.h>
#include <strings.h>

#include <libxml/parser.h>

#include "xml/documents.h"

#include "base/ip.h"

/* Each of a network's routes is held against each of its addresses: a bridge needs no more. */
#define MAX_IPS 256

/* Whether weir makes the bridge. */
static bool has_own_bridge(const struct weir_network *net)
{
	return net->forward.mode <= WEIR_FORWARD_OPEN;
}

static bool own_bridge(const void *obj, unsigned int flags)
{
	return has_own_bridge(obj);
}

static bool no_own_bridge(const void *obj, unsigned int flags)
{
	return !has_own_bridge(obj);
}

/* --- metadata ------------------------------------------------------------------------ */

/* As libvirt writes it, at the depth where it stands. */
static int dump(const struct wr_xml_place *p, xmlNode *node, char **ret)
{
	xmlBuffer *buf = xmlBufferCreate();
	int n = buf ? xmlNodeDump(buf, node->doc, node, 1, 1) : -1;

	*ret = n >= 0 ? strdup((const char *)xmlBufferContent(buf)) : NULL;
	xmlBufferFree(buf);
	return *ret ? 0 : wr_nomem(p->err);
}

static bool has_element(const xmlNode *node)
{
	for (node = node->children; node; node = node->next)
		if (node->type == XML_ELEMENT_NODE)
			return true;
	return false;
}

/* A copy, because it takes with it what namespaces were declared further up. */
static int read_metadata(const struct wr_xml_place *p, void *obj)
{
	struct weir_network *net = obj;
	xmlNode *copy;
	int r;

	if (!has_element(p->node))
		return 0;
	copy = xmlDocCopyNode((xmlNode *)p->node, p->node->doc, 1);
	if (!copy)
		return wr_nomem(p->err);
	r = dump(p, copy, &net->metadata);
	xmlFreeNode(copy);
	return r;
}

static void write_metadata(const void *obj, struct wr_xml_out *out)
{
	const struct weir_network *net = obj;

	if (!net->metadata)
		return;
	wr_xml_indent(out);
	wr_str_printf(&out->str, "%s\n", net->metadata);
}

static const struct wr_xml_element metadata = { .read = read_metadata, .write = write_metadata };

/* --- bridge, mtu, mac, domain ---------------------------------------------------------- */

/* Anything but "off" is on. */
static int read_stp(const struct wr_xml_place *p, void *obj, const char *text)
{
	struct weir_network_bridge *bridge = obj;

	bridge->stp = strcmp(text, "off") ? WEIR_YES : WEIR_NO;
	return 0;
}

static bool write_stp(const void *obj, struct wr_str *text)
{
	const struct weir_network_bridge *bridge = obj;

	wr_str_puts(text, bridge->stp == WEIR_YES ? "on" : "off");
	return true;
}

static bool write_delay(const void *obj, struct wr_str *text)
{
	const struct weir_network_bridge *bridge = obj;

	wr_str_printf(text, "%u", (unsigned int)bridge->delay_s);
	return true;
}

static const struct wr_xml_row bridge_rows[] = {
	WR_XML_ROW_ATTR("name"),
	WR_XML_ROW_ATTR("zone"),
	WR_XML_ROW_ATTR("stp", .read = read_stp, .write = write_stp),
	WR_XML_ROW_ATTR("delay", .write = write_delay),
	WR_XML_ROW_ATTR("macTableManager"),
};
const struct wr_xml_element wr_xml_bridge = { WR_XML_ROWS(bridge_rows) };

/* One that is there already has its own settings. */
static const struct wr_xml_row host_bridge_rows[] = {
	WR_XML_ROW_ATTR("name"),
	WR_XML_ROW_ATTR("macTableManager"),
};
static const struct wr_xml_element host_bridge = { WR_XML_ROWS(host_bridge_rows) };

static const struct wr_xml_row mtu_rows[] = { WR_XML_ROW_ATTR("size", .member = "mtu") };
static const struct wr_xml_element mtu = { WR_XML_ROWS(mtu_rows) };

static int read_mac(const struct wr_xml_place *p, void *obj, const char *text)
{
	struct weir_network *net = obj;
	char mac[18];
	int r = wr_xml_mac(p, text, mac);

	if (!r && !(net->mac = strdup(mac)))
		r = wr_nomem(p->err);
	return r;
}

static const struct wr_xml_row mac_rows[] = {
	WR_XML_ROW_ATTR("address", .member = "mac", .read = read_mac),
};
static const struct wr_xml_element mac = { WR_XML_ROWS(mac_rows) };

/* Without a name it says nothing. */
static int check_domain(const struct wr_xml_place *p, void *obj)
{
	struct weir_domain *domain = obj;

	if (domain->register_it == WEIR_YES && domain->local_only != WEIR_YES)
		return wr_xml_refuse_at(p, "register", -EINVAL, "needs localOnly='yes'");
	if (!domain->name)
		*domain = (struct weir_domain){ 0 };
	return 0;
}

static const struct wr_xml_row domain_rows[] = {
	WR_XML_ROW_ATTR("name"),
	WR_XML_ROW_ATTR("localOnly", .flags = WR_XML_EMPTY),
	WR_XML_ROW_ATTR("register", .flags = WR_XML_EMPTY),
};
const struct wr_xml_element wr_xml_domain = { WR_XML_ROWS(domain_rows), .check = check_domain };

static const struct wr_xml_row port_rows[] = {
	WR_XML_ROW_ATTR("isolated", .member = "portIsolated", .flags = WR_XML_EMPTY),
};
static const struct wr_xml_element port = { WR_XML_ROWS(port_rows) };

/* --- portgroup ------------------------------------------------------------------------- */

static int read_default(const struct wr_xml_place *p, void *obj, const char *text)
{
	struct weir_portgroup *group = obj;

	group->is_default = strcasecmp(text, "yes") ? WEIR_ABSENT : WEIR_YES;
	return 0;
}

static bool write_default(const void *obj, struct wr_str *text)
{
	const struct weir_portgroup *group = obj;

	wr_str_puts(text, "yes");
	return group->is_default == WEIR_YES;
}

static const struct wr_xml_row portgroup_rows[] = {
	WR_XML_ROW_ATTR("name", .flags = WR_XML_REQUIRED),
	WR_XML_ROW_ATTR("default", .read = read_default, .write = write_default),
	WR_XML_ROW_ATTR("trustGuestRxFilters", .flags = WR_XML_EMPTY),
	WR_XML_ROW_CHILD("vlan", &wr_xml_vlan),
	WR_XML_ROW_CHILD("virtualport", &wr_xml_virtualport),
	WR_XML_ROW_CHILD("bandwidth", &wr_xml_bandwidth),
};
const struct wr_xml_element wr_xml_portgroup = { WR_XML_ROWS(portgroup_rows),
						 .flags = WR_XML_OPEN };

/* --- dnsmasq:options ------------------------------------------------------------------- */

static const struct wr_xml_row option_rows[] = {
	WR_XML_ROW_ATTR("value", .flags = WR_XML_REQUIRED | WR_XML_EMPTY),
};
static const struct wr_xml_element option = { WR_XML_ROWS(option_rows), .ns = WR_XML_DNSMASQ_NS,
					      .prefix = "dnsmasq" };

static const struct wr_xml_row options_rows[] = {
	WR_XML_ROW_LIST("option", "dnsmasqOptions", &option),
};
static const struct wr_xml_element options = { WR_XML_ROWS(options_rows), .ns = WR_XML_DNSMASQ_NS,
					       .prefix = "dnsmasq" };

static bool write_namespace(const void *obj, struct wr_str *text)
{
	const struct weir_network *net = obj;

	wr_str_puts(text, WR_XML_DNSMASQ_NS);
	return net->n_dnsmasq_options > 0;
}

/* --- rules of the mode ------------------------------------------------------------------ */

static int check_own_bridge(const struct wr_xml_place *p, const struct weir_network *net)
{
	const struct weir_forward *f = &net->forward;
	size_t links = f->n_interfaces + f->n_addresses;
	bool routed = f->mode == WEIR_FORWARD_NAT || f->mode == WEIR_FORWARD_ROUTE;

	if (routed && !net->n_ips)
		return wr_xml_refuse(p, -EINVAL, "needs an <ip> for its forward mode");
	if (routed && links > 1)
		return wr_xml_refuse(p, -EINVAL, "may leave by one link only in its forward mode");
	if (f->mode == WEIR_FORWARD_OPEN && links)
		return wr_xml_refuse(p, -EINVAL, "may not be bound to a link in mode open");
	return 0;
}

static int check_no_own_bridge(const struct wr_xml_place *p, const struct weir_network *net)
{
	const struct weir_forward *f = &net->forward;
	const struct weir_network_bridge *b = &net->bridge;
	const char *what = b->zone    ? "a zone" :
			   b->stp     ? "stp" :
			   b->delay_s ? "a delay" :
			   net->mtu   ? "an mtu" :
					NULL;

	if (what)
		return wr_xml_refuse(p, -EINVAL, "has %s, but no bridge of its own", what);
	if (f->mode == WEIR_FORWARD_BRIDGE)
		return *b->name && (f->n_interfaces || f->n_addresses || f->pf) ?
			       wr_xml_refuse(p, -EINVAL,
					     "has both a bridge and a link to forward to") :
			       0;
	if (*b->name || b->mac_table_manager)
		return wr_xml_refuse(p, -EINVAL,
				     "has a bridge, which its forward mode does not use");
	return 0;
}

static bool is_reached(const struct weir_network *net, const int *prefixes,
		       const struct weir_ip *gateway)
{
	for (size_t i = 0; i < net->n_ips; i++)
		if (prefixes[i] >= 0 && net->ips[i].address.family == gateway->family &&
		    wr_ip_in(gateway, &net->ips[i].address, (unsigned int)prefixes[i]))
			return true;
	return false;
}

static int check_routes(const struct wr_xml_place *p, const struct weir_network *net)
{
	struct wr_xml_place at = wr_xml_at_child(p, "route");
	int prefixes[MAX_IPS];

	if (net->n_ips > MAX_IPS)
		return wr_xml_refuse(p, -ERANGE, "has more than %d addresses", MAX_IPS);
	for (size_t i = 0; i < net->n_ips; i++)
		prefixes[i] = weir_network_ip_prefix(&net->ips[i]);
	for (size_t i = 0; i < net->n_routes; i++) {
		if (!is_reached(net, prefixes, &net->routes[i].gateway))
			return wr_xml_refuse_at(&at, "gateway", -EINVAL,
						"is in no subnet of the network");
		at.node = wr_xml_next(at.node, "route", NULL);
	}
	return 0;
}

static int check_texts(const struct wr_xml_place *p, const struct weir_network *net)
{
	if (net->title && strchr(net->title, '\n'))
		return wr_xml_refuse_at(p, "title", -EINVAL, "has more than one line");
	if (strchr(net->name, '/'))
		return wr_xml_refuse_at(p, "name", -EINVAL, "has a slash in it");
	return 0;
}

static int check_network(const struct wr_xml_place *p, void *obj)
{
	struct weir_network *net = obj;
	int r = check_texts(p, net);

	if (!r)
		r = has_own_bridge(net) ? check_own_bridge(p, net) : check_no_own_bridge(p, net);
	if (has_own_bridge(net) && !net->bridge.stp)
		net->bridge.stp = WEIR_YES;
	return r ? r : check_routes(p, net);
}

/* --- network ----------------------------------------------------------------------------- */

static int read_uuid(const struct wr_xml_place *p, void *obj, const char *text)
{
	struct weir_network *net = obj;

	return wr_xml_uuid(p, text, net->uuid);
}

static bool write_ipv6(const void *obj, struct wr_str *text)
{
	const struct weir_network *net = obj;

	wr_str_puts(text, "yes");
	return net->ipv6 == WEIR_YES;
}

static bool is_forwarded(const void *obj, unsigned int flags)
{
	const struct weir_network *net = obj;

	return net->forward.mode != WEIR_FORWARD_ISOLATED;
}

/* libvirt's order: a document that went through it comes out the same. */
static const struct wr_xml_row network_rows[] = {
	WR_XML_ROW_ATTR("xmlns:dnsmasq", .flags = WR_XML_WRITE_ONLY, .write = write_namespace),
	WR_XML_ROW_ATTR("ipv6", .flags = WR_XML_EMPTY, .write = write_ipv6),
	WR_XML_ROW_ATTR("trustGuestRxFilters", .flags = WR_XML_EMPTY),
	WR_XML_ROW_TEXT("name", .flags = WR_XML_REQUIRED),
	WR_XML_ROW_TEXT("uuid", .read = read_uuid),
	WR_XML_ROW_TEXT("title"),
	WR_XML_ROW_TEXT("description"),
	WR_XML_ROW_CHILD("metadata", &metadata, .member = ""),
	WR_XML_ROW_CHILD("forward", &wr_xml_forward, .when = is_forwarded),
	WR_XML_ROW_CHILD("bridge", &wr_xml_bridge, .when = own_bridge),
	WR_XML_ROW_CHILD("bridge", &host_bridge, .flags = WR_XML_WRITE_ONLY, .when = no_own_bridge),
	WR_XML_ROW_CHILD("mtu", &mtu, .member = ""),
	WR_XML_ROW_CHILD("mac", &mac, .member = ""),
	WR_XML_ROW_CHILD("domain", &wr_xml_domain),
	WR_XML_ROW_CHILD("dns", &wr_xml_dns),
	WR_XML_ROW_CHILD("vlan", &wr_xml_vlan),
	WR_XML_ROW_CHILD("bandwidth", &wr_xml_bandwidth),
	WR_XML_ROW_CHILD("port", &port, .member = ""),
	WR_XML_ROW_LIST("ip", "ips", &wr_xml_ip),
	WR_XML_ROW_LIST("route", "routes", &wr_xml_route),
	WR_XML_ROW_CHILD("virtualport", &wr_xml_virtualport_typed),
	WR_XML_ROW_LIST("portgroup", "portgroups", &wr_xml_portgroup),
	WR_XML_ROW_CHILD("options", &options, .member = ""),
};
const struct wr_xml_element wr_xml_network = { WR_XML_ROWS(network_rows), .check = check_network };

int weir_xml_network_parse(const char *text, size_t len, struct weir_network **ret,
			   struct weir_error *err)
{
	wr_auto(free) struct weir_network *net = calloc(1, sizeof(*net));
	int r;

	if (!net)
		return wr_nomem(err);
	net->sz = sizeof(*net);
	r = wr_xml_read_text(&wr_xml_network, &wr_network_table, "network", text, len, 0, net, err);
	if (r)
		return r;
	*ret = wr_take(net);
	return 0;
}

/* It comes from anywhere, and must not end the element that it is in. */
static int check_metadata(const struct weir_network *net, struct weir_error *err)
{
	wr_auto(xmldoc) xmlDoc *doc = NULL;
	int r;

	if (!net->metadata)
		return 0;
	if (strncmp(net->metadata, "<metadata", 9) != 0)
		return wr_refuse(err, -EINVAL, "", "metadata", "is no <metadata> element");
	r = wr_xml_load(net->metadata, strlen(net->metadata), &doc, err);
	if (!r && strcmp((const char *)xmlDocGetRootElement(doc)->name, "metadata") != 0)
		r = wr_refuse(err, -EINVAL, "", "", "is no <metadata> element");
	if (r != -ENOMEM)
		wr_error_prefix_attr(r ? err : NULL, "metadata");
	return r;
}

int weir_xml_network_format(const struct weir_network *net, unsigned int flags, char **ret,
			    struct weir_error *err)
{
	int r = check_metadata(net, err);

	if (!r)
		r = wr_xml_write_text(&wr_xml_network, &wr_network_table, net, "network", flags,
				      ret);
	return r == -ENOMEM ? wr_nomem(err) : r;
}
