/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What tc has on a link: read, ours told from others', never changed. */
#ifndef WR_TC_READ_H
#define WR_TC_READ_H

#include <weir/link.h>

#include "tc/htb.h"
#include "tc/redirect.h"
#include "txn/txn.h"

#ifdef WR_NO_AHEAD	/* the one-file tool (`make static`): no room for what many ports and one port more save */
#define WR_HAS_AHEAD 0
#else
#define WR_HAS_AHEAD 1
#endif

/* A qdisc that is no class's leaf. */
struct wr_qdisc {
	char kind[16];		/* "": the kernel has none there */
	uint32_t handle;
	uint32_t ingress_block, egress_block;	/* shared with other qdiscs; 0: its filters are its own */
	uint16_t options_len;	/* 0: none, or more than could be kept */
	char options[512];
};

/* A port: what shapes it, or what is in the way. */
struct wr_port {
	struct {
		int ifindex;
		uint32_t mtu;
		enum weir_link_kind kind;	/* WEIR_LINK_IFB, WEIR_LINK_MACVTAP, or any other */
		char name[16];
	} link;
	struct wr_qdisc root, ingress;
	uint32_t major;			/* of our root qdisc; 0: it is not ours */
	bool is_tbf, has_rest;		/* the root, for wr_ports_read() */
	bool knows_floors, knows_filters;	/* how many: n_floors, n_foreign_filters */
	bool root_is_free;		/* the kernel's default or noqueue: nothing is lost */
	struct wr_tc_class class;	/* of our root qdisc, or it is that, a TBF */
	struct wr_tc_class rest;	/* where it has floors */
	unsigned int n_floors;
	bool has_redirect;
	struct wr_redirect redirect;
	unsigned int n_foreign_filters;
};

bool wr_root_is_ours(uint32_t handle);
/*
 * What is to be known of the link itself, @kind if that is not known. @port: of zeros, but for a
 * name and an MTU that are known. -ENODEV: it is gone.
 */
int wr_port_link(struct weir *w, int ifindex, bool kind, struct wr_port *port, struct weir_error *err);
/* What somebody else asks in the same send, by at most so many messages; he is answered before that returns. */
#define WR_ALSO 2
struct wr_also {
	void (*ask)(struct wr_also *a, struct wr_batch *b);	/* NULL: nothing */
	void (*reply)(struct wr_also *a, const struct nlmsghdr *msg);
	void (*done)(struct wr_also *a, const struct wr_result *results);
};

/* All. -ENODEV: the link is gone. @also: may be NULL. */
int wr_port_read(struct weir *w, int ifindex, struct wr_also *also, struct wr_port *ret, struct weir_error *err);
/*
 * Ports whose index and qdiscs are filled in as far as a dump tells (seen.h): their
 * classes and redirects, in as few sends as the answers have room for. Filters of
 * others are not counted.
 */
int wr_ports_read(struct weir *w, struct wr_port *ports, size_t n, struct weir_error *err);
/* Counts them, for who takes ours away. */
int wr_port_count(struct weir *w, struct wr_port *port, struct weir_error *err);
/* One class; -ENOENT if there is none. */
int wr_class_get(struct weir *w, int ifindex, uint32_t classid, struct wr_tc_class *ret,
		 struct weir_error *err);
/* All classes of a link, in one dump. */
int wr_class_each(struct weir *w, int ifindex, int (*fn)(void *arg, const struct wr_tc_class *c),
		  void *arg, struct weir_error *err);

#endif
