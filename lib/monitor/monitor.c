/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Listening: the messages of rtnetlink's groups are compared with what is known and
 * become events. Whatever was missed is found by reading again:
 *
 *	- the kernel dropped messages (ENOBUFS). First everything that is queued
 *	  is read, because it is older than a dump would be; then each sort of
 *	  objects is dumped and compared;
 *	- the dump itself was interrupted by changes. What it told is true of some
 *	  moment and is taken; what it did not tell may have been skipped, so
 *	  nothing is called gone. Whoever interrupted it has sent a message, which
 *	  makes the descriptor readable, and it is dumped again then. So one call
 *	  dumps a bounded number of times, however busy the host is;
 *	- the kernel says nothing: IPv4 routes go silently with a link that goes
 *	  down and with an address; a replaced route may be one of several.
 */
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <weir/monitor.h>

#include "base/ip.h"
#include "ip/steps.h"
#include "link/kinds.h"
#include "link/link.h"
#include "monitor/view.h"
#include "txn/txn.h"

#define DUMPS 3		/* in one call, before it is left to the next */

enum { LINKS, ADDRS, ROUTES, N_SORTS };

/* --- the three sorts of objects --------------------------------------------------------- */

static int compare_u64(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static int compare_links(const void *a, const void *b)
{
	const struct weir_link *la = a, *lb = b;

	return compare_u64((uint64_t)la->ifindex, (uint64_t)lb->ifindex);
}

static int compare_addrs(const void *a, const void *b)
{
	const struct weir_addr *aa = a, *ab = b;
	int c = compare_u64((uint64_t)aa->ifindex, (uint64_t)ab->ifindex);

	if (!c)
		c = wr_ip_compare(&aa->local, &ab->local);
	return c ? c : compare_u64(aa->prefix, ab->prefix);
}

/* Destination and priority only: what a replacing route has in common with its predecessor. */
static int compare_place(const struct weir_route *a, const struct weir_route *b)
{
	int c = wr_ip_compare(&a->dst, &b->dst);

	if (!c)
		c = compare_u64(a->prefix, b->prefix);
	return c ? c : compare_u64(a->metric, b->metric);
}

static int compare_routes(const void *a, const void *b)
{
	const struct weir_route *ra = a, *rb = b;
	int c = compare_place(ra, rb);

	if (!c)
		c = compare_u64((uint64_t)ra->ifindex, (uint64_t)rb->ifindex);
	if (!c)
		c = compare_u64(ra->gateway.family, rb->gateway.family);
	return c ? c : wr_ip_compare(&ra->gateway, &rb->gateway);
}

static bool addrs_equal(const void *a, const void *b)
{
	return wr_table_equal(wr_addr_tables[0], a, b);
}

static bool routes_equal(const void *a, const void *b)
{
	return wr_table_equal(wr_route_tables[0], a, b);
}

static bool links_equal(const void *a, const void *b)
{
	return wr_link_equal(a, b);
}

static const struct wr_sort sorts[N_SORTS] = {
	[LINKS] = { sizeof(struct weir_link), compare_links, links_equal },
	[ADDRS] = { sizeof(struct weir_addr), compare_addrs, addrs_equal },
	[ROUTES] = { sizeof(struct weir_route), compare_routes, routes_equal },
};

/* --- the monitor --------------------------------------------------------------------------- */

struct queued {
	uint8_t sort, what;
	bool reread;
	char ifname[16];
	void *value;	/* owned */
};

struct weir_monitor {
	struct weir *w;
	struct wr_sock sock;		/* of the groups; dumps go through the handle's */
	unsigned int objects;
	unsigned int stale;		/* bits by sort: to be read again */
	bool quiet;			/* the first reading is told to nobody */
	struct wr_view known[N_SORTS];
	struct queued *queue;
	size_t head, n, cap;		/* waiting are queue[head] to queue[n - 1] */
};

static int link_of(int sort, const void *object)
{
	switch (sort) {
	case LINKS: return ((const struct weir_link *)object)->ifindex;
	case ADDRS: return ((const struct weir_addr *)object)->ifindex;
	default: return ((const struct weir_route *)object)->ifindex;
	}
}

static void name_link(const struct weir_monitor *m, int sort, const void *object, char name[16])
{
	struct weir_link key = { .ifindex = link_of(sort, object) };
	size_t at;

	*name = '\0';
	if (sort == LINKS)
		wr_copy(name, 16, ((const struct weir_link *)object)->name);
	else if (wr_view_find(&m->known[LINKS], &key, &at))
		wr_copy(name, 16, ((const struct weir_link *)m->known[LINKS].items[at])->name);
}

/* Room in the queue: what was handed out goes first. */
static int reserve(struct weir_monitor *m)
{
	size_t cap = m->cap ? 2 * m->cap : 64;
	struct queued *more;

	if (m->n < m->cap)
		return 0;
	if (m->head) {
		memmove(m->queue, m->queue + m->head, (m->n - m->head) * sizeof(*m->queue));
		m->n -= m->head;
		m->head = 0;
		return 0;
	}
	more = realloc(m->queue, cap * sizeof(*more));
	if (!more)
		return -ENOMEM;
	m->queue = more;
	m->cap = cap;
	return 0;
}

static int tell(struct weir_monitor *m, int sort, enum weir_event_what what, bool reread,
		const void *object)
{
	struct queued q = { .sort = (uint8_t)sort, .what = what, .reread = reread };

	if (m->quiet || !(m->objects & 1u << sort))
		return 0;
	if (reserve(m))
		return -ENOMEM;
	q.value = malloc(sorts[sort].size);
	if (!q.value)
		return -ENOMEM;
	memcpy(q.value, object, sorts[sort].size);
	name_link(m, sort, object, q.ifname);
	m->queue[m->n++] = q;
	return 0;
}

/* What the kernel changes without a message when @was becomes @is (NULL: it is gone). */
static void silent_changes(struct weir_monitor *m, int sort, const void *was, const void *is)
{
	const struct weir_link *before = was, *after = is;
	const struct weir_addr *addr = was;

	if (sort == LINKS && before->is_up && !(after && after->is_up))
		m->stale |= 1u << ROUTES;
	if (sort == ADDRS && !is && addr->local.family == WEIR_FAMILY_IPV4)
		m->stale |= 1u << ROUTES;
}

/* It is told first, so that running out of memory leaves it to be told when it is read again. */
static int put(struct weir_monitor *m, int sort, const void *object, bool reread)
{
	struct wr_view *v = &m->known[sort];
	size_t at, size = sorts[sort].size;
	bool known = wr_view_find(v, object, &at);
	void *copy;
	int r;

	if (known && sorts[sort].equal(v->items[at], object))
		return 0;
	copy = malloc(size);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, object, size);
	r = known ? 0 : wr_view_insert(v, at, copy);
	if (r) {
		free(copy);
		return r;
	}
	r = tell(m, sort, known ? WEIR_EVENT_CHANGED : WEIR_EVENT_NEW, reread, object);
	if (r) {
		free(known ? copy : wr_view_remove(v, at));
		return r;
	}
	if (known) {
		silent_changes(m, sort, v->items[at], object);
		free(v->items[at]);
		v->items[at] = copy;
	}
	return 0;
}

static int drop_at(struct weir_monitor *m, int sort, size_t at, bool reread)
{
	struct wr_view *v = &m->known[sort];
	int r = tell(m, sort, WEIR_EVENT_GONE, reread, v->items[at]);

	if (r)
		return r;
	silent_changes(m, sort, v->items[at], NULL);
	free(wr_view_remove(v, at));
	return 0;
}

static int drop(struct weir_monitor *m, int sort, const void *object)
{
	size_t at;

	return wr_view_find(&m->known[sort], object, &at) ? drop_at(m, sort, at, false) : 0;
}

/* --- reading again ---------------------------------------------------------------------------- */

union object {
	struct weir_link link;
	struct weir_addr addr;
	struct weir_route route;
};

/* What a message is about: -1 for nothing that is told of. */
static int decode(const struct nlmsghdr *msg, union object *ret)
{
	int sort, r;

	switch (msg->nlmsg_type) {
	case RTM_NEWLINK:
	case RTM_DELLINK:
		sort = LINKS;
		r = wr_link_decode(msg, &ret->link, NULL);
		break;
	case RTM_NEWADDR:
	case RTM_DELADDR:
		sort = ADDRS;
		r = wr_addr_decode(msg, &ret->addr, NULL);
		break;
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
		sort = ROUTES;
		r = wr_route_decode(msg, &ret->route, NULL);
		break;
	default:
		return -1;
	}
	return r ? -1 : sort;
}

static int take_dumped(void *arg, uint32_t index, const struct nlmsghdr *msg)
{
	struct wr_view *read = arg;
	union object o;
	int sort = decode(msg, &o);

	return sort >= 0 && &sorts[sort] == read->sort ? wr_view_append(read, &o) : 0;
}

static void put_request(struct wr_batch *b, int sort)
{
	const struct ifinfomsg ifi = { 0 };
	const struct ifaddrmsg ifa = { 0 };
	const struct rtmsg rtm = { .rtm_table = RT_TABLE_MAIN };

	if (sort == LINKS) {
		wr_msg(b, RTM_GETLINK, NLM_F_DUMP, &ifi, sizeof(ifi));
		wr_put_u32(b, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	} else if (sort == ADDRS) {
		wr_msg(b, RTM_GETADDR, NLM_F_DUMP, &ifa, sizeof(ifa));
	} else {
		wr_msg(b, RTM_GETROUTE, NLM_F_DUMP, &rtm, sizeof(rtm));
	}
}

static int compare_with(struct weir_monitor *m, int sort, const struct wr_view *read, bool complete)
{
	struct wr_view *v = &m->known[sort];
	size_t at;
	int r = 0;

	for (size_t i = v->n; complete && i > 0 && !r; i--)
		if (!wr_view_find(read, v->items[i - 1], &at))
			r = drop_at(m, sort, i - 1, true);
	for (size_t i = 0; i < read->n && !r; i++)
		r = put(m, sort, read->items[i], true);
	return r;
}

/* One dump. Returns 0 if it was whole, 1 if changes interrupted it. */
static int reread(struct weir_monitor *m, int sort, struct weir_error *err)
{
	struct wr_view read = { .sort = &sorts[sort] };
	struct wr_reader reader = { .reply = take_dumped, .arg = &read };
	struct weir_error own = WEIR_ERROR_INIT;
	wr_auto(batch) struct wr_batch b = { 0 };
	int r, bad;

	put_request(&b, sort);
	r = wr_sock_read(&m->w->sock, &b, NULL, &reader, 0, &own);
	if (r && r != -EAGAIN) {
		if (err)
			*err = own;
		wr_view_done(&read);
		return r;
	}
	wr_view_sort(&read);
	m->stale &= ~(1u << sort);
	bad = compare_with(m, sort, &read, r == 0);
	if (r || bad)
		m->stale |= 1u << sort;
	wr_view_done(&read);
	return bad ? wr_nomem(err) : r != 0;
}

/* Links first: the others are named after them. A reading may find that another is needed. */
static int reread_stale(struct weir_monitor *m, struct weir_error *err)
{
	int r = 0;

	for (int sort = LINKS; sort < N_SORTS && r >= 0; sort++)
		if (m->stale & 1u << sort)
			r = reread(m, sort, err);
	return r < 0 ? r : 0;
}

/* --- messages ------------------------------------------------------------------------------------ */

/* Settings of a bridge's port are told by AF_BRIDGE, in other words: the link is read as a whole. */
static int port_changed(struct weir_monitor *m, const struct ifinfomsg *ifi)
{
	struct weir_link link;
	size_t at;

	link.ifindex = ifi->ifi_index;
	if (!wr_view_find(&m->known[LINKS], &link, &at) ||
	    wr_link_get(m->w, ifi->ifi_index, NULL, &link, NULL))
		return 0;
	return put(m, LINKS, &link, false);
}

/* A route that replaces another one tells of itself only, and several may be in its place. */
static void find_replaced(struct weir_monitor *m, const struct weir_route *route)
{
	const struct wr_view *v = &m->known[ROUTES];

	for (size_t i = 0; i < v->n; i++)
		if (!compare_place(v->items[i], route) && compare_routes(v->items[i], route))
			m->stale |= 1u << ROUTES;
}

static int take_event(void *arg, const struct nlmsghdr *msg)
{
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(msg);
	struct weir_monitor *m = arg;
	union object o;
	int sort = decode(msg, &o);

	if (sort < 0)
		return 0;
	if (sort == LINKS && ifi->ifi_family != AF_UNSPEC)
		return ifi->ifi_family == AF_BRIDGE && msg->nlmsg_type == RTM_NEWLINK ?
			       port_changed(m, ifi) : 0;
	if (msg->nlmsg_type == RTM_DELLINK || msg->nlmsg_type == RTM_DELADDR ||
	    msg->nlmsg_type == RTM_DELROUTE)
		return drop(m, sort, &o);
	if (sort == ROUTES && msg->nlmsg_flags & NLM_F_REPLACE)
		find_replaced(m, &o.route);
	return put(m, sort, &o, false);
}

/* Reads until there is an event or nothing more to read. */
static int read_messages(struct weir_monitor *m, struct weir_error *err)
{
	while (m->head == m->n) {
		int r = wr_sock_events(&m->sock, take_event, m, err);

		if (r == -ENOBUFS || r == -ENOMEM)
			m->stale = (1u << N_SORTS) - 1;
		if (r == 0 || (r < 0 && r != -ENOBUFS))
			return r;
	}
	return 0;
}

static int fill_queue(struct weir_monitor *m, struct weir_error *err)
{
	int r = read_messages(m, err);

	for (int i = 0; i < DUMPS && !r && m->stale && m->head == m->n; i++) {
		r = reread_stale(m, err);
		/*
		 * What came meanwhile is not older than what was read. After the last dump
		 * the messages of who interrupted it stay, and the descriptor readable.
		 */
		if (!r && (!m->stale || i + 1 < DUMPS))
			r = read_messages(m, err);
	}
	return r;
}

int weir_monitor_next(struct weir_monitor *m, struct weir_event *ret, struct weir_error *err)
{
	struct weir_event e = { .sz = ret->sz };
	struct queued *q;
	int r = m->head < m->n ? 0 : fill_queue(m, err);

	if (m->head == m->n)
		return r;
	q = &m->queue[m->head++];
	e.object = 1u << q->sort;
	e.what = q->what;
	e.reread = q->reread;
	memcpy(e.ifname, q->ifname, sizeof(e.ifname));
	if (q->sort == LINKS)
		memcpy(&e.link, q->value, sizeof(e.link));
	else if (q->sort == ADDRS)
		memcpy(&e.addr, q->value, sizeof(e.addr));
	else
		memcpy(&e.route, q->value, sizeof(e.route));
	free(q->value);
	if (m->head == m->n)
		m->head = m->n = 0;
	memcpy(ret, &e, e.sz < sizeof(e) ? e.sz : sizeof(e));
	return 1;
}

/* --- opening and closing ------------------------------------------------------------------------------ */

/* All groups, whatever is to be told: one sort's changes tell that another is to be read again. */
static int join_groups(struct weir_monitor *m, struct weir_error *err)
{
	static const int groups[] = { RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR,
				      RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE };
	int r = wr_sock_open(m->w->netns_fd, &m->sock, err);

	for (size_t i = 0; i < WR_COUNT(groups) && !r; i++)
		r = wr_sock_join(&m->sock, groups[i], err);
	return r;
}

/* A host that is never at rest is read as far as it can be; the rest is told later. */
static int first_reading(struct weir_monitor *m, struct weir_error *err)
{
	int r = 0;

	m->stale = (1u << N_SORTS) - 1;
	for (int i = 0; i < 10 * DUMPS && m->stale && !r; i++)
		r = reread_stale(m, err);
	return r;
}

int weir_monitor_open(struct weir *w, unsigned int objects, unsigned int flags,
		      struct weir_monitor **ret, struct weir_error *err)
{
	struct weir_monitor *m;
	int r;

	if (!objects || objects >> N_SORTS || flags & ~WEIR_MONITOR_EXISTING)
		return wr_refuse(err, -EINVAL, "monitor", objects >> N_SORTS || !objects ?
				 "objects" : "flags", "has nothing or what is not known");
	m = calloc(1, sizeof(*m));
	if (!m)
		return wr_nomem(err);
	*m = (struct weir_monitor){ .w = w, .objects = objects,
				    .quiet = !(flags & WEIR_MONITOR_EXISTING) };
	for (int i = 0; i < N_SORTS; i++)
		m->known[i].sort = &sorts[i];
	r = join_groups(m, err);
	if (!r)
		r = first_reading(m, err);
	if (r) {
		weir_monitor_close(m);
		return r;
	}
	m->quiet = false;
	*ret = m;
	return 0;
}

int weir_monitor_fd(const struct weir_monitor *m)
{
	return mnl_socket_get_fd(m->sock.nl);
}

void weir_monitor_close(struct weir_monitor *m)
{
	if (!m)
		return;
	for (int i = 0; i < N_SORTS; i++)
		wr_view_done(&m->known[i]);
	while (m->head < m->n)
		free(m->queue[m->head++].value);
	free(m->queue);
	wr_sock_close(&m->sock);
	free(m);
}

/* --- as text ------------------------------------------------------------------------------------------ */

int weir_event_json(const struct weir_event *event, char **ret)
{
	static const char *const whats[] = { "", "new", "changed", "gone" };
	const char *object = event->object == WEIR_MONITOR_LINKS ? "link" :
			     event->object == WEIR_MONITOR_ADDRS ? "address" : "route";
	wr_auto(str) struct wr_str out = { 0 }, inner = { 0 };
	wr_auto(free) char *link = NULL;

	wr_str_printf(&out, "{\"what\":\"%s\",\"object\":\"%s\",\"dev\":",
		      event->what <= WEIR_EVENT_GONE ? whats[event->what] : "", object);
	wr_str_json(&out, event->ifname);
	if (event->reread)
		wr_str_puts(&out, ",\"reread\":true");
	if (event->object == WEIR_MONITOR_LINKS) {
		if (weir_link_json(&event->link, &link))
			return -ENOMEM;
		wr_str_puts(&inner, link);
	} else {
		wr_str_putc(&inner, '{');
		if (event->object == WEIR_MONITOR_ADDRS)
			wr_table_json(wr_addr_tables[0], &event->addr, -1, &inner);
		else
			wr_table_json(wr_route_tables[0], &event->route, -1, &inner);
		wr_str_putc(&inner, '}');
	}
	wr_str_printf(&out, ",\"%s\":%s}", object, wr_str_text(&inner));
	*ret = inner.failed ? NULL : wr_str_take(&out);
	return *ret ? 0 : -ENOMEM;
}
