/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whether a process that is noted somewhere still lives, and whether the host has
 * been booted since. If that cannot be found out (no descriptor is left, say), it is
 * an error and never "gone": an owner that is taken for gone loses what it has, and a
 * daemon is left behind.
 */
#ifndef WR_BASE_PROCESS_H
#define WR_BASE_PROCESS_H

#include "base/str.h"

/* The identity of this boot, without a newline. */
#define WR_BOOT_ID 40
int wr_boot_id(char ret[WR_BOOT_ID]);
/* Appends what its folder in /proc has in that file: nothing if there is no such process. */
int wr_process_read(int pid, const char *file, struct wr_str *out);
/* When it began, which tells it from another that has its number later; 0: there is none. */
int wr_process_start(int pid, uint64_t *ret);

#endif
