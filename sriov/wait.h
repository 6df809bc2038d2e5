/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Waiting without sleeping: for what a driver does after a write has returned, by
 * the kernel's device events, and for a write that may not return, in a thread
 * of its own. Both until a deadline.
 */
#ifndef WR_SRIOV_WAIT_H
#define WR_SRIOV_WAIT_H

#include <weir/weir.h>

#include "base/base.h"

struct wr_wait {
	int fd;			/* device events; -1: they can't be had, the condition is looked at now and then */
	int64_t deadline_ms;
};

/* To be begun before what is waited for is set off, or its event may be missed. */
void wr_wait_begin(struct weir *w, struct wr_wait *x, unsigned int timeout_ms);
/* Returns when something happened to some device; false when time is over. */
bool wr_wait_next(struct wr_wait *x);
void wr_wait_end(struct wr_wait *x);

/* wr_file_poke(), but -ETIME if it has not returned by then: a driver hangs, and the write goes on. */
int wr_poke_within(const char *path, const char *text, unsigned int timeout_ms);

#endif
