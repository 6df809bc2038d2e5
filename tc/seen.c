/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* All links at once: see seen.h. */
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include "link/kinds.h"
#include "netlink/attr.h"
#include "tc/seen.h"

#define READ_TIMEOUT_MS 5000

static struct wr_seen_link *add(struct wr_seen *s, int ifindex)
{
	struct wr_seen_link *more = realloc(s->list, (s->n + 1) * sizeof(*more));

	if (!more)
		return NULL;
	s->list = more;
	more[s->n] = (struct wr_seen_link){ .ifindex = ifindex };
	return &more[s->n++];
}

static int add_link(void *arg, uint32_t index, const struct nlmsghdr *msg)
{
	struct weir_link l = { .sz = sizeof(l) };
	struct wr_seen_link *new;
	int r;

	if (msg->nlmsg_type != RTM_NEWLINK)
		return 0;
	r = wr_link_decode(msg, &l, NULL);
	new = r ? NULL : add(arg, l.ifindex);
	if (!new)
		return r ? r : -ENOMEM;
	new->mtu = l.mtu;
	new->kind = l.kind;
	wr_copy(new->name, sizeof(new->name), l.name);
	return 0;
}

static void forget_links(void *arg)
{
	((struct wr_seen *)arg)->n = 0;
}

static int by_index(const void *a, const void *b)
{
	const struct wr_seen_link *x = a, *y = b;

	return (x->ifindex > y->ifindex) - (x->ifindex < y->ifindex);
}

struct wr_seen_link *wr_seen_find(const struct wr_seen *s, int ifindex)
{
	const struct wr_seen_link key = { .ifindex = ifindex };

	return s->n ? bsearch(&key, s->list, s->n, sizeof(key), by_index) : NULL;
}

static void sort(struct wr_seen *s)
{
	if (s->n)
		qsort(s->list, s->n, sizeof(*s->list), by_index);
}

static int read_links(struct weir *w, struct wr_seen *s, struct weir_error *err)
{
	struct wr_reader reader = { .reply = add_link, .restart = forget_links, .arg = s };
	const struct ifinfomsg all = { 0 };
	wr_auto(batch) struct wr_batch b = { 0 };
	int r;

	wr_msg(&b, RTM_GETLINK, NLM_F_DUMP, &all, sizeof(all));
	wr_put_u32(&b, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	r = wr_sock_read(&w->sock, &b, NULL, &reader, READ_TIMEOUT_MS, err);
	if (!r)
		sort(s);
	return r;
}

static void note_ingress(struct wr_seen_link *l, const struct nlmsghdr *msg)
{
	l->ingress = ((const struct tcmsg *)NLMSG_DATA(msg))->tcm_handle;
	l->block = wr_attr_u32(wr_msg_attr(msg, TCA_INGRESS_BLOCK), 0);
}

static void note_root(struct wr_seen_link *l, const struct nlmsghdr *msg)
{
	char kind[8] = "";

	wr_attr_copy(wr_msg_attr(msg, TCA_KIND), kind, sizeof(kind) - 1);
	l->root = ((const struct tcmsg *)NLMSG_DATA(msg))->tcm_handle;
	l->is_tbf = !strcmp(kind, weir_qdisc_name(WEIR_QDISC_TBF));
}

/* The qdisc that @msg is about, but NULL for what the kernel put there itself, which has no handle. */
static const struct tcmsg *qdisc_of(const struct nlmsghdr *msg)
{
	const struct tcmsg *tcm = NLMSG_DATA(msg);

	return msg->nlmsg_type == RTM_NEWQDISC && msg->nlmsg_len >= NLMSG_HDRLEN + sizeof(*tcm) &&
	       tcm->tcm_handle ? tcm : NULL;
}

static void note(struct wr_seen_link *l, const struct tcmsg *tcm, const struct nlmsghdr *msg)
{
	if (tcm->tcm_parent == TC_H_ROOT)
		note_root(l, msg);
	else if (tcm->tcm_parent == TC_H_INGRESS)
		note_ingress(l, msg);
}

static int note_qdisc(void *arg, uint32_t index, const struct nlmsghdr *msg)
{
	const struct tcmsg *tcm = qdisc_of(msg);
	struct wr_seen_link *l = tcm ? wr_seen_find(arg, tcm->tcm_ifindex) : NULL;

	if (l)
		note(l, tcm, msg);
	return 0;
}

/* A dump has all qdiscs of one link after another. */
static int add_qdisc(void *arg, uint32_t index, const struct nlmsghdr *msg)
{
	const struct tcmsg *tcm = qdisc_of(msg);
	struct wr_seen *s = arg;
	struct wr_seen_link *l = s->n ? &s->list[s->n - 1] : NULL;

	if (!tcm)
		return 0;
	if (!l || l->ifindex != tcm->tcm_ifindex)
		l = add(s, tcm->tcm_ifindex);
	if (!l)
		return -ENOMEM;
	note(l, tcm, msg);
	return 0;
}

static void forget_qdiscs(void *arg)
{
	struct wr_seen *s = arg;

	for (size_t i = 0; i < s->n; i++)
		s->list[i].root = s->list[i].ingress = s->list[i].block = 0;
}

static int read_qdiscs(struct weir *w, const struct wr_reader *reader, struct weir_error *err)
{
	wr_auto(batch) struct wr_batch b = { 0 };

	wr_tc_msg(&b, RTM_GETQDISC, NLM_F_DUMP, 0, 0, 0, NULL);
	return wr_sock_read(&w->sock, &b, NULL, reader, READ_TIMEOUT_MS, err);
}

void wr_auto_seen(struct wr_seen *s)
{
	free(s->list);
}

int wr_seen_read(struct weir *w, struct wr_seen *ret, struct weir_error *err)
{
	wr_auto(seen) struct wr_seen s = { 0 };
	const struct wr_reader reader = { .reply = note_qdisc, .restart = forget_qdiscs, .arg = &s };
	int r = read_links(w, &s, err);

	if (!r)
		r = read_qdiscs(w, &reader, err);
	if (r)
		return r;
	*ret = s;
	s = (struct wr_seen){ 0 };
	return 0;
}

int wr_seen_qdiscs(struct weir *w, struct wr_seen *ret, struct weir_error *err)
{
	const struct wr_reader reader = { .reply = add_qdisc, .restart = forget_links, .arg = ret };
	int r = read_qdiscs(w, &reader, err);

	if (!r)
		sort(ret);
	return r;
}

int wr_seen_add(struct wr_seen *s, const struct weir_link *links, size_t n)
{
	const size_t n_sorted = s->n;

	for (size_t i = 0; i < n; i++) {
		const struct wr_seen sorted = { s->list, n_sorted };
		struct wr_seen_link *l = wr_seen_find(&sorted, links[i].ifindex);

		if (!l)
			l = add(s, links[i].ifindex);
		if (!l)
			return -ENOMEM;
		l->kind = links[i].kind;
	}
	sort(s);
	return 0;
}

size_t wr_seen_ports(const struct wr_seen *seen, struct wr_port *ports)
{
	size_t n = 0;

	for (size_t i = 0; i < seen->n; i++) {
		const struct wr_seen_link *l = &seen->list[i];

		if (l->kind == WEIR_LINK_IFB || (!wr_root_is_ours(l->root) && l->ingress != WR_INGRESS_HANDLE))
			continue;
		ports[n] = (struct wr_port){
			.link = { .ifindex = l->ifindex, .mtu = l->mtu, .kind = l->kind },
			.root.handle = l->root, .is_tbf = l->is_tbf,
			.ingress = { .handle = l->ingress, .ingress_block = l->block },
		};
		wr_copy(ports[n++].link.name, sizeof(l->name), l->name);
	}
	return n;
}
