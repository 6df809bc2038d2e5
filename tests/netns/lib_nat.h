/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The stage for tests of lib/nat, namespaces of the process's own:
 *
 *	A1, A2 -- brA --+
 *	                +-- HOST -- up1 -- OUT1
 *	B1 ------ brB --+       \-- up2 -- OUT2
 *
 * and transactions on the two networks there. libnftables' own tool reads the rules.
 */
#ifndef TESTS_NETNS_LIB_NAT_H
#define TESTS_NETNS_LIB_NAT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <weir/txn.h>

#include "nat/nat.h"

#include <cmocka.h>

enum place { HOST, A1, A2, B1, OUT1, OUT2, N_PLACES };

extern int places[N_PLACES];	/* descriptors of the namespaces */

/* For the whole program: makes the stage and leaves the process in HOST, or ends it as skipped. */
int nat_run(const char *name, const struct CMUnitTest *tests, size_t n);
/* Setup and teardown of each test. */
int clean_rules(void **state);
#define nat_test(fn) cmocka_unit_test_setup_teardown(fn, clean_rules, clean_rules)

void enter(enum place p);
WR_PRINTF(2, 3)
void sh_in(enum place p, const char *fmt, ...);

/* The rules as text that is the same for the same rules. */
char *ruleset(enum place p);
unsigned int count_rules(enum place p);
/* Frees @before. */
void assert_ruleset(char *before);
void assert_no_rules(enum place p);

struct weir *nat_open(const char *netns, const char *state_dir);
struct weir_txn *nat_begin(struct weir *w, unsigned int flags);
void nat_commit(struct weir_txn *t);
/* With a step behind that fails, after which everything must be as it was. */
void nat_roll_back(struct weir_txn *t);
extern const struct weir_step_ops nat_kill_ops;

struct weir_nat net_a(enum weir_forward_mode mode);
struct weir_nat net_b(enum weir_forward_mode mode);
struct weir_nat with_range(struct weir_nat nat);
/* The same as A with subnets that are in the sets with intervals. */
struct weir_nat with_odd_subnets(struct weir_nat nat);
/* Networks of every sort: each must leave the table as if it had never been there. */
size_t all_sorts(struct weir_nat nats[9]);
void nat_add(const struct weir_nat *nat);
void nat_del(const struct weir_nat *nat);

#endif
