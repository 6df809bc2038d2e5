/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Sysctls that are read and not changed. Those that each start of a network asks
 * for stay open with the handle: the way there takes ten times as long as reading.
 */
#include <fcntl.h>
#include <stdio.h>

#include "base/context.h"
#include "base/str.h"
#include "network/network.h"

static const char *const often[] = { "ipv4/ip_forward", "ipv4/conf/all/ignore_routes_with_linkdown" };

/* Only its address counts: contexts of a handle are found by it. */
static const struct weir_step_ops fds_key = { .sz = sizeof(fds_key), .name = "sysctls" };

static void close_all(void *arg)
{
	int *fds = arg;

	for (size_t i = 0; i < WR_COUNT(often); i++)
		wr_close(&fds[i]);
	free(fds);
}

static void open_none(void *arg)
{
	int *fds = arg;

	for (size_t i = 0; i < WR_COUNT(often); i++)
		fds[i] = -1;
}

static int *fds_of(struct weir *w)
{
	return wr_context_of(w, &fds_key, WR_COUNT(often) * sizeof(int), open_none, close_all);
}

/* Where the handle keeps the descriptor; NULL: nowhere. */
static int *place_of(struct weir *w, const char *key)
{
	for (size_t i = 0; i < WR_COUNT(often); i++) {
		int *fds = strcmp(often[i], key) ? NULL : fds_of(w);

		if (fds)
			return &fds[i];
	}
	return NULL;
}

struct opening {
	char path[128];
	int fd;
};

static int open_sysctl(void *arg)
{
	struct opening *o = arg;

	o->fd = open(o->path, O_RDONLY | O_CLOEXEC);
	return o->fd < 0 ? -errno : 0;
}

int wr_sysctl_digit(struct weir *w, const char *key)
{
	int *kept = place_of(w, key);
	struct opening o = { .fd = kept ? *kept : -1 };
	char digit;
	int r;

	wr_format(o.path, sizeof(o.path), "/proc/sys/net/%s", key);
	if (o.fd < 0 && weir_in_netns(w, open_sysctl, &o))
		return -1;
	r = pread(o.fd, &digit, 1, 0) == 1 ? digit - '0' : -1;
	if (kept)
		*kept = o.fd;
	else
		close(o.fd);
	return r;
}
