/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a bare errno of rtnetlink means, for the cases in which the kernel has no
 * words of its own or leaves out the remedy. Its words are kept; ours follow. And
 * what a request is about.
 */
#include <libmnl/libmnl.h>
#include <linux/pkt_cls.h>
#include <linux/rtnetlink.h>

#include "netlink/attr.h"
#include "txn/explain.h"
#include "txn/txn.h"

/* clang-format off */
static const struct {
	uint16_t type;		/* 0: any */
	uint16_t flags;		/* all of these */
	int code;
	const char *words;
} meanings[] = {
	{ RTM_NEWNEIGH, 0, -EPERM, "the port is down or blocked and does not learn, or CAP_NET_ADMIN is needed" },
	{ 0, 0, -EPERM, "CAP_NET_ADMIN is needed in the namespace's user namespace" },
	{ RTM_NEWLINK, NLM_F_CREATE, -EEXIST, "the name (of a pair: that of either end) or the index is taken by another link" },
	{ RTM_NEWLINK, 0, -EXFULL, "the bridge is full: it has 1023 ports; use another bridge" },
	{ RTM_NEWLINK, NLM_F_CREATE, -EADDRINUSE, "another link on the same lower link has the address" },
	{ RTM_NEWLINK, 0, -EBUSY, "the link is in use by another master, macvlan or bond" },
	{ RTM_NEWADDR, 0, -EEXIST, "the link has the address already" },
	{ RTM_NEWROUTE, 0, -EEXIST, "there is such a route already" },
	{ RTM_NEWNEIGH, 0, -EEXIST, "the address is known already" },
	{ RTM_NEWLINKPROP, 0, -EEXIST, "the name is taken by this link or another" },
	{ RTM_NEWQDISC, 0, -EEXIST, "the link has a qdisc there already" },
	{ RTM_NEWLINK, 0, -ENODEV, "the link is gone" },
};

/* Which option of the kernel brings what a request names by word. */
static const struct {
	const char *kind;
	const char *option;
} options[] = {
	{ "bridge", "CONFIG_BRIDGE, module bridge" },
	{ "vlan_filtering", "CONFIG_BRIDGE_VLAN_FILTERING" },
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
	{ "tbf", "CONFIG_NET_SCH_TBF, module sch_tbf" },
	{ "ingress", "CONFIG_NET_SCH_INGRESS, module sch_ingress" },
	{ "fq_codel", "CONFIG_NET_SCH_FQ_CODEL, module sch_fq_codel" },
	{ "sfq", "CONFIG_NET_SCH_SFQ, module sch_sfq" },
	{ "u32", "CONFIG_NET_CLS_U32, module cls_u32" },
	{ "flower", "CONFIG_NET_CLS_FLOWER, module cls_flower" },
	{ "bpf", "CONFIG_NET_CLS_BPF, module cls_bpf" },
	{ "mirred", "CONFIG_NET_ACT_MIRRED, module act_mirred" },
	{ "skbedit", "CONFIG_NET_ACT_SKBEDIT, module act_skbedit" },
	{ "police", "CONFIG_NET_ACT_POLICE, module act_police" },
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
	return attr_text(msg->nlmsg_type == RTM_NEWLINK ?
				 wr_attr_inside(wr_msg_attr(msg, IFLA_LINKINFO), IFLA_INFO_KIND) :
				 wr_msg_attr(msg, TCA_KIND));
}

/* TCA_ACT_KIND of an action of cls_u32's, which are counted from 1. */
static const char *action_of(const struct nlmsghdr *msg, uint16_t place)
{
	const struct nlattr *actions = wr_attr_inside(wr_msg_attr(msg, TCA_OPTIONS), TCA_U32_ACT);

	return attr_text(wr_attr_inside(wr_attr_inside(actions, place), TCA_ACT_KIND));
}

#ifndef WR_NO_LOOK	/* the one-file tool (`make static`): no room */
/* A kernel that does not know bridges at all says so in words of its own. */
static bool is_filtering_bridge(const struct nlmsghdr *msg, const char *kernel)
{
	const struct nlattr *data = wr_attr_inside(wr_msg_attr(msg, IFLA_LINKINFO), IFLA_INFO_DATA);

	return !*kernel && !strcmp(kind_of(msg), "bridge") && wr_attr_inside(data, IFLA_BR_VLAN_FILTERING);
}
#else
#define is_filtering_bridge(msg, kernel) false
#endif

static bool is_missing_kind(const struct nlmsghdr *msg, int code)
{
	if (!(msg->nlmsg_flags & NLM_F_CREATE))
		return false;
	if (msg->nlmsg_type == RTM_NEWLINK)
		return code == -EOPNOTSUPP;
	return (msg->nlmsg_type == RTM_NEWQDISC || msg->nlmsg_type == RTM_NEWTFILTER) &&
	       code == -ENOENT;
}

static void add_missing(char words[256], const char *kind)
{
	const size_t len = strlen(words);

	for (size_t i = 0; i < WR_COUNT(options); i++)
		if (!strcmp(options[i].kind, kind))
			wr_format(words + len, 256 - len, "%s%s (%s)", len ? " or " : "the kernel lacks ", kind,
				  options[i].option);
}

/* Of a filter's actions the kernel says that one is missing, not which. */
static void name_missing(const struct nlmsghdr *msg, const char *kernel, char words[256])
{
	if (msg->nlmsg_type == RTM_NEWTFILTER && strstr(kernel, "action")) {
		add_missing(words, action_of(msg, 1));
		add_missing(words, action_of(msg, 2));
	} else {
		add_missing(words, is_filtering_bridge(msg, kernel) ? "vlan_filtering" : kind_of(msg));
	}
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
	const char *words = meaning(msg, err->code);
	char kernel[sizeof(err->msg)], missing[256] = "";

	if (is_missing_kind(msg, err->code) || (err->code == -EOPNOTSUPP && is_filtering_bridge(msg, err->msg)))
		name_missing(msg, err->msg, missing);
	if (*missing)
		words = missing;
	if (!words)
		return;
	memcpy(kernel, err->msg, sizeof(kernel));
	wr_format(err->msg, sizeof(err->msg), "%s%s%s", kernel, *kernel ? "; " : "", words);
}

int wr_explain_refusal(const struct nlmsghdr *msg, int code, const char *object, struct weir_error *err)
{
	wr_error(err, code, WEIR_STAGE_KERNEL, object, "", "%s", "");
	if (err)
		wr_explain(msg, err);
	return code;
}

#ifndef WR_NO_LOOK
static int take_qdisc(void *arg, uint32_t index, const struct nlmsghdr *msg)
{
	const struct tcmsg *tcm = NLMSG_DATA(msg);
	char kind[16] = "", *words = arg;

	if (msg->nlmsg_type != RTM_NEWQDISC || msg->nlmsg_len < NLMSG_LENGTH(sizeof(*tcm)))
		return 0;
	wr_attr_copy(wr_msg_attr(msg, TCA_KIND), kind, sizeof(kind) - 1);
	wr_format(words, 32, ": %s %x:", kind, tcm->tcm_handle >> 16);
	return 0;
}

void wr_explain_qdisc(struct weir *w, const struct nlmsghdr *msg, struct weir_error *err)
{
	char words[32] = "";
	const struct wr_reader reader = { .reply = take_qdisc, .arg = words };
	const struct tcmsg *tcm = NLMSG_DATA(msg);
	const struct tcmsg there = { .tcm_ifindex = tcm->tcm_ifindex, .tcm_parent = tcm->tcm_parent };
	const size_t len = strlen(err->msg);
	wr_auto(batch) struct wr_batch b = { 0 };

	if (msg->nlmsg_type != RTM_NEWQDISC || err->code != -EEXIST)
		return;
	wr_msg(&b, RTM_GETQDISC, NLM_F_ECHO, &there, sizeof(there));
	if (!wr_sock_read(&w->sock, &b, NULL, &reader, WR_READ_TIMEOUT_MS, NULL))
		wr_format(err->msg + len, sizeof(err->msg) - len, "%s", words);
}
#endif

/* --- requests ------------------------------------------------------------------ */

/* A deletion names none; its undo does. */
static void find_kind(const struct weir_step *s, char kind[16])
{
	for (unsigned int part = WR_MSG_DO; part <= WR_MSG_UNDO && !*kind; part++)
		if (s->parts[part].len)
			wr_attr_copy(wr_msg_attr(s->parts[part].data, TCA_KIND), kind, 15);
}

/* Of traffic control, whose steps are many. */
bool wr_describe(const struct weir_step *s, char out[64])
{
	const struct nlmsghdr *msg = s->ops == &wr_msg_ops ? weir_step_part(s, WR_MSG_DO).data : NULL;
	const struct tcmsg *tcm = msg ? NLMSG_DATA(msg) : NULL;
	char kind[16] = "";

	if (!msg || !s->parts[WR_MSG_DO].len || msg->nlmsg_type < RTM_NEWQDISC || msg->nlmsg_type > RTM_GETTFILTER ||
	    msg->nlmsg_len < NLMSG_LENGTH(sizeof(*tcm)))
		return false;
	find_kind(s, kind);
	if (msg->nlmsg_type >= RTM_NEWTFILTER)
		wr_format(out, 64, "filter %s on %s", tcm->tcm_ifindex == (int)TCM_IFINDEX_MAGIC_BLOCK ? "of the block" : kind,
			  s->object);
	else if (msg->nlmsg_type >= RTM_NEWTCLASS)
		wr_format(out, 64, "class %x:%x %s on %s", tcm->tcm_handle >> 16, tcm->tcm_handle & 0xffff, kind, s->object);
	else
		wr_format(out, 64, "qdisc %x: %s on %s", tcm->tcm_handle >> 16, kind, s->object);
	return true;
}
