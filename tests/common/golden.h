/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Bytes that another program sent for a command (tests/golden, made by
 * capture.sh there), and the comparison with ours. Attributes are compared as a
 * set, nest by nest: their order means nothing to the kernel. Every difference
 * has to be named with its reason, and one that is named has to be there.
 */
#ifndef TESTS_COMMON_GOLDEN_H
#define TESTS_COMMON_GOLDEN_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <linux/netlink.h>

enum golden_difference {
	GOLDEN_OURS = 1,	/* only we send it */
	GOLDEN_THEIRS,		/* only they do */
	GOLDEN_ZERO,		/* one text ends in a zero byte, the other does not */
	GOLDEN_VALUE,		/* another value */
};

struct golden_but {
	const char *path;	/* "18/2/4": types of the nests and the attribute; "header" */
	enum golden_difference what;
	const char *why;
};

/* The bytes of tests/golden/NAME.hex; for free(). */
struct nlmsghdr *golden_read(const char *name);
/* The payload of the attribute at @path, which must be there. */
const void *golden_attr(const struct nlmsghdr *msg, const char *path, size_t *ret_len);
/* Fails the test unless @ours says the same as tests/golden/NAME.hex, apart from @but. */
void golden_compare(const char *name, const struct nlmsghdr *ours, const struct golden_but *but,
		    size_t n_but);

#endif
