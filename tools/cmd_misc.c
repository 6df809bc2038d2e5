/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* weir plan, recover, schema: commands of a few lines each. */
#include <errno.h>
#include <stdlib.h>

#include "weir.h"

/* The same as starting it with --dry-run, for a file. */
int cmd_plan(struct tool *t, const struct args *a)
{
	struct weir_network *net = NULL;
	struct weir_txn *txn;
	int status = tool_read_network(t, a->words[0], &net);

	if (status)
		return status;
	t->is_dry_run = true;
	status = tool_begin(t, &txn, "start network %s", net->name);
	if (!status) {
		weir_txn_network_start(txn, net);
		status = tool_commit(t, txn, STATUS_FAILED);
	}
	weir_network_free(net);
	return status;
}

int cmd_recover(struct tool *t, const struct args *a)
{
	static const char *const words[] = { "nothing", "undone", "completed" };
	static const char *const texts[] = { "there was nothing to recover",
					     "an unfinished transaction was undone",
					     "a decided transaction was completed" };
	int r = weir_recover(t->w, &t->err);

	if (r < 0)
		return tool_fail(t, STATUS_FAILED);
	if (r > 2)
		r = 2;
	if (t->is_json)
		out_json(&t->out, json_pack("{s:s, s:s}", "recovered", words[r], "state_dir",
					    weir_state_dir(t->w)));
	else
		out_text(&t->out, "%s: %s\n", weir_state_dir(t->w), texts[r]);
	return STATUS_OK;
}

int cmd_schema(struct tool *t, const struct args *a)
{
	char *schema = NULL;
	int r = weir_network_schema(&schema);

	if (r)
		return tool_refuse(t, STATUS_FAILED, r, "schema", "out of memory");
	out_text(&t->out, "%s", schema);
	free(schema);
	return STATUS_OK;
}
