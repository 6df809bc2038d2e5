/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Links against bytes that iproute2 sent and got (tests/golden), which nobody here
 * wrote: what our builders send says the same, and what it says we read. Links
 * themselves first, each with the struct that describes it; then what else there
 * is of them, by the call that does it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <linux/rtnetlink.h>

#include <weir/bridge.h>

#include "link/kinds.h"
#include "tests/common/dry_txn.h"
#include "tests/common/golden.h"

#define NAMED(kind_, name_, has_, ...)                                                             \
	{ .sz = sizeof(struct weir_link), .kind = WEIR_LINK_##kind_,                               \
	  .has = WEIR_LINK_NAME | (has_), .name = name_, ##__VA_ARGS__ }
/* Every bit up to the last one. */
#define ALL(last) (((last) << 1) - 1)

struct golden {
	const char *file;
	struct weir_link link;
	bool set;		/* a change, not an addition */
	struct golden_but but[4];
};

#define MARK { "27", GOLDEN_OURS, "every link that we make carries our group" }
#define NAME_ZERO { "3", GOLDEN_ZERO, "the kernel takes a name without its zero byte" }
#define KIND_ZERO { "18/1", GOLDEN_ZERO, "the kernel takes a kind with its zero byte" }
#define SLAVE_KIND_OURS { "18/4", GOLDEN_OURS, "the kernel looks for the settings of a port by this" }
#define SLAVE_KIND_THEIRS { "18/1", GOLDEN_THEIRS, "\"bridge_slave\": no kind; the kernel ignores it here" }
#define ADDED MARK, NAME_ZERO, KIND_ZERO
#define CHANGE(has_, ...)                                                                          \
	{ .sz = sizeof(struct weir_link), .has = WEIR_LINK_IFINDEX | (has_), .ifindex = 112, ##__VA_ARGS__ }

#define LOWER 100
#define MACV(kind_, name_, ifindex_, ...)                                                          \
	NAMED(kind_, name_, WEIR_LINK_IFINDEX | WEIR_LINK_LOWER, .ifindex = ifindex_, .lower = LOWER, \
	      .macvlan = { .has = WEIR_MACVLAN_MODE, __VA_ARGS__ })

#define BOND(name_, ifindex_, has_, ...)                                                           \
	NAMED(BOND, name_, WEIR_LINK_IFINDEX, .ifindex = ifindex_,                                 \
	      .bond = { .has = WEIR_BOND_MODE | (has_), __VA_ARGS__ })

static const struct golden goldens[] = {
	{ .file = "bridge",
	  .link = NAMED(BRIDGE, "br0", WEIR_LINK_IFINDEX | WEIR_LINK_UP | WEIR_LINK_GROUP_SET,
			.ifindex = 110, .is_up = true, .group = 7,
			.bridge = { .has = ALL(WEIR_BRIDGE_MCAST_VLAN_SNOOPING), .forward_delay_cs = 1500,
				    .hello_time_cs = 300, .max_age_cs = 1900, .ageing_time_cs = 30000,
				    .stp = true, .priority = 4096, .vlan_filtering = true,
				    .vlan_protocol = 0x88a8, .group_fwd_mask = 0x4000,
				    .mcast_querier = true, .vlan_default_pvid = 5,
				    .nf_call_iptables = true, .nf_call_ip6tables = true,
				    .nf_call_arptables = true, .vlan_stats = true, .mcast_router = 2,
				    .mcast_igmp_version = 3, .mcast_mld_version = 2, .no_ll_learn = true,
				    .mcast_vlan_snooping = true }),
	  .but = { NAME_ZERO, KIND_ZERO } },
	{ .file = "ifb",
	  .link = NAMED(IFB, "ifb-vnet0",
			WEIR_LINK_IFINDEX | WEIR_LINK_MAC | WEIR_LINK_MTU | WEIR_LINK_TXQUEUELEN |
				WEIR_LINK_NUM_TX_QUEUES | WEIR_LINK_NUM_RX_QUEUES |
				WEIR_LINK_GROUP_SET | WEIR_LINK_UP,
			.ifindex = 111, .mac = { 0x52, 0x54, 0, 0x11, 0x22, 0x33 }, .mtu = 1400,
			.txqueuelen = 256, .num_tx_queues = 1, .num_rx_queues = 2, .group = 5,
			.is_up = true),
	  .but = { NAME_ZERO, KIND_ZERO } },
	{ .file = "veth",
	  .link = NAMED(VETH, "veth0", WEIR_LINK_IFINDEX | WEIR_LINK_MASTER, .ifindex = 112, .master = 101,
			.veth = { .has = WEIR_VETH_PEER_NAME | WEIR_VETH_PEER_MAC | WEIR_VETH_PEER_MTU,
				  .peer_name = "veth1", .peer_mac = { 0x52, 0x54, 0, 0x11, 0x22, 0x44 },
				  .peer_mtu = 1400 }),
	  .but = { ADDED } },
	{ .file = "macvtap-passthru",
	  .link = NAMED(MACVTAP, "mt0", WEIR_LINK_IFINDEX | WEIR_LINK_LOWER, .ifindex = 113, .lower = LOWER,
			.macvlan = { .has = WEIR_MACVLAN_MODE | WEIR_MACVLAN_FLAGS,
				     .mode = WEIR_MACVLAN_PASSTHRU, .flags = 1 }),
	  .but = { ADDED } },
	{ .file = "macvtap-vepa", .link = MACV(MACVTAP, "mt1", 114, .mode = WEIR_MACVLAN_VEPA),
	  .but = { ADDED } },
	{ .file = "macvlan-bridge", .link = MACV(MACVLAN, "mv0", 115, .mode = WEIR_MACVLAN_BRIDGE),
	  .but = { ADDED } },
	{ .file = "macvlan-private", .link = MACV(MACVLAN, "mv1", 116, .mode = WEIR_MACVLAN_PRIVATE),
	  .but = { ADDED } },
	{ .file = "macvlan-source",
	  .link = NAMED(MACVLAN, "mv2", WEIR_LINK_IFINDEX | WEIR_LINK_LOWER, .ifindex = 117, .lower = LOWER,
			.macvlan = { .has = WEIR_MACVLAN_MODE | WEIR_MACVLAN_SOURCES | WEIR_MACVLAN_BC_QUEUE_LEN,
				     .mode = WEIR_MACVLAN_SOURCE, .bc_queue_len = 3000,
				     .sources = { 2, { { 0x52, 0x54, 0, 0x11, 0x22, 0x88 },
						       { 0x52, 0x54, 0, 0x11, 0x22, 0x99 } } } }),
	  .but = { ADDED } },
	{ .file = "dummy",
	  .link = NAMED(DUMMY, "d0", WEIR_LINK_IFINDEX | WEIR_LINK_MAC | WEIR_LINK_MTU, .ifindex = 118,
			.mac = { 0x52, 0x54, 0, 0x11, 0x22, 0x66 }, .mtu = 1400),
	  .but = { ADDED } },
	{ .file = "vlan",
	  .link = NAMED(VLAN, "v0", WEIR_LINK_IFINDEX | WEIR_LINK_LOWER, .ifindex = 119, .lower = LOWER,
			.vlan = { .has = ALL(WEIR_VLAN_EGRESS_QOS), .id = 4094, .protocol = 0x88a8,
				  .gvrp = true, .loose_binding = true, .mvrp = true, .bridge_binding = true,
				  .ingress_qos = { 2, { { 1, 2 }, { 7, 9 } } },
				  .egress_qos = { 1, { { 5, 7 } } } }),
	  .but = { ADDED } },
	{ .file = "vlan-plain",
	  .link = NAMED(VLAN, "v1", WEIR_LINK_IFINDEX | WEIR_LINK_LOWER, .ifindex = 120, .lower = LOWER,
			.vlan = { .has = WEIR_VLAN_ID | WEIR_VLAN_PROTOCOL, .protocol = 0x8100 }),
	  .but = { ADDED } },
	{ .file = "vxlan",
	  .link = NAMED(VXLAN, "vx0", WEIR_LINK_IFINDEX, .ifindex = 126,
			.vxlan = { .has = ALL(WEIR_VXLAN_SOURCE_PORTS) - WEIR_VXLAN_EXTERNAL, .id = 77,
				   .remote = { WEIR_FAMILY_IPV4, { 239, 1, 2, 3 } },
				   .local = { WEIR_FAMILY_IPV4, { 192, 0, 2, 1 } }, .link = LOWER, .port = 4789,
				   .ttl = 5, .tos = 16, .label = 0x12345, .df = 1, .ageing_s = 60, .limit = 9,
				   .proxy = true, .l2miss = true, .udp_csum = true, .udp_zero_csum6_rx = true,
				   .source_ports = { 1000, 2000 } }),
	  .but = { ADDED } },
	{ .file = "vxlan-external",
	  .link = NAMED(VXLAN, "vx1", WEIR_LINK_IFINDEX, .ifindex = 127,
			.vxlan = { .has = WEIR_VXLAN_EXTERNAL | WEIR_VXLAN_LEARNING | WEIR_VXLAN_PORT |
					  WEIR_VXLAN_LOCAL, .external = true, .port = 4789,
				   .local = { WEIR_FAMILY_IPV6, { 0x20, 1, 0xd, 0xb8, [15] = 1 } } }),
	  .but = { ADDED } },
	{ .file = "vxlan-inherit",
	  .link = NAMED(VXLAN, "vx2", WEIR_LINK_IFINDEX, .ifindex = 129,
			.vxlan = { .has = WEIR_VXLAN_ID | WEIR_VXLAN_PORT | WEIR_VXLAN_TTL_INHERIT | WEIR_VXLAN_GBP |
					  WEIR_VXLAN_GPE | WEIR_VXLAN_LEARNING, .id = 78, .port = 4790,
				   .ttl_inherit = true, .gbp = true, .gpe = true, .learning = true }),
	  .but = { ADDED } },
	{ .file = "vxlan-set", .set = true,
	  .link = { .sz = sizeof(struct weir_link), .kind = WEIR_LINK_VXLAN, .has = WEIR_LINK_IFINDEX,
		    .ifindex = 100,
		    .vxlan = { .has = WEIR_VXLAN_REMOTE | WEIR_VXLAN_LOCAL | WEIR_VXLAN_LINK | WEIR_VXLAN_TTL |
				      WEIR_VXLAN_TOS | WEIR_VXLAN_LABEL | WEIR_VXLAN_DF | WEIR_VXLAN_LEARNING |
				      WEIR_VXLAN_AGEING,
			       .remote = { WEIR_FAMILY_IPV4, { 192, 0, 2, 8 } },
			       .local = { WEIR_FAMILY_IPV4, { 192, 0, 2, 3 } }, .link = 101, .ttl = 6, .tos = 32,
			       .label = 5, .df = 2, .learning = true, .ageing_s = 70 } },
	  .but = { KIND_ZERO } },
	{ .file = "vrf",
	  .link = NAMED(VRF, "vrf0", WEIR_LINK_IFINDEX, .ifindex = 128,
			.vrf = { .has = WEIR_VRF_TABLE, .table = 100 }), .but = { ADDED } },
	{ .file = "bond",
	  .link = BOND("bond0", 121, WEIR_BOND_MIIMON | WEIR_BOND_UPDELAY | WEIR_BOND_DOWNDELAY |
		       WEIR_BOND_PEER_NOTIF_DELAY | WEIR_BOND_USE_CARRIER | WEIR_BOND_ARP_ALL_TARGETS |
		       WEIR_BOND_ARP_MISSED_MAX | WEIR_BOND_PRIMARY_RESELECT | WEIR_BOND_FAIL_OVER_MAC |
		       WEIR_BOND_RESEND_IGMP | WEIR_BOND_NUM_PEER_NOTIF | WEIR_BOND_ALL_PORTS_ACTIVE |
		       WEIR_BOND_MIN_LINKS | WEIR_BOND_LP_INTERVAL,
		       .mode = WEIR_BOND_ACTIVE_BACKUP, .miimon_ms = 100, .updelay_ms = 200,
		       .downdelay_ms = 300, .peer_notif_delay_ms = 400, .use_carrier = true,
		       .arp_all_targets = true, .arp_missed_max = 4, .primary_reselect = 2,
		       .fail_over_mac = 2, .resend_igmp = 7, .num_peer_notif = 9, .all_ports_active = true,
		       .min_links = 1, .lp_interval_s = 3),
	  .but = { ADDED } },
	{ .file = "bond-arp",
	  .link = BOND("bond1", 122, WEIR_BOND_ARP_INTERVAL | WEIR_BOND_ARP_TARGETS | WEIR_BOND_NS_TARGETS |
		       WEIR_BOND_ARP_VALIDATE | WEIR_BOND_XMIT_HASH_POLICY,
		       .mode = WEIR_BOND_BALANCE_XOR, .arp_interval_ms = 500, .arp_validate = 3,
		       .xmit_hash_policy = 5,
		       .arp_targets = { 2, { { WEIR_FAMILY_IPV4, { 192, 0, 2, 1 } },
					     { WEIR_FAMILY_IPV4, { 192, 0, 2, 2 } } } },
		       .ns_targets = { 1, { { WEIR_FAMILY_IPV6,
					      { 0x20, 1, 0xd, 0xb8, [15] = 1 } } } }),
	  .but = { ADDED } },
	{ .file = "bond-lacp",
	  .link = BOND("bond2", 123, WEIR_BOND_XMIT_HASH_POLICY | WEIR_BOND_LACP_ACTIVE | WEIR_BOND_LACP_RATE |
		       WEIR_BOND_AD_SELECT | WEIR_BOND_AD_USER_PORT_KEY | WEIR_BOND_AD_ACTOR_SYS_PRIO |
		       WEIR_BOND_AD_ACTOR_SYSTEM,
		       .mode = WEIR_BOND_802_3AD, .xmit_hash_policy = 1, .lacp_rate = 1, .ad_select = 2,
		       .ad_user_port_key = 1000, .ad_actor_sys_prio = 65535,
		       .ad_actor_system = { 0x52, 0x54, 0, 0x11, 0x22, 0x77 }),
	  .but = { ADDED } },
	{ .file = "bond-tlb",
	  .link = BOND("bond3", 124, WEIR_BOND_TLB_DYNAMIC_LB, .mode = WEIR_BOND_BALANCE_TLB), .but = { ADDED } },
	{ .file = "bond-rr",
	  .link = BOND("bond4", 125, WEIR_BOND_PACKETS_PER_PORT, .mode = WEIR_BOND_BALANCE_RR,
		       .packets_per_port = 5), .but = { ADDED } },
	{ .file = "bond-primary", .set = true,
	  .link = { .sz = sizeof(struct weir_link), .kind = WEIR_LINK_BOND, .has = WEIR_LINK_IFINDEX,
		    .ifindex = 100, .bond = { .has = WEIR_BOND_PRIMARY | WEIR_BOND_ACTIVE, .primary = 101,
					      .active = 101 } },
	  .but = { KIND_ZERO } },
	{ .file = "bond-port", .set = true,
	  .link = { .sz = sizeof(struct weir_link), .has = WEIR_LINK_IFINDEX, .ifindex = 100,
		    .bond_port = { .has = WEIR_BOND_PORT_QUEUE | WEIR_BOND_PORT_PRIO, .queue_id = 3, .prio = 5 } },
	  .but = { SLAVE_KIND_OURS, SLAVE_KIND_THEIRS } },
	{ .file = "vlan-set", .set = true,
	  .link = { .sz = sizeof(struct weir_link), .kind = WEIR_LINK_VLAN, .has = WEIR_LINK_IFINDEX,
		    .ifindex = 100,
		    .vlan = { .has = WEIR_VLAN_GVRP | WEIR_VLAN_LOOSE_BINDING | WEIR_VLAN_EGRESS_QOS,
			      .loose_binding = true, .egress_qos = { 1, { { 3, 0 } } } } },
	  .but = { KIND_ZERO } },
	{ .file = "port", .set = true,
	  .link = CHANGE(0, .port = { .has = ALL(WEIR_PORT_VLAN_TUNNEL), .cost = 10, .priority = 20,
				      .hairpin = true, .bpdu_guard = true, .root_block = true,
				      .fastleave = true, .neigh_suppress = true, .isolated = true,
				      .locked = true, .proxy_arp = true, .proxy_arp_wifi = true, .mcast_router = 2,
				      .mcast_to_unicast = true, .group_fwd_mask = 0x4000, .vlan_tunnel = true }),
	  .but = { SLAVE_KIND_OURS, SLAVE_KIND_THEIRS } },
	{ .file = "alias", .set = true,
	  .link = CHANGE(WEIR_LINK_ALIAS, .alias = "guest \"1\" of weir") },
	{ .file = "group", .set = true, .link = CHANGE(WEIR_LINK_GROUP_SET, .group = 9) },
	{ .file = "addrgenmode", .set = true,
	  .link = CHANGE(WEIR_LINK_ADDR_GEN_MODE, .addr_gen_mode = WEIR_ADDR_GEN_NONE) },
	{ .file = "change", .set = true,
	  .link = CHANGE(WEIR_LINK_MAC | WEIR_LINK_MTU | WEIR_LINK_TXQUEUELEN | WEIR_LINK_MASTER | WEIR_LINK_UP,
			 .mac = { 0x52, 0x54, 0, 0x11, 0x22, 0x55 }, .mtu = 1300, .txqueuelen = 77,
			 .master = 101, .is_up = true) },
	{ .file = "nomaster", .set = true, .link = CHANGE(WEIR_LINK_MASTER) },
};

static size_t count_but(const struct golden *g)
{
	size_t n = 0;

	while (n < WR_COUNT(g->but) && g->but[n].path)
		n++;
	return n;
}

static void we_send_what_iproute2_sends(void **state)
{
	for (size_t i = 0; i < WR_COUNT(goldens); i++) {
		const struct golden *g = &goldens[i];
		struct dry_txn o;

		dry_begin(&o);
		assert_true((g->set ? weir_txn_link_set : weir_txn_link_add)(o.t, &g->link) >= 0);
		assert_int_equal(o.t->n_steps, 1);
		golden_compare(g->file, dry_message(&o, 0), g->but, count_but(g));
		dry_end(&o);
	}
}

static void decode_golden(const struct golden *g, const struct nlmsghdr *msg)
{
	const struct wr_kind *k = wr_kind(g->link.kind);
	const char *attrs = (const char *)msg + 32;
	size_t len = msg->nlmsg_len - 32;
	struct weir_link got = { 0 };
	struct weir_error err = WEIR_ERROR_INIT;
	char *diff = NULL;

	if (wr_link_decode(msg, &got, &err))
		fail_msg("%s.hex: %s: %s", g->file, err.attr, err.msg);
	/* "bridge_slave" where the kernel says "bridge", and only about what is a port already */
	assert_int_equal(wr_decode(&wr_bridge_port_table, attrs, len, &got.port, &err), 0);
	if (!strcmp(g->file, "bond-port"))
		assert_int_equal(wr_decode(&wr_bond_port_table, attrs, len, &got.bond_port, &err), 0);
	if (k)
		assert_string_equal(got.kind_name, k->name);
	assert_true(weir_link_diff(&g->link, &got, &diff) >= 0);
	if (*diff)
		fail_msg("%s.hex: %s", g->file, diff);
	free(diff);
}

static void we_read_what_iproute2_sends(void **state)
{
	for (size_t i = 0; i < WR_COUNT(goldens); i++) {
		struct nlmsghdr *msg = golden_read(goldens[i].file);

		decode_golden(&goldens[i], msg);
		free(msg);
	}
}

static void we_read_what_the_kernel_says(void **state)
{
	static const struct weir_link tap = {
		.sz = sizeof(tap), .kind = WEIR_LINK_TUN,
		.has = WEIR_LINK_NAME | WEIR_LINK_ALIAS | WEIR_LINK_MAC | WEIR_LINK_MTU |
		       WEIR_LINK_TXQUEUELEN | WEIR_LINK_UP | WEIR_LINK_GROUP_SET |
		       WEIR_LINK_ADDR_GEN_MODE | WEIR_LINK_NUM_TX_QUEUES,
		.name = "tap0", .alias = "tapped", .mac = { 0x52, 0x54, 0, 0, 1, 3 }, .mtu = 1500,
		.txqueuelen = 1000, .num_tx_queues = 256,
	};
	static const struct weir_link port = {
		.sz = sizeof(port), .kind = WEIR_LINK_VETH,
		.has = WEIR_LINK_IFINDEX | WEIR_LINK_NAME | WEIR_LINK_MASTER | WEIR_LINK_MAC,
		.ifindex = 112, .name = "veth0", .master = 101, .mac = { 0x52, 0x54, 0, 0, 1, 4 },
		.port = { .has = WEIR_PORT_ISOLATED | WEIR_PORT_LEARNING | WEIR_PORT_FLOOD | WEIR_PORT_HAIRPIN,
			  .isolated = true, .learning = true, .flood = true },
	};
	struct nlmsghdr *msg = golden_read("tap-answer");
	struct weir_link got;
	char *diff = NULL;

	assert_int_equal(wr_link_decode(msg, &got, NULL), 0);
	weir_link_diff(&tap, &got, &diff);
	assert_string_equal(diff, "");
	assert_string_equal(got.kind_name, "tun");
	assert_int_equal(got.operstate, 2);
	assert_true(got.has & WEIR_LINK_CARRIER && !got.has_carrier);
	assert_int_equal(got.tun.has, ALL(WEIR_TUN_DISABLED_QUEUES));
	assert_true(got.tun.owner == 1000 && got.tun.group == 100 && got.tun.type == 2);
	assert_true(got.tun.vnet_hdr && got.tun.multi_queue && got.tun.persist && !got.tun.pi);
	free(diff);
	free(msg);
	msg = golden_read("port-answer");
	assert_int_equal(wr_link_decode(msg, &got, NULL), 0);
	weir_link_diff(&port, &got, &diff);
	assert_string_equal(diff, "");
	assert_string_equal(got.port_kind, "bridge");
	assert_int_equal(got.port.has, ALL(WEIR_PORT_VLAN_TUNNEL));
	free(diff);
	free(msg);
}

/* Messages that end early, at every byte. */
static void short_messages_are_refused_or_read(void **state)
{
	struct nlmsghdr *msg = golden_read("port-answer");
	uint32_t len = msg->nlmsg_len;
	struct weir_link got = { .ifindex = -1 };

	for (uint32_t n = sizeof(*msg); n < len; n++) {
		struct nlmsghdr *cut = malloc(n);

		assert_non_null(cut);
		memcpy(cut, msg, n);
		cut->nlmsg_len = n;
		if (n < 32)
			assert_int_equal(wr_link_decode(cut, &got, NULL), -EBADMSG);
		else
			wr_link_decode(cut, &got, NULL);
		free(cut);
	}
	free(msg);
}

/* --- what else there is of a link -------------------------------------------------------------------- */

#define MAC { 0x52, 0x54, 0, 0x11, 0x22, 0xaa }
#define NO_NOARP { "header", GOLDEN_VALUE, "NUD_NOARP beside NUD_PERMANENT: the kernel looks at the latter first" }
#define VLANS(...) { .sz = sizeof(struct weir_port_vlan), .ifindex = 112, __VA_ARGS__ }
#define FDB(...) { .sz = sizeof(struct weir_fdb), .ifindex = 112, .mac = MAC, __VA_ARGS__ }

struct rest {
	const char *file;
	int (*call)(struct weir_txn *t, const struct rest *r);
	struct weir_port_vlan vlans;
	struct weir_fdb fdb;
	struct golden_but but[2];
};

static int add_altname(struct weir_txn *t, const struct rest *r)
{
	return weir_txn_altname_add(t, 112, "a-second-name-that-is-long");
}

static int del_altname(struct weir_txn *t, const struct rest *r)
{
	return weir_txn_altname_del(t, 112, "a-second-name-that-is-long");
}

static int add_vlans(struct weir_txn *t, const struct rest *r)
{
	return weir_txn_port_vlan_add(t, &r->vlans);
}

static int del_vlans(struct weir_txn *t, const struct rest *r)
{
	return weir_txn_port_vlan_del(t, &r->vlans);
}

static int add_fdb(struct weir_txn *t, const struct rest *r)
{
	return weir_txn_fdb_add(t, &r->fdb);
}

static int del_fdb(struct weir_txn *t, const struct rest *r)
{
	return weir_txn_fdb_del(t, &r->fdb);
}

static int add_source(struct weir_txn *t, const struct rest *r)
{
	return weir_txn_macvlan_source_add(t, 112, (const uint8_t[])MAC);
}

static int del_source(struct weir_txn *t, const struct rest *r)
{
	return weir_txn_macvlan_source_del(t, 112, (const uint8_t[])MAC);
}

static const struct rest rests[] = {
	{ .file = "altname-add", .call = add_altname },
	{ .file = "altname-del", .call = del_altname },
	{ "bridge-vlan", add_vlans, .vlans = VLANS(.vid = 5, .pvid = true, .untagged = true) },
	{ "bridge-vlan-range", add_vlans, .vlans = VLANS(.vid = 10, .vid_end = 19) },
	{ "bridge-vlan-self", add_vlans, .vlans = VLANS(.vid = 7, .self = true) },
	{ "bridge-vlan-del", del_vlans, .vlans = VLANS(.vid = 10, .vid_end = 19) },
	{ "fdb-static", add_fdb, .fdb = FDB(.vid = 5) },
	{ "fdb-local", add_fdb, .fdb = FDB(.state = WEIR_FDB_LOCAL), .but = { NO_NOARP } },
	{ "fdb-self", add_fdb, .fdb = FDB(.self = true, .state = WEIR_FDB_LOCAL), .but = { NO_NOARP } },
	{ "fdb-del", del_fdb, .fdb = FDB(.vid = 5), .but = { { "header", GOLDEN_VALUE, "a state, of what is to go" } } },
	{ "source-add", add_source, .but = { KIND_ZERO } },
	{ "source-del", del_source, .but = { KIND_ZERO } },
};

/* The transaction makes the link itself, so that nothing of this machine is looked at. */
static void what_else_iproute2_sends(void **state)
{
	static const struct weir_link l = MACV(MACVLAN, "mv3", 112, .mode = WEIR_MACVLAN_SOURCE);

	for (size_t i = 0; i < WR_COUNT(rests); i++) {
		const struct rest *r = &rests[i];
		size_t n_but = 0;
		struct dry_txn o;

		dry_begin(&o);
		weir_txn_link_add(o.t, &l);
		if (r->call(o.t, r))
			fail_msg("%s: refused", r->file);
		while (n_but < WR_COUNT(r->but) && r->but[n_but].path)
			n_but++;
		golden_compare(r->file, dry_message(&o, o.t->n_steps - 1), r->but, n_but);
		dry_end(&o);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(we_send_what_iproute2_sends),
		cmocka_unit_test(we_read_what_iproute2_sends),
		cmocka_unit_test(we_read_what_the_kernel_says),
		cmocka_unit_test(short_messages_are_refused_or_read),
		cmocka_unit_test(what_else_iproute2_sends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
