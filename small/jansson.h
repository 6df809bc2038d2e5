/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The calls of jansson that the one-file tool writes JSON with, and reads
 * definitions of host interfaces. Names, arguments and output are jansson's, and
 * what it refuses is refused here, at the same line and column and for the same
 * reason, though not always in its words (tests/unit/test_small.c compares them).
 * Values are made and written in json.c, read in parse.c.
 */
#ifndef SMALL_JANSSON_H
#define SMALL_JANSSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

typedef long long json_int_t;
#define JSON_INTEGER_FORMAT "lld"

typedef enum {
	JSON_OBJECT,
	JSON_ARRAY,
	JSON_STRING,
	JSON_INTEGER,
	JSON_REAL,
	JSON_TRUE,
	JSON_FALSE,
	JSON_NULL,
} json_type;

/* A value is its text, or a list of values in the order in which they came, and has one owner. */
typedef struct json_t {
	json_type type;
	char *key;	/* in an object */
	char *text;	/* what is no list; a string without its quotes and escapes */
	size_t len;
	struct json_t *first, *last, *next;
} json_t;

enum json_reason {
	json_error_out_of_memory = 1,
	json_error_invalid_syntax,
	json_error_duplicate_key,
	json_error_numeric_overflow,
};

typedef struct json_error {
	int line, column;
	enum json_reason code;
	char text[160];
} json_error_t;

#define json_error_code(e) ((e)->code)

#define JSON_INDENT(n) ((size_t)(n))
#define JSON_ENCODE_ANY 0
/* The flags of reading; a text that is one value of any kind is always taken. */
#define JSON_DECODE_ANY 0
#define JSON_REJECT_DUPLICATES 1
#define JSON_ALLOW_NUL 2

json_t *json_object(void);
json_t *json_array(void);
/* NULL if it is not UTF-8. */
json_t *json_string(const char *text);
json_t *json_integer(json_int_t value);
json_t *json_boolean(int value);
json_t *json_true(void);
json_t *json_false(void);
json_t *json_null(void);
/* Formats: { } [ ] s s? o o? b i I n, and ':' ',' ' ' between them. */
json_t *json_pack(const char *format, ...);
/* These take the reference, also when they fail. */
int json_array_append_new(json_t *array, json_t *value);
int json_object_set_new(json_t *object, const char *key, json_t *value);
void json_decref(json_t *value);

char *json_dumps(const json_t *value, size_t flags);
int json_dumpf(const json_t *value, FILE *f, size_t flags);

json_t *json_loads(const char *text, size_t flags, json_error_t *error);
json_t *json_loadb(const char *text, size_t len, size_t flags, json_error_t *error);

/* NULL: there is none. */
json_t *json_object_get(const json_t *object, const char *key);
json_t *json_array_get(const json_t *array, size_t i);
size_t json_array_size(const json_t *array);

#define json_object_foreach(object, key_, value_)                                                  \
	for ((value_) = (object)->first; (value_) && ((key_) = (value_)->key); (value_) = (value_)->next)

#define json_typeof(v) ((v)->type)
#define json_is_object(v) ((v)->type == JSON_OBJECT)
#define json_is_array(v) ((v)->type == JSON_ARRAY)
#define json_is_string(v) ((v)->type == JSON_STRING)
#define json_is_integer(v) ((v)->type == JSON_INTEGER)
#define json_is_real(v) ((v)->type == JSON_REAL)
#define json_is_true(v) ((v)->type == JSON_TRUE)
#define json_is_boolean(v) ((v)->type == JSON_TRUE || (v)->type == JSON_FALSE)
#define json_string_value(v) ((const char *)(v)->text)
#define json_string_length(v) ((v)->len)
#define json_integer_value(v) strtoll((v)->text, NULL, 10)

/* Between json.c and parse.c. */
json_t *small_json_value(json_type type, const char *text, size_t len);
size_t small_json_character(const char *s);

#endif
