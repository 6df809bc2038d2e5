/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a monitor knows of one sort of objects: an array of pointers in the order
 * of their keys, so that a look-up is a binary search and a comparison with a
 * fresh dump one walk.
 */
#ifndef WR_MONITOR_VIEW_H
#define WR_MONITOR_VIEW_H

#include "base/error.h"

struct nlmsghdr;

struct wr_sort {
	size_t size;				/* of an object */
	int (*compare)(const void *a, const void *b);	/* of keys */
	bool (*equal)(const void *a, const void *b);	/* of everything */
};

struct wr_view {
	const struct wr_sort *sort;
	void **items;
	size_t n;
};

/* Where @key is, or would be put; whether it is there. */
bool wr_view_find(const struct wr_view *v, const void *key, size_t *ret_at);
/* Puts the object @item, which is the view's from then on, at @at. 0 or -ENOMEM. */
int wr_view_insert(struct wr_view *v, size_t at, void *item);
/* Takes out what is at @at; it is the caller's. */
void *wr_view_remove(struct wr_view *v, size_t at);
/* Appends whatever the order; wr_view_sort() makes it a view again, with the last of equal keys. */
int wr_view_append(struct wr_view *v, const void *object);
void wr_view_sort(struct wr_view *v);
void wr_view_done(struct wr_view *v);

#endif
