/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * JSON-RPC on a stream. Messages follow each other without a mark between them, so
 * the end of one is found by counting braces; what the peer asks in between
 * ("echo", by which it sees whether we live) is answered. Each wait ends at the
 * deadline, and what a peer sends without an end is not kept without an end.
 */
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/clock.h"
#include "ovs/rpc.h"

#define MOST_BYTES (16u << 20)

static int fail(const struct wr_rpc *rpc, int code, const char *what, struct weir_error *err)
{
	if (code == -ETIME)
		return wr_error(err, code, WEIR_STAGE_PROGRAM, "", "", "%s: no answer in time",
				rpc->path);
	return wr_syserr(err, code, "", "%s: %s", rpc->path, what);
}

/* --- the socket ------------------------------------------------------------------------------- */

/* 0 when it is ready, -ETIME at the deadline. */
static int wait_for(const struct wr_rpc *rpc, short events)
{
	struct pollfd p = { .fd = rpc->fd, .events = events };
	int64_t left;

	while ((left = rpc->deadline_ms - wr_now_ms()) > 0) {
		int n = poll(&p, 1, left > INT32_MAX ? INT32_MAX : (int)left);

		if (n > 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return -errno;
	}
	return -ETIME;
}

/* A full queue of a unix socket is EAGAIN, and nothing tells when there is room. */
static int connect_it(struct wr_rpc *rpc, const struct sockaddr_un *to)
{
	const struct timespec pause = { .tv_nsec = 5000000 };

	while (connect(rpc->fd, (const struct sockaddr *)to, sizeof(*to)) < 0) {
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
		if (wr_now_ms() >= rpc->deadline_ms)
			return -ETIME;
		nanosleep(&pause, NULL);
	}
	return 0;
}

int wr_rpc_open(struct wr_rpc *rpc, const char *path, int timeout_ms, struct weir_error *err)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int r;

	*rpc = (struct wr_rpc){ .fd = -1, .path = path,
				.deadline_ms = wr_now_ms() + timeout_ms };
	if (strlen(path) >= sizeof(to.sun_path))
		return fail(rpc, -ENAMETOOLONG, "cannot be connected to", err);
	wr_copy(to.sun_path, sizeof(to.sun_path), path);
	rpc->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (rpc->fd < 0)
		return fail(rpc, -errno, "no socket", err);
	r = connect_it(rpc, &to);
	if (!r)
		return 0;
	wr_rpc_close(rpc);
	return fail(rpc, r, "ovsdb-server cannot be reached", err);
}

void wr_rpc_close(struct wr_rpc *rpc)
{
	wr_close(&rpc->fd);
	wr_str_done(&rpc->in);
}

static int send_text(struct wr_rpc *rpc, const char *text, struct weir_error *err)
{
	size_t left = strlen(text);

	while (left) {
		ssize_t n = send(rpc->fd, text, left, MSG_NOSIGNAL);
		int r = n < 0 && errno == EAGAIN ? wait_for(rpc, POLLOUT) :
			n < 0 && errno != EINTR	 ? -errno :
						   0;

		if (r)
			return fail(rpc, r, "cannot send", err);
		if (n > 0) {
			text += n;
			left -= (size_t)n;
		}
	}
	return 0;
}

static int receive(struct wr_rpc *rpc, struct weir_error *err)
{
	char buf[16384];
	ssize_t n = recv(rpc->fd, buf, sizeof(buf), 0);
	int r;

	if (n > 0) {
		wr_str_add(&rpc->in, buf, (size_t)n);
		if (rpc->in.len > MOST_BYTES)
			return fail(rpc, -EMSGSIZE, "an answer without an end", err);
		return rpc->in.failed ? wr_nomem(err) : 0;
	}
	if (!n)
		return fail(rpc, -ECONNRESET, "closed in the middle of an answer", err);
	r = errno == EAGAIN ? wait_for(rpc, POLLIN) : errno == EINTR ? 0 : -errno;
	return r ? fail(rpc, r, "cannot receive", err) : 0;
}

/* --- messages --------------------------------------------------------------------------------- */

/* How many bytes the first message has; 0: it is not complete. */
static size_t first_message(const struct wr_str *in)
{
	bool in_string = false;
	int depth = 0;

	for (size_t i = 0; i < in->len; i++) {
		char c = in->data[i];

		if (in_string && c == '\\')
			i++;
		else if (c == '"')
			in_string = !in_string;
		else if (!in_string && (c == '{' || c == '['))
			depth++;
		else if (!in_string && (c == '}' || c == ']') && --depth <= 0)
			return i + 1;
	}
	return 0;
}

static int next_message(struct wr_rpc *rpc, json_t **ret, struct weir_error *err)
{
	wr_auto(json) json_t *message = NULL;
	json_error_t bad;
	size_t len = 0;
	int r = 0;

	while (!r && !(len = first_message(&rpc->in)))
		r = receive(rpc, err);
	if (r)
		return r;
	message = json_loadb(rpc->in.data, len, 0, &bad);
	if (!json_is_object(message))
		return wr_error(err, -EPROTO, WEIR_STAGE_REPLY, "", "", "%s: no JSON-RPC: %s", rpc->path,
				message ? "not an object" : bad.text);
	memmove(rpc->in.data, rpc->in.data + len, rpc->in.len - len);
	rpc->in.len -= len;
	*ret = wr_take(message);
	return 0;
}

static int send_json(struct wr_rpc *rpc, json_t *message, struct weir_error *err)
{
	wr_auto(free) char *text = message ? json_dumps(message, JSON_COMPACT) : NULL;

	json_decref(message);
	return text ? send_text(rpc, text, err) : wr_nomem(err);
}

static int answer_echo(struct wr_rpc *rpc, const json_t *message, struct weir_error *err)
{
	if (strcmp(json_string_value(json_object_get(message, "method")), "echo"))
		return 0;
	return send_json(rpc, json_pack("{s:O?, s:n, s:O?}", "result",
					json_object_get(message, "params"), "error", "id",
					json_object_get(message, "id")), err);
}

static int result_of(const struct wr_rpc *rpc, const json_t *answer, json_t **ret,
		     struct weir_error *err)
{
	const json_t *error = json_object_get(answer, "error");
	json_t *result = json_object_get(answer, "result");
	wr_auto(free) char *text = NULL;

	if (result && (!error || json_is_null(error))) {
		*ret = json_incref(result);
		return 0;
	}
	text = error ? json_dumps(error, JSON_ENCODE_ANY) : NULL;
	return wr_error(err, -EPROTO, WEIR_STAGE_PROGRAM, "", "", "%s: ovsdb-server refused: %s",
			rpc->path, text ? text : "without a reason");
}

int wr_rpc_call(struct wr_rpc *rpc, const char *method, json_t *params, json_t **ret,
		struct weir_error *err)
{
	int r = send_json(rpc, json_pack("{s:s, s:o, s:I}", "method", method, "params", params,
					 "id", ++rpc->id), err);

	while (!r) {
		wr_auto(json) json_t *message = NULL;

		r = next_message(rpc, &message, err);
		if (r)
			return r;
		if (json_is_string(json_object_get(message, "method")))
			r = answer_echo(rpc, message, err);
		else if (json_integer_value(json_object_get(message, "id")) == rpc->id)
			return result_of(rpc, message, ret, err);
	}
	return r;
}
