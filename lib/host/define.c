/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Stored definitions: which interface belongs to which group, storing and removing,
 * listing, finding by MAC address. An interface that a stored definition enslaves
 * belongs to that group, and is not a group of its own even if it has a file.
 */
#include <stdio.h>

#include "base/list.h"
#include "host/host.h"

/* --- who owns what ------------------------------------------------------------------------ */

struct claim {
	char port[16], owner[16];
};

struct claims {
	struct claim *claims;
	size_t n;
};

static int add_claims(struct claims *c, const struct weir_group *g, const char *owner)
{
	int r = 0;

	for (size_t i = 0; i < g->n_ports && !r; i++) {
		struct claim *more = wr_append(c->claims, c->n);

		if (!more)
			return -ENOMEM;
		weir_group_name(&g->ports[i], more->port);
		wr_copy(more->owner, sizeof(more->owner), owner);
		r = add_claims(c, &g->ports[i], owner);
	}
	return r;
}

static int by_port(const void *a, const void *b)
{
	return strcmp(((const struct claim *)a)->port, ((const struct claim *)b)->port);
}

static int is_about(const void *port, const void *claim)
{
	return strcmp(port, ((const struct claim *)claim)->port);
}

static void sort_claims(struct claims *c)
{
	if (c->n)
		qsort(c->claims, c->n, sizeof(*c->claims), by_port);
}

static const char *owner_of(const struct claims *c, const char *port)
{
	const struct claim *found = c->n ? bsearch(port, c->claims, c->n, sizeof(*found), is_about) : NULL;

	return found ? found->owner : NULL;
}

/* --- all that is stored --------------------------------------------------------------------- */

struct stored {
	struct weir_group **groups;	/* in the order of names */
	size_t n;
	struct claims claims;
};

static void stored_done(struct stored *s)
{
	for (size_t i = 0; i < s->n; i++)
		weir_group_free(s->groups[i]);
	free(s->groups);
	free(s->claims.claims);
}

/* A damaged definition is its name, and owns nothing: it is no reason to refuse another one. 1: it went. */
static int read_one(struct weir *w, const char *name, struct weir_group **ret, struct weir_error *err)
{
	struct weir_error why = WEIR_ERROR_INIT;
	int r;

	wr_group_config(w, name, ret, &why);
	r = wr_pass_over(&why, err);
	if (r <= 0 || why.code == -ENOENT)
		return r;
	*ret = calloc(1, sizeof(**ret));
	if (*ret)
		wr_copy((*ret)->name, sizeof((*ret)->name), name);
	return *ret ? 0 : wr_nomem(err);
}

static int read_stored(struct weir *w, struct stored *ret, struct weir_error *err)
{
	struct stored s = { 0 };
	char **names = NULL;
	size_t n = 0;
	int r = wr_group_names(w, WR_GROUPS_CONFIG, &names, &n, err);

	if (r)
		return r;
	s.groups = calloc(n + 1, sizeof(struct weir_group *));
	r = s.groups ? 0 : wr_nomem(err);
	for (size_t i = 0; i < n && r >= 0; i++) {
		r = read_one(w, names[i], &s.groups[s.n], err);
		if (r)
			continue;
		if (add_claims(&s.claims, s.groups[s.n], names[i]))
			r = wr_nomem(err);
		s.n++;
	}
	wr_names_free(names, n);
	sort_claims(&s.claims);
	*ret = s;
	return r < 0 ? r : 0;
}

/* --- defining ------------------------------------------------------------------------------------ */

static const struct weir_group *find_named(const struct weir_group *const *groups, size_t n, const char *name)
{
	char own[16];

	for (size_t i = 0; i < n; i++)
		if (!strcmp(weir_group_name(groups[i], own), name))
			return groups[i];
	return NULL;
}

/* No two groups may have an interface in common: neither of the new ones nor a stored one. */
static int check_claims(const struct stored *s, const struct weir_group *const *groups, size_t n,
			struct weir_error *err)
{
	struct claims all = { 0 };
	char name[16], object[64];
	int r = 0;

	for (size_t i = 0; i < n && !r; i++)
		r = add_claims(&all, groups[i], weir_group_name(groups[i], name));
	/* What is replaced owns nothing any longer; @groups is short, or nothing is stored yet. */
	for (size_t i = 0; i < s->n && !r; i++)
		if (!find_named(groups, n, s->groups[i]->name))
			r = add_claims(&all, s->groups[i], s->groups[i]->name);
	if (r) {
		free(all.claims);
		return wr_nomem(err);
	}
	sort_claims(&all);
	for (size_t i = 1; i < all.n && !r; i++)
		if (!strcmp(all.claims[i - 1].port, all.claims[i].port)) {
			wr_format(object, sizeof(object), "interface %s", all.claims[i].port);
			r = wr_refuse(err, -EEXIST, object, "", "is a port of %s and of %s", all.claims[i - 1].owner,
				      all.claims[i].owner);
		}
	for (size_t i = 0; i < n && !r; i++) {
		const char *owner = owner_of(&all, weir_group_name(groups[i], name));

		if (!owner)
			continue;
		wr_format(object, sizeof(object), "interface %s", name);
		r = wr_refuse(err, -EEXIST, object, "name", "is a port of %s", owner);
	}
	free(all.claims);
	return r;
}

static int forget_ports(struct weir_txn *t, const struct weir_group *g)
{
	char name[16];
	int r = 0;

	for (size_t i = 0; i < g->n_ports && !r; i++) {
		weir_group_name(&g->ports[i], name);
		if (wr_group_has(weir_txn_handle(t), WR_GROUPS_CONFIG, name))
			r = wr_txn_group_forget(t, WR_GROUPS_CONFIG, name);
		if (!r)
			r = forget_ports(t, &g->ports[i]);
	}
	return r;
}

/* A vlan without a name is stored under the one that it gets. */
static int store(struct weir_txn *t, const struct weir_group *group)
{
	struct weir_group named = *group;

	weir_group_name(group, named.name);
	return wr_txn_group_store(t, &named);
}

/* Where a vlan's base leads, through the groups of either list; NULL: to none of them. */
static const struct weir_group *group_with(const struct weir_group *const *groups, size_t n,
					   const struct stored *s, const char *name)
{
	const struct weir_group *found = find_named(groups, n, name);

	for (size_t i = 0; i < s->n && !found; i++)
		if (!strcmp(s->groups[i]->name, name))
			found = s->groups[i];
	return found;
}

/* Whether @top is found below @g; @most ends a loop that does not lead through @top. */
static bool leads_to(const struct weir_group *const *groups, size_t n, const struct stored *s,
		     const struct weir_group *g, const char *top, int most)
{
	const struct weir_group *base;

	for (size_t i = 0; i < g->n_ports; i++)
		if (leads_to(groups, n, s, &g->ports[i], top, most))
			return true;
	if (g->type != WEIR_GROUP_VLAN || !most)
		return false;
	if (!strcmp(g->vlan.base, top))
		return true;
	base = group_with(groups, n, s, g->vlan.base);
	return base && leads_to(groups, n, s, base, top, most - 1);
}

static int check_loops(const struct stored *s, const struct weir_group *const *groups, size_t n,
		       struct weir_error *err)
{
	char name[16], object[64];
	int r = 0;

	for (size_t i = 0; i < n && !r; i++) {
		weir_group_name(groups[i], name);
		if (!leads_to(groups, n, s, groups[i], name, 16))
			continue;
		wr_format(object, sizeof(object), "interface %s", name);
		r = wr_refuse(err, -ELOOP, object, "vlan.base", "would be below itself");
	}
	return r;
}

int weir_txn_groups_define(struct weir_txn *t, const struct weir_group *const *groups, size_t n)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct stored s = { 0 };
	int r = 0;

	if (n && !groups)
		r = wr_refuse(&err, -EINVAL, "interface", "", "is missing");
	for (size_t i = 0; i < n && !r; i++)
		r = weir_group_check(groups[i], &err);
	if (!r)
		r = read_stored(weir_txn_handle(t), &s, &err);
	if (!r)
		r = check_claims(&s, groups, n, &err);
	if (!r)
		r = check_loops(&s, groups, n, &err);
	if (r)
		weir_txn_refuse(t, &err);
	/* First the new owners: a file of a port that is left over is not listed. */
	for (size_t i = 0; i < n && !r; i++)
		r = store(t, groups[i]);
	for (size_t i = 0; i < n && !r; i++)
		r = forget_ports(t, groups[i]);
	stored_done(&s);
	return r;
}

int weir_txn_group_undefine(struct weir_txn *t, const char *name)
{
	struct weir_error err = WEIR_ERROR_INIT;

	if (wr_group_has(weir_txn_handle(t), WR_GROUPS_CONFIG, name))
		return wr_txn_group_forget(t, WR_GROUPS_CONFIG, name);
	wr_group_config(weir_txn_handle(t), name, &(struct weir_group *){ NULL }, &err);
	return weir_txn_refuse(t, &err);
}

/* --- reading ---------------------------------------------------------------------------------------- */

int weir_group_get(struct weir *w, const char *name, struct weir_group **ret, struct weir_error *err)
{
	return wr_group_config(w, name, ret, err);
}

struct listing {
	struct weir_group_entry *entries;
	size_t n;
};

static void describe(struct weir_group_entry *e, const struct wr_host *h, const struct weir_group *g)
{
	const struct weir_link *real = wr_host_link(h, g->name);

	wr_copy(e->name, sizeof(e->name), g->name);
	e->type = g->type;
	e->start = g->start;
	e->n_ports = (uint32_t)g->n_ports;
	if (!real)
		return;
	if (real->has & WEIR_LINK_MAC)
		memcpy(e->mac, real->mac, sizeof(e->mac));
	e->is_active = real->is_up && (g->type != WEIR_GROUP_ETHERNET ||
				       !(real->has & WEIR_LINK_CARRIER) || real->has_carrier);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct weir_group_entry *)a)->name,
		      ((const struct weir_group_entry *)b)->name);
}

static int by_stored_name(const void *name, const void *group)
{
	return strcmp(name, (*(struct weir_group *const *)group)->name);
}

static bool is_stored(const struct stored *s, const char *name)
{
	return s->n && bsearch(name, s->groups, s->n, sizeof(*s->groups), by_stored_name);
}

static int list_all(const struct stored *s, const struct wr_host *h, struct listing *ret)
{
	ret->entries = calloc(s->n + h->n_live + 1, sizeof(*ret->entries));
	if (!ret->entries)
		return -ENOMEM;
	for (size_t i = 0; i < s->n; i++) {
		if (owner_of(&s->claims, s->groups[i]->name))
			continue;
		describe(&ret->entries[ret->n], h, s->groups[i]);
		ret->entries[ret->n].is_defined = true;
		ret->entries[ret->n++].is_up = wr_host_live(h, s->groups[i]->name) != NULL;
	}
	for (size_t i = 0; i < h->n_live; i++) {
		if (is_stored(s, h->live[i]->group.name))
			continue;
		describe(&ret->entries[ret->n], h, &h->live[i]->group);
		ret->entries[ret->n++].is_up = true;
	}
	qsort(ret->entries, ret->n, sizeof(*ret->entries), by_name);
	return 0;
}

int weir_group_list(struct weir *w, struct weir_group_entry **ret, size_t *ret_n,
		    struct weir_error *err)
{
	wr_auto(host) struct wr_host h = { 0 };
	struct listing l = { NULL, 0 };
	struct stored s = { 0 };
	int r = weir_config_dir(w) ? read_stored(w, &s, err) : 0;

	if (!r)
		r = wr_host_read_links(w, &h, err);
	if (!r)
		r = list_all(&s, &h, &l) ? wr_nomem(err) : 0;
	stored_done(&s);
	if (r)
		return r;
	*ret = l.entries;
	*ret_n = l.n;
	return 0;
}

int weir_group_by_mac(struct weir *w, const uint8_t mac[6], struct weir_group_entry **ret,
		      size_t *ret_n, struct weir_error *err)
{
	struct weir_group_entry *all = NULL;
	size_t n = 0, kept = 0;
	int r = weir_group_list(w, &all, &n, err);

	if (r)
		return r;
	for (size_t i = 0; i < n; i++)
		if (!memcmp(all[i].mac, mac, 6))
			all[kept++] = all[i];
	*ret = all;
	*ret_n = kept;
	return 0;
}
