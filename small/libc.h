/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What glibc has and musl has not, of what we use; every file of a SMALL build sees it first. See libc.c. */
#ifndef SMALL_LIBC_H
#define SMALL_LIBC_H

#include <features.h>

#ifndef __GLIBC__
const char *strerrordesc_np(int code);
const char *strerrorname_np(int code);
/* musl's brings numbers with a fraction along, 10 KB that nobody here asks for. */
#include <stdio.h>
#define sscanf small_sscanf
int small_sscanf(const char *text, const char *format, ...) __attribute__((format(scanf, 2, 3)));
#endif

#endif
