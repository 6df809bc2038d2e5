/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The stage, its rules and its networks: see lib_nat.h. */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>

#include <jansson.h>

#include "lib_nat.h"

int places[N_PLACES];

/* --- the stage --------------------------------------------------------------------- */

void enter(enum place p)
{
	assert_int_equal(setns(places[p], CLONE_NEWNET), 0);
}

void sh_in(enum place p, const char *fmt, ...)
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
	for (int i = 0; i < 6000; i++) {
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

int clean_rules(void **state)
{
	sh_in(HOST, "nft flush ruleset");
	return 0;
}

int nat_run(const char *name, const struct CMUnitTest *tests, size_t n)
{
	if (unshare(CLONE_NEWNET) < 0) {
		print_message("SKIP: no privilege to make network namespaces\n");
		return 77;
	}
	return _cmocka_run_group_tests(name, tests, n, make_stage, NULL);
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

char *ruleset(enum place p)
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

unsigned int count_rules(enum place p)
{
	char *rules = ruleset(p);
	unsigned int n = 0;

	for (const char *at = rules; (at = strstr(at, "{\"rule\":")); at++)
		n++;
	free(rules);
	return n;
}

void assert_ruleset(char *before)
{
	char *now = ruleset(HOST);

	assert_string_equal(now, before);
	free(now);
	free(before);
}

void assert_no_rules(enum place p)
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

static const struct weir_step_ops fail_ops = {
	.sz = sizeof(fail_ops), .name = "test-fail", .apply = fail_step,
};
const struct weir_step_ops nat_kill_ops = {
	.sz = sizeof(nat_kill_ops), .name = "test-kill", .apply = kill_step,
};
static const struct weir_step_ops *const step_ops[] = {
	&weir_nat_step, &fail_ops, &nat_kill_ops, NULL,
};

struct weir *nat_open(const char *netns, const char *state_dir)
{
	const struct weir_options opts = { .sz = sizeof(opts), .netns = netns,
					   .state_dir = state_dir, .step_ops = step_ops };
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir *w;

	if (weir_open(&opts, &w, &err))
		fail_msg("%s: %s", err.object, err.msg);
	return w;
}

struct weir_txn *nat_begin(struct weir *w, unsigned int flags)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_txn *t;

	if (weir_txn_begin(w, "test", flags, &t, &err))
		fail_msg("%s: %s", err.object, err.msg);
	return t;
}

void nat_commit(struct weir_txn *t)
{
	struct weir_error err = WEIR_ERROR_INIT;
	char line[1024];

	if (weir_txn_commit(t, &err))
		fail_msg("%s", weir_error_format(&err, line, sizeof(line)));
}

void nat_roll_back(struct weir_txn *t)
{
	struct weir_error err = WEIR_ERROR_INIT;

	assert_int_equal(weir_txn_step(t, &fail_ops, "the test", NULL, 0), 0);
	assert_int_equal(weir_txn_commit(t, &err), -EIO);
	assert_string_equal(err.msg, "wanted it");
}

static const struct weir_subnet subnets_a[] = {
	{ { WEIR_FAMILY_IPV4, { 10, 1, 0, 1 } }, 24 }, { { WEIR_FAMILY_IPV6, { 0xfd, 1 } }, 64 },
};
/* Of no usual size, as those of B are. */
static const struct weir_subnet odd_subnets_a[] = {
	{ { WEIR_FAMILY_IPV4, { 10, 1, 0, 1 } }, 25 }, { { WEIR_FAMILY_IPV6, { 0xfd, 1 } }, 65 },
	{ { WEIR_FAMILY_IPV4, { 192, 0, 2, 77 } }, 32 },
};
static const struct weir_subnet subnets_b[] = {
	{ { WEIR_FAMILY_IPV4, { 10, 2, 0, 1 } }, 23 }, { { WEIR_FAMILY_IPV6, { 0xfd, 2 } }, 63 },
};

struct weir_nat net_a(enum weir_forward_mode mode)
{
	return (struct weir_nat){ .sz = sizeof(struct weir_nat), .bridge = "brA", .mode = mode,
				  .subnets = subnets_a, .n_subnets = 2 };
}

struct weir_nat net_b(enum weir_forward_mode mode)
{
	return (struct weir_nat){ .sz = sizeof(struct weir_nat), .bridge = "brB", .mode = mode,
				  .subnets = subnets_b, .n_subnets = 2 };
}

static void carry_out(int (*build)(struct weir_txn *t, const struct weir_nat *nat), const struct weir_nat *nat)
{
	struct weir *w = nat_open(NULL, NULL);
	struct weir_txn *t = nat_begin(w, 0);

	assert_int_equal(build(t, nat), 0);
	nat_commit(t);
	weir_close(w);
}

void nat_add(const struct weir_nat *nat)
{
	carry_out(weir_txn_nat_add, nat);
}

void nat_del(const struct weir_nat *nat)
{
	carry_out(weir_txn_nat_del, nat);
}

struct weir_nat with_range(struct weir_nat nat)
{
	nat.address_start = (struct weir_ip){ WEIR_FAMILY_IPV4, { 192, 0, 2, 8 } };
	nat.address_end = (struct weir_ip){ WEIR_FAMILY_IPV4, { 192, 0, 2, 15 } };
	nat.nat_ipv6 = true;
	return nat;
}

struct weir_nat with_odd_subnets(struct weir_nat nat)
{
	nat.subnets = odd_subnets_a;
	nat.n_subnets = WR_COUNT(odd_subnets_a);
	return nat;
}

size_t all_sorts(struct weir_nat nats[9])
{
	size_t n = 0;

	for (int mode = WEIR_FORWARD_ISOLATED; mode <= WEIR_FORWARD_OPEN; mode++)
		nats[n++] = net_a(mode);
	nats[n++] = with_range(net_a(WEIR_FORWARD_NAT));
	nats[n] = net_a(WEIR_FORWARD_NAT);
	nats[n++].dev = "up1";
	nats[n] = net_a(WEIR_FORWARD_ROUTE);
	nats[n++].dev = "up2";
	nats[n++] = with_odd_subnets(net_a(WEIR_FORWARD_ROUTE));
	return n;
}
