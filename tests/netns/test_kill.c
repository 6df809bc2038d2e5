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
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <weir/link.h>

#include "lib_scenario.h"

/* --- at every system call -------------------------------------------------------------- */

/* The traced process: stops itself when everything is ready, then commits. */
static void child(const struct scenario *s)
{
	struct weir *w = ns_open();
	struct weir_txn *t;
	int r;

	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	raise(SIGSTOP);
	t = ns_begin(w);
	s->build(t);
	r = weir_txn_commit(t, NULL);
	_exit(r ? 1 : 0);
}

static bool stopped_at_call(pid_t pid, int *status)
{
	while (waitpid(pid, status, 0) < 0)
		assert_int_equal(errno, EINTR);
	return WIFSTOPPED(*status);
}

/* Kills it before its @n-th system call; returns false if it ended by itself before that. */
static bool kill_at(const struct scenario *s, unsigned int n)
{
	pid_t pid;
	int status;

	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		child(s);
	assert_true(stopped_at_call(pid, &status));
	ptrace(PTRACE_SETOPTIONS, pid, NULL, PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD);
	/* Each call stops it twice, at entry and at exit. */
	for (unsigned int stops = 0;;) {
		int deliver = WSTOPSIG(status) == (SIGTRAP | 0x80) || WSTOPSIG(status) == SIGSTOP ?
			      0 : WSTOPSIG(status);

		ptrace(PTRACE_SYSCALL, pid, NULL, deliver);
		if (!stopped_at_call(pid, &status)) {
			assert_true(WIFEXITED(status));
			assert_int_equal(WEXITSTATUS(status), 0);
			return false;
		}
		if (WSTOPSIG(status) != (SIGTRAP | 0x80) || stops++ != 2 * n)
			continue;
		kill(pid, SIGKILL);
		stopped_at_call(pid, &status);
		return true;
	}
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

struct states {
	char *before, *after;
};

/* A namespace in which the scenario's transaction can be carried out. */
static void make_ready(const struct scenario *s, struct states *st, bool learn_after)
{
	struct weir *w;
	struct weir_txn *t;

	ns_setup(NULL);
	w = ns_open();
	s->prepare(w);
	if (learn_after) {
		t = ns_begin(w);
		s->build(t);
		ns_commit(t);
		st->after = ns_snapshot();
	} else {
		st->before = ns_snapshot();
	}
	weir_close(w);
}

static void end(struct states *st)
{
	free(st->before);
	st->before = NULL;
	ns_teardown(NULL);
}

static void kill_at_every_call(void **state)
{
	const struct scenario *s = *state;
	struct states st = { NULL, NULL };
	unsigned int n = 0, undone = 0, completed = 0;

	make_ready(s, &st, true);
	end(&st);
	make_ready(s, &st, false);
	while (kill_at(s, n)) {
		recover(s, n++);
		if (ns_is_same(st.before)) {
			undone++;
			continue;
		}
		/* What it made may live only as long as it: then there is nothing to be complete. */
		if (!ns_is_same(st.after))
			fprintf(stderr, "%s: killed at call %u\n", s->name, n - 1);
		if (!s->holds_fds)
			ns_assert_same(st.after, "neither as before nor complete");
		completed++;
		end(&st);
		make_ready(s, &st, false);
	}
	print_message("%s: killed at %u calls, %u times undone, %u times complete\n", s->name, n,
		      undone, completed);
	assert_true(n > 20 && undone > 10);
	end(&st);
	free(st.after);
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

static void kill_in_the_middle(void **state)
{
	static const struct scenario many = { .name = "many links", .build = make_many };
	unsigned int seed = (unsigned int)time(NULL);
	char *before;
	int status;

	ns_setup(NULL);
	before = ns_snapshot();
	print_message("seed %u\n", seed);
	for (int i = 0; i < 8; i++) {
		struct timespec delay = { 0, 1000000 + rand_r(&seed) % 60000000 };
		pid_t pid;

		fflush(NULL);
		pid = fork();
		if (pid == 0)
			child(&many);
		assert_true(stopped_at_call(pid, &status));
		ptrace(PTRACE_DETACH, pid, NULL, NULL);
		nanosleep(&delay, NULL);
		kill(pid, SIGKILL);
		stopped_at_call(pid, &status);
		if (WIFEXITED(status)) {	/* it was faster: that is a complete transaction */
			ns_sh("ip link set many group 99; ls /sys/class/net >/dev/null;"
			      "for i in $(seq 0 %d); do ip link set m$i group 99; done;"
			      "ip link del group 99", MANY - 1);
			continue;
		}
		recover(&many, (unsigned int)i);
		ns_assert_same(before, "killed in the middle");
	}
	free(before);
	ns_teardown(NULL);
}

int main(void)
{
	struct CMUnitTest tests[32] = { { 0 } };
	size_t n = 0;

	for (; n < n_scenarios; n++)
		tests[n] = (struct CMUnitTest){ .name = scenarios[n].name,
						.test_func = kill_at_every_call,
						.initial_state = (void *)&scenarios[n] };
	tests[n++] = (struct CMUnitTest){ .name = "in the middle of a call",
					  .test_func = kill_in_the_middle };
	return _cmocka_run_group_tests("kill anywhere", tests, n, NULL, NULL);
}
