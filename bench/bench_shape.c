/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Bandwidth of many ports: limits both ways given, changed and taken away, by shared
 * ifbs, by an ifb for each port, and as people do it today (tc -batch with an ifb for
 * each port). Beside it what is the kernel's own: an ingress qdisc alone walks all the
 * others, HTB alone does not.
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

static void ingress_setup(struct trial *t)
{
	static struct raw r;

	for (unsigned int i = 0; i < t->n; i++) {
		const struct tcmsg tcm = { .tcm_ifindex = PORT_INDEX((int)i), .tcm_handle = 0xffff0000,
					   .tcm_parent = TC_H_INGRESS };

		raw_msg(&r, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL, &tcm, sizeof(tcm));
		raw_text(&r, TCA_KIND, "ingress");
	}
	t->own = &r;
	raw_socket(t, 0);
}

static void ingress(struct trial *t)
{
	if (raw_send(t, t->own))
		trial_fail(t, "ingress qdiscs");
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
	WORKLOAD("limits given", "N ports get limits in both directions", SIZES, .setup = ports),
	WORKLOAD("limits changed", "N ports that have limits get others", SIZES, .setup = ports),
	WORKLOAD("limits taken away", "N ports that have limits get rid of them", SIZES, .setup = ports),
	WORKLOAD("limits read", "limits and counters of N ports", SIZES, .setup = ports),
};

static const struct arm arms[] = {
	ARM("limits given", WEIR, weir_set),
	ARM("limits given", "weir, an ifb for each port", weir_own_ifb),
	ARM("limits given", "weir, inbound only", weir_inbound),
	ARM("limits given", "ingress qdiscs alone", ingress, .setup = ingress_setup),
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
