/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A dump that is read part by part, as far as it is worth it: by a socket of its own,
 * because a dump that has begun can only be given up with its socket.
 */
#ifndef WR_NETLINK_DUMP_H
#define WR_NETLINK_DUMP_H

#include "netlink/sock.h"

struct wr_dump {
	struct wr_sock *sock;	/* whose buffer and counters it uses */
	int fd;
	size_t n_bytes;		/* read up to now */
	bool is_over;		/* all was read */
};

/* In the namespace of @s, which @netns_fd tells as for wr_sock_open(). @b: the request. Nothing is open if it fails. */
int wr_dump_begin(struct wr_sock *s, int netns_fd, const struct wr_batch *b, struct wr_dump *ret);
/* Reads a part of at most @most bytes, or what the kernel takes for the least. It may be interrupted and does not say so. */
int wr_dump_next(struct wr_dump *d, size_t most, const struct wr_reader *reader);
/* Also of zeros. */
void wr_auto_dump(struct wr_dump *d);

#endif
