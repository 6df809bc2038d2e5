/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tracer: see lib_trace.h. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib_trace.h"

/*
 * The traced process: stops itself, then opens a handle, builds and commits. Ends with 1 and says why if one fails,
 * with 2 if a rest is left.
 */
static void child(const struct scenario *s, int says)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir *w = NULL;
	struct weir_txn *t;
	char line[1024];
	int r;

	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	raise(SIGSTOP);
	r = ns_try_open(&w, &err);
	if (!r)
		r = weir_txn_begin(w, "test", 0, &t, &err);
	if (!r) {
		s->build(t);
		r = weir_txn_commit(t, &err);
	}
	weir_close(w);
	weir_error_format(&err, line, sizeof(line));
	if (r && write(says, line, strlen(line)) < 0)
		_exit(3);
	_exit(r < 0 ? 1 : r > 0 ? 2 : 0);
}

bool trace_wait(pid_t pid, int *status)
{
	while (waitpid(pid, status, 0) < 0)
		assert_int_equal(errno, EINTR);
	return WIFSTOPPED(*status);
}

bool trace_step(pid_t pid, struct ptrace_syscall_info *info, int *ret_status)
{
	int deliver = 0;

	for (;;) {
		ptrace(PTRACE_SYSCALL, pid, NULL, deliver);
		if (!trace_wait(pid, ret_status))
			return false;
		deliver = WSTOPSIG(*ret_status);
		if (deliver != (SIGTRAP | 0x80))
			continue;
		memset(info, 0, sizeof(*info));	/* valgrind does not know that it is filled in */
		ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(*info), info);
		return true;
	}
}

bool trace_next(pid_t pid, struct ptrace_syscall_info *info)
{
	int status;

	if (trace_step(pid, info, &status))
		return true;
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	return false;
}

void trace_kill(pid_t pid)
{
	int status;

	kill(pid, SIGKILL);
	trace_wait(pid, &status);
}

/* --- moments ---------------------------------------------------------------------------- */

/*
 * Calls that change nothing anybody else could see: a kill after one finds what a
 * kill before it found, so it is not tried again. Files opened for reading are
 * followed, so that their closing counts as such a call too.
 */
static bool changes_nothing(const struct ptrace_syscall_info *call, const bool reading[1024])
{
	static const uint64_t harmless[] = {
		SYS_read, SYS_pread64, SYS_fstat, SYS_newfstatat, SYS_lseek, SYS_mmap, SYS_munmap,
		SYS_mprotect, SYS_brk, SYS_access, SYS_getpid, SYS_gettid, SYS_getuid, SYS_geteuid,
		SYS_clock_gettime, SYS_getrandom, SYS_getdents64, SYS_socket, SYS_bind,
		SYS_setsockopt, SYS_getsockopt, SYS_getsockname, SYS_poll, SYS_rt_sigprocmask,
		SYS_rt_sigaction, SYS_fcntl, SYS_pipe2, SYS_recvmsg, SYS_pidfd_open, SYS_pidfd_getfd, SYS_wait4,
		SYS_readlink, SYS_sysinfo, SYS_futex, SYS_prlimit64, SYS_mremap, SYS_madvise,
	};

	for (size_t i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++)
		if (call->entry.nr == harmless[i])
			return call->entry.nr != SYS_fcntl || call->entry.args[1] != F_OFD_SETLK;
	if (call->entry.nr == SYS_openat)
		return (call->entry.args[2] & (O_ACCMODE | O_CREAT)) == O_RDONLY;
	return call->entry.nr == SYS_close && call->entry.args[0] < 1024 &&
	       reading[call->entry.args[0]];
}

static bool opens(const struct ptrace_syscall_info *call)
{
	return call->entry.nr == SYS_openat || call->entry.nr == SYS_pidfd_getfd;
}

/*
 * What no program sees and a tracer does: a write to a sysctl of the network that finds
 * the kernel's lock taken has done nothing and is begun again, thousands of times while
 * somebody else on the machine has it. How many moments there are must not depend on it. The errnos
 * are ERESTARTSYS to ERESTART_RESTARTBLOCK, which no header has.
 */
static bool is_restart(const struct ptrace_syscall_info *info)
{
	return info->op == PTRACE_SYSCALL_INFO_EXIT && info->exit.rval <= -512 && info->exit.rval >= -516;
}

bool trace_is_moment(struct trace_moments *m, const struct ptrace_syscall_info *info)
{
	bool is_moment = !m->changes_nothing && !m->begins_again;

	if (info->op == PTRACE_SYSCALL_INFO_EXIT && opens(&m->call) && info->exit.rval >= 0 &&
	    info->exit.rval < 1024)
		m->reading[info->exit.rval] = m->changes_nothing;
	m->begins_again = is_restart(info);
	if (info->op != PTRACE_SYSCALL_INFO_ENTRY)
		return false;
	m->call = *info;
	m->changes_nothing = changes_nothing(&m->call, m->reading);
	m->n += is_moment;
	return is_moment;
}

/* --- starting --------------------------------------------------------------------------- */

pid_t trace_start_heard(const struct scenario *s, int says)
{
	pid_t pid;
	int status;

	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		child(s, says);
	assert_true(trace_wait(pid, &status));
	ptrace(PTRACE_SETOPTIONS, pid, NULL, PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD);
	return pid;
}

pid_t trace_start(const struct scenario *s)
{
	return trace_start_heard(s, STDERR_FILENO);
}

pid_t trace_start_command(char *const argv[])
{
	pid_t pid;
	int status;

	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		int null = open("/dev/null", O_RDWR);

		for (int fd = 0; fd <= 2; fd++)
			dup2(null, fd);
		/* Nobody can look for leaks in a process that is traced. */
		setenv("ASAN_OPTIONS", "detect_leaks=0", 1);
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		execv(argv[0], argv);
		_exit(127);
	}
	assert_true(trace_wait(pid, &status));
	ptrace(PTRACE_SETOPTIONS, pid, NULL,
	       PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC);
	ptrace(PTRACE_CONT, pid, NULL, 0);
	assert_true(trace_wait(pid, &status));
	assert_int_equal(status >> 8, SIGTRAP | PTRACE_EVENT_EXEC << 8);
	return pid;
}

pid_t trace_follow_child(pid_t pid)
{
	unsigned long child = 0;
	int status;

	ptrace(PTRACE_SETOPTIONS, pid, NULL, PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK);
	ptrace(PTRACE_CONT, pid, NULL, 0);
	assert_true(trace_wait(pid, &status));
	assert_int_equal(status >> 8, SIGTRAP | PTRACE_EVENT_FORK << 8);
	ptrace(PTRACE_GETEVENTMSG, pid, NULL, &child);
	ptrace(PTRACE_DETACH, pid, NULL, 0);
	assert_true(trace_wait((pid_t)child, &status));
	return (pid_t)child;
}
