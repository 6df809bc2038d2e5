/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* All links at once: see seen.h. */
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include "link/kinds.h"
#include "netlink/attr.h"
#include "tc/seen.h"

#define READ_TIMEOUT_MS 5000
/* A port costs five requests and the wait for the kernel's lock, a link in the dumps a tenth of that. */
#define SINGLE_PORTS 16

/* --- the dumps ---------------------------------------------------------------------------- */

static int add_link(void *arg, uint32_t index, const struct nlmsghdr *msg)
{
	struct weir_link l = { .sz = sizeof(l) };
	struct wr_seen *s = arg;
	struct wr_seen_link *more;
	int r;

	if (msg->nlmsg_type != RTM_NEWLINK)
		return 0;
	r = wr_link_decode(msg, &l, NULL);
	more = r ? NULL : realloc(s->list, (s->n + 1) * sizeof(*more));
	if (!more)
		return r ? r : -ENOMEM;
	s->list = more;
	more[s->n] = (struct wr_seen_link){ .ifindex = l.ifindex, .mtu = l.mtu, .kind = l.kind, .is_bare = true };
	wr_copy(more[s->n++].name, sizeof(l.name), l.name);
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

static int read_links(struct weir *w, struct wr_seen *s, struct weir_error *err)
{
	struct wr_reader reader = { .reply = add_link, .restart = forget_links, .arg = s };
	const struct ifinfomsg all = { 0 };
	wr_auto(batch) struct wr_batch b = { 0 };
	int r;

	wr_msg(&b, RTM_GETLINK, NLM_F_DUMP, &all, sizeof(all));
	wr_put_u32(&b, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	r = wr_sock_read(&w->sock, &b, NULL, &reader, READ_TIMEOUT_MS, err);
	if (!r && s->n)
		qsort(s->list, s->n, sizeof(*s->list), by_index);
	return r;
}

static void note_ingress(struct wr_seen_link *l, const struct nlmsghdr *msg)
{
	l->ingress = ((const struct tcmsg *)NLMSG_DATA(msg))->tcm_handle;
	l->block = wr_attr_u32(wr_msg_attr(msg, TCA_INGRESS_BLOCK), 0);
}

static int note_qdisc(void *arg, uint32_t index, const struct nlmsghdr *msg)
{
	const struct tcmsg *tcm = NLMSG_DATA(msg);
	struct wr_seen_link *l;

	if (msg->nlmsg_type != RTM_NEWQDISC || msg->nlmsg_len < NLMSG_HDRLEN + sizeof(*tcm) ||
	    !tcm->tcm_handle || !(l = wr_seen_find(arg, tcm->tcm_ifindex)))
		return 0;
	l->is_bare = false;
	if (tcm->tcm_parent == TC_H_ROOT)
		l->root = tcm->tcm_handle;
	else if (tcm->tcm_parent == TC_H_INGRESS)
		note_ingress(l, msg);
	return 0;
}

static void forget_qdiscs(void *arg)
{
	struct wr_seen *s = arg;

	for (size_t i = 0; i < s->n; i++) {
		s->list[i].is_bare = true;
		s->list[i].root = s->list[i].ingress = s->list[i].block = 0;
	}
}

static int read_qdiscs(struct weir *w, struct wr_seen *s, struct weir_error *err)
{
	struct wr_reader reader = { .reply = note_qdisc, .restart = forget_qdiscs, .arg = s };
	wr_auto(batch) struct wr_batch b = { 0 };

	wr_tc_msg(&b, RTM_GETQDISC, NLM_F_DUMP, 0, 0, 0, NULL);
	return wr_sock_read(&w->sock, &b, NULL, &reader, READ_TIMEOUT_MS, err);
}

void wr_auto_seen(struct wr_seen *s)
{
	free(s->list);
}

int wr_seen_read(struct weir *w, struct wr_seen *ret, struct weir_error *err)
{
	wr_auto(seen) struct wr_seen s = { 0 };
	int r = read_links(w, &s, err);

	if (!r)
		r = read_qdiscs(w, &s, err);
	if (r)
		return r;
	*ret = s;
	s = (struct wr_seen){ 0 };
	return 0;
}

struct wr_seen_link *wr_seen_find(const struct wr_seen *s, int ifindex)
{
	const struct wr_seen_link key = { .ifindex = ifindex };

	return s->n ? bsearch(&key, s->list, s->n, sizeof(key), by_index) : NULL;
}

/* --- for a transaction ------------------------------------------------------------------------ */

struct ahead {
	unsigned int n_asked;
	struct wr_seen seen;
};

static const char kept_by;	/* the transaction keeps it by the address of this */

static void ahead_free(void *arg)
{
	struct ahead *a = arg;

	wr_auto_seen(&a->seen);
	free(a);
}

static struct ahead *ahead_of(struct weir_txn *t)
{
	struct ahead *a = weir_txn_kept(t, &kept_by);

	if (a)
		return a;
	a = calloc(1, sizeof(*a));
	if (a && weir_txn_keep(t, &kept_by, a, ahead_free)) {
		free(a);
		return NULL;
	}
	return a;
}

int wr_port_ahead(struct weir_txn *t, int ifindex, struct wr_port *ret, struct weir_error *err)
{
	struct ahead *a = ahead_of(t);
	const struct wr_seen_link *l;

	if (!a)
		return wr_nomem(err);
	/* Where that fails, ports are asked about one by one as before. */
	if (++a->n_asked == SINGLE_PORTS)
		wr_seen_read(t->w, &a->seen, NULL);
	l = wr_seen_find(&a->seen, ifindex);
	if (!l || !l->is_bare)
		return wr_port_read(t->w, ifindex, ret, err);
	*ret = (struct wr_port){ .link = { .ifindex = ifindex, .mtu = l->mtu, .kind = l->kind }, .root_is_free = true };
	wr_copy(ret->link.name, sizeof(ret->link.name), l->name);
	return 0;
}
