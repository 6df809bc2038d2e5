/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Sets of links, the half that only reads: which of the links exist, what is below
 * them and whose ports they are (as far down as it goes, with one batch of questions
 * for each storey), and whether the whole is possible. What is impossible is refused
 * here, before anything is changed, with the names of all links that take part.
 */
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdio.h>

#include "link/link.h"
#include "link/set.h"

/* --- who is who ---------------------------------------------------------------------- */

uint32_t wr_master_of(const struct weir_link *l)
{
	return l->has & WEIR_LINK_MASTER ? l->master : 0;
}

/* The other end of a pair is not below it, and an index of another namespace means nothing here. */
uint32_t wr_lower_of(const struct weir_link *l)
{
	const struct wr_kind *k = wr_kind(l->kind);

	return k && k->needs_lower && l->has & WEIR_LINK_LOWER && !(l->has & WEIR_LINK_LOWER_NETNSID) ? l->lower : 0;
}

static int by_ifindex(const void *a, const void *b)
{
	const struct weir_link *x = a, *y = b;

	return (x->ifindex > y->ifindex) - (x->ifindex < y->ifindex);
}

static int by_member_ifindex(const void *a, const void *b)
{
	const struct wr_member *const *x = a, *const *y = b;

	return by_ifindex(&(*x)->want, &(*y)->want);
}

struct wr_member *wr_set_member(const struct wr_set *s, uint32_t ifindex)
{
	struct wr_member key = { .want.ifindex = (int)ifindex }, *pkey = &key, **found;

	found = bsearch(&pkey, s->by_index, s->n, sizeof(pkey), by_member_ifindex);
	return found ? *found : NULL;
}

const struct weir_link *wr_set_end(const struct wr_set *s, uint32_t ifindex)
{
	struct weir_link key = { .ifindex = (int)ifindex };
	const struct wr_member *m = wr_set_member(s, ifindex);

	if (m)
		return &m->end;
	return s->n_others ? bsearch(&key, s->others, s->n_others, sizeof(key), by_ifindex) : NULL;
}

/* --- refusals ------------------------------------------------------------------------ */

static int refuse(struct wr_set *s, const struct weir_link *l, struct weir_error *err)
{
	wr_link_object(l, err->object);
	return wr_txn_fail(s->t, err);
}

#define REFUSE(s, link, code, attr, ...)                                                           \
	do {                                                                                       \
		struct weir_error err_ = WEIR_ERROR_INIT;                                          \
		wr_refuse(&err_, code, "", attr, __VA_ARGS__);                                     \
		return refuse(s, link, &err_);                                                     \
	} while (0)

static const char *name_of(const struct wr_set *s, uint32_t ifindex, char buf[16])
{
	const struct weir_link *l = wr_set_end(s, ifindex);

	if (l && l->has & WEIR_LINK_NAME)
		return l->name;
	return wr_txn_link_name(s->t, (int)ifindex, buf);
}

static const char *kind_word(const struct weir_link *l)
{
	const char *word = weir_link_kind_name(l->kind);

	return *word ? word : l->has & WEIR_LINK_KIND ? l->kind_name : "device";
}

/* --- reading -------------------------------------------------------------------------- */

/* One question for each of @links, by name if it has one, else by index; has is 0 where nobody answered. */
struct questions {
	struct weir_link *answers;
	struct weir_error *err;
};

static int take_answer(void *arg, uint32_t index, const struct nlmsghdr *msg)
{
	struct questions *q = arg;

	return msg->nlmsg_type == RTM_NEWLINK ? wr_link_decode(msg, &q->answers[index], q->err) : 0;
}

static void ask(struct wr_batch *b, const struct weir_link *l)
{
	struct ifinfomsg ifi = { .ifi_index = l->has & WEIR_LINK_NAME ? 0 : l->ifindex };

	wr_msg(b, RTM_GETLINK, 0, &ifi, sizeof(ifi));
	if (l->has & WEIR_LINK_NAME)
		wr_put_text(b, IFLA_IFNAME, l->name);
	wr_put_u32(b, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
}

static int read_answers(struct wr_set *s, struct wr_batch *b, struct weir_link *answers)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct questions q = { answers, &err };
	struct wr_reader reader = { .reply = take_answer, .arg = &q };

	if (!b->n || !wr_sock_read(&s->t->w->sock, b, NULL, &reader, WR_READ_TIMEOUT_MS, &err))
		return 0;
	return wr_txn_fail(s->t, &err);
}

static int identify(struct wr_set *s, struct wr_member *m, const struct weir_link *is)
{
	struct weir_link *want = &m->want;

	m->is_made = want->has & WEIR_LINK_IFINDEX && wr_txn_makes(s->t, want->ifindex);
	m->exists = is->has && !m->is_made;
	if (!m->exists)
		return 0;
	if (want->kind && want->kind != is->kind)
		REFUSE(s, want, -EEXIST, "kind", "the name is taken by a %s", kind_word(is));
	if (want->has & WEIR_LINK_IFINDEX && want->ifindex != is->ifindex)
		REFUSE(s, want, -EEXIST, "ifindex", "the name is taken by link %d", is->ifindex);
	m->is = *is;
	want->kind = is->kind;
	want->ifindex = is->ifindex;
	want->has |= WEIR_LINK_IFINDEX;
	return 0;
}

static int read_members(struct wr_set *s)
{
	wr_auto(free) struct weir_link *answers = calloc(s->n + 1, sizeof(*answers));
	wr_auto(batch) struct wr_batch b = { 0 };
	int r = 0;

	if (!answers)
		return wr_txn_nomem(s->t);
	for (size_t i = 0; i < s->n; i++)
		ask(&b, &s->members[i].want);
	r = read_answers(s, &b, answers);
	for (size_t i = 0; i < s->n && !r; i++)
		r = identify(s, &s->members[i], &answers[i]);
	return r;
}

/* --- members ---------------------------------------------------------------------------- */

static const struct wr_table *const common[] = { &wr_link_table, &wr_link_info_table, &wr_link_inet6_table };

static void set_end(struct wr_set *s, struct wr_member *m)
{
	const struct wr_kind *k;

	m->end = m->exists ? m->is : m->want;
	if (m->is_made && !m->end.kind)
		m->end.kind = (enum weir_link_kind)wr_txn_kind(s->t, m->want.ifindex);
	for (size_t i = 0; i < WR_COUNT(common); i++)
		wr_table_overlay(common[i], &m->end, &m->want);
	k = wr_kind(m->end.kind);
	if (k && k->table)
		wr_table_overlay(k->table, wr_kind_data(k, &m->end), wr_kind_data(k, &m->want));
}

static int complete(struct wr_set *s, struct wr_member *m)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_link *want = &m->want;

	if (!m->exists && !m->is_made && wr_link_check_new(want, &err))
		return refuse(s, want, &err);
	if (wr_link_check(want, &err))
		return refuse(s, want, &err);
	if (!(want->has & WEIR_LINK_IFINDEX) || want->ifindex <= 0)
		want->ifindex = wr_txn_ifindex(s->t);
	want->has |= WEIR_LINK_IFINDEX;
	set_end(s, m);
	return 0;
}

static int sort_members(struct wr_set *s)
{
	char buf[16];

	s->by_index = calloc(s->n + 1, sizeof(*s->by_index));
	if (!s->by_index)
		return wr_txn_nomem(s->t);
	for (size_t i = 0; i < s->n; i++)
		s->by_index[i] = &s->members[i];
	qsort(s->by_index, s->n, sizeof(*s->by_index), by_member_ifindex);
	for (size_t i = 1; i < s->n; i++) {
		const struct weir_link *a = &s->by_index[i - 1]->want, *b = &s->by_index[i]->want;

		if (a->ifindex != b->ifindex)
			continue;
		if (wr_master_of(a) != wr_master_of(b))
			REFUSE(s, b, -EEXIST, "master", "is claimed twice: as a port of %s and of %s",
			       name_of(s, wr_master_of(a), buf), name_of(s, wr_master_of(b), (char[16]){ 0 }));
		REFUSE(s, b, -EEXIST, "name", "is in the set twice");
	}
	return 0;
}

static int by_name(const void *a, const void *b)
{
	const struct wr_member *const *x = a, *const *y = b;

	return strcmp((*x)->want.name, (*y)->want.name);
}

/* New links that have one name and two indexes; those that exist have been found out by their index. */
static int check_names(struct wr_set *s)
{
	wr_auto(free) const struct wr_member **named = calloc(s->n + 1, sizeof(*named));
	size_t n = 0;

	if (!named)
		return wr_txn_nomem(s->t);
	for (size_t i = 0; i < s->n; i++)
		if (s->members[i].want.has & WEIR_LINK_NAME)
			named[n++] = &s->members[i];
	qsort(named, n, sizeof(*named), by_name);
	for (size_t i = 1; i < n; i++)
		if (!strcmp(named[i - 1]->want.name, named[i]->want.name))
			REFUSE(s, &named[i]->want, -EEXIST, "name", "is in the set twice");
	return 0;
}

/* --- others ------------------------------------------------------------------------------- */

static bool is_unknown(const struct wr_set *s, uint32_t ifindex)
{
	return ifindex && !wr_set_end(s, ifindex);
}

static void need(struct wr_set *s, struct weir_link *missing, size_t *n, uint32_t ifindex)
{
	if (!is_unknown(s, ifindex))
		return;
	missing[*n] = (struct weir_link){ .ifindex = (int)ifindex, .has = WEIR_LINK_IFINDEX };
	(*n)++;
}

static size_t needs_of(struct wr_set *s, struct weir_link *missing)
{
	size_t n = 0, kept = 0;

	for (size_t i = 0; i < s->n; i++) {
		need(s, missing, &n, wr_master_of(&s->members[i].end));
		need(s, missing, &n, wr_lower_of(&s->members[i].end));
		need(s, missing, &n, wr_master_of(&s->members[i].is));
	}
	for (size_t i = 0; i < s->n_others; i++) {
		need(s, missing, &n, wr_master_of(&s->others[i]));
		need(s, missing, &n, wr_lower_of(&s->others[i]));
	}
	qsort(missing, n, sizeof(*missing), by_ifindex);
	for (size_t i = 0; i < n; i++)
		if (!kept || missing[kept - 1].ifindex != missing[i].ifindex)
			missing[kept++] = missing[i];
	return kept;
}

/* What a step before the set makes cannot be read, but is known by its kind. */
static void answer_made(struct wr_set *s, struct weir_link *l, int ifindex)
{
	char buf[16];

	l->sz = sizeof(*l);
	l->ifindex = ifindex;
	l->has |= WEIR_LINK_IFINDEX;
	if (!wr_txn_makes(s->t, ifindex))
		return;
	l->kind = (enum weir_link_kind)wr_txn_kind(s->t, ifindex);
	l->has |= WEIR_LINK_NAME;
	wr_copy(l->name, sizeof(l->name), wr_txn_link_name(s->t, ifindex, buf));
}

/* Reads the links that those known by now stand on or are ports of; @ret_more: whether there were any. */
static int read_storey(struct wr_set *s, bool *ret_more)
{
	size_t most = 3 * s->n + 2 * s->n_others + 1;
	wr_auto(free) struct weir_link *missing = calloc(most, sizeof(*missing));
	size_t n = missing ? needs_of(s, missing) : 0;
	struct weir_link *others = missing ? realloc(s->others, (s->n_others + n + 1) * sizeof(*others)) : NULL;
	wr_auto(batch) struct wr_batch b = { 0 };
	int r;

	if (!others)
		return wr_txn_nomem(s->t);
	s->others = others;
	memset(&others[s->n_others], 0, n * sizeof(*others));
	for (size_t i = 0; i < n; i++)
		ask(&b, &missing[i]);
	r = read_answers(s, &b, &others[s->n_others]);
	for (size_t i = 0; i < n; i++)
		answer_made(s, &others[s->n_others + i], missing[i].ifindex);
	s->n_others += n;
	qsort(s->others, s->n_others, sizeof(*others), by_ifindex);
	*ret_more = n > 0;
	return r;
}

/* --- loops ---------------------------------------------------------------------------------- */

/* Who is above whom: a link below its master, and below what stands on it. */
struct edge {
	uint32_t from, to;
};

static int by_from(const void *a, const void *b)
{
	const struct edge *x = a, *y = b;

	return (x->from > y->from) - (x->from < y->from);
}

static void add_edges(struct edge *edges, size_t *n, const struct weir_link *l)
{
	uint32_t self = (uint32_t)l->ifindex;

	if (wr_master_of(l))
		edges[(*n)++] = (struct edge){ self, wr_master_of(l) };
	if (wr_lower_of(l))
		edges[(*n)++] = (struct edge){ wr_lower_of(l), self };
}

/* The first edge that leads on from @from; @n if none does. */
static size_t leads_on(const struct edge *edges, size_t n, uint32_t from)
{
	struct edge key = { from, 0 };
	const struct edge *e = n ? bsearch(&key, edges, n, sizeof(key), by_from) : NULL;

	return e ? (size_t)(e - edges) : n;
}

/* Takes away edges behind which nothing is, until there is none, or only loops and what leads to them. */
static size_t reduce(struct edge *edges, size_t n)
{
	for (size_t before = n + 1; n < before;) {
		size_t kept = 0;

		/* Marked first: the search needs all of them. */
		before = n;
		for (size_t i = 0; i < n; i++)
			if (leads_on(edges, n, edges[i].to) == n)
				edges[i].to = 0;
		for (size_t i = 0; i < n; i++)
			if (edges[i].to)
				edges[kept++] = edges[i];
		n = kept;
	}
	return n;
}

/* Each edge leads on to another now; somewhere a member of the set takes part. */
static int refuse_loop(struct wr_set *s, const struct edge *edges, size_t n)
{
	wr_auto(str) struct wr_str path = { 0 };
	const struct wr_member *m;
	size_t e = 0, first;
	char buf[16];

	for (size_t i = 0; i < 2 * n; i++)	/* by then it is in the loop */
		if (i < n || !wr_set_member(s, edges[e].from))
			e = leads_on(edges, n, edges[e].to);
	m = wr_set_member(s, edges[e].from);
	wr_str_puts(&path, name_of(s, edges[e].from, buf));
	first = e;
	do {
		wr_str_printf(&path, " under %s", name_of(s, edges[e].to, buf));
		e = leads_on(edges, n, edges[e].to);
	} while (e != first);
	REFUSE(s, m ? &m->want : &s->members[0].want, -ELOOP,
	       m && wr_master_of(&m->end) == edges[e].to ? "master" : "link", "is a loop: %s", wr_str_text(&path));
}

static int check_loops(struct wr_set *s)
{
	wr_auto(free) struct edge *edges = calloc(2 * (s->n + s->n_others) + 1, sizeof(*edges));
	size_t n = 0;

	if (!edges)
		return wr_txn_nomem(s->t);
	for (size_t i = 0; i < s->n; i++)
		add_edges(edges, &n, &s->members[i].end);
	for (size_t i = 0; i < s->n_others; i++)
		add_edges(edges, &n, &s->others[i]);
	qsort(edges, n, sizeof(*edges), by_from);
	n = reduce(edges, n);
	return n ? refuse_loop(s, edges, n) : 0;
}

/* --- what stands on what ----------------------------------------------------------------------- */

static int check_lower(struct wr_set *s, const struct wr_member *m)
{
	const struct weir_link *want = &m->want, *lower = wr_set_end(s, wr_lower_of(&m->end));
	bool loose = m->end.vlan.has & WEIR_VLAN_LOOSE_BINDING && m->end.vlan.loose_binding;

	if (!lower)
		return 0;
	if (want->has & WEIR_LINK_MTU && lower->has & WEIR_LINK_MTU && want->mtu > lower->mtu)
		REFUSE(s, want, -EINVAL, "mtu", "%u is above the %u of %s, the link below", want->mtu, lower->mtu,
		       lower->name);
	if (m->end.kind == WEIR_LINK_VLAN && !loose && want->has & WEIR_LINK_UP && want->is_up &&
	    lower->has & WEIR_LINK_UP && !lower->is_up)
		REFUSE(s, want, -ENETDOWN, "up", "%s, the link below, is down", lower->name);
	return 0;
}

/* --- ports ------------------------------------------------------------------------------------- */

static int check_bond_port(struct wr_set *s, const struct weir_link *want, const struct weir_link *bond)
{
	if (want->has & WEIR_LINK_UP && !want->is_up)
		REFUSE(s, want, -EINVAL, "up", "is off, but %s is a bond, which brings its ports up", bond->name);
	if (want->has & WEIR_LINK_MTU && bond->has & WEIR_LINK_MTU && want->mtu != bond->mtu)
		REFUSE(s, want, -EINVAL, "mtu", "%u is not the %u of %s: a bond's ports have its MTU", want->mtu,
		       bond->mtu, bond->name);
	return 0;
}

static int check_master(struct wr_set *s, const struct wr_member *m)
{
	const struct weir_link *want = &m->want, *master = wr_set_end(s, wr_master_of(&m->end));
	const struct wr_port_kind *port = wr_port_of(want);

	if (port && !wr_master_of(&m->end))
		REFUSE(s, want, -EINVAL, "port", "has settings, but there is no master");
	if (!master || !master->kind)
		return 0;
	if (master->kind != WEIR_LINK_BRIDGE && master->kind != WEIR_LINK_BOND && master->kind != WEIR_LINK_VRF)
		REFUSE(s, want, -EOPNOTSUPP, "master", "%s takes no ports: it is a %s", master->name,
		       kind_word(master));
	if (port && strcmp(port->name, kind_word(master)) != 0)
		REFUSE(s, want, -EINVAL, "port", "has settings of a %s's port, but %s is a %s", port->name,
		       master->name, kind_word(master));
	if (m->end.kind == WEIR_LINK_BRIDGE && master->kind == WEIR_LINK_BRIDGE)
		REFUSE(s, want, -ELOOP, "master", "%s is a bridge, and a bridge is no port of a bridge", master->name);
	return master->kind == WEIR_LINK_BOND ? check_bond_port(s, want, master) : 0;
}

static int check_named_port(struct wr_set *s, const struct wr_member *m, uint64_t bit, uint32_t port,
			    const char *attr)
{
	const struct weir_link *l = wr_set_end(s, port);
	char buf[16];

	/* Somebody else's port is not looked up: the kernel knows. */
	if (!(m->want.bond.has & bit) || !port || !l || wr_master_of(l) == (uint32_t)m->want.ifindex)
		return 0;
	REFUSE(s, &m->want, -EINVAL, attr, "%s is no port of it", name_of(s, port, buf));
}

/* What cannot change on a link that lives, and would have to. */
static int check_fixed(struct wr_set *s, const struct wr_member *m, const struct wr_table *t, const void *want,
		       const void *is)
{
	wr_auto(str) struct wr_str words = { 0 };
	uint64_t diff = wr_table_diff(t, want, is);

	for (size_t i = 0; i < t->n; i++) {
		const struct wr_field *f = &t->fields[i];

		if (!(diff & wr_bit(f)) || !(f->flags & WR_FIXED) || f->flags & WR_HEADER)
			continue;
		wr_field_text(f, want, &words);
		wr_str_puts(&words, " instead of ");
		wr_field_text(f, is, &words);
		REFUSE(s, &m->want, -EOPNOTSUPP, f->name, "cannot change while the link lives: %s", wr_str_text(&words));
	}
	return 0;
}

static int check_member(struct wr_set *s, const struct wr_member *m)
{
	const struct weir_bond *b = &m->want.bond;
	const struct wr_kind *k = wr_kind(m->want.kind);
	int r = check_lower(s, m);

	if (!r)
		r = check_master(s, m);
	if (!r && m->exists)
		r = check_fixed(s, m, &wr_link_table, &m->want, &m->is);
	if (!r && m->exists && k && k->table)
		r = check_fixed(s, m, k->table, wr_kind_data(k, &m->want), wr_kind_data(k, &m->is));
	if (!r)
		r = check_named_port(s, m, WEIR_BOND_PRIMARY, b->primary, "primary");
	return r ? r : check_named_port(s, m, WEIR_BOND_ACTIVE, b->active, "active_slave");
}

/* --- all of it ------------------------------------------------------------------------------------ */

static int copy_members(struct wr_set *s, const struct weir_link *links, size_t n)
{
	struct weir_error err = WEIR_ERROR_INIT;

	s->members = calloc(n + 1, sizeof(*s->members));
	if (!s->members)
		return wr_txn_nomem(s->t);
	for (s->n = 0; s->n < n; s->n++) {
		struct weir_link *want = &s->members[s->n].want;

		if (wr_opts_copy(want, sizeof(*want), &links[s->n], "link", &err))
			return wr_txn_fail(s->t, &err);
		if (!(want->has & (WEIR_LINK_NAME | WEIR_LINK_IFINDEX)))
			REFUSE(s, want, -EINVAL, "name", "is missing");
		if (want->has & WEIR_LINK_NAME && wr_check_ifname(want->name))
			REFUSE(s, want, -EINVAL, "name", "is no name for a link");
	}
	return 0;
}

int wr_set_gather(struct wr_set *s, struct weir_link *links, size_t n)
{
	bool more = true;
	int r = copy_members(s, links, n);

	if (!r)
		r = read_members(s);
	for (size_t i = 0; i < n && !r; i++)
		r = complete(s, &s->members[i]);
	if (!r)
		r = sort_members(s);
	if (!r)
		r = check_names(s);
	while (!r && more)
		r = read_storey(s, &more);
	if (!r)
		r = check_loops(s);
	for (size_t i = 0; i < n && !r; i++)
		r = check_member(s, &s->members[i]);
	for (size_t i = 0; i < n && !r; i++) {
		links[i].ifindex = s->members[i].want.ifindex;
		links[i].has |= WEIR_LINK_IFINDEX;
	}
	return r;
}

void wr_set_done(struct wr_set *s)
{
	free(s->members);
	free(s->by_index);
	free(s->others);
	free(s->vlans);
}
