/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What can limit what leaves by a link: see limiter.h. */
#include <inttypes.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include "netlink/attr.h"
#include "tc/limiter.h"

static void htb_words(char *out, size_t size, uint32_t classid, uint32_t parent, const struct wr_htb_class *c)
{
	char below[32];

	/* The root is named by its major alone. */
	if (parent == TC_H_ROOT || !(parent & 0xffff))
		wr_format(below, sizeof(below), "%x:", classid >> 16);
	else
		wr_format(below, sizeof(below), "%x:%x", parent >> 16, parent & 0xffff);
	wr_format(out, size, "parent %s classid %x:%x htb rate %" PRIu64 "bps ceil %" PRIu64
		  "bps burst %ub cburst %ub quantum %u", below, classid >> 16, classid & 0xffff,
		  c->rate_bytes_per_s, c->ceil_bytes_per_s, c->burst_bytes, c->cburst_bytes, c->quantum_bytes);
}

#ifndef WR_NO_TBF	/* the one-file tool (`make static`): no room */
static void tbf_words(char *out, size_t size, uint32_t classid, uint32_t parent, const struct wr_htb_class *c)
{
	char peak[80] = "";

	if (c->ceil_bytes_per_s > c->rate_bytes_per_s)
		wr_format(peak, sizeof(peak), " peakrate %" PRIu64 "bps mtu %u", c->ceil_bytes_per_s, c->cburst_bytes);
	wr_format(out, size, "root handle %x: tbf rate %" PRIu64 "bps burst %ub limit %ub%s", classid >> 16,
		  c->rate_bytes_per_s, c->burst_bytes, c->limit_bytes, peak);
}
#endif

static const struct wr_limiter limiters[] = {
	[WEIR_QDISC_AUTO] = { .name = "auto" },
	[WEIR_QDISC_HTB] = {
		.name = "htb", .leaf = WEIR_LEAF_AUTO, .is_class = true,
		.from_rate = wr_htb_from_rate,
		.put = wr_htb_class_msg, .put_again = wr_htb_class_again_msg, .read = wr_htb_class_read,
		.words = htb_words,
	},
#ifndef WR_NO_TBF
	/* fq_codel and sfq have a block of filters, which is what TBF is taken to do without. */
	[WEIR_QDISC_TBF] = {
		.name = "tbf", .leaf = WEIR_LEAF_DEFAULT,
		.from_rate = wr_tbf_from_rate, .least_bytes_per_s = WR_TBF_LEAST_RATE, .put = wr_tbf_msg,
		.put_again = wr_tbf_again_msg, .read = wr_tbf_read, .words = tbf_words,
	},
#endif
};

const char *weir_qdisc_name(enum weir_qdisc qdisc)
{
	return (unsigned int)qdisc < WR_COUNT(limiters) ? limiters[qdisc].name : "unknown";
}

const struct wr_limiter *wr_limiter(enum weir_qdisc by)
{
	return &limiters[WR_COUNT(limiters) > WEIR_QDISC_TBF && by ? by : WEIR_QDISC_HTB];
}

bool wr_limit_read(const struct nlmsghdr *msg, struct wr_tc_class *ret)
{
	char kind[16] = "";

	if (msg->nlmsg_len < NLMSG_LENGTH(sizeof(struct tcmsg)))
		return false;
	wr_attr_copy(wr_msg_attr(msg, TCA_KIND), kind, sizeof(kind) - 1);
	for (size_t i = WEIR_QDISC_HTB; i < WR_COUNT(limiters); i++)
		if (!strcmp(kind, limiters[i].name))
			return limiters[i].read(msg, ret);
	return false;
}

/* Of a TBF the leaf is told by its class, the rest by the qdisc. */
void wr_limit_take(struct wr_tc_class *to, const struct wr_tc_class *part)
{
	const uint32_t leaf = part->leaf ? part->leaf : to->leaf;

	if (part->options_len)
		*to = *part;
	to->leaf = leaf;
}
