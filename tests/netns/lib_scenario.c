/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The transactions: see lib_scenario.h. Everything that would be random is given. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <weir/bridge.h>
#include <weir/link.h>
#include <weir/update.h>

#include "base/base.h"
#include "lib_ovs.h"
#include "lib_scenario.h"
#include "link/link.h"
#include "tc/bpf.h"

static const char nat_json[] =
	"{'name':'nat net','uuid':'11111111-2222-4333-8444-555555555555','forward':{'mode':'nat',"
	" 'nat':{'ipv6':true,'port':{'start':2000,'end':3000}}},"
	" 'bridge':{'name':'virbr0'},'mac':'52:54:00:11:22:33','mtu':1400,"
	" 'domain':{'name':'weir.test'},"
	" 'bandwidth':{'inbound':{'average':20000,'peak':30000,'burst':1000},'outbound':{'average':10000}},"
	" 'ips':[{'address':'192.168.122.1','prefix':24,'dhcp':{"
	"   'ranges':[{'start':'192.168.122.10','end':'192.168.122.99'}],"
	"   'hosts':[{'mac':'52:54:00:00:00:01','name':'one','ip':'192.168.122.5'}]}},"
	"  {'address':'fd00:122::1','prefix':64}],"
	" 'routes':[{'address':'10.99.0.0','prefix':16,'gateway':'192.168.122.7'}],"
	" 'portgroups':[{'name':'gold','bandwidth':{'inbound':{'average':1000,'peak':2000,'burst':64},"
	"  'outbound':{'average':500}}}]}";

static const char isolated_json[] =
	"{'name':'iso','uuid':'11111111-2222-4333-8444-666666666666','bridge':{'name':'virbr1','stp':true,'delay':2},"
	" 'mac':'52:54:00:11:22:44','dns':{'enable':false},'ips':[{'address':'10.7.0.1','prefix':24}]}";

static void start_json(struct weir_txn *t, const char *json)
{
	struct weir_network *net = ns_network(json);

	weir_txn_network_start(t, net);
	weir_network_free(net);
}

static void define_json(struct weir *w, const char *json)
{
	struct weir_network *net = ns_network(json);
	struct weir_txn *t = ns_begin(w);

	weir_txn_network_define(t, net);
	ns_commit(t);
	weir_network_free(net);
}

static void run_network(struct weir *w, const char *json)
{
	struct weir_txn *t = ns_begin(w);

	start_json(t, json);
	ns_commit(t);
}

/* --- networks ---------------------------------------------------------------------------- */

static void nothing(struct weir *w)
{
}

/* One link forwards while the host does not: undo must give it back. */
static void one_forwards(struct weir *w)
{
	ns_sh("ip link add up0 address 52:54:00:aa:00:01 type veth peer name up1 address 52:54:00:aa:00:02 && ip link set up0 up && "
	      "ip addr add 10.0.0.1/24 dev up0 && cd /proc/sys/net && echo 0 >ipv4/ip_forward && echo 0 >ipv6/conf/all/forwarding && "
	      "echo 0 >ipv4/conf/all/accept_redirects && echo 1 >ipv4/conf/up0/forwarding && echo 1 >ipv6/conf/up0/forwarding");
}

static void start_nat(struct weir_txn *t)
{
	start_json(t, nat_json);
}

static void start_isolated(struct weir_txn *t)
{
	start_json(t, isolated_json);
}

static void with_nat(struct weir *w)
{
	run_network(w, nat_json);
}

static void with_both(struct weir *w)
{
	run_network(w, isolated_json);
	run_network(w, nat_json);
}

static void stop_nat(struct weir_txn *t)
{
	weir_txn_network_stop(t, "nat net");
}

static void define_nat(struct weir_txn *t)
{
	struct weir_network *net = ns_network(nat_json);

	weir_txn_network_define(t, net);
	weir_network_free(net);
}

static void with_defined(struct weir *w)
{
	define_json(w, nat_json);
}

static void undefine_nat(struct weir_txn *t)
{
	weir_txn_network_undefine(t, "nat net");
}

/* --- reloading: the stored definition has one host more, or another range ------------------- */

static char *replaced(const char *text, const char *from, const char *to)
{
	const char *at = strstr(text, from);
	char *out;

	assert_non_null(at);
	assert_true(asprintf(&out, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from)) > 0);
	return out;
}

static void with_changed(struct weir *w, const char *from, const char *to)
{
	char *json = replaced(nat_json, from, to);

	run_network(w, nat_json);
	define_json(w, json);
	free(json);
}

static void with_new_host(struct weir *w)
{
	with_changed(w, "'hosts':[", "'hosts':[{'mac':'52:54:00:00:00:02','ip':'192.168.122.6'},");
}

static void with_new_range(struct weir *w)
{
	with_changed(w, "192.168.122.99", "192.168.122.200");
}

static void reload_nat(struct weir_txn *t)
{
	weir_txn_network_reload(t, "nat net");
}

/* --- updating: both definitions, and what serves them ----------------------------------------- */

static void with_both_definitions(struct weir *w)
{
	define_json(w, nat_json);
	run_network(w, nat_json);
}

static void update_both(struct weir_txn *t, const struct weir_update *updates, size_t n)
{
	weir_txn_network_update(t, "nat net", updates, n, WEIR_NETWORK_CONFIG | WEIR_NETWORK_LIVE);
}

static void update_host(struct weir_txn *t)
{
	struct weir_dhcp_host host = { .mac = (char *)"52:54:00:00:00:09", .name = (char *)"nine" };
	struct weir_update u = { .sz = sizeof(u), .command = WEIR_UPDATE_ADD_LAST, .parent_index = -1,
				 .section = WEIR_SECTION_IP_DHCP_HOST, .item = &host };

	weir_ip_parse("192.168.122.9", &host.address);
	update_both(t, &u, 1);
}

/* New limits for a running port, another way out, another dnsmasq. */
static void update_much(struct weir_txn *t)
{
	static const struct weir_portgroup gold = { .name = (char *)"gold",
						    .bandwidth.inbound.average_bytes_per_s = 3000000,
						    .bandwidth.outbound.average_bytes_per_s = 700000 };
	static const struct weir_forward route = { .mode = WEIR_FORWARD_ROUTE };
	static const struct weir_dns_txt txt = { .name = (char *)"a", .value = (char *)"b" };
	const struct weir_update updates[] = {
		{ .sz = sizeof(updates[0]), .command = WEIR_UPDATE_MODIFY, .section = WEIR_SECTION_PORTGROUP,
		  .item = &gold },
		{ .sz = sizeof(updates[0]), .command = WEIR_UPDATE_MODIFY, .section = WEIR_SECTION_FORWARD,
		  .item = &route },
		{ .sz = sizeof(updates[0]), .command = WEIR_UPDATE_ADD_LAST, .section = WEIR_SECTION_DNS_TXT,
		  .item = &txt },
	};

	update_both(t, updates, 3);
}

/* --- ports ------------------------------------------------------------------------------------- */

static int fds[2];

static const struct weir_ip addresses[] = { { WEIR_FAMILY_IPV4, { 10, 1, 2, 3 } },
					    { WEIR_FAMILY_IPV6, { 0xfd, 0, [15] = 3 } } };

static void attach(struct weir_txn *t, enum weir_port_kind kind, unsigned int n_queues)
{
	struct weir_guest g = {
		.sz = sizeof(g), .kind = kind, .name = kind == WEIR_PORT_TAP ? "tap0" : "veth0",
		.portgroup = "gold", .mac = { 0x52, 0x54, 0, 1, 1, kind }, .owner = "guest \"1\"",
		.uuid = kind == WEIR_PORT_VETH ? "11111111-2222-4333-8444-aaaaaaaaaaaa" :
						 "11111111-2222-4333-8444-bbbbbbbbbbbb",
		.n_queues = n_queues, .netns = kind == WEIR_PORT_VETH ? "guest" : NULL,
	};

	/* The veth has limits and addresses of its own, and a floor on the bridge. */
	if (kind == WEIR_PORT_VETH) {
		g.anti_spoofing = WEIR_SPOOFING_IP;
		g.addresses = addresses;
		g.n_addresses = sizeof(addresses) / sizeof(addresses[0]);
		g.has_bandwidth = true;
		g.bandwidth.inbound = (struct weir_rate){ 1000000, 2000000, 65536, 500000 };
		g.bandwidth.outbound.average_bytes_per_s = 300000;
	}

	weir_txn_port_attach(t, "nat net", &g, NULL, fds);
}

static void attach_tap(struct weir_txn *t)
{
	attach(t, WEIR_PORT_TAP, 0);
}

/* A limit of its own and a floor: no command makes the filter everywhere, so it has no plan. */
static void attach_outbound_floor(struct weir_txn *t)
{
	struct weir_guest g = {
		.sz = sizeof(g), .kind = WEIR_PORT_TAP, .name = "tap1", .mac = { 0x52, 0x54, 0, 1, 1, 9 },
		.uuid = "11111111-2222-4333-8444-cccccccccccc", .has_bandwidth = true,
		.bandwidth = { .inbound.floor_bytes_per_s = 100000, .outbound = { 300000, 0, 0, 200000 } },
	};

	weir_txn_port_attach(t, "nat net", &g, NULL, NULL);
}

static void attach_open_tap(struct weir_txn *t)
{
	attach(t, WEIR_PORT_TAP, 2);
}

static void attach_veth(struct weir_txn *t)
{
	attach(t, WEIR_PORT_VETH, 0);
}

static void with_guest(struct weir *w)
{
	with_nat(w);
	ns_sh("ip netns add guest");
}

static void with_ports(struct weir *w)
{
	struct weir_txn *t;

	with_guest(w);
	t = ns_begin(w);
	attach_tap(t);
	attach_veth(t);
	ns_commit(t);
}

static void detach_veth(struct weir_txn *t)
{
	weir_txn_port_detach(t, "nat net", "veth0");
}

static void with_attached(struct weir *w)
{
	define_json(w, nat_json);
	with_ports(w);
}

/* The guest's address becomes that of the link below, and must not stay there. */
static void with_passthrough(struct weir *w)
{
	ns_sh("ip link add up0 address 52:54:00:aa:00:01 type veth peer name up1 address 52:54:00:aa:00:02; ip link set up0 up");
	run_network(w, "{'name':'nat net','uuid':'11111111-2222-4333-8444-777777777777',"
		       "'forward':{'mode':'passthrough','interfaces':['up0']}}");
}

static void attach_passthrough(struct weir_txn *t)
{
	struct weir_guest g = { .sz = sizeof(g), .name = "mt0", .mac = { 0x52, 0x54, 0, 1, 1, 7 },
				.uuid = "11111111-2222-4333-8444-888888888888" };

	weir_txn_port_attach(t, "nat net", &g, NULL, NULL);
}

static void with_passed_through(struct weir *w)
{
	struct weir_txn *t;

	with_passthrough(w);
	t = ns_begin(w);
	attach_passthrough(t);
	ns_commit(t);
}

static void detach_passthrough(struct weir_txn *t)
{
	weir_txn_port_detach(t, "nat net", "mt0");
}

/* Where it is shows in the address of the link below, which is the guest's as long as it is there. */
static void with_moved(struct weir *w)
{
	with_passed_through(w);
	ns_sh("ip netns add moved && ip link set mt0 netns moved && ip -n moved link set mt0 name eth0");
}

static void with_outbound_floor(struct weir *w)
{
	struct weir_txn *t;

	with_nat(w);
	t = ns_begin(w);
	attach_outbound_floor(t);
	ns_commit(t);
}

static void detach_tap1(struct weir_txn *t)
{
	weir_txn_port_detach(t, "nat net", "tap1");
}

static void detach_tap(struct weir_txn *t)
{
	weir_txn_port_detach(t, "nat net", "tap0");
}

static void with_damaged(struct weir *w)
{
	with_ports(w);
	ns_sh("echo damaged >%s/ports/tap0.json", ns_state_dir);
}

/* What happens is told, and allowed. */
static void with_hook(struct weir *w)
{
	ns_sh("mkdir -p %s/hooks; printf '#!/bin/sh\nexec cat >/dev/null\n' >%s/hooks/network; chmod +x %s/hooks/network",
	      ns_config_dir, ns_config_dir, ns_config_dir);
	with_guest(w);
}

#define GOLD "'portgroups':[{'name':'gold','vlan':{'trunk':true,'tags':[{'id':7,'nativeMode':'untagged'},{'id':9}]}}," \
	     "{'name':'silver','vlan':{'tags':[{'id':9}]},'bandwidth':{'inbound':{'average':1000}}}]"

static void with_filtering_bridge(struct weir *w)
{
	ns_sh("ip link add br0 address 52:54:00:cc:00:01 type bridge vlan_filtering 1; ip link set br0 up");
	run_network(w, "{'name':'nat net','uuid':'11111111-2222-4333-8444-999999999998','forward':{'mode':'bridge'},"
		       "'bridge':{'name':'br0'}," GOLD "}");
}

static void with_port_in_vlans(struct weir *w)
{
	struct weir_txn *t;

	with_filtering_bridge(w);
	t = ns_begin(w);
	attach_tap(t);
	ns_commit(t);
}

static void move_to_silver(struct weir_txn *t)
{
	weir_txn_port_move(t, "nat net", "tap0", "silver");
}

#define KEEPER(by) "{'name':'nat net','uuid':'11111111-2222-4333-8444-999999999997','mac':'52:54:00:cc:00:02',"                  \
		   "'bridge':{'name':'virbr0','spread':2,'macTableManager':'" by "'},'dns':{'enable':false},"                   \
		   "'ips':[{'address':'10.8.0.1','prefix':24}],'portgroups':[{'name':'gold'}]}"

static void with_table_kept_by(struct weir *w, const char *json)
{
	run_network(w, json);
	ns_sh("ip link add own0 address 52:54:00:cc:00:09 type veth peer name own1 address 52:54:00:cc:00:0a; "
	      "ip link set own0 master virbr0");
}

static void with_kept_table(struct weir *w)
{
	with_table_kept_by(w, KEEPER("libvirt"));
}

/* Somebody's port on the first bridge has ours go to the other, behind the join. */
static void with_port_behind(struct weir *w)
{
	struct weir_txn *t;

	with_kept_table(w);
	t = ns_begin(w);
	attach_tap(t);
	ns_commit(t);
}

/* On either bridge one. */
static void attach_two(struct weir *w)
{
	struct weir_guest g = { .sz = sizeof(g), .name = "tap2", .mac = { 0x52, 0x54, 0, 1, 1, 3 },
				.uuid = "11111111-2222-4333-8444-dddddddddddd" };
	struct weir_txn *t = ns_begin(w);

	attach_tap(t);
	weir_txn_port_attach(t, "nat net", &g, NULL, NULL);
	ns_commit(t);
}

static void with_learned_table(struct weir *w)
{
	with_table_kept_by(w, KEEPER("kernel"));
	attach_two(w);
}

static void with_told_table(struct weir *w)
{
	with_kept_table(w);
	attach_two(w);
}

static void apply_live(struct weir_txn *t, const char *json)
{
	struct weir_network *net = ns_network(json);

	weir_txn_network_apply(t, net, WEIR_NETWORK_LIVE);
	weir_network_free(net);
}

static void take_table(struct weir_txn *t)
{
	apply_live(t, KEEPER("libvirt"));
}

static void give_table_back(struct weir_txn *t)
{
	apply_live(t, KEEPER("kernel"));
}

/* Without STP, which goes on to change the state by itself where two bridges talk. */
#define SPREAD(n) "{'name':'spread','uuid':'11111111-2222-4333-8444-999999999996','mac':'52:54:00:cc:00:03',"                    \
		  "'bridge':{'name':'virbr0','spread':" #n "},'dns':{'enable':false},'mtu':1400}"

static void with_one_bridge(struct weir *w)
{
	run_network(w, SPREAD(1));
}

static void spread_more(struct weir_txn *t)
{
	apply_live(t, SPREAD(2));
}

/* A vlan, limits in the database, and a tap that Open vSwitch has. */
static void with_ovs(struct weir *w)
{
	ovs_start();
	run_network(w, "{'name':'nat net','uuid':'11111111-2222-4333-8444-999999999999','forward':{'mode':'bridge'},"
		       "'bridge':{'name':'br0'},'virtualport':{'type':'openvswitch',"
		       "'interfaceid':'11111111-2222-4333-8444-cccccccccccc'},'portgroups':[{'name':'gold','vlan':{'tags':[{'id':7}]},"
		       "'bandwidth':{'inbound':{'average':1000},'outbound':{'average':500}}}]}");
}

static void with_ovs_port(struct weir *w)
{
	struct weir_txn *t;

	with_ovs(w);
	t = ns_begin(w);
	attach_tap(t);
	ns_commit(t);
}

/* --- links as such -------------------------------------------------------------------------------- */

static void with_links(struct weir *w)
{
	ns_sh("ip link add a0 address 52:54:00:aa:00:01 type veth peer name a1 address 52:54:00:aa:00:02;"
	      "ip link set a0 alias 'old alias' mtu 1480;"
	      "ip link add b0 address 52:54:00:aa:00:03 type bridge ageing_time 100; ip link set a0 master b0;"
	      "ip link add c0 address 52:54:00:aa:00:04 type veth peer name c1 address 52:54:00:aa:00:05;"
	      "ip link add d0 address 52:54:00:aa:00:06 type bridge; ip link set d0 group 7;"
	      /* A link that was never up has no qdisc; one that was keeps it. */
	      "ip link set a0 up; ip link set a0 down; ip link set b0 up; ip link set b0 down");
}

static int index_of(struct weir_txn *t, const char *name)
{
	struct weir_link l = { .sz = sizeof(l) };

	return weir_link_get(weir_txn_handle(t), 0, name, &l, NULL) ? 0 : l.ifindex;
}

static void change_links(struct weir_txn *t)
{
	struct weir_link a = {
		.sz = sizeof(a), .ifindex = index_of(t, "a0"), .kind = WEIR_LINK_VETH,
		.has = WEIR_LINK_IFINDEX | WEIR_LINK_ALIAS | WEIR_LINK_MTU | WEIR_LINK_UP | WEIR_LINK_MAC,
		.alias = "new", .mtu = 1300, .is_up = true, .mac = { 0x52, 0x54, 0, 9, 9, 9 },
		.port = { .has = WEIR_PORT_ISOLATED | WEIR_PORT_LEARNING, .isolated = true },
	};
	struct weir_link b = {
		.sz = sizeof(b), .ifindex = index_of(t, "b0"), .kind = WEIR_LINK_BRIDGE,
		.has = WEIR_LINK_IFINDEX | WEIR_LINK_UP | WEIR_LINK_GROUP_SET, .is_up = true, .group = 5,
		.bridge = { .has = WEIR_BRIDGE_AGEING_TIME | WEIR_BRIDGE_MCAST_SNOOPING,
			    .ageing_time_cs = 5000 },
	};
	struct weir_addr addr = { .sz = sizeof(addr), .ifindex = b.ifindex, .prefix = 24 };
	struct weir_route route = { .sz = sizeof(route), .ifindex = b.ifindex, .prefix = 8 };

	weir_ip_parse("10.5.5.1", &addr.local);
	weir_ip_parse("11.0.0.0", &route.dst);
	weir_ip_parse("10.5.5.2", &route.gateway);
	weir_txn_link_set(t, &a);
	weir_txn_link_set(t, &b);
	weir_txn_addr_add(t, &addr);
	weir_txn_route_add(t, &route);
	weir_txn_link_del(t, index_of(t, "c0"), "c0");
	weir_txn_link_del(t, index_of(t, "d0"), "d0");
}

static void with_names(struct weir *w)
{
	with_links(w);
	ns_sh("ip link property add dev b0 altname an-old-name-of-it; bridge fdb add 52:54:00:cc:00:01 dev a0 master static;"
	      "ip link add m0 link c0 address 52:54:00:aa:00:07 type macvlan mode source macaddr set 52:54:00:cc:00:03");
}

/* What a link has besides: other names, addresses behind it, sources. */
static void change_names(struct weir_txn *t)
{
	struct weir_fdb old = { .sz = sizeof(old), .ifindex = index_of(t, "a0"), .mac = { 0x52, 0x54, 0, 0xcc, 0, 1 } };
	struct weir_fdb new = { .sz = sizeof(new), .ifindex = old.ifindex, .mac = { 0x52, 0x54, 0, 0xcc, 0, 2 } };
	int b0 = index_of(t, "b0"), m0 = index_of(t, "m0");

	weir_txn_altname_add(t, b0, "a-new-name-of-it");
	weir_txn_altname_del(t, b0, "an-old-name-of-it");
	weir_txn_fdb_add(t, &new);
	weir_txn_fdb_del(t, &old);
	weir_txn_macvlan_source_add(t, m0, (const uint8_t[]){ 0x52, 0x54, 0, 0xcc, 0, 4 });
	weir_txn_macvlan_source_del(t, m0, (const uint8_t[]){ 0x52, 0x54, 0, 0xcc, 0, 3 });
}

static void with_vlans(struct weir *w)
{
	with_links(w);
	ns_sh("ip link set b0 type bridge vlan_filtering 1; bridge vlan add dev a0 vid 10-20; bridge vlan add dev a0 vid 5 pvid untagged");
}

/* A range out of the middle, another pvid, and the bridge's own. */
static void change_vlans(struct weir_txn *t)
{
	struct weir_port_vlan v = { .sz = sizeof(v), .ifindex = index_of(t, "a0"), .vid = 12, .vid_end = 30 };

	weir_txn_port_vlan_del(t, &v);
	v.vid = v.vid_end = 7;
	v.pvid = v.untagged = true;
	weir_txn_port_vlan_add(t, &v);
	v = (struct weir_port_vlan){ .sz = sizeof(v), .ifindex = index_of(t, "b0"), .vid = 40, .vid_end = 42, .self = true };
	weir_txn_port_vlan_add(t, &v);
}

static void with_port_up(struct weir *w)
{
	with_links(w);
	ns_sh("ip link set a0 up");
}

/*
 * A port down and out for a moment, as those of a bond that changes its mode. Where one of the messages is
 * refused, those behind it are done: the port is put back into the bridge that it has not left.
 */
static void leave_and_return(struct weir_txn *t)
{
	struct weir_link down = { .sz = sizeof(down), .ifindex = index_of(t, "a0"), .has = WEIR_LINK_IFINDEX | WEIR_LINK_UP };
	struct weir_link up = down, out = down, in, bridge = { .sz = sizeof(bridge), .ifindex = index_of(t, "b0"),
							       .has = WEIR_LINK_IFINDEX | WEIR_LINK_ALIAS, .alias = "new" };

	up.is_up = true;
	out.has = WEIR_LINK_IFINDEX | WEIR_LINK_MASTER;
	in = out;
	in.master = (uint32_t)bridge.ifindex;
	wr_link_step(t, &down, &up);
	wr_link_step(t, &out, &in);
	weir_txn_link_set(t, &bridge);
	wr_link_step(t, &in, &out);
	wr_link_step(t, &up, &down);
}

/* A port with settings, which goes with its bridge's. */
static void with_somewhere(struct weir *w)
{
	with_links(w);
	ns_sh("ip netns add guest; ip link set a0 type bridge_slave isolated on learning off; ip link set a0 up");
}

static void move_away(struct weir_txn *t)
{
	weir_txn_link_move(t, index_of(t, "a0"), "guest");
	weir_txn_link_move(t, index_of(t, "c0"), "guest");
}

/* A macvtap and two queues of it. */
static void open_macvtap(struct weir_txn *t)
{
	struct weir_link l = { .sz = sizeof(l), .kind = WEIR_LINK_MACVTAP, .name = "mt0",
			       .has = WEIR_LINK_NAME | WEIR_LINK_MAC | WEIR_LINK_LOWER, .lower = (uint32_t)index_of(t, "c0"),
			       .mac = { 0x52, 0x54, 0, 0xcc, 0, 9 },
			       .macvlan = { .has = WEIR_MACVLAN_MODE, .mode = WEIR_MACVLAN_BRIDGE } };

	weir_txn_macvtap_open(t, weir_txn_link_add(t, &l), 2, true, fds);
}

/* --- limits and floors ---------------------------------------------------------------------------- */

#define LIMITS(in, out) { { in, 0, 0, 0 }, { out, 0, 0, 0 } }

static enum weir_leaf new_leaf;	/* for what is shaped next */
static enum weir_qdisc new_qdisc;

static void shape(struct weir_txn *t, const char *name, const struct weir_bandwidth *b,
		  enum weir_shape_method method)
{
	struct weir_shape_options opts = { .sz = sizeof(opts), .method = method, .has_floors = *name == 'b',
					   .leaf = new_leaf, .qdisc = new_qdisc, .replace = true };

	weir_txn_shape_set(t, index_of(t, name), name, b, &opts, NULL);
}

/* Where the kernel has no policer: next to it, an ifb of its own. */
static enum weir_shape_method police(void)
{
	return system("tc actions add action police rate 1mbit burst 10k 2>/dev/null") ? WEIR_SHAPE_IFB : WEIR_SHAPE_POLICE;
}

/* Where the kernel has no such leaf, HTB's own. */
static enum weir_leaf leaf(enum weir_leaf wanted)
{
	char command[128];

	snprintf(command, sizeof(command), "tc qdisc add dev lo root %s 2>/dev/null && tc qdisc del dev lo root",
		 weir_leaf_name(wanted));
	return system(command) ? WEIR_LEAF_DEFAULT : wanted;
}

/* A class that the redirect chooses: by a filter, or where the kernel cannot, by a program. */
static enum weir_shape_method chosen(void)
{
	return system("tc actions add action skbedit priority 1 2>/dev/null") ? WEIR_SHAPE_BPF : WEIR_SHAPE_SKBEDIT;
}

/* Two ports on one ifb, and one that has only its way in limited. */
static void with_shaped(struct weir *w)
{
	static const struct weir_bandwidth some = LIMITS(1000000, 500000), out = LIMITS(0, 300000);
	struct weir_txn *t;

	with_links(w);
	t = ns_begin(w);
	shape(t, "a0", &some, WEIR_SHAPE_AUTO);
	shape(t, "a1", &some, WEIR_SHAPE_IFB);
	shape(t, "c0", &out, WEIR_SHAPE_AUTO);
	ns_commit(t);
}

/* In place and by another method, from none to some, and away with what had an ifb of its own. */
static void change_limits(struct weir_txn *t)
{
	static const struct weir_bandwidth other = LIMITS(2000000, 100000), both = LIMITS(100000, 100000);

	shape(t, "a0", &other, WEIR_SHAPE_AUTO);
	shape(t, "c0", &both, WEIR_SHAPE_IFB);
	shape(t, "c1", &both, WEIR_SHAPE_AUTO);
	weir_txn_shape_clear(t, index_of(t, "a1"), "a1", NULL);
}

/* Where a user namespace may load no program: next to it. */
static enum weir_shape_method block(void)
{
	wr_auto(fd) int fd = wr_bpf_load(WR_BPF_BY_PORT, WR_MAJOR_SHARED);

	return fd < 0 ? WEIR_SHAPE_IFB : WEIR_SHAPE_BLOCK;
}

/* Two ports in a block, and one that has a filter of its own. */
static void with_blocks(struct weir *w)
{
	static const struct weir_bandwidth some = LIMITS(1000000, 500000);
	struct weir_txn *t;

	with_links(w);
	t = ns_begin(w);
	shape(t, "a0", &some, block());
	shape(t, "a1", &some, block());
	shape(t, "c0", &some, WEIR_SHAPE_IFB);
	ns_commit(t);
}

/* All leave it, one of them for an ifb of its own, and others get one. */
static void change_blocks(struct weir_txn *t)
{
	static const struct weir_bandwidth other = LIMITS(2000000, 100000);

	shape(t, "a0", &other, WEIR_SHAPE_IFB);
	weir_txn_shape_clear(t, index_of(t, "a1"), "a1", NULL);
	shape(t, "c0", &other, block());
	shape(t, "c1", &other, block());
}

/* Two policers, a class on a shared ifb, and leaves that are not the best. */
static void with_policed(struct weir *w)
{
	static const struct weir_bandwidth some = LIMITS(1000000, 500000), out = LIMITS(0, 300000);
	struct weir_txn *t;

	with_links(w);
	t = ns_begin(w);
	new_leaf = leaf(WEIR_LEAF_SFQ);
	shape(t, "a0", &some, police());
	shape(t, "a1", &out, police());
	shape(t, "c0", &some, chosen());
	new_leaf = WEIR_LEAF_AUTO;
	ns_commit(t);
}

/* A policer in place, one that becomes a class, a class that becomes one; and other leaves below classes that stay. */
static void change_policed(struct weir_txn *t)
{
	static const struct weir_bandwidth other = LIMITS(200000, 100000), out = LIMITS(0, 700000);

	new_leaf = leaf(WEIR_LEAF_FQ_CODEL);
	shape(t, "a0", &other, WEIR_SHAPE_AUTO);
	shape(t, "a1", &out, chosen());
	new_leaf = WEIR_LEAF_DEFAULT;
	shape(t, "c0", &other, police());
	new_leaf = WEIR_LEAF_AUTO;
}

/* By TBF and by HTB, where there had been a default qdisc, and noqueue. */
static void with_buckets(struct weir *w)
{
	static const struct weir_bandwidth some = { { 1000000, 2000000, 100000, 0 }, { 0 } };
	struct weir_txn *t;

	with_links(w);
	ns_sh("tc qdisc add dev c0 root handle 9: noqueue && tc qdisc add dev c1 root handle 9: noqueue");
	t = ns_begin(w);
	shape(t, "a1", &some, WEIR_SHAPE_AUTO);
	new_qdisc = WEIR_QDISC_TBF;
	shape(t, "a0", &some, WEIR_SHAPE_AUTO);
	shape(t, "c0", &some, WEIR_SHAPE_AUTO);
	shape(t, "c1", &some, WEIR_SHAPE_AUTO);
	new_qdisc = WEIR_QDISC_AUTO;
	ns_commit(t);
}

/* A TBF in place, from one to the other and back, and away. */
static void change_buckets(struct weir_txn *t)
{
	static const struct weir_bandwidth other = LIMITS(200000, 0);

	shape(t, "a0", &other, WEIR_SHAPE_AUTO);
	new_qdisc = WEIR_QDISC_TBF;
	shape(t, "a1", &other, WEIR_SHAPE_AUTO);
	new_qdisc = WEIR_QDISC_HTB;
	shape(t, "c0", &other, WEIR_SHAPE_AUTO);
	new_qdisc = WEIR_QDISC_AUTO;
	weir_txn_shape_clear(t, index_of(t, "c1"), "c1", NULL);
}

/* What others set where we want to be, and a port that had noqueue before. */
static void with_others(struct weir *w)
{
	static const struct weir_bandwidth some = LIMITS(1000000, 500000);
	struct weir_txn *t;

	with_links(w);
	ns_sh("set -e; tc qdisc add dev a0 root handle 5: tbf rate 1mbit burst 10k latency 50ms; tc qdisc add dev a0 clsact;"
	      "for d in a1 c0 c1; do tc qdisc add dev $d root handle 9: noqueue; done; ip link set b0 up");
	t = ns_begin(w);
	shape(t, "c0", &some, WEIR_SHAPE_AUTO);
	shape(t, "c1", &some, police());
	ns_commit(t);
}

/* Theirs are replaced, noqueue goes and comes back, the policer goes and another comes, and a bridge gets room for floors. */
static void replace_others(struct weir_txn *t)
{
	static const struct weir_bandwidth both = LIMITS(100000, 100000), in = LIMITS(100000, 0);

	shape(t, "a0", &both, WEIR_SHAPE_AUTO);
	shape(t, "a1", &both, police());
	shape(t, "b0", &in, WEIR_SHAPE_AUTO);
	shape(t, "c0", &in, WEIR_SHAPE_AUTO);
	weir_txn_shape_clear(t, index_of(t, "c1"), "c1", NULL);
}

static const uint8_t floor_macs[3][6] = {
	{ 0x52, 0x54, 0, 7, 7, 1 }, { 0x52, 0x54, 0, 7, 7, 2 }, { 0x52, 0x54, 0, 8, 8, 1 },
};

static void with_floors(struct weir *w)
{
	static const struct weir_bandwidth limit = LIMITS(1000000, 0);
	struct weir_txn *t;

	with_links(w);
	t = ns_begin(w);
	shape(t, "b0", &limit, WEIR_SHAPE_AUTO);
	ns_commit(t);
	t = ns_begin(w);
	for (int i = 0; i < 2; i++)
		weir_txn_floor_set(t, index_of(t, "b0"), "b0", floor_macs[i], 100000, 0, NULL);
	ns_commit(t);
}

/* One larger, one away, a new one in its place, and the limit itself. */
static void change_floors(struct weir_txn *t)
{
	static const struct weir_bandwidth limit = LIMITS(900000, 0);
	int b0 = index_of(t, "b0");

	weir_txn_floor_set(t, b0, "b0", floor_macs[0], 200000, 0x77650018, NULL);
	weir_txn_floor_set(t, b0, "b0", floor_macs[1], 0, 0x77650019, NULL);
	weir_txn_floor_set(t, b0, "b0", floor_macs[2], 700000, 0, NULL);
	shape(t, "b0", &limit, WEIR_SHAPE_AUTO);
}

/* --- sets of links ---------------------------------------------------------------------------------- */

#define SET_LINK(kind_, name_, has_, ...)                                                          \
	{ .sz = sizeof(struct weir_link), .kind = WEIR_LINK_##kind_, .name = name_,                \
	  .has = WEIR_LINK_NAME | WEIR_LINK_IFINDEX | WEIR_LINK_MAC | (has_), ##__VA_ARGS__ }
#define SET_MAC(last) .mac = { 0x52, 0x54, 0, 0xbb, 0, last }

/* Names for each other, and MAC addresses, so that two runs end in the same state. */
static void number(struct weir_txn *t, struct weir_link *l, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct weir_link is = { .sz = sizeof(is) };

		l[i].ifindex = weir_link_get(weir_txn_handle(t), 0, l[i].name, &is, NULL) ? weir_txn_link_index(t) :
											    is.ifindex;
	}
}

static void make_set(struct weir_txn *t)
{
	struct weir_link l[] = {
		SET_LINK(MACVLAN, "s-mv", WEIR_LINK_LOWER | WEIR_LINK_MASTER | WEIR_LINK_MTU, SET_MAC(1), .mtu = 1400,
			 .macvlan = { .has = WEIR_MACVLAN_MODE, .mode = WEIR_MACVLAN_PRIVATE },
			 .port = { .has = WEIR_PORT_ISOLATED, .isolated = true }),
		SET_LINK(VXLAN, "s-vx", WEIR_LINK_MASTER, SET_MAC(2),
			 .vxlan = { .has = WEIR_VXLAN_ID | WEIR_VXLAN_PORT | WEIR_VXLAN_REMOTE | WEIR_VXLAN_LEARNING,
				    .id = 7, .port = 4789, .remote = { WEIR_FAMILY_IPV4, { 192, 0, 2, 9 } } }),
		SET_LINK(BRIDGE, "s-br", WEIR_LINK_UP | WEIR_LINK_ALIAS, SET_MAC(3), .is_up = true, .alias = "a set"),
		SET_LINK(VETH, "s-ve", WEIR_LINK_MTU | WEIR_LINK_UP, SET_MAC(4), .mtu = 1500, .is_up = true,
			 .veth = { .has = WEIR_VETH_PEER_NAME | WEIR_VETH_PEER_MAC, .peer_name = "s-vf",
				   .peer_mac = { 0x52, 0x54, 0, 0xbb, 0, 5 } }),
	};

	number(t, l, 4);
	l[0].lower = (uint32_t)l[3].ifindex;
	l[0].master = l[1].master = (uint32_t)l[2].ifindex;
	weir_txn_links(t, l, 4);
}

static void bond_set(struct weir_txn *t, enum weir_bond_mode mode, bool second_port)
{
	struct weir_link l[] = {
		SET_LINK(BRIDGE, "s-br", WEIR_LINK_UP, SET_MAC(1), .is_up = true),
		SET_LINK(VLAN, "s-vl", WEIR_LINK_LOWER | WEIR_LINK_MASTER | WEIR_LINK_UP, SET_MAC(2), .is_up = true,
			 .vlan = { .has = WEIR_VLAN_ID | WEIR_VLAN_EGRESS_QOS, .id = 7, .egress_qos = { 1, { { 1, 2 } } } }),
		SET_LINK(BOND, "s-bo", WEIR_LINK_UP, SET_MAC(3), .is_up = true,
			 .bond = { .has = WEIR_BOND_MODE | WEIR_BOND_MIIMON, .mode = (uint8_t)mode, .miimon_ms = 100 }),
		SET_LINK(DUMMY, "s-d0", WEIR_LINK_MASTER, .bond_port = { .has = WEIR_BOND_PORT_QUEUE, .queue_id = 3 }),
		SET_LINK(DUMMY, "s-d1", WEIR_LINK_MASTER),
	};

	number(t, l, 5);
	/* A port has its bond's address. */
	l[3].has &= ~WEIR_LINK_MAC;
	l[4].has &= ~WEIR_LINK_MAC;
	l[1].lower = (uint32_t)l[2].ifindex;
	l[1].master = (uint32_t)l[0].ifindex;
	l[3].master = (uint32_t)l[2].ifindex;
	l[4].master = second_port ? l[3].master : 0;
	if (mode == WEIR_BOND_ACTIVE_BACKUP) {
		l[2].bond.has |= WEIR_BOND_PRIMARY;
		l[2].bond.primary = (uint32_t)l[3].ifindex;
	}
	weir_txn_links(t, l, 5);
}

static void make_bond(struct weir_txn *t)
{
	bond_set(t, WEIR_BOND_ACTIVE_BACKUP, true);
}

static void with_ports_to_be(struct weir *w)
{
	ns_sh("for i in 0 1; do ip link add s-d$i address 52:54:00:bb:00:0$((i + 5)) type dummy && ip link set s-d$i up; done");
}

static void with_bond(struct weir *w)
{
	struct weir_txn *t = ns_begin(w);

	with_ports_to_be(w);
	make_bond(t);
	ns_commit(t);
}

static void change_bond(struct weir_txn *t)
{
	bond_set(t, WEIR_BOND_BALANCE_RR, false);
}

static void need(const struct scenario *s)
{
	char command[128];

	if (!s->needs || (!strcmp(s->needs, "Open vSwitch") && ovs_is_there()))
		return;
	snprintf(command, sizeof(command), "ip link add need0 type %s 2>/dev/null && ip link del need0", s->needs);
	if (!system(command))
		return;
	print_message("SKIP: the kernel has no %s\n", s->needs);
	ns_teardown(NULL);
	skip();
}

struct weir *scenario_ready(const struct scenario *s)
{
	struct weir *w;

	ns_setup(NULL);
	need(s);
	w = ns_open();
	s->prepare(w);
	return w;
}

/* --- host interfaces ---------------------------------------------------------------------------- */

#define ETH(name) "{'type':'ethernet','name':'" name "'}"
#define V4(address) "'protocols':[{'family':'ipv4','addresses':[{'address':'" address "','prefix':24}],'routes':[{'gateway':'10.3.0.9'}]}],"

/* A bond with another mode must let its ports go and take them back; where there is none, a bridge must do. */
static const char *const before_json[] = {
	"{'type':'bond','name':'m0'," V4("10.3.0.1") "'bond':{'mode':'active-backup','miimon':{'freq':100}},'ports':["
	ETH("h0") "," ETH("h1") "]}",
	"{'type':'bridge','name':'m0'," V4("10.3.0.1") "'ports':[" ETH("h0") "," ETH("h1") "]}",
};
static const char *const after_json[] = {
	"{'type':'bond','name':'m0','mtu':1400," V4("10.3.0.2") "'bond':{'mode':'balance-xor','miimon':{'freq':200}},'ports':["
	ETH("h1") "," ETH("h2") "]}",
	"{'type':'bridge','name':'m0','mtu':1400," V4("10.3.0.2") "'bridge':{'stp':true},'ports':[" ETH("h1") "," ETH("h2") "]}",
};
static int no_bond;

static void with_cards(struct weir *w)
{
	no_bond = system("ip link add need0 type bond 2>/dev/null && ip link del need0") != 0;
	/* One has addresses and routes of others, which it loses when a bond takes it down. */
	ns_sh("set -e; for i in 0 1 2; do ip link add h$i address 52:54:00:00:0a:0$i type veth peer name g$i "
	      "address 52:54:00:00:0b:0$i; ip link set g$i up; ip link set h$i up; ip link set h$i down; done;"
	      "ip link set h2 up; ip -6 addr add fd05::1/64 dev h2 nodad; ip -6 route add fd06::/48 via fd05::9;"
	      "ip addr add 10.5.0.1/24 dev h2; ip route add 10.6.0.0/16 via 10.5.0.9");
}

static void put_up(struct weir_txn *t, const char *json)
{
	struct weir_group *group = ns_group(json);

	weir_txn_groups_up(t, (const struct weir_group *const[]){ group }, 1, WEIR_EFFECT_ADDRESS_LOSS);
	weir_txn_groups_define(t, (const struct weir_group *const[]){ group }, 1);
	weir_group_free(group);
}

static void group_up(struct weir_txn *t)
{
	put_up(t, before_json[no_bond]);
}

static void group_change(struct weir_txn *t)
{
	put_up(t, after_json[no_bond]);
}

static void group_down(struct weir_txn *t)
{
	weir_txn_groups_down(t, (const char *const[]){ "m0" }, 1);
	weir_txn_group_undefine(t, "m0");
}

static void with_group(struct weir *w)
{
	struct weir_txn *t;

	with_cards(w);
	t = ns_begin(w);
	group_up(t);
	ns_commit(t);
}

static void with_checkpoint(struct weir *w)
{
	struct weir_txn *t;

	with_group(w);
	t = ns_begin(w);
	weir_txn_checkpoint_begin(t, "a test", false);
	ns_commit(t);
	t = ns_begin(w);
	group_change(t);
	ns_commit(t);
	/* Who has begun it is another process each time. */
	ns_sh("sed -i -e 's/\"pid\": [0-9]*/\"pid\": 1/' -e 's/\"begun\": [0-9]*/\"begun\": 1/' "
	      "-e 's/\"startTime\": [0-9]*/\"startTime\": 1/' %s/checkpoint.json", ns_config_dir);
}

static void group_rollback(struct weir_txn *t)
{
	weir_txn_checkpoint_rollback(t);
}

const struct scenario scenarios[] = {
	{ .name = "define", .prepare = nothing, .build = define_nat },
	{ .name = "undefine", .prepare = with_defined, .build = undefine_nat },
	{ .name = "start a nat network", .prepare = one_forwards, .build = start_nat, .has_plan = true },
	{ .name = "start an isolated network beside", .prepare = with_nat, .build = start_isolated, .has_plan = true },
	{ .name = "reload hosts", .prepare = with_new_host, .build = reload_nat },
	{ .name = "reload ranges", .prepare = with_new_range, .build = reload_nat },
	{ .name = "update a host", .prepare = with_both_definitions, .build = update_host },
	{ .name = "update much", .prepare = with_attached, .build = update_much },
	{ .name = "attach a tap", .prepare = with_guest, .build = attach_tap, .has_plan = true },
	{ .name = "attach a tap with queues", .prepare = with_guest, .build = attach_open_tap },
	{ .name = "attach a veth", .prepare = with_guest, .build = attach_veth, .has_plan = true },
	{ .name = "attach a macvtap", .prepare = with_passthrough, .build = attach_passthrough },
	{ .name = "detach a macvtap", .prepare = with_passed_through, .build = detach_passthrough },
	{ .name = "detach what was moved", .prepare = with_moved, .build = detach_passthrough },
	{ .name = "attach with a hook", .prepare = with_hook, .build = attach_tap },
	{ .name = "attach in vlans", .prepare = with_filtering_bridge, .build = attach_tap,
	  .needs = "bridge vlan_filtering 1" },
	{ .name = "move to other vlans", .prepare = with_port_in_vlans, .build = move_to_silver,
	  .needs = "bridge vlan_filtering 1" },
	{ .name = "attach behind a join", .prepare = with_kept_table, .build = attach_tap,
	  .needs = "bridge vlan_filtering 1" },
	{ .name = "detach from behind a join", .prepare = with_port_behind, .build = detach_tap,
	  .needs = "bridge vlan_filtering 1" },
	{ .name = "take the tables of bridges", .prepare = with_learned_table, .build = take_table,
	  .needs = "bridge vlan_filtering 1" },
	{ .name = "give the tables of bridges back", .prepare = with_told_table, .build = give_table_back,
	  .needs = "bridge vlan_filtering 1" },
	{ .name = "join a bridge more", .prepare = with_one_bridge, .build = spread_more, .has_plan = true },
	{ .name = "attach to Open vSwitch", .prepare = with_ovs, .build = attach_tap, .needs = "Open vSwitch" },
	{ .name = "detach from Open vSwitch", .prepare = with_ovs_port, .build = detach_tap, .needs = "Open vSwitch" },
	{ .name = "attach with floors both ways", .prepare = with_nat, .build = attach_outbound_floor },
	{ .name = "detach with floors both ways", .prepare = with_outbound_floor, .build = detach_tap1 },
	{ .name = "detach a tap", .prepare = with_ports, .build = detach_tap },
	{ .name = "detach a tap whose record is damaged", .prepare = with_damaged, .build = detach_tap },
	{ .name = "detach a veth with a floor", .prepare = with_ports, .build = detach_veth },
	{ .name = "change limits", .prepare = with_shaped, .build = change_limits },
	{ .name = "change blocks", .prepare = with_blocks, .build = change_blocks },
	{ .name = "change token buckets", .prepare = with_buckets, .build = change_buckets, .has_plan = true },
	{ .name = "limits where others are", .prepare = with_others, .build = replace_others, .has_plan = true },
	{ .name = "change policers and leaves", .prepare = with_policed, .build = change_policed },
	{ .name = "change floors", .prepare = with_floors, .build = change_floors },
	{ .name = "stop with ports", .prepare = with_ports, .build = stop_nat },
	{ .name = "stop one of two", .prepare = with_both, .build = stop_nat },
	{ .name = "change and delete links", .prepare = with_links, .build = change_links },
	{ .name = "change what links have besides", .prepare = with_names, .build = change_names, .has_plan = true },
	{ .name = "change vlans of ports", .prepare = with_vlans, .build = change_vlans, .needs = "bridge vlan_filtering 1",
	  .has_plan = true },
	{ .name = "a port leaves and returns", .prepare = with_port_up, .build = leave_and_return },
	{ .name = "move links away", .prepare = with_somewhere, .build = move_away, .has_plan = true },
	{ .name = "open a macvtap", .prepare = with_links, .build = open_macvtap },
	{ .name = "make a set of links", .prepare = nothing, .build = make_set, .has_plan = true },
	{ .name = "make a bond and what stands on it", .prepare = with_ports_to_be, .build = make_bond, .needs = "bond",
	  .has_plan = true, .has_bonds = true },
	{ .name = "change a bond that lives", .prepare = with_bond, .build = change_bond, .needs = "bond",
	  .has_plan = true, .has_bonds = true },
	{ .name = "bring a host interface up", .prepare = with_cards, .build = group_up, .has_bonds = true },
	{ .name = "change a host interface", .prepare = with_group, .build = group_change, .has_bonds = true },
	{ .name = "take a host interface down", .prepare = with_group, .build = group_down, .has_bonds = true },
	{ .name = "roll back host interfaces", .prepare = with_checkpoint, .build = group_rollback, .has_bonds = true },
};
const size_t n_scenarios = sizeof(scenarios) / sizeof(scenarios[0]);

unsigned int scenario_stride(const struct scenario *s)
{
	return s->has_bonds ? (ns_stride() + 9) / 10 : ns_stride();
}

bool scenario_is_special(const struct scenario *s)
{
	return s->needs || s->has_bonds;
}

/* Every machine that tests are built on does those that are not special. */
static bool is_ours(size_t i, const struct scenario *s)
{
	const char *text = getenv("WEIR_TEST_SHARE"), *only = getenv("WEIR_TEST_ONLY");
	unsigned int share, of;

	if (only && !strstr(s->name, only))
		return false;
	if (!text || sscanf(text, "%u/%u", &share, &of) != 2 || !of)
		return true;
	return i % (scenario_is_special(s) ? of : 2 * of) == share;
}

size_t scenario_tests(struct CMUnitTest tests[64], CMUnitTestFunction test, bool with_plan, unsigned int turn)
{
	size_t n = 0;

	for (size_t i = 0; i < n_scenarios; i++)
		if (is_ours(i + turn, &scenarios[i]) && (scenarios[i].has_plan || !with_plan))
			tests[n++] = (struct CMUnitTest){ .name = scenarios[i].name, .test_func = test,
							  .initial_state = (void *)&scenarios[i] };
	return n;
}
