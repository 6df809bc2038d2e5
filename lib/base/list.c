/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Arrays to which items are added one by one: see list.h. */
#include "base/list.h"

#define LEAST 4

/* It doubles when it is full, which it is with a power of two of items. */
void *wr_room_for_one(void *items, size_t n, size_t size)
{
	const bool is_full = n ? n >= LEAST && !(n & (n - 1)) : !items;

	return is_full ? realloc(items, (n ? 2 * n : LEAST) * size) : items;
}
