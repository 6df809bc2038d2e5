/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An interface and what it enslaves: ports that join it, and an interface that was a
 * port and becomes a group. Ports that a definition does not have are released in
 * plan_leave.c.
 */
#include "base/ip.h"
#include "host/plan.h"

/* --- taking a port ---------------------------------------------------------------------------- */

bool wr_plan_is_bond(const struct wr_planning *p, const char *name)
{
	const struct weir_link *link = *name ? wr_host_link(p->host, name) : NULL;

	return link && link->kind == WEIR_LINK_BOND;
}

static bool has_address(const struct wr_host *h, int ifindex)
{
	size_t n;
	const struct weir_addr *a = wr_host_addrs(h, ifindex, &n);

	for (size_t i = 0; i < n; i++)
		if (!wr_ip_is_link_local(&a[i].local))
			return true;
	return false;
}

bool wr_plan_names_port(const struct weir_group *g, const char *name)
{
	for (size_t i = 0; i < g->n_ports; i++)
		if (wr_plan_names(&g->ports[i], name))
			return true;
	return false;
}

bool wr_plan_names(const struct weir_group *g, const char *name)
{
	char own[16];

	return !strcmp(weir_group_name(g, own), name) || wr_plan_names_port(g, name);
}

/* Whether the link may be taken from its master: weir gave it to a group that no longer wants it. */
static bool is_free(const struct wr_planning *p, const char *name)
{
	char own[16];

	if (wr_plan_line(p->was, name))
		return true;
	for (size_t i = 0; i < p->host->n_live; i++) {
		const struct wr_live_group *live = p->host->live[i];

		if (!wr_plan_line(live, name) || !strcmp(live->group.name, name))
			continue;
		for (size_t k = 0; k < p->all->n_up; k++)
			if (!strcmp(weir_group_name(p->all->up[k], own), live->group.name))
				return !wr_plan_names_port(p->all->up[k], name);
		for (size_t k = 0; k < p->all->n_down; k++)
			if (!strcmp(p->all->down[k]->group.name, live->group.name))
				return true;
	}
	return false;
}

static int enslave(struct wr_planning *p, const struct weir_group *g, const char *master,
		   const char *name, const struct weir_link *real)
{
	bool is_bond = g->type == WEIR_GROUP_BOND;
	bool lives = wr_plan_is_up(p, name);
	enum weir_effect effect = real && has_address(p->host, real->ifindex) ?
				  WEIR_EFFECT_ADDRESS_LOSS :
				  lives && (is_bond || *wr_host_master(p->host, real)) ?
				  WEIR_EFFECT_FLAP : WEIR_EFFECT_IN_PLACE;
	struct wr_plan_step *s;

	if (is_bond && lives && wr_plan_set_up(p, effect, "port", name, false))
		return -ENOMEM;
	s = wr_plan_add(p, WR_LINK_SET, effect, "port", name, "becomes a port of %s%s", master,
			effect == WEIR_EFFECT_ADDRESS_LOSS ? "; its own addresses stop to work" : "");
	if (!s)
		return -ENOMEM;
	s->link = (struct weir_link){ .sz = sizeof(s->link), .has = WEIR_LINK_MASTER };
	wr_copy(s->master, sizeof(s->master), master);
	s->to_bond = is_bond;
	return 0;
}

/* A bond that lets go of a port gives it the MTU back that it had before. */
static int after_bond(struct wr_planning *p, const char *kind, const char *name)
{
	struct wr_plan_step *s;

	if (!p->top->mtu)
		return 0;
	s = wr_plan_add(p, WR_LINK_SET, WEIR_EFFECT_IN_PLACE, kind, name, "mtu: %u", p->top->mtu);
	if (!s)
		return -ENOMEM;
	s->link = (struct weir_link){ .sz = sizeof(s->link), .has = WEIR_LINK_MTU, .mtu = p->top->mtu };
	return 0;
}

/* A bond brings its ports up itself, and gives them its MTU. */
static int plan_port(struct wr_planning *p, const struct weir_group *g,
		     const struct weir_group *port)
{
	const struct weir_link *real;
	char name[16], master[16];
	struct wr_live_link *line;
	const char *now;
	bool moves;
	int r;

	weir_group_name(port, name);
	weir_group_name(g, master);
	real = wr_host_link(p->host, name);
	now = real ? wr_host_master(p->host, real) : "";
	moves = strcmp(now, master) != 0;
	if (*now && moves && !is_free(p, name))
		return wr_plan_refuse(p, -EBUSY, port, "", "is a port of %s", now);
	r = wr_plan_interface(p, port);
	line = r ? NULL : wr_plan_note(p, name, real);
	if (!line)
		return r ? r : -ENOMEM;
	if (moves) {
		line->enslaved = true;
		r = enslave(p, g, master, name, real);
	}
	if (real && !real->is_up)
		line->raised = true;
	if (!r && g->type != WEIR_GROUP_BOND && moves && wr_plan_is_bond(p, now))
		r = after_bond(p, "port", name);
	return r || wr_plan_is_up(p, name) ? r : wr_plan_set_up(p, WEIR_EFFECT_IN_PLACE, "port", name, true);
}

/* In mode active-backup the first port is the one that is preferred. */
static int plan_primary(struct wr_planning *p, const struct weir_group *g, const char *name,
			const struct weir_link *real)
{
	const struct weir_link *port;
	struct wr_plan_step *s;
	char first[16];

	if (g->type != WEIR_GROUP_BOND || g->bond.mode != WEIR_GROUP_BOND_BACKUP)
		return 0;
	weir_group_name(&g->ports[0], first);
	port = wr_host_link(p->host, first);
	if (real && port && real->bond.has & WEIR_BOND_PRIMARY && real->bond.mode == WEIR_BOND_ACTIVE_BACKUP &&
	    real->bond.primary == (uint32_t)port->ifindex)
		return 0;
	s = wr_plan_add(p, WR_LINK_SET, WEIR_EFFECT_IN_PLACE, "bond", name, "primary: %s", first);
	if (!s)
		return -ENOMEM;
	s->link = (struct weir_link){ .sz = sizeof(s->link), .kind = WEIR_LINK_BOND };
	s->link.bond.has = WEIR_BOND_PRIMARY;
	wr_copy(s->primary, sizeof(s->primary), first);
	return 0;
}

int wr_plan_interface(struct wr_planning *p, const struct weir_group *g)
{
	const struct weir_link *real;
	char name[16];
	int r;

	weir_group_name(g, name);
	real = wr_host_link(p->host, name);
	r = wr_plan_itself(p, g, name, real);
	for (size_t i = 0; i < g->n_ports && !r; i++)
		r = plan_port(p, g, &g->ports[i]);
	return r ? r : plan_primary(p, g, name, real);
}

/* --- letting a port go ------------------------------------------------------------------------ */

/* Whether weir enslaved a link that no group wants as a port any longer. */
static bool was_enslaved(const struct wr_planning *p, const char *name)
{
	for (size_t i = 0; i < p->host->n_live; i++) {
		const struct wr_live_link *line = wr_plan_line(p->host->live[i], name);

		if (line && line->enslaved)
			return true;
	}
	return false;
}

/* What is on top is nobody's port. */
int wr_plan_free_top(struct wr_planning *p, const struct weir_link *real)
{
	const char *master = real ? wr_host_master(p->host, real) : "";
	struct wr_live_link *line;
	struct wr_plan_step *s;

	if (!*master)
		return 0;
	if (!was_enslaved(p, p->name))
		return wr_plan_refuse(p, -EBUSY, p->top, "", "is a port of %s", master);
	line = wr_plan_note(p, p->name, real);
	s = line ? wr_plan_set(p, WEIR_EFFECT_FLAP, "port", p->name, "is let go") : NULL;
	if (!s)
		return -ENOMEM;
	line->enslaved = false;
	s->link.has = WEIR_LINK_MASTER;
	return wr_plan_is_bond(p, master) ? after_bond(p, wr_plan_kind(p->top->type), p->name) : 0;
}
