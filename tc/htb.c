/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* HTB: see htb.h. No rate tables are sent: with a link layer named the kernel computes. */
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include "tc/htb.h"

#define ROOT_HANDLE 0x00010000u	/* 1: */
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
		.rate = bytes_per_s < UINT32_MAX ? bytes_per_s : UINT32_MAX,
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
