/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * weir net apply, diff, edit: a definition as a whole becomes another one, stored or
 * running; what a change takes is said before it is asked.
 */
#include <errno.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <weir/json.h>
#include <weir/update.h>

#include "weir.h"

/* 0: neither was given. */
static int which_of(const struct args *a)
{
	return (a->value[OPT_CONFIG] ? WEIR_NETWORK_CONFIG : 0) |
	       (a->value[OPT_LIVE] ? WEIR_NETWORK_LIVE : 0);
}

static void report(struct tool *t, const char *name, const char *verb)
{
	if (t->is_json)
		out_json(&t->out, json_pack("{s:o, s:b}", "name", json_text(name), verb, 1));
	else
		out_text(&t->out, "network %s %s\n", name, verb);
}

/* --- diff ------------------------------------------------------------------------------------------ */

static const char *takes_word(unsigned int takes)
{
	static const char *const words[] = { "live", "replug", "restart" };

	return takes < 3 ? words[takes] : "unknown";
}

static json_t *json_changes(const struct weir_change *c, size_t n)
{
	json_t *array = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(array,
				      json_pack("{s:o, s:o, s:o, s:s}", "path",
						json_text(c[i].path), "from", json_text(c[i].from),
						"to", json_text(c[i].to), "takes",
						takes_word(c[i].takes)));
	return array;
}

static void diff_as_table(struct tool *t, const struct weir_change *c, size_t n)
{
	static const char *const heads[] = { "TAKES", "WHAT", "FROM", "TO" };
	static const enum tint tints[] = { TINT_GREEN, TINT_NONE, TINT_RED };
	struct table *table = table_new(heads, 4);

	for (size_t i = 0; i < n; i++) {
		table_cell(table, tints[c[i].takes % 3], "%s", takes_word(c[i].takes));
		table_cell(table, TINT_NONE, "%s", c[i].path);
		table_cell(table, TINT_NONE, "%s", c[i].from);
		table_cell(table, TINT_NONE, "%s", c[i].to);
	}
	table_print(table, &t->out);
}

/* What the file leaves to be made is as it is. */
static void complete(struct weir_network *net, const struct weir_network *is)
{
	if (!*net->uuid)
		memcpy(net->uuid, is->uuid, sizeof(net->uuid));
	if (!*net->bridge.name && net->forward.mode <= WEIR_FORWARD_OPEN)
		memcpy(net->bridge.name, is->bridge.name, sizeof(net->bridge.name));
	if (!net->mac && is->mac && net->forward.mode <= WEIR_FORWARD_OPEN)
		net->mac = strdup(is->mac);
}

static int show_diff(struct tool *t, const struct weir_network *is, const struct weir_network *want)
{
	struct weir_change *changes = NULL;
	size_t n = 0;

	if (weir_network_diff(is, want, &changes, &n, &t->err))
		return tool_fail(t, STATUS_FAILED);
	if (t->is_json)
		out_json(&t->out, json_changes(changes, n));
	else
		diff_as_table(t, changes, n);
	free(changes);
	return n ? STATUS_DIFFERS : STATUS_OK;
}

int cmd_net_diff(struct tool *t, const struct args *a)
{
	struct weir_network *is = NULL, *want = NULL;
	int status;

	if (a->value[OPT_CONFIG] && a->value[OPT_LIVE])
		return usage_error(t, "--config and --live exclude each other");
	status = tool_read_network(t, a->words[0], &want);
	if (status)
		return status;
	if (weir_network_get(t->w, want->name, which_of(a), &is, &t->err)) {
		weir_network_free(want);
		return tool_fail(t, tool_not_found(t, STATUS_FAILED));
	}
	complete(want, is);
	status = show_diff(t, is, want);
	weir_network_free(is);
	weir_network_free(want);
	return status;
}

/* --- apply --------------------------------------------------------------------------------------------- */

static int apply(struct tool *t, const struct weir_network *net, int which)
{
	struct weir_txn *txn;
	int status = tool_begin(t, &txn, "apply a definition to network %s", net->name);

	if (status)
		return status;
	weir_txn_network_apply(txn, net, which);
	return tool_commit(t, txn, STATUS_NOT_FOUND);
}

/* Of the definition that counts, before it is another one. */
static size_t find_changes(struct tool *t, struct weir_network *want, int which, struct weir_change **ret)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_network *is = NULL;
	size_t n = 0;

	if (weir_network_get(t->w, want->name, which & WEIR_NETWORK_LIVE ? WEIR_NETWORK_LIVE : which, &is, &err))
		return 0;
	complete(want, is);
	weir_network_diff(is, want, ret, &n, &err);
	weir_network_free(is);
	return n;
}

static void report_changes(struct tool *t, const char *name, const struct weir_change *changes, size_t n)
{
	if (t->is_json) {
		out_json(&t->out, json_pack("{s:o, s:b, s:o}", "name", json_text(name), "applied", 1, "changes",
					    json_changes(changes, n)));
		return;
	}
	out_text(&t->out, "network %s applied\n", name);
	if (n)
		diff_as_table(t, changes, n);
}

int cmd_net_apply(struct tool *t, const struct args *a)
{
	struct weir_change *changes = NULL;
	struct weir_network *net = NULL;
	int status = tool_read_network(t, a->words[0], &net);
	size_t n;

	if (status)
		return status;
	n = find_changes(t, net, which_of(a), &changes);
	status = apply(t, net, which_of(a));
	if (!status && !t->is_dry_run)
		report_changes(t, net->name, changes, n);
	free(changes);
	weir_network_free(net);
	return status;
}

/* --- edit ------------------------------------------------------------------------------------------------ */

/* A variable that is empty says as little as one that is not set. */
static const char *editor(void)
{
	static const char *const variables[] = { "VISUAL", "EDITOR" };

	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
		const char *command = getenv(variables[i]);

		if (command && *command)
			return command;
	}
	return "vi";
}

static int run_editor(const char *file)
{
	char *line = xformat("%s \"$1\"", editor());
	char *argv[] = { (char *)(uintptr_t) "sh", (char *)(uintptr_t) "-c", line,
			 (char *)(uintptr_t) "sh", (char *)(uintptr_t)file,  NULL };
	int status = -1;
	pid_t pid;

	if (!posix_spawn(&pid, "/bin/sh", NULL, NULL, argv, environ))
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
	free(line);
	return status;
}

static int write_definition(struct tool *t, const struct weir_network *net, char *path)
{
	char *json = NULL;
	int fd = mkstemps(path, 5);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "w");
	bool good = f && !weir_network_json(net, &json) && fputs(json, f) >= 0;

	if (f && fclose(f))
		good = false;
	free(json);
	return good ? STATUS_OK :
		      tool_refuse(t, STATUS_FAILED, -errno, path, "%s", strerror(errno));
}

/* An editor takes its time: what somebody else changed meanwhile must not be lost without a word. */
static int check_unchanged(struct tool *t, const struct weir_network *was)
{
	struct weir_network *is = NULL;
	struct weir_change *changes = NULL;
	size_t n = 0;
	int status = STATUS_OK;

	if (weir_network_get(t->w, was->name, WEIR_NETWORK_CONFIG, &is, &t->err) ||
	    weir_network_diff(was, is, &changes, &n, &t->err))
		status = tool_fail(t, tool_not_found(t, STATUS_FAILED));
	else if (n)
		status = tool_refuse(t, STATUS_FAILED, -ESTALE, changes[0].path, "was changed meanwhile");
	weir_network_free(is);
	free(changes);
	return status;
}

static int apply_edited(struct tool *t, const struct weir_network *was, const struct weir_network *net)
{
	struct weir_txn *txn;
	int status = tool_begin(t, &txn, "edit network %s", net->name);

	if (status)
		return status;
	status = check_unchanged(t, was);
	if (status) {
		weir_txn_abort(txn);
		return status;
	}
	weir_txn_network_apply(txn, net, WEIR_NETWORK_CONFIG);
	return tool_commit(t, txn, STATUS_NOT_FOUND);
}

/* Nobody likes to write a thing twice: the file stays when what is in it could not be used. */
static void end_edit(const struct tool *t, const char *path, bool is_kept)
{
	if (is_kept && !t->is_json)
		fprintf(stderr, "weir: what was written is in %s\n", path);
	else
		unlink(path);
}

int cmd_net_edit(struct tool *t, const struct args *a)
{
	struct weir_network *was = NULL, *net = NULL;
	char path[] = "/tmp/weir-XXXXXX.json";
	bool is_kept;
	int status;

	if (weir_network_get(t->w, a->words[0], WEIR_NETWORK_CONFIG, &was, &t->err))
		return tool_fail(t, tool_not_found(t, STATUS_FAILED));
	status = write_definition(t, was, path);
	if (!status && run_editor(path))
		status = tool_refuse(t, STATUS_FAILED, -ECANCELED, path,
				     "the editor failed; nothing was changed");
	is_kept = !status;
	if (!status)
		status = tool_read_network(t, path, &net);
	if (!status)
		status = apply_edited(t, was, net);
	if (!status && !t->is_dry_run)
		report(t, net->name, "edited");
	end_edit(t, path, is_kept && status);
	weir_network_free(was);
	weir_network_free(net);
	return status;
}
