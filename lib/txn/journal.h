/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The journal: what a transaction will do and how it is undone, in a file of the
 * state directory, complete before the first change and void after the last. The
 * lock beside it tells whether its owner lives.
 */
#ifndef WR_TXN_JOURNAL_H
#define WR_TXN_JOURNAL_H

#include "txn/txn.h"

enum wr_phase {
	WR_PHASE_NONE = '-',	/* not complete yet, or all is done: there is nothing to do */
	WR_PHASE_UNDO = 'U',	/* not decided: after a kill everything goes back */
	WR_PHASE_FINISH = 'F',	/* decided: after a kill the rest is finished */
};

/* Takes the state directory's lock, waiting up to the handle's limit. */
int wr_lock(struct weir *w, struct weir_error *err);
void wr_unlock(struct weir *w);

int wr_journal_write(const struct weir_txn *t, struct weir_error *err);
int wr_journal_decide(struct weir *w, struct weir_error *err);
int wr_journal_clear(struct weir *w, struct weir_error *err);

struct wr_journal {
	enum wr_phase phase;
	char boot_id[WR_BOOT_ID];
	uint64_t netns;
};

/*
 * Reads a journal's bytes into @t, whose steps and links must be empty. Nothing
 * in it is trusted: -EBADMSG for damage, -EOPNOTSUPP for a step of unknown type.
 */
int wr_journal_parse(const void *data, size_t len, struct weir_txn *t, struct wr_journal *ret,
		     struct weir_error *err);
/* Undoes or completes the journal that is there. As weir_recover(), with the lock held. */
int wr_journal_recover(struct weir *w, struct weir_error *err);

#endif
