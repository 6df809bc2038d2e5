/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Every step of every transaction fails once, in two ways: as if it had failed
 * before anything was done, and by the kernel's own refusal while the rest of the
 * batch goes on. Afterwards everything is as it was before. In the end the
 * transaction is carried out, so that the failures were not for other reasons.
 */
#include <stdio.h>
#include <stdlib.h>

#include "lib_scenario.h"
#include "txn/txn.h"

/* How many there can be: one for each step, and two for the links that are deleted. */
static uint32_t count_faults(struct weir *w, const struct scenario *s)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_txn *t = ns_begin(w);
	size_t n;

	s->build(t);
	assert_int_equal(weir_txn_error(t, &err), 0);
	n = t->n_steps + (t->n_deleted > 1) + (t->n_deleted > 0);
	weir_txn_abort(t);
	return (uint32_t)n;
}

static void fail_once(struct weir *w, const struct scenario *s, enum wr_fault fault, uint32_t step,
		      const char *before)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_txn *t = ns_begin(w);
	char what[512];
	int r;

	s->build(t);
	w->fault = fault;
	w->fault_step = step;
	r = weir_txn_commit(t, &err);
	w->fault = WR_FAULT_NONE;
	snprintf(what, sizeof(what), "%s: %s at step %u (%.60s: %.300s)", s->name,
		 fault == WR_FAULT_SKIP ? "fault" : "refusal", step, err.object, err.msg);
	if (r >= 0 || err.code != r)
		fprintf(stderr, "%s: returned %d\n", what, r);
	assert_true(r < 0);
	assert_int_equal(err.code, r);
	ns_assert_same(before, what);
}

/*
 * Where not every step has its turn, the first is refused, with all the others behind
 * it in its batch, and the last does not happen, with everything to be taken back.
 * Bonds' steps are all refused: most machines outside of the lab have none.
 */
static void fail_at_steps(struct weir *w, const struct scenario *s, const char *before)
{
	uint32_t n = count_faults(w, s), skip_by = scenario_stride(s);
	uint32_t refuse_by = s->has_bonds ? 1 : skip_by;

	assert_true(n > 0);
	for (uint32_t i = (n - 1) % skip_by; i < n; i += skip_by)
		fail_once(w, s, WR_FAULT_SKIP, i, before);
	for (uint32_t i = 0; i < n; i += refuse_by)
		fail_once(w, s, WR_FAULT_KERNEL, i, before);
	print_message("%s: of %u steps every %u. fails, and every %u. is refused\n", s->name, n, skip_by, refuse_by);
}

static void carry_out(struct weir *w, const struct scenario *s)
{
	struct weir_txn *t = ns_begin(w);

	s->build(t);
	ns_commit(t);
}

static void fail_at_every_step(void **state)
{
	const struct scenario *s = *state;
	struct weir *w;
	char *before;

	w = scenario_ready(s);
	before = ns_snapshot();
	fail_at_steps(w, s, before);
	carry_out(w, s);
	assert_false(ns_is_same(before));
	weir_close(w);
	free(before);
	ns_teardown(NULL);
}

int main(void)
{
	struct CMUnitTest tests[64] = { { 0 } };
	size_t n = scenario_tests(tests, fail_at_every_step, false, 0);

	return _cmocka_run_group_tests("every-step failure", tests, n, NULL, NULL);
}
