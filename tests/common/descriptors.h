/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A process that has no descriptor left, or few. */
#ifndef TESTS_COMMON_DESCRIPTORS_H
#define TESTS_COMMON_DESCRIPTORS_H

/* Room for no more than @n further descriptors; -1: for as many as there was. */
void leave_descriptors(int n);

#endif
