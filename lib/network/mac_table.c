/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who keeps the tables of MAC addresses of a network's own bridges (macTableManager):
 * the kernel, which learns and floods, or weir, which tells each bridge whose address
 * is behind which port; the first bridge is also told of those behind its joins. Here
 * is what the bridges are told, and how a running network changes from one keeper to
 * the other. The settings of new bridges, joins and ports are in bridge.c, spread.c and
 * port_link.c, which make them.
 */
#include <weir/bridge.h>
#include <weir/link.h>

#include "base/table.h"
#include "network/network.h"

static bool is_kept(const struct weir_network *net)
{
	return net->bridge.mac_table_manager == WEIR_MAC_TABLE_MANAGED;
}

/* --- a port ------------------------------------------------------------------------------------ */

static struct weir_fdb entry_of(const struct weir_port *port, int ifindex)
{
	struct weir_fdb fdb = { .sz = sizeof(fdb), .ifindex = ifindex };

	memcpy(fdb.mac, port->mac, 6);
	return fdb;
}

static void tell(struct weir_txn *t, const struct weir_port *port, const struct wr_place *place,
		 int (*how)(struct weir_txn *t, const struct weir_fdb *fdb))
{
	struct weir_fdb at_port = entry_of(port, port->ifindex), at_join = entry_of(port, place->join_ifindex);

	how(t, &at_port);
	if (place->join_ifindex)
		how(t, &at_join);
}

/* The bridge learns nothing and floods nothing to a new port: it is told whose it is. */
void wr_mac_table_tell(struct weir_txn *t, const struct weir_port *port, const struct wr_place *place)
{
	if (port->mac_table_manager == WEIR_MAC_TABLE_MANAGED)
		tell(t, port, place, weir_txn_fdb_add);
}

/* The first bridge of a network may know it still; there, nothing has become of the port. */
void wr_mac_table_tell_again(struct weir_txn *t, const struct weir_port *port, const struct wr_place *place)
{
	if (port->mac_table_manager == WEIR_MAC_TABLE_MANAGED)
		tell(t, port, place, weir_txn_fdb_set);
}

/* What others have had it forget is no reason to stop. */
static void forget(struct weir_txn *t, const struct weir_port *port, int ifindex)
{
	struct weir_fdb fdb = entry_of(port, ifindex), is = { .sz = sizeof(is) };
	struct weir_error err = WEIR_ERROR_INIT;
	int r = weir_fdb_get(weir_txn_handle(t), &fdb, &is, &err);

	if (!r)
		weir_txn_fdb_del(t, &fdb);
	else if (r != -ENOENT && r != -ENODEV)
		weir_txn_refuse(t, &err);
}

void wr_port_forget(struct weir_txn *t, const struct wr_live *live, const struct weir_port *port)
{
	const struct wr_span *span = wr_span_of(live, port->bridge);

	if (span && port->mac_table_manager == WEIR_MAC_TABLE_MANAGED)
		forget(t, port, span->join_ifindex);
}

/* --- another keeper ------------------------------------------------------------------------------ */

/* Learning and flooding, or one of them. */
static void set_port(struct weir_txn *t, int ifindex, const char *name, uint64_t which, bool on)
{
	struct weir_link l = { .sz = sizeof(l), .has = WEIR_LINK_IFINDEX | WEIR_LINK_NAME, .ifindex = ifindex,
			       .port = { .has = which, .learning = on, .flood = on } };

	wr_copy(l.name, sizeof(l.name), name);
	weir_txn_link_set(t, &l);
}

static void set_filtering(struct weir_txn *t, int ifindex, const char *name, bool on)
{
	struct weir_link l = { .sz = sizeof(l), .has = WEIR_LINK_IFINDEX | WEIR_LINK_NAME,
			       .kind = WEIR_LINK_BRIDGE, .ifindex = ifindex,
			       .bridge = { .has = WEIR_BRIDGE_VLAN_FILTERING, .vlan_filtering = on } };

	wr_copy(l.name, sizeof(l.name), name);
	weir_txn_link_set(t, &l);
}

/* A port whose link is on the bridge still. One that is gone, or has come off, gets all when it is put back. */
struct told {
	const struct weir_port *port;
	struct wr_place place;
};

static int find_place(struct weir_txn *t, const struct wr_live *live, struct told *ret, bool *is_there)
{
	const struct wr_span *span = wr_span_of(live, ret->port->bridge);
	struct weir_link l = { .sz = sizeof(l) };
	struct weir_error err = WEIR_ERROR_INIT;
	int r = weir_link_get(weir_txn_handle(t), ret->port->ifindex, NULL, &l, &err);

	ret->place = (struct wr_place){ .ifindex = span ? span->ifindex : live->bridge_ifindex,
					.join_ifindex = span ? span->join_ifindex : 0 };
	*is_there = !r && !strcmp(l.name, ret->port->name) && l.has & WEIR_LINK_MASTER &&
		    (int)l.master == ret->place.ifindex;
	return r && r != -ENODEV ? weir_txn_refuse(t, &err) : 0;
}

/* Those of @ports, in @ret, which has room for all. What cannot be asked is not taken for gone. */
static int find_places(struct weir_txn *t, const struct wr_live *live, const struct weir_port *ports, size_t n,
		       struct told *ret, size_t *ret_n)
{
	bool is_there = false;
	int r = 0;

	*ret_n = 0;
	for (size_t i = 0; i < n && !r; i++) {
		ret[*ret_n].port = &ports[i];
		r = find_place(t, live, &ret[*ret_n], &is_there);
		*ret_n += is_there;
	}
	return r;
}

static void tell_of_all(struct weir_txn *t, const struct told *ports, size_t n, bool kept)
{
	for (size_t i = 0; i < n; i++) {
		if (kept) {
			tell(t, ports[i].port, &ports[i].place, weir_txn_fdb_set);
			continue;
		}
		forget(t, ports[i].port, ports[i].port->ifindex);
		if (ports[i].place.join_ifindex)
			forget(t, ports[i].port, ports[i].place.join_ifindex);
	}
}

/* As new ones have it: what a further bridge does not know always leaves by the far end. */
static void set_all(struct weir_txn *t, const struct wr_live *live, const struct told *ports, size_t n, bool on)
{
	char far[16];

	for (size_t i = 0; i < n; i++)
		set_port(t, ports[i].port->ifindex, ports[i].port->name, WEIR_PORT_LEARNING | WEIR_PORT_FLOOD, on);
	for (size_t i = 0; i < live->n_spans; i++) {
		const struct wr_span *span = &live->spans[i];

		wr_span_name(live->net.bridge.name, (unsigned int)i + 1, "b", far);
		set_port(t, span->join_ifindex, span->join, WEIR_PORT_LEARNING | WEIR_PORT_FLOOD, on);
		set_port(t, span->far_ifindex, far, WEIR_PORT_LEARNING, on);
	}
}

static void filter_all(struct weir_txn *t, const struct wr_live *live, bool on)
{
	set_filtering(t, live->bridge_ifindex, live->net.bridge.name, on);
	for (size_t i = 0; i < live->n_spans; i++)
		set_filtering(t, live->spans[i].ifindex, live->spans[i].name, on);
}

/*
 * No frame finds a bridge that neither knows its address nor floods it: entries come
 * before flooding ends, and go when it is back. They are in the table without vlans and
 * in that of the vlan that all ports are in, so filtering can begin and end between. As
 * it begins last, what was learned in the one table counts for nothing in the other.
 */
void wr_mac_tables_follow(struct weir_txn *t, const struct wr_live *live, const struct weir_network *net,
			  const struct weir_port *ports, size_t n)
{
	wr_auto(free) struct told *told = NULL;
	struct weir_error err = WEIR_ERROR_INIT;
	const bool kept = is_kept(net);
	size_t n_told;

	if (kept == is_kept(&live->net))
		return;
	told = calloc(n + 1, sizeof(*told));
	if (!told) {
		wr_nomem(&err);
		weir_txn_refuse(t, &err);
		return;
	}
	if (find_places(t, live, ports, n, told, &n_told))
		return;
	if (kept)
		tell_of_all(t, told, n_told, true);
	else
		filter_all(t, live, false);
	set_all(t, live, told, n_told, !kept);
	if (kept)
		filter_all(t, live, true);
	else
		tell_of_all(t, told, n_told, false);
}
