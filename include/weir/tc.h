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
