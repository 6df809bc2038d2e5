/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* weir recover: what a killed weir left, undone or completed now. */
#include <errno.h>

#include "weir.h"

static const char *const words[] = { "nothing", "undone", "completed" };

/* Each folder has a journal of its own; what is said is the most that was done. */
static int recover_all(struct tool *t)
{
	int most = weir_recover(t->w, &t->err);
	const char *folder;

	for (size_t i = 0; most >= 0 && (folder = feature_folder(i)); i++) {
		struct weir *w = NULL;
		int r = tool_open_folder(t, folder, &w);

		if (!r)
			r = weir_recover(w, &t->err);
		weir_close(w);
		most = r < 0 || r > most ? r : most;
	}
	return most;
}

int cmd_recover(struct tool *t, const struct args *a)
{
	static const char *const texts[] = { "there was nothing to recover",
					     "an unfinished transaction was undone",
					     "a decided transaction was completed" };
	int r;

	if (t->is_dry_run)
		return tool_no_plan(t);
	r = recover_all(t);
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
