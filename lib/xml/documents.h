/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The XML tables that more than one file needs: elements by the names libvirt gives them. */
#ifndef WR_XML_DOCUMENTS_H
#define WR_XML_DOCUMENTS_H

#include <weir/xml.h>

#include "xml/xml.h"

#include "network/tables.h"

#define WR_XML_DNSMASQ_NS "http://libvirt.org/schemas/network/dnsmasq/1.0"

/* parts.c: what networks, portgroups, guests and ports share */
extern const struct wr_xml_element wr_xml_vlan;
extern const struct wr_xml_element wr_xml_virtualport; /* of any type, or of none */
extern const struct wr_xml_element wr_xml_virtualport_typed;
extern const struct wr_xml_element wr_xml_virtualport_whole; /* with all that its type needs */
int wr_xml_check_whole(const struct wr_xml_place *p, const struct weir_virtualport *vp);
extern const struct wr_xml_element wr_xml_bandwidth; /* without a floor */
extern const struct wr_xml_element wr_xml_bandwidth_floor;
extern const struct wr_xml_element wr_xml_bandwidth_class; /* in a weir_port, with its class */
extern const struct wr_xml_element wr_xml_driver;          /* of a PCI device */
int wr_xml_pci_read(const struct wr_xml_place *p, char pci[20]);
/* The attributes, each with a blank before it. */
void wr_xml_pci_write(const char *pci, struct wr_str *out);
/* Normalised; -EINVAL for a group address. */
int wr_xml_mac(const struct wr_xml_place *p, const char *text, char mac[18]);

/* network.c and its parts */
extern const struct wr_xml_element wr_xml_network;
extern const struct wr_xml_element wr_xml_portgroup;
extern const struct wr_xml_element wr_xml_forward, wr_xml_bridge, wr_xml_domain;
extern const struct wr_xml_element wr_xml_forward_interface;
extern const struct wr_xml_element wr_xml_dns;
extern const struct wr_xml_element wr_xml_dns_host, wr_xml_dns_txt, wr_xml_dns_srv;
extern const struct wr_xml_element wr_xml_ip, wr_xml_route;
extern const struct wr_xml_element wr_xml_dhcp_range, wr_xml_dhcp_host;
/* Whether an item suits the subnet that it is for. */
int wr_xml_check_range(const struct wr_xml_place *p, const struct weir_network_ip *ip,
		       const struct weir_dhcp_range *range);
int wr_xml_check_host(const struct wr_xml_place *p, const struct weir_network_ip *ip,
		      const struct weir_dhcp_host *host);

/* connection.c: how a guest's port is connected, elements over a struct weir_port */
extern const struct wr_xml_element wr_xml_by_network; /* not everything is known yet */
extern const struct wr_xml_element wr_xml_by_host;    /* to something of the host's */
extern const struct wr_xml_element wr_xml_given;      /* nothing is made up any more */
int wr_xml_read_connection(const struct wr_xml_place *p, const struct wr_xml_element *e,
			   struct weir_port *port);
void wr_xml_write_connection(const struct weir_port *port, struct wr_xml_out *out);
bool wr_xml_is_direct(const void *port, unsigned int flags);
bool wr_xml_is_hostdev(const void *port, unsigned int flags);
bool wr_xml_write_mode(const void *port, struct wr_str *text);
int wr_xml_read_pci(const struct wr_xml_place *p, void *obj);

/* port.c, group.c, guest.c */
extern const struct wr_xml_element wr_xml_port, wr_xml_group, wr_xml_guest;

#endif
