/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The growing string: see str.h. */
#include <stdarg.h>
#include <stdio.h>

#include "base/str.h"

void wr_str_done(struct wr_str *s)
{
	free(s->data);
	*s = (struct wr_str){ 0 };
}

void wr_str_clear(struct wr_str *s)
{
	s->len = 0;
	s->failed = false;
	if (s->data)
		*s->data = '\0';
}

/* Apart from where there is room, which is for each attribute of each message: registers are saved only here. */
static __attribute__((noinline)) void *widen(struct wr_str *s, size_t n)
{
	const size_t need = s->len + n + 1;
	size_t cap = s->cap ? s->cap : 128;	/* most messages */
	char *data = NULL;

	while (cap < need)
		cap *= 2;
	if (!s->failed && need > n)
		data = realloc(s->data, cap);
	s->failed = !data;
	if (!data)
		return NULL;
	s->data = data;
	s->cap = cap;
	return wr_str_room(s, n);
}

void *wr_str_room(struct wr_str *s, size_t n)
{
	char *room;

	if (s->failed || n >= s->cap - s->len)
		return widen(s, n);
	room = s->data + s->len;
	s->len += n;
	room[n] = '\0';
	return room;
}

void *wr_str_grow(struct wr_str *s, size_t n)
{
	void *room = wr_str_room(s, n);

	return room ? memset(room, 0, n) : NULL;
}

void wr_str_add(struct wr_str *s, const void *data, size_t n)
{
	void *room = wr_str_room(s, n);

	if (room && n)
		memcpy(room, data, n);
}

void wr_str_puts(struct wr_str *s, const char *text)
{
	wr_str_add(s, text, strlen(text));
}

void wr_str_putc(struct wr_str *s, char c)
{
	char *room = wr_str_room(s, 1);

	if (room)
		*room = c;
}

void wr_str_printf(struct wr_str *s, const char *fmt, ...)
{
	const size_t left = s->cap - s->len;	/* mostly enough */
	va_list ap, again;
	char *room;
	int n;

	va_start(ap, fmt);
	va_copy(again, ap);
	n = vsnprintf(s->data ? s->data + s->len : NULL, left, fmt, ap);
	va_end(ap);
	if (n >= 0 && (size_t)n < left && !s->failed)
		s->len += n;
	else if ((room = n < 0 ? NULL : wr_str_room(s, n)))
		vsnprintf(room, n + 1, fmt, again);
	va_end(again);
}

void wr_str_shell(struct wr_str *s, const char *text)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789_-+=./:,@%";

	if (*text && !text[strspn(text, plain)]) {
		wr_str_puts(s, text);
		return;
	}
	wr_str_putc(s, '\'');
	for (; *text; text++) {
		if (*text == '\'')
			wr_str_puts(s, "'\\''");
		else
			wr_str_putc(s, *text);
	}
	wr_str_putc(s, '\'');
}

/* How many bytes the character of UTF-8 at @s has; 0: it is none. Stops at the final zero. */
static size_t utf8_length(const unsigned char *s)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n = *s < 0x80 ? 1 : *s < 0xc0 ? 0 : *s < 0xe0 ? 2 : *s < 0xf0 ? 3 : *s < 0xf8 ? 4 : 0;
	uint32_t c = n == 1 ? *s : *s & (0x7fu >> n);

	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	return c < least[n] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000) ? 0 : n;
}

bool wr_is_utf8(const char *text)
{
	size_t n = 1;

	for (; *text && n; text += n)
		n = utf8_length((const unsigned char *)text);
	return n > 0;
}

/* Adds what is itself in JSON, mostly all of it; returns the rest. */
static const char *add_plain(struct wr_str *s, const char *text)
{
	size_t n = 0;

	while ((signed char)text[n] >= 0x20 && text[n] != '"' && text[n] != '\\')
		n++;
	wr_str_add(s, text, n);
	return text + n;
}

void wr_str_json(struct wr_str *s, const char *text)
{
	wr_str_putc(s, '"');
	while (*(text = add_plain(s, text))) {
		unsigned char c = *text;
		size_t n = utf8_length((const unsigned char *)text);

		if (c < 0x20)
			wr_str_printf(s, "\\u%04x", c);
		else if (c < 0x80)
			wr_str_printf(s, "\\%c", c);
		else if (n)
			wr_str_add(s, text, n);
		else
			wr_str_puts(s, "\xef\xbf\xbd"); /* U+FFFD */
		text += n ? n : 1;
	}
	wr_str_putc(s, '"');
}

uint32_t wr_hash(uint32_t hash, const void *data, size_t len)
{
	for (const unsigned char *c = data; len--; c++)
		hash = (hash ^ *c) * 16777619u;
	return hash;
}

char *wr_str_take(struct wr_str *s)
{
	char *data;

	if (s->failed || !wr_str_grow(s, 0)) {
		wr_str_done(s);
		return NULL;
	}
	data = wr_take(s->data);
	*s = (struct wr_str){ 0 };
	return data;
}

const char *wr_str_text(const struct wr_str *s)
{
	return s->data ? s->data : "";
}
