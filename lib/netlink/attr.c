/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Attribute tables on the wire: see attr.h. Values stay in host order in the struct. */
#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <stdio.h>

#include <weir/link.h>

#include "netlink/attr.h"

#define MAX_DEPTH 8

/* --- to the wire --------------------------------------------------------- */

static void put_array(struct wr_batch *b, const struct wr_field *f, const void *obj)
{
	size_t nest;

	if (f->codec == WR_MACS)
		wr_put_u32(b, f->attr6, f->mask);
	nest = wr_nest(b, f->attr);
	for (uint32_t i = 0; i < wr_array_count(f, obj); i++) {
		const struct weir_ip *ip = wr_array_item(f, obj, i);

		/* A pair is IFLA_VLAN_QOS_MAPPING, a MAC address IFLA_MACVLAN_MACADDR; IP addresses are numbered. */
		if (f->codec != WR_IPS)
			wr_put(b, f->codec == WR_PAIRS ? 1 : 4, wr_array_item(f, obj, i), wr_array_item_size(f));
		else
			wr_put(b, (uint16_t)i, ip->bytes, ip->family == WEIR_FAMILY_IPV4 ? 4 : 16);
	}
	wr_nest_end(b, nest);
}

static void put_row(struct wr_batch *b, const struct wr_field *f, const void *obj)
{
	const char *text = wr_member(f, obj);
	struct weir_udp_ports range;
	struct weir_ip ip;

	switch ((enum wr_codec)f->codec) {
	case WR_U8:
		wr_put_u8(b, f->attr, wr_load(f, obj));
		break;
	case WR_U16:
		wr_put_u16(b, f->attr, wr_load(f, obj));
		break;
	case WR_BE16:
		wr_put_u16(b, f->attr, htons(wr_load(f, obj)));
		break;
	case WR_U32:
	case WR_S32:
		wr_put_u32(b, f->attr, wr_load(f, obj));
		break;
	case WR_BE32:
		wr_put_u32(b, f->attr, htonl(wr_load(f, obj)));
		break;
	case WR_U64:
		wr_put_u64(b, f->attr, wr_load(f, obj));
		break;
	case WR_NAME:
		/*
		 * Without the zero byte: dev_set_alias() counts it, so the longest alias would
		 * be refused, and an empty one, which takes the alias away, would be one.
		 */
		wr_put(b, f->attr, text, strlen(text));
		break;
	case WR_MAC:
		wr_put(b, f->attr, text, 6);
		break;
	case WR_IP:
		memcpy(&ip, text, sizeof(ip));
		wr_put(b, f->attr6 && ip.family == WEIR_FAMILY_IPV6 ? f->attr6 : f->attr, ip.bytes,
		       ip.family == WEIR_FAMILY_IPV4 ? 4 : 16);
		break;
	case WR_RANGE:
		memcpy(&range, text, sizeof(range));
		range = (struct weir_udp_ports){ htons(range.first), htons(range.last) };
		wr_put(b, f->attr, &range, sizeof(range));
		break;
	case WR_FLAG:
		if (wr_load(f, obj))
			wr_put(b, f->attr, "", 0);
		break;
	case WR_IPS: case WR_PAIRS: case WR_MACS:
		put_array(b, f, obj);
		break;
	case WR_BIT:	/* put_bits() */
	case WR_STRING: case WR_OBJECT: case WR_LIST:
		break;
	}
}

static bool wanted(const struct wr_table *t, const struct wr_field *f, const void *obj,
		   unsigned int only, unsigned int but)
{
	return f->attr && !(f->flags & (WR_READONLY | WR_HEADER | but)) &&
	       (!only || f->flags & only) && wr_has(t, f, obj);
}

bool wr_has_any(const struct wr_table *t, const void *obj, unsigned int only, unsigned int but)
{
	for (size_t i = 0; i < t->n; i++)
		if (wanted(t, &t->fields[i], obj, only, but))
			return true;
	return false;
}

/* All bits that ride in the attribute of @first, with the first of them; later ones find nothing to do. */
static void put_bits(struct wr_batch *b, const struct wr_table *t, const struct wr_field *first,
		     const void *obj, unsigned int only, unsigned int but)
{
	uint32_t pair[2] = { 0 };

	for (size_t i = 0; i < t->n; i++) {
		const struct wr_field *f = &t->fields[i];

		if (f->attr != first->attr || !wanted(t, f, obj, only, but))
			continue;
		if (f < first)
			return;
		pair[0] |= wr_load(f, obj) ? f->mask : 0;
		pair[1] |= f->mask;
	}
	wr_put(b, first->attr, pair, sizeof(pair));
}

bool wr_encode_rows(struct wr_batch *b, const struct wr_table *t, const void *obj,
		    unsigned int only, unsigned int but)
{
	bool any = false;

	for (size_t i = 0; i < t->n; i++) {
		if (!wanted(t, &t->fields[i], obj, only, but))
			continue;
		if (t->fields[i].codec == WR_BIT)
			put_bits(b, t, &t->fields[i], obj, only, but);
		else
			put_row(b, &t->fields[i], obj);
		any = true;
	}
	return any;
}

bool wr_encode(struct wr_batch *b, const struct wr_table *t, const void *obj, unsigned int only,
	       unsigned int but)
{
	size_t nest[MAX_DEPTH];
	size_t depth = 0;

	if (!wr_has_any(t, obj, only, but))
		return false;
	for (; t->path && t->path[depth]; depth++)
		nest[depth] = wr_nest(b, t->path[depth]);
	wr_encode_rows(b, t, obj, only, but);
	while (depth)
		wr_nest_end(b, nest[--depth]);
	return true;
}

/* --- from the wire ------------------------------------------------------- */

/*
 * The attribute @at bytes into @attrs, and where the next one is; NULL at the end,
 * which a length that is wrong is too. Every attribute of every link of a dump
 * comes by here, so there is no call in it.
 */
static inline const struct nlattr *attr_at(const void *attrs, size_t len, size_t *at)
{
	const struct nlattr *a = (const void *)((const char *)attrs + *at);

	if (*at >= len || len - *at < sizeof(*a) || a->nla_len < sizeof(*a) || a->nla_len > len - *at)
		return NULL;
	*at += MNL_ALIGN(a->nla_len);
	return a;
}

const struct nlattr *wr_attr_find(const void *attrs, size_t len, uint16_t type)
{
	const struct nlattr *a;

	for (size_t at = 0; (a = attr_at(attrs, len, &at));)
		if ((a->nla_type & NLA_TYPE_MASK) == type)
			return a;
	return NULL;
}

const struct nlattr *wr_msg_attr(const struct nlmsghdr *msg, uint16_t type)
{
	const size_t at = MNL_NLMSG_HDRLEN + MNL_ALIGN(wr_header_size(msg->nlmsg_type));

	return at > msg->nlmsg_len ? NULL : wr_attr_find((const char *)msg + at, msg->nlmsg_len - at, type);
}

const struct nlattr *wr_attr_inside(const struct nlattr *nest, uint16_t type)
{
	return nest ? wr_attr_find(mnl_attr_get_payload(nest), mnl_attr_get_payload_len(nest), type) : NULL;
}

/* Attributes by their types, the first of each; those above are looked for one by one. */
#define N_INDEXED 80

struct attrs {
	const void *data;
	size_t len;
	const struct nlattr *by_type[N_INDEXED];
};

static void index_attrs(struct attrs *x, const void *data, size_t len)
{
	const struct nlattr *a;

	memset(x, 0, sizeof(*x));
	x->data = data;
	x->len = len;
	for (size_t at = 0; (a = attr_at(data, len, &at));) {
		uint16_t type = a->nla_type & NLA_TYPE_MASK;

		if (type < N_INDEXED && !x->by_type[type])
			x->by_type[type] = a;
	}
}

static const struct nlattr *attr_of_type(const struct attrs *x, uint16_t type)
{
	return type < N_INDEXED ? x->by_type[type] : wr_attr_find(x->data, x->len, type);
}

uint32_t wr_attr_u32(const struct nlattr *attr, uint32_t absent)
{
	uint32_t v;

	if (!attr || mnl_attr_get_payload_len(attr) < sizeof(v))
		return absent;
	memcpy(&v, mnl_attr_get_payload(attr), sizeof(v));
	return v;
}

void wr_attr_copy(const struct nlattr *attr, void *ret, size_t size)
{
	size_t len = attr ? mnl_attr_get_payload_len(attr) : 0;

	if (len)
		memcpy(ret, mnl_attr_get_payload(attr), len < size ? len : size);
}

uint32_t wr_attr_hash(const struct nlattr *attr)
{
	return attr ? wr_hash(WR_HASH, mnl_attr_get_payload(attr), mnl_attr_get_payload_len(attr)) : 0;
}

static int get_integer(const struct wr_field *f, const void *data, size_t len, void *obj)
{
	static const uint8_t width[] = { [WR_U8] = 1,  [WR_U16] = 2, [WR_U32] = 4,
					 [WR_U64] = 8, [WR_S32] = 4, [WR_BE16] = 2,
					 [WR_BE32] = 4 };
	uint64_t v = 0;
	uint32_t u32;
	uint16_t u16;
	uint8_t u8;

	/* The kernel widened some attributes over time; it never narrowed one. */
	if (len < width[f->codec])
		return -EBADMSG;
	switch (width[f->codec]) {
	case 1:
		memcpy(&u8, data, 1);
		v = u8;
		break;
	case 2:
		memcpy(&u16, data, 2);
		v = f->codec == WR_BE16 ? ntohs(u16) : u16;
		break;
	case 4:
		memcpy(&u32, data, 4);
		v = f->codec == WR_S32 ? (uint64_t)(int64_t)(int32_t)u32 : f->codec == WR_BE32 ? ntohl(u32) : u32;
		break;
	default:
		memcpy(&v, data, 8);
	}
	wr_store(f, obj, f->flags & WR_BOOL ? v != 0 : v);
	return 0;
}

static int get_ip(const void *data, size_t len, void *to)
{
	struct weir_ip ip = { 0 };

	if (len != 4 && len != 16)
		return -EBADMSG;
	ip.family = len == 4 ? WEIR_FAMILY_IPV4 : WEIR_FAMILY_IPV6;
	memcpy(ip.bytes, data, len);
	memcpy(to, &ip, sizeof(ip));
	return 0;
}

/* Items that have no room are left out: somebody else made them, and more than we can want. */
static int get_array(const struct wr_field *f, const void *data, size_t len, void *obj)
{
	const struct nlattr *a = data;
	uint32_t n = 0;

	memset(wr_member(f, obj), 0, f->size);
	for (; len && mnl_attr_ok(a, (int)len) && n < wr_array_room(f); a = mnl_attr_next(a)) {
		size_t step = MNL_ALIGN(a->nla_len), size = mnl_attr_get_payload_len(a);
		void *item = wr_array_item(f, obj, n);

		if (f->codec == WR_IPS ? get_ip(mnl_attr_get_payload(a), size, item) : size < wr_array_item_size(f))
			return -EBADMSG;
		if (f->codec != WR_IPS)
			memcpy(item, mnl_attr_get_payload(a), wr_array_item_size(f));
		n++;
		len -= step < len ? step : len;
	}
	memcpy(wr_member(f, obj), &n, sizeof(n));
	return 0;
}

static int get_row(const struct wr_field *f, const void *data, size_t len, void *obj)
{
	char *text = wr_member(f, obj);
	struct weir_udp_ports range;
	uint32_t bits;

	if (f->codec == WR_BIT) {
		memcpy(&bits, data, sizeof(bits));
		wr_store(f, obj, (bits & f->mask) != 0);
		return 0;
	}
	/* A flag has nothing in it, or, told of one that can be off, a byte. */
	if (f->codec == WR_FLAG) {
		wr_store(f, obj, !len || *(const uint8_t *)data);
		return 0;
	}
	if (wr_is_integer(f))
		return get_integer(f, data, len, obj);
	if (wr_is_array(f))
		return get_array(f, data, len, obj);
	if (f->codec == WR_MAC) {
		/* Links without Ethernet addresses (sit, ip6tnl) have shorter or longer ones. */
		memset(text, 0, 6);
		memcpy(text, data, len < 6 ? len : 6);
	} else if (f->codec == WR_IP) {
		return get_ip(data, len, text);
	} else if (f->codec == WR_RANGE) {
		if (len < sizeof(range))
			return -EBADMSG;
		memcpy(&range, data, sizeof(range));
		range = (struct weir_udp_ports){ ntohs(range.first), ntohs(range.last) };
		memcpy(text, &range, sizeof(range));
	} else if (f->codec == WR_NAME) {
		len = strnlen(data, len);
		if (len >= f->size)
			return -EBADMSG;
		memset(text, 0, f->size);
		memcpy(text, data, len);
	}
	return 0;
}

/* The attribute of a row: an address may come under another number, a bit may not count. */
static const struct nlattr *attr_of(const struct wr_field *f, const struct attrs *attrs)
{
	const struct nlattr *a;
	uint32_t pair[2];

	if (!f->attr || f->flags & WR_HEADER)
		return NULL;
	a = attr_of_type(attrs, f->attr);
	if (!a && f->attr6)
		a = attr_of_type(attrs, f->attr6);
	if (!a || f->codec != WR_BIT)
		return a;
	if (mnl_attr_get_payload_len(a) < sizeof(pair))
		return NULL;
	memcpy(pair, mnl_attr_get_payload(a), sizeof(pair));
	return pair[1] & f->mask ? a : NULL;
}

int wr_decode(const struct wr_table *t, const void *attrs, size_t len, void *obj,
	      struct weir_error *err)
{
	const struct nlattr *a;
	struct attrs all;

	for (const uint16_t *nest = t->path; nest && *nest; nest++) {
		a = wr_attr_find(attrs, len, *nest);
		if (!a)
			return 0;
		attrs = mnl_attr_get_payload(a);
		len = mnl_attr_get_payload_len(a);
	}
	index_attrs(&all, attrs, len);
	for (size_t i = 0; i < t->n; i++) {
		const struct wr_field *f = &t->fields[i];

		a = attr_of(f, &all);
		if (!a)
			continue;
		if (get_row(f, mnl_attr_get_payload(a), mnl_attr_get_payload_len(a), obj))
			return wr_error(err, -EBADMSG, WEIR_STAGE_REPLY, t->name, f->name,
					"the kernel sent %d bytes",
					(int)mnl_attr_get_payload_len(a));
		wr_set_has(t, f, obj);
	}
	return 0;
}

/* --- from an offset to a name -------------------------------------------- */

size_t wr_header_size(uint16_t nlmsg_type)
{
	switch (nlmsg_type & ~3) {	/* NEW, DEL, GET and SET of a family are neighbours */
	case RTM_NEWLINK:
	case RTM_NEWLINKPROP:
		return sizeof(struct ifinfomsg);
	case RTM_NEWADDR:
		return sizeof(struct ifaddrmsg);
	case RTM_NEWROUTE:
		return sizeof(struct rtmsg);
	case RTM_NEWNEIGH:
		return sizeof(struct ndmsg);
	case RTM_NEWQDISC:
	case RTM_NEWTCLASS:
	case RTM_NEWTFILTER:
		return sizeof(struct tcmsg);
	}
	return 0;
}

/* Collects the types of the attributes that enclose @offset, outermost first. */
static size_t enclosing(const struct nlmsghdr *msg, uint32_t offset, uint16_t types[MAX_DEPTH])
{
	const char *base = (const char *)msg;
	size_t at = MNL_NLMSG_HDRLEN + MNL_ALIGN(wr_header_size(msg->nlmsg_type));
	size_t end = msg->nlmsg_len;
	size_t depth = 0;

	if (offset < at)
		return 0;	/* in the fixed header */
	while (depth < MAX_DEPTH && at + MNL_ATTR_HDRLEN <= end) {
		const struct nlattr *a = (const void *)(base + at);
		size_t next = at + MNL_ALIGN(a->nla_len);

		if (a->nla_len < MNL_ATTR_HDRLEN || at + a->nla_len > end)
			break;
		if (offset >= next) {
			at = next;
			continue;
		}
		types[depth++] = mnl_attr_get_type(a);
		if (offset < at + MNL_ATTR_HDRLEN)
			break;
		/* The kernel points at an attribute's header, so inside means in a nest. */
		end = at + a->nla_len;
		at += MNL_ATTR_HDRLEN;
	}
	return depth;
}

static const struct wr_field *row_at(const struct wr_table *t, const uint16_t *types, size_t depth)
{
	size_t i = 0;

	for (; t->path && t->path[i]; i++)
		if (i >= depth || t->path[i] != types[i])
			return NULL;
	if (i + 1 != depth)
		return NULL;
	for (size_t k = 0; k < t->n; k++)
		if (t->fields[k].attr == types[i] && !(t->fields[k].flags & WR_HEADER))
			return &t->fields[k];
	return NULL;
}

void wr_attr_path(const struct nlmsghdr *msg, uint32_t offset, const struct wr_table *const *tables,
		  char *buf, size_t size)
{
	uint16_t types[MAX_DEPTH];
	size_t depth = offset ? enclosing(msg, offset, types) : 0;
	size_t len = 0;

	*buf = '\0';
	for (; depth && tables && *tables; tables++) {
		const struct wr_field *f = row_at(*tables, types, depth);

		if (!f)
			continue;
		wr_format(buf, size, "%s%s%s", (*tables)->path ? (*tables)->name : "",
			  (*tables)->path ? "." : "", f->name);
		return;
	}
	for (size_t i = 0; i < depth && len < size; i++)
		len += snprintf(buf + len, size - len, "%s%d", i ? "/" : "attribute ", types[i]);
}
