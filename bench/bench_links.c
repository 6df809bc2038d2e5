/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Making links and taking them away: the library, the floor, libnl-route-3 as its
 * documentation suggests, iproute2 in one batch and in one call for each line,
 * pyroute2. "lean" does exactly what the library does; without the word it is
 * what people write.
 */
#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/route/link.h>
#include <netlink/route/link/macvtap.h>
#include <netlink/route/link/veth.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <weir/tc.h>

#include "lib_bench.h"

#define PER_BRIDGE 1000	/* a bridge takes 1023 ports */

static unsigned int bridges(const struct trial *t)
{
	return (t->n + PER_BRIDGE - 1) / PER_BRIDGE;
}

static struct weir_link link_named(enum weir_link_kind kind, const char *prefix, unsigned int i)
{
	struct weir_link l = { .sz = sizeof(l), .has = WEIR_LINK_NAME | WEIR_LINK_UP, .kind = kind,
			       .is_up = true };

	snprintf(l.name, sizeof(l.name), "%s%u", prefix, i);
	return l;
}

/* --- by weir ------------------------------------------------------------------------------ */

static void add_bridges(struct trial *t, struct weir_txn *txn, int *ret)
{
	for (unsigned int i = 0; i < bridges(t); i++) {
		struct weir_link l = link_named(WEIR_LINK_BRIDGE, "br", i);

		ret[i] = weir_txn_link_add(txn, &l);
	}
}

static void set_master(struct weir_link *l, const int *masters, unsigned int i)
{
	l->has |= WEIR_LINK_MASTER;
	l->master = (uint32_t)masters[i / PER_BRIDGE];
}

static void weir_veth(struct trial *t)
{
	struct weir_txn *txn = trial_begin(t);
	int masters[16];

	add_bridges(t, txn, masters);
	for (unsigned int i = 0; i < t->n; i++) {
		struct weir_link l = link_named(WEIR_LINK_VETH, "p", i);

		set_master(&l, masters, i);
		l.veth.has = WEIR_VETH_PEER_NAME;
		snprintf(l.veth.peer_name, sizeof(l.veth.peer_name), "q%u", i);
		weir_txn_link_add(txn, &l);
	}
	trial_commit(t, txn);
}

static void weir_tap(struct trial *t)
{
	struct weir_txn *txn = trial_begin(t);
	int masters[16];

	add_bridges(t, txn, masters);
	for (unsigned int i = 0; i < t->n; i++) {
		struct weir_link l = link_named(WEIR_LINK_TUN, "p", i);

		set_master(&l, masters, i);
		weir_txn_tap_add(txn, &l, 0, NULL);
	}
	trial_commit(t, txn);
}

static void weir_macvtap(struct trial *t)
{
	struct weir_txn *txn = trial_begin(t);
	unsigned int lower = if_nametoindex("lower");

	for (unsigned int i = 0; i < t->n; i++) {
		struct weir_link l = link_named(WEIR_LINK_MACVTAP, "p", i);

		l.has |= WEIR_LINK_LOWER;
		l.lower = lower;
		l.macvlan.has = WEIR_MACVLAN_MODE;
		l.macvlan.mode = WEIR_MACVLAN_BRIDGE;
		weir_txn_link_add(txn, &l);
	}
	trial_commit(t, txn);
}

#define NEW_PORTS "weir, new ports"	/* it is told that nothing limits them yet, what they are, and their MTU */

static void limit(struct weir_txn *txn, unsigned int i, enum weir_qdisc qdisc, bool is_new)
{
	const struct weir_shape_options options = { .sz = sizeof(options), .qdisc = qdisc, .is_new = is_new,
						    .mtu = is_new ? 1500 : 0 };
	const struct weir_bandwidth limits = { .inbound.average_bytes_per_s = 1250000,
					       .outbound.average_bytes_per_s = 625000 };
	char name[IFNAMSIZ];

	snprintf(name, sizeof(name), "p%u", i);
	weir_txn_shape_set(txn, (int)PORT_INDEX(i), name, &limits, &options, NULL);
}

/* The ports from @first up to @end. */
static void shape_ports(struct trial *t, unsigned int first, unsigned int end, enum weir_qdisc qdisc, bool is_new)
{
	struct weir_txn *txn = trial_begin(t);

	for (unsigned int i = first; i < end; i++)
		limit(txn, i, qdisc, is_new);
	trial_commit(t, txn);
}

/* A handle that has planned a limit already, as that of a driver has: it knows what the kernel can do. */
static void planned_setup(struct trial *t)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_txn *plan;

	if (weir_txn_begin(trial_weir(t), "plan", WEIR_TXN_DRY, &plan, &err))
		trial_fail(t, "%s", err.msg);
	limit(plan, 0, WEIR_QDISC_HTB, false);
	weir_txn_abort(plan);
}

/* The kernel has then loaded the same program before, for the one as for the other. */
static void planned_replay_setup(struct trial *t)
{
	planned_setup(t);
	replay_setup(t);
}

static void weir_shape(struct trial *t)
{
	shape_ports(t, 0, t->n, WEIR_QDISC_HTB, false);
}

static void weir_shape_new(struct trial *t)
{
	shape_ports(t, 0, t->n, WEIR_QDISC_HTB, true);
}

static void weir_shape_tbf(struct trial *t)
{
	shape_ports(t, 0, t->n, WEIR_QDISC_TBF, false);
}

static void weir_shape_tbf_new(struct trial *t)
{
	shape_ports(t, 0, t->n, WEIR_QDISC_TBF, true);
}

static void weir_delete(struct trial *t)
{
	struct weir_txn *txn = trial_begin(t);
	char name[IFNAMSIZ];

	for (unsigned int i = 0; i < t->n; i++) {
		snprintf(name, sizeof(name), "p%u", i);
		weir_txn_link_del(txn, (int)PORT_INDEX(i), name);
	}
	trial_commit(t, txn);
}

/* --- by hand, for set-up and as the plain floor ---------------------------------------------- */

static void must(struct trial *t, int code)
{
	if (code)
		trial_fail(t, "set-up: %s", strerror(-code));
}

static void raw_bridges(const struct trial *t, struct raw *r)
{
	for (unsigned int i = 0; i < bridges(t); i++)
		raw_link(r, "bridge", (int)(500 + i), "br%u", i);
}

/* What people ask for: the library's links but for the number of queues and the group. */
static void plain_veth_setup(struct trial *t)
{
	static struct raw r;

	raw_bridges(t, &r);
	for (unsigned int i = 0; i < t->n; i++)
		raw_pair(&r, i, 500 + i / PER_BRIDGE, false);
	raw_socket(t, 0);
	t->own = &r;
}

static void send_own(struct trial *t)
{
	must(t, raw_send(t, t->own));
}

/* --- by libnl ----------------------------------------------------------------------------- */

static void nl_must(struct trial *t, int code)
{
	if (code)
		trial_fail(t, "libnl: %s", nl_geterror(code));
}

static void nl_add(struct trial *t, struct nl_sock *sk, struct rtnl_link *l)
{
	rtnl_link_set_flags(l, IFF_UP);
	nl_must(t, rtnl_link_add(sk, l, NLM_F_CREATE | NLM_F_EXCL));
}

static void libnl_veth(struct trial *t)
{
	struct nl_sock *sk = nl_socket_alloc();
	unsigned int masters[16];
	char name[32];

	nl_must(t, nl_connect(sk, NETLINK_ROUTE));
	for (unsigned int i = 0; i < bridges(t); i++) {
		struct rtnl_link *l = rtnl_link_alloc();

		snprintf(name, sizeof(name), "br%u", i);
		rtnl_link_set_type(l, "bridge");
		rtnl_link_set_name(l, name);
		nl_add(t, sk, l);
		rtnl_link_put(l);
		masters[i] = if_nametoindex(name);
	}
	for (unsigned int i = 0; i < t->n; i++) {
		struct rtnl_link *l = rtnl_link_veth_alloc();
		struct rtnl_link *peer = rtnl_link_veth_get_peer(l);

		snprintf(name, sizeof(name), "p%u", i);
		rtnl_link_set_name(l, name);
		snprintf(name, sizeof(name), "q%u", i);
		rtnl_link_set_name(peer, name);
		rtnl_link_set_master(l, (int)masters[i / PER_BRIDGE]);
		nl_add(t, sk, l);
		rtnl_link_put(peer);
		rtnl_link_put(l);
	}
	nl_socket_free(sk);
}

static void libnl_macvtap(struct trial *t)
{
	struct nl_sock *sk = nl_socket_alloc();
	int lower = (int)if_nametoindex("lower");
	char name[32];

	nl_must(t, nl_connect(sk, NETLINK_ROUTE));
	for (unsigned int i = 0; i < t->n; i++) {
		struct rtnl_link *l = rtnl_link_macvtap_alloc();

		snprintf(name, sizeof(name), "p%u", i);
		rtnl_link_set_name(l, name);
		rtnl_link_set_link(l, lower);
		rtnl_link_macvtap_set_mode(l, rtnl_link_macvtap_str2mode("bridge"));
		nl_add(t, sk, l);
		rtnl_link_put(l);
	}
	nl_socket_free(sk);
}

static void libnl_delete(struct trial *t)
{
	struct nl_sock *sk = nl_socket_alloc();

	nl_must(t, nl_connect(sk, NETLINK_ROUTE));
	for (unsigned int i = 0; i < t->n; i++) {
		struct rtnl_link *l = rtnl_link_alloc();

		rtnl_link_set_ifindex(l, (int)PORT_INDEX(i));
		nl_must(t, rtnl_link_delete(sk, l));
		rtnl_link_put(l);
	}
	nl_socket_free(sk);
}

/* --- by iproute2 ---------------------------------------------------------------------------- */

#define LEAN "numtxqueues 1 numrxqueues 1"
#define GROUP "group 2003134834"	/* WEIR_LINK_GROUP */

static void ip_bridges(struct trial *t, const char *how, const char *kind)
{
	for (unsigned int i = 0; i < bridges(t); i++)
		trial_line(t, "link add br%u up %s type bridge %s", i, how, kind);
}

static void ip_veth_setup(struct trial *t)
{
	ip_bridges(t, "", "");
	for (unsigned int i = 0; i < t->n; i++)
		trial_line(t, "link add p%u up master br%u type veth peer name q%u", i, i / PER_BRIDGE, i);
}

static void ip_veth_lean_setup(struct trial *t)
{
	const bool fills = t->n > 1;	/* a bridge with many ports (lib/link/fill.c) */

	ip_bridges(t, GROUP, fills ? "mcast_snooping 0" : "");
	for (unsigned int i = 0; i < t->n; i++)
		trial_line(t, "link add p%u up master br%u " LEAN " " GROUP " type veth peer name q%u " LEAN, i,
			   i / PER_BRIDGE, i);
	for (unsigned int i = 0; i < bridges(t) && fills; i++)
		trial_line(t, "link set br%u type bridge mcast_snooping 1", i);
}

/* As it stands in most scripts and in many drivers: a call for each thing. */
static void ip_veth_each_setup(struct trial *t)
{
	for (unsigned int i = 0; i < bridges(t); i++) {
		trial_line(t, "link add br%u type bridge", i);
		trial_line(t, "link set br%u up", i);
	}
	for (unsigned int i = 0; i < t->n; i++) {
		trial_line(t, "link add p%u type veth peer name q%u", i, i);
		trial_line(t, "link set p%u master br%u", i, i / PER_BRIDGE);
		trial_line(t, "link set p%u up", i);
	}
}

static void ip_tap_setup(struct trial *t)
{
	ip_bridges(t, "", "");
	for (unsigned int i = 0; i < t->n; i++) {
		trial_line(t, "tuntap add dev p%u mode tap", i);
		trial_line(t, "link set p%u master br%u up", i, i / PER_BRIDGE);
	}
}

static void ip_macvtap_setup(struct trial *t)
{
	for (unsigned int i = 0; i < t->n; i++)
		trial_line(t, "link add p%u up link lower type macvtap mode bridge", i);
}

/* Both ways by HTB, with an ifb for each port: what libvirt does, and every guide says. */
static void tc_lines(struct trial *t, unsigned int i)
{
	t->part = 0;
	trial_line(t, "link add ifb-%u type ifb", i);
	trial_line(t, "link set ifb-%u up", i);
	t->part = 1;
	trial_line(t, "qdisc add dev p%u root handle 1: htb default 1", i);
	trial_line(t, "class add dev p%u parent 1: classid 1:1 htb rate 10mbit burst 64k", i);
	trial_line(t, "qdisc add dev ifb-%u root handle 1: htb default 1", i);
	trial_line(t, "class add dev ifb-%u parent 1: classid 1:1 htb rate 5mbit burst 64k", i);
	trial_line(t, "qdisc add dev p%u ingress", i);
	trial_line(t, "filter add dev p%u parent ffff: protocol all u32 match u32 0 0 action mirred egress redirect dev ifb-%u",
		   i, i);
}

static void tc_setup(struct trial *t)
{
	for (unsigned int i = 0; i < t->n; i++)
		tc_lines(t, i);
}

static void tc_batches(struct trial *t)
{
	static const char *const ip[] = { "ip", "-batch", "-", NULL }, *const tc[] = { "tc", "-batch", "-", NULL };

	t->part = 0;
	trial_batch(t, ip);
	t->part = 1;
	trial_batch(t, tc);
}

static void tc_each(struct trial *t)
{
	t->part = 0;
	trial_each_line(t, "ip");
	t->part = 1;
	trial_each_line(t, "tc");
}

static void tool_shape(struct trial *t)
{
	for (unsigned int i = 0; i < t->n; i++)
		trial_program(t, "%s --state-dir /run/s shape p%u --inbound 10mbit --outbound 5mbit", getenv("WEIR"), i);
}

static void ip_delete_setup(struct trial *t)
{
	for (unsigned int i = 0; i < t->n; i++)
		trial_line(t, "link del p%u", i);
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

/* The tool knows ip's words. */
static void tool_each(struct trial *t)
{
	char program[512];

	snprintf(program, sizeof(program), "%s --state-dir /run/w", getenv("WEIR"));
	trial_each_line(t, program);
}

static void ip_delete_group(struct trial *t)
{
	trial_program(t, "ip link del group 1234");
}

static void pyroute2_veth_setup(struct trial *t)
{
	t->part = 0;
	trial_line(t, "from pyroute2 import IPRoute");
	trial_line(t, "ip = IPRoute()");
	for (unsigned int i = 0; i < bridges(t); i++)
		trial_line(t, "ip.link('add', ifname='br%u', kind='bridge', state='up')", i);
	trial_line(t, "br = [ip.link_lookup(ifname='br%%d' %% i)[0] for i in range(%u)]", bridges(t));
	trial_line(t, "for i in range(%u):", t->n);
	trial_line(t, " ip.link('add', ifname='p%%d' %% i, kind='veth', peer='q%%d' %% i, master=br[i // %d], state='up')",
		   PER_BRIDGE);
}

static void python(struct trial *t)
{
	const char *const argv[] = { getenv("PYTHON"), "-", NULL };

	trial_batch(t, argv);
}

/* --- what is there before ------------------------------------------------------------------- */

static void lower_setup(struct trial *t)
{
	struct raw r = { 0 };

	raw_link(&r, "bridge", 500, "lower");
	must(t, raw_send(t, &r));
}

static void group_msg(struct raw *r, unsigned int i)
{
	struct ifinfomsg ifi = { .ifi_index = (int)PORT_INDEX(i) };

	raw_msg(r, RTM_SETLINK, 0, &ifi, sizeof(ifi));
	raw_u32(r, IFLA_GROUP, 1234);
}

/* Ports to be limited; their other ends are up too, so that they have carrier. */
static void shape_setup(struct trial *t)
{
	struct raw r = { 0 };

	for (unsigned int i = 0; i < t->n; i++) {
		struct ifinfomsg peer = { .ifi_index = (int)PORT_INDEX(i) + 1, .ifi_flags = IFF_UP, .ifi_change = IFF_UP };

		raw_pair(&r, i, 0, true);
		raw_msg(&r, RTM_NEWLINK, 0, &peer, sizeof(peer));
	}
	must(t, raw_send(t, &r));
}

/* One port more, which is limited by now: what ports share is there. */
static void one_more_setup(struct trial *t)
{
	t->n++;
	shape_setup(t);
	t->n--;
	shape_ports(t, t->n, t->n + 1, WEIR_QDISC_AUTO, false);
}

/* Ports that are to go, in a group so that one arm needs but one message. */
static void ports_setup(struct trial *t)
{
	struct raw r = { 0 };

	raw_bridges(t, &r);
	for (unsigned int i = 0; i < t->n; i++)
		raw_pair(&r, i, 500 + i / PER_BRIDGE, true);
	for (unsigned int i = 0; i < t->n; i++)
		group_msg(&r, i);
	must(t, raw_send(t, &r));
}

static void taps_with(struct trial *t, bool stay_open)
{
	struct raw r = { 0 };

	raw_bridges(t, &r);
	for (unsigned int i = 0; i < t->n; i++) {
		struct ifinfomsg ifi = { .ifi_index = (int)PORT_INDEX(i), .ifi_flags = IFF_UP, .ifi_change = IFF_UP };
		char name[IFNAMSIZ];

		snprintf(name, sizeof(name), "p%u", i);
		raw_tap(t, name, ifi.ifi_index, stay_open);
		raw_msg(&r, RTM_NEWLINK, 0, &ifi, sizeof(ifi));
		raw_u32(&r, IFLA_MASTER, 500 + i / PER_BRIDGE);
		group_msg(&r, i);
	}
	must(t, raw_send(t, &r));
}

static void taps_setup(struct trial *t)
{
	taps_with(t, false);
}

static void open_taps_setup(struct trial *t)
{
	taps_with(t, true);
}

static void bare_setup(struct trial *t)
{
	static struct raw r;
	struct ifinfomsg ifi = { 0 };

	raw_msg(&r, RTM_DELLINK, 0, &ifi, sizeof(ifi));
	raw_u32(&r, IFLA_GROUP, 1234);
	t->own = &r;
}

/* clang-format off */
static const struct workload workloads[] = {
	WORKLOAD("veth", "a bridge and N pairs, one end of each a port and up", .sizes = { 1, 100, 1000, 4000 }),
	WORKLOAD("tap", "a bridge and N persistent taps as ports, up", .sizes = { 1, 100, 1000, 4000 }),
	WORKLOAD("macvtap", "N macvtaps on one link, up", .sizes = { 1, 100, 1000, 4000 }, .setup = lower_setup),
	WORKLOAD("shape", "N ports are limited in both directions", .sizes = { 1, 100, 1000, 4000 }, .setup = shape_setup, .is_silent = true, .is_bound = true),
	WORKLOAD("shape by tbf", "the same, TBF in the place of HTB on the port", .sizes = { 1000, 4000 }, .setup = shape_setup, .is_silent = true, .is_bound = true),
	WORKLOAD("shape more", "the same, where a port is limited already", .sizes = { 1, 100 }, .setup = one_more_setup, .is_silent = true, .is_bound = true),
	WORKLOAD("delete", "N pairs that are ports are taken away", .sizes = { 1, 100, 1000, 4000 }, .setup = ports_setup, .is_silent = true),
	WORKLOAD("delete taps", "N taps that are ports are taken away", .sizes = { 1, 100, 1000, 4000 }, .setup = taps_setup, .is_silent = true),
	WORKLOAD("delete open", "N taps that somebody has open are taken away", .sizes = { 100, 1000 }, .setup = open_taps_setup, .is_silent = true),
};

static const struct arm arms[] = {
	ARM("veth", WEIR, weir_veth),
	ARM("veth", FLOOR, replay, .setup = replay_setup),
	ARM("veth", "messages, plain", send_own, .setup = plain_veth_setup, .most = 1000),
	ARM("veth", "libnl-route", libnl_veth),
	ARM("veth", "ip -batch", ip_batch, .setup = ip_veth_setup, .needs = "ip"),
	ARM("veth", "ip -batch, lean", ip_batch, .setup = ip_veth_lean_setup, .needs = "ip", .most = 1000),
	ARM("veth", "ip", ip_each, .setup = ip_veth_each_setup, .needs = "ip", .most = 100),
	ARM("veth", "weir link add", tool_each, .setup = ip_veth_setup, .needs = "$WEIR", .most = 100),
	ARM("veth", "pyroute2", python, .setup = pyroute2_veth_setup, .needs = "$PYTHON:pyroute2", .most = 1000),

	ARM("tap", WEIR, weir_tap),
	ARM("tap", FLOOR, replay, .setup = replay_setup),
	ARM("tap", "ip -batch", ip_batch, .setup = ip_tap_setup, .needs = "ip"),
	ARM("tap", "ip", ip_each, .setup = ip_tap_setup, .needs = "ip", .most = 100),

	ARM("macvtap", WEIR, weir_macvtap),
	ARM("macvtap", FLOOR, replay, .setup = replay_setup),
	ARM("macvtap", "libnl-route", libnl_macvtap),
	ARM("macvtap", "ip -batch", ip_batch, .setup = ip_macvtap_setup, .needs = "ip"),
	ARM("macvtap", "ip", ip_each, .setup = ip_macvtap_setup, .needs = "ip", .most = 100),
	ARM("macvtap", "weir link add", tool_each, .setup = ip_macvtap_setup, .needs = "$WEIR", .most = 100),

	ARM("shape", WEIR, weir_shape, .setup = planned_setup),
	ARM("shape", NEW_PORTS, weir_shape_new, .setup = planned_setup),
	ARM("shape", FLOOR, replay, .setup = planned_replay_setup),
	ARM("shape", "weir shape", tool_shape, .needs = "$WEIR", .most = 1),
	ARM("shape", "ip, tc -batch, ifb each", tc_batches, .setup = tc_setup, .needs = "tc"),
	ARM("shape", "ip, tc, ifb each", tc_each, .setup = tc_setup, .needs = "tc", .most = 100),

	ARM("shape more", WEIR, weir_shape),
	ARM("shape more", NEW_PORTS, weir_shape_new),
	ARM("shape more", FLOOR, replay, .setup = replay_setup),
	ARM("shape more", "ip, tc -batch, ifb each", tc_batches, .setup = tc_setup, .needs = "tc"),
	ARM("shape more", "ip, tc, ifb each", tc_each, .setup = tc_setup, .needs = "tc", .most = 1),

	ARM("shape by tbf", WEIR, weir_shape_tbf, .setup = planned_setup),
	ARM("shape by tbf", NEW_PORTS, weir_shape_tbf_new, .setup = planned_setup),
	ARM("shape by tbf", FLOOR, replay, .setup = planned_replay_setup),

	ARM("delete", WEIR, weir_delete),
	ARM("delete", FLOOR, replay, .setup = replay_setup),
	ARM("delete", "one group message", send_own, .setup = bare_setup),
	ARM("delete", "ip link del group", ip_delete_group, .needs = "ip"),
	ARM("delete", "libnl-route", libnl_delete, .most = 100),
	ARM("delete", "ip -batch", ip_batch, .setup = ip_delete_setup, .needs = "ip", .most = 100, .most_full = 1000),

	ARM("delete taps", WEIR, weir_delete),
	ARM("delete taps", FLOOR, replay, .setup = replay_setup),
	ARM("delete taps", "one group message", send_own, .setup = bare_setup),
	ARM("delete taps", "ip -batch", ip_batch, .setup = ip_delete_setup, .needs = "ip", .most = 100, .most_full = 1000),

	ARM("delete open", WEIR, weir_delete),
	ARM("delete open", FLOOR, replay, .setup = replay_setup),
	ARM("delete open", "one group message", send_own, .setup = bare_setup),
	ARM("delete open", "ip -batch", ip_batch, .setup = ip_delete_setup, .needs = "ip", .most = 100, .most_full = 1000),
};
/* clang-format on */

int main(int argc, char **argv)
{
	return bench_main(argc, argv, "links", workloads, sizeof(workloads) / sizeof(workloads[0]), arms,
			  sizeof(arms) / sizeof(arms[0]));
}
