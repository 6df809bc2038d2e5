/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One member of a struct, by its row: reading and writing it, its range, its text.
 * Whole structs are table.c's, members that are arrays array.c's. See table.h for
 * what a table is.
 */
#include <ctype.h>
#include <inttypes.h>
#include <limits.h>

#include <weir/link.h>

#include "base/table.h"

void *wr_member(const struct wr_field *f, const void *obj)
{
	return (char *)obj + f->offset;
}

bool wr_is_integer(const struct wr_field *f)
{
	return f->codec <= WR_BIT;
}

uint64_t wr_load(const struct wr_field *f, const void *obj)
{
	const void *p = wr_member(f, obj);
	union {
		uint8_t u8;
		uint16_t u16;
		uint32_t u32;
		uint64_t u64;
	} v = { .u64 = 0 };

	memcpy(&v, p, f->size);
	switch (f->size) {
	case 1: return v.u8;
	case 2: return v.u16;
	case 4: return f->codec == WR_S32 ? (uint64_t)(int64_t)(int32_t)v.u32 : v.u32;
	default: return v.u64;
	}
}

void wr_store(const struct wr_field *f, void *obj, uint64_t value)
{
	uint8_t u8 = value;
	uint16_t u16 = value;
	uint32_t u32 = value;
	const void *src = &value;

	if (f->size == 1)
		src = &u8;
	else if (f->size == 2)
		src = &u16;
	else if (f->size == 4)
		src = &u32;
	memcpy(wr_member(f, obj), src, f->size);
}

void *wr_list(const struct wr_field *f, const void *obj, size_t *ret_n)
{
	void *items;

	memcpy(&items, wr_member(f, obj), sizeof(items));
	memcpy(ret_n, (const char *)obj + f->count, sizeof(*ret_n));
	return items;
}

const char *wr_load_string(const struct wr_field *f, const void *obj)
{
	const char *s;

	if (f->codec == WR_NAME)
		return wr_member(f, obj);
	memcpy(&s, wr_member(f, obj), sizeof(s));
	return s;
}

bool wr_any_set(const struct wr_table *t, const void *obj)
{
	for (size_t i = 0; i < t->n; i++)
		if (wr_has(t, &t->fields[i], obj))
			return true;
	return false;
}

bool wr_is_zero(const void *p, size_t n)
{
	const char *c = p;

	while (n && !*c) {
		c++;
		n--;
	}
	return n == 0;
}

bool wr_has(const struct wr_table *t, const struct wr_field *f, const void *obj)
{
	uint64_t has;
	size_t n;

	if (wr_bit(f)) {
		memcpy(&has, (const char *)obj + t->has, sizeof(has));
		return has & wr_bit(f);
	}
	if (f->codec == WR_OBJECT)
		return wr_any_set(f->sub, wr_member(f, obj));
	if (f->codec == WR_LIST) {
		wr_list(f, obj, &n);
		return n > 0;
	}
	return f->flags & WR_ALWAYS || !wr_is_zero(wr_member(f, obj), f->codec == WR_NAME ? 1 : f->size);
}

void wr_set_has(const struct wr_table *t, const struct wr_field *f, void *obj)
{
	uint64_t has;

	if (!wr_bit(f))
		return;
	memcpy(&has, (char *)obj + t->has, sizeof(has));
	has |= wr_bit(f);
	memcpy((char *)obj + t->has, &has, sizeof(has));
}

const char *wr_word(const struct wr_field *f, uint64_t value)
{
	static const struct wr_word yes_no[] = { { 1, "no" }, { 2, "yes" } };
	const struct wr_word *words = f->flags & WR_TRISTATE ? yes_no : f->words;
	size_t n = f->flags & WR_TRISTATE ? WR_COUNT(yes_no) : f->n_words;

	for (size_t i = 0; i < n; i++)
		if (words[i].value == value)
			return words[i].name;
	return NULL;
}

/* What fits both on the wire and in the member. */
static uint64_t width_max(const struct wr_field *f)
{
	static const uint64_t max[] = {
		[WR_U8] = UINT8_MAX,   [WR_U16] = UINT16_MAX, [WR_U32] = UINT32_MAX,
		[WR_U64] = UINT64_MAX, [WR_S32] = INT32_MAX,  [WR_BE16] = UINT16_MAX,
		[WR_BE32] = UINT32_MAX, [WR_FLAG] = 1,	      [WR_BIT] = 1,
	};
	uint64_t member = f->size < 8 ? (1ull << 8 * f->size) - 1 : UINT64_MAX;

	if (f->flags & WR_BOOL)
		return 1;
	return max[f->codec] < member ? max[f->codec] : member;
}

static uint64_t scale(const struct wr_field *f)
{
	return f->scale ? f->scale : 1;
}

uint64_t wr_field_max(const struct wr_field *f)
{
	return f->max ? f->max : width_max(f) / scale(f);
}

void wr_field_choices(const struct wr_field *f, struct wr_str *out)
{
	for (size_t i = 0; i < f->n_words; i++) {
		if (i)
			wr_str_puts(out, i + 1 == f->n_words ? " or " : ", ");
		wr_str_puts(out, f->words[i].name);
	}
}

static int refuse_word(const struct wr_field *f, const char *shown, struct weir_error *err)
{
	wr_auto(str) struct wr_str choices = { 0 };

	wr_field_choices(f, &choices);
	return wr_refuse(err, -EINVAL, "", f->name, "%s is none of: %s", shown,
			 wr_str_text(&choices));
}

static int refuse_range(const struct wr_field *f, const char *shown, struct weir_error *err)
{
	return wr_refuse(err, -ERANGE, "", f->name,
			 f->codec == WR_S32 ? "%s is outside %" PRId64 "..%" PRIu64 "%s%s" :
					      "%s is outside %" PRIu64 "..%" PRIu64 "%s%s", shown, (int64_t)f->min, wr_field_max(f), f->unit ? " " : "",
			 f->unit ? f->unit : "");
}

static int check_integer(const struct wr_field *f, uint64_t shown, struct weir_error *err)
{
	char text[24];

	wr_format(text, sizeof(text), f->codec == WR_S32 ? "%" PRId64 : "%" PRIu64, shown);
	if (f->n_words)
		return wr_word(f, shown) ? 0 : refuse_word(f, text, err);
	if (f->codec == WR_S32 ? (int64_t)shown < f->min || (int64_t)shown > (int64_t)wr_field_max(f) :
				 shown < (uint64_t)f->min || shown > wr_field_max(f))
		return refuse_range(f, text, err);
	return 0;
}

static int check_ip(const struct wr_field *f, const struct weir_ip *ip, struct weir_error *err)
{
	bool is_4 = ip->family == WEIR_FAMILY_IPV4 && wr_is_zero(ip->bytes + 4, sizeof(ip->bytes) - 4);

	if (!is_4 && ip->family != WEIR_FAMILY_IPV6)
		return wr_refuse(err, -EINVAL, "", f->name,
				 "is neither an IPv4 nor an IPv6 address");
	if (f->family && ip->family != f->family)
		return wr_refuse(err, -EINVAL, "", f->name, "is no IPv%c address",
				 f->family == WEIR_FAMILY_IPV4 ? '4' : '6');
	return 0;
}

static struct weir_udp_ports load_range(const struct wr_field *f, const void *obj)
{
	struct weir_udp_ports range;

	memcpy(&range, wr_member(f, obj), sizeof(range));
	return range;
}

static int check_range(const struct wr_field *f, const void *obj, struct weir_error *err)
{
	struct weir_udp_ports range = load_range(f, obj);

	return range.first <= range.last ? 0 :
	       wr_refuse(err, -EINVAL, "", f->name, "%u-%u ends before it begins", range.first, range.last);
}

static int check_string(const struct wr_field *f, const char *s, struct weir_error *err)
{
	char shown[WR_SHOWN];

	if (!wr_is_utf8(s))
		return wr_refuse(err, -EINVAL, "", f->name, "is not UTF-8");
	if (f->rule && f->rule->check(s))
		return wr_refuse(err, -EINVAL, "", f->name, "\"%s\" %s", wr_shown(s, shown), f->rule->words);
	return 0;
}

int wr_field_check(const struct wr_field *f, const void *obj, struct weir_error *err)
{
	const char *s;

	if (wr_is_integer(f)) {
		if (f->flags & (WR_BOOL | WR_TRISTATE))
			return wr_load(f, obj) <= (f->flags & WR_BOOL ? 1u : 2u) ? 0 :
			       wr_refuse(err, -EINVAL, "", f->name, "is neither yes nor no");
		if (wr_load(f, obj) % scale(f))
			return wr_refuse(err, -EINVAL, "", f->name,
					 "is no whole number of %s: not a multiple of %" PRIu64,
					 f->unit ? f->unit : "units", scale(f));
		return check_integer(f, wr_load(f, obj) / scale(f), err);
	}
	if (f->codec == WR_NAME && !memchr(wr_member(f, obj), 0, f->size))
		return wr_refuse(err, -ENAMETOOLONG, "", f->name, "is longer than %d bytes",
				 f->size - 1);
	if (f->codec == WR_IP)
		return check_ip(f, wr_member(f, obj), err);
	if (f->codec == WR_RANGE)
		return check_range(f, obj, err);
	if (wr_is_array(f))
		return wr_array_check(f, obj, err);
	if (f->codec != WR_NAME && f->codec != WR_STRING)
		return 0;
	s = wr_load_string(f, obj);
	return s ? check_string(f, s, err) : 0;
}

static int parse_word(const struct wr_field *f, void *obj, const char *text, struct weir_error *err)
{
	char shown[WR_SHOWN], quoted[WR_SHOWN + 2];

	for (size_t i = 0; i < f->n_words; i++)
		if (!strcmp(f->words[i].name, text)) {
			wr_store(f, obj, f->words[i].value);
			return 0;
		}
	wr_format(quoted, sizeof(quoted), "\"%s\"", wr_shown(text, shown));
	return refuse_word(f, quoted, err);
}

static int parse_bool(const struct wr_field *f, void *obj, const char *text, struct weir_error *err)
{
	static const char *const words[] = { "off", "on", "false", "true", "no", "yes", "0", "1" };
	char shown[WR_SHOWN];

	for (size_t i = 0; i < WR_COUNT(words); i++)
		if (!strcmp(words[i], text)) {
			wr_store(f, obj, f->flags & WR_BOOL ? i % 2 : 1 + i % 2);
			return 0;
		}
	return wr_refuse(err, -EINVAL, "", f->name, "\"%s\" is neither on nor off",
			 wr_shown(text, shown));
}

static int parse_number(const struct wr_field *f, void *obj, const char *text,
			struct weir_error *err)
{
	bool negative = *text == '-';
	char shown[WR_SHOWN], *end;
	uint64_t value;
	int r;

	errno = 0;
	value = strtoull(text + negative, &end, 0);
	if (!isdigit((unsigned char)text[negative]) || *end)
		return wr_refuse(err, -EINVAL, "", f->name, "\"%s\" is no number",
				 wr_shown(text, shown));
	if (errno || (negative && (f->codec != WR_S32 || value > INT64_MAX)))
		return refuse_range(f, wr_shown(text, shown), err);
	value = negative ? -value : value;
	r = check_integer(f, value, err);
	if (!r)
		wr_store(f, obj, value * scale(f));
	return r;
}

static int parse_integer(const struct wr_field *f, void *obj, const char *text,
			 struct weir_error *err)
{
	if (f->n_words)
		return parse_word(f, obj, text, err);
	if (f->flags & (WR_BOOL | WR_TRISTATE))
		return parse_bool(f, obj, text, err);
	return parse_number(f, obj, text, err);
}

static int parse_range(const struct wr_field *f, void *obj, const char *text, struct weir_error *err)
{
	char shown[WR_SHOWN], *end = NULL;
	struct weir_udp_ports range;
	unsigned long first, last;

	first = strtoul(text, &end, 10);
	last = isdigit((unsigned char)*text) && *end == '-' && isdigit((unsigned char)end[1]) ?
	       strtoul(end + 1, &end, 10) : ULONG_MAX;
	if (*end || first > UINT16_MAX || last > UINT16_MAX)
		return wr_refuse(err, -EINVAL, "", f->name, "\"%s\" is no range of ports FIRST-LAST", wr_shown(text, shown));
	range = (struct weir_udp_ports){ (uint16_t)first, (uint16_t)last };
	memcpy(wr_member(f, obj), &range, sizeof(range));
	return check_range(f, obj, err);
}

int wr_store_string(const struct wr_field *f, void *obj, const char *text)
{
	char **slot = wr_member(f, obj), *copy;

	if (f->codec == WR_NAME) {
		if (strlen(text) >= f->size)
			return -ENAMETOOLONG;
		memset(slot, 0, f->size);
		memcpy(slot, text, strlen(text));
		return 0;
	}
	copy = strdup(text);
	if (!copy)
		return -ENOMEM;
	free(*slot);
	*slot = copy;
	return 0;
}

static int parse_string(const struct wr_field *f, void *obj, const char *text,
			struct weir_error *err)
{
	char shown[WR_SHOWN];
	int r = check_string(f, text, err);

	if (r)
		return r;
	r = wr_store_string(f, obj, text);
	if (r == -ENAMETOOLONG)
		return wr_refuse(err, r, "", f->name, "\"%s\" is longer than %d bytes", wr_shown(text, shown), f->size - 1);
	return r ? wr_nomem(err) : 0;
}

int wr_field_parse(const struct wr_table *t, const struct wr_field *f, void *obj, const char *text,
		   struct weir_error *err)
{
	char shown[WR_SHOWN];
	int r;

	if (wr_is_integer(f))
		r = parse_integer(f, obj, text, err);
	else if (f->codec == WR_MAC)
		r = wr_mac_parse(text, wr_member(f, obj));
	else if (f->codec == WR_IP)
		r = weir_ip_parse(text, wr_member(f, obj));
	else if (wr_is_array(f))
		r = wr_array_parse(f, obj, text, err);
	else if (f->codec == WR_RANGE)
		r = parse_range(f, obj, text, err);
	else
		r = parse_string(f, obj, text, err);
	if (r && (f->codec == WR_MAC || f->codec == WR_IP))
		return wr_refuse(err, r, "", f->name, "\"%s\" is no %s", wr_shown(text, shown),
				 f->codec == WR_MAC ? "MAC address" : "IP address");
	if (!r && f->codec == WR_IP)
		r = check_ip(f, wr_member(f, obj), err);
	if (!r)
		wr_set_has(t, f, obj);
	return r;
}

void wr_field_text(const struct wr_field *f, const void *obj, struct wr_str *out)
{
	char buf[WEIR_IP_TEXT];
	const char *s;

	if (wr_is_integer(f)) {
		uint64_t v = wr_load(f, obj) / scale(f);

		s = wr_word(f, v);
		if (s)
			wr_str_puts(out, s);
		else if (f->flags & WR_BOOL && !(f->flags & WR_DIGIT))
			wr_str_puts(out, v ? "on" : "off");
		else if (f->codec == WR_S32)
			wr_str_printf(out, "%" PRId64, (int64_t)v);
		else
			wr_str_printf(out, f->flags & WR_HEX ? "0x%" PRIx64 : "%" PRIu64, v);
	} else if (f->codec == WR_MAC) {
		wr_mac_format(wr_member(f, obj), buf);
		wr_str_puts(out, buf);
	} else if (f->codec == WR_IP) {
		wr_str_puts(out, weir_ip_format(wr_member(f, obj), buf));
	} else if (f->codec == WR_NAME) {
		wr_str_add(out, wr_member(f, obj), strnlen(wr_member(f, obj), f->size));
	} else if (wr_is_array(f)) {
		wr_array_text(f, obj, out);
	} else if (f->codec == WR_RANGE) {
		wr_str_printf(out, "%u-%u", load_range(f, obj).first, load_range(f, obj).last);
	} else {
		s = wr_load_string(f, obj);
		wr_str_puts(out, s ? s : "");
	}
}

static bool lists_equal(const struct wr_field *f, const void *a, const void *b)
{
	size_t na, nb;
	const char *ia = wr_list(f, a, &na), *ib = wr_list(f, b, &nb);

	if (na != nb)
		return false;
	for (size_t i = 0; i < na; i++)
		if (!wr_table_equal(f->sub, ia + i * f->sub->size, ib + i * f->sub->size))
			return false;
	return true;
}

/* @size: of the members that they are, which one that fills it does not end. */
static bool texts_equal(const struct wr_field *f, const char *a, const char *b, size_t size)
{
	return f->rule && f->rule->any_case ? !strncasecmp(a, b, size) : !strncmp(a, b, size);
}

bool wr_field_equal(const struct wr_field *f, const void *a, const void *b)
{
	const char *sa, *sb;

	switch ((enum wr_codec)f->codec) {
	case WR_OBJECT:
		return wr_table_equal(f->sub, wr_member(f, a), wr_member(f, b));
	case WR_LIST:
		return lists_equal(f, a, b);
	case WR_NAME:
		return texts_equal(f, wr_member(f, a), wr_member(f, b), f->size);
	case WR_STRING:
		sa = wr_load_string(f, a);
		sb = wr_load_string(f, b);
		return sa && sb ? texts_equal(f, sa, sb, strlen(sa) + 1) : sa == sb;
	case WR_IPS: case WR_PAIRS: case WR_MACS:
		return wr_array_equal(f, a, b);
	case WR_U8: case WR_U16: case WR_U32: case WR_U64: case WR_S32: case WR_BE16:
	case WR_BE32: case WR_FLAG: case WR_BIT: case WR_MAC: case WR_IP: case WR_RANGE:
		break;
	}
	return !memcmp(wr_member(f, a), wr_member(f, b), f->size);
}

bool wr_field_covers(const struct wr_field *f, const void *want, const void *is)
{
	return f->codec == WR_PAIRS ? wr_array_covers(f, want, is) : wr_field_equal(f, want, is);
}
