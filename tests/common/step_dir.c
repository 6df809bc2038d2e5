/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See step_dir.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "step_dir.h"

char dir[64], state_dir[80];
struct weir *step_w;

const char *in_dir(const char *name)
{
	static char path[8][160];
	static int turn;

	turn = (turn + 1) % 8;
	wr_format(path[turn], sizeof(path[0]), "%s/%s", dir, name);
	return path[turn];
}

/* Steps of the test's own: what is called is noted, and what is to fail fails. */
char calls[512];
const char *failing = "";
const char *deadly = "";

static int note(const char *call, const struct weir_step *s, const char *more, struct weir_error *err)
{
	char text[64];
	size_t len = strlen(calls);

	wr_format(text, sizeof(text), "%s %s", call, (const char *)weir_step_part(s, 0).data);
	wr_format(calls + len, sizeof(calls) - len, "%s%s%s", len ? ", " : "", text, more);
	if (!strcmp(text, deadly))
		_exit(9);
	if (strcmp(text, failing) != 0)
		return 0;
	return wr_error(err, -EXDEV, WEIR_STAGE_SYSTEM, "", "", "%s was to fail", text);
}

static int test_apply(struct weir *handle, const struct weir_step *s, struct weir_error *err)
{
	return note("apply", s, "", err);
}

static int test_undo(struct weir *handle, const struct weir_step *s, bool applied, struct weir_error *err)
{
	return note("undo", s, applied ? "" : "?", err);
}

static int test_finish(struct weir *handle, const struct weir_step *s, struct weir_error *err)
{
	return note("finish", s, "", err);
}

static char *test_plan(const struct weir_step *s)
{
	wr_auto(str) struct wr_str text = { 0 };

	wr_str_printf(&text, "echo %s", (const char *)weir_step_part(s, 0).data);
	return wr_str_take(&text);
}

const struct weir_step_ops test_ops = {
	.sz = sizeof(test_ops), .name = "test", .apply = test_apply, .undo = test_undo,
	.finish = test_finish, .plan = test_plan,
};
/* One that the handle of these tests does not know. */
const struct weir_step_ops strange_ops = { .sz = sizeof(strange_ops), .name = "strange" };
const struct weir_step_ops *const known_ops[] = { &test_ops, NULL };

struct weir *open_handle(const struct weir_step_ops *const *ops, uint32_t timeout_ms)
{
	struct weir_options opts = { .sz = sizeof(opts), .state_dir = state_dir, .step_ops = ops,
				     .lock_timeout_ms = timeout_ms };
	struct weir *handle = NULL;

	assert_int_equal(weir_open(&opts, &handle, NULL), 0);
	return handle;
}

int step_setup(void **state)
{
	memcpy(dir, "/tmp/weir-txn-XXXXXX", 21);
	if (!mkdtemp(dir))
		return -1;
	wr_format(state_dir, sizeof(state_dir), "%s/state", dir);
	step_w = open_handle(known_ops, 20);
	*calls = '\0';
	failing = deadly = "";
	return 0;
}

int step_teardown(void **state)
{
	char command[128];

	weir_close(step_w);
	wr_format(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

struct weir_txn *step_begin(unsigned int flags)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_txn *t = NULL;

	if (weir_txn_begin(step_w, "test", flags, &t, &err) < 0)
		fail_msg("%s: %s", err.object, err.msg);
	return t;
}

int step(struct weir_txn *t, const char *name)
{
	return weir_txn_step(t, &test_ops, name, &(struct weir_blob){ name, strlen(name) }, 1);
}

void has_content(const char *path, const char *content)
{
	wr_auto(str) struct wr_str got = { 0 };

	assert_int_equal(wr_file_read(path, &got), 0);
	assert_string_equal(wr_str_text(&got), content);
}

bool exists(const char *path)
{
	return access(path, F_OK) == 0;
}

bool has_journal(void)
{
	wr_auto(str) struct wr_str text = { 0 };

	return !wr_file_read(in_dir("state/journal"), &text) && text.len && strncmp(text.data, "weirjnl1-", 9) != 0;
}

unsigned int mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_mode & 07777;
}

int status_of(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}
