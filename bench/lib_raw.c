/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * rtnetlink without a library: what the set-up of trials and the floor need, and
 * nothing that could be slow. Messages lie one after the other in one buffer.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib_bench.h"

#define CHUNK (4u << 20)
#define N_PROTOCOLS 32

static char *grow(struct raw *r, size_t len)
{
	char *at;

	if (r->len + len > r->room) {
		r->room = 2 * (r->len + len) + 4096;
		r->data = realloc(r->data, r->room);
		if (!r->data)
			abort();
	}
	at = r->data + r->len;
	memset(at, 0, len);
	r->len += len;
	return at;
}

static void close_message(struct raw *r)
{
	((struct nlmsghdr *)(void *)(r->data + r->msg))->nlmsg_len = (uint32_t)(r->len - r->msg);
}

void raw_msg(struct raw *r, uint16_t type, uint16_t flags, const void *header, size_t size)
{
	struct nlmsghdr nlh = { .nlmsg_type = type, .nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags) };

	r->msg = r->len;
	memcpy(grow(r, sizeof(nlh)), &nlh, sizeof(nlh));
	memcpy(grow(r, NLMSG_ALIGN(size)), header, size);
	close_message(r);
}

void raw_put(struct raw *r, uint16_t attr, const void *data, size_t len)
{
	struct nlattr a = { .nla_len = (uint16_t)(NLA_HDRLEN + len), .nla_type = attr };

	memcpy(grow(r, sizeof(a)), &a, sizeof(a));
	memcpy(grow(r, NLA_ALIGN(len)), len ? data : "", len);
	close_message(r);
}

void raw_u32(struct raw *r, uint16_t attr, uint32_t value)
{
	raw_put(r, attr, &value, sizeof(value));
}

void raw_text(struct raw *r, uint16_t attr, const char *text)
{
	raw_put(r, attr, text, strlen(text) + 1);
}

void raw_bytes(struct raw *r, const void *data, size_t len)
{
	memcpy(grow(r, NLA_ALIGN(len)), data, len);
	close_message(r);
}

size_t raw_nest(struct raw *r, uint16_t attr)
{
	size_t at = r->len;

	raw_put(r, (uint16_t)(attr | NLA_F_NESTED), NULL, 0);
	return at;
}

void raw_nest_end(struct raw *r, size_t nest)
{
	((struct nlattr *)(void *)(r->data + nest))->nla_len = (uint16_t)(r->len - nest);
	close_message(r);
}

int raw_socket(struct trial *t, int protocol)
{
	static int fds[N_PROTOCOLS];	/* of this process, which is one trial */
	int size = 32 << 20, on = 1;

	if (protocol >= N_PROTOCOLS)
		trial_fail(t, "no such protocol");
	if (fds[protocol])
		return fds[protocol];
	fds[protocol] = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
	if (fds[protocol] < 0)
		trial_fail(t, "netlink socket: %s", strerror(errno));
	setsockopt(fds[protocol], SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
	setsockopt(fds[protocol], SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	setsockopt(fds[protocol], SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
	setsockopt(fds[protocol], SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof(on));
	return fds[protocol];
}

/* As many whole messages as go into one send; the last asks for an ACK. */
static size_t next_chunk(struct raw *r, size_t at)
{
	struct nlmsghdr *last = NULL;
	size_t end = at;

	while (end < r->len) {
		struct nlmsghdr *nlh = (void *)(r->data + end);

		if (last && end + nlh->nlmsg_len - at > CHUNK)
			break;
		last = nlh;
		end += NLMSG_ALIGN(nlh->nlmsg_len);
	}
	if (last)
		last->nlmsg_flags |= NLM_F_ACK;
	return end - at;
}

/* The kernel has handled everything when send() returns, so no read waits. */
static int drain(int fd)
{
	static char buf[256 * 1024];
	int first = 0;
	ssize_t n;

	while ((n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT)) > 0)
		for (struct nlmsghdr *nlh = (void *)buf; NLMSG_OK(nlh, n); nlh = NLMSG_NEXT(nlh, n))
			if (nlh->nlmsg_type == NLMSG_ERROR && !first)
				first = ((struct nlmsgerr *)NLMSG_DATA(nlh))->error;
	return first;
}

int raw_send(struct trial *t, const struct raw *r)
{
	struct raw all = *r;
	int fd = raw_socket(t, NETLINK_ROUTE);
	int first = 0;

	for (size_t at = 0, len; at < all.len; at += len) {
		int code;

		len = next_chunk(&all, at);
		if (send(fd, all.data + at, len, 0) < 0)
			return -errno;
		code = drain(fd);
		if (!first)
			first = code;
	}
	return first;
}

void raw_dump(struct trial *t, const struct raw *request, void (*take)(void *arg, const void *msg),
	      void *arg)
{
	static char buf[64 * 1024];
	int fd = raw_socket(t, NETLINK_ROUTE);

	if (send(fd, request->data, request->len, 0) < 0)
		trial_fail(t, "dump: %s", strerror(errno));
	for (;;) {
		ssize_t n = recv(fd, buf, sizeof(buf), 0);

		if (n <= 0)
			trial_fail(t, "dump: %s", strerror(errno));
		for (struct nlmsghdr *nlh = (void *)buf; NLMSG_OK(nlh, n); nlh = NLMSG_NEXT(nlh, n)) {
			if (nlh->nlmsg_type == NLMSG_DONE || nlh->nlmsg_type == NLMSG_ERROR)
				return;
			if (take)
				take(arg, nlh);
		}
	}
}

void raw_link(struct raw *r, const char *kind, int ifindex, const char *fmt, ...)
{
	struct ifinfomsg ifi = { .ifi_index = ifindex, .ifi_flags = IFF_UP, .ifi_change = IFF_UP };
	char name[IFNAMSIZ];
	size_t info;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(name, sizeof(name), fmt, ap);
	va_end(ap);
	raw_msg(r, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &ifi, sizeof(ifi));
	raw_text(r, IFLA_IFNAME, name);
	info = raw_nest(r, IFLA_LINKINFO);
	raw_text(r, IFLA_INFO_KIND, kind);
	raw_nest_end(r, info);
}

static void name_and_queues(struct raw *r, char letter, unsigned int i, bool lean)
{
	char name[IFNAMSIZ];

	snprintf(name, sizeof(name), "%c%u", letter, i);
	raw_text(r, IFLA_IFNAME, name);
	if (!lean)
		return;
	raw_u32(r, IFLA_NUM_TX_QUEUES, 1);
	raw_u32(r, IFLA_NUM_RX_QUEUES, 1);
}

void raw_pair(struct raw *r, unsigned int i, unsigned int master, bool lean)
{
	struct ifinfomsg ifi = { .ifi_index = (int)PORT_INDEX(i), .ifi_flags = IFF_UP, .ifi_change = IFF_UP };
	struct ifinfomsg peer = { .ifi_index = (int)PORT_INDEX(i) + 1 };
	size_t info, data, at;

	raw_msg(r, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &ifi, sizeof(ifi));
	name_and_queues(r, 'p', i, lean);
	if (master)
		raw_u32(r, IFLA_MASTER, master);
	info = raw_nest(r, IFLA_LINKINFO);
	raw_text(r, IFLA_INFO_KIND, "veth");
	data = raw_nest(r, IFLA_INFO_DATA);
	at = raw_nest(r, VETH_INFO_PEER);
	raw_bytes(r, &peer, sizeof(peer));
	name_and_queues(r, 'q', i, lean);
	raw_nest_end(r, at);
	raw_nest_end(r, data);
	raw_nest_end(r, info);
}

void raw_tap(struct trial *t, const char *name, int ifindex, bool stay_open)
{
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	struct ifreq ifr = { .ifr_flags = IFF_TAP | IFF_NO_PI };

	strncpy(ifr.ifr_name, name, IFNAMSIZ - 1);
	if (fd < 0 || ioctl(fd, TUNSETIFINDEX, &ifindex) < 0 || ioctl(fd, TUNSETIFF, &ifr) < 0 ||
	    ioctl(fd, TUNSETPERSIST, 1ul) < 0)
		trial_fail(t, "tap %s: %s", name, strerror(errno));
	if (!stay_open)
		close(fd);
}

static void into_group(void *arg, const void *msg)
{
	const struct ifinfomsg *ifi = NLMSG_DATA(msg);
	struct ifinfomsg one = { .ifi_index = ifi->ifi_index };

	if (ifi->ifi_flags & IFF_LOOPBACK)
		return;
	raw_msg(arg, RTM_SETLINK, 0, &one, sizeof(one));
	raw_u32(arg, IFLA_GROUP, 0x62656e63);
}

static void ask_for(void *arg, const void *msg)
{
	const struct ifinfomsg *ifi = NLMSG_DATA(msg);
	struct ifinfomsg one = { .ifi_index = ifi->ifi_index };

	raw_msg(arg, RTM_GETLINK, 0, &one, sizeof(one));
}

static void for_each_link(struct trial *t, void (*take)(void *arg, const void *msg), struct raw *all)
{
	struct ifinfomsg ifi = { 0 };
	struct raw dump = { 0 };

	raw_msg(&dump, RTM_GETLINK, NLM_F_DUMP, &ifi, sizeof(ifi));
	raw_dump(t, &dump, take, all);
	free(dump.data);
}

void raw_settle_links(struct trial *t)
{
	struct raw all = { 0 };

	for_each_link(t, ask_for, &all);
	raw_send(t, &all);
	free(all.data);
}

void raw_delete_links(struct trial *t)
{
	struct ifinfomsg ifi = { 0 };
	struct raw all = { 0 };

	for_each_link(t, into_group, &all);
	raw_msg(&all, RTM_DELLINK, 0, &ifi, sizeof(ifi));
	raw_u32(&all, IFLA_GROUP, 0x62656e63);
	raw_send(t, &all);
	free(all.data);
}
