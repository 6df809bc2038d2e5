/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command about the host as a whole. */
#include "weir.h"

/* clang-format off */
static const struct option_info doctor_options[] = {
	{ "load", NULL, "also try what would load a kernel module", OPT_LOAD, false },
	{ 0 },
};

const struct command doctor_commands[] = {
	{ "doctor", "[--load]", "whether this host has what weir needs, and what hurts",
	  "Tries the real thing in a network namespace of its own. What would load a kernel\n"
	  "module is not tried but looked up; --load tries that too.\n",
	  doctor_options, 0, 0, cmd_doctor },
	{ 0 },
};
/* clang-format on */
