/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Any struct that has an attribute table as JSON. Nothing here knows what a
 * network is: which members there are, their types and ranges, is in the table.
 *
 *	row				JSON
 *	integer				number, as shown: in the row's unit
 *	integer with words		string, one of the words
 *	integer with WR_HEX		string, "0x4000"
 *	WR_BOOL, WR_TRISTATE		true or false
 *	name, MAC, address, string	string
 *	object				object
 *	list				array of objects
 *	list of structs with one string	array of strings
 *
 * Numbers are jansson's, 63 bits and a sign. Writing members is wr_table_json().
 */
#ifndef WR_JSON_JSON_H
#define WR_JSON_JSON_H

#include <jansson.h>

#include "base/table.h"

/* Larger and deeper texts are refused: 16 MiB hold 100000 DHCP hosts, no table is 64 structs deep. */
#define WR_JSON_MAX_BYTES ((size_t)16 << 20)
#define WR_JSON_MAX_DEPTH 64

/* Text to values; *@ret is for json_decref(). The error has line and column. */
int wr_json_load(const char *text, size_t len, json_t **ret, struct weir_error *err);

/*
 * Text into @obj, which is empty. Refuses what the table does not know and what
 * a row may not hold; verify() is not called, because text may be right though a
 * definition is not. After an error @obj owns nothing.
 */
int wr_json_read(const struct wr_table *t, const char *text, size_t len, void *obj,
		 struct weir_error *err);
/* The whole document, indented; *@ret is for free(). */
int wr_json_write(const struct wr_table *t, const void *obj, char **ret);
/* Whether the row is a number in JSON; other integers are strings or booleans. */
bool wr_json_is_number(const struct wr_field *f);

/* A schema (draft 2020-12) that takes exactly the keys, types and ranges that reading takes. */
void wr_json_schema(const struct wr_table *t, struct wr_str *out);

#endif
