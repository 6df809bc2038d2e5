/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * HTB and what hangs below a class, as messages, and a class as it is read back.
 *
 *	root MAJOR: htb default N
 *	 `- class MAJOR:N  rate = average, ceil = peak, burst, quantum
 *	     `- leaf: fq_codel, sfq, or what HTB itself puts there
 */
#ifndef WR_TC_HTB_H
#define WR_TC_HTB_H

#include "netlink/batch.h"
#include "tc/rate.h"

struct tc_ratespec;

/*
 * The majors of our root qdiscs ("we"), which nobody else uses: so ours are known
 * from everybody's, and from what was there before. Shared ifbs have one of their
 * own: a packet keeps the class that was written into its priority there, and
 * must not find one of that number where it goes next.
 */
#define WR_MAJOR 0x7765u		/* the kernel's default qdisc was there */
#define WR_MAJOR_NOQUEUE 0x7766u	/* somebody had set noqueue */
#define WR_MAJOR_SHARED 0x7767u		/* on an ifb that ports share */
#define WR_MAJOR_BACK 0x7768u		/* of the noqueue that comes back */
#define WR_MAJOR_FLOORS 0x7769u		/* on the ifb of a link with floors of what arrives by it */
#define WR_CLASS(major, minor) ((uint32_t)(major) << 16 | (minor))
/* The only class of a port, and of an ifb that is one port's. */
#define WR_PORT_CLASS 1u
/* Below it, where there are floors: what has none. */
#define WR_REST_CLASS 2u
/* From here on are those of floors. */
#define WR_FLOOR_CLASS 16u
#define WR_MAX_MINOR 0xfffu
/*
 * A packet keeps the class that it had on an ifb as its priority, and of that the last four bits count where it
 * leaves the host: pfifo_fast and fq have a band for each value, a card may have a queue. What has this bit is best
 * effort to all of them, as 0 is; so the classes of ifbs' ports and of floors have it.
 */
#define WR_BEST_EFFORT 8u

/* Of fq_codel: 18 KB a leaf instead of the 70 of its default. */
#define WR_LEAF_FLOWS 256u

/* A class, or a TBF (limiter.h), as the kernel has it: what its undo sends again, byte for byte. */
struct wr_tc_class {
	enum weir_qdisc by;	/* AUTO: a class of HTB */
	uint32_t classid;
	uint32_t parent;
	uint32_t leaf;		/* handle of the qdisc below; 0: HTB's own */
	uint16_t options_len;
	char options[160];	/* the attributes in TCA_OPTIONS */
	struct wr_htb_class limits;
	uint64_t bytes, packets, drops, overlimits, backlog_bytes;
};

void wr_tc_msg(struct wr_batch *b, uint16_t type, uint16_t flags, int ifindex, uint32_t handle,
	       uint32_t parent, const char *kind);
/* The deletion of what @handle and @parent name. */
void wr_tc_del_msg(struct wr_batch *b, uint16_t type, int ifindex, uint32_t handle, uint32_t parent);
void wr_htb_qdisc_msg(struct wr_batch *b, int ifindex, uint32_t major, uint32_t default_minor);
/* @flags: NLM_F_CREATE | NLM_F_EXCL makes it, 0 changes it in place. */
void wr_htb_class_msg(struct wr_batch *b, uint16_t flags, int ifindex, uint32_t classid,
		      uint32_t parent, const struct wr_htb_class *c);
/* The class as it was read. */
void wr_htb_class_again_msg(struct wr_batch *b, uint16_t flags, int ifindex,
			    const struct wr_tc_class *c);
/* From an RTM_NEWTCLASS; false if it is no HTB class. */
bool wr_htb_class_read(const struct nlmsghdr *msg, struct wr_tc_class *ret);
/* The counters of a class or qdisc. */
void wr_tc_counters_read(const struct nlmsghdr *msg, struct wr_tc_class *ret);
/* With a link layer named the kernel needs no rate table. */
struct tc_ratespec wr_tc_ratespec(uint64_t bytes_per_s);

/* The handle of the leaf below class @minor: it says what the leaf is. 0: HTB's own. */
uint32_t wr_leaf_handle(enum weir_leaf leaf, uint32_t minor);
enum weir_leaf wr_leaf_of(uint32_t handle);
/* fq_codel's patience in microseconds: a packet at a low rate takes longer than its 5 ms. */
uint32_t wr_leaf_target_us(uint64_t bytes_per_s);
/* The leaf below a class. @flags: with NLM_F_CREATE a new one, 0: in place what depends on the rate. */
void wr_leaf_msg(struct wr_batch *b, uint16_t flags, int ifindex, uint32_t classid, uint32_t handle,
		 uint64_t bytes_per_s);

#endif
