/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Probing. Each request names something and is wrong otherwise: a kernel that knows
 * the name says what is wrong, one that does not says ENOENT (or EOPNOTSUPP for a
 * kind of links), and neither does anything. A module that is missing is loaded,
 * as the real request would have it loaded.
 */
#include <linux/if_link.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include "tc/bpf.h"
#include "tc/htb.h"
#include "tc/probe.h"

#define LOOPBACK 1	/* in every namespace */

/* An option of one byte is too short for either qdisc. */
static void put_qdisc(struct wr_batch *b, const char *kind)
{
	size_t options;

	wr_tc_msg(b, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_REPLACE, LOOPBACK, WR_CLASS(WR_MAJOR, 0),
		  TC_H_ROOT, kind);
	options = wr_nest(b, TCA_OPTIONS);
	wr_put_u8(b, 1, 0);
	wr_nest_end(b, options);
}

/* An action without its parameters. */
static void put_action(struct wr_batch *b, const char *kind)
{
	struct tcamsg tca = { 0 };
	size_t tab, first;

	wr_msg(b, RTM_NEWACTION, NLM_F_CREATE | NLM_F_EXCL, &tca, sizeof(tca));
	tab = wr_nest(b, 1);
	first = wr_nest(b, 1);
	wr_put_text(b, TCA_ACT_KIND, kind);
	wr_nest_end(b, first);
	wr_nest_end(b, tab);
}

/* A link with more queues than a link can have. */
static void put_link(struct wr_batch *b, const char *kind)
{
	struct ifinfomsg ifi = { 0 };
	size_t info;

	wr_msg(b, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &ifi, sizeof(ifi));
	wr_put_text(b, IFLA_IFNAME, "weir-probe");
	wr_put_u32(b, IFLA_NUM_TX_QUEUES, UINT16_MAX);
	info = wr_nest(b, IFLA_LINKINFO);
	wr_put_text(b, IFLA_INFO_KIND, kind);
	wr_nest_end(b, info);
}

static const struct {
	unsigned int feature;
	const char *kind;
	void (*put)(struct wr_batch *b, const char *kind);
	int unknown;	/* the answer of a kernel without it */
} probes[] = {
	{ WR_TC_FQ_CODEL, "fq_codel", put_qdisc, -ENOENT },
	{ WR_TC_SFQ, "sfq", put_qdisc, -ENOENT },
	{ WR_TC_SKBEDIT, "skbedit", put_action, -ENOENT },
	{ WR_TC_POLICE, "police", put_action, -ENOENT },
	{ WR_TC_IFB, "ifb", put_link, -EOPNOTSUPP },
};

static bool can_load_bpf(void)
{
	wr_auto(fd) int fd = wr_bpf_load(LOOPBACK, 0);

	return fd >= 0;
}

static unsigned int ask(struct weir *w)
{
	struct wr_result results[WR_COUNT(probes)] = { 0 };
	wr_auto(batch) struct wr_batch b = { 0 };
	unsigned int features = 0;
	int r;

	for (size_t i = 0; i < WR_COUNT(probes); i++)
		probes[i].put(&b, probes[i].kind);
	r = wr_sock_run(&w->sock, &b, results, NULL, NULL);
	if (r == -EPERM || r == -ENOMEM)
		return WR_TC_FQ_CODEL | WR_TC_SKBEDIT | WR_TC_IFB;
	for (size_t i = 0; i < WR_COUNT(probes); i++)
		if (results[i].code != probes[i].unknown)
			features |= probes[i].feature;
	/* The program is needed only where the action is missing. */
	if (!(features & WR_TC_SKBEDIT) && can_load_bpf())
		features |= WR_TC_BPF;
	return features;
}

unsigned int wr_tc_features(struct weir *w)
{
	unsigned int *known = weir_context(w, &wr_bpf_filter_ops);
	unsigned int features;

	if (known)
		return *known;
	features = ask(w);
	known = malloc(sizeof(*known));
	if (known)
		*known = features;
	if (known && weir_set_context(w, &wr_bpf_filter_ops, known, free))
		free(known);
	return features;
}

/* --- choosing ------------------------------------------------------------------------------ */

enum weir_shape_method wr_tc_method(struct weir *w, enum weir_shape_method forced)
{
	unsigned int features;

	if (!forced)
		forced = w->shape_method;
	if (forced)
		return forced;
	features = wr_tc_features(w);
	if (!(features & WR_TC_IFB))
		return WEIR_SHAPE_POLICE;
	return features & WR_TC_SKBEDIT ? WEIR_SHAPE_SKBEDIT :
	       features & WR_TC_BPF	? WEIR_SHAPE_BPF :
					  WEIR_SHAPE_IFB;
}

enum weir_leaf wr_tc_leaf(struct weir *w, enum weir_leaf forced)
{
	unsigned int features = forced ? 0 : wr_tc_features(w);

	if (forced)
		return forced;
	return features & WR_TC_FQ_CODEL ? WEIR_LEAF_FQ_CODEL :
	       features & WR_TC_SFQ	 ? WEIR_LEAF_SFQ :
					   WEIR_LEAF_DEFAULT;
}
