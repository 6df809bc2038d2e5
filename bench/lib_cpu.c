/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One processor for a trial and for the threads by which the kernel waits for RCU.
 * A qdisc that comes to a link that is up costs such a wait: 10 us where the thread
 * is on the trial's processor, 45 where it must be woken on an idle one. Left alone,
 * the scheduler moves it there after some 30 ms of a trial, so that a long one and a
 * short one cannot be compared.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
}

void processor_release(void)
{
	while (n_kept) {
		n_kept--;
		sched_setaffinity(kept[n_kept].pid, sizeof(kept->was), &kept[n_kept].was);
	}
}
