/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What commands have in common: the handle, a transaction that is carried out or
 * (with --dry-run) explained, and errors: one line for people, an object for
 * programs, always on stderr.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "weir.h"

/* --- errors ----------------------------------------------------------------------- */

static void print_json_error(const struct weir_error *err, const char *line)
{
	const char *code = err->code < 0 ? strerrorname_np(-err->code) : NULL;
	json_t *error =
		json_pack("{s:{s:s, s:s, s:o, s:o, s:o, s:o}}", "error", "code",
			  code ? code : "EIO", "stage", weir_stage_name(err->stage), "object",
			  json_text(err->object), "attribute", json_text(err->attr), "message",
			  json_text(err->msg), "text", json_text(line));

	json_dumpf(error, stderr, JSON_INDENT(2));
	fputc('\n', stderr);
	json_decref(error);
}

/* A line is one line, whatever was in a file or a name that it quotes. */
static void make_harmless(char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			*s = '?';
}

int tool_fail(struct tool *t, int status)
{
	char line[1024];

	weir_error_format(&t->err, line, sizeof(line));
	make_harmless(line);
	if (t->is_json)
		print_json_error(&t->err, line);
	else
		fprintf(stderr, "weir: %s\n", line);
	return status;
}

int tool_refuse(struct tool *t, int status, int code, const char *object, const char *fmt, ...)
{
	va_list ap;

	t->err = (struct weir_error)WEIR_ERROR_INIT;
	t->err.code = code;
	t->err.stage = status == STATUS_FAILED ? WEIR_STAGE_SYSTEM : WEIR_STAGE_INPUT;
	snprintf(t->err.object, sizeof(t->err.object), "%s", object);
	va_start(ap, fmt);
	vsnprintf(t->err.msg, sizeof(t->err.msg), fmt, ap);
	va_end(ap);
	return tool_fail(t, status);
}

/* The exit status for t->err, where -ENOENT means that the user named what is not there. */
int tool_not_found(const struct tool *t, int otherwise)
{
	return t->err.code == -ENOENT || t->err.code == -ENODEV ? STATUS_NOT_FOUND : otherwise;
}

int tool_find_link(struct tool *t, const char *name, struct weir_link *ret)
{
	*ret = (struct weir_link){ .sz = sizeof(*ret) };
	return weir_link_get(t->w, 0, name, ret, &t->err) ? tool_fail(t, tool_not_found(t, STATUS_FAILED)) : STATUS_OK;
}

/* --- the handle ------------------------------------------------------------------- */

/*
 * Two namespaces must never share live state, so each has a directory of its
 * own: after its name, or after the inode number of what a path leads to.
 */
static char *state_dir_of(const char *netns)
{
	const char *slash = strrchr(netns, '/');
	struct stat st;

	if (!slash)
		return xformat(WEIR_STATE_DIR "/netns-%s", netns);
	if (!strncmp(netns, "/run/netns/", 11) || !strncmp(netns, "/var/run/netns/", 15))
		return xformat(WEIR_STATE_DIR "/netns-%s", slash + 1);
	return xformat(WEIR_STATE_DIR "/netns-%llu",
		       stat(netns, &st) ? 0ull : (unsigned long long)st.st_ino);
}

static const char *or_env(const char *value, const char *variable)
{
	if (!value)
		value = getenv(variable);
	return value && *value ? value : NULL;
}

/* The library wants absolute paths: a journal must mean the same from anywhere. */
static char *absolute(const char *path)
{
	char *cwd = *path == '/' ? NULL : getcwd(NULL, 0);
	char *s = xformat("%s%s%s", cwd ? cwd : "", cwd ? "/" : "", path);

	free(cwd);
	return s;
}

static void choose_directories(struct tool *t)
{
	const char *config_dir = or_env(t->config_dir, "WEIR_CONFIG_DIR");
	const char *state_dir = or_env(t->state_dir, "WEIR_STATE_DIR");

	t->own_config_dir = absolute(config_dir ? config_dir : WEIR_CONFIG_DIR);
	if (!state_dir && t->netns)
		t->own_state_dir = state_dir_of(t->netns);
	else
		t->own_state_dir = absolute(state_dir ? state_dir : WEIR_STATE_DIR);
}

int tool_open_folder(struct tool *t, const char *folder, struct weir **ret)
{
	char *state_dir = xformat("%s%s%s", t->own_state_dir, folder ? "/" : "", folder ? folder : "");
	struct weir_options opts = { .sz = sizeof(opts), .step_ops = t->step_ops, .netns = t->netns,
				     .config_dir = t->own_config_dir, .state_dir = state_dir };
	int r = weir_open(&opts, ret, &t->err);

	free(state_dir);
	return r ? tool_fail(t, tool_not_found(t, STATUS_FAILED)) : STATUS_OK;
}

int tool_open(struct tool *t)
{
	int status;

	feature_step_ops(t->step_ops);
	choose_directories(t);
	status = tool_open_folder(t, command_folder(t->cmd), &t->w);
	return status ? status : feature_join(t);
}

void tool_close(struct tool *t)
{
	weir_close(t->w);
	t->w = NULL;
	free(t->own_config_dir);
	free(t->own_state_dir);
}

void tool_stats(struct tool *t)
{
	struct weir_counters c = { .sz = sizeof(c) };

	if (!t->wants_stats || !t->w)
		return;
	weir_get_counters(t->w, &c);
	fprintf(stderr,
		t->is_json ?
			"{\"rtnetlink\": {\"sends\": %llu, \"messages\": %llu, \"bytes\": %llu, "
			"\"receives\": %llu}}\n" :
			"weir: rtnetlink: %llu sends, %llu messages, %llu bytes, %llu receives\n",
		(unsigned long long)c.n_sends, (unsigned long long)c.n_messages,
		(unsigned long long)c.n_bytes, (unsigned long long)c.n_receives);
}

/* --- transactions ----------------------------------------------------------------- */

static const char *const recovered[] = {
	[1] = "what a killed weir had left half done was undone first",
	[2] = "what a killed weir had left to be finished was completed first",
};

/* Says what weir_txn_begin() would do silently. If somebody else works there, begin waits for it. */
static int recover_first(struct tool *t)
{
	int r = weir_recover(t->w, &t->err);

	if ((r == 1 || r == 2) && !t->is_json)
		fprintf(stderr, "weir: %s\n", recovered[r]);
	if (r < 0 && r != -EBUSY)
		return tool_fail(t, STATUS_FAILED);
	return STATUS_OK;
}

int tool_begin(struct tool *t, struct weir_txn **ret, const char *fmt, ...)
{
	char title[300];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(title, sizeof(title), fmt, ap);
	va_end(ap);
	if (!t->is_dry_run && recover_first(t))
		return STATUS_FAILED;
	if (weir_txn_begin(t->w, title, t->is_dry_run ? WEIR_TXN_DRY : 0, ret, &t->err))
		return tool_fail(t, STATUS_FAILED);
	return STATUS_OK;
}

int tool_no_plan(struct tool *t)
{
	return usage_error(t, "cannot be planned");
}

static int print_plan(struct tool *t, struct weir_txn *txn)
{
	char *script = NULL;

	if (weir_txn_plan(txn, &script, &t->err))
		return tool_fail(t, STATUS_FAILED);
	if (t->is_json)
		out_json(&t->out, json_pack("{s:o}", "script", json_text(script)));
	else
		out_text(&t->out, "%s", script);
	free(script);
	return STATUS_OK;
}

/* 0 or a negative errno. A rest that failed is no failure: the change is done, and exit status 1 says that nothing is. */
int tool_carry_out(struct tool *t, struct weir_txn *txn)
{
	int r = weir_txn_commit(txn, &t->err);
	char line[1024];

	if (r > 0) {
		make_harmless((char *)weir_error_format(&t->err, line, sizeof(line)));
		fprintf(stderr, "weir: done, but for what `weir recover` or the next change tries again: %s\n", line);
	}
	return r < 0 ? r : 0;
}

/* Ends the transaction in every case. -ENOENT of a builder means status_if_absent. */
int tool_commit(struct tool *t, struct weir_txn *txn, int status_if_absent)
{
	int status = STATUS_OK;

	if (weir_txn_error(txn, &t->err))
		status = tool_fail(t, t->err.code == -ENOENT ? status_if_absent : STATUS_FAILED);
	else if (t->is_dry_run)
		status = print_plan(t, txn);
	if (status || t->is_dry_run)
		weir_txn_abort(txn);
	else if (tool_carry_out(t, txn))
		status = tool_fail(t, STATUS_FAILED);
	return status;
}
