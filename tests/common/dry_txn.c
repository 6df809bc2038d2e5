/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See dry_txn.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dry_txn.h"

void dry_begin(struct dry_txn *d)
{
	assert_int_equal(weir_open(NULL, &d->w, NULL), 0);
	assert_int_equal(weir_txn_begin(d->w, "test", WEIR_TXN_DRY, &d->t, NULL), 0);
}

void dry_end(struct dry_txn *d)
{
	weir_txn_abort(d->t);
	weir_close(d->w);
}

const struct nlmsghdr *dry_message(const struct dry_txn *d, size_t step)
{
	assert_true(step < d->t->n_steps);
	assert_ptr_equal(d->t->steps[step].ops, &wr_msg_ops);
	return d->t->steps[step].parts[WR_MSG_DO].data;
}
