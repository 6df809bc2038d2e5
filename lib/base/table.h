/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The heart: one table per kind of object says, for each member of its public
 * struct, how it is called, how it is stored, what it may hold and (for kernel
 * objects) which netlink attribute carries it. Everything that has to be done
 * for each member walks the table:
 *
 *	check and parse text, print text and JSON	here
 *	compare, copy, free				here
 *	encode to and decode from netlink		netlink/attr.c
 *	read JSON, write its schema			json/
 *
 * Adding an attribute is one row. A row describes the public struct, which
 * stays hand-written so that readers, ctags and the documentation see it.
 */
#ifndef WR_BASE_TABLE_H
#define WR_BASE_TABLE_H

#include "base/error.h"
#include "base/str.h"

/* How a member is stored, and how wide it is on the wire. */
enum wr_codec {
	/* integers and booleans: the member may be narrower than the wire */
	WR_U8 = 1,
	WR_U16,
	WR_U32,
	WR_U64,
	WR_S32,
	WR_BE16,
	WR_BE32,
	WR_FLAG,	/* a bool; on the wire there or not, empty */
	WR_BIT,		/* a bool; on the wire one bit of a pair of u32: the bits, and which of them count */
	/* byte strings */
	WR_NAME,	/* char[]: text that ends in a zero byte */
	WR_MAC,		/* uint8_t[6] */
	WR_IP,		/* struct weir_ip, 4 or 16 bytes on the wire */
	WR_RANGE,	/* struct weir_udp_ports, two big-endian u16 on the wire */
	/* arrays inside the struct, behind their uint32_t count; a nest on the wire (array.c) */
	WR_IPS,		/* like struct weir_ips */
	WR_PAIRS,	/* like struct weir_pairs: "FROM:TO"; a pair to 0 is none */
	WR_MACS,	/* like struct weir_macs, in any order */
	/* definitions only: never on the wire */
	WR_STRING,	/* char *, owned by the struct; NULL: absent */
	WR_OBJECT,	/* a struct inside the struct */
	WR_LIST,	/* pointer to structs and a size_t count beside it */
};

enum wr_row_flags {
	WR_BOOL = 1 << 0,	/* 0 or 1: on/off as text, true/false as JSON */
	WR_TRISTATE = 1 << 1,	/* enum weir_yes_no: absent, no, yes */
	WR_FIXED = 1 << 2,	/* cannot change on a live object */
	WR_READONLY = 1 << 3,	/* told by the kernel, never sent */
	WR_HEADER = 1 << 4,	/* part of the fixed header, not an attribute */
	WR_REQUIRED = 1 << 5,	/* a definition must have it */
	WR_HEX = 1 << 6,	/* an integer that people read in hex */
	WR_IFINDEX = 1 << 7,	/* a link, shown by its name where that is known */
	WR_ON_SET = 1 << 8,	/* silently ignored in a create message: sent after it */
	WR_DIGIT = 1 << 9,	/* a WR_BOOL that iproute2 writes as 1 or 0 */
	WR_ALWAYS = 1 << 10,	/* there also when it is zero: its zero is a word like others */
	WR_ZERO_IF_ABSENT = 1 << 11, /* the kernel leaves it out where it is zero or empty */
	WR_NOWORD = 1 << 12,	/* a WR_BOOL that iproute2 writes as "name" or "noname" */
	WR_WHEN_DOWN = 1 << 13,	/* changes only while the link is down, */
	WR_WHEN_EMPTY = 1 << 14, /* while it has no ports */
	WR_SELF = 1 << 12,	/* a WR_LIST of what the outermost table describes: a tree */
};

struct wr_word {
	uint32_t value;
	const char *name;
};

struct wr_table;

/* A further rule for text: 0 or -errno, and what it says in words. */
struct wr_text_rule {
	int (*check)(const char *text);
	const char *words;
	bool any_case;		/* of hex digits, large and small ones are the same */
};

/* What rows say for a schema is not kept where there is none: of a union the last value counts, and a row ends with its name. */
#ifdef WR_NO_DOCS
#define WR_WITH_DOC union
#define WR_ROW_END(name_) .name = name_
#else
#define WR_WITH_DOC struct
#define WR_ROW_END(name_)
#endif

/* In the order of sizes, and what excludes each other in one place: there are hundreds of rows. */
struct wr_field {
	WR_WITH_DOC {
		const char *name;	/* the word in text, JSON and error paths */
		const char *doc;	/* one line for help and the schema */
	};
	union {
		const struct wr_word *words;	/* WR_WORDS(), if n_words: an integer that is shown as a word */
		const char *unit;		/* any other integer, for help: of the shown value */
		const struct wr_text_rule *rule;	/* WR_STRING, WR_NAME: WR_RULE() */
		const struct wr_table *sub;	/* WR_OBJECT, WR_LIST: what is inside */
	};
	uint64_t max;		/* of an integer as shown; 0: no bound but the width */
	int32_t min;
	uint32_t mask;		/* WR_BIT: which bit; WR_MACS: what attr6 says */
	uint16_t scale;		/* member = shown value * scale; 0: 1 */
	uint16_t offset;	/* of the member */
	uint16_t size;		/* of the member */
	union {
		uint16_t attr;	/* netlink attribute type */
		uint16_t count;	/* WR_LIST: offset of the size_t count */
	};
	uint16_t attr6;		/* WR_IP: that of an IPv6 address, where it is another; WR_MACS: what says what to do with them */
	uint16_t flags;		/* enum wr_row_flags */
	uint8_t codec;		/* enum wr_codec */
	uint8_t family;		/* WR_IP, WR_IPS: the only family; 0: both */
	uint8_t n_words;
	uint8_t place;		/* WR_HAS(): of its bit in the struct's has, from 1; 0: zero or NULL means absent */
};

struct wr_table {
	const char *name;	/* "bridge": how the kind calls itself */
	size_t size;		/* of the struct */
	int has;		/* offset of the uint64_t presence bits; -1: none */
	const struct wr_field *fields;
	size_t n;
	const uint16_t *path;	/* nests around the attributes, outermost first, 0 ends */
	/* Rules that need more than one member. */
	int (*verify)(const void *obj, struct weir_error *err);
};

#define WR_SIZEOF(type, member) sizeof(((struct type *)0)->member)

/* The presence bit of a row; a further rule of its text. */
#define WR_HAS(bit) .place = (bit) != 0 ? __builtin_ctzll(bit) + 1 : 0
#define WR_RULE(check_, words_, ...) .rule = &(const struct wr_text_rule){ .check = check_, .words = words_, ##__VA_ARGS__ }

/* A row: struct, member, codec, name; then what else there is to say, by member name. */
#define WR_ROW(type, member, codec_, name_, ...)                                                   \
	{ .name = name_, .codec = codec_, .offset = offsetof(struct type, member),                 \
	  .size = WR_SIZEOF(type, member), ##__VA_ARGS__, WR_ROW_END(name_) }
/* A row that a netlink attribute carries. */
#define WR_ATTR(type, member, attr_, codec_, name_, bit_, ...)                                     \
	WR_ROW(type, member, codec_, name_, .attr = attr_, WR_HAS(bit_), ##__VA_ARGS__)
#define WR_LIST_ROW(type, member, name_, table_, ...)                                              \
	{ .name = name_, .codec = WR_LIST, .offset = offsetof(struct type, member),                \
	  .size = WR_SIZEOF(type, member), .count = offsetof(struct type, n_##member),             \
	  .sub = table_, ##__VA_ARGS__, WR_ROW_END(name_) }
#define WR_OBJECT_ROW(type, member, name_, table_, ...)                                            \
	WR_ROW(type, member, WR_OBJECT, name_, .sub = table_, ##__VA_ARGS__)
#define WR_WORDS(array) array, .n_words = WR_COUNT(array)
#define WR_TABLE(var, type, name_, has_, fields_, ...)                                             \
	const struct wr_table var = { .name = name_, .size = sizeof(struct type), .has = has_,     \
				      .fields = fields_, .n = WR_COUNT(fields_), __VA_ARGS__ }

/* --- one member ---------------------------------------------------------- */

/* Its bit in the struct's has; 0: it has none. */
static inline uint64_t wr_bit(const struct wr_field *f)
{
	return f->place ? 1ull << (f->place - 1) : 0;
}
/* NULL: it has none. */
static inline const struct wr_text_rule *wr_text_rule(const struct wr_field *f)
{
	return f->codec == WR_NAME || f->codec == WR_STRING ? f->rule : NULL;
}
static inline const char *wr_unit(const struct wr_field *f)
{
	return f->codec <= WR_BIT && !f->n_words ? f->unit : NULL;
}
void *wr_member(const struct wr_field *f, const void *obj);
uint64_t wr_load(const struct wr_field *f, const void *obj);
const char *wr_load_string(const struct wr_field *f, const void *obj);
void wr_store(const struct wr_field *f, void *obj, uint64_t value);
/* A copy of @text in a text or a name. -ENAMETOOLONG, -ENOMEM: the old one stays. */
int wr_store_string(const struct wr_field *f, void *obj, const char *text);
/* The items of a list and how many there are. */
void *wr_list(const struct wr_field *f, const void *obj, size_t *ret_n);
bool wr_is_zero(const void *p, size_t n);
bool wr_has(const struct wr_table *t, const struct wr_field *f, const void *obj);
bool wr_any_set(const struct wr_table *t, const void *obj);
void wr_set_has(const struct wr_table *t, const struct wr_field *f, void *obj);
bool wr_is_integer(const struct wr_field *f);
/* The largest integer that the row takes, as shown. */
uint64_t wr_field_max(const struct wr_field *f);
/* A list of structs with one string in them is a list of strings in JSON: its row, or NULL. */
const struct wr_field *wr_plain(const struct wr_field *f);
/* The word for a value, or NULL. */
const char *wr_word(const struct wr_field *f, uint64_t value);

/* Range, word and rule of a member that is set. */
int wr_field_check(const struct wr_field *f, const void *obj, struct weir_error *err);
/* Reads @text into the member; the error says what would have been right. */
int wr_field_parse(const struct wr_table *t, const struct wr_field *f, void *obj, const char *text,
		   struct weir_error *err);
void wr_field_text(const struct wr_field *f, const void *obj, struct wr_str *out);
bool wr_field_equal(const struct wr_field *f, const void *a, const void *b);
/* Whether @is has what @want asks for: equal, but that other pairs of a WR_PAIRS may be there too. */
bool wr_field_covers(const struct wr_field *f, const void *want, const void *is);
/* "none, nat or route": what a row of words takes. */
void wr_field_choices(const struct wr_field *f, struct wr_str *out);

/* --- one member that is an array (array.c) -------------------------------- */

static inline bool wr_is_array(const struct wr_field *f)
{
	return f->codec >= WR_IPS && f->codec <= WR_MACS;
}
/* How many items there are, and how many there can be. */
uint32_t wr_array_count(const struct wr_field *f, const void *obj);
uint32_t wr_array_room(const struct wr_field *f);
size_t wr_array_item_size(const struct wr_field *f);
void *wr_array_item(const struct wr_field *f, const void *obj, uint32_t i);
int wr_array_check(const struct wr_field *f, const void *obj, struct weir_error *err);
int wr_array_parse(const struct wr_field *f, void *obj, const char *text, struct weir_error *err);
void wr_array_text(const struct wr_field *f, const void *obj, struct wr_str *out);
void wr_array_json(const struct wr_field *f, const void *obj, struct wr_str *out);
bool wr_array_equal(const struct wr_field *f, const void *a, const void *b);
bool wr_array_covers(const struct wr_field *f, const void *want, const void *is);

/* --- a whole struct ------------------------------------------------------ */

const struct wr_field *wr_find(const struct wr_table *t, const char *name);
/* Every rule of every row, and verify(). Paths as "ips[0].dhcp.ranges[1].start". */
int wr_table_check(const struct wr_table *t, const void *obj, struct weir_error *err);
bool wr_table_equal(const struct wr_table *t, const void *a, const void *b);
/* What @want sets and @is does not have so, as presence bits. */
uint64_t wr_table_diff(const struct wr_table *t, const void *want, const void *is);
/* What @from has set, laid over @onto. The struct owns nothing. */
void wr_table_overlay(const struct wr_table *t, void *onto, const void *from);
void wr_table_free(const struct wr_table *t, void *obj);
int wr_table_copy(const struct wr_table *t, void *dst, const void *src);
/* "name value name value" of what is set, as iproute2 writes it. */
void wr_table_text(const struct wr_table *t, const void *obj, struct wr_str *out);
/* The members of a JSON object, without its braces; @indent < 0: on one line. */
void wr_table_json(const struct wr_table *t, const void *obj, int indent, struct wr_str *out);

/* --- texts that more than one table needs -------------------------------- */

#define WR_SHOWN 80
/* Somebody else's text in a message: long ones are cut, control characters escaped. Returns @buf. */
const char *wr_shown(const char *text, char buf[WR_SHOWN]);
int wr_mac_parse(const char *text, uint8_t mac[6]);
void wr_mac_format(const uint8_t mac[6], char buf[18]);
/* A name the kernel takes for a link, as it is: 1..15 bytes, no slash, colon, % or space, not "." or "..". */
int wr_check_ifname(const char *name);

#endif
