/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Addresses as values (lib/base/ip.c), and the builders of lib/ip as far as they
 * need no kernel: what they refuse, the bytes they send beside those that ip sent
 * (tests/golden), their lines of a plan.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <linux/rtnetlink.h>

#include "base/ip.h"
#include "ip/steps.h"
#include "netlink/attr.h"
#include "tests/common/dry_txn.h"
#include "tests/common/golden.h"
#include "txn/txn.h"

static struct weir_ip ip(const char *text)
{
	struct weir_ip a = { 0 };

	if (*text && weir_ip_parse(text, &a))
		fail_msg("%s is no address", text);
	return a;
}

static const char *shown(const struct weir_ip *a)
{
	static char buf[4][WEIR_IP_TEXT];
	static int turn;

	turn = (turn + 1) % 4;
	return weir_ip_format(a, buf[turn]);
}

/* --- values ---------------------------------------------------------------------------------- */

static void texts_of_addresses(void **state)
{
	static const struct {
		const char *text, *again;	/* NULL: refused */
		uint8_t family;
	} cases[] = {
		{ "0.0.0.0", "0.0.0.0", 2 },
		{ "192.0.2.1", "192.0.2.1", 2 },
		{ "255.255.255.255", "255.255.255.255", 2 },
		{ "::", "::", 10 },
		{ "2001:DB8::1", "2001:db8::1", 10 },
		{ "2001:db8:0:0:0:0:0:1", "2001:db8::1", 10 },
		{ "::ffff:192.0.2.1", "::ffff:192.0.2.1", 10 },
		{ "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255",
		  "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 10 },
		{ "", NULL, 0 },
		{ " 192.0.2.1", NULL, 0 },
		{ "192.0.2.1 ", NULL, 0 },
		{ "192.0.2.1/24", NULL, 0 },
		{ "192.0.2", NULL, 0 },
		{ "192.0.2.256", NULL, 0 },
		{ "192.0.2.1.5", NULL, 0 },
		{ "0x7f.0.0.1", NULL, 0 },
		{ "3221225985", NULL, 0 },
		{ "2001:db8::1::2", NULL, 0 },
		{ "fe80::1%lo", NULL, 0 },
		{ "[::1]", NULL, 0 },
		{ "12345::", NULL, 0 },
		{ "localhost", NULL, 0 },
	};

	for (size_t i = 0; i < WR_COUNT(cases); i++) {
		struct weir_ip a = { .family = 77 };
		int r = weir_ip_parse(cases[i].text, &a);

		if (r != (cases[i].again ? 0 : -EINVAL))
			fail_msg("\"%s\": %d", cases[i].text, r);
		if (r)
			assert_int_equal(a.family, 77);
		else if (a.family != cases[i].family || strcmp(shown(&a), cases[i].again) != 0)
			fail_msg("\"%s\": family %d, \"%s\"", cases[i].text, a.family, shown(&a));
	}
}

static void no_address_has_no_text(void **state)
{
	static const struct weir_ip none = { 0 }, odd = { .family = 17 };
	struct weir_ip four = { .family = 2 };

	memset(four.bytes, 0xff, sizeof(four.bytes));
	assert_int_equal(weir_ip_parse("10.0.0.1", &four), 0);
	for (int i = 4; i < 16; i++)
		assert_int_equal(four.bytes[i], 0);
	assert_string_equal(shown(&none), "");
	assert_string_equal(shown(&odd), "");
	assert_int_equal(wr_ip_bits(&none), 0);
	assert_int_equal(wr_ip_bits(&odd), 0);
	assert_int_equal(wr_ip_bits(&four), 32);
}

/* The first and the last address of a network. */
static void masks(void **state)
{
	static const struct {
		const char *address;
		unsigned int prefix;
		const char *first, *last;
	} cases[] = {
		{ "192.0.2.77", 0, "0.0.0.0", "255.255.255.255" },
		{ "192.0.2.77", 1, "128.0.0.0", "255.255.255.255" },
		{ "192.0.2.77", 7, "192.0.0.0", "193.255.255.255" },
		{ "192.0.2.77", 8, "192.0.0.0", "192.255.255.255" },
		{ "192.0.2.77", 9, "192.0.0.0", "192.127.255.255" },
		{ "192.0.2.77", 24, "192.0.2.0", "192.0.2.255" },
		{ "192.0.2.77", 26, "192.0.2.64", "192.0.2.127" },
		{ "192.0.2.77", 31, "192.0.2.76", "192.0.2.77" },
		{ "192.0.2.77", 32, "192.0.2.77", "192.0.2.77" },
		{ "192.0.2.77", 33, "192.0.2.77", "192.0.2.77" },
		{ "192.0.2.77", 255, "192.0.2.77", "192.0.2.77" },
		{ "2001:db8:1:2:3:4:5:6", 0, "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
		{ "2001:db8:1:2:3:4:5:6", 3, "2000::", "3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
		{ "2001:db8:1:2:3:4:5:6", 48, "2001:db8:1::", "2001:db8:1:ffff:ffff:ffff:ffff:ffff" },
		{ "2001:db8:1:2:3:4:5:6", 64, "2001:db8:1:2::", "2001:db8:1:2:ffff:ffff:ffff:ffff" },
		{ "2001:db8:1:2:3:4:5:6", 127, "2001:db8:1:2:3:4:5:6", "2001:db8:1:2:3:4:5:7" },
		{ "2001:db8:1:2:3:4:5:6", 128, "2001:db8:1:2:3:4:5:6", "2001:db8:1:2:3:4:5:6" },
		{ "2001:db8:1:2:3:4:5:6", 999, "2001:db8:1:2:3:4:5:6", "2001:db8:1:2:3:4:5:6" },
		{ "", 8, "", "" },
	};

	for (size_t i = 0; i < WR_COUNT(cases); i++) {
		struct weir_ip a = ip(cases[i].address);
		struct weir_ip first = weir_ip_mask(&a, cases[i].prefix);
		struct weir_ip last = wr_ip_last(&a, cases[i].prefix);

		if (strcmp(shown(&first), cases[i].first) != 0 || strcmp(shown(&last), cases[i].last) != 0)
			fail_msg("%s/%u: %s to %s", cases[i].address, cases[i].prefix, shown(&first),
				 shown(&last));
	}
}

static void addresses_in_networks(void **state)
{
	static const struct {
		const char *address, *net;
		unsigned int prefix;
		bool in;
	} cases[] = {
		{ "192.0.2.1", "192.0.2.0", 24, true },
		{ "192.0.2.1", "192.0.2.200", 24, true },
		{ "192.0.3.1", "192.0.2.0", 24, false },
		{ "192.0.3.1", "192.0.2.0", 23, true },
		{ "192.0.2.1", "192.0.2.1", 32, true },
		{ "192.0.2.2", "192.0.2.1", 32, false },
		{ "8.8.8.8", "0.0.0.0", 0, true },
		{ "::", "0.0.0.0", 0, false },
		{ "0.0.0.0", "::", 0, false },
		{ "2001:db8::1", "2001:db8::", 64, true },
		{ "2001:db8:0:1::1", "2001:db8::", 64, false },
		{ "::ffff:192.0.2.1", "192.0.2.0", 24, false },
		{ "", "192.0.2.0", 24, false },
	};

	for (size_t i = 0; i < WR_COUNT(cases); i++) {
		struct weir_ip a = ip(cases[i].address), net = ip(cases[i].net);

		if (wr_ip_in(&a, &net, cases[i].prefix) != cases[i].in)
			fail_msg("%s in %s/%u", cases[i].address, cases[i].net, cases[i].prefix);
	}
}

/* In rising order: nothing, then IPv4, then IPv6. */
static void order_of_addresses(void **state)
{
	static const char *const rising[] = {
		"", "0.0.0.0", "0.0.0.1", "1.0.0.0", "127.255.255.255", "128.0.0.0", "255.255.255.255",
		"::", "::1", "::ffff:1.2.3.4", "2001:db8::", "ff02::1",
	};

	for (size_t i = 0; i < WR_COUNT(rising); i++)
		for (size_t k = 0; k < WR_COUNT(rising); k++) {
			struct weir_ip a = ip(rising[i]), b = ip(rising[k]);
			int order = wr_ip_compare(&a, &b);

			if ((order < 0) != (i < k) || (order > 0) != (i > k) ||
			    wr_ip_equal(&a, &b) != (i == k))
				fail_msg("%s and %s", rising[i], rising[k]);
		}
}

/* --- builders ------------------------------------------------------------------------------------ */

static const struct nlmsghdr *message(const struct dry_txn *o, int part)
{
	assert_int_equal(o->t->n_steps, 1);
	return o->t->steps[0].parts[part].data;
}

static struct weir_addr addr(const char *local, uint8_t prefix, const char *broadcast)
{
	return (struct weir_addr){ .sz = sizeof(struct weir_addr), .ifindex = 100, .local = ip(local),
				   .prefix = prefix, .broadcast = ip(broadcast) };
}

static struct weir_route route(const char *dst, uint8_t prefix, const char *gateway)
{
	return (struct weir_route){ .sz = sizeof(struct weir_route), .ifindex = 100, .dst = ip(dst),
				    .prefix = prefix, .gateway = ip(gateway) };
}

static void golden_addr(const char *file, const struct weir_addr *a)
{
	struct dry_txn o;

	dry_begin(&o);
	assert_int_equal(weir_txn_addr_add(o.t, a), 0);
	golden_compare(file, message(&o, WR_MSG_DO), NULL, 0);
	assert_int_equal(message(&o, WR_MSG_UNDO)->nlmsg_type, RTM_DELADDR);
	dry_end(&o);
}

static void addresses_as_ip_sends_them(void **state)
{
	struct weir_addr a4 = addr("192.0.2.1", 24, "192.0.2.255");
	struct weir_addr a6 = addr("2001:db8::1", 64, "");

	a6.has = WEIR_ADDR_NODAD;
	a6.nodad = true;
	golden_addr("addr4", &a4);
	golden_addr("addr6", &a6);
}

static void golden_route(const char *file, const struct weir_route *rt)
{
	struct dry_txn o;

	dry_begin(&o);
	assert_int_equal(weir_txn_route_add(o.t, rt), 0);
	golden_compare(file, message(&o, WR_MSG_DO), NULL, 0);
	assert_int_equal(message(&o, WR_MSG_UNDO)->nlmsg_type, RTM_DELROUTE);
	dry_end(&o);
}

static void routes_as_ip_sends_them(void **state)
{
	struct weir_route rt4 = route("198.51.100.0", 24, "192.0.2.2");
	struct weir_route link4 = route("203.0.113.0", 25, "");
	struct weir_route rt6 = route("2001:db8:1::", 48, "2001:db8::2");

	rt4.has = rt6.has = WEIR_ROUTE_METRIC;
	rt4.metric = 7;
	rt4.protocol = 4;
	rt6.metric = 9;
	golden_route("route4", &rt4);
	golden_route("route4-link", &link4);
	golden_route("route6", &rt6);
}

/* What ip sent, through the table of routes. */
static void routes_of_ip_are_read(void **state)
{
	const struct wr_table *t = wr_route_tables[0];
	struct nlmsghdr *msg = golden_read("route4");
	struct weir_route got = { 0 }, want = route("198.51.100.0", 24, "192.0.2.2");
	struct weir_ip dst = want.dst, gateway = want.gateway;

	assert_int_equal(wr_decode(t, (char *)msg + 28, msg->nlmsg_len - 28, &got, NULL), 0);
	assert_true(wr_ip_equal(&got.dst, &dst) && wr_ip_equal(&got.gateway, &gateway));
	assert_int_equal(got.ifindex, 100);
	assert_int_equal(got.has, WEIR_ROUTE_METRIC);
	assert_int_equal(got.metric, 7);
	free(msg);
}

/* An undo is only needed where the link was there before. */
static void what_goes_with_its_link_needs_no_undo(void **state)
{
	struct weir_addr a = addr("192.0.2.1", 24, "");
	struct weir_route rt = route("198.51.100.0", 24, "");
	struct dry_txn o;

	dry_begin(&o);
	wr_txn_created(o.t, 100, "new0");
	weir_txn_addr_add(o.t, &a);
	assert_int_equal(weir_txn_route_add(o.t, &rt), 0);
	assert_int_equal(o.t->steps[0].parts[WR_MSG_UNDO].len, 0);
	/* A route has one: the link goes last, and another one's route may have to come back before. */
	assert_true(o.t->steps[1].parts[WR_MSG_UNDO].len > 0);
	dry_end(&o);
}

struct addr_refusal {
	const char *name;
	struct weir_addr addr;
	int code;
	const char *object, *attr;
};

static void bad_addresses_are_refused(void **state)
{
	struct addr_refusal cases[] = {
		{ "no size", addr("10.0.0.1", 8, ""), -EINVAL, "address 10.0.0.1/8", "sz" },
		{ "no link", addr("10.0.0.1", 8, ""), -EINVAL, "address 10.0.0.1/8", "dev" },
		{ "a negative link", addr("10.0.0.1", 8, ""), -ERANGE, "address 10.0.0.1/8", "dev" },
		{ "no address", addr("", 8, ""), -EINVAL, "address /8", "local" },
		{ "a family that is none", addr("10.0.0.1", 8, ""), -EINVAL, "address /8", "local" },
		{ "bytes behind an IPv4 address", addr("10.0.0.1", 8, ""), -EINVAL, "address 10.0.0.1/8",
		  "local" },
		{ "33 bits of IPv4", addr("10.0.0.1", 33, ""), -ERANGE, "address 10.0.0.1/33", "prefix" },
		{ "129 bits of IPv6", addr("fd00::1", 129, ""), -ERANGE, "address fd00::1/129", "prefix" },
		{ "IPv6 has no broadcast", addr("fd00::1", 64, "10.0.0.255"), -EINVAL, "address fd00::1/64",
		  "broadcast" },
		{ "neither yes nor no", addr("fd00::1", 64, ""), -EINVAL, "address fd00::1/64", "nodad" },
	};

	cases[0].addr.sz = 0;
	cases[1].addr.ifindex = 0;
	cases[2].addr.ifindex = -1;
	cases[4].addr.local.family = 17;
	cases[5].addr.local.bytes[4] = 1;
	cases[9].addr.has = WEIR_ADDR_NODAD;
	memset(&cases[9].addr.nodad, 7, 1);
	for (size_t i = 0; i < WR_COUNT(cases); i++) {
		struct weir_error err = WEIR_ERROR_INIT;
		struct dry_txn o;
		int r;

		dry_begin(&o);
		r = weir_txn_addr_add(o.t, &cases[i].addr);
		weir_txn_error(o.t, &err);
		if (r != cases[i].code || strcmp(err.attr, cases[i].attr) != 0)
			fail_msg("%s: %d, %s: %s: %s", cases[i].name, r, err.object, err.attr, err.msg);
		if (cases[i].addr.sz)
			assert_string_equal(err.object, cases[i].object);
		assert_int_equal(o.t->n_steps, 0);
		dry_end(&o);
	}
}

static void bad_routes_are_refused(void **state)
{
	struct {
		const char *name;
		struct weir_route route;
		int code;
		const char *object, *attr;
	} cases[] = {
		{ "no link", route("10.0.0.0", 8, ""), -EINVAL, "route to 10.0.0.0/8", "dev" },
		{ "no destination", route("", 0, ""), -EINVAL, "route to /0", "dst" },
		{ "33 bits of IPv4", route("10.0.0.0", 33, ""), -ERANGE, "route to 10.0.0.0/33", "prefix" },
		{ "129 bits of IPv6", route("fd00::", 129, ""), -ERANGE, "route to fd00::/129", "prefix" },
		{ "a bit too many", route("10.0.0.1", 8, ""), -EINVAL, "route to 10.0.0.1/8", "dst" },
		{ "the bit behind the prefix", route("10.128.0.0", 8, ""), -EINVAL, "route to 10.128.0.0/8",
		  "dst" },
		{ "a gateway of another family", route("10.0.0.0", 8, "fd00::1"), -EINVAL,
		  "route to 10.0.0.0/8", "via" },
	};

	cases[0].route.ifindex = 0;
	for (size_t i = 0; i < WR_COUNT(cases); i++) {
		struct weir_error err = WEIR_ERROR_INIT;
		struct dry_txn o;
		int r;

		dry_begin(&o);
		r = weir_txn_route_add(o.t, &cases[i].route);
		weir_txn_error(o.t, &err);
		if (r != cases[i].code || strcmp(err.attr, cases[i].attr) != 0 ||
		    strcmp(err.object, cases[i].object) != 0)
			fail_msg("%s: %d, %s: %s: %s", cases[i].name, r, err.object, err.attr, err.msg);
		dry_end(&o);
	}
}

/* The default route is a network like others: all of its bits are beyond the prefix. */
static void default_routes_are_routes(void **state)
{
	struct weir_route rt4 = route("0.0.0.0", 0, "192.0.2.2"), rt6 = route("::", 0, "fe80::1");
	struct dry_txn o;

	dry_begin(&o);
	weir_txn_route_add(o.t, &rt4);
	assert_int_equal(weir_txn_route_add(o.t, &rt6), 0);
	dry_end(&o);
}

static void bad_sysctls_are_refused(void **state)
{
	static const char *const keys[] = { "", "/proc/sys/net", "..", "net/../kernel/panic", "../etc" };
	char longest[512];
	struct dry_txn o;

	for (size_t i = 0; i < WR_COUNT(keys); i++) {
		dry_begin(&o);
		if (weir_txn_sysctl_set(o.t, keys[i], "1", true) != -EINVAL)
			fail_msg("\"%s\"", keys[i]);
		dry_end(&o);
	}
	memset(longest, 'x', sizeof(longest));
	longest[400] = '\0';
	dry_begin(&o);
	assert_int_equal(weir_txn_sysctl_set(o.t, longest, "1", true), -EINVAL);
	dry_end(&o);
}

static void lines_of_a_plan(void **state)
{
	struct weir_addr a4 = addr("192.0.2.1", 24, "192.0.2.255"), a6 = addr("fd00::1", 64, "");
	struct weir_route rt = route("198.51.100.0", 24, "192.0.2.2");
	struct dry_txn o;
	char *plan = NULL;

	a6.has = WEIR_ADDR_NODAD;
	a6.nodad = true;
	rt.has = WEIR_ROUTE_METRIC;
	rt.metric = 7;
	dry_begin(&o);
	wr_txn_created(o.t, 100, "br$0");
	weir_txn_addr_add(o.t, &a4);
	weir_txn_addr_add(o.t, &a6);
	weir_txn_route_add(o.t, &rt);
	weir_txn_sysctl_set(o.t, "net/ipv4/ip_forward", "1", false);
	weir_txn_sysctl_set(o.t, "net/ipv6/conf/br$0/accept_ra", "0", true);
	assert_int_equal(weir_txn_plan(o.t, &plan, NULL), 0);
	assert_string_equal(plan,
			    "ip address add 192.0.2.1/24 broadcast 192.0.2.255 dev 'br$0'\n"
			    "ip address add fd00::1/64 dev 'br$0' nodad\n"
			    "ip route add 198.51.100.0/24 via 192.0.2.2 dev 'br$0' metric 7 protocol 4\n"
			    "sysctl -q -w net/ipv4/ip_forward=1\n"
			    "test ! -e /proc/sys/'net/ipv6/conf/br$0/accept_ra' || "
			    "sysctl -q -w 'net/ipv6/conf/br$0/accept_ra'=0\n");
	free(plan);
	dry_end(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_of_addresses),
		cmocka_unit_test(no_address_has_no_text),
		cmocka_unit_test(masks),
		cmocka_unit_test(addresses_in_networks),
		cmocka_unit_test(order_of_addresses),
		cmocka_unit_test(addresses_as_ip_sends_them),
		cmocka_unit_test(routes_as_ip_sends_them),
		cmocka_unit_test(routes_of_ip_are_read),
		cmocka_unit_test(what_goes_with_its_link_needs_no_undo),
		cmocka_unit_test(bad_addresses_are_refused),
		cmocka_unit_test(bad_routes_are_refused),
		cmocka_unit_test(default_routes_are_routes),
		cmocka_unit_test(bad_sysctls_are_refused),
		cmocka_unit_test(lines_of_a_plan),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
