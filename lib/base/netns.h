/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Network namespaces: naming them, telling them apart, and running a function
 * inside one. The only place that calls setns(), and never in a thread of the
 * caller's.
 */
#ifndef WR_BASE_NETNS_H
#define WR_BASE_NETNS_H

#include "base/error.h"

/* Opens "NAME" (below /run/netns) or a path. Returns a descriptor or -errno. */
int wr_netns_open(const char *name, struct weir_error *err);
/* The inode number that identifies the namespace behind @fd, or of the caller when @fd < 0. */
int wr_netns_id(int fd, uint64_t *ret);
/* The number that the namespace of a socket has, and no other in this boot; 0 before Linux 5.14. */
uint64_t wr_netns_cookie(int sock_fd);
/* Runs @fn in the namespace behind @fd, or directly when @fd < 0. */
int wr_netns_run(int fd, int (*fn)(void *arg), void *arg);

#endif
