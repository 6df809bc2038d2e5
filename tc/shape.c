/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A port's bandwidth in both directions as steps of a transaction:
 *
 *	to the guest    host ---> [htb 1:1] port ---> guest
 *	from the guest  host <--- [htb 1:1] ifb <--- ingress of port <--- guest
 *
 * The redirect happens before the bridge sees the frame, and the frame comes back
 * from the ifb as if it had just arrived on the port.
 */
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/rtnetlink.h>
#include <linux/tc_act/tc_mirred.h>

#include <inttypes.h>

#include <weir/link.h>

#include "tc/htb.h"
#include "txn/txn.h"

#define INGRESS_HANDLE 0xffff0000u
/* "we": of this priority all filters of a link are ours, and one deletion takes them away. */
#define FILTER_PRIO 0x7765u
#define IFB_QUEUE_LEN 256	/* packets; the driver's own 32 drop too early */

/* --- steps ------------------------------------------------------------------------------ */

/* The deletion of what @tcm names, for an undo. */
static void del_msg(struct wr_batch *b, uint16_t type, const struct tcmsg *tcm)
{
	wr_msg(b, type, 0, tcm, sizeof(*tcm));
}

/*
 * A step on a link, and its undo, unless it goes with the link. Classes and
 * filters have one too: they may have come to stand in a qdisc that was there.
 */
static struct weir_step *add(struct weir_txn *t, const char *what, const char *name,
			     const struct wr_batch *b, uint16_t undo_type, const struct tcmsg *tcm)
{
	wr_auto(batch) struct wr_batch undo = { 0 };
	char object[64];

	del_msg(&undo, undo_type, tcm);
	wr_format(object, sizeof(object), "%s on %s", what, name);
	return wr_txn_msg(t, object, NULL, b, wr_txn_makes(t, tcm->tcm_ifindex) ? NULL : &undo, NULL);
}

static void add_htb(struct weir_txn *t, int ifindex, const char *name, const struct weir_rate *rate)
{
	const struct tcmsg root = { .tcm_ifindex = ifindex, .tcm_parent = TC_H_ROOT };
	const struct tcmsg leaf = { .tcm_ifindex = ifindex, .tcm_handle = WR_HTB_CLASS };
	struct wr_htb_class c = wr_htb_from_rate(rate, 0);
	wr_auto(batch) struct wr_batch qdisc = { 0 }, class = { 0 };
	wr_auto(str) struct wr_str dev = { 0 };
	struct weir_step *s;

	wr_str_shell(&dev, name);
	wr_htb_qdisc_msg(&qdisc, ifindex);
	s = add(t, "qdisc 1: htb", name, &qdisc, RTM_DELQDISC, &root);
	wr_step_plan(t, s, "tc qdisc add dev %s root handle 1: htb default 1", wr_str_text(&dev));
	wr_htb_class_msg(&class, ifindex, &c);
	s = add(t, "class 1:1 htb", name, &class, RTM_DELTCLASS, &leaf);
	wr_step_plan(t, s,
		     "tc class add dev %s parent 1: classid 1:1 htb rate %" PRIu64
		     "bps ceil %" PRIu64 "bps burst %ub cburst %ub quantum %u",
		     wr_str_text(&dev), c.rate_bytes_per_s, c.ceil_bytes_per_s, c.burst_bytes,
		     c.cburst_bytes, c.quantum_bytes);
}

/* 15 bytes are all a link's name has, so a long one keeps its end and gets a hash. */
static void ifb_name(const char *port, char out[16])
{
	uint32_t h = 2166136261u;
	size_t len = strlen(port);

	if (len <= 11) {
		wr_format(out, 16, "ifb-%s", port);
		return;
	}
	for (const char *p = port; *p; p++)
		h = (h ^ (unsigned char)*p) * 16777619u;
	wr_format(out, 16, "ifb%06x%s", (unsigned int)(h & 0xffffff), port + len - 6);
}

static int add_ifb(struct weir_txn *t, const char *port, char name[16])
{
	struct weir_link ifb = {
		.sz = sizeof(ifb),
		.has = WEIR_LINK_NAME | WEIR_LINK_UP | WEIR_LINK_ADDR_GEN_MODE |
		       WEIR_LINK_TXQUEUELEN | WEIR_LINK_NUM_TX_QUEUES,
		.kind = WEIR_LINK_IFB,
		.num_tx_queues = 1,
		.txqueuelen = IFB_QUEUE_LEN,
		.addr_gen_mode = WEIR_ADDR_GEN_NONE,
		.is_up = true,
	};

	ifb_name(port, name);
	wr_copy(ifb.name, sizeof(ifb.name), name);
	return weir_txn_link_add(t, &ifb);
}

static void redirect_msg(struct wr_batch *b, const struct tcmsg *tcm, int to)
{
	/* One key, all of it zero, matches every packet. */
	struct tc_u32_sel sel = { .flags = TC_U32_TERMINAL, .nkeys = 1 };
	unsigned char match[sizeof(sel) + sizeof(struct tc_u32_key)] = { 0 };
	struct tc_mirred mirred = {
		.action = TC_ACT_STOLEN,
		.eaction = TCA_EGRESS_REDIR,
		.ifindex = (uint32_t)to,
	};
	size_t options, actions, first, parms;

	memcpy(match, &sel, sizeof(sel));
	wr_msg(b, RTM_NEWTFILTER, NLM_F_CREATE | NLM_F_EXCL, tcm, sizeof(*tcm));
	wr_put_text(b, TCA_KIND, "u32");
	options = wr_nest(b, TCA_OPTIONS);
	actions = wr_nest(b, TCA_U32_ACT);
	first = wr_nest(b, 1);
	wr_put_text(b, TCA_ACT_KIND, "mirred");
	parms = wr_nest(b, TCA_ACT_OPTIONS);
	wr_put(b, TCA_MIRRED_PARMS, &mirred, sizeof(mirred));
	wr_nest_end(b, parms);
	wr_nest_end(b, first);
	wr_nest_end(b, actions);
	wr_put(b, TCA_U32_SEL, match, sizeof(match));
	wr_nest_end(b, options);
}

static void add_redirect(struct weir_txn *t, int ifindex, const char *name, int ifb,
			 const char *ifb_name_)
{
	const struct tcmsg qdisc = {
		.tcm_ifindex = ifindex, .tcm_handle = INGRESS_HANDLE, .tcm_parent = TC_H_INGRESS,
	};
	const struct tcmsg ours = {
		.tcm_ifindex = ifindex, .tcm_parent = INGRESS_HANDLE,
		.tcm_info = TC_H_MAKE(FILTER_PRIO << 16, htons(ETH_P_ALL)),
	};
	wr_auto(batch) struct wr_batch ingress = { 0 }, filter = { 0 };
	wr_auto(str) struct wr_str dev = { 0 }, to = { 0 };
	struct weir_step *s;

	wr_str_shell(&dev, name);
	wr_str_shell(&to, ifb_name_);
	wr_msg(&ingress, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL, &qdisc, sizeof(qdisc));
	wr_put_text(&ingress, TCA_KIND, "ingress");
	s = add(t, "qdisc ffff: ingress", name, &ingress, RTM_DELQDISC, &qdisc);
	wr_step_plan(t, s, "tc qdisc add dev %s ingress", wr_str_text(&dev));
	redirect_msg(&filter, &ours, ifb);
	s = add(t, "filter u32", name, &filter, RTM_DELTFILTER, &ours);
	wr_step_plan(t, s,
		     "tc filter add dev %s parent ffff: protocol all prio %u u32 match u32 0 0 "
		     "action mirred egress redirect dev %s",
		     wr_str_text(&dev), FILTER_PRIO, wr_str_text(&to));
}

int weir_txn_shape(struct weir_txn *t, int ifindex, const char *name,
		   const struct weir_bandwidth *bandwidth, struct weir_shape *ret)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_shape shape = { 0 };

	if (weir_bandwidth_check(bandwidth, &err)) {
		wr_format(err.object, sizeof(err.object), "bandwidth of %s", name);
		return wr_txn_fail(t, &err);
	}
	if (bandwidth->inbound.average_bytes_per_s)
		add_htb(t, ifindex, name, &bandwidth->inbound);
	if (bandwidth->outbound.average_bytes_per_s) {
		shape.ifb_ifindex = add_ifb(t, name, shape.ifb_name);
		add_htb(t, shape.ifb_ifindex, shape.ifb_name, &bandwidth->outbound);
		add_redirect(t, ifindex, name, shape.ifb_ifindex, shape.ifb_name);
	}
	if (ret && !t->err.code)
		*ret = shape;
	return t->err.code;
}
