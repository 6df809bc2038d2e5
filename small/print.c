/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * vfprintf() and vsnprintf() as far as we use them, in musl's place (libc.c): %d %u
 * %x %X %o with l, ll and z, %s, %c, %%; width, precision, '-' and '0'. No numbers
 * with a fraction, which nobody here prints.
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shorter.h"

/* Pieces are put together, so that what is not buffered is written at once. */
struct printing {
	FILE *f;		/* NULL: into memory, as far as there is room */
	char *to;
	size_t room;
	va_list args;
	int total;
	size_t n;
	char buf[256];
};

struct spec {
	bool to_left, with_zeros;
	int width, precision;	/* precision < 0: none */
	int n_longs;		/* a size_t is one long */
};

static void flush(struct printing *p)
{
	size_t n = p->n < p->room ? p->n : p->room;

	if (p->f) {
		fwrite(p->buf, 1, p->n, p->f);
	} else {
		memcpy(p->to, p->buf, n);
		p->to += n;
		p->room -= n;
	}
	p->n = 0;
}

static void emit(struct printing *p, const char *text, size_t len)
{
	p->total += (int)len;
	for (; len; len--) {
		if (p->n == sizeof(p->buf))
			flush(p);
		p->buf[p->n++] = *text++;
	}
}

static void emit_padding(struct printing *p, char c, int n)
{
	for (; n > 0; n--)
		emit(p, &c, 1);
}

static void emit_padded(struct printing *p, const struct spec *s, const char *text, size_t len)
{
	int missing = s->width - (int)len;

	emit_padding(p, ' ', s->to_left ? 0 : missing);
	emit(p, text, len);
	emit_padding(p, ' ', s->to_left ? missing : 0);
}

static void emit_number(struct printing *p, const struct spec *s, uint64_t value, bool is_negative, char type)
{
	const char *digits = type == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
	unsigned int base = type == 'o' ? 8 : (type | 0x20) == 'x' ? 16 : 10;
	char buf[72], *end = buf + sizeof(buf), *at = end;
	int least = s->precision >= 0 ? s->precision : s->with_zeros ? s->width - is_negative : 1;

	for (; (value || end - at < least) && at > buf + 1; value /= base)
		*--at = digits[value % base];
	if (is_negative)
		*--at = '-';
	emit_padded(p, s, at, (size_t)(end - at));
}

static void emit_signed(struct printing *p, const struct spec *s)
{
	int64_t value = s->n_longs > 1 ? va_arg(p->args, long long) :
			s->n_longs     ? va_arg(p->args, long) : va_arg(p->args, int);

	emit_number(p, s, value < 0 ? -(uint64_t)value : (uint64_t)value, value < 0, 'd');
}

static void emit_unsigned(struct printing *p, const struct spec *s, char type)
{
	emit_number(p, s, s->n_longs > 1 ? va_arg(p->args, unsigned long long) :
			 s->n_longs	? va_arg(p->args, unsigned long) : va_arg(p->args, unsigned int),
		   false, type);
}

static void emit_string(struct printing *p, const struct spec *s)
{
	const char *text = va_arg(p->args, const char *);

	text = text ? text : "(null)";
	emit_padded(p, s, text, s->precision < 0 ? strlen(text) : strnlen(text, (size_t)s->precision));
}

static int take_count(struct printing *p, const char **format)
{
	if (**format != '*')
		return (int)strtol(*format, (char **)format, 10);
	++*format;
	return va_arg(p->args, int);
}

/* What stands between the percent sign and the letter. */
static struct spec take_spec(struct printing *p, const char **format)
{
	struct spec s = { .precision = -1 };

	for (; **format == '-' || **format == '0'; ++*format) {
		s.to_left |= **format == '-';
		s.with_zeros |= **format == '0';
	}
	s.width = take_count(p, format);
	if (**format == '.') {
		++*format;
		s.precision = take_count(p, format);
	}
	for (; **format == 'l' || **format == 'z'; ++*format)
		s.n_longs++;
	return s;
}

static void emit_one(struct printing *p, const struct spec *s, char type)
{
	char c;

	switch (type) {
	case 'd':
		emit_signed(p, s);
		break;
	case 's':
		emit_string(p, s);
		break;
	case 'c':
	case '%':
		c = type == 'c' ? (char)va_arg(p->args, int) : '%';
		emit_padded(p, s, &c, 1);
		break;
	default:
		emit_unsigned(p, s, type);
	}
}

static void emit_all(struct printing *p, const char *format)
{
	while (*format) {
		size_t plain = strcspn(format, "%");
		struct spec s;

		emit(p, format, plain);
		format += plain;
		if (!*format)
			break;
		format++;
		s = take_spec(p, &format);
		emit_one(p, &s, *format);
		format += *format != '\0';
	}
	flush(p);
}

int small_vfprintf(FILE *f, const char *format, va_list ap)
{
	struct printing p = { .f = f };

	va_copy(p.args, ap);
	emit_all(&p, format);
	va_end(p.args);
	return ferror(f) ? -1 : p.total;
}

int small_vsnprintf(char *to, size_t size, const char *format, va_list ap)
{
	struct printing p = { .to = to, .room = size ? size - 1 : 0 };

	va_copy(p.args, ap);
	emit_all(&p, format);
	va_end(p.args);
	if (size)
		*p.to = '\0';
	return p.total;
}
