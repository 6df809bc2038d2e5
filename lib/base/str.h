/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A growing byte string. Running out of memory is remembered in the string, so
 * that code which builds text or messages is a straight line with one check at
 * its end. The buffer is always terminated, so data can be read as text.
 */
#ifndef WR_BASE_STR_H
#define WR_BASE_STR_H

#include "base/base.h"

struct wr_str {
	char *data;	/* NULL while empty */
	size_t len;
	size_t cap;
	bool failed;	/* memory ran out: data is not complete */
};

void wr_str_done(struct wr_str *s);
/* Room for @n more bytes, zeroed; NULL when memory ran out. */
void *wr_str_grow(struct wr_str *s, size_t n);
/* The same for who fills it: it is not zeroed. */
void *wr_str_room(struct wr_str *s, size_t n);
/* Empties it for other bytes: its memory stays. */
void wr_str_clear(struct wr_str *s);
void wr_str_add(struct wr_str *s, const void *data, size_t n);
void wr_str_puts(struct wr_str *s, const char *text);
void wr_str_putc(struct wr_str *s, char c);
void wr_str_printf(struct wr_str *s, const char *fmt, ...) WR_PRINTF(2, 3);
/* @text as one word of a POSIX shell, quoted only where it must be. */
void wr_str_shell(struct wr_str *s, const char *text);
bool wr_is_utf8(const char *text);
/* @text as a JSON string with its quotes; what is not UTF-8 becomes U+FFFD, since JSON has nothing else. */
void wr_str_json(struct wr_str *s, const char *text);
/* FNV-1a of some bytes, begun with WR_HASH or going on from @hash: not against those who want two to be the same. */
#define WR_HASH 2166136261u
uint32_t wr_hash(uint32_t hash, const void *data, size_t len);
/* The text, owned by the caller; the string is empty afterwards. NULL when memory ran out. */
char *wr_str_take(struct wr_str *s);
/* The text for reading; "" while empty. */
const char *wr_str_text(const struct wr_str *s);

static inline void wr_auto_str(struct wr_str *s)
{
	wr_str_done(s);
}

#endif
