/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Rules of a definition that need more than one member: which there are, and in
 * which order they are asked. The rules themselves are in check_forward.c,
 * check_ip.c and check_port.c; what a single member may hold is in the tables.
 */
#include <stdio.h>
#include <unistd.h>

#include "dhcp/dhcp.h"
#include "network/check.h"
#include "network/network.h"
#include "network/tables.h"

int wr_in_item(struct weir_error *err, int r, const char *list, size_t i)
{
	char path[80];

	wr_format(path, sizeof(path), "%s[%zu]", list, i);
	wr_error_prefix_attr(err, path);
	return r;
}

/* --- the network itself -------------------------------------------------------------------- */

static int check_identity(const struct weir_network *net, enum weir_check how,
			  struct weir_error *err)
{
	if (!net->name)
		return wr_refuse(err, -EINVAL, "", "name", "is missing");
	if (strchr(net->name, '/'))
		return wr_refuse(err, -EINVAL, "", "name", "has a slash");
	if (net->title && strchr(net->title, '\n'))
		return wr_refuse(err, -EINVAL, "", "title", "has more than one line");
	if (wr_yes(net->domain.register_it) && !wr_yes(net->domain.local_only))
		return wr_refuse(err, -EINVAL, "", "domain.register", "needs localOnly");
	return 0;
}

static int check_name(const struct weir_network *net, enum weir_check how, struct weir_error *err)
{
	return strchr(net->name, '\n') ?
		       wr_refuse(err, -EINVAL, "", "name", "has more than one line") :
		       0;
}

/* Every row's own rule: texts that would be dangerous further down, ranges. */
static int check_rows(const struct weir_network *net, enum weir_check how, struct weir_error *err)
{
	return wr_table_check(&wr_network_table, net, err);
}

/*
 * What dnsmasq would take for something else, a host that is called 45m, or has no words for, a
 * reverse zone of 25 bits. Told by the start alone, it would be found out when the host boots.
 */
static int check_dnsmasq(const struct weir_network *net, enum weir_check how, struct weir_error *err)
{
	wr_auto(free) struct wr_dhcp_files *none = calloc(1, sizeof(*none));
	wr_auto(str) struct wr_str conf = { 0 };
	struct weir_network named = *net;

	if (!none)
		return wr_nomem(err);
	if (!wr_has_own_bridge(net) || !wr_dhcp_wanted(net))
		return 0;
	if (wr_bridge_to_name(net))
		wr_copy(named.bridge.name, sizeof(named.bridge.name), "virbr0");
	return wr_dhcp_config(&named, none, &conf, err);
}

/*
 * Within a level the order is libvirt's. Rows come first of all where they are
 * asked, so that a text in an error message is one that can be shown.
 */
static const struct {
	enum wr_level level;
	wr_rule *rule;
} rules[] = {
	{ WR_STRICT, check_rows },           { WR_PARSE, check_identity },
	{ WR_PARSE, wr_check_forward },      { WR_PARSE, wr_check_nat },
	{ WR_PARSE, wr_check_pool },         { WR_PARSE, wr_check_bridge_by_mode },
	{ WR_PARSE, wr_check_ips },          { WR_PARSE, wr_check_routes },
	{ WR_PARSE, wr_check_dns },          { WR_PARSE, wr_check_bandwidth_form },
	{ WR_PARSE, wr_check_virtualports }, { WR_PARSE, wr_check_vlan_form },
	{ WR_DEFINE, check_name },           { WR_DEFINE, wr_check_managed_bridge },
	{ WR_DEFINE, wr_check_bandwidth },   { WR_DEFINE, wr_check_pool_kind },
	{ WR_DEFINE, wr_check_pool_mix },    { WR_DEFINE, wr_check_one_dhcp },
	{ WR_DEFINE, wr_check_portgroups },  { WR_STRICT, wr_check_bridge_limits },
	{ WR_STRICT, wr_check_ips_strict },  { WR_STRICT, wr_check_ports_strict },
	{ WR_STRICT, check_dnsmasq },
};

int weir_network_check_as(const struct weir_network *net, enum weir_check how,
			  struct weir_error *err)
{
	static const enum wr_level up_to[] = {
		[WEIR_CHECK_STRICT] = WR_STRICT,
		[WEIR_CHECK_COMPATIBLE] = WR_DEFINE,
		[WEIR_CHECK_FORM] = WR_PARSE,
	};
	char name[WR_SHOWN];
	int r = 0;

	if ((unsigned int)how >= WR_COUNT(up_to))
		return wr_refuse(err, -EINVAL, "network", "how", "%d is no enum weir_check", how);
	for (size_t i = 0; i < WR_COUNT(rules) && !r; i++)
		if (rules[i].level <= up_to[how])
			r = rules[i].rule(net, how, err);
	if (r && err && !*err->object)
		wr_format(err->object, sizeof(err->object), "network %s",
			  wr_shown(net->name ? net->name : "", name));
	return r;
}

int weir_network_check(const struct weir_network *net, struct weir_error *err)
{
	return weir_network_check_as(net, WEIR_CHECK_STRICT, err);
}

/* --- against the host ------------------------------------------------------------------------ */

int wr_check_functions(const struct weir_network *net, struct weir_error *err)
{
	const struct weir_forward *f = &net->forward;
	char path[80];

	for (size_t i = 0; i < f->n_addresses; i++) {
		wr_format(path, sizeof(path), "/sys/bus/pci/devices/%s/physfn",
			  f->addresses[i].pci);
		if (access(path, F_OK))
			return wr_in_item(err,
					  wr_refuse(err, -ENODEV, "", "",
						    "%s is no virtual function",
						    f->addresses[i].pci),
					  "forward.addresses", i);
	}
	return 0;
}
