/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The types of steps of this folder. */
#ifndef WR_SRIOV_STEPS_H
#define WR_SRIOV_STEPS_H

#include <weir/txn.h>

#include "sriov/sriov.h"

extern const struct weir_step_ops wr_number_ops;

#endif
