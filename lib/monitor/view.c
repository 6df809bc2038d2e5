/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The array behind a monitor: see view.h. */
#include "base/list.h"
#include "monitor/view.h"

bool wr_view_find(const struct wr_view *v, const void *key, size_t *ret_at)
{
	size_t low = 0, high = v->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int c = v->sort->compare(v->items[mid], key);

		if (!c) {
			*ret_at = mid;
			return true;
		}
		if (c < 0)
			low = mid + 1;
		else
			high = mid;
	}
	*ret_at = low;
	return false;
}

int wr_view_insert(struct wr_view *v, size_t at, void *item)
{
	void **last = wr_append(v->items, v->n);

	if (!last)
		return -ENOMEM;
	memmove(v->items + at + 1, v->items + at, (v->n - 1 - at) * sizeof(*v->items));
	v->items[at] = item;
	return 0;
}

void *wr_view_remove(struct wr_view *v, size_t at)
{
	void *item = v->items[at];

	v->n--;
	memmove(v->items + at, v->items + at + 1, (v->n - at) * sizeof(*v->items));
	return item;
}

int wr_view_append(struct wr_view *v, const void *object)
{
	void *item = malloc(v->sort->size);

	if (!item)
		return -ENOMEM;
	memcpy(item, object, v->sort->size);
	if (!wr_view_insert(v, v->n, item))
		return 0;
	free(item);
	return -ENOMEM;
}

static int by_key(const void *a, const void *b, void *sort)
{
	return ((const struct wr_sort *)sort)->compare(*(void *const *)a, *(void *const *)b);
}

/* A dump that changes interrupt may tell of one object twice: any of them is true of some moment. */
void wr_view_sort(struct wr_view *v)
{
	size_t kept = 0;

	if (v->n)
		qsort_r(v->items, v->n, sizeof(*v->items), by_key, (void *)v->sort);
	for (size_t i = 0; i < v->n; i++) {
		if (kept && !v->sort->compare(v->items[kept - 1], v->items[i])) {
			free(v->items[kept - 1]);
			kept--;
		}
		v->items[kept++] = v->items[i];
	}
	v->n = kept;
}

void wr_view_done(struct wr_view *v)
{
	for (size_t i = 0; i < v->n; i++)
		free(v->items[i]);
	free(v->items);
	v->items = NULL;
	v->n = 0;
}
