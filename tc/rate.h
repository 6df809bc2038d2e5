/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From what people ask of a port to what HTB or TBF is told: the arithmetic, and nothing of netlink. */
#ifndef WR_TC_RATE_H
#define WR_TC_RATE_H

#include <weir/tc.h>

#include "base/error.h"

/* The MTU to reckon with where the link's own is not known yet. */
#define WR_DEFAULT_MTU 1500

/* A class as HTB sees it; and a TBF, which calls the ceil peakrate and the cburst mtu. */
struct wr_htb_class {
	uint64_t rate_bytes_per_s;
	uint64_t ceil_bytes_per_s;
	uint32_t burst_bytes;
	uint32_t cburst_bytes;
	uint32_t quantum_bytes;	/* HTB's */
	uint32_t limit_bytes;	/* TBF's: what may wait */
};

/* The class that gives a port of @mtu the limits of @rate, whose average is not 0. */
struct wr_htb_class wr_htb_from_rate(const struct weir_rate *rate, uint32_t mtu);
/* The same as a TBF. What is longer than its burst it cuts to packets if it can, and drops if not. */
struct wr_htb_class wr_tbf_from_rate(const struct weir_rate *rate, uint32_t mtu);
/* Below it the longest packet takes longer than TBF can say. */
#define WR_TBF_LEAST_RATE 240
/* The burst that TBF has when it tells its time: of those that give the same ticks the largest. */
uint32_t wr_tbf_bytes(uint32_t ticks, uint64_t bytes_per_s);
/* How much the policer lets pass at once: TCP needs some round trips' worth, and it cannot wait. */
uint32_t wr_police_burst(const struct weir_rate *rate, uint32_t mtu);
/* Time that @bytes (below 2^32) take at a rate, in the scheduler's ticks of 64 ns. */
uint32_t wr_htb_ticks(uint64_t bytes, uint64_t bytes_per_s);
/* And back, so that it gives the same ticks again. */
uint32_t wr_ticks_bytes(uint32_t ticks, uint64_t bytes_per_s);

#endif
