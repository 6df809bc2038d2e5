/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Kinds of links that not every kernel has: bonds, vlans and what stands on them.
 * Each is made, changed, taken back and deleted, and read by three readers (as in
 * test_link.c), where it matters what goes with what: rows are test_rows.c's. In
 * the lab nothing of this is skipped.
 */
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib_link.h"
#include "link/kinds.h"

/* The test is skipped where a link of @kind cannot be made. */
static void need(const char *kind, const char *more)
{
	char why[64];

	snprintf(why, sizeof(why), "the kernel has no %s", kind);
	if (!own_try("ip link add need0 %s type %s %s && ip link del need0", strcmp(kind, "vlan") ? "" : "link low0",
		     kind, more))
		own_skip(why);
}

/* --- dummy --------------------------------------------------------------------------- */

static const struct life dummies[] = {
	{ "a dummy in a bridge", NEW(DUMMY, WEIR_LINK_MASTER | WEIR_LINK_UP, .master = MAIN_BR, .is_up = true),
	  CHANGE(DUMMY, WEIR_LINK_MASTER) },
};

static void dummies_live_and_die(void **state)
{
	need("dummy", "");
	for (size_t i = 0; i < WR_COUNT(dummies); i++)
		live(&dummies[i]);
}

/* --- vlan ------------------------------------------------------------------------------ */

#define VLAN(has_, ...) .lower = LOW, .vlan = { .has = WEIR_VLAN_ID | (has_), __VA_ARGS__ }

static const struct life vlans[] = {
	{ "a vlan", NEW(VLAN, WEIR_LINK_LOWER | WEIR_LINK_UP, .is_up = true, VLAN(0, .id = 5)),
	  CHANGE(VLAN, COMMON & ~WEIR_LINK_UP, MAC(3), .mtu = 1400, .txqueuelen = 5, .alias = "x", .group = 2) },
	{ "vlan 0 of a provider", NEW(VLAN, WEIR_LINK_LOWER, VLAN(WEIR_VLAN_PROTOCOL, .protocol = 0x88a8)),
	  CHANGE(VLAN, WEIR_LINK_UP, .is_up = true) },
};

static void vlans_live_and_die(void **state)
{
	need("vlan", "id 5");
	for (size_t i = 0; i < WR_COUNT(vlans); i++)
		live(&vlans[i]);
}

/* --- vxlan ------------------------------------------------------------------------ */

#define VXLAN(has_, ...) .vxlan = { .has = has_, __VA_ARGS__ }

static const struct life tunnels[] = {
	{ "a vxlan that others steer", NEW(VXLAN, WEIR_LINK_MASTER, .master = MAIN_BR,
					   VXLAN(WEIR_VXLAN_EXTERNAL | WEIR_VXLAN_PORT | WEIR_VXLAN_LEARNING,
						 .external = true, .port = 4789)),
	  CHANGE(VXLAN, WEIR_LINK_UP, .is_up = true) },
};

static void vxlans_live_and_die(void **state)
{
	need("vxlan", "id 5 dstport 4789");
	for (size_t i = 0; i < WR_COUNT(tunnels); i++)
		live(&tunnels[i]);
}

/* --- bond -------------------------------------------------------------------------------- */

#define BOND(mode_, has_, ...)                                                                     \
	.bond = { .has = WEIR_BOND_MODE | (has_), .mode = WEIR_BOND_##mode_, ##__VA_ARGS__ }
#define SETB(has_, ...) CHANGE(BOND, 0, .bond = { .has = has_, __VA_ARGS__ })
#define TARGETS(last) { 2, { { WEIR_FAMILY_IPV4, { 192, 0, 2, 1 } }, { WEIR_FAMILY_IPV4, { 192, 0, 2, last } } } }

static const struct life bonds[] = {
	{ "a bond with a backup",
	  NEW(BOND, COMMON, MAC(4), .mtu = 1400, .txqueuelen = 4, .alias = "b", .is_up = true,
	      BOND(ACTIVE_BACKUP, WEIR_BOND_MIIMON | WEIR_BOND_UPDELAY | WEIR_BOND_DOWNDELAY |
		   WEIR_BOND_PEER_NOTIF_DELAY | WEIR_BOND_USE_CARRIER | WEIR_BOND_FAIL_OVER_MAC |
		   WEIR_BOND_PRIMARY_RESELECT | WEIR_BOND_NUM_PEER_NOTIF | WEIR_BOND_ALL_PORTS_ACTIVE |
		   WEIR_BOND_LP_INTERVAL, .miimon_ms = 100, .updelay_ms = 200, .downdelay_ms = 300,
		   .peer_notif_delay_ms = 400, .use_carrier = true, .fail_over_mac = 1, .primary_reselect = 1,
		   .num_peer_notif = 5, .all_ports_active = true, .lp_interval_s = 2)),
	  CHANGE(BOND, WEIR_LINK_MTU, .mtu = 1500,
		 .bond = { .has = WEIR_BOND_MIIMON | WEIR_BOND_UPDELAY | WEIR_BOND_DOWNDELAY |
				  WEIR_BOND_PEER_NOTIF_DELAY, .miimon_ms = 50, .updelay_ms = 50,
			   .downdelay_ms = 100, .peer_notif_delay_ms = 150 }) },
	{ "another way to watch",
	  NEW(BOND, 0, BOND(ACTIVE_BACKUP, WEIR_BOND_ARP_INTERVAL | WEIR_BOND_ARP_TARGETS | WEIR_BOND_ARP_VALIDATE |
			    WEIR_BOND_ARP_ALL_TARGETS | WEIR_BOND_ARP_MISSED_MAX, .arp_interval_ms = 500,
			    .arp_targets = TARGETS(2), .arp_validate = 3, .arp_all_targets = true,
			    .arp_missed_max = 3)),
	  SETB(WEIR_BOND_MIIMON | WEIR_BOND_ARP_TARGETS | WEIR_BOND_ARP_INTERVAL | WEIR_BOND_ARP_VALIDATE,
	       .miimon_ms = 100, .arp_targets = TARGETS(9)) },
	{ "and back", NEW(BOND, 0, BOND(BALANCE_XOR, WEIR_BOND_MIIMON | WEIR_BOND_XMIT_HASH_POLICY,
					.miimon_ms = 100, .xmit_hash_policy = 5)),
	  SETB(WEIR_BOND_MIIMON | WEIR_BOND_ARP_INTERVAL | WEIR_BOND_ARP_TARGETS | WEIR_BOND_NS_TARGETS | WEIR_BOND_XMIT_HASH_POLICY,
	       .arp_interval_ms = 100, .arp_targets = TARGETS(3), .xmit_hash_policy = 1,
	       .ns_targets = { 1, { { WEIR_FAMILY_IPV6, { 0x20, 1, 0xd, 0xb8, [15] = 1 } } } }) },
	{ "a bond that repeats", NEW(BOND, 0, BOND(BROADCAST, 0)), SETB(WEIR_BOND_MODE, .mode = WEIR_BOND_BALANCE_XOR) },
	{ "from LACP to a backup", NEW(BOND, 0, BOND(802_3AD, WEIR_BOND_LACP_RATE, .lacp_rate = 1)),
	  SETB(WEIR_BOND_MODE | WEIR_BOND_MIIMON, .mode = WEIR_BOND_ACTIVE_BACKUP, .miimon_ms = 100) },
	{ "in both directions", NEW(BOND, 0, BOND(BALANCE_ALB, WEIR_BOND_MIIMON, .miimon_ms = 100)),
	  SETB(WEIR_BOND_MODE, .mode = WEIR_BOND_BALANCE_TLB) },
};

static void bonds_live_and_die(void **state)
{
	need("bond", "");
	for (size_t i = 0; i < WR_COUNT(bonds); i++)
		live(&bonds[i]);
}

/* Settings that the kernel drops when another one changes are there again after an undo. */
static void what_nobody_named_comes_back(void **state)
{
	static const struct {
		const char *before;
		struct weir_bond set;
	} cases[] = {
		{ "active-backup miimon 100 updelay 300 downdelay 200 peer_notify_delay 400",
		  { .has = WEIR_BOND_ARP_INTERVAL | WEIR_BOND_ARP_TARGETS, .arp_interval_ms = 50,
		    .arp_targets = TARGETS(2) } },
		{ "active-backup miimon 100 updelay 300 downdelay 200 peer_notify_delay 400",
		  { .has = WEIR_BOND_MIIMON, .miimon_ms = 50 } },
		{ "active-backup arp_interval 100 arp_ip_target 192.0.2.1,192.0.2.7 arp_validate all",
		  { .has = WEIR_BOND_MIIMON, .miimon_ms = 50 } },
		{ "active-backup arp_interval 100 arp_ip_target 192.0.2.1,192.0.2.7 arp_validate all",
		  { .has = WEIR_BOND_MODE, .mode = WEIR_BOND_802_3AD } },
		{ "802.3ad miimon 100 updelay 100 lacp_rate fast",
		  { .has = WEIR_BOND_MODE | WEIR_BOND_ARP_INTERVAL | WEIR_BOND_ARP_TARGETS,
		    .mode = WEIR_BOND_BALANCE_RR, .arp_interval_ms = 60, .arp_targets = TARGETS(2) } },
	};

	need("bond", "");
	for (size_t i = 0; i < WR_COUNT(cases); i++) {
		struct weir_link set = { .sz = sizeof(set), .kind = WEIR_LINK_BOND, .has = WEIR_LINK_IFINDEX,
					 .bond = cases[i].set };
		struct weir_txn *t;
		json_t *before;

		own_sh("ip link add x0 address 52:54:00:00:10:10 type bond mode %s", cases[i].before);
		before = all_links();
		set.ifindex = get("x0").ifindex;
		t = begin();
		weir_txn_link_set(t, &set);
		commit_and_fail(t, cases[i].before);
		same_links(before, cases[i].before);
		json_decref(before);
		own_sh("ip link del x0");
	}
}

#define BOND_INDEX 1010

static const struct life ports[] = {
	{ "a bond's port", NEW(VETH, WEIR_LINK_MASTER, .master = BOND_INDEX, PEER,
			       .bond_port = { .has = WEIR_BOND_PORT_QUEUE | WEIR_BOND_PORT_PRIO, .queue_id = 2,
					      .prio = 7 }),
	  CHANGE(VETH, 0, .bond_port = { .has = WEIR_BOND_PORT_QUEUE | WEIR_BOND_PORT_PRIO, .queue_id = 3 }) },
	{ "one that is let go", NEW(VETH, WEIR_LINK_MASTER, .master = BOND_INDEX, PEER,
				    .bond_port = { .has = WEIR_BOND_PORT_QUEUE, .queue_id = 5 }),
	  CHANGE(VETH, WEIR_LINK_MASTER) },
	{ "one that moves to a bridge", NEW(VETH, WEIR_LINK_MASTER, .master = BOND_INDEX, PEER,
					    .bond_port = { .has = WEIR_BOND_PORT_QUEUE, .queue_id = 6 }),
	  CHANGE(VETH, WEIR_LINK_MASTER, .master = MAIN_BR) },
	{ "one that moves to a bond", NEW(VETH, WEIR_LINK_MASTER, .master = MAIN_BR, PEER,
					  .port = { .has = WEIR_PORT_ISOLATED, .isolated = true }),
	  CHANGE(VETH, WEIR_LINK_MASTER, .master = BOND_INDEX) },
};

static void ports_of_bonds_live_and_die(void **state)
{
	need("bond", "");
	own_sh("ip link add bond0 index %d address 52:54:00:00:10:10 type bond mode active-backup miimon 100 && "
	       /* With one port that stays: an empty bond makes up an address. */
	       "ip link set bond0 up && ip link add q0 type veth peer name q1 && ip link set q0 master bond0",
	       BOND_INDEX);
	for (size_t i = 0; i < WR_COUNT(ports); i++)
		live(&ports[i]);
}

/* Undone, a port is in its bond again, up, with its queue; and one that was up is up. */
static void ports_come_back_to_their_bond(void **state)
{
	struct weir_link move = CHANGE(VETH, WEIR_LINK_IFINDEX | WEIR_LINK_MASTER);
	struct weir_txn *t;
	json_t *before;

	need("bond", "");
	own_sh("ip link add bond0 index %d type bond mode active-backup miimon 100 && ip link set bond0 up && "
	       "ip link add p0 address 52:54:00:00:20:01 type veth peer name p1 && ip link set p0 master bond0 && "
	       "ip link set p0 type bond_slave queue_id 4 && ip link add q0 type veth peer name q1 && "
	       "ip link set q0 master br9", BOND_INDEX);
	before = all_links();
	move.ifindex = get("p0").ifindex;
	for (int i = 0; i < 2; i++) {
		move.master = i ? MAIN_BR : 0;
		t = begin();
		weir_txn_link_set(t, &move);
		commit_and_fail(t, "out of a bond");
		same_links(before, "out of a bond");
	}
	assert_true(get("p0").is_up);
	json_decref(before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, link_setup, own_teardown)
		TEST(dummies_live_and_die),
		TEST(vlans_live_and_die),
		TEST(vxlans_live_and_die),
		TEST(bonds_live_and_die),
		TEST(what_nobody_named_comes_back),
		TEST(ports_of_bonds_live_and_die),
		TEST(ports_come_back_to_their_bond),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
