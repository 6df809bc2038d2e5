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
	WR_TC_POLICE = 1 << 3,
	WR_TC_IFB = 1 << 4,
	WR_TC_BPF = 1 << 5,
	WR_TC_FLOWER = 1 << 6,
};

/* Looked up once for each handle. */
unsigned int wr_tc_features(struct weir *w);
/* The way to shape what a guest sends: @forced, or the best that there is. */
enum weir_shape_method wr_tc_method(struct weir *w, enum weir_shape_method forced);
enum weir_leaf wr_tc_leaf(struct weir *w, enum weir_leaf forced);

#endif
