/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Ports that are shaped, changed and let go in a real kernel, by every method that
 * it has: many share an ifb, limits change under load without a loss, and what had
 * been there before comes back.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <weir/link.h>
#include <weir/tc.h>
#include <weir/txn.h>

#include "lib_own.h"
#include "tc/block.h"
#include "tc/bpf.h"
#include "tc/record.h"
#include "tests/common/descriptors.h"

#define MBIT 125000ull
#define LIMITS(in, out) { { (in), 0, 0, 0 }, { (out), 0, 0, 0 } }

/* The lab's emulated machines are slow: they do a part of what is done many times. */
static int times(int n)
{
	const char *stride = getenv("WEIR_TEST_STRIDE");
	int by = stride ? (int)strtol(stride, NULL, 10) : 1;

	return by > 1 ? n / by + 1 : n;
}

static struct weir_shape set_by(const char *name, const struct weir_bandwidth *b, const struct weir_shape_options *opts)
{
	struct weir_shape shape = { .sz = sizeof(shape) };
	struct weir_txn *t = begin();

	weir_txn_shape_set(t, index_of(name), name, b, opts, &shape);
	commit(t, name);
	return shape;
}

static struct weir_shape set_with(const char *name, const struct weir_bandwidth *b,
				  enum weir_shape_method method, enum weir_leaf leaf)
{
	return set_by(name, b, &(struct weir_shape_options){ .sz = sizeof(struct weir_shape_options),
							     .method = method, .leaf = leaf });
}

static struct weir_shape set(const char *name, const struct weir_bandwidth *b,
			     enum weir_shape_method method)
{
	return set_with(name, b, method, WEIR_LEAF_AUTO);
}

static void clear(const char *name)
{
	struct weir_txn *t = begin();

	weir_txn_shape_clear(t, index_of(name), name, NULL);
	commit(t, name);
}

/* Links, qdiscs, classes and filters, without counters and what the kernel numbers anew. */
static char *everything(void)
{
	return own_text("ip -o link show | sed -E 's/state [A-Z]+//; s/(NO-CARRIER|LOWER_UP|M-DOWN),//g; s/,(NO-CARRIER|LOWER_UP|M-DOWN)//g'; tc qdisc show |"
			" sed -E 's/direct_packets_stat [0-9]+ ?//'; for d in $(tc qdisc | sed -nE '/noqueue/!s/.* dev ([^ ]+) .*/\\1/p' | sort -u);"
			" do printf 'class show dev %%s\\nfilter show dev %%s ingress\\n' $d $d | tc -force -batch - 2>/dev/null |"
			" grep -v fq_codel; done; true");
}

static void same_as(const char *before, const char *what)
{
	same_text(before, everything(), what);
}

static void add_port(int i)
{
	own_sh("ip link add v%d type veth peer name e%d && ip link set v%d up && ip link set e%d up", i, i, i, i);
}

/* --- methods ------------------------------------------------------------------------------ */

static const enum weir_shape_method methods[] = {
	WEIR_SHAPE_SKBEDIT, WEIR_SHAPE_BLOCK, WEIR_SHAPE_BPF, WEIR_SHAPE_IFB, WEIR_SHAPE_POLICE,
};
#define N_METHODS (sizeof(methods) / sizeof(methods[0]))

static bool kernel_can(enum weir_shape_method method)
{
	int fd = method == WEIR_SHAPE_BPF   ? wr_bpf_load(1, WR_MAJOR_SHARED) :
		 method == WEIR_SHAPE_BLOCK ? wr_bpf_load(WR_BPF_BY_PORT, WR_MAJOR_SHARED) :
					      -1;

	if (fd >= 0)
		close(fd);
	return method == WEIR_SHAPE_BPF || method == WEIR_SHAPE_BLOCK ? fd >= 0 :
	       method == WEIR_SHAPE_SKBEDIT ? own_try("tc actions add action skbedit priority 1") :
	       method == WEIR_SHAPE_POLICE  ? own_try("tc actions add action police rate 1mbit burst 10k") :
					      true;
}

/* One whose filter is the port's own, on an ifb that ports share. */
static enum weir_shape_method own_filter(void)
{
	return kernel_can(WEIR_SHAPE_SKBEDIT) ? WEIR_SHAPE_SKBEDIT : WEIR_SHAPE_BPF;
}

/* The @nth class on an ifb, or that which follows from the port. */
static uint32_t class_of(const struct weir_shape *s, uint32_t nth)
{
	return s->method == WEIR_SHAPE_BLOCK ? wr_block_class(s->ifindex) : 0x77670007 + nth;
}

static void class_is(const struct weir_shape *s, const char *rate)
{
	char command[128];

	if (s->method == WEIR_SHAPE_POLICE) {
		snprintf(command, sizeof(command), "tc -d filter show dev %s ingress", s->name);
	} else {
		snprintf(command, sizeof(command), "tc -d class show dev %s | grep ' %x:%x '", s->ifb_name,
			 s->ifb_class ? s->ifb_class >> 16 : 0x7765, s->ifb_class ? s->ifb_class & 0xffff : 1);
	}
	shows(command, rate);
}

/* All ports at once are told as one is; links that others have filters or qdiscs on are not among them. */
static void is_listed(const char *name)
{
	struct weir_shape one = { .sz = sizeof(one) }, later = { .sz = sizeof(later) }, *all = NULL;
	size_t n = 0;

	assert_int_equal(weir_shape_get(w, index_of(name), &one, NULL), 0);
	assert_int_equal(weir_shape_list(w, &all, &n, NULL), 0);
	assert_int_equal(weir_shape_get(w, index_of(name), &later, NULL), 0);
	assert_int_equal(n, 1);
	assert_string_equal(all[0].name, one.name);
	assert_int_equal(all[0].method, one.method);
	assert_int_equal(all[0].qdisc, one.qdisc);
	assert_int_equal(all[0].inbound.leaf, one.inbound.leaf);
	assert_in_range(all[0].inbound.packets, one.inbound.packets, later.inbound.packets); /* IPv6 goes on */
	assert_string_equal(all[0].ifb_name, one.ifb_name);
	assert_int_equal(all[0].ifb_class, one.ifb_class);
	assert_memory_equal(&all[0].inbound.limits, &one.inbound.limits, sizeof(one.inbound.limits));
	assert_memory_equal(&all[0].outbound.limits, &one.outbound.limits, sizeof(one.outbound.limits));
	free(all);
}

/* None, some, other, one direction, none: the port is as it was, and so is everything else. */
static void by_method(enum weir_shape_method method)
{
	static const struct weir_bandwidth some = LIMITS(8 * MBIT, 4 * MBIT), other = LIMITS(2 * MBIT, MBIT),
					   in = LIMITS(MBIT, 0), out = LIMITS(0, 3 * MBIT), none = LIMITS(0, 0);
	char *before;
	struct weir_shape s;

	add_port(0);
	add_port(9);
	own_sh("tc qdisc add dev v9 root handle 7: htb && tc qdisc add dev v9 ingress");
	before = everything();
	s = set("v0", &some, method);
	assert_int_equal(s.method, method);
	shows("tc -d class show dev v0", "rate 8Mbit ceil 8Mbit");
	class_is(&s, "rate 4Mbit");
	is_listed("v0");
	s = set("v0", &other, WEIR_SHAPE_AUTO);
	assert_int_equal(s.method, method);
	shows("tc -d class show dev v0", "rate 2Mbit ceil 2Mbit");
	class_is(&s, "rate 1Mbit");
	set("v0", &in, WEIR_SHAPE_AUTO);
	shows("tc -d class show dev v0", "rate 1Mbit");
	shows("ip -o link show type ifb | wc -l", "0");
	s = set("v0", &out, method);
	shows("tc qdisc show dev v0 | grep -c htb; true", "0");
	class_is(&s, "rate 3Mbit");
	set("v0", &none, WEIR_SHAPE_AUTO);
	same_as(before, weir_shape_method_name(method));
	set("v0", &some, method);
	clear("v0");
	same_as(before, "cleared");
	clear("v0");
	same_as(before, "cleared twice");
	own_sh("ip link del v0 && ip link del v9");
	free(before);
}

static void every_method(void **state)
{
	for (size_t i = 0; i < N_METHODS; i++)
		if (kernel_can(methods[i]))
			by_method(methods[i]);
}

/* From each method to each other. */
static void from_method_to_method(void **state)
{
	static const struct weir_bandwidth limits = LIMITS(8 * MBIT, 4 * MBIT);
	char *before;

	add_port(0);
	before = everything();
	for (size_t i = 0; i < N_METHODS * N_METHODS; i++) {
		enum weir_shape_method from = methods[i / N_METHODS], to = methods[i % N_METHODS];

		if (!kernel_can(from) || !kernel_can(to))
			continue;
		set("v0", &limits, from);
		assert_int_equal(set("v0", &limits, to).method, to);
		shows("tc filter show dev v0 ingress | grep -c 'bpf.*direct\\|weir by port\\|match 0'", "1");
		clear("v0");
		same_as(before, weir_shape_method_name(to));
	}
	free(before);
}

/* --- HTB or TBF ----------------------------------------------------------------------------- */

static struct weir_shape set_qdisc(const struct weir_bandwidth *b, enum weir_qdisc qdisc)
{
	struct weir_shape s = set_by("v0", b, &(struct weir_shape_options){ .sz = sizeof(struct weir_shape_options),
									   .qdisc = qdisc });

	assert_true(!qdisc || !b->inbound.average_bytes_per_s || s.qdisc == qdisc);
	return s;
}

/* Does it, and something else that fails. */
static void undoes(const struct weir_bandwidth *b, enum weir_qdisc qdisc)
{
	const struct weir_shape_options opts = { .sz = sizeof(opts), .qdisc = qdisc };
	struct weir_link again = { .sz = sizeof(again), .kind = WEIR_LINK_IFB, .has = WEIR_LINK_NAME, .name = "lo" };
	char *before = everything();
	struct weir_txn *t = begin();

	weir_txn_shape_set(t, index_of("v0"), "v0", b, &opts, NULL);
	weir_txn_link_add(t, &again);
	assert_int_equal(weir_txn_commit(t, NULL), -EEXIST);
	same_as(before, weir_qdisc_name(qdisc));
	free(before);
}

static void from_qdisc_to_qdisc(void **state)
{
	static const struct weir_bandwidth some = { { 8 * MBIT, 10 * MBIT, 100000, 0 }, { 0 } }, none = LIMITS(0, 0),
					   other = LIMITS(2 * MBIT, 0), out = LIMITS(0, MBIT);
	char *before;

	add_port(0);
	before = everything();
	undoes(&some, WEIR_QDISC_TBF);
	set_qdisc(&some, WEIR_QDISC_TBF);
	shows("tc qdisc show dev v0", "qdisc tbf 7765: root");
	shows("tc qdisc show dev v0", "rate 8Mbit burst 100000b peakrate 10Mbit minburst 70000b lat 50ms");
	is_listed("v0");
	for (enum weir_qdisc to = WEIR_QDISC_HTB; to <= WEIR_QDISC_TBF; to++)
		undoes(&other, to);
	undoes(&none, WEIR_QDISC_AUTO);
	assert_int_equal(set_qdisc(&other, WEIR_QDISC_AUTO).qdisc, WEIR_QDISC_TBF);
	shows("tc qdisc show dev v0", "rate 2Mbit burst 70000b lat 50ms");
	set_qdisc(&some, WEIR_QDISC_HTB);
	shows("tc -d class show dev v0", "rate 8Mbit ceil 10Mbit");
	undoes(&other, WEIR_QDISC_TBF);
	assert_int_equal(set_qdisc(&other, WEIR_QDISC_AUTO).qdisc, WEIR_QDISC_HTB);
	set_qdisc(&some, WEIR_QDISC_TBF);
	shows("tc qdisc show dev v0", "qdisc tbf 7765: root");
	assert_int_equal(set_qdisc(&out, WEIR_QDISC_TBF).qdisc, WEIR_QDISC_AUTO);
	shows("tc qdisc show dev v0 | grep -c 'tbf\\|htb'; true", "0");
	set_qdisc(&other, WEIR_QDISC_TBF);
	clear("v0");
	same_as(before, "cleared");
	free(before);
}

/* What TBF cannot do, and what is not ours: nothing is changed. */
static void a_tbf_is_refused(void **state)
{
	static const struct {
		const char *name, *prepare;
		enum weir_qdisc had;	/* by us, with room for floors; AUTO: nothing */
		struct weir_rate rate;
		int code;
		const char *object, *attr, *says;
	} cases[] = {
		{ "a TBF of others", "tc qdisc add dev v0 root handle 5: tbf rate 1mbit burst 10k latency 50ms",
		  WEIR_QDISC_AUTO, { MBIT, 0, 0, 0 }, -EEXIST, "qdisc 5: tbf on v0", "", "is in the way and not ours" },
		{ "room for floors", ":", WEIR_QDISC_HTB, { MBIT, 0, 0, 0 }, -EINVAL, "bandwidth of v0", "qdisc",
		  "tbf has no classes, which floors need" },
		{ "less than a packet in 274 s", ":", WEIR_QDISC_AUTO, { 239, 0, 0, 0 }, -ERANGE, "bandwidth of v0", "average",
		  "is below the least of tbf, 240 B/s" },
	};

	for (size_t i = 0; i < WR_COUNT(cases); i++) {
		const struct weir_shape_options tbf = { .sz = sizeof(tbf), .qdisc = WEIR_QDISC_TBF },
						floors = { .sz = sizeof(floors), .has_floors = true };
		const struct weir_bandwidth b = { .inbound = cases[i].rate };
		struct weir_error err = WEIR_ERROR_INIT;
		struct weir_txn *t;
		char *before;

		add_port(0);
		own_sh("%s", cases[i].prepare);
		if (cases[i].had)
			set_by("v0", &b, &floors);
		before = everything();
		t = begin();
		weir_txn_shape_set(t, index_of("v0"), "v0", &b, &tbf, NULL);
		weir_txn_error(t, &err);
		weir_txn_abort(t);
		if (err.code != cases[i].code || strcmp(err.object, cases[i].object) || strcmp(err.attr, cases[i].attr) ||
		    strcmp(err.msg, cases[i].says))
			fail_msg("%s: %d %s %s: %s", cases[i].name, err.code, err.object, err.attr, err.msg);
		same_as(before, cases[i].name);
		free(before);
		own_sh("ip link del v0");
	}
}

/* Below a TBF there is nothing that a floor could be part of; and a handle may prefer it, but where there are floors. */
static void a_handle_may_prefer_tbf(void **state)
{
	static const struct weir_bandwidth limits = LIMITS(8 * MBIT, 0);
	const struct weir_options opts = { .sz = sizeof(opts), .shape_qdisc = WEIR_QDISC_TBF };
	const struct weir_shape_options floors = { .sz = sizeof(floors), .has_floors = true };
	const uint8_t mac[6] = { 0x52, 0x54, 0, 1, 2, 3 };
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir *without = w;
	struct weir_txn *t;

	add_port(0);
	add_port(1);
	assert_int_equal(weir_open(&opts, &w, NULL), 0);
	assert_int_equal(set("v0", &limits, WEIR_SHAPE_AUTO).qdisc, WEIR_QDISC_TBF);
	assert_int_equal(set_by("v1", &limits, &floors).qdisc, WEIR_QDISC_HTB);
	t = begin();
	assert_int_equal(weir_txn_floor_set(t, index_of("v0"), "v0", mac, MBIT, 0, NULL), -ENOENT);
	weir_txn_error(t, &err);
	assert_string_equal(err.msg, "has no limit that floors could be part of");
	weir_txn_abort(t);
	weir_close(w);
	w = without;
}

/* By a method that the kernel has not: it says what is missing, and changes nothing. */
static void what_the_kernel_lacks_is_named(void **state)
{
	static const struct weir_bandwidth limits = LIMITS(MBIT, MBIT);
	static const struct { enum weir_shape_method method; const char *words; } lacks[] = {
		{ WEIR_SHAPE_SKBEDIT, "the kernel lacks skbedit (CONFIG_NET_ACT_SKBEDIT, module act_skbedit) or mirred "
				      "(CONFIG_NET_ACT_MIRRED, module act_mirred)" },
		{ WEIR_SHAPE_POLICE, "the kernel lacks police (CONFIG_NET_ACT_POLICE, module act_police)" },
	};
	char *before;

	add_port(0);
	before = everything();
	for (size_t i = 0; i < WR_COUNT(lacks); i++) {
		struct weir_shape_options opts = { .sz = sizeof(opts), .method = lacks[i].method };
		struct weir_error err = WEIR_ERROR_INIT;
		struct weir_txn *t = begin();

		weir_txn_shape_set(t, index_of("v0"), "v0", &limits, &opts, NULL);
		if (kernel_can(lacks[i].method)) {
			weir_txn_abort(t);
			continue;
		}
		assert_int_equal(weir_txn_commit(t, &err), -ENOENT);
		if (!strstr(err.msg, lacks[i].words))
			fail_msg("%s: %s", err.object, err.msg);
		same_as(before, err.msg);
	}
	free(before);
}

/* --- leaves ------------------------------------------------------------------------------- */

static bool kernel_has(enum weir_leaf leaf)
{
	return own_try("tc qdisc add dev lo root %s", weir_leaf_name(leaf)) && own_try("tc qdisc del dev lo root");
}

static void send_frame(const char *name)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_ifindex = index_of(name), .sll_halen = 6 };
	const unsigned char frame[60] = { 0x52, 0x54, [12] = 0x88, 0xb5 };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	assert_int_equal(sendto(fd, frame, sizeof(frame), 0, (struct sockaddr *)&to, sizeof(to)), sizeof(frame));
	close(fd);
}

/* @kind: of the leaf, with the first digit of its handle; the others are the class's. */
static void leaf_below(const char *dev, uint32_t classid, const char *kind)
{
	char command[128], words[32] = "";

	snprintf(command, sizeof(command), "tc qdisc show dev %s parent %x:%x", dev, classid >> 16, classid & 0xffff);
	if (*kind)
		snprintf(words, sizeof(words), "%s%03x:", kind, classid & 0xffff);
	shows(command, words);
}

static void leaf_is(const struct weir_shape *s, const char *kind)
{
	leaf_below("v0", 0x77650001, kind);
	leaf_below(s->ifb_name, s->ifb_class ? s->ifb_class : 0x77650001, kind);
}

/* What has passed the class of what leaves by v0. */
static uint64_t passed(void)
{
	struct weir_shape s = { .sz = sizeof(s) };

	assert_int_equal(weir_shape_get(w, index_of("v0"), &s, NULL), 0);
	return s.inbound.bytes;
}

/* A frame gets through: a TBF whose leaf was deleted has one again. */
static void still_passes(void)
{
	const uint64_t before = passed();

	send_frame("v0");
	for (int n = 0; n < 3000 && passed() == before; n++)
		nanosleep(&(struct timespec){ 0, 10000000 }, NULL);
	assert_true(passed() > before);
}

/* From each leaf to each other, below the same class or TBF; and back, where something else fails. */
static void leaves_below(enum weir_qdisc qdisc)
{
	static const enum weir_leaf leaves[] = { WEIR_LEAF_SFQ, WEIR_LEAF_FQ_CODEL, WEIR_LEAF_DEFAULT,
						 WEIR_LEAF_FQ_CODEL, WEIR_LEAF_SFQ, WEIR_LEAF_DEFAULT };
	static const char *const kinds[] = { [WEIR_LEAF_SFQ] = "sfq 5", [WEIR_LEAF_FQ_CODEL] = "fq_codel f",
					     [WEIR_LEAF_DEFAULT] = "" };
	static const struct weir_bandwidth some = LIMITS(8 * MBIT, 4 * MBIT), other = LIMITS(2 * MBIT, MBIT / 10);
	struct weir_link again = { .sz = sizeof(again), .kind = WEIR_LINK_IFB, .has = WEIR_LINK_NAME, .name = "e0" };
	const struct weir_shape_options first = { .sz = sizeof(first), .leaf = WEIR_LEAF_SFQ, .qdisc = qdisc };
	struct weir_shape s;
	uint64_t bytes;

	add_port(0);
	s = set_by("v0", &some, &first);
	send_frame("v0");
	while (!(bytes = passed()))
		nanosleep(&(struct timespec){ 0, 10000000 }, NULL);
	for (size_t i = 0; i < WR_COUNT(leaves); i++) {
		struct weir_shape_options opts = { .sz = sizeof(opts), .leaf = leaves[(i + 1) % WR_COUNT(leaves)] };
		struct weir_txn *t;
		char *before;

		s = set_with("v0", i % 2 ? &some : &other, WEIR_SHAPE_AUTO, leaves[i]);
		leaf_is(&s, kinds[leaves[i]]);
		set("v0", &some, WEIR_SHAPE_AUTO);
		leaf_is(&s, kinds[leaves[i]]);
		assert_true(passed() >= bytes);
		before = everything();
		t = begin();
		weir_txn_shape_set(t, index_of("v0"), "v0", &other, &opts, NULL);
		weir_txn_link_add(t, &again);
		assert_int_equal(weir_txn_commit(t, NULL), -EEXIST);
		same_as(before, kinds[leaves[i]]);
		still_passes();
		free(before);
	}
	clear("v0");
	own_sh("ip link del v0");
}

static void a_leaf_changes_in_place(void **state)
{
	if (!kernel_has(WEIR_LEAF_SFQ) || !kernel_has(WEIR_LEAF_FQ_CODEL))
		own_skip("the kernel lacks sch_sfq or sch_fq_codel");
	leaves_below(WEIR_QDISC_HTB);
	leaves_below(WEIR_QDISC_TBF);
}

/* --- as commands ---------------------------------------------------------------------------- */

/* What weir_shape_explain() says, carried out elsewhere, makes what is here. */
static void explained_commands_make_the_same(void **state)
{
	static const char show[] = "for d in v0 $(ip -o link show type ifb | cut -d: -f2); do tc -j qdisc show dev $d; "
				   "tc -j class show dev $d | grep -v fq_codel; tc -j filter show dev $d ingress; done | "
				   "sed -E 's/\"(direct_packets_stat|index)\":[0-9]+,?//g'";
	static const struct weir_bandwidth limits = { { 8 * MBIT, 10 * MBIT, 100000, 0 }, { MBIT / 2, 0, 0, 0 } };

	add_port(0);
	for (size_t i = 0; i <= N_METHODS; i++) {
		const enum weir_shape_method method = i < N_METHODS ? methods[i] : WEIR_SHAPE_IFB;
		const struct weir_shape_options opts = { .sz = sizeof(opts), .method = method,
							 .qdisc = i < N_METHODS ? WEIR_QDISC_HTB : WEIR_QDISC_TBF };
		char *text = NULL, *here, *there;

		if (!kernel_can(method))
			continue;
		set_by("v0", &limits, &opts);
		assert_int_equal(weir_shape_explain(w, index_of("v0"), &text, NULL), 0);
		here = own_text("%s", show);
		there = own_text("unshare -n sh -e <<'END'\nip link add v0 type veth peer name e0\n%s\n%s\nEND\n", text,
				 show);
		/* A program is not in a file that tc could take it from; it says so, and the rest is the same. */
		if (method == WEIR_SHAPE_BPF || method == WEIR_SHAPE_BLOCK)
			assert_non_null(strstr(text, "# tc cannot make this filter"));
		else
			assert_string_equal(here, there);
		clear("v0");
		free(here);
		free(there);
		free(text);
	}
}

/* The best one is chosen by itself, and is one of those that share an ifb. */
static void the_best_is_chosen(void **state)
{
	static const struct weir_bandwidth limits = LIMITS(8 * MBIT, 4 * MBIT);
	struct weir_shape s;

	add_port(0);
	s = set("v0", &limits, WEIR_SHAPE_AUTO);
	assert_int_equal(s.method, kernel_can(WEIR_SHAPE_SKBEDIT) ? WEIR_SHAPE_SKBEDIT :
				   kernel_can(WEIR_SHAPE_BLOCK)	  ? WEIR_SHAPE_BLOCK :
								    WEIR_SHAPE_BPF);
	assert_string_equal(s.ifb_name, "weir-ifb0");
	assert_int_equal(s.ifb_class, class_of(&s, 1));
}

/* --- sharing -------------------------------------------------------------------------------- */

#define N_SHARED 5

static void share_an_ifb(enum weir_shape_method method)
{
	static const struct weir_bandwidth limits = LIMITS(0, 4 * MBIT), more = LIMITS(0, 9 * MBIT);
	struct weir_shape s[N_SHARED];
	struct weir_txn *t;
	char *before;

	for (int i = 0; i < N_SHARED; i++)
		add_port(i);
	before = everything();
	for (int i = 0; i < N_SHARED; i++) {
		char name[16];

		snprintf(name, sizeof(name), "v%d", i);
		s[i] = set(name, &limits, method);
		assert_int_equal(s[i].ifb_class, class_of(&s[i], 1 + (uint32_t)i));
		assert_string_equal(s[i].ifb_name, "weir-ifb0");
	}
	/* One of them changes, another goes: the rest stays. The hole is filled again. */
	set("v1", &more, WEIR_SHAPE_AUTO);
	shows("tc class show dev weir-ifb0 | grep -c 'rate 4Mbit'", "4");
	clear("v2");
	shows("tc class show dev weir-ifb0 | grep -c htb", "4");
	assert_int_equal(set("v2", &limits, method).ifb_class, s[2].ifb_class);
	/* A port that vanished: what is known of it is enough. */
	own_sh("ip link del v3");
	t = begin();
	weir_txn_shape_clear(t, s[3].ifindex, "v3", &s[3]);
	commit(t, "a port that is gone");
	shows("tc class show dev weir-ifb0 | grep -c htb", "4");
	add_port(3);
	/* All in one transaction, together with a port that is deleted. */
	t = begin();
	weir_txn_link_del(t, index_of("v4"), "v4");
	for (int i = 0; i < N_SHARED; i++) {
		char name[16];

		snprintf(name, sizeof(name), "v%d", i);
		weir_txn_shape_clear(t, index_of(name), name, i == 4 ? &s[4] : NULL);
	}
	commit(t, "all");
	add_port(4);
	own_sh("[ -z \"$(ip -o link show type ifb)\" ] && [ -z \"$(tc qdisc show | grep -v noqueue)\" ]");
	for (int i = 0; i < N_SHARED; i++)
		own_sh("ip link del v%d", i);
	free(before);
}

static void ports_share_an_ifb(void **state)
{
	share_an_ifb(own_filter());
	if (kernel_can(WEIR_SHAPE_BLOCK))
		share_an_ifb(WEIR_SHAPE_BLOCK);
}

#define FULL_IFB "128"	/* WR_PER_IFB */
#define N_MANY 133

/* More than an ifb takes, in one transaction: two of them, no class twice. */
static void many_ports(void **state)
{
	static const struct weir_bandwidth limits = LIMITS(8 * MBIT, 4 * MBIT);
	struct weir_shape *s = calloc(N_MANY, sizeof(*s));
	struct weir_txn *t = begin();

	for (int i = 0; i < N_MANY; i++) {
		struct weir_link l = { .sz = sizeof(l), .kind = WEIR_LINK_IFB, .has = WEIR_LINK_NAME };

		snprintf(l.name, sizeof(l.name), "p%d", i);
		s[i].sz = sizeof(*s);
		weir_txn_shape_set(t, weir_txn_link_add(t, &l), l.name, &limits, NULL, &s[i]);
	}
	commit(t, "many");
	shows("tc class show dev weir-ifb0 | grep -c htb", FULL_IFB);
	/* Where programs redirect, ports on one ifb share theirs, and by a block the filter. */
	if (s[0].method == WEIR_SHAPE_BPF)
		own_sh("[ $(for p in p0 p1 p127 p128; do tc filter show dev $p ingress; done |"
		       " sed -n 's/.* id \\([0-9]*\\) .*/\\1/p' | sort -u | wc -l) = 2 ]");
	shows("tc class show dev weir-ifb1 | grep -c htb", "5");
	t = begin();
	for (int i = 0; i < N_MANY; i++)
		weir_txn_link_del(t, s[i].ifindex, s[i].name);
	for (int i = 0; i < N_MANY; i++)
		weir_txn_shape_clear(t, s[i].ifindex, s[i].name, &s[i]);
	commit(t, "none");
	own_sh("[ -z \"$(ip -o link show type ifb)\" ]");
	free(s);
}

#define N_THERE 24

static uint32_t burst_of(const char *name)
{
	struct weir_shape s = { .sz = sizeof(s) };

	assert_int_equal(weir_shape_get(w, index_of(name), &s, NULL), 0);
	return s.inbound.limits.burst_bytes;
}

static int limit_all(const struct weir_bandwidth *b)
{
	struct weir_txn *t = begin();
	char name[16];

	for (int i = 0; i < N_THERE; i++) {
		snprintf(name, sizeof(name), "p%d", i);
		weir_txn_shape_set(t, index_of(name), name, b, NULL, NULL);
	}
	return weir_txn_commit(t, NULL);
}

/* Of many ports those that nothing shapes are not asked about one by one. The others, and what a limit needs of each, are seen all the same. */
static void many_that_are_there(void **state)
{
	static const struct weir_bandwidth limits = { .inbound = { 8 * MBIT, 0, 1, 0 } }, other = LIMITS(2 * MBIT, 0);
	struct weir_counters before = { .sz = sizeof(before) }, after = { .sz = sizeof(after) };
	bool has_macvtap;

	own_sh("for i in $(seq 0 %d); do ip link add p$i mtu $((1500 + i)) type ifb; done", N_THERE - 2);
	has_macvtap = own_try("ip link add link p0 name p23 type macvtap");
	if (!has_macvtap)
		own_sh("ip link add p23 type ifb");
	set("p20", &other, WEIR_SHAPE_AUTO);
	own_sh("tc qdisc add dev p21 root handle 7: htb");
	assert_int_equal(limit_all(&limits), -EEXIST);
	shows("tc qdisc show dev p19 | grep -c htb; true", "0");
	own_sh("tc qdisc del dev p21 root");
	weir_get_counters(w, &before);
	assert_int_equal(limit_all(&limits), 0);
	weir_get_counters(w, &after);
	/* One for each is index_of()'s. */
	assert_in_range(after.n_sends - before.n_sends, 1, N_THERE + 16);
	assert_in_range(burst_of("p19"), 1533, 1535);	/* a packet of its own */
	assert_in_range(burst_of("p20"), 1534, 1536);
	shows("tc class show dev p20 | grep -c htb", "1");
	if (has_macvtap)
		shows("tc qdisc show dev p23 | grep -c htb; tc qdisc show dev p23 | grep -c ingress", "0\n1");
}

static int change_all(const int *ports, const struct weir_bandwidth *b, struct weir_error *err)
{
	struct weir_txn *t = begin();
	char name[16];

	for (int i = 0; i < N_THERE; i++) {
		snprintf(name, sizeof(name), "v%d", i);
		if (b)
			weir_txn_shape_set(t, ports[i], name, b, NULL, NULL);
		else
			weir_txn_shape_clear(t, ports[i], name, NULL);
	}
	return weir_txn_commit(t, err);
}

/* Of limits by every method, and with what others put there, many are read at once; nothing that one by one is seen is missed. */
static void many_of_ours(void **state)
{
	static const struct weir_bandwidth some = LIMITS(8 * MBIT, 4 * MBIT), other = LIMITS(2 * MBIT, MBIT);
	struct weir_counters before = { .sz = sizeof(before) }, after = { .sz = sizeof(after) };
	struct weir_error err = WEIR_ERROR_INIT;
	char *bare, name[16];
	int ports[N_THERE];

	for (int i = 0; i < N_THERE; i++)
		add_port(i);
	bare = everything();
	for (int i = 0; i < N_THERE; i++) {
		const enum weir_shape_method method = i == 15 ? own_filter() : methods[(size_t)i % N_METHODS];
		struct weir_shape_options opts = { .sz = sizeof(opts), .qdisc = i == 13 ? WEIR_QDISC_TBF : WEIR_QDISC_HTB };

		snprintf(name, sizeof(name), "v%d", i);
		ports[i] = index_of(name);
		opts.method = kernel_can(method) ? method : WEIR_SHAPE_AUTO;
		set_by(name, &some, &opts);
	}
	own_sh("tc class add dev v12 parent 7765: classid 7765:30 htb rate 1mbit");
	own_sh("tc filter add dev v15 parent ffff: prio 5 protocol ip u32 match ip dst 192.0.2.1 flowid 1:1");
	weir_get_counters(w, &before);
	assert_int_equal(change_all(ports, &other, &err), 0);
	weir_get_counters(w, &after);
	/* Some are asked about by five messages each; of the others an ifb of their own takes two. */
	assert_in_range(after.n_sends - before.n_sends, 1, 4 * 5 + 6 + 2 * N_THERE);
	for (int i = 0; i < N_THERE; i++) {
		struct weir_shape s = { .sz = sizeof(s) };

		assert_int_equal(weir_shape_get(w, ports[i], &s, NULL), 0);
		assert_int_equal(s.qdisc, i == 13 ? WEIR_QDISC_TBF : WEIR_QDISC_HTB);
		assert_int_equal(s.inbound.limits.average_bytes_per_s, 2 * MBIT);
		assert_int_equal(s.outbound.limits.average_bytes_per_s, MBIT);
	}
	assert_int_equal(change_all(ports, NULL, &err), -EBUSY);
	assert_string_equal(err.object, "bandwidth of v12");
	own_sh("tc class del dev v12 classid 7765:30");
	assert_int_equal(change_all(ports, NULL, NULL), 0);
	shows("tc filter show dev v15 ingress", "pref 5");
	own_sh("tc qdisc del dev v15 ingress");
	same_as(bare, "all are cleared");
	free(bare);
}

/* --- blocks ------------------------------------------------------------------------------------------ */

static const struct weir_bandwidth block_limits = LIMITS(0, 4 * MBIT);

static struct weir_shape by_block(const char *name)
{
	return set(name, &block_limits, WEIR_SHAPE_BLOCK);
}

static void has_filter(const char *name, const char *count)
{
	char command[128];

	snprintf(command, sizeof(command), "tc filter show dev %s ingress | grep -c 'weir by port'; true", name);
	shows(command, count);
}

/* Filters of a block that somebody else has under the ifb's number are left alone, and so is a block without any. */
static void a_block_of_others_is_not_used(void **state)
{
	struct weir_shape first, s;

	if (!kernel_can(WEIR_SHAPE_BLOCK))
		own_skip("the kernel does not take the program");
	for (int i = 0; i < 5; i++)
		add_port(i);
	first = set("v0", &block_limits, own_filter());
	own_sh("tc qdisc add dev v1 ingress_block %d ingress", first.ifb_ifindex);
	s = by_block("v2");
	assert_string_equal(s.ifb_name, "weir-ifb1");
	own_sh("[ -z \"$(tc filter show dev v1 ingress)\" ]");
	own_sh("tc filter add block %d protocol ip prio 5 u32 match ip dst 192.0.2.1 flowid 1:1", first.ifb_ifindex);
	s = by_block("v3");
	assert_string_equal(s.ifb_name, "weir-ifb1");
	has_filter("v1", "0");
	/* Nor is a port in theirs shaped, or its block deleted, unless it is told to. */
	shows("tc qdisc show dev v1", "ingress_block");
	assert_int_equal(weir_shape_get(w, index_of("v1"), &s, NULL), -ENOENT);
}

/* What others put into the block goes on for its other ports. */
static void a_block_is_for_all(void **state)
{
	struct weir_shape s;

	if (!kernel_can(WEIR_SHAPE_BLOCK))
		own_skip("the kernel does not take the program");
	add_port(0);
	add_port(1);
	s = by_block("v0");
	by_block("v1");
	own_sh("tc filter add block %d protocol ip prio 5 u32 match ip dst 192.0.2.1 flowid 1:1", s.ifb_ifindex);
	clear("v0");
	shows("tc filter show dev v1 ingress", "pref 5");
	has_filter("v1", "1");
	own_sh("[ -z \"$(tc qdisc show dev v0 | grep ingress)\" ]");
}

/* Ports whose indexes lead to the same class. */
static void the_same_class_is_on_another_ifb(void **state)
{
	struct weir_shape s[2];

	if (!kernel_can(WEIR_SHAPE_BLOCK))
		own_skip("the kernel does not take the program");
	own_sh("ip link add v0 index 5000 type veth peer name e0 && ip link add v1 index %d type veth peer name e1",
	       5000 + WR_BLOCK_PORTS + 1);
	s[0] = by_block("v0");
	s[1] = by_block("v1");
	assert_int_equal(s[0].ifb_class, s[1].ifb_class);
	assert_string_equal(s[0].ifb_name, "weir-ifb0");
	assert_string_equal(s[1].ifb_name, "weir-ifb1");
	has_filter("v0", "1");
	has_filter("v1", "1");
}

static uint64_t sends(void)
{
	struct weir_counters c = { .sz = sizeof(c) };

	weir_get_counters(w, &c);
	return c.n_sends;
}

/* All that is to be known of a port, and of the ifb that it may share, is asked in one send, and the change is another. */
static void one_in_two_sends(const char *name, bool is_new)
{
	const struct weir_shape_options opts = { .sz = sizeof(opts), .method = WEIR_SHAPE_BLOCK,
						 .leaf = WEIR_LEAF_DEFAULT, .is_new = is_new };
	struct weir_shape s = { .sz = sizeof(s) };
	const int port = index_of(name);
	const uint64_t before = sends();

	weir_txn_shape_set(begin(), port, name, &block_limits, &opts, &s);
	commit(w->txn, "one port");
	assert_int_equal(sends() - before, 2);
	assert_string_equal(s.ifb_name, "weir-ifb0");
	class_is(&s, "rate 4Mbit");
	has_filter(name, "1");
}

static void each_is_asked_about_once(void **state)
{
	if (!kernel_can(WEIR_SHAPE_BLOCK))
		own_skip("the kernel does not take the program");
	for (int i = 0; i < 3; i++)
		add_port(i);
	one_in_two_sends("v0", false);
	one_in_two_sends("v1", false);
	one_in_two_sends("v2", true);
}

/* Nor does an ifb get more than it takes where they come one by one. */
static void one_more_than_an_ifb_takes(void **state)
{
	struct weir_shape_options opts = { .sz = sizeof(opts), .method = WEIR_SHAPE_BLOCK };
	struct weir_txn *t = begin();

	if (!kernel_can(WEIR_SHAPE_BLOCK)) {
		weir_txn_abort(t);
		own_skip("the kernel does not take the program");
	}
	for (int i = 0; i < WR_PER_IFB + 2; i++) {
		struct weir_link l = { .sz = sizeof(l), .kind = WEIR_LINK_IFB, .has = WEIR_LINK_NAME };
		int port;

		snprintf(l.name, sizeof(l.name), "p%d", i);
		port = weir_txn_link_add(t, &l);
		if (i < WR_PER_IFB - 1)
			weir_txn_shape_set(t, port, l.name, &block_limits, &opts, NULL);
	}
	commit(t, "many");
	assert_string_equal(by_block("p127").ifb_name, "weir-ifb0");
	assert_string_equal(by_block("p128").ifb_name, "weir-ifb1");
	assert_string_equal(by_block("p129").ifb_name, "weir-ifb1");
	shows("tc class show dev weir-ifb0 | grep -c htb", FULL_IFB);
}

/* With its last port a block goes; whoever comes next makes it again, and undo does. */
static void a_block_comes_back(void **state)
{
	struct weir_link taken = { .sz = sizeof(taken), .kind = WEIR_LINK_IFB, .name = "lo", .has = WEIR_LINK_NAME };
	struct weir_shape_options opts = { .sz = sizeof(opts), .method = WEIR_SHAPE_BLOCK };
	struct weir_txn *t;

	if (!kernel_can(WEIR_SHAPE_BLOCK))
		own_skip("the kernel does not take the program");
	for (int i = 0; i < 4; i++)
		add_port(i);
	set("v0", &block_limits, own_filter());
	by_block("v1");
	own_sh("ip link del v1");
	assert_string_equal(by_block("v2").ifb_name, "weir-ifb0");
	has_filter("v2", "1");
	t = begin();
	weir_txn_shape_clear(t, index_of("v2"), "v2", NULL);
	weir_txn_link_add(t, &taken);
	assert_int_equal(weir_txn_commit(t, NULL), -EEXIST);
	has_filter("v2", "1");
	/* One goes and one comes in the same transaction. */
	t = begin();
	weir_txn_shape_clear(t, index_of("v2"), "v2", NULL);
	weir_txn_shape_set(t, index_of("v3"), "v3", &block_limits, &opts, NULL);
	commit(t, "one for the other");
	has_filter("v3", "1");
}

/* "r": a port's root of ours, "i": its ingress qdisc, "c": a class, "f": a filter. */
static char kind_of(const struct nlmsghdr *msg)
{
	const struct tcmsg *tcm = NLMSG_DATA(msg);

	if (msg->nlmsg_type == RTM_NEWTCLASS || msg->nlmsg_type == RTM_NEWTFILTER)
		return msg->nlmsg_type == RTM_NEWTCLASS ? 'c' : 'f';
	if (msg->nlmsg_type != RTM_NEWQDISC)
		return '\0';
	return tcm->tcm_parent == TC_H_INGRESS ? 'i' : tcm->tcm_handle == WR_CLASS(WR_MAJOR, 0) ? 'r' : '\0';
}

static int note_order(void *arg, const struct nlmsghdr *msg)
{
	char *order = arg;

	if (strlen(order) < 15)
		order[strlen(order)] = kind_of(msg);
	return 0;
}

static void follows_order(struct wr_sock *listener, int first, int end, const char *order)
{
	static const struct weir_bandwidth limits = LIMITS(8 * MBIT, 4 * MBIT);
	const struct weir_shape_options opts = { .sz = sizeof(opts), .method = WEIR_SHAPE_BLOCK };
	struct weir_txn *t = begin();
	char name[16], is[16] = "";

	for (int i = first; i < end; i++) {
		snprintf(name, sizeof(name), "v%d", i);
		weir_txn_shape_set(t, index_of(name), name, &limits, &opts, NULL);
	}
	commit(t, order);
	while (wr_sock_events(listener, note_order, is, NULL) > 0)
		continue;
	assert_string_equal(is, order);
}

/* --- what comes after the ifb ------------------------------------------------------------------- */

#define N_IN_TURN 16
#define PROTOCOL 0x88b5

static int listen_on(const char *name)
{
	const struct sockaddr_ll at = { .sll_family = AF_PACKET, .sll_protocol = htons(PROTOCOL), .sll_ifindex = index_of(name) };
	const struct timeval patience = { 20, 0 };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

/* A frame of each guest, one after the other. */
static void send_in_turn(void)
{
	unsigned char frame[1000] = { 0x52, 0x54, [5] = 1, [6] = 0x52, 0x54, [12] = PROTOCOL >> 8, PROTOCOL & 0xff };

	for (int i = 0; i < N_IN_TURN; i++) {
		char name[16];
		int fd;

		snprintf(name, sizeof(name), "e%d", i);
		fd = listen_on(name);
		frame[14] = (unsigned char)i;
		assert_int_equal(send(fd, frame, sizeof(frame), 0), sizeof(frame));
		close(fd);
	}
}

/* A bridge of guests, and its slow way out by a queue that has bands. */
static void make_way_out(enum weir_shape_method method)
{
	static const struct weir_bandwidth limits = LIMITS(0, 100 * MBIT);

	own_sh("echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6");
	own_sh("ip link add br0 up type bridge && ip link add up0 master br0 up type veth peer name far && ip link set far up");
	own_sh("tc qdisc add dev up0 root handle 1: tbf rate 200kbit burst 1600 latency 10s");
	own_sh("tc qdisc add dev up0 parent 1:1 pfifo_fast");
	for (int i = 0; i < N_IN_TURN; i++) {
		char name[16];

		snprintf(name, sizeof(name), "v%d", i);
		add_port(i);
		own_sh("ip link set %s master br0", name);
		set(name, &limits, method);
	}
}

/* All guests are the same to it: none passes another, whatever class it had on the ifb. */
static void no_class_is_a_band(void **state)
{
	for (size_t i = 0; i < N_METHODS; i++) {
		unsigned char frame[1500];
		int fd;

		if (methods[i] == WEIR_SHAPE_POLICE || !kernel_can(methods[i]))
			continue;
		make_way_out(methods[i]);
		fd = listen_on("far");
		send_in_turn();
		for (int n = 0; n < N_IN_TURN; n++) {
			if (recv(fd, frame, sizeof(frame), 0) < 0)
				fail_msg("%s: guest %d's frame has not come", weir_shape_method_name(methods[i]), n);
			if (frame[14] != n)
				fail_msg("%s: %d comes before %d", weir_shape_method_name(methods[i]), frame[14], n);
		}
		close(fd);
		own_sh("ip link del br0 && ip link del up0 && for i in $(seq 0 %d); do ip link del v$i; done", N_IN_TURN - 1);
		own_sh("for d in $(ip -br link show type ifb | cut -d' ' -f1); do ip link del $d; done");
	}
}

/* The kernel finds the block that qdiscs share in the front of its list, unless a filter redirects from it already. */
static void who_shares_a_block_comes_first(void **state)
{
	struct wr_sock listener;

	if (!kernel_can(WEIR_SHAPE_BLOCK))
		own_skip("the kernel does not take the program");
	for (int i = 0; i < 3; i++)
		add_port(i);
	assert_int_equal(wr_sock_open(-1, &listener, NULL), 0);
	assert_int_equal(wr_sock_join(&listener, RTNLGRP_TC, NULL), 0);
	follows_order(&listener, 0, 2, "ririccccf");
	follows_order(&listener, 2, 3, "rcci");
	wr_sock_close(&listener);
}

/* --- the record ------------------------------------------------------------------------------------ */

/* What vanished behind its back is dropped, and a record that is lost or spoilt is none. */
static void the_record_may_be_wrong(void **state)
{
	static const struct weir_bandwidth limits = LIMITS(0, 4 * MBIT);
	char dir[] = "/tmp/weir-shape-XXXXXX";
	struct weir_options opts = { .sz = sizeof(opts), .state_dir = dir };
	struct weir *without = w;

	assert_non_null(mkdtemp(dir));
	assert_int_equal(weir_open(&opts, &w, NULL), 0);
	for (int i = 0; i < 5; i++)
		add_port(i);
	assert_int_equal(set("v0", &limits, own_filter()).ifb_class, 0x77670008);
	assert_int_equal(set("v1", &limits, own_filter()).ifb_class, 0x77670009);
	/* Somebody deletes the ifb. */
	own_sh("ip link del weir-ifb0");
	assert_int_equal(set("v2", &limits, own_filter()).ifb_class, 0x77670008);
	shows("tc class show dev weir-ifb0 | grep -c htb", "1");
	/* The record is lost: the kernel knows. */
	own_sh("rm %s/tc", dir);
	assert_int_equal(set("v3", &limits, own_filter()).ifb_class, 0x77670009);
	/* The record is spoilt: another ifb is made, and nobody's class is taken. */
	own_sh("echo 'ifb no ifb' >%s/tc", dir);
	assert_string_equal(set("v4", &limits, own_filter()).ifb_name, "weir-ifb1");
	shows("tc class show dev weir-ifb0 | grep -c htb", "2");
	clear("v4");
	shows("ip -o link show type ifb | grep -c weir-ifb1; true", "0");
	weir_close(w);
	w = without;
	own_sh("rm -r %s", dir);
}

/* Without descriptors it is an error: another record would stand where it was, and classes of it be given away. */
static void a_record_that_cannot_be_read(void **state)
{
	static const struct weir_bandwidth limits = LIMITS(0, 4 * MBIT);
	char dir[] = "/tmp/weir-shape-XXXXXX";
	const struct weir_shape_options own = { .sz = sizeof(own), .method = own_filter() };
	struct weir_options opts = { .sz = sizeof(opts), .state_dir = dir };
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir *without = w;
	struct weir_txn *t;

	assert_non_null(mkdtemp(dir));
	assert_int_equal(weir_open(&opts, &w, NULL), 0);
	add_port(0);
	add_port(1);
	assert_int_equal(set("v0", &limits, own_filter()).ifb_class, 0x77670008);
	assert_int_equal(weir_txn_begin(w, "limit", 0, &t, NULL), 0);
	leave_descriptors(0);
	weir_txn_shape_set(t, index_of("v1"), "v1", &limits, &own, NULL);
	leave_descriptors(-1);
	assert_int_equal(weir_txn_commit(t, &err), -EMFILE);
	assert_non_null(strstr(err.msg, "/tc cannot be read"));
	assert_int_equal(set("v1", &limits, own_filter()).ifb_class, 0x77670009);
	weir_close(w);
	w = without;
	own_sh("rm -r %s", dir);
}

/*
 * Somebody deletes the ifb, and the filter that leads there stays: nothing of the guest arrives any more. Its
 * next limits are on another ifb, and it gets rid of them.
 */
static void an_ifb_that_is_lost(void **state)
{
	static const struct weir_bandwidth some = LIMITS(0, 4 * MBIT), other = LIMITS(0, MBIT);
	char *before;

	add_port(0);
	before = everything();
	for (size_t i = 0; i < N_METHODS; i++) {
		struct weir_shape s;

		if (methods[i] == WEIR_SHAPE_POLICE || !kernel_can(methods[i]))
			continue;
		s = set("v0", &some, methods[i]);
		own_sh("ip link del %s", s.ifb_name);
		s = set("v0", &other, methods[i]);
		assert_int_equal(s.method, methods[i]);
		class_is(&s, "rate 1Mbit");
		shows("tc filter show dev v0 ingress | grep -c 'bpf.*direct\\|weir by port\\|match 0'", "1");
		own_sh("ip link del %s", s.ifb_name);
		clear("v0");
		same_as(before, weir_shape_method_name(methods[i]));
	}
	free(before);
}

/* --- what was there before --------------------------------------------------------------------- */

static void another_handle(void)
{
	weir_close(w);
	assert_int_equal(weir_open(NULL, &w, NULL), 0);
}

/*
 * Where there is none of the first name, others are looked for when a port of theirs
 * goes, and a handle knows the one that it has used; none is made under a name that
 * is taken.
 */
static void an_ifb_outlives_the_first(void **state)
{
	static const struct weir_bandwidth limits = LIMITS(0, 4 * MBIT);

	for (int i = 0; i < 3; i++)
		add_port(i);
	set("v0", &limits, own_filter());
	own_sh("ip link set weir-ifb0 down && ip link set weir-ifb0 name weir-ifb1 && ip link set weir-ifb1 up");
	another_handle();
	assert_string_equal(set("v1", &limits, own_filter()).ifb_name, "weir-ifb0");
	own_sh("ip link set weir-ifb0 down && ip link set weir-ifb0 name weir-ifb2 && ip link set weir-ifb2 up");
	clear("v0");
	shows("ip -o link show type ifb | grep -c weir-ifb1; true", "0");
	assert_string_equal(set("v0", &limits, own_filter()).ifb_name, "weir-ifb2");
	another_handle();
	clear("v1");
	clear("v0");
	own_sh("[ -z \"$(ip -o link show type ifb)\" ]");
	own_sh("ip link add weir-ifb0 type ifb");
	assert_string_equal(set("v2", &limits, own_filter()).ifb_name, "weir-ifb1");
}

static void noqueue_comes_back(void **state)
{
	static const struct weir_bandwidth limits = LIMITS(8 * MBIT, 4 * MBIT);

	if (!own_can_tap())
		own_skip("/dev/net/tun is not for us");
	own_sh("ip tuntap add v0 mode tap && ip link set v0 up && tc qdisc replace dev v0 root noqueue");
	set("v0", &limits, WEIR_SHAPE_AUTO);
	shows("tc qdisc show dev v0", "qdisc htb 7766:");
	set("v0", &limits, WEIR_SHAPE_AUTO);
	undoes(&limits, WEIR_QDISC_TBF);
	set_qdisc(&limits, WEIR_QDISC_TBF);
	shows("tc qdisc show dev v0", "qdisc tbf 7766:");
	clear("v0");
	shows("tc qdisc show dev v0", "qdisc noqueue");
}

static void others_are_replaced_when_told(void **state)
{
	static const struct weir_bandwidth limits = LIMITS(8 * MBIT, 4 * MBIT);
	struct weir_shape_options opts = { .sz = sizeof(opts), .replace = true };
	struct weir_link taken = { .sz = sizeof(taken), .kind = WEIR_LINK_IFB, .name = "lo",
				   .has = WEIR_LINK_NAME };
	struct weir_txn *t;
	char *before;

	add_port(0);
	own_sh("tc qdisc add dev v0 root handle 5: tbf rate 1mbit burst 10k latency 50ms && tc qdisc add dev v0 clsact");
	before = everything();
	/* And what was replaced comes back if something else fails. */
	t = begin();
	weir_txn_shape_set(t, index_of("v0"), "v0", &limits, &opts, NULL);
	weir_txn_link_add(t, &taken);
	assert_int_equal(weir_txn_commit(t, NULL), -EEXIST);
	same_as(before, "undone");
	t = begin();
	weir_txn_shape_set(t, index_of("v0"), "v0", &limits, &opts, NULL);
	commit(t, "replace");
	shows("tc qdisc show dev v0", "qdisc htb 7765:");
	shows("tc qdisc show dev v0", "qdisc ingress ffff:");
	free(before);
}

/* Filters that others put into our ingress qdisc keep it, and stay. */
static void filters_of_others_stay(void **state)
{
	static const struct weir_bandwidth limits = LIMITS(8 * MBIT, 4 * MBIT);
	struct weir_shape_options opts = { .sz = sizeof(opts), .method = WEIR_SHAPE_BLOCK };
	struct weir_txn *t;

	add_port(0);
	set("v0", &limits, own_filter());
	own_sh("tc filter add dev v0 parent ffff: prio 5 protocol ip u32 match ip dst 192.0.2.1 flowid 1:1");
	/* With them it cannot share a block. */
	t = begin();
	assert_int_equal(weir_txn_shape_set(t, index_of("v0"), "v0", &limits, &opts, NULL), -EEXIST);
	weir_txn_abort(t);
	clear("v0");
	shows("tc filter show dev v0 ingress", "pref 5");
	shows("tc filter show dev v0 ingress | grep -c 'pref 30565'; true", "0");
}

static void a_port_that_is_gone(void **state)
{
	static const struct weir_bandwidth limits = LIMITS(8 * MBIT, 4 * MBIT);
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_txn *t = begin();

	assert_int_equal(weir_txn_shape_set(t, 4711, "gone0", &limits, NULL, NULL), -ENODEV);
	assert_int_equal(weir_txn_error(t, &err), -ENODEV);
	assert_string_equal(err.object, "bandwidth of gone0");
	assert_string_equal(err.msg, "the link is gone");
	weir_txn_abort(t);
}

/* --- ports that are new --------------------------------------------------------------------------- */

/* What two ports have, and which ifbs there are; not what the kernel numbers anew, nor flows that packets have made. */
static char *ports_have(void)
{
	return own_text("printf 'qdisc show\\nclass show dev v0\\nclass show dev v1\\nfilter show dev v0 ingress\\n"
			"filter show dev v1 ingress\\n' | tc -force -batch - 2>/dev/null |"
			" sed -E '/^class (fq_codel|sfq)/d; s/direct_packets_stat [0-9]+ ?//; s/ to [0-9]+ / /; s/(id|tag|block|index) [0-9a-f]+//g';"
			" ip -br link show type ifb | sed 's/ .*//'");
}

static void ports_still_have(const char *before, const char *what)
{
	same_text(before, ports_have(), what);
}

static const struct weir_bandwidth new_limits = LIMITS(8 * MBIT, 4 * MBIT);

/* Ways to limit a port that put different steps on what is there: leaves, filters of its own, a block. */
static const struct way {
	enum weir_qdisc qdisc;
	enum weir_leaf leaf;
	bool by_block;
} ways[] = {
	{ WEIR_QDISC_HTB, WEIR_LEAF_AUTO, false },
	{ WEIR_QDISC_HTB, WEIR_LEAF_SFQ, true },
	{ WEIR_QDISC_TBF, WEIR_LEAF_AUTO, true },
	{ WEIR_QDISC_TBF, WEIR_LEAF_SFQ, false },
};
#define N_WAYS (sizeof(ways) / sizeof(ways[0]))

static bool can_go(const struct way *way)
{
	return (!way->by_block || kernel_can(WEIR_SHAPE_BLOCK)) &&
	       (way->leaf != WEIR_LEAF_SFQ || own_try("tc qdisc add dev lo root sfq && tc qdisc del dev lo root"));
}

static struct weir_shape_options options_of(const struct way *way, bool is_new)
{
	return (struct weir_shape_options){ .sz = sizeof(struct weir_shape_options), .qdisc = way->qdisc, .leaf = way->leaf,
					    .method = way->by_block ? WEIR_SHAPE_BLOCK : own_filter(), .is_new = is_new };
}

/* Two ports, the second of which may have something. */
static struct weir_txn *limit_both(const struct way *way, bool is_new)
{
	const struct weir_shape_options opts = options_of(way, is_new);
	struct weir_txn *t = begin();

	weir_txn_shape_set(t, index_of("v1"), "v1", &new_limits, &opts, NULL);
	weir_txn_shape_set(t, index_of("v0"), "v0", &new_limits, &opts, NULL);
	return t;
}

static bool is_slow(void)
{
	return times(100) < 100;
}

/* On a slow machine only at the first, the last and one between. */
static void fails_at_each_step(const struct way *way, const char *before)
{
	struct weir_error err = WEIR_ERROR_INIT;
	uint32_t n = 1;

	for (uint32_t i = 0; i < 2 * n; i += is_slow() ? n - 1 : 1) {
		struct weir_txn *t = limit_both(way, true);

		n = (uint32_t)t->n_steps;
		w->fault = i % 2 ? WR_FAULT_SKIP : WR_FAULT_KERNEL;
		w->fault_step = i / 2;
		assert_true(weir_txn_commit(t, &err) < 0);
		w->fault = WR_FAULT_NONE;
		ports_still_have(before, err.object);
	}
}

/* It gets what one gets that is asked about, and where a step fails, nothing. */
static void a_new_port_is_limited_as_any(void **state)
{
	char *before, *asked;

	add_port(0);
	add_port(1);
	before = ports_have();
	for (size_t i = 0; i < N_WAYS; i++) {
		if (!can_go(&ways[i]))
			continue;
		commit(limit_both(&ways[i], false), "asked about");
		asked = ports_have();
		clear("v0");
		clear("v1");
		fails_at_each_step(&ways[i], before);
		commit(limit_both(&ways[i], true), "new");
		ports_still_have(asked, "new ports");
		clear("v0");
		clear("v1");
		ports_still_have(before, "cleared");
		free(asked);
	}
	free(before);
}

/* A burst of 1 becomes a packet. */
static void the_mtu_is_as_the_caller_says(void **state)
{
	static const struct weir_bandwidth small = { .inbound = { 8 * MBIT, 0, 1, 0 } };
	const struct weir_link made = { .sz = sizeof(made), .kind = WEIR_LINK_IFB, .has = WEIR_LINK_NAME, .name = "made" };
	struct weir_shape_options opts = { .sz = sizeof(opts), .is_new = true };
	struct weir_txn *t = begin();

	weir_txn_shape_set(t, index_of("lo"), "lo", &small, &opts, NULL);
	opts.mtu = 9000;
	weir_txn_shape_set(t, weir_txn_link_add(t, &made), "made", &small, &opts, NULL);
	for (int i = 0; i < 2; i++) {
		add_port(i);
		opts.is_new = i == 0;
		weir_txn_shape_set(t, index_of(i ? "v1" : "v0"), i ? "v1" : "v0", &small, &opts, NULL);
	}
	commit(t, "with a word on the MTU");
	assert_in_range(burst_of("lo"), 65549, 65551);
	assert_in_range(burst_of("made"), 9013, 9015);
	assert_in_range(burst_of("v0"), 9013, 9015);
	assert_in_range(burst_of("v1"), 9013, 9015);
	clear("lo");
}

static const struct weir_bandwidth inbound_alone = LIMITS(8 * MBIT, 0);

static void has_tbf(void)
{
	set_by("v0", &inbound_alone, &(struct weir_shape_options){ .sz = sizeof(struct weir_shape_options), .qdisc = WEIR_QDISC_TBF });
}

static void has_htb(void)
{
	set_with("v0", &inbound_alone, WEIR_SHAPE_AUTO, WEIR_LEAF_DEFAULT);
}

static void has_root(void)
{
	own_sh("tc qdisc add dev v0 root handle 5: tbf rate 1mbit burst 10k latency 50ms");
}

static void has_noqueue(void)
{
	own_sh("tc qdisc add dev v0 root handle 6: noqueue");
}

static void has_ingress(void)
{
	own_sh("tc qdisc add dev v0 ingress && "
	       "tc filter add dev v0 parent ffff: prio 5 protocol ip u32 match ip dst 192.0.2.1 flowid 1:1");
}

static void has_clsact(void)
{
	own_sh("tc qdisc add dev v0 clsact");
}

static const struct obstacle {
	void (*put)(void);
	const char *words;	/* of what is there, in the error */
} obstacles[] = {
	{ has_root, "already: tbf 5:" }, { has_noqueue, "already: noqueue 6:" }, { has_ingress, "already: ingress ffff:" },
	{ has_clsact, "already: clsact ffff:" }, { has_htb, "already: htb 7765:" }, { has_tbf, "already: tbf 7765:" },
};

/* Whose handle has a journal asks, for a recovery would not know what the kernel has refused. */
static void is_seen_with_a_journal(const struct way *way, const char *before)
{
	const struct weir_options with = { .sz = sizeof(with), .state_dir = "/run/weir-new" };
	const struct weir_shape_options opts = options_of(way, true);
	struct weir_txn *t;
	struct weir *kept;

	assert_int_equal(weir_open(&with, &kept, NULL), 0);
	assert_int_equal(weir_txn_begin(kept, "new", 0, &t, NULL), 0);
	assert_int_equal(weir_txn_shape_set(t, index_of("v0"), "v0", &new_limits, &opts, NULL), -EEXIST);
	weir_txn_abort(t);
	weir_close(kept);
	ports_still_have(before, "with a journal");
}

/* By another handle, that asks before there is anything. */
static struct weir_txn *ask_both(const struct way *way)
{
	struct weir *own = w;
	struct weir_txn *t;

	assert_int_equal(weir_open(NULL, &w, NULL), 0);
	t = limit_both(way, false);
	w = own;
	return t;
}

static void is_refused_on(const struct obstacle *obstacle, const struct way *way, bool is_asked)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_txn *t = is_asked ? ask_both(way) : NULL;
	struct weir *other = t ? weir_txn_handle(t) : NULL;
	char *before;

	obstacle->put();
	before = ports_have();
	assert_int_equal(weir_txn_commit(t ? t : limit_both(way, true), &err), -EEXIST);
	weir_close(other);
	if (!strstr(err.object, " on v0") || !strstr(err.msg, obstacle->words) || strstr(err.msg, "undoing"))
		fail_msg("%s: %s", err.object, err.msg);
	ports_still_have(before, err.msg);
	if (!is_asked && obstacle->put == (way->by_block ? has_root : has_clsact))
		fails_at_each_step(way, before);
	if (!is_asked && obstacle->put == has_ingress && way->by_block)
		is_seen_with_a_journal(way, before);
	own_try("tc qdisc del dev v0 root");
	own_try("tc qdisc del dev v0 ingress || tc qdisc del dev v0 clsact");
	own_try("ip link del weir-ifb0");
	free(before);
}

static void are_refused_on(bool is_asked)
{
	add_port(0);
	add_port(1);
	for (size_t i = 0; i < N_WAYS; i++)
		for (size_t k = is_slow() ? i % 2 : 0; can_go(&ways[i]) && k < sizeof(obstacles) / sizeof(obstacles[0]);
		     k += is_slow() ? 2 : 1)
			is_refused_on(&obstacles[k], &ways[i], is_asked);
}

/* A caller may be wrong: what others have there, or we, stays as it is. */
static void what_a_new_port_has_stays(void **state)
{
	are_refused_on(false);
}

/* And so does what another puts there while it is made ready. */
static void what_comes_in_between_stays(void **state)
{
	are_refused_on(true);
}

/* --- under load ----------------------------------------------------------------------------------- */

#define PORT 4711
#define WINDOW 32
#define N_CHANGES 1000

/* The guest: sends every packet back until it is killed. */
static int echo(void *arg)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	char buf[1500];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 || write(*(int *)arg, "x", 1) != 1)
		return 1;
	for (;;) {
		socklen_t len = sizeof(addr);
		ssize_t n = recvfrom(fd, buf, sizeof(buf), 0, (struct sockaddr *)&addr, &len);

		if (n < 0 || sendto(fd, buf, (size_t)n, 0, (struct sockaddr *)&addr, len) != n)
			return 1;
	}
}

/* The host: keeps WINDOW packets on their way until the pipe says stop; then waits for all of them. */
static int stream(int stop)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct pollfd p[2] = { { .fd = fd, .events = POLLIN }, { .fd = stop, .events = POLLIN } };
	char buf[1000] = "ping";
	int under_way = 0;

	inet_pton(AF_INET, "10.0.0.2", &to.sin_addr);
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		return 1;
	do {
		while (!p[1].revents && under_way < WINDOW)
			if (send(fd, buf, sizeof(buf), 0) == sizeof(buf))
				under_way++;
			else
				return 3;
		if (poll(p, 2, 30000) <= 0)
			return 2;	/* one was lost: its place in the window is never free again */
		if (p[0].revents && recv(fd, buf, sizeof(buf), 0) == sizeof(buf))
			under_way--;
	} while (!p[1].revents || under_way);
	return 0;
}

static pid_t start(const char *path, int (*fn)(void *arg), void *arg)
{
	pid_t pid;

	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid)
		return pid;
	own_ns_run(path, fn, arg);
	_exit(0);
}

static pid_t start_stream(int stop, int other_end)
{
	pid_t pid;

	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid)
		return pid;
	close(other_end);
	_exit(stream(stop));
}

static void wait_for(int fd)
{
	char c;

	assert_int_equal(read(fd, &c, 1), 1);
}

static void add_pair(struct weir_txn *t, const char *path)
{
	struct weir_link pair = {
		.sz = sizeof(pair), .kind = WEIR_LINK_VETH, .has = WEIR_LINK_NAME | WEIR_LINK_UP,
		.name = "v0", .is_up = true,
		.veth = { .has = WEIR_VETH_PEER_NAME, .peer_name = "eth0", .peer_netns = path, .peer_up = true },
	};

	weir_txn_link_add(t, &pair);
}

/* A pair with the guest's end elsewhere, shaped both ways. Its queues only queue: fq_codel drops what waits for long. */
static void make_guest(char path[64], const struct weir_bandwidth *limits, enum weir_shape_method method,
		       enum weir_qdisc qdisc)
{
	const struct weir_shape_options opts = { .sz = sizeof(opts), .method = method, .qdisc = qdisc,
						 .leaf = WEIR_LEAF_DEFAULT };
	struct weir_txn *t;

	own_ns_beside(path);
	t = begin();
	add_pair(t, path);
	commit(t, "a pair");
	own_sh("ip addr add 10.0.0.1/24 dev v0 && nsenter --net=%s ip addr add 10.0.0.2/24 dev eth0", path);
	set_by("v0", limits, &opts);
}

/* The limits hold the stream: from now on packets wait, where the limit is the lower one, whenever they are changed. */
static void wait_for_queue(void)
{
	static const char held[] = "for d in v0 $(ls /proc/sys/net/ipv4/conf | grep ifb); do tc -s qdisc show dev $d root; done |"
				   " grep -o 'overlimits [1-9]' | wc -l";
	char *text = own_text("%s", held);

	for (int n = 0; n < 3000 && strtoul(text, NULL, 10) < 1; n++) {
		free(text);
		poll(NULL, 0, 20);
		text = own_text("%s", held);
	}
	assert_true(strtoul(text, NULL, 10) >= 1);
	free(text);
}

/*
 * A packet that the change lost would never come back, and the stream would stand still:
 * without changes it loses none, and so it must with them.
 */
static void change_under_load(enum weir_shape_method method, enum weir_qdisc qdisc)
{
	static const struct weir_bandwidth limits[] = { LIMITS(4 * MBIT, 2 * MBIT), LIMITS(2 * MBIT, 4 * MBIT) };
	struct weir_shape shape = { .sz = sizeof(shape) };
	int ready[2], stop[2], status = 0;
	pid_t guest, host;
	char path[64];

	make_guest(path, &limits[0], method, qdisc);
	assert_int_equal(pipe(ready), 0);
	assert_int_equal(pipe(stop), 0);
	guest = start(path, echo, &ready[1]);
	wait_for(ready[0]);
	host = start_stream(stop[0], stop[1]);
	wait_for_queue();
	for (int i = times(N_CHANGES); i > 0; i--)
		set("v0", &limits[i % 2], WEIR_SHAPE_AUTO);
	assert_int_equal(write(stop[1], "x", 1), 1);
	assert_int_equal(waitpid(host, &status, 0), host);
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		fail_msg("%s: the stream ended with %x", weir_shape_method_name(method), status);
	kill(guest, SIGKILL);
	waitpid(guest, NULL, 0);
	own_sh("for d in v0 $(ls /proc/sys/net/ipv4/conf | grep ifb); do tc -s qdisc show dev $d root | grep -q 'dropped 0' || exit 1; done");
	/* And all of it has gone through the port's classes. */
	assert_int_equal(weir_shape_get(w, index_of("v0"), &shape, NULL), 0);
	assert_in_range(shape.inbound.packets, WINDOW, UINT32_MAX);
	assert_in_range(shape.outbound.packets, WINDOW, UINT32_MAX);
	own_sh("ip link del v0");
	for (int i = 0; i < 2; i++) {
		close(ready[i]);
		close(stop[i]);
	}
}

static void changes_under_load_lose_nothing(void **state)
{
	for (size_t i = 0; i < N_METHODS; i++)
		if (methods[i] != WEIR_SHAPE_POLICE && kernel_can(methods[i]))
			change_under_load(methods[i], methods[i] == WEIR_SHAPE_IFB ? WEIR_QDISC_TBF : WEIR_QDISC_HTB);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, own_setup, own_teardown)
		TEST(every_method),
		TEST(from_method_to_method),
		TEST(from_qdisc_to_qdisc),
		TEST(a_tbf_is_refused),
		TEST(a_handle_may_prefer_tbf),
		TEST(what_the_kernel_lacks_is_named),
		TEST(a_leaf_changes_in_place),
		TEST(explained_commands_make_the_same),
		TEST(the_best_is_chosen),
		TEST(ports_share_an_ifb),
		TEST(many_ports),
		TEST(many_that_are_there),
		TEST(many_of_ours),
		TEST(a_block_of_others_is_not_used),
		TEST(a_block_is_for_all),
		TEST(the_same_class_is_on_another_ifb),
		TEST(each_is_asked_about_once),
		TEST(one_more_than_an_ifb_takes),
		TEST(a_block_comes_back),
		TEST(who_shares_a_block_comes_first),
		TEST(the_record_may_be_wrong),
		TEST(a_record_that_cannot_be_read),
		TEST(an_ifb_outlives_the_first),
		TEST(an_ifb_that_is_lost),
		TEST(no_class_is_a_band),
		TEST(noqueue_comes_back),
		TEST(others_are_replaced_when_told),
		TEST(filters_of_others_stay),
		TEST(a_port_that_is_gone),
		TEST(a_new_port_is_limited_as_any),
		TEST(the_mtu_is_as_the_caller_says),
		TEST(what_a_new_port_has_stays), TEST(what_comes_in_between_stays),
		TEST(changes_under_load_lose_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
