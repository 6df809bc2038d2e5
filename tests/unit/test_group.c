/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Definitions of host interface groups: that everything netcf's documents say has
 * a place in JSON and comes back as it was written, and for each rule of
 * lib/host/check.c a definition that breaks it, with code and path. Definitions are
 * JSON text in which ' stands for ".
 */
#include <glob.h>
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

#include "base/file.h"
#include "host/tables.h"

static int try_parse(const char *json, struct weir_group **ret, struct weir_error *err)
{
	char *text = strdup(json);
	int r;

	assert_non_null(text);
	for (char *p = text; *p; p++)
		if (*p == '\'')
			*p = '"';
	r = weir_group_parse(text, strlen(text), ret, err);
	free(text);
	return r;
}

static struct weir_group *parse(const char *json)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_group *group = NULL;

	if (try_parse(json, &group, &err))
		fail_msg("%s: %s: %s", json, err.attr, err.msg);
	assert_int_equal(group->sz, sizeof(*group));
	return group;
}

/* --- what must come back as it was ---------------------------------------------------- */

/* One for each document of netcf's and libvirt's tests: what is said, and what is left unsaid. */
static const char *const documents[] = {
	"{'type':'bond','name':'bond0','start':'none','protocols':[{'family':'ipv4','addresses':"
	"[{'address':'192.168.50.7','prefix':24}],'routes':[{'gateway':'192.168.50.1'}]}],"
	"'bond':{'mode':'active-backup','arpmon':{'interval':100,'target':'192.168.50.1',"
	"'validate':'active'}},'ports':[{'type':'ethernet','name':'eth1'},"
	"{'type':'ethernet','name':'eth0'}]}",
	"{'type':'bond','name':'bond0','start':'none','link':{'speed':1000,'state':'up'},"
	"'bond':{'mode':'active-backup','miimon':{'freq':100,'updelay':10,'carrier':'ioctl'}},"
	"'ports':[{'type':'ethernet','name':'eth1'},{'type':'ethernet','name':'eth0'}]}",
	"{'type':'bridge','name':'br0','start':'onboot','mtu':1500,'bridge':{'stp':false},'ports':"
	"[{'type':'ethernet','name':'eth2'},{'type':'bond','name':'bond0','bond':{'mode':"
	"'active-backup','miimon':{'freq':100,'downdelay':0,'updelay':10,'carrier':'netif'}},"
	"'ports':[{'type':'ethernet','name':'eth1'},{'type':'ethernet','name':'eth0'}]}]}",
	"{'type':'bridge','name':'br0','start':'onboot','protocols':[{'family':'ipv4','dhcp':true}],"
	"'bridge':{'stp':false},'ports':[{'type':'vlan','name':'eth0.42','vlan':{'tag':42,"
	"'base':'eth0'}}]}",
	"{'type':'bridge','name':'br0','start':'onboot','mtu':1500,'bridge':{'stp':false,'delay':"
	"'0.01'},'ports':[{'type':'ethernet','name':'eth0','link':{'speed':10},'mac':"
	"'ab:bb:cc:dd:ee:ff'},{'type':'ethernet','name':'eth1'}]}",
	"{'type':'bridge','name':'br0','start':'hotplug','bridge':{'stp':true,'delay':'5.50'}}",
	"{'type':'bridge','name':'br0'}",
	"{'type':'ethernet','name':'eth1','start':'onboot','protocols':[{'family':'ipv4','dhcp':true,"
	"'peerdns':true,'addresses':[{'address':'192.168.0.5','prefix':24},{'address':'1.2.3.4',"
	"'prefix':32}],'routes':[{'gateway':'192.168.0.1'}]}]}",
	"{'type':'ethernet','name':'eth0','start':'none','mtu':1492,'protocols':[{'family':'ipv4',"
	"'dhcp':true,'peerdns':false}],'link':{'state':'down'},'mac':'AA:bb:cc:dd:ee:0F'}",
	"{'type':'ethernet','name':'eth1','protocols':[{'family':'ipv4','addresses':[{'address':"
	"'192.168.0.5'}],'routes':[{'gateway':'192.168.0.1'}]}]}",
	"{'type':'ethernet','name':'eth0','protocols':[{'family':'ipv6','autoconf':true}]}",
	"{'type':'ethernet','name':'eth0','protocols':[{'family':'ipv6','autoconf':true,'dhcp':true}]}",
	"{'type':'ethernet','name':'eth0','protocols':[{'family':'ipv6'}]}",
	"{'type':'ethernet','name':'eth0','protocols':[{'family':'ipv6','addresses':[{'address':"
	"'3ffe:ffff:0:5::1','prefix':128},{'address':'3ffe:ffff:0:5::3','prefix':0}],'routes':"
	"[{'gateway':'3ffe:ffff:1234:5678::1'}]}]}",
	"{'type':'ethernet','name':'eth0','protocols':[{'family':'ipv6'},{'family':'ipv4','routes':"
	"[{'destination':'10.0.0.0','prefix':8,'gateway':'192.0.2.1','metric':7},"
	"{'destination':'10.1.2.3'}]}]}",
	"{'type':'vlan','name':'eth0.42','start':'onboot','link':{'state':'lowerlayerdown'},"
	"'vlan':{'tag':42,'base':'eth0'}}",
	"{'type':'vlan','link':{'speed':0,'state':'unknown'},'vlan':{'tag':0,'protocol':'802.1ad',"
	"'base':'eth0'}}",
};

static void documents_come_back(void **state)
{
	for (size_t i = 0; i < WR_COUNT(documents); i++) {
		struct weir_error err = WEIR_ERROR_INIT;
		struct weir_group *group = parse(documents[i]), *copy = NULL;
		struct wr_str out = { 0 };

		if (weir_group_check(group, &err))
			fail_msg("%s: %s: %s", documents[i], err.attr, err.msg);
		assert_int_equal(weir_group_copy(group, &copy), 0);
		weir_group_free(group);
		wr_str_putc(&out, '{');
		wr_table_json(&wr_group_table, copy, -1, &out);
		wr_str_putc(&out, '}');
		for (char *p = out.data; *p; p++)
			if (*p == '"')
				*p = '\'';
		assert_string_equal(wr_str_text(&out), documents[i]);
		wr_str_done(&out);
		weir_group_free(copy);
	}
}

static void vlans_are_named(void **state)
{
	static const struct {
		const char *json, *name;
	} cases[] = {
		{ "{'type':'vlan','vlan':{'tag':42,'base':'eth0'}}", "eth0.42" },
		{ "{'type':'vlan','name':'dmz','vlan':{'tag':42,'base':'eth0'}}", "dmz" },
		{ "{'type':'vlan','vlan':{'tag':4094,'base':'enp0s31f6x'}}", "enp0s31f6x.4094" },
		{ "{'type':'vlan','vlan':{'tag':4094,'base':'enp0s31f6xx'}}", "" },
	};
	char name[16];

	for (size_t i = 0; i < WR_COUNT(cases); i++) {
		struct weir_group *group = parse(cases[i].json);

		assert_string_equal(weir_group_name(group, name), cases[i].name);
		weir_group_free(group);
	}
}

static void delays_are_read(void **state)
{
	static const struct {
		const char *text;
		int code;
		uint32_t cs;
	} cases[] = {
		{ "", -ENOENT, 0 },	  { "0", 0, 0 },	    { "0.01", 0, 1 },
		{ "15", 0, 1500 },	  { "2.5", 0, 250 },	    { ".5", 0, 50 },
		{ "5.", 0, 500 },	  { "1.999", 0, 199 },	    { "007.00", 0, 700 },
		{ ".", -EINVAL, 0 },	  { "-1", -EINVAL, 0 },	    { "1e3", -EINVAL, 0 },
		{ "1.2.3", -EINVAL, 0 },  { " 1", -EINVAL, 0 },	    { "1000000", 0, 100000000 },
		{ "1000001", -ERANGE, 0 }, { "99999999999999999", -ERANGE, 0 },
	};

	for (size_t i = 0; i < WR_COUNT(cases); i++) {
		struct weir_group_bridge bridge = { .stp = WEIR_ABSENT };
		uint32_t cs = 0;

		wr_copy(bridge.delay, sizeof(bridge.delay), cases[i].text);
		if (weir_group_delay(&bridge, &cs) != cases[i].code || cs != cases[i].cs)
			fail_msg("\"%s\": %u", cases[i].text, cs);
	}
}

/* --- what is refused ---------------------------------------------------------------------- */

#define ETH(name) "{'type':'ethernet','name':'" name "'}"
#define ONE(members) "{'type':'ethernet','name':'eth0'," members "}"
#define BR(ports) "{'type':'bridge','name':'br0','ports':[" ports "]}"
#define BOND(members) "{'type':'bond','name':'bond0'," members ",'ports':[" ETH("eth0") "]}"
#define VLAN(name, base) "{'type':'vlan','name':'" name "','vlan':{'tag':1,'base':'" base "'}}"
#define V4(members) ONE("'protocols':[{'family':'ipv4'," members "}]")
#define V6(members) ONE("'protocols':[{'family':'ipv6'," members "}]")

/* clang-format off */
static const struct {
	const char *name, *json;
	int code;
	const char *attr;
	bool in_text;	/* refused already when the text is read */
} refused[] = {
	/* --- what must be there, and what a member may hold */
	{ "no type", "{'name':'eth0'}", -EINVAL, "type", true },
	{ "no known type", "{'type':'team','name':'a'}", -EINVAL, "type", true },
	{ "an unknown member", "{'type':'ethernet','name':'a','mtuu':1}", -EINVAL, "mtuu", true },
	{ "an unknown member inside", BR("{'type':'ethernet','nam':'a'}"), -EINVAL, "ports[0].nam", true },
	{ "no name", "{'type':'ethernet'}", -EINVAL, "name", false },
	{ "a long name", "{'type':'ethernet','name':'abcdefghijklmnop'}", -EINVAL, "name", true },
	{ "a name made too long", "{'type':'vlan','vlan':{'tag':1000,'base':'abcdefghijklmno'}}", -ENAMETOOLONG,
	  "name", false },
	{ "an unknown bond mode", BOND("'bond':{'mode':'fast'}"), -EINVAL, "bond.mode", true },
	{ "vlan 4096", "{'type':'vlan','vlan':{'tag':4096,'base':'eth0'}}", -ERANGE, "vlan.tag", true },
	{ "vlan 4095", "{'type':'vlan','vlan':{'tag':4095,'base':'eth0'}}", -ERANGE, "vlan.tag", true },
	{ "no vlan", "{'type':'vlan','name':'a'}", -EINVAL, "vlan", false },
	{ "no base", "{'type':'vlan','vlan':{'tag':1}}", -EINVAL, "vlan.base", true },
	{ "no freq", BOND("'bond':{'miimon':{'updelay':1}}"), -EINVAL, "bond.miimon.freq", true },
	{ "no target", BOND("'bond':{'arpmon':{'interval':1}}"), -EINVAL, "bond.arpmon.target", true },
	{ "a delay that is none", "{'type':'bridge','name':'b','bridge':{'delay':'soon'}}", -EINVAL,
	  "bridge.delay", true },
	{ "a MAC that is none", ONE("'mac':'52:54'"), -EINVAL, "mac", true },
	{ "an mtu too small", ONE("'mtu':67"), -ERANGE, "mtu", true },

	/* --- what does not belong to the type */
	{ "a bridge's settings", ONE("'bridge':{'stp':true}"), -EINVAL, "bridge", false },
	{ "a bond's settings", "{'type':'bridge','name':'b','bond':{'mode':'802.3ad'}}", -EINVAL, "bond", false },
	{ "a vlan's settings", ONE("'vlan':{'tag':1,'base':'a'}"), -EINVAL, "vlan", false },
	{ "a bridge's MAC", "{'type':'bridge','name':'b','mac':'52:54:00:00:00:01'}", -EINVAL, "mac", false },
	{ "ports of an ethernet", ONE("'ports':[" ETH("a") "]"), -EINVAL, "ports", false },

	/* --- bridge and bond */
	{ "a short delay with stp", "{'type':'bridge','name':'b','bridge':{'stp':true,'delay':'1.99'}}", -ERANGE,
	  "bridge.delay", false },
	{ "two monitors", BOND("'bond':{'miimon':{'freq':1},'arpmon':{'interval':1,'target':'10.0.0.1'}}"), -EINVAL,
	  "bond.arpmon", false },
	{ "an IPv6 target", BOND("'bond':{'arpmon':{'interval':1,'target':'::1'}}"), -EINVAL,
	  "bond.arpmon.target", false },
	{ "ARP with LACP", BOND("'bond':{'mode':'802.3ad','arpmon':{'interval':1,'target':'10.0.0.1'}}"), -EINVAL,
	  "bond.arpmon", false },
	{ "a rate of LACP without LACP", BOND("'bond':{'lacpRate':'fast'}"), -EINVAL, "bond.lacpRate", false },
	{ "no ports", "{'type':'bond','name':'bond0'}", -EINVAL, "ports", false },

	/* --- what a port may be */
	{ "a bridge in a bridge", BR(BR(ETH("a"))), -EINVAL, "ports[0].type", false },
	{ "a vlan in a bond", "{'type':'bond','name':'b','ports':[" VLAN("v", "a") "]}", -EINVAL, "ports[0].type",
	  false },
	{ "a bond in a bond", "{'type':'bond','name':'b','ports':[" BOND("'start':'none'") "]}", -EINVAL,
	  "ports[0].type", false },
	{ "a port's start", BR("{'type':'ethernet','name':'a','start':'none'}"), -EINVAL, "ports[0].start", false },
	{ "a port's mtu", BR("{'type':'ethernet','name':'a','mtu':1500}"), -EINVAL, "ports[0].mtu", false },
	{ "a port's address", BR("{'type':'ethernet','name':'a','protocols':[{'family':'ipv6'}]}"), -EINVAL,
	  "ports[0].protocols", false },
	{ "a port without name", BR(ETH("a") ",{'type':'ethernet'}"), -EINVAL, "ports[1].name", false },

	/* --- loops and twins */
	{ "a bridge in itself", BR(ETH("br0")), -ELOOP, "ports[0].name", false },
	{ "a vlan on itself", VLAN("v", "v"), -ELOOP, "vlan.base", false },
	{ "a vlan over its own bridge", BR(VLAN("v", "br0")), -ELOOP, "ports[0].vlan.base", false },
	{ "a bond below itself", BR(BOND("'start':'none'") "," ETH("bond0")), -EINVAL, "ports[0].start", false },
	{ "a port claimed twice", BR("{'type':'bond','name':'b','ports':[" ETH("a") "]}," ETH("a")), -EEXIST,
	  "ports[0].ports[0].name", false },

	/* --- addresses */
	{ "a family twice", ONE("'protocols':[{'family':'ipv4'},{'family':'ipv6'},{'family':'ipv4'}]"), -EEXIST,
	  "protocols[2].family", false },
	{ "an address of the other family", V4("'addresses':[{'address':'::1'}]"), -EINVAL,
	  "protocols[0].addresses[0].address", false },
	{ "an address twice", V4("'addresses':[{'address':'10.0.0.1'},{'address':'10.0.0.1','prefix':8}]"), -EEXIST,
	  "protocols[0].addresses[1].address", false },
	{ "too long a prefix", V4("'addresses':[{'address':'10.0.0.1','prefix':33}]"), -ERANGE,
	  "protocols[0].addresses[0].prefix", false },
	{ "a route to nowhere", V4("'routes':[{'metric':1}]"), -EINVAL, "protocols[0].routes[0].gateway", false },
	{ "a route of the other family", V4("'routes':[{'gateway':'::1'}]"), -EINVAL,
	  "protocols[0].routes[0].gateway", false },
	{ "bits beyond the prefix", V4("'routes':[{'destination':'10.0.0.1','prefix':8}]"), -EINVAL,
	  "protocols[0].routes[0].destination", false },
	{ "a prefix of nothing", V4("'routes':[{'gateway':'10.0.0.1','prefix':8}]"), -ERANGE,
	  "protocols[0].routes[0].prefix", false },
	{ "IPv4 by itself", V4("'autoconf':true"), -EINVAL, "protocols[0].autoconf", false },
	{ "name servers of nobody", V6("'peerdns':true"), -EINVAL, "protocols[0].peerdns", false },
	{ "IPv6 in small packets", ONE("'mtu':1279,'protocols':[{'family':'ipv6'}]"), -ERANGE,
	  "protocols[0].family", false },
};
/* clang-format on */

static void bad_definitions_are_refused(void **state)
{
	for (size_t i = 0; i < WR_COUNT(refused); i++) {
		struct weir_error err = WEIR_ERROR_INIT;
		struct weir_group *group = NULL;
		int r = try_parse(refused[i].json, &group, &err);

		if (!!r != refused[i].in_text)
			fail_msg("%s: when it is read: %d: %s: %s", refused[i].name, r, err.attr,
				 err.msg);
		if (!r) {
			r = weir_group_check(group, &err);
			assert_int_equal(weir_group_check(group, NULL), r);
		}
		if (r != refused[i].code || err.code != r || strcmp(err.attr, refused[i].attr) != 0)
			fail_msg("%s: %d, \"%s\": %s", refused[i].name, r, err.attr, err.msg);
		assert_int_equal(err.stage, WEIR_STAGE_INPUT);
		assert_true(*err.msg);
		weir_group_free(group);
	}
}

/* The examples that the README names. */
static void examples_are_good(void **state)
{
	struct weir_error err = WEIR_ERROR_INIT;
	glob_t files;

	assert_int_equal(glob("examples/host/*.json", 0, NULL, &files), 0);
	for (size_t i = 0; i < files.gl_pathc; i++) {
		wr_auto(str) struct wr_str text = { 0 };
		struct weir_group *group = NULL;

		assert_int_equal(wr_file_read(files.gl_pathv[i], &text), 0);
		if (weir_group_parse(text.data, text.len, &group, &err) || weir_group_check(group, &err))
			fail_msg("%s: %s: %s", files.gl_pathv[i], err.attr, err.msg);
		weir_group_free(group);
	}
	globfree(&files);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(documents_come_back),
		cmocka_unit_test(vlans_are_named),
		cmocka_unit_test(delays_are_read),
		cmocka_unit_test(bad_definitions_are_refused),
		cmocka_unit_test(examples_are_good),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
