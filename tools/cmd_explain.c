/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* weir shape explain: the limits of a port as the tc commands that would make them. */
#include <stdlib.h>

#include <weir/tc.h>

#include "weir.h"

int cmd_shape_explain(struct tool *t, const struct args *a)
{
	struct weir_link port;
	char *text = NULL;
	int status = tool_find_link(t, a->words[0], &port);

	if (status)
		return status;
	if (weir_shape_explain(t->w, port.ifindex, &text, &t->err))
		return tool_fail(t, tool_not_found(t, STATUS_FAILED));
	if (t->is_json)
		out_json(&t->out, json_pack("{s:o}", "script", json_text(text)));
	else
		out_text(&t->out, "%s", text);
	free(text);
	return STATUS_OK;
}
