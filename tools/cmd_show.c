/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * weir net show: a definition for people. With --json it is the library's own
 * text, which `weir net define` reads again.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "weir.h"

/* Text in a line of a description; "" for what is absent. */
static const char *or_nothing(const char *s)
{
	return s ? s : "";
}

static void show_state(struct out *o, const struct weir_network_entry *e)
{
	char *s, *left = NULL;

	if (!e)
		return;
	if (e->n_ports_left != WEIR_ROOM_UNLIMITED)
		left = xformat(", room for %u more", (unsigned int)e->n_ports_left);
	s = xformat("%s, %s, %u port%s%s",
		    e->bridge_missing ? "should run, but its bridge is gone" :
		    e->is_active      ? "active" :
					"inactive",
		    e->is_autostart ? "started at boot" : e->is_persistent ? "stored" : "not stored", (unsigned int)e->n_ports,
		    e->n_ports == 1 ? "" : "s", or_nothing(left));
	out_pair_tinted(o, "state",
			e->bridge_missing ? TINT_RED :
			e->is_active      ? TINT_GREEN :
					    TINT_DIM,
			s);
	free(left);
	free(s);
}

static void show_head(struct out *o, const struct weir_network *net)
{
	out_pair(o, "network", "%s", net->name);
	if (net->title)
		out_pair(o, "title", "%s", net->title);
	if (net->description)
		out_pair(o, "description", "%s", net->description);
	if (*net->uuid)
		out_pair(o, "uuid", "%s", net->uuid);
}

static void show_bridge(struct out *o, const struct weir_network *net)
{
	const struct weir_network_bridge *b = &net->bridge;
	char *delay =
		b->stp == WEIR_YES && b->delay_s ? xformat(" (delay %u s)", b->delay_s) : NULL;
	char *others = b->spread > 1 ? xformat(" and %u more", b->spread - 1) : NULL;

	out_pair(o, "bridge", "%s%s, stp %s%s, mtu %u%s%s", *b->name ? b->name : "(first free)",
		 or_nothing(others), b->stp == WEIR_YES ? "on" : "off", or_nothing(delay),
		 net->mtu ? net->mtu : 1500u, net->mac ? ", mac " : "", or_nothing(net->mac));
	free(delay);
	free(others);
}

static void show_forward(struct out *o, const struct weir_forward *f)
{
	char start[WEIR_IP_TEXT], end[WEIR_IP_TEXT];

	out_pair(o, "forward", "%s%s%s%s", mode_name(f->mode), f->pf ? ", functions of " : "",
		 or_nothing(f->pf), f->nat.ipv6 == WEIR_YES ? ", IPv6 too" : "");
	for (size_t i = 0; i < f->n_interfaces; i++)
		out_pair(o, NULL, "through %s", f->interfaces[i].dev);
	for (size_t i = 0; i < f->n_addresses; i++)
		out_pair(o, NULL, "function %s", f->addresses[i].pci);
	if (f->nat.address.start.family)
		out_pair(o, NULL, "from addresses %s to %s",
			 weir_ip_format(&f->nat.address.start, start),
			 weir_ip_format(&f->nat.address.end, end));
	if (f->nat.port.start)
		out_pair(o, NULL, "from ports %u to %u", f->nat.port.start, f->nat.port.end);
}

static void show_host(struct out *o, const struct weir_dhcp_host *h)
{
	char address[WEIR_IP_TEXT];

	out_pair(o, NULL, "%s is kept for %s%s%s", weir_ip_format(&h->address, address),
		 h->mac ? h->mac :
		 h->id  ? h->id :
			  or_nothing(h->name),
		 (h->mac || h->id) && h->name ? " " : "",
		 h->mac || h->id ? or_nothing(h->name) : "");
}

static void show_ip(struct out *o, const struct weir_network_ip *ip)
{
	char address[WEIR_IP_TEXT], start[WEIR_IP_TEXT], end[WEIR_IP_TEXT];

	out_pair(o, "address", "%s/%d", weir_ip_format(&ip->address, address),
		 weir_network_ip_prefix(ip));
	for (size_t i = 0; i < ip->dhcp.n_ranges; i++)
		out_pair(o, NULL, "leases %s to %s",
			 weir_ip_format(&ip->dhcp.ranges[i].start, start),
			 weir_ip_format(&ip->dhcp.ranges[i].end, end));
	for (size_t i = 0; i < ip->dhcp.n_hosts; i++)
		show_host(o, &ip->dhcp.hosts[i]);
}

static void show_routes(struct out *o, const struct weir_network *net)
{
	char address[WEIR_IP_TEXT], gateway[WEIR_IP_TEXT];

	for (size_t i = 0; i < net->n_routes; i++)
		out_pair(o, i ? NULL : "route", "%s/%d via %s",
			 weir_ip_format(&net->routes[i].address, address),
			 weir_network_route_prefix(&net->routes[i]),
			 weir_ip_format(&net->routes[i].gateway, gateway));
}

static void show_dns(struct out *o, const struct weir_network *net)
{
	const struct weir_dns *dns = &net->dns;

	if (net->domain.name)
		out_pair(o, "domain", "%s%s", net->domain.name,
			 net->domain.local_only == WEIR_YES ? " (never asked elsewhere)" : "");
	if (dns->enable == WEIR_NO)
		out_pair(o, "dns", "off");
	else if (dns->n_forwarders + dns->n_txt + dns->n_hosts + dns->n_srv)
		out_pair(o, "dns", "%zu forwarders, %zu hosts, %zu txt, %zu srv", dns->n_forwarders,
			 dns->n_hosts, dns->n_txt, dns->n_srv);
}

static bool is_limited(const struct weir_bandwidth *b)
{
	static const struct weir_bandwidth none;

	return memcmp(b, &none, sizeof(none)) != 0;
}

static void show_bandwidth(struct out *o, const char *key, const char *name,
			   const struct weir_bandwidth *b)
{
	char *inbound = limits_text(&b->inbound);
	char *outbound = limits_text(&b->outbound);

	if (is_limited(b))
		out_pair(o, key, "%s%sin %s; out %s", name, *name ? ": " : "", inbound, outbound);
	else
		out_pair(o, key, "%s%sunlimited", name, *name ? ": " : "");
	free(inbound);
	free(outbound);
}

static void show_limits(struct out *o, const struct weir_network *net)
{
	if (is_limited(&net->bandwidth))
		show_bandwidth(o, "bandwidth", "", &net->bandwidth);
	for (size_t i = 0; i < net->n_portgroups; i++) {
		const struct weir_portgroup *pg = &net->portgroups[i];
		char *name =
			xformat("%s%s", pg->name, pg->is_default == WEIR_YES ? " (default)" : "");

		show_bandwidth(o, i ? NULL : "portgroups", name, &pg->bandwidth);
		free(name);
	}
}

static void show(struct tool *t, const struct weir_network *net, const struct weir_network_entry *e)
{
	struct out *o = &t->out;

	show_head(o, net);
	show_state(o, e);
	show_bridge(o, net);
	show_forward(o, &net->forward);
	show_dns(o, net);
	for (size_t i = 0; i < net->n_ips; i++)
		show_ip(o, &net->ips[i]);
	show_routes(o, net);
	show_limits(o, net);
}

static int show_json(struct tool *t, const struct weir_network *net)
{
	char *text = NULL;

	if (weir_network_json(net, &text))
		return tool_refuse(t, STATUS_FAILED, -ENOMEM, "", "out of memory");
	out_text(&t->out, "%s", text);
	free(text);
	return STATUS_OK;
}

static int show_text(struct tool *t, const struct weir_network *net)
{
	struct weir_network_entry *list = NULL, *entry = NULL;
	size_t n = 0;

	if (weir_network_list(t->w, &list, &n, &t->err))
		return tool_fail(t, STATUS_FAILED);
	for (size_t i = 0; i < n; i++)
		if (!strcmp(list[i].name, net->name))
			entry = &list[i];
	show(t, net, entry);
	free(list);
	return STATUS_OK;
}

int cmd_net_show(struct tool *t, const struct args *a)
{
	int which = a->value[OPT_CONFIG] ? WEIR_NETWORK_CONFIG :
		    a->value[OPT_LIVE]   ? WEIR_NETWORK_LIVE :
					   0;
	struct weir_network *net = NULL;
	int status;

	if (a->value[OPT_CONFIG] && a->value[OPT_LIVE])
		return usage_error(t, "--config and --live exclude each other");
	if (weir_network_get(t->w, a->words[0], which, &net, &t->err))
		return tool_fail(t, tool_not_found(t, STATUS_FAILED));
	status = t->is_json ? show_json(t, net) : show_text(t, net);
	weir_network_free(net);
	return status;
}
