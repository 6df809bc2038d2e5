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

const struct wr_kind wr_kind_dummy = {
	.kind = WEIR_LINK_DUMMY,
	.name = "dummy",
	.tables = WR_LINK_TABLES(NULL),
};

static const struct wr_kind *const kinds[] = {
	&wr_kind_bridge, &wr_kind_veth, &wr_kind_tun, &wr_kind_ifb, &wr_kind_macvlan,
	&wr_kind_macvtap, &wr_kind_bond, &wr_kind_vlan, &wr_kind_dummy,
	&wr_kind_vxlan, &wr_kind_vrf,
};

const struct wr_port_kind wr_port_kinds[] = {
	{ "bridge", &wr_bridge_port_table, offsetof(struct weir_link, port), WR_LINK_TABLES(&wr_bridge_port_table) },
	{ "bond", &wr_bond_port_table, offsetof(struct weir_link, bond_port), WR_LINK_TABLES(&wr_bond_port_table) },
	{ 0 },
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

const struct wr_port_kind *wr_port_of(const struct weir_link *link)
{
	for (const struct wr_port_kind *p = wr_port_kinds; p->name; p++)
		if (wr_has_any(p->table, wr_port_data(p, link), 0, 0))
			return p;
	return NULL;
}

void wr_port_clear(struct weir_link *link)
{
	link->port.has = 0;
	link->bond_port.has = 0;
}
