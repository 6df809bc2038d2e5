/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * weir monitor: a line for each event, written at once, until somebody ends it.
 * With --json each line is one object.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include <weir/monitor.h>

#include "weir.h"

/* "+" it came, "*" it changed, "-" it went; a "?" behind that: it was found by reading again. */
static void put_mark(struct out *o, const struct weir_event *e)
{
	static const struct {
		const char *mark;
		enum tint tint;
	} marks[] = {
		[WEIR_EVENT_NEW] = { "+", TINT_GREEN },
		[WEIR_EVENT_CHANGED] = { "*", TINT_YELLOW },
		[WEIR_EVENT_GONE] = { "-", TINT_RED },
	};

	out_tinted(o, marks[e->what].tint, "%s", marks[e->what].mark);
	out_text(o, "%s ", e->reread ? "?" : " ");
}

static void put_route(struct out *o, const struct weir_event *e)
{
	char dst[WEIR_IP_TEXT], gateway[WEIR_IP_TEXT];
	const struct weir_route *r = &e->route;

	out_text(o, "route    %s/%u", weir_ip_format(&r->dst, dst), (unsigned int)r->prefix);
	if (r->gateway.family)
		out_text(o, " via %s", weir_ip_format(&r->gateway, gateway));
	out_text(o, " dev %s", *e->ifname ? e->ifname : "?");
	if (r->has & WEIR_ROUTE_METRIC)
		out_text(o, " metric %u", (unsigned int)r->metric);
	out_text(o, "\n");
}

static int put_text(struct out *o, const struct weir_event *e)
{
	char address[WEIR_IP_TEXT], *text = NULL;

	put_mark(o, e);
	if (e->object == WEIR_MONITOR_ADDRS)
		out_text(o, "address  %s/%u dev %s\n", weir_ip_format(&e->addr.local, address),
			 (unsigned int)e->addr.prefix, e->ifname);
	else if (e->object == WEIR_MONITOR_ROUTES)
		put_route(o, e);
	else if (weir_link_text(&e->link, &text))
		return -ENOMEM;
	else
		out_text(o, "link     %s\n", text);
	free(text);
	return 0;
}

static int put_event(struct tool *t, const struct weir_event *e)
{
	char *text = NULL;
	int r;

	if (!t->is_json)
		return put_text(&t->out, e);
	r = weir_event_json(e, &text);
	if (!r)
		out_text(&t->out, "%s\n", text);
	free(text);
	return r;
}

/* Everything that is there to be told, and then out with it. Returns 1 when nobody reads any longer. */
static int tell(struct tool *t, struct weir_monitor *m)
{
	struct weir_event e = { .sz = sizeof(e) };
	int r;

	while ((r = weir_monitor_next(m, &e, &t->err)) > 0) {
		r = put_event(t, &e);
		if (r)
			break;
	}
	if (r < 0)
		return tool_fail(t, STATUS_FAILED), -1;
	r = out_flush(&t->out);
	return r == -EPIPE ? 1 : r;
}

static unsigned int objects_of(const struct args *a)
{
	static const struct {
		const char *word;
		unsigned int object;
	} words[] = {
		{ "link", WEIR_MONITOR_LINKS },
		{ "address", WEIR_MONITOR_ADDRS },
		{ "route", WEIR_MONITOR_ROUTES },
	};
	unsigned int objects = 0, known = 0;

	for (int i = 0; i < a->n_words; i++, known = 0) {
		for (size_t k = 0; k < sizeof(words) / sizeof(words[0]); k++)
			if (!strcmp(a->words[i], words[k].word))
				known = words[k].object;
		if (!known)
			return 0;
		objects |= known;
	}
	return objects ? objects : WEIR_MONITOR_LINKS | WEIR_MONITOR_ADDRS | WEIR_MONITOR_ROUTES;
}

int cmd_monitor(struct tool *t, const struct args *a)
{
	struct weir_monitor *m = NULL;
	unsigned int objects = objects_of(a);
	struct pollfd p = { .events = POLLIN };
	int r;

	if (!objects)
		return usage_error(t, "what to tell of is link, address or route");
	if (weir_monitor_open(t->w, objects, a->value[OPT_ALL] ? WEIR_MONITOR_EXISTING : 0, &m,
			      &t->err))
		return tool_fail(t, STATUS_FAILED);
	p.fd = weir_monitor_fd(m);
	while (!(r = tell(t, m)))
		if (poll(&p, 1, -1) < 0 && errno != EINTR)
			r = -errno;
	weir_monitor_close(m);
	return r < 0 ? STATUS_FAILED : STATUS_OK;
}
