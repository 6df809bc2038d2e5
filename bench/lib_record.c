/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a library sends to the kernel, seen by standing in front of libc's calls:
 * counted for every arm that is no program, and kept for the floor. The calls of
 * libmnl and libnl arrive here too, because a program's symbols go before those
 * of the libraries that it is linked with.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <linux/pkt_cls.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib_bench.h"

#define MAX_FDS 8192
/* By the libraries too, which would otherwise go to libc. */
#define SEEN __attribute__((visibility("default")))

struct sent sent;
int recording_fd = -1, undo_fd = -1;

/* --- recording ---------------------------------------------------------------------- */

enum kind { KIND_LINK, KIND_MESSAGE, KIND_REFUSED, KIND_PROGRAM, KIND_POINTER, KIND_VALUE, KIND_CLOSE };

struct record {
	uint32_t kind;
	uint32_t what;	/* protocol, or request of ioctl() */
	int32_t fd;
	uint32_t len;	/* of what follows, padded to 8 bytes */
};

static struct {
	bool on;
	char *data;
	size_t len, room;
	bool is_tun[MAX_FDS];
} kept;

static void keep(enum kind kind, uint32_t what, int fd, const void *data, size_t len)
{
	struct record r = { kind, what, fd, (uint32_t)len };
	size_t all = sizeof(r) + ((len + 7) & ~(size_t)7);

	if (kept.len + all > kept.room) {
		kept.room = 2 * (kept.len + all) + 65536;
		kept.data = realloc(kept.data, kept.room);
		if (!kept.data)
			abort();
	}
	memcpy(kept.data + kept.len, &r, sizeof(r));
	memset(kept.data + kept.len + sizeof(r), 0, all - sizeof(r));
	if (len)
		memcpy(kept.data + kept.len + sizeof(r), data, len);
	kept.len += all;
}

static int protocol_of(int fd)
{
	int domain = 0, protocol = -1;
	socklen_t len = sizeof(int);

	getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len);
	if (domain == AF_NETLINK)
		getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &len);
	return protocol;
}

/* GETs change nothing. */
static bool changes(const struct nlmsghdr *nlh)
{
	return (nlh->nlmsg_type & 3) != 2;
}

/* Whether one of rtnetlink's messages changes something: then questions among them are there for what they do. */
static bool any_changes(const void *data, size_t len)
{
	const struct nlmsghdr *nlh = data;

	for (size_t at = 0; len - at >= sizeof(*nlh) && nlh->nlmsg_len >= sizeof(*nlh);) {
		if (changes(nlh))
			return true;
		at += NLMSG_ALIGN(nlh->nlmsg_len);
		if (at >= len)
			return false;
		nlh = (const void *)((const char *)data + at);
	}
	return false;
}

/* Counts the messages of one send, and keeps those that change something. */
static void note(int fd, const void *data, size_t len)
{
	int protocol = kept.on ? protocol_of(fd) : -1;
	const bool are_kept = protocol == NETLINK_ROUTE && any_changes(data, len);
	const struct nlmsghdr *nlh = data;
	size_t left = len;

	sent.n_sends++;
	sent.n_bytes += len;
	if (kept.on && protocol == NETLINK_NETFILTER && nlh->nlmsg_type == NFNL_MSG_BATCH_BEGIN)
		keep(KIND_MESSAGE, NETLINK_NETFILTER, fd, data, len);
	while (left >= sizeof(*nlh) && nlh->nlmsg_len >= sizeof(*nlh) && nlh->nlmsg_len <= left) {
		size_t step = NLMSG_ALIGN(nlh->nlmsg_len);

		sent.n_messages++;
		if (are_kept)
			keep(KIND_MESSAGE, NETLINK_ROUTE, fd, nlh, nlh->nlmsg_len);
		if (step >= left)
			break;
		left -= step;
		nlh = (const void *)((const char *)nlh + step);
	}
}

/* A link that is there before: its index is the record's fd, its name what follows. */
static void keep_link(void *arg, const void *msg)
{
	const struct ifinfomsg *ifi = NLMSG_DATA(msg);
	char name[IFNAMSIZ] = "";

	if_indextoname((unsigned int)ifi->ifi_index, name);
	keep(KIND_LINK, 0, ifi->ifi_index, name, sizeof(name));
}

void record_start(struct trial *t)
{
	struct ifinfomsg ifi = { 0 };
	struct raw dump = { 0 };

	kept.len = 0;
	raw_msg(&dump, RTM_GETLINK, NLM_F_DUMP, &ifi, sizeof(ifi));
	raw_dump(t, &dump, keep_link, NULL);
	free(dump.data);
	kept.on = true;
}

void record_write(int fd)
{
	kept.on = false;
	if (ftruncate(fd, 0) < 0 || pwrite(fd, kept.data, kept.len, 0) != (ssize_t)kept.len)
		abort();
}

/* --- libc's calls -------------------------------------------------------------------- */

SEEN ssize_t sendto(int fd, const void *buf, size_t len, int flags, const struct sockaddr *to,
	       socklen_t to_len)
{
	note(fd, buf, len);
	return syscall(SYS_sendto, fd, buf, len, flags, to, to_len);
}

SEEN ssize_t send(int fd, const void *buf, size_t len, int flags)
{
	return sendto(fd, buf, len, flags, NULL, 0);
}

/* Several pieces are one datagram; it is put together to be looked at. */
SEEN ssize_t sendmsg(int fd, const struct msghdr *msg, int flags)
{
	size_t len = 0, at = 0;
	char *all;

	for (size_t i = 0; i < msg->msg_iovlen; i++)
		len += msg->msg_iov[i].iov_len;
	all = malloc(len + 1);
	for (size_t i = 0; all && i < msg->msg_iovlen; at += msg->msg_iov[i++].iov_len)
		memcpy(all + at, msg->msg_iov[i].iov_base, msg->msg_iov[i].iov_len);
	if (all)
		note(fd, all, len);
	free(all);
	return syscall(SYS_sendmsg, fd, msg, flags);
}

/* What was refused changed nothing, so it is no part of the floor: a library asks that way what the kernel can do. */
static void note_refusal(uint32_t seq)
{
	for (size_t at = 0; at < kept.len;) {
		struct record *r = (void *)(kept.data + at);
		const struct nlmsghdr *nlh = (const void *)(r + 1);

		if (r->kind == KIND_MESSAGE && r->what == NETLINK_ROUTE && nlh->nlmsg_seq == seq)
			r->kind = KIND_REFUSED;
		at += sizeof(*r) + ((r->len + 7) & ~(size_t)7);
	}
}

static void look_for_refusals(const void *data, size_t len)
{
	const struct nlmsghdr *nlh = data;

	while (len >= sizeof(*nlh) + sizeof(int) && nlh->nlmsg_len >= sizeof(*nlh) && nlh->nlmsg_len <= len) {
		size_t step = NLMSG_ALIGN(nlh->nlmsg_len);

		if (nlh->nlmsg_type == NLMSG_ERROR && ((const struct nlmsgerr *)NLMSG_DATA(nlh))->error)
			note_refusal(nlh->nlmsg_seq);
		if (step >= len)
			break;
		len -= step;
		nlh = (const void *)((const char *)nlh + step);
	}
}

SEEN ssize_t recvmsg(int fd, struct msghdr *msg, int flags)
{
	ssize_t n = syscall(SYS_recvmsg, fd, msg, flags);

	sent.n_receives++;
	if (kept.on && n > 0 && msg->msg_iovlen == 1)
		look_for_refusals(msg->msg_iov[0].iov_base, (size_t)n);
	return n;
}

SEEN ssize_t recvfrom(int fd, void *buf, size_t len, int flags, struct sockaddr *from, socklen_t *from_len)
{
	sent.n_receives++;
	return syscall(SYS_recvfrom, fd, buf, len, flags, from, from_len);
}

SEEN ssize_t recv(int fd, void *buf, size_t len, int flags)
{
	return recvfrom(fd, buf, len, flags, NULL, NULL);
}

static void note_ioctl(int fd, unsigned long request, void *arg)
{
	if (fd < 0 || fd >= MAX_FDS)
		abort();
	if (request == TUNSETIFF)
		keep(KIND_POINTER, TUNSETIFF, fd, arg, sizeof(struct ifreq));
	else if (request == TUNSETIFINDEX)
		keep(KIND_POINTER, TUNSETIFINDEX, fd, arg, sizeof(uint32_t));
	else
		keep(KIND_VALUE, (uint32_t)request, fd, &arg, sizeof(arg));
	kept.is_tun[fd] = true;
}

SEEN int ioctl(int fd, unsigned long request, ...)
{
	va_list ap;
	void *arg;

	va_start(ap, request);
	arg = va_arg(ap, void *);
	va_end(ap);
	if (kept.on && _IOC_TYPE(request) == 'T')
		note_ioctl(fd, request, arg);
	return (int)syscall(SYS_ioctl, fd, request, arg);
}

/* A BPF program is kept with its descriptor, by which a filter's message names it. */
SEEN long syscall(long number, ...)
{
	static long (*libc)(long number, ...);
	const union bpf_attr *attr;
	va_list ap;
	long a[6], r;

	if (!libc)
		*(void **)&libc = dlsym(RTLD_NEXT, "syscall");
	va_start(ap, number);
	for (size_t i = 0; i < sizeof(a) / sizeof(a[0]); i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	r = libc(number, a[0], a[1], a[2], a[3], a[4], a[5]);
	attr = (const void *)a[1];
	if (kept.on && number == SYS_bpf && a[0] == BPF_PROG_LOAD && r >= 0)
		keep(KIND_PROGRAM, attr->prog_type, (int)r, (const void *)(uintptr_t)attr->insns,
		     attr->insn_cnt * sizeof(struct bpf_insn));
	return r;
}

SEEN int close(int fd)
{
	if (kept.on && fd >= 0 && fd < MAX_FDS && kept.is_tun[fd]) {
		keep(KIND_CLOSE, 0, fd, NULL, 0);
		kept.is_tun[fd] = false;
	}
	return (int)syscall(SYS_close, fd);
}

/* --- sending it again ----------------------------------------------------------------- */

static struct {
	const char *data;	/* what record_write() wrote */
	size_t len;
	struct raw route;	/* all messages for rtnetlink, together */
	int fds[MAX_FDS];	/* recorded descriptors of taps, and today's */
	int programs[MAX_FDS];	/* the same of programs */
} again;

static const struct record *next_record(size_t *at)
{
	const struct record *r = (const void *)(again.data + *at);

	if (*at >= again.len)
		return NULL;
	*at += sizeof(*r) + ((r->len + 7) & ~(size_t)7);
	return r;
}

/*
 * Links that are made in a set-up have other indexes in each trial. Where a message
 * says which link it is about, and which is its master or below it, the recorded
 * one's name is looked up again.
 */
static void translate(uint32_t *index)
{
	const struct record *r;
	size_t at = 0;
	uint32_t now;

	while ((r = next_record(&at)) && r->kind == KIND_LINK)
		if ((uint32_t)r->fd == *index) {
			now = if_nametoindex((const char *)(r + 1));
			*index = now ? now : *index;
			return;
		}
}

static struct nlattr *attribute(void *from, const void *end, uint16_t type)
{
	for (char *at = from; at + NLA_HDRLEN <= (const char *)end;) {
		struct nlattr *a = (void *)at;

		if ((a->nla_type & NLA_TYPE_MASK) == type)
			return a;
		if (a->nla_len < NLA_HDRLEN)
			return NULL;
		at += NLA_ALIGN(a->nla_len);
	}
	return NULL;
}

static void translate_message(char *data, size_t len)
{
	const struct nlmsghdr *nlh = (const void *)data;
	bool is_link = (nlh->nlmsg_type & ~3) == RTM_NEWLINK;
	size_t at = NLMSG_HDRLEN + sizeof(struct ifinfomsg);
	struct nlattr *block = nlh->nlmsg_type != RTM_NEWQDISC ? NULL :
			       attribute(data + NLMSG_HDRLEN + sizeof(struct tcmsg), data + len, TCA_INGRESS_BLOCK);

	/* The index is the fourth byte and on of a link's and of a qdisc's header alike. */
	translate((uint32_t *)(void *)(data + NLMSG_HDRLEN + 4));
	if (block)	/* its number is the ifb's */
		translate((uint32_t *)(void *)(block + 1));
	while (is_link && at + NLA_HDRLEN <= len) {
		const struct nlattr *a = (const void *)(data + at);

		if (a->nla_len < NLA_HDRLEN)
			return;
		if (a->nla_type == IFLA_MASTER || a->nla_type == IFLA_LINK)
			translate((uint32_t *)(void *)(data + at + NLA_HDRLEN));
		at += NLA_ALIGN(a->nla_len);
	}
}

/* Where a filter's message names its program. */
static int *program_of(char *data, size_t len)
{
	const struct nlmsghdr *nlh = (const void *)data;
	struct nlattr *options, *fd = NULL;

	if (nlh->nlmsg_type != RTM_NEWTFILTER)
		return NULL;
	options = attribute(data + NLMSG_HDRLEN + sizeof(struct tcmsg), data + len, TCA_OPTIONS);
	if (options)
		fd = attribute(options + 1, (char *)options + options->nla_len, TCA_BPF_FD);
	return fd ? (void *)(fd + 1) : NULL;
}

/* The generation of the rules that the batch was made for is another one by now; none is always right. */
static void for_any_generation(struct nlmsghdr *nlh)
{
	struct nlattr *a = attribute((char *)nlh + NLMSG_HDRLEN + sizeof(struct nfgenmsg), (char *)nlh + nlh->nlmsg_len,
				     NFNL_BATCH_GENID);

	if (a)
		memset(a + 1, 0, sizeof(uint32_t));
}

void replay_setup(struct trial *t)
{
	const struct record *r;
	struct stat st;

	if (recording_fd < 0 || fstat(recording_fd, &st) < 0 || !st.st_size)
		trial_fail(t, "nothing was recorded");
	again.len = (size_t)st.st_size;
	again.data = mmap(NULL, again.len, PROT_READ | PROT_WRITE, MAP_PRIVATE, recording_fd, 0);
	if (again.data == MAP_FAILED)
		trial_fail(t, "mmap: %s", strerror(errno));
	memset(again.fds, -1, sizeof(again.fds));
	for (size_t at = 0; (r = next_record(&at));) {
		struct nlmsghdr nlh;

		if (r->kind != KIND_MESSAGE)
			continue;
		raw_socket(t, (int)r->what);
		if (r->what != NETLINK_ROUTE) {
			for_any_generation((void *)(uintptr_t)(r + 1));
			continue;
		}
		/* The whole message behind a header of our own making, without its wish for an ACK. */
		memcpy(&nlh, r + 1, sizeof(nlh));
		raw_msg(&again.route, nlh.nlmsg_type,
			(uint16_t)(nlh.nlmsg_flags & ~(NLM_F_ACK | NLM_F_REQUEST)),
			(const char *)(r + 1) + sizeof(nlh), nlh.nlmsg_len - sizeof(nlh));
		translate_message(again.route.data + again.route.msg, nlh.nlmsg_len);
	}
}

static void load_program(struct trial *t, const struct record *r)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = r->what;
	attr.insns = (uintptr_t)(r + 1);
	attr.insn_cnt = r->len / sizeof(struct bpf_insn);
	attr.license = (uintptr_t)"LGPL-2.1-or-later";
	again.programs[r->fd] = (int)syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
	if (again.programs[r->fd] < 0)
		trial_fail(t, "a program: %s", strerror(errno));
}

/* Loads them, and puts today's descriptors into the messages. */
static void programs_again(struct trial *t)
{
	const struct record *r;
	size_t n = 0;

	for (size_t at = 0; (r = next_record(&at));)
		if (r->kind == KIND_PROGRAM) {
			load_program(t, r);
			n++;
		}
	for (size_t at = 0; n && at < again.route.len;) {
		const struct nlmsghdr *nlh = (const void *)(again.route.data + at);
		int *fd = program_of(again.route.data + at, nlh->nlmsg_len);

		if (fd)
			*fd = again.programs[*fd % MAX_FDS];
		at += NLMSG_ALIGN(nlh->nlmsg_len);
	}
}

static void tap_again(struct trial *t, const struct record *r)
{
	uintptr_t value = 0;
	void *arg = (void *)(uintptr_t)(r + 1);

	if (again.fds[r->fd] < 0)
		again.fds[r->fd] = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	if (r->kind == KIND_VALUE) {
		memcpy(&value, arg, sizeof(value));
		arg = (void *)value;
	}
	if (r->kind != KIND_CLOSE) {
		if (syscall(SYS_ioctl, again.fds[r->fd], r->what, arg) < 0)
			trial_fail(t, "ioctl %x: %s", r->what, strerror(errno));
		return;
	}
	close(again.fds[r->fd]);
	again.fds[r->fd] = -1;
}

/* nf_tables answers a batch when it is sent; its answers are errors, or the ACK that was asked for. */
static void nft_again(struct trial *t, const struct record *r)
{
	int fd = raw_socket(t, NETLINK_NETFILTER);
	char buf[4096] __attribute__((aligned(8)));
	ssize_t n;

	if (send(fd, r + 1, r->len, 0) < 0)
		trial_fail(t, "nf_tables: %s", strerror(errno));
	while ((n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT)) > 0) {
		const struct nlmsghdr *nlh = (const void *)buf;
		const struct nlmsgerr *e = NLMSG_DATA(nlh);

		if (nlh->nlmsg_type == NLMSG_ERROR && e->error)
			trial_fail(t, "nf_tables: %s", strerror(-e->error));
	}
}

void replay(struct trial *t)
{
	const struct record *r;
	int code = 0;

	for (size_t at = 0; (r = next_record(&at));)
		if (r->kind >= KIND_POINTER)
			tap_again(t, r);
	programs_again(t);
	if (again.route.len)
		code = raw_send(t, &again.route);
	if (code)
		trial_fail(t, "rtnetlink: %s", strerror(-code));
	for (size_t at = 0; (r = next_record(&at));)
		if (r->kind == KIND_MESSAGE && r->what == NETLINK_NETFILTER)
			nft_again(t, r);
}

void replay_undo(struct trial *t)
{
	memset(&again, 0, sizeof(again));
	recording_fd = undo_fd;
	replay_setup(t);
	replay(t);
}
