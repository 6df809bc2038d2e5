/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Laying down messages: see batch.h. Offsets, not pointers, because the buffer moves. */
#include <libmnl/libmnl.h>

#include "netlink/batch.h"

struct nlmsghdr *wr_msg_header(const struct wr_batch *b)
{
	return b->buf.failed ? NULL : (struct nlmsghdr *)(void *)(b->buf.data + b->msg);
}

void wr_msg(struct wr_batch *b, uint16_t type, uint16_t flags, const void *header, size_t size)
{
	struct nlmsghdr *nlh;

	b->msg = b->buf.len;
	if (!wr_str_grow(&b->buf, MNL_NLMSG_HDRLEN + MNL_ALIGN(size)))
		return;
	nlh = mnl_nlmsg_put_header(b->buf.data + b->msg);
	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	memcpy(mnl_nlmsg_put_extra_header(nlh, size), header, size);
	b->n++;
}

void wr_msg_copy(struct wr_batch *b, const struct nlmsghdr *msg)
{
	b->msg = b->buf.len;
	wr_str_add(&b->buf, msg, msg->nlmsg_len);
	wr_str_grow(&b->buf, MNL_ALIGN(msg->nlmsg_len) - msg->nlmsg_len);
	b->n++;
}

void wr_put(struct wr_batch *b, uint16_t attr, const void *data, size_t len)
{
	if (len > UINT16_MAX - MNL_ATTR_HDRLEN)
		b->buf.failed = true;
	if (wr_str_grow(&b->buf, MNL_ATTR_HDRLEN + MNL_ALIGN(len)))
		mnl_attr_put(wr_msg_header(b), attr, len, data);
}

void wr_put_u8(struct wr_batch *b, uint16_t attr, uint8_t value)
{
	wr_put(b, attr, &value, sizeof(value));
}

void wr_put_u16(struct wr_batch *b, uint16_t attr, uint16_t value)
{
	wr_put(b, attr, &value, sizeof(value));
}

void wr_put_u32(struct wr_batch *b, uint16_t attr, uint32_t value)
{
	wr_put(b, attr, &value, sizeof(value));
}

void wr_put_u64(struct wr_batch *b, uint16_t attr, uint64_t value)
{
	wr_put(b, attr, &value, sizeof(value));
}

void wr_put_text(struct wr_batch *b, uint16_t attr, const char *text)
{
	wr_put(b, attr, text, strlen(text) + 1);
}

size_t wr_nest(struct wr_batch *b, uint16_t attr)
{
	size_t at = b->buf.len;

	if (wr_str_grow(&b->buf, MNL_ATTR_HDRLEN))
		mnl_attr_nest_start(wr_msg_header(b), attr);
	return at;
}

void wr_nest_end(struct wr_batch *b, size_t nest)
{
	if (b->buf.len - nest > UINT16_MAX)
		b->buf.failed = true;
	if (!b->buf.failed)
		mnl_attr_nest_end(wr_msg_header(b), (struct nlattr *)(void *)(b->buf.data + nest));
}

void wr_put_raw(struct wr_batch *b, const void *data, size_t len)
{
	wr_str_add(&b->buf, data, len);
	wr_str_grow(&b->buf, MNL_ALIGN(len) - len);
	if (!b->buf.failed)
		wr_msg_header(b)->nlmsg_len += MNL_ALIGN(len);
}
