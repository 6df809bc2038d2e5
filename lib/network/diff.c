/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What differs between two definitions, member by member, and what it takes for
 * a running network and its ports to follow. Pure. change.c does what needs no
 * restart, and asks here whether it is enough.
 */
#include <stdio.h>
#include <stdlib.h>

#include <weir/update.h>

#include "base/list.h"
#include "network/check.h"
#include "network/network.h"
#include "network/tables.h"

#define L WEIR_TAKES_NOTHING
#define P WEIR_TAKES_REPLUG
#define R WEIR_TAKES_RESTART

/* The longest path that a member's begins with decides; without one, it is done live. */
static const struct {
	const char *path;
	enum weir_takes changed, added, removed;
} effects[] = {
	{ "name", R, R, R },
	{ "uuid", R, R, R },
	{ "mtu", P, P, P },
	{ "bridge.name", R, R, R },
	{ "bridge.zone", R, R, R },
	{ "forward.managed", P, P, P },
	{ "forward.driver", P, P, P },
	{ "domain.register", R, R, R },
	{ "ips", L, L, L },
	{ "ips.address", R, R, R },
	{ "ips.dhcp", L, L, L },
	{ "vlan", P, P, P },
	{ "virtualport", P, P, P },
	{ "portIsolated", P, P, P },
	{ "trustGuestRxFilters", P, P, P },
	{ "antiSpoofing", P, P, P },
	{ "portgroups", L, L, L },
	{ "portgroups.vlan", P, P, P },
	{ "portgroups.virtualport", P, P, P },
	{ "portgroups.trustGuestRxFilters", P, P, P },
	{ "portgroups.antiSpoofing", P, P, P },
};

enum kind { CHANGED, ADDED, REMOVED };

struct walk {
	const struct weir_network *from, *to;
	struct weir_change *changes;
	size_t n;
	bool failed;
};

/* Where it is: with the items of lists named, and without. */
struct place {
	char shown[160], plain[96];
};

static bool begins(const char *path, const char *with)
{
	size_t n = strlen(with);

	return !strncmp(path, with, n) && (!path[n] || path[n] == '.');
}

/* Between modes whose bridge is the network's own, only the packet filter changes. */
static enum weir_takes mode_effect(const struct walk *w)
{
	return wr_has_own_bridge(w->from) && wr_has_own_bridge(w->to) ? L : R;
}

/* The table of a bridge of the host is not weir's to keep. */
static enum weir_takes manager_effect(const struct walk *w)
{
	const bool kept = w->from->bridge.mac_table_manager == WEIR_MAC_TABLE_MANAGED ||
			  w->to->bridge.mac_table_manager == WEIR_MAC_TABLE_MANAGED;

	return kept ? mode_effect(w) : L;
}

static enum weir_takes effect_of(const struct walk *w, const char *path, enum kind kind)
{
	enum weir_takes ret = L;
	size_t best = 0;

	if (!strcmp(path, "forward.mode"))
		return mode_effect(w);
	if (!strcmp(path, "bridge.macTableManager"))
		return manager_effect(w);
	/* The joins are isolated as the network is, for old ports and new ones. */
	if (!strcmp(path, "portIsolated") && (wr_spread(w->from) > 1 || wr_spread(w->to) > 1))
		return R;
	/* Open vSwitch is told in place. */
	if (wr_wants_ovs(w->from) && wr_wants_ovs(w->to) &&
	    (begins(path, "portgroups.vlan") || begins(path, "portgroups.virtualport.profileid")))
		return L;
	for (size_t i = 0; i < WR_COUNT(effects); i++) {
		size_t n = strlen(effects[i].path);

		if (n <= best || !begins(path, effects[i].path))
			continue;
		best = n;
		ret = kind == ADDED   ? effects[i].added :
		      kind == REMOVED ? effects[i].removed :
					effects[i].changed;
	}
	return ret;
}

static void text_of(const struct wr_table *t, const struct wr_field *f, const void *obj,
		    char ret[WR_SHOWN])
{
	wr_auto(str) struct wr_str text = { 0 };

	if (obj && wr_has(t, f, obj) && f->codec < WR_OBJECT)
		wr_field_text(f, obj, &text);
	wr_shown(wr_str_text(&text), ret);
}

static struct weir_change *note(struct walk *w, const struct place *at, enum kind kind)
{
	struct weir_change *c = wr_append(w->changes, w->n);

	if (!c) {
		w->failed = true;
		return NULL;
	}
	*c = (struct weir_change){ .takes = effect_of(w, at->plain, kind) };
	wr_copy(c->path, sizeof(c->path), at->shown);
	return c;
}

static struct place inside(const struct place *at, const char *name)
{
	struct place in = { .shown = "" };

	wr_format(in.shown, sizeof(in.shown), "%s%s%s", at->shown, *at->shown ? "." : "", name);
	wr_format(in.plain, sizeof(in.plain), "%s%s%s", at->plain, *at->plain ? "." : "", name);
	return in;
}

static void walk_struct(struct walk *w, const struct wr_table *t, const void *a, const void *b,
			const struct place *at);

/* --- lists ------------------------------------------------------------------------------------- */

/* A list, what is left of it between items that are alike at both ends, and the names of those, to be found. */
struct items {
	const struct wr_table *t;
	const char *items;
	size_t from, to;
	char (*names)[WR_SHOWN];
	struct wr_key *sorted;
};

static const void *item_at(const struct items *l, size_t i)
{
	return l->items + i * l->t->size;
}

static const char *name_of(const struct items *l, size_t i)
{
	return l->names[i - l->from];
}

/* What an item is known by: the first member it has. */
static void make_name(const struct items *l, size_t i, char ret[WR_SHOWN])
{
	*ret = '\0';
	for (size_t k = 0; k < l->t->n && !*ret; k++)
		/* The family of an address says less than the address. */
		if (strcmp(l->t->fields[k].name, "family"))
			text_of(l->t, &l->t->fields[k], item_at(l, i), ret);
}

static bool make_names(struct items *l)
{
	size_t n = l->to - l->from;

	l->names = calloc(n + 1, sizeof(*l->names));
	l->sorted = calloc(n + 1, sizeof(*l->sorted));
	if (!l->names || !l->sorted)
		return false;
	for (size_t i = 0; i < n; i++) {
		make_name(l, l->from + i, l->names[i]);
		l->sorted[i] = wr_text_key(l->names[i], l->from + i);
	}
	wr_sort_keys(l->sorted, n);
	return true;
}

static const struct wr_key *find(const struct items *l, const char *name)
{
	return wr_first_key(l->sorted, l->to - l->from, name);
}

/* So that one new item costs no search. */
static void leave_out_alike(struct items *a, struct items *b)
{
	while (a->from < a->to && b->from < b->to &&
	       wr_table_equal(a->t, item_at(a, a->from), item_at(b, b->from))) {
		a->from++;
		b->from++;
	}
	while (a->to > a->from && b->to > b->from &&
	       wr_table_equal(a->t, item_at(a, a->to - 1), item_at(b, b->to - 1))) {
		a->to--;
		b->to--;
	}
}

static struct place place_of_item(const struct place *at, const struct items *l, size_t i)
{
	struct place in = *at;

	wr_format(in.shown, sizeof(in.shown), "%s[%s]", at->shown, name_of(l, i));
	return in;
}

static void whole_item(struct walk *w, const struct items *l, size_t i, const struct place *at,
		       enum kind kind)
{
	struct place in = place_of_item(at, l, i);
	struct weir_change *c = note(w, &in, kind);

	if (c)
		wr_copy(kind == ADDED ? c->to : c->from, sizeof(c->to), "there");
}

static void walk_items(struct walk *w, const struct items *a, const struct items *b, const struct place *at)
{
	for (size_t i = a->from; i < a->to; i++) {
		const struct wr_key *other = find(b, name_of(a, i));
		struct place in = place_of_item(at, a, i);

		if (other)
			walk_struct(w, a->t, item_at(a, i), item_at(b, other->i), &in);
		else
			whole_item(w, a, i, at, REMOVED);
	}
	for (size_t i = b->from; i < b->to; i++)
		if (!find(a, name_of(b, i)))
			whole_item(w, b, i, at, ADDED);
}

static void walk_list(struct walk *w, const struct wr_field *f, const void *a, const void *b,
		      const struct place *at)
{
	struct items la = { .t = f->sub }, lb = { .t = f->sub };

	la.items = wr_list(f, a, &la.to);
	lb.items = wr_list(f, b, &lb.to);
	leave_out_alike(&la, &lb);
	if (make_names(&la) && make_names(&lb))
		walk_items(w, &la, &lb, at);
	else
		w->failed = true;
	free(la.names);
	free(la.sorted);
	free(lb.names);
	free(lb.sorted);
}

/* --- structs ------------------------------------------------------------------------------------- */

static void walk_member(struct walk *w, const struct wr_table *t, const struct wr_field *f,
			const void *a, const void *b, const struct place *at)
{
	bool has_a = wr_has(t, f, a), has_b = wr_has(t, f, b);
	struct place in = inside(at, f->name);
	struct weir_change *c;

	if (has_a == has_b && (!has_a || wr_field_equal(f, a, b)))
		return;
	if (f->codec == WR_OBJECT) {
		walk_struct(w, f->sub, wr_member(f, a), wr_member(f, b), &in);
	} else if (f->codec == WR_LIST) {
		walk_list(w, f, a, b, &in);
	} else if ((c = note(w, &in, CHANGED))) {
		text_of(t, f, a, c->from);
		text_of(t, f, b, c->to);
	}
}

static void walk_struct(struct walk *w, const struct wr_table *t, const void *a, const void *b,
			const struct place *at)
{
	for (size_t i = 0; i < t->n; i++)
		walk_member(w, t, &t->fields[i], a, b, at);
}

int weir_network_diff(const struct weir_network *from, const struct weir_network *to,
		      struct weir_change **ret, size_t *ret_n, struct weir_error *err)
{
	struct walk w = { .from = from, .to = to };
	struct place at = { "", "" };

	walk_struct(&w, &wr_network_table, from, to, &at);
	if (w.failed) {
		free(w.changes);
		return wr_nomem(err);
	}
	*ret = w.changes;
	*ret_n = w.n;
	return 0;
}
