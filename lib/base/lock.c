/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Locks between processes: see lock.h. They belong to the open file and not to the
 * process, so two handles of one process exclude each other too.
 */
#include <fcntl.h>
#include <time.h>

#include "base/base.h"
#include "base/lock.h"

/* Bytes of the file: who holds the first one has the lock, who holds the other has it next. */
enum { HELD = 0, NEXT = 1 };

#define LONGEST_PAUSE_NS 10000000

static int try_lock(int fd, short type, int byte)
{
	struct flock fl = { .l_type = type, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1 };

	return fcntl(fd, F_OFD_SETLK, &fl) < 0 ? -errno : 0;
}

static int wait_for(int fd, int byte, uint64_t *waited_ns, uint64_t timeout_ns)
{
	struct timespec pause = { 0, 1000000 };
	int r;

	while ((r = try_lock(fd, F_WRLCK, byte)) == -EAGAIN && *waited_ns < timeout_ns) {
		nanosleep(&pause, NULL);
		*waited_ns += pause.tv_nsec;
		if (pause.tv_nsec < LONGEST_PAUSE_NS)
			pause.tv_nsec *= 2;
	}
	return r;
}

/*
 * Whoever waits is asleep when the lock is let go, so one that comes back at once
 * would always be faster. That is why it has to be next before it can have the
 * lock, and one that waits is next already.
 */
int wr_lock_in_turn(int fd, unsigned int timeout_ms)
{
	uint64_t waited_ns = 0, timeout_ns = timeout_ms * 1000000ull;
	int r = wait_for(fd, NEXT, &waited_ns, timeout_ns);

	if (r)
		return r;
	r = wait_for(fd, HELD, &waited_ns, timeout_ns);
	return r ? r : try_lock(fd, F_UNLCK, NEXT);
}
