/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Guests that are held to their addresses, with real frames: each forgery is sent by
 * hand from the guest's end, and behind it an honest frame by which is known that
 * the forged one would have come by now. Undo and kills are in lib_scenario.c.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <weir/update.h>

#include "base/base.h"
#include "lib_ns.h"

#define MY_MAC 0x52, 0x54, 0, 7, 7, 1
#define OTHERS_MAC 0x52, 0x54, 0, 7, 7, 2
#define MY_IP 10, 7, 0, 11
#define OTHERS_IP 10, 7, 0, 12
#define NO_IP 0, 0, 0, 0
#define MY_LOCAL 0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0x50, 0x54, 0, 0xff, 0xfe, 7, 7, 1
#define MY_IP6 0xfd, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x11
#define OTHERS_IP6 0xfd, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x12
#define MY_MADE_IP6 0xfd, 7, 0, 0, 0, 0, 0, 0, 0x50, 0x54, 0, 0xff, 0xfe, 7, 7, 1
#define NO_IP6 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0

static const char json[] =
	"{'name':'net','bridge':{'name':'virbr0'},'dns':{'enable':false},'ips':[{'address':'10.7.0.1','prefix':24,"
	" 'dhcp':{'hosts':[{'mac':'52:54:00:07:07:01','ip':'10.7.0.11'},{'mac':'52:54:00:07:07:02','ip':'10.7.0.12'}]}},"
	" {'address':'fd07::1','prefix':64}],"
	" 'portgroups':[{'name':'mac','antiSpoofing':'mac'},{'name':'ip','antiSpoofing':'ip'},{'name':'free'}]}";

/* --- frames ---------------------------------------------------------------------------- */

enum allowed { BY_ALL = 0, NOT_BY_IP = 1, NOT_BY_MAC = 2 /* nor by ip */ };

/* Arguments with commas in them go one macro deep and no further. */
#define TO_ALL 0xff, 0xff, 0xff, 0xff, 0xff, 0xff
#define ARP(mac, operation, hardware, ip)                                                          \
	TO_ALL, mac, 8, 6, 0, 1, 8, 0, 6, 4, 0, operation, hardware, ip, 0, 0, 0, 0, 0, 0, 10, 7, 0, 1
/* UDP of 4 bytes, which are the mark. The sum of the header is filled in. */
#define IP4(mac, from, to, sport, dport)                                                           \
	TO_ALL, mac, 8, 0, 0x45, 0, 0, 32, 0, 0, 0, 0, 9, 17, 0, 0, from, to, 0, sport, 0, dport, 0, 12, 0, 0
#define IP6(mac, from)                                                                             \
	TO_ALL, mac, 0x86, 0xdd, 0x60, 0, 0, 0, 0, 12, 17, 255, from, ALL_NODES, 0, 99, 0, 99, 0, 12, 0, 0
#define ND(mac, type, from, target)                                                                \
	TO_ALL, mac, 0x86, 0xdd, 0x60, 0, 0, 0, 0, 28, 58, 255, from, ALL_NODES, type, 0, 0, 0, 0, 0, 0, 0, target
#define TAGGED(mac, from) TO_ALL, mac, 0x81, 0, 0, 5, 8, 0, 0x45, 0, 0, 32, 0, 0, 0, 0, 9, 17, 0, 0, from, EVERYBODY
#define OTHER(mac, high, low) TO_ALL, mac, high, low, 0, 0
#define ALL_NODES 0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1
#define EVERYBODY 255, 255, 255, 255
#define SOLICIT 135
#define ADVERTISE 136

#define BYTES(...) sizeof((uint8_t[]){ __VA_ARGS__ }), { __VA_ARGS__ }

static const struct frame {
	const char *name;
	enum allowed allowed;
	size_t len;
	uint8_t bytes[128];
} frames[] = {
	/* The first one is honest by every measure. */
	{ "ARP", BY_ALL, BYTES(ARP(MY_MAC, 1, MY_MAC, MY_IP)) },
	{ "ARP, an answer", BY_ALL, BYTES(ARP(MY_MAC, 2, MY_MAC, MY_IP)) },
	{ "ARP, whether an address is free", BY_ALL, BYTES(ARP(MY_MAC, 1, MY_MAC, NO_IP)) },
	{ "ARP in another's frame", NOT_BY_MAC, BYTES(ARP(OTHERS_MAC, 1, MY_MAC, MY_IP)) },
	{ "ARP for another's MAC address", NOT_BY_MAC, BYTES(ARP(MY_MAC, 2, OTHERS_MAC, MY_IP)) },
	{ "ARP for another's address", NOT_BY_IP, BYTES(ARP(MY_MAC, 2, MY_MAC, OTHERS_IP)) },
	{ "ARP for another's address, a question", NOT_BY_IP, BYTES(ARP(MY_MAC, 1, MY_MAC, OTHERS_IP)) },
	{ "ARP, an answer from nobody", NOT_BY_IP, BYTES(ARP(MY_MAC, 2, MY_MAC, NO_IP)) },
	{ "IPv4", BY_ALL, BYTES(IP4(MY_MAC, MY_IP, EVERYBODY, 99, 99)) },
	{ "IPv4 in another's frame", NOT_BY_MAC, BYTES(IP4(OTHERS_MAC, MY_IP, EVERYBODY, 99, 99)) },
	{ "IPv4 from another's address", NOT_BY_IP, BYTES(IP4(MY_MAC, OTHERS_IP, EVERYBODY, 99, 99)) },
	{ "IPv4 from no address", NOT_BY_IP, BYTES(IP4(MY_MAC, NO_IP, EVERYBODY, 99, 99)) },
	{ "DHCP, a question", BY_ALL, BYTES(IP4(MY_MAC, NO_IP, EVERYBODY, 68, 67)) },
	{ "IPv6", BY_ALL, BYTES(IP6(MY_MAC, MY_IP6)) },
	{ "IPv6 from the local address", BY_ALL, BYTES(IP6(MY_MAC, MY_LOCAL)) },
	{ "IPv6 from an address made of the MAC address", BY_ALL, BYTES(IP6(MY_MAC, MY_MADE_IP6)) },
	{ "IPv6 in another's frame", NOT_BY_MAC, BYTES(IP6(OTHERS_MAC, MY_IP6)) },
	{ "IPv6 from another's address", NOT_BY_IP, BYTES(IP6(MY_MAC, OTHERS_IP6)) },
	{ "IPv6 from no address", NOT_BY_IP, BYTES(IP6(MY_MAC, NO_IP6)) },
	{ "ND, whether an address is free", BY_ALL, BYTES(ND(MY_MAC, SOLICIT, NO_IP6, MY_IP6)) },
	{ "ND, whether another's address is free", NOT_BY_IP, BYTES(ND(MY_MAC, SOLICIT, NO_IP6, OTHERS_IP6)) },
	{ "ND, who has another's address", BY_ALL, BYTES(ND(MY_MAC, SOLICIT, MY_IP6, OTHERS_IP6)) },
	{ "ND, an answer", BY_ALL, BYTES(ND(MY_MAC, ADVERTISE, MY_LOCAL, MY_IP6)) },
	{ "ND, an answer for another", NOT_BY_IP, BYTES(ND(MY_MAC, ADVERTISE, MY_IP6, OTHERS_IP6)) },
	{ "ND, an answer from another", NOT_BY_IP, BYTES(ND(MY_MAC, ADVERTISE, OTHERS_IP6, MY_IP6)) },
	{ "IPv4 from another's address with a tag", NOT_BY_IP, BYTES(TAGGED(MY_MAC, OTHERS_IP)) },
	{ "another protocol", NOT_BY_IP, BYTES(OTHER(MY_MAC, 0x88, 0xb5)) },
	{ "another protocol in another's frame", NOT_BY_MAC, BYTES(OTHER(OTHERS_MAC, 0x88, 0xb5)) },
};

/* Kernels with br_netfilter look at it. */
static void fill_sum(uint8_t *ip)
{
	uint32_t sum = 0;

	for (int i = 0; i < 20; i += 2)
		sum += (uint32_t)ip[i] << 8 | ip[i + 1];
	sum = (sum & 0xffff) + (sum >> 16);
	sum = ~((sum & 0xffff) + (sum >> 16));
	ip[10] = (uint8_t)(sum >> 8);
	ip[11] = (uint8_t)sum;
}

/* --- sending and seeing ----------------------------------------------------------------- */

static int packet_socket(const char *link)
{
	struct sockaddr_ll at = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL),
				  .sll_ifindex = (int)if_nametoindex(link) };
	struct timeval patience = { .tv_sec = 20 };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL));

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
	return fd;
}

static int socket_of_guest(const char *netns)
{
	int here = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), there, fd;
	char path[64];

	snprintf(path, sizeof(path), "/run/netns/%s", netns);
	there = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(here >= 0 && there >= 0);
	assert_int_equal(setns(there, CLONE_NEWNET), 0);
	fd = packet_socket("eth0");
	assert_int_equal(setns(here, CLONE_NEWNET), 0);
	close(here);
	close(there);
	return fd;
}

/* With the mark at its end, by which it is known again. */
static void send_frame(int fd, const struct frame *f, uint32_t mark)
{
	uint8_t data[160] = { 0 };
	size_t len = f->len + sizeof(mark);

	memcpy(data, f->bytes, f->len);
	memcpy(data + f->len, &mark, sizeof(mark));
	if (data[12] == 8 && data[13] == 0)
		fill_sum(data + 14);
	assert_int_equal(send(fd, data, len, 0), len);
}

/* Whether a frame with @mark comes before the one with @last. */
static bool comes(int fd, uint32_t mark, uint32_t last)
{
	bool seen = false;
	uint8_t data[256];
	uint32_t is;
	ssize_t n;

	for (;;) {
		n = recv(fd, data, sizeof(data), MSG_TRUNC);
		if (n < 0)
			fail_msg("not even the honest frame comes");
		if (n < 18 || n > (ssize_t)sizeof(data))
			continue;
		memcpy(&is, data + n - sizeof(is), sizeof(is));
		seen |= is == mark;
		if (is == last)
			return seen;
	}
}

static void try_frames(const char *netns, int held_to)
{
	int from = socket_of_guest(netns), to = packet_socket("virbr0");

	for (uint32_t i = 0; i < WR_COUNT(frames); i++) {
		const struct frame *f = &frames[i];
		bool want = f->allowed == BY_ALL || held_to < WEIR_SPOOFING_MAC ||
			    (f->allowed == NOT_BY_IP && held_to == WEIR_SPOOFING_MAC);

		send_frame(from, f, 0xbad00000 + i);
		send_frame(from, &frames[0], 0x900d0000 + i);
		if (comes(to, 0xbad00000 + i, 0x900d0000 + i) != want)
			fail_msg("%s %s", f->name, want ? "does not pass" : "passes");
	}
	close(from);
	close(to);
}

/* --- networks ------------------------------------------------------------------------------ */

static int try_attach(struct weir *w, const char *portgroup, uint8_t last, struct weir_error *err)
{
	static const struct weir_ip address = { WEIR_FAMILY_IPV6, { 0xfd, 7, [15] = 0x11 } };
	struct weir_guest g = { .sz = sizeof(g), .kind = WEIR_PORT_VETH, .name = "guest", .netns = "guest",
				.portgroup = portgroup, .mac = { 0x52, 0x54, 0, 7, 7, last },
				.addresses = &address, .n_addresses = last == 1 };
	struct weir_txn *t;

	ns_sh("ip netns del guest 2>/dev/null; ip netns add guest");
	t = ns_begin(w);
	weir_txn_port_attach(t, "net", &g, NULL, NULL);
	return weir_txn_commit(t, err);
}

static void attach(struct weir *w, const char *portgroup)
{
	struct weir_error err = WEIR_ERROR_INIT;

	if (try_attach(w, portgroup, 1, &err))
		fail_msg("%s: %s: %s", err.object, err.attr, err.msg);
	/* Frames pass once the kernel has noticed, some time later, that both ends are up. */
	ns_sh("for i in $(seq 600); do bridge link show dev guest | grep -q 'state forwarding' && "
	      "ip -n guest link show dev eth0 | grep -q 'state UP' && exit 0; sleep 0.1; done; exit 1");
}

static void detach(struct weir *w)
{
	struct weir_txn *t = ns_begin(w);

	weir_txn_port_detach(t, "net", "guest");
	ns_commit(t);
}

static void forged_frames_are_dropped(void **state)
{
	struct weir *w = ns_start(json);

	attach(w, NULL);
	ns_sh("! nft list table bridge weir 2>/dev/null");
	try_frames("guest", WEIR_SPOOFING_ALLOWED);
	detach(w);
	attach(w, "mac");
	try_frames("guest", WEIR_SPOOFING_MAC);
	detach(w);
	attach(w, "ip");
	try_frames("guest", WEIR_SPOOFING_IP);
	detach(w);
	ns_sh("! nft list table bridge weir 2>/dev/null");
	weir_close(w);
}

/* A kernel's own neighbour discovery and pings get through. */
static void an_honest_guest_notices_nothing(void **state)
{
	struct weir *w = ns_start(json);

	attach(w, "ip");
	ns_sh("ip -n guest addr add 10.7.0.11/24 dev eth0; ip -n guest addr add fd07::11/64 dev eth0;"
	      "for i in $(seq 200); do ip -n guest -6 addr show tentative | grep -q inet6 || break; sleep 0.1; done;"
	      "! ip -n guest -6 addr show dadfailed | grep -q inet6;"
	      "for to in 10.7.0.1 fd07::1; do for i in $(seq 20); do "
	      "ip netns exec guest busybox ping -c 1 -W 1 $to >/dev/null 2>&1 && break; [ $i != 20 ]; done; done");
	weir_close(w);
}

static void a_port_is_moved(void **state)
{
	static const struct {
		const char *portgroup;
		int held_to;
	} moves[] = { { "mac", WEIR_SPOOFING_MAC }, { "free", WEIR_SPOOFING_ALLOWED }, { "ip", WEIR_SPOOFING_IP } };
	struct weir *w = ns_start(json);

	attach(w, "ip");
	for (size_t i = 0; i < WR_COUNT(moves); i++) {
		struct weir_txn *t = ns_begin(w);

		weir_txn_port_move(t, "net", "guest", moves[i].portgroup);
		ns_commit(t);
		try_frames("guest", moves[i].held_to);
	}
	weir_close(w);
}

/* As words, because elements of a set are listed in any order. */
static char *rules(void)
{
	return ns_out("nft list ruleset | tr -s ' ,\t' '\n' | sort; cat /proc/sys/net/ipv4/ip_forward");
}

/* A service that loads its own rules flushes ours, and a guest would send what it likes until it is attached anew. */
static void what_was_flushed_comes_back(void **state)
{
	struct weir_network *net = ns_network(json);
	struct weir_txn *t;
	struct weir *w;
	char *before, *now;

	for (int mode = WEIR_FORWARD_ISOLATED; mode <= WEIR_FORWARD_NAT; mode++) {
		net->forward.mode = (uint8_t)mode;
		w = ns_open();
		t = ns_begin(w);
		weir_txn_network_start(t, net);
		ns_commit(t);
		attach(w, "ip");
		before = rules();
		ns_sh("nft flush ruleset; %s", mode ? "echo 0 >/proc/sys/net/ipv4/ip_forward" : "true");
		t = ns_begin(w);
		weir_txn_network_apply(t, net, WEIR_NETWORK_LIVE);
		ns_commit(t);
		now = rules();
		assert_string_equal(now, before);
		try_frames("guest", WEIR_SPOOFING_IP);
		free(before);
		free(now);
		ns_stop(w);
	}
	weir_network_free(net);
}

static void what_cannot_be_held_is_named(void **state)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir *w = ns_start(json);

	assert_int_equal(try_attach(w, "ip", 3, &err), -EINVAL);
	assert_string_equal(err.attr, "addresses");
	weir_close(w);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, ns_setup, ns_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(forged_frames_are_dropped),
		TEST(an_honest_guest_notices_nothing),
		TEST(a_port_is_moved), TEST(what_was_flushed_comes_back),
		TEST(what_cannot_be_held_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
