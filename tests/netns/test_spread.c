/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Networks over several bridges (lib/network/spread.c, room.c): guests on different
 * ones reach each other and the host or do not, as on one bridge; ports go where the
 * fewest are; more of them than one bridge can have; and what is full says so before.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <weir/bulk.h>
#include <weir/json.h>
#include <weir/update.h>

#include "tests/common/own_ns.h"
#include "lib_ns.h"

#define NET(members) "{'name':'net','mac':'52:54:00:11:22:33','ips':[{'address':'10.8.0.100','prefix':24}]," members "}"
#define QUIET "'dns':{'enable':false}"
#define SPREAD(n) "'bridge':{'name':'virbr0','spread':" #n "}"

/* Each with a namespace and an address of its own; returns the bridge that it is on. */
static void guest(struct weir *w, int n, uint8_t isolated, const char *bridge)
{
	struct weir_port port = { .sz = sizeof(port) };
	char name[16], uuid[64];
	struct weir_guest g = { .sz = sizeof(g), .kind = WEIR_PORT_VETH, .name = name, .netns = name, .uuid = uuid,
				.mac = { 0x52, 0x54, 0, 8, 8, (uint8_t)n }, .isolated = isolated };
	struct weir_txn *t;

	snprintf(name, sizeof(name), "g%d", n);
	snprintf(uuid, sizeof(uuid), "11111111-2222-4333-8444-%012d", n);
	ns_sh("ip netns add g%d", n);
	t = ns_begin(w);
	weir_txn_port_attach(t, "net", &g, &port, NULL);
	ns_commit(t);
	ns_sh("ip -n g%d addr add 10.8.0.%d/24 dev eth0; ip link show dev g%d master %s >/dev/null", n, n, n, bridge);
	assert_string_equal(port.bridge, bridge);
	weir_port_done(&port);
}

static void detach(struct weir *w, int n)
{
	char name[16];
	struct weir_txn *t = ns_begin(w);

	snprintf(name, sizeof(name), "g%d", n);
	weir_txn_port_detach(t, "net", name);
	ns_commit(t);
	ns_sh("ip netns del %s", name);
}

/* Where an answer is expected there is a minute for it: a loaded machine's links are up late. Where none is, one packet will do. */
static void reaches(int from, int to, bool expected)
{
	char *out = ns_out("for i in $(seq %d); do ip netns exec g%d busybox ping -c 1 -W 1 10.8.0.%d >/dev/null 2>&1 && echo yes && exit; "
			   "done; echo no", expected ? 60 : 1, from, to);

	if (!strncmp(out, "yes", 3) != expected)
		fail_msg("g%d to 10.8.0.%d: %s", from, to, out);
	free(out);
}

static struct weir_network_entry entry(struct weir *w)
{
	struct weir_network_entry *list = NULL, e;
	size_t n = 0;

	assert_int_equal(weir_network_list(w, &list, &n, NULL), 0);
	assert_int_equal(n, 1);
	e = list[0];
	free(list);
	return e;
}

/* --- packets ----------------------------------------------------------------------------------- */

static void guests_of_all_bridges(void **state)
{
	char *before = ns_snapshot();
	struct weir *w = ns_start("{'name':'net','mac':'52:54:00:11:22:33'," SPREAD(3) ",'mtu':1400,'dns':{'enable':false},"
				  "'ips':[{'address':'10.8.0.100','prefix':24,'dhcp':{'ranges':[{'start':'10.8.0.50','end':'10.8.0.60'}]}}]}");

	/* The first has two joins, the others one. */
	guest(w, 1, 0, "virbr0-1");
	guest(w, 2, 0, "virbr0-2");
	guest(w, 3, 0, "virbr0");
	guest(w, 4, 0, "virbr0-1");
	assert_int_equal(entry(w).n_ports_left, 3 * 1023 - 4 - 4);
	/* Each hears no advertisement of a guest's, even where IPv6 is switched on later. */
	ns_sh("cd /proc/sys/net/ipv6/conf; for i in virbr0 virbr0-1 virbr0-2; do grep -qx 0 $i/accept_ra && grep -qx 0 $i/autoconf || exit 1; done");
	for (int i = 1; i <= 3; i++) {
		reaches(i, 100, true);
		reaches(i, i % 3 + 1, true);
	}
	reaches(1, 4, true);
	ns_sh("ip -n g2 addr flush dev eth0; printf '#!/bin/sh\\n[ \"$1\" = bound ] && echo $ip >/run/got\\nexit 0\\n' >/run/script; chmod +x /run/script;"
	      "ip netns exec g2 busybox udhcpc -i eth0 -f -q -n -t 60 -T 1 -s /run/script >/dev/null 2>&1; grep -q '^10.8.0.5' /run/got; rm /run/script /run/got");
	ns_sh("for l in virbr0-1 virbr0-1a virbr0-1b virbr0-2 virbr0-2a virbr0-2b; do ip link show dev $l | grep -q 'mtu 1400' || exit 1; done;"
	      "! ip -6 addr show dev virbr0-1 | grep -q inet6; ! ip -6 addr show dev virbr0-1b | grep -q inet6");
	ns_stop(w);
	ns_sh("for i in 1 2 3 4; do ip netns del g$i; done");
	ns_assert_same(before, "a network over three bridges that has come and gone");
	free(before);
}

/* Isolated guests never meet, on whichever bridges they are; one that is not isolated reaches all. */
static void an_isolated_network(void **state)
{
	struct weir *w = ns_start(NET(QUIET "," SPREAD(3) ",'portIsolated':true"));

	guest(w, 1, 0, "virbr0-1");
	guest(w, 2, 0, "virbr0-2");
	guest(w, 3, 0, "virbr0");
	guest(w, 4, WEIR_NO, "virbr0");
	for (int i = 1; i <= 3; i++) {
		reaches(i, 100, true);
		reaches(4, i, true);
		reaches(i, 4, true);
	}
	reaches(1, 2, false);
	reaches(1, 3, false);
	reaches(3, 2, false);
	ns_stop(w);
}

static void isolated_guests(void **state)
{
	struct weir *w = ns_start(NET(QUIET "," SPREAD(3)));

	guest(w, 1, WEIR_YES, "virbr0");
	guest(w, 2, WEIR_YES, "virbr0");
	guest(w, 3, 0, "virbr0-1");
	reaches(1, 100, true);
	reaches(1, 3, true);
	reaches(3, 2, true);
	reaches(1, 2, false);
	ns_stop(w);
}

/* What it sends is guaranteed on the first bridge's ifb, so it is on that, however many ports that has. */
static void a_guest_with_an_outbound_floor(void **state)
{
	struct weir *w = ns_start(NET(QUIET "," SPREAD(3) ",'bandwidth':{'outbound':{'average':10000}}"));
	struct weir_guest g = { .sz = sizeof(g), .kind = WEIR_PORT_TAP, .name = "tap0", .mac = { 0x52, 0x54, 0, 8, 8, 9 },
				.has_bandwidth = true, .bandwidth.outbound.floor_bytes_per_s = 1000000 };
	struct weir_port port = { .sz = sizeof(port) };
	struct weir_txn *t = ns_begin(w);

	weir_txn_port_attach(t, "net", &g, &port, NULL);
	ns_commit(t);
	assert_string_equal(port.bridge, "virbr0");
	assert_string_equal(port.outbound_floor_on, "ifb-virbr0");
	weir_port_done(&port);
	ns_sh("tc class show dev ifb-virbr0 | grep -q 'htb 7769:18 parent 7769:1 .* rate 8Mbit ceil 80Mbit'");
	ns_stop(w);
}

static void need_vlan_filtering(void)
{
	if (!own_try("ip link add probe type bridge vlan_filtering 1 2>/dev/null && ip link del probe"))
		own_skip("the kernel lacks CONFIG_BRIDGE_VLAN_FILTERING");
}

/* Nothing is learned; that guests reach each other shows that the bridges were told. */
static void tables_that_are_kept(void **state)
{
	struct weir *w;

	need_vlan_filtering();
	w = ns_start(NET(QUIET ",'bridge':{'name':'virbr0','spread':3,'macTableManager':'libvirt'}"));
	guest(w, 1, 0, "virbr0-1");
	guest(w, 2, 0, "virbr0-2");
	guest(w, 3, 0, "virbr0");
	for (int i = 1; i <= 3; i++) {
		reaches(i, 100, true);
		reaches(i, i % 3 + 1, true);
	}
	ns_sh("bridge -d link show dev virbr0-1a | grep -q 'learning off flood off';"
	      "bridge -d link show dev virbr0-1b | grep -q 'learning off flood on';"
	      "bridge fdb show dev virbr0-1a | grep -q 52:54:00:08:08:01");
	detach(w, 1);
	ns_sh("! bridge fdb show dev virbr0-1a | grep -q 52:54:00:08:08:01");
	/* Forgotten by somebody else. */
	ns_sh("bridge fdb del 52:54:00:08:08:02 dev virbr0-2a master");
	detach(w, 2);
	ns_stop(w);
}

/* --- while it runs ------------------------------------------------------------------------------- */

static int apply(struct weir *w, const char *json, struct weir_error *err)
{
	struct weir_network *net = ns_network(json);
	struct weir_txn *t = ns_begin(w);
	int r;

	weir_txn_network_apply(t, net, WEIR_NETWORK_LIVE);
	r = weir_txn_commit(t, err);
	weir_network_free(net);
	return r;
}

#define KEPT(by) NET(QUIET ",'uuid':'11111111-2222-4333-8444-555555555555','bridge':{'name':'virbr0','spread':3,'macTableManager':'" by "'}")

/* What a network with three guests, one on each bridge, is when it was started so. */
static char *started(const char *json, struct weir **ret)
{
	*ret = ns_start(json);
	guest(*ret, 1, 0, "virbr0-1");
	guest(*ret, 2, 0, "virbr0-2");
	guest(*ret, 3, 0, "virbr0");
	return ns_snapshot();
}

static void is_applied(struct weir *w, const char *json)
{
	struct weir_error err = WEIR_ERROR_INIT;

	if (apply(w, json, &err))
		fail_msg("%s: %s: %s", err.object, err.attr, err.msg);
}

/* None is missing between two that came; the last may have been on their way when ping was stopped. */
static void loses_nothing(void)
{
	ns_sh("kill -INT $(cat %s/ping.pid); while kill -0 $(cat %s/ping.pid) 2>/dev/null; do sleep 0.05; done;"
	      "awk -F 'seq=' '/bytes from/ { lost += $2 + 0 > n + 0; n = $2 + 1 } END { exit lost || n < 20 }' %s/ping || "
	      "{ cat %s/ping; false; }; rm %s/ping %s/ping.pid", ns_state_dir, ns_state_dir, ns_state_dir, ns_state_dir,
	      ns_state_dir, ns_state_dir);
}

/* Under guests that talk: afterwards all is as if the network had been started with it. */
static void another_keeper_of_the_tables(void **state)
{
	char *kernel, *ours;
	struct weir *w;

	need_vlan_filtering();
	ours = started(KEPT("libvirt"), &w);
	ns_stop(w);
	ns_sh("for i in 1 2 3; do ip netns del g$i; done");
	kernel = started(KEPT("kernel"), &w);
	/* The bridges have learned who is where. */
	for (int i = 1; i <= 3; i++)
		reaches(i, i % 3 + 1, true);
	ns_sh("ip netns exec g1 busybox ping -A -c 100000 -W 5 10.8.0.2 >%s/ping 2>&1 & echo $! >%s/ping.pid", ns_state_dir,
	      ns_state_dir);
	for (int i = 0; i < 5; i++)
		is_applied(w, i % 2 ? KEPT("kernel") : KEPT("libvirt"));
	for (int i = 1; i <= 3; i++)
		reaches(i, 100, true);
	ns_sh("for i in $(seq 600); do [ $(grep -c 'bytes from' %s/ping) -ge 20 ] && exit; sleep 0.1; done; exit 1", ns_state_dir);
	loses_nothing();
	ns_assert_same(ours, "weir has taken the tables over");
	is_applied(w, KEPT("kernel"));
	ns_assert_same(kernel, "the kernel has its tables again");
	/* A guest whose link is gone, and one that was told of by somebody else, are no hindrance. */
	ns_sh("ip link del g3; bridge fdb replace 52:54:00:08:08:02 dev g2 master static");
	is_applied(w, KEPT("libvirt"));
	reaches(1, 2, true);
	free(ours);
	free(kernel);
	ns_stop(w);
}

/* What somebody has told a bridge is not overruled. */
static void an_address_that_is_told_elsewhere(void **state)
{
	struct weir_error err = WEIR_ERROR_INIT;
	char *before;
	struct weir *w;

	need_vlan_filtering();
	free(started(KEPT("kernel"), &w));
	/* And stays there, though the guest is heard elsewhere. */
	ns_sh("bridge fdb replace 52:54:00:08:08:02 dev virbr0-1a master static sticky");
	before = ns_snapshot();
	assert_int_equal(apply(w, KEPT("libvirt"), &err), -EEXIST);
	assert_non_null(strstr(err.object, "52:54:00:08:08:02"));
	ns_assert_same(before, "a change that was refused");
	free(before);
	ns_stop(w);
}

static void more_and_fewer_bridges(void **state)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir *w = ns_start(NET(QUIET "," SPREAD(1)));
	char *before;

	guest(w, 1, 0, "virbr0");
	before = ns_snapshot();
	assert_int_equal(apply(w, NET(QUIET "," SPREAD(3)), &err), 0);
	guest(w, 2, 0, "virbr0-1");
	guest(w, 3, 0, "virbr0-2");
	reaches(1, 2, true);
	reaches(2, 3, true);
	assert_int_equal(apply(w, NET(QUIET "," SPREAD(2)), &err), -EBUSY);
	assert_string_equal(err.attr, "bridge.spread");
	assert_non_null(strstr(err.msg, "virbr0-2, which has ports such as g3"));
	detach(w, 3);
	assert_int_equal(apply(w, NET(QUIET "," SPREAD(2)), &err), 0);
	ns_sh("! ip link show dev virbr0-2 2>/dev/null; ! ip link show dev virbr0-2a 2>/dev/null");
	reaches(1, 2, true);
	assert_int_equal(apply(w, NET(QUIET "," SPREAD(2) ",'portIsolated':true"), &err), -EBUSY);
	assert_string_equal(err.attr, "portIsolated");
	detach(w, 2);
	assert_int_equal(apply(w, NET(QUIET "," SPREAD(1)), &err), 0);
	ns_assert_same(before, "bridges that came and went");
	free(before);
	ns_stop(w);
}

/* A name is another's: nothing is begun. */
static void a_name_that_is_taken(void **state)
{
	struct weir_network *net = ns_network(NET(QUIET "," SPREAD(3)));
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir *w = ns_open();
	struct weir_txn *t;
	char *before;

	ns_sh("ip link add virbr0-2 address 52:54:00:00:00:01 type bridge");
	before = ns_snapshot();
	t = ns_begin(w);
	weir_txn_network_start(t, net);
	assert_int_equal(weir_txn_commit(t, &err), -EEXIST);
	assert_string_equal(err.object, "bridge virbr0-2");
	ns_assert_same(before, "a start that was refused");
	free(before);
	weir_network_free(net);
	/* Of another definition, before anything is started. */
	net = ns_network(NET(QUIET "," SPREAD(3)));
	t = ns_begin(w);
	weir_txn_network_define(t, net);
	ns_commit(t);
	weir_network_free(net);
	net = ns_network("{'name':'other','bridge':{'name':'virbr0-1'}}");
	t = ns_begin(w);
	weir_txn_network_define(t, net);
	assert_int_equal(weir_txn_commit(t, &err), -EEXIST);
	assert_string_equal(err.attr, "bridge.name");
	weir_network_free(net);
	weir_close(w);
}

/* With STP, by which the first is the root. */
static void a_bridge_that_vanished(void **state)
{
	struct weir *w = ns_start(NET(QUIET ",'bridge':{'name':'virbr0','spread':2,'stp':true,'delay':2}"));

	guest(w, 1, 0, "virbr0");
	guest(w, 2, 0, "virbr0-1");
	assert_false(entry(w).bridge_missing);
	reaches(1, 2, true);
	ns_sh("ip -d link show dev virbr0-1 | grep -q 'root_port 1 '");
	ns_sh("ip link del virbr0-1");
	assert_true(entry(w).bridge_missing);
	ns_stop(w);
	ns_sh("! ip link show dev virbr0-1a 2>/dev/null");
}

/* Off its bridge, which is no longer where a new port would go; with its record and without. */
static void a_port_that_is_claimed_again(void **state)
{
	struct weir *w;
	struct weir_port *ports = NULL;
	size_t n = 0;

	need_vlan_filtering();
	w = ns_start(NET(QUIET ",'bridge':{'name':'virbr0','spread':2,'macTableManager':'libvirt'}"));
	guest(w, 1, 0, "virbr0");
	guest(w, 2, 0, "virbr0-1");
	assert_int_equal(weir_port_list(w, "net", &ports, &n, NULL), 0);
	for (int i = 0; i < 2; i++) {
		struct weir_txn *t;

		ns_sh("ip link set g2 nomaster");
		if (i)
			ns_sh("rm %s/ports/g2.json; bridge fdb del 52:54:00:08:08:02 dev virbr0-1a master", ns_state_dir);
		t = ns_begin(w);
		weir_txn_port_reclaim(t, &ports[1], NULL);
		ns_commit(t);
		ns_sh("ip link show dev g2 master virbr0-1 >/dev/null");
		reaches(1, 2, true);
	}
	weir_ports_free(ports, n);
	ns_stop(w);
}

/* --- more than a bridge can have ------------------------------------------------------------------ */

#define FULL 1023
#define MORE 80

static size_t attach_many(struct weir *w, size_t n, struct weir_error *errors)
{
	struct weir_guest *guests = calloc(n, sizeof(*guests));
	size_t done;

	assert_non_null(guests);
	for (size_t i = 0; i < n; i++)
		guests[i] = (struct weir_guest){ .sz = sizeof(*guests), .kind = WEIR_PORT_TAP };
	done = weir_ports_attach(w, "net", guests, n, NULL, errors);
	free(guests);
	return done;
}

static uint32_t room(struct weir *w, uint32_t enough)
{
	uint32_t left = 0;

	assert_int_equal(weir_network_room(w, "net", enough, &left, NULL), 0);
	return left;
}

/* The number is the same on each kernel: the lab's emulated machines, which are slow at it, need not fill one. */
static void more_than_one_can_have(void **state)
{
	struct weir_error errors[MORE], err = WEIR_ERROR_INIT;
	const char *one = "vnet7";
	struct weir *w;

	if (ns_stride() > 1) {
		print_message("a bridge is filled where the machine is not emulated\n");
		return;
	}
	w = ns_start(NET(QUIET "," SPREAD(1)));
	assert_int_equal(attach_many(w, FULL - 3, NULL), FULL - 3);
	assert_int_equal(room(w, 3), 3);
	assert_int_equal(room(w, WEIR_ROOM_UNLIMITED), 3);
	/* The first that are too many are refused, in the transaction that the others are made by. */
	assert_int_equal(attach_many(w, 5, errors), 3);
	assert_int_equal(errors[2].code, 0);
	assert_int_equal(errors[3].code, -ENOSPC);
	assert_non_null(strstr(errors[3].msg, "bridge virbr0 has 1023 ports"));
	assert_int_equal(room(w, 10), 0);
	assert_int_equal(entry(w).n_ports_left, 0);
	/* A join would need one more. */
	assert_int_equal(apply(w, NET(QUIET "," SPREAD(2)), &err), -ENOSPC);
	assert_string_equal(err.attr, "bridge.spread");
	assert_int_equal(weir_ports_detach(w, "net", &one, 1, NULL), 1);
	assert_int_equal(apply(w, NET(QUIET "," SPREAD(2)), &err), 0);
	assert_int_equal(attach_many(w, MORE, NULL), MORE);
	ns_sh("test $(ip -br link show master virbr0-1 | wc -l) = %d", MORE + 1);
	assert_int_equal(room(w, WEIR_ROOM_UNLIMITED), FULL - MORE - 1);
	ns_stop(w);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, ns_setup, ns_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_guest_with_an_outbound_floor),
		TEST(guests_of_all_bridges), TEST(an_isolated_network),	   TEST(isolated_guests),
		TEST(tables_that_are_kept),  TEST(another_keeper_of_the_tables), TEST(an_address_that_is_told_elsewhere),
		TEST(more_and_fewer_bridges), TEST(a_name_that_is_taken),
		TEST(a_bridge_that_vanished), TEST(a_port_that_is_claimed_again), TEST(more_than_one_can_have),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
