/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A place to break things: the test program itself moves into network and mount
 * namespaces of its own, anew for each test, with its own /run and directories
 * for definitions and state. Nothing of it is left when the test is over.
 */
#ifndef TESTS_NETNS_LIB_NS_H
#define TESTS_NETNS_LIB_NS_H

#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <weir/host.h>
#include <weir/network.h>
#include <weir/txn.h>

/* cmocka's setup and teardown. */
int ns_setup(void **state);
int ns_teardown(void **state);

extern char ns_config_dir[], ns_state_dir[];
/* The method of shaping that handles are opened with; 0: the best. */
extern unsigned int ns_shape_method;

/* Runs a shell command; fails the test, with the command's name, if it does not exit with 0. */
void ns_sh(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* What the command printed, for free(). */
char *ns_out(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Everything that weir may change, as text (snapshot.sh); for free(). */
char *ns_snapshot(void);
/* Fails the test and shows the difference if the state is not @before. */
void ns_assert_same(const char *before, const char *what);
bool ns_is_same(const char *before);
/* Which the state is, or soon becomes: 1 for @a, 2 for @b (may be NULL), 0 for neither. */
int ns_becomes_same(const char *a, const char *b);
void ns_show_difference(const char *a, const char *b);

/*
 * How many moments to go on after each: 1, all are tried. The lab's emulated
 * machines are too slow for that and set WEIR_TEST_STRIDE.
 */
unsigned int ns_stride(void);

/* A handle on the test's directories, with every type of steps. */
struct weir *ns_open(void);
/* The same where it may fail: 0 or a negative errno. */
int ns_try_open(struct weir **ret, struct weir_error *err);
/* Begins; fails the test if it cannot. */
struct weir_txn *ns_begin(struct weir *w);
/* Commits; fails the test and shows why if that fails. */
void ns_commit(struct weir_txn *t);
/* A definition from JSON text, in which ' stands for ". For weir_network_free(). */
struct weir_network *ns_network(const char *json);
/* Starts the network that JSON text defines, on a handle of its own. */
struct weir *ns_start(const char *json);
/* Stops the network "net", and closes the handle. */
void ns_stop(struct weir *w);
/* The same as ns_network() for weir_group_free(). */
struct weir_group *ns_group(const char *json);

#endif
