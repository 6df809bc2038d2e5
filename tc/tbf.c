/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* TBF as messages and back: see tbf.h. */
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include "netlink/attr.h"
#include "tc/tbf.h"

void wr_tbf_msg(struct wr_batch *b, uint16_t flags, int ifindex, uint32_t classid, uint32_t parent,
		const struct wr_htb_class *c)
{
	const bool has_peak = c->ceil_bytes_per_s > c->rate_bytes_per_s;
	struct tc_tbf_qopt opt = {
		.rate = wr_tc_ratespec(c->rate_bytes_per_s),
		.limit = c->limit_bytes,
		.buffer = wr_htb_ticks(c->burst_bytes, c->rate_bytes_per_s),
	};
	size_t options;

	if (has_peak) {
		opt.peakrate = wr_tc_ratespec(c->ceil_bytes_per_s);
		opt.mtu = wr_htb_ticks(c->cburst_bytes, c->ceil_bytes_per_s);
	}
	wr_tc_msg(b, RTM_NEWQDISC, flags, ifindex, classid & 0xffff0000u, TC_H_ROOT, "tbf");
	options = wr_nest(b, TCA_OPTIONS);
	wr_put(b, TCA_TBF_PARMS, &opt, sizeof(opt));
	/* In bytes too: the kernel cuts the times at 4 s, and ticks at a high rate are longer than packets. */
	wr_put_u32(b, TCA_TBF_BURST, c->burst_bytes);
	if (c->rate_bytes_per_s > UINT32_MAX)
		wr_put_u64(b, TCA_TBF_RATE64, c->rate_bytes_per_s);
	if (has_peak)
		wr_put_u32(b, TCA_TBF_PBURST, c->cburst_bytes);
	if (has_peak && c->ceil_bytes_per_s > UINT32_MAX)
		wr_put_u64(b, TCA_TBF_PRATE64, c->ceil_bytes_per_s);
	wr_nest_end(b, options);
}

void wr_tbf_again_msg(struct wr_batch *b, uint16_t flags, int ifindex, const struct wr_tc_class *c)
{
	wr_tbf_msg(b, flags, ifindex, c->classid, c->parent, &c->limits);
}

/* --- as it is ------------------------------------------------------------------------------- */

static void read_limits(const struct nlattr *options, struct wr_htb_class *ret)
{
	struct tc_tbf_qopt opt = { 0 };

	wr_attr_copy(wr_attr_inside(options, TCA_TBF_PARMS), &opt, sizeof(opt));
	ret->limit_bytes = opt.limit;
	ret->rate_bytes_per_s = opt.rate.rate;
	wr_attr_copy(wr_attr_inside(options, TCA_TBF_RATE64), &ret->rate_bytes_per_s, 8);
	ret->burst_bytes = ret->cburst_bytes = wr_tbf_bytes(opt.buffer, ret->rate_bytes_per_s);
	ret->ceil_bytes_per_s = ret->rate_bytes_per_s;
	if (!opt.peakrate.rate)
		return;
	ret->ceil_bytes_per_s = opt.peakrate.rate;
	wr_attr_copy(wr_attr_inside(options, TCA_TBF_PRATE64), &ret->ceil_bytes_per_s, 8);
	ret->cburst_bytes = wr_tbf_bytes(opt.mtu, ret->ceil_bytes_per_s);
}

static bool read_qdisc(const struct nlmsghdr *msg, struct wr_tc_class *ret)
{
	const struct nlattr *options = wr_msg_attr(msg, TCA_OPTIONS);

	if (!options)
		return false;
	ret->classid |= WR_PORT_CLASS;
	ret->options_len = options->nla_len;	/* what they say is all in the limits */
	read_limits(options, &ret->limits);
	wr_tc_counters_read(msg, ret);
	return true;
}

bool wr_tbf_read(const struct nlmsghdr *msg, struct wr_tc_class *ret)
{
	const struct tcmsg *tcm = NLMSG_DATA(msg);

	*ret = (struct wr_tc_class){ .by = WEIR_QDISC_TBF, .classid = tcm->tcm_handle, .parent = TC_H_ROOT };
	if (msg->nlmsg_type == RTM_NEWTCLASS)
		ret->leaf = tcm->tcm_info;
	return msg->nlmsg_type == RTM_NEWTCLASS || (msg->nlmsg_type == RTM_NEWQDISC && read_qdisc(msg, ret));
}
