/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Deletes macvlans and macvtaps where somebody has moved them: in another network
 * namespace. The kernel has given that namespace a number in the one that the link has left,
 * and RTM_GETLINK and RTM_DELLINK take such a number. So each namespace with a number is
 * asked for the link's index, which a link keeps if it is free over there. Kind, group, and
 * the link below together with its namespace tell that it is ours.
 *
 * This happens when the transaction is decided, because an undo could not bring back what the
 * container has made of the link.
 */
#include <linux/if_link.h>
#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "base/list.h"
#include "link/kinds.h"
#include "txn/txn.h"

enum { PART_MOVED };

struct moved {
	int32_t ifindex;
	uint32_t lower;
	uint32_t netnsid;	/* the kernel's number for the namespace */
};

/* --- finding it -------------------------------------------------------------------- */

struct numbers {
	uint32_t *items;
	size_t n;
};

static bool read_number(const struct nlmsghdr *msg, uint32_t *ret)
{
	const size_t at = NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(struct rtgenmsg));

	if (msg->nlmsg_type != RTM_NEWNSID || msg->nlmsg_len < at)
		return false;
	*ret = wr_attr_u32(wr_attr_find((const char *)msg + at, msg->nlmsg_len - at, NETNSA_NSID), 0);
	return true;
}

static int take_number(void *arg, uint32_t index, const struct nlmsghdr *msg)
{
	struct numbers *ns = arg;
	uint32_t number, *more;

	if (!read_number(msg, &number))
		return 0;
	more = wr_append(ns->items, ns->n);
	if (!more)
		return -ENOMEM;
	*more = number;
	return 0;
}

static void forget_numbers(void *arg)
{
	((struct numbers *)arg)->n = 0;
}

static int list_numbers(struct weir *w, struct numbers *ret, struct weir_error *err)
{
	struct rtgenmsg gen = { .rtgen_family = AF_UNSPEC };
	struct wr_reader reader = { .reply = take_number, .restart = forget_numbers, .arg = ret };
	wr_auto(batch) struct wr_batch b = { 0 };

	wr_msg(&b, RTM_GETNSID, NLM_F_DUMP, &gen, sizeof(gen));
	return wr_sock_read(&w->sock, &b, NULL, &reader, WR_READ_TIMEOUT_MS, err);
}

struct search {
	const struct moved *moved;
	const struct numbers *asked;
	uint32_t here;	/* the number that our namespace has in itself */
	struct weir_link link;
	size_t at;	/* of the number that it was found by */
	bool found;
};

/* Without a word about it, a link is where the one below it is. */
static bool is_ours(const struct search *s, uint32_t netnsid, const struct nlmsghdr *msg, const struct weir_link *l)
{
	return (l->kind == WEIR_LINK_MACVLAN || l->kind == WEIR_LINK_MACVTAP) &&
	       l->ifindex == s->moved->ifindex && l->lower == s->moved->lower && l->group == WEIR_LINK_GROUP &&
	       wr_attr_u32(wr_msg_attr(msg, IFLA_LINK_NETNSID), netnsid) == s->here;
}

/* Two requests about ourselves are ahead of those for links. */
#define AHEAD 2

static int take_link(void *arg, uint32_t index, const struct nlmsghdr *msg)
{
	struct search *s = arg;
	struct weir_link l;

	if (index < AHEAD) {
		read_number(msg, &s->here);
		return 0;
	}
	index -= AHEAD;
	if (msg->nlmsg_type != RTM_NEWLINK || index >= s->asked->n || wr_link_decode(msg, &l, NULL) ||
	    !is_ours(s, s->asked->items[index], msg, &l))
		return 0;
	s->link = l;
	s->at = index;
	s->found = true;
	return 0;
}

/* Has the kernel number our namespace, which it refuses if that has a number already, and asks for it. */
static void ask_for_own_number(struct wr_batch *b, int netns_fd)
{
	static const uint16_t types[AHEAD] = { RTM_NEWNSID, RTM_GETNSID };
	struct rtgenmsg gen = { .rtgen_family = AF_UNSPEC };

	for (size_t i = 0; i < AHEAD; i++) {
		wr_msg(b, types[i], 0, &gen, sizeof(gen));
		wr_put_u32(b, NETNSA_FD, (uint32_t)netns_fd);
		if (types[i] == RTM_NEWNSID)
			wr_put_u32(b, NETNSA_NSID, (uint32_t)NETNSA_NSID_NOT_ASSIGNED);
	}
}

/* Those that have none of that index, or are gone meanwhile, refuse each for itself, which is no failure. */
static int search(struct weir *w, struct search *s, struct weir_error *err)
{
	struct ifinfomsg ifi = { .ifi_index = s->moved->ifindex };
	struct wr_reader reader = { .reply = take_link, .arg = s };
	wr_auto(batch) struct wr_batch b = { 0 };
	wr_auto(fd) int here = s->asked->n ? wr_sock_netns(&w->sock) : -1;

	if (!s->asked->n)
		return 0;
	if (here < 0)
		return wr_syserr(err, here, "network namespace", "of the handle");
	s->here = (uint32_t)NETNSA_NSID_NOT_ASSIGNED;
	ask_for_own_number(&b, here);
	for (size_t i = 0; i < s->asked->n; i++) {
		wr_msg(&b, RTM_GETLINK, 0, &ifi, sizeof(ifi));
		wr_put_u32(&b, IFLA_TARGET_NETNSID, s->asked->items[i]);
		wr_put_u32(&b, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	}
	return wr_sock_read(&w->sock, &b, NULL, &reader, WR_READ_TIMEOUT_MS, err);
}

/* --- the step ------------------------------------------------------------------------ */

/* Looked at again: the namespace may be gone, and its number another's. */
static int moved_finish(struct weir *w, const struct weir_step *s, struct weir_error *err)
{
	struct weir_blob part = weir_step_part(s, PART_MOVED);
	struct moved m = { 0 };
	struct numbers there = { .items = &m.netnsid, .n = 1 };
	struct search look = { .moved = &m, .asked = &there };
	struct ifinfomsg ifi = { 0 };
	wr_auto(batch) struct wr_batch b = { 0 };
	int r;

	memcpy(&m, part.data, part.len < sizeof(m) ? part.len : sizeof(m));
	r = search(w, &look, err);
	if (r || !look.found)
		return r;
	ifi.ifi_index = m.ifindex;
	wr_msg(&b, RTM_DELLINK, 0, &ifi, sizeof(ifi));
	wr_put_u32(&b, IFLA_TARGET_NETNSID, m.netnsid);
	r = wr_sock_run(&w->sock, &b, NULL, NULL, err);
	if (r && err)
		wr_copy(err->object, sizeof(err->object), s->object);
	return r == -ENODEV || r == -EINVAL ? 0 : r;	/* it, or its namespace, vanished by itself */
}

const struct weir_step_ops wr_moved_ops = {
	.sz = sizeof(wr_moved_ops), .name = "moved", .finish = moved_finish,
};

static int add(struct weir_txn *t, struct moved *m, const struct search *found)
{
	wr_auto(str) struct wr_str name = { 0 };
	struct weir_step *s;
	char object[64];

	m->netnsid = found->asked->items[found->at];
	wr_format(object, sizeof(object), "link %s", found->link.name);
	s = wr_txn_add(t, &wr_moved_ops, object, &(struct weir_blob){ m, sizeof(*m) }, 1);
	wr_str_shell(&name, found->link.name);
	wr_step_plan(t, s, "# in the namespace of number %u (ip netns list-id): ip link del dev %s", m->netnsid,
		     wr_str_text(&name));
	return t->err.code;
}

int weir_txn_link_del_moved(struct weir_txn *t, int ifindex, int lower)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct moved m = { .ifindex = ifindex, .lower = (uint32_t)lower };
	struct numbers all = { 0 };
	struct search look = { .moved = &m, .asked = &all };
	int r;

	if (ifindex <= 0 || lower <= 0)
		return wr_txn_refuse(t, -EINVAL, "link", ifindex > 0 ? "lower" : "ifindex", "is missing");
	r = list_numbers(t->w, &all, &err);
	if (!r)
		r = search(t->w, &look, &err);
	r = r ? wr_txn_fail(t, &err) : look.found ? add(t, &m, &look) : t->err.code;
	free(all.items);
	return r;
}
