/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What befalls lib/nat: kills, other processes, a kernel that refuses, no privilege;
 * and other namespaces, threads, hundreds of networks.
 */
#include <fcntl.h>
#include <linux/capability.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "lib_packet.h"

/* --- killed -------------------------------------------------------------------------------- */

enum kill_at { KILL_BEFORE, KILL_AFTER };

static void put_steps(struct weir_txn *t, bool del_first, const struct weir_nat *a,
		      const struct weir_nat *b, enum kill_at at)
{
	if (at == KILL_BEFORE)
		weir_txn_step(t, &nat_kill_ops, "the test", NULL, 0);
	if (del_first)
		weir_txn_nat_del(t, a);
	else
		weir_txn_nat_add(t, a);
	if (b)
		weir_txn_nat_add(t, b);
	if (at == KILL_AFTER)
		weir_txn_step(t, &nat_kill_ops, "the test", NULL, 0);
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
		w = nat_open(NULL, dir);
		t = nat_begin(w, 0);
		put_steps(t, del_first, a, b, at);
		weir_txn_commit(t, NULL);
		_exit(1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	w = nat_open(NULL, dir);
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
		nat_add(&b);
		check_kill(dir, false, &a, NULL, at);
		nat_add(&a);
		check_kill(dir, false, &a, NULL, at);	/* rules of that bridge were there */
		check_kill(dir, true, &a, NULL, at);
		check_kill(dir, true, &a, &other, at);
		nat_del(&b);
		check_kill(dir, true, &a, NULL, at);
		nat_del(&a);
		check_kill(dir, true, &a, NULL, at);
	}
	assert_no_rules(HOST);
	for (size_t i = 0; i < 2; i++) {
		wr_format(path, sizeof(path), "%s/%s", dir, i ? "journal" : "lock");
		unlink(path);
	}
	assert_int_equal(rmdir(dir), 0);
}

/*
 * Another process, with a state directory of its own, adds a network after this one
 * looked and before it removed what it took for the last one.
 */
static void check_in_use(enum weir_forward_mode mode)
{
	struct weir_error err = WEIR_ERROR_INIT;
	wr_auto(nat_table) struct wr_nat_table table = { .is_there = true };
	wr_auto(str) struct wr_str script = { 0 };
	wr_auto(nft) struct wr_nft *nft = NULL;
	struct weir_nat a = net_a(WEIR_FORWARD_NAT), b = net_b(mode);
	char *before;

	nat_add(&a);
	nat_add(&b);
	before = ruleset(HOST);
	assert_int_equal(wr_nat_elements(&a, &table.own, NULL), 0);
	wr_nat_script(&wr_nat_rules, &table, "", &script);
	assert_non_null(strstr(script.data, "delete table inet weir"));
	assert_int_equal(wr_nft_open(&nft, &err), 0);
	assert_int_equal(wr_nft_run(nft, script.data, &err), -EBUSY);
	assert_ruleset(before);
	nat_del(&a);
	nat_del(&b);
}

static void test_table_in_use_is_not_removed(void **state)
{
	check_in_use(WEIR_FORWARD_ISOLATED);
	check_in_use(WEIR_FORWARD_ROUTE);
	check_in_use(WEIR_FORWARD_NAT);
}

/* A chain that somebody else made in the table stays, however much its name begins like ours. */
static void test_chain_of_others(void **state)
{
	struct weir_nat a = net_a(WEIR_FORWARD_NAT), b = with_range(net_b(WEIR_FORWARD_NAT));
	char *before;

	nat_add(&a);
	sh_in(HOST, "nft add chain inet weir p_theirs");
	before = ruleset(HOST);
	nat_add(&b);
	nat_del(&b);
	assert_ruleset(before);
	sh_in(HOST, "nft delete chain inet weir p_theirs");
	nat_del(&a);
	assert_no_rules(HOST);
}

/* --- what an older version made ----------------------------------------------------------- */

/* Tables as older versions made them, with network A in mode nat. */
#define OLD_TABLE(SETS, FORWARD, POSTROUTING, ELEMENTS) \
	"table inet weir {\n" \
	"	comment \"made by weir\"\n" \
	"	set same { type ifname . ifname; }\n" \
	"	set uplink { type ifname . ifname; }\n" \
	"	set net4 { type ifname . ipv4_addr; flags interval; }\n" \
	"	set net6 { type ifname . ipv6_addr; flags interval; }\n" \
	"	set in4 { type ifname . ipv4_addr; flags interval; }\n" \
	"	set in6 { type ifname . ipv6_addr; flags interval; }\n" \
	SETS \
	"	map from_if { type ifname : verdict; }\n" \
	"	map to_if { type ifname : verdict; }\n" \
	"	map nat4 { type ifname : verdict; }\n" \
	"	map nat6 { type ifname : verdict; }\n" \
	"	chain refuse { }\n" \
	"	chain out_any { }\n" \
	"	chain out_dev { }\n" \
	"	chain in_any { }\n" \
	"	chain in_dev { }\n" \
	"	chain forward { type filter hook forward priority filter; policy accept; }\n" \
	"	chain postrouting { type nat hook postrouting priority srcnat; policy accept; }\n" \
	"}\n" \
	"flush chain inet weir refuse\n" \
	"flush chain inet weir out_any\n" \
	"flush chain inet weir out_dev\n" \
	"flush chain inet weir in_any\n" \
	"flush chain inet weir in_dev\n" \
	"flush chain inet weir forward\n" \
	"flush chain inet weir postrouting\n" \
	"add rule inet weir refuse reject with icmpx port-unreachable\n" \
	"add rule inet weir out_any iifname . ip saddr @net4 return\n" \
	"add rule inet weir out_any iifname . ip6 saddr @net6 return\n" \
	"add rule inet weir out_any goto refuse\n" \
	"add rule inet weir out_dev iifname . oifname @uplink goto out_any\n" \
	"add rule inet weir out_dev goto refuse\n" \
	"add rule inet weir in_any ct state established,related accept\n" \
	"add rule inet weir in_any oifname . ip daddr @in4 accept\n" \
	"add rule inet weir in_any oifname . ip6 daddr @in6 accept\n" \
	"add rule inet weir in_any goto refuse\n" \
	"add rule inet weir in_dev oifname . iifname @uplink goto in_any\n" \
	"add rule inet weir in_dev goto refuse\n" \
	"add rule inet weir forward iifname . oifname @same accept\n" \
	FORWARD \
	"add rule inet weir forward iifname vmap @from_if\n" \
	"add rule inet weir forward oifname vmap @to_if\n" \
	"add rule inet weir postrouting iifname . oifname @same return\n" \
	POSTROUTING \
	"add rule inet weir postrouting meta nfproto ipv4 iifname vmap @nat4\n" \
	"add rule inet weir postrouting meta nfproto ipv6 iifname vmap @nat6\n" \
	"add element inet weir same { \"brA\" . \"brA\" }\n" \
	"add element inet weir net4 { \"brA\" . 10.1.0.0/24 }\n" \
	ELEMENTS

static const char *const old_tables[] = {
	/* Every network in the maps. */
	OLD_TABLE("", "", "",
		  "add chain inet weir p_1024-65535\n"
		  "add rule inet weir p_1024-65535 meta l4proto { tcp, udp } masquerade to :1024-65535\n"
		  "add rule inet weir p_1024-65535 masquerade\n"
		  "add element inet weir from_if { \"brA\" : jump out_any }\n"
		  "add element inet weir to_if { \"brA\" : goto in_any }\n"
		  "add element inet weir nat4 { \"brA\" : goto p_1024-65535 }\n"),
	/* Most of them in sets of names, and every subnet in a set with intervals. */
	OLD_TABLE("	set routed { type ifname; }\n"
		  "	set masq4 { type ifname; }\n"
		  "	set masq6 { type ifname; }\n"
		  "	map users { type ifname : verdict; }\n",
		  "add rule inet weir forward iifname @routed jump out_any\n"
		  "add rule inet weir forward oifname @routed goto in_any\n",
		  "add rule inet weir postrouting meta nfproto ipv4 iifname @masq4 masquerade\n",
		  "add element inet weir users { \"brA\" : goto refuse }\n"
		  "add element inet weir routed { \"brA\" }\n"
		  "add element inet weir masq4 { \"brA\" }\n"),
};

static void make_old_table(const char *table)
{
	wr_auto(nft) struct wr_nft *nft = NULL;

	assert_int_equal(wr_nft_open(&nft, NULL), 0);
	assert_int_equal(wr_nft_run(nft, table, NULL), 0);
}

/* The network that was there goes on as it did, whatever comes and goes; it can be replaced, and it can go. */
static void check_old_table(const char *table)
{
	struct weir_nat a = net_a(WEIR_FORWARD_NAT), b = net_b(WEIR_FORWARD_NAT);
	char *only_b, *new_a;

	nat_add(&b);
	only_b = ruleset(HOST);
	nat_del(&b);
	nat_add(&a);
	new_a = ruleset(HOST);
	nat_del(&a);

	make_old_table(table);
	nat_del(&a);
	assert_no_rules(HOST);

	make_old_table(table);
	nat_add(&b);
	expect(A1, OUT1, false, REACHED, host_address(OUT1, false));
	expect(B1, OUT2, false, REACHED, host_address(OUT2, false));
	expect(OUT1, A1, false, REFUSED, NULL);
	expect(A1, B1, false, REFUSED, NULL);
	nat_del(&a);
	assert_ruleset(only_b);
	nat_del(&b);
	assert_no_rules(HOST);

	make_old_table(table);
	nat_add(&a);
	assert_ruleset(new_a);
	nat_del(&a);
	assert_no_rules(HOST);
}

static void test_old_tables(void **state)
{
	for (size_t i = 0; i < WR_COUNT(old_tables); i++)
		check_old_table(old_tables[i]);
}

/* --- errors -------------------------------------------------------------------------- */

static void test_refusal_is_remembered(void **state)
{
	struct weir *w = nat_open(NULL, NULL);
	struct weir_txn *t = nat_begin(w, 0);
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
	struct weir *w = nat_open(NULL, NULL);
	struct weir_txn *t = nat_begin(w, 0);
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
	struct weir *w = nat_open(NULL, NULL);
	struct weir_txn *t = nat_begin(w, 0);
	int built, r;

	dup2(stderr_fd, STDERR_FILENO);
	dup2(stderr_fd, STDOUT_FILENO);
	if (connected) {	/* while it was still allowed */
		weir_txn_nat_add(t, &a);
		weir_txn_abort(t);
		t = nat_begin(w, 0);
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
		nat_add(&a);
		nat_del(&a);
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
	w = nat_open(path, NULL);
	t = nat_begin(w, 0);
	assert_int_equal(weir_txn_nat_add(t, &a), 0);
	nat_commit(t);
	assert_no_rules(HOST);
	assert_true(count_rules(B1) > 0);
	t = nat_begin(w, 0);
	assert_int_equal(weir_txn_nat_del(t, &a), 0);
	nat_commit(t);
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
	w = nat_open(NULL, NULL);
	for (int i = 0; i < 20; i++) {
		struct weir_txn *t = nat_begin(w, 0);

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
	struct weir *w = nat_open(NULL, NULL);

	for (unsigned int i = 0; i < n; i++) {
		struct weir_subnet net = { { WEIR_FAMILY_IPV4, { 10, 100 + i / 256, i, 1 } }, 24 };
		struct weir_nat nat = { .sz = sizeof(nat), .subnets = &net, .n_subnets = 1 };
		struct weir_txn *t = nat_begin(w, 0);
		char bridge[16];

		wr_format(bridge, sizeof(bridge), "virbr%u", i);
		nat.bridge = bridge;
		nat.mode = i % 3;
		assert_int_equal((remove ? weir_txn_nat_del : weir_txn_nat_add)(t, &nat), 0);
		nat_commit(t);
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

	nat_add(&a);
	before = ruleset(HOST);
	rules = count_rules(HOST);
	change_many(200, false);
	assert_int_equal(count_rules(HOST), rules);
	expect(A1, OUT1, false, REACHED, "198.51.100.1");
	expect(OUT1, A1, false, REFUSED, NULL);
	change_many(200, true);
	assert_ruleset(before);
	nat_del(&a);
	assert_no_rules(HOST);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		nat_test(test_killed),
		nat_test(test_table_in_use_is_not_removed),
		nat_test(test_chain_of_others),
		nat_test(test_old_tables),
		nat_test(test_refusal_is_remembered),
		nat_test(test_kernel_refuses),
		nat_test(test_without_privilege),
		nat_test(test_no_descriptor_is_left),
		nat_test(test_other_namespace),
		nat_test(test_threads),
		nat_test(test_many_networks),
	};

	return nat_run("life of nat", tests, WR_COUNT(tests));
}
