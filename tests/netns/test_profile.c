/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Port profiles (lib/link/profile.c) with a peer that plays lldpad: a thread on a
 * netlink socket that answers by a script and notes what it was asked. And with
 * the kernel, whose links here know no profiles.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include <weir/profile.h>

#include "lib_ns.h"

#define SILENT (-2)	/* in a script: no answer at all */
#define NOT_YET (-1)	/* an answer that says nothing of the port */

static struct peer {
	int fd;
	pthread_t thread;
	int script[8];		/* responses to what is looked for, one after the other; the last stays */
	int ack;		/* to what is asked for */
	size_t at;
	char seen[256];		/* "associate look look" */
	char ifname[16];	/* of the last message */
} peer;

static char pid_file[64];

static size_t put(char *buf, size_t at, uint16_t type, const void *data, size_t len)
{
	struct nlattr a = { .nla_len = (uint16_t)(NLA_HDRLEN + len), .nla_type = type };

	memcpy(buf + at, &a, sizeof(a));
	memcpy(buf + at + NLA_HDRLEN, data, len);
	return at + NLA_ALIGN(NLA_HDRLEN + len);
}

/* An RTM_NEWLINK with one port in it; the instance is all ones, as the test's profile. */
static size_t tell_port(char *buf, int response)
{
	uint16_t value = (uint16_t)response;
	char port[128] = { 0 }, ports[160] = { 0 };
	uint8_t instance[16];
	size_t len = NLMSG_LENGTH(sizeof(struct ifinfomsg)), n;

	memset(instance, 1, sizeof(instance));
	if (response == NOT_YET)
		return len;
	n = put(port, 0, IFLA_PORT_INSTANCE_UUID, instance, sizeof(instance));
	n = put(port, n, IFLA_PORT_RESPONSE, &value, sizeof(value));
	n = put(ports, 0, IFLA_VF_PORT, port, n);
	return put(buf, len, IFLA_VF_PORTS, ports, n);
}

static void note(const char *word)
{
	size_t n = strlen(peer.seen);

	snprintf(peer.seen + n, sizeof(peer.seen) - n, "%s%s", n ? " " : "", word);
}

/* The request is the last attribute of every such message: its value stands 4 bytes before the end. */
static void note_request(const struct nlmsghdr *msg)
{
	static const char *const words[] = { "preassociate", "reserve", "associate", "disassociate" };

	note(words[((const uint8_t *)msg)[msg->nlmsg_len - 4] & 3]);
}

static void note_name(const struct nlmsghdr *msg)
{
	size_t at = NLMSG_LENGTH(sizeof(struct ifinfomsg));
	struct nlattr a;

	for (; at + sizeof(a) <= msg->nlmsg_len; at += NLA_ALIGN(a.nla_len)) {
		memcpy(&a, (const char *)msg + at, sizeof(a));
		if (a.nla_len < sizeof(a))
			break;
		if (a.nla_type == IFLA_IFNAME)
			snprintf(peer.ifname, sizeof(peer.ifname), "%.*s", a.nla_len - NLA_HDRLEN,
				 (const char *)msg + at + NLA_HDRLEN);
	}
}

static void answer(const struct nlmsghdr *msg, const struct sockaddr_nl *to)
{
	char buf[512] = { 0 };
	struct nlmsghdr *reply = (struct nlmsghdr *)buf;
	struct nlmsgerr *e = NLMSG_DATA(reply);
	int response = peer.script[peer.at];

	reply->nlmsg_seq = msg->nlmsg_seq;
	note_name(msg);
	if (msg->nlmsg_type == RTM_SETLINK) {
		note_request(msg);
		reply->nlmsg_type = NLMSG_ERROR;
		reply->nlmsg_len = NLMSG_LENGTH(sizeof(*e));
		e->error = peer.ack;
		e->msg = *msg;
	} else {
		note("look");
		if (peer.at < 7 && peer.script[peer.at + 1])
			peer.at++;
		reply->nlmsg_type = RTM_NEWLINK;
		reply->nlmsg_len = (uint32_t)tell_port(buf, response);
		if (response == SILENT)
			return;
	}
	sendto(peer.fd, buf, reply->nlmsg_len, 0, (const struct sockaddr *)to, sizeof(*to));
}

static void *serve(void *arg)
{
	char buf[8192];
	struct sockaddr_nl from;
	socklen_t len = sizeof(from);
	ssize_t n;

	while ((n = recvfrom(peer.fd, buf, sizeof(buf), 0, (struct sockaddr *)&from, &len)) > 0) {
		if (((struct nlmsghdr *)buf)->nlmsg_type == NLMSG_DONE)
			break;
		answer((struct nlmsghdr *)buf, &from);
	}
	return NULL;
}

static int setup(void **state)
{
	struct sockaddr_nl own = { .nl_family = AF_NETLINK };
	socklen_t len = sizeof(own);
	FILE *f;

	if (ns_setup(state))
		return -1;
	peer = (struct peer){ .fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE) };
	if (bind(peer.fd, (struct sockaddr *)&own, sizeof(own)) < 0 ||
	    getsockname(peer.fd, (struct sockaddr *)&own, &len) < 0)
		return -1;
	snprintf(pid_file, sizeof(pid_file), "/run/lldpad.pid");
	f = fopen(pid_file, "w");
	fprintf(f, "%u\n", own.nl_pid);
	fclose(f);
	return pthread_create(&peer.thread, NULL, serve, NULL);
}

/* The thread ends by a message that only we send. */
static int teardown(void **state)
{
	struct nlmsghdr end = { .nlmsg_len = sizeof(end), .nlmsg_type = NLMSG_DONE };
	struct sockaddr_nl own;
	socklen_t len = sizeof(own);
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	getsockname(peer.fd, (struct sockaddr *)&own, &len);
	sendto(fd, &end, sizeof(end), 0, (struct sockaddr *)&own, sizeof(own));
	pthread_join(peer.thread, NULL);
	close(peer.fd);
	close(fd);
	return ns_teardown(state);
}

static struct weir_profile profile(void)
{
	struct weir_profile p = { .sz = sizeof(p), .ifindex = 1, .ifname = "lo", .vf = WEIR_PROFILE_SELF,
				  .has = WEIR_PROFILE_VSI | WEIR_PROFILE_INSTANCE | WEIR_PROFILE_MAC,
				  .manager_id = 5, .type_id = 0x123456, .type_version = 9,
				  .mac = { 0x52, 0x54, 0, 0, 0, 1 }, .timeout_ms = 20000 };

	memset(p.instance, 1, sizeof(p.instance));
	snprintf(p.lldpad_pid_file, sizeof(p.lldpad_pid_file), "%s", pid_file);
	return p;
}

static struct weir_error err;

static int run(const struct weir_profile *p, enum weir_profile_request request)
{
	struct weir *w = ns_open();
	struct weir_txn *t = ns_begin(w);
	int r;

	err = (struct weir_error)WEIR_ERROR_INIT;
	weir_txn_profile(t, p, request);
	r = weir_txn_commit(t, &err);
	weir_close(w);
	return r;
}

static void it_takes_its_time(void **state)
{
	const int script[8] = { NOT_YET, 0x101, 0x101, 0x100 };
	struct weir_profile p = profile();

	memcpy(peer.script, script, sizeof(script));
	assert_int_equal(run(&p, WEIR_PROFILE_ASSOCIATE), 0);
	assert_string_equal(peer.seen, "associate look look look look");
	*peer.seen = '\0';
	assert_int_equal(run(&p, WEIR_PROFILE_DISASSOCIATE), 0);
	assert_string_equal(peer.seen, "disassociate");
}

static void the_switch_refuses(void **state)
{
	struct weir_profile p = profile();

	peer.script[0] = 4;
	assert_int_equal(run(&p, WEIR_PROFILE_PREASSOCIATE_RR), -EREMOTEIO);
	assert_string_equal(err.object, "profile of lo");
	assert_string_equal(err.msg, "the type is not allowed here");
	assert_string_equal(peer.seen, "reserve look disassociate");
}

static void lldpad_refuses(void **state)
{
	struct weir_profile p = profile();

	peer.ack = -EPERM;
	assert_int_equal(run(&p, WEIR_PROFILE_ASSOCIATE), -EPERM);
	assert_string_equal(peer.seen, "associate");
}

static void time_is_over(void **state)
{
	struct weir_profile p = profile();

	p.timeout_ms = 1000;
	peer.script[0] = 0x101;
	assert_int_equal(run(&p, WEIR_PROFILE_ASSOCIATE), -ETIME);
	assert_non_null(strstr(err.msg, "the switch is still at it"));
	assert_non_null(strstr(peer.seen, "look disassociate"));
	*peer.seen = '\0';
	peer.script[0] = SILENT;
	assert_int_equal(run(&p, WEIR_PROFILE_ASSOCIATE), -ETIME);
	assert_string_equal(peer.seen, "associate look disassociate");
}

static void no_lldpad(void **state)
{
	struct weir_profile p = profile();

	ns_sh("echo 4000000000 >/run/other.pid; echo >/run/empty.pid");
	snprintf(p.lldpad_pid_file, sizeof(p.lldpad_pid_file), "/run/other.pid");
	assert_int_equal(run(&p, WEIR_PROFILE_ASSOCIATE), -ENOENT);
	snprintf(p.lldpad_pid_file, sizeof(p.lldpad_pid_file), "/run/empty.pid");
	assert_int_equal(run(&p, WEIR_PROFILE_ASSOCIATE), -ENOENT);
	snprintf(p.lldpad_pid_file, sizeof(p.lldpad_pid_file), "/run/missing.pid");
	assert_int_equal(run(&p, WEIR_PROFILE_ASSOCIATE), -ENOENT);
	assert_non_null(strstr(err.msg, "lldpad does not run"));
}

/* A transaction that fails later takes the association back. */
static void taken_back(void **state)
{
	struct weir_profile p = profile();
	struct weir *w = ns_open();
	struct weir_txn *t = ns_begin(w);

	peer.script[0] = 0x100;
	weir_txn_profile(t, &p, WEIR_PROFILE_ASSOCIATE);
	weir_txn_file_write(t, "/proc/no/such/file", "x", 1, 0644, false);
	assert_int_not_equal(weir_txn_commit(t, NULL), 0);
	weir_close(w);
	assert_string_equal(peer.seen, "associate look disassociate");
}

static void the_kernel(void **state)
{
	struct weir_profile p = { .sz = sizeof(p), .has = WEIR_PROFILE_NAME, .name = "guests",
				  .ifindex = 1, .vf = WEIR_PROFILE_SELF };

	assert_int_equal(run(&p, WEIR_PROFILE_ASSOCIATE), -EOPNOTSUPP);
	assert_non_null(strstr(err.msg, "knows no port profiles"));
	p.ifindex = 4711;
	assert_int_equal(run(&p, WEIR_PROFILE_ASSOCIATE), -ENODEV);
	assert_int_equal(err.stage, WEIR_STAGE_KERNEL);
}

/* --- ports of networks ----------------------------------------------------------------------------- */

#define QBG(dev)                                                                                   \
	"{'name':'net','forward':{'mode':'vepa','interfaces':['" dev "']},'virtualport':{'type':'802.1Qbg'," \
	"'managerid':5,'typeid':1193046,'typeidversion':9,'instanceid':'01010101-0101-0101-0101-010101010101'}}"

static struct weir *start(const char *json)
{
	ns_sh("ip link add p1 type veth peer name o1; ip link set p1 up");
	return ns_start(json);
}

static int attach_with(struct weir *w, const struct weir_virtualport *own)
{
	const struct weir_guest g = { .sz = sizeof(g), .name = "mt0", .virtualport = *own,
				      .owner_uuid = "11111111-2222-4333-8444-555555555555" };
	struct weir_txn *t = ns_begin(w);

	err = (struct weir_error)WEIR_ERROR_INIT;
	weir_txn_port_attach(t, "net", &g, NULL, NULL);
	return weir_txn_commit(t, &err);
}

static int attach(struct weir *w)
{
	return attach_with(w, &(struct weir_virtualport){ 0 });
}

static void a_port_is_told_of(void **state)
{
	struct weir *w = start(QBG("p1"));
	struct weir_txn *t;

	peer.script[0] = 0x101;
	peer.script[1] = 0x100;
	assert_int_equal(attach(w), 0);
	assert_string_equal(peer.seen, "associate look look");
	assert_string_equal(peer.ifname, "p1");
	*peer.seen = '\0';
	t = ns_begin(w);
	weir_txn_port_detach(t, "net", "mt0");
	ns_commit(t);
	assert_string_equal(peer.seen, "disassociate");
	weir_close(w);
}

#define IN_GROUPS(version)                                                                         \
	"{'name':'net','forward':{'mode':'vepa','interfaces':['p1']},'virtualport':{'type':'802.1Qbg'," \
	"'typeid':1193046," version "'instanceid':'01010101-0101-0101-0101-010101010101'},'portgroups':[{'name':'a','default':true,'virtualport':{'managerid':5}}," \
	"{'name':'b','virtualport':{'managerid':6}}]}"
#define GROUPS IN_GROUPS("'typeidversion':9,")
#define OWN_VERSION IN_GROUPS("")

static int move(struct weir *w, struct weir_port *ret)
{
	struct weir_txn *t = ns_begin(w);
	int r;

	err = (struct weir_error)WEIR_ERROR_INIT;
	*peer.seen = '\0';
	weir_txn_port_move(t, "net", "mt0", "b");
	r = weir_txn_commit(t, &err);
	assert_int_equal(weir_port_get(w, "net", "mt0", ret, NULL), 0);
	return r;
}

/* Into a portgroup that has another profile: the switch hears of the guest anew, or the old one stays. */
static void a_port_is_moved(void **state)
{
	struct weir_port port = { .sz = sizeof(port) };
	struct weir *w = start(GROUPS);

	peer.script[0] = 0x100;
	assert_int_equal(attach(w), 0);
	peer.script[0] = 4;
	assert_int_equal(move(w, &port), -EREMOTEIO);
	assert_string_equal(port.portgroup, "a");
	assert_int_equal(port.virtualport.managerid, 5);
	peer.script[0] = 0x100;
	assert_int_equal(move(w, &port), 0);
	assert_string_equal(peer.seen, "disassociate associate look");
	assert_string_equal(port.portgroup, "b");
	assert_int_equal(port.virtualport.managerid, 6);
	weir_port_done(&port);
	weir_close(w);
}

/* What the guest asked for itself goes with it, beside what the network and the portgroup say. */
static void a_port_is_moved_with_its_own_part(void **state)
{
	static const struct weir_virtualport own = { .has = WEIR_VIRTUALPORT_TYPEIDVERSION, .typeidversion = 7 };
	struct weir_port port = { .sz = sizeof(port) };
	struct weir *w = start(OWN_VERSION);

	peer.script[0] = 0x100;
	assert_int_equal(attach_with(w, &own), 0);
	assert_int_equal(move(w, &port), 0);
	assert_string_equal(peer.seen, "disassociate associate look");
	assert_int_equal(port.virtualport.managerid, 6);
	assert_int_equal(port.virtualport.typeidversion, 7);
	assert_int_equal(port.virtualport_from, WEIR_FROM_SEVERAL);
	weir_port_done(&port);
	weir_close(w);
}

/* The physical link is below a vlan, and nothing stays of a port that the switch does not want. */
static void a_port_is_refused(void **state)
{
	struct weir *w;
	char *before;

	if (system("ip link add v0 type dummy 2>/dev/null && ip link add link v0 name v0.7 type vlan id 7 2>/dev/null && ip link del v0")) {
		print_message("SKIP: the kernel has no vlans\n");
		skip();
	}
	ns_sh("ip link add p2 type veth peer name o2; ip link add link p2 name p2.7 type vlan id 7; ip link set p2 up; ip link set p2.7 up");
	w = start(QBG("p2.7"));
	before = ns_snapshot();
	peer.script[0] = 4;
	assert_int_equal(attach(w), -EREMOTEIO);
	assert_string_equal(err.object, "profile of p2");
	assert_string_equal(peer.ifname, "p2");
	assert_string_equal(peer.seen, "associate look disassociate");
	ns_assert_same(before, "a port that the switch refused");
	free(before);
	weir_close(w);
}

/* Without lldpad none can be made, and one that is there can go. */
static void a_port_without_lldpad(void **state)
{
	struct weir *w = start(QBG("p1"));
	struct weir_txn *t;

	peer.script[0] = 0x100;
	assert_int_equal(attach(w), 0);
	ns_sh("rm %s", pid_file);
	t = ns_begin(w);
	weir_txn_port_detach(t, "net", "mt0");
	ns_commit(t);
	assert_int_equal(attach(w), -ENOENT);
	assert_non_null(strstr(err.msg, "lldpad does not run"));
	ns_sh("! ip link show mt0 2>/dev/null");
	weir_close(w);
}

static void a_card_without_profiles(void **state)
{
	struct weir *w = start("{'name':'net','forward':{'mode':'private','interfaces':['p1']},"
			       "'virtualport':{'type':'802.1Qbh','profileid':'guests'}}");

	assert_int_equal(attach(w), -EOPNOTSUPP);
	assert_non_null(strstr(err.msg, "knows no port profiles"));
	assert_string_equal(peer.seen, "");
	ns_sh("! ip link show mt0 2>/dev/null");
	weir_close(w);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(it_takes_its_time), TEST(the_switch_refuses), TEST(lldpad_refuses),
		TEST(time_is_over), TEST(no_lldpad), TEST(taken_back), TEST(the_kernel),
		TEST(a_port_is_told_of), TEST(a_port_is_moved), TEST(a_port_is_moved_with_its_own_part),
		TEST(a_port_is_refused), TEST(a_port_without_lldpad), TEST(a_card_without_profiles),
	};

	return cmocka_run_group_tests_name("port profiles", tests, NULL, NULL);
}
