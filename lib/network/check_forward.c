/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rules of the way out: modes and what goes with them, pools, NAT, the bridge. */
#include "network/check.h"

static const char *mode_name(const struct weir_network *net)
{
	static const char *const names[] = { "isolated", "nat",  "route",       "open",   "bridge",
					     "private",  "vepa", "passthrough", "hostdev" };

	return net->forward.mode < WR_COUNT(names) ? names[net->forward.mode] : "unknown";
}

static int not_in_mode(const struct weir_network *net, const char *attr, struct weir_error *err)
{
	return wr_refuse(err, -EINVAL, "", attr, "is not for mode %s", mode_name(net));
}

/* --- as a document ------------------------------------------------------------------------------ */

/* The bridge belongs to somebody else, or there is none: nothing of it can be set. */
int wr_check_bridge_by_mode(const struct weir_network *net, enum weir_check how,
			    struct weir_error *err)
{
	const struct weir_network_bridge *b = &net->bridge;
	bool any_bridge = net->forward.mode <= WEIR_FORWARD_BRIDGE;
	const struct {
		bool wrong;
		const char *attr;
	} members[] = {
		{ *b->name && !any_bridge, "bridge.name" },
		{ b->mac_table_manager && !any_bridge, "bridge.macTableManager" },
		{ b->zone && !wr_has_own_bridge(net), "bridge.zone" },
		{ b->stp && !wr_has_own_bridge(net), "bridge.stp" },
		{ b->delay_s && !wr_has_own_bridge(net), "bridge.delay" },
		{ b->spread && !wr_has_own_bridge(net), "bridge.spread" },
		{ net->mtu && !wr_has_own_bridge(net), "mtu" },
	};

	for (size_t i = 0; i < WR_COUNT(members); i++)
		if (members[i].wrong)
			return not_in_mode(net, members[i].attr, err);
	return 0;
}

int wr_check_forward(const struct weir_network *net, enum weir_check how, struct weir_error *err)
{
	const struct weir_forward *f = &net->forward;
	bool through_host = f->mode == WEIR_FORWARD_NAT || f->mode == WEIR_FORWARD_ROUTE;
	bool has_pool = f->n_interfaces || f->n_addresses || f->pf;

	if (f->mode > WEIR_FORWARD_HOSTDEV)
		return wr_refuse(err, -EINVAL, "", "forward.mode", "%u is no mode", f->mode);
	if (has_pool && (f->mode == WEIR_FORWARD_ISOLATED || f->mode == WEIR_FORWARD_OPEN))
		return not_in_mode(net,
				   f->pf          ? "forward.pf" :
				   f->n_addresses ? "forward.addresses" :
						    "forward.interfaces",
				   err);
	if (wr_has_host_bridge(net) && strchr(net->bridge.name, '%'))
		return wr_refuse(err, -EINVAL, "", "bridge.name", "must be that of a bridge that is there");
	if (has_pool && wr_has_host_bridge(net))
		return wr_refuse(err, -EINVAL, "", "bridge.name",
				 "is given, and a pool of links too");
	if (f->n_interfaces > 1 && through_host)
		return wr_refuse(err, -EINVAL, "", "forward.interfaces",
				 "are %zu, but traffic can leave by one link only",
				 f->n_interfaces);
	if (through_host && !net->n_ips)
		return wr_refuse(err, -EINVAL, "", "ips", "is empty, but mode %s needs an address",
				 mode_name(net));
	return 0;
}

int wr_check_nat(const struct weir_network *net, enum weir_check how, struct weir_error *err)
{
	const struct weir_forward_nat *nat = &net->forward.nat;
	bool given = nat->ipv6 || nat->address.start.family || nat->port.start || nat->port.end;
	int r;

	if (given && net->forward.mode != WEIR_FORWARD_NAT)
		return wr_refuse(err, -EINVAL, "", "forward.nat", "is for mode nat only");
	if (nat->address.start.family) {
		if (nat->address.start.family != WEIR_FAMILY_IPV4)
			return wr_refuse(err, -EINVAL, "", "forward.nat.address.start",
					 "is no IPv4 address");
		r = wr_check_range(&nat->address.start, &nat->address.end, err);
		if (r) {
			wr_error_prefix_attr(err, "forward.nat.address");
			return r;
		}
	}
	if (nat->port.end && !nat->port.start && how == WEIR_CHECK_STRICT)
		return wr_refuse(err, -EINVAL, "", "forward.nat.port.start", "is missing");
	if (nat->port.end < nat->port.start)
		return wr_refuse(err, -EINVAL, "", "forward.nat.port.end", "%u is below start, %u",
				 nat->port.end, nat->port.start);
	return 0;
}

static int check_once(struct wr_key *keys, size_t n, const char *list, struct weir_error *err)
{
	wr_auto(free) struct wr_twice *twice = wr_twice_new(n);

	if (!twice)
		return wr_nomem(err);
	wr_find_twice(keys, n, "", twice);
	for (size_t i = 0; i < n; i++)
		if (twice[i].first < i)
			return wr_in_item(err, wr_refuse(err, -EEXIST, "", "", "is [%zu] too", twice[i].first),
					  list, i);
	return 0;
}

int wr_check_pool(const struct weir_network *net, enum weir_check how, struct weir_error *err)
{
	const struct weir_forward *f = &net->forward;
	const size_t most = f->n_interfaces > f->n_addresses ? f->n_interfaces : f->n_addresses;
	wr_auto(free) struct wr_key *keys = calloc(most + 1, sizeof(*keys));
	int r;

	if (!keys)
		return wr_nomem(err);
	for (size_t i = 0; i < f->n_interfaces; i++)
		keys[i] = wr_text_key(f->interfaces[i].dev, i);
	r = check_once(keys, f->n_interfaces, "forward.interfaces", err);
	for (size_t i = 0; i < f->n_addresses; i++)
		keys[i] = wr_text_key(f->addresses[i].pci, i);
	return r ? r : check_once(keys, f->n_addresses, "forward.addresses", err);
}

/* --- as a definition ------------------------------------------------------------------------------- */

/* What only a bridge of the network's own can have. libvirt forgets dns.enable and forwarders here. */
int wr_check_managed_bridge(const struct weir_network *net, enum weir_check how,
			    struct weir_error *err)
{
	const struct weir_dns *dns = &net->dns;
	bool dns_given = dns->n_txt || dns->n_hosts || dns->n_srv;

	if (wr_has_own_bridge(net))
		return 0;
	if (how == WEIR_CHECK_STRICT)
		dns_given |= dns->enable || dns->forward_plain_names || dns->n_forwarders;
	if (net->mac)
		return not_in_mode(net, "mac", err);
	if (net->n_ips)
		return not_in_mode(net, "ips", err);
	if (dns_given)
		return not_in_mode(net, "dns", err);
	return net->domain.name ? not_in_mode(net, "domain", err) : 0;
}

int wr_check_pool_kind(const struct weir_network *net, enum weir_check how, struct weir_error *err)
{
	const struct weir_forward *f = &net->forward;

	if (f->n_addresses && f->mode != WEIR_FORWARD_HOSTDEV)
		return not_in_mode(net, "forward.addresses", err);
	if (f->n_interfaces && f->mode == WEIR_FORWARD_HOSTDEV)
		return not_in_mode(net, "forward.interfaces", err);
	return 0;
}

/* libvirt drops the losers of a mix before it gets here. */
int wr_check_pool_mix(const struct weir_network *net, enum weir_check how, struct weir_error *err)
{
	const struct weir_forward *f = &net->forward;

	if (f->n_interfaces && f->n_addresses)
		return wr_refuse(err, -EINVAL, "", "forward.addresses",
				 "are given, and forward.interfaces too");
	if (f->pf && (f->n_addresses || f->n_interfaces) && how == WEIR_CHECK_STRICT)
		return wr_refuse(err, -EINVAL, "", "forward.pf",
				 "is given, and a list of links too");
	return 0;
}

/* --- what weir asks besides --------------------------------------------------------------------------- */

/* What the kernel takes; a delay counts only while STP is on. */
int wr_check_bridge_limits(const struct weir_network *net, enum weir_check how,
			   struct weir_error *err)
{
	if (net->mtu && (net->mtu < 68 || net->mtu > 65535))
		return wr_refuse(err, -ERANGE, "", "mtu", "%u is outside 68..65535 bytes",
				 net->mtu);
	if (net->bridge.delay_s > 30)
		return wr_refuse(err, -ERANGE, "", "bridge.delay", "%u is outside 0..30 s",
				 net->bridge.delay_s);
	return 0;
}
