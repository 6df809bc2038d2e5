/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a transaction knows of ports before it asks: see ahead.h. */
#include <linux/rtnetlink.h>

#include "base/context.h"
#include "base/list.h"
#include "netlink/attr.h"
#include "tc/ahead.h"
#include "tc/ifb.h"
#include "tc/seen.h"
#include "tc/show.h"

#ifndef WR_NO_AHEAD	/* the one-file tool (`make static`): no room */

/*
 * All qdiscs are dumped in parts, beside the ports that are asked about, and no more of them
 * than what would have been spent on asking: 2 KB take as long as a port. So few ports among
 * thousands of links are asked about one by one, and of many ports few are.
 */
#define PORT_BYTES 2048
/* From which port on: the least part takes as long as a few ports, and a socket of another namespace's a thread. */
#define FIRST_HERE 4
#define FIRST_THERE 8

#define FIRST_GROUP 8
#define LARGEST_GROUP 256
/* An ifb may have many classes of others. */
#define SINGLE_CLASSES 8
/* From which port on all macvtaps are asked for: the kernel locks all links for each that is asked about. */
#define SINGLE_KINDS 16
#define MOST_MACVTAPS 65536	/* bytes of a dump; of more each port is asked about */

/* Ports that were read at once. */
struct group {
	struct group *next;
	struct wr_port ports[];
};

struct ahead {
	size_t n_asked;
	struct wr_dump dump;
	bool is_given_up;
	struct wr_seen seen;	/* up to now */
	struct group *groups;
	size_t most;		/* in the next one: twice as many each time, for who asks for many asks in order */
	size_t n_classes;	/* asked about */
	size_t n_told;		/* ports that the dump told of */
	int *macvtaps;
	size_t n_macvtaps;
	bool knows_macvtaps;
	struct wr_ifbs ifbs;
};

static const char kept_by;	/* the transaction keeps it by the address of this */

static void ahead_free(void *arg)
{
	struct ahead *a = arg;

	for (struct group *g = a->groups, *next; g; g = next) {
		next = g->next;
		free(g);
	}
	free(a->macvtaps);
	wr_auto_dump(&a->dump);
	wr_auto_seen(&a->seen);
	wr_auto_ifbs(&a->ifbs);
	free(a);
}

static struct ahead *ahead_of(struct weir_txn *t)
{
	struct ahead *a = wr_txn_kept(t, &kept_by, sizeof(*a), ahead_free);

	if (a && !a->most)
		*a = (struct ahead){ .most = FIRST_GROUP, .ifbs.w = t->w };
	return a;
}

/* --- the dump ------------------------------------------------------------------------------- */

static bool may_read_on(const struct weir *w, const struct ahead *a)
{
	return !a->is_given_up && !a->dump.is_over && a->n_asked >= (w->netns_fd < 0 ? FIRST_HERE : FIRST_THERE) &&
	       a->dump.n_bytes < a->n_asked * PORT_BYTES;
}

/* Where that fails, ports are asked about one by one. */
static void read_on(struct weir *w, struct ahead *a)
{
	int r = a->dump.sock ? 0 : wr_seen_begin(w, &a->dump);

	if (!r)
		r = wr_seen_next(&a->seen, &a->dump, a->n_asked * PORT_BYTES - a->dump.n_bytes);
	a->is_given_up = r;
}

/* NULL: the dump has not got there, or does not show it. */
static struct wr_seen_link *find(struct weir *w, struct ahead *a, int ifindex)
{
	struct wr_seen_link *l = wr_seen_find(&a->seen, ifindex);

	while (!l && may_read_on(w, a)) {
		read_on(w, a);
		l = wr_seen_find(&a->seen, ifindex);
	}
	return l;
}

/* --- ports of ours ---------------------------------------------------------------------------- */

/* The port at @first and those behind it that nobody has read. Returns how many. */
static size_t fill(const struct ahead *a, struct wr_seen_link *first, struct wr_port *ports, size_t room)
{
	struct wr_seen_link *const end = a->seen.list + a->seen.n;
	size_t n = 0;

	for (struct wr_seen_link *l = first; l < end && n < room; l++) {
		if (l->port || !wr_seen_port(l, &ports[n]))
			continue;
		l->port = &ports[n++];
	}
	return n;
}

static void read_group(struct weir *w, struct ahead *a, struct wr_seen_link *first)
{
	const size_t left = (size_t)(a->seen.list + a->seen.n - first), room = left < a->most ? left : a->most;
	struct group *g = calloc(1, sizeof(*g) + room * sizeof(g->ports[0]));
	size_t n;

	if (!g)
		return;
	g->next = a->groups;
	a->groups = g;
	n = fill(a, first, g->ports, room);
	if (a->most < LARGEST_GROUP)
		a->most *= 2;
	if (wr_ports_read(w, g->ports, n, NULL))
		memset(g->ports, 0, n * sizeof(g->ports[0]));
}

/* Nothing of others in it, and no floors; what others have added to ours is counted before ours goes. */
static bool is_usual(const struct wr_port *p)
{
	return p->link.ifindex && (!p->root.handle || p->major) && !p->rest.classid &&
	       (!p->ingress.handle || p->has_redirect);
}

/* What nothing shapes, or we alone; false: it must be asked about alone. */
static bool is_told(struct weir *w, struct ahead *a, struct wr_seen_link *l, struct wr_port *ret)
{
	if (!l->root && !l->ingress)
		return true;
	if (!l->port && wr_seen_port(l, ret))
		read_group(w, a, l);
	if (!l->port || !is_usual(l->port))
		return false;
	*ret = *l->port;
	return true;
}

/* --- macvtaps, whose guest is on the other side --------------------------------------------- */

/* A kernel that knows no such kind answers with all links, and then none is one. */
static int take_macvtap(void *arg, uint32_t index, const struct nlmsghdr *msg)
{
	struct ahead *a = arg;
	char kind[16] = "";
	int *more;

	wr_attr_copy(wr_attr_inside(wr_msg_attr(msg, IFLA_LINKINFO), IFLA_INFO_KIND), kind, sizeof(kind) - 1);
	if (strcmp(kind, "macvtap"))
		return -ENOENT;
	more = wr_append(a->macvtaps, a->n_macvtaps);
	if (!more)
		return -ENOMEM;
	*more = ((const struct ifinfomsg *)NLMSG_DATA(msg))->ifi_index;
	return 0;
}

static int read_macvtaps(struct weir *w, struct ahead *a)
{
	const struct wr_reader reader = { .reply = take_macvtap, .arg = a };
	const struct ifinfomsg all = { 0 };
	wr_auto(dump) struct wr_dump dump = { 0 };
	wr_auto(batch) struct wr_batch b = { 0 };
	size_t nest;
	int r;

	wr_msg(&b, RTM_GETLINK, NLM_F_DUMP, &all, sizeof(all));
	nest = wr_nest(&b, IFLA_LINKINFO);
	wr_put_text(&b, IFLA_INFO_KIND, "macvtap");
	wr_nest_end(&b, nest);
	r = wr_dump_begin(&w->sock, w->netns_fd, &b, &dump);
	while (!r && !dump.is_over && dump.n_bytes < MOST_MACVTAPS)
		r = wr_dump_next(&dump, MOST_MACVTAPS, &reader);
	return r == -ENOENT || dump.is_over ? 0 : -EFBIG;
}

static bool is_macvtap(const struct ahead *a, int ifindex)
{
	for (size_t i = 0; i < a->n_macvtaps; i++)
		if (a->macvtaps[i] == ifindex)
			return true;
	return false;
}

static int complete(struct weir *w, struct ahead *a, int ifindex, struct wr_port *ret, struct weir_error *err)
{
	int r;

	if (++a->n_told == SINGLE_KINDS)
		a->knows_macvtaps = !read_macvtaps(w, a);
	r = wr_port_link(w, ifindex, !a->knows_macvtaps, ret, err);
	if (!r && a->knows_macvtaps && is_macvtap(a, ifindex))
		ret->link.kind = WEIR_LINK_MACVTAP;
	ret->root_is_free = !ret->root.handle;
	return r;
}

/* --- a port ----------------------------------------------------------------------------------- */

/*
 * One that is down and has no qdisc is not shown, nor is, once in a great while, one
 * behind another that vanishes: who adds is told by the kernel then, but who takes away asks.
 */
static bool is_known(struct weir *w, struct ahead *a, int ifindex, enum wr_ahead what, struct wr_port *ret)
{
	struct wr_seen_link *l = find(w, a, ifindex);

	return l ? is_told(w, a, l, ret) : what && a->dump.is_over;
}

static int read_alone(struct weir_txn *t, int ifindex, enum wr_ahead what, struct wr_port *ret,
		      struct weir_error *err)
{
	struct wr_ifb_also also = { 0 };

	if (what == WR_AHEAD_ADDS_CLASS)
		wr_ifb_also(t, ifindex, &also);
	return wr_port_read(t->w, ifindex, &also.also, ret, err);
}

int wr_port_ahead(struct weir_txn *t, int ifindex, enum wr_ahead what, struct wr_port *ret, struct weir_error *err)
{
	struct ahead *a = ahead_of(t);

	if (!a)
		return wr_nomem(err);
	a->n_asked++;
	if (!is_known(t->w, a, ifindex, what, ret))
		return read_alone(t, ifindex, what, ret, err);
	return complete(t->w, a, ifindex, ret, err);
}

/* --- a port that is new --------------------------------------------------------------------- */

static int also_reply(void *arg, uint32_t index, const struct nlmsghdr *msg)
{
	struct wr_also *also = arg;

	also->reply(also, msg);
	return 0;
}

/* What is asked along with a port that is not new. */
static int ask_ifb(struct weir_txn *t, int ifindex, struct weir_error *err)
{
	struct wr_ifb_also a;
	struct wr_reader reader = { .reply = also_reply, .arg = &a.also };
	struct wr_result results[WR_ALSO];
	wr_auto(batch) struct wr_batch b = { 0 };
	int r;

	wr_ifb_also(t, ifindex, &a);
	if (!a.also.ask)
		return 0;
	a.also.ask(&a.also, &b);
	r = wr_sock_read(&t->w->sock, &b, results, &reader, WR_READ_TIMEOUT_MS, err);
	if (!r)
		a.also.done(&a.also, results);
	return r;
}

int wr_port_new(struct weir_txn *t, int ifindex, enum wr_ahead what, struct wr_port *ret, struct weir_error *err)
{
	int r = what == WR_AHEAD_ADDS_CLASS ? ask_ifb(t, ifindex, err) : 0;

	ret->root_is_free = true;
	return r ? r : wr_port_link(t->w, ifindex, false, ret, err);
}

static bool find_class(struct ahead *a, int ifindex, uint32_t classid, char name[16], struct wr_tc_class *ret)
{
	const struct wr_redirect to = { .classid = classid };
	const struct wr_seen_ifb *ifb;
	const struct wr_tc_class *c;

	if (!a || ++a->n_classes < SINGLE_CLASSES || wr_ifb_of(&a->ifbs, ifindex, &ifb, NULL))
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

int wr_port_ahead(struct weir_txn *t, int ifindex, enum wr_ahead what, struct wr_port *ret, struct weir_error *err)
{
	return wr_port_read(t->w, ifindex, NULL, ret, err);
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
