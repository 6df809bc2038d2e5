/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A guest's <interface>, in its three forms. What it asks of its network and what
 * it was given have the same members and the same elements (connection.c), so both
 * are a struct weir_port, and the forms differ in where these are written. What is
 * the hypervisor's business (model, driver, address, ...) is kept as text.
 */
#include <stdio.h>
#include <sys/random.h>

#include "xml/documents.h"

#include "json/json.h"

/* --- what was never said is made up -------------------------------------------------------- */

static int make_uuid(const struct wr_xml_place *p, char uuid[37])
{
	uint8_t b[16];

	if (getrandom(b, sizeof(b), 0) != (ssize_t)sizeof(b))
		return wr_syserr(p->err, -errno, "", "no random bytes");
	b[6] = (b[6] & 0x0f) | 0x40;
	b[8] = (b[8] & 0x3f) | 0x80;
	snprintf(uuid, 37, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
		 b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12],
		 b[13], b[14], b[15]);
	return 0;
}

static int make_ids(const struct wr_xml_place *p, struct weir_virtualport *vp)
{
	bool untyped = vp->type == WEIR_VIRTUALPORT_NONE;
	uint64_t wanted = untyped ? WEIR_VIRTUALPORT_INSTANCEID | WEIR_VIRTUALPORT_INTERFACEID :
			  vp->type == WEIR_VIRTUALPORT_8021QBG     ? WEIR_VIRTUALPORT_INSTANCEID :
			  vp->type == WEIR_VIRTUALPORT_OPENVSWITCH ? WEIR_VIRTUALPORT_INTERFACEID :
								     0;
	uint64_t missing = vp->has ? wanted & ~vp->has : 0;
	int r = 0;

	if (missing & WEIR_VIRTUALPORT_INSTANCEID)
		r = make_uuid(p, vp->instanceid);
	if (!r && missing & WEIR_VIRTUALPORT_INTERFACEID)
		r = make_uuid(p, vp->interfaceid);
	vp->has |= missing;
	/* With a parameter it is no longer there for its own sake. */
	if (untyped && missing)
		vp->has &= ~WEIR_VIRTUALPORT_TYPE;
	return r;
}

static int make_mac(const struct wr_xml_place *p, uint8_t mac[6])
{
	static const uint8_t none[6], kvm[3] = { 0x52, 0x54, 0x00 };

	if (memcmp(mac, none, 6) != 0)
		return 0;
	memcpy(mac, kvm, 3);
	if (getrandom(mac + 3, 3, 0) != 3)
		return wr_syserr(p->err, -errno, "", "no random bytes");
	return 0;
}

/* --- actual ---------------------------------------------------------------------------------- */

static const char *const plugs[] = { NULL, "network", "bridge", "direct", "hostdev" };

static int read_plug(const struct wr_xml_place *p, const char *text, uint8_t *ret)
{
	char shown[WR_SHOWN];

	for (size_t i = 1; i < WR_COUNT(plugs); i++)
		if (!strcmp(text, plugs[i])) {
			*ret = (uint8_t)i;
			return 0;
		}
	return wr_xml_refuse(p, -EINVAL, "\"%s\" is none of network, bridge, direct and hostdev",
			     wr_shown(text, shown));
}

/* The attributes that <interface> and <actual> share. */
static int read_attributes(const struct wr_xml_place *p, struct weir_port *port)
{
	static const struct wr_xml_row rows[] = {
		WR_XML_ROW_ATTR("managed", .flags = WR_XML_EMPTY),
		WR_XML_ROW_ATTR("trustGuestRxFilters", .flags = WR_XML_EMPTY),
	};
	static const struct wr_xml_element attributes = { WR_XML_ROWS(rows) };

	return wr_xml_read(&attributes, &wr_port_table, p, port);
}

static void write_attributes(const struct weir_port *port, uint8_t trust, struct wr_str *s)
{
	if (wr_xml_is_hostdev(port, 0) && port->managed == WEIR_YES)
		wr_str_puts(s, " managed='yes'");
	if (trust)
		wr_str_printf(s, " trustGuestRxFilters='%s'", trust == WEIR_YES ? "yes" : "no");
}

static int read_actual(const struct wr_xml_place *interface, struct weir_xml_guest *guest)
{
	struct wr_xml_place p = { wr_xml_child(interface->node, "actual", NULL), "type",
				  interface->flags, interface->err };
	struct weir_port *port = &guest->port;
	wr_auto(free) char *type = NULL;
	int r;

	if (!p.node)
		return 0;
	guest->has_port = true;
	r = wr_xml_attr(&p, "type", &type);
	if (!r)
		r = read_plug(&p, type ? type : "", &port->plug);
	p.name = NULL;
	if (!r)
		r = read_attributes(&p, port);
	if (r)
		return r;
	if (port->plug == WEIR_PLUG_NETWORK && wr_xml_child(p.node, "virtualport", NULL))
		return wr_xml_refuse(&p, -EINVAL, "is of type network, but has a virtualport");
	if (port->plug != WEIR_PLUG_NETWORK && !wr_xml_child(p.node, "source", NULL)) {
		p.name = "source";
		return wr_xml_refuse(&p, -EINVAL, "is missing");
	}
	return wr_xml_read_connection(&p,
				      port->plug == WEIR_PLUG_NETWORK ? &wr_xml_by_network :
									&wr_xml_given,
				      port);
}

/* --- interface -------------------------------------------------------------------------------- */

static const struct wr_word mac_types[] = { { 1, "generated" }, { 2, "static" } };

static const struct wr_field item_fields[] = {
	WR_ROW(weir_xml_item, name, WR_STRING, "name", .flags = WR_REQUIRED, .doc = "its name"),
	WR_ROW(weir_xml_item, text, WR_STRING, "text", .flags = WR_REQUIRED, .doc = "the element"),
};
static WR_TABLE(item_table, weir_xml_item, "item", -1, item_fields);

static const struct wr_field guest_fields[] = {
	WR_ROW(weir_xml_guest, type, WR_NAME, "type", .flags = WR_REQUIRED, .doc = "its type"),
	WR_ROW(weir_xml_guest, mac_type, WR_U8, "macType", .words = WR_WORDS(mac_types),
	       .doc = "who chose its MAC address"),
	WR_ROW(weir_xml_guest, mac_check, WR_U8, "macCheck", .flags = WR_TRISTATE,
	       .doc = "the hypervisor checks its MAC address"),
	WR_ROW(weir_xml_guest, mac_current, WR_NAME, "macCurrent",
	       .doc = "what the guest uses instead"),
	WR_OBJECT_ROW(weir_xml_guest, own, "own", &wr_port_table, .doc = "what it asks for"),
	WR_ROW(weir_xml_guest, has_port, WR_U8, "hasPort", .flags = WR_BOOL,
	       .doc = "it was given a port"),
	WR_OBJECT_ROW(weir_xml_guest, port, "port", &wr_port_table, .doc = "what it was given"),
	WR_LIST_ROW(weir_xml_guest, items, "items", &item_table, .doc = "everything else"),
};
static WR_TABLE(guest_table, weir_xml_guest, "guest", -1, guest_fields);

static const struct wr_xml_row mac_rows[] = {
	WR_XML_ROW_ATTR("address", .member = "own.mac"),
	WR_XML_ROW_ATTR("type", .member = "macType"),
	WR_XML_ROW_ATTR("check", .member = "macCheck", .flags = WR_XML_EMPTY),
	WR_XML_ROW_ATTR("currentAddress", .member = "macCurrent"),
};
static const struct wr_xml_element mac = { WR_XML_ROWS(mac_rows) };

static int check_mac(const struct wr_xml_place *p, struct weir_xml_guest *guest)
{
	struct wr_xml_place at = wr_xml_at_child(p, "mac");
	int r = at.node ? wr_xml_read(&mac, &guest_table, &at, guest) : 0;

	if (!r && guest->own.mac[0] & 1)
		return wr_xml_refuse(&at, -EINVAL, "is a group address");
	return r ? r : make_mac(p, guest->own.mac);
}

/* --- items: what is kept as text, in libvirt's order -------------------------------------------- */

static const char *const item_names[] = {
	"source",   "ip",      "route",   "script",    "backenddomain", "target", "guest",
	"model",    "driver",  "backend", "filterref", "tune",          "link",   "mtu",
	"coalesce", "teaming", "boot",    "alias",     "rom",           "acpi",   "address",
};

/* Written before what network and portgroup decide, where the type has nothing to do with networks. */
static bool is_source(const struct weir_xml_item *item)
{
	return item->name && !strcmp(item->name, "source");
}

static bool is_item(const struct weir_xml_guest *guest, const char *name)
{
	if (!strcmp(name, "source"))
		return guest->own.plug == WEIR_PLUG_NONE;
	return strcmp(name, "driver") != 0 || !wr_xml_is_hostdev(&guest->own, 0);
}

static int add_item(const struct wr_xml_place *p, const xmlNode *node, struct weir_xml_guest *guest)
{
	struct weir_xml_item *item = &guest->items[guest->n_items++];
	struct wr_str text = { 0 };

	wr_xml_write_node(node, 1, &text);
	item->text = wr_str_take(&text);
	item->name = strdup((const char *)node->name);
	return item->text && item->name ? 0 : wr_nomem(p->err);
}

static int read_items(const struct wr_xml_place *p, struct weir_xml_guest *guest)
{
	size_t n = 0;
	int r = 0;

	for (const xmlNode *node = p->node->children; node; node = node->next)
		n++;
	guest->items = calloc(n + 1, sizeof(*guest->items));
	if (!guest->items)
		return wr_nomem(p->err);
	for (size_t i = 0; i < WR_COUNT(item_names); i++) {
		const xmlNode *node = wr_xml_child(p->node, item_names[i], NULL);

		for (; node && is_item(guest, item_names[i]) && !r;
		     node = wr_xml_next(node, item_names[i], NULL))
			r = add_item(p, node, guest);
	}
	return r;
}

/* Names and aliases that were made up while the guest ran are made up again. */
static bool is_of_the_run(const struct weir_xml_item *item)
{
	static const char *const made[] = { "<target dev='vnet", "<target dev='macvtap",
					    "<target dev='macvlan", "<alias name='" };
	const char *text = item->text + strspn(item->text, " ");

	for (size_t i = 0; i < WR_COUNT(made); i++)
		if (!strncmp(text, made[i], strlen(made[i])))
			return strncmp(text, "<alias name='ua-", 16) != 0;
	return false;
}

static void write_items(const struct weir_xml_guest *guest, bool sources, struct wr_xml_out *out)
{
	for (size_t i = 0; i < guest->n_items; i++) {
		const struct weir_xml_item *item = &guest->items[i];

		if (!item->text || is_source(item) != sources)
			continue;
		if (out->flags & WEIR_XML_INACTIVE && is_of_the_run(item))
			continue;
		wr_str_puts(&out->str, item->text);
	}
}

/* --- the three forms ------------------------------------------------------------------------------ */

static int read_type(const struct wr_xml_place *p, struct weir_xml_guest *guest)
{
	static const char *const others[] = { "user",   "ethernet", "vhostuser", "server",
					      "client", "mcast",    "internal",  "udp",
					      "vdpa",   "null",     "vds" };
	struct wr_xml_place at = wr_xml_at(p, "type");
	wr_auto(free) char *type = NULL;
	int r = wr_xml_attr(p, "type", &type);

	if (r)
		return r;
	for (size_t i = 0; type && i < WR_COUNT(others); i++)
		if (!strcmp(type, others[i])) {
			wr_copy(guest->type, sizeof(guest->type), type);
			return 0;
		}
	r = read_plug(&at, type ? type : "", &guest->own.plug);
	if (!r)
		wr_copy(guest->type, sizeof(guest->type), type);
	return r;
}

/* In the live form what was given stands in place of what was asked for, which is then not known. */
static void tell_apart(struct weir_xml_guest *guest)
{
	struct weir_port *own = &guest->own, *port = &guest->port;
	bool is_live = *own->network && (own->plug != WEIR_PLUG_NETWORK || *own->bridge);

	if (!is_live || guest->has_port)
		return;
	guest->has_port = true;
	*port = *own;
	*own = (struct weir_port){ .sz = sizeof(*own),
				   .plug = WEIR_PLUG_NETWORK,
				   .trust_guest_rx_filters = port->trust_guest_rx_filters };
	memcpy(own->mac, port->mac, sizeof(own->mac));
	memcpy(own->network, port->network, sizeof(own->network));
	memcpy(own->portgroup, port->portgroup, sizeof(own->portgroup));
	memcpy(own->uuid, port->uuid, sizeof(own->uuid));
	wr_copy(guest->type, sizeof(guest->type), "network");
}

static int read_own(const struct wr_xml_place *p, struct weir_xml_guest *guest)
{
	struct weir_port *own = &guest->own;
	bool by_net = own->plug == WEIR_PLUG_NETWORK;

	if (own->plug == WEIR_PLUG_NONE)
		return wr_xml_child(p->node, "virtualport", NULL) ?
			       wr_xml_refuse(p, -EINVAL,
					     "has a virtualport, which its type does not know") :
			       0;
	if (!wr_xml_child(p->node, "source", NULL))
		return wr_xml_refuse_at(p, "source", -EINVAL, "is missing");
	return wr_xml_read_connection(p, by_net ? &wr_xml_by_network : &wr_xml_by_host, own);
}

/* A network can still say what a virtualport lacks. */
static int check_own(const struct wr_xml_place *p, struct weir_xml_guest *guest)
{
	struct wr_xml_place at = wr_xml_at_child(p, "source");
	int r;

	if (guest->own.plug == WEIR_PLUG_NETWORK && !*guest->own.network)
		return wr_xml_refuse_at(&at, "network", -EINVAL, "is missing");
	r = make_ids(p, &guest->own.virtualport);
	if (r || guest->own.plug == WEIR_PLUG_NETWORK || !guest->own.virtualport.has)
		return r;
	return wr_xml_check_whole(p, &guest->own.virtualport);
}

static int read_guest(const struct wr_xml_place *p, void *obj)
{
	struct weir_xml_guest *guest = obj;
	int r = read_type(p, guest);

	if (!r)
		r = read_attributes(p, &guest->own);
	if (!r)
		r = check_mac(p, guest);
	if (!r)
		r = read_own(p, guest);
	if (!r)
		r = check_own(p, guest);
	if (!r)
		r = read_actual(p, guest);
	if (!r)
		r = read_items(p, guest);
	if (!r)
		tell_apart(guest);
	return r;
}

/* A copy that owns nothing, with the words about its network taken out or put in. */
static struct weir_port with_network(const struct weir_port *port, const struct weir_port *of)
{
	struct weir_port copy = *port;

	memcpy(copy.network, of->network, sizeof(copy.network));
	memcpy(copy.portgroup, of->portgroup, sizeof(copy.portgroup));
	memcpy(copy.uuid, of->uuid, sizeof(copy.uuid));
	return copy;
}

/* A guest on a network that was not given anything yet repeats what it asks for. */
static void write_actual(const struct weir_xml_guest *guest, struct wr_xml_out *out)
{
	static const struct weir_port nowhere;
	struct weir_port port =
		with_network(guest->has_port ? &guest->port : &guest->own, &nowhere);

	/* The bridge of a network knows of no virtualport. */
	if (port.plug == WEIR_PLUG_NETWORK)
		port.virtualport.has = 0;
	wr_xml_indent(out);
	wr_str_printf(&out->str, "<actual type='%s'", plugs[port.plug % WR_COUNT(plugs)]);
	write_attributes(&port, guest->own.trust_guest_rx_filters, &out->str);
	wr_str_puts(&out->str, ">\n");
	out->indent++;
	wr_xml_write_connection(&port, out);
	out->indent--;
	wr_xml_indent(out);
	wr_str_puts(&out->str, "</actual>\n");
}

static struct weir_port shown(const struct weir_xml_guest *guest, unsigned int form)
{
	static const struct weir_port nowhere;
	struct weir_port port = guest->own;

	if (form & WEIR_XML_LIVE && guest->has_port && guest->port.plug)
		port = with_network(&guest->port,
				    wr_xml_is_hostdev(&guest->port, 0) ? &nowhere : &guest->own);
	if (form & WEIR_XML_INACTIVE)
		*port.uuid = '\0';
	return port;
}

static void write_guest(const void *obj, struct wr_xml_out *out)
{
	const struct weir_xml_guest *guest = obj;
	struct weir_port port = shown(guest, out->flags);
	bool on_network = guest->own.plug == WEIR_PLUG_NETWORK;

	wr_str_printf(&out->str, "<interface type='%s'",
		      port.plug ? plugs[port.plug % WR_COUNT(plugs)] : guest->type);
	write_attributes(&port, guest->own.trust_guest_rx_filters, &out->str);
	wr_str_puts(&out->str, ">\n");
	out->indent++;
	wr_xml_write(&mac, &guest_table, guest, "mac", out);
	write_items(guest, true, out);
	wr_xml_write_connection(&port, out);
	if (out->flags & WEIR_XML_STATUS && on_network)
		write_actual(guest, out);
	write_items(guest, false, out);
	out->indent--;
	wr_str_puts(&out->str, "</interface>\n");
}

const struct wr_xml_element wr_xml_guest = { .read = read_guest, .write = write_guest };

/* --- API ------------------------------------------------------------------------------------------ */

void weir_xml_guest_free(struct weir_xml_guest *guest)
{
	if (!guest)
		return;
	wr_table_free(&guest_table, guest);
	free(guest);
}

static struct weir_xml_guest *new_guest(void)
{
	struct weir_xml_guest *guest = calloc(1, sizeof(*guest));

	if (guest) {
		guest->sz = sizeof(*guest);
		guest->own.sz = guest->port.sz = sizeof(guest->own);
	}
	return guest;
}

int weir_xml_guest_parse(const char *text, size_t len, struct weir_xml_guest **ret,
			 struct weir_error *err)
{
	wr_auto(free) struct weir_xml_guest *guest = new_guest();
	int r;

	if (!guest)
		return wr_nomem(err);
	r = wr_xml_read_text(&wr_xml_guest, &guest_table, "interface", text, len, 0, guest, err);
	if (r)
		return r;
	*ret = wr_take(guest);
	return 0;
}

int weir_xml_guest_format(const struct weir_xml_guest *guest, unsigned int form, char **ret)
{
	if (!(form & (WEIR_XML_LIVE | WEIR_XML_STATUS)))
		form |= WEIR_XML_INACTIVE;
	return wr_xml_write_text(&wr_xml_guest, &guest_table, guest, "interface", form, ret);
}

int weir_xml_guest_json(const struct weir_xml_guest *guest, char **ret)
{
	return wr_json_write(&guest_table, guest, ret);
}

/* They come from anywhere, and must not end the element that they are in. */
static int check_items(const struct weir_xml_guest *guest, struct weir_error *err)
{
	char path[64];

	for (size_t i = 0; i < guest->n_items; i++) {
		const struct weir_xml_item *item = &guest->items[i];
		wr_auto(xmldoc) xmlDoc *doc = NULL;
		const char *text = item->text + strspn(item->text, " ");

		snprintf(path, sizeof(path), "items[%zu].text", i);
		if (wr_xml_load(text, strlen(text), &doc, NULL) || !strncmp(text, "<?", 2) ||
		    strcmp((const char *)xmlDocGetRootElement(doc)->name, item->name) != 0)
			return wr_refuse(err, -EINVAL, "", path, "is no <%s>", item->name);
	}
	return 0;
}

int weir_xml_guest_from_json(const char *text, size_t len, struct weir_xml_guest **ret,
			     struct weir_error *err)
{
	wr_auto(free) struct weir_xml_guest *guest = new_guest();
	int r;

	if (!guest)
		return wr_nomem(err);
	r = wr_json_read(&guest_table, text, len, guest, err);
	if (r)
		return r;
	r = check_items(guest, err);
	if (r) {
		wr_table_free(&guest_table, guest);
		return r;
	}
	*ret = wr_take(guest);
	return 0;
}

static bool has_rate(const struct weir_rate *rate)
{
	return rate->average_bytes_per_s || rate->floor_bytes_per_s;
}

void weir_xml_guest_ask(const struct weir_xml_guest *guest, struct weir_guest *ret)
{
	const struct weir_port *own = &guest->own;

	*ret = (struct weir_guest){
		.sz = sizeof(*ret),
		.portgroup = *own->portgroup ? own->portgroup : NULL,
		.uuid = *own->uuid ? own->uuid : NULL,
		.vlan = own->vlan,
		.virtualport = own->virtualport,
		.has_bandwidth =
			has_rate(&own->bandwidth.inbound) || has_rate(&own->bandwidth.outbound),
		.bandwidth = own->bandwidth,
		.trust_guest_rx_filters = own->trust_guest_rx_filters,
		.isolated = own->isolated,
	};
	memcpy(ret->mac, own->mac, sizeof(ret->mac));
}
