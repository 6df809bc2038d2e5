/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What every file of the library starts with: scope-bound cleanup, array sizes,
 * and the calls that are banned. Nothing here knows of netlink or of weir's
 * objects; include this header after the system's, because of the bans.
 */
#ifndef WR_BASE_H
#define WR_BASE_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WR_COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* wr_auto(free) char *p = ...: what the scope owns is released when it is left. */
#define wr_auto(fn) __attribute__((cleanup(wr_auto_##fn)))
/* wr_take(p): the value, and the scope owns it no longer. */
#define wr_take(p)                                                                                 \
	__extension__({                                                                            \
		__auto_type wr_taken_ = (p);                                                       \
		(p) = NULL;                                                                        \
		wr_taken_;                                                                         \
	})

static inline void wr_auto_free(void *p)
{
	free(*(void **)p);
}

static inline void wr_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static inline void wr_auto_fd(int *fd)
{
	wr_close(fd);
}

#define WR_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

#pragma GCC poison strcpy strcat sprintf vsprintf atoi atol strtok perror

#endif
