/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The words that words.c reads, for kinds that take some which are no rows. */
#ifndef WR_LINK_WORDS_H
#define WR_LINK_WORDS_H

#include "link/kinds.h"

struct wr_link_words {
	struct weir *w;			/* where links are looked up; NULL: nowhere */
	const char *const *at;		/* the next of them */
	size_t n;
	struct weir_link *l;
	const struct wr_port_kind *port; /* NULL: nobody said that it is one */
	struct weir_error *err;
};

/* NULL behind the last. */
const char *wr_words_next(struct wr_link_words *w);
/* The same, where @name cannot do without; NULL: the error is told. */
const char *wr_words_value(struct wr_link_words *w, const char *name);

#endif
