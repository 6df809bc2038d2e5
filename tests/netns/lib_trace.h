/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Processes that are stopped at each of their system calls: a transaction in one of its own, or a command. */
#ifndef TESTS_NETNS_LIB_TRACE_H
#define TESTS_NETNS_LIB_TRACE_H

#include <sys/ptrace.h>
#include <sys/types.h>

#include <linux/ptrace.h>

#include "lib_scenario.h"

/* Starts a process that carries @s out; it is stopped before its first call for that. */
pid_t trace_start(const struct scenario *s);
/* The same; if it fails, which ends it with 1, or leaves a rest, which ends it with 2, it writes why to @says. */
pid_t trace_start_heard(const struct scenario *s, int says);
/* Starts a command, which is stopped before its first instruction. */
pid_t trace_start_command(char *const argv[]);
/* Runs it until it forks; what it has made is stopped and traced instead of it, and it goes on by itself. */
pid_t trace_follow_child(pid_t pid);
/* Runs it to its next stop at a call's entry or exit; false if it ended, with *ret_status. */
bool trace_step(pid_t pid, struct ptrace_syscall_info *info, int *ret_status);
/* The same for who must end with 0. */
bool trace_next(pid_t pid, struct ptrace_syscall_info *info);

/* Moments at which a kill may leave something else than one before: between two calls that change something. */
struct trace_moments {
	unsigned int n;			/* how many there were */
	bool changes_nothing;		/* the call before */
	bool reading[1024];		/* descriptors of files opened for reading */
	bool begins_again;		/* the kernel is about to do the same call once more */
	struct ptrace_syscall_info call;
};

/* Whether the stop is such a moment: the entry of a call. */
bool trace_is_moment(struct trace_moments *m, const struct ptrace_syscall_info *info);
void trace_kill(pid_t pid);
/* Waits for it; whether it is stopped and not gone. */
bool trace_wait(pid_t pid, int *status);

#endif
