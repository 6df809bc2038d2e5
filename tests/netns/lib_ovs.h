/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Open vSwitch in a test's namespaces (tests/ovs/start.sh), with one bridge, br0. */
#ifndef TESTS_NETNS_LIB_OVS_H
#define TESTS_NETNS_LIB_OVS_H

#include "lib_ns.h"

bool ovs_is_there(void);
/* After ns_setup(). It ends with ns_teardown(). */
void ovs_start(void);
/* What ovs-vsctl prints, without the newline; for free(). */
char *ovs_out(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
