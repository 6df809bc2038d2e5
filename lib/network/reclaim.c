/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A caller that was restarted claims its guests' ports again, each as it remembers
 * it. A record that is there is the truth. Where it is missing (the state directory
 * was lost, not the guest), it is written again if the network still has what the
 * port uses; nothing is merged or chosen anew. What has come off its bridge is put
 * back.
 */
#include <stdio.h>

#include <weir/link.h>

#include "base/table.h"
#include "network/check.h"
#include "network/network.h"
#include "network/tables.h"
#include "ovs/ovs.h"

static int refuse(struct weir_txn *t, const struct weir_port *port, struct weir_error *err)
{
	if (!*err->object)
		wr_format(err->object, sizeof(err->object), "port %s", port->name);
	return weir_txn_refuse(t, err);
}

/* --- whether it can be had again ----------------------------------------------------------------- */

static int check_identity(const struct weir_port *port, struct weir_error *err)
{
	if (!*port->uuid || wr_check_ifname(port->name))
		return wr_refuse(err, -EINVAL, "", *port->uuid ? "name" : "uuid", "is missing");
	return 0;
}

/* No two ports have one member of a pool that cannot be shared. */
static int check_member(struct weir_txn *t, const struct weir_network *net, const struct weir_port *port,
			struct weir_error *err)
{
	const char *member = port->plug == WEIR_PLUG_DIRECT ? port->dev : port->pci;
	struct weir_pool_entry *pool = NULL;
	size_t n = 0, at = 0;
	int r = wr_pool(t, net, &pool, &n, err);

	while (!r && at < n &&
	       strcmp(port->plug == WEIR_PLUG_DIRECT ? pool[at].dev : pool[at].pci, member) != 0)
		at++;
	if (!r && at == n)
		r = wr_refuse(err, -ENODEV, "", port->plug == WEIR_PLUG_DIRECT ? "dev" : "pci",
			      "%s is not in the network's pool", member);
	if (!r && pool[at].n_ports && wr_pool_is_exclusive(port))
		r = wr_refuse(err, -EBUSY, "", port->plug == WEIR_PLUG_DIRECT ? "dev" : "pci",
			      "%s is another port's", member);
	if (!r)
		pool[at].n_ports++;
	return r;
}

static int check_place(struct weir_txn *t, const struct wr_live *live, const struct weir_port *port,
		       struct weir_error *err)
{
	uint8_t plug = wr_plug_of(&live->net);

	if (port->plug != plug)
		return wr_refuse(err, -EINVAL, "", "plug", "is not what network %s gives",
				 live->net.name);
	if (plug == WEIR_PLUG_DIRECT || plug == WEIR_PLUG_HOSTDEV)
		return check_member(t, &live->net, port, err);
	if (strcmp(port->bridge, live->net.bridge.name) != 0 && !wr_span_of(live, port->bridge))
		return wr_refuse(err, -EINVAL, "", "bridge", "is %s, and the network's is %s",
				 port->bridge, live->net.bridge.name);
	return 0;
}

/* --- putting it back ------------------------------------------------------------------------------- */

static int put_back(struct weir_txn *t, const struct wr_live *live, struct weir_port *port)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir *w = weir_txn_handle(t);
	const struct wr_span *span = wr_span_of(live, port->bridge);
	struct wr_place place = { .ifindex = span ? span->ifindex : live->bridge_ifindex,
				  .join_ifindex = span ? span->join_ifindex : 0 };
	struct weir_link l = { .sz = sizeof(l) };
	int r;

	/* A macvtap may be in its guest's namespace, and a virtual function is the guest's. */
	if (port->plug == WEIR_PLUG_DIRECT || port->plug == WEIR_PLUG_HOSTDEV)
		return 0;
	r = weir_link_get(w, port->ifindex, NULL, &l, &err);
	if (r == -ENODEV)
		r = wr_refuse(&err, r, "", "", "its link is gone");
	else if (!r && strcmp(l.name, port->name) != 0)
		r = wr_refuse(&err, -ENODEV, "", "", "its link is gone, and %s has the index", l.name);
	if (!r && port->plug == WEIR_PLUG_BRIDGE)
		r = wr_find_bridge(w, port, &place, &err);
	if (r)
		return refuse(t, port, &err);
	if (wr_is_ovs(port))
		return wr_txn_ovs_set(t, port);
	return (int)l.master == place.ifindex ? 0 : wr_port_link_put_back(t, port, &place);
}

/* What is damaged is not taken for lost: whoever removes it says so. */
static int say_how(struct weir_error *err, int r)
{
	char msg[sizeof(err->msg)];

	wr_copy(msg, sizeof(msg), err->msg);
	wr_format(err->msg, sizeof(err->msg), "%s; remove the file, and the port can be reclaimed", msg);
	return r;
}

/* The record that is there, or else the caller's once it is looked at; @ret_is_new: it has to be written. */
static int find_record(struct weir_txn *t, const struct wr_live *live, const struct weir_port *port,
		       struct weir_port *ret, bool *ret_is_new, struct weir_error *err)
{
	struct weir *w = weir_txn_handle(t);
	int r = wr_store_has(w, WR_STORE_PORTS, port->name) ? wr_store_port(w, port->name, ret, err) :
							      -ENOENT;

	*ret_is_new = r == -ENOENT;
	if (!r && (strcmp(ret->uuid, port->uuid) || strcmp(ret->network, port->network)))
		return wr_refuse(err, -EEXIST, "", "name", "%s is another guest's port", port->name);
	if (wr_store_is_damaged(w, port->name, r, err))
		return say_how(err, r);
	if (!*ret_is_new)
		return r;
	r = check_identity(port, err);
	if (!r)
		r = check_place(t, live, port, err);
	if (!r && wr_table_copy(&wr_port_table, ret, port))
		r = wr_nomem(err);
	if (!r)
		r = wr_port_uuid_take(t, ret, err);
	/* It may have changed since the caller was told. */
	if (!r && wr_is_bridged(ret))
		ret->mac_table_manager = live->net.bridge.mac_table_manager;
	return r;
}

int weir_txn_port_reclaim(struct weir_txn *t, const struct weir_port *port, struct weir_port *ret)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir *w = weir_txn_handle(t);
	struct weir_port own = { .sz = sizeof(own) }, told;
	const struct wr_live *live = NULL;
	bool is_new = false;
	int r = wr_opts_copy(&told, sizeof(told), port, "port", &err);

	if (!r)
		r = wr_store_live_last(w, told.network, &live, &err);
	if (!r)
		r = find_record(t, live, &told, &own, &is_new, &err);
	r = r ? refuse(t, &told, &err) : put_back(t, live, &own);
	if (!r && is_new)
		r = wr_txn_store_port(t, &own);
	if (!r && (is_new || !wr_port_uuid_is_noted(w, &own)))
		r = wr_txn_store_uuid(t, &own);
	if (!r && is_new)
		wr_txn_hook(t, "port-created", &live->net, &own);
	if (!r && ret && wr_port_give(ret, &own, &err))
		r = refuse(t, &told, &err);
	weir_port_done(&own);
	return r;
}
