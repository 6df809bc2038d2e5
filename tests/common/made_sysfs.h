/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A made-up /sys in a temporary folder: cards with any number of functions, which
 * no machine of ours has. Plain files; nothing happens when one is written.
 */
#ifndef TESTS_COMMON_MADE_SYSFS_H
#define TESTS_COMMON_MADE_SYSFS_H

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Where it is; made by sysfs_setup(), removed by sysfs_teardown(). */
extern char made_sysfs[64];

int sysfs_setup(void **state);
int sysfs_teardown(void **state);

/* Puts text into a file below it; folders are made. */
void sysfs_put(const char *text, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* What a file below it holds; for free(). NULL if it is not there. */
char *sysfs_get(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void sysfs_link(const char *target, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Removes a file or a folder with all that is in it. */
void sysfs_remove(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* A PCI function without anything special. */
void sysfs_device(const char *pci, unsigned int class_code, const char *driver);
/* A netdev of it. */
void sysfs_netdev(const char *pci, const char *name, int ifindex, const char *port_name);
/* A PF: capability and all files; @num of its VFs exist, where the capability says. */
void sysfs_pf(const char *pci, unsigned int total, unsigned int num, unsigned int offset,
	      unsigned int stride);
/* The address @rid routing IDs after @pci. */
void sysfs_address(const char *pci, unsigned int rid, char ret[16]);

#endif
