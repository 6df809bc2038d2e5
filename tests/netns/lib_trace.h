/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A transaction in a process of its own, stopped at each of its system calls. */
#ifndef TESTS_NETNS_LIB_TRACE_H
#define TESTS_NETNS_LIB_TRACE_H

#include <sys/ptrace.h>
#include <sys/types.h>

#include <linux/ptrace.h>

#include "lib_scenario.h"

/* Starts a process that carries @s out; it is stopped before its first call for that. */
pid_t trace_start(const struct scenario *s);
/* Runs it to its next stop at a call's entry or exit; false if it ended, which it must with 0. */
bool trace_next(pid_t pid, struct ptrace_syscall_info *info);
/* Waits for it; whether it is stopped and not gone. */
bool trace_wait(pid_t pid, int *status);

#endif
