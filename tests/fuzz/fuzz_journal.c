/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Any bytes as a journal: a file that a killed process left, which must never make
 * the next one crash, or undo what it does not say. Its checksum is repaired, or
 * nothing behind it would ever be reached. Seeds are in corpus/journal.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <linux/netlink.h>

#include <weir/network.h>

/* The checksum's own function, and the parser. */
#include "txn/journal.c"
#include "netlink/attr.h"
#include "txn/explain.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int is_so)
{
	if (!is_so)
		abort();
}

/* Every message of a part, as undoing would send it. */
static void walk_messages(const struct weir_blob *part)
{
	const struct nlmsghdr *nlh;
	struct weir_error err = WEIR_ERROR_INIT;
	char path[64];

	for (size_t at = 0; at < part->len; at += NLMSG_ALIGN(nlh->nlmsg_len)) {
		must(part->len - at >= sizeof(*nlh));
		nlh = (const void *)((const char *)part->data + at);
		must(nlh->nlmsg_len >= sizeof(*nlh) && nlh->nlmsg_len <= part->len - at);
		wr_attr_path(nlh, nlh->nlmsg_len / 2, NULL, path, sizeof(path));
		wr_error(&err, -EOPNOTSUPP, WEIR_STAGE_KERNEL, "", "", "x");
		wr_explain(nlh, &err);
	}
}

static void check_txn(const struct weir_txn *t)
{
	for (size_t i = 0; i < t->n_created; i++)
		must(t->created[i].ifindex > 0 && memchr(t->created[i].name, 0, 16));
	for (size_t i = 0; i < t->n_deleted; i++)
		must(t->deleted[i].ifindex > 0 && memchr(t->deleted[i].name, 0, 16));
	for (size_t i = 0; i < t->n_steps; i++) {
		const struct weir_step *s = &t->steps[i];

		must(s->ops && wr_find_ops(t->w, s->ops->name) == s->ops);
		must(s->state == WR_STEP_LOST && strlen(s->object) < 64);
		for (unsigned int k = 0; k < WEIR_STEP_PARTS; k++) {
			struct weir_blob part = weir_step_part(s, k);

			must(((const char *)part.data)[part.len] == '\0');
			if (s->ops == &wr_msg_ops && k <= WR_MSG_GET && k != WR_MSG_NETNS)
				walk_messages(&part);
		}
	}
}

static void parse_one(const uint8_t *data, size_t size)
{
	struct weir handle = { .netns_fd = -1, .lock_fd = -1, .step_ops = weir_network_steps };
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_txn *t = calloc(1, sizeof(*t));
	struct wr_journal j;
	int r;

	must(t != NULL);
	t->w = &handle;
	r = wr_journal_parse(data, size, t, &j, &err);
	must(r == 0 || r == -EBADMSG || r == -EOPNOTSUPP);
	must(err.code == r && !*err.msg == !r);
	if (!r) {
		must(j.phase == WR_PHASE_UNDO || j.phase == WR_PHASE_FINISH);
		must(strlen(j.boot_id) <= 36);
		check_txn(t);
	}
	wr_txn_free(t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = calloc(1, size ? size : 1);
	uint32_t sum;

	must(copy != NULL);
	if (size)
		memcpy(copy, data, size);
	parse_one(copy, size);
	if (size > sizeof(sum)) {
		sum = checksum(copy, size - sizeof(sum));
		memcpy(copy + size - sizeof(sum), &sum, sizeof(sum));
		parse_one(copy, size);
	}
	free(copy);
	return 0;
}
