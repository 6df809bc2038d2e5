/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The rules of lib/nat: they are what they were after every undo and removal, also
 * beside those of others and after what was done to ours by hand; by messages they
 * are what they are by scripts, and by a plan.
 */
#include <linux/netlink.h>
#include <stdio.h>
#include <sys/socket.h>

#include "lib_packet.h"

/* --- the ruleset before and after ---------------------------------------------------------- */

static void check_add_and_del(struct weir *w, const struct weir_nat *nat)
{
	char *before = ruleset(HOST), *with;
	struct weir_txn *t = nat_begin(w, 0);

	assert_int_equal(weir_txn_nat_add(t, nat), 0);
	nat_roll_back(t);
	assert_ruleset(strdup(before));

	t = nat_begin(w, 0);
	assert_int_equal(weir_txn_nat_add(t, nat), 0);
	nat_commit(t);
	with = ruleset(HOST);
	if (nat->mode != WEIR_FORWARD_OPEN)
		assert_string_not_equal(with, before);

	t = nat_begin(w, 0);
	assert_int_equal(weir_txn_nat_del(t, nat), 0);
	nat_roll_back(t);
	assert_ruleset(with);

	t = nat_begin(w, 0);
	assert_int_equal(weir_txn_nat_del(t, nat), 0);
	nat_commit(t);
	assert_ruleset(before);
}

static void test_undo(void **state)
{
	struct weir *w = nat_open(NULL, NULL);
	struct weir_nat others[] = { net_b(WEIR_FORWARD_NAT), with_range(net_b(WEIR_FORWARD_NAT)) };
	struct weir_nat nats[9];
	size_t n = all_sorts(nats);

	for (size_t i = 0; i < n; i++)
		check_add_and_del(w, &nats[i]);
	assert_no_rules(HOST);
	for (size_t k = 0; k < WR_COUNT(others); k++) {
		nat_add(&others[k]);
		for (size_t i = 0; i < n; i++)
			check_add_and_del(w, &nats[i]);
		nat_del(&others[k]);
	}
	assert_no_rules(HOST);
	weir_close(w);
}

/* Tables of other people are never touched, not even when ours goes. */
static void test_foreign_tables(void **state)
{
	struct weir *w = nat_open(NULL, NULL);
	struct weir_nat a = net_a(WEIR_FORWARD_NAT);

	sh_in(HOST, "nft 'table inet weirdo { chain p_1 { accept; }; }; "
		    "table ip weir { set same { type ifname; }; }'");
	check_add_and_del(w, &a);
	weir_close(w);
}

/* Somebody flushed the ruleset, or a part of it: removing is no error, and undone exactly. */
static void test_removed_by_hand(void **state)
{
	struct weir *w = nat_open(NULL, NULL);
	struct weir_nat a = net_a(WEIR_FORWARD_NAT), b = net_b(WEIR_FORWARD_NAT);
	struct weir_txn *t = nat_begin(w, 0);
	char *before = ruleset(HOST);

	assert_int_equal(weir_txn_nat_del(t, &a), 0);
	nat_roll_back(t);
	assert_ruleset(strdup(before));
	nat_del(&a);
	assert_ruleset(before);

	nat_add(&a);
	nat_add(&b);
	sh_in(HOST, "nft delete element inet weir net4_24 '{ \"brA\" . 10.1.0.0 }'");
	before = ruleset(HOST);
	t = nat_begin(w, 0);
	assert_int_equal(weir_txn_nat_del(t, &a), 0);
	nat_roll_back(t);
	assert_ruleset(before);
	nat_del(&a);
	nat_del(&b);
	assert_no_rules(HOST);
	weir_close(w);
}

static void change_on(struct weir *w, const struct weir_nat *nat, bool remove)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_txn *t = nat_begin(w, 0);

	assert_int_equal(remove ? weir_txn_nat_del(t, nat) : weir_txn_nat_add(t, nat), 0);
	if (weir_txn_commit(t, &err))
		fail_msg("%s", err.msg);
}

/*
 * A handle keeps what it knows of the table. What others do to it meanwhile, by
 * hand or by another handle, is noticed all the same.
 */
static void test_table_is_kept(void **state)
{
	struct weir *w = nat_open(NULL, NULL);
	struct weir_nat a = net_a(WEIR_FORWARD_NAT), b = net_b(WEIR_FORWARD_NAT);
	char *none = ruleset(HOST), *only_a, *both;

	change_on(w, &a, false);
	only_a = ruleset(HOST);
	change_on(w, &b, false);
	both = ruleset(HOST);
	change_on(w, &b, true);
	assert_ruleset(strdup(only_a));
	change_on(w, &b, false);
	assert_ruleset(strdup(both));

	sh_in(HOST, "nft delete element inet weir net4_24 '{ \"brA\" . 10.1.0.0 }'");
	change_on(w, &a, false);
	assert_ruleset(strdup(both));
	nat_del(&b);
	change_on(w, &b, true);
	assert_ruleset(strdup(only_a));
	sh_in(HOST, "nft delete table inet weir");
	change_on(w, &b, false);
	change_on(w, &a, false);
	assert_ruleset(both);
	change_on(w, &a, true);
	change_on(w, &b, true);
	assert_ruleset(none);
	free(only_a);
	weir_close(w);
}

/* Both networks in one transaction; and a network exchanged for another on the same bridge. */
static void test_several_steps(void **state)
{
	struct weir *w = nat_open(NULL, NULL);
	struct weir_nat a = net_a(WEIR_FORWARD_NAT), b = with_range(net_b(WEIR_FORWARD_NAT));
	struct weir_nat other = net_a(WEIR_FORWARD_ISOLATED);
	struct weir_txn *t = nat_begin(w, 0);

	weir_txn_nat_add(t, &a);
	weir_txn_nat_add(t, &b);
	nat_roll_back(t);
	assert_no_rules(HOST);
	t = nat_begin(w, 0);
	weir_txn_nat_add(t, &a);
	weir_txn_nat_add(t, &b);
	nat_commit(t);

	for (int again = 0; again < 2; again++) {
		char *before = ruleset(HOST);

		t = nat_begin(w, 0);
		weir_txn_nat_del(t, again ? &other : &a);
		weir_txn_nat_add(t, again ? &a : &other);
		nat_roll_back(t);
		assert_ruleset(before);
		t = nat_begin(w, 0);
		weir_txn_nat_del(t, again ? &other : &a);
		weir_txn_nat_add(t, again ? &a : &other);
		nat_commit(t);
	}
	expect(A1, OUT1, false, REACHED, "198.51.100.1");

	t = nat_begin(w, 0);
	weir_txn_nat_del(t, &a);
	weir_txn_nat_del(t, &b);
	nat_commit(t);
	assert_no_rules(HOST);
	weir_close(w);
}

/* What a lost network left under the bridge's name gives way to the new one. */
static void test_left_over_is_replaced(void **state)
{
	struct weir_nat old = with_range(net_a(WEIR_FORWARD_NAT)), a = net_a(WEIR_FORWARD_ROUTE);
	char *want;

	nat_add(&a);
	want = ruleset(HOST);
	nat_del(&a);
	nat_add(&old);
	nat_add(&a);
	assert_ruleset(want);
	nat_del(&a);
	assert_no_rules(HOST);
}

/* --- elements as messages ------------------------------------------------------------------- */

static int send_script(const struct wr_nat_rules *rules, const char *script, uint32_t generation)
{
	wr_auto(fd) int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	wr_auto(str) struct wr_str messages = { 0 };

	assert_true(fd >= 0);
	if (!wr_nat_messages(rules, script, generation, &messages))
		return -EINVAL;
	return wr_nat_send(fd, &messages);
}

static size_t count_lines(const char *list, const char *other)
{
	const char *line;
	size_t n = 0, len;

	while ((line = wr_nat_next_line(&list, &len))) {
		char text[256];

		wr_format(text, sizeof(text), "%.*s\n", (int)len, line);
		if (!strstr(other, text))
			fail_msg("%s is not in %s", text, other);
		n++;
	}
	return n;
}

static bool dump(const struct wr_nat_rules *rules, struct wr_nat_table *ret)
{
	wr_auto(fd) int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	char byte;
	bool r = wr_nat_dump(fd, rules, ret);

	assert_int_equal(recv(fd, &byte, 1, MSG_DONTWAIT), -1);	/* no answer is left for the next question */
	return r;
}

/* What questions of our own read is what a listing says. */
static void assert_dump(const struct wr_nat_rules *rules)
{
	wr_auto(nat_table) struct wr_nat_table dumped = { 0 }, listed = { 0 };
	wr_auto(str) struct wr_str text = { 0 };
	char command[64];
	FILE *f;

	wr_format(command, sizeof(command), "nft list table %s", rules->table);
	f = popen(command, "r");
	assert_non_null(f);
	for (int c; (c = fgetc(f)) != EOF;)
		wr_str_putc(&text, (char)c);
	assert_int_equal(pclose(f), 0);
	wr_nat_table_read(&listed, rules, text.data);
	assert_true(dump(rules, &dumped));
	assert_true(dumped.is_there && dumped.is_old == listed.is_old);
	assert_int_equal(count_lines(wr_str_text(&dumped.others), wr_str_text(&listed.others)),
			 count_lines(wr_str_text(&listed.others), wr_str_text(&dumped.others)));
	assert_int_equal(count_lines(wr_str_text(&dumped.chains), wr_str_text(&listed.chains)),
			 count_lines(wr_str_text(&listed.chains), wr_str_text(&dumped.chains)));
}

/* What somebody added is left to a listing. What hundreds of networks are comes in several messages. */
static void test_dump(void **state)
{
	static const char *const odd[] = {
		"add element inet weir routed { \"x\" comment \"mine\" }", "add element inet weir net4 { \"x\" . 10.0.0.1-10.0.0.9 }",
		"add element inet weir routed { \"x y\" }", "add set inet weir mine { type ifname; }",
	};
	struct weir_nat a = net_a(WEIR_FORWARD_NAT);
	wr_auto(nat_table) struct wr_nat_table none = { 0 };

	assert_true(dump(&wr_nat_rules, &none) && !none.is_there);
	for (size_t i = 0; i < WR_COUNT(odd); i++) {
		wr_auto(nat_table) struct wr_nat_table t = { 0 };

		nat_add(&a);
		sh_in(HOST, "nft '%s'", odd[i]);
		assert_false(dump(&wr_nat_rules, &t));
		sh_in(HOST, "nft delete table inet weir");
	}
	nat_add(&a);
	sh_in(HOST, "{ for i in $(seq 700); do echo add element inet weir same { vb$i . vb$((i+1)) }; "
		    "echo add element inet weir in6 { vb$i . fd00:$i::/$((i%%127+1)) }; done; } | nft -f -; "
		    "nft 'table inet weirdo { set weird { type ifname; }; chain p_7 { }; }'; nft 'table ip weir { chain p_8 { }; }'");
	assert_dump(&wr_nat_rules);
	sh_in(HOST, "nft flush ruleset");
}

/* All or nothing; and nothing for a ruleset that is another. */
static void check_refusals(const struct wr_nat_rules *rules, const char *add, const char *del)
{
	static const char *const bad[] = { "none { \"x\" }", "same { \"x\" }" };
	char *before = ruleset(HOST);

	assert_int_equal(send_script(rules, add, 1), -ERESTART);
	for (size_t i = 0; i < 2 * WR_COUNT(bad); i++) {
		wr_auto(str) struct wr_str script = { 0 };

		wr_str_printf(&script, "%s%s element %s %s\n", add, i % 2 ? "add" : "delete", rules->table, bad[i / 2]);
		assert_true(send_script(rules, script.data, 0) < 0);
	}
	assert_int_equal(send_script(rules, del, 0), -ENOENT);
	assert_int_equal(send_script(rules, "", 0), -EINVAL);
	assert_ruleset(before);
}

/* Adds and deletes what scripts of libnftables' do, in a table that has the chains and elements of others. */
static void check_messages(const struct wr_nat_rules *rules, const char *others, const char *bridge, const char *list)
{
	const struct wr_nat_table nothing = { 0 };
	wr_auto(nat_table) struct wr_nat_table table = { 0 };
	wr_auto(str) struct wr_str make = { 0 }, add = { 0 }, del = { 0 };
	wr_auto(nft) struct wr_nft *nft = NULL;
	char *before, *with;

	assert_int_equal(wr_nft_open(&nft, NULL), 0);
	wr_nat_script(rules, &nothing, others, &make);
	assert_int_equal(wr_nft_run(nft, make.data, NULL), 0);
	before = ruleset(HOST);
	wr_nat_table_become(&table, others);
	wr_nat_table_turn(&table, bridge);
	wr_nat_script(rules, &table, list, &add);
	wr_nat_table_become(&table, list);
	wr_nat_script(rules, &table, "", &del);
	assert_int_equal(wr_nft_run(nft, add.data, NULL), 0);
	with = ruleset(HOST);
	sh_in(HOST, "nft delete table %s", rules->table);
	assert_int_equal(wr_nft_run(nft, make.data, NULL), 0);
	if (strstr(list, "uplink") || rules == &wr_guard_rules)	/* one of each table is enough */
		check_refusals(rules, add.data, del.data);
	assert_int_equal(send_script(rules, add.data, 0), 0);
	assert_ruleset(with);
	assert_dump(rules);
	assert_int_equal(send_script(rules, del.data, 0), 0);
	assert_ruleset(before);
	sh_in(HOST, "nft delete table %s", rules->table);
}

static void test_messages_are_what_scripts_are(void **state)
{
	struct weir_nat b = with_range(net_b(WEIR_FORWARD_NAT)), nats[9];
	const struct weir_guard guard = {
		.sz = sizeof(guard), .port = "vnet0", .mac = { 0x52, 0x54, 0, 1, 0xab, 0 }, .hold_addresses = true,
		.addresses = (struct weir_ip[]){ { WEIR_FAMILY_IPV4, { 10, 1, 0, 2 } },
						 { WEIR_FAMILY_IPV6, { 0x0d, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 } } },
		.n_addresses = 2,
	};
	wr_auto(str) struct wr_str others = { 0 }, guards = { 0 };
	size_t n = all_sorts(nats);

	assert_int_equal(wr_nat_elements(&b, &others, NULL), 0);
	wr_str_puts(&others, "nat4 \"brC\" : goto p_1024-65535\n");
	for (size_t i = 0; i < n; i++) {
		wr_auto(str) struct wr_str list = { 0 };

		assert_int_equal(wr_nat_elements(&nats[i], &list, NULL), 0);
		if (list.len)
			check_messages(&wr_nat_rules, others.data, nats[i].bridge, list.data);
	}
	assert_int_equal(wr_guard_elements(&guard, &guards, NULL), 0);
	check_messages(&wr_guard_rules, "ports \"vnet1\" : jump hold_mac\n", guard.port, guards.data);
}

/* What needs no libnftables, and what does: then nothing was changed. */
static void test_sent_or_left(void **state)
{
	struct weir_nat a = net_a(WEIR_FORWARD_NAT), b = with_range(net_b(WEIR_FORWARD_NAT)), odd = with_odd_subnets(a);
	wr_auto(str) struct wr_str list = { 0 }, with_odd = { 0 }, has = { 0 };
	wr_auto(nft) struct wr_nft *nft = NULL;
	char *both, *only_b;

	assert_int_equal(wr_nat_elements(&a, &list, NULL), 0);
	assert_int_equal(wr_nat_elements(&odd, &with_odd, NULL), 0);
	nat_add(&b);
	only_b = ruleset(HOST);
	nat_add(&a);
	both = ruleset(HOST);
	assert_int_equal(wr_nft_open(&nft, NULL), 0);
	assert_false(wr_nft_send(nft, &wr_nat_rules, "brA", ""));	/* nothing is known yet */
	assert_int_equal(wr_nft_read(nft, &wr_nat_rules, "brA", &has, NULL), 0);
	assert_int_equal(has.len, list.len);
	assert_false(wr_nft_send(nft, &wr_nat_rules, "brA", list.data));	/* nothing to do */
	assert_true(wr_nft_send(nft, &wr_nat_rules, "brA", with_odd.data));
	assert_true(wr_nft_send(nft, &wr_nat_rules, "brA", ""));
	assert_ruleset(strdup(only_b));
	assert_true(wr_nft_send(nft, &wr_nat_rules, "brA", list.data));
	assert_false(wr_nft_send(nft, &wr_nat_rules, "brB", ""));	/* a chain would go */
	assert_ruleset(strdup(both));
	nat_del(&b);
	assert_false(wr_nft_send(nft, &wr_nat_rules, "brA", ""));	/* others have changed it */
	assert_int_equal(wr_nft_check(nft, NULL), 0);
	assert_int_equal(wr_nft_read(nft, &wr_nat_rules, "brA", &has, NULL), 0);
	assert_false(wr_nft_send(nft, &wr_nat_rules, "brA", ""));	/* the table would go */
	assert_false(wr_nft_send(nft, &wr_nat_rules, "brA", "nat4 \"brA\" : goto p_7\n"));	/* a chain is missing */
	nat_add(&b);
	assert_ruleset(both);
	nat_del(&a);
	assert_ruleset(only_b);
	nat_del(&b);
}

/* --- plans ------------------------------------------------------------------------------------ */

static void run_plan(const struct weir_nat *nats, size_t n, bool remove)
{
	struct weir *w = nat_open(NULL, NULL);
	struct weir_txn *t = nat_begin(w, WEIR_TXN_DRY);
	char *before = ruleset(HOST), *plan;
	FILE *shell;

	for (size_t i = 0; i < n; i++)
		assert_int_equal((remove ? weir_txn_nat_del : weir_txn_nat_add)(t, &nats[i]), 0);
	assert_int_equal(weir_txn_plan(t, &plan, NULL), 0);
	weir_txn_abort(t);
	weir_close(w);
	assert_ruleset(before);
	shell = popen("sh -e", "w");
	assert_non_null(shell);
	fputs(plan, shell);
	assert_int_equal(pclose(shell), 0);
	free(plan);
}

static void test_plan(void **state)
{
	struct weir_nat nats[9];
	size_t n = all_sorts(nats);

	nats[n++] = net_b(WEIR_FORWARD_NAT);
	for (size_t i = 0; i + 1 < n; i++) {
		struct weir_nat both[] = { nats[i], nats[n - 1] };
		char *with;

		nat_add(&both[0]);
		nat_add(&both[1]);
		with = ruleset(HOST);
		nat_del(&both[0]);
		nat_del(&both[1]);
		run_plan(both, 2, false);
		assert_ruleset(with);

		nat_del(&both[0]);
		with = ruleset(HOST);
		run_plan(both, 1, false);
		run_plan(both, 1, true);
		assert_ruleset(with);
		run_plan(&both[1], 1, true);
		assert_no_rules(HOST);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		nat_test(test_undo),
		nat_test(test_foreign_tables),
		nat_test(test_removed_by_hand),
		nat_test(test_table_is_kept),
		nat_test(test_several_steps),
		nat_test(test_left_over_is_replaced),
		nat_test(test_messages_are_what_scripts_are),
		nat_test(test_dump),
		nat_test(test_sent_or_left),
		nat_test(test_plan),
	};

	return nat_run("rules of nat", tests, WR_COUNT(tests));
}
