/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whether the item of an update is the same as one in the definition: a row for each
 * section, with libvirt's rule and with a stricter one (to delete a host by its address
 * must not delete one that merely has no MAC address either). What is done with the
 * item is in update.c. Pure.
 */
#include "base/ip.h"
#include "network/alike.h"
#include "network/check.h"

static bool same_text(const char *a, const char *b)
{
	return a && b && !strcmp(a, b);
}

static bool equal_text(const char *a, const char *b)
{
	return a == b || same_text(a, b);
}

static bool host_shares(const void *stored, const void *asked)
{
	const struct weir_dhcp_host *a = stored, *b = asked;

	return wr_same_mac(a->mac, b->mac) || same_text(a->name, b->name) ||
	       (b->address.family && wr_ip_equal(&a->address, &b->address));
}

static bool host_shares_id(const void *stored, const void *asked)
{
	const struct weir_dhcp_host *a = stored, *b = asked;

	return host_shares(a, b) || same_text(a->id, b->id);
}

static bool host_is(const void *stored, const void *asked)
{
	const struct weir_dhcp_host *a = stored, *b = asked;

	return (!b->mac || wr_same_mac(a->mac, b->mac)) && (!b->id || same_text(a->id, b->id)) &&
	       (!b->name || same_text(a->name, b->name)) &&
	       (!b->address.family || wr_ip_equal(&a->address, &b->address));
}

/* libvirt takes a host without a MAC address for one with any, and does not look at ids. */
static bool host_may_be(const void *stored, const void *asked)
{
	struct weir_dhcp_host a = *(const struct weir_dhcp_host *)stored;
	struct weir_dhcp_host b = *(const struct weir_dhcp_host *)asked;

	if (!a.mac)
		b.mac = NULL;
	b.id = NULL;
	return host_is(&a, &b);
}

static bool range_is(const void *stored, const void *asked)
{
	const struct weir_dhcp_range *a = stored, *b = asked;

	return wr_ip_equal(&a->start, &b->start) && wr_ip_equal(&a->end, &b->end);
}

static bool interface_is(const void *stored, const void *asked)
{
	const struct weir_forward_interface *a = stored, *b = asked;

	return same_text(a->dev, b->dev);
}

static bool portgroup_is(const void *stored, const void *asked)
{
	const struct weir_portgroup *a = stored, *b = asked;

	return same_text(a->name, b->name);
}

static bool ip_is(const void *stored, const void *asked)
{
	const struct weir_network_ip *a = stored, *b = asked;

	return wr_ip_equal(&a->address, &b->address);
}

static bool dns_host_is(const void *stored, const void *asked)
{
	const struct weir_dns_host *a = stored, *b = asked;

	return wr_ip_equal(&a->address, &b->address);
}

static bool has_name(const struct weir_dns_host *host, const char *name)
{
	for (size_t i = 0; i < host->n_hostnames; i++)
		if (same_text(host->hostnames[i].name, name))
			return true;
	return false;
}

/* Every name that was given is one of the stored ones. */
static bool dns_host_fits(const void *stored, const void *asked)
{
	const struct weir_dns_host *a = stored, *b = asked;

	if (b->address.family && !wr_ip_equal(&a->address, &b->address))
		return false;
	for (size_t i = 0; i < b->n_hostnames; i++)
		if (!has_name(a, b->hostnames[i].name))
			return false;
	return true;
}

/* libvirt: any of what was given is enough. */
static bool dns_host_touches(const void *stored, const void *asked)
{
	const struct weir_dns_host *a = stored, *b = asked;

	if (b->address.family && wr_ip_equal(&a->address, &b->address))
		return true;
	for (size_t i = 0; i < b->n_hostnames; i++)
		if (has_name(a, b->hostnames[i].name))
			return true;
	return false;
}

static bool txt_is(const void *stored, const void *asked)
{
	const struct weir_dns_txt *a = stored, *b = asked;

	return same_text(a->name, b->name);
}

static bool srv_is(const void *stored, const void *asked)
{
	const struct weir_dns_srv *a = stored, *b = asked;

	return equal_text(a->service, b->service) && equal_text(a->protocol, b->protocol) &&
	       equal_text(a->domain, b->domain) && equal_text(a->target, b->target);
}

/* What was not given may be anything. */
static bool srv_fits(const void *stored, const void *asked)
{
	const struct weir_dns_srv *a = stored, *b = asked;

	return (!b->service || same_text(a->service, b->service)) &&
	       (!b->protocol || same_text(a->protocol, b->protocol)) &&
	       (!b->domain || same_text(a->domain, b->domain)) &&
	       (!b->target || same_text(a->target, b->target));
}

/* --- sections ------------------------------------------------------------------------------------ */

static const struct {
	struct wr_matching libvirt, ours;
} matchings[] = {
	[WEIR_SECTION_IP] = { { 0 }, { ip_is, ip_is, ip_is, true, true } },
	[WEIR_SECTION_IP_DHCP_HOST] = { { host_shares, host_shares, host_may_be, false, false },
					{ host_shares_id, host_shares_id, host_is, true, true } },
	[WEIR_SECTION_IP_DHCP_RANGE] = { { range_is, NULL, range_is, false, false },
					 { range_is, range_is, range_is, true, true } },
	[WEIR_SECTION_FORWARD_INTERFACE] = { { interface_is, NULL, interface_is, false, false },
					     { interface_is, NULL, interface_is, true, true } },
	[WEIR_SECTION_PORTGROUP] = { { portgroup_is, portgroup_is, portgroup_is, false, false },
				     { portgroup_is, portgroup_is, portgroup_is, true, true } },
	[WEIR_SECTION_DNS_HOST] = { { dns_host_is, dns_host_is, dns_host_touches, false, true },
				    { dns_host_is, dns_host_is, dns_host_fits, true, true } },
	[WEIR_SECTION_DNS_TXT] = { { txt_is, txt_is, txt_is, false, false },
				   { txt_is, txt_is, txt_is, true, true } },
	[WEIR_SECTION_DNS_SRV] = { { srv_fits, NULL, srv_fits, false, true },
				   { srv_is, srv_is, srv_fits, true, true } },
};

const struct wr_matching *wr_matching(enum weir_section section, bool compatible)
{
	return compatible ? &matchings[section].libvirt : &matchings[section].ours;
}
