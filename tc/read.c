/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reading a port. Single qdiscs are asked for by NLM_F_ECHO, because a dump of
 * qdiscs is always one of all links, and because without it the kernel answers to
 * its listeners only.
 */
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include "link/kinds.h"
#include "netlink/attr.h"
#include "tc/block.h"
#include "tc/limiter.h"
#include "tc/read.h"

/* --- classes ---------------------------------------------------------------------------- */

struct each {
	int (*fn)(void *arg, const struct wr_tc_class *c);
	void *arg;
};

static int each_reply(void *arg, uint32_t index, const struct nlmsghdr *msg)
{
	struct each *e = arg;
	struct wr_tc_class c;

	return msg->nlmsg_type == RTM_NEWTCLASS && wr_limit_read(msg, &c) ? e->fn(e->arg, &c) : 0;
}

int wr_class_each(struct weir *w, int ifindex, int (*fn)(void *arg, const struct wr_tc_class *c),
		  void *arg, struct weir_error *err)
{
	struct each e = { fn, arg };
	struct wr_reader reader = { .reply = each_reply, .arg = &e };
	wr_auto(batch) struct wr_batch b = { 0 };

	wr_tc_msg(&b, RTM_GETTCLASS, NLM_F_DUMP, ifindex, 0, 0, NULL);
	return wr_sock_read(&w->sock, &b, NULL, &reader, WR_READ_TIMEOUT_MS, err);
}

static int keep_class(void *arg, const struct wr_tc_class *c)
{
	*(struct wr_tc_class *)arg = *c;
	return 0;
}

int wr_class_get(struct weir *w, int ifindex, uint32_t classid, struct wr_tc_class *ret,
		 struct weir_error *err)
{
	struct each e = { keep_class, ret };
	struct wr_reader reader = { .reply = each_reply, .arg = &e };
	wr_auto(batch) struct wr_batch b = { 0 };
	struct wr_result result;
	int r;

	*ret = (struct wr_tc_class){ 0 };
	wr_tc_msg(&b, RTM_GETTCLASS, NLM_F_ECHO, ifindex, classid, 0, NULL);
	r = wr_sock_read(&w->sock, &b, &result, &reader, WR_READ_TIMEOUT_MS, err);
	if (!r && ret->classid != classid)
		r = wr_error(err, -ENOENT, WEIR_STAGE_REPLY, "class", "", "%x:%x is not there",
			     classid >> 16, classid & 0xffff);
	return r;
}

/* --- a port -------------------------------------------------------------------------------- */

enum { ASK_ROOT, ASK_INGRESS, ASK_ALSO };

struct asked {
	struct wr_port *port;
	struct wr_also *also;
};

static void read_qdisc(const struct nlmsghdr *msg, struct wr_qdisc *ret)
{
	const struct tcmsg *tcm = NLMSG_DATA(msg);
	const struct nlattr *kind, *options;

	if (msg->nlmsg_type != RTM_NEWQDISC || msg->nlmsg_len < NLMSG_LENGTH(sizeof(*tcm)))
		return;
	kind = wr_msg_attr(msg, TCA_KIND);
	options = wr_msg_attr(msg, TCA_OPTIONS);
	*ret = (struct wr_qdisc){
		.handle = tcm->tcm_handle,
		.ingress_block = wr_attr_u32(wr_msg_attr(msg, TCA_INGRESS_BLOCK), 0),
		.egress_block = wr_attr_u32(wr_msg_attr(msg, TCA_EGRESS_BLOCK), 0),
	};
	if (kind)
		wr_format(ret->kind, sizeof(ret->kind), "%.*s", kind->nla_len - NLA_HDRLEN,
			  (const char *)(kind + 1));
	if (!options || (size_t)options->nla_len - NLA_HDRLEN > sizeof(ret->options))
		return;
	ret->options_len = options->nla_len - NLA_HDRLEN;
	memcpy(ret->options, options + 1, ret->options_len);
}

static int take_class(void *arg, const struct wr_tc_class *c)
{
	const uint32_t minor = c->classid & 0xffff;
	struct wr_port *port = arg;

	if (c->classid >> 16 != port->root.handle >> 16)
		return 0;
	if (minor == WR_PORT_CLASS)
		wr_limit_take(&port->class, c);
	else if (minor == WR_REST_CLASS)
		port->rest = *c;
	else
		port->n_floors++;
	return 0;
}

static void take_root(struct wr_port *port, const struct nlmsghdr *msg)
{
	struct wr_tc_class c;

	read_qdisc(msg, &port->root);
	if (wr_root_is_ours(port->root.handle) && wr_limit_read(msg, &c))
		take_class(port, &c);
}

/* Which kind it is matters of few, which their drivers tell apart, but not a macvlan from a macvtap. */
static int read_kind(struct weir *w, struct wr_port *port, struct weir_error *err)
{
	struct weir_link l = { .sz = sizeof(l) };
	char driver[32];
	int r;

	if (!*port->link.name)
		wr_sock_ifname(&w->sock, port->link.ifindex, port->link.name);
	wr_sock_driver(&w->sock, port->link.name, driver);
	port->link.kind = strcmp(driver, "ifb") ? 0 : WEIR_LINK_IFB;
	if (*driver && strcmp(driver, "macvlan"))
		return 0;
	r = weir_link_get(w, port->link.ifindex, NULL, &l, err);
	if (!r)
		port->link.kind = l.kind;
	return r;
}

int wr_port_link(struct weir *w, int ifindex, bool kind, struct wr_port *port, struct weir_error *err)
{
	int r = port->link.mtu ? 0 : wr_sock_mtu(&w->sock, ifindex, port->link.name, &port->link.mtu);

	if (r)
		return wr_error(err, r, WEIR_STAGE_KERNEL, "", "", "the link is gone");
	port->link.ifindex = ifindex;
	return kind ? read_kind(w, port, err) : 0;
}

static int port_reply(void *arg, uint32_t index, const struct nlmsghdr *msg)
{
	struct asked *a = arg;

	if (index == ASK_ROOT)
		take_root(a->port, msg);
	else if (index == ASK_INGRESS)
		read_qdisc(msg, &a->port->ingress);
	else if (WR_HAS_AHEAD)
		a->also->reply(a->also, msg);
	return 0;
}

static int take_filter(struct wr_port *port, const struct nlmsghdr *msg)
{
	int r = wr_redirect_read(msg, &port->redirect);

	if (r > 0 && port->redirect.method == WEIR_SHAPE_BLOCK)
		port->redirect.classid = wr_block_class(port->link.ifindex);
	port->has_redirect |= r > 0;
	return r;
}

/* What others have in a block is not this port's. */
static int filter_reply(void *arg, uint32_t index, const struct nlmsghdr *msg)
{
	struct wr_port *port = arg;

	if (take_filter(port, msg) < 0 && !port->ingress.ingress_block)
		port->n_foreign_filters++;
	return 0;
}

static void ask(struct wr_batch *b, int ifindex)
{
	wr_tc_msg(b, RTM_GETQDISC, NLM_F_ECHO, ifindex, 0, TC_H_ROOT, NULL);
	wr_tc_msg(b, RTM_GETQDISC, NLM_F_ECHO, ifindex, 0, TC_H_INGRESS, NULL);
}

static int read_filters(struct weir *w, struct wr_port *port, struct weir_error *err)
{
	struct wr_reader reader = { .reply = filter_reply, .arg = port };
	wr_auto(batch) struct wr_batch b = { 0 };

	wr_redirect_dump_msg(&b, port->link.ifindex);
	return wr_sock_read(&w->sock, &b, NULL, &reader, WR_READ_TIMEOUT_MS, err);
}

/* What a block has is not the port's. */
int wr_port_count(struct weir *w, struct wr_port *port, struct weir_error *err)
{
	int r = 0;

	if (!port->knows_floors && wr_root_is_ours(port->root.handle))
		r = wr_class_each(w, port->link.ifindex, take_class, port, err);
	if (!r && !port->knows_filters && port->ingress.handle && !(port->has_redirect && port->ingress.ingress_block))
		r = read_filters(w, port, err);
	port->knows_floors = port->knows_filters = !r;
	return r;
}

bool wr_root_is_ours(uint32_t root)
{
	return root == WR_CLASS(WR_MAJOR, 0) || root == WR_CLASS(WR_MAJOR_NOQUEUE, 0);
}

/* Asks what one send tells. */
static int read_port(struct weir *w, struct asked *a, struct weir_error *err)
{
	struct wr_reader reader = { .reply = port_reply, .arg = a };
	struct wr_result results[ASK_ALSO + WR_ALSO];
	const bool has_also = WR_HAS_AHEAD && a->also && a->also->ask;
	wr_auto(batch) struct wr_batch b = { 0 };
	int r;

	ask(&b, a->port->link.ifindex);
	if (has_also)
		a->also->ask(a->also, &b);
	r = wr_sock_read(&w->sock, &b, results, &reader, WR_READ_TIMEOUT_MS, err);
	if (!r && has_also)
		a->also->done(a->also, results + ASK_ALSO);
	return r;
}

int wr_port_read(struct weir *w, int ifindex, struct wr_also *also, struct wr_port *ret, struct weir_error *err)
{
	struct wr_port port = { 0 };
	int r = wr_port_link(w, ifindex, true, &port, err);

	if (!r)
		r = read_port(w, &(struct asked){ &port, also }, err);
	if (!r)
		r = wr_port_count(w, &port, err);
	if (r)
		return r;
	port.major = port.class.classid >> 16;
	port.root_is_free = !port.root.handle || !strcmp(port.root.kind, "noqueue");
	*ret = port;
	return 0;
}

/* --- many ports ------------------------------------------------------------------------------ */

#define MOST_ASKED 4	/* about a port */

struct many {
	struct wr_port *ports;
	uint32_t *port_of;	/* each message */
};

static int many_reply(void *arg, uint32_t index, const struct nlmsghdr *msg)
{
	const struct many *m = arg;
	struct wr_port *port = &m->ports[m->port_of[index]];
	struct wr_tc_class c;

	if (msg->nlmsg_type == RTM_NEWTFILTER)
		take_filter(port, msg);
	else if (wr_limit_read(msg, &c))
		take_class(port, &c);
	return 0;
}

/* Of a TBF its class tells the leaf, the qdisc the limits. */
static void ask_root(struct wr_batch *b, const struct wr_port *port)
{
	const uint32_t major = port->root.handle >> 16;

	wr_tc_msg(b, RTM_GETTCLASS, NLM_F_ECHO, port->link.ifindex, WR_CLASS(major, WR_PORT_CLASS), 0, NULL);
	if (port->is_tbf)
		wr_tc_msg(b, RTM_GETQDISC, NLM_F_ECHO, port->link.ifindex, 0, TC_H_ROOT, NULL);
	else if (!WR_HAS_AHEAD || port->has_rest)
		wr_tc_msg(b, RTM_GETTCLASS, NLM_F_ECHO, port->link.ifindex, WR_CLASS(major, WR_REST_CLASS), 0, NULL);
}

/* What it has in common with the port before it is asked once. */
static bool has_same_block(const struct wr_port *ports, size_t i)
{
	return WR_HAS_AHEAD && i && ports[i].ingress.ingress_block &&
	       ports[i].ingress.ingress_block == ports[i - 1].ingress.ingress_block;
}

static void ask_filter(struct wr_batch *b, const struct wr_port *ports, size_t i)
{
	const struct wr_port *port = &ports[i];

	if (port->ingress.ingress_block) {
		if (!has_same_block(ports, i))
			wr_redirect_block_get_msg(b, port->ingress.ingress_block);
		return;
	}
	wr_redirect_get_msg(b, port->link.ifindex, false);
	wr_redirect_get_msg(b, port->link.ifindex, true);
}

static void settle(struct wr_port *ports, size_t i)
{
	struct wr_port *port = &ports[i];

	if (has_same_block(ports, i)) {
		port->has_redirect = ports[i - 1].has_redirect;
		port->redirect = ports[i - 1].redirect;
		port->redirect.classid = wr_block_class(port->link.ifindex);
	}
	port->major = wr_root_is_ours(port->root.handle) ? port->class.classid >> 16 : 0;
	port->knows_floors = WR_HAS_AHEAD;
}

int wr_ports_read(struct weir *w, struct wr_port *ports, size_t n, struct weir_error *err)
{
	wr_auto(free) uint32_t *port_of = calloc(n + 1, MOST_ASKED * sizeof(*port_of));
	struct many m = { ports, port_of };
	struct wr_reader reader = { .reply = many_reply, .arg = &m };
	wr_auto(batch) struct wr_batch b = { 0 };
	uint32_t at = 0;
	int r;

	if (!port_of)
		return wr_nomem(err);
	for (size_t i = 0; i < n; i++) {
		if (!WR_HAS_AHEAD || wr_root_is_ours(ports[i].root.handle))
			ask_root(&b, &ports[i]);
		if (!WR_HAS_AHEAD || ports[i].ingress.handle)
			ask_filter(&b, ports, i);
		while (at < b.n)
			port_of[at++] = (uint32_t)i;
	}
	r = b.n ? wr_sock_read(&w->sock, &b, NULL, &reader, WR_READ_TIMEOUT_MS, err) : 0;
	for (size_t i = 0; i < n && !r; i++)
		settle(ports, i);
	return r;
}
