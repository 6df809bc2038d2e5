/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What every link has, and reading links: one by RTM_GETLINK, many by a strict
 * dump that the kernel filters. Making and changing them is build.c's.
 */
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>

#include "base/list.h"
#include "link/kinds.h"
#include "link/link.h"
#include "txn/txn.h"

#define MAX_PARTS 8
#define HAS offsetof(struct weir_link, has)

#define LINK(member, attr, codec, name, bit, ...)                                                  \
	WR_ATTR(weir_link, member, attr, codec, name, WEIR_LINK_##bit, ##__VA_ARGS__)

static const struct wr_word operstates[] = {
	{ 0, "unknown" }, { 1, "notpresent" }, { 2, "down" }, { 3, "lowerlayerdown" },
	{ 4, "testing" }, { 5, "dormant" },    { 6, "up" },
};
static const struct wr_word addr_gen_modes[] = {
	{ 0, "eui64" }, { 1, "none" }, { 2, "stable_secret" }, { 3, "random" },
};

/* clang-format off */
static const struct wr_field link_fields[] = {
	LINK(ifindex, 0, WR_S32, "ifindex", IFINDEX, .flags = WR_HEADER | WR_FIXED,
	     .doc = "its number"),
	LINK(name, IFLA_IFNAME, WR_NAME, "name", NAME,
	     WR_RULE(wr_check_ifname, "is no name for a link: 1 to 15 bytes without slash, colon, percent sign or space"),
	     .doc = "its name"),
	LINK(mac, IFLA_ADDRESS, WR_MAC, "address", MAC, .doc = "MAC address"),
	LINK(mtu, IFLA_MTU, WR_U32, "mtu", MTU, .unit = "bytes", .doc = "largest packet"),
	LINK(txqueuelen, IFLA_TXQLEN, WR_U32, "txqueuelen", TXQUEUELEN, .unit = "packets",
	     .doc = "transmit queue length"),
	LINK(master, IFLA_MASTER, WR_U32, "master", MASTER, .flags = WR_IFINDEX | WR_ZERO_IF_ABSENT,
	     .doc = "the link it is a port of"),
	LINK(lower, IFLA_LINK, WR_U32, "link", LOWER, .flags = WR_IFINDEX | WR_FIXED,
	     .doc = "the link below it, or the other end of a pair"),
	LINK(lower_netnsid, IFLA_LINK_NETNSID, WR_S32, "link_netnsid", LOWER_NETNSID, .flags = WR_READONLY,
	     .doc = "the namespace in which that is, if it is another"),
	LINK(group, IFLA_GROUP, WR_U32, "group", GROUP_SET, .doc = "links that belong together"),
	LINK(num_tx_queues, IFLA_NUM_TX_QUEUES, WR_U32, "numtxqueues", NUM_TX_QUEUES, .min = 1,
	     .max = 4096, .flags = WR_FIXED, .doc = "transmit queues"),
	LINK(num_rx_queues, IFLA_NUM_RX_QUEUES, WR_U32, "numrxqueues", NUM_RX_QUEUES, .min = 1,
	     .max = 4096, .flags = WR_FIXED, .doc = "receive queues"),
	LINK(alias, IFLA_IFALIAS, WR_NAME, "alias", ALIAS, .flags = WR_ON_SET | WR_ZERO_IF_ABSENT,
	     .doc = "text for people"),
	LINK(is_up, 0, WR_U8, "up", UP, .flags = WR_HEADER | WR_BOOL, .doc = "administratively up"),
	LINK(operstate, IFLA_OPERSTATE, WR_U8, "operstate", OPERSTATE, .flags = WR_READONLY,
	     .words = WR_WORDS(operstates), .doc = "what it does"),
	LINK(has_carrier, IFLA_CARRIER, WR_U8, "carrier", CARRIER, .flags = WR_READONLY | WR_BOOL,
	     .doc = "a cable or a user is there"),
};

static const struct wr_field info_fields[] = {
	LINK(kind_name, IFLA_INFO_KIND, WR_NAME, "kind", KIND, .flags = WR_READONLY,
	     .doc = "what it is"),
	LINK(port_kind, IFLA_INFO_SLAVE_KIND, WR_NAME, "slave_kind", PORT_KIND,
	     .flags = WR_READONLY, .doc = "what its master is"),
};

static const struct wr_field inet6_fields[] = {
	LINK(addr_gen_mode, IFLA_INET6_ADDR_GEN_MODE, WR_U8, "addrgenmode", ADDR_GEN_MODE,
	     .flags = WR_ON_SET, .words = WR_WORDS(addr_gen_modes),
	     .doc = "how it gets IPv6 link-local addresses"),
};
/* clang-format on */

static const uint16_t linkinfo[] = { IFLA_LINKINFO, 0 };
static const uint16_t inet6[] = { IFLA_AF_SPEC, AF_INET6, 0 };

WR_TABLE(wr_link_table, weir_link, "link", HAS, link_fields);
WR_TABLE(wr_link_info_table, weir_link, "linkinfo", HAS, info_fields, .path = linkinfo);
WR_TABLE(wr_link_inet6_table, weir_link, "inet6", HAS, inet6_fields, .path = inet6);

static const struct wr_table *const common[] = {
	&wr_link_table, &wr_link_info_table, &wr_link_inet6_table,
};

/* --- reading one message ---------------------------------------------------------- */

int wr_link_decode(const struct nlmsghdr *msg, struct weir_link *ret, struct weir_error *err)
{
	const size_t at = MNL_NLMSG_HDRLEN + MNL_ALIGN(sizeof(struct ifinfomsg));
	const char *attrs = (const char *)msg + at;
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(msg);
	struct weir_link l = { .sz = sizeof(l) };
	const struct wr_kind *k;
	size_t len;
	int r = 0;

	if (msg->nlmsg_len < at)
		return wr_error(err, -EBADMSG, WEIR_STAGE_REPLY, "link", "", "a short message");
	len = msg->nlmsg_len - at;
	l.ifindex = ifi->ifi_index;
	l.is_up = ifi->ifi_flags & IFF_UP;
	l.has = WEIR_LINK_IFINDEX | WEIR_LINK_UP;
	for (size_t i = 0; i < WR_COUNT(common) && !r; i++)
		r = wr_decode(common[i], attrs, len, &l, err);
	k = l.has & WEIR_LINK_KIND ? wr_kind_by_name(l.kind_name) : NULL;
	l.kind = k ? k->kind : WEIR_LINK_OTHER;
	if (!r && k && k->table)
		r = wr_decode(k->table, attrs, len, wr_kind_data(k, &l), err);
	for (const struct wr_port_kind *p = wr_port_kinds; !r && p->name; p++)
		if (l.has & WEIR_LINK_PORT_KIND && !strcmp(l.port_kind, p->name))
			r = wr_decode(p->table, attrs, len, wr_port_data(p, &l), err);
	if (!r)
		*ret = l;
	return r;
}

/* --- one link ------------------------------------------------------------------------ */

struct one {
	struct weir_link *ret;
	struct weir_error *err;
	bool found;
};

static int take_one(void *arg, uint32_t index, const struct nlmsghdr *msg)
{
	struct one *o = arg;

	if (msg->nlmsg_type != RTM_NEWLINK)
		return 0;
	o->found = true;
	return wr_link_decode(msg, o->ret, o->err);
}

int wr_link_ask(struct weir *w, int ifindex, const char *name,
		int (*take)(void *arg, uint32_t index, const struct nlmsghdr *msg), void *arg, struct weir_error *err)
{
	struct ifinfomsg ifi = { .ifi_index = ifindex };
	struct wr_reader reader = { .reply = take, .arg = arg };
	wr_auto(batch) struct wr_batch b = { 0 };
	struct wr_result result;
	char object[64];
	int r;

	if (ifindex)
		wr_format(object, sizeof(object), "link %d", ifindex);
	else
		wr_format(object, sizeof(object), "link %s", name ? name : "");
	if (!ifindex && (!name || !*name || strlen(name) > 127))
		return wr_refuse(err, -EINVAL, object, "name", "is needed, with up to 127 bytes");
	wr_msg(&b, RTM_GETLINK, 0, &ifi, sizeof(ifi));
	if (!ifindex)
		wr_put_text(&b, strlen(name) < IFNAMSIZ ? IFLA_IFNAME : IFLA_ALT_IFNAME, name);
	wr_put_u32(&b, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	r = wr_sock_read(&w->sock, &b, &result, &reader, WR_READ_TIMEOUT_MS, err);
	return r || result.code >= 0 ? r : wr_error(err, result.code, WEIR_STAGE_KERNEL, object, "", "%s", result.msg);
}

int wr_link_get(struct weir *w, int ifindex, const char *name, struct weir_link *ret, struct weir_error *err)
{
	struct one o = { .ret = ret, .err = err };
	int r = wr_link_ask(w, ifindex, name, take_one, &o, err);

	return r || o.found ? r : wr_error(err, -ENODEV, WEIR_STAGE_REPLY, "link", "", "is not there");
}

int weir_link_get(struct weir *w, int ifindex, const char *name, struct weir_link *ret,
		  struct weir_error *err)
{
	struct weir_link link;
	int r = wr_link_get(w, ifindex, name, &link, err);

	return r ? r : wr_opts_give(ret, &link, sizeof(link), err);
}

/* --- many links ------------------------------------------------------------------------ */

struct many {
	struct weir_link *links;
	size_t n;
	const struct weir_link_filter *filter;
	struct weir_error *err;
};

/* The kernel filters too, but not by group, and not by a kind whose module it has not loaded. */
static bool is_wanted(const struct weir_link_filter *f, const struct weir_link *l)
{
	return (!f->group || (l->has & WEIR_LINK_GROUP_SET && l->group == f->group)) &&
	       (!f->kind || (l->has & WEIR_LINK_KIND && !strcmp(l->kind_name, f->kind)));
}

static int take_many(void *arg, uint32_t index, const struct nlmsghdr *msg)
{
	struct many *m = arg;
	struct weir_link *l;
	int r;

	if (msg->nlmsg_type != RTM_NEWLINK)
		return 0;
	l = wr_append(m->links, m->n);
	if (!l)
		return -ENOMEM;
	r = wr_link_decode(msg, l, m->err);
	if (r || !is_wanted(m->filter, l))
		m->n--;
	return r;
}

static void forget_many(void *arg)
{
	((struct many *)arg)->n = 0;
}

static void put_filter(struct wr_batch *b, const struct weir_link_filter *f)
{
	size_t nest;

	/* SKIP_STATS makes the kernel walk all links first: not where it filters by kind. */
	if (!f->kind)
		wr_put_u32(b, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	if (f->master)
		wr_put_u32(b, IFLA_MASTER, f->master);
	if (f->kind) {
		nest = wr_nest(b, IFLA_LINKINFO);
		wr_put_text(b, IFLA_INFO_KIND, f->kind);
		wr_nest_end(b, nest);
	}
}

int weir_link_list(struct weir *w, const struct weir_link_filter *filter, struct weir_link **ret,
		   size_t *ret_n, struct weir_error *err)
{
	struct ifinfomsg ifi = { 0 };
	struct weir_link_filter f;
	struct many m = { .filter = &f, .err = err };
	struct wr_reader reader = { .reply = take_many, .restart = forget_many, .arg = &m };
	wr_auto(batch) struct wr_batch b = { 0 };
	struct wr_result result;
	int r = wr_opts_copy(&f, sizeof(f), filter, "link filter", err);

	if (r)
		return r;
	wr_msg(&b, RTM_GETLINK, NLM_F_DUMP, &ifi, sizeof(ifi));
	put_filter(&b, &f);
	r = wr_sock_read(&w->sock, &b, &result, &reader, WR_READ_TIMEOUT_MS, err);
	if (!r && result.code < 0)
		r = wr_error(err, result.code, WEIR_STAGE_KERNEL, "links", "", "%s", result.msg);
	if (r) {
		free(m.links);
		return r;
	}
	*ret = m.links;
	*ret_n = m.n;
	return 0;
}

/* --- showing and comparing ---------------------------------------------------------------- */

/* Each table that says something about @link, with the object its rows are offsets into. */
static size_t parts(const struct weir_link *link, const struct wr_table *tables[MAX_PARTS],
		    const void *objects[MAX_PARTS])
{
	const struct wr_kind *k = wr_kind(link->kind);
	size_t n = 0;

	for (; n < WR_COUNT(common); n++) {
		tables[n] = common[n];
		objects[n] = link;
	}
	if (k && k->table) {
		tables[n] = k->table;
		objects[n++] = wr_kind_data(k, link);
	}
	for (const struct wr_port_kind *p = wr_port_kinds; p->name; p++) {
		tables[n] = p->table;
		objects[n++] = wr_port_data(p, link);
	}
	return n;
}

bool wr_link_equal(const struct weir_link *a, const struct weir_link *b)
{
	const struct wr_table *tables[MAX_PARTS];
	const void *as[MAX_PARTS], *bs[MAX_PARTS];
	size_t n = parts(a, tables, as);

	if (a->kind != b->kind)
		return false;
	parts(b, tables, bs);
	for (size_t i = 0; i < n; i++)
		if (!wr_table_equal(tables[i], as[i], bs[i]))
			return false;
	return true;
}

static bool is_nested(const struct wr_table *t)
{
	return t != common[0] && t != common[1] && t != common[2];
}

int weir_link_json(const struct weir_link *link, char **ret)
{
	wr_auto(str) struct wr_str out = { 0 };
	const struct wr_table *tables[MAX_PARTS];
	const void *objects[MAX_PARTS];
	size_t n = parts(link, tables, objects);

	wr_str_putc(&out, '{');
	for (size_t i = 0; i < n; i++) {
		wr_auto(str) struct wr_str inner = { 0 };

		if (!is_nested(tables[i])) {
			wr_table_json(tables[i], objects[i], -1, &out);
			continue;
		}
		wr_table_json(tables[i], objects[i], -1, &inner);
		if (inner.len)
			wr_str_printf(&out, ",\"%s\":{%s}", tables[i]->name, wr_str_text(&inner));
	}
	wr_str_putc(&out, '}');
	*ret = wr_str_take(&out);
	return *ret ? 0 : -ENOMEM;
}

int weir_link_text(const struct weir_link *link, char **ret)
{
	wr_auto(str) struct wr_str out = { 0 };
	const struct wr_table *tables[MAX_PARTS];
	const void *objects[MAX_PARTS];
	size_t n = parts(link, tables, objects);

	for (size_t i = 0; i < n; i++) {
		wr_auto(str) struct wr_str inner = { 0 };

		wr_table_text(tables[i], objects[i], &inner);
		if (inner.len && is_nested(tables[i]))
			wr_str_printf(&out, " %s", tables[i]->name);
		if (inner.len)
			wr_str_printf(&out, "%s%s", out.len ? " " : "", wr_str_text(&inner));
	}
	*ret = wr_str_take(&out);
	return *ret ? 0 : -ENOMEM;
}

static void diff_row(const struct wr_table *t, const struct wr_field *f, const void *want,
		     const void *is, struct wr_str *out)
{
	wr_str_printf(out, "%s%s%s: ", is_nested(t) ? t->name : "", is_nested(t) ? "." : "", f->name);
	wr_field_text(f, want, out);
	wr_str_puts(out, " instead of ");
	if (wr_has(t, f, is))
		wr_field_text(f, is, out);
	else
		wr_str_puts(out, "nothing");
	wr_str_putc(out, '\n');
}

int weir_link_diff(const struct weir_link *want, const struct weir_link *is, char **ret)
{
	wr_auto(str) struct wr_str out = { 0 };
	const struct wr_table *tables[MAX_PARTS];
	const void *wants[MAX_PARTS], *ises[MAX_PARTS];
	struct weir_link same_kind = *is;
	size_t n = parts(want, tables, wants);
	int count = 0;

	same_kind.kind = want->kind;
	parts(&same_kind, tables, ises);
	if (want->kind && want->kind != is->kind) {
		wr_str_printf(&out, "kind: %s instead of %s\n", weir_link_kind_name(want->kind),
			      is->has & WEIR_LINK_KIND ? is->kind_name : "a device");
		count++;
	}
	for (size_t i = 0; i < n; i++) {
		uint64_t diff = wr_table_diff(tables[i], wants[i], ises[i]);

		for (size_t k = 0; k < tables[i]->n; k++)
			if (diff & wr_bit(&tables[i]->fields[k])) {
				diff_row(tables[i], &tables[i]->fields[k], wants[i], ises[i], &out);
				count++;
			}
	}
	*ret = wr_str_take(&out);
	return *ret ? count : -ENOMEM;
}
