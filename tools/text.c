/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Values as people read them, and what people type as values. Definitions are
 * read and written by the library (<weir/json.h>); this is for tables and for the
 * few values that stand on the command line.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "weir.h"

const char *mode_name(unsigned int mode)
{
	static const char *const names[] = { "isolated", "nat",	 "route", "open",	  "bridge",
					     "private",	 "vepa", "passthrough", "hostdev" };

	return mode < sizeof(names) / sizeof(names[0]) ? names[mode] : "unknown";
}

const char *port_kind_name(unsigned int kind)
{
	static const char *const names[] = { "tap", "veth", "macvtap", "hostdev", "macvlan" };

	return kind < sizeof(names) / sizeof(names[0]) ? names[kind] : "unknown";
}

const char *mac_format(const uint8_t mac[6], char buf[18])
{
	snprintf(buf, 18, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4],
		 mac[5]);
	return buf;
}

bool mac_parse(const char *text, uint8_t ret[6])
{
	uint8_t mac[6] = { 0 };
	unsigned int sum = 0;

	for (int i = 0; i < 6; i++) {
		char digits[3] = { text[0], text[0] ? text[1] : '\0', '\0' };

		if (!isxdigit((unsigned char)digits[0]) || !isxdigit((unsigned char)digits[1]) ||
		    text[2] != (i < 5 ? ':' : '\0'))
			return false;
		mac[i] = (uint8_t)strtoul(digits, NULL, 16);
		sum |= mac[i];
		text += 3;
	}
	if (!sum || mac[0] & 1)
		return false;
	memcpy(ret, mac, sizeof(mac));
	return true;
}

bool number_parse(const char *text, unsigned long max, unsigned long *ret)
{
	unsigned long value;
	char *end;

	if (!isdigit((unsigned char)*text))
		return false;
	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno || *end || value > max)
		return false;
	*ret = value;
	return true;
}

/* 5000000 bytes/s are "40Mbit/s": in bits as everywhere else, four digits at most, in one word for columns. */
char *rate_text(uint64_t bytes_per_s)
{
	static const char *const units[] = { "bit/s", "kbit/s", "Mbit/s", "Gbit/s", "Tbit/s" };
	uint64_t bits = bytes_per_s < UINT64_MAX / 8 ? 8 * bytes_per_s : UINT64_MAX, unit = 1, part = 1000;
	int digits = 3;
	size_t i = 0;

	for (; bits / unit >= 1000 && i < 4; i++)
		unit *= 1000;
	for (uint64_t whole = bits / unit; whole >= 10 && digits; whole /= 10, digits--)
		part /= 10;
	if (unit == 1)
		return xformat("%llu%s", (unsigned long long)bits, units[i]);
	/* In thousandths of the unit, or in tenths: rounded, and without zeros at the end. */
	unit /= part;
	bits = bits / unit + (bits % unit * 2 >= unit);
	for (; digits && bits % 10 == 0; bits /= 10, part /= 10)
		digits--;
	return digits ? xformat("%llu.%0*llu%s", (unsigned long long)(bits / part), digits,
				(unsigned long long)(bits % part), units[i]) :
			xformat("%llu%s", (unsigned long long)bits, units[i]);
}

int limits_read(struct tool *t, const char *option, const char *text, struct weir_rate *ret)
{
	char line[512];

	if (!text)
		return STATUS_OK;
	if (!strcmp(text, "none")) {
		*ret = (struct weir_rate){ .floor_bytes_per_s = 0 };
		return STATUS_OK;
	}
	if (!weir_limits_parse(text, ret, &t->err))
		return STATUS_OK;
	weir_error_format(&t->err, line, sizeof(line));
	return usage_error(t, "%s: %s", option, line);
}

char *limits_text(const struct weir_rate *rate)
{
	char *average = rate->average_bytes_per_s ? rate_text(rate->average_bytes_per_s) : NULL;
	char *peak = rate->peak_bytes_per_s ? rate_text(rate->peak_bytes_per_s) : NULL;
	char *floor = rate->floor_bytes_per_s ? rate_text(rate->floor_bytes_per_s) : NULL;
	char *burst = rate->burst_bytes ? xformat(", burst %llu KiB",
						  (unsigned long long)(rate->burst_bytes + 512) / 1024) :
					  NULL;
	char *s = xformat("%s%s%s%s%s%s", average ? average : "unlimited", peak ? ", peak " : "",
			  peak ? peak : "", burst ? burst : "", floor ? ", floor " : "",
			  floor ? floor : "");

	free(average);
	free(peak);
	free(floor);
	free(burst);
	return s;
}
