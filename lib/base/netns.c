/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The kernel takes a socket's, a tap's, a sysctl's and a child's namespace from
 * the thread that makes it. A thread of its own enters the wanted namespace,
 * does the one thing and ends, so that no thread of the caller ever moves.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/netns.h"

#ifndef SO_NETNS_COOKIE	/* musl */
#define SO_NETNS_COOKIE 71
#endif

struct visit {
	int fd;
	int (*fn)(void *arg);
	void *arg;
	int ret;
};

int wr_netns_open(const char *name, struct weir_error *err)
{
	char path[4096];
	int fd;

	if (strchr(name, '/'))
		wr_copy(path, sizeof(path), name);
	else
		wr_format(path, sizeof(path), "/run/netns/%s", name);
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);	/* a FIFO is none, and waits for a writer */
	if (fd < 0)
		return wr_syserr(err, -errno, "network namespace", "%s", path);
	return fd;
}

int wr_netns_id(int fd, uint64_t *ret)
{
	struct stat st;
	int r = fd < 0 ? stat("/proc/thread-self/ns/net", &st) : fstat(fd, &st);

	if (r < 0)
		return -errno;
	*ret = st.st_ino;
	return 0;
}

uint64_t wr_netns_cookie(int sock_fd)
{
	uint64_t cookie = 0;
	socklen_t len = sizeof(cookie);

	return getsockopt(sock_fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &len) < 0 ? 0 : cookie;
}

static void *visit(void *arg)
{
	struct visit *v = arg;

	if (setns(v->fd, CLONE_NEWNET) < 0)
		v->ret = -errno;
	else
		v->ret = v->fn(v->arg);
	return NULL;
}

int wr_netns_run(int fd, int (*fn)(void *arg), void *arg)
{
	struct visit v = { .fd = fd, .fn = fn, .arg = arg };
	pthread_t thread;
	int r;

	if (fd < 0)
		return fn(arg);
	r = pthread_create(&thread, NULL, visit, &v);
	if (r)
		return -r;
	pthread_join(thread, NULL);
	return v.ret;
}
