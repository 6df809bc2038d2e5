/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What this kernel can do for shaping, found out without changing anything. */
#ifndef WR_TC_PROBE_H
#define WR_TC_PROBE_H

#include <weir/tc.h>

#include "txn/txn.h"

enum {
	WR_TC_FQ_CODEL = 1 << 0,
	WR_TC_SFQ = 1 << 1,
	WR_TC_SKBEDIT = 1 << 2,
	WR_TC_IFB = 1 << 3,
	WR_TC_FLOWER = 1 << 4,
	/* Asked for by wr_tc_method() alone: */
	WR_TC_BPF = 1 << 5,
	WR_TC_BLOCK = 1 << 6,
};

/* Each is looked for when it is first asked for, once for each handle. */
bool wr_tc_has(struct weir *w, unsigned int feature);
/*
 * The way to shape what a guest sends by its port: @forced, or the best that there is. @may_share:
 * its ingress qdisc will be a new one, and so can be one of a block.
 */
enum weir_shape_method wr_tc_method(struct weir_txn *t, int port, enum weir_shape_method forced, bool may_share);
/* Whether that will be a block's, as far as is known without trying. */
bool wr_tc_shares(struct weir *w, enum weir_shape_method forced);
/* What can write the class of a floor into a packet: skbedit or bpf; auto: nothing. */
enum weir_shape_method wr_tc_marker(struct weir_txn *t);
enum weir_leaf wr_tc_leaf(struct weir *w, enum weir_leaf forced);

#endif
