/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Every row of every kind's table in a real kernel, and with it what all links
 * have: a link is made with it, and changed where it can be; each time it is taken
 * back once, and read by our tables, by libnl-route-3 where that has a call, and by `ip -d -j`. A row that is
 * not in the list below fails the test, so that none can be added without.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib_link.h"
#include "link/kinds.h"

#define BOND_INDEX 1010

struct row {
	const char *name;
	const char *first;	/* what the link is made with, */
	const char *then;	/* and what it is changed to; NULL: it stays */
	const char *with;	/* "NAME VALUE NAME VALUE": what it needs besides; rows with the same go together */
};

/* A kind, or what a link is as a port of that kind. */
struct kind {
	enum weir_link_kind kind;
	const char *port;	/* the kind of its master; NULL: rows are its own */
	const char *needs;	/* what `ip link add` must take: not every kernel has it */
	const char *with;	/* for each of its rows */
	const struct row *rows;
	size_t n;
};

#define ARP "mode active-backup arp_interval 100 arp_ip_target 192.0.2.1"
#define SIX "remote 2001:db8::1"

/* clang-format off */
static const struct row bridge_rows[] = {
	{ "forward_delay", "300", "3000", NULL },
	{ "hello_time", "300", "100", NULL },
	{ "max_age", "1900", "4000", NULL },
	{ "ageing_time", "0", "60000", NULL },
	{ "stp_state", "1", "0", NULL },
	{ "priority", "4096", "65535", NULL },
	{ "vlan_filtering", "1", "0", NULL },
	{ "vlan_protocol", "802.1ad", "802.1Q", NULL },
	{ "group_fwd_mask", "0x4000", "0x8", NULL },
	{ "mcast_snooping", "0", "1", NULL },
	{ "mcast_querier", "1", "0", NULL },
	{ "vlan_default_pvid", "5", "0", NULL },
	{ "nf_call_iptables", "1", "0", NULL },
	{ "nf_call_ip6tables", "1", "0", NULL },
	{ "nf_call_arptables", "1", "0", NULL },
	{ "vlan_stats_enabled", "1", "0", NULL },
	{ "mcast_router", "2", "0", NULL },
	{ "mcast_igmp_version", "3", "2", NULL },
	{ "mcast_mld_version", "2", "1", NULL },
	{ "no_linklocal_learn", "1", "0", NULL },
	{ "mcast_vlan_snooping", "1", "0", "vlan_filtering 1" },
};
static const struct row port_rows[] = {
	{ "cost", "7", "65535", NULL },
	{ "priority", "63", "0", NULL },
	{ "hairpin", "on", "off", NULL },
	{ "guard", "on", "off", NULL },
	{ "root_block", "on", "off", NULL },
	{ "fastleave", "on", "off", NULL },
	{ "learning", "off", "on", NULL },
	{ "flood", "off", "on", NULL },
	{ "mcast_flood", "off", "on", NULL },
	{ "bcast_flood", "off", "on", NULL },
	{ "neigh_suppress", "on", "off", NULL },
	{ "isolated", "on", "off", NULL },
	{ "locked", "on", "off", NULL },
	{ "proxy_arp", "on", "off", NULL },
	{ "proxy_arp_wifi", "on", "off", NULL },
	{ "mcast_router", "2", "0", NULL },
	{ "mcast_to_unicast", "on", "off", NULL },
	{ "group_fwd_mask", "0x8", "0x0", NULL },
	{ "vlan_tunnel", "on", "off", NULL },
};
static const struct row macvlan_rows[] = {
	{ "mode", "private", "bridge", NULL },
	{ "flags", "1", "0", "mode passthru" },
	{ "macaddr_data", "52:54:00:00:00:01 52:54:00:00:00:02", "52:54:00:00:00:03", "mode source" },
	{ "bcqueuelen", "50", "2000", NULL },
};
static const struct row bond_rows[] = {
	{ "mode", "active-backup", "802.3ad", "use_carrier 1" },
	{ "miimon", "100", "50", NULL },
	{ "updelay", "200", "0", "miimon 100" },
	{ "downdelay", "200", "100", "miimon 100" },
	{ "peer_notify_delay", "300", "0", "miimon 100" },
	{ "use_carrier", "0", "1", NULL },
	{ "arp_interval", "500", "200", "mode active-backup arp_ip_target 192.0.2.1" },
	{ "arp_ip_target", "192.0.2.1", "192.0.2.1,192.0.2.2", "mode active-backup arp_interval 100" },
	{ "ns_ip6_target", "2001:db8::1", "2001:db8::1,2001:db8::2", ARP },
	{ "arp_validate", "all", "none", ARP },
	{ "arp_all_targets", "all", "any", "mode active-backup" },
	{ "arp_missed_max", "5", "255", NULL },
	{ "primary_reselect", "failure", "better", "mode active-backup" },
	{ "fail_over_mac", "follow", "active", "mode active-backup" },
	{ "xmit_hash_policy", "layer3+4", "vlan+srcmac", "mode balance-xor" },
	{ "resend_igmp", "255", "0", NULL },
	{ "num_grat_arp", "3", "0", NULL },
	{ "all_slaves_active", "1", "0", NULL },
	{ "min_links", "2", "0", NULL },
	{ "lp_interval", "5", "1", NULL },
	{ "packets_per_slave", "7", "0", "mode balance-rr" },
	{ "lacp_active", "off", "on", "mode 802.3ad" },
	{ "lacp_rate", "fast", "slow", "mode 802.3ad" },
	{ "ad_select", "count", "bandwidth", "mode 802.3ad" },
	{ "ad_user_port_key", "1023", "0", "mode 802.3ad" },
	{ "ad_actor_sys_prio", "1", "65535", "mode 802.3ad" },
	{ "ad_actor_system", "52:54:00:09:09:09", "52:54:00:09:09:0a", "mode 802.3ad" },
	{ "tlb_dynamic_lb", "0", "1", "mode balance-tlb" },
};
static const struct row bond_port_rows[] = {
	{ "queue_id", "2", "0", NULL },
	{ "prio", "7", "-2147483648", NULL },
};
static const struct row vlan_rows[] = {
	{ "protocol", "802.1ad", NULL, NULL },
	{ "id", "4094", NULL, NULL },
	{ "reorder_hdr", "off", "on", NULL },
	{ "gvrp", "on", "off", NULL },
	{ "mvrp", "on", "off", NULL },
	{ "loose_binding", "on", "off", NULL },
	{ "bridge_binding", "on", "off", NULL },
	{ "ingress-qos-map", "1:2 7:9", "1:0 7:4294967295", NULL },
	{ "egress-qos-map", "3:7 5:1", "3:0 5:1 4294967295:2", NULL },
};
static const struct row vxlan_rows[] = {
	{ "id", "16777215", NULL, NULL },
	{ "remote", "192.0.2.9", "192.0.2.10", NULL },
	{ "local", "192.0.2.1", "192.0.2.2", NULL },
	{ "dev", "1000", "1001", NULL },
	{ "dstport", "8472", NULL, NULL },
	{ "ttl", "9", "255", NULL },
	{ "tos", "0x10", "0x1", NULL },
	{ "flowlabel", "0x12345", "0x5", SIX },
	{ "df", "set", "inherit", NULL },
	{ "learning", "off", "on", NULL },
	{ "ageing", "100", "200", NULL },
	{ "maxaddress", "5", NULL, NULL },
	{ "proxy", "on", NULL, NULL },
	{ "rsc", "on", NULL, NULL },
	{ "l2miss", "on", NULL, NULL },
	{ "l3miss", "on", NULL, NULL },
	{ "udpcsum", "off", NULL, NULL },
	{ "udp6zerocsumtx", "on", NULL, SIX },
	{ "udp6zerocsumrx", "on", NULL, SIX },
	{ "srcport", "1000-2000", NULL, NULL },
	{ "ttl_inherit", "on", NULL, SIX },
	{ "gbp", "on", NULL, NULL },
	{ "external", "on", NULL, "learning off" },
	{ "gpe", "on", NULL, "external on learning off" },
	/* Again: of the other family. */
	{ "remote", "2001:db8::1", "2001:db8::2", "maxaddress 7" },
};
static const struct row vrf_rows[] = { { "table", "100", NULL, NULL } };

#define ROWS(rows) rows, WR_COUNT(rows)
static const struct kind kinds[] = {
	{ WEIR_LINK_BRIDGE, NULL, "type bridge vlan_filtering 1", "", ROWS(bridge_rows) },
	{ WEIR_LINK_VETH, "bridge", "type bridge", "", ROWS(port_rows) },
	{ WEIR_LINK_MACVLAN, NULL, "link low0 type macvlan", "", ROWS(macvlan_rows) },
	{ WEIR_LINK_MACVTAP, NULL, "link low0 type macvtap", "", macvlan_rows, 1 },
	{ WEIR_LINK_BOND, NULL, "type bond", "", ROWS(bond_rows) },
	{ WEIR_LINK_VETH, "bond", "type bond", "", ROWS(bond_port_rows) },
	{ WEIR_LINK_VLAN, NULL, "link low0 type vlan id 5", "id 5", ROWS(vlan_rows) },
	{ WEIR_LINK_VXLAN, NULL, "type vxlan id 5 dstport 4789", "id 5 dstport 4789", ROWS(vxlan_rows) },
	{ WEIR_LINK_VRF, NULL, "type vrf table 5", "table 5", ROWS(vrf_rows) },
	{ WEIR_LINK_VETH, NULL, "type veth", "", NULL, 0 },
	{ WEIR_LINK_IFB, NULL, "type ifb", "", NULL, 0 },
	{ WEIR_LINK_DUMMY, NULL, "type dummy", "", NULL, 0 },
};
/* Rows that name ports are in test_links.c, where there are some. */
static const char *const elsewhere[] = { "primary", "active_slave" };
/* clang-format on */

/* --- one row --------------------------------------------------------------------------- */

static const struct wr_table *table_of(const struct kind *k)
{
	for (const struct wr_port_kind *p = wr_port_kinds; k->port && p->name; p++)
		if (!strcmp(p->name, k->port))
			return p->table;
	return wr_kind(k->kind)->table;
}

static void *object_of(const struct kind *k, struct weir_link *l)
{
	for (const struct wr_port_kind *p = wr_port_kinds; k->port && p->name; p++)
		if (!strcmp(p->name, k->port))
			return wr_port_data(p, l);
	return wr_kind_data(wr_kind(k->kind), l);
}

static void parse(const struct kind *k, struct weir_link *l, const char *name, const char *value)
{
	const struct wr_table *t = table_of(k);
	const struct wr_field *f = wr_find(t, name);
	struct weir_error err = WEIR_ERROR_INIT;

	if (!f || wr_field_parse(t, f, object_of(k, l), value, &err))
		fail_msg("%s.%s: %s", t->name, name, f ? err.msg : "there is no such row");
}

static void parse_pairs(const struct kind *k, struct weir_link *l, const char *pairs)
{
	char name[32], value[64];
	int used = 0;

	for (; pairs && sscanf(pairs, "%31s %63s%n", name, value, &used) == 2; pairs += used)
		parse(k, l, name, value);
}

static bool same_with(const struct row *a, const struct row *b)
{
	return a->with && b->with ? !strcmp(a->with, b->with) : a->with == b->with;
}

/*
 * All rows that need the same besides, in one link: a machine that is emulated takes
 * its time for each. Those that need nothing go with what all links have.
 */
static void live_with(const struct kind *k, const struct row *like)
{
	struct weir_link base = NEW(VETH, 0, PEER, MAC(1), .mtu = 1400, .txqueuelen = 77, .group = 9, .alias = "one",
				    .addr_gen_mode = 1);
	struct life life = { .set = CHANGE(VETH, 0, MAC(2), .mtu = 1300, .txqueuelen = 5, .addr_gen_mode = 0) };
	const uint64_t more = like->with || k->port ? 0 : COMMON;
	char what[128];

	snprintf(what, sizeof(what), "%s %s", k->port ? k->port : weir_link_kind_name(k->kind),
		 like->with ? like->with : "");
	life.name = what;
	base.has |= more;
	base.kind = k->kind;
	/* Up: one that is down, the kernel lets forget that it made the link below promiscuous. */
	base.has |= wr_kind(k->kind)->needs_lower ? WEIR_LINK_LOWER | WEIR_LINK_UP : 0;
	base.lower = wr_kind(k->kind)->needs_lower ? LOW : 0;
	base.is_up = true;
	base.has |= k->port ? WEIR_LINK_MASTER : 0;
	base.master = k->port ? !strcmp(k->port, "bond") ? BOND_INDEX : MAIN_BR : 0;
	life.add = base;
	life.set.kind = k->kind;
	/* An ifb has the address that it was made with. */
	life.set.has |= k->kind == WEIR_LINK_IFB ? more & ~WEIR_LINK_MAC : more;
	parse_pairs(k, &life.add, k->with);
	parse_pairs(k, &life.add, like->with);
	for (size_t i = 0; i < k->n; i++) {
		const struct row *r = &k->rows[i];

		if (!same_with(r, like))
			continue;
		parse(k, &life.add, r->name, r->first);
		if (r->then)
			parse(k, &life.set, r->name, r->then);
	}
	live(&life);
}

/* --- all of a kind ----------------------------------------------------------------------- */

static bool is_listed(const struct kind *k, const char *name)
{
	for (size_t i = 0; i < WR_COUNT(elsewhere); i++)
		if (!strcmp(elsewhere[i], name))
			return true;
	for (size_t i = 0; i < k->n; i++)
		if (!strcmp(k->rows[i].name, name))
			return true;
	return false;
}

static void need(const struct kind *k)
{
	char why[128];

	snprintf(why, sizeof(why), "the kernel takes no link of %s", k->needs);
	if (!own_try("ip link add need0 %s && ip link del need0", k->needs))
		own_skip(why);
}

static void every_row(void **state)
{
	static const struct row alone;
	const struct kind *k = *state;
	const struct wr_table *t = table_of(k);

	for (size_t i = 0; t && i < t->n && k->kind != WEIR_LINK_MACVTAP; i++)
		if (!(t->fields[i].flags & WR_READONLY) && !is_listed(k, t->fields[i].name))
			fail_msg("%s.%s is not tested", t->name, t->fields[i].name);
	need(k);
	if (k->port && !strcmp(k->port, "bond"))
		own_sh("ip link add bond0 index %d address 52:54:00:00:10:10 type bond mode active-backup miimon 100 && "
		       "ip link add q0 type veth peer name q1 && ip link set q0 master bond0", BOND_INDEX);
	live_with(k, &alone);
	for (size_t i = 0; i < k->n; i++) {
		bool is_first = k->rows[i].with != NULL;

		for (size_t e = 0; e < i; e++)
			is_first &= !same_with(&k->rows[e], &k->rows[i]);
		if (is_first)
			live_with(k, &k->rows[i]);
	}
}

int main(void)
{
	struct CMUnitTest tests[WR_COUNT(kinds)];

	for (size_t i = 0; i < WR_COUNT(kinds); i++)
		tests[i] = (struct CMUnitTest){ kinds[i].port ? kinds[i].port : weir_link_kind_name(kinds[i].kind),
						    every_row, link_setup, own_teardown, (void *)&kinds[i] };
	return cmocka_run_group_tests_name("rows", tests, NULL, NULL);
}
