/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * weir apply, confirm. With --confirm the change is held undecided by a guard: a
 * child in a session of its own, which has the transaction, the lock and with them
 * the undo. It decides by what happens first:
 *
 *	`weir confirm` by a socket in the state directory	it is kept
 *	the word on the terminal of `weir apply`		it is kept
 *	the time is over					it is undone
 *	`weir apply` dies: its end of a pipe is closed		it is undone
 *	the guard is killed		`weir apply` sees it and recovers; if both
 *					are, the next command that changes something
 *
 * Killed while it keeps the change, it has kept it or it has not: that is whole, too,
 * and `weir apply` says which.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "weir.h"

/* --- without waiting -------------------------------------------------------------------- */

/* @late: what is stored waits for the decision, so a reboot before it boots as before. */
static void build(struct weir_txn *txn, const struct groups *g, enum weir_effect worst, bool late)
{
	weir_txn_groups_up(txn, groups_list(g), g->n, worst);
	if (late)
		weir_txn_late(txn);
	weir_txn_groups_define(txn, groups_list(g), g->n);
}

static int apply_now(struct tool *t, const struct args *a, const struct groups *g)
{
	struct weir_txn *txn;
	int status = tool_begin(t, &txn, "apply %zu interfaces", g->n);

	if (status)
		return status;
	build(txn, g, worst_of(a), false);
	return tool_commit(t, txn, STATUS_FAILED);
}

/* --- the socket ---------------------------------------------------------------------------- */

/* By way of the directory's descriptor: a socket's path has 107 bytes, a directory's may have more. */
static int socket_at(struct tool *t, struct sockaddr_un *sun)
{
	int dir = open(weir_state_dir(t->w), O_PATH | O_DIRECTORY | O_CLOEXEC);

	*sun = (struct sockaddr_un){ .sun_family = AF_UNIX };
	snprintf(sun->sun_path, sizeof(sun->sun_path), "/proc/self/fd/%d/confirm", dir);
	return dir;
}

static int listen_for_word(struct tool *t)
{
	struct sockaddr_un sun;
	int dir = socket_at(t, &sun), fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	mode_t mask;

	if (dir < 0 || fd < 0)
		return -1;
	unlink(sun.sun_path);	/* of a guard that was killed: the lock is ours now */
	mask = umask(0177);
	if (bind(fd, (struct sockaddr *)&sun, sizeof(sun)) < 0 || listen(fd, 4) < 0) {
		close(fd);
		fd = -1;
	}
	umask(mask);
	close(dir);
	return fd;
}

static void unlink_socket(struct tool *t)
{
	struct sockaddr_un sun;
	int dir = socket_at(t, &sun);

	unlink(sun.sun_path);
	close(dir);
}

/* --- the guard ------------------------------------------------------------------------------- */

/* What the guard tells the command that waits: a letter, and for 'E' the error behind it. */
#define HELD 'H'
#define KEEPING 'k'
#define KEPT 'K'
#define UNDONE 'U'
#define ON_TIME 'T'
#define FAILED 'E'

struct guard {
	struct tool *t;
	int life;	/* from the command: the word; its end is the command's */
	int report;	/* to the command */
	int listener;
	int client;	/* who sent the word; -1: nobody did */
};

static void tell(const struct guard *g, char what)
{
	ssize_t n = write(g->report, &what, 1);

	if (n == 1 && what == FAILED)
		n = write(g->report, &g->t->err, sizeof(g->t->err));
	(void)n;	/* a command that is gone reads nothing */
}

static void answer(struct guard *g, const char *text)
{
	if (g->client >= 0 && send(g->client, text, strlen(text), MSG_NOSIGNAL) < 0)
		return;	/* nor does a client that is gone */
}

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Who may write to the socket is decided by its mode; root may everything. */
static char read_word(int fd)
{
	struct pollfd p = { fd, POLLIN, 0 };
	char word[16] = "";

	if (fd < 0 || poll(&p, 1, 2000) <= 0 || read(fd, word, sizeof(word) - 1) <= 0)
		return 0;
	return !strncmp(word, "confirm", 7) ? KEPT : !strncmp(word, "undo", 4) ? UNDONE : 0;
}

/* Waits for the first thing that decides. */
static char wait_for_decision(struct guard *g, int64_t deadline)
{
	struct pollfd p[] = { { g->life, POLLIN, 0 }, { g->listener, POLLIN, 0 } };
	char word;

	for (;;) {
		int64_t left = deadline - now_ms();

		if (left <= 0)
			return ON_TIME;
		if (poll(p, 2, left > 60000 ? 60000 : (int)left) <= 0)
			continue;
		if (p[0].revents)
			return read(g->life, &word, 1) == 1 ? KEPT : UNDONE;
		g->client = accept4(g->listener, NULL, NULL, SOCK_CLOEXEC);
		word = read_word(g->client);
		if (word)
			return word;
		if (g->client >= 0)
			close(g->client);
		g->client = -1;
	}
}

static void decide(struct guard *g, struct weir_txn *txn, char how)
{
	bool keep = how == KEPT;
	char line[1024];
	int r;

	if (keep)
		tell(g, KEEPING);
	r = keep ? weir_txn_commit(txn, &g->t->err) : weir_txn_undo(txn, &g->t->err);
	unlink_socket(g->t);
	if (r >= 0) {
		tell(g, how);
		answer(g, keep ? "kept" : "undone");
		return;
	}
	tell(g, FAILED);
	answer(g, weir_error_format(&g->t->err, line, sizeof(line)));
}

/* Its session ends with nobody's terminal, and what it could print would go nowhere. */
static void leave_terminal(void)
{
	int null = open("/dev/null", O_RDWR);

	for (int fd = 0; fd <= 2 && null >= 0; fd++)
		dup2(null, fd);
	if (null > 2)
		close(null);
}

static void be_guard(struct guard *g, const struct groups *groups, enum weir_effect worst,
		     unsigned long seconds)
{
	struct weir_txn *txn;

	setsid();
	/* Who ends a session tells all of it to end; `weir apply` does, and that is what decides. */
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	/* A handle serves one process: this one gets its own. */
	tool_close(g->t);
	if (tool_open(g->t) || tool_begin(g->t, &txn, "apply %zu interfaces", groups->n))
		return tell(g, FAILED);
	build(txn, groups, worst, true);
	if (weir_txn_hold(txn, &g->t->err))
		return tell(g, FAILED);
	g->listener = listen_for_word(g->t);
	if (g->listener < 0) {
		g->t->err = (struct weir_error){ .sz = sizeof(g->t->err), .code = -errno,
						 .object = "confirm", .msg = "no socket to listen to" };
		weir_txn_undo(txn, NULL);
		return tell(g, FAILED);
	}
	tell(g, HELD);
	leave_terminal();
	decide(g, txn, wait_for_decision(g, now_ms() + (int64_t)seconds * 1000));
}

/* --- the command that waits --------------------------------------------------------------------- */

/* A guard that was about to keep the change and has left nothing to undo has kept it. */
static int guard_died(struct tool *t, bool was_keeping)
{
	int r = weir_recover(t->w, &t->err);

	if (r < 0)
		return tool_fail(t, STATUS_FAILED);
	if (was_keeping && r != 1)
		return STATUS_OK;
	return tool_refuse(t, STATUS_FAILED, -ECANCELED, "apply",
			   "%s; everything is as it was", "its guard was killed");
}

static int guard_failed(struct tool *t, int report)
{
	if (read(report, &t->err, sizeof(t->err)) != sizeof(t->err))
		return guard_died(t, false);
	return tool_fail(t, STATUS_FAILED);
}

/* What was typed, if it is the word. */
static void pass_word_on(int life)
{
	char line[32] = "";
	ssize_t n = read(STDIN_FILENO, line, sizeof(line) - 1);

	if (n > 0 && !strncmp(line, "confirm", 7) && write(life, "c", 1) != 1)
		return;	/* the guard is gone: its report says so */
}

static int wait_for_guard(struct tool *t, int life, int report, unsigned long seconds)
{
	bool is_terminal = isatty(STDIN_FILENO), is_keeping = false;
	struct pollfd p[] = { { report, POLLIN, 0 }, { STDIN_FILENO, POLLIN, 0 } };
	char what;

	for (;;) {
		if (poll(p, is_terminal ? 2 : 1, -1) < 0)
			continue;
		if (is_terminal && p[1].revents)
			pass_word_on(life);
		if (!p[0].revents)
			continue;
		if (read(report, &what, 1) != 1)
			return guard_died(t, is_keeping);
		switch (what) {
		case HELD:
			if (!t->is_json)
				fprintf(stderr, "weir: done, and undone in %lu s unless `weir confirm` comes%s\n",
					seconds, is_terminal ? ", or the word confirm here" : "");
			break;
		case KEEPING:
			is_keeping = true;
			break;
		case KEPT:
			return STATUS_OK;
		case FAILED:
			return guard_failed(t, report);
		default:
			return tool_refuse(t, STATUS_FAILED, what == ON_TIME ? -ETIME : -ECANCELED, "apply",
					   "%s; everything is as it was",
					   what == ON_TIME ? "not confirmed in time" : "undone by request");
		}
	}
}

static int apply_guarded(struct tool *t, const struct args *a, const struct groups *groups,
			 unsigned long seconds)
{
	int life[2], report[2], status;
	pid_t pid;

	if (pipe2(life, O_CLOEXEC) || pipe2(report, O_CLOEXEC))
		return tool_refuse(t, STATUS_FAILED, -errno, "apply", "no pipe");
	fflush(NULL);
	pid = fork();
	if (pid < 0)
		return tool_refuse(t, STATUS_FAILED, -errno, "apply", "no guard");
	if (!pid) {
		struct guard g = { t, life[0], report[1], -1, -1 };

		close(life[1]);
		close(report[0]);
		be_guard(&g, groups, worst_of(a), seconds);
		weir_close(t->w);
		_exit(0);
	}
	close(life[0]);
	close(report[1]);
	signal(SIGPIPE, SIG_IGN);
	status = wait_for_guard(t, life[1], report[0], seconds);
	waitpid(pid, NULL, 0);
	close(life[1]);
	close(report[0]);
	return status;
}

int cmd_apply(struct tool *t, const struct args *a)
{
	const char *confirm = a->value[OPT_CONFIRM];
	struct groups g = { NULL, 0 };
	unsigned long seconds = 0;
	int status;

	if (confirm && (!number_parse(confirm, 86400, &seconds) || !seconds))
		return usage_error(t, "--confirm takes seconds, from 1 to 86400");
	status = groups_from_files(t, a, &g);
	if (!status)
		status = confirm && !t->is_dry_run ? apply_guarded(t, a, &g, seconds) : apply_now(t, a, &g);
	if (!status && !t->is_dry_run)
		groups_report(t, &g, "applied");
	groups_free(&g);
	return status;
}

/* --- confirm ---------------------------------------------------------------------------------------- */

int cmd_confirm(struct tool *t, const struct args *a)
{
	const char *word = a->value[OPT_UNDO] ? "undo" : "confirm";
	const char *wanted = a->value[OPT_UNDO] ? "undone" : "kept";
	struct sockaddr_un sun;
	char reply[1024] = "";
	int dir, fd;
	ssize_t n;

	if (t->is_dry_run)
		return tool_no_plan(t);
	dir = socket_at(t, &sun);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (dir < 0 || fd < 0 || connect(fd, (struct sockaddr *)&sun, sizeof(sun)) < 0)
		return tool_refuse(t, STATUS_NOT_FOUND, -ENOENT, "confirm", "nothing waits to be confirmed");
	if (send(fd, word, strlen(word), MSG_NOSIGNAL) < 0)
		return tool_refuse(t, STATUS_FAILED, -errno, "confirm", "the guard is gone");
	n = recv(fd, reply, sizeof(reply) - 1, MSG_WAITALL);
	close(fd);
	close(dir);
	if (n <= 0)
		return tool_refuse(t, STATUS_FAILED, -ECANCELED, "confirm", "the guard is gone");
	if (strcmp(reply, wanted))
		return tool_refuse(t, STATUS_FAILED, -EIO, "confirm", "%s", reply);
	if (t->is_json)
		out_json(&t->out, json_pack("{s:s}", "done", wanted));
	else
		out_text(&t->out, "%s\n", wanted);
	return STATUS_OK;
}
