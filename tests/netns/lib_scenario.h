/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The transactions that are made to fail at every step, killed at every system
 * call, and compared with their plans.
 */
#ifndef TESTS_NETNS_LIB_SCENARIO_H
#define TESTS_NETNS_LIB_SCENARIO_H

#include "lib_ns.h"

struct scenario {
	const char *name;
	/* Makes the state that the transaction starts from. */
	void (*prepare)(struct weir *w);
	/* Puts the transaction together. */
	void (*build)(struct weir_txn *t);
	const char *needs;	/* a kind of link that not every kernel has, or "Open vSwitch"; NULL: nothing */
	bool has_plan;		/* its plan leads to the same state in a fresh namespace */
	bool has_bonds;		/* where the kernel has them; most outside of the lab have not */
};

/*
 * A handle in a namespace in which the scenario's transaction can be carried out. Ends the test as skipped where the
 * kernel lacks what it needs.
 */
struct weir *scenario_ready(const struct scenario *s);

/* From one moment at which it is made to fail, or killed, to the next: WEIR_TEST_STRIDE, and ten times finer with bonds. */
unsigned int scenario_stride(const struct scenario *s);

extern const struct scenario scenarios[];
extern const size_t n_scenarios;

/* It needs what few kernels have, or takes the stride that such ones do. */
bool scenario_is_special(const struct scenario *s);

/*
 * A test for each scenario, or for those that have a plan; returns how many. WEIR_TEST_ONLY is a part of their names. With
 * WEIR_TEST_SHARE "0/2" or "1/2" it is every other special one, and every fourth of the rest, all of which are tried where
 * the lab is started: its machines share them. What one machine lets fail the other kills, so @turn is 0 or 1.
 */
size_t scenario_tests(struct CMUnitTest tests[64], CMUnitTestFunction test, bool with_plan, unsigned int turn);

#endif
