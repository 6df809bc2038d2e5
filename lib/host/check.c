/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Rules of a group that need more than one member. Pure: nothing here looks at the
 * host. What a single member may hold is in tables.c.
 */
#include "base/ip.h"
#include "host/tables.h"

static const char *const type_names[] = { "no type", "an ethernet", "a bond", "a bridge", "a vlan" };

/* Fills in which item of a list it was, and passes the code on. */
static int in_item(struct weir_error *err, int r, const char *list, size_t i)
{
	char path[80];

	wr_format(path, sizeof(path), "%s[%zu]", list, i);
	wr_error_prefix_attr(err, path);
	return r;
}

/* --- addresses -------------------------------------------------------------------------- */

static int check_address(const struct weir_group_protocol *p, size_t i, struct weir_error *err)
{
	const struct weir_group_address *a = &p->addresses[i];

	if (a->address.family != p->family)
		return wr_refuse(err, -EINVAL, "", "address", "is of another family");
	if (a->has & WEIR_GROUP_PREFIX && a->prefix > wr_ip_bits(&a->address))
		return wr_refuse(err, -ERANGE, "", "prefix", "%u is outside 0..%u", a->prefix,
				 wr_ip_bits(&a->address));
	for (size_t k = 0; k < i; k++)
		if (wr_ip_equal(&p->addresses[k].address, &a->address))
			return wr_refuse(err, -EEXIST, "", "address", "is that of addresses[%zu]", k);
	return 0;
}

static int check_route(const struct weir_group_protocol *p, size_t i, struct weir_error *err)
{
	const struct weir_group_route *route = &p->routes[i];
	const struct weir_ip *to = &route->destination;
	struct weir_ip net;

	if (!to->family && !route->gateway.family)
		return wr_refuse(err, -EINVAL, "", "gateway", "is missing in a default route");
	if ((to->family && to->family != p->family) ||
	    (route->gateway.family && route->gateway.family != p->family))
		return wr_refuse(err, -EINVAL, "", to->family ? "destination" : "gateway",
				 "is of another family");
	if (!(route->has & WEIR_GROUP_PREFIX))
		return 0;
	if (!to->family || route->prefix > wr_ip_bits(to))
		return wr_refuse(err, -ERANGE, "", "prefix", "%u has no destination of so many bits",
				 route->prefix);
	net = weir_ip_mask(to, route->prefix);
	if (!wr_ip_equal(&net, to))
		return wr_refuse(err, -EINVAL, "", "destination", "has bits beyond its prefix");
	return 0;
}

static int check_protocol(const struct weir_group_protocol *p, struct weir_error *err)
{
	int r = 0;

	if (p->autoconf && p->family != WEIR_FAMILY_IPV6)
		return wr_refuse(err, -EINVAL, "", "autoconf", "is for family ipv6 only");
	if (p->peerdns && !p->dhcp)
		return wr_refuse(err, -EINVAL, "", "peerdns", "is for DHCP only");
	for (size_t i = 0; i < p->n_addresses && !r; i++) {
		r = check_address(p, i, err);
		if (r)
			in_item(err, r, "addresses", i);
	}
	for (size_t i = 0; i < p->n_routes && !r; i++) {
		r = check_route(p, i, err);
		if (r)
			in_item(err, r, "routes", i);
	}
	return r;
}

static int check_protocols(const struct weir_group *g, struct weir_error *err)
{
	int r = 0;

	for (size_t i = 0; i < g->n_protocols && !r; i++) {
		const struct weir_group_protocol *p = &g->protocols[i];

		for (size_t k = 0; k < i && !r; k++)
			if (g->protocols[k].family == p->family)
				r = wr_refuse(err, -EEXIST, "", "family",
					      "is that of protocols[%zu]", k);
		if (!r)
			r = check_protocol(p, err);
		/* The kernel turns IPv6 off on a link that cannot carry its smallest packet. */
		if (!r && p->family == WEIR_FAMILY_IPV6 && g->mtu && g->mtu < 1280)
			r = wr_refuse(err, -ERANGE, "", "family", "needs an mtu of 1280 or more");
		if (r)
			in_item(err, r, "protocols", i);
	}
	return r;
}

/* --- one interface ---------------------------------------------------------------------- */

static int check_bridge(const struct weir_group *g, struct weir_error *err)
{
	uint32_t cs;

	if (g->bridge.stp == WEIR_YES && !weir_group_delay(&g->bridge, &cs) &&
	    (cs < 200 || cs > 3000))
		return wr_refuse(err, -ERANGE, "", "bridge.delay", "is outside 2..30 s, with stp");
	return 0;
}

static int check_bond(const struct weir_group *g, struct weir_error *err)
{
	const struct weir_group_bond *bond = &g->bond;

	if (bond->miimon.freq_ms && bond->arpmon.interval_ms)
		return wr_refuse(err, -EINVAL, "", "bond.arpmon", "and miimon exclude each other");
	if (bond->arpmon.interval_ms && bond->arpmon.target.family != WEIR_FAMILY_IPV4)
		return wr_refuse(err, -EINVAL, "", "bond.arpmon.target", "is no IPv4 address");
	if (bond->arpmon.interval_ms && bond->mode >= WEIR_GROUP_BOND_8023AD)
		return wr_refuse(err, -EINVAL, "", "bond.arpmon",
				 "does not work in modes 802.3ad, balance-tlb and balance-alb");
	if (bond->has & (WEIR_BOND_LACP_RATE | WEIR_BOND_AD_SELECT) && bond->mode != WEIR_GROUP_BOND_8023AD)
		return wr_refuse(err, -EINVAL, "", bond->has & WEIR_BOND_LACP_RATE ? "bond.lacpRate" : "bond.adSelect",
				 "is for mode 802.3ad only");
	if (!g->n_ports)
		return wr_refuse(err, -EINVAL, "", "ports", "is missing: a bond has at least one");
	return 0;
}

static int check_vlan(const struct weir_group *g, struct weir_error *err)
{
	char name[16];

	if (!(g->vlan.has & WEIR_GROUP_VLAN_TAG))
		return wr_refuse(err, -EINVAL, "", "vlan", "is missing");
	if (!strcmp(weir_group_name(g, name), g->vlan.base))
		return wr_refuse(err, -ELOOP, "", "vlan.base", "is the vlan itself");
	return 0;
}

/* Settings of a type that the interface is not. */
static int check_type(const struct weir_group *g, struct weir_error *err)
{
	static const struct {
		const char *row;
		uint8_t type;
	} own[] = {
		{ "bridge", WEIR_GROUP_BRIDGE },
		{ "bond", WEIR_GROUP_BOND },
		{ "vlan", WEIR_GROUP_VLAN },
		{ "mac", WEIR_GROUP_ETHERNET },
	};

	for (size_t i = 0; i < WR_COUNT(own); i++)
		if (g->type != own[i].type &&
		    wr_has(&wr_group_table, wr_find(&wr_group_table, own[i].row), g))
			return wr_refuse(err, -EINVAL, "", own[i].row, "does not belong to %s",
					 type_names[g->type]);
	if (g->n_ports && g->type != WEIR_GROUP_BRIDGE && g->type != WEIR_GROUP_BOND)
		return wr_refuse(err, -EINVAL, "", "ports", "do not belong to %s",
				 type_names[g->type]);
	return 0;
}

static int check_one(const struct weir_group *g, struct weir_error *err)
{
	char name[16];
	int r = check_type(g, err);

	if (r)
		return r;
	if (g->type == WEIR_GROUP_BRIDGE)
		r = check_bridge(g, err);
	else if (g->type == WEIR_GROUP_BOND)
		r = check_bond(g, err);
	else if (g->type == WEIR_GROUP_VLAN)
		r = check_vlan(g, err);
	if (!r && !*weir_group_name(g, name))
		r = wr_refuse(err, g->type == WEIR_GROUP_VLAN ? -ENAMETOOLONG : -EINVAL, "", "name",
			      g->type == WEIR_GROUP_VLAN ? "is needed: BASE.TAG is too long" :
							   "is missing");
	return r;
}

/* --- ports -------------------------------------------------------------------------------- */

/* Everything from the top to where the walk is, so that an interface can be compared with those above. */
struct above {
	const struct weir_group *group;
	const struct above *up;
};

static size_t count(const struct weir_group *g, const char *name)
{
	char own[16];
	size_t n = !strcmp(weir_group_name(g, own), name);

	for (size_t i = 0; i < g->n_ports; i++)
		n += count(&g->ports[i], name);
	return n;
}

/* A port is bare: what the whole group has in common is said on top. */
static int check_bare(const struct weir_group *port, struct weir_error *err)
{
	const char *what = port->start ? "start" : port->mtu ? "mtu" :
			   port->n_protocols ? "protocols" : NULL;

	return what ? wr_refuse(err, -EINVAL, "", what, "belongs to the interface on top") : 0;
}

static int check_above(const struct weir_group *port, const struct above *above,
		       struct weir_error *err)
{
	char name[16], other[16];

	weir_group_name(port, name);
	for (const struct above *a = above; a; a = a->up) {
		weir_group_name(a->group, other);
		if (!strcmp(other, name))
			return wr_refuse(err, -ELOOP, "", "name", "%s would be a port of itself", name);
		if (port->type == WEIR_GROUP_VLAN && !strcmp(other, port->vlan.base))
			return wr_refuse(err, -ELOOP, "", "vlan.base",
					 "%s would be a port of what it is based on", name);
	}
	return 0;
}

static int check_port_type(const struct weir_group *g, const struct weir_group *port,
			   struct weir_error *err)
{
	if (g->type == WEIR_GROUP_BRIDGE ? port->type == WEIR_GROUP_BRIDGE :
					   port->type != WEIR_GROUP_ETHERNET)
		return wr_refuse(err, -EINVAL, "", "type", "%s cannot be a port of %s",
				 type_names[port->type], type_names[g->type]);
	return 0;
}

static int check_ports(const struct weir_group *top, const struct weir_group *g,
		       const struct above *up, struct weir_error *err)
{
	const struct above here = { g, up };
	char name[16];
	int r = 0;

	for (size_t i = 0; i < g->n_ports && !r; i++) {
		const struct weir_group *port = &g->ports[i];

		r = check_port_type(g, port, err);
		if (!r)
			r = check_bare(port, err);
		if (!r)
			r = check_one(port, err);
		if (!r)
			r = check_above(port, &here, err);
		if (!r && count(top, weir_group_name(port, name)) > 1)
			r = wr_refuse(err, -EEXIST, "", "name", "%s is in the group twice", name);
		if (!r)
			r = check_ports(top, port, &here, err);
		if (r)
			in_item(err, r, "ports", i);
	}
	return r;
}

int weir_group_check(const struct weir_group *group, struct weir_error *err)
{
	int r;

	if (!group)
		return wr_refuse(err, -EINVAL, "interface", "", "is missing");
	r = wr_table_check(&wr_group_table, group, err);
	if (!r)
		r = check_one(group, err);
	if (!r)
		r = check_protocols(group, err);
	if (!r)
		r = check_ports(group, group, NULL, err);
	if (r && err)
		wr_format(err->object, sizeof(err->object), "interface %s",
			  memchr(group->name, 0, sizeof(group->name)) ? group->name : "?");
	return r;
}
