/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* macvlan and macvtap (IFLA_MACVLAN_*): the same link, with and without a character device. */
#include <linux/if_link.h>

#include "link/kinds.h"

static const struct wr_word modes[] = {
	{ WEIR_MACVLAN_PRIVATE, "private" },	   { WEIR_MACVLAN_VEPA, "vepa" },
	{ WEIR_MACVLAN_BRIDGE, "bridge" },	   { WEIR_MACVLAN_PASSTHRU, "passthru" },
	{ WEIR_MACVLAN_SOURCE, "source" },
};

/* clang-format off */
static const struct wr_field macvlan_fields[] = {
	WR_ATTR(weir_macvlan, mode, IFLA_MACVLAN_MODE, WR_U32, "mode", WEIR_MACVLAN_MODE,
		.words = WR_WORDS(modes), .doc = "how links on one lower link reach each other"),
	WR_ATTR(weir_macvlan, flags, IFLA_MACVLAN_FLAGS, WR_U16, "flags", WEIR_MACVLAN_FLAGS,
		.max = 1, .doc = "1: no promiscuous mode on the lower link"),
};
/* clang-format on */

static const uint16_t info_data[] = { IFLA_LINKINFO, IFLA_INFO_DATA, 0 };

static int verify_macvlan(const void *obj, struct weir_error *err)
{
	const struct weir_macvlan *m = obj;

	if (m->has & WEIR_MACVLAN_FLAGS && m->flags & 1 && m->mode != WEIR_MACVLAN_PASSTHRU)
		return wr_refuse(err, -EINVAL, "", "flags", "nopromisc is for mode passthru only");
	return 0;
}

static WR_TABLE(macvlan_table, weir_macvlan, "macvlan", offsetof(struct weir_macvlan, has),
	 macvlan_fields, .path = info_data, .verify = verify_macvlan);

/* iproute2 has a word for the flag: "mode passthru nopromisc". */
static void text(const struct weir_link *link, struct wr_str *out)
{
	const struct wr_field *mode = &macvlan_fields[0];

	if (!(link->macvlan.has & WEIR_MACVLAN_MODE))
		return;
	wr_str_puts(out, " mode ");
	wr_field_text(mode, &link->macvlan, out);
	if (link->macvlan.has & WEIR_MACVLAN_FLAGS && link->macvlan.flags & 1)
		wr_str_puts(out, " nopromisc");
}

const struct wr_kind wr_kind_macvlan = {
	.kind = WEIR_LINK_MACVLAN,
	.name = "macvlan",
	.table = &macvlan_table,
	.tables = WR_LINK_TABLES(&macvlan_table),
	.offset = offsetof(struct weir_link, macvlan),
	.needs_lower = true,
	.text = text,
};

const struct wr_kind wr_kind_macvtap = {
	.kind = WEIR_LINK_MACVTAP,
	.name = "macvtap",
	.table = &macvlan_table,
	.tables = WR_LINK_TABLES(&macvlan_table),
	.offset = offsetof(struct weir_link, macvlan),
	.needs_lower = true,
	.text = text,
};
