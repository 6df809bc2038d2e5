/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What goes: links, ports and whole interfaces that an earlier definition had and the
 * one that is wanted has not, and groups that are taken down. How an address, a route
 * or DHCP goes is in plan_addr.c.
 */
#include "base/list.h"
#include "host/plan.h"

/* --- links that go ---------------------------------------------------------------------------- */

static const struct weir_link *same_link(const struct wr_planning *p,
					 const struct wr_live_link *line)
{
	const struct weir_link *real = wr_host_link(p->host, line->name);

	return real && real->ifindex == line->ifindex ? real : NULL;
}

static bool goes_down(const struct wr_planning *p, const char *name)
{
	for (size_t i = 0; i < p->all->n_down; i++)
		if (!strcmp(p->all->down[i]->group.name, name))
			return true;
	return false;
}

/* Whether this plan makes something else of a link that @line's group had. */
static bool wanted_elsewhere(const struct wr_planning *p, const char *name)
{
	for (size_t i = 0; i < p->all->n_up; i++)
		if (wr_plan_names(p->all->up[i], name))
			return true;
	return false;
}

static bool bases(const struct weir_group *g, const char *name)
{
	if (g->type == WEIR_GROUP_VLAN && !strcmp(g->vlan.base, name))
		return true;
	for (size_t i = 0; i < g->n_ports; i++)
		if (bases(&g->ports[i], name))
			return true;
	return false;
}

/* Whether a vlan of this plan stands on it. */
static bool is_base(const struct wr_planning *p, const char *name)
{
	for (size_t i = 0; i < p->all->n_up; i++)
		if (bases(p->all->up[i], name))
			return true;
	return false;
}

/* A link goes down, unless it must carry a vlan. */
static int lower(struct wr_planning *p, const char *kind, const char *name)
{
	return is_base(p, name) || !wr_plan_is_up(p, name) ? 0 :
		       wr_plan_set_up(p, WEIR_EFFECT_FLAP, kind, name, false);
}

/*
 * Whether its master is deleted, which lets it go: for each port that is let go by
 * itself the kernel waits a grace period, for all links that are deleted once.
 */
static bool goes_with_master(const struct wr_planning *p, const struct weir_link *real)
{
	const struct wr_live_link *master = wr_plan_line(p->was, wr_host_master(p->host, real));

	/* A bond that is deleted leaves its ports down: not one on which a vlan stands. */
	return master && master->made && goes_down(p, p->name) && same_link(p, master) &&
	       !wanted_elsewhere(p, master->name) && !is_base(p, real->name);
}

static int release(struct wr_planning *p, const struct wr_live_link *line,
		   const struct weir_link *real, bool lower_it)
{
	struct wr_plan_step *s;
	int r = 0;

	if (line->enslaved && goes_with_master(p, real)) {
		r = wr_plan_bare(p, WR_NOTHING, WEIR_EFFECT_FLAP, "port", line->name, "is let go");
	} else if (line->enslaved && *wr_host_master(p->host, real)) {
		s = wr_plan_set(p, WEIR_EFFECT_FLAP, "port", line->name, "is let go");
		if (!s)
			return -ENOMEM;
		s->link.has = WEIR_LINK_MASTER;
	}
	return r || !line->raised || !lower_it ? r : lower(p, "port", line->name);
}

static int delete_link(struct wr_planning *p, const struct wr_live_link *line)
{
	return wr_plan_bare(p, WR_LINK_DEL, WEIR_EFFECT_REMAKE, "link", line->name, "is deleted");
}

int wr_plan_leave_links(struct wr_planning *p)
{
	int r = 0;

	for (size_t i = p->was ? p->was->n_links : 0; i > 0 && !r; i--) {
		const struct wr_live_link *line = &p->was->links[i - 1];
		const struct weir_link *real = same_link(p, line);

		/* Most often its own group wants it still, and the others, which may be thousands, need not be asked. */
		if (!real || wr_plan_names(p->top, line->name) || wanted_elsewhere(p, line->name))
			continue;
		r = release(p, line, real, true);
		if (!r && line->made)
			r = delete_link(p, line);
	}
	return r;
}

/* --- another definition ----------------------------------------------------------------------- */

static int forget(struct wr_planning *p, const char *name)
{
	char (*more)[16] = wr_append(p->plan->forget, p->plan->n_forget);

	if (!more)
		return wr_nomem(p->err);
	wr_copy(*more, sizeof(*more), name);
	return 0;
}

/*
 * What a group had on top and @now has not, but for the addresses where others come in their stead: they go behind those.
 * @real: where its routes are; @stays: the same, or NULL if it is deleted and takes its addresses along.
 */
static int drop_top_of(struct wr_planning *p, const struct weir_group *was, const struct weir_group *now,
		       const struct weir_link *stays, const struct weir_link *real)
{
	int r = wr_plan_prepare_drop(p, was, now, stays);

	if (!r)
		r = wr_plan_stop_dhcp(p, was, now);
	if (!r)
		r = wr_plan_drop_routes(p, was, now, real);
	return r || now ? r : wr_plan_drop_addrs(p, was, NULL, stays);
}

/* An interface that was a group of its own and is a port now. */
static int absorb(struct wr_planning *p, const struct weir_group *g)
{
	struct wr_planning own = *p;
	int r = 0;

	for (size_t i = 0; i < g->n_ports && !r; i++) {
		const struct weir_group *port = &g->ports[i];
		const struct weir_link *real;
		const struct wr_live_group *live;

		weir_group_name(port, own.name);
		live = wr_host_live(p->host, own.name);
		real = wr_host_link(p->host, own.name);
		if (live && !goes_down(p, own.name)) {
			own.top = &live->group;
			r = drop_top_of(&own, &live->group, NULL, real, real);
			if (!r)
				r = forget(p, own.name);
		}
		if (!r)
			r = absorb(p, port);
	}
	return r;
}

/* Other addresses go when the new ones are there; but a route can be there once only. */
int wr_plan_leave_top(struct wr_planning *p)
{
	const struct weir_link *real = wr_host_link(p->host, p->name);
	int r = absorb(p, p->top);

	return r || !p->was ? r : drop_top_of(p, &p->was->group, p->top, real, real);
}

/* --- down ------------------------------------------------------------------------------------- */

/* A master that goes takes all its ports with it, also somebody else's. */
static int name_strangers(struct wr_planning *p, const struct weir_link *master)
{
	int r = 0;

	for (size_t i = 0; i < p->host->n_links && !r; i++) {
		const struct weir_link *port = &p->host->links[i];

		if (!(port->has & WEIR_LINK_MASTER) || port->master != (uint32_t)master->ifindex ||
		    wr_plan_line(p->was, port->name))
			continue;
		r = wr_plan_bare(p, WR_NOTHING, WEIR_EFFECT_FLAP, "port", port->name,
				 "is somebody else's, and loses its master");
	}
	return r;
}

/*
 * Links that another group wants now are left to it. The last port goes first: an
 * undo takes them back the other way round, and a bridge numbers them as they come.
 */
static int drop_ports(struct wr_planning *p, const struct wr_live_link *top)
{
	int r = 0;

	for (size_t i = p->was->n_links; i > 0 && !r; i--) {
		const struct wr_live_link *line = &p->was->links[i - 1];
		const struct weir_link *link = line == top ? NULL : same_link(p, line);

		if (!link || wanted_elsewhere(p, line->name))
			continue;
		r = release(p, line, link, !line->made);
		if (!r && line->made)
			r = delete_link(p, line);
	}
	return r;
}

/* What weir did not make stays; an ethernet is set down, as ifdown does. */
static int drop_top(struct wr_planning *p, const struct wr_live_link *top)
{
	if (top->made)
		return delete_link(p, top);
	return top->raised || p->top->type == WEIR_GROUP_ETHERNET ?
		       lower(p, wr_plan_kind(p->top->type), p->name) : 0;
}

/* The line of the top, if its link is there still. */
static const struct wr_live_link *top_line(const struct wr_planning *p, const struct weir_link **ret)
{
	const struct wr_live_link *top = wr_plan_line(p->was, p->name);

	*ret = top ? same_link(p, top) : NULL;
	return top;
}

/* Routes also where the link is deleted: that comes last, and another group may want them. */
int wr_plan_down_top(struct wr_planning *p)
{
	const struct weir_link *real;
	const struct wr_live_link *top = top_line(p, &real);

	return drop_top_of(p, &p->was->group, NULL, real && !top->made ? real : NULL, real);
}

int wr_plan_down_links(struct wr_planning *p)
{
	const struct weir_link *real;
	const struct wr_live_link *top = top_line(p, &real);
	bool goes = real && !wanted_elsewhere(p, p->name);
	int r = goes && top->made ? name_strangers(p, real) : 0;

	if (!r)
		r = drop_ports(p, top);
	if (!r && goes)
		r = drop_top(p, top);
	return r ? r : forget(p, p->name);
}
