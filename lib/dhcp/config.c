/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The texts that dnsmasq reads: configuration, DHCP hosts, DNS hosts. Pure: a
 * definition in, text out. Keys and their order are libvirt's, so that both give a
 * guest the same service. What must not get into them is in check.c, who writes
 * them into files in txn.c.
 */
#include "base/error.h"
#include "base/ip.h"
#include "dhcp/dhcp.h"

struct input {
	const struct weir_network *net;
	const struct wr_dhcp_files *files;
	const struct weir_network_ip *v4, *v6; /* the subnets with DHCP, or NULL */
	bool dns;
};

static bool has_dhcp(const struct weir_network_ip *ip)
{
	return ip->dhcp.n_ranges || ip->dhcp.n_hosts;
}

static const struct weir_network_ip *find_dhcp(const struct weir_network *net, uint8_t family)
{
	for (size_t i = 0; i < net->n_ips; i++)
		if (net->ips[i].address.family == family && has_dhcp(&net->ips[i]))
			return &net->ips[i];
	return NULL;
}

static bool has_tftp(const struct weir_network *net)
{
	for (size_t i = 0; i < net->n_ips; i++)
		if (net->ips[i].tftp_root)
			return true;
	return false;
}

static struct input input_of(const struct weir_network *net, const struct wr_dhcp_files *files)
{
	return (struct input){
		.net = net,
		.files = files,
		.v4 = find_dhcp(net, WEIR_FAMILY_IPV4),
		.v6 = find_dhcp(net, WEIR_FAMILY_IPV6),
		.dns = net->dns.enable != WEIR_NO,
	};
}

bool wr_dhcp_wanted(const struct weir_network *net)
{
	struct input in = input_of(net, NULL);

	return net->n_ips && (in.v4 || in.v6 || in.dns || has_tftp(net));
}

/* --- words ----------------------------------------------------------------------- */

static void put_ip(struct wr_str *out, const struct weir_ip *ip)
{
	char text[WEIR_IP_TEXT];

	wr_str_puts(out, weir_ip_format(ip, text));
}

static void put_netmask(struct wr_str *out, unsigned int prefix)
{
	struct weir_ip ones = { WEIR_FAMILY_IPV4, { 0xff, 0xff, 0xff, 0xff } };
	struct weir_ip mask = weir_ip_mask(&ones, prefix);

	put_ip(out, &mask);
}

/* Between quotes dnsmasq takes commas, # and spaces as they are; a backslash escapes. */
static void put_text(struct wr_str *out, const char *text)
{
	size_t len = strlen(text);
	bool quoted = strpbrk(text, "\"#,") || *text == ' ' || (len && text[len - 1] == ' ');

	if (!quoted) {
		wr_str_puts(out, text);
		return;
	}
	wr_str_putc(out, '"');
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			wr_str_putc(out, '\\');
		wr_str_putc(out, *text);
	}
	wr_str_putc(out, '"');
}

static void put_path(struct wr_str *out, const char *key, const char *path)
{
	if (!*path)
		return;
	wr_str_printf(out, "%s=", key);
	put_text(out, path);
	wr_str_putc(out, '\n');
}

static void put_lease_time(struct wr_str *out, const struct weir_lease_time *lease)
{
	static const char units[] = "msh";

	if (!(lease->has & WEIR_LEASE_EXPIRY))
		return;
	if (lease->expiry)
		wr_str_printf(out, ",%u%c", lease->expiry, units[lease->unit % 3]);
	else
		wr_str_puts(out, ",infinite");
}

static void put_ptr_zone(struct wr_str *out, const struct weir_network_ip *ip)
{
	const uint8_t *bytes = ip->address.bytes;
	int prefix = weir_network_ip_prefix(ip);

	if (ip->address.family == WEIR_FAMILY_IPV4) {
		for (int i = prefix / 8; i > 0; i--)
			wr_str_printf(out, "%u.", bytes[i - 1]);
		wr_str_puts(out, "in-addr.arpa");
		return;
	}
	for (int i = prefix / 4; i > 0; i--)
		wr_str_printf(out, "%x.", i % 2 ? bytes[i / 2] >> 4 : bytes[i / 2 - 1] & 0xf);
	wr_str_puts(out, "ip6.arpa");
}

/* --- the parts of the configuration, in their order ----------------------------------- */

static void put_head(const struct input *in, struct wr_str *out)
{
	wr_str_puts(out, "strict-order\n");
	if (!in->dns)
		wr_str_puts(out, "port=0\n");
}

static void put_forwarders(const struct input *in, struct wr_str *out)
{
	const struct weir_dns *dns = &in->net->dns;
	bool replaces_all = false;

	for (size_t i = 0; in->dns && i < dns->n_forwarders; i++) {
		const struct weir_dns_forwarder *f = &dns->forwarders[i];

		wr_str_puts(out, "server=");
		if (f->domain)
			wr_str_printf(out, "/%s/", f->domain);
		if (f->address.family)
			put_ip(out, &f->address);
		else
			wr_str_putc(out, '#');
		wr_str_putc(out, '\n');
		replaces_all |= f->address.family && !f->domain;
	}
	if (replaces_all)
		wr_str_puts(out, "no-resolv\n");
}

static void put_domain(const struct input *in, struct wr_str *out)
{
	const struct weir_domain *domain = &in->net->domain;

	if (!domain->name)
		return;
	if (domain->local_only == WEIR_YES)
		wr_str_printf(out, "local=/%s/\n", domain->name);
	wr_str_printf(out, "domain=%s\nexpand-hosts\n", domain->name);
}

static void put_ptr_zones(const struct input *in, struct wr_str *out)
{
	for (size_t i = 0; in->dns && i < in->net->n_ips; i++) {
		if (in->net->ips[i].local_ptr != WEIR_YES)
			continue;
		wr_str_puts(out, "local=/");
		put_ptr_zone(out, &in->net->ips[i]);
		wr_str_puts(out, "/\n");
	}
}

static void put_plain_names(const struct input *in, struct wr_str *out)
{
	if (in->dns && in->net->dns.forward_plain_names == WEIR_NO)
		wr_str_puts(out, "domain-needed\nlocal=//\n");
}

/* bind-dynamic without listen-address: answers on this bridge only (CVE-2012-3411). */
static void put_binding(const struct input *in, struct wr_str *out)
{
	put_path(out, "pid-file", in->files->pid);
	wr_str_printf(out, "except-interface=lo\nbind-dynamic\ninterface=%s\n",
		      in->net->bridge.name);
}

/* No default route by DHCP (option 3) or RA, and no way out through the host's resolver. */
static void put_isolated(const struct input *in, struct wr_str *out)
{
	if (in->net->forward.mode == WEIR_FORWARD_ISOLATED)
		wr_str_puts(out, "dhcp-option=3\nno-resolv\nra-param=*,0,0\n");
}

static void put_txt(const struct input *in, struct wr_str *out)
{
	const struct weir_dns *dns = &in->net->dns;

	for (size_t i = 0; in->dns && i < dns->n_txt; i++) {
		wr_str_puts(out, "txt-record=");
		put_text(out, dns->txt[i].name);
		wr_str_putc(out, ',');
		put_text(out, dns->txt[i].value);
		wr_str_putc(out, '\n');
	}
}

/* Fields are known by their place, so a later one brings the defaults of those before it. */
static void put_srv_target(struct wr_str *out, const struct weir_dns_srv *srv)
{
	wr_str_printf(out, ",%s", srv->target);
	if (srv->port || srv->priority || srv->weight)
		wr_str_printf(out, ",%u", srv->port ? srv->port : 1);
	if (srv->priority || srv->weight)
		wr_str_printf(out, ",%u", srv->priority);
	if (srv->weight)
		wr_str_printf(out, ",%u", srv->weight);
}

static void put_srv(const struct input *in, struct wr_str *out)
{
	const struct weir_dns *dns = &in->net->dns;

	for (size_t i = 0; in->dns && i < dns->n_srv; i++) {
		const struct weir_dns_srv *srv = &dns->srv[i];

		wr_str_printf(out, "srv-host=_%s._%s", srv->service, srv->protocol);
		if (srv->domain)
			wr_str_printf(out, ".%s", srv->domain);
		/* "." is RFC 2782's word for "decidedly not available", as is no target. */
		if (srv->target && strcmp(srv->target, "."))
			put_srv_target(out, srv);
		wr_str_putc(out, '\n');
	}
}

static void put_tftp(const struct input *in, struct wr_str *out)
{
	if (has_tftp(in->net))
		wr_str_puts(out, "enable-tftp\n");
	for (size_t i = 0; i < in->net->n_ips; i++)
		if (in->net->ips[i].tftp_root)
			put_path(out, "tftp-root", in->net->ips[i].tftp_root);
}

static void put_range(const struct weir_network_ip *ip, const struct weir_dhcp_range *range,
		      struct wr_str *out)
{
	wr_str_puts(out, "dhcp-range=");
	put_ip(out, &range->start);
	wr_str_putc(out, ',');
	put_ip(out, &range->end);
	wr_str_putc(out, ',');
	if (ip->address.family == WEIR_FAMILY_IPV4)
		put_netmask(out, weir_network_ip_prefix(ip));
	else
		wr_str_printf(out, "%d", weir_network_ip_prefix(ip));
	put_lease_time(out, &range->lease);
	wr_str_putc(out, '\n');
}

static void put_subnet(const struct weir_network_ip *ip, struct wr_str *out)
{
	for (size_t i = 0; i < ip->dhcp.n_ranges; i++)
		put_range(ip, &ip->dhcp.ranges[i], out);
	if (ip->dhcp.n_ranges)
		return;
	/* Without a range dnsmasq serves no DHCP, not even to the hosts that it knows. */
	wr_str_puts(out, "dhcp-range=");
	put_ip(out, &ip->address);
	wr_str_puts(out, ",static");
	if (ip->address.family == WEIR_FAMILY_IPV6)
		wr_str_printf(out, ",%d", weir_network_ip_prefix(ip));
	wr_str_putc(out, '\n');
}

static void put_bootp(const struct weir_dhcp_bootp *bootp, struct wr_str *out)
{
	if (!bootp->file)
		return;
	wr_str_puts(out, "dhcp-boot=");
	put_text(out, bootp->file);
	if (bootp->server.family) {
		wr_str_puts(out, ",,");
		put_ip(out, &bootp->server);
	}
	wr_str_putc(out, '\n');
}

static void put_dhcp(const struct input *in, struct wr_str *out)
{
	if (in->v4) {
		put_subnet(in->v4, out);
		wr_str_puts(out, "dhcp-no-override\ndhcp-authoritative\n");
		put_bootp(&in->v4->dhcp.bootp, out);
	}
	if (in->v6)
		put_subnet(in->v6, out);
}

static uint32_t low_word(const struct weir_ip *ip)
{
	const uint8_t *p = ip->bytes + wr_ip_bits(ip) / 8 - 4;

	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* IPv6: ranges differ in their last 16 bits only. */
static uint64_t count_addresses(const struct weir_network_ip *ip)
{
	uint64_t n = 0;

	for (size_t i = 0; ip && i < ip->dhcp.n_ranges; i++) {
		const struct weir_dhcp_range *r = &ip->dhcp.ranges[i];

		n += (uint64_t)(low_word(&r->end) - low_word(&r->start)) + 1;
	}
	return n;
}

static void put_lease_max(const struct input *in, struct wr_str *out)
{
	uint64_t n = count_addresses(in->v4) + count_addresses(in->v6);

	if (n)
		wr_str_printf(out, "dhcp-lease-max=%llu\n", (unsigned long long)n);
}

/* Named even while they are empty, so that hosts can come later without a restart. */
static void put_host_files(const struct input *in, struct wr_str *out)
{
	if (in->v4 || in->v6)
		put_path(out, "dhcp-hostsfile", in->files->hosts);
	if (in->dns)
		put_path(out, "addn-hosts", in->files->addnhosts);
}

static void put_mtu(const struct input *in, struct wr_str *out)
{
	if (in->net->mtu)
		wr_str_printf(out, "dhcp-option=option:mtu,%u\n", in->net->mtu);
}

static void put_router_adverts(const struct input *in, struct wr_str *out)
{
	if (in->v6) {
		wr_str_puts(out, "enable-ra\n");
		return;
	}
	for (size_t i = 0; i < in->net->n_ips; i++) {
		if (in->net->ips[i].address.family != WEIR_FAMILY_IPV6)
			continue;
		wr_str_puts(out, "dhcp-range=");
		put_ip(out, &in->net->ips[i].address);
		wr_str_puts(out, ",ra-only\n");
	}
}

/* Somebody's lines as they are; whoever may define a network may run dnsmasq as he likes. */
static void put_options(const struct input *in, struct wr_str *out)
{
	for (size_t i = 0; i < in->net->n_dnsmasq_options; i++)
		wr_str_printf(out, "%s\n", in->net->dnsmasq_options[i].value);
}

/*
 * Unnamed, the lease file would be the one that all dnsmasqs of the host share. A
 * guest that calls itself wpad would be every browser's proxy configuration
 * (VU#598349). Who answers no names need not watch where they would be asked for.
 */
static void put_own_lines(const struct input *in, struct wr_str *out)
{
	wr_str_puts(out, WR_DHCP_OWN_LINES);
	put_path(out, "dhcp-leasefile", in->files->leases);
	wr_str_puts(out, "dhcp-name-match=set:wpad-ignore,wpad\n"
			 "dhcp-ignore-names=tag:wpad-ignore\n");
	if (!in->dns)
		wr_str_puts(out, "no-resolv\n");
}

/* clang-format off */
static void (*const parts[])(const struct input *in, struct wr_str *out) = {
	put_head,
	put_forwarders,
	put_domain,
	put_ptr_zones,
	put_plain_names,
	put_binding,
	put_isolated,
	put_txt,
	put_srv,
	put_tftp,
	put_dhcp,
	put_lease_max,
	put_host_files,
	put_mtu,
	put_router_adverts,
	put_options,
	put_own_lines,
};
/* clang-format on */

int wr_dhcp_config(const struct weir_network *net, const struct wr_dhcp_files *files,
		   struct wr_str *conf, struct weir_error *err)
{
	struct input in = input_of(net, files);
	int r = wr_dhcp_check(net, files, err);

	if (r)
		return r;
	for (size_t i = 0; i < WR_COUNT(parts); i++)
		parts[i](&in, conf);
	if (conf->failed)
		return wr_nomem(err);
	return wr_dhcp_check_lines(net, wr_str_text(conf), err);
}

/* --- host files ------------------------------------------------------------------------- */

static void put_host_v4(const struct weir_dhcp_host *h, struct wr_str *out)
{
	wr_str_printf(out, "%s,", h->mac ? h->mac : h->name ? h->name : "");
	put_ip(out, &h->address);
	if (h->mac && h->name)
		wr_str_printf(out, ",%s", h->name);
}

static void put_host_v6(const struct weir_dhcp_host *h, struct wr_str *out)
{
	if (h->id)
		wr_str_printf(out, "id:%s,", h->id);
	if (h->name)
		wr_str_printf(out, "%s,", h->name);
	wr_str_putc(out, '[');
	put_ip(out, &h->address);
	wr_str_putc(out, ']');
}

static void put_hosts(const struct weir_network_ip *ip, struct wr_str *out)
{
	for (size_t i = 0; ip && i < ip->dhcp.n_hosts; i++) {
		if (ip->address.family == WEIR_FAMILY_IPV4)
			put_host_v4(&ip->dhcp.hosts[i], out);
		else
			put_host_v6(&ip->dhcp.hosts[i], out);
		put_lease_time(out, &ip->dhcp.hosts[i].lease);
		wr_str_putc(out, '\n');
	}
}

void wr_dhcp_hosts(const struct weir_network *net, struct wr_str *hosts)
{
	struct input in = input_of(net, NULL);

	put_hosts(in.v4, hosts);
	put_hosts(in.v6, hosts);
}

void wr_dhcp_addnhosts(const struct weir_network *net, struct wr_str *addnhosts)
{
	for (size_t i = 0; i < net->dns.n_hosts; i++) {
		const struct weir_dns_host *h = &net->dns.hosts[i];

		put_ip(addnhosts, &h->address);
		for (size_t k = 0; k < h->n_hostnames; k++)
			wr_str_printf(addnhosts, "\t%s", h->hostnames[k].name);
		wr_str_putc(addnhosts, '\n');
	}
}

/* --- for people and drivers --------------------------------------------------------------- */

int weir_network_dnsmasq(const struct weir_network *net, const char *state_dir, char **ret_conf,
			 char **ret_hosts, struct weir_error *err)
{
	wr_auto(free) struct wr_dhcp_files *files = calloc(1, sizeof(*files));
	wr_auto(str) struct wr_str conf = { 0 }, hosts = { 0 };
	int r;

	if (!files)
		return wr_nomem(err);
	wr_dhcp_paths(state_dir ? state_dir : WEIR_STATE_DIR, net->name, files);
	r = wr_dhcp_config(net, files, &conf, err);
	if (r)
		return r;
	wr_dhcp_hosts(net, &hosts);
	if (conf.failed || hosts.failed || !wr_str_grow(&hosts, 0))
		return wr_nomem(err);
	*ret_conf = wr_str_take(&conf);
	*ret_hosts = wr_str_take(&hosts);
	return 0;
}
