/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Links that not every kernel can make: vlans, bonds with two ports, and settings
 * of virtual functions. Where a kernel has none of them the page says so; the lab
 * has all (lab.sh). Virtual functions are those of the first card, in the
 * namespace that the program was started in, and only if they are offered.
 */
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/route/link.h>
#include <netlink/route/link/vlan.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <weir/vf.h>

#include "lib_bench.h"

#define PF "eth0"

static struct weir_link link_named(enum weir_link_kind kind, const char *prefix, unsigned int i)
{
	struct weir_link l = { .sz = sizeof(l), .has = WEIR_LINK_NAME | WEIR_LINK_UP, .kind = kind, .is_up = true };

	snprintf(l.name, sizeof(l.name), "%s%u", prefix, i);
	return l;
}

static void must(struct trial *t, int code)
{
	if (code)
		trial_fail(t, "set-up: %s", strerror(-code));
}

static void ip_batch(struct trial *t)
{
	static const char *const argv[] = { "ip", "-batch", "-", NULL };

	trial_batch(t, argv);
}

static void ip_each(struct trial *t)
{
	trial_each_line(t, "ip");
}

/* --- vlans ------------------------------------------------------------------------------ */

static void lower_setup(struct trial *t)
{
	struct raw r = { 0 };

	raw_link(&r, "bridge", 500, "lower");
	must(t, raw_send(t, &r));
	free(r.data);
}

static void weir_vlans(struct trial *t)
{
	struct weir_txn *txn = trial_begin(t);

	for (unsigned int i = 0; i < t->n; i++) {
		struct weir_link l = link_named(WEIR_LINK_VLAN, "v", i);

		l.has |= WEIR_LINK_LOWER;
		l.lower = 500;
		l.vlan.has = WEIR_VLAN_ID;
		l.vlan.id = (uint16_t)(1 + i);
		weir_txn_link_add(txn, &l);
	}
	trial_commit(t, txn);
}

static void libnl_vlans(struct trial *t)
{
	struct nl_sock *sk = nl_socket_alloc();
	char name[32];

	if (nl_connect(sk, NETLINK_ROUTE))
		trial_fail(t, "libnl: no socket");
	for (unsigned int i = 0; i < t->n; i++) {
		struct rtnl_link *l = rtnl_link_vlan_alloc();

		snprintf(name, sizeof(name), "v%u", i);
		rtnl_link_set_name(l, name);
		rtnl_link_set_link(l, 500);
		rtnl_link_vlan_set_id(l, (uint16_t)(1 + i));
		rtnl_link_set_flags(l, IFF_UP);
		if (rtnl_link_add(sk, l, NLM_F_CREATE | NLM_F_EXCL))
			trial_fail(t, "libnl: %s", name);
		rtnl_link_put(l);
	}
	nl_socket_free(sk);
}

static void ip_vlans_setup(struct trial *t)
{
	for (unsigned int i = 0; i < t->n; i++)
		trial_line(t, "link add v%u up link lower type vlan id %u", i, 1 + i);
}

/* --- bonds ------------------------------------------------------------------------------- */

/* Two ports for each, which are down, as they have to be. */
static void bond_ports_setup(struct trial *t)
{
	struct raw r = { 0 };

	for (unsigned int i = 0; i < 2 * t->n; i++) {
		struct ifinfomsg ifi = { .ifi_index = PORT_INDEX((int)i), .ifi_change = IFF_UP };

		raw_pair(&r, i, 0, true);
		raw_msg(&r, RTM_NEWLINK, 0, &ifi, sizeof(ifi));
	}
	must(t, raw_send(t, &r));
	free(r.data);
}

static void weir_bonds(struct trial *t)
{
	struct weir_txn *txn = trial_begin(t);

	for (unsigned int i = 0; i < t->n; i++) {
		struct weir_link l = link_named(WEIR_LINK_BOND, "bond", i);
		int master;

		l.bond.has = WEIR_BOND_MODE;
		l.bond.mode = 1;	/* active-backup */
		master = weir_txn_link_add(txn, &l);
		for (unsigned int k = 0; k < 2; k++) {
			const struct weir_link port = { .sz = sizeof(port), .has = WEIR_LINK_IFINDEX | WEIR_LINK_MASTER,
							.ifindex = PORT_INDEX(2 * i + k),
							.master = (uint32_t)master };

			weir_txn_link_set(txn, &port);
		}
	}
	trial_commit(t, txn);
}

static void ip_bonds_setup(struct trial *t)
{
	for (unsigned int i = 0; i < t->n; i++) {
		trial_line(t, "link add bond%u up type bond mode active-backup", i);
		trial_line(t, "link set p%u master bond%u", 2 * i, i);
		trial_line(t, "link set p%u master bond%u", 2 * i + 1, i);
	}
}

/* --- virtual functions -------------------------------------------------------------------- */

static struct weir_vf_config *before;
static size_t n_before;

static void vf_setup(struct trial *t)
{
	if (weir_vf_config_list(trial_weir(t), (int)if_nametoindex(PF), &before, &n_before, NULL) || n_before < t->n)
		trial_fail(t, "fewer functions");
}

/* Address, vlan and trust of each, and then what there was before. */
static void weir_vfs(struct trial *t)
{
	struct weir_vf_config *c = calloc(t->n, sizeof(*c));
	int pf = (int)if_nametoindex(PF);
	struct weir_txn *txn = trial_begin(t);

	for (unsigned int i = 0; c && i < t->n; i++)
		c[i] = (struct weir_vf_config){ .sz = sizeof(*c), .has = WEIR_VF_MAC | WEIR_VF_VLAN | WEIR_VF_TRUST, .vf = i,
						.mac = { 0x52, 0x54, 0, 0, 1, (uint8_t)i }, .vlan = (uint16_t)(10 + i),
						.trust = true };
	weir_txn_vf_set(txn, pf, c, t->n, NULL);
	trial_commit(t, txn);
	txn = trial_begin(t);
	weir_txn_vf_restore(txn, pf, before, n_before);
	trial_commit(t, txn);
	free(c);
}

static void ip_vfs_setup(struct trial *t)
{
	static const char plain[] = "link set " PF " vf";

	vf_setup(t);
	for (unsigned int i = 0; i < t->n; i++) {
		trial_line(t, "%s %u mac 52:54:00:00:01:%02x", plain, i, i);
		trial_line(t, "%s %u vlan %u", plain, i, 10 + i);
		trial_line(t, "%s %u trust on", plain, i);
	}
	for (unsigned int i = 0; i < t->n; i++) {
		const uint8_t *m = before[i].mac;

		trial_line(t, "%s %u mac %02x:%02x:%02x:%02x:%02x:%02x", plain, i, m[0], m[1], m[2], m[3], m[4], m[5]);
		trial_line(t, "%s %u vlan 0", plain, i);
		trial_line(t, "%s %u trust off", plain, i);
	}
}

/* clang-format off */
#define VLAN .needs = "kind:vlan id 1"
#define BOND .needs = "kind:bond"
#define VFS .needs = "file:$BENCH_VF"

static const struct workload workloads[] = {
	WORKLOAD("functions", "N virtual functions get address, vlan and trust, and lose them again", .sizes = { 1, 7 },
		 .in_place = true),
	WORKLOAD("vlan", "N vlans on one link, up", .sizes = { 1, 100, 1000, 4000 }, .setup = lower_setup),
	WORKLOAD("bond", "N bonds of two links each, up", .sizes = { 1, 100 }, .setup = bond_ports_setup),
};

static const struct arm arms[] = {
	ARM("vlan", WEIR, weir_vlans, VLAN),
	ARM("vlan", FLOOR, replay, .setup = replay_setup, VLAN),
	ARM("vlan", "libnl-route", libnl_vlans, VLAN),
	ARM("vlan", "ip -batch", ip_batch, .setup = ip_vlans_setup, VLAN),
	ARM("vlan", "ip", ip_each, .setup = ip_vlans_setup, .most = 100, VLAN),

	ARM("bond", WEIR, weir_bonds, BOND),
	ARM("bond", FLOOR, replay, .setup = replay_setup, BOND),
	ARM("bond", "ip -batch", ip_batch, .setup = ip_bonds_setup, BOND),
	ARM("bond", "ip", ip_each, .setup = ip_bonds_setup, .most = 100, BOND),

	ARM("functions", WEIR, weir_vfs, .setup = vf_setup, VFS),
	ARM("functions", FLOOR, replay, .setup = replay_setup, VFS),
	ARM("functions", "ip -batch", ip_batch, .setup = ip_vfs_setup, VFS),
	ARM("functions", "ip", ip_each, .setup = ip_vfs_setup, VFS),
};
/* clang-format on */

int main(int argc, char **argv)
{
	return bench_main(argc, argv, "kinds", workloads, sizeof(workloads) / sizeof(workloads[0]), arms,
			  sizeof(arms) / sizeof(arms[0]));
}
