/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* HTB as messages and back: see htb.h. */
#include <linux/gen_stats.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include "netlink/attr.h"
#include "tc/htb.h"

#define MIN_TARGET_US 5000
#define MAX_TARGET_US 1000000

void wr_tc_msg(struct wr_batch *b, uint16_t type, uint16_t flags, int ifindex, uint32_t handle,
	       uint32_t parent, const char *kind)
{
	struct tcmsg tcm = { .tcm_ifindex = ifindex, .tcm_handle = handle, .tcm_parent = parent };

	wr_msg(b, type, flags, &tcm, sizeof(tcm));
	if (kind)
		wr_put_text(b, TCA_KIND, kind);
}

void wr_tc_del_msg(struct wr_batch *b, uint16_t type, int ifindex, uint32_t handle, uint32_t parent)
{
	wr_tc_msg(b, type, 0, ifindex, handle, parent, NULL);
}

/* --- qdisc and class -------------------------------------------------------------------- */

void wr_htb_qdisc_msg(struct wr_batch *b, int ifindex, uint32_t major, uint32_t default_minor)
{
	struct tc_htb_glob glob = { .version = 3, .rate2quantum = 10, .defcls = default_minor };
	size_t options;

	wr_tc_msg(b, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL, ifindex, WR_CLASS(major, 0),
		  TC_H_ROOT, "htb");
	options = wr_nest(b, TCA_OPTIONS);
	wr_put(b, TCA_HTB_INIT, &glob, sizeof(glob));
	wr_nest_end(b, options);
}

struct tc_ratespec wr_tc_ratespec(uint64_t bytes_per_s)
{
	return (struct tc_ratespec){
		.linklayer = TC_LINKLAYER_ETHERNET,
		.rate = bytes_per_s < UINT32_MAX ? bytes_per_s : UINT32_MAX,
	};
}

void wr_htb_class_msg(struct wr_batch *b, uint16_t flags, int ifindex, uint32_t classid,
		      uint32_t parent, const struct wr_htb_class *c)
{
	struct tc_htb_opt opt = {
		.rate = wr_tc_ratespec(c->rate_bytes_per_s),
		.ceil = wr_tc_ratespec(c->ceil_bytes_per_s),
		.buffer = wr_htb_ticks(c->burst_bytes, c->rate_bytes_per_s),
		.cbuffer = wr_htb_ticks(c->cburst_bytes, c->ceil_bytes_per_s),
		.quantum = c->quantum_bytes,
	};
	size_t options;

	wr_tc_msg(b, RTM_NEWTCLASS, flags, ifindex, classid, parent, "htb");
	options = wr_nest(b, TCA_OPTIONS);
	wr_put(b, TCA_HTB_PARMS, &opt, sizeof(opt));
	if (c->rate_bytes_per_s > UINT32_MAX)
		wr_put_u64(b, TCA_HTB_RATE64, c->rate_bytes_per_s);
	if (c->ceil_bytes_per_s > UINT32_MAX)
		wr_put_u64(b, TCA_HTB_CEIL64, c->ceil_bytes_per_s);
	wr_nest_end(b, options);
}

void wr_htb_class_again_msg(struct wr_batch *b, uint16_t flags, int ifindex,
			    const struct wr_tc_class *c)
{
	wr_tc_msg(b, RTM_NEWTCLASS, flags, ifindex, c->classid, c->parent, "htb");
	wr_put(b, TCA_OPTIONS | NLA_F_NESTED, c->options, c->options_len);
}

/* --- a class as it is ---------------------------------------------------------------------- */

static void take(const struct nlattr *nest, uint16_t type, void *ret, size_t size)
{
	wr_attr_copy(wr_attr_inside(nest, type), ret, size);
}

static void read_limits(const struct nlattr *options, struct wr_htb_class *ret)
{
	struct tc_htb_opt opt = { 0 };

	take(options, TCA_HTB_PARMS, &opt, sizeof(opt));
	ret->rate_bytes_per_s = opt.rate.rate;
	ret->ceil_bytes_per_s = opt.ceil.rate;
	take(options, TCA_HTB_RATE64, &ret->rate_bytes_per_s, 8);
	take(options, TCA_HTB_CEIL64, &ret->ceil_bytes_per_s, 8);
	ret->burst_bytes = wr_ticks_bytes(opt.buffer, ret->rate_bytes_per_s);
	ret->cburst_bytes = wr_ticks_bytes(opt.cbuffer, ret->ceil_bytes_per_s);
	ret->quantum_bytes = opt.quantum;
}

void wr_tc_counters_read(const struct nlmsghdr *msg, struct wr_tc_class *ret)
{
	const struct nlattr *stats = wr_msg_attr(msg, TCA_STATS2);
	struct { uint64_t bytes; uint32_t packets; } basic = { 0 };
	struct gnet_stats_queue queue = { 0 };

	take(stats, TCA_STATS_BASIC, &basic, 12);
	ret->bytes = basic.bytes;
	ret->packets = basic.packets;
	take(stats, TCA_STATS_PKT64, &ret->packets, 8);
	take(stats, TCA_STATS_QUEUE, &queue, sizeof(queue));
	ret->drops = queue.drops;
	ret->overlimits = queue.overlimits;
	ret->backlog_bytes = queue.backlog;
}

bool wr_htb_class_read(const struct nlmsghdr *msg, struct wr_tc_class *ret)
{
	const struct tcmsg *tcm = NLMSG_DATA(msg);
	const struct nlattr *kind, *options;

	if (msg->nlmsg_type != RTM_NEWTCLASS)
		return false;
	kind = wr_msg_attr(msg, TCA_KIND);
	options = wr_msg_attr(msg, TCA_OPTIONS);
	if (!kind || kind->nla_len != NLA_HDRLEN + sizeof("htb") || memcmp(kind + 1, "htb", 4) ||
	    !options || (size_t)options->nla_len - NLA_HDRLEN > sizeof(ret->options))
		return false;
	*ret = (struct wr_tc_class){
		.by = WEIR_QDISC_HTB, .classid = tcm->tcm_handle, .parent = tcm->tcm_parent, .leaf = tcm->tcm_info,
		.options_len = options->nla_len - NLA_HDRLEN,
	};
	memcpy(ret->options, options + 1, ret->options_len);
	read_limits(options, &ret->limits);
	wr_tc_counters_read(msg, ret);
	return true;
}

/* --- leaves ---------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	uint32_t major;		/* ORed with the class's minor, which has 12 bits */
} leaves[] = {
	[WEIR_LEAF_AUTO] = { "auto", 0 },
	[WEIR_LEAF_FQ_CODEL] = { "fq_codel", 0xf000 },
	[WEIR_LEAF_SFQ] = { "sfq", 0x5000 },
	[WEIR_LEAF_DEFAULT] = { "default", 0 },
};

uint32_t wr_leaf_handle(enum weir_leaf leaf, uint32_t minor)
{
	return leaves[leaf].major ? (leaves[leaf].major | minor) << 16 : 0;
}

enum weir_leaf wr_leaf_of(uint32_t handle)
{
	for (size_t i = 0; i < WR_COUNT(leaves); i++)
		if (handle && handle >> 28 == leaves[i].major >> 12)
			return i;
	return WEIR_LEAF_DEFAULT;
}

const char *weir_leaf_name(enum weir_leaf leaf)
{
	return (unsigned int)leaf < WR_COUNT(leaves) ? leaves[leaf].name : "unknown";
}

uint32_t wr_leaf_target_us(uint64_t bytes_per_s)
{
	uint64_t two_packets = 2 * 1514 * 1000000ull / bytes_per_s;

	return two_packets < MIN_TARGET_US ? MIN_TARGET_US :
	       two_packets > MAX_TARGET_US ? MAX_TARGET_US : two_packets;
}

void wr_leaf_msg(struct wr_batch *b, uint16_t flags, int ifindex, uint32_t classid, uint32_t handle,
		 uint64_t bytes_per_s)
{
	enum weir_leaf leaf = wr_leaf_of(handle);
	size_t options;

	wr_tc_msg(b, RTM_NEWQDISC, flags, ifindex, handle, classid, weir_leaf_name(leaf));
	if (leaf != WEIR_LEAF_FQ_CODEL)
		return;
	options = wr_nest(b, TCA_OPTIONS);
	if (flags & NLM_F_CREATE)	/* cannot be changed later, not even to what it is */
		wr_put_u32(b, TCA_FQ_CODEL_FLOWS, WR_LEAF_FLOWS);
	wr_put_u32(b, TCA_FQ_CODEL_TARGET, wr_leaf_target_us(bytes_per_s));
	wr_put_u32(b, TCA_FQ_CODEL_INTERVAL, 20 * wr_leaf_target_us(bytes_per_s));
	wr_nest_end(b, options);
}
