/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* <ip> and <route> of a network: addresses, TFTP, DHCP. */
#include <ctype.h>

#include "xml/documents.h"

#include "base/ip.h"

#define MAX_SPAN 65536 /* addresses in a range */

/* --- lease ------------------------------------------------------------------------------- */

static int check_lease(const struct wr_xml_place *p, void *obj)
{
	static const uint64_t seconds[] = { 60, 1, 3600 };
	struct weir_lease_time *lease = obj;

	if (!(lease->has & WEIR_LEASE_EXPIRY)) {
		*lease = (struct weir_lease_time){ 0 };
		return 0;
	}
	if (lease->expiry && lease->expiry * seconds[lease->unit % 3] < 120)
		return wr_xml_refuse(p, -ERANGE, "is shorter than the least, 2 minutes");
	return 0;
}

static bool write_unit(const void *obj, struct wr_str *text)
{
	static const char *const units[] = { "minutes", "seconds", "hours" };
	const struct weir_lease_time *lease = obj;

	wr_str_puts(text, units[lease->unit % 3]);
	return lease->has & WEIR_LEASE_EXPIRY && lease->expiry;
}

static const struct wr_xml_row lease_rows[] = {
	WR_XML_ROW_ATTR("expiry", .flags = WR_XML_EMPTY),
	WR_XML_ROW_ATTR("unit", .flags = WR_XML_EMPTY, .write = write_unit),
};
static const struct wr_xml_element lease = { WR_XML_ROWS(lease_rows), .check = check_lease };

/* --- range ------------------------------------------------------------------------------- */

static const struct wr_xml_row range_rows[] = {
	WR_XML_ROW_ATTR("start", .flags = WR_XML_REQUIRED),
	WR_XML_ROW_ATTR("end", .flags = WR_XML_REQUIRED),
	WR_XML_ROW_CHILD("lease", &lease),
};
const struct wr_xml_element wr_xml_dhcp_range = { WR_XML_ROWS(range_rows) };

static uint32_t low_word(const struct weir_ip *ip)
{
	const uint8_t *b = ip->bytes + wr_ip_bits(ip) / 8 - 4;

	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static int refuse_edge(const struct wr_xml_place *p, const struct weir_network_ip *ip, int prefix,
		       const struct weir_dhcp_range *range)
{
	struct weir_ip first = weir_ip_mask(&ip->address, (unsigned int)prefix);
	struct weir_ip last = wr_ip_last(&ip->address, (unsigned int)prefix);

	if (wr_ip_equal(&range->start, &first))
		return wr_xml_refuse(p, -EINVAL, "starts at the subnet's own address");
	if (wr_ip_equal(&range->end, &last))
		return wr_xml_refuse(p, -EINVAL, "ends at the subnet's broadcast address");
	return 0;
}

int wr_xml_check_range(const struct wr_xml_place *p, const struct weir_network_ip *ip,
		       const struct weir_dhcp_range *range)
{
	int prefix = weir_network_ip_prefix(ip);
	bool is_v4 = ip->address.family == WEIR_FAMILY_IPV4;

	if (range->start.family != ip->address.family || range->end.family != ip->address.family)
		return wr_xml_refuse(p, -EINVAL, "is of another family than its subnet");
	if (prefix < 0)
		return wr_xml_refuse(p, -EINVAL, "is in a subnet of unknown size");
	if (!wr_ip_in(&range->start, &ip->address, (unsigned int)prefix) ||
	    !wr_ip_in(&range->end, &ip->address, (unsigned int)prefix))
		return wr_xml_refuse(p, -EINVAL, "is outside its subnet");
	if (wr_ip_compare(&range->start, &range->end) > 0)
		return wr_xml_refuse(p, -EINVAL, "ends before it starts");
	if (is_v4 ? low_word(&range->end) - low_word(&range->start) >= MAX_SPAN :
		    memcmp(range->start.bytes, range->end.bytes, 14) != 0)
		return wr_xml_refuse(p, -ERANGE, "has more than %d addresses", MAX_SPAN);
	return is_v4 ? refuse_edge(p, ip, prefix, range) : 0;
}

/* --- host -------------------------------------------------------------------------------- */

/* Kept in the words of who wrote it. */
static int read_mac(const struct wr_xml_place *p, void *obj, const char *text)
{
	struct weir_dhcp_host *host = obj;
	char mac[18];
	int r = wr_xml_mac(p, text, mac);

	if (!r && !(host->mac = strdup(text)))
		r = wr_nomem(p->err);
	return r;
}

static int read_id(const struct wr_xml_place *p, void *obj, const char *text)
{
	struct weir_dhcp_host *host = obj;
	char shown[WR_SHOWN];

	if (text[strspn(text, "0123456789abcdefABCDEF:")])
		return wr_xml_refuse(p, -EINVAL, "\"%s\" is no DUID: hex digits and colons",
				     wr_shown(text, shown));
	host->id = strdup(text);
	return host->id ? 0 : wr_nomem(p->err);
}

static int read_name(const struct wr_xml_place *p, void *obj, const char *text)
{
	struct weir_dhcp_host *host = obj;
	char shown[WR_SHOWN];

	if (!isalnum((unsigned char)*text))
		return wr_xml_refuse(p, -EINVAL, "\"%s\" does not begin with a letter or digit",
				     wr_shown(text, shown));
	host->name = strdup(text);
	return host->name ? 0 : wr_nomem(p->err);
}

static const struct wr_xml_row host_rows[] = {
	WR_XML_ROW_ATTR("mac", .flags = WR_XML_EMPTY, .read = read_mac),
	WR_XML_ROW_ATTR("id", .read = read_id),
	WR_XML_ROW_ATTR("name", .flags = WR_XML_EMPTY, .read = read_name),
	WR_XML_ROW_ATTR("ip", .flags = WR_XML_EMPTY),
	WR_XML_ROW_CHILD("lease", &lease),
};
const struct wr_xml_element wr_xml_dhcp_host = { WR_XML_ROWS(host_rows) };

static int check_who(const struct wr_xml_place *p, const struct weir_network_ip *ip,
		     const struct weir_dhcp_host *host)
{
	if (ip->address.family == WEIR_FAMILY_IPV6 && host->mac)
		return wr_xml_refuse(p, -EINVAL, "has a mac, which IPv6 does not know a guest by");
	if (ip->address.family == WEIR_FAMILY_IPV6 && !host->id && !host->name)
		return wr_xml_refuse(p, -EINVAL, "has neither id nor name");
	if (ip->address.family == WEIR_FAMILY_IPV4 && !host->mac && !host->name)
		return wr_xml_refuse(p, -EINVAL, "has neither mac nor name");
	return 0;
}

/* To be deleted it may be known by less. */
int wr_xml_check_host(const struct wr_xml_place *p, const struct weir_network_ip *ip,
		      const struct weir_dhcp_host *host)
{
	if (p->flags & WR_XML_PARTIAL)
		return host->mac || host->name || host->address.family ?
			       0 :
			       wr_xml_refuse(p, -EINVAL, "has neither mac nor name nor ip");
	if (!host->address.family)
		return wr_xml_refuse_at(p, "ip", -EINVAL, "is missing");
	if (host->address.family != ip->address.family)
		return wr_xml_refuse_at(p, "ip", -EINVAL, "is of another family than its subnet");
	return check_who(p, ip, host);
}

/* --- dhcp -------------------------------------------------------------------------------- */

static const struct wr_xml_row bootp_rows[] = {
	WR_XML_ROW_ATTR("file", .flags = WR_XML_REQUIRED),
	WR_XML_ROW_ATTR("server"),
};
static const struct wr_xml_element bootp = { WR_XML_ROWS(bootp_rows) };

static bool serves(const void *obj, unsigned int flags)
{
	const struct weir_dhcp *dhcp = obj;

	return dhcp->n_ranges || dhcp->n_hosts;
}

static const struct wr_xml_row dhcp_rows[] = {
	WR_XML_ROW_LIST("range", "ranges", &wr_xml_dhcp_range),
	WR_XML_ROW_LIST("host", "hosts", &wr_xml_dhcp_host),
	WR_XML_ROW_CHILD("bootp", &bootp, .when = serves, .flags = WR_XML_WRITE_ONLY),
};
static const struct wr_xml_element dhcp = { WR_XML_ROWS(dhcp_rows) };

/* --- ip ---------------------------------------------------------------------------------- */

static const struct wr_xml_row tftp_rows[] = { WR_XML_ROW_ATTR("root", .member = "tftpRoot") };
static const struct wr_xml_element tftp = { WR_XML_ROWS(tftp_rows) };

/* What <ip> and <route> say in the same way. */
struct subnet {
	uint8_t family;
	const struct weir_ip *address, *netmask;
	uint8_t prefix;
};

static int check_subnet(const struct wr_xml_place *p, const struct subnet *s)
{
	bool is_v6 = s->family == WEIR_FAMILY_IPV6;

	if (!s->address->family)
		return wr_xml_refuse(p, -EINVAL, "has no address");
	if (s->address->family != (is_v6 ? WEIR_FAMILY_IPV6 : WEIR_FAMILY_IPV4))
		return wr_xml_refuse(p, -EINVAL, "has an address that is not of its family, %s",
				     is_v6 ? "ipv6" : "ipv4");
	if (s->netmask->family && is_v6)
		return wr_xml_refuse(p, -EINVAL, "has a netmask, which IPv6 does not know");
	if (s->netmask->family && s->netmask->family != WEIR_FAMILY_IPV4)
		return wr_xml_refuse(p, -EINVAL, "has a netmask that is none");
	if (s->netmask->family && s->prefix)
		return wr_xml_refuse(p, -EINVAL, "has both a netmask and a prefix");
	if (s->prefix > (is_v6 ? 128 : 32))
		return wr_xml_refuse(p, -ERANGE, "prefix %u is too long", s->prefix);
	return 0;
}

static int check_items(const struct wr_xml_place *p, const struct weir_network_ip *ip)
{
	struct wr_xml_place dhcp_at = wr_xml_at_child(p, "dhcp");
	struct wr_xml_place at = wr_xml_at_child(&dhcp_at, "range");
	int r = 0;

	for (size_t i = 0; i < ip->dhcp.n_ranges && !r; i++) {
		r = wr_xml_check_range(&at, ip, &ip->dhcp.ranges[i]);
		at.node = wr_xml_next(at.node, "range", NULL);
	}
	at = wr_xml_at_child(&dhcp_at, "host");
	for (size_t i = 0; i < ip->dhcp.n_hosts && !r; i++) {
		r = wr_xml_check_host(&at, ip, &ip->dhcp.hosts[i]);
		at.node = wr_xml_next(at.node, "host", NULL);
	}
	return r;
}

/* Looked at for IPv4 only: IPv6 has other ways, and what is said of it is ignored. */
static int read_bootp(const struct wr_xml_place *p, struct weir_network_ip *ip)
{
	const struct wr_field *f = wr_find(wr_find(&wr_ip_table, "dhcp")->sub, "bootp");
	struct wr_xml_place dhcp_at = wr_xml_at_child(p, "dhcp");
	struct wr_xml_place at = wr_xml_at_child(&dhcp_at, "bootp");

	if (!at.node || ip->address.family != WEIR_FAMILY_IPV4)
		return 0;
	return wr_xml_read(&bootp, f->sub, &at, &ip->dhcp.bootp);
}

static int check_ip(const struct wr_xml_place *p, void *obj)
{
	struct weir_network_ip *ip = obj;
	struct subnet s = { ip->family, &ip->address, &ip->netmask, ip->prefix };
	int r = check_subnet(p, &s);

	if (r)
		return r;
	if (ip->tftp_root && ip->address.family != WEIR_FAMILY_IPV4)
		return wr_xml_refuse(p, -EINVAL, "has tftp, which is for IPv4 only");
	r = check_items(p, ip);
	return r ? r : read_bootp(p, ip);
}

static const struct wr_xml_row ip_rows[] = {
	WR_XML_ROW_ATTR("family"),
	WR_XML_ROW_ATTR("address"),
	WR_XML_ROW_ATTR("netmask"),
	WR_XML_ROW_ATTR("prefix", .flags = WR_XML_EMPTY),
	WR_XML_ROW_ATTR("localPtr", .flags = WR_XML_EMPTY),
	WR_XML_ROW_CHILD("tftp", &tftp, .member = ""),
	WR_XML_ROW_CHILD("dhcp", &dhcp),
};
const struct wr_xml_element wr_xml_ip = { WR_XML_ROWS(ip_rows), .flags = WR_XML_OPEN,
					  .check = check_ip };

/* --- route ------------------------------------------------------------------------------- */

static int check_route(const struct wr_xml_place *p, void *obj)
{
	const struct weir_network_route *route = obj;
	struct subnet s = { route->family, &route->address, &route->netmask, route->prefix };
	int prefix, r = check_subnet(p, &s);
	struct weir_ip masked;

	if (r)
		return r;
	prefix = weir_network_route_prefix(route);
	if (prefix < 0)
		return wr_xml_refuse(p, -EINVAL, "has a netmask that is none");
	masked = weir_ip_mask(&route->address, (unsigned int)prefix);
	if (!wr_ip_equal(&masked, &route->address))
		return wr_xml_refuse(p, -EINVAL,
				     "goes to an address with bits behind its prefix, %d", prefix);
	if (route->gateway.family != route->address.family)
		return wr_xml_refuse(p, -EINVAL, "has no gateway of its family");
	if (wr_xml_says(p, "metric") && !route->metric)
		return wr_xml_refuse(p, -ERANGE, "metric 0 is none");
	return 0;
}

static const struct wr_xml_row route_rows[] = {
	WR_XML_ROW_ATTR("family"),
	WR_XML_ROW_ATTR("address", .flags = WR_XML_REQUIRED),
	WR_XML_ROW_ATTR("netmask"),
	WR_XML_ROW_ATTR("prefix", .flags = WR_XML_EMPTY),
	WR_XML_ROW_ATTR("gateway", .flags = WR_XML_REQUIRED),
	WR_XML_ROW_ATTR("metric", .flags = WR_XML_EMPTY),
};
const struct wr_xml_element wr_xml_route = { WR_XML_ROWS(route_rows), .check = check_route };
