/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The rtnetlink socket (lib/netlink/sock.c) with many messages: batches that are
 * split only where the socket's limit makes it necessary, answers that the kernel
 * drops, dumps that others interrupt, filters that leave work to the kernel. What
 * each costs is counted in sends, not in time.
 */
#include <fcntl.h>
#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/filter.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <weir/ip.h>
#include <weir/link.h>
#include <weir/txn.h>

#include "netlink/attr.h"
#include "netlink/dump.h"
#include "txn/delete.h"
#include "tests/common/own_ns.h"

#define MANY 3000
#define N_LINKS 2000

static struct wr_sock s;

static int setup(void **state)
{
	if (own_ns_setup(state))
		return -1;
	return wr_sock_open(-1, &s, NULL);
}

static int teardown(void **state)
{
	wr_sock_close(&s);
	return own_ns_teardown(state);
}

/* --- messages ----------------------------------------------------------------------------------------- */

/* What succeeds and changes nothing that matters: lo's group. */
static void put_good(struct wr_batch *b, uint32_t group)
{
	struct ifinfomsg ifi = { .ifi_index = 1 };

	wr_msg(b, RTM_SETLINK, 0, &ifi, sizeof(ifi));
	wr_put_u32(b, IFLA_GROUP, group);
}

/* What the kernel refuses with a text. */
static void put_bad(struct wr_batch *b)
{
	struct ifinfomsg ifi = { .ifi_index = 1 };

	wr_msg(b, RTM_SETLINK, 0, &ifi, sizeof(ifi));
	wr_put(b, IFLA_MTU, "", 1);
}

static void put_get(struct wr_batch *b, int ifindex)
{
	struct ifinfomsg ifi = { .ifi_index = ifindex };

	wr_msg(b, RTM_GETLINK, 0, &ifi, sizeof(ifi));
}

static void put_dump(struct wr_batch *b)
{
	struct ifinfomsg ifi = { 0 };

	wr_msg(b, RTM_GETLINK, NLM_F_DUMP, &ifi, sizeof(ifi));
}

static uint32_t group_of_lo(void)
{
	json_t *j = own_json("ip -j link show dev lo | jq '.[0].group'");
	const char *text = json_string_value(j);
	uint32_t group = strcmp(text, "default") ? (uint32_t)strtoul(text, NULL, 10) : 0;

	json_decref(j);
	return group;
}

static struct wr_result *results_for(uint32_t n)
{
	struct wr_result *r = malloc(n * sizeof(*r));

	assert_non_null(r);
	memset(r, 0x5a, n * sizeof(*r));
	return r;
}

/* --- batches ------------------------------------------------------------------------------------------- */

static void as_few_sends_as_the_socket_allows(void **state)
{
	const size_t chunks[] = { s.chunk, 40 * MANY, 40 * MANY - 1, 40000, 1000, 79, 40, 1 };

	for (size_t i = 0; i < sizeof(chunks) / sizeof(chunks[0]); i++) {
		wr_auto(batch) struct wr_batch b = { 0 };
		struct weir_counters before = s.count;
		size_t in_one = chunks[i] / 40 ? chunks[i] / 40 : 1;

		for (uint32_t k = 0; k < MANY; k++)
			put_good(&b, k + 1);
		assert_int_equal(b.buf.len, 40 * MANY);
		s.chunk = chunks[i];
		assert_int_equal(wr_sock_run(&s, &b, NULL, NULL, NULL), 0);
		assert_int_equal(s.count.n_sends - before.n_sends, (MANY + in_one - 1) / in_one);
		assert_int_equal(s.count.n_messages - before.n_messages, MANY);
		assert_int_equal(s.count.n_bytes - before.n_bytes, 40 * MANY);
		assert_int_equal(group_of_lo(), MANY);
	}
}

/* The kernel takes a batch of the size that we take for its limit. */
static void the_limit_is_the_sockets(void **state)
{
	wr_auto(batch) struct wr_batch b = { 0 };
	struct weir_counters before;
	int small = 65536;

	assert_int_equal(setsockopt(mnl_socket_get_fd(s.nl), SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)), 0);
	s.chunk = 2 * (size_t)small - 64;
	before = s.count;
	while (b.buf.len + 40 <= s.chunk)
		put_good(&b, 5);
	assert_int_equal(wr_sock_run(&s, &b, NULL, NULL, NULL), 0);
	assert_int_equal(s.count.n_sends - before.n_sends, 1);
	put_good(&b, 6);
	assert_int_equal(wr_sock_run(&s, &b, NULL, NULL, NULL), 0);
	assert_int_equal(s.count.n_sends - before.n_sends, 3);
	assert_int_equal(group_of_lo(), 6);
}

static void nothing_is_not_sent(void **state)
{
	wr_auto(batch) struct wr_batch b = { 0 };

	assert_int_equal(wr_sock_run(&s, &b, NULL, NULL, NULL), 0);
	assert_int_equal(wr_sock_read(&s, &b, NULL, NULL, 1000, NULL), 0);
	assert_int_equal(s.count.n_sends, 0);
}

/* Every message has its own result, and those behind a failure are carried out. */
static void results_message_by_message(void **state)
{
	wr_auto(batch) struct wr_batch b = { 0 };
	struct weir_error err = WEIR_ERROR_INIT;
	struct wr_result results[7];
	uint32_t failed = 99;

	for (int i = 0; i < 7; i++)
		if (i % 3 == 1)
			put_bad(&b);
		else
			put_good(&b, 100 + (uint32_t)i);
	memset(results, 0x5a, sizeof(results));
	assert_int_equal(wr_sock_run(&s, &b, results, &failed, &err), -ERANGE);
	assert_int_equal(failed, 1);
	for (int i = 0; i < 7; i++)
		assert_int_equal(results[i].code, i % 3 == 1 ? -ERANGE : 0);
	assert_int_equal(err.code, -ERANGE);
	assert_int_equal(err.stage, WEIR_STAGE_KERNEL);
	assert_int_equal(err.attr_offset, 32);
	assert_true(*err.msg && !strcmp(err.msg, results[4].msg));
	assert_int_equal(group_of_lo(), 106);
}

static void all_of_a_large_batch_fail(void **state)
{
	wr_auto(batch) struct wr_batch b = { 0 };
	struct wr_result *results = results_for(MANY);
	struct weir_error err = WEIR_ERROR_INIT;
	uint32_t failed = 99;

	for (int i = 0; i < MANY; i++)
		put_bad(&b);
	assert_int_equal(wr_sock_run(&s, &b, results, &failed, &err), -ERANGE);
	assert_int_equal(failed, 0);
	for (int i = 0; i < MANY; i++)
		assert_int_equal(results[i].code, -ERANGE);
	assert_int_equal(s.count.n_sends, (MANY + s.most_answers - 1) / s.most_answers);
	free(results);
}

static void set_receive_buffer(int size)
{
	assert_int_equal(setsockopt(mnl_socket_get_fd(s.nl), SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)), 0);
}

/* As little room as a system gives a process without privileges. */
static void have_little_room(struct wr_sock *sock)
{
	const int size = 212992;

	assert_int_equal(setsockopt(mnl_socket_get_fd(sock->nl), SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)), 0);
	sock->most_reads = 2 * size / 8192;
	sock->most_answers = 2 * size / 1536;
}

static void no_refusal_is_lost(void **state)
{
	wr_auto(batch) struct wr_batch b = { 0 };
	struct wr_result *results = results_for(MANY);

	have_little_room(&s);
	for (int i = 0; i < MANY; i++)
		put_bad(&b);
	assert_int_equal(wr_sock_run(&s, &b, results, NULL, NULL), -ERANGE);
	for (int i = 0; i < MANY; i++)
		assert_int_equal(results[i].code, -ERANGE);
	assert_int_equal(s.count.n_sends, (MANY + s.most_answers - 1) / s.most_answers);
	free(results);
}

/* The undo of what was refused would take away what was there, so each refusal must be heard of. */
static void what_was_refused_stays(void **state)
{
	struct weir_error err = WEIR_ERROR_INIT;
	const int codes[] = { 0, -EEXIST };
	struct weir_addr *list;
	struct weir_txn *t;
	struct weir *w;
	size_t n = 0;

	assert_int_equal(weir_open(NULL, &w, NULL), 0);
	have_little_room(&w->sock);
	for (int k = 0; k < 2; k++) {
		assert_int_equal(weir_txn_begin(w, "test", 0, &t, NULL), 0);
		for (int i = 0; i < 1000; i++)
			weir_txn_addr_add(t, &(struct weir_addr){
				.sz = sizeof(struct weir_addr), .ifindex = 1, .prefix = 32,
				.local = { .family = WEIR_FAMILY_IPV4, .bytes = { 10, 0, (uint8_t)(i >> 8), (uint8_t)i } } });
		assert_int_equal(weir_txn_commit(t, &err), codes[k]);
		assert_null(strstr(err.msg, "undoing"));
		assert_int_equal(weir_addr_list(w, 1, &list, &n, NULL), 0);
		assert_true(n >= 1000);
		free(list);
	}
	weir_close(w);
}

/* What could not be sent was not done, so there is nothing to undo: least of all what was there before. */
static void what_was_not_sent_stays(void **state)
{
	const struct weir_addr a = { .sz = sizeof(a), .ifindex = 1, .prefix = 32,
				     .local = { .family = WEIR_FAMILY_IPV4, .bytes = { 10, 0, 0, 1 } } };
	const struct weir_link ifb = { .sz = sizeof(ifb), .kind = WEIR_LINK_IFB };
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_addr *list;
	struct weir_txn *t;
	struct weir *w;
	const int one = 1;
	size_t n = 0, n_before = 0;

	own_sh("ip addr add 10.0.0.1/32 dev lo");
	assert_int_equal(weir_open(NULL, &w, NULL), 0);
	assert_int_equal(weir_addr_list(w, 1, &list, &n_before, NULL), 0);
	free(list);
	setsockopt(mnl_socket_get_fd(w->sock.nl), SOL_SOCKET, SO_SNDBUF, &one, sizeof(one));	/* the least: 4.5 KB */
	assert_int_equal(weir_txn_begin(w, "test", 0, &t, NULL), 0);
	weir_txn_addr_add(t, &a);
	for (int i = 0; i < 100; i++) {
		struct weir_link l = ifb;

		l.has = WEIR_LINK_NAME;
		snprintf(l.name, sizeof(l.name), "x%d", i);
		weir_txn_link_add(t, &l);
	}
	assert_int_equal(weir_txn_commit(t, &err), -EMSGSIZE);
	assert_null(strstr(err.msg, "undoing"));
	assert_int_equal(weir_addr_list(w, 1, &list, &n, NULL), 0);
	assert_int_equal(n, n_before);
	free(list);
	weir_close(w);
}

/* A filter of ours loses the last answer once, so all is asked again, and told twice. */
static void what_is_told_twice_is_there(void **state)
{
	struct wr_link_ref refs[] = { { .ifindex = 100, .name = "x0" }, { .ifindex = 101, .name = "x1" } };
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct nlmsghdr, nlmsg_seq)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
	};
	const struct sock_fprog program = { .len = 4, .filter = code };
	struct weir *w;
	size_t n = 0;

	own_sh("ip link add x0 index 100 type ifb && ip link add x1 index 101 type ifb");
	assert_int_equal(weir_open(NULL, &w, NULL), 0);
	code[1].k = htonl(w->sock.seq + 2);
	assert_int_equal(setsockopt(mnl_socket_get_fd(w->sock.nl), SOL_SOCKET, SO_ATTACH_FILTER, &program,
				    sizeof(program)), 0);
	assert_int_equal(wr_count_links(w, refs, 2, &n, NULL), 0);
	assert_int_equal(w->sock.count.n_sends, 2);
	assert_int_equal(n, 2);
	weir_close(w);
}

static int lose_a_link(struct weir *w, const struct weir_step *step, struct weir_error *err)
{
	own_sh("ip link del x1");
	return wr_error(err, -EIO, WEIR_STAGE_SYSTEM, "test", "", "as wanted");
}

/* A link that should have been deleted, with another, vanished by itself before the rest failed. */
static void what_vanished_is_not_missed(void **state)
{
	static const struct weir_step_ops loser = { .sz = sizeof(loser), .name = "loser", .apply = lose_a_link };
	static const struct weir_step_ops *const ops[] = { &loser, NULL };
	const struct weir_options opts = { .sz = sizeof(opts), .step_ops = ops };
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_txn *t;
	struct weir *w;

	own_sh("ip link add x0 index 100 type ifb && ip link add x1 index 101 type ifb");
	assert_int_equal(weir_open(&opts, &w, NULL), 0);
	assert_int_equal(weir_txn_begin(w, "test", 0, &t, NULL), 0);
	weir_txn_link_del(t, 100, "x0");
	weir_txn_link_del(t, 101, "x1");
	weir_txn_step(t, &loser, "test", NULL, 0);
	assert_int_equal(weir_txn_commit(t, &err), -EIO);
	assert_string_equal(err.msg, "as wanted");
	weir_close(w);
}

static void works_as_before(void)
{
	wr_auto(batch) struct wr_batch b = { 0 };
	struct wr_result results[2];

	put_good(&b, 4711);
	put_bad(&b);
	assert_int_equal(wr_sock_run(&s, &b, results, NULL, NULL), -ERANGE);
	assert_int_equal(results[0].code, 0);
	assert_int_equal(results[1].code, -ERANGE);
	assert_int_equal(group_of_lo(), 4711);
}

/* The kernel drops what does not fit into the buffer, the last ACK with it. */
static void dropped_answers_are_survived(void **state)
{
	wr_auto(batch) struct wr_batch b = { 0 };
	struct wr_result *results = results_for(MANY);
	struct weir_error err = WEIR_ERROR_INIT;
	uint32_t failed = 99, n_known = 0, n_unknown = 0;

	set_receive_buffer(1);	/* the kernel makes its own least of it */
	s.most_answers = MANY;
	for (int i = 0; i < MANY; i++)
		put_bad(&b);
	assert_int_equal(wr_sock_run(&s, &b, results, &failed, &err), -ERANGE);
	assert_int_equal(failed, 0);
	for (int i = 0; i < MANY; i++) {
		assert_true(results[i].code == -ERANGE || results[i].code == WR_UNKNOWN);
		n_known += results[i].code == -ERANGE;
		n_unknown += results[i].code == WR_UNKNOWN;
	}
	assert_true(n_known > 0 && n_unknown > 0);
	works_as_before();
	free(results);
}

/* Failures that nobody heard of must not look like success. */
static void what_is_unknown_is_no_success(void **state)
{
	wr_auto(batch) struct wr_batch b = { 0 };
	struct wr_result *results = results_for(MANY);
	struct weir_error err = WEIR_ERROR_INIT;
	bool good_unknown = false;
	int r;

	set_receive_buffer(1);	/* the kernel makes its own least of it */
	s.most_answers = MANY;
	for (int i = 0; i < MANY; i++)
		if (i < 10)
			put_good(&b, 1);
		else
			put_bad(&b);
	r = wr_sock_run(&s, &b, results, NULL, &err);
	assert_true(r == -ERANGE || r == -ENOBUFS);
	for (int i = 0; i < MANY; i++) {
		assert_int_not_equal(results[i].code, 0);
		good_unknown |= i < 10 && results[i].code == WR_UNKNOWN;
	}
	assert_true(good_unknown);
	works_as_before();
	free(results);
}

/* An answer that an earlier exchange did not wait for. */
static void late_answers_are_not_ours(void **state)
{
	wr_auto(batch) struct wr_batch late = { 0 }, b = { 0 };
	struct wr_result result;

	put_bad(&late);
	wr_msg_header(&late)->nlmsg_seq = s.seq;
	assert_true(mnl_socket_sendto(s.nl, late.buf.data, late.buf.len) > 0);
	put_good(&b, 12);
	assert_int_equal(wr_sock_run(&s, &b, &result, NULL, NULL), 0);
	assert_int_equal(result.code, 0);
	works_as_before();
}

/* Sequence numbers go round. */
static void sequence_numbers_go_round(void **state)
{
	for (uint32_t seq = UINT32_MAX - 4; seq != 3; seq++) {
		s.seq = seq;
		works_as_before();
	}
}

/* --- reading ---------------------------------------------------------------------------------------------- */

struct seen {
	uint32_t n, restarts;
	uint32_t by_request[4];
	int refuse_at;		/* this reply is refused; -1: none is */
};

static int count_reply(void *arg, uint32_t index, const struct nlmsghdr *msg)
{
	struct seen *seen = arg;

	assert_int_equal(msg->nlmsg_type, RTM_NEWLINK);
	if (index < 4)
		seen->by_request[index]++;
	return (int)seen->n++ == seen->refuse_at ? -EBADMSG : 0;
}

static void count_restart(void *arg)
{
	struct seen *seen = arg;

	seen->restarts++;
	seen->n = 0;
}

static void requests_and_a_dump_in_one_send(void **state)
{
	wr_auto(batch) struct wr_batch b = { 0 };
	struct seen seen = { .refuse_at = -1 };
	struct wr_reader reader = { count_reply, count_restart, &seen };
	struct wr_result results[4];

	own_sh("ip link add x0 type ifb && ip link add x1 type ifb");
	put_get(&b, 1);
	put_get(&b, 99999);
	put_get(&b, 1);
	put_dump(&b);
	assert_int_equal(wr_sock_read(&s, &b, results, &reader, 1000, NULL), 0);
	assert_int_equal(s.count.n_sends, 1);
	assert_int_equal(results[0].code, 0);
	assert_int_equal(results[1].code, -ENODEV);
	assert_int_equal(results[2].code, 0);
	assert_int_equal(results[3].code, 0);
	assert_int_equal(seen.by_request[0], 1);
	assert_int_equal(seen.by_request[1], 0);
	assert_int_equal(seen.by_request[2], 1);
	assert_true(seen.by_request[3] >= 3);
}

/* Answers to thousands of requests do not fit into a receive buffer: they are asked for bit by bit. */
static void more_answers_than_there_is_room_for(void **state)
{
	wr_auto(batch) struct wr_batch b = { 0 };
	struct seen seen = { .refuse_at = -1 };
	struct wr_reader reader = { count_reply, count_restart, &seen };
	struct wr_result *results = results_for(MANY);
	uint64_t sends;

	for (int i = 0; i < MANY; i++)
		put_get(&b, 1);
	assert_true(s.most_reads >= 50);
	assert_int_equal(wr_sock_read(&s, &b, results, &reader, 5000, NULL), 0);
	assert_int_equal(s.count.n_sends, (MANY + s.most_reads - 1) / s.most_reads);
	have_little_room(&s);
	sends = s.count.n_sends;
	seen = (struct seen){ .refuse_at = -1 };
	assert_int_equal(wr_sock_read(&s, &b, results, &reader, 5000, NULL), 0);
	assert_int_equal(seen.n, MANY);
	assert_int_equal(seen.restarts, 0);
	assert_int_equal(s.count.n_sends - sends, (MANY + 51) / 52);
	for (int i = 0; i < MANY; i++)
		assert_int_equal(results[i].code, 0);
	free(results);
}

/* A reader that cannot go on ends the exchange, and the rest of the dump is not somebody else's. */
static void a_reader_that_refuses(void **state)
{
	wr_auto(batch) struct wr_batch b = { 0 };
	struct seen seen = { .refuse_at = 1 };
	struct wr_reader reader = { count_reply, count_restart, &seen };
	struct weir_error err = WEIR_ERROR_INIT;

	own_sh("for i in $(seq 100); do echo link add x$i type ifb; done | ip -batch -");
	put_dump(&b);
	assert_int_equal(wr_sock_read(&s, &b, NULL, &reader, 1000, &err), -EBADMSG);
	assert_int_equal(err.stage, WEIR_STAGE_REPLY);
	assert_true(seen.n > 100);
	works_as_before();
}

static void a_dump_that_the_kernel_refuses(void **state)
{
	wr_auto(batch) struct wr_batch b = { 0 };
	struct seen seen = { .refuse_at = -1 };
	struct wr_reader reader = { count_reply, count_restart, &seen };
	struct wr_result result;

	/* Strict checking: a dump takes no MTU to filter by. */
	put_dump(&b);
	wr_put_u32(&b, IFLA_MTU, 1500);
	assert_int_equal(wr_sock_read(&s, &b, &result, &reader, 1000, NULL), 0);
	assert_int_equal(result.code, -EINVAL);
	assert_true(*result.msg);
	assert_int_equal(seen.n, 0);
	works_as_before();
}

static void sockets_in_other_namespaces(void **state)
{
	wr_auto(batch) struct wr_batch b = { 0 };
	struct wr_sock there;
	struct wr_result result;
	char path[64];
	int fd;

	own_ns_beside(path);
	own_sh("nsenter --net=%s ip link add x0 index 4242 type ifb", path);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(wr_sock_open(fd, &there, NULL), 0);
	close(fd);
	put_get(&b, 4242);
	assert_int_equal(wr_sock_read(&there, &b, &result, NULL, 1000, NULL), 0);
	assert_int_equal(result.code, 0);
	assert_int_equal(wr_sock_read(&s, &b, &result, NULL, 1000, NULL), 0);
	assert_int_equal(result.code, -ENODEV);
	wr_sock_close(&there);
}

/* By ioctl(), what RTM_GETLINK tells; only a macvtap passes for a macvlan. */
static void a_link_in_brief(void **state)
{
	static const struct { const char *add, *driver; } links[] = {
		{ "type ifb", "ifb" }, { "type veth peer name p1", "veth" }, { "type bridge", "bridge" },
		{ "link x0 type macvtap", "macvlan" },
	};
	char want[16], name[16], driver[32];
	uint32_t mtu = 0;

	for (int i = 0; i < 4; i++) {
		if (!own_try("ip link add index %d mtu %d name x%d %s", 4242 + i, 1300 - i, i, links[i].add))
			continue;
		snprintf(want, sizeof(want), "x%d", i);
		*name = '\0';
		assert_int_equal(wr_sock_mtu(&s, 4242 + i, name, &mtu), 0);
		assert_string_equal(name, want);
		assert_int_equal(mtu, 1300 - i);
		mtu = 0;
		assert_int_equal(wr_sock_mtu(&s, 4242 + i, name, &mtu), 0);
		assert_int_equal(mtu, 1300 - i);
		/* One that no link has. */
		snprintf(name, sizeof(name), "not-%d", i);
		assert_int_equal(wr_sock_mtu(&s, 4242 + i, name, &mtu), 0);
		assert_string_equal(name, want);
		wr_sock_driver(&s, name, driver);
		assert_string_equal(driver, links[i].driver);
	}
	wr_sock_driver(&s, "lo", driver);
	assert_string_equal(driver, "");
	for (int i = 0; i < 2; i++) {
		snprintf(name, sizeof(name), "%s", i ? "gone0" : "");
		assert_int_equal(wr_sock_mtu(&s, 99999, name, &mtu), -ENODEV);
	}
	assert_int_equal(s.count.n_sends, 0);
}

/* --- dumps in parts --------------------------------------------------------------------------------------- */

/* As far as it is wanted; the socket it goes beside does its own meanwhile. */
static void a_dump_in_parts(void **state)
{
	wr_auto(dump) struct wr_dump dump = { 0 }, all = { 0 };
	wr_auto(batch) struct wr_batch b = { 0 };
	struct seen seen = { .refuse_at = -1 };
	struct wr_reader reader = { count_reply, NULL, &seen };
	uint32_t n;

	own_sh("for i in $(seq 40); do ip link add x$i type ifb; done");
	put_dump(&b);
	assert_int_equal(wr_dump_begin(&s, -1, &b, &dump), 0);
	assert_int_equal(wr_dump_next(&dump, 1, &reader), 0);
	assert_in_range(seen.n, 1, 8);
	assert_in_range(dump.n_bytes, 1000, 8192);
	assert_false(dump.is_over);
	works_as_before();
	n = seen.n;
	assert_int_equal(wr_dump_next(&dump, 8192, &reader), 0);
	assert_in_range(seen.n, n + 1, n + 8);
	wr_auto_dump(&dump);

	seen.n = 0;
	assert_int_equal(wr_dump_begin(&s, -1, &b, &all), 0);
	while (!all.is_over)
		assert_int_equal(wr_dump_next(&all, 65536, &reader), 0);
	assert_in_range(seen.n, 41, 50);	/* lo, and what the kernel has in each namespace, as many as nine tunnels */
	assert_in_range(all.n_bytes, 20000, 100000);
}

static void dumps_in_parts_that_fail(void **state)
{
	wr_auto(dump) struct wr_dump refused = { 0 }, ended = { 0 }, none = { 0 };
	wr_auto(batch) struct wr_batch b = { 0 }, bad = { 0 };
	struct seen seen = { .refuse_at = 0 };
	struct wr_reader reader = { count_reply, NULL, &seen };
	const struct ndmsg short_header = { 0 };

	put_dump(&b);
	assert_int_equal(wr_dump_begin(&s, -1, &b, &refused), 0);
	assert_int_equal(wr_dump_next(&refused, 8192, &reader), -EBADMSG);
	wr_msg(&bad, RTM_GETQDISC, NLM_F_DUMP, &short_header, 4);
	assert_int_equal(wr_dump_begin(&s, -1, &bad, &ended), 0);
	assert_int_equal(wr_dump_next(&ended, 8192, &reader), -EINVAL);
	assert_false(ended.is_over);
	/* Who has moved since the socket was opened would see other links. */
	assert_int_equal(unshare(CLONE_NEWNET), 0);
	assert_int_equal(wr_dump_begin(&s, -1, &b, &none), -ENOTUNIQ);
	assert_null(none.sock);
}

static void a_dump_in_another_namespace(void **state)
{
	wr_auto(dump) struct wr_dump dump = { 0 };
	wr_auto(batch) struct wr_batch b = { 0 };
	struct seen seen = { .refuse_at = -1 };
	struct wr_reader reader = { count_reply, NULL, &seen };
	struct wr_sock there;
	char path[64];
	int fd;

	own_ns_beside(path);
	own_sh("for i in 0 1 2; do nsenter --net=%s ip link add x$i type ifb; done", path);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(wr_sock_open(fd, &there, NULL), 0);
	put_dump(&b);
	assert_int_equal(wr_dump_begin(&there, fd, &b, &dump), 0);
	while (!dump.is_over)
		assert_int_equal(wr_dump_next(&dump, 8192, &reader), 0);
	assert_in_range(seen.n, 4, 13);
	close(fd);
	wr_auto_dump(&dump);
	wr_sock_close(&there);
}

/* --- many links, and others who make and delete some ---------------------------------------------------------- */

static struct weir *w;

/*
 * Others who change links in the middle of a dump, so that the kernel says it was interrupted: between two datagrams
 * of it a link comes and goes, made by another socket.
 */
static struct wr_sock other;
static int n_troubles;	/* that are still to be made; -1: one behind every datagram */

static void make_trouble(void)
{
	wr_auto(batch) struct wr_batch b = { 0 };
	struct ifinfomsg ifi = { 0 };
	int left = n_troubles;
	size_t info;

	n_troubles = 0;	/* not while this one's own answers are read */
	wr_msg(&b, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &ifi, sizeof(ifi));
	wr_put_text(&b, IFLA_IFNAME, "trouble");
	info = wr_nest(&b, IFLA_LINKINFO);
	wr_put_text(&b, IFLA_INFO_KIND, "ifb");
	wr_nest_end(&b, info);
	wr_msg(&b, RTM_DELLINK, 0, &ifi, sizeof(ifi));
	wr_put_text(&b, IFLA_IFNAME, "trouble");
	assert_int_equal(wr_sock_run(&other, &b, NULL, NULL, NULL), 0);
	n_troubles = left > 0 ? left - 1 : left;
}

/* The library's reads come by here: a program's own function goes before the C library's. */
ssize_t recvmsg(int fd, struct msghdr *msg, int flags)
{
	ssize_t n = syscall(SYS_recvmsg, fd, msg, flags);

	if (n > 0 && n_troubles)
		make_trouble();
	return n;
}

static int setup_links(void **state)
{
	struct weir_link link = { .sz = sizeof(link), .kind = WEIR_LINK_IFB,
				  .has = WEIR_LINK_NAME | WEIR_LINK_NUM_TX_QUEUES, .num_tx_queues = 1 };
	struct weir_txn *t = NULL;

	if (setup(state) || wr_sock_open(-1, &other, NULL) || weir_open(NULL, &w, NULL) ||
	    weir_txn_begin(w, "links", 0, &t, NULL))
		return -1;
	for (int i = 0; i < N_LINKS; i++) {
		snprintf(link.name, sizeof(link.name), "stay%d", i);
		weir_txn_link_add(t, &link);
	}
	return weir_txn_commit(t, NULL);
}

static int teardown_links(void **state)
{
	n_troubles = 0;
	weir_close(w);
	wr_sock_close(&other);
	return teardown(state);
}

static void check_stable_links(const struct weir_link *links, size_t n)
{
	char *seen = calloc(1, N_LINKS);
	int i, n_seen = 0;

	assert_non_null(seen);
	for (size_t k = 0; k < n; k++) {
		if (sscanf(links[k].name, "stay%d", &i) != 1)
			continue;
		assert_in_range(i, 0, N_LINKS - 1);
		/* Neither missing nor twice, whatever went on meanwhile. */
		assert_int_equal(seen[i], 0);
		seen[i] = 1;
		n_seen++;
	}
	assert_int_equal(n_seen, N_LINKS);
	free(seen);
}

static void a_dump_of_many_links(void **state)
{
	struct weir_counters before = { .sz = sizeof(before) }, after = { .sz = sizeof(after) };
	struct weir_link *links = NULL;
	size_t n = 0;

	weir_get_counters(w, &before);
	assert_int_equal(weir_link_list(w, NULL, &links, &n, NULL), 0);
	weir_get_counters(w, &after);
	assert_true(n >= N_LINKS);
	check_stable_links(links, n);
	assert_int_equal(after.n_sends - before.n_sends, 1);
	free(links);
}

/* An interrupted dump is repeated, and what was read of it is forgotten. */
static void interrupted_dumps_are_repeated(void **state)
{
	struct weir_counters before = { .sz = sizeof(before) }, after = { .sz = sizeof(after) };
	struct weir_link *links = NULL;
	size_t n = 0;

	weir_get_counters(w, &before);
	n_troubles = 1;
	assert_int_equal(weir_link_list(w, NULL, &links, &n, NULL), 0);
	assert_int_equal(n_troubles, 0);
	weir_get_counters(w, &after);
	assert_int_equal(after.n_sends - before.n_sends, 2);
	check_stable_links(links, n);
	free(links);
}

/* Without time to try again it is an error of its own. */
static void dumps_that_never_end_are_given_up(void **state)
{
	wr_auto(batch) struct wr_batch b = { 0 };
	struct seen seen = { .refuse_at = -1 };
	struct wr_reader reader = { count_reply, count_restart, &seen };
	struct weir_error err = WEIR_ERROR_INIT;

	put_dump(&b);
	n_troubles = -1;
	assert_int_equal(wr_sock_read(&s, &b, NULL, &reader, 0, &err), -EAGAIN);
	n_troubles = 0;
	assert_int_equal(seen.restarts, 0);
	assert_int_equal(err.code, -EAGAIN);
	assert_string_equal(err.object, "netlink dump");
	works_as_before();
}

static void filters_leave_work_to_the_kernel(void **state)
{
	struct weir_link_filter by_master = { .sz = sizeof(by_master) };
	struct weir_link_filter by_kind = { .sz = sizeof(by_kind), .kind = "bridge" };
	const struct weir_link_filter *filters[] = { &by_master, &by_kind };
	const size_t expected[] = { 2, 1 };

	own_sh("ip link add br0 index 4242 type bridge && ip link add v0 type veth peer name v1 && "
	       "ip link set v0 master br0 && ip link set v1 master br0");
	by_master.master = 4242;
	for (int i = 0; i < 2; i++) {
		struct weir_counters before = { .sz = sizeof(before) }, after = { .sz = sizeof(after) };
		struct weir_link *links = NULL;
		size_t n = 0;

		weir_get_counters(w, &before);
		assert_int_equal(weir_link_list(w, filters[i], &links, &n, NULL), 0);
		weir_get_counters(w, &after);
		assert_int_equal(n, expected[i]);
		assert_int_equal(after.n_sends - before.n_sends, 1);
		/* What is filtered here has crossed the socket: 2000 links would take dozens of reads. */
		assert_in_range(after.n_receives - before.n_receives, 1, 3);
		free(links);
	}
}

/* Thousands of links in as many messages, deleted by one. */
static void many_links_are_deleted_as_one(void **state)
{
	struct weir_counters before = { .sz = sizeof(before) }, after = { .sz = sizeof(after) };
	struct weir_txn *t = NULL;
	struct weir_link *links = NULL;
	size_t n = 0;

	assert_int_equal(weir_link_list(w, NULL, &links, &n, NULL), 0);
	assert_int_equal(weir_txn_begin(w, "delete", 0, &t, NULL), 0);
	for (size_t i = 0; i < n; i++)
		if (!strncmp(links[i].name, "stay", 4))
			weir_txn_link_del(t, links[i].ifindex, links[i].name);
	free(links);
	weir_get_counters(w, &before);
	assert_int_equal(weir_txn_commit(t, NULL), 0);
	weir_get_counters(w, &after);
	/* Looked at as the receive buffer allows; gathered and deleted as the send buffer does. */
	assert_int_equal(after.n_sends - before.n_sends,
			 (N_LINKS + s.most_reads - 1) / s.most_reads + 40 * N_LINKS / s.chunk + 2);
	assert_int_equal(after.n_messages - before.n_messages, 2 * N_LINKS + 1);
	own_sh("! ip -o link show | grep -q stay");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
#define LINKS_TEST(f) cmocka_unit_test_setup_teardown(f, setup_links, teardown_links)
		TEST(as_few_sends_as_the_socket_allows),
		TEST(the_limit_is_the_sockets),
		TEST(nothing_is_not_sent),
		TEST(results_message_by_message),
		TEST(all_of_a_large_batch_fail),
		TEST(no_refusal_is_lost),
		TEST(what_was_refused_stays),
		TEST(what_was_not_sent_stays),
		TEST(what_is_told_twice_is_there),
		TEST(what_vanished_is_not_missed),
		TEST(dropped_answers_are_survived),
		TEST(what_is_unknown_is_no_success),
		TEST(late_answers_are_not_ours),
		TEST(sequence_numbers_go_round),
		TEST(requests_and_a_dump_in_one_send),
		TEST(more_answers_than_there_is_room_for),
		TEST(a_reader_that_refuses),
		TEST(a_dump_that_the_kernel_refuses),
		TEST(sockets_in_other_namespaces),
		TEST(a_link_in_brief),
		TEST(a_dump_in_parts),
		TEST(dumps_in_parts_that_fail),
		TEST(a_dump_in_another_namespace),
		LINKS_TEST(a_dump_of_many_links),
		LINKS_TEST(interrupted_dumps_are_repeated),
		LINKS_TEST(dumps_that_never_end_are_given_up),
		LINKS_TEST(filters_leave_work_to_the_kernel),
		LINKS_TEST(many_links_are_deleted_as_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
