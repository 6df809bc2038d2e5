/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Queues of macvtaps: how many there are and what they carry, whose they are when
 * two namespaces have links of one index, what an undo closes, and what a passthru
 * gives back.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib_link.h"
#include "base/base.h"

#define INDEX 4242

static const uint8_t macs[2][6] = { { 0x52, 0x54, 0, 0, 0x42, 1 }, { 0x52, 0x54, 0, 0, 0x42, 2 } };

static void need_macvtap(void)
{
	if (!own_try("ip link add need0 link low0 type macvtap && ip link del need0"))
		own_skip("the kernel has no macvtap");
	if (geteuid() != 0 || access("/dev/net", R_OK))
		own_skip("there is no /dev to open taps in");
}

static struct weir_link macvtap(int i, uint32_t lower, enum weir_macvlan_mode mode)
{
	struct weir_link l = NAMED(MACVTAP, "mt0", WEIR_LINK_IFINDEX | WEIR_LINK_LOWER | WEIR_LINK_MAC | WEIR_LINK_UP,
				   .ifindex = INDEX, .is_up = true,
				   .macvlan = { .has = WEIR_MACVLAN_MODE } );

	l.lower = lower;
	l.macvlan.mode = mode;
	memcpy(l.mac, macs[i], 6);
	return l;
}

/* A pair, up: macvtaps stand on the one end, frames come in by the other. */
static uint32_t make_lower(void)
{
	own_sh("ip link add lo0 type veth peer name lo1 && ip link set lo0 up && ip link set lo1 up");
	return (uint32_t)get("lo0").ifindex;
}

static struct ifreq asked(int fd, unsigned long what)
{
	struct ifreq ifr = { 0 };

	assert_int_equal(ioctl(fd, what, &ifr), 0);
	return ifr;
}

static void check_queue(int fd, int flags, int not_flags, const uint8_t mac[6])
{
	struct ifreq ifr = asked(fd, TUNGETIFF);

	assert_string_equal(ifr.ifr_name, "mt0");
	assert_int_equal(ifr.ifr_flags & flags, flags);
	assert_int_equal(ifr.ifr_flags & not_flags, 0);
	assert_memory_equal(asked(fd, SIOCGIFHWADDR).ifr_hwaddr.sa_data, mac, 6);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
}

static void close_all(const int *fds, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		close(fds[i]);
}

static void queues_of_macvtaps(void **state)
{
	static const struct {
		unsigned int n;
		bool vnet_hdr;
		int flags, not_flags;
	} cases[] = {
		{ 1, false, IFF_TAP | IFF_NO_PI, IFF_VNET_HDR | IFF_MULTI_QUEUE },
		{ 1, true, IFF_TAP | IFF_NO_PI | IFF_VNET_HDR, IFF_MULTI_QUEUE },
		{ 4, true, IFF_TAP | IFF_VNET_HDR | IFF_MULTI_QUEUE, 0 },
	};
	uint32_t lower;

	need_macvtap();
	lower = make_lower();
	for (size_t i = 0; i < WR_COUNT(cases); i++) {
		struct weir_link l = macvtap(0, lower, WEIR_MACVLAN_BRIDGE);
		struct weir_txn *t = begin();
		int fds[4] = { -7, -7, -7, -7 };

		weir_txn_link_add(t, &l);
		weir_txn_macvtap_open(t, INDEX, cases[i].n, cases[i].vnet_hdr, fds);
		commit(t, "a macvtap");
		read_by_us(&l, "a macvtap");
		for (unsigned int k = 0; k < cases[i].n; k++)
			check_queue(fds[k], cases[i].flags, cases[i].not_flags, macs[0]);
		assert_true(cases[i].n == 4 || fds[cases[i].n] == -7);
		close_all(fds, cases[i].n);
		own_sh("ip link del mt0");
	}
}

static void send_frame(const uint8_t to[6])
{
	unsigned char frame[60] = { 0 };
	struct sockaddr_ll ll = { .sll_family = AF_PACKET, .sll_ifindex = get("lo1").ifindex, .sll_halen = 6 };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	memcpy(frame, to, 6);
	memcpy(frame + 6, "\x52\x54\0\0\x99\x99\x88\xb5weir", 12);
	assert_int_equal(sendto(fd, frame, sizeof(frame), 0, (struct sockaddr *)&ll, sizeof(ll)), sizeof(frame));
	close(fd);
}

static void frames_come_out_of_a_macvtap(void **state)
{
	struct pollfd p = { .fd = -1, .events = POLLIN };
	unsigned char frame[2000] = { 0 };
	struct weir_link l;
	struct weir_txn *t;

	need_macvtap();
	l = macvtap(0, make_lower(), WEIR_MACVLAN_BRIDGE);
	t = begin();
	weir_txn_link_add(t, &l);
	weir_txn_macvtap_open(t, INDEX, 1, false, &p.fd);
	commit(t, "a macvtap");
	send_frame(macs[0]);
	while (memcmp(frame + 12, "\x88\xb5weir", 6) != 0) {
		assert_int_equal(poll(&p, 1, 30000), 1);
		assert_true(read(p.fd, frame, sizeof(frame)) > 14);
	}
	assert_memory_equal(frame, macs[0], 6);
	close(p.fd);
}

/* Of two links with one index each gets its own, whichever has the node in /dev. */
static void two_namespaces_with_one_index(void **state)
{
	struct weir_options opts = { .sz = sizeof(opts) };
	struct weir *handles[2] = { w, NULL };
	int fds[2][2];
	char path[64];

	need_macvtap();
	make_lower();
	own_ns_beside(path);
	own_sh("nsenter --net=%s sh -c 'ip link add lo0 type veth peer name lo1; ip link set lo0 up'", path);
	opts.netns = path;
	assert_int_equal(weir_open(&opts, &handles[1], NULL), 0);
	for (int i = 0; i < 2; i++) {
		struct weir_error err = WEIR_ERROR_INIT;
		struct weir_link lower = { .sz = sizeof(lower) }, l;
		struct weir_txn *t;

		assert_int_equal(weir_link_get(handles[i], 0, "lo0", &lower, NULL), 0);
		l = macvtap(i, (uint32_t)lower.ifindex, WEIR_MACVLAN_BRIDGE);
		assert_int_equal(weir_txn_begin(handles[i], "test", 0, &t, NULL), 0);
		weir_txn_link_add(t, &l);
		weir_txn_macvtap_open(t, INDEX, 2, false, fds[i]);
		if (weir_txn_commit(t, &err))
			fail_msg("namespace %d: %s: %s", i, err.object, err.msg);
	}
	for (int i = 0; i < 2; i++) {
		check_queue(fds[i][0], IFF_MULTI_QUEUE, 0, macs[i]);
		check_queue(fds[i][1], IFF_MULTI_QUEUE, 0, macs[i]);
		close_all(fds[i], 2);
	}
	weir_close(handles[1]);
}

static void an_undo_closes_queues(void **state)
{
	int fds[2] = { -7, -7 }, probe;
	struct weir_link l;
	struct weir_txn *t;
	json_t *before;

	need_macvtap();
	l = macvtap(0, make_lower(), WEIR_MACVLAN_VEPA);
	before = all_links();
	probe = open("/dev/null", O_RDONLY | O_CLOEXEC);
	close(probe);
	t = begin();
	weir_txn_link_add(t, &l);
	weir_txn_macvtap_open(t, INDEX, 2, true, fds);
	commit_and_fail(t, "a macvtap");
	assert_true(fds[0] == -1 && fds[1] == -1);
	same_links(before, "a macvtap");
	json_decref(before);
	assert_int_equal(open("/dev/null", O_RDONLY | O_CLOEXEC), probe);
	close(probe);
}

/* The link below has the guest's address meanwhile, and its own again when the guest is gone. */
static void a_passthru_gives_the_address_back(void **state)
{
	struct weir_link l;
	struct weir_txn *t;
	json_t *before;
	int fd = -1;

	need_macvtap();
	l = macvtap(1, make_lower(), WEIR_MACVLAN_PASSTHRU);
	before = all_links();
	for (int i = 0; i < 2; i++) {
		t = begin();
		weir_txn_link_add(t, &l);
		weir_txn_macvtap_open(t, INDEX, 1, false, &fd);
		if (i == 0) {
			commit_and_fail(t, "a passthru");
			same_links(before, "a passthru");
			continue;
		}
		commit(t, "a passthru");
		assert_memory_equal(get("lo0").mac, macs[1], 6);
		check_queue(fd, 0, 0, macs[1]);
		close(fd);
		t = begin();
		weir_txn_link_del(t, INDEX, "mt0");
		commit(t, "delete");
		same_links(before, "a passthru that is gone");
	}
	json_decref(before);
}

static void what_is_no_macvtap(void **state)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_txn *t = begin();
	int fd = -7;

	weir_txn_macvtap_open(t, LOW, 1, false, &fd);
	assert_int_equal(weir_txn_commit(t, &err), -EINVAL);
	assert_string_equal(err.attr, "kind");
	t = begin();
	assert_int_equal(weir_txn_macvtap_open(t, LOW, 257, false, &fd), -EINVAL);
	weir_txn_abort(t);
	t = begin();
	weir_txn_macvtap_open(t, 999999, 1, false, &fd);
	assert_int_equal(weir_txn_commit(t, &err), -ENODEV);
	assert_int_equal(fd, -7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, link_setup, own_teardown)
		TEST(queues_of_macvtaps),
		TEST(frames_come_out_of_a_macvtap),
		TEST(two_namespaces_with_one_index),
		TEST(an_undo_closes_queues),
		TEST(a_passthru_gives_the_address_back),
		TEST(what_is_no_macvtap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
