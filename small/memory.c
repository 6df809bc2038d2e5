/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * malloc() and its kin in as few bytes as they can be, in musl's place (libc.c): blocks
 * that lie behind each other in chunks from the kernel. A block that is given back
 * becomes one with its free neighbours; the first free one that is large enough is
 * taken. No locks: small/ has no threads that run beside each other.
 */
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "shorter.h"

struct block {
	size_t before;		/* bytes of the block before it; 0: it is the first of its chunk */
	size_t size;		/* bytes of this one, all told, and IS_FREE; 0: the chunk ends here */
	struct block *next;	/* these two in the list, while it is free */
	struct block **at;	/* what points to it */
};

#define HEADER offsetof(struct block, next)
#define IS_FREE ((size_t)1)
#define CHUNK ((size_t)64 << 10)
#define MOST ((size_t)PTRDIFF_MAX / 2)
#define ROUND_UP(n, to) (((n) + (to) - 1) & ~((to) - 1))

static struct block *free_blocks;

static struct block *behind(struct block *b, size_t n)
{
	return (struct block *)(void *)((char *)b + n);
}

static struct block *block_of(void *memory)
{
	return (struct block *)(void *)((char *)memory - HEADER);
}

static void put_in_list(struct block *b, size_t size)
{
	b->size = size | IS_FREE;
	behind(b, size)->before = size;
	b->next = free_blocks;
	b->at = &free_blocks;
	if (b->next)
		b->next->at = &b->next;
	free_blocks = b;
}

static void take_from_list(struct block *b)
{
	*b->at = b->next;
	if (b->next)
		b->next->at = b->at;
	b->size &= ~IS_FREE;
}

/* A chunk that is larger than others was made for one block, and goes with it. */
static void release(struct block *b)
{
	struct block *before = (struct block *)(void *)((char *)b - b->before), *next = behind(b, b->size);
	size_t size = b->size;

	if (next->size & IS_FREE) {
		take_from_list(next);
		size += next->size;
	}
	if (b->before && before->size & IS_FREE) {
		take_from_list(before);
		size += before->size;
		b = before;
	}
	if (!b->before && !behind(b, size)->size && size >= CHUNK)
		munmap(b, size + HEADER);
	else
		put_in_list(b, size);
}

static struct block *new_chunk(size_t size)
{
	const size_t n = ROUND_UP(size + HEADER, CHUNK);
	struct block *b = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (b == MAP_FAILED)
		return NULL;
	put_in_list(b, n - HEADER);
	return b;
}

/* What is behind the first @size bytes of a block that is in use is free again. */
static void cut(struct block *b, size_t size)
{
	struct block *rest = behind(b, size);

	if (b->size < size + sizeof(*rest))
		return;
	rest->before = size;
	rest->size = b->size - size;
	b->size = size;
	release(rest);
}

/* Of more than there can be: larger than any block. */
static size_t size_for(size_t bytes)
{
	return bytes <= HEADER ? sizeof(struct block) : bytes > MOST ? SIZE_MAX : ROUND_UP(bytes + HEADER, HEADER);
}

void *small_malloc(size_t bytes)
{
	const size_t size = size_for(bytes);
	struct block *b = free_blocks;

	while (b && b->size < size)
		b = b->next;
	if (!b && bytes <= MOST)
		b = new_chunk(size);
	if (!b) {
		errno = ENOMEM;
		return NULL;
	}
	take_from_list(b);
	cut(b, size);
	return behind(b, HEADER);
}

void *small_calloc(size_t n, size_t bytes)
{
	size_t all;
	void *p = small_malloc(__builtin_mul_overflow(n, bytes, &all) ? SIZE_MAX : all);

	return p ? memset(p, 0, all) : NULL;
}

void small_free(void *memory)
{
	if (memory)
		release(block_of(memory));
}

/* What grows once grows again, and gets some room for it. */
void *small_realloc(void *memory, size_t bytes)
{
	const size_t roomy = bytes > MOST ? bytes : bytes + bytes / 8;
	struct block *b, *next;
	void *moved;

	if (!memory)
		return small_malloc(bytes);
	b = block_of(memory);
	next = behind(b, b->size);
	if (next->size & IS_FREE && b->size < size_for(bytes)) {
		take_from_list(next);
		b->size += next->size;
		behind(b, b->size)->before = b->size;
	}
	if (b->size >= size_for(bytes)) {
		cut(b, size_for(roomy));
		return memory;
	}
	moved = small_malloc(roomy);
	if (!moved)
		return NULL;
	memcpy(moved, memory, b->size - HEADER);
	small_free(memory);
	return moved;
}
