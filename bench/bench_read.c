/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reading: everything, the ports of one bridge, single links among many. The
 * floor receives the same dump and decodes nothing; for single links it is the
 * same request sent again.
 */
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/route/link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib_bench.h"

#define N_LOOKUPS 100
#define BRIDGES 4

/* --- what is there to be read ------------------------------------------------------------- */

/* @n links: pairs whose first ends are ports of four bridges. */
static void setup(struct trial *t)
{
	struct raw r = { 0 };

	for (int i = 0; i < BRIDGES; i++)
		raw_link(&r, "bridge", 500 + i, "br%d", i);
	for (unsigned int i = 0; i < t->n / 2; i++)
		raw_pair(&r, i, 500 + i % BRIDGES, true);
	if (raw_send(t, &r))
		trial_fail(t, "set-up");
	free(r.data);
}

/*
 * Five different ones, however many there are: the smallest size has no more, and a link that
 * is read for the first time costs a third more than one that the processor's caches hold.
 */
static void lookup_name(const struct trial *t, unsigned int i, char name[IFNAMSIZ])
{
	snprintf(name, IFNAMSIZ, "p%u", i % 5 * 7919u % (t->n / 2));
}

/* --- by weir -------------------------------------------------------------------------------- */

static void list(struct trial *t, const struct weir_link_filter *filter, size_t least)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_link *links = NULL;
	size_t n = 0;

	if (weir_link_list(trial_weir(t), filter, &links, &n, &err))
		trial_fail(t, "%s", err.msg);
	if (n < least)
		trial_fail(t, "only %zu links", n);
	free(links);
}

static void weir_all(struct trial *t)
{
	list(t, NULL, t->n);
}

static void weir_ports(struct trial *t)
{
	const struct weir_link_filter filter = { .sz = sizeof(filter), .master = 500 };

	list(t, &filter, t->n / 2 / BRIDGES);
}

static void weir_get(struct trial *t)
{
	struct weir_link link = { .sz = sizeof(link) };
	char name[IFNAMSIZ];

	for (unsigned int i = 0; i < N_LOOKUPS; i++) {
		lookup_name(t, i, name);
		if (weir_link_get(t->w, 0, name, &link, NULL))
			trial_fail(t, "%s is not there", name);
	}
}

/* --- the floor -------------------------------------------------------------------------------- */

static void dump(struct trial *t, uint32_t master)
{
	struct ifinfomsg ifi = { 0 };
	struct raw r = { 0 };

	raw_msg(&r, RTM_GETLINK, NLM_F_DUMP, &ifi, sizeof(ifi));
	raw_u32(&r, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	if (master)
		raw_u32(&r, IFLA_MASTER, master);
	raw_dump(t, &r, NULL, NULL);
	free(r.data);
}

static void floor_all(struct trial *t)
{
	dump(t, 0);
}

static void floor_ports(struct trial *t)
{
	dump(t, 500);
}

static void floor_get(struct trial *t)
{
	struct ifinfomsg ifi = { 0 };
	char name[IFNAMSIZ];

	for (unsigned int i = 0; i < N_LOOKUPS; i++) {
		struct raw r = { 0 };

		raw_msg(&r, RTM_GETLINK, 0, &ifi, sizeof(ifi));
		lookup_name(t, i, name);
		raw_text(&r, IFLA_IFNAME, name);
		raw_u32(&r, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
		if (raw_send(t, &r))
			trial_fail(t, "%s is not there", name);
		free(r.data);
	}
}

static void open_raw(struct trial *t)
{
	raw_socket(t, 0);
}

/* --- peers ------------------------------------------------------------------------------------- */

static void open_libnl(struct trial *t)
{
	t->own = nl_socket_alloc();
	if (nl_connect(t->own, NETLINK_ROUTE))
		trial_fail(t, "libnl: no socket");
}

static void libnl_all(struct trial *t)
{
	struct nl_cache *cache;

	if (rtnl_link_alloc_cache(t->own, AF_UNSPEC, &cache))
		trial_fail(t, "libnl: no cache");
	if ((unsigned int)nl_cache_nitems(cache) < t->n)
		trial_fail(t, "libnl: only %d links", nl_cache_nitems(cache));
	nl_cache_free(cache);
}

static void libnl_get(struct trial *t)
{
	char name[IFNAMSIZ];

	for (unsigned int i = 0; i < N_LOOKUPS; i++) {
		struct rtnl_link *l;

		lookup_name(t, i, name);
		if (rtnl_link_get_kernel(t->own, 0, name, &l))
			trial_fail(t, "%s is not there", name);
		rtnl_link_put(l);
	}
}

static void ip_all(struct trial *t)
{
	trial_program(t, "ip -o link");
}

static void ip_json(struct trial *t)
{
	trial_program(t, "ip -d -j link");
}

static void pyroute2_setup(struct trial *t)
{
	trial_line(t, "from pyroute2 import IPRoute");
	trial_line(t, "assert len(IPRoute().get_links()) >= %u", t->n);
}

static void pyroute2_all(struct trial *t)
{
	const char *const argv[] = { getenv("PYTHON"), "-", NULL };

	trial_batch(t, argv);
}

static void ip_ports(struct trial *t)
{
	trial_program(t, "ip -o link show master br0");
}

static void ip_get_setup(struct trial *t)
{
	char name[IFNAMSIZ];

	for (unsigned int i = 0; i < N_LOOKUPS; i++) {
		lookup_name(t, i, name);
		trial_line(t, "-o link show dev %s", name);
	}
}

static void ip_get(struct trial *t)
{
	trial_each_line(t, "ip");
}

static void tool_all(struct trial *t)
{
	trial_program(t, "%s --state-dir /run/w link list", getenv("WEIR"));
}

static void tool_json(struct trial *t)
{
	trial_program(t, "%s --state-dir /run/w --json link list", getenv("WEIR"));
}

/* clang-format off */
#define SHARED .is_silent = true, .is_shared = true
static const struct workload workloads[] = {
	WORKLOAD("read all", "N links are read with all their settings", .sizes = { 10, 100, 2000, 8000 }, .setup = setup, SHARED),
	WORKLOAD("read ports", "the ports of one of four bridges are read, among N links", .sizes = { 100, 2000, 8000 }, .setup = setup, SHARED),
	WORKLOAD("read one", "five links are read by name, twenty times each, among N", .sizes = { 10, 2000, 4000 }, .setup = setup, SHARED),
};

static const struct arm arms[] = {
	ARM("read all", WEIR, weir_all),
	ARM("read all", FLOOR, floor_all, .setup = open_raw),
	ARM("read all", "libnl-route", libnl_all, .setup = open_libnl),
	ARM("read all", "weir link list", tool_all, .needs = "$WEIR"),
	ARM("read all", "weir --json link list", tool_json, .needs = "$WEIR"),
	ARM("read all", "ip -o link", ip_all, .needs = "ip"),
	ARM("read all", "ip -d -j link", ip_json, .needs = "ip"),
	ARM("read all", "pyroute2", pyroute2_all, .setup = pyroute2_setup, .needs = "$PYTHON:pyroute2", .most = 2000),

	ARM("read ports", WEIR, weir_ports),
	ARM("read ports", FLOOR, floor_ports, .setup = open_raw),
	ARM("read ports", "ip -o link master", ip_ports, .needs = "ip"),

	ARM("read one", WEIR, weir_get),
	ARM("read one", FLOOR, floor_get, .setup = open_raw),
	ARM("read one", "libnl-route", libnl_get, .setup = open_libnl),
	ARM("read one", "ip link show", ip_get, .setup = ip_get_setup, .needs = "ip", .most = 2000),
};
/* clang-format on */

int main(int argc, char **argv)
{
	return bench_main(argc, argv, "read", workloads, sizeof(workloads) / sizeof(workloads[0]), arms,
			  sizeof(arms) / sizeof(arms[0]));
}
