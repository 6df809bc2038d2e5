/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Shaped ports as the kernel has them: limits and counters. Only reads.
 */
#include "base/list.h"
#include "link/link.h"
#include "tc/htb.h"
#include "tc/seen.h"
#include "tc/show.h"

/* --- from a class to a direction ------------------------------------------------------- */

static struct weir_shape_side side_of_class(const struct wr_tc_class *c)
{
	const struct wr_htb_class *l = &c->limits;

	return (struct weir_shape_side){
		.limits = {
			.average_bytes_per_s = l->rate_bytes_per_s,
			.peak_bytes_per_s = l->ceil_bytes_per_s != l->rate_bytes_per_s ? l->ceil_bytes_per_s : 0,
			.burst_bytes = l->burst_bytes,
		},
		.leaf = wr_leaf_of(WR_CLASS(c->leaf >> 16, 0)),
		.bytes = c->bytes, .packets = c->packets, .drops = c->drops,
		.overlimits = c->overlimits, .backlog_bytes = c->backlog_bytes,
	};
}

static struct weir_shape_side side_of_police(const struct wr_redirect *r)
{
	return (struct weir_shape_side){
		.limits = { .average_bytes_per_s = r->rate_bytes_per_s, .burst_bytes = r->burst_bytes },
		.leaf = WEIR_LEAF_DEFAULT,
		.bytes = r->bytes, .packets = r->packets, .drops = r->drops, .overlimits = r->overlimits,
	};
}

/* --- classes on ifbs: each ifb is read once ----------------------------------------------- */

void wr_auto_ifbs(struct wr_ifbs *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->list[i].classes);
	free(s->list);
}

int wr_classes_add(void *arg, const struct wr_tc_class *c)
{
	struct wr_seen_ifb *ifb = arg;
	struct wr_tc_class *more = wr_append(ifb->classes, ifb->n);

	if (!more)
		return -ENOMEM;
	*more = *c;
	return 0;
}

int wr_ifb_of(struct wr_ifbs *s, int ifindex, const struct wr_seen_ifb **ret, struct weir_error *err)
{
	struct weir_link link = { .name = "" };
	struct wr_seen_ifb *more;
	int r;

	for (size_t i = s->n; i > 0; i--)
		if (s->list[i - 1].ifindex == ifindex) {
			*ret = &s->list[i - 1];
			return 0;
		}
	more = wr_append(s->list, s->n);
	if (!more)
		return wr_nomem(err);
	*more = (struct wr_seen_ifb){ .ifindex = ifindex };
	r = wr_link_get(s->w, ifindex, NULL, &link, err);
	if (!r)
		r = wr_class_each(s->w, ifindex, wr_classes_add, more, err);
	if (r && r != -ENODEV) {
		free(more->classes);
		s->n--;
		return r;
	}
	wr_copy(more->name, sizeof(more->name), link.name);
	*ret = more;
	return 0;
}

static const struct wr_tc_class *find_class(const struct wr_seen_ifb *ifb, uint32_t classid)
{
	for (size_t i = 0; i < ifb->n; i++)
		if (ifb->classes[i].classid == classid)
			return &ifb->classes[i];
	return NULL;
}

/* What limits the port: of an ifb of its own the only class, or the one above all floors. */
const struct wr_tc_class *wr_class_on(const struct wr_seen_ifb *ifb, const struct wr_redirect *r)
{
	const uint32_t shared = wr_shared_class(r);
	const struct wr_tc_class *own = find_class(ifb, WR_CLASS(WR_MAJOR, WR_PORT_CLASS));

	return shared ? find_class(ifb, shared) : own ? own : find_class(ifb, WR_CLASS(WR_MAJOR_FLOORS, WR_PORT_CLASS));
}

/* --- one port ------------------------------------------------------------------------------ */

static int in_side(struct wr_ifbs *s, const struct wr_redirect *r, struct weir_shape *shape,
		   struct weir_shape_side *side, struct weir_error *err)
{
	const struct wr_tc_class *class;
	const struct wr_seen_ifb *ifb;
	int code;

	shape->method = r->method;
	if (r->method == WEIR_SHAPE_POLICE) {
		*side = side_of_police(r);
		return 0;
	}
	shape->floor_class = wr_is_floor(r->classid) ? r->classid : 0;
	if (!r->ifb)
		return 0;
	code = wr_ifb_of(s, r->ifb, &ifb, err);
	if (code)
		return code;
	shape->ifb_ifindex = r->ifb;
	shape->ifb_class = wr_shared_class(r);
	wr_copy(shape->ifb_name, sizeof(shape->ifb_name), ifb->name);
	class = wr_class_on(ifb, r);
	if (class)
		*side = side_of_class(class);
	return 0;
}

/* What the port's class is guaranteed on the ifb of the bridge that it is on. */
static int floor_of(struct wr_ifbs *s, const struct weir_shape *shape, uint64_t *ret, struct weir_error *err)
{
	const struct wr_tc_class *class;
	struct wr_port bridge = { 0 };
	struct weir_link link;
	const struct wr_seen_ifb *ifb;
	int r = wr_link_get(s->w, shape->ifindex, NULL, &link, err);

	if (!r && link.master)
		r = wr_port_read(s->w, (int)link.master, NULL, &bridge, err);
	if (r || !bridge.redirect.ifb)
		return r;
	r = wr_ifb_of(s, bridge.redirect.ifb, &ifb, err);
	class = r ? NULL : find_class(ifb, shape->floor_class);
	*ret = class ? class->limits.rate_bytes_per_s : 0;
	return r;
}

static int shape_of(struct wr_ifbs *s, const struct wr_port *port, struct weir_shape *ret,
		    struct weir_error *err)
{
	struct weir_shape_side out = { .leaf = WEIR_LEAF_DEFAULT }, in = { .leaf = WEIR_LEAF_DEFAULT };
	struct weir_shape shape = {
		.sz = sizeof(shape), .ifindex = port->link.ifindex,
		.is_guest_side = port->link.kind == WEIR_LINK_MACVTAP,
	};
	int r = 0;

	wr_copy(shape.name, sizeof(shape.name), port->link.name);
	if (port->major) {
		shape.qdisc = port->class.by;
		out = side_of_class(&port->class);
	}
	if (port->major && port->rest.classid)
		out.leaf = wr_leaf_of(WR_CLASS(port->rest.leaf >> 16, 0));
	if (port->has_redirect)
		r = in_side(s, &port->redirect, &shape, &in, err);
	if (!r && shape.floor_class)
		r = floor_of(s, &shape, &in.limits.floor_bytes_per_s, err);
	shape.inbound = shape.is_guest_side ? in : out;
	shape.outbound = shape.is_guest_side ? out : in;
	if (!r)
		*ret = shape;
	return r;
}

int weir_shape_get(struct weir *w, int ifindex, struct weir_shape *ret, struct weir_error *err)
{
	wr_auto(ifbs) struct wr_ifbs s = { .w = w };
	struct weir_shape shape;
	struct wr_port port;
	int r = wr_port_read(w, ifindex, NULL, &port, err);

	if (!r)
		r = shape_of(&s, &port, &shape, err);
	if (r)
		return r;
	if (!port.major && !port.has_redirect)
		return wr_error(err, -ENOENT, WEIR_STAGE_REPLY, port.link.name, "", "has no limits of ours");
	return wr_opts_give(ret, &shape, sizeof(shape), err);
}

/* --- all ports ------------------------------------------------------------------------------- */

/* Those that may be ours and are no ifbs, in room for all. */
static size_t choose_ports(struct weir *w, const struct wr_seen *seen, struct wr_port *ports)
{
	size_t n = 0;

	for (size_t i = 0; i < seen->n; i++)
		n += wr_seen_port(&seen->list[i], &ports[n]) &&
		     !wr_port_link(w, seen->list[i].ifindex, true, &ports[n], NULL) && ports[n].link.kind != WEIR_LINK_IFB;
	return n;
}

int weir_shape_list(struct weir *w, struct weir_shape **ret, size_t *ret_n, struct weir_error *err)
{
	wr_auto(seen) struct wr_seen seen = { 0 };
	wr_auto(ifbs) struct wr_ifbs s = { .w = w };
	int r = wr_seen_read(w, &seen, err);
	wr_auto(free) struct wr_port *ports = calloc(seen.n + 1, sizeof(*ports));
	wr_auto(free) struct weir_shape *shapes = calloc(seen.n + 1, sizeof(*shapes));
	size_t n_ports, n = 0;

	if (!r && (!ports || !shapes))
		r = wr_nomem(err);
	if (r)
		return r;
	n_ports = choose_ports(w, &seen, ports);
	r = wr_ports_read(w, ports, n_ports, err);
	for (size_t i = 0; i < n_ports && !r; i++)
		if (ports[i].major || ports[i].has_redirect)
			r = shape_of(&s, &ports[i], &shapes[n++], err);
	if (r)
		return r;
	*ret = wr_take(shapes);
	*ret_n = n;
	return 0;
}
