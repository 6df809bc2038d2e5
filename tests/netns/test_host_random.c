/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Random topologies of host interfaces over six cards: brought up, they are read
 * back equal and a second time nothing is to be done; another random topology on
 * top of them likewise; and a third one, held and undone, leaves everything as it
 * was. Bonds and vlans take part where the kernel has them.
 *
 * WEIR_TEST_SEED=N gives others than the usual ones.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <weir/json.h>

#include "base/str.h"
#include "lib_host.h"
#include "tests/common/own_ns.h"

#define N_CARDS 6
#define ROUNDS 60

static bool has_bond, has_vlan;

/* --- numbers -------------------------------------------------------------------------------- */

static uint64_t seed;

static unsigned int below(unsigned int n)
{
	uint64_t z = seed += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return (unsigned int)((z ^ (z >> 31)) % n);
}

/* --- a topology --------------------------------------------------------------------------------- */

struct topology {
	struct weir_group *groups[8];
	size_t n;
	bool used[N_CARDS];	/* a card has one place only */
};

/* A card that is free, or -1. */
static int draw_card(struct topology *t)
{
	int card = (int)below(N_CARDS);

	for (int i = 0; i < N_CARDS; i++, card = (card + 1) % N_CARDS)
		if (!t->used[card]) {
			t->used[card] = true;
			return card;
		}
	return -1;
}

static void put_card(struct topology *t, struct wr_str *out, const char *before)
{
	int card = draw_card(t);

	if (card >= 0)
		wr_str_printf(out, "%s{'type':'ethernet','name':'a%d'}", before, card);
}

static void put_bond(struct topology *t, unsigned int number, struct wr_str *out)
{
	static const char *const modes[] = { "balance-rr", "active-backup", "balance-xor", "broadcast", "802.3ad",
					     "balance-tlb", "balance-alb" };
	unsigned int mode = below(7);

	wr_str_printf(out, "'type':'bond','name':'bond%u','bond':{'mode':'%s'", number, modes[mode]);
	if (mode < 4 && below(3) == 0)
		wr_str_puts(out, ",'arpmon':{'interval':100,'target':'10.9.9.9'}");
	else if (below(4))
		wr_str_printf(out, ",'miimon':{'freq':%u,'updelay':%u}", 50 + 50 * below(3), below(400));
	wr_str_puts(out, "},'ports':[");
	put_card(t, out, "");
	for (unsigned int i = below(3); i; i--)
		put_card(t, out, ",");
	wr_str_putc(out, ']');
}

static bool any_free(const struct topology *t)
{
	for (int i = 0; i < N_CARDS; i++)
		if (!t->used[i])
			return true;
	return false;
}

static void put_bridge(struct topology *t, unsigned int number, struct wr_str *out)
{
	wr_str_printf(out, "'type':'bridge','name':'br%u'", number);
	if (below(2))
		wr_str_printf(out, ",'bridge':{'stp':%s,'delay':'%u'}", below(2) ? "true" : "false", 2 + below(20));
	wr_str_puts(out, ",'ports':[");
	if (has_bond && any_free(t) && below(3) == 0) {
		wr_str_putc(out, '{');
		put_bond(t, 10 + number, out);
		wr_str_putc(out, '}');
	} else {
		put_card(t, out, "");
	}
	if (has_vlan && below(3) == 0 && out->data[out->len - 1] != '[')
		wr_str_printf(out, ",{'type':'vlan','vlan':{'tag':%u,'base':'a%u'}}", 100 + number, below(N_CARDS));
	for (unsigned int i = below(3); i && out->data[out->len - 1] != '['; i--)
		put_card(t, out, ",");
	wr_str_putc(out, ']');
}

static void put_addresses(unsigned int number, struct wr_str *out)
{
	unsigned int subnet = 10 * number + below(2), host = 1 + below(3);

	if (below(4) == 0)
		return;
	wr_str_printf(out, ",'protocols':[{'family':'ipv4','addresses':[{'address':'10.%u.0.%u','prefix':24}", subnet, host);
	if (below(2))
		wr_str_printf(out, ",{'address':'10.%u.0.%u','prefix':24}", subnet, host + 10);
	wr_str_puts(out, "]");
	if (below(2))
		wr_str_printf(out, ",'routes':[{'destination':'10.2%02u.0.0','prefix':16,'gateway':'10.%u.0.99'}]", number,
			      subnet);
	wr_str_puts(out, "}");
	if (below(2))
		wr_str_printf(out, ",{'family':'ipv6','addresses':[{'address':'fd00:%u::%u','prefix':64}],'routes':"
			      "[{'destination':'fd99:%u::','prefix':48,'gateway':'fd00:%u::99'}]}", number, host, number,
			      number);
	wr_str_puts(out, "]");
}

static void add_group(struct topology *t, struct wr_str *out)
{
	t->groups[t->n++] = ns_group(wr_str_text(out));
	wr_str_done(out);
}

static void draw_topology(struct topology *t)
{
	struct wr_str out = { 0 };

	*t = (struct topology){ .n = 0 };
	for (unsigned int i = 0; i < 6; i++) {
		unsigned int what = below(5);

		if (!any_free(t) || what == 4 || (what == 1 && !has_bond) || (what == 2 && !has_vlan))
			continue;
		wr_str_puts(&out, "{");
		if (what == 0)
			put_bridge(t, i, &out);
		else if (what == 1)
			put_bond(t, i, &out);
		else if (what == 2)
			wr_str_printf(&out, "'type':'vlan','vlan':{'tag':%u,'base':'a%u'}", i, below(N_CARDS));
		else
			wr_str_printf(&out, "'type':'ethernet','name':'a%d'", draw_card(t));
		put_addresses(i, &out);
		wr_str_puts(&out, "}");
		add_group(t, &out);
	}
}

static void free_topology(struct topology *t)
{
	for (size_t i = 0; i < t->n; i++)
		weir_group_free(t->groups[i]);
}

static void show_topology(const struct topology *t)
{
	for (size_t i = 0; i < t->n; i++) {
		char *json = NULL;

		assert_int_equal(weir_group_json(t->groups[i], &json), 0);
		print_message("%s", json);
		free(json);
	}
}

/* --- what must hold --------------------------------------------------------------------------------- */

static bool names(const struct topology *t, const char *name)
{
	char own[16];

	for (size_t i = 0; i < t->n; i++)
		if (!strcmp(weir_group_name(t->groups[i], own), name))
			return true;
	return false;
}

/* The topology as the only thing that is up: everything else goes down. */
static void build(struct weir_txn *txn, const struct topology *t)
{
	struct weir_group_entry *list = NULL;
	const char *down[64];
	size_t n = 0, n_down = 0;

	assert_int_equal(weir_group_list(host_w, &list, &n, NULL), 0);
	for (size_t i = 0; i < n; i++)
		if (list[i].is_up && !names(t, list[i].name))
			down[n_down++] = list[i].name;
	weir_txn_groups_change(txn, (const struct weir_group *const *)t->groups, t->n, down, n_down,
			       WEIR_EFFECT_ADDRESS_LOSS);
	free(list);
}

static void assert_settled(const struct topology *t, const char *what)
{
	struct weir_plan_step *steps = NULL;
	size_t n = 0;

	assert_int_equal(weir_groups_plan(host_w, (const struct weir_group *const *)t->groups, t->n, &steps, &n, NULL), 0);
	for (size_t i = 0; i < n; i++)
		print_message("%s: %s: %s\n", what, steps[i].object, steps[i].what);
	if (n)
		show_topology(t);
	assert_int_equal(n, 0);
	free(steps);
}

static void apply(const struct topology *t, const char *what)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_txn *txn = ns_begin(host_w);
	char line[1024];

	build(txn, t);
	if (weir_txn_commit(txn, &err)) {
		show_topology(t);
		fail_msg("%s: %s", what, weir_error_format(&err, line, sizeof(line)));
	}
	assert_settled(t, what);
}

static bool has_bonds(const struct weir_group *g)
{
	bool any = g->type == WEIR_GROUP_BOND;

	for (size_t i = 0; i < g->n_ports; i++)
		any |= has_bonds(&g->ports[i]);
	return any;
}

static bool any_bonds(const struct topology *t)
{
	bool any = false;

	for (size_t i = 0; i < t->n; i++)
		any |= has_bonds(t->groups[i]);
	return any;
}

/* A bridge numbers ports as they come: two that came back in another order have swapped their numbers. */
static char *numberless_snapshot(void)
{
	char *all = ns_snapshot(), *text;
	FILE *f = fopen("/run/snapshot", "w");

	assert_non_null(f);
	fputs(all, f);
	assert_int_equal(fclose(f), 0);
	text = ns_out("sed -E 's/ (port_id|port_no|designated_port) [0-9a-fx]+//g' /run/snapshot");
	free(all);
	return text;
}

static void assert_as(const char *before, const struct topology *t)
{
	char *now = NULL;

	/* What the kernel does later by itself gets time. */
	for (int i = 0; i < 150; i++) {
		free(now);
		now = numberless_snapshot();
		if (!strcmp(before, now))
			break;
		ns_sh("sleep 0.2");
	}
	if (strcmp(before, now) != 0) {
		show_topology(t);
		ns_show_difference(before, now);
		fail_msg("an undo has left something else");
	}
	free(now);
}

/*
 * Held: everything is done but for what could not be undone. Whose MAC address a bond
 * has, and which port it uses, follows from the order in which ports came back and
 * from what runs by itself: with bonds, all must be as it was defined.
 */
static void hold_and_undo(const struct topology *t, const struct topology *was)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_txn *txn = ns_begin(host_w);
	char *before = any_bonds(was) ? NULL : numberless_snapshot(), line[1024];

	build(txn, t);
	if (weir_txn_hold(txn, &err)) {
		show_topology(t);
		fail_msg("hold: %s", weir_error_format(&err, line, sizeof(line)));
	}
	if (weir_txn_undo(txn, &err)) {
		show_topology(t);
		fail_msg("undo: %s", weir_error_format(&err, line, sizeof(line)));
	}
	assert_settled(was, "undone");
	if (before)
		assert_as(before, t);
	free(before);
}

static void random_topologies(void **state)
{
	const char *given = getenv("WEIR_TEST_SEED"), *share = getenv("WEIR_TEST_SHARE");
	uint64_t first = given ? strtoull(given, NULL, 0) : 20261126;
	unsigned int rounds = given ? 1 : ROUNDS / ns_stride() + 2;

	has_bond = own_try("ip link add need0 type bond && ip link del need0");
	has_vlan = own_try("ip link add link a0 name need0 type vlan id 5 && ip link del need0");
	/* The lab's emulated machines are the only ones that have all kinds, and slow: few for each, and not the same. */
	if (has_vlan && !given) {
		rounds = ROUNDS / 6;
		first += share ? rounds * strtoul(share, NULL, 10) : 0;
	}
	print_message("seeds from WEIR_TEST_SEED=%" PRIu64 "%s%s\n", first, has_bond ? ", with bonds" : "",
		      has_vlan ? ", with vlans" : "");
	for (unsigned int i = 0; i < rounds; i++) {
		struct topology one, two, three;

		seed = first + i;
		draw_topology(&one);
		draw_topology(&two);
		draw_topology(&three);
		if (i)
			host_setup(NULL);
		print_message("WEIR_TEST_SEED=%" PRIu64 "\n", first + i);
		apply(&one, "one");
		apply(&two, "another on top");
		hold_and_undo(&three, &two);
		free_topology(&one);
		free_topology(&two);
		free_topology(&three);
		if (i + 1 < rounds)
			host_teardown(NULL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(random_topologies, host_setup, host_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
