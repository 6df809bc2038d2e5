/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Bonds (IFLA_BOND_*) and their ports (IFLA_BOND_SLAVE_*). Names are iproute2's.
 * Which option goes with which mode is a table here too; in which order the
 * kernel wants them is order.c's.
 */
#include <linux/if_link.h>

#include "link/words.h"

#define BOND(member, attr, codec, name, bit, ...)                                                  \
	WR_ATTR(weir_bond, member, IFLA_BOND_##attr, codec, name, WEIR_BOND_##bit, ##__VA_ARGS__)
#define SWITCH(member, attr, codec, name, bit, ...)                                                \
	BOND(member, attr, codec, name, bit, .flags = WR_BOOL | WR_DIGIT, ##__VA_ARGS__)

static const struct wr_word modes[] = {
	{ WEIR_BOND_BALANCE_RR, "balance-rr" },	  { WEIR_BOND_ACTIVE_BACKUP, "active-backup" },
	{ WEIR_BOND_BALANCE_XOR, "balance-xor" }, { WEIR_BOND_BROADCAST, "broadcast" },
	{ WEIR_BOND_802_3AD, "802.3ad" },	  { WEIR_BOND_BALANCE_TLB, "balance-tlb" },
	{ WEIR_BOND_BALANCE_ALB, "balance-alb" },
};
static const struct wr_word validates[] = {
	{ 0, "none" },	 { 1, "active" },	 { 2, "backup" },	 { 3, "all" },
	{ 4, "filter" }, { 5, "filter_active" }, { 6, "filter_backup" },
};
static const struct wr_word targets[] = { { 0, "any" }, { 1, "all" } };
static const struct wr_word reselects[] = { { 0, "always" }, { 1, "better" }, { 2, "failure" } };
static const struct wr_word fail_over_macs[] = { { 0, "none" }, { 1, "active" }, { 2, "follow" } };
static const struct wr_word policies[] = {
	{ 0, "layer2" },   { 1, "layer3+4" }, { 2, "layer2+3" },
	{ 3, "encap2+3" }, { 4, "encap3+4" }, { 5, "vlan+srcmac" },
};
static const struct wr_word rates[] = { { 0, "slow" }, { 1, "fast" } };
static const struct wr_word selects[] = { { 0, "stable" }, { 1, "bandwidth" }, { 2, "count" } };

/* clang-format off */
static const struct wr_field bond_fields[] = {
	BOND(mode, MODE, WR_U8, "mode", MODE, .words = WR_WORDS(modes),
	     .flags = WR_WHEN_DOWN | WR_WHEN_EMPTY, .doc = "how ports are used"),
	BOND(miimon_ms, MIIMON, WR_U32, "miimon", MIIMON, .max = INT32_MAX, .unit = "ms",
	     .doc = "how often ports are asked for their carrier"),
	BOND(updelay_ms, UPDELAY, WR_U32, "updelay", UPDELAY, .max = INT32_MAX, .unit = "ms",
	     .doc = "how long a port must have carrier"),
	BOND(downdelay_ms, DOWNDELAY, WR_U32, "downdelay", DOWNDELAY, .max = INT32_MAX, .unit = "ms",
	     .doc = "how long a port must have lost it"),
	BOND(peer_notif_delay_ms, PEER_NOTIF_DELAY, WR_U32, "peer_notify_delay", PEER_NOTIF_DELAY,
	     .max = 300000, .unit = "ms", .doc = "time between notifications of peers"),
	SWITCH(use_carrier, USE_CARRIER, WR_U8, "use_carrier", USE_CARRIER,
	       .doc = "ask netif_carrier_ok(), not the driver's ioctl"),
	BOND(arp_interval_ms, ARP_INTERVAL, WR_U32, "arp_interval", ARP_INTERVAL, .max = INT32_MAX,
	     .unit = "ms", .doc = "how often targets are asked"),
	BOND(arp_targets, ARP_IP_TARGET, WR_IPS, "arp_ip_target", ARP_TARGETS,
	     .flags = WR_ZERO_IF_ABSENT, .family = WEIR_FAMILY_IPV4, .doc = "who is asked by ARP"),
	BOND(ns_targets, NS_IP6_TARGET, WR_IPS, "ns_ip6_target", NS_TARGETS,
	     .flags = WR_ZERO_IF_ABSENT, .family = WEIR_FAMILY_IPV6,
	     .doc = "who is asked by neighbour solicitation"),
	BOND(arp_validate, ARP_VALIDATE, WR_U32, "arp_validate", ARP_VALIDATE,
	     .words = WR_WORDS(validates), .doc = "which ports' answers are looked at"),
	BOND(arp_all_targets, ARP_ALL_TARGETS, WR_U32, "arp_all_targets", ARP_ALL_TARGETS,
	     .words = WR_WORDS(targets), .doc = "how many targets must answer"),
	BOND(arp_missed_max, MISSED_MAX, WR_U8, "arp_missed_max", ARP_MISSED_MAX, .min = 1,
	     .doc = "missed answers after which a port is bad"),
	BOND(primary_reselect, PRIMARY_RESELECT, WR_U8, "primary_reselect", PRIMARY_RESELECT,
	     .words = WR_WORDS(reselects), .doc = "when the primary port takes over again"),
	BOND(fail_over_mac, FAIL_OVER_MAC, WR_U8, "fail_over_mac", FAIL_OVER_MAC,
	     .words = WR_WORDS(fail_over_macs), .flags = WR_WHEN_EMPTY, .doc = "whose MAC address follows whom"),
	BOND(xmit_hash_policy, XMIT_HASH_POLICY, WR_U8, "xmit_hash_policy", XMIT_HASH_POLICY,
	     .words = WR_WORDS(policies), .doc = "what chooses the port of a frame"),
	BOND(resend_igmp, RESEND_IGMP, WR_U32, "resend_igmp", RESEND_IGMP, .max = 255,
	     .doc = "IGMP reports after a failover"),
	BOND(num_peer_notif, NUM_PEER_NOTIF, WR_U8, "num_grat_arp", NUM_PEER_NOTIF,
	     .doc = "gratuitous ARPs and unsolicited NAs after a failover"),
	SWITCH(all_ports_active, ALL_SLAVES_ACTIVE, WR_U8, "all_slaves_active", ALL_PORTS_ACTIVE,
	       .doc = "frames that come in on an inactive port are not dropped"),
	BOND(min_links, MIN_LINKS, WR_U32, "min_links", MIN_LINKS, .max = INT32_MAX,
	     .doc = "active ports that carrier needs"),
	BOND(lp_interval_s, LP_INTERVAL, WR_U32, "lp_interval", LP_INTERVAL, .min = 1,
	     .max = INT32_MAX, .unit = "s", .doc = "time between learning packets"),
	BOND(packets_per_port, PACKETS_PER_SLAVE, WR_U32, "packets_per_slave", PACKETS_PER_PORT,
	     .max = UINT16_MAX, .doc = "packets before the next port"),
	BOND(lacp_active, AD_LACP_ACTIVE, WR_U8, "lacp_active", LACP_ACTIVE, .flags = WR_BOOL | WR_WHEN_DOWN,
	     .doc = "send LACPDUs unasked"),
	BOND(lacp_rate, AD_LACP_RATE, WR_U8, "lacp_rate", LACP_RATE, .words = WR_WORDS(rates), .flags = WR_WHEN_DOWN,
	     .doc = "how often LACPDUs are asked for"),
	BOND(ad_select, AD_SELECT, WR_U8, "ad_select", AD_SELECT, .words = WR_WORDS(selects), .flags = WR_WHEN_DOWN,
	     .doc = "how the aggregator is chosen"),
	BOND(ad_user_port_key, AD_USER_PORT_KEY, WR_U16, "ad_user_port_key", AD_USER_PORT_KEY,
	     .max = 1023, .flags = WR_WHEN_DOWN, .doc = "upper bits of the port key"),
	BOND(ad_actor_sys_prio, AD_ACTOR_SYS_PRIO, WR_U16, "ad_actor_sys_prio", AD_ACTOR_SYS_PRIO,
	     .min = 1, .doc = "system priority"),
	BOND(ad_actor_system, AD_ACTOR_SYSTEM, WR_MAC, "ad_actor_system", AD_ACTOR_SYSTEM,
	     .doc = "MAC address of the system"),
	BOND(tlb_dynamic_lb, TLB_DYNAMIC_LB, WR_U8, "tlb_dynamic_lb", TLB_DYNAMIC_LB,
	     .flags = WR_BOOL | WR_DIGIT | WR_WHEN_DOWN, .doc = "flows are shuffled by load"),
	/* These two name ports: they follow when the ports are there. */
	BOND(primary, PRIMARY, WR_U32, "primary", PRIMARY,
	     .flags = WR_IFINDEX | WR_ZERO_IF_ABSENT | WR_ON_SET, .doc = "the port that is preferred"),
	BOND(active, ACTIVE_SLAVE, WR_U32, "active_slave", ACTIVE,
	     .flags = WR_IFINDEX | WR_ZERO_IF_ABSENT | WR_ON_SET,
	     .doc = "the port that carries the traffic"),
};
/* clang-format on */

/* --- what goes together ---------------------------------------------------------- */

#define M(mode) (1u << WEIR_BOND_##mode)
#define FAILOVER (M(ACTIVE_BACKUP) | M(BALANCE_TLB) | M(BALANCE_ALB))
#define ARP (M(BALANCE_RR) | M(ACTIVE_BACKUP) | M(BALANCE_XOR) | M(BROADCAST))

/* Options that the kernel refuses in other modes, whatever their value. */
static const struct {
	uint64_t bit;
	unsigned int modes;
	const char *words;	/* for people */
} only_in[] = {
	{ WEIR_BOND_ARP_INTERVAL, ARP, "balance-rr, active-backup, balance-xor and broadcast" },
	{ WEIR_BOND_ARP_VALIDATE, ARP, "balance-rr, active-backup, balance-xor and broadcast" },
	{ WEIR_BOND_ACTIVE, FAILOVER, "active-backup, balance-tlb and balance-alb" },
	{ WEIR_BOND_PRIMARY, FAILOVER, "active-backup, balance-tlb and balance-alb" },
	{ WEIR_BOND_PACKETS_PER_PORT, M(BALANCE_RR), "balance-rr" },
	{ WEIR_BOND_TLB_DYNAMIC_LB, M(BALANCE_TLB) | M(BALANCE_ALB), "balance-tlb and balance-alb" },
	{ WEIR_BOND_LACP_RATE, M(802_3AD), "802.3ad" },
	{ WEIR_BOND_LACP_ACTIVE, M(802_3AD), "802.3ad" },
	{ WEIR_BOND_AD_USER_PORT_KEY, M(802_3AD), "802.3ad" },
	{ WEIR_BOND_AD_ACTOR_SYS_PRIO, M(802_3AD), "802.3ad" },
	{ WEIR_BOND_AD_ACTOR_SYSTEM, M(802_3AD), "802.3ad" },
};

static const struct wr_field *row_of(uint64_t bit)
{
	const struct wr_field *f = bond_fields;

	while (wr_bit(f) != bit)
		f++;
	return f;
}

static uint64_t not_in(unsigned int mode)
{
	uint64_t bits = 0;

	for (size_t i = 0; i < WR_COUNT(only_in); i++)
		bits |= only_in[i].modes & 1u << mode ? 0 : only_in[i].bit;
	return bits;
}

static int verify_mode(const struct weir_bond *b, unsigned int mode, struct weir_error *err)
{
	for (size_t i = 0; i < WR_COUNT(only_in); i++)
		if (b->has & only_in[i].bit && !(only_in[i].modes & 1u << mode))
			return wr_refuse(err, -EINVAL, "", row_of(only_in[i].bit)->name,
					 "goes with mode %s, not with %s", only_in[i].words,
					 wr_word(&bond_fields[0], mode));
	return 0;
}

static uint32_t value(const struct weir_bond *b, uint64_t bit, uint32_t v)
{
	return b->has & bit ? v : 0;
}

static int verify_delay(const struct weir_bond *b, uint64_t bit, uint32_t delay, struct weir_error *err)
{
	if (value(b, bit, delay) && b->has & WEIR_BOND_MIIMON && b->miimon_ms && delay % b->miimon_ms)
		return wr_refuse(err, -EINVAL, "", row_of(bit)->name,
				 "%u ms is no multiple of miimon, %u ms: the kernel would round it down", delay,
				 b->miimon_ms);
	return 0;
}

/* What is wrong in itself, of a new bond or of a change. */
static int verify_bond(const void *obj, struct weir_error *err)
{
	const struct weir_bond *b = obj;
	int r = b->has & WEIR_BOND_MODE ? verify_mode(b, b->mode, err) : 0;

	if (!r && value(b, WEIR_BOND_MIIMON, b->miimon_ms) && value(b, WEIR_BOND_ARP_INTERVAL, b->arp_interval_ms))
		r = wr_refuse(err, -EINVAL, "", "arp_interval",
			      "excludes miimon: ports are watched by ARP or by carrier");
	if (!r)
		r = verify_delay(b, WEIR_BOND_UPDELAY, b->updelay_ms, err);
	if (!r)
		r = verify_delay(b, WEIR_BOND_DOWNDELAY, b->downdelay_ms, err);
	return r ? r : verify_delay(b, WEIR_BOND_PEER_NOTIF_DELAY, b->peer_notif_delay_ms, err);
}

/* And what is missing from a new one. */
static int verify(const struct weir_link *link, struct weir_error *err)
{
	static const uint64_t delays[] = { WEIR_BOND_UPDELAY, WEIR_BOND_DOWNDELAY, WEIR_BOND_PEER_NOTIF_DELAY };
	const struct weir_bond *b = &link->bond;

	if (value(b, WEIR_BOND_ARP_INTERVAL, b->arp_interval_ms) &&
	    !value(b, WEIR_BOND_ARP_TARGETS, b->arp_targets.n) && !value(b, WEIR_BOND_NS_TARGETS, b->ns_targets.n))
		return wr_refuse(err, -EINVAL, "", "arp_ip_target", "is missing: arp_interval needs somebody to ask");
	for (size_t i = 0; i < WR_COUNT(delays); i++)
		if (b->has & delays[i] && !value(b, WEIR_BOND_MIIMON, b->miimon_ms))
			return wr_refuse(err, -EINVAL, "", row_of(delays[i])->name, "needs miimon");
	return b->has & WEIR_BOND_MODE ? 0 : verify_mode(b, WEIR_BOND_BALANCE_RR, err);
}

/*
 * Another mode, and another way to watch ports, make the kernel forget settings
 * that nobody named: they come back with an undo, as far as the mode takes them.
 * What only the new mode takes goes back before it does.
 */
static int widen(const struct weir_link *want, struct weir_link *old, struct weir_link *ahead, struct weir_error *err)
{
	const uint64_t watching = WEIR_BOND_MIIMON | WEIR_BOND_UPDELAY | WEIR_BOND_DOWNDELAY |
				  WEIR_BOND_PEER_NOTIF_DELAY | WEIR_BOND_ARP_INTERVAL | WEIR_BOND_ARP_VALIDATE;
	struct weir_bond *b = &old->bond;

	if (want->bond.has & (WEIR_BOND_MODE | WEIR_BOND_MIIMON | WEIR_BOND_ARP_INTERVAL))
		b->has |= watching;
	if (want->bond.has & WEIR_BOND_MODE)
		b->has |= WEIR_BOND_MODE;
	ahead->bond = *b;
	ahead->bond.has &= want->bond.has & not_in(b->mode) & ~(WEIR_BOND_PRIMARY | WEIR_BOND_ACTIVE);
	b->has &= ~not_in(b->mode);
	if (!b->miimon_ms)
		b->has &= ~(WEIR_BOND_UPDELAY | WEIR_BOND_DOWNDELAY | WEIR_BOND_PEER_NOTIF_DELAY);
	/* The kernel takes the interval last, and even 0 would end the other way of watching. */
	b->has &= b->miimon_ms ? ~WEIR_BOND_ARP_INTERVAL : b->arp_interval_ms ? ~WEIR_BOND_MIIMON : ~0ull;
	return 0;
}

static bool words(const struct wr_field *f, const void *obj, struct wr_str *out)
{
	if (wr_bit(f) != WEIR_BOND_ACTIVE || wr_load(f, obj))
		return false;
	wr_str_puts(out, " clear_active_slave");
	return true;
}

static int take(struct wr_link_words *w, const char *word)
{
	if (strcmp(word, "clear_active_slave") != 0)
		return 1;
	w->l->bond.active = 0;
	w->l->bond.has |= WEIR_BOND_ACTIVE;
	return 0;
}

static const uint16_t info_data[] = { IFLA_LINKINFO, IFLA_INFO_DATA, 0 };

static WR_TABLE(bond_table, weir_bond, "bond", offsetof(struct weir_bond, has), bond_fields,
	 .path = info_data, .verify = verify_bond);

const struct wr_kind wr_kind_bond = {
	.kind = WEIR_LINK_BOND,
	.name = "bond",
	.table = &bond_table,
	.tables = WR_LINK_TABLES(&bond_table),
	.offset = offsetof(struct weir_link, bond),
	.verify = verify,
	.widen = widen,
	.words = words,
	.take = take,
};

/* --- its ports ------------------------------------------------------------------- */

#define PORT(member, attr, codec, name, bit, ...)                                                  \
	WR_ATTR(weir_bond_port, member, IFLA_BOND_SLAVE_##attr, codec, name, WEIR_BOND_PORT_##bit, ##__VA_ARGS__)

static const struct wr_word mii[] = { { 0, "UP" }, { 1, "GOING_DOWN" }, { 2, "DOWN" }, { 3, "GOING_BACK" } };

/* clang-format off */
static const struct wr_field port_fields[] = {
	PORT(queue_id, QUEUE_ID, WR_U16, "queue_id", QUEUE, .doc = "transmit queue that leads here"),
	PORT(prio, PRIO, WR_S32, "prio", PRIO, .min = INT32_MIN, .doc = "the higher, the sooner it becomes active"),
	PORT(is_backup, STATE, WR_U8, "backup", STATE, .flags = WR_BOOL | WR_READONLY, .doc = "it waits"),
	PORT(mii_status, MII_STATUS, WR_U8, "mii_status", MII_STATUS, .flags = WR_READONLY,
	     .words = WR_WORDS(mii), .doc = "whether it counts"),
	PORT(perm_mac, PERM_HWADDR, WR_MAC, "perm_hwaddr", PERM_MAC, .flags = WR_READONLY,
	     .doc = "its MAC address before it was a port"),
};
/* clang-format on */

static const uint16_t info_slave_data[] = { IFLA_LINKINFO, IFLA_INFO_SLAVE_DATA, 0 };

WR_TABLE(wr_bond_port_table, weir_bond_port, "bond_port", offsetof(struct weir_bond_port, has),
	 port_fields, .path = info_slave_data);

/* A port that has just joined has zeros, and not every mode lets them be set. */
void wr_bond_port_strip(struct weir_bond_port *p)
{
	p->has &= ~(p->queue_id ? 0 : WEIR_BOND_PORT_QUEUE) & ~(p->prio ? 0 : WEIR_BOND_PORT_PRIO);
}
