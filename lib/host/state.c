/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What an interface is in the kernel, in the words of a definition: the other way
 * round from want.c. Everything is told that the model has a word for, whoever put
 * it there.
 */
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/ip.h"
#include "base/table.h"
#include "host/host.h"

#define RTPROT_KERNEL 2
#define RTPROT_RA 9

/* --- speed ------------------------------------------------------------------------------------- */

struct speed {
	char name[16];
	uint32_t mbit_per_s;
};

/* A card that does not know says -1: that is 0 here. */
static int ask_speed(void *arg)
{
	struct ethtool_cmd cmd = { .cmd = ETHTOOL_GSET };
	struct ifreq ifr = { .ifr_data = (void *)&cmd };
	struct speed *s = arg;
	wr_auto(fd) int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	wr_copy(ifr.ifr_name, sizeof(ifr.ifr_name), s->name);
	if (fd < 0 || ioctl(fd, SIOCETHTOOL, &ifr) < 0)
		return -errno;
	s->mbit_per_s = ethtool_cmd_speed(&cmd);
	if (s->mbit_per_s == (uint32_t)SPEED_UNKNOWN || s->mbit_per_s == UINT16_MAX)
		s->mbit_per_s = 0;
	return 0;
}

static void tell_link(const struct wr_host *h, const struct weir_link *real, struct weir_group *g)
{
	struct speed s = { .mbit_per_s = 0 };

	/* A bridge has neither. */
	if (g->type == WEIR_GROUP_BRIDGE)
		return;
	wr_copy(s.name, sizeof(s.name), real->name);
	if (real->has & WEIR_LINK_OPERSTATE && real->operstate == 6 && h->w)
		weir_in_netns(h->w, ask_speed, &s);
	g->link.has = WEIR_GROUP_LINK_SPEED;
	g->link.speed_mbit_per_s = s.mbit_per_s;
	if (real->has & WEIR_LINK_OPERSTATE && real->operstate <= 6) {
		g->link.has |= WEIR_GROUP_LINK_STATE;
		g->link.state = real->operstate;
	}
}

/* --- by type ------------------------------------------------------------------------------------- */

static uint8_t type_of(const struct weir_link *real)
{
	switch (real->kind) {
	case WEIR_LINK_BRIDGE: return WEIR_GROUP_BRIDGE;
	case WEIR_LINK_BOND: return WEIR_GROUP_BOND;
	case WEIR_LINK_VLAN: return WEIR_GROUP_VLAN;
	default: return WEIR_GROUP_ETHERNET;
	}
}

static void tell_bridge(const struct weir_link *real, struct weir_group_bridge *b)
{
	uint32_t cs = real->bridge.forward_delay_cs;

	b->stp = real->bridge.stp ? WEIR_YES : WEIR_NO;
	if (cs % 100)
		wr_format(b->delay, sizeof(b->delay), "%u.%02u", cs / 100, cs % 100);
	else
		wr_format(b->delay, sizeof(b->delay), "%u", cs / 100);
}

static void tell_vlan(const struct wr_host *h, const struct weir_link *real, struct weir_group_vlan *v)
{
	const struct weir_link *base = wr_host_index(h, (int)real->lower);

	v->has = WEIR_GROUP_VLAN_TAG;
	v->tag = real->vlan.id;
	v->protocol = real->vlan.protocol == 0x8100 ? 0 : real->vlan.protocol;
	if (base)
		wr_copy(v->base, sizeof(v->base), base->name);
}

static int tell_interface(const struct wr_host *h, const struct weir_link *real, struct weir_group *g);

/* The primary port of a bond first: that is how a definition says which it is. */
static int tell_ports(const struct wr_host *h, const struct weir_link *real, struct weir_group *g)
{
	size_t n = 0;
	int r = 0;

	for (size_t i = 0; i < h->n_links; i++)
		n += h->links[i].has & WEIR_LINK_MASTER &&
		     h->links[i].master == (uint32_t)real->ifindex;
	g->ports = calloc(n + 1, sizeof(*g->ports));
	if (!g->ports)
		return -ENOMEM;
	for (int primary = 1; primary >= 0; primary--)
		for (size_t i = 0; i < h->n_links && !r; i++) {
			const struct weir_link *port = &h->links[i];
			bool is_primary = real->kind == WEIR_LINK_BOND &&
					  real->bond.has & WEIR_BOND_PRIMARY &&
					  real->bond.primary == (uint32_t)port->ifindex;

			if (port->has & WEIR_LINK_MASTER && is_primary == (primary == 1) &&
			    port->master == (uint32_t)real->ifindex)
				r = tell_interface(h, port, &g->ports[g->n_ports++]);
		}
	return r;
}

static int tell_interface(const struct wr_host *h, const struct weir_link *real, struct weir_group *g)
{
	g->sz = sizeof(*g);
	g->type = type_of(real);
	wr_copy(g->name, sizeof(g->name), real->name);
	tell_link(h, real, g);
	switch (g->type) {
	case WEIR_GROUP_BRIDGE:
		tell_bridge(real, &g->bridge);
		return tell_ports(h, real, g);
	case WEIR_GROUP_BOND:
		wr_bond_tell(&real->bond, &g->bond);
		return tell_ports(h, real, g);
	case WEIR_GROUP_VLAN:
		tell_vlan(h, real, &g->vlan);
		break;
	default:
		if (real->has & WEIR_LINK_MAC)
			wr_mac_format(real->bond_port.has & WEIR_BOND_PORT_PERM_MAC ?
					      real->bond_port.perm_mac : real->mac, g->mac);
	}
	return 0;
}

/* --- addresses and routes ------------------------------------------------------------------------- */

static int tell_addrs(const struct wr_host *h, const struct weir_link *real,
		      struct weir_group_protocol *p)
{
	size_t n;
	const struct weir_addr *a = wr_host_addrs(h, real->ifindex, &n);

	p->addresses = calloc(n + 1, sizeof(*p->addresses));
	if (!p->addresses)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		if (a[i].local.family == p->family)
			p->addresses[p->n_addresses++] = (struct weir_group_address){
				WEIR_GROUP_PREFIX, a[i].local, a[i].prefix };
	return 0;
}

/* Those that somebody set: the kernel's own follow from addresses, a router's from the router. */
static bool is_static(const struct weir_route *r, const struct weir_link *real, uint8_t family)
{
	return r->ifindex == real->ifindex && r->dst.family == family &&
	       r->protocol != RTPROT_KERNEL && r->protocol != RTPROT_RA;
}

static int tell_routes(const struct wr_host *h, const struct weir_link *real,
		       struct weir_group_protocol *p)
{
	size_t n = 0;

	for (size_t i = 0; i < h->n_routes; i++)
		n += is_static(&h->routes[i], real, p->family);
	p->routes = calloc(n + 1, sizeof(*p->routes));
	if (!p->routes)
		return -ENOMEM;
	for (size_t i = 0; i < h->n_routes; i++) {
		const struct weir_route *r = &h->routes[i];
		struct weir_group_route *ret = &p->routes[p->n_routes];
		uint32_t usual = p->family == WEIR_FAMILY_IPV6 ? 1024 : 0;

		if (!is_static(r, real, p->family))
			continue;
		ret->gateway = r->gateway;
		ret->metric = r->metric == usual ? 0 : r->metric;
		if (r->prefix || !r->gateway.family) {
			ret->destination = r->dst;
			ret->prefix = r->prefix;
			ret->has = WEIR_GROUP_PREFIX;
		}
		p->n_routes++;
	}
	return 0;
}

static int tell_protocols(const struct wr_host *h, const struct weir_link *real, struct weir_group *g)
{
	static const uint8_t families[] = { WEIR_FAMILY_IPV4, WEIR_FAMILY_IPV6 };
	char path[80], value[32];
	int r = 0;

	g->protocols = calloc(2, sizeof(*g->protocols));
	if (!g->protocols)
		return -ENOMEM;
	for (size_t i = 0; i < 2 && !r; i++) {
		struct weir_group_protocol *p = &g->protocols[g->n_protocols];

		p->family = families[i];
		g->n_protocols++;
		r = tell_addrs(h, real, p);
		if (!r)
			r = tell_routes(h, real, p);
		wr_format(path, sizeof(path), "net/ipv6/conf/%s/accept_ra", real->name);
		if (p->family == WEIR_FAMILY_IPV6 && p->n_addresses && !h->sysctl(h, path, value))
			p->autoconf = strcmp(value, "0") != 0;
		/* A family without addresses is not told of. */
		if (!r && !p->n_addresses && !p->n_routes) {
			free(p->addresses);
			free(p->routes);
			*p = (struct weir_group_protocol){ .family = 0 };
			g->n_protocols--;
		}
	}
	return r;
}

int weir_group_state(struct weir *w, const char *name, struct weir_group **ret, struct weir_error *err)
{
	wr_auto(host) struct wr_host h = { 0 };
	const struct weir_link *real;
	struct weir_group *g;
	char object[64], why[64];
	int r = name ? wr_host_read(w, &h, err) : wr_refuse(err, -EINVAL, "interface", "name", "is missing");

	if (r)
		return r;
	wr_format(object, sizeof(object), "interface %.15s", name);
	real = wr_host_link(&h, name);
	if (!real)
		return wr_error(err, -ENODEV, WEIR_STAGE_REPLY, object, "", "%s", wr_host_missing(&h, name, why));
	g = calloc(1, sizeof(*g));
	if (!g)
		return wr_nomem(err);
	r = tell_interface(&h, real, g);
	if (!r)
		r = tell_protocols(&h, real, g);
	if (r) {
		weir_group_free(g);
		return wr_nomem(err);
	}
	g->mtu = real->has & WEIR_LINK_MTU ? real->mtu : 0;
	*ret = g;
	return 0;
}
