/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * weir link list, show: links as the kernel has them, ours and everybody's. Only
 * reads. What a kind's settings are called is the library's business
 * (weir_link_text(), weir_link_json()).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "weir.h"

#define LINE_WIDTH 84

/*
 * One word for flags and operational state: what somebody set to up and has no
 * carrier is not "down", and what never leaves "unknown" (loopback, a tap) is up.
 */
static const char *state_of(const struct weir_link *l)
{
	static const char *const names[] = {
		[1] = "notpresent", [3] = "lowerlayerdown", [4] = "testing", [5] = "dormant"
	};

	if (!l->is_up)
		return "down";
	if ((l->has & WEIR_LINK_OPERSTATE) && l->operstate < 6 && names[l->operstate])
		return names[l->operstate];
	return (l->has & WEIR_LINK_CARRIER) && !l->has_carrier ? "no-carrier" : "up";
}

static enum tint tint_of(const struct weir_link *l)
{
	if (!l->is_up)
		return TINT_DIM;
	return !strcmp(state_of(l), "up") ? TINT_GREEN : TINT_YELLOW;
}

static const char *kind_of(const struct weir_link *l)
{
	return l->has & WEIR_LINK_KIND ? l->kind_name : "device";
}

static bool is_ours(const struct weir_link *l)
{
	return (l->has & WEIR_LINK_GROUP_SET) && l->group == WEIR_LINK_GROUP;
}

/* The name of a link by its index, for a column; its number if it is not to be seen. */
static char *name_of(struct tool *t, uint32_t ifindex, const struct weir_link *list, size_t n)
{
	struct weir_link link = { .sz = sizeof(link) };

	for (size_t i = 0; i < n; i++)
		if ((uint32_t)list[i].ifindex == ifindex)
			return xformat("%s", list[i].name);
	if (!weir_link_get(t->w, (int)ifindex, NULL, &link, NULL))
		return xformat("%s", link.name);
	return xformat("#%u", (unsigned int)ifindex);
}

/* --- list ------------------------------------------------------------------------- */

static void list_as_json(struct tool *t, const struct weir_link *list, size_t n)
{
	json_t *array = json_array();

	for (size_t i = 0; i < n; i++) {
		char *text = NULL;

		if (!weir_link_json(&list[i], &text))
			json_array_append_new(array, json_of(text));
	}
	out_json(&t->out, array);
}

static void add_row(struct tool *t, struct table *table, const struct weir_link *list, size_t n,
		    const struct weir_link *l)
{
	bool has_master = (l->has & WEIR_LINK_MASTER) && l->master;
	char *master = has_master ? name_of(t, l->master, list, n) : NULL;
	char mac[18];

	table_cell(table, TINT_NONE, "%d", l->ifindex);
	table_cell(table, TINT_NONE, "%s", l->name);
	table_cell(table, TINT_NONE, "%s", kind_of(l));
	table_cell(table, tint_of(l), "%s", state_of(l));
	table_cell(table, TINT_NONE, "%s", master ? master : "");
	table_cell(table, TINT_NONE, "%u", (unsigned int)l->mtu);
	table_cell(table, TINT_NONE, "%s", l->has & WEIR_LINK_MAC ? mac_format(l->mac, mac) : "");
	table_cell(table, TINT_NONE, "%s", is_ours(l) ? "yes" : "");
	free(master);
}

static void list_as_table(struct tool *t, const struct weir_link *list, size_t n)
{
	static const char *const heads[] = { "INDEX",  "NAME", "KIND", "STATE",
					     "MASTER", "MTU",  "MAC",  "OURS" };
	struct table *table = table_new(heads, 8);

	for (size_t i = 0; i < n; i++)
		add_row(t, table, list, n, &list[i]);
	table_print(table, &t->out);
}

int cmd_link_list(struct tool *t, const struct args *a)
{
	struct weir_link_filter filter = { .sz = sizeof(filter), .kind = a->value[OPT_KIND] };
	struct weir_link master = { .sz = sizeof(master) }, *list = NULL;
	const char *master_name = a->value[OPT_MASTER];
	size_t n = 0;

	if (master_name && weir_link_get(t->w, 0, master_name, &master, &t->err))
		return tool_fail(t, tool_not_found(t, STATUS_FAILED));
	filter.master = (uint32_t)master.ifindex;
	filter.group = a->value[OPT_OURS] ? WEIR_LINK_GROUP : 0;
	if (weir_link_list(t->w, &filter, &list, &n, &t->err))
		return tool_fail(t, STATUS_FAILED);
	if (t->is_json)
		list_as_json(t, list, n);
	else
		list_as_table(t, list, n);
	free(list);
	return STATUS_OK;
}

/* --- show ------------------------------------------------------------------------- */

static void show_place(struct tool *t, const struct weir_link *l)
{
	char *name;

	if ((l->has & WEIR_LINK_MASTER) && l->master) {
		name = name_of(t, l->master, NULL, 0);
		out_pair(&t->out, "master", "%s%s%s%s", name,
			 l->has & WEIR_LINK_PORT_KIND ? " (" : "", l->port_kind,
			 l->has & WEIR_LINK_PORT_KIND ? ")" : "");
		free(name);
	}
	if ((l->has & WEIR_LINK_LOWER) && l->lower) {
		/* A pair's other end may be in another namespace, where its index means nothing here. */
		if (l->kind == WEIR_LINK_VETH)
			out_pair(&t->out, "peer index", "%u", (unsigned int)l->lower);
		else {
			name = name_of(t, l->lower, NULL, 0);
			out_pair(&t->out, "lower", "%s", name);
			free(name);
		}
	}
}

/* The settings are one long line: broken where a word ends. */
static void show_settings(struct out *o, const char *text)
{
	const char *key = "settings";

	while (*text) {
		size_t len = strlen(text), cut = len;

		if (len > LINE_WIDTH) {
			for (cut = LINE_WIDTH; cut && text[cut] != ' '; cut--)
				;
			cut = cut ? cut : len;
		}
		out_pair(o, key, "%.*s", (int)cut, text);
		text += cut + (text[cut] == ' ');
		key = NULL;
	}
}

static void show(struct tool *t, const struct weir_link *l, const char *settings)
{
	struct out *o = &t->out;
	char mac[18];

	out_pair(o, "link", "%s", l->name);
	out_pair(o, "index", "%d", l->ifindex);
	out_pair(o, "kind", "%s", kind_of(l));
	out_pair_tinted(o, "state", tint_of(l), state_of(l));
	if (l->has & WEIR_LINK_MAC)
		out_pair(o, "mac", "%s", mac_format(l->mac, mac));
	show_place(t, l);
	if (l->has & WEIR_LINK_ALIAS)
		out_pair(o, "alias", "%s", l->alias);
	out_pair(o, "made by weir", "%s", is_ours(l) ? "yes" : "no");
	show_settings(o, settings);
}

int cmd_link_show(struct tool *t, const struct args *a)
{
	struct weir_link link;
	char *text = NULL;
	int r = tool_find_link(t, a->words[0], &link);

	if (r)
		return r;
	r = t->is_json ? weir_link_json(&link, &text) : weir_link_text(&link, &text);
	if (r)
		return tool_refuse(t, STATUS_FAILED, r, a->words[0], "out of memory");
	if (t->is_json)
		out_json(&t->out, json_of(text));
	else
		show(t, &link, text);
	if (!t->is_json)
		free(text);
	return STATUS_OK;
}
