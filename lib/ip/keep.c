/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a link loses by going down: the kernel flushes its IPv6 addresses and every
 * route by it, and nothing brings them back. They are read here as the kernel tells
 * them and sent again word for word, whoever made them. Link-local addresses and
 * the kernel's own routes come back by themselves.
 */
#include <libmnl/libmnl.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <time.h>

#include "base/ip.h"
#include "ip/steps.h"
#include "netlink/attr.h"
#include "txn/txn.h"

/*
 * A route's gateway may be behind another of the routes; and a bond has carrier some
 * time after it got its ports back, a vlan after that.
 */
#define ROUNDS 100
#define AT_ONCE 3
#define PAUSE_NS 30000000

enum { PART_MESSAGES, PART_WHEN, PART_IFINDEX };

#define ON_UNDO 'U'
#define ON_APPLY 'A'

/* --- reading ------------------------------------------------------------------------ */

static void take(struct wr_batch *kept, const struct nlmsghdr *msg)
{
	wr_msg_copy(kept, msg);
	if (kept->buf.failed)
		return;
	wr_msg_header(kept)->nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL;
}

static int take_addr(void *arg, uint32_t index, const struct nlmsghdr *msg)
{
	const struct ifaddrmsg *ifa = mnl_nlmsg_get_payload(msg);

	if (msg->nlmsg_type == RTM_NEWADDR && msg->nlmsg_len >= MNL_NLMSG_HDRLEN + sizeof(*ifa) &&
	    ifa->ifa_family == AF_INET6 && ifa->ifa_scope != RT_SCOPE_LINK)
		take(arg, msg);
	return 0;
}

#ifndef WR_NO_LOOK	/* the one-file tool (`make static`): no room for routes of several paths, and of nexthop objects */
/* The next way of a route that has several, or NULL. */
static struct rtnexthop *next_path(const struct nlmsghdr *msg, struct rtnexthop *path)
{
	const struct nlattr *paths = wr_msg_attr(msg, RTA_MULTIPATH);
	const char *at = path ? (const char *)path + RTNH_ALIGN(path->rtnh_len) : (const char *)(paths + 1);
	ssize_t left = paths ? (const char *)paths + paths->nla_len - at : 0;
	struct rtnexthop *next = (void *)at;

	return left >= (ssize_t)sizeof(*next) && next->rtnh_len >= sizeof(*next) && next->rtnh_len <= left ? next : NULL;
}

/* The object that describes the paths goes with its link: without it they are what the route says itself. */
static void leave_out_object(struct nlmsghdr *msg)
{
	struct nlattr *object = (struct nlattr *)wr_msg_attr(msg, RTA_NH_ID);

	if (object)
		object->nla_type = RTA_UNSPEC;
	for (struct rtnexthop *path = next_path(msg, NULL); path; path = next_path(msg, path))
		path->rtnh_flags &= RTNH_F_ONLINK;
}
#else
#define next_path(msg, path) NULL
#define leave_out_object(msg) ((void)0)
#endif

/* One that a router's advertisement made is the kernel's: while there is such a route by us, it heeds no other from there. */
static int take_route(void *arg, uint32_t index, const struct nlmsghdr *msg)
{
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(msg);
	struct wr_batch *kept = arg;
	struct rtmsg *copy;

	if (msg->nlmsg_type != RTM_NEWROUTE || msg->nlmsg_len < MNL_NLMSG_HDRLEN + sizeof(*rtm) ||
	    rtm->rtm_protocol == RTPROT_KERNEL || rtm->rtm_protocol == RTPROT_RA || rtm->rtm_flags & RTM_F_CLONED)
		return 0;
	take(kept, msg);
	if (kept->buf.failed)
		return 0;
	/* Flags are told, but not all may be asked for. */
	copy = mnl_nlmsg_get_payload(wr_msg_header(kept));
	copy->rtm_flags &= RTNH_F_ONLINK;
	leave_out_object(wr_msg_header(kept));
	return 0;
}

static void forget(void *arg)
{
	struct wr_batch *kept = arg;

	wr_str_done(&kept->buf);
	*kept = (struct wr_batch){ 0 };
}

/* Everything of all links, once for a transaction: one of a thousand links may keep each of them. */
static int read_all(struct weir_txn *t, struct weir_error *err)
{
	const struct ifaddrmsg ifa = { .ifa_family = AF_INET6 };
	const struct rtmsg rtm = { 0 };
	wr_auto(batch) struct wr_batch a = { 0 }, b = { 0 }, routes = { 0 };
	struct wr_reader addr_reader = { take_addr, forget, &t->flushed };
	struct wr_reader route_reader = { take_route, forget, &routes };
	int r;

	if (t->has_flushed)
		return 0;
	wr_msg(&a, RTM_GETADDR, NLM_F_DUMP, &ifa, sizeof(ifa));
	wr_msg(&b, RTM_GETROUTE, NLM_F_DUMP, &rtm, sizeof(rtm));
	r = wr_sock_read(&t->w->sock, &a, NULL, &addr_reader, WR_READ_TIMEOUT_MS, err);
	if (!r)
		r = wr_sock_read(&t->w->sock, &b, NULL, &route_reader, WR_READ_TIMEOUT_MS, err);
	wr_str_add(&t->flushed.buf, wr_str_text(&routes.buf), routes.buf.len);
	if (!r && (t->flushed.buf.failed || routes.buf.failed))
		r = wr_nomem(err);
	t->has_flushed = !r;
	return r;
}

/* Of what was read, or of what takes it away. */
static int link_of(const struct nlmsghdr *msg)
{
	const struct ifaddrmsg *ifa = mnl_nlmsg_get_payload(msg);

	if (msg->nlmsg_type == RTM_NEWADDR || msg->nlmsg_type == RTM_DELADDR)
		return (int)ifa->ifa_index;
	return (int)wr_attr_u32(wr_msg_attr(msg, RTA_OIF), 0);
}

static bool is_same_addr(const struct nlmsghdr *x, const struct nlmsghdr *y)
{
	struct weir_addr a, b;

	return !wr_addr_decode(x, &a, NULL) && !wr_addr_decode(y, &b, NULL) && a.prefix == b.prefix &&
	       wr_ip_equal(&a.local, &b.local);
}

static bool is_same_route(const struct nlmsghdr *x, const struct nlmsghdr *y)
{
	struct weir_route a, b;

	return !wr_route_decode(x, &a, NULL) && !wr_route_decode(y, &b, NULL) && a.prefix == b.prefix &&
	       a.metric == b.metric && wr_ip_equal(&a.dst, &b.dst) && wr_ip_equal(&a.gateway, &b.gateway);
}

/* Whether a step takes away what @kept says: then nobody wants it back but an undo. */
static bool is_taken(const struct weir_txn *t, const struct nlmsghdr *kept)
{
	for (size_t i = 0; i < t->n_steps; i++) {
		const struct nlmsghdr *msg = weir_step_part(&t->steps[i], WR_MSG_DO).data;

		if (t->steps[i].ops != &wr_msg_ops || msg->nlmsg_type != kept->nlmsg_type + 1 ||
		    link_of(msg) != link_of(kept))
			continue;
		if (kept->nlmsg_type == RTM_NEWADDR ? is_same_addr(kept, msg) : is_same_route(kept, msg))
			return true;
	}
	return false;
}

/* One of several ways is enough: if the route is still there, it is not made again. */
static bool is_by(const struct nlmsghdr *msg, int ifindex)
{
	struct rtnexthop *path = msg->nlmsg_type == RTM_NEWROUTE ? next_path(msg, NULL) : NULL;

	while (path && path->rtnh_ifindex != ifindex)
		path = next_path(msg, path);
	return path || link_of(msg) == ifindex;
}

/* A dump begins with the address that came last, which is the one that the kernel sends from: it has to come last again. */
static void keep(struct wr_batch *ret, const struct nlmsghdr *msg)
{
	const size_t before = ret->buf.len;

	wr_msg_copy(ret, msg);
	if (ret->buf.failed || msg->nlmsg_type != RTM_NEWADDR)
		return;
	memmove(ret->buf.data + ret->buf.len - before, ret->buf.data, before);
	memcpy(ret->buf.data, msg, msg->nlmsg_len);
}

static int read_kept(struct weir_txn *t, int ifindex, char when, struct wr_batch *ret, struct weir_error *err)
{
	const struct nlmsghdr *msg;
	int r = read_all(t, err);

	for (size_t at = 0; !r && at < t->flushed.buf.len; at += MNL_ALIGN(msg->nlmsg_len)) {
		msg = (const void *)(t->flushed.buf.data + at);
		if (is_by(msg, ifindex) && (when == ON_UNDO || !is_taken(t, msg)))
			keep(ret, msg);
	}
	return r || !ret->buf.failed ? r : wr_nomem(err);
}

/* --- the step ------------------------------------------------------------------------- */

/* What another link must do first. */
static bool may_come(int code)
{
	return code == -ENETUNREACH || code == -EHOSTUNREACH || code == -ENETDOWN;
}

/* Those of @part that are not there; in rounds, because one may need another. */
static int send_again(struct weir *w, const struct weir_step *s, struct weir_error *err)
{
	const struct weir_blob part = weir_step_part(s, PART_MESSAGES);
	struct weir_error own = WEIR_ERROR_INIT;
	int code = 0;

	for (int round = 0; round < ROUNDS && (!round || may_come(code)); round++) {
		const struct timespec pause = { 0, round < AT_ONCE ? 0 : PAUSE_NS };
		wr_auto(free) struct wr_result *results = NULL;
		wr_auto(batch) struct wr_batch b = { 0 };
		const struct nlmsghdr *nlh;

		for (size_t at = 0; at < part.len; at += MNL_ALIGN(nlh->nlmsg_len)) {
			nlh = (const void *)((const char *)part.data + at);
			wr_msg_copy(&b, nlh);
		}
		if (!b.n)
			return 0;
		nanosleep(&pause, NULL);
		results = calloc(b.n, sizeof(*results));
		if (!results)
			return wr_nomem(err);
		code = wr_sock_run(&w->sock, &b, results, NULL, &own);
		for (uint32_t i = 0; i < b.n; i++) {
			if (results[i].code >= 0 || results[i].code == -EEXIST)
				continue;
			code = wr_error(&own, results[i].code, WEIR_STAGE_KERNEL, s->object, "",
					"cannot be put back: %s", results[i].msg);
			break;
		}
		if (code == -EEXIST)
			code = 0;
	}
	if (code && err)
		*err = own;
	return code;
}

static bool is_when(const struct weir_step *s, char when)
{
	return *(const char *)weir_step_part(s, PART_WHEN).data == when;
}

static int apply(struct weir *w, const struct weir_step *s, struct weir_error *err)
{
	return is_when(s, ON_APPLY) ? send_again(w, s, err) : 0;
}

static int undo(struct weir *w, const struct weir_step *s, bool applied, struct weir_error *err)
{
	return is_when(s, ON_UNDO) ? send_again(w, s, err) : 0;
}

const struct weir_step_ops wr_keep_ops = {
	.sz = sizeof(wr_keep_ops), .name = "keep", .apply = apply, .undo = undo,
};

/* Asking for a name takes a message each. */
static const char *link_text(int ifindex, char buf[16])
{
	wr_format(buf, 16, "link %d", ifindex);
	return buf;
}

static int add(struct weir_txn *t, int ifindex, char when)
{
	wr_auto(batch) struct wr_batch kept = { 0 };
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_blob parts[3];
	char object[64], buf[16];

	wr_format(object, sizeof(object), "addresses and routes of %s",
		  t->dry ? wr_txn_link_name(t, ifindex, buf) : link_text(ifindex, buf));
	if (ifindex <= 0)
		wr_refuse(&err, -EINVAL, object, "ifindex", "is missing");
	else
		read_kept(t, ifindex, when, &kept, &err);
	parts[PART_MESSAGES] = (struct weir_blob){ kept.buf.data, kept.buf.len };
	parts[PART_WHEN] = (struct weir_blob){ &when, 1 };
	parts[PART_IFINDEX] = (struct weir_blob){ &ifindex, sizeof(ifindex) };
	if (err.code)
		wr_txn_fail(t, &err);
	else if (kept.buf.len)
		wr_txn_add(t, &wr_keep_ops, object, parts, 3);
	return t->err.code;
}

bool wr_txn_keeps(const struct weir_txn *t, int ifindex)
{
	for (size_t i = 0; t->has_flushed && i < t->n_steps; i++) {
		const struct weir_step *s = &t->steps[i];
		const struct weir_blob part = weir_step_part(s, PART_IFINDEX);

		if (s->ops == &wr_keep_ops && is_when(s, ON_UNDO) && part.len == sizeof(ifindex) &&
		    !memcmp(part.data, &ifindex, sizeof(ifindex)))
			return true;
	}
	return false;
}

int weir_txn_link_keep(struct weir_txn *t, int ifindex)
{
	return add(t, ifindex, ON_UNDO);
}

int weir_txn_link_restore(struct weir_txn *t, int ifindex)
{
	return add(t, ifindex, ON_APPLY);
}
