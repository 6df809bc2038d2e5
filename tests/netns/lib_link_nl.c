/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A link as libnl-route-3 reads it, as far as it has calls for what there is: one reader of lib_link.h's. */
#include <arpa/inet.h>
#include <linux/if_link.h>
#include <linux/if_vlan.h>
#include <net/if.h>
/* By this path: <netlink/attr.h> alone is ours. */
#include <libnl3/netlink/attr.h>
#include <netlink/netlink.h>
#include <netlink/route/link.h>
#include <netlink/route/link/inet6.h>
#include <netlink/route/link/macvlan.h>
#include <netlink/route/link/macvtap.h>
#include <netlink/route/link/vlan.h>
#include <netlink/route/link/vrf.h>
#include <netlink/route/link/vxlan.h>
#include <string.h>

#include "lib_link.h"
#include "link/kinds.h"

static void nl_shows(bool same, const char *what, const char *member)
{
	if (!same)
		fail_msg("%s: libnl shows another %s", what, member);
}

static void nl_shows_link(struct rtnl_link *l, const struct weir_link *want, const char *what)
{
	const struct wr_kind *k = wr_kind(want->kind);
	struct nl_addr *mac = rtnl_link_get_addr(l);
	const char *alias = rtnl_link_get_ifalias(l);
	uint64_t has = want->has;

	nl_shows(!strcmp(rtnl_link_get_type(l) ? rtnl_link_get_type(l) : "", k ? k->name : ""), what, "type");
	nl_shows(!(has & WEIR_LINK_MTU) || rtnl_link_get_mtu(l) == want->mtu, what, "mtu");
	nl_shows(!(has & WEIR_LINK_TXQUEUELEN) || rtnl_link_get_txqlen(l) == want->txqueuelen, what, "txqlen");
	nl_shows(!(has & WEIR_LINK_MAC) || (nl_addr_get_len(mac) == 6 &&
		 !memcmp(nl_addr_get_binary_addr(mac), want->mac, 6)), what, "address");
	nl_shows(!(has & WEIR_LINK_GROUP_SET) || rtnl_link_get_group(l) == want->group, what, "group");
	nl_shows(!(has & WEIR_LINK_MASTER) || rtnl_link_get_master(l) == (int)want->master, what, "master");
	nl_shows(!(has & WEIR_LINK_LOWER) || rtnl_link_get_link(l) == (int)want->lower, what, "link");
	nl_shows(!(has & WEIR_LINK_UP) || !(rtnl_link_get_flags(l) & IFF_UP) == !want->is_up, what, "up");
	nl_shows(!(has & WEIR_LINK_ALIAS) || !strcmp(alias ? alias : "", want->alias), what, "alias");
	nl_shows(!(has & WEIR_LINK_NUM_TX_QUEUES) || rtnl_link_get_num_tx_queues(l) == want->num_tx_queues,
		 what, "queues");
}

/* What a priority becomes; nothing, which is 0, if no pair begins with it. */
static uint32_t nl_egress(struct rtnl_link *l, uint32_t from)
{
	int n = 0;
	struct vlan_map *map = rtnl_link_vlan_get_egress_map(l, &n);

	for (int i = 0; i < n; i++)
		if (map[i].vm_from == from)
			return map[i].vm_to;
	return 0;
}

static void nl_shows_vlan(struct rtnl_link *l, const struct weir_vlan *v, const char *what)
{
	unsigned int flags = (unsigned int)rtnl_link_vlan_get_flags(l);

	nl_shows(rtnl_link_vlan_get_id(l) == v->id, what, "id");
	nl_shows(!(v->has & WEIR_VLAN_PROTOCOL) || ntohs((uint16_t)rtnl_link_vlan_get_protocol(l)) == v->protocol,
		 what, "protocol");
	nl_shows(!(v->has & WEIR_VLAN_GVRP) || !(flags & VLAN_FLAG_GVRP) == !v->gvrp, what, "gvrp");
	nl_shows(!(v->has & WEIR_VLAN_LOOSE_BINDING) || !(flags & VLAN_FLAG_LOOSE_BINDING) == !v->loose_binding,
		 what, "loose_binding");
	nl_shows(!(v->has & WEIR_VLAN_MVRP) || !(flags & VLAN_FLAG_MVRP) == !v->mvrp, what, "mvrp");
	nl_shows(!(v->has & WEIR_VLAN_REORDER_HDR) || !(flags & VLAN_FLAG_REORDER_HDR) == !v->reorder_hdr, what,
		 "reorder_hdr");
	nl_shows(!(v->has & WEIR_VLAN_BRIDGE_BINDING) || !(flags & VLAN_FLAG_BRIDGE_BINDING) == !v->bridge_binding, what,
		 "bridge_binding");
	for (uint32_t i = 0; v->has & WEIR_VLAN_INGRESS_QOS && i < v->ingress_qos.n; i++)
		nl_shows(rtnl_link_vlan_get_ingress_map(l)[v->ingress_qos.pairs[i].from] == v->ingress_qos.pairs[i].to,
			 what, "ingress map");
	for (uint32_t i = 0; v->has & WEIR_VLAN_EGRESS_QOS && i < v->egress_qos.n; i++)
		nl_shows(nl_egress(l, v->egress_qos.pairs[i].from) == v->egress_qos.pairs[i].to, what, "egress map");
}

/* --- rows that libnl has a call for --------------------------------------------------------------- */

#define NUMBER(call)                                                                               \
	static int64_t call##_(struct rtnl_link *l)                                                \
	{                                                                                          \
		uint32_t v = 0;                                                                    \
		int r = call(l, &v);                                                               \
											           \
		return r ? r : (int64_t)v;                                                         \
	}
#define RESULT(call)                                                                               \
	static int64_t call##_(struct rtnl_link *l)                                                \
	{                                                                                          \
		return (int64_t)call(l);                                                           \
	}

NUMBER(rtnl_link_vxlan_get_id)
NUMBER(rtnl_link_vxlan_get_link)
NUMBER(rtnl_link_vxlan_get_port)
NUMBER(rtnl_link_vxlan_get_label)
NUMBER(rtnl_link_vxlan_get_ageing)
NUMBER(rtnl_link_vxlan_get_limit)
NUMBER(rtnl_link_vrf_get_tableid)
RESULT(rtnl_link_vxlan_get_ttl)
RESULT(rtnl_link_vxlan_get_tos)
RESULT(rtnl_link_vxlan_get_learning)
RESULT(rtnl_link_vxlan_get_proxy)
RESULT(rtnl_link_vxlan_get_rsc)
RESULT(rtnl_link_vxlan_get_l2miss)
RESULT(rtnl_link_vxlan_get_l3miss)
RESULT(rtnl_link_vxlan_get_udp_csum)
RESULT(rtnl_link_vxlan_get_udp_zero_csum6_tx)
RESULT(rtnl_link_vxlan_get_udp_zero_csum6_rx)
RESULT(rtnl_link_vxlan_get_collect_metadata)
RESULT(rtnl_link_macvlan_get_mode)
RESULT(rtnl_link_macvlan_get_flags)
RESULT(rtnl_link_macvtap_get_mode)
RESULT(rtnl_link_macvtap_get_flags)

static const struct {
	enum weir_link_kind kind;
	const char *row;
	int64_t (*get)(struct rtnl_link *l);
} getters[] = {
	{ WEIR_LINK_VXLAN, "id", rtnl_link_vxlan_get_id_ },
	{ WEIR_LINK_VXLAN, "dev", rtnl_link_vxlan_get_link_ },
	{ WEIR_LINK_VXLAN, "dstport", rtnl_link_vxlan_get_port_ },
	{ WEIR_LINK_VXLAN, "flowlabel", rtnl_link_vxlan_get_label_ },
	{ WEIR_LINK_VXLAN, "ageing", rtnl_link_vxlan_get_ageing_ },
	{ WEIR_LINK_VXLAN, "maxaddress", rtnl_link_vxlan_get_limit_ },
	{ WEIR_LINK_VXLAN, "ttl", rtnl_link_vxlan_get_ttl_ },
	{ WEIR_LINK_VXLAN, "tos", rtnl_link_vxlan_get_tos_ },
	{ WEIR_LINK_VXLAN, "learning", rtnl_link_vxlan_get_learning_ },
	{ WEIR_LINK_VXLAN, "proxy", rtnl_link_vxlan_get_proxy_ },
	{ WEIR_LINK_VXLAN, "rsc", rtnl_link_vxlan_get_rsc_ },
	{ WEIR_LINK_VXLAN, "l2miss", rtnl_link_vxlan_get_l2miss_ },
	{ WEIR_LINK_VXLAN, "l3miss", rtnl_link_vxlan_get_l3miss_ },
	{ WEIR_LINK_VXLAN, "udpcsum", rtnl_link_vxlan_get_udp_csum_ },
	{ WEIR_LINK_VXLAN, "udp6zerocsumtx", rtnl_link_vxlan_get_udp_zero_csum6_tx_ },
	{ WEIR_LINK_VXLAN, "udp6zerocsumrx", rtnl_link_vxlan_get_udp_zero_csum6_rx_ },
	{ WEIR_LINK_VXLAN, "external", rtnl_link_vxlan_get_collect_metadata_ },
	{ WEIR_LINK_VRF, "table", rtnl_link_vrf_get_tableid_ },
	{ WEIR_LINK_MACVLAN, "mode", rtnl_link_macvlan_get_mode_ },
	{ WEIR_LINK_MACVLAN, "flags", rtnl_link_macvlan_get_flags_ },
	{ WEIR_LINK_MACVTAP, "mode", rtnl_link_macvtap_get_mode_ },
	{ WEIR_LINK_MACVTAP, "flags", rtnl_link_macvtap_get_flags_ },
};

static void nl_shows_rows(struct rtnl_link *l, const struct weir_link *want, const char *what)
{
	const struct wr_kind *k = wr_kind(want->kind);

	for (size_t i = 0; i < WR_COUNT(getters); i++) {
		const struct wr_field *f = getters[i].kind == want->kind ? wr_find(k->table, getters[i].row) : NULL;

		if (f && wr_has(k->table, f, wr_kind_data(k, want)))
			nl_shows(getters[i].get(l) == (int64_t)wr_load(f, wr_kind_data(k, want)), what, f->name);
	}
}

/* Addresses, lists and what is two numbers. */
static void nl_shows_ip(int r, struct nl_addr *a, const struct weir_ip *ip, const char *what, const char *member)
{
	size_t len = ip->family == WEIR_FAMILY_IPV4 ? 4 : 16;

	nl_shows(!r && nl_addr_get_len(a) == len && !memcmp(nl_addr_get_binary_addr(a), ip->bytes, len), what, member);
	nl_addr_put(a);
}

static void nl_shows_vxlan(struct rtnl_link *l, const struct weir_vxlan *v, const char *what)
{
	struct ifla_vxlan_port_range range = { 0 };
	struct nl_addr *a = NULL;
	int r;

	if (v->has & WEIR_VXLAN_REMOTE) {
		r = rtnl_link_vxlan_get_group(l, &a);
		nl_shows_ip(r, a, &v->remote, what, "remote");
	}
	if (v->has & WEIR_VXLAN_LOCAL) {
		r = rtnl_link_vxlan_get_local(l, &a);
		nl_shows_ip(r, a, &v->local, what, "local");
	}
	if (v->has & WEIR_VXLAN_SOURCE_PORTS)
		nl_shows(!rtnl_link_vxlan_get_port_range(l, &range) && ntohs(range.low) == v->source_ports.first &&
			 ntohs(range.high) == v->source_ports.last, what, "srcport");
}

static void nl_shows_sources(struct rtnl_link *l, const struct weir_macvlan *m, const char *what)
{
	uint32_t n = 0, found = 0;

	if (!(m->has & WEIR_MACVLAN_SOURCES))
		return;
	nl_shows(!rtnl_link_macvlan_count_macaddr(l, &n) && n == m->sources.n, what, "number of sources");
	for (uint32_t i = 0; i < n; i++) {
		const struct nl_addr *a = NULL;

		nl_shows(!rtnl_link_macvlan_get_macaddr(l, i, &a), what, "source");
		for (uint32_t k = 0; k < n; k++)
			found += !memcmp(nl_addr_get_binary_addr(a), m->sources.macs[k], 6);
	}
	nl_shows(found == n, what, "sources");
}

static void nl_shows_kind(struct rtnl_link *l, const struct weir_link *want, const char *what)
{
	uint8_t mode = 255;

	if (want->has & WEIR_LINK_ADDR_GEN_MODE)
		nl_shows(!rtnl_link_inet6_get_addr_gen_mode(l, &mode) && mode == want->addr_gen_mode, what,
			 "address generation mode");
	nl_shows_rows(l, want, what);
	if (want->kind == WEIR_LINK_MACVLAN)
		nl_shows_sources(l, &want->macvlan, what);
	if (want->kind == WEIR_LINK_VLAN)
		nl_shows_vlan(l, &want->vlan, what);
	if (want->kind == WEIR_LINK_VXLAN)
		nl_shows_vxlan(l, &want->vxlan, what);
}

void read_by_nl(const struct weir_link *want, const char *what)
{
	struct nl_sock *sk = nl_socket_alloc();
	struct rtnl_link *l = NULL;

	assert_non_null(sk);
	assert_int_equal(nl_connect(sk, NETLINK_ROUTE), 0);
	assert_int_equal(rtnl_link_get_kernel(sk, 0, want->name, &l), 0);
	nl_shows_link(l, want, what);
	nl_shows_kind(l, want, what);
	rtnl_link_put(l);
	nl_socket_free(sk);
}
