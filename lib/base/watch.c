/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Watching a folder: see watch.h. The kernel queues the event within the system call
 * that makes the change. So whoever gets a lock is told everything that its last owner
 * did, even if that was killed. Only folders on tmpfs are watched, because another host
 * that shares a disk can change a file without an event here.
 */
#include <linux/magic.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/file.h"
#include "base/watch.h"

#define CHANGES (IN_CREATE | IN_CLOSE_WRITE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO)
#define GONE (IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT | IN_IGNORED | IN_Q_OVERFLOW)

static bool is_tmpfs(const char *folder)
{
	struct statfs fs;

	return statfs(folder, &fs) == 0 && fs.f_type == TMPFS_MAGIC;
}

int wr_watch_open(struct wr_watch *watch, const char *folder)
{
	wr_auto(fd) int fd = -1;
	struct stat st;

	if (!is_tmpfs(folder))
		return -EOPNOTSUPP;
	fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (fd < 0 || inotify_add_watch(fd, folder, CHANGES | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR) < 0 ||
	    stat(folder, &st) < 0)
		return -errno;
	*watch = (struct wr_watch){ fd, st.st_dev, st.st_ino };
	fd = -1;
	return 0;
}

void wr_watch_close(struct wr_watch *watch)
{
	wr_close(&watch->fd);
}

/* Whether the path still leads to it: something else may be mounted there, or a parent have another name. */
static bool is_there(const struct wr_watch *watch, const char *folder)
{
	struct stat st;

	return stat(folder, &st) == 0 && st.st_dev == watch->dev && st.st_ino == watch->inode;
}

static bool tell(const char *events, size_t len, void (*fn)(void *arg, const char *name), void *arg)
{
	const struct inotify_event *e;
	char name[WR_STORED_NAME];

	for (size_t at = 0; at < len; at += sizeof(*e) + e->len) {
		e = (const void *)(events + at);
		if (e->mask & GONE)
			return false;
		if (e->len && wr_file_stored_name(e->name, name))
			fn(arg, name);
	}
	return true;
}

bool wr_watch_each(struct wr_watch *watch, const char *folder, void (*fn)(void *arg, const char *name), void *arg)
{
	_Alignas(struct inotify_event) char events[4096];
	bool is_good = watch->fd >= 0;
	ssize_t n = 0;

	while (is_good && (n = read(watch->fd, events, sizeof(events))) > 0)
		is_good = tell(events, (size_t)n, fn, arg);
	is_good = is_good && errno == EAGAIN && is_there(watch, folder);
	if (!is_good)
		wr_watch_close(watch);
	return is_good;
}
