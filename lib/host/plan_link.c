/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One link of a group: whether it can be what it is asked to be, and the steps that
 * make or change it. What is asked of a link is in want.c, its ports in plan_port.c,
 * and what stands on the top in plan_addr.c.
 */
#include "base/table.h"
#include "host/plan.h"

/* --- whether it can be ------------------------------------------------------------------------ */

static int check_identity(struct wr_planning *p, const struct weir_group *g,
			  const struct weir_link *real)
{
	const uint8_t *mac = real->bond_port.has & WEIR_BOND_PORT_PERM_MAC ?
				     real->bond_port.perm_mac : real->mac;
	uint8_t want[6];
	char text[18];

	if (!*g->mac || wr_mac_parse(g->mac, want) || !memcmp(want, mac, 6))
		return 0;
	wr_mac_format(mac, text);
	return wr_plan_refuse(p, -ENODEV, g, "mac", "it is %s, not %s: this is another card", text,
			      g->mac);
}

/* A link that this plan makes, of this group or of another. */
static const struct wr_plan_step *made_here(const struct wr_planning *p, const char *name)
{
	for (size_t i = 0; i < p->plan->n; i++)
		if (p->plan->steps[i]->action == WR_LINK_ADD && !strcmp(p->plan->steps[i]->dev, name))
			return p->plan->steps[i];
	return NULL;
}

/* The base is there or comes first, carries packets that large, and is the one that the vlan has. */
static int check_base(struct wr_planning *p, const struct weir_group *g,
		      const struct weir_link *real)
{
	const struct weir_link *base = wr_host_link(p->host, g->vlan.base);
	const struct wr_plan_step *made = base ? NULL : made_here(p, g->vlan.base);
	uint32_t mtu = base && base->has & WEIR_LINK_MTU ? base->mtu :
		       made && made->link.has & WEIR_LINK_MTU ? made->link.mtu : 0;
	char why[64];

	if (!base && !made)
		return wr_plan_refuse(p, -ENODEV, g, "vlan.base", "%s %s", g->vlan.base,
				      wr_host_missing(p->host, g->vlan.base, why));
	/* A base that this plan changes is not looked at: the kernel has the last word. */
	for (size_t i = 0; i < p->all->n_up && mtu; i++) {
		char name[16];

		if (p->all->up[i]->mtu && !strcmp(weir_group_name(p->all->up[i], name), g->vlan.base))
			mtu = p->all->up[i]->mtu;
	}
	if (p->top->mtu && mtu && p->top->mtu > mtu)
		return wr_plan_refuse(p, -ERANGE, g, "mtu", "%u is above that of its base: %s has %u",
				      p->top->mtu, g->vlan.base, mtu);
	if (!real)
		return 0;
	if (real->has & WEIR_LINK_LOWER && base && real->lower != (uint32_t)base->ifindex)
		return wr_plan_refuse(p, -EOPNOTSUPP, g, "vlan.base",
				      "is not %s now, and cannot change: take it down first",
				      g->vlan.base);
	if (real->vlan.id != g->vlan.tag ||
	    real->vlan.protocol != (g->vlan.protocol ? g->vlan.protocol : 0x8100))
		return wr_plan_refuse(p, -EOPNOTSUPP, g, "vlan.tag",
				      "is %u of protocol 0x%x now, and cannot change: take it down first",
				      real->vlan.id, real->vlan.protocol);
	return 0;
}

static int check_kind(struct wr_planning *p, const struct weir_group *g,
		      const struct weir_link *real, const struct weir_link *want)
{
	char why[64];

	if (!real && g->type == WEIR_GROUP_ETHERNET)
		return wr_plan_refuse(p, -ENODEV, g, "", "%s", wr_host_missing(p->host, g->name, why));
	if (real && want->kind && real->kind != want->kind)
		return wr_plan_refuse(p, -EEXIST, g, "name", "is that of %s %s",
				      real->has & WEIR_LINK_KIND ? "a link of kind" : "a",
				      real->has & WEIR_LINK_KIND ? real->kind_name : "card");
	if (real && g->type == WEIR_GROUP_ETHERNET &&
	    (real->kind == WEIR_LINK_BRIDGE || real->kind == WEIR_LINK_BOND ||
	     real->kind == WEIR_LINK_VLAN))
		return wr_plan_refuse(p, -EEXIST, g, "type", "it is a %s", real->kind_name);
	if (real && g->type == WEIR_GROUP_ETHERNET)
		return check_identity(p, g, real);
	return g->type == WEIR_GROUP_VLAN ? check_base(p, g, real) : 0;
}

/* --- another mode of a bond ------------------------------------------------------------------- */

/* With STP a port listens and learns before it forwards. */
static enum weir_effect effect_of(const struct weir_link *change)
{
	return change->kind == WEIR_LINK_BRIDGE && change->bridge.has & WEIR_BRIDGE_STP ?
		       WEIR_EFFECT_FLAP : WEIR_EFFECT_IN_PLACE;
}

static int change_link(struct wr_planning *p, const struct weir_group *g, const char *name,
		       const struct weir_link *change, const char *text)
{
	struct wr_plan_step *s =
		wr_plan_set(p, effect_of(change), wr_plan_kind(g->type), name, text);

	if (!s)
		return -ENOMEM;
	if (*s->shown.what)
		s->shown.what[strlen(s->shown.what) - 1] = '\0';	/* its last newline */
	s->link = *change;
	return 0;
}

/*
 * A bond changes its mode only when it is down and has no ports: all of them, also
 * those of others, are let go and taken back by the same step. Other options want
 * the one or the other.
 */
static int change_mode(struct wr_planning *p, const struct weir_group *g, const char *name,
		       const struct weir_link *real, const struct weir_link *change,
		       const char *text)
{
	bool is_emptied = change->bond.has & WR_BOND_WANTS_EMPTY;
	int r = 0;

	for (size_t i = 0; i < p->host->n_links && is_emptied && !r; i++) {
		const struct weir_link *port = &p->host->links[i];

		if (port->has & WEIR_LINK_MASTER && port->master == (uint32_t)real->ifindex)
			r = wr_plan_add(p, WR_NOTHING, WEIR_EFFECT_FLAP, "port", port->name,
					"is let go and taken back, for another %s",
					change->bond.has & WEIR_BOND_MODE ? "mode" : "fail_over_mac") ? 0 : -ENOMEM;
	}
	if (!r)
		r = change_link(p, g, name, change, text);
	if (r)
		return r;
	p->plan->steps[p->plan->n - 1]->action = WR_BOND_SET;
	p->plan->steps[p->plan->n - 1]->shown.effect = WEIR_EFFECT_FLAP;
	return 0;
}

static bool is_set_already(const struct wr_planning *p, const char *name)
{
	for (size_t i = 0; i < p->plan->n; i++)
		if (p->plan->steps[i]->action == WR_BOND_SET && !strcmp(p->plan->steps[i]->dev, name))
			return true;
	return false;
}

/* Before links change: the ports that a bond takes back are those that it has now. */
int wr_plan_modes(struct wr_planning *p, const struct weir_group *g)
{
	struct weir_link want, change;
	const struct weir_link *real;
	wr_auto(free) char *text = NULL;
	char name[16];
	int r = 0;

	real = wr_host_link(p->host, weir_group_name(g, name));
	wr_want(p->top, g, &want);
	if (g->type == WEIR_GROUP_BOND && real && real->kind == WEIR_LINK_BOND) {
		if (wr_want_differs(&want, real, &change, &text) < 0)
			return wr_nomem(p->err);
		if (change.bond.has & WR_BOND_WANTS_DOWN || change.bond.has & WR_BOND_WANTS_EMPTY)
			r = change_mode(p, g, name, real, &change, text);
	}
	for (size_t i = 0; i < g->n_ports && !r; i++)
		r = wr_plan_modes(p, &g->ports[i]);
	return r;
}

/* --- making and changing ---------------------------------------------------------------------- */

static int make_link(struct wr_planning *p, const struct weir_group *g, const char *name,
		     const struct weir_link *want)
{
	struct wr_plan_step *s = wr_plan_add(p, WR_LINK_ADD, WEIR_EFFECT_IN_PLACE,
					     wr_plan_kind(g->type), name, "is made");

	if (!s)
		return -ENOMEM;
	s->link = *want;
	s->link.has |= WEIR_LINK_NAME | WEIR_LINK_ALIAS;
	wr_copy(s->link.name, sizeof(s->link.name), name);
	wr_format(s->link.alias, sizeof(s->link.alias), "weir interface %s", p->name);
	if (g->type == WEIR_GROUP_VLAN)
		wr_copy(s->lower, sizeof(s->lower), g->vlan.base);
	return 0;
}

/* The kernel brings no vlan up whose base is down; the base stays up, since others may stand on it by then. */
static int raise_base(struct wr_planning *p, const struct weir_group *g)
{
	const struct weir_link *base = wr_host_link(p->host, g->vlan.base);

	if (!base || wr_plan_is_up(p, g->vlan.base))
		return 0;
	return wr_plan_set_up(p, WEIR_EFFECT_IN_PLACE, "link", g->vlan.base, true);
}

#ifndef WR_NO_LOOK	/* the one-file tool (`make static`): no room */
static bool stands_on(const struct weir_link *l, const struct weir_link *below)
{
	return (l->kind == WEIR_LINK_VLAN || l->kind == WEIR_LINK_MACVLAN || l->kind == WEIR_LINK_MACVTAP) &&
	       l->has & WEIR_LINK_LOWER && !(l->has & WEIR_LINK_LOWER_NETNSID) && l->lower == (uint32_t)below->ifindex;
}

/* The kernel makes what stands on a link no larger than that, whosever it is; and an undo has to know what it was. */
static int shrink_above(struct wr_planning *p, const struct weir_link *below, uint32_t mtu)
{
	int r = 0;

	for (size_t i = 0; i < p->host->n_links && !r; i++) {
		const struct weir_link *l = &p->host->links[i];
		struct wr_plan_step *s;

		if (!stands_on(l, below) || l->mtu <= mtu)
			continue;
		r = shrink_above(p, l, mtu);
		s = r ? NULL : wr_plan_add(p, WR_LINK_SET, WEIR_EFFECT_IN_PLACE, l->kind_name, l->name,
					   "mtu: %u instead of %u, as that of %s below", mtu, l->mtu, below->name);
		if (!s)
			return -ENOMEM;
		s->link = (struct weir_link){ .sz = sizeof(s->link), .has = WEIR_LINK_MTU, .mtu = mtu };
	}
	return r;
}
#else
#define shrink_above(p, below, mtu) 0
#endif

static bool is_bond_port(const struct wr_planning *p, const struct weir_group *g)
{
	for (size_t i = 0; i < p->top->n_ports; i++)
		for (size_t k = 0; k < p->top->ports[i].n_ports; k++)
			if (g == &p->top->ports[i].ports[k])
				return true;
	return p->top->type == WEIR_GROUP_BOND && g != p->top;
}

int wr_plan_itself(struct wr_planning *p, const struct weir_group *g, const char *name,
		   const struct weir_link *real)
{
	struct weir_link want, change;
	wr_auto(free) char *text = NULL;
	int r;

	wr_want(p->top, g, &want);
	/* A bond gives its ports its own MTU, and back what they had. */
	if (is_bond_port(p, g))
		want.has &= ~WEIR_LINK_MTU;
	r = check_kind(p, g, real, &want);
	if (r || !wr_plan_note(p, name, real))
		return r ? r : -ENOMEM;
	if (g->type == WEIR_GROUP_VLAN) {
		r = raise_base(p, g);
		if (r)
			return r;
	}
	if (!real)
		return make_link(p, g, name, &want);
	if (want.kind == WEIR_LINK_VLAN)
		want.vlan.has = 0;	/* looked at already */
	r = wr_want_differs(&want, real, &change, &text);
	if (r < 0)
		return wr_nomem(p->err);
	if (change.has & WEIR_LINK_MTU && shrink_above(p, real, change.mtu))
		return -ENOMEM;
	return r && !is_set_already(p, name) ? change_link(p, g, name, &change, text) : 0;
}
