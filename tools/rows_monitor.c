/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command that tells of changes. */
#include "weir.h"

/* clang-format off */
static const struct option_info monitor_options[] = {
	{ "all", NULL, "begin with everything that is there", OPT_ALL, false },
	{ 0 },
};

const struct command monitor_commands[] = {
	{ "monitor", "[link] [address] [route] [--all]", "what becomes of links, addresses and routes",
	  "Goes on until it is ended. Each line begins with + (it came), * (it changed) or\n"
	  "- (it went), and ? where that was found by reading again, because the kernel\n"
	  "dropped a message or has none for it. With --json each line is one object.\n",
	  monitor_options, 0, 3, cmd_monitor },
	{ 0 },
};
/* clang-format on */
