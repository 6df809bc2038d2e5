/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command that explains bandwidth. */
#include "weir.h"

/* clang-format off */
const struct command explain_commands[] = {
	{ "shape explain", "PORT", "what was installed and why, as tc commands", NULL,
	  NULL, 1, 1, cmd_shape_explain },
	{ 0 },
};
/* clang-format on */
