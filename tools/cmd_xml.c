/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * weir xml ...: documents of libvirt and netcf, read and written, without a look
 * at the host. Each prints a document, or an error, and then exits with status 1
 * whatever was wrong, because scripts compare them with other programs.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <weir/xml.h>

#include "weir.h"

/* --- one kind of documents each ------------------------------------------------------- */

/* A document that was read; which member counts, its kind says. */
struct document {
	enum weir_xml_kind kind;
	struct weir_network *network;
	struct weir_port port;
	struct weir_group *group;
	struct weir_xml_guest *guest;
};

static void done(struct document *d)
{
	weir_network_free(d->network);
	weir_port_done(&d->port);
	weir_group_free(d->group);
	weir_xml_guest_free(d->guest);
}

static int parse_xml(struct document *d, const char *text, size_t len, struct weir_error *err)
{
	switch (d->kind) {
	case WEIR_XML_NETWORK:
		return weir_xml_network_parse(text, len, &d->network, err);
	case WEIR_XML_PORT:
		return weir_xml_port_parse(text, len, &d->port, err);
	case WEIR_XML_GROUP:
		return weir_xml_group_parse(text, len, &d->group, err);
	case WEIR_XML_GUEST:
	case WEIR_XML_NONE:
		break;
	}
	return weir_xml_guest_parse(text, len, &d->guest, err);
}

static int parse_json(struct document *d, const char *text, size_t len, struct weir_error *err)
{
	switch (d->kind) {
	case WEIR_XML_NETWORK:
		return weir_network_parse(text, len, &d->network, err);
	case WEIR_XML_PORT:
		return weir_port_parse(text, len, &d->port, err);
	case WEIR_XML_GROUP:
		return weir_group_parse(text, len, &d->group, err);
	case WEIR_XML_GUEST:
	case WEIR_XML_NONE:
		break;
	}
	return weir_xml_guest_from_json(text, len, &d->guest, err);
}

static int format_xml(const struct document *d, unsigned int flags, char **ret,
		      struct weir_error *err)
{
	int r = -ENOMEM;

	switch (d->kind) {
	case WEIR_XML_NETWORK:
		return weir_xml_network_format(d->network, flags, ret, err);
	case WEIR_XML_PORT:
		r = weir_xml_port_format(&d->port, ret);
		break;
	case WEIR_XML_GROUP:
		r = weir_xml_group_format(d->group, ret);
		break;
	case WEIR_XML_GUEST:
	case WEIR_XML_NONE:
		r = weir_xml_guest_format(d->guest, flags, ret);
		break;
	}
	if (r)
		err->code = r;
	return r;
}

static int format_json(const struct document *d, char **ret)
{
	switch (d->kind) {
	case WEIR_XML_NETWORK:
		return weir_network_json(d->network, ret);
	case WEIR_XML_PORT:
		return weir_port_json(&d->port, ret);
	case WEIR_XML_GROUP:
		return weir_group_json(d->group, ret);
	case WEIR_XML_GUEST:
	case WEIR_XML_NONE:
		break;
	}
	return weir_xml_guest_json(d->guest, ret);
}

static size_t left_out_of(const struct document *d, unsigned int form, const char *text, size_t len)
{
	struct weir_error err = WEIR_ERROR_INIT;
	char *canonical = NULL, *lines = NULL;
	size_t n = 0;

	if (!format_xml(d, form, &canonical, &err) && !weir_xml_left_out(text, len, canonical, &lines, NULL))
		n = strlen(lines);
	free(canonical);
	free(lines);
	return n;
}

/* A guest's interface is in the form that leaves out least; what a stored one would not keep is no mistake. */
static unsigned int form_of(const struct document *d, const char *text, size_t len)
{
	if (d->kind != WEIR_XML_GUEST)
		return 0;
	return left_out_of(d, WEIR_XML_STATUS, text, len) < left_out_of(d, WEIR_XML_LIVE, text, len) ?
		       WEIR_XML_STATUS : WEIR_XML_LIVE;
}

static void tell_ignored(const struct document *d, const char *file, const char *text, size_t len)
{
	struct weir_error err = WEIR_ERROR_INIT;
	char *canonical = NULL;

	if (!format_xml(d, form_of(d, text, len), &canonical, &err))
		tell_left_out(file, text, len, canonical);
	free(canonical);
}

/* --- from a file to the output ----------------------------------------------------------- */

/* Of kind NONE: of whatever kind the file is. */
static int read_document(struct tool *t, const char *file, enum weir_xml_kind kind,
			 struct document *ret)
{
	char *text = NULL;
	size_t len = 0;
	int r = tool_read_text(t, file, STATUS_FAILED, &text, &len);

	if (r)
		return r;
	*ret = (struct document){ .kind = kind ? kind : weir_xml_kind_of(text, len) };
	if (ret->kind)
		r = parse_xml(ret, text, len, &t->err);
	else
		r = tool_refuse(t, STATUS_FAILED, -EINVAL, file,
				"is no document that is known here");
	if (!r)
		tell_ignored(ret, file, text, len);
	free(text);
	if (r && ret->kind)
		return tool_fail_in(t, file, STATUS_FAILED);
	return r;
}

static int put_text(struct tool *t, int r, char *text)
{
	if (r)
		return tool_fail(t, STATUS_FAILED);
	out_text(&t->out, "%s", text);
	free(text);
	return STATUS_OK;
}

static int put_xml(struct tool *t, const struct document *d, unsigned int flags)
{
	char *text = NULL;
	int r = format_xml(d, flags, &text, &t->err);

	return put_text(t, r, text);
}

static int canonical(struct tool *t, const char *file, enum weir_xml_kind kind, unsigned int flags)
{
	struct document d;
	int r = read_document(t, file, kind, &d);

	if (r)
		return r;
	r = put_xml(t, &d, flags);
	done(&d);
	return r;
}

int cmd_xml_network(struct tool *t, const struct args *a)
{
	return canonical(t, a->words[0], WEIR_XML_NETWORK,
			 a->value[OPT_INACTIVE] ? WEIR_XML_INACTIVE : 0);
}

int cmd_xml_port(struct tool *t, const struct args *a)
{
	return canonical(t, a->words[0], WEIR_XML_PORT, 0);
}

int cmd_xml_interface(struct tool *t, const struct args *a)
{
	return canonical(t, a->words[0], WEIR_XML_GROUP, 0);
}

int cmd_xml_guest(struct tool *t, const struct args *a)
{
	if (a->value[OPT_LIVE] && a->value[OPT_STATUS])
		return usage_error(t, "--live and --status exclude each other");
	return canonical(t, a->words[0], WEIR_XML_GUEST,
			 a->value[OPT_LIVE]   ? WEIR_XML_LIVE :
			 a->value[OPT_STATUS] ? WEIR_XML_STATUS :
						0);
}

/* The one thing about a definition that libvirt looks up on the host. */
static int check_pool(struct weir_network *net, struct weir_error *err)
{
	for (size_t i = 0;
	     net->forward.mode == WEIR_FORWARD_HOSTDEV && i < net->forward.n_addresses; i++) {
		const char *pci = net->forward.addresses[i].pci;
		char *path = xformat("/sys/bus/pci/devices/%s/physfn", pci);
		bool is_vf = !access(path, F_OK);

		free(path);
		if (is_vf)
			continue;
		err->code = -ENODEV;
		err->stage = WEIR_STAGE_INPUT;
		snprintf(err->object, sizeof(err->object), "network %.40s", net->name);
		snprintf(err->attr, sizeof(err->attr), "forward.addresses[%zu]", i);
		snprintf(err->msg, sizeof(err->msg), "%.40s is no virtual function of this host",
			 pci);
		return err->code;
	}
	return 0;
}

int cmd_xml_define(struct tool *t, const struct args *a)
{
	struct document d;
	int r = read_document(t, a->words[0], WEIR_XML_NETWORK, &d);

	if (r)
		return r;
	if (weir_network_check_as(d.network, WEIR_CHECK_COMPATIBLE, &t->err) ||
	    check_pool(d.network, &t->err))
		r = tool_fail_in(t, a->words[0], STATUS_FAILED);
	else
		r = put_xml(t, &d, 0);
	done(&d);
	return r;
}

/* --- update ------------------------------------------------------------------------------------ */

/* The text as the library wants it: ended by a zero byte. */
static int update(struct tool *t, struct weir_network *net, struct weir_update *u, const char *file)
{
	char *text = NULL, *xml;
	void *item = NULL;
	size_t len = 0;
	int r = tool_read_text(t, file, STATUS_FAILED, &text, &len);

	if (r)
		return r;
	xml = xformat("%.*s", (int)len, text ? text : "");
	r = tool_xml_item(t, file, u, xml, &item);
	u->item = item;
	if (!r)
		r = weir_network_update_definition(net, u, WEIR_UPDATE_COMPATIBLE, &t->err);
	if (r)
		r = tool_fail_in(t, file, STATUS_FAILED);
	weir_update_item_free((enum weir_section)u->section, item);
	free(text);
	free(xml);
	return r;
}

int cmd_xml_update(struct tool *t, const struct args *a)
{
	struct weir_update u;
	struct document d;
	int r = update_options(t, a, &u);

	if (!r)
		r = read_document(t, a->words[0], WEIR_XML_NETWORK, &d);
	if (r)
		return r;
	r = update(t, d.network, &u, a->words[1]);
	if (!r)
		r = put_xml(t, &d, 0);
	done(&d);
	return r;
}

/* --- JSON ----------------------------------------------------------------------------------- */

int cmd_xml_json(struct tool *t, const struct args *a)
{
	struct document d;
	char *text = NULL;
	int r = read_document(t, a->words[0], WEIR_XML_NONE, &d);

	if (r)
		return r;
	r = t->err.code = format_json(&d, &text);
	r = put_text(t, r, text);
	done(&d);
	return r;
}

static enum weir_xml_kind kind_named(const char *name)
{
	static const char *const names[] = { "", "network", "port", "interface", "guest" };

	for (size_t i = 1; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(name, names[i]))
			return (enum weir_xml_kind)i;
	return WEIR_XML_NONE;
}

static void tell_what_is_lost(const char *file, const struct document *d, const char *xml)
{
	struct document back = { .kind = d->kind };
	struct weir_error err = WEIR_ERROR_INIT;
	char *is = NULL, *was = NULL;

	if (d->kind != WEIR_XML_GUEST && !parse_xml(&back, xml, strlen(xml), &err)) {
		if (!format_json(d, &was) && !format_json(&back, &is))
			tell_lost_in_xml(file, was, is);
		free(was);
		free(is);
		done(&back);
	}
}

int cmd_xml_from_json(struct tool *t, const struct args *a)
{
	struct document d = { .kind = kind_named(a->words[0]) };
	char *text = NULL;
	size_t len = 0;
	int r;

	if (!d.kind)
		return usage_error(t, "KIND is network, port, interface or guest");
	r = tool_read_text(t, a->words[1], STATUS_FAILED, &text, &len);
	if (r)
		return r;
	r = parse_json(&d, text, len, &t->err);
	free(text);
	if (r)
		return tool_fail_in(t, a->words[1], STATUS_FAILED);
	r = format_xml(&d, d.guest && d.guest->has_port ? WEIR_XML_STATUS : 0, &text, &t->err);
	if (!r)
		tell_what_is_lost(a->words[1], &d, text);
	r = put_text(t, r, text);
	done(&d);
	return r;
}

/* --- dnsmasq ----------------------------------------------------------------------------------- */

/* Line by line; behind the line "# weir:" each becomes a comment. */
static void put_config(struct tool *t, const char *conf)
{
	bool is_own = false;

	for (size_t len; *conf; conf += len + (conf[len] == '\n')) {
		len = strcspn(conf, "\n");
		out_text(&t->out, "%s%.*s\n", is_own ? "# " : "", (int)len, conf);
		is_own |= len == 7 && !strncmp(conf, "# weir:", 7);
	}
}

int cmd_xml_dnsmasq(struct tool *t, const struct args *a)
{
	char *conf = NULL, *hosts = NULL;
	struct document d;
	int r = read_document(t, a->words[0], WEIR_XML_NETWORK, &d);

	if (r)
		return r;
	if (weir_network_dnsmasq(d.network, NULL, &conf, &hosts, &t->err))
		r = tool_fail_in(t, a->words[0], STATUS_FAILED);
	else if (a->value[OPT_HOSTS])
		out_text(&t->out, "%s", hosts);
	else
		put_config(t, conf);
	free(conf);
	free(hosts);
	done(&d);
	return r;
}
