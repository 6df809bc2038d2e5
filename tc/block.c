/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Filters that ports have in common: see block.h. */
#include <linux/rtnetlink.h>

#include "tc/block.h"
#include "tc/bpf.h"

/* --- looking -------------------------------------------------------------------------------- */

/*
 * The same code has a block without filters, which may be that of somebody else's
 * ports. What a kernel with other words says counts as such a one.
 */
static bool is_absent(int code, const char *msg)
{
	return code == -EINVAL && !strncmp(msg, "Block of given index", 20);
}

enum wr_block wr_block_of(const struct wr_redirect *filter, const struct wr_result *result)
{
	return filter->method == WEIR_SHAPE_BLOCK   ? WR_BLOCK_OURS :
	       is_absent(result->code, result->msg) ? WR_BLOCK_FREE :
						      WR_BLOCK_TAKEN;
}

/* --- adding ------------------------------------------------------------------------------------ */

/*
 * It follows all qdiscs of its batch: for each one whose block has a filter already,
 * the kernel waits until no packet is on its way by the old ones (an RCU grace period).
 */
void wr_txn_block_filter_add(struct weir_txn *t, const struct wr_dev *ifb)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct wr_change *change;
	int fd = t->dry ? -1 : wr_txn_bpf_program(t, WR_BPF_BY_PORT, WR_MAJOR_SHARED);
	struct weir_step *s;
	char word[80];

	if (fd < 0 && !t->dry) {
		wr_syserr(&err, fd, ifb->name, "the kernel does not take the program");
		wr_txn_fail(t, &err);
		return;
	}
	change = wr_txn_change(t);
	wr_redirect_block_msg(&change->request, ifb->ifindex, fd);
	wr_redirect_block_del_msg(&change->undo, ifb->ifindex);
	s = wr_tree_step(t, ifb, change, NULL, NULL);
	if (s)
		s->order = WEIR_STEP_AFTER;
	wr_step_plan(t, s,
		     "# tc cannot make this filter, which is in block %d: it takes a program from a file alone, and "
		     "ours is in none; it writes priority %x:(i + (i & 7f8) + 8), i: the port's index & 7ff, and "
		     "action mirred egress redirect dev %s follows",
		     ifb->ifindex, WR_MAJOR_SHARED, wr_dev_word(ifb, word));
}

/* --- keeping --------------------------------------------------------------------------------------- */

/* There again or still, or no qdisc has the block. */
static bool is_kept(int code, const struct weir_error *err)
{
	return code == -EEXIST || is_absent(code, err->msg);
}

static int undo(struct weir *w, const struct weir_step *s, bool applied, struct weir_error *err)
{
	struct weir_blob part = weir_step_part(s, 0);
	struct weir_error own = WEIR_ERROR_INIT;
	wr_auto(batch) struct wr_batch b = { 0 };
	wr_auto(fd) int fd = wr_bpf_load(WR_BPF_BY_PORT, WR_MAJOR_SHARED);
	int32_t ifb = 0;
	int r;

	if (fd < 0)
		return wr_syserr(err, fd, s->object, "the kernel does not take the program");
	if (part.len == sizeof(ifb))
		memcpy(&ifb, part.data, sizeof(ifb));
	wr_redirect_block_msg(&b, ifb, fd);
	r = wr_sock_run(&w->sock, &b, NULL, NULL, &own);
	if (!r || is_kept(r, &own))
		return 0;
	if (err) {
		*err = own;
		wr_copy(err->object, sizeof(err->object), s->object);
	}
	return r;
}

const struct weir_step_ops wr_block_keep_ops = {
	.sz = sizeof(wr_block_keep_ops), .name = "tc block", .undo = undo,
	.order = WEIR_STEP_BEFORE,
};

void wr_txn_block_keep(struct weir_txn *t, int ifb)
{
	const int32_t part = ifb;
	char object[64];

	wr_format(object, sizeof(object), "filter of block %d", ifb);
	wr_txn_add(t, &wr_block_keep_ops, object, &(struct weir_blob){ &part, sizeof(part) }, 1);
}
