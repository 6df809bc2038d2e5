/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The commands about bandwidth. */
#include "weir.h"

/* clang-format off */
static const struct option_info shape_options[] = {
	{ "inbound", "LIMITS", "to the guest: AVERAGE[,PEAK[,BURST]], or none", OPT_INBOUND, false },
	{ "outbound", "LIMITS", "from the guest", OPT_OUTBOUND, false },
	{ "method", "METHOD", "how the way in is shaped: skbedit, block, bpf, ifb, police (the best there is)", OPT_METHOD, false },
#ifndef WR_NO_TBF
	{ "qdisc", "QDISC", "what limits what leaves by the link: htb, tbf (htb)", OPT_QDISC, false },
#endif
	{ "leaf", "QDISC", "what queues: fq_codel, sfq, default (the first there is)", OPT_LEAF, false },
	{ "replace", NULL, "delete a qdisc of others that is in the way", OPT_REPLACE, false },
	{ 0 },
};

static const struct option_info show_options[] = {
	{ "interval", "SECONDS", "measure rates for so long, too", OPT_INTERVAL, false },
	{ 0 },
};

const struct command shape_commands[] = {
	{ "shape", "PORT [--inbound LIMITS] [--outbound LIMITS] [OPTION]...", "limit a port, or change its limits",
	  "Rates have units (10mbit, 1.2MB/s, 500KiB/s) or are KB/s; a burst is like 64KiB.\n"
	  "A direction that is not named stays as it is. Limits change in place: no packet\n"
	  "is lost. See also weir shape show, clear and explain.\n",
	  shape_options, 1, 1, cmd_shape },
	{ "shape show", "[PORT] [--interval SECONDS]", "limits of ports, and what passed", NULL,
	  show_options, 0, 1, cmd_shape_show },
	{ "shape clear", "PORT", "take a port's limits away", NULL,
	  NULL, 1, 1, cmd_shape_clear },
	{ 0 },
};
/* clang-format on */
