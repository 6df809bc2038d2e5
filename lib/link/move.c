/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Links that move into another network namespace. The kernel takes them down and
 * out of their master on the way; an undo, which has to be sent from over there,
 * brings them back, into their master with their settings there, and up.
 */
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include "base/netns.h"
#include "link/link.h"
#include "txn/txn.h"

/* The last: the messages that follow when it is back. */
enum { PART_MOVE, PART_NETNS, PART_BACK };

struct move {
	int ifindex;
	char name[16];
};

static struct move move_of(const struct weir_step *s)
{
	struct weir_blob part = weir_step_part(s, PART_MOVE);
	struct move m = { 0 };

	memcpy(&m, part.data, part.len < sizeof(m) ? part.len : sizeof(m));
	return m;
}

static int send_away(struct wr_sock *sock, int ifindex, int netns_fd, struct weir_error *err)
{
	struct ifinfomsg ifi = { .ifi_index = ifindex };
	wr_auto(batch) struct wr_batch b = { 0 };

	wr_msg(&b, RTM_NEWLINK, 0, &ifi, sizeof(ifi));
	wr_put_u32(&b, IFLA_NET_NS_FD, (uint32_t)netns_fd);
	return wr_sock_run(sock, &b, NULL, NULL, err);
}

static bool is_here(struct weir *w, const struct move *m)
{
	struct weir_link l;

	return !wr_link_get(w, m->ifindex, NULL, &l, NULL) && !strcmp(l.name, m->name);
}

static int move_apply(struct weir *w, const struct weir_step *s, struct weir_error *err)
{
	struct move m = move_of(s);
	wr_auto(fd) int there = wr_netns_open(weir_step_part(s, PART_NETNS).data, err);
	int r = there < 0 ? there : send_away(&w->sock, m.ifindex, there, err);

	if (r == -ENOBUFS && !is_here(w, &m))	/* the answer was lost */
		return 0;
	if (r && there >= 0 && err)
		wr_copy(err->object, sizeof(err->object), s->object);
	return r;
}

/* It may have another index over there, but has its name: that is why it could go there. */
static int fetch(struct weir *w, const struct move *m, const char *netns, struct weir_error *err)
{
	struct weir_options opts = { .sz = sizeof(opts), .netns = netns };
	wr_auto(fd) int home = w->netns_fd >= 0 ? dup(w->netns_fd) : open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	struct weir *there;
	struct weir_link l;
	int r;

	if (home < 0)
		return wr_syserr(err, -errno, m->name, "its namespace");
	r = weir_open(&opts, &there, err);
	if (r)
		return r;
	r = wr_link_get(there, 0, m->name, &l, err);
	if (!r)
		r = send_away(&there->sock, l.ifindex, home, err);
	weir_close(there);
	return r;
}

static int move_undo(struct weir *w, const struct weir_step *s, bool applied, struct weir_error *err)
{
	const struct weir_blob back = weir_step_part(s, PART_BACK);
	struct move m = move_of(s);
	wr_auto(batch) struct wr_batch b = { 0 };
	const struct nlmsghdr *msg;
	int r;

	if (!is_here(w, &m)) {
		r = fetch(w, &m, weir_step_part(s, PART_NETNS).data, err);
		if (r)
			return applied || r != -ENODEV ? r : 0;
	}
	for (size_t at = 0; at < back.len; at += NLMSG_ALIGN(msg->nlmsg_len)) {
		msg = (const void *)((const char *)back.data + at);
		wr_msg_copy(&b, msg);
	}
	return b.n ? wr_sock_run(&w->sock, &b, NULL, NULL, err) : 0;
}

const struct weir_step_ops wr_move_ops = {
	.sz = sizeof(wr_move_ops), .name = "move", .apply = move_apply, .undo = move_undo,
};

int weir_txn_link_move(struct weir_txn *t, int ifindex, const char *netns)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct move m = { .ifindex = ifindex };
	wr_auto(batch) struct wr_batch back = { 0 };
	wr_auto(str) struct wr_str name = { 0 }, where = { 0 };
	struct weir_link l = { 0 };
	struct weir_step *s;
	char object[64], buf[16];

	wr_format(object, sizeof(object), "link %d", ifindex);
	if (ifindex <= 0 || !netns || !*netns)
		return wr_txn_refuse(t, -EINVAL, object, ifindex <= 0 ? "ifindex" : "netns", "is missing");
	if (!wr_txn_makes(t, ifindex) && wr_link_get(t->w, ifindex, NULL, &l, &err))
		return wr_txn_fail(t, &err);
	wr_copy(m.name, sizeof(m.name), l.has & WEIR_LINK_NAME ? l.name : wr_txn_link_name(t, ifindex, buf));
	wr_link_put_master(&back, &l);
	if (back.buf.failed)
		return wr_txn_nomem(t);
	s = wr_txn_add(t, &wr_move_ops, object, (struct weir_blob[]){ { &m, sizeof(m) }, { netns, strlen(netns) },
								      { back.buf.data, back.buf.len } }, 3);
	wr_str_shell(&name, m.name);
	wr_str_shell(&where, netns);
	wr_step_plan(t, s, "ip link set dev %s netns %s", wr_str_text(&name), wr_str_text(&where));
	return t->err.code;
}
