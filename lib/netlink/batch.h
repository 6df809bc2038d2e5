/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Building netlink messages: any number of them, one after the other, in one
 * growing buffer that is sent as it stands. The bytes are laid down here and not by
 * libmnl, whose 1.0.4 leaves the padding behind an attribute as it finds it.
 */
#ifndef WR_NETLINK_BATCH_H
#define WR_NETLINK_BATCH_H

#include <linux/netlink.h>

#include "base/str.h"

struct wr_batch {
	struct wr_str buf;
	size_t msg;	/* where the message that is being built starts */
	uint32_t n;	/* how many messages there are */
};

static inline void wr_auto_batch(struct wr_batch *b)
{
	wr_str_done(&b->buf);
}

/* Starts a message with its family's fixed header. NLM_F_REQUEST is understood. */
void wr_msg(struct wr_batch *b, uint16_t type, uint16_t flags, const void *header, size_t size);
/* Appends a message that is complete. */
void wr_msg_copy(struct wr_batch *b, const struct nlmsghdr *msg);
/* The message that is being built; NULL when memory ran out. Moves when the batch grows. */
struct nlmsghdr *wr_msg_header(const struct wr_batch *b);

void wr_put(struct wr_batch *b, uint16_t attr, const void *data, size_t len);
void wr_put_u8(struct wr_batch *b, uint16_t attr, uint8_t value);
void wr_put_u16(struct wr_batch *b, uint16_t attr, uint16_t value);
void wr_put_u32(struct wr_batch *b, uint16_t attr, uint32_t value);
void wr_put_u64(struct wr_batch *b, uint16_t attr, uint64_t value);
void wr_put_text(struct wr_batch *b, uint16_t attr, const char *text);
/* Opens a nest; the result goes to wr_nest_end(). */
size_t wr_nest(struct wr_batch *b, uint16_t attr);
void wr_nest_end(struct wr_batch *b, size_t nest);
/* Bytes behind an open nest's header that are no attributes (VETH_INFO_PEER's ifinfomsg). */
void wr_put_raw(struct wr_batch *b, const void *data, size_t len);

#endif
