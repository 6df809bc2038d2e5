/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The calls of jansson that the tool writes JSON with, for builds without
 * networks: those need the real one, to read definitions. Names, arguments and
 * output are jansson's (tests/unit/test_small.c compares them). See json.c.
 */
#ifndef SMALL_JANSSON_H
#define SMALL_JANSSON_H

#include <stddef.h>
#include <stdio.h>

typedef struct json_t json_t;
typedef long long json_int_t;
typedef struct json_error json_error_t;

#define JSON_INDENT(n) ((size_t)(n))
#define JSON_ENCODE_ANY 0
#define JSON_DECODE_ANY 0

json_t *json_object(void);
json_t *json_array(void);
/* NULL if it is not UTF-8. */
json_t *json_string(const char *text);
json_t *json_integer(json_int_t value);
json_t *json_real(double value);
json_t *json_boolean(int value);
json_t *json_true(void);
json_t *json_false(void);
json_t *json_null(void);
/* Formats: { } [ ] s s? o o? b i I f n, and ':' ',' ' ' between them. */
json_t *json_pack(const char *format, ...);
/* These take the reference, also when they fail. */
int json_array_append_new(json_t *array, json_t *value);
int json_object_set_new(json_t *object, const char *key, json_t *value);
void json_decref(json_t *value);

char *json_dumps(const json_t *value, size_t flags);
int json_dumpf(const json_t *value, FILE *f, size_t flags);
/* Of text that the library wrote: it is not checked, only taken apart. */
json_t *json_loads(const char *text, size_t flags, json_error_t *error);

#endif
