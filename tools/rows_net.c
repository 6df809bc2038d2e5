/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The commands about networks, and the types of steps that their journals hold. */
#include "weir.h"

/* clang-format off */
static const struct option_info start_options[] = {
	{ "autostart", NULL, "start all that are marked by `weir net autostart`", OPT_ALL, false },
	{ "transient", "FILE", "start what FILE defines, without storing it", OPT_TRANSIENT, false },
	{ 0 },
};

static const struct option_info show_options[] = {
	{ "config", NULL, "the stored definition", OPT_CONFIG, false },
	{ "live", NULL, "the definition that it was started from", OPT_LIVE, false },
	{ 0 },
};

static const struct option_info attach_options[] = {
	{ "name", "PORT", "name of the port on the host (first free of vnet0, vnet1, ...)", OPT_NAME, false },
	{ "portgroup", "PG", "class of the port (the network's default one)", OPT_PORTGROUP, false },
	{ "mac", "MAC", "the guest's MAC address (one is made)", OPT_MAC, false },
	{ "owner", "TEXT", "whose it is, for people", OPT_OWNER, false },
	{ "vnet-hdr", NULL, "tap: frames carry a virtio_net header", OPT_VNET_HDR, false },
	{ "netns", "NAME|PATH", "a veth with its other end in this namespace, for a container", OPT_GUEST_NETNS, false },
	{ "macvlan", NULL, "on links of the host: a macvlan for a container, in place of a macvtap", OPT_MACVLAN, false },
	{ "ifname", "NAME", "with --netns: name of that end (eth0)", OPT_IFNAME, false },
	{ "anti-spoofing", "no|mac|ip", "which addresses of its own the guest is held to", OPT_ANTI_SPOOFING, false },
	{ "addresses", "IP[,IP]...", "the guest's IP addresses, for --anti-spoofing ip", OPT_ADDRESSES, false },
	{ "inbound", "LIMITS", "of its own: AVERAGE[,PEAK[,BURST[,FLOOR]]]", OPT_INBOUND, false },
	{ "outbound", "LIMITS", "the same from the guest", OPT_OUTBOUND, false },
	{ "queues", "N", "with --exec: how many descriptors (1)", OPT_QUEUES, false },
	{ "exec", "CMD [ARG]...", "run CMD with the tap's descriptors; must come last", OPT_EXEC, false },
	{ 0 },
};

static const struct option_info pool_options[] = {
	{ "portgroup", "PG", "class of the ports (the network's default one)", OPT_PORTGROUP, false },
	{ "vnet-hdr", NULL, "frames carry a virtio_net header", OPT_VNET_HDR, false },
	{ 0 },
};

static const struct option_info lease_options[] = {
	{ "owner", "TEXT", "whose it is now, for people", OPT_OWNER, false },
	{ 0 },
};

static const struct option_info change_options[] = {
	{ "section", "S", "ip-dhcp-host, ip-dhcp-range, forward-interface, portgroup, dns-...", OPT_SECTION, false },
	{ "command", "C", "add-last (or add), add-first, modify, delete", OPT_COMMAND, false },
	{ "index", "N", "of the address that it is about, from 0 (it is found)", OPT_INDEX, false },
	{ "live", NULL, "the running network", OPT_LIVE, false },
	{ "config", NULL, "the stored definition", OPT_CONFIG, false },
	{ 0 },
};

static const struct option_info apply_options[] = {
	{ "config", NULL, "the stored definition", OPT_CONFIG, false },
	{ "live", NULL, "the running network", OPT_LIVE, false },
	{ 0 },
};

static const struct option_info autostart_options[] = {
	{ "off", NULL, "no longer", OPT_OFF, false },
	{ 0 },
};

static const struct option_info port_options[] = {
	{ "portgroup", "PG", "put it into this portgroup, while it runs", OPT_PORTGROUP, false },
	{ 0 },
};

const struct command net_commands[] = {
	{ "net define", "FILE|-", "store the definition of a network",
	  "A uuid, a MAC address and a bridge name are made where the file has none.\n"
	  "A network that runs goes on as it was started.\n",
	  NULL, 1, 1, cmd_net_define },
	{ "net undefine", "NET", "forget a stored definition",
	  "A network that runs goes on until it is stopped.\n",
	  NULL, 1, 1, cmd_net_undefine },
	{ "net start", "NET | --transient FILE | --autostart", "start a network",
	  "Makes its bridge with addresses and routes, its NAT, and starts its dnsmasq.\n"
	  "With --autostart, one that fails does not keep others from being started.\n",
	  start_options, 0, 1, cmd_net_start },
	{ "net stop", "NET", "stop a network, with all its guests' ports", NULL,
	  NULL, 1, 1, cmd_net_stop },
	{ "net reload", "NET", "take over what the stored definition has else, without a restart", NULL,
	  NULL, 1, 1, cmd_net_reload },
	{ "net update", "NET --section S --command C [OPTION]... ITEM", "add, change or delete one item of a network",
	  "ITEM is JSON or XML, as it stands in a definition, or a file with it (-: standard\n"
	  "input). One to be deleted needs only what tells it from others. Without --live\n"
	  "and --config: the running network if it runs, or else the stored definition.\n"
	  "No guest loses its port or a packet; what needs a restart is refused.\n",
	  change_options, 2, 2, cmd_net_update },
	{ "net apply", "FILE|- [--live] [--config]", "make a network's definition that of a file",
	  "What would need a restart is refused, and named; see `weir net diff`.\n",
	  apply_options, 1, 1, cmd_net_apply },
	{ "net diff", "FILE|- [--live|--config]", "how a network differs from a file, and what each difference takes",
	  "live: it can be made while guests use the network. replug: it counts for ports\n"
	  "attached from then on. restart: the network must be stopped and started.\n"
	  "Ends with 6 if there is a difference.\n",
	  apply_options, 1, 1, cmd_net_diff },
	{ "net edit", "NET", "change a stored definition with $VISUAL or $EDITOR", NULL,
	  NULL, 1, 1, cmd_net_edit },
	{ "net autostart", "NET [--off]", "start a network when the host boots",
	  "That is done by `weir net start --autostart` (weir-networks.service).\n",
	  autostart_options, 1, 1, cmd_net_autostart },
	{ "net list", "", "all networks that are stored or run", NULL,
	  NULL, 0, 0, cmd_net_list },
	{ "net show", "NET [--config|--live]", "one network; its definition as JSON with --json",
	  "Without an option: the live definition if it runs, or else the stored one.\n",
	  show_options, 1, 1, cmd_net_show },
	{ "net attach", "NET [OPTION]... [--exec CMD [ARG]...]", "give a guest a port on a network",
	  "Without --netns and --exec the port is a persistent tap that a guest opens by\n"
	  "its name. With --exec, CMD inherits the descriptors of a tap that vanishes when\n"
	  "they are closed; in its words {fd} {fds} {mac} {name} {ifindex} are replaced,\n"
	  "and WEIR_TAP, WEIR_TAP_FDS, WEIR_MAC and WEIR_NETWORK are in its environment.\n"
	  "The port stays on record until `weir net detach`.\n",
	  attach_options, 1, 1, cmd_net_attach },
	{ "net detach", "NET PORT", "take a guest's port away", NULL,
	  NULL, 2, 2, cmd_net_detach },
	{ "net ports", "NET", "the guests' ports on a network", NULL,
	  NULL, 1, 1, cmd_net_ports },
	{ "net port", "NET PORT [--portgroup PG]", "one port, and who decided what about it; as JSON", NULL,
	  port_options, 2, 2, cmd_net_port },
	{ "net reclaim", "FILE|-", "claim a port again that `net port` once told of",
	  "Its record is kept, or written again if it was lost and the network still has\n"
	  "what it uses; a link that has come off its bridge is put back.\n",
	  NULL, 1, 1, cmd_net_reclaim },
	{ "net leases", "NET", "the addresses that guests have leased", NULL,
	  NULL, 1, 1, cmd_net_leases },
	{ "pool keep", "NET N [OPTION]...", "have N taps ready that guests can be given at once",
	  "They are attached with the limits of their portgroup, but belong to nobody yet.\n"
	  "More than N are detached; what is leased is not counted.\n",
	  pool_options, 2, 2, cmd_pool_keep },
	{ "pool lease", "NET [--owner TEXT]", "take one of them: prints its name and the guest's MAC address", NULL,
	  lease_options, 1, 1, cmd_pool_lease },
	{ "pool return", "NET PORT", "give it back, scrubbed of what the bridge learned from its guest",
	  "Any tap that stays when nobody has it open can be given.\n",
	  NULL, 2, 2, cmd_pool_return },
	{ "pool show", "NET", "how many are ready", NULL,
	  NULL, 1, 1, cmd_pool_show },
	{ "plan", "FILE|-", "what starting the network in FILE would do, as a shell script", NULL,
	  NULL, 1, 1, cmd_plan },
	{ "schema", "[network|interface]", "the JSON Schema of definitions", NULL,
	  NULL, 0, 1, cmd_schema },
	{ 0 },
};
/* clang-format on */

const struct weir_step_ops *const *const net_step_ops = weir_network_steps;
