/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How a command line falls apart: global options, the command, its options and
 * words. Both passes read tables of struct option_info, so that help, bash
 * completion and this know the same options. The rules are getopt_long()'s.
 * Global options may stand behind the command too, unless the command has one of
 * that name itself (attach has its own --netns).
 */
#include <stdlib.h>
#include <string.h>

#include "weir.h"

/* What is being read; argv[0] was read before. */
struct reading {
	struct tool *t;
	const struct option_info *own;	/* the command's, before the global ones */
	char **argv;
	int argc;
	int i;
};

static int set_color(struct tool *t, const char *when)
{
	if (when && strcmp(when, "auto") != 0 && strcmp(when, "always") != 0 &&
	    strcmp(when, "never") != 0)
		return usage_error(t, "--color takes auto, always or never, not %s", when);
	t->color = when ? when : "always";
	return STATUS_OK;
}

/* Says something of the whole run. */
static bool is_global(enum option_key key)
{
	return key >= OPT_JSON && key < OPT_VERSION;
}

/* Help and version end the run: they are commands of their own, so they wait until everything is read. */
static int set_global(struct tool *t, enum option_key key, const char *arg)
{
	if (key == OPT_JSON)
		t->is_json = true;
	else if (key == OPT_DRY_RUN)
		t->is_dry_run = true;
	else if (key == OPT_STATS)
		t->wants_stats = true;
	else if (key == OPT_COLOR)
		return set_color(t, arg);
	else if (!arg || !*arg)
		return usage_error(t, "an option's argument is empty");
	else if (key == OPT_NETNS)
		t->netns = arg;
	else if (key == OPT_CONFIG_DIR)
		t->config_dir = arg;
	else if (key == OPT_STATE_DIR)
		t->state_dir = arg;
	return STATUS_OK;
}

/* By its name, or by a beginning of it that no other one has. */
static const struct option_info *find(const struct reading *r, const char *name, size_t len)
{
	const struct option_info *const tables[] = { r->own, global_options };
	const struct option_info *found = NULL;
	bool is_ambiguous = false;

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		for (const struct option_info *o = tables[i]; o && o->name; o++) {
			if (strncmp(o->name, name, len) != 0)
				continue;
			if (!o->name[len])
				return o;
			is_ambiguous |= found && strcmp(found->name, o->name) != 0;
			found = found ? found : o;
		}
	return is_ambiguous ? NULL : found;
}

/* --NAME, --NAME=ARGUMENT or --NAME ARGUMENT */
static int take_option(struct reading *r, struct args *ret)
{
	const char *given = r->argv[r->i++], *equals = strchr(given, '='), *arg = equals ? equals + 1 : NULL;
	const struct option_info *o = find(r, given + 2, strcspn(given + 2, "="));

	if (!o)
		return usage_error(r->t, "unknown or ambiguous option %s", given);
	if (arg && !o->arg)
		return usage_error(r->t, "option %s takes no argument", given);
	if (o->arg && !arg && !o->arg_is_optional) {
		if (r->i == r->argc)
			return usage_error(r->t, "option %s needs an argument", given);
		arg = r->argv[r->i++];
	}
	ret->value[o->key] = arg ? arg : "";
	return is_global(o->key) ? set_global(r->t, o->key, arg) : STATUS_OK;
}

static int take_letters(struct reading *r, struct args *ret)
{
	for (const char *c = r->argv[r->i++] + 1; *c; c++) {
		if (*c != 'h' && *c != 'V')
			return usage_error(r->t, "unknown option -%c", *c);
		ret->value[*c == 'h' ? OPT_HELP : OPT_VERSION] = "";
	}
	return STATUS_OK;
}

/* Options, and words where there is room for them; if not, up to the first word. */
static int read_line(struct reading *r, struct args *ret)
{
	int status = STATUS_OK;

	while (r->i < r->argc && !status) {
		const char *arg = r->argv[r->i];

		if (!strcmp(arg, "--")) {
			r->i++;
			return STATUS_OK;
		}
		if (*arg == '-' && arg[1])
			status = arg[1] == '-' ? take_option(r, ret) : take_letters(r, ret);
		else if (ret->words)
			ret->words[ret->n_words++] = r->argv[r->i++];
		else
			return STATUS_OK;
	}
	return status;
}

int options_global(struct tool *t, int argc, char **argv, struct args *ret, int *ret_used)
{
	struct reading r = { .t = t, .argv = argv, .argc = argc, .i = 1 };
	int status = read_line(&r, ret);

	*ret_used = r.i;
	return status;
}

/* Everything behind --exec belongs to the command that is started, its options too. */
static int cut_exec(const struct command *cmd, int argc, char **argv, struct args *ret)
{
	bool has_exec = false;

	for (const struct option_info *o = cmd->options; o && o->name; o++)
		has_exec |= o->key == OPT_EXEC;
	for (int i = 1; has_exec && i < argc; i++) {
		if (strcmp(argv[i], "--exec") != 0)
			continue;
		ret->exec = argv + i + 1;
		argv[i] = NULL;
		return i;
	}
	return argc;
}

static int check_words(struct tool *t, const struct args *a)
{
	if (a->n_words < t->cmd->min_words)
		return usage_error(t, "something is missing");
	if (a->n_words > t->cmd->max_words)
		return usage_error(t, "%s is one word too many", a->words[t->cmd->max_words]);
	for (int i = 0; i < a->n_words; i++)
		if (!*a->words[i])
			return usage_error(t, "a word is empty");
	if (a->exec && !a->exec[0])
		return usage_error(t, "--exec needs a command");
	return STATUS_OK;
}

int options_command(struct tool *t, int argc, char **argv, struct args *ret)
{
	struct reading r = { .t = t, .own = t->cmd->options, .argv = argv, .i = 1 };
	int status;

	r.argc = cut_exec(t->cmd, argc, argv, ret);
	ret->words = xalloc((size_t)argc + 1, sizeof(*ret->words));
	status = read_line(&r, ret);
	while (r.i < r.argc && !status)
		ret->words[ret->n_words++] = argv[r.i++];
	if (status || ret->value[OPT_HELP] || ret->value[OPT_VERSION])
		return status;
	return check_words(t, ret);
}
