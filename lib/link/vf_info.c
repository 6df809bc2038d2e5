/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Settings of VFs in messages: IFLA_VFINFO_LIST { IFLA_VF_INFO { IFLA_VF_* } }.
 * An IFLA_VF_* has no attributes inside but a struct: the VF's number, then the
 * values, each in 32 bits (a MAC address in 32 bytes). The table has a row for
 * each value; rows with the same attribute follow each other in its struct.
 * IFLA_VF_VLAN_LIST is the exception: it is a nest, and holds a 16-bit number in
 * network order. What is done with settings is vf.c's business.
 */
#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include "link/vf.h"
#include "netlink/attr.h"

#define MAC_SIZE 32	/* of ifla_vf_mac.mac: MAX_ADDR_LEN */
#define NOT_KNOWN UINT32_MAX	/* what the kernel says where the driver says nothing */

#define VF(member, attr, codec, name, bit, ...)                                                    \
	WR_ATTR(weir_vf_config, member, attr, codec, name, WEIR_VF_##bit, ##__VA_ARGS__)

static const struct wr_word protocols[] = {
	{ WEIR_VLAN_8021Q, "802.1Q" }, { WEIR_VLAN_8021AD, "802.1ad" },
};
static const struct wr_word link_states[] = {
	{ WEIR_VF_LINK_AUTO, "auto" }, { WEIR_VF_LINK_ENABLE, "enable" },
	{ WEIR_VF_LINK_DISABLE, "disable" },
};

/* clang-format off */
static const struct wr_field vf_fields[] = {
	WR_ROW(weir_vf_config, vf, WR_U32, "vf", .flags = WR_ALWAYS, .doc = "its number on the PF"),
	VF(mac, IFLA_VF_MAC, WR_MAC, "mac", MAC, .doc = "MAC address"),
	VF(vlan, IFLA_VF_VLAN, WR_U32, "vlan", VLAN, .max = 4095, .doc = "the vlan it is in; 0: none"),
	VF(qos, IFLA_VF_VLAN, WR_U32, "qos", QOS, .max = 7, .doc = "priority in the vlan tag"),
	VF(vlan_protocol, IFLA_VF_VLAN_LIST, WR_BE16, "proto", VLAN_PROTOCOL, .words = WR_WORDS(protocols),
	   .doc = "kind of the vlan tag"),
	VF(min_rate_mbit_per_s, IFLA_VF_RATE, WR_U32, "min_tx_rate", MIN_RATE, .unit = "Mbit/s",
	   .doc = "guaranteed rate of sending"),
	VF(max_rate_mbit_per_s, IFLA_VF_RATE, WR_U32, "max_tx_rate", MAX_RATE, .unit = "Mbit/s",
	   .doc = "most it may send; 0: no limit"),
	VF(spoof_check, IFLA_VF_SPOOFCHK, WR_U32, "spoofchk", SPOOF_CHECK, .flags = WR_BOOL,
	   .doc = "frames with another source address are dropped"),
	VF(link_state, IFLA_VF_LINK_STATE, WR_U32, "state", LINK_STATE, .words = WR_WORDS(link_states),
	   .doc = "what it sees of the cable"),
	VF(rss_query, IFLA_VF_RSS_QUERY_EN, WR_U32, "query_rss", RSS_QUERY, .flags = WR_BOOL,
	   .doc = "it may read how traffic is spread"),
	VF(trust, IFLA_VF_TRUST, WR_U32, "trust", TRUST, .flags = WR_BOOL,
	   .doc = "it may become promiscuous and take more addresses"),
};

const struct wr_vf_group wr_vf_groups[WR_VF_GROUPS] = {
	{ IFLA_VF_MAC, WEIR_VF_MAC },
	{ IFLA_VF_VLAN, WEIR_VF_VLAN | WEIR_VF_QOS | WEIR_VF_VLAN_PROTOCOL },
	{ IFLA_VF_RATE, WEIR_VF_MIN_RATE | WEIR_VF_MAX_RATE },
	{ IFLA_VF_SPOOFCHK, WEIR_VF_SPOOF_CHECK },
	{ IFLA_VF_LINK_STATE, WEIR_VF_LINK_STATE },
	{ IFLA_VF_RSS_QUERY_EN, WEIR_VF_RSS_QUERY },
	{ IFLA_VF_TRUST, WEIR_VF_TRUST },
};
/* clang-format on */

WR_TABLE(wr_vf_config_table, weir_vf_config, "vf", offsetof(struct weir_vf_config, has), vf_fields);

/* --- to the wire -------------------------------------------------------------------- */

static void put_struct(struct wr_batch *b, const struct weir_vf_config *c, uint16_t attr)
{
	uint8_t payload[4 + MAC_SIZE] = { 0 };
	size_t len = 4;

	memcpy(payload, &c->vf, 4);
	for (size_t i = 0; i < WR_COUNT(vf_fields); i++) {
		const struct wr_field *f = &vf_fields[i];
		uint32_t value;

		if (f->attr != attr)
			continue;
		if (f->codec == WR_MAC) {
			memcpy(payload + len, wr_member(f, c), 6);
			len += MAC_SIZE;
			continue;
		}
		value = (uint32_t)wr_load(f, c);
		memcpy(payload + len, &value, 4);
		len += 4;
	}
	wr_put(b, attr, payload, len);
}

static void put_vlan_list(struct wr_batch *b, const struct weir_vf_config *c)
{
	struct ifla_vf_vlan_info info;
	size_t nest = wr_nest(b, IFLA_VF_VLAN_LIST);

	memset(&info, 0, sizeof(info));	/* its padding goes to the kernel, too */
	info.vf = c->vf;
	info.vlan = c->vlan;
	info.qos = c->qos;
	info.vlan_proto = htons(c->vlan_protocol);
	wr_put(b, IFLA_VF_VLAN_INFO, &info, sizeof(info));
	wr_nest_end(b, nest);
}

/* The older attribute wherever it says the same: every driver's kernel has it. */
void wr_vf_put(struct wr_batch *b, const struct weir_vf_config *c, uint64_t bits)
{
	size_t nest = wr_nest(b, IFLA_VF_INFO);

	for (size_t i = 0; i < WR_VF_GROUPS; i++) {
		if (!(wr_vf_groups[i].bits & bits))
			continue;
		if (wr_vf_groups[i].attr == IFLA_VF_VLAN && c->vlan_protocol == WEIR_VLAN_8021AD)
			put_vlan_list(b, c);
		else
			put_struct(b, c, wr_vf_groups[i].attr);
	}
	wr_nest_end(b, nest);
}

size_t wr_vf_begin(struct wr_batch *b, int pf_ifindex)
{
	struct ifinfomsg ifi = { .ifi_index = pf_ifindex };

	wr_msg(b, RTM_SETLINK, 0, &ifi, sizeof(ifi));
	return wr_nest(b, IFLA_VFINFO_LIST);
}

/* --- from the wire ------------------------------------------------------------------- */

static void get_row(const struct wr_field *f, const struct nlattr *a, size_t at,
		    struct weir_vf_config *c)
{
	const char *payload = mnl_attr_get_payload(a);
	size_t len = mnl_attr_get_payload_len(a);
	uint32_t value;

	if (len < at + (f->codec == WR_MAC ? 6 : 4))
		return;
	if (f->codec == WR_MAC) {
		memcpy(wr_member(f, c), payload + at, 6);
	} else {
		memcpy(&value, payload + at, 4);
		if (value == NOT_KNOWN)
			return;
		wr_store(f, c, f->flags & WR_BOOL ? value != 0 : value);
	}
	c->has |= wr_bit(f);
}

static void get_protocol(const struct nlattr *list, struct weir_vf_config *c)
{
	const struct nlattr *a = wr_attr_find(mnl_attr_get_payload(list),
					      mnl_attr_get_payload_len(list), IFLA_VF_VLAN_INFO);
	struct ifla_vf_vlan_info info;

	if (!a || mnl_attr_get_payload_len(a) < sizeof(info))
		return;
	memcpy(&info, mnl_attr_get_payload(a), sizeof(info));
	c->vlan_protocol = ntohs(info.vlan_proto);
	c->has |= WEIR_VF_VLAN_PROTOCOL;
}

static void decode_vf(const struct nlattr *vf_info, struct weir_vf_config *c)
{
	const char *attrs = mnl_attr_get_payload(vf_info);
	size_t len = mnl_attr_get_payload_len(vf_info), at = 4;
	uint16_t last = 0;

	for (size_t i = 1; i < WR_COUNT(vf_fields); i++) {
		const struct wr_field *f = &vf_fields[i];
		const struct nlattr *a = wr_attr_find(attrs, len, f->attr);

		at = f->attr == last ? at + 4 : 4;
		last = f->attr;
		if (a && f->attr == IFLA_VF_VLAN_LIST)
			get_protocol(a, c);
		else if (a)
			get_row(f, a, at, c);
	}
	/* Every struct begins with the number; the kernel always sends the first. */
	c->vf = wr_attr_u32(wr_attr_find(attrs, len, IFLA_VF_MAC), c->vf);
}

static size_t count(const struct nlattr *list)
{
	const struct nlattr *a;
	size_t n = 0;

	mnl_attr_for_each_nested(a, list)
		n += mnl_attr_get_type(a) == IFLA_VF_INFO;
	return n;
}

int wr_vf_decode(const struct nlmsghdr *msg, struct wr_vf_state *ret)
{
	const size_t at = MNL_NLMSG_HDRLEN + MNL_ALIGN(sizeof(struct ifinfomsg));
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(msg);
	const char *attrs = (const char *)msg + at;
	const struct nlattr *list, *a;
	size_t len;

	if (msg->nlmsg_len < at)
		return -EBADMSG;
	len = msg->nlmsg_len - at;
	*ret = (struct wr_vf_state){ .ifindex = ifi->ifi_index, .is_up = ifi->ifi_flags & IFF_UP,
				     .has_carrier = ifi->ifi_flags & IFF_LOWER_UP };
	a = wr_attr_find(attrs, len, IFLA_IFNAME);
	if (a)
		wr_format(ret->name, sizeof(ret->name), "%.*s", (int)mnl_attr_get_payload_len(a),
			  (const char *)mnl_attr_get_payload(a));
	list = wr_attr_find(attrs, len, IFLA_VFINFO_LIST);
	if (!list)
		return 0;
	ret->vfs = calloc(count(list) + 1, sizeof(*ret->vfs));
	if (!ret->vfs)
		return -ENOMEM;
	mnl_attr_for_each_nested(a, list) {
		struct weir_vf_config *c = &ret->vfs[ret->n];

		if (mnl_attr_get_type(a) != IFLA_VF_INFO)
			continue;
		*c = (struct weir_vf_config){ .sz = sizeof(*c), .vf = (uint32_t)ret->n++ };
		decode_vf(a, c);
	}
	return 0;
}

struct reading {
	struct wr_vf_state *ret;
	bool found;
};

static int take(void *arg, uint32_t index, const struct nlmsghdr *msg)
{
	struct reading *reading = arg;

	if (msg->nlmsg_type != RTM_NEWLINK)
		return 0;
	wr_vf_state_done(reading->ret);
	reading->found = true;
	return wr_vf_decode(msg, reading->ret);
}

int wr_vf_read(struct weir *w, int pf_ifindex, struct wr_vf_state *ret, struct weir_error *err)
{
	struct ifinfomsg ifi = { .ifi_index = pf_ifindex };
	struct reading reading = { .ret = ret };
	struct wr_reader reader = { .reply = take, .arg = &reading };
	wr_auto(batch) struct wr_batch b = { 0 };
	struct wr_result result;
	char object[64];
	int r;

	*ret = (struct wr_vf_state){ 0 };
	wr_format(object, sizeof(object), "link %d", pf_ifindex);
	wr_msg(&b, RTM_GETLINK, 0, &ifi, sizeof(ifi));
	/* Statistics would make 64 VFs too many for the 64 KB of a nest. */
	wr_put_u32(&b, IFLA_EXT_MASK, RTEXT_FILTER_VF | RTEXT_FILTER_SKIP_STATS);
	r = wr_sock_read(&w->sock, &b, &result, &reader, WR_READ_TIMEOUT_MS, err);
	if (!r && result.code < 0)
		r = wr_error(err, result.code, WEIR_STAGE_KERNEL, object, "", "%s", result.msg);
	if (!r && !reading.found)
		r = wr_error(err, -ENODEV, WEIR_STAGE_REPLY, object, "", "is not there");
	if (r)
		wr_vf_state_done(ret);
	return r;
}

void wr_vf_state_done(struct wr_vf_state *s)
{
	free(s->vfs);
	*s = (struct wr_vf_state){ 0 };
}

const struct weir_vf_config *wr_vf_find(const struct weir_vf_config *list, size_t n, uint32_t vf)
{
	for (size_t i = 0; i < n; i++)
		if (list[i].vf == vf)
			return &list[i];
	return NULL;
}

/* --- the API that only reads and writes text ------------------------------------------- */

int weir_vf_config_list(struct weir *w, int pf_ifindex, struct weir_vf_config **ret, size_t *ret_n,
			struct weir_error *err)
{
	struct wr_vf_state state;
	int r = wr_vf_read(w, pf_ifindex, &state, err);

	if (r)
		return r;
	*ret = state.vfs;
	*ret_n = state.n;
	return 0;
}

int weir_vf_config_parse(struct weir_vf_config *config, const char *name, const char *text,
			 struct weir_error *err)
{
	const struct wr_field *f = wr_find(&wr_vf_config_table, name);
	char shown[WR_SHOWN];

	if (!name)
		return wr_refuse(err, -EINVAL, "VF", "name", "is missing");
	if (!f || !wr_bit(f))
		return wr_refuse(err, -ENOENT, "VF", wr_shown(name, shown), "is no setting of a VF");
	return text ? wr_field_parse(&wr_vf_config_table, f, config, text, err) :
		      wr_refuse(err, -EINVAL, "VF", name, "needs a value");
}

uint64_t weir_vf_config_bit(const char *name)
{
	const struct wr_field *f = wr_find(&wr_vf_config_table, name);

	return f ? wr_bit(f) : 0;
}

const char *weir_vf_config_name(uint64_t bit)
{
	for (size_t i = 0; i < WR_COUNT(vf_fields); i++)
		if (bit && wr_bit(&vf_fields[i]) == bit)
			return vf_fields[i].name;
	return NULL;
}

int weir_vf_config_text(const struct weir_vf_config *config, char **ret)
{
	wr_auto(str) struct wr_str out = { 0 };

	wr_table_text(&wr_vf_config_table, config, &out);
	*ret = wr_str_take(&out);
	return *ret ? 0 : -ENOMEM;
}

int weir_vf_config_json(const struct weir_vf_config *config, char **ret)
{
	wr_auto(str) struct wr_str out = { 0 };

	wr_str_putc(&out, '{');
	wr_table_json(&wr_vf_config_table, config, -1, &out);
	wr_str_putc(&out, '}');
	*ret = wr_str_take(&out);
	return *ret ? 0 : -ENOMEM;
}
