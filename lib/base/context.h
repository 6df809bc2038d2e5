/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a handle keeps for one file, made when it is first wanted. Inline, for libraries that use libweir by its public calls. */
#ifndef WR_BASE_CONTEXT_H
#define WR_BASE_CONTEXT_H

#include <stdlib.h>

#include <weir/txn.h>

/*
 * @key: its address alone says whose it is. A new one is of zeros, then as @init makes it (NULL: it stays so), and
 * @done frees it with the handle. NULL: out of memory.
 */
static inline void *wr_context_of(struct weir *w, const struct weir_step_ops *key, size_t size, void (*init)(void *context),
				  void (*done)(void *context))
{
	void *context = weir_context(w, key);

	if (context)
		return context;
	context = calloc(1, size);
	if (context && init)
		init(context);
	if (context && weir_set_context(w, key, context, done)) {
		free(context);
		return NULL;
	}
	return context;
}

#endif
