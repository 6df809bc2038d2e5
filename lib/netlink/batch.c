/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Laying down messages: see batch.h. Offsets, not pointers, because the buffer moves. */
#include <libmnl/libmnl.h>

#include "netlink/batch.h"

static struct nlmsghdr *current(const struct wr_batch *b)
{
	return (struct nlmsghdr *)(void *)(b->buf.data + b->msg);
}

struct nlmsghdr *wr_msg_header(const struct wr_batch *b)
{
	return b->buf.failed ? NULL : current(b);
}

/* The bytes, and zeros up to where the next attribute starts. */
static void fill(char *room, const void *data, size_t len)
{
	if (len)
		memcpy(room, data, len);
	while (len % MNL_ALIGNTO)
		room[len++] = '\0';
}

void wr_msg(struct wr_batch *b, uint16_t type, uint16_t flags, const void *header, size_t size)
{
	const size_t len = MNL_NLMSG_HDRLEN + MNL_ALIGN(size), at = b->buf.len;
	struct nlmsghdr *nlh = wr_str_room(&b->buf, len);

	b->msg = at;
	if (!nlh)
		return;
	*nlh = (struct nlmsghdr){ .nlmsg_len = len, .nlmsg_type = type, .nlmsg_flags = NLM_F_REQUEST | flags };
	fill((char *)(nlh + 1), header, size);
	b->n++;
}

void wr_msg_copy(struct wr_batch *b, const struct nlmsghdr *msg)
{
	char *room;

	b->msg = b->buf.len;
	room = wr_str_room(&b->buf, MNL_ALIGN(msg->nlmsg_len));
	if (room)
		fill(room, msg, msg->nlmsg_len);
	b->n++;
}

static void put_attr(struct wr_batch *b, uint16_t type, const void *data, size_t len)
{
	struct nlattr *a = wr_str_room(&b->buf, MNL_ATTR_HDRLEN + MNL_ALIGN(len));

	if (!a)
		return;
	*a = (struct nlattr){ .nla_len = MNL_ATTR_HDRLEN + len, .nla_type = type };
	fill((char *)(a + 1), data, len);
	current(b)->nlmsg_len += MNL_ATTR_HDRLEN + MNL_ALIGN(len);
}

void wr_put(struct wr_batch *b, uint16_t attr, const void *data, size_t len)
{
	if (len > UINT16_MAX - MNL_ATTR_HDRLEN)
		b->buf.failed = true;
	put_attr(b, attr, data, len);
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

	put_attr(b, attr | NLA_F_NESTED, NULL, 0);
	return at;
}

void wr_nest_end(struct wr_batch *b, size_t nest)
{
	if (b->buf.len - nest > UINT16_MAX)
		b->buf.failed = true;
	if (!b->buf.failed)
		((struct nlattr *)(void *)(b->buf.data + nest))->nla_len = b->buf.len - nest;
}

void wr_put_raw(struct wr_batch *b, const void *data, size_t len)
{
	char *room = wr_str_room(&b->buf, MNL_ALIGN(len));

	if (!room)
		return;
	fill(room, data, len);
	current(b)->nlmsg_len += MNL_ALIGN(len);
}
