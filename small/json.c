/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Values of JSON: made, put together, looked up and written. A value has one owner,
 * so giving up the reference frees it. Reading text is parse.c's; see jansson.h.
 */
#include <jansson.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

json_t *small_json_value(json_type type, const char *text, size_t len)
{
	json_t *v = calloc(1, sizeof(*v));

	if (!v)
		return NULL;
	v->type = type;
	v->len = len;
	v->text = calloc(1, len + 1);
	if (!v->text) {
		free(v);
		return NULL;
	}
	memcpy(v->text, text, len);
	return v;
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

/* Bytes of the UTF-8 character at @text, 0 if there is none; no surrogates, nothing longer than it must be. */
size_t small_json_character(const char *text)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *s = (const unsigned char *)text;
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
		n = small_json_character(p);
		if (!n)
			return NULL;
	}
	return small_json_value(JSON_STRING, text, strlen(text));
}

json_t *json_object(void)
{
	return small_json_value(JSON_OBJECT, "", 0);
}

json_t *json_array(void)
{
	return small_json_value(JSON_ARRAY, "", 0);
}

json_t *json_true(void)
{
	return small_json_value(JSON_TRUE, "true", 4);
}

json_t *json_false(void)
{
	return small_json_value(JSON_FALSE, "false", 5);
}

json_t *json_boolean(int value)
{
	return value ? json_true() : json_false();
}

json_t *json_null(void)
{
	return small_json_value(JSON_NULL, "null", 4);
}

json_t *json_integer(json_int_t value)
{
	char buf[32];

	return small_json_value(JSON_INTEGER, buf, (size_t)snprintf(buf, sizeof(buf), "%lld", value));
}

/* --- putting together -------------------------------------------------------------- */

/* The members of an object are a list as well. */
int json_array_append_new(json_t *list, json_t *value)
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
	return replace(object, value) ? 0 : json_array_append_new(object, value);
}

/* --- looking up -------------------------------------------------------------------- */

json_t *json_object_get(const json_t *object, const char *key)
{
	json_t *v = object->first;

	while (v && strcmp(v->key, key) != 0)
		v = v->next;
	return v;
}

json_t *json_array_get(const json_t *array, size_t i)
{
	json_t *v = array->first;

	while (v && i--)
		v = v->next;
	return v;
}

size_t json_array_size(const json_t *array)
{
	size_t n = 0;

	for (const json_t *v = array->first; v; v = v->next)
		n++;
	return n;
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

	if (json_is_object(list)) {
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

struct text {
	char *data;
	size_t len, room;
	bool failed;
};

static void add(struct text *t, const char *s, size_t len)
{
	if (t->len + len > t->room) {
		char *more = t->failed ? NULL : realloc(t->data, 2 * (t->len + len));

		t->failed = !more;
		if (!more)
			return;
		t->data = more;
		t->room = 2 * (t->len + len);
	}
	memcpy(t->data + t->len, s, len);
	t->len += len;
}

static void add_string(struct text *t, const char *s, size_t len)
{
	static const char plain[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
	char escape[8];

	add(t, "\"", 1);
	for (; len--; s++) {
		const char *special = *s ? strchr(plain, *s) : NULL;

		if (special)
			add(t, (char[]){ '\\', letters[special - plain] }, 2);
		else if ((unsigned char)*s < 0x20)
			add(t, escape, (size_t)snprintf(escape, sizeof(escape), "\\u%04X", (unsigned int)*s));
		else
			add(t, s, 1);
	}
	add(t, "\"", 1);
}

static void new_line(struct text *t, size_t indent, size_t depth)
{
	if (!indent)
		return;
	add(t, "\n", 1);
	for (size_t i = 0; i < indent * depth; i++)
		add(t, " ", 1);
}

static void add_value(struct text *t, const json_t *v, size_t indent, size_t depth)
{
	bool is_object = json_is_object(v);

	if (json_is_string(v)) {
		add_string(t, v->text, v->len);
		return;
	}
	if (!is_object && !json_is_array(v)) {
		add(t, v->text, v->len);
		return;
	}
	add(t, is_object ? "{" : "[", 1);
	for (const json_t *child = v->first; child; child = child->next) {
		new_line(t, indent, depth + 1);
		if (child->key) {
			add_string(t, child->key, strlen(child->key));
			add(t, ": ", 2);
		}
		add_value(t, child, indent, depth + 1);
		if (child->next)
			add(t, ", ", indent ? 1 : 2);
	}
	if (v->first)
		new_line(t, indent, depth);
	add(t, is_object ? "}" : "]", 1);
}

char *json_dumps(const json_t *value, size_t flags)
{
	struct text t = { .data = NULL };

	if (!value)
		return NULL;
	add_value(&t, value, flags, 0);
	add(&t, "", 1);
	if (!t.failed)
		return t.data;
	free(t.data);
	return NULL;
}

int json_dumpf(const json_t *value, FILE *f, size_t flags)
{
	char *text = json_dumps(value, flags);
	int r = text && fputs(text, f) >= 0 ? 0 : -1;

	free(text);
	return r;
}
