/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One processor for a trial and for the threads by which the kernel waits for RCU.
 * A qdisc that comes to a link that is up costs such a wait: 10 us where the thread
 * is on the trial's processor, 45 where it must be woken on an idle one. Left alone,
 * the scheduler moves it there after some 30 ms of a trial, so that a long one and a
 * short one cannot be compared.
 *
 * A process beside the bench sees by a pipe when that ends, killed or not, and puts the
 * kernel's threads back: nobody else ever would.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib_bench.h"

#define N_KEPT 32

static struct {
	pid_t pid;
	cpu_set_t was;
} kept[N_KEPT];
static size_t n_kept;

static bool is_rcu(const char *pid)
{
	char path[300], name[32] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%s/comm", pid);
	f = fopen(path, "re");
	if (!f)
		return false;
	if (!fgets(name, sizeof(name), f))
		*name = '\0';
	fclose(f);
	return !strncmp(name, "rcu_exp", 7);
}

/* What may not be moved stays where it is. */
static void move(pid_t pid, const cpu_set_t *to)
{
	if (n_kept == N_KEPT || sched_getaffinity(pid, sizeof(kept->was), &kept[n_kept].was) < 0)
		return;
	kept[n_kept].pid = pid;
	if (!sched_setaffinity(pid, sizeof(*to), to))
		n_kept++;
}

/* Out of reach of the terminal, and nobody's output waits for it. */
static void outlive(int bench)
{
	char c;

	setsid();
	for (int fd = 0; fd < 1024; fd++)
		if (fd != bench)
			close(fd);
	while (read(bench, &c, 1) < 0 && errno == EINTR)
		;
	for (size_t i = 0; i < n_kept; i++)
		if (kept[i].pid)
			sched_setaffinity(kept[i].pid, sizeof(kept->was), &kept[i].was);
	_exit(0);
}

/* Once for all trials. It is the child of a child, so that whoever waits for a trial does not find it. */
static void watch(void)
{
	static bool is_watched;
	int ends[2];
	pid_t pid;

	if (is_watched || pipe2(ends, O_CLOEXEC) < 0)
		return;
	is_watched = true;
	pid = fork();
	if (pid == 0 && fork() == 0) {
		close(ends[1]);
		outlive(ends[0]);
	}
	if (pid == 0)
		_exit(0);
	close(ends[0]);
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

void processor_bind(void)
{
	DIR *dir = opendir("/proc");
	cpu_set_t to;

	CPU_ZERO(&to);
	CPU_SET((size_t)sched_getcpu(), &to);
	move(0, &to);
	for (struct dirent *e; dir && (e = readdir(dir));)
		if (strspn(e->d_name, "0123456789") == strlen(e->d_name) && is_rcu(e->d_name))
			move((pid_t)strtol(e->d_name, NULL, 10), &to);
	if (dir)
		closedir(dir);
	watch();
}

void processor_release(void)
{
	while (n_kept) {
		n_kept--;
		sched_setaffinity(kept[n_kept].pid, sizeof(kept->was), &kept[n_kept].was);
	}
}
