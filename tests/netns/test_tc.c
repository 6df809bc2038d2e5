/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Bandwidth in a real kernel (tc/): ports of both kinds are shaped and read back
 * by tc and by libnl-route-3, rates from 1 Mbit/s to 100 Gbit/s arrive exactly,
 * packets pass both ways through the classes, and nothing is left of what failed.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* By this path: <netlink/attr.h> alone is ours. */
#include <libnl3/netlink/attr.h>
#include <netlink/netlink.h>
#include <netlink/route/class.h>
#include <netlink/route/qdisc.h>
#include <netlink/route/qdisc/htb.h>
#include <netlink/route/qdisc/tbf.h>

#include <weir/ip.h>
#include <weir/link.h>
#include <weir/tc.h>
#include <weir/txn.h>

#include "lib_own.h"
#include "tc/htb.h"
#include "txn/txn.h"

#define MBIT 125000ull
#define GBIT 125000000ull
#define RATE(average, peak, burst) { average, peak, burst, 0 }

static int add_pair(struct weir_txn *t, const char *peer_netns)
{
	struct weir_link pair = {
		.sz = sizeof(pair), .kind = WEIR_LINK_VETH, .has = WEIR_LINK_NAME | WEIR_LINK_UP,
		.name = "vnet0", .is_up = true,
		.veth = { .has = WEIR_VETH_PEER_NAME, .peer_name = "eth0", .peer_netns = peer_netns,
			  .peer_up = true },
	};

	return weir_txn_link_add(t, &pair);
}

static int add_tap(struct weir_txn *t)
{
	struct weir_link tap = {
		.sz = sizeof(tap), .kind = WEIR_LINK_TUN, .name = "vnet0", .is_up = true,
		.has = WEIR_LINK_NAME | WEIR_LINK_UP,
	};

	return weir_txn_tap_add(t, &tap, 0, NULL);
}

/* --- readers ----------------------------------------------------------------------------------------- */

/* The only class of a link, as libnl sees it; for rtnl_class_put(). */
static struct rtnl_class *class_of(int ifindex)
{
	struct nl_sock *sk = nl_socket_alloc();
	struct nl_cache *cache = NULL;
	struct rtnl_class *class;

	assert_int_equal(nl_connect(sk, NETLINK_ROUTE), 0);
	assert_int_equal(rtnl_class_alloc_cache(sk, ifindex, &cache), 0);
	assert_int_equal(nl_cache_nitems(cache), 1);
	class = (struct rtnl_class *)nl_cache_get_first(cache);
	nl_object_get((struct nl_object *)class);
	nl_cache_free(cache);
	nl_socket_free(sk);
	return class;
}

static void nl_shows_class(int ifindex, const struct weir_rate *rate, const char *what)
{
	struct wr_htb_class want = wr_htb_from_rate(rate, 0);
	struct rtnl_class *c = class_of(ifindex);
	uint64_t rate64 = 0, ceil64 = 0;

	assert_string_equal(rtnl_tc_get_kind(TC_CAST(c)), "htb");
	assert_int_equal(rtnl_tc_get_handle(TC_CAST(c)), 0x77650001);
	assert_int_equal(rtnl_htb_get_rate64(c, &rate64), 0);
	assert_int_equal(rtnl_htb_get_ceil64(c, &ceil64), 0);
	if (rate64 != want.rate_bytes_per_s || ceil64 != want.ceil_bytes_per_s ||
	    rtnl_htb_get_quantum(c) != want.quantum_bytes)
		fail_msg("%s: rate %llu, ceil %llu, quantum %u", what, (unsigned long long)rate64,
			 (unsigned long long)ceil64, rtnl_htb_get_quantum(c));
	/* libnl turns ticks into bytes again; the largest is 274 s, and 32 bits are not enough for all rates. */
	if (want.rate_bytes_per_s < 10 * GBIT && want.burst_bytes / want.rate_bytes_per_s < 270)
		assert_in_range(rtnl_htb_get_rbuffer(c), want.burst_bytes - want.burst_bytes / 100,
				want.burst_bytes + 1);
	rtnl_class_put(c);
}

static struct rtnl_qdisc *nl_root(int ifindex, const char *kind)
{
	struct nl_sock *sk = nl_socket_alloc();
	struct nl_cache *cache = NULL;
	struct rtnl_qdisc *q;

	assert_int_equal(nl_connect(sk, NETLINK_ROUTE), 0);
	assert_int_equal(rtnl_qdisc_alloc_cache(sk, &cache), 0);
	q = rtnl_qdisc_get_by_parent(cache, ifindex, TC_H_ROOT);
	assert_non_null(q);
	assert_string_equal(rtnl_tc_get_kind(TC_CAST(q)), kind);
	assert_int_equal(rtnl_tc_get_handle(TC_CAST(q)), 0x77650000);
	nl_cache_free(cache);
	nl_socket_free(sk);
	return q;
}

static void nl_shows_default(int ifindex)
{
	struct rtnl_qdisc *q = nl_root(ifindex, "htb");

	assert_int_equal(rtnl_htb_get_defcls(q), 1);
	rtnl_qdisc_put(q);
}

static void nl_shows_tbf(int ifindex, const struct weir_rate *rate, const char *what)
{
	struct wr_htb_class want = wr_tbf_from_rate(rate, 0);
	struct weir_shape s = { .sz = sizeof(s) };
	struct rtnl_qdisc *q = nl_root(ifindex, "tbf");

	if ((uint32_t)rtnl_qdisc_tbf_get_limit(q) != want.limit_bytes)
		fail_msg("%s: limit %u", what, (uint32_t)rtnl_qdisc_tbf_get_limit(q));
	/* It knows the 32 bits of a rate alone. */
	if (want.ceil_bytes_per_s < INT32_MAX && want.burst_bytes / want.rate_bytes_per_s < 270) {
		assert_int_equal(rtnl_qdisc_tbf_get_rate(q), want.rate_bytes_per_s);
		assert_in_range(rtnl_qdisc_tbf_get_rate_bucket(q), want.burst_bytes - want.burst_bytes / 100,
				want.burst_bytes + 1);
		assert_int_equal(rtnl_qdisc_tbf_get_peakrate(q) > 0, want.ceil_bytes_per_s > want.rate_bytes_per_s);
	}
	rtnl_qdisc_put(q);
	assert_int_equal(weir_shape_get(w, ifindex, &s, NULL), 0);
	assert_int_equal(s.inbound.limits.average_bytes_per_s, want.rate_bytes_per_s);
	assert_int_equal(s.inbound.limits.peak_bytes_per_s,
			 want.ceil_bytes_per_s > want.rate_bytes_per_s ? want.ceil_bytes_per_s : 0);
}

/* "8Mbit": what tc writes of a class. */
static void tc_shows(const char *dev, const char *words)
{
	char *text = own_text("tc -d class show dev %s", dev);

	if (!strstr(text, words))
		fail_msg("%s: no \"%s\" in: %s", dev, words, text);
	free(text);
}

static void tc_shows_redirect(const char *dev, const char *to)
{
	json_t *j = own_json("tc -j -d filter show dev %s parent ffff: | "
			     "jq '[.[].options.actions // empty | .[0]][0]'", dev);

	assert_string_equal(json_string_value(json_object_get(j, "kind")), "mirred");
	assert_string_equal(json_string_value(json_object_get(j, "mirred_action")), "redirect");
	assert_string_equal(json_string_value(json_object_get(j, "direction")), "egress");
	assert_string_equal(json_string_value(json_object_get(j, "to_dev")), to);
	json_decref(j);
}

static size_t count_qdiscs(const char *dev, const char *kind)
{
	json_t *j = own_json("tc -j qdisc show dev %s | jq '[.[] | select(.kind == \"%s\")]'", dev, kind);
	size_t n = json_array_size(j);

	json_decref(j);
	return n;
}

/* All links and qdiscs, one thing in a line. */
static char *everything(void)
{
	return own_text("ip -o link show; tc qdisc show; for d in $(ls /proc/sys/net/ipv4/conf); do "
			"tc class show dev $d 2>/dev/null | grep -v fq_codel; tc filter show dev $d ingress 2>/dev/null; done; true");
}

static void same_as(const char *before, const char *what)
{
	same_text(before, everything(), what);
}

/* --- shapes -------------------------------------------------------------------------------------------- */

static const struct weir_bandwidth both = {
	.inbound = RATE(1000000, 2000000, 102400), .outbound = RATE(500000, 0, 0),
};

/* The way that every kernel with ifbs has; the others are test_shape's. */
static const struct weir_shape_options by_ifb = {
	.sz = sizeof(by_ifb), .method = WEIR_SHAPE_IFB, .leaf = WEIR_LEAF_DEFAULT,
};

static const struct weir_shape_options by_tbf = { .sz = sizeof(by_tbf), .qdisc = WEIR_QDISC_TBF };

static void a_port_that_is_made(int (*add)(struct weir_txn *t), bool in, bool out)
{
	struct weir_bandwidth bandwidth = { 0 };
	struct weir_shape shape = { .sz = sizeof(shape) };
	struct weir_txn *t = begin();
	int ifindex = add(t);

	if (in)
		bandwidth.inbound = both.inbound;
	if (out)
		bandwidth.outbound = both.outbound;
	weir_txn_shape_set(t, ifindex, "vnet0", &bandwidth, &by_ifb, &shape);
	commit(t, "a shaped port");
	assert_int_equal(count_qdiscs("vnet0", "htb"), in);
	assert_int_equal(count_qdiscs("vnet0", "ingress"), out);
	assert_int_equal(shape.ifb_ifindex != 0, out);
	if (in) {
		nl_shows_default(ifindex);
		nl_shows_class(ifindex, &bandwidth.inbound, "inbound");
		tc_shows("vnet0", "class htb 7765:1 root");
		tc_shows("vnet0", "rate 8Mbit ceil 16Mbit linklayer ethernet burst 100Kb");
	}
	if (out) {
		assert_int_equal(index_of("ifb-vnet0"), shape.ifb_ifindex);
		nl_shows_default(shape.ifb_ifindex);
		nl_shows_class(shape.ifb_ifindex, &bandwidth.outbound, "outbound");
		tc_shows("ifb-vnet0", "rate 4Mbit ceil 4Mbit");
		tc_shows_redirect("vnet0", "ifb-vnet0");
	}
	/* The ifb is up, and quiet: it sends nothing of its own. */
	if (out)
		own_sh("ip -d -j link show dev ifb-vnet0 | jq -e '.[0] | (.flags | index(\"UP\")) and "
		       ".inet6_addr_gen_mode == \"none\" and .num_tx_queues == 1' >/dev/null");
	t = begin();
	weir_txn_link_del(t, ifindex, "vnet0");
	if (out)
		weir_txn_link_del(t, shape.ifb_ifindex, shape.ifb_name);
	commit(t, "delete");
}

static int add_pair_here(struct weir_txn *t)
{
	return add_pair(t, NULL);
}

static void ports_of_both_kinds(void **state)
{
	char *before = everything();

	for (int i = 0; i < 4; i++) {
		a_port_that_is_made(add_pair_here, i & 1, i & 2);
		if (own_can_tap())
			a_port_that_is_made(add_tap, i & 1, i & 2);
	}
	same_as(before, "no port");
	free(before);
}

/* The port was there before: undo has qdiscs to delete, not only links. */
static void a_port_that_was_there(void **state)
{
	struct weir_link taken = { .sz = sizeof(taken), .kind = WEIR_LINK_IFB, .name = "lo",
				   .has = WEIR_LINK_NAME };
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_shape shape = { .sz = sizeof(shape) };
	struct weir_txn *t;
	char *before;

	own_sh("ip link add vnet0 type veth peer name eth0");
	before = everything();
	t = begin();
	weir_txn_shape_set(t, index_of("vnet0"), "vnet0", &both, &by_ifb, NULL);
	weir_txn_link_add(t, &taken);
	assert_int_equal(weir_txn_commit(t, &err), -EEXIST);
	assert_null(strstr(err.msg, "undoing"));
	same_as(before, "an undone shape");
	t = begin();
	weir_txn_shape_set(t, index_of("vnet0"), "vnet0", &both, &by_ifb, &shape);
	commit(t, "shape");
	nl_shows_class(index_of("vnet0"), &both.inbound, "inbound");
	nl_shows_class(shape.ifb_ifindex, &both.outbound, "outbound");
	free(before);
}

/* Everybody's qdiscs and filters: named, and left as they are. */
static void what_is_in_the_way(void **state)
{
	static const struct {
		const char *name, *prepare, *object, *says;
	} cases[] = {
		{ "a root qdisc", "tc qdisc add dev vnet0 root handle 1: htb", "qdisc 1: htb on vnet0", "not ours" },
		{ "a root qdisc and its class",
		  "tc qdisc add dev vnet0 root handle 7765: htb && tc class add dev vnet0 parent 7765: classid 7765:7 "
		  "htb rate 1mbit", "qdisc 7765: htb on vnet0", "not ours" },
		{ "an ingress qdisc", "tc qdisc add dev vnet0 ingress", "qdisc ffff: ingress on vnet0", "not ours" },
		{ "a clsact qdisc", "tc qdisc add dev vnet0 clsact", "qdisc ffff: clsact on vnet0", "not ours" },
		{ "an ingress qdisc and its filters",
		  "tc qdisc add dev vnet0 ingress && tc filter add dev vnet0 parent ffff: prio 1 protocol all u32 "
		  "match u32 0 0 flowid 1:1 && tc filter add dev vnet0 parent ffff: prio 7 protocol ip u32 "
		  "match u32 0 0 flowid 1:2", "qdisc ffff: ingress on vnet0", "not ours" },
		{ "the ifb's name", "ip link add ifb-vnet0 type veth peer name x1", "ifb ifb-vnet0",
		  "is taken by another link" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct weir_error err = WEIR_ERROR_INIT;
		struct weir_txn *t;
		char *before;

		own_sh("ip link add vnet0 type veth peer name eth0 && %s", cases[i].prepare);
		before = everything();
		t = begin();
		weir_txn_shape_set(t, index_of("vnet0"), "vnet0", &both, &by_ifb, NULL);
		if (weir_txn_commit(t, &err) != -EEXIST || strcmp(err.object, cases[i].object) != 0 ||
		    !strstr(err.msg, cases[i].says))
			fail_msg("%s: %d: %s: %s", cases[i].name, err.code, err.object, err.msg);
		same_as(before, cases[i].name);
		own_sh("ip link del vnet0; ip link del ifb-vnet0 2>/dev/null; true");
		free(before);
	}
}

/* From 1 Mbit/s to 100 Gbit/s and to libvirt's limit: the kernel has what was asked for. */
static void rates_arrive_exactly(void **state)
{
	static const struct weir_rate rates[] = {
		RATE(1, 0, 0), RATE(1000, 0, 0), RATE(MBIT, 0, 0), RATE(MBIT, 2 * MBIT, 1048576),
		RATE(10 * MBIT, 0, 0), RATE(GBIT, 0, 0), RATE(GBIT, 10 * GBIT, 4194304),
		RATE(10 * GBIT, 0, 0), RATE(34 * GBIT, 0, 0), RATE(UINT32_MAX, 0, 0),
		RATE(1ull << 32, 0, 0), RATE(40 * GBIT, 100 * GBIT, 0), RATE(100 * GBIT, 0, 0),
		RATE(WEIR_RATE_MAX, 0, 0), RATE(1000, 0, WEIR_BURST_MAX),
	};

	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		struct weir_bandwidth bandwidth = { .inbound = rates[i] };
		struct weir_txn *t = begin();
		int ifindex = add_pair(t, NULL);
		char what[64];

		snprintf(what, sizeof(what), "rate %zu", i);
		weir_txn_shape_set(t, ifindex, "vnet0", &bandwidth, &by_ifb, NULL);
		commit(t, what);
		nl_shows_class(ifindex, &rates[i], what);
		if (rates[i].average_bytes_per_s > 1) {
			t = begin();
			weir_txn_shape_set(t, ifindex, "vnet0", &bandwidth, &by_tbf, NULL);
			commit(t, what);
			nl_shows_tbf(ifindex, &rates[i], what);
		}
		t = begin();
		weir_txn_link_del(t, ifindex, "vnet0");
		commit(t, "delete");
	}
}

/* --- packets ---------------------------------------------------------------------------------------------- */

#define N_PACKETS 50
#define PORT 4711

/* The guest: sends every packet back. */
static int echo(void *arg)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	char buf[1500];

	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 || write(*(int *)arg, "x", 1) != 1)
		return 1;
	for (int i = 0; i < N_PACKETS; i++) {
		socklen_t len = sizeof(addr);
		ssize_t n = recvfrom(fd, buf, sizeof(buf), 0, (struct sockaddr *)&addr, &len);

		if (n < 0 || sendto(fd, buf, (size_t)n, 0, (struct sockaddr *)&addr, len) != n)
			return 1;
	}
	return 0;
}

static void ping_pong(const char *address)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char buf[1000] = "ping";

	assert_int_equal(inet_pton(AF_INET, address, &to.sin_addr), 1);
	for (int i = 0; i < N_PACKETS; i++) {
		assert_int_equal(sendto(fd, buf, sizeof(buf), 0, (struct sockaddr *)&to, sizeof(to)),
				 sizeof(buf));
		assert_int_equal(poll(&p, 1, 20000), 1);
		assert_int_equal(recv(fd, buf, sizeof(buf), 0), sizeof(buf));
	}
	close(fd);
}

static uint64_t packets_of(int ifindex)
{
	struct rtnl_class *c = class_of(ifindex);
	uint64_t n = rtnl_tc_get_stat(TC_CAST(c), RTNL_TC_PACKETS);

	rtnl_class_put(c);
	return n;
}

/* A child of the guest's that goes on while the host sends. */
static pid_t start_echo(const char *path)
{
	int ready[2];
	pid_t pid;
	char c;

	assert_int_equal(pipe(ready), 0);
	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		own_ns_run(path, echo, &ready[1]);
		_exit(0);
	}
	assert_int_equal(read(ready[0], &c, 1), 1);
	close(ready[0]);
	close(ready[1]);
	return pid;
}

static void packets_pass_both_ways(void **state)
{
	struct weir_bandwidth bandwidth = { RATE(100 * MBIT, 0, 0), RATE(100 * MBIT, 0, 0) };
	struct weir_addr addr = { .sz = sizeof(addr), .prefix = 24 };
	struct weir_shape shape = { .sz = sizeof(shape) };
	struct weir_txn *t;
	char path[64];
	int ifindex;

	own_ns_beside(path);
	weir_ip_parse("10.0.0.1", &addr.local);
	t = begin();
	ifindex = add_pair(t, path);
	addr.ifindex = ifindex;
	weir_txn_addr_add(t, &addr);
	weir_txn_shape_set(t, ifindex, "vnet0", &bandwidth, &by_ifb, &shape);
	commit(t, "a shaped pair");
	own_sh("nsenter --net=%s ip addr add 10.0.0.2/24 dev eth0", path);
	start_echo(path);
	ping_pong("10.0.0.2");
	/* Each packet went through its direction's class, there and back; ARP comes on top. */
	assert_in_range(packets_of(ifindex), N_PACKETS, N_PACKETS + 100);
	assert_in_range(packets_of(shape.ifb_ifindex), N_PACKETS, N_PACKETS + 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, own_setup, own_teardown)
		TEST(ports_of_both_kinds),
		TEST(a_port_that_was_there),
		TEST(what_is_in_the_way),
		TEST(rates_arrive_exactly),
		TEST(packets_pass_both_ways),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
