/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files that the command line names, read whole, and errors about what is in them. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "weir.h"

#define MAX_FILE (16u << 20)

static int read_all(int fd, char **ret, size_t *ret_len)
{
	size_t len = 0, room = 0;
	char *buf = NULL;

	for (;;) {
		ssize_t n;

		if (len == room) {
			char *bigger = room < MAX_FILE ? realloc(buf, room += 65536) : NULL;

			if (!bigger) {
				free(buf);
				return -EFBIG;
			}
			buf = bigger;
		}
		n = read(fd, buf + len, room - len);
		if (n < 0 && errno != EINTR) {
			free(buf);
			return -errno;
		}
		if (n == 0)
			break;
		if (n > 0)
			len += (size_t)n;
	}
	*ret = buf;
	*ret_len = len;
	return 0;
}

static int read_file(const char *file, char **ret, size_t *ret_len)
{
	bool is_stdin = !strcmp(file, "-");
	int fd = is_stdin ? STDIN_FILENO : open(file, O_RDONLY | O_CLOEXEC);
	int r;

	if (fd < 0)
		return -errno;
	r = read_all(fd, ret, ret_len);
	if (!is_stdin)
		close(fd);
	return r;
}

/* The error names the file, and then the place in it. */
static void name_file(struct weir_error *err, const char *file)
{
	if (!*err->object || strlen(err->object) + strlen(file) + 2 >= sizeof(err->object)) {
		snprintf(err->object, sizeof(err->object), "%s", file);
	} else {
		char object[sizeof(err->object)];

		memcpy(object, err->object, sizeof(object));
		snprintf(err->object, sizeof(err->object), "%.*s: %.*s", 30, file, 30, object);
	}
}

int tool_read_text(struct tool *t, const char *file, int status, char **ret, size_t *ret_len)
{
	int r = read_file(file, ret, ret_len);

	return r ? tool_refuse(t, status, r, file, "%s", strerror(-r)) : STATUS_OK;
}

int tool_fail_in(struct tool *t, const char *file, int status)
{
	name_file(&t->err, strcmp(file, "-") ? file : "(standard input)");
	return tool_fail(t, status);
}
