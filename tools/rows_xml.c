/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The commands about XML, which look at files and at nothing else. */
#include "weir.h"

/* clang-format off */
static const struct option_info network_options[] = {
	{ "inactive", NULL, "without what is known only while it runs", OPT_INACTIVE, false },
	{ 0 },
};

static const struct option_info change_options[] = {
	{ "section", "S", "ip-dhcp-host, ip-dhcp-range, forward-interface, portgroup, dns-...", OPT_SECTION, false },
	{ "command", "C", "add-last (or add), add-first, modify, delete", OPT_COMMAND, false },
	{ "index", "N", "of the <ip> that it is about, from 0 (-1: it is found)", OPT_INDEX, false },
	{ 0 },
};

static const struct option_info dnsmasq_options[] = {
	{ "hosts", NULL, "the list of hosts for DHCP instead", OPT_HOSTS, false },
	{ 0 },
};

static const struct option_info guest_options[] = {
	{ "live", NULL, "what the guest was given in place of what it asks for", OPT_LIVE, false },
	{ "status", NULL, "both, the former as <actual>", OPT_STATUS, false },
	{ 0 },
};

const struct command xml_commands[] = {
	{ "xml network", "FILE [--inactive]", "a <network> in libvirt's canonical form",
	  "Refused is what libvirt's parser refuses; what it refuses when a network is\n"
	  "defined, `weir xml define` tells.\n",
	  network_options, 1, 1, cmd_xml_network },
	{ "xml define", "FILE", "whether libvirt would define a <network>",
	  "Prints it in canonical form if so.\n",
	  NULL, 1, 1, cmd_xml_define },
	{ "xml update", "FILE --section S --command C [--index N] CHANGE", "a <network> after one change",
	  "CHANGE is a file with the element that the section is about. What libvirt does\n"
	  "with it is done to the letter, and what comes out is not checked.\n",
	  change_options, 2, 2, cmd_xml_update },
	{ "xml dnsmasq", "FILE [--hosts]", "the dnsmasq configuration of a <network>",
	  "Its lines are libvirt's; what weir adds to them follows as comments.\n",
	  dnsmasq_options, 1, 1, cmd_xml_dnsmasq },
	{ "xml port", "FILE", "a <networkport> in canonical form", NULL,
	  NULL, 1, 1, cmd_xml_port },
	{ "xml interface", "FILE", "netcf's <interface> in canonical form", NULL,
	  NULL, 1, 1, cmd_xml_interface },
	{ "xml guest", "FILE [--live|--status]", "a guest's <interface> in one of its three forms",
	  "Without an option: its configuration.\n",
	  guest_options, 1, 1, cmd_xml_guest },
	{ "xml json", "FILE", "any of these documents as JSON", NULL,
	  NULL, 1, 1, cmd_xml_json },
	{ "xml from-json", "KIND FILE", "JSON as a network, port, interface or guest in XML", NULL,
	  NULL, 2, 2, cmd_xml_from_json },
	{ 0 },
};
/* clang-format on */
