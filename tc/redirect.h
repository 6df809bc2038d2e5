/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The one filter of ours on a port's way in, as messages and read back. It takes
 * every packet and, by method:
 *
 *	skbedit	writes the class into the packet's priority, redirects to a shared ifb
 *	bpf	the same by a program
 *	block	the same by a program and a filter that all ports of an ifb share: block.h
 *	ifb	redirects to an ifb of the port's own, whose class is the default
 *	police	drops what is too much, right here
 *
 * A class of a floor (7769:N) is written into the priority as well, for the ifb of
 * the bridge that the packet comes to afterwards (floor.h): by skbedit or a program,
 * which redirects to an ifb of the port's own, or nowhere.
 */
#ifndef WR_TC_REDIRECT_H
#define WR_TC_REDIRECT_H

#include "netlink/batch.h"
#include "tc/htb.h"

/* Of this priority all filters of a link are ours, and one deletion takes them away. */
#define WR_FILTER_PRIO 0x7765u
#define WR_INGRESS_HANDLE 0xffff0000u
/*
 * A filter is asked for by its handle, so that one which is there already is not
 * added a second time: an undo may not know whether it had been taken away.
 */
#define WR_U32_FIRST 0x80000001u	/* 800::1, in the first table of cls_u32 */

struct wr_redirect {
	enum weir_shape_method method;
	int ifb;		/* where to; 0: nowhere */
	bool is_lost;		/* where to is gone, and what arrives is dropped */
	uint32_t classid;	/* there, or of a floor; 0: the default there */
	uint64_t rate_bytes_per_s;	/* police: what passes */
	uint32_t burst_bytes;
	uint64_t bytes, packets, drops, overlimits;	/* police: read back only */
};

static inline bool wr_is_floor(uint32_t classid)
{
	return classid >> 16 == WR_MAJOR_FLOORS;
}

/* On an ifb that ports share; 0: it is the port's own, or there is none. */
static inline uint32_t wr_shared_class(const struct wr_redirect *r)
{
	return wr_is_floor(r->classid) ? 0 : r->classid;
}

/* The qdisc for them. @block: whose filters it has; 0: filters of its own. */
void wr_ingress_msg(struct wr_batch *b, int port, uint32_t block);
/* The filter by every method but bpf and block. @flags as of RTM_NEWTFILTER. */
void wr_redirect_msg(struct wr_batch *b, uint16_t flags, int port, const struct wr_redirect *r);
/* The filter whose program is behind the descriptor @fd. */
void wr_redirect_bpf_msg(struct wr_batch *b, int port, int ifb, uint32_t classid, int fd);
/* That of a block, which has the number of the ifb. */
void wr_redirect_block_msg(struct wr_batch *b, int ifb, int fd);
void wr_redirect_del_msg(struct wr_batch *b, int port);
void wr_redirect_block_del_msg(struct wr_batch *b, int ifb);
/* Asks for the one of ours: a program or another. */
void wr_redirect_get_msg(struct wr_batch *b, int port, bool is_bpf);
void wr_redirect_block_get_msg(struct wr_batch *b, uint32_t block);
/* Asks for all filters on the way in. */
void wr_redirect_dump_msg(struct wr_batch *b, int port);

/*
 * Takes an RTM_NEWTFILTER: 1: it is ours, and in @ret; 0: only part of one of ours; -EEXIST: of others.
 * The class by a block depends on the port, and is not filled in.
 */
int wr_redirect_read(const struct nlmsghdr *msg, struct wr_redirect *ret);

#endif
