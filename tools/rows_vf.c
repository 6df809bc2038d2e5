/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Commands for physical and virtual functions of network cards. */
#include "weir.h"

/* clang-format off */
const struct command vf_commands[] = {
	{ "pf list", "", "network cards that can have virtual functions, with those", NULL,
	  NULL, 0, 0, cmd_pf_list },
	{ "vf list", "PF", "the virtual functions of a card (a link's name or a PCI address)", NULL,
	  NULL, 1, 1, cmd_vf_list },
	{ 0 },
};
/* clang-format on */
