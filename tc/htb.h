/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One HTB qdisc with one class, as messages.
 *
 *	root 1: htb default 1
 *	 `- class 1:1  rate = average, ceil = peak, burst, quantum
 */
#ifndef WR_TC_HTB_H
#define WR_TC_HTB_H

#include "netlink/batch.h"
#include "tc/rate.h"

#define WR_HTB_CLASS 0x00010001u	/* 1:1 */

void wr_htb_qdisc_msg(struct wr_batch *b, int ifindex);
void wr_htb_class_msg(struct wr_batch *b, int ifindex, const struct wr_htb_class *c);

#endif
