/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the kernel can do, found out by doing it: a child process makes a network
 * namespace of its own (a user namespace around it if it must), tries each thing
 * there and leaves the answers in shared memory; the namespace vanishes with it.
 * What the library can make is made by the library; what it cannot make yet is
 * tried with ip, tc and nft where they are installed. A module that is not loaded
 * is not tried, because trying would load it (see module.c).
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <weir/nat.h>
#include <weir/tc.h>

#include "doctor.h"

#define DEADLINE_S 30
#define N_LISTS 6

enum part { PART_NONE, PART_SHAPING, PART_NAT };

struct result {
	enum state state;
	char detail[400];
};

struct lab {
	struct weir *w;
	const char *trouble;
	char lower[16];
	int lower_ifindex;
};

/* What is tried: a kind of link, a line of words, or a function; "|" separates lines. */
struct probe {
	const char *area;
	const char *name;
	const char *config;
	const char *modules[N_LISTS];
	const char *line;
	int (*run)(struct lab *lab, const struct probe *p, struct weir_error *err);
	enum weir_link_kind kind;
	enum part part;
	bool is_needed;
};

/* --- in the namespace: by the library --------------------------------------------- */

static int begin(struct lab *lab, struct weir_txn **ret, struct weir_error *err)
{
	return weir_txn_begin(lab->w, "probe", 0, ret, err);
}

static void set_lower(struct lab *lab, int ifindex, const char *name)
{
	if (lab->lower_ifindex)
		return;
	lab->lower_ifindex = ifindex;
	snprintf(lab->lower, sizeof(lab->lower), "%s", name);
}

static int try_link(struct lab *lab, const struct probe *p, struct weir_error *err)
{
	struct weir_link link = { .sz = sizeof(link), .has = WEIR_LINK_NAME, .kind = p->kind };
	struct weir_txn *txn;
	int ifindex, r = begin(lab, &txn, err);

	if (r)
		return r;
	snprintf(link.name, sizeof(link.name), "probe-%.8s", p->name);
	if (p->kind == WEIR_LINK_VETH) {
		link.veth.has = WEIR_VETH_PEER_NAME;
		snprintf(link.veth.peer_name, sizeof(link.veth.peer_name), "probe-peer");
	}
	if (p->kind == WEIR_LINK_MACVLAN || p->kind == WEIR_LINK_MACVTAP) {
		link.has |= WEIR_LINK_LOWER;
		link.lower = (uint32_t)lab->lower_ifindex;
		link.macvlan.has = WEIR_MACVLAN_MODE;
		link.macvlan.mode = WEIR_MACVLAN_BRIDGE;
	}
	ifindex = p->kind == WEIR_LINK_TUN ? weir_txn_tap_add(txn, &link, 0, NULL) :
					     weir_txn_link_add(txn, &link);
	r = weir_txn_commit(txn, err);
	if (!r && p->kind != WEIR_LINK_MACVLAN && p->kind != WEIR_LINK_MACVTAP)
		set_lower(lab, ifindex, link.name);
	return r;
}

static int try_shaping(struct lab *lab, const struct probe *p, struct weir_error *err)
{
	struct weir_bandwidth b = { .inbound.average_bytes_per_s = 125000,
				    .outbound.average_bytes_per_s = 125000 };
	struct weir_txn *txn;
	int r = begin(lab, &txn, err);

	if (r)
		return r;
	weir_txn_shape_set(txn, lab->lower_ifindex, lab->lower, &b, NULL, NULL);
	return weir_txn_commit(txn, err);
}

static int try_nat(struct lab *lab, const struct probe *p, struct weir_error *err)
{
	struct weir_subnet subnet = { .prefix = 24 };
	struct weir_nat nat = { .sz = sizeof(nat),
				.bridge = "probe-bridge",
				.mode = WEIR_FORWARD_NAT,
				.subnets = &subnet,
				.n_subnets = 1 };
	struct weir_txn *txn;
	int r = begin(lab, &txn, err);

	if (r)
		return r;
	weir_ip_parse("192.0.2.1", &subnet.address);
	weir_txn_nat_add(txn, &nat);
	return weir_txn_commit(txn, err);
}

/* --- the list --------------------------------------------------------------------- */

/* clang-format off */
#define LINK(n, k, cfg, mod, need) \
	{ .area = "link", .name = (n), .config = (cfg), .modules = { (mod) }, .run = try_link, .kind = (k), .is_needed = (need) }
#define LINE(a, n, cfg, mod, l, prt, need) \
	{ .area = (a), .name = (n), .config = (cfg), .modules = { (mod) }, .line = (l), .part = (prt), .is_needed = (need) }

static const struct probe probes[] = {
	LINK("bridge",  WEIR_LINK_BRIDGE,  "CONFIG_BRIDGE",  "bridge",  true),
	LINK("veth",    WEIR_LINK_VETH,    "CONFIG_VETH",    "veth",    true),
	LINK("tun",     WEIR_LINK_TUN,     "CONFIG_TUN",     "tun",     true),
	LINK("ifb",     WEIR_LINK_IFB,     "CONFIG_IFB",     "ifb",     true),
	LINK("macvlan", WEIR_LINK_MACVLAN, "CONFIG_MACVLAN", "macvlan", false),
	LINK("macvtap", WEIR_LINK_MACVTAP, "CONFIG_MACVTAP", "macvtap", false),
	LINE("link", "vlan",  "CONFIG_VLAN_8021Q", "8021q", "ip link add link @ name probe-vlan type vlan id 5", PART_NONE, false),
	LINE("link", "bond",  "CONFIG_BONDING", "bonding", "ip link add probe-bond type bond", PART_NONE, false),
	LINE("link", "dummy", "CONFIG_DUMMY", "dummy", "ip link add probe-dummy type dummy", PART_NONE, false),
	LINE("link", "vxlan", "CONFIG_VXLAN", "vxlan", "ip link add probe-vxlan type vxlan id 5 dstport 4789 local 127.0.0.1", PART_NONE, false),
	LINE("link", "vrf",   "CONFIG_NET_VRF", "vrf", "ip link add probe-vrf type vrf table 5", PART_NONE, false),

	LINE("tc", "htb",      "CONFIG_NET_SCH_HTB", "sch_htb", "tc qdisc add dev lo root handle 1: htb", PART_SHAPING, true),
	LINE("tc", "tbf",      "CONFIG_NET_SCH_TBF", "sch_tbf", "tc qdisc replace dev lo root handle 3: tbf rate 1mbit burst 10k limit 10k", PART_NONE, false),
	LINE("tc", "fq_codel", "CONFIG_NET_SCH_FQ_CODEL", "sch_fq_codel", "tc qdisc replace dev lo root handle 2: fq_codel", PART_NONE, false),
	LINE("tc", "clsact",   "CONFIG_NET_SCH_INGRESS", "sch_ingress", "tc qdisc add dev lo clsact", PART_NONE, false),
	LINE("tc", "ingress",  "CONFIG_NET_SCH_INGRESS", "sch_ingress", "tc qdisc del dev lo clsact | tc qdisc add dev lo ingress", PART_SHAPING, true),
	LINE("tc", "u32",      "CONFIG_NET_CLS_U32", "cls_u32",
	     "tc filter add dev lo parent ffff: prio 1 protocol all u32 match u32 0 0 flowid 1:1", PART_SHAPING, true),
	LINE("tc", "matchall", "CONFIG_NET_CLS_MATCHALL", "cls_matchall",
	     "tc filter add dev lo parent ffff: prio 2 protocol all matchall classid 1:1", PART_NONE, false),
	LINE("tc", "flower",   "CONFIG_NET_CLS_FLOWER", "cls_flower",
	     "tc filter add dev lo parent ffff: prio 3 protocol ip flower dst_ip 192.0.2.1 classid 1:1", PART_NONE, false),
	LINE("tc", "mirred",   "CONFIG_NET_ACT_MIRRED", "act_mirred", "tc actions add action mirred egress mirror dev lo", PART_SHAPING, true),
	LINE("tc", "police",   "CONFIG_NET_ACT_POLICE", "act_police", "tc actions add action police rate 1mbit burst 10k", PART_NONE, false),
	LINE("tc", "skbedit",  "CONFIG_NET_ACT_SKBEDIT", "act_skbedit", "tc actions add action skbedit priority 1", PART_NONE, false),
	{ .area = "tc", .name = "shaping", .modules = { "sch_htb", "sch_ingress", "cls_u32", "act_mirred", "ifb" },
	  .run = try_shaping, .is_needed = true },

	LINE("nft", "inet table", "CONFIG_NF_TABLES_INET", "nf_tables", "nft add table inet probe", PART_NAT, true),
	LINE("nft", "nat",    "CONFIG_NFT_NAT", "nft_chain_nat",
	     "nft add chain inet probe n { type nat hook postrouting priority 100 ; }", PART_NAT, true),
	LINE("nft", "masq",   "CONFIG_NFT_MASQ", "nft_masq", "nft add rule inet probe n masquerade", PART_NAT, true),
	LINE("nft", "ct",     "CONFIG_NFT_CT", "nft_ct",
	     "nft add chain inet probe f | nft add rule inet probe f ct state established accept", PART_NAT, true),
	LINE("nft", "reject", "CONFIG_NFT_REJECT_INET", "nft_reject_inet",
	     "nft add chain inet probe f | nft add rule inet probe f reject", PART_NAT, true),
	{ .area = "nft", .name = "networks", .modules = { "nf_tables", "nft_chain_nat", "nft_masq", "nft_ct", "nft_reject_inet" },
	  .run = try_nat, .is_needed = true },
};
/* clang-format on */

#define N_PROBES (sizeof(probes) / sizeof(probes[0]))

/* --- in the namespace: by ip, tc and nft ------------------------------------------ */

static void first_line(char *dst, size_t size, const char *text)
{
	text = text ? text : "";
	snprintf(dst, size, "%.*s", (int)strcspn(text, "\n"), text);
}

/* One line of words, where "@" stands for an Ethernet link of the namespace. */
static int try_words(const struct lab *lab, const char *line, size_t len, struct result *res)
{
	char *text = xformat("%.*s", (int)len, line);
	char *at = strstr(text, " @ ");
	char *filled =
		at ? xformat("%.*s %s %s", (int)(at - text), text, lab->lower, at + 3) : NULL;
	char *out = NULL, *err = NULL;
	int r = run_line(filled ? filled : text, &out, &err);

	res->state = r == 0 ? STATE_OK : r < 0 ? STATE_UNCHECKED : STATE_MISSING;
	if (r < 0)
		snprintf(res->detail, sizeof(res->detail), "%s is not installed (package %s)",
			 !strncmp(line, "nft", 3) ? "nft" : "iproute2",
			 !strncmp(line, "nft", 3) ? "nftables" : "iproute2");
	else
		first_line(res->detail, sizeof(res->detail), r ? err : "");
	free(out);
	free(err);
	free(text);
	free(filled);
	return r;
}

/* The last line decides; the ones before it make room for it. */
static void try_lines(const struct lab *lab, const struct probe *p, struct result *res)
{
	const char *line = p->line;
	const char *bar;

	while ((bar = strstr(line, " | "))) {
		try_words(lab, line, (size_t)(bar - line), res);
		line = bar + 3;
	}
	try_words(lab, line, strlen(line), res);
}

/* --- in the namespace: one after the other ---------------------------------------- */

static bool needs_lower(const struct probe *p)
{
	return p->kind == WEIR_LINK_MACVLAN || p->kind == WEIR_LINK_MACVTAP ||
	       p->run == try_shaping || (p->line && strstr(p->line, " @ "));
}

/* Which modules trying it would load; "" for none. */
static void would_load(const struct probe *p, char *buf, size_t size)
{
	size_t used = 0;

	*buf = '\0';
	for (int i = 0; i < N_LISTS && p->modules[i]; i++) {
		enum module_state s = module_state(p->modules[i]);

		if ((s == MODULE_NOT_LOADED || s == MODULE_UNKNOWN) && used < size)
			used += (size_t)snprintf(buf + used, size - used, "%s%s", used ? ", " : "",
						 p->modules[i]);
	}
}

static bool is_available(const struct probe *p)
{
	for (int i = 0; i < N_LISTS && p->modules[i]; i++)
		if (module_state(p->modules[i]) == MODULE_UNKNOWN)
			return false;
	return true;
}

static bool looked_up(const struct probe *p, struct result *res)
{
	char list[200];

	would_load(p, list, sizeof(list));
	if (!*list)
		return false;
	res->state = is_available(p) ? STATE_MODULE : STATE_UNCHECKED;
	snprintf(res->detail, sizeof(res->detail),
		 res->state == STATE_MODULE ? "%s, loaded when first used" :
					      "would perhaps load %s; try --load",
		 list);
	return true;
}

static void try_one(struct lab *lab, const struct probe *p, struct result *res, bool may_load)
{
	struct weir_error err = WEIR_ERROR_INIT;
	char line[400];

	res->detail[0] = '\0';
	if (!may_load && looked_up(p, res))
		return;
	if (lab->trouble || (needs_lower(p) && !lab->lower_ifindex)) {
		res->state = STATE_UNCHECKED;
		snprintf(res->detail, sizeof(res->detail), "%s",
			 lab->trouble ? lab->trouble : "there is no Ethernet link to try it on");
	} else if (p->line) {
		try_lines(lab, p, res);
	} else if (p->run(lab, p, &err)) {
		res->state = STATE_MISSING;
		first_line(res->detail, sizeof(res->detail),
			   weir_error_format(&err, line, sizeof(line)));
	} else {
		res->state = STATE_OK;
	}
}

/* --- the namespace ---------------------------------------------------------------- */

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool done = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return done ? 0 : -1;
}

/* Programs that are started keep their capabilities only if the user is root in the namespace. */
static bool enter_as_user(void)
{
	char *uids = xformat("0 %u 1", (unsigned int)geteuid());
	char *gids = xformat("0 %u 1", (unsigned int)getegid());
	bool done = !unshare(CLONE_NEWUSER | CLONE_NEWNET);

	if (done) {
		write_file("/proc/self/setgroups", "deny");
		done = !write_file("/proc/self/uid_map", uids) &&
		       !write_file("/proc/self/gid_map", gids);
	}
	free(uids);
	free(gids);
	return done;
}

static void child(struct result *results, bool may_load)
{
	struct weir_options opts = { .sz = sizeof(opts), .step_ops = weir_network_steps };
	struct lab lab = { .lower_ifindex = 0 };

	alarm(DEADLINE_S);
	if (unshare(CLONE_NEWNET) && !enter_as_user())
		lab.trouble = "not root, and user namespaces are not allowed";
	else if (weir_open(&opts, &lab.w, NULL))
		lab.trouble = "no rtnetlink socket";
	for (size_t i = 0; i < N_PROBES; i++)
		try_one(&lab, &probes[i], &results[i], may_load);
	weir_close(lab.w);
}

/* --- the answers ------------------------------------------------------------------ */

static bool is_ok(const struct result *results, const char *name)
{
	for (size_t i = 0; i < N_PROBES; i++)
		if (!strcmp(probes[i].name, name))
			return results[i].state == STATE_OK;
	return false;
}

/* What the library did as a whole needed every part of it. */
static void infer_parts(struct result *results)
{
	bool is_proven[] = {
		[PART_NONE] = false,
		[PART_SHAPING] = is_ok(results, "shaping"),
		[PART_NAT] = is_ok(results, "networks"),
	};

	for (size_t i = 0; i < N_PROBES; i++) {
		if (!is_proven[probes[i].part] || results[i].state != STATE_UNCHECKED)
			continue;
		results[i].state = STATE_OK;
		results[i].detail[0] = '\0';
	}
}

static void add_answer(struct report *r, const struct probe *p, const struct result *res)
{
	struct check c = {
		.area = p->area,
		.name = p->name,
		.is_needed = p->is_needed,
		.state = res->state,
		.detail = xformat("%s", res->detail),
	};

	if (res->state == STATE_MISSING && p->config)
		c.remedy = xformat("a kernel with %s (module %s)", p->config, p->modules[0]);
	report_add(r, &c);
}

void kernel_checks(struct tool *t, struct report *r, bool may_load)
{
	struct result *results = mmap(NULL, sizeof(*results) * N_PROBES, PROT_READ | PROT_WRITE,
				      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid;

	if (!results || results == MAP_FAILED)
		return;
	for (size_t i = 0; i < N_PROBES; i++) {
		results[i].state = STATE_UNCHECKED;
		snprintf(results[i].detail, sizeof(results[i].detail),
			 "the probe did not come so far");
	}
	fflush(NULL);
	pid = fork();
	if (!pid) {
		child(results, may_load);
		_exit(0);
	}
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	infer_parts(results);
	for (size_t i = 0; i < N_PROBES; i++)
		add_answer(r, &probes[i], &results[i]);
	munmap(results, sizeof(*results) * N_PROBES);
}
