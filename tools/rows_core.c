/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The commands that every build of the tool has. */
#include "weir.h"

/* clang-format off */
const struct command core_commands[] = {
	{ "recover", "", "undo or complete what a killed weir left half done",
	  "Every command that changes something does this first.\n",
	  NULL, 0, 0, cmd_recover },
	{ "help", "[COMMAND]", "this text, or one command's", NULL,
	  NULL, 0, 2, cmd_help },
	{ 0 },
};
/* clang-format on */
