/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Peers that are programs: a batch from a file in memory, or a call for each
 * line. The input is written before the clock runs; starting the program is part
 * of what is measured, since that is what its users pay.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib_bench.h"

#define MAX_WORDS 64

extern char **environ;

void trial_line(struct trial *t, const char *fmt, ...)
{
	struct batch *b = &t->batches[t->part];
	va_list ap;
	int n;

	if (b->room - b->len < 1024) {
		b->room = 2 * b->room + 4096;
		b->text = realloc(b->text, b->room);
		if (!b->text)
			abort();
	}
	va_start(ap, fmt);
	n = vsnprintf(b->text + b->len, 1000, fmt, ap);
	va_end(ap);
	if (n < 0 || n >= 1000)
		abort();
	b->len += (size_t)n;
	b->text[b->len++] = '\n';
	b->text[b->len] = '\0';
}

/* What the program says goes to a file in memory: its first line is the reason when it fails. */
static void run(struct trial *t, const char *const *argv, int input)
{
	posix_spawn_file_actions_t actions;
	int output = memfd_create("output", MFD_CLOEXEC);
	char said[160] = "";
	struct rusage usage;
	int status, r;
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, input, 0);
	posix_spawn_file_actions_adddup2(&actions, output, 1);
	posix_spawn_file_actions_adddup2(&actions, output, 2);
	r = posix_spawnp(&pid, argv[0], &actions, NULL, (char **)(uintptr_t)argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (r)
		trial_fail(t, "%s: %s", argv[0], strerror(r));
	while (wait4(pid, &status, 0, &usage) < 0)
		if (errno != EINTR)
			trial_fail(t, "%s: %s", argv[0], strerror(errno));
	t->result->n_processes++;
	if ((uint64_t)usage.ru_maxrss > t->result->peak_kb)
		t->result->peak_kb = (uint64_t)usage.ru_maxrss;
	if (status) {
		if (pread(output, said, sizeof(said) - 1, 0) < 0)
			*said = '\0';
		trial_fail(t, "%s %s: status %d: %.*s", argv[0], argv[1] ? argv[1] : "", status,
			   (int)strcspn(said, "\n"), said);
	}
	close(output);
}

static int batch_file(struct trial *t)
{
	struct batch *b = &t->batches[t->part];

	if (!b->fd) {
		b->fd = memfd_create("batch", MFD_CLOEXEC);
		if (write(b->fd, b->text, b->len) != (ssize_t)b->len)
			trial_fail(t, "batch: %s", strerror(errno));
	}
	lseek(b->fd, 0, SEEK_SET);
	return b->fd;
}

void trial_batch(struct trial *t, const char *const *argv)
{
	run(t, argv, batch_file(t));
}

static void run_words(struct trial *t, char *line)
{
	const char *argv[MAX_WORDS + 1] = { NULL };
	static int nothing = -1;
	char *save = NULL;
	int n = 0;

	if (nothing < 0)
		nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
	for (char *w = strtok_r(line, " ", &save); w && n < MAX_WORDS; w = strtok_r(NULL, " ", &save))
		argv[n++] = w;
	run(t, argv, nothing);
}

void trial_program(struct trial *t, const char *fmt, ...)
{
	char line[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	run_words(t, line);
}

void trial_each_line(struct trial *t, const char *program)
{
	char *save = NULL, *copy = strdup(t->batches[t->part].text);

	for (char *line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		trial_program(t, "%s %s", program, line);
	free(copy);
}

/* "ip" or "$WEIR": a program; "$PYTHON:pyroute2": a module; "kind:vlan id 1": links of it; "file:/sys/...". */
bool is_installed(const char *needs)
{
	const char *rest = strchr(needs, ':');
	char line[256];

	if (!rest)
		snprintf(line, sizeof(line), "command -v %s >/dev/null 2>&1", needs);
	else if (!strncmp(needs, "file:", 5))
		snprintf(line, sizeof(line), "test -e \"%s\"", rest + 1);
	else if (!strncmp(needs, "kind:", 5))
		snprintf(line, sizeof(line),
			 "unshare -n sh -c 'ip link add k0 type bridge && ip link add k1 link k0 type %s' 2>/dev/null", rest + 1);
	else
		snprintf(line, sizeof(line), "%.*s -c 'import %s' >/dev/null 2>&1", (int)(rest - needs), needs, rest + 1);
	return system(line) == 0;
}
