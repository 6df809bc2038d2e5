/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Text into values of JSON (RFC 8259), as strictly as jansson reads it. An error
 * names the last character of the first token that cannot be; see jansson.h.
 */
#include <ctype.h>
#include <errno.h>
#include <jansson.h>
#include <stdint.h>
#include <string.h>

#define MAX_DEPTH 2048

struct reader {
	const char *text, *at;
	size_t flags;
	int depth;
	json_error_t *error;
};

/* --- errors ------------------------------------------------------------------------ */

static void count(const char *text, const char *end, json_error_t *e)
{
	e->line = 1;
	for (; text < end; text++) {
		if (*text == '\n')
			e->line++;
		e->column = *text == '\n' ? 0 : e->column + ((*text & 0xc0) != 0x80);
	}
}

/* The next @len bytes are what is wrong; the first error stays. Returns NULL. */
static json_t *refuse(struct reader *r, enum json_reason code, const char *what, size_t len)
{
	json_error_t *e = r->error;

	if (e->code)
		return NULL;
	*e = (json_error_t){ .code = code };
	count(r->text, r->at + len, e);
	if (code == json_error_out_of_memory)
		return NULL;
	if (*r->at)
		snprintf(e->text, sizeof(e->text), "%s near '%.*s'", what, len < 20 ? (int)len : 20, r->at);
	else
		snprintf(e->text, sizeof(e->text), "%s near end of file", what);
	return NULL;
}

static json_t *no_memory(struct reader *r)
{
	return refuse(r, json_error_out_of_memory, "", 0);
}

/* A word, a string or a number whole, anything else as one character. */
static json_t *unexpected(struct reader *r, const char *what)
{
	size_t n = 0;

	while (isalpha((unsigned char)r->at[n]))
		n++;
	if (*r->at == '"') {
		n = 1 + strcspn(r->at + 1, "\"\n");
		n += r->at[n] == '"';
	} else if (!n && *r->at) {
		n = 1 + (isdigit((unsigned char)*r->at) ? strspn(r->at + 1, "0123456789") : 0);
	}
	return refuse(r, json_error_invalid_syntax, what, n);
}

static char next_token(struct reader *r)
{
	r->at += strspn(r->at, " \t\r\n");
	return *r->at;
}

/* --- strings ----------------------------------------------------------------------- */

static const char *hex4(const char *s, uint32_t *ret)
{
	*ret = 0;
	for (int i = 0; i < 4; i++, s++) {
		if (!isxdigit((unsigned char)*s))
			return NULL;
		*ret = *ret << 4 | (uint32_t)(isdigit((unsigned char)*s) ? *s - '0' : (*s | 0x20) - 'a' + 10);
	}
	return s;
}

static char *put_utf8(char *to, uint32_t c)
{
	static const unsigned char leads[] = { 0, 0xc0, 0xe0, 0xf0 };
	int n = c < 0x80 ? 0 : c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;

	*to++ = (char)(leads[n] | c >> 6 * n);
	while (n--)
		*to++ = (char)(0x80 | (c >> 6 * n & 0x3f));
	return to;
}

/* Behind "\u": half of a pair only together with the other. */
static const char *take_unicode(const char *s, char **to, bool may_be_nul)
{
	uint32_t c, low;

	s = hex4(s, &c);
	if (s && c >= 0xd800 && c < 0xdc00) {
		s = s[0] == '\\' && s[1] == 'u' ? hex4(s + 2, &low) : NULL;
		if (!s || low < 0xdc00 || low > 0xdfff)
			return NULL;
		c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
	} else if (!s || (c >= 0xdc00 && c < 0xe000) || (!c && !may_be_nul)) {
		return NULL;
	}
	*to = put_utf8(*to, c);
	return s;
}

static const char *take_escape(const char *s, char **to, bool may_be_nul)
{
	static const char letters[] = "\"\\/bfnrt", plain[] = "\"\\/\b\f\n\r\t";
	const char *letter = *s ? strchr(letters, *s) : NULL;

	if (*s == 'u')
		return take_unicode(s + 1, to, may_be_nul);
	if (letter)
		*(*to)++ = plain[letter - letters];
	return letter ? s + 1 : NULL;
}

/* From the quote at @s: its text at @to, and where it ends; NULL: *@ret_at is what cannot be. */
static const char *take_string(const char *s, char **to, bool may_be_nul, const char **ret_at)
{
	for (s++; *s != '"';) {
		size_t n = (unsigned char)*s < 0x20 ? 0 : small_json_character(s);

		*ret_at = s;
		if (*s == '\\') {
			s = take_escape(s + 1, to, may_be_nul);
			if (!s)
				return NULL;
			continue;
		}
		if (!n)
			return NULL;
		memcpy(*to, s, n);
		*to += n;
		s += n;
	}
	return s + 1;
}

/* Bytes from its quote to the next; what stands for a character is never shorter than that. */
static size_t written_len(const char *s)
{
	size_t n = 1;

	while (s[n] && s[n] != '"')
		n += s[n] == '\\' && s[n + 1] ? 2 : 1;
	return n;
}

static json_t *parse_string(struct reader *r)
{
	json_t *v = small_json_value(JSON_STRING, r->at, written_len(r->at));
	const char *bad = r->at, *end;
	char *to;

	if (!v)
		return no_memory(r);
	to = v->text;
	end = take_string(r->at, &to, r->flags & JSON_ALLOW_NUL, &bad);
	if (!end) {
		json_decref(v);
		return refuse(r, json_error_invalid_syntax, "invalid string", (size_t)(bad - r->at));
	}
	*to = '\0';
	v->len = (size_t)(to - v->text);
	r->at = end;
	return v;
}

/* --- numbers and words --------------------------------------------------------------- */

static size_t digits(const char *s)
{
	return strspn(s, "0123456789");
}

static json_t *parse_number(struct reader *r)
{
	const char *s = r->at + (*r->at == '-');
	json_type type = JSON_INTEGER;
	json_t *v;

	if (!digits(s) || (*s == '0' && digits(s) > 1))
		return refuse(r, json_error_invalid_syntax, "invalid token", (size_t)(s - r->at) + (*s == '0'));
	s += digits(s);
	if (*s == '.') {
		type = digits(s + 1) ? JSON_REAL : JSON_NULL;
		s += 1 + digits(s + 1);
	}
	if (type != JSON_NULL && (*s == 'e' || *s == 'E')) {
		s += 1 + (s[1] == '-' || s[1] == '+');
		type = digits(s) ? JSON_REAL : JSON_NULL;
		s += digits(s);
	}
	if (type == JSON_NULL)
		return refuse(r, json_error_invalid_syntax, "invalid token", (size_t)(s - r->at));
	errno = 0;
	if (type == JSON_INTEGER && strtoll(r->at, NULL, 10) && errno)
		return refuse(r, json_error_numeric_overflow, *r->at == '-' ? "too big negative integer" : "too big integer",
			    (size_t)(s - r->at));
	r->at += !strncmp(r->at, "-0", (size_t)(s - r->at));	/* which is 0 */
	v = small_json_value(type, r->at, (size_t)(s - r->at));
	r->at = s;
	return v ? v : no_memory(r);
}

static json_t *parse_word(struct reader *r)
{
	static const struct {
		const char *text;
		json_type type;
	} words[] = { { "true", JSON_TRUE }, { "false", JSON_FALSE }, { "null", JSON_NULL } };

	for (size_t i = 0; i < 3; i++) {
		size_t n = strlen(words[i].text);
		json_t *v;

		if (strncmp(r->at, words[i].text, n) != 0 || isalpha((unsigned char)r->at[n]))
			continue;
		v = small_json_value(words[i].type, words[i].text, n);
		r->at += n;
		return v ? v : no_memory(r);
	}
	return unexpected(r, *r->at && strchr("{}[]:,", *r->at) ? "unexpected token" : "invalid token");
}

/* --- lists --------------------------------------------------------------------------- */

static json_t *parse(struct reader *r);

/* A value that comes when there is memory for it, into the list. */
static bool keep(struct reader *r, json_t *list, const char *key, json_t *value)
{
	if (!value)
		return false;
	if (key ? json_object_set_new(list, key, value) : json_array_append_new(list, value))
		no_memory(r);
	return !r->error->code;
}

static bool check_key(struct reader *r, const json_t *object, const json_t *key, size_t len)
{
	bool has_nul = strlen(key->text) != key->len;

	if (!has_nul && !(r->flags & JSON_REJECT_DUPLICATES && json_object_get(object, key->text)))
		return true;
	r->at -= len;
	refuse(r, has_nul ? json_error_invalid_syntax : json_error_duplicate_key,
	     has_nul ? "NUL in object key" : "duplicate object key", len);
	return false;
}

static bool parse_member(struct reader *r, json_t *object)
{
	const char *before = r->at;
	json_t *key = *before == '"' ? parse_string(r) : unexpected(r, "string or '}' expected");
	bool good = key && check_key(r, object, key, (size_t)(r->at - before));

	if (good && next_token(r) != ':') {
		unexpected(r, "':' expected");
		good = false;
	}
	if (good) {
		r->at++;
		good = keep(r, object, key->text, parse(r));
	}
	json_decref(key);
	return good;
}

static bool parse_members(struct reader *r, json_t *list)
{
	bool is_object = json_is_object(list);
	char close = is_object ? '}' : ']';

	r->at++;
	for (bool first = true; next_token(r) != close || !first; first = false) {
		if (is_object ? !parse_member(r, list) : !keep(r, list, NULL, parse(r)))
			return false;
		if (next_token(r) == close)
			break;
		if (*r->at != ',') {
			unexpected(r, is_object ? "'}' expected" : "']' expected");
			return false;
		}
		r->at++;
	}
	r->at++;
	return true;
}

static json_t *parse_list(struct reader *r, json_t *list)
{
	if (!list)
		return no_memory(r);
	if (parse_members(r, list))
		return list;
	json_decref(list);
	return NULL;
}

static json_t *parse(struct reader *r)
{
	json_t *v;

	next_token(r);
	if (++r->depth > MAX_DEPTH)
		v = unexpected(r, "maximum parsing depth reached");
	else if (*r->at == '{')
		v = parse_list(r, json_object());
	else if (*r->at == '[')
		v = parse_list(r, json_array());
	else if (*r->at == '"')
		v = parse_string(r);
	else if (*r->at == '-' || isdigit((unsigned char)*r->at))
		v = parse_number(r);
	else
		v = parse_word(r);
	r->depth--;
	return v;
}

json_t *json_loads(const char *text, size_t flags, json_error_t *error)
{
	json_error_t unseen;
	struct reader r = { .text = text, .at = text, .flags = flags, .error = error ? error : &unseen };
	json_t *v;

	if (!text)
		return NULL;
	*r.error = (json_error_t){ .line = -1 };
	v = parse(&r);
	if (!v || !next_token(&r))
		return v;
	json_decref(v);
	return unexpected(&r, "end of file expected");
}

json_t *json_loadb(const char *text, size_t len, size_t flags, json_error_t *error)
{
	struct reader r = { .text = text, .at = text, .error = error };
	char *copy = strndup(text, len);
	json_t *v;

	*error = (json_error_t){ .line = -1 };
	v = copy ? json_loads(copy, flags, error) : no_memory(&r);
	free(copy);
	return v;
}
