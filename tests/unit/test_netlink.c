/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Messages and attributes as bytes (lib/netlink/batch.c and attr.c): padding that
 * is zero even in dirty memory, nests, buffers that move, attributes that do not
 * fit, memory that runs out; and the way back, from lengths that lie. What a real
 * kernel makes of the bytes is tests/netns's.
 */
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

/* The allocation with this number fails, counted down from it; negative: none does. */
static long fail_at = -1;

/* Every byte that was not written is visible: memory comes with this in it. */
#define DIRT 0xa5

static void *dirty_realloc(void *old, size_t size)
{
	char *p = fail_at >= 0 && fail_at-- == 0 ? NULL : malloc(size);
	size_t had = old ? malloc_usable_size(old) : 0;

	if (!p)
		return NULL;
	memset(p, DIRT, size);
	if (had)
		memcpy(p, old, had < size ? had : size);
	free(old);
	return p;
}

#define realloc(p, size) dirty_realloc(p, size)
#include "base/str.c"
#undef realloc

#include <weir/ip.h>

#include "link/kinds.h"
#include "netlink/attr.h"
#include "netlink/sock.h"

static const struct ifinfomsg some_link = { .ifi_index = 7 };

static void start_message(struct wr_batch *b)
{
	wr_msg(b, RTM_NEWLINK, NLM_F_CREATE, &some_link, sizeof(some_link));
}

/* --- building ------------------------------------------------------------------------------- */

static void header_is_laid_down(void **state)
{
	wr_auto(batch) struct wr_batch b = { 0 };
	const struct nlmsghdr *nlh;

	start_message(&b);
	nlh = wr_msg_header(&b);
	assert_int_equal(b.n, 1);
	assert_int_equal(nlh->nlmsg_len, 32);
	assert_int_equal(nlh->nlmsg_len, b.buf.len);
	assert_int_equal(nlh->nlmsg_type, RTM_NEWLINK);
	assert_int_equal(nlh->nlmsg_flags, NLM_F_REQUEST | NLM_F_CREATE);
	assert_int_equal(nlh->nlmsg_seq, 0);
	assert_memory_equal(nlh + 1, &some_link, sizeof(some_link));
}

static void padding_is_zero(void **state)
{
	static const char ones[] = "\xff\xff\xff\xff\xff\xff\xff\xff\xff";

	for (size_t len = 0; len < sizeof(ones); len++) {
		wr_auto(batch) struct wr_batch b = { 0 };
		struct nlattr a;
		const char *at;

		start_message(&b);
		wr_put(&b, IFLA_IFALIAS, ones, len);
		at = b.buf.data + 32;
		memcpy(&a, at, sizeof(a));
		assert_int_equal(a.nla_len, 4 + len);
		assert_int_equal(a.nla_type, IFLA_IFALIAS);
		assert_memory_equal(at + 4, ones, len);
		assert_int_equal(b.buf.len, 32 + 4 + (len + 3) / 4 * 4);
		assert_int_equal(wr_msg_header(&b)->nlmsg_len, b.buf.len);
		for (size_t i = 32 + 4 + len; i < b.buf.len; i++)
			assert_int_equal(b.buf.data[i], 0);
	}
}

/* A header whose size is no multiple of four, as rtgenmsg's. */
static void padding_behind_a_header_is_zero(void **state)
{
	wr_auto(batch) struct wr_batch b = { 0 };

	wr_msg(&b, RTM_GETLINK, 0, "\xff", 1);
	assert_int_equal(b.buf.len, 20);
	assert_memory_equal(b.buf.data + 16, "\xff\0\0\0", 4);
	wr_put_raw(&b, "\xee\xee\xee\xee\xee", 5);
	assert_int_equal(b.buf.len, 28);
	assert_int_equal(wr_msg_header(&b)->nlmsg_len, 28);
	assert_memory_equal(b.buf.data + 20, "\xee\xee\xee\xee\xee\0\0\0", 8);
}

/* Room that was used before: a message that was given up, or got no memory, is overwritten by the next one. */
static void used_room_is_zeroed_again(void **state)
{
	wr_auto(batch) struct wr_batch b = { 0 };

	start_message(&b);
	wr_put(&b, IFLA_IFALIAS, "\xff\xff\xff\xff\xff\xff\xff\xff", 8);
	b.buf.failed = true;
	wr_str_clear(&b.buf);
	assert_string_equal(wr_str_text(&b.buf), "");
	start_message(&b);
	wr_put_u8(&b, IFLA_OPERSTATE, 0xee);
	assert_memory_equal(b.buf.data + 36, "\xee\0\0\0", 4);
}

static void numbers_and_texts(void **state)
{
	static const unsigned char expected[] = {
		5, 0, 1, 0, 0x12, 0, 0, 0,
		6, 0, 2, 0, 0x34, 0x12, 0, 0,
		8, 0, 3, 0, 0x78, 0x56, 0x34, 0x12,
		12, 0, 4, 0, 8, 7, 6, 5, 4, 3, 2, 1,
		7, 0, 5, 0, 'h', 'i', 0, 0,
		5, 0, 6, 0, 0, 0, 0, 0,
	};
	wr_auto(batch) struct wr_batch b = { 0 };

	start_message(&b);
	wr_put_u8(&b, 1, 0x12);
	wr_put_u16(&b, 2, 0x1234);
	wr_put_u32(&b, 3, 0x12345678);
	wr_put_u64(&b, 4, 0x0102030405060708);
	wr_put_text(&b, 5, "hi");
	wr_put_text(&b, 6, "");
	assert_int_equal(b.buf.len, 32 + sizeof(expected));
	assert_memory_equal(b.buf.data + 32, expected, sizeof(expected));
}

static void nests_close_around_what_is_in_them(void **state)
{
	static const unsigned char expected[] = {
		28, 0, 18, 0x80,
			8, 0, 1, 0, 'i', 'f', 'b', 0,
			16, 0, 2, 0x80,
				4, 0, 9, 0x80,
				5, 0, 7, 0, 1, 0, 0, 0,
	};
	wr_auto(batch) struct wr_batch b = { 0 };
	size_t outer, inner;

	start_message(&b);
	outer = wr_nest(&b, 18);
	wr_put_text(&b, 1, "ifb");
	inner = wr_nest(&b, 2);
	wr_nest_end(&b, wr_nest(&b, 9));
	wr_put_u8(&b, 7, 1);
	wr_nest_end(&b, inner);
	wr_nest_end(&b, outer);
	assert_int_equal(b.buf.len, 32 + sizeof(expected));
	assert_memory_equal(b.buf.data + 32, expected, sizeof(expected));
	assert_int_equal(wr_msg_header(&b)->nlmsg_len, b.buf.len);
}

/* The buffer moves dozens of times while a nest is open in it. */
static void buffer_may_move(void **state)
{
	wr_auto(batch) struct wr_batch b = { 0 };
	const struct nlattr *a;
	uint32_t n = 0;
	size_t nest;

	start_message(&b);
	nest = wr_nest(&b, 18);
	for (uint32_t i = 0; i < 8000; i++)
		wr_put_u32(&b, 1, i);
	wr_nest_end(&b, nest);
	assert_false(b.buf.failed);
	mnl_attr_for_each_nested(a, (struct nlattr *)(void *)(b.buf.data + nest)) {
		assert_int_equal(mnl_attr_get_u32(a), n);
		n++;
	}
	assert_int_equal(n, 8000);
}

static void many_messages_stand_one_behind_the_other(void **state)
{
	wr_auto(batch) struct wr_batch b = { 0 };
	const struct nlmsghdr *nlh;
	uint32_t n = 0;
	int left;

	for (uint32_t i = 0; i < 20000; i++) {
		start_message(&b);
		wr_put_u32(&b, IFLA_MTU, i);
		wr_put(&b, IFLA_IFALIAS, "abcde", i % 6);
	}
	assert_int_equal(b.n, 20000);
	left = (int)b.buf.len;
	for (nlh = (void *)b.buf.data; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
		const struct nlattr *a = wr_attr_find((const char *)nlh + 32, nlh->nlmsg_len - 32, IFLA_MTU);

		assert_int_equal(wr_attr_u32(a, 99999), n);
		n++;
	}
	assert_int_equal(left, 0);
	assert_int_equal(n, 20000);
}

static void whole_messages_are_copied(void **state)
{
	wr_auto(batch) struct wr_batch from = { 0 }, to = { 0 };

	start_message(&from);
	wr_put(&from, IFLA_IFALIAS, "abcde", 5);
	from.buf.data[from.buf.len - 1] = 'x';
	/* Three bytes of padding that the header does not count: not all of them are read. */
	wr_msg_header(&from)->nlmsg_len -= 3;
	wr_msg_copy(&to, wr_msg_header(&from));
	wr_msg_copy(&to, wr_msg_header(&from));
	assert_int_equal(to.n, 2);
	assert_int_equal(to.buf.len, 2 * from.buf.len);
	assert_int_equal(to.msg, from.buf.len);
	assert_memory_equal(to.buf.data, from.buf.data, from.buf.len - 3);
	assert_memory_equal(to.buf.data + from.buf.len - 3, "\0\0\0", 3);
}

/* --- what does not fit ------------------------------------------------------------------------ */

/* A length has 16 bits, header included. */
static void largest_attribute(void **state)
{
	static const char zeros[70000];
	static const struct {
		const char *name;
		size_t len;
		bool fits;
	} cases[] = {
		{ "the largest", 65531, true },
		{ "one byte more", 65532, false },
		{ "would be 4 in 16 bits", 65536, false },
		{ "more than that", 70000, false },
	};

	for (size_t i = 0; i < WR_COUNT(cases); i++) {
		wr_auto(batch) struct wr_batch b = { 0 };

		start_message(&b);
		wr_put(&b, IFLA_IFALIAS, zeros, cases[i].len);
		wr_put_u32(&b, IFLA_MTU, 1);
		if (b.buf.failed == cases[i].fits)
			fail_msg("%s", cases[i].name);
		assert_true(cases[i].fits == (wr_msg_header(&b) != NULL));
	}
}

static void largest_nest(void **state)
{
	/* The nest's header, then attributes of 8 bytes. */
	static const struct {
		unsigned int n;
		bool fits;
	} cases[] = { { 8191, true }, { 8192, false }, { 10000, false }, { 2 * 8192, false } };

	for (size_t i = 0; i < WR_COUNT(cases); i++) {
		wr_auto(batch) struct wr_batch b = { 0 };
		size_t nest;

		start_message(&b);
		nest = wr_nest(&b, 18);
		for (unsigned int k = 0; k < cases[i].n; k++)
			wr_put_u32(&b, 1, k);
		wr_nest_end(&b, nest);
		if (b.buf.failed == cases[i].fits)
			fail_msg("%u attributes in a nest", cases[i].n);
	}
}

static void build_something(struct wr_batch *b)
{
	size_t outer, inner;

	for (int i = 0; i < 30; i++) {
		start_message(b);
		outer = wr_nest(b, 18);
		wr_put_text(b, 1, "bridge");
		inner = wr_nest(b, 2);
		wr_put_raw(b, &some_link, sizeof(some_link));
		wr_put_u16(b, 3, 4);
		wr_nest_end(b, inner);
		wr_nest_end(b, outer);
	}
	if (!b->buf.failed)
		wr_msg_copy(b, wr_msg_header(b));
}

/* The first allocation fails, then the second, until the whole is built; each is remembered. */
static void running_out_of_memory_is_remembered(void **state)
{
	bool failed = true;
	long n = 0;

	for (; failed; n++) {
		wr_auto(batch) struct wr_batch b = { 0 };
		struct weir_error err = WEIR_ERROR_INIT;
		struct wr_sock closed = { 0 };

		assert_in_range(n, 0, 100);
		fail_at = n;
		build_something(&b);
		fail_at = -1;
		failed = b.buf.failed;
		if (!failed)
			break;
		assert_null(wr_msg_header(&b));
		/* Memory that comes back does not make a half message whole. */
		start_message(&b);
		wr_put_u32(&b, IFLA_MTU, 1500);
		assert_true(b.buf.failed);
		assert_int_equal(wr_sock_run(&closed, &b, NULL, NULL, &err), -ENOMEM);
		assert_int_equal(err.code, -ENOMEM);
	}
	assert_in_range(n, 3, 100);
}

/* --- finding an attribute among bytes that nobody checked ---------------------------------------- */

struct lie {
	const char *name;
	unsigned char bytes[24];
	size_t len;
	uint16_t type;		/* looked for */
	int at;			/* where it is; -1: not there */
};

static const struct lie lies[] = {
	{ "nothing at all", { 0 }, 0, 1, -1 },
	{ "less than a header", { 8, 0, 1 }, 3, 1, -1 },
	{ "a header alone", { 4, 0, 1, 0 }, 4, 1, 0 },
	{ "length 0", { 0, 0, 2, 0, 4, 0, 1, 0 }, 8, 1, -1 },
	{ "length 3", { 3, 0, 2, 0, 4, 0, 1, 0 }, 8, 1, -1 },
	{ "length 3 of what is looked for", { 3, 0, 1, 0, 4, 0, 1, 0 }, 8, 1, -1 },
	{ "one byte more than there is", { 9, 0, 1, 0, 0, 0, 0, 0 }, 8, 1, -1 },
	{ "65535 bytes", { 0xff, 0xff, 1, 0, 0, 0, 0, 0 }, 8, 1, -1 },
	{ "the second lies", { 8, 0, 2, 0, 0, 0, 0, 0, 0xff, 0xff, 1, 0 }, 12, 1, -1 },
	{ "the second is good", { 8, 0, 2, 0, 0, 0, 0, 0, 4, 0, 1, 0 }, 12, 1, 8 },
	{ "the last without its padding", { 5, 0, 2, 0, 7 }, 5, 2, 0 },
	{ "nothing behind the last without padding", { 5, 0, 2, 0, 7 }, 5, 1, -1 },
	{ "padding and less than a header behind it", { 5, 0, 2, 0, 7, 0, 0, 0, 4, 0 }, 10, 4, -1 },
	{ "a half header at the end", { 8, 0, 2, 0, 0, 0, 0, 0, 4, 0, 1 }, 11, 1, -1 },
	{ "the first of two", { 5, 0, 1, 0, 7, 0, 0, 0, 5, 0, 1, 0, 8, 0, 0, 0 }, 16, 1, 0 },
	{ "flags beside the type", { 4, 0, 1, 0xc0 }, 4, 1, 0 },
};

static void lying_lengths_end_the_walk(void **state)
{
	for (size_t i = 0; i < WR_COUNT(lies); i++) {
		const struct lie *l = &lies[i];
		/* Of exactly that size, so that the sanitizer sees a byte too far. */
		unsigned char *copy = malloc(l->len ? l->len : 1);
		const struct nlattr *a;

		assert_non_null(copy);
		memcpy(copy, l->bytes, l->len);
		a = wr_attr_find(copy, l->len, l->type);
		if (a != (l->at < 0 ? NULL : (void *)(copy + l->at)))
			fail_msg("%s", l->name);
		free(copy);
	}
}

static void numbers_of_attributes_that_are_too_short(void **state)
{
	static const unsigned char bytes[] = { 8, 0, 1, 0, 1, 2, 0, 0 };
	unsigned char three[] __attribute__((aligned(4))) = { 7, 0, 1, 0, 1, 2, 0, 0 };

	assert_int_equal(wr_attr_u32(NULL, 42), 42);
	assert_int_equal(wr_attr_u32((const void *)three, 42), 42);
	memcpy(three, bytes, sizeof(bytes));
	assert_int_equal(wr_attr_u32((const void *)three, 42), 0x201);
}

/* --- from attributes to a struct -------------------------------------------------------------------- */

struct probe {
	uint64_t has;
	uint64_t u64;
	uint32_t u32;
	int32_t s32;
	uint16_t u16;
	uint16_t be16;
	uint8_t u8;
	bool flag;
	char name[8];
	uint8_t mac[6];
	struct weir_ip ip;
	uint8_t told;
};

enum { U8 = 1, U16, U32, U64, S32, BE16, FLAG, NAME, MAC, IP, TOLD };

#define PROBE(member, attr, codec, ...)                                                            \
	WR_ATTR(probe, member, attr, codec, #member, 1ull << attr, ##__VA_ARGS__)

static const struct wr_field probe_fields[] = {
	PROBE(u8, U8, WR_U8),	 PROBE(u16, U16, WR_U16),
	PROBE(u32, U32, WR_U32), PROBE(u64, U64, WR_U64),
	PROBE(s32, S32, WR_S32), PROBE(be16, BE16, WR_BE16),
	PROBE(flag, FLAG, WR_U8, .flags = WR_BOOL),
	PROBE(name, NAME, WR_NAME), PROBE(mac, MAC, WR_MAC),
	PROBE(ip, IP, WR_IP),	 PROBE(told, TOLD, WR_U8, .flags = WR_READONLY),
};
static const uint16_t probe_path[] = { 18, 2, 0 };
static WR_TABLE(flat_table, probe, "probe", offsetof(struct probe, has), probe_fields);
static WR_TABLE(deep_table, probe, "probe", offsetof(struct probe, has), probe_fields,
		.path = probe_path);

struct payload {
	const char *name;
	uint16_t type;
	size_t len;
	const char *bytes;
	bool good;
	struct probe expected;	/* has apart */
};

static const struct payload payloads[] = {
	{ "no byte for u8", U8, 0, "", false, { 0 } },
	{ "u8", U8, 1, "\xfe", true, { .u8 = 0xfe } },
	{ "a wide u8", U8, 4, "\xfe\0\0\0", true, { .u8 = 0xfe } },
	{ "one byte for u16", U16, 1, "\1", false, { 0 } },
	{ "u16", U16, 2, "\1\2", true, { .u16 = 0x201 } },
	{ "three bytes for u32", U32, 3, "\1\2\3", false, { 0 } },
	{ "u32", U32, 4, "\1\2\3\4", true, { .u32 = 0x4030201 } },
	{ "a wide u32", U32, 8, "\1\2\3\4\5\6\7\x8", true, { .u32 = 0x4030201 } },
	{ "four bytes for u64", U64, 4, "\1\2\3\4", false, { 0 } },
	{ "seven bytes for u64", U64, 7, "\1\2\3\4\5\6\7", false, { 0 } },
	{ "u64", U64, 8, "\1\2\3\4\5\6\7\x8", true, { .u64 = 0x807060504030201 } },
	{ "three bytes for s32", S32, 3, "\xff\xff\xff", false, { 0 } },
	{ "s32", S32, 4, "\xff\xff\xff\xff", true, { .s32 = -1 } },
	{ "one byte for be16", BE16, 1, "\x88", false, { 0 } },
	{ "be16", BE16, 2, "\x88\xa8", true, { .be16 = 0x88a8 } },
	{ "a flag that is more than 1", FLAG, 1, "\x80", true, { .flag = true } },
	{ "a flag that is 0", FLAG, 1, "", true, { .flag = false } },
	{ "a flag of no byte", FLAG, 0, "", false, { 0 } },
	{ "a name", NAME, 4, "eth", true, { .name = "eth" } },
	{ "a name without its zero", NAME, 3, "eth", true, { .name = "eth" } },
	{ "no name", NAME, 0, "", true, { .name = "" } },
	{ "the longest name", NAME, 8, "1234567", true, { .name = "1234567" } },
	{ "the longest name without its zero", NAME, 7, "1234567", true, { .name = "1234567" } },
	{ "a name that is too long", NAME, 8, "12345678", false, { 0 } },
	{ "a name with bytes behind its zero", NAME, 12, "eth\0xxxxxxxx", true, { .name = "eth" } },
	{ "mac", MAC, 6, "\1\2\3\4\5\6", true, { .mac = { 1, 2, 3, 4, 5, 6 } } },
	{ "a short hardware address (sit)", MAC, 4, "\1\2\3\4", true, { .mac = { 1, 2, 3, 4 } } },
	{ "a long one (ip6tnl)", MAC, 16, "\1\2\3\4\5\6\7\x8\x9\1\1\1\1\1\1\1", true,
	  { .mac = { 1, 2, 3, 4, 5, 6 } } },
	{ "no hardware address (tun)", MAC, 0, "", true, { .mac = { 0 } } },
	{ "IPv4", IP, 4, "\1\2\3\4", true, { .ip = { 2, { 1, 2, 3, 4 } } } },
	{ "IPv6", IP, 16, "\x20\1\0\0\0\0\0\0\0\0\0\0\0\0\0\1", true,
	  { .ip = { 10, { 0x20, 1, [15] = 1 } } } },
	{ "five bytes of address", IP, 5, "\1\2\3\4\5", false, { 0 } },
	{ "no byte of address", IP, 0, "", false, { 0 } },
	{ "what only the kernel says", TOLD, 1, "\6", true, { .told = 6 } },
	{ "an attribute without a row", 99, 3, "abc", true, { 0 } },
};

static struct probe full_probe(void)
{
	struct probe p;

	memset(&p, 0x5a, sizeof(p));
	p.has = 0;
	return p;
}

/* Attributes of exactly @len bytes on the heap, unpadded at the end. */
static unsigned char *heap_attr(const struct payload *p, size_t *ret_len)
{
	unsigned char *a = malloc(4 + p->len);

	assert_non_null(a);
	*ret_len = 4 + p->len;
	a[0] = (unsigned char)*ret_len;
	a[1] = 0;
	a[2] = (unsigned char)p->type;
	a[3] = 0;
	memcpy(a + 4, p->bytes, p->len);
	return a;
}

static const struct wr_field *row_of(uint16_t type)
{
	for (size_t i = 0; i < WR_COUNT(probe_fields); i++)
		if (probe_fields[i].attr == type)
			return &probe_fields[i];
	return NULL;
}

static void decode_one(const struct payload *p)
{
	struct probe got = full_probe(), untouched = full_probe();
	struct weir_error err = WEIR_ERROR_INIT;
	const struct wr_field *row = row_of(p->type);
	size_t len;
	unsigned char *attrs = heap_attr(p, &len);
	int r = wr_decode(&flat_table, attrs, len, &got, &err);

	free(attrs);
	if (r != (p->good ? 0 : -EBADMSG))
		fail_msg("%s: %d", p->name, r);
	if (!p->good) {
		assert_int_equal(err.stage, WEIR_STAGE_REPLY);
		assert_string_equal(err.object, "probe");
		assert_string_equal(err.attr, row->name);
	} else if (row && (got.has != wr_bit(row) || !wr_field_equal(row, &got, &p->expected))) {
		fail_msg("%s: another value", p->name);
	}
	/* The rest of the struct is as it was. */
	for (size_t i = 0; i < WR_COUNT(probe_fields); i++)
		if (&probe_fields[i] != row && !wr_field_equal(&probe_fields[i], &got, &untouched))
			fail_msg("%s: %s changed", p->name, probe_fields[i].name);
}

static void lengths_are_checked(void **state)
{
	for (size_t i = 0; i < WR_COUNT(payloads); i++)
		decode_one(&payloads[i]);
}

static void decode_without_an_error_struct(void **state)
{
	static const unsigned char short_u32[] __attribute__((aligned(4))) = { 5, 0, U32, 0, 1 };
	struct probe got = { 0 };

	assert_int_equal(wr_decode(&flat_table, short_u32, sizeof(short_u32), &got, NULL), -EBADMSG);
}

/* Nests that are missing are no error: a link without IFLA_LINKINFO. */
static void nests_are_opened_as_far_as_they_are_there(void **state)
{
	static const struct {
		const char *name;
		unsigned char bytes[20];
		size_t len;
		int code;
		uint64_t has;
	} cases[] = {
		{ "all there", { 16, 0, 18, 0x80, 12, 0, 2, 0x80, 5, 0, U8, 0, 9 }, 16, 0, 1ull << U8 },
		{ "without flags of nests", { 16, 0, 18, 0, 12, 0, 2, 0, 5, 0, U8, 0, 9 }, 16, 0, 1ull << U8 },
		{ "no outer", { 12, 0, 2, 0, 5, 0, U8, 0, 9 }, 12, 0, 0 },
		{ "no inner", { 12, 0, 18, 0, 5, 0, U8, 0, 9 }, 12, 0, 0 },
		{ "empty outer", { 4, 0, 18, 0 }, 4, 0, 0 },
		{ "empty inner", { 8, 0, 18, 0, 4, 0, 2, 0 }, 8, 0, 0 },
		{ "the inner is longer than the outer", { 8, 0, 18, 0, 12, 0, 2, 0, 5, 0, U8, 0, 9 }, 16, 0, 0 },
		{ "the row is longer than its nest", { 12, 0, 18, 0, 8, 0, 2, 0, 5, 0, U8, 0, 9 }, 16, 0, 0 },
		{ "the row is too short", { 12, 0, 18, 0, 8, 0, 2, 0, 4, 0, U8, 0 }, 12, -EBADMSG, 0 },
	};

	for (size_t i = 0; i < WR_COUNT(cases); i++) {
		unsigned char copy[20] __attribute__((aligned(4)));
		struct probe got = { 0 };
		int r;

		memcpy(copy, cases[i].bytes, sizeof(copy));
		r = wr_decode(&deep_table, copy, cases[i].len, &got, NULL);
		if (r != cases[i].code || got.has != cases[i].has)
			fail_msg("%s: %d, %llx", cases[i].name, r, (unsigned long long)got.has);
	}
}

/* Which rows go into a message. */
static void rows_are_chosen_by_their_flags(void **state)
{
	struct probe p = { .has = 1ull << U8 | 1ull << FLAG | 1ull << TOLD, .u8 = 1, .flag = true };
	static const struct {
		const char *name;
		unsigned int only, but;
		bool u8, flag;
	} cases[] = {
		{ "any", 0, 0, true, true },
		{ "only booleans", WR_BOOL, 0, false, true },
		{ "no booleans", 0, WR_BOOL, true, false },
		{ "only and but", WR_BOOL, WR_BOOL, false, false },
	};

	for (size_t i = 0; i < WR_COUNT(cases); i++) {
		wr_auto(batch) struct wr_batch b = { 0 };
		bool any, u8, flag;

		start_message(&b);
		any = wr_encode(&b, &flat_table, &p, cases[i].only, cases[i].but);
		u8 = wr_attr_find(b.buf.data + 32, b.buf.len - 32, U8);
		flag = wr_attr_find(b.buf.data + 32, b.buf.len - 32, FLAG);
		if (u8 != cases[i].u8 || flag != cases[i].flag || any != (u8 || flag) ||
		    any != wr_has_any(&flat_table, &p, cases[i].only, cases[i].but))
			fail_msg("%s", cases[i].name);
		assert_null(wr_attr_find(b.buf.data + 32, b.buf.len - 32, TOLD));
	}
}

/* No nests are opened around nothing. */
static void nothing_set_is_nothing_sent(void **state)
{
	wr_auto(batch) struct wr_batch b = { 0 };
	struct probe p = { .has = 1ull << TOLD };

	start_message(&b);
	assert_false(wr_encode(&b, &deep_table, &p, 0, 0));
	assert_int_equal(b.buf.len, 32);
	p.has |= 1ull << U8;
	assert_true(wr_encode(&b, &deep_table, &p, 0, 0));
	assert_int_equal(b.buf.len, 32 + 4 + 4 + 8);
}

/* --- from an offset to a name --------------------------------------------------------------------------- */

/* Where the attributes of the message below are. */
struct places {
	size_t mtu, linkinfo, kind, data, delay, unknown, odd, odd_inner, spec, inet6, mode;
	size_t slave, hairpin, end;
};

static void make_message(struct wr_batch *b, struct places *p)
{
	start_message(b);
	p->mtu = b->buf.len;
	wr_put_u32(b, IFLA_MTU, 1500);
	p->linkinfo = wr_nest(b, IFLA_LINKINFO);
	p->kind = b->buf.len;
	wr_put_text(b, IFLA_INFO_KIND, "bridge");
	p->data = wr_nest(b, IFLA_INFO_DATA);
	p->delay = b->buf.len;
	wr_put_u32(b, IFLA_BR_FORWARD_DELAY, 1);
	p->unknown = b->buf.len;
	wr_put_u8(b, 99, 1);
	p->odd = wr_nest(b, 98);
	p->odd_inner = b->buf.len;
	wr_put_u8(b, 1, 1);
	wr_nest_end(b, p->odd);
	wr_nest_end(b, p->data);
	p->slave = wr_nest(b, IFLA_INFO_SLAVE_DATA);
	p->hairpin = b->buf.len;
	wr_put_u8(b, IFLA_BRPORT_MODE, 1);
	wr_nest_end(b, p->slave);
	wr_nest_end(b, p->linkinfo);
	p->spec = wr_nest(b, IFLA_AF_SPEC);
	p->inet6 = wr_nest(b, 10);
	p->mode = b->buf.len;
	wr_put_u8(b, IFLA_INET6_ADDR_GEN_MODE, 1);
	wr_nest_end(b, p->inet6);
	wr_nest_end(b, p->spec);
	p->end = b->buf.len;
}

#define AT(place, add) offsetof(struct places, place), add

static const struct {
	const char *name;
	size_t place;
	int add;
	const char *path;
} paths[] = {
	{ "a row of the link", AT(mtu, 0), "mtu" },
	{ "inside its value", AT(mtu, 5), "mtu" },
	{ "a nest itself", AT(linkinfo, 0), "attribute 18" },
	{ "the kind", AT(kind, 0), "linkinfo.kind" },
	{ "the data of the kind", AT(data, 0), "attribute 18/2" },
	{ "a row of the kind", AT(delay, 0), "bridge.forward_delay" },
	{ "inside the value of that", AT(delay, 7), "bridge.forward_delay" },
	{ "a type without a row", AT(unknown, 0), "attribute 18/2/99" },
	{ "deeper than any table", AT(odd_inner, 0), "attribute 18/2/98/1" },
	{ "the nest around that", AT(odd, 0), "attribute 18/2/98" },
	{ "a row of the port", AT(hairpin, 0), "port.hairpin" },
	{ "IPv6's row", AT(mode, 0), "inet6.addrgenmode" },
	{ "the nest of all families", AT(spec, 0), "attribute 26" },
	{ "the nest of IPv6", AT(inet6, 0), "attribute 26/10" },
	{ "behind the end", AT(end, 0), "" },
	{ "far behind the end", AT(end, 100000), "" },
	{ "the header of the message", AT(mtu, -32), "" },
	{ "inside that header", AT(mtu, -28), "" },
	{ "the index in the family's header", AT(mtu, -12), "" },
};

static void offsets_have_names(void **state)
{
	const struct wr_table *const tables[] = {
		&wr_link_table, &wr_link_info_table, &wr_link_inet6_table, wr_kind(WEIR_LINK_BRIDGE)->table,
		&wr_bridge_port_table, NULL,
	};
	wr_auto(batch) struct wr_batch b = { 0 };
	struct places p;
	char buf[128];

	make_message(&b, &p);
	for (size_t i = 0; i < WR_COUNT(paths); i++) {
		size_t at;

		memcpy(&at, (const char *)&p + paths[i].place, sizeof(at));
		wr_attr_path(wr_msg_header(&b), (uint32_t)((long)at + paths[i].add), tables, buf,
			     sizeof(buf));
		if (strcmp(buf, paths[i].path) != 0)
			fail_msg("%s: \"%s\" instead of \"%s\"", paths[i].name, buf, paths[i].path);
	}
}

/* The same type means something else in another kind. */
static void names_depend_on_the_kind(void **state)
{
	wr_auto(batch) struct wr_batch b = { 0 };
	struct places p;
	char buf[128];

	make_message(&b, &p);
	wr_attr_path(wr_msg_header(&b), p.delay, wr_kind(WEIR_LINK_MACVLAN)->tables, buf, sizeof(buf));
	assert_string_equal(buf, "macvlan.mode");
	wr_attr_path(wr_msg_header(&b), p.delay, wr_kind(WEIR_LINK_VETH)->tables, buf, sizeof(buf));
	assert_string_equal(buf, "attribute 18/2/1");
	wr_attr_path(wr_msg_header(&b), p.delay, NULL, buf, sizeof(buf));
	assert_string_equal(buf, "attribute 18/2/1");
}

static void paths_fit_into_small_buffers(void **state)
{
	const struct wr_kind *bridge = wr_kind(WEIR_LINK_BRIDGE);
	wr_auto(batch) struct wr_batch b = { 0 };
	struct places p;

	make_message(&b, &p);
	for (size_t size = 1; size < 40; size++) {
		char *buf = malloc(size);

		assert_non_null(buf);
		wr_attr_path(wr_msg_header(&b), p.delay, bridge->tables, buf, size);
		assert_true(strlen(buf) < size);
		wr_attr_path(wr_msg_header(&b), p.odd_inner, bridge->tables, buf, size);
		assert_true(strlen(buf) < size);
		free(buf);
	}
}

/* Nests without end: as deep as the walk goes and deeper. */
static void deep_nests_end(void **state)
{
	wr_auto(batch) struct wr_batch b = { 0 };
	size_t nest[20];
	char buf[128];

	start_message(&b);
	for (size_t i = 0; i < WR_COUNT(nest); i++)
		nest[i] = wr_nest(&b, (uint16_t)(i + 1));
	for (size_t i = WR_COUNT(nest); i-- > 0;)
		wr_nest_end(&b, nest[i]);
	wr_attr_path(wr_msg_header(&b), (uint32_t)nest[7], NULL, buf, sizeof(buf));
	assert_string_equal(buf, "attribute 1/2/3/4/5/6/7/8");
	wr_attr_path(wr_msg_header(&b), (uint32_t)nest[19], NULL, buf, sizeof(buf));
	assert_string_equal(buf, "attribute 1/2/3/4/5/6/7/8");
}

/* A nest that reaches up to three bytes further than its message. */
static void messages_that_end_in_a_nest(void **state)
{
	for (uint32_t cut = 0; cut < 12; cut++) {
		wr_auto(batch) struct wr_batch b = { 0 };
		struct nlmsghdr *copy;
		size_t outer;
		char buf[128];

		start_message(&b);
		outer = wr_nest(&b, 18);
		wr_nest_end(&b, wr_nest(&b, 2));
		wr_nest_end(&b, outer);
		copy = malloc(b.buf.len - cut);
		assert_non_null(copy);
		memcpy(copy, b.buf.data, b.buf.len - cut);
		copy->nlmsg_len -= cut;
		for (uint32_t at = 0; at < b.buf.len + 4; at++)
			wr_attr_path(copy, at, NULL, buf, sizeof(buf));
		free(copy);
	}
}

static void headers_have_their_sizes(void **state)
{
	static const struct {
		uint16_t type;
		size_t size;
	} cases[] = {
		{ RTM_NEWLINK, 16 }, { RTM_DELLINK, 16 }, { RTM_GETLINK, 16 }, { RTM_SETLINK, 16 },
		{ RTM_NEWADDR, 8 }, { RTM_DELADDR, 8 }, { RTM_NEWROUTE, 12 }, { RTM_DELROUTE, 12 },
		{ RTM_NEWNEIGH, 12 }, { RTM_NEWQDISC, 20 }, { RTM_DELQDISC, 20 }, { RTM_NEWTCLASS, 20 },
		{ RTM_NEWTFILTER, 20 }, { RTM_NEWRULE, 0 }, { NLMSG_ERROR, 0 },
	};

	for (size_t i = 0; i < WR_COUNT(cases); i++)
		assert_int_equal(wr_header_size(cases[i].type), cases[i].size);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(header_is_laid_down),
		cmocka_unit_test(padding_is_zero),
		cmocka_unit_test(padding_behind_a_header_is_zero),
		cmocka_unit_test(used_room_is_zeroed_again),
		cmocka_unit_test(numbers_and_texts),
		cmocka_unit_test(nests_close_around_what_is_in_them),
		cmocka_unit_test(buffer_may_move),
		cmocka_unit_test(many_messages_stand_one_behind_the_other),
		cmocka_unit_test(whole_messages_are_copied),
		cmocka_unit_test(largest_attribute),
		cmocka_unit_test(largest_nest),
		cmocka_unit_test(running_out_of_memory_is_remembered),
		cmocka_unit_test(lying_lengths_end_the_walk),
		cmocka_unit_test(numbers_of_attributes_that_are_too_short),
		cmocka_unit_test(lengths_are_checked),
		cmocka_unit_test(decode_without_an_error_struct),
		cmocka_unit_test(nests_are_opened_as_far_as_they_are_there),
		cmocka_unit_test(rows_are_chosen_by_their_flags),
		cmocka_unit_test(nothing_set_is_nothing_sent),
		cmocka_unit_test(offsets_have_names),
		cmocka_unit_test(names_depend_on_the_kind),
		cmocka_unit_test(paths_fit_into_small_buffers),
		cmocka_unit_test(deep_nests_end),
		cmocka_unit_test(messages_that_end_in_a_nest),
		cmocka_unit_test(headers_have_their_sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
