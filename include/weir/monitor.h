/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A monitor tells of every link, address and route that comes, changes or goes. It has
 * a descriptor for the caller's own event loop, and a call that hands out one event
 * after the other; there are no callbacks.
 *
 *	weir_monitor_open(w, WEIR_MONITOR_LINKS, 0, &m, &err);
 *	poll(weir_monitor_fd(m), POLLIN);
 *	while ((r = weir_monitor_next(m, &event, &err)) > 0)
 *		...
 *
 * The monitor remembers what it has told. When the kernel has dropped messages, or
 * changes things without sending one (IPv4 routes that go with a link or an address),
 * the monitor reads everything again, compares, and hands out the differences as
 * events. So the caller's picture always becomes right in the end, but a thing that
 * came and went in between is missing from it. Kernel interface: rtnetlink's
 * multicast groups.
 */
#ifndef WEIR_MONITOR_H
#define WEIR_MONITOR_H

#include <weir/ip.h>
#include <weir/link.h>

#ifdef __cplusplus
extern "C" {
#endif

struct weir;
struct weir_monitor;

/** WEIR_MONITOR_LINKS - tell of links */
#define WEIR_MONITOR_LINKS (1u << 0)
/** WEIR_MONITOR_ADDRS - tell of addresses */
#define WEIR_MONITOR_ADDRS (1u << 1)
/** WEIR_MONITOR_ROUTES - tell of unicast routes of the main table */
#define WEIR_MONITOR_ROUTES (1u << 2)

/** WEIR_MONITOR_EXISTING - begin with an event for everything that is there */
#define WEIR_MONITOR_EXISTING (1u << 0)

/**
 * enum weir_event_what - what became of it
 * @WEIR_EVENT_NEW:	it is there now, and was not
 * @WEIR_EVENT_CHANGED:	it was there before, with other settings
 * @WEIR_EVENT_GONE:	it is not there any longer
 */
enum weir_event_what {
	WEIR_EVENT_NEW = 1,
	WEIR_EVENT_CHANGED = 2,
	WEIR_EVENT_GONE = 3
};

/**
 * struct weir_event - what became of one link, address or route
 * @sz:		sizeof(struct weir_event)
 * @object:	WEIR_MONITOR_LINKS, _ADDRS or _ROUTES: which member is set
 * @what:	an enum weir_event_what
 * @reread:	it was found by reading again, because the message was lost or the
 *		kernel sends none
 * @ifname:	the name of the link, of the address's link, or of the link that the
 *		route leaves by; empty if unknown
 * @link:	the link, as it is, or was before it went
 * @addr:	the address
 * @route:	the route
 */
struct weir_event {
	size_t sz;
	uint32_t object;
	enum weir_event_what what;
	bool reread;
	char ifname[16];
	struct weir_link link;
	struct weir_addr addr;
	struct weir_route route;
};

/**
 * weir_monitor_open() - begin to listen
 * @w:		the handle, whose namespace is watched. It must outlive the monitor,
 *		and must not be used by another thread during a call on the monitor
 * @objects:	WEIR_MONITOR_LINKS and others, or-ed: what to tell of
 * @flags:	0 or WEIR_MONITOR_EXISTING
 * @ret:	receives the monitor, for weir_monitor_close()
 * @err:	filled on failure; may be NULL
 *
 * Needs no privilege. Everything is read once; what changes from then on is told.
 *
 * Return: 0 or a negative errno
 *
 * Since: 0.2
 */
WEIR_API int weir_monitor_open(struct weir *w, unsigned int objects, unsigned int flags,
			       struct weir_monitor **ret, struct weir_error *err);

/**
 * weir_monitor_fd() - what to wait for
 * @m:	the monitor
 *
 * It is readable when weir_monitor_next() has something to look at, which need not
 * become an event. With WEIR_MONITOR_EXISTING, call weir_monitor_next() before the
 * first wait.
 *
 * Return: a descriptor of the monitor's, the same until it is closed
 *
 * Since: 0.2
 */
WEIR_API int weir_monitor_fd(const struct weir_monitor *m);

/**
 * weir_monitor_next() - the next event
 * @m:		the monitor
 * @ret:	receives the event; its sz must be set
 * @err:	filled on failure; may be NULL
 *
 * Never waits for anything to happen. Call it until it returns 0 before waiting
 * again.
 *
 * Return: 1 if there was an event, 0 if there is none, or a negative errno, after
 * which it can be called again:
 *   -ENOMEM	memory ran out; what was missed is read again
 *
 * Since: 0.2
 */
WEIR_API int weir_monitor_next(struct weir_monitor *m, struct weir_event *ret,
			       struct weir_error *err);

/**
 * weir_event_json() - an event as JSON
 * @event:	the event
 * @ret:	receives one JSON object on one line, without a newline, to be freed
 *		with free(): "what", "object", "dev", and the link, address or route
 *
 * Return: 0 or -ENOMEM
 *
 * Since: 0.2
 */
WEIR_API int weir_event_json(const struct weir_event *event, char **ret);

/**
 * weir_monitor_close() - end listening
 * @m:	the monitor; NULL is ignored
 *
 * Since: 0.2
 */
WEIR_API void weir_monitor_close(struct weir_monitor *m);

#ifdef __cplusplus
}
#endif

#endif
