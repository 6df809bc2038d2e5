/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * lib/nat with real packets: who reaches whom in each pair of modes, under which
 * address, over IPv4 and IPv6. The rules as such are test_nat_rules.c's.
 */
#include <string.h>
#include <unistd.h>

#include "lib_packet.h"

/* --- who reaches whom -------------------------------------------------------------------- */

static enum outcome when(bool yes)
{
	return yes ? REACHED : REFUSED;
}

/* One family between two networks and the outside, by what their modes say of it. */
static void check_matrix(enum weir_forward_mode a, enum weir_forward_mode b, bool is6)
{
	bool a_leaves = a != WEIR_FORWARD_ISOLATED, b_leaves = b != WEIR_FORWARD_ISOLATED;
	bool into_a = a == WEIR_FORWARD_ROUTE || a == WEIR_FORWARD_OPEN;
	bool into_b = b == WEIR_FORWARD_ROUTE || b == WEIR_FORWARD_OPEN;
	bool nat_a = a == WEIR_FORWARD_NAT, nat_b = b == WEIR_FORWARD_NAT;

	expect(A1, A2, is6, REACHED, NULL);
	expect(A1, B1, is6, when(a_leaves && into_b), nat_a ? host_address(B1, is6) : NULL);
	expect(B1, A1, is6, when(b_leaves && into_a), nat_b ? host_address(A1, is6) : NULL);
	expect(A1, OUT1, is6, when(a_leaves), nat_a ? host_address(OUT1, is6) : NULL);
	expect(B1, OUT2, is6, when(b_leaves), nat_b ? host_address(OUT2, is6) : NULL);
	expect(OUT1, A1, is6, when(into_a), NULL);
	expect(OUT2, B1, is6, when(into_b), NULL);
	for (int p = A1; p < N_PLACES; p++) {
		expect(HOST, p, is6, REACHED, NULL);
		expect(p, HOST, is6, REACHED, NULL);
	}
}

/* What a mode means for IPv6, which a network of mode nat routes unless told otherwise. */
static enum weir_forward_mode mode6(const struct weir_nat *nat)
{
	return nat->mode == WEIR_FORWARD_NAT && !nat->nat_ipv6 ? WEIR_FORWARD_ROUTE : nat->mode;
}

static void check_pair(const struct weir_nat *a, const struct weir_nat *b)
{
	nat_add(a);
	nat_add(b);
	check_matrix(a->mode, b->mode, false);
	check_matrix(mode6(a), mode6(b), true);
	nat_del(a);
	nat_del(b);
	assert_no_rules(HOST);
}

static void test_matrix(void **state)
{
	for (int a = WEIR_FORWARD_ISOLATED; a <= WEIR_FORWARD_OPEN; a++)
		for (int b = WEIR_FORWARD_ISOLATED; b <= WEIR_FORWARD_OPEN; b++) {
			struct weir_nat nat_a = net_a(a), nat_b = net_b(b);

			print_message("modes %d and %d\n", a, b);
			check_pair(&nat_a, &nat_b);
		}
}

static void test_nat_ipv6(void **state)
{
	struct weir_nat a = net_a(WEIR_FORWARD_NAT), b = net_b(WEIR_FORWARD_NAT);

	a.nat_ipv6 = true;
	check_pair(&a, &b);
	b.nat_ipv6 = true;
	check_pair(&a, &b);
}

/* In mode nat or route with a dev, the other link is closed in both directions. */
static void check_dev(enum weir_forward_mode mode)
{
	bool is_nat = mode == WEIR_FORWARD_NAT;
	struct weir_nat a = net_a(mode), b = net_b(WEIR_FORWARD_ROUTE);

	a.dev = "up1";
	a.nat_ipv6 = true;
	nat_add(&a);
	nat_add(&b);
	for (int is6 = 0; is6 < 2; is6++) {
		expect(A1, A2, is6, REACHED, NULL);
		expect(A1, OUT1, is6, REACHED, is_nat ? host_address(OUT1, is6) : NULL);
		expect(A1, OUT2, is6, REFUSED, NULL);
		expect(A1, B1, is6, REFUSED, NULL);
		expect(OUT1, A1, is6, when(!is_nat), NULL);
		expect(OUT2, A1, is6, REFUSED, NULL);
		expect(B1, A1, is6, REFUSED, NULL);
		expect(B1, OUT2, is6, REACHED, NULL);
	}
	nat_del(&a);
	nat_del(&b);
	assert_no_rules(HOST);
}

static void test_dev(void **state)
{
	check_dev(WEIR_FORWARD_NAT);
	check_dev(WEIR_FORWARD_ROUTE);
}

static void check_spoofing(const struct weir_nat *nat)
{
	struct seen seen;

	nat_add(nat);
	assert_int_equal(probe(SOCK_DGRAM, A1, "10.1.1.9", OUT1, "198.51.100.2", &seen), REFUSED);
	assert_int_equal(probe(SOCK_DGRAM, A1, "10.2.0.77", OUT1, "198.51.100.2", &seen), REFUSED);
	assert_int_equal(probe(SOCK_DGRAM, A1, "fd01:0:0:1::9", OUT1, "fd0e::2", &seen), REFUSED);
	expect(A1, OUT1, false, REACHED, nat->mode == WEIR_FORWARD_NAT ? "198.51.100.1" : NULL);
	nat_del(nat);
}

/* From the subnet behind A's own, and from B's. HOST has routes to the false addresses, so that the refusal arrives. */
static void test_spoofed_source(void **state)
{
	static const enum weir_forward_mode modes[] = { WEIR_FORWARD_NAT, WEIR_FORWARD_ROUTE };

	/* What arrives at an IPv6 address has its route when a worker of the kernel's has been at it. */
	sh_in(A1, "ip addr add 10.1.1.9/32 dev lo; ip addr add 10.2.0.77/32 dev lo; ip addr add fd01:0:0:1::9/128 dev lo nodad; "
		  "for i in $(seq 1000); do ip -6 route show table local fd01:0:0:1::9 | grep -q . && break; sleep 0.01; done");
	sh_in(HOST, "ip route add 10.1.1.9 via 10.1.0.2; ip route add 10.2.0.77 via 10.1.0.2; "
		    "ip -6 route add fd01:0:0:1::9 via fd01::2");
	for (size_t i = 0; i < WR_COUNT(modes); i++) {
		struct weir_nat a = net_a(modes[i]);

		check_spoofing(&a);
		a.dev = "up1";
		check_spoofing(&a);
		a = with_odd_subnets(net_a(modes[i]));
		check_spoofing(&a);
	}
	sh_in(HOST, "ip route del 10.1.1.9; ip route del 10.2.0.77; ip -6 route del fd01:0:0:1::9");
	sh_in(A1, "ip addr del 10.1.1.9/32 dev lo; ip addr del 10.2.0.77/32 dev lo; "
		  "ip addr del fd01:0:0:1::9/128 dev lo");
}

/* --- translating ------------------------------------------------------------------------- */

static void check_range(int type, const char *dst, const char *prefix, unsigned int first,
			unsigned int last)
{
	for (int i = 0; i < 20; i++) {
		struct seen seen;
		const char *src = address_of(A1, strchr(dst, ':'));

		assert_int_equal(probe(type, A1, src, OUT1, dst, &seen), REACHED);
		if (strncmp(seen.address, prefix, strlen(prefix)) || seen.port < first ||
		    seen.port > last)
			fail_msg("comes from %s, port %u", seen.address, seen.port);
	}
}

static void test_ranges(void **state)
{
	struct weir_nat a = net_a(WEIR_FORWARD_NAT), b = net_b(WEIR_FORWARD_NAT);

	a.nat_ipv6 = true;
	a.address_start = (struct weir_ip){ WEIR_FAMILY_IPV4, { 192, 0, 2, 10 } };
	a.address_end = (struct weir_ip){ WEIR_FAMILY_IPV4, { 192, 0, 2, 19 } };
	a.port_start = 2000;
	a.port_end = 2099;
	nat_add(&a);
	nat_add(&b);
	check_range(SOCK_DGRAM, "198.51.100.2", "192.0.2.1", 2000, 2099);
	check_range(SOCK_STREAM, "198.51.100.2", "192.0.2.1", 2000, 2099);
	check_range(SOCK_DGRAM, "fd0e::2", "fd0e::1", 2000, 2099);
	check_range(SOCK_STREAM, "fd0e::2", "fd0e::1", 2000, 2099);
	sh_in(A1, "busybox ping -c 1 -W 30 198.51.100.2 >/dev/null");
	sh_in(A1, "busybox ping -6 -c 1 -W 30 fd0e::2 >/dev/null");
	expect(B1, OUT1, false, REACHED, "198.51.100.1");
	nat_del(&a);
	expect(B1, OUT1, false, REACHED, "198.51.100.1");
	nat_del(&b);
	assert_no_rules(HOST);
}

static void test_single_address_and_port(void **state)
{
	struct weir_nat a = net_a(WEIR_FORWARD_NAT);

	a.address_start = a.address_end = (struct weir_ip){ WEIR_FAMILY_IPV4, { 192, 0, 2, 10 } };
	a.port_start = a.port_end = 2000;
	nat_add(&a);
	check_range(SOCK_DGRAM, "198.51.100.2", "192.0.2.10", 2000, 2000);
	nat_del(&a);
	assert_no_rules(HOST);
}

/* A guest that sends from a trusted port does not keep it. */
static void test_low_ports_are_lifted(void **state)
{
	struct weir_nat a = net_a(WEIR_FORWARD_NAT);
	int server = open_socket(OUT1, SOCK_DGRAM, "198.51.100.2", 4999);
	int client = open_socket(A1, SOCK_DGRAM, "10.1.0.2", 700);
	struct seen seen;
	union address to;
	socklen_t len = make_address(&to, "198.51.100.2", 4999);

	nat_add(&a);
	assert_int_equal(connect(client, &to.sa, len), 0);
	assert_int_equal(send(client, "ping", 4, 0), 4);
	assert_int_equal(await(client, server, REPLY_MS), REACHED);
	answer_datagram(server, client, &seen);
	assert_true(seen.port >= 1024);
	close(client);
	close(server);
	nat_del(&a);
}

/* What HOST sends from the bridge's address is its own traffic, on lo and to the outside. */
static void test_host_is_untouched(void **state)
{
	struct weir_nat a = net_a(WEIR_FORWARD_NAT);
	struct seen seen;

	nat_add(&a);
	assert_int_equal(probe(SOCK_DGRAM, HOST, "10.1.0.1", HOST, "10.1.0.1", &seen), REACHED);
	assert_string_equal(seen.address, "10.1.0.1");
	assert_int_equal(probe(SOCK_DGRAM, HOST, "10.1.0.1", OUT1, "198.51.100.2", &seen), REACHED);
	assert_string_equal(seen.address, "10.1.0.1");
	nat_del(&a);
}

/* From one subnet to another on the same bridge HOST routes, but does not translate. */
static void test_two_subnets_of_one_bridge(void **state)
{
	static const struct weir_subnet two[] = {
		{ { WEIR_FAMILY_IPV4, { 10, 1, 0, 1 } }, 24 },
		{ { WEIR_FAMILY_IPV4, { 10, 3, 0, 1 } }, 24 },
	};
	struct weir_nat a = net_a(WEIR_FORWARD_NAT);
	struct seen seen;

	a.subnets = two;
	sh_in(HOST, "ip addr add 10.3.0.1/24 dev brA");
	sh_in(A2, "ip addr add 10.3.0.3/24 dev eth0; ip addr del 10.1.0.3/24 dev eth0; "
		  "ip route replace default via 10.3.0.1");
	nat_add(&a);
	assert_int_equal(probe(SOCK_DGRAM, A1, "10.1.0.2", A2, "10.3.0.3", &seen), REACHED);
	assert_string_equal(seen.address, "10.1.0.2");
	assert_int_equal(probe(SOCK_DGRAM, A2, "10.3.0.3", OUT1, "198.51.100.2", &seen), REACHED);
	assert_string_equal(seen.address, "198.51.100.1");
	nat_del(&a);
	sh_in(HOST, "ip addr del 10.3.0.1/24 dev brA");
	sh_in(A2, "ip addr add 10.1.0.3/24 dev eth0; ip addr del 10.3.0.3/24 dev eth0; "
		  "ip route replace default via 10.1.0.1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		nat_test(test_matrix),
		nat_test(test_nat_ipv6),
		nat_test(test_dev),
		nat_test(test_spoofed_source),
		nat_test(test_ranges),
		nat_test(test_single_address_and_port),
		nat_test(test_low_ports_are_lifted),
		nat_test(test_host_is_untouched),
		nat_test(test_two_subnets_of_one_bridge),
	};

	return nat_run("nat", tests, WR_COUNT(tests));
}
