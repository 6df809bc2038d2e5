/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * All running networks, for questions about each of them: is this subnet or this
 * bridge another's? Their files are read once for each handle and again only
 * when they are replaced, so that the 500th network starts about as fast as the
 * first. Files are always replaced as a whole, so another file is another inode.
 */
#include <stdio.h>
#include <sys/stat.h>

#include "base/table.h"
#include "network/network.h"

struct known {
	char *name;
	struct stat file;
	struct wr_live *live;	/* NULL: it cannot be read */
	bool is_there;		/* in the walk that is going on */
};

struct cache {
	struct known *items;	/* by name */
	size_t n, room;
};

/* Only its address counts: contexts of a handle are found by it. */
static const struct weir_step_ops cache_key = { .sz = sizeof(cache_key), .name = "live networks" };

static void forget(struct known *k)
{
	free(k->name);
	wr_live_free(k->live);
}

static void cache_free(void *arg)
{
	struct cache *c = arg;

	for (size_t i = 0; i < c->n; i++)
		forget(&c->items[i]);
	free(c->items);
	free(c);
}

static struct cache *cache_of(struct weir *w)
{
	struct cache *c = weir_context(w, &cache_key);

	if (c)
		return c;
	c = calloc(1, sizeof(*c));
	if (c && weir_set_context(w, &cache_key, c, cache_free)) {
		free(c);
		return NULL;
	}
	return c;
}

/* Where the name is, or where it would have to be. */
static size_t place_of(const struct cache *c, const char *name, bool *ret_found)
{
	size_t low = 0, high = c->n;

	*ret_found = false;
	while (low < high && !*ret_found) {
		size_t middle = (low + high) / 2;
		int order = strcmp(name, c->items[middle].name);

		*ret_found = order == 0;
		low = order > 0 ? middle + 1 : order < 0 ? low : middle;
		high = order < 0 ? middle : high;
	}
	return low;
}

static struct known *get(struct cache *c, const char *name)
{
	bool found;
	size_t i = place_of(c, name, &found);
	struct known *more;

	if (found)
		return &c->items[i];
	if (c->n == c->room) {
		more = realloc(c->items, (2 * c->room + 16) * sizeof(*more));
		if (!more)
			return NULL;
		c->items = more;
		c->room = 2 * c->room + 16;
	}
	memmove(&c->items[i + 1], &c->items[i], (c->n - i) * sizeof(*c->items));
	c->items[i] = (struct known){ .name = strdup(name) };
	if (!c->items[i].name) {
		memmove(&c->items[i], &c->items[i + 1], (c->n - i) * sizeof(*c->items));
		return NULL;
	}
	c->n++;
	return &c->items[i];
}

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_dev == b->st_dev && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
	       a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static void refresh(struct weir *w, struct known *k, const struct stat *file)
{
	if (k->file.st_ino && is_same(&k->file, file))
		return;
	wr_live_free(k->live);
	k->live = NULL;
	k->file = *file;
	wr_store_live(w, k->name, &k->live, NULL);
}

struct walk {
	struct weir *w;
	struct cache *cache;
};

static int visit(void *arg, const char *name)
{
	const struct walk *walk = arg;
	struct stat file;
	struct known *k;

	if (wr_store_stat(walk->w, WR_STORE_LIVE, name, &file))
		return 0;
	k = get(walk->cache, name);
	if (!k)
		return -ENOMEM;
	refresh(walk->w, k, &file);
	k->is_there = true;
	return 0;
}

static void drop_the_gone(struct cache *c)
{
	size_t kept = 0;

	for (size_t i = 0; i < c->n; i++) {
		if (c->items[i].is_there)
			c->items[kept++] = c->items[i];
		else
			forget(&c->items[i]);
	}
	c->n = kept;
}

int wr_live_each(struct weir *w, int (*fn)(void *arg, const struct weir_network *net), void *arg,
		 struct weir_error *err)
{
	struct walk walk = { w, cache_of(w) };
	int r;

	if (!walk.cache)
		return wr_nomem(err);
	for (size_t i = 0; i < walk.cache->n; i++)
		walk.cache->items[i].is_there = false;
	r = wr_store_each(w, WR_STORE_LIVE, visit, &walk, err);
	if (r)
		return r == -ENOMEM ? wr_nomem(err) : r;
	drop_the_gone(walk.cache);
	for (size_t i = 0; i < walk.cache->n && !r; i++)
		if (walk.cache->items[i].live)
			r = fn(arg, &walk.cache->items[i].live->net);
	return r;
}
