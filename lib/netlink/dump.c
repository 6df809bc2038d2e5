/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A dump part by part: see dump.h. The kernel makes the first part while it is asked,
 * and with each one that is read the next, of as many bytes as the reader had room for.
 */
#include <libmnl/libmnl.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include "base/netns.h"
#include "netlink/dump.h"

#define LEAST_PART 8192		/* the first may have a page, but no more than this */
#define LARGEST_PART 32768	/* the kernel's own limit */

static int open_here(void *arg)
{
	int *fd = arg;

	*fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
	return *fd < 0 ? -errno : 0;
}

/* A caller may have entered another namespace since the first was opened. */
static bool are_together(int a, int b)
{
	const uint64_t cookie = wr_netns_cookie(a);

	return cookie && cookie == wr_netns_cookie(b);
}

static int send_to(int fd, const struct wr_batch *b)
{
	ssize_t n;

	do
		n = send(fd, b->buf.data, b->buf.len, 0);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

int wr_dump_begin(struct wr_sock *s, int netns_fd, const struct wr_batch *b, struct wr_dump *ret)
{
	wr_auto(fd) int fd = -1;
	int r = b->buf.failed ? -ENOMEM : wr_netns_run(netns_fd, open_here, &fd);

	if (!r && !are_together(fd, mnl_socket_get_fd(s->nl)))
		r = -ENOTUNIQ;
	if (!r)
		r = send_to(fd, b);
	if (r)
		return r;
	s->count.n_sends++;
	s->count.n_messages++;
	s->count.n_bytes += b->buf.len;
	*ret = (struct wr_dump){ .sock = s, .fd = fd };
	fd = -1;
	return 0;
}

static int take_end(struct wr_dump *d, const struct nlmsghdr *nlh)
{
	int code = 0;

	/* NLMSG_ERROR begins with it too. */
	if (nlh->nlmsg_len >= NLMSG_LENGTH(sizeof(code)))
		memcpy(&code, NLMSG_DATA(nlh), sizeof(code));
	d->is_over = !code;
	return code < 0 ? code : 0;
}

static int take_part(struct wr_dump *d, size_t len, const struct wr_reader *reader)
{
	const struct nlmsghdr *nlh;
	size_t at = 0;
	int r = 0;

	while (!r && (nlh = wr_message_at(d->sock->reply, len, &at))) {
		if (nlh->nlmsg_type == NLMSG_DONE || nlh->nlmsg_type == NLMSG_ERROR)
			r = take_end(d, nlh);
		else if (nlh->nlmsg_type >= NLMSG_MIN_TYPE)
			r = reader->reply(reader->arg, 0, nlh);
	}
	return r;
}

int wr_dump_next(struct wr_dump *d, size_t most, const struct wr_reader *reader)
{
	const size_t room = most < LEAST_PART ? LEAST_PART : most < LARGEST_PART ? most : LARGEST_PART;
	ssize_t n;

	do
		n = recv(d->fd, d->sock->reply, room, 0);
	while (n < 0 && errno == EINTR);
	d->sock->count.n_receives++;
	if (n < 0)
		return -errno;
	d->n_bytes += (size_t)n;
	return take_part(d, (size_t)n, reader);
}

void wr_auto_dump(struct wr_dump *d)
{
	if (d->sock)
		wr_close(&d->fd);
	*d = (struct wr_dump){ 0 };
}
