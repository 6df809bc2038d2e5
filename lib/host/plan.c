/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What leads from the host as it is to groups as they are defined, step by step:
 * which group when, and what of a group when. The order is the kernel's: what is
 * below first, options of a bond before its ports, a port down before it is enslaved,
 * the primary port behind that, then the top up, and last addresses, routes and DHCP.
 *
 * Pure, as all plan*.c: nothing there reads or changes anything but its arguments.
 * The parts of a group are in plan_link.c, plan_port.c, plan_addr.c and plan_leave.c;
 * a plan is carried out by apply.c.
 */
#include "host/plan.h"

static int raise_top(struct wr_planning *p, const struct weir_link *real)
{
	struct wr_live_link *line = wr_plan_note(p, p->name, real);

	if (!line)
		return -ENOMEM;
	if (real && real->is_up)
		return 0;
	line->raised = true;
	return wr_plan_set_up(p, WEIR_EFFECT_IN_PLACE, wr_plan_kind(p->top->type), p->name, true);
}

static int plan_group(struct wr_planning *p, bool only_wanted)
{
	const struct weir_link *real = wr_host_link(p->host, p->name);
	const struct weir_group *was;
	int r = 0;

	p->live = wr_plan_record(p);
	if (!p->live)
		return wr_nomem(p->err);
	p->was = only_wanted ? NULL : wr_host_live(p->host, p->name);
	was = p->was ? &p->was->group : NULL;
	r = wr_plan_free_top(p, real);
	if (!r)
		r = wr_plan_interface(p, p->top);
	if (!r)
		r = wr_plan_autoconf(p, real);
	/* Up before it has addresses: an undo that took it down first would find IPv6's gone. */
	if (!r)
		r = raise_top(p, real);
	if (!r)
		r = wr_plan_addrs(p, real);
	if (!r && was)
		r = wr_plan_drop_addrs(p, was, p->top, real);
	if (!r)
		r = wr_plan_routes(p, real);
	return r ? r : wr_plan_start_dhcp(p);
}

#define DEEPEST 8	/* vlans on vlans; the kernel has its own limit of 8 */

/* A vlan comes behind the group that its base belongs to: how many bases of this plan are below it. */
static unsigned int depth_of(const struct weir_group *const *groups, size_t n,
			     const struct weir_group *g, unsigned int most)
{
	unsigned int depth = 0, below;
	char own[16];

	if (!most)
		return 0;
	for (size_t i = 0; i < g->n_ports; i++) {
		below = depth_of(groups, n, &g->ports[i], most);
		depth = below > depth ? below : depth;
	}
	if (g->type != WEIR_GROUP_VLAN)
		return depth;
	for (size_t i = 0; i < n; i++)
		if (!strcmp(weir_group_name(groups[i], own), g->vlan.base) ||
		    wr_plan_names_port(groups[i], g->vlan.base))
			return 1 + depth_of(groups, n, groups[i], most - 1);
	return depth;
}

static int plan_up(struct wr_plan *plan, const struct wr_host *h, const struct wr_wanted *want,
		   bool only_wanted, struct weir_error *err)
{
	wr_auto(free) unsigned int *depths = calloc(want->n_up + 1, sizeof(*depths));
	int r = 0;

	if (!depths)
		return wr_nomem(err);
	for (size_t i = 0; i < want->n_up && !r; i++) {
		struct wr_planning p = {
			.plan = plan, .host = h, .all = want, .top = want->up[i], .err = err
		};

		weir_group_name(want->up[i], p.name);
		r = wr_plan_modes(&p, want->up[i]);
	}
	for (size_t i = 0; i < want->n_up && !r; i++) {
		struct wr_planning p = {
			.plan = plan, .host = h, .all = want, .top = want->up[i], .err = err
		};

		depths[i] = depth_of(want->up, want->n_up, want->up[i], DEEPEST);
		weir_group_name(want->up[i], p.name);
		r = only_wanted ? 0 : wr_plan_leaving(&p);
	}
	for (unsigned int depth = 0; depth <= DEEPEST; depth++)
		for (size_t i = 0; i < want->n_up && !r; i++) {
			struct wr_planning p = {
				.plan = plan, .host = h, .all = want, .top = want->up[i], .err = err
			};

			if (depths[i] != depth)
				continue;
			weir_group_name(want->up[i], p.name);
			r = plan_group(&p, only_wanted);
		}
	return r;
}

/* What stands on others goes first: an undo brings it up last, when its base is up. */
static int plan_downs(struct wr_plan *plan, const struct wr_host *h, const struct wr_wanted *want,
		      struct weir_error *err)
{
	wr_auto(free) const struct weir_group **groups = calloc(want->n_down + 1, sizeof(*groups));
	wr_auto(free) unsigned int *depths = calloc(want->n_down + 1, sizeof(*depths));
	int r = 0;

	if (!groups || !depths)
		return wr_nomem(err);
	for (size_t i = 0; i < want->n_down; i++)
		groups[i] = &want->down[i]->group;
	for (size_t i = 0; i < want->n_down; i++)
		depths[i] = depth_of(groups, want->n_down, groups[i], DEEPEST);
	for (unsigned int depth = DEEPEST + 1; depth > 0; depth--)
		for (size_t i = 0; i < want->n_down && !r; i++)
			if (depths[i] == depth - 1)
				r = wr_plan_down(plan, h, want, want->down[i], err);
	return r;
}

int wr_plan_make(struct wr_plan *plan, const struct wr_host *h, const struct wr_wanted *want,
		 bool only_wanted, struct weir_error *err)
{
	int r = want->n_down ? plan_downs(plan, h, want, err) : 0;

	return r ? r : plan_up(plan, h, want, only_wanted, err);
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
	free(p->live);
	free(p->forget);
	*p = (struct wr_plan){ 0 };
}
