/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Definitions that change while the network runs (lib/network/change.c): what a
 * guest, the kernel and dnsmasq see of it, and what is refused. Undo and kills are
 * in lib_scenario.c; what a change makes of a definition is in tests/unit.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <weir/json.h>
#include <weir/update.h>

#include "base/base.h"
#include "lib_ns.h"

static const char nat_json[] =
	"{'name':'net','forward':{'mode':'nat'},'bridge':{'name':'virbr0'},"
	" 'ips':[{'address':'192.168.77.1','prefix':24,'dhcp':{'ranges':[{'start':'192.168.77.100','end':'192.168.77.120'}]}}],"
	" 'portgroups':[{'name':'gold','bandwidth':{'inbound':{'average':1000},'outbound':{'average':500}}},{'name':'free'}]}";

static struct weir *start(const char *json)
{
	struct weir_network *net = ns_network(json);
	struct weir *w = ns_open();
	struct weir_txn *t = ns_begin(w);

	weir_txn_network_define(t, net);
	weir_txn_network_start(t, net);
	ns_commit(t);
	weir_network_free(net);
	return w;
}

static void attach(struct weir *w, const char *portgroup, const char *name, uint8_t last)
{
	struct weir_guest g = { .sz = sizeof(g), .kind = WEIR_PORT_VETH, .name = name, .netns = name,
				.portgroup = portgroup, .mac = { 0x52, 0x54, 0, 7, 7, last } };
	struct weir_txn *t;

	ns_sh("ip netns add %s", name);
	t = ns_begin(w);
	weir_txn_port_attach(t, "net", &g, NULL, NULL);
	ns_commit(t);
}

static struct weir_update change(uint8_t command, uint8_t section, const char *json)
{
	struct weir_update u = { .sz = sizeof(u), .command = command, .section = section, .parent_index = -1 };
	struct weir_error err = WEIR_ERROR_INIT;
	char *text = strdup(json);
	void *item = NULL;

	for (char *p = text; p && *p; p++)
		if (*p == '\'')
			*p = '"';
	if (weir_update_item_parse(section, text, strlen(text), true, &item, &err))
		fail_msg("%s: %s: %s", json, err.attr, err.msg);
	free(text);
	u.item = item;
	return u;
}

/* Returns what the commit said. */
static int try_update(struct weir *w, int which, uint8_t command, uint8_t section, const char *json,
		      struct weir_error *err)
{
	struct weir_update u = change(command, section, json);
	struct weir_txn *t = ns_begin(w);
	int r;

	weir_txn_network_update(t, "net", &u, 1, which);
	r = weir_txn_commit(t, err);
	weir_update_item_free(section, (void *)(uintptr_t)u.item);
	return r;
}

static void update(struct weir *w, int which, uint8_t command, uint8_t section, const char *json)
{
	struct weir_error err = WEIR_ERROR_INIT;

	if (try_update(w, which, command, section, json, &err))
		fail_msg("%s: %s: %s: %s", json, err.object, err.attr, err.msg);
}

static void refuses_of(struct weir *w, int which, const char *object, int command, int section, const char *json)
{
	struct weir_error err = WEIR_ERROR_INIT;

	assert_true(try_update(w, which, command, section, json, &err) < 0);
	assert_ptr_equal(strstr(err.object, object), err.object);
}

static void says(const char *want, const char *command)
{
	char *out = ns_out("%s", command);

	if (!strstr(out, want))
		fail_msg("%s: no \"%s\" in \"%s\"", command, want, out);
	free(out);
}

static int dnsmasq_pid(void)
{
	char *out = ns_out("cat %s/dnsmasq/net.pid", ns_state_dir);
	int pid = (int)strtol(out, NULL, 10);

	free(out);
	return pid;
}

/* The address that a guest gets by DHCP. */
static void leases(const char *guest, const char *want)
{
	char *out = ns_out("printf '#!/bin/sh\\n[ \"$1\" = bound ] && echo $ip >%s/ip\\nexit 0\\n' >%s/script; chmod +x %s/script;"
			   "ip netns exec %s busybox udhcpc -i eth0 -f -q -n -t 60 -T 1 -s %s/script >/dev/null 2>&1; cat %s/ip",
			   ns_state_dir, ns_state_dir, ns_state_dir, guest, ns_state_dir, ns_state_dir);

	if (strncmp(out, want, strlen(want)) != 0)
		fail_msg("%s leases %s, not %s", guest, out, want);
	free(out);
}

static void a_new_host_is_served_at_once(void **state)
{
	struct weir *w = start(nat_json);
	int pid = dnsmasq_pid();

	attach(w, NULL, "guest", 1);
	leases("guest", "192.168.77.1");	/* any of the range */
	update(w, WEIR_NETWORK_LIVE | WEIR_NETWORK_CONFIG, WEIR_UPDATE_ADD_LAST, WEIR_SECTION_IP_DHCP_HOST,
	       "{'mac':'52:54:00:07:07:01','name':'guest','ip':'192.168.77.50'}");
	leases("guest", "192.168.77.50");
	assert_int_equal(dnsmasq_pid(), pid);
	says("192.168.77.50", "cat $WEIR_TEST_CONFIG/networks/net.json");
	/* A range is read by dnsmasq only when it starts. */
	update(w, WEIR_NETWORK_LIVE, WEIR_UPDATE_ADD_LAST, WEIR_SECTION_IP_DHCP_RANGE,
	       "{'start':'192.168.77.200','end':'192.168.77.210'}");
	assert_int_not_equal(dnsmasq_pid(), pid);
	leases("guest", "192.168.77.50");
	weir_close(w);
}

static void limits_reach_running_ports(void **state)
{
	struct weir *w = start(nat_json);

	attach(w, "gold", "gold1", 1);
	attach(w, "free", "free1", 2);
	says("rate 8Mbit", "tc class show dev gold1");
	update(w, 0, WEIR_UPDATE_MODIFY, WEIR_SECTION_PORTGROUP,
	       "{'name':'gold','bandwidth':{'inbound':{'average':2000},'outbound':{'average':500}}}");
	says("rate 16Mbit", "tc class show dev gold1");
	update(w, 0, WEIR_UPDATE_MODIFY, WEIR_SECTION_PORTGROUP,
	       "{'name':'free','bandwidth':{'inbound':{'average':3000}}}");
	says("rate 24Mbit", "tc class show dev free1");
	update(w, 0, WEIR_UPDATE_MODIFY, WEIR_SECTION_PORTGROUP, "{'name':'gold'}");
	says("none", "tc class show dev gold1 | grep rate || echo none");
	weir_close(w);
}

static unsigned long reads_of_an_update(struct weir *w, const char *host)
{
	char *before = ns_out("grep syscr /proc/%d/io", getpid()), *after;
	unsigned long n = strtoul(before + strlen("syscr:"), NULL, 10);

	update(w, 0, WEIR_UPDATE_ADD_LAST, WEIR_SECTION_IP_DHCP_HOST, host);
	after = ns_out("grep syscr /proc/%d/io", getpid());
	n = strtoul(after + strlen("syscr:"), NULL, 10) - n;
	free(before);
	free(after);
	return n;
}

/* What one more host costs does not grow with the ports: none of their records is read. */
static void ports_are_not_asked_for_a_host(void **state)
{
	struct weir *w = start(nat_json);
	unsigned long alone, among;
	char name[16];

	alone = reads_of_an_update(w, "{'mac':'52:54:00:07:08:01','ip':'192.168.77.51'}");
	for (int i = 0; i < 100; i++) {
		struct weir_guest g = { .sz = sizeof(g), .name = name };
		struct weir_txn *t = ns_begin(w);

		snprintf(name, sizeof(name), "t%d", i);
		weir_txn_port_attach(t, "net", &g, NULL, NULL);
		ns_commit(t);
	}
	among = reads_of_an_update(w, "{'mac':'52:54:00:07:08:02','ip':'192.168.77.52'}");
	print_message("a host: %lu reads, among 100 ports %lu\n", alone, among);
	assert_in_range(among, 1, alone + 60);	/* valgrind reads as well */
	weir_close(w);
}

/* Whoever frees a port of them does not want them back when a DHCP host is added. */
static void limits_that_were_taken_away(void **state)
{
	static const struct weir_bandwidth none;
	struct weir *w = start(nat_json);
	struct weir_txn *t;

	attach(w, "gold", "gold1", 1);
	t = ns_begin(w);
	weir_txn_port_limit(t, "net", "gold1", &none, NULL, NULL);
	ns_commit(t);
	update(w, 0, WEIR_UPDATE_ADD_LAST, WEIR_SECTION_IP_DHCP_HOST, "{'mac':'52:54:00:07:07:09','ip':'192.168.77.50'}");
	says("none", "tc class show dev gold1 | grep rate || echo none");
	update(w, 0, WEIR_UPDATE_MODIFY, WEIR_SECTION_PORTGROUP, "{'name':'gold','bandwidth':{'inbound':{'average':2000}}}");
	says("rate 16Mbit", "tc class show dev gold1");
	weir_close(w);
}

/* A network that was started without being stored is stored as what it is. */
static void a_transient_network_is_defined(void **state)
{
	static const char json[] = "{'name':'net','dns':{'enable':false}%s}", other[] = ",'uuid':'11111111-2222-4333-8444-555555555555'";
	struct weir *w = ns_start("{'name':'net','dns':{'enable':false}}");
	struct weir_network *live, *stored;
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_txn *t;
	char text[128];

	for (int i = 0; i < 2; i++) {
		struct weir_network *net;

		snprintf(text, sizeof(text), json, i ? "" : other);
		net = ns_network(text);
		t = ns_begin(w);
		weir_txn_network_define(t, net);
		assert_int_equal(weir_txn_commit(t, &err), i ? 0 : -EEXIST);
		weir_network_free(net);
	}
	assert_string_equal(err.attr, "uuid");
	assert_int_equal(weir_network_get(w, "net", WEIR_NETWORK_LIVE, &live, NULL), 0);
	assert_int_equal(weir_network_get(w, "net", WEIR_NETWORK_CONFIG, &stored, NULL), 0);
	assert_string_equal(live->uuid, stored->uuid);
	assert_string_equal(live->mac, stored->mac);
	assert_string_equal(live->bridge.name, stored->bridge.name);
	weir_network_free(live);
	weir_network_free(stored);
	t = ns_begin(w);
	weir_txn_network_reload(t, "net");
	ns_commit(t);
	ns_stop(w);
}

static void the_way_out_changes(void **state)
{
	struct weir *w = start(nat_json);

	attach(w, NULL, "guest", 1);
	says("192.168.77.0", "nft list table inet weir");
	update(w, 0, WEIR_UPDATE_MODIFY, WEIR_SECTION_FORWARD, "{'mode':'route','interfaces':['lo']}");
	says("lo", "nft list table inet weir");
	says("\"mode\": \"route\"", "cat $WEIR_TEST_STATE/ports/guest.json");
	update(w, 0, WEIR_UPDATE_MODIFY, WEIR_SECTION_FORWARD, "{'mode':'open'}");
	says("gone", "nft list table inet weir 2>/dev/null | grep virbr0 || echo gone");
	update(w, 0, WEIR_UPDATE_MODIFY, WEIR_SECTION_FORWARD, "{'mode':'nat'}");
	says("virbr0", "nft list table inet weir");
	update(w, 0, WEIR_UPDATE_ADD_LAST, WEIR_SECTION_IP, "{'address':'fd00:77::1','prefix':64}");
	says("fd00:77::1/64", "ip -6 addr show dev virbr0");
	update(w, 0, WEIR_UPDATE_MODIFY, WEIR_SECTION_BRIDGE, "{'name':'virbr0','stp':true,'delay':4}");
	says("forward_delay 400", "ip -d link show dev virbr0 | grep -w 'stp_state 1'");
	/* As libvirt has it: 0 is the least that the kernel takes, and not what it takes by itself. */
	update(w, 0, WEIR_UPDATE_MODIFY, WEIR_SECTION_BRIDGE, "{'name':'virbr0','stp':true}");
	says("forward_delay 200", "ip -d link show dev virbr0 | grep -w 'stp_state 1'");
	update(w, 0, WEIR_UPDATE_ADD_FIRST, WEIR_SECTION_DNS_TXT, "{'name':'a','value':'b'}");
	says("txt-record=a,b", "cat $WEIR_TEST_STATE/dnsmasq/net.conf");
	weir_close(w);
}

/* libvirt's own network says so, and guests ask for an address as soon as they are up. */
static void guests_do_not_wait_for_a_tree(void **state)
{
	struct weir *w = start("{'name':'net','bridge':{'name':'virbr0','stp':true},'dns':{'enable':false}}");

	says("forward_delay 200", "ip -d link show dev virbr0 | grep -w 'stp_state 1'");
	ns_stop(w);
	w = start("{'name':'net','bridge':{'name':'virbr0','stp':true,'delay':1},'dns':{'enable':false}}");
	says("forward_delay 200", "ip -d link show dev virbr0");
	ns_stop(w);
}

static void apply(struct weir *w, const char *json)
{
	struct weir_network *net = ns_network(json);
	struct weir_txn *t = ns_begin(w);

	weir_txn_network_apply(t, net, WEIR_NETWORK_LIVE);
	ns_commit(t);
	weir_network_free(net);
}

#define ROUTED(address)                                                                            \
	"{'name':'net','forward':{'mode':'nat'},'ips':[{'address':'" address "','prefix':24}],"    \
	"'routes':[{'address':'10.81.0.0','prefix':16,'gateway':'192.168.77.9'}]}"

static void apply_routes(struct weir *w, const char *routes)
{
	char json[768];

	snprintf(json, sizeof(json), "{'name':'net','forward':{'mode':'nat'},%s'ips':[{'address':'192.168.77.1','prefix':24,"
		 "'dhcp':{'ranges':[{'start':'192.168.77.100','end':'192.168.77.120'}]}},"
		 "{'address':'10.78.0.1','prefix':24},{'address':'fd00:78::1','prefix':64}]}", routes);
	apply(w, json);
}

/* Where a network is reached and what it lets through; not what a carrier brings sooner or later. */
static const char addresses[] = "{ ip addr show dev virbr0 | grep -o 'inet.*'; ip route show dev virbr0; ip -6 route show dev virbr0; "
				"nft list table inet weir | grep elements; } | sed 's/ linkdown//; s/ tentative//; /fe80/d'";

/* One more subnet with a route through a guest, another guest, and without either again. */
static void addresses_and_routes_come_and_go(void **state)
{
	struct weir *w = start(nat_json);
	char *before;

	attach(w, NULL, "guest", 1);
	before = ns_out("%s", addresses);
	update(w, 0, WEIR_UPDATE_ADD_LAST, WEIR_SECTION_IP, "{'address':'10.78.0.1','prefix':24}");
	update(w, 0, WEIR_UPDATE_ADD_LAST, WEIR_SECTION_IP, "{'address':'fd00:78::1','prefix':64}");
	says("10.78.0.1/24", "ip addr show dev virbr0");
	apply_routes(w, "'routes':[{'address':'10.80.0.0','prefix':16,'gateway':'10.78.0.9'}],");
	says("10.80.0.0/16 via 10.78.0.9", "ip route");
	apply_routes(w, "'routes':[{'address':'10.80.0.0','prefix':16,'gateway':'10.78.0.7','metric':5}],");
	says("10.80.0.0/16 via 10.78.0.7 dev virbr0 proto 119 metric 5", "ip route | sed 's/proto [^ ]*/proto 119/'");
	says("1", "ip route | grep -c 10.80.0.0");
	apply_routes(w, "");
	/* The host gets another address in a subnet, and what is behind guests is reached as before. */
	apply(w, ROUTED("192.168.77.1"));
	apply(w, ROUTED("192.168.77.2"));
	says("192.168.77.2/24", "ip addr show dev virbr0");
	says("10.81.0.0/16 via 192.168.77.9 dev virbr0", "ip route");
	apply_routes(w, "");
	says("192.168.77.1/24", "ip addr show dev virbr0");
	update(w, 0, WEIR_UPDATE_DELETE, WEIR_SECTION_IP, "{'address':'10.78.0.1'}");
	update(w, 0, WEIR_UPDATE_DELETE, WEIR_SECTION_IP, "{'address':'fd00:78::1'}");
	says(before, addresses);
	says("guest", "ls $WEIR_TEST_STATE/ports");
	assert_true(dnsmasq_pid() > 0);
	free(before);
	weir_close(w);
}

static void refuses(struct weir *w, int which, int code, const char *attr, uint8_t command,
		    uint8_t section, const char *json)
{
	struct weir_error err = WEIR_ERROR_INIT;
	char *before = ns_snapshot();
	int r = try_update(w, which, command, section, json, &err);

	if (r != code || strcmp(err.attr, attr) != 0)
		fail_msg("%s: %d: %s: %s: %s", json, r, err.object, err.attr, err.msg);
	ns_assert_same(before, json);
	free(before);
}

static void what_cannot_be_done_is_named(void **state)
{
	const int both = WEIR_NETWORK_LIVE | WEIR_NETWORK_CONFIG;
	struct weir *w = start(nat_json);
	struct weir_txn *t;

	ns_sh("ip link add up0 type veth peer name up1; ip link set up0 up; ip addr add 10.99.0.1/24 dev up0");
	refuses(w, 0, -EBUSY, "bridge.name", WEIR_UPDATE_MODIFY, WEIR_SECTION_BRIDGE, "{'name':'virbr9'}");
	refuses(w, 0, -EEXIST, "ips[0].address", WEIR_UPDATE_ADD_LAST, WEIR_SECTION_IP,
		"{'address':'10.99.0.7','prefix':24}");
	/* Of two definitions the error says which one refused. */
	refuses_of(w, both, "live state of network net", WEIR_UPDATE_MODIFY, WEIR_SECTION_BRIDGE, "{'name':'virbr9'}");
	update(w, WEIR_NETWORK_CONFIG, WEIR_UPDATE_ADD_LAST, WEIR_SECTION_PORTGROUP, "{'name':'only'}");
	refuses_of(w, both, "stored definition of network net", WEIR_UPDATE_ADD_LAST, WEIR_SECTION_PORTGROUP, "{'name':'only'}");
	refuses_of(w, WEIR_NETWORK_CONFIG, "network net", WEIR_UPDATE_ADD_LAST, WEIR_SECTION_PORTGROUP, "{'name':'only'}");
	/* Both or neither: the stored definition is gone. */
	t = ns_begin(w);
	weir_txn_network_undefine(t, "net");
	ns_commit(t);
	refuses(w, WEIR_NETWORK_LIVE | WEIR_NETWORK_CONFIG, -ENOENT, "", WEIR_UPDATE_ADD_FIRST,
		WEIR_SECTION_DNS_TXT, "{'name':'a','value':'b'}");
	weir_close(w);
}

/* A host that forwards forgets at once what it was advertised: a network that begins to leave is held up, as one that starts. */
static void the_host_keeps_its_routes(void **state)
{
	struct weir *w = start("{'name':'net','bridge':{'name':'virbr0'},'dns':{'enable':false},'ips':[{'address':'fd00:77::1','prefix':64}]}");

	ns_sh("echo 0 >/proc/sys/net/ipv6/conf/all/forwarding; ip link add up0 type veth peer name up1; ip link set up0 up; "
	      "ip -6 route add fd00:99::/64 dev up0 proto ra");
	refuses(w, 0, -EBUSY, "forward", WEIR_UPDATE_MODIFY, WEIR_SECTION_FORWARD, "{'mode':'route'}");
	ns_sh("echo 2 >/proc/sys/net/ipv6/conf/up0/accept_ra");
	update(w, 0, WEIR_UPDATE_MODIFY, WEIR_SECTION_FORWARD, "{'mode':'route'}");
	ns_stop(w);
}

/* Subnets grow and shrink, the bridge gets another address and MTU: a guest that knows the old one finds the new one. */
static void the_bridge_changes_under_guests(void **state)
{
	static const char changed[] =
		"{'name':'net','uuid':'11111111-2222-4333-8444-555555555555','forward':{'mode':'nat'},'bridge':{'name':'virbr0','spread':2},'mac':'52:54:00:11:22:44','mtu':1400,"
		" 'ips':[{'address':'192.168.77.1','prefix':23,'dhcp':{'ranges':[{'start':'192.168.77.100','end':'192.168.77.120'}]}},"
		"        {'address':'fd00:77::1','prefix':56}]}";
	struct weir *w = start("{'name':'net','uuid':'11111111-2222-4333-8444-555555555555','forward':{'mode':'nat'},'bridge':{'name':'virbr0','spread':2},'mac':'52:54:00:11:22:33',"
			       " 'ips':[{'address':'192.168.77.1','prefix':24,'dhcp':{'ranges':[{'start':'192.168.77.100','end':'192.168.77.120'}]}},"
			       "        {'address':'fd00:77::1','prefix':64}]}");
	struct weir_network *net = ns_network(changed);
	struct weir_txn *t;
	char *before;

	attach(w, NULL, "g1", 1);
	ns_sh("ip -n g1 addr add 192.168.77.9/24 dev eth0; ip netns exec g1 busybox ping -c 1 -w 60 192.168.77.1 >/dev/null; "
	      "ip -n g1 neigh show 192.168.77.1 | grep -q 52:54:00:11:22:33");
	before = ns_snapshot();
	t = ns_begin(w);
	weir_txn_network_apply(t, net, WEIR_NETWORK_LIVE);
	ns_commit(t);
	/* Told by the bridge, not asked for. */
	ns_sh("for i in $(seq 600); do ip -n g1 neigh show 192.168.77.1 | grep -q 52:54:00:11:22:44 && exit; sleep 0.1; done; exit 1");
	ns_sh("ip netns exec g1 busybox ping -c 1 -w 60 192.168.77.1 >/dev/null");
	says("inet 192.168.77.1/23 brd 192.168.77.255 scope global virbr0", "ip -o addr show dev virbr0");
	says("inet6 fd00:77::1/56", "ip -o addr show dev virbr0");
	says("192.168.76.0/23 dev virbr0", "ip route");
	says("192.168.76.0/23", "nft list table inet weir");
	ns_sh("test $(ip -o -4 addr show dev virbr0 | wc -l) = 1; "
	      "for l in virbr0 virbr0-1 virbr0-1a virbr0-1b; do ip link show dev $l | grep -q 'mtu 1400' || exit 1; done;"
	      "ip link show dev g1 | grep -q 'mtu 1500'; ip link show dev virbr0 | grep -q 52:54:00:11:22:44");
	/* And back, all but what says that guests are told. */
	t = ns_begin(w);
	weir_txn_network_reload(t, "net");
	ns_commit(t);
	ns_assert_same(before, "a bridge that was changed there and back");
	free(before);
	weir_network_free(net);
	weir_close(w);
}

/* Whether it is said or not, and also when it is said later; there is nothing to change but the record. */
static void guests_speak_ipv6(void **state)
{
	static const char net_json[] = "{'name':'net','bridge':{'name':'virbr0'},'mac':'52:54:00:11:22:33',%s"
				       "'uuid':'11111111-2222-4333-8444-555555555555','ips':[{'address':'192.168.77.1','prefix':24}]}";
	static const char *const said[] = { "", "'ipv6':true,", "'ipv6':false,", "" };
	struct weir_network *net;
	struct weir *w = NULL;
	struct weir_txn *t;
	char json[256];

	for (size_t i = 0; i < WR_COUNT(said); i++) {
		snprintf(json, sizeof(json), net_json, said[i]);
		if (!w) {
			w = start(json);
			attach(w, NULL, "g1", 1);
			attach(w, NULL, "g2", 2);
			ns_sh("for i in 1 2; do ip -n g$i addr add fd00::$i/64 dev eth0 nodad; done");
		} else {
			net = ns_network(json);
			t = ns_begin(w);
			weir_txn_network_apply(t, net, WEIR_NETWORK_LIVE);
			ns_commit(t);
			weir_network_free(net);
		}
		ns_sh("ip netns exec g1 busybox ping -6 -c 1 -w 60 fd00::2 >/dev/null;"
		      "grep -q 1 /proc/sys/net/ipv6/conf/virbr0/disable_ipv6");
	}
	weir_close(w);
}

static void a_whole_definition_is_applied(void **state)
{
	struct weir *w = start(nat_json);
	struct weir_network *net;
	struct weir_txn *t = ns_begin(w);
	int pid = dnsmasq_pid();

	net = ns_network("{'name':'net','forward':{'mode':'nat'},'title':'another',"
			 "'ips':[{'address':'192.168.77.1','prefix':24,'dhcp':{"
			 " 'ranges':[{'start':'192.168.77.100','end':'192.168.77.120'}],"
			 " 'hosts':[{'name':'x','ip':'192.168.77.9'}]}}]}");
	weir_txn_network_apply(t, net, WEIR_NETWORK_LIVE | WEIR_NETWORK_CONFIG);
	ns_commit(t);
	weir_network_free(net);
	assert_int_equal(dnsmasq_pid(), pid);
	says("x,192.168.77.9", "cat $WEIR_TEST_STATE/dnsmasq/net.hosts");
	says("another", "cat $WEIR_TEST_CONFIG/networks/net.json");
	says("virbr0", "cat $WEIR_TEST_CONFIG/networks/net.json");
	weir_close(w);
}

/* --- many at once ------------------------------------------------------------------------------------ */

/* Everything that can change live, again and again, while a guest talks to the host. */
static void nobody_loses_a_packet(void **state)
{
	static const char *const limits[] = { "{'name':'gold','bandwidth':{'inbound':{'average':2000},'outbound':{'average':900}}}",
					      "{'name':'gold','bandwidth':{'inbound':{'average':1000},'outbound':{'average':500}}}" };
	struct weir *w = start(nat_json);
	char host[128];

	attach(w, "gold", "gold1", 1);
	ns_sh("ip -n gold1 addr add 192.168.77.2/24 dev eth0; busybox ping -c 1 192.168.77.1 >/dev/null 2>&1;"
	      "for i in $(seq 60); do ip netns exec gold1 busybox ping -c 1 -W 1 192.168.77.1 >/dev/null && break; done;"
	      /*
	       * On one CPU: two packets at once that both are the first of a connection, when rules
	       * with conntrack come, are one too many for the kernel, which drops one.
	       */
	      "taskset -c $(awk '/^Cpus_allowed_list/ { print $2 + 0 }' /proc/self/status) "
	      "ip netns exec gold1 busybox ping -A -c 100000 -W 5 192.168.77.1 >%s/ping 2>&1 & echo $! >%s/ping.pid",
	      ns_state_dir, ns_state_dir);
	for (int i = 0; i < 100; i++) {
		snprintf(host, sizeof(host), "{'name':'h%d','ip':'192.168.77.%d'}", i, 130 + i);
		update(w, 0, WEIR_UPDATE_ADD_LAST, WEIR_SECTION_IP_DHCP_HOST, host);
		update(w, 0, WEIR_UPDATE_MODIFY, WEIR_SECTION_PORTGROUP, limits[i % 2]);
		if (i % 20 == 0)
			update(w, 0, WEIR_UPDATE_MODIFY, WEIR_SECTION_FORWARD,
			       i % 40 ? "{'mode':'nat'}" : "{'mode':'route'}");
	}
	ns_sh("kill -INT $(cat %s/ping.pid); while kill -0 $(cat %s/ping.pid) 2>/dev/null; do sleep 0.05; done", ns_state_dir,
	      ns_state_dir);
	/*
	 * None is missing between two that came; the last ones may have been on their way when ping was stopped, and a line
	 * that it was writing then is there twice.
	 */
	ns_sh("awk -F 'seq=' '/bytes from/ { lost += $2 + 0 > n + 0; n = $2 + 1 } END { exit lost || n < 50 }' %s/ping || "
	      "{ cat %s/ping; false; }", ns_state_dir, ns_state_dir);
	weir_close(w);
}

/* How long the two go on; make soak asks for a minute. Without it they do 15 rounds. */
static time_t end_of_work(void)
{
	const char *seconds = getenv("WEIR_TEST_SECONDS");

	return seconds ? time(NULL) + strtol(seconds, NULL, 10) : 0;
}

/* No two ports have one class of a shared ifb, whoever gave it to them. */
static void check_classes(struct weir *w)
{
	struct weir_port *ports = NULL;
	size_t n = 0;

	assert_int_equal(weir_port_list(w, "net", &ports, &n, NULL), 0);
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < i; k++)
			if (ports[i].ifb_class && ports[i].ifb_class == ports[k].ifb_class &&
			    ports[i].ifb_ifindex == ports[k].ifb_ifindex)
				fail_msg("%s and %s share class %x", ports[i].name, ports[k].name, ports[i].ifb_class);
	weir_ports_free(ports, n);
}

/* One turn of one of them: everything that it makes is gone when it is over. */
static void one_round(struct weir *w, int who, int i)
{
	const int both = WEIR_NETWORK_LIVE | WEIR_NETWORK_CONFIG;
	char name[16], host[128], limits[160];
	struct weir_guest g = { .sz = sizeof(g), .name = name, .portgroup = "gold" };
	struct weir_txn *t = ns_begin(w);

	snprintf(name, sizeof(name), "t%u-%u", (unsigned int)who % 10, (unsigned int)i % 1000);
	snprintf(host, sizeof(host), "{'name':'h%d-%d','ip':'192.168.77.%d'}", who, i, 130 + 20 * who + i % 20);
	snprintf(limits, sizeof(limits), "{'name':'gold','bandwidth':{'inbound':{'average':%d},'outbound':{'average':500}}}",
		 1000 + 100 * who + i % 100);
	weir_txn_port_attach(t, "net", &g, NULL, NULL);
	ns_commit(t);
	check_classes(w);
	update(w, both, WEIR_UPDATE_ADD_LAST, WEIR_SECTION_IP_DHCP_HOST, host);
	update(w, both, WEIR_UPDATE_MODIFY, WEIR_SECTION_PORTGROUP, limits);
	t = ns_begin(w);
	weir_txn_port_detach(t, "net", name);
	ns_commit(t);
	update(w, both, WEIR_UPDATE_DELETE, WEIR_SECTION_IP_DHCP_HOST, host);
}

/* Attaches, updates and detaches, with a handle of its own. */
static void work(int who, time_t end)
{
	struct weir *w = ns_open();
	int n = 0;

	while (end ? time(NULL) < end : n < 15)
		one_round(w, who, n++);
	print_message("process %d: %d rounds\n", who, n);
	weir_close(w);
}

static void two_at_once(void **state)
{
	struct weir *w = start(nat_json);
	time_t end = end_of_work();
	pid_t pids[2];
	char *before;
	int status;

	before = ns_snapshot();
	for (int i = 0; i < 2; i++) {
		pids[i] = fork();
		if (!pids[i]) {
			work(i, end);
			fflush(NULL);
			_exit(0);
		}
	}
	for (int i = 0; i < 2; i++) {
		waitpid(pids[i], &status, 0);
		assert_int_equal(status, 0);
	}
	/* What was made up for each is not the same. */
	ns_sh("cd %s; jq -S '.definition | del(.mac, .uuid)' networks/net.json >live;"
	      "jq -S 'del(.mac, .uuid)' %s/networks/net.json >stored; diff stored live && rm stored live",
	      ns_state_dir, ns_config_dir);
	update(w, WEIR_NETWORK_LIVE | WEIR_NETWORK_CONFIG, WEIR_UPDATE_MODIFY, WEIR_SECTION_PORTGROUP,
	       "{'name':'gold','bandwidth':{'inbound':{'average':1000},'outbound':{'average':500}}}");
	ns_assert_same(before, "two processes that are done");
	free(before);
	weir_close(w);
}

/* --- the hook -------------------------------------------------------------------------------------- */

static void install_hook(void)
{
	ns_sh("mkdir -p %s/hooks %s; printf '#!/bin/sh\n"
	      "cat >%s/told.$2.json; echo \"$1 $2\" >>%s/told\n"
	      "[ ! -e %s/refuse.$2 ] || { echo not today >&2; exit 3; }\n' >%s/hooks/network; chmod +x %s/hooks/network",
	      ns_config_dir, ns_state_dir, ns_state_dir, ns_state_dir, ns_state_dir, ns_config_dir, ns_config_dir);
}

/* Tells the hook to refuse an operation, and forgets what it has noted. */
static void let_refuse(const char *operation)
{
	ns_sh("rm -f %s/refuse.* %s/told*; [ -z '%s' ] || touch %s/refuse.%s", ns_state_dir, ns_state_dir, operation,
	      ns_state_dir, operation);
}

/* How many descriptors a program that this process starts inherits. */
static unsigned int inherited(void)
{
	unsigned int n = 0;

	for (int fd = 0, flags; fd < 256; fd++) {
		flags = fcntl(fd, F_GETFD);
		n += flags >= 0 && !(flags & FD_CLOEXEC);
	}
	return n;
}

static void is_told_of_move(struct weir *w, const char *want)
{
	struct weir_txn *t;

	let_refuse("");
	t = ns_begin(w);
	weir_txn_port_move(t, "net", "gold1", "free");
	ns_commit(t);
	says(want, "cat $WEIR_TEST_STATE/told 2>/dev/null || echo none");
}

static void hooks_are_told(void **state)
{
	static const char updated[] = "jq -r '.port.portgroup + \" \" + (.port.bandwidth.inbound.average|tostring)' "
				      "$WEIR_TEST_STATE/told.port-updated.json";
	const struct weir_bandwidth own = { .inbound.average_bytes_per_s = 3000000 };
	const unsigned int before = inherited();
	struct weir_txn *t;
	struct weir *w;

	install_hook();
	w = start(nat_json);
	says("net start\nnet started\n", "cat $WEIR_TEST_STATE/told");
	attach(w, "gold", "gold1", 1);
	says("net port-created", "cat $WEIR_TEST_STATE/told");
	says("net gold gold1 virbr0 nat 1000", "jq -r '.network.name + \" \" + .port.portgroup + \" \" + .port.name + \" \" + "
	     ".port.bridge + \" \" + .port.mode + \" \" + (.port.bandwidth.inbound.average|tostring)' "
	     "$WEIR_TEST_STATE/told.port-created.json");
	update(w, 0, WEIR_UPDATE_ADD_FIRST, WEIR_SECTION_DNS_TXT, "{'name':'a','value':'b'}");
	says("net updated", "cat $WEIR_TEST_STATE/told");
	/* What a running port is given: by its portgroup, by another one, and of its own. */
	let_refuse("");
	update(w, 0, WEIR_UPDATE_MODIFY, WEIR_SECTION_PORTGROUP,
	       "{'name':'gold','bandwidth':{'inbound':{'average':2000},'outbound':{'average':500}}}");
	says("net port-updated\nnet updated\n", "cat $WEIR_TEST_STATE/told");
	says("gold 2000", updated);
	is_told_of_move(w, "net port-updated");
	says("free null", updated);
	let_refuse("");
	t = ns_begin(w);
	weir_txn_port_limit(t, NULL, "gold1", &own, NULL, NULL);
	ns_commit(t);
	says("net port-updated", "cat $WEIR_TEST_STATE/told");
	says("free 3000", updated);
	/* One that is in it already is not told of. */
	is_told_of_move(w, "none");
	let_refuse("stopped");
	t = ns_begin(w);
	weir_txn_network_stop(t, "net");
	ns_commit(t);
	says("net port-deleted\nnet stopped\n", "cat $WEIR_TEST_STATE/told");
	assert_int_equal(inherited(), before);
	weir_close(w);
}

/* Whatever stands in its place might have refused; what ends is not held up. */
static void a_hook_that_cannot_run_refuses(void **state)
{
	static const struct {
		const char *make, *says;
		int code;
	} cases[] = {
		{ "echo '#!/bin/sh' >$H; chmod 644 $H", "may not be executed", -EACCES },
		{ "mkdir $H", "is a folder", -EACCES },
		{ "ln -s nowhere $H", "is a link to what is not there", -ENOENT },
		{ "ln -s network $H", "Too many levels of symbolic links", -ELOOP },
		{ "mkfifo $H; chmod 755 $H", "is no regular file", -EACCES },
	};
	struct weir_guest g = { .sz = sizeof(g), .name = "gold1", .portgroup = "gold" };

	for (size_t i = 0; i < WR_COUNT(cases); i++) {
		struct weir *w = start(nat_json);
		struct weir_error err = WEIR_ERROR_INIT;
		struct weir_network *net = ns_network("{'name':'other','ips':[{'address':'10.7.0.1','prefix':24}]}");
		struct weir_txn *t;
		char *before;

		attach(w, "gold", "gold2", 1);
		before = ns_out("ip -o link | cut -d: -f1,2; ls %s/networks %s/ports", ns_state_dir, ns_state_dir);
		ns_sh("H=%s/hooks/network; mkdir -p %s/hooks; %s", ns_config_dir, ns_config_dir, cases[i].make);
		t = ns_begin(w);
		weir_txn_network_start(t, net);
		assert_int_equal(weir_txn_commit(t, &err), cases[i].code);
		assert_non_null(strstr(err.msg, cases[i].says));
		assert_non_null(strstr(err.msg, "hooks/network"));
		t = ns_begin(w);
		weir_txn_port_attach(t, "net", &g, NULL, NULL);
		assert_int_equal(weir_txn_commit(t, &err), cases[i].code);
		says(before, "ip -o link | cut -d: -f1,2; ls $WEIR_TEST_STATE/networks $WEIR_TEST_STATE/ports");
		t = ns_begin(w);
		weir_txn_port_detach(t, "net", "gold2");
		ns_commit(t);
		t = ns_begin(w);
		weir_txn_network_stop(t, "net");
		ns_commit(t);
		ns_sh("rm -rf %s/hooks; ip netns del gold2", ns_config_dir);
		weir_network_free(net);
		free(before);
		weir_close(w);
	}
}

static void hooks_can_refuse(void **state)
{
	static const char *const operations[] = { "start", "started" };
	static const char *const gone[] = { "{'address':'10.78.0.1'}", "{'address':'fd00:78::1'}" };
	struct weir_guest g = { .sz = sizeof(g), .name = "gold1", .portgroup = "gold" };
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir *w = ns_open();
	struct weir_txn *t;
	char *before;

	install_hook();
	for (size_t i = 0; i < WR_COUNT(operations); i++) {
		struct weir_network *net = ns_network("{'name':'net','ips':[{'address':'10.7.0.1','prefix':24}]}");

		let_refuse(operations[i]);
		before = ns_out("ip link; ls %s/networks 2>/dev/null; nft list ruleset", ns_state_dir);
		t = ns_begin(w);
		weir_txn_network_start(t, net);
		assert_int_equal(weir_txn_commit(t, &err), -ECANCELED);
		assert_non_null(strstr(err.msg, "not today"));
		says(before, "ip link; ls $WEIR_TEST_STATE/networks 2>/dev/null; nft list ruleset");
		weir_network_free(net);
		free(before);
	}
	weir_close(w);
	let_refuse("");
	w = start(nat_json);
	update(w, 0, WEIR_UPDATE_ADD_LAST, WEIR_SECTION_IP, "{'address':'10.78.0.1','prefix':24}");
	update(w, 0, WEIR_UPDATE_ADD_LAST, WEIR_SECTION_IP, "{'address':'fd00:78::1','prefix':64}");
	let_refuse("updated");
	/* What was taken away before the hook was asked is there again. */
	before = ns_out("%s", addresses);
	for (size_t i = 0; i < WR_COUNT(gone); i++) {
		assert_int_equal(try_update(w, 0, WEIR_UPDATE_DELETE, WEIR_SECTION_IP, gone[i], &err), -ECANCELED);
		says(before, addresses);
	}
	free(before);
	assert_int_equal(try_update(w, 0, WEIR_UPDATE_ADD_FIRST, WEIR_SECTION_DNS_TXT, "{'name':'a','value':'b'}", &err),
			 -ECANCELED);
	says("none", "grep txt-record $WEIR_TEST_STATE/dnsmasq/net.conf || echo none");
	let_refuse("");
	attach(w, "gold", "gold2", 1);
	let_refuse("port-updated");
	before = ns_out("tc class show dev gold2 | grep htb; cat %s/ports/gold2.json", ns_state_dir);
	t = ns_begin(w);
	weir_txn_port_move(t, "net", "gold2", "free");
	assert_int_equal(weir_txn_commit(t, &err), -ECANCELED);
	says(before, "tc class show dev gold2 | grep htb; cat $WEIR_TEST_STATE/ports/gold2.json");
	free(before);
	let_refuse("port-created");
	t = ns_begin(w);
	weir_txn_port_attach(t, "net", &g, NULL, NULL);
	assert_int_equal(weir_txn_commit(t, &err), -ECANCELED);
	assert_string_equal(err.object, "network net");
	says("none", "ip link show gold1 2>/dev/null || ls $WEIR_TEST_STATE/ports/gold1.json 2>/dev/null || echo none");
	weir_close(w);
}

static int setup(void **state)
{
	int r = ns_setup(state);

	setenv("WEIR_TEST_CONFIG", ns_config_dir, 1);
	setenv("WEIR_TEST_STATE", ns_state_dir, 1);
	return r;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, ns_teardown)

/* Two things that its record says, and that one change of the network changes. */
static void a_record_is_written_once(void **state)
{
	static const char json[] = "{'name':'net','uuid':'11111111-2222-4333-8444-555555555555','mac':'52:54:00:11:22:33',"
				   "'dns':{'enable':false},'bridge':{'name':'virbr0','macTableManager':'%s'},"
				   "'portgroups':[{'name':'gold','bandwidth':{'inbound':{'average':%u}}}]}";
	char is[512], wanted[512];
	struct weir_network *net;
	struct weir *w;
	struct weir_txn *t = NULL;
	char *plan = NULL, *first;

	snprintf(is, sizeof(is), json, "kernel", 1000);
	snprintf(wanted, sizeof(wanted), json, "libvirt", 2000);
	w = start(is);
	attach(w, "gold", "g1", 1);
	net = ns_network(wanted);
	assert_int_equal(weir_txn_begin(w, "test", WEIR_TXN_DRY, &t, NULL), 0);
	weir_txn_network_apply(t, net, WEIR_NETWORK_LIVE);
	assert_int_equal(weir_txn_plan(t, &plan, NULL), 0);
	first = strstr(plan, "/ports/g1.json");
	assert_non_null(first);
	assert_null(strstr(first + 1, "/ports/g1.json"));
	assert_non_null(strstr(plan, "\"macTableManager\": \"libvirt\""));
	weir_txn_abort(t);
	weir_network_free(net);
	free(plan);
	ns_stop(w);
	ns_sh("ip netns del g1");
}

static int try_attach(struct weir *w, const char *portgroup, const char *name, struct weir_error *err)
{
	struct weir_guest g = { .sz = sizeof(g), .kind = WEIR_PORT_TAP, .name = name, .portgroup = portgroup };
	struct weir_txn *t = ns_begin(w);

	weir_txn_port_attach(t, "net", &g, NULL, NULL);
	return weir_txn_commit(t, err);
}

/* A handle remembers what the network's record says, and reads again what another has written meanwhile. */
static void another_process_changes_it(void **state)
{
	static const char json[] = "{'name':'net','dns':{'enable':false},'bridge':{'name':'virbr0'},'portgroups':[{'name':'gold'}]}";
	struct weir *w = start(json), *other = ns_open();
	struct weir_error err = WEIR_ERROR_INIT;

	assert_int_equal(try_attach(w, "gold", "vm1", NULL), 0);
	assert_int_not_equal(try_attach(w, "iron", "vm2", NULL), 0);
	update(other, WEIR_NETWORK_LIVE, WEIR_UPDATE_ADD_LAST, WEIR_SECTION_PORTGROUP, "{'name':'iron'}");
	assert_int_equal(try_attach(w, "iron", "vm2", NULL), 0);
	/* As long as it was, to the byte. */
	update(other, WEIR_NETWORK_LIVE, WEIR_UPDATE_DELETE, WEIR_SECTION_PORTGROUP, "{'name':'gold'}");
	update(other, WEIR_NETWORK_LIVE, WEIR_UPDATE_ADD_LAST, WEIR_SECTION_PORTGROUP, "{'name':'lead'}");
	assert_int_not_equal(try_attach(w, "gold", "vm3", NULL), 0);
	assert_int_equal(try_attach(w, "lead", "vm3", NULL), 0);
	ns_stop(other);
	assert_int_equal(try_attach(w, "iron", "vm4", &err), -ENOENT);
	assert_string_equal(err.msg, "is not running");
	weir_close(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_new_host_is_served_at_once),
		TEST(limits_reach_running_ports), TEST(limits_that_were_taken_away), TEST(ports_are_not_asked_for_a_host), TEST(a_transient_network_is_defined),
		TEST(a_record_is_written_once),
		TEST(another_process_changes_it),
		TEST(the_way_out_changes), TEST(guests_do_not_wait_for_a_tree),
		TEST(addresses_and_routes_come_and_go),
		TEST(what_cannot_be_done_is_named),
		TEST(guests_speak_ipv6), TEST(the_host_keeps_its_routes), TEST(the_bridge_changes_under_guests), TEST(a_whole_definition_is_applied),
		TEST(nobody_loses_a_packet),
		TEST(two_at_once),
		TEST(hooks_are_told),
		TEST(hooks_can_refuse),
		TEST(a_hook_that_cannot_run_refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
