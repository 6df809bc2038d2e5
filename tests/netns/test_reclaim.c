/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A caller that was restarted claims its ports again: what is on record stays, what
 * was lost is written again if the network still has it, what came off is put back,
 * and nobody gets what is another's. And what becomes of records that cannot be read.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <weir/link.h>

#include "base/base.h"
#include "lib_ns.h"
#include "tests/common/descriptors.h"

static struct weir_port attach(struct weir *w, const char *name)
{
	struct weir_guest g = { .sz = sizeof(g), .name = name, .owner = "guest", .portgroup = NULL };
	struct weir_port port = { .sz = sizeof(port) };
	struct weir_txn *t = ns_begin(w);

	weir_txn_port_attach(t, "net", &g, &port, NULL);
	ns_commit(t);
	return port;
}

static void detach(struct weir *w, const char *name)
{
	struct weir_txn *t = ns_begin(w);

	weir_txn_port_detach(t, "net", name);
	ns_commit(t);
}

static void reclaims(struct weir *w, const struct weir_port *port)
{
	struct weir_txn *t = ns_begin(w);

	weir_txn_port_reclaim(t, port, NULL);
	ns_commit(t);
}

static struct weir_error refused(struct weir *w, const struct weir_port *port, int code, const char *attr)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_txn *t = ns_begin(w);

	weir_txn_port_reclaim(t, port, NULL);
	assert_int_equal(weir_txn_commit(t, &err), code);
	assert_string_equal(err.attr, attr);
	return err;
}

static const char net_json[] = "{'name':'net','bridge':{'name':'virbr0'},'portgroups':["
			       "{'name':'gold','default':true,'bandwidth':{'inbound':{'average':1000}}}]}";

static void a_lost_record(void **state)
{
	struct weir *w = ns_start(net_json);
	struct weir_port port = attach(w, "p0");
	char *before = ns_snapshot();

	/* Everything is there: nothing changes, whatever the caller says. */
	port.mtu = 9000;
	reclaims(w, &port);
	port.mtu = 0;
	ns_assert_same(before, "a port that was not lost");
	ns_sh("rm %s/ports/p0.json; ip link set p0 nomaster", ns_state_dir);
	reclaims(w, &port);
	ns_assert_same(before, "a port that was lost and came off");
	detach(w, "p0");
	ns_sh("! ip link show p0 2>/dev/null");
	/* Its guest is gone, and with it the link. */
	assert_string_equal(refused(w, &port, -ENODEV, "").object, "port p0");
	weir_port_done(&port);
	free(before);
	ns_stop(w);
}

static void whose_it_is(void **state)
{
	struct weir *w = ns_start(net_json);
	struct weir_port port = attach(w, "p0"), other = port;

	memset(other.uuid, '1', 8);
	refused(w, &other, -EEXIST, "name");
	other = port;
	strncpy(other.name, "p1", sizeof(other.name));
	refused(w, &other, -EEXIST, "uuid");
	ns_sh("rm %s/ports/p0.json", ns_state_dir);
	other = port;
	strncpy(other.bridge, "virbr9", sizeof(other.bridge));
	refused(w, &other, -EINVAL, "bridge");
	other.plug = WEIR_PLUG_BRIDGE;
	refused(w, &other, -EINVAL, "plug");
	strncpy(other.network, "none", sizeof(other.network));
	refused(w, &other, -ENOENT, "");
	reclaims(w, &port);
	weir_port_done(&port);
	ns_stop(w);
	ns_sh("! ip link show p0 2>/dev/null");
}

static void members_of_a_pool(void **state)
{
	struct weir *w;
	struct weir_port port, other;

	ns_sh("ip link add u1 type veth peer name o1; ip link add u2 type veth peer name o2; ip link set u1 up; ip link set u2 up");
	w = ns_start("{'name':'net','forward':{'mode':'passthrough','interfaces':['u1','u2']}}");
	port = attach(w, "p0");
	assert_string_equal(port.dev, "u1");
	ns_sh("mv %s/ports/p0.json /run/saved", ns_state_dir);
	other = port;
	strncpy(other.dev, "u3", sizeof(other.dev));
	refused(w, &other, -ENODEV, "dev");
	reclaims(w, &port);
	/* Another that remembers the same. */
	memset(other.uuid, '1', 8);
	strncpy(other.name, "p1", sizeof(other.name));
	strncpy(other.dev, "u1", sizeof(other.dev));
	refused(w, &other, -EBUSY, "dev");
	weir_port_done(&port);
	ns_stop(w);
}

/* A damaged one is none; but where a record cannot be had, a list would be short, and a stop would leave the port behind. */
static void records_that_cannot_be_read(void **state)
{
	struct weir *w = ns_start(net_json);
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_network_entry *nets = NULL;
	struct weir_port port = attach(w, "p0"), *ports = NULL;
	struct weir_txn *t = ns_begin(w);
	size_t n = 0;

	ns_sh("cd %s/ports && echo damaged >p1.json && mkfifo p2.json && mkdir p3.json", ns_state_dir);
	assert_int_equal(weir_port_list(w, "net", &ports, &n, NULL), 0);
	assert_int_equal(n, 1);
	weir_ports_free(ports, n);
	leave_descriptors(1);	/* for the folder */
	assert_int_equal(weir_port_list(w, "net", &ports, &n, &err), -EMFILE);
	assert_int_equal(weir_network_list(w, &nets, &n, NULL), -EMFILE);
	assert_int_equal(weir_txn_network_stop(t, "net"), -EMFILE);
	assert_int_equal(weir_txn_error(t, &err), -EMFILE);
	assert_non_null(strstr(err.object, "port p"));
	weir_txn_abort(t);
	leave_descriptors(-1);
	ns_sh("rm -r %s/ports/p[123].json", ns_state_dir);
	weir_port_done(&port);
	ns_stop(w);
	ns_sh("! ip link show p0 2>/dev/null");
}

/* With a few descriptors: EMFILE, or what is said with all of them. */
static void is_refused(struct weir *w, int (*call)(struct weir_txn *t, const struct weir_network *net),
		       const struct weir_network *net)
{
	for (int few = 1, r = -EMFILE; r == -EMFILE; few++) {
		struct weir_txn *t = ns_begin(w);

		leave_descriptors(few);
		r = call(t, net);
		leave_descriptors(-1);
		assert_true(r == -EMFILE || r == -EEXIST);
		weir_txn_abort(t);
	}
}

/* Who has the subnet or the bridge already is not missed, nor forgotten by the handle that could not look. */
static void neighbours_that_cannot_be_read(void **state)
{
	struct weir_network *net = ns_network("{'name':'net','bridge':{'name':'virbr0'},'dns':{'enable':false},"
					      "'ips':[{'address':'10.8.0.1','prefix':24}]}");
	struct weir_network *other = ns_network("{'name':'other','bridge':{'name':'virbr1'},'dns':{'enable':false},"
						"'ips':[{'address':'10.8.0.129','prefix':25}]}");
	struct weir *w = ns_open();
	struct weir_txn *t = ns_begin(w);

	weir_txn_network_define(t, net);
	weir_txn_network_start(t, net);
	ns_commit(t);
	for (int i = 0; i < 5; i++) {	/* from some time on the kernel tells of changes */
		ns_sh("cd %s/networks && cp net.json new && mv new net.json", ns_state_dir);
		is_refused(w, weir_txn_network_start, other);
		is_refused(w, weir_txn_network_define, other);
	}
	weir_network_free(net);
	weir_network_free(other);
	ns_stop(w);
}

static void assert_fails(struct weir_txn *t, int r, int expected)
{
	struct weir_error err = WEIR_ERROR_INIT;

	assert_int_equal(r, expected);
	weir_txn_error(t, &err);
	assert_string_equal(err.object, "network net");
	weir_txn_abort(t);
}

/* Only a network that is known not to run has nothing to say about its ports. */
static void a_network_that_fails_to_be_read(void **state)
{
	struct weir *w = ns_start("{'name':'net','bridge':{'name':'virbr0'}}");
	const struct weir_bandwidth limit = { .outbound.average_bytes_per_s = 1000000 };
	struct weir_port port = attach(w, "p0");
	struct weir_txn *t;

	ns_sh("cd %s/networks && mv net.json saved && ln -s net.json net.json", ns_state_dir);
	t = ns_begin(w);
	assert_fails(t, weir_txn_port_detach(t, "net", "p0"), -ELOOP);
	t = ns_begin(w);
	assert_fails(t, weir_txn_port_limit(t, "net", "p0", &limit, NULL, NULL), -ELOOP);
	ns_sh("cd %s/networks && rm net.json", ns_state_dir);
	detach(w, "p0");
	ns_sh("cd %s/networks && mv saved net.json", ns_state_dir);
	weir_port_done(&port);
	ns_stop(w);
}

/* What the bridge says is its own goes with it, all of it; what another has on its bridge stays. */
static void a_stop_with_damaged_records(void **state)
{
	static const char json[] = "{'name':'net','bridge':{'name':'virbr0'},'portgroups':[{'name':'gold','default':true,"
				   "'antiSpoofing':'mac','bandwidth':{'outbound':{'average':1000}}}]}";
	struct weir *other = ns_start("{'name':'other','bridge':{'name':'virbr1'}}"), *w;
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_port port;
	struct weir_txn *t;
	char *before;

	w = ns_start(json);
	ns_stop(w);
	ns_sh("ip link add p1 type veth peer name q1 && ip link set p1 master virbr1");
	before = ns_snapshot();
	w = ns_start(json);
	port = attach(w, "p0");
	assert_true(port.ifb_ifindex > 0);
	ns_sh("nft list table bridge weir | grep -q p0; for p in p0 p1 p2; do echo damaged >%s/ports/$p.json; done", ns_state_dir);
	t = ns_begin(w);
	assert_int_not_equal(weir_txn_port_detach(t, "net", "p0"), 0);
	weir_txn_error(t, &err);
	assert_string_equal(err.object, "stored port p0");
	weir_txn_abort(t);
	ns_stop(w);
	ns_sh("rm %s/ports/p1.json %s/ports/p2.json", ns_state_dir, ns_state_dir);
	ns_assert_same(before, "a stop with damaged records");
	free(before);
	weir_port_done(&port);
	t = ns_begin(other);
	weir_txn_network_stop(t, "other");
	ns_commit(t);
	weir_close(other);
}

/* A macvtap may have been moved: what cannot be found is not passed over. */
static void a_stop_that_cannot_tell(void **state)
{
	struct weir_error err = WEIR_ERROR_INIT;
	char file[128];
	struct weir *w;
	struct weir_port port;
	struct weir_txn *t;

	ns_sh("ip link add u1 type veth peer name o1; ip link set u1 up");
	w = ns_start("{'name':'net','forward':{'mode':'passthrough','interfaces':['u1']}}");
	port = attach(w, "p0");
	ns_sh("cp %s/ports/p0.json /run/saved; echo damaged >%s/ports/p0.json", ns_state_dir, ns_state_dir);
	t = ns_begin(w);
	assert_int_equal(weir_txn_network_stop(t, "net"), -EBADMSG);
	assert_int_equal(weir_txn_commit(t, &err), -EBADMSG);
	assert_string_equal(err.object, "stored port p0");
	snprintf(file, sizeof(file), "%s/ports/p0.json", ns_state_dir);
	assert_non_null(strstr(err.msg, file));
	ns_sh("ip link show p0 && mv /run/saved %s", file);
	ns_stop(w);
	ns_sh("! ip link show p0 2>/dev/null");
	weir_port_done(&port);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, ns_setup, ns_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = { TEST(a_lost_record), TEST(whose_it_is), TEST(members_of_a_pool),
					     TEST(records_that_cannot_be_read),
					     TEST(neighbours_that_cannot_be_read),
					     TEST(a_network_that_fails_to_be_read),
					     TEST(a_stop_with_damaged_records), TEST(a_stop_that_cannot_tell) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
