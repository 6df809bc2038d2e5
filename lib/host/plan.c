/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What leads from the host as it is to groups as they are defined, step by step.
 * Pure: nothing here reads or changes anything but its arguments. The order is the
 * kernel's: what is below first, options of a bond before its ports, a port down
 * before it is enslaved, the primary port behind that, then the top up, and last
 * addresses, routes and DHCP.
 *
 * How bad a step is for traffic is said where it is put into the plan.
 */
#include <stdarg.h>
#include <stdio.h>

#include "base/ip.h"
#include "base/table.h"
#include "host/host.h"

/* One group's planning. */
struct planning {
	struct wr_plan *plan;
	const struct wr_host *host;
	const struct wr_wanted *all;		/* of the whole plan */
	const struct weir_group *top;
	char name[16];				/* of the top */
	const struct wr_live_group *was;	/* as it was brought up before; may be NULL */
	struct wr_live_group *live;		/* as it will be on record */
	struct weir_error *err;
};

/* --- steps ----------------------------------------------------------------------------------- */

static const char *kind_word(uint8_t type)
{
	static const char *const words[] = { "link", "ethernet", "bond", "bridge", "vlan" };

	return words[type];
}

static WR_PRINTF(6, 7) struct wr_plan_step *add(struct planning *p, enum wr_action action,
						enum weir_effect effect, const char *kind,
						const char *dev, const char *fmt, ...)
{
	struct wr_plan *plan = p->plan;
	struct wr_plan_step *s = calloc(1, sizeof(*s));
	va_list ap;

	if (s && plan->n == plan->cap) {
		size_t cap = plan->cap ? 2 * plan->cap : 32;
		struct wr_plan_step **more = realloc(plan->steps, cap * sizeof(*more));

		if (more) {
			plan->steps = more;
			plan->cap = cap;
		}
	}
	if (!s || plan->n == plan->cap) {
		free(s);
		wr_nomem(p->err);
		return NULL;
	}
	s->action = action;
	s->shown.effect = effect;
	wr_copy(s->shown.group, sizeof(s->shown.group), p->name);
	wr_copy(s->dev, sizeof(s->dev), dev);
	wr_format(s->shown.object, sizeof(s->shown.object), "%s %s", kind, dev);
	va_start(ap, fmt);
	vsnprintf(s->shown.what, sizeof(s->shown.what), fmt, ap);
	va_end(ap);
	plan->steps[plan->n++] = s;
	return s;
}

static struct wr_plan_step *set(struct planning *p, enum weir_effect effect, const char *kind,
				const char *dev, const char *what)
{
	struct wr_plan_step *s = add(p, WR_LINK_SET, effect, kind, dev, "%s", what);

	if (s)
		s->link = (struct weir_link){ .sz = sizeof(s->link) };
	return s;
}

static int set_up(struct planning *p, enum weir_effect effect, const char *kind, const char *dev,
		  bool up)
{
	struct wr_plan_step *s = set(p, effect, kind, dev, up ? "comes up" : "goes down");

	if (!s)
		return -ENOMEM;
	s->link.has = WEIR_LINK_UP;
	s->link.is_up = up;
	return 0;
}

static int bare_step(struct planning *p, enum wr_action action, enum weir_effect effect,
		     const char *kind, const char *dev, const char *what)
{
	return add(p, action, effect, kind, dev, "%s", what) ? 0 : -ENOMEM;
}

/* The first of a link is undone last, when its addresses are back: further ones would be too early. */
static int keep(struct planning *p, const char *kind, const char *dev)
{
	for (size_t i = 0; i < p->plan->n; i++)
		if (p->plan->steps[i]->action == WR_LINK_KEEP && !strcmp(p->plan->steps[i]->dev, dev))
			return 0;
	return bare_step(p, WR_LINK_KEEP, WEIR_EFFECT_IN_PLACE, kind, dev,
			 "its addresses and routes are kept for an undo");
}

/* --- the record ---------------------------------------------------------------------------------- */

static struct wr_live_link *was_link(const struct wr_live_group *live, const char *name)
{
	for (size_t i = 0; live && i < live->n_links; i++)
		if (!strcmp(live->links[i].name, name))
			return &live->links[i];
	return NULL;
}

/* What was done to a link earlier, for this group or for one that had it before. */
static const struct wr_live_link *earlier(const struct planning *p, const struct weir_link *real)
{
	const struct wr_live_link *line = real ? was_link(p->was, real->name) : NULL;

	for (size_t i = 0; real && !line && i < p->host->n_live; i++)
		line = was_link(p->host->live[i], real->name);
	return line && line->ifindex == real->ifindex ? line : NULL;
}

/* The line of a link on the new record. */
static struct wr_live_link *note(struct planning *p, const char *name, const struct weir_link *real)
{
	struct wr_live_link *line = was_link(p->live, name), *more;
	const struct wr_live_link *old;

	if (line)
		return line;
	old = earlier(p, real);
	more = realloc(p->live->links, (p->live->n_links + 1) * sizeof(*more));
	if (!more) {
		wr_nomem(p->err);
		return NULL;
	}
	p->live->links = more;
	line = &more[p->live->n_links++];
	*line = (struct wr_live_link){ .ifindex = real ? real->ifindex : 0 };
	wr_copy(line->name, sizeof(line->name), name);
	if (old)
		*line = *old;
	else
		line->made = !real;
	return line;
}

/* --- what a link is asked to be --------------------------------------------------------------------- */

static int refuse(struct planning *p, int code, const struct weir_group *g, const char *attr,
		  const char *fmt, ...) WR_PRINTF(5, 6);

static int refuse(struct planning *p, int code, const struct weir_group *g, const char *attr,
		  const char *fmt, ...)
{
	char name[16], text[256], object[64];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	wr_format(object, sizeof(object), "%s %s", kind_word(g->type), weir_group_name(g, name));
	return wr_refuse(p->err, code, object, attr, "%s", text);
}

/* A link that this plan makes, of this group or of another. */
static const struct wr_plan_step *made_here(const struct planning *p, const char *name)
{
	for (size_t i = 0; i < p->plan->n; i++)
		if (p->plan->steps[i]->action == WR_LINK_ADD && !strcmp(p->plan->steps[i]->dev, name))
			return p->plan->steps[i];
	return NULL;
}

static int check_identity(struct planning *p, const struct weir_group *g,
			  const struct weir_link *real)
{
	const uint8_t *mac = real->bond_port.has & WEIR_BOND_PORT_PERM_MAC ?
				     real->bond_port.perm_mac : real->mac;
	uint8_t want[6];
	char text[18];

	if (!*g->mac || wr_mac_parse(g->mac, want) || !memcmp(want, mac, 6))
		return 0;
	wr_mac_format(mac, text);
	return refuse(p, -ENODEV, g, "mac", "it is %s, not %s: this is another card", text, g->mac);
}

/* The base is there or comes first, carries packets that large, and is the one that the vlan has. */
static int check_base(struct planning *p, const struct weir_group *g, const struct weir_link *real)
{
	const struct weir_link *base = wr_host_link(p->host, g->vlan.base);
	const struct wr_plan_step *made = base ? NULL : made_here(p, g->vlan.base);
	uint32_t mtu = base && base->has & WEIR_LINK_MTU ? base->mtu :
		       made && made->link.has & WEIR_LINK_MTU ? made->link.mtu : 0;

	if (!base && !made)
		return refuse(p, -ENODEV, g, "vlan.base", "%s is not there", g->vlan.base);
	/* A base that this plan changes is not looked at: the kernel has the last word. */
	for (size_t i = 0; i < p->all->n_up && mtu; i++) {
		char name[16];

		if (p->all->up[i]->mtu && !strcmp(weir_group_name(p->all->up[i], name), g->vlan.base))
			mtu = p->all->up[i]->mtu;
	}
	if (p->top->mtu && mtu && p->top->mtu > mtu)
		return refuse(p, -ERANGE, g, "mtu", "%u is above that of its base: %s has %u",
			      p->top->mtu, g->vlan.base, mtu);
	if (!real)
		return 0;
	if (real->has & WEIR_LINK_LOWER && base && real->lower != (uint32_t)base->ifindex)
		return refuse(p, -EOPNOTSUPP, g, "vlan.base",
			      "is not %s now, and cannot change: take it down first", g->vlan.base);
	if (real->vlan.id != g->vlan.tag ||
	    real->vlan.protocol != (g->vlan.protocol ? g->vlan.protocol : 0x8100))
		return refuse(p, -EOPNOTSUPP, g, "vlan.tag",
			      "is %u of protocol 0x%x now, and cannot change: take it down first",
			      real->vlan.id, real->vlan.protocol);
	return 0;
}

/* Whether a step of this plan brings it up. */
static bool is_raised(const struct planning *p, const char *name)
{
	for (size_t i = 0; i < p->plan->n; i++) {
		const struct wr_plan_step *s = p->plan->steps[i];

		if (s->action == WR_LINK_SET && s->link.has & WEIR_LINK_UP && s->link.is_up &&
		    !strcmp(s->dev, name))
			return true;
	}
	return false;
}

/* The kernel brings no vlan up whose base is down; the base stays up, since others may stand on it by then. */
static int raise_base(struct planning *p, const struct weir_group *g)
{
	const struct weir_link *base = wr_host_link(p->host, g->vlan.base);

	if (!base || base->is_up || is_raised(p, g->vlan.base))
		return 0;
	return set_up(p, WEIR_EFFECT_IN_PLACE, "link", g->vlan.base, true);
}

static int check_kind(struct planning *p, const struct weir_group *g, const struct weir_link *real,
		      const struct weir_link *want)
{
	if (!real && g->type == WEIR_GROUP_ETHERNET)
		return refuse(p, -ENODEV, g, "", "is not there");
	if (real && want->kind && real->kind != want->kind)
		return refuse(p, -EEXIST, g, "name", "is that of %s %s",
			      real->has & WEIR_LINK_KIND ? "a link of kind" : "a",
			      real->has & WEIR_LINK_KIND ? real->kind_name : "card");
	if (real && g->type == WEIR_GROUP_ETHERNET &&
	    (real->kind == WEIR_LINK_BRIDGE || real->kind == WEIR_LINK_BOND ||
	     real->kind == WEIR_LINK_VLAN))
		return refuse(p, -EEXIST, g, "type", "it is a %s", real->kind_name);
	if (real && g->type == WEIR_GROUP_ETHERNET)
		return check_identity(p, g, real);
	return g->type == WEIR_GROUP_VLAN ? check_base(p, g, real) : 0;
}

static int make_link(struct planning *p, const struct weir_group *g, const char *name,
		     const struct weir_link *want)
{
	struct wr_plan_step *s = add(p, WR_LINK_ADD, WEIR_EFFECT_IN_PLACE, kind_word(g->type), name,
				     "is made");

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

/* With STP a port listens and learns before it forwards. */
static enum weir_effect effect_of(const struct weir_link *change)
{
	return change->kind == WEIR_LINK_BRIDGE && change->bridge.has & WEIR_BRIDGE_STP ?
		       WEIR_EFFECT_FLAP : WEIR_EFFECT_IN_PLACE;
}

static int change_link(struct planning *p, const struct weir_group *g, const char *name,
		       const struct weir_link *change, const char *text)
{
	struct wr_plan_step *s = set(p, effect_of(change), kind_word(g->type), name, text);

	if (!s)
		return -ENOMEM;
	if (*s->shown.what)
		s->shown.what[strlen(s->shown.what) - 1] = '\0';	/* its last newline */
	s->link = *change;
	return 0;
}

static int keep_one(struct planning *p, const char *kind, const char *dev, bool again)
{
	return again ? bare_step(p, WR_LINK_RESTORE, WEIR_EFFECT_IN_PLACE, kind, dev,
				 "its addresses and routes come back") : keep(p, kind, dev);
}

/* What goes down and up with a bond: itself, and the vlans on it. @again: it is up once more. */
static int keep_around(struct planning *p, const struct weir_link *real, bool again)
{
	int r = keep_one(p, "bond", real->name, again);

	for (size_t i = 0; i < p->host->n_links && !r; i++) {
		const struct weir_link *upper = &p->host->links[i];

		if (upper->kind == WEIR_LINK_VLAN && upper->has & WEIR_LINK_LOWER &&
		    upper->lower == (uint32_t)real->ifindex)
			r = keep_one(p, "vlan", upper->name, again);
	}
	return r;
}

/*
 * A bond changes its mode only when it is down and has no ports: all of them, also
 * those of others, are let go and taken back by the same step.
 */
static int change_mode(struct planning *p, const struct weir_group *g, const char *name,
		       const struct weir_link *real, const struct weir_link *change, const char *text)
{
	int r = keep_around(p, real, false);

	for (size_t i = 0; i < p->host->n_links && !r; i++) {
		const struct weir_link *port = &p->host->links[i];

		if (port->has & WEIR_LINK_MASTER && port->master == (uint32_t)real->ifindex)
			r = bare_step(p, WR_NOTHING, WEIR_EFFECT_FLAP, "port", port->name,
				      "is let go and taken back, for another mode");
	}
	if (!r)
		r = change_link(p, g, name, change, text);
	if (r)
		return r;
	p->plan->steps[p->plan->n - 1]->action = WR_BOND_SET;
	p->plan->steps[p->plan->n - 1]->shown.effect = WEIR_EFFECT_FLAP;
	return keep_around(p, real, true);
}

static bool is_set_already(const struct planning *p, const char *name)
{
	for (size_t i = 0; i < p->plan->n; i++)
		if (p->plan->steps[i]->action == WR_BOND_SET && !strcmp(p->plan->steps[i]->dev, name))
			return true;
	return false;
}

/* Before anything else: the ports that a bond takes back are those that it has now. */
static int plan_modes(struct planning *p, const struct weir_group *g)
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
		if (change.bond.has & WEIR_BOND_MODE)
			r = change_mode(p, g, name, real, &change, text);
	}
	for (size_t i = 0; i < g->n_ports && !r; i++)
		r = plan_modes(p, &g->ports[i]);
	return r;
}

/* --- ports --------------------------------------------------------------------------------------- */

static bool has_address(const struct wr_host *h, int ifindex)
{
	size_t n;
	const struct weir_addr *a = wr_host_addrs(h, ifindex, &n);

	for (size_t i = 0; i < n; i++)
		if (a[i].local.family != WEIR_FAMILY_IPV6 || a[i].local.bytes[0] != 0xfe ||
		    (a[i].local.bytes[1] & 0xc0) != 0x80)
			return true;
	return false;
}

static bool names_port(const struct weir_group *g, const char *name)
{
	char own[16];

	for (size_t i = 0; i < g->n_ports; i++)
		if (!strcmp(weir_group_name(&g->ports[i], own), name) || names_port(&g->ports[i], name))
			return true;
	return false;
}

/* Whether the link may be taken from its master: weir gave it to a group that no longer wants it. */
static bool is_free(const struct planning *p, const char *name)
{
	char own[16];

	if (was_link(p->was, name))
		return true;
	for (size_t i = 0; i < p->host->n_live; i++) {
		const struct wr_live_group *live = p->host->live[i];

		if (!was_link(live, name) || !strcmp(live->group.name, name))
			continue;
		for (size_t k = 0; k < p->all->n_up; k++)
			if (!strcmp(weir_group_name(p->all->up[k], own), live->group.name))
				return !names_port(p->all->up[k], name);
		for (size_t k = 0; k < p->all->n_down; k++)
			if (!strcmp(p->all->down[k]->group.name, live->group.name))
				return true;
	}
	return false;
}

static int enslave(struct planning *p, const struct weir_group *g, const char *master,
		   const char *name, const struct weir_link *real)
{
	bool is_bond = g->type == WEIR_GROUP_BOND;
	bool lives = real && (real->is_up || is_raised(p, name));
	enum weir_effect effect = real && has_address(p->host, real->ifindex) ?
				  WEIR_EFFECT_ADDRESS_LOSS :
				  lives && (is_bond || *wr_host_master(p->host, real)) ?
				  WEIR_EFFECT_FLAP : WEIR_EFFECT_IN_PLACE;
	struct wr_plan_step *s;
	int r = 0;

	if (real && (is_bond || *wr_host_master(p->host, real)))
		r = keep(p, "port", name);
	if (!r && is_bond && lives)
		r = set_up(p, effect, "port", name, false);
	if (r)
		return r;
	s = add(p, WR_LINK_SET, effect, "port", name, "becomes a port of %s%s", master,
		effect == WEIR_EFFECT_ADDRESS_LOSS ? "; its own addresses stop to work" : "");
	if (!s)
		return -ENOMEM;
	s->link = (struct weir_link){ .sz = sizeof(s->link), .has = WEIR_LINK_MASTER };
	wr_copy(s->master, sizeof(s->master), master);
	return 0;
}

/* A bond that lets go of a port sets it down, and its MTU to what it had before. */
static int after_bond(struct planning *p, const char *kind, const char *name)
{
	struct wr_plan_step *s;

	if (p->top->mtu) {
		s = add(p, WR_LINK_SET, WEIR_EFFECT_IN_PLACE, kind, name, "mtu: %u", p->top->mtu);
		if (!s)
			return -ENOMEM;
		s->link = (struct weir_link){ .sz = sizeof(s->link), .has = WEIR_LINK_MTU,
					      .mtu = p->top->mtu };
	}
	return set_up(p, WEIR_EFFECT_IN_PLACE, kind, name, true);
}

static bool is_bond(const struct planning *p, const char *name)
{
	const struct weir_link *link = *name ? wr_host_link(p->host, name) : NULL;

	return link && link->kind == WEIR_LINK_BOND;
}

static int plan_interface(struct planning *p, const struct weir_group *g);

/* A bond brings its ports up itself, and gives them its MTU. */
static int plan_port(struct planning *p, const struct weir_group *g, const struct weir_group *port)
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
		return refuse(p, -EBUSY, port, "", "is a port of %s", now);
	r = plan_interface(p, port);
	line = r ? NULL : note(p, name, real);
	if (!line)
		return r ? r : -ENOMEM;
	if (moves) {
		line->enslaved = true;
		r = enslave(p, g, master, name, real);
	}
	if (real && !real->is_up)
		line->raised = true;
	if (!r && g->type != WEIR_GROUP_BOND && moves && is_bond(p, now))
		r = after_bond(p, "port", name);
	else if (!r && g->type != WEIR_GROUP_BOND && (!real || !real->is_up))
		r = set_up(p, WEIR_EFFECT_IN_PLACE, "port", name, true);
	if (!r && g->type == WEIR_GROUP_BOND && real && !real->is_up && !moves)
		r = set_up(p, WEIR_EFFECT_IN_PLACE, "port", name, true);
	return r;
}

/* In mode active-backup the first port is the one that is preferred. */
static int plan_primary(struct planning *p, const struct weir_group *g, const char *name,
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
	s = add(p, WR_LINK_SET, WEIR_EFFECT_IN_PLACE, "bond", name, "primary: %s", first);
	if (!s)
		return -ENOMEM;
	s->link = (struct weir_link){ .sz = sizeof(s->link), .kind = WEIR_LINK_BOND };
	s->link.bond.has = WEIR_BOND_PRIMARY;
	wr_copy(s->primary, sizeof(s->primary), first);
	return 0;
}

/* --- an interface and what it enslaves ------------------------------------------------------------- */

static bool is_bond_port(const struct planning *p, const struct weir_group *g)
{
	for (size_t i = 0; i < p->top->n_ports; i++)
		for (size_t k = 0; k < p->top->ports[i].n_ports; k++)
			if (g == &p->top->ports[i].ports[k])
				return true;
	return p->top->type == WEIR_GROUP_BOND && g != p->top;
}

static int plan_itself(struct planning *p, const struct weir_group *g, const char *name,
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
	if (r || !note(p, name, real))
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
	return r && !is_set_already(p, name) ? change_link(p, g, name, &change, text) : 0;
}

static int plan_interface(struct planning *p, const struct weir_group *g)
{
	const struct weir_link *real;
	char name[16];
	int r;

	weir_group_name(g, name);
	real = wr_host_link(p->host, name);
	r = plan_itself(p, g, name, real);
	for (size_t i = 0; i < g->n_ports && !r; i++)
		r = plan_port(p, g, &g->ports[i]);
	return r ? r : plan_primary(p, g, name, real);
}

/* --- addresses, routes, and what gives them --------------------------------------------------------- */

static bool has_addr(const struct wr_host *h, const struct weir_link *real,
		     const struct weir_addr *want, const struct weir_addr **ret)
{
	size_t n = 0;
	const struct weir_addr *a = real ? wr_host_addrs(h, real->ifindex, &n) : NULL;

	for (size_t i = 0; i < n; i++)
		if (a[i].prefix == want->prefix && wr_ip_equal(&a[i].local, &want->local)) {
			*ret = &a[i];
			return true;
		}
	return false;
}

static const struct weir_route *find_route(const struct wr_host *h, const struct weir_link *real,
					   const struct weir_route *want)
{
	uint32_t metric = want->has & WEIR_ROUTE_METRIC ? want->metric :
			  want->dst.family == WEIR_FAMILY_IPV6 ? 1024 : 0;

	for (size_t i = 0; real && i < h->n_routes; i++) {
		const struct weir_route *r = &h->routes[i];

		if (r->ifindex == real->ifindex && r->prefix == want->prefix && r->metric == metric &&
		    wr_ip_equal(&r->dst, &want->dst) && r->gateway.family == want->gateway.family &&
		    (!want->gateway.family || wr_ip_equal(&r->gateway, &want->gateway)))
			return r;
	}
	return NULL;
}

static const struct weir_group_protocol *protocol_of(const struct weir_group *g, uint8_t family)
{
	for (size_t i = 0; i < g->n_protocols; i++)
		if (g->protocols[i].family == family)
			return &g->protocols[i];
	return NULL;
}

static bool wants_addr(const struct weir_group_protocol *proto, const struct weir_addr *a)
{
	struct weir_addr other;

	for (size_t i = 0; proto && i < proto->n_addresses; i++) {
		wr_want_addr(&proto->addresses[i], &other);
		if (other.prefix == a->prefix && wr_ip_equal(&other.local, &a->local))
			return true;
	}
	return false;
}

static bool wants_route(const struct weir_group_protocol *proto, const struct weir_route *r)
{
	struct weir_route other;

	for (size_t i = 0; proto && i < proto->n_routes; i++) {
		wr_want_route(proto->family, &proto->routes[i], &other);
		if (other.prefix == r->prefix && wr_ip_equal(&other.dst, &r->dst) &&
		    other.gateway.family == r->gateway.family && other.metric == r->metric &&
		    (!r->gateway.family || wr_ip_equal(&other.gateway, &r->gateway)))
			return true;
	}
	return false;
}

static int add_addr(struct planning *p, const struct weir_link *real, const struct weir_addr *want)
{
	const struct weir_addr *there;
	char text[WEIR_IP_TEXT];
	struct wr_plan_step *s;

	if (has_addr(p->host, real, want, &there))
		return 0;
	s = add(p, WR_ADDR_ADD, WEIR_EFFECT_IN_PLACE, kind_word(p->top->type), p->name,
		"gets address %s/%u", weir_ip_format(&want->local, text), want->prefix);
	if (!s)
		return -ENOMEM;
	s->addr = *want;
	return 0;
}

/* A lease may be what the definition has, too. */
static bool goes_already(const struct planning *p, const struct weir_addr *a)
{
	for (size_t i = 0; i < p->plan->n; i++) {
		const struct wr_plan_step *s = p->plan->steps[i];

		if (s->action == WR_ADDR_DEL && !strcmp(s->dev, p->name) &&
		    s->addr.prefix == a->prefix && wr_ip_equal(&s->addr.local, &a->local))
			return true;
	}
	return false;
}

static int set_sysctl(struct planning *p, const struct weir_link *real, const char *family,
		      const char *key, const char *value)
{
	struct wr_plan_step *s;
	char path[80], now[32];

	wr_format(path, sizeof(path), "net/%s/conf/%s/%s", family, p->name, key);
	if (real && (!p->host->sysctl(p->host, path, now) || !strcmp(now, value)))
		return 0;	/* or there is no IPv6 */
	for (size_t i = 0; i < p->plan->n; i++)
		if (p->plan->steps[i]->action == WR_SYSCTL &&
		    !strcmp(p->plan->steps[i]->sysctl.key, path))
			return 0;
	s = add(p, WR_SYSCTL, WEIR_EFFECT_IN_PLACE, kind_word(p->top->type), p->name,
		real ? "%s: %s instead of %s" : "%s: %s%s", key, value, real ? now : "");
	if (!s)
		return -ENOMEM;
	wr_copy(s->sysctl.key, sizeof(s->sysctl.key), path);
	wr_copy(s->sysctl.value, sizeof(s->sysctl.value), value);
	return 0;
}

static int del_addr(struct planning *p, const struct weir_link *real, const struct weir_addr *want)
{
	const struct weir_addr *there;
	char text[WEIR_IP_TEXT];
	struct wr_plan_step *s;

	if (!has_addr(p->host, real, want, &there) || goes_already(p, want))
		return 0;
	s = add(p, WR_ADDR_DEL, WEIR_EFFECT_ADDRESS_LOSS, kind_word(p->top->type), p->name,
		"loses address %s/%u", weir_ip_format(&want->local, text), want->prefix);
	if (!s)
		return -ENOMEM;
	s->addr = *there;
	return 0;
}

static void route_text(const struct weir_route *r, char *buf, size_t size)
{
	char dst[WEIR_IP_TEXT], gateway[WEIR_IP_TEXT];

	wr_format(buf, size, "%s/%u%s%s", weir_ip_format(&r->dst, dst), r->prefix,
		  r->gateway.family ? " via " : "", weir_ip_format(&r->gateway, gateway));
}

static int add_route(struct planning *p, const struct weir_link *real, const struct weir_route *want)
{
	struct wr_plan_step *s;
	char text[128];

	if (find_route(p->host, real, want))
		return 0;
	route_text(want, text, sizeof(text));
	s = add(p, WR_ROUTE_ADD, WEIR_EFFECT_IN_PLACE, kind_word(p->top->type), p->name,
		"gets route %s", text);
	if (!s)
		return -ENOMEM;
	s->route = *want;
	return 0;
}

static int del_route(struct planning *p, const struct weir_link *real, const struct weir_route *want)
{
	const struct weir_route *there = find_route(p->host, real, want);
	struct wr_plan_step *s;
	char text[128];

	if (!there)
		return 0;
	route_text(want, text, sizeof(text));
	s = add(p, WR_ROUTE_DEL, WEIR_EFFECT_ADDRESS_LOSS, kind_word(p->top->type), p->name,
		"loses route %s", text);
	if (!s)
		return -ENOMEM;
	s->route = *there;
	return 0;
}

/* Routes of an earlier definition, or of one that is taken down (@now is NULL); addresses likewise. */
static int drop_routes(struct planning *p, const struct weir_group *was, const struct weir_group *now,
		       const struct weir_link *real)
{
	int r = 0;

	for (size_t i = 0; i < was->n_protocols; i++)
		for (size_t k = 0; k < was->protocols[i].n_routes && !r; k++) {
			const struct weir_group_protocol *proto = &was->protocols[i];
			struct weir_route want;

			wr_want_route(proto->family, &proto->routes[k], &want);
			if (!now || !wants_route(protocol_of(now, proto->family), &want))
				r = del_route(p, real, &want);
		}
	return r;
}

/* The last first, so that an undo adds them in the order in which they were. */
static int drop_addrs(struct planning *p, const struct weir_group *was, const struct weir_group *now,
		      const struct weir_link *real)
{
	int r = 0;

	for (size_t i = 0; i < was->n_protocols; i++)
		for (size_t k = was->protocols[i].n_addresses; k > 0 && !r; k--) {
			const struct weir_group_protocol *proto = &was->protocols[i];
			struct weir_addr want;

			wr_want_addr(&proto->addresses[k - 1], &want);
			if (!now || !wants_addr(protocol_of(now, proto->family), &want))
				r = del_addr(p, real, &want);
		}
	return r;
}

/*
 * Before addresses change: the first IPv4 address of a subnet would take the others
 * with it, whosever they are, when it goes and also when an undo takes the new one
 * back; and routes go with addresses, and must come back with them.
 */
static int prepare_drop(struct planning *p, const struct weir_group *was, const struct weir_group *now,
			const struct weir_link *real)
{
	bool addrs = false, routes = false;
	int r;

	for (size_t i = 0; i < was->n_protocols; i++) {
		const struct weir_group_protocol *old = &was->protocols[i];
		const struct weir_group_protocol *new = now ? protocol_of(now, old->family) : NULL;
		const struct weir_addr *there;
		struct weir_addr addr;
		struct weir_route route;

		for (size_t k = 0; k < old->n_addresses; k++) {
			wr_want_addr(&old->addresses[k], &addr);
			addrs |= has_addr(p->host, real, &addr, &there) && !wants_addr(new, &addr);
		}
		for (size_t k = 0; k < old->n_routes; k++) {
			wr_want_route(old->family, &old->routes[k], &route);
			routes |= find_route(p->host, real, &route) && !wants_route(new, &route);
		}
	}
	r = addrs || routes ? keep(p, kind_word(was->type), p->name) : 0;
	return r || !addrs ? r : set_sysctl(p, real, "ipv4", "promote_secondaries", "1");
}

/* What DHCP gave goes with it: an address that nobody renews is somebody else's soon. */
static int drop_leases(struct planning *p, uint8_t family, const struct weir_link *real)
{
	size_t n = 0;
	const struct weir_addr *a = real ? wr_host_addrs(p->host, real->ifindex, &n) : NULL;
	int r = 0;

	for (size_t i = 0; i < n && !r; i++)
		if (a[i].local.family == family && family == WEIR_FAMILY_IPV4)
			r = del_addr(p, real, &a[i]);
	return r;
}

static int stop_dhcp(struct planning *p, const struct weir_group *was, const struct weir_group *now,
		     const struct weir_link *real)
{
	for (size_t i = 0; i < was->n_protocols; i++) {
		const struct weir_group_protocol *old = &was->protocols[i];
		const struct weir_group_protocol *new = now ? protocol_of(now, old->family) : NULL;
		struct wr_plan_step *s;

		if (!old->dhcp || (new && new->dhcp && new->peerdns == old->peerdns))
			continue;
		s = add(p, WR_DHCP_STOP, WEIR_EFFECT_ADDRESS_LOSS, kind_word(was->type), p->name,
			"its DHCP client ends");
		if (!s)
			return -ENOMEM;
		s->dhcp.family = old->family;
		s->dhcp.peerdns = old->peerdns;
		if (!now && drop_leases(p, old->family, real))
			return -ENOMEM;
	}
	return 0;
}

static int start_dhcp(struct planning *p)
{
	for (size_t i = 0; i < p->top->n_protocols; i++) {
		const struct weir_group_protocol *proto = &p->top->protocols[i];
		const struct weir_group_protocol *old =
			p->was ? protocol_of(&p->was->group, proto->family) : NULL;
		bool same = !old || !old->dhcp || old->peerdns == proto->peerdns;
		struct wr_plan_step *s;

		if (!proto->dhcp || (same && p->host->dhcp_runs(p->host, p->name, proto->family)))
			continue;
		s = add(p, WR_DHCP_START, WEIR_EFFECT_IN_PLACE, kind_word(p->top->type), p->name,
			"gets an address by DHCP");
		if (!s)
			return -ENOMEM;
		s->dhcp.family = proto->family;
		s->dhcp.peerdns = proto->peerdns;
	}
	return 0;
}

/* 1 is enough, unless the link forwards, as a host of virtual machines does: then it takes a 2. */
static bool takes_advertisements(const struct planning *p, const struct weir_link *real)
{
	char key[80], accept_ra[32], forwarding[32];

	wr_format(key, sizeof(key), "net/ipv6/conf/%s/accept_ra", p->name);
	if (!real || !p->host->sysctl(p->host, key, accept_ra))
		return false;
	wr_format(key, sizeof(key), "net/ipv6/conf/%s/forwarding", p->name);
	return !strcmp(accept_ra, "1") && p->host->sysctl(p->host, key, forwarding) &&
	       !strcmp(forwarding, "0");
}

static int plan_autoconf(struct planning *p, const struct weir_link *real)
{
	const struct weir_group_protocol *proto = protocol_of(p->top, WEIR_FAMILY_IPV6);
	int r;

	if (!proto)
		return 0;
	r = set_sysctl(p, real, "ipv6", "disable_ipv6", "0");
	if (!r && !(proto->autoconf && takes_advertisements(p, real)))
		r = set_sysctl(p, real, "ipv6", "accept_ra", proto->autoconf ? "2" : "0");
	return r ? r : set_sysctl(p, real, "ipv6", "autoconf", proto->autoconf ? "1" : "0");
}

static int plan_addrs(struct planning *p, const struct weir_link *real)
{
	int r = 0;

	for (size_t i = 0; i < p->top->n_protocols; i++)
		for (size_t k = 0; k < p->top->protocols[i].n_addresses && !r; k++) {
			struct weir_addr want;

			wr_want_addr(&p->top->protocols[i].addresses[k], &want);
			r = add_addr(p, real, &want);
		}
	return r;
}

static int plan_routes(struct planning *p, const struct weir_link *real)
{
	int r = 0;

	for (size_t i = 0; i < p->top->n_protocols; i++)
		for (size_t k = 0; k < p->top->protocols[i].n_routes && !r; k++) {
			struct weir_route want;

			wr_want_route(p->top->protocols[i].family, &p->top->protocols[i].routes[k],
				      &want);
			r = add_route(p, real, &want);
		}
	return r;
}

/* --- what an earlier definition had ------------------------------------------------------------------ */

static const struct weir_link *same_link(const struct planning *p, const struct wr_live_link *line)
{
	const struct weir_link *real = wr_host_link(p->host, line->name);

	return real && real->ifindex == line->ifindex ? real : NULL;
}

static bool goes_down(const struct planning *p, const char *name)
{
	for (size_t i = 0; i < p->all->n_down; i++)
		if (!strcmp(p->all->down[i]->group.name, name))
			return true;
	return false;
}

/* Whether this plan makes something else of a link that @line's group had. */
static bool wanted_elsewhere(const struct planning *p, const char *name)
{
	char own[16];

	for (size_t i = 0; i < p->all->n_up; i++)
		if (!strcmp(weir_group_name(p->all->up[i], own), name) ||
		    names_port(p->all->up[i], name))
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
static bool is_base(const struct planning *p, const char *name)
{
	for (size_t i = 0; i < p->all->n_up; i++)
		if (bases(p->all->up[i], name))
			return true;
	return false;
}

/* A link goes down, unless it must carry a vlan; the vlans of others on it go with it. */
static int lower(struct planning *p, const char *kind, const struct weir_link *real)
{
	int r = 0;

	if (is_base(p, real->name))
		return 0;
	for (size_t i = 0; i < p->host->n_links && !r; i++) {
		const struct weir_link *upper = &p->host->links[i];

		if (upper->kind == WEIR_LINK_VLAN && upper->has & WEIR_LINK_LOWER && upper->is_up &&
		    upper->lower == (uint32_t)real->ifindex)
			r = keep(p, "vlan", upper->name);
	}
	return r ? r : set_up(p, WEIR_EFFECT_FLAP, kind, real->name, false);
}

/*
 * Whether its master is deleted, which lets it go: for each port that is let go by
 * itself the kernel waits a grace period, for all links that are deleted once.
 */
static bool goes_with_master(const struct planning *p, const struct weir_link *real)
{
	const struct wr_live_link *master = was_link(p->was, wr_host_master(p->host, real));

	/* A bond that is deleted leaves its ports down: not one on which a vlan stands. */
	return master && master->made && goes_down(p, p->name) && same_link(p, master) &&
	       !wanted_elsewhere(p, master->name) && !is_base(p, real->name);
}

static int release(struct planning *p, const struct wr_live_link *line, const struct weir_link *real,
		   bool lower_it)
{
	struct wr_plan_step *s;
	int r = 0;

	if (line->enslaved && goes_with_master(p, real)) {
		r = bare_step(p, WR_NOTHING, WEIR_EFFECT_FLAP, "port", line->name, "is let go");
	} else if (line->enslaved && *wr_host_master(p->host, real)) {
		r = keep(p, "port", line->name);
		s = r ? NULL : set(p, WEIR_EFFECT_FLAP, "port", line->name, "is let go");
		if (!s)
			return -ENOMEM;
		s->link.has = WEIR_LINK_MASTER;
	}
	if (!r && line->enslaved && is_base(p, real->name) && is_bond(p, wr_host_master(p->host, real)))
		return set_up(p, WEIR_EFFECT_FLAP, "port", line->name, true);
	return r || !line->raised || !lower_it ? r : lower(p, "port", real);
}

static int delete_link(struct planning *p, const struct wr_live_link *line)
{
	return bare_step(p, WR_LINK_DEL, WEIR_EFFECT_REMAKE, "link", line->name, "is deleted");
}

/* Links that the group had and has no longer. */
static int drop_links(struct planning *p)
{
	int r = 0;

	for (size_t i = p->was ? p->was->n_links : 0; i > 0 && !r; i--) {
		const struct wr_live_link *line = &p->was->links[i - 1];
		const struct weir_link *real = same_link(p, line);

		if (!real || wanted_elsewhere(p, line->name))
			continue;
		r = release(p, line, real, true);
		if (!r && line->made)
			r = delete_link(p, line);
	}
	return r;
}

static int forget(struct planning *p, const char *name)
{
	char(*more)[16] = realloc(p->plan->forget, (p->plan->n_forget + 1) * sizeof(*more));

	if (!more)
		return wr_nomem(p->err);
	p->plan->forget = more;
	wr_copy(more[p->plan->n_forget++], 16, name);
	return 0;
}

/* An interface that was a group of its own and is a port now: what it had on top goes. */
static int absorb(struct planning *p, const struct weir_group *g)
{
	struct planning own = *p;
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
			r = prepare_drop(&own, &live->group, NULL, real);
			if (!r)
				r = stop_dhcp(&own, &live->group, NULL, real);
			if (!r)
				r = drop_routes(&own, &live->group, NULL, real);
			if (!r)
				r = drop_addrs(&own, &live->group, NULL, real);
			if (!r)
				r = forget(p, own.name);
		}
		if (!r)
			r = absorb(p, port);
	}
	return r;
}

/* Whether weir enslaved a link that no group wants as a port any longer. */
static bool was_enslaved(const struct planning *p, const char *name)
{
	for (size_t i = 0; i < p->host->n_live; i++) {
		const struct wr_live_link *line = was_link(p->host->live[i], name);

		if (line && line->enslaved)
			return true;
	}
	return false;
}

/* What is on top is nobody's port. */
static int free_top(struct planning *p, const struct weir_link *real)
{
	const char *master = real ? wr_host_master(p->host, real) : "";
	struct wr_live_link *line;
	struct wr_plan_step *s;
	int r;

	if (!*master)
		return 0;
	if (!was_enslaved(p, p->name))
		return refuse(p, -EBUSY, p->top, "", "is a port of %s", master);
	r = keep(p, "port", p->name);
	line = r ? NULL : note(p, p->name, real);
	s = line ? set(p, WEIR_EFFECT_FLAP, "port", p->name, "is let go") : NULL;
	if (!s)
		return r ? r : -ENOMEM;
	line->enslaved = false;
	s->link.has = WEIR_LINK_MASTER;
	return is_bond(p, master) ? after_bond(p, kind_word(p->top->type), p->name) : 0;
}

/* --- whole groups ---------------------------------------------------------------------------------- */

static int raise_top(struct planning *p, const struct weir_link *real)
{
	struct wr_live_link *line = note(p, p->name, real);

	if (!line)
		return -ENOMEM;
	if (real && real->is_up)
		return 0;
	line->raised = true;
	return set_up(p, WEIR_EFFECT_IN_PLACE, kind_word(p->top->type), p->name, true);
}

static struct wr_live_group *new_record(struct planning *p)
{
	struct wr_live_group **more =
		realloc(p->plan->live, (p->plan->n_live + 1) * sizeof(*more));
	struct wr_live_group *live = calloc(1, sizeof(*live));
	struct weir_group *copy = NULL;

	if (more)
		p->plan->live = more;
	if (!more || !live || weir_group_copy(p->top, &copy)) {
		free(live);
		return NULL;
	}
	live->group = *copy;
	free(copy);
	weir_group_name(p->top, live->group.name);
	more[p->plan->n_live++] = live;
	return live;
}

/*
 * What the group or its ports had and it has no longer, as far as another group may
 * be about to get it: a route can be there once only.
 */
static int plan_leaving(struct planning *p)
{
	const struct weir_link *real = wr_host_link(p->host, p->name);
	const struct weir_group *was;
	int r = absorb(p, p->top);

	p->was = wr_host_live(p->host, p->name);
	if (r || !p->was)
		return r;
	was = &p->was->group;
	r = prepare_drop(p, was, p->top, real);
	if (!r)
		r = stop_dhcp(p, was, p->top, real);
	if (!r)
		r = drop_routes(p, was, p->top, real);
	return r ? r : drop_links(p);
}

static int plan_group(struct planning *p, bool only_wanted)
{
	const struct weir_link *real = wr_host_link(p->host, p->name);
	const struct weir_group *was;
	int r = 0;

	p->live = new_record(p);
	if (!p->live)
		return wr_nomem(p->err);
	p->was = only_wanted ? NULL : wr_host_live(p->host, p->name);
	was = p->was ? &p->was->group : NULL;
	r = free_top(p, real);
	if (!r)
		r = plan_interface(p, p->top);
	if (!r)
		r = plan_autoconf(p, real);
	/* Up before it has addresses: an undo that took it down first would find IPv6's gone. */
	if (!r)
		r = raise_top(p, real);
	if (!r)
		r = plan_addrs(p, real);
	if (!r && was)
		r = drop_addrs(p, was, p->top, real);
	if (!r)
		r = plan_routes(p, real);
	return r ? r : start_dhcp(p);
}

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
		    names_port(groups[i], g->vlan.base))
			return 1 + depth_of(groups, n, groups[i], most - 1);
	return depth;
}

#define DEEPEST 8	/* vlans on vlans; the kernel has its own limit of 8 */

static int plan_up(struct wr_plan *plan, const struct wr_host *h, const struct wr_wanted *want,
		   bool only_wanted, struct weir_error *err)
{
	wr_auto(free) unsigned int *depths = calloc(want->n_up + 1, sizeof(*depths));
	int r = 0;

	if (!depths)
		return wr_nomem(err);
	for (size_t i = 0; i < want->n_up && !r; i++) {
		struct planning p = { .plan = plan, .host = h, .all = want, .top = want->up[i],
				      .err = err };

		weir_group_name(want->up[i], p.name);
		r = plan_modes(&p, want->up[i]);
	}
	for (size_t i = 0; i < want->n_up && !r; i++) {
		struct planning p = { .plan = plan, .host = h, .all = want, .top = want->up[i],
				      .err = err };

		depths[i] = depth_of(want->up, want->n_up, want->up[i], DEEPEST);
		weir_group_name(want->up[i], p.name);
		r = only_wanted ? 0 : plan_leaving(&p);
	}
	for (unsigned int depth = 0; depth <= DEEPEST; depth++)
		for (size_t i = 0; i < want->n_up && !r; i++) {
			struct planning p = { .plan = plan, .host = h, .all = want,
					      .top = want->up[i], .err = err };

			if (depths[i] != depth)
				continue;
			weir_group_name(want->up[i], p.name);
			r = plan_group(&p, only_wanted);
		}
	return r;
}

/* A master that goes takes all its ports with it, also somebody else's. */
static int name_strangers(struct planning *p, const struct weir_link *master)
{
	int r = 0;

	for (size_t i = 0; i < p->host->n_links && !r; i++) {
		const struct weir_link *port = &p->host->links[i];

		if (!(port->has & WEIR_LINK_MASTER) || port->master != (uint32_t)master->ifindex ||
		    was_link(p->was, port->name))
			continue;
		r = keep(p, "port", port->name);
		if (!r)
			r = bare_step(p, WR_NOTHING, WEIR_EFFECT_FLAP, "port", port->name,
				      "is somebody else's, and loses its master");
	}
	return r;
}

/*
 * Links that another group wants now are left to it. The last port goes first: an
 * undo takes them back the other way round, and a bridge numbers them as they come.
 */
static int drop_ports(struct planning *p, const struct wr_live_group *live,
		      const struct wr_live_link *top)
{
	int r = 0;

	for (size_t i = live->n_links; i > 0 && !r; i--) {
		const struct wr_live_link *line = &live->links[i - 1];
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
static int drop_top(struct planning *p, const struct wr_live_group *live,
		    const struct wr_live_link *top, const struct weir_link *real)
{
	if (!real || wanted_elsewhere(p, p->name))
		return 0;
	if (top->made)
		return delete_link(p, top);
	if (real->is_up && (top->raised || live->group.type == WEIR_GROUP_ETHERNET))
		return lower(p, kind_word(live->group.type), real);
	return 0;
}

static int plan_down(struct wr_plan *plan, const struct wr_host *h, const struct wr_wanted *want,
		     const struct wr_live_group *live, struct weir_error *err)
{
	struct planning p = { .plan = plan, .host = h, .all = want, .top = &live->group, .was = live,
			      .err = err };
	const struct wr_live_link *top = was_link(live, live->group.name);
	const struct weir_link *real = top ? same_link(&p, top) : NULL;
	int r;

	wr_copy(p.name, sizeof(p.name), live->group.name);
	r = real ? keep(&p, "link", p.name) : 0;
	if (!r && real && !top->made)
		r = prepare_drop(&p, &live->group, NULL, real);
	if (!r)
		r = stop_dhcp(&p, &live->group, NULL, real && !top->made ? real : NULL);
	/* Also where the link is deleted: that comes last, and another group may want the route. */
	if (!r && real)
		r = drop_routes(&p, &live->group, NULL, real);
	if (!r && real && !top->made)
		r = drop_addrs(&p, &live->group, NULL, real);
	if (!r && real && top->made && !wanted_elsewhere(&p, p.name))
		r = name_strangers(&p, real);
	if (!r)
		r = drop_ports(&p, live, top);
	if (!r)
		r = drop_top(&p, live, top, real);
	return r ? r : forget(&p, p.name);
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
				r = plan_down(plan, h, want, want->down[i], err);
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
