/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Bandwidth of many ports: limits both ways given, changed and taken away, by shared
 * ifbs, by an ifb for each port, and as people do it today (tc -batch with an ifb for
 * each port). Beside it what is the kernel's own: of filter blocks, which are part of
 * qdiscs and classes, it has one list for the whole host, and walks it for each new one.
 */
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>

#include <weir/tc.h>

#include "lib_bench.h"

static const struct weir_bandwidth some = {
	{ .average_bytes_per_s = 1250000 }, { .average_bytes_per_s = 625000 },
};
static const struct weir_bandwidth other = {
	{ .average_bytes_per_s = 2500000 }, { .average_bytes_per_s = 1250000 },
};
static const struct weir_bandwidth inbound = { .inbound = { .average_bytes_per_s = 1250000 } };

static void ports(struct trial *t)
{
	struct raw r = { 0 };

	for (unsigned int i = 0; i < t->n; i++)
		raw_pair(&r, i, 0, true);
	if (raw_send(t, &r))
		trial_fail(t, "set-up");
	free(r.data);
}

/* --- by weir ----------------------------------------------------------------------------- */

static void set(struct trial *t, const struct weir_bandwidth *b, enum weir_shape_method method)
{
	const struct weir_shape_options options = { .sz = sizeof(options), .method = method };
	struct weir_txn *txn = trial_begin(t);
	char name[16];

	for (unsigned int i = 0; i < t->n; i++) {
		snprintf(name, sizeof(name), "p%u", i);
		weir_txn_shape_set(txn, PORT_INDEX(i), name, b, &options, NULL);
	}
	trial_commit(t, txn);
}

static void weir_set(struct trial *t)
{
	set(t, &some, WEIR_SHAPE_AUTO);
}

static void weir_own_ifb(struct trial *t)
{
	set(t, &some, WEIR_SHAPE_IFB);
}

static void weir_inbound(struct trial *t)
{
	set(t, &inbound, WEIR_SHAPE_AUTO);
}

static void weir_change(struct trial *t)
{
	set(t, &other, WEIR_SHAPE_AUTO);
}

static void weir_clear(struct trial *t)
{
	struct weir_txn *txn = trial_begin(t);
	char name[16];

	for (unsigned int i = 0; i < t->n; i++) {
		snprintf(name, sizeof(name), "p%u", i);
		weir_txn_shape_clear(txn, PORT_INDEX(i), name, NULL);
	}
	trial_commit(t, txn);
}

static void weir_list(struct trial *t)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_shape *list = NULL;
	size_t n = 0;

	if (weir_shape_list(trial_weir(t), &list, &n, &err))
		trial_fail(t, "%s", err.msg);
	if (n != t->n)
		trial_fail(t, "only %zu ports", n);
	free(list);
}

/* --- the kernel's own part ------------------------------------------------------------------ */

#define ROOT 0x10000u

static void put_qdisc(struct raw *r, int port)
{
	const struct tcmsg tcm = { .tcm_ifindex = port, .tcm_handle = ROOT, .tcm_parent = TC_H_ROOT };
	const struct tc_htb_glob glob = { .version = 3, .rate2quantum = 10 };
	size_t nest;

	raw_msg(r, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL, &tcm, sizeof(tcm));
	raw_text(r, TCA_KIND, "htb");
	nest = raw_nest(r, TCA_OPTIONS);
	raw_put(r, TCA_HTB_INIT, &glob, sizeof(glob));
	raw_nest_end(r, nest);
}

static void put_class(struct raw *r, int port, uint32_t minor)
{
	const struct tcmsg tcm = { .tcm_ifindex = port, .tcm_handle = ROOT | minor, .tcm_parent = ROOT };
	const struct tc_ratespec rate = { .linklayer = TC_LINKLAYER_ETHERNET, .rate = 1250000 };
	const struct tc_htb_opt opt = { .rate = rate, .ceil = rate, .buffer = 819200, .cbuffer = 819200, .quantum = 60000 };
	size_t nest;

	raw_msg(r, RTM_NEWTCLASS, NLM_F_CREATE | NLM_F_EXCL, &tcm, sizeof(tcm));
	raw_text(r, TCA_KIND, "htb");
	nest = raw_nest(r, TCA_OPTIONS);
	raw_put(r, TCA_HTB_PARMS, &opt, sizeof(opt));
	raw_nest_end(r, nest);
}

/*
 * As many blocks as weir makes: of each port's root and class and of its class on the
 * ifb, here three by HTB on the port itself. Nothing but messages of three kinds, each
 * of which costs the same for every port, were it not for the list.
 */
static void blocks_setup(struct trial *t)
{
	static struct raw r;

	for (unsigned int i = 0; i < t->n; i++) {
		put_qdisc(&r, PORT_INDEX((int)i));
		put_class(&r, PORT_INDEX((int)i), 1);
		put_class(&r, PORT_INDEX((int)i), 2);
	}
	t->own = &r;
	raw_socket(t, 0);
}

static void blocks(struct trial *t)
{
	if (raw_send(t, t->own))
		trial_fail(t, "HTB alone");
}

/* --- as people do it today -------------------------------------------------------------------- */

static void tc_setup(struct trial *t)
{
	for (unsigned int i = 0; i < t->n; i++)
		trial_line(t, "link add name i%u numtxqueues 1 up type ifb", i);
	t->part = 1;
	for (unsigned int i = 0; i < t->n; i++) {
		trial_line(t, "qdisc add dev p%u root handle 1: htb default 1", i);
		trial_line(t, "class add dev p%u parent 1: classid 1:1 htb rate 1250000bps burst 64k", i);
		trial_line(t, "qdisc add dev p%u ingress", i);
		trial_line(t, "filter add dev p%u parent ffff: protocol all u32 match u32 0 0 "
			   "action mirred egress redirect dev i%u", i, i);
		trial_line(t, "qdisc add dev i%u root handle 1: htb default 1", i);
		trial_line(t, "class add dev i%u parent 1: classid 1:1 htb rate 625000bps burst 64k", i);
	}
	t->part = 0;
}

static void tc_batch(struct trial *t)
{
	static const char *const ip[] = { "ip", "-batch", "-", NULL }, *const tc[] = { "tc", "-batch", "-", NULL };

	trial_batch(t, ip);
	t->part = 1;
	trial_batch(t, tc);
}

/* clang-format off */
#define SIZES .sizes = { 100, 1000, 4000 }
static const struct workload workloads[] = {
	WORKLOAD("limits given", "N ports get limits in both directions", SIZES, .setup = ports, .is_silent = true, .is_bound = true),
	WORKLOAD("limits changed", "N ports that have limits get others", SIZES, .setup = ports, .is_silent = true, .is_bound = true),
	WORKLOAD("limits taken away", "N ports that have limits get rid of them", SIZES, .setup = ports, .is_silent = true, .is_bound = true),
	WORKLOAD("limits read", "limits and counters of N ports", SIZES, .setup = ports, .is_silent = true, .is_bound = true),
};

static const struct arm arms[] = {
	ARM("limits given", WEIR, weir_set),
	ARM("limits given", "weir, an ifb for each port", weir_own_ifb),
	ARM("limits given", "weir, inbound only", weir_inbound),
	ARM("limits given", "as many blocks by HTB alone", blocks, .setup = blocks_setup),
	ARM("limits given", "ip and tc -batch, an ifb for each port", tc_batch, .setup = tc_setup, .needs = "tc"),
	ARM("limits changed", WEIR, weir_change, .setup = weir_set),
	ARM("limits taken away", WEIR, weir_clear, .setup = weir_set),
	ARM("limits taken away", "weir, an ifb for each port", weir_clear, .setup = weir_own_ifb),
	ARM("limits read", WEIR, weir_list, .setup = weir_set),
};
/* clang-format on */

int main(int argc, char **argv)
{
	return bench_main(argc, argv, "shape", workloads, sizeof(workloads) / sizeof(*workloads), arms,
			  sizeof(arms) / sizeof(*arms));
}
