/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What bulk work asks of the kernel, counted: sends, messages and bytes, which
 * are the same on a fast machine and on a slow one. A time is never a test;
 * bench/ measures those. Limits are what is needed now, with no slack: who needs
 * more says why by changing the row.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <weir/ip.h>
#include <weir/link.h>
#include <weir/tc.h>

#include "lib_ns.h"

#define N 100

static struct weir_link port(enum weir_link_kind kind, int i, int master)
{
	struct weir_link l = { .sz = sizeof(l), .kind = kind, .is_up = true,
			       .has = WEIR_LINK_NAME | WEIR_LINK_IFINDEX | WEIR_LINK_UP,
			       .ifindex = 1000 + i };

	snprintf(l.name, sizeof(l.name), "p%d", i);
	if (master) {
		l.has |= WEIR_LINK_MASTER;
		l.master = (uint32_t)master;
	}
	l.veth.has = WEIR_VETH_PEER_NAME;
	snprintf(l.veth.peer_name, sizeof(l.veth.peer_name), "q%d", i);
	return l;
}

static int bridge(struct weir_txn *t)
{
	const struct weir_link l = { .sz = sizeof(l), .kind = WEIR_LINK_BRIDGE, .name = "br0", .is_up = true,
				     .has = WEIR_LINK_NAME | WEIR_LINK_UP };

	return weir_txn_link_add(t, &l);
}

static void veths(struct weir_txn *t)
{
	int master = bridge(t);

	for (int i = 0; i < N; i++) {
		struct weir_link l = port(WEIR_LINK_VETH, i, master);

		weir_txn_link_add(t, &l);
	}
}

/* As a network makes its ports: no IPv6 addresses, which takes a second message, and up last, a third. */
static void quiet_veths(struct weir_txn *t)
{
	int master = bridge(t);

	for (int i = 0; i < N; i++) {
		struct weir_link l = port(WEIR_LINK_VETH, i, master);

		l.has |= WEIR_LINK_ADDR_GEN_MODE;
		l.addr_gen_mode = WEIR_ADDR_GEN_NONE;
		weir_txn_link_add(t, &l);
	}
}

static void taps(struct weir_txn *t)
{
	int master = bridge(t);

	for (int i = 0; i < N; i++) {
		struct weir_link l = port(WEIR_LINK_TUN, i, master);

		weir_txn_tap_add(t, &l, 0, NULL);
	}
}

static void macvtaps(struct weir_txn *t)
{
	int lower = bridge(t);

	for (int i = 0; i < N; i++) {
		struct weir_link l = port(WEIR_LINK_MACVTAP, i, 0);

		l.has |= WEIR_LINK_LOWER;
		l.lower = (uint32_t)lower;
		weir_txn_link_add(t, &l);
	}
}

static void deletes(struct weir_txn *t)
{
	char name[16];

	for (int i = 0; i < N; i++) {
		snprintf(name, sizeof(name), "p%d", i);
		weir_txn_link_del(t, 1000 + i, name);
	}
}

static void delete_one(struct weir_txn *t)
{
	weir_txn_link_del(t, 1000, "p0");
}

static void change(struct weir_txn *t)
{
	for (int i = 0; i < N; i++) {
		const struct weir_link l = { .sz = sizeof(l), .has = WEIR_LINK_IFINDEX | WEIR_LINK_MTU,
					     .ifindex = 1000 + i, .mtu = 1400 };

		weir_txn_link_set(t, &l);
	}
}

static void addresses(struct weir_txn *t)
{
	struct weir_addr a = { .sz = sizeof(a), .ifindex = 1000, .prefix = 32, .local = { WEIR_FAMILY_IPV4, { 10 } } };

	for (int i = 0; i < N; i++) {
		a.local.bytes[3] = (uint8_t)i;
		weir_txn_addr_add(t, &a);
	}
}

/* Towards the guest alone, so that every kernel does it in the same way. */
static void shape_from(struct weir_txn *t, int first, bool is_new)
{
	static const struct weir_bandwidth b = { .inbound.average_bytes_per_s = 1250000 };
	const struct weir_shape_options opts = { .sz = sizeof(opts), .leaf = WEIR_LEAF_DEFAULT, .is_new = is_new };
	char name[16];

	for (int i = first; i < N; i++) {
		snprintf(name, sizeof(name), "p%d", i);
		weir_txn_shape_set(t, 1000 + i, name, &b, &opts, NULL);
	}
}

static void shape(struct weir_txn *t)
{
	shape_from(t, 0, false);
}

static void shape_few(struct weir_txn *t)
{
	shape_from(t, N - 5, false);
}

static void shape_new(struct weir_txn *t)
{
	shape_from(t, 0, true);
}

static void shape_one_new(struct weir_txn *t)
{
	shape_from(t, N - 1, true);
}

static void limited(struct weir_txn *t)
{
	veths(t);
	shape(t);
}

static void shape_others(struct weir_txn *t)
{
	static const struct weir_bandwidth b = { .inbound.average_bytes_per_s = 2500000 };
	char name[16];

	for (int i = 0; i < N; i++) {
		snprintf(name, sizeof(name), "p%d", i);
		weir_txn_shape_set(t, 1000 + i, name, &b, NULL, NULL);
	}
}

static void clear(struct weir_txn *t)
{
	char name[16];

	for (int i = 0; i < N; i++) {
		snprintf(name, sizeof(name), "p%d", i);
		weir_txn_shape_clear(t, 1000 + i, name, NULL);
	}
}

static const struct limit {
	const char *name;
	void (*prepare)(struct weir_txn *t);	/* NULL: nothing is there */
	void (*build)(struct weir_txn *t);
	unsigned int sends, messages, bytes;
	unsigned int most_in_flight;	/* then it is the least number of sends: it may be one for each message */
} limits[] = {
	/* The bridge's snooping comes last, by a message more. */
	{ "100 pairs on a bridge", NULL, veths, 1, 2 + N, 136 + N * 136, 0 },
	{ "100 pairs, 16 in flight", NULL, veths, (2 + N + 15) / 16, 2 + N, 136 + N * 136, 16 },
	{ "100 quiet pairs on a bridge", NULL, quiet_veths, 1, 2 + 3 * N, 136 + N * 220, 0 },
	/* Each is asked about once, which settles that it has no carrier. */
	{ "100 taps on a bridge", NULL, taps, 1, 2 + 3 * N, 136 + N * 128, 0 },
	{ "100 macvtaps on a link", NULL, macvtaps, 1, 1 + N, 64 + N * 72, 0 },
	{ "100 ports go", veths, deletes, 3, 2 * N + 1, N * 80 + 40, 0 },
	{ "one port goes", veths, delete_one, 2, 2, 72, 0 },
	{ "100 changes", veths, change, 2, 2 * N, N * 80, 0 },
	/* Whether they are there is for the kernel to say: there is no journal. */
	{ "100 addresses", veths, addresses, 1, N, N * 40, 0 },
	/* Three ports are asked about alone; then all are known by one dump, and that they are no macvtaps by another. */
	{ "100 limits", veths, shape, 3 + 2 + 1, 3 * 2 + 2 + 2 * N, 3 * 72 + 88 + N * 168, 0 },
	/* The dump costs no more than asking: here it is given up before it has told of the last five. */
	{ "5 limits", veths, shape_few, 5 + 1 + 1, 5 * 2 + 1 + 5 * 2, 5 * 72 + 40 + 5 * 168, 0 },
	/* Of new ones nothing is asked. */
	{ "100 limits of new ports", veths, shape_new, 1, 2 * N, N * 168, 0 },
	{ "a limit of a new port", veths, shape_one_new, 1, 2, 168, 0 },
	/*
	 * As the first, with a dump of the first ones' classes; then 8, 16, 32 and more are read together, as far as the dump
	 * has come, by a message each.
	 */
	{ "100 limits change", limited, shape_others, 3 * 2 + 2 + 7 + 1, 3 * 3 + 2 + 97 + N, 13536, 0 },
	{ "100 limits go", limited, clear, 3 * 2 + 2 + 7 + 1, 3 * 3 + 2 + 97 + N, 7536, 0 },
};

static void costs_no_more(void **state)
{
	const struct limit *l = *state;
	struct weir_counters before = { .sz = sizeof(before) }, after = { .sz = sizeof(after) };
	const struct weir_options opts = { .sz = sizeof(opts), .most_in_flight = l->most_in_flight };
	struct weir_txn *t;
	struct weir *w;

	ns_setup(NULL);
	assert_int_equal(weir_open(&opts, &w, NULL), 0);
	if (l->prepare) {
		t = ns_begin(w);
		l->prepare(t);
		ns_commit(t);
	}
	weir_get_counters(w, &before);
	t = ns_begin(w);
	l->build(t);
	ns_commit(t);
	weir_get_counters(w, &after);
	print_message("%s: %u sends, %u messages, %u bytes\n", l->name,
		      (unsigned int)(after.n_sends - before.n_sends),
		      (unsigned int)(after.n_messages - before.n_messages),
		      (unsigned int)(after.n_bytes - before.n_bytes));
	assert_in_range(after.n_sends - before.n_sends, l->most_in_flight ? l->sends : 1,
			l->most_in_flight ? l->messages : l->sends);
	assert_in_range(after.n_messages - before.n_messages, 1, l->messages);
	assert_in_range(after.n_bytes - before.n_bytes, 1, l->bytes);
	weir_close(w);
	ns_teardown(NULL);
}

/* One dump however many there are, and one question for one of them. */
static void reading_costs_no_more(void **state)
{
	struct weir_counters before = { .sz = sizeof(before) }, all = { .sz = sizeof(all) }, one = { .sz = sizeof(one) };
	struct weir_link link = { .sz = sizeof(link) }, *links = NULL;
	struct weir_txn *t;
	struct weir *w;
	size_t n = 0;

	ns_setup(NULL);
	assert_int_equal(weir_open(NULL, &w, NULL), 0);
	t = ns_begin(w);
	veths(t);
	ns_commit(t);
	weir_get_counters(w, &before);
	assert_int_equal(weir_link_list(w, NULL, &links, &n, NULL), 0);
	weir_get_counters(w, &all);
	assert_int_equal(weir_link_get(w, 0, "p99", &link, NULL), 0);
	weir_get_counters(w, &one);
	assert_int_equal(all.n_sends - before.n_sends, 1);
	assert_int_equal(all.n_messages - before.n_messages, 1);
	assert_int_equal(one.n_sends - all.n_sends, 1);
	assert_int_equal(one.n_messages - all.n_messages, 1);
	assert_in_range(n, 2 * N + 2, 2 * N + 11);	/* with what the kernel has in each namespace, as many as nine tunnels */
	free(links);
	weir_close(w);
	ns_teardown(NULL);
}

int main(void)
{
	struct CMUnitTest tests[sizeof(limits) / sizeof(limits[0]) + 1];
	size_t n = 0;

	for (; n < sizeof(limits) / sizeof(limits[0]); n++)
		tests[n] = (struct CMUnitTest){ .name = limits[n].name, .test_func = costs_no_more,
						.initial_state = (void *)(uintptr_t)&limits[n] };
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(reading_costs_no_more);
	return _cmocka_run_group_tests("counts", tests, n, NULL, NULL);
}
