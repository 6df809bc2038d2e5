/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Daemons as steps. A daemon is known by its whole command line, which is unique
 * to it: a pid read from a file is only a hint, because pids are used again and
 * a killed process may not have written one. What the daemon does is not known
 * here; that it backgrounds itself when ready is (see struct weir_service).
 */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "base/file.h"
#include "base/netns.h"
#include "txn/txn.h"

#define START_TIMEOUT_MS 10000
#define STOP_TIMEOUT_MS 5000
#define SETTLE_TIMEOUT_MS 2000
#define MAX_ARGS 64

enum { PART_NAME, PART_ARGV, PART_PID_FILE, PART_LINK };

/* --- finding it ------------------------------------------------------------------ */

/* 1 or 0, or that it cannot be known. Who is hidden (hidepid=) is another user's. */
static int runs_argv(int pid, const struct weir_blob *argv)
{
	wr_auto(str) struct wr_str cmdline = { 0 };
	int r = wr_process_read(pid, "cmdline", &cmdline);

	if (r)
		return r == -EPERM ? 0 : r;
	return argv->data && cmdline.len == argv->len && !memcmp(cmdline.data, argv->data, argv->len);
}

/* No more than a hint, whatever the reason why there is none. */
static int pid_from_file(const char *path)
{
	wr_auto(str) struct wr_str text = { 0 };

	return wr_file_read(path, &text) ? 0 : (int)strtol(wr_str_text(&text), NULL, 10);
}

static int refuse_proc(const char *name, int r, struct weir_error *err)
{
	return wr_syserr(err, r, name, "/proc");
}

/* The numbers in another pid namespace's /proc mean other processes here, or none, and ours would be left running. */
static int check_proc(const char *name, struct weir_error *err)
{
#ifndef WR_NO_LOOK	/* the one-file tool (`make static`): no room */
	wr_auto(str) struct wr_str text = { 0 };
	int r = wr_file_read("/proc/self/stat", &text);

	if (r)
		return refuse_proc(name, r, err);
	if (strtol(wr_str_text(&text), NULL, 10) != getpid())
		return wr_error(err, -ESRCH, WEIR_STAGE_SYSTEM, name, "", "/proc is another pid namespace's");
#endif
	return 0;
}

/* Calls @fn for every process of that command line; returns how many there were, or that it cannot be known. */
static int each_process(const struct weir_blob *argv, void (*fn)(int pid, void *arg), void *arg)
{
	DIR *dir = opendir("/proc");
	struct dirent *e;
	int n = 0, r = dir ? 0 : -errno;

	while (r >= 0 && (e = wr_file_next(dir, &r))) {
		int pid = (int)strtol(e->d_name, NULL, 10);

		r = runs_argv(pid, argv);
		if (r <= 0)
			continue;
		n++;
		fn(pid, arg);
	}
	if (dir)
		closedir(dir);
	return r < 0 ? r : n;
}

static void keep_pid(int pid, void *arg)
{
	*(int *)arg = pid;
}

/* Its pid, 0 if there is none, or that it cannot be known. */
static int find(const struct weir_blob *argv, const char *pid_file)
{
	int pid = pid_from_file(pid_file), r = runs_argv(pid, argv);

	if (!r) {
		pid = 0;
		r = each_process(argv, keep_pid, &pid);
	}
	return r < 0 ? r : pid;
}

/* --- ending it -------------------------------------------------------------------- */

/* A process that was just seen to run that command line. */
struct process {
	int pid;
	int fd;	/* a pidfd, so that the pid cannot come to mean another; -1: none to be had */
};

/* What find() says of it, looked at again now that the descriptor is there. */
static int hold(int pid, const struct weir_blob *argv, struct process *ret)
{
	int r;

	*ret = (struct process){ pid, pid > 0 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1 };
	r = pid > 0 ? runs_argv(pid, argv) : pid;
	if (r <= 0)
		wr_close(&ret->fd);
	return r;
}

static int send_signal(const struct process *p, int sig)
{
	int r = p->fd >= 0 ? (int)syscall(SYS_pidfd_send_signal, p->fd, sig, NULL, 0) :
			     kill(p->pid, sig);

	return r < 0 ? -errno : 0;
}

static void pause_ms(long ms)
{
	struct timespec pause = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&pause, NULL);
}

/*
 * One that has said that it is ready need not listen yet: dnsmasq lets its parent end some lines before it heeds SIGHUP,
 * and on a busy machine one that comes in between is lost. Who sleeps has got to where it waits for what comes. Returns
 * the state that it is in then: 'T' while it is stopped, '\0' if nothing is known.
 */
static char wait_asleep(int pid)
{
	char state = '\0';

	for (int ms = 0; ms < SETTLE_TIMEOUT_MS; ms++) {
		wr_auto(str) struct wr_str stat = { 0 };
		const char *name_end;

		wr_process_read(pid, "stat", &stat);
		name_end = strrchr(wr_str_text(&stat), ')');
		state = name_end && name_end[1] ? name_end[2] : '\0';
		if (state != 'R' && state != 'D')
			break;
		pause_ms(1);
	}
	return state;
}

/* valgrind knows no pidfds: there the process is looked at until it is gone. */
static bool wait_end(const struct process *p, const struct weir_blob *argv, int timeout_ms)
{
	struct pollfd poll_fd = { .fd = p->fd, .events = POLLIN };

	if (p->fd >= 0)
		return poll(&poll_fd, 1, timeout_ms) > 0;
	for (int ms = 0; ms < timeout_ms && runs_argv(p->pid, argv) > 0; ms += 5)
		pause_ms(5);
	return runs_argv(p->pid, argv) <= 0;
}

static void end_process(int pid, void *arg)
{
	struct process p;

	if (hold(pid, arg, &p) <= 0)	/* who asks looks again at all of them */
		return;
	send_signal(&p, SIGTERM);
	send_signal(&p, SIGCONT);	/* it may be frozen */
	if (!wait_end(&p, arg, STOP_TIMEOUT_MS)) {
		send_signal(&p, SIGKILL);
		wait_end(&p, arg, STOP_TIMEOUT_MS);
	}
	wr_close(&p.fd);
}

#ifndef WR_NO_LOOK	/* the one-file tool: no room */
static bool end_one(int pid, const struct weir_blob *argv)
{
	end_process(pid, (void *)argv);
	return runs_argv(pid, argv) == 0;
}

/*
 * Whether the one that the pid file tells of, and all that there were of it, have ended. Who was once ready is one
 * process and its children (those of dnsmasq serve TCP connections), and while it is stopped it gets no more of them.
 * It must be there still when they are read: else they are another's.
 */
static bool end_known(const struct weir_blob *argv, const char *pid_file)
{
	const int pid = pid_from_file(pid_file);
	wr_auto(str) struct wr_str children = { 0 };
	char path[64], *at;
	bool ended;

	wr_format(path, sizeof(path), "/proc/%d/task/%d/children", pid, pid);
	if (runs_argv(pid, argv) <= 0 || wait_asleep(pid) != 'T' || wr_file_read(path, &children) ||
	    runs_argv(pid, argv) <= 0)
		return false;
	ended = end_one(pid, argv);
	at = (char *)wr_str_text(&children);
	for (int child; (child = (int)strtol(at, &at, 10)) > 0;)
		ended &= end_one(child, argv);
	return ended;
}

#else
static bool end_known(const struct weir_blob *argv, const char *pid_file)
{
	return false;
}
#endif

/*
 * Until none is left: one that puts itself into the background is more than one
 * process for a moment, and a child that is just being executed shows no
 * command line yet.
 */
static int end_all(const struct weir_blob *argv, const char *name, const char *pid_file,
		   struct weir_error *err)
{
	int left = 1, r = check_proc(name, err);

	if (r)
		return r;
	if (end_known(argv, pid_file))
		left = 0;
	else	/* most often the only one, so that one look at all processes finds none left */
		end_process(pid_from_file(pid_file), (void *)argv);
	for (int round = 0; round < 20 && left > 0; round++)
		left = each_process(argv, end_process, (void *)argv);
	if (left < 0)
		return refuse_proc(name, left, err);
	if (left)
		return wr_error(err, -EBUSY, WEIR_STAGE_PROGRAM, name, "", "does not end");
	return unlink(pid_file) < 0 && errno != ENOENT ? wr_syserr(err, -errno, name, "%s", pid_file) : 0;
}

static int stop(const struct weir_step *s, struct weir_error *err)
{
	const struct weir_blob argv = weir_step_part(s, PART_ARGV);

	return end_all(&argv, weir_step_part(s, PART_NAME).data,
		       weir_step_part(s, PART_PID_FILE).data, err);
}

/* --- starting it ------------------------------------------------------------------- */

struct start {
	char *const *argv;
	int err_fd;		/* becomes the program's standard error */
	pid_t pid;
};

static int spawn_here(void *arg)
{
	static char *const environment[] = { (char *)"PATH=/usr/sbin:/usr/bin:/sbin:/bin",
					     (char *)"LC_ALL=C", NULL };
	struct start *s = arg;
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t none, all;
	int r;

	sigemptyset(&none);
	sigfillset(&all);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &all);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_adddup2(&files, s->err_fd, 2);
	r = posix_spawn(&s->pid, s->argv[0], &files, &attr, s->argv, environment);
	posix_spawn_file_actions_destroy(&files);
	posix_spawnattr_destroy(&attr);
	return -r;
}

/* Pointers into NUL-joined text. */
static void split_argv(const struct weir_blob *argv, char *out[MAX_ARGS + 1])
{
	char *p = (char *)argv->data, *end = p + argv->len;
	int n = 0;

	for (; p < end && n < MAX_ARGS; p += strlen(p) + 1)
		out[n++] = p;
	out[n] = NULL;
}

/* The last line says why; those before it are warnings, and may be many. */
static void read_complaint(int fd, char *line, size_t size)
{
	wr_auto(str) struct wr_str text = { 0 };
	char buf[4096], *last;
	ssize_t n;

	while ((n = read(fd, buf, sizeof(buf))) > 0)
		wr_str_add(&text, buf, (size_t)n);
	wr_copy(line, size, "");
	if (text.failed || !text.len)
		return;
	for (char *end = text.data + text.len; end > text.data && (end[-1] == '\n' || end[-1] == ' ');)
		*--end = '\0';
	last = strrchr(text.data, '\n');
	wr_copy(line, size, last ? last + 1 : text.data);
}

/* "…: Address already in use": the errno that the program's last words are the text of. */
static int errno_of(const char *complaint)
{
	size_t len = strlen(complaint);

	for (int e = 1; e < 134; e++) {
		const char *text = strerrordesc_np(e);
		size_t n = text ? strlen(text) : 0;

		if (n && n <= len && !strcmp(complaint + len - n, text))
			return -e;
	}
	return -EIO;
}

/*
 * It is our child: its pid means nobody else until we have waited for it. It is
 * looked at every millisecond and, where there are pidfds, when it has ended.
 */
static int wait_child(pid_t pid, int *status, int timeout_ms)
{
	wr_auto(fd) int fd = (int)syscall(SYS_pidfd_open, pid, 0);

	for (int ms = 0; ms < timeout_ms; ms++) {
		pid_t done = waitpid(pid, status, WNOHANG);

		if (done == pid)
			return 0;
		if (done < 0 && errno != EINTR)
			return -errno;
		if (fd < 0)
			pause_ms(1);
		else
			poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, 1);
	}
	kill(pid, SIGKILL);
	waitpid(pid, status, 0);
	return -ETIME;
}

static int wait_ready(const struct start *s, const char *name, int complaint_fd,
		      struct weir_error *err)
{
	char line[400];
	int status = 0, r = wait_child(s->pid, &status, START_TIMEOUT_MS);

	if (r == -ECHILD)
		return wr_error(err, r, WEIR_STAGE_PROGRAM, name, "",
				"somebody else waits for this process's children, or SIGCHLD is ignored");
	if (r)
		return wr_error(err, -ETIME, WEIR_STAGE_PROGRAM, name, "",
				"%s is not ready after %d s", s->argv[0], START_TIMEOUT_MS / 1000);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	read_complaint(complaint_fd, line, sizeof(line));
	return wr_error(err, errno_of(line), WEIR_STAGE_PROGRAM, name, "", "%s",
			*line ? line : "ended at once, without a word");
}

/* The link is known by its name in the namespace where the daemon is. */
static int hush_here(void *arg)
{
	const struct weir_step *s = arg;
	const struct weir_blob argv = weir_step_part(s, PART_ARGV);
	struct process p;

	if (hold(find(&argv, weir_step_part(s, PART_PID_FILE).data), &argv, &p) > 0)
		wr_hush(p.pid, p.fd, weir_step_part(s, PART_LINK).data);
	wr_close(&p.fd);
	return 0;
}

static int start(struct weir *w, const struct weir_step *s, struct weir_error *err)
{
	const struct weir_blob args = weir_step_part(s, PART_ARGV);
	const char *name = weir_step_part(s, PART_NAME).data;
	char *argv[MAX_ARGS + 1];
	int pipe_fds[2];
	struct start st = { .argv = argv };
	int r = check_proc(name, err);

	if (r)
		return r;
	split_argv(&args, argv);
	if (pipe2(pipe_fds, O_CLOEXEC | O_NONBLOCK) < 0)
		return wr_syserr(err, -errno, name, "a pipe");
	st.err_fd = pipe_fds[1];
	r = weir_in_netns(w, spawn_here, &st);
	if (r)
		r = wr_syserr(err, r, name, "%s cannot be executed", argv[0]);
	else
		r = wait_ready(&st, name, pipe_fds[0], err);
	close(pipe_fds[0]);
	close(pipe_fds[1]);
	if (r == -ECHILD || r == -ETIME)	/* it may be in the background by now */
		stop(s, NULL);
	if (!r && weir_step_part(s, PART_LINK).len)
		weir_in_netns(w, hush_here, (void *)s);
	return r;
}

/* --- the types of steps --------------------------------------------------------------- */

static int signal_it(const struct weir_step *s, int sig, struct weir_error *err)
{
	const struct weir_blob argv = weir_step_part(s, PART_ARGV);
	const char *name = weir_step_part(s, PART_NAME).data;
	struct process p;
	int r = check_proc(name, err);

	if (r)
		return r;
	r = hold(find(&argv, weir_step_part(s, PART_PID_FILE).data), &argv, &p);
	if (r < 0)
		return refuse_proc(name, r, err);
	if (r && sig == SIGHUP)
		wait_asleep(p.pid);
	r = r ? send_signal(&p, sig) : 0;
	wr_close(&p.fd);
	return r && r != -ESRCH ? wr_syserr(err, r, name, "kill") : 0;
}

static int start_undo(struct weir *w, const struct weir_step *s, bool applied,
		      struct weir_error *err)
{
	return stop(s, err);
}

const struct weir_step_ops wr_service_start_ops = {
	.sz = sizeof(wr_service_start_ops), .name = "service-start",
	.apply = start, .undo = start_undo,
};

static int freeze_apply(struct weir *w, const struct weir_step *s, struct weir_error *err)
{
	return signal_it(s, SIGSTOP, err);
}

static int freeze_undo(struct weir *w, const struct weir_step *s, bool applied,
		       struct weir_error *err)
{
	return signal_it(s, SIGCONT, err);
}

static int freeze_finish(struct weir *w, const struct weir_step *s, struct weir_error *err)
{
	return stop(s, err);
}

const struct weir_step_ops wr_service_stop_ops = {
	.sz = sizeof(wr_service_stop_ops), .name = "service-stop",
	.apply = freeze_apply, .undo = freeze_undo, .finish = freeze_finish,
};

/*
 * One that is dying has lost its command line already and holds its sockets
 * still, so a start that finds an address in use is tried again for a while.
 */
static int end_undo(struct weir *w, const struct weir_step *s, bool applied, struct weir_error *err)
{
	const struct weir_blob argv = weir_step_part(s, PART_ARGV);
	int r = -EADDRINUSE;

	for (int ms = 0; r == -EADDRINUSE && ms < STOP_TIMEOUT_MS; ms += 50) {
		r = find(&argv, weir_step_part(s, PART_PID_FILE).data);
		if (r)
			return r < 0 ? refuse_proc(s->object, r, err) : 0;
		if (ms)
			pause_ms(50);
		r = start(w, s, err);
	}
	return r;
}

/* When nobody can tell whether it has ended, it may have. */
static int end_apply(struct weir *w, const struct weir_step *s, struct weir_error *err)
{
	int r = stop(s, err);

	if (r)
		end_undo(w, s, true, NULL);
	return r;
}

const struct weir_step_ops wr_service_end_ops = {
	.sz = sizeof(wr_service_end_ops), .name = "service-end",
	.apply = end_apply, .undo = end_undo,
};

static int reload_finish(struct weir *w, const struct weir_step *s, struct weir_error *err)
{
	return signal_it(s, SIGHUP, err);
}

const struct weir_step_ops wr_service_reload_ops = {
	.sz = sizeof(wr_service_reload_ops), .name = "service-reload",
	.finish = reload_finish,
};

/* --- builders ------------------------------------------------------------------------- */

static size_t join_argv(const char *const *argv, struct wr_str *out)
{
	size_t n = 0;

	for (; argv[n]; n++)
		wr_str_add(out, argv[n], strlen(argv[n]) + 1);
	return n;
}

static struct weir_step *add(struct weir_txn *t, const struct weir_service *service,
			     const struct weir_step_ops *ops)
{
	struct weir_error err = WEIR_ERROR_INIT;
	wr_auto(str) struct wr_str argv = { 0 };
	struct weir_service full;
	size_t n;

	if (wr_opts_copy(&full, sizeof(full), service, "service", &err)) {
		wr_txn_fail(t, &err);
		return NULL;
	}
	if (!service->name || !service->argv || !service->pid_file) {
		wr_txn_refuse(t, -EINVAL, service->name, "service", "has no name, argv or pid_file");
		return NULL;
	}
	n = join_argv(service->argv, &argv);
	if (n < 1 || n > MAX_ARGS || service->argv[0][0] != '/' || argv.failed) {
		wr_txn_refuse(t, -EINVAL, service->name, "argv",
			      "needs 1 to %d words, the first an absolute path", MAX_ARGS);
		return NULL;
	}
	return wr_txn_add(t, ops, service->name,
			  (struct weir_blob[]){
				  [PART_NAME] = { service->name, strlen(service->name) },
				  [PART_ARGV] = { argv.data, argv.len },
				  [PART_PID_FILE] = { service->pid_file, strlen(service->pid_file) },
				  [PART_LINK] = { full.link, full.link ? strlen(full.link) : 0 },
			  }, 4);
}

int weir_txn_service_start(struct weir_txn *t, const struct weir_service *service)
{
	struct weir_error err = WEIR_ERROR_INIT;
	wr_auto(str) struct wr_str line = { 0 };
	struct weir_step *s;

	s = add(t, service, &wr_service_start_ops);
	if (!s)
		return t->err.code;
	if (!t->dry && access(service->argv[0], X_OK) < 0) {
		wr_syserr(&err, -errno, service->name, "%s cannot be executed", service->argv[0]);
		return wr_txn_fail(t, &err);
	}
	for (const char *const *a = service->argv; *a; a++) {
		wr_str_puts(&line, a == service->argv ? "" : " ");
		wr_str_shell(&line, *a);
	}
	wr_step_plan(t, s, "%s", wr_str_text(&line));
	return t->err.code;
}

static void plan_kill(struct weir_txn *t, struct weir_step *s, const char *pid_file, const char *sig)
{
	wr_auto(str) struct wr_str path = { 0 };

	if (!s)
		return;
	wr_str_shell(&path, pid_file);
	wr_step_plan(t, s, "kill %s \"$(cat %s)\"", sig, wr_str_text(&path));
}

int weir_txn_service_stop(struct weir_txn *t, const struct weir_service *service, bool at_once)
{
	plan_kill(t, add(t, service, at_once ? &wr_service_end_ops : &wr_service_stop_ops),
		  service->pid_file, "-TERM");
	return t->err.code;
}

int weir_txn_service_reload(struct weir_txn *t, const struct weir_service *service)
{
	plan_kill(t, add(t, service, &wr_service_reload_ops), service->pid_file, "-HUP");
	return t->err.code;
}

int weir_service_pid(const struct weir_service *service)
{
	wr_auto(str) struct wr_str argv = { 0 };
	struct weir_blob blob;

	if (!service->argv || !service->pid_file)
		return -EINVAL;
	join_argv(service->argv, &argv);
	blob = (struct weir_blob){ argv.data, argv.len };
	return argv.failed ? -ENOMEM : find(&blob, service->pid_file);
}
