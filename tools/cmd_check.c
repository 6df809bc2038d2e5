/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * weir check, repair: what differs between definitions and the kernel, and bringing
 * that back. weir if begin, commit, rollback: going back on many changes.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "weir.h"

/* --- drift ----------------------------------------------------------------------------- */

/* The named ones, or all that are up and stored. */
static int choose(struct tool *t, const struct args *a, struct groups *ret)
{
	struct weir_group_entry *list = NULL;
	struct args up = { .n_words = 0 };
	size_t n = 0;
	int status;

	if (a->n_words)
		return groups_from_names(t, a, ret);
	if (weir_group_list(t->w, &list, &n, &t->err))
		return tool_fail(t, STATUS_FAILED);
	up.words = xalloc(n + 1, sizeof(*up.words));
	for (size_t i = 0; i < n; i++)
		if (list[i].is_up && list[i].is_defined)
			up.words[up.n_words++] = list[i].name;
	status = groups_from_names(t, &up, ret);
	free(up.words);
	free(list);
	return status;
}

int cmd_check(struct tool *t, const struct args *a)
{
	struct weir_plan_step *steps = NULL;
	struct groups g = { NULL, 0 };
	size_t n = 0;
	int status = choose(t, a, &g);

	if (!status && weir_groups_plan(t->w, groups_list(&g), g.n, &steps, &n, &t->err))
		status = tool_fail(t, STATUS_FAILED);
	if (!status && (n || t->is_json))
		steps_show(t, steps, n);
	free(steps);
	groups_free(&g);
	return status ? status : n ? STATUS_DIFFERS : STATUS_OK;
}

int cmd_repair(struct tool *t, const struct args *a)
{
	struct groups g = { NULL, 0 };
	struct weir_txn *txn;
	int status = choose(t, a, &g);

	if (!status)
		status = tool_begin(t, &txn, "repair %zu interfaces", g.n);
	if (!status) {
		weir_txn_groups_up(txn, groups_list(&g), g.n, WEIR_EFFECT_ADDRESS_LOSS);
		status = tool_commit(t, txn, STATUS_FAILED);
	}
	if (!status && !t->is_dry_run)
		groups_report(t, &g, "is as it is defined");
	groups_free(&g);
	return status;
}

/* --- checkpoints -------------------------------------------------------------------------- */

static int by_builder(struct tool *t, const char *verb, int (*builder)(struct weir_txn *txn))
{
	struct weir_txn *txn;
	int status = tool_begin(t, &txn, "%s", verb);

	if (status)
		return status;
	builder(txn);
	status = tool_commit(t, txn, STATUS_NOT_FOUND);
	if (status || t->is_dry_run)
		return status;
	if (t->is_json)
		out_json(&t->out, json_pack("{s:s}", "done", verb));
	else
		out_text(&t->out, "%s\n", verb);
	return STATUS_OK;
}

/* For people who find it begun: nothing depends on it. */
static const char *who(void)
{
	static const char *const variables[] = { "SUDO_USER", "LOGNAME", "USER" };

	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
		const char *name = getenv(variables[i]);

		if (name && *name)
			return name;
	}
	return getuid() ? "somebody" : "root";
}

static int begin(struct weir_txn *txn)
{
	return weir_txn_checkpoint_begin(txn, who(), false);
}

static int take_over(struct weir_txn *txn)
{
	return weir_txn_checkpoint_begin(txn, who(), true);
}

int cmd_if_begin(struct tool *t, const struct args *a)
{
	return a->value[OPT_TAKE_OVER] ? by_builder(t, "taken over", take_over) :
					 by_builder(t, "begun", begin);
}

int cmd_if_commit(struct tool *t, const struct args *a)
{
	return by_builder(t, "committed", weir_txn_checkpoint_commit);
}

int cmd_if_rollback(struct tool *t, const struct args *a)
{
	return by_builder(t, "rolled back", weir_txn_checkpoint_rollback);
}
