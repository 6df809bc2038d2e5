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

#include <weir/bulk.h>
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

/* A program that was compiled when ports had no addresses yet; and one that does not say when. */
static void ports_of_another_age(void **state)
{
	static const struct weir_ip address = { .family = WEIR_FAMILY_IPV4, .bytes = { 10, 0, 0, 7 } };
	const struct weir_guest g = { .sz = sizeof(g), .name = "p0", .addresses = &address, .n_addresses = 1 };
	const size_t sz = offsetof(struct weir_port, addresses);
	struct weir_port older = { .sz = sz }, again = { .sz = sz }, got = { .sz = sz }, unset = { 0 };
	struct weir *w = ns_start(net_json);
	struct weir_txn *t = ns_begin(w);

	weir_txn_port_attach(t, "net", &g, &older, NULL);
	ns_commit(t);
	assert_int_equal(weir_port_get(w, "net", "p0", &got, NULL), 0);
	/* Nor is anything read behind the end. */
	ns_sh("rm %s/ports/p0.json", ns_state_dir);
	memset((char *)&got + sz, 0xee, sizeof(got) - sz);
	t = ns_begin(w);
	weir_txn_port_reclaim(t, &got, &again);
	ns_commit(t);
	memset((char *)&got + sz, 0, sizeof(got) - sz);
	for (size_t i = 0; i < 3; i++) {
		struct weir_port *port = i == 0 ? &older : i == 1 ? &got : &again;

		assert_int_equal(port->sz, sz);
		assert_string_equal(port->name, "p0");
		assert_true(!port->addresses && !port->n_addresses);
		weir_port_done(port);
	}
	assert_int_equal(weir_port_get(w, "net", "p0", &unset, NULL), -EINVAL);
	t = ns_begin(w);
	assert_int_equal(weir_txn_port_attach(t, "net", &(struct weir_guest){ .sz = sizeof(g) }, &unset, NULL), -EINVAL);
	assert_int_equal(weir_txn_commit(t, NULL), -EINVAL);
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

/* One that an older version has attached: its record alone says which uuid it has. */
static void a_uuid_without_an_entry(void **state)
{
	struct weir *w = ns_start(net_json);
	struct weir_port port = attach(w, "p0"), other = port, more = attach(w, "p2");
	struct weir_guest guest = { .sz = sizeof(guest), .name = "p1", .uuid = port.uuid };
	char *before = ns_snapshot();
	struct weir_txn *t = ns_begin(w);

	ns_sh("rm %s/uuids/%s.json", ns_state_dir, port.uuid);
	assert_int_equal(weir_txn_port_attach(t, "net", &guest, NULL, NULL), -EEXIST);
	weir_txn_abort(t);
	strncpy(other.name, "p1", sizeof(other.name));
	assert_non_null(strstr(refused(w, &other, -EEXIST, "uuid").msg, "port p0"));
	reclaims(w, &port);
	ns_assert_same(before, "a port that has its entry now");
	weir_port_done(&port);
	weir_port_done(&more);
	free(before);
	ns_stop(w);
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
	assert_int_equal(weir_port_list(w, "net", &ports, &n, NULL), 1);
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

/* --- the detach of a port whose record is damaged ------------------------------------------------- */

/* Guarded, limited, and with a part of what the network may send. */
static const char limited_json[] =
	"{'name':'net','bridge':{'name':'virbr0'},'antiSpoofing':'mac','bandwidth':{'outbound':{'average':5000}}}";
static const struct weir_bandwidth floored = { .inbound = { 2000000, 0, 0, 0 }, .outbound = { 1000000, 0, 0, 500000 } };

static struct weir_port attach_limited(struct weir *w, const char *name, const struct weir_bandwidth *limits)
{
	struct weir_guest g = { .sz = sizeof(g), .name = name, .has_bandwidth = true, .bandwidth = *limits };
	struct weir_port port = { .sz = sizeof(port) };
	struct weir_txn *t = ns_begin(w);

	weir_txn_port_attach(t, "net", &g, &port, NULL);
	ns_commit(t);
	return port;
}

static void damage(const char *how)
{
	ns_sh("cd %s/ports && %s", ns_state_dir, how);
}

/* Nothing has changed, and the error says which file and @what. */
static void detach_is_refused(struct weir *w, const char *network, const char *what)
{
	char *before = ns_snapshot(), file[128];
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_txn *t = ns_begin(w);

	weir_txn_port_detach(t, network, "p0");
	assert_int_equal(weir_txn_commit(t, &err), -EBADMSG);
	assert_string_equal(err.object, "stored port p0");
	snprintf(file, sizeof(file), "%s/ports/p0.json", ns_state_dir);
	assert_non_null(strstr(err.msg, file));
	if (!strstr(err.msg, what))
		fail_msg("\"%s\" says nothing of \"%s\"", err.msg, what);
	ns_assert_same(before, "a detach that is refused");
	free(before);
}

/* What is left is what is left of a port whose record can be read. */
static void detaches_all(const char *how, const struct weir_bandwidth *limits)
{
	struct weir *w = ns_start(limited_json);
	struct weir_port good = attach_limited(w, "good", limits), port = attach_limited(w, "p0", limits);
	char *before;

	weir_port_done(&port);
	detach(w, "p0");
	before = ns_snapshot();
	port = attach_limited(w, "p0", limits);
	assert_true(port.ifb_ifindex > 0 && !port.outbound_floor_class == !limits->outbound.floor_bytes_per_s);
	ns_sh("nft list table bridge weir | grep -q p0");
	damage(how);
	detach(w, "p0");
	ns_assert_same(before, how);
	free(before);
	weir_port_done(&port);
	weir_port_done(&good);
	ns_stop(w);
}

static void a_detach_however_damaged(void **state)
{
	static const struct weir_bandwidth limited = { .outbound = { 1000000, 0, 0, 0 } };

	detaches_all("echo damaged >p0.json", &limited);
	detaches_all("truncate -s 100 p0.json", &floored);
	detaches_all("truncate -s 0 p0.json", &limited);
	detaches_all("echo {} >p0.json", &floored);
	detaches_all("sed -i 's/\"ifindex\": *[0-9]*/\"ifindex\": \"four\"/' p0.json && grep -q four p0.json", &limited);
	detaches_all("cp good.json p0.json", &floored);
	detaches_all("rm p0.json && mkfifo p0.json", &limited);
}

/* The bridge says whose it is when no record does; and where there is neither link nor network, nothing but files is left. */
static void a_detach_without_its_network(void **state)
{
	struct weir *w = ns_start(net_json);
	struct weir_port port = attach(w, "p0");

	weir_port_done(&port);
	ns_sh("mv %s/networks/net.json /run/saved", ns_state_dir);
	damage("echo damaged >p0.json");
	detach_is_refused(w, "other", "link p0 is no port of network other");
	detach(w, "p0");
	ns_sh("! ip link show p0 2>/dev/null; ! ls %s/ports/p0.json %s/uuids/* 2>/dev/null; mv /run/saved %s/networks/net.json",
	      ns_state_dir, ns_state_dir, ns_state_dir);
	port = attach(w, "p0");
	weir_port_done(&port);
	damage("echo damaged >p0.json");
	ns_sh("ip link del p0");
	ns_stop(w);
	w = ns_open();
	detach(w, "p0");
	ns_sh("! ls %s/ports/* %s/uuids/* 2>/dev/null", ns_state_dir, ns_state_dir);
	weir_close(w);
}

static void a_detach_that_cannot_tell(void **state)
{
	struct weir *w = ns_start(net_json);
	struct weir_port port = attach(w, "p0");
	struct weir_network *direct;
	struct weir_txn *t;

	weir_port_done(&port);
	damage("echo damaged >p0.json");
	ns_sh("ip link add virbr1 type bridge; ip link set p0 master virbr1");
	detach_is_refused(w, "net", "link p0 is no port of network net");
	ns_sh("ip link set p0 nomaster");
	detach_is_refused(w, "net", "link p0 may be a port of network net");
	/* A macvtap can be anywhere. */
	ns_sh("ip link del p0; ip link add u1 type veth peer name o1; ip link set u1 up");
	direct = ns_network("{'name':'direct','forward':{'mode':'passthrough','interfaces':['u1']}}");
	t = ns_begin(w);
	weir_txn_network_start(t, direct);
	ns_commit(t);
	detach_is_refused(w, "net", "may be a port of network direct");
	detach_is_refused(w, "direct", "may be a port of network direct");
	ns_sh("rm %s/networks/direct.json", ns_state_dir);
	detach(w, "p0");
	weir_network_free(direct);
	ns_stop(w);
}

/* Its link still tells which member of the pool it has; another guest gets another one. */
static void a_damaged_member_of_a_pool(void **state)
{
	struct weir_port p0, p1;
	struct weir *w;

	ns_sh("for i in 1 2; do ip link add u$i type veth peer name o$i; ip link set u$i up; done");
	w = ns_start("{'name':'net','forward':{'mode':'passthrough','interfaces':['u1','u2']}}");
	p0 = attach(w, "p0");
	assert_string_equal(p0.dev, "u1");
	damage("mv p0.json /run/saved; echo damaged >p0.json");
	p1 = attach(w, "p1");
	assert_string_equal(p1.dev, "u2");
	damage("mv /run/saved p0.json");
	weir_port_done(&p0);
	weir_port_done(&p1);
	ns_stop(w);
}

static struct weir_error attach_fails(struct weir *w, const char *name, const char *uuid)
{
	struct weir_guest g = { .sz = sizeof(g), .name = name, .uuid = uuid };
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_txn *t = ns_begin(w);

	weir_txn_port_attach(t, "net", &g, NULL, NULL);
	assert_int_equal(weir_txn_commit(t, &err), -EEXIST);
	return err;
}

/* Who attaches, claims again or lists is told of the file, and what is not damaged is not held up. */
static void who_meets_a_damaged_record(void **state)
{
	static const char *const names[] = { "p0", "p1", "p2" };
	struct weir *w = ns_start(net_json);
	struct weir_port p0 = attach(w, "p0"), p1 = attach(w, "p1"), p2 = attach(w, "p2"), *ports = NULL;
	struct weir_error errors[3] = { WEIR_ERROR_INIT, WEIR_ERROR_INIT, WEIR_ERROR_INIT }, err;
	struct weir_damaged_port *damaged = NULL;
	char file[128];
	size_t n = 0;

	snprintf(file, sizeof(file), "%s/ports/p0.json", ns_state_dir);
	damage("echo damaged >p0.json; echo damaged >p2.json; ip link set p2 nomaster");
	assert_int_equal(weir_port_list(w, "net", &ports, &n, NULL), 1);
	assert_int_equal(n, 1);
	assert_string_equal(ports[0].name, "p1");
	weir_ports_free(ports, n);
	assert_int_equal(weir_port_list_damaged(w, "net", &damaged, &n, NULL), 0);
	assert_int_equal(n, 2);
	assert_string_equal(damaged[0].name, "p0");
	assert_string_equal(damaged[0].network, "net");
	assert_string_equal(damaged[0].error.object, "stored port p0");
	assert_non_null(strstr(damaged[0].error.msg, file));
	assert_string_equal(damaged[1].name, "p2");
	assert_string_equal(damaged[1].network, "");
	free(damaged);
	assert_int_equal(weir_port_list_damaged(w, "other", &damaged, &n, NULL), 0);
	assert_int_equal(n, 1);
	free(damaged);
	err = attach_fails(w, "p0", NULL);
	assert_string_equal(err.attr, "name");
	assert_non_null(strstr(err.msg, file));
	err = attach_fails(w, "p9", p0.uuid);
	assert_string_equal(err.attr, "uuid");
	assert_non_null(strstr(err.msg, file));
	err = refused(w, &p0, -EINVAL, "");
	assert_string_equal(err.object, "stored port p0");
	assert_non_null(strstr(err.msg, file));
	assert_int_equal(weir_ports_detach(w, "net", names, 3, errors), 2);
	assert_int_equal(errors[2].code, -EBADMSG);
	assert_true(!errors[0].code && !errors[1].code);
	damage("rm p2.json; ip link del p2");
	weir_port_done(&p0);
	weir_port_done(&p1);
	weir_port_done(&p2);
	ns_stop(w);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, ns_setup, ns_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = { TEST(a_lost_record), TEST(ports_of_another_age), TEST(whose_it_is),
					     TEST(a_uuid_without_an_entry), TEST(members_of_a_pool),
					     TEST(records_that_cannot_be_read),
					     TEST(neighbours_that_cannot_be_read),
					     TEST(a_network_that_fails_to_be_read),
					     TEST(a_stop_with_damaged_records), TEST(a_stop_that_cannot_tell),
					     TEST(a_detach_however_damaged), TEST(a_detach_without_its_network),
					     TEST(a_detach_that_cannot_tell),
					     TEST(a_damaged_member_of_a_pool), TEST(who_meets_a_damaged_record) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
