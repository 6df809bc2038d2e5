/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What showing shaped ports (show.c) and explaining them (explain.c) have in common: ifbs, each read once. */
#ifndef WR_TC_SHOW_H
#define WR_TC_SHOW_H

#include "tc/tree.h"

struct wr_seen_ifb {
	int ifindex;
	char name[16];
	struct wr_tc_class *classes;
	size_t n;
};

struct wr_ifbs {
	struct weir *w;
	struct wr_seen_ifb *list;
	size_t n;
};

void wr_auto_ifbs(struct wr_ifbs *s);
/* For wr_class_each(): another class of the ifb @arg. */
int wr_classes_add(void *arg, const struct wr_tc_class *c);
int wr_ifb_of(struct wr_ifbs *s, int ifindex, const struct wr_seen_ifb **ret, struct weir_error *err);
/* What limits the port that has the redirect: of an ifb of its own the only class, or the one above all floors. */
const struct wr_tc_class *wr_class_on(const struct wr_seen_ifb *ifb, const struct wr_redirect *r);

#endif
