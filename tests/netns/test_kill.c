/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The process is killed at every system call of every transaction. A tracer stops
 * it before each call in turn and kills it there: what the call before has done
 * is done, what the next would do is not. The next user of the state directory
 * finds everything as before or the transaction complete, and no journal.
 *
 * A kill in the middle of a call is a matter of chance: another test kills at
 * random moments while one sendmsg() makes many links.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <linux/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <weir/link.h>

#include "lib_trace.h"

/* --- at every system call -------------------------------------------------------------- */

/* Kills it before its @n-th system call; false if it ended by itself before that. */
static bool kill_at(const struct scenario *s, unsigned int n)
{
	struct trace_moments moments = { .n = 0 };
	struct ptrace_syscall_info info;
	pid_t pid = trace_start(s);

	while (trace_next(pid, &info))
		if (trace_is_moment(&moments, &info) && moments.n > n) {
			trace_kill(pid);
			return true;
		}
	return false;
}

/* Lets it come to its end; returns how many moments it has. */
static unsigned int kill_never(const struct scenario *s)
{
	struct trace_moments moments = { .n = 0 };
	struct ptrace_syscall_info info;
	pid_t pid = trace_start(s);

	while (trace_next(pid, &info))
		trace_is_moment(&moments, &info);
	return moments.n;
}

static void recover(const struct scenario *s, unsigned int n)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir *w = ns_open();
	char line[1024];
	int r = weir_recover(w, &err);

	if (r < 0)
		fprintf(stderr, "%s: killed at call %u: recovery: %s\n", s->name, n,
			weir_error_format(&err, line, sizeof(line)));
	assert_true(r >= 0);
	assert_int_equal(weir_recover(w, &err), 0);
	weir_close(w);
}

/* Undone or complete; says what differs from both if it is neither. */
static bool is_undone(const struct scenario *s, unsigned int n, const char *before, const char *after)
{
	int which = ns_becomes_same(before, after);
	char *now;

	if (which)
		return which == 1;
	now = ns_snapshot();
	fprintf(stderr, "%s: killed at moment %u: what is not as before:\n", s->name, n);
	ns_show_difference(before, now);
	fprintf(stderr, "what is not complete:\n");
	ns_show_difference(after, now);
	free(now);
	fail_msg("killed at moment %u: neither as before nor complete", n);
	return false;
}

/* Where not every moment has its turn, one in the middle has: at the first nothing is done yet. */
static void kill_at_every_call(void **state)
{
	const struct scenario *s = *state;
	unsigned int step = scenario_stride(s), undone = 0, completed = 0, total;
	char *before, *after;

	weir_close(scenario_ready(s));
	total = kill_never(s);
	after = ns_snapshot();
	ns_teardown(NULL);
	weir_close(scenario_ready(s));
	before = ns_snapshot();
	for (unsigned int n = total / 2 % step; n < total && kill_at(s, n); n += step) {
		recover(s, n);
		if (is_undone(s, n, before, after)) {
			undone++;
			continue;
		}
		completed++;
		free(before);
		ns_teardown(NULL);
		weir_close(scenario_ready(s));
		before = ns_snapshot();
	}
	print_message("%s: killed at %u of %u moments, %u times undone, %u times complete\n",
		      s->name, undone + completed, total, undone, completed);
	assert_true(total > 8 && undone + completed > 0);
	free(before);
	free(after);
	ns_teardown(NULL);
}

/* --- in the middle of one -------------------------------------------------------------------- */

#define MANY 200

static void make_many(struct weir_txn *t)
{
	struct weir_link br = { .sz = sizeof(br), .kind = WEIR_LINK_BRIDGE, .has = WEIR_LINK_NAME,
				.name = "many" };
	int bridge = weir_txn_link_add(t, &br);

	for (int i = 0; i < MANY; i++) {
		struct weir_link l = {
			.sz = sizeof(l), .kind = WEIR_LINK_VETH, .master = (uint32_t)bridge,
			.has = WEIR_LINK_NAME | WEIR_LINK_MASTER,
			.veth = { .has = WEIR_VETH_PEER_NAME },
		};

		snprintf(l.name, sizeof(l.name), "m%d", i);
		snprintf(l.veth.peer_name, sizeof(l.veth.peer_name), "p%d", i);
		weir_txn_link_add(t, &l);
	}
}

static unsigned int count_many(void)
{
	char *out = ns_out("ls /proc/sys/net/ipv4/conf | grep -cx 'many\\|[mp][0-9]*'");
	unsigned int n = (unsigned int)strtoul(out, NULL, 10);

	free(out);
	return n;
}

/* All of it is there: killed behind its end. Away with it, for the next one. */
static void delete_many(void)
{
	assert_int_equal(count_many(), 1 + 2 * MANY);
	ns_sh("{ for l in many $(seq -f m%%.0f 0 %d); do echo link set $l group 99; done; echo link del group 99; } | ip -batch -",
	      MANY - 1);
}

/* How long it takes where nobody kills it, so that kills come in its middle on a slow machine too. */
static uint64_t time_many(const struct scenario *many)
{
	struct timespec began, ended;
	pid_t pid = trace_start(many);
	int status;

	clock_gettime(CLOCK_MONOTONIC, &began);
	ptrace(PTRACE_DETACH, pid, NULL, NULL);
	trace_wait(pid, &status);
	clock_gettime(CLOCK_MONOTONIC, &ended);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	delete_many();
	return (uint64_t)(ended.tv_sec - began.tv_sec) * 1000000000 + (uint64_t)(ended.tv_nsec - began.tv_nsec);
}

/* It may be killed as late as between its end and the process's: then all of it is there. */
static void kill_in_the_middle(void **state)
{
	static const struct scenario many = { .name = "many links", .build = make_many };
	unsigned int seed = (unsigned int)time(NULL), undone = 0, completed = 0;
	uint64_t whole;
	char *before;
	int status;

	ns_setup(NULL);
	before = ns_snapshot();
	whole = time_many(&many);
	print_message("seed %u\n", seed);
	for (unsigned int i = 0; i < 8; i++) {
		uint64_t ns = whole / 1000 * ((unsigned int)rand_r(&seed) % 1000);
		struct timespec delay = { (time_t)(ns / 1000000000), (long)(ns % 1000000000) };
		pid_t pid = trace_start(&many);

		ptrace(PTRACE_DETACH, pid, NULL, NULL);
		nanosleep(&delay, NULL);
		kill(pid, SIGKILL);
		trace_wait(pid, &status);
		recover(&many, i);
		if (count_many()) {
			delete_many();
			completed++;
		} else {
			undone++;
		}
		ns_assert_same(before, "killed in the middle");
	}
	print_message("%u times undone, %u times complete, of %u ms\n", undone, completed, (unsigned int)(whole / 1000000));
	free(before);
	ns_teardown(NULL);
}

int main(void)
{
	struct CMUnitTest tests[64] = { { 0 } };
	size_t n = scenario_tests(tests, kill_at_every_call, false, 1);

	tests[n++] = (struct CMUnitTest){ .name = "in the middle of a call",
					  .test_func = kill_in_the_middle };
	return _cmocka_run_group_tests("kill anywhere", tests, n, NULL, NULL);
}
