/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Shared ifbs: which there are, and which class of which is free.
 *
 * The kernel is the only record. A file beside it could differ from it after a
 * crash or when a link vanishes, and a number derived from the port's would collide
 * (4,000 ports in 65,000 classes do, all but surely). So a transaction that needs a
 * class lists the ifbs (one dump, filtered by kind) and then the classes of at most
 * two of them, the newest and one that follows from the port's index; it never
 * looks at all. A class walk of the kernel's makes each new class dearer (facts: 28
 * us with 250 classes, 177 with 2,000), so an ifb is full at 250.
 *
 * Who else allocates at the same time: nobody, under one state directory, whose
 * lock is held from here to the commit. Another directory's ifbs are known by
 * their alias and left alone. Without a directory the kernel refuses the second
 * taker of a class (NLM_F_EXCL), and its transaction is undone.
 */
#include <linux/rtnetlink.h>
#include <stdio.h>

#include <weir/link.h>

#include "tc/ifb.h"
#include "tc/read.h"
#include "tc/tree.h"

#define PER_IFB 250
#define ALIAS "weir shapes what guests send, state in %.160s"
#define QUEUE_LEN 256	/* packets; the driver's own 32 drop too early */

/* Also what the transaction keeps them by. */
static const char name_format[] = "weir-ifb%u";

struct ifb {
	int ifindex;
	unsigned int number;	/* in its name */
	bool is_read, is_dying;
	unsigned int n_used;
	struct wr_tc_class *classes;	/* as they were read; NULL where made here */
	size_t n_classes;
	bool used[PER_IFB + 1];		/* by minor; 0 is none */
};

struct ifbs {
	struct ifb *list;
	size_t n;
	unsigned int next_number;
	char alias[256];
};

static void ifbs_free(void *arg)
{
	struct ifbs *s = arg;

	for (size_t i = 0; i < s->n; i++)
		free(s->list[i].classes);
	free(s->list);
	free(s);
}

/* --- reading -------------------------------------------------------------------------- */

static struct ifb *append(struct ifbs *s, int ifindex, unsigned int number)
{
	struct ifb *more = realloc(s->list, (s->n + 1) * sizeof(*more));

	if (!more)
		return NULL;
	s->list = more;
	more[s->n] = (struct ifb){ .ifindex = ifindex, .number = number };
	if (number >= s->next_number)
		s->next_number = number + 1;
	return &more[s->n++];
}

static int read_links(struct weir *w, struct ifbs *s, struct weir_error *err)
{
	struct weir_link_filter filter = { .sz = sizeof(filter), .kind = "ifb" };
	wr_auto(free) struct weir_link *links = NULL;
	size_t n = 0;
	int r = weir_link_list(w, &filter, &links, &n, err);

	for (size_t i = 0; i < n && !r; i++) {
		unsigned int number;

		if (sscanf(links[i].name, name_format, &number) != 1)
			continue;
		if (number >= s->next_number)
			s->next_number = number + 1;
		if (links[i].has & WEIR_LINK_ALIAS && !strcmp(links[i].alias, s->alias) &&
		    !append(s, links[i].ifindex, number))
			r = wr_nomem(err);
	}
	return r;
}

static int ifbs_of(struct weir_txn *t, struct ifbs **ret, struct weir_error *err)
{
	struct ifbs *s = weir_txn_kept(t, name_format);
	int r;

	if (!s) {
		s = calloc(1, sizeof(*s));
		if (!s)
			return wr_nomem(err);
		wr_format(s->alias, sizeof(s->alias), ALIAS, t->w->state_dir ? t->w->state_dir : "-");
		r = read_links(t->w, s, err);
		if (!r && weir_txn_keep(t, name_format, s, ifbs_free))
			r = wr_nomem(err);
		if (r) {
			ifbs_free(s);
			return r;
		}
	}
	*ret = s;
	return 0;
}

static int take_class(void *arg, const struct wr_tc_class *c)
{
	struct ifb *ifb = arg;
	uint32_t minor = c->classid & 0xffff;
	struct wr_tc_class *more = realloc(ifb->classes, (ifb->n_classes + 1) * sizeof(*more));

	if (!more)
		return -ENOMEM;
	ifb->classes = more;
	more[ifb->n_classes++] = *c;
	ifb->n_used++;
	if (minor <= PER_IFB)
		ifb->used[minor] = true;
	return 0;
}

static int read_classes(struct weir *w, struct ifb *ifb, struct weir_error *err)
{
	int r = ifb->is_read ? 0 : wr_class_each(w, ifb->ifindex, take_class, ifb, err);

	ifb->is_read = !r;
	return r;
}

/* --- making ------------------------------------------------------------------------------ */

/* Longer than its queue of 32, and silent: it would solicit routers. */
static int add_link(struct weir_txn *t, const char *name, const char *alias)
{
	struct weir_link l = {
		.sz = sizeof(l),
		.has = WEIR_LINK_NAME | WEIR_LINK_UP | WEIR_LINK_ADDR_GEN_MODE | WEIR_LINK_TXQUEUELEN |
		       WEIR_LINK_NUM_TX_QUEUES | (alias ? WEIR_LINK_ALIAS : 0),
		.kind = WEIR_LINK_IFB,
		.num_tx_queues = 1,
		.txqueuelen = QUEUE_LEN,
		.addr_gen_mode = WEIR_ADDR_GEN_NONE,
		.is_up = true,
	};

	wr_copy(l.name, sizeof(l.name), name);
	wr_copy(l.alias, sizeof(l.alias), alias ? alias : "");
	return weir_txn_link_add(t, &l);
}

/* 15 bytes are all a link's name has, so a long one keeps its end and gets a hash. */
static void own_name(const char *port, char out[16])
{
	uint32_t h = 2166136261u;
	size_t len = strlen(port);

	if (len <= 11) {
		wr_format(out, 16, "ifb-%s", port);
		return;
	}
	for (const char *p = port; *p; p++)
		h = (h ^ (unsigned char)*p) * 16777619u;
	wr_format(out, 16, "ifb%06x%s", (unsigned int)(h & 0xffffff), port + len - 6);
}

int wr_ifb_own(struct weir_txn *t, const char *port, struct wr_slot *ret)
{
	own_name(port, ret->name);
	ret->classid = WR_CLASS(WR_MAJOR, WR_PORT_CLASS);
	ret->ifindex = add_link(t, ret->name, NULL);
	return ret->ifindex < 0 ? ret->ifindex : 0;
}

static int make(struct weir_txn *t, struct ifbs *s, struct ifb **ret, struct weir_error *err)
{
	unsigned int number = s->next_number;
	char name[16];
	int ifindex;

	wr_format(name, sizeof(name), name_format, number);
	ifindex = add_link(t, name, s->alias);
	if (ifindex < 0)
		return ifindex;
	wr_tree_qdisc(t, &(struct wr_dev){ ifindex, name }, WR_MAJOR_SHARED, 0);
	*ret = append(s, ifindex, number);
	if (!*ret)
		return wr_nomem(err);
	(*ret)->is_read = true;
	return t->err.code;
}

/* --- taking and giving ----------------------------------------------------------------------- */

static bool has_room(const struct ifb *ifb)
{
	return !ifb->is_dying && ifb->n_used < PER_IFB;
}

/* The newest, which fills up first, and one that ports have left, so that holes are filled too. */
static int choose(struct weir_txn *t, struct ifbs *s, int port, struct ifb **ret, struct weir_error *err)
{
	const size_t candidates[] = { s->n - 1, s->n ? (size_t)port % s->n : 0 };

	*ret = NULL;
	for (size_t i = 0; i < WR_COUNT(candidates) && s->n && !*ret; i++) {
		struct ifb *ifb = &s->list[candidates[i]];
		int r = read_classes(t->w, ifb, err);

		if (r)
			return r;
		if (has_room(ifb))
			*ret = ifb;
	}
	return *ret ? 0 : make(t, s, ret, err);
}

int wr_ifb_take(struct weir_txn *t, int port, struct wr_slot *ret, struct weir_error *err)
{
	struct ifb *ifb = NULL;
	struct ifbs *s;
	uint32_t minor = 1;
	int r = ifbs_of(t, &s, err);

	if (!r)
		r = choose(t, s, port, &ifb, err);
	if (r)
		return r;
	while (ifb->used[minor])
		minor++;
	ifb->used[minor] = true;
	ifb->n_used++;
	*ret = (struct wr_slot){ .ifindex = ifb->ifindex, .classid = WR_CLASS(WR_MAJOR_SHARED, minor) };
	wr_format(ret->name, sizeof(ret->name), name_format, ifb->number);
	return 0;
}

static const struct wr_tc_class *class_of(const struct ifb *ifb, uint32_t classid)
{
	for (size_t i = 0; i < ifb->n_classes; i++)
		if (ifb->classes[i].classid == classid)
			return &ifb->classes[i];
	return NULL;
}

int wr_ifb_give(struct weir_txn *t, int ifindex, uint32_t classid, struct weir_error *err)
{
	struct ifb *ifb = NULL;
	struct ifbs *s;
	char name[16];
	int r = ifbs_of(t, &s, err);

	for (size_t i = 0; !r && i < s->n && !ifb; i++)
		if (s->list[i].ifindex == ifindex)
			ifb = &s->list[i];
	if (!ifb)
		return r;	/* it is gone, or not of this state directory: not ours to touch */
	r = read_classes(t->w, ifb, err);
	if (r || (classid & 0xffff) > PER_IFB || !ifb->used[classid & 0xffff])
		return r;
	ifb->used[classid & 0xffff] = false;
	ifb->is_dying = --ifb->n_used == 0;
	wr_format(name, sizeof(name), name_format, ifb->number);
	if (ifb->is_dying)
		return weir_txn_link_del(t, ifindex, name);
	wr_tree_class_del(t, &(struct wr_dev){ ifindex, name }, class_of(ifb, classid));
	return t->err.code;
}
