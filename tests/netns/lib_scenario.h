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
	/* Lets go of what lives only as long as the process that made it. */
	void (*release)(void);
	const char *needs;	/* a kind of link that not every kernel has; NULL: none */
	bool has_plan;		/* its plan leads to the same state in a fresh namespace */
};

/* After ns_setup(): ends the test as skipped where the kernel lacks what the scenario needs. */
void scenario_need(const struct scenario *s);

extern const struct scenario scenarios[];
extern const size_t n_scenarios;

#endif
