/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Many ports at once: those that can be are, each of the others with its reason,
 * in few transactions. And ports that are ready: leased once each, whoever asks,
 * scrubbed when they come back, gone with their network.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <weir/bulk.h>
#include <weir/link.h>

#include "lib_ns.h"

#define N 50

static struct weir *w;

static void start(const char *name, const char *bridge, const char *address)
{
	struct weir_network *net;
	struct weir_txn *t;
	char json[512];

	snprintf(json, sizeof(json),
		 "{'name': '%s', 'forward': {'mode': 'isolated'}, 'bridge': {'name': '%s'}, 'dns': {'enable': false},"
		 " 'ips': [{'address': '%s', 'prefix': 24}], 'portgroups': [{'name': 'slow', 'default': true,"
		 " 'bandwidth': {'inbound': {'average': 1000}}}]}", name, bridge, address);
	net = ns_network(json);
	t = ns_begin(w);
	weir_txn_network_start(t, net);
	ns_commit(t);
	weir_network_free(net);
}

static void stop(const char *name)
{
	struct weir_txn *t = ns_begin(w);

	weir_txn_network_stop(t, name);
	ns_commit(t);
}

static int setup(void **state)
{
	int r = ns_setup(state);

	if (r)
		return r;
	w = ns_open();
	start("net", "br-net", "10.11.0.1");
	return 0;
}

static int teardown(void **state)
{
	weir_close(w);
	return ns_teardown(state);
}

static struct weir_guest tap(const char *name)
{
	return (struct weir_guest){ .sz = sizeof(struct weir_guest), .kind = WEIR_PORT_TAP, .name = name };
}

static size_t count_ports(void)
{
	struct weir_port *ports = NULL;
	size_t n = 0;

	assert_int_equal(weir_port_list(w, "net", &ports, &n, NULL), 0);
	weir_ports_free(ports, n);
	return n;
}

/* How many sends a call took, for what is said about transactions. */
static uint64_t sends(void)
{
	struct weir_counters c = { .sz = sizeof(c) };

	weir_get_counters(w, &c);
	return c.n_sends;
}

/* --- many at once ------------------------------------------------------------------------ */

static void all_get_ports(void **state)
{
	char *before = ns_snapshot();
	struct weir_guest guests[N];
	struct weir_port ports[N];
	struct weir_error errors[N];
	const char *names[N];
	uint64_t n_sends = sends();

	for (int i = 0; i < N; i++)
		guests[i] = tap(NULL);
	guests[7].name = "vnet3";	/* which then is nobody else's */
	assert_int_equal(weir_ports_attach(w, "net", guests, N, ports, errors), N);
	print_message("%d ports attached in %d sends\n", N, (int)(sends() - n_sends));
	assert_in_range(sends() - n_sends, 1, 4);
	assert_int_equal(count_ports(), N);
	for (int i = 0; i < N; i++) {
		assert_int_equal(errors[i].code, 0);
		names[i] = ports[i].name;
		for (int k = 0; k < i; k++)
			assert_string_not_equal(names[i], names[k]);
		ns_sh("ip link show dev %s master br-net >/dev/null", names[i]);
		ns_sh("tc class show dev %s | grep -q 'rate 8Mbit'", names[i]);
	}
	assert_string_equal(ports[7].name, "vnet3");
	assert_int_equal(weir_ports_detach(w, "net", names, N, errors), N);
	for (int i = 0; i < N; i++) {
		assert_int_equal(errors[i].code, 0);
		weir_port_done(&ports[i]);
	}
	ns_assert_same(before, "all came and went");
	free(before);
}

/* Its first owner's record would be taken for that of the second. */
static void assert_taken(const struct weir_error *err, const char *port, const char *owner)
{
	char object[64], msg[96];

	snprintf(object, sizeof(object), "port %s", port);
	snprintf(msg, sizeof(msg), "is that of port %s of network net", owner);
	assert_int_equal(err->code, -EEXIST);
	assert_string_equal(err->object, object);
	assert_string_equal(err->attr, "uuid");
	assert_string_equal(err->msg, msg);
}

static void a_uuid_is_one_ports(void **state)
{
	static const char lower[] = "aaaaaaaa-1111-4222-8333-444444444444", upper[] = "AAAAAAAA-1111-4222-8333-444444444444";
	struct weir_guest guests[] = { tap("u0"), tap("u1"), tap("u2") }, made = tap("u4");
	const char *const networks[] = { "net", "other" }, *const names[] = { "u0", "u2" };
	struct weir_port ports[3] = { { 0 } };
	struct weir_error errors[3], err = WEIR_ERROR_INIT;
	struct weir_txn *t;
	char *before;

	start("other", "br-other", "10.12.0.1");
	before = ns_snapshot();
	guests[0].uuid = lower;
	guests[1].uuid = upper;
	/* In one call, ... */
	assert_int_equal(weir_ports_attach(w, "net", guests, 3, ports, errors), 2);
	assert_taken(&errors[1], "u1", "u0");
	ns_sh("! ip link show u1 2>/dev/null");
	/* ... from one to the next, in any network, ... */
	for (size_t i = 0; i < 2; i++) {
		t = ns_begin(w);
		assert_int_equal(weir_txn_port_attach(t, networks[i], &guests[1], NULL, NULL), -EEXIST);
		weir_txn_error(t, &err);
		assert_taken(&err, "u1", "u0");
		weir_txn_abort(t);
	}
	/* ... and one that was made for its port. */
	made.uuid = ports[2].uuid;
	assert_int_equal(weir_ports_attach(w, "other", &made, 1, NULL, &err), 0);
	assert_taken(&err, "u4", "u2");
	/* It is free when its port is gone. */
	assert_int_equal(weir_ports_detach(w, "net", names, 2, NULL), 2);
	ns_assert_same(before, "both came and went");
	guests[1].name = "u0";
	assert_int_equal(weir_ports_attach(w, "other", &guests[1], 1, NULL, NULL), 1);
	assert_int_equal(weir_ports_detach(w, "other", names, 1, NULL), 1);
	for (size_t i = 0; i < 3; i++)
		weir_port_done(&ports[i]);
	stop("other");
	free(before);
}

/* Refused by builders and by the kernel, at the ends and in the middle. */
static void some_cannot(void **state)
{
	static const struct {
		int i, code;
	} bad[] = { { 0, -EBUSY }, { 20, -ENOENT }, { 21, -EINVAL }, { 33, -EBUSY }, { N - 1, -ENOENT } };
	struct weir_guest guests[N];
	struct weir_port ports[N];
	struct weir_error errors[N];
	const char *names[N];
	size_t n = 0;

	ns_sh("ip link add taken type bridge; ip link add taken2 type bridge");
	for (int i = 0; i < N; i++)
		guests[i] = tap(NULL);
	guests[0].name = "taken";
	guests[20].portgroup = "nothing";
	guests[21].name = "no/name";
	guests[33].name = "taken2";
	guests[N - 1].portgroup = "nothing";
	assert_int_equal(weir_ports_attach(w, "net", guests, N, ports, errors), N - 5);
	assert_int_equal(count_ports(), N - 5);
	for (int i = 0; i < N; i++) {
		int code = 0;

		for (size_t k = 0; k < sizeof(bad) / sizeof(bad[0]); k++)
			code = bad[k].i == i ? bad[k].code : code;
		if (errors[i].code != code)
			fail_msg("guest %d: %d instead of %d: %s", i, errors[i].code, code, errors[i].msg);
		assert_int_equal(*ports[i].name != '\0', code == 0);
		if (!code)
			names[n++] = ports[i].name;
	}
	names[n++] = "nothing";
	assert_int_equal(weir_ports_detach(w, "net", names, n, errors), n - 1);
	assert_int_equal(errors[n - 1].code, -ENOENT);
	assert_int_equal(errors[0].code, 0);
	assert_int_equal(count_ports(), 0);
	for (int i = 0; i < N; i++)
		weir_port_done(&ports[i]);
}

static void *attach_many(void *arg)
{
	const size_t n = 1000;
	struct weir_guest *guests = calloc(n, sizeof(*guests));
	struct weir_error *errors = calloc(n, sizeof(*errors));
	size_t *ret = arg;

	for (size_t i = 0; guests && i < n; i++) {
		guests[i] = tap(NULL);
		guests[i].portgroup = "nothing";
	}
	if (guests && errors && !weir_ports_attach(w, "net", guests, n, NULL, errors))
		for (size_t i = 0; i < n; i++)
			*ret += errors[i].code == -ENOENT;
	free(guests);
	free(errors);
	return NULL;
}

/* On the stack that threads have with musl, and with languages that have thousands of them. */
static void a_thousand_cannot(void **state)
{
	pthread_attr_t attr;
	pthread_t thread;
	size_t n = 0;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 256 << 10);
	assert_int_equal(pthread_create(&thread, &attr, attach_many, &n), 0);
	pthread_join(thread, NULL);
	pthread_attr_destroy(&attr);
	assert_int_equal(n, 1000);
}

static void nobody_can(void **state)
{
	struct weir_guest guests[3] = { tap(NULL), tap(NULL), tap(NULL) };
	struct weir_error errors[3];
	char *before = ns_snapshot();

	assert_int_equal(weir_ports_attach(w, "nothing", guests, 3, NULL, errors), 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(errors[i].code, -ENOENT);
	assert_int_equal(weir_ports_attach(w, "net", guests, 0, NULL, NULL), 0);
	assert_int_equal(weir_ports_detach(w, "net", NULL, 0, NULL), 0);
	ns_assert_same(before, "nobody got a port");
	free(before);
}

/* --- many definitions ---------------------------------------------------------------------- */

static unsigned long count_reads(void)
{
	char *text = ns_out("grep syscr /proc/%d/io", getpid());
	unsigned long n = strtoul(text + strlen("syscr:"), NULL, 10);

	free(text);
	assert_int_not_equal(n, 0);
	return n;
}

static void define(int i, char bridge[16])
{
	char name[16], json[64];
	struct weir_network *net;
	struct weir_txn *t = ns_begin(w);

	snprintf(name, sizeof(name), "d%d", i);
	snprintf(json, sizeof(json), "{'name':'%s'}", name);
	net = ns_network(json);
	weir_txn_network_define(t, net);
	ns_commit(t);
	weir_network_free(net);
	assert_int_equal(weir_network_get(w, name, WEIR_NETWORK_CONFIG, &net, NULL), 0);
	memcpy(bridge, net->bridge.name, 16);
	weir_network_free(net);
}

/* Each definition is read to see whether it is in the way, and once more for its bridge; not for each name that is tried. */
static void a_bridge_gets_a_name(void **state)
{
	struct weir_options opts = { .sz = sizeof(opts), .state_dir = ns_state_dir, .step_ops = weir_network_steps };
	struct weir_network *net = ns_network("{'name':'transient','dns':{'enable':false}}");
	unsigned long n_reads;
	char bridge[16];
	struct weir_txn *t;
	struct weir *other;

	for (int i = 0; i < N; i++)
		define(i, bridge);
	n_reads = count_reads();
	define(N, bridge);
	n_reads = count_reads() - n_reads;
	print_message("a definition among %d: %lu reads\n", N, n_reads);
	assert_string_equal(bridge, "virbr50");
	/* N * N / 2 and more, if it were for each name; valgrind reads as well. */
	assert_in_range(n_reads, 2 * N, 10 * N);
	/* A handle that stores no definitions has none that are in the way. */
	assert_int_equal(weir_open(&opts, &other, NULL), 0);
	t = ns_begin(other);
	weir_txn_network_start(t, net);
	ns_commit(t);
	ns_sh("ip link show virbr0 type bridge >/dev/null");
	t = ns_begin(other);
	weir_txn_network_stop(t, "transient");
	ns_commit(t);
	weir_network_free(net);
	weir_close(other);
}

/* --- ports that are ready ------------------------------------------------------------------ */

/* As a guest has it. */
static int open_tap(const char *name)
{
	struct ifreq ifr = { .ifr_flags = IFF_TAP | IFF_NO_PI };
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

	assert_true(fd >= 0);
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	assert_int_equal(ioctl(fd, TUNSETIFF, &ifr), 0);
	return fd;
}

static void leased_and_returned(void **state)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_port a = { .sz = sizeof(a) }, b = { .sz = sizeof(b) }, c = { .sz = sizeof(c) };
	uint64_t n_sends;
	int guest;

	assert_int_equal(weir_ready_lease(w, "net", NULL, &a, &err), -EAGAIN);
	assert_int_equal(weir_ready_keep(w, "net", NULL, 2, &err), 0);
	assert_int_equal(weir_ready_count(w, "net"), 2);
	n_sends = sends();
	assert_int_equal(weir_ready_lease(w, "net", NULL, &a, &err), 0);
	assert_int_equal(weir_ready_lease(w, "net", "guest b", &b, &err), 0);
	assert_int_equal(sends(), n_sends);
	assert_string_not_equal(a.name, b.name);
	assert_int_equal(weir_ready_lease(w, "net", NULL, &c, &err), -EAGAIN);
	ns_sh("tc class show dev %s | grep -q 'rate 8Mbit'", a.name);
	ns_sh("grep -q 'guest b' %s/ports/%s.json", ns_state_dir, b.name);

	guest = open_tap(b.name);
	/* Once the port has noticed; then its guest is heard from. */
	ns_sh("for i in $(seq 300); do bridge fdb add 02:00:00:00:00:77 dev %s master dynamic 2>/dev/null && exit 0; sleep 0.1; done; exit 1", b.name);
	assert_int_equal(weir_ready_return(w, "net", b.name, &err), 0);
	assert_int_equal(weir_ready_return(w, "net", b.name, &err), -EALREADY);
	ns_sh("! bridge fdb show dev %s | grep -q 02:00:00:00:00:77", b.name);
	close(guest);
	ns_sh("ip link show dev %s | grep -q '<.*UP'", b.name);
	ns_sh("! grep -q 'guest b' %s/ports/%s.json", ns_state_dir, b.name);
	assert_int_equal(weir_ready_lease(w, "net", NULL, &c, &err), 0);
	assert_string_equal(c.name, b.name);
	assert_memory_equal(c.mac, b.mac, 6);
	weir_port_done(&a);
	weir_port_done(&b);
	weir_port_done(&c);
}

static void kept_number(void **state)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_guest like = tap(NULL);
	char *before = ns_snapshot();

	assert_int_equal(weir_ready_keep(w, "net", &like, 5, &err), 0);
	assert_int_equal(weir_ready_keep(w, "net", &like, 5, &err), 0);
	assert_int_equal(count_ports(), 5);
	assert_int_equal(weir_ready_keep(w, "net", &like, 2, &err), 0);
	assert_int_equal(weir_ready_count(w, "net"), 2);
	assert_int_equal(count_ports(), 2);
	assert_int_equal(weir_ready_keep(w, "net", &like, 0, &err), 0);
	ns_sh("rmdir %s/ready/net %s/ready", ns_state_dir, ns_state_dir);
	ns_assert_same(before, "none is left");
	free(before);

	like.name = "one";
	assert_int_equal(weir_ready_keep(w, "net", &like, 5, &err), -EINVAL);
	like = tap(NULL);
	like.n_queues = 1;
	assert_int_equal(weir_ready_keep(w, "net", &like, 5, &err), -EINVAL);
	assert_int_equal(weir_ready_keep(w, "nothing", NULL, 5, &err), -ENOENT);
	assert_int_equal(weir_ready_keep(w, "../net", NULL, 5, &err), -EINVAL);
}

/* A folder that cannot be looked into is not empty. */
static void ready_but_not_seen(void **state)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_port port = { .sz = sizeof(port) };

	assert_int_equal(weir_ready_keep(w, "net", NULL, 2, NULL), 0);
	ns_sh("cd %s/ready && mv net saved && ln -s net net", ns_state_dir);
	for (size_t n = 0; n < 4; n += 3) {	/* fewer, and more */
		assert_int_equal(weir_ready_keep(w, "net", NULL, n, &err), -ELOOP);
		assert_non_null(strstr(err.msg, "ready/net"));
	}
	assert_int_equal(weir_ready_lease(w, "net", NULL, &port, &err), -ELOOP);
	ns_sh("cd %s/ready && rm net && mv saved net", ns_state_dir);
	assert_int_equal(weir_ready_keep(w, "net", NULL, 0, &err), 0);
	assert_int_equal(count_ports(), 0);
}

/* Eight processes want forty ports of thirty: each port is one's, and ten go away empty. */
static void leased_once_each(void **state)
{
	struct weir_error err = WEIR_ERROR_INIT;

	assert_int_equal(weir_ready_keep(w, "net", NULL, 30, &err), 0);
	for (int i = 0; i < 8; i++) {
		if (fork())
			continue;
		for (int k = 0; k < 5; k++) {
			struct weir_port port = { .sz = sizeof(port) };

			if (!weir_ready_lease(w, "net", NULL, &port, NULL))
				ns_sh("echo %s >>%s/leased-%d", port.name, ns_state_dir, i);
			weir_port_done(&port);
		}
		_exit(0);
	}
	while (wait(NULL) > 0)
		;
	ns_sh("cd %s && test $(cat leased-* | wc -l) = 30 && test $(sort -u leased-* | wc -l) = 30", ns_state_dir);
	assert_int_equal(weir_ready_count(w, "net"), 0);
}

/* A file that was left over does not hand out the port that now has its name. */
static void left_over(void **state)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_guest guest = tap("vnet0");
	struct weir_port port = { .sz = sizeof(port) };

	assert_int_equal(weir_ports_attach(w, "net", &guest, 1, NULL, NULL), 1);
	ns_sh("mkdir -p %s/ready/net && touch %s/ready/net/vnet0 %s/ready/net/vnet9", ns_state_dir, ns_state_dir,
	      ns_state_dir);
	assert_int_equal(weir_ready_lease(w, "net", NULL, &port, &err), -EAGAIN);
}

static void gone_with_the_network(void **state)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_port port = { .sz = sizeof(port) };

	start("other", "br-other", "10.12.0.1");
	assert_int_equal(weir_ready_keep(w, "net", NULL, 3, &err), 0);
	assert_int_equal(weir_ready_keep(w, "other", NULL, 2, &err), 0);
	stop("net");
	assert_int_equal(weir_ready_count(w, "net"), 0);
	assert_int_equal(weir_ready_count(w, "other"), 2);
	assert_int_equal(weir_ready_lease(w, "net", NULL, &port, &err), -ENOENT);
	assert_int_equal(weir_ready_keep(w, "net", NULL, 0, &err), -ENOENT);
	ns_sh("test $(ip -br link show type tun | wc -l) = 2");
}

#define test(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(all_get_ports),	test(a_uuid_is_one_ports), test(some_cannot), test(nobody_can), test(leased_and_returned),
		test(kept_number), test(ready_but_not_seen), test(leased_once_each), test(left_over), test(gone_with_the_network),
		test(a_bridge_gets_a_name), test(a_thousand_cannot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
