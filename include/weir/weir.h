/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The handle: one network namespace, one rtnetlink socket, one state directory.
 *
 * A handle serves one caller at a time; any number of handles live side by side
 * in different threads. The library has no mutable global state, no locks of
 * its own between threads, prints nothing, never exits, installs no signal
 * handlers, changes neither directory nor umask nor environment, and opens
 * every descriptor close-on-exec. A handle must not be used on both sides of a
 * fork(). Another namespace is entered by a short-lived thread of the library's
 * own; the caller's threads stay where they are.
 *
 * Structs that begin with sz may get more members at their end. A caller sets sz to
 * the sizeof that it was compiled with, also in structs that the library fills ("sz
 * set"); the library then writes no more than that. In an array that the library
 * allocates, each element is as large as its sz says.
 */
#ifndef WEIR_WEIR_H
#define WEIR_WEIR_H

#include <weir/error.h>

#ifdef __cplusplus
extern "C" {
#endif

struct weir;
struct weir_step_ops;

/** WEIR_CONFIG_DIR - where the tool keeps definitions, if not told otherwise */
#define WEIR_CONFIG_DIR "/etc/weir"
/** WEIR_STATE_DIR - where the tool keeps the state of this boot */
#define WEIR_STATE_DIR "/run/weir"
/** WEIR_LINK_GROUP - the IFLA_GROUP that every link made here carries ("weir" in ASCII) */
#define WEIR_LINK_GROUP 0x77656972u

/**
 * enum weir_yes_no - a setting that may be left out
 * @WEIR_ABSENT:	left out: the default holds
 * @WEIR_NO:		no
 * @WEIR_YES:		yes
 */
enum weir_yes_no {
	WEIR_ABSENT = 0,
	WEIR_NO = 1,
	WEIR_YES = 2
};

/**
 * struct weir_options - how to open a handle
 * @sz:		sizeof(struct weir_options)
 * @netns:	the network namespace to work in: a name below /run/netns or a
 *		path such as /proc/PID/ns/net; NULL: the caller's own
 * @config_dir:	directory of the stored definitions; NULL: no definitions
 *		can be stored or looked up
 * @state_dir:	directory of the live state, the journal and the lock; made if
 *		missing. NULL: no lock and no journal: a transaction still
 *		undoes its steps when one fails, but not after a kill
 * @step_ops:	NULL-terminated array of the step types beyond the library's
 *		own that journals in @state_dir may hold (weir_network_steps
 *		for networks); NULL: none. Must outlive the handle
 * @lock_timeout_ms: how long to wait for another process that works on the
 *		same @state_dir; 0: 30000
 * @shape_method: an enum weir_shape_method for ports whose options name none; 0:
 *		the best that the kernel can do
 * @most_in_flight: how many changes are sent to the kernel at once; 0: as many as
 *		fit, which is fastest. While the kernel works on them it holds a lock
 *		(RTNL) that everybody needs who asks it about links, in every network
 *		namespace of the host. With a limit (16 is a good one, about a
 *		millisecond of work) the others get their turn in between. Deletions
 *		are one message all the same
 * @shape_qdisc: an enum weir_qdisc for ports that become limited and whose options
 *		name none; 0: HTB
 *
 * Strings are copied.
 */
struct weir_options {
	size_t sz;
	const char *netns;
	const char *config_dir;
	const char *state_dir;
	const struct weir_step_ops *const *step_ops;
	uint32_t lock_timeout_ms;
	uint32_t shape_method;
	uint32_t most_in_flight;
	uint32_t shape_qdisc;
};

/**
 * weir_open() - open a handle
 * @opts:	how, or NULL for the caller's namespace without directories
 * @ret:	receives the handle, to be closed by weir_close()
 * @err:	filled on failure; may be NULL
 *
 * Opens one NETLINK_ROUTE socket with extended acknowledgements and strict
 * checking. Needs no privilege; changing anything needs CAP_NET_ADMIN in the
 * user namespace that owns the network namespace.
 *
 * Return: 0, or a negative errno:
 *   -ENOENT	there is no namespace of that name
 *   -EPERM	the namespace may not be entered
 *   -E2BIG	@opts is newer than this library and uses what it does not know
 *
 * Since: 0.1
 */
WEIR_API int weir_open(const struct weir_options *opts, struct weir **ret, struct weir_error *err);

/**
 * weir_close() - close a handle
 * @w:	the handle; NULL is ignored
 *
 * Transactions of the handle must have ended.
 *
 * Since: 0.1
 */
WEIR_API void weir_close(struct weir *w);

/**
 * weir_recover() - undo or complete what a killed process left half done
 * @w:		a handle with a state directory
 * @err:	filled on failure; may be NULL
 *
 * Looks for a journal in the state directory whose owner is gone. If the owner
 * died before its transaction was decided, everything that took effect is
 * undone; if it died afterwards, what remained to be removed is removed.
 * weir_txn_begin() does the same first, so calling this is only needed to have
 * it done at once.
 *
 * Return: 0 if there was nothing to do, 1 if a transaction was undone, 2 if one
 * was completed, or a negative errno:
 *   -EBUSY	the owner of the state directory lives and works
 *   -EXDEV	the journal belongs to another network namespace
 *   -EOPNOTSUPP the journal has steps of a type that is not in step_ops
 *   -EBADMSG	the journal is damaged
 *
 * Since: 0.1
 */
WEIR_API int weir_recover(struct weir *w, struct weir_error *err);

/**
 * weir_config_dir() - the directory of stored definitions
 * @w:	the handle
 *
 * Return: the path given to weir_open(), or NULL; valid as long as the handle
 *
 * Since: 0.1
 */
WEIR_API const char *weir_config_dir(const struct weir *w);

/**
 * weir_state_dir() - the directory of live state
 * @w:	the handle
 *
 * Return: the path given to weir_open(), or NULL; valid as long as the handle
 *
 * Since: 0.1
 */
WEIR_API const char *weir_state_dir(const struct weir *w);

/**
 * struct weir_counters - what a handle has asked of the kernel so far
 * @sz:		sizeof(struct weir_counters)
 * @n_sends:	sendmsg() calls on rtnetlink sockets
 * @n_messages:	rtnetlink requests in them
 * @n_bytes:	bytes in them
 * @n_receives:	recvmsg() calls on rtnetlink sockets
 */
struct weir_counters {
	size_t sz;
	uint64_t n_sends;
	uint64_t n_messages;
	uint64_t n_bytes;
	uint64_t n_receives;
};

/**
 * weir_get_counters() - read the counters of a handle
 * @w:		the handle
 * @ret:	receives the counters; its sz must be set
 *
 * Since: 0.1
 */
WEIR_API void weir_get_counters(const struct weir *w, struct weir_counters *ret);

/**
 * weir_in_netns() - run a function in the handle's network namespace
 * @w:		the handle
 * @fn:		the function; what it returns is returned
 * @arg:	its argument
 *
 * For what the kernel decides by the calling thread's namespace and not by a
 * descriptor: opening sockets, /dev/net/tun and /proc/sys/net, starting a
 * program. Runs @fn directly if the handle works in the caller's namespace,
 * otherwise in a thread of its own that has entered the handle's namespace;
 * the call returns when @fn has returned.
 *
 * Return: what @fn returned, or a negative errno if the namespace could not be
 * entered
 *
 * Since: 0.1
 */
WEIR_API int weir_in_netns(struct weir *w, int (*fn)(void *arg), void *arg);

/**
 * weir_version() - the version of the library that is in use
 *
 * Return: a static string such as "0.1.0"
 *
 * Since: 0.1
 */
WEIR_API const char *weir_version(void);

#ifdef __cplusplus
}
#endif

#endif
