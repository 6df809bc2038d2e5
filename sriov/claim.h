/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Notes of claims: what record.c offers to claim.c and number.c. */
#ifndef WR_SRIOV_CLAIM_H
#define WR_SRIOV_CLAIM_H

#include <weir/vf.h>

#include "base/process.h"
#include "sriov/steps.h"

/* A claim, and the VF as it was found by the first of those that have it. */
struct wr_claim {
	struct weir_claim c;
	char boot_id[WR_BOOT_ID];
	char state_dir[256];	/* where the journal of its transaction is */
	char path[PATH_MAX];	/* of the note */
	bool other_boot;	/* nothing of it is left but the note */
	struct wr_binding found;
	bool has_config;
	struct weir_vf_config config;
};

/* The note as text; empty and failed when memory ran out. */
void wr_claim_text(const struct wr_claim *claim, struct wr_str *out);
/* -EBADMSG: it is none. */
int wr_claim_parse(const char *text, struct wr_claim *ret);
/* Every note, in the order of VFs; for free(). */
int wr_claims_load(const struct weir_sriov *s, struct wr_claim **ret, size_t *ret_n,
		   struct weir_error *err);

/* What a transaction keeps of claims until it ends. */
struct wr_claims_lock {
	int fd;			/* -1: it is dry and needs none */
	char (*taken)[WEIR_PCI_TEXT];	/* VFs that it claims itself */
	size_t n_taken;
};

/* Takes the lock, if the transaction does not have it already. */
int wr_claims_lock(struct weir_txn *t, const struct weir_sriov *s, struct wr_claims_lock **ret,
		   struct weir_error *err);
/* Fills in this boot, and when process @pid started; -ESRCH: there is none. */
int wr_claim_stamp(struct wr_claim *claim, int32_t pid, struct weir_error *err);

/* release.c: the VF as it was found. */
int wr_claim_undo(struct weir_txn *t, struct weir_sriov *s, const struct weir_vf *vf,
		  const struct wr_claim *claim);
/* Refuses if a VF of the PF is claimed by somebody who lives; forgets the claims of the dead. */
int wr_claims_forget(struct weir_txn *t, struct weir_sriov *s, const struct weir_pf *pf,
		     struct weir_error *err);

#endif
