/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Many links at once: all of them with what tells whether anything shapes them, or
 * those alone that have a qdisc of somebody's. Dumps cost less than asking about
 * many ports one by one.
 */
#ifndef WR_TC_SEEN_H
#define WR_TC_SEEN_H

#include "tc/read.h"

struct wr_seen_link {
	int ifindex;
	uint32_t mtu;
	enum weir_link_kind kind;
	char name[16];
	uint32_t root, ingress;	/* handles; 0: what the kernel puts there, nothing */
	uint32_t block;		/* that ingress shares; 0: none */
	bool is_tbf;		/* the root */
};

struct wr_seen {
	struct wr_seen_link *list;	/* by index */
	size_t n;
};

int wr_seen_read(struct weir *w, struct wr_seen *ret, struct weir_error *err);
/* Only links with a qdisc that has a handle, and of them nothing else. */
int wr_seen_qdiscs(struct weir *w, struct wr_seen *ret, struct weir_error *err);
/* The kinds of these, which may be seen already. */
int wr_seen_add(struct wr_seen *s, const struct weir_link *links, size_t n);
struct wr_seen_link *wr_seen_find(const struct wr_seen *s, int ifindex);
/* Those that may have limits of ours, as wr_ports_read() wants them; there is room for all. Returns how many. */
size_t wr_seen_ports(const struct wr_seen *seen, struct wr_port *ports);
void wr_auto_seen(struct wr_seen *s);

#endif
