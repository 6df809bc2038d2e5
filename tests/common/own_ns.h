/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Network namespaces of a test's own: one that the test program moves into, anew
 * for each test, and more beside it, each held by a child that sleeps. The
 * machine's own namespace is never touched. And commands: run, or read as JSON.
 */
#ifndef TESTS_COMMON_OWN_NS_H
#define TESTS_COMMON_OWN_NS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <cmocka.h>
#include <jansson.h>

/* cmocka's setup and teardown. */
int own_ns_setup(void **state);
int own_ns_teardown(void **state);

/* Another namespace, until the test ends; its path ("/proc/PID/ns/net") goes to @path. */
pid_t own_ns_beside(char path[64]);
/* Runs @fn in the namespace at @path, in a child; fails the test unless it returns 0. */
void own_ns_run(const char *path, int (*fn)(void *arg), void *arg);

/* A shell command; fails the test if it fails. */
void own_sh(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Whether it succeeds; what it says is thrown away. */
bool own_try(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* What it prints, as JSON; for json_decref(). */
json_t *own_json(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* What it prints; for free(). */
char *own_text(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Ends the test as skipped, and says why. */
void own_skip(const char *why);
/* Whether taps can be made: some systems keep /dev/net/tun for root. */
bool own_can_tap(void);

#endif
