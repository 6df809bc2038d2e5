/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Port profiles as steps. The kernel, or lldpad, acknowledges a request at once, but
 * sends no event when the switch has decided: it is asked every 125 ms, until the
 * deadline. lldpad is a process and answers when it is scheduled, so this file has a
 * socket of its own that waits; netlink/sock.c never does.
 */
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/file.h"
#include "link/profile.h"
#include "txn/txn.h"

#define TIMEOUT_MS 10000
#define ASK_AGAIN_MS 125

enum { PART_PROFILE, PART_REQUEST };

/* One conversation. */
struct talk {
	const struct weir_profile *p;
	const char *object;
	int fd;
	uint32_t port;		/* of the peer; 0: the kernel */
	uint32_t seq;
	int64_t deadline_ms;
	char reply[32768];
};

/* --- the socket -------------------------------------------------------------------------- */

static int open_here(void *arg)
{
	struct sockaddr_nl own = { .nl_family = AF_NETLINK };
	wr_auto(fd) int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	if (fd < 0 || bind(fd, (struct sockaddr *)&own, sizeof(own)) < 0)
		return -errno;
	*(int *)arg = fd;
	fd = -1;
	return 0;
}

static int find_peer(struct talk *k, struct weir_error *err)
{
	wr_auto(str) struct wr_str text = { 0 };
	unsigned long pid;
	char *end;
	int r;

	if (!*k->p->lldpad_pid_file)
		return 0;
	r = wr_file_read(k->p->lldpad_pid_file, &text);
	pid = strtoul(wr_str_text(&text), &end, 10);
	if (r || !pid || (*end && *end != '\n'))
		return wr_error(err, r ? r : -ENOENT, WEIR_STAGE_PROGRAM, k->object, "",
				"lldpad does not run: %s has no pid", k->p->lldpad_pid_file);
	k->port = (uint32_t)pid;
	return 0;
}

static int send_it(struct talk *k, struct wr_batch *b, struct weir_error *err)
{
	struct sockaddr_nl peer = { .nl_family = AF_NETLINK, .nl_pid = k->port };
	struct nlmsghdr *msg = wr_msg_header(b);
	ssize_t n;

	if (!msg)
		return wr_nomem(err);
	msg->nlmsg_seq = ++k->seq;
	do
		n = sendto(k->fd, msg, msg->nlmsg_len, 0, (struct sockaddr *)&peer, sizeof(peer));
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == ECONNREFUSED)
		return wr_error(err, -ENOENT, WEIR_STAGE_PROGRAM, k->object, "", "lldpad does not run");
	return n < 0 ? wr_error(err, -errno, WEIR_STAGE_SOCKET, k->object, "", "cannot send") : 0;
}

/* The next message from the peer that answers our last one; NULL: time is over. */
static const struct nlmsghdr *receive(struct talk *k)
{
	for (;;) {
		struct pollfd p = { .fd = k->fd, .events = POLLIN };
		int64_t left = k->deadline_ms - wr_now_ms();
		struct sockaddr_nl from = { 0 };
		socklen_t from_len = sizeof(from);
		const struct nlmsghdr *msg = (const void *)k->reply;
		ssize_t n;

		if (left <= 0)
			return NULL;
		if (poll(&p, 1, (int)left) <= 0)
			continue;
		n = recvfrom(k->fd, k->reply, sizeof(k->reply), MSG_DONTWAIT, (struct sockaddr *)&from, &from_len);
		if (n >= (ssize_t)sizeof(*msg) && msg->nlmsg_len >= sizeof(*msg) && msg->nlmsg_len <= (size_t)n &&
		    msg->nlmsg_seq == k->seq && from.nl_pid == k->port)
			return msg;
	}
}

/* --- asking ------------------------------------------------------------------------------- */

static int late(const struct talk *k, const char *why, struct weir_error *err)
{
	return wr_error(err, -ETIME, WEIR_STAGE_PROGRAM, k->object, "", "%s after %u ms", why,
			k->p->timeout_ms);
}

/* An answer with an error in it, or none; lldpad refuses what it does not like in the same way. */
static int error_in(const struct talk *k, const struct nlmsghdr *msg, struct weir_error *err)
{
	const struct nlmsgerr *e = NLMSG_DATA(msg);

	if (msg->nlmsg_type != NLMSG_ERROR || msg->nlmsg_len < NLMSG_LENGTH(sizeof(*e)) || !e->error)
		return 0;
	return wr_error(err, e->error, k->port ? WEIR_STAGE_PROGRAM : WEIR_STAGE_KERNEL, k->object, "",
			"%s", e->error == -EOPNOTSUPP ? "the driver knows no port profiles" : "refused");
}

static int ask(struct talk *k, enum weir_profile_request request, struct weir_error *err)
{
	wr_auto(batch) struct wr_batch b = { 0 };
	const struct nlmsghdr *msg;
	int r;

	wr_profile_put(&b, k->p, request);
	if (wr_msg_header(&b))
		wr_msg_header(&b)->nlmsg_flags |= NLM_F_ACK;
	r = send_it(k, &b, err);
	if (r)
		return r;
	msg = receive(k);
	return msg ? error_in(k, msg, err) : late(k, "no answer", err);
}

/* What has become of it: 0, -EAGAIN (also when time is over), or a final refusal. */
static int look(struct talk *k, const char **ret_words, struct weir_error *err)
{
	wr_auto(batch) struct wr_batch b = { 0 };
	const struct nlmsghdr *msg;
	int r;

	wr_profile_put_get(&b, k->p);
	r = send_it(k, &b, err);
	if (r)
		return r;
	msg = receive(k);
	if (!msg)
		return -EAGAIN;
	r = error_in(k, msg, err);
	if (r)
		return r;
	r = wr_profile_judge(k->p, wr_profile_response(msg, k->p), ret_words);
	return r && r != -EAGAIN ? wr_error(err, r, WEIR_STAGE_PROGRAM, k->object, "", "%s", *ret_words) : r;
}

static int follow(struct talk *k, struct weir_error *err)
{
	const char *words = "no answer";
	int r;

	while ((r = look(k, &words, err)) == -EAGAIN) {
		int64_t left = k->deadline_ms - wr_now_ms();

		if (left <= 0)
			return late(k, words, err);
		poll(NULL, 0, left < ASK_AGAIN_MS ? (int)left : ASK_AGAIN_MS);
	}
	return r;
}

static int request_it(struct weir *w, const struct weir_profile *p, const char *object,
		      enum weir_profile_request request, struct weir_error *err)
{
	struct talk k = { .p = p, .object = object, .fd = -1, .deadline_ms = wr_now_ms() + p->timeout_ms };
	int r = find_peer(&k, err);

	if (r)
		return r;
	r = weir_in_netns(w, open_here, &k.fd);
	if (r)
		return wr_error(err, r, WEIR_STAGE_SOCKET, object, "", "no netlink socket");
	r = ask(&k, request, err);
	if (!r && request != WEIR_PROFILE_DISASSOCIATE) {
		r = follow(&k, err);
		if (r) {
			k.deadline_ms = wr_now_ms() + p->timeout_ms;
			ask(&k, WEIR_PROFILE_DISASSOCIATE, NULL);
		}
	}
	wr_close(&k.fd);
	return r;
}

/* --- the step ---------------------------------------------------------------------------------- */

static void parts_of(const struct weir_step *s, struct weir_profile *p, enum weir_profile_request *request)
{
	struct weir_blob profile = weir_step_part(s, PART_PROFILE);

	*p = (struct weir_profile){ 0 };
	memcpy(p, profile.data, profile.len < sizeof(*p) ? profile.len : sizeof(*p));
	*request = *(const uint8_t *)weir_step_part(s, PART_REQUEST).data;
}

/* A link or an lldpad that is gone has no associations. */
static bool is_gone(int r)
{
	return r == -ENODEV || r == -ENOENT;
}

static int profile_apply(struct weir *w, const struct weir_step *s, struct weir_error *err)
{
	enum weir_profile_request request;
	struct weir_profile p;

	struct weir_error own = WEIR_ERROR_INIT;
	int r;

	parts_of(s, &p, &request);
	r = request_it(w, &p, s->object, request, &own);
	if (request == WEIR_PROFILE_DISASSOCIATE && is_gone(r))
		return 0;
	if (r && err)
		*err = own;
	return r;
}

static int profile_undo(struct weir *w, const struct weir_step *s, bool applied, struct weir_error *err)
{
	enum weir_profile_request request;
	struct weir_profile p;
	int r;

	parts_of(s, &p, &request);
	request = request == WEIR_PROFILE_DISASSOCIATE ? WEIR_PROFILE_ASSOCIATE : WEIR_PROFILE_DISASSOCIATE;
	r = request_it(w, &p, s->object, request, err);
	return is_gone(r) || (!applied && r == -EOPNOTSUPP) ? 0 : r;
}

const struct weir_step_ops wr_profile_ops = {
	.sz = sizeof(wr_profile_ops), .name = "profile",
	.apply = profile_apply, .undo = profile_undo,
};

static int check(const struct weir_profile *p, const char *object, struct weir_error *err)
{
	bool qbh = p->has & WEIR_PROFILE_NAME;

	if (qbh == wr_profile_is_qbg(p))
		return wr_refuse(err, -EINVAL, object, "", "needs either a name (802.1Qbh) or a VSI type (802.1Qbg)");
	if (qbh && (!*p->name || !memchr(p->name, 0, sizeof(p->name))))
		return wr_refuse(err, -EINVAL, object, "name", "has 1 to 39 bytes");
	if (p->type_id > 0xffffff)
		return wr_refuse(err, -ERANGE, object, "type_id", "is below 2^24");
	if (p->has & WEIR_PROFILE_VLAN && p->vlan > 4095)
		return wr_refuse(err, -ERANGE, object, "vlan", "is outside 0..4095");
	if (p->ifindex <= 0)
		return wr_refuse(err, -EINVAL, object, "ifindex", "is needed");
	return 0;
}

int weir_txn_profile(struct weir_txn *t, const struct weir_profile *profile,
		     enum weir_profile_request request)
{
	static const char *const words[] = { "preassociate", "preassociate with resources", "associate",
					     "disassociate" };
	struct weir_error err = WEIR_ERROR_INIT;
	uint8_t what = (uint8_t)request;
	struct weir_profile p;
	struct weir_step *s;
	char object[64];
	int r = wr_opts_copy(&p, sizeof(p), profile, "profile", &err);

	if (*p.ifname)
		wr_format(object, sizeof(object), "profile of %.15s", p.ifname);
	else
		wr_format(object, sizeof(object), "profile of link %d", p.ifindex);
	if (!r)
		r = check(&p, object, &err);
	if (!r && request > WEIR_PROFILE_DISASSOCIATE)
		r = wr_refuse(&err, -EINVAL, object, "request", "is none");
	if (r)
		return wr_txn_fail(t, &err);
	p.timeout_ms = p.timeout_ms ? p.timeout_ms : TIMEOUT_MS;
	s = wr_txn_add(t, &wr_profile_ops, object,
		       (struct weir_blob[]){ [PART_PROFILE] = { &p, sizeof(p) },
					     [PART_REQUEST] = { &what, 1 } }, 2);
	wr_step_plan(t, s, "# %s: %s", object, words[request]);
	return t->err.code;
}
