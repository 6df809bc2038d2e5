/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What leads from the host as it is to groups as they are defined, step by step:
 * which group when, and what of a group when. The order is the kernel's:
 *
 *	1. what leaves the top of a link: DHCP clients, routes, addresses
 *	2. modes of bonds
 *	3. links that leave, those of groups that go down first
 *	4. links that come, what is below first: options of a bond before its ports, a
 *	   port down before it is enslaved, the primary port behind that, the top up
 *	5. what links have lost that were down for a moment
 *	6. what comes on top: addresses, routes, DHCP clients
 *
 * Pure, as all plan*.c: nothing there reads or changes anything but its arguments.
 * The parts of a group are in plan_link.c, plan_port.c, plan_addr.c and plan_leave.c,
 * what the kernel makes of it in plan_fate.c; a plan is carried out by apply.c.
 */
#include "host/plan.h"

/* --- one group, up --------------------------------------------------------------------------- */

static int raise_top(struct wr_planning *p, const struct weir_link *real)
{
	struct wr_live_link *line = wr_plan_note(p, p->name, real);

	if (!line)
		return -ENOMEM;
	if (!real || !real->is_up)
		line->raised = true;
	return wr_plan_is_up(p, p->name) ? 0 :
		       wr_plan_set_up(p, WEIR_EFFECT_IN_PLACE, wr_plan_kind(p->top->type), p->name, true);
}

/* The top is up before it has addresses: an undo that took it down first would find IPv6's gone. */
static int up_links(struct wr_planning *p)
{
	const struct weir_link *real = wr_host_link(p->host, p->name);
	int r;

	p->live = wr_plan_record(p);
	if (!p->live)
		return wr_nomem(p->err);
	r = wr_plan_free_top(p, real);
	if (!r)
		r = wr_plan_interface(p, p->top);
	if (!r)
		r = wr_plan_autoconf(p, real);
	return r ? r : raise_top(p, real);
}

static int up_top(struct wr_planning *p)
{
	const struct weir_link *real = wr_host_link(p->host, p->name);
	int r = wr_plan_addrs(p, real);

	if (!r && p->was)
		r = wr_plan_drop_addrs(p, &p->was->group, p->top, real);
	if (!r)
		r = wr_plan_routes(p, real);
	return r ? r : wr_plan_start_dhcp(p);
}

static int modes(struct wr_planning *p)
{
	return wr_plan_modes(p, p->top);
}

/* --- all of them ------------------------------------------------------------------------------ */

#define DEEPEST 8	/* vlans on vlans; the kernel has its own limit of 8 */

/* The groups that come up, or those that go down. */
struct side {
	struct wr_planning *groups;
	size_t n;
};

/* A vlan comes behind the group that its base belongs to: how many bases of this side are below it. */
static unsigned int depth_of(const struct side *all, const struct weir_group *g, unsigned int most)
{
	unsigned int depth = 0, below;

	if (!most)
		return 0;
	for (size_t i = 0; i < g->n_ports; i++) {
		below = depth_of(all, &g->ports[i], most);
		depth = below > depth ? below : depth;
	}
	if (g->type != WEIR_GROUP_VLAN)
		return depth;
	for (size_t i = 0; i < all->n; i++)
		if (wr_plan_names(all->groups[i].top, g->vlan.base))
			return 1 + depth_of(all, all->groups[i].top, most - 1);
	return depth;
}

static int side_begin(struct side *s, size_t n, const struct wr_planning *common)
{
	s->groups = calloc(n + 1, sizeof(*s->groups));
	if (!s->groups)
		return wr_nomem(common->err);
	s->n = n;
	for (size_t i = 0; i < n; i++)
		s->groups[i] = *common;
	return 0;
}

static int up_begin(struct side *s, const struct wr_planning *common, bool only_wanted)
{
	int r = side_begin(s, common->all->n_up, common);

	for (size_t i = 0; i < s->n; i++) {
		struct wr_planning *p = &s->groups[i];

		p->top = common->all->up[i];
		weir_group_name(p->top, p->name);
		p->was = only_wanted ? NULL : wr_host_live(p->host, p->name);
	}
	for (size_t i = 0; i < s->n; i++)
		s->groups[i].depth = depth_of(s, s->groups[i].top, DEEPEST);
	return r;
}

static int down_begin(struct side *s, const struct wr_planning *common)
{
	int r = side_begin(s, common->all->n_down, common);

	for (size_t i = 0; i < s->n; i++) {
		struct wr_planning *p = &s->groups[i];

		p->was = common->all->down[i];
		p->top = &p->was->group;
		wr_copy(p->name, sizeof(p->name), p->top->name);
	}
	for (size_t i = 0; i < s->n; i++)
		s->groups[i].depth = depth_of(s, s->groups[i].top, DEEPEST);
	return r;
}

static int each(const struct side *s, int (*plan)(struct wr_planning *p))
{
	int r = 0;

	for (size_t i = 0; i < s->n && !r; i++)
		r = plan(&s->groups[i]);
	return r;
}

static int each_in_depth(const struct side *s, unsigned int depth, int (*plan)(struct wr_planning *p))
{
	int r = 0;

	for (size_t i = 0; i < s->n && !r; i++)
		if (s->groups[i].depth == depth)
			r = plan(&s->groups[i]);
	return r;
}

/* What stands on others goes first: an undo brings it up last, when its base is up. */
static int down_each(const struct side *s, int (*plan)(struct wr_planning *p))
{
	int r = 0;

	for (unsigned int depth = DEEPEST + 1; depth > 0 && !r; depth--)
		r = each_in_depth(s, depth - 1, plan);
	return r;
}

static int up_each(const struct side *s, int (*plan)(struct wr_planning *p))
{
	int r = 0;

	for (unsigned int depth = 0; depth <= DEEPEST && !r; depth++)
		r = each_in_depth(s, depth, plan);
	return r;
}

/*
 * What leaves the top of a link goes while the link is as it was, what comes when all
 * links are as they will be; in between the kernel flushes what it likes.
 */
static int plan_sides(const struct side *down, const struct side *up, const struct wr_planning *common,
		      bool only_wanted)
{
	int r = down_each(down, wr_plan_down_top);

	if (!r && !only_wanted)
		r = each(up, wr_plan_leave_top);
	if (!r)
		r = each(up, modes);
	if (!r)
		r = down_each(down, wr_plan_down_links);
	if (!r && !only_wanted)
		r = each(up, wr_plan_leave_links);
	if (!r)
		r = up_each(up, up_links);
	if (!r)
		r = wr_plan_restore(common->plan, common->host, common->err);
	return r ? r : up_each(up, up_top);
}

int wr_plan_make(struct wr_plan *plan, const struct wr_host *h, const struct wr_wanted *want,
		 bool only_wanted, struct weir_error *err)
{
	const struct wr_planning common = { .plan = plan, .host = h, .all = want, .err = err };
	struct side up = { .n = 0 }, down = { .n = 0 };
	int r = wr_fates_begin(plan, h) ? wr_nomem(err) : 0;

	if (!r)
		r = down_begin(&down, &common);
	if (!r)
		r = up_begin(&up, &common, only_wanted);
	if (!r)
		r = plan_sides(&down, &up, &common, only_wanted);
	free(up.groups);
	free(down.groups);
	return r;
}

int wr_plan_allow(const struct wr_plan *p, enum weir_effect most, struct weir_error *err)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct weir_plan_step *s = &p->steps[i]->shown;

		if (s->effect > most)
			return wr_refuse(err, -EBUSY, s->object, "", "%s: that is worse than allowed (%s)",
					 s->what, weir_effect_name(s->effect));
	}
	return 0;
}

const char *weir_effect_name(enum weir_effect effect)
{
	static const char *const names[] = { "in place", "flap", "remake", "address loss" };

	return effect <= WEIR_EFFECT_ADDRESS_LOSS ? names[effect] : "unknown";
}

void wr_plan_done(struct wr_plan *p)
{
	for (size_t i = 0; i < p->n; i++)
		free(p->steps[i]);
	for (size_t i = 0; i < p->n_live; i++)
		wr_live_group_free(p->live[i]);
	free(p->steps);
	free(p->fates);
	free(p->live);
	free(p->forget);
	*p = (struct wr_plan){ 0 };
}
