/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Host interface groups in the tests: bringing up, planning, and what must not differ. */
#ifndef TESTS_NETNS_LIB_HOST_H
#define TESTS_NETNS_LIB_HOST_H

#include <weir/host.h>

#include "lib_ns.h"

/* Six pairs in a namespace of the test's own: a0 to a5 are the host's cards. cmocka's setup and teardown. */
int host_setup(void **state);
int host_teardown(void **state);
/* The test's handle. */
extern struct weir *host_w;

/* Definitions are JSON text in which ' stands for ". */
int host_try_up(const char *json, enum weir_effect worst, struct weir_error *err);
void host_up(const char *json);
void host_down(const char *name);
struct weir_plan_step *host_plan(const char *json, size_t *ret_n);
size_t host_n_steps(const char *json);
/* Fails unless the plan does @what to @object, with that effect. */
void host_assert_step(const char *json, const char *object, const char *what, enum weir_effect effect);
/* Fails if bringing it up again would do anything, or sends more than three dumps. */
void host_assert_settled(const char *json);

#define ETH(name) "{'type':'ethernet','name':'" name "'}"
#define BR(members, ports) "{'type':'bridge','name':'br0'," members "'ports':[" ports "]}"
#define V4(address) "'protocols':[{'family':'ipv4','addresses':[" address "]}],"
#define A1 "{'address':'10.1.1.1','prefix':24}"
#define A2 "{'address':'10.1.1.2','prefix':24}"

#endif
