/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How many ports a network's bridges have room for, and which of them the next port
 * gets. A bridge numbers its ports from 1 to 1023, and the kernel refuses one more
 * only at commit, with EXFULL. So the kernel is asked once in a transaction how many
 * there are, and what the transaction adds is counted here. Where a network has one
 * bridge, the number of ports on record is an upper bound that is cheaper to get.
 */
#include <stdlib.h>

#include <weir/link.h>

#include "base/context.h"
#include "base/list.h"
#include "network/check.h"
#include "network/network.h"
#include "network/tables.h"

/* --- what the kernel has ------------------------------------------------------------------------ */

static int by_number(const void *a, const void *b)
{
	const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

int wr_masters(struct weir *w, int master, struct wr_masters *ret, struct weir_error *err)
{
	const struct weir_link_filter filter = { .sz = sizeof(filter), .master = (uint32_t)master };
	wr_auto(free) struct weir_link *links = NULL;
	size_t n = 0;
	int r = weir_link_list(w, &filter, &links, &n, err);

	*ret = (struct wr_masters){ 0 };
	if (r)
		return r;
	ret->items = calloc(n + 1, sizeof(*ret->items));
	if (!ret->items)
		return wr_nomem(err);
	for (size_t i = 0; i < n; i++)
		if (links[i].has & WEIR_LINK_MASTER && links[i].master)
			ret->items[ret->n++] = links[i].master;
	qsort(ret->items, ret->n, sizeof(*ret->items), by_number);
	return 0;
}

/* How many are less than @ifindex. */
static size_t below(const struct wr_masters *m, uint32_t ifindex)
{
	size_t low = 0, high = m->n;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (m->items[middle] < ifindex)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static uint32_t ports_of(const struct wr_masters *m, int ifindex)
{
	return (uint32_t)(below(m, (uint32_t)ifindex + 1) - below(m, (uint32_t)ifindex));
}

static uint32_t left_on(const struct wr_masters *m, int ifindex)
{
	uint32_t n = ports_of(m, ifindex);

	return n < WR_BRIDGE_PORTS ? WR_BRIDGE_PORTS - n : 0;
}

/* Without a Linux bridge there is nothing to be counted. */
static bool has_no_end(const struct wr_live *live)
{
	return live->bridge_ifindex <= 0 || wr_wants_ovs(&live->net);
}

uint32_t wr_room_among(const struct wr_live *live, const struct wr_masters *m)
{
	uint32_t left;

	if (has_no_end(live))
		return WEIR_ROOM_UNLIMITED;
	left = left_on(m, live->bridge_ifindex);
	for (size_t i = 0; i < live->n_spans; i++)
		left += left_on(m, live->spans[i].ifindex);
	return left;
}

int wr_room_on_first(struct weir *w, const struct wr_live *live, uint32_t *ret, struct weir_error *err)
{
	struct wr_masters m;
	int r = wr_masters(w, live->bridge_ifindex, &m, err);

	if (!r)
		*ret = left_on(&m, live->bridge_ifindex);
	free(m.items);
	return r;
}

/* --- telling it ----------------------------------------------------------------------------------- */

/* Without asking the kernel: ports on record are all that can be on the one bridge of its own. */
static bool is_enough(struct weir *w, const struct wr_live *live, uint32_t enough)
{
	size_t n = 0;

	return wr_has_own_bridge(&live->net) && !live->n_spans &&
	       !wr_store_most(w, WR_STORE_PORTS, &n, NULL) && n + enough <= WR_BRIDGE_PORTS;
}

int weir_network_room(struct weir *w, const char *name, uint32_t enough, uint32_t *ret,
		      struct weir_error *err)
{
	struct wr_masters m = { 0 };
	const struct wr_live *live;
	int r = wr_store_live_last(w, name, &live, err);

	if (r)
		return r;
	*ret = enough;
	if (!has_no_end(live) && !is_enough(w, live, enough)) {
		r = wr_masters(w, live->n_spans ? 0 : live->bridge_ifindex, &m, err);
		if (!r)
			*ret = wr_room_among(live, &m);
	}
	if (!r && *ret > enough)
		*ret = enough;
	free(m.items);
	return r;
}

/* --- the bridge of a port ------------------------------------------------------------------------- */

size_t wr_bridge_pick(const uint32_t *n_ports, size_t n)
{
	size_t best = 0;

	for (size_t i = 1; i < n; i++)
		if (n_ports[i] < n_ports[best])
			best = i;
	return best;
}

/* What a transaction knows of a bridge. */
struct tally {
	int ifindex;
	enum { UNKNOWN, AT_MOST, EXACT } known;
	uint32_t before;	/* ports that it has */
	uint32_t taken;		/* those that the transaction adds */
};

struct tallies {
	struct tally *items;
	size_t n;
};

static const char key;	/* only its address counts */

/* Its place among them, which stays; -1: out of memory. */
static ssize_t tally_at(struct tallies *all, int ifindex)
{
	struct tally *more;

	for (size_t i = 0; i < all->n; i++)
		if (all->items[i].ifindex == ifindex)
			return (ssize_t)i;
	more = wr_append(all->items, all->n);
	if (!more)
		return -1;
	*more = (struct tally){ .ifindex = ifindex };
	return (ssize_t)all->n - 1;
}

/* @only: its index, or 0: all of them. */
static int count_exactly(struct weir *w, struct tallies *all, int only, struct weir_error *err)
{
	struct wr_masters m;
	int r = wr_masters(w, only, &m, err);

	for (size_t i = 0; i < all->n && !r; i++) {
		if (only && all->items[i].ifindex != only)
			continue;
		all->items[i].before = ports_of(&m, all->items[i].ifindex);
		all->items[i].known = EXACT;
	}
	free(m.items);
	return r;
}

/* A bound is enough while it is below the end, and there is nothing to choose. */
static int count_one(struct weir *w, const struct wr_live *live, struct tallies *all, struct tally *y,
		     struct weir_error *err)
{
	size_t records = 0;
	int r = y->known == UNKNOWN ? wr_store_most(w, WR_STORE_PORTS, &records, err) : 0;

	if (!r && y->known == UNKNOWN) {
		y->before = (uint32_t)(records + live->n_spans);
		y->known = AT_MOST;
	}
	if (r || y->known == EXACT || y->before + y->taken < WR_BRIDGE_PORTS)
		return r;
	return count_exactly(w, all, y->ifindex, err);
}

/*
 * Isolated ports must not meet, nor be kept from those that are not. Either is so where
 * all that differ from the network in this are on its first bridge. A pair forgets the
 * class of a floor that the port wrote into a packet.
 */
static bool stays_on_first(const struct wr_live *live, const struct weir_port *port)
{
	return wr_yes(live->net.port_isolated) != wr_yes(port->isolated) || port->bandwidth.outbound.floor_bytes_per_s;
}

static int refuse_full(const struct weir_port *port, size_t n, struct weir_error *err)
{
	if (n > 1)
		return wr_refuse(err, -ENOSPC, "port", "",
				 "the %zu bridges of the network have %d ports each, and no bridge can have more; see bridge.spread",
				 n, WR_BRIDGE_PORTS);
	return wr_refuse(err, -ENOSPC, "port", "",
			 "bridge %s has %d ports, and no bridge can have more%s", port->bridge, WR_BRIDGE_PORTS,
			 port->plug == WEIR_PLUG_NETWORK ? "; bridge.spread gives the network several" : "");
}

static int take(struct weir *w, const struct wr_live *live, struct tallies *all, const int *bridges, size_t n,
		size_t *ret, struct weir_error *err)
{
	uint32_t n_ports[WR_MOST_BRIDGES];
	ssize_t at[WR_MOST_BRIDGES];
	bool exact = true;
	int r = 0;

	for (size_t i = 0; i < n; i++) {
		at[i] = tally_at(all, bridges[i]);
		if (at[i] < 0)
			return wr_nomem(err);
		exact &= all->items[at[i]].known == EXACT;
	}
	if (n == 1)
		r = count_one(w, live, all, &all->items[at[0]], err);
	else if (!exact)
		r = count_exactly(w, all, 0, err);
	for (size_t i = 0; i < n; i++)
		n_ports[i] = all->items[at[i]].before + all->items[at[i]].taken;
	*ret = wr_bridge_pick(n_ports, n);
	if (!r && n_ports[*ret] >= WR_BRIDGE_PORTS)
		return -ENOSPC;
	all->items[at[*ret]].taken++;
	return r;
}

int wr_take_room(struct weir_txn *t, const struct wr_live *live, struct weir_port *port,
		 struct wr_place *place, struct weir_error *err)
{
	struct tallies *all = wr_txn_kept(t, &key, sizeof(*all), wr_kept_list_free);
	int bridges[WR_MOST_BRIDGES] = { place->ifindex };
	size_t n = 1, at = 0;
	int r;

	if (!all)
		return wr_nomem(err);
	for (size_t i = 0; i < live->n_spans && !stays_on_first(live, port) && n < WR_MOST_BRIDGES; i++)
		bridges[n++] = live->spans[i].ifindex;
	r = take(weir_txn_handle(t), live, all, bridges, n, &at, err);
	if (r == -ENOSPC)
		return refuse_full(port, n, err);
	if (r || !at)
		return r;
	wr_copy(port->bridge, sizeof(port->bridge), live->spans[at - 1].name);
	place->ifindex = live->spans[at - 1].ifindex;
	place->join_ifindex = live->spans[at - 1].join_ifindex;
	return 0;
}
