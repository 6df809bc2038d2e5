/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Commands for physical and virtual functions of network cards. */
#include "sriov.h"

#define MANY 4096

/* clang-format off */
static const struct option_info create_options[] = {
	{ "no-probe", NULL, "leave them without driver, for guests to take", OPT_NO_PROBE, false },
	{ "wait", "SECONDS", "then wait until each has driver and link (10; 0: don't)", OPT_WAIT, false },
	{ 0 },
};

static const struct option_info set_options[] = {
	{ "best-effort", "NAME[,NAME]", "settings that the driver may refuse; says which it did",
	  OPT_BEST_EFFORT, false },
	{ 0 },
};

static const struct option_info claim_options[] = {
	{ "owner", "TEXT", "whose it is", OPT_OWNER, false },
	{ "pid", "PID", "the claim ends with this process (at its release, or a reboot)", OPT_PID, false },
	{ "shared", NULL, "others may claim it too", OPT_SHARED, false },
	{ 0 },
};

static const struct option_info release_options[] = {
	{ "owner", "TEXT", "only this owner's claim", OPT_OWNER, false },
	{ 0 },
};

const struct command vf_commands[] = {
	{ "pf list", "", "network cards that can have virtual functions, with those", NULL,
	  NULL, 0, 0, cmd_pf_list },
	{ "vf list", "PF", "the virtual functions of a card (a link's name or a PCI address)", NULL,
	  NULL, 1, 1, cmd_vf_list },
	{ "vf create", "PF N [OPTION]...", "make N virtual functions on a card that has none", NULL,
	  create_options, 2, 2, cmd_vf_create },
	{ "vf remove", "PF", "remove all virtual functions of a card", NULL,
	  NULL, 1, 1, cmd_vf_remove },
	{ "vf set", "VF NAME VALUE [NAME VALUE]... [VF ...]", "change settings of a card's virtual functions",
	  "VF is PF/NUMBER (eth0/3), a PCI address, or a link's name. NAME is mac, vlan, qos,\n"
	  "proto, min_tx_rate, max_tx_rate (Mbit/s), spoofchk, state, query_rss or trust.\n"
	  "If the driver refuses one, all stay as they were.\n",
	  set_options, 3, MANY, cmd_vf_set },
	{ "vf show", "VF", "one virtual function with its settings", NULL,
	  NULL, 1, 1, cmd_vf_show },
	{ "vf claim", "PF... | VF [OPTION]...", "have a free virtual function for oneself",
	  "Of the card with the fewest claimed ones the first that nobody claims and whose\n"
	  "link is down. What a dead owner did to it is taken back before.\n",
	  claim_options, 1, MANY, cmd_vf_claim },
	{ "vf release", "VF [--owner TEXT]", "give it back with the settings and driver it had",
	  NULL, release_options, 1, 1, cmd_vf_release },
	{ "vf claims", "", "who has which virtual functions", NULL,
	  NULL, 0, 0, cmd_vf_claims },
	{ "vf bind", "VF vfio|host|DRIVER", "give it to another driver, or back to the host's",
	  "vfio is the VFIO driver that is best for it. Modules are not loaded.\n",
	  NULL, 2, 2, cmd_vf_bind },
	{ 0 },
};
/* clang-format on */

const struct weir_step_ops *const *const vf_step_ops = weir_sriov_steps;
