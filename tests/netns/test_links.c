/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Sets of links (weir_txn_links()): stacks in any order of input, changes that
 * need a bond empty or down, what is refused before anything happens, and random
 * topologies: made, read back, made again (no step), changed into another one,
 * taken back. Bonds, vlans and dummies where the kernel has them; the lab has.
 */
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib_link.h"
#include "link/kinds.h"
#include "txn/txn.h"

static bool has_bond, has_vlan, has_dummy;

static int setup(void **state)
{
	if (link_setup(state))
		return -1;
	has_bond = own_try("ip link add n0 type bond && ip link del n0");
	has_vlan = own_try("ip link add n0 link low0 type vlan id 1 && ip link del n0");
	has_dummy = own_try("ip link add n0 type dummy && ip link del n0");
	return 0;
}

static void need_stacks(void)
{
	if (!has_bond || !has_vlan || !has_dummy)
		own_skip(!has_bond ? "the kernel has no bond" : !has_vlan ? "the kernel has no vlan" :
								"the kernel has no dummy");
}

/* --- a stack, in any order ------------------------------------------------------------ */

enum { BR, VL, BO, D0, D1, N_STACK };

/* A bridge on a vlan on a bond of two dummies; every index is chosen before. */
static void stack(struct weir_txn *t, struct weir_link l[N_STACK])
{
	static const struct weir_link plain[N_STACK] = {
		[BR] = NAMED(BRIDGE, "sbr", WEIR_LINK_UP | WEIR_LINK_MTU, .mtu = 1400, .is_up = true),
		[VL] = NAMED(VLAN, "svl", WEIR_LINK_UP | WEIR_LINK_LOWER | WEIR_LINK_MASTER | WEIR_LINK_MTU, .is_up = true,
			     .mtu = 1400, .vlan = { .has = WEIR_VLAN_ID, .id = 7 },
			     .port = { .has = WEIR_PORT_ISOLATED, .isolated = true }),
		[BO] = NAMED(BOND, "sbo", WEIR_LINK_UP, .is_up = true,
			     .bond = { .has = WEIR_BOND_MODE | WEIR_BOND_MIIMON | WEIR_BOND_PRIMARY | WEIR_BOND_ACTIVE |
					      WEIR_BOND_FAIL_OVER_MAC, .mode = 1, .miimon_ms = 100 }),
		[D0] = NAMED(DUMMY, "sd0", WEIR_LINK_UP | WEIR_LINK_MASTER, .is_up = true,
			     .bond_port = { .has = WEIR_BOND_PORT_QUEUE, .queue_id = 3 }),
		[D1] = NAMED(DUMMY, "sd1", WEIR_LINK_MASTER),
	};

	memcpy(l, plain, sizeof(plain));
	for (int i = 0; i < N_STACK; i++) {
		l[i].ifindex = weir_txn_link_index(t);
		l[i].has |= WEIR_LINK_IFINDEX;
	}
	l[VL].lower = (uint32_t)l[BO].ifindex;
	l[VL].master = (uint32_t)l[BR].ifindex;
	l[D0].master = l[D1].master = (uint32_t)l[BO].ifindex;
	l[BO].bond.primary = (uint32_t)l[D0].ifindex;
	l[BO].bond.active = (uint32_t)l[D0].ifindex;
}

static void shuffle(struct weir_link *l, size_t n, unsigned int permutation)
{
	for (size_t i = n; i > 1; i--) {
		size_t k = permutation % i;
		struct weir_link swap = l[i - 1];

		permutation /= (unsigned int)i;
		l[i - 1] = l[k];
		l[k] = swap;
	}
}

static void read_all(const struct weir_link *l, size_t n, const char *what)
{
	for (size_t i = 0; i < n; i++)
		read_by_us(&l[i], what);
}

static void is_nothing_to_do(struct weir_link *l, size_t n, const char *what)
{
	struct weir_txn *t = begin();

	if (weir_txn_links(t, l, n) || t->n_steps)
		fail_msg("%s: once more makes %zu steps, the first on %s", what, t->n_steps,
			 t->n_steps ? t->steps[0].object : "");
	weir_txn_abort(t);
}

static void stacks_in_any_order(void **state)
{
	json_t *before;
	struct weir_link l[N_STACK];
	struct weir_txn *t;

	need_stacks();
	before = all_links();
	for (unsigned int p = 0; p < 120; p += getenv("WEIR_TEST_STRIDE") ? 37 : 7) {
		struct weir_counters a = { .sz = sizeof(a) }, b = { .sz = sizeof(b) };
		char what[32];

		snprintf(what, sizeof(what), "order %u", p);
		t = begin();
		stack(t, l);
		shuffle(l, N_STACK, p);
		weir_txn_links(t, l, N_STACK);
		commit_and_fail(t, what);
		same_links(before, what);
		t = begin();
		weir_txn_links(t, l, N_STACK);
		weir_get_counters(w, &a);
		commit(t, what);
		weir_get_counters(w, &b);
		/* All of it is one batch. */
		assert_int_equal(b.n_sends - a.n_sends, 1);
		read_all(l, N_STACK, what);
		is_nothing_to_do(l, N_STACK, what);
		own_sh("ip link del sbr && ip link del sbo && ip link del sd0 && ip link del sd1");
	}
	json_decref(before);
}

/* --- changes of bonds that live --------------------------------------------------------- */

static void with_live_bond(void)
{
	own_sh("ip link add bond0 index 1010 address 52:54:00:00:10:10 type bond mode active-backup miimon 100 && "
	       "ip link set bond0 up && for i in 0 1; do ip link add p$i index 102$i address 52:54:00:00:30:0$i type dummy && "
	       "ip link set p$i master bond0; done && ip link set p0 type bond_slave queue_id 4 && "
	       "ip link add free address 52:54:00:00:30:09 type dummy && ip link set free up && "
	       "ip link add vl link bond0 type vlan id 9 && ip link set vl up");
}

static void bonds_that_live_are_changed(void **state)
{
	static const struct {
		const char *name;
		struct weir_link set[2];
		size_t n;
	} cases[] = {
		{ "another mode", { NAMED(BOND, "bond0", 0, .bond = { .has = WEIR_BOND_MODE, .mode = 4 }) }, 1 },
		{ "another mode, which is down",
		  { NAMED(BOND, "bond0", WEIR_LINK_UP, .bond = { .has = WEIR_BOND_MODE, .mode = 0 }) }, 1 },
		{ "whose address follows", { NAMED(BOND, "bond0", 0, .bond = { .has = WEIR_BOND_FAIL_OVER_MAC,
									     .fail_over_mac = 1 }) }, 1 },
		{ "what is chosen how", { NAMED(BOND, "bond0", 0, .bond = { .has = WEIR_BOND_AD_SELECT, .ad_select = 2 }) },
		  1 },
		{ "one port more", { NAMED(DUMMY, "free", WEIR_LINK_MASTER, .master = 1010,
					   .bond_port = { .has = WEIR_BOND_PORT_QUEUE, .queue_id = 8 }) }, 1 },
		{ "a new port", { NAMED(DUMMY, "new", WEIR_LINK_MASTER | WEIR_LINK_UP, .master = 1010, .is_up = true) },
		  1 },
		{ "one port less", { NAMED(DUMMY, "p0", WEIR_LINK_MASTER) }, 1 },
		{ "one port less, which is down", { NAMED(DUMMY, "p0", WEIR_LINK_MASTER | WEIR_LINK_UP) }, 1 },
		{ "a port to a bridge", { NAMED(DUMMY, "p0", WEIR_LINK_MASTER | WEIR_LINK_UP, .master = MAIN_BR,
						.is_up = true, .port = { .has = WEIR_PORT_ISOLATED, .isolated = true }) },
		  1 },
		{ "no port at all", { NAMED(DUMMY, "p0", WEIR_LINK_MASTER), NAMED(DUMMY, "p1", WEIR_LINK_MASTER) }, 2 },
		{ "another mode and one port less",
		  { NAMED(DUMMY, "p0", WEIR_LINK_MASTER), NAMED(BOND, "bond0", 0, .bond = { .has = WEIR_BOND_MODE,
											   .mode = 2 }) }, 2 },
		{ "the other port first",
		  { NAMED(BOND, "bond0", 0, .bond = { .has = WEIR_BOND_PRIMARY | WEIR_BOND_ACTIVE, .primary = 1021,
						      .active = 1021 }) }, 1 },
	};

	need_stacks();
	for (size_t i = 0; i < WR_COUNT(cases); i++) {
		struct weir_link l[2];
		struct weir_txn *t;
		json_t *before;

		with_live_bond();
		before = all_links();
		memcpy(l, cases[i].set, sizeof(l));
		t = begin();
		weir_txn_links(t, l, cases[i].n);
		commit_and_fail(t, cases[i].name);
		same_links(before, cases[i].name);
		memcpy(l, cases[i].set, sizeof(l));
		t = begin();
		weir_txn_links(t, l, cases[i].n);
		commit(t, cases[i].name);
		read_all(l, cases[i].n, cases[i].name);
		/* It has its own address whatever ports come and go, if it does not follow theirs. */
		if (get("bond0").bond.fail_over_mac == 0)
			assert_memory_equal(get("bond0").mac, ((uint8_t[]){ 0x52, 0x54, 0, 0, 0x10, 0x10 }), 6);
		is_nothing_to_do(l, cases[i].n, cases[i].name);
		json_decref(before);
		own_sh("for i in bond0 p0 p1 free new; do ip link del $i 2>/dev/null; done; true");
	}
}

/* --- what cannot be ------------------------------------------------------------------------- */

struct impossible {
	const char *name;
	struct weir_link set[3];
	size_t n;
	int code;
	const char *object, *attr, *says;
};

#define JOINED (WEIR_LINK_IFINDEX | WEIR_LINK_MASTER)

static const struct impossible impossibles[] = {
	{ "a bridge in itself", { NAMED(BRIDGE, "x0", JOINED, .ifindex = 2000, .master = 2000) }, 1, -ELOOP, "bridge x0", "master",
	  "is a loop: x0 under x0" },
	{ "a vlan over its own bond",
	  { NAMED(VLAN, "x0", JOINED | WEIR_LINK_LOWER, .ifindex = 2000, .master = 2001, .lower = 2001,
		  .vlan = { .has = WEIR_VLAN_ID, .id = 5 }),
	    NAMED(BOND, "x1", WEIR_LINK_IFINDEX, .ifindex = 2001) }, 2, -ELOOP, "vlan x0", "master", "is a loop: x0 under x1 under x0" },
	{ "a longer way round",
	  { NAMED(MACVLAN, "x0", JOINED | WEIR_LINK_LOWER, .ifindex = 2000, .master = 2001, .lower = 2002),
	    NAMED(BRIDGE, "x1", JOINED, .ifindex = 2001, .master = 2002), NAMED(BOND, "x2", WEIR_LINK_IFINDEX, .ifindex = 2002) }, 3, 
	  -ELOOP, "", "", " under " },
	{ "a loop over what is there",
	  { NAMED(BRIDGE, "br9", WEIR_LINK_MASTER, .master = 1005), NAMED(OTHER, "mv0", WEIR_LINK_MASTER, .master = MAIN_BR) },
	  2, -ELOOP, "macvlan mv0", "master", "mv0 under br9 under mv0" },
	{ "a master that is a macvlan", { NAMED(BRIDGE, "br9", WEIR_LINK_MASTER, .master = 1005) }, 1, -EOPNOTSUPP,
	  "bridge br9", "master", "mv0 takes no ports: it is a macvlan" },
	{ "a port claimed twice",
	  { NAMED(IFB, "low0", WEIR_LINK_MASTER, .master = MAIN_BR), NAMED(IFB, "low0", WEIR_LINK_MASTER, .master = 1006) }, 2,
	  -EEXIST, "ifb low0", "master", "is claimed twice: as a port of br" },
	{ "a new port claimed twice",
	  { NAMED(IFB, "x0", WEIR_LINK_MASTER, .master = MAIN_BR), NAMED(IFB, "x0", WEIR_LINK_MASTER, .master = 1006) }, 2,
	  -EEXIST, "ifb x0", "name", "is in the set twice" },
	{ "an unknown mode", { NAMED(BOND, "x0", 0, .bond = { .has = WEIR_BOND_MODE, .mode = 9 }) }, 1, -EINVAL,
	  "bond x0", "mode", "9 is none of: balance-rr" },
	{ "miimon with the ARP monitor",
	  { NAMED(BOND, "x0", 0, .bond = { .has = WEIR_BOND_MIIMON | WEIR_BOND_ARP_INTERVAL, .miimon_ms = 1,
					   .arp_interval_ms = 1 }) }, 1, -EINVAL, "bond x0", "arp_ip_target", "" },
	{ "vlan 4096", { NAMED(VLAN, "x0", WEIR_LINK_LOWER, .lower = LOW, .vlan = { .has = WEIR_VLAN_ID, .id = 4096 }) }, 1,
	  -ERANGE, "vlan x0", "id", "4096 is outside 0..4094" },
	{ "an MTU above the base's",
	  { NAMED(VLAN, "x0", WEIR_LINK_LOWER | WEIR_LINK_MTU, .lower = LOW, .mtu = 1501,
		  .vlan = { .has = WEIR_VLAN_ID, .id = 5 }) }, 1, -EINVAL, "vlan x0", "mtu",
	  "1501 is above the 1500 of low0, the link below" },
	{ "an MTU above the base's to come",
	  { NAMED(MACVLAN, "x0", WEIR_LINK_LOWER | WEIR_LINK_MTU, .lower = 2001, .mtu = 1500),
	    NAMED(IFB, "x1", WEIR_LINK_IFINDEX | WEIR_LINK_MTU, .ifindex = 2001, .mtu = 1400) }, 2, -EINVAL, "macvlan x0",
	  "mtu", "1500 is above the 1400 of x1" },
	{ "a name of another kind", { NAMED(BOND, "low0", 0) }, 1, -EEXIST, "bond low0", "kind",
	  "the name is taken by a ifb" },
	{ "a name of another index", { NAMED(IFB, "low0", WEIR_LINK_IFINDEX, .ifindex = 2000) }, 1, -EEXIST, "ifb low0",
	  "ifindex", "the name is taken by link 1000" },
	{ "a multicast address", { NAMED(IFB, "low0", WEIR_LINK_MAC, .mac = { 1, 2, 3, 4, 5, 6 }) }, 1, -EADDRNOTAVAIL,
	  "ifb low0", "address", "multicast" },
	{ "a master that takes no ports", { NAMED(BRIDGE, "x0", WEIR_LINK_MASTER, .master = LOW) }, 1, -EOPNOTSUPP,
	  "bridge x0", "master", "low0 takes no ports: it is a ifb" },
	{ "a bridge in a bridge", { NAMED(BRIDGE, "x0", WEIR_LINK_MASTER, .master = MAIN_BR) }, 1, -ELOOP, "bridge x0",
	  "master", "br9 is a bridge, and a bridge is no port of a bridge" },
	{ "a bond's settings in a bridge",
	  { NAMED(IFB, "x0", WEIR_LINK_MASTER, .master = MAIN_BR, .bond_port = { .has = WEIR_BOND_PORT_QUEUE }) }, 1,
	  -EINVAL, "ifb x0", "port", "has settings of a bond's port, but br9 is a bridge" },
	{ "settings of no port", { NAMED(IFB, "low0", 0, .port = { .has = WEIR_PORT_FLOOD }) }, 1, -EINVAL, "ifb low0", "port",
	  "there is no master" },
	{ "a primary port of nobody",
	  { NAMED(BOND, "x0", 0, .bond = { .has = WEIR_BOND_MODE | WEIR_BOND_PRIMARY, .mode = 1, .primary = 2001 }),
	    NAMED(IFB, "x1", WEIR_LINK_IFINDEX, .ifindex = 2001) }, 2, -EINVAL, "bond x0", "primary", "x1 is no port of it" },
	{ "a bond's port that is down",
	  { NAMED(BOND, "x0", WEIR_LINK_IFINDEX, .ifindex = 2000), NAMED(IFB, "x1", WEIR_LINK_MASTER | WEIR_LINK_UP,
									.master = 2000) }, 2, -EINVAL, "ifb x1", "up",
	  "x0 is a bond, which brings its ports up" },
	{ "a bond's port of another MTU",
	  { NAMED(BOND, "x0", WEIR_LINK_IFINDEX | WEIR_LINK_MTU, .ifindex = 2000, .mtu = 9000),
	    NAMED(IFB, "x1", WEIR_LINK_MASTER | WEIR_LINK_MTU, .master = 2000, .mtu = 1500) }, 2, -EINVAL, "ifb x1", "mtu",
	  "1500 is not the 9000 of x0" },
	{ "a vlan that is up over what is down",
	  { NAMED(VLAN, "x0", WEIR_LINK_LOWER | WEIR_LINK_UP, .lower = MAIN_BR, .is_up = true,
		  .vlan = { .has = WEIR_VLAN_ID, .id = 5 }) }, 1, -ENETDOWN, "vlan x0", "up", "br9, the link below, is down" },
	{ "another link below",
	  { NAMED(MACVLAN, "mv0", WEIR_LINK_LOWER, .lower = MAIN_BR) }, 1, -EOPNOTSUPP, "macvlan mv0", "link",
	  "cannot change while the link lives: 1001 instead of 1000" },
	{ "no name and no index", { { .sz = sizeof(struct weir_link), .kind = WEIR_LINK_IFB } }, 1, -EINVAL, "link 0", "name",
	  "is missing" },
};

static void what_cannot_be_is_refused(void **state)
{
	json_t *before;

	own_sh("ip link add mv0 index 1005 link low0 type macvlan mode bridge && ip link add br8 index 1006 type bridge");
	before = all_links();
	for (size_t i = 0; i < WR_COUNT(impossibles); i++) {
		const struct impossible *c = &impossibles[i];
		struct weir_error err = WEIR_ERROR_INIT;
		struct weir_txn *t = begin();
		struct weir_link l[3];
		int r;

		memcpy(l, c->set, sizeof(l));
		r = weir_txn_links(t, l, c->n);
		assert_int_equal(t->n_steps, 0);
		weir_txn_error(t, &err);
		if (r != c->code || err.code != r || err.stage != WEIR_STAGE_INPUT || !strstr(err.msg, c->says) ||
		    (*c->object && strcmp(err.object, c->object) != 0) || (*c->attr && strcmp(err.attr, c->attr) != 0))
			fail_msg("%s: %d \"%s\" \"%s\": %s", c->name, r, err.object, err.attr, err.msg);
		weir_txn_abort(t);
	}
	same_links(before, "refusals");
	json_decref(before);
}

/* --- random topologies ------------------------------------------------------------------------ */

#define N_BASES 5
#define N_BONDS 2
#define N_BRIDGES 2
#define N_UPPERS 4
#define MOST (N_BASES + N_BONDS + N_BRIDGES + N_UPPERS)

static uint32_t seed;

static uint32_t chance(uint32_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 17;
	seed ^= seed << 5;
	return seed % n;
}

/* Kinds and what cannot change go by the name, so that one topology can follow another. */
struct topology {
	struct weir_link links[MOST];
	size_t n;
	uint32_t bridges[N_BRIDGES], bonds[N_BONDS], bases[N_BASES];
};

static uint32_t index_by_name(struct weir_txn *t, const char *name)
{
	struct weir_link l = { .sz = sizeof(l) };

	return weir_link_get(w, 0, name, &l, NULL) ? (uint32_t)weir_txn_link_index(t) : (uint32_t)l.ifindex;
}

static struct weir_link *more(struct topology *o, enum weir_link_kind kind, uint32_t ifindex, const char *prefix, int i)
{
	struct weir_link *l = &o->links[o->n++];

	*l = (struct weir_link){ .sz = sizeof(*l), .kind = kind, .ifindex = (int)ifindex,
				 .has = WEIR_LINK_NAME | WEIR_LINK_IFINDEX };
	snprintf(l->name, sizeof(l->name), "%s%d", prefix, i);
	return l;
}

static void set_mac(struct weir_link *l, uint8_t kind, int i)
{
	const uint8_t mac[6] = { 0x52, 0x54, 0, kind, (uint8_t)i, (uint8_t)chance(3) };

	memcpy(l->mac, mac, 6);
	l->has |= WEIR_LINK_MAC;
}

static void random_port(struct weir_link *l)
{
	l->port.has = chance(1 << 13) & (WEIR_PORT_ISOLATED | WEIR_PORT_LEARNING | WEIR_PORT_FLOOD | WEIR_PORT_COST |
					 WEIR_PORT_HAIRPIN);
	l->port.isolated = chance(2);
	l->port.learning = chance(2);
	l->port.flood = chance(2);
	l->port.hairpin = chance(2);
	l->port.cost = 1 + chance(100);
}

static void random_bridge(struct topology *o, int i)
{
	struct weir_link *l = more(o, WEIR_LINK_BRIDGE, o->bridges[i], "tbr", i);

	set_mac(l, 1, i);
	l->has |= WEIR_LINK_UP | (chance(2) ? WEIR_LINK_ALIAS : 0);
	l->is_up = chance(2);
	snprintf(l->alias, sizeof(l->alias), "alias %u", chance(4));
	l->bridge.has = chance(1 << 13) & (WEIR_BRIDGE_AGEING_TIME | WEIR_BRIDGE_PRIORITY | WEIR_BRIDGE_MCAST_SNOOPING);
	l->bridge.ageing_time_cs = 1000 * (1 + chance(9));
	l->bridge.priority = (uint16_t)(4096 * chance(4));
	l->bridge.mcast_snooping = chance(2);
}

static void random_bond(struct topology *o, int i)
{
	struct weir_link *l = more(o, WEIR_LINK_BOND, o->bonds[i], "tbo", i);

	set_mac(l, 2, i);
	l->has |= WEIR_LINK_UP | WEIR_LINK_MASTER;
	l->is_up = true;
	l->master = chance(2) ? 0 : o->bridges[chance(N_BRIDGES)];
	l->bond.has = WEIR_BOND_MODE | WEIR_BOND_MIIMON | (chance(1 << 30) & (WEIR_BOND_RESEND_IGMP | WEIR_BOND_MIN_LINKS));
	l->bond.mode = (uint8_t)chance(7);
	l->bond.miimon_ms = 50 * (1 + chance(3));
	l->bond.resend_igmp = chance(9);
	l->bond.min_links = chance(3);
	if (l->bond.mode == WEIR_BOND_802_3AD) {
		l->bond.has |= WEIR_BOND_LACP_RATE | WEIR_BOND_AD_SELECT;
		l->bond.lacp_rate = (uint8_t)chance(2);
		l->bond.ad_select = (uint8_t)chance(3);
	}
}

static void random_base(struct topology *o, int i)
{
	struct weir_link *l = more(o, has_dummy ? WEIR_LINK_DUMMY : WEIR_LINK_IFB, o->bases[i], "tba", i);
	uint32_t where = chance(3);

	l->has |= WEIR_LINK_MASTER;
	if (where == 1)
		l->master = o->bridges[chance(N_BRIDGES)];
	if (where == 1)
		random_port(l);
	if (where == 2 && has_bond) {
		l->master = o->bonds[chance(N_BONDS)];
		l->bond_port = (struct weir_bond_port){ .has = WEIR_BOND_PORT_QUEUE, .queue_id = (uint16_t)(i + 1) };
		return;
	}
	l->has |= WEIR_LINK_UP | (chance(2) ? WEIR_LINK_TXQUEUELEN : 0);
	l->is_up = chance(2);
	l->txqueuelen = 100 + chance(3);
}

/* On a bond, or on the ifb that is always up. */
static void random_upper(struct weir_txn *t, struct topology *o, int i)
{
	bool vlan = has_vlan && i % 2;
	struct weir_link *l = more(o, vlan ? WEIR_LINK_VLAN : WEIR_LINK_MACVLAN, 0, "tup", i);

	l->ifindex = (int)index_by_name(t, l->name);
	l->has |= WEIR_LINK_LOWER | WEIR_LINK_MASTER | WEIR_LINK_UP | WEIR_LINK_MTU;
	l->lower = vlan && has_bond ? o->bonds[i / 2 % N_BONDS] : LOW;
	l->master = chance(2) ? 0 : o->bridges[chance(N_BRIDGES)];
	l->is_up = chance(2);
	l->mtu = 1280 + 10 * chance(20);
	if (l->master)
		random_port(l);
	if (!vlan) {
		set_mac(l, 3, i);
		l->macvlan = (struct weir_macvlan){ .has = WEIR_MACVLAN_MODE, .mode = 1u << chance(3) };
		return;
	}
	l->vlan = (struct weir_vlan){ .has = WEIR_VLAN_ID | WEIR_VLAN_REORDER_HDR | WEIR_VLAN_EGRESS_QOS,
				      .id = (uint16_t)(10 + i), .reorder_hdr = chance(2),
				      .egress_qos = { 1, { { 3, chance(8) } } } };
}

static void random_topology(struct weir_txn *t, struct topology *o)
{
	char name[16];

	memset(o, 0, sizeof(*o));
	for (int i = 0; i < N_BRIDGES; i++) {
		snprintf(name, sizeof(name), "tbr%d", i);
		o->bridges[i] = index_by_name(t, name);
		random_bridge(o, i);
	}
	for (int i = 0; i < N_BONDS && has_bond; i++) {
		snprintf(name, sizeof(name), "tbo%d", i);
		o->bonds[i] = index_by_name(t, name);
		random_bond(o, i);
	}
	for (int i = 0; i < N_BASES; i++) {
		snprintf(name, sizeof(name), "tba%d", i);
		o->bases[i] = index_by_name(t, name);
		if (chance(4))
			random_base(o, i);
	}
	for (int i = 0; i < N_UPPERS; i++)
		if (chance(4))
			random_upper(t, o, i);
	shuffle(o->links, o->n, chance(1u << 30));
}

/*
 * Without what follows from the kernel's own moves: the addresses of a bond's
 * ports (balance-alb hands them round), those that vlans take over, promiscuity.
 */
static json_t *steady_links(void)
{
	json_t *all = all_links(), *l;
	size_t i;

	json_array_foreach(all, i, l) {
		json_t *info = json_object_get(l, "linkinfo");
		const char *kind = json_string_value(json_object_get(info, "info_kind"));
		const char *port = json_string_value(json_object_get(info, "info_slave_kind"));

		json_object_del(l, "promiscuity");
		if ((kind && !strcmp(kind, "vlan")) || (port && !strcmp(port, "bond")))
			json_object_del(l, "address");
	}
	return all;
}

static void one_after_another(struct topology *o, const char *what)
{
	struct weir_txn *t;
	json_t *before = steady_links(), *after;

	t = begin();
	random_topology(t, o);
	weir_txn_links(t, o->links, o->n);
	commit_and_fail(t, what);
	after = steady_links();
	same_json(before, after, what);
	json_decref(after);
	t = begin();
	weir_txn_links(t, o->links, o->n);
	commit(t, what);
	read_all(o->links, o->n, what);
	is_nothing_to_do(o->links, o->n, what);
	json_decref(before);
}

/* The same ones each time, so that a failure is a change's; WEIR_TEST_SEED gives others. */
static void random_topologies_follow_each_other(void **state)
{
	const char *given = getenv("WEIR_TEST_SEED"), *stride = getenv("WEIR_TEST_STRIDE");
	int rounds = stride ? 2 : 20;
	json_t *empty = all_links();
	struct topology o;

	seed = given ? (uint32_t)strtoul(given, NULL, 0) : 20261126;
	print_message("WEIR_TEST_SEED=%u, %d topologies, each on four before it\n", seed, 5 * rounds);
	for (int i = 0; i < rounds; i++) {
		for (int k = 0; k < 5; k++) {
			char what[64];

			snprintf(what, sizeof(what), "seed %u, topology %d.%d", seed, i, k);
			one_after_another(&o, what);
		}
		own_sh("for i in $(ip -br link | sed -n 's/^\\(t[bu][a-z][0-9]*\\)[@ ].*/\\1/p'); do"
		       " ip link del $i 2>/dev/null; done; true");
		same_links(empty, "all are gone");
	}
	json_decref(empty);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, own_teardown)
		TEST(stacks_in_any_order),
		TEST(bonds_that_live_are_changed),
		TEST(what_cannot_be_is_refused),
		TEST(random_topologies_follow_each_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
