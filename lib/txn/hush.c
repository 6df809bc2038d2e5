/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a daemon hears of other links. The kernel tells of every address and route
 * whoever asked for such news, and dnsmasq cannot ask for that of one link: at each
 * address that comes or goes anywhere, it looks at all links of the host again. So
 * the start of one network woke the dnsmasq of each other one, and 500 of them took
 * 200 ms to be quiet. Here its routing sockets are told what not to deliver, before
 * anybody wakes.
 *
 * They are reached by pidfd_getfd(), which needs Linux 5.6 and CAP_SYS_PTRACE. A
 * daemon whose sockets are out of reach hears all, as it did: it costs time alone.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <net/if.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include "txn/txn.h"

#define LOAD(size, at) BPF_STMT(BPF_LD | (size) | BPF_ABS, at)
#define RETURN(value) BPF_STMT(BPF_RET | BPF_K, value)

/* A filter loads in network order what netlink has in the host's. Answers to a dump are all let through. */
static void keep_addresses_of(int fd, unsigned int ifindex)
{
	struct sock_filter code[] = {
		LOAD(BPF_H, offsetof(struct nlmsghdr, nlmsg_type)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_NEWADDR), 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_DELADDR), 0, 4),
		LOAD(BPF_H, offsetof(struct nlmsghdr, nlmsg_flags)),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, htons(NLM_F_MULTI), 2, 0),
		LOAD(BPF_W, NLMSG_HDRLEN + offsetof(struct ifaddrmsg, ifa_index)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htonl(ifindex), 0, 1),
		RETURN(UINT32_MAX),
		RETURN(0),
	};
	struct sock_fprog program = { .len = WR_COUNT(code), .filter = code };

	setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
}

static void leave_routes(int fd)
{
	static const int groups[] = { RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE };

	for (size_t i = 0; i < WR_COUNT(groups); i++)
		setsockopt(fd, SOL_NETLINK, NETLINK_DROP_MEMBERSHIP, &groups[i], sizeof(groups[i]));
}

static bool is_rtnetlink(int fd)
{
	int domain = -1, protocol = -1;
	socklen_t len = sizeof(int);

	return !getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) && domain == AF_NETLINK &&
	       !getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &len) && protocol == NETLINK_ROUTE;
}

void wr_hush(int pid, int pid_fd, const char *link)
{
	unsigned int ifindex = if_nametoindex(link);
	struct dirent *e;
	char path[64];
	DIR *dir;

	wr_format(path, sizeof(path), "/proc/%d/fd", pid);
	dir = ifindex && pid_fd >= 0 ? opendir(path) : NULL;
	while (dir && (e = readdir(dir))) {
		wr_auto(fd) int fd = *e->d_name == '.' ? -1 :
			(int)syscall(SYS_pidfd_getfd, pid_fd, (int)strtol(e->d_name, NULL, 10), 0);

		if (fd < 0 || !is_rtnetlink(fd))
			continue;
		keep_addresses_of(fd, ifindex);
		leave_routes(fd);
	}
	if (dir)
		closedir(dir);
}
