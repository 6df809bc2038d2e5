/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See out.h. */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "out.h"

#define KEY_WIDTH 13
#define GAP 2

static const char *const escapes[] = {
	[TINT_BOLD] = "\033[1m",    [TINT_DIM] = "\033[2m",  [TINT_GREEN] = "\033[32m",
	[TINT_YELLOW] = "\033[33m", [TINT_RED] = "\033[31m",
};

/* --- memory ----------------------------------------------------------------------- */

/* Without memory for a line of text there is nothing left to do, and nothing was printed yet. */
static void *checked(void *p)
{
	if (!p) {
		fputs("weir: out of memory\n", stderr);
		exit(1);
	}
	return p;
}

void *xalloc(size_t n, size_t size)
{
	return checked(calloc(n ? n : 1, size));
}

__attribute__((format(printf, 1, 0))) static char *vformat(const char *fmt, va_list ap)
{
	char *s = NULL;

	if (vasprintf(&s, fmt, ap) < 0)
		s = NULL;
	return checked(s);
}

char *xformat(const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	s = vformat(fmt, ap);
	va_end(ap);
	return s;
}

/* --- text ------------------------------------------------------------------------- */

void out_done(struct out *o)
{
	free(o->buf);
	*o = (struct out){ .has_color = o->has_color };
}

static void put(struct out *o, const char *s)
{
	const size_t len = strlen(s);

	if (o->len + len >= o->room) {
		o->room = 2 * (o->len + len);
		o->buf = checked(realloc(o->buf, o->room));
	}
	memcpy(o->buf + o->len, s, len);
	o->len += len;
}

int out_flush(struct out *o)
{
	size_t done = 0;

	while (done < o->len) {
		ssize_t n = write(STDOUT_FILENO, o->buf + done, o->len - done);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			done += (size_t)n;
	}
	o->len = 0;
	return 0;
}

void out_text(struct out *o, const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	s = vformat(fmt, ap);
	va_end(ap);
	put(o, s);
	free(s);
}

/* Control characters could move a terminal's cursor, or end a line of a table. */
static char *harmless(char *s)
{
	for (char *p = s; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = '?';
	return s;
}

static void put_tinted(struct out *o, enum tint tint, const char *s)
{
	if (o->has_color && tint != TINT_NONE && *s)
		out_text(o, "%s%s\033[0m", escapes[tint], s);
	else
		put(o, s);
}

void out_tinted(struct out *o, enum tint tint, const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	s = vformat(fmt, ap);
	va_end(ap);
	put_tinted(o, tint, s);
	free(s);
}

static void put_key(struct out *o, const char *key)
{
	int used = key ? (int)strlen(key) : 0;

	if (key)
		put_tinted(o, TINT_BOLD, key);
	out_text(o, "%*s", used < KEY_WIDTH ? KEY_WIDTH - used : 1, "");
}

void out_pair(struct out *o, const char *key, const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	s = vformat(fmt, ap);
	va_end(ap);
	put_key(o, key);
	out_text(o, "%s\n", harmless(s));
	free(s);
}

void out_pair_tinted(struct out *o, const char *key, enum tint tint, const char *text)
{
	put_key(o, key);
	put_tinted(o, tint, text);
	put(o, "\n");
}

/* --- tables ----------------------------------------------------------------------- */

struct cell {
	char *text;
	enum tint tint;
};

struct table {
	size_t n_columns;
	size_t n_cells;
	size_t room;
	struct cell *cells;
};

struct table *table_new(const char *const *heads, size_t n_columns)
{
	struct table *t = xalloc(1, sizeof(*t));

	t->n_columns = n_columns;
	for (size_t i = 0; i < n_columns; i++)
		table_cell(t, TINT_BOLD, "%s", heads[i]);
	return t;
}

void table_cell(struct table *t, enum tint tint, const char *fmt, ...)
{
	va_list ap;

	if (t->n_cells == t->room) {
		t->room = t->room ? 2 * t->room : 64;
		t->cells = checked(reallocarray(t->cells, t->room, sizeof(*t->cells)));
	}
	va_start(ap, fmt);
	t->cells[t->n_cells].text = harmless(vformat(fmt, ap));
	va_end(ap);
	t->cells[t->n_cells++].tint = tint;
}

/* Characters, not bytes: UTF-8's continuation bytes take no place. */
static size_t width(const char *s)
{
	size_t n = 0;

	for (; *s; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

static size_t column_width(const struct table *t, size_t column)
{
	size_t max = 0;

	for (size_t i = column; i < t->n_cells; i += t->n_columns)
		if (width(t->cells[i].text) > max)
			max = width(t->cells[i].text);
	return max;
}

/* An empty field is shown as "-", so that awk can count the fields of a line. */
static void put_cell(struct out *o, const struct cell *cell, size_t padded_to)
{
	const char *text = *cell->text ? cell->text : "-";
	size_t w = width(text);

	put_tinted(o, *cell->text ? cell->tint : TINT_DIM, text);
	if (padded_to > w)
		out_text(o, "%*s", (int)(padded_to - w), "");
}

static void put_rows(const struct table *t, struct out *o, const size_t *widths)
{
	for (size_t i = 0; i < t->n_cells; i++) {
		size_t column = i % t->n_columns;
		bool is_last = column == t->n_columns - 1;

		put_cell(o, &t->cells[i], is_last ? 0 : widths[column] + GAP);
		if (is_last)
			put(o, "\n");
	}
}

void table_print(struct table *t, struct out *o)
{
	size_t *widths = xalloc(t->n_columns, sizeof(*widths));

	for (size_t i = 0; i < t->n_columns; i++)
		widths[i] = column_width(t, i);
	put_rows(t, o, widths);
	for (size_t i = 0; i < t->n_cells; i++)
		free(t->cells[i].text);
	free(t->cells);
	free(widths);
	free(t);
}

/* --- JSON ------------------------------------------------------------------------- */

void out_json(struct out *o, json_t *value)
{
	char *text = checked(json_dumps(checked(value), JSON_INDENT(2) | JSON_ENCODE_ANY));

	put(o, text);
	put(o, "\n");
	free(text);
	json_decref(value);
}

json_t *json_text(const char *s)
{
	json_t *value;
	char *copy;

	if (!s)
		return checked(json_null());
	value = json_string(s);
	if (value)
		return value;
	copy = xformat("%s", s);
	for (char *p = copy; *p; p++)
		if ((unsigned char)*p >= 0x80)
			*p = '?';
	value = checked(json_string(copy));
	free(copy);
	return value;
}

json_t *json_of(char *text)
{
	json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);

	free(text);
	return checked(value);
}
