/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the files of a plan need of each other. What the rest of the folder calls,
 * wr_plan_make() and what it gives, is in host.h. All of them return 0 or a negative
 * errno, with the error of the planning filled, unless said otherwise.
 */
#ifndef WR_HOST_PLAN_H
#define WR_HOST_PLAN_H

#include "host/host.h"

/* One group's planning. */
struct wr_planning {
	struct wr_plan *plan;
	const struct wr_host *host;
	const struct wr_wanted *all;		/* of the whole plan */
	const struct weir_group *top;
	char name[16];				/* of the top */
	const struct wr_live_group *was;	/* as it was brought up before; may be NULL */
	struct wr_live_group *live;		/* as it will be on record */
	unsigned int depth;			/* how many others of the plan it stands on */
	struct weir_error *err;
};

/* --- plan_step.c: steps and the record ------------------------------------------------- */

/* The word for an enum weir_group_type. */
const char *wr_plan_kind(uint8_t type);
/* One more step, for the caller to fill; NULL: no memory. */
WR_PRINTF(6, 7)
struct wr_plan_step *wr_plan_add(struct wr_planning *p, enum wr_action action,
				 enum weir_effect effect, const char *kind, const char *dev,
				 const char *fmt, ...);
/* One that changes a link; NULL: no memory. */
struct wr_plan_step *wr_plan_set(struct wr_planning *p, enum weir_effect effect, const char *kind,
				 const char *dev, const char *what);
/* One that sets a link up or down. */
int wr_plan_set_up(struct wr_planning *p, enum weir_effect effect, const char *kind,
		   const char *dev, bool up);
/* One that consists of its action and its link only. */
int wr_plan_bare(struct wr_planning *p, enum wr_action action, enum weir_effect effect,
		 const char *kind, const char *dev, const char *what);
/* Fills the error for what a definition asks of @g, and returns @code. */
WR_PRINTF(5, 6)
int wr_plan_refuse(struct wr_planning *p, int code, const struct weir_group *g, const char *attr,
		   const char *fmt, ...);
/* The line of a link on a record; NULL: there is none, or no record. */
struct wr_live_link *wr_plan_line(const struct wr_live_group *live, const char *name);
/* The line of a link on the new record, which it comes to if need be; NULL: no memory. */
struct wr_live_link *wr_plan_note(struct wr_planning *p, const char *name,
				  const struct weir_link *real);
/* The new record of the group, without lines; NULL: no memory. */
struct wr_live_group *wr_plan_record(struct wr_planning *p);

/* --- plan_fate.c: what the kernel makes of the steps ------------------------------------ */

/* Before the first step. */
int wr_fates_begin(struct wr_plan *plan, const struct wr_host *h);
/* Whether a link of the host is up when all steps so far are done; a link that the plan makes is not asked for. */
bool wr_plan_is_up(const struct wr_planning *p, const char *name);
/* Whether a link of the host is down for a moment or for good by what is done so far. */
bool wr_plan_was_down(const struct wr_planning *p, const struct weir_link *link);
/* What links lost that are up again comes back. */
int wr_plan_restore(struct wr_plan *plan, const struct wr_host *h, struct weir_error *err);

/* --- plan_link.c: one link --------------------------------------------------------------- */

/* Options of a bond that it takes while it is down only, and while it has no ports only. */
#define WR_BOND_WANTS_DOWN (WEIR_BOND_MODE | WEIR_BOND_LACP_RATE | WEIR_BOND_AD_SELECT)
#define WR_BOND_WANTS_EMPTY (WEIR_BOND_MODE | WEIR_BOND_FAIL_OVER_MAC)

/* Bonds of @g that are there and get such options. */
int wr_plan_modes(struct wr_planning *p, const struct weir_group *g);
/* The link of @g without its ports is made, changed, or refused. */
int wr_plan_itself(struct wr_planning *p, const struct weir_group *g, const char *name,
		   const struct weir_link *real);

/* --- plan_port.c: what it enslaves --------------------------------------------------------- */

/* @g and its ports, and theirs. */
int wr_plan_interface(struct wr_planning *p, const struct weir_group *g);
/* The top is let go by a group that had it. */
int wr_plan_free_top(struct wr_planning *p, const struct weir_link *real);
/* Whether @g wants it as a port, or one of its ports does. */
bool wr_plan_names_port(const struct weir_group *g, const char *name);
/* The same, or it is @g itself. */
bool wr_plan_names(const struct weir_group *g, const char *name);
/* Whether the host has a bond of that name. */
bool wr_plan_is_bond(const struct wr_planning *p, const char *name);

/* --- plan_addr.c: addresses, routes, DHCP, autoconf ------------------------------------------ */

/* What the top has to get. */
int wr_plan_autoconf(struct wr_planning *p, const struct weir_link *real);
int wr_plan_addrs(struct wr_planning *p, const struct weir_link *real);
int wr_plan_routes(struct wr_planning *p, const struct weir_link *real);
int wr_plan_start_dhcp(struct wr_planning *p);
/* What @was had and @now has not goes; @now is NULL for a group that is taken down. */
int wr_plan_prepare_drop(struct wr_planning *p, const struct weir_group *was,
			 const struct weir_group *now, const struct weir_link *real);
int wr_plan_stop_dhcp(struct wr_planning *p, const struct weir_group *was, const struct weir_group *now);
int wr_plan_drop_routes(struct wr_planning *p, const struct weir_group *was,
			const struct weir_group *now, const struct weir_link *real);
int wr_plan_drop_addrs(struct wr_planning *p, const struct weir_group *was,
		       const struct weir_group *now, const struct weir_link *real);

/* --- plan_leave.c: what goes ------------------------------------------------------------------- */

/* What stands on a group that stays: what it has no longer, and all of what becomes a port of it. */
int wr_plan_leave_top(struct wr_planning *p);
/* Links that it had and has no longer. */
int wr_plan_leave_links(struct wr_planning *p);
/* A group that is taken down, in the same two parts. */
int wr_plan_down_top(struct wr_planning *p);
int wr_plan_down_links(struct wr_planning *p);

#endif
