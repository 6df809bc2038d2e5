/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Port profiles in messages: what profile_msg.c offers to profile.c. */
#ifndef WR_LINK_PROFILE_H
#define WR_LINK_PROFILE_H

#include <weir/profile.h>

#include "netlink/batch.h"

/* An RTM_SETLINK that asks for @request. */
void wr_profile_put(struct wr_batch *b, const struct weir_profile *p, enum weir_profile_request request);
/* The RTM_GETLINK that asks what became of it. */
void wr_profile_put_get(struct wr_batch *b, const struct weir_profile *p);

#define WR_PROFILE_NO_ANSWER (-1)
/* What an RTM_NEWLINK says of the profile: IFLA_PORT_RESPONSE, or WR_PROFILE_NO_ANSWER. */
int wr_profile_response(const struct nlmsghdr *msg, const struct weir_profile *p);
/*
 * What a response means: 0: it is done; -EAGAIN: not yet; -EREMOTEIO: refused, with
 * the reason in @ret_words.
 */
int wr_profile_judge(const struct weir_profile *p, int response, const char **ret_words);
bool wr_profile_is_qbg(const struct weir_profile *p);

#endif
