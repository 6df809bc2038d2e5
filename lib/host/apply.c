/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A plan as steps of a transaction: names become indexes, records are written, and
 * the last step reads back whether everything that was asked for is so. That step
 * is a plan itself: where another plan would still change something, the change did
 * not take, and the transaction is undone.
 */
#include <stdio.h>

#include <weir/json.h>

#include "base/ip.h"
#include "base/list.h"
#include "host/host.h"

/* --- names to indexes ---------------------------------------------------------------------- */

struct made {
	const char *name;
	int ifindex;
};

struct emission {
	struct weir_txn *t;
	const struct wr_host *host;
	struct made *made;	/* in the order in which they are made */
	size_t n_made;
};

static int index_of(const struct emission *e, const char *name)
{
	const struct weir_link *real = wr_host_link(e->host, name);

	if (real)
		return real->ifindex;
	for (size_t i = e->n_made; i > 0; i--)
		if (!strcmp(e->made[i - 1].name, name))
			return e->made[i - 1].ifindex;
	return 0;
}

/* --- one step --------------------------------------------------------------------------------- */

static int emit_add(struct emission *e, const struct wr_plan_step *s)
{
	struct weir_link l = s->link;
	int r;

	if (*s->lower) {
		l.has |= WEIR_LINK_LOWER;
		l.lower = (uint32_t)index_of(e, s->lower);
	}
	r = weir_txn_link_add(e->t, &l);
	if (r > 0)
		e->made[e->n_made++] = (struct made){ s->dev, r };
	return r < 0 ? r : 0;
}

static int emit_set(struct emission *e, const struct wr_plan_step *s)
{
	struct weir_link l = s->link;

	l.ifindex = index_of(e, s->dev);
	l.has |= WEIR_LINK_IFINDEX;
	if (*s->master)
		l.master = (uint32_t)index_of(e, s->master);
	if (*s->primary)
		l.bond.primary = (uint32_t)index_of(e, s->primary);
	return s->action == WR_BOND_SET ? weir_txn_links(e->t, &l, 1) : weir_txn_link_set(e->t, &l);
}

static int emit_addr(struct emission *e, const struct wr_plan_step *s)
{
	struct weir_addr a = s->addr;

	a.ifindex = index_of(e, s->dev);
	return s->action == WR_ADDR_ADD ? weir_txn_addr_add(e->t, &a) : weir_txn_addr_del(e->t, &a);
}

static int emit_route(struct emission *e, const struct wr_plan_step *s)
{
	struct weir_route r = s->route;

	r.ifindex = index_of(e, s->dev);
	return s->action == WR_ROUTE_ADD ? weir_txn_route_add(e->t, &r) :
					   weir_txn_route_del(e->t, &r);
}

static int emit(struct emission *e, const struct wr_plan_step *s)
{
	switch (s->action) {
	case WR_LINK_ADD:
		return emit_add(e, s);
	case WR_LINK_SET:
	case WR_BOND_SET:
		return emit_set(e, s);
	case WR_LINK_DEL:
		return weir_txn_link_del(e->t, index_of(e, s->dev), s->dev);
	case WR_LINK_RESTORE:
		return weir_txn_link_restore(e->t, index_of(e, s->dev));
	case WR_ADDR_ADD:
	case WR_ADDR_DEL:
		return emit_addr(e, s);
	case WR_ROUTE_ADD:
	case WR_ROUTE_DEL:
		return emit_route(e, s);
	case WR_SYSCTL:
		return weir_txn_sysctl_set(e->t, s->sysctl.key, s->sysctl.value, true);
	case WR_DHCP_START:
		return wr_dhcp_start(e->t, s->dev, s->dhcp.family, s->dhcp.peerdns);
	case WR_DHCP_STOP:
		return wr_dhcp_stop(e->t, s->dev, s->dhcp.family, s->dhcp.peerdns);
	case WR_NOTHING:
		break;
	}
	return 0;
}

/* --- records -------------------------------------------------------------------------------------- */

static int emit_records(struct emission *e, struct wr_plan *p)
{
	int r = 0;

	if (!weir_state_dir(weir_txn_handle(e->t)))
		return 0;
	for (size_t i = 0; i < p->n_live && !r; i++) {
		struct wr_live_group *live = p->live[i];
		const struct wr_live_group *was = wr_host_live(e->host, live->group.name);

		for (size_t k = 0; k < live->n_links; k++)
			live->links[k].ifindex = index_of(e, live->links[k].name);
		if (!was || !wr_live_group_equal(was, live))
			r = wr_txn_group_record(e->t, live);
	}
	for (size_t i = 0; i < p->n_forget && !r; i++)
		if (wr_host_live(e->host, p->forget[i]))
			r = wr_txn_group_forget(e->t, WR_GROUPS_LIVE, p->forget[i]);
	return r;
}

/* --- reading back ----------------------------------------------------------------------------------- */

/* The definitions behind each other, each with a zero byte. */
static int emit_verify(struct emission *e, const struct weir_group *const *groups, size_t n)
{
	struct weir_error err = WEIR_ERROR_INIT;
	wr_auto(str) struct wr_str all = { 0 };

	for (size_t i = 0; i < n; i++) {
		wr_auto(free) char *json = NULL;

		if (weir_group_json(groups[i], &json))
			all.failed = true;
		else
			wr_str_add(&all, json, strlen(json) + 1);
	}
	if (all.failed) {
		wr_nomem(&err);
		return weir_txn_refuse(e->t, &err);
	}
	return weir_txn_step(e->t, &weir_group_verify_step, "interfaces",
			     &(struct weir_blob){ all.data, all.len }, 1);
}

struct groups {
	struct weir_group **groups;
	size_t n;
};

static void groups_done(struct groups *g)
{
	for (size_t i = 0; i < g->n; i++)
		weir_group_free(g->groups[i]);
	free(g->groups);
}

static int read_groups(const struct weir_blob *part, struct groups *ret, struct weir_error *err)
{
	const char *text = part->data, *end = text + part->len;
	size_t n = 0;
	int r = 0;

	for (const char *c = text; c < end; c++)
		n += !*c;
	ret->groups = calloc(n + 1, sizeof(struct weir_group *));
	if (!ret->groups)
		return wr_nomem(err);
	for (; text < end && !r; text += strlen(text) + 1) {
		r = weir_group_parse(text, strlen(text), &ret->groups[ret->n], err);
		ret->n += !r;
	}
	return r;
}

static int verify_groups(struct weir *w, const struct weir_step *s, struct weir_error *err)
{
	const struct weir_blob part = weir_step_part(s, 0);
	wr_auto(host) struct wr_host h = { 0 };
	wr_auto(plan) struct wr_plan p = { 0 };
	struct groups g = { NULL, 0 };
	struct wr_wanted want = { .n_up = 0 };
	int r = read_groups(&part, &g, err);

	want.up = (const struct weir_group *const *)g.groups;
	want.n_up = g.n;
	if (!r)
		r = wr_host_read(w, &h, err);
	if (!r)
		r = wr_plan_make(&p, &h, &want, true, err);
	if (!r && p.n)
		r = wr_error(err, -EIO, WEIR_STAGE_KERNEL, p.steps[0]->shown.object, "",
			     "did not become what was asked for: %s", p.steps[0]->shown.what);
	groups_done(&g);
	return r;
}

/* Or that a link has what its DHCP client needs. */
static int verify(struct weir *w, const struct weir_step *s, struct weir_error *err)
{
#ifndef WR_NO_LOOK
	const struct weir_blob dev = weir_step_part(s, 1);

	if (dev.len)
		return wr_dhcp_wait(w, dev.data, err);
#endif
	return verify_groups(w, s, err);
}

static char *plan_verify(const struct weir_step *s)
{
	return strdup("");
}

const struct weir_step_ops weir_group_verify_step = {
	.sz = sizeof(weir_group_verify_step), .name = "group-verify", .apply = verify,
	.plan = plan_verify,
};

/* --- a whole plan --------------------------------------------------------------------------------------- */

int wr_plan_emit(struct weir_txn *t, const struct wr_host *h, struct wr_plan *p,
		 const struct weir_group *const *groups, size_t n)
{
	wr_auto(free) struct made *made = calloc(p->n + 1, sizeof(*made));
	struct emission e = { .t = t, .host = h, .made = made };
	struct weir_error err = WEIR_ERROR_INIT;
	int r = 0;

	if (!made) {
		wr_nomem(&err);
		return weir_txn_refuse(t, &err);
	}
	/* First, so that an undo comes to it last, when all links are what they were. */
	for (size_t i = 0; i < h->n_links && !r; i++)
		if (wr_plan_loses(p, h, &h->links[i]))
			r = weir_txn_link_keep(t, h->links[i].ifindex);
	for (size_t i = 0; i < p->n && !r; i++)
		r = emit(&e, p->steps[i]);
	if (!r)
		r = emit_records(&e, p);
	if (!r && p->n && n)
		emit_verify(&e, groups, n);
	return weir_txn_error(t, NULL);
}

/* --- what goes down ------------------------------------------------------------------------------------ */

/* A group that somebody else brought up: its links are what they are, and stay, unless weir made them. */
static int add_line(struct wr_live_group *live, const struct wr_host *h, const struct weir_group *g,
		    bool is_port)
{
	const struct weir_link *real;
	struct wr_live_link *more;
	char name[16];
	int r = 0;

	real = wr_host_link(h, weir_group_name(g, name));
	if (real) {
		more = wr_append(live->links, live->n_links);
		if (!more)
			return -ENOMEM;
		*more = (struct wr_live_link){ .ifindex = real->ifindex, .raised = true,
					       .enslaved = is_port };
		more->made = real->group == WEIR_LINK_GROUP && g->type != WEIR_GROUP_ETHERNET;
		wr_copy(more->name, sizeof(more->name), name);
	}
	for (size_t i = 0; i < g->n_ports && !r; i++)
		r = add_line(live, h, &g->ports[i], true);
	return r;
}

static int make_record(struct weir *w, const struct wr_host *h, const char *name,
		       struct wr_live_group **ret, struct weir_error *err)
{
	wr_auto(free) struct weir_group *g = NULL;
	struct wr_live_group *live;
	int r = weir_group_get(w, name, &g, err);

	if (r)
		return r;
	live = calloc(1, sizeof(*live));
	if (!live) {
		weir_group_free(wr_take(g));
		return wr_nomem(err);
	}
	live->group = *g;
	weir_group_name(g, live->group.name);
	if (add_line(live, h, &live->group, false)) {
		wr_live_group_free(live);
		return wr_nomem(err);
	}
	*ret = live;
	return 0;
}

struct going {
	const struct wr_live_group **all;
	struct wr_live_group **own;	/* made here for groups without a record */
	size_t n, n_own;
};

static void going_done(struct going *g)
{
	for (size_t i = 0; i < g->n_own; i++)
		wr_live_group_free(g->own[i]);
	free(g->own);
	free(g->all);
}

static int find_going(struct weir *w, const struct wr_host *h, const char *const *names, size_t n,
		      struct going *ret, struct weir_error *err)
{
	int r = 0;

	ret->all = calloc(n + 1, sizeof(const struct wr_live_group *));
	ret->own = calloc(n + 1, sizeof(struct wr_live_group *));
	if (!ret->all || !ret->own)
		return wr_nomem(err);
	for (size_t i = 0; i < n && !r; i++) {
		if (!names || !names[i])
			return wr_refuse(err, -EINVAL, "interface", "name", "is missing");
		ret->all[i] = wr_host_live(h, names[i]);
		if (ret->all[i])
			continue;
		r = make_record(w, h, names[i], &ret->own[ret->n_own], err);
		if (!r)
			ret->all[i] = ret->own[ret->n_own++];
	}
	ret->n = n;
	return r;
}

/* --- all of it ------------------------------------------------------------------------------------------ */

static int check_all(const struct weir_group *const *groups, size_t n, struct weir_error *err)
{
	int r = 0;

	for (size_t i = 0; i < n && !r; i++)
		r = weir_group_check(groups ? groups[i] : NULL, err);
	return r;
}

int weir_txn_groups_change(struct weir_txn *t, const struct weir_group *const *up, size_t n_up,
			   const char *const *down, size_t n_down, enum weir_effect worst)
{
	struct weir *w = weir_txn_handle(t);
	struct weir_error err = WEIR_ERROR_INIT;
	wr_auto(host) struct wr_host h = { 0 };
	wr_auto(plan) struct wr_plan p = { 0 };
	struct wr_wanted want = { .up = up, .n_up = n_up };
	struct going going = { .n = 0 };
	int r = check_all(up, n_up, &err);

	if (!r)
		r = wr_host_read(w, &h, &err);
	if (!r)
		r = find_going(w, &h, down, n_down, &going, &err);
	want.down = going.all;
	want.n_down = going.n;
	if (!r)
		r = wr_plan_make(&p, &h, &want, false, &err);
	if (!r)
		r = wr_plan_allow(&p, worst, &err);
	r = r ? weir_txn_refuse(t, &err) : wr_plan_emit(t, &h, &p, up, n_up);
	going_done(&going);
	return r;
}

int weir_txn_groups_up(struct weir_txn *t, const struct weir_group *const *groups, size_t n,
		       enum weir_effect worst)
{
	return weir_txn_groups_change(t, groups, n, NULL, 0, worst);
}

int weir_txn_groups_down(struct weir_txn *t, const char *const *names, size_t n)
{
	return weir_txn_groups_change(t, NULL, 0, names, n, WEIR_EFFECT_ADDRESS_LOSS);
}

int weir_groups_plan(struct weir *w, const struct weir_group *const *groups, size_t n,
		     struct weir_plan_step **ret, size_t *ret_n, struct weir_error *err)
{
	const struct wr_wanted want = { .up = groups, .n_up = n };
	wr_auto(host) struct wr_host h = { 0 };
	wr_auto(plan) struct wr_plan p = { 0 };
	struct weir_plan_step *steps;
	int r = check_all(groups, n, err);

	if (!r)
		r = wr_host_read(w, &h, err);
	if (!r)
		r = wr_plan_make(&p, &h, &want, false, err);
	if (r)
		return r;
	steps = calloc(p.n + 1, sizeof(*steps));
	if (!steps)
		return wr_nomem(err);
	for (size_t i = 0; i < p.n; i++)
		steps[i] = p.steps[i]->shown;
	*ret = steps;
	*ret_n = p.n;
	return 0;
}
