/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The calls of libmnl that libweir uses, for builds where there is no libmnl.a.
 * Names, arguments and bytes are libmnl's (tests/unit/test_small.c compares
 * them); what is not here, libweir does not use. See ../mnl.c.
 */
#ifndef SMALL_LIBMNL_H
#define SMALL_LIBMNL_H

#include <linux/netlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

#define MNL_ALIGNTO 4
#define MNL_ALIGN(len) (((len) + MNL_ALIGNTO - 1) & ~(MNL_ALIGNTO - 1))
#define MNL_NLMSG_HDRLEN MNL_ALIGN(sizeof(struct nlmsghdr))
#define MNL_ATTR_HDRLEN MNL_ALIGN(sizeof(struct nlattr))
#define MNL_SOCKET_AUTOPID 0

struct mnl_socket;

struct mnl_socket *mnl_socket_open2(int bus, int flags);
int mnl_socket_bind(struct mnl_socket *nl, unsigned int groups, pid_t pid);
int mnl_socket_close(struct mnl_socket *nl);
int mnl_socket_get_fd(const struct mnl_socket *nl);
ssize_t mnl_socket_sendto(const struct mnl_socket *nl, const void *req, size_t size);
int mnl_socket_setsockopt(const struct mnl_socket *nl, int type, void *buf, socklen_t len);

struct nlmsghdr *mnl_nlmsg_put_header(void *buf);
void *mnl_nlmsg_put_extra_header(struct nlmsghdr *nlh, size_t size);
void *mnl_nlmsg_get_payload(const struct nlmsghdr *nlh);
void *mnl_nlmsg_get_payload_tail(const struct nlmsghdr *nlh);

void mnl_attr_put(struct nlmsghdr *nlh, uint16_t type, size_t len, const void *data);
struct nlattr *mnl_attr_nest_start(struct nlmsghdr *nlh, uint16_t type);
void mnl_attr_nest_end(struct nlmsghdr *nlh, struct nlattr *start);
uint16_t mnl_attr_get_type(const struct nlattr *attr);
uint16_t mnl_attr_get_payload_len(const struct nlattr *attr);
void *mnl_attr_get_payload(const struct nlattr *attr);
const char *mnl_attr_get_str(const struct nlattr *attr);
bool mnl_attr_ok(const struct nlattr *attr, int len);
struct nlattr *mnl_attr_next(const struct nlattr *attr);

#define mnl_attr_for_each_nested(attr, nest)                                                       \
	for ((attr) = mnl_attr_get_payload(nest);                                                  \
	     mnl_attr_ok(attr, (int)((const char *)mnl_attr_get_payload(nest) +                    \
				     mnl_attr_get_payload_len(nest) - (const char *)(attr)));      \
	     (attr) = mnl_attr_next(attr))

#endif
