/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the kernel makes of a plan's steps: which links of the host are up by now, and
 * which have lost something. The rules, all of them:
 *
 *	- a link that goes down loses its IPv6 addresses and all routes by it, for good;
 *	- the vlans on it go down and come up with it (but for those with loose binding);
 *	- a bond brings up what becomes its port, and sets down what leaves it;
 *	- a bond that changes its mode goes down, if it is up, and all its ports leave
 *	  and come back; some options want the one or the other (weir_txn_links());
 *	- what is deleted goes when all other steps are done: until then nothing changes.
 *
 * So whoever plans a step need not know its side effects. This file tells whether a
 * link is up by then, and keeps what a link is about to lose for an undo. What links
 * lost as a side effect comes back when all of them are as they will be.
 */
#include "host/plan.h"

/* --- the beginning ----------------------------------------------------------------------- */

static struct wr_fate *fate_of(const struct wr_plan *plan, const struct wr_host *h,
			       const struct weir_link *link)
{
	return &plan->fates[link - h->links];
}

static bool goes_with_base(const struct weir_link *l)
{
	return l->kind == WEIR_LINK_VLAN && l->has & WEIR_LINK_LOWER &&
	       !(l->vlan.has & WEIR_VLAN_LOOSE_BINDING && l->vlan.loose_binding);
}

int wr_fates_begin(struct wr_plan *plan, const struct wr_host *h)
{
	plan->fates = calloc(h->n_links + 1, sizeof(*plan->fates));
	if (!plan->fates)
		return -ENOMEM;
	for (size_t i = 0; i < h->n_links; i++) {
		const struct weir_link *l = &h->links[i];
		const struct weir_link *master = wr_host_index(h, l->has & WEIR_LINK_MASTER ? (int)l->master : 0);
		const struct weir_link *base = goes_with_base(l) ? wr_host_index(h, (int)l->lower) : NULL;
		struct wr_fate *f = &plan->fates[i];

		f->is_up = l->is_up;
		/* What is in a VRF has addresses as if it had no master. */
		wr_copy(f->master, sizeof(f->master), master && master->kind != WEIR_LINK_VRF ? master->name : "");
		f->in_bond = master && master->kind == WEIR_LINK_BOND;
		if (base) {
			f->next = fate_of(plan, h, base)->vlans;
			fate_of(plan, h, base)->vlans = f;
		}
	}
	return 0;
}

/* --- one step ------------------------------------------------------------------------------ */

static void set_up(struct wr_fate *f, bool up)
{
	if (f->is_up == up)
		return;
	f->is_up = up;
	f->loses |= !up;
	f->was_down |= !up;
	for (struct wr_fate *v = f->vlans; v; v = v->next)
		set_up(v, up);
}

static void flap(struct wr_fate *f)
{
	set_up(f, false);
	set_up(f, true);
}

static void move(struct wr_fate *f, const struct wr_plan_step *s)
{
	if (f->in_bond)
		set_up(f, false);
	wr_copy(f->master, sizeof(f->master), s->master);
	f->in_bond = s->to_bond;
	if (f->in_bond)
		set_up(f, true);
}

static void change_bond(struct wr_plan *plan, const struct wr_host *h, struct wr_fate *bond,
			const struct wr_plan_step *s)
{
	bool is_emptied = s->link.bond.has & WR_BOND_WANTS_EMPTY;

	if (bond->is_up && s->link.bond.has & WR_BOND_WANTS_DOWN)
		flap(bond);
	for (size_t i = 0; i < h->n_links && is_emptied; i++)
		if (!strcmp(plan->fates[i].master, s->dev))
			flap(&plan->fates[i]);
}

static void follow(struct wr_plan *plan, const struct wr_host *h, const struct wr_plan_step *s)
{
	const struct weir_link *link = wr_host_link(h, s->dev);
	struct wr_fate *f;

	if (!link)
		return;		/* the plan makes it */
	f = fate_of(plan, h, link);
	switch (s->action) {
	case WR_LINK_SET:
		if (s->link.has & WEIR_LINK_MASTER)
			move(f, s);
		if (s->link.has & WEIR_LINK_UP)
			set_up(f, s->link.is_up);
		break;
	case WR_BOND_SET:
		change_bond(plan, h, f, s);
		break;
	case WR_ADDR_DEL:
	case WR_ROUTE_DEL:
		f->loses = true;
		break;
	default:
		break;
	}
}

static void catch_up(struct wr_plan *plan, const struct wr_host *h)
{
	while (plan->n_followed < plan->n)
		follow(plan, h, plan->steps[plan->n_followed++]);
}

/* --- what is asked ------------------------------------------------------------------------- */

bool wr_plan_is_up(const struct wr_planning *p, const char *name)
{
	const struct weir_link *link = wr_host_link(p->host, name);

	catch_up(p->plan, p->host);
	return link && fate_of(p->plan, p->host, link)->is_up;
}

bool wr_plan_was_down(const struct wr_planning *p, const struct weir_link *link)
{
	catch_up(p->plan, p->host);
	return fate_of(p->plan, p->host, link)->was_down;
}

/* A port has no use for addresses, and in a bond it can have none. */
int wr_plan_restore(struct wr_plan *plan, const struct wr_host *h, struct weir_error *err)
{
	catch_up(plan, h);
	for (size_t i = 0; i < h->n_links; i++) {
		const struct wr_fate *f = &plan->fates[i];
		const struct weir_link *l = &h->links[i];
		struct wr_planning p = { .plan = plan, .host = h, .err = err };

		if (!f->was_down || !f->is_up || *f->master)
			continue;
		wr_copy(p.name, sizeof(p.name), l->name);
		if (wr_plan_bare(&p, WR_LINK_RESTORE, WEIR_EFFECT_FLAP, *l->kind_name ? l->kind_name : "link", l->name,
				 "was down for a moment: its addresses and routes come back"))
			return -ENOMEM;
	}
	return 0;
}

bool wr_plan_loses(struct wr_plan *plan, const struct wr_host *h, const struct weir_link *link)
{
	catch_up(plan, h);
	return fate_of(plan, h, link)->loses;
}
