/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Networks on links of the host: a bridge that was there before, and macvtaps and
 * macvlans in their four modes on pools of links. Ports pass real packets or do not, as their
 * mode says; pools are used up; and a stop leaves what is not ours as it was.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <weir/update.h>

#include "base/base.h"
#include "tests/common/own_ns.h"
#include "lib_ns.h"

static int try_attach(struct weir *w, const struct weir_guest *g, struct weir_port *ret, struct weir_error *err)
{
	struct weir_txn *t = ns_begin(w);
	struct weir_port port = { .sz = sizeof(port) };
	int r = weir_txn_port_attach(t, "net", g, &port, NULL);

	if (r) {
		weir_txn_commit(t, err);
		return r;
	}
	r = weir_txn_commit(t, err);
	*ret = port;
	weir_port_done(&port);
	return r;
}

/* A macvtap or macvlan, moved to where its guest would be, with an address. Returns the link below. */
static void attach(struct weir *w, int n, enum weir_port_kind kind, char dev[16])
{
	struct weir_guest g = { .sz = sizeof(g), .kind = kind, .mac = { 0x52, 0x54, 0, 8, 8, (uint8_t)n } };
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_port port = { .sz = sizeof(port) };

	if (try_attach(w, &g, &port, &err))
		fail_msg("port %d: %s: %s: %s", n, err.object, err.attr, err.msg);
	memcpy(dev, port.dev, sizeof(port.dev));
	ns_sh("ip -d link show %s | grep -q ' %s *mode '", port.name, kind == WEIR_PORT_MACVLAN ? "macvlan" : "macvtap");
	ns_sh("ip netns add g%d && ip link set %s netns g%d && ip -n g%d addr add 10.8.0.%d/24 dev %s && "
	      "ip -n g%d link set %s up", n, port.name, n, n, n, port.name, n, port.name);
}

/* Where an answer is expected there is a minute for it: a loaded machine's links are up late. */
static void reaches(int from, const char *to, bool expected)
{
	char *out = ns_out("for i in $(seq %d); do ip netns exec g%d busybox ping -c 1 -W 1 %s >/dev/null 2>&1 && echo yes && exit; "
			   "done; echo no", expected ? 60 : 2, from, to);

	if (!strncmp(out, "yes", 3) != expected)
		fail_msg("g%d to %s: %s", from, to, out);
	free(out);
}

/* Links of the host, each a cable to a machine outside: p1 to 10.8.0.101, p2 to 10.8.0.102. */
static void cables(void)
{
	ns_sh("for i in 1 2; do ip netns add out$i; "
	      "ip link add p$i address 52:54:00:bb:00:0$i type veth peer name o$i netns out$i && ip link set p$i up && "
	      "ip -n out$i link set o$i up && ip -n out$i addr add 10.8.0.10$i/24 dev o$i; done");
}

#define POOL(mode) "{'name':'net','forward':{'mode':'" mode "','interfaces':['p1','p2']}}"

/* g1 and g3 share p1, g2 has p2. The first is a virtual machine, the others are containers. */
static void three_guests(struct weir *w)
{
	static const char *const want[] = { "p1", "p2", "p1" };
	char dev[16];

	for (int i = 1; i <= 3; i++) {
		attach(w, i, i == 1 ? WEIR_PORT_TAP : WEIR_PORT_MACVLAN, dev);
		assert_string_equal(dev, want[i - 1]);
	}
}

static void macvtap_bridge(void **state)
{
	struct weir *w;

	cables();
	w = ns_start(POOL("bridge"));
	three_guests(w);
	reaches(1, "10.8.0.101", true);
	reaches(3, "10.8.0.101", true);
	reaches(1, "10.8.0.3", true);
	reaches(1, "10.8.0.2", false);
	ns_stop(w);
}

static void macvtap_private(void **state)
{
	struct weir *w;

	cables();
	w = ns_start(POOL("private"));
	three_guests(w);
	reaches(1, "10.8.0.101", true);
	reaches(3, "10.8.0.101", true);
	reaches(1, "10.8.0.3", false);
	ns_stop(w);
}

/* The switch outside sends back what came in, or does not. */
static void macvtap_vepa(void **state)
{
	struct weir *w;

	cables();
	w = ns_start(POOL("vepa"));
	three_guests(w);
	reaches(1, "10.8.0.101", true);
	reaches(3, "10.8.0.101", true);
	reaches(1, "10.8.0.3", false);
	ns_sh("ip -n out1 addr del 10.8.0.101/24 dev o1; ip -n out1 link add sw type bridge; ip -n out1 link set o1 master sw; "
	      "ip -n out1 link set sw up; ip -n out1 link set o1 type bridge_slave hairpin on");
	reaches(1, "10.8.0.3", true);
	ns_stop(w);
}

static void macvtap_passthrough(void **state)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_guest g = { .sz = sizeof(g) };
	struct weir_port port = { .sz = sizeof(port) };
	struct weir_txn *t;
	struct weir *w;
	char *before, dev[16];

	cables();
	before = ns_snapshot();
	w = ns_start(POOL("passthrough"));
	g.mac[0] = 0x52;
	g.mac[5] = 9;
	/* A container's first, whose link stays here. */
	g.kind = WEIR_PORT_MACVLAN;
	assert_int_equal(try_attach(w, &g, &port, &err), 0);
	ns_sh("ip link show p1 | grep -q 52:00:00:00:00:09");
	t = ns_begin(w);
	weir_txn_port_detach(t, "net", port.name);
	ns_commit(t);
	ns_sh("ip link show p1 | grep -q 52:54:00:bb:00:01");
	g.kind = WEIR_PORT_TAP;
	assert_int_equal(try_attach(w, &g, &port, &err), 0);
	assert_string_equal(port.dev, "p1");
	ns_sh("ip link show p1 | grep -q 52:00:00:00:00:09");
	attach(w, 2, WEIR_PORT_MACVLAN, dev);
	assert_string_equal(dev, "p2");
	reaches(2, "10.8.0.102", true);
	assert_int_equal(try_attach(w, &g, &port, &err), -EBUSY);
	ns_sh("ip netns exec g2 ip link del $(ip -n g2 -br link | grep -o '^vnet[0-9]*') && ip netns del g2; "
	      "ip link set p2 address 52:54:00:bb:00:02");
	/* p1 has its own address again. */
	ns_stop(w);
	ns_assert_same(before, "a passthrough network that has come and gone");
	free(before);
}

/* The macvtap or macvlan of a new port, moved to where its guest would be. */
static void attach_and_move(struct weir *w, enum weir_port_kind kind, const char *guest, struct weir_port *ret)
{
	struct weir_guest g = { .sz = sizeof(g), .kind = kind };
	struct weir_error err = WEIR_ERROR_INIT;

	if (kind == WEIR_PORT_TAP) {
		g.has_bandwidth = true;
		g.bandwidth.inbound.average_bytes_per_s = 1000000;
	}
	if (try_attach(w, &g, ret, &err))
		fail_msg("%s: %s: %s", err.object, err.attr, err.msg);
	ns_sh("ip netns add %s && ip link set %s netns %s && ip -n %s link set %s name eth0", guest, ret->name, guest, guest, ret->name);
}

/* Detaches, with a step at the end that fails. */
static void fail_to_detach(struct weir *w, const char *name)
{
	struct weir_link taken = { .sz = sizeof(taken), .has = WEIR_LINK_NAME, .kind = WEIR_LINK_BRIDGE, .name = "p1" };
	struct weir_txn *t = ns_begin(w);

	weir_txn_port_detach(t, "net", name);
	weir_txn_link_add(t, &taken);
	assert_int_equal(weir_txn_commit(t, NULL), -EEXIST);
}

static void detach(struct weir *w, const char *name)
{
	struct weir_txn *t = ns_begin(w);

	weir_txn_port_detach(t, "net", name);
	ns_commit(t);
	ns_sh("! test -e %s/ports/%s.json", ns_state_dir, name);
}

/* A macvtap has lost them on the way. */
static void limits_are_gone(struct weir *w, const struct weir_port *port)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_txn *t = ns_begin(w);

	ns_sh("! ip netns exec g1 tc qdisc | grep htb");
	assert_int_equal(weir_txn_port_limit(t, "net", port->name, &port->bandwidth, NULL, NULL), -ENODEV);
	weir_txn_error(t, &err);
	assert_string_equal(err.attr, "bandwidth");
	assert_non_null(strstr(err.msg, "not in this network namespace"));
	weir_txn_abort(t);
}

/* It is deleted where it is now, when all else has been done, and nothing of others'. */
/* Of the same kind, numbers and group, on a link of g4 that has the number of ours; and the same, moved from g6 to g5. */
static void imitate(const struct weir_port *port)
{
	ns_sh("lower=$(ip -o link show %s | cut -d: -f1); for i in 4 5 6; do ip netns add g$i; ip netns set g$i auto; done; "
	      "for g in g4 g6; do ip -n $g link add low index $lower type bridge && "
	      "ip -n $g link add same index %d link low type %s && ip -n $g link set same group %u || exit; done; "
	      "ip -n g6 link set same netns g5", port->dev, port->ifindex,
	      port->kind == WEIR_PORT_MACVLAN ? "macvlan" : "macvtap", WEIR_LINK_GROUP);
}

static void what_is_moved(void **state)
{
	static const enum weir_port_kind kinds[] = { WEIR_PORT_TAP, WEIR_PORT_MACVLAN };
	struct weir_port port = { .sz = sizeof(port) };
	struct weir *w;

	cables();
	w = ns_start(POOL("bridge"));
	for (size_t i = 0; i < 2; i++) {
		attach_and_move(w, kinds[i], "g1", &port);
		if (port.kind == WEIR_PORT_MACVTAP)
			limits_are_gone(w, &port);
		/* Others have a link of that index, too: on the same link, and in our group. */
		ns_sh("ip netns add g2 && ip link add mine%zu index %d link p1 type macvlan && ip link set mine%zu netns g2 && "
		      "ip netns add g3 && ip link add ours%zu index %d type veth peer name peer%zu && "
		      "ip link set ours%zu group %u && ip link set ours%zu netns g3",
		      i, port.ifindex, i, i, port.ifindex, i, i, WEIR_LINK_GROUP, i);
		imitate(&port);
		fail_to_detach(w, port.name);
		ns_sh("ip -n g1 -d link show eth0 | grep -q ' mac.* mode bridge' && test -e %s/ports/%s.json", ns_state_dir, port.name);
		detach(w, port.name);
		ns_sh("! ip -n g1 link show eth0 2>/dev/null && ip -n g2 -br link show mine%zu && ip -n g3 -br link show ours%zu && "
		      "ip -n g4 -br link show same && ip -n g5 -br link show same && for i in 1 2 3 4 5 6; do ip netns del g$i; done", i, i);
	}
	/* With its namespace it has gone by itself. */
	attach_and_move(w, WEIR_PORT_MACVLAN, "g1", &port);
	ns_sh("ip netns del g1");
	detach(w, port.name);
	ns_stop(w);
}

/* What a link cannot do is said, and not left out. */
static void vlan_of_a_link_that_takes_none(void **state)
{
	struct weir_vlan_tag tag = { .id = 7 };
	struct weir_guest g = { .sz = sizeof(g), .vlan = { .tags = &tag, .n_tags = 1 } };
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_port port = { .sz = sizeof(port) };
	struct weir *w;

	cables();
	w = ns_start(POOL("passthrough"));
	assert_int_equal(try_attach(w, &g, &port, &err), -EOPNOTSUPP);
	assert_string_equal(err.attr, "vlan");
	assert_non_null(strstr(err.msg, "p1 is no virtual function"));
	ns_stop(w);
}

/* A bridge, and limits, which it would lose on its way to the container. What it is stays known. */
static void what_a_macvlan_cannot_have(void **state)
{
	struct weir_guest g = { .sz = sizeof(g), .kind = WEIR_PORT_MACVLAN, .has_bandwidth = true,
				.bandwidth.inbound.average_bytes_per_s = 1000000 };
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_port port = { .sz = sizeof(port) }, again = { .sz = sizeof(again) };
	struct weir *w;
	struct weir_txn *t;
	char *before;

	cables();
	w = ns_start(POOL("bridge"));
	assert_int_equal(try_attach(w, &g, &port, &err), -EOPNOTSUPP);
	assert_string_equal(err.attr, "bandwidth");
	g.has_bandwidth = false;
	assert_int_equal(try_attach(w, &g, &port, &err), 0);
	assert_int_equal(port.kind, WEIR_PORT_MACVLAN);
	before = ns_snapshot();
	t = ns_begin(w);
	assert_int_equal(weir_txn_port_limit(t, "net", port.name, &g.bandwidth, NULL, NULL), -EOPNOTSUPP);
	weir_txn_abort(t);
	/* The record is lost, and told again. */
	ns_sh("rm %s/ports/%s.json", ns_state_dir, port.name);
	t = ns_begin(w);
	weir_txn_port_reclaim(t, &port, &again);
	ns_commit(t);
	assert_int_equal(again.kind, WEIR_PORT_MACVLAN);
	weir_port_done(&again);
	ns_assert_same(before, "a macvlan that is claimed again");
	free(before);
	ns_stop(w);
	ns_sh("! ip -br link show type macvlan | grep .");
	w = ns_start("{'name':'net','bridge':{'name':'virbr0'},'dns':{'enable':false}}");
	assert_int_equal(try_attach(w, &g, &port, &err), -EOPNOTSUPP);
	assert_string_equal(err.attr, "kind");
	ns_stop(w);
}

static int attach_in(struct weir_txn *t, char name[16], char dev[16])
{
	const struct weir_guest g = { .sz = sizeof(g) };
	struct weir_port port = { .sz = sizeof(port) };
	int r = weir_txn_port_attach(t, "net", &g, &port, NULL);

	memcpy(name, port.name, sizeof(port.name));
	memcpy(dev, port.dev, sizeof(port.dev));
	weir_port_done(&port);
	return r;
}

/* What a transaction takes is on no record before it is done: names and members count all the same. */
static void several_in_one_transaction(void **state)
{
	static const char *const pools[] = { POOL("vepa"), POOL("passthrough") };
	struct weir_error err = WEIR_ERROR_INIT;
	char name[3][16], dev[3][16];
	struct weir_txn *t;

	cables();
	for (size_t i = 0; i < WR_COUNT(pools); i++) {
		struct weir *w = ns_start(pools[i]);

		t = ns_begin(w);
		for (size_t k = 0; k < 2; k++)
			assert_int_equal(attach_in(t, name[k], dev[k]), 0);
		assert_string_equal(dev[0], "p1");
		assert_string_equal(dev[1], "p2");
		assert_string_equal(name[0], "vnet0");
		assert_string_equal(name[1], "vnet1");
		if (i) {
			assert_int_equal(attach_in(t, name[2], dev[2]), -EBUSY);
			weir_txn_error(t, &err);
			assert_non_null(strstr(err.msg, "all 2 of network net's pool are in use"));
			weir_txn_abort(t);
			t = ns_begin(w);
			for (size_t k = 0; k < 2; k++)
				assert_int_equal(attach_in(t, name[k], dev[k]), 0);
		}
		ns_commit(t);
		ns_sh("ip -o link show vnet0 | grep -q @p1: && ip -o link show vnet1 | grep -q @p2:");
		ns_stop(w);
	}
}

/* A running network gets no other functions than one that starts. */
static void functions_that_are_none(void **state)
{
	static const struct weir_forward_address none = { .pci = (char *)"00ff:ff:1f.7" };
	static const struct weir_forward forward = { .mode = WEIR_FORWARD_HOSTDEV, .n_addresses = 1,
						     .addresses = (struct weir_forward_address *)&none };
	const struct weir_update u = { .sz = sizeof(u), .command = WEIR_UPDATE_MODIFY,
				       .section = WEIR_SECTION_FORWARD, .item = &forward };
	struct weir *w = ns_start("{'name':'net','forward':{'mode':'hostdev'}}");
	struct weir_txn *t = ns_begin(w);
	struct weir_error err = WEIR_ERROR_INIT;

	assert_int_equal(weir_txn_network_update(t, "net", &u, 1, WEIR_NETWORK_LIVE), -ENODEV);
	weir_txn_error(t, &err);
	assert_string_equal(err.attr, "forward.addresses[0]");
	weir_txn_abort(t);
	ns_stop(w);
}

/* Each attach of the tool's wants to know; that all links of the host are listed for it would be too dear. */
static void has_room_unasked(struct weir *w)
{
	struct weir_counters before = { .sz = sizeof(before) }, after = before;
	uint32_t left = 0;

	weir_get_counters(w, &before);
	assert_int_equal(weir_network_room(w, "net", 100, &left, NULL), 0);
	weir_get_counters(w, &after);
	assert_int_equal(left, 100);
	assert_int_equal(after.n_sends, before.n_sends);
}

static void members_in_use_stay(void **state)
{
	static const struct weir_forward_interface p1 = { .dev = (char *)"p1" }, p2 = { .dev = (char *)"p2" };
	struct weir_update u = { .sz = sizeof(u), .command = WEIR_UPDATE_DELETE,
				 .section = WEIR_SECTION_FORWARD_INTERFACE, .item = &p1 };
	static const struct weir_forward card = { .mode = WEIR_FORWARD_VEPA, .pf = (char *)"p2" };
	const struct weir_update other = { .sz = sizeof(other), .command = WEIR_UPDATE_MODIFY,
					   .section = WEIR_SECTION_FORWARD, .item = &card };
	struct weir_guest g = { .sz = sizeof(g) };
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_port port = { .sz = sizeof(port) };
	struct weir_txn *t;
	struct weir *w;

	cables();
	w = ns_start(POOL("vepa"));
	assert_int_equal(try_attach(w, &g, &port, &err), 0);
	has_room_unasked(w);
	t = ns_begin(w);
	assert_int_equal(weir_txn_network_update(t, "net", &other, 1, WEIR_NETWORK_LIVE), -EBUSY);
	weir_txn_abort(t);
	t = ns_begin(w);
	assert_int_equal(weir_txn_network_update(t, "net", &u, 1, WEIR_NETWORK_LIVE), -EBUSY);
	weir_txn_abort(t);
	t = ns_begin(w);
	u.item = &p2;
	weir_txn_network_update(t, "net", &u, 1, WEIR_NETWORK_LIVE);
	ns_commit(t);
	/* An update does not forget who uses what. */
	t = ns_begin(w);
	u.item = &p1;
	assert_int_equal(weir_txn_network_update(t, "net", &u, 1, WEIR_NETWORK_LIVE), -EBUSY);
	weir_txn_abort(t);
	t = ns_begin(w);
	weir_txn_port_detach(t, "net", port.name);
	weir_txn_network_update(t, "net", &u, 1, WEIR_NETWORK_LIVE);
	assert_true(weir_txn_commit(t, &err) == -EBUSY);
	t = ns_begin(w);
	weir_txn_port_detach(t, "net", port.name);
	ns_commit(t);
	t = ns_begin(w);
	weir_txn_network_update(t, "net", &u, 1, WEIR_NETWORK_LIVE);
	ns_commit(t);
	assert_int_equal(try_attach(w, &g, &port, &err), -ENODEV);
	ns_stop(w);
}

/* --- a bridge of the host ---------------------------------------------------------------------------- */

static void container(struct weir *w, int n, uint8_t isolated)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_port port = { .sz = sizeof(port) };
	char netns[16];
	struct weir_guest g = { .sz = sizeof(g), .kind = WEIR_PORT_VETH, .name = netns, .netns = netns, .isolated = isolated };

	snprintf(netns, sizeof(netns), "g%d", n);
	ns_sh("ip netns add %s", netns);
	if (try_attach(w, &g, &port, &err))
		fail_msg("%s: %s: %s", netns, err.attr, err.msg);
	ns_sh("ip -n %s addr add 10.8.0.%d/24 dev eth0", netns, n);
}

static void host_bridge(void **state)
{
	struct weir_network *ovs = ns_network("{'name':'net','forward':{'mode':'bridge'},'bridge':{'name':'br0'},"
					      "'bandwidth':{'inbound':{'average':100000}},'virtualport':{'type':'openvswitch'}}");
	struct weir_txn *t;
	struct weir *w;
	char *before;

	ns_sh("ip link add br0 address 52:54:00:cc:00:01 type bridge; ip link set br0 mtu 1400 up; ip addr add 10.8.0.100/24 dev br0");
	before = ns_snapshot();
	w = ns_start("{'name':'net','forward':{'mode':'bridge'},'bridge':{'name':'br0'},"
		  "'bandwidth':{'inbound':{'average':100000}}}");
	container(w, 1, WEIR_YES);
	container(w, 2, WEIR_YES);
	container(w, 3, WEIR_ABSENT);
	reaches(1, "10.8.0.100", true);
	reaches(1, "10.8.0.3", true);
	reaches(1, "10.8.0.2", false);
	ns_sh("ip -n g1 link show eth0 | grep -q 'mtu 1400'");
	assert_int_equal(weir_txn_network_apply(t = ns_begin(w), ovs, WEIR_NETWORK_LIVE), -EINVAL);
	weir_txn_abort(t);
	weir_network_free(ovs);
	ns_stop(w);
	ns_sh("ip netns del g1; ip netns del g2; ip netns del g3");
	ns_assert_same(before, "a network on a bridge of the host that has come and gone");
	free(before);
}

static void need_vlan_filtering(void)
{
	char *out = ns_out("ip link add probe type bridge vlan_filtering 1 2>/dev/null && ip link del probe && echo yes || true");
	bool yes = *out;

	free(out);
	if (!yes)
		own_skip("the kernel lacks CONFIG_BRIDGE_VLAN_FILTERING");
}

/* A kernel without vlans in bridges says which option it lacks, and one that has them filters. */
static void a_table_that_wants_vlans(void **state)
{
	struct weir_network *net = ns_network("{'name':'net','bridge':{'name':'br0','macTableManager':'libvirt'},"
					      "'ips':[{'address':'10.8.0.1','prefix':24}]}");
	char *has = ns_out("ip link add probe type bridge vlan_filtering 1 2>/dev/null && ip link del probe && echo yes || true");
	char *before = ns_snapshot();
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir *w = ns_open();
	struct weir_txn *t = ns_begin(w);
	int r;

	weir_txn_network_start(t, net);
	r = weir_txn_commit(t, &err);
	if (*has) {
		assert_int_equal(r, 0);
		ns_sh("ip -d -j link show br0 | jq -e '.[0].linkinfo.info_data.vlan_filtering == 1' >/dev/null");
		ns_stop(w);	/* closes it */
	} else {
		assert_int_equal(r, -EOPNOTSUPP);
		assert_string_equal(err.msg, "the kernel lacks vlan_filtering (CONFIG_BRIDGE_VLAN_FILTERING)");
		assert_string_equal(err.object, "bridge br0");
		weir_close(w);
	}
	weir_network_free(net);
	ns_assert_same(before, "a network whose table of addresses is kept");
	free(before);
	free(has);
}

static void move(struct weir *w, const char *port, const char *portgroup)
{
	struct weir_txn *t = ns_begin(w);

	weir_txn_port_move(t, "net", port, portgroup);
	ns_commit(t);
}

/* g1 and g2 are in vlan 7, g3 is in no vlan and is moved there and back; the bridge's own address is in vlan 1. */
static void vlans_of_a_host_bridge(void **state)
{
	struct weir_vlan_tag tag = { .id = 7 };
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_port port = { .sz = sizeof(port) };
	struct weir *w;

	need_vlan_filtering();
	ns_sh("ip link add br0 type bridge vlan_filtering 1; ip link set br0 up; ip addr add 10.8.0.100/24 dev br0");
	w = ns_start("{'name':'net','forward':{'mode':'bridge'},'bridge':{'name':'br0'},"
		     "'portgroups':[{'name':'seven','vlan':{'tags':[{'id':7}]}}]}");
	for (int i = 1; i <= 2; i++) {
		char netns[16];
		struct weir_guest g = { .sz = sizeof(g), .kind = WEIR_PORT_VETH, .netns = netns,
					.vlan = { .tags = &tag, .n_tags = 1 } };

		snprintf(netns, sizeof(netns), "g%d", i);
		ns_sh("ip netns add %s", netns);
		if (try_attach(w, &g, &port, &err))
			fail_msg("%s: %s: %s", err.object, err.attr, err.msg);
		ns_sh("ip -n %s addr add 10.8.0.%d/24 dev eth0", netns, i);
	}
	container(w, 3, WEIR_ABSENT);
	reaches(1, "10.8.0.2", true);
	reaches(1, "10.8.0.3", false);
	reaches(1, "10.8.0.100", false);
	reaches(3, "10.8.0.100", true);
	move(w, "g3", "seven");
	reaches(3, "10.8.0.2", true);
	reaches(3, "10.8.0.100", false);
	move(w, "g3", NULL);
	reaches(3, "10.8.0.2", false);
	reaches(3, "10.8.0.100", true);
	ns_stop(w);
}

/* Nothing is learned; that two guests reach each other shows that the bridge was told. */
static void a_table_that_is_kept(void **state)
{
	struct weir *w;

	need_vlan_filtering();
	w = ns_start("{'name':'net','bridge':{'name':'virbr0','macTableManager':'libvirt'},"
		  "'ips':[{'address':'10.8.0.100','prefix':24}],'dns':{'enable':false}}");
	container(w, 1, WEIR_ABSENT);
	container(w, 2, WEIR_ABSENT);
	ns_sh("bridge -d link show dev g1 | grep -q 'learning off flood off'");
	reaches(1, "10.8.0.2", true);
	reaches(1, "10.8.0.100", true);
	ns_stop(w);
}

static void queues_of_a_macvtap(void **state)
{
	int fds[2] = { -1, -1 };
	struct weir_guest g = { .sz = sizeof(g), .n_queues = 2 };
	struct weir_txn *t;
	struct weir *w;

	cables();
	w = ns_start(POOL("vepa"));
	t = ns_begin(w);
	weir_txn_port_attach(t, "net", &g, NULL, fds);
	ns_commit(t);
	assert_true(fds[0] >= 0 && fds[1] >= 0);
	close(fds[0]);
	close(fds[1]);
	ns_stop(w);
}

/* Such a link has no IPv6, and the kernel refuses to be told that it shall make no address. */
static void links_of_a_small_mtu(void **state)
{
	struct weir_guest g = { .sz = sizeof(g) };
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_port port = { .sz = sizeof(port) };
	struct weir *w;

	w = ns_start("{'name':'net','bridge':{'name':'virbr0','spread':2},'mtu':1000,'dns':{'enable':false}}");
	ns_sh("ip netns add g1");
	if (try_attach(w, &g, &port, &err))
		fail_msg("%s: %s: %s", err.object, err.attr, err.msg);
	ns_sh("ip link show %s | grep -q 'mtu 1000'", port.name);
	g.kind = WEIR_PORT_VETH;
	g.netns = "g1";
	assert_int_equal(try_attach(w, &g, &port, &err), 0);
	ns_stop(w);
	cables();
	ns_sh("ip link set p1 mtu 1000");
	w = ns_start(POOL("vepa"));
	g = (struct weir_guest){ .sz = sizeof(g) };
	assert_int_equal(try_attach(w, &g, &port, &err), 0);
	assert_string_equal(port.dev, "p1");
	ns_stop(w);
}

static void wishes_that_cannot_be_done(void **state)
{
	static const struct {
		const char *json, *attr;
		int code;
		const char *says;
	} cases[] = {
		{ "{'name':'net','forward':{'mode':'bridge'},'bridge':{'name':'none'}}", "", -ENODEV, NULL },
		{ "{'name':'net','forward':{'mode':'bridge'},'bridge':{'name':'lo'}}", "bridge.name", -EINVAL, NULL },
		{ "{'name':'net','bridge':{'zone':'trusted'}}", "bridge.zone", -EOPNOTSUPP,
		  "firewalld is not supported: leave it out, and put the bridge into its zone by firewall-cmd" },
		{ "{'name':'net','forward':{'mode':'bridge'},'bridge':{'name':'br0','macTableManager':'libvirt'}}",
		  "bridge.macTableManager", -EOPNOTSUPP, NULL },
		{ "{'name':'net','domain':{'name':'a','localOnly':true,'register':true}}", "domain.register", -EOPNOTSUPP,
		  "systemd-resolved is not supported: leave it out" },
		{ "{'name':'net','forward':{'mode':'hostdev','addresses':['ffff:ff:1f.7']}}", "forward.addresses[0]", -ENODEV, NULL },
		{ "{'name':'net','forward':{'mode':'nat','interfaces':['nic']},'ips':[{'address':'10.9.0.1','prefix':24}]}", "dev",
		  -EINVAL, "nic is another name of up0: use that one" },
	};
	struct weir *w = ns_open();

	ns_sh("ip link add up0 type bridge && ip link property add dev up0 altname nic");
	for (size_t i = 0; i < WR_COUNT(cases); i++) {
		struct weir_network *net = ns_network(cases[i].json);
		struct weir_txn *t = ns_begin(w);
		struct weir_error err = WEIR_ERROR_INIT;

		weir_txn_network_start(t, net);
		assert_int_equal(weir_txn_commit(t, &err), cases[i].code);
		assert_string_equal(err.attr, cases[i].attr);
		if (cases[i].says)
			assert_string_equal(err.msg, cases[i].says);
		weir_network_free(net);
	}
	weir_close(w);
}

static void forward_is(int first, int end, const char *value)
{
	ns_sh("for i in $(seq %d %d); do for v in 4 6; do grep -qx %s /proc/sys/net/ipv$v/conf/f$i/forwarding || exit 1; done; done",
	      first, end - 1, value);
}

/* Forwarding for the host is forwarding for each of its links: those that had it keep it when that is undone. */
static void links_that_forward_already(void **state)
{
	struct weir_link taken = { .sz = sizeof(taken), .has = WEIR_LINK_NAME, .kind = WEIR_LINK_BRIDGE, .name = "f0" };
	struct weir_network *net = ns_network("{'name':'net','forward':{'mode':'nat'},'ips':[{'address':'10.9.0.1','prefix':24},"
					      "{'address':'fd09::1','prefix':64}]}");
	struct weir *w = ns_open();
	struct weir_txn *t;

	ns_sh("cd /proc/sys/net; for f in ipv4/ip_forward ipv6/conf/all/forwarding ipv4/conf/all/accept_redirects; do echo 0 >$f; done; "
	      "for i in $(seq 0 99); do ip link add f$i type bridge; done; "
	      "for i in $(seq 0 89); do echo 1 >ipv4/conf/f$i/forwarding; echo 1 >ipv6/conf/f$i/forwarding; done");
	t = ns_begin(w);
	weir_txn_network_start(t, net);
	weir_txn_link_add(t, &taken);
	assert_int_equal(weir_txn_commit(t, NULL), -EEXIST);
	forward_is(0, 90, "1");
	forward_is(90, 100, "0");
	/* Who takes no redirects takes none afterwards. */
	ns_sh("grep -qx 0 /proc/sys/net/ipv4/conf/all/accept_redirects");
	weir_network_free(net);
	weir_close(w);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, ns_setup, ns_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(macvtap_bridge),	  TEST(macvtap_private),     TEST(macvtap_vepa),
		TEST(macvtap_passthrough), TEST(what_a_macvlan_cannot_have), TEST(what_is_moved), TEST(vlan_of_a_link_that_takes_none),
		TEST(several_in_one_transaction), TEST(functions_that_are_none), TEST(members_in_use_stay), TEST(host_bridge),
		TEST(vlans_of_a_host_bridge), TEST(a_table_that_is_kept), TEST(a_table_that_wants_vlans), TEST(queues_of_a_macvtap),
		TEST(links_of_a_small_mtu), TEST(wishes_that_cannot_be_done), TEST(links_that_forward_already),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
