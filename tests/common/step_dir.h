/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * For tests of transactions without a kernel object: a directory in /tmp with the
 * state directory in it, a handle, and steps of the test's own, which note what is
 * called and fail where they are told to.
 */
#ifndef TESTS_COMMON_STEP_DIR_H
#define TESTS_COMMON_STEP_DIR_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <cmocka.h>

#include <weir/txn.h>

extern char dir[64], state_dir[80];
extern struct weir *step_w;
extern char calls[512];		/* "apply a, undo a": what was called since the test began */
extern const char *failing;	/* "apply b": this call fails */
extern const char *deadly;	/* in this call the process ends */
/* Known to the handle, and not. */
extern const struct weir_step_ops test_ops, strange_ops;
extern const struct weir_step_ops *const known_ops[];

/* cmocka's setup and teardown. */
int step_setup(void **state);
int step_teardown(void **state);

/* Good for the next seven calls. */
const char *in_dir(const char *name);
struct weir *open_handle(const struct weir_step_ops *const *ops, uint32_t timeout_ms);
struct weir_txn *step_begin(unsigned int flags);
int step(struct weir_txn *t, const char *name);

void has_content(const char *path, const char *content);
bool exists(const char *path);
/* Whether the journal of in_dir("state") says that there is something to do. */
bool has_journal(void);
unsigned int mode_of(const char *path);
/* How a child ended. */
int status_of(pid_t pid);

#endif
