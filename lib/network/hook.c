/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * CONFIG_DIR/hooks/network, if anything is there: it is told what happens to networks
 * and ports, as a step of the transaction that does it. Its arguments are
 * the network's name and the operation; on standard input it gets JSON with the
 * definition and, if the operation is on a port, the port. If it does not exit with 0,
 * it refuses, and the transaction is undone, and so does one that cannot be run. What
 * has happened already (stopped, port-deleted) it cannot refuse.
 */
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/table.h"
#include "network/network.h"
#include "network/tables.h"

#define TIMEOUT_MS 30000
#define POLL_MS 5

enum part { PART_PATH, PART_NETWORK, PART_OPERATION, PART_JSON };

static const char *text_of(const struct weir_step *s, enum part part)
{
	return weir_step_part(s, part).data;
}

/* --- the process ------------------------------------------------------------------------------ */

static int memory_file(const char *data, size_t len)
{
	int fd = memfd_create("weir hook", MFD_CLOEXEC);

	while (fd >= 0 && len) {
		ssize_t n = write(fd, data, len);

		if (n < 0) {
			close(fd);
			return -errno;
		}
		data += n;
		len -= (size_t)n;
	}
	if (fd >= 0)
		lseek(fd, 0, SEEK_SET);
	return fd < 0 ? -errno : fd;
}

static int spawn(const struct weir_step *s, int in, int err_fd, pid_t *ret)
{
	char *argv[] = { (char *)(uintptr_t)text_of(s, PART_PATH),
			 (char *)(uintptr_t)text_of(s, PART_NETWORK),
			 (char *)(uintptr_t)text_of(s, PART_OPERATION), NULL };
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t none;
	int r;

	sigemptyset(&none);
	posix_spawn_file_actions_init(&files);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
	posix_spawn_file_actions_adddup2(&files, in, 0);
	posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_adddup2(&files, err_fd, 2);
	r = posix_spawn(ret, argv[0], &files, &attr, argv, environ);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&files);
	return -r;
}

/* Its exit status as waitpid() has it; -ETIME: it was killed, it took too long. */
static int wait_for(pid_t pid, int *ret)
{
	const struct timespec pause = { .tv_nsec = POLL_MS * 1000000 };

	for (int ms = 0; ms < TIMEOUT_MS; ms += POLL_MS) {
		pid_t done = waitpid(pid, ret, WNOHANG);

		if (done == pid)
			return 0;
		if (done < 0 && errno != EINTR)
			return -errno;
		nanosleep(&pause, NULL);
	}
	kill(pid, SIGKILL);
	while (waitpid(pid, ret, 0) < 0 && errno == EINTR)
		;
	return -ETIME;
}

/* The first line that it wrote to standard error, for the one who asked. */
static void first_line(int fd, char ret[WR_SHOWN])
{
	char text[512];
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	text[strcspn(text, "\n")] = '\0';
	wr_shown(wr_is_utf8(text) ? text : "", ret);
}

static int refuse(const struct weir_step *s, int status, int err_fd, struct weir_error *err)
{
	char object[64], line[WR_SHOWN];

	wr_format(object, sizeof(object), "network %s", text_of(s, PART_NETWORK));
	first_line(err_fd, line);
	return wr_refuse(err, -ECANCELED, object, "", "the hook refuses %s (%s %d)%s%s",
			 text_of(s, PART_OPERATION), WIFEXITED(status) ? "exit status" : "signal",
			 WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status),
			 *line ? ": " : "", line);
}

/* What is there, but is not run, might have refused. */
static int check_file(const char *path, struct weir_error *err)
{
	struct stat st;

	if (stat(path, &st))
		return errno == ENOENT ? wr_refuse(err, -ENOENT, "hook", "", "%s is a link to what is not there", path) :
					 wr_syserr(err, -errno, "hook", "%s", path);
	if (!S_ISREG(st.st_mode))
		return wr_refuse(err, -EACCES, "hook", "", "%s is %s", path,
				 S_ISDIR(st.st_mode) ? "a folder" : "no regular file");
	return access(path, X_OK) ? wr_refuse(err, -EACCES, "hook", "", "%s may not be executed", path) : 0;
}

static int run(const struct weir_step *s, int in, int err_fd, struct weir_error *err)
{
	const char *path = text_of(s, PART_PATH);
	int status = 0, r = check_file(path, err);
	pid_t pid;

	if (r)
		return r;
	r = spawn(s, in, err_fd, &pid);
	if (r)
		return wr_syserr(err, r, "hook", "%s", path);
	r = wait_for(pid, &status);
	if (r == -ETIME)
		return wr_refuse(err, r, "hook", "", "%s took more than %d s for %s", path, TIMEOUT_MS / 1000,
				 text_of(s, PART_OPERATION));
	if (r)
		return wr_syserr(err, r, "hook", "%s", path);
	return status ? refuse(s, status, err_fd, err) : 0;
}

/* What is over cannot be refused. */
static bool may_refuse(const char *operation)
{
	return strcmp(operation, "stopped") != 0 && strcmp(operation, "port-deleted") != 0;
}

static int apply_hook(struct weir *w, const struct weir_step *s, struct weir_error *err)
{
	struct weir_blob json = weir_step_part(s, PART_JSON);
	int in = memory_file(json.data, json.len), err_fd = memory_file("", 0);
	int r = in < 0 ? in : err_fd;

	if (r < 0)
		wr_syserr(err, r, "hook", "memfd_create");
	else
		r = run(s, in, err_fd, err);
	if (in >= 0)
		close(in);
	if (err_fd >= 0)
		close(err_fd);
	return may_refuse(text_of(s, PART_OPERATION)) ? r : 0;
}

static char *plan_hook(const struct weir_step *s)
{
	wr_auto(str) struct wr_str out = { 0 };

	wr_str_shell(&out, text_of(s, PART_PATH));
	wr_str_putc(&out, ' ');
	wr_str_shell(&out, text_of(s, PART_NETWORK));
	wr_str_printf(&out, " %s <<'EOF'\n%sEOF", text_of(s, PART_OPERATION),
		      text_of(s, PART_JSON));
	return wr_str_take(&out);
}

/* No undo: a hook that was told of what then did not happen is not told so; the next call has the truth again. */
const struct weir_step_ops wr_hook_step = {
	.sz = sizeof(wr_hook_step), .name = "hook", .apply = apply_hook, .plan = plan_hook,
};

/* --- the builder -------------------------------------------------------------------------------- */

static void put_member(struct wr_str *out, const char *name, const struct wr_table *t,
		       const void *obj)
{
	wr_str_printf(out, ",\n  \"%s\": {", name);
	wr_table_json(t, obj, 2, out);
	wr_str_puts(out, "\n  }");
}

void wr_txn_hook(struct weir_txn *t, const char *operation, const struct weir_network *net,
		 const struct weir_port *port)
{
	const char *dir = weir_config_dir(weir_txn_handle(t));
	wr_auto(str) struct wr_str json = { 0 };
	char path[PATH_MAX];
	struct stat st;

	if (!dir || strlen(dir) > PATH_MAX - 32)
		return;
	wr_format(path, sizeof(path), "%s/hooks/network", dir);
	if (lstat(path, &st) && errno == ENOENT)
		return;
	wr_str_printf(&json, "{\n  \"operation\": \"%s\"", operation);
	put_member(&json, "network", &wr_network_table, net);
	if (port)
		put_member(&json, "port", &wr_port_table, port);
	wr_str_puts(&json, "\n}\n");
	weir_txn_step(t, &wr_hook_step, "hook",
		      (const struct weir_blob[]){ { path, strlen(path) },
						  { net->name, strlen(net->name) },
						  { operation, strlen(operation) },
						  { wr_str_text(&json), json.len } },
		      4);
}
