/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A bond's settings: from a definition to a link, and back from what a link has. Pure.
 * Which ports it has is no setting: plan_port.c.
 */
#include <stddef.h>
#include <string.h>

#include "base/base.h"
#include "host/host.h"

/* What both call the same; the bit is the same one, too. */
struct option {
	uint64_t bit;
	uint16_t group, link, size;	/* where it stands, in struct weir_group_bond and weir_bond */
	uint8_t usual[4];		/* as the kernel has it unless it is told */
	bool is_lacp;			/* means nothing in another mode than 802.3ad */
};

#define OPTION(bit_, name, ...) \
	{ .bit = (bit_), .group = offsetof(struct weir_group_bond, name), .link = offsetof(struct weir_bond, name), \
	  .size = sizeof(((struct weir_bond *)0)->name), __VA_ARGS__ }

static const struct option options[] = {
	OPTION(WEIR_BOND_PRIMARY_RESELECT, primary_reselect),
	OPTION(WEIR_BOND_FAIL_OVER_MAC, fail_over_mac),
	OPTION(WEIR_BOND_XMIT_HASH_POLICY, xmit_hash_policy),
	OPTION(WEIR_BOND_NUM_PEER_NOTIF, num_peer_notif, .usual = { 1 }),
	OPTION(WEIR_BOND_MIN_LINKS, min_links),
	OPTION(WEIR_BOND_LACP_RATE, lacp_rate, .is_lacp = true),
	OPTION(WEIR_BOND_AD_SELECT, ad_select, .is_lacp = true),
};

/* --- what is wanted -------------------------------------------------------------------------- */

/* The kernel counts delays in looks at the carrier, and rounds them down. */
static uint32_t in_looks(uint32_t delay_ms, uint32_t freq_ms)
{
	return delay_ms / freq_ms * freq_ms;
}

static void want_miimon(const struct weir_group_miimon *m, struct weir_bond *ret)
{
	ret->has |= WEIR_BOND_MIIMON;
	ret->miimon_ms = m->freq_ms;
	if (m->has & WEIR_GROUP_UPDELAY)
		ret->has |= WEIR_BOND_UPDELAY;
	ret->updelay_ms = in_looks(m->updelay_ms, m->freq_ms);
	if (m->has & WEIR_GROUP_DOWNDELAY)
		ret->has |= WEIR_BOND_DOWNDELAY;
	ret->downdelay_ms = in_looks(m->downdelay_ms, m->freq_ms);
	if (m->carrier)
		ret->has |= WEIR_BOND_USE_CARRIER;
	ret->use_carrier = m->carrier == WEIR_CARRIER_NETIF;
}

static void want_arpmon(const struct weir_group_arpmon *m, struct weir_bond *ret)
{
	ret->has |= WEIR_BOND_ARP_INTERVAL | WEIR_BOND_ARP_TARGETS;
	ret->arp_interval_ms = m->interval_ms;
	ret->arp_targets.n = 1;
	ret->arp_targets.ips[0] = m->target;
	if (m->validate)
		ret->has |= WEIR_BOND_ARP_VALIDATE;
	ret->arp_validate = m->validate ? m->validate - 1u : 0;
}

void wr_bond_want(const struct weir_group_bond *b, struct weir_bond *ret)
{
	ret->has |= WEIR_BOND_MODE | b->has;
	ret->mode = b->mode ? b->mode - 1 : WEIR_BOND_BALANCE_RR;
	for (size_t i = 0; i < WR_COUNT(options); i++)
		memcpy((char *)ret + options[i].link, (const char *)b + options[i].group, options[i].size);
	if (b->miimon.freq_ms)
		want_miimon(&b->miimon, ret);
	if (b->arpmon.interval_ms)
		want_arpmon(&b->arpmon, ret);
}

/* --- what there is ---------------------------------------------------------------------------- */

/* Those that are not as the kernel has them by itself. */
static void tell_options(const struct weir_bond *is, struct weir_group_bond *b)
{
	for (size_t i = 0; i < WR_COUNT(options); i++) {
		const struct option *o = &options[i];
		const char *value = (const char *)is + o->link;

		memcpy((char *)b + o->group, value, o->size);
		if (memcmp(value, o->usual, o->size) && (is->mode == WEIR_BOND_802_3AD || !o->is_lacp))
			b->has |= o->bit & is->has;
	}
}

void wr_bond_tell(const struct weir_bond *is, struct weir_group_bond *b)
{
	b->mode = (uint8_t)(is->mode + 1);
	tell_options(is, b);
	if (is->miimon_ms) {
		b->miimon.freq_ms = is->miimon_ms;
		b->miimon.has = WEIR_GROUP_UPDELAY | WEIR_GROUP_DOWNDELAY;
		b->miimon.updelay_ms = is->updelay_ms;
		b->miimon.downdelay_ms = is->downdelay_ms;
		b->miimon.carrier = is->use_carrier ? WEIR_CARRIER_NETIF : WEIR_CARRIER_IOCTL;
	} else if (is->arp_interval_ms && is->arp_targets.n) {
		b->arpmon.interval_ms = is->arp_interval_ms;
		b->arpmon.target = is->arp_targets.ips[0];
		if (is->arp_validate <= 3)
			b->arpmon.validate = (uint8_t)(is->arp_validate + 1);
	}
}
