/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * System calls, programs and memory of one trial, by following it and all that it
 * starts with ptrace(). It makes everything slow, so it is a trial of its own whose
 * times nobody sees. A program's peak is what its memory has come to when it ends:
 * getrusage() would say the largest of the program and of the one that started it.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib_bench.h"

#define OPTIONS (PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | \
		 PTRACE_O_TRACEEXEC | PTRACE_O_TRACEEXIT | PTRACE_O_EXITKILL)

void trace_me(void)
{
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
		_exit(1);
	raise(SIGSTOP);
}

/* A line of /proc/PID/status, in KB; 0: it has none. */
static uint64_t status_kb(pid_t pid, const char *key)
{
	char path[64], line[128];
	unsigned long long kb = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, key, strlen(key)))
			kb = strtoull(line + strlen(key), NULL, 10);
	if (f)
		fclose(f);
	return kb;
}

/* Each call stops twice; what is counted is its beginning. */
static void note_call(pid_t pid, struct result *r)
{
	struct __ptrace_syscall_info info;

	if (r->is_timed && ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) > 0 &&
	    info.op == PTRACE_SYSCALL_INFO_ENTRY)
		r->n_calls++;
}

/* The trial itself starts no program in its own process, so what ends here after exec() is one that it ran. */
static void note_event(pid_t pid, int event, pid_t *programs, struct result *r)
{
	if (event == PTRACE_EVENT_EXEC && r->is_timed) {
		programs[r->n_execs++ % MAX_PROGRAMS] = pid;
	} else if (event == PTRACE_EVENT_EXIT) {
		uint64_t kb = status_kb(pid, "VmHWM:");

		for (size_t i = 0; i < MAX_PROGRAMS; i++)
			if (programs[i] == pid && kb > r->program_kb)
				r->program_kb = kb;
	}
}

/* What is to be done about a stop; the signal that the process is to get. */
static int note(pid_t pid, int status, pid_t *programs, struct result *r)
{
	int sig = WSTOPSIG(status);

	if (sig == (SIGTRAP | 0x80))
		note_call(pid, r);
	else if (status >> 16)
		note_event(pid, status >> 16, programs, r);
	else if (sig != SIGSTOP && sig != SIGTRAP)
		return sig;
	return 0;
}

void trace(pid_t child, struct result *r)
{
	pid_t programs[MAX_PROGRAMS] = { 0 }, pid;
	int status;

	if (waitpid(child, &status, 0) < 0 || !WIFSTOPPED(status))
		return;
	ptrace(PTRACE_SETOPTIONS, child, NULL, (void *)(uintptr_t)OPTIONS);
	ptrace(PTRACE_SYSCALL, child, NULL, NULL);
	while ((pid = waitpid(-1, &status, __WALL)) > 0 || errno == EINTR) {
		if (pid > 0 && WIFSTOPPED(status))
			ptrace(PTRACE_SYSCALL, pid, NULL, (void *)(uintptr_t)note(pid, status, programs, r));
		else if (pid == child)
			return;
	}
}
