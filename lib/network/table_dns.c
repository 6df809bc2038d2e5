/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The rows of what DNS serves: see tables.c. */
#include "network/tables.h"

static const struct wr_field domain_fields[] = {
	WR_ROW(weir_domain, name, WR_STRING, "name", .flags = WR_REQUIRED,
	       WR_RULE(wr_text_dns_name, WR_DNS_NAME_RULE),
	       .doc = "DNS domain of the guests"),
	WR_ROW(weir_domain, local_only, WR_U8, "localOnly", .flags = WR_TRISTATE,
	       .doc = "queries for it are never passed on"),
	WR_ROW(weir_domain, register_it, WR_U8, "register", .flags = WR_TRISTATE,
	       .doc = "the host's own resolver is told of it"),
};
WR_TABLE(wr_domain_table, weir_domain, "domain", -1, domain_fields);

/* --- dns ------------------------------------------------------------------------------- */

static const struct wr_field forwarder_fields[] = {
	WR_ROW(weir_dns_forwarder, domain, WR_STRING, "domain",
	       WR_RULE(wr_text_dns_name, WR_DNS_NAME_RULE), .doc = "only queries for this domain"),
	WR_ROW(weir_dns_forwarder, address, WR_IP, "address", .doc = "the server"),
};
static WR_TABLE(forwarder_table, weir_dns_forwarder, "forwarder", -1, forwarder_fields);

static const struct wr_field txt_fields[] = {
	WR_ROW(weir_dns_txt, name, WR_STRING, "name", .flags = WR_REQUIRED,
	       WR_RULE(wr_text_txt_name, "has a space, comma or newline in it"),
	       .doc = "name of the record"),
	WR_ROW(weir_dns_txt, value, WR_STRING, "value", .flags = WR_REQUIRED,
	       WR_RULE(wr_text_line, WR_LINE_RULE), .doc = "its text"),
};
WR_TABLE(wr_dns_txt_table, weir_dns_txt, "txt", -1, txt_fields);

static const struct wr_field hostname_fields[] = {
	WR_ROW(weir_dns_hostname, name, WR_STRING, "name", .flags = WR_REQUIRED,
	       WR_RULE(wr_text_dns_name, WR_DNS_NAME_RULE), .doc = "host name"),
};
static WR_TABLE(hostname_table, weir_dns_hostname, "hostname", -1, hostname_fields);

static const struct wr_field dns_host_fields[] = {
	WR_ROW(weir_dns_host, address, WR_IP, "address", .flags = WR_REQUIRED, .doc = "address"),
	WR_LIST_ROW(weir_dns_host, hostnames, "hostnames", &hostname_table, .flags = WR_REQUIRED,
		    .doc = "its names"),
};
WR_TABLE(wr_dns_host_table, weir_dns_host, "host", -1, dns_host_fields);

static const struct wr_field srv_fields[] = {
	WR_ROW(weir_dns_srv, service, WR_STRING, "service", .flags = WR_REQUIRED,
	       WR_RULE(wr_text_srv_word, WR_SRV_RULE),
	       .doc = "service, without underscore"),
	WR_ROW(weir_dns_srv, protocol, WR_STRING, "protocol", .flags = WR_REQUIRED,
	       WR_RULE(wr_text_srv_word, WR_SRV_RULE),
	       .doc = "protocol, without underscore"),
	WR_ROW(weir_dns_srv, domain, WR_STRING, "domain",
	       WR_RULE(wr_text_dns_name, WR_DNS_NAME_RULE), .doc = "domain"),
	WR_ROW(weir_dns_srv, target, WR_STRING, "target",
	       WR_RULE(wr_text_dns_name, WR_DNS_NAME_RULE), .doc = "who serves"),
	WR_ROW(weir_dns_srv, port, WR_U16, "port", .doc = "port"),
	WR_ROW(weir_dns_srv, priority, WR_U16, "priority", .doc = "priority"),
	WR_ROW(weir_dns_srv, weight, WR_U16, "weight", .doc = "weight"),
};
WR_TABLE(wr_dns_srv_table, weir_dns_srv, "srv", -1, srv_fields);

static const struct wr_field dns_fields[] = {
	WR_ROW(weir_dns, enable, WR_U8, "enable", .flags = WR_TRISTATE, .doc = "serve DNS"),
	WR_ROW(weir_dns, forward_plain_names, WR_U8, "forwardPlainNames", .flags = WR_TRISTATE,
	       .doc = "names without a dot are passed on"),
	WR_LIST_ROW(weir_dns, forwarders, "forwarders", &forwarder_table,
		    .doc = "where queries go that are not answered here"),
	WR_LIST_ROW(weir_dns, txt, "txt", &wr_dns_txt_table, .doc = "TXT records"),
	WR_LIST_ROW(weir_dns, srv, "srv", &wr_dns_srv_table, .doc = "SRV records"),
	WR_LIST_ROW(weir_dns, hosts, "hosts", &wr_dns_host_table,
		    .doc = "addresses and their names"),
};
WR_TABLE(wr_dns_table, weir_dns, "dns", -1, dns_fields);
