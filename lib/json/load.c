/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Text to jansson's values. jansson parses; here is what it does not do: limits
 * on size and depth, so that a hostile file costs neither memory nor stack, and
 * an error of one line that says where. What the values mean is in read.c.
 */
#include "json/json.h"

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_blank(const char *text, size_t len)
{
	while (len && is_space(text[len - 1]))
		len--;
	return len == 0;
}

/*
 * Where the bracket is that opens one level too many, or @len. As long as the
 * text is JSON, strings are told from brackets correctly; where it is not,
 * jansson stops before it gets deeper.
 */
static size_t too_deep(const char *text, size_t len)
{
	bool in_string = false;
	int depth = 0;

	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if (c == '"')
			in_string = !in_string;
		else if (c == '\\' && in_string)
			i++;
		else if (!in_string && (c == '{' || c == '['))
			depth++;
		else if (!in_string && (c == '}' || c == ']'))
			depth--;
		if (depth > WR_JSON_MAX_DEPTH)
			return i;
	}
	return len;
}

static int refuse_depth(const char *text, size_t at, struct weir_error *err)
{
	size_t line = 1, column = 1;

	for (size_t i = 0; i < at; i++) {
		column = text[i] == '\n' ? 1 : column + 1;
		line += text[i] == '\n';
	}
	return wr_refuse(err, -EINVAL, "", "", "line %zu, column %zu: nested deeper than %d levels",
			 line, column, WR_JSON_MAX_DEPTH);
}

/* When memory runs out, jansson mostly says nothing; in its lexer, that a token was not expected. */
static int refuse_syntax(const json_error_t *e, struct weir_error *err)
{
	char shown[WR_SHOWN];

	if (!*e->text || json_error_code(e) == json_error_out_of_memory)
		return wr_nomem(err);
	return wr_refuse(err, json_error_code(e) == json_error_numeric_overflow ? -ERANGE : -EINVAL,
			 "", "", "line %d, column %d: %s", e->line, e->column,
			 wr_shown(e->text, shown));
}

/* Duplicate keys are refused, since which one counts is anybody's guess; NUL is read.c's to refuse. */
int wr_json_load(const char *text, size_t len, json_t **ret, struct weir_error *err)
{
	json_error_t e = { .text = "" };
	json_t *json;
	size_t at;

	if (len > WR_JSON_MAX_BYTES)
		return wr_refuse(err, -ERANGE, "", "", "the text has %zu bytes, more than %zu", len,
				 WR_JSON_MAX_BYTES);
	if (is_blank(text, len))
		return wr_refuse(err, -EINVAL, "", "", "the text is empty");
	at = too_deep(text, len);
	if (at < len)
		return refuse_depth(text, at, err);
	json = json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL, &e);
	if (!json)
		return refuse_syntax(&e, err);
	*ret = json;
	return 0;
}
