/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The engine over attribute tables, as far as it needs no netlink: whole structs,
 * one member after the other (field.c). See table.h for what a table is.
 */
#include <ctype.h>
#include <stdio.h>

#include "base/table.h"

const struct wr_field *wr_find(const struct wr_table *t, const char *name)
{
	for (size_t i = 0; i < t->n; i++)
		if (name && !strcmp(t->fields[i].name, name))
			return &t->fields[i];
	return NULL;
}

const struct wr_field *wr_plain(const struct wr_field *f)
{
	const struct wr_table *t = f->codec == WR_LIST ? f->sub : NULL;

	return t && t->n == 1 && t->fields[0].codec == WR_STRING ? &t->fields[0] : NULL;
}

static int check_list(const struct wr_field *f, const void *obj, struct weir_error *err)
{
	char path[80];
	size_t n;
	const char *items = wr_list(f, obj, &n);

	for (size_t i = 0; i < n; i++) {
		int r = wr_table_check(f->sub, items + i * f->sub->size, err);

		if (r) {
			if (err && wr_plain(f))
				*err->attr = '\0';
			wr_format(path, sizeof(path), "%s[%zu]", f->name, i);
			wr_error_prefix_attr(err, path);
			return r;
		}
	}
	return 0;
}

int wr_table_check(const struct wr_table *t, const void *obj, struct weir_error *err)
{
	int r = 0;

	for (size_t i = 0; i < t->n && !r; i++) {
		const struct wr_field *f = &t->fields[i];

		if (!wr_has(t, f, obj)) {
			if (f->flags & WR_REQUIRED)
				r = wr_refuse(err, -EINVAL, "", f->name, "is missing");
		} else if (f->codec == WR_OBJECT) {
			r = wr_table_check(f->sub, wr_member(f, obj), err);
			if (r)
				wr_error_prefix_attr(err, f->name);
		} else if (f->codec == WR_LIST) {
			r = check_list(f, obj, err);
		} else {
			r = wr_field_check(f, obj, err);
		}
	}
	if (!r && t->verify)
		r = t->verify(obj, err);
	return r;
}

bool wr_table_equal(const struct wr_table *t, const void *a, const void *b)
{
	for (size_t i = 0; i < t->n; i++) {
		const struct wr_field *f = &t->fields[i];
		bool has = wr_has(t, f, a);

		if (has != wr_has(t, f, b) || (has && !wr_field_equal(f, a, b)))
			return false;
	}
	return true;
}

/* Whether what @want sets is what the kernel leaves out. */
static bool absence_means(const struct wr_field *f, const void *want)
{
	if (wr_is_array(f))
		return f->flags & WR_ZERO_IF_ABSENT && wr_array_covers(f, want, NULL);
	return f->flags & WR_ZERO_IF_ABSENT &&
	       wr_is_zero(wr_member(f, want), f->codec == WR_NAME ? 1 : f->size);
}

uint64_t wr_table_diff(const struct wr_table *t, const void *want, const void *is)
{
	uint64_t diff = 0;

	for (size_t i = 0; i < t->n; i++) {
		const struct wr_field *f = &t->fields[i];

		if (f->flags & WR_READONLY || !wr_has(t, f, want))
			continue;
		if (wr_has(t, f, is) ? !wr_field_covers(f, want, is) : !absence_means(f, want))
			diff |= wr_bit(f);
	}
	return diff;
}

void wr_table_overlay(const struct wr_table *t, void *onto, const void *from)
{
	for (size_t i = 0; i < t->n; i++) {
		const struct wr_field *f = &t->fields[i];

		if (!wr_has(t, f, from))
			continue;
		memcpy(wr_member(f, onto), wr_member(f, from), f->size);
		wr_set_has(t, f, onto);
	}
}

void wr_table_free(const struct wr_table *t, void *obj)
{
	for (size_t i = 0; i < t->n; i++) {
		const struct wr_field *f = &t->fields[i];
		void **slot = wr_member(f, obj);
		size_t n;

		if (f->codec == WR_OBJECT) {
			wr_table_free(f->sub, slot);
		} else if (f->codec == WR_STRING) {
			free(*slot);
			*slot = NULL;
		} else if (f->codec == WR_LIST) {
			char *items = wr_list(f, obj, &n);

			for (size_t k = 0; k < n; k++)
				wr_table_free(f->sub, items + k * f->sub->size);
			free(items);
			*slot = NULL;
			memset((char *)obj + f->count, 0, sizeof(size_t));
		}
	}
}

static int copy_list(const struct wr_field *f, void *dst, const void *src)
{
	size_t n;
	const char *from = wr_list(f, src, &n);
	char *to = NULL;
	int r = 0;

	if (n) {
		to = calloc(n, f->sub->size);
		if (!to)
			return -ENOMEM;
	}
	memcpy(wr_member(f, dst), &to, sizeof(to));
	memcpy((char *)dst + f->count, &n, sizeof(n));
	for (size_t i = 0; i < n && !r; i++)
		r = wr_table_copy(f->sub, to + i * f->sub->size, from + i * f->sub->size);
	return r;
}

/* Forgets, without freeing, everything that @obj points to. */
static void disown(const struct wr_table *t, void *obj)
{
	for (size_t i = 0; i < t->n; i++) {
		const struct wr_field *f = &t->fields[i];

		if (f->codec == WR_OBJECT)
			disown(f->sub, wr_member(f, obj));
		else if (f->codec == WR_STRING || f->codec == WR_LIST)
			memset(wr_member(f, obj), 0, f->size);
		if (f->codec == WR_LIST)
			memset((char *)obj + f->count, 0, sizeof(size_t));
	}
}

/* The plain bytes first, then what the struct owns; after a failure @dst can be freed. */
int wr_table_copy(const struct wr_table *t, void *dst, const void *src)
{
	int r = 0;

	memcpy(dst, src, t->size);
	disown(t, dst);
	for (size_t i = 0; i < t->n && !r; i++) {
		const struct wr_field *f = &t->fields[i];
		const char *s;

		if (f->codec == WR_OBJECT) {
			r = wr_table_copy(f->sub, wr_member(f, dst), wr_member(f, src));
		} else if (f->codec == WR_LIST) {
			r = copy_list(f, dst, src);
		} else if (f->codec == WR_STRING && (s = wr_load_string(f, src))) {
			char *copy = strdup(s);

			memcpy(wr_member(f, dst), &copy, sizeof(copy));
			r = copy ? 0 : -ENOMEM;
		}
	}
	return r;
}

void wr_table_text(const struct wr_table *t, const void *obj, struct wr_str *out)
{
	for (size_t i = 0; i < t->n; i++) {
		const struct wr_field *f = &t->fields[i];

		if (f->codec >= WR_OBJECT || !wr_has(t, f, obj))
			continue;
		wr_str_printf(out, "%s%s ", out->len ? " " : "", f->name);
		wr_field_text(f, obj, out);
	}
}

static void json_break(int indent, struct wr_str *out)
{
	if (indent < 0)
		return;
	wr_str_putc(out, '\n');
	for (int i = 0; i < indent; i++)
		wr_str_puts(out, "  ");
}

static void json_struct(const struct wr_table *t, const void *obj, int indent, struct wr_str *out)
{
	wr_str_putc(out, '{');
	wr_table_json(t, obj, indent < 0 ? -1 : indent + 1, out);
	if (wr_any_set(t, obj))
		json_break(indent, out);
	wr_str_putc(out, '}');
}

static void json_value(const struct wr_field *f, const void *obj, int indent, struct wr_str *out);

static void json_list(const struct wr_field *f, const void *obj, int indent, struct wr_str *out)
{
	const struct wr_field *plain = wr_plain(f);
	int inner = indent < 0 ? -1 : indent + 1;
	size_t n;
	const char *items = wr_list(f, obj, &n);

	wr_str_putc(out, '[');
	for (size_t i = 0; i < n; i++) {
		if (i)
			wr_str_putc(out, ',');
		json_break(inner, out);
		if (plain)
			json_value(plain, items + i * f->sub->size, inner, out);
		else
			json_struct(f->sub, items + i * f->sub->size, inner, out);
	}
	json_break(indent, out);
	wr_str_putc(out, ']');
}

static void json_value(const struct wr_field *f, const void *obj, int indent, struct wr_str *out)
{
	wr_auto(str) struct wr_str text = { 0 };

	if (f->codec == WR_OBJECT) {
		json_struct(f->sub, wr_member(f, obj), indent, out);
	} else if (f->codec == WR_LIST) {
		json_list(f, obj, indent, out);
	} else if (wr_is_array(f)) {
		wr_array_json(f, obj, out);
	} else if (f->flags & (WR_BOOL | WR_TRISTATE)) {
		wr_str_puts(out, wr_load(f, obj) == (f->flags & WR_BOOL ? 1 : 2) ? "true" : "false");
	} else {
		wr_field_text(f, obj, &text);
		if (wr_is_integer(f) && !f->n_words && !(f->flags & WR_HEX))
			wr_str_puts(out, wr_str_text(&text));
		else
			wr_str_json(out, wr_str_text(&text));
	}
}

void wr_table_json(const struct wr_table *t, const void *obj, int indent, struct wr_str *out)
{
	bool first = out->len == 0 || out->data[out->len - 1] == '{';

	for (size_t i = 0; i < t->n; i++) {
		const struct wr_field *f = &t->fields[i];

		if (!wr_has(t, f, obj))
			continue;
		if (!first)
			wr_str_putc(out, ',');
		first = false;
		json_break(indent, out);
		wr_str_json(out, f->name);
		wr_str_puts(out, indent < 0 ? ":" : ": ");
		json_value(f, obj, indent, out);
	}
}

/* --- texts that more than one table needs -------------------------------- */

const char *wr_shown(const char *text, char buf[WR_SHOWN])
{
	size_t n = 0;

	for (; *text; text++) {
		unsigned char c = *text;
		/* A character of UTF-8 has up to 4 bytes and is not cut in its middle. */
		size_t room = (c & 0xc0) == 0x80 ? 1 : 4;

		if (n + room + sizeof("...") > WR_SHOWN) {
			n += (size_t)snprintf(buf + n, sizeof("..."), "...");
			break;
		}
		if (c < 0x20 || c == 0x7f)
			n += (size_t)snprintf(buf + n, 5, c == '\n' ? "\\n" : "\\x%02x", c);
		else
			buf[n++] = *text;
	}
	buf[n] = '\0';
	return buf;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* One or two digits for each byte. By hand: every pair of a network's hosts is compared by its addresses. */
int wr_mac_parse(const char *text, uint8_t mac[6])
{
	uint8_t bytes[6];

	for (int i = 0; i < 6; i++) {
		int high = hex_digit(*text++), low = high < 0 ? -1 : hex_digit(*text);

		if (high < 0)
			return -EINVAL;
		bytes[i] = (uint8_t)(low < 0 ? high : high << 4 | low);
		text += low >= 0;
		if (*text++ != (i < 5 ? ':' : '\0'))
			return -EINVAL;
	}
	memcpy(mac, bytes, 6);
	return 0;
}

void wr_mac_format(const uint8_t mac[6], char buf[18])
{
	snprintf(buf, 18, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4],
		 mac[5]);
}

int wr_check_ifname(const char *name)
{
	if (!name || !*name || strlen(name) > 15 || !strcmp(name, ".") || !strcmp(name, ".."))
		return -EINVAL;
	/* The kernel would make another name of one with a percent sign: "tap%d" is the first free tapN. */
	for (; *name; name++)
		if (strchr("/:%", *name) || isspace((unsigned char)*name))
			return -EINVAL;
	return 0;
}
