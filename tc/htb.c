/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* HTB: see htb.h. No rate tables are sent: with a link layer named the kernel computes. */
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include "tc/htb.h"

#define ROOT_HANDLE 0x00010000u	/* 1: */
#define TICK_NS 64
/* What saved-up tokens may send at once if nobody says: one large GSO frame, or a millisecond. */
#define MIN_BURST 65536
#define MIN_QUANTUM 1514
#define MAX_QUANTUM 60000	/* above 200000 the kernel complains that it is big */

static uint64_t clamp(uint64_t v, uint64_t low, uint64_t high)
{
	return v < low ? low : v > high ? high : v;
}

static uint32_t burst_for(uint64_t bytes_per_s)
{
	return clamp(bytes_per_s / 1000, MIN_BURST, UINT32_MAX);
}

struct wr_htb_class wr_htb_from_rate(const struct weir_rate *rate)
{
	struct wr_htb_class c = {
		.rate_bytes_per_s = rate->average_bytes_per_s,
		.ceil_bytes_per_s = rate->average_bytes_per_s,
		.burst_bytes = burst_for(rate->average_bytes_per_s),
		.quantum_bytes = clamp(rate->average_bytes_per_s / 10, MIN_QUANTUM, MAX_QUANTUM),
	};

	if (rate->burst_bytes)
		c.burst_bytes = clamp(rate->burst_bytes, 1, UINT32_MAX);
	c.cburst_bytes = c.burst_bytes;	/* a smaller one would cut every burst to its size */
	if (rate->peak_bytes_per_s) {
		c.ceil_bytes_per_s = rate->peak_bytes_per_s;
		c.cburst_bytes = burst_for(rate->peak_bytes_per_s);
	}
	return c;
}

/* Whole microseconds, as tc counts, so that both give the same burst back. */
uint32_t wr_htb_ticks(uint64_t bytes, uint64_t bytes_per_s)
{
	/* bytes < 2^32, so the product needs 52 bits. */
	uint64_t us = bytes * 1000000 / bytes_per_s;

	return clamp(us * 1000 / TICK_NS, 1, UINT32_MAX);
}

static void tc_msg(struct wr_batch *b, uint16_t type, int ifindex, uint32_t handle, uint32_t parent)
{
	struct tcmsg tcm = { .tcm_ifindex = ifindex, .tcm_handle = handle, .tcm_parent = parent };

	wr_msg(b, type, NLM_F_CREATE | NLM_F_EXCL, &tcm, sizeof(tcm));
	wr_put_text(b, TCA_KIND, "htb");
}

void wr_htb_qdisc_msg(struct wr_batch *b, int ifindex)
{
	struct tc_htb_glob glob = { .version = 3, .rate2quantum = 10, .defcls = 1 };
	size_t options;

	tc_msg(b, RTM_NEWQDISC, ifindex, ROOT_HANDLE, TC_H_ROOT);
	options = wr_nest(b, TCA_OPTIONS);
	wr_put(b, TCA_HTB_INIT, &glob, sizeof(glob));
	wr_nest_end(b, options);
}

static struct tc_ratespec ratespec(uint64_t bytes_per_s)
{
	return (struct tc_ratespec){
		.linklayer = TC_LINKLAYER_ETHERNET,
		.rate = clamp(bytes_per_s, 1, UINT32_MAX),
	};
}

void wr_htb_class_msg(struct wr_batch *b, int ifindex, const struct wr_htb_class *c)
{
	struct tc_htb_opt opt = {
		.rate = ratespec(c->rate_bytes_per_s),
		.ceil = ratespec(c->ceil_bytes_per_s),
		.buffer = wr_htb_ticks(c->burst_bytes, c->rate_bytes_per_s),
		.cbuffer = wr_htb_ticks(c->cburst_bytes, c->ceil_bytes_per_s),
		.quantum = c->quantum_bytes,
	};
	size_t options;

	tc_msg(b, RTM_NEWTCLASS, ifindex, WR_HTB_CLASS, ROOT_HANDLE);
	options = wr_nest(b, TCA_OPTIONS);
	wr_put(b, TCA_HTB_PARMS, &opt, sizeof(opt));
	if (c->rate_bytes_per_s > UINT32_MAX)
		wr_put_u64(b, TCA_HTB_RATE64, c->rate_bytes_per_s);
	if (c->ceil_bytes_per_s > UINT32_MAX)
		wr_put_u64(b, TCA_HTB_CEIL64, c->ceil_bytes_per_s);
	wr_nest_end(b, options);
}
