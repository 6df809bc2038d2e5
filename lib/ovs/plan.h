/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A change of a port as ovs-vsctl's command. */
#ifndef WR_OVS_PLAN_H
#define WR_OVS_PLAN_H

/* The states are documents (ovs.h) as text. For free(); NULL when memory ran out. */
char *wr_ovs_plan(const char *path, const char *bridge, const char *name, const char *before,
		  const char *after);

#endif
