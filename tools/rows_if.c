/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The commands about host interfaces. */
#include "weir.h"

#define MANY 1000000	/* words: files and names */

/* clang-format off */
static const struct option_info up_options[] = {
	{ "all", NULL, "all that are to come up when the host boots", OPT_ALL, false },
	{ "hotplug", "LINK", "what is to come up because LINK has appeared", OPT_HOTPLUG, false },
	{ "no-flap", NULL, "refuse what interrupts traffic, and say why", OPT_NO_FLAP, false },
	{ 0 },
};

static const struct option_info show_options[] = {
	{ "config", NULL, "the stored definition", OPT_CONFIG, false },
	{ "live", NULL, "what the kernel has, in the same words", OPT_LIVE, false },
	{ 0 },
};

static const struct option_info begin_options[] = {
	{ "take-over", NULL, "become the owner of a checkpoint that is open", OPT_TAKE_OVER, false },
	{ 0 },
};

static const struct option_info apply_options[] = {
	{ "confirm", "SECONDS", "undo it, unless `weir confirm` comes in time", OPT_CONFIRM, false },
	{ "no-flap", NULL, "refuse what interrupts traffic, and say why", OPT_NO_FLAP, false },
	{ 0 },
};

static const struct option_info confirm_options[] = {
	{ "undo", NULL, "do not wait: undo it now", OPT_UNDO, false },
	{ 0 },
};

const struct command if_commands[] = {
	{ "apply", "FILE|-... [--confirm SECONDS] [--no-flap]", "store definitions of host interfaces and bring them up",
	  "One change: if anything fails, or is read back other than it was asked for,\n"
	  "everything is as before. With --confirm it is held undecided: unless `weir\n"
	  "confirm` comes in time, or if this command or its guard dies (a lost ssh\n"
	  "session), it is undone. On a terminal, the word confirm does it too.\n",
	  apply_options, 1, MANY, cmd_apply },
	{ "confirm", "[--undo]", "keep what `weir apply --confirm` has changed", NULL,
	  confirm_options, 0, 0, cmd_confirm },
	{ "check", "[IF]...", "what differs between definitions and the kernel",
	  "Without a name: of all that are up. Status 6 if anything differs.\n",
	  NULL, 0, MANY, cmd_check },
	{ "repair", "[IF]...", "bring back what differs; what others did is left alone", NULL,
	  NULL, 0, MANY, cmd_repair },
	{ "if list", "", "all host interfaces that are stored or were brought up", NULL,
	  NULL, 0, 0, cmd_if_list },
	{ "if show", "IF [--config|--live]", "one host interface, as JSON",
	  "Without an option: the stored definition.\n",
	  show_options, 1, 1, cmd_if_show },
	{ "if define", "FILE|-...", "store definitions of host interfaces",
	  "An interface that becomes a port of another loses its own definition.\n"
	  "What is up goes on as it is.\n",
	  NULL, 1, MANY, cmd_if_define },
	{ "if undefine", "IF...", "forget stored definitions", NULL,
	  NULL, 1, MANY, cmd_if_undefine },
	{ "if plan", "FILE|-...", "what `weir apply` would change, and what that does to traffic", NULL,
	  NULL, 1, MANY, cmd_if_plan },
	{ "if up", "IF... | --all | --hotplug LINK [--no-flap]", "bring host interfaces up as they are defined", NULL,
	  up_options, 0, MANY, cmd_if_up },
	{ "if down", "IF...", "take host interfaces down", NULL,
	  NULL, 1, MANY, cmd_if_down },
	{ "if status", "IF", "whether a host interface is active", NULL,
	  NULL, 1, 1, cmd_if_status },
	{ "if lookup", "MAC", "the host interfaces with a MAC address", NULL,
	  NULL, 1, 1, cmd_if_lookup },
	{ "if begin", "[--take-over]", "remember what is stored and up, to go back to it",
	  "Holds over any number of commands and over a reboot, which rolls back.\n",
	  begin_options, 0, 0, cmd_if_begin },
	{ "if commit", "", "let everything be as it is now", NULL,
	  NULL, 0, 0, cmd_if_commit },
	{ "if rollback", "", "go back to what was when `weir if begin` was called", NULL,
	  NULL, 0, 0, cmd_if_rollback },
	{ 0 },
};
/* clang-format on */

static const struct weir_step_ops *const step_ops[] = { &weir_group_verify_step, NULL };
const struct weir_step_ops *const *const if_step_ops = step_ops;
