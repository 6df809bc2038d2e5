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

static size_t count_faults(const struct weir_txn *t)
{
	return t->n_steps + (t->n_deleted > 1) + (t->n_deleted > 0);
}

/* One failure; returns false when @step is behind the transaction's last. */
static bool fail_once(struct weir *w, const struct scenario *s, enum wr_fault fault, uint32_t step,
		      const char *before)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_txn *t = ns_begin(w);
	char what[512];
	int r;

	s->build(t);
	assert_int_equal(weir_txn_error(t, &err), 0);
	if (step >= count_faults(t)) {
		weir_txn_abort(t);
		return false;
	}
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
	return true;
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
	uint32_t n = 0;

	ns_setup(NULL);
	scenario_need(s);
	w = ns_open();
	s->prepare(w);
	before = ns_snapshot();
	for (int fault = WR_FAULT_SKIP; fault <= WR_FAULT_KERNEL; fault++)
		for (n = 0; fail_once(w, s, fault, n, before); n += ns_stride())
			;
	carry_out(w, s);
	assert_false(ns_is_same(before));
	print_message("%s: failed at every %u. of %u steps, twice each\n", s->name, ns_stride(), n);
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
