/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a handle or a transaction keeps for one file, made when it is first wanted. Inline, because other
 * libraries than libweir use this too, and have its public calls only.
 */
#ifndef WR_BASE_CONTEXT_H
#define WR_BASE_CONTEXT_H

#include <stdlib.h>
#include <string.h>

#include <weir/txn.h>

/*
 * What the handle keeps under the address of @key. A new one is @size bytes of zeros, then as @init makes it (may be
 * NULL); weir_close() gives it to @done. NULL: out of memory.
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

/* The same of a transaction, with whose end it goes to @done. */
static inline void *wr_txn_kept(struct weir_txn *t, const void *key, size_t size, void (*done)(void *object))
{
	void *object = weir_txn_kept(t, key);

	if (object)
		return object;
	object = calloc(1, size);
	if (object && weir_txn_keep(t, key, object, done)) {
		free(object);
		return NULL;
	}
	return object;
}

/* For @done of what is no more than a list: a struct that begins with the pointer to its items. */
static inline void wr_kept_list_free(void *object)
{
	void *items;

	memcpy(&items, object, sizeof(items));
	free(items);
	free(object);
}

#endif
