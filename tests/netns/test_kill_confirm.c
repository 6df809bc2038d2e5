/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * `weir apply --confirm` is two processes: the command, and its guard, which holds
 * the change until somebody decides. Each is killed before every system call of
 * its own, and both are at once. Whoever is left, or comes next, makes it whole:
 * links, addresses, routes and stored files are as before, unless the word to keep
 * them had come; then they may all be as they were asked for.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <weir/json.h>

#include "base/str.h"
#include "lib_host.h"
#include "lib_trace.h"

#define BEFORE BR("'mtu':1500," V4(A1), ETH("a0"))
#define AFTER "{'type':'bridge','name':'br0','mtu':1400,'protocols':[{'family':'ipv4','addresses':[" A2 "]," \
	      "'routes':[{'gateway':'10.1.1.9'}]}],'ports':[" ETH("a0") "," ETH("a1") "]}"

static char *tool, config_option[96], state_option[96], file[96];

/* --- what must be whole ------------------------------------------------------------------ */

/* What the links did when somebody looked is not what was asked for. */
static void forget_carrier(struct weir_group *g)
{
	g->link.has = 0;
	for (size_t i = 0; i < g->n_ports; i++)
		forget_carrier(&g->ports[i]);
}

/* Interfaces in the kernel, stored definitions, records and journals; faster than a snapshot. */
static char *state_now(void)
{
	static const char *const names[] = { "br0", "a0", "a1" };
	wr_auto(str) struct wr_str all = { 0 };
	char *files;

	for (size_t i = 0; i < 3; i++) {
		struct weir_group *g = NULL;
		char *json = NULL;

		assert_int_equal(weir_group_state(host_w, names[i], &g, NULL), 0);
		forget_carrier(g);
		assert_int_equal(weir_group_json(g, &json), 0);
		wr_str_puts(&all, json);
		free(json);
		weir_group_free(g);
	}
	files = ns_out("find %s %s -type f ! -name lock | sort | while read -r f; do [ ! -s $f ] || grep -q '^weirjnl1-' $f || { echo $f; cat $f; }; done", ns_config_dir,
		       ns_state_dir);
	wr_str_puts(&all, files);
	free(files);
	return wr_str_take(&all);
}

static bool is_now(const char *state)
{
	char *now = state_now();
	bool same = !strcmp(now, state);

	free(now);
	return same;
}

/* --- the command --------------------------------------------------------------------------- */

static pid_t start(void)
{
	static char words[][12] = { "apply", "--confirm", "60" };
	char *const argv[] = { tool, config_option, state_option, words[0], file, words[1], words[2], NULL };

	return trace_start_command(argv);
}

/* Sends the guard a word; the descriptor is open until the guard has answered. */
static int send_word(const char *word)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s/host/confirm", ns_state_dir);
	assert_int_equal(connect(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
	assert_int_equal(send(fd, word, strlen(word), MSG_NOSIGNAL), strlen(word));
	return fd;
}

/* The guard asks for two things at once only where it waits for the decision. */
static bool waits(const struct ptrace_syscall_info *info)
{
	return info->op == PTRACE_SYSCALL_INFO_ENTRY && info->entry.nr == SYS_poll && info->entry.args[1] == 2;
}

/* What has no parent any more is ours (PR_SET_CHILD_SUBREAPER): the guard ends by itself. */
static void wait_for_all(void)
{
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
	assert_int_equal(errno, ECHILD);
}

/* --- who is killed ---------------------------------------------------------------------------- */

struct victim {
	const char *name;
	const char *word;	/* what decides, when the change waits */
	bool kills_guard, kills_command;
};

/* What one try came to. */
struct outcome {
	bool is_over;		/* there were not so many moments */
	bool was_sent;		/* the word */
	int status;		/* of a command that was left */
};

/* Guard: traced from its first call on. */
static struct outcome kill_guard_at(const struct victim *v, unsigned int n)
{
	struct trace_moments moments = { .n = 0 };
	struct ptrace_syscall_info info;
	struct outcome o = { .is_over = true };
	pid_t command = start(), guard = trace_follow_child(command);
	int fd = -1, status;

	while (trace_step(guard, &info, &status)) {
		if (trace_is_moment(&moments, &info) && moments.n > n) {
			if (v->kills_command)
				kill(command, SIGKILL);
			trace_kill(guard);
			o.is_over = false;
			break;
		}
		if (fd < 0 && waits(&info)) {
			fd = send_word(v->word);
			o.was_sent = true;
		}
	}
	assert_int_equal(waitpid(command, &o.status, 0), command);
	if (fd >= 0)
		close(fd);
	return o;
}

/* The command: what it tells people is written when the guard waits. */
static struct outcome kill_command_at(const struct victim *v, unsigned int n)
{
	struct trace_moments moments = { .n = 0 };
	struct ptrace_syscall_info info;
	struct outcome o = { .is_over = true };
	pid_t command = start();
	bool has_told = false;
	int fd = -1, status;

	while (trace_step(command, &info, &status)) {
		if (trace_is_moment(&moments, &info) && moments.n > n) {
			trace_kill(command);
			o.is_over = false;
			break;
		}
		if (info.op != PTRACE_SYSCALL_INFO_ENTRY)
			continue;
		if (has_told && fd < 0) {
			fd = send_word(v->word);
			o.was_sent = true;
		}
		has_told |= info.entry.nr == SYS_write && info.entry.args[0] == STDERR_FILENO;
	}
	wait_for_all();
	if (fd >= 0)
		close(fd);
	return o;
}

/* --- all moments ---------------------------------------------------------------------------------- */

static void write_definition(const char *json)
{
	FILE *f = fopen(file, "w");

	assert_non_null(f);
	for (const char *c = json; *c; c++)
		fputc(*c == '\'' ? '"' : *c, f);
	assert_int_equal(fclose(f), 0);
}

static void apply(const char *json)
{
	write_definition(json);
	ns_sh("%s %s %s apply %s >/dev/null", tool, config_option, state_option, file);
}

static void find_tool(void)
{
	const char *given = getenv("WEIR");

	tool = realpath(given ? given : "build/weir", NULL);
	if (!tool)
		fail_msg("%s is not there", given ? given : "build/weir");
	snprintf(config_option, sizeof(config_option), "--config-dir=%s", ns_config_dir);
	snprintf(state_option, sizeof(state_option), "--state-dir=%s", ns_state_dir);
	snprintf(file, sizeof(file), "%s.json", ns_config_dir);
}

static void check(const struct victim *v, unsigned int n, const struct outcome *o, const char *before, const char *after)
{
	bool may_be_kept = o->was_sent && !strcmp(v->word, "confirm"), is_kept;

	if (v->kills_command && v->kills_guard)
		ns_sh("%s %s %s recover >/dev/null", tool, config_option, state_option);
	is_kept = may_be_kept && is_now(after);
	if (!is_kept && !is_now(before)) {
		char *now = state_now();

		ns_show_difference(before, now);
		fail_msg("%s: killed at moment %u: neither as before nor complete", v->name, n);
	}
	/* A command that is left says what came of it. */
	if (!v->kills_command && (!WIFEXITED(o->status) || (WEXITSTATUS(o->status) == 0) != is_kept))
		fail_msg("%s: killed at moment %u: %s, but its status is 0x%x", v->name, n,
			 is_kept ? "kept" : "undone", (unsigned int)o->status);
	if (is_kept)
		apply(BEFORE);
	write_definition(AFTER);
}

static void kill_at_every_call(void **state)
{
	const struct victim *v = *state;
	unsigned int step = ns_stride(), n = 0, tried = 0, kept = 0;
	char *before, *after, *snapshot;

	host_setup(NULL);
	/* Its link-local addresses come and go by themselves, some time later. */
	ns_sh("cd /proc/sys/net/ipv6/conf && for c in all default; do echo 1 >$c/disable_ipv6; done");
	find_tool();
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	apply(AFTER);
	apply(BEFORE);
	apply(AFTER);
	after = state_now();
	apply(BEFORE);
	before = state_now();
	snapshot = ns_snapshot();
	write_definition(AFTER);
	for (;; n += step, tried++) {
		struct outcome o = v->kills_guard ? kill_guard_at(v, n) : kill_command_at(v, n);

		if (o.is_over)
			break;
		kept += o.was_sent;
		check(v, n, &o, before, after);
	}
	print_message("%s: killed at %u of %u moments, %u of them after the word\n", v->name, tried, n, kept);
	assert_true(tried > 0);
	apply(BEFORE);
	ns_assert_same(snapshot, "in the end");
	free(before);
	free(after);
	free(snapshot);
	free(tool);
	host_teardown(NULL);
}

int main(void)
{
	static const struct victim victims[] = {
		{ "the guard, kept", "confirm", true, false },
		{ "the guard, undone", "undo", true, false },
		{ "the command", "confirm", false, true },
		{ "both", "undo", true, true },
	};
	struct CMUnitTest tests[4];

	for (size_t i = 0; i < 4; i++)
		tests[i] = (struct CMUnitTest){ .name = victims[i].name, .test_func = kill_at_every_call,
						.initial_state = (void *)&victims[i] };
	return _cmocka_run_group_tests("confirm", tests, 4, NULL, NULL);
}
