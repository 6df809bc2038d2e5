/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Many links at once, by a dump of all qdiscs: what tells whether anything shapes
 * them. A dump costs less than asking about many ports one by one.
 */
#ifndef WR_TC_SEEN_H
#define WR_TC_SEEN_H

#include "netlink/dump.h"
#include "tc/read.h"

/* A link whose qdiscs the dump has told. */
struct wr_seen_link {
	int ifindex;
	uint32_t root, ingress;	/* handles; 0: what the kernel puts there, nothing */
	uint32_t block;		/* that ingress shares; 0: none */
	bool is_tbf;		/* the root */
	bool has_rest;		/* below a root of ours, what is not limited by itself: WR_REST_CLASS */
	unsigned int n_more;	/* classes there that are neither that nor the port's */
	struct wr_port *port;	/* for who asks for more */
};

struct wr_seen {
	struct wr_seen_link *list;	/* by index */
	size_t n;
	bool is_mixed;			/* the list is to be sorted */
	struct wr_seen_link now;	/* of which more may come; no index: none */
};

/* All. */
int wr_seen_read(struct weir *w, struct wr_seen *ret, struct weir_error *err);
/* The same in parts: wr_seen_next() adds what wr_dump_next() reads. */
int wr_seen_begin(struct weir *w, struct wr_dump *ret);
int wr_seen_next(struct wr_seen *s, struct wr_dump *d, size_t most);
struct wr_seen_link *wr_seen_find(const struct wr_seen *s, int ifindex);
/* Fills in a port that may have limits of ours, as wr_ports_read() wants it; false if it has none. */
bool wr_seen_port(const struct wr_seen_link *l, struct wr_port *ret);
void wr_auto_seen(struct wr_seen *s);

#endif
