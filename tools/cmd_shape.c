/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* weir shape, shape show, clear: bandwidth of ports, ours and everybody's. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <weir/tc.h>

#include "weir.h"

/* --- setting -------------------------------------------------------------------------- */

static int read_limits(struct tool *t, const char *option, const char *text, struct weir_rate *ret)
{
	int status = limits_read(t, option, text, ret);

	if (!status && ret->floor_bytes_per_s)
		return usage_error(t, "%s: a floor is a network's to give: weir net attach", option);
	return status;
}

/* The number behind @word, which is one of @name's from 1 on; 0 if there is no word, -1 if it is none. */
static int number_of(const char *word, const char *(*name)(int i), int n)
{
	for (int i = 1; word && i < n; i++)
		if (!strcmp(word, name(i)))
			return i;
	return word ? -1 : 0;
}

static const char *method_at(int i)
{
	return weir_shape_method_name((enum weir_shape_method)i);
}

static const char *qdisc_at(int i)
{
	return weir_qdisc_name((enum weir_qdisc)i);
}

static const char *leaf_at(int i)
{
	return weir_leaf_name((enum weir_leaf)i);
}

static int read_options(struct tool *t, const struct args *a, struct weir_shape_options *ret)
{
	const int method = number_of(a->value[OPT_METHOD], method_at, WEIR_SHAPE_BLOCK + 1);
	const int qdisc = number_of(a->value[OPT_QDISC], qdisc_at, WEIR_QDISC_TBF + 1);
	const int leaf = number_of(a->value[OPT_LEAF], leaf_at, WEIR_LEAF_DEFAULT + 1);

	if (method < 0)
		return usage_error(t, "--method takes skbedit, block, bpf, ifb or police, not %s", a->value[OPT_METHOD]);
	if (qdisc < 0)
		return usage_error(t, "--qdisc takes htb or tbf, not %s", a->value[OPT_QDISC]);
	if (leaf < 0)
		return usage_error(t, "--leaf takes fq_codel, sfq or default, not %s", a->value[OPT_LEAF]);
	if (!a->value[OPT_INBOUND] && !a->value[OPT_OUTBOUND])
		return usage_error(t, "--inbound or --outbound is missing");
	*ret = (struct weir_shape_options){
		.sz = sizeof(*ret),
		.method = (enum weir_shape_method)method,
		.qdisc = (enum weir_qdisc)qdisc,
		.leaf = (enum weir_leaf)leaf,
		.replace = a->value[OPT_REPLACE] != NULL,
	};
	return STATUS_OK;
}

static void keep_side(const struct weir_rate *now, const char *asked, struct weir_rate *ret)
{
	if (asked)
		ret->floor_bytes_per_s = now->floor_bytes_per_s;
	else
		*ret = *now;
}

/*
 * What is not asked for stays as it is. Asked within the transaction: before it, another tool may be changing it, or
 * one that was killed is not undone yet.
 */
static int keep_limits(struct tool *t, const struct args *a, int ifindex, struct weir_bandwidth *ret,
		       uint32_t *ret_floor_class)
{
	struct weir_shape now = { .sz = sizeof(now) };
	int r = weir_shape_get(t->w, ifindex, &now, &t->err);

	if (r)
		return r == -ENOENT ? STATUS_OK : tool_fail(t, tool_not_found(t, STATUS_FAILED));
	keep_side(&now.inbound.limits, a->value[OPT_INBOUND], &ret->inbound);
	keep_side(&now.outbound.limits, a->value[OPT_OUTBOUND], &ret->outbound);
	*ret_floor_class = now.floor_class;
	return STATUS_OK;
}

static void say_limits(struct tool *t, const char *port, const struct weir_bandwidth *b,
		       const struct weir_shape *shape)
{
	char *inbound = limits_text(&b->inbound), *outbound = limits_text(&b->outbound);

	if (t->is_json)
		out_json(&t->out, json_pack("{s:s, s:s, s:s, s:s}", "port", port, "qdisc", weir_qdisc_name(shape->qdisc),
					    "method", weir_shape_method_name(shape->method), "ifb", shape->ifb_name));
	else
		out_text(&t->out, "port %s: inbound %s, outbound %s%s%s\n", port, inbound, outbound,
			 shape->method ? ", by " : "",
			 shape->method ? weir_shape_method_name(shape->method) : "");
	free(inbound);
	free(outbound);
}

int cmd_shape(struct tool *t, const struct args *a)
{
	struct weir_shape shape = { .sz = sizeof(shape) };
	struct weir_bandwidth b = { .inbound = { .floor_bytes_per_s = 0 } };
	struct weir_shape_options options;
	struct weir_link port;
	struct weir_txn *txn;
	int status = read_options(t, a, &options);

	if (!status)
		status = tool_find_link(t, a->words[0], &port);
	if (!status)
		status = read_limits(t, "--inbound", a->value[OPT_INBOUND], &b.inbound);
	if (!status)
		status = read_limits(t, "--outbound", a->value[OPT_OUTBOUND], &b.outbound);
	if (!status)
		status = tool_begin(t, &txn, "shape %s", port.name);
	if (status)
		return status;
	status = keep_limits(t, a, port.ifindex, &b, &options.floor_class);
	if (status) {
		weir_txn_abort(txn);
		return status;
	}
	if (!feature_limits(t, txn, &port, &b, &options, &shape))
		weir_txn_shape_set(txn, port.ifindex, port.name, &b, &options, &shape);
	status = tool_commit(t, txn, STATUS_NOT_FOUND);
	if (!status && !t->is_dry_run)
		say_limits(t, port.name, &b, &shape);
	return status;
}

int cmd_shape_clear(struct tool *t, const struct args *a)
{
	static const struct weir_bandwidth none;
	struct weir_link port;
	struct weir_txn *txn;
	int status = tool_find_link(t, a->words[0], &port);

	if (!status)
		status = tool_begin(t, &txn, "clear %s", port.name);
	if (status)
		return status;
	if (!feature_limits(t, txn, &port, &none, NULL, NULL))
		weir_txn_shape_clear(txn, port.ifindex, port.name, NULL);
	status = tool_commit(t, txn, STATUS_NOT_FOUND);
	if (!status && !t->is_dry_run && t->is_json)
		out_json(&t->out, json_pack("{s:s}", "port", port.name));
	else if (!status && !t->is_dry_run)
		out_text(&t->out, "port %s has no limits\n", port.name);
	return status;
}

/* --- showing ---------------------------------------------------------------------------- */

/* One row for each direction of a port. */
struct row {
	const struct weir_shape *shape;
	const struct weir_shape_side *side;
	const char *direction;
	uint64_t rate_bytes_per_s;	/* measured */
};

/* What arrives by the link goes through the filter, what leaves by it through its own class. */
static bool is_by_filter(const struct row *r)
{
	return (r->side == &r->shape->outbound) != r->shape->is_guest_side;
}

static void put_row(struct table *table, const struct row *r, bool measured)
{
	const struct weir_shape_side *s = r->side;
	const struct weir_shape *p = r->shape;
	const bool by_filter = is_by_filter(r);
	char *limits = limits_text(&s->limits), *rate = rate_text(r->rate_bytes_per_s);

	table_cell(table, TINT_NONE, "%s", p->name);
	table_cell(table, TINT_NONE, "%s", r->direction);
	table_cell(table, TINT_NONE, "%s", limits);
	table_cell(table, TINT_NONE, "%s", by_filter ? weir_shape_method_name(p->method) : weir_qdisc_name(p->qdisc));
	table_cell(table, TINT_NONE, "%s", by_filter && p->ifb_ifindex ? p->ifb_name : p->name);
	table_cell(table, TINT_NONE, "%s", weir_leaf_name(s->leaf));
	table_cell(table, TINT_NONE, "%llu", (unsigned long long)s->bytes);
	table_cell(table, TINT_NONE, "%llu", (unsigned long long)s->packets);
	table_cell(table, s->drops ? TINT_YELLOW : TINT_NONE, "%llu", (unsigned long long)s->drops);
	table_cell(table, TINT_NONE, "%llu", (unsigned long long)s->overlimits);
	if (measured)
		table_cell(table, TINT_NONE, "%s", rate);
	free(limits);
	free(rate);
}

static void show_table(struct tool *t, const struct row *rows, size_t n, bool measured)
{
	static const char *const heads[] = { "PORT",  "DIRECTION", "LIMITS",	 "METHOD", "ON",  "LEAF",
					     "BYTES", "PACKETS",   "DROPS", "OVERLIMITS", "RATE" };
	struct table *table = table_new(heads, measured ? 11 : 10);

	for (size_t i = 0; i < n; i++)
		put_row(table, &rows[i], measured);
	table_print(table, &t->out);
}

/* All numbers are bytes and bytes per second, as they are inside. */
static json_t *row_json(const struct row *r, bool measured)
{
	const struct weir_shape_side *s = r->side;
	const bool by_filter = is_by_filter(r);
	json_t *j = json_pack("{s:s, s:s, s:s, s:s, s:s}", "port", r->shape->name, "direction", r->direction, "method",
			      by_filter ? weir_shape_method_name(r->shape->method) : weir_qdisc_name(r->shape->qdisc), "on",
			      by_filter && r->shape->ifb_ifindex ? r->shape->ifb_name : r->shape->name, "leaf",
			      weir_leaf_name(s->leaf));
	const struct { const char *key; uint64_t value; bool is_shown; } numbers[] = {
		{ "average", s->limits.average_bytes_per_s, true }, { "peak", s->limits.peak_bytes_per_s, true },
		{ "burst", s->limits.burst_bytes, true },
		{ "floor", s->limits.floor_bytes_per_s, s->limits.floor_bytes_per_s }, { "bytes", s->bytes, true },
		{ "packets", s->packets, true }, { "drops", s->drops, true },
		{ "overlimits", s->overlimits, true }, { "backlog", s->backlog_bytes, true },
		{ "rate", r->rate_bytes_per_s, measured },
	};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (numbers[i].is_shown)	/* an integer of jansson's has a sign, a real number has room */
			json_object_set_new(j, numbers[i].key,
					    json_of(xformat("%llu%s", (unsigned long long)numbers[i].value,
							    numbers[i].value > INT64_MAX ? ".0" : "")));
	return j;
}

static void show_json(struct tool *t, const struct row *rows, size_t n, bool measured)
{
	json_t *array = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(array, row_json(&rows[i], measured));
	out_json(&t->out, array);
}

static int read_shapes(struct tool *t, const struct args *a, struct weir_shape **ret, size_t *ret_n)
{
	struct weir_link port;
	int status = a->n_words ? tool_find_link(t, a->words[0], &port) : STATUS_OK;

	if (status)
		return status;
	if (!a->n_words)
		return weir_shape_list(t->w, ret, ret_n, &t->err) ? tool_fail(t, STATUS_FAILED) : STATUS_OK;
	*ret = xalloc(1, sizeof(**ret));
	(*ret)->sz = sizeof(**ret);
	*ret_n = 1;
	return weir_shape_get(t->w, port.ifindex, *ret, &t->err) ?
		       tool_fail(t, tool_not_found(t, STATUS_FAILED)) : STATUS_OK;
}

static const struct weir_shape *same_port(const struct weir_shape *list, size_t n, int ifindex)
{
	for (size_t i = 0; i < n; i++)
		if (list[i].ifindex == ifindex)
			return &list[i];
	return NULL;
}

static void add_rows(struct row *rows, size_t *n, const struct weir_shape *s, const struct weir_shape *before,
		     unsigned long seconds)
{
	const struct weir_shape_side *sides[] = { &s->inbound, &s->outbound };

	for (int i = 0; i < 2; i++) {
		const struct weir_shape_side *was = !before ? NULL : i ? &before->outbound : &before->inbound;

		if (!sides[i]->limits.average_bytes_per_s && !sides[i]->limits.floor_bytes_per_s)
			continue;
		rows[(*n)++] = (struct row){
			s, sides[i], i ? "outbound" : "inbound",
			was && seconds && sides[i]->bytes > was->bytes ? (sides[i]->bytes - was->bytes) / seconds : 0,
		};
	}
}

static int show(struct tool *t, const struct args *a, unsigned long seconds)
{
	struct weir_shape *before = NULL, *now = NULL;
	struct timespec pause = { (time_t)seconds, 0 };
	size_t n_before = 0, n = 0, n_rows = 0;
	struct row *rows = NULL;
	int status = seconds ? read_shapes(t, a, &before, &n_before) : STATUS_OK;

	if (!status && seconds)
		nanosleep(&pause, NULL);
	if (!status)
		status = read_shapes(t, a, &now, &n);
	if (!status)
		rows = xalloc(2 * n + 1, sizeof(*rows));
	for (size_t i = 0; i < n && !status; i++)
		add_rows(rows, &n_rows, &now[i], same_port(before, n_before, now[i].ifindex), seconds);
	if (!status && t->is_json)
		show_json(t, rows, n_rows, seconds);
	else if (!status)
		show_table(t, rows, n_rows, seconds);
	free(rows);
	free(before);
	free(now);
	return status;
}

int cmd_shape_show(struct tool *t, const struct args *a)
{
	const char *text = a->value[OPT_INTERVAL];
	unsigned long seconds = 0;

	if (text && (!number_parse(text, 3600, &seconds) || !seconds))
		return usage_error(t, "--interval takes seconds, from 1 to 3600, not %s", text);
	return show(t, a, seconds);
}
