/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * weir pool keep, lease, return, show: ports that are ready before a guest asks
 * (<weir/bulk.h>).
 */
#include <errno.h>
#include <stdlib.h>

#include <weir/bulk.h>

#include "weir.h"

#define MAX_READY 100000

static void show_count(struct tool *t, const char *network)
{
	size_t n = weir_ready_count(t->w, network);

	if (t->is_json)
		out_json(&t->out, json_pack("{s:o, s:I}", "network", json_text(network), "ready", (json_int_t)n));
	else
		out_text(&t->out, "network %s: %zu port%s ready\n", network, n, n == 1 ? "" : "s");
}

int cmd_pool_keep(struct tool *t, const struct args *a)
{
	const struct weir_guest like = { .sz = sizeof(like), .kind = WEIR_PORT_TAP,
					 .portgroup = a->value[OPT_PORTGROUP],
					 .vnet_hdr = a->value[OPT_VNET_HDR] != NULL };
	unsigned long n;

	if (!number_parse(a->words[1], MAX_READY, &n))
		return usage_error(t, "%s is no number from 0 to %d", a->words[1], MAX_READY);
	if (t->is_dry_run)
		return tool_no_plan(t);
	if (weir_ready_keep(t->w, a->words[0], &like, n, &t->err))
		return tool_fail(t, tool_not_found(t, STATUS_FAILED));
	show_count(t, a->words[0]);
	return STATUS_OK;
}

int cmd_pool_lease(struct tool *t, const struct args *a)
{
	struct weir_port port = { .sz = sizeof(port) };
	char *text = NULL, mac[18];
	int r;

	if (t->is_dry_run)
		return tool_no_plan(t);
	if (weir_ready_lease(t->w, a->words[0], a->value[OPT_OWNER], &port, &t->err))
		return tool_fail(t, tool_not_found(t, STATUS_FAILED));
	r = t->is_json ? weir_port_json(&port, &text) : 0;
	if (r) {
		weir_port_done(&port);
		return tool_refuse(t, STATUS_FAILED, r, a->words[0], "out of memory");
	}
	if (t->is_json)
		out_json(&t->out, json_of(text));
	else
		out_text(&t->out, "%s %s\n", port.name, mac_format(port.mac, mac));
	weir_port_done(&port);
	return STATUS_OK;
}

int cmd_pool_return(struct tool *t, const struct args *a)
{
	if (t->is_dry_run)
		return tool_no_plan(t);
	if (weir_ready_return(t->w, a->words[0], a->words[1], &t->err))
		return tool_fail(t, tool_not_found(t, STATUS_FAILED));
	if (t->is_json)
		out_json(&t->out, json_pack("{s:o, s:o, s:b}", "name", json_text(a->words[1]), "network",
					    json_text(a->words[0]), "returned", 1));
	return STATUS_OK;
}

int cmd_pool_show(struct tool *t, const struct args *a)
{
	if (find_network(t, a->words[0]))
		return STATUS_NOT_FOUND;
	show_count(t, a->words[0]);
	return STATUS_OK;
}
