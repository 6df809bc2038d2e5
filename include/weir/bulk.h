/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Many guests' ports at once, and ports that are ready before anybody asks.
 *
 * A transaction is all or nothing. These calls are for callers with a thousand
 * guests, 999 of which are to run even if one definition is wrong: they carry
 * out as much as possible, in as few transactions as possible, and say for each
 * port what became of it.
 *
 * A ready port is a tap that is attached like any other, with the limits of its
 * portgroup, but belongs to no guest yet. Leasing one changes nothing in the
 * kernel, so it takes microseconds; giving it back takes out of the bridge what
 * it has learned from the guest. Ready ports are in the list of ports, and go
 * with their network when it is stopped.
 */
#ifndef WEIR_BULK_H
#define WEIR_BULK_H

#include <weir/network.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * weir_ports_attach() - give many guests a port each
 * @w:		a handle with a state directory, without a transaction
 * @network:	the network
 * @guests:	what each guest asks; no descriptors (n_queues is 0)
 * @n:		how many
 * @ret_ports:	receives @n ports, each for weir_port_done(); those of guests
 *		that got none are empty. May be NULL
 * @ret_errors:	receives @n errors, code 0 for a guest that got its port; may be
 *		NULL
 *
 * One transaction if every guest can be served. Guests that cannot are found by
 * trying halves, so a few of them cost a few transactions more.
 *
 * Return: how many guests got a port
 *
 * Since: 0.2
 */
WEIR_API size_t weir_ports_attach(struct weir *w, const char *network,
				  const struct weir_guest *guests, size_t n,
				  struct weir_port *ret_ports, struct weir_error *ret_errors);

/**
 * weir_ports_detach() - take many guests' ports away
 * @w:		a handle with a state directory, without a transaction
 * @network:	the network
 * @names:	the ports' names on the host
 * @n:		how many
 * @ret_errors:	receives @n errors, code 0 for a port that went; may be NULL
 *
 * In one transaction, so that the kernel waits once for all links (an RCU grace period)
 * and not once for each.
 *
 * Return: how many ports went
 *
 * Since: 0.2
 */
WEIR_API size_t weir_ports_detach(struct weir *w, const char *network, const char *const *names,
				  size_t n, struct weir_error *ret_errors);

/**
 * weir_ready_keep() - have ports ready
 * @w:		a handle with a state directory, without a transaction
 * @network:	the network
 * @like:	what guests will ask: a tap without name, MAC address and
 *		descriptors; NULL: a tap of the default portgroup
 * @n:		how many shall be ready; more than that are detached
 * @err:	filled on failure; may be NULL
 *
 * One transaction: all of them, or none.
 *
 * Return: 0 or a negative errno: -ENOENT if no such network runs, -EINVAL for a
 * @like that cannot be made beforehand
 *
 * Since: 0.2
 */
WEIR_API int weir_ready_keep(struct weir *w, const char *network, const struct weir_guest *like,
			     size_t n, struct weir_error *err);

/**
 * weir_ready_count() - how many ports are ready
 * @w:		a handle with a state directory
 * @network:	the network
 *
 * Return: how many; 0 too if there is no such network
 *
 * Since: 0.2
 */
WEIR_API size_t weir_ready_count(struct weir *w, const char *network);

/**
 * weir_ready_lease() - take a port that is ready
 * @w:		a handle with a state directory
 * @network:	the network
 * @owner:	who has it now, kept for people; NULL: unknown, which is fastest, because
 *		the record is not written again
 * @ret:	receives the port, for weir_port_done(); the guest must use its MAC
 *		address
 * @err:	filled on failure; may be NULL
 *
 * Takes no lock and asks the kernel nothing; any number of processes may lease at
 * the same time. The port is an ordinary one from then on, until it is given back
 * or detached.
 *
 * Return: 0 or a negative errno: -EAGAIN if none is ready, -ENOENT if no such network
 * runs
 *
 * Since: 0.2
 */
WEIR_API int weir_ready_lease(struct weir *w, const char *network, const char *owner,
			      struct weir_port *ret, struct weir_error *err);

/**
 * weir_ready_return() - give a leased port back
 * @w:		a handle with a state directory, without a transaction
 * @network:	the network
 * @name:	the port's name on the host; a tap that nobody has open
 * @err:	filled on failure; may be NULL
 *
 * Sets the port down and up again: the bridge forgets the addresses and groups it
 * has learned there, and what was queued is dropped.
 *
 * Any persistent tap of the network can be given, also one that was not ready before;
 * the next guest gets it with the limits that it has.
 *
 * Return: 0 or a negative errno: -ENOENT if there is no such port, -EINVAL for one
 * of another kind, -EALREADY if it is ready
 *
 * Since: 0.2
 */
WEIR_API int weir_ready_return(struct weir *w, const char *network, const char *name,
			       struct weir_error *err);

#ifdef __cplusplus
}
#endif

#endif
