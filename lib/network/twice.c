/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What in a list is there twice, or in another one too, found by sorting: a network
 * can have ten thousand hosts, and it is checked as a whole with each change. Pure.
 */
#include <stdlib.h>

#include "network/check.h"

static int by_key(const void *a, const void *b)
{
	const struct wr_key *x = a, *y = b;
	int order = !x->data - !y->data;

	if (!order && x->len != y->len)
		order = x->len < y->len ? -1 : 1;
	if (!order && x->len)
		order = memcmp(x->data, y->data, x->len);
	return order ? order : x->i < y->i ? -1 : x->i > y->i;
}

static bool same(const struct wr_key *a, const struct wr_key *b)
{
	return a->data && b->data && a->len == b->len && !memcmp(a->data, b->data, a->len);
}

struct wr_key wr_text_key(const char *text, size_t i)
{
	return (struct wr_key){ text, text ? strlen(text) : 0, i };
}

void wr_sort_keys(struct wr_key *keys, size_t n)
{
	if (n)
		qsort(keys, n, sizeof(*keys), by_key);
}

void wr_find_twice(struct wr_key *keys, size_t n, const char *what, struct wr_twice *ret)
{
	size_t first = 0;

	wr_sort_keys(keys, n);
	for (size_t k = 0; k < n; k++) {
		struct wr_twice *t = &ret[keys[k].i];

		if (!k || !same(&keys[k - 1], &keys[k]))
			first = keys[k].i;
		if (first < t->first) {
			t->first = first;
			t->what = what;
		}
	}
}

/* The lowest one that is not below it with number 0. */
const struct wr_key *wr_first_key(const struct wr_key *keys, size_t n, const char *text)
{
	const struct wr_key key = wr_text_key(text, 0);
	size_t from = 0, to = n;

	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (by_key(&keys[middle], &key) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return from < n && same(&keys[from], &key) ? &keys[from] : NULL;
}

struct wr_twice *wr_twice_new(size_t n)
{
	struct wr_twice *all = calloc(n + 1, sizeof(*all));

	for (size_t i = 0; all && i < n; i++)
		all[i].first = i;
	return all;
}
