/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * weir net define, undefine, start, stop, reload, list: what happens to a network
 * as a whole. Each is one transaction with one builder; the guests' ports are in
 * cmd_port.c, what a network looks like is in cmd_show.c.
 */
#include <errno.h>
#include <stdlib.h>

#include "weir.h"

int ovs_for_networks(struct tool *t)
{
	const char *path = getenv("WEIR_OVS_DB");

	if (!path || !*path || !weir_network_use_ovs(t->w, path, &t->err))
		return STATUS_OK;
	return tool_fail(t, STATUS_FAILED);
}

/* --- what has become of it -------------------------------------------------------- */

static json_t *json_network(const char *name, const char *bridge, const char *mode, bool is_active)
{
	return json_pack("{s:o, s:s?, s:s?, s:b}", "name", json_text(name), "bridge",
			 bridge && *bridge ? bridge : NULL, "mode", mode, "active", is_active);
}

/* Reads what is now there, so that names that were made up are shown too. @list: of several, or NULL. */
static void report_there(struct tool *t, json_t *list, const char *name, int which, const char *verb)
{
	struct weir_network *net = NULL;
	const char *bridge = NULL, *mode = NULL;

	if (!weir_network_get(t->w, name, which, &net, NULL)) {
		bridge = net->bridge.name;
		mode = mode_name(net->forward.mode);
	}
	if (list)
		json_array_append_new(list, json_network(name, bridge, mode, which == WEIR_NETWORK_LIVE));
	else if (t->is_json)
		out_json(&t->out, json_network(name, bridge, mode, which == WEIR_NETWORK_LIVE));
	else if (bridge && *bridge)
		out_text(&t->out, "network %s %s on bridge %s\n", name, verb, bridge);
	else
		out_text(&t->out, "network %s %s\n", name, verb);
	weir_network_free(net);
}

static void report_gone(struct tool *t, const char *name, const char *verb)
{
	if (t->is_json)
		out_json(&t->out, json_pack("{s:o, s:b}", "name", json_text(name), verb, 1));
	else
		out_text(&t->out, "network %s %s\n", name, verb);
}

/* --- commands with one builder ----------------------------------------------------- */

static int define(struct tool *t, const struct weir_network *net)
{
	struct weir_txn *txn;
	int status = tool_begin(t, &txn, "define network %s", net->name);

	if (status)
		return status;
	weir_txn_network_define(txn, net);
	return tool_commit(t, txn, STATUS_FAILED);
}

int cmd_net_define(struct tool *t, const struct args *a)
{
	struct weir_network *net = NULL;
	int status = tool_read_network(t, a->words[0], &net);

	if (status)
		return status;
	status = define(t, net);
	if (!status && !t->is_dry_run)
		report_there(t, NULL, net->name, WEIR_NETWORK_CONFIG, "defined");
	weir_network_free(net);
	return status;
}

static int by_name(struct tool *t, const char *name, const char *verb,
		   int (*builder)(struct weir_txn *txn, const char *name))
{
	struct weir_txn *txn;
	int status = tool_begin(t, &txn, "%s network %s", verb, name);

	if (status)
		return status;
	builder(txn, name);
	return tool_commit(t, txn, STATUS_NOT_FOUND);
}

int cmd_net_undefine(struct tool *t, const struct args *a)
{
	int status = by_name(t, a->words[0], "undefine", weir_txn_network_undefine);

	if (!status && !t->is_dry_run)
		report_gone(t, a->words[0], "undefined");
	return status;
}

int cmd_net_stop(struct tool *t, const struct args *a)
{
	int status = by_name(t, a->words[0], "stop", weir_txn_network_stop);

	if (!status && !t->is_dry_run)
		report_gone(t, a->words[0], "stopped");
	return status;
}

int cmd_net_reload(struct tool *t, const struct args *a)
{
	int status = by_name(t, a->words[0], "reload", weir_txn_network_reload);

	if (!status && !t->is_dry_run)
		report_there(t, NULL, a->words[0], WEIR_NETWORK_LIVE, "reloaded");
	return status;
}

/* --- start ------------------------------------------------------------------------ */

/*
 * @net points to NULL: the stored one of that name, which is read within the transaction: before it, another tool may be changing
 * it, or one that was killed is not undone yet.
 */
static int start(struct tool *t, const char *name, struct weir_network **net)
{
	struct weir_txn *txn;
	int status = tool_begin(t, &txn, "start network %s", name);

	if (status)
		return status;
	if (!*net && weir_network_get(t->w, name, WEIR_NETWORK_CONFIG, net, &t->err)) {
		weir_txn_abort(txn);
		return tool_fail(t, tool_not_found(t, STATUS_FAILED));
	}
	weir_txn_network_start(txn, *net);
	/* -ENOENT is dnsmasq here: the definition has been found. */
	return tool_commit(t, txn, STATUS_FAILED);
}

/* Each in a transaction of its own: one that fails keeps no other from being started, nor from being told. */
static int start_marked(struct tool *t)
{
	json_t *started = t->is_json && !t->is_dry_run ? json_array() : NULL;
	struct weir_network_entry *list = NULL;
	int worst = STATUS_OK, status;
	size_t n = 0;

	if (weir_network_list(t->w, &list, &n, &t->err))
		return tool_fail(t, STATUS_FAILED);
	for (size_t i = 0; i < n; i++) {
		struct weir_network *net = NULL;

		if (!list[i].is_autostart || list[i].is_active)
			continue;
		status = start(t, list[i].name, &net);
		if (!status && !t->is_dry_run)
			report_there(t, started, net->name, WEIR_NETWORK_LIVE, "started");
		worst = status ? status : worst;
		weir_network_free(net);
	}
	free(list);
	if (started)
		out_json(&t->out, started);
	if (worst)
		out_flush(&t->out);
	return worst;
}

int cmd_net_start(struct tool *t, const struct args *a)
{
	const char *file = a->value[OPT_TRANSIENT];
	struct weir_network *net = NULL;
	int status = STATUS_OK;

	if (a->value[OPT_ALL])
		return a->n_words || file ? usage_error(t, "--autostart starts all, not %s", file ? file : a->words[0]) :
					    start_marked(t);
	if (!!file == (a->n_words == 1))
		return usage_error(t, "either NET or --transient FILE is needed");
	if (file)
		status = tool_read_network(t, file, &net);
	if (!status)
		status = start(t, file ? net->name : a->words[0], &net);
	if (!status && !t->is_dry_run)
		report_there(t, NULL, net->name, WEIR_NETWORK_LIVE, "started");
	weir_network_free(net);
	return status;
}

/* --- autostart -------------------------------------------------------------------- */

int cmd_net_autostart(struct tool *t, const struct args *a)
{
	bool on = !a->value[OPT_OFF];
	struct weir_txn *txn;
	int status = tool_begin(t, &txn, "autostart of network %s", a->words[0]);

	if (status)
		return status;
	weir_txn_network_autostart(txn, a->words[0], on);
	status = tool_commit(t, txn, STATUS_NOT_FOUND);
	if (status || t->is_dry_run)
		return status;
	if (t->is_json)
		out_json(&t->out, json_pack("{s:o, s:b}", "name", json_text(a->words[0]), "autostart", on));
	else
		out_text(&t->out, "network %s %s when the host boots\n", a->words[0],
			 on ? "is started" : "is not started");
	return STATUS_OK;
}

/* --- list ------------------------------------------------------------------------- */

static const char *state_of(const struct weir_network_entry *e, enum tint *ret_tint)
{
	*ret_tint = e->is_damaged || e->bridge_missing ? TINT_RED : e->is_active ? TINT_GREEN : TINT_DIM;
	return e->is_damaged ? "damaged" : e->bridge_missing ? "broken" : e->is_active ? "active" : "inactive";
}

/* NULL: nobody can tell. */
static const char *list_mode(const struct weir_network_entry *e)
{
	return e->is_damaged && !*e->bridge ? NULL : mode_name(e->mode);
}

static void list_as_json(struct tool *t, const struct weir_network_entry *list, size_t n)
{
	json_t *array = json_array();

	for (size_t i = 0; i < n; i++) {
		json_t *entry = json_network(list[i].name, list[i].bridge, list_mode(&list[i]), list[i].is_active);

		json_object_set_new(entry, "persistent", json_boolean(list[i].is_persistent));
		json_object_set_new(entry, "bridge_missing", json_boolean(list[i].bridge_missing));
		json_object_set_new(entry, "damaged", json_boolean(list[i].is_damaged));
		json_object_set_new(entry, "autostart", json_boolean(list[i].is_autostart));
		json_object_set_new(entry, "ports", json_integer(list[i].n_ports));
		json_object_set_new(entry, "ports_left", list[i].n_ports_left == WEIR_ROOM_UNLIMITED ?
			json_null() : json_integer(list[i].n_ports_left));
		json_array_append_new(array, entry);
	}
	out_json(&t->out, array);
}

static void list_as_table(struct tool *t, const struct weir_network_entry *list, size_t n)
{
	static const char *const heads[] = { "NAME", "STATE", "MODE", "BRIDGE", "PORTS", "STORED" };
	struct table *table = table_new(heads, 6);

	for (size_t i = 0; i < n; i++) {
		enum tint tint;
		const char *state = state_of(&list[i], &tint), *mode = list_mode(&list[i]);

		table_cell(table, TINT_NONE, "%s", list[i].name);
		table_cell(table, tint, "%s", state);
		table_cell(table, TINT_NONE, "%s", mode ? mode : "");
		table_cell(table, TINT_NONE, "%s", list[i].bridge);
		table_cell(table, TINT_NONE, "%u", (unsigned int)list[i].n_ports);
		table_cell(table, TINT_NONE, "%s", list[i].is_persistent ? "yes" : "no");
	}
	table_print(table, &t->out);
}

int cmd_net_list(struct tool *t, const struct args *a)
{
	struct weir_network_entry *list = NULL;
	size_t n = 0;

	if (weir_network_list(t->w, &list, &n, &t->err))
		return tool_fail(t, STATUS_FAILED);
	if (t->is_json)
		list_as_json(t, list, n);
	else
		list_as_table(t, list, n);
	free(list);
	return STATUS_OK;
}
