/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Unicast routes of the main table: RTM_NEWROUTE, its undo, reading them in one dump, asking for one. */
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>

#include "base/ip.h"
#include "base/list.h"
#include "ip/steps.h"
#include "netlink/attr.h"
#include "txn/txn.h"

#define IPV6_METRIC 1024	/* of one that was given none: IP6_RT_PRIO_USER */

/* clang-format off */
static const struct wr_field route_fields[] = {
	WR_ATTR(weir_route, ifindex, RTA_OIF, WR_S32, "dev", 0, .flags = WR_REQUIRED | WR_IFINDEX,
		.min = 1, .doc = "the link it leaves by"),
	WR_ATTR(weir_route, dst, RTA_DST, WR_IP, "dst", 0, .flags = WR_REQUIRED,
		.doc = "destination network"),
	WR_ROW(weir_route, prefix, WR_U8, "prefix", .flags = WR_HEADER, .max = 128,
	       .doc = "its prefix length"),
	WR_ATTR(weir_route, gateway, RTA_GATEWAY, WR_IP, "via", 0, .doc = "next hop"),
	WR_ATTR(weir_route, metric, RTA_PRIORITY, WR_U32, "metric", WEIR_ROUTE_METRIC,
		.doc = "priority, lower is preferred"),
	WR_ROW(weir_route, protocol, WR_U8, "protocol", .flags = WR_HEADER, .doc = "who made it"),
};
/* clang-format on */

static int verify_route(const void *obj, struct weir_error *err)
{
	const struct weir_route *rt = obj;
	struct weir_ip net = weir_ip_mask(&rt->dst, rt->prefix);

	if (rt->prefix > wr_ip_bits(&rt->dst))
		return wr_refuse(err, -ERANGE, "", "prefix", "%u is outside 0..%u", rt->prefix,
				 wr_ip_bits(&rt->dst));
	if (!wr_ip_equal(&net, &rt->dst))
		return wr_refuse(err, -EINVAL, "", "dst", "has bits beyond its prefix of %u",
				 rt->prefix);
	if (rt->gateway.family && rt->gateway.family != rt->dst.family)
		return wr_refuse(err, -EINVAL, "", "via", "is of another family than dst");
	return 0;
}

static WR_TABLE(route_table, weir_route, "route", offsetof(struct weir_route, has), route_fields,
		.verify = verify_route);
const struct wr_table *const wr_route_tables[] = { &route_table, NULL };

static void route_msg(struct wr_batch *b, uint16_t type, uint16_t flags, const struct weir_route *rt)
{
	struct rtmsg rtm = {
		.rtm_family = rt->dst.family,
		.rtm_dst_len = rt->prefix,
		.rtm_table = RT_TABLE_MAIN,
		.rtm_protocol = rt->protocol,
		.rtm_scope = rt->gateway.family || rt->dst.family == WEIR_FAMILY_IPV6 ?
				     RT_SCOPE_UNIVERSE : RT_SCOPE_LINK,
		.rtm_type = RTN_UNICAST,
	};

	wr_msg(b, type, flags, &rtm, sizeof(rtm));
	wr_encode(b, &route_table, rt, 0, 0);
}

static void plan(struct weir_txn *t, struct weir_step *s, const char *verb,
		 const struct weir_route *rt, const char *dst)
{
	wr_auto(str) struct wr_str line = { 0 };
	char gateway[WEIR_IP_TEXT], buf[16];

	wr_str_printf(&line, "ip route %s %s/%u", verb, dst, rt->prefix);
	if (rt->gateway.family)
		wr_str_printf(&line, " via %s", weir_ip_format(&rt->gateway, gateway));
	wr_str_puts(&line, " dev ");
	wr_str_shell(&line, wr_txn_link_name(t, rt->ifindex, buf));
	if (rt->has & WEIR_ROUTE_METRIC)
		wr_str_printf(&line, " metric %u", rt->metric);
	wr_step_plan(t, s, "%s protocol %u", wr_str_text(&line), rt->protocol);
}

/* --- looking before (struct wr_look) ------------------------------------------------- */

/* Those by the link: no undo takes away what is by another. */
static void ask(struct wr_batch *b, const struct nlmsghdr *change)
{
	const struct rtmsg *is = mnl_nlmsg_get_payload(change);
	const struct rtmsg rtm = { .rtm_family = is->rtm_family, .rtm_table = RT_TABLE_MAIN };

	wr_msg(b, RTM_GETROUTE, NLM_F_DUMP, &rtm, sizeof(rtm));
	wr_put_u32(b, RTA_OIF, wr_attr_u32(wr_msg_attr(change, RTA_OIF), 0));
}

static struct weir_ip dst_of(const struct nlmsghdr *msg)
{
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(msg);
	struct weir_ip dst = { .family = rtm->rtm_family };

	wr_attr_copy(wr_msg_attr(msg, RTA_DST), dst.bytes, wr_ip_bits(&dst) / 8);
	return dst;
}

static uint32_t key(const struct nlmsghdr *msg)
{
	struct weir_ip dst = { 0 };

	if (msg->nlmsg_len >= NLMSG_LENGTH(sizeof(struct rtmsg)))
		dst = dst_of(msg);
	return wr_hash(WR_HASH, dst.bytes, sizeof(dst.bytes));
}

static uint32_t metric_of(const struct nlmsghdr *msg)
{
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(msg);

	return wr_attr_u32(wr_msg_attr(msg, RTA_PRIORITY), rtm->rtm_family == AF_INET6 ? IPV6_METRIC : 0);
}

/* One of several ways says its links elsewhere, and one of them was asked for. */
static bool is_by_the_link(const struct nlmsghdr *change, const struct nlmsghdr *shown)
{
	const struct nlattr *oif = wr_msg_attr(shown, RTA_OIF);

	return !oif || wr_attr_u32(oif, 0) == wr_attr_u32(wr_msg_attr(change, RTA_OIF), 0);
}

static bool is_same_dst(const struct nlmsghdr *change, const struct nlmsghdr *shown)
{
	const struct rtmsg *a = mnl_nlmsg_get_payload(change), *b = mnl_nlmsg_get_payload(shown);
	struct weir_ip a_dst, b_dst;

	if ((shown->nlmsg_type != RTM_NEWROUTE && shown->nlmsg_type != RTM_DELROUTE) ||
	    shown->nlmsg_len < NLMSG_LENGTH(sizeof(*b)) || a->rtm_family != b->rtm_family ||
	    a->rtm_dst_len != b->rtm_dst_len || b->rtm_table != RT_TABLE_MAIN || b->rtm_tos ||
	    b->rtm_flags & RTM_F_CLONED || !is_by_the_link(change, shown))
		return false;
	a_dst = dst_of(change);
	b_dst = dst_of(shown);
	return wr_ip_equal(&a_dst, &b_dst);
}

/* The kernel has a destination once for each metric; what takes one away need not say it. */
static bool is_it(const struct nlmsghdr *change, const struct nlmsghdr *shown)
{
	const bool any = change->nlmsg_type == RTM_DELROUTE && !wr_msg_attr(change, RTA_PRIORITY);

	return is_same_dst(change, shown) && (any || metric_of(change) == metric_of(shown));
}

/* IPv4 cannot be told to take away the one without a metric: if that is not there it takes the next. */
static void put_back(struct wr_batch *b, const struct nlmsghdr *change, const struct nlmsghdr *shown)
{
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(change);
	struct nlmsghdr *copy;

	if (change->nlmsg_type != RTM_NEWROUTE || rtm->rtm_family != AF_INET || metric_of(change) ||
	    !is_same_dst(change, shown) || !metric_of(shown))
		return;
	wr_msg_copy(b, shown);
	if (b->buf.failed)
		return;
	copy = wr_msg_header(b);
	copy->nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE | NLM_F_REPLACE;
	/* Flags are told, but not all may be asked for. */
	((struct rtmsg *)mnl_nlmsg_get_payload(copy))->rtm_flags &= RTNH_F_ONLINK;
}

/* Routes go when their link goes down, and with its last address. */
static bool may_go(const struct nlmsghdr *change, const struct nlmsghdr *earlier)
{
	return wr_look_flushes(earlier) || earlier->nlmsg_type == RTM_DELADDR;
}

static const struct wr_look route_look = {
	.ask = ask, .key = key, .is_it = is_it, .may_go = may_go, .put_back = put_back, .missing = -ESRCH,
};

/* --- changing -------------------------------------------------------------------------- */

static int change(struct weir_txn *t, const struct weir_route *route, bool add)
{
	struct weir_error err = WEIR_ERROR_INIT;
	wr_auto(batch) struct wr_batch there = { 0 }, gone = { 0 };
	char dst[WEIR_IP_TEXT], object[64];
	struct weir_step *s;
	struct weir_route rt;
	bool kept;
	int r = wr_opts_copy(&rt, sizeof(rt), route, "route", &err);

	if (!r)
		r = wr_table_check(&route_table, &rt, &err);
	weir_ip_format(&rt.dst, dst);
	wr_format(object, sizeof(object), "route to %s/%u", dst, rt.prefix);
	if (r) {
		wr_copy(err.object, sizeof(err.object), object);
		return wr_txn_fail(t, &err);
	}
	if (!rt.protocol)
		rt.protocol = RTPROT_STATIC;
	route_msg(&there, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, &rt);
	route_msg(&gone, RTM_DELROUTE, 0, &rt);
	/* Without one the undo would take away one of any metric. */
	if (add && rt.dst.family == WEIR_FAMILY_IPV6 && !(rt.has & WEIR_ROUTE_METRIC))
		wr_put_u32(&gone, RTA_PRIORITY, IPV6_METRIC);
	/* Also where the link is made here and goes itself: that comes last, and an undo may need the place. */
	kept = wr_txn_keeps(t, rt.ifindex);
	s = wr_txn_msg(t, object, wr_route_tables, add ? &there : &gone,
		       add ? &gone : kept ? NULL : &there, NULL);
	if (!wr_txn_makes(t, rt.ifindex))
		wr_step_look(s, &route_look, kept);
	if (t->dry)
		plan(t, s, add ? "add" : "del", &rt, dst);
	return t->err.code;
}

int weir_txn_route_add(struct weir_txn *t, const struct weir_route *route)
{
	return change(t, route, true);
}

int weir_txn_route_del(struct weir_txn *t, const struct weir_route *route)
{
	return change(t, route, false);
}

/* --- reading --------------------------------------------------------------------------- */

struct routes {
	struct weir_route *routes;
	size_t n;
	struct weir_error *err;
};

int wr_route_decode(const struct nlmsghdr *msg, struct weir_route *ret, struct weir_error *err)
{
	const size_t at = MNL_NLMSG_HDRLEN + MNL_ALIGN(sizeof(struct rtmsg));
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(msg);
	struct weir_route rt = { .sz = sizeof(rt) };
	int r;

	if (msg->nlmsg_len < at || rtm->rtm_type != RTN_UNICAST || rtm->rtm_table != RT_TABLE_MAIN ||
	    rtm->rtm_flags & RTM_F_CLONED)
		return -ENOENT;
	rt.dst.family = rtm->rtm_family;	/* a destination of no bits is left out */
	rt.prefix = rtm->rtm_dst_len;
	rt.protocol = rtm->rtm_protocol;
	r = wr_decode(&route_table, (const char *)msg + at, msg->nlmsg_len - at, &rt, err);
	if (!r)
		*ret = rt;
	return r;
}

static int take_route(void *arg, uint32_t index, const struct nlmsghdr *msg)
{
	struct routes *all = arg;
	struct weir_route rt, *more;
	int r;

	if (msg->nlmsg_type != RTM_NEWROUTE)
		return 0;
	r = wr_route_decode(msg, &rt, all->err);
	if (r)
		return r == -ENOENT ? 0 : r;
	more = wr_append(all->routes, all->n);
	if (!more)
		return -ENOMEM;
	*more = rt;
	return 0;
}

static void forget_routes(void *arg)
{
	((struct routes *)arg)->n = 0;
}

int weir_route_list(struct weir *w, struct weir_route **ret, size_t *ret_n, struct weir_error *err)
{
	struct rtmsg rtm = { .rtm_table = RT_TABLE_MAIN };
	struct routes all = { .err = err };
	struct wr_reader reader = { take_route, forget_routes, &all };
	wr_auto(batch) struct wr_batch b = { 0 };
	int r;

	/* AF_UNSPEC dumps every family at once; the header's table filters. */
	wr_msg(&b, RTM_GETROUTE, NLM_F_DUMP, &rtm, sizeof(rtm));
	r = wr_sock_read(&w->sock, &b, NULL, &reader, WR_READ_TIMEOUT_MS, err);
	if (r) {
		free(all.routes);
		return r;
	}
	*ret = all.routes;
	*ret_n = all.n;
	return 0;
}

struct match {
	struct weir_route *ret;
	int code;
	struct weir_error *err;
};

static int take_match(void *arg, uint32_t index, const struct nlmsghdr *msg)
{
	struct match *m = arg;

	if (msg->nlmsg_type == RTM_NEWROUTE)
		m->code = wr_route_decode(msg, m->ret, m->err);
	return m->code == -ENOENT ? 0 : m->code;
}

int weir_route_get(struct weir *w, const struct weir_ip *dst, struct weir_route *ret,
		   struct weir_error *err)
{
	const unsigned int bits = wr_ip_bits(dst);
	/* IPv4 names the table only if it is asked to, IPv6 always, and refuses to be asked. */
	const unsigned int table = dst->family == WEIR_FAMILY_IPV4 ? RTM_F_LOOKUP_TABLE : 0;
	struct rtmsg rtm = { .rtm_family = dst->family, .rtm_dst_len = bits,
			     .rtm_flags = RTM_F_FIB_MATCH | table };
	struct weir_route rt;
	struct match m = { .ret = &rt, .code = -ENOENT, .err = err };
	struct wr_reader reader = { .reply = take_match, .arg = &m };
	wr_auto(batch) struct wr_batch b = { 0 };
	struct wr_result result;
	char text[WEIR_IP_TEXT];
	int r;

	if (!bits)
		return wr_refuse(err, -EINVAL, "route", "dst", "is no address");
	wr_msg(&b, RTM_GETROUTE, 0, &rtm, sizeof(rtm));
	wr_put(&b, RTA_DST, dst->bytes, bits / 8);
	r = wr_sock_read(&w->sock, &b, &result, &reader, WR_READ_TIMEOUT_MS, err);
	if (r)
		return r;
	r = result.code < 0 ? result.code : m.code;
	return !r ? wr_opts_give(ret, &rt, sizeof(rt), err) :
	       wr_error(err, r, WEIR_STAGE_KERNEL, "route", "", "to %s: %s", weir_ip_format(dst, text),
				 result.code < 0 ? result.msg : "is none of the main table");
}
