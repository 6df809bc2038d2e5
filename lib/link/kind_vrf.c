/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Routing domains (IFLA_VRF_*). */
#include <linux/if_link.h>

#include "link/kinds.h"

static const struct wr_field vrf_fields[] = {
	WR_ATTR(weir_vrf, table, IFLA_VRF_TABLE, WR_U32, "table", WEIR_VRF_TABLE, .min = 1, .flags = WR_FIXED,
		.doc = "the routing table of its ports"),
};

static int verify(const struct weir_link *link, struct weir_error *err)
{
	return link->vrf.has & WEIR_VRF_TABLE ? 0 : wr_refuse(err, -EINVAL, "", "table", "is missing");
}

static const uint16_t info_data[] = { IFLA_LINKINFO, IFLA_INFO_DATA, 0 };

static WR_TABLE(vrf_table, weir_vrf, "vrf", offsetof(struct weir_vrf, has), vrf_fields, .path = info_data);

const struct wr_kind wr_kind_vrf = {
	.kind = WEIR_LINK_VRF,
	.name = "vrf",
	.table = &vrf_table,
	.tables = WR_LINK_TABLES(&vrf_table),
	.offset = offsetof(struct weir_link, vrf),
	.verify = verify,
};
