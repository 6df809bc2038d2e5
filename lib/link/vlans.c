/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The vlans of a bridge's ports: one message for a range, undone by what was there
 * before. Links of kind vlan are in kind_vlan.c.
 */
#include <libmnl/libmnl.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include <weir/bridge.h>

#include "base/list.h"
#include "link/kinds.h"
#include "txn/txn.h"

static uint16_t last_of(const struct weir_port_vlan *v)
{
	return v->vid_end ? v->vid_end : v->vid;
}

/* --- reading ------------------------------------------------------------------------- */

struct reading {
	struct weir_port_vlan *vlans;
	size_t n;
	int ifindex;
};

static int take_entry(struct reading *r, const struct nlattr *entry)
{
	const void *attrs = mnl_attr_get_payload(entry);
	size_t len = mnl_attr_get_payload_len(entry);
	const struct nlattr *a = wr_attr_find(attrs, len, BRIDGE_VLANDB_ENTRY_INFO);
	const struct nlattr *range = wr_attr_find(attrs, len, BRIDGE_VLANDB_ENTRY_RANGE);
	struct bridge_vlan_info info;
	struct weir_port_vlan *v;

	if (!a || mnl_attr_get_payload_len(a) < sizeof(info))
		return -EBADMSG;
	memcpy(&info, mnl_attr_get_payload(a), sizeof(info));
	v = wr_append(r->vlans, r->n);
	if (!v)
		return -ENOMEM;
	*v = (struct weir_port_vlan){
		.sz = sizeof(*v), .ifindex = r->ifindex, .vid = info.vid,
		.pvid = info.flags & BRIDGE_VLAN_INFO_PVID,
		.untagged = info.flags & BRIDGE_VLAN_INFO_UNTAGGED,
	};
	if (range && mnl_attr_get_payload_len(range) >= sizeof(uint16_t))
		memcpy(&v->vid_end, mnl_attr_get_payload(range), sizeof(uint16_t));
	return 0;
}

static int take_vlans(void *arg, uint32_t index, const struct nlmsghdr *msg)
{
	struct reading *r = arg;
	const struct br_vlan_msg *bvm = mnl_nlmsg_get_payload(msg);
	const struct nlattr *a = (const void *)(bvm + 1);
	size_t left = msg->nlmsg_len - MNL_NLMSG_HDRLEN;
	int code = 0;

	if (msg->nlmsg_type != RTM_NEWVLAN || left < sizeof(*bvm) || (int)bvm->ifindex != r->ifindex)
		return 0;
	left -= sizeof(*bvm);
	for (; left && mnl_attr_ok(a, (int)left) && !code; a = mnl_attr_next(a)) {
		size_t step = MNL_ALIGN(a->nla_len);

		if (mnl_attr_get_type(a) == BRIDGE_VLANDB_ENTRY)
			code = take_entry(r, a);
		left -= step < left ? step : left;
	}
	return code;
}

static void forget_vlans(void *arg)
{
	((struct reading *)arg)->n = 0;
}

int weir_port_vlan_list(struct weir *w, int ifindex, struct weir_port_vlan **ret, size_t *ret_n,
			struct weir_error *err)
{
	struct br_vlan_msg bvm = { .family = AF_BRIDGE, .ifindex = (uint32_t)ifindex };
	struct reading reading = { .ifindex = ifindex };
	struct wr_reader reader = { .reply = take_vlans, .restart = forget_vlans, .arg = &reading };
	wr_auto(batch) struct wr_batch b = { 0 };
	struct wr_result result;
	char object[64];
	int r;

	wr_format(object, sizeof(object), "vlans of link %d", ifindex);
	wr_msg(&b, RTM_GETVLAN, NLM_F_DUMP, &bvm, sizeof(bvm));
	r = wr_sock_read(&w->sock, &b, &result, &reader, WR_READ_TIMEOUT_MS, err);
	if (!r && result.code < 0)
		r = wr_error(err, result.code, WEIR_STAGE_KERNEL, object, "", "%s", result.msg);
	if (r) {
		free(reading.vlans);
		return r;
	}
	*ret = reading.vlans;
	*ret_n = reading.n;
	return 0;
}

/* --- changing -------------------------------------------------------------------------- */

static void put_info(struct wr_batch *b, const struct weir_port_vlan *v, uint16_t vid, uint16_t flags)
{
	struct bridge_vlan_info info = { .flags = flags, .vid = vid };

	info.flags |= v->pvid ? BRIDGE_VLAN_INFO_PVID : 0;
	info.flags |= v->untagged ? BRIDGE_VLAN_INFO_UNTAGGED : 0;
	wr_put(b, IFLA_BRIDGE_VLAN_INFO, &info, sizeof(info));
}

static void put_vlans(struct wr_batch *b, uint16_t type, const struct weir_port_vlan *v)
{
	struct ifinfomsg ifi = { .ifi_family = AF_BRIDGE, .ifi_index = v->ifindex };
	size_t spec;

	wr_msg(b, type, 0, &ifi, sizeof(ifi));
	spec = wr_nest(b, IFLA_AF_SPEC);
	if (v->self)
		wr_put_u16(b, IFLA_BRIDGE_FLAGS, BRIDGE_FLAGS_SELF);
	if (last_of(v) == v->vid) {
		put_info(b, v, v->vid, 0);
	} else {
		put_info(b, v, v->vid, BRIDGE_VLAN_INFO_RANGE_BEGIN);
		put_info(b, v, v->vid_end, BRIDGE_VLAN_INFO_RANGE_END);
	}
	wr_nest_end(b, spec);
}

/* Of @old what was in the range of @v, and the pvid that an addition takes away. */
static void put_old(struct wr_batch *b, const struct weir_port_vlan *v, bool add, const struct weir_port_vlan *old)
{
	struct weir_port_vlan back = *old;

	back.self = v->self;
	if (old->pvid && add && v->pvid) {
		put_vlans(b, RTM_SETLINK, &back);
		return;
	}
	back.vid = old->vid > v->vid ? old->vid : v->vid;
	back.vid_end = last_of(old) < last_of(v) ? last_of(old) : last_of(v);
	if (back.vid <= back.vid_end)
		put_vlans(b, RTM_SETLINK, &back);
}

static int put_undo(struct weir_txn *t, struct wr_batch *undo, const struct weir_port_vlan *v, bool add,
		    struct weir_error *err)
{
	struct weir_port_vlan *old = NULL;
	size_t n = 0;
	int r = weir_port_vlan_list(t->w, v->ifindex, &old, &n, err);

	/* What is no port yet is in no vlan. */
	if (r && r != -EINVAL && r != -ENODEV && r != -ENOENT)
		return r;
	if (add)
		put_vlans(undo, RTM_DELLINK, v);
	for (size_t i = 0; i < n; i++)
		put_old(undo, v, add, &old[i]);
	free(old);
	return 0;
}

static int check(const struct weir_port_vlan *v, bool add, struct weir_error *err)
{
	if (v->ifindex <= 0)
		return wr_refuse(err, -EINVAL, "", "ifindex", "is missing");
	if (v->vid < 1 || v->vid > 4094)
		return wr_refuse(err, -ERANGE, "", "vid", "%u is outside 1..4094", v->vid);
	if (v->vid_end && (v->vid_end < v->vid || v->vid_end > 4094))
		return wr_refuse(err, -ERANGE, "", "vid_end", "%u is outside %u..4094", v->vid_end, v->vid);
	if (add && v->pvid && last_of(v) != v->vid)
		return wr_refuse(err, -EINVAL, "", "pvid", "can be one vlan only");
	return 0;
}

static int change(struct weir_txn *t, const struct weir_port_vlan *vlan, bool add)
{
	wr_auto(batch) struct wr_batch b = { 0 }, undo = { 0 };
	struct weir_error err = WEIR_ERROR_INIT;
	char object[64], range[16] = "", buf[16];
	struct weir_port_vlan v;
	struct weir_step *s;
	bool is_new;
	int r = wr_opts_copy(&v, sizeof(v), vlan, "vlan", &err);

	wr_format(object, sizeof(object), "vlan %u of link %d", v.vid, v.ifindex);
	if (!r)
		r = check(&v, add, &err);
	if (!r && !add)
		v.pvid = v.untagged = false;
	is_new = !r && wr_txn_makes(t, v.ifindex);
	if (!r && !is_new)
		r = put_undo(t, &undo, &v, add, &err);
	if (r) {
		if (err.stage == WEIR_STAGE_INPUT)
			wr_copy(err.object, sizeof(err.object), object);
		return wr_txn_fail(t, &err);
	}
	put_vlans(&b, add ? RTM_SETLINK : RTM_DELLINK, &v);
	s = wr_txn_msg(t, object, NULL, &b, is_new ? NULL : &undo, NULL);
	if (!t->dry)
		return t->err.code;
	if (last_of(&v) != v.vid)
		wr_format(range, sizeof(range), "-%u", v.vid_end);
	wr_step_plan(t, s, "bridge vlan %s dev %s vid %u%s%s%s%s", add ? "add" : "del",
		     wr_txn_link_name(t, v.ifindex, buf), v.vid, range, v.pvid ? " pvid" : "",
		     v.untagged ? " untagged" : "", v.self ? " self" : "");
	return t->err.code;
}

int weir_txn_port_vlan_add(struct weir_txn *t, const struct weir_port_vlan *vlan)
{
	return change(t, vlan, true);
}

int weir_txn_port_vlan_del(struct weir_txn *t, const struct weir_port_vlan *vlan)
{
	return change(t, vlan, false);
}
