/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The engine of attribute tables (lib/base/table.c) and the strings under it:
 * every codec with its edge values, copies that run out of memory, quoting
 * proven by a shell and by jansson. And the tables of networks, ports and groups
 * themselves, row by row: a row that describes its member wrongly is found here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <inttypes.h>
#include <sys/socket.h>

#include <cmocka.h>
#include <jansson.h>

/* The allocation with this number fails, counted down from it; negative: none does. */
static long fail_at = -1;

static bool out_of_memory(void)
{
	return fail_at >= 0 && fail_at-- == 0;
}

#define calloc(n, size) (out_of_memory() ? NULL : calloc(n, size))
#define realloc(p, size) (out_of_memory() ? NULL : realloc(p, size))
#define strdup(s) (out_of_memory() ? NULL : strdup(s))
#include "base/field.c"
#include "base/str.c"
#include "base/table.c"
#undef calloc
#undef realloc
#undef strdup

#include "host/tables.h"
#include "network/tables.h"

/* --- the tables of networks, ports and groups -------------------------------------------- */

/* Members that no row describes, and why. */
static const struct {
	const char *table;
	size_t offset, size;
} undescribed[] = {
	/* the size of the struct, set by who makes it */
	{ "network", offsetof(struct weir_network, sz), sizeof(size_t) },
	{ "port", offsetof(struct weir_port, sz), sizeof(size_t) },
	{ "group", offsetof(struct weir_group, sz), sizeof(size_t) },
	/* guarantees are for ports alone */
	{ "rate", offsetof(struct weir_rate, floor_bytes_per_s), sizeof(uint64_t) },
};

#define for_each_row(f, t)                                                                         \
	for (const struct wr_field *f = (t)->fields; f < (t)->fields + (t)->n; f++)

/* What a failed check was about. */
#define row_assert(cond)                                                                           \
	do {                                                                                       \
		if (!(cond))                                                                       \
			fail_msg("table %s, row %s: not so: %s", t->name, f->name, #cond);         \
	} while (0)

static void check_words(const struct wr_table *t, const struct wr_field *f)
{
	for (size_t i = 0; i < f->n_words; i++) {
		const struct wr_word *w = &f->words[i];

		row_assert(*w->name);
		row_assert(w->value <= wr_field_max(f));
		for (size_t k = 0; k < i; k++) {
			row_assert(strcmp(w->name, f->words[k].name) != 0);
			row_assert(w->value != f->words[k].value);
		}
	}
}

static void check_number(const struct wr_table *t, const struct wr_field *f)
{
	uint64_t widest = f->size == 8 ? UINT64_MAX : (1ull << 8 * f->size) - 1;

	row_assert(f->size == 1 || f->size == 2 || f->size == 4 || f->size == 8);
	row_assert(f->min <= 0 || (uint64_t)f->min <= wr_field_max(f));
	row_assert(wr_field_max(f) <= widest / (f->scale ? f->scale : 1));
	row_assert(!(f->flags & WR_BOOL && f->flags & WR_TRISTATE));
	row_assert(!(f->flags & (WR_BOOL | WR_TRISTATE) && (f->n_words || f->max || f->scale)));
	row_assert(!f->n_words || (!f->max && !f->scale));
	check_words(t, f);
}

static void check_shape(const struct wr_table *t, const struct wr_field *f)
{
	size_t pointer = sizeof(void *);

	row_assert(*f->name && f->doc && *f->doc);
	row_assert(f->doc[strlen(f->doc) - 1] != '.');
	row_assert(f->size > 0 && (size_t)f->offset + f->size <= t->size);
	row_assert(!wr_text_rule(f) || (wr_text_rule(f)->check && *wr_text_rule(f)->words));
	row_assert(!wr_bit(f) || t->has >= 0);
	row_assert(f->codec != WR_NAME || f->size > 1);
	row_assert(f->codec != WR_MAC || f->size == 6);
	row_assert(f->codec != WR_IP || f->size == sizeof(struct weir_ip));
	row_assert(f->codec != WR_STRING || f->size == pointer);
	row_assert(f->codec != WR_OBJECT || (f->sub && f->size == f->sub->size));
	row_assert(f->codec != WR_LIST || (f->sub && f->size == pointer));
	row_assert(f->codec != WR_LIST || f->count + sizeof(size_t) <= t->size);
	row_assert(!(f->flags & WR_SELF) || (f->codec == WR_LIST && f->sub == t));
	if (wr_is_integer(f))
		check_number(t, f);
}

static void check_names(const struct wr_table *t)
{
	for_each_row(f, t)
		for (const struct wr_field *before = t->fields; before < f; before++) {
			row_assert(strcmp(f->name, before->name) != 0);
			row_assert(!wr_bit(f) || wr_bit(f) != wr_bit(before));
		}
}

/* The struct of each table, to tell its members from its padding; two tables may have one name. */
#define STRUCTS(X)                                                                                 \
	X("guarantee", weir_rate)                                                                  \
	X("rate", weir_rate)                                                                       \
	X("bandwidth", weir_bandwidth)                                                             \
	X("address range", weir_address_range)                                                     \
	X("port range", weir_port_range)                                                           \
	X("nat", weir_forward_nat)                                                                 \
	X("interface", weir_forward_interface)                                                     \
	X("address", weir_forward_address)                                                         \
	X("driver", weir_pci_driver)                                                               \
	X("tag", weir_vlan_tag)                                                                    \
	X("vlan", weir_vlan_tags)                                                                  \
	X("virtualport", weir_virtualport)                                                         \
	X("bootp", weir_dhcp_bootp)                                                                \
	X("option", weir_dnsmasq_option)                                                           \
	X("forward", weir_forward)                                                                 \
	X("bridge", weir_network_bridge)                                                           \
	X("domain", weir_domain)                                                                   \
	X("forwarder", weir_dns_forwarder)                                                         \
	X("txt", weir_dns_txt)                                                                     \
	X("hostname", weir_dns_hostname)                                                           \
	X("host", weir_dns_host)                                                                   \
	X("srv", weir_dns_srv)                                                                     \
	X("dns", weir_dns)                                                                         \
	X("lease", weir_lease_time)                                                                \
	X("range", weir_dhcp_range)                                                                \
	X("host", weir_dhcp_host)                                                                  \
	X("dhcp", weir_dhcp)                                                                       \
	X("ip", weir_network_ip)                                                                   \
	X("route", weir_network_route)                                                             \
	X("guest's address", weir_port_address)                                                    \
	X("portgroup", weir_portgroup)                                                             \
	X("network", weir_network)                                                                 \
	X("port", weir_port)                                                                       \
	X("address", weir_group_address)                                                           \
	X("route", weir_group_route)                                                               \
	X("protocol", weir_group_protocol)                                                         \
	X("link", weir_group_link)                                                                 \
	X("bridge", weir_group_bridge)                                                             \
	X("miimon", weir_group_miimon)                                                             \
	X("arpmon", weir_group_arpmon)                                                             \
	X("bond", weir_group_bond)                                                                 \
	X("vlan", weir_group_vlan)                                                                 \
	X("group", weir_group)

/* Zeroes the bytes that are padding; gcc only. Elsewhere every byte could be padding. */
#if __has_builtin(__builtin_clear_padding)
#define CLEAR_PADDING(p) __builtin_clear_padding(p)
#else
#define CLEAR_PADDING(p) memset(p, 0, sizeof(*(p)))
#endif

#define CASE(table, type)                                                                          \
	if (!strcmp(t->name, table) && t->size == sizeof(struct type)) {                           \
		CLEAR_PADDING((struct type *)bytes);                                               \
		return;                                                                            \
	}

/* Bytes of members become 0xff, padding becomes 0. */
static void mark_members(const struct wr_table *t, void *bytes)
{
	memset(bytes, 0xff, t->size);
	STRUCTS(CASE)
	fail_msg("table %s is not in the list STRUCTS of this test", t->name);
}

static void cover(const struct wr_table *t, bool *covered, size_t offset, size_t size)
{
	for (size_t i = offset; i < offset + size; i++) {
		if (covered[i])
			fail_msg("table %s: byte %zu is described twice", t->name, i);
		covered[i] = true;
	}
}

static void cover_rows(const struct wr_table *t, bool *covered)
{
	if (t->has >= 0)
		cover(t, covered, (size_t)t->has, sizeof(uint64_t));
	for (size_t i = 0; i < WR_COUNT(undescribed); i++)
		if (!strcmp(undescribed[i].table, t->name))
			cover(t, covered, undescribed[i].offset, undescribed[i].size);
	for_each_row(f, t) {
		cover(t, covered, f->offset, f->size);
		if (f->codec == WR_LIST)
			cover(t, covered, f->count, sizeof(size_t));
	}
}

/* Each byte of each member belongs to one row. */
static void check_cover(const struct wr_table *t)
{
	bool *covered = calloc(t->size, sizeof(*covered));
	uint8_t *bytes = malloc(t->size);

	assert_true(covered && bytes);
	mark_members(t, bytes);
	cover_rows(t, covered);
	for (size_t i = 0; i < t->size; i++)
		if (bytes[i] && !covered[i])
			fail_msg("table %s: nothing describes byte %zu", t->name, i);
	free(covered);
	free(bytes);
}

static void check_table(const struct wr_table *t)
{
	assert_true(t->n > 0);
	check_names(t);
	for_each_row(f, t) {
		check_shape(t, f);
		if ((f->codec == WR_OBJECT || f->codec == WR_LIST) && !(f->flags & WR_SELF))
			check_table(f->sub);
	}
	check_cover(t);
}

static void tables_describe_their_structs(void **state)
{
	check_table(&wr_network_table);
	check_table(&wr_port_table);
	check_table(&wr_group_table);
}

/* --- a table with every codec -------------------------------------------------------- */

struct inner {
	char *word;
	uint8_t level;
};

struct label {
	char *text;
};

struct sample {
	uint64_t has;
	uint8_t u8;
	uint16_t u16;
	uint32_t u32;
	uint64_t u64;
	int32_t s32;
	uint16_t be16;
	uint16_t narrow;
	uint32_t limited;
	uint64_t rate;
	uint32_t mask;
	uint8_t on;
	uint8_t maybe;
	uint8_t color;
	char name[8];
	uint8_t mac[6];
	struct weir_ip ip;
	char *title;
	struct inner inner;
	struct inner *inners;
	size_t n_inners;
	struct label *labels;
	size_t n_labels;
};

#define HAS_U8 1u
#define HAS_COLOR 2u

static int no_slash(const char *text)
{
	return strchr(text, '/') ? -EINVAL : 0;
}

static const struct wr_word colors[] = { { 0, "red" }, { 1, "green" }, { 7, "blue" } };

static const struct wr_field inner_fields[] = {
	WR_ROW(inner, word, WR_STRING, "word", .flags = WR_REQUIRED),
	WR_ROW(inner, level, WR_U8, "level", .max = 9),
};
static WR_TABLE(inner_table, inner, "inner", -1, inner_fields);

static const struct wr_field label_fields[] = {
	WR_ROW(label, text, WR_STRING, "text", WR_RULE(no_slash, "has a slash")),
};
static WR_TABLE(label_table, label, "label", -1, label_fields);

static const struct wr_field sample_fields[] = {
	WR_ROW(sample, u8, WR_U8, "u8", WR_HAS(HAS_U8)),
	WR_ROW(sample, u16, WR_U16, "u16"),
	WR_ROW(sample, u32, WR_U32, "u32"),
	WR_ROW(sample, u64, WR_U64, "u64"),
	WR_ROW(sample, s32, WR_S32, "s32"),
	WR_ROW(sample, be16, WR_BE16, "be16"),
	WR_ROW(sample, narrow, WR_U32, "narrow"),
	WR_ROW(sample, limited, WR_U32, "limited", .min = 68, .max = 9000, .unit = "bytes"),
	WR_ROW(sample, rate, WR_U64, "rate", .min = 1, .scale = 1000, .unit = "KB/s"),
	WR_ROW(sample, mask, WR_U32, "mask", .flags = WR_HEX),
	WR_ROW(sample, on, WR_U8, "on", .flags = WR_BOOL),
	WR_ROW(sample, maybe, WR_U8, "maybe", .flags = WR_TRISTATE),
	WR_ROW(sample, color, WR_U8, "color", WR_HAS(HAS_COLOR), .words = WR_WORDS(colors)),
	WR_ROW(sample, name, WR_NAME, "name", WR_RULE(no_slash, "has a slash")),
	WR_ROW(sample, mac, WR_MAC, "mac"),
	WR_ROW(sample, ip, WR_IP, "ip"),
	WR_ROW(sample, title, WR_STRING, "title", WR_RULE(no_slash, "has a slash")),
	WR_OBJECT_ROW(sample, inner, "inner", &inner_table),
	WR_LIST_ROW(sample, inners, "inners", &inner_table),
	WR_LIST_ROW(sample, labels, "labels", &label_table),
};
static WR_TABLE(sample_table, sample, "sample", offsetof(struct sample, has), sample_fields);

static const struct wr_field *row(const char *name)
{
	const struct wr_field *f = wr_find(&sample_table, name);

	if (!f)
		fail_msg("there is no row %s", name);
	return f;
}

static void parse(struct sample *s, const char *name, const char *text)
{
	struct weir_error err = WEIR_ERROR_INIT;

	if (wr_field_parse(&sample_table, row(name), s, text, &err))
		fail_msg("%s %s: %s", name, text, err.msg);
}

/* --- one member ------------------------------------------------------------------------ */

static const struct {
	const char *row, *text, *shown;
} taken[] = {
	{ "u8", "0", "0" },
	{ "u8", "255", "255" },
	{ "u8", "0x1f", "31" },
	{ "u16", "65535", "65535" },
	{ "u32", "4294967295", "4294967295" },
	{ "u64", "18446744073709551615", "18446744073709551615" },
	{ "s32", "2147483647", "2147483647" },
	{ "be16", "33024", "33024" },
	{ "narrow", "65535", "65535" },
	{ "limited", "68", "68" },
	{ "limited", "9000", "9000" },
	{ "rate", "1", "1" },
	{ "rate", "18446744073709551", "18446744073709551" },
	{ "mask", "0", "0x0" },
	{ "mask", "0xffffffff", "0xffffffff" },
	{ "mask", "16", "0x10" },
	{ "on", "on", "on" },
	{ "on", "true", "on" },
	{ "on", "yes", "on" },
	{ "on", "1", "on" },
	{ "on", "off", "off" },
	{ "maybe", "on", "yes" },
	{ "maybe", "false", "no" },
	{ "maybe", "no", "no" },
	{ "color", "red", "red" },
	{ "color", "blue", "blue" },
	{ "name", "1234567", "1234567" },
	{ "name", "", "" },
	{ "mac", "52:54:00:Ab:cD:ef", "52:54:00:ab:cd:ef" },
	{ "mac", "0:1:2:3:4:5", "00:01:02:03:04:05" },
	{ "ip", "0.0.0.0", "0.0.0.0" },
	{ "ip", "255.255.255.255", "255.255.255.255" },
	{ "ip", "::", "::" },
	{ "ip", "2001:DB8:0:0::1", "2001:db8::1" },
	{ "ip", "::ffff:192.0.2.1", "::ffff:192.0.2.1" },
	{ "title", "", "" },
	{ "title", "a \"b\" \n;", "a \"b\" \n;" },
};

static void texts_are_taken(void **state)
{
	for (size_t i = 0; i < WR_COUNT(taken); i++) {
		struct sample s = { 0 };
		struct wr_str out = { 0 };

		parse(&s, taken[i].row, taken[i].text);
		wr_field_text(row(taken[i].row), &s, &out);
		assert_string_equal(wr_str_text(&out), taken[i].shown);
		assert_int_equal(wr_field_check(row(taken[i].row), &s, NULL), 0);
		wr_str_done(&out);
		wr_table_free(&sample_table, &s);
	}
}

static const struct {
	const char *row, *text;
	int code;
	const char *msg;
} refused[] = {
	{ "u8", "256", -ERANGE, "256 is outside 0..255" },
	{ "u8", "", -EINVAL, "\"\" is no number" },
	{ "u8", " 1", -EINVAL, "\" 1\" is no number" },
	{ "u8", "1 ", -EINVAL, "\"1 \" is no number" },
	{ "u8", "1.5", -EINVAL, "\"1.5\" is no number" },
	{ "u8", "+1", -EINVAL, "\"+1\" is no number" },
	{ "u8", "0x", -EINVAL, "\"0x\" is no number" },
	{ "u8", "-", -EINVAL, "\"-\" is no number" },
	{ "u8", "-1", -ERANGE, "-1 is outside 0..255" },
	{ "u16", "65536", -ERANGE, "65536 is outside 0..65535" },
	{ "u32", "4294967296", -ERANGE, "4294967296 is outside 0..4294967295" },
	{ "u64", "18446744073709551616", -ERANGE,
	  "18446744073709551616 is outside 0..18446744073709551615" },
	{ "u64", "-18446744073709551616", -ERANGE,
	  "-18446744073709551616 is outside 0..18446744073709551615" },
	{ "s32", "2147483648", -ERANGE, "2147483648 is outside 0..2147483647" },
	{ "s32", "-1", -ERANGE, "-1 is outside 0..2147483647" },
	{ "narrow", "65536", -ERANGE, "65536 is outside 0..65535" },
	{ "limited", "67", -ERANGE, "67 is outside 68..9000 bytes" },
	{ "limited", "9001", -ERANGE, "9001 is outside 68..9000 bytes" },
	{ "rate", "0", -ERANGE, "0 is outside 1..18446744073709551 KB/s" },
	{ "rate", "18446744073709552", -ERANGE,
	  "18446744073709552 is outside 1..18446744073709551 KB/s" },
	{ "on", "2", -EINVAL, "\"2\" is neither on nor off" },
	{ "on", "On", -EINVAL, "\"On\" is neither on nor off" },
	{ "maybe", "absent", -EINVAL, "\"absent\" is neither on nor off" },
	{ "color", "pink", -EINVAL, "\"pink\" is none of: red, green or blue" },
	{ "color", "7", -EINVAL, "\"7\" is none of: red, green or blue" },
	{ "name", "12345678", -ENAMETOOLONG, "\"12345678\" is longer than 7 bytes" },
	{ "name", "a/b", -EINVAL, "\"a/b\" has a slash" },
	{ "title", "/", -EINVAL, "\"/\" has a slash" },
	{ "title", "a\n\x1b[0m/", -EINVAL, "\"a\\n\\x1b[0m/\" has a slash" },
	{ "mac", "52:54:00:ab:cd", -EINVAL, "\"52:54:00:ab:cd\" is no MAC address" },
	{ "mac", "52:54:00:ab:cd:ef:", -EINVAL, "\"52:54:00:ab:cd:ef:\" is no MAC address" },
	{ "mac", "52:54:00:ab:cd:ef:01", -EINVAL, "\"52:54:00:ab:cd:ef:01\" is no MAC address" },
	{ "mac", "52:54:00:ab:cd:100", -EINVAL, "\"52:54:00:ab:cd:100\" is no MAC address" },
	{ "mac", "52:54:00:ab:cd: f", -EINVAL, "\"52:54:00:ab:cd: f\" is no MAC address" },
	{ "mac", "52:54:00:ab:cd:0x", -EINVAL, "\"52:54:00:ab:cd:0x\" is no MAC address" },
	{ "mac", "", -EINVAL, "\"\" is no MAC address" },
	{ "ip", "", -EINVAL, "\"\" is no IP address" },
	{ "ip", "192.0.2.256", -EINVAL, "\"192.0.2.256\" is no IP address" },
	{ "ip", "192.0.2.1/24", -EINVAL, "\"192.0.2.1/24\" is no IP address" },
	{ "ip", "fe80::1%eth0", -EINVAL, "\"fe80::1%eth0\" is no IP address" },
	{ "ip", "1", -EINVAL, "\"1\" is no IP address" },
};

static void texts_are_refused(void **state)
{
	for (size_t i = 0; i < WR_COUNT(refused); i++) {
		struct weir_error err = WEIR_ERROR_INIT;
		struct sample s = { 0 };

		assert_int_equal(wr_field_parse(&sample_table, row(refused[i].row), &s,
						refused[i].text, &err),
				 refused[i].code);
		assert_string_equal(err.msg, refused[i].msg);
		assert_string_equal(err.attr, refused[i].row);
		assert_int_equal(err.code, refused[i].code);
		assert_int_equal(err.stage, WEIR_STAGE_INPUT);
		assert_true(wr_table_equal(&sample_table, &s, &(struct sample){ 0 }));
		wr_table_free(&sample_table, &s);
	}
}

/* The reason must not be pushed out of the message by what it is about. */
static void long_texts_are_cut(void **state)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct sample s = { 0 };
	char text[3000], shown[WR_SHOWN];

	for (size_t i = 0; i + 2 < sizeof(text); i += 2)
		memcpy(text + i, "\xc3\xa4", 2);
	memcpy(text + sizeof(text) - 2, "/", 2);
	assert_int_equal(wr_field_parse(&sample_table, row("title"), &s, text, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "\xa4...\" has a slash"));
	memset(text, 0x80, sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(strlen(wr_shown(text, shown)), WR_SHOWN - 1);
	memset(text, 1, sizeof(text) - 1);
	assert_true(strlen(wr_shown(text, shown)) < WR_SHOWN);
	assert_string_equal(wr_shown("", shown), "");
	assert_string_equal(wr_shown("a\tb\x7f", shown), "a\\x09b\\x7f");
}

/* What a program may put into a struct that no text would have. */
static void values_are_checked(void **state)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct sample s = { .s32 = -5, .color = 3, .on = 2, .maybe = 3, .limited = 1, .rate = 999 };
	struct wr_str out = { 0 };

	memset(s.name, 'x', sizeof(s.name));
	assert_int_equal(wr_field_check(row("name"), &s, &err), -ENAMETOOLONG);
	wr_field_text(row("name"), &s, &out);
	assert_string_equal(wr_str_text(&out), "xxxxxxxx");
	assert_int_equal(wr_field_check(row("s32"), &s, &err), -ERANGE);
	assert_string_equal(err.msg, "-5 is outside 0..2147483647");
	assert_int_equal(wr_field_check(row("color"), &s, &err), -EINVAL);
	assert_string_equal(err.msg, "3 is none of: red, green or blue");
	assert_int_equal(wr_field_check(row("on"), &s, &err), -EINVAL);
	assert_int_equal(wr_field_check(row("maybe"), &s, &err), -EINVAL);
	assert_int_equal(wr_field_check(row("limited"), &s, &err), -ERANGE);
	assert_int_equal(wr_field_check(row("rate"), &s, &err), -EINVAL);	/* no whole unit */
	s.ip.family = AF_UNIX;
	assert_int_equal(wr_field_check(row("ip"), &s, &err), -EINVAL);
	s.ip = (struct weir_ip){ .family = WEIR_FAMILY_IPV4, .bytes = { 192, 0, 2, 1, 9 } };
	assert_int_equal(wr_field_check(row("ip"), &s, &err), -EINVAL);
	s.ip.bytes[4] = 0;
	assert_int_equal(wr_field_check(row("ip"), &s, &err), 0);
	wr_str_done(&out);
}

static void names_of_links(void **state)
{
	static const char *const good[] = { "a", "eth0", "123456789012345", "a.b", "..." };
	static const char *const bad[] = { "",    ".",   "..",   "1234567890123456",
					   "a/b", "a b", "a\nb", "a:1" };

	for (size_t i = 0; i < WR_COUNT(good); i++)
		assert_int_equal(wr_check_ifname(good[i]), 0);
	for (size_t i = 0; i < WR_COUNT(bad); i++)
		assert_int_equal(wr_check_ifname(bad[i]), -EINVAL);
}

/* --- a whole struct ------------------------------------------------------------------------ */

static void fill(struct sample *s)
{
	/* clang-format off */
	static const char *const members[][2] = {
		{ "u8", "0" },		{ "u16", "1" },		{ "u64", "18446744073709551615" },
		{ "rate", "5000" },	{ "mask", "0x4000" },	{ "on", "on" },
		{ "maybe", "no" },	{ "color", "red" },	{ "name", "a\"b" },
		{ "mac", "52:54:0:1:2:3" }, { "ip", "192.0.2.1" }, { "title", "one" },
	};
	/* clang-format on */

	*s = (struct sample){ .inner.word = strdup("w") };
	for (size_t i = 0; i < WR_COUNT(members); i++)
		parse(s, members[i][0], members[i][1]);
	s->inners = calloc(2, sizeof(*s->inners));
	s->inners[0] = (struct inner){ .word = strdup("a"), .level = 1 };
	s->n_inners = 2;
	s->labels = calloc(2, sizeof(*s->labels));
	s->labels[0].text = strdup("x");
	s->labels[1].text = strdup("y\ty");
	s->n_labels = 2;
}

static void struct_as_text(void **state)
{
	struct wr_str out = { 0 };
	struct sample s;

	fill(&s);
	wr_table_text(&sample_table, &s, &out);
	assert_string_equal(wr_str_text(&out),
			    "u8 0 u16 1 u64 18446744073709551615 rate 5000 mask 0x4000 on on "
			    "maybe no color red name a\"b mac 52:54:00:01:02:03 ip 192.0.2.1 "
			    "title one");
	wr_str_done(&out);
	wr_table_free(&sample_table, &s);
}

static void struct_as_json(void **state)
{
	struct wr_str line = { 0 }, page = { 0 };
	struct sample s;

	fill(&s);
	wr_table_json(&sample_table, &s, -1, &line);
	assert_string_equal(wr_str_text(&line),
			    "\"u8\":0,\"u16\":1,\"u64\":18446744073709551615,\"rate\":5000,"
			    "\"mask\":\"0x4000\",\"on\":true,\"maybe\":false,\"color\":\"red\","
			    "\"name\":\"a\\\"b\",\"mac\":\"52:54:00:01:02:03\",\"ip\":\"192.0.2.1\","
			    "\"title\":\"one\",\"inner\":{\"word\":\"w\"},"
			    "\"inners\":[{\"word\":\"a\",\"level\":1},{}],"
			    "\"labels\":[\"x\",\"y\\u0009y\"]");
	wr_table_free(&inner_table, &s.inner);
	s.n_inners = 1;
	wr_table_json(&inner_table, &s.inner, 1, &page);
	assert_string_equal(wr_str_text(&page), "");
	wr_str_puts(&page, "{");
	s.has = s.u16 = s.on = s.maybe = 0;
	s.u64 = s.rate = s.mask = 0;
	memset(s.mac, 0, sizeof(s.mac));
	wr_table_json(&sample_table, &s, 1, &page);
	assert_string_equal(wr_str_text(&page),
			    "{\n  \"name\": \"a\\\"b\",\n"
			    "  \"ip\": \"192.0.2.1\",\n  \"title\": \"one\",\n"
			    "  \"inners\": [\n    {\n      \"word\": \"a\",\n      \"level\": 1\n"
			    "    }\n  ],\n  \"labels\": [\n    \"x\",\n    \"y\\u0009y\"\n  ]");
	wr_str_done(&line);
	wr_str_done(&page);
	wr_table_free(&sample_table, &s);
}

static void paths_of_errors(void **state)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct sample s;

	fill(&s);
	assert_int_equal(wr_table_check(&sample_table, &s, &err), -EINVAL);
	assert_string_equal(err.attr, "inners[1].word");
	assert_string_equal(err.msg, "is missing");
	assert_int_equal(wr_table_check(&sample_table, &s, NULL), -EINVAL);
	s.inners[1].word = strdup("b");
	s.inners[0].level = 10;
	assert_int_equal(wr_table_check(&sample_table, &s, &err), -ERANGE);
	assert_string_equal(err.attr, "inners[0].level");
	s.inners[0].level = 9;
	s.inner.level = 10;
	assert_int_equal(wr_table_check(&sample_table, &s, &err), -ERANGE);
	assert_string_equal(err.attr, "inner.level");
	s.inner.level = 9;
	s.labels[1].text[1] = '/';
	assert_int_equal(wr_table_check(&sample_table, &s, &err), -EINVAL);
	assert_string_equal(err.attr, "labels[1]");
	assert_string_equal(err.msg, "\"y/y\" has a slash");
	s.labels[1].text[1] = ' ';
	assert_int_equal(wr_table_check(&sample_table, &s, &err), 0);
	wr_table_free(&sample_table, &s);
}

/* Each change of one member is seen, and none is seen where there is none. */
static void differences_are_seen(void **state)
{
	struct sample a, b;

	fill(&a);
	fill(&b);
	assert_true(wr_table_equal(&sample_table, &a, &b));
	for_each_row(f, &sample_table) {
		uint8_t *byte = wr_member(f, &b);

		if (f->codec >= WR_STRING)
			continue;
		*byte ^= 1;
		assert_false(wr_table_equal(&sample_table, &a, &b));
		*byte ^= 1;
	}
	b.inners[1].level = 1;
	assert_false(wr_table_equal(&sample_table, &a, &b));
	b.inners[1].level = 0;
	*b.labels[0].text = 'z';
	assert_false(wr_table_equal(&sample_table, &a, &b));
	*b.labels[0].text = 'x';
	b.inner.word[0] = 'z';
	assert_false(wr_table_equal(&sample_table, &a, &b));
	b.inner.word[0] = 'w';
	assert_int_equal(wr_table_diff(&sample_table, &a, &b), 0);
	b.has &= ~(uint64_t)HAS_U8;
	assert_int_equal(wr_table_diff(&sample_table, &a, &b), HAS_U8);
	assert_int_equal(wr_table_diff(&sample_table, &b, &a), 0);
	wr_table_free(&sample_table, &a);
	wr_table_free(&sample_table, &b);
}

/* Wherever memory runs out, the copy can be freed and the original is whole. */
static void copies_run_out_of_memory(void **state)
{
	struct sample s, copy, same;
	int r = -ENOMEM;

	fill(&s);
	fill(&same);
	for (long n = 0; r; n++) {
		assert_true(n < 100);
		memset(&copy, 0xaa, sizeof(copy));
		fail_at = n;
		r = wr_table_copy(&sample_table, &copy, &s);
		fail_at = -1;
		assert_true(r == 0 || r == -ENOMEM);
		assert_int_equal(wr_table_equal(&sample_table, &copy, &s), r == 0);
		assert_ptr_not_equal(copy.inner.word, s.inner.word);
		wr_table_free(&sample_table, &copy);
		assert_true(wr_table_equal(&sample_table, &s, &same));
	}
	wr_table_free(&sample_table, &s);
	wr_table_free(&sample_table, &same);
}

static void texts_run_out_of_memory(void **state)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct wr_str out = { 0 };
	struct sample s;
	char *text = NULL;

	fill(&s);
	for (long n = 0; !text; n++) {
		assert_true(n < 100);
		fail_at = n;
		wr_table_json(&sample_table, &s, 1, &out);
		text = wr_str_take(&out);
		fail_at = -1;
		assert_null(out.data);
	}
	free(text);
	fail_at = 0;
	assert_int_equal(wr_field_parse(&sample_table, row("title"), &s, "two", &err), -ENOMEM);
	assert_int_equal(err.code, -ENOMEM);
	assert_string_equal(s.title, "one");
	wr_table_free(&sample_table, &s);
}

/* --- strings -------------------------------------------------------------------------------- */

static void json_strings(void **state)
{
	struct wr_str out = { 0 };
	char text[128] = "";
	json_t *json;

	for (int i = 1; i < 128; i++)
		text[i - 1] = (char)i;
	wr_str_json(&out, text);
	for (size_t i = 0; i < out.len; i++)
		assert_in_range((unsigned char)out.data[i], 0x20, 0x7f);
	json = json_loads(wr_str_text(&out), JSON_DECODE_ANY, NULL);
	assert_non_null(json);
	assert_string_equal(json_string_value(json), text);
	json_decref(json);
	wr_str_done(&out);
	wr_str_json(&out, "\"\\/\n\xc3\xa4\xf0\x9f\x8c\x8a");
	assert_string_equal(wr_str_text(&out), "\"\\\"\\\\/\\u000a\xc3\xa4\xf0\x9f\x8c\x8a\"");
	wr_str_done(&out);
}

/* Bytes that are no UTF-8 must not make a file that nobody can read back. */
static void json_is_utf8(void **state)
{
	static const char *const bad[] = { "\xff",
					   "a\x80",
					   "\xc3",
					   "\xc0\xaf",
					   "\xe2\x82",
					   "\xed\xa0\x80",
					   "\xf0\x8f\xbf\xbf",
					   "\xf4\x90\x80\x80",
					   "\xf8\x88\x80\x80\x80" };
	static const char *const good[] = { "",
					    "a",
					    "\x7f",
					    "\xc2\x80",
					    "\xe2\x82\xac",
					    "\xef\xbf\xbf",
					    "\xf0\x90\x80\x80",
					    "\xf4\x8f\xbf\xbf" };
	struct weir_error err = WEIR_ERROR_INIT;
	struct sample s = { 0 };

	for (size_t i = 0; i < WR_COUNT(bad); i++) {
		struct wr_str out = { 0 };
		json_t *json;

		assert_false(wr_is_utf8(bad[i]));
		wr_str_json(&out, bad[i]);
		json = json_loads(wr_str_text(&out), JSON_DECODE_ANY, NULL);
		assert_non_null(json);
		assert_non_null(strstr(json_string_value(json), "\xef\xbf\xbd"));
		json_decref(json);
		wr_str_done(&out);
		assert_int_equal(wr_field_parse(&sample_table, row("title"), &s, bad[i], &err),
				 -EINVAL);
		assert_string_equal(err.msg, "is not UTF-8");
	}
	for (size_t i = 0; i < WR_COUNT(good); i++)
		assert_true(wr_is_utf8(good[i]));
}

/* A shell says what the quoted words mean: exactly what they were. */
static void shell_words(void **state)
{
	/* clang-format off */
	static const char *const words[] = {
		"", " ", "a b", "it's", "''", "'", "\"", "$HOME", "`id`", "$(id)", "a;b", "a\nb",
		"\n", "*", "?", "[a-z]", "~", "~root", "#no", "a#b", "!!", "{a,b}", "<x", ">x", "|", "&",
		"\\", "\\n", "a\\", "a=b", "-n", "--", "%s", "\t", "(x)", "52:54:00:00:00:01", "10.0.0.1/24",
		"\xc3\xa4", "\xff\xfe", "\x01\x1b", "a'b'c\"d", "=x", "@1", "^", "x,y",
	};
	/* clang-format on */
	struct wr_str command = { 0 }, want = { 0 };
	char got[2048];
	FILE *shell;
	size_t n;

	wr_str_puts(&command, "printf '%s\\0'");
	for (size_t i = 0; i < WR_COUNT(words); i++) {
		wr_str_putc(&command, ' ');
		wr_str_shell(&command, words[i]);
		wr_str_add(&want, words[i], strlen(words[i]) + 1);
	}
	shell = popen(wr_str_text(&command), "r");
	assert_non_null(shell);
	n = fread(got, 1, sizeof(got), shell);
	assert_int_equal(pclose(shell), 0);
	assert_int_equal(n, want.len);
	assert_memory_equal(got, want.data, n);
	wr_str_done(&command);
	wr_str_done(&want);
}

static void plain_words_stay_plain(void **state)
{
	struct wr_str out = { 0 };

	wr_str_shell(&out, "virbr0.100@eth0:1/24,a=b_c-d+e%f");
	assert_string_equal(wr_str_text(&out), "virbr0.100@eth0:1/24,a=b_c-d+e%f");
	wr_str_done(&out);
	wr_str_shell(&out, "it's");
	assert_string_equal(wr_str_text(&out), "'it'\\''s'");
	wr_str_done(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tables_describe_their_structs),
		cmocka_unit_test(texts_are_taken),
		cmocka_unit_test(texts_are_refused),
		cmocka_unit_test(long_texts_are_cut),
		cmocka_unit_test(values_are_checked),
		cmocka_unit_test(names_of_links),
		cmocka_unit_test(struct_as_text),
		cmocka_unit_test(struct_as_json),
		cmocka_unit_test(paths_of_errors),
		cmocka_unit_test(differences_are_seen),
		cmocka_unit_test(copies_run_out_of_memory),
		cmocka_unit_test(texts_run_out_of_memory),
		cmocka_unit_test(json_strings),
		cmocka_unit_test(json_is_utf8),
		cmocka_unit_test(shell_words),
		cmocka_unit_test(plain_words_stay_plain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
