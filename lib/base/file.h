/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whole files: read, replaced in one step, removed. No caller ever sees half a
 * file, and a failed write (a full disk) leaves the old one in place.
 */
#ifndef WR_BASE_FILE_H
#define WR_BASE_FILE_H

#include <dirent.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/str.h"

/*
 * Behind the name of a file that is being written, and of one that a transaction moves aside: not what
 * somebody would call a copy of his own beside it.
 */
#define WR_FILE_NEW "~new"
#define WR_FILE_OLD "~old"

/*
 * Appends the file's bytes to @out. 0 or -errno. Works on /proc and /sys too, and waits for nobody: what is no
 * regular file, such as a FIFO, is refused with -EBADFD, whose text wr_syserr() knows. A symbolic link is followed,
 * because some keep all of /etc as links.
 */
int wr_file_read(const char *path, struct wr_str *out);
/* The same of one that was just opened, which is to be done with O_NONBLOCK. */
int wr_file_read_all(int fd, struct wr_str *out);
/* What readdir() says; NULL at the end, and where it fails, which makes *@ret negative. */
struct dirent *wr_file_next(DIR *dir, int *ret);
/* Writes all of @data over the beginning of an open file. */
int wr_file_write_all(int fd, const char *data, size_t len);
/*
 * Replaces @path by @data, through a temporary file beside it. With @durable
 * the bytes and the name are on the disk when the call returns.
 */
int wr_file_write(const char *path, const void *data, size_t len, mode_t mode, bool durable);
/* Has the names in the folder of @path on the disk. */
int wr_file_sync_parent(const char *path);
/* Writes into an existing file, in one write(): what sysctl and sysfs want. */
int wr_file_poke(const char *path, const char *text);
/* Whether the file is a finished NAME.json, and then NAME. */
#define WR_STORED_NAME 256
bool wr_file_stored_name(const char *file, char name[WR_STORED_NAME]);
/* One NAME.json. */
struct wr_entry {
	const char *name;
	uint64_t inode;
	bool is_unique;	/* the file system gives no other file this inode, not even later */
};
/*
 * Calls @fn for each finished NAME.json in the folder, not for what a writer has just begun or moved aside, until
 * it returns other than 0, which is returned. No folder is an empty one; @what: whose files, for the error.
 */
int wr_file_each_entry(const char *folder, const char *what,
		       int (*fn)(void *arg, const struct wr_entry *entry), void *arg,
		       struct weir_error *err);
/* The same with NAME alone. */
int wr_file_each(const char *folder, const char *what, int (*fn)(void *arg, const char *name),
		 void *arg, struct weir_error *err);
/* How many files are in the folder at most, if it is of a file system that says so without listing them (tmpfs); else -1. */
ssize_t wr_file_most_in(const char *folder);
/* Makes the directory and its parents. 0 also when it is there. */
int wr_mkdirs(const char *path, mode_t mode);

#endif
