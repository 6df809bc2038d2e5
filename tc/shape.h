/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What explain.c needs of shape.c. */
#ifndef WR_TC_SHAPE_H
#define WR_TC_SHAPE_H

#include "tc/tree.h"

/* Puts on a dry transaction what makes the filter @r, which redirects to the link @ifb. */
int wr_redirect_explain(struct weir_txn *t, const struct wr_dev *dev, const struct wr_redirect *r,
			const char *ifb);

#endif
