/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What tests of the library's calls begin with: a namespace of their own
 * (tests/common/own_ns.h), one handle in it without directories, and transactions
 * that must succeed. Tests of networks have lib_ns.h instead.
 */
#ifndef TESTS_NETNS_LIB_OWN_H
#define TESTS_NETNS_LIB_OWN_H

#include <weir/txn.h>

#include "tests/common/own_ns.h"

extern struct weir *w;

/* cmocka's setup and teardown, or what those of a test call. */
int own_setup(void **state);
int own_teardown(void **state);

struct weir_txn *begin(void);
/* Fails the test, with @what, unless it succeeds. */
void commit(struct weir_txn *t, const char *what);
/* A step at the end that the kernel refuses, for there is a "low0": everything before it is taken back. */
void commit_and_fail(struct weir_txn *t, const char *what);
int index_of(const char *name);
/* Whether these words are in what the command prints. */
void shows(const char *command, const char *words);
/* Frees @now. */
void same_text(const char *before, char *now, const char *what);

#endif
