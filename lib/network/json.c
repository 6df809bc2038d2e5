/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Definitions and ports as JSON: lib/json with the tables of this folder. Which
 * members there are is in tables.c; whether a definition makes sense as a whole
 * is decided in check.c.
 */
#include <weir/json.h>
#include <weir/update.h>

#include "json/json.h"
#include "network/tables.h"

int weir_network_parse(const char *text, size_t len, struct weir_network **ret,
		       struct weir_error *err)
{
	wr_auto(free) struct weir_network *net = calloc(1, sizeof(*net));
	int r;

	if (!net)
		return wr_nomem(err);
	net->sz = sizeof(*net);
	r = wr_json_read(&wr_network_table, text, len, net, err);
	if (r)
		return r;
	*ret = wr_take(net);
	return 0;
}

int weir_network_json(const struct weir_network *net, char **ret)
{
	return wr_json_write(&wr_network_table, net, ret);
}

int weir_network_schema(char **ret)
{
	struct wr_str out = { 0 };
	char *text;

	wr_json_schema(&wr_network_table, &out);
	text = wr_str_take(&out);
	if (!text)
		return -ENOMEM;
	*ret = text;
	return 0;
}

int weir_port_json(const struct weir_port *port, char **ret)
{
	return wr_json_write(&wr_port_table, port, ret);
}

int weir_port_parse(const char *text, size_t len, struct weir_port *ret, struct weir_error *err)
{
	struct weir_port port = { .sz = sizeof(port) };
	int r = wr_json_read(&wr_port_table, text, len, &port, err);

	if (!r)
		*ret = port;
	return r;
}

/* --- items of updates -------------------------------------------------------------------- */

#define MAX_ROWS 32

/* The same rows, of which none is required. */
static struct wr_table milder(const struct wr_table *t, struct wr_field rows[MAX_ROWS])
{
	struct wr_table ret = *t;

	for (size_t i = 0; i < t->n && i < MAX_ROWS; i++) {
		rows[i] = t->fields[i];
		rows[i].flags &= (uint16_t)~WR_REQUIRED;
	}
	ret.fields = rows;
	return ret;
}

int weir_update_item_parse(enum weir_section section, const char *text, size_t len, bool partial,
			   void **ret, struct weir_error *err)
{
	const struct wr_table *t = wr_section_table(section);
	struct wr_field rows[MAX_ROWS];
	wr_auto(free) void *item = NULL;
	struct wr_table mild;
	int r;

	if (!t)
		return wr_refuse(err, -EOPNOTSUPP, "", "section", "%d cannot be updated", section);
	item = calloc(1, t->size);
	if (!item)
		return wr_nomem(err);
	mild = milder(t, rows);
	r = wr_json_read(partial ? &mild : t, text, len, item, err);
	if (r)
		return r;
	*ret = wr_take(item);
	return 0;
}

int weir_update_item_json(enum weir_section section, const void *item, char **ret)
{
	const struct wr_table *t = wr_section_table(section);

	return t ? wr_json_write(t, item, ret) : -EOPNOTSUPP;
}

void weir_update_item_free(enum weir_section section, void *item)
{
	const struct wr_table *t = wr_section_table(section);

	if (item && t)
		wr_table_free(t, item);
	free(item);
}
