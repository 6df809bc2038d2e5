/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rules of what ports get: bandwidth, vlans, virtualports, isolation, and of portgroups. */
#include <stdio.h>

#include "network/check.h"
#include "network/network.h"

typedef int bandwidth_rule(const struct weir_bandwidth *b, struct weir_error *err);

/* Asks a rule about the network's and each portgroup's own, with the path of whose it was. */
static int each_bandwidth(const struct weir_network *net, bandwidth_rule *rule,
			  struct weir_error *err)
{
	int r = rule(&net->bandwidth, err);

	if (r)
		wr_error_prefix_attr(err, "bandwidth");
	for (size_t i = 0; i < net->n_portgroups && !r; i++) {
		r = rule(&net->portgroups[i].bandwidth, err);
		if (r) {
			wr_error_prefix_attr(err, "bandwidth");
			wr_in_item(err, r, "portgroups", i);
		}
	}
	return r;
}

/* --- bandwidth -------------------------------------------------------------------------------- */

static int rate_form(const struct weir_rate *rate, const char *attr, struct weir_error *err)
{
	if (rate->floor_bytes_per_s)
		return wr_refuse(err, -EINVAL, "", attr,
				 "has a floor, which is for guests' ports only");
	if (!rate->average_bytes_per_s && (rate->peak_bytes_per_s || rate->burst_bytes))
		return wr_refuse(err, -EINVAL, "", attr,
				 "has no average, which peak and burst need");
	return 0;
}

static int bandwidth_form(const struct weir_bandwidth *b, struct weir_error *err)
{
	int r = rate_form(&b->inbound, "inbound", err);

	return r ? r : rate_form(&b->outbound, "outbound", err);
}

int wr_check_bandwidth_form(const struct weir_network *net, enum weir_check how,
			    struct weir_error *err)
{
	return each_bandwidth(net, bandwidth_form, err);
}

/* There must be a bridge that the guests are on. */
static bool can_limit(const struct weir_network *net)
{
	return wr_has_own_bridge(net) || wr_has_host_bridge(net);
}

static int check_rate_limits(const struct weir_rate *rate, const char *attr, struct weir_error *err)
{
	if (rate->average_bytes_per_s > WEIR_RATE_MAX || rate->peak_bytes_per_s > WEIR_RATE_MAX)
		return wr_refuse(err, -EOVERFLOW, "", attr, "is above 2^54 KB/s");
	if (rate->burst_bytes > WEIR_BURST_MAX)
		return wr_refuse(err, -EOVERFLOW, "", attr, "has a burst above 4194303 KiB");
	return 0;
}

int wr_check_bandwidth(const struct weir_network *net, enum weir_check how, struct weir_error *err)
{
	int r;

	if (wr_is_limited(&net->bandwidth) && !can_limit(net))
		return wr_refuse(err, -EINVAL, "", "bandwidth",
				 "needs a bridge, which this mode has not");
	r = check_rate_limits(&net->bandwidth.inbound, "inbound", err);
	if (!r)
		r = check_rate_limits(&net->bandwidth.outbound, "outbound", err);
	if (r)
		wr_error_prefix_attr(err, "bandwidth");
	return r;
}

/* --- virtualports -------------------------------------------------------------------------------- */

int wr_check_virtualports(const struct weir_network *net, enum weir_check how,
			  struct weir_error *err)
{
	int r = 0;

	if (net->virtualport.has && !net->virtualport.type)
		return wr_refuse(err, -EINVAL, "", "virtualport.type", "is missing");
	r = weir_virtualport_check(&net->virtualport, err);
	for (size_t i = 0; i < net->n_portgroups && !r; i++) {
		r = weir_virtualport_check(&net->portgroups[i].virtualport, err);
		if (r)
			wr_in_item(err, r, "portgroups", i);
	}
	return r;
}

/* --- vlans ------------------------------------------------------------------------------------------ */

int weir_vlan_check(const struct weir_vlan_tags *vlan, struct weir_error *err)
{
	size_t n_native = 0;

	for (size_t i = 0; i < vlan->n_tags; i++) {
		if (vlan->tags[i].id > 4095)
			return wr_in_item(err,
					  wr_refuse(err, -ERANGE, "", "id", "%u is outside 0..4095",
						    vlan->tags[i].id),
					  "vlan.tags", i);
		n_native += vlan->tags[i].native != WEIR_NATIVE_NO;
	}
	if (vlan->is_trunk && !vlan->n_tags)
		return wr_refuse(err, -EINVAL, "", "vlan.tags", "is empty");
	if (vlan->n_tags > 1 && !vlan->is_trunk)
		return wr_refuse(err, -EINVAL, "", "vlan.trunk", "must be true with %zu tags",
				 vlan->n_tags);
	if (n_native > 1)
		return wr_refuse(err, -EINVAL, "", "vlan.tags",
				 "has %zu native ones, at most 1 can be", n_native);
	return 0;
}

int wr_check_vlan_form(const struct weir_network *net, enum weir_check how, struct weir_error *err)
{
	int r = weir_vlan_check(&net->vlan, err);

	for (size_t i = 0; i < net->n_portgroups && !r; i++) {
		r = weir_vlan_check(&net->portgroups[i].vlan, err);
		if (r)
			wr_in_item(err, r, "portgroups", i);
	}
	return r;
}

/* Whether ports without a virtualport of their portgroup can have vlans. */
static bool takes_vlans(const struct weir_network *net, enum weir_check how)
{
	uint8_t mode = net->forward.mode;

	if (mode == WEIR_FORWARD_HOSTDEV || mode == WEIR_FORWARD_PASSTHROUGH)
		return true;
	if (mode != WEIR_FORWARD_BRIDGE || (how == WEIR_CHECK_STRICT && !*net->bridge.name))
		return false;
	return !net->virtualport.has || net->virtualport.type == WEIR_VIRTUALPORT_OPENVSWITCH;
}

/*
 * libvirt looks at the portgroup's own type alone. What counts is what the merge
 * makes of it, so an untyped profile on an Open vSwitch network is as good here.
 */
static bool group_takes_vlans(const struct weir_network *net, const struct weir_portgroup *g,
			      enum weir_check how)
{
	uint8_t type = g->virtualport.type;

	if (!g->virtualport.has)
		return takes_vlans(net, how);
	if (how == WEIR_CHECK_STRICT && !type)
		return takes_vlans(net, how);
	return net->forward.mode == WEIR_FORWARD_BRIDGE && type == WEIR_VIRTUALPORT_OPENVSWITCH;
}

static int refuse_vlan(struct weir_error *err)
{
	return wr_refuse(err, -EINVAL, "", "vlan",
			 "is for modes hostdev and passthrough, and for bridges of the host");
}

static int check_vlans(const struct weir_network *net, enum weir_check how, struct weir_error *err)
{
	bool has_default = false;

	for (size_t i = 0; i < net->n_portgroups; i++) {
		const struct weir_portgroup *g = &net->portgroups[i];

		has_default |= wr_yes(g->is_default);
		if ((net->vlan.n_tags || g->vlan.n_tags) && !group_takes_vlans(net, g, how))
			return g->vlan.n_tags || g->virtualport.has ?
				       wr_in_item(err, refuse_vlan(err), "portgroups", i) :
				       refuse_vlan(err);
	}
	return net->vlan.n_tags && !has_default && !takes_vlans(net, how) ? refuse_vlan(err) : 0;
}

/* --- portgroups ------------------------------------------------------------------------------------- */

static int find_twice(const struct weir_network *net, struct wr_twice *ret, struct weir_error *err)
{
	wr_auto(free) struct wr_key *keys = calloc(net->n_portgroups + 1, sizeof(*keys));

	if (!keys)
		return wr_nomem(err);
	for (size_t i = 0; i < net->n_portgroups; i++)
		keys[i] = wr_text_key(net->portgroups[i].name, i);
	wr_find_twice(keys, net->n_portgroups, "name", ret);
	for (size_t i = 0; i < net->n_portgroups; i++)
		keys[i] = wr_text_key(wr_yes(net->portgroups[i].is_default) ? "yes" : NULL, i);
	wr_find_twice(keys, net->n_portgroups, "default", ret);
	return 0;
}

static int check_group(const struct weir_network *net, size_t i, const struct wr_twice *twice,
		       struct weir_error *err)
{
	const struct weir_portgroup *g = &net->portgroups[i];

	if (twice->first < i)
		return wr_refuse(err, -EEXIST, "", twice->what, "is %sportgroups[%zu] %s",
				 *twice->what == 'n' ? "that of " : "", twice->first,
				 *twice->what == 'n' ? "too" : "already");
	if (wr_is_limited(&g->bandwidth) && !can_limit(net))
		return wr_refuse(err, -EINVAL, "", "bandwidth",
				 "needs a bridge, which this mode has not");
	return 0;
}

int wr_check_portgroups(const struct weir_network *net, enum weir_check how, struct weir_error *err)
{
	wr_auto(free) struct wr_twice *twice = wr_twice_new(net->n_portgroups);
	int r = check_vlans(net, how, err);

	if (!r)
		r = twice ? find_twice(net, twice, err) : wr_nomem(err);
	for (size_t i = 0; i < net->n_portgroups && !r; i++) {
		r = check_group(net, i, &twice[i], err);
		if (r)
			wr_in_item(err, r, "portgroups", i);
	}
	return r;
}

/* --- what weir asks besides -------------------------------------------------------------------------- */

/* A Linux bridge has no vlans 0 and 4095. */
static int check_linux_vlan(const struct weir_network *net, const struct weir_vlan_tags *vlan,
			    struct weir_error *err)
{
	if (net->virtualport.type || !wr_has_host_bridge(net))
		return 0;
	for (size_t i = 0; i < vlan->n_tags; i++)
		if (vlan->tags[i].id < 1 || vlan->tags[i].id > 4094)
			return wr_in_item(err,
					  wr_refuse(err, -ERANGE, "", "id", "%u is outside 1..4094",
						    vlan->tags[i].id),
					  "vlan.tags", i);
	return 0;
}

static int check_spoofing(const struct weir_network *net, uint8_t spoofing, struct weir_error *err)
{
	if (spoofing < WEIR_SPOOFING_MAC || (can_limit(net) && !net->virtualport.type))
		return 0;
	return wr_refuse(err, -EINVAL, "", "antiSpoofing", "is for ports of Linux bridges only");
}

static int check_group_strictly(const struct weir_network *net, const struct weir_portgroup *g,
				struct weir_error *err)
{
	int r = weir_bandwidth_check(&g->bandwidth, err);

	if (r) {
		wr_error_prefix_attr(err, "bandwidth");
		return r;
	}
	r = check_linux_vlan(net, &g->vlan, err);
	if (!r)
		r = check_spoofing(net, g->anti_spoofing, err);
	return r || !g->virtualport.type ? r : wr_virtualport_gate(net, &g->virtualport, err);
}

/* Refused at the first port otherwise, each of them. */
int wr_check_ports_strict(const struct weir_network *net, enum weir_check how,
			  struct weir_error *err)
{
	int r = check_linux_vlan(net, &net->vlan, err);

	if (!r && net->virtualport.type)
		r = wr_virtualport_gate(net, &net->virtualport, err);
	if (!r && wr_yes(net->port_isolated) && !can_limit(net))
		r = wr_refuse(err, -EINVAL, "", "portIsolated",
			      "needs a bridge, which this mode has not");
	if (!r)
		r = check_spoofing(net, net->anti_spoofing, err);
	for (size_t i = 0; i < net->n_portgroups && !r; i++) {
		r = check_group_strictly(net, &net->portgroups[i], err);
		if (r)
			wr_in_item(err, r, "portgroups", i);
	}
	return r;
}
