/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Network namespaces of a test's own: see own_ns.h. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "own_ns.h"

#define MAX_BESIDE 8

static pid_t beside[MAX_BESIDE];
static size_t n_beside;

/* --- commands ------------------------------------------------------------------------------ */

static __attribute__((format(printf, 1, 0))) char *format(const char *fmt, va_list ap)
{
	char *text = NULL;

	assert_true(vasprintf(&text, fmt, ap) >= 0);
	return text;
}

void own_sh(const char *fmt, ...)
{
	va_list ap;
	char *command;
	int r;

	va_start(ap, fmt);
	command = format(fmt, ap);
	va_end(ap);
	fflush(NULL);
	r = system(command);
	if (r)
		fail_msg("exit %d: %s", r, command);
	free(command);
}

bool own_try(const char *fmt, ...)
{
	va_list ap;
	char *command, *quiet = NULL;
	int r;

	va_start(ap, fmt);
	command = format(fmt, ap);
	va_end(ap);
	assert_true(asprintf(&quiet, "{ %s\n} >/dev/null 2>&1", command) > 0);
	fflush(NULL);
	r = system(quiet);
	free(command);
	free(quiet);
	return r == 0;
}

static char *read_all(FILE *f)
{
	char *text = NULL, buf[4096];
	size_t len = 0, n;

	do {
		n = fread(buf, 1, sizeof(buf), f);
		text = realloc(text, len + n + 1);
		assert_non_null(text);
		memcpy(text + len, buf, n);
		len += n;
	} while (n);
	text[len] = '\0';
	return text;
}

static char *output_of(const char *command)
{
	FILE *f = popen(command, "re");
	char *text;

	assert_non_null(f);
	text = read_all(f);
	if (pclose(f))
		fail_msg("failed: %s", command);
	return text;
}

char *own_text(const char *fmt, ...)
{
	char *command, *text;
	va_list ap;

	va_start(ap, fmt);
	command = format(fmt, ap);
	va_end(ap);
	text = output_of(command);
	free(command);
	return text;
}

json_t *own_json(const char *fmt, ...)
{
	char *command, *text;
	json_error_t err;
	va_list ap;
	json_t *j;

	va_start(ap, fmt);
	command = format(fmt, ap);
	va_end(ap);
	text = output_of(command);
	j = json_loads(*text ? text : "[]", JSON_DECODE_ANY, &err);
	if (!j)
		fail_msg("%s: line %d: %s: %s", command, err.line, err.text, text);
	free(command);
	free(text);
	return j;
}

void own_skip(const char *why)
{
	printf("SKIP: %s\n", why);
	fflush(stdout);
	skip();
}

bool own_can_tap(void)
{
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* --- namespaces ------------------------------------------------------------------------------- */

static ino_t namespace_of(const char *path)
{
	struct stat st;

	return stat(path, &st) < 0 ? 0 : st.st_ino;
}

static int write_map(const char *file, unsigned int id)
{
	FILE *f = fopen(file, "we");
	int r;

	if (!f)
		return -1;
	r = fprintf(f, "0 %u 1", id);
	return fclose(f) || r < 0 ? -1 : 0;
}

/* Without privileges: namespaces belong to a user namespace in which we are root. */
static int become_root(void)
{
	unsigned int uid = geteuid(), gid = getegid();
	int fd;

	if (unshare(CLONE_NEWUSER) < 0)
		return -1;
	fd = open("/proc/self/setgroups", O_WRONLY | O_CLOEXEC);
	if (fd >= 0) {
		if (write(fd, "deny", 4) != 4)
			perror("setgroups");
		close(fd);
	}
	return write_map("/proc/self/uid_map", uid) || write_map("/proc/self/gid_map", gid) ? -1 : 0;
}

int own_ns_setup(void **state)
{
	ino_t before = namespace_of("/proc/self/ns/net");

	if (unshare(CLONE_NEWNET) < 0 && (errno != EPERM || become_root() || unshare(CLONE_NEWNET) < 0)) {
		perror("a network namespace");
		return -1;
	}
	if (namespace_of("/proc/self/ns/net") == before)
		return -1;
	/* It begins with the first one's settings of IPv4, and a host of guests forwards. */
	own_sh("ip link set lo up; echo 0 >/proc/sys/net/ipv4/ip_forward");
	return 0;
}

int own_ns_teardown(void **state)
{
	for (size_t i = 0; i < n_beside; i++) {
		kill(beside[i], SIGKILL);
		waitpid(beside[i], NULL, 0);
	}
	n_beside = 0;
	return 0;
}

static void sleep_in_namespace(int ready)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (unshare(CLONE_NEWNET) < 0 || write(ready, "x", 1) != 1)
		_exit(1);
	for (;;)
		pause();
}

pid_t own_ns_beside(char path[64])
{
	int ready[2];
	pid_t pid;
	char c;

	assert_true(n_beside < MAX_BESIDE);
	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid)
		sleep_in_namespace(ready[1]);
	close(ready[1]);
	beside[n_beside++] = pid;
	assert_int_equal(read(ready[0], &c, 1), 1);
	close(ready[0]);
	snprintf(path, 64, "/proc/%d/ns/net", pid);
	return pid;
}

void own_ns_run(const char *path, int (*fn)(void *arg), void *arg)
{
	int status, fd;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		fd = open(path, O_RDONLY | O_CLOEXEC);
		_exit(fd < 0 || setns(fd, CLONE_NEWNET) < 0 ? 99 : fn(arg) ? 1 : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}
