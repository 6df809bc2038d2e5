/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Members that are arrays inside their struct: a count and room for a few items,
 * IP addresses (WR_IPS), pairs of numbers (WR_PAIRS) or MAC addresses (WR_MACS).
 * As text the items stand one behind the other, IP addresses with a comma between
 * them, others with a space: that is how iproute2 takes them. The rest of the
 * engine is table.c's.
 */
#include <ctype.h>
#include <stdio.h>

#include <weir/ip.h>
#include <weir/link.h>

#include "base/table.h"

uint32_t wr_array_room(const struct wr_field *f)
{
	return (uint32_t)((f->size - sizeof(uint32_t)) / wr_array_item_size(f));
}

size_t wr_array_item_size(const struct wr_field *f)
{
	static const uint8_t sizes[] = { [WR_IPS] = sizeof(struct weir_ip), [WR_PAIRS] = sizeof(struct weir_pair),
					 [WR_MACS] = 6 };

	return sizes[f->codec];
}

uint32_t wr_array_count(const struct wr_field *f, const void *obj)
{
	uint32_t n;

	memcpy(&n, wr_member(f, obj), sizeof(n));
	return n < wr_array_room(f) ? n : wr_array_room(f);
}

void *wr_array_item(const struct wr_field *f, const void *obj, uint32_t i)
{
	return (char *)wr_member(f, obj) + sizeof(uint32_t) + i * wr_array_item_size(f);
}

static struct weir_pair pair_at(const struct wr_field *f, const void *obj, uint32_t i)
{
	struct weir_pair p;

	memcpy(&p, wr_array_item(f, obj, i), sizeof(p));
	return p;
}

static int check_pair(const struct wr_field *f, const void *obj, uint32_t i, struct weir_error *err)
{
	struct weir_pair p = pair_at(f, obj, i);

	if (f->min && p.from >= (uint32_t)f->min)
		return wr_refuse(err, -ERANGE, "", f->name, "%u:%u: the first number is outside 0..%u", p.from,
				 p.to, (unsigned int)f->min - 1);
	if (f->max && p.to > f->max)
		return wr_refuse(err, -ERANGE, "", f->name, "%u:%u: the second number is outside 0..%u", p.from,
				 p.to, (unsigned int)f->max);
	for (uint32_t k = 0; k < i; k++)
		if (pair_at(f, obj, k).from == p.from)
			return wr_refuse(err, -EINVAL, "", f->name, "%u is there twice", p.from);
	return 0;
}

static bool has_item(const struct wr_field *f, const void *obj, uint32_t n, const void *item)
{
	for (uint32_t i = 0; i < n; i++)
		if (!memcmp(wr_array_item(f, obj, i), item, wr_array_item_size(f)))
			return true;
	return false;
}

static int check_mac(const struct wr_field *f, const void *obj, uint32_t i, struct weir_error *err)
{
	static const uint8_t zero[6];
	const uint8_t *mac = wr_array_item(f, obj, i);
	char text[18];

	wr_mac_format(mac, text);
	if (mac[0] & 1 || !memcmp(mac, zero, sizeof(zero)))
		return wr_refuse(err, -EADDRNOTAVAIL, "", f->name, "%s is no address of a host", text);
	if (has_item(f, obj, i, mac))
		return wr_refuse(err, -EINVAL, "", f->name, "%s is there twice", text);
	return 0;
}

static int check_address(const struct wr_field *f, const void *obj, uint32_t i, struct weir_error *err)
{
	const struct weir_ip *ip = wr_array_item(f, obj, i);

	if (ip->family == f->family)
		return 0;
	return wr_refuse(err, -EINVAL, "", f->name, "item %u is no IPv%c address", i,
			 f->family == WEIR_FAMILY_IPV4 ? '4' : '6');
}

int wr_array_check(const struct wr_field *f, const void *obj, struct weir_error *err)
{
	uint32_t n;
	int r = 0;

	memcpy(&n, wr_member(f, obj), sizeof(n));
	if (n > wr_array_room(f))
		return wr_refuse(err, -E2BIG, "", f->name, "has %u items, of at most %u", n, wr_array_room(f));
	for (uint32_t i = 0; i < n && !r; i++)
		r = f->codec == WR_PAIRS ? check_pair(f, obj, i, err) :
		    f->codec == WR_MACS	 ? check_mac(f, obj, i, err) : check_address(f, obj, i, err);
	return r;
}

/* --- text ------------------------------------------------------------------------ */

static int parse_item(const struct wr_field *f, const char *word, void *item)
{
	struct weir_pair p;
	int end = 0;

	if (f->codec == WR_IPS)
		return weir_ip_parse(word, item);
	if (f->codec == WR_MACS)
		return wr_mac_parse(word, item);
	if (!isdigit((unsigned char)*word) || sscanf(word, "%u:%u%n", &p.from, &p.to, &end) != 2 || word[end])
		return -EINVAL;
	memcpy(item, &p, sizeof(p));
	return 0;
}

int wr_array_parse(const struct wr_field *f, void *obj, const char *text, struct weir_error *err)
{
	static const char *const what[] = { [WR_IPS] = "IP address", [WR_PAIRS] = "pair of numbers FROM:TO",
					    [WR_MACS] = "MAC address" };
	char word[WEIR_IP_TEXT], shown[WR_SHOWN];
	uint32_t n = 0;

	memset(wr_member(f, obj), 0, f->size);
	for (text += strspn(text, " ,"); *text; text += strspn(text, " ,")) {
		size_t len = strcspn(text, " ,");

		if (n == wr_array_room(f))
			return wr_refuse(err, -E2BIG, "", f->name, "has more than %u items", n);
		wr_format(word, sizeof(word), "%.*s", (int)len, text);
		if (len >= sizeof(word) || parse_item(f, word, wr_array_item(f, obj, n)))
			return wr_refuse(err, -EINVAL, "", f->name, "\"%s\" is no %s", wr_shown(word, shown),
					 what[f->codec]);
		n++;
		text += len;
	}
	memcpy(wr_member(f, obj), &n, sizeof(n));
	return wr_array_check(f, obj, err);
}

static void item_text(const struct wr_field *f, const void *obj, uint32_t i, struct wr_str *out)
{
	char buf[WEIR_IP_TEXT];
	struct weir_pair p;

	if (f->codec == WR_IPS) {
		wr_str_puts(out, weir_ip_format(wr_array_item(f, obj, i), buf));
		return;
	}
	if (f->codec == WR_MACS) {
		wr_mac_format(wr_array_item(f, obj, i), buf);
		wr_str_puts(out, buf);
		return;
	}
	p = pair_at(f, obj, i);
	wr_str_printf(out, "%u:%u", p.from, p.to);
}

void wr_array_text(const struct wr_field *f, const void *obj, struct wr_str *out)
{
	for (uint32_t i = 0; i < wr_array_count(f, obj); i++) {
		if (i)
			wr_str_putc(out, f->codec == WR_IPS ? ',' : ' ');
		item_text(f, obj, i, out);
	}
}

void wr_array_json(const struct wr_field *f, const void *obj, struct wr_str *out)
{
	wr_str_putc(out, '[');
	for (uint32_t i = 0; i < wr_array_count(f, obj); i++) {
		wr_str_puts(out, i ? ",\"" : "\"");
		item_text(f, obj, i, out);
		wr_str_putc(out, '"');
	}
	wr_str_putc(out, ']');
}

/* --- comparing ------------------------------------------------------------------- */

static uint32_t target_of(const struct wr_field *f, const void *obj, uint32_t from)
{
	for (uint32_t i = 0; obj && i < wr_array_count(f, obj); i++)
		if (pair_at(f, obj, i).from == from)
			return pair_at(f, obj, i).to;
	return 0;
}

/* Each pair of @want leads where it leads in @is (NULL: to nothing). */
static bool pairs_lead_there(const struct wr_field *f, const void *want, const void *is)
{
	for (uint32_t i = 0; i < wr_array_count(f, want); i++) {
		struct weir_pair p = pair_at(f, want, i);

		if (target_of(f, is, p.from) != p.to)
			return false;
	}
	return true;
}

/* Every item of @a is in @b; the order is the kernel's affair. */
static bool items_are_in(const struct wr_field *f, const void *a, const void *b)
{
	uint32_t n = wr_array_count(f, b);

	for (uint32_t i = 0; i < wr_array_count(f, a); i++)
		if (!has_item(f, b, n, wr_array_item(f, a, i)))
			return false;
	return true;
}

bool wr_array_covers(const struct wr_field *f, const void *want, const void *is)
{
	if (f->codec == WR_PAIRS)
		return pairs_lead_there(f, want, is);
	return is ? wr_array_equal(f, want, is) : wr_array_count(f, want) == 0;
}

bool wr_array_equal(const struct wr_field *f, const void *a, const void *b)
{
	uint32_t n = wr_array_count(f, a);

	if (f->codec == WR_PAIRS)
		return pairs_lead_there(f, a, b) && pairs_lead_there(f, b, a);
	if (f->codec == WR_MACS)
		return n == wr_array_count(f, b) && items_are_in(f, a, b);
	return n == wr_array_count(f, b) &&
	       !memcmp(wr_array_item(f, a, 0), wr_array_item(f, b, 0), n * wr_array_item_size(f));
}
