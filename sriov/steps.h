/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The types of steps of this folder. */
#ifndef WR_SRIOV_STEPS_H
#define WR_SRIOV_STEPS_H

#include <weir/txn.h>

#include "sriov/sriov.h"

extern const struct weir_step_ops wr_number_ops, wr_bind_ops, wr_claim_ops;

/* --- bind.c ------------------------------------------------------------------------- */

/* Who has a VF. */
struct wr_binding {
	bool any;		/* whichever host driver takes it */
	char driver[32];	/* empty: none, unless @any */
	char override[32];	/* driver_override */
	uint8_t mac[6];		/* of its link, where the driver makes one; all zero: whatever comes */
};

void wr_binding_read(const struct weir_sriov *s, const struct weir_vf *vf, struct wr_binding *ret);
/* A step that makes it so. */
int wr_bind_add(struct weir_txn *t, struct weir_sriov *s, const struct weir_vf *vf,
		const struct wr_binding *to);

#endif
