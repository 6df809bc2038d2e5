/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A folder of stored files (file.h) whose changes the kernel tells, so that it need not be read again. */
#ifndef WR_BASE_WATCH_H
#define WR_BASE_WATCH_H

#include <sys/types.h>

#include "base/base.h"

struct wr_watch {
	int fd;		/* -1: the folder is not watched */
	dev_t dev;
	ino_t inode;
};

/*
 * Everything that happens to files of the folder from now on is told, so this goes before reading it. A negative
 * errno: there is no folder, or no more watch to be had, or it is on a file system that others can change unseen.
 */
int wr_watch_open(struct wr_watch *watch, const char *folder);
/*
 * Calls @fn with the name of each file that came, went, or was replaced or written since the last time, perhaps more
 * than once. False: something was missed, or the folder is another; then the watch is closed.
 */
bool wr_watch_each(struct wr_watch *watch, const char *folder, void (*fn)(void *arg, const char *name), void *arg);
void wr_watch_close(struct wr_watch *watch);

#endif
