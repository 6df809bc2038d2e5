/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Settings of VFs on the wire: what vf_info.c offers to vf.c. */
#ifndef WR_LINK_VF_H
#define WR_LINK_VF_H

#include <weir/vf.h>

#include "netlink/batch.h"
#include "txn/txn.h"

/* What the kernel sets in one go: an attribute whose payload is the VF's number and the rows' values. */
struct wr_vf_group {
	uint16_t attr;
	uint64_t bits;
};

#define WR_VF_GROUPS 7
extern const struct wr_vf_group wr_vf_groups[WR_VF_GROUPS];
extern const struct wr_table wr_vf_config_table;

/* A PF and its VFs as RTM_GETLINK tells them. */
struct wr_vf_state {
	int ifindex;
	char name[16];
	bool is_up, has_carrier;
	struct weir_vf_config *vfs;	/* in the order of numbers */
	size_t n;
};

void wr_vf_state_done(struct wr_vf_state *s);
static inline void wr_auto_vf_state(struct wr_vf_state *s)
{
	wr_vf_state_done(s);
}

/* Reads one RTM_NEWLINK. */
int wr_vf_decode(const struct nlmsghdr *msg, struct wr_vf_state *ret);
int wr_vf_read(struct weir *w, int pf_ifindex, struct wr_vf_state *ret, struct weir_error *err);
/* What is known of VF @vf; NULL: there is none. */
const struct weir_vf_config *wr_vf_find(const struct weir_vf_config *list, size_t n, uint32_t vf);
/* An RTM_SETLINK that is open for wr_vf_put(). */
size_t wr_vf_begin(struct wr_batch *b, int pf_ifindex);
/* One VF: the groups of @bits, with all of their members. */
void wr_vf_put(struct wr_batch *b, const struct weir_vf_config *c, uint64_t bits);

#endif
