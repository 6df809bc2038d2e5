/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See shorter.h: what these do is libc's, how fast they do it is not. */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>

#include "shorter.h"

char *small_strstr(const char *text, const char *part)
{
	size_t n = strlen(part);

	for (; strncmp(text, part, n) != 0; text++)
		if (!*text)
			return NULL;
	return (char *)text;
}

/* --- sorting ----------------------------------------------------------------------- */

static void swap(char *a, char *b, size_t size)
{
	while (size--) {
		char c = *a;

		*a++ = *b;
		*b++ = c;
	}
}

/* By a heap: never slower than n * log(n), whatever the order was. */
void small_qsort_r(void *base, size_t n, size_t size, int (*compare)(const void *, const void *, void *), void *arg)
{
	size_t begin = n / 2, child;
	char *items = base;

	while (n > 1) {
		if (begin)
			begin--;
		else
			swap(items, items + --n * size, size);
		for (size_t root = begin; (child = 2 * root + 1) < n; root = child) {
			if (child + 1 < n && compare(items + child * size, items + (child + 1) * size, arg) < 0)
				child++;
			if (compare(items + root * size, items + child * size, arg) >= 0)
				break;
			swap(items + root * size, items + child * size, size);
		}
	}
}

/* --- numbers ----------------------------------------------------------------------- */

static unsigned int digit(char c)
{
	return isdigit((unsigned char)c) ? (unsigned int)(c - '0') :
	       isalpha((unsigned char)c) ? (unsigned int)((c | 0x20) - 'a' + 10) : UINT_MAX;
}

/* What is behind its sign, at most ULLONG_MAX, and whether it was more. */
static unsigned long long magnitude(const char *text, char **end, unsigned int base, bool *is_negative, bool *is_more)
{
	unsigned long long value = 0;
	const char *at = text;

	while (isspace((unsigned char)*at))
		at++;
	*is_negative = *at == '-';
	at += *at == '-' || *at == '+';
	if (base != 10 && *at == '0' && (at[1] | 0x20) == 'x' && digit(at[2]) < 16) {
		at += 2;
		base = 16;
	}
	base = base ? base : *at == '0' ? 8 : 10;
	if (end)
		*end = (char *)(digit(*at) < base ? at : text);
	for (*is_more = false; digit(*at) < base; at++) {
		*is_more = *is_more || value > (ULLONG_MAX - digit(*at)) / base;
		value = value * base + digit(*at);
		if (end)
			*end = (char *)at + 1;
	}
	return *is_more ? ULLONG_MAX : value;
}

unsigned long long small_strtoull(const char *text, char **end, int base)
{
	bool is_negative, is_more;
	unsigned long long value = magnitude(text, end, (unsigned int)base, &is_negative, &is_more);

	if (is_more)
		errno = ERANGE;
	return is_negative && !is_more ? -value : value;
}

long long small_strtoll(const char *text, char **end, int base)
{
	bool is_negative, is_more;
	unsigned long long value = magnitude(text, end, (unsigned int)base, &is_negative, &is_more);
	unsigned long long most = (unsigned long long)LLONG_MAX + is_negative;

	if (value > most)
		errno = ERANGE;
	value = value > most ? most : value;
	return (long long)(is_negative ? -value : value);
}
