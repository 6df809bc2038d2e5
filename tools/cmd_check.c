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

/* What is wrong with one definition, because its card is gone, keeps no other from being looked at. */
static int plan_each(struct tool *t, const struct groups *g, struct weir_plan_step **ret, size_t *ret_n)
{
	int status = STATUS_OK;

	for (size_t i = 0; i < g->n; i++) {
		struct weir_plan_step *steps = NULL, *all;
		size_t n = 0;

		if (weir_groups_plan(t->w, groups_list(g) + i, 1, &steps, &n, &t->err)) {
			status = tool_fail(t, STATUS_FAILED);
			continue;
		}
		all = xalloc(*ret_n + n + 1, sizeof(*all));
		for (size_t k = 0; k < *ret_n + n; k++)
			all[k] = k < *ret_n ? (*ret)[k] : steps[k - *ret_n];
		free(*ret);
		free(steps);
		*ret = all;
		*ret_n += n;
	}
	return status;
}

int cmd_check(struct tool *t, const struct args *a)
{
	struct weir_plan_step *steps = NULL;
	struct groups g = { NULL, 0 };
	size_t n = 0;
	int unread = choose(t, a, &g), status = unread;

	if (weir_groups_plan(t->w, groups_list(&g), g.n, &steps, &n, &t->err))
		status = g.n > 1 ? plan_each(t, &g, &steps, &n) : tool_fail(t, STATUS_FAILED);
	status = status ? status : unread;
	if (n || (!status && t->is_json))
		steps_show(t, steps, n);
	if (status)	/* what it could see is shown all the same */
		out_flush(&t->out);
	free(steps);
	groups_free(&g);
	return status ? status : n ? STATUS_DIFFERS : STATUS_OK;
}

int cmd_repair(struct tool *t, const struct args *a)
{
	struct groups g = { NULL, 0 };
	int unread = choose(t, a, &g), status = unread && !g.n ? unread : groups_up(t, &g, WEIR_EFFECT_ADDRESS_LOSS);

	status = status ? status : unread;
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
