/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From a struct weir_nat to the elements that it is in the table: what each mode
 * means, and which names and numbers may get into nftables' language. What the
 * sets and chains do with the elements is table.c's.
 */
#include <net/if.h>

#include "base/ip.h"
#include "nat/nat.h"

#define FIRST_PORT 1024	/* lower ones are what some servers trust */
#define LAST_PORT 65535

static const char name_chars[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				 "0123456789-_.@";

int wr_nat_check_name(const char *name, const char *object, const char *attr, struct weir_error *err)
{
	wr_auto(str) struct wr_str shown = { 0 };
	size_t len = name ? strlen(name) : 0;

	if (!len || len >= IF_NAMESIZE)
		return wr_refuse(err, -EINVAL, object, attr,
				 "must be a link's name of 1 to %d bytes", IF_NAMESIZE - 1);
	if (!name[strspn(name, name_chars)])
		return 0;
	wr_str_json(&shown, name);
	return wr_refuse(err, -EINVAL, object, attr,
			 "%s has other characters than letters, digits and - _ . @",
			 wr_str_text(&shown));
}

/*
 * Kernels differ in whether they refuse that in a set with intervals, and it is refused in the others as well: which
 * set a subnet is in is nothing to those who write definitions. The same subnet again is no overlap.
 */
static bool overlap(const struct weir_subnet *a, const struct weir_subnet *b)
{
	unsigned int prefix = a->prefix < b->prefix ? a->prefix : b->prefix;

	return a->prefix != b->prefix && wr_ip_in(&a->address, &b->address, prefix);
}

static int check_subnets(const struct weir_nat *nat, const char *object, struct weir_error *err)
{
	for (size_t i = 0; i < nat->n_subnets; i++) {
		unsigned int bits = wr_ip_bits(&nat->subnets[i].address);
		char attr[32];

		wr_format(attr, sizeof(attr), "subnets[%zu]", i);
		if (!bits)
			return wr_refuse(err, -EINVAL, object, attr, "has no address");
		if (!nat->subnets[i].prefix || nat->subnets[i].prefix > bits)
			return wr_refuse(err, -EINVAL, object, attr, "prefix %u is outside 1..%u",
					 nat->subnets[i].prefix, bits);
		for (size_t k = 0; k < i; k++)
			if (overlap(&nat->subnets[k], &nat->subnets[i]))
				return wr_refuse(err, -EINVAL, object, attr,
						 "overlaps with subnets[%zu]", k);
	}
	if (nat->mode == WEIR_FORWARD_NAT && !nat->n_subnets)
		return wr_refuse(err, -EINVAL, object, "subnets", "mode nat needs a subnet");
	return 0;
}

static int check_range(const struct weir_nat *nat, const char *object, struct weir_error *err)
{
	const struct weir_ip *start = &nat->address_start, *end = &nat->address_end;
	uint16_t first = nat->port_start ? nat->port_start : FIRST_PORT;
	uint16_t last = nat->port_end ? nat->port_end : LAST_PORT;

	if (start->family != end->family)
		return wr_refuse(err, -EINVAL, object, "address_end",
				 "a range needs a first and a last address of one family");
	if (start->family && start->family != WEIR_FAMILY_IPV4)
		return wr_refuse(err, -EINVAL, object, "address_start", "must be an IPv4 address");
	if (wr_ip_compare(start, end) > 0)
		return wr_refuse(err, -EINVAL, object, "address_end", "is before address_start");
	if (first > last)
		return wr_refuse(err, -EINVAL, object, "port_end",
				 "%u is before the first port, %u", last, first);
	return 0;
}

static int check(const struct weir_nat *nat, struct weir_error *err)
{
	bool leaves = nat->mode == WEIR_FORWARD_NAT || nat->mode == WEIR_FORWARD_ROUTE;
	char object[64];
	int r = wr_nat_check_name(nat->bridge, "nat", "bridge", err);

	if (!r && nat->dev)
		r = wr_nat_check_name(nat->dev, "nat", "dev", err);
	if (r)
		return r;
	wr_format(object, sizeof(object), "nat of bridge %s", nat->bridge);
	if ((unsigned int)nat->mode > WEIR_FORWARD_OPEN)
		return wr_refuse(err, -EINVAL, object, "mode", "%d is not a mode", (int)nat->mode);
	if (nat->dev && !leaves)
		return wr_refuse(err, -EINVAL, object, "dev", "is for modes nat and route only");
	r = check_subnets(nat, object, err);
	return r ? r : check_range(nat, object, err);
}

/* To the sets "net4_24" and so on, or "net4": @set and what is left of the name. Of one subnet there is one element. */
static void add_subnet(struct wr_str *out, const char *set, const char *bridge,
		       const struct weir_subnet *subnet)
{
	struct weir_ip net = weir_ip_mask(&subnet->address, subnet->prefix);
	bool is6 = net.family == WEIR_FAMILY_IPV6, is_hashed = subnet->prefix == (is6 ? 64 : 24);
	const char *size = !is_hashed ? "" : is6 ? "_64" : "_24";
	char ip[WEIR_IP_TEXT], line[128], prefix[8] = "";

	weir_ip_format(&net, ip);
	if (!is_hashed && subnet->prefix < wr_ip_bits(&net))
		wr_format(prefix, sizeof(prefix), "/%u", subnet->prefix);
	wr_format(line, sizeof(line), "%s%c%s \"%s\" . %s%s\n", set, is6 ? '6' : '4', size, bridge, ip, prefix);
	if (!strstr(wr_str_text(out), line))
		wr_str_puts(out, line);
}

/* "p_1024-65535" or "p_192.0.2.8-192.0.2.15_1024-65535": the name says what the chain does. */
static void format_nat_chain(const struct weir_nat *nat, char *buf, size_t size)
{
	unsigned int first = nat->port_start ? nat->port_start : FIRST_PORT;
	unsigned int last = nat->port_end ? nat->port_end : LAST_PORT;
	char start[WEIR_IP_TEXT], end[WEIR_IP_TEXT], ports[16], range[2 * WEIR_IP_TEXT] = "";

	weir_ip_format(&nat->address_start, start);
	weir_ip_format(&nat->address_end, end);
	if (*start)	/* nftables takes no range of one */
		wr_format(range, sizeof(range), strcmp(start, end) ? "%s-%s_" : "%s_", start, end);
	wr_format(ports, sizeof(ports), first < last ? "%u-%u" : "%u", first, last);
	wr_format(buf, size, "p_%s%s", range, ports);
}

bool wr_nat_is_chain(const char *name, size_t len)
{
	bool is_ours = len > 2 && !memcmp(name, "p_", 2);

	for (size_t i = 2; i < len && is_ours; i++)
		is_ours = name[i] && strchr("0123456789.-_", name[i]);
	return is_ours;
}

/* The usual ports and whatever address the link has: a set of its own. */
static bool is_usual(const char *chain)
{
	return !strcmp(chain, "p_1024-65535");
}

static void add_translation(struct wr_str *out, const char *family, const char *bridge, const char *chain)
{
	if (is_usual(chain))
		wr_str_printf(out, "masq%s \"%s\"\n", family, bridge);
	else
		wr_str_printf(out, "nat%s \"%s\" : goto %s\n", family, bridge, chain);
}

static void add_subnets(const struct weir_nat *nat, struct wr_str *out)
{
	bool has4 = false, has6 = false;
	char chain[128];

	for (size_t i = 0; i < nat->n_subnets; i++) {
		bool is6 = nat->subnets[i].address.family == WEIR_FAMILY_IPV6;
		bool translated = nat->mode == WEIR_FORWARD_NAT && (!is6 || nat->nat_ipv6);

		add_subnet(out, "net", nat->bridge, &nat->subnets[i]);
		if (!translated)
			add_subnet(out, "in", nat->bridge, &nat->subnets[i]);
		has4 |= translated && !is6;
		has6 |= translated && is6;
	}
	format_nat_chain(nat, chain, sizeof(chain));
	if (has4)
		add_translation(out, "4", nat->bridge, chain);
	if (has6)
		add_translation(out, "6", nat->bridge, chain);
}

int wr_nat_elements(const struct weir_nat *nat, struct wr_str *out, struct weir_error *err)
{
	const char *b = nat->bridge;
	int r = check(nat, err);

	if (r || nat->mode == WEIR_FORWARD_OPEN)
		return r;
	wr_str_printf(out, "same \"%s\" . \"%s\"\n", b, b);
	if (nat->mode == WEIR_FORWARD_ISOLATED)
		wr_str_printf(out, "from_if \"%s\" : goto refuse\nto_if \"%s\" : goto refuse\n", b, b);
	else if (nat->dev)
		wr_str_printf(out, "from_if \"%s\" : jump out_dev\nto_if \"%s\" : goto in_dev\nuplink \"%s\" . \"%s\"\n",
			      b, b, b, nat->dev);
	else
		wr_str_printf(out, "users \"%s\" : goto refuse\nrouted \"%s\"\n", b, b);
	if (nat->mode != WEIR_FORWARD_ISOLATED)
		add_subnets(nat, out);
	return out->failed ? wr_nomem(err) : 0;
}
