/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Rates and bursts: as people write them, which of them make sense, and what HTB
 * and TBF get for them. Nothing here knows of netlink.
 */
#include <strings.h>

#include "tc/rate.h"

#define TICK_NS 64
#define ETHERNET_HEADER 14
/*
 * What saved-up tokens may send at once if nobody says: a millisecond, but not less
 * than one GSO frame, which the scheduler sees as a single packet.
 */
#define GSO_FRAME 65536
#define MAX_QUANTUM 60000	/* above 200000 the kernel complains that it is big */
/* A TBF drops what is longer than its burst: tags are part of a frame, a GSO frame's length has the headers of all its packets. */
#define TAGS 8
#define WHOLE_GSO_FRAME 70000
#define TBF_WAITS_PER_S 20	/* of 50 ms */
#define MOST_TICKS_S 274	/* 2^32 ticks */
#define NS_PER_S 1000000000ull

static uint64_t clamp(uint64_t v, uint64_t low, uint64_t high)
{
	return v < low ? low : v > high ? high : v;
}

/* --- what HTB gets --------------------------------------------------------------------- */

static uint32_t burst_for(uint64_t bytes_per_s, uint32_t packet)
{
	return clamp(bytes_per_s / 1000, packet > GSO_FRAME ? packet : GSO_FRAME, UINT32_MAX);
}

struct wr_htb_class wr_htb_from_rate(const struct weir_rate *rate, uint32_t mtu)
{
	const uint32_t packet = (mtu ? mtu : WR_DEFAULT_MTU) + ETHERNET_HEADER;
	struct wr_htb_class c = {
		.rate_bytes_per_s = rate->average_bytes_per_s,
		.ceil_bytes_per_s = rate->average_bytes_per_s,
		.burst_bytes = burst_for(rate->average_bytes_per_s, packet),
		.quantum_bytes = clamp(rate->average_bytes_per_s / 10, packet,
				       packet > MAX_QUANTUM ? packet : MAX_QUANTUM),
	};

	if (rate->burst_bytes)
		c.burst_bytes = clamp(rate->burst_bytes, packet, UINT32_MAX);
	c.cburst_bytes = c.burst_bytes;	/* a smaller one would cut every burst to its size */
	if (rate->peak_bytes_per_s) {
		c.ceil_bytes_per_s = rate->peak_bytes_per_s;
		c.cburst_bytes = burst_for(rate->peak_bytes_per_s, packet);
	}
	return c;
}

/* --- what TBF gets ---------------------------------------------------------------------- */

/* As long as the kernel can tell it again. */
static uint32_t tbf_burst(uint64_t bytes, uint64_t bytes_per_s, uint32_t packet)
{
	return clamp(bytes, packet, clamp(bytes_per_s, 0, UINT32_MAX / MOST_TICKS_S) * MOST_TICKS_S);
}

/* As tc works it out for a latency: what the burst and the wait give time for, at the rate and at the peak. */
static uint32_t tbf_limit(const struct wr_htb_class *c)
{
	const uint64_t by_rate = c->rate_bytes_per_s / TBF_WAITS_PER_S + c->burst_bytes;
	const uint64_t by_peak = c->ceil_bytes_per_s / TBF_WAITS_PER_S + c->cburst_bytes;

	return clamp(by_peak < by_rate ? by_peak : by_rate, 0, UINT32_MAX);
}

struct wr_htb_class wr_tbf_from_rate(const struct weir_rate *rate, uint32_t mtu)
{
	const uint64_t average = rate->average_bytes_per_s, peak = rate->peak_bytes_per_s;
	const uint32_t packet = (mtu ? mtu : WR_DEFAULT_MTU) + ETHERNET_HEADER + TAGS, least = packet > WHOLE_GSO_FRAME ? packet : WHOLE_GSO_FRAME;
	const uint64_t burst = rate->burst_bytes ? rate->burst_bytes : burst_for(average, least);
	struct wr_htb_class c = { .rate_bytes_per_s = average, .ceil_bytes_per_s = average };

	if (peak > average)
		c.ceil_bytes_per_s = peak;
	c.cburst_bytes = tbf_burst(peak ? burst_for(peak, least) : burst, c.ceil_bytes_per_s, packet);
	c.burst_bytes = tbf_burst(burst, average, packet);
	/* The kernel refuses a peak that is the average: what is saved up is spent no faster. */
	if (peak == average && c.burst_bytes > c.cburst_bytes)
		c.burst_bytes = c.cburst_bytes;
	c.limit_bytes = tbf_limit(&c);
	return c;
}

/* What passes in @ns, without 128 bits. */
static uint32_t bytes_in(uint64_t ns, uint64_t bytes_per_s)
{
	const uint64_t s = ns / NS_PER_S, rest = ns % NS_PER_S;
	const uint64_t whole = bytes_per_s / NS_PER_S, part = bytes_per_s % NS_PER_S;

	if (s && bytes_per_s > UINT32_MAX)
		return UINT32_MAX;
	return clamp(s * bytes_per_s + rest * whole + rest * part / NS_PER_S, 0, UINT32_MAX);
}

static uint64_t exact_ticks(uint64_t bytes, uint64_t bytes_per_s)
{
	return bytes * NS_PER_S / bytes_per_s / TICK_NS;
}

uint32_t wr_tbf_bytes(uint32_t ticks, uint64_t bytes_per_s)
{
	const uint64_t next = ticks + 1ull;
	uint64_t bytes = bytes_in(next * TICK_NS, bytes_per_s);

	if (bytes && exact_ticks(bytes, bytes_per_s) >= next)
		bytes--;
	/* The kernel's reciprocal of the rate is rounded down: so what should be a tick later may have been told. */
	if (bytes && bytes < UINT32_MAX && exact_ticks(bytes, bytes_per_s) < ticks)
		bytes++;
	return bytes;
}

uint32_t wr_police_burst(const struct weir_rate *rate, uint32_t mtu)
{
	const uint32_t packet = (mtu ? mtu : WR_DEFAULT_MTU) + ETHERNET_HEADER;
	uint64_t least = 2 * (uint64_t)(packet > GSO_FRAME ? packet : GSO_FRAME);
	uint64_t burst = rate->burst_bytes ? rate->burst_bytes : rate->average_bytes_per_s / 8;

	return clamp(burst, least, UINT32_MAX);
}

/* Whole microseconds, as tc counts, so that both give the same burst back. */
uint32_t wr_htb_ticks(uint64_t bytes, uint64_t bytes_per_s)
{
	/* bytes < 2^32, so the product needs 52 bits. */
	uint64_t us = bytes * 1000000 / bytes_per_s;

	return clamp(us * 1000 / TICK_NS, 1, UINT32_MAX);
}

uint32_t wr_ticks_bytes(uint32_t ticks, uint64_t bytes_per_s)
{
	/* Up twice, as wr_htb_ticks() goes down twice: so what is read and written again stays the same. */
	uint64_t us = ((uint64_t)ticks * TICK_NS + 999) / 1000;
	/* 274 s at 144 Pbit/s are more than 64 bits hold. */
	uint64_t bytes = us > UINT64_MAX / (bytes_per_s + 1) - 1 ? bytes_per_s / 1000000 * us :
								   (bytes_per_s * us + 999999) / 1000000;

	return bytes < UINT32_MAX ? bytes : UINT32_MAX;
}

/* --- as people write it -------------------------------------------------------------------- */

/* A quantity: its units, what a number without one is, and how errors speak of it. */
struct quantity {
	const char *name, *like, *too_large;
	/* The last part of a unit, behind a prefix; upper and lower case are the same but for "B". */
	struct base { const char *name; uint8_t bytes_mul, bytes_div, step; } bases[6];
	uint64_t plain, max;
};

enum { DECIMAL, BINARY };	/* step: what k means without an i behind it */

static const struct quantity rate_quantity = {
	.name = "rate", .like = "10mbit, 1.2MB/s or 500KiB/s", .too_large = "is above the largest, 2^54 KB/s",
	.bases = { { "bit", 1, 8, DECIMAL }, { "bit/s", 1, 8, DECIMAL },
		   { "bps", 1, 1, DECIMAL }, { "B/s", 1, 1, DECIMAL } },
	.plain = 1000, .max = WEIR_RATE_MAX,
};

static const struct quantity burst_quantity = {
	.name = "size", .like = "64KiB, 100k or 1500b", .too_large = "is above the largest, 4194303 KiB",
	.bases = { { "", 1, 1, BINARY }, { "b", 1, 1, BINARY } },
	.plain = 1024, .max = WEIR_BURST_MAX,
};

/* A number as it was written: digits, and up to six behind the point. */
struct written {
	uint64_t whole;
	uint32_t millionths;
	bool is_too_large;
};

static const char *read_number(const char *s, struct written *ret)
{
	uint32_t place = 100000;

	*ret = (struct written){ 0 };
	for (; *s >= '0' && *s <= '9'; s++)
		ret->is_too_large |= __builtin_mul_overflow(ret->whole, 10, &ret->whole) ||
				     __builtin_add_overflow(ret->whole, *s - '0', &ret->whole);
	if (*s != '.')
		return s;
	for (s++; *s >= '0' && *s <= '9'; s++, place /= 10)
		ret->millionths += (uint32_t)(*s - '0') * place;
	return s;
}

static bool is_base(const struct base *b, const char *unit)
{
	return b->name && (strchr(b->name, 'B') ? !strcmp(unit, b->name) : !strcasecmp(unit, b->name));
}

/* "Mbit", "kibps", "KB/s": how many bytes that is, as a fraction. */
static bool read_unit(const struct quantity *q, const char *unit, uint64_t *mul, uint64_t *div)
{
	static const char prefixes[] = "kmgt";
	const char *p = *unit ? memchr(prefixes, *unit | 0x20, sizeof(prefixes) - 1) : NULL;
	const bool binary = p && (unit[1] | 0x20) == 'i';
	const char *rest = unit + (p != NULL) + binary;

	for (size_t i = 0; i < WR_COUNT(q->bases); i++) {
		const struct base *b = &q->bases[i];

		if (!is_base(b, rest))
			continue;
		*mul = b->bytes_mul;
		*div = b->bytes_div;
		for (const char *k = prefixes; p && k <= p; k++)
			*mul *= binary || b->step == BINARY ? 1024 : 1000;
		return true;
	}
	return false;
}

static bool to_bytes(const struct written *w, uint64_t mul, uint64_t div, uint64_t *ret)
{
	uint64_t v;

	/* Whole bytes first: the largest rate in bits would not fit. Only a bare "bit" does not divide. */
	if (mul % div == 0) {
		mul /= div;
		div = 1;
	}
	if (w->is_too_large || __builtin_mul_overflow(w->whole, mul, &v) ||
	    __builtin_add_overflow(v, w->millionths * mul / 1000000, &v))
		return false;
	*ret = v / div;
	return true;
}

static int parse(const struct quantity *q, const char *text, uint64_t *ret, struct weir_error *err)
{
	uint64_t mul = q->plain, div = 1, v;
	struct written w;
	const char *unit = text ? read_number(text, &w) : NULL;

	if (unit == text)
		return wr_refuse(err, -EINVAL, "", "", "\"%.40s\" is no %s; one is written like %s",
				 text ? text : "", q->name, q->like);
	if (*unit && !read_unit(q, unit, &mul, &div))
		return wr_refuse(err, -EINVAL, "", "", "\"%.40s\": unit \"%.20s\" is unknown; a %s is written like %s",
				 text, unit, q->name, q->like);
	if (!to_bytes(&w, mul, div, &v) || v > q->max)
		return wr_refuse(err, -ERANGE, "", "", "\"%.40s\" %s", text, q->too_large);
	if (!v)
		return wr_refuse(err, -EINVAL, "", "", "\"%.40s\" is nothing: a limit that is not wanted is left out",
				 text);
	*ret = v;
	return 0;
}

int weir_rate_parse(const char *text, uint64_t *ret_bytes_per_s, struct weir_error *err)
{
	return parse(&rate_quantity, text, ret_bytes_per_s, err);
}

int weir_burst_parse(const char *text, uint64_t *ret_bytes, struct weir_error *err)
{
	return parse(&burst_quantity, text, ret_bytes, err);
}

char *weir_rate_format(uint64_t bytes_per_s, char buf[WEIR_RATE_TEXT])
{
	static const struct { uint64_t bytes; const char *unit; } units[] = {
		{ 125000000, "gbit" }, { 125000, "mbit" }, { 125, "kbit" }, { 1, "B/s" },
	};
	size_t i = 0;

	while (bytes_per_s % units[i].bytes || bytes_per_s < units[i].bytes)
		if (units[i].bytes == 1)
			break;
		else
			i++;
	wr_format(buf, WEIR_RATE_TEXT, "%llu%s", (unsigned long long)(bytes_per_s / units[i].bytes),
		  units[i].unit);
	return buf;
}

/* --- one direction, in libvirt's order ------------------------------------------------------ */

static const struct {
	const char *name;
	size_t offset;
	const struct quantity *quantity;
} members[] = {
	{ "average", offsetof(struct weir_rate, average_bytes_per_s), &rate_quantity },
	{ "peak", offsetof(struct weir_rate, peak_bytes_per_s), &rate_quantity },
	{ "burst", offsetof(struct weir_rate, burst_bytes), &burst_quantity },
	{ "floor", offsetof(struct weir_rate, floor_bytes_per_s), &rate_quantity },
};

/* The member that @word names as "peak=", or else the @place-th; @word moves behind the name. */
static size_t member_of(const char **word, size_t place)
{
	const char *equals = strchr(*word, '=');
	size_t i = 0;

	if (!equals)
		return place;
	while (i < WR_COUNT(members) && (strlen(members[i].name) != (size_t)(equals - *word) ||
					 strncmp(members[i].name, *word, equals - *word) != 0))
		i++;
	*word = equals + 1;
	return i;
}

int weir_limits_parse(const char *text, struct weir_rate *ret, struct weir_error *err)
{
	wr_auto(free) char *copy = text ? strdup(text) : NULL;
	struct weir_rate rate = { 0 };
	char *rest = copy, *next;
	size_t place = 0;

	if (!text)
		return wr_refuse(err, -EINVAL, "", "limits", "are missing");
	if (!copy)
		return wr_nomem(err);
	while ((next = strsep(&rest, ","))) {
		const char *word = next;
		size_t i = member_of(&word, place++);
		int r;

		if (!*next)
			continue;	/* "1000,,64": no peak */
		if (i >= WR_COUNT(members))
			return wr_refuse(err, -EINVAL, "", "", "\"%.40s\" is none of average, peak, burst, floor",
					 next);
		r = parse(members[i].quantity, word, (void *)((char *)&rate + members[i].offset), err);
		if (r) {
			wr_error_prefix_attr(err, members[i].name);
			return r;
		}
	}
	*ret = rate;
	return 0;
}

/* --- what makes sense -------------------------------------------------------------------- */

/* The first member that is too large; as many as there are if none is. */
static size_t too_large(const struct weir_rate *r)
{
	size_t i = 0;

	while (i < WR_COUNT(members) &&
	       *(const uint64_t *)(const void *)((const char *)r + members[i].offset) <= members[i].quantity->max)
		i++;
	return i;
}

static int check_rate(const struct weir_rate *r, const char *direction, struct weir_error *err)
{
	const char *wrong = NULL, *why = "";
	int code = -EINVAL;
	size_t i;

	if ((r->peak_bytes_per_s || r->burst_bytes) && !r->average_bytes_per_s) {
		wrong = r->peak_bytes_per_s ? "peak" : "burst";
		why = "needs an average";
	} else if (r->peak_bytes_per_s && r->peak_bytes_per_s < r->average_bytes_per_s) {
		wrong = "peak";
		why = "is below the average";
	} else if ((i = too_large(r)) < WR_COUNT(members)) {
		wrong = members[i].name;
		why = members[i].quantity->too_large;
		code = -ERANGE;
	}
	if (!wrong)
		return 0;
	wr_refuse(err, code, "", wrong, "%s", why);
	wr_error_prefix_attr(err, direction);
	return code;
}

int weir_bandwidth_check(const struct weir_bandwidth *bandwidth, struct weir_error *err)
{
	int r = check_rate(&bandwidth->inbound, "inbound", err);

	return r ? r : check_rate(&bandwidth->outbound, "outbound", err);
}
