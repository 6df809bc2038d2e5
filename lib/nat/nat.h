/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the files of this folder share. A network's part of the table is kept as
 * a list: lines "SET ELEMENT" in nftables' own words, as in
 *
 *	same "virbr0" . "virbr0"
 *	net4_24 "virbr0" . 192.168.122.0
 *	routed "virbr0"
 *	nat4 "virbr0" : goto p_2000-2999
 *
 * A list is compared with what the table has, and the difference becomes a
 * script. So one function adds a network, removes it, and undoes either, no
 * matter how much of it had been done.
 */
#ifndef WR_NAT_NAT_H
#define WR_NAT_NAT_H

#include <weir/nat.h>

#include "base/error.h"
#include "base/str.h"

struct wr_nft;

/* A set or map of a table. */
struct wr_nat_set {
	const char *name;
	const char *key;	/* its words: n(ame of a link), 4 and 6 (addresses), m(AC address), x (number) */
	bool has_ranges;	/* "flags interval" */
};

/* The constant part of one of the two tables. */
struct wr_nat_rules {
	const char *table;	/* family and name */
	uint8_t family;		/* NFPROTO_* */
	const char *make;	/* may be run again where it is there */
	const char *remove;	/* fails as a whole while an element leads to a chain */
	const struct wr_nat_set *sets;	/* all that it makes, and one without a name */
	const char *latest;	/* a set that tables of older versions lack; NULL: there are none */
	unsigned int place;	/* where a connection keeps what it knows of it */
};

/* table.c: "inet weir", networks; elements are known by their bridge. */
extern const struct wr_nat_rules wr_nat_rules;
/* guard.c: "bridge weir", ports; elements are known by their port, which is called bridge here too. */
extern const struct wr_nat_rules wr_guard_rules;
#define WR_NAT_TABLES 2

/* What a table holds, as seen from one bridge or, in the beginning, from none. */
struct wr_nat_table {
	bool is_there;
	bool is_old;		/* an older version made it: sets and rules are missing */
	char bridge[64];	/* that it is seen from, as its elements begin: ' "virbr0"' */
	struct wr_str own;	/* list of the bridge's elements */
	struct wr_str others;	/* list of all other elements */
	struct wr_str chains;	/* the chains p_*, one per line */
};

/* --- elements.c: from a struct weir_nat to a list ---------------------------- */

/* Checks @nat and appends its list; nothing in mode OPEN. */
int wr_nat_elements(const struct weir_nat *nat, struct wr_str *out, struct weir_error *err);
/* Whether a chain's name is one of those that say how to translate: "p_", addresses and ports. */
bool wr_nat_is_chain(const char *name, size_t len);
/* Whether a link's name may get into nftables' language. */
int wr_nat_check_name(const char *name, const char *object, const char *attr, struct weir_error *err);

/* --- guard.c: from a struct weir_guard to a list -------------------------------- */

int wr_guard_elements(const struct weir_guard *guard, struct wr_str *out, struct weir_error *err);
/* A number of 128 bits as nftables lists it: "0x1f". */
void wr_nat_put_number(struct wr_str *out, const uint8_t bytes[16]);

/* --- table.c: text only, nothing here talks to the kernel --------------------- */

/* The next line of @list, without its end; NULL behind the last. */
const char *wr_nat_next_line(const char **list, size_t *ret_len);
/* Reads the output of "list table": all elements are others'. */
void wr_nat_table_read(struct wr_nat_table *table, const struct wr_nat_rules *rules, const char *listing);
void wr_nat_table_done(struct wr_nat_table *table);
/* Sees it from the bridge, whomever it was seen from before. */
void wr_nat_table_turn(struct wr_nat_table *table, const char *bridge);
/* What it is once the script for @want was run. */
void wr_nat_table_become(struct wr_nat_table *table, const char *want);
/* The script that makes the bridge's elements those in @want; empty if they are. */
void wr_nat_script(const struct wr_nat_rules *rules, const struct wr_nat_table *table,
		   const char *want, struct wr_str *out);
/* The same for a shell that cannot look: @before is expected to be there. */
void wr_nat_plan(const struct wr_nat_rules *rules, const char *before, const char *want,
		 struct wr_str *out);

static inline void wr_auto_nat_table(struct wr_nat_table *table)
{
	wr_nat_table_done(table);
}

/* --- raw.c: elements without libnftables ---------------------------------------- */

/* The messages that do what the script does; false if it is empty, or does more than add and delete elements. */
bool wr_nat_messages(const struct wr_nat_rules *rules, const char *script, uint32_t generation,
		     struct wr_str *out);
/* All of them or, with a negative errno, none; -ERESTART: another generation. */
int wr_nat_send(int fd, const struct wr_str *messages);
/* A question about the table or, if @set is not NULL, about that set of it. */
void wr_nat_question(const struct wr_nat_rules *rules, uint16_t type, uint16_t flags, const char *set,
		     struct wr_str *out);

/* --- dump.c: what a table holds, without libnftables ------------------------------ */

/* As wr_nat_table_read() would from a listing; false: only that can, and @ret is not complete. */
bool wr_nat_dump(int fd, const struct wr_nat_rules *rules, struct wr_nat_table *ret);

/* --- nft.c: libnftables, in the namespace of the calling thread --------------- */

/* -EPROTONOSUPPORT: the kernel has no nf_tables; -EPERM: the caller may not use it. */
int wr_nft_open(struct wr_nft **ret, struct weir_error *err);
/* The same about one that is open: the caller may have lost a privilege. */
int wr_nft_check(struct wr_nft *nft, struct weir_error *err);
void wr_nft_close(struct wr_nft *nft);
/*
 * Both behind wr_nft_open() or wr_nft_check(): what those learned says whether the table was changed meanwhile.
 * wr_nft_read() appends the bridge's elements.
 */
int wr_nft_read(struct wr_nft *nft, const struct wr_nat_rules *rules, const char *bridge,
		struct wr_str *ret, struct weir_error *err);
/*
 * The same as wr_nft_become() by messages alone, or false and nothing was changed: there is more to do than elements, or
 * the table is another than the one that is known. Needs no check before it, for the kernel compares generations itself.
 */
bool wr_nft_send(struct wr_nft *nft, const struct wr_nat_rules *rules, const char *bridge, const char *want);
/* Makes the elements of the bridge those in @want. */
int wr_nft_become(struct wr_nft *nft, const struct wr_nat_rules *rules, const char *bridge,
		  const char *want, struct weir_error *err);
/* One script is one transaction of the kernel's: all of it or nothing. */
int wr_nft_run(struct wr_nft *nft, const char *script, struct weir_error *err);

static inline void wr_auto_nft(struct wr_nft **nft)
{
	wr_nft_close(*nft);
}

#endif
