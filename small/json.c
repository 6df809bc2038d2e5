/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * See jansson.h. A value is its text, or a list of values in the order in which
 * they came; nothing is ever looked up. A value has one owner, so giving up the
 * reference frees it.
 */
#include <ctype.h>
#include <jansson.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct json_t {
	char open;	/* '{', '[', '"' for a string, 0 for any other text */
	bool is_raw;	/* a string as it stands in JSON: escaped already */
	char *key;	/* in an object */
	char *text;
	json_t *first, *last, *next;
};

static json_t *value_new(char open, const char *text, size_t len)
{
	json_t *v = calloc(1, sizeof(*v));

	if (!v)
		return NULL;
	v->open = open;
	v->text = strndup(text, len);
	if (v->text)
		return v;
	free(v);
	return NULL;
}

void json_decref(json_t *v)
{
	json_t *next;

	if (!v)
		return;
	for (json_t *child = v->first; child; child = next) {
		next = child->next;
		json_decref(child);
	}
	free(v->key);
	free(v->text);
	free(v);
}

/* --- making ------------------------------------------------------------------------ */

/* Bytes of the UTF-8 character at @s, 0 if there is none; no surrogates, nothing longer than it must be. */
static size_t character(const unsigned char *s)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n = *s < 0x80 ? 1 : (*s & 0xe0) == 0xc0 ? 2 : (*s & 0xf0) == 0xe0 ? 3 :
		   (*s & 0xf8) == 0xf0 ? 4 : 0;
	uint32_t c = n > 1 ? *s & (0x7fu >> n) : *s;

	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3fu);
	}
	return n && c >= least[n] && c <= 0x10ffff && (c < 0xd800 || c > 0xdfff) ? n : 0;
}

json_t *json_string(const char *text)
{
	size_t n;

	if (!text)
		return NULL;
	for (const char *p = text; *p; p += n) {
		n = character((const unsigned char *)p);
		if (!n)
			return NULL;
	}
	return value_new('"', text, strlen(text));
}

static json_t *word(const char *text)
{
	return value_new(0, text, strlen(text));
}

json_t *json_object(void)
{
	return value_new('{', "", 0);
}

json_t *json_array(void)
{
	return value_new('[', "", 0);
}

json_t *json_true(void)
{
	return word("true");
}

json_t *json_false(void)
{
	return word("false");
}

json_t *json_boolean(int value)
{
	return value ? json_true() : json_false();
}

json_t *json_null(void)
{
	return word("null");
}

json_t *json_integer(json_int_t value)
{
	char buf[32];

	snprintf(buf, sizeof(buf), "%lld", value);
	return word(buf);
}

/* With a point or an exponent, so that it is read as a real again; "1e+05" is "1e5". */
json_t *json_real(double value)
{
	char buf[40], *exponent, *digits;
	int n = snprintf(buf, sizeof(buf) - 2, "%.17g", value);

	if (!isfinite(value))
		return NULL;
	exponent = strchr(buf, 'e');
	if (!exponent && !strchr(buf, '.'))
		memcpy(buf + n, ".0", 3);
	if (exponent) {
		exponent += exponent[1] == '-' ? 2 : 1;
		digits = exponent + strspn(exponent, "+0");
		memmove(exponent, digits, strlen(digits) + 1);
	}
	return word(buf);
}

/* --- putting together -------------------------------------------------------------- */

static int append(json_t *list, json_t *value)
{
	if (!list || !value) {
		json_decref(value);
		return -1;
	}
	if (list->last)
		list->last->next = value;
	else
		list->first = value;
	list->last = value;
	return 0;
}

int json_array_append_new(json_t *array, json_t *value)
{
	return append(array, value);
}

/* The value of a key that is there gives way; its place stays. */
static bool replace(json_t *object, json_t *value)
{
	for (json_t **p = &object->first; *p; p = &(*p)->next) {
		json_t *old = *p;

		if (strcmp(old->key, value->key) != 0)
			continue;
		value->next = old->next;
		*p = value;
		if (object->last == old)
			object->last = value;
		json_decref(old);
		return true;
	}
	return false;
}

int json_object_set_new(json_t *object, const char *key, json_t *value)
{
	if (!object || !value || !(value->key = strdup(key))) {
		json_decref(value);
		return -1;
	}
	return replace(object, value) ? 0 : append(object, value);
}

/* --- packing ----------------------------------------------------------------------- */

struct packing {
	const char *at;		/* in the format */
	va_list args;
};

static json_t *pack(struct packing *p);

static char next_letter(struct packing *p)
{
	p->at += strspn(p->at, ":, ");
	return *p->at ? *p->at++ : '\0';
}

static bool may_be_null(struct packing *p)
{
	bool is = *p->at == '?';

	p->at += is;
	return is;
}

static bool pack_member(struct packing *p, json_t *list)
{
	const char *key = NULL;

	if (list->open == '{') {
		next_letter(p);	/* the key's 's' */
		key = va_arg(p->args, const char *);
	}
	return !(key ? json_object_set_new(list, key, pack(p)) : json_array_append_new(list, pack(p)));
}

/* A member that fails is left out and fails the whole; the rest of the arguments is taken all the same. */
static json_t *pack_list(struct packing *p, json_t *list, char close)
{
	bool good = true;

	if (!list)
		return NULL;
	for (;;) {
		p->at += strspn(p->at, ":, ");
		if (!*p->at || *p->at == close)
			break;
		good = pack_member(p, list) && good;
	}
	p->at += *p->at == close;
	if (good)
		return list;
	json_decref(list);
	return NULL;
}

static json_t *or_null(struct packing *p, json_t *value, bool is_absent)
{
	bool may = may_be_null(p);

	return is_absent && may ? json_null() : value;
}

static json_t *pack(struct packing *p)
{
	const char *text;
	json_t *value;

	switch (next_letter(p)) {
	case '{':
		return pack_list(p, json_object(), '}');
	case '[':
		return pack_list(p, json_array(), ']');
	case 's':
		text = va_arg(p->args, const char *);
		return or_null(p, json_string(text), !text);
	case 'o':
		value = va_arg(p->args, json_t *);
		return or_null(p, value, !value);
	case 'b':
		return json_boolean(va_arg(p->args, int));
	case 'i':
		return json_integer(va_arg(p->args, int));
	case 'I':
		return json_integer(va_arg(p->args, json_int_t));
	case 'f':
		return json_real(va_arg(p->args, double));
	case 'n':
		return json_null();
	}
	return NULL;
}

json_t *json_pack(const char *format, ...)
{
	struct packing p = { .at = format };
	json_t *value;

	va_start(p.args, format);
	value = pack(&p);
	va_end(p.args);
	return value;
}

/* --- writing ----------------------------------------------------------------------- */

static void put_string(FILE *f, const char *s)
{
	static const char plain[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";

	fputc('"', f);
	for (; *s; s++) {
		const char *special = strchr(plain, *s);

		if (special)
			fprintf(f, "\\%c", letters[special - plain]);
		else if ((unsigned char)*s < 0x20)
			fprintf(f, "\\u%04X", (unsigned int)*s);
		else
			fputc(*s, f);
	}
	fputc('"', f);
}

static void new_line(FILE *f, size_t indent, size_t depth)
{
	if (indent)
		fprintf(f, "\n%*s", (int)(indent * depth), "");
}

static void put(FILE *f, const json_t *v, size_t indent, size_t depth)
{
	if (v->open == '"' && !v->is_raw) {
		put_string(f, v->text);
		return;
	}
	if (v->open != '{' && v->open != '[') {
		fputs(v->text, f);
		return;
	}
	fputc(v->open, f);
	for (const json_t *child = v->first; child; child = child->next) {
		new_line(f, indent, depth + 1);
		if (child->key) {
			put_string(f, child->key);
			fputs(": ", f);
		}
		put(f, child, indent, depth + 1);
		if (child->next)
			fputs(indent ? "," : ", ", f);
	}
	if (v->first)
		new_line(f, indent, depth);
	fputc(v->open == '{' ? '}' : ']', f);
}

int json_dumpf(const json_t *value, FILE *f, size_t flags)
{
	if (!value)
		return -1;
	put(f, value, flags, 0);
	return ferror(f) ? -1 : 0;
}

char *json_dumps(const json_t *value, size_t flags)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);
	int r;

	if (!f)
		return NULL;
	r = json_dumpf(value, f, flags);
	if (fclose(f) || r) {
		free(text);
		return NULL;
	}
	return text;
}

/* --- taking apart ------------------------------------------------------------------ */

static const char *skip_blank(const char *s)
{
	return s + strspn(s, " \t\r\n,:");
}

static size_t string_len(const char *s)
{
	size_t n = 1;

	while (s[n] && s[n] != '"')
		n += s[n] == '\\' && s[n + 1] ? 2 : 1;
	return s[n] ? n + 1 : 0;
}

static json_t *parse(const char **at, int depth);

static bool parse_member(const char **at, json_t *list, int depth)
{
	size_t len = list->open == '{' ? string_len(*at) : 0;
	char *key = len >= 2 ? strndup(*at + 1, len - 2) : NULL;
	int r;

	*at = skip_blank(*at + len);
	if (list->open == '{')
		r = key ? json_object_set_new(list, key, parse(at, depth)) : -1;
	else
		r = json_array_append_new(list, parse(at, depth));
	free(key);
	return !r;
}

static json_t *parse_list(const char **at, int depth)
{
	json_t *list = **at == '{' ? json_object() : json_array();
	bool good = list != NULL;

	for (*at = skip_blank(*at + 1); good && **at && **at != '}' && **at != ']'; *at = skip_blank(*at))
		good = parse_member(at, list, depth);
	if (good && **at) {
		++*at;
		return list;
	}
	json_decref(list);
	return NULL;
}

static json_t *parse(const char **at, int depth)
{
	const char *s = *at;
	size_t len = *s == '"' ? string_len(s) : strcspn(s, " \t\r\n,:]}");
	json_t *v;

	if (depth == 0 || !len)
		return NULL;
	if (*s == '{' || *s == '[')
		return parse_list(at, depth - 1);
	v = value_new(*s == '"' ? '"' : 0, s, len);
	if (v)
		v->is_raw = true;
	*at += len;
	return v;
}

json_t *json_loads(const char *text, size_t flags, json_error_t *error)
{
	const char *at = text ? skip_blank(text) : "";

	return parse(&at, 64);
}
