/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Output: kept in memory until the command has succeeded, then written at once.
 * Tables whose columns are as wide as what is in them, colour on a terminal
 * only, JSON by jansson. Text that came from elsewhere (a guest's host name) is
 * made harmless before a terminal sees it.
 */
#ifndef TOOL_OUT_H
#define TOOL_OUT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum tint {
	TINT_NONE,
	TINT_BOLD,
	TINT_DIM,
	TINT_GREEN,
	TINT_YELLOW,
	TINT_RED,
};

struct out {
	char *buf;
	size_t len;
	size_t room;
	bool has_color;
};

void out_done(struct out *o);
/* Writes what was collected to stdout; 0 or a negative errno. */
int out_flush(struct out *o);
void out_text(struct out *o, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void out_tinted(struct out *o, enum tint tint, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* One line "key   value"; a NULL key continues the one before. */
void out_pair(struct out *o, const char *key, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void out_pair_tinted(struct out *o, const char *key, enum tint tint, const char *text);
/* Takes the reference. */
void out_json(struct out *o, json_t *value);

struct table;
struct table *table_new(const char *const *heads, size_t n_columns);
void table_cell(struct table *t, enum tint tint, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Prints and frees it; without rows too, so that `tail -n +2` is always right. */
void table_print(struct table *t, struct out *o);

/* A JSON string of any bytes: what is not UTF-8 becomes '?'. NULL gives null. */
json_t *json_text(const char *s);
/* The value of a JSON text that the library wrote; frees the text. */
json_t *json_of(char *text);

/* Memory that is there, or the end of the program. */
void *xalloc(size_t n, size_t size);
char *xformat(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
