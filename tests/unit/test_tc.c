/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Bandwidth as numbers and bytes (tc/): what HTB gets for an average, a peak and
 * a burst from 1 Mbit/s to 100 Gbit/s and to libvirt's limits, which limits are
 * refused, and messages that say what tc says (tests/golden).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include <weir/link.h>
#include <weir/tc.h>

#include "netlink/attr.h"
#include "tc/floor.h"
#include "tc/limiter.h"
#include "tc/redirect.h"
#include "tests/common/golden.h"
#include "txn/txn.h"

#define MBIT 125000ull	/* bytes per second */
#define GBIT 125000000ull
#define KB 1000ull
#define KIB 1024ull

/* --- ticks ----------------------------------------------------------------------------------- */

static void ticks_are_64_ns(void **state)
{
	static const struct {
		const char *name;
		uint64_t bytes, bytes_per_s;
		uint32_t ticks;
	} cases[] = {
		{ "a second of 1 byte/s", 1, 1, 15625000 },
		{ "1600 bytes at 1 Mbit/s", 1600, MBIT, 200000 },
		{ "64 KiB at 1 Mbit/s", 65536, MBIT, 8192000 },
		{ "64 KiB at 1 Gbit/s", 65536, GBIT, 8187 }, /* 524 us: tc counts whole microseconds */
		{ "64 KiB at 100 Gbit/s", 65536, 100 * GBIT, 78 },
		{ "rounded down", 1, 10000000, 1 },
		{ "not less than one", 1, 100 * GBIT, 1 },
		{ "a byte at the largest rate", 1, WEIR_RATE_MAX, 1 },
		{ "the largest burst at the largest rate", WEIR_BURST_MAX, WEIR_RATE_MAX, 1 },
		{ "the largest burst at 1 Gbit/s", WEIR_BURST_MAX, GBIT, 536870781 },
		{ "almost as long as ticks can say", 274877, 1000, 4294953125u },
		{ "a bit longer", 274878, 1000, UINT32_MAX },
		{ "much longer", WEIR_BURST_MAX, 1, UINT32_MAX },
		{ "nothing", 0, 1000, 1 },
	};

	for (size_t i = 0; i < WR_COUNT(cases); i++) {
		uint32_t ticks = wr_htb_ticks(cases[i].bytes, cases[i].bytes_per_s);

		if (ticks != cases[i].ticks)
			fail_msg("%s: %u instead of %u", cases[i].name, ticks, cases[i].ticks);
	}
}

/* --- a class from a rate ------------------------------------------------------------------------ */

struct class_case {
	const char *name;
	struct weir_rate rate;
	struct wr_htb_class class;
	uint32_t mtu;	/* 0: not known */
};

/* average, peak, burst; then rate, ceil, burst, cburst, quantum, limit */
#define RATE(average, peak, burst) { average, peak, burst, 0 }

/* clang-format off */
static const struct class_case classes[] = {
	{ "1 byte/s", RATE(1, 0, 0), { 1, 1, 65536, 65536, 1514, 0 }, 0 },
	{ "1 Mbit/s", RATE(MBIT, 0, 0), { MBIT, MBIT, 65536, 65536, 12500, 0 }, 0 },
	{ "the least rate with a larger quantum", RATE(15150, 0, 0), { 15150, 15150, 65536, 65536, 1515, 0 }, 0 },
	{ "10 Mbit/s", RATE(10 * MBIT, 0, 0), { 10 * MBIT, 10 * MBIT, 65536, 65536, 60000, 0 }, 0 },
	{ "1 Gbit/s", RATE(GBIT, 0, 0), { GBIT, GBIT, 125000, 125000, 60000, 0 }, 0 },
	{ "100 Gbit/s", RATE(100 * GBIT, 0, 0), { 100 * GBIT, 100 * GBIT, 12500000, 12500000, 60000, 0 }, 0 },
	{ "libvirt's largest", RATE(WEIR_RATE_MAX, 0, 0),
	  { WEIR_RATE_MAX, WEIR_RATE_MAX, UINT32_MAX, UINT32_MAX, 60000, 0 }, 0 },
	{ "where a millisecond is 64 KiB", RATE(65536000, 0, 0), { 65536000, 65536000, 65536, 65536, 60000, 0 }, 0 },
	{ "and a bit more", RATE(65537000, 0, 0), { 65537000, 65537000, 65537, 65537, 60000, 0 }, 0 },
	{ "a burst below a packet", RATE(MBIT, 0, KIB), { MBIT, MBIT, 1514, 1514, 12500, 0 }, 0 },
	{ "a burst below a long packet", RATE(MBIT, 0, KIB), { MBIT, MBIT, 9014, 9014, 12500, 0 }, 9000 },
	{ "a quantum is a packet at least", RATE(KB, 0, 0), { KB, KB, 65536, 65536, 9014, 0 }, 9000 },
	{ "packets longer than the largest quantum", RATE(GBIT, 0, 0), { GBIT, GBIT, 125000, 125000, 65535, 0 }, 65521 },
	{ "its own burst, small", RATE(MBIT, 0, 2 * KIB), { MBIT, MBIT, 2048, 2048, 12500, 0 }, 0 },
	{ "its own burst, large", RATE(MBIT, 0, 1024 * KIB), { MBIT, MBIT, 1048576, 1048576, 12500, 0 }, 0 },
	{ "the largest burst", RATE(MBIT, 0, WEIR_BURST_MAX),
	  { MBIT, MBIT, 4294966272u, 4294966272u, 12500, 0 }, 0 },
	{ "a peak without a burst", RATE(MBIT, 2 * MBIT, 0), { MBIT, 2 * MBIT, 65536, 65536, 12500, 0 }, 0 },
	{ "a peak and a burst", RATE(MBIT, 2 * MBIT, 1024 * KIB),
	  { MBIT, 2 * MBIT, 1048576, 65536, 12500, 0 }, 0 },
	{ "a fast peak and a burst", RATE(MBIT, 10 * GBIT, 1024 * KIB),
	  { MBIT, 10 * GBIT, 1048576, 1250000, 12500, 0 }, 0 },
	{ "a peak as high as the average", RATE(GBIT, GBIT, 0), { GBIT, GBIT, 125000, 125000, 60000, 0 }, 0 },
};
/* clang-format on */

static bool same_class(const struct wr_htb_class *a, const struct wr_htb_class *b)
{
	return a->rate_bytes_per_s == b->rate_bytes_per_s && a->ceil_bytes_per_s == b->ceil_bytes_per_s &&
	       a->burst_bytes == b->burst_bytes && a->cburst_bytes == b->cburst_bytes &&
	       a->quantum_bytes == b->quantum_bytes && a->limit_bytes == b->limit_bytes;
}

static void classes_follow_from_rates(void **state)
{
	for (size_t i = 0; i < WR_COUNT(classes); i++) {
		const struct wr_htb_class *want = &classes[i].class;
		struct wr_htb_class c = wr_htb_from_rate(&classes[i].rate, classes[i].mtu);

		if (!same_class(&c, want))
			fail_msg("%s: rate %llu ceil %llu burst %u cburst %u quantum %u", classes[i].name,
				 (unsigned long long)c.rate_bytes_per_s,
				 (unsigned long long)c.ceil_bytes_per_s, c.burst_bytes, c.cburst_bytes,
				 c.quantum_bytes);
	}
}

/* From 1 Mbit/s to 100 Gbit/s: what must hold whatever the rate is. */
static void classes_are_sane(void **state)
{
	for (uint64_t rate = MBIT; rate <= 100 * GBIT; rate += rate / 7 + 1) {
		struct weir_rate r = RATE(rate, 0, 0);
		struct wr_htb_class c = wr_htb_from_rate(&r, 0);

		assert_in_range(c.quantum_bytes, 1514, 60000);
		assert_true(c.burst_bytes >= 65536 && c.burst_bytes >= rate / 1000);
		assert_int_equal(c.burst_bytes, c.cburst_bytes);
		assert_int_equal(c.rate_bytes_per_s, c.ceil_bytes_per_s);
	}
}

/* --- a TBF from a rate --------------------------------------------------------------------------- */

/* rate, peakrate, burst, mtu; and the limit: burst and 50 ms, at the peak if that is less */
/* clang-format off */
static const struct class_case tbfs[] = {
	{ "1 Mbit/s", RATE(MBIT, 0, 0), { MBIT, MBIT, 70000, 70000, 0, 76250 }, 0 },
	{ "1 Gbit/s", RATE(GBIT, 0, 0), { GBIT, GBIT, 125000, 125000, 0, 6375000 }, 0 },
	{ "100 Gbit/s", RATE(100 * GBIT, 0, 0), { 100 * GBIT, 100 * GBIT, 12500000, 12500000, 0, 637500000 }, 0 },
	{ "libvirt's largest", RATE(WEIR_RATE_MAX, 0, 0), { WEIR_RATE_MAX, WEIR_RATE_MAX, 4294967262u, 4294967262u, 0, UINT32_MAX }, 0 },
	{ "the least", RATE(6, 0, 0), { 6, 6, 1644, 1644, 0, 1644 }, 0 },
	{ "a burst that takes too long to be told", RATE(KB, 0, 512 * KIB), { KB, KB, 274000, 274000, 0, 274050 }, 0 },
	{ "a burst below a packet with two tags", RATE(MBIT, 0, KIB), { MBIT, MBIT, 1522, 1522, 0, 7772 }, 0 },
	{ "a burst below a long packet", RATE(MBIT, 0, KIB), { MBIT, MBIT, 9022, 9022, 0, 15272 }, 9000 },
	{ "packets longer than GSO's", RATE(MBIT, 0, 0), { MBIT, MBIT, 90022, 90022, 0, 96272 }, 90000 },
	{ "a burst", RATE(MBIT, 0, 1024 * KIB), { MBIT, MBIT, 1048576, 1048576, 0, 1054826 }, 0 },
	{ "a peak without a burst", RATE(MBIT, 2 * MBIT, 0), { MBIT, 2 * MBIT, 70000, 70000, 0, 76250 }, 0 },
	{ "a peak and a burst", RATE(MBIT, 2 * MBIT, 1024 * KIB), { MBIT, 2 * MBIT, 1048576, 70000, 0, 82500 }, 0 },
	{ "a fast peak", RATE(MBIT, 10 * GBIT, 1024 * KIB), { MBIT, 10 * GBIT, 1048576, 1250000, 0, 1054826 }, 0 },
	{ "a peak as high as the average spends no faster", RATE(MBIT, MBIT, 1024 * KIB), { MBIT, MBIT, 70000, 70000, 0, 76250 }, 0 },
};
/* clang-format on */

static void tbfs_follow_from_rates(void **state)
{
	for (size_t i = 0; i < WR_COUNT(tbfs); i++) {
		struct wr_htb_class c = wr_tbf_from_rate(&tbfs[i].rate, tbfs[i].mtu);

		if (!same_class(&c, &tbfs[i].class))
			fail_msg("%s: rate %llu peak %llu burst %u mtu %u limit %u", tbfs[i].name,
				 (unsigned long long)c.rate_bytes_per_s, (unsigned long long)c.ceil_bytes_per_s,
				 c.burst_bytes, c.cburst_bytes, c.limit_bytes);
	}
}

/* The kernel's own arithmetic: bytes to ns by a reciprocal that is rounded down, and ns to ticks (psched_ratecfg_precompute). */
static uint32_t kernel_ticks(uint32_t bytes, uint64_t bytes_per_s)
{
	uint64_t factor = 1000000000, mult;
	unsigned int shift = 0;

	for (;; factor <<= 1, shift++) {
		mult = factor / bytes_per_s;
		if (mult & 1u << 31 || factor & 1ull << 63)
			break;
	}
	return (bytes * mult >> shift) / 64;
}

/* A burst that is read back gives the same ticks again, and is within a tick of what was told. */
static void bursts_of_tbfs_are_read_back(void **state)
{
	static const uint32_t bursts[] = { 1522, 9022, 65536, 70000, 98304, 1048576, 100000000 };

	for (uint64_t rate = KB; rate <= 400 * GBIT; rate += rate / 7 + 1)
		for (size_t i = 0; i < WR_COUNT(bursts); i++) {
			const uint64_t tick = rate * 64 / 1000000000 + 1;
			uint32_t ticks = kernel_ticks(bursts[i], rate), back = wr_tbf_bytes(ticks, rate);

			if (bursts[i] / rate >= 30)
				continue;	/* longer than the kernel's reciprocal is exact */
			if (kernel_ticks(back, rate) != ticks || back < bursts[i] - 1 || back > bursts[i] + tick)
				fail_msg("%u at %llu: %u ticks, read as %u, %u ticks", bursts[i], (unsigned long long)rate,
					 ticks, back, kernel_ticks(back, rate));
		}
	assert_int_equal(wr_tbf_bytes(kernel_ticks(65536, 3 * MBIT), 3 * MBIT), 65536);
	assert_int_equal(wr_tbf_bytes(kernel_ticks(98304, 3 * MBIT), 3 * MBIT), 98304);
	assert_int_equal(wr_tbf_bytes(kernel_ticks(65536, 10 * MBIT), 10 * MBIT), 65536);
	assert_int_equal(wr_tbf_bytes(UINT32_MAX, WEIR_RATE_MAX), UINT32_MAX);
	assert_int_equal(wr_tbf_bytes(0, 0), 0);
}

/* --- rates and bursts as text ----------------------------------------------------------------- */

struct text_case {
	const char *text;
	int code;
	uint64_t value;
};

/* clang-format off */
static const struct text_case rate_texts[] = {
	{ "1", 0, KB }, { "1000", 0, 1000 * KB }, { "8bit", 0, 1 }, { "1kbit", 0, 125 }, { "10mbit", 0, 10 * MBIT },
	{ "10Mbit", 0, 10 * MBIT }, { "10MBIT/S", 0, 10 * MBIT }, { "2.5gbit", 0, 2500 * MBIT }, { "1tbit", 0, 1000 * GBIT },
	{ "1kibit", 0, 128 }, { "1mibit", 0, 131072 }, { "1gibit", 0, 134217728 }, { "1tibit", 0, 137438953472 },
	{ "1bps", 0, 1 }, { "3kbps", 0, 3000 }, { "3mbps", 0, 3000000 }, { "3gibps", 0, 3221225472 },
	{ "1.2MB/s", 0, 1200000 }, { "1KB/s", 0, 1000 }, { "1kB/s", 0, 1000 }, { "1KiB/s", 0, 1024 }, { "7B/s", 0, 7 },
	{ "0.5mbit", 0, 62500 }, { ".5kbit", 0, 62 }, { "0.000008mbit", 0, 1 }, { "100gbit", 0, 100 * GBIT },
	{ "18014398509481984", 0, WEIR_RATE_MAX }, { "18014398509.481984GB/s", 0, WEIR_RATE_MAX },
	{ "", -EINVAL, 0 }, { "mbit", -EINVAL, 0 }, { "-1mbit", -EINVAL, 0 }, { " 1mbit", -EINVAL, 0 }, { "x", -EINVAL, 0 },
	{ "10foo", -EINVAL, 0 }, { "10mbit ", -EINVAL, 0 }, { "10 mbit", -EINVAL, 0 }, { "10mb/s", -EINVAL, 0 },
	{ "10m", -EINVAL, 0 }, { "10MB", -EINVAL, 0 }, { "10xbit", -EINVAL, 0 }, { "10kkbit", -EINVAL, 0 },
	{ "10i", -EINVAL, 0 }, { "0x10mbit", -EINVAL, 0 }, { "1e3kbit", -EINVAL, 0 }, { "1.2.3mbit", -EINVAL, 0 },
	{ "0", -EINVAL, 0 }, { "0mbit", -EINVAL, 0 }, { "0.0gbit", -EINVAL, 0 }, { "7bit", -EINVAL, 0 },
	{ "18014398509481985", -ERANGE, 0 }, { "18446744073709551616", -ERANGE, 0 }, { "99999999999999999999999", -ERANGE, 0 },
	{ "18446744073709551615tbit", -ERANGE, 0 }, { "18446744073709551615bit", 0, 2305843009213693951 },
};

static const struct text_case burst_texts[] = {
	{ "1", 0, KIB }, { "64", 0, 64 * KIB }, { "1500b", 0, 1500 }, { "1500B", 0, 1500 }, { "100k", 0, 100 * KIB },
	{ "100kb", 0, 100 * KIB }, { "100KiB", 0, 100 * KIB }, { "64Ki", 0, 64 * KIB }, { "1.5m", 0, 1536 * KIB },
	{ "1MiB", 0, 1024 * KIB }, { "1g", 0, 1073741824 }, { "4194303", 0, WEIR_BURST_MAX },
	{ "", -EINVAL, 0 }, { "0", -EINVAL, 0 }, { "k", -EINVAL, 0 }, { "10mbit", -EINVAL, 0 }, { "1KB/s", -EINVAL, 0 },
	{ "1kk", -EINVAL, 0 }, { "4194304", -ERANGE, 0 }, { "1t", -ERANGE, 0 },
};
/* clang-format on */

static void texts_are_read(const struct text_case *cases, size_t n,
			   int (*parse)(const char *text, uint64_t *ret, struct weir_error *err))
{
	for (size_t i = 0; i < n; i++) {
		struct weir_error err = WEIR_ERROR_INIT;
		uint64_t v = 0;
		int r = parse(cases[i].text, &v, &err);

		if (r != cases[i].code || v != cases[i].value || err.code != r)
			fail_msg("\"%s\": %d, %llu: %s", cases[i].text, r, (unsigned long long)v, err.msg);
		assert_true(!r || strstr(err.msg, cases[i].text));
		assert_int_equal(parse(cases[i].text, &v, NULL), r);
	}
}

static void rates_and_bursts_are_read(void **state)
{
	texts_are_read(rate_texts, WR_COUNT(rate_texts), weir_rate_parse);
	texts_are_read(burst_texts, WR_COUNT(burst_texts), weir_burst_parse);
}

/* What is written is read as the same, whatever the rate. */
static void rates_are_written(void **state)
{
	static const struct { uint64_t rate; const char *text; } cases[] = {
		{ 1, "1B/s" }, { 125, "1kbit" }, { 126, "126B/s" }, { MBIT, "1mbit" }, { 1200000, "9600kbit" },
		{ 100 * GBIT, "100gbit" }, { WEIR_RATE_MAX, "144115188075855872kbit" },
	};
	char buf[WEIR_RATE_TEXT];
	uint64_t back;

	for (size_t i = 0; i < WR_COUNT(cases); i++)
		assert_string_equal(weir_rate_format(cases[i].rate, buf), cases[i].text);
	for (uint64_t rate = 1; rate < WEIR_RATE_MAX / 2; rate += rate / 3 + 1) {
		assert_int_equal(weir_rate_parse(weir_rate_format(rate, buf), &back, NULL), 0);
		assert_int_equal(back, rate);
	}
}

static void limits_are_read(void **state)
{
	static const struct {
		const char *text;
		struct weir_rate rate;
		int code;
		const char *attr, *msg;
	} cases[] = {
		{ "10mbit", { 10 * MBIT, 0, 0, 0 }, 0, "", "" },
		{ "1000,2000,64", { 1000 * KB, 2000 * KB, 64 * KIB, 0 }, 0, "", "" },
		{ "1000,,64", { 1000 * KB, 0, 64 * KIB, 0 }, 0, "", "" },
		{ "1,2,3,4", { KB, 2 * KB, 3 * KIB, 4 * KB }, 0, "", "" },
		{ "floor=1mbit", { 0, 0, 0, MBIT }, 0, "", "" },
		{ "burst=64KiB,average=1mbit,peak=2mbit", { MBIT, 2 * MBIT, 64 * KIB, 0 }, 0, "", "" },
		{ "1mbit,burst=64KiB", { MBIT, 0, 64 * KIB, 0 }, 0, "", "" },
		{ "", { 0 }, 0, "", "" },
		{ "1,2,3,4,5", { 0 }, -EINVAL, "", "\"5\" is none of average, peak, burst, floor" },
		{ "speed=1mbit", { 0 }, -EINVAL, "", "\"speed=1mbit\" is none of average, peak, burst, floor" },
		{ "peaks=1mbit", { 0 }, -EINVAL, "", "\"peaks=1mbit\" is none of average, peak, burst, floor" },
		{ "1mbit,fast", { 0 }, -EINVAL, "peak",
		  "\"fast\" is no rate; one is written like 10mbit, 1.2MB/s or 500KiB/s" },
		{ "10foo", { 0 }, -EINVAL, "average",
		  "\"10foo\": unit \"foo\" is unknown; a rate is written like 10mbit, 1.2MB/s or 500KiB/s" },
		{ "1mbit,burst=1mbit", { 0 }, -EINVAL, "burst",
		  "\"1mbit\": unit \"mbit\" is unknown; a size is written like 64KiB, 100k or 1500b" },
		{ "0", { 0 }, -EINVAL, "average", "\"0\" is nothing: a limit that is not wanted is left out" },
		{ "1,0mbit", { 0 }, -EINVAL, "peak", "\"0mbit\" is nothing: a limit that is not wanted is left out" },
		{ "18446744073709551616", { 0 }, -ERANGE, "average",
		  "\"18446744073709551616\" is above the largest, 2^54 KB/s" },
		{ "1mbit,burst=4194304", { 0 }, -ERANGE, "burst", "\"4194304\" is above the largest, 4194303 KiB" },
	};

	for (size_t i = 0; i < WR_COUNT(cases); i++) {
		struct weir_error err = WEIR_ERROR_INIT;
		struct weir_rate rate = { 0 };
		int r = weir_limits_parse(cases[i].text, &rate, &err);

		if (r != cases[i].code || memcmp(&rate, &cases[i].rate, sizeof(rate)) ||
		    strcmp(err.attr, cases[i].attr) || strcmp(err.msg, cases[i].msg))
			fail_msg("\"%s\": %d, \"%s\": %s", cases[i].text, r, err.attr, err.msg);
	}
}

/* --- messages ------------------------------------------------------------------------------------ */

static void class_message(struct wr_batch *b, const struct weir_rate *rate)
{
	struct wr_htb_class c = wr_htb_from_rate(rate, 0);

	wr_htb_class_msg(b, NLM_F_CREATE | NLM_F_EXCL, 100, 0x10001, 0x10000, &c);
}

static struct tc_htb_opt parms_of(const struct nlmsghdr *msg)
{
	struct tc_htb_opt opt;
	size_t len;
	const void *data = golden_attr(msg, "2/1", &len);

	assert_int_equal(len, sizeof(opt));
	memcpy(&opt, data, sizeof(opt));
	return opt;
}

static bool has_attr(const struct nlmsghdr *msg, uint16_t type, uint64_t *value)
{
	const size_t at = NLMSG_HDRLEN + sizeof(struct tcmsg);
	const struct nlattr *options =
		wr_attr_find((const char *)msg + at, msg->nlmsg_len - at, TCA_OPTIONS);
	const struct nlattr *a = wr_attr_find(options + 1, options->nla_len - NLA_HDRLEN, type);

	if (a)
		memcpy(value, a + 1, sizeof(*value));
	return a;
}

/* 32 bits of bytes per second end at 34 Gbit/s; beyond, the 64 bits beside count. */
static void rates_beyond_32_bits(void **state)
{
	static const struct {
		const char *name;
		struct weir_rate rate;
		uint32_t rate32, ceil32;
		uint64_t rate64, ceil64;	/* 0: not sent */
	} cases[] = {
		{ "the largest of 32 bits", RATE(UINT32_MAX, 0, 0), UINT32_MAX, UINT32_MAX, 0, 0 },
		{ "one more", RATE(1ull << 32, 0, 0), UINT32_MAX, UINT32_MAX, 1ull << 32, 1ull << 32 },
		{ "only the peak", RATE(GBIT, 100 * GBIT, 0), GBIT, UINT32_MAX, 0, 100 * GBIT },
		{ "both", RATE(40 * GBIT, 100 * GBIT, 0), UINT32_MAX, UINT32_MAX, 40 * GBIT, 100 * GBIT },
		{ "the largest", RATE(WEIR_RATE_MAX, 0, 0), UINT32_MAX, UINT32_MAX, WEIR_RATE_MAX,
		  WEIR_RATE_MAX },
	};

	for (size_t i = 0; i < WR_COUNT(cases); i++) {
		wr_auto(batch) struct wr_batch b = { 0 };
		uint64_t rate64 = 0, ceil64 = 0;
		struct tc_htb_opt opt;

		class_message(&b, &cases[i].rate);
		opt = parms_of(wr_msg_header(&b));
		has_attr(wr_msg_header(&b), TCA_HTB_RATE64, &rate64);
		has_attr(wr_msg_header(&b), TCA_HTB_CEIL64, &ceil64);
		if (opt.rate.rate != cases[i].rate32 || opt.ceil.rate != cases[i].ceil32 ||
		    rate64 != cases[i].rate64 || ceil64 != cases[i].ceil64)
			fail_msg("%s: %u %u %llu %llu", cases[i].name, opt.rate.rate, opt.ceil.rate,
				 (unsigned long long)rate64, (unsigned long long)ceil64);
	}
}

/* Burst over rate, cburst over ceil: which time goes with which speed. */
static void bursts_are_times_at_their_rates(void **state)
{
	static const struct weir_rate rate = RATE(MBIT, 8 * MBIT, 1024 * KIB);
	wr_auto(batch) struct wr_batch b = { 0 };
	struct tc_htb_opt opt;

	class_message(&b, &rate);
	opt = parms_of(wr_msg_header(&b));
	assert_int_equal(opt.buffer, 1048576ull * 1000000000 / MBIT / 64);
	assert_int_equal(opt.cbuffer, 65536ull * 1000000000 / (8 * MBIT) / 64);
	assert_int_equal(opt.quantum, 12500);
	assert_int_equal(opt.rate.linklayer, TC_LINKLAYER_ETHERNET);
	assert_int_equal(opt.ceil.linklayer, TC_LINKLAYER_ETHERNET);
}

/* --- bytes that tc sent ---------------------------------------------------------------------------- */

#define NO_TABLES                                                                                  \
	{ "2/3", GOLDEN_THEIRS, "a rate table: not used where a link layer is named" },            \
	{ "2/4", GOLDEN_THEIRS, "a rate table: not used where a link layer is named" }
#define ADD (NLM_F_CREATE | NLM_F_EXCL)
#define CELLS { "2/1", GOLDEN_VALUE, "cell_log and cell_align belong to the rate tables" }

static void qdiscs_as_tc_sends_them(void **state)
{
	wr_auto(batch) struct wr_batch b = { 0 };

	wr_htb_qdisc_msg(&b, 100, 1, 1);
	golden_compare("qdisc-htb", wr_msg_header(&b), NULL, 0);
}

/* All of struct tc_htb_opt but what belongs to rate tables. */
static void same_parms(const char *file, const struct nlmsghdr *ours)
{
	struct nlmsghdr *golden = golden_read(file);
	struct tc_htb_opt a = parms_of(ours), b = parms_of(golden);

	b.rate.cell_log = b.ceil.cell_log = 0;
	b.rate.cell_align = b.ceil.cell_align = 0;
	assert_memory_equal(&a, &b, sizeof(a));
	free(golden);
}

static void classes_as_tc_sends_them(void **state)
{
	static const struct golden_but but[] = { NO_TABLES, CELLS };
	static const struct {
		const char *file;
		uint16_t flags;
		struct wr_htb_class class;
	} cases[] = {
		{ "class-htb", ADD, { 1000000, 2000000, 65536, 32768, 60000, 0 } },
		{ "class-htb-change", 0, { 1000000, 2000000, 65536, 32768, 60000, 0 } },
		{ "class-htb-fast", ADD, { 5000000000, 12500000000, 5000000, 12500000, 60000, 0 } },
	};

	for (size_t i = 0; i < WR_COUNT(cases); i++) {
		wr_auto(batch) struct wr_batch b = { 0 };

		wr_htb_class_msg(&b, cases[i].flags, 100, 0x10001, 0x10000, &cases[i].class);
		same_parms(cases[i].file, wr_msg_header(&b));
		golden_compare(cases[i].file, wr_msg_header(&b), but, WR_COUNT(but));
	}
}

/* All of struct tc_tbf_qopt but what belongs to rate tables. */
static void same_tbf(const char *file, const struct nlmsghdr *ours, bool is_fast)
{
	struct nlmsghdr *golden = golden_read(file);
	struct tc_tbf_qopt a, b;
	size_t len;

	memcpy(&a, golden_attr(ours, "2/1", &len), sizeof(a));
	memcpy(&b, golden_attr(golden, "2/1", &len), sizeof(b));
	assert_int_equal(len, sizeof(b));
	b.rate.cell_log = b.peakrate.cell_log = 0;
	b.rate.cell_align = b.peakrate.cell_align = 0;
	if (is_fast) {	/* tc divides by the 32 bits of the rate; the kernel takes the bytes beside */
		assert_int_equal(a.buffer, 15625);
		assert_int_equal(b.buffer, 18187);
		b.buffer = a.buffer;
		b.mtu = a.mtu;
	}
	assert_memory_equal(&a, &b, sizeof(a));
	free(golden);
}

#define NO_TABLE { "2/2", GOLDEN_THEIRS, "a rate table: not used where a link layer is named" }
#define NO_PEAKS_TABLE { "2/3", GOLDEN_THEIRS, "a rate table: not used where a link layer is named" }

static void tbfs_as_tc_sends_them(void **state)
{
	static const struct golden_but but[] = { NO_TABLE, CELLS, NO_PEAKS_TABLE };
	static const struct {
		const char *file;
		uint16_t flags;
		struct wr_htb_class c;
	} cases[] = {
		{ "qdisc-tbf", ADD, { 1000000, 1000000, 70000, 70000, 0, 120000 } },
		{ "qdisc-tbf-peak", ADD, { 1000000, 2000000, 1048576, 70000, 0, 170000 } },
		{ "qdisc-tbf-change", 0, { 2000000, 2000000, 70000, 70000, 0, 170000 } },
		{ "qdisc-tbf-fast", ADD, { 5000000000, 12500000000, 5000000, 12500000, 0, 255000000 } },
	};

	for (size_t i = 0; i < WR_COUNT(cases); i++) {
		const bool has_peak = cases[i].c.ceil_bytes_per_s > cases[i].c.rate_bytes_per_s;
		wr_auto(batch) struct wr_batch b = { 0 };

		wr_tbf_msg(&b, cases[i].flags, 100, 0x77650001, 0x77650000, &cases[i].c);
		same_tbf(cases[i].file, wr_msg_header(&b), cases[i].c.rate_bytes_per_s > UINT32_MAX);
		golden_compare(cases[i].file, wr_msg_header(&b), but, has_peak ? 3 : 2);
	}
}

/* One that was written is read as what it was; the kernel says neither bursts in bytes nor the leaf. */
static void tbfs_are_read_back(void **state)
{
	for (size_t i = 0; i < WR_COUNT(tbfs); i++) {
		const struct wr_htb_class *c = &tbfs[i].class;
		wr_auto(batch) struct wr_batch b = { 0 }, again = { 0 }, class = { 0 }, other = { 0 };
		struct wr_tc_class back, leaf;

		wr_tbf_msg(&b, 0, 7, 0x77650001, 0x77650000, c);
		assert_true(wr_limit_read(wr_msg_header(&b), &back));
		assert_int_equal(back.by, WEIR_QDISC_TBF);
		assert_int_equal(back.classid, 0x77650001);
		assert_int_equal(back.limits.rate_bytes_per_s, c->rate_bytes_per_s);
		assert_int_equal(back.limits.ceil_bytes_per_s, c->ceil_bytes_per_s);
		if (c->rate_bytes_per_s < GBIT)	/* ticks of whole microseconds, as tc sends them, are rounded */
			assert_in_range(back.limits.burst_bytes, c->burst_bytes - c->rate_bytes_per_s / 1000000 - 1,
					c->burst_bytes + c->rate_bytes_per_s / 10000000 + 1);
		back.limits = *c;
		wr_tc_msg(&class, RTM_NEWTCLASS, 0, 7, 0x77650001, TC_H_ROOT, "tbf");
		((struct tcmsg *)NLMSG_DATA(wr_msg_header(&class)))->tcm_info = 0xf0010000;
		assert_true(wr_limit_read(wr_msg_header(&class), &leaf));
		wr_limit_take(&back, &leaf);
		assert_int_equal(back.leaf, 0xf0010000);
		assert_int_equal(back.limits.rate_bytes_per_s, c->rate_bytes_per_s);
		wr_limiter(back.by)->put_again(&again, NLM_F_CREATE, 7, &back);
		assert_true(wr_limit_read(wr_msg_header(&again), &leaf));
		assert_memory_equal(&leaf.limits, c, 2 * sizeof(uint64_t));
		wr_tc_msg(&other, RTM_NEWQDISC, 0, 7, 0x77650000, TC_H_ROOT, "prio");
		assert_false(wr_limit_read(wr_msg_header(&other), &leaf));
	}
	assert_string_equal(weir_qdisc_name(WEIR_QDISC_AUTO), "auto");
	assert_string_equal(weir_qdisc_name(WEIR_QDISC_TBF), "tbf");
	assert_string_equal(weir_qdisc_name(3), "unknown");
}

static void leaves_as_tc_sends_them(void **state)
{
	wr_auto(batch) struct wr_batch b = { 0 };

	/* A packet takes 12 ms at 1 Mbit/s. */
	wr_leaf_msg(&b, ADD, 112, 0x77650001, 0xf0010000, MBIT);
	golden_compare("qdisc-fq_codel", wr_msg_header(&b), NULL, 0);
}

static void leaves_change_as_tc_sends_it(void **state)
{
	wr_auto(batch) struct wr_batch add = { 0 }, replace = { 0 }, change = { 0 }, del = { 0 };

	wr_leaf_msg(&add, ADD, 112, 0x77650001, 0x50010000, MBIT);
	golden_compare("qdisc-sfq", wr_msg_header(&add), NULL, 0);
	wr_leaf_msg(&replace, NLM_F_CREATE | NLM_F_REPLACE, 112, 0x77650001, 0x50010000, MBIT);
	golden_compare("qdisc-sfq-replace", wr_msg_header(&replace), NULL, 0);
	wr_leaf_msg(&change, 0, 112, 0x77650001, 0xf0010000, MBIT);
	golden_compare("qdisc-fq_codel-change", wr_msg_header(&change), NULL, 0);
	wr_tc_del_msg(&del, RTM_DELQDISC, 100, 0xf0010000, 0x77650001);
	golden_compare("qdisc-del-leaf", wr_msg_header(&del), NULL, 0);
}

/* What takes away what there is, and noqueue, which comes back in the place of it. */
static void deletions_as_tc_sends_them(void **state)
{
	static const struct golden_but kind[] = {
		{ "1", GOLDEN_THEIRS, "the handle says it" },
	};
	static const struct golden_but flags[] = {
		{ "2", GOLDEN_THEIRS, "flags of hardware, at which a deletion does not look" },
	};
	static const uint8_t mac[6] = { 0x52, 0x54, 0, 1, 2, 3 };
	wr_auto(batch) struct wr_batch b = { 0 };

	wr_tc_del_msg(&b, RTM_DELQDISC, 100, 0x77650000, TC_H_ROOT);
	golden_compare("qdisc-del", wr_msg_header(&b), NULL, 0);
	wr_tc_del_msg(&b, RTM_DELTCLASS, 100, 0x77650001, 0);
	golden_compare("class-del", wr_msg_header(&b), NULL, 0);
	wr_tc_del_msg(&b, RTM_DELQDISC, 112, WR_INGRESS_HANDLE, TC_H_INGRESS);
	golden_compare("qdisc-del-ingress", wr_msg_header(&b), kind, 1);
	wr_redirect_del_msg(&b, 112);
	golden_compare("filter-del", wr_msg_header(&b), NULL, 0);
	wr_floor_filter_del_msg(&b, WR_BY_FLOWER, 101, mac, 0x77650010);
	golden_compare("filter-flower-del", wr_msg_header(&b), flags, 1);
	wr_floor_filter_del_msg(&b, WR_BY_U32, 101, mac, 0x77650010);
	golden_compare("filter-bucket-del", wr_msg_header(&b), NULL, 0);
	wr_floor_filters_del_msg(&b, 101, WR_MAJOR);
	golden_compare("filter-floors-del", wr_msg_header(&b), NULL, 0);
	wr_tc_msg(&b, RTM_NEWQDISC, ADD, 112, WR_CLASS(WR_MAJOR_BACK, 0), TC_H_ROOT, "noqueue");
	golden_compare("qdisc-noqueue", wr_msg_header(&b), NULL, 0);
}

static void filters_as_tc_sends_them(void **state)
{
	static const struct golden_but table[] = {
		{ "2/7/1/2/2", GOLDEN_VALUE, "the rate table is looked for, and not looked at" },
	};
	static const struct {
		const char *file;
		uint16_t flags;
		struct wr_redirect redirect;
		size_t n_but;
	} cases[] = {
		{ "filter-u32", ADD, { .method = WEIR_SHAPE_IFB, .ifb = 100 }, 0 },
		{ "filter-skbedit", ADD, { .method = WEIR_SHAPE_SKBEDIT, .ifb = 100, .classid = 0x7765001a }, 0 },
		{ "filter-police", ADD, { .method = WEIR_SHAPE_POLICE, .rate_bytes_per_s = 1000000,
						.burst_bytes = 131072 }, 1 },
		{ "filter-police-change", 0, { .method = WEIR_SHAPE_POLICE, .rate_bytes_per_s = 2000000,
					       .burst_bytes = 131072 }, 1 },
		{ "filter-police-fast", ADD, { .method = WEIR_SHAPE_POLICE, .rate_bytes_per_s = 5000000000,
						     .burst_bytes = 5000000 }, 1 },
	};

	for (size_t i = 0; i < WR_COUNT(cases); i++) {
		wr_auto(batch) struct wr_batch b = { 0 };
		struct wr_redirect back = { 0 };

		wr_redirect_msg(&b, cases[i].flags, 112, &cases[i].redirect);
		golden_compare(cases[i].file, wr_msg_header(&b), table, cases[i].n_but);
		assert_int_equal(wr_redirect_read(wr_msg_header(&b), &back), 1);
		assert_int_equal(back.method, cases[i].redirect.method);
		assert_int_equal(back.ifb, cases[i].redirect.ifb);
		assert_int_equal(back.classid, cases[i].redirect.classid);
		assert_int_equal(back.rate_bytes_per_s, cases[i].redirect.rate_bytes_per_s);
		assert_int_equal(back.burst_bytes, cases[i].redirect.burst_bytes);
	}
}

/* tc's program is in a file, so its descriptor is another, and it is named for that file. */
static void programs_as_tc_sends_them(void **state)
{
	static const struct golden_but but[] = {
		{ "2/6", GOLDEN_VALUE, "a descriptor" },
		{ "2/7", GOLDEN_VALUE, "ours says where it redirects to, for people and for reading it back" },
	};
	wr_auto(batch) struct wr_batch b = { 0 };

	wr_redirect_bpf_msg(&b, 112, 100, 0x7767001a, 77);
	golden_compare("filter-bpf", wr_msg_header(&b), but, WR_COUNT(but));
}

/* From a guest's MAC address to the class of its floor. */
static void floors_as_tc_sends_them(void **state)
{
	static const uint8_t mac[6] = { 0x52, 0x54, 0, 1, 2, 3 };
	wr_auto(batch) struct wr_batch flower = { 0 }, table = { 0 }, lookup = { 0 }, bucket = { 0 };

	wr_floor_filter_msg(&flower, WR_BY_FLOWER, 101, mac, 0x77650010);
	golden_compare("filter-flower", wr_msg_header(&flower), NULL, 0);
	wr_floor_table_msg(&table, 101, WR_MAJOR);
	golden_compare("filter-table", wr_msg_header(&table), NULL, 0);
	wr_floor_lookup_msg(&lookup, 101, WR_MAJOR);
	golden_compare("filter-hash", wr_msg_header(&lookup), NULL, 0);
	wr_floor_filter_msg(&bucket, WR_BY_U32, 101, mac, 0x77650010);
	golden_compare("filter-bucket", wr_msg_header(&bucket), NULL, 0);
}

static void ingress_as_tc_sends_it(void **state)
{
	wr_auto(batch) struct wr_batch own = { 0 }, shared = { 0 };

	wr_ingress_msg(&own, 112, 0);
	golden_compare("qdisc-ingress", wr_msg_header(&own), NULL, 0);
	wr_ingress_msg(&shared, 112, 100);
	golden_compare("qdisc-ingress-block", wr_msg_header(&shared), NULL, 0);
}

/* tc takes an extended program from a file alone, so its message has a classic one. */
static void blocks_as_tc_sends_them(void **state)
{
	static const struct golden_but but[] = {
		{ "2/4", GOLDEN_THEIRS, "how long the classic program is" }, { "2/5", GOLDEN_THEIRS, "the program itself" },
		{ "2/6", GOLDEN_OURS, "the program's descriptor" }, { "2/7", GOLDEN_OURS, "a name, to know it again by" },
	};
	wr_auto(batch) struct wr_batch b = { 0 };
	struct wr_redirect back = { 0 };

	wr_redirect_block_msg(&b, 100, 3);
	golden_compare("filter-block", wr_msg_header(&b), but, WR_COUNT(but));
	assert_int_equal(wr_redirect_read(wr_msg_header(&b), &back), 1);
	assert_int_equal(back.method, WEIR_SHAPE_BLOCK);
	assert_int_equal(back.ifb, 100);
}

/* A class that was written is read as what it was, beyond 32 bits too. */
static void classes_are_read_back(void **state)
{
	static const struct wr_htb_class classes_[] = {
		{ MBIT, 2 * MBIT, 125000, 250000, 1514, 0 },
		{ 5000000000, 12500000000, 5000000, 12500000, 60000, 0 },
		{ WEIR_RATE_MAX, WEIR_RATE_MAX, 4000000000u, 4000000000u, 60000, 0 },
	};

	for (size_t i = 0; i < WR_COUNT(classes_); i++) {
		wr_auto(batch) struct wr_batch b = { 0 }, again = { 0 };
		struct wr_tc_class c;

		wr_htb_class_msg(&b, 0, 7, 0x77650010, 0x77650001, &classes_[i]);
		assert_true(wr_htb_class_read(wr_msg_header(&b), &c));
		assert_int_equal(c.classid, 0x77650010);
		assert_int_equal(c.parent, 0x77650001);
		assert_int_equal(c.limits.rate_bytes_per_s, classes_[i].rate_bytes_per_s);
		assert_int_equal(c.limits.ceil_bytes_per_s, classes_[i].ceil_bytes_per_s);
		assert_int_equal(c.limits.quantum_bytes, classes_[i].quantum_bytes);
		if (i < 2)	/* ticks are 64 ns: at the largest rate a tick is more than any burst */
			assert_in_range(c.limits.burst_bytes, classes_[i].burst_bytes * 0.99, classes_[i].burst_bytes + 1);
		wr_htb_class_again_msg(&again, 0, 7, &c);
		assert_int_equal(again.buf.len, b.buf.len);
		assert_memory_equal(again.buf.data, b.buf.data, b.buf.len);
	}
}

static void a_leaf_is_known_by_its_handle(void **state)
{
	for (enum weir_leaf leaf = WEIR_LEAF_FQ_CODEL; leaf <= WEIR_LEAF_DEFAULT; leaf++)
		for (uint32_t minor = 1; minor <= WR_MAX_MINOR; minor += 7) {
			uint32_t handle = wr_leaf_handle(leaf, minor);

			assert_int_equal(wr_leaf_of(handle), leaf);
			assert_int_not_equal(handle >> 16, WR_MAJOR);
			assert_int_not_equal(handle >> 16, WR_MAJOR_NOQUEUE);
		}
	assert_int_equal(wr_leaf_target_us(GBIT), 5000);
	assert_int_equal(wr_leaf_target_us(1), 1000000);
}

/* --- a whole port ------------------------------------------------------------------------------------- */

struct open_txn {
	struct weir *w;
	struct weir_txn *t;
	int port;
	size_t n_own;	/* steps that make the port */
};

/* A link of the transaction's own: nothing of this machine is looked at. */
static void open_txn(struct open_txn *o, const char *name)
{
	struct weir_link l = { .sz = sizeof(l), .kind = WEIR_LINK_IFB, .has = WEIR_LINK_NAME };

	snprintf(l.name, sizeof(l.name), "%s", name);
	assert_int_equal(weir_open(NULL, &o->w, NULL), 0);
	assert_int_equal(weir_txn_begin(o->w, "test", WEIR_TXN_DRY, &o->t, NULL), 0);
	o->port = weir_txn_link_add(o->t, &l);
	assert_true(o->port > 0);
	o->n_own = o->t->n_steps;
}

static void close_txn(struct open_txn *o)
{
	weir_txn_abort(o->t);
	weir_close(o->w);
}

/* What this machine's kernel has is not asked. */
static const struct weir_shape_options by_ifb = {
	.sz = sizeof(by_ifb), .method = WEIR_SHAPE_IFB, .leaf = WEIR_LEAF_DEFAULT,
};

static void steps_of_a_port(void **state)
{
	static const struct {
		const char *name;
		struct weir_bandwidth bandwidth;
		enum weir_shape_method method;
		enum weir_leaf leaf;
		size_t n_steps;
		enum weir_qdisc qdisc;
	} cases[] = {
		{ "inbound by TBF", { RATE(MBIT, 0, 0), RATE(0, 0, 0) }, WEIR_SHAPE_IFB, WEIR_LEAF_AUTO, 1, WEIR_QDISC_TBF },
		{ "the same with a leaf", { RATE(MBIT, 0, 0), RATE(0, 0, 0) }, WEIR_SHAPE_IFB, WEIR_LEAF_SFQ, 2, WEIR_QDISC_TBF },
		{ "no limits", { RATE(0, 0, 0), RATE(0, 0, 0) }, WEIR_SHAPE_IFB, WEIR_LEAF_DEFAULT, 0, 0 },
		{ "inbound", { RATE(MBIT, 0, 0), RATE(0, 0, 0) }, WEIR_SHAPE_IFB, WEIR_LEAF_DEFAULT, 2, 0 },
		{ "inbound with a leaf", { RATE(MBIT, 0, 0), RATE(0, 0, 0) }, WEIR_SHAPE_IFB, WEIR_LEAF_SFQ, 3, 0 },
		/* ifb: create, no addresses, up; htb: 2; redirect: 2 */
		{ "outbound", { RATE(0, 0, 0), RATE(MBIT, 0, 0) }, WEIR_SHAPE_IFB, WEIR_LEAF_DEFAULT, 7, 0 },
		{ "both", { RATE(MBIT, 0, 0), RATE(MBIT, 0, 0) }, WEIR_SHAPE_IFB, WEIR_LEAF_DEFAULT, 9, 0 },
		{ "both with leaves", { RATE(MBIT, 0, 0), RATE(MBIT, 0, 0) }, WEIR_SHAPE_IFB, WEIR_LEAF_FQ_CODEL, 11, 0 },
		{ "police", { RATE(0, 0, 0), RATE(MBIT, 0, 0) }, WEIR_SHAPE_POLICE, WEIR_LEAF_DEFAULT, 2, 0 },
		{ "a floor alone has no class of its own", { { .floor_bytes_per_s = 1 }, RATE(0, 0, 0) },
		  WEIR_SHAPE_IFB, WEIR_LEAF_DEFAULT, 0, 0 },
	};

	for (size_t i = 0; i < WR_COUNT(cases); i++) {
		struct weir_shape_options opts = {
			.sz = sizeof(opts), .method = cases[i].method, .leaf = cases[i].leaf, .qdisc = cases[i].qdisc,
		};
		const bool inbound = cases[i].bandwidth.inbound.average_bytes_per_s;
		const bool outbound = cases[i].bandwidth.outbound.average_bytes_per_s;
		const bool ifb = outbound && cases[i].method == WEIR_SHAPE_IFB;
		struct weir_shape shape = { .sz = sizeof(shape) };
		struct open_txn o;

		open_txn(&o, "vnet0");
		assert_int_equal(weir_txn_shape_set(o.t, o.port, "vnet0", &cases[i].bandwidth, &opts, &shape), 0);
		if (o.t->n_steps - o.n_own != cases[i].n_steps || (shape.ifb_ifindex > 0) != ifb)
			fail_msg("%s: %zu steps, ifb %d", cases[i].name, o.t->n_steps - o.n_own, shape.ifb_ifindex);
		assert_string_equal(shape.ifb_name, ifb ? "ifb-vnet0" : "");
		assert_int_equal(shape.method, outbound ? cases[i].method : WEIR_SHAPE_AUTO);
		assert_int_equal(shape.qdisc, !inbound ? WEIR_QDISC_AUTO : cases[i].qdisc ? cases[i].qdisc : WEIR_QDISC_HTB);
		close_txn(&o);
	}
}

/* By their requests, and deletions, which do not say of what kind, by their undo. */
static void steps_are_named(void **state)
{
	static const char *const names[] = {
		"qdisc 7765: htb on p0", "class 7765:1 htb on p0", "qdisc 5001: sfq on p0", "qdisc 7765: tbf on p0",
		"class 7765:1 htb on p0", "qdisc 7765: htb on p0", "qdisc 7: prio on p0", "filter of the block on p0",
	};
	const struct wr_port port = { .major = WR_MAJOR, .class = {
		.by = WEIR_QDISC_HTB, .classid = WR_CLASS(WR_MAJOR, WR_PORT_CLASS), .options_len = 4,
	} };
	const struct wr_htb_class c = { .rate_bytes_per_s = MBIT, .ceil_bytes_per_s = MBIT };
	const struct wr_qdisc foreign = { .kind = "prio", .handle = WR_CLASS(7, 0) };
	const struct wr_dev dev = { 1, "p0" };
	struct open_txn o;
	char buf[64];

	open_txn(&o, "p1");
	wr_tree_root(o.t, &dev, WEIR_QDISC_HTB, WR_MAJOR, WR_PORT_CLASS, &c, WEIR_LEAF_SFQ);
	wr_tree_root(o.t, &dev, WEIR_QDISC_TBF, WR_MAJOR, WR_PORT_CLASS, &c, WEIR_LEAF_DEFAULT);
	wr_tree_class_del(o.t, &dev, &port.class);
	wr_tree_del(o.t, &dev, &port, false);
	wr_tree_del_foreign(o.t, &dev, &foreign, TC_H_ROOT);
	wr_txn_block_filter_add(o.t, &dev);
	assert_int_equal(o.t->n_steps - o.n_own, WR_COUNT(names));
	for (size_t i = 0; i < WR_COUNT(names); i++)
		assert_string_equal(wr_step_object(&o.t->steps[o.n_own + i], buf), names[i]);
	close_txn(&o);
}

/* A macvtap's own side is the guest's: what the guest receives arrives by it. */
static void the_guests_side_is_the_other_way_round(void **state)
{
	static const struct weir_bandwidth bandwidth = { RATE(MBIT, 0, 0), RATE(0, 0, 0) };
	struct weir_shape_options opts = by_ifb;
	struct weir_shape shape = { .sz = sizeof(shape) };
	struct open_txn o;

	opts.is_guest_side = true;
	open_txn(&o, "mv0");
	assert_int_equal(weir_txn_shape_set(o.t, o.port, "mv0", &bandwidth, &opts, &shape), 0);
	assert_int_equal(shape.method, WEIR_SHAPE_IFB);
	assert_true(shape.is_guest_side);
	close_txn(&o);
}

/* The longest names of ports must give names that differ and that the kernel takes. */
static void names_of_ifbs(void **state)
{
	static const char *const ports[] = { "v",	    "vnet0",	       "12345678901",
					     "123456789012", "123456789012345", "123456789x12345",
					     "123456789y12345" };
	static const struct weir_bandwidth bandwidth = { .outbound = RATE(MBIT, 0, 0) };
	char names[WR_COUNT(ports)][16];

	for (size_t i = 0; i < WR_COUNT(ports); i++) {
		struct weir_shape shape = { .sz = sizeof(shape) };
		struct open_txn o;

		open_txn(&o, "v0");
		assert_int_equal(weir_txn_shape_set(o.t, o.port, ports[i], &bandwidth, &by_ifb, &shape), 0);
		memcpy(names[i], shape.ifb_name, 16);
		assert_int_equal(wr_check_ifname(names[i]), 0);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(names[i], names[k]);
		close_txn(&o);
	}
}

/* --- limits that make no sense ---------------------------------------------------------------------------- */

struct refusal {
	const char *name;
	struct weir_bandwidth bandwidth;
	int code;
	const char *attr, *msg;
};

#define TOO_FAST "is above the largest, 2^54 KB/s"

#define IN(...) { .inbound = { __VA_ARGS__ } }
#define OUT(...) { .outbound = { __VA_ARGS__ } }

static const struct refusal refusals[] = {
	{ "nothing", { RATE(0, 0, 0), RATE(0, 0, 0) }, 0, "", "" },
	{ "an average", IN(.average_bytes_per_s = 1), 0, "", "" },
	{ "all of it", IN(.average_bytes_per_s = KB, .peak_bytes_per_s = 2 * KB, .burst_bytes = KIB,
			  .floor_bytes_per_s = KB), 0, "", "" },
	{ "a floor alone", IN(.floor_bytes_per_s = KB), 0, "", "" },
	{ "peak as high as average", IN(.average_bytes_per_s = KB, .peak_bytes_per_s = KB), 0, "", "" },
	{ "the largest of all",
	  IN(.average_bytes_per_s = WEIR_RATE_MAX, .peak_bytes_per_s = WEIR_RATE_MAX,
	     .burst_bytes = WEIR_BURST_MAX, .floor_bytes_per_s = WEIR_RATE_MAX), 0, "", "" },
	{ "a peak alone", IN(.peak_bytes_per_s = KB), -EINVAL, "inbound.peak", "needs an average" },
	{ "a burst alone", IN(.burst_bytes = KIB), -EINVAL, "inbound.burst", "needs an average" },
	{ "a peak over a floor", IN(.peak_bytes_per_s = KB, .floor_bytes_per_s = 1), -EINVAL, "inbound.peak", "needs an average" },
	{ "a peak alone outbound", OUT(.peak_bytes_per_s = KB), -EINVAL, "outbound.peak", "needs an average" },
	{ "a burst alone outbound", OUT(.burst_bytes = KIB), -EINVAL, "outbound.burst", "needs an average" },
	{ "a peak below the average", IN(.average_bytes_per_s = KB, .peak_bytes_per_s = KB - 1), -EINVAL,
	  "inbound.peak", "is below the average" },
	{ "the same outbound", OUT(.average_bytes_per_s = KB, .peak_bytes_per_s = 1), -EINVAL,
	  "outbound.peak", "is below the average" },
	{ "a floor outbound", OUT(.average_bytes_per_s = KB, .floor_bytes_per_s = 1), 0, "", "" },
	{ "too large an average", IN(.average_bytes_per_s = WEIR_RATE_MAX + 1), -ERANGE, "inbound.average", TOO_FAST },
	{ "too large a peak", IN(.average_bytes_per_s = 1, .peak_bytes_per_s = WEIR_RATE_MAX + 1), -ERANGE,
	  "inbound.peak", TOO_FAST },
	{ "too large a floor", IN(.floor_bytes_per_s = UINT64_MAX), -ERANGE, "inbound.floor", TOO_FAST },
	{ "too large a burst", OUT(.average_bytes_per_s = 1, .burst_bytes = WEIR_BURST_MAX + 1), -ERANGE,
	  "outbound.burst", "is above the largest, 4194303 KiB" },
	{ "inbound first", { { .burst_bytes = 1 }, { .peak_bytes_per_s = 1 } }, -EINVAL, "inbound.burst", "needs an average" },
};

static void senseless_limits_are_refused(void **state)
{
	for (size_t i = 0; i < WR_COUNT(refusals); i++) {
		const struct refusal *c = &refusals[i];
		struct weir_error err = WEIR_ERROR_INIT;
		int r = weir_bandwidth_check(&c->bandwidth, &err);

		if (r != c->code || err.code != r || strcmp(err.attr, c->attr) != 0 ||
		    strcmp(err.msg, c->msg) != 0)
			fail_msg("%s: %d, \"%s\": %s", c->name, r, err.attr, err.msg);
		assert_true(!r || err.stage == WEIR_STAGE_INPUT);
		assert_int_equal(weir_bandwidth_check(&c->bandwidth, NULL), c->code);
	}
}

static void a_port_is_not_shaped_by_them(void **state)
{
	static const struct weir_bandwidth bad = IN(.peak_bytes_per_s = 1), good = IN(.average_bytes_per_s = MBIT);
	static const struct weir_shape_options no_method = { .sz = sizeof(no_method), .method = 6 };
	static const struct weir_shape_options no_leaf = { .sz = sizeof(no_leaf), .leaf = 4 };
	static const struct weir_shape_options no_qdisc = { .sz = sizeof(no_qdisc), .qdisc = 3 };
	static const struct weir_shape_options floors = { .sz = sizeof(floors), .qdisc = WEIR_QDISC_TBF, .has_floors = true };
	static const struct {
		const struct weir_bandwidth *bandwidth;
		const struct weir_shape_options *opts;
		const char *attr;
	} cases[] = {
		{ &bad, NULL, "inbound.peak" }, { &good, &no_method, "method" }, { &good, &no_leaf, "leaf" },
		{ &good, &no_qdisc, "qdisc" }, { &good, &floors, "qdisc" },
	};

	for (size_t i = 0; i < WR_COUNT(cases); i++) {
		struct weir_shape shape = { .sz = sizeof(shape), .ifb_ifindex = 42 };
		struct weir_error err = WEIR_ERROR_INIT;
		struct open_txn o;

		open_txn(&o, "vnet0");
		assert_int_equal(weir_txn_shape_set(o.t, o.port, "vnet0", cases[i].bandwidth, cases[i].opts, &shape),
				 -EINVAL);
		weir_txn_error(o.t, &err);
		assert_string_equal(err.object, "bandwidth of vnet0");
		assert_string_equal(err.attr, cases[i].attr);
		assert_int_equal(shape.ifb_ifindex, 42);
		assert_int_equal(o.t->n_steps, o.n_own);
		close_txn(&o);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ticks_are_64_ns),
		cmocka_unit_test(classes_follow_from_rates),
		cmocka_unit_test(classes_are_sane),
		cmocka_unit_test(tbfs_follow_from_rates),
		cmocka_unit_test(bursts_of_tbfs_are_read_back),
		cmocka_unit_test(rates_and_bursts_are_read),
		cmocka_unit_test(rates_are_written),
		cmocka_unit_test(limits_are_read),
		cmocka_unit_test(rates_beyond_32_bits),
		cmocka_unit_test(bursts_are_times_at_their_rates),
		cmocka_unit_test(qdiscs_as_tc_sends_them),
		cmocka_unit_test(classes_as_tc_sends_them),
		cmocka_unit_test(tbfs_as_tc_sends_them),
		cmocka_unit_test(tbfs_are_read_back),
		cmocka_unit_test(leaves_as_tc_sends_them),
		cmocka_unit_test(leaves_change_as_tc_sends_it),
		cmocka_unit_test(deletions_as_tc_sends_them),
		cmocka_unit_test(programs_as_tc_sends_them),
		cmocka_unit_test(filters_as_tc_sends_them),
		cmocka_unit_test(floors_as_tc_sends_them),
		cmocka_unit_test(ingress_as_tc_sends_it),
		cmocka_unit_test(blocks_as_tc_sends_them),
		cmocka_unit_test(classes_are_read_back),
		cmocka_unit_test(a_leaf_is_known_by_its_handle),
		cmocka_unit_test(steps_of_a_port),
		cmocka_unit_test(steps_are_named),
		cmocka_unit_test(the_guests_side_is_the_other_way_round),
		cmocka_unit_test(names_of_ifbs),
		cmocka_unit_test(senseless_limits_are_refused),
		cmocka_unit_test(a_port_is_not_shaped_by_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
