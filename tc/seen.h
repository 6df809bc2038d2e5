/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Many links at once: all of them with what tells whether anything shapes them, and
 * for a transaction just which of them nothing shapes. Dumps cost less than asking
 * about many ports one by one.
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
void wr_auto_seen(struct wr_seen *s);

/*
 * A port, for a step of @t. After some ports have been asked about, those that
 * nothing shapes are known without asking.
 */
int wr_port_ahead(struct weir_txn *t, int ifindex, struct wr_port *ret, struct weir_error *err);

#endif
