/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Host interface groups in a real kernel (lib/host): brought up, looked at by `ip`,
 * changed and taken down; that nothing is sent where nothing differs; what others
 * put there; every sort of bad input; the policy; and what is stored. Bonds and
 * vlans are in test_host_kinds.c, since not every kernel has them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <weir/json.h>
#include <weir/link.h>

#include "base/base.h"
#include "host/tables.h"
#include "lib_host.h"
#include "tests/common/descriptors.h"

static void a_bridge(void **state)
{
	const char *json = BR("'mtu':1400,'bridge':{'stp':true,'delay':'2.50'},'protocols':[{'family':'ipv4',"
			      "'addresses':[" A1 "],'routes':[{'gateway':'10.1.1.9'},{'destination':'10.8.0.0',"
			      "'prefix':16,'gateway':'10.1.1.8','metric':7}]},{'family':'ipv6','addresses':"
			      "[{'address':'fd00::1','prefix':64}],'routes':[{'destination':'fd01::','prefix':48,"
			      "'gateway':'fd00::9'}]}],", ETH("a0") "," ETH("a1"));
	char *before = ns_snapshot();

	host_up(json);
	ns_sh("set -e; ip -d -j link show br0 | jq -e '.[0] | .mtu == 1400 and (.flags | index(\"UP\")) and "
	      ".linkinfo.info_data.stp_state == 1 and .linkinfo.info_data.forward_delay == 250' >/dev/null;"
	      "for p in a0 a1; do ip -j link show $p | jq -e '.[0] | .master == \"br0\" and .mtu == 1400 and "
	      "(.flags | index(\"UP\"))' >/dev/null || exit 1; done;"
	      "ip -j -4 addr show br0 | jq -e '.[0].addr_info[0] | .local == \"10.1.1.1\" and .prefixlen == 24 and "
	      ".broadcast == \"10.1.1.255\"' >/dev/null;"
	      "ip route | grep -q '^default via 10.1.1.9 dev br0 proto static';"
	      "ip route | grep -q '^10.8.0.0/16 via 10.1.1.8 dev br0 proto static metric 7';"
	      "ip -6 route | grep -q '^fd01::/48 via fd00::9 dev br0';"
	      "grep -qx 0 /proc/sys/net/ipv6/conf/br0/accept_ra");
	host_assert_settled(json);
	host_down("br0");
	/* mtu is what the ports keep. */
	ns_sh("set -e; ip link set a0 mtu 1500; ip link set a1 mtu 1500");
	ns_assert_same(before, "taken down");
	free(before);
}

static void an_ethernet(void **state)
{
	const char *json = "{'type':'ethernet','name':'a0','mac':'52:54:00:00:0A:00','mtu':1400,'protocols':"
			   "[{'family':'ipv6','autoconf':true},{'family':'ipv4','addresses':[" A1
			   "],'routes':[{'gateway':'10.1.1.9'}]}]}";

	host_up(json);
	ns_sh("set -e; ip -j link show a0 | jq -e '.[0] | .mtu == 1400 and (.flags | index(\"UP\"))' >/dev/null;"
	      "ip route | grep -q '^default via 10.1.1.9 dev a0'; grep -qx 1 /proc/sys/net/ipv6/conf/a0/accept_ra");
	host_assert_settled(json);
	ns_sh("set -e; echo 1 >/proc/sys/net/ipv6/conf/a0/forwarding");
	host_assert_step(json, "ethernet a0", "accept_ra: 2 instead of 1", WEIR_EFFECT_IN_PLACE);
	host_up(json);
	host_assert_settled(json);
	host_down("a0");
	ns_sh("set -e; test -z \"$(ip -o -4 addr show a0)\"; test -z \"$(ip route)\";"
	      "ip -j link show a0 | jq -e '.[0].flags | index(\"UP\") | not' >/dev/null");
}

/* --- changing ------------------------------------------------------------------------------ */

static void changes_in_place(void **state)
{
	host_up(BR(V4(A1), ETH("a0") "," ETH("a1")));
	host_assert_step(BR("'mtu':1400," V4(A1), ETH("a0") "," ETH("a1")), "bridge br0", "mtu: 1400 instead of 1500",
		    WEIR_EFFECT_IN_PLACE);
	host_assert_step(BR("'bridge':{'stp':true}," V4(A1), ETH("a0")), "bridge br0", "stp", WEIR_EFFECT_FLAP);
	host_assert_step(BR(V4(A1), ETH("a0")), "port a1", "is let go", WEIR_EFFECT_FLAP);
	host_assert_step(BR(V4(A2), ETH("a0") "," ETH("a1")), "bridge br0", "loses address 10.1.1.1/24",
		    WEIR_EFFECT_ADDRESS_LOSS);
	host_assert_step(BR(V4(A1), ETH("a0") "," ETH("a1") "," ETH("a2")), "port a2", "becomes a port of br0",
		    WEIR_EFFECT_IN_PLACE);
	host_up(BR("'mtu':1400," V4(A2), ETH("a0") "," ETH("a2")));
	ns_sh("set -e; test \"$(ip -o -4 addr show br0 | grep -c inet)\" = 1; ip -o -4 addr show br0 | grep -q 10.1.1.2/24;"
	      "ip -j link show a1 | jq -e '.[0] | (.master == null) and (.flags | index(\"UP\") | not)' >/dev/null;"
	      "ip -j link show a2 | jq -e '.[0] | .master == \"br0\" and (.flags | index(\"UP\"))' >/dev/null");
	host_assert_settled(BR("'mtu':1400," V4(A2), ETH("a0") "," ETH("a2")));
}

/* What others put there stays, and is no difference. */
static void others_are_left_alone(void **state)
{
	const char *json = BR(V4(A1), ETH("a0"));

	host_up(json);
	/* 10.1.1.77 is the second of its subnet: the first would take it along. */
	ns_sh("set -e; ip link set a5 up master br0; ip addr add 10.9.9.9/24 dev br0; ip addr add 10.1.1.77/24 dev br0; ip route add 10.77.0.0/16 dev br0;"
	      "ip link set br0 type bridge ageing_time 100");
	host_assert_settled(json);
	host_up(BR(V4(A2), ETH("a1")));
	ns_sh("set -e; ip -j link show a5 | jq -e '.[0].master == \"br0\"' >/dev/null; ip -o addr show br0 | grep -q 10.9.9.9;"
	      "ip -o addr show br0 | grep -q 10.1.1.77; test -z \"$(ip -o addr show br0 | grep 10.1.1.1/)\";"
	      "ip route | grep -q '^10.77.0.0/16 dev br0'");
	assert_int_equal(host_n_steps(BR(V4(A2), ETH("a1"))), 0);
}

/* A bridge that was there is used, and is there afterwards. */
static void what_was_there_stays(void **state)
{
	ns_sh("set -e; ip link add br0 type bridge; ip link set br0 up; ip addr add 10.1.1.1/24 dev br0");
	host_up(BR(V4(A1 "," A2), ETH("a0")));
	host_down("br0");
	ns_sh("set -e; ip -j link show br0 | jq -e '.[0].flags | index(\"UP\")' >/dev/null;"
	      "ip -j link show a0 | jq -e '.[0].master == null' >/dev/null");
}

/* An ethernet with an address becomes a port: what weir had put there goes, and comes back. */
static void a_card_becomes_a_port(void **state)
{
	host_up("{'type':'ethernet','name':'a0'," V4(A1) "'start':'none'}");
	host_assert_step(BR(V4(A1), ETH("a0")), "port a0", "becomes a port", WEIR_EFFECT_ADDRESS_LOSS);
	host_up(BR(V4(A1), ETH("a0")));
	ns_sh("set -e; test -z \"$(ip -o -4 addr show a0)\"; ip -o -4 addr show br0 | grep -q 10.1.1.1/24;"
	      "test ! -e %s/groups/a0.json", ns_state_dir);
	host_assert_settled(BR(V4(A1), ETH("a0")));
}

/* Two groups at once: a port goes from one bridge to the other. */
static void a_port_moves(void **state)
{
	struct weir_group *one = ns_group("{'type':'bridge','name':'br0','ports':[" ETH("a0") "]}");
	struct weir_group *two = ns_group("{'type':'bridge','name':'br1','ports':[" ETH("a1") "," ETH("a2") "]}");
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_txn *t;

	host_up(BR("", ETH("a0") "," ETH("a1")));
	assert_int_equal(host_try_up("{'type':'bridge','name':'br1','ports':[" ETH("a1") "]}",
				WEIR_EFFECT_ADDRESS_LOSS, &err), -EBUSY);
	assert_string_equal(err.msg, "is a port of br0");
	t = ns_begin(host_w);
	weir_txn_groups_up(t, (const struct weir_group *const[]){ two, one }, 2, WEIR_EFFECT_ADDRESS_LOSS);
	ns_commit(t);
	ns_sh("set -e; ip -j link show a1 | jq -e '.[0] | .master == \"br1\" and (.flags | index(\"UP\"))' >/dev/null");
	weir_group_free(one);
	weir_group_free(two);
}

/* --- what is refused ---------------------------------------------------------------------------- */

static void bad_input_changes_nothing(void **state)
{
	static const struct {
		const char *json;
		int code;
		const char *object, *words;
	} cases[] = {
		{ BR("", ETH("nosuch")), -ENODEV, "ethernet nosuch", "is not there" },
		{ "{'type':'ethernet','name':'a0','mac':'52:54:00:00:00:99'}", -ENODEV, "ethernet a0",
		  "52:54:00:00:0a:00" },
		{ "{'type':'bridge','name':'a0'}", -EEXIST, "bridge a0", "is that of a link of kind veth" },
		{ "{'type':'ethernet','name':'taken'}", -EEXIST, "ethernet taken", "it is a bridge" },
		{ "{'type':'bond','name':'taken','ports':[" ETH("a0") "]}", -EEXIST, "bond taken", "kind bridge" },
		{ "{'type':'vlan','name':'v','vlan':{'tag':5,'base':'nosuch'}}", -ENODEV, "vlan v", "nosuch" },
		{ "{'type':'vlan','name':'v','mtu':1501,'vlan':{'tag':5,'base':'a0'}}", -ERANGE, "vlan v",
		  "1501 is above that of its base: a0 has 1500" },
		{ BR("", ETH("a3")), -EBUSY, "ethernet a3", "is a port of taken" },
		{ BR("'mtu':65535,'bridge':{'stp':true,'delay':'1.99'},", ETH("a0")), -ERANGE, "interface br0", "2..30" },
		{ BR("", ETH("br0")), -ELOOP, "interface br0", "port of itself" },
		{ BR("", ETH("a0") "," ETH("a0")), -EEXIST, "interface br0", "twice" },
		{ BR(V4(A1) "'start':'none',", "{'type':'ethernet','name':'a0','mtu':1400}"), -EINVAL,
		  "interface br0", "belongs to the interface on top" },
		/* The kernel's own refusals, in the middle. */
		{ "{'type':'ethernet','name':'a0','protocols':[{'family':'ipv4','addresses':[" A1
		  "],'routes':[{'gateway':'10.77.0.1'}]}]}", -ENETUNREACH, "route to 0.0.0.0/0", "" },
	};

	char *before;

	ns_sh("set -e; ip link add taken type bridge; ip link set a3 master taken");
	before = ns_snapshot();
	for (size_t i = 0; i < WR_COUNT(cases); i++) {
		struct weir_error err = WEIR_ERROR_INIT;
		int r = host_try_up(cases[i].json, WEIR_EFFECT_ADDRESS_LOSS, &err);

		if (r != cases[i].code || strcmp(err.object, cases[i].object) != 0 ||
		    !strstr(err.msg, cases[i].words))
			fail_msg("%s: %d, %s: %s: %s", cases[i].json, r, err.object, err.attr, err.msg);
		ns_assert_same(before, cases[i].json);
	}
	free(before);
}

static void the_policy_holds(void **state)
{
	struct weir_error err = WEIR_ERROR_INIT;
	char *before;

	host_up(BR(V4(A1), ETH("a0") "," ETH("a1")));
	before = ns_snapshot();
	assert_int_equal(host_try_up(BR(V4(A1), ETH("a0")), WEIR_EFFECT_IN_PLACE, &err), -EBUSY);
	assert_string_equal(err.object, "port a1");
	assert_string_equal(err.msg, "is let go: that is worse than allowed (flap)");
	assert_int_equal(host_try_up(BR("", ETH("a0") "," ETH("a1")), WEIR_EFFECT_REMAKE, &err), -EBUSY);
	ns_assert_same(before, "refused");
	assert_int_equal(host_try_up(BR("'mtu':1400," V4(A1), ETH("a0") "," ETH("a1")), WEIR_EFFECT_IN_PLACE, &err), 0);
	free(before);
}

/*
 * What is read back is not what was asked for: the second definition was planned
 * when the MTU was still the old one.
 */
static void a_difference_undoes_it(void **state)
{
	struct weir_group *one = ns_group(BR("'mtu':1400,", ETH("a0")));
	struct weir_group *two = ns_group(BR("'mtu':1300,'bridge':{'stp':true},", ETH("a0")));
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_txn *t;
	char *before;

	host_up(BR("'mtu':1300,", ETH("a0")));
	before = ns_snapshot();
	t = ns_begin(host_w);
	weir_txn_groups_up(t, (const struct weir_group *const[]){ one }, 1, WEIR_EFFECT_ADDRESS_LOSS);
	weir_txn_groups_up(t, (const struct weir_group *const[]){ two }, 1, WEIR_EFFECT_ADDRESS_LOSS);
	assert_int_equal(weir_txn_commit(t, &err), -EIO);
	assert_string_equal(err.object, "bridge br0");
	assert_string_equal(err.msg, "did not become what was asked for: mtu: 1300 instead of 1400");
	ns_assert_same(before, "undone");
	weir_group_free(one);
	weir_group_free(two);
	free(before);
}

/* Addresses and routes of others, which going down would lose, are there after an undo. */
static void an_undo_brings_all_back(void **state)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_txn *t;
	const char *name = "a0";
	char *before;

	ns_sh("set -e; ip link set a0 up; ip addr add 10.5.0.1/24 dev a0; ip -6 addr add fd05::1/64 dev a0 nodad;"
	      "ip route add 10.6.0.0/16 via 10.5.0.9; ip route add 10.7.0.0/16 via 10.6.0.1 onlink dev a0;"
	      "ip -6 route add fd06::/48 via fd05::9; ip route add 10.8.0.0/16 dev a0 table 77 metric 3");
	host_up("{'type':'ethernet','name':'a0'," V4(A1) "'start':'none'}");
	before = ns_snapshot();
	t = ns_begin(host_w);
	weir_txn_groups_down(t, &name, 1);
	weir_txn_link_set(t, &(struct weir_link){ .sz = sizeof(struct weir_link), .ifindex = 99999999,
						  .has = WEIR_LINK_IFINDEX | WEIR_LINK_MTU, .mtu = 1400 });
	assert_int_equal(weir_txn_commit(t, &err), -ENODEV);
	ns_assert_same(before, "undone");
	free(before);
}

/* From what is up to @to, which the command @shows looks for, and back. */
static void there_and_back(const char *to, const char *shows)
{
	struct weir_group *other = ns_group(to);
	struct weir_error err = WEIR_ERROR_INIT;
	char *before = ns_snapshot();
	struct weir_txn *t = ns_begin(host_w);

	weir_txn_groups_up(t, (const struct weir_group *const[]){ other }, 1, WEIR_EFFECT_ADDRESS_LOSS);
	assert_int_equal(weir_txn_hold(t, &err), 0);
	ns_sh("%s", shows);
	assert_int_equal(weir_txn_undo(t, &err), 0);
	ns_assert_same(before, "undone");
	weir_group_free(other);
	free(before);
}

/* Another address in the same subnet, behind which somebody else's comes; and routes over it. */
static void an_undo_of_addresses(void **state)
{
	host_up(BR(V4(A1), ETH("a0")));
	ns_sh("set -e; ip route add 10.6.0.0/16 via 10.1.1.9; ip route add 10.7.0.0/16 dev br0 src 10.1.1.1");
	there_and_back(BR(V4(A2), ETH("a0")),
		       "set -e; ip -o -4 addr show br0 | grep -q 10.1.1.2/24; ip route | grep -q 10.6.0.0/16");
}

#define V6(address) "'protocols':[{'family':'ipv6','addresses':[" address "]}],"

/* IPv6 has an address once on a link, whatever its prefix. */
static void another_prefix(void **state)
{
	host_up(BR(V6("{'address':'fd00::1','prefix':64},{'address':'fd00::2','prefix':64}"), ETH("a0")));
	there_and_back(BR(V6("{'address':'fd00::1','prefix':96}"), ETH("a0")),
		       "set -e; ip -o -6 addr show br0 | grep -q fd00::1/96; "
		       "test -z \"$(ip -o -6 addr show br0 | grep /64 | grep fd00)\"");
}

/* An address that somebody has by DHCP becomes a static one: it must not go when the lease ends. */
static void a_lease_becomes_static(void **state)
{
	const char *json = "{'type':'ethernet','name':'a0'," V4(A1) "'start':'none'}";

	ns_sh("set -e; ip link set a0 up; ip addr add 10.1.1.1/24 dev a0 valid_lft 600 preferred_lft 300;"
	      "ip route add default via 10.1.1.9");
	host_assert_step(json, "ethernet a0", "keeps address 10.1.1.1/24", WEIR_EFFECT_IN_PLACE);
	host_up(json);
	ns_sh("set -e; ip -o -4 addr show a0 | grep -q '10.1.1.1/24 .* valid_lft forever preferred_lft forever';"
	      "test \"$(ip -o -4 addr show a0 | grep -c inet)\" = 1; ip route | grep -q '^default via 10.1.1.9 dev a0'");
	host_assert_settled(json);
}

/* The kernel makes what stands on a card no larger than that: a guest's macvtap, and what is on it. */
static void others_get_their_mtu_back(void **state)
{
	ns_sh("set -e; ip link set a0 mtu 9000 up; ip link add m0 link a0 type macvlan mode private; ip link set m0 up;"
	      "ip link add m1 link a0 mtu 1300 type macvlan mode private");
	host_assert_step("{'type':'ethernet','name':'a0','mtu':1400}", "macvlan m0", "mtu: 1400 instead of 9000, as that of a0 below",
			 WEIR_EFFECT_IN_PLACE);
	there_and_back("{'type':'ethernet','name':'a0','mtu':1400}",
		       "ip -o link show m0 | grep -q 'mtu 1400' && ip -o link show m1 | grep -q 'mtu 1300'");
}

/* --- what is stored -------------------------------------------------------------------------------- */

static int try_define(const char *json, struct weir_error *err)
{
	struct weir_group *group = ns_group(json);
	struct weir_txn *t = ns_begin(host_w);
	int r;

	weir_txn_groups_define(t, (const struct weir_group *const[]){ group }, 1);
	r = weir_txn_commit(t, err);
	weir_group_free(group);
	return r;
}

static void define(const char *json)
{
	struct weir_error err = WEIR_ERROR_INIT;

	if (try_define(json, &err))
		fail_msg("%s: %s: %s", err.object, err.attr, err.msg);
}

static void undefine(const char *name)
{
	struct weir_txn *t = ns_begin(host_w);

	weir_txn_group_undefine(t, name);
	ns_commit(t);
}

/* Names, each with a mark: d defined, u up, a active. */
static void assert_list(const char *want)
{
	struct weir_counters before = { .sz = sizeof(before) }, after = before;
	struct weir_group_entry *list = NULL;
	struct wr_str is = { 0 };
	size_t n = 0;

	weir_get_counters(host_w, &before);
	assert_int_equal(weir_group_list(host_w, &list, &n, NULL), 0);
	weir_get_counters(host_w, &after);
	assert_int_equal(after.n_messages - before.n_messages, 1);
	for (size_t i = 0; i < n; i++)
		wr_str_printf(&is, "%s%s:%s%s%s", i ? " " : "", list[i].name, list[i].is_defined ? "d" : "",
			      list[i].is_up ? "u" : "", list[i].is_active ? "a" : "");
	assert_string_equal(wr_str_text(&is), want);
	wr_str_done(&is);
	free(list);
}

static void groups_are_listed(void **state)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_group *group = NULL;

	assert_list("");
	define("{'type':'ethernet','name':'a0'," V4(A1) "'start':'onboot'}");
	define("{'type':'ethernet','name':'a1'}");
	assert_list("a0:d a1:d");
	host_up("{'type':'ethernet','name':'a0'," V4(A1) "'start':'onboot'}");
	assert_list("a0:dua a1:d");
	/* A bridge over a defined ethernet removes that from the list, and it does not come back. */
	define(BR("", ETH("a0")));
	assert_list("a0:ua a1:d br0:d");
	assert_int_equal(weir_group_get(host_w, "a0", &group, &err), -ENOENT);
	host_up(BR("", ETH("a0")));
	assert_list("a1:d br0:dua");
	undefine("br0");
	assert_list("a1:d br0:ua");
	host_down("br0");
	assert_list("a1:d");
}

static void interfaces_have_one_owner(void **state)
{
	struct weir_txn *t;
	struct weir_error err = WEIR_ERROR_INIT;

	define(BR("", ETH("a0") "," ETH("a1")));
	define(BR("", ETH("a0") "," ETH("a1") "," ETH("a2")));
	assert_int_equal(try_define("{'type':'bridge','name':'br1','ports':[" ETH("a1") "]}", &err), -EEXIST);
	assert_string_equal(err.object, "interface a1");
	assert_int_equal(try_define(ETH("a0"), &err), -EEXIST);
	assert_string_equal(err.msg, "is a port of br0");
	/* A vlan's base keeps its definition. */
	define(ETH("a3"));
	define("{'type':'vlan','vlan':{'tag':42,'base':'a3'}}");
	assert_list("a3:d a3.42:d br0:d");
	/* A loop over two definitions. */
	define("{'type':'vlan','name':'v1','vlan':{'tag':1,'base':'br2'}}");
	assert_int_equal(try_define("{'type':'bridge','name':'br2','ports':[{'type':'vlan','name':'v2','vlan':"
				    "{'tag':2,'base':'v1'}}]}", &err), -ELOOP);
	t = ns_begin(host_w);
	assert_int_equal(weir_txn_group_undefine(t, "nosuch"), -ENOENT);
	weir_txn_abort(t);
}

static void found_by_mac(void **state)
{
	static const uint8_t a0[6] = { 0x52, 0x54, 0, 0, 0x0a, 0 };
	struct weir_group_entry *list = NULL;
	size_t n = 0;

	define(BR("", ETH("a0")));
	define(ETH("a1"));
	host_up(BR("", ETH("a0")));
	/* The bridge has the address of its port, which is no group. */
	assert_int_equal(weir_group_by_mac(host_w, a0, &list, &n, NULL), 0);
	assert_int_equal(n, 1);
	assert_string_equal(list[0].name, "br0");
	free(list);
	ns_sh("set -e; ip link set a1 address 52:54:00:00:0a:00");
	assert_int_equal(weir_group_by_mac(host_w, a0, &list, &n, NULL), 0);
	assert_int_equal(n, 2);
	free(list);
	assert_int_equal(weir_group_by_mac(host_w, (const uint8_t[6]){ 1 }, &list, &n, NULL), 0);
	assert_int_equal(n, 0);
	free(list);
}

/* What is there, in the words of a definition: defined from that it would change nothing. */
static void state_is_a_definition(void **state)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_group *is = NULL;
	char *json = NULL;

	host_up(BR("'mtu':1400,'bridge':{'stp':true,'delay':'2.50'},'protocols':[{'family':'ipv4','addresses':[" A1 "],"
	      "'routes':[{'gateway':'10.1.1.9'}]}],", ETH("a0") "," ETH("a1")));
	ns_sh("for i in $(seq 100); do ip link show a0 | grep -q 'state UP' && break; sleep 0.1; done");
	assert_int_equal(weir_group_state(host_w, "br0", &is, NULL), 0);
	assert_int_equal(is->type, WEIR_GROUP_BRIDGE);
	assert_string_equal(is->bridge.delay, "2.50");
	assert_int_equal(is->n_ports, 2);
	assert_string_equal(is->ports[0].mac, "52:54:00:00:0a:00");
	assert_int_equal(is->ports[0].link.speed_mbit_per_s, 10000);
	assert_int_equal(is->protocols[0].n_routes, 1);
	if (weir_group_check(is, &err))
		fail_msg("%s: %s", err.attr, err.msg);
	assert_int_equal(weir_group_json(is, &json), 0);
	assert_int_equal(host_n_steps(json), 0);
	free(json);
	weir_group_free(is);
	assert_int_equal(weir_group_state(host_w, "lo", &is, NULL), 0);
	assert_int_equal(is->type, WEIR_GROUP_ETHERNET);
	weir_group_free(is);
	assert_int_equal(weir_group_state(host_w, "nosuch", &is, &err), -ENODEV);
}

/* --- checkpoints ----------------------------------------------------------------------------------- */

static void begin_checkpoint(bool take_over, int code)
{
	struct weir_txn *t = ns_begin(host_w);
	struct weir_error err = WEIR_ERROR_INIT;

	weir_txn_checkpoint_begin(t, "the test", take_over);
	assert_int_equal(weir_txn_commit(t, &err), code);
	if (code)
		assert_non_null(strstr(err.msg, "was begun by the test, process"));
}

static void decide_checkpoint(int (*how)(struct weir_txn *t), int code)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_txn *t = ns_begin(host_w);
	char line[1024];

	how(t);
	if (weir_txn_commit(t, &err) != code)
		fail_msg("%s", weir_error_format(&err, line, sizeof(line)));
}

/* Stored and live together: a group changed, one taken down, one new, a port moved. */
static void a_checkpoint_goes_back(void **state)
{
	struct weir_checkpoint cp;
	char *before;

	define(BR(V4(A1) "'start':'onboot',", ETH("a0") "," ETH("a1")));
	define("{'type':'ethernet','name':'a2','start':'none'}");
	host_up(BR(V4(A1) "'start':'onboot',", ETH("a0") "," ETH("a1")));
	host_up("{'type':'ethernet','name':'a2','start':'none'}");
	assert_int_equal(weir_checkpoint_get(host_w, &cp, NULL), -ENOENT);
	decide_checkpoint(weir_txn_checkpoint_rollback, -ENOENT);
	before = ns_snapshot();
	begin_checkpoint(false, 0);
	begin_checkpoint(false, -EBUSY);
	assert_int_equal(weir_checkpoint_get(host_w, &cp, NULL), 0);
	assert_true(cp.is_alive && cp.is_of_this_boot);
	/* Who cannot look at processes takes nobody for dead, nor the boot for another. */
	for (int n = 0, r = -EMFILE; r; n++) {
		leave_descriptors(n);
		r = weir_checkpoint_get(host_w, &cp, NULL);
		leave_descriptors(-1);
		assert_true(r == -EMFILE || (!r && cp.is_alive && cp.is_of_this_boot));
	}
	define(BR("'mtu':1400," V4(A2), ETH("a0")));
	host_up(BR("'mtu':1400," V4(A2), ETH("a0")));
	host_down("a2");
	undefine("a2");
	define("{'type':'bridge','name':'br1','ports':[" ETH("a1") "]}");
	host_up("{'type':'bridge','name':'br1','ports':[" ETH("a1") "]}");
	begin_checkpoint(true, 0);
	decide_checkpoint(weir_txn_checkpoint_rollback, 0);
	/* An MTU is as it is where no definition says what it was. */
	ns_sh("set -e; for l in br0 a0 a1; do ip link set $l mtu 1500; done");
	ns_assert_same(before, "rolled back");
	begin_checkpoint(false, 0);
	decide_checkpoint(weir_txn_checkpoint_commit, 0);
	decide_checkpoint(weir_txn_checkpoint_commit, -ENOENT);
	ns_assert_same(before, "nothing changed in between");
	free(before);
}

/* After a reboot the links are gone and the definitions are what they were. */
static void a_reboot_in_between(void **state)
{
	struct weir_checkpoint cp;

	define(ETH("a0"));
	host_up(ETH("a0"));
	begin_checkpoint(false, 0);
	define("{'type':'ethernet','name':'a0','mtu':1400}");
	define(ETH("a1"));
	ns_sh("set -e; ip link set a0 down; rm -r %s/groups; sed -i 's/\"bootId\": \"..../\"bootId\": \"0000/' "
	      "%s/checkpoint.json", ns_state_dir, ns_config_dir);
	assert_int_equal(weir_checkpoint_get(host_w, &cp, NULL), 0);
	assert_false(cp.is_of_this_boot || cp.is_alive);
	begin_checkpoint(false, -EBUSY);
	decide_checkpoint(weir_txn_checkpoint_rollback, 0);
	assert_list("a0:d");
	assert_int_equal(host_n_steps(ETH("a0")), 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, host_setup, host_teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_bridge),
		TEST(an_ethernet),
		TEST(changes_in_place),
		TEST(others_are_left_alone),
		TEST(what_was_there_stays),
		TEST(a_card_becomes_a_port),
		TEST(a_port_moves),
		TEST(bad_input_changes_nothing),
		TEST(the_policy_holds),
		TEST(a_difference_undoes_it),
		TEST(an_undo_brings_all_back),
		TEST(an_undo_of_addresses),
		TEST(another_prefix),
		TEST(a_lease_becomes_static),
		TEST(others_get_their_mtu_back),
		TEST(groups_are_listed),
		TEST(interfaces_have_one_owner),
		TEST(found_by_mac),
		TEST(state_is_a_definition),
		TEST(a_checkpoint_goes_back),
		TEST(a_reboot_in_between),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
