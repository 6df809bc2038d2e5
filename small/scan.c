/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sscanf() as far as we use it, in musl's place (libc.h): words (%s with a width),
 * decimal and hexadecimal numbers (%d, %u, %x, also l and ll), %n, spaces and text
 * that has to be there. Returns how many were stored.
 */
#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

int small_sscanf(const char *text, const char *format, ...) __attribute__((format(scanf, 2, 3)));

/* The number at @text, and where it ends; NULL: there is none. */
static const char *take_number(const char *text, char type, unsigned long long *ret)
{
	int sign = *text == '-' || *text == '+';
	char *end;

	if (type == 'x' ? !isxdigit((unsigned char)text[sign]) : !isdigit((unsigned char)text[sign]))
		return NULL;
	*ret = strtoull(text, &end, type == 'x' ? 16 : 10);
	return end;
}

static const char *take_word(const char *text, unsigned long width, char *to)
{
	size_t len = strcspn(text, " \t\n");

	if (width && len > width)
		len = width;
	memcpy(to, text, len);
	to[len] = '\0';
	return len ? text + len : NULL;
}

int small_sscanf(const char *text, const char *format, ...)
{
	const char *at = text;
	int n = 0;
	va_list args;

	va_start(args, format);
	for (; at && *format; format++) {
		unsigned long long value;
		unsigned long width;
		int n_longs = 0;

		if (isspace((unsigned char)*format)) {
			at += strspn(at, " \t\n");
			continue;
		}
		if (*format != '%') {
			at = *at == *format ? at + 1 : NULL;
			continue;
		}
		width = strtoul(format + 1, (char **)&format, 10);
		for (; *format == 'l'; format++)
			n_longs++;
		if (*format == 'n') {
			*va_arg(args, int *) = (int)(at - text);
			continue;
		}
		at += strspn(at, " \t\n");
		if (*format == 's') {
			at = take_word(at, width, va_arg(args, char *));
		} else {
			at = take_number(at, *format, &value);
			if (at && n_longs > 1)
				*va_arg(args, unsigned long long *) = value;
			else if (at && n_longs)
				*va_arg(args, unsigned long *) = (unsigned long)value;
			else if (at)
				*va_arg(args, unsigned int *) = (unsigned int)value;
		}
		n += at != NULL;
	}
	va_end(args);
	return n;
}
