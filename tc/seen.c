/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* All links at once: see seen.h. */
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include "link/kinds.h"
#include "netlink/attr.h"
#include "tc/probe.h"
#include "tc/seen.h"

#define READ_TIMEOUT_MS 5000
/* A port costs three requests and the wait for the kernel's lock, a qdisc in a dump a twentieth of that. */
#define SINGLE_PORTS 8

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
	more[s->n] = (struct wr_seen_link){ .ifindex = l.ifindex, .mtu = l.mtu, .kind = l.kind };
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

static struct wr_seen_link *find(const struct wr_seen *s, int ifindex)
{
	const struct wr_seen_link key = { .ifindex = ifindex };

	return s->n ? bsearch(&key, s->list, s->n, sizeof(key), by_index) : NULL;
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

static int note_qdisc(void *arg, uint32_t index, const struct nlmsghdr *msg)
{
	const struct tcmsg *tcm = qdisc_of(msg);
	struct wr_seen_link *l = tcm ? find(arg, tcm->tcm_ifindex) : NULL;

	if (!l)
		return 0;
	if (tcm->tcm_parent == TC_H_ROOT)
		note_root(l, msg);
	else if (tcm->tcm_parent == TC_H_INGRESS)
		note_ingress(l, msg);
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

/* --- for a transaction ------------------------------------------------------------------------ */

/* Links that are asked about one by one: with a qdisc of anybody's, or macvtaps, whose guest is on the other side. */
struct ahead {
	unsigned int n_asked;
	bool is_known;
	int *busy;	/* by index, some more than once */
	size_t n, room;
};

static const char kept_by;	/* the transaction keeps it by the address of this */

static void ahead_free(void *arg)
{
	struct ahead *a = arg;

	free(a->busy);
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

static int add_busy(struct ahead *a, int ifindex)
{
	int *more = a->n < a->room ? a->busy : realloc(a->busy, (2 * a->room + 64) * sizeof(*more));

	if (!more)
		return -ENOMEM;
	a->room = a->n < a->room ? a->room : 2 * a->room + 64;
	a->busy = more;
	more[a->n++] = ifindex;
	return 0;
}

static int note_busy(void *arg, uint32_t index, const struct nlmsghdr *msg)
{
	const struct tcmsg *tcm = qdisc_of(msg);

	return tcm ? add_busy(arg, tcm->tcm_ifindex) : 0;
}

static void forget_busy(void *arg)
{
	((struct ahead *)arg)->n = 0;
}

static int by_number(const void *a, const void *b)
{
	const int *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static int read_macvtaps(struct weir *w, struct ahead *a)
{
	const struct weir_link_filter filter = { .sz = sizeof(filter), .kind = "macvtap" };
	wr_auto(free) struct weir_link *links = NULL;
	size_t n = 0;
	int r = wr_tc_may_have_macvtaps() ? weir_link_list(w, &filter, &links, &n, NULL) : 0;

	for (size_t i = 0; i < n && !r; i++)
		r = add_busy(a, links[i].ifindex);
	return r;
}

static int read_busy(struct weir *w, struct ahead *a)
{
	const struct wr_reader reader = { .reply = note_busy, .restart = forget_busy, .arg = a };
	int r = read_qdiscs(w, &reader, NULL);

	if (!r)
		r = read_macvtaps(w, a);
	if (!r && a->n)
		qsort(a->busy, a->n, sizeof(*a->busy), by_number);
	return r;
}

static bool is_bare(const struct ahead *a, int ifindex)
{
	return a->is_known && !(a->n && bsearch(&ifindex, a->busy, a->n, sizeof(ifindex), by_number));
}

int wr_port_ahead(struct weir_txn *t, int ifindex, struct wr_port *ret, struct weir_error *err)
{
	struct ahead *a = ahead_of(t);
	uint32_t mtu;

	if (!a)
		return wr_nomem(err);
	/* Where that fails, ports are asked about one by one as before. */
	if (++a->n_asked == SINGLE_PORTS)
		a->is_known = !read_busy(t->w, a);
	if (!is_bare(a, ifindex) || wr_sock_mtu(&t->w->sock, ifindex, &mtu))
		return wr_port_read(t->w, ifindex, ret, err);
	*ret = (struct wr_port){ .link = { .ifindex = ifindex, .mtu = mtu }, .root_is_free = true };
	return 0;
}
