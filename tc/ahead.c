/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a transaction knows of ports before it asks: see ahead.h. */
#include "tc/ahead.h"
#include "tc/probe.h"
#include "tc/seen.h"
#include "tc/show.h"

#ifndef WR_NO_AHEAD	/* the one-file tool (`make static`): no room */

/* A port costs three requests and the wait for the kernel's lock, a qdisc in a dump a twentieth of that. */
#define SINGLE_PORTS 8

struct ahead {
	unsigned int n_asked;
	bool is_known;
	struct wr_seen seen;	/* links that have a qdisc of anybody's, and macvtaps, whose guest is on the other side */
	struct wr_port *ours;	/* of them, by index; read when they are asked for */
	size_t n_ours;
	size_t most;		/* that are read at once: twice as many each time, for who asks for many asks in order */
	struct wr_ifbs ifbs;
};

static const char kept_by;	/* the transaction keeps it by the address of this */

static void ahead_free(void *arg)
{
	struct ahead *a = arg;

	wr_auto_seen(&a->seen);
	wr_auto_ifbs(&a->ifbs);
	free(a->ours);
	free(a);
}

static struct ahead *ahead_of(struct weir_txn *t)
{
	struct ahead *a = wr_txn_kept(t, &kept_by, sizeof(*a), ahead_free);

	if (a && !a->most)
		*a = (struct ahead){ .most = SINGLE_PORTS, .ifbs.w = t->w };
	return a;
}

/* --- all at once ---------------------------------------------------------------------------- */

static int read_macvtaps(struct weir *w, struct wr_seen *s)
{
	const struct weir_link_filter filter = { .sz = sizeof(filter), .kind = "macvtap" };
	wr_auto(free) struct weir_link *links = NULL;
	size_t n = 0;
	int r = wr_tc_may_have_macvtaps() ? weir_link_list(w, &filter, &links, &n, NULL) : 0;

	return r ? r : wr_seen_add(s, links, n);
}

static int look_around(struct weir *w, struct ahead *a)
{
	int r = wr_seen_qdiscs(w, &a->seen, NULL);

	if (!r)
		r = read_macvtaps(w, &a->seen);
	a->ours = r ? NULL : calloc(a->seen.n + 1, sizeof(*a->ours));
	if (a->ours)
		a->n_ours = wr_seen_ports(&a->seen, a->ours);
	return a->ours ? 0 : -ENOMEM;
}

static int at_index(const void *key, const void *port)
{
	const int is = ((const struct wr_port *)port)->link.ifindex, want = *(const int *)key;

	return (want > is) - (want < is);
}

/* Nothing of others in it, and no floors; what is added to ours behind our back is counted before ours goes. */
static bool is_usual(const struct wr_port *p)
{
	return (!p->root.handle || p->major) && !p->rest.classid && (!p->ingress.handle || p->has_redirect);
}

/* NULL: it must be asked about alone. */
static const struct wr_port *one_of_ours(struct weir *w, struct ahead *a, int ifindex)
{
	struct wr_port *p = bsearch(&ifindex, a->ours, a->n_ours, sizeof(*p), at_index), *end = p;

	if (!p)
		return NULL;
	while (end < a->ours + a->n_ours && (size_t)(end - p) < a->most && !end->is_read)
		end++;
	if (end > p) {
		a->most *= 2;
		if (wr_ports_read(w, p, (size_t)(end - p), NULL))
			return NULL;
	}
	return is_usual(p) ? p : NULL;
}

int wr_port_ahead(struct weir_txn *t, int ifindex, struct wr_port *ret, struct weir_error *err)
{
	struct ahead *a = ahead_of(t);
	const struct wr_port *p = NULL;
	bool is_bare = false;
	uint32_t mtu;

	if (!a)
		return wr_nomem(err);
	/* Where that fails, ports are asked about one by one as before. */
	if (++a->n_asked == SINGLE_PORTS)
		a->is_known = !look_around(t->w, a);
	if (a->is_known) {
		is_bare = !wr_seen_find(&a->seen, ifindex);
		p = is_bare ? NULL : one_of_ours(t->w, a, ifindex);
	}
	if ((!p && !is_bare) || wr_sock_mtu(&t->w->sock, ifindex, &mtu))
		return wr_port_read(t->w, ifindex, ret, err);
	if (p)
		*ret = *p;
	ret->link.ifindex = ifindex;
	ret->link.mtu = mtu;
	ret->root_is_free = !ret->root.handle;
	return 0;
}

static bool find_class(struct ahead *a, int ifindex, uint32_t classid, char name[16], struct wr_tc_class *ret)
{
	const struct wr_redirect to = { .classid = classid };
	const struct wr_seen_ifb *ifb;
	const struct wr_tc_class *c;

	if (!a || !a->is_known || wr_ifb_of(&a->ifbs, ifindex, &ifb, NULL))
		return false;
	c = wr_class_on(ifb, &to);
	if (c) {
		wr_copy(name, 16, ifb->name);
		*ret = *c;
	}
	return c;
}

#else
#define ahead_of(t) NULL
#define find_class(a, ifb, classid, name, ret) false

int wr_port_ahead(struct weir_txn *t, int ifindex, struct wr_port *ret, struct weir_error *err)
{
	return wr_port_read(t->w, ifindex, ret, err);
}
#endif

int wr_class_ahead(struct weir_txn *t, int ifb, uint32_t classid, char ret_name[16], struct wr_tc_class *ret,
		   struct weir_error *err)
{
	if (find_class(ahead_of(t), ifb, classid, ret_name, ret))
		return 0;
	if (!*wr_sock_ifname(&t->w->sock, ifb, ret_name))
		return wr_error(err, -ENODEV, WEIR_STAGE_KERNEL, "", "", "the link is gone");
	return wr_class_get(t->w, ifb, classid, ret, err);
}
