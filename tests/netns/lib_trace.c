/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tracer: see lib_trace.h. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib_trace.h"

/* The traced process: stops itself, then opens a handle, builds and commits. */
static void child(const struct scenario *s)
{
	struct weir *w;
	struct weir_txn *t;
	int r;

	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	raise(SIGSTOP);
	w = ns_open();
	t = ns_begin(w);
	s->build(t);
	r = weir_txn_commit(t, NULL);
	weir_close(w);
	_exit(r ? 1 : 0);
}

bool trace_wait(pid_t pid, int *status)
{
	while (waitpid(pid, status, 0) < 0)
		assert_int_equal(errno, EINTR);
	return WIFSTOPPED(*status);
}

/* Runs it to its next stop at a system call; false if it ended by itself. */
bool trace_next(pid_t pid, struct ptrace_syscall_info *info)
{
	int status, deliver = 0;

	for (;;) {
		ptrace(PTRACE_SYSCALL, pid, NULL, deliver);
		if (!trace_wait(pid, &status)) {
			assert_true(WIFEXITED(status));
			assert_int_equal(WEXITSTATUS(status), 0);
			return false;
		}
		deliver = WSTOPSIG(status);
		if (deliver != (SIGTRAP | 0x80))
			continue;
		memset(info, 0, sizeof(*info));	/* valgrind does not know that it is filled in */
		ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(*info), info);
		return true;
	}
}

/* Starts it and runs it to the entry of its first call after it has stopped itself. */
pid_t trace_start(const struct scenario *s)
{
	pid_t pid;
	int status;

	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		child(s);
	assert_true(trace_wait(pid, &status));
	ptrace(PTRACE_SETOPTIONS, pid, NULL, PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD);
	return pid;
}

