/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* inet_pton() and inet_ntop() in musl's place (libc.c): addresses of IPv4 and IPv6 as text, and back. */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "shorter.h"

/* Four numbers up to 255, without zeros in front; what is behind them has to be the end. */
static bool read_4(const char *text, uint8_t bytes[4])
{
	for (int i = 0; i < 4; i++) {
		const char *begin = text;
		unsigned int n = 0;

		while (isdigit((unsigned char)*text) && text - begin < 3)
			n = n * 10 + (unsigned int)(*text++ - '0');
		if (text == begin || n > 255 || (*begin == '0' && text - begin > 1) || *text++ != (i < 3 ? '.' : '\0'))
			return false;
		bytes[i] = (uint8_t)n;
	}
	return true;
}

/* Up to four hexadecimal digits; NULL: there is none. */
static const char *read_group(const char *text, uint8_t bytes[2])
{
	char *end;
	const unsigned long long n = small_strtoull(text, &end, 16);

	if (!isxdigit((unsigned char)*text) || end == text || end - text > 4 || (text[1] | 0x20) == 'x')
		return NULL;
	bytes[0] = (uint8_t)(n >> 8);
	bytes[1] = (uint8_t)n;
	return end;
}

#define NOWHERE 17

/* What stands behind "::" is moved to the end when all is read. */
static bool read_6(const char *text, uint8_t bytes[16])
{
	size_t n = 0, gap = NOWHERE;

	if (*text == ':' && *++text != ':')
		return false;
	while (*text || !n) {
		const char *end;

		if (*text == ':') {
			if (gap != NOWHERE)
				return false;
			gap = n;
			if (!*++text)
				break;
		}
		end = n < 16 ? read_group(text, bytes + n) : NULL;
		if (end && *end == '.' && n <= 12 && read_4(text, bytes + n)) {
			n += 4;
			break;
		}
		if (!end || (*end && *end != ':') || (*end && !end[1]))
			return false;
		n += 2;
		text = *end ? end + 1 : end;
	}
	if (gap == NOWHERE)
		return n == 16;
	memmove(bytes + gap + 16 - n, bytes + gap, n - gap);
	memset(bytes + gap, 0, 16 - n);
	return n < 16;
}

int small_inet_pton(int family, const char *text, void *ret)
{
	uint8_t bytes[16] = { 0 };
	const bool is_good = family == AF_INET ? read_4(text, bytes) : read_6(text, bytes);

	if (is_good)
		memcpy(ret, bytes, family == AF_INET ? 4 : 16);
	return is_good;
}

/* Where the longest run of two or more zero groups is, the first of equal ones; 8: nowhere. */
static int longest_run(const uint8_t *b, int *ret_len)
{
	int best = 8;

	*ret_len = 1;
	for (int i = 0, len = 0; i < 8; i++) {
		len = b[2 * i] || b[2 * i + 1] ? 0 : len + 1;
		if (len > *ret_len) {
			*ret_len = len;
			best = i + 1 - len;
		}
	}
	return best;
}

const char *small_inet_ntop(int family, const void *address, char *to, size_t size)
{
	const uint8_t *b = address;
	char text[64];
	int n = 0, len, run, mapped;

	if (family == AF_INET) {
		n = snprintf(text, sizeof(text), "%d.%d.%d.%d", b[0], b[1], b[2], b[3]);
	} else {
		run = longest_run(b, &len);
		/* ::1.2.3.4 and ::ffff:1.2.3.4 */
		mapped = run == 0 && (len == 6 || (len == 5 && b[10] == 0xff && b[11] == 0xff)) ? 6 : 8;
		for (int i = 0; i < mapped; i++) {
			if (i == run) {
				n += snprintf(text + n, sizeof(text) - (size_t)n, "%s", "::");
				i += len - 1;
			} else {
				n += snprintf(text + n, sizeof(text) - (size_t)n, "%s%x", n && text[n - 1] != ':' ? ":" : "",
					      b[2 * i] << 8 | b[2 * i + 1]);
			}
		}
		if (mapped == 6)
			n += snprintf(text + n, sizeof(text) - (size_t)n, "%s%d.%d.%d.%d", text[n - 1] != ':' ? ":" : "",
				      b[12], b[13], b[14], b[15]);
	}
	if ((size_t)n >= size) {
		errno = ENOSPC;
		return NULL;
	}
	memcpy(to, text, (size_t)n + 1);
	return to;
}
