/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The plan of a step: ovs-vsctl's command that leads to the same rows. It has its
 * own way to write values: COLUMN=1,2 for sets, COLUMN:KEY=VALUE for maps.
 */
#include <jansson.h>

#include "base/str.h"
#include "ovs/ovs.h"
#include "ovs/plan.h"

/* An atom, or a set of them; nothing for an empty set. */
static void put_value(struct wr_str *out, const json_t *value)
{
	const char *type = json_string_value(json_array_get(value, 0));
	json_t *member;
	size_t i;

	if (json_is_string(value)) {
		wr_str_puts(out, json_string_value(value));
	} else if (json_is_integer(value)) {
		wr_str_printf(out, "%lld", (long long)json_integer_value(value));
	} else if (type && !strcmp(type, "uuid")) {
		put_value(out, json_array_get(value, 1));
	} else {
		json_array_foreach(json_array_get(value, 1), i, member) {
			wr_str_puts(out, i ? "," : "");
			put_value(out, member);
		}
	}
}

static void put_word(struct wr_str *out, const char *column, const char *key, const json_t *value)
{
	wr_auto(str) struct wr_str word = { 0 };

	wr_str_printf(&word, "%s%s%s=", column, key ? ":" : "", key ? key : "");
	put_value(&word, value);
	if (wr_str_text(&word)[word.len - 1] == '=')
		wr_str_puts(&word, "[]");
	wr_str_putc(out, ' ');
	wr_str_shell(out, wr_str_text(&word));
}

static void put_columns(struct wr_str *out, const json_t *row)
{
	const char *column;
	json_t *value, *pair;
	size_t i;

	json_object_foreach((json_t *)row, column, value) {
		const char *type = json_string_value(json_array_get(value, 0));

		if (!type || strcmp(type, "map")) {
			put_word(out, column, NULL, value);
			continue;
		}
		json_array_foreach(json_array_get(value, 1), i, pair)
			put_word(out, column, json_string_value(json_array_get(pair, 0)),
				 json_array_get(pair, 1));
	}
}

static void put_limits(struct wr_str *out, const json_t *want)
{
	if (!json_object_get(want, "qos"))
		return;
	wr_str_puts(out, " qos=@qos -- --id=@queue create Queue");
	put_columns(out, json_object_get(want, "queue"));
	wr_str_puts(out, " -- --id=@qos create QoS queues:0=@queue");
	put_columns(out, json_object_get(want, "qos"));
}

/* Rows of limits that go are found by whose they are; ovs-vsctl can only name them. */
static void put_old_limits(struct wr_str *out, const char *command, const char *name, const json_t *is)
{
	static const char *const tables[] = { "QoS", "Queue" };

	for (size_t i = 0; i < WR_COUNT(tables) && json_object_get(is, "qos"); i++)
		wr_str_printf(out, "\nfor i in $(%s --bare --columns=_uuid find %s external_ids:weir=%s); do %s destroy %s $i; done",
			      command, tables[i], name, command, tables[i]);
}

char *wr_ovs_plan(const char *path, const char *bridge, const char *name, const char *before,
		  const char *after)
{
	wr_auto(json) json_t *is = json_loads(before, JSON_DECODE_ANY, NULL);
	wr_auto(json) json_t *want = json_loads(after, JSON_DECODE_ANY, NULL);
	wr_auto(str) struct wr_str out = { 0 }, command = { 0 }, db = { 0 };
	json_t *port;

	wr_str_printf(&db, "--db=unix:%s", path);
	wr_str_puts(&command, "ovs-vsctl ");
	wr_str_shell(&command, wr_str_text(&db));
	if (!json_is_object(want)) {
		wr_str_printf(&out, "%s --if-exists del-port %s", wr_str_text(&command), name);
	} else {
		port = json_object_get(want, "port");
		if (json_object_get(want, "qos"))
			json_object_del(port, "qos");
		wr_str_printf(&out, "%s --may-exist add-port %s %s -- set Interface %s", wr_str_text(&command),
			      bridge, name, name);
		put_columns(&out, json_object_get(want, "interface"));
		wr_str_printf(&out, " -- set Port %s", name);
		put_columns(&out, port);
		put_limits(&out, want);
	}
	put_old_limits(&out, wr_str_text(&command), name, is);
	return wr_str_take(&out);
}
