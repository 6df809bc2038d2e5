/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One HTB qdisc with one class, as messages: its arithmetic and its bytes.
 *
 *	root 1: htb default 1
 *	 `- class 1:1  rate = average, ceil = peak, burst, quantum
 */
#ifndef WR_TC_HTB_H
#define WR_TC_HTB_H

#include <weir/tc.h>

#include "netlink/batch.h"

#define WR_HTB_CLASS 0x00010001u	/* 1:1 */

/* A class as HTB sees it. */
struct wr_htb_class {
	uint64_t rate_bytes_per_s;
	uint64_t ceil_bytes_per_s;
	uint32_t burst_bytes;
	uint32_t cburst_bytes;
	uint32_t quantum_bytes;
};

/* The class that gives a port the limits of @rate, whose average is not 0. */
struct wr_htb_class wr_htb_from_rate(const struct weir_rate *rate);
/* Time that @bytes (below 2^32) take at a rate, in the scheduler's ticks of 64 ns. */
uint32_t wr_htb_ticks(uint64_t bytes, uint64_t bytes_per_s);
void wr_htb_qdisc_msg(struct wr_batch *b, int ifindex);
void wr_htb_class_msg(struct wr_batch *b, int ifindex, const struct wr_htb_class *c);

#endif
