/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Words for what the kernel says with a number only. */
#ifndef WR_TXN_EXPLAIN_H
#define WR_TXN_EXPLAIN_H

#include <linux/netlink.h>

#include "base/error.h"

struct weir;
struct weir_step;

/*
 * "class 7765:1 htb on p0": what a step is about whose object is but a link's name, by its request. Mostly
 * nobody asks. Returns false if the object says it all.
 */
bool wr_describe(const struct weir_step *s, char out[64]);
/* Adds to @err, the kernel's refusal of @msg, what its code means there. */
void wr_explain(const struct nlmsghdr *msg, struct weir_error *err);
/* The same for what was not even sent, because the kernel would refuse it; returns @code. @err may be NULL. */
int wr_explain_refusal(const struct nlmsghdr *msg, int code, const char *object, struct weir_error *err);
/* Adds which qdisc there is, where @msg was to add one: the kernel says only that there is no room. */
void wr_explain_qdisc(struct weir *w, const struct nlmsghdr *msg, struct weir_error *err);

#endif
