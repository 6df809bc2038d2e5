/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Guaranteed rates in a real kernel (tc/floor.c): the tree on a bridge, whatever is
 * not guaranteed coming back, more than there is refused, and three guests that are
 * all flooded, of which each gets at least its own.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <weir/link.h>
#include <weir/tc.h>
#include <weir/txn.h>

#include "lib_own.h"

#define MBIT 125000ull
#define LIMIT(mbit) { { (mbit) * MBIT, 0, 0, 0 }, { 0, 0, 0, 0 } }

static int bridge;
static const struct weir_shape_options with_floors = { .sz = sizeof(with_floors), .has_floors = true };

/* A bridge that may send 80 Mbit/s to its guests. */
static int setup(void **state)
{
	static const struct weir_bandwidth limit = LIMIT(80);
	struct weir_link br = { .sz = sizeof(br), .kind = WEIR_LINK_BRIDGE, .name = "br0",
				.has = WEIR_LINK_NAME | WEIR_LINK_UP, .is_up = true };
	struct weir_txn *t;

	if (own_setup(state))
		return -1;
	t = begin();
	bridge = weir_txn_link_add(t, &br);
	weir_txn_shape_set(t, bridge, "br0", &limit, &with_floors, NULL);
	commit(t, "a bridge");
	return 0;
}

static const uint8_t macs[4][6] = {
	{ 0x52, 0x54, 0, 0, 1, 0x10 }, { 0x52, 0x54, 0, 0, 2, 0x10 }, { 0x52, 0x54, 0, 0, 3, 0x30 },
	{ 0x52, 0x54, 0, 0, 4, 0x40 },
};

static uint32_t set_floor(int guest, uint64_t mbit, uint32_t class)
{
	struct weir_txn *t = begin();
	uint32_t ret = 42;

	weir_txn_floor_set(t, bridge, "br0", macs[guest], mbit * MBIT, class, &ret);
	commit(t, "a floor");
	return ret;
}

static void class_is(const char *class, const char *words)
{
	char command[128];

	snprintf(command, sizeof(command), "tc class show dev br0 | grep 'htb %s '", class);
	shows(command, words);
}

/* --- the tree -------------------------------------------------------------------------------- */

static void the_rest_gives_way_and_comes_back(void **state)
{
	char *before = own_text("tc qdisc show; tc class show dev br0 | grep -v fq_codel; tc filter show dev br0"), *after;
	uint32_t a, b, c;

	class_is("7765:1", "rate 80Mbit ceil 80Mbit");
	class_is("7765:2", "parent 7765:1");
	class_is("7765:2", "rate 80Mbit ceil 80Mbit");
	a = set_floor(0, 10, 0);
	b = set_floor(1, 20, 0);
	c = set_floor(2, 30, 0);
	assert_int_equal(a, 0x77650018);
	assert_int_equal(c, 0x7765001a);
	class_is("7765:19", "parent 7765:1");
	class_is("7765:19", "rate 20Mbit ceil 80Mbit");
	class_is("7765:2", "rate 20Mbit ceil 80Mbit");
	/* Up to the limit, and then there is next to no rest, which borrows. */
	assert_int_equal(set_floor(2, 50, c), c);
	class_is("7765:1a", "rate 50Mbit ceil 80Mbit");
	class_is("7765:2", "rate 8Kbit ceil 80Mbit");
	assert_int_equal(set_floor(1, 0, b), 0);
	class_is("7765:2", "rate 20Mbit ceil 80Mbit");
	/* The hole is filled again. */
	assert_int_equal(set_floor(3, 5, 0), b);
	class_is("7765:2", "rate 15Mbit ceil 80Mbit");
	set_floor(3, 0, b);
	set_floor(0, 0, a);
	set_floor(2, 0, c);
	/* What is gone already is released without a word. */
	set_floor(2, 0, c);
	after = own_text("tc qdisc show; tc class show dev br0 | grep -v fq_codel; tc filter show dev br0");
	assert_string_equal(before, after);
	free(before);
	free(after);
}

static void several_at_once(void **state)
{
	uint32_t class[3];
	struct weir_txn *t = begin();

	for (int i = 0; i < 3; i++)
		weir_txn_floor_set(t, bridge, "br0", macs[i], (10 + 10 * (uint64_t)i) * MBIT, 0, &class[i]);
	weir_txn_floor_set(t, bridge, "br0", macs[0], 15 * MBIT, class[0], NULL);
	commit(t, "three and a change");
	class_is("7765:18", "rate 15Mbit");
	class_is("7765:2", "rate 15Mbit");
	t = begin();
	for (int i = 0; i < 3; i++)
		weir_txn_floor_set(t, bridge, "br0", macs[i], 0, class[i], NULL);
	commit(t, "none");
	class_is("7765:2", "rate 80Mbit");
}

static void refused(uint64_t mbit, uint32_t class, int code, const char *words)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_txn *t = begin();

	assert_int_equal(weir_txn_floor_set(t, bridge, "br0", macs[3], mbit * MBIT, class, NULL), code);
	weir_txn_error(t, &err);
	if (strcmp(err.msg, words) || strcmp(err.object, "bandwidth of br0"))
		fail_msg("%s: %s", err.object, err.msg);
	weir_txn_abort(t);
}

static void more_than_there_is(void **state)
{
	static const struct weir_bandwidth less = LIMIT(60), enough = LIMIT(70);
	struct weir_txn *t;
	uint32_t a = set_floor(0, 70, 0);

	refused(11, 0, -ERANGE, "70mbit of 80mbit are guaranteed already, and so much more is not left");
	refused(81, a, -ERANGE, "0 of 80mbit are guaranteed already, and so much more is not left");
	refused(WEIR_RATE_MAX / MBIT + 1, 0, -ERANGE, "is above the largest, 2^54 KB/s");
	refused(1, 0x77650099, -ENOENT, "class 7765:99 is not there");
	/* Nor may the limit go below what was promised. */
	t = begin();
	assert_int_equal(weir_txn_shape_set(t, bridge, "br0", &less, NULL, NULL), -ERANGE);
	weir_txn_abort(t);
	t = begin();
	assert_int_equal(weir_txn_shape_clear(t, bridge, "br0", NULL), -EBUSY);
	weir_txn_abort(t);
	t = begin();
	weir_txn_shape_set(t, bridge, "br0", &enough, NULL, NULL);
	commit(t, "exactly enough");
	class_is("7765:1", "rate 70Mbit ceil 70Mbit");
	class_is("7765:2", "rate 8Kbit ceil 70Mbit");
}

static void a_link_without_a_limit(void **state)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_txn *t = begin();
	struct weir_link lo = { .sz = sizeof(lo) };

	assert_int_equal(weir_link_get(w, 0, "lo", &lo, NULL), 0);
	assert_int_equal(weir_txn_floor_set(t, lo.ifindex, "lo", macs[0], MBIT, 0, NULL), -ENOENT);
	weir_txn_error(t, &err);
	assert_string_equal(err.msg, "has no limit that floors could be part of");
	weir_txn_abort(t);
}

/* --- what guests send: the same on the bridge's ifb ------------------------------------------------ */

static int ifb;

/* Four ports on a bridge that may receive 80 Mbit/s of what its guests send; their other ends send to it. */
static int setup_outbound(void **state)
{
	static const struct weir_bandwidth limit = { .outbound = { 80 * MBIT, 0, 0, 0 } };
	struct weir_shape shape = { .sz = sizeof(shape) };
	struct weir_link br = { .sz = sizeof(br), .kind = WEIR_LINK_BRIDGE, .name = "br0", .mac = { 0x52, 0x54, 0, 9, 9, 9 },
				.has = WEIR_LINK_NAME | WEIR_LINK_UP | WEIR_LINK_MAC, .is_up = true };
	struct weir_txn *t;

	if (own_setup(state))
		return -1;
	t = begin();
	bridge = weir_txn_link_add(t, &br);
	weir_txn_shape_set(t, bridge, "br0", &limit, &with_floors, &shape);
	commit(t, "a bridge");
	ifb = shape.ifb_ifindex;
	assert_string_equal(shape.ifb_name, "ifb-br0");
	assert_int_equal(shape.ifb_class, 0);
	/* Nothing is sent but what is sent here: neither solicitations nor reports. */
	own_sh("echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6; for i in 0 1 2 3; do ip link add v$i master br0 up type veth peer name e$i && ip link set e$i up; done");
	return 0;
}

/* The floor of a port, and a limit of its own. */
static uint32_t set_outbound(int guest, uint64_t mbit, uint64_t limit_mbit, uint32_t class)
{
	const struct weir_bandwidth limit = { .outbound = { limit_mbit * MBIT, 0, 0, mbit * MBIT } };
	struct weir_shape_options opts = { .sz = sizeof(opts) };
	struct weir_shape shape = { .sz = sizeof(shape) };
	struct weir_txn *t = begin();
	char name[16];

	snprintf(name, sizeof(name), "v%d", guest);
	weir_txn_floor_set(t, ifb, "ifb-br0", NULL, mbit * MBIT, class, &opts.floor_class);
	weir_txn_shape_set(t, index_of(name), name, &limit, &opts, NULL);
	commit(t, name);
	if (weir_shape_get(w, index_of(name), &shape, NULL))
		return 0;
	assert_int_equal(shape.floor_class, opts.floor_class);
	assert_int_equal(shape.outbound.limits.floor_bytes_per_s, mbit * MBIT);
	assert_int_equal(shape.outbound.limits.average_bytes_per_s, limit_mbit * MBIT);
	return opts.floor_class;
}

static char *outbound_state(void)
{
	return own_text("ip -o link show | sed -E 's/^[0-9]*: //; s/state [A-Z]*//; s/@if[0-9]*//; s/(NO-CARRIER|LOWER_UP|M-DOWN),//g; "
			"s/,(NO-CARRIER|LOWER_UP|M-DOWN)//g'; tc qdisc show; "
			"tc class show dev ifb-br0 | grep -v fq_codel; "
			"for i in 0 1 2 3; do tc filter show dev v$i ingress 2>/dev/null; done; true");
}

static void ifb_class_is(const char *class, const char *words)
{
	char command[128];

	snprintf(command, sizeof(command), "tc class show dev ifb-br0 | grep 'htb %s '", class);
	shows(command, words);
}

static void outbound_floors_come_and_go(void **state)
{
	static const struct weir_bandwidth more = { .outbound = { 90 * MBIT, 0, 0, 0 } }, none = LIMIT(0);
	struct weir_error err = WEIR_ERROR_INIT;
	char *before = outbound_state(), *after;
	struct weir_txn *t;
	uint32_t a, b;

	a = set_outbound(0, 10, 0, 0);
	assert_int_equal(a, 0x77690018);
	b = set_outbound(1, 20, 40, 0);
	ifb_class_is("7769:18", "parent 7769:1");
	ifb_class_is("7769:18", "rate 10Mbit ceil 80Mbit");
	ifb_class_is("7769:2", "rate 50Mbit ceil 80Mbit");
	shows("tc class show dev ifb-v1", "rate 40Mbit ceil 40Mbit");
	/* In place, with a limit of its own and without, and the network's limit. */
	assert_int_equal(set_outbound(0, 30, 50, a), a);
	assert_int_equal(set_outbound(1, 20, 30, b), b);
	shows("tc class show dev ifb-v1", "rate 30Mbit ceil 30Mbit");
	t = begin();
	weir_txn_shape_set(t, bridge, "br0", &more, &with_floors, NULL);
	commit(t, "a larger limit");
	ifb_class_is("7769:1", "rate 90Mbit ceil 90Mbit");
	ifb_class_is("7769:2", "rate 40Mbit ceil 90Mbit");
	/* More than there is, by both numbers; and the limit cannot go while there are floors. */
	t = begin();
	assert_int_equal(weir_txn_floor_set(t, ifb, "ifb-br0", NULL, 41 * MBIT, 0, NULL), -ERANGE);
	weir_txn_error(t, &err);
	assert_string_equal(err.msg, "50mbit of 90mbit are guaranteed already, and so much more is not left");
	weir_txn_abort(t);
	t = begin();
	assert_int_equal(weir_txn_floor_set(t, ifb, "ifb-br0", macs[0], MBIT, 0, NULL), -EINVAL);
	weir_txn_abort(t);
	t = begin();
	assert_int_equal(weir_txn_shape_set(t, bridge, "br0", &none, &with_floors, NULL), -EBUSY);
	weir_txn_abort(t);
	shows("ip link show type ifb | grep -c ifb-", "3");
	set_outbound(0, 0, 0, a);
	set_outbound(1, 0, 0, b);
	t = begin();
	weir_txn_shape_set(t, bridge, "br0", &(struct weir_bandwidth){ .outbound = { 80 * MBIT, 0, 0, 0 } }, &with_floors,
			   NULL);
	commit(t, "the limit as it was");
	after = outbound_state();
	assert_string_equal(before, after);
	free(before);
	free(after);
	t = begin();
	weir_txn_shape_clear(t, bridge, "br0", NULL);
	commit(t, "no limit");
	shows("ip link show type ifb | wc -l", "0");
}

/* --- packets ---------------------------------------------------------------------------------------- */

#define N_GUESTS 4	/* the last has no floor */
#define FRAME 1400

/* Frames by a link to one MAC address; the socket waits while its own are queued. */
static void flood(int ifindex, const uint8_t mac[6])
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_ifindex = ifindex, .sll_halen = 6 };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(0x88b5)), queue = 4 << 20;
	unsigned char frame[FRAME] = { 0 };

	/* Some seconds' worth: a class has to have something to send while its sender waits for the processor. */
	setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &queue, sizeof(queue));
	memcpy(frame, mac, 6);
	frame[6] = 0x52;
	frame[12] = 0x88;	/* an Ethernet type for experiments: floors are for all protocols */
	frame[13] = 0xb5;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		if (sendto(fd, frame, sizeof(frame), 0, (struct sockaddr *)&to, sizeof(to)) < 0 && errno != ENOBUFS)
			_exit(1);
}

static pid_t start_flood_by(int ifindex, const uint8_t mac[6])
{
	pid_t pid;

	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid)
		flood(ifindex, mac);
	return pid;
}

static pid_t start_flood(int guest)
{
	return start_flood_by(bridge, macs[guest]);
}

/* What passed each floor's class, and the rest's; all of one moment. */
static void read_all_of(const char *dev, const char *major, uint64_t bytes[N_GUESTS])
{
	static const char *const classes[] = { "18", "19", "1a", "2" };
	char *text = own_text("tc -s class show dev %s | awk '/^class htb/ { c = $3; getline; print c, $2 }'", dev);

	for (int i = 0; i < N_GUESTS; i++) {
		char line[32];
		const char *at;

		snprintf(line, sizeof(line), "%s:%s ", major, classes[i]);
		at = strstr(text, line);
		bytes[i] = at ? strtoull(at + strlen(line), NULL, 10) : 0;
	}
	free(text);
}

static void read_all(uint64_t bytes[N_GUESTS])
{
	read_all_of("br0", "7765", bytes);
}

/*
 * Ten, twenty and thirty parts of eighty, and one that has no floor and asks for all.
 * A part is 0.2 Mbit/s, which an emulated machine can send too.
 */
static const struct weir_bandwidth flood_limit = LIMIT(16);
static const unsigned int floors[N_GUESTS] = { 2, 4, 6, 0 };

static void make_floors(void)
{
	struct weir_txn *t = begin();

	weir_txn_shape_set(t, bridge, "br0", &flood_limit, NULL, NULL);
	commit(t, "a smaller limit");
	for (int i = 0; i < 3; i++)
		set_floor(i, floors[i], 0);
}

/* While @pids flood the classes of a link: each gets what it was promised. */
static void floors_hold(const char *dev, const char *major, const pid_t pids[N_GUESTS])
{
	const struct timespec warm_up = { 1, 0 }, measured = { 2, 0 };
	uint64_t before[N_GUESTS], after[N_GUESTS], sum = 0;
	struct timespec t0, t1;
	double s;

	nanosleep(&warm_up, NULL);	/* the bursts */
	/* Before the one and behind the other: reading takes a while, and may not make the limit look broken. */
	clock_gettime(CLOCK_MONOTONIC, &t0);
	read_all_of(dev, major, before);
	nanosleep(&measured, NULL);
	read_all_of(dev, major, after);
	clock_gettime(CLOCK_MONOTONIC, &t1);
	for (int i = 0; i < N_GUESTS; i++) {
		kill(pids[i], SIGKILL);
		waitpid(pids[i], NULL, 0);
		after[i] -= before[i];
		sum += after[i];
	}
	s = (double)(t1.tv_sec - t0.tv_sec) + (double)(t1.tv_nsec - t0.tv_nsec) / 1e9;
	for (int i = 0; i < N_GUESTS; i++)
		print_message("guest %d: a floor of %u of 16, and got %.2f of 16\n", i, floors[i],
			      16 * (double)after[i] / (double)sum);
	/* Shares of what went through: a machine that stood still for a while slows all down alike. */
	for (int i = 0; i < N_GUESTS; i++)
		assert_true((double)after[i] >= 0.85 * floors[i] / 16 * (double)sum);
	/* The limit holds, whoever asks; a loaded machine may lose the clock's own precision. */
	assert_true((double)sum / s < 1.25 * 16 * MBIT);
	/* And what nobody was promised is shared, not lost. */
	assert_true(after[3] > 0);
}

static void floors_are_kept_under_flood(void **state)
{
	pid_t pids[N_GUESTS];

	make_floors();
	for (int i = 0; i < N_GUESTS; i++)
		pids[i] = start_flood(i);
	floors_hold("br0", "7765", pids);
}

/* Packets that a class sent with what others left. */
static unsigned long loans(const char *class)
{
	char *text = own_text("tc -s class show dev br0 | awk '/^class htb %s / { ours = 1 } "
			      "/borrowed:/ && ours { print $4; exit }'", class);
	unsigned long n = strtoul(text, NULL, 10);

	free(text);
	return n;
}

/* While the fourth is silent, the three that are flooded share what it leaves: each gets more than its floor. */
static void what_is_left_is_shared(void **state)
{
	static const char *const classes[] = { "7765:18", "7765:19", "7765:1a" };
	pid_t pids[3];

	make_floors();
	for (int i = 0; i < 3; i++)
		pids[i] = start_flood(i);
	for (int i = 0; i < 3; i++) {
		for (int n = 0; n < 1000 && !loans(classes[i]); n++)
			nanosleep(&(struct timespec){ 0, 10000000 }, NULL);
		assert_true(loans(classes[i]) > 0);
	}
	for (int i = 0; i < 3; i++) {
		kill(pids[i], SIGKILL);
		waitpid(pids[i], NULL, 0);
	}
}

/* Each address its own class, of any last byte; others go to the rest. */
static void addresses_find_their_class(void **state)
{
	for (int i = 0; i < 3; i++)
		set_floor(i, 10, 0);
	for (int i = 0; i < N_GUESTS; i++) {
		pid_t pid = start_flood(i);
		uint64_t was[N_GUESTS], is[N_GUESTS];

		read_all(was);
		read_all(is);
		for (int n = 0; n < 500 && is[i] == was[i]; n++) {
			nanosleep(&(struct timespec){ 0, 10000000 }, NULL);
			read_all(is);
		}
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		assert_true(is[i] > was[i]);
		for (int k = i + 1; k < 3; k++)
			assert_int_equal(is[k], 0);
	}
}

/* --- as commands ------------------------------------------------------------------------------------ */

/* The trees of both directions, with their floors: what is explained makes the same elsewhere. */
static void explained_floors_are_the_same(void **state)
{
	static const char show[] = "for d in br0 ifb-br0; do tc -j qdisc show dev $d; tc -j class show dev $d | "
				   "grep -v fq_codel; tc -j filter show dev $d; tc -j filter show dev $d ingress; done | "
				   "sed -E 's/\"(direct_packets_stat|index)\":[0-9]+,?//g'";
	static const struct weir_bandwidth limits = { { 40 * MBIT, 0, 0, 0 }, { 80 * MBIT, 0, 0, 0 } };
	struct weir_txn *t = begin();
	char *text = NULL, *here, *there;

	weir_txn_shape_set(t, bridge, "br0", &limits, &with_floors, NULL);
	commit(t, "both directions");
	set_floor(0, 10, 0);
	set_floor(1, 20, 0);
	set_outbound(0, 30, 0, 0);
	assert_int_equal(weir_shape_explain(w, bridge, &text, NULL), 0);
	here = own_text("%s", show);
	there = own_text("unshare -n sh -e <<'END'\nip link add br0 type bridge\n%s\n%s\nEND\n", text, show);
	assert_string_equal(here, there);
	free(here);
	free(there);
	free(text);
}

/* --- packets that guests send ------------------------------------------------------------------------- */

static const uint8_t bridge_mac[6] = { 0x52, 0x54, 0, 9, 9, 9 };

static pid_t start_sending(int guest)
{
	char name[16];

	snprintf(name, sizeof(name), "e%d", guest);
	return start_flood_by(index_of(name), bridge_mac);
}

/* By the port alone: all senders give themselves the same address. */
static void ports_find_their_class(void **state)
{
	for (int i = 0; i < 3; i++)
		set_outbound(i, 10, i == 1 ? 20 : 0, 0);
	for (int i = 0; i < N_GUESTS; i++) {
		pid_t pid = start_sending(i);
		uint64_t was[N_GUESTS], is[N_GUESTS];

		read_all_of("ifb-br0", "7769", was);
		for (int n = 0; n < 500; n++) {
			read_all_of("ifb-br0", "7769", is);
			if (is[i] > was[i])
				break;
			nanosleep(&(struct timespec){ 0, 10000000 }, NULL);
		}
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		assert_true(is[i] > was[i]);
		for (int k = i + 1; k < 3; k++)
			assert_int_equal(is[k], 0);
	}
}

static void outbound_floors_are_kept_under_flood(void **state)
{
	static const struct weir_bandwidth limit = { .outbound = { 16 * MBIT, 0, 0, 0 } };
	struct weir_txn *t = begin();
	pid_t pids[N_GUESTS];

	weir_txn_shape_set(t, bridge, "br0", &limit, &with_floors, NULL);
	commit(t, "a smaller limit");
	for (int i = 0; i < 3; i++)
		set_outbound(i, floors[i], i == 2 ? 12 : 0, 0);
	for (int i = 0; i < N_GUESTS; i++)
		pids[i] = start_sending(i);
	floors_hold("ifb-br0", "7769", pids);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, own_teardown)
		TEST(the_rest_gives_way_and_comes_back),
		TEST(several_at_once),
		TEST(more_than_there_is),
		TEST(a_link_without_a_limit),
		TEST(addresses_find_their_class),
		TEST(floors_are_kept_under_flood),
		TEST(what_is_left_is_shared),
#define TEST_OUTBOUND(f) cmocka_unit_test_setup_teardown(f, setup_outbound, own_teardown)
		TEST_OUTBOUND(outbound_floors_come_and_go),
		TEST_OUTBOUND(explained_floors_are_the_same),
		TEST_OUTBOUND(ports_find_their_class),
		TEST_OUTBOUND(outbound_floors_are_kept_under_flood),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
