/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Every system call of every transaction is refused once: a file cannot be opened, a
 * question cannot be sent, an answer is lost. What cannot be learned is not taken for
 * nothing: the transaction either does all of it as if nothing had been, or says why
 * not and leaves everything as it was; what remains of one that is decided, recovery
 * does. Not refused are watches of files and access(): without them dnsmasq gets its
 * hosts and resolvers in another way, or is another of the same name.
 *
 * Steps that fail are test_faults, running out of memory is tests/unit.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <weir/link.h>

#include "lib_trace.h"

static const struct refusal {
	uint64_t nr;
	const char *name;
	int code;
} refusals[] = {
	{ SYS_openat, "openat", EMFILE },	{ SYS_read, "read", EIO },
	{ SYS_pread64, "pread", EIO },		{ SYS_getdents64, "getdents", EIO },
	{ SYS_newfstatat, "stat", ENOMEM },	{ SYS_fstat, "fstat", EIO },
	{ SYS_readlink, "readlink", EIO },
	{ SYS_socket, "socket", EMFILE },	{ SYS_sendto, "sendto", ENOBUFS },
	{ SYS_sendmsg, "sendmsg", ENOBUFS },	{ SYS_recvmsg, "recvmsg", ENOBUFS },
	{ SYS_recvfrom, "recvfrom", ENOBUFS },	{ SYS_ioctl, "ioctl", ENOMEM },
	{ SYS_getsockopt, "getsockopt", ENOBUFS }, { SYS_setsockopt, "setsockopt", ENOBUFS },
	{ SYS_pidfd_open, "pidfd_open", EMFILE }, { SYS_pipe2, "pipe", EMFILE },
	{ SYS_write, "write", ENOSPC },		{ SYS_pwrite64, "pwrite", ENOSPC },
	{ SYS_mkdir, "mkdir", ENOSPC },		{ SYS_rename, "rename", ENOSPC },
	{ SYS_ftruncate, "ftruncate", EIO },	{ SYS_fchmod, "fchmod", EPERM },
	{ SYS_unlink, "unlink", EIO },		{ SYS_clone, "clone", EAGAIN },
	{ SYS_wait4, "wait", ECHILD },
	{ SYS_setns, "setns", EPERM },		{ SYS_unshare, "unshare", EPERM },
};

/* Of ioctls those of /dev/net/tun: what the others ask of a link that is there, nothing but a wrong address can fail. */
static const struct refusal *refusal_of(const struct ptrace_syscall_info *info)
{
	uint64_t nr = info->op == PTRACE_SYSCALL_INFO_ENTRY ? info->entry.nr : 0;

	if (info->op != PTRACE_SYSCALL_INFO_ENTRY || (nr == SYS_ioctl && (info->entry.args[1] >> 8 & 0xff) != 'T'))
		return NULL;
	for (size_t i = 0; i < sizeof(refusals) / sizeof(*refusals); i++)
		if (refusals[i].nr == nr)
			return &refusals[i];
	return NULL;
}

/* At the entry of a call: it is not made, and ends with @code. */
static void refuse(pid_t pid, int code)
{
	struct ptrace_syscall_info info;
	struct user_regs_struct regs;
	int status;

	ptrace(PTRACE_GETREGS, pid, NULL, &regs);
	regs.orig_rax = (unsigned long long)-1;
	ptrace(PTRACE_SETREGS, pid, NULL, &regs);
	assert_true(trace_step(pid, &info, &status));
	ptrace(PTRACE_GETREGS, pid, NULL, &regs);
	regs.rax = (unsigned long long)-(long long)code;
	ptrace(PTRACE_SETREGS, pid, NULL, &regs);
}

/* One more trial: what became of it. */
struct trial {
	const struct scenario *s;
	unsigned int n;			/* the call that is refused */
	const struct refusal *refusal;
	int status;			/* of the process */
	char said[1024];		/* its error */
};

/* Refuses the @n-th call; false if there are not so many. */
static bool refuse_at(struct trial *t)
{
	struct ptrace_syscall_info info;
	const struct refusal *r = NULL;
	unsigned int n = 0;
	int says[2], end;
	ssize_t len;
	pid_t pid;

	assert_int_equal(pipe2(says, O_CLOEXEC), 0);
	pid = trace_start_heard(t->s, says[1]);
	close(says[1]);
	while (trace_step(pid, &info, &end)) {
		r = refusal_of(&info);
		if (r && n++ == t->n)
			break;
		r = NULL;
	}
	t->refusal = r;
	if (r) {
		refuse(pid, r->code);
		ptrace(PTRACE_DETACH, pid, NULL, NULL);
		while (trace_wait(pid, &end))
			;
	}
	t->status = end;
	len = read(says[0], t->said, sizeof(t->said) - 1);
	t->said[len > 0 ? len : 0] = '\0';
	close(says[0]);
	return r;
}

enum end { NOTHING_DONE, ALL_DONE, ALL_BUT_A_REST, WRONG };

static void recover(void)
{
	struct weir *w = ns_open();

	assert_true(weir_recover(w, NULL) >= 0);
	weir_close(w);
}

/*
 * Where libnftables gets no socket, or an answer is lost to it, it ends the process, as
 * if it had been killed. lib/nat sees to it that there is a descriptor, and lets it read
 * little.
 */
static bool is_ended_by_libnftables(const struct trial *t, int status)
{
	return (status == 3 && t->refusal->nr == SYS_socket) ||
	       (status == 1 && t->refusal->nr == SYS_recvmsg && !*t->said);
}

static enum end end_of(const struct trial *t)
{
	int status = WIFEXITED(t->status) ? WEXITSTATUS(t->status) : -1;

	if (is_ended_by_libnftables(t, status)) {
		recover();
		return NOTHING_DONE;
	}
	if (!status)
		return ALL_DONE;
	if (!*t->said || status > 2)
		return WRONG;
	if (status == 2)
		recover();
	return status == 2 ? ALL_BUT_A_REST : NOTHING_DONE;
}

/* Which end it was; says what is wrong. */
static enum end judge(const struct trial *t, const char *before, const char *after)
{
	enum end end = end_of(t);
	const char *wanted = end == NOTHING_DONE ? before : after;
	char *now;

	if (end != WRONG && ns_becomes_same(wanted, NULL))
		return end;
	fprintf(stderr, "%s: %s was refused, number %u, and it ended with status 0x%x: %s\n", t->s->name,
		t->refusal->name, t->n, (unsigned int)t->status, t->said);
	now = ns_snapshot();
	ns_show_difference(wanted, now);
	free(now);
	return WRONG;
}

static void refuse_every_call(void **state)
{
	struct trial t = { .s = *state, .n = UINT_MAX };
	const char *stride = getenv("WEIR_TEST_STRIDE");
	unsigned int step = stride && *stride ? ns_stride() : 61, ends[WRONG + 1] = { 0 };
	char *before, *after;
	enum end end;

	weir_close(scenario_ready(t.s));
	assert_false(refuse_at(&t));
	assert_int_equal(t.status, 0);
	after = ns_snapshot();
	ns_teardown(NULL);
	weir_close(scenario_ready(t.s));
	before = ns_snapshot();
	for (t.n = 0; refuse_at(&t); t.n += step) {
		end = judge(&t, before, after);
		ends[end]++;
		if (end == NOTHING_DONE)
			continue;
		free(before);
		ns_teardown(NULL);
		weir_close(scenario_ready(t.s));
		before = ns_snapshot();
	}
	print_message("%s: of some %u calls every %u. is refused: %u times nothing is done, %u times all, %u times but for "
		      "a rest\n", t.s->name, t.n, step, ends[NOTHING_DONE], ends[ALL_DONE], ends[ALL_BUT_A_REST]);
	free(before);
	free(after);
	ns_teardown(NULL);
	assert_int_equal(ends[WRONG], 0);
}

/* In the lab those that only its kernels can do: it takes its time to trace, and the others had their turn outside. */
static size_t keep_special(struct CMUnitTest *tests, size_t n)
{
	const char *share = getenv("WEIR_TEST_SHARE");
	size_t kept = 0;

	for (size_t i = 0; i < n; i++)
		if (!share || !*share || scenario_is_special(tests[i].initial_state))
			tests[kept++] = tests[i];
	return kept;
}

int main(void)
{
	struct CMUnitTest tests[64] = { { 0 } };
	size_t n = keep_special(tests, scenario_tests(tests, refuse_every_call, false, 1));

	return _cmocka_run_group_tests("every call is refused", tests, n, NULL, NULL);
}
