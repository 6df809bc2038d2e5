/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which port a guest gets (lib/network/resolve.c): a pure function, so tables of
 * what is asked of which network, and what comes out. Definitions are JSON text
 * in which ' stands for ".
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <weir/json.h>
#include <weir/network.h>

#include "base/base.h"

#define SUBNET "'ips':[{'address':'10.0.0.1','prefix':24}]"

static const char nat_json[] =
	"{'name':'net','forward':{'mode':'nat'},'bridge':{'name':'virbr7'},'mtu':1400," SUBNET ","
	"'portgroups':["
	" {'name':'plain'},"
	" {'name':'gold','bandwidth':{'inbound':{'average':1000,'peak':2000,'burst':64},"
	"  'outbound':{'average':500}}},"
	" {'name':'up','bandwidth':{'outbound':{'average':7}}}]}";
static const char default_json[] =
	"{'name':'net'," SUBNET ",'portgroups':[{'name':'first'},"
	"{'name':'usual','default':true,'bandwidth':{'inbound':{'average':3}}},"
	"{'name':'last','default':false}]}";
static const char bare_json[] = "{'name':'net','forward':{'mode':'open'}}";

static struct weir_network *parse(const char *json)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_network *net = NULL;
	char *text = strdup(json);

	assert_non_null(text);
	for (char *p = text; *p; p++)
		if (*p == '\'')
			*p = '"';
	if (weir_network_parse(text, strlen(text), &net, &err))
		fail_msg("%s: %s", err.attr, err.msg);
	free(text);
	return net;
}

static struct weir_port resolve(const char *json, const struct weir_guest *guest)
{
	struct weir_network *net = parse(json);
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_port port;

	memset(&port, 0xee, sizeof(port));
	port.sz = sizeof(port);
	if (weir_network_resolve(net, guest, &port, &err))
		fail_msg("%s: %s", err.attr, err.msg);
	weir_network_free(net);
	return port;
}

#define TAP(...) { .sz = sizeof(struct weir_guest), .kind = WEIR_PORT_TAP, ##__VA_ARGS__ }
#define MACVLAN(...) { .sz = sizeof(struct weir_guest), .kind = WEIR_PORT_MACVLAN, ##__VA_ARGS__ }
#define VETH(...) { .sz = sizeof(struct weir_guest), .kind = WEIR_PORT_VETH, ##__VA_ARGS__ }

/* --- portgroups and limits ------------------------------------------------------------------------- */

struct choice {
	const char *name, *json;
	struct weir_guest guest;
	const char *portgroup;
	uint8_t from;
	struct weir_bandwidth bandwidth;
};

#define KB 1000ull
#define GOLD { { 1000 * KB, 2000 * KB, 65536, 0 }, { 500 * KB, 0, 0, 0 } }
#define NO_LIMITS { { 0, 0, 0, 0 }, { 0, 0, 0, 0 } }

static const struct choice choices[] = {
	{ "no portgroups", bare_json, TAP(), "", 0, NO_LIMITS },
	{ "nobody asks, none is default", nat_json, TAP(), "", 0, NO_LIMITS },
	{ "nobody asks, one is default", default_json, TAP(), "usual", 2, { { 3 * KB, 0, 0, 0 }, { 0 } } },
	{ "another than the default", default_json, TAP(.portgroup = "last"), "last", 0, NO_LIMITS },
	{ "the default by its name", default_json, TAP(.portgroup = "usual"), "usual", 2,
	  { { 3 * KB, 0, 0, 0 }, { 0 } } },
	{ "without limits", nat_json, TAP(.portgroup = "plain"), "plain", 0, NO_LIMITS },
	{ "with limits", nat_json, TAP(.portgroup = "gold"), "gold", 2, GOLD },
	{ "with limits outbound", nat_json, TAP(.portgroup = "up"), "up", 2,
	  { { 0 }, { 7 * KB, 0, 0, 0 } } },
	{ "the guest's own", bare_json, TAP(.has_bandwidth = true, .bandwidth.inbound = { 5, 0, 0, 0 }), "",
	  1, { { 5, 0, 0, 0 }, { 0 } } },
	{ "the guest's replace all of the portgroup's", nat_json,
	  TAP(.portgroup = "gold", .has_bandwidth = true, .bandwidth.outbound = { 5, 0, 0, 0 }), "gold", 1,
	  { { 0 }, { 5, 0, 0, 0 } } },
	{ "the guest wants no limits", nat_json, TAP(.portgroup = "gold", .has_bandwidth = true), "gold", 1,
	  NO_LIMITS },
	{ "limits that are not said to be there", nat_json,
	  TAP(.portgroup = "gold", .bandwidth.inbound = { 5, 0, 0, 0 }), "gold", 2, GOLD },
};

static void portgroups_and_limits(void **state)
{
	for (size_t i = 0; i < WR_COUNT(choices); i++) {
		const struct choice *c = &choices[i];
		struct weir_port p = resolve(c->json, &c->guest);

		if (strcmp(p.portgroup, c->portgroup) != 0 || p.bandwidth_from != c->from ||
		    memcmp(&p.bandwidth, &c->bandwidth, sizeof(p.bandwidth)) != 0)
			fail_msg("%s: portgroup \"%s\", limits from %d", c->name, p.portgroup,
				 p.bandwidth_from);
	}
}

/* --- virtualports: the examples of libvirt's documentation and their neighbours ----------------------- */

#define U "11111111-1111-4111-8111-111111111111"
#define ABC                                                                                        \
	"{'name':'testA','forward':{'mode':'bridge'},'bridge':{'name':'ovs0'},'virtualport':{'type':'openvswitch'}," \
	"'portgroups':[{'name':'engineering','virtualport':{'profileid':'eng'}},"                  \
	"{'name':'sales','virtualport':{'profileid':'sales'}}]}"
#define DEF                                                                                        \
	"{'name':'testA','forward':{'mode':'vepa','interfaces':['p1','p2']},'virtualport':"        \
	"{'type':'802.1Qbg','typeid':1193047,'typeidversion':2},'portgroups':"                     \
	"[{'name':'engineering','virtualport':{'managerid':11}},{'name':'sales','virtualport':{'managerid':55}}]}"
#define QBG_NET(group)                                                                             \
	"{'name':'q','forward':{'mode':'vepa','interfaces':['p1']},'virtualport':{'type':'802.1Qbg'," \
	"'managerid':11,'typeid':1,'typeidversion':1},'portgroups':[" group "]}"
#define HOST_BRIDGE(members) "{'name':'h','forward':{'mode':'bridge'},'bridge':{'name':'br0'}" members "}"
#define MACVTAP "{'name':'m','forward':{'mode':'bridge','interfaces':['p1']}}"
#define NAT_NET(members) "{'name':'t','forward':{'mode':'nat'}," SUBNET members "}"

#define BOTH_IDS "'instanceid':'" U "','interfaceid':'" U "'"

struct example {
	int number;
	const char *json, *group, *guest;	/* of the guest's virtualport */
	uint32_t flags;
	const char *want;	/* NULL: refused */
	const char *attr;
};

/* A fresh id is not there yet: it is made when the port is. */
static const struct example examples[] = {
	{ 1, ABC, "sales", BOTH_IDS, 0, "'type':'openvswitch','interfaceid':'" U "','profileid':'sales'", NULL },
	{ 2, DEF, "sales", BOTH_IDS, 0,
	  "'type':'802.1Qbg','managerid':55,'typeid':1193047,'typeidversion':2,'instanceid':'" U "'", NULL },
	{ 3, ABC, "sales", NULL, 0, "'type':'openvswitch','profileid':'sales'", NULL },
	{ 4, DEF, "sales", NULL, 0, "'type':'802.1Qbg','managerid':55,'typeid':1193047,'typeidversion':2", NULL },
	{ 5, ABC, "engineering", BOTH_IDS, 0, "'type':'openvswitch','interfaceid':'" U "','profileid':'eng'",
	  NULL },
	{ 6, ABC, NULL, NULL, 0, "'type':'openvswitch'", NULL },
	{ 7, ABC, "nosuch", NULL, WEIR_GUEST_COMPATIBLE, "'type':'openvswitch'", NULL },
	{ 7, ABC, "nosuch", NULL, 0, NULL, "portgroup" },
	{ 8, DEF, NULL, NULL, 0, NULL, "virtualport.managerid" },
	{ 8, DEF, "nosuch", NULL, WEIR_GUEST_COMPATIBLE, NULL, "virtualport.managerid" },
	{ 9, ABC, "sales", "'profileid':'other'", 0, NULL, "virtualport.profileid" },
	{ 10, DEF, "sales", "'profileid':'other'", 0,
	  "'type':'802.1Qbg','managerid':55,'typeid':1193047,'typeidversion':2", NULL },
	{ 11, ABC, "sales", "'managerid':7", 0, "'type':'openvswitch','profileid':'sales'", NULL },
	{ 12, DEF, "sales", "'managerid':7", 0, NULL, "virtualport.managerid" },
	{ 13, ABC, "sales", "'type':'802.1Qbh','profileid':'sales'", 0, NULL, "virtualport.type" },
	{ 13, DEF, "sales", "'type':'802.1Qbh','profileid':'sales'", 0, NULL, "virtualport.type" },
	{ 14, DEF, "sales", "'type':'802.1Qbg','managerid':55,'typeid':1193047", 0,
	  "'type':'802.1Qbg','managerid':55,'typeid':1193047,'typeidversion':2", NULL },
	{ 15, ABC, "sales", "'type':'802.1Qbg'", 0, NULL, "virtualport.type" },
	{ 16, QBG_NET("{'name':'sales','virtualport':{'type':'802.1Qbg','managerid':12}}"), "sales", NULL, 0, NULL,
	  "virtualport.managerid" },
	{ 17, QBG_NET("{'name':'eng','virtualport':{'type':'802.1Qbh','profileid':'x'}}"), "eng", NULL, 0, NULL,
	  "virtualport.type" },
	{ 18, HOST_BRIDGE(",'portgroups':[{'name':'sales','virtualport':{'type':'openvswitch','profileid':'sl'}}]"),
	  "sales", NULL, 0, "'type':'openvswitch','profileid':'sl'", NULL },
	{ 19, HOST_BRIDGE(",'portgroups':[{'name':'sales','virtualport':{'type':'openvswitch','profileid':'sl'}}]"),
	  NULL, NULL, 0, "", NULL },
	{ 20, NAT_NET(",'portgroups':[{'name':'sales','virtualport':{'profileid':'s'}}]"), "sales", NULL, 0, "",
	  NULL },
	{ 21, NAT_NET(""), NULL, "'type':'none'", 0, NULL, "virtualport" },
	{ 21, HOST_BRIDGE(""), NULL, "'type':'none'", 0, NULL, "virtualport.type" },
	{ 21, MACVTAP, NULL, BOTH_IDS, 0, NULL, "virtualport.type" },
	{ 22, HOST_BRIDGE(""), NULL, "'type':'openvswitch','interfaceid':'" U "'", 0,
	  "'type':'openvswitch','interfaceid':'" U "'", NULL },
	{ 23, HOST_BRIDGE(""), NULL, "'type':'midonet','interfaceid':'" U "'", 0, NULL, "virtualport.type" },
	{ 23, HOST_BRIDGE(",'virtualport':{'type':'midonet','interfaceid':'" U "'}"), NULL, NULL, 0, NULL,
	  "virtualport.type" },
	{ 24, MACVTAP, NULL, "'type':'802.1Qbg','managerid':1,'typeid':2,'typeidversion':3,'instanceid':'" U "'", 0,
	  "'type':'802.1Qbg','managerid':1,'typeid':2,'typeidversion':3,'instanceid':'" U "'", NULL },
	{ 24, MACVTAP, NULL, "'type':'openvswitch'", 0, NULL, "virtualport.type" },
};

/* By way of a portgroup, which has one in JSON. */
static struct weir_virtualport profile(const char *members)
{
	struct weir_virtualport vp = { 0 };
	struct weir_network *net;
	char json[512];

	if (!members || !*members)
		return vp;
	snprintf(json, sizeof(json), "{'name':'x','portgroups':[{'name':'x','virtualport':{%s}}]}", members);
	net = parse(json);
	vp = net->portgroups[0].virtualport;
	weir_network_free(net);
	return vp;
}

static bool same_profile(const struct weir_virtualport *a, const struct weir_virtualport *b)
{
	return a->has == b->has && a->type == b->type && a->managerid == b->managerid &&
	       a->typeid_ == b->typeid_ && a->typeidversion == b->typeidversion &&
	       !strcmp(a->has & WEIR_VIRTUALPORT_INSTANCEID ? a->instanceid : "",
		       b->has & WEIR_VIRTUALPORT_INSTANCEID ? b->instanceid : "") &&
	       !strcmp(a->has & WEIR_VIRTUALPORT_INTERFACEID ? a->interfaceid : "",
		       b->has & WEIR_VIRTUALPORT_INTERFACEID ? b->interfaceid : "") &&
	       !strcmp(a->has & WEIR_VIRTUALPORT_PROFILEID ? a->profileid : "",
		       b->has & WEIR_VIRTUALPORT_PROFILEID ? b->profileid : "");
}

static void virtualports_merge(void **state)
{
	for (size_t i = 0; i < WR_COUNT(examples); i++) {
		const struct example *e = &examples[i];
		struct weir_guest guest = TAP(.portgroup = e->group, .virtualport = profile(e->guest),
					      .flags = e->flags);
		struct weir_virtualport want = profile(e->want);
		struct weir_error err = WEIR_ERROR_INIT;
		struct weir_network *net = parse(e->json);
		struct weir_port port = { .sz = sizeof(port) };
		int r = weir_network_resolve(net, &guest, &port, &err);

		if (!r != !!e->want || (r && strcmp(err.attr, e->attr) != 0))
			fail_msg("example %d (row %zu): %d: %s: %s", e->number, i, r, err.attr, err.msg);
		if (!r && !same_profile(&port.virtualport, &want))
			fail_msg("example %d (row %zu): has %llx, type %d", e->number, i,
				 (unsigned long long)port.virtualport.has, port.virtualport.type);
		if (!r)
			weir_port_done(&port);
		weir_network_free(net);
	}
}

static void missing_ids_are_made(void **state)
{
	struct weir_virtualport vp = profile("'type':'openvswitch'"), qbg = profile("'type':'802.1Qbg'");
	struct weir_virtualport given = profile("'type':'openvswitch','interfaceid':'" U "'");

	assert_int_equal(weir_virtualport_complete(&vp, false, NULL), -EINVAL);
	assert_int_equal(weir_virtualport_complete(&vp, true, NULL), 0);
	weir_virtualport_generate(&vp);
	assert_int_equal(weir_virtualport_complete(&vp, false, NULL), 0);
	assert_int_equal(strlen(vp.interfaceid), 36);
	weir_virtualport_generate(&qbg);
	assert_int_equal(strlen(qbg.instanceid), 36);
	assert_int_equal(weir_virtualport_complete(&qbg, true, NULL), -EINVAL);
	weir_virtualport_generate(&given);
	assert_string_equal(given.interfaceid, U);
	assert_true(weir_virtualport_equal(&given, &given));
	assert_false(weir_virtualport_equal(&given, &vp));
	assert_false(weir_virtualport_equal(&given, &qbg));
}

static uint64_t draw(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return *seed >> 33;
}

/* Few values, so that some agree and some do not. */
static struct weir_virtualport draw_profile(uint64_t *seed)
{
	struct weir_virtualport vp = { .has = draw(seed) & 0x7f, .type = draw(seed) % 5,
				       .managerid = draw(seed) % 2, .typeid_ = draw(seed) % 2,
				       .typeidversion = draw(seed) % 2 };

	snprintf(vp.instanceid, sizeof(vp.instanceid), "%d", (int)(draw(seed) % 2));
	snprintf(vp.interfaceid, sizeof(vp.interfaceid), "%d", (int)(draw(seed) % 2));
	snprintf(vp.profileid, sizeof(vp.profileid), "%d", (int)(draw(seed) % 2));
	if (!(vp.has & WEIR_VIRTUALPORT_TYPE))
		vp.type = 0;
	return vp;
}

/* Nothing but the three counts; a merge with nothing, or with itself, changes nothing more. */
static void merging_depends_on_its_inputs_alone(void **state)
{
	uint64_t seed = 42;

	for (int i = 0; i < 20000; i++) {
		struct weir_virtualport g = draw_profile(&seed), n = draw_profile(&seed), p = draw_profile(&seed);
		struct weir_virtualport saved[] = { g, n, p }, a, b;
		int r;

		memset(&a, 0x55, sizeof(a));
		memset(&b, 0xaa, sizeof(b));
		r = weir_virtualport_merge(&g, &n, &p, &a, NULL);
		assert_int_equal(weir_virtualport_merge(&g, &n, &p, &b, NULL), r);
		assert_memory_equal(&saved[0], &g, sizeof(g));
		assert_memory_equal(&saved[1], &n, sizeof(n));
		assert_memory_equal(&saved[2], &p, sizeof(p));
		if (r)
			continue;
		assert_memory_equal(&a, &b, sizeof(a));
		if (!a.type)
			assert_memory_equal(&a, &g, sizeof(a));
		else if (a.type != WEIR_VIRTUALPORT_MIDONET)
			assert_int_equal(weir_virtualport_check(&a, NULL), 0);
		assert_int_equal(weir_virtualport_merge(&a, NULL, NULL, &b, NULL), 0);
		assert_true(same_profile(&a, &b));
		assert_int_equal(weir_virtualport_merge(&a, &a, &a, &b, NULL), 0);
		assert_true(same_profile(&a, &b));
	}
}

/* --- modes ------------------------------------------------------------------------------------------- */

#define MODE(mode, more) "{'name':'net','forward':{'mode':'" mode "'" more "}"

static const struct {
	const char *json;
	struct weir_guest guest;
	uint8_t plug, kind, direct;
} modes[] = {
	{ bare_json, TAP(), WEIR_PLUG_NETWORK, WEIR_PORT_TAP, 0 },
	{ nat_json, VETH(.netns = "b"), WEIR_PLUG_NETWORK, WEIR_PORT_VETH, 0 },
	{ HOST_BRIDGE(""), TAP(), WEIR_PLUG_BRIDGE, WEIR_PORT_TAP, 0 },
	{ MODE("bridge", "") "}", TAP(), WEIR_PLUG_DIRECT, WEIR_PORT_MACVTAP, WEIR_DIRECT_BRIDGE },
	{ MODE("private", "") "}", TAP(), WEIR_PLUG_DIRECT, WEIR_PORT_MACVTAP, WEIR_DIRECT_PRIVATE },
	{ MODE("vepa", "") "}", TAP(), WEIR_PLUG_DIRECT, WEIR_PORT_MACVTAP, WEIR_DIRECT_VEPA },
	{ MODE("passthrough", "") "}", TAP(), WEIR_PLUG_DIRECT, WEIR_PORT_MACVTAP, WEIR_DIRECT_PASSTHROUGH },
	{ MODE("bridge", "") "}", MACVLAN(), WEIR_PLUG_DIRECT, WEIR_PORT_MACVLAN, WEIR_DIRECT_BRIDGE },
	{ MODE("private", "") "}", MACVLAN(), WEIR_PLUG_DIRECT, WEIR_PORT_MACVLAN, WEIR_DIRECT_PRIVATE },
	{ MODE("vepa", "") "}", MACVLAN(), WEIR_PLUG_DIRECT, WEIR_PORT_MACVLAN, WEIR_DIRECT_VEPA },
	{ MODE("passthrough", "") "}", MACVLAN(), WEIR_PLUG_DIRECT, WEIR_PORT_MACVLAN, WEIR_DIRECT_PASSTHROUGH },
	{ MODE("hostdev", ",'managed':true") "}", TAP(), WEIR_PLUG_HOSTDEV, WEIR_PORT_HOSTDEV, 0 },
};

static void modes_decide_what_a_port_is(void **state)
{
	for (size_t i = 0; i < WR_COUNT(modes); i++) {
		struct weir_port p = resolve(modes[i].json, &modes[i].guest);

		if (p.plug != modes[i].plug || p.kind != modes[i].kind || p.direct_mode != modes[i].direct)
			fail_msg("row %zu: plug %d, kind %d, direct mode %d", i, p.plug, p.kind, p.direct_mode);
		weir_port_done(&p);
	}
}

/* --- vlan, trust, isolation ---------------------------------------------------------------------------- */

static const char layers_json[] =
	HOST_BRIDGE(",'vlan':{'tags':[{'id':1}]},'trustGuestRxFilters':true,'portIsolated':true,'portgroups':["
		    "{'name':'own','vlan':{'tags':[{'id':2}]},'trustGuestRxFilters':false},{'name':'none'}]");

static void who_says_what(void **state)
{
	struct weir_vlan_tag tag = { .id = 3 };
	struct weir_guest own = TAP(.portgroup = "own"), none = TAP(.portgroup = "none");
	struct weir_guest all = TAP(.portgroup = "own", .vlan = { .tags = &tag, .n_tags = 1 },
				    .trust_guest_rx_filters = WEIR_YES, .isolated = WEIR_NO);
	struct weir_port p = resolve(layers_json, &own);

	assert_int_equal(p.vlan.tags[0].id, 2);
	assert_int_equal(p.vlan_from, WEIR_FROM_PORTGROUP);
	assert_int_equal(p.trust_guest_rx_filters, WEIR_NO);
	assert_int_equal(p.trust_from, WEIR_FROM_PORTGROUP);
	assert_int_equal(p.isolated, WEIR_YES);
	assert_int_equal(p.isolated_from, WEIR_FROM_NETWORK);
	weir_port_done(&p);
	p = resolve(layers_json, &none);
	assert_int_equal(p.vlan.tags[0].id, 1);
	assert_int_equal(p.vlan_from, WEIR_FROM_NETWORK);
	assert_int_equal(p.trust_guest_rx_filters, WEIR_YES);
	weir_port_done(&p);
	p = resolve(layers_json, &all);
	assert_int_equal(p.vlan.tags[0].id, 3);
	assert_int_equal(p.vlan_from, WEIR_FROM_GUEST);
	assert_int_equal(p.trust_from, WEIR_FROM_GUEST);
	assert_int_equal(p.isolated, WEIR_NO);
	weir_port_done(&p);
	assert_null(p.vlan.tags);
}

static const struct {
	const char *name, *json;
	struct weir_guest guest;
	const char *attr;
} together[] = {
	{ "vlans on an own bridge", nat_json, TAP(.vlan = { .tags = (struct weir_vlan_tag[]){ { 1, 0 } }, .n_tags = 1 }),
	  "vlan" },
	{ "vlans on vepa", MODE("vepa", "") "}",
	  TAP(.vlan = { .tags = (struct weir_vlan_tag[]){ { 1, 0 } }, .n_tags = 1 }), "vlan" },
	{ "isolation on macvtap", MACVTAP, TAP(.isolated = WEIR_YES), "isolated" },
	{ "isolation on Open vSwitch", ABC, TAP(.isolated = WEIR_YES), "isolated" },
	{ "limits of a function", MODE("hostdev", "") "}",
	  TAP(.has_bandwidth = true, .bandwidth.inbound = { 1000, 0, 0, 0 }), "bandwidth" },
	{ "a guarantee on a bridge of the host", HOST_BRIDGE(""),
	  TAP(.has_bandwidth = true, .bandwidth.inbound = { 1000, 0, 0, 1000 }), "bandwidth.inbound.floor" },
	{ "the same outbound", HOST_BRIDGE(""),
	  TAP(.has_bandwidth = true, .bandwidth.outbound = { 0, 0, 0, 1000 }), "bandwidth.outbound.floor" },
	{ "a uuid that is none", nat_json, TAP(.uuid = "x"), "uuid" },
	{ "parameters of another type", MACVTAP, TAP(.virtualport = { .has = WEIR_VIRTUALPORT_TYPE |
	  WEIR_VIRTUALPORT_MANAGERID, .type = WEIR_VIRTUALPORT_8021QBH }), "virtualport.managerid" },
};

static void what_does_not_go_together(void **state)
{
	for (size_t i = 0; i < WR_COUNT(together); i++) {
		struct weir_network *net = parse(together[i].json);
		struct weir_error err = WEIR_ERROR_INIT;
		struct weir_port port = { .sz = sizeof(port) };
		int r = weir_network_resolve(net, &together[i].guest, &port, &err);

		if (r != -EINVAL || strcmp(err.attr, together[i].attr) != 0)
			fail_msg("%s: %d: %s: %s", together[i].name, r, err.attr, err.msg);
		weir_network_free(net);
	}
}

/* --- pools -------------------------------------------------------------------------------------------- */

/* S shares, X does not; a digit is the member that is expected, - a refusal. */
static void trace(uint8_t plug, uint8_t mode, const char *asked, const char *got)
{
	struct weir_pool_entry pool[3] = { { .dev = "p1" }, { .dev = "p2" }, { .dev = "p3" } };
	struct weir_port port = { .sz = sizeof(port), .plug = plug, .direct_mode = mode };

	for (size_t i = 0; asked[i]; i++) {
		size_t at = 9;
		int r;

		port.virtualport.type = asked[i] == 'X' ? WEIR_VIRTUALPORT_8021QBH : 0;
		r = weir_pool_pick(&port, pool, 3, &at, NULL);
		if (got[i] == '-' ? r != -EBUSY : r || at != (size_t)(got[i] - '1'))
			fail_msg("%s: step %zu: %d, member %zu", asked, i, r, at);
		if (!r)
			pool[at].n_ports++;
	}
}

static void pools_are_picked_from(void **state)
{
	struct weir_port port = { .sz = sizeof(port), .plug = WEIR_PLUG_DIRECT };
	size_t at;

	trace(WEIR_PLUG_DIRECT, WEIR_DIRECT_PRIVATE, "SSXXSS", "123-12");
	trace(WEIR_PLUG_DIRECT, WEIR_DIRECT_VEPA, "SXSXS", "12312");
	trace(WEIR_PLUG_DIRECT, WEIR_DIRECT_BRIDGE, "SSSS", "1231");
	trace(WEIR_PLUG_DIRECT, WEIR_DIRECT_PASSTHROUGH, "SSSS", "123-");
	trace(WEIR_PLUG_HOSTDEV, 0, "SSSS", "123-");
	assert_int_equal(weir_pool_pick(&port, NULL, 0, &at, NULL), -ENODEV);
}

/* --- everything else ---------------------------------------------------------------------------------- */

static void what_the_network_gives(void **state)
{
	static const struct weir_guest guest = TAP();
	struct weir_port p = resolve(nat_json, &guest);

	assert_int_equal(p.sz, sizeof(p));
	assert_string_equal(p.network, "net");
	assert_string_equal(p.bridge, "virbr7");
	assert_int_equal(p.mode, WEIR_FORWARD_NAT);
	assert_int_equal(p.mtu, 1400);
	p = resolve(bare_json, &guest);
	assert_string_equal(p.bridge, "");
	assert_int_equal(p.mode, WEIR_FORWARD_OPEN);
	assert_int_equal(p.mtu, 0);
	p = resolve(default_json, &guest);
	assert_int_equal(p.mode, WEIR_FORWARD_ISOLATED);
}

/* What nobody gave stays absent: a pure function makes nothing up. */
static void what_nobody_gives(void **state)
{
	static const struct weir_guest guest = TAP();
	static const uint8_t none[6];
	struct weir_port p = resolve(nat_json, &guest);

	assert_string_equal(p.name, "");
	assert_string_equal(p.owner, "");
	assert_memory_equal(p.mac, none, 6);
	assert_memory_equal(p.host_mac, none, 6);
	assert_int_equal(p.ifindex, 0);
	assert_int_equal(p.ifb_ifindex, 0);
	assert_string_equal(p.ifb_name, "");
}

struct kind_case {
	const char *name;
	struct weir_guest guest;
	uint8_t kind;
	bool persistent;
	const char *port, *ifname, *netns, *owner;
};

static const struct kind_case kinds[] = {
	{ "a tap by name", TAP(.name = "vnet7", .owner = "guest \"1\""), WEIR_PORT_TAP, true, "vnet7", "",
	  "", "guest \"1\"" },
	{ "a tap with a queue", TAP(.n_queues = 1), WEIR_PORT_TAP, false, "", "", "", "" },
	{ "a tap with all queues", TAP(.n_queues = 256), WEIR_PORT_TAP, false, "", "", "", "" },
	{ "a tap has no other end", TAP(.ifname = "eth7", .netns = "box"), WEIR_PORT_TAP, true, "", "", "",
	  "" },
	{ "a pair", VETH(.netns = "box"), WEIR_PORT_VETH, false, "", "eth0", "box", "" },
	{ "a pair by names", VETH(.name = "v0", .netns = "/proc/1/ns/net", .ifname = "lan0"),
	  WEIR_PORT_VETH, false, "v0", "lan0", "/proc/1/ns/net", "" },
};

static void kinds_and_names(void **state)
{
	for (size_t i = 0; i < WR_COUNT(kinds); i++) {
		const struct kind_case *c = &kinds[i];
		struct weir_port p = resolve(nat_json, &c->guest);

		if (p.kind != c->kind || p.persistent != c->persistent || strcmp(p.name, c->port) != 0 ||
		    strcmp(p.ifname, c->ifname) != 0 || strcmp(p.netns, c->netns) != 0 ||
		    strcmp(p.owner, c->owner) != 0)
			fail_msg("%s: kind %d, persistent %d, \"%s\", \"%s\", \"%s\", \"%s\"", c->name,
				 p.kind, p.persistent, p.name, p.ifname, p.netns, p.owner);
	}
}

static void mac_addresses_are_passed_on(void **state)
{
	static const struct weir_guest guest = TAP(.mac = { 0x52, 0x54, 0, 1, 2, 3 });
	struct weir_port p = resolve(bare_json, &guest);

	assert_memory_equal(p.mac, guest.mac, 6);
}

/* --- refusals --------------------------------------------------------------------------------------------- */

static const char x256[] = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
			   "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
			   "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
			   "xxxxxxxxxxxxxxxx";

struct refusal {
	const char *name;
	struct weir_guest guest;
	int code;
	const char *attr;
};

static const struct refusal refusals[] = {
	{ "no size", { .kind = WEIR_PORT_TAP }, -EINVAL, "sz" },
	{ "a kind that is none", { .sz = sizeof(struct weir_guest), .kind = 2 }, -EINVAL, "kind" },
	{ "an unknown portgroup", TAP(.portgroup = "silver"), -ENOENT, "portgroup" },
	{ "a portgroup without a name", TAP(.portgroup = ""), -ENOENT, "portgroup" },
	{ "names are not alike", TAP(.portgroup = "Gold"), -ENOENT, "portgroup" },
	{ "a pair that ends nowhere", VETH(), -EINVAL, "netns" },
	{ "a pair with queues", VETH(.netns = "box", .n_queues = 1), -EINVAL, "queues" },
	{ "too many queues", TAP(.n_queues = 257), -ERANGE, "queues" },
	{ "a multicast MAC", TAP(.mac = { 0x53 }), -EINVAL, "mac" },
	{ "a long name", TAP(.name = "0123456789abcdef"), -EINVAL, "name" },
	{ "an empty name", TAP(.name = ""), -EINVAL, "name" },
	{ "a name with a slash", TAP(.name = "a/b"), -EINVAL, "name" },
	{ "a name with a space", TAP(.name = "a b"), -EINVAL, "name" },
	{ "a name that the kernel would number", TAP(.name = "vnet%d"), -EINVAL, "name" },
	{ "a bad name inside", VETH(.netns = "box", .ifname = "a:b"), -EINVAL, "ifname" },
	{ "an owner of 256 bytes", TAP(.owner = x256), -ENAMETOOLONG, "owner" },
	{ "a namespace of 256 bytes", VETH(.netns = x256), -ENAMETOOLONG, "netns" },
	{ "senseless limits", TAP(.has_bandwidth = true, .bandwidth.inbound = { .burst_bytes = 1 }), -EINVAL,
	  "inbound.burst" },
};

static void senseless_wishes_are_refused(void **state)
{
	struct weir_network *net = parse(nat_json);

	for (size_t i = 0; i < WR_COUNT(refusals); i++) {
		const struct refusal *c = &refusals[i];
		struct weir_error err = WEIR_ERROR_INIT;
		struct weir_port port = { .sz = sizeof(port), .ifindex = 42 };
		int r = weir_network_resolve(net, &c->guest, &port, &err);

		if (r != c->code || err.code != r || strcmp(err.attr, c->attr) != 0 || !*err.msg)
			fail_msg("%s: %d, \"%s\": %s", c->name, r, err.attr, err.msg);
		assert_int_equal(err.stage, WEIR_STAGE_INPUT);
		assert_int_equal(port.ifindex, 42);
		assert_int_equal(weir_network_resolve(net, &c->guest, &port, NULL), c->code);
	}
	weir_network_free(net);
}

/* A program that was compiled with a later version of the library. */
static void guests_of_another_age(void **state)
{
	struct {
		struct weir_guest guest;
		uint64_t more;
	} newer = { .guest = { .sz = sizeof(newer) } };
	struct weir_guest older = { .sz = offsetof(struct weir_guest, owner), .owner = "not looked at" };
	struct weir_network *net = parse(nat_json);
	struct weir_port port = { .sz = sizeof(port) };

	assert_int_equal(weir_network_resolve(net, &newer.guest, &port, NULL), 0);
	newer.more = 1;
	assert_int_equal(weir_network_resolve(net, &newer.guest, &port, NULL), -E2BIG);
	assert_int_equal(weir_network_resolve(net, &older, &port, NULL), 0);
	assert_string_equal(port.owner, "");
	weir_network_free(net);
}

/* Nothing is written, read or left behind the end of a struct that knows no addresses. */
static void ports_of_another_age(void **state)
{
	const struct weir_ip address = { .family = WEIR_FAMILY_IPV4, .bytes = { 10, 0, 0, 7 } };
	const struct weir_guest guest = TAP(.owner = "alice", .addresses = &address, .n_addresses = 1);
	const size_t sz = offsetof(struct weir_port, addresses);
	struct weir_network *net = parse(nat_json);
	struct weir_port older, untouched, unset = { 0 };

	memset(&untouched, 0xee, sizeof(untouched));
	older = untouched;
	older.sz = sz;
	assert_int_equal(weir_network_resolve(net, &guest, &older, NULL), 0);
	assert_int_equal(older.sz, sz);
	assert_string_equal(older.owner, "alice");
	assert_memory_equal((char *)&older + sz, (char *)&untouched + sz, sizeof(older) - sz);
	weir_port_done(&older);
	assert_memory_equal((char *)&older + sz, (char *)&untouched + sz, sizeof(older) - sz);
	assert_int_equal(weir_network_resolve(net, &guest, &unset, NULL), -EINVAL);
	weir_network_free(net);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(portgroups_and_limits),
		cmocka_unit_test(virtualports_merge),
		cmocka_unit_test(missing_ids_are_made),
		cmocka_unit_test(merging_depends_on_its_inputs_alone),
		cmocka_unit_test(modes_decide_what_a_port_is),
		cmocka_unit_test(who_says_what),
		cmocka_unit_test(what_does_not_go_together),
		cmocka_unit_test(pools_are_picked_from),
		cmocka_unit_test(what_the_network_gives),
		cmocka_unit_test(what_nobody_gives),
		cmocka_unit_test(kinds_and_names),
		cmocka_unit_test(mac_addresses_are_passed_on),
		cmocka_unit_test(senseless_wishes_are_refused),
		cmocka_unit_test(ports_of_another_age),
		cmocka_unit_test(guests_of_another_age),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
