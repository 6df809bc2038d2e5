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

#include "ip/steps.h"
#include "netlink/attr.h"
#include "txn/txn.h"

#define READ_TIMEOUT_MS 5000
/* A route's gateway may be behind another of the routes. */
#define ROUNDS 3

enum { PART_MESSAGES, PART_WHEN };

#define ON_UNDO 'U'
#define ON_APPLY 'A'

struct reading {
	int ifindex;
	struct wr_batch kept;
};

/* --- reading ------------------------------------------------------------------------ */

static void keep(struct reading *r, const struct nlmsghdr *msg)
{
	wr_msg_copy(&r->kept, msg);
	if (r->kept.buf.failed)
		return;
	wr_msg_header(&r->kept)->nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL;
}

static int take_addr(void *arg, uint32_t index, const struct nlmsghdr *msg)
{
	const struct ifaddrmsg *ifa = mnl_nlmsg_get_payload(msg);
	struct reading *r = arg;

	if (msg->nlmsg_type == RTM_NEWADDR && msg->nlmsg_len >= MNL_NLMSG_HDRLEN + sizeof(*ifa) &&
	    (int)ifa->ifa_index == r->ifindex && ifa->ifa_family == AF_INET6 &&
	    ifa->ifa_scope != RT_SCOPE_LINK)
		keep(r, msg);
	return 0;
}

static int take_route(void *arg, uint32_t index, const struct nlmsghdr *msg)
{
	const size_t at = MNL_NLMSG_HDRLEN + MNL_ALIGN(sizeof(struct rtmsg));
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(msg);
	struct reading *r = arg;
	struct rtmsg *kept;

	if (msg->nlmsg_type != RTM_NEWROUTE || msg->nlmsg_len < at ||
	    rtm->rtm_protocol == RTPROT_KERNEL || rtm->rtm_flags & RTM_F_CLONED)
		return 0;
	if ((int)wr_attr_u32(wr_attr_find((const char *)msg + at, msg->nlmsg_len - at, RTA_OIF), 0) !=
	    r->ifindex)
		return 0;
	keep(r, msg);
	if (r->kept.buf.failed)
		return 0;
	/* Flags are told, but not all may be asked for. */
	kept = mnl_nlmsg_get_payload(wr_msg_header(&r->kept));
	kept->rtm_flags &= RTNH_F_ONLINK;
	return 0;
}

static void forget(void *arg)
{
	struct reading *r = arg;

	wr_str_done(&r->kept.buf);
	r->kept = (struct wr_batch){ 0 };
}

static int read_kept(struct weir *w, struct reading *r, struct weir_error *err)
{
	const struct ifaddrmsg ifa = { .ifa_family = AF_INET6, .ifa_index = (unsigned int)r->ifindex };
	const struct rtmsg rtm = { 0 };
	struct reading routes = { .ifindex = r->ifindex };
	struct wr_reader addr_reader = { take_addr, forget, r };
	struct wr_reader route_reader = { take_route, forget, &routes };
	wr_auto(batch) struct wr_batch a = { 0 }, b = { 0 };
	int code;

	wr_msg(&a, RTM_GETADDR, NLM_F_DUMP, &ifa, sizeof(ifa));
	wr_msg(&b, RTM_GETROUTE, NLM_F_DUMP, &rtm, sizeof(rtm));
	code = wr_sock_read(&w->sock, &a, NULL, &addr_reader, READ_TIMEOUT_MS, err);
	if (!code)
		code = wr_sock_read(&w->sock, &b, NULL, &route_reader, READ_TIMEOUT_MS, err);
	wr_str_add(&r->kept.buf, wr_str_text(&routes.kept.buf), routes.kept.buf.len);
	r->kept.buf.failed |= routes.kept.buf.failed;
	wr_str_done(&routes.kept.buf);
	return code ? code : r->kept.buf.failed ? wr_nomem(err) : 0;
}

/* --- the step ------------------------------------------------------------------------- */

/* Those of @part that are not there; in rounds, because one may need another. */
static int send_again(struct weir *w, const struct weir_step *s, struct weir_error *err)
{
	const struct weir_blob part = weir_step_part(s, PART_MESSAGES);
	struct weir_error own = WEIR_ERROR_INIT;
	int code = 0;

	for (int round = 0; round < ROUNDS && (!round || code); round++) {
		wr_auto(free) struct wr_result *results = NULL;
		wr_auto(batch) struct wr_batch b = { 0 };
		const struct nlmsghdr *nlh;

		for (size_t at = 0; at < part.len; at += MNL_ALIGN(nlh->nlmsg_len)) {
			nlh = (const void *)((const char *)part.data + at);
			wr_msg_copy(&b, nlh);
		}
		if (!b.n)
			return 0;
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

static int add(struct weir_txn *t, int ifindex, char when)
{
	struct reading r = { .ifindex = ifindex };
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_blob parts[2];
	char object[64], buf[16];

	wr_format(object, sizeof(object), "addresses and routes of %s",
		  wr_txn_link_name(t, ifindex, buf));
	if (ifindex <= 0)
		wr_refuse(&err, -EINVAL, object, "ifindex", "is missing");
	else
		read_kept(t->w, &r, &err);
	parts[PART_MESSAGES] = (struct weir_blob){ r.kept.buf.data, r.kept.buf.len };
	parts[PART_WHEN] = (struct weir_blob){ &when, 1 };
	if (err.code)
		wr_txn_fail(t, &err);
	else if (r.kept.buf.len)
		wr_txn_add(t, &wr_keep_ops, object, parts, 2);
	forget(&r);
	return t->err.code;
}

int weir_txn_link_keep(struct weir_txn *t, int ifindex)
{
	return add(t, ifindex, ON_UNDO);
}

int weir_txn_link_restore(struct weir_txn *t, int ifindex)
{
	return add(t, ifindex, ON_APPLY);
}
