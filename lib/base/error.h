/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How the library fills a struct weir_error. What the struct means is said in <weir/error.h>. */
#ifndef WR_BASE_ERROR_H
#define WR_BASE_ERROR_H

#include <stdarg.h>

#include <weir/error.h>

#include "base/base.h"

/* Fills @err, if there is one, and returns @code, so that a refusal is one statement. */
int wr_error(struct weir_error *err, int code, enum weir_stage stage, const char *object,
	     const char *attr, const char *fmt, ...) WR_PRINTF(6, 7);

int wr_verror(struct weir_error *err, int code, enum weir_stage stage, const char *object,
	      const char *attr, const char *fmt, va_list ap) __attribute__((format(printf, 6, 0)));

/* A refusal of the caller's input: nothing was changed. */
int wr_refuse(struct weir_error *err, int code, const char *object, const char *attr, const char *fmt, ...)
	WR_PRINTF(5, 6);

/* A failed system call: the reason is @fmt followed by the errno's text. */
int wr_syserr(struct weir_error *err, int code, const char *object, const char *fmt, ...)
	WR_PRINTF(4, 5);

int wr_nomem(struct weir_error *err);

/*
 * For who reads many files: 1 if @why says that one is damaged, no file at all, or went meanwhile (stage INPUT), which
 * is no reason to stop; else @why's code, with @err filled: one that cannot be had may be any of those that are looked for.
 */
int wr_pass_over(const struct weir_error *why, struct weir_error *err);

/* Puts @prefix in front of the object that @err names: "txn start net default: bridge virbr0". */
void wr_error_prefix_attr(struct weir_error *err, const char *prefix);

/* Bounded copy and print; a cut text ends in "...". */
void wr_copy(char *dst, size_t size, const char *src);
void wr_format(char *dst, size_t size, const char *fmt, ...) WR_PRINTF(3, 4);

/*
 * The rule for public structs that start with their own size: a smaller one is
 * an older caller (the missing tail reads as zero), a larger one a newer caller
 * whose tail must be zero. Copies @src over @dst, which has @size bytes.
 */
int wr_opts_copy(void *dst, size_t size, const void *src, const char *what, struct weir_error *err);

/* The other way: as much of @src, which has @size bytes, as @ret has; its size says how much that is, or -EINVAL. */
int wr_opts_give(void *ret, const void *src, size_t size, struct weir_error *err);

#endif
