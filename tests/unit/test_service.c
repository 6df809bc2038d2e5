/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Steps of a transaction that are daemons (lib/txn/service.c): started, frozen,
 * ended and told to read again, found without their pid file, and what they say when
 * they do not start. The daemons are a shell script.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Ahead of the other, whose names it uses for what is its own. */
#include "txn/service.c"

#include "tests/common/descriptors.h"
#include "tests/common/step_dir.h"

/* argv: /bin/sh SCRIPT WORK PIDFILE; it writes "hup" to PIDFILE.log when it is told to read again. */
static const char daemon_script[] =
	"case $1 in\n"
	"in-use) echo 'warning: something else' >&2\n"
	"	echo 'cannot bind 10.0.0.1: Address already in use' >&2; exit 2 ;;\n"
	"odd) echo 'this is no text of an errno' >&2; exit 1 ;;\n"
	"mute) exit 3 ;;\n"
	"loud) i=0; while [ $i -lt 300 ]; do echo \"warning number $i of many\" >&2; i=$((i + 1)); done\n"
	"	echo 'failed: Permission denied' >&2; exit 1 ;;\n"
	"killed) kill -9 $$ ;;\n"
	"slow)	(\n"
	"		trap '' HUP; echo begun >>\"$2.log\"\n"
	"		i=0; while [ $i -lt 10000 ]; do i=$((i + 1)); done\n"
	"		trap 'echo hup >>\"$2.log\"' HUP\n"
	"		mkfifo \"$2.fifo\"; exec 3<>\"$2.fifo\"; while :; do read -r _ <&3; done\n"
	"	) </dev/null >/dev/null 2>&1 &\n"
	"	echo $! >\"$2\"; while [ ! -s \"$2.log\" ]; do :; done; exit ;;\n"
	"esac\n"
	"mkfifo \"$2.fifo\" 2>/dev/null\n"
	"(\n"
	"	trap 'echo hup >>\"$2.log\"' HUP\n"
	"	exec 3<>\"$2.fifo\"\n"
	"	echo >>\"$2.fifo\"; read -r _ <&3\n"
	"	if [ \"$1\" = forks ]; then ( while :; do read -r _ <&3; done ) & fi\n"
	"	echo ready >>\"$2.log\"\n"
	"	while :; do read -r _ <&3; done\n"
	") </dev/null >/dev/null 2>&1 &\n"
	"echo $! >\"$2\"\n"
	"while [ ! -s \"$2.log\" ]; do sleep 0.01; done\n";

static struct {
	char script[128], pid_file[128], log[160];
	const char *argv[5];
	struct weir_service service;
} d;

static const struct weir_service *daemon_that(const char *does)
{
	wr_format(d.script, sizeof(d.script), "%s/daemon", dir);
	wr_format(d.pid_file, sizeof(d.pid_file), "%s/daemon.pid", dir);
	wr_format(d.log, sizeof(d.log), "%s.log", d.pid_file);
	assert_int_equal(wr_file_write(d.script, daemon_script, strlen(daemon_script), 0755, false), 0);
	d.argv[0] = "/bin/sh";
	d.argv[1] = d.script;
	d.argv[2] = does;
	d.argv[3] = d.pid_file;
	d.service = (struct weir_service){ sizeof(d.service), "the daemon", d.argv, d.pid_file, NULL };
	return &d.service;
}

static void commit(struct weir_txn *t)
{
	struct weir_error err = WEIR_ERROR_INIT;

	if (weir_txn_commit(t, &err))
		fail_msg("%s: %s", err.object, err.msg);
}

static int start_daemon(void)
{
	const struct weir_service *s = daemon_that("serve");
	struct weir_txn *t = step_begin(0);

	weir_txn_service_start(t, s);
	commit(t);
	return weir_service_pid(s);
}

static void stop_daemon(bool at_once)
{
	struct weir_txn *t = step_begin(0);

	weir_txn_service_stop(t, &d.service, at_once);
	commit(t);
}

/* 'T' while it is frozen, '\0' when it is gone (or waits for its parent to notice). */
static char state_of(int pid)
{
	wr_auto(str) struct wr_str text = { 0 };
	char path[64], c = '\0';

	wr_format(path, sizeof(path), "/proc/%d/stat", pid);
	if (!wr_file_read(path, &text))
		c = strrchr(text.data, ')')[2];
	return c == 'Z' || c == 'X' ? '\0' : c;
}

static void daemons_start_and_stop(void **state)
{
	for (int at_once = 0; at_once < 2; at_once++) {
		int pid = start_daemon();

		assert_true(pid > 0 && state_of(pid));
		stop_daemon(at_once);
		assert_false(state_of(pid));
		assert_int_equal(weir_service_pid(&d.service), 0);
		assert_false(exists(d.pid_file));
		/* One that does not run is no error. */
		stop_daemon(at_once);
		assert_int_equal(unlink(d.log), 0);
	}
}

static void a_start_is_undone_by_a_stop(void **state)
{
	struct weir_txn *t = step_begin(0);

	weir_txn_service_start(t, daemon_that("serve"));
	failing = "apply z";
	step(t, "z");
	assert_int_equal(weir_txn_commit(t, NULL), -EXDEV);
	assert_true(exists(d.log));
	assert_int_equal(weir_service_pid(&d.service), 0);
	assert_false(exists(d.pid_file));
}

static void a_stop_is_undone_by_going_on(void **state)
{
	int pid = start_daemon();
	struct weir_txn *t = step_begin(0);

	weir_txn_service_stop(t, &d.service, false);
	failing = "apply z";
	step(t, "z");
	assert_int_equal(weir_txn_commit(t, NULL), -EXDEV);
	failing = "";
	/* The very process that was there. */
	assert_int_equal(weir_service_pid(&d.service), pid);
	assert_true(state_of(pid) && state_of(pid) != 'T');
	stop_daemon(false);
}

static void a_stop_at_once_is_undone_by_a_start(void **state)
{
	int pid = start_daemon(), again;
	struct weir_txn *t = step_begin(0);

	weir_txn_service_stop(t, &d.service, true);
	failing = "apply z";
	step(t, "z");
	assert_int_equal(weir_txn_commit(t, NULL), -EXDEV);
	failing = "";
	again = weir_service_pid(&d.service);
	assert_true(again > 0 && again != pid);
	stop_daemon(false);
}

static void a_successor_in_one_transaction(void **state)
{
	int pid = start_daemon(), again;
	struct weir_txn *t = step_begin(0);

	weir_txn_service_stop(t, &d.service, true);
	weir_txn_service_start(t, &d.service);
	commit(t);
	again = weir_service_pid(&d.service);
	assert_true(again > 0 && again != pid);
	stop_daemon(false);
}

static void reloads_are_signals_at_the_end(void **state)
{
	int pid = start_daemon();
	struct weir_txn *t = step_begin(0);

	weir_txn_service_reload(t, &d.service);
	failing = "apply z";
	step(t, "z");
	assert_int_equal(weir_txn_commit(t, NULL), -EXDEV);
	failing = "";
	t = step_begin(0);
	weir_txn_service_reload(t, &d.service);
	commit(t);
	for (int i = 0; i < 5000; i++) {
		wr_auto(str) struct wr_str log = { 0 };

		assert_int_equal(wr_file_read(d.log, &log), 0);
		if (!strcmp(wr_str_text(&log), "ready\nhup\n"))
			break;
		assert_int_not_equal(i, 4999);
		usleep(1000);
	}
	assert_int_equal(weir_service_pid(&d.service), pid);
	stop_daemon(false);
}

/* Its parent has ended, and it does not listen yet. */
static void reloads_wait_for_who_is_busy(void **state)
{
	struct weir_txn *t = step_begin(0);
	bool was_told = false;

	weir_txn_service_start(t, daemon_that("slow"));
	commit(t);
	t = step_begin(0);
	weir_txn_service_reload(t, &d.service);
	commit(t);
	for (int i = 0; i < 5000 && !was_told; i++) {
		wr_auto(str) struct wr_str log = { 0 };

		assert_int_equal(wr_file_read(d.log, &log), 0);
		was_told = !strcmp(wr_str_text(&log), "begun\nhup\n");
		usleep(1000);
	}
	stop_daemon(false);
	assert_true(was_told);
}

/* A pid file that is stale: its number belongs to somebody else by now. */
static void a_recycled_pid_is_not_signalled(void **state)
{
	const struct weir_service *s = daemon_that("serve");
	char text[16];
	struct weir_txn *t;
	pid_t stranger = fork();

	if (!stranger) {
		execl("/bin/sleep", "/bin/sleep", "100", (char *)NULL);
		_exit(127);
	}
	wr_format(text, sizeof(text), "%d\n", stranger);
	assert_int_equal(wr_file_write(d.pid_file, text, strlen(text), 0600, false), 0);
	assert_int_equal(weir_service_pid(s), 0);
	t = step_begin(0);
	weir_txn_service_reload(t, s);
	commit(t);
	stop_daemon(false);
	assert_int_equal(wr_file_write(d.pid_file, text, strlen(text), 0600, false), 0);
	stop_daemon(true);
	assert_int_equal(waitpid(stranger, NULL, WNOHANG), 0);
	assert_true(state_of(stranger) && state_of(stranger) != 'T');
	kill(stranger, SIGKILL);
	assert_int_equal(status_of(stranger), -SIGKILL);
}

/* Found by its command line where the pid file is wrong, or was never written. */
static void a_daemon_is_found_without_its_pid_file(void **state)
{
	static const char *const wrong[] = { "", "x", "-1", "0", "1", "99999999999999999999" };
	int pid = start_daemon();

	for (size_t i = 0; i < WR_COUNT(wrong); i++) {
		assert_int_equal(wr_file_write(d.pid_file, wrong[i], strlen(wrong[i]), 0600, false), 0);
		assert_int_equal(weir_service_pid(&d.service), pid);
	}
	assert_int_equal(unlink(d.pid_file), 0);
	assert_int_equal(weir_service_pid(&d.service), pid);
	stop_daemon(false);
	assert_false(state_of(pid));
}

static void pass_over(int pid, void *arg)
{
}

static int n_of_it(void)
{
	wr_auto(str) struct wr_str argv = { 0 };

	join_argv(d.argv, &argv);
	return each_process(&(struct weir_blob){ argv.data, argv.len }, pass_over, NULL);
}

/* Those of it that outlive it, as who waits on a connection may, and are found by nothing but their parent. */
static void children_end_with_their_daemon(void **state)
{
	for (int at_once = 0; at_once < 2; at_once++) {
		struct weir_txn *t = step_begin(0);

		weir_txn_service_start(t, daemon_that("forks"));
		commit(t);
		assert_int_equal(n_of_it(), 2);
		stop_daemon(at_once);
		assert_int_equal(n_of_it(), 0);
		assert_int_equal(unlink(d.log), 0);
	}
}

/* Who cannot look at processes does not take the daemon for gone: it ends, or the stop says that it cannot. */
static void without_descriptors_nothing_is_gone(void **state)
{
	int pid = start_daemon(), r = -EMFILE;
	struct weir_error err = WEIR_ERROR_INIT;

	for (int n = 0; r == -EMFILE; n++) {
		struct weir_txn *t = step_begin(0);

		weir_txn_service_stop(t, &d.service, n % 2);
		leave_descriptors(n / 2);
		if (!n)
			assert_int_equal(weir_service_pid(&d.service), -EMFILE);
		r = weir_txn_commit(t, &err);
		leave_descriptors(-1);
	}
	assert_int_equal(r, 0);
	assert_false(state_of(pid));
	assert_int_equal(weir_service_pid(&d.service), 0);
}

static void daemons_that_do_not_start(void **state)
{
	static const struct {
		const char *does;
		int code;
		const char *msg;
	} cases[] = {
		{ "in-use", -EADDRINUSE, "cannot bind 10.0.0.1: Address already in use" },
		{ "odd", -EIO, "this is no text of an errno" },
		{ "mute", -EIO, "ended at once, without a word" },
		{ "killed", -EIO, "ended at once, without a word" },
		{ "loud", -EACCES, "failed: Permission denied" },
	};

	for (size_t i = 0; i < WR_COUNT(cases); i++) {
		struct weir_error err = WEIR_ERROR_INIT;
		struct weir_txn *t = step_begin(0);
		int r;

		weir_txn_service_start(t, daemon_that(cases[i].does));
		r = weir_txn_commit(t, &err);
		if (r != cases[i].code || strcmp(err.msg, cases[i].msg) != 0)
			fail_msg("%s: %d, %s", cases[i].does, r, err.msg);
		assert_int_equal(err.stage, WEIR_STAGE_PROGRAM);
		assert_string_equal(err.object, "the daemon");
		assert_int_equal(weir_service_pid(&d.service), 0);
	}
}

static void last_words_are_errnos(void **state)
{
	char text[256];

	for (int e = 1; e < 134; e++) {
		if (!strerrordesc_np(e))
			continue;
		wr_format(text, sizeof(text), "prog: doing it: %s", strerrordesc_np(e));
		assert_int_equal(errno_of(text), -e);
	}
	assert_int_equal(errno_of(""), -EIO);
	assert_int_equal(errno_of("Success"), -EIO);
	assert_int_equal(errno_of("Invalid argument, sorry"), -EIO);
}

static void services_that_are_none(void **state)
{
	static const char *const relative[] = { "sh", NULL }, *const nothing[] = { NULL };
	static const char *const missing[] = { "/no/such/daemon", NULL };
	const char *many[MAX_ARGS + 2];
	const struct {
		const char *name;
		const char *const *argv;
		int code;
	} cases[] = {
		{ "a relative path", relative, -EINVAL },
		{ "no program", nothing, -EINVAL },
		{ "too many words", many, -EINVAL },
		{ "a program that is not there", missing, -ENOENT },
	};

	for (size_t i = 0; i < WR_COUNT(many); i++)
		many[i] = i < MAX_ARGS + 1 ? "/bin/true" : NULL;
	for (size_t i = 0; i < WR_COUNT(cases); i++) {
		struct weir_service s = { sizeof(s), "it", cases[i].argv, "/run/it.pid", NULL };
		struct weir_txn *t = step_begin(0);
		int r = weir_txn_service_start(t, &s);

		if (r != cases[i].code)
			fail_msg("%s: %d", cases[i].name, r);
		weir_txn_abort(t);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, step_setup, step_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(daemons_start_and_stop),
		TEST(a_start_is_undone_by_a_stop),
		TEST(a_stop_is_undone_by_going_on),
		TEST(a_stop_at_once_is_undone_by_a_start),
		TEST(a_successor_in_one_transaction),
		TEST(reloads_are_signals_at_the_end),
		TEST(reloads_wait_for_who_is_busy),
		TEST(a_recycled_pid_is_not_signalled),
		TEST(a_daemon_is_found_without_its_pid_file),
		TEST(children_end_with_their_daemon),
		TEST(without_descriptors_nothing_is_gone),
		TEST(daemons_that_do_not_start),
		TEST(last_words_are_errnos),
		TEST(services_that_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
