/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Networks on a bridge of Open vSwitch: a real ovsdb-server and ovs-vswitchd in the
 * test's namespaces. Packets go where the vlans let them, what changes in a
 * portgroup changes at its ports, and the database is afterwards as before.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <weir/update.h>

#include "base/base.h"
#include "lib_ovs.h"
#include "ovs/ovs.h"
#include "tests/common/own_ns.h"

#define INTERFACE_ID "3f5c2a10-9c5e-4a57-8a6e-0d3b0c6ad901"

static const char net_json[] =
	"{'name':'net','forward':{'mode':'bridge'},'bridge':{'name':'br0'},'virtualport':{'type':'openvswitch'},"
	"'portgroups':[{'name':'red','vlan':{'tags':[{'id':7}]},'virtualport':{'type':'openvswitch','profileid':'r'}},"
	"{'name':'blue','vlan':{'tags':[{'id':8}]},'bandwidth':{'inbound':{'average':1000,'peak':2000,'burst':64},"
	"'outbound':{'average':500}}},"
	"{'name':'trunk','vlan':{'trunk':true,'tags':[{'id':7,'nativeMode':'untagged'},{'id':9}]}}]}";

static int setup(void **state)
{
	if (!ovs_is_there())
		return 0;
	ns_setup(state);
	ovs_start();
	return 0;
}

static int teardown(void **state)
{
	return ovs_is_there() ? ns_teardown(state) : 0;
}

static struct weir *start(void)
{
	if (!ovs_is_there())
		own_skip("Open vSwitch is not there: tests/ovs/deps.sh");
	return ns_start(net_json);
}

/* A pair with one end in namespace gN, which has the address 10.8.0.N. */
static void container(struct weir *w, int n, const char *portgroup)
{
	char name[16], netns[16];
	struct weir_guest g = { .sz = sizeof(g), .kind = WEIR_PORT_VETH, .netns = netns, .name = name,
				.portgroup = portgroup, .mac = { 0x52, 0x54, 0, 8, 8, (uint8_t)n },
				.owner_uuid = "11111111-2222-4333-8444-555555555555" };
	struct weir_txn *t;

	snprintf(netns, sizeof(netns), "g%d", n);
	snprintf(name, sizeof(name), "p%d", n);
	memcpy(g.virtualport.interfaceid, INTERFACE_ID, sizeof(INTERFACE_ID));
	g.virtualport.has = WEIR_VIRTUALPORT_INTERFACEID;
	ns_sh("ip netns add %s", netns);
	t = ns_begin(w);
	weir_txn_port_attach(t, "net", &g, NULL, NULL);
	ns_commit(t);
	ns_sh("ip -n %s addr add 10.8.0.%d/24 dev eth0", netns, n);
}

static void detach(struct weir *w, const char *name)
{
	struct weir_txn *t = ns_begin(w);

	weir_txn_port_detach(t, "net", name);
	ns_commit(t);
}

/* A lost first packet is no failure: the switch learns a flow from it. */
static void reaches(int from, int to, bool expected)
{
	char *out = ns_out("for i in $(seq %d); do ip netns exec g%d busybox ping -c 1 -W 1 10.8.0.%d >/dev/null 2>&1 && "
			   "{ echo yes; exit; }; done; echo no", expected ? 10 : 1, from, to);

	if (!strncmp(out, "yes", 3) != expected)
		fail_msg("g%d to g%d: %s", from, to, out);
	free(out);
}

static void shows(const char *command, const char *expected)
{
	char *out = ovs_out("%s", command);

	assert_string_equal(out, expected);
	free(out);
}

/* --- what a port is ------------------------------------------------------------------------------ */

static void vlans_are_apart(void **state)
{
	struct weir *w = start();
	char *before = ns_snapshot();

	container(w, 1, "red");
	container(w, 2, "red");
	container(w, 3, "blue");
	reaches(1, 2, true);
	reaches(1, 3, false);
	shows("get Port p1 tag trunks vlan_mode other_config:transient external_ids:weir | tr '\\n' ' '",
	      "7 [] [] \"true\" p1 ");
	shows("get Interface p1 external_ids",
	      "{attached-mac=\"52:54:00:08:08:01\", iface-id=\"" INTERFACE_ID "\", iface-status=active, "
	      "port-profile=r, vm-id=\"11111111-2222-4333-8444-555555555555\"}");
	shows("iface-to-br p3", "br0");
	for (int i = 1; i <= 3; i++) {
		char name[16];

		snprintf(name, sizeof(name), "p%d", i);
		detach(w, name);
		ns_sh("ip netns del g%d", i);
	}
	ns_assert_same(before, "ports that have come and gone");
	free(before);
	ns_stop(w);
}

static void a_portgroup_changes(void **state)
{
	static struct weir_vlan_tag tag = { .id = 8 };
	static const struct weir_portgroup red = { .name = (char *)"red", .vlan = { .tags = &tag, .n_tags = 1 } };
	struct weir_update u = { .sz = sizeof(u), .command = WEIR_UPDATE_MODIFY,
				 .section = WEIR_SECTION_PORTGROUP, .item = &red };
	struct weir *w = start();
	struct weir_txn *t;

	container(w, 1, "red");
	container(w, 2, "blue");
	reaches(1, 2, false);
	t = ns_begin(w);
	weir_txn_network_update(t, "net", &u, 1, WEIR_NETWORK_LIVE);
	ns_commit(t);
	reaches(1, 2, true);
	shows("--columns=external_ids --bare find Interface name=p1 | grep -c port-profile", "0");
	/* And a port into another portgroup. */
	t = ns_begin(w);
	weir_txn_port_move(t, "net", "p2", "trunk");
	ns_commit(t);
	reaches(1, 2, false);
	shows("get Port p2 tag trunks vlan_mode | tr '\\n' ' '", "7 [7, 9] native-untagged ");
	shows("get Interface p2 external_ids:iface-id", "\"" INTERFACE_ID "\"");
	shows("--columns=_uuid --bare find QoS | wc -l", "0");
	ns_stop(w);
	ns_sh("ip netns del g1; ip netns del g2");
}

static void limits(void **state)
{
	struct weir *w = start();

	container(w, 1, "blue");
	shows("get QoS $(OVS_RUNDIR=/run/openvswitch build/ovs/usr/bin/ovs-vsctl get Port p1 qos) type other_config | tr '\\n' ' '",
	      "linux-htb {burst=\"524288\", max-rate=\"16000000\", min-rate=\"8000000\"} ");
	shows("get Interface p1 ingress_policing_rate", "4000");
	detach(w, "p1");
	shows("--columns=_uuid --bare find QoS | wc -l", "0");
	shows("--columns=_uuid --bare find Queue | wc -l", "0");
	ns_stop(w);
}

/* --- what it is not -------------------------------------------------------------------------------- */

static void attach_fails(struct weir *w, const char *name, int code, const char *attr, const char *text)
{
	struct weir_guest g = { .sz = sizeof(g), .name = name, .portgroup = "red" };
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_txn *t = ns_begin(w);

	weir_txn_port_attach(t, "net", &g, NULL, NULL);
	assert_int_equal(weir_txn_commit(t, &err), code);
	assert_string_equal(err.attr, attr);
	if (!strstr(err.msg, text))
		fail_msg("%s: %s", err.object, err.msg);
}

/* A row that somebody left there is taken over as with --may-exist; one of another bridge is not. */
static void rows_of_others(void **state)
{
	struct weir *w = start();

	ns_sh("export OVS_RUNDIR=/run/openvswitch; build/ovs/usr/bin/ovs-vsctl --no-wait -- add-br br1 -- "
	      "set Bridge br1 datapath_type=netdev -- add-port br1 p8 -- add-port br0 p1 tag=99 -- "
	      "set Interface p1 external_ids:ovn-installed=true");
	container(w, 1, "red");
	shows("get Port p1 tag", "7");
	shows("get Interface p1 external_ids:ovn-installed", "\"true\"");
	attach_fails(w, "p8", -EEXIST, "", "another bridge");
	ns_sh("! ip link show p8 2>/dev/null");
	detach(w, "p1");
	shows("list-ports br0 | wc -l", "0");
	ns_stop(w);
}

/* The switch looks for the link and says what it found; the database is as before then. */
static void a_link_that_is_not_there(void **state)
{
	struct weir_port port = { .sz = sizeof(port), .name = "nolink0", .bridge = "br0", .plug = WEIR_PLUG_BRIDGE,
				  .virtualport = { .type = WEIR_VIRTUALPORT_OPENVSWITCH, .interfaceid = INTERFACE_ID } };
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir *w = start();
	char *before = ns_snapshot();
	struct weir_txn *t = ns_begin(w);

	port.bandwidth.inbound.average_bytes_per_s = 1000000;
	wr_txn_ovs_set(t, &port);
	assert_int_equal(weir_txn_commit(t, &err), -EIO);
	assert_string_equal(err.object, "Open vSwitch port nolink0");
	assert_string_equal(err.attr, "Interface.error");
	assert_non_null(strstr(err.msg, "ovs-vswitchd: could not open network device nolink0"));
	ns_assert_same(before, "a port without a link");
	free(before);
	ns_stop(w);
}

static void wrong_bridges(void **state)
{
	static const struct {
		const char *json, *attr, *text;
	} cases[] = {
		{ "{'name':'net','forward':{'mode':'bridge'},'bridge':{'name':'lin0'},'virtualport':{'type':'openvswitch'}}",
		  "bridge.name", "is a Linux bridge" },
		{ "{'name':'net','forward':{'mode':'bridge'},'bridge':{'name':'lo'}}", "bridge.name",
		  "nor one of Open vSwitch" },
	};
	struct weir *w = start();
	struct weir_guest g = { .sz = sizeof(g) };
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_network *net;
	struct weir_txn *t;

	ns_stop(w);
	w = ns_open();
	ns_sh("ip link add lin0 type bridge");
	for (size_t i = 0; i < WR_COUNT(cases); i++) {
		net = ns_network(cases[i].json);
		t = ns_begin(w);
		weir_txn_network_start(t, net);
		assert_int_equal(weir_txn_commit(t, &err), -EINVAL);
		assert_string_equal(err.attr, cases[i].attr);
		assert_non_null(strstr(err.msg, cases[i].text));
		weir_network_free(net);
	}
	net = ns_network("{'name':'net','forward':{'mode':'bridge'},'bridge':{'name':'br0'}}");
	t = ns_begin(w);
	weir_txn_network_start(t, net);
	ns_commit(t);
	weir_network_free(net);
	t = ns_begin(w);
	weir_txn_port_attach(t, "net", &g, NULL, NULL);
	assert_int_equal(weir_txn_commit(t, &err), -EINVAL);
	assert_string_equal(err.attr, "virtualport.type");
	ns_stop(w);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(vlans_are_apart), TEST(a_portgroup_changes), TEST(limits),
		TEST(rows_of_others),  TEST(a_link_that_is_not_there), TEST(wrong_bridges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
