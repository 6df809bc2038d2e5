/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From a destination MAC address to a floor's class: see floor.h. */
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/rtnetlink.h>

#include "netlink/attr.h"
#include "tc/floor.h"
#include "tc/redirect.h"

#define ADD (NLM_F_CREATE | NLM_F_EXCL)
#define TABLE 0x76500000u	/* cls_u32's table 765: */

static void filter_msg(struct wr_batch *b, uint16_t type, uint16_t flags, int ifindex, uint32_t major,
		       uint32_t handle, const char *kind)
{
	const struct tcmsg tcm = {
		.tcm_ifindex = ifindex, .tcm_handle = handle, .tcm_parent = WR_CLASS(major, 0),
		.tcm_info = TC_H_MAKE(WR_FILTER_PRIO << 16, htons(ETH_P_ALL)),
	};

	wr_msg(b, type, flags, &tcm, sizeof(tcm));
	if (kind)
		wr_put_text(b, TCA_KIND, kind);
}

/* --- flower --------------------------------------------------------------------------- */

static void flower_msg(struct wr_batch *b, int ifindex, const uint8_t mac[6], uint32_t classid)
{
	static const uint8_t all[6] = { 255, 255, 255, 255, 255, 255 };
	size_t options;

	filter_msg(b, RTM_NEWTFILTER, ADD, ifindex, classid >> 16, classid & 0xffff, "flower");
	options = wr_nest(b, TCA_OPTIONS);
	wr_put(b, TCA_FLOWER_KEY_ETH_DST, mac, 6);
	wr_put(b, TCA_FLOWER_KEY_ETH_DST_MASK, all, 6);
	wr_put_u32(b, TCA_FLOWER_CLASSID, classid);
	wr_put_u32(b, TCA_FLOWER_FLAGS, 0);
	wr_nest_end(b, options);
}

/* --- u32 -------------------------------------------------------------------------------- */

/* Offsets count from behind the Ethernet header, whose first six bytes are the address. */
#define AT_FIRST_TWO (-16)	/* words are aligned: the lower half of this one */
#define AT_LAST_FOUR (-12)

/* The selector, and its keys right behind it. */
static void put_match(struct wr_batch *b, const struct tc_u32_sel *sel, const struct tc_u32_key *keys)
{
	unsigned char match[sizeof(*sel) + 2 * sizeof(*keys)];
	const size_t len = sel->nkeys * sizeof(*keys);

	memcpy(match, sel, sizeof(*sel));
	memcpy(match + sizeof(*sel), keys, len);
	wr_put(b, TCA_U32_SEL, match, sizeof(*sel) + len);
}

static uint32_t bucket(const uint8_t mac[6])
{
	return TABLE | (uint32_t)mac[5] << 12;
}

void wr_floor_table_msg(struct wr_batch *b, int ifindex, uint32_t major)
{
	size_t options;

	filter_msg(b, RTM_NEWTFILTER, ADD, ifindex, major, TABLE, "u32");
	options = wr_nest(b, TCA_OPTIONS);
	wr_put_u32(b, TCA_U32_DIVISOR, 256);
	wr_nest_end(b, options);
}

void wr_floor_lookup_msg(struct wr_batch *b, int ifindex, uint32_t major)
{
	const struct tc_u32_sel sel = { .nkeys = 1, .hmask = htonl(0xff), .hoff = AT_LAST_FOUR };
	const struct tc_u32_key any = { 0 };
	size_t options;

	filter_msg(b, RTM_NEWTFILTER, ADD, ifindex, major, WR_U32_FIRST, "u32");
	options = wr_nest(b, TCA_OPTIONS);
	wr_put_u32(b, TCA_U32_LINK, TABLE);
	put_match(b, &sel, &any);
	wr_nest_end(b, options);
}

static void u32_msg(struct wr_batch *b, int ifindex, const uint8_t mac[6], uint32_t classid)
{
	const struct tc_u32_sel sel = { .flags = TC_U32_TERMINAL, .nkeys = 2 };
	struct tc_u32_key keys[] = { { .mask = htonl(0xffffffff), .off = AT_LAST_FOUR },
				     { .mask = htonl(0xffff), .off = AT_FIRST_TWO } };
	size_t options;

	memcpy(&keys[0].val, mac + 2, 4);
	memcpy((char *)&keys[1].val + 2, mac, 2);
	filter_msg(b, RTM_NEWTFILTER, ADD, ifindex, classid >> 16, bucket(mac) | (classid & 0xfff), "u32");
	options = wr_nest(b, TCA_OPTIONS);
	wr_put_u32(b, TCA_U32_CLASSID, classid);
	wr_put_u32(b, TCA_U32_HASH, bucket(mac));
	put_match(b, &sel, keys);
	wr_nest_end(b, options);
}

/* --- either ------------------------------------------------------------------------------- */

void wr_floor_filter_msg(struct wr_batch *b, enum wr_by by, int ifindex, const uint8_t mac[6],
			 uint32_t classid)
{
	if (by == WR_BY_FLOWER)
		flower_msg(b, ifindex, mac, classid);
	else
		u32_msg(b, ifindex, mac, classid);
}

void wr_floor_filter_del_msg(struct wr_batch *b, enum wr_by by, int ifindex, const uint8_t mac[6],
			     uint32_t classid)
{
	const uint32_t handle = by == WR_BY_FLOWER ? classid & 0xffff : bucket(mac) | (classid & 0xfff);

	filter_msg(b, RTM_DELTFILTER, 0, ifindex, classid >> 16, handle,
		   by == WR_BY_FLOWER ? "flower" : "u32");
}

void wr_floor_filters_dump_msg(struct wr_batch *b, int ifindex, uint32_t major)
{
	wr_tc_msg(b, RTM_GETTFILTER, NLM_F_DUMP, ifindex, 0, WR_CLASS(major, 0), NULL);
}

void wr_floor_filters_del_msg(struct wr_batch *b, int ifindex, uint32_t major)
{
	filter_msg(b, RTM_DELTFILTER, 0, ifindex, major, 0, NULL);
}

/* --- reading -------------------------------------------------------------------------------- */

static const void *payload(const struct nlattr *nest, uint16_t type, size_t len)
{
	const struct nlattr *a = wr_attr_inside(nest, type);

	return a && (size_t)a->nla_len >= NLA_HDRLEN + len ? a + 1 : NULL;
}

static bool read_flower(const struct nlattr *options, uint8_t mac[6], uint32_t *classid)
{
	const void *dst = payload(options, TCA_FLOWER_KEY_ETH_DST, 6), *class = payload(options, TCA_FLOWER_CLASSID, 4);

	if (!dst || !class)
		return false;
	memcpy(mac, dst, 6);
	memcpy(classid, class, 4);
	return true;
}

/* The keys as u32_msg() has them. */
static bool read_u32(const struct nlattr *options, uint8_t mac[6], uint32_t *classid)
{
	const char *sel = payload(options, TCA_U32_SEL, sizeof(struct tc_u32_sel) + 2 * sizeof(struct tc_u32_key));
	const void *class = payload(options, TCA_U32_CLASSID, 4);
	struct tc_u32_key keys[2];

	if (!sel || !class)
		return false;
	memcpy(keys, sel + sizeof(struct tc_u32_sel), sizeof(keys));
	memcpy(mac, (const char *)&keys[1].val + 2, 2);
	memcpy(mac + 2, &keys[0].val, 4);
	memcpy(classid, class, 4);
	return true;
}

bool wr_floor_filter_read(const struct nlmsghdr *msg, enum wr_by *by, uint8_t mac[6], uint32_t *classid)
{
	const struct tcmsg *tcm = NLMSG_DATA(msg);
	const struct nlattr *options, *kind;

	if (msg->nlmsg_type != RTM_NEWTFILTER || msg->nlmsg_len < NLMSG_LENGTH(sizeof(*tcm)) || tcm->tcm_info >> 16 != WR_FILTER_PRIO)
		return false;
	kind = wr_msg_attr(msg, TCA_KIND);
	options = wr_msg_attr(msg, TCA_OPTIONS);
	*by = kind && kind->nla_len == NLA_HDRLEN + sizeof("u32") ? WR_BY_U32 : WR_BY_FLOWER;
	return *by == WR_BY_U32 ? read_u32(options, mac, classid) : read_flower(options, mac, classid);
}
