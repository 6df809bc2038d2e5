/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What somebody else has made stays his, wherever the process is killed: also
 * between the kernel's refusal to make it again and the process's own undo, when
 * all that is left is a journal which says how to take it away. And what is not
 * there is not brought by the undo of taking it away. Each transaction also makes
 * a link, in front of that, which must not be there in the end.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <weir/bridge.h>
#include <weir/ip.h>
#include <weir/link.h>

#include "base/file.h"
#include "lib_trace.h"

#define CARD 1000
#define PORT 1001

/* A link that is up, with addresses, a route of each family, and a name; and a port whose bridge knows an address. */
static int setup(void **state)
{
	if (ns_setup(state))
		return -1;
	ns_sh("set -e; ip link add low0 index %d type ifb; ip link set low0 addrgenmode none; ip link set low0 up;"
	      "ip link property add dev low0 altname another; ip addr add 192.0.2.1/24 dev low0;"
	      "ip addr add fd00::1/64 dev low0 nodad; ip route add 10.0.0.0/8 via 192.0.2.9 proto static;"
	      "ip route add 10.1.0.0/16 via 192.0.2.9 proto static metric 7; ip -6 route add fd01::/48 via fd00::9 proto static metric 7;"
	      "ip -6 route add fd02::/48 via fd00::9 proto static; ip link add br0 type bridge;"
	      "ip link add p0 index %d type ifb; ip link set p0 master br0;"
	      "bridge fdb add 52:54:00:00:00:01 dev p0 master static; ip link add p1 type ifb; ip link set p1 master br0;"
	      "bridge fdb add 52:54:00:00:00:02 dev p1 master static", CARD, PORT);
	return 0;
}

/* Faster than a snapshot. Links are sorted: older kernels show them by their index, and that of a new one is random. */
static char *state_now(void)
{
	return ns_out("ip -br link | sed 's/ .*//' | sort; ip -br link show up | sed 's/ .*/ is up/' | sort; ip link show dev low0 | grep altname;"
		      "ip -o addr | sed 's/^[0-9]*: //; s/valid_lft.*//; s/ tentative//' | sort;"
		      "{ ip route; ip -6 route | grep -v fe80; } | sort; bridge fdb show br br0 | grep 52:54:00:00:00 | sort;"
		      "grep -l '^weirjnl1[^-]' %s/journal 2>&1 || true", ns_state_dir);
}

/* --- the transactions ---------------------------------------------------------------------- */

static struct weir_ip ip(const char *text)
{
	struct weir_ip a = { 0 };

	assert_true(!*text || !weir_ip_parse(text, &a));
	return a;
}

static void addr(struct weir_txn *t, bool add, const char *local, uint8_t prefix)
{
	struct weir_addr a = { .sz = sizeof(a), .ifindex = CARD, .local = ip(local), .prefix = prefix };

	a.has = a.local.family == WEIR_FAMILY_IPV6 ? WEIR_ADDR_NODAD : 0;
	a.nodad = true;
	(add ? weir_txn_addr_add : weir_txn_addr_del)(t, &a);
}

static void route(struct weir_txn *t, bool add, const char *dst, uint8_t prefix, const char *gateway)
{
	struct weir_route r = { .sz = sizeof(r), .ifindex = CARD, .dst = ip(dst), .prefix = prefix,
				.gateway = ip(gateway) };

	(add ? weir_txn_route_add : weir_txn_route_del)(t, &r);
}

static void fdb(struct weir_txn *t, bool add, uint8_t last)
{
	const struct weir_fdb f = { .sz = sizeof(f), .ifindex = PORT, .mac = { 0x52, 0x54, 0, 0, 0, last } };

	(add ? weir_txn_fdb_add : weir_txn_fdb_del)(t, &f);
}

static void link_add(struct weir_txn *t, const char *name, int ifindex)
{
	struct weir_link l = { .sz = sizeof(l), .kind = WEIR_LINK_IFB, .ifindex = ifindex,
			       .has = WEIR_LINK_NAME | (ifindex ? WEIR_LINK_IFINDEX : 0) };

	snprintf(l.name, sizeof(l.name), "%s", name);
	weir_txn_link_add(t, &l);
}

static void has_v4(struct weir_txn *t)
{
	addr(t, true, "192.0.2.1", 24);
}

static void has_v6(struct weir_txn *t)
{
	addr(t, true, "fd00::1", 64);
}

static void has_one_of_two(struct weir_txn *t)
{
	addr(t, true, "192.0.2.2", 24);
	addr(t, true, "192.0.2.1", 24);
	addr(t, true, "fd00::2", 64);
}

static void has_route4(struct weir_txn *t)
{
	route(t, true, "10.0.0.0", 8, "192.0.2.9");
}

static void has_route6(struct weir_txn *t)
{
	route(t, true, "fd02::", 48, "fd00::9");
}

static void has_name(struct weir_txn *t)
{
	weir_txn_altname_add(t, CARD, "another");
}

static void has_fdb(struct weir_txn *t)
{
	fdb(t, true, 1);
}

static void has_link(struct weir_txn *t)
{
	link_add(t, "p0", 0);
}

static void has_very_link(struct weir_txn *t)
{
	link_add(t, "p0", PORT);
}

static void has_tap(struct weir_txn *t)
{
	struct weir_link l = { .sz = sizeof(l), .kind = WEIR_LINK_TUN, .name = "p0", .ifindex = PORT,
			       .has = WEIR_LINK_NAME | WEIR_LINK_IFINDEX };

	weir_txn_tap_add(t, &l, 0, NULL);
}

static void lacks_v4(struct weir_txn *t)
{
	addr(t, false, "192.0.2.3", 24);
}

static void lacks_v6(struct weir_txn *t)
{
	addr(t, false, "fd00::3", 64);
}

static void lacks_route4(struct weir_txn *t)
{
	route(t, false, "10.3.0.0", 16, "192.0.2.9");
}

static void lacks_route6(struct weir_txn *t)
{
	route(t, false, "fd03::", 48, "fd00::9");
}

static void lacks_fdb(struct weir_txn *t)
{
	fdb(t, false, 2);	/* which is behind the other port */
}

static void lacks_name(struct weir_txn *t)
{
	weir_txn_altname_del(t, CARD, "nobodys");
}

static void other_goes_down(struct weir_txn *t)
{
	const struct weir_link l = { .sz = sizeof(l), .ifindex = PORT, .has = WEIR_LINK_IFINDEX | WEIR_LINK_UP };

	weir_txn_link_set(t, &l);
}

static void has_v6_behind(struct weir_txn *t)
{
	other_goes_down(t);
	has_v6(t);
}

static void has_route4_behind(struct weir_txn *t)
{
	other_goes_down(t);
	has_route4(t);
}

static void lacks_v6_behind(struct weir_txn *t)
{
	other_goes_down(t);
	lacks_v6(t);
}

static void renews(struct weir_txn *t)
{
	weir_txn_link_keep(t, CARD);
	addr(t, false, "192.0.2.1", 24);
	addr(t, true, "192.0.2.1", 24);
	route(t, true, "10.0.0.0", 8, "192.0.2.9");	/* which went with the address */
	route(t, true, "10.1.0.0", 16, "192.0.2.9");
	addr(t, false, "fd00::1", 64);
	addr(t, true, "fd00::1", 64);
	weir_txn_altname_del(t, CARD, "another");
	weir_txn_altname_add(t, CARD, "another");
	addr(t, true, "192.0.2.3", 24);
	addr(t, false, "192.0.2.3", 24);
}

static void other_metric(struct weir_txn *t)
{
	route(t, true, "10.1.0.0", 16, "192.0.2.9");
	route(t, true, "fd01::", 48, "fd00::9");
}

static void comes_back(struct weir_txn *t)
{
	struct weir_link l = { .sz = sizeof(l), .ifindex = CARD, .has = WEIR_LINK_IFINDEX | WEIR_LINK_UP };

	weir_txn_link_keep(t, CARD);
	weir_txn_link_set(t, &l);
	l.is_up = true;
	weir_txn_link_set(t, &l);
	addr(t, true, "fd00::1", 64);
	route(t, true, "10.0.0.0", 8, "192.0.2.9");
}

static const struct look_case {
	const char *name;
	void (*build)(struct weir_txn *t);
	int code;
	const char *object, *says;
	unsigned int sends;	/* of one that is refused: its questions */
} cases[] = {
	{ "an address", has_v4, -EEXIST, "address 192.0.2.1/24", "the link has the address already", 1 },
	{ "an address of IPv6", has_v6, -EEXIST, "address fd00::1/64", "the link has the address already", 1 },
	{ "one of three addresses", has_one_of_two, -EEXIST, "address 192.0.2.1/24", "already", 2 },
	{ "a route", has_route4, -EEXIST, "route to 10.0.0.0/8", "there is such a route already", 1 },
	{ "a route of IPv6", has_route6, -EEXIST, "route to fd02::/48", "there is such a route already", 1 },
	{ "a name", has_name, -EEXIST, "link 1000", "the name is taken", 1 },
	{ "an address behind a port", has_fdb, -EEXIST, "address 52:54:00:00:00:01 on link 1001", "known already", 1 },
	{ "a link's name", has_link, -EEXIST, "ifb p0", "is taken by another link", 0 },
	{ "a link's name and index", has_very_link, -EEXIST, "ifb p0", "is taken by another link", 1 },
	{ "a tap's name and index", has_tap, -EEXIST, "link p0", "taken by another link", 1 },
	{ "no address", lacks_v4, -EADDRNOTAVAIL, "address 192.0.2.3/24", "", 1 },
	{ "no address of IPv6", lacks_v6, -EADDRNOTAVAIL, "address fd00::3/64", "", 1 },
	{ "no route", lacks_route4, -ESRCH, "route to 10.3.0.0/16", "", 1 },
	{ "no route of IPv6", lacks_route6, -ESRCH, "route to fd03::/48", "", 1 },
	{ "no name", lacks_name, -ENOENT, "link 1000", "", 1 },
	{ "no address behind this port", lacks_fdb, -ENOENT, "address 52:54:00:00:00:02 on link 1001", "", 0 },
	/* A link may take another's addresses and routes with it, so these are for the kernel to refuse. */
	{ "an address behind a link that goes down", has_v6_behind, -EEXIST, "address fd00::1/64", "already", 0 },
	{ "a route behind a link that goes down", has_route4_behind, -EEXIST, "route to 10.0.0.0/8", "already", 0 },
	{ "no address behind a link that is changed", lacks_v6_behind, -EADDRNOTAVAIL, "address fd00::3/64", "", 0 },
	{ "what goes and comes", renews, 0, "", "", 0 },
	{ "routes of other metrics", other_metric, 0, "", "", 0 },
	{ "what is flushed and comes back", comes_back, 0, "", "", 0 },
};

static const struct look_case *this_case;

static void build(struct weir_txn *t)
{
	link_add(t, "new0", 0);
	this_case->build(t);
}

static void nothing(struct weir *w)
{
}

/* --- what becomes of it ------------------------------------------------------------------- */

static void same_as(const char *before, const char *what)
{
	char *now = state_now();

	if (strcmp(before, now) != 0) {
		ns_show_difference(before, now);
		fail_msg("%s: %s", this_case->name, what);
	}
	free(now);
}

/* With the kernel's code and our words, and only questions were sent where there would be a journal. */
static void is_refused(struct weir *w)
{
	struct weir_counters sent = { .sz = sizeof(sent) }, after = { .sz = sizeof(after) };
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_txn *t = ns_begin(w);
	int r;

	build(t);
	weir_get_counters(w, &sent);
	r = weir_txn_commit(t, &err);
	weir_get_counters(w, &after);
	if (r != this_case->code || err.stage != WEIR_STAGE_KERNEL || strcmp(err.object, this_case->object) != 0 ||
	    !strstr(err.msg, this_case->says))
		fail_msg("%s: %d: %d: %s: %s: %s", this_case->name, r, err.stage, err.object, err.attr, err.msg);
	if (this_case->sends && weir_state_dir(w))
		assert_int_equal(after.n_sends - sent.n_sends, this_case->sends);
}

static bool has_journal(void)
{
	wr_auto(str) struct wr_str text = { 0 };
	char path[128];

	snprintf(path, sizeof(path), "%s/journal", ns_state_dir);
	return !wr_file_read(path, &text) && text.len && strncmp(text.data, "weirjnl1-", 9) != 0;
}

/*
 * Kills it where there is a journal, before its @n-th call that changes something;
 * false if it came to its end, as it must. Before there is one nothing is done.
 */
static bool kill_at(unsigned int n)
{
	unsigned int n_moments = 0;
	const struct scenario s = { .name = this_case->name, .prepare = nothing, .build = build };
	struct trace_moments moments = { .n = 0 };
	struct ptrace_syscall_info info;
	pid_t pid = trace_start(&s);
	int status;

	while (trace_step(pid, &info, &status))
		if (trace_is_moment(&moments, &info) && has_journal() && n_moments++ == n) {
			trace_kill(pid);
			return true;
		}
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == (this_case->code ? 1 : 0));
	return false;
}

static void recover(void)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir *w = ns_open();

	if (weir_recover(w, &err) < 0)
		fail_msg("%s: recovery: %s: %s", this_case->name, err.object, err.msg);
	weir_close(w);
}

static void stays_as_it_is(void **state)
{
	struct weir *w = ns_open();
	unsigned int n = 0;
	char *before, what[64];

	this_case = *state;
	recover();
	before = state_now();
	is_refused(w);
	same_as(before, "refused");
	weir_close(w);
	while (kill_at(n)) {
		recover();
		snprintf(what, sizeof(what), "killed at moment %u", n++);
		same_as(before, what);
	}
	same_as(before, "not killed");
	/* What the look refused has not come so far. */
	assert_true(this_case->sends ? n == 0 : n > 1);
	free(before);
}

/* Nobody recovers then, so nothing is looked at: the kernel refuses with the same words, and what it refused is not undone. */
static void without_a_journal(void **state)
{
	char *before = state_now();
	struct weir *w;

	assert_int_equal(weir_open(NULL, &w, NULL), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		this_case = &cases[i];
		if (!this_case->code || this_case->build == has_tap)	/* that is no matter of netlink's */
			continue;
		is_refused(w);
		same_as(before, "refused by the kernel");
	}
	weir_close(w);
	free(before);
}

/* By a step at the end that the kernel refuses. */
static void is_taken_back(void)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir *w = ns_open();
	struct weir_txn *t = ns_begin(w);

	build(t);
	link_add(t, "low0", 0);
	if (weir_txn_commit(t, &err) != -EEXIST || strcmp(err.object, "ifb low0") != 0 || strstr(err.msg, "undoing"))
		fail_msg("%s: %d: %s: %s", this_case->name, err.code, err.object, err.msg);
	weir_close(w);
}

/* What only looks as if it would be refused: it is not, and is undone or complete wherever it is killed. */
static void is_carried_out(void **state)
{
	unsigned int n = 0, undone = 0;
	char *before, *after, what[64];

	this_case = *state;
	recover();
	before = state_now();
	is_taken_back();
	same_as(before, "taken back");
	assert_false(kill_at(1000));
	after = state_now();
	ns_teardown(NULL);
	setup(NULL);
	recover();
	for (bool killed = true; killed;) {
		char *is;

		snprintf(what, sizeof(what), "killed at moment %u", n);
		killed = kill_at(n++);
		recover();
		is = state_now();
		if (!strcmp(is, after)) {
			ns_teardown(NULL);
			setup(NULL);
			recover();
		} else {
			same_as(before, what);
			undone++;
		}
		free(is);
	}
	assert_true(undone > 1);
	free(before);
	free(after);
}

/* The lab's emulated machines take every third: one of each kind. */
int main(void)
{
	const size_t n_cases = sizeof(cases) / sizeof(cases[0]), step = ns_stride() > 1 ? 3 : 1;
	struct CMUnitTest tests[sizeof(cases) / sizeof(cases[0]) + 1] = {
		cmocka_unit_test_setup_teardown(without_a_journal, setup, ns_teardown),
	};
	size_t n = 1;

	for (size_t i = 0; i < n_cases; i += step)
		tests[n++] = (struct CMUnitTest){
			.name = cases[i].name, .initial_state = (void *)&cases[i], .setup_func = setup,
			.teardown_func = ns_teardown, .test_func = cases[i].code ? stays_as_it_is : is_carried_out,
		};
	return _cmocka_run_group_tests("what is there already", tests, n, NULL, NULL);
}
