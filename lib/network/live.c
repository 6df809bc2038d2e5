/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * All running networks, for questions about each of them: is this subnet or this
 * bridge another's? Their files are read once for each handle and again only
 * when they are replaced, so that the 500th network starts about as fast as the
 * first. A handle that asks often has the kernel tell it which were (base/watch.c).
 * Otherwise it looks through the folder. Files are always replaced as a whole, so
 * another file is another inode; where numbers of inodes are used again, stat()
 * tells two files apart.
 */
#include <stdio.h>
#include <sys/stat.h>

#include "base/context.h"
#include "base/file.h"
#include "base/list.h"
#include "base/table.h"
#include "base/watch.h"
#include "network/network.h"

struct known {
	char *name;
	uint64_t inode;
	struct file {		/* where inodes are used again */
		dev_t dev;
		ino_t inode;
		off_t size;
		struct timespec mtime, ctime;
	} file;
	struct wr_live *live;	/* NULL: it cannot be read */
	uint32_t hash;		/* of the name: hundreds of names lie far from each other */
	bool has_changed;	/* so the watch says */
};

/* A watch takes longer to close than a few looks, and a user can have only so many. */
#define LOOKS_BEFORE_WATCH 3

/* In the folder's order, which stays the same for the files that stay; what the watch told of is behind. */
struct cache {
	struct known *items;
	size_t n;
	unsigned int n_looks;
	struct wr_watch watch;
};

/* Only its address counts: contexts of a handle are found by it. */
static const struct weir_step_ops cache_key = { .sz = sizeof(cache_key), .name = "live networks" };

static uint32_t hash_of(const char *name)
{
	return wr_hash(WR_HASH, name, strlen(name));
}

static void forget(struct known *k)
{
	free(k->name);
	wr_live_free(k->live);
	*k = (struct known){ 0 };
}

static void forget_all(struct cache *c)
{
	for (size_t i = 0; i < c->n; i++)
		forget(&c->items[i]);
	free(c->items);
}

static void cache_free(void *arg)
{
	struct cache *c = arg;

	wr_watch_close(&c->watch);
	forget_all(c);
	free(c);
}

static void cache_init(void *arg)
{
	((struct cache *)arg)->watch.fd = -1;
}

static struct cache *cache_of(struct weir *w)
{
	return wr_context_of(w, &cache_key, sizeof(struct cache), cache_init, cache_free);
}

/* One look into the folder: what is known moves from @old to @now. */
struct walk {
	struct weir *w;
	struct weir_error *err;
	struct cache old, now;
	size_t next;	/* of @old: most likely the next that is found */
};

static struct known *find_old(struct walk *walk, const char *name, uint64_t inode)
{
	for (size_t i = 0; i < walk->old.n; i++) {
		size_t at = (walk->next + i) % walk->old.n;
		struct known *k = &walk->old.items[at];

		if (k->inode != inode || !k->name || strcmp(k->name, name))
			continue;
		walk->next = at + 1;
		return k;
	}
	return NULL;
}

static bool is_same(const struct file *a, const struct file *b)
{
	return a->dev == b->dev && a->inode == b->inode && a->size == b->size && a->mtime.tv_sec == b->mtime.tv_sec &&
	       a->mtime.tv_nsec == b->mtime.tv_nsec && a->ctime.tv_sec == b->ctime.tv_sec &&
	       a->ctime.tv_nsec == b->ctime.tv_nsec;
}

static int look_at(struct weir *w, const char *name, struct file *ret)
{
	struct stat st;
	int r = wr_store_stat(w, WR_STORE_LIVE, name, &st);

	if (!r)
		*ret = (struct file){ st.st_dev, st.st_ino, st.st_size, st.st_mtim, st.st_ctim };
	return r;
}

static int visit(void *arg, const struct wr_entry *e)
{
	struct walk *walk = arg;
	struct known *old = find_old(walk, e->name, e->inode);
	struct known k = { .inode = e->inode, .hash = hash_of(e->name) }, *now;
	int r;

	if (!e->is_unique && look_at(walk->w, e->name, &k.file))
		return 0;
	now = wr_append(walk->now.items, walk->now.n);
	if (!now)
		return -ENOMEM;
	if (old && (e->is_unique || is_same(&old->file, &k.file))) {
		*now = *old;
		*old = (struct known){ 0 };
		return 0;
	}
	k.name = strdup(e->name);
	r = k.name ? wr_store_next_live(walk->w, k.name, &k.live, walk->err) : -ENOMEM;
	*now = k;
	if (r >= 0)
		return 0;
	forget(now);
	walk->now.n--;
	return r;
}

static int look_through(struct weir *w, struct cache *c, struct weir_error *err)
{
	struct walk walk = { .w = w, .err = err, .old = *c, .now = { .n_looks = c->n_looks + 1, .watch = c->watch } };
	int r = wr_store_each_entry(w, WR_STORE_LIVE, visit, &walk, err);

	*c = walk.now;
	forget_all(&walk.old);
	return r;
}

/* --- by the watch ------------------------------------------------------------------------ */

struct news {
	struct cache *cache;
	bool any, failed;
};

/* Only noted, because a file may be told of many times. The last ones are the most likely. */
static void note(void *arg, const char *name)
{
	struct news *news = arg;
	struct cache *c = news->cache;
	const uint32_t hash = hash_of(name);
	size_t i = c->n;
	struct known *k;
	char *copy;

	news->any = true;
	while (i && (c->items[i - 1].hash != hash || strcmp(c->items[i - 1].name, name)))
		i--;
	if (i) {
		c->items[i - 1].has_changed = true;
		return;
	}
	copy = strdup(name);
	k = copy ? wr_append(c->items, c->n) : NULL;
	if (k)
		*k = (struct known){ .name = wr_take(copy), .hash = hash, .has_changed = true };
	free(copy);
	news->failed |= !k;
}

/* The file's numbers first: if it is replaced in between, that is told the next time. */
static int read_again(struct weir *w, struct known *k)
{
	struct known now = { .name = k->name, .hash = k->hash };
	int r;

	k->name = NULL;
	forget(k);
	r = look_at(w, now.name, &now.file) ? 1 : wr_store_next_live(w, now.name, &now.live, NULL);
	now.inode = now.file.inode;
	if (r < 0 || !now.file.inode)
		forget(&now);
	else
		*k = now;
	return r < 0 ? r : 0;
}

static int read_news(struct weir *w, struct cache *c)
{
	size_t kept = 0;
	int r = 0;

	for (size_t i = 0; i < c->n; i++) {
		if (c->items[i].has_changed && read_again(w, &c->items[i]))
			r = -EIO;	/* which, the look through the folder will find */
		if (!c->items[i].name)
			continue;
		if (kept < i)
			c->items[kept] = c->items[i];
		kept++;
	}
	c->n = kept;
	return r;
}

/* Whether the cache is what the folder holds. */
static bool follow(struct weir *w, struct cache *c, const char *folder)
{
	struct news news = { .cache = c };

	if (!wr_watch_each(&c->watch, folder, note, &news))
		return false;
	if (news.any && read_news(w, c))
		news.failed = true;
	if (news.failed)
		wr_watch_close(&c->watch);
	return !news.failed;
}

static int learn(struct weir *w, struct cache *c, struct weir_error *err)
{
	char folder[PATH_MAX];
	int r = wr_store_folder(w, WR_STORE_LIVE, folder, err);

	if (r || follow(w, c, folder))
		return r;
	if (c->n_looks >= LOOKS_BEFORE_WATCH)
		wr_watch_open(&c->watch, folder);
	r = look_through(w, c, err);
	if (r)
		wr_watch_close(&c->watch);
	return r == -ENOMEM ? wr_nomem(err) : r;
}

int wr_live_each(struct weir *w, int (*fn)(void *arg, const struct weir_network *net), void *arg,
		 struct weir_error *err)
{
	struct cache *c = cache_of(w);
	int r = c ? learn(w, c, err) : wr_nomem(err);

	for (size_t i = 0; !r && i < c->n; i++)
		if (c->items[i].live)
			r = fn(arg, &c->items[i].live->net);
	return r;
}
