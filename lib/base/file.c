/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whole files: see file.h. Plain POSIX; nothing here knows what is in them. */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/error.h"
#include "base/file.h"

int wr_file_read_all(int fd, struct wr_str *out)
{
	char buf[4096];
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		return -EBADFD;
	/* With all that the file has there is no need to be told of its end; in /proc it has no size. */
	for (off_t at = 0; !at || at != st.st_size;) {
		ssize_t n = read(fd, buf, sizeof(buf));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		wr_str_add(out, buf, n);
		at += n;
	}
	return out->failed ? -ENOMEM : 0;
}

struct dirent *wr_file_next(DIR *dir, int *ret)
{
	struct dirent *e;

	errno = 0;
	e = readdir(dir);
	if (!e && errno)
		*ret = -errno;
	return e;
}

int wr_file_read(const char *path, struct wr_str *out)
{
	wr_auto(fd) int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	return fd < 0 ? -errno : wr_file_read_all(fd, out);
}

int wr_file_write_all(int fd, const char *data, size_t len)
{
	for (size_t at = 0; at < len;) {
		ssize_t n = pwrite(fd, data + at, len - at, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		at += (size_t)n;
	}
	return 0;
}

static int open_parent(const char *path)
{
	const char *slash = strrchr(path, '/');
	char dir[PATH_MAX] = ".";

	if (slash)
		wr_format(dir, sizeof(dir), "%.*s", slash == path ? 1 : (int)(slash - path), path);
	return open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

int wr_file_sync_parent(const char *path)
{
	wr_auto(fd) int fd = open_parent(path);

	return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

int wr_file_write(const char *path, const void *data, size_t len, mode_t mode, bool durable)
{
	char tmp[PATH_MAX];
	wr_auto(fd) int fd = -1;
	wr_auto(fd) int parent = -1;
	int r;

	if (strlen(path) + 5 > sizeof(tmp))
		return -ENAMETOOLONG;
	/* Before anything is at its place: whoever has no descriptor left has not written. */
	parent = durable ? open_parent(path) : -1;
	if (durable && parent < 0)
		return -errno;
	/* One fixed name: a leftover of a killed writer is overwritten, not collected. */
	wr_format(tmp, sizeof(tmp), "%s" WR_FILE_NEW, path);
	fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, mode);
	if (fd < 0)
		return -errno;
	/* Whatever the umask is and whoever left the temporary file: an undo gives back the old mode. */
	r = fchmod(fd, mode) < 0 ? -errno : wr_file_write_all(fd, data, len);
	if (!r && durable && fsync(fd) < 0)
		r = -errno;
	if (!r && rename(tmp, path) < 0)
		r = -errno;
	if (r) {
		unlink(tmp);
		return r;
	}
	return durable && fsync(parent) < 0 ? -errno : 0;
}

int wr_file_poke(const char *path, const char *text)
{
	wr_auto(fd) int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	do
		n = write(fd, text, strlen(text));
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

int wr_mkdirs(const char *path, mode_t mode)
{
	char part[PATH_MAX];
	size_t len = strlen(path);

	if (len >= sizeof(part))
		return -ENAMETOOLONG;
	for (size_t i = 1; i <= len; i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		if (mkdir(part, mode) == 0)
			chmod(part, mode);	/* whatever the caller's umask */
		else if (errno != EEXIST)
			return -errno;
	}
	return 0;
}

bool wr_file_stored_name(const char *file, char name[WR_STORED_NAME])
{
	size_t len = strlen(file);

	if (len <= 5 || len > 255 || strcmp(file + len - 5, ".json"))
		return false;
	memcpy(name, file, len - 5);
	name[len - 5] = '\0';
	return true;
}

/* tmpfs counts on; what disks hold has its numbers from a bitmap. */
static bool has_unique_inodes(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 && fs.f_type == TMPFS_MAGIC;
}

int wr_file_each_entry(const char *folder, const char *what,
		       int (*fn)(void *arg, const struct wr_entry *entry), void *arg,
		       struct weir_error *err)
{
	DIR *dir = opendir(folder);
	struct wr_entry entry;
	struct dirent *e;
	char name[WR_STORED_NAME];
	int r = 0, failed = 0;

	if (!dir)
		return errno == ENOENT || errno == ENOTDIR ? 0 :
		       wr_syserr(err, -errno, what, "%s", folder);
	entry = (struct wr_entry){ .name = name, .is_unique = has_unique_inodes(dirfd(dir)) };
	while (!r && (e = wr_file_next(dir, &failed))) {
		entry.inode = e->d_ino;
		if (wr_file_stored_name(e->d_name, name))
			r = fn(arg, &entry);
	}
	closedir(dir);
	return failed ? wr_syserr(err, failed, what, "%s", folder) : r;
}

/* Since ever a directory of tmpfs is as long as if each name in it took so much (BOGO_DIRENT_SIZE), "." and ".." too. */
#define TMPFS_ENTRY 20

ssize_t wr_file_most_in(const char *folder)
{
	struct statfs fs;
	struct stat st;

	if (statfs(folder, &fs) < 0 || fs.f_type != TMPFS_MAGIC || stat(folder, &st) < 0)
		return -1;
	return st.st_size > 2 * TMPFS_ENTRY ? (st.st_size - 1) / TMPFS_ENTRY - 1 : 0;
}

struct each_name {
	int (*fn)(void *arg, const char *name);
	void *arg;
};

static int call_by_name(void *arg, const struct wr_entry *entry)
{
	const struct each_name *each = arg;

	return each->fn(each->arg, entry->name);
}

int wr_file_each(const char *folder, const char *what, int (*fn)(void *arg, const char *name),
		 void *arg, struct weir_error *err)
{
	struct each_name each = { fn, arg };

	return wr_file_each_entry(folder, what, call_by_name, &each, err);
}
