/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The rules of a definition, by noun. Each has the level at which it counts:
 *
 *	PARSE	libvirt's parser refuses a document that breaks it
 *	DEFINE	libvirt parses it, and refuses to define it
 *	STRICT	libvirt takes it; weir does not, because it would fail later or mean
 *		something else than it seems to
 */
#ifndef WR_NETWORK_CHECK_H
#define WR_NETWORK_CHECK_H

#include <weir/network.h>

#include "base/error.h"
#include "base/table.h"

enum wr_level { WR_PARSE, WR_DEFINE, WR_STRICT };

/* @how is what is asked for: a rule may be milder for one of them. */
typedef int wr_rule(const struct weir_network *net, enum weir_check how, struct weir_error *err);

/* check_forward.c */
wr_rule wr_check_bridge_by_mode, wr_check_forward, wr_check_nat, wr_check_pool,
	wr_check_managed_bridge, wr_check_pool_kind, wr_check_pool_mix, wr_check_bridge_limits;
/* check_ip.c */
wr_rule wr_check_ips, wr_check_routes, wr_check_dns, wr_check_one_dhcp, wr_check_ips_strict;
/* check_port.c */
wr_rule wr_check_bandwidth_form, wr_check_bandwidth, wr_check_virtualports, wr_check_vlan_form,
	wr_check_portgroups, wr_check_ports_strict;

/* Modes whose bridge is made for the network. */
static inline bool wr_has_own_bridge(const struct weir_network *net)
{
	return net->forward.mode <= WEIR_FORWARD_OPEN;
}

/* The name of that bridge is to be made: there is none, or a pattern for it. */
static inline bool wr_bridge_to_name(const struct weir_network *net)
{
	return wr_has_own_bridge(net) && (!*net->bridge.name || strchr(net->bridge.name, '%'));
}

/* The bridge is somebody else's. */
static inline bool wr_has_host_bridge(const struct weir_network *net)
{
	return net->forward.mode == WEIR_FORWARD_BRIDGE && *net->bridge.name;
}

/* Fills in which item of a list it was, and passes the code on. */
int wr_in_item(struct weir_error *err, int r, const char *list, size_t i);
#define wr_yes(v) ((v) == WEIR_YES)

/* How many addresses from @start to @end are too many, or out of order. */
int wr_check_range(const struct weir_ip *start, const struct weir_ip *end, struct weir_error *err);
/* Whether @range is one of @ip's subnet. */
int wr_check_dhcp_range(const struct weir_network_ip *ip, const struct weir_dhcp_range *range,
			struct weir_error *err);
bool wr_same_mac(const char *a, const char *b);

/* --- twice.c */

/* Something of item @i; no data: it has none. */
struct wr_key {
	const void *data;
	size_t len;
	size_t i;
};
struct wr_key wr_text_key(const char *text, size_t i);
void wr_sort_keys(struct wr_key *keys, size_t n);
/* Of sorted ones, that of the first item that has this text, or NULL. */
const struct wr_key *wr_first_key(const struct wr_key *keys, size_t n, const char *text);
/* The first item that has the same as this one, and what; the item itself if it is alone. */
struct wr_twice {
	size_t first;
	const char *what;
};
/* For @n items, each alone so far; for free(). NULL: out of memory. */
struct wr_twice *wr_twice_new(size_t n);
/* Sorts @keys, one for each item, and notes who is the first with the same. */
void wr_find_twice(struct wr_key *keys, size_t n, const char *what, struct wr_twice *ret);

/* virtualport.c: whether a port of this network can have this one, which is there. */
int wr_virtualport_gate(const struct weir_network *net, const struct weir_virtualport *vp,
			struct weir_error *err);

#endif
