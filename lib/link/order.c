/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Sets of links, the half that makes steps of them, in the order that the kernel
 * wants (tried on 6.1, 6.12 and 6.18):
 *
 *	- the link below a link, and its master, are made before it;
 *	- a bond gets its options before its ports. Some options can be set only while
 *	  it has no ports, or is down: then the ports leave for a moment, or it goes
 *	  down and up;
 *	- a port joins a bond while it is down, and the bond brings it up. Ports join
 *	  before links are made on top of the bond, because these copy its MAC address;
 *	- primary and active port are named after they have joined;
 *	- a bond that loses its last port makes up a MAC address, so it is given its
 *	  own again; and after an undo its active port.
 *
 * All steps are messages that follow each other, so they leave as one batch. What is
 * right already makes no step.
 */
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include "link/link.h"
#include "link/set.h"

/* A link with nothing set but what names it. */
static struct weir_link bare(const struct weir_link *l)
{
	struct weir_link part = { .sz = sizeof(part), .kind = l->kind, .ifindex = l->ifindex,
				  .has = WEIR_LINK_IFINDEX };

	if (l->has & WEIR_LINK_NAME)
		wr_copy(part.name, sizeof(part.name), l->name);
	part.has |= l->has & WEIR_LINK_NAME;
	return part;
}

static bool is_bond(const struct wr_set *s, uint32_t ifindex)
{
	const struct weir_link *l = wr_set_end(s, ifindex);

	return l && l->kind == WEIR_LINK_BOND;
}

/* One value with an undo of its own: for what is set and taken back more than once on the way. */
static void step_up(struct wr_set *s, const struct weir_link *l, bool up, bool up_undo)
{
	struct weir_link part = bare(l), undo = bare(l);

	part.has |= WEIR_LINK_UP;
	undo.has |= WEIR_LINK_UP;
	part.is_up = up;
	undo.is_up = up_undo;
	wr_link_step(s->t, &part, &undo);
}

/* --- bonds and their ports -------------------------------------------------------------- */

/* A bond that is there before the set; NULL: none. */
static const struct weir_link *old_bond(const struct wr_set *s, uint32_t ifindex)
{
	const struct wr_member *m = wr_set_member(s, ifindex);
	const struct weir_link *l = m ? (m->exists ? &m->is : NULL) : wr_set_end(s, ifindex);

	return l && l->kind == WEIR_LINK_BOND && l->has & WEIR_LINK_MAC ? l : NULL;
}

/*
 * The first steps do nothing but are undone last: when ports are back, a bond
 * gets its address again, and its active port unless that waits for its updelay.
 */
static void guard_bond(struct wr_set *s, const struct weir_link *bond)
{
	struct weir_link part = bare(bond), undo = bare(bond);

	undo.has |= WEIR_LINK_MAC;
	memcpy(undo.mac, bond->mac, sizeof(undo.mac));
	undo.bond.has = bond->bond.updelay_ms ? 0 : bond->bond.has & WEIR_BOND_ACTIVE;
	undo.bond.active = bond->bond.active;
	wr_link_step(s->t, &part, &undo);
}

/* Its last port may have left, and it may have made up an address. */
static void keep_address(struct wr_set *s, uint32_t ifindex)
{
	const struct weir_link *bond = old_bond(s, ifindex), *end = wr_set_end(s, ifindex);
	struct weir_link part, undo;

	if (!bond)
		return;
	part = undo = bare(bond);
	part.has |= WEIR_LINK_MAC;
	undo.has |= WEIR_LINK_MAC;
	memcpy(part.mac, end->mac, sizeof(part.mac));
	memcpy(undo.mac, bond->mac, sizeof(undo.mac));
	wr_link_step(s->t, &part, &undo);
}

/* Into the bond: down, then its master, then what it has as a port. @port: those settings. */
static void enter(struct wr_set *s, const struct weir_link *l, uint32_t master, bool may_be_up, bool was_up,
		  const struct weir_link *port)
{
	struct weir_link part = bare(l), undo = bare(l);

	if (may_be_up)
		step_up(s, l, false, was_up);
	part.has |= WEIR_LINK_MASTER;
	part.master = master;
	undo.has |= WEIR_LINK_MASTER;
	wr_link_step(s->t, &part, &undo);
	part = bare(l);
	part.bond_port = port->bond_port;
	wr_bond_port_strip(&part.bond_port);
	if (wr_port_of(&part))
		weir_txn_link_set(s->t, &part);
}

static void join(struct wr_set *s, struct wr_member *m);
static void make(struct wr_set *s, struct wr_member *m);

/* --- changes of what exists --------------------------------------------------------------- */

/* What of @want is not so already. */
static struct weir_link difference(const struct wr_member *m)
{
	static const struct wr_table *const common[] = { &wr_link_table, &wr_link_inet6_table };
	const struct wr_kind *k = wr_kind(m->want.kind);
	struct weir_link diff = m->want;

	if (!m->exists)
		return diff;
	diff.has = m->want.has & WEIR_LINK_IFINDEX;
	for (size_t i = 0; i < WR_COUNT(common); i++)
		diff.has |= wr_table_diff(common[i], &m->want, &m->is);
	diff.has &= ~WEIR_LINK_NAME;
	if (k && k->table)
		*wr_kind_has(k, &diff) = wr_table_diff(k->table, wr_kind_data(k, &m->want), wr_kind_data(k, &m->is));
	/* The kernel keeps delays in looks at the carrier: with another interval they are others too. */
	if (diff.bond.has & WEIR_BOND_MIIMON)
		diff.bond.has |= m->want.bond.has &
				 (WEIR_BOND_UPDELAY | WEIR_BOND_DOWNDELAY | WEIR_BOND_PEER_NOTIF_DELAY);
	if (diff.has & WEIR_LINK_MASTER)
		return diff;	/* another master knows nothing of its settings */
	for (const struct wr_port_kind *p = wr_port_kinds; p->name; p++) {
		uint64_t bits = wr_table_diff(p->table, wr_port_data(p, &m->want), wr_port_data(p, &m->is));

		memcpy((char *)wr_port_data(p, &diff) + p->table->has, &bits, sizeof(bits));
	}
	return diff;
}

/* Rows of a bond that are about to change and want it in a state: WR_WHEN_DOWN or WR_WHEN_EMPTY. */
static bool wants_state(const struct weir_link *diff, unsigned int flag)
{
	const struct wr_kind *k = wr_kind(diff->kind);

	return k && k->table && wr_has_any(k->table, wr_kind_data(k, diff), flag, 0);
}

static void set_rest(struct wr_set *s, const struct wr_member *m, struct weir_link diff)
{
	const struct wr_kind *k = wr_kind(diff.kind);
	bool any = diff.has & ~WEIR_LINK_IFINDEX || wr_port_of(&diff) ||
		   (k && k->table && wr_has_any(k->table, wr_kind_data(k, &diff), 0, WR_FIXED));

	if (m->end.has & WEIR_LINK_NAME) {
		wr_copy(diff.name, sizeof(diff.name), m->end.name);
		diff.has |= WEIR_LINK_NAME;
	}
	if (any)
		weir_txn_link_set(s->t, &diff);
}

static void let_go(struct wr_set *s, const struct weir_link *port)
{
	struct weir_link out = bare(port);

	out.has |= WEIR_LINK_MASTER;
	weir_txn_link_set(s->t, &out);
}

/* The bond without its ports and down, as far as its new options need that, and back. */
static void reconfigure(struct wr_set *s, struct wr_member *m, const struct weir_link *diff)
{
	struct weir_link_filter filter = { .sz = sizeof(filter), .master = (uint32_t)m->is.ifindex };
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_link *ports = NULL;
	bool empty = wants_state(diff, WR_WHEN_EMPTY), end_up = m->end.is_up;
	size_t n = 0;

	if (empty && weir_link_list(s->t->w, &filter, &ports, &n, &err)) {
		wr_txn_fail(s->t, &err);
		return;
	}
	if (m->is.is_up && wants_state(diff, WR_WHEN_DOWN))
		step_up(s, &m->is, false, true);
	for (size_t i = 0; i < n; i++) {
		struct wr_member *port = wr_set_member(s, (uint32_t)ports[i].ifindex);

		if (!port || !port->has_left)
			let_go(s, &ports[i]);
		if (port)
			port->has_left = true;
	}
	set_rest(s, m, *diff);
	if (n)
		keep_address(s, (uint32_t)m->is.ifindex);
	for (size_t i = 0; i < n; i++) {
		struct wr_member *port = wr_set_member(s, (uint32_t)ports[i].ifindex);

		if (!port || wr_master_of(&port->end) == (uint32_t)m->is.ifindex)
			enter(s, &ports[i], (uint32_t)m->is.ifindex, false, false, &ports[i]);
	}
	if (m->is.is_up && end_up && wants_state(diff, WR_WHEN_DOWN))
		step_up(s, &m->is, true, false);
	free(ports);
}

/* Out of a bond a link comes down; a change of flags in the same message would come too early. */
static void leave(struct wr_set *s, struct wr_member *m, struct weir_link *diff)
{
	struct weir_link in = bare(&m->is), none = bare(&m->is);

	if (!m->has_left) {
		let_go(s, &m->is);
		keep_address(s, m->is.master);
		m->has_left = true;
	}
	if (is_bond(s, wr_master_of(&m->end)))
		return;		/* it joins later */
	in.has |= WEIR_LINK_MASTER;
	in.master = wr_master_of(&m->end);
	none.has |= WEIR_LINK_MASTER;
	if (in.master)
		wr_link_step(s->t, &in, &none);
	if (m->end.is_up)
		step_up(s, &m->is, true, false);
	diff->has &= ~(WEIR_LINK_UP | WEIR_LINK_MASTER);
}

/* --- vlans above ---------------------------------------------------------------------------- */

/* Whether it goes up or down, for good or for a moment. */
static bool flips(const struct wr_member *m)
{
	struct weir_link diff = difference(m);

	return m->exists && (diff.has & WEIR_LINK_UP || (m->is.is_up && wants_state(&diff, WR_WHEN_DOWN)));
}

/* The kernel brings all vlans of a link up and down with it, those too that were down before. */
static void read_vlans(struct wr_set *s)
{
	struct weir_link_filter filter = { .sz = sizeof(filter), .kind = "vlan" };
	struct weir_error err = WEIR_ERROR_INIT;
	size_t n = 0, i = 0;

	while (i < s->n && !flips(&s->members[i]))
		i++;
	if (i == s->n)
		return;
	if (weir_link_list(s->t->w, &filter, &s->vlans, &n, &err)) {
		wr_txn_fail(s->t, &err);
		return;
	}
	for (i = 0; i < n; i++) {
		const struct weir_link *v = &s->vlans[i];
		const struct wr_member *base = wr_set_member(s, wr_lower_of(v));

		if (base && flips(base) && !(v->vlan.has & WEIR_VLAN_LOOSE_BINDING && v->vlan.loose_binding))
			s->vlans[s->n_vlans++] = *v;
	}
}

/* Those that are to be down over what is up now. */
static void lower_vlans(struct wr_set *s, const struct wr_member *base)
{
	for (size_t i = 0; i < s->n_vlans && base->end.is_up; i++) {
		const struct weir_link *v = &s->vlans[i];
		const struct wr_member *m = wr_set_member(s, (uint32_t)v->ifindex);
		struct weir_link part = bare(v), undo = bare(v);

		if (wr_lower_of(v) != (uint32_t)base->want.ifindex || (m ? m->end.is_up : v->is_up))
			continue;
		part.has |= WEIR_LINK_UP;
		wr_link_step(s->t, &part, &undo);
	}
}

static void change(struct wr_set *s, struct wr_member *m)
{
	struct weir_link diff = difference(m);

	if (diff.has & WEIR_LINK_MASTER && m->exists && is_bond(s, wr_master_of(&m->is)))
		leave(s, m, &diff);
	else if (diff.has & WEIR_LINK_MASTER && m->exists && wr_master_of(&m->is) && is_bond(s, diff.master))
		let_go(s, &m->is);
	if (diff.has & WEIR_LINK_MASTER && is_bond(s, diff.master)) {
		diff.has &= ~(WEIR_LINK_MASTER | WEIR_LINK_UP);
		wr_port_clear(&diff);
	}
	diff.bond.has &= ~(WEIR_BOND_PRIMARY | WEIR_BOND_ACTIVE);
	if (m->exists && diff.kind == WEIR_LINK_BOND && wants_state(&diff, WR_WHEN_DOWN | WR_WHEN_EMPTY))
		reconfigure(s, m, &diff);
	else
		set_rest(s, m, diff);
	lower_vlans(s, m);
}

/* --- the order ------------------------------------------------------------------------------- */

static void finish(struct wr_set *s, struct wr_member *m);

/* Whatever it needs is there before. */
static void make(struct wr_set *s, struct wr_member *m)
{
	struct weir_link l = m->want;
	struct wr_member *lower = wr_set_member(s, wr_lower_of(&m->end));
	struct wr_member *master = wr_set_member(s, wr_master_of(&m->end));
	struct wr_member *under = l.vxlan.has & WEIR_VXLAN_LINK ? wr_set_member(s, l.vxlan.link) : NULL;

	if (m->made != WR_NOT_YET)
		return;
	m->made = WR_UNDER_WAY;
	if (lower)
		finish(s, lower);
	if (under)
		finish(s, under);
	if (master)
		make(s, master);
	m->made = WR_DONE;
	if (m->exists || m->is_made) {
		change(s, m);
		return;
	}
	l.bond.has &= ~(WEIR_BOND_PRIMARY | WEIR_BOND_ACTIVE);
	if (is_bond(s, wr_master_of(&l))) {
		l.has &= ~(WEIR_LINK_MASTER | WEIR_LINK_UP);
		wr_port_clear(&l);
	}
	weir_txn_link_add(s->t, &l);
}

static void join(struct wr_set *s, struct wr_member *m)
{
	uint32_t bond = wr_master_of(&m->want);
	struct wr_member *master = wr_set_member(s, bond);

	if (m->joined != WR_NOT_YET || !is_bond(s, bond))
		return;
	m->joined = WR_UNDER_WAY;
	make(s, m);
	if (master)
		make(s, master);
	m->joined = WR_DONE;
	if (m->exists && wr_master_of(&m->is) == bond)
		return;
	enter(s, &m->end, bond, m->is_made || (m->exists && m->is.is_up), m->exists && m->is.is_up, &m->want);
}

/* With all its ports, and with what names them. */
static void finish(struct wr_set *s, struct wr_member *m)
{
	const uint64_t late = WEIR_BOND_PRIMARY | WEIR_BOND_ACTIVE;
	struct weir_link part = difference(m);

	if (m->finished != WR_NOT_YET)
		return;
	m->finished = WR_UNDER_WAY;
	make(s, m);
	for (size_t i = 0; i < s->n && m->end.kind == WEIR_LINK_BOND; i++)
		if (wr_master_of(&s->members[i].want) == (uint32_t)m->want.ifindex)
			join(s, &s->members[i]);
	m->finished = WR_DONE;
	part.has = WEIR_LINK_IFINDEX;
	part.bond.has &= late;
	wr_port_clear(&part);
	if (part.kind == WEIR_LINK_BOND && part.bond.has)
		set_rest(s, m, part);
}

/* A step that does nothing and is undone by @up. */
static void step_up_undone(struct wr_set *s, const struct weir_link *l, bool up)
{
	struct weir_link part = bare(l), undo = bare(l);

	undo.has |= WEIR_LINK_UP;
	undo.is_up = up;
	wr_link_step(s->t, &part, &undo);
}

static int by_number(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Every bond that gains or loses a port, for good or for a moment. */
static void guard_bonds(struct wr_set *s)
{
	wr_auto(free) uint32_t *bonds = calloc(3 * s->n + 1, sizeof(*bonds));
	size_t n = 0;

	if (!bonds) {
		wr_txn_nomem(s->t);
		return;
	}
	for (size_t i = 0; i < s->n; i++) {
		const struct wr_member *m = &s->members[i];
		struct weir_link diff = difference(m);

		if (m->exists && wants_state(&diff, WR_WHEN_EMPTY))
			bonds[n++] = (uint32_t)m->is.ifindex;
		if (wr_master_of(&m->is) == wr_master_of(&m->end))
			continue;
		bonds[n++] = wr_master_of(&m->is);
		bonds[n++] = wr_master_of(&m->end);
	}
	qsort(bonds, n, sizeof(*bonds), by_number);
	for (size_t i = 0; i < n; i++) {
		const struct weir_link *bond = i && bonds[i] == bonds[i - 1] ? NULL : old_bond(s, bonds[i]);

		if (bond)
			guard_bond(s, bond);
	}
}

void wr_set_build(struct wr_set *s)
{
	read_vlans(s);
	guard_bonds(s);
	for (size_t i = 0; i < s->n_vlans; i++)
		step_up_undone(s, &s->vlans[i], s->vlans[i].is_up);
	for (size_t i = 0; i < s->n; i++)
		finish(s, &s->members[i]);
	for (size_t i = 0; i < s->n; i++)
		join(s, &s->members[i]);
}

int weir_txn_links(struct weir_txn *t, struct weir_link *links, size_t n)
{
	struct wr_set s = { .t = t };

	if (!t->err.code && !wr_set_gather(&s, links, n))
		wr_set_build(&s);
	wr_set_done(&s);
	return t->err.code;
}

int weir_txn_link_index(struct weir_txn *t)
{
	return wr_txn_ifindex(t);
}
