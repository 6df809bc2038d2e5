/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What lib/network and the files of this folder use of each other. */
#ifndef WR_OVS_OVS_H
#define WR_OVS_OVS_H

#include <weir/network.h>
#include <weir/txn.h>

#include "ovs/rpc.h"

/* --- step.c: for lib/network ------------------------------------------------------------------- */

extern const struct weir_step_ops wr_ovs_step;
/* Whether Open vSwitch has a bridge of that name: 1, 0, or a negative errno if it cannot be asked. */
int wr_ovs_has_bridge(struct weir *w, const char *bridge, struct weir_error *err);
/* Makes the port what its record says: rows of the database that are there are changed. */
int wr_txn_ovs_set(struct weir_txn *t, const struct weir_port *port);
int wr_txn_ovs_del(struct weir_txn *t, const struct weir_port *port);

/* --- ovsdb.c ------------------------------------------------------------------------------------- */

/*
 * One transaction; takes @ops. @ret: one result for each. -EAGAIN: what an operation
 * "wait" waits for is not so.
 */
int wr_ovsdb_transact(struct wr_rpc *rpc, json_t *ops, json_t **ret, struct weir_error *err);
/* Until ovs-vswitchd has acted on everything up to @cfg. */
int wr_ovsdb_wait(struct wr_rpc *rpc, json_int_t cfg, struct weir_error *err);

/* --- port.c: pure ---------------------------------------------------------------------------------- */

/* What the database has of a port. */
struct wr_ovs_state {
	json_t *bridge;		/* its row; NULL: there is no such bridge */
	json_t *port;		/* its row; NULL: there is no such port */
	json_t *interface;
	json_t *qos, *queue;	/* rows of ours, arrays */
	bool is_elsewhere;	/* it is a port of another bridge */
	bool is_ours;
};

/* The operations that ask for it, and the reading of their results. */
json_t *wr_ovs_select(const char *bridge, const char *name);
int wr_ovs_read(struct wr_ovs_state *ret, const json_t *results, struct weir_error *err);
void wr_ovs_state_done(struct wr_ovs_state *s);
/*
 * A port as a document: {"port": {COLUMN: VALUE}, "interface": {}, "qos": {}, "queue": {}}, the last two
 * if weir limits it; null: there is none. What a record asks for, and what there is.
 */
json_t *wr_ovs_wanted(const struct weir_port *port);
json_t *wr_ovs_document(const struct wr_ovs_state *s);
/* The operations that lead to it; empty if there is nothing to do. NULL when memory ran out. */
json_t *wr_ovs_change(const struct wr_ovs_state *s, const char *name, const json_t *want);

static inline void wr_auto_ovs_state(struct wr_ovs_state *s)
{
	wr_ovs_state_done(s);
}

#endif
