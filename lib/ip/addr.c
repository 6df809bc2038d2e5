/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Addresses of links: RTM_NEWADDR, its undo RTM_DELADDR, and reading them in one dump. */
#include <libmnl/libmnl.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "base/ip.h"
#include "base/list.h"
#include "ip/steps.h"
#include "netlink/attr.h"
#include "txn/txn.h"

#define OBJECT_TEXT 64

/* clang-format off */
static const struct wr_field addr_fields[] = {
	WR_ROW(weir_addr, ifindex, WR_S32, "dev", .flags = WR_HEADER | WR_REQUIRED | WR_IFINDEX,
	       .min = 1, .doc = "the link"),
	WR_ATTR(weir_addr, local, IFA_LOCAL, WR_IP, "local", 0, .flags = WR_REQUIRED,
		.doc = "the address"),
	WR_ROW(weir_addr, prefix, WR_U8, "prefix", .flags = WR_HEADER, .max = 128,
	       .doc = "prefix length"),
	WR_ATTR(weir_addr, broadcast, IFA_BROADCAST, WR_IP, "broadcast", 0,
		.doc = "IPv4 broadcast address"),
	WR_ROW(weir_addr, nodad, WR_U8, "nodad", WR_HAS(WEIR_ADDR_NODAD),
	       .flags = WR_HEADER | WR_BOOL, .doc = "IPv6: usable at once"),
};
/* clang-format on */

static int verify_addr(const void *obj, struct weir_error *err)
{
	const struct weir_addr *a = obj;

	if (a->prefix > wr_ip_bits(&a->local))
		return wr_refuse(err, -ERANGE, "", "prefix", "%u is outside 0..%u", a->prefix,
				 wr_ip_bits(&a->local));
	if (a->broadcast.family && a->local.family != WEIR_FAMILY_IPV4)
		return wr_refuse(err, -EINVAL, "", "broadcast", "is for IPv4 only");
	return 0;
}

static WR_TABLE(addr_table, weir_addr, "addr", offsetof(struct weir_addr, has), addr_fields,
		.verify = verify_addr);
const struct wr_table *const wr_addr_tables[] = { &addr_table, NULL };

static void addr_msg(struct wr_batch *b, uint16_t type, uint16_t flags, const struct weir_addr *a)
{
	struct ifaddrmsg ifa = {
		.ifa_family = a->local.family,
		.ifa_prefixlen = a->prefix,
		.ifa_flags = a->has & WEIR_ADDR_NODAD && a->nodad ? IFA_F_NODAD : 0,
		.ifa_index = (unsigned int)a->ifindex,
	};

	wr_msg(b, type, flags, &ifa, sizeof(ifa));
	wr_encode(b, &addr_table, a, 0, 0);
	/* The kernel takes a missing IFA_ADDRESS for a point-to-point link's of IPv6 only. */
	wr_put(b, IFA_ADDRESS, a->local.bytes, wr_ip_bits(&a->local) / 8);
}

/* One that an undo gives back, with what it had left of its lifetime: else it would stay for ever. */
static void back_msg(struct wr_batch *b, uint16_t flags, const struct weir_addr *a)
{
	addr_msg(b, RTM_NEWADDR, NLM_F_CREATE | flags, a);
#ifndef WR_NO_LOOK	/* the one-file tool (`make static`): no room */
	if (a->has & WEIR_ADDR_LEASED && a->valid_s)
		wr_put(b, IFA_CACHEINFO, &(struct ifa_cacheinfo){ .ifa_prefered = a->preferred_s, .ifa_valid = a->valid_s },
		       sizeof(struct ifa_cacheinfo));
#endif
}

static void plan(struct weir_txn *t, struct weir_step *s, const struct weir_addr *a,
		 const char *text, const char *name)
{
	wr_auto(str) struct wr_str dev = { 0 };
	char broadcast[WEIR_IP_TEXT];

	wr_str_shell(&dev, name);
	weir_ip_format(&a->broadcast, broadcast);
	wr_step_plan(t, s, "ip address %s %s/%u%s%s dev %s%s", a->has & WEIR_ADDR_LEASED ? "replace" : "add", text, a->prefix,
		     *broadcast ? " broadcast " : "", broadcast, wr_str_text(&dev),
		     a->has & WEIR_ADDR_NODAD && a->nodad ? " nodad" : "");
}

/* An address as it was given, checked; how it is written, and what errors call it. */
static int take(struct weir_txn *t, const struct weir_addr *addr, struct weir_addr *ret,
		char text[WEIR_IP_TEXT], char object[OBJECT_TEXT])
{
	struct weir_error err = WEIR_ERROR_INIT;
	int r = wr_opts_copy(ret, sizeof(*ret), addr, "address", &err);

	if (!r)
		r = wr_table_check(&addr_table, ret, &err);
	weir_ip_format(&ret->local, text);
	wr_format(object, OBJECT_TEXT, "address %s/%u", text, ret->prefix);
	if (!r)
		return 0;
	wr_copy(err.object, sizeof(err.object), object);
	return wr_txn_fail(t, &err);
}

/* --- looking before (struct wr_look) ------------------------------------------------- */

static void ask(struct wr_batch *b, const struct nlmsghdr *change)
{
	const struct ifaddrmsg *is = mnl_nlmsg_get_payload(change);
	const struct ifaddrmsg ifa = { .ifa_family = is->ifa_family, .ifa_index = is->ifa_index };

	wr_msg(b, RTM_GETADDR, NLM_F_DUMP, &ifa, sizeof(ifa));
}

static uint32_t key(const struct nlmsghdr *msg)
{
	const struct nlattr *local = wr_msg_attr(msg, IFA_LOCAL);

	return wr_attr_hash(local ? local : wr_msg_attr(msg, IFA_ADDRESS));
}

/* The network of the other end; of what has none of its own that is the address's. */
static struct weir_ip far_net(const struct nlmsghdr *msg, const struct weir_addr *a)
{
	struct weir_ip far = a->local;

	wr_attr_copy(wr_msg_attr(msg, IFA_ADDRESS), far.bytes, wr_ip_bits(&far) / 8);
	return weir_ip_mask(&far, a->prefix);
}

/* IPv6 has an address once on a link; IPv4 once for each prefix and other end. */
static bool is_it(const struct nlmsghdr *change, const struct nlmsghdr *shown)
{
	struct weir_addr a, b;
	struct weir_ip a_net, b_net;

	if ((shown->nlmsg_type != RTM_NEWADDR && shown->nlmsg_type != RTM_DELADDR) ||
	    wr_addr_decode(change, &a, NULL) || wr_addr_decode(shown, &b, NULL) || a.ifindex != b.ifindex ||
	    !wr_ip_equal(&a.local, &b.local))
		return false;
	if (change->nlmsg_type == RTM_NEWADDR && a.local.family == WEIR_FAMILY_IPV6)
		return true;
	a_net = far_net(change, &a);
	b_net = far_net(shown, &b);
	return a.prefix == b.prefix && (a.local.family == WEIR_FAMILY_IPV6 || wr_ip_equal(&a_net, &b_net));
}

/* IPv6 goes when its link goes down; with a first address of IPv4 the others of its network. */
static bool may_go(const struct nlmsghdr *change, const struct nlmsghdr *earlier)
{
	struct weir_addr a, b;

	if (wr_addr_decode(change, &a, NULL))
		return false;
	if (a.local.family == WEIR_FAMILY_IPV6)
		return wr_look_flushes(earlier);
	return earlier->nlmsg_type == RTM_DELADDR && !wr_addr_decode(earlier, &b, NULL) && a.ifindex == b.ifindex &&
	       a.prefix == b.prefix && wr_ip_in(&b.local, &a.local, a.prefix);
}

static const struct wr_look addr_look = {
	.ask = ask, .key = key, .is_it = is_it, .may_go = may_go, .missing = -EADDRNOTAVAIL,
};

/* By the undo of what keeps it: lib/ip/keep.c. */
static bool is_kept(const struct weir_txn *t, const struct weir_addr *a)
{
	return a->local.family == WEIR_FAMILY_IPV6 && wr_txn_keeps(t, a->ifindex);
}

/* --- changing -------------------------------------------------------------------------- */

int weir_txn_addr_add(struct weir_txn *t, const struct weir_addr *addr)
{
	wr_auto(batch) struct wr_batch b = { 0 }, undo = { 0 };
	char text[WEIR_IP_TEXT], object[OBJECT_TEXT], buf[16] = "";
	struct weir_step *s;
	struct weir_addr a;
	bool stays, leaves;

	if (take(t, addr, &a, text, object))
		return t->err.code;
	stays = a.has & WEIR_ADDR_LEASED;
	/* It goes with a link that is made here. */
	leaves = !stays && !wr_txn_makes(t, a.ifindex);
	addr_msg(&b, RTM_NEWADDR, NLM_F_CREATE | (stays ? NLM_F_REPLACE : NLM_F_EXCL), &a);
	if (leaves)
		addr_msg(&undo, RTM_DELADDR, 0, &a);
	else if (stays)
		back_msg(&undo, NLM_F_REPLACE, &a);
	s = wr_txn_msg(t, object, wr_addr_tables, &b, stays || leaves ? &undo : NULL, NULL);
	if (leaves)
		wr_step_look(s, &addr_look, is_kept(t, &a));
	if (t->dry)
		plan(t, s, &a, text, wr_txn_link_name(t, a.ifindex, buf));
	return t->err.code;
}

int weir_txn_addr_del(struct weir_txn *t, const struct weir_addr *addr)
{
	wr_auto(batch) struct wr_batch b = { 0 }, undo = { 0 };
	char text[WEIR_IP_TEXT], object[OBJECT_TEXT], buf[16] = "";
	struct weir_step *s;
	struct weir_addr a;
	bool kept;

	if (take(t, addr, &a, text, object))
		return t->err.code;
	addr_msg(&b, RTM_DELADDR, 0, &a);
	back_msg(&undo, NLM_F_EXCL, &a);
	kept = is_kept(t, &a);
	s = wr_txn_msg(t, object, wr_addr_tables, &b, kept ? NULL : &undo, NULL);
	if (!wr_txn_makes(t, a.ifindex))
		wr_step_look(s, &addr_look, kept);
	if (t->dry) {
		wr_auto(str) struct wr_str dev = { 0 };

		wr_str_shell(&dev, wr_txn_link_name(t, a.ifindex, buf));
		wr_step_plan(t, s, "ip address del %s/%u dev %s", text, a.prefix, wr_str_text(&dev));
	}
	return t->err.code;
}

/* --- reading --------------------------------------------------------------------------- */

#ifndef WR_NO_LOOK
static void take_lifetime(const struct nlmsghdr *msg, struct weir_addr *a)
{
	const struct nlattr *attr = wr_msg_attr(msg, IFA_CACHEINFO);
	struct ifa_cacheinfo left;

	if (!(a->has & WEIR_ADDR_LEASED) || !attr || mnl_attr_get_payload_len(attr) < sizeof(left))
		return;
	memcpy(&left, mnl_attr_get_payload(attr), sizeof(left));
	a->valid_s = left.ifa_valid;
	a->preferred_s = left.ifa_prefered;
}
#endif

int wr_addr_decode(const struct nlmsghdr *msg, struct weir_addr *ret, struct weir_error *err)
{
	const size_t at = MNL_NLMSG_HDRLEN + MNL_ALIGN(sizeof(struct ifaddrmsg));
	const struct ifaddrmsg *ifa = mnl_nlmsg_get_payload(msg);
	struct weir_addr a = { .sz = sizeof(a) };
	const struct nlattr *address;
	int r;

	if (msg->nlmsg_len < at)
		return wr_error(err, -EBADMSG, WEIR_STAGE_REPLY, "address", "", "a short message");
	a.ifindex = (int)ifa->ifa_index;
	a.prefix = ifa->ifa_prefixlen;
	if (ifa->ifa_flags & IFA_F_NODAD && ifa->ifa_family == AF_INET6) {
		a.has = WEIR_ADDR_NODAD;
		a.nodad = true;
	}
	if (!(ifa->ifa_flags & IFA_F_PERMANENT))
		a.has |= WEIR_ADDR_LEASED;
#ifndef WR_NO_LOOK	/* the one-file tool (`make static`): no room */
	if (ifa->ifa_flags & IFA_F_TENTATIVE && ifa->ifa_family == AF_INET6)
		a.has |= WEIR_ADDR_TENTATIVE;
	take_lifetime(msg, &a);
#endif
	r = wr_decode(&addr_table, (const char *)msg + at, msg->nlmsg_len - at, &a, err);
	if (r || a.local.family) {
		*ret = a;
		return r;
	}
	/* IPv6 has IFA_LOCAL only where the other end has an address of its own. */
	address = wr_attr_find((const char *)msg + at, msg->nlmsg_len - at, IFA_ADDRESS);
	if (!address || (mnl_attr_get_payload_len(address) != 16 && mnl_attr_get_payload_len(address) != 4))
		return wr_error(err, -EBADMSG, WEIR_STAGE_REPLY, "address", "", "has no address");
	a.local.family = ifa->ifa_family;
	memcpy(a.local.bytes, mnl_attr_get_payload(address), mnl_attr_get_payload_len(address));
	*ret = a;
	return 0;
}

struct addrs {
	struct weir_addr *addrs;
	size_t n;
	int ifindex;	/* 0: all links */
	struct weir_error *err;
};

static int take_addr(void *arg, uint32_t index, const struct nlmsghdr *msg)
{
	struct addrs *all = arg;
	struct weir_addr a, *more;
	int r;

	if (msg->nlmsg_type != RTM_NEWADDR)
		return 0;
	r = wr_addr_decode(msg, &a, all->err);
	if (r || (all->ifindex && a.ifindex != all->ifindex))
		return r;
	more = wr_append(all->addrs, all->n);
	if (!more)
		return -ENOMEM;
	*more = a;
	return 0;
}

static void forget_addrs(void *arg)
{
	((struct addrs *)arg)->n = 0;
}

int weir_addr_list(struct weir *w, int ifindex, struct weir_addr **ret, size_t *ret_n,
		   struct weir_error *err)
{
	const struct ifaddrmsg ifa = { .ifa_index = (unsigned int)ifindex };
	struct addrs all = { .ifindex = ifindex, .err = err };
	struct wr_reader reader = { take_addr, forget_addrs, &all };
	wr_auto(batch) struct wr_batch b = { 0 };
	struct wr_result result;
	int r;

	wr_msg(&b, RTM_GETADDR, NLM_F_DUMP, &ifa, sizeof(ifa));
	r = wr_sock_read(&w->sock, &b, &result, &reader, WR_READ_TIMEOUT_MS, err);
	if (!r && result.code < 0 && result.code != -ENODEV)
		r = wr_error(err, result.code, WEIR_STAGE_KERNEL, "addresses", "", "%s", result.msg);
	if (r) {
		free(all.addrs);
		return r;
	}
	*ret = all.addrs;
	*ret_n = all.n;
	return 0;
}
