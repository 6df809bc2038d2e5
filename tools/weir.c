/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * weir, the program: reads the command line, finds the command, runs it, and
 * shows what it wrote if it went well. Everything that is done to the host is
 * done by the library; this uses its public headers and nothing else.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "weir.h"

/* auto: only on a terminal that can, and not where NO_COLOR asks for none (no-color.org). */
static bool wants_color(const struct tool *t)
{
	const char *no_color = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	if (t->color && !strcmp(t->color, "always"))
		return true;
	if (t->color && !strcmp(t->color, "never"))
		return false;
	return isatty(STDOUT_FILENO) && !(no_color && *no_color) && term &&
	       strcmp(term, "dumb") != 0;
}

static int print_version(struct tool *t)
{
	if (t->is_json)
		out_json(&t->out, json_pack("{s:s, s:o}", "version", weir_version(), "left_out",
					    json_left_out()));
	else
		out_text(&t->out, "weir %s\n", weir_version());
	if (!t->is_json)
		help_left_out(t);
	return STATUS_OK;
}

static int print_help(struct tool *t)
{
	struct args none = { .n_words = 0 };

	if (t->is_json)
		return cmd_help(t, &none);
	if (t->cmd)
		help_command(t, t->cmd);
	else if (t->group)
		help_group(t, t->group);
	else
		help_all(t);
	return STATUS_OK;
}

static bool asks_for_help(const struct args *a)
{
	return a->value[OPT_HELP] || a->value[OPT_VERSION];
}

/* @name: NULL: none was given; @group: whose commands are listed, NULL: all. */
static int no_command(struct tool *t, const char *name, const char *group)
{
	usage_error(t, "%s%s; `weir help%s%s` lists them", name ? "there is no command " : "no command is given",
		    name ? name : "", group ? " " : "", group ? group : "");
	return -1;
}

/* "net" alone is not enough, unless it is help that is wanted. */
static int find_in_group(struct tool *t, int argc, char **argv, struct args *a)
{
	t->group = argv[0];
	if (argc > 1 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")))
		a->value[OPT_HELP] = "";
	if (asks_for_help(a))
		return 0;
	if (argc > 1)
		t->cmd = command_find(argv[0], argv[1]);
	return t->cmd ? 2 : no_command(t, argc > 1 ? argv[1] : NULL, argv[0]);
}

/* Returns how many words the command's name has, 0 for none, -1 after an error was reported. */
static int find_command(struct tool *t, int argc, char **argv, struct args *a)
{
	if (!argc && asks_for_help(a))
		return 0;
	if (!argc)
		return no_command(t, NULL, NULL);
	/* `weir shape PORT` is a command, and so is `weir shape show`. */
	t->cmd = argc > 1 ? command_find(argv[0], argv[1]) : NULL;
	if (t->cmd) {
		t->group = argv[0];
		return 2;
	}
	if (help_if_left_out(t, argv[0], argc > 1 ? argv[1] : NULL))
		return -1;
	t->cmd = command_find(NULL, argv[0]);
	if (t->cmd)
		return 1;
	if (command_is_group(argv[0]))
		return find_in_group(t, argc, argv, a);
	return no_command(t, argv[0], NULL);
}

static int run(struct tool *t, const struct args *a)
{
	int status;

	if (a->value[OPT_HELP])
		return print_help(t);
	if (a->value[OPT_VERSION])
		return print_version(t);
	status = command_needs_handle(t->cmd) ? tool_open(t) : STATUS_OK;
	return status ? status : t->cmd->run(t, a);
}

/* Reads the whole command line before anything is done. */
static int read_command_line(struct tool *t, int argc, char **argv, struct args *a)
{
	int used = 0, words;

	if (options_global(t, argc, argv, a, &used))
		return STATUS_USAGE;
	words = find_command(t, argc - used, argv + used, a);
	if (words <= 0)
		return words ? STATUS_USAGE : STATUS_OK;
	/* The command's last word is in the place of the program's name. */
	used += words - 1;
	return options_command(t, argc - used, argv + used, a);
}

/* A doctor that finds something missing has still a report to show, and so has a check. */
static int show(struct tool *t, int status)
{
	int r;

	if (status != STATUS_OK && status != STATUS_MISSING && status != STATUS_DIFFERS)
		return status;
	r = out_flush(&t->out);
	if (!r || r == -EPIPE)
		return status;
	return tool_refuse(t, STATUS_FAILED, r, "standard output", "%s", strerror(-r));
}

/* A descriptor that the shell closed must not become a socket that output is written to. */
static void fill_standard_fds(void)
{
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDONLY) != fd)
			_exit(STATUS_FAILED);
}

int main(int argc, char **argv)
{
	struct tool t = { .err = WEIR_ERROR_INIT };
	struct args a = { .n_words = 0 };
	int status;

	if (argc < 1)
		return STATUS_USAGE;
	fill_standard_fds();
	status = read_command_line(&t, argc, argv, &a);
	t.out.has_color = wants_color(&t);
	if (!status)
		status = run(&t, &a);
	status = show(&t, status);
	tool_stats(&t);
	tool_close(&t);
	out_done(&t.out);
	free(a.words);
	return status;
}
