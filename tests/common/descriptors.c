/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How many files the process may open: see descriptors.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/common/descriptors.h"

void leave_descriptors(int n)
{
	static struct rlimit all;
	struct rlimit few;
	int next = dup(0);

	close(next);
	if (!all.rlim_cur)
		assert_int_equal(getrlimit(RLIMIT_NOFILE, &all), 0);
	few = (struct rlimit){ (rlim_t)(next + n), all.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, n < 0 ? &all : &few), 0);
}
