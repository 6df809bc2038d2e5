/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A network that is spread over several bridges, because one ends at 1023 ports. Its
 * own bridge is the first: it has the addresses, and what goes in or out of the
 * network goes by it, so the packet filter, the network's limits and dnsmasq know of
 * no other. Each further bridge is joined to it by a pair, as in a star: there is
 * no loop. Where the bridges keep their own tables they learn across it.
 *
 *	virbr0 --- virbr0-1a  virbr0-1b --- virbr0-1
 *	       --- virbr0-2a  virbr0-2b --- virbr0-2
 *
 * Where weir keeps the tables (macTableManager), what a further bridge does not know
 * goes to the first one, and that one is told of each guest behind a join. Guests that
 * are isolated must not meet there: the joins of an isolated network are isolated at
 * the first bridge. Which bridge a port gets is in room.c.
 */
#include <stdio.h>
#include <stdlib.h>

#include <weir/link.h>

#include "base/table.h"
#include "network/check.h"
#include "network/network.h"

/* First bytes of addresses: those of ports begin with another, or go on with another. */
enum whose { BRIDGE = 0xfe, NEAR = 0xfa, FAR = 0xf6 };

unsigned int wr_spread(const struct weir_network *net)
{
	return wr_has_own_bridge(net) && net->bridge.spread > 1 ? net->bridge.spread : 1;
}

void wr_span_name(const char *bridge, unsigned int i, const char *end, char ret[16])
{
	wr_format(ret, 16, "%.11s-%u%s", bridge, i, end);
}

static void name_of(const struct weir_network *net, unsigned int i, char ret[16])
{
	if (i)
		wr_span_name(net->bridge.name, i, "", ret);
	else
		wr_copy(ret, 16, net->bridge.name);
}

const char *wr_spread_clash(const struct weir_network *a, const struct weir_network *b, char buf[16])
{
	char other[16];

	for (unsigned int i = 0; i < wr_spread(a); i++) {
		name_of(a, i, buf);
		for (unsigned int k = 0; k < wr_spread(b); k++) {
			name_of(b, k, other);
			if ((i || k) && !strcmp(buf, other))
				return buf;
		}
	}
	return NULL;
}

const struct wr_span *wr_span_of(const struct wr_live *live, const char *bridge)
{
	for (size_t i = 0; i < live->n_spans; i++)
		if (!strcmp(live->spans[i].name, bridge))
			return &live->spans[i];
	return NULL;
}

/* --- making them -------------------------------------------------------------------------------- */

/* The same each time, as everything of a network that runs, and not those of another's. */
static void make_mac(const struct weir_network *net, enum whose whose, unsigned int i, uint8_t mac[6])
{
	wr_mac_parse(net->mac, mac);
	mac[0] = (uint8_t)whose;
	mac[1] = (uint8_t)i;
}

/* The end on the further bridge, which comes up without an IPv6 address. */
static void add_far_end(struct weir_txn *t, const struct weir_network *net, const struct weir_veth *pair,
			int bridge)
{
	struct weir_link far = {
		.sz = sizeof(far),
		.has = WEIR_LINK_IFINDEX | WEIR_LINK_NAME | WEIR_LINK_MASTER | WEIR_LINK_GROUP_SET |
		       (wr_has_ipv6(net->mtu) ? WEIR_LINK_ADDR_GEN_MODE : 0),
		.kind = WEIR_LINK_VETH,
		.ifindex = pair->peer_ifindex,
		.master = (uint32_t)bridge,
		.group = WEIR_LINK_GROUP,
		.addr_gen_mode = WEIR_ADDR_GEN_NONE,
	};

	wr_copy(far.name, sizeof(far.name), pair->peer_name);
	if (net->bridge.mac_table_manager == WEIR_MAC_TABLE_MANAGED)
		far.port.has = WEIR_PORT_LEARNING;	/* off; what is not known leaves by it */
	weir_txn_link_set(t, &far);
	far.has = WEIR_LINK_IFINDEX | WEIR_LINK_NAME | WEIR_LINK_UP;
	far.port.has = 0;
	far.is_up = true;
	weir_txn_link_set(t, &far);
}

static void add_join(struct weir_txn *t, const struct wr_live *live, const struct weir_network *net,
		     unsigned int i, struct wr_span *span)
{
	struct weir_link near = {
		.sz = sizeof(near),
		.has = WEIR_LINK_NAME | WEIR_LINK_MAC | WEIR_LINK_MASTER | WEIR_LINK_UP |
		       (wr_has_ipv6(net->mtu) ? WEIR_LINK_ADDR_GEN_MODE : 0) | (net->mtu ? WEIR_LINK_MTU : 0),
		.kind = WEIR_LINK_VETH,
		.master = (uint32_t)live->bridge_ifindex,
		.mtu = net->mtu,
		.addr_gen_mode = WEIR_ADDR_GEN_NONE,
		.is_up = true,
		.veth = { .has = WEIR_VETH_PEER_NAME | WEIR_VETH_PEER_MAC | WEIR_VETH_PEER_IFINDEX |
				 (net->mtu ? WEIR_VETH_PEER_MTU : 0),
			  .peer_mtu = net->mtu, .peer_ifindex = weir_txn_link_index(t) },
	};

	wr_span_name(net->bridge.name, i, "a", near.name);
	wr_span_name(net->bridge.name, i, "b", near.veth.peer_name);
	make_mac(net, NEAR, i, near.mac);
	make_mac(net, FAR, i, near.veth.peer_mac);
	if (net->bridge.mac_table_manager == WEIR_MAC_TABLE_MANAGED)
		near.port.has |= WEIR_PORT_LEARNING | WEIR_PORT_FLOOD; /* both off */
	if (wr_yes(net->port_isolated)) {
		near.port.has |= WEIR_PORT_ISOLATED;
		near.port.isolated = true;
	}
	wr_copy(span->join, sizeof(span->join), near.name);
	span->join_ifindex = weir_txn_link_add(t, &near);
	span->far_ifindex = near.veth.peer_ifindex;
	add_far_end(t, net, &near.veth, span->ifindex);
}

/* Those that it has not yet, down. */
void wr_spread_add(struct weir_txn *t, struct wr_live *live, const struct weir_network *net)
{
	const unsigned int n = wr_spread(net) - 1;
	struct weir_error err = WEIR_ERROR_INIT;
	struct wr_span *more;
	uint8_t mac[6];

	if (n <= live->n_spans)
		return;
	more = realloc(live->spans, n * sizeof(*more));
	if (!more) {
		wr_nomem(&err);
		weir_txn_refuse(t, &err);
		return;
	}
	live->spans = more;
	for (unsigned int i = (unsigned int)live->n_spans + 1; i <= n; i++) {
		struct wr_span *span = &live->spans[live->n_spans++];

		*span = (struct wr_span){ 0 };
		wr_span_name(net->bridge.name, i, "", span->name);
		make_mac(net, BRIDGE, i, mac);
		span->ifindex = wr_add_bridge(t, net, span->name, mac);
		add_join(t, live, net, i, span);
	}
}

/* As the first one: IPv6 is off before they come up. They never have an address. */
void wr_spread_quiet(struct weir_txn *t, const struct wr_live *live, size_t first)
{
	for (size_t i = first; i < live->n_spans; i++)
		wr_quiet_bridge(t, live->spans[i].name, false);
}

void wr_spread_up(struct weir_txn *t, const struct wr_live *live, size_t first)
{
	for (size_t i = first; i < live->n_spans; i++)
		wr_bring_up(t, &live->net, live->spans[i].name, live->spans[i].ifindex);
}

/* Both ends of each join; that on the further bridge is known by the pair. */
void wr_spread_mtu(struct weir_txn *t, const struct wr_live *live, uint32_t mtu)
{
	struct weir_link l = { .sz = sizeof(l), .has = WEIR_LINK_IFINDEX | WEIR_LINK_NAME | WEIR_LINK_MTU,
			       .kind = WEIR_LINK_VETH, .mtu = mtu };

	for (size_t i = 0; i < live->n_spans; i++) {
		const struct wr_span *span = &live->spans[i];

		l.ifindex = span->join_ifindex;
		wr_copy(l.name, sizeof(l.name), span->join);
		weir_txn_link_set(t, &l);
		l.ifindex = span->far_ifindex;
		wr_span_name(live->net.bridge.name, (unsigned int)i + 1, "b", l.name);
		weir_txn_link_set(t, &l);
	}
}

/* --- taking them away ----------------------------------------------------------------------------- */

/* All but the first @left of them. */
void wr_spread_del(struct weir_txn *t, struct wr_live *live, size_t left)
{
	for (size_t i = left; i < live->n_spans; i++) {
		weir_txn_link_del(t, live->spans[i].ifindex, live->spans[i].name);
		weir_txn_link_del(t, live->spans[i].join_ifindex, live->spans[i].join);
	}
	if (left < live->n_spans)
		live->n_spans = left;
}

/* Whether another number of bridges can be had while it runs, with these ports. */
int wr_check_spread(struct weir *w, const struct wr_live *live, const struct weir_network *net,
		    const struct weir_port *ports, size_t n, struct weir_error *err)
{
	const unsigned int want = wr_spread(net) - 1;
	uint32_t left;
	int r;

	for (size_t i = 0; i < n; i++) {
		const struct wr_span *span = wr_span_of(live, ports[i].bridge);

		if (span && (size_t)(span - live->spans) >= want)
			return wr_refuse(err, -EBUSY, "", "bridge.spread",
					 "would lose bridge %s, which has ports such as %s; detach them, or stop and start the network",
					 span->name, ports[i].name);
	}
	if (want <= live->n_spans)
		return 0;
	r = wr_room_on_first(w, live, &left, err);
	if (!r && left < want - live->n_spans)
		r = wr_refuse(err, -ENOSPC, "", "bridge.spread",
			      "takes %u more ports of bridge %s, which has %u left; detach some, or stop and start the network",
			      want - (unsigned int)live->n_spans, net->bridge.name, left);
	return r;
}
