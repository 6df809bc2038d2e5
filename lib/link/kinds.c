/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Every kind of link this library knows, one line each. To add one: its struct in
 * <weir/link.h>, its file kind_X.c, its line here.
 */
#include "link/kinds.h"

const struct wr_kind wr_kind_ifb = {
	.kind = WEIR_LINK_IFB,
	.name = "ifb",
	.tables = WR_LINK_TABLES(NULL),
};

static const struct wr_kind *const kinds[] = {
	&wr_kind_bridge, &wr_kind_veth, &wr_kind_tun, &wr_kind_ifb, &wr_kind_macvlan,
	&wr_kind_macvtap,
};

const struct wr_kind *wr_kind(enum weir_link_kind kind)
{
	for (size_t i = 0; i < WR_COUNT(kinds); i++)
		if (kinds[i]->kind == kind)
			return kinds[i];
	return NULL;
}

const struct wr_kind *wr_kind_by_name(const char *name)
{
	for (size_t i = 0; i < WR_COUNT(kinds); i++)
		if (!strcmp(kinds[i]->name, name))
			return kinds[i];
	return NULL;
}

const char *weir_link_kind_name(enum weir_link_kind kind)
{
	const struct wr_kind *k = wr_kind(kind);

	return k ? k->name : "";
}
