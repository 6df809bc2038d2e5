/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The socket: see sock.h. libmnl opens it and walks messages; the receive loop is
 * our own, because mnl_cb_run() stops at the first error of a batch and ignores
 * the error that an NLMSG_DONE carries.
 */
#include <libmnl/libmnl.h>
#include <linux/ethtool.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/netns.h"
#include "netlink/sock.h"

/* Larger than any single reply: a PF with 256 VFs answers with some 130 KB. */
#define REPLY_SIZE (256 * 1024)
/* Room for ten thousand messages at once, and for as many refusals. */
#define BUFFER (8 * 1024 * 1024)
/* What the kernel counts an answer for: about one object 1 to 4 KB, a refusal with its words 1 KB or 1280 bytes. */
#define OBJECT_SIZE 8192
#define REFUSAL_SIZE 1536

struct opening {
	struct mnl_socket *nl;
};

static int open_here(void *arg)
{
	struct opening *o = arg;

	o->nl = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	return o->nl ? 0 : -errno;
}

/* FORCE wants CAP_NET_ADMIN in the initial user namespace; without it the system's limit holds. */
static void set_buffer(int fd, int force, int plain, int size)
{
	if (setsockopt(fd, SOL_SOCKET, force, &size, sizeof(size)) < 0)
		setsockopt(fd, SOL_SOCKET, plain, &size, sizeof(size));
}

static size_t chunk_size(int fd)
{
	int size = 0;
	socklen_t len = sizeof(size);

	if (getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, &len) < 0 || size < 65536)
		return 32768;
	/* netlink_sendmsg() refuses len > sk_sndbuf - 32. */
	return (size_t)size - 64;
}

static uint32_t receive_room(int fd)
{
	int size = 0;
	socklen_t len = sizeof(size);

	return getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, &len) < 0 || size < 16384 ? 16384 : (uint32_t)size;
}

int wr_sock_open(int netns_fd, struct wr_sock *s, struct weir_error *err)
{
	struct opening o = { NULL };
	int on = 1;
	int fd, r;

	*s = (struct wr_sock){ .count.sz = sizeof(s->count) };
	r = wr_netns_run(netns_fd, open_here, &o);
	if (r)
		return wr_error(err, r, WEIR_STAGE_SOCKET, "netlink socket", "",
				"cannot be opened");
	s->nl = o.nl;
	s->reply = malloc(REPLY_SIZE);
	if (!s->reply || mnl_socket_bind(s->nl, 0, MNL_SOCKET_AUTOPID) < 0) {
		r = s->reply ? -errno : -ENOMEM;
		wr_sock_close(s);
		return wr_error(err, r, WEIR_STAGE_SOCKET, "netlink socket", "", "cannot be bound");
	}
	fd = mnl_socket_get_fd(s->nl);
	mnl_socket_setsockopt(s->nl, NETLINK_EXT_ACK, &on, sizeof(on));
	mnl_socket_setsockopt(s->nl, NETLINK_CAP_ACK, &on, sizeof(on));
	mnl_socket_setsockopt(s->nl, NETLINK_GET_STRICT_CHK, &on, sizeof(on));
	set_buffer(fd, SO_RCVBUFFORCE, SO_RCVBUF, BUFFER);
	set_buffer(fd, SO_SNDBUFFORCE, SO_SNDBUF, BUFFER);
	s->chunk = chunk_size(fd);
	s->most_writes = UINT32_MAX;
	s->most_reads = receive_room(fd) / OBJECT_SIZE;
	s->most_answers = receive_room(fd) / REFUSAL_SIZE;
	return 0;
}

/* Of thousands of results few have any. */
struct wr_words {
	struct wr_words *next;
	char text[];
};

static const char *keep_words(struct wr_sock *s, const struct nlattr *a)
{
	const size_t len = mnl_attr_get_payload_len(a);
	struct wr_words *words = malloc(sizeof(*words) + len + 1);

	if (!words)
		return "";
	words->next = s->words;
	memcpy(words->text, mnl_attr_get_payload(a), len);
	words->text[len] = '\0';
	s->words = words;
	return words->text;
}

static void forget_words(struct wr_sock *s)
{
	for (struct wr_words *words = s->words, *next; words; words = next) {
		next = words->next;
		free(words);
	}
	s->words = NULL;
}

void wr_sock_close(struct wr_sock *s)
{
	if (s->nl)
		mnl_socket_close(s->nl);
	forget_words(s);
	free(s->reply);
	*s = (struct wr_sock){ 0 };
}

/* One sendmsg() and the reading of its answers. */
struct exchange {
	struct wr_sock *s;
	struct wr_result *results;	/* of the messages in this chunk */
	uint32_t first_seq;
	uint32_t n;
	uint32_t base;			/* number of the chunk's first message in the batch */
	const struct wr_reader *reader;
	bool done;			/* the last message's answer is there */
	bool lost;			/* ENOBUFS: answers were dropped */
	bool interrupted;		/* NLM_F_DUMP_INTR */
	int reader_code;
};

/* The kernel's words and the offset, in attributes @at bytes into the answer. */
static void take_words(struct wr_sock *s, struct wr_result *res, const struct nlmsghdr *nlh, size_t at)
{
	const struct nlattr *a;

	res->msg = "";
	res->attr_offset = 0;
	at = MNL_ALIGN(at);
	if (!(nlh->nlmsg_flags & NLM_F_ACK_TLVS) || at > nlh->nlmsg_len)
		return;
	for (a = (const void *)((const char *)nlh + at);
	     mnl_attr_ok(a, (const char *)mnl_nlmsg_get_payload_tail(nlh) - (const char *)a);
	     a = mnl_attr_next(a)) {
		if (mnl_attr_get_type(a) == NLMSGERR_ATTR_MSG)
			res->msg = keep_words(s, a);
		else if (mnl_attr_get_type(a) == NLMSGERR_ATTR_OFFS &&
			 mnl_attr_get_payload_len(a) >= 4)
			memcpy(&res->attr_offset, mnl_attr_get_payload(a), 4);
	}
}

static void take_error(struct wr_sock *s, struct wr_result *res, const struct nlmsghdr *nlh)
{
	const struct nlmsgerr *e = mnl_nlmsg_get_payload(nlh);
	size_t at = MNL_NLMSG_HDRLEN + sizeof(*e);

	res->code = e->error;
	if (!(nlh->nlmsg_flags & NLM_F_CAPPED))
		at += e->msg.nlmsg_len > MNL_NLMSG_HDRLEN ? e->msg.nlmsg_len - MNL_NLMSG_HDRLEN : 0;
	take_words(s, res, nlh, at);
}

/* The end of a dump, which may be an error. */
static void take_done(struct wr_sock *s, struct wr_result *res, const struct nlmsghdr *nlh)
{
	int code = 0;

	if (nlh->nlmsg_len >= MNL_NLMSG_HDRLEN + sizeof(code))
		memcpy(&code, mnl_nlmsg_get_payload(nlh), sizeof(code));
	res->code = code < 0 ? code : 0;
	take_words(s, res, nlh, MNL_NLMSG_HDRLEN + sizeof(code));
}

static void take_message(struct exchange *x, const struct nlmsghdr *nlh)
{
	uint32_t i = nlh->nlmsg_seq - x->first_seq;
	int r;

	if (i >= x->n)
		return;	/* late answer to an earlier exchange that gave up */
	if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
		x->interrupted = true;
	if (nlh->nlmsg_type == NLMSG_ERROR &&
	    nlh->nlmsg_len >= MNL_NLMSG_HDRLEN + sizeof(struct nlmsgerr)) {
		take_error(x->s, &x->results[i], nlh);
		x->done |= i + 1 == x->n;
	} else if (nlh->nlmsg_type == NLMSG_DONE) {
		take_done(x->s, &x->results[i], nlh);
		x->done |= i + 1 == x->n;
	} else if (nlh->nlmsg_type >= NLMSG_MIN_TYPE && x->reader && x->reader->reply) {
		r = x->reader->reply(x->reader->arg, x->base + i, nlh);
		if (r && !x->reader_code)
			x->reader_code = r;
	}
}

/* mnl_nlmsg_ok() takes a length of over 2 GB for a negative one and lets it pass. */
const struct nlmsghdr *wr_message_at(const char *data, size_t len, size_t *at)
{
	const struct nlmsghdr *nlh;

	if (*at >= len || len - *at < sizeof(*nlh))
		return NULL;
	nlh = (const void *)(data + *at);
	if (nlh->nlmsg_len < sizeof(*nlh) || nlh->nlmsg_len > len - *at)
		return NULL;
	*at += MNL_ALIGN(nlh->nlmsg_len);
	return nlh;
}

/* Reads until the last answer, or until there is nothing more to read. */
static int receive(struct exchange *x, struct weir_error *err)
{
	while (!x->done) {
		struct iovec iov = { x->s->reply, REPLY_SIZE };
		struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
		ssize_t n = recvmsg(mnl_socket_get_fd(x->s->nl), &msg, MSG_DONTWAIT);
		const struct nlmsghdr *nlh;
		size_t at = 0;

		x->s->count.n_receives++;
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == ENOBUFS) {
			x->lost = true;
			continue;
		}
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
			x->lost = true;
			return 0;
		}
		if (n < 0)
			return wr_error(err, -errno, WEIR_STAGE_SOCKET, "netlink socket", "",
					"cannot be read");
		if (msg.msg_flags & MSG_TRUNC)
			return wr_error(err, -EMSGSIZE, WEIR_STAGE_REPLY, "netlink socket", "",
					"a reply is larger than %d bytes", REPLY_SIZE);
		while ((nlh = wr_message_at(x->s->reply, (size_t)n, &at)))
			take_message(x, nlh);
	}
	return 0;
}

static int transmit(struct wr_sock *s, const void *data, size_t len, uint32_t n,
		    struct weir_error *err)
{
	ssize_t sent;

	do
		sent = mnl_socket_sendto(s->nl, data, len);
	while (sent < 0 && errno == EINTR);
	s->count.n_sends++;
	s->count.n_messages += n;
	s->count.n_bytes += len;
	if (sent < 0)
		return wr_error(err, -errno, WEIR_STAGE_SOCKET, "netlink socket", "",
				"cannot send %zu bytes", len);
	return 0;
}

/* Questions are answered with a whole object. */
static bool is_question(const struct nlmsghdr *nlh)
{
	return (nlh->nlmsg_type & 3) == (RTM_GETLINK & 3);
}

/* As many whole messages from @at as one sendmsg() takes, up to @most; sets their sequence numbers. */
static size_t next_chunk(struct wr_sock *s, struct wr_batch *b, size_t at, uint32_t most,
			 uint32_t *ret_n)
{
	struct nlmsghdr *nlh = NULL;
	uint32_t n_questions = 0;
	size_t end = at;

	*ret_n = 0;
	while (end < b->buf.len) {
		struct nlmsghdr *next = (void *)(b->buf.data + end);
		size_t len = MNL_ALIGN(next->nlmsg_len);

		if (nlh && (end + len - at > s->chunk || *ret_n >= most || *ret_n >= s->most_answers ||
			    n_questions >= s->most_reads))
			break;
		n_questions += is_question(next);
		nlh = next;
		nlh->nlmsg_seq = ++s->seq;
		nlh->nlmsg_pid = 0;
		end += len;
		(*ret_n)++;
	}
	if (nlh)
		nlh->nlmsg_flags |= NLM_F_ACK;
	return end - at;
}

/* What one send may take where there is a limit to what is in flight: that is what others wait for. */
#define SLICE_NS 1000000

/* How many messages fit into a slice, after @n of them took that long; it grows slowly, for the next may be dearer. */
static uint32_t fit_slice(uint32_t n, uint64_t took_ns, uint32_t most)
{
	uint64_t fit = took_ns ? n * (uint64_t)SLICE_NS / took_ns : 1;

	fit = fit > 2 * n ? 2 * n : fit ? fit : 1;
	return fit < most ? (uint32_t)fit : most;
}

/*
 * The kernel's lock is not fair: who has just released it takes it again before
 * the one that waits has woken up. Long enough for that.
 */
static void give_way(void)
{
	const struct timespec pause = { 0, 100000 };

	nanosleep(&pause, NULL);
}

static void set_codes(struct wr_result *results, uint32_t n, int from, int to)
{
	for (uint32_t i = 0; i < n; i++)
		if (results[i].code == from)
			results[i].code = to;
}

/*
 * @most: messages in one chunk, and as many as fit into a slice where it is a limit on changes. @ret_lost: not every answer arrived.
 * @ret_interrupted: a dump has to be repeated.
 */
static int run_chunks(struct wr_sock *s, struct wr_batch *b, struct wr_result *results,
		      const struct wr_reader *reader, uint32_t most, bool *ret_lost, bool *ret_interrupted,
		      struct weir_error *err)
{
	const bool is_polite = most < UINT32_MAX && !reader;
	uint32_t base = 0, n, next = is_polite ? 1 : most;

	*ret_lost = false;
	*ret_interrupted = false;
	for (size_t at = 0; at < b->buf.len;) {
		size_t len = next_chunk(s, b, at, next, &n);
		int64_t began = is_polite ? wr_now_ns() : 0;
		struct exchange x = {
			.s = s, .results = results + base, .first_seq = s->seq - n + 1,
			.n = n, .base = base, .reader = reader,
		};
		int r = transmit(s, b->buf.data + at, len, n, err);

		if (r)
			return r;
		set_codes(x.results, n, WR_NOT_SENT, 0);
		r = receive(&x, err);
		if (r || x.lost)
			set_codes(x.results, n, 0, WR_UNKNOWN);
		if (r)
			return r;
		*ret_lost |= x.lost;
		*ret_interrupted |= x.interrupted;
		if (x.reader_code)
			return wr_error(err, x.reader_code, WEIR_STAGE_REPLY, "netlink socket", "",
					"a reply cannot be read");
		at += len;
		base += n;
		if (!is_polite || at == b->buf.len)
			continue;
		next = fit_slice(n, (uint64_t)(wr_now_ns() - began), most);
		give_way();
	}
	return 0;
}

/* Results of the caller's or @own, which say that nothing was sent. */
static int begin_results(struct wr_sock *s, const struct wr_batch *b, struct wr_result **results,
			 struct wr_result **own)
{
	if (b->buf.failed)
		return -ENOMEM;
	if (!*results)
		*results = *own = calloc(b->n + 1, sizeof(**own));
	if (!*results)
		return -ENOMEM;
	for (uint32_t i = 0; i < b->n; i++)
		(*results)[i] = (struct wr_result){ .code = WR_NOT_SENT, .msg = "" };
	forget_words(s);
	return 0;
}

int wr_sock_run(struct wr_sock *s, struct wr_batch *b, struct wr_result *results,
		uint32_t *ret_failed, struct weir_error *err)
{
	wr_auto(free) struct wr_result *own = NULL;
	bool lost, interrupted;
	int r;

	if (begin_results(s, b, &results, &own))
		return wr_nomem(err);
	r = run_chunks(s, b, results, NULL, s->most_writes, &lost, &interrupted, err);
	if (r)
		return r;
	for (uint32_t i = 0; i < b->n; i++) {
		if (results[i].code >= 0)
			continue;
		if (ret_failed)
			*ret_failed = i;
		wr_error(err, results[i].code, WEIR_STAGE_KERNEL, "", "", "%s", results[i].msg);
		if (err)
			err->attr_offset = results[i].attr_offset;
		return results[i].code;
	}
	if (lost)
		return wr_error(err, -ENOBUFS, WEIR_STAGE_SOCKET, "netlink socket", "",
				"the kernel dropped answers");
	return 0;
}

int wr_sock_read(struct wr_sock *s, struct wr_batch *b, struct wr_result *results,
		 const struct wr_reader *reader, unsigned int timeout_ms, struct weir_error *err)
{
	wr_auto(free) struct wr_result *own = NULL;
	int64_t deadline = wr_now_ns() + timeout_ms * (int64_t)1000000;
	long pause_us = 100;

	for (;;) {
		struct timespec pause = { 0, pause_us * 1000 };
		bool lost, interrupted;
		int r;

		if (begin_results(s, b, &results, &own))
			return wr_nomem(err);
		r = run_chunks(s, b, results, reader, UINT32_MAX, &lost, &interrupted, err);
		if (r || (!lost && !interrupted))
			return r;
		if (wr_now_ns() >= deadline)
			return wr_error(err, -EAGAIN, WEIR_STAGE_REPLY, "netlink dump", "",
					"kept changing for %u ms", timeout_ms);
		nanosleep(&pause, NULL);
		if (pause_us < 50000)
			pause_us *= 2;
		if (reader && reader->restart)
			reader->restart(reader->arg);
	}
}

int wr_sock_netns(const struct wr_sock *s)
{
	int fd = ioctl(mnl_socket_get_fd(s->nl), SIOCGSKNS);

	return fd < 0 ? -errno : fd;
}

uint64_t wr_sock_netns_cookie(const struct wr_sock *s)
{
	return wr_netns_cookie(mnl_socket_get_fd(s->nl));
}

/* Any socket will do for ioctl(): it says in which namespace. */
static int read_mtu(const struct wr_sock *s, const char *name, uint32_t *ret)
{
	struct ifreq ifr = { 0 };

	wr_copy(ifr.ifr_name, sizeof(ifr.ifr_name), name);
	if (ioctl(mnl_socket_get_fd(s->nl), SIOCGIFMTU, &ifr) < 0)
		return -errno;
	*ret = (uint32_t)ifr.ifr_mtu;
	return 0;
}

int wr_sock_mtu(const struct wr_sock *s, int ifindex, char name[16], uint32_t *ret)
{
	if (*name && !read_mtu(s, name, ret))
		return 0;
	return *wr_sock_ifname(s, ifindex, name) ? read_mtu(s, name, ret) : -ENODEV;
}

void wr_sock_driver(const struct wr_sock *s, const char *name, char ret[32])
{
	struct ethtool_drvinfo info = { .cmd = ETHTOOL_GDRVINFO };
	struct ifreq ifr = { .ifr_data = (void *)&info };

	wr_copy(ifr.ifr_name, sizeof(ifr.ifr_name), name);
	wr_copy(ret, 32, ioctl(mnl_socket_get_fd(s->nl), SIOCETHTOOL, &ifr) < 0 ? "" : info.driver);
}

const char *wr_sock_ifname(const struct wr_sock *s, int ifindex, char buf[16])
{
	struct ifreq ifr = { .ifr_ifindex = ifindex };

	wr_copy(buf, 16, ioctl(mnl_socket_get_fd(s->nl), SIOCGIFNAME, &ifr) < 0 ? "" : ifr.ifr_name);
	return buf;
}

/* --- notifications ----------------------------------------------------------- */

int wr_sock_join(struct wr_sock *s, int group, struct weir_error *err)
{
	if (mnl_socket_setsockopt(s->nl, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) < 0)
		return wr_error(err, -errno, WEIR_STAGE_SOCKET, "netlink socket", "",
				"cannot join group %d", group);
	return 0;
}

int wr_sock_events(struct wr_sock *s, int (*fn)(void *arg, const struct nlmsghdr *msg), void *arg,
		   struct weir_error *err)
{
	struct iovec iov = { s->reply, REPLY_SIZE };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	const struct nlmsghdr *nlh;
	size_t at = 0;
	ssize_t n;
	int r = 0;

	do
		n = recvmsg(mnl_socket_get_fd(s->nl), &msg, MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	s->count.n_receives++;
	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return 0;
	/* A message that is too long for the buffer is lost as well. */
	if ((n < 0 && errno == ENOBUFS) || (n >= 0 && msg.msg_flags & MSG_TRUNC))
		return -ENOBUFS;
	if (n < 0)
		return wr_error(err, -errno, WEIR_STAGE_SOCKET, "netlink socket", "",
				"cannot be read");
	while (r >= 0 && (nlh = wr_message_at(s->reply, (size_t)n, &at)))
		r = fn(arg, nlh);
	if (r == -ENOMEM)
		wr_nomem(err);
	return r < 0 ? r : 1;
}
