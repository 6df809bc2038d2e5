/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * weir doctor: does this host have what weir needs, and is something in the way?
 * Collects the checks of host.c and probe.c and shows them; changes nothing.
 */
#include <stdlib.h>
#include <string.h>

#include "doctor.h"

/* clang-format off */
static const struct {
	const char *word;
	enum tint tint;
} states[] = {
	[STATE_OK]        = { "ok",        TINT_GREEN },
	[STATE_MODULE]    = { "module",    TINT_GREEN },
	[STATE_MISSING]   = { "missing",   TINT_RED },
	[STATE_WARNING]   = { "warning",   TINT_YELLOW },
	[STATE_NOTE]      = { "note",      TINT_NONE },
	[STATE_UNCHECKED] = { "unchecked", TINT_DIM },
};
/* clang-format on */

void report_add(struct report *r, const struct check *c)
{
	if (r->n == r->room) {
		size_t room = r->room ? 2 * r->room : 32;
		struct check *bigger = xalloc(room, sizeof(*bigger));

		if (r->n)
			memcpy(bigger, r->checks, r->n * sizeof(*bigger));
		free(r->checks);
		r->checks = bigger;
		r->room = room;
	}
	r->checks[r->n++] = *c;
}

static void report_free(struct report *r)
{
	for (size_t i = 0; i < r->n; i++) {
		free(r->checks[i].detail);
		free(r->checks[i].remedy);
	}
	free(r->checks);
}

static size_t count(const struct report *r, enum state state, bool only_needed)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n; i++)
		n += r->checks[i].state == state && (r->checks[i].is_needed || !only_needed);
	return n;
}

static void show_as_json(struct tool *t, const struct report *r)
{
	json_t *array = json_array();

	for (size_t i = 0; i < r->n; i++) {
		const struct check *c = &r->checks[i];

		json_array_append_new(array, json_pack("{s:s, s:s, s:s, s:b, s:o, s:o}", "area",
						       c->area, "name", c->name, "state",
						       states[c->state].word, "needed",
						       c->is_needed, "detail", json_text(c->detail),
						       "remedy", json_text(c->remedy)));
	}
	out_json(&t->out,
		 json_pack("{s:b, s:o}", "ok", !count(r, STATE_MISSING, true), "checks", array));
}

/* What is missing and not needed is no cause for alarm. */
static void show_as_table(struct tool *t, const struct report *r)
{
	static const char *const heads[] = { "AREA", "CHECK", "STATE", "NEEDED", "DETAIL" };
	struct table *table = table_new(heads, 5);

	for (size_t i = 0; i < r->n; i++) {
		const struct check *c = &r->checks[i];
		bool is_harmless = c->state == STATE_MISSING && !c->is_needed;

		table_cell(table, TINT_DIM, "%s", c->area);
		table_cell(table, TINT_NONE, "%s", c->name);
		table_cell(table, is_harmless ? TINT_DIM : states[c->state].tint, "%s",
			   is_harmless ? "absent" : states[c->state].word);
		table_cell(table, TINT_NONE, "%s", c->is_needed ? "yes" : "");
		table_cell(table, TINT_NONE, "%s", c->detail);
	}
	table_print(table, &t->out);
}

static void show_remedies(struct tool *t, const struct report *r)
{
	bool has_head = false;

	for (size_t i = 0; i < r->n; i++) {
		const struct check *c = &r->checks[i];

		if (!c->remedy || (c->state == STATE_MISSING && !c->is_needed))
			continue;
		if (!has_head)
			out_tinted(&t->out, TINT_BOLD, "\nwhat helps\n");
		has_head = true;
		out_text(&t->out, "  %s: %s\n", c->name, c->remedy);
	}
}

static void show_verdict(struct tool *t, const struct report *r)
{
	size_t n_missing = count(r, STATE_MISSING, true);
	size_t n_warnings = count(r, STATE_WARNING, false);

	if (n_missing)
		out_tinted(&t->out, TINT_RED, "\n%zu thing%s that weir needs %s missing", n_missing,
			   n_missing == 1 ? "" : "s", n_missing == 1 ? "is" : "are");
	else
		out_tinted(&t->out, TINT_GREEN, "\neverything that weir needs is there");
	if (n_warnings)
		out_tinted(&t->out, TINT_YELLOW, "; %zu warning%s", n_warnings,
			   n_warnings == 1 ? "" : "s");
	out_text(&t->out, "\n");
}

int cmd_doctor(struct tool *t, const struct args *a)
{
	struct report r = { .n = 0 };
	int status;

	host_checks(t, &r);
	kernel_checks(t, &r, a->value[OPT_LOAD] != NULL);
	status = count(&r, STATE_MISSING, true) ? STATUS_MISSING : STATUS_OK;
	if (t->is_json) {
		show_as_json(t, &r);
	} else {
		show_as_table(t, &r);
		show_remedies(t, &r);
		show_verdict(t, &r);
	}
	report_free(&r);
	return status;
}
