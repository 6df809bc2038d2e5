/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What can limit what leaves by a link: a class of HTB, or a TBF. Both are recognised by
 * their class MAJOR:1; a table has a row for each, with everything that differs.
 */
#ifndef WR_TC_LIMITER_H
#define WR_TC_LIMITER_H

#include "tc/tbf.h"

struct wr_limiter {
	const char *name;	/* of the qdisc */
	enum weir_leaf leaf;	/* where none is asked for */
	bool is_class;		/* in a qdisc that has to be made before, and may have others beside it */
	struct wr_htb_class (*from_rate)(const struct weir_rate *rate, uint32_t mtu);
	uint64_t least_bytes_per_s;
	/* As of htb.h. */
	void (*put)(struct wr_batch *b, uint16_t flags, int ifindex, uint32_t classid, uint32_t parent,
		    const struct wr_htb_class *c);
	void (*put_again)(struct wr_batch *b, uint16_t flags, int ifindex, const struct wr_tc_class *c);
	bool (*read)(const struct nlmsghdr *msg, struct wr_tc_class *ret);
	/* As tc names it and its limits: "parent 7765: classid 7765:1 htb rate ..." */
	void (*words)(char *out, size_t size, uint32_t classid, uint32_t parent, const struct wr_htb_class *c);
};

/* WEIR_QDISC_AUTO: HTB. */
const struct wr_limiter *wr_limiter(enum weir_qdisc by);
/* From what the kernel says of a class or qdisc; false if it is neither. */
bool wr_limit_read(const struct nlmsghdr *msg, struct wr_tc_class *ret);
/* Puts together what several messages say of the same. */
void wr_limit_take(struct wr_tc_class *to, const struct wr_tc_class *part);

#endif
