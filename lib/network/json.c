/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Definitions and ports as JSON: lib/json with the tables of this folder. Which
 * members there are is in tables.c; whether a definition makes sense as a whole
 * is decided in check.c.
 */
#include <weir/json.h>

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
