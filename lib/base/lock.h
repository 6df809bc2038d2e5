/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Locks between processes, which get them in the order in which they came. */
#ifndef WR_BASE_LOCK_H
#define WR_BASE_LOCK_H

/* Locks the file until @fd is closed. 0, -EAGAIN when the time is over, or another negative errno. */
int wr_lock_in_turn(int fd, unsigned int timeout_ms);

#endif
