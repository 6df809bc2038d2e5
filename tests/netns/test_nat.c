/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * lib/nat with real packets:
 *
 *	A1, A2 -- brA --+
 *	                +-- HOST -- up1 -- OUT1
 *	B1 ------ brB --+       \-- up2 -- OUT2
 *
 * Six namespaces of this process's own. Who reaches whom in each pair of modes,
 * under which address, over IPv4 and IPv6; and that the ruleset is what it was,
 * after every undo, kill and removal. libnftables' own tool reads it back.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include <linux/netlink.h>

#include <jansson.h>
#include <weir/txn.h>

#include "nat/nat.h"

#include <cmocka.h>

#define REPLY_MS 5000	/* never waited for unless something is wrong */

enum place { HOST, A1, A2, B1, OUT1, OUT2, N_PLACES };

static int places[N_PLACES];

/* --- the stage --------------------------------------------------------------------- */

static void enter(enum place p)
{
	assert_int_equal(setns(places[p], CLONE_NEWNET), 0);
}

WR_PRINTF(2, 3)
static void sh_in(enum place p, const char *fmt, ...)
{
	char command[512] = "set -e; ";
	size_t len = strlen(command);
	va_list ap;

	va_start(ap, fmt);
	assert_in_range(vsnprintf(command + len, sizeof(command) - len, fmt, ap), 1,
			sizeof(command) - len - 1);
	va_end(ap);
	enter(p);
	if (system(command) != 0)
		fail_msg("%s", command);
	enter(HOST);
}

static void make_place(enum place p)
{
	assert_int_equal(unshare(CLONE_NEWNET), 0);
	places[p] = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	assert_true(places[p] >= 0);
	sh_in(p, "sysctl -qw net.ipv6.conf.default.accept_dad=0; ip link set lo up");
}

/* A veth from HOST's link @link to eth0 in @p, which has the second address of its subnet. */
static void connect_place(enum place p, const char *link, const char *bridge, const char *net4,
			  const char *net6, unsigned int host)
{
	sh_in(HOST, "ip link add %s type veth peer name eth0 netns /proc/%d/fd/%d", link, getpid(),
	      places[p]);
	if (bridge)
		sh_in(HOST, "ip link set %s master %s up", link, bridge);
	else
		sh_in(HOST, "ip addr add %s.1/24 dev %s; ip addr add %s::1/64 dev %s nodad; "
			    "ip link set %s up", net4, link, net6, link, link);
	sh_in(p, "ip addr add %s.%u/24 dev eth0; ip addr add %s::%u/64 dev eth0 nodad; "
		 "ip link set eth0 up; ip route add default via %s.1; "
		 "ip -6 route add default via %s::1",
	      net4, host, net6, host, net4, net6);
}

static void make_bridge(const char *name, const char *net4, const char *net6)
{
	sh_in(HOST, "ip link add %s type bridge forward_delay 0; ip addr add %s.1/24 dev %s; "
		    "ip addr add %s::1/64 dev %s nodad; ip link set %s up",
	      name, net4, name, net6, name, name);
}

static void wait_up(void)
{
	for (int i = 0; i < 500; i++) {
		if (system("ip -6 addr show tentative | grep -q inet6 || "
			   "ip link show type veth | grep -q 'state DOWN\\|LOWERLAYERDOWN'"))
			return;
		usleep(10000);
	}
	fail_msg("the links do not come up");
}

static int make_stage(void **state)
{
	for (int p = HOST; p < N_PLACES; p++)
		make_place(p);
	sh_in(HOST, "sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 "
		    "net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0 "
		    "net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0");
	make_bridge("brA", "10.1.0", "fd01");
	make_bridge("brB", "10.2.0", "fd02");
	connect_place(A1, "portA1", "brA", "10.1.0", "fd01", 2);
	connect_place(A2, "portA2", "brA", "10.1.0", "fd01", 3);
	connect_place(B1, "portB1", "brB", "10.2.0", "fd02", 2);
	connect_place(OUT1, "up1", NULL, "198.51.100", "fd0e", 2);
	connect_place(OUT2, "up2", NULL, "203.0.113", "fd0f", 2);
	for (int p = HOST; p < N_PLACES; p++) {
		enter(p);
		wait_up();
	}
	enter(HOST);
	return 0;
}

static int clean_rules(void **state)
{
	sh_in(HOST, "nft flush ruleset");
	return 0;
}

/* --- packets -------------------------------------------------------------------------- */

enum outcome { REACHED, REFUSED, LOST };

static const char *const outcome_names[] = { "reached", "refused", "lost" };

union address {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

static socklen_t make_address(union address *a, const char *text, uint16_t port)
{
	memset(a, 0, sizeof(*a));
	if (strchr(text, ':')) {
		a->in6 = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = htons(port) };
		assert_int_equal(inet_pton(AF_INET6, text, &a->in6.sin6_addr), 1);
		return sizeof(a->in6);
	}
	a->in = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(port) };
	assert_int_equal(inet_pton(AF_INET, text, &a->in.sin_addr), 1);
	return sizeof(a->in);
}

static int open_socket(enum place p, int type, const char *address, uint16_t port)
{
	union address a;
	socklen_t len = make_address(&a, address, port);
	int fd;

	enter(p);
	fd = socket(a.sa.sa_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	enter(HOST);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, &a.sa, len), 0);
	return fd;
}

/* What an arriving packet or connection shows of its sender. */
struct seen {
	char address[INET6_ADDRSTRLEN];
	uint16_t port;
};

static void show_address(const union address *a, struct seen *seen)
{
	const void *ip = a->sa.sa_family == AF_INET ? (const void *)&a->in.sin_addr :
						      (const void *)&a->in6.sin6_addr;

	inet_ntop(a->sa.sa_family, ip, seen->address, sizeof(seen->address));
	seen->port = ntohs(a->sa.sa_family == AF_INET ? a->in.sin_port : a->in6.sin6_port);
}

/* Waits for the packet at @server or the refusal at @client, whichever comes. */
static enum outcome await(int client, int server, int timeout_ms)
{
	struct pollfd fds[] = { { server, POLLIN, 0 }, { client, 0, 0 } };

	if (poll(fds, 2, timeout_ms) <= 0)
		return LOST;
	return fds[0].revents & POLLIN ? REACHED : REFUSED;
}

static void expect_reply(int client)
{
	struct pollfd fd = { client, POLLIN, 0 };
	char buf[8];

	assert_int_equal(poll(&fd, 1, REPLY_MS), 1);
	assert_int_equal(recv(client, buf, sizeof(buf), 0), 4);
	assert_memory_equal(buf, "pong", 4);
}

static void answer_datagram(int server, int client, struct seen *seen)
{
	union address from;
	socklen_t len = sizeof(from);
	char buf[8];

	assert_int_equal(recvfrom(server, buf, sizeof(buf), 0, &from.sa, &len), 4);
	show_address(&from, seen);
	assert_int_equal(sendto(server, "pong", 4, 0, &from.sa, len), 4);
	expect_reply(client);
}

static void answer_stream(int server, int client, struct seen *seen)
{
	union address from;
	socklen_t len = sizeof(from);
	int fd = accept(server, &from.sa, &len);

	assert_true(fd >= 0);
	show_address(&from, seen);
	assert_int_equal(send(fd, "pong", 4, MSG_NOSIGNAL), 4);
	expect_reply(client);
	close(fd);
}

/* Whether @from, calling itself @src, reaches @dst in @to, and how it looks there. */
static enum outcome probe(int type, enum place from, const char *src, enum place to,
			  const char *dst, struct seen *seen)
{
	/* Static, so that no two probes are one connection to conntrack. */
	static uint16_t port = 5000;
	int server = open_socket(to, type, dst, ++port);
	int client = open_socket(from, type, src, 0);
	union address a;
	socklen_t len = make_address(&a, dst, port);
	enum outcome outcome;

	if (type == SOCK_STREAM)
		assert_int_equal(listen(server, 1), 0);
	if (connect(client, &a.sa, len) < 0)
		assert_int_equal(errno, EINPROGRESS);
	if (type == SOCK_DGRAM)
		assert_int_equal(send(client, "ping", 4, 0), 4);
	outcome = await(client, server, REPLY_MS);
	if (outcome == REACHED && type == SOCK_DGRAM)
		answer_datagram(server, client, seen);
	else if (outcome == REACHED)
		answer_stream(server, client, seen);
	close(server);
	close(client);
	return outcome;
}

static const char *address_of(enum place p, bool is6)
{
	static const char *const v4[] = { "", "10.1.0.2", "10.1.0.3", "10.2.0.2",
					  "198.51.100.2", "203.0.113.2" };
	static const char *const v6[] = { "", "fd01::2", "fd01::3", "fd02::2",
					  "fd0e::2", "fd0f::2" };

	return is6 ? v6[p] : v4[p];
}

/* HOST's address on the link to @p. */
static const char *host_address(enum place p, bool is6)
{
	static const char *const v4[] = { "", "10.1.0.1", "10.1.0.1", "10.2.0.1",
					  "198.51.100.1", "203.0.113.1" };
	static const char *const v6[] = { "", "fd01::1", "fd01::1", "fd02::1",
					  "fd0e::1", "fd0f::1" };

	return is6 ? v6[p] : v4[p];
}

static const char *const place_names[] = { "HOST", "A1", "A2", "B1", "OUT1", "OUT2" };

/* @as: under which address; NULL: its own. */
static void expect(enum place from, enum place to, bool is6, enum outcome want, const char *as)
{
	const char *src = from == HOST ? host_address(to, is6) : address_of(from, is6);
	const char *dst = to == HOST ? host_address(from, is6) : address_of(to, is6);
	struct seen seen = { "", 0 };
	enum outcome is = probe(SOCK_DGRAM, from, src, to, dst, &seen);

	if (is != want)
		fail_msg("%s to %s by IPv%d: %s instead of %s", place_names[from], place_names[to],
			 is6 ? 6 : 4, outcome_names[is], outcome_names[want]);
	if (is == REACHED)
		assert_string_equal(seen.address, as ? as : src);
}

/* --- the ruleset ------------------------------------------------------------------------ */

static int compare_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Every object of the listing on a line of its own, without handles, in one order. */
static char *canonical(json_t *value)
{
	wr_auto(str) struct wr_str out = { 0 };
	size_t n = json_array_size(value), i;
	char **texts = calloc(n + 1, sizeof(*texts));
	json_t *item;

	assert_non_null(texts);
	json_array_foreach(value, i, item) {
		const char *kind = json_object_iter_key(json_object_iter(item));
		json_t *object = json_object_get(item, kind), *elem;

		json_object_del(object, "handle");
		elem = json_object_get(object, "elem");
		if (elem) {
			char *sorted = canonical(elem);

			json_object_set_new(object, "elem", json_string(sorted));
			free(sorted);
		}
		texts[i] = json_dumps(item, JSON_SORT_KEYS | JSON_ENCODE_ANY);
	}
	qsort(texts, n, sizeof(*texts), compare_text);
	for (i = 0; i < n; i++) {
		wr_str_printf(&out, "%s\n", texts[i]);
		free(texts[i]);
	}
	free(texts);
	return wr_str_take(&out);
}

static char *ruleset(enum place p)
{
	json_t *root;
	FILE *f;
	char *text;

	enter(p);
	f = popen("nft -j list ruleset", "r");
	enter(HOST);
	assert_non_null(f);
	root = json_loadf(f, 0, NULL);
	assert_int_equal(pclose(f), 0);
	assert_non_null(root);
	text = canonical(json_object_get(root, "nftables"));
	json_decref(root);
	assert_non_null(text);
	return text;
}

static unsigned int count_rules(enum place p)
{
	char *rules = ruleset(p);
	unsigned int n = 0;

	for (const char *at = rules; (at = strstr(at, "{\"rule\":")); at++)
		n++;
	free(rules);
	return n;
}

static void assert_ruleset(char *before)
{
	char *now = ruleset(HOST);

	assert_string_equal(now, before);
	free(now);
	free(before);
}

static void assert_no_rules(enum place p)
{
	char *rules = ruleset(p);

	assert_null(strstr(rules, "weir"));
	free(rules);
}

/* --- transactions -------------------------------------------------------------------------- */

static int fail_step(struct weir *w, const struct weir_step *s, struct weir_error *err)
{
	return wr_error(err, -EIO, WEIR_STAGE_SYSTEM, "the test", "", "wanted it");
}

static int kill_step(struct weir *w, const struct weir_step *s, struct weir_error *err)
{
	return kill(getpid(), SIGKILL);
}

static int undo_nothing(struct weir *w, const struct weir_step *s, bool applied,
			struct weir_error *err)
{
	return 0;
}

static const struct weir_step_ops fail_ops = {
	.sz = sizeof(fail_ops), .name = "test-fail", .apply = fail_step, .undo = undo_nothing,
};
static const struct weir_step_ops kill_ops = {
	.sz = sizeof(kill_ops), .name = "test-kill", .apply = kill_step, .undo = undo_nothing,
};
static const struct weir_step_ops *const step_ops[] = {
	&weir_nat_step, &fail_ops, &kill_ops, NULL,
};

static struct weir *open_handle(const char *netns, const char *state_dir)
{
	const struct weir_options opts = { .sz = sizeof(opts), .netns = netns,
					   .state_dir = state_dir, .step_ops = step_ops };
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir *w;

	if (weir_open(&opts, &w, &err))
		fail_msg("%s: %s", err.object, err.msg);
	return w;
}

static struct weir_txn *begin(struct weir *w, unsigned int flags)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_txn *t;

	if (weir_txn_begin(w, "test", flags, &t, &err))
		fail_msg("%s: %s", err.object, err.msg);
	return t;
}

static void commit(struct weir_txn *t)
{
	struct weir_error err = WEIR_ERROR_INIT;
	char line[1024];

	if (weir_txn_commit(t, &err))
		fail_msg("%s", weir_error_format(&err, line, sizeof(line)));
}

/* With a step behind that fails, after which everything must be as it was. */
static void roll_back(struct weir_txn *t)
{
	struct weir_error err = WEIR_ERROR_INIT;

	assert_int_equal(weir_txn_step(t, &fail_ops, "the test", NULL, 0), 0);
	assert_int_equal(weir_txn_commit(t, &err), -EIO);
	assert_string_equal(err.msg, "wanted it");
}

static const struct weir_subnet subnets_a[] = {
	{ { WEIR_FAMILY_IPV4, { 10, 1, 0, 1 } }, 24 }, { { WEIR_FAMILY_IPV6, { 0xfd, 1 } }, 64 },
};
static const struct weir_subnet subnets_b[] = {
	{ { WEIR_FAMILY_IPV4, { 10, 2, 0, 1 } }, 24 }, { { WEIR_FAMILY_IPV6, { 0xfd, 2 } }, 64 },
};

static struct weir_nat net_a(enum weir_forward_mode mode)
{
	return (struct weir_nat){ .sz = sizeof(struct weir_nat), .bridge = "brA", .mode = mode,
				  .subnets = subnets_a, .n_subnets = 2 };
}

static struct weir_nat net_b(enum weir_forward_mode mode)
{
	return (struct weir_nat){ .sz = sizeof(struct weir_nat), .bridge = "brB", .mode = mode,
				  .subnets = subnets_b, .n_subnets = 2 };
}

static void add(const struct weir_nat *nat)
{
	struct weir *w = open_handle(NULL, NULL);
	struct weir_txn *t = begin(w, 0);

	assert_int_equal(weir_txn_nat_add(t, nat), 0);
	commit(t);
	weir_close(w);
}

static void del(const struct weir_nat *nat)
{
	struct weir *w = open_handle(NULL, NULL);
	struct weir_txn *t = begin(w, 0);

	assert_int_equal(weir_txn_nat_del(t, nat), 0);
	commit(t);
	weir_close(w);
}

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
	add(a);
	add(b);
	check_matrix(a->mode, b->mode, false);
	check_matrix(mode6(a), mode6(b), true);
	del(a);
	del(b);
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
	add(&a);
	add(&b);
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
	del(&a);
	del(&b);
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

	add(nat);
	assert_int_equal(probe(SOCK_DGRAM, A1, "10.9.9.9", OUT1, "198.51.100.2", &seen), REFUSED);
	assert_int_equal(probe(SOCK_DGRAM, A1, "10.2.0.77", OUT1, "198.51.100.2", &seen), REFUSED);
	assert_int_equal(probe(SOCK_DGRAM, A1, "fd99::9", OUT1, "fd0e::2", &seen), REFUSED);
	expect(A1, OUT1, false, REACHED, nat->mode == WEIR_FORWARD_NAT ? "198.51.100.1" : NULL);
	del(nat);
}

/* HOST has routes to the false addresses, so that the refusal arrives. */
static void test_spoofed_source(void **state)
{
	static const enum weir_forward_mode modes[] = { WEIR_FORWARD_NAT, WEIR_FORWARD_ROUTE };

	/* What arrives at an IPv6 address has its route when a worker of the kernel's has been at it. */
	sh_in(A1, "ip addr add 10.9.9.9/32 dev lo; ip addr add 10.2.0.77/32 dev lo; ip addr add fd99::9/128 dev lo nodad; "
		  "for i in $(seq 1000); do ip -6 route show table local fd99::9 | grep -q . && break; sleep 0.01; done");
	sh_in(HOST, "ip route add 10.9.9.9 via 10.1.0.2; ip route add 10.2.0.77 via 10.1.0.2; "
		    "ip -6 route add fd99::9 via fd01::2");
	for (size_t i = 0; i < WR_COUNT(modes); i++) {
		struct weir_nat a = net_a(modes[i]);

		check_spoofing(&a);
		a.dev = "up1";
		check_spoofing(&a);
	}
	sh_in(HOST, "ip route del 10.9.9.9; ip route del 10.2.0.77; ip -6 route del fd99::9");
	sh_in(A1, "ip addr del 10.9.9.9/32 dev lo; ip addr del 10.2.0.77/32 dev lo; "
		  "ip addr del fd99::9/128 dev lo");
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
	add(&a);
	add(&b);
	check_range(SOCK_DGRAM, "198.51.100.2", "192.0.2.1", 2000, 2099);
	check_range(SOCK_STREAM, "198.51.100.2", "192.0.2.1", 2000, 2099);
	check_range(SOCK_DGRAM, "fd0e::2", "fd0e::1", 2000, 2099);
	check_range(SOCK_STREAM, "fd0e::2", "fd0e::1", 2000, 2099);
	sh_in(A1, "busybox ping -c 1 -W 5 198.51.100.2 >/dev/null");
	sh_in(A1, "busybox ping -6 -c 1 -W 5 fd0e::2 >/dev/null");
	expect(B1, OUT1, false, REACHED, "198.51.100.1");
	del(&a);
	expect(B1, OUT1, false, REACHED, "198.51.100.1");
	del(&b);
	assert_no_rules(HOST);
}

static void test_single_address_and_port(void **state)
{
	struct weir_nat a = net_a(WEIR_FORWARD_NAT);

	a.address_start = a.address_end = (struct weir_ip){ WEIR_FAMILY_IPV4, { 192, 0, 2, 10 } };
	a.port_start = a.port_end = 2000;
	add(&a);
	check_range(SOCK_DGRAM, "198.51.100.2", "192.0.2.10", 2000, 2000);
	del(&a);
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

	add(&a);
	assert_int_equal(connect(client, &to.sa, len), 0);
	assert_int_equal(send(client, "ping", 4, 0), 4);
	assert_int_equal(await(client, server, REPLY_MS), REACHED);
	answer_datagram(server, client, &seen);
	assert_true(seen.port >= 1024);
	close(client);
	close(server);
	del(&a);
}

/* What HOST sends from the bridge's address is its own traffic, on lo and to the outside. */
static void test_host_is_untouched(void **state)
{
	struct weir_nat a = net_a(WEIR_FORWARD_NAT);
	struct seen seen;

	add(&a);
	assert_int_equal(probe(SOCK_DGRAM, HOST, "10.1.0.1", HOST, "10.1.0.1", &seen), REACHED);
	assert_string_equal(seen.address, "10.1.0.1");
	assert_int_equal(probe(SOCK_DGRAM, HOST, "10.1.0.1", OUT1, "198.51.100.2", &seen), REACHED);
	assert_string_equal(seen.address, "10.1.0.1");
	del(&a);
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
	add(&a);
	assert_int_equal(probe(SOCK_DGRAM, A1, "10.1.0.2", A2, "10.3.0.3", &seen), REACHED);
	assert_string_equal(seen.address, "10.1.0.2");
	assert_int_equal(probe(SOCK_DGRAM, A2, "10.3.0.3", OUT1, "198.51.100.2", &seen), REACHED);
	assert_string_equal(seen.address, "198.51.100.1");
	del(&a);
	sh_in(HOST, "ip addr del 10.3.0.1/24 dev brA");
	sh_in(A2, "ip addr add 10.1.0.3/24 dev eth0; ip addr del 10.3.0.3/24 dev eth0; "
		  "ip route replace default via 10.1.0.1");
}

/* --- the ruleset before and after ---------------------------------------------------------- */

static struct weir_nat with_range(struct weir_nat nat)
{
	nat.address_start = (struct weir_ip){ WEIR_FAMILY_IPV4, { 192, 0, 2, 8 } };
	nat.address_end = (struct weir_ip){ WEIR_FAMILY_IPV4, { 192, 0, 2, 15 } };
	nat.nat_ipv6 = true;
	return nat;
}

/* Networks of every sort: each must leave the table as if it had never been there. */
static size_t all_sorts(struct weir_nat nats[8])
{
	size_t n = 0;

	for (int mode = WEIR_FORWARD_ISOLATED; mode <= WEIR_FORWARD_OPEN; mode++)
		nats[n++] = net_a(mode);
	nats[n++] = with_range(net_a(WEIR_FORWARD_NAT));
	nats[n] = net_a(WEIR_FORWARD_NAT);
	nats[n++].dev = "up1";
	nats[n] = net_a(WEIR_FORWARD_ROUTE);
	nats[n++].dev = "up2";
	return n;
}

static void check_add_and_del(struct weir *w, const struct weir_nat *nat)
{
	char *before = ruleset(HOST), *with;
	struct weir_txn *t = begin(w, 0);

	assert_int_equal(weir_txn_nat_add(t, nat), 0);
	roll_back(t);
	assert_ruleset(strdup(before));

	t = begin(w, 0);
	assert_int_equal(weir_txn_nat_add(t, nat), 0);
	commit(t);
	with = ruleset(HOST);
	if (nat->mode != WEIR_FORWARD_OPEN)
		assert_string_not_equal(with, before);

	t = begin(w, 0);
	assert_int_equal(weir_txn_nat_del(t, nat), 0);
	roll_back(t);
	assert_ruleset(with);

	t = begin(w, 0);
	assert_int_equal(weir_txn_nat_del(t, nat), 0);
	commit(t);
	assert_ruleset(before);
}

static void test_undo(void **state)
{
	struct weir *w = open_handle(NULL, NULL);
	struct weir_nat others[] = { net_b(WEIR_FORWARD_NAT), with_range(net_b(WEIR_FORWARD_NAT)) };
	struct weir_nat nats[8];
	size_t n = all_sorts(nats);

	for (size_t i = 0; i < n; i++)
		check_add_and_del(w, &nats[i]);
	assert_no_rules(HOST);
	for (size_t k = 0; k < WR_COUNT(others); k++) {
		add(&others[k]);
		for (size_t i = 0; i < n; i++)
			check_add_and_del(w, &nats[i]);
		del(&others[k]);
	}
	assert_no_rules(HOST);
	weir_close(w);
}

/* Tables of other people are never touched, not even when ours goes. */
static void test_foreign_tables(void **state)
{
	struct weir *w = open_handle(NULL, NULL);
	struct weir_nat a = net_a(WEIR_FORWARD_NAT);

	sh_in(HOST, "nft 'table inet weirdo { chain p_1 { accept; }; }; "
		    "table ip weir { set same { type ifname; }; }'");
	check_add_and_del(w, &a);
	weir_close(w);
}

/* Somebody flushed the ruleset, or a part of it: removing is no error, and undone exactly. */
static void test_removed_by_hand(void **state)
{
	struct weir *w = open_handle(NULL, NULL);
	struct weir_nat a = net_a(WEIR_FORWARD_NAT), b = net_b(WEIR_FORWARD_NAT);
	struct weir_txn *t = begin(w, 0);
	char *before = ruleset(HOST);

	assert_int_equal(weir_txn_nat_del(t, &a), 0);
	roll_back(t);
	assert_ruleset(strdup(before));
	del(&a);
	assert_ruleset(before);

	add(&a);
	add(&b);
	sh_in(HOST, "nft delete element inet weir net4 '{ \"brA\" . 10.1.0.0/24 }'");
	before = ruleset(HOST);
	t = begin(w, 0);
	assert_int_equal(weir_txn_nat_del(t, &a), 0);
	roll_back(t);
	assert_ruleset(before);
	del(&a);
	del(&b);
	assert_no_rules(HOST);
	weir_close(w);
}

static void change_on(struct weir *w, const struct weir_nat *nat, bool remove)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_txn *t = begin(w, 0);

	assert_int_equal(remove ? weir_txn_nat_del(t, nat) : weir_txn_nat_add(t, nat), 0);
	if (weir_txn_commit(t, &err))
		fail_msg("%s", err.msg);
}

/*
 * A handle keeps what it knows of the table. What others do to it meanwhile, by
 * hand or by another handle, is noticed all the same.
 */
static void test_table_is_kept(void **state)
{
	struct weir *w = open_handle(NULL, NULL);
	struct weir_nat a = net_a(WEIR_FORWARD_NAT), b = net_b(WEIR_FORWARD_NAT);
	char *none = ruleset(HOST), *only_a, *both;

	change_on(w, &a, false);
	only_a = ruleset(HOST);
	change_on(w, &b, false);
	both = ruleset(HOST);
	change_on(w, &b, true);
	assert_ruleset(strdup(only_a));
	change_on(w, &b, false);
	assert_ruleset(strdup(both));

	sh_in(HOST, "nft delete element inet weir net4 '{ \"brA\" . 10.1.0.0/24 }'");
	change_on(w, &a, false);
	assert_ruleset(strdup(both));
	del(&b);
	change_on(w, &b, true);
	assert_ruleset(strdup(only_a));
	sh_in(HOST, "nft delete table inet weir");
	change_on(w, &b, false);
	change_on(w, &a, false);
	assert_ruleset(both);
	change_on(w, &a, true);
	change_on(w, &b, true);
	assert_ruleset(none);
	free(only_a);
	weir_close(w);
}

/* Both networks in one transaction; and a network exchanged for another on the same bridge. */
static void test_several_steps(void **state)
{
	struct weir *w = open_handle(NULL, NULL);
	struct weir_nat a = net_a(WEIR_FORWARD_NAT), b = with_range(net_b(WEIR_FORWARD_NAT));
	struct weir_nat other = net_a(WEIR_FORWARD_ISOLATED);
	struct weir_txn *t = begin(w, 0);

	weir_txn_nat_add(t, &a);
	weir_txn_nat_add(t, &b);
	roll_back(t);
	assert_no_rules(HOST);
	t = begin(w, 0);
	weir_txn_nat_add(t, &a);
	weir_txn_nat_add(t, &b);
	commit(t);

	for (int again = 0; again < 2; again++) {
		char *before = ruleset(HOST);

		t = begin(w, 0);
		weir_txn_nat_del(t, again ? &other : &a);
		weir_txn_nat_add(t, again ? &a : &other);
		roll_back(t);
		assert_ruleset(before);
		t = begin(w, 0);
		weir_txn_nat_del(t, again ? &other : &a);
		weir_txn_nat_add(t, again ? &a : &other);
		commit(t);
	}
	expect(A1, OUT1, false, REACHED, "198.51.100.1");

	t = begin(w, 0);
	weir_txn_nat_del(t, &a);
	weir_txn_nat_del(t, &b);
	commit(t);
	assert_no_rules(HOST);
	weir_close(w);
}

/* What a lost network left under the bridge's name gives way to the new one. */
static void test_left_over_is_replaced(void **state)
{
	struct weir_nat old = with_range(net_a(WEIR_FORWARD_NAT)), a = net_a(WEIR_FORWARD_ROUTE);
	char *want;

	add(&a);
	want = ruleset(HOST);
	del(&a);
	add(&old);
	add(&a);
	assert_ruleset(want);
	del(&a);
	assert_no_rules(HOST);
}

/* --- elements as messages ------------------------------------------------------------------- */

static int send_elements(const struct wr_nat_rules *rules, const char *list, uint32_t generation)
{
	wr_auto(fd) int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	wr_auto(str) struct wr_str messages = { 0 };

	assert_true(fd >= 0);
	if (!wr_nat_messages(rules, list, generation, &messages))
		return -EINVAL;
	return wr_nat_send(fd, &messages);
}

/* Adds what a script of libnftables' adds, to a table that has the chains and elements of others. */
static void check_messages(const struct wr_nat_rules *rules, const char *others, const char *list)
{
	const struct wr_nat_table nothing = { 0 };
	wr_auto(nat_table) struct wr_nat_table table = { .is_there = true };
	wr_auto(str) struct wr_str make = { 0 }, add = { 0 };
	wr_auto(nft) struct wr_nft *nft = NULL;
	char *before, *with;

	assert_int_equal(wr_nft_open(&nft, NULL), 0);
	wr_nat_script(rules, &nothing, others, &make);
	assert_int_equal(wr_nft_run(nft, make.data, NULL), 0);
	before = ruleset(HOST);
	wr_nat_script(rules, &table, list, &add);
	assert_int_equal(wr_nft_run(nft, add.data, NULL), 0);
	with = ruleset(HOST);
	sh_in(HOST, "nft delete table %s", rules->table);
	assert_int_equal(wr_nft_run(nft, make.data, NULL), 0);
	assert_int_equal(send_elements(rules, list, 0), 0);
	assert_ruleset(with);
	sh_in(HOST, "nft delete table %s", rules->table);
	assert_int_equal(wr_nft_run(nft, make.data, NULL), 0);
	/* All or nothing; and nothing for a ruleset that is another. */
	assert_int_equal(send_elements(rules, list, 1), -ERESTART);
	assert_int_equal(send_elements(rules, "same \"x\" . \"x\"\nnone \"x\"\n", 0), -ENOENT);
	assert_int_equal(send_elements(rules, "same \"x\" . x\n", 0), -EINVAL);
	assert_ruleset(before);
	sh_in(HOST, "nft delete table %s", rules->table);
}

static void test_messages_are_what_scripts_are(void **state)
{
	struct weir_nat b = with_range(net_b(WEIR_FORWARD_NAT)), nats[8];
	const struct weir_guard guard = {
		.sz = sizeof(guard), .port = "vnet0", .mac = { 0x52, 0x54, 0, 1, 0xab, 0 }, .hold_addresses = true,
		.addresses = (struct weir_ip[]){ { WEIR_FAMILY_IPV4, { 10, 1, 0, 2 } },
						 { WEIR_FAMILY_IPV6, { 0x0d, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 } } },
		.n_addresses = 2,
	};
	wr_auto(str) struct wr_str others = { 0 }, guards = { 0 };
	size_t n = all_sorts(nats);

	assert_int_equal(wr_nat_elements(&b, &others, NULL), 0);
	wr_str_puts(&others, "nat4 \"brC\" : goto p_1024-65535\n");
	for (size_t i = 0; i < n; i++) {
		wr_auto(str) struct wr_str list = { 0 };

		assert_int_equal(wr_nat_elements(&nats[i], &list, NULL), 0);
		if (list.len)
			check_messages(&wr_nat_rules, others.data, list.data);
	}
	assert_int_equal(wr_guard_elements(&guard, &guards, NULL), 0);
	check_messages(&wr_guard_rules, "ports \"vnet1\" : jump hold_mac\n", guards.data);
}

/* --- killed -------------------------------------------------------------------------------- */

enum kill_at { KILL_BEFORE, KILL_AFTER };

static void put_steps(struct weir_txn *t, bool del_first, const struct weir_nat *a,
		      const struct weir_nat *b, enum kill_at at)
{
	if (at == KILL_BEFORE)
		weir_txn_step(t, &kill_ops, "the test", NULL, 0);
	if (del_first)
		weir_txn_nat_del(t, a);
	else
		weir_txn_nat_add(t, a);
	if (b)
		weir_txn_nat_add(t, b);
	if (at == KILL_AFTER)
		weir_txn_step(t, &kill_ops, "the test", NULL, 0);
}

/* A child dies in its transaction; whoever comes next on the state directory undoes it. */
static void check_kill(const char *dir, bool del_first, const struct weir_nat *a,
		       const struct weir_nat *b, enum kill_at at)
{
	struct weir_error err = WEIR_ERROR_INIT;
	char *before = ruleset(HOST);
	struct weir *w;
	int status;
	pid_t pid = fork();

	if (!pid) {
		struct weir_txn *t;

		free(before);
		w = open_handle(NULL, dir);
		t = begin(w, 0);
		put_steps(t, del_first, a, b, at);
		weir_txn_commit(t, NULL);
		_exit(1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	w = open_handle(NULL, dir);
	if (weir_recover(w, &err) != 1)
		fail_msg("%s: %s", err.object, err.msg);
	weir_close(w);
	assert_ruleset(before);
}

static void test_killed(void **state)
{
	char dir[] = "/tmp/weir-test-nat.XXXXXX", path[64];
	struct weir_nat a = net_a(WEIR_FORWARD_NAT), b = with_range(net_b(WEIR_FORWARD_NAT));
	struct weir_nat other = with_range(net_a(WEIR_FORWARD_NAT));

	assert_non_null(mkdtemp(dir));
	for (enum kill_at at = KILL_BEFORE; at <= KILL_AFTER; at++) {
		check_kill(dir, false, &a, NULL, at);
		check_kill(dir, false, &a, &b, at);
		add(&b);
		check_kill(dir, false, &a, NULL, at);
		add(&a);
		check_kill(dir, false, &a, NULL, at);	/* rules of that bridge were there */
		check_kill(dir, true, &a, NULL, at);
		check_kill(dir, true, &a, &other, at);
		del(&b);
		check_kill(dir, true, &a, NULL, at);
		del(&a);
		check_kill(dir, true, &a, NULL, at);
	}
	assert_no_rules(HOST);
	wr_format(path, sizeof(path), "%s/lock", dir);
	unlink(path);
	assert_int_equal(rmdir(dir), 0);
}

/*
 * Another process, with a state directory of its own, adds a network after this one
 * looked and before it removed what it took for the last one.
 */
static void test_table_in_use_is_not_removed(void **state)
{
	struct weir_error err = WEIR_ERROR_INIT;
	wr_auto(nat_table) struct wr_nat_table table = { .is_there = true };
	wr_auto(str) struct wr_str script = { 0 };
	wr_auto(nft) struct wr_nft *nft = NULL;
	struct weir_nat a = net_a(WEIR_FORWARD_NAT), b = net_b(WEIR_FORWARD_ISOLATED);
	char *before;

	add(&a);
	add(&b);
	before = ruleset(HOST);
	assert_int_equal(wr_nat_elements(&a, &table.own, NULL), 0);
	wr_nat_script(&wr_nat_rules, &table, "", &script);
	assert_non_null(strstr(script.data, "delete table inet weir"));
	assert_int_equal(wr_nft_open(&nft, &err), 0);
	assert_int_equal(wr_nft_run(nft, script.data, &err), -EBUSY);
	assert_ruleset(before);
	del(&a);
	del(&b);
}

/* --- plans ------------------------------------------------------------------------------------ */

static void run_plan(const struct weir_nat *nats, size_t n, bool remove)
{
	struct weir *w = open_handle(NULL, NULL);
	struct weir_txn *t = begin(w, WEIR_TXN_DRY);
	char *before = ruleset(HOST), *plan;
	FILE *shell;

	for (size_t i = 0; i < n; i++)
		assert_int_equal((remove ? weir_txn_nat_del : weir_txn_nat_add)(t, &nats[i]), 0);
	assert_int_equal(weir_txn_plan(t, &plan, NULL), 0);
	weir_txn_abort(t);
	weir_close(w);
	assert_ruleset(before);
	shell = popen("sh -e", "w");
	assert_non_null(shell);
	fputs(plan, shell);
	assert_int_equal(pclose(shell), 0);
	free(plan);
}

static void test_plan(void **state)
{
	struct weir_nat nats[8];
	size_t n = all_sorts(nats);

	nats[n++] = net_b(WEIR_FORWARD_NAT);
	for (size_t i = 0; i + 1 < n; i++) {
		struct weir_nat both[] = { nats[i], nats[n - 1] };
		char *with;

		add(&both[0]);
		add(&both[1]);
		with = ruleset(HOST);
		del(&both[0]);
		del(&both[1]);
		run_plan(both, 2, false);
		assert_ruleset(with);

		del(&both[0]);
		with = ruleset(HOST);
		run_plan(both, 1, false);
		run_plan(both, 1, true);
		assert_ruleset(with);
		run_plan(&both[1], 1, true);
		assert_no_rules(HOST);
	}
}

/* --- errors -------------------------------------------------------------------------- */

static void test_refusal_is_remembered(void **state)
{
	struct weir *w = open_handle(NULL, NULL);
	struct weir_txn *t = begin(w, 0);
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_nat a = net_a(WEIR_FORWARD_NAT);

	a.bridge = "br;A";
	assert_int_equal(weir_txn_nat_add(t, &a), -EINVAL);
	a.bridge = "brA";
	assert_int_equal(weir_txn_nat_add(t, &a), -EINVAL);
	assert_int_equal(weir_txn_commit(t, &err), -EINVAL);
	assert_string_equal(err.attr, "bridge");
	assert_no_rules(HOST);
	weir_close(w);
}

/* A table of that name that is somebody else's: the error has the kernel's words. */
static void test_kernel_refuses(void **state)
{
	struct weir_nat a = net_a(WEIR_FORWARD_NAT);
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir *w = open_handle(NULL, NULL);
	struct weir_txn *t = begin(w, 0);
	char *before;

	sh_in(HOST, "nft add table inet weir");
	before = ruleset(HOST);
	assert_int_equal(weir_txn_nat_add(t, &a), 0);
	assert_int_equal(weir_txn_commit(t, &err), -ENOENT);
	assert_int_equal(err.code, -ENOENT);
	assert_int_equal(err.stage, WEIR_STAGE_KERNEL);
	assert_string_equal(err.object, "nat of bridge brA");
	assert_non_null(strstr(err.msg, "No such file or directory"));
	assert_null(strstr(err.msg, "lacks"));
	assert_ruleset(before);
	weir_close(w);
}

static void drop_capabilities(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };

	if (syscall(SYS_capset, &header, data) < 0)
		_exit(99);
}

/* The error says which capability, and libnftables says nothing on its own. */
static int unprivileged(bool connected, int stderr_fd)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_nat a = net_a(WEIR_FORWARD_NAT);
	struct weir *w = open_handle(NULL, NULL);
	struct weir_txn *t = begin(w, 0);
	int built, r;

	dup2(stderr_fd, STDERR_FILENO);
	dup2(stderr_fd, STDOUT_FILENO);
	if (connected) {	/* while it was still allowed */
		weir_txn_nat_add(t, &a);
		weir_txn_abort(t);
		t = begin(w, 0);
	}
	drop_capabilities();
	built = weir_txn_nat_add(t, &a);
	r = weir_txn_commit(t, &err);
	weir_close(w);
	if (built || r != -EPERM || err.code != r)
		return 1;
	return strcmp(err.object, "nat of bridge brA") || !strstr(err.msg, "CAP_NET_ADMIN") ? 2 : 0;
}

static void check_without_privilege(bool connected)
{
	int status, pipe_fds[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(pipe_fds), 0);
	pid = fork();
	if (!pid)
		_exit(unprivileged(connected, pipe_fds[1]));
	close(pipe_fds[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(read(pipe_fds[0], &byte, 1), 0);
	close(pipe_fds[0]);
	assert_no_rules(HOST);
}

static void test_without_privilege(void **state)
{
	check_without_privilege(false);
	check_without_privilege(true);
}

static size_t open_descriptors(void)
{
	size_t n = 0;

	for (int fd = 0; fd < 1024; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void test_no_descriptor_is_left(void **state)
{
	struct weir_nat a = net_a(WEIR_FORWARD_NAT);
	size_t before = open_descriptors();

	for (int i = 0; i < 3; i++) {
		add(&a);
		del(&a);
	}
	assert_int_equal(open_descriptors(), before);
}

/* --- other namespaces, many networks -------------------------------------------------------- */

static void test_other_namespace(void **state)
{
	char path[64];
	struct weir_nat a = net_a(WEIR_FORWARD_NAT);
	struct weir_txn *t;
	struct weir *w;

	wr_format(path, sizeof(path), "/proc/%d/fd/%d", getpid(), places[B1]);
	w = open_handle(path, NULL);
	t = begin(w, 0);
	assert_int_equal(weir_txn_nat_add(t, &a), 0);
	commit(t);
	assert_no_rules(HOST);
	assert_true(count_rules(B1) > 0);
	t = begin(w, 0);
	assert_int_equal(weir_txn_nat_del(t, &a), 0);
	commit(t);
	assert_no_rules(B1);
	weir_close(w);
}

struct worker {
	pthread_t thread;
	int failures;
};

/* Each in a namespace of its own, as handles in different threads may be used. */
static void *work(void *arg)
{
	struct worker *worker = arg;
	struct weir_nat a = net_a(WEIR_FORWARD_NAT);
	struct weir *w;

	worker->failures += unshare(CLONE_NEWNET) != 0;
	w = open_handle(NULL, NULL);
	for (int i = 0; i < 20; i++) {
		struct weir_txn *t = begin(w, 0);

		if (i % 2)
			weir_txn_nat_del(t, &a);
		else
			weir_txn_nat_add(t, &a);
		worker->failures += weir_txn_commit(t, NULL) != 0;
	}
	weir_close(w);
	return NULL;
}

static void test_threads(void **state)
{
	struct worker workers[4] = { 0 };

	for (size_t i = 0; i < WR_COUNT(workers); i++)
		assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
	for (size_t i = 0; i < WR_COUNT(workers); i++) {
		pthread_join(workers[i].thread, NULL);
		assert_int_equal(workers[i].failures, 0);
	}
	assert_no_rules(HOST);
}

static double now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1e3 + ts.tv_nsec / 1e6;
}

static void change_many(unsigned int n, bool remove)
{
	double began = now_ms();
	struct weir *w = open_handle(NULL, NULL);

	for (unsigned int i = 0; i < n; i++) {
		struct weir_subnet net = { { WEIR_FAMILY_IPV4, { 10, 100 + i / 256, i, 1 } }, 24 };
		struct weir_nat nat = { .sz = sizeof(nat), .subnets = &net, .n_subnets = 1 };
		struct weir_txn *t = begin(w, 0);
		char bridge[16];

		wr_format(bridge, sizeof(bridge), "virbr%u", i);
		nat.bridge = bridge;
		nat.mode = i % 3;
		assert_int_equal((remove ? weir_txn_nat_del : weir_txn_nat_add)(t, &nat), 0);
		commit(t);
	}
	weir_close(w);
	print_message("%u networks %s: %.2f ms each\n", n, remove ? "removed" : "added",
		      (now_ms() - began) / n);
}

static void test_many_networks(void **state)
{
	struct weir_nat a = net_a(WEIR_FORWARD_NAT);
	unsigned int rules;
	char *before;

	add(&a);
	before = ruleset(HOST);
	rules = count_rules(HOST);
	change_many(200, false);
	assert_int_equal(count_rules(HOST), rules);
	expect(A1, OUT1, false, REACHED, "198.51.100.1");
	expect(OUT1, A1, false, REFUSED, NULL);
	change_many(200, true);
	assert_ruleset(before);
	del(&a);
	assert_no_rules(HOST);
}

#define test(fn) cmocka_unit_test_setup_teardown(fn, clean_rules, clean_rules)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_matrix),
		test(test_nat_ipv6),
		test(test_dev),
		test(test_spoofed_source),
		test(test_ranges),
		test(test_single_address_and_port),
		test(test_low_ports_are_lifted),
		test(test_host_is_untouched),
		test(test_two_subnets_of_one_bridge),
		test(test_undo),
		test(test_foreign_tables),
		test(test_removed_by_hand),
		test(test_table_is_kept),
		test(test_several_steps),
		test(test_left_over_is_replaced),
		test(test_messages_are_what_scripts_are),
		test(test_killed),
		test(test_table_in_use_is_not_removed),
		test(test_plan),
		test(test_refusal_is_remembered),
		test(test_kernel_refuses),
		test(test_without_privilege),
		test(test_no_descriptor_is_left),
		test(test_other_namespace),
		test(test_threads),
		test(test_many_networks),
	};

	if (unshare(CLONE_NEWNET) < 0) {
		print_message("SKIP: no privilege to make network namespaces\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, make_stage, NULL);
}
