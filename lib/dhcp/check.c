/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What must not reach dnsmasq. A definition from outside was checked by the rules
 * of lib/network's tables; here is the second door, for what a caller put into a
 * struct by hand, and for what only dnsmasq's language makes dangerous.
 *
 * dnsmasq reads its files in pieces of 1024 bytes: what goes beyond that in a line
 * would be a line of its own. So a line's length matters as much as its bytes.
 */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/error.h"
#include "dhcp/dhcp.h"

#define MAX_LINE 1023
#define MAX_WORD 512

static int refuse(const struct weir_network *net, struct weir_error *err, const char *attr,
		  const char *msg)
{
	char object[64];

	wr_format(object, sizeof(object), "network %s", net->name ? net->name : "");
	return wr_refuse(err, -EINVAL, object, attr, "%s", msg);
}

struct checker {
	const struct weir_network *net;
	struct weir_error *err;
	int r; /* of the first refusal */
};

/* The first refusal counts. @bad NULL: there is none. */
static void WR_PRINTF(3, 0) note(struct checker *c, const char *bad, const char *fmt, va_list ap)
{
	char attr[128];

	if (!bad || c->r)
		return;
	if (vsnprintf(attr, sizeof(attr), fmt, ap) < 0)
		*attr = '\0';
	c->r = refuse(c->net, c->err, attr, bad);
}

static const char *bad_text(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			return "has a control character in it";
	return NULL;
}

/* Letters, digits and @also. */
static const char *bad_word(const char *s, const char *also)
{
	size_t len = strlen(s);

	if (!len || bad_text(s))
		return len ? bad_text(s) : "is empty";
	if (len > MAX_WORD)
		return "is too long for dnsmasq";
	for (; *s; s++)
		if (!isalnum((unsigned char)*s) && !strchr(also, *s))
			return "has a character in it that dnsmasq would take for something else";
	return NULL;
}

/* In a line of dhcp-host these are not names: 45, 45m, infinite, ignore, 10.0.0.1. */
static const char *bad_host_name(const char *s)
{
	size_t digits = strspn(s, "0123456789");
	struct weir_ip ip;

	if ((digits && (!s[digits] || (strchr("smhdwSMHDW", s[digits]) && !s[digits + 1]))) ||
	    !strcmp(s, "infinite") || !strcmp(s, "ignore") || !weir_ip_parse(s, &ip))
		return "is no name to dnsmasq, but a lease time or an address";
	return bad_word(s, "-_.");
}

/* NULL is nothing to check. What follows @also names the member. */
static void WR_PRINTF(4, 5)
	check_word(struct checker *c, const char *s, const char *also, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	note(c, s ? bad_word(s, also) : NULL, fmt, ap);
	va_end(ap);
}

static void WR_PRINTF(3, 4) check(struct checker *c, const char *bad, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	note(c, bad, fmt, ap);
	va_end(ap);
}

static void check_host(struct checker *c, const struct weir_dhcp_host *h, size_t ip, size_t i)
{
	check_word(c, h->mac, ":", "ips[%zu].dhcp.hosts[%zu].mac", ip, i);
	check_word(c, h->id, ":", "ips[%zu].dhcp.hosts[%zu].id", ip, i);
	check(c, h->name ? bad_host_name(h->name) : NULL, "ips[%zu].dhcp.hosts[%zu].name", ip, i);
	check(c, h->mac || h->id || h->name ? NULL : "names no guest", "ips[%zu].dhcp.hosts[%zu]",
	      ip, i);
}

static void check_ptr(struct checker *c, const struct weir_network_ip *ip, size_t i)
{
	bool v4 = ip->address.family == WEIR_FAMILY_IPV4;
	int prefix = weir_network_ip_prefix(ip);
	char object[64], attr[32];

	if (c->r || ip->local_ptr != WEIR_YES)
		return;
	if (prefix > 0 && prefix % (v4 ? 8 : 4) == 0 && (!v4 || prefix < 32))
		return;
	wr_format(object, sizeof(object), "network %s", c->net->name);
	wr_format(attr, sizeof(attr), "ips[%zu].localPtr", i);
	c->r = wr_refuse(c->err, -EINVAL, object, attr,
			 "there is no reverse zone for a prefix of %d bits: it must be %s",
			 prefix, v4 ? "8, 16 or 24" : "a multiple of 4");
}

static void check_dns(struct checker *c, const struct weir_dns *dns)
{
	for (size_t i = 0; i < dns->n_forwarders; i++)
		check_word(c, dns->forwarders[i].domain, "-_.", "dns.forwarders[%zu].domain", i);
	for (size_t i = 0; i < dns->n_txt; i++) {
		check(c, bad_text(dns->txt[i].name), "dns.txt[%zu].name", i);
		check(c, bad_text(dns->txt[i].value), "dns.txt[%zu].value", i);
	}
	for (size_t i = 0; i < dns->n_srv; i++) {
		check_word(c, dns->srv[i].service, "_-+/*", "dns.srv[%zu].service", i);
		check_word(c, dns->srv[i].protocol, "_-+/*", "dns.srv[%zu].protocol", i);
		check_word(c, dns->srv[i].domain, "-_.", "dns.srv[%zu].domain", i);
		check_word(c, dns->srv[i].target, "-_.", "dns.srv[%zu].target", i);
	}
	for (size_t i = 0; i < dns->n_hosts; i++)
		for (size_t k = 0; k < dns->hosts[i].n_hostnames; k++)
			check_word(c, dns->hosts[i].hostnames[k].name, "-_.",
				   "dns.hosts[%zu].hostnames[%zu].name", i, k);
}

static void check_ips(struct checker *c, const struct weir_network *net)
{
	for (size_t i = 0; i < net->n_ips; i++) {
		const struct weir_network_ip *ip = &net->ips[i];

		if (net->dns.enable != WEIR_NO)
			check_ptr(c, ip, i);
		if (ip->tftp_root)
			check(c, bad_text(ip->tftp_root), "ips[%zu].tftpRoot", i);
		if (ip->dhcp.bootp.file)
			check(c, bad_text(ip->dhcp.bootp.file), "ips[%zu].dhcp.bootp.file", i);
		for (size_t k = 0; k < ip->dhcp.n_hosts; k++)
			check_host(c, &ip->dhcp.hosts[k], i, k);
	}
}

int wr_dhcp_check(const struct weir_network *net, const struct wr_dhcp_files *files,
		  struct weir_error *err)
{
	struct checker c = { .net = net, .err = err };

	check(&c, bad_text(net->name), "name");
	check(&c, bad_text(files->conf), "state directory");
	check_word(&c, net->bridge.name, "-_.@", "bridge.name");
	check_word(&c, net->domain.name, "-_.", "domain.name");
	check_dns(&c, &net->dns);
	check_ips(&c, net);
	for (size_t i = 0; i < net->n_dnsmasq_options; i++)
		check(&c, bad_text(net->dnsmasq_options[i].value), "dnsmasqOptions[%zu]", i);
	return c.r;
}

int wr_dhcp_check_lines(const struct weir_network *net, const char *text, struct weir_error *err)
{
	char msg[256];

	for (size_t len; *text; text += len + (text[len] == '\n')) {
		len = strcspn(text, "\n");
		if (len <= MAX_LINE)
			continue;
		wr_format(msg, sizeof(msg),
			  "makes a line of %zu bytes, and dnsmasq reads at most %d: %.40s", len,
			  MAX_LINE, text);
		return refuse(net, err, "", msg);
	}
	return 0;
}
