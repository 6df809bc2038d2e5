/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* weir plan, schema: commands about definitions that start nothing. */
#include <stdlib.h>
#include <string.h>

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

int cmd_schema(struct tool *t, const struct args *a)
{
	const char *what = a->n_words ? a->words[0] : "network";
	char *schema = NULL;
	int r;

	if (strcmp(what, "network") && strcmp(what, "interface"))
		return usage_error(t, "%s is neither network nor interface", what);
	r = strcmp(what, "network") ? weir_group_schema(&schema) : weir_network_schema(&schema);
	if (r)
		return tool_refuse(t, STATUS_FAILED, r, "schema", "out of memory");
	out_text(&t->out, "%s", schema);
	free(schema);
	return STATUS_OK;
}
