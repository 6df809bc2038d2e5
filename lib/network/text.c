/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a text in a definition may hold, as far as one member can tell: the rules
 * that rows of tables name. They keep out what would end a line, a word or a path
 * early further down; whether a definition makes sense is decided in check.c.
 */
#include <ctype.h>

#include "network/tables.h"

int wr_text_name(const char *s)
{
	if (!*s || strlen(s) > 200 || !strcmp(s, ".") || !strcmp(s, ".."))
		return -EINVAL;
	for (; *s; s++)
		if (*s == '/' || (unsigned char)*s < 0x20 || *s == 0x7f)
			return -EINVAL;
	return 0;
}

/* Names that reach dnsmasq's configuration: a line of it must not end early or get a field more. */
int wr_text_dns_name(const char *s)
{
	if (!*s || strlen(s) > 253)
		return -EINVAL;
	for (; *s; s++)
		if (!isalnum((unsigned char)*s) && !strchr("-_.", *s))
			return -EINVAL;
	return 0;
}

int wr_text_txt_name(const char *s)
{
	return *s && !strpbrk(s, " ,\n\r") ? 0 : -EINVAL;
}

int wr_text_line(const char *s)
{
	return strpbrk(s, "\n\r") ? -EINVAL : 0;
}

int wr_text_srv_word(const char *s)
{
	if (!*s || strlen(s) > 482)
		return -EINVAL;
	for (; *s; s++)
		if (!isalnum((unsigned char)*s) && !strchr("_-+/*", *s))
			return -EINVAL;
	return 0;
}

int wr_text_hex_id(const char *s)
{
	return *s && !s[strspn(s, "0123456789abcdefABCDEF:")] ? 0 : -EINVAL;
}

int wr_text_mac(const char *s)
{
	static const uint8_t none[6];
	uint8_t mac[6];

	return wr_mac_parse(s, mac) || mac[0] & 1 || !memcmp(mac, none, 6) ? -EINVAL : 0;
}

int wr_text_host_name(const char *s)
{
	return isalnum((unsigned char)*s) ? wr_text_dns_name(s) : -EINVAL;
}

int wr_text_uuid(const char *s)
{
	if (strlen(s) != 36)
		return -EINVAL;
	for (int i = 0; i < 36; i++)
		if (i == 8 || i == 13 || i == 18 || i == 23 ? s[i] != '-' :
							      !isxdigit((unsigned char)s[i]))
			return -EINVAL;
	return 0;
}

/*
 * A link's name that also goes into dnsmasq's and nftables' language and into
 * paths. The kernel would take more; nobody needs it.
 */
int wr_text_bridge(const char *s)
{
	if (wr_check_ifname(s))
		return -EINVAL;
	for (; *s; s++)
		if (!isalnum((unsigned char)*s) && !strchr("-_.@", *s))
			return -EINVAL;
	return 0;
}

/* What takes the place of "%d" has up to four digits. */
int wr_text_bridge_or_pattern(const char *s)
{
	const char *number = strstr(s, "%d");
	char name[32];

	if (!number)
		return wr_text_bridge(s);
	if (strlen(s) > 13)
		return -EINVAL;
	wr_format(name, sizeof(name), "%.*s4095%s", (int)(number - s), s, number + 2);
	return wr_text_bridge(name);
}

/* "0000:03:00.1" as sysfs writes it; a domain has up to 8 digits. */
int wr_text_pci(const char *s)
{
	size_t domain = strspn(s, "0123456789abcdef");
	const char *p = s + domain;

	if (domain < 4 || domain > 8 || (domain > 4 && *s == '0'))
		return -EINVAL;
	if (p[0] != ':' || strspn(p + 1, "0123456789abcdef") != 2 || p[3] != ':')
		return -EINVAL;
	if (strspn(p + 4, "0123456789abcdef") != 2 || p[4] > '1' || p[6] != '.')
		return -EINVAL;
	return p[7] >= '0' && p[7] <= '7' && !p[8] ? 0 : -EINVAL;
}

/* A link's name that nothing but the kernel reads. */
int wr_text_link(const char *s)
{
	return wr_check_ifname(s);
}
