/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vxlan (IFLA_VXLAN_*). Names are iproute2's; what the kernel lets nobody change is WR_FIXED. */
#include <linux/if_link.h>

#include "link/words.h"

#define VXLAN(member, attr, codec, name, bit, ...)                                                 \
	WR_ATTR(weir_vxlan, member, IFLA_VXLAN_##attr, codec, name, WEIR_VXLAN_##bit, ##__VA_ARGS__)
#define SWITCH(member, attr, name, bit, ...)                                                       \
	VXLAN(member, attr, WR_U8, name, bit, .flags = WR_BOOL | WR_NOWORD | WR_FIXED, ##__VA_ARGS__)

#define FLAG(member, attr, name, ...)                                                              \
	VXLAN(member, attr, WR_FLAG, name, attr, .flags = WR_BOOL | WR_FIXED | WR_ZERO_IF_ABSENT, ##__VA_ARGS__)

static const struct wr_word dfs[] = { { 0, "unset" }, { 1, "set" }, { 2, "inherit" } };

/* clang-format off */
static const struct wr_field vxlan_fields[] = {
	VXLAN(id, ID, WR_U32, "id", ID, .max = 0xffffff, .flags = WR_FIXED, .doc = "the network's identifier"),
	VXLAN(remote, GROUP, WR_IP, "remote", REMOTE, .attr6 = IFLA_VXLAN_GROUP6, .flags = WR_ZERO_IF_ABSENT,
	      .doc = "a host or a group: where frames to unknown addresses go"),
	VXLAN(local, LOCAL, WR_IP, "local", LOCAL, .attr6 = IFLA_VXLAN_LOCAL6, .flags = WR_ZERO_IF_ABSENT,
	      .doc = "our address"),
	VXLAN(link, LINK, WR_U32, "dev", LINK, .flags = WR_IFINDEX | WR_ZERO_IF_ABSENT,
	      .doc = "the link that it goes out by"),
	VXLAN(port, PORT, WR_BE16, "dstport", PORT, .flags = WR_FIXED, .doc = "UDP port of the other end"),
	VXLAN(ttl, TTL, WR_U8, "ttl", TTL, .doc = "of the outer packets"),
	VXLAN(tos, TOS, WR_U8, "tos", TOS, .flags = WR_HEX, .doc = "of the outer packets"),
	VXLAN(label, LABEL, WR_BE32, "flowlabel", LABEL, .max = 0xfffff, .flags = WR_HEX,
	      .doc = "of outer IPv6 packets"),
	VXLAN(df, DF, WR_U8, "df", DF, .words = WR_WORDS(dfs),
	      .doc = "whether outer packets may be fragmented"),
	VXLAN(learning, LEARNING, WR_U8, "learning", LEARNING, .flags = WR_BOOL | WR_NOWORD,
	      .doc = "learn which host an address is at"),
	VXLAN(ageing_s, AGEING, WR_U32, "ageing", AGEING, .unit = "s", .doc = "time until that is forgotten"),
	VXLAN(limit, LIMIT, WR_U32, "maxaddress", LIMIT, .flags = WR_FIXED, .doc = "most addresses that are learned"),
	SWITCH(proxy, PROXY, "proxy", PROXY, .doc = "answer ARP"),
	SWITCH(rsc, RSC, "rsc", RSC, .doc = "route short circuit"),
	SWITCH(l2miss, L2MISS, "l2miss", L2MISS, .doc = "tell of unknown MAC addresses"),
	SWITCH(l3miss, L3MISS, "l3miss", L3MISS, .doc = "tell of unknown IP addresses"),
	SWITCH(udp_csum, UDP_CSUM, "udpcsum", UDP_CSUM, .doc = "checksums in outer IPv4 packets"),
	SWITCH(udp_zero_csum6_tx, UDP_ZERO_CSUM6_TX, "udp6zerocsumtx", UDP_ZERO_CSUM6_TX,
	       .doc = "none in outer IPv6 packets"),
	SWITCH(udp_zero_csum6_rx, UDP_ZERO_CSUM6_RX, "udp6zerocsumrx", UDP_ZERO_CSUM6_RX,
	       .doc = "none needed in those that come"),
	VXLAN(source_ports, PORT_RANGE, WR_RANGE, "srcport", SOURCE_PORTS, .flags = WR_FIXED,
	      .doc = "UDP ports that packets are sent from"),
	FLAG(ttl_inherit, TTL_INHERIT, "ttl_inherit", .doc = "the TTL is the inner packet's"),
	FLAG(gbp, GBP, "gbp", .doc = "packets carry a group policy"),
	FLAG(gpe, GPE, "gpe", .doc = "the generic protocol extension"),
	SWITCH(external, COLLECT_METADATA, "external", EXTERNAL, .doc = "others say where each packet goes"),
};
/* clang-format on */

static bool is_group(const struct weir_ip *ip)
{
	return ip->family == WEIR_FAMILY_IPV6 ? ip->bytes[0] == 0xff : ip->bytes[0] >> 4 == 0xe;
}

/* iproute2 has a word of its own for a remote that is a group, and two words for two ports. */
static bool words(const struct wr_field *f, const void *obj, struct wr_str *out)
{
	const struct weir_vxlan *v = obj;
	char buf[WEIR_IP_TEXT];

	if (wr_bit(f) == WEIR_VXLAN_REMOTE)
		wr_str_printf(out, " %s %s", is_group(&v->remote) ? "group" : "remote", weir_ip_format(&v->remote, buf));
	else if (wr_bit(f) == WEIR_VXLAN_SOURCE_PORTS)
		wr_str_printf(out, " srcport %u %u", v->source_ports.first, v->source_ports.last);
	else if (wr_bit(f) == WEIR_VXLAN_TTL_INHERIT)
		wr_str_puts(out, v->ttl_inherit ? " ttl inherit" : "");
	else
		return false;
	return true;
}

static const uint16_t info_data[] = { IFLA_LINKINFO, IFLA_INFO_DATA, 0 };

static WR_TABLE(vxlan_table, weir_vxlan, "vxlan", offsetof(struct weir_vxlan, has), vxlan_fields,
	 .path = info_data);

static int take_ports(struct wr_link_words *w)
{
	const char *first = wr_words_value(w, "srcport"), *last = first ? wr_words_value(w, "srcport") : NULL;
	char range[16];

	if (!last)
		return -EINVAL;
	wr_format(range, sizeof(range), "%.7s-%.7s", first, last);
	return wr_field_parse(&vxlan_table, wr_find(&vxlan_table, "srcport"), &w->l->vxlan, range, w->err);
}

static int take(struct wr_link_words *w, const char *word)
{
	const char *name = !strcmp(word, "group") ? "remote" : !strcmp(word, "vni") ? "id" : NULL, *value;

	if (!strcmp(word, "srcport"))
		return take_ports(w);
	if (!strcmp(word, "ttl") && w->n && !strcmp(*w->at, "inherit")) {
		wr_words_next(w);
		return wr_field_parse(&vxlan_table, wr_find(&vxlan_table, "ttl_inherit"), &w->l->vxlan, "on", w->err);
	}
	value = name ? wr_words_value(w, word) : NULL;
	if (value)
		return wr_field_parse(&vxlan_table, wr_find(&vxlan_table, name), &w->l->vxlan, value, w->err);
	return name ? -EINVAL : 1;
}

/* An address that was not there is any address of the other's family. */
static void old_ip(const struct weir_ip *want, struct weir_ip *old)
{
	if (!old->family)
		old->family = want->family;
}

static int widen(const struct weir_link *want, struct weir_link *old, struct weir_link *ahead, struct weir_error *err)
{
	old_ip(&want->vxlan.remote, &old->vxlan.remote);
	old_ip(&want->vxlan.local, &old->vxlan.local);
	return 0;
}

static int verify(const struct weir_link *link, struct weir_error *err)
{
	const struct weir_vxlan *v = &link->vxlan;
	const uint64_t both = WEIR_VXLAN_REMOTE | WEIR_VXLAN_LOCAL;

	if (!(v->has & WEIR_VXLAN_ID) && !(v->has & WEIR_VXLAN_EXTERNAL && v->external))
		return wr_refuse(err, -EINVAL, "", "id", "is missing: the network's identifier, or external");
	if ((v->has & both) == both && v->remote.family != v->local.family)
		return wr_refuse(err, -EINVAL, "", "local", "is of another family than remote");
	return 0;
}

const struct wr_kind wr_kind_vxlan = {
	.kind = WEIR_LINK_VXLAN,
	.name = "vxlan",
	.table = &vxlan_table,
	.tables = WR_LINK_TABLES(&vxlan_table),
	.offset = offsetof(struct weir_link, vxlan),
	.mtu_apart = true,
	.verify = verify,
	.widen = widen,
	.words = words,
	.take = take,
};
