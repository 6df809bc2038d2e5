/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Vlans on a link (IFLA_VLAN_*); the vlans of a bridge's ports are vlans.c's. Names are iproute2's. */
#include <linux/if_link.h>
#include <linux/if_vlan.h>

#include "link/kinds.h"

#define VLAN(member, attr, codec, name, bit, ...)                                                  \
	WR_ATTR(weir_vlan, member, IFLA_VLAN_##attr, codec, name, WEIR_VLAN_##bit, ##__VA_ARGS__)
#define FLAG(member, name, bit, ...)                                                               \
	VLAN(member, FLAGS, WR_BIT, name, bit, .mask = VLAN_FLAG_##bit,                            \
	     .flags = WR_BOOL | WR_ZERO_IF_ABSENT, ##__VA_ARGS__)

static const struct wr_word protocols[] = { { 0x8100, "802.1Q" }, { 0x88a8, "802.1ad" } };

/* clang-format off */
static const struct wr_field vlan_fields[] = {
	VLAN(protocol, PROTOCOL, WR_BE16, "protocol", PROTOCOL, .flags = WR_FIXED,
	     .words = WR_WORDS(protocols), .doc = "what the tag looks like"),
	VLAN(id, ID, WR_U16, "id", ID, .max = 4094, .flags = WR_FIXED, .doc = "the tag"),
	FLAG(reorder_hdr, "reorder_hdr", REORDER_HDR, .doc = "raw frames are seen without the tag"),
	FLAG(gvrp, "gvrp", GVRP, .doc = "announce it by GVRP"),
	FLAG(mvrp, "mvrp", MVRP, .doc = "announce it by MVRP"),
	FLAG(loose_binding, "loose_binding", LOOSE_BINDING, .doc = "stays up when the link below goes down"),
	FLAG(bridge_binding, "bridge_binding", BRIDGE_BINDING, .doc = "carrier as the bridge's ports have it"),
	/* min: first numbers are below; max: second ones are up to it */
	VLAN(ingress_qos, INGRESS_QOS, WR_PAIRS, "ingress-qos-map", INGRESS_QOS, .min = 8,
	     .flags = WR_ZERO_IF_ABSENT, .doc = "from the tag's priority to the packet's"),
	VLAN(egress_qos, EGRESS_QOS, WR_PAIRS, "egress-qos-map", EGRESS_QOS, .max = 7,
	     .flags = WR_ZERO_IF_ABSENT, .doc = "from the packet's priority to the tag's"),
};
/* clang-format on */

static int verify(const struct weir_link *link, struct weir_error *err)
{
	return link->vlan.has & WEIR_VLAN_ID ? 0 : wr_refuse(err, -EINVAL, "", "id", "is missing: the tag");
}

/* Pairs that were not there before are taken back by pairs to 0. */
static void old_pairs(const struct weir_pairs *want, struct weir_pairs *old)
{
	struct weir_pairs undo = *want;

	for (uint32_t i = 0; i < undo.n; i++) {
		undo.pairs[i].to = 0;
		for (uint32_t k = 0; k < old->n; k++)
			if (old->pairs[k].from == undo.pairs[i].from)
				undo.pairs[i].to = old->pairs[k].to;
	}
	*old = undo;
}

static int widen(const struct weir_link *want, struct weir_link *old, struct weir_link *ahead, struct weir_error *err)
{
	old_pairs(&want->vlan.ingress_qos, &old->vlan.ingress_qos);
	old_pairs(&want->vlan.egress_qos, &old->vlan.egress_qos);
	return 0;
}

static const uint16_t info_data[] = { IFLA_LINKINFO, IFLA_INFO_DATA, 0 };

static WR_TABLE(vlan_table, weir_vlan, "vlan", offsetof(struct weir_vlan, has), vlan_fields,
	 .path = info_data);

const struct wr_kind wr_kind_vlan = {
	.kind = WEIR_LINK_VLAN,
	.name = "vlan",
	.table = &vlan_table,
	.tables = WR_LINK_TABLES(&vlan_table),
	.offset = offsetof(struct weir_link, vlan),
	.needs_lower = true,
	.verify = verify,
	.widen = widen,
};
