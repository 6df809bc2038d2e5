/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the files of this folder need of each other: what is on record of a group
 * that is up, what the host looks like, and a plan: what has to be done to get from
 * there to a definition.
 */
#ifndef WR_HOST_HOST_H
#define WR_HOST_HOST_H

#include <weir/host.h>
#include <weir/link.h>
#include <weir/txn.h>

#include "base/error.h"
#include "base/str.h"

/* --- store.c: files ---------------------------------------------------------------- */

/* What weir did to a link when it brought a group up: what it takes back later. */
struct wr_live_link {
	char name[16];
	int32_t ifindex;
	bool made;
	bool raised;
	bool enslaved;
};

/* A group that is up, one file in the state directory. */
struct wr_live_group {
	struct weir_group group;	/* as it was brought up */
	struct wr_live_link *links;
	size_t n_links;
};

enum wr_group_store { WR_GROUPS_CONFIG, WR_GROUPS_LIVE };

/* -ENOENT: there is none; @err is filled then too. */
int wr_group_config(struct weir *w, const char *name, struct weir_group **ret, struct weir_error *err);
int wr_group_live(struct weir *w, const char *name, struct wr_live_group **ret,
		  struct weir_error *err);
void wr_live_group_free(struct wr_live_group *live);
/* Whether both say the same. */
bool wr_live_group_equal(const struct wr_live_group *a, const struct wr_live_group *b);
/* Calls @fn with every name that is stored, until it returns other than 0. */
int wr_group_each(struct weir *w, enum wr_group_store which,
		  int (*fn)(void *arg, const char *name), void *arg, struct weir_error *err);
bool wr_group_has(struct weir *w, enum wr_group_store which, const char *name);
/* All names, in their order; free() each and the array. */
int wr_group_names(struct weir *w, enum wr_group_store which, char ***ret, size_t *ret_n,
		   struct weir_error *err);
void wr_names_free(char **names, size_t n);
int wr_txn_group_store(struct weir_txn *t, const struct weir_group *group);
int wr_txn_group_record(struct weir_txn *t, const struct wr_live_group *live);
int wr_txn_group_forget(struct weir_txn *t, enum wr_group_store which, const char *name);

/* --- view.c: what the host looks like ----------------------------------------------- */

struct wr_host {
	struct weir_link *links;	/* in the order of names */
	struct weir_link **by_index;	/* in the order of indexes */
	size_t n_links;
	struct weir_addr *addrs;	/* in the order of links */
	size_t n_addrs;
	struct weir_route *routes;
	size_t n_routes;
	struct wr_live_group **live;	/* in the order of names */
	size_t n_live;
	/* What is asked for only where it is needed; a test answers itself. */
	int (*sysctl)(const struct wr_host *h, const char *key, char buf[32]);	/* -ENOENT: there is none */
	int (*dhcp_runs)(const struct wr_host *h, const char *dev, uint8_t family);
	struct weir *w;
};

int wr_host_read(struct weir *w, struct wr_host *ret, struct weir_error *err);
/* Without addresses and routes. */
int wr_host_read_links(struct weir *w, struct wr_host *ret, struct weir_error *err);
/* Puts what is in the arrays into their orders: for who filled them otherwise. */
int wr_host_sort(struct wr_host *h);
void wr_host_done(struct wr_host *h);
const struct weir_link *wr_host_link(const struct wr_host *h, const char *name);

/* What is to be said of a link that wr_host_link() does not find; in @buf, or a literal. */
const char *wr_host_missing(const struct wr_host *h, const char *name, char buf[64]);
const struct weir_link *wr_host_index(const struct wr_host *h, int ifindex);
/* The name of the master; "" if there is none. */
const char *wr_host_master(const struct wr_host *h, const struct weir_link *link);
const struct wr_live_group *wr_host_live(const struct wr_host *h, const char *name);
/* Addresses of a link: the first and how many. */
const struct weir_addr *wr_host_addrs(const struct wr_host *h, int ifindex, size_t *ret_n);

static inline void wr_auto_host(struct wr_host *h)
{
	wr_host_done(h);
}

/* --- plan.c, with plan_*.c: what has to be done (pure) --------------------------------- */

enum wr_action {
	WR_LINK_ADD,
	WR_LINK_SET,
	WR_BOND_SET,	/* by weir_txn_links(), which lets the ports go for a moment */
	WR_LINK_DEL,
	WR_LINK_RESTORE,
	WR_ADDR_ADD,
	WR_ADDR_DEL,
	WR_ROUTE_ADD,
	WR_ROUTE_DEL,
	WR_SYSCTL,
	WR_DHCP_START,
	WR_DHCP_STOP,
	WR_NOTHING,	/* it follows from another step, and is only said */
};

/* One thing to do. Links are named, since some get their index only then. */
struct wr_plan_step {
	struct weir_plan_step shown;
	enum wr_action action;
	char dev[16], master[16], lower[16], primary[16];
	bool to_bond;		/* that is what @master is */
	union {
		struct weir_link link;		/* link.has says what; without indexes */
		struct weir_addr addr;
		struct weir_route route;
		struct {
			char key[80], value[16];
		} sysctl;
		struct {
			uint8_t family, peerdns;
		} dhcp;
	};
};

/* What the steps of a plan have made of a link of the host so far. */
struct wr_fate {
	bool is_up;
	bool in_bond;
	bool was_down;		/* for a moment or for good: what that flushes is gone */
	bool loses;		/* that, or something by a step of its own: an undo has to know */
	char master[16];
	struct wr_fate *vlans;	/* that go up and down with it */
	struct wr_fate *next;	/* of those of its base */
};

struct wr_plan {
	struct wr_plan_step **steps;
	size_t n;
	struct wr_fate *fates;	/* one for each link of the host, in the same order */
	size_t n_followed;	/* steps that they know of */
	/* What is to be on record afterwards, and of which groups nothing is. */
	struct wr_live_group **live;
	size_t n_live;
	char (*forget)[16];
	size_t n_forget;
};

/* What is wanted: definitions to be up, groups that were brought up and are to go down. */
struct wr_wanted {
	const struct weir_group *const *up;
	size_t n_up;
	const struct wr_live_group *const *down;
	size_t n_down;
};

/*
 * What leads from @h to @want. @only_wanted: nothing is taken away that an earlier
 * definition had; for looking whether everything is there. 0 or a negative errno
 * with @err filled.
 */
int wr_plan_make(struct wr_plan *p, const struct wr_host *h, const struct wr_wanted *want,
		 bool only_wanted, struct weir_error *err);
/* Whether the plan takes something of a link away that only an undo can bring back. */
bool wr_plan_loses(struct wr_plan *p, const struct wr_host *h, const struct weir_link *link);
/* The policy: the first step with an effect above @most is refused. */
int wr_plan_allow(const struct wr_plan *p, enum weir_effect most, struct weir_error *err);
void wr_plan_done(struct wr_plan *p);

static inline void wr_auto_plan(struct wr_plan *p)
{
	wr_plan_done(p);
}

/* --- bond.c: a bond's settings, both ways (pure) ------------------------------------------- */

void wr_bond_want(const struct weir_group_bond *b, struct weir_bond *ret);
/* Adds to @b, which is empty, what the bond is. */
void wr_bond_tell(const struct weir_bond *is, struct weir_group_bond *b);

/* --- want.c: what a definition asks of one link (pure) ----------------------------------- */

/* Everything but name, master and up: @g is @top or one of what it enslaves. */
void wr_want(const struct weir_group *top, const struct weir_group *g, struct weir_link *ret);
/* What of @want @is does not have, in @ret; texts as weir_link_diff() makes them, for free(). */
int wr_want_differs(const struct weir_link *want, const struct weir_link *is,
		    struct weir_link *ret, char **ret_text);
void wr_want_addr(const struct weir_group_address *a, struct weir_addr *ret);
void wr_want_route(uint8_t family, const struct weir_group_route *r, struct weir_route *ret);

/* --- dhcp.c ----------------------------------------------------------------------------------- */

/*
 * A client of DHCPv6 sends from the link-local address, and ends at once where there is none that is good: that is so a
 * second or two after the link came up. Without carrier it never is, so this waits for some seconds only.
 */
int wr_dhcp_wait(struct weir *w, const char *dev, struct weir_error *err);
int wr_dhcp_start(struct weir_txn *t, const char *dev, uint8_t family, uint8_t peerdns);
int wr_dhcp_stop(struct weir_txn *t, const char *dev, uint8_t family, uint8_t peerdns);
/* Above 0: it does; or that it cannot be known. */
int wr_dhcp_runs(struct weir *w, const char *dev, uint8_t family, uint8_t peerdns);

/* --- apply.c ------------------------------------------------------------------------------------ */

/* Puts a plan on a transaction, with the records, and a step that looks whether it is so. */
int wr_plan_emit(struct weir_txn *t, const struct wr_host *h, struct wr_plan *p,
		 const struct weir_group *const *groups, size_t n);

#endif
