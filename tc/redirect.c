/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The outbound filter: see redirect.h. */
#include <arpa/inet.h>
#include <inttypes.h>
#include <linux/gen_stats.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/rtnetlink.h>
#include <linux/tc_act/tc_mirred.h>
#include <linux/tc_act/tc_skbedit.h>
#include <stdio.h>

#include "netlink/attr.h"
#include "tc/htb.h"
#include "tc/redirect.h"

/* What the policer takes for one packet at most: a GSO frame and its headers. */
#define POLICE_MTU 70000
#define POLICE_CELL_LOG 9	/* 256 cells of 512 bytes hold that */
#define BPF_HANDLE 1
#define BPF_NAME "weir to %d"	/* the ifb, for people and for wr_redirect_read() */
#define BLOCK_NAME "weir by port"

static void any_filter_msg(struct wr_batch *b, uint16_t type, uint16_t flags, int ifindex,
			   uint32_t parent, uint32_t handle)
{
	const struct tcmsg tcm = {
		.tcm_ifindex = ifindex, .tcm_handle = handle, .tcm_parent = parent,
		.tcm_info = TC_H_MAKE(WR_FILTER_PRIO << 16, htons(ETH_P_ALL)),
	};

	wr_msg(b, type, flags, &tcm, sizeof(tcm));
}

static void filter_msg(struct wr_batch *b, uint16_t type, uint16_t flags, int port, uint32_t handle)
{
	any_filter_msg(b, type, flags, port, WR_INGRESS_HANDLE, handle);
}

/* Where a message says which link, and where on it, there is a mark and the block's number. */
static void block_msg(struct wr_batch *b, uint16_t type, uint16_t flags, uint32_t block, uint32_t handle)
{
	any_filter_msg(b, type, flags, (int)TCM_IFINDEX_MAGIC_BLOCK, block, handle);
}

void wr_ingress_msg(struct wr_batch *b, int port, uint32_t block)
{
	wr_tc_msg(b, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL, port, WR_INGRESS_HANDLE, TC_H_INGRESS,
		  "ingress");
	if (block)
		wr_put_u32(b, TCA_INGRESS_BLOCK, block);
}

void wr_redirect_del_msg(struct wr_batch *b, int port)
{
	filter_msg(b, RTM_DELTFILTER, 0, port, 0);
}

void wr_redirect_block_del_msg(struct wr_batch *b, int ifb)
{
	block_msg(b, RTM_DELTFILTER, 0, (uint32_t)ifb, 0);
}

void wr_redirect_dump_msg(struct wr_batch *b, int port)
{
	wr_tc_msg(b, RTM_GETTFILTER, NLM_F_DUMP, port, 0, WR_INGRESS_HANDLE, NULL);
}

void wr_redirect_get_msg(struct wr_batch *b, int port, bool is_bpf)
{
	filter_msg(b, RTM_GETTFILTER, 0, port, is_bpf ? BPF_HANDLE : WR_U32_FIRST);
}

void wr_redirect_block_get_msg(struct wr_batch *b, uint32_t block)
{
	block_msg(b, RTM_GETTFILTER, 0, block, BPF_HANDLE);
}

/* --- actions ---------------------------------------------------------------------------- */

static size_t open_action(struct wr_batch *b, uint16_t place, const char *kind, size_t *ret_nest)
{
	*ret_nest = wr_nest(b, place);
	wr_put_text(b, TCA_ACT_KIND, kind);
	return wr_nest(b, TCA_ACT_OPTIONS);
}

static void close_action(struct wr_batch *b, size_t options, size_t nest)
{
	wr_nest_end(b, options);
	wr_nest_end(b, nest);
}

static void put_skbedit(struct wr_batch *b, uint16_t place, uint32_t classid, int then)
{
	struct tc_skbedit parms = { .action = then };
	size_t nest, options = open_action(b, place, "skbedit", &nest);

	wr_put(b, TCA_SKBEDIT_PARMS, &parms, sizeof(parms));
	wr_put_u32(b, TCA_SKBEDIT_PRIORITY, classid);
	close_action(b, options, nest);
}

static void put_mirred(struct wr_batch *b, uint16_t place, int to)
{
	struct tc_mirred parms = {
		.action = TC_ACT_STOLEN, .eaction = TCA_EGRESS_REDIR, .ifindex = (uint32_t)to,
	};
	size_t nest, options = open_action(b, place, "mirred", &nest);

	wr_put(b, TCA_MIRRED_PARMS, &parms, sizeof(parms));
	close_action(b, options, nest);
}

/* The policer refuses to work without a rate table, and then does not look at it. */
static void put_police(struct wr_batch *b, uint16_t place, const struct wr_redirect *r)
{
	const uint64_t rate = r->rate_bytes_per_s;
	struct tc_police parms = {
		.action = TC_ACT_SHOT,
		.burst = wr_htb_ticks(r->burst_bytes, rate),
		.mtu = POLICE_MTU,
		.rate = { .cell_log = POLICE_CELL_LOG, .linklayer = TC_LINKLAYER_ETHERNET,
			  .cell_align = -1, .rate = rate < UINT32_MAX ? rate : UINT32_MAX },
	};
	size_t nest, options = open_action(b, place, "police", &nest);
	uint32_t table[256];

	for (uint32_t i = 0; i < WR_COUNT(table); i++)
		table[i] = wr_htb_ticks((i + 1) << POLICE_CELL_LOG, rate);
	wr_put(b, TCA_POLICE_TBF, &parms, sizeof(parms));
	wr_put(b, TCA_POLICE_RATE, table, sizeof(table));
	if (rate > UINT32_MAX)
		wr_put_u64(b, TCA_POLICE_RATE64, rate);
	close_action(b, options, nest);
}

void wr_redirect_msg(struct wr_batch *b, uint16_t flags, int port, const struct wr_redirect *r)
{
	/* One key, all of it zero, matches every packet. */
	struct tc_u32_sel sel = { .flags = TC_U32_TERMINAL, .nkeys = 1 };
	unsigned char match[sizeof(sel) + sizeof(struct tc_u32_key)] = { 0 };
	size_t options, actions;
	uint16_t place = 1;

	memcpy(match, &sel, sizeof(sel));
	filter_msg(b, RTM_NEWTFILTER, flags, port, WR_U32_FIRST);
	wr_put_text(b, TCA_KIND, "u32");
	options = wr_nest(b, TCA_OPTIONS);
	actions = wr_nest(b, TCA_U32_ACT);
	if (r->method == WEIR_SHAPE_POLICE)
		put_police(b, place++, r);
	if (r->classid)
		put_skbedit(b, place++, r->classid, r->ifb ? TC_ACT_PIPE : TC_ACT_UNSPEC);
	if (r->ifb)
		put_mirred(b, place, r->ifb);
	wr_nest_end(b, actions);
	wr_put(b, TCA_U32_SEL, match, sizeof(match));
	wr_nest_end(b, options);
}

void wr_redirect_bpf_msg(struct wr_batch *b, int port, int ifb, uint32_t classid, int fd)
{
	char name[64];
	size_t options;

	wr_format(name, sizeof(name), BPF_NAME, ifb);
	filter_msg(b, RTM_NEWTFILTER, NLM_F_CREATE | NLM_F_EXCL, port, BPF_HANDLE);
	wr_put_text(b, TCA_KIND, "bpf");
	options = wr_nest(b, TCA_OPTIONS);
	wr_put_u32(b, TCA_BPF_CLASSID, classid);
	wr_put_u32(b, TCA_BPF_FD, (uint32_t)fd);
	wr_put_text(b, TCA_BPF_NAME, name);
	wr_put_u32(b, TCA_BPF_FLAGS, TCA_BPF_FLAG_ACT_DIRECT);
	wr_nest_end(b, options);
}

/* The program chooses the class alone: what redirects is an action, whose packets ifbs of all kernels take. */
void wr_redirect_block_msg(struct wr_batch *b, int ifb, int fd)
{
	size_t options, actions;

	block_msg(b, RTM_NEWTFILTER, NLM_F_CREATE | NLM_F_EXCL, (uint32_t)ifb, BPF_HANDLE);
	wr_put_text(b, TCA_KIND, "bpf");
	options = wr_nest(b, TCA_OPTIONS);
	actions = wr_nest(b, TCA_BPF_ACT);
	put_mirred(b, 1, ifb);
	wr_nest_end(b, actions);
	wr_put_u32(b, TCA_BPF_FD, (uint32_t)fd);
	wr_put_text(b, TCA_BPF_NAME, BLOCK_NAME);
	wr_nest_end(b, options);
}

/* --- reading ---------------------------------------------------------------------------------- */

static void read_police(const struct nlattr *action, struct wr_redirect *ret)
{
	const struct nlattr *options = wr_attr_inside(action, TCA_ACT_OPTIONS), *stats;
	struct { uint64_t bytes; uint32_t packets; } basic = { 0 };
	struct gnet_stats_queue queue = { 0 };
	struct tc_police parms = { 0 };

	wr_attr_copy(wr_attr_inside(options, TCA_POLICE_TBF), &parms, sizeof(parms));
	ret->method = WEIR_SHAPE_POLICE;
	ret->rate_bytes_per_s = parms.rate.rate;
	wr_attr_copy(wr_attr_inside(options, TCA_POLICE_RATE64), &ret->rate_bytes_per_s, 8);
	ret->burst_bytes = wr_ticks_bytes(parms.burst, ret->rate_bytes_per_s);
	stats = wr_attr_inside(action, TCA_ACT_STATS);
	wr_attr_copy(wr_attr_inside(stats, TCA_STATS_BASIC), &basic, 12);
	wr_attr_copy(wr_attr_inside(stats, TCA_STATS_QUEUE), &queue, sizeof(queue));
	ret->bytes = basic.bytes;
	ret->packets = basic.packets;
	ret->drops = queue.drops;
	ret->overlimits = queue.overlimits;
}

static void read_action(const struct nlattr *action, struct wr_redirect *ret)
{
	const struct nlattr *options = wr_attr_inside(action, TCA_ACT_OPTIONS);
	struct tc_mirred mirred = { 0 };
	char kind[16] = "";

	wr_attr_copy(wr_attr_inside(action, TCA_ACT_KIND), kind, sizeof(kind) - 1);
	if (!strcmp(kind, "skbedit")) {
		ret->method = WEIR_SHAPE_SKBEDIT;
		wr_attr_copy(wr_attr_inside(options, TCA_SKBEDIT_PRIORITY), &ret->classid, 4);
	} else if (!strcmp(kind, "mirred")) {
		wr_attr_copy(wr_attr_inside(options, TCA_MIRRED_PARMS), &mirred, sizeof(mirred));
		ret->ifb = (int)mirred.ifindex;
		ret->is_lost = !ret->ifb;
	} else if (!strcmp(kind, "police"))
		read_police(action, ret);
}

static bool read_bpf(const struct nlattr *options, struct wr_redirect *ret)
{
	char name[64] = "";

	wr_attr_copy(wr_attr_inside(options, TCA_BPF_NAME), name, sizeof(name) - 1);
	if (!strcmp(name, BLOCK_NAME)) {
		read_action(wr_attr_inside(wr_attr_inside(options, TCA_BPF_ACT), 1), ret);
		ret->method = WEIR_SHAPE_BLOCK;
		return true;
	}
	wr_attr_copy(wr_attr_inside(options, TCA_BPF_CLASSID), &ret->classid, sizeof(ret->classid));
	ret->method = WEIR_SHAPE_BPF;
	return ret->classid && sscanf(name, BPF_NAME, &ret->ifb) == 1;
}

int wr_redirect_read(const struct nlmsghdr *msg, struct wr_redirect *ret)
{
	const struct tcmsg *tcm = NLMSG_DATA(msg);
	const struct nlattr *options, *actions;
	struct wr_redirect r = { .method = WEIR_SHAPE_IFB };
	char kind[16] = "";

	if (msg->nlmsg_type != RTM_NEWTFILTER || msg->nlmsg_len < NLMSG_LENGTH(sizeof(*tcm)))
		return 0;
	if (tcm->tcm_info >> 16 != WR_FILTER_PRIO)
		return -EEXIST;
	wr_attr_copy(wr_msg_attr(msg, TCA_KIND), kind, sizeof(kind) - 1);
	options = wr_msg_attr(msg, TCA_OPTIONS);
	if (!strcmp(kind, "bpf") && options && read_bpf(options, &r)) {
		/* A block that ports of another ifb have come to share is none of ours. */
		if (r.method == WEIR_SHAPE_BLOCK && !r.is_lost && tcm->tcm_block_index != (uint32_t)r.ifb)
			return -EEXIST;
		*ret = r;
		return 1;
	}
	/* u32 shows its hash table as a filter of its own. */
	actions = strcmp(kind, "u32") ? NULL : wr_attr_inside(options, TCA_U32_ACT);
	for (uint16_t place = 1; place <= 2; place++)
		if (wr_attr_inside(actions, place))
			read_action(wr_attr_inside(actions, place), &r);
	if (!r.ifb && !r.is_lost && !r.classid && r.method != WEIR_SHAPE_POLICE)
		return 0;
	*ret = r;
	return 1;
}
