/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Ports whose record cannot be read. If stopping a network passed over them, the
 * guest's link, its limits and its filter rules would stay behind. The link has the
 * name of the file, and the bridge that it is on tells the network; the kernel is asked
 * for the rest. If the kernel cannot tell, stop and detach are refused, and the error says
 * what is wrong in which file.
 */
#include <stdio.h>

#include <weir/link.h>
#include <weir/tc.h>

#include "base/list.h"
#include "base/table.h"
#include "network/check.h"
#include "network/network.h"

/* What the kernel has under a record's name. */
struct trace {
	struct weir_link link;	/* its index is 0 if there is none */
	char network[256];	/* whose bridge it is on, as that says itself; empty: none that says so */
};

/* 1: there is none. */
static int find_link(struct weir *w, int ifindex, const char *name, struct weir_link *ret, struct weir_error *err)
{
	struct weir_error why = WEIR_ERROR_INIT;
	int r = weir_link_get(w, ifindex, name, ret, &why);

	if (r && r != -ENODEV && err)
		*err = why;
	return r == -ENODEV ? 1 : r;
}

static int read_alias(struct weir *w, uint32_t master, char network[256], struct weir_error *err)
{
	static const char says[] = WR_BRIDGE_ALIAS;
	struct weir_link bridge = { .sz = sizeof(bridge) };
	int r = find_link(w, (int)master, NULL, &bridge, err);

	if (!r && !strncmp(bridge.alias, says, sizeof(says) - 1))
		wr_copy(network, 256, bridge.alias + sizeof(says) - 1);
	return r < 0 ? r : 0;
}

static int look(struct weir *w, const char *name, struct trace *ret, struct weir_error *err)
{
	struct weir_link l = { .sz = sizeof(l) };
	int r = wr_check_ifname(name) ? 1 : find_link(w, 0, name, &l, err);

	*ret = (struct trace){ 0 };
	if (r || strcmp(l.name, name) != 0)	/* it may be another name of some link */
		return r < 0 ? r : 0;
	ret->link = l;
	return l.master ? read_alias(w, l.master, ret->network, err) : 0;
}

/* --- whose it is ---------------------------------------------------------------------------------- */

/* GONE: there is no such link, and ports of this network have one. */
enum owner { OTHERS, GONE, UNKNOWN, OURS };

static bool is_own_bridge(const struct wr_live *live, uint32_t ifindex)
{
	bool found = (int)ifindex == live->bridge_ifindex;

	for (size_t i = 0; i < live->n_spans; i++)
		found |= (int)ifindex == live->spans[i].ifindex;
	return found && ifindex;
}

/* Of a network whose own record is gone or damaged, too, the bridge is its own. */
static enum owner whose_unrecorded(const char *network, const struct trace *trace)
{
	if (!trace->link.ifindex)
		return GONE;
	return !*trace->network ? UNKNOWN : strcmp(trace->network, network) ? OTHERS : OURS;
}

/* A bridge of the host may have ports of other networks. */
static enum owner whose(const struct wr_live *live, const struct trace *trace)
{
	const struct weir_link *l = trace->link.ifindex ? &trace->link : NULL;
	const bool is_direct = l && (l->kind == WEIR_LINK_MACVLAN || l->kind == WEIR_LINK_MACVTAP);

	switch (wr_plug_of(&live->net)) {
	case WEIR_PLUG_DIRECT:	/* it may have been moved */
		return !l || is_direct ? UNKNOWN : OTHERS;
	case WEIR_PLUG_HOSTDEV:	/* it has no link */
		return l ? OTHERS : UNKNOWN;
	case WEIR_PLUG_BRIDGE:
		return !l && !wr_wants_ovs(&live->net) ? GONE :
		       !l || (!is_direct && ((int)l->master == live->bridge_ifindex || wr_wants_ovs(&live->net))) ?
			    UNKNOWN : OTHERS;
	default:
		if (!l || is_direct)
			return l ? OTHERS : GONE;
		return is_own_bridge(live, l->master) ? OURS : l->master ? OTHERS : UNKNOWN;
	}
}

struct search {
	struct weir *w;
	char *ret;
	struct weir_error *err;
};

static int look_at_network(void *arg, const char *name)
{
	struct search *s = arg;
	struct wr_live *live = NULL;
	int r = wr_store_next_live(s->w, name, &live, s->err);
	const bool has_links = !r && wr_plug_of(&live->net) <= WEIR_PLUG_BRIDGE && !wr_wants_ovs(&live->net);

	wr_live_free(live);
	if (r < 0 || has_links)
		return r < 0 ? r : 0;
	wr_copy(s->ret, 256, name);
	return 1;
}

/* A network that runs and may have ports without a link here: virtual functions, what was moved, and what Open vSwitch keeps. */
static int find_away(struct weir *w, char ret[256], struct weir_error *err)
{
	struct search s = { w, ret, err };
	int r = wr_store_each(w, WR_STORE_LIVE, look_at_network, &s, err);

	return r < 0 ? r : 0;
}

/* --- what is wrong ---------------------------------------------------------------------------------- */

/* 1: @why says what, of a record that is there and can never be read. */
static int find_out(struct weir *w, const char *name, struct weir_error *why, struct weir_error *err)
{
	struct weir_port port = { .sz = sizeof(port) };

	if (!wr_store_port(w, name, &port, why))
		weir_port_done(&port);
	return !why->code || why->code == -ENOENT ? 0 : wr_pass_over(why, err);
}

/* @network may have it, but whether that is so nobody can tell; 0 if it is put right or gone meanwhile. */
static int refuse(struct weir *w, const char *network, const char *name, const struct trace *trace,
		  enum owner owner, struct weir_error *err)
{
	struct weir_error why = WEIR_ERROR_INIT;
	int r = find_out(w, name, &why, err);

	if (r <= 0)
		return r;
	return wr_refuse(err, -EBADMSG, why.object, why.attr,
			 "%s; %s%s %s network %s: remove the file, and what is left of the port", why.msg,
			 trace->link.ifindex ? "link " : "it has no link, and ", trace->link.name,
			 owner == OTHERS ? "is no port of" : "may be a port of", network);
}

int wr_port_damage(struct weir *w, const char *network, const char *name, struct weir_damaged_port *ret,
		   struct weir_error *err)
{
	struct weir_error why = WEIR_ERROR_INIT;
	struct trace trace;
	int r = find_out(w, name, &why, err);

	if (r <= 0)
		return r;
	r = look(w, name, &trace, err);
	if (r || (network && *trace.network && strcmp(trace.network, network) != 0))
		return r;
	*ret = (struct weir_damaged_port){ .error = why };
	wr_copy(ret->name, sizeof(ret->name), name);
	wr_copy(ret->network, sizeof(ret->network), trace.network);
	wr_format(ret->error.msg, sizeof(ret->error.msg), "%s; %s%s", why.msg,
		  *trace.network	? "it is of network " :
		  trace.link.ifindex	? "its link is on no bridge that tells the network" :
					  "without a link nothing tells the network",
		  trace.network);
	return 1;
}

struct damages {
	struct weir *w;
	const char *network;
	struct weir_damaged_port *items;
	size_t n;
	struct weir_error *err;
};

static int list_one(void *arg, const char *name)
{
	struct damages *d = arg;
	struct weir_damaged_port one, *more;
	int r = wr_port_damage(d->w, d->network, name, &one, d->err);

	if (r <= 0)
		return r;
	more = wr_append(d->items, d->n);
	if (!more)
		return wr_nomem(d->err);
	*more = one;
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strverscmp(((const struct weir_damaged_port *)a)->name, ((const struct weir_damaged_port *)b)->name);
}

int weir_port_list_damaged(struct weir *w, const char *network, struct weir_damaged_port **ret, size_t *ret_n,
			   struct weir_error *err)
{
	struct damages d = { .w = w, .network = network, .err = err };
	int r = wr_store_each(w, WR_STORE_PORTS, list_one, &d, err);

	if (r) {
		free(d.items);
		return r;
	}
	if (d.n)
		qsort(d.items, d.n, sizeof(*d.items), by_name);
	*ret = d.items;
	*ret_n = d.n;
	return 0;
}

/* --- ending it ---------------------------------------------------------------------------------------- */

/* The limits that the link has; a rate that is guaranteed to what it sends is a class of the ifb of its bridge. */
static int guess_limits(struct weir *w, const struct weir_link *l, struct weir_port *ret, struct weir_error *err)
{
	struct weir_shape shape = { .sz = sizeof(shape) }, of_bridge = { .sz = sizeof(of_bridge) };
	int r = weir_shape_get(w, l->ifindex, &shape, err);

	ret->ifb_ifindex = shape.ifb_ifindex;
	ret->ifb_class = shape.ifb_class;
	wr_copy(ret->ifb_name, sizeof(ret->ifb_name), shape.ifb_name);
	if (!r && shape.floor_class)
		r = weir_shape_get(w, (int)l->master, &of_bridge, err);
	ret->outbound_floor_class = shape.floor_class;
	wr_copy(ret->outbound_floor_on, sizeof(ret->outbound_floor_on), of_bridge.ifb_name);
	return r == -ENOENT ? 0 : r;
}

/* As much of a record as its end needs. What the guest was held to goes with the name, whatever its own address was. */
static int guess(struct weir *w, const char *network, const char *name, const struct weir_link *l,
		 struct weir_port *ret, struct weir_error *err)
{
	int r;

	*ret = (struct weir_port){ .sz = sizeof(*ret), .kind = WEIR_PORT_TAP, .plug = WEIR_PLUG_NETWORK,
				   .ifindex = l->ifindex, .anti_spoofing = WEIR_SPOOFING_MAC };
	wr_copy(ret->name, sizeof(ret->name), name);
	wr_copy(ret->network, sizeof(ret->network), network);
	if (l->ifindex)
		memcpy(ret->mac, l->mac, sizeof(ret->mac));
	else
		wr_make_mac(ret->mac);
	r = l->ifindex ? guess_limits(w, l, ret, err) : 0;
	return r ? r : wr_port_uuid_find(w, name, ret->uuid, err);
}

int wr_port_guess(struct weir *w, const struct wr_live *live, const char *network, const char *name,
		  struct weir_port *ret, struct weir_error *err)
{
	char away[256] = "";
	struct trace trace;
	int r = look(w, name, &trace, err);
	const enum owner owner = r ? UNKNOWN : live ? whose(live, &trace) : whose_unrecorded(network, &trace);

	if (!r && owner == GONE)
		r = find_away(w, away, err);
	if (!r && (owner == UNKNOWN || owner == OTHERS || *away)) {
		r = refuse(w, *away ? away : network, name, &trace, owner, err);
		return r ? r : wr_refuse(err, -EAGAIN, "port", "name", "%s has just been put right", name);
	}
	return r ? r : guess(w, network, name, &trace.link, ret, err);
}

int wr_port_end_damaged(struct weir_txn *t, const struct wr_live *live, const char *name, struct weir_error *err)
{
	struct weir *w = weir_txn_handle(t);
	const char *network = live->net.name;
	struct weir_port port;
	struct trace trace;
	int r = look(w, name, &trace, err);
	const enum owner owner = r ? UNKNOWN : whose(live, &trace);

	if (r || owner == OTHERS || owner == GONE)
		return r;
	r = owner == UNKNOWN ? refuse(w, network, name, &trace, owner, err) :
			       guess(w, network, name, &trace.link, &port, err);
	return r || owner == UNKNOWN ? r : wr_port_end(t, live, &port);
}
