/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Groups with bonds and vlans in a real kernel (lib/host), which not every kernel
 * has: netcf's documents brought up, changed and taken down; the order that bonds
 * want; what a bond loses and gets back when it must go down. In the lab nothing of
 * this is skipped.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <weir/json.h>
#include <weir/link.h>

#include "lib_host.h"
#include "tests/common/own_ns.h"

static void need(const char *kind)
{
	char why[64];

	snprintf(why, sizeof(why), "the kernel has no %s", kind);
	if (!own_try("ip link add %s name need0 type %s %s && ip link del need0", strcmp(kind, "vlan") ? "" : "link a0",
		     kind, strcmp(kind, "vlan") ? "" : "id 5"))
		own_skip(why);
}

#define BOND(bond, ports) "{'type':'bond','name':'bond0','bond':{" bond "},'ports':[" ports "]}"
#define MIIMON "'miimon':{'freq':100,'updelay':200,'downdelay':0}"

/* What is up is what was asked for, also in the words of a definition. */
static void assert_as_defined(const char *name, const char *json)
{
	struct weir_group *is = NULL;
	struct weir_error err = WEIR_ERROR_INIT;
	char *text = NULL;

	host_assert_settled(json);
	assert_int_equal(weir_group_state(host_w, name, &is, NULL), 0);
	if (weir_group_check(is, &err))
		fail_msg("%s: %s", err.attr, err.msg);
	assert_int_equal(weir_group_json(is, &text), 0);
	if (host_n_steps(text))
		fail_msg("not settled: %s", text);
	free(text);
	weir_group_free(is);
}

/* --- bonds -------------------------------------------------------------------------------- */

static void bonds_of_every_mode(void **state)
{
	static const char *const bonds[] = {
		"'mode':'balance-rr'," MIIMON,
		"'mode':'active-backup','miimon':{'freq':100,'updelay':10,'carrier':'netif'}",
		"'mode':'active-backup','arpmon':{'interval':100,'target':'192.168.50.1','validate':'active'}",
		"'mode':'balance-xor'," MIIMON,
		"'mode':'broadcast'",
		"'mode':'802.3ad'," MIIMON,
		"'mode':'balance-tlb'," MIIMON,
		"'mode':'balance-alb'," MIIMON,
	};
	char json[512];

	need("bond");
	for (size_t i = 0; i < sizeof(bonds) / sizeof(bonds[0]); i++) {
		char *before = ns_snapshot();

		snprintf(json, sizeof(json), BOND("%s", ETH("a1") "," ETH("a0")), bonds[i]);
		host_up(json);
		ns_sh("set -e; ip -d -j link show bond0 | jq -e '.[0].flags | index(\"UP\")' >/dev/null;"
		      "for p in a0 a1; do ip -j link show $p | jq -e '.[0] | .master == \"bond0\" and "
		      "(.flags | index(\"UP\"))' >/dev/null; done");
		assert_as_defined("bond0", json);
		host_down("bond0");
		ns_assert_same(before, json);
		free(before);
	}
	host_up(BOND("'mode':'active-backup'," MIIMON, ETH("a1") "," ETH("a0")));
	ns_sh("ip -d -j link show bond0 | jq -e '.[0].linkinfo.info_data | .mode == \"active-backup\" and "
	      ".primary == \"a1\" and .miimon == 100 and .updelay == 200' >/dev/null");
}

#define IN_MODE                                                                                    \
	"{'type':'bond','name':'bond0','protocols':[{'family':'ipv4','addresses':[" A1 "],'routes':" \
	"[{'gateway':'10.1.1.9'}]},{'family':'ipv6','addresses':[{'address':'fd00::1','prefix':64}]}]," \
	"'bond':{'mode':'%s'," MIIMON "},'ports':[" ETH("a0") "," ETH("a1") "]}"

/* From each mode to each other: its addresses and routes, and those of others, are there afterwards. */
static void another_mode(void **state)
{
	static const char *const modes[] = { "balance-rr", "802.3ad", "active-backup", "balance-alb", "broadcast",
					     "balance-xor" };
	struct weir_error err = WEIR_ERROR_INIT;
	char json[1024];

	need("bond");
	snprintf(json, sizeof(json), IN_MODE, "balance-tlb");
	host_up(json);
	ns_sh("set -e; ip route add 10.6.0.0/16 via 10.1.1.8; ip -6 addr add fd06::1/64 dev bond0 nodad;"
	      "ip -6 route add fd07::/48 via fd06::9; ip link set a2 down; ip link set a2 master bond0");
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		snprintf(json, sizeof(json), IN_MODE, modes[i]);
		host_assert_step(json, "bond bond0", "mode", WEIR_EFFECT_FLAP);
		host_assert_step(json, "port a2", "is let go and taken back", WEIR_EFFECT_FLAP);
		assert_int_equal(host_try_up(json, WEIR_EFFECT_IN_PLACE, &err), -EBUSY);
		host_up(json);
		ns_sh("set -e; ip route | grep -q '^10.6.0.0/16 via 10.1.1.8'; ip route | grep -q '^default via 10.1.1.9';"
		      "ip -6 addr show bond0 | grep -q fd06::1; ip -6 addr show bond0 | grep -q fd00::1;"
		      "ip -6 route | grep -q ^fd07::/48; ip -j link show a2 | jq -e '.[0].master == \"bond0\"' >/dev/null");
		host_assert_settled(json);
	}
}

/* What leaves as the bond goes down is neither missed nor put back. */
static void another_mode_and_less_on_top(void **state)
{
	char json[1024];

	need("bond");
	snprintf(json, sizeof(json), IN_MODE, "balance-rr");
	host_up(json);
	host_up(BOND("'mode':'802.3ad'," MIIMON, ETH("a0") "," ETH("a1")));
	ns_sh("set -e; test -z \"$(ip route)\"; ! ip -6 addr show bond0 | grep -q fd00:; ! ip -6 route | grep -q ^fd00:");
}

#define ON_CARD                                                                                        \
	"{'type':'vlan','protocols':[{'family':'ipv4','addresses':[" A1 "],'routes':[{'gateway':'10.1.1.9'}]}," \
	"{'family':'ipv6','addresses':[{'address':'fd00::1','prefix':64}]}],'vlan':{'tag':5,'base':'a0'}}"

/* A card goes into a bond and comes out of it, and changes it: the vlan on it keeps what it has, whosever it is. */
static void under_a_vlan(void **state)
{
	static const char *const modes[] = { "802.3ad", "active-backup" };
	const char *check = "set -e; ip route | grep -q '^default via 10.1.1.9 dev a0.5';"
			    "ip route | grep -q '^10.6.0.0/16 via 10.1.1.8'; ip -6 addr show a0.5 | grep -q fd00::1;"
			    "ip -6 addr show a0.5 | grep -q fd06::1; ip -6 route | grep -q '^fd07::/48 via fd06::9'";
	char json[1024];

	need("bond");
	need("vlan");
	host_up(ON_CARD);
	ns_sh("set -e; ip route add 10.6.0.0/16 via 10.1.1.8; ip -6 addr add fd06::1/64 dev a0.5 nodad;"
	      "ip -6 route add fd07::/48 via fd06::9");
	for (size_t i = 0; i < 2; i++) {
		snprintf(json, sizeof(json), BOND("'mode':'%s'," MIIMON, ETH("a0")), modes[i]);
		host_up(json);
		ns_sh("%s", check);
		host_assert_settled(ON_CARD);
	}
	host_up(BOND("'mode':'active-backup'," MIIMON, ETH("a1")));
	host_up(ON_CARD);
	host_assert_settled(ON_CARD);
	host_down("bond0");
}

/* What netcf has no words for: made, changed with what each needs, and told. */
static void options_of_a_bond(void **state)
{
	static const char *const bonds[] = {
		"'mode':'802.3ad','xmitHashPolicy':'layer3+4','lacpRate':'fast','adSelect':'bandwidth','minLinks':1",
		"'mode':'802.3ad','xmitHashPolicy':'layer2+3','lacpRate':'slow','adSelect':'count','minLinks':2",
		"'mode':'active-backup','failOverMac':'active','primaryReselect':'failure','numPeerNotif':3",
		"'mode':'active-backup','failOverMac':'none','primaryReselect':'better','numPeerNotif':1",
	};
	char json[1024];

	need("bond");
	for (size_t i = 0; i < 4; i++) {
		snprintf(json, sizeof(json), BOND("%s," MIIMON, ETH("a0") "," ETH("a1")), bonds[i]);
		host_up(json);
		assert_as_defined("bond0", json);
		ns_sh("ip -6 addr add fd06::1/64 dev bond0 nodad 2>/dev/null; ip -6 addr show bond0 | grep -q fd06::1");
	}
	host_assert_step(BOND("'mode':'active-backup','failOverMac':'active'," MIIMON, ETH("a0") "," ETH("a1")), "port a1",
			 "is let go and taken back, for another fail_over_mac", WEIR_EFFECT_FLAP);
	ns_sh("ip -d -j link show bond0 | jq -e '.[0].linkinfo.info_data | .primary_reselect == \"better\" and "
	      ".fail_over_mac == \"none\" and .num_peer_notif == 1' >/dev/null");
}

/* The same delay is another number of looks at the carrier. */
static void another_interval(void **state)
{
	need("bond");
	host_up(BOND("'mode':'active-backup','miimon':{'freq':100,'updelay':300}", ETH("a0")));
	host_up(BOND("'mode':'802.3ad','miimon':{'freq':150,'updelay':300}", ETH("a0")));
	host_assert_settled(BOND("'mode':'802.3ad','miimon':{'freq':150,'updelay':300}", ETH("a0")));
}

static void ports_come_and_go(void **state)
{
	need("bond");
	ns_sh("set -e; ip link set a2 up; ip addr add 10.5.5.1/24 dev a2");
	host_up(BOND("'mode':'active-backup'," MIIMON, ETH("a0") "," ETH("a1")));
	host_assert_step(BOND("'mode':'active-backup'," MIIMON, ETH("a0") "," ETH("a2")), "port a2",
			 "becomes a port of bond0; its own addresses stop to work", WEIR_EFFECT_ADDRESS_LOSS);
	host_assert_step(BOND("'mode':'active-backup'," MIIMON, ETH("a0") "," ETH("a3")), "port a3",
			 "becomes a port of bond0", WEIR_EFFECT_IN_PLACE);
	host_up(BOND("'mode':'active-backup'," MIIMON, ETH("a3") "," ETH("a0")));
	ns_sh("set -e; ip -d -j link show bond0 | jq -e '.[0].linkinfo.info_data.primary == \"a3\"' >/dev/null;"
	      "ip -j link show a1 | jq -e '.[0] | .master == null and (.flags | index(\"UP\") | not)' >/dev/null");
	host_assert_settled(BOND("'mode':'active-backup'," MIIMON, ETH("a3") "," ETH("a0")));
	/* Another way to watch the ports. */
	host_up(BOND("'mode':'active-backup','arpmon':{'interval':100,'target':'192.168.50.1'}", ETH("a3") "," ETH("a0")));
	host_assert_settled(BOND("'mode':'active-backup','arpmon':{'interval':100,'target':'192.168.50.1'}",
				 ETH("a3") "," ETH("a0")));
	host_up(BOND("'mode':'active-backup'," MIIMON, ETH("a3") "," ETH("a0")));
}

/* bridge, bond, ethernet: the deepest that there is. */
static void a_bond_in_a_bridge(void **state)
{
	const char *json = BR("'mtu':1400,'bridge':{'stp':false},", ETH("a2") ",{'type':'bond','name':'bond0','bond':"
			      "{'mode':'active-backup','miimon':{'freq':100,'updelay':10}},'ports':[" ETH("a1") ","
			      ETH("a0") "]}");
	char *before;

	need("bond");
	before = ns_snapshot();
	host_up(json);
	ns_sh("set -e; ip -j link show bond0 | jq -e '.[0] | .master == \"br0\" and .mtu == 1400 and (.flags | index(\"UP\"))'"
	      " >/dev/null; ip -j link show a0 | jq -e '.[0] | .master == \"bond0\" and .mtu == 1400' >/dev/null");
	assert_as_defined("br0", json);
	/* The bond goes, its ports become the bridge's; and back again. */
	host_up(BR("'mtu':1400,'bridge':{'stp':false},", ETH("a2") "," ETH("a1") "," ETH("a0")));
	ns_sh("set -e; ! ip link show bond0 2>/dev/null; ip -j link show a0 | jq -e '.[0] | .master == \"br0\" and "
	      "(.flags | index(\"UP\"))' >/dev/null");
	host_up(json);
	host_assert_settled(json);
	host_down("br0");
	ns_sh("set -e; ip link set a2 mtu 1500; ip link set a1 mtu 1500; ip link set a0 mtu 1500");
	ns_assert_same(before, "down");
	free(before);
}

/* --- vlans ----------------------------------------------------------------------------------- */

static void vlans(void **state)
{
	const char *json = "{'type':'vlan','mtu':1400,'protocols':[{'family':'ipv4','addresses':[" A1 "]}],"
			   "'vlan':{'tag':42,'base':'a0'}}";
	struct weir_error err = WEIR_ERROR_INIT;
	char *before;

	need("vlan");
	/* A base that is down is brought up, and stays so. */
	host_up(json);
	host_down("a0.42");
	before = ns_snapshot();
	host_up(json);
	ns_sh("ip -d -j link show a0.42 | jq -e '.[0] | .mtu == 1400 and .link == \"a0\" and "
	      ".linkinfo.info_data.id == 42 and .linkinfo.info_data.protocol == \"802.1Q\" and (.flags | index(\"UP\"))'"
	      " >/dev/null");
	assert_as_defined("a0.42", json);
	assert_int_equal(host_try_up("{'type':'vlan','name':'a0.42','vlan':{'tag':43,'base':'a0'}}",
				     WEIR_EFFECT_ADDRESS_LOSS, &err), -EOPNOTSUPP);
	assert_string_equal(err.attr, "vlan.tag");
	assert_int_equal(host_try_up("{'type':'vlan','name':'a0.42','vlan':{'tag':42,'base':'a1'}}",
				     WEIR_EFFECT_ADDRESS_LOSS, &err), -EOPNOTSUPP);
	assert_string_equal(err.attr, "vlan.base");
	assert_int_equal(host_try_up("{'type':'ethernet','name':'a0.42'}", WEIR_EFFECT_ADDRESS_LOSS, &err), -EEXIST);
	host_down("a0.42");
	ns_assert_same(before, "down");
	host_up("{'type':'vlan','name':'dmz','vlan':{'tag':0,'protocol':'802.1ad','base':'a0'}}");
	assert_as_defined("dmz", "{'type':'vlan','name':'dmz','vlan':{'tag':0,'protocol':'802.1ad','base':'a0'}}");
	free(before);
}

/* A vlan on a bond, as a port of a bridge; the groups in the wrong order, in one transaction. */
static void in_any_order(void **state)
{
	static const char *const definitions[] = {
		BR("'mtu':1400,", "{'type':'vlan','vlan':{'tag':7,'base':'bond0'}}"),
		"{'type':'vlan','name':'v2','vlan':{'tag':2,'base':'bond0.9'}}",
		"{'type':'vlan','vlan':{'tag':9,'base':'bond0'}}",
		BOND("'mode':'802.3ad'," MIIMON, ETH("a0") "," ETH("a1")),
	};
	struct weir_plan_step *steps = NULL;
	struct weir_group *groups[4];
	struct weir_txn *t;
	size_t n;

	need("bond");
	need("vlan");
	for (size_t i = 0; i < 4; i++)
		groups[i] = ns_group(definitions[i]);
	t = ns_begin(host_w);
	weir_txn_groups_up(t, (const struct weir_group *const *)groups, 4, WEIR_EFFECT_IN_PLACE);
	ns_commit(t);
	ns_sh("set -e; ip -j link show bond0.7 | jq -e '.[0] | .master == \"br0\" and .mtu == 1400' >/dev/null;"
	      "ip -d -j link show v2 | jq -e '.[0].link == \"bond0.9\"' >/dev/null");
	assert_int_equal(weir_groups_plan(host_w, (const struct weir_group *const *)groups, 4, &steps, &n, NULL), 0);
	for (size_t i = 0; i < n; i++)
		print_message("%s: %s\n", steps[i].object, steps[i].what);
	assert_int_equal(n, 0);
	free(steps);
	for (size_t i = 0; i < 4; i++)
		weir_group_free(groups[i]);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, host_setup, host_teardown)
	const struct CMUnitTest tests[] = {
		TEST(bonds_of_every_mode),
		TEST(another_mode),
		TEST(another_mode_and_less_on_top),
		TEST(under_a_vlan),
		TEST(options_of_a_bond),
		TEST(another_interval),
		TEST(ports_come_and_go),
		TEST(a_bond_in_a_bridge),
		TEST(vlans),
		TEST(in_any_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
