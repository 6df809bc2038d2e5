/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Links in a real kernel (lib/link): each kind is made, changed, the change taken
 * back, and deleted; after each step three readers look at it, of which two are
 * not ours: libnl-route-3, and `ip -d -j link`. Then what is particular: pinned
 * MTUs, taps and their queues, pairs between namespaces, what the kernel refuses.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "lib_link.h"
#include "link/kinds.h"
#include "txn/txn.h"

/* --- the life of each kind --------------------------------------------------------------------------- */

static const struct life lives[] = {
	{ "a bridge, bare", NEW(BRIDGE, 0), CHANGE(BRIDGE, WEIR_LINK_UP, .is_up = true) },
	{ "a bridge with everything but vlans",
	  NEW(BRIDGE, COMMON, MAC(3), .mtu = 1400, .txqueuelen = 77, .group = 9, .alias = "one two", .is_up = true,
	      .addr_gen_mode = WEIR_ADDR_GEN_NONE,
	      .bridge = { .has = WEIR_BRIDGE_FORWARD_DELAY | WEIR_BRIDGE_HELLO_TIME | WEIR_BRIDGE_MAX_AGE |
				 WEIR_BRIDGE_AGEING_TIME | WEIR_BRIDGE_STP | WEIR_BRIDGE_PRIORITY |
				 WEIR_BRIDGE_GROUP_FWD_MASK | WEIR_BRIDGE_MCAST_SNOOPING |
				 WEIR_BRIDGE_MCAST_QUERIER | WEIR_BRIDGE_NF_CALL_IPTABLES,
			  .forward_delay_cs = 300, .hello_time_cs = 400, .max_age_cs = 1000,
			  .ageing_time_cs = 60000, .priority = 4096, .group_fwd_mask = 0x4008,
			  .mcast_querier = true, .nf_call_iptables = true }),
	  CHANGE(BRIDGE, COMMON, MAC(4), .mtu = 1300, .txqueuelen = 78, .group = 10, .alias = "three",
		 .bridge = { .has = WEIR_BRIDGE_FORWARD_DELAY | WEIR_BRIDGE_STP | WEIR_BRIDGE_PRIORITY |
				    WEIR_BRIDGE_MCAST_SNOOPING | WEIR_BRIDGE_AGEING_TIME,
			     .forward_delay_cs = 500, .stp = true, .priority = 8192,
			     .mcast_snooping = true, .ageing_time_cs = 100 }) },
	{ "an ifb", NEW(IFB, COMMON | WEIR_LINK_NUM_TX_QUEUES, MAC(5), .mtu = 1400, .txqueuelen = 256, .group = 5,
			.alias = "a", .num_tx_queues = 2, .is_up = true),
	  CHANGE(IFB, COMMON & ~WEIR_LINK_MAC, .mtu = 1500, .txqueuelen = 32, .group = 0, .addr_gen_mode = 1) },
	{ "a pair", NEW(VETH, COMMON, MAC(7), .mtu = 1400, .txqueuelen = 1, .group = 3, .alias = "b", PEER),
	  CHANGE(VETH, COMMON, MAC(8), .mtu = 9000, .txqueuelen = 2, .group = 4, .is_up = true,
		 .addr_gen_mode = 1) },
	{ "a port", NEW(VETH, WEIR_LINK_MASTER, .master = MAIN_BR, PEER),
	  CHANGE(VETH, 0, .port = { .has = ALL_PORT, .cost = 10, .priority = 20, .hairpin = true,
				    .bpdu_guard = true, .root_block = true, .fastleave = true,
				    .neigh_suppress = true, .isolated = true, .locked = true }) },
	{ "a port with settings",
	  NEW(VETH, WEIR_LINK_MASTER, .master = MAIN_BR, PEER,
	      .port = { .has = ALL_PORT, .cost = 7, .priority = 63, .learning = true, .flood = true,
			.isolated = true, .mcast_flood = true }),
	  CHANGE(VETH, 0, .port = { .has = WEIR_PORT_ISOLATED | WEIR_PORT_BCAST_FLOOD | WEIR_PORT_COST,
				    .cost = 8, .bcast_flood = true }) },
	{ "a pair that becomes a port", NEW(VETH, 0, PEER),
	  CHANGE(VETH, WEIR_LINK_MASTER | WEIR_LINK_UP, .master = MAIN_BR, .is_up = true,
		 .port = { .has = WEIR_PORT_ISOLATED | WEIR_PORT_LEARNING, .isolated = true }) },
	{ "a macvlan", NEW(MACVLAN, WEIR_LINK_LOWER | WEIR_LINK_MAC | WEIR_LINK_UP, .lower = LOW, MAC(9),
			   .is_up = true, .macvlan = { .has = WEIR_MACVLAN_MODE, .mode = 1 }),
	  CHANGE(MACVLAN, WEIR_LINK_MAC, MAC(10), .macvlan = { .has = WEIR_MACVLAN_MODE, .mode = 4 }) },
	{ "a macvlan to the switch", NEW(MACVLAN, WEIR_LINK_LOWER, .lower = LOW,
					 .macvlan = { .has = WEIR_MACVLAN_MODE, .mode = 2 }),
	  CHANGE(MACVLAN, WEIR_LINK_ALIAS, .alias = "c") },
	{ "a macvlan by sources", NEW(MACVLAN, WEIR_LINK_LOWER, .lower = LOW,
				      .macvlan = { .has = WEIR_MACVLAN_MODE, .mode = 16 }),
	  CHANGE(MACVLAN, WEIR_LINK_MTU, .mtu = 1280) },
	{ "a macvlan alone", NEW(MACVLAN, WEIR_LINK_LOWER, .lower = LOW,
				 .macvlan = { .has = WEIR_MACVLAN_MODE | WEIR_MACVLAN_FLAGS, .mode = 8,
					      .flags = 1 }),
	  CHANGE(MACVLAN, WEIR_LINK_UP, .is_up = true) },
	{ "a macvtap", NEW(MACVTAP, WEIR_LINK_LOWER | WEIR_LINK_MAC, .lower = LOW, MAC(11),
			   .macvlan = { .has = WEIR_MACVLAN_MODE, .mode = 4 }),
	  CHANGE(MACVTAP, WEIR_LINK_MTU | WEIR_LINK_UP, .mtu = 1400, .is_up = true,
		 .macvlan = { .has = WEIR_MACVLAN_MODE, .mode = 2 }) },
	{ "a tap", NEW(TUN, COMMON | WEIR_LINK_MASTER, MAC(12), .mtu = 1400, .txqueuelen = 100, .group = 6,
		       .alias = "d", .master = MAIN_BR, .is_up = true,
		       .port = { .has = WEIR_PORT_ISOLATED, .isolated = true }),
	  CHANGE(TUN, WEIR_LINK_MTU | WEIR_LINK_UP | WEIR_LINK_MASTER, .mtu = 1500) },
};

static void every_kind_lives_and_dies(void **state)
{
	for (size_t i = 0; i < WR_COUNT(lives); i++)
		if (lives[i].add.kind != WEIR_LINK_TUN)
			live(&lives[i]);
}

static void need_tun(void)
{
	if (!own_can_tap())
		own_skip("/dev/net/tun cannot be opened");
}

static void taps_live_and_die(void **state)
{
	need_tun();
	for (size_t i = 0; i < WR_COUNT(lives); i++)
		if (lives[i].add.kind == WEIR_LINK_TUN)
			live(&lives[i]);
}

/* Vlans are an option of the kernel's of their own. */
static void a_bridge_with_vlans(void **state)
{
	static const struct life life = {
		"a bridge with vlans",
		NEW(BRIDGE, 0, .bridge = { .has = WEIR_BRIDGE_VLAN_FILTERING | WEIR_BRIDGE_VLAN_PROTOCOL |
						  WEIR_BRIDGE_DEFAULT_PVID,
					   .vlan_filtering = true, .vlan_protocol = 0x88a8,
					   .vlan_default_pvid = 5 }),
		CHANGE(BRIDGE, 0, .bridge = { .has = WEIR_BRIDGE_VLAN_FILTERING | WEIR_BRIDGE_VLAN_PROTOCOL |
						     WEIR_BRIDGE_DEFAULT_PVID,
					      .vlan_protocol = 0x8100, .vlan_default_pvid = 0 }),
	};

	if (!own_try("ip link add vlans type bridge vlan_filtering 1 && ip link del vlans"))
		own_skip("the kernel lacks CONFIG_BRIDGE_VLAN_FILTERING");
	live(&life);
}

/* --- bridges --------------------------------------------------------------------------------------------- */

/* A bridge whose MTU was given keeps it, whatever ports come. */
static void the_mtu_of_a_bridge_is_pinned(void **state)
{
	static const uint32_t mtus[] = { 1280, 1500, 1501, 9000 };

	for (size_t i = 0; i < WR_COUNT(mtus); i++) {
		struct weir_link br = NEW(BRIDGE, WEIR_LINK_MTU, .mtu = mtus[i]);
		struct weir_link port = NAMED(VETH, "p0", WEIR_LINK_MTU | WEIR_LINK_MASTER,
					      .veth = { .has = WEIR_VETH_PEER_NAME, .peer_name = "p1" });
		struct weir_txn *t = begin();
		int br_index = weir_txn_link_add(t, &br);

		port.mtu = mtus[i] == 1280 ? 9000 : 1281;
		port.master = (uint32_t)br_index;
		weir_txn_link_add(t, &port);
		commit(t, "a pinned bridge");
		assert_int_equal(get("x0").mtu, mtus[i]);
		assert_int_equal(get("p0").mtu, port.mtu);
		t = begin();
		weir_txn_link_del(t, br_index, "x0");
		weir_txn_link_del(t, get("p0").ifindex, "p0");
		commit(t, "delete");
	}
}

/* A port that moves loses its settings in the kernel; going back must bring them back. */
static void a_move_that_is_undone_brings_settings_back(void **state)
{
	struct weir_link move = CHANGE(VETH, WEIR_LINK_IFINDEX | WEIR_LINK_MASTER);
	json_t *before;
	struct weir_txn *t;

	own_sh("ip link add br8 address 52:54:00:00:10:08 type bridge && "
	       "ip link add p0 type veth peer name p1 && ip link set p0 master br9 && "
	       "ip link set p0 type bridge_slave isolated on learning off cost 99 hairpin on");
	before = all_links();
	move.ifindex = get("p0").ifindex;
	move.master = (uint32_t)get("br8").ifindex;
	t = begin();
	weir_txn_link_set(t, &move);
	commit_and_fail(t, "another bridge");
	same_links(before, "another bridge");
	move.master = 0;
	t = begin();
	weir_txn_link_set(t, &move);
	commit_and_fail(t, "no bridge");
	same_links(before, "no bridge");
	json_decref(before);
}

/* Turning STP on makes 200 of a delay of 0; which it takes back only once STP is off. */
static void stp_that_is_undone_gives_back_the_delay(void **state)
{
	static const struct {
		const char *before;
		struct weir_bridge set;
	} cases[] = {
		{ "stp_state 0 forward_delay 0", { .has = WEIR_BRIDGE_STP, .stp = true } },
		{ "stp_state 0 forward_delay 0",
		  { .has = WEIR_BRIDGE_STP | WEIR_BRIDGE_FORWARD_DELAY, .stp = true, .forward_delay_cs = 400 } },
		{ "stp_state 0 forward_delay 4000", { .has = WEIR_BRIDGE_STP, .stp = true } },
		{ "stp_state 1 forward_delay 300",
		  { .has = WEIR_BRIDGE_STP | WEIR_BRIDGE_FORWARD_DELAY, .forward_delay_cs = 0 } },
		{ "stp_state 1 forward_delay 300", { .has = WEIR_BRIDGE_STP } },
	};

	for (size_t i = 0; i < WR_COUNT(cases); i++) {
		struct weir_link set = CHANGE(BRIDGE, WEIR_LINK_IFINDEX, .bridge = cases[i].set);
		struct weir_txn *t;
		json_t *before;

		/* Off first: a new delay is refused while STP is on. */
		own_sh("ip link set br9 type bridge stp_state 0 && ip link set br9 type bridge %s",
		       cases[i].before);
		before = all_links();
		set.ifindex = MAIN_BR;
		t = begin();
		weir_txn_link_set(t, &set);
		commit_and_fail(t, cases[i].before);
		same_links(before, cases[i].before);
		json_decref(before);
	}
}

/* What the kernel did of a change before it refused the rest of it. */
static void refused_changes_are_taken_back(void **state)
{
	static const struct {
		const char *name;
		struct weir_link set;
		int code;
	} cases[] = {
		{ "an address that cannot change",
		  CHANGE(IFB, WEIR_LINK_IFINDEX | WEIR_LINK_MAC | WEIR_LINK_MTU, .ifindex = LOW, MAC(1), .mtu = 1400),
		  -EOPNOTSUPP },
		{ "a master that takes no ports",
		  CHANGE(IFB, WEIR_LINK_IFINDEX | WEIR_LINK_MTU | WEIR_LINK_ALIAS | WEIR_LINK_UP | WEIR_LINK_MASTER,
			 .ifindex = LOW, .mtu = 1400, .alias = "half", .master = 1), -EOPNOTSUPP },
		{ "with settings of a port",
		  CHANGE(IFB, WEIR_LINK_IFINDEX | WEIR_LINK_MASTER | WEIR_LINK_GROUP_SET, .ifindex = LOW,
			 .group = 8, .master = 1, .port = { .has = WEIR_PORT_FLOOD }), -EOPNOTSUPP },
		{ "a delay that STP does not take",
		  CHANGE(BRIDGE, WEIR_LINK_IFINDEX | WEIR_LINK_ALIAS, .ifindex = MAIN_BR, .alias = "half",
			 .bridge = { .has = WEIR_BRIDGE_HELLO_TIME | WEIR_BRIDGE_MAX_AGE, .hello_time_cs = 300,
				     .max_age_cs = 1 }), -ERANGE },
	};
	char dir[] = "/tmp/weir-link-XXXXXX";
	struct weir_options opts = { .sz = sizeof(opts), .state_dir = mkdtemp(dir) };
	json_t *before;

	assert_non_null(opts.state_dir);
	weir_close(w);
	assert_int_equal(weir_open(&opts, &w, NULL), 0);
	own_sh("ip link set br9 type bridge stp_state 1");
	before = all_links();
	for (size_t i = 0; i < WR_COUNT(cases); i++) {
		struct weir_error err = WEIR_ERROR_INIT;
		struct weir_txn *t = begin();

		weir_txn_link_set(t, &cases[i].set);
		if (weir_txn_commit(t, &err) != cases[i].code || strstr(err.msg, "undoing"))
			fail_msg("%s: %d: %s", cases[i].name, err.code, err.msg);
		same_links(before, cases[i].name);
		/* Nothing is left that the next transaction would try to undo. */
		assert_int_equal(weir_recover(w, NULL), 0);
	}
	json_decref(before);
	own_sh("rm -r %s", dir);
}

/* --- names, aliases, groups ------------------------------------------------------------------------------- */

static void aliases_of_every_length(void **state)
{
	struct weir_link l = NEW(IFB, WEIR_LINK_ALIAS);
	size_t lengths[] = { 1, 254, 255 };
	struct weir_txn *t;

	for (size_t i = 0; i < WR_COUNT(lengths); i++) {
		memset(l.alias, 0, sizeof(l.alias));
		memset(l.alias, 'a', lengths[i]);
		t = begin();
		weir_txn_link_add(t, &l);
		commit(t, "an alias");
		read_by_all(&l, "an alias");
		/* An empty one takes it away. */
		l.ifindex = get("x0").ifindex;
		l.has |= WEIR_LINK_IFINDEX;
		memset(l.alias, 0, sizeof(l.alias));
		t = begin();
		weir_txn_link_set(t, &l);
		commit(t, "no alias");
		assert_false(get("x0").has & WEIR_LINK_ALIAS);
		read_by_ip(&l, "no alias");
		t = begin();
		weir_txn_link_del(t, l.ifindex, "x0");
		commit(t, "delete");
		l.has &= ~WEIR_LINK_IFINDEX;
	}
}

static void no_ipv6_addresses_appear(void **state)
{
	struct weir_link quiet = NEW(VETH, WEIR_LINK_UP | WEIR_LINK_ADDR_GEN_MODE, .is_up = true,
				     .addr_gen_mode = WEIR_ADDR_GEN_NONE,
				     .veth = { .has = WEIR_VETH_PEER_NAME, .peer_name = "x1", .peer_up = true });
	struct weir_link loud = NAMED(VETH, "y0", WEIR_LINK_UP, .is_up = true,
				      .veth = { .has = WEIR_VETH_PEER_NAME, .peer_name = "y1", .peer_up = true });
	struct weir_txn *t = begin();
	json_t *j;

	weir_txn_link_add(t, &quiet);
	weir_txn_link_add(t, &loud);
	commit(t, "pairs");
	/* Both are up and ready: where one has an address, the other would have it too. */
	for (int i = 0; !own_try("ip -6 addr show dev y0 | grep -q fe80"); i++)
		assert_in_range(i, 0, 1000);
	j = own_json("ip -6 -j addr show dev x0");
	assert_null(json_object_get(json_array_get(j, 0), "addr_info"));
	json_decref(j);
}

/* Found by index, by name and by the names that people gave it besides. */
static void links_have_many_names(void **state)
{
	static const char longest[] = "a-name-that-is-longer-than-a-link-may-have";
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_link l = { .sz = sizeof(l) };

	own_sh("ip link property add dev low0 altname %s", longest);
	assert_int_equal(weir_link_get(w, LOW, NULL, &l, NULL), 0);
	assert_string_equal(l.name, "low0");
	assert_int_equal(weir_link_get(w, 0, "low0", &l, NULL), 0);
	assert_int_equal(l.ifindex, LOW);
	assert_int_equal(weir_link_get(w, 0, longest, &l, NULL), 0);
	assert_int_equal(l.ifindex, LOW);
	assert_int_equal(weir_link_get(w, 0, "none", &l, &err), -ENODEV);
	assert_string_equal(err.object, "link none");
	assert_int_equal(weir_link_get(w, 99999, NULL, &l, &err), -ENODEV);
	assert_string_equal(err.object, "link 99999");
	assert_int_equal(weir_link_get(w, 0, "a-name-that-nobody-has-and-is-long", &l, &err), -ENODEV);
}

/* Who was compiled when a link had fewer members gets those, and who forgot to say so is told. */
static void as_much_of_a_link_as_the_caller_knows(void **state)
{
	const size_t known = offsetof(struct weir_link, mtu);
	struct weir_link l = { .sz = known, .mtu = 4711, .alias = "mine" }, none = { .sz = 0 };
	struct weir_error err = WEIR_ERROR_INIT;

	assert_int_equal(weir_link_get(w, LOW, NULL, &l, NULL), 0);
	assert_string_equal(l.name, "low0");
	assert_int_equal(l.sz, known);
	assert_int_equal(l.mtu, 4711);
	assert_string_equal(l.alias, "mine");
	assert_int_equal(weir_link_get(w, LOW, NULL, &none, &err), -EINVAL);
	assert_string_equal(err.attr, "sz");
}

/* One by one: what is there already is no step, and an undo takes back no more than was done. */
static void sources_come_and_go_one_by_one(void **state)
{
	static const uint8_t one[6] = { 0x52, 0x54, 0, 0, 0, 1 }, two[6] = { 0x52, 0x54, 0, 0, 0, 2 };
	struct weir_link mv;
	struct weir_txn *t;
	json_t *before;

	own_sh("ip link add mv0 link low0 type macvlan mode source macaddr set 52:54:00:00:00:01");
	before = all_links();
	mv = get("mv0");
	for (int fails = 1; fails >= 0; fails--) {
		t = begin();
		weir_txn_macvlan_source_add(t, mv.ifindex, one);
		assert_int_equal(t->n_steps, 0);
		weir_txn_macvlan_source_add(t, mv.ifindex, two);
		weir_txn_macvlan_source_del(t, mv.ifindex, one);
		if (!fails)
			break;
		commit_and_fail(t, "sources");
		same_links(before, "sources");
	}
	commit(t, "sources");
	mv = get("mv0");
	assert_int_equal(mv.macvlan.n_sources, 1);
	assert_memory_equal(mv.macvlan.sources.macs[0], two, 6);
	t = begin();
	assert_int_equal(weir_txn_macvlan_source_add(t, LOW, one), -EINVAL);
	weir_txn_abort(t);
	json_decref(before);
}

/* A list that is longer than an undo could bring back is left alone. */
static void too_many_sources_are_left_alone(void **state)
{
	struct weir_link set = CHANGE(MACVLAN, WEIR_LINK_IFINDEX, .macvlan = { .has = WEIR_MACVLAN_SOURCES });
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_txn *t;

	own_sh("ip link add mv0 link low0 type macvlan mode source && for i in $(seq 10 74); do "
	       "echo link set mv0 type macvlan macaddr add 52:54:00:00:00:$i; done | ip -batch -");
	set.ifindex = get("mv0").ifindex;
	assert_int_equal(get("mv0").macvlan.n_sources, 65);
	assert_int_equal(get("mv0").macvlan.sources.n, 64);
	t = begin();
	weir_txn_link_set(t, &set);
	assert_int_equal(weir_txn_commit(t, &err), -E2BIG);
	assert_int_equal(get("mv0").macvlan.n_sources, 65);
}

/* --- lists -------------------------------------------------------------------------------------------------- */

static bool listed(const struct weir_link *links, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(links[i].name, name))
			return true;
	return false;
}

static void lists_are_filtered(void **state)
{
#define FILTER(...) { .sz = sizeof(struct weir_link_filter), ##__VA_ARGS__ }
	static const struct {
		const char *what;
		struct weir_link_filter filter;
		size_t n;	/* 0: as many as ip shows */
		const char *has, *has_not;
	} cases[] = {
		{ "all", FILTER(), 0, "lo", "none" },
		{ "ports of a bridge", FILTER(.master = MAIN_BR), 2, "p0", "q1" },
		{ "bridges", FILTER(.kind = "bridge"), 2, "br8", "p0" },
		{ "pairs", FILTER(.kind = "veth"), 4, "q1", "br8" },
		{ "pairs that are ports", FILTER(.kind = "veth", .master = MAIN_BR), 2, "p1", "q1" },
		{ "a group", FILTER(.group = 42), 2, "q0", "p0" },
		{ "a group of a kind", FILTER(.group = 42, .kind = "ifb"), 1, "low0", "q0" },
		{ "a group nobody is in", FILTER(.group = 43), SIZE_MAX, "", "lo" },
		{ "a kind that nobody is", FILTER(.kind = "macvtap"), SIZE_MAX, "", "lo" },
	};
	json_t *all;

	own_sh("ip link add br8 type bridge && ip link add p0 type veth peer name p1 && "
	       "ip link set p0 master br9 && ip link set p1 master br9 && "
	       "ip link add q0 group 42 type veth peer name q1 && ip link set q1 master br8 && "
	       "ip link set low0 group 42");
	all = own_json("ip -j link show");
	for (size_t i = 0; i < WR_COUNT(cases); i++) {
		struct weir_counters before = { .sz = sizeof(before) }, after = { .sz = sizeof(after) };
		size_t n = 99, want = cases[i].n ? cases[i].n : json_array_size(all);
		struct weir_link *links = NULL;

		weir_get_counters(w, &before);
		assert_int_equal(weir_link_list(w, &cases[i].filter, &links, &n, NULL), 0);
		weir_get_counters(w, &after);
		want = want == SIZE_MAX ? 0 : want;
		if (n != want || (want && !listed(links, n, cases[i].has)) ||
		    listed(links, n, cases[i].has_not))
			fail_msg("%s: %zu links", cases[i].what, n);
		assert_int_equal(after.n_sends - before.n_sends, 1);
		free(links);
	}
	json_decref(all);
}

/* A kernel that has no such kind, or not yet loaded its module, does not filter by it. */
static void kinds_that_the_kernel_does_not_know(void **state)
{
	struct weir_link_filter filter = FILTER(.kind = "nonsense");
	struct weir_link *links = NULL;
	size_t n = 99;

	assert_int_equal(weir_link_list(w, &filter, &links, &n, NULL), 0);
	assert_int_equal(n, 0);
	free(links);
}

/* --- what the kernel refuses ------------------------------------------------------------------------------------ */

struct refusal {
	const char *name;
	struct weir_link link;	/* added, or changed if it has an index */
	int code;
	const char *object, *attr;
	const char *says;	/* part of the reason */
};

static const struct refusal refusals[] = {
	{ "a name that is taken", NAMED(IFB, "low0", 0), -EEXIST, "ifb low0", "",
	  "is taken by another link" },
	{ "an index that is taken", NEW(IFB, WEIR_LINK_IFINDEX, .ifindex = LOW), -EEXIST, "ifb x0", "", "or the index" },
	{ "an MTU that is too small", NEW(MACVLAN, WEIR_LINK_MTU | WEIR_LINK_LOWER, .mtu = 10, .lower = LOW), -EINVAL,
	  "macvlan x0", "", "mtu less than device minimum" },
	{ "an MTU that is too large", NEW(BRIDGE, WEIR_LINK_MTU, .mtu = 100000), -EINVAL, "bridge x0", "",
	  "mtu greater than device maximum" },
	{ "an MTU that is too large for a pair", CHANGE(VETH, WEIR_LINK_IFINDEX | WEIR_LINK_MTU, .ifindex = 1003,
							.mtu = 100000), -EINVAL, "link 1003", "",
	  "mtu greater than device maximum" },
	{ "a master that takes no ports", NEW(IFB, WEIR_LINK_MASTER, .master = LOW), -EOPNOTSUPP, "ifb x0", "",
	  "" },
	{ "a master that is not there", NEW(IFB, WEIR_LINK_MASTER, .master = 999999), -EINVAL, "ifb x0", "", "" },
	{ "a bridge in a bridge", NEW(BRIDGE, WEIR_LINK_MASTER, .master = MAIN_BR), -ELOOP, "bridge x0", "",
	  "Can not enslave a bridge to a bridge" },
	{ "a lower link that is not there", NEW(MACVLAN, WEIR_LINK_LOWER, .lower = 999999), -ENODEV, "macvlan x0",
	  "", "" },
	{ "a lower link that is in use", NEW(MACVLAN, WEIR_LINK_LOWER, .lower = LOW,
					     .macvlan = { .has = WEIR_MACVLAN_MODE, .mode = 8 }), -EINVAL,
	  "macvlan x0", "", "" },
	{ "an address that is taken", NEW(MACVLAN, WEIR_LINK_LOWER | WEIR_LINK_MAC | WEIR_LINK_UP, .lower = LOW,
					  .is_up = true, .mac = { 0x52, 0x54, 0, 0, 0x20, 0 }), -EADDRINUSE,
	  "macvlan x0", "", "another link on the same lower link has the address" },
	{ "no address", NEW(IFB, WEIR_LINK_MAC), -EADDRNOTAVAIL, "ifb x0", "", "" },
	{ "a delay that STP does not take",
	  CHANGE(BRIDGE, WEIR_LINK_IFINDEX, .ifindex = 1002,
		 .bridge = { .has = WEIR_BRIDGE_FORWARD_DELAY, .forward_delay_cs = 100 }), -ERANGE, "link 1002",
	  "", "" },
	{ "a group that may not be forwarded",
	  CHANGE(BRIDGE, WEIR_LINK_IFINDEX, .ifindex = 1002,
		 .bridge = { .has = WEIR_BRIDGE_GROUP_FWD_MASK, .group_fwd_mask = 1 }), -EINVAL, "link 1002", "",
	  "" },
	{ "addresses from a secret that is not there",
	  CHANGE(IFB, WEIR_LINK_IFINDEX | WEIR_LINK_ADDR_GEN_MODE, .ifindex = LOW, .addr_gen_mode = 2), -EINVAL,
	  "link 1000", "", "" },
	{ "settings of a port that is none",
	  CHANGE(IFB, WEIR_LINK_IFINDEX, .ifindex = LOW, .port = { .has = WEIR_PORT_FLOOD }), -EOPNOTSUPP,
	  "link 1000", "", "" },
	{ "a link that is gone", CHANGE(IFB, WEIR_LINK_IFINDEX | WEIR_LINK_MTU, .ifindex = 999999, .mtu = 1500),
	  -ENODEV, "link 999999", "", "" },
};

static void refusals_have_a_reason(void **state)
{
	json_t *before;

	own_sh("ip link add br8 index 1002 type bridge stp_state 1 && "
	       "ip link add mv0 link low0 address 52:54:00:00:20:00 type macvlan mode bridge && "
	       "ip link set mv0 up && ip link add p0 index 1003 type veth peer name p1");
	before = all_links();
	for (size_t i = 0; i < WR_COUNT(refusals); i++) {
		const struct refusal *c = &refusals[i];
		struct weir_error err = WEIR_ERROR_INIT;
		struct weir_txn *t = begin();
		int r;

		if (c->link.has & WEIR_LINK_NAME)
			weir_txn_link_add(t, &c->link);
		else
			weir_txn_link_set(t, &c->link);
		r = weir_txn_commit(t, &err);
		if (r != c->code || err.code != r || strcmp(err.object, c->object) != 0 ||
		    strcmp(err.attr, c->attr) != 0 || !strstr(err.msg, c->says))
			fail_msg("%s: %d \"%s\" \"%s\" at %u: %s", c->name, r, err.object, err.attr,
				 err.attr_offset, err.msg);
		assert_int_equal(err.stage, WEIR_STAGE_KERNEL);
		same_links(before, c->name);
	}
	json_decref(before);
}

/* --- taps ----------------------------------------------------------------------------------------------------------- */

/* What the kernel says about a descriptor of /dev/net/tun. */
static struct ifreq attached(int fd)
{
	struct ifreq ifr = { 0 };

	assert_int_equal(ioctl(fd, TUNGETIFF, &ifr), 0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	return ifr;
}

static void close_all(int *fds, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		close(fds[i]);
}

static void queues_of_taps(void **state)
{
	static const struct {
		const char *name;
		struct weir_link link;
		unsigned int n;
		int flags, not_flags;
	} cases[] = {
		{ "one queue", NEW(TUN, 0), 1, IFF_TAP | IFF_NO_PI, IFF_MULTI_QUEUE | IFF_VNET_HDR | IFF_PERSIST },
		{ "four queues", NEW(TUN, 0), 4, IFF_TAP | IFF_NO_PI | IFF_MULTI_QUEUE, IFF_VNET_HDR },
		{ "one of many", NEW(TUN, 0, .tun = { .has = WEIR_TUN_MULTI_QUEUE, .multi_queue = true }), 1,
		  IFF_MULTI_QUEUE, 0 },
		{ "with virtio's header", NEW(TUN, 0, .tun = { .has = WEIR_TUN_VNET_HDR, .vnet_hdr = true }), 2,
		  IFF_VNET_HDR | IFF_MULTI_QUEUE, 0 },
		/* Whether it is off cannot be seen here: IFF_NOFILTER has the same number as IFF_NO_PI. */
		{ "with struct tun_pi", NEW(TUN, 0, .tun = { .has = WEIR_TUN_PI, .pi = true }), 1, IFF_TAP, 0 },
		{ "IP packets", NEW(TUN, 0, .tun = { .has = WEIR_TUN_TYPE, .type = 1 }), 1, IFF_TUN, IFF_TAP },
		{ "one that stays", NEW(TUN, 0, .tun = { .has = WEIR_TUN_PERSIST, .persist = true }), 1,
		  IFF_PERSIST, 0 },
	};

	need_tun();
	for (size_t i = 0; i < WR_COUNT(cases); i++) {
		struct weir_txn *t = begin();
		struct weir_link is;
		int fds[4] = { -7, -7, -7, -7 };
		int ifindex = weir_txn_tap_add(t, &cases[i].link, cases[i].n, fds);

		commit(t, cases[i].name);
		for (unsigned int k = 0; k < cases[i].n; k++) {
			struct ifreq ifr = attached(fds[k]);

			assert_string_equal(ifr.ifr_name, "x0");
			if ((ifr.ifr_flags & cases[i].flags) != cases[i].flags ||
			    ifr.ifr_flags & cases[i].not_flags)
				fail_msg("%s: flags %x", cases[i].name, ifr.ifr_flags);
		}
		assert_true(cases[i].n == 4 || fds[cases[i].n] == -7);
		is = get("x0");
		assert_int_equal(is.ifindex, ifindex);
		assert_int_equal(is.kind, WEIR_LINK_TUN);
		assert_true((is.tun.has & cases[i].link.tun.has) == cases[i].link.tun.has);
		assert_int_equal(is.tun.pi, cases[i].link.tun.pi);
		assert_int_equal(is.tun.multi_queue, !!(cases[i].flags & IFF_MULTI_QUEUE));
		assert_int_equal(is.tun.vnet_hdr, !!(cases[i].flags & IFF_VNET_HDR));
		assert_int_equal(is.tun.persist, !!(cases[i].flags & IFF_PERSIST));
		close_all(fds, cases[i].n);
		assert_int_equal(is_there("x0"), is.tun.persist);
		if (is.tun.persist)
			own_sh("ip link del x0");
	}
}

static void send_to(const char *address)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_int_equal(inet_pton(AF_INET, address, &to.sin_addr), 1);
	assert_int_equal(sendto(fd, "hello", 5, 0, (struct sockaddr *)&to, sizeof(to)), 5);
	close(fd);
}

/* Frames that the host sends come out of a queue. */
static void frames_come_out_of_a_tap(void **state)
{
	struct weir_link tap = NEW(TUN, WEIR_LINK_UP, .is_up = true);
	struct weir_addr addr = { .sz = sizeof(addr), .prefix = 24 };
	unsigned char frame[2000] = { 0 };
	struct weir_txn *t;
	int fd = -1;

	need_tun();
	t = begin();
	addr.ifindex = weir_txn_tap_add(t, &tap, 1, &fd);
	weir_ip_parse("10.9.9.1", &addr.local);
	weir_txn_addr_add(t, &addr);
	commit(t, "a tap");
	own_sh("ip neigh add 10.9.9.2 lladdr 52:54:00:00:00:77 dev x0");
	send_to("10.9.9.2");
	while (memcmp(frame, "\x52\x54\0\0\0\x77", 6) != 0)
		assert_true(read(fd, frame, sizeof(frame)) > 14);
	assert_memory_equal(frame + 14 + 20 + 8, "hello", 5);
	close(fd);
}

static void owners_of_taps(void **state)
{
	struct weir_link tap = NEW(TUN, 0, .tun = { .has = WEIR_TUN_OWNER | WEIR_TUN_GROUP | WEIR_TUN_VNET_HDR,
						    .owner = 0, .group = 0, .vnet_hdr = true });
	struct weir_txn *t;
	struct weir_link is;
	json_t *j;

	need_tun();
	t = begin();
	weir_txn_tap_add(t, &tap, 0, NULL);
	commit(t, "a tap");
	is = get("x0");
	assert_int_equal(is.tun.has & (WEIR_TUN_OWNER | WEIR_TUN_GROUP), WEIR_TUN_OWNER | WEIR_TUN_GROUP);
	assert_true(is.tun.owner == 0 && is.tun.group == 0 && is.tun.persist && is.tun.vnet_hdr);
	j = own_json("ip -d -j link show dev x0 | jq .[0].linkinfo.info_data");
	assert_string_equal(json_string_value(json_object_get(j, "type")), "tap");
	assert_true(json_is_true(json_object_get(j, "persist")));
	assert_string_equal(json_string_value(json_object_get(j, "user")), "root");
	json_decref(j);
}

static void taps_that_cannot_be_made(void **state)
{
	struct weir_link tap = NEW(TUN, 0);
	json_t *before;

	need_tun();
	own_sh("ip tuntap add x0 mode tap && ip link add x1 type ifb");
	before = all_links();
	for (int i = 0; i < 2; i++) {
		struct weir_error err = WEIR_ERROR_INIT;
		struct weir_txn *t = begin();
		int fds[2] = { -1, -1 };
		int r;

		tap.name[1] = (char)('0' + i);
		weir_txn_tap_add(t, &tap, 2, fds);
		r = weir_txn_commit(t, &err);
		/* Another tap's name is busy; a name of something else is no tap's. */
		assert_true(r == -EBUSY || r == -EINVAL);
		assert_string_equal(err.attr, "name");
		assert_non_null(strstr(err.msg, "taken"));
		assert_int_equal(err.stage, WEIR_STAGE_SYSTEM);
		assert_true(fds[0] == -1 && fds[1] == -1);
		same_links(before, "a taken name");
	}
	json_decref(before);
}

/* An undo closes the queues and leaves no numbers of descriptors that others may have by now. */
static void undone_taps_are_closed(void **state)
{
	struct weir_link tap = NEW(TUN, WEIR_LINK_MASTER | WEIR_LINK_UP, .master = MAIN_BR, .is_up = true);
	int fds[3] = { -7, -7, -7 }, probe;
	struct weir_txn *t;
	json_t *before;

	need_tun();
	before = all_links();
	t = begin();
	probe = open("/dev/null", O_RDONLY | O_CLOEXEC);
	close(probe);
	weir_txn_tap_add(t, &tap, 3, fds);
	commit_and_fail(t, "a tap");
	for (int i = 0; i < 3; i++)
		assert_int_equal(fds[i], -1);
	same_links(before, "a tap");
	json_decref(before);
	/* No descriptor leaked: the next one has the number that was free before. */
	assert_int_equal(open("/dev/null", O_RDONLY | O_CLOEXEC), probe);
	close(probe);
}

/* --- pairs between namespaces -------------------------------------------------------------------------------------------- */

static void pairs_reach_into_another_namespace(void **state)
{
	struct weir_link pair = NEW(VETH, WEIR_LINK_UP | WEIR_LINK_MASTER, .is_up = true, .master = MAIN_BR);
	char path[64];
	json_t *before, *there, *end;
	struct weir_txn *t;

	own_ns_beside(path);
	before = all_links();
	pair.veth = (struct weir_veth){ .has = WEIR_VETH_PEER_NAME | WEIR_VETH_PEER_MAC | WEIR_VETH_PEER_MTU,
					.peer_name = "eth0", .peer_mac = { 0x52, 0x54, 0, 7, 7, 7 },
					.peer_mtu = 1400, .peer_netns = path, .peer_up = true };
	t = begin();
	weir_txn_link_add(t, &pair);
	commit_and_fail(t, "a pair");
	same_links(before, "a pair");
	assert_false(own_try("nsenter --net=%s ip link show dev eth0", path));
	t = begin();
	weir_txn_link_add(t, &pair);
	commit(t, "a pair");
	read_by_us(&pair, "a pair");
	there = own_json("nsenter --net=%s ip -d -j link show dev eth0", path);
	end = json_array_get(there, 0);
	assert_string_equal(json_string_value(json_object_get(end, "address")), "52:54:00:07:07:07");
	assert_int_equal(json_integer_value(json_object_get(end, "mtu")), 1400);
	assert_int_equal(json_integer_value(json_object_get(end, "num_tx_queues")), 1);
	assert_true(has_flag(end, "UP") && has_flag(end, "LOWER_UP"));
	assert_true(get("x0").has_carrier);
	json_decref(there);
	json_decref(before);
}

static void namespaces_that_are_none(void **state)
{
	struct weir_link pair = NEW(VETH, 0, .veth = { .has = WEIR_VETH_PEER_NAME, .peer_name = "eth0",
						       .peer_netns = "no-such-namespace" });
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_txn *t = begin();

	weir_txn_link_add(t, &pair);
	assert_int_equal(weir_txn_commit(t, &err), -ENOENT);
	assert_non_null(strstr(err.msg, "/run/netns/no-such-namespace"));
	assert_false(is_there("x0"));
}

/* A handle on another namespace works there; the caller stays where it is. */
static void handles_on_another_namespace(void **state)
{
	struct weir_link tap = NEW(TUN, 0), bridge = NAMED(BRIDGE, "x1", 0);
	struct weir_options opts = { .sz = sizeof(opts) };
	struct weir_txn *t = NULL;
	struct weir *there = NULL;
	json_t *before = all_links();
	char path[64];

	own_ns_beside(path);
	opts.netns = path;
	assert_int_equal(weir_open(&opts, &there, NULL), 0);
	assert_int_equal(weir_txn_begin(there, "test", 0, &t, NULL), 0);
	if (own_can_tap())
		weir_txn_tap_add(t, &tap, 0, NULL);
	weir_txn_link_add(t, &bridge);
	assert_int_equal(weir_txn_commit(t, NULL), 0);
	assert_true(own_can_tap() == own_try("nsenter --net=%s ip link show dev x0", path));
	own_sh("nsenter --net=%s ip link show dev x1 >/dev/null", path);
	same_links(before, "here");
	weir_close(there);
	json_decref(before);
}

/* --- deleting ------------------------------------------------------------------------------------------------------------- */

static void deletes_go_by_index_and_name(void **state)
{
	struct weir_counters before = { .sz = sizeof(before) }, after = { .sz = sizeof(after) };
	struct weir_txn *t;

	own_sh("for i in 1 2 3 4 5 6; do ip link add d$i index 20$i type ifb; done");
	t = begin();
	weir_txn_link_del(t, 201, "d1");
	weir_txn_link_del(t, 202, "d2");
	weir_txn_link_del(t, 203, "another");	/* its index is d3's */
	weir_txn_link_del(t, 299, "gone");
	weir_txn_link_del(t, 205, "d5");
	weir_get_counters(w, &before);
	commit(t, "delete");
	weir_get_counters(w, &after);
	assert_false(is_there("d1") || is_there("d2") || is_there("d5"));
	assert_true(is_there("d3") && is_there("d4") && is_there("d6"));
	/* Look, gather in a group, delete the group. */
	assert_int_equal(after.n_sends - before.n_sends, 3);
	/* What a failed transaction gathered is back in its groups. */
	own_sh("ip link set d3 group 7");
	{
		json_t *links = all_links();

		t = begin();
		weir_txn_link_del(t, 203, "d3");
		weir_txn_link_del(t, 204, "d4");
		w->fault = WR_FAULT_SKIP;
		w->fault_step = 1;
		assert_int_equal(weir_txn_commit(t, NULL), -EIO);
		w->fault = WR_FAULT_NONE;
		same_links(links, "a failed delete");
		json_decref(links);
	}
}

/* A bridge "name" with @n ports NAMEp0... */
static int fill(struct weir_txn *t, const char *name, int n, const struct weir_bridge *how)
{
	struct weir_link l = NAMED(BRIDGE, "", WEIR_LINK_UP, .is_up = true, .bridge = *how);
	int bridge;

	snprintf(l.name, sizeof(l.name), "%s", name);
	bridge = weir_txn_link_add(t, &l);
	for (int i = 0; i < n; i++) {
		struct weir_link port = NAMED(IFB, "", WEIR_LINK_MASTER | WEIR_LINK_NUM_TX_QUEUES, .num_tx_queues = 1,
					      .master = (uint32_t)bridge);

		snprintf(port.name, sizeof(port.name), "%sp%d", name, i);
		weir_txn_link_add(t, &port);
	}
	return bridge;
}

static bool is_made_with_snooping(const struct weir_txn *t, int ifindex)
{
	struct weir_link l;

	for (size_t i = 0; i < t->n_created; i++)
		if (t->created[i].ifindex == ifindex) {
			const struct weir_step *s = &t->steps[t->created[i].n_steps - 1];

			assert_int_equal(wr_link_decode((const void *)weir_step_part(s, WR_MSG_DO).data, &l, NULL), 0);
			return !(l.bridge.has & WEIR_BRIDGE_MCAST_SNOOPING) || l.bridge.mcast_snooping;
		}
	fail_msg("no such link is made: %d", ifindex);
	return false;
}

/* With it, each port would start the queries of all others anew. */
static void many_ports_come_before_snooping(void **state)
{
	const struct weir_bridge usual = { 0 }, old = { .has = WEIR_BRIDGE_AGEING_TIME, .ageing_time_cs = 1234 },
				 off = { .has = WEIR_BRIDGE_MCAST_SNOOPING };
	struct weir_link told = CHANGE(BRIDGE, WEIR_LINK_IFINDEX, .bridge = { .has = WEIR_BRIDGE_MCAST_SNOOPING });
	json_t *links = all_links();
	int many, few, quiet;
	struct weir_txn *t = begin();

	many = fill(t, "many", 40, &old);
	few = fill(t, "few", 2, &usual);
	quiet = fill(t, "quiet", 40, &off);
	told.ifindex = fill(t, "told", 40, &usual);
	weir_txn_link_set(t, &told);
	wr_txn_complete(t);
	assert_false(is_made_with_snooping(t, many));
	assert_true(is_made_with_snooping(t, few));
	assert_false(is_made_with_snooping(t, quiet));
	assert_true(is_made_with_snooping(t, told.ifindex));
	commit(t, "fill");
	assert_true(get("many").bridge.mcast_snooping);
	assert_int_equal(get("many").bridge.ageing_time_cs, 1234);
	assert_true(get("many").is_up);
	assert_true(get("few").bridge.mcast_snooping);
	assert_false(get("quiet").bridge.mcast_snooping);
	assert_false(get("told").bridge.mcast_snooping);
	own_sh("for b in many few quiet told; do ip link del $b; done;"
	       "ip link | sed -n 's/^[0-9]*: \\([a-z]*p[0-9]*\\):.*/link del \\1/p' | ip -batch -");
	t = begin();
	fill(t, "many", 40, &usual);
	commit_and_fail(t, "fill");
	same_links(links, "a bridge that is filled and taken back");
	json_decref(links);
}

/* A new link may have the name of one that goes in the same transaction only if it goes first: it does not. */
static void names_are_free_after_the_deletes(void **state)
{
	struct weir_link again = NAMED(IFB, "low0", 0);
	struct weir_txn *t = begin();

	weir_txn_link_del(t, LOW, "low0");
	weir_txn_link_add(t, &again);
	assert_int_equal(weir_txn_commit(t, NULL), -EEXIST);
	assert_int_equal(get("low0").ifindex, LOW);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, link_setup, own_teardown)
		TEST(every_kind_lives_and_dies),
		TEST(taps_live_and_die),
		TEST(a_bridge_with_vlans),
		TEST(the_mtu_of_a_bridge_is_pinned),
		TEST(a_move_that_is_undone_brings_settings_back),
		TEST(stp_that_is_undone_gives_back_the_delay),
		TEST(refused_changes_are_taken_back),
		TEST(aliases_of_every_length),
		TEST(no_ipv6_addresses_appear),
		TEST(links_have_many_names),
		TEST(as_much_of_a_link_as_the_caller_knows),
		TEST(sources_come_and_go_one_by_one),
		TEST(too_many_sources_are_left_alone),
		TEST(lists_are_filtered),
		TEST(kinds_that_the_kernel_does_not_know),
		TEST(refusals_have_a_reason),
		TEST(queues_of_taps),
		TEST(frames_come_out_of_a_tap),
		TEST(owners_of_taps),
		TEST(taps_that_cannot_be_made),
		TEST(undone_taps_are_closed),
		TEST(pairs_reach_into_another_namespace),
		TEST(namespaces_that_are_none),
		TEST(handles_on_another_namespace),
		TEST(deletes_go_by_index_and_name),
		TEST(many_ports_come_before_snooping),
		TEST(names_are_free_after_the_deletes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
