/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * TBF as a message, and as it is read back: a qdisc that is a limit by itself.
 *
 *	root MAJOR: tbf rate = average, peakrate = peak, burst
 *	 `- leaf: what TBF itself puts there, or fq_codel, sfq
 *
 * It has no block of filters (block.h says why that matters), and no classes apart from
 * MAJOR:1, by which its leaf is found.
 */
#ifndef WR_TC_TBF_H
#define WR_TC_TBF_H

#include "tc/htb.h"

/* @classid: MAJOR:1; @parent is always the link. @flags: as of wr_htb_class_msg(). */
void wr_tbf_msg(struct wr_batch *b, uint16_t flags, int ifindex, uint32_t classid, uint32_t parent,
		const struct wr_htb_class *c);
/* As it was read. */
void wr_tbf_again_msg(struct wr_batch *b, uint16_t flags, int ifindex, const struct wr_tc_class *c);
/* The limits and counters from an RTM_NEWQDISC, the leaf alone from an RTM_NEWTCLASS. */
bool wr_tbf_read(const struct nlmsghdr *msg, struct wr_tc_class *ret);

#endif
