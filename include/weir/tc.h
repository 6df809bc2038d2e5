/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Bandwidth of a guest's port, in both directions, by HTB.
 *
 * Inbound and outbound are seen from the guest. What goes to the guest leaves
 * the host by its port, so inbound is an HTB class on the port itself. What
 * comes from the guest is redirected on its way in to an ifb link, where an HTB
 * class delays it: nothing is dropped that a queue can hold. Kernel interface:
 * RTM_NEWQDISC, RTM_NEWTCLASS, RTM_NEWTFILTER; sch_htb, sch_ingress, cls_u32,
 * act_mirred, ifb.
 */
#ifndef WEIR_TC_H
#define WEIR_TC_H

#include <weir/error.h>

#ifdef __cplusplus
extern "C" {
#endif

struct weir_txn;

/**
 * struct weir_rate - the limits of one direction
 * @average_bytes_per_s:	what may flow in the long run; 0: no limit
 * @peak_bytes_per_s:		how fast saved-up @burst_bytes may be spent; 0:
 *				as fast as the link. Needs an average, and has an
 *				effect only together with a burst
 * @burst_bytes:		how much may be saved up; 0: derived from the
 *				average. Needs an average
 * @floor_bytes_per_s:		what is guaranteed; 0: nothing. Inbound only
 */
struct weir_rate {
	uint64_t average_bytes_per_s;
	uint64_t peak_bytes_per_s;
	uint64_t burst_bytes;
	uint64_t floor_bytes_per_s;
};

/**
 * struct weir_bandwidth - the limits of a port, as the guest sees them
 * @inbound:	to the guest
 * @outbound:	from the guest
 */
struct weir_bandwidth {
	struct weir_rate inbound;
	struct weir_rate outbound;
};

/** WEIR_RATE_MAX - the largest average, peak and floor: 2^54 KB/s, libvirt's limit, in bytes/s */
#define WEIR_RATE_MAX 18014398509481984000ull
/** WEIR_BURST_MAX - the largest burst: 4194303 KiB, libvirt's limit, in bytes */
#define WEIR_BURST_MAX 4294966272ull

/**
 * weir_bandwidth_check() - whether limits make sense
 * @bandwidth:	the limits
 * @err:	filled on failure; may be NULL
 *
 * An average or a floor is needed where there is a peak or burst; peak must not
 * be below average; a floor is for inbound only.
 *
 * Return: 0 or -EINVAL, -ERANGE with the member's path in @err->attr
 *
 * Since: 0.1
 */
WEIR_API int weir_bandwidth_check(const struct weir_bandwidth *bandwidth, struct weir_error *err);

/**
 * weir_rate_parse() - read a rate as people write it
 * @text:		a number and a unit: iproute2's (bit, kbit, mbit, gbit, tbit,
 *			kibit, ...; bps, kbps, ... are bytes) or written out (Mbit/s,
 *			KB/s, MiB/s, ...). Without a unit: KB/s, as libvirt has it
 * @ret_bytes_per_s:	receives bytes per second, not 0
 * @err:		filled on failure; may be NULL
 *
 * Upper and lower case are the same, but B is a byte: b/s is refused, because it
 * could be either. A rate of 0 is refused: what has no limit is left out.
 *
 * Return: 0, or -EINVAL (no number, an unknown unit, nothing), -ERANGE (above
 * WEIR_RATE_MAX)
 *
 * Since: 0.2
 */
WEIR_API int weir_rate_parse(const char *text, uint64_t *ret_bytes_per_s, struct weir_error *err);

/**
 * weir_burst_parse() - read a burst as people write it
 * @text:	a number and a unit: b, k, kb, KiB, m, MiB, ...; k is 1024 as for tc.
 *		Without a unit: KiB, as libvirt has it
 * @ret_bytes:	receives bytes, not 0
 * @err:	filled on failure; may be NULL
 *
 * Return: 0, or -EINVAL, -ERANGE (above WEIR_BURST_MAX)
 *
 * Since: 0.2
 */
WEIR_API int weir_burst_parse(const char *text, uint64_t *ret_bytes, struct weir_error *err);

/**
 * weir_limits_parse() - read the limits of one direction as people write them
 * @text:	average[,peak[,burst[,floor]]] as virsh takes them, or by name in any
 *		order: "10mbit,peak=20mbit,burst=64KiB"
 * @ret:	receives the limits; not checked against each other, see
 *		weir_bandwidth_check()
 * @err:	filled on failure, with the member in @err->attr; may be NULL
 *
 * Return: 0, or -EINVAL, -ERANGE as of weir_rate_parse(), -ENOMEM
 *
 * Since: 0.2
 */
WEIR_API int weir_limits_parse(const char *text, struct weir_rate *ret, struct weir_error *err);

/** WEIR_RATE_TEXT - room for a rate as text */
#define WEIR_RATE_TEXT 32

/**
 * weir_rate_format() - a rate as text that weir_rate_parse() reads as the same rate
 * @bytes_per_s:	the rate
 * @buf:		receives "10mbit", "1201B/s"
 *
 * Return: @buf
 *
 * Since: 0.2
 */
WEIR_API char *weir_rate_format(uint64_t bytes_per_s, char buf[WEIR_RATE_TEXT]);

/**
 * struct weir_shape - how a port was shaped, for the one who takes it down
 * @ifb_ifindex:	the ifb of the outbound direction; 0: none
 * @ifb_name:		its name
 */
struct weir_shape {
	int ifb_ifindex;
	char ifb_name[16];
};

/**
 * weir_txn_shape() - limit a port
 * @t:		the transaction
 * @ifindex:	the port; may be one that @t makes
 * @name:	its name
 * @bandwidth:	the limits; an empty direction gets no qdisc
 * @ret:	receives what was made besides; may be NULL
 *
 * The port must have no root qdisc but its default one and no ingress qdisc. An
 * ifb that is made here must be deleted together with the port
 * (weir_txn_link_del()); the qdiscs go with the port. Undone with the port if @t
 * makes it, otherwise by deleting the qdiscs.
 *
 * Return: 0 or a negative errno, which the transaction remembers
 *
 * Since: 0.1
 */
WEIR_API int weir_txn_shape(struct weir_txn *t, int ifindex, const char *name,
			    const struct weir_bandwidth *bandwidth, struct weir_shape *ret);

#ifdef __cplusplus
}
#endif

#endif
