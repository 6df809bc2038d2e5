/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One rtnetlink socket: sending a batch in one sendmsg() and learning what
 * became of each message in it.
 *
 * What the kernel does with a batch (measured, not promised by its manual): it
 * handles every message inside sendmsg(), goes on after one that fails, and
 * queues an answer for each failure and each message that asked for an ACK. So
 * only the last message asks for one, and when sendmsg() returns every answer
 * is there to be read: no read here ever waits.
 */
#ifndef WR_NETLINK_SOCK_H
#define WR_NETLINK_SOCK_H

#include <weir/weir.h>

#include "base/error.h"
#include "netlink/batch.h"

struct mnl_socket;

struct wr_sock {
	struct mnl_socket *nl;
	uint32_t seq;		/* of the last message sent */
	size_t chunk;		/* most bytes that one sendmsg() takes */
	uint32_t most_writes;	/* changes of one sendmsg(); others get their turn in between */
	uint32_t most_reads;	/* requests of one sendmsg() whose answers fit into the buffer */
	uint32_t most_answers;	/* messages of one sendmsg() whose refusals fit: of one that is lost nobody knows what to undo */
	char *reply;		/* receive buffer */
	struct wr_words *words;	/* of the last exchange's results */
	struct weir_counters count;
};

/* The kernel's answer to one message. */
struct wr_result {
	int code;		/* 0, or a negative errno; WR_UNKNOWN: the answer was lost; WR_NOT_SENT */
	uint32_t attr_offset;
	const char *msg;	/* until the socket is used again */
};

/* The reply was dropped with a full receive buffer; the message was handled. */
#define WR_UNKNOWN 1

/* An earlier send failed: the message was not handled. */
#define WR_NOT_SENT 2

/* What a GET or a dump answers, message by message. @index counts requests. */
struct wr_reader {
	/* 0, or a negative errno, which ends the exchange's result (not the reading). */
	int (*reply)(void *arg, uint32_t index, const struct nlmsghdr *msg);
	/* A dump was interrupted by a change and starts again: forget what was read. */
	void (*restart)(void *arg);
	void *arg;
};

/* Joins a multicast group (RTNLGRP_*). Such a socket is for wr_sock_events() only. */
int wr_sock_join(struct wr_sock *s, int group, struct weir_error *err);
/*
 * Reads one datagram of notifications without waiting and hands out its messages.
 * Returns 1, 0 if there is none, -ENOBUFS if the kernel dropped some before it, or
 * what @fn returned if that is negative.
 */
int wr_sock_events(struct wr_sock *s, int (*fn)(void *arg, const struct nlmsghdr *msg), void *arg,
		   struct weir_error *err);

int wr_sock_open(int netns_fd, struct wr_sock *s, struct weir_error *err);
void wr_sock_close(struct wr_sock *s);

/*
 * Sends @b, split only where the socket's buffers make it necessary, and fills
 * @results (one for each message; may be NULL). Returns 0 if every message
 * succeeded, else the first failure's code with @err's code, message and offset
 * filled in and @ret_failed (may be NULL) its number. Later messages were
 * handled all the same. -ENOBUFS: some results are WR_UNKNOWN.
 */
int wr_sock_run(struct wr_sock *s, struct wr_batch *b, struct wr_result *results,
		uint32_t *ret_failed, struct weir_error *err);

/*
 * Sends requests that only read; the last may be a dump. Split also where their
 * answers would not fit into the receive buffer. Each request's own error goes to
 * @results. An interrupted dump is repeated until @timeout_ms is
 * over (then -EAGAIN). Returns 0 even if single requests failed.
 */
#define WR_READ_TIMEOUT_MS 5000	/* for who has no reason for another */
int wr_sock_read(struct wr_sock *s, struct wr_batch *b, struct wr_result *results,
		 const struct wr_reader *reader, unsigned int timeout_ms, struct weir_error *err);

/* The message @at bytes into a datagram, and in @at where the next one is; NULL at the end. */
const struct nlmsghdr *wr_message_at(const char *data, size_t len, size_t *at);

/* A descriptor of the namespace that it is in for good, the caller's to close; or -errno. */
int wr_sock_netns(const struct wr_sock *s);
/* The number that no other namespace has in this boot; 0 before Linux 5.14. */
uint64_t wr_sock_netns_cookie(const struct wr_sock *s);
/*
 * A link's name and MTU and no more: by ioctl(), in a tenth of the time of RTM_GETLINK, which tells everything. -ENODEV:
 * there is none of that index. @name: "" and it receives the name; or the name, from who has just made the link: for one
 * that is not there the kernel starts modprobe and waits for it, and then it is the index that counts.
 */
int wr_sock_mtu(const struct wr_sock *s, int ifindex, char name[16], uint32_t *ret);
/* Of a link that is there. "": it has none that says so; that of a macvtap is "macvlan". The kernel locks all links. */
void wr_sock_driver(const struct wr_sock *s, const char *name, char ret[32]);
/* "": there is none of that index. */
const char *wr_sock_ifname(const struct wr_sock *s, int ifindex, char buf[16]);

#endif
