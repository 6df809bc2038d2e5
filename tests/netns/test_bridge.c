/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What bridges know of their ports: vlans and addresses, changed and taken back,
 * and read by us and by `bridge -j`, which must agree.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <weir/bridge.h>

#include "base/base.h"
#include "lib_link.h"

#define PORT 1100

/* Only what forwards can learn, and be told what is forgotten in time; on a loaded machine a carrier comes late. */
static void wait_until_forwarding(const char *port)
{
	own_sh("for i in $(seq 600); do bridge link show dev %s | grep -q 'state forwarding' && exit; sleep 0.1; done; exit 1", port);
}

static int setup(void **state)
{
	if (link_setup(state))
		return -1;
	own_sh("ip link add p0 index %d type veth peer name p1 && ip link set p0 master br9 && "
	       "ip link set br9 up && ip link set p0 up && ip link set p1 up", PORT);
	wait_until_forwarding("p0");
	return 0;
}

static void need_vlans(void)
{
	if (!own_try("ip link set br9 type bridge vlan_filtering 1"))
		own_skip("the kernel lacks CONFIG_BRIDGE_VLAN_FILTERING");
}

/* "1 PVID Egress Untagged,10-12" of a link, by bridge(8) and by us. */
static char *vlans_by_bridge(const char *name)
{
	return own_text("bridge -j vlan show dev %s | jq -r '[.[0].vlans[]? | \"\\(.vlan)\" + (if .vlanEnd then \"-\\(.vlanEnd)\""
			" else \"\" end) + (.flags // [] | map(\" \" + .) | join(\"\"))] | join(\",\")' | tr -d '\\n'", name);
}

static char *vlans_by_us(int ifindex)
{
	struct weir_port_vlan *list = NULL;
	struct weir_error err = WEIR_ERROR_INIT;
	size_t n = 0, len = 0;
	char *text = calloc(1, 4096);

	if (weir_port_vlan_list(w, ifindex, &list, &n, &err))
		fail_msg("%s: %s", err.object, err.msg);
	assert_non_null(text);
	for (size_t i = 0; i < n; i++) {
		len += (size_t)snprintf(text + len, 4096 - len, "%s%u", i ? "," : "", list[i].vid);
		if (list[i].vid_end)
			len += (size_t)snprintf(text + len, 4096 - len, "-%u", list[i].vid_end);
		len += (size_t)snprintf(text + len, 4096 - len, "%s%s", list[i].pvid ? " PVID" : "",
					list[i].untagged ? " Egress Untagged" : "");
	}
	free(list);
	return text;
}

static void has_vlans(const char *name, const char *vlans, const char *what)
{
	char *theirs = vlans_by_bridge(name), *ours = vlans_by_us(get(name).ifindex);

	/* bridge(8) lists each by itself where it was asked for no more. */
	if (strcmp(ours, vlans) != 0 || (!strchr(vlans, '-') && strcmp(theirs, vlans) != 0))
		fail_msg("%s: %s: we read %s, bridge %s", what, name, ours, theirs);
	free(theirs);
	free(ours);
}

struct change {
	const char *name;
	bool del;
	struct weir_port_vlan vlan;
	const char *before, *after;
};

#define VLAN(vid_, ...) { .sz = sizeof(struct weir_port_vlan), .ifindex = PORT, .vid = vid_, ##__VA_ARGS__ }

/* One after the other: what one leaves is where the next begins. */
static const struct change changes[] = {
	{ "one more", false, VLAN(10), "1 PVID Egress Untagged", "1 PVID Egress Untagged,10" },
	{ "several", false, VLAN(20, .vid_end = 22), NULL, "1 PVID Egress Untagged,10,20-22" },
	{ "another without tag", false, VLAN(10, .untagged = true), NULL, "1 PVID Egress Untagged,10 Egress Untagged,20-22" },
	{ "another for frames that have none", false, VLAN(10, .pvid = true, .untagged = true), NULL,
	  "1 Egress Untagged,10 PVID Egress Untagged,20-22" },
	{ "over what is there in part", false, VLAN(15, .vid_end = 25), NULL,
	  "1 Egress Untagged,10 PVID Egress Untagged,15-25" },
	{ "a hole", true, VLAN(18, .vid_end = 19), NULL, "1 Egress Untagged,10 PVID Egress Untagged,15-17,20-25" },
	{ "the one for frames that have none", true, VLAN(10), NULL, "1 Egress Untagged,15-17,20-25" },
	{ "up to the last", false, VLAN(4094), NULL, "1 Egress Untagged,15-17,20-25,4094" },
};

static void one_change(const struct change *c, const char *before)
{
	struct weir_txn *t;

	for (int i = 0; i < 2; i++) {
		t = begin();
		(c->del ? weir_txn_port_vlan_del : weir_txn_port_vlan_add)(t, &c->vlan);
		if (i)
			commit(t, c->name);
		else
			commit_and_fail(t, c->name);
		has_vlans("p0", i ? c->after : before, c->name);
	}
}

static void vlans_of_ports(void **state)
{
	const char *before = changes[0].before;

	need_vlans();
	for (size_t i = 0; i < WR_COUNT(changes); i++) {
		one_change(&changes[i], before);
		before = changes[i].after;
	}
}

/* The bridge's own, and those of a port that is made and joins in the same transaction. */
static void vlans_of_what_is_new(void **state)
{
	struct weir_link port = NAMED(VETH, "x0", WEIR_LINK_MASTER, .master = MAIN_BR,
				      .veth = { .has = WEIR_VETH_PEER_NAME, .peer_name = "x1" });
	struct weir_port_vlan own = { .sz = sizeof(own), .ifindex = MAIN_BR, .vid = 7, .self = true };
	struct weir_port_vlan first = { .sz = sizeof(first), .vid = 1 };
	struct weir_port_vlan guest = { .sz = sizeof(guest), .vid = 7, .pvid = true, .untagged = true };

	need_vlans();
	for (int i = 0; i < 2; i++) {
		struct weir_txn *t = begin();

		first.ifindex = guest.ifindex = weir_txn_link_add(t, &port);
		weir_txn_port_vlan_add(t, &own);
		weir_txn_port_vlan_del(t, &first);
		weir_txn_port_vlan_add(t, &guest);
		if (i)
			commit(t, "a port");
		else
			commit_and_fail(t, "a port");
		has_vlans("br9", i ? "1 PVID Egress Untagged,7" : "1 PVID Egress Untagged", "a port");
	}
	has_vlans("x0", "7 PVID Egress Untagged", "a port");
}

static void vlans_that_are_none(void **state)
{
	static const struct {
		struct weir_port_vlan vlan;
		int code;
		const char *attr;
	} cases[] = {
		{ VLAN(0), -ERANGE, "vid" },
		{ VLAN(4095), -ERANGE, "vid" },
		{ VLAN(10, .vid_end = 9), -ERANGE, "vid_end" },
		{ VLAN(10, .vid_end = 12, .pvid = true), -EINVAL, "pvid" },
		{ { .sz = sizeof(struct weir_port_vlan), .vid = 1 }, -EINVAL, "ifindex" },
	};

	for (size_t i = 0; i < WR_COUNT(cases); i++) {
		struct weir_error err = WEIR_ERROR_INIT;
		struct weir_txn *t = begin();

		assert_int_equal(weir_txn_port_vlan_add(t, &cases[i].vlan), cases[i].code);
		weir_txn_error(t, &err);
		assert_string_equal(err.attr, cases[i].attr);
		weir_txn_abort(t);
	}
}

/* --- addresses ------------------------------------------------------------------------------ */

#define FDB(last, ...) { .sz = sizeof(struct weir_fdb), .ifindex = PORT, .mac = { 0x52, 0x54, 0, 1, 1, last }, ##__VA_ARGS__ }

/* Entries of the port in the bridge's list, without its own address: "52:54:00:01:01:05 static". */
static char *fdb_by_bridge(void)
{
	return own_text("bridge -j fdb show dev p0 | jq -r '[.[] | select(.mac | startswith(\"52:54:00:01:01\")) |"
			" .mac + \" \" + (if .state == \"\" then \"dynamic\" elif .state == \"permanent\" then \"local\""
			" else .state end)] | unique | join(\",\")' | tr -d '\\n'");
}

static int by_mac(const void *a, const void *b)
{
	const struct weir_fdb *x = a, *y = b;

	return memcmp(x->mac, y->mac, 6);
}

static char *fdb_by_us(void)
{
	static const char *const words[] = { "static", "dynamic", "local" };
	struct weir_fdb *list = NULL;
	char *text = calloc(1, 4096);
	size_t n = 0, len = 0;

	assert_non_null(text);
	assert_int_equal(weir_fdb_list(w, PORT, &list, &n, NULL), 0);
	qsort(list, n, sizeof(*list), by_mac);
	for (size_t i = 0; i < n; i++)
		/* A port that is in a vlan has each entry there too. */
		if (!memcmp(list[i].mac, "\x52\x54\0\1\1", 5) && (!i || by_mac(&list[i - 1], &list[i])))
			len += (size_t)snprintf(text + len, 4096 - len, "%s52:54:00:01:01:%02x %s", len ? "," : "",
						list[i].mac[5], words[list[i].state]);
	free(list);
	return text;
}

static void knows(const char *entries, const char *what)
{
	char *theirs = fdb_by_bridge(), *ours = fdb_by_us();

	if (strcmp(theirs, entries) != 0 || strcmp(ours, entries) != 0)
		fail_msg("%s: we read \"%s\", bridge \"%s\"", what, ours, theirs);
	free(theirs);
	free(ours);
}

static void addresses_behind_ports(void **state)
{
	static const struct {
		const char *name;
		bool del;
		struct weir_fdb fdb;
		const char *after;
	} cases[] = {
		{ "one", false, FDB(5), "52:54:00:01:01:05 static" },
		{ "one that is forgotten in time", false, FDB(6, .state = WEIR_FDB_DYNAMIC),
		  "52:54:00:01:01:05 static,52:54:00:01:01:06 dynamic" },
		{ "one of its own", false, FDB(7, .state = WEIR_FDB_LOCAL),
		  "52:54:00:01:01:05 static,52:54:00:01:01:06 dynamic,52:54:00:01:01:07 local" },
		{ "one less", true, FDB(5), "52:54:00:01:01:06 dynamic,52:54:00:01:01:07 local" },
		{ "none of its own", true, FDB(7), "52:54:00:01:01:06 dynamic" },
	};
	const char *before = "";

	for (size_t i = 0; i < WR_COUNT(cases); i++) {
		for (int k = 0; k < 2; k++) {
			struct weir_txn *t = begin();

			(cases[i].del ? weir_txn_fdb_del : weir_txn_fdb_add)(t, &cases[i].fdb);
			if (k)
				commit(t, cases[i].name);
			else
				commit_and_fail(t, cases[i].name);
			knows(k ? cases[i].after : before, cases[i].name);
		}
		before = cases[i].after;
	}
}

static void addresses_that_are_refused(void **state)
{
	static const struct {
		const char *name;
		bool del;
		struct weir_fdb fdb;
		int code;
	} cases[] = {
		{ "known already", false, FDB(9), -EEXIST },
		{ "not known", true, FDB(8), -ENOENT },
		{ "a group", false, { .sz = sizeof(struct weir_fdb), .ifindex = PORT, .mac = { 1 } }, -EADDRNOTAVAIL },
		{ "a vlan that is none", false, FDB(8, .vid = 4095), -ERANGE },
		{ "a state that is none", false, FDB(8, .state = (enum weir_fdb_state)3), -EINVAL },
		{ "no port", false, { .sz = sizeof(struct weir_fdb), .mac = { 2 } }, -EINVAL },
	};

	own_sh("bridge fdb add 52:54:00:01:01:09 dev p0 master static");
	for (size_t i = 0; i < WR_COUNT(cases); i++) {
		struct weir_error err = WEIR_ERROR_INIT;
		struct weir_txn *t = begin();

		(cases[i].del ? weir_txn_fdb_del : weir_txn_fdb_add)(t, &cases[i].fdb);
		if (weir_txn_commit(t, &err) != cases[i].code)
			fail_msg("%s: %d: %s: %s", cases[i].name, err.code, err.object, err.msg);
		knows("52:54:00:01:01:09 static", cases[i].name);
	}
}

/* The kernel says no more than EPERM, as it does to those without the capability. */
static void a_port_that_does_not_learn(void **state)
{
	const struct weir_fdb fdb = FDB(7, .state = WEIR_FDB_DYNAMIC);
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_txn *t;

	own_sh("ip link set p0 down");
	t = begin();
	weir_txn_fdb_add(t, &fdb);
	assert_int_equal(weir_txn_commit(t, &err), -EPERM);
	assert_non_null(strstr(err.msg, "does not learn"));
}

/* Learned here, learned behind another port, told already, and told behind another port. */
static void what_was_learned_gives_way(void **state)
{
	static const struct {
		const char *before;
		int code;
	} cases[] = {
		{ "true", 0 },
		{ "bridge fdb add 52:54:00:01:01:05 dev p0 master dynamic", 0 },
		{ "bridge fdb add 52:54:00:01:01:05 dev p9 master dynamic", 0 },
		{ "bridge fdb add 52:54:00:01:01:05 dev p0 master static", 0 },
		{ "bridge fdb add 52:54:00:01:01:05 dev p9 master static", -EEXIST },
	};
	const struct weir_link join = { .sz = sizeof(join), .ifindex = PORT, .master = MAIN_BR,
					.has = WEIR_LINK_IFINDEX | WEIR_LINK_MASTER };
	const struct weir_fdb fdb = FDB(5);
	struct weir_txn *t;

	own_sh("ip link add p9 type veth peer name q9; ip link set p9 master br9; ip link set p9 up; ip link set q9 up");
	wait_until_forwarding("p9");
	for (size_t i = 0; i < WR_COUNT(cases); i++) {
		struct weir_error err = WEIR_ERROR_INIT;

		t = begin();
		own_sh("%s", cases[i].before);
		weir_txn_fdb_set(t, &fdb);
		if (weir_txn_commit(t, &err) != cases[i].code)
			fail_msg("%s: %d: %s: %s", cases[i].before, err.code, err.object, err.msg);
		knows(cases[i].code ? "" : "52:54:00:01:01:05 static", cases[i].before);
		if (cases[i].code)
			break;
		own_sh("bridge fdb del 52:54:00:01:01:05 dev p0 master");
		if (i)
			continue;
		t = begin();
		weir_txn_fdb_set(t, &fdb);
		commit_and_fail(t, "one that is set");
		knows("", "one that is set and undone");
	}
	own_sh("ip link set p0 nomaster");
	t = begin();
	weir_txn_link_set(t, &join);
	weir_txn_fdb_set(t, &fdb);
	assert_int_equal(weir_txn_commit(t, NULL), -EEXIST);
	own_sh("! ip link show p0 | grep -q 'master br9'; bridge fdb show dev p9 | grep -q 52:54:00:01:01:05");
}

static void asked_for_one(void **state)
{
	const struct weir_fdb known = FDB(9), unknown = FDB(8);
	struct weir_fdb elsewhere = FDB(9), got = { .sz = sizeof(got) };
	struct weir_txn *t;

	own_sh("bridge fdb add 52:54:00:01:01:09 dev p0 master static; ip link add p9 type veth peer name q9;"
	       "ip link set p9 master br9");
	elsewhere.ifindex = get("p9").ifindex;
	assert_int_equal(weir_fdb_get(w, &known, &got, NULL), 0);
	assert_memory_equal(got.mac, known.mac, 6);
	assert_int_equal(got.state, WEIR_FDB_STATIC);
	assert_int_equal(weir_fdb_get(w, &unknown, &got, NULL), -ENOENT);
	assert_int_equal(weir_fdb_get(w, &elsewhere, &got, NULL), -ENOENT);

	/* An address that nobody knows, behind a link that goes. */
	t = begin();
	weir_txn_link_del(t, PORT, "p0");
	weir_txn_fdb_del(t, &unknown);
	commit(t, "the port goes");
	assert_false(is_there("p0"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, own_teardown)
		TEST(vlans_of_ports),
		TEST(vlans_of_what_is_new),
		TEST(vlans_that_are_none),
		TEST(addresses_behind_ports),
		TEST(addresses_that_are_refused),
		TEST(a_port_that_does_not_learn),
		TEST(what_was_learned_gives_way),
		TEST(asked_for_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
