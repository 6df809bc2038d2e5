/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Addresses, routes and sysctls in a real kernel (lib/ip): made, read back by ip,
 * taken back, and what the kernel says when it refuses. And files on a disk that
 * is full, which takes a mount namespace.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <net/if.h>
#include <netinet/icmp6.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include <weir/ip.h>
#include <weir/link.h>
#include <weir/txn.h>

#include "base/file.h"
#include "lib_own.h"
#include "txn/txn.h"

#define EXISTING 1000	/* index of an ifb that is up */

static int setup(void **state)
{
	if (own_setup(state))
		return -1;
	own_sh("ip link add low0 index %d type ifb && ip link set low0 addrgenmode none up", EXISTING);
	return 0;
}

static struct weir_ip ip(const char *text)
{
	struct weir_ip a = { 0 };

	if (*text && weir_ip_parse(text, &a))
		fail_msg("%s", text);
	return a;
}

static struct weir_addr addr(int ifindex, const char *local, uint8_t prefix, const char *broadcast)
{
	return (struct weir_addr){ .sz = sizeof(struct weir_addr), .ifindex = ifindex,
				   .local = ip(local), .prefix = prefix, .broadcast = ip(broadcast) };
}

static struct weir_route route(int ifindex, const char *dst, uint8_t prefix, const char *gateway)
{
	return (struct weir_route){ .sz = sizeof(struct weir_route), .ifindex = ifindex, .dst = ip(dst),
				    .prefix = prefix, .gateway = ip(gateway) };
}

/* Addresses and routes of everything, without times that pass and what the kernel makes of IPv6 some time later. */
static char *everything(void)
{
	return own_text("ip -o addr show | grep -v ' fe80:' | sed 's/valid_lft.*//; s/ tentative//'; "
			"ip -4 route show table all; "
			"ip -6 route show table all | grep -v 'fe80:\\|^multicast\\|proto kernel' | sed 's/expires [0-9a-z]*//'");
}

static void same_as(const char *before, const char *what)
{
	same_text(before, everything(), what);
}

/* --- addresses --------------------------------------------------------------------------------------- */

/* The first address of a link that jq's words select. */
static json_t *shown_addr(const char *dev, const char *local)
{
	json_t *j = own_json("ip -j -d addr show dev %s | jq '[.[0].addr_info[] | select(.local == \"%s\")][0]'",
			     dev, local);

	if (!json_is_object(j))
		fail_msg("%s has no address %s", dev, local);
	return j;
}

static void json_shows(const json_t *j, const char *key, const char *value)
{
	const char *text = json_string_value(json_object_get(j, key));

	if (strcmp(text ? text : "", value) != 0)
		fail_msg("%s is %s instead of %s", key, text, value);
}

static void addresses_arrive(void **state)
{
	struct weir_addr a4 = addr(EXISTING, "192.0.2.1", 24, "192.0.2.255");
	struct weir_addr plain = addr(EXISTING, "198.51.100.1", 32, "");
	struct weir_addr a6 = addr(EXISTING, "2001:db8::1", 64, "");
	char *before = everything();
	struct weir_txn *t;
	json_t *j;

	a6.has = WEIR_ADDR_NODAD;
	a6.nodad = true;
	for (int round = 0; round < 2; round++) {
		t = begin();
		weir_txn_addr_add(t, &a4);
		weir_txn_addr_add(t, &plain);
		weir_txn_addr_add(t, &a6);
		if (round)
			break;
		commit_and_fail(t, "addresses");
		same_as(before, "addresses");
	}
	commit(t, "addresses");
	j = shown_addr("low0", "192.0.2.1");
	json_shows(j, "broadcast", "192.0.2.255");
	assert_int_equal(json_integer_value(json_object_get(j, "prefixlen")), 24);
	json_decref(j);
	j = shown_addr("low0", "198.51.100.1");
	json_shows(j, "broadcast", "");
	json_decref(j);
	/* With nodad too it is a worker of the kernel's that says it is good. */
	own_sh("for i in $(seq 600); do ip -6 addr show dev low0 tentative | grep -q inet6 || exit 0; sleep 0.1; done; exit 1");
	j = shown_addr("low0", "2001:db8::1");
	assert_true(json_is_true(json_object_get(j, "nodad")));
	assert_null(json_object_get(j, "tentative"));
	json_decref(j);
	free(before);
}

/* An address of a link that the transaction makes, before there is such a link. */
static void addresses_of_a_new_link(void **state)
{
	struct weir_link link = { .sz = sizeof(link), .kind = WEIR_LINK_BRIDGE, .name = "br0", .is_up = true,
				  .has = WEIR_LINK_NAME | WEIR_LINK_UP };
	char *before = everything();
	struct weir_txn *t;

	for (int round = 0; round < 2; round++) {
		struct weir_addr a4, a6;
		struct weir_route rt;
		int ifindex;

		t = begin();
		ifindex = weir_txn_link_add(t, &link);
		a4 = addr(ifindex, "10.0.0.1", 8, "");
		a6 = addr(ifindex, "fd00::1", 64, "");
		rt = route(ifindex, "11.0.0.0", 8, "10.0.0.2");
		weir_txn_addr_add(t, &a4);
		weir_txn_addr_add(t, &a6);
		weir_txn_route_add(t, &rt);
		if (round)
			break;
		commit_and_fail(t, "a bridge with addresses");
		same_as(before, "a bridge with addresses");
	}
	commit(t, "a bridge with addresses");
	json_decref(shown_addr("br0", "10.0.0.1"));
	json_decref(shown_addr("br0", "fd00::1"));
	own_sh("ip route get 11.1.1.1 | grep -q 'via 10.0.0.2 dev br0'");
	free(before);
}

static void refused_addresses(void **state)
{
	const struct {
		const char *name;
		struct weir_addr addr;
		int code;
		const char *object, *says;
	} cases[] = {
		{ "one that is there", addr(EXISTING, "192.0.2.1", 24, ""), -EEXIST, "address 192.0.2.1/24",
		  "the link has the address already" },
		{ "on no link", addr(99999, "192.0.2.2", 24, ""), -ENODEV, "address 192.0.2.2/24", "" },
		{ "IPv6 that is there", addr(EXISTING, "fd00::1", 64, ""), -EEXIST, "address fd00::1/64",
		  "the link has the address already" },
		{ "a multicast address", addr(EXISTING, "ff02::1", 64, ""), -EADDRNOTAVAIL, "address ff02::1/64",
		  "" },
	};
	char *before;

	own_sh("ip addr add 192.0.2.1/24 dev low0 && ip addr add fd00::1/64 dev low0 nodad");
	before = everything();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct weir_error err = WEIR_ERROR_INIT;
		struct weir_txn *t = begin();

		weir_txn_addr_add(t, &cases[i].addr);
		if (weir_txn_commit(t, &err) != cases[i].code || strcmp(err.object, cases[i].object) != 0 ||
		    !strstr(err.msg, cases[i].says))
			fail_msg("%s: %d: %s: %s: %s", cases[i].name, err.code, err.object, err.attr, err.msg);
		assert_int_equal(err.stage, WEIR_STAGE_KERNEL);
		same_as(before, cases[i].name);
	}
	free(before);
}

/* What was leased for 1,000 s is either that still, or there for ever. */
static bool is_leased(const char *local)
{
	json_t *j = shown_addr("low0", local);
	const json_int_t left = json_integer_value(json_object_get(j, "valid_life_time"));

	json_decref(j);
	if (left != UINT32_MAX)
		assert_in_range(left, 900, 1000);
	return left != UINT32_MAX;
}

static void leases_come_back(void **state)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_addr *list = NULL;
	struct weir_txn *t;
	size_t n = 0;

	own_sh("set -e; for a in 192.0.2.1/24 192.0.3.1/24 2001:db8::1/64 2001:db8:1::1/64; do "
	       "ip addr add $a dev low0 valid_lft 1000 preferred_lft 500 noprefixroute; done");
	assert_int_equal(weir_addr_list(weir_txn_handle(t = begin()), EXISTING, &list, &n, &err), 0);
	for (size_t i = 0; i < n; i++)	/* the kernel's own stays out of it */
		if (list[i].local.bytes[0] == 0xfe)
			list[i--] = list[--n];
	assert_int_equal(n, 4);
	for (size_t i = 0; i < n; i++) {
		assert_true(list[i].has & WEIR_ADDR_LEASED);
		assert_in_range(list[i].valid_s, 900, 1000);
		assert_in_range(list[i].preferred_s, 400, 500);
		if (i % 2)
			weir_txn_addr_del(t, &list[i]);
		else
			weir_txn_addr_add(t, &list[i]);
	}
	commit_and_fail(t, "leases");
	assert_true(is_leased("192.0.2.1") && is_leased("192.0.3.1"));
	assert_true(is_leased("2001:db8::1") && is_leased("2001:db8:1::1"));
	t = begin();
	for (size_t i = 0; i < n; i++)
		weir_txn_addr_add(t, &list[i]);
	commit(t, "for ever");
	assert_false(is_leased("192.0.2.1") || is_leased("2001:db8::1"));
	free(list);
}

/* --- routes ---------------------------------------------------------------------------------------------- */

struct route_case {
	const char *name;
	struct weir_route route;
	const char *shown;	/* by ip */
};

/* What weir_route_list() says of a destination. */
static void listed(const struct weir_route *want, const char *what)
{
	struct weir_route *routes = NULL;
	size_t n = 0, found = 0;

	assert_int_equal(weir_route_list(w, &routes, &n, NULL), 0);
	for (size_t i = 0; i < n; i++) {
		const struct weir_route *is = &routes[i];

		if (memcmp(&is->dst, &want->dst, sizeof(is->dst)) != 0 || is->prefix != want->prefix ||
		    is->ifindex != want->ifindex)
			continue;
		found++;
		if (memcmp(&is->gateway, &want->gateway, sizeof(is->gateway)) != 0 ||
		    (want->has & WEIR_ROUTE_METRIC && is->metric != want->metric) ||
		    is->protocol != (want->protocol ? want->protocol : 4))
			fail_msg("%s: listed otherwise", what);
	}
	if (found != 1)
		fail_msg("%s: listed %zu times", what, found);
	free(routes);
}

static void routes_arrive(void **state)
{
	struct route_case cases[] = {
		{ "by a gateway", route(EXISTING, "198.51.100.0", 24, "192.0.2.2"),
		  "198.51.100.0/24 via 192.0.2.2 dev low0 proto static metric 7" },
		{ "on the link", route(EXISTING, "203.0.113.0", 25, ""),
		  "203.0.113.0/25 dev low0 proto 119 scope link" },
		{ "to one host", route(EXISTING, "203.0.113.200", 32, ""),
		  "203.0.113.200 dev low0 proto static scope link" },
		{ "to everywhere", route(EXISTING, "0.0.0.0", 0, "192.0.2.2"),
		  "default via 192.0.2.2 dev low0 proto static" },
		{ "of IPv6", route(EXISTING, "2001:db8:1::", 48, "2001:db8::2"),
		  "2001:db8:1::/48 via 2001:db8::2 dev low0 proto static metric 9" },
		{ "of IPv6 on the link", route(EXISTING, "2001:db8:2::", 48, ""),
		  "2001:db8:2::/48 dev low0 proto static" },
		{ "of IPv6 to everywhere", route(EXISTING, "::", 0, "2001:db8::2"),
		  "default via 2001:db8::2 dev low0 proto static" },
	};
	char *before;

	cases[0].route.has = cases[4].route.has = WEIR_ROUTE_METRIC;
	cases[0].route.metric = 7;
	cases[1].route.protocol = 119;
	cases[4].route.metric = 9;
	own_sh("ip addr add 192.0.2.1/24 dev low0 && ip addr add 2001:db8::1/64 dev low0 nodad");
	before = everything();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct weir_txn *t = begin();

		weir_txn_route_add(t, &cases[i].route);
		commit_and_fail(t, cases[i].name);
		same_as(before, cases[i].name);
		t = begin();
		weir_txn_route_add(t, &cases[i].route);
		commit(t, cases[i].name);
		own_sh("{ ip route show; ip -6 route show; } | grep -q '%s'", cases[i].shown);
		listed(&cases[i].route, cases[i].name);
		own_sh("%s", "ip route flush proto static; ip -6 route flush proto static; "
			     "ip route flush proto 119");
		same_as(before, cases[i].name);
	}
	free(before);
}

/* By which prefix an address is reached, or why not. */
static void one_route(const char *to, int code, unsigned int prefix)
{
	struct weir_route rt = { .sz = sizeof(rt) };
	struct weir_ip dst;

	assert_int_equal(weir_ip_parse(to, &dst), 0);
	if (weir_route_get(w, &dst, &rt, NULL) != code || (!code && rt.prefix != prefix))
		fail_msg("%s: another route", to);
}

static void asked_for_one(void)
{
	const struct weir_ip none = { 0 };
	struct weir_route rt = { .sz = sizeof(rt) };

	one_route("10.7.5.0", 0, 24);
	one_route("10.8.5.0", 0, 8);
	one_route("192.0.2.7", 0, 24);
	one_route("2001:db8::7", 0, 64);
	one_route("192.0.2.1", -ENOENT, 0);	/* our own address: of another table */
	one_route("11.0.0.1", -EINVAL, 0);	/* a black hole */
	one_route("12.0.0.1", -ENETUNREACH, 0);	/* in a table that no rule leads to */
	assert_int_equal(weir_route_get(w, &none, &rt, NULL), -EINVAL);
}

/* Only unicast routes of the main table are listed, of both families, by one send; or one is asked for. */
static void lists_of_routes(void **state)
{
	struct weir_counters before = { .sz = sizeof(before) }, after = { .sz = sizeof(after) };
	struct weir_route *routes = NULL;
	json_t *v4, *v6;
	size_t n = 0;

	own_sh("ip addr add 192.0.2.1/24 dev low0 && ip addr add 2001:db8::1/64 dev low0 nodad && "
	       "ip route add 10.0.0.0/8 via 192.0.2.2 && ip route add blackhole 11.0.0.0/8 && "
	       "ip route add 12.0.0.0/8 via 192.0.2.2 table 77 && "
	       "for i in $(seq 200); do echo route add 10.7.$i.0/24 via 192.0.2.2; done | ip -batch -");
	v4 = own_json("ip -j -d route show table main | jq '[.[] | select(.type == \"unicast\")]'");
	v6 = own_json("ip -6 -j -d route show table main | jq '[.[] | select(.type == \"unicast\")]'");
	weir_get_counters(w, &before);
	assert_int_equal(weir_route_list(w, &routes, &n, NULL), 0);
	weir_get_counters(w, &after);
	assert_int_equal(n, json_array_size(v4) + json_array_size(v6));
	assert_int_equal(after.n_sends - before.n_sends, 1);
	asked_for_one();
	free(routes);
	json_decref(v4);
	json_decref(v6);
}

static void refused_routes(void **state)
{
	const struct {
		const char *name;
		struct weir_route route;
		int code;
		const char *says;
	} cases[] = {
		{ "one that is there", route(EXISTING, "10.0.0.0", 8, "192.0.2.2"), -EEXIST,
		  "there is such a route already" },
		{ "a gateway nobody knows the way to", route(EXISTING, "11.0.0.0", 8, "198.51.100.1"),
		  -ENETUNREACH, "Nexthop has invalid gateway" },
		{ "a link that is not there", route(99999, "11.0.0.0", 8, ""), -ENODEV, "" },
		{ "a link that is down", route(1001, "11.0.0.0", 8, ""), -ENETDOWN, "" },
		{ "an IPv6 gateway nobody knows the way to", route(EXISTING, "fd01::", 64, "fd99::1"),
		  -EHOSTUNREACH, "" },
	};
	char *before;

	own_sh("ip link add low1 index 1001 type ifb && ip addr add 192.0.2.1/24 dev low0 && "
	       "ip route add 10.0.0.0/8 via 192.0.2.2");
	before = everything();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct weir_error err = WEIR_ERROR_INIT;
		struct weir_txn *t = begin();

		weir_txn_route_add(t, &cases[i].route);
		if (weir_txn_commit(t, &err) != cases[i].code || !strstr(err.msg, cases[i].says))
			fail_msg("%s: %d: %s: %s: %s", cases[i].name, err.code, err.object, err.attr, err.msg);
		same_as(before, cases[i].name);
	}
	free(before);
}

/* --- what a link loses ------------------------------------------------------------------------------- */

#define UNTIL(condition) "for i in $(seq 100); do " condition " && exit 0; sleep 0.1; done; exit 1"

/* In the kernel's order: what is sent from the link is sent from its newest address. A nexthop object is gone for good. */
static char *in_order(void)
{
	return own_text("ip -o -6 addr show dev low0 scope global | sed 's/ *valid_lft.*//; s/ tentative//'; ip route | sed 's/nhid [0-9]* //';"
			"ip -6 route show 2001:db8:2::/48");
}

static void set_up(struct weir_txn *t, int ifindex, bool up)
{
	struct weir_link l = { .sz = sizeof(l), .ifindex = ifindex, .has = WEIR_LINK_IFINDEX | WEIR_LINK_UP, .is_up = up };

	weir_txn_link_set(t, &l);
}

static void what_a_link_loses_comes_back(void **state)
{
	struct weir_txn *t;
	char *before;

	own_sh("set -e; ip addr add 192.0.2.1/24 dev low0; for i in 1 2 3; do ip addr add 2001:db8::$i/64 dev low0 nodad; done;"
	       "ip nexthop add id 7 via 192.0.2.9 dev low0; ip route add 10.1.0.0/16 nhid 7;"
	       "ip route add 10.2.0.0/16 nexthop via 192.0.2.8 dev low0 nexthop via 192.0.2.9 dev low0;"
	       "ip route add 2001:db8:2::/48 nexthop via 2001:db8::8 dev low0 nexthop via 2001:db8::9 dev low0");
	before = in_order();
	for (int round = 0; round < 2; round++) {
		t = begin();
		weir_txn_link_keep(t, EXISTING);
		set_up(t, EXISTING, false);
		if (round)
			break;
		commit_and_fail(t, "down");
		same_text(before, in_order(), "undone");
	}
	set_up(t, EXISTING, true);
	weir_txn_link_restore(t, EXISTING);
	commit(t, "down and up");
	same_text(before, in_order(), "down and up");
	free(before);
}

/* A router says for how long packets may be sent by way of it. */
static void advertise(uint16_t lifetime_s)
{
	struct nd_router_advert ra = { .nd_ra_type = ND_ROUTER_ADVERT };
	struct sockaddr_in6 all = { .sin6_family = AF_INET6, .sin6_scope_id = if_nametoindex("ra1") };
	int fd = socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMPV6), hops = 255;

	ra.nd_ra_curhoplimit = 64;
	ra.nd_ra_router_lifetime = htons(lifetime_s);
	assert_int_equal(inet_pton(AF_INET6, "ff02::1", &all.sin6_addr), 1);
	assert_int_equal(setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, &hops, sizeof(hops)), 0);
	assert_int_equal(sendto(fd, &ra, sizeof(ra), 0, (struct sockaddr *)&all, sizeof(all)), sizeof(ra));
	close(fd);
}

/* In our words it would be there for ever, and the kernel would heed no advertisement of that router any more. */
static void a_routers_route_is_the_kernels(void **state)
{
	struct weir_txn *t;
	int ifindex;

	own_sh("set -e; ip link add ra0 type veth peer name ra1; cd /proc/sys/net/ipv6/conf; echo 2 >ra0/accept_ra;"
	       "echo 0 >ra1/accept_ra; echo 0 >ra0/accept_dad; echo 0 >ra1/accept_dad; ip link set ra1 up; ip link set ra0 up;"
	       UNTIL("ip -6 addr show dev ra1 -tentative | grep -q fe80"));
	ifindex = index_of("ra0");
	advertise(1800);
	own_sh(UNTIL("ip -6 route show default dev ra0 | grep -q expires"));
	t = begin();
	weir_txn_link_keep(t, ifindex);
	set_up(t, ifindex, false);
	set_up(t, ifindex, true);
	weir_txn_link_restore(t, ifindex);
	commit(t, "down and up");
	own_sh("test -z \"$(ip -6 route show default dev ra0)\"");
	advertise(1800);
	own_sh(UNTIL("ip -6 route show default dev ra0 | grep -q expires"));
	advertise(0);
	own_sh(UNTIL("test -z \"$(ip -6 route show default dev ra0)\""));
}

/* --- sysctls -------------------------------------------------------------------------------------------------- */

static void value_is(const char *key, const char *value)
{
	char *text = own_text("cat /proc/sys/%s", key);

	text[strcspn(text, "\n")] = '\0';
	if (strcmp(text, value) != 0)
		fail_msg("%s is %s instead of %s", key, text, value);
	free(text);
}

static void sysctls_are_set_and_taken_back(void **state)
{
	static const char forward[] = "net/ipv4/ip_forward", range[] = "net/ipv4/ip_local_port_range";
	struct weir_txn *t;

	own_sh("echo 0 >/proc/sys/%s; echo '30000\t40000' >/proc/sys/%s", forward, range);
	t = begin();
	weir_txn_sysctl_set(t, forward, "1", false);
	weir_txn_sysctl_set(t, range, "31000\t41000", false);
	weir_txn_sysctl_set(t, "net/ipv6/conf/low0/accept_ra", "0", true);
	commit_and_fail(t, "sysctls");
	value_is(forward, "0");
	value_is(range, "30000\t40000");
	t = begin();
	weir_txn_sysctl_set(t, forward, "1", false);
	weir_txn_sysctl_set(t, range, "31000\t41000", false);
	commit(t, "sysctls");
	value_is(forward, "1");
	value_is(range, "31000\t41000");
}

/* /proc/sys/net/ipv4/conf/X is there once X is, in the middle of the transaction. */
static void sysctls_of_a_new_link(void **state)
{
	struct weir_link link = { .sz = sizeof(link), .kind = WEIR_LINK_BRIDGE, .name = "br0",
				  .has = WEIR_LINK_NAME };
	struct weir_link up = { .sz = sizeof(up), .kind = WEIR_LINK_OTHER, .is_up = true,
				.has = WEIR_LINK_IFINDEX | WEIR_LINK_UP };
	struct weir_txn *t;

	for (int round = 0; round < 2; round++) {
		t = begin();
		up.ifindex = weir_txn_link_add(t, &link);
		weir_txn_sysctl_set(t, "net/ipv4/conf/br0/forwarding", "1", false);
		weir_txn_sysctl_set(t, "net/ipv6/conf/br0/disable_ipv6", "1", true);
		weir_txn_link_set(t, &up);
		if (round)
			break;
		commit_and_fail(t, "a bridge with sysctls");
	}
	commit(t, "a bridge with sysctls");
	value_is("net/ipv4/conf/br0/forwarding", "1");
	value_is("net/ipv6/conf/br0/disable_ipv6", "1");
	own_sh("ip -o link show dev br0 | grep -q '[<,]UP'");
}

static void sysctls_that_are_not_there(void **state)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_txn *t = begin();

	weir_txn_sysctl_set(t, "net/ipv4/no_such_thing", "1", true);
	commit(t, "one that may be missing");
	t = begin();
	weir_txn_sysctl_set(t, "net/ipv4/no_such_thing", "1", false);
	assert_int_equal(weir_txn_commit(t, &err), -ENOENT);
	assert_string_equal(err.object, "sysctl net/ipv4/no_such_thing");
	t = begin();
	weir_txn_sysctl_set(t, "net/ipv4/ip_forward", "not a number", false);
	assert_int_equal(weir_txn_commit(t, &err), -EINVAL);
	assert_string_equal(err.object, "sysctl net/ipv4/ip_forward");
}

/* A handle on another namespace reads and writes there. */
static void sysctls_of_another_namespace(void **state)
{
	struct weir_options opts = { .sz = sizeof(opts) };
	struct weir_txn *t = NULL;
	struct weir *there = NULL;
	char path[64];

	own_ns_beside(path);
	own_sh("echo 0 >/proc/sys/net/ipv4/ip_forward; "
	       "nsenter --net=%s sh -c 'echo 0 >/proc/sys/net/ipv4/ip_forward'", path);
	opts.netns = path;
	assert_int_equal(weir_open(&opts, &there, NULL), 0);
	assert_int_equal(weir_txn_begin(there, "test", 0, &t, NULL), 0);
	weir_txn_sysctl_set(t, "net/ipv4/ip_forward", "1", false);
	assert_int_equal(weir_txn_commit(t, NULL), 0);
	value_is("net/ipv4/ip_forward", "0");
	own_sh("nsenter --net=%s grep -q 1 /proc/sys/net/ipv4/ip_forward", path);
	weir_close(there);
}

/* --- a full disk ---------------------------------------------------------------------------------------------- */

static char disk[] = "/tmp/weir-disk-XXXXXX";

static int setup_disk(void **state)
{
	memcpy(disk, "/tmp/weir-disk-XXXXXX", sizeof(disk));
	if (setup(state) || unshare(CLONE_NEWNS) < 0 || !mkdtemp(disk))
		return -1;
	if (mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) < 0)
		return -1;
	return mount("weir-test", disk, "tmpfs", 0, "size=64k,mode=755");
}

static int teardown_disk(void **state)
{
	umount2(disk, MNT_DETACH);
	rmdir(disk);
	return own_teardown(state);
}

static const char *on_disk(const char *name)
{
	static char path[4][64];
	static int turn;

	turn = (turn + 1) % 4;
	snprintf(path[turn], sizeof(path[0]), "%s/%s", disk, name);
	return path[turn];
}

static size_t count_names(const char *dir)
{
	DIR *d = opendir(dir);
	size_t n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n - 2;
}

static void has_content(const char *path, const char *content)
{
	wr_auto(str) struct wr_str got = { 0 };

	assert_int_equal(wr_file_read(path, &got), 0);
	assert_string_equal(wr_str_text(&got), content);
}

static void files_on_a_full_disk(void **state)
{
	static const char data[100000];
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_txn *t;

	assert_int_equal(wr_file_write(on_disk("f"), "old", 3, 0644, true), 0);
	assert_int_equal(wr_file_write(on_disk("f"), data, sizeof(data), 0644, true), -ENOSPC);
	has_content(on_disk("f"), "old");
	assert_int_equal(count_names(disk), 1);
	t = begin();
	weir_txn_file_write(t, on_disk("g"), "new", 3, 0644, false);
	weir_txn_file_write(t, on_disk("f"), data, sizeof(data), 0644, true);
	assert_int_equal(weir_txn_commit(t, &err), -ENOSPC);
	assert_non_null(strstr(err.msg, "No space left on device"));
	has_content(on_disk("f"), "old");
	assert_int_equal(count_names(disk), 1);
}

/* No journal, no change: there would be no way back from it after a kill. */
static void a_journal_on_a_full_disk(void **state)
{
	struct weir_options opts = { .sz = sizeof(opts), .state_dir = disk };
	struct weir_addr a = addr(EXISTING, "192.0.2.1", 24, "");
	struct weir_error err = WEIR_ERROR_INIT;
	char *before = everything();
	struct weir *full = NULL;
	struct weir_txn *t = NULL;

	own_try("cat /dev/zero >%s/ballast", disk);
	assert_int_equal(weir_open(&opts, &full, NULL), 0);
	assert_int_equal(weir_txn_begin(full, "test", 0, &t, NULL), 0);
	weir_txn_addr_add(t, &a);
	assert_int_equal(weir_txn_commit(t, &err), -ENOSPC);
	assert_string_equal(err.object, "journal");
	same_as(before, "a journal that cannot be written");
	/* And nothing of it is left when there is room again. */
	own_sh("rm %s/ballast", disk);
	assert_int_equal(weir_recover(full, NULL), 0);
	own_sh("test ! -s %s/journal", disk);
	weir_close(full);
	free(before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, own_teardown)
#define DISK_TEST(f) cmocka_unit_test_setup_teardown(f, setup_disk, teardown_disk)
		TEST(addresses_arrive),
		TEST(addresses_of_a_new_link),
		TEST(refused_addresses),
		TEST(leases_come_back),
		TEST(routes_arrive),
		TEST(lists_of_routes),
		TEST(refused_routes),
		TEST(what_a_link_loses_comes_back),
		TEST(a_routers_route_is_the_kernels),
		TEST(sysctls_are_set_and_taken_back),
		TEST(sysctls_of_a_new_link),
		TEST(sysctls_that_are_not_there),
		TEST(sysctls_of_another_namespace),
		DISK_TEST(files_on_a_full_disk),
		DISK_TEST(a_journal_on_a_full_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
