/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The addresses that a macvlan in mode source takes frames from, one at a time; the
 * whole list is a row in kind_macvlan.c. The kernel does not refuse to add an address
 * that is there already. So the list is read when the step is built: what would change
 * nothing makes no step, and an undo takes back no more than was done.
 */
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include "link/kinds.h"
#include "txn/txn.h"

struct source {
	int ifindex;
	enum weir_link_kind kind;
	uint8_t mac[6];
};

static void put_source(struct wr_batch *b, const struct source *s, bool add)
{
	struct ifinfomsg ifi = { .ifi_index = s->ifindex };
	size_t info, data;

	wr_msg(b, RTM_NEWLINK, 0, &ifi, sizeof(ifi));
	info = wr_nest(b, IFLA_LINKINFO);
	wr_put_text(b, IFLA_INFO_KIND, weir_link_kind_name(s->kind));
	data = wr_nest(b, IFLA_INFO_DATA);
	wr_put_u32(b, IFLA_MACVLAN_MACADDR_MODE, add ? MACVLAN_MACADDR_ADD : MACVLAN_MACADDR_DEL);
	wr_put(b, IFLA_MACVLAN_MACADDR, s->mac, sizeof(s->mac));
	wr_nest_end(b, data);
	wr_nest_end(b, info);
}

/* --- what is there ------------------------------------------------------------------ */

struct reading {
	struct source *source;
	bool is_there;
	struct weir_error *err;
};

static int take_link(void *arg, uint32_t index, const struct nlmsghdr *msg)
{
	static const uint16_t path[] = { IFLA_LINKINFO, IFLA_INFO_DATA, IFLA_MACVLAN_MACADDR_DATA };
	struct reading *r = arg;
	struct weir_link l;
	const struct nlattr *list, *a;
	int code = wr_link_decode(msg, &l, r->err);

	if (code)
		return code;
	r->source->kind = l.kind;
	list = wr_msg_attr(msg, path[0]);
	for (size_t i = 1; i < WR_COUNT(path); i++)
		list = wr_attr_inside(list, path[i]);
	if (!list)
		return 0;
	mnl_attr_for_each_nested(a, list)
		r->is_there |= mnl_attr_get_payload_len(a) == 6 && !memcmp(mnl_attr_get_payload(a), r->source->mac, 6);
	return 0;
}

/* Finds out what kind of macvlan it is, and whether the address is in its list. */
static int read_list(struct weir_txn *t, struct source *source, bool *ret_there, struct weir_error *err)
{
	struct reading reading = { .source = source, .err = err };
	int r = wr_link_ask(t->w, source->ifindex, NULL, take_link, &reading, err);

	*ret_there = reading.is_there;
	return r;
}

/* --- steps -------------------------------------------------------------------------- */

static int check(const struct source *s, struct weir_error *err)
{
	static const uint8_t zero[6];

	if (s->ifindex <= 0)
		return wr_refuse(err, -EINVAL, "", "ifindex", "is missing");
	if (s->mac[0] & 1 || !memcmp(s->mac, zero, sizeof(zero)))
		return wr_refuse(err, -EADDRNOTAVAIL, "", "macaddr", "is no address of a host");
	return 0;
}

static int change(struct weir_txn *t, struct source *source, bool add)
{
	wr_auto(batch) struct wr_batch b = { 0 }, undo = { 0 };
	struct weir_error err = WEIR_ERROR_INIT;
	bool is_new = wr_txn_makes(t, source->ifindex), is_there = false;
	char object[64], mac[18], buf[16];
	struct weir_step *s;
	int r = check(source, &err);

	wr_mac_format(source->mac, mac);
	wr_format(object, sizeof(object), "source %s of link %d", mac, source->ifindex);
	source->kind = (enum weir_link_kind)(is_new ? wr_txn_kind(t, source->ifindex) : WEIR_LINK_OTHER);
	if (!r && !is_new)
		r = read_list(t, source, &is_there, &err);
	if (!r && source->kind != WEIR_LINK_MACVLAN && source->kind != WEIR_LINK_MACVTAP)
		r = wr_refuse(&err, -EINVAL, "", "ifindex", "is no macvlan");
	if (r) {
		wr_copy(err.object, sizeof(err.object), object);
		return wr_txn_fail(t, &err);
	}
	if (!is_new && is_there == add)
		return t->err.code;
	put_source(&b, source, add);
	put_source(&undo, source, !add);
	s = wr_txn_msg(t, object, NULL, &b, is_new ? NULL : &undo, NULL);
	wr_step_plan(t, s, "ip link set dev %s type %s macaddr %s %s", wr_txn_link_name(t, source->ifindex, buf),
		     weir_link_kind_name(source->kind), add ? "add" : "del", mac);
	return t->err.code;
}

int weir_txn_macvlan_source_add(struct weir_txn *t, int ifindex, const uint8_t mac[6])
{
	struct source s = { .ifindex = ifindex };

	memcpy(s.mac, mac, sizeof(s.mac));
	return change(t, &s, true);
}

int weir_txn_macvlan_source_del(struct weir_txn *t, int ifindex, const uint8_t mac[6])
{
	struct source s = { .ifindex = ifindex };

	memcpy(s.mac, mac, sizeof(s.mac));
	return change(t, &s, false);
}
