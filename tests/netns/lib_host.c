/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Host interface groups in the tests: see lib_host.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib_host.h"

struct weir *host_w;

/* Six pairs: a0 to a5 are the host's cards, their other ends are up. */
int host_setup(void **state)
{
	int r = ns_setup(state);

	/* A link that was never up has no qdisc; one that was keeps it. */
	ns_sh("for i in 0 1 2 3 4 5; do echo link add a$i address 52:54:00:00:0a:0$i type veth "
	      "peer name b$i address 52:54:00:00:0b:0$i; echo link set b$i up; echo link set a$i up; "
	      "echo link set a$i down; done | ip -batch -");
	host_w = ns_open();
	return r;
}

int host_teardown(void **state)
{
	weir_close(host_w);
	return ns_teardown(state);
}

/* --- bringing up ------------------------------------------------------------------------- */

int host_try_up(const char *json, enum weir_effect worst, struct weir_error *err)
{
	struct weir_group *group = ns_group(json);
	struct weir_txn *t = ns_begin(host_w);
	int r;

	weir_txn_groups_up(t, (const struct weir_group *const[]){ group }, 1, worst);
	r = weir_txn_commit(t, err);
	weir_group_free(group);
	return r;
}

void host_up(const char *json)
{
	struct weir_error err = WEIR_ERROR_INIT;
	char line[1024];

	if (host_try_up(json, WEIR_EFFECT_ADDRESS_LOSS, &err))
		fail_msg("%s", weir_error_format(&err, line, sizeof(line)));
}

void host_down(const char *name)
{
	struct weir_txn *t = ns_begin(host_w);

	weir_txn_groups_down(t, &name, 1);
	ns_commit(t);
}

struct weir_plan_step *host_plan(const char *json, size_t *ret_n)
{
	struct weir_group *group = ns_group(json);
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_plan_step *steps = NULL;

	if (weir_groups_plan(host_w, (const struct weir_group *const[]){ group }, 1, &steps, ret_n, &err))
		fail_msg("%s: %s: %s", err.object, err.attr, err.msg);
	weir_group_free(group);
	return steps;
}

size_t host_n_steps(const char *json)
{
	size_t n;

	free(host_plan(json, &n));
	return n;
}

/* What would be done to @object, and how bad that is. */
void host_assert_step(const char *json, const char *object, const char *what, enum weir_effect effect)
{
	struct weir_plan_step *steps;
	bool found = false;
	size_t n;

	steps = host_plan(json, &n);
	for (size_t i = 0; i < n; i++)
		found |= !strcmp(steps[i].object, object) && strstr(steps[i].what, what) &&
			 steps[i].effect == effect;
	for (size_t i = 0; i < n && !found; i++)
		print_message("%s: %s (%s)\n", steps[i].object, steps[i].what,
			      weir_effect_name(steps[i].effect));
	free(steps);
	assert_true(found);
}

static uint64_t messages(void)
{
	struct weir_counters c = { .sz = sizeof(c) };

	weir_get_counters(host_w, &c);
	return c.n_messages;
}

/*
 * Again: no step, and nothing is sent that planning does not send: three dumps. One
 * that the kernel's own work on IPv6 addresses interrupts (before 6.9 it may in a
 * dump of a few addresses) is asked for once more, and then the count says nothing.
 */
void host_assert_settled(const char *json)
{
	uint64_t before, planned = 0, again = 0;

	for (int i = 0; i < 10 && (planned != 3 || again != 3); i++) {
		struct weir_plan_step *steps;
		size_t n = 0;

		before = messages();
		steps = host_plan(json, &n);
		planned = messages() - before;
		for (size_t k = 0; k < n; k++)
			print_message("%s: %s\n", steps[k].object, steps[k].what);
		free(steps);
		assert_int_equal(n, 0);
		before = messages();
		host_up(json);
		again = messages() - before;
	}
	assert_int_equal(planned, 3);
	assert_int_equal(again, 3);
}
