/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The commands about links. */
#include "weir.h"

/* clang-format off */
static const struct option_info link_options[] = {
	{ "kind", "KIND", "only links of this kind (bridge, veth, tun, ...)", OPT_KIND, false },
	{ "master", "DEV", "only ports of this bridge", OPT_MASTER, false },
	{ "ours", NULL, "only links that weir made", OPT_OURS, false },
	{ 0 },
};

#define MAX_WORDS 200

/* Which settings there are, the error for one that is none says. */
static const char link_notes[] =
	"The words are those of `ip link`; an unknown one is answered with those that there are.\n"
	"  weir link add br0 mtu 1400 up type bridge vlan_filtering 1 stp_state 0\n"
	"  weir link add v5 link eth0 type vlan id 5 egress-qos-map 1:2 3:4\n"
	"  weir link set eth1 master br0 type bridge_slave isolated on\n"
	"  weir link set br0 mtu 9000 forward_delay 400 down\n";

const struct command link_commands[] = {
	{ "link list", "[--kind KIND] [--master DEV] [--ours]", "links of this namespace", NULL,
	  link_options, 0, 0, cmd_link_list },
	{ "link show", "NAME", "one link with all its settings", NULL,
	  NULL, 1, 1, cmd_link_show },
	{ "link add", "NAME [SETTING VALUE]... type KIND [SETTING VALUE]...", "make a link", link_notes,
	  NULL, 1, MAX_WORDS, cmd_link_add },
	{ "link set", "NAME SETTING VALUE...", "change a link", link_notes,
	  NULL, 2, MAX_WORDS, cmd_link_set },
	{ "link del", "NAME...", "delete links, all or none", NULL,
	  NULL, 1, MAX_WORDS, cmd_link_del },
	{ 0 },
};
/* clang-format on */
