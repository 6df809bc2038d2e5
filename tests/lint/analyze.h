/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What analyzers, which see one file at a time, are told in `make analyze` and `make
 * tidy`: the functions that fill an error return the negative code that they are
 * given. Otherwise they go on with all that an error would have prevented.
 */
#ifndef TESTS_LINT_ANALYZE_H
#define TESTS_LINT_ANALYZE_H

#include <pthread.h>
#include <stdio.h>

#include "base/error.h"

#define WR_FAILS(call)                                                                             \
	__extension__({                                                                            \
		int wr_code_ = call;                                                               \
		wr_code_ < 0 ? wr_code_ : -EINVAL;                                                 \
	})
#define wr_nomem(err) __extension__({ wr_nomem(err); -ENOMEM; })
#define wr_error(...) WR_FAILS(wr_error(__VA_ARGS__))
#define wr_refuse(...) WR_FAILS(wr_refuse(__VA_ARGS__))
#define wr_syserr(...) WR_FAILS(wr_syserr(__VA_ARGS__))

#endif
