/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * New bridges that get many ports. While a bridge that is up snoops on multicast,
 * the kernel restarts the queries on all its ports whenever one more comes
 * (br_port_state_selection, br_multicast_enable_port): with 1,000 ports that is a
 * third of the time. So a transaction that makes such a bridge makes it without
 * snooping, and turns that on after the last port. In the end nothing is different;
 * if the transaction fails, the bridge is deleted.
 *
 * A bridge that is there already is left alone: others' multicast goes through it.
 */
#include <linux/rtnetlink.h>

#include "base/context.h"
#include "base/list.h"
#include "link/kinds.h"
#include "link/link.h"
#include "txn/txn.h"

/* From so many ports on it is worth a message more. */
#define MANY_PORTS 32
#define SNOOPING (WEIR_BRIDGE_MCAST_SNOOPING | WEIR_BRIDGE_MCAST_VLAN_SNOOPING)

struct bridge {
	int ifindex;
	size_t step;		/* which makes it */
	unsigned int n_ports;	/* that it gets in this transaction */
};

struct bridges {
	struct bridge *list;
	size_t n;
};

static const char kept_by;	/* the transaction keeps them by the address of this */

static void snoop_last(struct weir_txn *t, const struct bridge *b)
{
	struct weir_link l, on = { .sz = sizeof(on), .has = WEIR_LINK_IFINDEX, .kind = WEIR_LINK_BRIDGE,
				   .ifindex = b->ifindex };
	struct weir_step *s = &t->steps[b->step];
	struct weir_error err = WEIR_ERROR_INIT;
	wr_auto(batch) struct wr_batch msg = { 0 };
	int r = wr_link_decode((const void *)weir_step_part(s, WR_MSG_DO).data, &l, &err);

	l.bridge.has |= WEIR_BRIDGE_MCAST_SNOOPING;
	l.bridge.mcast_snooping = false;
	if (!r)
		wr_link_create_msg(&msg, &l, -1, 0);
	if (r || wr_step_message(t, s, WR_MSG_DO, &msg, &err)) {
		wr_txn_fail(t, &err);
		return;
	}
	on.bridge.has = WEIR_BRIDGE_MCAST_SNOOPING;
	on.bridge.mcast_snooping = true;
	weir_txn_link_set(t, &on);
}

/* A plan is without the detour. And where there are late steps, what comes now would be one of them, too late. */
static void complete(struct weir_txn *t, void *arg)
{
	struct bridges *all = arg;

	for (size_t i = 0; i < all->n && !t->has_late && !t->dry; i++)
		if (all->list[i].n_ports >= MANY_PORTS)
			snoop_last(t, &all->list[i]);
	all->n = 0;
}

static struct bridges *bridges_of(struct weir_txn *t)
{
	struct bridges *all = wr_txn_kept(t, &kept_by, sizeof(*all), wr_kept_list_free);

	wr_txn_complete_by(t, &kept_by, complete);
	return all;
}

/* Without memory for it the bridge fills slowly. */
static void add(struct weir_txn *t, int ifindex)
{
	struct bridges *all = t->err.code ? NULL : bridges_of(t);
	struct bridge *b = all ? wr_append(all->list, all->n) : NULL;

	if (b)
		*b = (struct bridge){ .ifindex = ifindex, .step = t->n_steps - 1 };
}

/* The latest first: ports are mostly given to the bridge that has just been made. */
static struct bridge *find(struct weir_txn *t, int ifindex)
{
	struct bridges *all = weir_txn_kept(t, &kept_by);

	for (size_t i = all ? all->n : 0; i > 0; i--)
		if (all->list[i - 1].ifindex == ifindex)
			return &all->list[i - 1];
	return NULL;
}

/* What is said of snooping, at once or later, holds. */
static void is_told(struct weir_txn *t, int ifindex)
{
	struct bridge *b = find(t, ifindex);

	if (b)
		*b = (struct bridge){ 0 };
}

void wr_fill(struct weir_txn *t, const struct weir_link *l, bool is_new)
{
	struct bridge *b = l->has & WEIR_LINK_MASTER ? find(t, (int)l->master) : NULL;

	if (b)
		b->n_ports++;
	if (l->kind == WEIR_LINK_BRIDGE && l->bridge.has & SNOOPING)
		is_told(t, l->ifindex);
	else if (l->kind == WEIR_LINK_BRIDGE && is_new)
		add(t, l->ifindex);
}
