/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a transaction knows of ports before it asks for each of them. With many ports, a
 * dump tells which of them nothing shapes, our own are read many at once, and each ifb is
 * read as a whole.
 */
#ifndef WR_TC_AHEAD_H
#define WR_TC_AHEAD_H

#include "tc/read.h"

/* What the steps are to do that a port is asked about for. */
enum wr_ahead {
	WR_AHEAD_TAKES,		/* nothing is added */
	WR_AHEAD_ADDS,
	WR_AHEAD_ADDS_CLASS,	/* on an ifb besides, by a block */
};

/* A port, for steps of @t: as wr_port_read(), but perhaps not counted. @ret: as wr_port_link() takes it. */
int wr_port_ahead(struct weir_txn *t, int ifindex, enum wr_ahead what, struct wr_port *ret, struct weir_error *err);
/* One of which is known that nothing shapes it, and which end it is: what is to be known of the link itself. */
int wr_port_new(struct weir_txn *t, int ifindex, enum wr_ahead what, struct wr_port *ret, struct weir_error *err);
/* A class of an ifb, and the ifb's name. -ENOENT: that is there, but not the class. */
int wr_class_ahead(struct weir_txn *t, int ifb, uint32_t classid, char ret_name[16], struct wr_tc_class *ret,
		   struct weir_error *err);

#endif
