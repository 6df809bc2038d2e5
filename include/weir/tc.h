/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Bandwidth of a guest's port, in both directions, by HTB, or on the port by TBF.
 *
 * Inbound and outbound are seen from the guest. What goes to the guest leaves
 * the host by its port, so inbound is an HTB class or a TBF on the port itself. What
 * comes from the guest is redirected on its way in to an ifb link that a few
 * hundred ports share, where an HTB class delays it: nothing is dropped that a
 * queue can hold. Kernel interface: RTM_NEWQDISC, RTM_NEWTCLASS, RTM_NEWTFILTER;
 * sch_htb, sch_ingress, cls_u32, act_mirred, ifb, and what enum weir_shape_method,
 * enum weir_qdisc and enum weir_leaf name.
 */
#ifndef WEIR_TC_H
#define WEIR_TC_H

#include <stdbool.h>

#include <weir/error.h>

#ifdef __cplusplus
extern "C" {
#endif

struct weir;
struct weir_txn;

/**
 * struct weir_rate - the limits of one direction
 * @average_bytes_per_s:	what may flow in the long run; 0: no limit
 * @peak_bytes_per_s:		how fast saved-up @burst_bytes may be spent; 0:
 *				as fast as the link. Needs an average, and has an
 *				effect only together with a burst
 * @burst_bytes:		how much may be saved up; 0: derived from the
 *				average. Needs an average
 * @floor_bytes_per_s:		what is guaranteed; 0: nothing
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
 * An average is needed where there is a peak or burst; peak must not be below it.
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
 * enum weir_shape_method - how what a guest sends is shaped
 * @WEIR_SHAPE_AUTO:	the first of these that the kernel can do
 * @WEIR_SHAPE_SKBEDIT:	redirected to an ifb that a few hundred ports share; the
 *			filter chooses the class there (act_skbedit)
 * @WEIR_SHAPE_BLOCK:	the same, by one filter that these ports share, with a
 *			program (cls_bpf): the least work for the kernel. Such ports
 *			share an ingress block, so a filter that somebody else adds
 *			(`tc filter add block INDEX-OF-THE-IFB`) is for all of them.
 *			For filters of a single port, take another method
 * @WEIR_SHAPE_BPF:	the same, by a filter of the port's own, with a program
 * @WEIR_SHAPE_IFB:	redirected to an ifb of the port's own
 * @WEIR_SHAPE_POLICE:	what is too much is dropped, nothing waits (act_police)
 */
enum weir_shape_method {
	WEIR_SHAPE_AUTO = 0,
	WEIR_SHAPE_SKBEDIT = 1,
	WEIR_SHAPE_BPF = 2,
	WEIR_SHAPE_IFB = 3,
	WEIR_SHAPE_POLICE = 4,
	WEIR_SHAPE_BLOCK = 5
};

/**
 * enum weir_qdisc - which qdisc limits what leaves by a link
 * @WEIR_QDISC_AUTO:	what the port has; one that becomes limited gets
 *			weir_options.shape_qdisc, or else HTB
 * @WEIR_QDISC_HTB:	a class, which can have classes of guaranteed rates below it
 * @WEIR_QDISC_TBF:	a token bucket alone, for thousands of ports: one message instead
 *			of three, and no filter blocks, of which HTB has two and the
 *			kernel walks a list of all for each new one. It guarantees no
 *			rates, queues the burst and 50 ms of the rate at most, and
 *			segments frames that are longer than the burst
 *
 * Since: 0.2
 */
enum weir_qdisc {
	WEIR_QDISC_AUTO = 0,
	WEIR_QDISC_HTB = 1,
	WEIR_QDISC_TBF = 2
};

/**
 * enum weir_leaf - what queues the packets of a class, or of a TBF
 * @WEIR_LEAF_AUTO:	the first of these that the kernel has; below a TBF the last
 * @WEIR_LEAF_FQ_CODEL:	fair among flows, with little delay
 * @WEIR_LEAF_SFQ:	fair among flows
 * @WEIR_LEAF_DEFAULT:	one queue, which is what HTB (as long as the link's queue) and
 *			TBF make by themselves
 */
enum weir_leaf {
	WEIR_LEAF_AUTO = 0,
	WEIR_LEAF_FQ_CODEL = 1,
	WEIR_LEAF_SFQ = 2,
	WEIR_LEAF_DEFAULT = 3
};

/**
 * struct weir_shape_options - how to shape a port
 * @sz:			sizeof(struct weir_shape_options)
 * @method:		an enum weir_shape_method, for what the guest sends. A port that
 *			is shaped by another method changes to it
 * @leaf:		an enum weir_leaf. A class that has another gets it in place, and
 *			loses what waits in the old one; WEIR_LEAF_AUTO leaves it as it is
 * @is_guest_side:	the link is the guest's end, not the host's, so inbound is
 *			what it receives. Need not be set for a macvtap that exists, but if
 *			@is_new is: then the kernel is not asked what it is
 * @has_floors:		weir_txn_floor_set() will guarantee rates below the limits of this
 *			link, such as a bridge. What arrives by it then gets an ifb of its
 *			own. Heeded when the link becomes limited
 * @replace:		delete a root or ingress qdisc of others that is in the way.
 *			Undo brings the qdisc back, not classes and filters in it
 * @floor_class:	what weir_txn_floor_set() returned for what arrives by the port;
 *			0: none. A limit of the port itself then gets an ifb of its own
 * @qdisc:		an enum weir_qdisc, for what leaves by the link. A port that is
 *			limited by another qdisc changes to it: what waits is lost, and
 *			@leaf is made as on a new port
 * @is_new:		the caller has just made the link, under the name that it gives, and
 *			knows that nobody has put a root or ingress qdisc on it, and by
 *			@is_guest_side which end it is, so the kernel is asked for none of
 *			that. If there is a qdisc, the commit fails with -EEXIST, names the
 *			port and what is there, and changes nothing; @replace then replaces
 *			nothing either. A handle with a state directory asks all the same:
 *			recovery after a kill could not tell what is not ours
 * @mtu:		the link's, if the caller knows it; 0: the kernel is asked, and a link
 *			that the transaction makes is taken to have 1500. A packet is the least
 *			that a limit lets pass at once
 */
struct weir_shape_options {
	size_t sz;
	enum weir_shape_method method;
	enum weir_leaf leaf;
	bool is_guest_side;
	bool replace;
	bool has_floors;
	uint32_t floor_class;
	enum weir_qdisc qdisc;
	bool is_new;
	uint32_t mtu;
};

/**
 * struct weir_shape_side - one direction of a shaped port
 * @limits:	the limits in the kernel; an average of 0: none. The burst is the one in
 *		force, which was derived if none was given. The floor is known only of
 *		what arrives by the link
 * @leaf:	an enum weir_leaf
 * @bytes:	how many passed
 * @packets:	how many passed
 * @drops:	packets that found the queue full, or exceeded a policer's rate
 * @overlimits:	how often a packet had to wait
 * @backlog_bytes:	what waits now
 */
struct weir_shape_side {
	struct weir_rate limits;
	enum weir_leaf leaf;
	uint64_t bytes;
	uint64_t packets;
	uint64_t drops;
	uint64_t overlimits;
	uint64_t backlog_bytes;
};

/**
 * struct weir_shape - how a port is shaped
 * @sz:			sizeof(struct weir_shape)
 * @ifindex:		the port
 * @name:		its name
 * @is_guest_side:	it is the guest's end (a macvtap)
 * @method:		an enum weir_shape_method, how what arrives by the link is shaped;
 *			WEIR_SHAPE_AUTO: it is not
 * @ifb_ifindex:	the ifb that it is redirected to; 0: none
 * @ifb_name:		name of the ifb
 * @ifb_class:		the class on a shared ifb, 0x77670008 is 7767:8; 0: the ifb is
 *			the port's own
 * @floor_class:	the class that is guaranteed to what arrives by the port, on the
 *			ifb of its bridge; 0: none
 * @inbound:		to the guest
 * @outbound:		from the guest
 * @qdisc:		an enum weir_qdisc, what limits what leaves by the link;
 *			WEIR_QDISC_AUTO: nothing
 */
struct weir_shape {
	size_t sz;
	int ifindex;
	char name[16];
	bool is_guest_side;
	enum weir_shape_method method;
	int ifb_ifindex;
	char ifb_name[16];
	uint32_t ifb_class;
	struct weir_shape_side inbound;
	struct weir_shape_side outbound;
	uint32_t floor_class;
	enum weir_qdisc qdisc;
};

/**
 * weir_txn_shape_set() - set or change a port's limits
 * @t:		the transaction
 * @ifindex:	the port; may be one that @t makes. Once in a transaction
 * @name:	its name
 * @bandwidth:	the limits; a direction without an average becomes unlimited. Floors
 *		are ignored: weir_txn_floor_set() sets them
 * @options:	NULL: all automatic
 * @ret:	receives where the port is shaped, for weir_txn_shape_clear(); limits
 *		and counters stay empty. NULL, or sz set
 *
 * A class or TBF that is there is changed in place: no packet is lost and counters go
 * on. A direction that becomes unlimited loses what waits in its queue. weir knows its
 * own qdiscs by their handles, 7765: to 7767:, which nobody else uses.
 *
 * Return: 0 or a negative errno, which the transaction remembers:
 *   -EINVAL, -ERANGE	the limits make no sense (weir_bandwidth_check()); a TBF cannot
 *			have floors, or less than 240 bytes/s
 *   -EEXIST	a qdisc of others is in the way; the error names it
 *   -ENODEV	the port is gone
 *
 * Since: 0.2
 */
WEIR_API int weir_txn_shape_set(struct weir_txn *t, int ifindex, const char *name,
				const struct weir_bandwidth *bandwidth,
				const struct weir_shape_options *options, struct weir_shape *ret);

/**
 * weir_txn_shape_clear() - take a port's limits away
 * @t:		the transaction
 * @ifindex:	the port; may be one that @t deletes, or that is gone
 * @name:	its name
 * @known:	from weir_txn_shape_set(), for a port that is deleted or gone and so cannot
 *		be read; NULL: it is read
 *
 * Leaves the port as it was before it was shaped. Its class on a shared ifb goes,
 * and the ifb with the last. A port without limits is no error.
 *
 * Return: 0 or a negative errno, which the transaction remembers
 *
 * Since: 0.2
 */
WEIR_API int weir_txn_shape_clear(struct weir_txn *t, int ifindex, const char *name,
				  const struct weir_shape *known);

/**
 * weir_txn_floor_set() - guarantee a rate to what goes to one guest, or comes from it
 * @t:			the transaction
 * @ifindex:		a link that was shaped with weir_shape_options.has_floors: a
 *			bridge, for what goes to the guest; or its ifb (weir_shape.ifb_ifindex),
 *			for what comes from the guest. It must exist already. If @t deletes
 *			it, nothing is done
 * @name:		its name
 * @mac:		the guest's MAC address; NULL on an ifb, where it is the port's
 *			weir_shape_options.floor_class that finds the class
 * @floor_bytes_per_s:	what is guaranteed; 0: nothing any more
 * @classid:		the guest's class, from an earlier call; 0: it has no floor yet
 * @ret_classid:	receives the class of the floor, 0 if it has none; may be NULL
 *
 * Each guaranteed rate is a class below the link's limit. A hash finds it by the
 * destination address of a frame (cls_flower, or a table of cls_u32). Bandwidth that is
 * not guaranteed, or guaranteed and not used, goes to whoever sends. The guarantees
 * together cannot exceed the link's average. They concern what the host sends, receives
 * or routes: what guests of one bridge send each other does not pass the link.
 *
 * Return: 0 or a negative errno, which the transaction remembers:
 *   -ERANGE	more than the link's limit would be guaranteed
 *   -ENOENT	the link has no limit made for floors, or no such class
 *
 * Since: 0.2
 */
WEIR_API int weir_txn_floor_set(struct weir_txn *t, int ifindex, const char *name,
				const uint8_t mac[6], uint64_t floor_bytes_per_s, uint32_t classid,
				uint32_t *ret_classid);

/**
 * weir_shape_get() - how a port is shaped, and what passed
 * @w:		the handle
 * @ifindex:	the port
 * @ret:	receives it; sz set
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or a negative errno:
 *   -ENOENT	the port has no limits of ours
 *   -ENODEV	the port is gone
 *
 * Since: 0.2
 */
WEIR_API int weir_shape_get(struct weir *w, int ifindex, struct weir_shape *ret,
			    struct weir_error *err);

/**
 * weir_shape_list() - every port that is shaped, and what passed
 * @w:		the handle
 * @ret:	receives an array, to be freed with free()
 * @ret_n:	receives its length
 * @err:	filled on failure; may be NULL
 *
 * A dump finds the ports, their classes and filters are asked for together, and
 * each ifb is read once, however many share it: a few sends for thousands of ports.
 *
 * Return: 0 or a negative errno
 *
 * Since: 0.2
 */
WEIR_API int weir_shape_list(struct weir *w, struct weir_shape **ret, size_t *ret_n,
			     struct weir_error *err);

/**
 * weir_shape_explain() - what limits a port, as tc commands with their reasons
 * @w:		the handle, without an open transaction
 * @ifindex:	the port
 * @ret:	receives the text, to be freed with free()
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or a negative errno: -ENOENT if the port has no limits of ours
 *
 * Since: 0.2
 */
WEIR_API int weir_shape_explain(struct weir *w, int ifindex, char **ret, struct weir_error *err);

/**
 * weir_shape_method_name() - a method as a word
 * @method:	an enum weir_shape_method
 *
 * Return: "skbedit", "block", "bpf", "ifb", "police", "auto", or "unknown"
 *
 * Since: 0.2
 */
WEIR_API const char *weir_shape_method_name(enum weir_shape_method method);

/**
 * weir_qdisc_name() - what limits, as a word
 * @qdisc:	an enum weir_qdisc
 *
 * Return: "htb", "tbf", "auto", or "unknown"
 *
 * Since: 0.2
 */
WEIR_API const char *weir_qdisc_name(enum weir_qdisc qdisc);

/**
 * weir_leaf_name() - a leaf as a word
 * @leaf:	an enum weir_leaf
 *
 * Return: "fq_codel", "sfq", "default", "auto", or "unknown"
 *
 * Since: 0.2
 */
WEIR_API const char *weir_leaf_name(enum weir_leaf leaf);

#ifdef __cplusplus
}
#endif

#endif
