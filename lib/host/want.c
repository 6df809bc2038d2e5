/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a definition asks of one link, in the words of <weir/link.h>; and which of
 * it a link does not have. Pure.
 */
#include "base/ip.h"
#include "host/host.h"

#define RTPROT_STATIC 4

static void want_bridge(const struct weir_group_bridge *b, struct weir_bridge *ret)
{
	if (b->stp)
		ret->has |= WEIR_BRIDGE_STP;
	ret->stp = b->stp == WEIR_YES;
	if (!weir_group_delay(b, &ret->forward_delay_cs))
		ret->has |= WEIR_BRIDGE_FORWARD_DELAY;
}

static void want_vlan(const struct weir_group_vlan *v, struct weir_vlan *ret)
{
	ret->has |= WEIR_VLAN_ID | WEIR_VLAN_PROTOCOL;
	ret->id = v->tag;
	ret->protocol = v->protocol ? v->protocol : 0x8100;
}

void wr_want(const struct weir_group *top, const struct weir_group *g, struct weir_link *ret)
{
	*ret = (struct weir_link){ .sz = sizeof(*ret) };
	if (top->mtu) {
		ret->has |= WEIR_LINK_MTU;
		ret->mtu = top->mtu;
	}
	switch (g->type) {
	case WEIR_GROUP_BRIDGE:
		ret->kind = WEIR_LINK_BRIDGE;
		want_bridge(&g->bridge, &ret->bridge);
		break;
	case WEIR_GROUP_BOND:
		ret->kind = WEIR_LINK_BOND;
		wr_bond_want(&g->bond, &ret->bond);
		break;
	case WEIR_GROUP_VLAN:
		ret->kind = WEIR_LINK_VLAN;
		want_vlan(&g->vlan, &ret->vlan);
		break;
	}
}

/* --- what differs --------------------------------------------------------------------------- */

/* The presence bits of the kind's own part; NULL where there is none. */
static uint64_t *kind_has(struct weir_link *l)
{
	switch (l->kind) {
	case WEIR_LINK_BRIDGE: return &l->bridge.has;
	case WEIR_LINK_BOND: return &l->bond.has;
	case WEIR_LINK_VLAN: return &l->vlan.has;
	default: return NULL;
	}
}

/* Whether @one, with a single bit set, is as @is says; appends the text if it is not. */
static int look_at(const struct weir_link *one, const struct weir_link *is, struct wr_str *text)
{
	wr_auto(free) char *line = NULL;
	int n = weir_link_diff(one, is, &line);

	if (n > 0)
		wr_str_puts(text, line);
	return n;
}

int wr_want_differs(const struct weir_link *want, const struct weir_link *is,
		    struct weir_link *ret, char **ret_text)
{
	wr_auto(str) struct wr_str text = { 0 };
	struct weir_link one = *want;
	uint64_t *one_has = kind_has(&one), *ret_has;
	uint64_t kind_bits = one_has ? *one_has : 0;
	int n = 0, r;

	*ret = *want;
	ret_has = kind_has(ret);
	ret->has = 0;
	if (one_has)
		*one_has = 0;
	if (ret_has)
		*ret_has = 0;
	for (int i = 0; i < 128; i++) {
		uint64_t bit = 1ull << i % 64;

		if (!((i < 64 ? want->has : kind_bits) & bit))
			continue;
		one.has = i < 64 ? bit : 0;
		if (one_has)
			*one_has = i < 64 ? 0 : bit;
		r = look_at(&one, is, &text);
		if (r < 0)
			return r;
		n += r;
		if (r && i < 64)
			ret->has |= bit;
		else if (r && ret_has)
			*ret_has |= bit;
	}
	/* The kernel keeps delays in looks at the carrier: with another interval they are others too. */
	if (ret->bond.has & (WEIR_BOND_MODE | WEIR_BOND_MIIMON))
		ret->bond.has |= want->bond.has & (WEIR_BOND_MIIMON | WEIR_BOND_UPDELAY | WEIR_BOND_DOWNDELAY);
	*ret_text = wr_str_take(&text);
	return *ret_text ? n : -ENOMEM;
}

/* --- addresses and routes ------------------------------------------------------------------------ */

void wr_want_addr(const struct weir_group_address *a, struct weir_addr *ret)
{
	unsigned int bits = wr_ip_bits(&a->address);

	*ret = (struct weir_addr){ .sz = sizeof(*ret), .local = a->address };
	ret->prefix = a->has & WEIR_GROUP_PREFIX ? a->prefix : (uint8_t)bits;
	if (a->address.family == WEIR_FAMILY_IPV4 && ret->prefix < 31)
		ret->broadcast = wr_ip_last(&a->address, ret->prefix);
}

void wr_want_route(uint8_t family, const struct weir_group_route *r, struct weir_route *ret)
{
	*ret = (struct weir_route){ .sz = sizeof(*ret), .dst = r->destination,
				    .gateway = r->gateway, .protocol = RTPROT_STATIC };
	ret->dst.family = family;
	if (r->has & WEIR_GROUP_PREFIX)
		ret->prefix = r->prefix;
	else if (r->destination.family)
		ret->prefix = (uint8_t)wr_ip_bits(&r->destination);
	if (r->metric) {
		ret->has |= WEIR_ROUTE_METRIC;
		ret->metric = r->metric;
	}
}
