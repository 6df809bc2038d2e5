/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Many links at once: see seen.h. */
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include "base/list.h"
#include "netlink/attr.h"
#include "tc/seen.h"

/* --- a list of links ------------------------------------------------------------------------ */

/*
 * A dump has all qdiscs of one link after another: with the next link's, or its end, this one is
 * known. Links are told as they were made, which is by their index, but for a veth's other end.
 */
static int settle(struct wr_seen *s)
{
	const size_t n = s->n;
	size_t at = n;

	if (!s->now.ifindex)
		return 0;
	if (!wr_append(s->list, s->n))
		return -ENOMEM;
	for (; at && n - at < 4 && s->list[at - 1].ifindex > s->now.ifindex; at--)
		s->list[at] = s->list[at - 1];
	s->is_mixed |= at && s->list[at - 1].ifindex > s->now.ifindex;
	s->list[at] = s->now;
	s->now = (struct wr_seen_link){ 0 };
	return 0;
}

static int by_index(const void *a, const void *b)
{
	const struct wr_seen_link *x = a, *y = b;

	return (x->ifindex > y->ifindex) - (x->ifindex < y->ifindex);
}

static void sort(struct wr_seen *s)
{
	if (s->is_mixed)
		qsort(s->list, s->n, sizeof(*s->list), by_index);
	s->is_mixed = false;
}

struct wr_seen_link *wr_seen_find(const struct wr_seen *s, int ifindex)
{
	const struct wr_seen_link key = { .ifindex = ifindex };

	return s->n ? bsearch(&key, s->list, s->n, sizeof(key), by_index) : NULL;
}

void wr_auto_seen(struct wr_seen *s)
{
	free(s->list);
}

/* --- what a dump says -------------------------------------------------------------------------- */

static void note_root(struct wr_seen_link *l, const struct nlmsghdr *msg)
{
	l->root = ((const struct tcmsg *)NLMSG_DATA(msg))->tcm_handle;
#ifndef WR_NO_TBF	/* the one-file tool (`make static`) */
	char kind[8] = "";

	wr_attr_copy(wr_msg_attr(msg, TCA_KIND), kind, sizeof(kind) - 1);
	l->is_tbf = !strcmp(kind, weir_qdisc_name(WEIR_QDISC_TBF));
#endif
}

static void note_ingress(struct wr_seen_link *l, const struct nlmsghdr *msg)
{
	l->ingress = ((const struct tcmsg *)NLMSG_DATA(msg))->tcm_handle;
	l->block = wr_attr_u32(wr_msg_attr(msg, TCA_INGRESS_BLOCK), 0);
}

/* Each class that has none below it has a qdisc, and above it are only such as have. */
static void note_leaf(struct wr_seen_link *l, uint32_t classid)
{
	const uint32_t minor = classid & 0xffff;

	l->has_rest |= minor == WR_REST_CLASS;
	l->n_more += minor != WR_REST_CLASS && minor != WR_PORT_CLASS;
}

static int take_qdisc(void *arg, uint32_t index, const struct nlmsghdr *msg)
{
	const struct tcmsg *tcm = NLMSG_DATA(msg);
	struct wr_seen *s = arg;
	int r = 0;

	if (msg->nlmsg_type != RTM_NEWQDISC || msg->nlmsg_len < NLMSG_LENGTH(sizeof(*tcm)))
		return 0;
	if (s->now.ifindex != tcm->tcm_ifindex)
		r = settle(s);
	s->now.ifindex = tcm->tcm_ifindex;
	/* What the kernel put there itself has no handle. */
	if (tcm->tcm_parent == TC_H_ROOT && tcm->tcm_handle)
		note_root(&s->now, msg);
	else if (tcm->tcm_parent == TC_H_INGRESS)
		note_ingress(&s->now, msg);
	else if (WR_HAS_AHEAD && wr_root_is_ours(s->now.root) && tcm->tcm_parent >> 16 == s->now.root >> 16)
		note_leaf(&s->now, tcm->tcm_parent);
	return r;
}

static void forget(void *arg)
{
	struct wr_seen *s = arg;

	s->n = 0;
	s->is_mixed = false;
	s->now = (struct wr_seen_link){ 0 };
}

/* With those that are made for a class when nobody asks for another. */
static void ask(struct wr_batch *b)
{
	wr_tc_msg(b, RTM_GETQDISC, NLM_F_DUMP, 0, 0, 0, NULL);
	if (WR_HAS_AHEAD)
		wr_put(b, TCA_DUMP_INVISIBLE, "", 0);
}

int wr_seen_read(struct weir *w, struct wr_seen *ret, struct weir_error *err)
{
	const struct wr_reader reader = { .reply = take_qdisc, .restart = forget, .arg = ret };
	wr_auto(batch) struct wr_batch b = { 0 };
	int r;

	ask(&b);
	r = wr_sock_read(&w->sock, &b, NULL, &reader, WR_READ_TIMEOUT_MS, err);
	if (!r && settle(ret))
		r = wr_nomem(err);
	sort(ret);
	return r;
}

int wr_seen_begin(struct weir *w, struct wr_dump *ret)
{
	wr_auto(batch) struct wr_batch b = { 0 };

	ask(&b);
	return wr_dump_begin(&w->sock, w->netns_fd, &b, ret);
}

int wr_seen_next(struct wr_seen *s, struct wr_dump *d, size_t most)
{
	const struct wr_reader reader = { .reply = take_qdisc, .arg = s };
	int r = wr_dump_next(d, most, &reader);

	if (!r && d->is_over)
		r = settle(s);
	sort(s);
	return r;
}

bool wr_seen_port(const struct wr_seen_link *l, struct wr_port *ret)
{
	if (!wr_root_is_ours(l->root) && l->ingress != WR_INGRESS_HANDLE)
		return false;
	*ret = (struct wr_port){
		.link.ifindex = l->ifindex,
		.root.handle = l->root, .is_tbf = l->is_tbf, .has_rest = l->has_rest, .n_floors = l->n_more,
		.ingress = { .handle = l->ingress, .ingress_block = l->block },
	};
	return true;
}
