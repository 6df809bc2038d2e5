/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The JSON Schema of a table, for editors and for programs that make definitions.
 * It says what a schema can say: keys, types, ranges, words. The rules behind
 * row.rule (a DNS name, a MAC address) are known to the parser alone, so a text
 * that satisfies the schema can still be refused, but never the other way round.
 */
#include <inttypes.h>

#include "json/json.h"

/* --- JSON, indented; members go into an object that is open -------------------- */

static void new_line(int depth, struct wr_str *out)
{
	wr_str_putc(out, '\n');
	for (int i = 0; i < depth; i++)
		wr_str_puts(out, "  ");
}

static void key(const char *name, int depth, struct wr_str *out)
{
	if (out->len && out->data[out->len - 1] != '{')
		wr_str_putc(out, ',');
	new_line(depth, out);
	wr_str_json(out, name);
	wr_str_puts(out, ": ");
}

static void text_member(const char *name, const char *text, int depth, struct wr_str *out)
{
	key(name, depth, out);
	wr_str_json(out, text);
}

static void number_member(const char *name, uint64_t value, int depth, struct wr_str *out)
{
	key(name, depth, out);
	wr_str_printf(out, "%" PRIu64, value);
}

static void open_object(const char *name, int depth, struct wr_str *out)
{
	key(name, depth, out);
	wr_str_putc(out, '{');
}

static void close_object(int depth, struct wr_str *out)
{
	new_line(depth, out);
	wr_str_putc(out, '}');
}

/* --- one row -------------------------------------------------------------------- */

static void describe(const struct wr_field *f, int depth, struct wr_str *out)
{
	wr_auto(str) struct wr_str text = { 0 };

	if (!f->doc)
		return;
	wr_str_printf(&text, "%s%s%s", f->doc, wr_unit(f) ? ", in " : "", wr_unit(f) ? wr_unit(f) : "");
	text_member("description", wr_str_text(&text), depth, out);
}

/* A number that JSON's reader cannot hold is none that it takes. */
static void number(const struct wr_field *f, int depth, struct wr_str *out)
{
	uint64_t max = wr_field_max(f);

	text_member("type", "integer", depth, out);
	number_member("minimum", (uint64_t)f->min, depth, out);
	number_member("maximum", max < INT64_MAX ? max : INT64_MAX, depth, out);
}

static void words(const struct wr_field *f, int depth, struct wr_str *out)
{
	key("enum", depth, out);
	for (size_t i = 0; i < f->n_words; i++) {
		wr_str_puts(out, i ? ", " : "[");
		wr_str_json(out, f->words[i].name);
	}
	wr_str_putc(out, ']');
}

/* Lengths count characters here and bytes in the parser, which is stricter then. */
static void string(const struct wr_field *f, int depth, struct wr_str *out)
{
	text_member("type", "string", depth, out);
	if (f->n_words)
		words(f, depth, out);
	else if (wr_is_integer(f))
		text_member("pattern", "^(0[xX][0-9a-fA-F]+|[0-9]+)$", depth, out);
	if (f->codec == WR_NAME)
		number_member("maxLength", f->size - 1, depth, out);
	if ((f->codec == WR_NAME && f->flags & WR_REQUIRED) || (wr_text_rule(f) && wr_text_rule(f)->check("")))
		number_member("minLength", 1, depth, out);
	if (f->codec == WR_MAC)
		text_member("pattern", "^[0-9a-fA-F]{1,2}(:[0-9a-fA-F]{1,2}){5}$", depth, out);
	if (f->codec == WR_IP) {
		key("anyOf", depth, out);
		wr_str_puts(out, "[{ \"format\": \"ipv4\" }, { \"format\": \"ipv6\" }]");
	}
}

static void object(const struct wr_table *t, int depth, struct wr_str *out);
static void value(const struct wr_field *f, int depth, struct wr_str *out);

static void list(const struct wr_field *f, int depth, struct wr_str *out)
{
	text_member("type", "array", depth, out);
	if (f->flags & WR_REQUIRED)
		number_member("minItems", 1, depth, out);
	open_object("items", depth, out);
	if (f->flags & WR_SELF)
		text_member("$ref", "#", depth + 1, out);
	else if (wr_plain(f))
		value(wr_plain(f), depth + 1, out);
	else
		object(f->sub, depth + 1, out);
	close_object(depth, out);
}

static void value(const struct wr_field *f, int depth, struct wr_str *out)
{
	describe(f, depth, out);
	if (f->codec == WR_OBJECT)
		object(f->sub, depth, out);
	else if (f->codec == WR_LIST)
		list(f, depth, out);
	else if (wr_json_is_number(f))
		number(f, depth, out);
	else if (wr_is_integer(f) && f->flags & (WR_BOOL | WR_TRISTATE))
		text_member("type", "boolean", depth, out);
	else
		string(f, depth, out);
}

/* --- a whole table ---------------------------------------------------------------- */

static void required(const struct wr_table *t, int depth, struct wr_str *out)
{
	bool any = false;

	for (size_t i = 0; i < t->n; i++) {
		if (!(t->fields[i].flags & WR_REQUIRED))
			continue;
		if (!any)
			key("required", depth, out);
		wr_str_puts(out, any ? ", " : "[");
		wr_str_json(out, t->fields[i].name);
		any = true;
	}
	if (any)
		wr_str_putc(out, ']');
}

static void object(const struct wr_table *t, int depth, struct wr_str *out)
{
	text_member("type", "object", depth, out);
	key("additionalProperties", depth, out);
	wr_str_puts(out, "false");
	required(t, depth, out);
	open_object("properties", depth, out);
	for (size_t i = 0; i < t->n; i++) {
		open_object(t->fields[i].name, depth + 1, out);
		value(&t->fields[i], depth + 2, out);
		close_object(depth + 1, out);
	}
	close_object(depth, out);
}

void wr_json_schema(const struct wr_table *t, struct wr_str *out)
{
	wr_str_putc(out, '{');
	text_member("$schema", "https://json-schema.org/draft/2020-12/schema", 1, out);
	text_member("title", t->name, 1, out);
	object(t, 1, out);
	wr_str_puts(out, "\n}\n");
}
