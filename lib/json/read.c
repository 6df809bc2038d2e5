/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * JSON into a struct, by its table. What a single member may hold is decided by
 * wr_field_parse(), so that text, options and JSON take the same; here are the
 * keys, the types and the paths of errors ("ips[0].dhcp.ranges[1].end"): each
 * level puts its own name in front of the path on the way out.
 */
#include <ctype.h>
#include <stdio.h>

#include "json/json.h"

/* --- keys -------------------------------------------------------------------- */

static size_t min3(size_t a, size_t b, size_t c)
{
	size_t ab = a < b ? a : b;

	return ab < c ? ab : c;
}

/* Levenshtein's distance, case ignored: one row of his matrix at a time. */
static size_t distance(const char *a, const char *b)
{
	size_t row[32], n = strlen(b);

	if (n >= WR_COUNT(row) || strlen(a) >= WR_COUNT(row))
		return SIZE_MAX;
	for (size_t i = 0; i <= n; i++)
		row[i] = i;
	for (; *a; a++) {
		size_t diagonal = row[0]++;

		for (size_t i = 0; i < n; i++) {
			bool differ = tolower((unsigned char)*a) != tolower((unsigned char)b[i]);
			size_t changed = diagonal + differ;

			diagonal = row[i + 1];
			row[i + 1] = min3(changed, row[i] + 1, diagonal + 1);
		}
	}
	return row[n];
}

/* The row that was most likely meant; one letter in three may be wrong. */
static const struct wr_field *nearest(const struct wr_table *t, const char *key)
{
	const struct wr_field *best = NULL;
	size_t least = (strlen(key) + 1) / 3 + 1;

	for (size_t i = 0; i < t->n; i++) {
		size_t d = distance(key, t->fields[i].name);

		if (d < least) {
			least = d;
			best = &t->fields[i];
		}
	}
	return best;
}

static int refuse_key(const struct wr_table *t, const char *key, struct weir_error *err)
{
	const struct wr_field *meant = nearest(t, key);
	wr_auto(str) struct wr_str hint = { 0 };
	char shown[WR_SHOWN];

	if (meant)
		wr_str_printf(&hint, "did you mean \"%s\"?", meant->name);
	for (size_t i = 0; i < t->n && !meant; i++) {
		wr_str_puts(&hint, !i ? "known are " : i + 1 < t->n ? ", " : " and ");
		wr_str_puts(&hint, t->fields[i].name);
	}
	return wr_refuse(err, -EINVAL, "", *key ? wr_shown(key, shown) : "\"\"",
			 "is not known here; %s", wr_str_text(&hint));
}

/* --- types --------------------------------------------------------------------- */

bool wr_json_is_number(const struct wr_field *f)
{
	return wr_is_integer(f) && !f->n_words && !(f->flags & (WR_BOOL | WR_TRISTATE | WR_HEX));
}

static bool is_boolean(const struct wr_field *f)
{
	return wr_is_integer(f) && f->flags & (WR_BOOL | WR_TRISTATE);
}

static const char *expected(const struct wr_field *f, const json_t *json)
{
	if (f->codec == WR_OBJECT)
		return "an object";
	if (f->codec == WR_LIST)
		return "a list";
	if (is_boolean(f))
		return "true or false";
	if (wr_json_is_number(f))
		return json_is_real(json) ? "a whole number" : "a number";
	return "a string";
}

static const char *kind_of(const json_t *json)
{
	switch (json_typeof(json)) {
	case JSON_OBJECT:
		return "an object";
	case JSON_ARRAY:
		return "a list";
	case JSON_STRING:
		return "a string";
	case JSON_INTEGER:
		return "a number";
	case JSON_REAL:
		return "a fraction";
	case JSON_TRUE:
		return "true";
	case JSON_FALSE:
		return "false";
	case JSON_NULL:
		break;
	}
	return "null";
}

static int refuse_type(const struct wr_field *f, const json_t *json, struct weir_error *err)
{
	wr_auto(str) struct wr_str words = { 0 };

	wr_field_choices(f, &words);
	return wr_refuse(err, -EINVAL, "", f->name, "expects %s%s%s%s, has %s", expected(f, json),
			 words.len ? " (" : "", wr_str_text(&words), words.len ? ")" : "",
			 kind_of(json));
}

/* --- values -------------------------------------------------------------------- */

static int read_string(const struct wr_table *t, const struct wr_field *f, const json_t *json,
		       void *obj, struct weir_error *err)
{
	const char *text = json_string_value(json);

	if (strlen(text) != json_string_length(json))
		return wr_refuse(err, -EINVAL, "", f->name, "has a NUL character in it");
	return wr_field_parse(t, f, obj, text, err);
}

static int read_number(const struct wr_table *t, const struct wr_field *f, const json_t *json,
		       void *obj, struct weir_error *err)
{
	char text[24];

	snprintf(text, sizeof(text), "%" JSON_INTEGER_FORMAT, json_integer_value(json));
	return wr_field_parse(t, f, obj, text, err);
}

static int read_value(const struct wr_table *t, const struct wr_field *f, const json_t *json,
		      void *obj, struct weir_error *err)
{
	if (is_boolean(f) && json_is_boolean(json))
		return wr_field_parse(t, f, obj, json_is_true(json) ? "true" : "false", err);
	if (wr_json_is_number(f) && json_is_integer(json))
		return read_number(t, f, json, obj, err);
	if (!is_boolean(f) && !wr_json_is_number(f) && json_is_string(json))
		return read_string(t, f, json, obj, err);
	return refuse_type(f, json, err);
}

static int read_object(const struct wr_table *t, json_t *json, void *obj, struct weir_error *err);

static int read_item(const struct wr_field *f, json_t *json, void *item, struct weir_error *err)
{
	const struct wr_field *plain = wr_plain(f);
	int r;

	if (!plain && !json_is_object(json))
		return wr_refuse(err, -EINVAL, "", "", "expects an object, has %s", kind_of(json));
	if (!plain)
		return read_object(f->sub, json, item, err);
	r = read_value(f->sub, plain, json, item, err);
	/* The only member of the item has no name in JSON. */
	if (r && err)
		*err->attr = '\0';
	return r;
}

/* The list belongs to @obj from the start, so that an error leaves nothing over. */
static int read_list(const struct wr_field *f, const json_t *json, void *obj,
		     struct weir_error *err)
{
	size_t n = json_array_size(json);
	char *items = n ? calloc(n, f->sub->size) : NULL;
	char path[80];
	int r = 0;

	if (n && !items)
		return wr_nomem(err);
	memcpy(wr_member(f, obj), &items, sizeof(items));
	memcpy((char *)obj + f->count, &n, sizeof(n));
	for (size_t i = 0; i < n && !r; i++) {
		r = read_item(f, json_array_get(json, i), items + i * f->sub->size, err);
		if (r) {
			wr_format(path, sizeof(path), "%s[%zu]", f->name, i);
			wr_error_prefix_attr(err, path);
		}
	}
	return r;
}

static int read_member(const struct wr_table *t, const struct wr_field *f, json_t *json, void *obj,
		       struct weir_error *err)
{
	int r;

	if (f->codec == WR_LIST && json_is_array(json))
		return read_list(f, json, obj, err);
	if (f->codec < WR_OBJECT)
		return read_value(t, f, json, obj, err);
	if (f->codec != WR_OBJECT || !json_is_object(json))
		return refuse_type(f, json, err);
	r = read_object(f->sub, json, wr_member(f, obj), err);
	if (r)
		wr_error_prefix_attr(err, f->name);
	return r;
}

static int check_required(const struct wr_table *t, const json_t *json, const void *obj,
			  struct weir_error *err)
{
	for (size_t i = 0; i < t->n; i++) {
		const struct wr_field *f = &t->fields[i];

		if (f->flags & WR_REQUIRED && !wr_has(t, f, obj))
			return wr_refuse(err, -EINVAL, "", f->name, "is %s",
					 json_object_get(json, f->name) ? "empty" : "missing");
	}
	return 0;
}

static int read_object(const struct wr_table *t, json_t *json, void *obj, struct weir_error *err)
{
	const struct wr_field *f;
	const char *key;
	json_t *value;
	int r;

	json_object_foreach(json, key, value) {
		f = wr_find(t, key);
		r = f ? read_member(t, f, value, obj, err) : refuse_key(t, key, err);
		if (r)
			return r;
	}
	return check_required(t, json, obj, err);
}

/* --- a whole text ---------------------------------------------------------------- */

int wr_json_read(const struct wr_table *t, const char *text, size_t len, void *obj,
		 struct weir_error *err)
{
	json_t *json = NULL;
	int r;

	r = wr_json_load(text, len, &json, err);
	if (r)
		return r;
	if (json_is_object(json))
		r = read_object(t, json, obj, err);
	else
		r = wr_refuse(err, -EINVAL, "", "", "expects an object, has %s", kind_of(json));
	json_decref(json);
	if (r)
		wr_table_free(t, obj);
	return r;
}

int wr_json_write(const struct wr_table *t, const void *obj, char **ret)
{
	struct wr_str out = { 0 };
	char *text;

	wr_str_putc(&out, '{');
	wr_table_json(t, obj, 1, &out);
	wr_str_puts(&out, "\n}\n");
	text = wr_str_take(&out);
	if (!text)
		return -ENOMEM;
	*ret = text;
	return 0;
}
