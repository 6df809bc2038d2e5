/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Host interfaces, a thousand at once: each is a bridge with an address and a port,
 * which is a vlan of one card where the kernel has vlans, or else a link that is
 * there. The library works as the tool does, with stored definitions and records.
 * Taking them down is the kernel's time: it waits a grace period for each bridge
 * that goes, however many go at once (br_multicast_dev_del()), so that 4,000 are there
 * only where one host is enough for all trials.
 */
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <weir/host.h>
#include <weir/json.h>
#include <weir/network.h>

#include "lib_bench.h"

#define MOST 4000

struct groups {
	struct weir_group *all[MOST];
	const char *names[MOST];
	bool has_vlans;
};

static void must(struct trial *t, int code)
{
	if (code)
		trial_fail(t, "set-up: %s", strerror(-code));
}

/* --- definitions -------------------------------------------------------------------------- */

static struct weir_group *definition(struct trial *t, const struct groups *g, unsigned int i)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_group *group = NULL;
	char text[512], vlan[96] = "";
	int len;

	if (g->has_vlans)
		snprintf(vlan, sizeof(vlan), ", \"vlan\": {\"tag\": %u, \"base\": \"card\"}", 1 + i);
	len = snprintf(text, sizeof(text),
		       "{\"type\": \"bridge\", \"name\": \"br%u\", \"protocols\": [{\"family\": \"ipv4\", \"addresses\": "
		       "[{\"address\": \"10.%u.%u.1\", \"prefix\": 24}]}], \"ports\": [{\"type\": \"%s\", \"name\": \"p%u\"%s}]}",
		       i, i / 250, i % 250, g->has_vlans ? "vlan" : "ethernet", i, vlan);
	if (weir_group_parse(text, (size_t)len, &group, &err))
		trial_fail(t, "definition: %s", err.msg);
	return group;
}

/* Whether the kernel has vlans is seen by making one. */
static bool try_vlan(struct trial *t, unsigned int card)
{
	struct weir_txn *txn = trial_begin(t);
	struct weir_link vlan = { .sz = sizeof(vlan), .has = WEIR_LINK_NAME | WEIR_LINK_LOWER, .kind = WEIR_LINK_VLAN,
				  .name = "try", .lower = card, .vlan = { .has = WEIR_VLAN_ID, .id = 4094 } };
	int index = weir_txn_link_add(txn, &vlan);

	if (weir_txn_commit(txn, NULL))
		return false;
	txn = trial_begin(t);
	weir_txn_link_del(txn, index, "try");
	trial_commit(t, txn);
	return true;
}

/* The links that are no part of the groups, and a handle with directories. */
static void groups_setup(struct trial *t)
{
	struct weir_options opts = { .sz = sizeof(opts), .config_dir = "/run/c", .state_dir = "/run/s",
				     .step_ops = weir_network_steps };
	struct groups *g = calloc(1, sizeof(*g));
	struct weir_error err = WEIR_ERROR_INIT;
	struct raw r = { 0 };

	if (!g)
		trial_fail(t, "no memory");
	mkdir("/run/c", 0700);
	if (weir_open(&opts, &t->w, &err))
		trial_fail(t, "handle: %s", err.msg);
	t->own = g;
	raw_link(&r, "bridge", 100, "card");
	must(t, raw_send(t, &r));
	g->has_vlans = try_vlan(t, 100);
	r = (struct raw){ 0 };
	for (unsigned int i = 0; i < t->n && !g->has_vlans; i++)
		raw_pair(&r, i, 0, true);
	if (r.len)
		must(t, raw_send(t, &r));
	for (unsigned int i = 0; i < t->n; i++) {
		g->all[i] = definition(t, g, i);
		g->names[i] = g->all[i]->name;
	}
}

/* --- by weir -------------------------------------------------------------------------------- */

static void weir_apply(struct trial *t)
{
	const struct weir_group *const *all = (const struct weir_group *const *)((struct groups *)t->own)->all;
	struct weir_txn *txn = trial_begin(t);

	weir_txn_groups_up(txn, all, t->n, WEIR_EFFECT_ADDRESS_LOSS);
	weir_txn_groups_define(txn, all, t->n);
	trial_commit(t, txn);
}

static void applied_setup(struct trial *t)
{
	groups_setup(t);
	weir_apply(t);
}

static void weir_check(struct trial *t)
{
	const struct weir_group *const *all = (const struct weir_group *const *)((struct groups *)t->own)->all;
	struct weir_plan_step *steps = NULL;
	size_t n = 0;

	if (weir_groups_plan(t->w, all, t->n, &steps, &n, NULL) || n)
		trial_fail(t, "%zu differences", n);
	free(steps);
}

static void weir_list(struct trial *t)
{
	struct weir_group_entry *list = NULL;
	size_t n = 0;

	if (weir_group_list(t->w, &list, &n, NULL) || n != t->n)
		trial_fail(t, "%zu groups", n);
	free(list);
}

static void weir_down(struct trial *t)
{
	struct weir_txn *txn = trial_begin(t);

	weir_txn_groups_down(txn, ((struct groups *)t->own)->names, t->n);
	for (unsigned int i = 0; i < t->n; i++)
		weir_txn_group_undefine(txn, ((struct groups *)t->own)->names[i]);
	trial_commit(t, txn);
}

/* --- by iproute2 ------------------------------------------------------------------------------ */

static void ip_apply_setup(struct trial *t)
{
	const struct groups *g = t->own;

	for (unsigned int i = 0; i < t->n; i++) {
		trial_line(t, "link add br%u group 2003134834 type bridge", i);
		if (g->has_vlans)
			trial_line(t, "link add p%u link card group 2003134834 numtxqueues 1 numrxqueues 1 type vlan id %u", i,
				   1 + i);
		trial_line(t, "link set p%u master br%u up", i, i);
		trial_line(t, "link set br%u up", i);
		trial_line(t, "addr add 10.%u.%u.1/24 broadcast + dev br%u", i / 250, i % 250, i);
	}
}

static void ip_down_setup(struct trial *t)
{
	const struct groups *g = t->own;

	for (unsigned int i = 0; i < t->n; i++) {
		trial_line(t, "link del br%u", i);
		trial_line(t, g->has_vlans ? "link del p%u" : "link set p%u down", i);
	}
}

static void ip_batch(struct trial *t)
{
	static const char *const argv[] = { "ip", "-batch", "-", NULL };

	trial_batch(t, argv);
}

static void ip_show(struct trial *t)
{
	trial_program(t, "ip -d -j link");
	trial_program(t, "ip -j addr");
	trial_program(t, "ip -j route");
}

/* clang-format off */
static const struct workload workloads[] = {
	WORKLOAD("interfaces", "N bridges with a port and an address are defined and brought up", .sizes = { 100, 1000 }, .setup = groups_setup),
	WORKLOAD("interfaces again", "N interfaces are applied that are as they are defined", .sizes = { 100, 1000, 4000 }, .setup = applied_setup, .is_shared = true),
	WORKLOAD("interfaces check", "N interfaces are compared with their definitions", .sizes = { 100, 1000, 4000 }, .setup = applied_setup, .is_shared = true),
	WORKLOAD("interfaces list", "N interfaces are listed", .sizes = { 100, 1000, 4000 }, .setup = applied_setup, .is_shared = true),
	WORKLOAD("interfaces down", "N interfaces are taken down and forgotten", .sizes = { 10, 100 }, .setup = applied_setup),
};

static const struct arm arms[] = {
	ARM("interfaces", WEIR, weir_apply),
	ARM("interfaces", FLOOR, replay, .setup = replay_setup),
	ARM("interfaces", "ip -batch", ip_batch, .setup = ip_apply_setup, .needs = "ip"),

	ARM("interfaces again", WEIR, weir_apply),

	ARM("interfaces check", WEIR, weir_check),
	ARM("interfaces check", "ip -j link, addr, route", ip_show, .needs = "ip"),

	ARM("interfaces list", WEIR, weir_list),

	ARM("interfaces down", WEIR, weir_down),
	ARM("interfaces down", FLOOR, replay, .setup = replay_setup),
	ARM("interfaces down", "ip -batch", ip_batch, .setup = ip_down_setup, .needs = "ip"),
};
/* clang-format on */

int main(int argc, char **argv)
{
	return bench_main(argc, argv, "groups", workloads, sizeof(workloads) / sizeof(workloads[0]), arms,
			  sizeof(arms) / sizeof(arms[0]));
}
