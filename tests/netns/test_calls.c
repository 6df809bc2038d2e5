/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a transaction costs, counted in system calls by a tracer and not in time:
 * sends on rtnetlink sockets, whatever the number of attributes, addresses and
 * qdiscs. The library's own counters must agree.
 */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/netlink.h>

#include "lib_trace.h"

struct calls {
	unsigned int sends;	/* on NETLINK_ROUTE sockets */
	unsigned int filter_sends;	/* on those of nftables */
	unsigned int programs;	/* started */
	unsigned int walks;	/* through all processes */
	unsigned int all;
};

/* The protocol of a netlink socket of the process, looked at through a copy of it; -1: it is something else. */
static int netlink_protocol(pid_t pid, uint64_t fd)
{
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	int copy = (int)syscall(SYS_pidfd_getfd, pidfd, (int)fd, 0);
	int domain = 0, protocol = -1;
	socklen_t len = sizeof(int);

	if (copy >= 0) {
		getsockopt(copy, SOL_SOCKET, SO_DOMAIN, &domain, &len);
		getsockopt(copy, SOL_SOCKET, SO_PROTOCOL, &protocol, &len);
		close(copy);
	}
	close(pidfd);
	return domain == AF_NETLINK ? protocol : -1;
}

/* A new process, and not a thread that enters another namespace. */
static bool is_new_process(pid_t pid, const struct ptrace_syscall_info *call)
{
	unsigned long flags = call->entry.args[0];

	if (call->entry.nr == SYS_vfork || call->entry.nr == SYS_fork)
		return true;
	if (call->entry.nr == SYS_clone3)
		flags = (unsigned long)ptrace(PTRACE_PEEKDATA, pid, call->entry.args[0], NULL);
	return (call->entry.nr == SYS_clone || call->entry.nr == SYS_clone3) && !(flags & CLONE_THREAD);
}

/* Of the folder itself, and not of something below it. */
static bool is_walk(pid_t pid, const struct ptrace_syscall_info *call)
{
	long path = call->entry.nr == SYS_openat ? ptrace(PTRACE_PEEKDATA, pid, call->entry.args[1], NULL) : 0;

	return !memcmp(&path, "/proc", sizeof("/proc"));
}

static struct calls count_calls(const struct scenario *s)
{
	struct ptrace_syscall_info call;
	struct calls n = { 0 };
	pid_t pid = trace_start(s);

	while (trace_next(pid, &call)) {
		int protocol = -1;

		if (call.op != PTRACE_SYSCALL_INFO_ENTRY)
			continue;
		if (call.entry.nr == SYS_sendto || call.entry.nr == SYS_sendmsg)
			protocol = netlink_protocol(pid, call.entry.args[0]);
		n.all++;
		n.programs += is_new_process(pid, &call);
		n.walks += is_walk(pid, &call);
		n.sends += protocol == NETLINK_ROUTE;
		n.filter_sends += protocol == NETLINK_NETFILTER;
	}
	return n;
}

static const struct {
	const char *scenario;
	unsigned int sends;
	unsigned int programs;
	unsigned int walks;
} limits[] = {
	{ "start a nat network", 4, 1, 0 },
	{ "start an isolated network beside", 3, 0, 0 },
	{ "attach a tap", 2, 0, 0 },
	{ "attach a tap with queues", 2, 0, 0 },
	{ "attach a veth", 3, 0, 0 },
	{ "detach a tap", 3, 0, 0 },
	{ "stop with ports", 3, 0, 0 },
	{ "reload hosts", 0, 0, 0 },
	{ "update a host", 0, 0, 0 },
	{ "attach a macvtap", 3, 0, 0 },
	{ "bring a host interface up", 10, 0, 0 },
	{ "take a host interface down", 11, 0, 0 },
};

static const struct scenario *find(const char *name)
{
	for (size_t i = 0; i < n_scenarios; i++)
		if (!strcmp(scenarios[i].name, name))
			return &scenarios[i];
	fail_msg("no scenario %s", name);
	return NULL;
}

static void costs_no_more(void **state)
{
	size_t i = *(const size_t *)*state;
	const struct scenario *s = find(limits[i].scenario);
	struct weir *w;
	struct calls n;

	ns_setup(NULL);
	w = ns_open();
	s->prepare(w);
	weir_close(w);
	n = count_calls(s);
	print_message("%s: %u rtnetlink sends, %u programs, %u walks, %u system calls\n", s->name,
		      n.sends, n.programs, n.walks, n.all);
	assert_in_range(n.sends, 0, limits[i].sends);
	assert_int_equal(n.programs, limits[i].programs);
	assert_in_range(n.walks, 0, limits[i].walks);
	ns_teardown(NULL);
}

/*
 * A host that is added is dnsmasq's affair: neither the packet filter, which holds the elements of all networks, nor the
 * records of other networks are looked at.
 */
static void a_host_among_many(void **state)
{
	const struct scenario *s = find("update a host");
	struct calls n[2];

	for (int i = 0; i < 2; i++) {
		struct weir_txn *t;
		struct weir *w;

		ns_setup(NULL);
		w = ns_open();
		s->prepare(w);
		if (i) {
			t = ns_begin(w);
			find("start an isolated network beside")->build(t);
			ns_commit(t);
		}
		weir_close(w);
		n[i] = count_calls(s);
		ns_teardown(NULL);
	}
	print_message("%u system calls, %u beside another network\n", n[0].all, n[1].all);
	assert_int_equal(n[0].filter_sends, 0);
	assert_int_equal(n[0].all, n[1].all);
}

/* The same numbers from the library itself. */
static void counters_agree(void **state)
{
	const struct scenario *s = find("attach a tap");
	struct weir_counters before = { .sz = sizeof(before) }, after = { .sz = sizeof(after) };
	struct weir_txn *t;
	struct weir *w;

	ns_setup(NULL);
	w = ns_open();
	s->prepare(w);
	weir_get_counters(w, &before);
	t = ns_begin(w);
	s->build(t);
	ns_commit(t);
	weir_get_counters(w, &after);
	assert_in_range(after.n_sends - before.n_sends, 1, 2);
	assert_true(after.n_messages - before.n_messages > 5);
	weir_close(w);
	ns_teardown(NULL);
}

int main(void)
{
	static size_t index[sizeof(limits) / sizeof(limits[0])];
	struct CMUnitTest tests[sizeof(limits) / sizeof(limits[0]) + 2];
	size_t n = 0;

	for (; n < sizeof(limits) / sizeof(limits[0]); n++) {
		index[n] = n;
		tests[n] = (struct CMUnitTest){ .name = limits[n].scenario,
						.test_func = costs_no_more,
						.initial_state = &index[n] };
	}
	tests[n++] = (struct CMUnitTest){ .name = "a host among many", .test_func = a_host_among_many };
	tests[n++] = (struct CMUnitTest){ .name = "counters agree", .test_func = counters_agree };
	return _cmocka_run_group_tests("system calls", tests, n, NULL, NULL);
}
