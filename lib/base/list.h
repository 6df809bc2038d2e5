/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Arrays to which items are added one by one. Text and messages grow in str.h; arrays inside a struct are in array.c. */
#ifndef WR_BASE_LIST_H
#define WR_BASE_LIST_H

#include "base/base.h"

/*
 * wr_append(items, n) makes room for one more item, counts it in @n, and returns its address; its bytes are not set.
 * NULL: memory ran out, and nothing has changed.
 *
 * The array doubles, and its capacity follows from @n alone. So @items must be NULL at first, and grow by this call
 * only. @n may be set to less at any time, also to 0.
 */
#define wr_append(items, n)                                                                        \
	__extension__({                                                                            \
		void *wr_room_ = wr_room_for_one(items, n, sizeof(*(items)));                      \
		if (wr_room_)                                                                      \
			(items) = wr_room_;                                                        \
		wr_room_ ? &(items)[(n)++] : NULL;                                                 \
	})

/* The array of @n items of @size bytes, with room behind the last; NULL: out of memory. */
void *wr_room_for_one(void *items, size_t n, size_t size);

#endif
