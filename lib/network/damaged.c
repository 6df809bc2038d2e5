/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Ports whose record cannot be read. If stopping a network passed over them, the
 * guest's link, its limits and its filter rules would stay behind. The link has the
 * name of the file, and the bridge that it is on tells the network; the kernel is asked
 * for the rest. If the kernel cannot tell, the stop is refused, and the error says what
 * is wrong in which file.
 */
#include <stdio.h>

#include <weir/link.h>
#include <weir/tc.h>

#include "base/table.h"
#include "network/check.h"
#include "network/network.h"

enum owner { OTHERS, UNKNOWN, OURS };

static bool is_own_bridge(const struct wr_live *live, uint32_t ifindex)
{
	bool found = (int)ifindex == live->bridge_ifindex;

	for (size_t i = 0; i < live->n_spans; i++)
		found |= (int)ifindex == live->spans[i].ifindex;
	return found && ifindex;
}

/* @l: the link of the record's name, or NULL. A bridge of the host may have ports of other networks. */
static enum owner whose(const struct wr_live *live, const struct weir_link *l)
{
	const bool is_direct = l && (l->kind == WEIR_LINK_MACVLAN || l->kind == WEIR_LINK_MACVTAP);

	switch (wr_plug_of(&live->net)) {
	case WEIR_PLUG_DIRECT:	/* it may have been moved */
		return !l || is_direct ? UNKNOWN : OTHERS;
	case WEIR_PLUG_HOSTDEV:	/* it has no link */
		return l ? OTHERS : UNKNOWN;
	case WEIR_PLUG_BRIDGE:
		return l && !is_direct && ((int)l->master == live->bridge_ifindex || wr_wants_ovs(&live->net)) ?
			       UNKNOWN : OTHERS;
	default:
		if (!l || is_direct)
			return OTHERS;
		return is_own_bridge(live, l->master) ? OURS : l->master ? OTHERS : UNKNOWN;
	}
}

/* As much of a record as its end needs. The guest's own address was one of those that go with the name. */
static int guess(struct weir *w, const struct wr_live *live, const struct weir_link *l, struct weir_port *ret,
		 struct weir_error *err)
{
	struct weir_shape shape = { .sz = sizeof(shape) };
	int r = weir_shape_get(w, l->ifindex, &shape, err);

	if (r && r != -ENOENT)
		return r;
	*ret = (struct weir_port){ .sz = sizeof(*ret), .kind = WEIR_PORT_TAP, .plug = WEIR_PLUG_NETWORK,
				   .ifindex = l->ifindex, .anti_spoofing = WEIR_SPOOFING_MAC,
				   .ifb_ifindex = shape.ifb_ifindex, .ifb_class = shape.ifb_class };
	wr_copy(ret->name, sizeof(ret->name), l->name);
	wr_copy(ret->network, sizeof(ret->network), live->net.name);
	wr_copy(ret->ifb_name, sizeof(ret->ifb_name), shape.ifb_name);
	memcpy(ret->mac, l->mac, sizeof(ret->mac));
	return wr_port_uuid_find(w, l->name, ret->uuid, err);
}

static int refuse(struct weir *w, const struct wr_live *live, const char *name, struct weir_error *err)
{
	struct weir_error why = WEIR_ERROR_INIT;
	struct weir_port port = { .sz = sizeof(port) };

	if (!wr_store_port(w, name, &port, &why))
		weir_port_done(&port);
	if (!why.code || why.code == -ENOENT)	/* put right or gone meanwhile */
		return 0;
	return wr_refuse(err, -EBADMSG, why.object, why.attr,
			 "%s; network %s may have it: remove %s/ports/%s.json, and what is left of the port",
			 why.msg, live->net.name, weir_state_dir(w), name);
}

int wr_port_end_damaged(struct weir_txn *t, const struct wr_live *live, const char *name, struct weir_error *err)
{
	struct weir *w = weir_txn_handle(t);
	struct weir_link l = { .sz = sizeof(l) };
	struct weir_port port;
	int r = wr_check_ifname(name) ? -ENODEV : weir_link_get(w, 0, name, &l, err);
	enum owner owner = whose(live, r || strcmp(l.name, name) != 0 ? NULL : &l);

	if (r && r != -ENODEV)
		return r;
	if (owner != OURS)
		return owner == UNKNOWN ? refuse(w, live, name, err) : 0;
	r = guess(w, live, &l, &port, err);
	return r ? r : wr_port_end(t, live, &port);
}
