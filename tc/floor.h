/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Floors: guaranteed rates below a limit (the API: weir_txn_floor_set()).
 *
 *	root 7765: htb default 2
 *	 `- class :1		the limit
 *	     |- class :2	what has no floor: the rest of the rate
 *	     `- class :10 ...	a guest's floor
 *	filters of the root	destination MAC address -> class
 *
 * Of what arrives by the link it is the same on an ifb of its own (root 7769:),
 * without filters: the guest's port has written the class into the priority before
 * the bridge saw the packet, by its redirect (redirect.h), so nothing that a guest
 * says of itself is believed.
 */
#ifndef WR_TC_FLOOR_H
#define WR_TC_FLOOR_H

#include "tc/record.h"

/* -EBUSY: floors are part of the link's limit. */
int wr_floors_none(struct weir_txn *t, const struct wr_dev *dev, struct weir_error *err);
/* The link has no limit any more. */
int wr_floors_forget(struct weir_txn *t, const struct wr_dev *dev, struct weir_error *err);
/* That a link gets a limit made for floors: into the record. */
void wr_floors_note(struct weir_txn *t, const struct wr_dev *dev, uint32_t major, enum weir_leaf leaf,
		    const struct wr_htb_class *limit);
/* Another limit for a link with floors: -ERANGE if they would be above it. @leaf: AUTO: as they are. */
int wr_floors_resize(struct weir_txn *t, const struct wr_dev *dev, const struct wr_htb_class *limit,
		     enum weir_leaf leaf, struct weir_error *err);

/* Puts on a dry transaction what makes the filters of a link's floors. */
int wr_floors_explain(struct weir_txn *t, const struct wr_dev *dev, uint32_t major, struct weir_error *err);

/* From an RTM_NEWTFILTER of one guest's filter; false: it is none. */
bool wr_floor_filter_read(const struct nlmsghdr *msg, enum wr_by *by, uint8_t mac[6], uint32_t *classid);
/* Asks for all filters of a link's floors. */
void wr_floor_filters_dump_msg(struct wr_batch *b, int ifindex, uint32_t major);
/* The filter of one guest. */
void wr_floor_filter_msg(struct wr_batch *b, enum wr_by by, int ifindex, const uint8_t mac[6],
			 uint32_t classid);
void wr_floor_filter_del_msg(struct wr_batch *b, enum wr_by by, int ifindex, const uint8_t mac[6],
			     uint32_t classid);
/* cls_u32's table of 256 buckets, by the address's last byte, and the look-up in it. */
void wr_floor_table_msg(struct wr_batch *b, int ifindex, uint32_t major);
void wr_floor_lookup_msg(struct wr_batch *b, int ifindex, uint32_t major);
void wr_floor_filters_del_msg(struct wr_batch *b, int ifindex, uint32_t major);

#endif
