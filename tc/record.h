/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a transaction knows of shared ifbs and of floors: see record.c. */
#ifndef WR_TC_RECORD_H
#define WR_TC_RECORD_H

#include "tc/block.h"

#define WR_PER_IFB 128	/* the kernel looks at all of them for each new class, and an ifb is soon made */
#define WR_IFB "weir-ifb"	/* and a number */

/* A set of classes by their minor numbers; 0 is none. */
struct wr_minors {
	uint64_t bits[(WR_MAX_MINOR + 64) / 64];
};

struct wr_ifb {
	int ifindex;
	unsigned int number;		/* in its name */
	char name[16];
	bool is_read, is_dying;
	uint32_t free_minor;		/* before it is read that one was seen to be free; 0: none was */
	unsigned int n_before;		/* classes that are taken to be there, until it is read */
	enum wr_block block;
	bool keeps_block;		/* the transaction has the step for its undo */
	bool has_given;			/* so the block may go, with the last qdisc that has it */
	unsigned int n_used;
	struct wr_minors used;
	struct wr_minors given;		/* back by this transaction, but still there until its end */
};

void wr_ifb_name(unsigned int number, char name[16]);
/* How many it has, as far as is known. */
static inline unsigned int wr_ifb_count(const struct wr_ifb *ifb)
{
	return ifb->n_used + (WR_HAS_AHEAD ? ifb->n_before : 0);
}

static inline bool wr_has_minor(const struct wr_minors *m, uint32_t minor)
{
	return m->bits[minor / 64] >> minor % 64 & 1;
}

static inline void wr_set_minor(struct wr_minors *m, uint32_t minor, bool has)
{
	const uint64_t bit = UINT64_C(1) << minor % 64;

	m->bits[minor / 64] = has ? m->bits[minor / 64] | bit : m->bits[minor / 64] & ~bit;
}

/*
 * A class before the transaction, for the undo of whatever its steps do, and what
 * they make of it. Without options it is new, and goes by its own undo.
 */
struct wr_floor {
	struct wr_tc_class was;
	struct wr_htb_class is;
	bool is_gone;		/* its number is not used again in this transaction */
};

/* What finds a floor's class: a classifier, or on an ifb the priority that the port's redirect wrote. */
enum wr_by { WR_BY_FLOWER, WR_BY_U32, WR_BY_PRIORITY };

struct wr_floors {
	struct wr_floors *next;
	int ifindex;
	uint32_t major;
	enum wr_by by;
	enum weir_leaf leaf;
	struct wr_floor limit, rest;
	struct wr_floor *list;
	size_t n;		/* in the list */
	size_t n_here;		/* without those that are gone */
	uint64_t sum_bytes_per_s;
};

/* Whether the kernel has an ifb of the first name: then there may be some of ours, which are looked for. */
enum wr_first { WR_FIRST_KNOWN, WR_FIRST_UNKNOWN, WR_FIRST_TAKEN };

struct wr_record {
	enum wr_first first;
	struct wr_ifb *ifbs;
	size_t n_ifbs;
	unsigned int next_number;	/* or a later one: wr_record_number() */
	bool is_nobodys;	/* the kernel has no ifb of that number */
	int next_ifindex;	/* 0: any */
	struct wr_floors *floors;
	bool is_kept;		/* in a file of the state directory */
	bool is_part;		/* of ifbs that are there some may be missing: wr_record_rest() */
	bool has_last;		/* and that is so because the handle's last ifb may do */
	bool has_step;
	size_t step;		/* that writes it */
	bool is_stale;		/* the step has not got all of it */
	bool has_give;
	size_t give;		/* the step that gives classes back */
};

#define WR_ALIAS_SIZE 256
/* By which ifbs of a state directory are known again. */
void wr_record_alias(const struct weir *w, char alias[WR_ALIAS_SIZE]);
int wr_record_of(struct weir_txn *t, struct wr_record **ret, struct weir_error *err);
/* The same, but who finds wr_record.first unknown may ask with other questions, and tell the answer. */
int wr_record_begin(struct weir_txn *t, struct wr_record **ret, struct weir_error *err);
/*
 * Ifbs that may be missing: where there is none of the first name, or the handle has
 * used one, others are looked for only when they are needed.
 */
#ifdef WR_NO_AHEAD	/* the one-file tool has one transaction, and knows all or none */
#define wr_record_of wr_record_begin
#define wr_record_rest(w, rec, err) 0
#define wr_record_has_last(rec) false
#else
void wr_record_ask_first(struct wr_batch *b);
void wr_record_first(struct wr_record *rec, bool is_taken);
#define wr_record_has_last(rec) ((rec)->has_last)
int wr_record_rest(struct weir *w, struct wr_record *rec, struct weir_error *err);
#endif
/* A number whose name no link has. */
unsigned int wr_record_number(struct weir *w, struct wr_record *rec);
struct wr_ifb *wr_record_add_ifb(struct wr_record *r, int ifindex, unsigned int number);
struct wr_floor *wr_record_add_floor(struct wr_floors *f, const struct wr_floor *floor);
/* The record as it is now will be written with the transaction. */
void wr_record_save(struct weir_txn *t, struct wr_record *r);

#endif
