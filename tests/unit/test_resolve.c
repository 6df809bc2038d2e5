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
	if (weir_network_resolve(net, guest, &port, &err))
		fail_msg("%s: %s", err.attr, err.msg);
	weir_network_free(net);
	return port;
}

#define TAP(...) { .sz = sizeof(struct weir_guest), .kind = WEIR_PORT_TAP, ##__VA_ARGS__ }
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
	{ "a floor outbound",
	  TAP(.has_bandwidth = true, .bandwidth.outbound = { .average_bytes_per_s = 1, .floor_bytes_per_s = 1 }),
	  -EINVAL, "outbound.floor" },
};

static void senseless_wishes_are_refused(void **state)
{
	struct weir_network *net = parse(nat_json);

	for (size_t i = 0; i < WR_COUNT(refusals); i++) {
		const struct refusal *c = &refusals[i];
		struct weir_error err = WEIR_ERROR_INIT;
		struct weir_port port = { .ifindex = 42 };
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
	struct weir_port port;

	assert_int_equal(weir_network_resolve(net, &newer.guest, &port, NULL), 0);
	newer.more = 1;
	assert_int_equal(weir_network_resolve(net, &newer.guest, &port, NULL), -E2BIG);
	assert_int_equal(weir_network_resolve(net, &older, &port, NULL), 0);
	assert_string_equal(port.owner, "");
	weir_network_free(net);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(portgroups_and_limits),
		cmocka_unit_test(what_the_network_gives),
		cmocka_unit_test(what_nobody_gives),
		cmocka_unit_test(kinds_and_names),
		cmocka_unit_test(mac_addresses_are_passed_on),
		cmocka_unit_test(senseless_wishes_are_refused),
		cmocka_unit_test(guests_of_another_age),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
