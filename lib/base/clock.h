/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Time that only goes forward, for deadlines and for how long something took. */
#ifndef WR_BASE_CLOCK_H
#define WR_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline int64_t wr_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static inline int64_t wr_now_ms(void)
{
	return wr_now_ns() / 1000000;
}

#endif
