/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Plans of host interfaces as a pure function (lib/host/plan*.c): a host in a few
 * words, definitions, what was brought up before, and the steps that must come out,
 * in their order and with what they do to traffic. Nothing here asks a kernel, so
 * bonds and vlans are there everywhere.
 *
 *	a0 a1+			cards, the second is up
 *	br0:bridge+ bond0:bond	other kinds
 *	a2+>br0			a port
 *	v5:vlan+@a0#5		a vlan and its base
 *	a0+=10.0.0.1/24		an address; with ~ behind it one with a lifetime
 *	a0+!10.0.0.9		a default route by it
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <weir/json.h>

#include "base/file.h"
#include "host/host.h"
#include "txn/txn.h"

/* --- a host in a few words -------------------------------------------------------------------- */

static int no_sysctl(const struct wr_host *h, const char *key, char buf[32])
{
	return -ENOENT;	/* a host without IPv6 */
}

static int no_dhcp(const struct wr_host *h, const char *dev, uint8_t family)
{
	return 0;
}

static int number_of(const struct wr_host *h, const char *name)
{
	for (size_t i = 0; i < h->n_links; i++)
		if (!strcmp(h->links[i].name, name))
			return h->links[i].ifindex;
	fail_msg("%s is not before what names it", name);
	return 0;
}

/* The text up to one of @ends goes to @buf; returns where that stands. */
static const char *piece(const char *s, const char *ends, char buf[32])
{
	size_t n = strcspn(s, ends);

	assert_true(n < 32);
	memcpy(buf, s, n);
	buf[n] = '\0';
	return s + n;
}

static void add_kind(struct weir_link *l, const char *kind)
{
	l->kind = !strcmp(kind, "bridge") ? WEIR_LINK_BRIDGE : !strcmp(kind, "bond") ? WEIR_LINK_BOND :
		  !strcmp(kind, "vrf") ? WEIR_LINK_VRF : WEIR_LINK_VLAN;
	l->has |= WEIR_LINK_KIND;
	wr_copy(l->kind_name, sizeof(l->kind_name), kind);
	l->bond.has = WEIR_BOND_MODE | WEIR_BOND_MIIMON | WEIR_BOND_PRIMARY | WEIR_BOND_XMIT_HASH_POLICY |
		      WEIR_BOND_MIN_LINKS | WEIR_BOND_FAIL_OVER_MAC | WEIR_BOND_LACP_RATE;
	l->bridge.has = WEIR_BRIDGE_STP | WEIR_BRIDGE_FORWARD_DELAY;
	l->bridge.forward_delay_cs = 1500;
}

static void add_address(struct wr_host *h, int ifindex, const char *text)
{
	struct weir_addr *a = &h->addrs[h->n_addrs++];
	char address[32];

	*a = (struct weir_addr){ .sz = sizeof(*a), .ifindex = ifindex };
	text = piece(text, "/", address);
	assert_int_equal(weir_ip_parse(address, &a->local), 0);
	a->prefix = (uint8_t)strtoul(text + 1, NULL, 10);
	a->has = strchr(text, '~') ? WEIR_ADDR_LEASED : 0;
}

static void add_route(struct wr_host *h, int ifindex, const char *gateway)
{
	struct weir_route *r = &h->routes[h->n_routes++];

	*r = (struct weir_route){ .sz = sizeof(*r), .ifindex = ifindex };
	assert_int_equal(weir_ip_parse(gateway, &r->gateway), 0);
	r->dst.family = r->gateway.family;
}

static const char *add_link(struct wr_host *h, const char *s)
{
	struct weir_link *l = &h->links[h->n_links];
	char buf[32];

	*l = (struct weir_link){ .sz = sizeof(*l), .has = WEIR_LINK_NAME | WEIR_LINK_MTU | WEIR_LINK_UP | WEIR_LINK_MAC,
				 .ifindex = (int)h->n_links + 1, .mtu = 1500,
				 .mac = { 0x52, 0x54, 0, 0, 0, (uint8_t)h->n_links } };
	s = piece(s, ":+>@=! ", buf);
	wr_copy(l->name, sizeof(l->name), buf);
	while (*s && *s != ' ') {
		char what = *s++;

		if (what == '+') {
			l->is_up = true;
			continue;
		}
		s = piece(s, what == '@' ? "#" : "+>@=! ", buf);
		if (what == ':') {
			add_kind(l, buf);
		} else if (what == '>') {
			l->has |= WEIR_LINK_MASTER;
			l->master = (uint32_t)number_of(h, buf);
		} else if (what == '@') {
			l->has |= WEIR_LINK_LOWER;
			l->lower = (uint32_t)number_of(h, buf);
			s = piece(s + 1, "+>@=! ", buf);
			l->vlan = (struct weir_vlan){ .has = WEIR_VLAN_ID | WEIR_VLAN_PROTOCOL, .protocol = 0x8100,
						      .id = (uint16_t)strtoul(buf, NULL, 10) };
		} else if (what == '!') {
			add_route(h, l->ifindex, buf);
		} else {
			add_address(h, l->ifindex, buf);
		}
	}
	h->n_links++;
	return s + (*s == ' ');
}

static void make_host(struct wr_host *h, const char *words)
{
	*h = (struct wr_host){ .links = calloc(16, sizeof(*h->links)), .addrs = calloc(16, sizeof(*h->addrs)),
			       .routes = calloc(16, sizeof(*h->routes)), .sysctl = no_sysctl, .dhcp_runs = no_dhcp };
	assert_true(h->links && h->addrs && h->routes);
	while (*words)
		words = add_link(h, words);
	assert_int_equal(wr_host_sort(h), 0);
}

static struct weir_group *parse(const char *json)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_group *group = NULL;
	char *text = strdup(json);

	assert_non_null(text);
	for (char *p = text; *p; p++)
		if (*p == '\'')
			*p = '"';
	if (weir_group_parse(text, strlen(text), &group, &err) || weir_group_check(group, &err))
		fail_msg("%s: %s: %s", json, err.attr, err.msg);
	free(text);
	return group;
}

static void add_line(struct wr_live_group *live, const struct wr_host *h, const struct weir_group *g, bool is_port)
{
	struct wr_live_link *line = &live->links[live->n_links++];
	const struct weir_link *real;

	weir_group_name(g, line->name);
	real = wr_host_link(h, line->name);
	if (!real)
		fail_msg("the host has no %s", line->name);
	line->ifindex = real->ifindex;
	line->made = g->type != WEIR_GROUP_ETHERNET;
	line->raised = true;
	line->enslaved = is_port;
	for (size_t i = 0; i < g->n_ports; i++)
		add_line(live, h, &g->ports[i], true);
}

/* As if weir had brought it up. */
static void add_record(struct wr_host *h, const char *json)
{
	struct wr_live_group *live = calloc(1, sizeof(*live));
	struct weir_group *g = parse(json);

	assert_non_null(live);
	live->group = *g;
	free(g);
	weir_group_name(&live->group, live->group.name);
	live->links = calloc(16, sizeof(*live->links));
	assert_non_null(live->links);
	add_line(live, h, &live->group, false);
	h->live = calloc(1, sizeof(struct wr_live_group *));
	assert_non_null(h->live);
	h->live[h->n_live++] = live;
}

/* --- plans -------------------------------------------------------------------------------------- */

#define ETH(name) "{'type':'ethernet','name':'" name "'}"
#define BR(members, ports) "{'type':'bridge','name':'br0'" members ",'ports':[" ports "]}"
#define BOND_WITH(members, bond, ports) "{'type':'bond','name':'bond0'" members ",'bond':{" bond "},'ports':[" ports "]}"
#define BOND(bond, ports) BOND_WITH("", bond, ports)
#define VLAN(name, tag, base) "{'type':'vlan','name':'" name "','vlan':{'tag':" tag ",'base':'" base "'}}"
#define V4(list) ",'protocols':[{'family':'ipv4','addresses':[" list "]}]"
#define V6(list) ",'protocols':[{'family':'ipv6','addresses':[" list "]}]"
#define GATEWAY(gateway) ",'protocols':[{'family':'ipv4','routes':[{'gateway':'" gateway "'}]}]"
#define A1 "{'address':'10.0.0.1','prefix':24}"
#define A2 "{'address':'10.0.0.2','prefix':24}"
#define B1 "{'address':'fd00::1','prefix':64}"
#define B2 "{'address':'fd00::2','prefix':64}"

/* clang-format off */
static const struct {
	const char *name, *host, *was;
	const char *up[3];
	bool down;		/* what was there goes down */
	const char *steps;	/* "object: what (effect)" */
} plans[] = {
	{ "nothing to do", "a0+", NULL, { ETH("a0") }, false, "" },
	{ "a card", "a0", NULL, { "{'type':'ethernet','name':'a0','mtu':1400" V4(A1) "}" }, false,
	  "ethernet a0: mtu: 1400 instead of 1500 (in place)\n"
	  "ethernet a0: comes up (in place)\n"
	  "ethernet a0: gets address 10.0.0.1/24 (in place)\n" },
	{ "a bridge", "a0 a1+", NULL, { BR(V4(A1), ETH("a0") "," ETH("a1")) }, false,
	  "bridge br0: is made (in place)\n"
	  "port a0: becomes a port of br0 (in place)\n"
	  "port a0: comes up (in place)\n"
	  "port a1: becomes a port of br0 (in place)\n"
	  "bridge br0: comes up (in place)\n"
	  "bridge br0: gets address 10.0.0.1/24 (in place)\n" },
	{ "a bridge that is there", "br0:bridge+ a0+>br0", NULL, { BR("", ETH("a0")) }, false, "" },
	{ "stp", "br0:bridge+ a0+>br0", NULL, { BR(",'bridge':{'stp':true}", ETH("a0")) }, false,
	  "bridge br0: bridge.stp_state: 1 instead of 0 (flap)\n" },
	{ "a bond takes ports that are down", "a0+ a1", NULL,
	  { BOND("'mode':'active-backup','miimon':{'freq':100}", ETH("a1") "," ETH("a0")) }, false,
	  "bond bond0: is made (in place)\n"
	  "port a1: becomes a port of bond0 (in place)\n"
	  "port a0: goes down (flap)\n"
	  "port a0: becomes a port of bond0 (flap)\n"
	  "bond bond0: primary: a1 (in place)\n"
	  "bond bond0: comes up (in place)\n" },
	{ "a bond changes its mode without ports", "bond0:bond+ a0+>bond0 a1+>bond0", NULL,
	  { BOND("'mode':'802.3ad'", ETH("a0")) }, false,
	  "port a0: is let go and taken back, for another mode (flap)\n"
	  "port a1: is let go and taken back, for another mode (flap)\n"
	  "bond bond0: bond.mode: 802.3ad instead of balance-rr (flap)\n"
	  "bond bond0: was down for a moment: its addresses and routes come back (flap)\n" },
	{ "options of a bond", "bond0:bond+ a0+>bond0", NULL,
	  { BOND("'xmitHashPolicy':'layer3+4','minLinks':1", ETH("a0")) }, false,
	  "bond bond0: bond.xmit_hash_policy: layer3+4 instead of layer2\nbond.min_links: 1 instead of 0 (in place)\n" },
	{ "an option of a bond without ports", "bond0:bond+ a0+>bond0 w:vlan+@bond0#1", NULL,
	  { BOND("'failOverMac':'active'", ETH("a0")) }, false,
	  "port a0: is let go and taken back, for another fail_over_mac (flap)\n"
	  "bond bond0: bond.fail_over_mac: active instead of none (flap)\n" },
	{ "bridge, bond, ethernet", "a0 a1", NULL, { BR("", "{'type':'bond','name':'bond0','ports':[" ETH("a0") "]}") }, false,
	  "bridge br0: is made (in place)\n"
	  "bond bond0: is made (in place)\n"
	  "port a0: becomes a port of bond0 (in place)\n"
	  "port bond0: becomes a port of br0 (in place)\n"
	  "port bond0: comes up (in place)\n"
	  "bridge br0: comes up (in place)\n" },
	{ "vlans after what they stand on", "a0", NULL,
	  { VLAN("v2", "2", "v1"), VLAN("v1", "1", "bond0"), BOND("'mode':'802.3ad'", ETH("a0")) }, false,
	  "bond bond0: is made (in place)\n"
	  "port a0: becomes a port of bond0 (in place)\n"
	  "bond bond0: comes up (in place)\n"
	  "vlan v1: is made (in place)\n"
	  "vlan v1: comes up (in place)\n"
	  "vlan v2: is made (in place)\n"
	  "vlan v2: comes up (in place)\n" },
	{ "a base comes up for its vlan", "a0", NULL, { VLAN("v", "1", "a0") }, false,
	  "link a0: comes up (in place)\n"
	  "vlan v: is made (in place)\n"
	  "vlan v: comes up (in place)\n" },
	{ "a base that becomes a port", "a0", NULL, { VLAN("v", "1", "a0"), BOND("'mode':'802.3ad'", ETH("a0")) }, false,
	  "bond bond0: is made (in place)\n"
	  "port a0: becomes a port of bond0 (in place)\n"
	  "bond bond0: comes up (in place)\n"
	  "vlan v: is made (in place)\n"
	  "vlan v: comes up (in place)\n" },
	{ "a base that flaps as it becomes a port", "a0+ v:vlan+@a0#1=fd00::1/64 w:vlan@v#2", NULL,
	  { BOND("'mode':'802.3ad'", ETH("a0")) }, false,
	  "bond bond0: is made (in place)\n"
	  "port a0: goes down (flap)\n"
	  "port a0: becomes a port of bond0 (flap)\n"
	  "bond bond0: comes up (in place)\n"
	  "vlan v: was down for a moment: its addresses and routes come back (flap)\n" },
	{ "a base that its bond leaves down", "bond0:bond+ a0+>bond0 v:vlan+@a0#1", BOND("'mode':'802.3ad'", ETH("a0")),
	  { VLAN("v", "1", "a0") }, true,
	  "port a0: is let go (flap)\n"
	  "link bond0: is deleted (remake)\n"
	  "link a0: comes up (in place)\n"
	  "link a0: was down for a moment: its addresses and routes come back (flap)\n"
	  "vlan v: was down for a moment: its addresses and routes come back (flap)\n" },
	{ "vlans on a port of a bond of another mode", "bond0:bond+ a0+>bond0 v:vlan+@a0#1 w:vlan+@bond0#1", NULL,
	  { BOND("'mode':'802.3ad'", ETH("a0")) }, false,
	  "port a0: is let go and taken back, for another mode (flap)\n"
	  "bond bond0: bond.mode: 802.3ad instead of balance-rr (flap)\n"
	  "bond bond0: was down for a moment: its addresses and routes come back (flap)\n"
	  "vlan v: was down for a moment: its addresses and routes come back (flap)\n"
	  "vlan w: was down for a moment: its addresses and routes come back (flap)\n" },
	{ "addresses go when all is up again", "bond0:bond+=fd00::1/64 a0+>bond0", BOND_WITH(V6(B1), "'mode':'balance-rr'", ETH("a0")),
	  { BOND_WITH(V6(B2), "'mode':'802.3ad'", ETH("a0")) }, false,
	  "port a0: is let go and taken back, for another mode (flap)\n"
	  "bond bond0: bond.mode: 802.3ad instead of balance-rr (flap)\n"
	  "bond bond0: was down for a moment: its addresses and routes come back (flap)\n"
	  "bond bond0: gets address fd00::2/64 (in place)\n"
	  "bond bond0: loses address fd00::1/64 (address loss)\n" },
	{ "addresses of a card that goes into a bond go first", "a0+=fd00::1/64", "{'type':'ethernet','name':'a0'" V6(B1) "}",
	  { BOND("'mode':'802.3ad'", ETH("a0")) }, false,
	  "ethernet a0: loses address fd00::1/64 (address loss)\n"
	  "bond bond0: is made (in place)\n"
	  "port a0: goes down (address loss)\n"
	  "port a0: becomes a port of bond0; its own addresses stop to work (address loss)\n"
	  "bond bond0: comes up (in place)\n" },
	{ "a port goes", "br0:bridge+ a0+>br0 a1+>br0", BR("", ETH("a0") "," ETH("a1")), { BR("", ETH("a0")) }, false,
	  "port a1: is let go (flap)\n"
	  "port a1: goes down (flap)\n" },
	{ "a port of others stays", "br0:bridge+ a0+>br0 tap0+>br0", BR("", ETH("a0")), { BR("", ETH("a0")) }, false, "" },
	{ "another address", "br0:bridge+=10.0.0.1/24", BR(V4(A1), ""), { BR(V4(A2), "") }, false,
	  "bridge br0: gets address 10.0.0.2/24 (in place)\n"
	  "bridge br0: loses address 10.0.0.1/24 (address loss)\n" },
	{ "another prefix of the same address", "br0:bridge+=fd00::1/64", BR(V6(B1), ""),
	  { BR(V6("{'address':'fd00::1','prefix':96}"), "") }, false,
	  "bridge br0: loses address fd00::1/64 (address loss)\n"
	  "bridge br0: gets address fd00::1/96 (in place)\n" },
	{ "an address with a lifetime", "a0+=10.0.0.1/24~ a1+=10.0.0.1/24", NULL, { "{'type':'ethernet','name':'a0'" V4(A1) "}" }, false,
	  "ethernet a0: keeps address 10.0.0.1/24 (in place)\n" },
	{ "an address with a lifetime, which a client renews", "a0+=10.0.0.1/24~", NULL,
	  { "{'type':'ethernet','name':'a0','protocols':[{'family':'ipv4','dhcp':true,'addresses':[" A1 "]}]}" }, false,
	  "ethernet a0: gets an address by DHCP (in place)\n" },
	{ "what a client had goes behind it", "a0+=10.0.0.1/24~", "{'type':'ethernet','name':'a0','protocols':[{'family':'ipv4','dhcp':true}]}",
	  { "{'type':'ethernet','name':'a0'" V4(A2) "}" }, false,
	  "ethernet a0: its DHCP client ends (address loss)\n"
	  "ethernet a0: gets address 10.0.0.2/24 (in place)\n"
	  "ethernet a0: loses address 10.0.0.1/24 (address loss)\n" },
	{ "what stands on a link that gets smaller", "a0+ v:vlan+@a0#1 w:vlan+@v#2", NULL, { "{'type':'ethernet','name':'a0','mtu':1400}" }, false,
	  "vlan w: mtu: 1400 instead of 1500, as that of v below (in place)\n"
	  "vlan v: mtu: 1400 instead of 1500, as that of a0 below (in place)\n"
	  "ethernet a0: mtu: 1400 instead of 1500 (in place)\n" },
	{ "a base that flaps, and a vlan in a VRF", "vrf0:vrf+ a0+ v:vlan+>vrf0@a0#1", NULL, { BOND("'mode':'802.3ad'", ETH("a0")) }, false,
	  "bond bond0: is made (in place)\n"
	  "port a0: goes down (flap)\n"
	  "port a0: becomes a port of bond0 (flap)\n"
	  "bond bond0: comes up (in place)\n"
	  "vlan v: was down for a moment: its addresses and routes come back (flap)\n" },
	{ "an address of others stays", "br0:bridge+=10.0.0.1/24", BR("", ""), { BR(V4(A2), "") }, false,
	  "bridge br0: gets address 10.0.0.2/24 (in place)\n" },
	{ "a card with an address becomes a port", "a0+=10.0.0.1/24 br0:bridge+", "{'type':'ethernet','name':'a0'" V4(A1) "}",
	  { BR(V4(A1), ETH("a0")) }, false,
	  "ethernet a0: loses address 10.0.0.1/24 (address loss)\n"
	  "port a0: becomes a port of br0; its own addresses stop to work (address loss)\n"
	  "bridge br0: gets address 10.0.0.1/24 (in place)\n" },
	{ "a port becomes a card", "br0:bridge+ a0+>br0", BR("", ETH("a0")), { ETH("a0") }, true,
	  "link br0: is deleted (remake)\n"
	  "port a0: is let go (flap)\n" },
	{ "down", "br0:bridge+ a0+>br0 tap0+>br0", BR("", ETH("a0")), { NULL }, true,
	  "port tap0: is somebody else's, and loses its master (flap)\n"
	  "port a0: is let go (flap)\n"
	  "port a0: goes down (flap)\n"
	  "link br0: is deleted (remake)\n" },
	{ "a route moves with its card", "a0+!10.0.0.9", "{'type':'ethernet','name':'a0'" GATEWAY("10.0.0.9") "}",
	  { BR(GATEWAY("10.0.0.9"), ETH("a0")) }, false,
	  "ethernet a0: loses route 0.0.0.0/0 via 10.0.0.9 (address loss)\n"
	  "bridge br0: is made (in place)\n"
	  "port a0: becomes a port of br0 (in place)\n"
	  "bridge br0: comes up (in place)\n"
	  "bridge br0: gets route 0.0.0.0/0 via 10.0.0.9 (in place)\n" },
	{ "a route that goes when its card is down for a moment", "a0+!10.0.0.9", NULL,
	  { BOND_WITH(GATEWAY("10.0.0.9"), "'mode':'802.3ad'", ETH("a0")) }, false,
	  "bond bond0: is made (in place)\n"
	  "port a0: goes down (flap)\n"
	  "port a0: becomes a port of bond0 (flap)\n"
	  "bond bond0: comes up (in place)\n"
	  "bond bond0: gets route 0.0.0.0/0 via 10.0.0.9 (in place)\n" },
	{ "a route of another metric is in nobody's way", "a0+!10.0.0.9", NULL,
	  { BR(",'protocols':[{'family':'ipv4','routes':[{'gateway':'10.0.0.9','metric':7}]}]", ETH("a0")) }, false,
	  "bridge br0: is made (in place)\n"
	  "port a0: becomes a port of br0 (in place)\n"
	  "bridge br0: comes up (in place)\n"
	  "bridge br0: gets route 0.0.0.0/0 via 10.0.0.9 (in place)\n" },
	{ "a card that a vlan needs stays up", "a0+", ETH("a0"), { VLAN("v", "1", "a0") }, true,
	  "vlan v: is made (in place)\n"
	  "vlan v: comes up (in place)\n" },
};

static const struct {
	const char *name, *host, *up;
	int code;
	const char *object, *attr;
} refusals[] = {
	{ "no card", "a0", ETH("a1"), -ENODEV, "ethernet a1", "" },
	{ "another card", "a0", "{'type':'ethernet','name':'a0','mac':'52:54:00:00:00:09'}", -ENODEV, "ethernet a0", "mac" },
	{ "another kind", "br0:bond", BR("", ""), -EEXIST, "bridge br0", "name" },
	{ "no plain card", "a0:bridge", ETH("a0"), -EEXIST, "ethernet a0", "type" },
	{ "somebody else's port", "br9:bridge a0>br9", BR("", ETH("a0")), -EBUSY, "ethernet a0", "" },
	{ "somebody else's port on top", "br9:bridge a0>br9", ETH("a0"), -EBUSY, "ethernet a0", "" },
	{ "no base", "a0", VLAN("v", "1", "a9"), -ENODEV, "vlan v", "vlan.base" },
	{ "another tag", "a0 v:vlan@a0#2", VLAN("v", "1", "a0"), -EOPNOTSUPP, "vlan v", "vlan.tag" },
	{ "another base", "a0 a1 v:vlan@a1#1", VLAN("v", "1", "a0"), -EOPNOTSUPP, "vlan v", "vlan.base" },
	{ "somebody else's route by a port", "a0+!10.0.0.9", BR(GATEWAY("10.0.0.9"), ETH("a0")), -EEXIST, "bridge br0",
	  "protocols" },
	{ "somebody else's route by a bystander", "a0 a1+!10.0.0.8", BR(GATEWAY("10.0.0.9"), ETH("a0")), -EEXIST, "bridge br0",
	  "protocols" },
	{ "somebody else's route by the top", "br0:bridge+!10.0.0.8", BR(GATEWAY("10.0.0.9"), ""), -EEXIST, "bridge br0",
	  "protocols" },
	{ "more than the base carries", "a0", "{'type':'vlan','name':'v','mtu':1501,'vlan':{'tag':1,'base':'a0'}}", -ERANGE,
	  "vlan v", "mtu" },
};
/* clang-format on */

static char *steps_of(const struct wr_plan *p)
{
	struct wr_str out = { 0 };

	for (size_t i = 0; i < p->n; i++)
		wr_str_printf(&out, "%s: %s (%s)\n", p->steps[i]->shown.object, p->steps[i]->shown.what,
			      weir_effect_name(p->steps[i]->shown.effect));
	return wr_str_take(&out);
}

static void plans_are_made(void **state)
{
	for (size_t i = 0; i < WR_COUNT(plans); i++) {
		struct weir_group *up[3] = { NULL };
		struct weir_error err = WEIR_ERROR_INIT;
		struct wr_plan p = { 0 };
		struct wr_wanted want = { .up = (const struct weir_group *const *)up };
		struct wr_host h;
		char *steps;

		make_host(&h, plans[i].host);
		if (plans[i].was)
			add_record(&h, plans[i].was);
		for (; want.n_up < 3 && plans[i].up[want.n_up]; want.n_up++)
			up[want.n_up] = parse(plans[i].up[want.n_up]);
		want.down = plans[i].down ? (const struct wr_live_group *const *)h.live : NULL;
		want.n_down = plans[i].down;
		if (wr_plan_make(&p, &h, &want, false, &err))
			fail_msg("%s: %s: %s: %s", plans[i].name, err.object, err.attr, err.msg);
		steps = steps_of(&p);
		if (strcmp(steps, plans[i].steps) != 0)
			fail_msg("%s:\n%s", plans[i].name, steps);
		free(steps);
		wr_plan_done(&p);
		wr_host_done(&h);
		for (size_t k = 0; k < want.n_up; k++)
			weir_group_free(up[k]);
	}
}

static void what_cannot_be_is_refused(void **state)
{
	for (size_t i = 0; i < WR_COUNT(refusals); i++) {
		struct weir_group *up = parse(refusals[i].up);
		struct wr_wanted want = { .up = (const struct weir_group *const[]){ up }, .n_up = 1 };
		struct weir_error err = WEIR_ERROR_INIT;
		struct wr_plan p = { 0 };
		struct wr_host h;
		int r;

		make_host(&h, refusals[i].host);
		r = wr_plan_make(&p, &h, &want, false, &err);
		if (r != refusals[i].code || err.code != r || strcmp(err.object, refusals[i].object) != 0 ||
		    strcmp(err.attr, refusals[i].attr) != 0)
			fail_msg("%s: %d, %s: %s: %s", refusals[i].name, r, err.object, err.attr, err.msg);
		assert_true(*err.msg);
		wr_plan_done(&p);
		wr_host_done(&h);
		weir_group_free(up);
	}
}

static void the_worst_effect_decides(void **state)
{
	struct weir_group *up = parse(BR("", ETH("a0")));
	struct wr_wanted want = { .up = (const struct weir_group *const[]){ up }, .n_up = 1 };
	struct weir_error err = WEIR_ERROR_INIT;
	struct wr_plan p = { 0 };
	struct wr_host h;

	make_host(&h, "br0:bridge+ a0+>br0 a1+>br0");
	add_record(&h, BR("", ETH("a0") "," ETH("a1")));
	assert_int_equal(wr_plan_make(&p, &h, &want, false, &err), 0);
	assert_int_equal(wr_plan_allow(&p, WEIR_EFFECT_FLAP, &err), 0);
	assert_int_equal(wr_plan_allow(&p, WEIR_EFFECT_IN_PLACE, &err), -EBUSY);
	assert_string_equal(err.object, "port a1");
	wr_plan_done(&p);
	wr_host_done(&h);
	weir_group_free(up);
}

/* One that is started before the kernel has given out the address that it sends from ends at once. */
static void a_client_of_dhcpv6_comes_behind_its_address(void **state)
{
	static const struct weir_step_ops *const ops[] = { &weir_group_verify_step, NULL };
	char dir[] = "/tmp/weir-test-XXXXXX", path[64], folder[64];
	struct weir_options opts = { .sz = sizeof(opts), .config_dir = dir, .state_dir = dir, .step_ops = ops };
	struct weir_txn *t;
	struct weir *w;

	assert_non_null(mkdtemp(dir));
	wr_format(path, sizeof(path), "%s/dhcp-client", dir);
	wr_format(folder, sizeof(folder), "%s/state", dir);
	opts.state_dir = folder;
	assert_int_equal(wr_file_write(path, "/bin/dhclient\n", 14, 0600, false), 0);
	assert_int_equal(weir_open(&opts, &w, NULL), 0);
	assert_int_equal(weir_txn_begin(w, "test", WEIR_TXN_DRY, &t, NULL), 0);
	assert_int_equal(wr_dhcp_start(t, "a0", WEIR_FAMILY_IPV6, WEIR_ABSENT), 0);
	assert_int_equal(wr_dhcp_start(t, "a0", WEIR_FAMILY_IPV4, WEIR_ABSENT), 0);
	assert_int_equal(t->n_steps, 3);
	assert_ptr_equal(t->steps[0].ops, &weir_group_verify_step);
	assert_string_equal(weir_step_part(&t->steps[0], 1).data, "a0");
	assert_ptr_equal(t->steps[1].ops, &wr_service_start_ops);
	assert_ptr_equal(t->steps[2].ops, &wr_service_start_ops);
	weir_txn_abort(t);
	weir_close(w);
	unlink(path);
	wr_format(path, sizeof(path), "%s/dhcp-client", folder);
	rmdir(path);
	rmdir(folder);
	assert_int_equal(rmdir(dir), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plans_are_made),
		cmocka_unit_test(what_cannot_be_is_refused),
		cmocka_unit_test(the_worst_effect_decides),
		cmocka_unit_test(a_client_of_dhcpv6_comes_behind_its_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
