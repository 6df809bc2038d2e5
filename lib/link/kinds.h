/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The registry of link kinds. A kind is one file with its table and one line in
 * kinds.c; what all links have in common is in link.c's tables.
 */
#ifndef WR_LINK_KINDS_H
#define WR_LINK_KINDS_H

#include <weir/link.h>

#include "netlink/attr.h"

struct wr_link_words;

struct wr_kind {
	enum weir_link_kind kind;
	const char *name;		/* IFLA_INFO_KIND, iproute2's "type" */
	const struct wr_table *table;	/* of IFLA_INFO_DATA; NULL: there is none */
	size_t offset;			/* of the kind's struct in struct weir_link */
	const struct wr_table *const *tables; /* WR_LINK_TABLES(its own) */
	bool needs_lower;
	bool mtu_apart;			/* no change of it takes an MTU besides */
	/* What the table cannot say: rules, attributes and words of its own. */
	int (*verify)(const struct weir_link *link, struct weir_error *err);
	void (*put)(struct wr_batch *b, const struct weir_link *link, int peer_netns_fd,
		    int peer_ifindex);
	void (*text)(const struct weir_link *link, struct wr_str *out);
	/* The plan's words for one row, if they are not "name value"; false: they are. */
	bool (*words)(const struct wr_field *f, const void *obj, struct wr_str *out);
	/* Takes a word that is no row, with what belongs to it; 1: it is none of the kind's. */
	int (*take)(struct wr_link_words *w, const char *word);
	/*
	 * What else than @want the undo of a change must set, in @old, which has what was
	 * there; and what of the kind must be set in a message ahead of that. Refuses
	 * what could not be brought back.
	 */
	int (*widen)(const struct weir_link *want, struct weir_link *old, struct weir_link *ahead,
		     struct weir_error *err);
};

/* What a link has as a port of another: by the master's kind. */
struct wr_port_kind {
	const char *name;		/* IFLA_INFO_SLAVE_KIND */
	const struct wr_table *table;	/* of IFLA_INFO_SLAVE_DATA */
	size_t offset;			/* of its struct in struct weir_link */
	const struct wr_table *const *tables; /* WR_LINK_TABLES(table) */
};

extern const struct wr_kind wr_kind_bridge, wr_kind_veth, wr_kind_tun, wr_kind_ifb;
extern const struct wr_kind wr_kind_macvlan, wr_kind_macvtap, wr_kind_bond, wr_kind_vlan;
extern const struct wr_kind wr_kind_dummy, wr_kind_vxlan, wr_kind_vrf;

const struct wr_kind *wr_kind(enum weir_link_kind kind);
const struct wr_kind *wr_kind_by_name(const char *name);
/* The kind's own struct inside @link. */
static inline void *wr_kind_data(const struct wr_kind *k, const struct weir_link *link)
{
	return (char *)link + k->offset;
}

/* The presence bits of the kind's struct; the kind has a table. */
static inline uint64_t *wr_kind_has(const struct wr_kind *k, const struct weir_link *link)
{
	return (uint64_t *)(void *)((char *)wr_kind_data(k, link) + k->table->has);
}

/* The kinds of ports; the last has no name. */
extern const struct wr_port_kind wr_port_kinds[];
static inline void *wr_port_data(const struct wr_port_kind *p, const struct weir_link *link)
{
	return (char *)link + p->offset;
}
/* The kind of port that @link has settings of, or NULL. */
const struct wr_port_kind *wr_port_of(const struct weir_link *link);
void wr_port_clear(struct weir_link *link);
/* Leaves of a bond's port only what a port that has just joined does not have. */
void wr_bond_port_strip(struct weir_bond_port *p);

/* Tables that every link has: attributes, IFLA_LINKINFO's words, IPv6's part, ports. */
extern const struct wr_table wr_link_table, wr_link_info_table, wr_link_inet6_table;
extern const struct wr_table wr_bridge_port_table, wr_bond_port_table;
/* Where the name of an attribute that the kernel refused is looked for. */
#define WR_LINK_TABLES(own)                                                                        \
	((const struct wr_table *const[]){ &wr_link_table, &wr_link_info_table,                    \
					   &wr_link_inet6_table, own, NULL })

/* Reads an RTM_NEWLINK. */
int wr_link_decode(const struct nlmsghdr *msg, struct weir_link *ret, struct weir_error *err);
/* Hands the RTM_NEWLINK of one link, by its index or else its name, to @take. */
int wr_link_ask(struct weir *w, int ifindex, const char *name,
		int (*take)(void *arg, uint32_t index, const struct nlmsghdr *msg), void *arg, struct weir_error *err);
/* Whether every member that is read says the same. */
bool wr_link_equal(const struct weir_link *a, const struct weir_link *b);

#endif
