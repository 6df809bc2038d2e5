/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A plan says what the transaction does: run by a shell in a fresh namespace it
 * leads to the same state as the transaction itself in another. Compared as text
 * (everything, files and processes too) and as the JSON of ip, tc and nft.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib_scenario.h"

/* Indexes, handles and what counts or runs by itself are no part of the state. */
static const char json_state[] =
	"ip -j -d addr | jq -S 'map(del(.ifindex, .link_index, .link_netnsid, .operstate, .flags, .stats64,"
	" .promiscuity, .allmulti, .tso_max_size, .linkinfo.info_slave_data.state?,"
	" .linkinfo.info_data.hello_timer?, .linkinfo.info_data.gc_timer?,"
	" .linkinfo.info_data.tcn_timer?, .linkinfo.info_data.topology_change_timer?,"
	" .linkinfo.info_slave_data.message_age_timer?, .linkinfo.info_slave_data.hold_timer?,"
	" .linkinfo.info_slave_data.forward_delay_timer?) |"
	" .addr_info |= map(select(.scope != \"link\")) |"
	" if .linkinfo.info_kind? == \"ifb\" then del(.address) else . end |"
	" if .link_type == \"tunnel6\" or .link_type == \"gre6\" then del(.permaddr) else . end) | sort_by(.ifname)';"
	"tc -j qdisc | jq -S 'sort_by(.dev, .handle) | map(del(.options.direct_packets_stat?))';"
	"for dev in $(tc qdisc | sed -nE 's/^qdisc (htb|ingress) [^ ]+ dev ([^ ]+) .*/\\2/p' | sort -u); do"
	" tc class show dev $dev | grep -v fq_codel; tc -j filter show dev $dev ingress 2>/dev/null |"
	" jq -S 'map(del(.options.actions[]?.index, .options.actions[]?.installed,"
	"  .options.actions[]?.last_used, .options.actions[]?.stats))'; done;"
	"nft -j list ruleset | jq -S 'del(.. | .handle?)'";

static void take(char *states[2])
{
	states[0] = ns_snapshot();
	states[1] = ns_out("%s", json_state);
}

static void do_it(const struct scenario *s, char *states[2])
{
	struct weir *w;
	struct weir_txn *t;

	w = scenario_ready(s);
	t = ns_begin(w);
	s->build(t);
	ns_commit(t);
	take(states);
	weir_close(w);
	ns_teardown(NULL);
}

static void run_plan(const char *plan)
{
	FILE *f = fopen("/run/plan.sh", "we");

	assert_non_null(f);
	fputs(plan, f);
	fclose(f);
	ns_sh("sh -eu /run/plan.sh && rm /run/plan.sh");
}

static void plan_it(const struct scenario *s, char *states[2])
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir *w;
	struct weir_txn *t;
	char *plan, *before;

	w = scenario_ready(s);
	before = ns_snapshot();
	assert_int_equal(weir_txn_begin(w, "plan", WEIR_TXN_DRY, &t, &err), 0);
	s->build(t);
	assert_int_equal(weir_txn_plan(t, &plan, &err), 0);
	assert_int_equal(weir_txn_commit(t, NULL), -EINVAL);
	ns_assert_same(before, "planning");
	run_plan(plan);
	take(states);
	free(before);
	free(plan);
	weir_close(w);
	ns_teardown(NULL);
}

static void compare(const struct scenario *s, char *done[2], char *planned[2])
{
	for (int i = 0; i < 2; i++) {
		if (strcmp(done[i], planned[i]))
			fprintf(stderr, "%s: its plan (>) leads to another state than doing it (<)\n",
				s->name);
		ns_show_difference(done[i], planned[i]);
		assert_string_equal(done[i], planned[i]);
		free(done[i]);
		free(planned[i]);
	}
}

static void plan_is_what_happens(void **state)
{
	const struct scenario *s = *state;
	char *done[2], *planned[2];

	do_it(s, done);
	plan_it(s, planned);
	compare(s, done, planned);
}

int main(void)
{
	struct CMUnitTest tests[64] = { { 0 } };
	size_t n = scenario_tests(tests, plan_is_what_happens, true, 0);

	/* Where the filter is a program, the plan has only words for it. */
	if (system("unshare -n tc actions add action skbedit priority 1 2>/dev/null"))
		ns_shape_method = WEIR_SHAPE_IFB;
	return _cmocka_run_group_tests("plans", tests, n, NULL, NULL);
}
