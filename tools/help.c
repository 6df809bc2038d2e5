/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The help text: the tables of commands (rows_*.c) for people, and as JSON for
 * programs; and what to say to somebody who typed something else.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "weir.h"

/* clang-format off */
const struct option_info global_options[] = {
	{ "json", NULL, "print JSON, errors too", OPT_JSON, false },
	{ "netns", "NAME|PATH", "work in this network namespace", OPT_NETNS, false },
	{ "dry-run", NULL, "print the plan instead of carrying it out", OPT_DRY_RUN, false },
	{ "config-dir", "DIR", "where definitions are stored (" WEIR_CONFIG_DIR ")", OPT_CONFIG_DIR, false },
	{ "state-dir", "DIR", "where the state of this boot is (" WEIR_STATE_DIR ")", OPT_STATE_DIR, false },
	{ "color", "WHEN", "auto, always or never; auto: on a terminal", OPT_COLOR, true },
	{ "stats", NULL, "afterwards, say on stderr what the kernel was asked", OPT_STATS, false },
	{ "version", NULL, "print the version", OPT_VERSION, false },
	{ "help", NULL, "explain the command", OPT_HELP, false },
	{ 0 },
};

static const struct {
	int status;
	const char *meaning;
} exit_statuses[] = {
	{ STATUS_OK, "done" },
	{ STATUS_FAILED, "refused or failed; everything is as it was" },
	{ STATUS_USAGE, "the command line makes no sense" },
	{ STATUS_MISSING, "doctor: something that weir needs is missing" },
	{ STATUS_NOT_FOUND, "no such network, portgroup, port, link or namespace" },
	{ STATUS_BAD_INPUT, "the file cannot be read or is no valid definition" },
	{ STATUS_DIFFERS, "check, net diff: something differs" },
	{ STATUS_NO_EXEC, "attach --exec: CMD cannot be executed (127: not found)" },
};
/* clang-format on */

const struct command *command_find(const char *group, const char *name)
{
	const struct command *c;
	char full[64];

	snprintf(full, sizeof(full), "%s%s%s", group ? group : "", group ? " " : "", name);
	for (size_t i = 0; (c = command_at(i)); i++)
		if (!strcmp(c->name, full))
			return c;
	return NULL;
}

static bool is_of_group(const struct command *c, const char *group)
{
	size_t len = strlen(group);

	return !strncmp(c->name, group, len) && c->name[len] == ' ';
}

bool command_is_group(const char *word)
{
	const struct command *c;

	for (size_t i = 0; (c = command_at(i)); i++)
		if (*word && !strchr(word, ' ') && is_of_group(c, word))
			return true;
	return false;
}

static char *usage_line(const struct command *cmd, const char *group)
{
	if (cmd)
		return xformat("weir [OPTION]... %s%s%s", cmd->name, *cmd->words ? " " : "", cmd->words);
	return xformat("weir [OPTION]... %s%sCOMMAND [WORD]...", group ? group : "", group ? " " : "");
}

/* --- for people ------------------------------------------------------------------- */

static void put_usage(struct out *o, const struct command *cmd, const char *group)
{
	char *usage = usage_line(cmd, group);

	out_text(o, "usage: %s\n\n", usage);
	free(usage);
}

/* One line each: where the words are many, the options among them are one word. */
static void put_command(struct out *o, const struct command *c)
{
	const char *options = strlen(c->words) > 26 ? strchr(c->words, '[') : NULL;
	char *words = xformat("%.*s%s", options ? (int)(options - c->words) : (int)strlen(c->words),
			      c->words, options ? "[OPTION]..." : "");
	int used = (int)(strlen(c->name) + strlen(words) + 1);

	out_text(o, "  ");
	out_tinted(o, TINT_BOLD, "%s", c->name);
	out_text(o, " %s%*s%s\n", words, used < 36 ? 36 - used : 1, "", c->summary);
	free(words);
}

static void put_options(struct out *o, const struct option_info *options)
{
	for (; options && options->name; options++) {
		char *s = xformat("--%s%s%s%s", options->name,
				  !options->arg            ? "" :
				  options->arg_is_optional ? "[=" :
							     " ",
				  options->arg ? options->arg : "",
				  options->arg_is_optional ? "]" : "");

		out_text(o, "  %-24s %s\n", s, options->help);
		free(s);
	}
}

static void put_statuses(struct out *o)
{
	for (size_t i = 0; i < sizeof(exit_statuses) / sizeof(exit_statuses[0]); i++)
		out_text(o, "  %-3d %s\n", exit_statuses[i].status, exit_statuses[i].meaning);
}

/* What a small build lacks; nothing for one that has everything. */
void help_left_out(struct tool *t)
{
	const char *what, *needs;

	for (size_t i = 0; (what = feature_left_out(i, &needs)); i++)
		out_text(&t->out, "%sleft out of this build: %s (needs %s)\n", i ? "" : "\n", what,
			 needs);
}

void help_all(struct tool *t)
{
	struct out *o = &t->out;
	const struct command *c;

	put_usage(o, NULL, NULL);
	out_tinted(o, TINT_BOLD, "commands\n");
	for (size_t i = 0; (c = command_at(i)); i++)
		put_command(o, c);
	out_tinted(o, TINT_BOLD, "\noptions\n");
	put_options(o, global_options);
	out_tinted(o, TINT_BOLD, "\nexit status\n");
	put_statuses(o);
	help_left_out(t);
	out_text(o, "\n`weir help COMMAND` says more about one; weir(8) says everything.\n");
}

void help_group(struct tool *t, const char *group)
{
	const struct command *c;

	put_usage(&t->out, NULL, group);
	for (size_t i = 0; (c = command_at(i)); i++)
		if (is_of_group(c, group))
			put_command(&t->out, c);
}

void help_command(struct tool *t, const struct command *cmd)
{
	struct out *o = &t->out;

	put_usage(o, cmd, NULL);
	out_text(o, "%s.\n", cmd->summary);
	if (cmd->notes)
		out_text(o, "%s", cmd->notes);
	if (cmd->options) {
		out_text(o, "\n");
		put_options(o, cmd->options);
	}
}

/* --- for programs ----------------------------------------------------------------- */

static json_t *json_options(const struct option_info *options)
{
	json_t *list = json_array();

	for (; options && options->name; options++)
		json_array_append_new(list,
				      json_pack("{s:s, s:s?, s:s}", "name", options->name,
						"argument", options->arg, "help", options->help));
	return list;
}

static json_t *json_command(const struct command *c)
{
	return json_pack("{s:s, s:s, s:s, s:s?, s:o}", "name", c->name, "words", c->words,
			 "summary", c->summary, "notes", c->notes, "options",
			 json_options(c->options));
}

json_t *json_left_out(void)
{
	json_t *list = json_array();
	const char *what, *needs;

	for (size_t i = 0; (what = feature_left_out(i, &needs)); i++)
		json_array_append_new(list, json_pack("{s:s, s:s}", "what", what, "needs", needs));
	return list;
}

static json_t *json_all(void)
{
	json_t *list = json_array();
	json_t *statuses = json_object();
	const struct command *c;

	for (size_t i = 0; (c = command_at(i)); i++)
		json_array_append_new(list, json_command(c));
	for (size_t i = 0; i < sizeof(exit_statuses) / sizeof(exit_statuses[0]); i++) {
		char key[16];

		snprintf(key, sizeof(key), "%d", exit_statuses[i].status);
		json_object_set_new(statuses, key, json_string(exit_statuses[i].meaning));
	}
	return json_pack("{s:o, s:o, s:o}", "commands", list, "options",
			 json_options(global_options), "exit_statuses", statuses);
}

/* --- what was typed wrong --------------------------------------------------------- */

int usage_error(struct tool *t, const char *fmt, ...)
{
	const char *name = t->cmd ? t->cmd->name : t->group;
	char *usage = usage_line(t->cmd, t->group), *text;
	char msg[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	text = xformat("%s%s%s", name ? name : "", name ? ": " : "", msg);
	if (t->is_json) {
		json_t *error = json_pack("{s:{s:s, s:s, s:s, s:s, s:o, s:o, s:s}}", "error", "code",
					  "EINVAL", "stage", "usage", "object", "", "attribute", "",
					  "message", json_text(msg), "text", json_text(text), "usage", usage);

		json_dumpf(error, stderr, JSON_INDENT(2));
		fputc('\n', stderr);
		json_decref(error);
	} else {
		fprintf(stderr, "weir: %s\nusage: %s\n", text, usage);
	}
	free(text);
	free(usage);
	return STATUS_USAGE;
}

bool help_if_left_out(struct tool *t, const char *first, const char *second)
{
	const char *needs, *what = feature_missing_for(first, NULL, &needs);

	if (!what && second)
		what = feature_missing_for(first, second, &needs);
	if (what)
		usage_error(t, "left out of this build: %s (needs %s)", what, needs);
	return what;
}

int cmd_help(struct tool *t, const struct args *a)
{
	const struct command *cmd = NULL;

	if (a->n_words == 1)
		cmd = command_find(NULL, a->words[0]);
	else if (a->n_words == 2)
		cmd = command_find(a->words[0], a->words[1]);
	if (a->n_words && !cmd && help_if_left_out(t, a->words[0], a->words[1]))
		return STATUS_USAGE;
	if (a->n_words && !cmd && !(a->n_words == 1 && command_is_group(a->words[0])))
		return usage_error(t, "there is no command %s%s%s", a->words[0],
				   a->n_words > 1 ? " " : "", a->n_words > 1 ? a->words[1] : "");
	if (t->is_json)
		out_json(&t->out, cmd ? json_command(cmd) : json_all());
	else if (cmd)
		help_command(t, cmd);
	else if (a->n_words)
		help_group(t, a->words[0]);
	else
		help_all(t);
	return STATUS_OK;
}
