/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tables of links (lib/link), two ways. By themselves: each row describes one
 * member, one attribute, one bit of the header. With random values: through the
 * wire, through text, through the builders' messages and back. Against bytes that
 * iproute2 sent they are held in test_link_golden.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include <weir/txn.h>

#include "link/kinds.h"
#include "tests/common/dry_txn.h"
#include "txn/txn.h"

#define ROUNDS 500
#define MAX_ROWS 32

/* --- the tables, and the macros that the header has for their bits ------------------------------ */

/* clang-format off */
static const uint64_t bridge_bits[] = {
	WEIR_BRIDGE_FORWARD_DELAY, WEIR_BRIDGE_HELLO_TIME, WEIR_BRIDGE_MAX_AGE,
	WEIR_BRIDGE_AGEING_TIME, WEIR_BRIDGE_STP, WEIR_BRIDGE_PRIORITY,
	WEIR_BRIDGE_VLAN_FILTERING, WEIR_BRIDGE_VLAN_PROTOCOL, WEIR_BRIDGE_GROUP_FWD_MASK,
	WEIR_BRIDGE_MCAST_SNOOPING, WEIR_BRIDGE_MCAST_QUERIER, WEIR_BRIDGE_DEFAULT_PVID,
	WEIR_BRIDGE_NF_CALL_IPTABLES, WEIR_BRIDGE_NF_CALL_IP6TABLES, WEIR_BRIDGE_NF_CALL_ARPTABLES,
	WEIR_BRIDGE_VLAN_STATS, WEIR_BRIDGE_MCAST_ROUTER, WEIR_BRIDGE_MCAST_IGMP_VERSION,
	WEIR_BRIDGE_MCAST_MLD_VERSION, WEIR_BRIDGE_NO_LL_LEARN, WEIR_BRIDGE_MCAST_VLAN_SNOOPING,
};
static const uint64_t port_bits[] = {
	WEIR_PORT_PRIORITY, WEIR_PORT_COST, WEIR_PORT_HAIRPIN, WEIR_PORT_GUARD,
	WEIR_PORT_ROOT_BLOCK, WEIR_PORT_FASTLEAVE, WEIR_PORT_LEARNING, WEIR_PORT_FLOOD,
	WEIR_PORT_MCAST_FLOOD, WEIR_PORT_BCAST_FLOOD, WEIR_PORT_NEIGH_SUPPRESS,
	WEIR_PORT_ISOLATED, WEIR_PORT_LOCKED, WEIR_PORT_PROXY_ARP, WEIR_PORT_PROXY_ARP_WIFI,
	WEIR_PORT_MCAST_ROUTER, WEIR_PORT_MCAST_TO_UNICAST, WEIR_PORT_GROUP_FWD_MASK,
	WEIR_PORT_VLAN_TUNNEL,
};
static const uint64_t tun_bits[] = {
	WEIR_TUN_OWNER, WEIR_TUN_GROUP, WEIR_TUN_TYPE, WEIR_TUN_PI, WEIR_TUN_VNET_HDR,
	WEIR_TUN_PERSIST, WEIR_TUN_MULTI_QUEUE, WEIR_TUN_QUEUES, WEIR_TUN_DISABLED_QUEUES,
};
static const uint64_t macvlan_bits[] = {
	WEIR_MACVLAN_MODE, WEIR_MACVLAN_FLAGS, WEIR_MACVLAN_SOURCES, WEIR_MACVLAN_N_SOURCES,
	WEIR_MACVLAN_BC_QUEUE_LEN,
};
static const uint64_t bond_bits[] = {
	WEIR_BOND_MODE, WEIR_BOND_ACTIVE, WEIR_BOND_MIIMON, WEIR_BOND_UPDELAY,
	WEIR_BOND_DOWNDELAY, WEIR_BOND_PEER_NOTIF_DELAY, WEIR_BOND_USE_CARRIER,
	WEIR_BOND_ARP_INTERVAL, WEIR_BOND_ARP_TARGETS, WEIR_BOND_NS_TARGETS,
	WEIR_BOND_ARP_VALIDATE, WEIR_BOND_ARP_ALL_TARGETS, WEIR_BOND_ARP_MISSED_MAX,
	WEIR_BOND_PRIMARY, WEIR_BOND_PRIMARY_RESELECT, WEIR_BOND_FAIL_OVER_MAC,
	WEIR_BOND_XMIT_HASH_POLICY, WEIR_BOND_RESEND_IGMP, WEIR_BOND_NUM_PEER_NOTIF,
	WEIR_BOND_ALL_PORTS_ACTIVE, WEIR_BOND_MIN_LINKS, WEIR_BOND_LP_INTERVAL,
	WEIR_BOND_PACKETS_PER_PORT, WEIR_BOND_LACP_RATE, WEIR_BOND_LACP_ACTIVE,
	WEIR_BOND_AD_SELECT, WEIR_BOND_AD_USER_PORT_KEY, WEIR_BOND_AD_ACTOR_SYS_PRIO,
	WEIR_BOND_AD_ACTOR_SYSTEM, WEIR_BOND_TLB_DYNAMIC_LB,
};
static const uint64_t bond_port_bits[] = {
	WEIR_BOND_PORT_QUEUE, WEIR_BOND_PORT_PRIO, WEIR_BOND_PORT_STATE,
	WEIR_BOND_PORT_MII_STATUS, WEIR_BOND_PORT_PERM_MAC,
};
static const uint64_t vlan_bits[] = {
	WEIR_VLAN_ID, WEIR_VLAN_PROTOCOL, WEIR_VLAN_REORDER_HDR, WEIR_VLAN_GVRP,
	WEIR_VLAN_LOOSE_BINDING, WEIR_VLAN_MVRP, WEIR_VLAN_BRIDGE_BINDING,
	WEIR_VLAN_INGRESS_QOS, WEIR_VLAN_EGRESS_QOS,
};
static const uint64_t vxlan_bits[] = {
	WEIR_VXLAN_ID, WEIR_VXLAN_REMOTE, WEIR_VXLAN_LOCAL, WEIR_VXLAN_LINK, WEIR_VXLAN_PORT,
	WEIR_VXLAN_TTL, WEIR_VXLAN_TOS, WEIR_VXLAN_LABEL, WEIR_VXLAN_DF, WEIR_VXLAN_LEARNING,
	WEIR_VXLAN_AGEING, WEIR_VXLAN_LIMIT, WEIR_VXLAN_PROXY, WEIR_VXLAN_RSC,
	WEIR_VXLAN_L2MISS, WEIR_VXLAN_L3MISS, WEIR_VXLAN_UDP_CSUM, WEIR_VXLAN_UDP_ZERO_CSUM6_TX,
	WEIR_VXLAN_UDP_ZERO_CSUM6_RX, WEIR_VXLAN_EXTERNAL, WEIR_VXLAN_SOURCE_PORTS,
	WEIR_VXLAN_TTL_INHERIT, WEIR_VXLAN_GBP, WEIR_VXLAN_GPE,
};
static const uint64_t vrf_bits[] = {
	WEIR_VRF_TABLE,
};
static const uint64_t link_bits[] = {
	WEIR_LINK_IFINDEX, WEIR_LINK_NAME, WEIR_LINK_MAC, WEIR_LINK_MTU, WEIR_LINK_TXQUEUELEN,
	WEIR_LINK_MASTER, WEIR_LINK_LOWER, WEIR_LINK_LOWER_NETNSID, WEIR_LINK_GROUP_SET, WEIR_LINK_NUM_TX_QUEUES,
	WEIR_LINK_NUM_RX_QUEUES, WEIR_LINK_ALIAS, WEIR_LINK_UP, WEIR_LINK_OPERSTATE,
	WEIR_LINK_CARRIER,
};
static const uint64_t info_bits[] = { WEIR_LINK_KIND, WEIR_LINK_PORT_KIND };
static const uint64_t inet6_bits[] = { WEIR_LINK_ADDR_GEN_MODE };
/* clang-format on */

struct subject {
	const struct wr_table *t;
	size_t size;
	const uint64_t *bits;
	size_t n_bits;
};

#define SUBJECT(table, type, bits) { table, sizeof(struct type), bits, WR_COUNT(bits) }
#define N_SUBJECTS 12

static const struct subject *subjects(void)
{
	static struct subject all[N_SUBJECTS];
	const struct subject those[N_SUBJECTS] = {
		SUBJECT(wr_kind(WEIR_LINK_BRIDGE)->table, weir_bridge, bridge_bits),
		SUBJECT(wr_kind(WEIR_LINK_TUN)->table, weir_tun, tun_bits),
		SUBJECT(wr_kind(WEIR_LINK_MACVLAN)->table, weir_macvlan, macvlan_bits),
		SUBJECT(wr_kind(WEIR_LINK_BOND)->table, weir_bond, bond_bits),
		SUBJECT(wr_kind(WEIR_LINK_VLAN)->table, weir_vlan, vlan_bits),
		SUBJECT(wr_kind(WEIR_LINK_VXLAN)->table, weir_vxlan, vxlan_bits),
		SUBJECT(wr_kind(WEIR_LINK_VRF)->table, weir_vrf, vrf_bits),
		SUBJECT(&wr_bridge_port_table, weir_bridge_port, port_bits),
		SUBJECT(&wr_bond_port_table, weir_bond_port, bond_port_bits),
		SUBJECT(&wr_link_table, weir_link, link_bits),
		SUBJECT(&wr_link_info_table, weir_link, info_bits),
		SUBJECT(&wr_link_inet6_table, weir_link, inet6_bits),
	};

	memcpy(all, those, sizeof(all));
	return all;
}

#define row_assert(cond)                                                                           \
	do {                                                                                       \
		if (!(cond))                                                                       \
			fail_msg("table %s, row %s: not so: %s", t->name, f->name, #cond);         \
	} while (0)

static bool overlap(size_t a, size_t a_size, size_t b, size_t b_size)
{
	return a < b + b_size && b < a + a_size;
}

static void check_row(const struct wr_table *t, const struct wr_field *f)
{
	row_assert(*f->name && f->doc && *f->doc);
	row_assert(wr_bit(f));
	row_assert((size_t)f->offset + f->size <= t->size);
	row_assert(!overlap(f->offset, f->size, (size_t)t->has, sizeof(uint64_t)));
	/* On the wire or in the header, one of them. */
	row_assert(!f->attr == !!(f->flags & WR_HEADER));
	row_assert(f->codec < WR_STRING);
	row_assert(!(f->flags & WR_FIXED && f->flags & WR_ON_SET));
	for (const struct wr_field *g = t->fields; g < f; g++) {
		row_assert(strcmp(f->name, g->name) != 0);
		row_assert(wr_bit(f) != wr_bit(g));
		row_assert(!f->attr || f->attr != g->attr || (f->codec == WR_BIT && !(f->mask & g->mask)));
		row_assert(!overlap(f->offset, f->size, g->offset, g->size));
	}
}

static void rows_describe_one_thing_each(void **state)
{
	for (const struct subject *s = subjects(); s < subjects() + N_SUBJECTS; s++) {
		assert_int_equal(s->t->size, s->size);
		for (size_t i = 0; i < s->t->n; i++)
			check_row(s->t, &s->t->fields[i]);
	}
}

/* Every macro has a row, every row a macro. */
static void bits_are_the_headers(void **state)
{
	for (const struct subject *s = subjects(); s < subjects() + N_SUBJECTS; s++) {
		uint64_t rows = 0, macros = 0;

		for (size_t i = 0; i < s->t->n; i++)
			rows |= wr_bit(&s->t->fields[i]);
		for (size_t i = 0; i < s->n_bits; i++)
			macros |= s->bits[i];
		if (rows != macros)
			fail_msg("table %s: bits %llx, in the header %llx", s->t->name,
				 (unsigned long long)rows, (unsigned long long)macros);
		assert_int_equal(s->t->n, s->n_bits);
	}
}

/* Three tables share a struct: nothing of it is described twice. */
static void parts_of_a_link_are_apart(void **state)
{
	static const struct wr_table *const parts[] = { &wr_link_table, &wr_link_info_table,
							&wr_link_inet6_table };

	for (size_t a = 0; a < WR_COUNT(parts); a++)
		for (size_t b = 0; b < a; b++)
			for (size_t i = 0; i < parts[a]->n; i++)
				for (size_t k = 0; k < parts[b]->n; k++) {
					const struct wr_table *t = parts[a];
					const struct wr_field *f = &t->fields[i], *g = &parts[b]->fields[k];

					row_assert(wr_bit(f) != wr_bit(g));
					row_assert(strcmp(f->name, g->name) != 0);
					row_assert(!overlap(f->offset, f->size, g->offset, g->size));
				}
}

/* The kernel's numbers, as its header has them; a slip here is a wrong setting of somebody's bridge. */
static void kinds_are_registered_once(void **state)
{
	static const struct {
		enum weir_link_kind kind;
		const char *name;
		size_t offset;
	} kinds[] = {
		{ WEIR_LINK_BRIDGE, "bridge", offsetof(struct weir_link, bridge) },
		{ WEIR_LINK_VETH, "veth", 0 },
		{ WEIR_LINK_TUN, "tun", offsetof(struct weir_link, tun) },
		{ WEIR_LINK_IFB, "ifb", 0 },
		{ WEIR_LINK_MACVLAN, "macvlan", offsetof(struct weir_link, macvlan) },
		{ WEIR_LINK_MACVTAP, "macvtap", offsetof(struct weir_link, macvlan) },
		{ WEIR_LINK_BOND, "bond", offsetof(struct weir_link, bond) },
		{ WEIR_LINK_VLAN, "vlan", offsetof(struct weir_link, vlan) },
		{ WEIR_LINK_DUMMY, "dummy", 0 },
		{ WEIR_LINK_VXLAN, "vxlan", offsetof(struct weir_link, vxlan) },
		{ WEIR_LINK_VRF, "vrf", offsetof(struct weir_link, vrf) },
	};

	for (size_t i = 0; i < WR_COUNT(kinds); i++) {
		const struct wr_kind *k = wr_kind(kinds[i].kind);
		bool own = !k->table;

		assert_ptr_equal(k, wr_kind_by_name(kinds[i].name));
		assert_string_equal(weir_link_kind_name(kinds[i].kind), kinds[i].name);
		assert_int_equal(k->kind, kinds[i].kind);
		if (k->table)
			assert_int_equal(k->offset, kinds[i].offset);
		for (const struct wr_table *const *t = k->tables; *t; t++)
			own |= *t == k->table;
		assert_true(own);
	}
	assert_null(wr_kind(WEIR_LINK_OTHER));
	assert_null(wr_kind_by_name("bonds"));
	assert_null(wr_kind_by_name(""));
	assert_string_equal(weir_link_kind_name(WEIR_LINK_OTHER), "");
	assert_string_equal(weir_link_kind_name((enum weir_link_kind)99), "");
}

/* --- random values ------------------------------------------------------------------------------- */

static uint32_t seed;

static uint32_t chance(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 17;
	seed ^= seed << 5;
	return seed;
}

static uint64_t random_integer(const struct wr_field *f)
{
	uint64_t min = (uint64_t)f->min, max = wr_field_max(f);

	if (f->n_words)
		return f->words[chance() % f->n_words].value;
	if (f->codec == WR_S32)
		min = 1;
	switch (chance() % 4) {
	case 0: return min;
	case 1: return max;
	default: return min + ((uint64_t)chance() << 32 | chance()) % (max - min + 1);
	}
}

static void random_text(const struct wr_field *f, char *text)
{
	static const char any[] = "abcXYZ019-_.", odd[] = " '\"\\/:;#$\t\xc3\xa4";
	size_t len = 1 + chance() % (f->size - 1u);

	memset(text, 0, f->size);
	for (size_t i = 0; i < len; i++)
		text[i] = wr_text_rule(f) || chance() % 3 ? any[chance() % (sizeof(any) - 3)] :
						     odd[chance() % (sizeof(odd) - 3)];
}

/* Addresses of the row's family, pairs with each first number once, no MAC address twice. */
static void random_array(const struct wr_field *f, void *obj)
{
	uint32_t n = 1 + chance() % (f->min && (uint32_t)f->min < wr_array_room(f) ? (uint32_t)f->min : wr_array_room(f));

	memset(wr_member(f, obj), 0, f->size);
	memcpy(wr_member(f, obj), &n, sizeof(n));
	for (uint32_t i = 0; i < n; i++) {
		struct weir_pair pair = { i, 1 + chance() % (f->max ? (uint32_t)f->max : 99) };
		struct weir_ip ip = { .family = f->family, .bytes = { 10, (uint8_t)chance(), 1, (uint8_t)i } };

		if (f->codec == WR_PAIRS)
			memcpy(wr_array_item(f, obj, i), &pair, sizeof(pair));
		else if (f->codec == WR_MACS)
			memcpy(wr_array_item(f, obj, i), (uint8_t[]){ 2, (uint8_t)chance(), 0, 0, 0, (uint8_t)i }, 6);
		else
			memcpy(wr_array_item(f, obj, i), &ip, sizeof(ip));
	}
}

static void random_ip(struct weir_ip *ip)
{
	*ip = (struct weir_ip){ .family = chance() % 2 ? WEIR_FAMILY_IPV4 : WEIR_FAMILY_IPV6 };
	for (int i = 0; i < (ip->family == WEIR_FAMILY_IPV4 ? 4 : 16); i++)
		ip->bytes[i] = (uint8_t)chance();
}

static void random_value(const struct wr_field *f, void *obj)
{
	const uint16_t first = (uint16_t)(chance() % 32768);
	struct weir_udp_ports ports = { first, (uint16_t)(first + chance() % 32768) };
	uint8_t *bytes = wr_member(f, obj);

	if (wr_is_integer(f))
		wr_store(f, obj, random_integer(f));
	else if (f->codec == WR_NAME)
		random_text(f, wr_member(f, obj));
	else if (wr_is_array(f))
		random_array(f, obj);
	else if (f->codec == WR_IP)
		random_ip(wr_member(f, obj));
	else if (f->codec == WR_RANGE)
		memcpy(bytes, &ports, sizeof(ports));
	else
		for (size_t i = 0; i < f->size; i++)
			bytes[i] = (uint8_t)chance();
}

/* Each row is set or not; @obj is zero before. */
static void random_struct(const struct wr_table *t, void *obj, unsigned int but)
{
	for (size_t i = 0; i < t->n; i++) {
		if (t->fields[i].flags & but || chance() % 3 == 0)
			continue;
		random_value(&t->fields[i], obj);
		wr_set_has(t, &t->fields[i], obj);
	}
}

/* Another value than the one that is there. */
static void change_value(const struct wr_field *f, void *obj)
{
	char before[sizeof(struct weir_link)];

	memcpy(before, obj, f->offset + f->size);
	do
		random_value(f, obj);
	while (wr_field_covers(f, before, obj) || wr_field_covers(f, obj, before));
}

/* What the kernel says is encoded too, for a test: a table without WR_READONLY. */
struct writable {
	struct wr_field fields[MAX_ROWS];
	struct wr_table t;
};

static const struct wr_table *make_writable(struct writable *w, const struct wr_table *t)
{
	assert_true(t->n <= MAX_ROWS);
	memcpy(w->fields, t->fields, t->n * sizeof(*t->fields));
	for (size_t i = 0; i < t->n; i++)
		w->fields[i].flags &= (uint16_t)~WR_READONLY;
	w->t = *t;
	w->t.fields = w->fields;
	return &w->t;
}

static void through_the_wire(const struct wr_table *t, const void *obj, void *ret)
{
	static const struct ifinfomsg none;
	wr_auto(batch) struct wr_batch b = { 0 };
	struct weir_error err = WEIR_ERROR_INIT;

	wr_msg(&b, RTM_NEWLINK, 0, &none, sizeof(none));
	wr_encode(&b, t, obj, 0, 0);
	assert_false(b.buf.failed);
	if (wr_decode(t, b.buf.data + 32, b.buf.len - 32, ret, &err))
		fail_msg("%s: %s: %s", err.object, err.attr, err.msg);
}

static void one_round_trip(const struct wr_table *t)
{
	struct weir_link sent = { 0 }, got = { 0 };

	random_struct(t, &sent, WR_HEADER);
	/* A flag that is off is not on the wire. */
	for (size_t i = 0; i < t->n; i++)
		if (t->fields[i].codec == WR_FLAG && wr_has(t, &t->fields[i], &sent))
			wr_store(&t->fields[i], &sent, 1);
	through_the_wire(t, &sent, &got);
	if (!wr_table_equal(t, &sent, &got))
		fail_msg("table %s: not what was sent", t->name);
	assert_int_equal(wr_table_diff(t, &sent, &got), 0);
	assert_int_equal(wr_table_diff(t, &got, &sent), 0);
	/* Bytes that no row describes stay what they were. */
	assert_memory_equal(&sent, &got, t->size);
}

static void wire_gives_back_what_it_got(void **state)
{
	struct writable w;

	for (const struct subject *s = subjects(); s < subjects() + N_SUBJECTS; s++)
		for (int i = 0; i < ROUNDS; i++)
			one_round_trip(make_writable(&w, s->t));
}

static void one_flip(const struct wr_table *t, const struct wr_field *f)
{
	struct weir_link a = { 0 }, b;

	random_struct(t, &a, 0);
	wr_set_has(t, f, &a);
	random_value(f, &a);
	b = a;
	change_value(f, &b);
	if (wr_table_diff(t, &a, &b) != wr_bit(f) || wr_table_diff(t, &b, &a) != wr_bit(f) ||
	    wr_table_equal(t, &a, &b))
		fail_msg("table %s: a change of %s shows as %llx", t->name, f->name,
			 (unsigned long long)wr_table_diff(t, &a, &b));
	if (f->flags & WR_ZERO_IF_ABSENT)
		return;
	/* Wanted but not there is a difference, there but not wanted is none. */
	memcpy(&b, &a, sizeof(a));
	*(uint64_t *)(void *)((char *)&b + t->has) &= ~wr_bit(f);
	if (wr_table_diff(t, &a, &b) != wr_bit(f) || wr_table_diff(t, &b, &a) != 0)
		fail_msg("table %s: an absent %s", t->name, f->name);
}

static void one_change_shows_as_one_bit(void **state)
{
	struct writable w;

	for (const struct subject *s = subjects(); s < subjects() + N_SUBJECTS; s++)
		for (size_t i = 0; i < s->t->n; i++)
			for (int k = 0; k < 20; k++) {
				make_writable(&w, s->t);
				one_flip(&w.t, &w.fields[i]);
			}
}

static void what_the_kernel_leaves_out_is_zero(void **state)
{
	struct weir_link want = { .has = WEIR_LINK_MASTER | WEIR_LINK_ALIAS | WEIR_LINK_GROUP_SET };
	struct weir_link is = { 0 };

	assert_int_equal(wr_table_diff(&wr_link_table, &want, &is), WEIR_LINK_GROUP_SET);
	want.master = 1;
	want.alias[0] = 'a';
	assert_int_equal(wr_table_diff(&wr_link_table, &want, &is), want.has);
}

/* Nobody can wish for what only the kernel says. */
static void what_the_kernel_says_is_no_difference(void **state)
{
	struct weir_link want = { 0 }, is = { 0 };

	want.has = WEIR_LINK_OPERSTATE | WEIR_LINK_CARRIER;
	want.operstate = 6;
	assert_int_equal(wr_table_diff(&wr_link_table, &want, &is), 0);
}

static void one_text(const struct wr_table *t, const struct wr_field *f)
{
	wr_auto(str) struct wr_str text = { 0 };
	struct weir_link a = { 0 }, b = { 0 };
	struct weir_error err = WEIR_ERROR_INIT;

	random_value(f, &a);
	wr_field_text(f, &a, &text);
	if (wr_field_parse(t, f, &b, wr_str_text(&text), &err))
		fail_msg("table %s: %s \"%s\": %s", t->name, f->name, wr_str_text(&text), err.msg);
	if (!wr_field_equal(f, &a, &b) || !wr_has(t, f, &b))
		fail_msg("table %s: %s \"%s\" is read as something else", t->name, f->name,
			 wr_str_text(&text));
}

static void text_gives_back_what_it_got(void **state)
{
	for (const struct subject *s = subjects(); s < subjects() + N_SUBJECTS; s++)
		for (size_t i = 0; i < s->t->n; i++)
			for (int k = 0; k < 50; k++)
				one_text(s->t, &s->t->fields[i]);
}

/* --- random links, through the builders ------------------------------------------------------------- */

/* Options that go together. */
static void random_bond(struct weir_bond *b)
{
	const uint64_t delays = WEIR_BOND_UPDELAY | WEIR_BOND_DOWNDELAY | WEIR_BOND_PEER_NOTIF_DELAY;
	struct weir_error err;

	b->miimon_ms = 1;
	b->has |= b->has & delays ? WEIR_BOND_MIIMON : 0;
	b->has &= b->has & WEIR_BOND_MIIMON ? ~WEIR_BOND_ARP_INTERVAL : ~0ull;
	b->has |= WEIR_BOND_MODE | WEIR_BOND_ARP_TARGETS;
	if (!b->arp_targets.n)
		random_array(wr_find(wr_kind(WEIR_LINK_BOND)->table, "arp_ip_target"), b);
	for (b->mode = 0; wr_table_check(wr_kind(WEIR_LINK_BOND)->table, b, &err);)
		b->has &= ~wr_bit(wr_find(wr_kind(WEIR_LINK_BOND)->table, err.attr));
}

static void random_link(enum weir_link_kind kind, struct weir_link *l)
{
	const struct wr_kind *k = wr_kind(kind);

	*l = (struct weir_link){ .sz = sizeof(*l), .kind = kind };
	random_struct(&wr_link_table, l, WR_READONLY);
	random_struct(&wr_link_inet6_table, l, 0);
	if (k->table)
		random_struct(k->table, wr_kind_data(k, l), kind == WEIR_LINK_TUN ? 0 : WR_READONLY);
	if (chance() % 2)
		random_struct(&wr_bridge_port_table, &l->port, 0);
	else
		random_struct(&wr_bond_port_table, &l->bond_port, WR_READONLY);
	l->has |= WEIR_LINK_NAME | WEIR_LINK_IFINDEX | WEIR_LINK_LOWER;
	if (!*l->name)
		memcpy(l->name, "x", 2);
	l->ifindex = 1 + (int)(chance() % 1000000);
	l->mac[0] &= 0xfe;
	if (kind == WEIR_LINK_VETH)
		l->mtu = 68 + chance() % 65468;
	if (l->port.has | l->bond_port.has)
		l->has |= WEIR_LINK_MASTER;
	l->vlan.has |= WEIR_VLAN_ID;
	l->vxlan.has |= WEIR_VXLAN_ID;
	l->vrf.has |= WEIR_VRF_TABLE;
	l->vrf.table += !l->vrf.table;
	if (l->vxlan.local.family != l->vxlan.remote.family)
		l->vxlan.has &= ~WEIR_VXLAN_LOCAL;
	random_bond(&l->bond);
	if (l->bridge.stp)
		l->bridge.forward_delay_cs = 200 + chance() % 2801;
	if (l->macvlan.has & WEIR_MACVLAN_SOURCES)
		l->macvlan.mode = WEIR_MACVLAN_SOURCE;
	if (l->macvlan.has & WEIR_MACVLAN_SOURCES)
		l->macvlan.flags = 0;
	if (l->macvlan.flags)
		l->macvlan.mode = WEIR_MACVLAN_PASSTHRU;
	l->veth.has = WEIR_VETH_PEER_NAME;
	memcpy(l->veth.peer_name, "peer", 5);
}

/* What the messages of the steps, one after the other, say about a link. */
static void replay(const struct dry_txn *o, struct weir_link *got)
{
	const struct wr_kind *k;

	for (size_t i = 0; i < o->t->n_steps; i++) {
		const struct nlmsghdr *nlh = o->t->steps[i].parts[WR_MSG_DO].data;
		const struct ifinfomsg *ifi = (const void *)(nlh + 1);
		const char *attrs = (const char *)(ifi + 1);
		size_t len;

		if (o->t->steps[i].ops != &wr_msg_ops)
			continue;
		len = nlh->nlmsg_len - 32;
		got->ifindex = ifi->ifi_index;
		got->is_up = ifi->ifi_change & IFF_UP ? ifi->ifi_flags & IFF_UP : got->is_up;
		assert_int_equal(wr_decode(&wr_link_table, attrs, len, got, NULL), 0);
		assert_int_equal(wr_decode(&wr_link_info_table, attrs, len, got, NULL), 0);
		assert_int_equal(wr_decode(&wr_link_inet6_table, attrs, len, got, NULL), 0);
		for (const struct wr_port_kind *p = wr_port_kinds; p->name; p++)
			if (!strcmp(got->port_kind, p->name))
				assert_int_equal(wr_decode(p->table, attrs, len, wr_port_data(p, got), NULL), 0);
		k = got->has & WEIR_LINK_KIND ? wr_kind_by_name(got->kind_name) : NULL;
		if (k && k->table)
			assert_int_equal(wr_decode(k->table, attrs, len, wr_kind_data(k, got), NULL), 0);
	}
	got->has |= WEIR_LINK_IFINDEX | WEIR_LINK_UP;
	k = got->has & WEIR_LINK_KIND ? wr_kind_by_name(got->kind_name) : NULL;
	got->kind = k ? k->kind : WEIR_LINK_OTHER;
}

static void one_add(enum weir_link_kind kind)
{
	struct weir_link want, got = { .sz = sizeof(got) };
	char *diff = NULL, *plan = NULL;
	struct weir_error err = WEIR_ERROR_INIT;
	struct dry_txn o;
	int r;

	random_link(kind, &want);
	dry_begin(&o);
	if (kind == WEIR_LINK_TUN)
		r = weir_txn_tap_add(o.t, &want, 0, NULL);
	else
		r = weir_txn_link_add(o.t, &want);
	if (weir_txn_error(o.t, &err))
		fail_msg("%s: %s: %s", err.object, err.attr, err.msg);
	assert_int_equal(r, want.ifindex);
	replay(&o, &got);
	if (kind == WEIR_LINK_TUN) {	/* an ioctl makes it */
		got.kind = WEIR_LINK_TUN;
		want.has &= ~(WEIR_LINK_NAME | WEIR_LINK_LOWER | WEIR_LINK_NUM_TX_QUEUES |
			      WEIR_LINK_NUM_RX_QUEUES);
	}
	assert_int_equal(got.group, want.has & WEIR_LINK_GROUP_SET ? want.group : WEIR_LINK_GROUP);
	assert_true(weir_link_diff(&want, &got, &diff) >= 0);
	assert_string_equal(diff, "");
	assert_int_equal(weir_txn_plan(o.t, &plan, NULL), 0);
	free(plan);
	free(diff);
	dry_end(&o);
}

static void messages_of_an_add_say_everything(void **state)
{
	for (int kind = WEIR_LINK_BRIDGE; kind <= WEIR_LINK_VRF; kind++)
		for (int i = 0; i < 60; i++)
			one_add((enum weir_link_kind)kind);
}

static void one_set(enum weir_link_kind kind)
{
	struct weir_link want, got = { .sz = sizeof(got) };
	char *diff = NULL;
	struct dry_txn o;

	random_link(kind, &want);
	want.has &= ~WEIR_LINK_NAME;
	dry_begin(&o);
	assert_int_equal(weir_txn_link_set(o.t, &want), 0);
	replay(&o, &got);
	/* What cannot change on a live link is not sent, and not refused either. */
	want.has &= ~(WEIR_LINK_LOWER | WEIR_LINK_NUM_TX_QUEUES | WEIR_LINK_NUM_RX_QUEUES);
	if (wr_kind(kind)->table)
		for (size_t i = 0; i < wr_kind(kind)->table->n; i++)
			if (wr_kind(kind)->table->fields[i].flags & WR_FIXED)
				*wr_kind_has(wr_kind(kind), &want) &= ~wr_bit(&wr_kind(kind)->table->fields[i]);
	got.kind = want.kind;
	assert_true(weir_link_diff(&want, &got, &diff) >= 0);
	assert_string_equal(diff, "");
	free(diff);
	dry_end(&o);
}

static void messages_of_a_set_say_everything(void **state)
{
	for (int kind = WEIR_LINK_BRIDGE; kind <= WEIR_LINK_VRF; kind++)
		for (int i = 0; kind != WEIR_LINK_TUN && i < 60; i++)
			one_set((enum weir_link_kind)kind);
}

/* --- plans, read back ---------------------------------------------------------------------------------- */

/* The words of a line as a shell takes them, in place. */
static size_t split(char *line, const char *words[200])
{
	size_t n = 0;
	char *to = line;

	while (*(line += strspn(line, " "))) {
		assert_true(n < 200);
		words[n++] = to = line;
		for (char quote = 0; *line && (quote || *line != ' '); line++) {
			if (*line == '\'' && (!quote || quote == *line))
				quote = quote ? 0 : *line;
			else if (*line == '\\' && !quote)
				*to++ = *++line;
			else
				*to++ = *line;
		}
		line += *line == ' ';
		*to = '\0';
	}
	return n;
}

/* What a line of "ip link" says, laid over @link; names of other links are nobody's here. */
static void parse_line(char *line, struct weir_link *link)
{
	struct weir_error err = WEIR_ERROR_INIT;
	const char *words[200];
	size_t n = split(line, words), kept = 3;

	for (size_t i = 3; i < n; i++)
		if (!strcmp(words[i], "master") || (i == 3 && !strcmp(words[i], "link")))
			i++;
		else
			words[kept++] = words[i];
	if (weir_link_parse(NULL, words + 3, kept - 3, link, &err))
		fail_msg("%s: %s: %s", words[3], err.attr, err.msg);
}

/* Names of links are left out: a plan has them of links that are there. */
static void drop_links(const struct wr_table *t, uint64_t *has)
{
	for (size_t i = 0; t && i < t->n; i++)
		*has &= t->fields[i].flags & WR_IFINDEX ? ~wr_bit(&t->fields[i]) : ~0ull;
}

static void one_plan(enum weir_link_kind kind)
{
	struct weir_link want, got = { .sz = sizeof(got) };
	char *plan = NULL, *diff = NULL;
	struct dry_txn o;

	random_link(kind, &want);
	if (wr_kind(kind)->table)
		drop_links(wr_kind(kind)->table, wr_kind_has(wr_kind(kind), &want));
	want.macvlan.has &= want.macvlan.flags ? ~0ull : ~WEIR_MACVLAN_FLAGS;
	dry_begin(&o);
	assert_true(weir_txn_link_add(o.t, &want) > 0);
	assert_int_equal(weir_txn_plan(o.t, &plan, NULL), 0);
	for (char *rest = plan, *line; (line = strsep(&rest, "\n"));)
		if (!strncmp(line, "ip link ", 8))
			parse_line(line, &got);
	/* Nor is it said that a new link is down. */
	want.has &= ~(WEIR_LINK_LOWER | WEIR_LINK_MASTER | (want.is_up ? 0 : WEIR_LINK_UP));
	assert_true(weir_link_diff(&want, &got, &diff) >= 0);
	if (*diff || got.kind != kind)
		fail_msg("%s: %s", wr_kind(kind)->name, diff);
	free(diff);
	free(plan);
	dry_end(&o);
}

static void plans_are_words_of_links(void **state)
{
	for (int kind = WEIR_LINK_BRIDGE; kind <= WEIR_LINK_VRF; kind++)
		for (int i = 0; kind != WEIR_LINK_TUN && i < 60; i++)
			one_plan((enum weir_link_kind)kind);
}

static void words_of_links(void **state)
{
	static const struct {
		const char *line;
		const char *says;	/* what weir_link_text() says then, or the error, which begins with "!" */
	} cases[] = {
		{ "x0 type vxlan vni 5 group 239.1.1.1 srcport 10 20 ttl inherit nolearning proxy",
		  "name x0 vxlan id 5 remote 239.1.1.1 learning off proxy on srcport 10-20 ttl_inherit on" },
		{ "name x0 up type macvlan mode source macaddr set 2:0:0:0:0:1 2:0:0:0:0:2 macaddr del 2:0:0:0:0:1",
		  "name x0 up on macvlan mode source macaddr_data 02:00:00:00:00:02" },
		{ "x0 type macvlan mode passthru nopromisc", "name x0 macvlan mode passthru flags 1" },
		{ "x0 type vlan id 5 egress-qos-map 1:2 3:4 gvrp on mtu 9",
		  "name x0 mtu 9 vlan id 5 gvrp on egress-qos-map 1:2 3:4" },
		{ "x0 type tun mode tap vnet_hdr multi_queue user 7", "name x0 tun mode tap vnet_hdr on multi_queue on user 7" },
		{ "x0 type bond mode 802.3ad clear_active_slave", "name x0 bond mode 802.3ad active_slave 0" },
		{ "x0 nomaster type bond_slave prio -5", "name x0 master 0 bond_port prio -5" },
		{ "x0 type veth peer name y0 address 2:0:0:0:0:1 mtu 9 up", "name x0" },
		{ "dev x0 index 7 type bridge", "ifindex 7 name x0" },
		{ "dev x0 type vxlan id 5", "name x0 vxlan id 5" },
		{ "name", "!name: needs a value" },
		{ "x0 type", "!type: needs a value" },
		{ "x0 type bridge type vlan", "!type: is bridge already" },
		{ "x0 type nonsense", "!type: \"nonsense\" is none of: bridge, veth, tun, ifb, macvlan" },
		{ "x0 nonsense 1", "!: \"nonsense\" is no setting of a link: name, address, mtu, txqueuelen" },
		{ "x0 type vrf nonsense 1", "!: \"nonsense\" is no setting of a vrf: table, name" },
		{ "x0 type bridge_slave nonsense", "!: \"nonsense\" is no setting of a bridge's port: cost, priority" },
		{ "x0 operstate up", "!: \"operstate\" is no setting of a link" },
		{ "x0 mtu", "!mtu: needs a value" },
		{ "x0 mtu -5", "!mtu: -5 is outside 0..4294967295 bytes" },
		{ "x0 type bond mode trunk", "!mode: \"trunk\" is none of: balance-rr, active-backup" },
		{ "x0 type vxlan srcport 20 10", "!srcport: 20-10 ends before it begins" },
		{ "x0 type vxlan srcport 20", "!srcport: needs a value" },
		{ "x0 type macvlan macaddr put", "!macaddr: \"put\" is none of: add, del, set or flush" },
		{ "x0 type macvlan macaddr set 2:0:0:0:0:1 2:0:0:0:0:1", "!macaddr_data: 02:00:00:00:00:01 is there twice" },
		{ "x0 type veth peer mtu much", "!veth.peer_mtu: \"much\" is no number" },
		{ "x0 type veth peer index much", "!veth.peer_ifindex: \"much\" is no number" },
		{ "x0 type vlan egress-qos-map", "!egress-qos-map: needs a value" },
		{ "x0 master nobody", "!master: names a link: that needs a handle" },
	};

	for (size_t i = 0; i < WR_COUNT(cases); i++) {
		struct weir_link l = { .sz = sizeof(l) };
		struct weir_error err = WEIR_ERROR_INIT;
		char *line = strdup(cases[i].line), *text = NULL, says[1024];
		const char *words[200];
		int r = weir_link_parse(NULL, words, split(line, words), &l, &err);

		assert_int_equal(weir_link_text(&l, &text), 0);
		snprintf(says, sizeof(says), "!%s: %s", err.attr, err.msg);
		if (strncmp(r ? says : text, cases[i].says, strlen(cases[i].says)) != 0 || (!r && strlen(text) != strlen(cases[i].says)))
			fail_msg("%s: %s", cases[i].line, r ? says : text);
		assert_true(!r || !*text);
		free(text);
		free(line);
	}
}

/* --- what goes into which message -------------------------------------------------------------------- */

struct shape {
	const char *name;
	struct weir_link link;
	size_t n_messages;
	bool up_in_first;
};

#define NAMED(kind_, name_, has_, ...)                                                             \
	{ .sz = sizeof(struct weir_link), .kind = WEIR_LINK_##kind_,                               \
	  .has = WEIR_LINK_NAME | (has_), .name = name_, ##__VA_ARGS__ }
#define NEW(kind_, has_, ...) NAMED(kind_, "x0", has_, ##__VA_ARGS__)

static const struct shape shapes[] = {
	{ "a bridge alone", NEW(BRIDGE, 0), 1, false },
	{ "a bridge that is up", NEW(BRIDGE, WEIR_LINK_UP, .is_up = true), 1, true },
	{ "explicitly down", NEW(BRIDGE, WEIR_LINK_UP), 1, false },
	{ "a bridge's settings ride along",
	  NEW(BRIDGE, 0, .bridge = { .has = WEIR_BRIDGE_STP, .stp = true }), 1, false },
	{ "a bridge's MTU is pinned by a second", NEW(BRIDGE, WEIR_LINK_MTU, .mtu = 9000), 2, false },
	{ "1500 goes by way of 1501", NEW(BRIDGE, WEIR_LINK_MTU, .mtu = 1500), 3, false },
	{ "another's MTU rides along", NEW(IFB, WEIR_LINK_MTU, .mtu = 1500), 1, false },
	{ "an alias follows", NEW(IFB, WEIR_LINK_ALIAS, .alias = "a"), 2, false },
	{ "no addresses of IPv6: up comes last",
	  NEW(IFB, WEIR_LINK_ADDR_GEN_MODE | WEIR_LINK_UP, .addr_gen_mode = 1, .is_up = true), 3, false },
	{ "the same, left down", NEW(IFB, WEIR_LINK_ADDR_GEN_MODE, .addr_gen_mode = 1), 2, false },
	{ "settings of a port follow its master",
	  NEW(IFB, WEIR_LINK_MASTER, .master = 7, .port = { .has = WEIR_PORT_ISOLATED }), 2, false },
	{ "a master alone rides along", NEW(IFB, WEIR_LINK_MASTER, .master = 7), 1, false },
};

static void few_messages(void **state)
{
	for (size_t i = 0; i < WR_COUNT(shapes); i++) {
		const struct shape *s = &shapes[i];
		const struct ifinfomsg *ifi;
		struct dry_txn o;

		dry_begin(&o);
		assert_true(weir_txn_link_add(o.t, &s->link) > 0);
		if (o.t->n_steps != s->n_messages)
			fail_msg("%s: %zu messages", s->name, o.t->n_steps);
		ifi = (const void *)(dry_message(&o, 0) + 1);
		if (!!(ifi->ifi_flags & IFF_UP) != s->up_in_first)
			fail_msg("%s: up in the first message: %d", s->name, !s->up_in_first);
		assert_int_equal(dry_message(&o, 0)->nlmsg_flags,
				 NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL);
		for (size_t k = 1; k < o.t->n_steps; k++)
			assert_int_equal(dry_message(&o, k)->nlmsg_flags, NLM_F_REQUEST);
		dry_end(&o);
	}
}

/* --- refusals --------------------------------------------------------------------------------------- */

struct refusal {
	const char *name;
	struct weir_link link;
	int code;
	const char *object, *attr;
};

#define VETH(name_) .veth = { .has = WEIR_VETH_PEER_NAME, .peer_name = name_ }

static const struct refusal refusals[] = {
	{ "no size", { .kind = WEIR_LINK_IFB }, -EINVAL, "link", "sz" },
	{ "no kind", NEW(OTHER, 0), -EINVAL, "link x0", "kind" },
	{ "no name", { .sz = sizeof(struct weir_link), .kind = WEIR_LINK_IFB }, -EINVAL, "link 0", "name" },
	{ "an empty name", NAMED(IFB, "", 0), -EINVAL, "ifb ", "name" },
	{ "a name with a slash", NAMED(IFB, "a/b", 0), -EINVAL, "ifb a/b", "name" },
	{ "a name that the kernel would number", NAMED(IFB, "a%d", 0), -EINVAL, "ifb a%d", "name" },
	{ "a name without end", NAMED(IFB, "0123456789abcdef", 0), -ENAMETOOLONG,
	  "ifb 0123456789abcde", "name" },
	{ "a multicast MAC", NEW(IFB, WEIR_LINK_MAC, .mac = { 1 }), -EADDRNOTAVAIL, "ifb x0", "address" },
	{ "a tun", NEW(TUN, 0), -EOPNOTSUPP, "tun x0", "kind" },
	{ "a macvlan on nothing", NEW(MACVLAN, 0), -EINVAL, "macvlan x0", "link" },
	{ "a mode that is none",
	  NEW(MACVLAN, WEIR_LINK_LOWER, .lower = 1, .macvlan = { .has = WEIR_MACVLAN_MODE, .mode = 3 }),
	  -EINVAL, "macvlan x0", "mode" },
	{ "nopromisc without passthru",
	  NEW(MACVTAP, WEIR_LINK_LOWER, .lower = 1,
	      .macvlan = { .has = WEIR_MACVLAN_MODE | WEIR_MACVLAN_FLAGS, .mode = 4, .flags = 1 }),
	  -EINVAL, "macvtap x0", "flags" },
	{ "a pair without its other end", NEW(VETH, 0), -EINVAL, "veth x0", "veth.peer_name" },
	{ "whose other end has no name", NEW(VETH, 0, VETH("a b")), -EINVAL, "veth x0", "veth.peer_name" },
	{ "whose name has no end", NEW(VETH, 0, VETH("0123456789abcdef")), -EINVAL, "veth x0",
	  "veth.peer_name" },
	{ "a pair's MTU", NEW(VETH, WEIR_LINK_MTU, .mtu = 67, VETH("a")), -ERANGE, "veth x0", "mtu" },
	{ "its other end's",
	  NEW(VETH, 0, .veth = { .has = WEIR_VETH_PEER_NAME | WEIR_VETH_PEER_MTU, .peer_name = "a",
				 .peer_mtu = 65536 }), -ERANGE, "veth x0", "veth.peer_mtu" },
	{ "settings of a port without a master", NEW(IFB, 0, .port = { .has = WEIR_PORT_FLOOD }), -EINVAL,
	  "ifb x0", "port" },
	{ "a port's priority",
	  NEW(IFB, WEIR_LINK_MASTER, .master = 1, .port = { .has = WEIR_PORT_PRIORITY, .priority = 64 }),
	  -ERANGE, "ifb x0", "priority" },
	{ "no queue", NEW(IFB, WEIR_LINK_NUM_TX_QUEUES), -ERANGE, "ifb x0", "numtxqueues" },
	{ "too many queues", NEW(IFB, WEIR_LINK_NUM_RX_QUEUES, .num_rx_queues = 4097), -ERANGE, "ifb x0",
	  "numrxqueues" },
	{ "a way to make addresses that is none", NEW(IFB, WEIR_LINK_ADDR_GEN_MODE, .addr_gen_mode = 4),
	  -EINVAL, "ifb x0", "addrgenmode" },
	{ "a delay that STP does not take",
	  NEW(BRIDGE, 0,
	      .bridge = { .has = WEIR_BRIDGE_STP | WEIR_BRIDGE_FORWARD_DELAY, .stp = true,
			  .forward_delay_cs = 199 }), -ERANGE, "bridge x0", "forward_delay" },
	{ "a vlan protocol that is none",
	  NEW(BRIDGE, 0, .bridge = { .has = WEIR_BRIDGE_VLAN_PROTOCOL, .vlan_protocol = 0x800 }), -EINVAL,
	  "bridge x0", "vlan_protocol" },
	{ "a vlan without a tag", NEW(VLAN, WEIR_LINK_LOWER, .lower = 1), -EINVAL, "vlan x0", "id" },
	{ "a vlan on nothing", NEW(VLAN, 0, .vlan = { .has = WEIR_VLAN_ID, .id = 5 }), -EINVAL, "vlan x0", "link" },
	{ "vlan 4095", NEW(VLAN, WEIR_LINK_LOWER, .lower = 1, .vlan = { .has = WEIR_VLAN_ID, .id = 4095 }), -ERANGE,
	  "vlan x0", "id" },
	{ "vlan 4096", NEW(VLAN, WEIR_LINK_LOWER, .lower = 1, .vlan = { .has = WEIR_VLAN_ID, .id = 4096 }), -ERANGE,
	  "vlan x0", "id" },
	{ "a tag of another protocol",
	  NEW(VLAN, WEIR_LINK_LOWER, .lower = 1,
	      .vlan = { .has = WEIR_VLAN_ID | WEIR_VLAN_PROTOCOL, .id = 1, .protocol = 0x800 }), -EINVAL, "vlan x0",
	  "protocol" },
	{ "a priority of a tag that is none",
	  NEW(VLAN, WEIR_LINK_LOWER, .lower = 1,
	      .vlan = { .has = WEIR_VLAN_ID | WEIR_VLAN_INGRESS_QOS, .id = 1, .ingress_qos = { 1, { { 8, 1 } } } }),
	  -ERANGE, "vlan x0", "ingress-qos-map" },
	{ "and when sending",
	  NEW(VLAN, WEIR_LINK_LOWER, .lower = 1,
	      .vlan = { .has = WEIR_VLAN_ID | WEIR_VLAN_EGRESS_QOS, .id = 1, .egress_qos = { 1, { { 99, 8 } } } }),
	  -ERANGE, "vlan x0", "egress-qos-map" },
	{ "a priority twice",
	  NEW(VLAN, WEIR_LINK_LOWER, .lower = 1,
	      .vlan = { .has = WEIR_VLAN_ID | WEIR_VLAN_EGRESS_QOS, .id = 1,
			.egress_qos = { 2, { { 9, 1 }, { 9, 2 } } } }), -EINVAL, "vlan x0", "egress-qos-map" },
	{ "more priorities than there is room",
	  NEW(VLAN, WEIR_LINK_LOWER, .lower = 1,
	      .vlan = { .has = WEIR_VLAN_ID | WEIR_VLAN_EGRESS_QOS, .id = 1, .egress_qos = { .n = 17 } }), -E2BIG,
	  "vlan x0", "egress-qos-map" },
	{ "an unknown mode", NEW(BOND, 0, .bond = { .has = WEIR_BOND_MODE, .mode = 7 }), -EINVAL, "bond x0", "mode" },
	{ "both ways to watch ports",
	  NEW(BOND, 0, .bond = { .has = WEIR_BOND_MIIMON | WEIR_BOND_ARP_INTERVAL | WEIR_BOND_ARP_TARGETS,
				 .miimon_ms = 100, .arp_interval_ms = 100,
				 .arp_targets = { 1, { { WEIR_FAMILY_IPV4, { 10 } } } } }), -EINVAL, "bond x0",
	  "arp_interval" },
	{ "nobody to ask", NEW(BOND, 0, .bond = { .has = WEIR_BOND_ARP_INTERVAL, .arp_interval_ms = 1 }), -EINVAL,
	  "bond x0", "arp_ip_target" },
	{ "somebody of the wrong family",
	  NEW(BOND, 0, .bond = { .has = WEIR_BOND_ARP_TARGETS, .arp_targets = { 1, { { WEIR_FAMILY_IPV6, { 1 } } } } }),
	  -EINVAL, "bond x0", "arp_ip_target" },
	{ "a delay without miimon", NEW(BOND, 0, .bond = { .has = WEIR_BOND_UPDELAY, .updelay_ms = 100 }), -EINVAL,
	  "bond x0", "updelay" },
	{ "a delay that is rounded",
	  NEW(BOND, 0, .bond = { .has = WEIR_BOND_MIIMON | WEIR_BOND_DOWNDELAY, .miimon_ms = 100, .downdelay_ms = 250 }),
	  -EINVAL, "bond x0", "downdelay" },
	{ "LACP without LACP", NEW(BOND, 0, .bond = { .has = WEIR_BOND_LACP_RATE }), -EINVAL, "bond x0", "lacp_rate" },
	{ "ARP with LACP",
	  NEW(BOND, 0, .bond = { .has = WEIR_BOND_MODE | WEIR_BOND_ARP_VALIDATE, .mode = WEIR_BOND_802_3AD }), -EINVAL,
	  "bond x0", "arp_validate" },
	{ "a primary port where all are",
	  NEW(BOND, 0, .bond = { .has = WEIR_BOND_MODE | WEIR_BOND_PRIMARY, .mode = WEIR_BOND_BROADCAST }), -EINVAL,
	  "bond x0", "primary" },
	{ "a port of two kinds",
	  NEW(IFB, WEIR_LINK_MASTER, .master = 1, .port = { .has = WEIR_PORT_FLOOD },
	      .bond_port = { .has = WEIR_BOND_PORT_QUEUE }), -EINVAL, "ifb x0", "port" },
	{ "a vxlan without a number", NEW(VXLAN, 0), -EINVAL, "vxlan x0", "id" },
	{ "two families",
	  NEW(VXLAN, 0, .vxlan = { .has = WEIR_VXLAN_ID | WEIR_VXLAN_REMOTE | WEIR_VXLAN_LOCAL,
				   .remote = { WEIR_FAMILY_IPV4, { 1 } }, .local = { WEIR_FAMILY_IPV6, { 1 } } }),
	  -EINVAL, "vxlan x0", "local" },
	{ "a domain without a table", NEW(VRF, 0), -EINVAL, "vrf x0", "table" },
	{ "a vlan that is none",
	  NEW(BRIDGE, 0, .bridge = { .has = WEIR_BRIDGE_DEFAULT_PVID, .vlan_default_pvid = 4095 }),
	  -ERANGE, "bridge x0", "vlan_default_pvid" },
};

static void bad_links_are_refused(void **state)
{
	for (size_t i = 0; i < WR_COUNT(refusals); i++) {
		const struct refusal *c = &refusals[i];
		struct weir_error err = WEIR_ERROR_INIT;
		struct dry_txn o;
		int r;

		dry_begin(&o);
		r = weir_txn_link_add(o.t, &c->link);
		weir_txn_error(o.t, &err);
		if (r != c->code || err.code != r || err.stage != WEIR_STAGE_INPUT ||
		    strcmp(err.attr, c->attr) != 0 || strcmp(err.object, c->object) != 0 || !*err.msg)
			fail_msg("%s: %d, \"%s\", \"%s\": %s", c->name, r, err.object, err.attr, err.msg);
		assert_int_equal(o.t->n_steps, 0);
		dry_end(&o);
	}
}

static void bad_taps_are_refused(void **state)
{
	static const struct {
		const char *name;
		struct weir_link link;
		unsigned int n_queues;
		bool fds;
		int code;
		const char *attr;
	} cases[] = {
		{ "not a tap", NEW(IFB, 0), 0, false, -EINVAL, "kind" },
		{ "nowhere to put queues", NEW(TUN, 0), 1, false, -EINVAL, "queues" },
		{ "too many queues", NEW(TUN, 0), 257, true, -EINVAL, "queues" },
		{ "a bad name", NAMED(TUN, "a:b", 0), 0, false, -EINVAL, "name" },
		{ "a name that the kernel would number", NAMED(TUN, "t%d", 0), 0, false, -EINVAL,
		  "name" },
		{ "a tap on nothing", NEW(TUN, 0, .port = { .has = 1 }), 0, false, -EINVAL, "port" },
	};

	for (size_t i = 0; i < WR_COUNT(cases); i++) {
		struct weir_error err = WEIR_ERROR_INIT;
		struct dry_txn o;
		int fds[257], r;

		dry_begin(&o);
		r = weir_txn_tap_add(o.t, &cases[i].link, cases[i].n_queues, cases[i].fds ? fds : NULL);
		weir_txn_error(o.t, &err);
		if (r != cases[i].code || strcmp(err.attr, cases[i].attr) != 0)
			fail_msg("%s: %d, %s: %s", cases[i].name, r, err.attr, err.msg);
		dry_end(&o);
	}
}

static void bad_changes_are_refused(void **state)
{
	struct weir_link l = NEW(IFB, 0);
	struct weir_error err = WEIR_ERROR_INIT;
	struct dry_txn o;

	dry_begin(&o);
	assert_int_equal(weir_txn_link_set(o.t, &l), -EINVAL);
	weir_txn_error(o.t, &err);
	assert_string_equal(err.attr, "ifindex");
	dry_end(&o);
	dry_begin(&o);
	assert_int_equal(weir_txn_link_del(o.t, 0, "x"), -EINVAL);
	weir_txn_error(o.t, &err);
	assert_string_equal(err.attr, "ifindex");
	dry_end(&o);
	dry_begin(&o);
	assert_int_equal(weir_txn_link_del(o.t, 1, ""), -EINVAL);
	weir_txn_error(o.t, &err);
	assert_string_equal(err.attr, "name");
	dry_end(&o);
	assert_int_equal(weir_open(NULL, &o.w, NULL), 0);
	assert_int_equal(weir_link_get(o.w, 0, "", &l, &err), -EINVAL);
	assert_int_equal(weir_link_get(o.w, 0, NULL, &l, &err), -EINVAL);
	weir_close(o.w);
}

/* --- texts ------------------------------------------------------------------------------------------- */

static void json_has_what_is_set(void **state)
{
	for (int i = 0; i < ROUNDS; i++) {
		struct weir_link l;
		char *text = NULL;
		json_t *j;

		random_link(WEIR_LINK_BRIDGE, &l);
		assert_int_equal(weir_link_json(&l, &text), 0);
		j = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
		if (!j)
			fail_msg("not JSON: %s", text);
		assert_string_equal(json_string_value(json_object_get(j, "name")), l.name);
		for (size_t k = 0; k < wr_link_table.n; k++)
			assert_true(wr_has(&wr_link_table, &wr_link_table.fields[k], &l) ==
				    (json_object_get(j, wr_link_table.fields[k].name) != NULL));
		assert_true(!l.bridge.has == !json_object_get(j, "bridge"));
		assert_true(!l.port.has == !json_object_get(j, "port"));
		json_decref(j);
		free(text);
	}
}

static void texts_of_a_link(void **state)
{
	struct weir_link l = NEW(BRIDGE, WEIR_LINK_MTU, .mtu = 1400,
				 .bridge = { .has = WEIR_BRIDGE_STP, .stp = true },
				 .port = { .has = WEIR_PORT_ISOLATED, .isolated = true });
	struct weir_link is = l;
	char *text = NULL;

	assert_int_equal(weir_link_text(&l, &text), 0);
	assert_string_equal(text, "name x0 mtu 1400 bridge stp_state 1 port isolated on");
	free(text);
	is.mtu = 1500;
	is.bridge.has = 0;
	is.port.isolated = false;
	assert_int_equal(weir_link_diff(&l, &is, &text), 3);
	assert_string_equal(text, "mtu: 1400 instead of 1500\nbridge.stp_state: 1 instead of nothing\n"
				  "port.isolated: on instead of off\n");
	free(text);
	is.kind = WEIR_LINK_OTHER;
	is.has |= WEIR_LINK_KIND;
	memcpy(is.kind_name, "bond", 5);
	assert_int_equal(weir_link_diff(&l, &is, &text), 4);
	assert_non_null(strstr(text, "kind: bridge instead of bond\n"));
	free(text);
	l = (struct weir_link){ .sz = sizeof(l) };
	assert_int_equal(weir_link_diff(&l, &is, &text), 0);
	assert_string_equal(text, "");
	free(text);
	assert_int_equal(weir_link_json(&l, &text), 0);
	assert_string_equal(text, "{}");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_describe_one_thing_each),
		cmocka_unit_test(bits_are_the_headers),
		cmocka_unit_test(parts_of_a_link_are_apart),
		cmocka_unit_test(kinds_are_registered_once),
		cmocka_unit_test(wire_gives_back_what_it_got),
		cmocka_unit_test(one_change_shows_as_one_bit),
		cmocka_unit_test(what_the_kernel_leaves_out_is_zero),
		cmocka_unit_test(what_the_kernel_says_is_no_difference),
		cmocka_unit_test(text_gives_back_what_it_got),
		cmocka_unit_test(messages_of_an_add_say_everything),
		cmocka_unit_test(messages_of_a_set_say_everything),
		cmocka_unit_test(plans_are_words_of_links),
		cmocka_unit_test(words_of_links),
		cmocka_unit_test(few_messages),
		cmocka_unit_test(bad_links_are_refused),
		cmocka_unit_test(bad_taps_are_refused),
		cmocka_unit_test(bad_changes_are_refused),
		cmocka_unit_test(json_has_what_is_set),
		cmocka_unit_test(texts_of_a_link),
	};

	seed = 2463534242u;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
