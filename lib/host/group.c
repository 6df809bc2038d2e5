/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A definition as a value: its memory, its name, its text. Which members there are
 * is in tables.c; whether it makes sense as a whole is decided in check.c.
 */
#include <stdio.h>

#include <weir/json.h>

#include "host/tables.h"
#include "json/json.h"

void weir_group_free(struct weir_group *group)
{
	if (!group)
		return;
	wr_table_free(&wr_group_table, group);
	free(group);
}

int weir_group_copy(const struct weir_group *group, struct weir_group **ret)
{
	struct weir_group *copy = malloc(sizeof(*copy));

	if (!copy)
		return -ENOMEM;
	if (wr_table_copy(&wr_group_table, copy, group)) {
		weir_group_free(copy);
		return -ENOMEM;
	}
	*ret = copy;
	return 0;
}

const char *weir_group_name(const struct weir_group *group, char buf[16])
{
	int n;

	if (*group->name || group->type != WEIR_GROUP_VLAN) {
		if (buf != group->name)
			wr_copy(buf, 16, group->name);
		return buf;
	}
	n = snprintf(buf, 16, "%s.%u", group->vlan.base, group->vlan.tag);
	if (n >= 16)
		*buf = '\0';
	return buf;
}

/* Digits, a point, digits; at least one of them. Hundredths are enough for the kernel. */
int weir_group_delay(const struct weir_group_bridge *bridge, uint32_t *ret_cs)
{
	const char *s = bridge->delay;
	size_t whole = strspn(s, "0123456789"), part = 0;
	uint32_t cs = 0;

	if (!*s)
		return -ENOENT;
	if (s[whole] == '.')
		part = strspn(s + whole + 1, "0123456789");
	if (!(whole + part) || s[whole + (s[whole] == '.') + part])
		return -EINVAL;
	for (size_t i = 0; i < whole; i++) {
		cs = 10 * cs + (uint32_t)(s[i] - '0');
		if (cs > 1000000)
			return -ERANGE;
	}
	for (size_t i = 0; i < 2; i++)
		cs = 10 * cs + (i < part ? (uint32_t)(s[whole + 1 + i] - '0') : 0);
	*ret_cs = cs;
	return 0;
}

/* --- JSON ---------------------------------------------------------------------------- */

int weir_group_parse(const char *text, size_t len, struct weir_group **ret, struct weir_error *err)
{
	wr_auto(free) struct weir_group *group = calloc(1, sizeof(*group));
	int r;

	if (!group)
		return wr_nomem(err);
	r = wr_json_read(&wr_group_table, text, len, group, err);
	if (r)
		return r;
	group->sz = sizeof(*group);
	*ret = wr_take(group);
	return 0;
}

int weir_group_json(const struct weir_group *group, char **ret)
{
	return wr_json_write(&wr_group_table, group, ret);
}

int weir_group_schema(char **ret)
{
	struct wr_str out = { 0 };
	char *text;

	wr_json_schema(&wr_group_table, &out);
	text = wr_str_take(&out);
	if (!text)
		return -ENOMEM;
	*ret = text;
	return 0;
}
