/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Alternative names of links (IFLA_PROP_LIST): given, taken away, read. */
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include "link/kinds.h"
#include "txn/txn.h"

#define LONGEST 127	/* ALTIFNAMSIZ without its zero byte */

static void put_name(struct wr_batch *b, uint16_t type, uint16_t flags, int ifindex, const char *name)
{
	struct ifinfomsg ifi = { .ifi_index = ifindex };
	size_t list;

	wr_msg(b, type, flags, &ifi, sizeof(ifi));
	list = wr_nest(b, IFLA_PROP_LIST);
	wr_put_text(b, IFLA_ALT_IFNAME, name);
	wr_nest_end(b, list);
}

static void ask(struct wr_batch *b, const struct nlmsghdr *change)
{
	const struct ifinfomsg *is = mnl_nlmsg_get_payload(change);
	const struct ifinfomsg ifi = { .ifi_index = is->ifi_index };

	wr_msg(b, RTM_GETLINK, 0, &ifi, sizeof(ifi));
	wr_put_u32(b, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
}

/* An answer shows all names of the link. */
static uint32_t key(const struct nlmsghdr *msg)
{
	const bool is_one = msg->nlmsg_type == RTM_NEWLINKPROP || msg->nlmsg_type == RTM_DELLINKPROP;

	return is_one ? wr_attr_hash(wr_attr_inside(wr_msg_attr(msg, IFLA_PROP_LIST), IFLA_ALT_IFNAME)) : 0;
}

/* Of another link's name the kernel takes away none. */
static bool is_it(const struct nlmsghdr *change, const struct nlmsghdr *shown)
{
	const struct nlattr *list = wr_msg_attr(shown, IFLA_PROP_LIST), *a;
	const struct nlattr *name = wr_attr_inside(wr_msg_attr(change, IFLA_PROP_LIST), IFLA_ALT_IFNAME);
	const struct ifinfomsg *of = mnl_nlmsg_get_payload(change), *is = mnl_nlmsg_get_payload(shown);

	if (!list || !name || of->ifi_index != is->ifi_index)
		return false;
	mnl_attr_for_each_nested(a, list)
		if (mnl_attr_get_type(a) == IFLA_ALT_IFNAME && a->nla_len == name->nla_len &&
		    !memcmp(a + 1, name + 1, mnl_attr_get_payload_len(a)))
			return true;
	return false;
}

static const struct wr_look altname_look = { .ask = ask, .key = key, .is_it = is_it, .missing = -ENOENT };

static bool is_good(const char *name)
{
	if (!name || !*name || strlen(name) > LONGEST || !strcmp(name, ".") || !strcmp(name, ".."))
		return false;
	return !strpbrk(name, "/:% \t\n\v\f\r");
}

static int change(struct weir_txn *t, int ifindex, const char *name, bool add)
{
	const uint16_t new_flags = NLM_F_CREATE | NLM_F_EXCL | NLM_F_APPEND;
	wr_auto(batch) struct wr_batch b = { 0 }, undo = { 0 };
	wr_auto(str) struct wr_str word = { 0 };
	struct weir_step *s;
	char object[64], buf[16];

	wr_format(object, sizeof(object), "link %d", ifindex);
	if (ifindex <= 0 || !is_good(name))
		return wr_txn_refuse(t, -EINVAL, object, ifindex <= 0 ? "ifindex" : "altname", "%s", ifindex <= 0 ?
			  "is missing" : "is no name: 1 to 127 bytes without slash, colon, percent sign or space");
	put_name(&b, add ? RTM_NEWLINKPROP : RTM_DELLINKPROP, add ? new_flags : 0, ifindex, name);
	put_name(&undo, add ? RTM_DELLINKPROP : RTM_NEWLINKPROP, add ? 0 : new_flags, ifindex, name);
	s = wr_txn_msg(t, object, NULL, &b, wr_txn_makes(t, ifindex) ? NULL : &undo, NULL);
	if (!wr_txn_makes(t, ifindex))
		wr_step_look(s, &altname_look, false);
	if (!t->dry)
		return t->err.code;
	wr_str_shell(&word, name);
	wr_step_plan(t, s, "ip link property %s dev %s altname %s", add ? "add" : "del",
		     wr_txn_link_name(t, ifindex, buf), wr_str_text(&word));
	return t->err.code;
}

int weir_txn_altname_add(struct weir_txn *t, int ifindex, const char *name)
{
	return change(t, ifindex, name, true);
}

int weir_txn_altname_del(struct weir_txn *t, int ifindex, const char *name)
{
	return change(t, ifindex, name, false);
}

static int take_names(void *arg, uint32_t index, const struct nlmsghdr *msg)
{
	const struct nlattr *list = msg->nlmsg_type == RTM_NEWLINK ? wr_msg_attr(msg, IFLA_PROP_LIST) : NULL, *a;
	struct wr_str *names = arg;

	if (!list)
		return 0;
	mnl_attr_for_each_nested(a, list)
		if (mnl_attr_get_type(a) == IFLA_ALT_IFNAME && mnl_attr_get_payload_len(a))
			wr_str_add(names, mnl_attr_get_payload(a), mnl_attr_get_payload_len(a));
	return 0;
}

int weir_altname_list(struct weir *w, int ifindex, char **ret, struct weir_error *err)
{
	wr_auto(str) struct wr_str names = { 0 };
	int r = wr_link_ask(w, ifindex, NULL, take_names, &names, err);

	if (r)
		return r;
	wr_str_putc(&names, '\0');
	*ret = wr_str_take(&names);
	return *ret ? 0 : wr_nomem(err);
}
