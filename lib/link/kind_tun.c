/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tap and tun devices as rtnetlink shows them (IFLA_TUN_*), which is read only:
 * they are made by ioctl, in tap.c. What that can be told is WR_FIXED besides.
 */
#include <linux/if_link.h>
#include <linux/if_tun.h>

#include "link/words.h"

#define TUN(member, attr, codec, name, bit, ...)                                                   \
	WR_ATTR(weir_tun, member, attr, codec, name, WEIR_TUN_##bit, ##__VA_ARGS__)
#define TUN_SWITCH(member, attr, name, bit, ...)                                                   \
	TUN(member, attr, WR_U8, name, bit, .flags = WR_BOOL | WR_READONLY | WR_FIXED, ##__VA_ARGS__)

static const struct wr_word types[] = { { IFF_TUN, "tun" }, { IFF_TAP, "tap" } };

/* clang-format off */
static const struct wr_field tun_fields[] = {
	TUN(type, IFLA_TUN_TYPE, WR_U8, "mode", TYPE, .flags = WR_READONLY | WR_FIXED,
	    .words = WR_WORDS(types), .doc = "packets or frames"),
	TUN_SWITCH(pi, IFLA_TUN_PI, "pi", PI, .doc = "packets carry struct tun_pi"),
	TUN_SWITCH(vnet_hdr, IFLA_TUN_VNET_HDR, "vnet_hdr", VNET_HDR,
		   .doc = "frames carry a virtio_net header"),
	TUN_SWITCH(multi_queue, IFLA_TUN_MULTI_QUEUE, "multi_queue", MULTI_QUEUE,
		   .doc = "it can have several descriptors"),
	TUN_SWITCH(persist, IFLA_TUN_PERSIST, "persist", PERSIST,
		   .doc = "it stays without a descriptor"),
	TUN(owner, IFLA_TUN_OWNER, WR_U32, "user", OWNER, .flags = WR_READONLY | WR_FIXED,
	    .doc = "uid that may attach"),
	TUN(group, IFLA_TUN_GROUP, WR_U32, "group", GROUP, .flags = WR_READONLY | WR_FIXED,
	    .doc = "gid that may attach"),
	TUN(n_queues, IFLA_TUN_NUM_QUEUES, WR_U32, "numqueues", QUEUES, .flags = WR_READONLY,
	    .doc = "descriptors that are attached"),
	TUN(n_disabled_queues, IFLA_TUN_NUM_DISABLED_QUEUES, WR_U32, "numdisabled", DISABLED_QUEUES,
	    .flags = WR_READONLY, .doc = "those that are switched off"),
};
/* clang-format on */

static const uint16_t info_data[] = { IFLA_LINKINFO, IFLA_INFO_DATA, 0 };

static WR_TABLE(tun_table, weir_tun, "tun", offsetof(struct weir_tun, has), tun_fields,
	 .path = info_data);

/* `ip tuntap` has these without a value. */
static int take(struct wr_link_words *w, const char *word)
{
	const struct wr_field *f = wr_find(&tun_table, word);

	if (!f || !(f->flags & WR_BOOL))
		return 1;
	return wr_field_parse(&tun_table, f, &w->l->tun, "on", w->err);
}

const struct wr_kind wr_kind_tun = {
	.kind = WEIR_LINK_TUN,
	.name = "tun",
	.table = &tun_table,
	.tables = WR_LINK_TABLES(&tun_table),
	.offset = offsetof(struct weir_link, tun),
	.take = take,
};
