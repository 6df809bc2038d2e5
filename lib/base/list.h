/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Arrays to which items are added one by one. Text and messages grow in str.h; arrays inside a struct are array.c's. */
#ifndef WR_BASE_LIST_H
#define WR_BASE_LIST_H

#include "base/base.h"

/*
 * wr_append(items, n): one item more. The address of the new one, whose bytes are anything, and @n counts it; or NULL
 * when memory ran out, and all is as it was. No capacity stands beside @n: how much room there is follows from it. So
 * @items is NULL at first, and grows by this call alone; it may shrink, or be used again from 0, by a smaller @n.
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
