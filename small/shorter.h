/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Calls of libc in as few bytes as they can be, for libc.c to put in musl's place: address.c, memory.c, print.c, shorter.c. */
#ifndef SMALL_SHORTER_H
#define SMALL_SHORTER_H

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

int small_vfprintf(FILE *f, const char *format, va_list ap) __attribute__((format(printf, 2, 0)));
int small_vsnprintf(char *to, size_t size, const char *format, va_list ap) __attribute__((format(printf, 3, 0)));
int small_inet_pton(int family, const char *text, void *ret);
const char *small_inet_ntop(int family, const void *address, char *to, size_t size);
char *small_strstr(const char *text, const char *part);
void small_qsort_r(void *base, size_t n, size_t size, int (*compare)(const void *, const void *, void *), void *arg);
long long small_strtoll(const char *text, char **end, int base);
void *small_malloc(size_t bytes);
void *small_calloc(size_t n, size_t bytes);
void *small_realloc(void *memory, size_t bytes);
void small_free(void *memory);
unsigned long long small_strtoull(const char *text, char **end, int base);

#endif
