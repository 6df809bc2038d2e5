/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The monitor in a real kernel (lib/monitor): what it tells, in order; and that
 * it misses nothing: what is told is kept here as well, and compared with fresh
 * dumps after a receive buffer that is far too small has overflowed, while links
 * came and went in hundreds, and after changes of which the kernel does not tell.
 */
#include <libmnl/libmnl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <weir/monitor.h>
#include <weir/weir.h>

#include "ip/steps.h"
#include "link/kinds.h"
#include "tests/common/own_ns.h"
#include "txn/txn.h"

#define ALL (WEIR_MONITOR_LINKS | WEIR_MONITOR_ADDRS | WEIR_MONITOR_ROUTES)

static struct weir *w;

static int setup(void **state)
{
	if (own_ns_setup(state))
		return -1;
	return weir_open(NULL, &w, NULL);
}

static int teardown(void **state)
{
	weir_close(w);
	return own_ns_teardown(state);
}

static struct weir_monitor *listen_to(unsigned int objects, unsigned int flags)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_monitor *m = NULL;

	if (weir_monitor_open(w, objects, flags, &m, &err))
		fail_msg("%s: %s", err.object, err.msg);
	return m;
}

static int next(struct weir_monitor *m, struct weir_event *e)
{
	struct weir_error err = WEIR_ERROR_INIT;
	int r;

	e->sz = sizeof(*e);
	r = weir_monitor_next(m, e, &err);
	if (r < 0)
		fail_msg("%s: %s", err.object, err.msg);
	return r;
}

/* --- what is told ----------------------------------------------------------------------------- */

/* Looks through the events until there are no more; whether one was that. */
static bool told(struct weir_monitor *m, unsigned int object, enum weir_event_what what,
		 const char *ifname)
{
	struct weir_event e;
	bool found = false;

	while (next(m, &e))
		found |= e.object == object && e.what == what && !strcmp(e.ifname, ifname);
	return found;
}

static void changes_are_told(void **state)
{
	struct weir_monitor *m = listen_to(ALL, 0);
	struct pollfd p = { weir_monitor_fd(m), POLLIN, 0 };
	struct weir_event e;

	assert_int_equal(next(m, &e), 0);
	assert_int_equal(poll(&p, 1, 0), 0);
	own_sh("ip link add br0 type bridge");
	assert_int_equal(poll(&p, 1, 30000), 1);
	assert_true(told(m, WEIR_MONITOR_LINKS, WEIR_EVENT_NEW, "br0"));
	own_sh("ip link set br0 mtu 1400 up");
	assert_true(told(m, WEIR_MONITOR_LINKS, WEIR_EVENT_CHANGED, "br0"));
	own_sh("ip address add 10.1.1.1/24 dev br0");
	assert_true(told(m, WEIR_MONITOR_ADDRS, WEIR_EVENT_NEW, "br0"));
	own_sh("ip route add 10.2.0.0/16 via 10.1.1.2");
	assert_true(told(m, WEIR_MONITOR_ROUTES, WEIR_EVENT_NEW, "br0"));
	own_sh("ip route del 10.2.0.0/16");
	assert_true(told(m, WEIR_MONITOR_ROUTES, WEIR_EVENT_GONE, "br0"));
	own_sh("ip address del 10.1.1.1/24 dev br0");
	assert_true(told(m, WEIR_MONITOR_ADDRS, WEIR_EVENT_GONE, "br0"));
	own_sh("ip link set br0 down; ip link set br0 name br1");	/* before 6.2 only then */
	assert_true(told(m, WEIR_MONITOR_LINKS, WEIR_EVENT_CHANGED, "br1"));
	own_sh("ip link del br1");
	assert_true(told(m, WEIR_MONITOR_LINKS, WEIR_EVENT_GONE, "br1"));
	assert_int_equal(poll(&p, 1, 0), 0);
	weir_monitor_close(m);
}

static void only_what_is_asked(void **state)
{
	struct weir_monitor *m = listen_to(WEIR_MONITOR_ADDRS, 0);
	struct weir_event e;
	unsigned int n = 0;

	own_sh("ip link add br0 type bridge; ip address add 10.1.1.1/24 dev br0; ip link set br0 mtu 1400");
	for (; next(m, &e); n++)
		assert_int_equal(e.object, WEIR_MONITOR_ADDRS);
	assert_int_equal(n, 1);
	weir_monitor_close(m);
}

static void nothing_told_twice(void **state)
{
	struct weir_monitor *m = listen_to(WEIR_MONITOR_LINKS, 0);
	struct weir_event e;
	unsigned int n = 0;

	own_sh("ip link add br0 type bridge; for i in 1 2 3 4 5; do ip link set br0 mtu 1400; done");
	while (next(m, &e))
		n++;
	assert_int_equal(n, 2);
	weir_monitor_close(m);
}

/* The setting of a port is told by the bridge's own messages. */
static void ports_are_told(void **state)
{
	struct weir_monitor *m;

	own_sh("ip link add br0 type bridge; ip link add v0 type veth peer name v1; ip link set v0 master br0");
	m = listen_to(WEIR_MONITOR_LINKS, 0);
	own_sh("bridge link set dev v0 isolated on");
	assert_true(told(m, WEIR_MONITOR_LINKS, WEIR_EVENT_CHANGED, "v0"));
	weir_monitor_close(m);
}

static void what_is_refused(void **state)
{
	struct weir_monitor *m = NULL;

	assert_int_equal(weir_monitor_open(w, 0, 0, &m, NULL), -EINVAL);
	assert_int_equal(weir_monitor_open(w, 8, 0, &m, NULL), -EINVAL);
	assert_int_equal(weir_monitor_open(w, ALL, 2, &m, NULL), -EINVAL);
	assert_null(m);
	weir_monitor_close(NULL);
}

static void events_as_json(void **state)
{
	struct weir_monitor *m = listen_to(ALL, 0);
	struct weir_event e;
	json_t *json;
	char *text;

	own_sh("ip link add br0 up type bridge; ip address add fd00::1/64 dev br0 nodad");
	while (next(m, &e)) {
		assert_int_equal(weir_event_json(&e, &text), 0);
		assert_null(strchr(text, '\n'));
		json = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
		assert_non_null(json);
		assert_string_equal(json_string_value(json_object_get(json, "dev")), "br0");
		assert_non_null(json_object_get(json, json_string_value(json_object_get(json, "object"))));
		json_decref(json);
		free(text);
	}
	weir_monitor_close(m);
}

/* --- a view of what was told, and whether it is true ------------------------------------------- */

#define MOST 4096

struct told {
	struct weir_link links[MOST];
	struct weir_addr addrs[MOST];
	struct weir_route routes[MOST];
	size_t n_links, n_addrs, n_routes;
};

static bool same_link(const void *a, const void *b)
{
	return ((const struct weir_link *)a)->ifindex == ((const struct weir_link *)b)->ifindex;
}

static bool same_addr(const void *a, const void *b)
{
	const struct weir_addr *aa = a, *ab = b;

	return aa->ifindex == ab->ifindex && aa->prefix == ab->prefix &&
	       !memcmp(&aa->local, &ab->local, sizeof(aa->local));
}

static bool same_route(const void *a, const void *b)
{
	return wr_table_equal(wr_route_tables[0], a, b);
}

/* New is not known, what changed or went is known: a wrong order would be a wrong event. */
static void note(void *items, size_t *n, size_t size, bool (*same)(const void *a, const void *b),
		 const void *item, enum weir_event_what what)
{
	char *list = items;
	size_t i = 0;

	while (i < *n && !same(list + i * size, item))
		i++;
	assert_int_equal(i < *n, what != WEIR_EVENT_NEW);
	if (what == WEIR_EVENT_GONE) {
		(*n)--;
		memmove(list + i * size, list + *n * size, size);
		return;
	}
	assert_true(i < MOST);
	memcpy(list + i * size, item, size);
	*n += what == WEIR_EVENT_NEW;
}

static unsigned int follow(struct weir_monitor *m, struct told *t)
{
	unsigned int n_reread = 0;
	struct weir_event e;

	while (next(m, &e)) {
		n_reread += e.reread;
		if (e.object == WEIR_MONITOR_LINKS)
			note(t->links, &t->n_links, sizeof(e.link), same_link, &e.link, e.what);
		else if (e.object == WEIR_MONITOR_ADDRS)
			note(t->addrs, &t->n_addrs, sizeof(e.addr), same_addr, &e.addr, e.what);
		else
			note(t->routes, &t->n_routes, sizeof(e.route), same_route, &e.route, e.what);
	}
	return n_reread;
}

static bool has(const void *items, size_t n, size_t size, bool (*same)(const void *a, const void *b),
		const void *item)
{
	for (size_t i = 0; i < n; i++)
		if (same((const char *)items + i * size, item))
			return true;
	return false;
}

static bool equal_link(const void *a, const void *b)
{
	return wr_link_equal(a, b);
}

/* Whether what was told is what a fresh dump says. */
static bool is_true(const struct told *t)
{
	struct weir_link *links;
	struct weir_addr *addrs;
	struct weir_route *routes;
	size_t n_links, n_addrs, n_routes;
	bool good;

	assert_int_equal(weir_link_list(w, NULL, &links, &n_links, NULL), 0);
	assert_int_equal(weir_addr_list(w, 0, &addrs, &n_addrs, NULL), 0);
	assert_int_equal(weir_route_list(w, &routes, &n_routes, NULL), 0);
	good = n_links == t->n_links && n_addrs == t->n_addrs && n_routes == t->n_routes;
	for (size_t i = 0; i < n_links && good; i++)
		good = has(t->links, t->n_links, sizeof(*links), equal_link, &links[i]);
	for (size_t i = 0; i < n_addrs && good; i++)
		good = has(t->addrs, t->n_addrs, sizeof(*addrs), same_addr, &addrs[i]);
	for (size_t i = 0; i < n_routes && good; i++)
		good = has(t->routes, t->n_routes, sizeof(*routes), same_route, &routes[i]);
	if (!good)
		print_message("%zu links, %zu addresses, %zu routes; told were %zu, %zu, %zu\n",
			      n_links, n_addrs, n_routes, t->n_links, t->n_addrs, t->n_routes);
	free(links);
	free(addrs);
	free(routes);
	return good;
}

/* The kernel does some things later (carrier, IPv6's own routes): they have messages too. */
static void assert_true_in_the_end(struct weir_monitor *m, struct told *t)
{
	struct pollfd p = { weir_monitor_fd(m), POLLIN, 0 };

	for (int i = 0; i < 600; i++) {
		follow(m, t);
		if (is_true(t))
			return;
		poll(&p, 1, 100);
	}
	fail_msg("what was told is not what is there");
}

/* Room for a few messages only: whatever happens, most of it is lost. */
static void shrink(struct weir_monitor *m)
{
	int size = 1;

	assert_int_equal(setsockopt(weir_monitor_fd(m), SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)), 0);
}

static void lost_messages_are_made_up_for(void **state)
{
	struct weir_monitor *m = listen_to(ALL, WEIR_MONITOR_EXISTING);
	struct told *t = calloc(1, sizeof(*t));

	follow(m, t);
	assert_true(is_true(t));
	shrink(m);
	own_sh("{ for i in $(seq 100); do echo link add d$i up type bridge; "
	       "echo address add 10.9.$i.1/24 dev d$i; done; "
	       "for i in $(seq 100); do echo route add 10.10.$i.0/24 via 10.9.$i.2; done; } | ip -batch -");
	assert_true(follow(m, t) > 100);
	assert_true_in_the_end(m, t);
	assert_true(t->n_links > 100 && t->n_addrs > 100);
	own_sh("{ for i in $(seq 2 2 100); do echo link del d$i; done; "
	       "for i in $(seq 1 2 100); do echo link set d$i mtu 1400; "
	       "echo address del 10.9.$i.1/24 dev d$i; done; } | ip -batch -");
	assert_true_in_the_end(m, t);
	free(t);
	weir_monitor_close(m);
}

/* Twice lost between two looks, with more at every look: never a wrong order, and true in the end. */
/* While it is not 0: between two datagrams of a dump by this socket a link comes and goes. */
static int troubled_fd;

ssize_t recvmsg(int fd, struct msghdr *msg, int flags)
{
	ssize_t n = syscall(SYS_recvmsg, fd, msg, flags);

	if (n > 0 && fd == troubled_fd)
		own_sh("ip link add trouble type ifb && ip link del trouble");
	return n;
}

/* Dumps are given up that others keep interrupting, by changes of which nothing is to be told. */
static void what_is_left_to_read_is_not_forgotten(void **state)
{
	struct weir_monitor *m = listen_to(WEIR_MONITOR_ROUTES, 0);
	struct pollfd p = { weir_monitor_fd(m), POLLIN, 0 };
	struct weir_event e;

	shrink(m);
	own_sh("for i in $(seq 100); do echo link add x$i type ifb; done | ip -batch -");
	troubled_fd = mnl_socket_get_fd(w->sock.nl);
	assert_int_equal(next(m, &e), 0);
	troubled_fd = 0;
	assert_int_equal(poll(&p, 1, 0), 1);
	assert_int_equal(next(m, &e), 0);
	assert_int_equal(poll(&p, 1, 0), 0);
	weir_monitor_close(m);
}

static void under_constant_change(void **state)
{
	struct weir_monitor *m = listen_to(ALL, WEIR_MONITOR_EXISTING);
	struct pollfd p = { weir_monitor_fd(m), POLLIN, 0 };
	struct told *t = calloc(1, sizeof(*t));
	unsigned int looks = 0;
	int status;
	pid_t pid;

	shrink(m);
	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		execl("/bin/sh", "sh", "-c",
		      "for round in 1 2 3; do { for i in $(seq 150); do "
		      "echo link add e$i up type veth peer name f$i; "
		      "echo address add 10.7.$i.1/24 dev e$i; done; "
		      "for i in $(seq 150); do [ $((i % 5)) = $round ] || echo link del e$i; done; "
		      "} | ip -force -batch - 2>/dev/null; done; exit 0", (char *)NULL);
		_exit(1);
	}
	while (waitpid(pid, &status, WNOHANG) == 0) {
		poll(&p, 1, 20);
		follow(m, t);
		looks++;
	}
	assert_true(WIFEXITED(status));
	assert_true_in_the_end(m, t);
	print_message("looked %u times, %zu links are left\n", looks, t->n_links);
	free(t);
	weir_monitor_close(m);
}

/* --- what the kernel does not tell ---------------------------------------------------------------- */

static void silent_changes_are_told(void **state)
{
	static const char *const changes[] = {
		"ip link set a0 down",				/* its IPv4 routes go */
		"ip link set a0 up; ip route add 10.3.0.0/16 via 10.1.1.9",
		"ip address del 10.1.1.1/24 dev a0",		/* with what they were reached from */
		"ip address add 10.1.1.1/24 dev a0; ip route add 10.4.0.0/16 dev a0 metric 5",
		"ip route append 10.4.0.0/16 dev b0 metric 5",
		"ip route replace 10.4.0.0/16 via 10.1.1.3 metric 5",	/* one of two */
		"ip route change 10.4.0.0/16 via 10.1.1.4 metric 5",
		"ip link del a0",
	};
	struct told *t = calloc(1, sizeof(*t));
	struct weir_monitor *m;

	own_sh("ip link add a0 up type bridge; ip link add b0 up type bridge; ip address add 10.1.1.1/24 dev a0; "
	       "ip address add 10.1.2.1/24 dev b0; ip route add 10.2.0.0/16 via 10.1.1.9");
	m = listen_to(ALL, WEIR_MONITOR_EXISTING);
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		own_sh("%s", changes[i]);
		print_message("%s\n", changes[i]);
		assert_true_in_the_end(m, t);
	}
	free(t);
	weir_monitor_close(m);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(changes_are_told),
		TEST(only_what_is_asked),
		TEST(nothing_told_twice),
		TEST(ports_are_told),
		TEST(what_is_refused),
		TEST(events_as_json),
		TEST(lost_messages_are_made_up_for),
		TEST(what_is_left_to_read_is_not_forgotten),
		TEST(under_constant_change),
		TEST(silent_changes_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
