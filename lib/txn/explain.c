/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a bare errno of rtnetlink means, for the cases in which the kernel has no
 * words of its own or leaves out the remedy. Its words are kept; ours follow.
 */
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>

#include "netlink/attr.h"
#include "txn/explain.h"

/* clang-format off */
static const struct {
	uint16_t type;		/* 0: any */
	uint16_t flags;		/* all of these */
	int code;
	const char *words;
} meanings[] = {
	{ 0, 0, -EPERM, "CAP_NET_ADMIN is needed in the namespace's user namespace" },
	{ RTM_NEWLINK, NLM_F_CREATE, -EEXIST, "the name (of a pair: that of either end) or the index is taken by another link" },
	{ RTM_NEWLINK, 0, -EXFULL, "the bridge is full: it has 1023 ports; use another bridge" },
	{ RTM_NEWLINK, NLM_F_CREATE, -EADDRINUSE, "another link on the same lower link has the address" },
	{ RTM_NEWLINK, 0, -EBUSY, "the link is in use by another master, macvlan or bond" },
	{ RTM_NEWADDR, 0, -EEXIST, "the link has the address already" },
	{ RTM_NEWROUTE, 0, -EEXIST, "there is such a route already" },
	{ RTM_NEWQDISC, 0, -EEXIST, "the link has a qdisc there already" },
	{ RTM_NEWLINK, 0, -ENODEV, "the link is gone" },
};

/* Which option of the kernel brings what a request names by word. */
static const struct {
	const char *kind;
	const char *option;
} options[] = {
	{ "bridge", "CONFIG_BRIDGE, module bridge" },
	{ "veth", "CONFIG_VETH, module veth" },
	{ "ifb", "CONFIG_IFB, module ifb" },
	{ "macvlan", "CONFIG_MACVLAN, module macvlan" },
	{ "macvtap", "CONFIG_MACVTAP, module macvtap" },
	{ "bond", "CONFIG_BONDING, module bonding" },
	{ "vlan", "CONFIG_VLAN_8021Q, module 8021q" },
	{ "dummy", "CONFIG_DUMMY, module dummy" },
	{ "vxlan", "CONFIG_VXLAN, module vxlan" },
	{ "vrf", "CONFIG_NET_VRF, module vrf" },
	{ "htb", "CONFIG_NET_SCH_HTB, module sch_htb" },
	{ "ingress", "CONFIG_NET_SCH_INGRESS, module sch_ingress" },
	{ "u32", "CONFIG_NET_CLS_U32 and CONFIG_NET_ACT_MIRRED, modules cls_u32 and act_mirred" },
};
/* clang-format on */

static const char *attr_text(const struct nlattr *a)
{
	return a && mnl_attr_get_payload_len(a) &&
	       !mnl_attr_get_str(a)[mnl_attr_get_payload_len(a) - 1] ? mnl_attr_get_str(a) : "";
}

/* IFLA_INFO_KIND or TCA_KIND of a request. */
static const char *kind_of(const struct nlmsghdr *msg)
{
	size_t at = MNL_NLMSG_HDRLEN + MNL_ALIGN(wr_header_size(msg->nlmsg_type));
	const char *attrs = (const char *)msg + at;
	const struct nlattr *info;

	if (at > msg->nlmsg_len)
		return "";
	if (msg->nlmsg_type != RTM_NEWLINK)
		return attr_text(wr_attr_find(attrs, msg->nlmsg_len - at, TCA_KIND));
	info = wr_attr_find(attrs, msg->nlmsg_len - at, IFLA_LINKINFO);
	return info ? attr_text(wr_attr_find(mnl_attr_get_payload(info),
					     mnl_attr_get_payload_len(info), IFLA_INFO_KIND)) : "";
}

static bool is_missing_kind(const struct nlmsghdr *msg, int code)
{
	if (!(msg->nlmsg_flags & NLM_F_CREATE))
		return false;
	if (msg->nlmsg_type == RTM_NEWLINK)
		return code == -EOPNOTSUPP;
	return (msg->nlmsg_type == RTM_NEWQDISC || msg->nlmsg_type == RTM_NEWTFILTER) &&
	       code == -ENOENT;
}

static const char *meaning(const struct nlmsghdr *msg, int code)
{
	for (size_t i = 0; i < WR_COUNT(meanings); i++)
		if ((!meanings[i].type || meanings[i].type == msg->nlmsg_type) &&
		    (msg->nlmsg_flags & meanings[i].flags) == meanings[i].flags &&
		    meanings[i].code == code)
			return meanings[i].words;
	return NULL;
}

void wr_explain(const struct nlmsghdr *msg, struct weir_error *err)
{
	const char *words = meaning(msg, err->code), *kind;
	char kernel[sizeof(err->msg)], option[128];

	if (is_missing_kind(msg, err->code)) {
		kind = kind_of(msg);
		for (size_t i = 0; i < WR_COUNT(options); i++)
			if (!strcmp(options[i].kind, kind)) {
				wr_format(option, sizeof(option), "the kernel lacks %s (%s)", kind,
					  options[i].option);
				words = option;
			}
	}
	if (!words)
		return;
	memcpy(kernel, err->msg, sizeof(kernel));
	wr_format(err->msg, sizeof(err->msg), "%s%s%s", kernel, *kernel ? "; " : "", words);
}
