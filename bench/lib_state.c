/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The state that an arm has reached, as one number for each property: two arms
 * may be compared as equals only where the numbers are. Links are known by their
 * names, so indexes may differ; the sum of hashes does not depend on their order.
 */
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "lib_bench.h"

const char *const property_names[N_PROPERTIES] = {
	"links", "kind", "master", "up", "mtu", "txqueuelen", "group", "queues", "addrgenmode",
	"qdiscs", "classes", "filters",
};

struct name {
	int ifindex;
	char name[IFNAMSIZ];
};

struct reading {
	struct state *state;
	struct name *names;
	size_t n, room;
	int ifindex;	/* of the link whose classes or filters are asked for */
};

static uint64_t hash(uint64_t h, const void *data, size_t len)
{
	for (const unsigned char *p = data; len--; p++)
		h = (h ^ *p) * 1099511628211ull;
	return h;
}

static void add(struct reading *r, enum property p, const char *name, const void *value, size_t len)
{
	uint64_t h = hash(14695981039346656037ull, name, strlen(name) + 1);

	r->state->digest[p] += hash(h, value, len);
}

static const struct rtattr *find(const struct rtattr *a, int len, unsigned short type)
{
	for (; RTA_OK(a, len); a = RTA_NEXT(a, len))
		if ((a->rta_type & NLA_TYPE_MASK) == type)
			return a;
	return NULL;
}

static const struct rtattr *inside(const struct rtattr *a, unsigned short type)
{
	return a ? find(RTA_DATA(a), (int)RTA_PAYLOAD(a), type) : NULL;
}

static const char *name_of(const struct reading *r, int ifindex)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->names[i].ifindex == ifindex)
			return r->names[i].name;
	return "?";
}

static void add_attr(struct reading *r, enum property p, const char *name, const struct rtattr *a)
{
	if (a)
		add(r, p, name, RTA_DATA(a), RTA_PAYLOAD(a));
}

static void take_name(void *arg, const void *msg)
{
	const struct nlmsghdr *nlh = msg;
	const struct ifinfomsg *ifi = NLMSG_DATA(nlh);
	const struct rtattr *a = find(IFLA_RTA(ifi), (int)IFLA_PAYLOAD(nlh), IFLA_IFNAME);
	struct reading *r = arg;

	if (r->n == r->room) {
		r->room = r->room ? 2 * r->room : 256;
		r->names = realloc(r->names, r->room * sizeof(*r->names));
		if (!r->names)
			abort();
	}
	r->names[r->n].ifindex = ifi->ifi_index;
	strncpy(r->names[r->n].name, a ? RTA_DATA(a) : "", IFNAMSIZ - 1);
	r->names[r->n++].name[IFNAMSIZ - 1] = '\0';
}

/* A master's index is another in each arm: its first two letters say enough, "br" or "bond". */
static void take_link(void *arg, const void *msg)
{
	const struct nlmsghdr *nlh = msg;
	const struct ifinfomsg *ifi = NLMSG_DATA(nlh);
	int len = (int)IFLA_PAYLOAD(nlh);
	const struct rtattr *attrs = IFLA_RTA(ifi), *info, *inet6, *master;
	unsigned int up = ifi->ifi_flags & IFF_UP;
	struct reading *r = arg;
	const char *name = name_of(r, ifi->ifi_index);

	if (ifi->ifi_flags & IFF_LOOPBACK)
		return;
	add(r, PROP_LINKS, name, "", 0);
	add(r, PROP_UP, name, &up, sizeof(up));
	add_attr(r, PROP_MTU, name, find(attrs, len, IFLA_MTU));
	add_attr(r, PROP_TXQUEUELEN, name, find(attrs, len, IFLA_TXQLEN));
	add_attr(r, PROP_GROUP, name, find(attrs, len, IFLA_GROUP));
	add_attr(r, PROP_QUEUES, name, find(attrs, len, IFLA_NUM_TX_QUEUES));
	info = find(attrs, len, IFLA_LINKINFO);
	add_attr(r, PROP_KIND, name, inside(info, IFLA_INFO_KIND));
	inet6 = inside(find(attrs, len, IFLA_AF_SPEC), AF_INET6);
	add_attr(r, PROP_ADDRGEN, name, inside(inet6, IFLA_INET6_ADDR_GEN_MODE));
	master = find(attrs, len, IFLA_MASTER);
	if (master)
		add(r, PROP_MASTER, name, name_of(r, *(const int *)RTA_DATA(master)), 2);
}

/* What every link has anyway, or gets when it comes up, is nobody's doing. */
static void take_qdisc(void *arg, const void *msg)
{
	const struct nlmsghdr *nlh = msg;
	const struct tcmsg *tcm = NLMSG_DATA(nlh);
	const struct rtattr *kind = find(TCA_RTA(tcm), (int)TCA_PAYLOAD(nlh), TCA_KIND);
	struct reading *r = arg;

	if (kind && tcm->tcm_handle && tcm->tcm_ifindex != 1)
		add_attr(r, PROP_QDISCS, name_of(r, tcm->tcm_ifindex), kind);
}

static void take_class(void *arg, const void *msg)
{
	const struct nlmsghdr *nlh = msg;
	const struct tcmsg *tcm = NLMSG_DATA(nlh);
	const struct rtattr *kind = find(TCA_RTA(tcm), (int)TCA_PAYLOAD(nlh), TCA_KIND);
	struct reading *r = arg;

	if (kind && strcmp(RTA_DATA(kind), "noqueue") != 0)
		add(r, PROP_CLASSES, name_of(r, tcm->tcm_ifindex), &tcm->tcm_handle, 4);
}

static void take_filter(void *arg, const void *msg)
{
	const struct nlmsghdr *nlh = msg;
	const struct tcmsg *tcm = NLMSG_DATA(nlh);
	struct reading *r = arg;

	add_attr(r, PROP_FILTERS, name_of(r, tcm->tcm_ifindex),
		 find(TCA_RTA(tcm), (int)TCA_PAYLOAD(nlh), TCA_KIND));
}

static void dump(struct trial *t, uint16_t type, const void *header, size_t size,
		 void (*take)(void *arg, const void *msg), struct reading *r)
{
	struct raw request = { 0 };

	raw_msg(&request, type, NLM_F_DUMP, header, size);
	raw_dump(t, &request, take, r);
	free(request.data);
}

/* Classes and filters are asked for link by link, which the smaller sizes stand for. */
static void read_tc(struct trial *t, struct reading *r)
{
	for (size_t i = 0; i < r->n && r->n <= 500; i++) {
		struct tcmsg tcm = { .tcm_ifindex = r->names[i].ifindex };

		dump(t, RTM_GETTCLASS, &tcm, sizeof(tcm), take_class, r);
		tcm.tcm_parent = 0xffff0000u;
		dump(t, RTM_GETTFILTER, &tcm, sizeof(tcm), take_filter, r);
	}
}

void state_read(struct trial *t, struct state *ret)
{
	struct ifinfomsg ifi = { 0 };
	struct reading r = { .state = ret };
	struct tcmsg tcm = { 0 };

	memset(ret, 0, sizeof(*ret));
	dump(t, RTM_GETLINK, &ifi, sizeof(ifi), take_name, &r);
	dump(t, RTM_GETLINK, &ifi, sizeof(ifi), take_link, &r);
	dump(t, RTM_GETQDISC, &tcm, sizeof(tcm), take_qdisc, &r);
	read_tc(t, &r);
	free(r.names);
}
