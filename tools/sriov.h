/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The commands about physical and virtual functions (rows_vf.c), and what cmd_pf.c, cmd_vf.c and cmd_claim.c share. */
#ifndef TOOL_SRIOV_H
#define TOOL_SRIOV_H

#include <weir/sriov.h>
#include <weir/vf.h>

#include "weir.h"

/* STATUS_OK, or the error was reported. */
int sriov_open(struct tool *t, struct weir_sriov **ret);
/* One word for flags and carrier, and its colour. */
const char *sriov_state(const char *netdev, bool is_up, bool has_carrier);
enum tint sriov_tint(bool is_up, bool has_carrier);

int cmd_pf_list(struct tool *t, const struct args *a);
int cmd_vf_list(struct tool *t, const struct args *a);
int cmd_vf_create(struct tool *t, const struct args *a);
int cmd_vf_remove(struct tool *t, const struct args *a);
int cmd_vf_set(struct tool *t, const struct args *a);
int cmd_vf_show(struct tool *t, const struct args *a);
int cmd_vf_claim(struct tool *t, const struct args *a);
int cmd_vf_release(struct tool *t, const struct args *a);
int cmd_vf_claims(struct tool *t, const struct args *a);
int cmd_vf_bind(struct tool *t, const struct args *a);

#endif
