/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The outbound filter where the kernel has no act_skbedit: a program of six
 * instructions that chooses the class on the ifb and redirects there.
 */
#ifndef WR_TC_BPF_H
#define WR_TC_BPF_H

#include "txn/txn.h"

/* Loads the program: what it sees leaves by @ifindex, in class @classid. A descriptor or -errno. */
int wr_bpf_load(int ifindex, uint32_t classid);

/*
 * The filter as steps of their own type: a message could not be kept in the
 * journal, because it names the program by a descriptor.
 */
struct weir_step *wr_txn_bpf_filter_add(struct weir_txn *t, int port, const char *name, int ifb,
					uint32_t classid);
struct weir_step *wr_txn_bpf_filter_del(struct weir_txn *t, int port, const char *name, int ifb,
					uint32_t classid);
extern const struct weir_step_ops wr_bpf_filter_ops;

#endif
