/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tables of a network's definition and of a guest's port: see base/table.h. */
#ifndef WR_NETWORK_TABLES_H
#define WR_NETWORK_TABLES_H

#include <weir/update.h>

#include "base/table.h"

extern const struct wr_table wr_network_table, wr_port_table;
/* What an update adds, changes or deletes. */
extern const struct wr_table wr_interface_table, wr_portgroup_table, wr_ip_table, wr_host_table,
	wr_range_table, wr_domain_table, wr_dns_table, wr_dns_txt_table, wr_dns_host_table,
	wr_dns_srv_table;
extern const struct wr_table wr_route_table, wr_bandwidth_table, wr_port_bandwidth_table,
	wr_vlan_table, wr_virtualport_table, wr_pci_driver_table;

/* Of the struct that an item of a section is; NULL: no such section. */
const struct wr_table *wr_section_table(enum weir_section section);

#define WR_FORWARD_MODES 9
#define WR_MANAGERS 2
#define WR_SPOOFINGS 3
/* Over which a network can be spread. */
#define WR_MOST_BRIDGES 64
extern const struct wr_word wr_forward_modes[WR_FORWARD_MODES], wr_managers[WR_MANAGERS],
	wr_spoofings[WR_SPOOFINGS];

/* --- text.c: rules for texts, 0 or -EINVAL ------------------------------------------- */

int wr_text_name(const char *s);
#define WR_NAME_RULE                                                                               \
	"is no name: 1 to 200 bytes, without slash, newline or other control characters"
/* Names that reach dnsmasq's configuration: a line of it must not end early or get a field more. */
int wr_text_dns_name(const char *s);
#define WR_DNS_NAME_RULE "is no DNS name: letters, digits, '-', '_' and '.'"
int wr_text_txt_name(const char *s);
int wr_text_line(const char *s);
#define WR_LINE_RULE "has more than one line"
int wr_text_srv_word(const char *s);
#define WR_SRV_RULE "is no service name: letters, digits and _-+/*"
int wr_text_hex_id(const char *s);
int wr_text_mac(const char *s);
#define WR_MAC_RULE "is no unicast MAC address"
int wr_text_host_name(const char *s);
int wr_text_uuid(const char *s);
#define WR_UUID_RULE "is no UUID (8-4-4-4-12 hex digits)"
/* A link that dnsmasq and nftables are told of. */
int wr_text_bridge(const char *s);
#define WR_BRIDGE_RULE "is no name for a link: 1 to 15 letters, digits, '-', '_', '.' or '@'"
/* The same, or a pattern for the first name of its kind that is free: "virbr%d". */
int wr_text_bridge_or_pattern(const char *s);
#define WR_PATTERN_RULE                                                                            \
	"is no name for a link: 1 to 15 letters, digits, '-', '_', '.' or '@', or 13 with one %d"
int wr_text_link(const char *s);
#define WR_LINK_RULE                                                                               \
	"is no name for a link: 1 to 15 bytes without slash, colon, percent sign or space"
int wr_text_pci(const char *s);
#define WR_PCI_RULE "is no PCI address as in 0000:03:00.1"

#endif
