/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Making, changing and deleting links: builders that turn a struct weir_link into
 * the fewest messages that the kernel honours in full. Its rules, as far as they
 * decide what goes where (facts tried on 6.1, 6.12 and 6.18):
 *
 *	- a create message silently drops IFLA_IFALIAS and port settings, and
 *	  fails as a whole if it has IPv6's part: they follow in a second message;
 *	- a port's settings are looked up by the master it has already, so they
 *	  cannot ride in the message that gives it one;
 *	- a link that is to have no IPv6 link-local address must come up last;
 *	- a bridge's MTU is pinned only by a change, and 1500 is none.
 */
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include "base/netns.h"
#include "link/kinds.h"
#include "link/link.h"
#include "txn/txn.h"

void wr_link_object(const struct weir_link *l, char object[64])
{
	const char *kind = weir_link_kind_name(l->kind);

	if (l->has & WEIR_LINK_NAME)
		wr_format(object, 64, "%s %.15s", *kind ? kind : "link", l->name);
	else
		wr_format(object, 64, "link %d", l->ifindex);
}

static int fail(struct weir_txn *t, const struct weir_link *l, struct weir_error *err)
{
	wr_link_object(l, err->object);
	return wr_txn_fail(t, err);
}

/* --- checks ----------------------------------------------------------------------- */

int wr_link_check(const struct weir_link *l, struct weir_error *err)
{
	const struct wr_kind *k = wr_kind(l->kind);
	int r = wr_table_check(&wr_link_table, l, err);

	if (!r)
		r = wr_table_check(&wr_link_inet6_table, l, err);
	for (const struct wr_port_kind *p = wr_port_kinds; !r && p->name; p++)
		r = wr_table_check(p->table, wr_port_data(p, l), err);
	if (!r && l->has & WEIR_LINK_MAC && l->mac[0] & 1)
		r = wr_refuse(err, -EADDRNOTAVAIL, "", "address", "is a multicast address");
	if (!r && l->port.has && l->bond_port.has)
		r = wr_refuse(err, -EINVAL, "", "port", "has settings of a bridge's port and of a bond's");
	if (!r && k && k->table)
		r = wr_table_check(k->table, wr_kind_data(k, l), err);
	return r;
}

int wr_link_check_new(const struct weir_link *l, struct weir_error *err)
{
	const struct wr_kind *k = wr_kind(l->kind);

	if (!k)
		return wr_refuse(err, -EINVAL, "", "kind", "is missing");
	if (!(l->has & WEIR_LINK_NAME))
		return wr_refuse(err, -EINVAL, "", "name", "is missing");
	if (k->needs_lower && !(l->has & WEIR_LINK_LOWER))
		return wr_refuse(err, -EINVAL, "", "link", "is missing: the link below it");
	if (wr_port_of(l) && !(l->has & WEIR_LINK_MASTER))
		return wr_refuse(err, -EINVAL, "", "port", "has settings, but there is no master");
	return k->verify ? k->verify(l, err) : 0;
}

/* --- messages ---------------------------------------------------------------------- */

static void link_msg(struct wr_batch *b, uint16_t type, uint16_t flags, int ifindex, bool change_up,
		     bool up)
{
	struct ifinfomsg ifi = {
		.ifi_index = ifindex,
		/* Flags without a mask would replace all of them. */
		.ifi_flags = change_up && up ? IFF_UP : 0,
		.ifi_change = change_up ? IFF_UP : 0,
	};

	wr_msg(b, type, flags, &ifi, sizeof(ifi));
}

/* @but: rows with one of these flags stay out. */
static void put_info(struct wr_batch *b, const struct weir_link *l, const struct wr_kind *k,
		     unsigned int but, int peer_netns_fd, int peer_ifindex)
{
	size_t info = wr_nest(b, IFLA_LINKINFO), data;

	wr_put_text(b, IFLA_INFO_KIND, k->name);
	if (k->table && wr_has_any(k->table, wr_kind_data(k, l), 0, but)) {
		data = wr_nest(b, IFLA_INFO_DATA);
		wr_encode_rows(b, k->table, wr_kind_data(k, l), 0, but);
		wr_nest_end(b, data);
	}
	if (k->put)
		k->put(b, l, peer_netns_fd, peer_ifindex);
	wr_nest_end(b, info);
}

void wr_link_create_msg(struct wr_batch *b, const struct weir_link *l, int peer_netns_fd, int peer_ifindex)
{
	link_msg(b, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, l->ifindex, l->is_up, l->is_up);
	wr_encode(b, &wr_link_table, l, 0, WR_ON_SET);
	put_info(b, l, wr_kind(l->kind), WR_ON_SET, peer_netns_fd, peer_ifindex);
}

static void put_port(struct wr_batch *b, const struct weir_link *l, const struct wr_port_kind *port)
{
	size_t info = wr_nest(b, IFLA_LINKINFO), data;

	wr_put_text(b, IFLA_INFO_SLAVE_KIND, port->name);
	data = wr_nest(b, IFLA_INFO_SLAVE_DATA);
	wr_encode_rows(b, port->table, wr_port_data(port, l), 0, 0);
	wr_nest_end(b, data);
	wr_nest_end(b, info);
}

/* --- the plan's words ------------------------------------------------------------------ */

/* One row as " name value", with links by name: iproute2 takes no indexes there. */
static void put_words(struct weir_txn *t, const struct wr_field *f, const void *obj, struct wr_str *out)
{
	wr_auto(str) struct wr_str value = { 0 };
	uint32_t ifindex = f->flags & WR_IFINDEX ? (uint32_t)wr_load(f, obj) : 0;
	char buf[16];

	if (f->flags & WR_NOWORD || f->codec == WR_FLAG) {
		if (f->flags & WR_NOWORD || wr_load(f, obj))
			wr_str_printf(out, " %s%s", wr_load(f, obj) ? "" : "no", f->name);
		return;
	}
	wr_str_printf(out, " %s ", f->name);
	if (f->flags & WR_IFINDEX)
		wr_str_puts(&value, ifindex ? wr_txn_link_name(t, (int)ifindex, buf) : "");
	else
		wr_field_text(f, obj, &value);
	/* Several pairs are several words. */
	if (wr_is_array(f) && value.len)
		wr_str_puts(out, wr_str_text(&value));
	else
		wr_str_shell(out, wr_str_text(&value));
}

/* What a create or a change sets of a table; @but: rows with one of these flags are left out. */
static void words(struct weir_txn *t, const struct wr_kind *k, const struct wr_table *table, const void *obj,
		  unsigned int but, struct wr_str *out)
{
	for (size_t i = 0; i < table->n; i++) {
		const struct wr_field *f = &table->fields[i];
		bool common = table == &wr_link_table;

		if (!f->attr || f->flags & (WR_READONLY | WR_HEADER | but) || !wr_has(table, f, obj) ||
		    (common && (f->attr == IFLA_IFNAME || f->attr == IFLA_LINK)))
			continue;
		if (common && f->attr == IFLA_MASTER && !wr_load(f, obj))
			wr_str_puts(out, " nomaster");
		else if (!k || !k->words || !k->words(f, obj, out))
			put_words(t, f, obj, out);
	}
}

static void plan_create(struct weir_txn *t, struct weir_step *s, const struct weir_link *l,
			const struct wr_kind *k, bool up)
{
	wr_auto(str) struct wr_str line = { 0 };
	char lower[16];

	if (!t->dry)
		return;
	wr_str_puts(&line, "ip link add");
	if (l->has & WEIR_LINK_LOWER) {
		wr_str_puts(&line, " link ");
		wr_str_shell(&line, wr_txn_link_name(t, (int)l->lower, lower));
	}
	wr_str_puts(&line, " name ");
	wr_str_shell(&line, l->name);
	wr_str_printf(&line, " index %d", l->ifindex);
	words(t, NULL, &wr_link_table, l, 0, &line);
	wr_str_printf(&line, "%s type %s", up ? " up" : "", k->name);
	if (k->text)
		k->text(l, &line);
	else if (k->table)
		words(t, k, k->table, wr_kind_data(k, l), WR_ON_SET, &line);
	wr_step_plan(t, s, "%s", wr_str_text(&line));
}

static void plan_set(struct weir_txn *t, struct weir_step *s, const char *name,
		     const struct weir_link *l, const struct wr_kind *k)
{
	wr_auto(str) struct wr_str line = { 0 };
	wr_auto(str) struct wr_str data = { 0 };
	const struct wr_port_kind *port = wr_port_of(l);

	if (!t->dry)
		return;
	wr_str_puts(&line, "ip link set dev ");
	wr_str_shell(&line, name);
	words(t, NULL, &wr_link_table, l, WR_FIXED, &line);
	words(t, NULL, &wr_link_inet6_table, l, 0, &line);
	if (l->has & WEIR_LINK_UP)
		wr_str_puts(&line, l->is_up ? " up" : " down");
	if (k && k->table)
		words(t, k, k->table, wr_kind_data(k, l), WR_FIXED, &data);
	if (data.len)
		wr_str_printf(&line, " type %s%s", k->name, wr_str_text(&data));
	if (port) {
		wr_str_printf(&line, " type %s_slave", port->name);
		words(t, NULL, port->table, wr_port_data(port, l), 0, &line);
	}
	wr_step_plan(t, s, "%s", wr_str_text(&line));
}

/* --- settings of a link that exists, or will by then ---------------------------------------- */

/*
 * One message with what @l has set. @kind_data: with the kind's own settings too
 * (NULL: without). Returns the step, for an undo of its own.
 */
static struct weir_step *set_step(struct weir_txn *t, const struct weir_link *l, const char *name,
				  const struct wr_kind *kind_data)
{
	wr_auto(batch) struct wr_batch b = { 0 };
	const struct wr_kind *k = wr_kind(l->kind);
	const struct wr_port_kind *port = wr_port_of(l);
	struct weir_step *s;
	char object[64];

	link_msg(&b, RTM_NEWLINK, 0, l->ifindex, l->has & WEIR_LINK_UP, l->is_up);
	wr_encode(&b, &wr_link_table, l, 0, WR_FIXED);
	if (kind_data && wr_has_any(kind_data->table, wr_kind_data(kind_data, l), 0, WR_FIXED))
		put_info(&b, l, kind_data, WR_FIXED, -1, 0);
	else if (port)
		put_port(&b, l, port);
	wr_encode(&b, &wr_link_inet6_table, l, 0, 0);
	wr_fill(t, l, false);
	if (*name)
		wr_format(object, sizeof(object), "%s %s", k ? k->name : "link", name);
	else
		wr_format(object, sizeof(object), "link %d", l->ifindex);
	s = wr_txn_msg(t, object, port ? port->tables : k ? k->tables : WR_LINK_TABLES(NULL), &b, NULL, NULL);
	plan_set(t, s, name, l, kind_data);
	return s;
}

static void set_one(struct weir_txn *t, const struct weir_link *l, uint64_t which)
{
	struct weir_link part = *l;

	part.has = l->has & which;
	wr_port_clear(&part);
	if (part.has)
		set_step(t, &part, l->name, NULL);
}

/* A change to the value that is there pins nothing, so 1500 goes by way of 1501. */
static void pin_mtu(struct weir_txn *t, const struct weir_link *l)
{
	struct weir_link detour = *l;

	if (!(l->has & WEIR_LINK_MTU) || l->kind != WEIR_LINK_BRIDGE)
		return;
	detour.mtu = 1501;
	if (l->mtu == 1500)
		set_one(t, &detour, WEIR_LINK_MTU);
	set_one(t, l, WEIR_LINK_MTU);
}

/* Settings of the kind that the create message does not take. */
static void settle_kind(struct weir_txn *t, const struct weir_link *l)
{
	const struct wr_kind *k = wr_kind(l->kind);
	struct weir_link part = *l;

	if (!k->table || !wr_has_any(k->table, wr_kind_data(k, l), WR_ON_SET, 0))
		return;
	part.has = 0;
	wr_port_clear(&part);
	for (size_t i = 0; i < k->table->n; i++)
		if (!(k->table->fields[i].flags & WR_ON_SET))
			*wr_kind_has(k, &part) &= ~wr_bit(&k->table->fields[i]);
	set_step(t, &part, l->name, k);
}

/* What did not ride in the create message; coming up last. */
static void settle(struct weir_txn *t, const struct weir_link *l, uint64_t first, bool up_is_left)
{
	struct weir_link part = *l;

	set_one(t, l, first);
	pin_mtu(t, l);
	settle_kind(t, l);
	if (wr_port_of(l)) {
		part.has = 0;
		set_step(t, &part, l->name, NULL);
	}
	if (up_is_left && l->has & WEIR_LINK_UP && l->is_up)
		set_one(t, l, WEIR_LINK_UP);
}

#define AFTER_CREATE (WEIR_LINK_ALIAS | WEIR_LINK_ADDR_GEN_MODE)

/*
 * A tap that nobody has open is without carrier, which the kernel looks at up to a
 * second later. Until then a bridge takes it for one that works: it starts the port
 * and its timers, only to stop them again. Since 6.8 the kernel looks at it when
 * somebody asks about the link. That makes a port a third cheaper.
 */
static void note_carrier(struct weir_txn *t, const struct weir_link *l)
{
	wr_auto(batch) struct wr_batch b = { 0 };
	char object[64];

	link_msg(&b, RTM_GETLINK, 0, l->ifindex, false, false);
	wr_put_u32(&b, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	wr_format(object, sizeof(object), "tap %s", l->name);
	wr_txn_msg(t, object, WR_LINK_TABLES(NULL), &b, NULL, NULL);
}

void wr_link_settle_tap(struct weir_txn *t, const struct weir_link *l, bool is_open)
{
	if (!is_open && l->has & WEIR_LINK_MASTER)
		note_carrier(t, l);
	settle(t, l, l->has & ~(WEIR_LINK_NAME | WEIR_LINK_IFINDEX | WEIR_LINK_UP), true);
}

/* --- making ------------------------------------------------------------------------------ */

static int open_peer_netns(struct weir_txn *t, const struct weir_link *l)
{
	struct weir_error err = WEIR_ERROR_INIT;
	int fd;

	if (l->kind != WEIR_LINK_VETH || !l->veth.peer_netns)
		return -1;
	fd = wr_netns_open(l->veth.peer_netns, &err);
	if (fd < 0)
		wr_txn_fail(t, &err);
	else
		wr_txn_keep_fd(t, fd);
	return fd;
}

/* The end of a pair that is elsewhere comes up by a socket there. */
static void peer_up(struct weir_txn *t, const struct weir_link *l, int peer_ifindex)
{
	wr_auto(batch) struct wr_batch b = { 0 };
	struct weir_step *s;
	char object[64];
	char path[4096];

	if (l->kind != WEIR_LINK_VETH || !l->veth.peer_up)
		return;
	link_msg(&b, RTM_NEWLINK, 0, peer_ifindex, true, true);
	wr_format(object, sizeof(object), "veth %s", l->veth.peer_name);
	wr_format(path, sizeof(path), l->veth.peer_netns && !strchr(l->veth.peer_netns, '/') ?
		  "/run/netns/%s" : "%s", l->veth.peer_netns ? l->veth.peer_netns : "");
	s = wr_txn_msg(t, object, WR_LINK_TABLES(NULL), &b, NULL, *path ? path : NULL);
	wr_step_plan(t, s, "ip link set dev %s up", l->veth.peer_name);
}

/* One whose index the caller knows is a link like any other, which later steps may change. */
static void note_peer(struct weir_txn *t, const struct weir_link *l)
{
	if (l->kind != WEIR_LINK_VETH || !(l->veth.has & WEIR_VETH_PEER_IFINDEX) || l->veth.peer_netns)
		return;
	wr_txn_created(t, l->veth.peer_ifindex, l->veth.peer_name);
	wr_txn_created_kind(t, l->kind);
}

static void create(struct weir_txn *t, const struct weir_link *l, bool up)
{
	const struct wr_kind *k = wr_kind(l->kind);
	int netns_fd = open_peer_netns(t, l);
	int peer_ifindex = l->veth.has & WEIR_VETH_PEER_IFINDEX ? l->veth.peer_ifindex : wr_txn_ifindex(t);
	wr_auto(batch) struct wr_batch b = { 0 };
	struct weir_link first = *l;
	uint64_t later = AFTER_CREATE;
	struct weir_step *s;
	char object[64];

	if (l->kind == WEIR_LINK_BRIDGE)
		first.has &= ~WEIR_LINK_MTU;
	/* A passthru takes over the address of the link below first; deleted, it gives that back. */
	if ((l->kind == WEIR_LINK_MACVTAP || l->kind == WEIR_LINK_MACVLAN) && l->macvlan.has & WEIR_MACVLAN_MODE &&
	    l->macvlan.mode == WEIR_MACVLAN_PASSTHRU)
		later |= WEIR_LINK_MAC;
	first.has &= ~later;
	first.is_up = up;
	wr_link_create_msg(&b, &first, netns_fd, peer_ifindex);
	wr_link_object(l, object);
	s = wr_txn_msg(t, object, k->tables, &b, NULL, NULL);
	plan_create(t, s, &first, k, up);
	wr_txn_created(t, l->ifindex, l->name);
	wr_txn_created_kind(t, l->kind);
	wr_fill(t, &first, true);
	note_peer(t, l);
	settle(t, l, later, !up);
	peer_up(t, l, peer_ifindex);
}

/* @l ready to be made: checked, with an index and our group. */
int wr_link_prepare(struct weir_txn *t, const struct weir_link *link, struct weir_link *l)
{
	struct weir_error err = WEIR_ERROR_INIT;
	int r = wr_opts_copy(l, sizeof(*l), link, "link", &err);

	if (r)
		return wr_txn_fail(t, &err);
	r = wr_link_check_new(l, &err);
	if (!r)
		r = wr_link_check(l, &err);
	if (r)
		return fail(t, l, &err);
	if (!(l->has & WEIR_LINK_IFINDEX) || l->ifindex <= 0)
		l->ifindex = wr_txn_ifindex(t);
	l->has |= WEIR_LINK_IFINDEX;
	if (!(l->has & WEIR_LINK_GROUP_SET))
		l->group = WEIR_LINK_GROUP;
	l->has |= WEIR_LINK_GROUP_SET;
	return 0;
}

int weir_txn_link_add(struct weir_txn *t, const struct weir_link *link)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_link l;
	int r = wr_link_prepare(t, link, &l);

	if (r)
		return r;
	if (l.kind == WEIR_LINK_TUN) {
		wr_refuse(&err, -EOPNOTSUPP, "", "kind", "tap and tun links are made by weir_txn_tap_add()");
		return fail(t, &l, &err);
	}
	if (l.kind == WEIR_LINK_VETH && !(l.has & WEIR_LINK_NUM_TX_QUEUES))
		l.num_tx_queues = 1;
	if (l.kind == WEIR_LINK_VETH && !(l.has & WEIR_LINK_NUM_RX_QUEUES))
		l.num_rx_queues = 1;
	if (l.kind == WEIR_LINK_VETH)
		l.has |= WEIR_LINK_NUM_TX_QUEUES | WEIR_LINK_NUM_RX_QUEUES;
	create(t, &l, l.has & WEIR_LINK_UP && l.is_up && !(l.has & WEIR_LINK_ADDR_GEN_MODE));
	return t->err.code ? t->err.code : l.ifindex;
}

/* --- changing ------------------------------------------------------------------------------ */

/*
 * A bond takes ports that are down and brings them up; one that it lets go is
 * down. So a port goes back to its bond by way of down, and a link that was up
 * comes up once more behind whatever its master was.
 */
static void put_old_master(struct wr_batch *b, struct weir_link *was)
{
	const struct wr_port_kind *port;

	wr_bond_port_strip(&was->bond_port);
	port = wr_port_of(was);
	if (was->is_up)
		link_msg(b, RTM_NEWLINK, 0, was->ifindex, true, true);
	if (!port)
		return;
	link_msg(b, RTM_NEWLINK, 0, was->ifindex, false, false);
	put_port(b, was, port);
}

void wr_link_put_master(struct wr_batch *b, const struct weir_link *was)
{
	struct weir_link l = *was;

	if (l.has & WEIR_LINK_MASTER && l.master) {
		link_msg(b, RTM_NEWLINK, 0, l.ifindex, false, false);
		wr_put_u32(b, IFLA_MASTER, l.master);
	}
	put_old_master(b, &l);
}

/*
 * The old values of what the step sets; what the kernel leaves out is zero or
 * empty. A port that left its bridge lost its settings there: they come back after
 * the master.
 */
static int put_old(struct wr_batch *b, const struct weir_link *want, struct weir_link *old, struct weir_error *err)
{
	struct weir_link was = *old, ahead = { .ifindex = old->ifindex, .kind = want->kind };
	const struct wr_kind *k = wr_kind(want->kind);
	int r = 0;

	old->has = want->has & ~(WEIR_LINK_IFINDEX | WEIR_LINK_KIND);
	/* What was no such port has no settings to go back to: they go with its master. */
	old->port.has &= want->port.has;
	old->bond_port.has &= want->bond_port.has;
	if (k && k->table)
		*wr_kind_has(k, old) = *wr_kind_has(k, want);
	if (k && k->widen)
		r = k->widen(want, old, &ahead, err);
	if (k && k->table && wr_has_any(k->table, wr_kind_data(k, &ahead), 0, WR_FIXED)) {
		link_msg(b, RTM_NEWLINK, 0, old->ifindex, false, false);
		put_info(b, &ahead, k, WR_FIXED, -1, 0);
	}
	if (old->has & WEIR_LINK_MASTER && !strcmp(was.port_kind, "bond")) {
		link_msg(b, RTM_NEWLINK, 0, old->ifindex, true, false);
		old->has &= ~WEIR_LINK_UP;
	}
	link_msg(b, RTM_NEWLINK, 0, old->ifindex, old->has & WEIR_LINK_UP, old->is_up);
	wr_encode(b, &wr_link_table, old, 0, WR_FIXED);
	if (k && k->table && wr_has_any(k->table, wr_kind_data(k, old), 0, WR_FIXED))
		put_info(b, old, k, WR_FIXED, -1, 0);
	else if (wr_port_of(old))
		put_port(b, old, wr_port_of(old));
	wr_encode(b, &wr_link_inet6_table, old, 0, 0);
	if (old->has & WEIR_LINK_MASTER)
		put_old_master(b, &was);
	return r;
}

static int read_undo(struct weir_txn *t, struct weir_step *s, const struct nlmsghdr *reply, struct weir_error *err)
{
	wr_auto(batch) struct wr_batch b = { 0 };
	struct weir_link old = { 0 };
	int r = wr_link_decode(reply, &old, err);

	if (!r)
		r = put_old(&b, s->local, &old, err);
	return r ? r : wr_step_message(t, s, WR_MSG_UNDO, &b, err);
}

/* A change with an undo of the caller's, where what is there when the commit begins is not what to go back to. */
void wr_link_step(struct weir_txn *t, const struct weir_link *part, const struct weir_link *undo)
{
	wr_auto(batch) struct wr_batch b = { 0 };
	struct weir_error err = WEIR_ERROR_INIT;
	const struct wr_kind *k = wr_kind(undo->kind);
	struct weir_link l = *part;
	struct weir_step *s;

	l.has &= ~WEIR_LINK_NAME;
	s = set_step(t, &l, part->has & WEIR_LINK_NAME ? part->name : "", NULL);
	if (!s)
		return;
	/* A step for its undo alone is no part of the plan. */
	if (!(part->has & ~(WEIR_LINK_NAME | WEIR_LINK_IFINDEX)))
		wr_step_plan(t, s, "%s", "");
	link_msg(&b, RTM_NEWLINK, 0, undo->ifindex, undo->has & WEIR_LINK_UP, undo->is_up);
	l = *undo;
	l.has &= ~WEIR_LINK_NAME;
	wr_encode(&b, &wr_link_table, &l, 0, WR_FIXED);
	if (k && k->table && wr_has_any(k->table, wr_kind_data(k, undo), 0, WR_FIXED))
		put_info(&b, undo, k, WR_FIXED, -1, 0);
	if (wr_step_message(t, s, WR_MSG_UNDO, &b, &err))
		wr_txn_fail(t, &err);
}

/* A change that can be taken back: what is there now is read when the commit begins. */
static void set_existing(struct weir_txn *t, const struct weir_link *part, const char *name,
			 const struct wr_kind *kind_data)
{
	wr_auto(batch) struct wr_batch get = { 0 };
	struct weir_step *s = set_step(t, part, name, kind_data);

	if (!s || wr_txn_makes(t, part->ifindex))
		return;
	link_msg(&get, RTM_GETLINK, 0, part->ifindex, false, false);
	wr_put_u32(&get, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	s->local = wr_txn_copy(t, part, sizeof(*part));
	if (!s->local || wr_step_message(t, s, WR_MSG_GET, &get, NULL))
		wr_txn_nomem(t);
	else
		s->prepare = read_undo;
}

/* Of one message the kernel takes the delay first, and refuses it for STP that is to go. */
static void set_stp_off(struct weir_txn *t, struct weir_link *part, const char *name)
{
	struct weir_link stp = { .sz = sizeof(stp), .has = WEIR_LINK_IFINDEX, .kind = WEIR_LINK_BRIDGE,
				 .ifindex = part->ifindex, .bridge = { .has = WEIR_BRIDGE_STP } };
	const uint64_t both = WEIR_BRIDGE_STP | WEIR_BRIDGE_FORWARD_DELAY;

	if (part->kind != WEIR_LINK_BRIDGE || (part->bridge.has & both) != both || part->bridge.stp)
		return;
	set_existing(t, &stp, name, &wr_kind_bridge);
	part->bridge.has &= ~WEIR_BRIDGE_STP;
}

static void set_mtu_apart(struct weir_txn *t, const struct wr_kind *k, struct weir_link *part, const char *name)
{
	struct weir_link mtu = { .sz = sizeof(mtu), .has = WEIR_LINK_IFINDEX | WEIR_LINK_MTU, .kind = part->kind,
				 .ifindex = part->ifindex, .mtu = part->mtu };

	if (!k || !k->mtu_apart || !(part->has & WEIR_LINK_MTU))
		return;
	set_existing(t, &mtu, name, NULL);
	part->has &= ~WEIR_LINK_MTU;
}

int weir_txn_link_set(struct weir_txn *t, const struct weir_link *link)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_link l, part;
	const struct wr_kind *k;
	char buf[16];
	const char *name;
	int r = wr_opts_copy(&l, sizeof(l), link, "link", &err);

	if (r)
		return wr_txn_fail(t, &err);
	if (!(l.has & WEIR_LINK_IFINDEX) || l.ifindex <= 0)
		r = wr_refuse(&err, -EINVAL, "", "ifindex", "is missing");
	if (!r)
		r = wr_link_check(&l, &err);
	if (r)
		return fail(t, &l, &err);
	k = wr_kind(l.kind);
	name = l.has & WEIR_LINK_NAME ? l.name : t->dry ? wr_txn_link_name(t, l.ifindex, buf) : "";
	part = l;
	wr_port_clear(&part);
	part.has &= ~WEIR_LINK_NAME;
	set_stp_off(t, &part, name);
	set_mtu_apart(t, k, &part, name);
	if (part.has & ~WEIR_LINK_IFINDEX || (k && k->table))
		set_existing(t, &part, name, k && k->table ? k : NULL);
	if (wr_port_of(&l)) {
		part = (struct weir_link){ .sz = sizeof(part), .has = WEIR_LINK_IFINDEX,
					   .ifindex = l.ifindex, .port = l.port, .bond_port = l.bond_port };
		set_existing(t, &part, name, NULL);
	}
	return t->err.code;
}

/* --- deleting ------------------------------------------------------------------------------- */

int weir_txn_link_del(struct weir_txn *t, int ifindex, const char *name)
{
	if (ifindex > 0 && !wr_check_ifname(name)) {
		wr_txn_deleted(t, ifindex, name);
		return t->err.code;
	}
	return wr_txn_refuse(t, -EINVAL, "link", ifindex > 0 ? "name" : "ifindex", "is needed to delete a link");
}
