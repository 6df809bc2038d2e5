/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a definition consists of: one row for each member, with the name it has in
 * JSON, its range and its unit. JSON, its schema, range checks, copying, comparing
 * and freeing walk these rows. Rules that need more than one member are in
 * check.c; what a member means is said in <weir/network.h>.
 */
#include <ctype.h>

#include "network/tables.h"

/* --- rules for texts ------------------------------------------------------------ */

static int check_name(const char *s)
{
	if (!*s || strlen(s) > 200 || !strcmp(s, ".") || !strcmp(s, ".."))
		return -EINVAL;
	for (; *s; s++)
		if (*s == '/' || (unsigned char)*s < 0x20 || *s == 0x7f)
			return -EINVAL;
	return 0;
}
#define NAME_RULE "is no name: 1 to 200 bytes, without slash, newline or other control characters"

/* Names that reach dnsmasq's configuration: a line of it must not end early or get a field more. */
static int check_dns_name(const char *s)
{
	if (!*s || strlen(s) > 253)
		return -EINVAL;
	for (; *s; s++)
		if (!isalnum((unsigned char)*s) && !strchr("-_.", *s))
			return -EINVAL;
	return 0;
}
#define DNS_NAME_RULE "is no DNS name: letters, digits, '-', '_' and '.'"

static int check_txt_name(const char *s)
{
	return *s && !strpbrk(s, " ,\n\r") ? 0 : -EINVAL;
}

static int check_line(const char *s)
{
	return strpbrk(s, "\n\r") ? -EINVAL : 0;
}
#define LINE_RULE "has more than one line"

static int check_srv_word(const char *s)
{
	if (!*s || strlen(s) > 482)
		return -EINVAL;
	for (; *s; s++)
		if (!isalnum((unsigned char)*s) && !strchr("_-+/*", *s))
			return -EINVAL;
	return 0;
}
#define SRV_RULE "is no service name: letters, digits and _-+/*"

static int check_hex_id(const char *s)
{
	return *s && !s[strspn(s, "0123456789abcdefABCDEF:")] ? 0 : -EINVAL;
}

static int check_mac(const char *s)
{
	uint8_t mac[6];

	return wr_mac_parse(s, mac) || mac[0] & 1 ? -EINVAL : 0;
}
#define MAC_RULE "is no unicast MAC address"

static int check_host_name(const char *s)
{
	return isalnum((unsigned char)*s) ? check_dns_name(s) : -EINVAL;
}

static int check_uuid(const char *s)
{
	if (strlen(s) != 36)
		return -EINVAL;
	for (int i = 0; i < 36; i++)
		if (i == 8 || i == 13 || i == 18 || i == 23 ? s[i] != '-' :
							      !isxdigit((unsigned char)s[i]))
			return -EINVAL;
	return 0;
}

/*
 * A link's name that also goes into dnsmasq's and nftables' language and into
 * paths. The kernel would take more; nobody needs it.
 */
static int check_bridge(const char *s)
{
	if (wr_check_ifname(s))
		return -EINVAL;
	for (; *s; s++)
		if (!isalnum((unsigned char)*s) && !strchr("-_.@", *s))
			return -EINVAL;
	return 0;
}
#define BRIDGE_RULE "is no name for a link: 1 to 15 letters, digits, '-', '_', '.' or '@'"

/* --- words ------------------------------------------------------------------------- */

static const struct wr_word forward_modes[] = {
	{ WEIR_FORWARD_ISOLATED, "isolated" },
	{ WEIR_FORWARD_NAT, "nat" },
	{ WEIR_FORWARD_ROUTE, "route" },
	{ WEIR_FORWARD_OPEN, "open" },
};

static const struct wr_word lease_units[] = { { 0, "minutes" }, { 1, "seconds" }, { 2, "hours" } };
static const struct wr_word port_kinds[] = { { WEIR_PORT_TAP, "tap" }, { WEIR_PORT_VETH, "veth" } };
static const struct wr_word sources[] = { { 0, "none" }, { 1, "guest" }, { 2, "portgroup" } };

/* --- bandwidth --------------------------------------------------------------------- */

#define KB_MAX (1ull << 54)

static const struct wr_field rate_fields[] = {
	WR_ROW(weir_rate, average_bytes_per_s, WR_U64, "average", .min = 1, .max = KB_MAX,
	       .scale = 1000, .unit = "KB/s", .doc = "what may flow in the long run"),
	WR_ROW(weir_rate, peak_bytes_per_s, WR_U64, "peak", .min = 1, .max = KB_MAX, .scale = 1000,
	       .unit = "KB/s", .doc = "how fast a saved-up burst may be spent"),
	WR_ROW(weir_rate, burst_bytes, WR_U64, "burst", .min = 1, .max = 4194303, .scale = 1024,
	       .unit = "KiB", .doc = "how much may be saved up"),
};
static WR_TABLE(rate_table, weir_rate, "rate", -1, rate_fields);

static const struct wr_field bandwidth_fields[] = {
	WR_OBJECT_ROW(weir_bandwidth, inbound, "inbound", &rate_table, .doc = "to the guest"),
	WR_OBJECT_ROW(weir_bandwidth, outbound, "outbound", &rate_table, .doc = "from the guest"),
};

static int verify_bandwidth(const void *obj, struct weir_error *err)
{
	return weir_bandwidth_check(obj, err);
}

static WR_TABLE(bandwidth_table, weir_bandwidth, "bandwidth", -1, bandwidth_fields,
		.verify = verify_bandwidth);

/* --- forward, bridge, domain --------------------------------------------------------- */

static const struct wr_field address_range_fields[] = {
	WR_ROW(weir_address_range, start, WR_IP, "start", .flags = WR_REQUIRED, .doc = "first"),
	WR_ROW(weir_address_range, end, WR_IP, "end", .flags = WR_REQUIRED, .doc = "last"),
};
static WR_TABLE(address_range_table, weir_address_range, "address range", -1, address_range_fields);

static const struct wr_field port_range_fields[] = {
	WR_ROW(weir_port_range, start, WR_U16, "start", .min = 1, .flags = WR_REQUIRED,
	       .doc = "first"),
	WR_ROW(weir_port_range, end, WR_U16, "end", .min = 1, .flags = WR_REQUIRED, .doc = "last"),
};
static WR_TABLE(port_range_table, weir_port_range, "port range", -1, port_range_fields);

static const struct wr_field nat_fields[] = {
	WR_ROW(weir_forward_nat, ipv6, WR_U8, "ipv6", .flags = WR_TRISTATE,
	       .doc = "masquerade IPv6 too"),
	WR_OBJECT_ROW(weir_forward_nat, address, "address", &address_range_table,
		      .doc = "IPv4 addresses that traffic leaves with"),
	WR_OBJECT_ROW(weir_forward_nat, port, "port", &port_range_table,
		      .doc = "ports that NAT may choose"),
};
static WR_TABLE(nat_table, weir_forward_nat, "nat", -1, nat_fields);

static const struct wr_field forward_fields[] = {
	/* 0, isolated, is what a network without "forward" is; so it need not be written. */
	WR_ROW(weir_forward, mode, WR_U8, "mode", .words = WR_WORDS(forward_modes),
	       .doc = "what happens to traffic that leaves the network"),
	WR_ROW(weir_forward, dev, WR_NAME, "dev", .check = check_bridge, .rule = BRIDGE_RULE,
	       .doc = "the only link it may leave by"),
	WR_OBJECT_ROW(weir_forward, nat, "nat", &nat_table, .doc = "how addresses are translated"),
};
static WR_TABLE(forward_table, weir_forward, "forward", -1, forward_fields);

static const struct wr_field bridge_fields[] = {
	WR_ROW(weir_network_bridge, name, WR_NAME, "name", .check = check_bridge,
	       .rule = BRIDGE_RULE, .doc = "its name; made up if absent"),
	WR_ROW(weir_network_bridge, stp, WR_U8, "stp", .flags = WR_TRISTATE,
	       .doc = "spanning tree protocol"),
	WR_ROW(weir_network_bridge, delay_s, WR_U32, "delay", .max = 30, .unit = "s",
	       .doc = "forward delay, while STP is on"),
};
static WR_TABLE(bridge_table, weir_network_bridge, "bridge", -1, bridge_fields);

static const struct wr_field domain_fields[] = {
	WR_ROW(weir_domain, name, WR_STRING, "name", .flags = WR_REQUIRED, .check = check_dns_name,
	       .rule = DNS_NAME_RULE, .doc = "DNS domain of the guests"),
	WR_ROW(weir_domain, local_only, WR_U8, "localOnly", .flags = WR_TRISTATE,
	       .doc = "queries for it are never passed on"),
};
static WR_TABLE(domain_table, weir_domain, "domain", -1, domain_fields);

/* --- dns ------------------------------------------------------------------------------- */

static const struct wr_field forwarder_fields[] = {
	WR_ROW(weir_dns_forwarder, domain, WR_STRING, "domain", .check = check_dns_name,
	       .rule = DNS_NAME_RULE, .doc = "only queries for this domain"),
	WR_ROW(weir_dns_forwarder, address, WR_IP, "address", .doc = "the server"),
};
static WR_TABLE(forwarder_table, weir_dns_forwarder, "forwarder", -1, forwarder_fields);

static const struct wr_field txt_fields[] = {
	WR_ROW(weir_dns_txt, name, WR_STRING, "name", .flags = WR_REQUIRED, .check = check_txt_name,
	       .rule = "has a space, comma or newline in it", .doc = "name of the record"),
	WR_ROW(weir_dns_txt, value, WR_STRING, "value", .flags = WR_REQUIRED, .check = check_line,
	       .rule = LINE_RULE, .doc = "its text"),
};
static WR_TABLE(txt_table, weir_dns_txt, "txt", -1, txt_fields);

static const struct wr_field hostname_fields[] = {
	WR_ROW(weir_dns_hostname, name, WR_STRING, "name", .flags = WR_REQUIRED,
	       .check = check_dns_name, .rule = DNS_NAME_RULE, .doc = "host name"),
};
static WR_TABLE(hostname_table, weir_dns_hostname, "hostname", -1, hostname_fields);

static const struct wr_field dns_host_fields[] = {
	WR_ROW(weir_dns_host, address, WR_IP, "address", .flags = WR_REQUIRED, .doc = "address"),
	WR_LIST_ROW(weir_dns_host, hostnames, "hostnames", &hostname_table, .flags = WR_REQUIRED,
		    .doc = "its names"),
};
static WR_TABLE(dns_host_table, weir_dns_host, "host", -1, dns_host_fields);

static const struct wr_field srv_fields[] = {
	WR_ROW(weir_dns_srv, service, WR_STRING, "service", .flags = WR_REQUIRED,
	       .check = check_srv_word, .rule = SRV_RULE, .doc = "service, without underscore"),
	WR_ROW(weir_dns_srv, protocol, WR_STRING, "protocol", .flags = WR_REQUIRED,
	       .check = check_srv_word, .rule = SRV_RULE, .doc = "protocol, without underscore"),
	WR_ROW(weir_dns_srv, domain, WR_STRING, "domain", .check = check_dns_name,
	       .rule = DNS_NAME_RULE, .doc = "domain"),
	WR_ROW(weir_dns_srv, target, WR_STRING, "target", .check = check_dns_name,
	       .rule = DNS_NAME_RULE, .doc = "who serves"),
	WR_ROW(weir_dns_srv, port, WR_U16, "port", .doc = "port"),
	WR_ROW(weir_dns_srv, priority, WR_U16, "priority", .doc = "priority"),
	WR_ROW(weir_dns_srv, weight, WR_U16, "weight", .doc = "weight"),
};
static WR_TABLE(srv_table, weir_dns_srv, "srv", -1, srv_fields);

static const struct wr_field dns_fields[] = {
	WR_ROW(weir_dns, enable, WR_U8, "enable", .flags = WR_TRISTATE, .doc = "serve DNS"),
	WR_ROW(weir_dns, forward_plain_names, WR_U8, "forwardPlainNames", .flags = WR_TRISTATE,
	       .doc = "names without a dot are passed on"),
	WR_LIST_ROW(weir_dns, forwarders, "forwarders", &forwarder_table,
		    .doc = "where queries go that are not answered here"),
	WR_LIST_ROW(weir_dns, txt, "txt", &txt_table, .doc = "TXT records"),
	WR_LIST_ROW(weir_dns, srv, "srv", &srv_table, .doc = "SRV records"),
	WR_LIST_ROW(weir_dns, hosts, "hosts", &dns_host_table, .doc = "addresses and their names"),
};
static WR_TABLE(dns_table, weir_dns, "dns", -1, dns_fields);

/* --- ips and dhcp ------------------------------------------------------------------------ */

static const struct wr_field lease_fields[] = {
	WR_ROW(weir_lease_time, expiry, WR_U32, "expiry", .bit = WEIR_LEASE_EXPIRY,
	       .flags = WR_REQUIRED, .doc = "how long, in units; 0: for ever"),
	WR_ROW(weir_lease_time, unit, WR_U8, "unit", .words = WR_WORDS(lease_units),
	       .doc = "of expiry"),
};

static int verify_lease(const void *obj, struct weir_error *err)
{
	static const uint32_t seconds[] = { 60, 1, 3600 };
	const struct weir_lease_time *lease = obj;

	if (!(lease->has & WEIR_LEASE_EXPIRY) || lease->expiry == 0)
		return 0;
	if (lease->expiry < 120 && lease->expiry * seconds[lease->unit] < 120)
		return wr_refuse(err, -ERANGE, "", "expiry", "is shorter than the least, 2 minutes");
	return 0;
}

static WR_TABLE(lease_table, weir_lease_time, "lease", offsetof(struct weir_lease_time, has),
		lease_fields, .verify = verify_lease);

static const struct wr_field range_fields[] = {
	WR_ROW(weir_dhcp_range, start, WR_IP, "start", .flags = WR_REQUIRED, .doc = "first"),
	WR_ROW(weir_dhcp_range, end, WR_IP, "end", .flags = WR_REQUIRED, .doc = "last"),
	WR_OBJECT_ROW(weir_dhcp_range, lease, "lease", &lease_table, .doc = "for how long"),
};
static WR_TABLE(range_table, weir_dhcp_range, "range", -1, range_fields);

static const struct wr_field host_fields[] = {
	WR_ROW(weir_dhcp_host, mac, WR_STRING, "mac", .check = check_mac, .rule = MAC_RULE,
	       .doc = "IPv4: the guest's MAC address"),
	WR_ROW(weir_dhcp_host, id, WR_STRING, "id", .check = check_hex_id,
	       .rule = "is no DUID: hex digits and colons", .doc = "IPv6: the guest's DUID"),
	WR_ROW(weir_dhcp_host, name, WR_STRING, "name", .check = check_host_name,
	       .rule = "is no host name", .doc = "host name"),
	WR_ROW(weir_dhcp_host, address, WR_IP, "ip", .flags = WR_REQUIRED, .doc = "its address"),
	WR_OBJECT_ROW(weir_dhcp_host, lease, "lease", &lease_table, .doc = "for how long"),
};
static WR_TABLE(host_table, weir_dhcp_host, "host", -1, host_fields);

static const struct wr_field dhcp_fields[] = {
	WR_LIST_ROW(weir_dhcp, ranges, "ranges", &range_table, .doc = "addresses for anybody"),
	WR_LIST_ROW(weir_dhcp, hosts, "hosts", &host_table, .doc = "addresses for one guest each"),
};
static WR_TABLE(dhcp_table, weir_dhcp, "dhcp", -1, dhcp_fields);

static const struct wr_field ip_fields[] = {
	WR_ROW(weir_network_ip, address, WR_IP, "address", .flags = WR_REQUIRED,
	       .doc = "the host's address"),
	WR_ROW(weir_network_ip, prefix, WR_U8, "prefix", .min = 1, .max = 128, .flags = WR_REQUIRED,
	       .doc = "prefix length of the subnet"),
	WR_ROW(weir_network_ip, local_ptr, WR_U8, "localPtr", .flags = WR_TRISTATE,
	       .doc = "reverse queries are never passed on"),
	WR_OBJECT_ROW(weir_network_ip, dhcp, "dhcp", &dhcp_table, .doc = "DHCP server"),
};
static WR_TABLE(ip_table, weir_network_ip, "ip", -1, ip_fields);

static const struct wr_field route_fields[] = {
	WR_ROW(weir_network_route, address, WR_IP, "address", .flags = WR_REQUIRED,
	       .doc = "destination network"),
	WR_ROW(weir_network_route, prefix, WR_U8, "prefix", .max = 128, .doc = "its prefix length"),
	WR_ROW(weir_network_route, gateway, WR_IP, "gateway", .flags = WR_REQUIRED,
	       .doc = "an address in one of the network's subnets"),
	WR_ROW(weir_network_route, metric, WR_U32, "metric", .min = 1, .doc = "priority"),
};
static WR_TABLE(route_table, weir_network_route, "route", -1, route_fields);

/* --- the whole ---------------------------------------------------------------------------- */

static const struct wr_field portgroup_fields[] = {
	WR_ROW(weir_portgroup, name, WR_STRING, "name", .flags = WR_REQUIRED, .check = check_name,
	       .rule = NAME_RULE, .doc = "its name"),
	WR_ROW(weir_portgroup, is_default, WR_U8, "default", .flags = WR_TRISTATE,
	       .doc = "for ports that name no portgroup"),
	WR_OBJECT_ROW(weir_portgroup, bandwidth, "bandwidth", &bandwidth_table,
		      .doc = "limits of each of its ports"),
};
static WR_TABLE(portgroup_table, weir_portgroup, "portgroup", -1, portgroup_fields);

static const struct wr_field network_fields[] = {
	WR_ROW(weir_network, name, WR_STRING, "name", .flags = WR_REQUIRED, .check = check_name,
	       .rule = NAME_RULE, .doc = "its name, unique on the host"),
	WR_ROW(weir_network, uuid, WR_NAME, "uuid", .check = check_uuid,
	       .rule = "is no UUID (8-4-4-4-12 hex digits)", .doc = "its identity; made up if absent"),
	WR_ROW(weir_network, title, WR_STRING, "title", .check = check_line, .rule = LINE_RULE,
	       .doc = "one line for people"),
	WR_ROW(weir_network, description, WR_STRING, "description", .doc = "text for people"),
	WR_OBJECT_ROW(weir_network, forward, "forward", &forward_table,
		      .doc = "what happens to traffic that leaves it; absent: isolated"),
	WR_OBJECT_ROW(weir_network, bridge, "bridge", &bridge_table, .doc = "its bridge"),
	WR_ROW(weir_network, mtu, WR_U32, "mtu", .min = 68, .max = 65535, .unit = "bytes",
	       .doc = "MTU of bridge and guests"),
	WR_ROW(weir_network, mac, WR_STRING, "mac", .check = check_mac, .rule = MAC_RULE,
	       .doc = "MAC address of the bridge; made up if absent"),
	WR_OBJECT_ROW(weir_network, domain, "domain", &domain_table, .doc = "DNS domain"),
	WR_OBJECT_ROW(weir_network, dns, "dns", &dns_table, .doc = "DNS server"),
	WR_OBJECT_ROW(weir_network, bandwidth, "bandwidth", &bandwidth_table,
		      .doc = "limits of the bridge as a whole"),
	WR_LIST_ROW(weir_network, ips, "ips", &ip_table, .doc = "addresses of the bridge"),
	WR_LIST_ROW(weir_network, routes, "routes", &route_table, .doc = "routes through guests"),
	WR_LIST_ROW(weir_network, portgroups, "portgroups", &portgroup_table,
		    .doc = "classes of ports"),
};
WR_TABLE(wr_network_table, weir_network, "network", -1, network_fields);

static const struct wr_field port_fields[] = {
	WR_ROW(weir_port, name, WR_NAME, "name", .flags = WR_REQUIRED, .doc = "link on the host"),
	WR_ROW(weir_port, ifindex, WR_S32, "ifindex", .doc = "its index"),
	WR_ROW(weir_port, kind, WR_U8, "kind", .words = WR_WORDS(port_kinds), .flags = WR_ALWAYS,
	       .doc = "what it is"),
	WR_ROW(weir_port, network, WR_NAME, "network", .flags = WR_REQUIRED, .doc = "its network"),
	WR_ROW(weir_port, portgroup, WR_NAME, "portgroup", .doc = "its portgroup"),
	WR_ROW(weir_port, bridge, WR_NAME, "bridge", .doc = "the bridge it is a port of"),
	WR_ROW(weir_port, mode, WR_U8, "mode", .words = WR_WORDS(forward_modes), .flags = WR_ALWAYS,
	       .doc = "the network's forward mode"),
	WR_ROW(weir_port, mac, WR_MAC, "mac", .doc = "the guest's MAC address"),
	WR_ROW(weir_port, host_mac, WR_MAC, "hostMac", .doc = "the host end's MAC address"),
	WR_ROW(weir_port, mtu, WR_U32, "mtu", .doc = "MTU"),
	WR_OBJECT_ROW(weir_port, bandwidth, "bandwidth", &bandwidth_table, .doc = "limits"),
	WR_ROW(weir_port, bandwidth_from, WR_U8, "bandwidthFrom", .words = WR_WORDS(sources),
	       .doc = "who gave the limits"),
	WR_ROW(weir_port, owner, WR_NAME, "owner", .doc = "who owns the guest"),
	WR_ROW(weir_port, netns, WR_NAME, "netns", .doc = "where the guest's end is"),
	WR_ROW(weir_port, ifname, WR_NAME, "ifname", .doc = "name of the guest's end"),
	WR_ROW(weir_port, persistent, WR_U8, "persistent", .flags = WR_BOOL,
	       .doc = "stays when nobody has it open"),
	WR_ROW(weir_port, ifb_ifindex, WR_S32, "ifbIfindex", .doc = "index of its ifb"),
	WR_ROW(weir_port, ifb_name, WR_NAME, "ifbName", .doc = "its ifb"),
};
WR_TABLE(wr_port_table, weir_port, "port", -1, port_fields);
