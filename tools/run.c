/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Programs that doctor asks, and one-line files. Nothing else of the tool starts
 * a program (attach --exec becomes one). Administrators' programs are often not
 * on the PATH of the user who asks why the network is down, so it is extended.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "doctor.h"

#define MAX_WORDS 40
#define MAX_ENV 256

static char *find_program(const char *name)
{
	char *dirs = xformat("%s:/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin",
			     getenv("PATH") ? getenv("PATH") : "/usr/local/bin");
	char *save = NULL, *path = NULL;

	if (strchr(name, '/'))
		path = xformat("%s", name);
	for (char *dir = strtok_r(dirs, ":", &save); dir && !path;
	     dir = strtok_r(NULL, ":", &save)) {
		path = xformat("%s/%s", dir, name);
		if (access(path, X_OK)) {
			free(path);
			path = NULL;
		}
	}
	free(dirs);
	return path;
}

/* Whatever the user's language is, what is read here is in English. */
static void english(char *ret[MAX_ENV])
{
	static char lc_all[] = "LC_ALL=C";
	int n = 0;

	for (char **e = environ; *e && n < MAX_ENV - 2; e++)
		if (strncmp(*e, "LC_ALL=", 7) != 0)
			ret[n++] = *e;
	ret[n++] = lc_all;
	ret[n] = NULL;
}

static int spawn(const char *const *argv, const int *fds, pid_t *ret)
{
	posix_spawn_file_actions_t actions;
	char *path = argv[0] ? find_program(argv[0]) : NULL;
	char *env[MAX_ENV];
	int r;

	if (!path)
		return -ENOENT;
	english(env);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, fds[0], 1);
	posix_spawn_file_actions_adddup2(&actions, fds[1], 2);
	r = posix_spawn(ret, path, &actions, NULL, (char *const *)(uintptr_t)argv, env);
	posix_spawn_file_actions_destroy(&actions);
	free(path);
	return -r;
}

/* What a program writes goes into files without a name, so that it never waits for a reader. */
static char *contents(int fd)
{
	off_t len = lseek(fd, 0, SEEK_END);
	char *text = xalloc((size_t)(len > 0 ? len : 0) + 1, 1);

	if (len > 0 && pread(fd, text, (size_t)len, 0) != len)
		*text = '\0';
	return text;
}

static int wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int run_program(const char *const *argv, char **ret_out, char **ret_err)
{
	int fds[2] = { memfd_create("out", MFD_CLOEXEC), memfd_create("err", MFD_CLOEXEC) };
	int r = fds[0] < 0 || fds[1] < 0 ? -EMFILE : 0;
	pid_t pid = 0;

	if (!r)
		r = spawn(argv, fds, &pid);
	if (!r)
		r = wait_for(pid);
	if (r >= 0 && ret_out)
		*ret_out = contents(fds[0]);
	if (r >= 0 && ret_err)
		*ret_err = contents(fds[1]);
	for (int i = 0; i < 2; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	return r;
}

int run_line(const char *line, char **ret_out, char **ret_err)
{
	const char *argv[MAX_WORDS + 1] = { NULL };
	char *copy = xformat("%s", line);
	char *save = NULL;
	int n = 0, r;

	for (char *w = strtok_r(copy, " ", &save); w && n < MAX_WORDS;
	     w = strtok_r(NULL, " ", &save))
		argv[n++] = w;
	r = run_program(argv, ret_out, ret_err);
	free(copy);
	return r;
}

char *file_line(const char *path)
{
	FILE *f = fopen(path, "re");
	char *line = NULL;
	size_t room = 0;

	if (!f)
		return NULL;
	if (getline(&line, &room, f) < 0) {
		free(line);
		line = NULL;
	} else {
		line[strcspn(line, "\n")] = '\0';
	}
	fclose(f);
	return line;
}
