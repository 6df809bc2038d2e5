/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Transactions (lib/txn) without a kernel object in them: builders and plans, the
 * order of apply, undo and finish, the journal and what it does with damage, the
 * lock between processes, recovery of a dead one's work, steps that are files.
 * Steps that are daemons are test_service.c's.
 */
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <linux/rtnetlink.h>

#include <weir/ip.h>
#include <weir/link.h>
#include <weir/tc.h>

#include "base/file.h"
#include "base/netns.h"
#include "tests/common/step_dir.h"
#include "txn/journal.h"

/* --- the order of things --------------------------------------------------------------------------- */

struct order {
	const char *name, *failing;
	int code;
	const char *calls;
};

static const struct order orders[] = {
	{ "all is well", "", 0, "apply a, apply b, apply c, finish a, finish b, finish c" },
	{ "the first fails", "apply a", -EXDEV, "apply a" },
	{ "the second fails", "apply b", -EXDEV, "apply a, apply b, undo a" },
	{ "the last fails", "apply c", -EXDEV, "apply a, apply b, apply c, undo b, undo a" },
	{ "what is left fails", "finish b", 1,
	  "apply a, apply b, apply c, finish a, finish b, finish c" },
};

static void steps_are_done_and_undone_in_order(void **state)
{
	for (size_t i = 0; i < WR_COUNT(orders); i++) {
		struct weir_error err = WEIR_ERROR_INIT;
		struct weir_txn *t = step_begin(0);

		*calls = '\0';
		failing = orders[i].failing;
		step(t, "a");
		step(t, "b");
		step(t, "c");
		assert_ptr_equal(weir_txn_handle(t), step_w);
		if (weir_txn_commit(t, &err) != orders[i].code || strcmp(calls, orders[i].calls) != 0)
			fail_msg("%s: %s", orders[i].name, calls);
		assert_int_equal(err.code, *orders[i].failing ? -EXDEV : 0);
		failing = "";
		/* Unfinished business is what the journal is kept for. */
		assert_int_equal(has_journal(), !strncmp(orders[i].failing, "finish", 6));
		assert_int_equal(weir_recover(step_w, NULL), !strncmp(orders[i].failing, "finish", 6) ? 2 : 0);
	}
}

static void an_undo_that_fails_is_said_and_tried_again(void **state)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_txn *t = step_begin(0);

	step(t, "a");
	step(t, "b");
	step(t, "c");
	step_w->fault = WR_FAULT_SKIP;
	step_w->fault_step = 2;
	failing = "undo b";
	assert_int_equal(weir_txn_commit(t, &err), -EIO);
	step_w->fault = WR_FAULT_NONE;
	assert_string_equal(calls, "apply a, apply b, undo b, undo a");
	assert_non_null(strstr(err.msg, "fault put in by a test; and undoing it failed"));
	assert_non_null(strstr(err.msg, "undo b was to fail"));
	assert_true(has_journal());
	/* The next one tries again before it begins. */
	*calls = '\0';
	assert_int_equal(weir_txn_begin(step_w, "next", 0, &t, &err), -EXDEV);
	failing = "";
	*calls = '\0';
	assert_int_equal(weir_txn_begin(step_w, "next", 0, &t, &err), 0);
	assert_string_equal(calls, "undo c?, undo b?, undo a?");
	assert_false(has_journal());
	weir_txn_abort(t);
}

static void injected_faults_name_their_step(void **state)
{
	static const char *const names[] = { "a", "b", "c" };

	for (uint32_t i = 0; i < 3; i++) {
		struct weir_error err = WEIR_ERROR_INIT;
		struct weir_txn *t = step_begin(0);

		for (size_t k = 0; k < 3; k++)
			step(t, names[k]);
		step_w->fault = WR_FAULT_SKIP;
		step_w->fault_step = i;
		assert_int_equal(weir_txn_commit(t, &err), -EIO);
		assert_string_equal(err.object, names[i]);
		step_w->fault = WR_FAULT_NONE;
	}
}

/* --- builders ----------------------------------------------------------------------------------------- */

static void the_first_refusal_is_remembered(void **state)
{
	struct weir_link nameless = { .sz = sizeof(nameless), .kind = WEIR_LINK_IFB };
	struct weir_error err = WEIR_ERROR_INIT, first = WEIR_ERROR_INIT;
	struct weir_addr addr = { .sz = sizeof(addr) };
	struct weir_txn *t = step_begin(0);

	assert_int_equal(weir_txn_error(t, &err), 0);
	assert_int_equal(err.code, 0);
	assert_int_equal(step(t, "a"), 0);
	assert_int_equal(weir_txn_file_remove(t, "relative"), -EINVAL);
	assert_int_equal(weir_txn_error(t, &first), -EINVAL);
	assert_string_equal(first.object, "file relative");
	weir_txn_link_add(t, &nameless);
	weir_txn_addr_add(t, &addr);
	weir_txn_sysctl_set(t, "..", "1", false);
	err = (struct weir_error){ .code = -EXDEV, .msg = "mine" };
	weir_txn_refuse(t, &err);
	/* A good builder behind a bad one puts nothing on the transaction. */
	assert_int_equal(step(t, "b"), -EINVAL);
	assert_int_equal(t->n_steps, 1);
	err = (struct weir_error)WEIR_ERROR_INIT;
	assert_int_equal(weir_txn_commit(t, &err), -EINVAL);
	assert_memory_equal(&err, &first, sizeof(err));
	assert_string_equal(calls, "");
	assert_false(has_journal());
}

static void a_builder_elsewhere_can_refuse(void **state)
{
	struct weir_error mine = { sizeof(mine), -EXDEV, WEIR_STAGE_INPUT, 0, "it", "part", "is odd" };
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_txn *t = step_begin(0);

	assert_int_equal(weir_txn_refuse(t, &mine), -EXDEV);
	assert_int_equal(weir_txn_commit(t, &err), -EXDEV);
	assert_memory_equal(&err, &mine, sizeof(err));
}

static void steps_of_unknown_types_are_refused(void **state)
{
	struct weir_blob parts[WEIR_STEP_PARTS + 1] = { { "x", 1 } };
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_txn *t = step_begin(0);

	assert_int_equal(weir_txn_step(t, &strange_ops, "thing", parts, 1), -EINVAL);
	weir_txn_error(t, &err);
	assert_string_equal(err.object, "thing");
	assert_non_null(strstr(err.msg, "strange"));
	weir_txn_abort(t);
	t = step_begin(0);
	assert_int_equal(weir_txn_step(t, &test_ops, "thing", parts, WEIR_STEP_PARTS + 1), -EINVAL);
	weir_txn_abort(t);
}

static void parts_are_copied_and_end_in_zero(void **state)
{
	char bytes[] = "ab\0cd";
	struct weir_blob parts[] = { { bytes, 5 }, { NULL, 0 }, { "", 0 } };
	struct weir_txn *t = step_begin(0);

	assert_int_equal(weir_txn_step(t, &test_ops, "thing", parts, 3), 0);
	memset(bytes, 'x', sizeof(bytes));
	assert_int_equal(weir_step_part(&t->steps[0], 0).len, 5);
	assert_memory_equal(weir_step_part(&t->steps[0], 0).data, "ab\0cd", 6);
	for (unsigned int i = 1; i < 8; i++) {
		assert_int_equal(weir_step_part(&t->steps[0], i).len, 0);
		assert_string_equal(weir_step_part(&t->steps[0], i).data, "");
	}
	weir_txn_abort(t);
}

static void one_transaction_at_a_time(void **state)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_txn *t = step_begin(0), *second = NULL;

	assert_int_equal(weir_txn_begin(step_w, "second", 0, &second, &err), -EBUSY);
	assert_non_null(strstr(err.msg, "\"test\""));
	assert_null(second);
	assert_int_equal(weir_recover(step_w, &err), -EBUSY);
	weir_txn_abort(t);
	weir_txn_abort(NULL);
	weir_txn_abort(step_begin(0));
}

static void dry_transactions_are_not_committed(void **state)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_txn *t = step_begin(WEIR_TXN_DRY);

	step(t, "a");
	weir_txn_file_write(t, in_dir("f"), "x", 1, 0600, false);
	assert_int_equal(weir_txn_commit(t, &err), -EINVAL);
	assert_int_equal(err.stage, WEIR_STAGE_INPUT);
	assert_string_equal(calls, "");
	assert_false(exists(in_dir("f")));
	assert_false(exists(state_dir));	/* not even the lock */
	t = step_begin(0);				/* the handle is free again */
	weir_txn_abort(t);
}

static void indexes_are_off_the_kernels_own(void **state)
{
	struct weir_txn *t = step_begin(WEIR_TXN_DRY);

	for (int i = 0; i < 2000; i++) {
		int ifindex = wr_txn_ifindex(t);

		assert_true(ifindex >= 1 << 24);
		assert_false(wr_txn_makes(t, ifindex));
		wr_txn_created(t, ifindex, "x");
	}
	weir_txn_abort(t);
}

/* Whatever their indexes are, and nothing else beside them. */
static void what_is_made_is_found(void **state)
{
	static const int made[][6] = {
		{ 16777216, 16777218, 16777220, 16777222, 16777224, 16777226 },
		{ 1, 2, 3, 4, 5, 6 },
		{ 6, 5, 4, 3, 2, 1 },
		{ 2147483647, 1, 100, 99, 1000000, 7 },
		{ 5, 5, 5, 5, 5, 5 },
	};

	for (size_t i = 0; i < WR_COUNT(made); i++) {
		struct weir_txn *t = step_begin(WEIR_TXN_DRY);

		for (int n = 0; n < 6; n++) {
			assert_false(wr_txn_makes(t, made[i][n]) && made[i][n] != made[i][0]);
			wr_txn_created(t, made[i][n], "x");
			wr_txn_created_kind(t, made[i][n] % 99);
			for (int k = 0; k <= n; k++)
				assert_int_equal(wr_txn_kind(t, made[i][k]), made[i][k] % 99);
		}
		assert_true(wr_txn_makes(t, made[i][0]));
		for (int n = 0; n < 2; n++)
			assert_false(wr_txn_makes(t, n ? 16777223 : -1));
		weir_txn_abort(t);
	}
}

/* --- plans ----------------------------------------------------------------------------------------------- */

static void plan_is(struct weir_txn *t, const char *expected)
{
	char *plan = NULL;

	assert_int_equal(weir_txn_plan(t, &plan, NULL), 0);
	assert_string_equal(plan, expected);
	free(plan);
	weir_txn_abort(t);
}

static void plan_of_nothing(void **state)
{
	plan_is(step_begin(WEIR_TXN_DRY), "");
}

static void plan_of_links(void **state)
{
	struct weir_link bridge = {
		.sz = sizeof(bridge), .kind = WEIR_LINK_BRIDGE, .name = "br$0", .ifindex = 100,
		.has = WEIR_LINK_NAME | WEIR_LINK_IFINDEX | WEIR_LINK_MTU | WEIR_LINK_UP | WEIR_LINK_MAC,
		.mac = { 0x52, 0x54, 0, 1, 2, 3 }, .mtu = 1500, .is_up = true,
		.bridge = { .has = WEIR_BRIDGE_STP | WEIR_BRIDGE_VLAN_PROTOCOL, .vlan_protocol = 0x8100 },
	};
	struct weir_link tap = {
		.sz = sizeof(tap), .kind = WEIR_LINK_TUN, .name = "tap0", .ifindex = 101,
		.has = WEIR_LINK_NAME | WEIR_LINK_IFINDEX | WEIR_LINK_MASTER | WEIR_LINK_GROUP_SET |
		       WEIR_LINK_ADDR_GEN_MODE | WEIR_LINK_UP,
		.group = 3, .master = 100, .addr_gen_mode = WEIR_ADDR_GEN_NONE, .is_up = true,
		.tun = { .has = WEIR_TUN_OWNER | WEIR_TUN_VNET_HDR, .owner = 64055, .vnet_hdr = true },
		.port = { .has = WEIR_PORT_ISOLATED | WEIR_PORT_LEARNING, .isolated = true },
	};
	struct weir_link veth = {
		.sz = sizeof(veth), .kind = WEIR_LINK_VETH, .name = "v0", .ifindex = 102,
		.has = WEIR_LINK_NAME | WEIR_LINK_IFINDEX | WEIR_LINK_GROUP_SET | WEIR_LINK_ALIAS,
		.alias = "a 'guest'",
		.veth = { .has = WEIR_VETH_PEER_NAME, .peer_name = "eth0", .peer_up = true,
			  .peer_netns = "/proc/self/ns/net" },
	};
	struct weir_txn *t = step_begin(WEIR_TXN_DRY);

	assert_int_equal(weir_txn_link_add(t, &bridge), 100);
	assert_int_equal(weir_txn_tap_add(t, &tap, 0, NULL), 101);
	assert_int_equal(weir_txn_link_add(t, &veth), 102);
	weir_txn_link_del(t, 7, "old0");
	plan_is(t, "ip link add name 'br$0' index 100 address 52:54:00:01:02:03 group 2003134834 up "
		   "type bridge stp_state 0 vlan_protocol 802.1Q\n"
		   "ip link set dev 'br$0' mtu 1501\n"
		   "ip link set dev 'br$0' mtu 1500\n"
		   "ip tuntap add dev tap0 mode tap user 64055 vnet_hdr\n"
		   "ip link set dev tap0 master 'br$0' group 3 addrgenmode none\n"
		   "ip link set dev tap0 type bridge_slave learning off isolated on\n"
		   "ip link set dev tap0 up\n"
		   "ip link add name v0 index 102 group 0 numtxqueues 1 numrxqueues 1 type veth "
		   "peer name eth0 numtxqueues 1 numrxqueues 1 netns /proc/self/ns/net\n"
		   "ip link set dev v0 alias 'a '\\''guest'\\'''\n"
		   "nsenter --net=/proc/self/ns/net ip link set dev eth0 up\n"
		   "ip link delete dev old0\n");
}

static void plan_of_a_shape(void **state)
{
	static const struct weir_bandwidth bandwidth = {
		.inbound = { .average_bytes_per_s = 1000000, .peak_bytes_per_s = 2000000,
			     .burst_bytes = 102400 },
		.outbound = { .average_bytes_per_s = 125000 },
	};
	static const struct weir_shape_options options = {
		.sz = sizeof(options), .method = WEIR_SHAPE_IFB, .leaf = WEIR_LEAF_FQ_CODEL,
	};
	struct weir_link port = { .sz = sizeof(port), .kind = WEIR_LINK_IFB,
				  .has = WEIR_LINK_NAME | WEIR_LINK_IFINDEX, .name = "vnet0", .ifindex = 7 };
	struct weir_txn *t = step_begin(WEIR_TXN_DRY);
	struct weir_shape shape = { .sz = sizeof(shape) };
	char expected[2048];

	assert_int_equal(weir_txn_link_add(t, &port), 7);
	assert_int_equal(weir_txn_shape_set(t, 7, "vnet0", &bandwidth, &options, &shape), 0);
	wr_format(expected, sizeof(expected),
		  "ip link add name vnet0 index 7 group 2003134834 type ifb\n"
		  "tc qdisc add dev vnet0 root handle 7765: htb default 1\n"
		  "tc class add dev vnet0 parent 7765: classid 7765:1 htb rate 1000000bps ceil 2000000bps "
		  "burst 102400b cburst 65536b quantum 60000\n"
		  "tc qdisc add dev vnet0 parent 7765:1 handle f001: fq_codel flows 256 target 5000us interval 100000us\n"
		  "ip link add name ifb-vnet0 index %d txqueuelen 256 group 2003134834 numtxqueues 1 type ifb\n"
		  "ip link set dev ifb-vnet0 addrgenmode none\n"
		  "tc qdisc add dev ifb-vnet0 root handle 7765: htb default 1\n"
		  "ip link set dev ifb-vnet0 up\n"
		  "tc class add dev ifb-vnet0 parent 7765: classid 7765:1 htb rate 125000bps ceil 125000bps "
		  "burst 65536b cburst 65536b quantum 12500\n"
		  "tc qdisc add dev ifb-vnet0 parent 7765:1 handle f001: fq_codel flows 256 target 24224us interval 484480us\n"
		  "tc qdisc add dev vnet0 ingress\n"
		  "tc filter add dev vnet0 parent ffff: protocol all prio 30565 handle 800::1 u32 match u32 0 0 "
		  "action mirred egress redirect dev ifb-vnet0\n",
		  shape.ifb_ifindex);
	plan_is(t, expected);
}

static void plan_of_the_rest(void **state)
{
	static const char *const argv[] = { "/bin/da emon", "--x", NULL };
	struct weir_service service = { sizeof(service), "it", argv, "/run/it.pid", NULL };
	struct weir_txn *t = step_begin(WEIR_TXN_DRY);

	step(t, "own");
	weir_txn_file_remove(t, "/nowhere/d");
	weir_txn_service_start(t, &service);
	weir_txn_service_reload(t, &service);
	weir_txn_service_stop(t, &service, true);
	plan_is(t, "echo own\n"
		   "rm -f /nowhere/d\n"
		   "'/bin/da emon' --x\n"
		   "kill -HUP \"$(cat /run/it.pid)\"\n"
		   "kill -TERM \"$(cat /run/it.pid)\"\n");
}

/* A shell that reads the plan writes the same files. */
static void plan_of_files(void **state)
{
	struct weir_txn *t = step_begin(WEIR_TXN_DRY);
	char *plan = NULL, command[256];

	assert_int_equal(wr_file_write(in_dir("gone"), "", 0, 0600, false), 0);
	weir_txn_file_write(t, in_dir("deep/er/a $b"), "one\n$two `three`\n", 17, 0604, true);
	weir_txn_file_write(t, in_dir("deep/c"), "last line without its end", 25, 0640, false);
	weir_txn_file_remove(t, in_dir("gone"));
	assert_int_equal(weir_txn_plan(t, &plan, NULL), 0);
	assert_int_equal(wr_file_write(in_dir("plan"), plan, strlen(plan), 0600, false), 0);
	wr_format(command, sizeof(command), "/bin/sh -eu %s", in_dir("plan"));
	assert_int_equal(system(command), 0);
	has_content(in_dir("deep/er/a $b"), "one\n$two `three`\n");
	assert_int_equal(mode_of(in_dir("deep/er/a $b")), 0604);
	assert_int_equal(mode_of(in_dir("deep/c")), 0640);
	assert_false(exists(in_dir("gone")));
	free(plan);
	weir_txn_abort(t);
}

static void plan_of_what_was_refused(void **state)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_txn *t = step_begin(WEIR_TXN_DRY);
	char *plan = NULL;

	step(t, "own");
	weir_txn_link_del(t, 0, "x");
	assert_int_equal(weir_txn_plan(t, &plan, &err), -EINVAL);
	assert_null(plan);
	assert_string_equal(err.attr, "ifindex");
	weir_txn_abort(t);
}

/* --- the journal ------------------------------------------------------------------------------------------- */

#define PHASE_AT 8

/* FNV-1a, written again: the phase byte counts as zero. */
static uint32_t sum_of(const unsigned char *data, size_t len)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < len; i++) {
		h ^= i == PHASE_AT ? 0 : data[i];
		h *= 16777619u;
	}
	return h;
}

static void repair_sum(unsigned char *data, size_t len)
{
	uint32_t sum;

	if (len < 60)
		return;
	sum = sum_of(data, len - sizeof(sum));
	memcpy(data + len - sizeof(sum), &sum, sizeof(sum));
}

/* A bit of everything. */
static struct weir_txn *various_steps(void)
{
	struct weir_link link = { .sz = sizeof(link), .kind = WEIR_LINK_BRIDGE, .name = "br0",
				  .has = WEIR_LINK_NAME | WEIR_LINK_MTU, .mtu = 1500 };
	struct weir_addr addr = { .sz = sizeof(addr), .ifindex = 7, .prefix = 8 };
	struct weir_blob odd[] = { { "\0\xff\n", 3 }, { "", 0 }, { "x", 1 }, { "", 0 }, { "", 0 },
				   { "last", 4 } };
	struct weir_txn *t = step_begin(0);

	weir_ip_parse("10.0.0.1", &addr.local);
	weir_txn_link_add(t, &link);
	weir_txn_addr_add(t, &addr);
	weir_txn_step(t, &test_ops, "odd bytes", odd, WR_COUNT(odd));
	weir_txn_file_write(t, in_dir("f"), "new", 3, 0600, false);
	weir_txn_sysctl_set(t, "net/ipv4/ip_forward", "1", false);
	wr_txn_created(t, 123456789, "other0");
	wr_txn_deleted(t, 8, "gone0");
	wr_txn_deleted(t, 9, "gone1");
	t->deleted[1].old_group = 77;
	t->scratch_group = 0x80001234;
	assert_int_equal(weir_txn_error(t, NULL), 0);
	return t;
}

static unsigned char *journal_of(const struct weir_txn *t, size_t *ret_len)
{
	wr_auto(str) struct wr_str text = { 0 };

	assert_int_equal(wr_journal_write(t, NULL), 0);
	assert_int_equal(wr_file_read(in_dir("state/journal"), &text), 0);
	wr_journal_clear(step_w, NULL);
	*ret_len = text.len;
	return (unsigned char *)wr_str_take(&text);
}

/* Parses a copy of exactly that size into a transaction of its own. */
static int parse(const unsigned char *data, size_t len, struct weir_txn **ret, struct wr_journal *j,
		 struct weir_error *err)
{
	struct weir_txn *t = calloc(1, sizeof(*t));
	unsigned char *copy = malloc(len ? len : 1);
	int r;

	assert_true(t && copy);
	t->w = step_w;
	memcpy(copy, data, len);
	r = wr_journal_parse(copy, len, t, j, err);
	free(copy);
	if (ret)
		*ret = t;
	else
		wr_txn_free(t);
	return r;
}

static void same_refs(const struct wr_link_ref *a, const struct wr_link_ref *b, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(a[i].ifindex, b[i].ifindex);
		assert_int_equal(a[i].old_group, b[i].old_group);
		assert_string_equal(a[i].name, b[i].name);
	}
}

static void same_steps(const struct weir_txn *a, const struct weir_txn *b)
{
	assert_int_equal(a->n_steps, b->n_steps);
	for (size_t i = 0; i < a->n_steps; i++) {
		assert_ptr_equal(a->steps[i].ops, b->steps[i].ops);
		assert_string_equal(a->steps[i].object, b->steps[i].object);
		for (unsigned int k = 0; k < WEIR_STEP_PARTS; k++) {
			struct weir_blob x = weir_step_part(&a->steps[i], k);
			struct weir_blob y = weir_step_part(&b->steps[i], k);

			assert_int_equal(x.len, y.len);
			assert_memory_equal(x.data, y.data, x.len + 1);
		}
	}
}

static void journals_give_back_what_they_got(void **state)
{
	struct weir_txn *t = various_steps(), *again = NULL;
	struct weir_error err = WEIR_ERROR_INIT;
	struct wr_journal j;
	unsigned char *data;
	uint64_t netns;
	size_t len;

	data = journal_of(t, &len);
	assert_int_equal(parse(data, len, &again, &j, &err), 0);
	assert_int_equal(j.phase, WR_PHASE_UNDO);
	assert_int_equal(strlen(j.boot_id), 36);
	assert_int_equal(wr_netns_id(-1, &netns), 0);
	assert_int_equal((uint32_t)j.netns, netns);
	assert_int_equal((uint32_t)(j.netns >> 32), (uint32_t)wr_sock_netns_cookie(&step_w->sock));
	assert_int_equal(again->scratch_group, t->scratch_group);
	assert_int_equal(again->n_created, t->n_created);
	assert_int_equal(again->n_deleted, t->n_deleted);
	same_refs(again->created, t->created, t->n_created);
	same_refs(again->deleted, t->deleted, t->n_deleted);
	same_steps(again, t);
	for (size_t i = 0; i < again->n_steps; i++)
		assert_int_equal(again->steps[i].state, WR_STEP_LOST);
	wr_txn_free(again);
	weir_txn_abort(t);
	free(data);
}

/* Of a request of tc's the journal keeps the link's name: who recovers puts the rest together from the request. */
static void what_a_request_is_about_is_known_again(void **state)
{
	static const struct {
		uint16_t type;
		int ifindex;
		const char *kind, *words;
	} cases[] = {
		{ RTM_NEWQDISC, 7, "htb", "qdisc 7765: htb on p0" },
		{ RTM_NEWTCLASS, 7, "htb", "class 7765:1 htb on p0" },
		{ RTM_NEWTFILTER, 7, "u32", "filter u32 on p0" },
		{ RTM_NEWTFILTER, (int)TCM_IFINDEX_MAGIC_BLOCK, "bpf", "filter of the block on p0" },
		{ RTM_NEWLINK, 7, "veth", "p0" },
	};
	struct weir_txn *t = step_begin(0), *again = NULL;
	struct wr_journal j;
	unsigned char *data;
	char buf[64];
	size_t len;

	for (size_t i = 0; i < WR_COUNT(cases); i++) {
		const struct tcmsg tcm = { .tcm_ifindex = cases[i].ifindex, .tcm_handle = 0x77650001 };
		struct wr_change *change = wr_txn_change(t);

		wr_msg(&change->request, cases[i].type, NLM_F_CREATE, &tcm, sizeof(tcm));
		wr_put_text(&change->request, TCA_KIND, cases[i].kind);
		wr_step_adds(wr_txn_msg(t, "p0", NULL, &change->request, NULL, NULL));
	}
	data = journal_of(t, &len);
	assert_int_equal(parse(data, len, &again, &j, NULL), 0);
	same_steps(again, t);
	for (size_t i = 0; i < WR_COUNT(cases); i++) {
		assert_string_equal(wr_step_object(&t->steps[i], buf), cases[i].words);
		assert_string_equal(wr_step_object(&again->steps[i], buf), cases[i].words);
	}
	wr_txn_free(again);
	weir_txn_abort(t);
	free(data);
}

/* The layout is that of the first comment of journal.c, whatever the structs in memory have become. */
static void journals_of_before_are_read(void **state)
{
	static const struct {
		const char *name;
		size_t n_created, n_deleted, n_steps;
	} seeds[] = { { "empty", 0, 0, 0 }, { "deletes", 0, 2, 0 }, { "links", 1, 0, 5 } };

	for (size_t i = 0; i < WR_COUNT(seeds); i++) {
		wr_auto(str) struct wr_str text = { 0 };
		struct weir_txn *t = NULL;
		struct wr_journal j;
		char path[64];

		wr_format(path, sizeof(path), "tests/fuzz/corpus/journal/%s", seeds[i].name);
		assert_int_equal(wr_file_read(path, &text), 0);
		assert_int_equal(parse((unsigned char *)text.data, text.len, &t, &j, NULL), 0);
		assert_int_equal(t->n_created, seeds[i].n_created);
		assert_int_equal(t->n_deleted, seeds[i].n_deleted);
		assert_int_equal(t->n_steps, seeds[i].n_steps);
		wr_txn_free(t);
	}
}

static void the_phase_is_one_byte(void **state)
{
	struct weir_txn *t = various_steps();
	wr_auto(str) struct wr_str text = { 0 };
	struct wr_journal j;

	assert_int_equal(wr_journal_write(t, NULL), 0);
	assert_int_equal(wr_journal_decide(step_w, NULL), 0);
	assert_int_equal(wr_file_read(in_dir("state/journal"), &text), 0);
	assert_int_equal(parse((void *)text.data, text.len, NULL, &j, NULL), 0);
	assert_int_equal(j.phase, WR_PHASE_FINISH);
	assert_int_equal(mode_of(in_dir("state/journal")), 0600);
	wr_journal_clear(step_w, NULL);
	weir_txn_abort(t);
}

static void cut_journals_are_damaged(void **state)
{
	struct weir_txn *t = various_steps();
	struct wr_journal j;
	size_t len;
	unsigned char *data = journal_of(t, &len);

	for (size_t n = 0; n < len; n++) {
		struct weir_error err = WEIR_ERROR_INIT;

		if (parse(data, n, NULL, &j, &err) != -EBADMSG)
			fail_msg("%zu bytes of %zu", n, len);
		assert_string_equal(err.object, "journal");
	}
	weir_txn_abort(t);
	free(data);
}

static void flipped_bytes_are_damage(void **state)
{
	static const unsigned char flips[] = { 1, 2, 0x80, 0xff };
	struct weir_txn *t = various_steps();
	struct wr_journal j;
	size_t len;
	unsigned char *data = journal_of(t, &len);

	for (size_t i = 0; i < len; i++)
		for (size_t k = 0; k < WR_COUNT(flips); k++) {
			data[i] ^= flips[k];
			if (parse(data, len, NULL, &j, NULL) != -EBADMSG)
				fail_msg("byte %zu of %zu", i, len);
			data[i] ^= flips[k];
		}
	assert_int_equal(parse(data, len, NULL, &j, NULL), 0);
	weir_txn_abort(t);
	free(data);
}

static void bytes_behind_the_end_are_damage(void **state)
{
	struct weir_txn *t = various_steps();
	struct wr_journal j;
	size_t len;
	unsigned char *data = journal_of(t, &len), *more = calloc(1, len + 4);

	assert_non_null(more);
	memcpy(more, data, len - 4);
	repair_sum(more, len + 4);
	assert_int_equal(parse(more, len + 4, NULL, &j, NULL), -EBADMSG);
	weir_txn_abort(t);
	free(data);
	free(more);
}

/* What a checksum cannot tell: bytes that are wrong and were written so. */
static void lies_with_a_right_sum_are_survived(void **state)
{
	static const unsigned char values[] = { 0, 1, 0x7f, 0x80, 0xff };
	struct weir_txn *t = various_steps();
	struct wr_journal j;
	size_t len;
	unsigned char *data = journal_of(t, &len), *copy = malloc(len);
	size_t n_good = 0, n_bad = 0;

	assert_non_null(copy);
	for (size_t i = PHASE_AT + 1; i < len - 4; i++)
		for (size_t k = 0; k < WR_COUNT(values); k++) {
			struct weir_error err = WEIR_ERROR_INIT;
			int r;

			memcpy(copy, data, len);
			copy[i] = values[k];
			repair_sum(copy, len);
			r = parse(copy, len, NULL, &j, &err);
			assert_true(r == 0 || r == -EBADMSG || r == -EOPNOTSUPP);
			assert_int_equal(err.code, r);
			n_good += !r;
			n_bad += !!r;
		}
	for (size_t n = 60; n < len; n++) {
		memcpy(copy, data, n);
		repair_sum(copy, n);
		assert_int_equal(parse(copy, n, NULL, &j, NULL), -EBADMSG);
	}
	assert_true(n_good > 100 && n_bad > 100);
	weir_txn_abort(t);
	free(data);
	free(copy);
}

/* Where in a journal a text is. */
static unsigned char *find_text(unsigned char *data, size_t len, const char *text)
{
	unsigned char *at = memmem(data, len, text, strlen(text));

	assert_non_null(at);
	return at;
}

static void particular_lies(void **state)
{
	struct weir_txn *t = various_steps();
	size_t len;
	unsigned char *data = journal_of(t, &len);
	static const struct {
		const char *name, *text;	/* what is found in the journal */
		int at;				/* and where, from there, it is replaced */
		const char *bytes;
		size_t n;
		int code;
	} cases[] = {
		{ "a type that nobody knows", "test", 0, "tesu", 4, -EOPNOTSUPP },
		{ "a link without index", "gone0", -8, "\0\0\0\0", 4, -EBADMSG },
		{ "a link with a negative index", "gone0", -8, "\xff\xff\xff\xff", 4, -EBADMSG },
		{ "a link whose name has no end", "gone0", 0, "0123456789abcdef", 16, -EBADMSG },
		{ "four billion links", "gone0", -12, "\xff\xff\xff\xff", 4, -EBADMSG },
		{ "a message shorter than a header", "address 10.0.0.1/8", 22, "\1\0\0\0", 4, -EBADMSG },
		{ "a message longer than its part", "address 10.0.0.1/8", 22, "\xff\0\0\0", 4, -EBADMSG },
		{ "a part longer than the journal", "address 10.0.0.1/8", 18, "\xff\xff\xff\xff", 4, -EBADMSG },
		{ "another boot", "weirjnl1U", 9, "00000000", 8, 0 },
		{ "another magic", "weirjnl1U", 7, "2", 1, -EBADMSG },
		{ "no phase", "weirjnl1U", 8, "X", 1, -EBADMSG },
	};

	for (size_t i = 0; i < WR_COUNT(cases); i++) {
		struct weir_error err = WEIR_ERROR_INIT;
		unsigned char *copy = malloc(len);
		struct wr_journal j;
		int r;

		assert_non_null(copy);
		memcpy(copy, data, len);
		memcpy(find_text(copy, len, cases[i].text) + cases[i].at, cases[i].bytes, cases[i].n);
		repair_sum(copy, len);
		r = parse(copy, len, NULL, &j, &err);
		if (r != cases[i].code)
			fail_msg("%s: %d: %s", cases[i].name, r, err.msg);
		free(copy);
	}
	weir_txn_abort(t);
	free(data);
}

/* --- other processes -------------------------------------------------------------------------------------------- */

/* Runs @fn in a child with a handle of its own; what it returns is the exit status. */
static pid_t in_child(int (*fn)(int report), int *report)
{
	int fds[2];
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		close(fds[0]);
		weir_close(step_w);	/* the parent's; a handle has one process */
		step_w = open_handle(known_ops, 20);
		_exit(fn(fds[1]));
	}
	close(fds[1]);
	*report = fds[0];
	return pid;
}

static int hold_the_lock(int report)
{
	step_begin(0);
	if (write(report, "x", 1) != 1)
		return 1;
	pause();
	return 1;
}

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void others_wait_for_the_lock(void **state)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_txn *t = NULL;
	int report;
	pid_t pid = in_child(hold_the_lock, &report);
	int64_t began;
	char c;

	assert_int_equal(read(report, &c, 1), 1);
	step_w->lock_timeout_ms = 100;
	began = now_ms();
	assert_int_equal(weir_txn_begin(step_w, "second", 0, &t, &err), -EBUSY);
	assert_in_range(now_ms() - began, 90, 20000);
	assert_string_equal(err.object, "state directory");
	assert_non_null(strstr(err.msg, "held by another process"));
	assert_null(t);
	step_w->lock_timeout_ms = 1;
	assert_int_equal(weir_recover(step_w, &err), -EBUSY);
	/* A plan needs no lock. */
	weir_txn_abort(step_begin(WEIR_TXN_DRY));
	/* The lock of a killed process is gone with it. */
	kill(pid, SIGKILL);
	assert_int_equal(status_of(pid), -SIGKILL);
	assert_int_equal(weir_txn_begin(step_w, "second", 0, &t, &err), 0);
	weir_txn_abort(t);
	close(report);
}

static int wait_and_hold(int report)
{
	step_w->lock_timeout_ms = 60000;
	return hold_the_lock(report);
}

/* Until somebody waits for the lock that we hold. */
static void await_a_waiter(void)
{
	const struct timespec pause = { 0, 1000000 };
	struct flock next;

	do {
		nanosleep(&pause, NULL);
		next = (struct flock){ .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 1, .l_len = 1 };
		assert_int_equal(fcntl(step_w->lock_fd, F_OFD_GETLK, &next), 0);
	} while (next.l_type == F_UNLCK);
}

/* One that lets the lock go and wants it again at once waits behind one that waited before. */
static void the_lock_is_had_in_turn(void **state)
{
	struct weir_txn *first = step_begin(0), *again = NULL;
	struct weir_error err = WEIR_ERROR_INIT;
	int report;
	pid_t pid = in_child(wait_and_hold, &report);
	char c;

	await_a_waiter();
	weir_txn_abort(first);
	step_w->lock_timeout_ms = 1;
	assert_int_equal(weir_txn_begin(step_w, "again", 0, &again, &err), -EBUSY);
	assert_int_equal(read(report, &c, 1), 1);
	kill(pid, SIGKILL);
	assert_int_equal(status_of(pid), -SIGKILL);
	close(report);
}

/* Two handles of one process are two users of the directory. */
static void handles_of_one_process_exclude_each_other(void **state)
{
	struct weir *other = open_handle(known_ops, 1);
	struct weir_txn *t = step_begin(0), *second = NULL;

	assert_int_equal(weir_txn_begin(other, "second", 0, &second, NULL), -EBUSY);
	weir_txn_abort(t);
	assert_int_equal(weir_txn_begin(other, "second", 0, &second, NULL), 0);
	weir_txn_abort(second);
	weir_close(other);
}

static void state_directories_that_cannot_be_used(void **state)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_txn *t = NULL;

	assert_int_equal(wr_file_write(state_dir, "", 0, 0600, false), 0);
	assert_int_equal(weir_txn_begin(step_w, "x", 0, &t, &err), -ENOTDIR);
	assert_string_equal(err.object, "state directory");
	assert_null(step_w->txn);
	assert_int_equal(unlink(state_dir), 0);
	weir_txn_abort(step_begin(0));
}

static int commit_and_die(int report)
{
	struct weir_txn *t = step_begin(0);

	weir_txn_file_write(t, in_dir("f"), "new", 3, 0600, false);
	step(t, "a");
	step(t, "b");
	return weir_txn_commit(t, NULL) ? 1 : 0;
}

static void a_child_dies_in(const char *call)
{
	int report;

	deadly = call;
	assert_int_equal(status_of(in_child(commit_and_die, &report)), 9);
	deadly = "";
	close(report);
}

static void what_a_dead_process_began_is_undone(void **state)
{
	assert_int_equal(wr_file_write(in_dir("f"), "old", 3, 0640, false), 0);
	a_child_dies_in("apply b");
	has_content(in_dir("f"), "new");
	assert_true(has_journal());
	assert_int_equal(weir_recover(step_w, NULL), 1);
	/* Whether they were done is not known any more. */
	assert_string_equal(calls, "undo b?, undo a?");
	has_content(in_dir("f"), "old");
	assert_int_equal(mode_of(in_dir("f")), 0640);
	assert_false(has_journal());
	assert_int_equal(weir_recover(step_w, NULL), 0);
}

static void what_a_dead_process_decided_is_finished(void **state)
{
	a_child_dies_in("finish a");
	assert_int_equal(weir_recover(step_w, NULL), 2);
	assert_string_equal(calls, "finish a, finish b");
	has_content(in_dir("f"), "new");
	assert_false(has_journal());
}

static void the_next_transaction_recovers_first(void **state)
{
	a_child_dies_in("apply a");
	weir_txn_abort(step_begin(0));
	assert_string_equal(calls, "undo b?, undo a?");
	assert_false(exists(in_dir("f")));
}

static void recovery_needs_the_types_of_steps(void **state)
{
	struct weir *other = open_handle(NULL, 1);
	struct weir_error err = WEIR_ERROR_INIT;

	a_child_dies_in("apply b");
	assert_int_equal(weir_recover(other, &err), -EOPNOTSUPP);
	assert_non_null(strstr(err.msg, "\"test\""));
	has_content(in_dir("f"), "new");
	assert_true(has_journal());
	weir_close(other);
	assert_int_equal(weir_recover(step_w, NULL), 1);
}

static void change_journal(size_t at, const char *bytes, size_t n)
{
	wr_auto(str) struct wr_str text = { 0 };

	assert_int_equal(wr_file_read(in_dir("state/journal"), &text), 0);
	memcpy(text.data + at, bytes, n);
	repair_sum((unsigned char *)text.data, text.len);
	assert_int_equal(wr_file_write(in_dir("state/journal"), text.data, text.len, 0600, false), 0);
}

/* After a reboot only files are as they were left. */
static void another_boot_has_another_kernel(void **state)
{
	assert_int_equal(wr_file_write(in_dir("f"), "old", 3, 0600, false), 0);
	a_child_dies_in("apply b");
	change_journal(PHASE_AT + 1, "00000000", 8);
	assert_int_equal(weir_recover(step_w, NULL), 1);
	assert_string_equal(calls, "");
	has_content(in_dir("f"), "old");
}

/* The power fails while pages of it are on their way to a disk: nobody has to remove it by hand. */
static void what_is_left_of_another_boot(void **state)
{
	wr_auto(str) struct wr_str text = { 0 };

	a_child_dies_in("apply b");
	change_journal(PHASE_AT + 1, "00000000", 8);
	assert_int_equal(wr_file_read(in_dir("state/journal"), &text), 0);
	text.data[text.len / 2] ^= 1;
	assert_int_equal(wr_file_write(in_dir("state/journal"), text.data, text.len, 0600, false), 0);
	assert_int_equal(weir_recover(step_w, NULL), 0);
	assert_false(has_journal());
	assert_string_equal(calls, "");
	weir_txn_abort(step_begin(0));
}

/* Nobody waits for what a FIFO in its place would say, nor reads a device to its end. */
static void a_journal_is_a_file(void **state)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_txn *t = NULL;

	weir_txn_abort(step_begin(0));
	assert_int_equal(unlink(in_dir("state/journal")), 0);
	assert_int_equal(mkfifo(in_dir("state/journal"), 0600), 0);
	alarm(20);
	assert_int_equal(weir_txn_begin(step_w, "test", 0, &t, &err), -EBADFD);
	assert_string_equal(err.object, "journal");
	assert_non_null(strstr(err.msg, "/state/journal: is no regular file"));
	assert_int_equal(weir_recover(step_w, NULL), -EBADFD);
	assert_int_equal(unlink(in_dir("state/journal")), 0);
	assert_int_equal(mkfifo(in_dir("f"), 0600), 0);
	t = step_begin(0);
	assert_int_equal(weir_txn_file_write(t, in_dir("f"), "x", 1, 0600, false), -EBADFD);
	weir_txn_abort(t);
	alarm(0);
}

static void another_namespace_is_not_touched(void **state)
{
	struct weir_error err = WEIR_ERROR_INIT;

	a_child_dies_in("apply b");
	change_journal(PHASE_AT + 1 + 36, "\1\0\0\0\0\0\0\0", 8);
	assert_int_equal(weir_recover(step_w, &err), -EXDEV);
	assert_non_null(strstr(err.msg, "net:[1]"));
	assert_string_equal(calls, "");
	has_content(in_dir("f"), "new");
}

/* When a namespace is gone the next one gets the number of its inode; the upper half is for this boot only. */
static void a_number_that_is_used_again(void **state)
{
	const size_t at = PHASE_AT + 1 + 36 + sizeof(uint32_t);
	struct weir_error err = WEIR_ERROR_INIT;

	a_child_dies_in("apply b");
	change_journal(at, "\377\377\377\1", 4);
	if (wr_sock_netns_cookie(&step_w->sock)) {
		assert_int_equal(weir_recover(step_w, &err), -EXDEV);
		assert_non_null(strstr(err.msg, "before this one, which is gone"));
		assert_string_equal(calls, "");
	}
	/* Journals of before had none. */
	change_journal(at, "\0\0\0\0", 4);
	assert_int_equal(weir_recover(step_w, NULL), 1);
	assert_string_not_equal(calls, "");
}

/* Killed while it wrote the journal, it had done nothing yet. */
static void a_journal_that_was_being_written(void **state)
{
	static const char begun[] = "weirjnl1-2a14f287";

	weir_txn_abort(step_begin(0));
	assert_int_equal(wr_file_write(in_dir("state/journal"), begun, sizeof(begun) - 1, 0600, false), 0);
	assert_int_equal(weir_recover(step_w, NULL), 0);
	assert_false(has_journal());
	weir_txn_abort(step_begin(0));
	assert_string_equal(calls, "");
}

static void damage_is_told_to_everybody(void **state)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_txn *t = NULL;

	weir_txn_abort(step_begin(0));
	assert_int_equal(wr_file_write(in_dir("state/journal"), "garbage", 7, 0600, false), 0);
	assert_int_equal(weir_recover(step_w, &err), -EBADMSG);
	assert_int_equal(weir_txn_begin(step_w, "x", 0, &t, &err), -EBADMSG);
	assert_null(t);
	assert_int_equal(unlink(in_dir("state/journal")), 0);
	weir_txn_abort(step_begin(0));
}

static void no_state_directory_no_journal(void **state)
{
	struct weir *plain = NULL;
	struct weir_options opts = { .sz = sizeof(opts), .step_ops = known_ops };
	struct weir_txn *t = NULL;

	assert_int_equal(weir_open(&opts, &plain, NULL), 0);
	assert_null(weir_state_dir(plain));
	assert_null(weir_config_dir(plain));
	assert_int_equal(weir_recover(plain, NULL), 0);
	assert_int_equal(weir_txn_begin(plain, "x", 0, &t, NULL), 0);
	step(t, "a");
	failing = "apply b";
	step(t, "b");
	assert_int_equal(weir_txn_commit(t, NULL), -EXDEV);
	assert_string_equal(calls, "apply a, apply b, undo a");
	weir_close(plain);
}

/* --- files as steps ------------------------------------------------------------------------------------------------ */

static void files_are_written_and_removed(void **state)
{
	struct weir_txn *t;

	assert_int_equal(wr_file_write(in_dir("gone"), "x", 1, 0600, false), 0);
	t = step_begin(0);
	weir_txn_file_write(t, in_dir("deep/er/f"), "one\n", 4, 0640, true);
	weir_txn_file_remove(t, in_dir("gone"));
	weir_txn_file_remove(t, in_dir("never was"));
	assert_int_equal(weir_txn_commit(t, NULL), 0);
	has_content(in_dir("deep/er/f"), "one\n");
	assert_int_equal(mode_of(in_dir("deep/er/f")), 0640);
	assert_false(exists(in_dir("gone")) || exists(in_dir("gone~old")) || exists(in_dir("deep/er/f~new")));
}

/* The file's own mode stays, whatever was asked for new ones. */
/* Such as an earlier version of a definition, or a draft of the next. */
static void files_beside_them_stay(void **state)
{
	static const char *const names[] = { "f.old", "f.new", "f~", "f.bak" };
	struct weir_txn *t;

	for (size_t i = 0; i < WR_COUNT(names); i++)
		assert_int_equal(wr_file_write(in_dir(names[i]), "mine", 4, 0600, false), 0);
	for (int i = 0; i < 2; i++) {
		t = step_begin(0);
		if (i)
			weir_txn_file_remove(t, in_dir("f"));
		else
			weir_txn_file_write(t, in_dir("f"), "new", 3, 0600, false);
		assert_int_equal(weir_txn_commit(t, NULL), 0);
		for (size_t k = 0; k < WR_COUNT(names); k++)
			has_content(in_dir(names[k]), "mine");
	}
}

static void replaced_files_keep_their_mode(void **state)
{
	struct weir_txn *t;

	assert_int_equal(wr_file_write(in_dir("f"), "old", 3, 0666, false), 0);
	t = step_begin(0);
	weir_txn_file_write(t, in_dir("f"), "new", 3, 0600, false);
	assert_int_equal(weir_txn_commit(t, NULL), 0);
	has_content(in_dir("f"), "new");
	assert_int_equal(mode_of(in_dir("f")), 0666);
}

/* Every kind of file step, then a failure behind them. */
static void undone_files_are_as_before(void **state)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_txn *t;

	assert_int_equal(wr_file_write(in_dir("f"), "old\0bytes", 9, 0666, false), 0);
	assert_int_equal(wr_file_write(in_dir("r"), "kept", 4, 0604, false), 0);
	t = step_begin(0);
	weir_txn_file_write(t, in_dir("f"), "new", 3, 0600, false);
	weir_txn_file_write(t, in_dir("n"), "new", 3, 0600, false);
	weir_txn_file_remove(t, in_dir("r"));
	weir_txn_file_remove(t, in_dir("never was"));
	failing = "apply z";
	step(t, "z");
	assert_int_equal(weir_txn_commit(t, &err), -EXDEV);
	has_content(in_dir("r"), "kept");
	assert_int_equal(mode_of(in_dir("r")), 0604);
	assert_int_equal(mode_of(in_dir("f")), 0666);
	assert_false(exists(in_dir("n")) || exists(in_dir("never was")));
	assert_false(exists(in_dir("f~new")) || exists(in_dir("r~old")));
	{
		wr_auto(str) struct wr_str got = { 0 };

		assert_int_equal(wr_file_read(in_dir("f"), &got), 0);
		assert_int_equal(got.len, 9);
		assert_memory_equal(got.data, "old\0bytes", 9);
	}
}

/* One that a killed process left half written or moved aside. */
static void files_that_were_being_changed(void **state)
{
	assert_int_equal(wr_file_write(in_dir("f"), "old", 3, 0600, false), 0);
	a_child_dies_in("apply a");
	assert_int_equal(wr_file_write(in_dir("f~new"), "half", 4, 0600, false), 0);
	assert_int_equal(weir_recover(step_w, NULL), 1);
	has_content(in_dir("f"), "old");
	assert_false(exists(in_dir("f~new")));
}

static void failed_file_steps_say_why(void **state)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_txn *t = step_begin(0);

	weir_txn_file_write(t, in_dir("a/f"), "x", 1, 0600, false);
	assert_int_equal(wr_file_write(in_dir("a"), "in the way", 10, 0600, false), 0);
	assert_int_equal(weir_txn_commit(t, &err), -ENOTDIR);
	assert_int_equal(err.stage, WEIR_STAGE_SYSTEM);
	assert_non_null(strstr(err.msg, "cannot be written"));
	has_content(in_dir("a"), "in the way");
}

static void bad_paths_are_refused(void **state)
{
	char too_long[PATH_MAX];
	const struct {
		const char *path;
		int code;
	} cases[] = { { "relative", -EINVAL }, { "", -EINVAL }, { too_long, -EINVAL }, { dir, -EISDIR } };

	memset(too_long, 'x', sizeof(too_long));
	too_long[0] = '/';
	too_long[PATH_MAX - 1] = '\0';
	for (size_t i = 0; i < WR_COUNT(cases); i++) {
		struct weir_txn *t = step_begin(0);

		assert_int_equal(weir_txn_file_write(t, cases[i].path, "", 0, 0600, false), cases[i].code);
		weir_txn_abort(t);
	}
}

/* --- what ends with a transaction ----------------------------------------------------- */

static void let_go(void *object)
{
	size_t n = strlen(calls);

	wr_format(calls + n, sizeof(calls) - n, "%s", (const char *)object);
}

static void things_end_with_their_transaction(void **state)
{
	static const int key = 1, other = 2;

	for (int commits = 0; commits < 2; commits++) {
		struct weir_txn *t = step_begin(commits ? 0 : WEIR_TXN_DRY);

		assert_int_equal(weir_txn_is_dry(t), !commits);
		*calls = '\0';
		assert_null(weir_txn_kept(t, &key));
		assert_int_equal(weir_txn_keep(t, &key, (void *)"a", let_go), 0);
		assert_int_equal(weir_txn_keep(t, &other, (void *)"b", let_go), 0);
		assert_string_equal(weir_txn_kept(t, &key), "a");
		assert_string_equal(weir_txn_kept(t, &other), "b");
		if (commits)
			assert_int_equal(weir_txn_commit(t, NULL), 0);
		else
			weir_txn_abort(t);
		assert_string_equal(calls, "ba");	/* the last first */
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, step_setup, step_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(steps_are_done_and_undone_in_order),
		TEST(an_undo_that_fails_is_said_and_tried_again),
		TEST(injected_faults_name_their_step),
		TEST(the_first_refusal_is_remembered),
		TEST(a_builder_elsewhere_can_refuse),
		TEST(steps_of_unknown_types_are_refused),
		TEST(parts_are_copied_and_end_in_zero),
		TEST(one_transaction_at_a_time),
		TEST(dry_transactions_are_not_committed),
		TEST(indexes_are_off_the_kernels_own),
		TEST(what_is_made_is_found),
		TEST(plan_of_nothing),
		TEST(things_end_with_their_transaction),
		TEST(plan_of_links),
		TEST(plan_of_a_shape),
		TEST(plan_of_the_rest),
		TEST(plan_of_files),
		TEST(plan_of_what_was_refused),
		TEST(journals_give_back_what_they_got),
		TEST(what_a_request_is_about_is_known_again),
		TEST(journals_of_before_are_read),
		TEST(the_phase_is_one_byte),
		TEST(cut_journals_are_damaged),
		TEST(flipped_bytes_are_damage),
		TEST(bytes_behind_the_end_are_damage),
		TEST(lies_with_a_right_sum_are_survived),
		TEST(particular_lies),
		TEST(others_wait_for_the_lock),
		TEST(the_lock_is_had_in_turn),
		TEST(handles_of_one_process_exclude_each_other),
		TEST(state_directories_that_cannot_be_used),
		TEST(what_a_dead_process_began_is_undone),
		TEST(what_a_dead_process_decided_is_finished),
		TEST(the_next_transaction_recovers_first),
		TEST(recovery_needs_the_types_of_steps),
		TEST(another_boot_has_another_kernel),
		TEST(what_is_left_of_another_boot),
		TEST(a_journal_is_a_file),
		TEST(another_namespace_is_not_touched),
		TEST(a_number_that_is_used_again),
		TEST(a_journal_that_was_being_written),
		TEST(damage_is_told_to_everybody),
		TEST(no_state_directory_no_journal),
		TEST(files_are_written_and_removed),
		TEST(files_beside_them_stay),
		TEST(replaced_files_keep_their_mode),
		TEST(undone_files_are_as_before),
		TEST(files_that_were_being_changed),
		TEST(failed_file_steps_say_why),
		TEST(bad_paths_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
