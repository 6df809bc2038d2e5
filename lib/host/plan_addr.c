/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What stands on the top of a group: addresses, routes, and what gives them, DHCP and
 * autoconf; how each comes and how it goes. When they go is said in plan_leave.c.
 */
#include "base/ip.h"
#include "host/plan.h"

/* --- addresses -------------------------------------------------------------------------------- */

/* @g may be NULL: no group has none. */
static const struct weir_group_protocol *protocol_of(const struct weir_group *g, uint8_t family)
{
	for (size_t i = 0; g && i < g->n_protocols; i++)
		if (g->protocols[i].family == family)
			return &g->protocols[i];
	return NULL;
}

/* IPv6 has an address once on a link: @ret may be that one with another prefix, and then this is false. */
static bool has_addr(const struct wr_host *h, const struct weir_link *real,
		     const struct weir_addr *want, const struct weir_addr **ret)
{
	size_t n = 0;
	const struct weir_addr *a = real ? wr_host_addrs(h, real->ifindex, &n) : NULL;

	for (size_t i = 0; i < n; i++) {
		const bool is_it = a[i].prefix == want->prefix;

		if (!wr_ip_equal(&a[i].local, &want->local) || (!is_it && want->local.family != WEIR_FAMILY_IPV6))
			continue;
		*ret = &a[i];
		return is_it;
	}
	return false;
}

static bool wants_addr(const struct weir_group_protocol *proto, const struct weir_addr *a)
{
	struct weir_addr other;

	for (size_t i = 0; proto && i < proto->n_addresses; i++) {
		wr_want_addr(&proto->addresses[i], &other);
		if (other.prefix == a->prefix && wr_ip_equal(&other.local, &a->local))
			return true;
	}
	return false;
}

/* A lease may be what the definition has, too. */
static bool goes_already(const struct wr_planning *p, const struct weir_addr *a)
{
	for (size_t i = 0; i < p->plan->n; i++) {
		const struct wr_plan_step *s = p->plan->steps[i];

		if (s->action == WR_ADDR_DEL && !strcmp(s->dev, p->name) &&
		    s->addr.prefix == a->prefix && wr_ip_equal(&s->addr.local, &a->local))
			return true;
	}
	return false;
}

static int del_addr(struct wr_planning *p, const struct weir_link *real,
		    const struct weir_addr *want)
{
	const struct weir_addr *there;
	char text[WEIR_IP_TEXT];
	struct wr_plan_step *s;

	if (!has_addr(p->host, real, want, &there) || goes_already(p, want))
		return 0;
	s = wr_plan_add(p, WR_ADDR_DEL, WEIR_EFFECT_ADDRESS_LOSS, wr_plan_kind(p->top->type),
			p->name, "loses address %s/%u", weir_ip_format(&want->local, text),
			want->prefix);
	if (!s)
		return -ENOMEM;
	s->addr = *there;
	return 0;
}

/*
 * What a lease gave would go when that ends, unless there is a client to renew it. And one of another prefix has to go
 * first; if it is another's, the kernel refuses.
 */
static int add_addr(struct wr_planning *p, const struct weir_link *real, const struct weir_addr *want, bool is_renewed)
{
	const struct weir_addr *there = NULL;
	const bool has = has_addr(p->host, real, want, &there);
	char text[WEIR_IP_TEXT];
	struct wr_plan_step *s;

	if (has && (is_renewed || !(there->has & WEIR_ADDR_LEASED)))
		return 0;
	if (!has && there && wants_addr(protocol_of(p->was ? &p->was->group : NULL, WEIR_FAMILY_IPV6), there) &&
	    del_addr(p, real, there))
		return -ENOMEM;
	s = wr_plan_add(p, WR_ADDR_ADD, WEIR_EFFECT_IN_PLACE, wr_plan_kind(p->top->type), p->name,
			has ? "keeps address %s/%u" : "gets address %s/%u", weir_ip_format(&want->local, text), want->prefix);
	if (!s)
		return -ENOMEM;
	s->addr = has ? *there : *want;
	return 0;
}

int wr_plan_addrs(struct wr_planning *p, const struct weir_link *real)
{
	int r = 0;

	for (size_t i = 0; i < p->top->n_protocols; i++) {
		const struct weir_group_protocol *proto = &p->top->protocols[i];

		for (size_t k = 0; k < proto->n_addresses && !r; k++) {
			struct weir_addr want;

			wr_want_addr(&proto->addresses[k], &want);
			r = add_addr(p, real, &want, proto->dhcp || proto->autoconf);
		}
	}
	return r;
}

/* Whether its addresses are no longer renewed: one that nobody renews is somebody else's soon. */
static bool ends_dhcp(const struct weir_group_protocol *old, const struct weir_group_protocol *new)
{
	return old->dhcp && !(new && new->dhcp) && old->family == WEIR_FAMILY_IPV4;
}

static int drop_leases(struct wr_planning *p, const struct weir_group_protocol *new, const struct weir_link *real)
{
	size_t n = 0;
	const struct weir_addr *a = real ? wr_host_addrs(p->host, real->ifindex, &n) : NULL;
	int r = 0;

	for (size_t i = 0; i < n && !r; i++)
		if (a[i].local.family == WEIR_FAMILY_IPV4 && !wants_addr(new, &a[i]))
			r = del_addr(p, real, &a[i]);
	return r;
}

/* The last first, so that an undo adds them in the order in which they were. */
int wr_plan_drop_addrs(struct wr_planning *p, const struct weir_group *was,
		       const struct weir_group *now, const struct weir_link *real)
{
	int r = 0;

	for (size_t i = 0; i < was->n_protocols && !r; i++) {
		const struct weir_group_protocol *old = &was->protocols[i];
		const struct weir_group_protocol *new = protocol_of(now, old->family);

		for (size_t k = old->n_addresses; k > 0 && !r; k--) {
			struct weir_addr want;

			wr_want_addr(&old->addresses[k - 1], &want);
			if (!wants_addr(new, &want))
				r = del_addr(p, real, &want);
		}
		if (!r && ends_dhcp(old, new))
			r = drop_leases(p, new, real);
	}
	return r;
}

/* --- routes ----------------------------------------------------------------------------------- */

static bool is_same_place(const struct weir_route *is, const struct weir_route *want)
{
	uint32_t metric = want->has & WEIR_ROUTE_METRIC ? want->metric :
			  want->dst.family == WEIR_FAMILY_IPV6 ? 1024 : 0;

	return is->prefix == want->prefix && is->metric == metric && wr_ip_equal(&is->dst, &want->dst);
}

static const struct weir_route *find_route(const struct wr_host *h, const struct weir_link *real,
					   const struct weir_route *want)
{
	for (size_t i = 0; real && i < h->n_routes; i++) {
		const struct weir_route *r = &h->routes[i];

		if (r->ifindex == real->ifindex && is_same_place(r, want) && r->gateway.family == want->gateway.family &&
		    (!want->gateway.family || wr_ip_equal(&r->gateway, &want->gateway)))
			return r;
	}
	return NULL;
}

static bool wants_route(const struct weir_group_protocol *proto, const struct weir_route *r)
{
	struct weir_route other;

	for (size_t i = 0; proto && i < proto->n_routes; i++) {
		wr_want_route(proto->family, &proto->routes[i], &other);
		if (other.prefix == r->prefix && wr_ip_equal(&other.dst, &r->dst) &&
		    other.gateway.family == r->gateway.family && other.metric == r->metric &&
		    (!r->gateway.family || wr_ip_equal(&other.gateway, &r->gateway)))
			return true;
	}
	return false;
}

static void route_text(const struct weir_route *r, char *buf, size_t size)
{
	char dst[WEIR_IP_TEXT], gateway[WEIR_IP_TEXT];

	wr_format(buf, size, "%s/%u%s%s", weir_ip_format(&r->dst, dst), r->prefix,
		  r->gateway.family ? " via " : "", weir_ip_format(&r->gateway, gateway));
}

#ifndef WR_NO_LOOK	/* the one-file tool (`make static`): no room, and the kernel refuses it as well */
/* What is taken from a link, or sets it down, may take its routes along: then the kernel has the last word. */
static bool may_go(const struct wr_planning *p, const struct weir_link *by)
{
	const unsigned int takes = 1 << WR_ADDR_DEL | 1 << WR_ROUTE_DEL | 1 << WR_DHCP_STOP | 1 << WR_SYSCTL;

	for (size_t i = 0; i < p->plan->n; i++)
		if (1 << p->plan->steps[i]->action & takes && !strcmp(p->plan->steps[i]->dev, by->name))
			return true;
	return wr_plan_was_down(p, by);
}

/* The kernel has a destination once for each metric, whichever link it is by. */
static int refuse_second(struct wr_planning *p, const struct weir_route *want, const char *text)
{
	for (size_t i = 0; i < p->host->n_routes; i++) {
		const struct weir_route *r = &p->host->routes[i];
		const struct weir_link *by = wr_host_index(p->host, r->ifindex);

		if (by && is_same_place(r, want) && !may_go(p, by))
			return wr_plan_refuse(p, -EEXIST, p->top, "protocols",
					      "route %s: there is one already, by %s", text, by->name);
	}
	return 0;
}
#else
#define refuse_second(p, want, text) 0
#endif

static int add_route(struct wr_planning *p, const struct weir_link *real,
		     const struct weir_route *want)
{
	struct wr_plan_step *s;
	char text[128];
	int r;

	if (find_route(p->host, real, want))
		return 0;
	route_text(want, text, sizeof(text));
	r = refuse_second(p, want, text);
	if (r)
		return r;
	s = wr_plan_add(p, WR_ROUTE_ADD, WEIR_EFFECT_IN_PLACE, wr_plan_kind(p->top->type), p->name,
			"gets route %s", text);
	if (!s)
		return -ENOMEM;
	s->route = *want;
	return 0;
}

static int del_route(struct wr_planning *p, const struct weir_link *real,
		     const struct weir_route *want)
{
	const struct weir_route *there = find_route(p->host, real, want);
	struct wr_plan_step *s;
	char text[128];

	if (!there)
		return 0;
	route_text(want, text, sizeof(text));
	s = wr_plan_add(p, WR_ROUTE_DEL, WEIR_EFFECT_ADDRESS_LOSS, wr_plan_kind(p->top->type),
			p->name, "loses route %s", text);
	if (!s)
		return -ENOMEM;
	s->route = *there;
	return 0;
}

int wr_plan_routes(struct wr_planning *p, const struct weir_link *real)
{
	int r = 0;

	for (size_t i = 0; i < p->top->n_protocols; i++)
		for (size_t k = 0; k < p->top->protocols[i].n_routes && !r; k++) {
			struct weir_route want;

			wr_want_route(p->top->protocols[i].family, &p->top->protocols[i].routes[k],
				      &want);
			r = add_route(p, real, &want);
		}
	return r;
}

int wr_plan_drop_routes(struct wr_planning *p, const struct weir_group *was,
			const struct weir_group *now, const struct weir_link *real)
{
	int r = 0;

	for (size_t i = 0; i < was->n_protocols; i++)
		for (size_t k = 0; k < was->protocols[i].n_routes && !r; k++) {
			const struct weir_group_protocol *proto = &was->protocols[i];
			struct weir_route want;

			wr_want_route(proto->family, &proto->routes[k], &want);
			if (!wants_route(protocol_of(now, proto->family), &want))
				r = del_route(p, real, &want);
		}
	return r;
}

/* --- DHCP and autoconf ------------------------------------------------------------------------ */

/* 1, or 0 if there is none, as on a host without IPv6. */
static int read_sysctl(const struct wr_planning *p, const char *key, char buf[32])
{
	int r = p->host->sysctl(p->host, key, buf);

	if (r == -ENOENT)
		return 0;
	return r ? wr_syserr(p->err, r, p->name, "sysctl %s", key) : 1;
}

static int set_sysctl(struct wr_planning *p, const struct weir_link *real, const char *family,
		      const char *key, const char *value)
{
	struct wr_plan_step *s;
	char path[80], now[32] = "";
	int r;

	wr_format(path, sizeof(path), "net/%s/conf/%s/%s", family, p->name, key);
	r = real ? read_sysctl(p, path, now) : 1;
	if (r <= 0 || !strcmp(now, value))
		return r < 0 ? r : 0;
	for (size_t i = 0; i < p->plan->n; i++)
		if (p->plan->steps[i]->action == WR_SYSCTL &&
		    !strcmp(p->plan->steps[i]->sysctl.key, path))
			return 0;
	s = wr_plan_add(p, WR_SYSCTL, WEIR_EFFECT_IN_PLACE, wr_plan_kind(p->top->type), p->name,
			real ? "%s: %s instead of %s" : "%s: %s%s", key, value, real ? now : "");
	if (!s)
		return -ENOMEM;
	wr_copy(s->sysctl.key, sizeof(s->sysctl.key), path);
	wr_copy(s->sysctl.value, sizeof(s->sysctl.value), value);
	return 0;
}

int wr_plan_stop_dhcp(struct wr_planning *p, const struct weir_group *was, const struct weir_group *now)
{
	for (size_t i = 0; i < was->n_protocols; i++) {
		const struct weir_group_protocol *old = &was->protocols[i];
		const struct weir_group_protocol *new = protocol_of(now, old->family);
		struct wr_plan_step *s;

		if (!old->dhcp || (new && new->dhcp && new->peerdns == old->peerdns))
			continue;
		s = wr_plan_add(p, WR_DHCP_STOP, WEIR_EFFECT_ADDRESS_LOSS, wr_plan_kind(was->type),
				p->name, "its DHCP client ends");
		if (!s)
			return -ENOMEM;
		s->dhcp.family = old->family;
		s->dhcp.peerdns = old->peerdns;
	}
	return 0;
}

int wr_plan_start_dhcp(struct wr_planning *p)
{
	for (size_t i = 0; i < p->top->n_protocols; i++) {
		const struct weir_group_protocol *proto = &p->top->protocols[i];
		const struct weir_group_protocol *old = protocol_of(p->was ? &p->was->group : NULL, proto->family);
		bool same = !old || !old->dhcp || old->peerdns == proto->peerdns;
		int runs = proto->dhcp && same ? p->host->dhcp_runs(p->host, p->name, proto->family) : 0;
		struct wr_plan_step *s;

		if (runs < 0)
			return wr_syserr(p->err, runs, p->name, "/proc");
		if (!proto->dhcp || runs)
			continue;
		s = wr_plan_add(p, WR_DHCP_START, WEIR_EFFECT_IN_PLACE, wr_plan_kind(p->top->type),
				p->name, "gets an address by DHCP");
		if (!s)
			return -ENOMEM;
		s->dhcp.family = proto->family;
		s->dhcp.peerdns = proto->peerdns;
	}
	return 0;
}

/* 1 is enough, unless the link forwards, as a host of virtual machines does: then it takes a 2. */
static int takes_advertisements(const struct wr_planning *p, const struct weir_link *real)
{
	char key[80], value[32];
	int r;

	wr_format(key, sizeof(key), "net/ipv6/conf/%s/accept_ra", p->name);
	r = real ? read_sysctl(p, key, value) : 0;
	if (r <= 0 || strcmp(value, "1") != 0)
		return r < 0 ? r : 0;
	wr_format(key, sizeof(key), "net/ipv6/conf/%s/forwarding", p->name);
	r = read_sysctl(p, key, value);
	return r > 0 ? !strcmp(value, "0") : r;
}

int wr_plan_autoconf(struct wr_planning *p, const struct weir_link *real)
{
	const struct weir_group_protocol *proto = protocol_of(p->top, WEIR_FAMILY_IPV6);
	int r, takes = 0;

	if (!proto)
		return 0;
	r = set_sysctl(p, real, "ipv6", "disable_ipv6", "0");
	if (!r && proto->autoconf)
		takes = takes_advertisements(p, real);
	if (takes < 0)
		return takes;
	if (!r && !takes)
		r = set_sysctl(p, real, "ipv6", "accept_ra", proto->autoconf ? "2" : "0");
	return r ? r : set_sysctl(p, real, "ipv6", "autoconf", proto->autoconf ? "1" : "0");
}

/* --- before anything goes --------------------------------------------------------------------- */

/*
 * Before addresses change: the first IPv4 address of a subnet would take the others
 * with it, whosever they are, when it goes and also when an undo takes the new one
 * back.
 */
int wr_plan_prepare_drop(struct wr_planning *p, const struct weir_group *was,
			 const struct weir_group *now, const struct weir_link *real)
{
	bool any = false;

	for (size_t i = 0; i < was->n_protocols; i++) {
		const struct weir_group_protocol *old = &was->protocols[i];
		const struct weir_group_protocol *new = protocol_of(now, old->family);
		const struct weir_addr *there;
		struct weir_addr addr;

		for (size_t k = 0; k < old->n_addresses; k++) {
			wr_want_addr(&old->addresses[k], &addr);
			any |= has_addr(p->host, real, &addr, &there) && !wants_addr(new, &addr);
		}
		any |= real && ends_dhcp(old, new);
	}
	return any ? set_sysctl(p, real, "ipv4", "promote_secondaries", "1") : 0;
}
