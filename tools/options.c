/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How a command line falls apart: global options, the command, its options and
 * words. Both passes read tables of struct option_info, so that help, bash
 * completion and this know the same options. Global options may stand behind
 * the command too, unless the command has one of that name itself (attach has
 * its own --netns).
 */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "weir.h"

#define MAX_OPTIONS 40
#define FIRST_VALUE 256

struct getopt_tables {
	struct option options[MAX_OPTIONS];
	const struct option_info *infos[MAX_OPTIONS];
	size_t n;
};

static bool has_name(const struct getopt_tables *g, const char *name)
{
	for (size_t i = 0; i < g->n; i++)
		if (!strcmp(g->infos[i]->name, name))
			return true;
	return false;
}

static void add(struct getopt_tables *g, const struct option_info *infos)
{
	for (; infos && infos->name && g->n < MAX_OPTIONS - 1; infos++) {
		if (has_name(g, infos->name))
			continue;
		g->options[g->n] = (struct option){
			.name = infos->name,
			.has_arg = !infos->arg            ? no_argument :
				   infos->arg_is_optional ? optional_argument :
							    required_argument,
			.val = FIRST_VALUE + (int)g->n,
		};
		g->infos[g->n++] = infos;
	}
}

/* What getopt_long() returned: an option of the tables, or NULL after an error was reported. */
static const struct option_info *which(struct tool *t, const struct getopt_tables *g, int c,
				       char **argv)
{
	static const struct option_info help = { .name = "help", .key = OPT_HELP };
	static const struct option_info version = { .name = "version", .key = OPT_VERSION };

	if (c >= FIRST_VALUE && (size_t)(c - FIRST_VALUE) < g->n)
		return g->infos[c - FIRST_VALUE];
	if (c == 'h')
		return &help;
	if (c == 'V')
		return &version;
	if (c == ':')
		usage_error(t, "option %s needs an argument", argv[optind - 1]);
	else if (optopt && optopt < FIRST_VALUE)
		usage_error(t, "unknown option -%c", optopt);
	else if (optopt)
		usage_error(t, "option %s takes no argument", argv[optind - 1]);
	else
		usage_error(t, "unknown or ambiguous option %s", argv[optind - 1]);
	return NULL;
}

static int set_color(struct tool *t, const char *when)
{
	if (when && strcmp(when, "auto") != 0 && strcmp(when, "always") != 0 &&
	    strcmp(when, "never") != 0)
		return usage_error(t, "--color takes auto, always or never, not %s", when);
	t->color = when ? when : "always";
	return STATUS_OK;
}

static bool is_global(enum option_key key)
{
	return key >= OPT_JSON && key <= OPT_HELP;
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

int options_global(struct tool *t, int argc, char **argv, struct args *ret, int *ret_used)
{
	struct getopt_tables g = { .n = 0 };
	int c;

	add(&g, global_options);
	optind = 0;
	opterr = 0;
	while ((c = getopt_long(argc, argv, "+:hV", g.options, NULL)) != -1) {
		const struct option_info *info = which(t, &g, c, argv);

		if (!info)
			return STATUS_USAGE;
		ret->value[info->key] = optarg ? optarg : "";
		if (info->key != OPT_HELP && info->key != OPT_VERSION &&
		    set_global(t, info->key, optarg))
			return STATUS_USAGE;
	}
	*ret_used = optind;
	return STATUS_OK;
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

/* "-" has getopt_long() return words as option 1, in their order, whatever POSIXLY_CORRECT says. */
int options_command(struct tool *t, int argc, char **argv, struct args *ret)
{
	struct getopt_tables g = { .n = 0 };
	int c;

	argc = cut_exec(t->cmd, argc, argv, ret);
	add(&g, t->cmd->options);
	add(&g, global_options);
	ret->words = xalloc((size_t)argc + 1, sizeof(*ret->words));
	optind = 0;
	while ((c = getopt_long(argc, argv, "-:hV", g.options, NULL)) != -1) {
		const struct option_info *info;

		if (c == 1) {
			ret->words[ret->n_words++] = optarg;
			continue;
		}
		info = which(t, &g, c, argv);
		if (!info)
			return STATUS_USAGE;
		ret->value[info->key] = optarg ? optarg : "";
		if (is_global(info->key) && info->key != OPT_HELP && info->key != OPT_VERSION &&
		    set_global(t, info->key, optarg))
			return STATUS_USAGE;
	}
	while (optind < argc)
		ret->words[ret->n_words++] = argv[optind++];
	return ret->value[OPT_HELP] || ret->value[OPT_VERSION] ? STATUS_OK : check_words(t, ret);
}
