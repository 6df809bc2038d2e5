/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One change of a definition. Most sections are lists, and differ in little but in
 * what makes two items alike: that is in alike.c. Pure: what a change of a running
 * network's definition does to the host is in change.c.
 */
#include <stdio.h>

#include <weir/update.h>

#include "network/alike.h"
#include "network/check.h"
#include "network/network.h"
#include "network/tables.h"

struct op {
	struct weir_network *net;
	const struct weir_update *u;
	bool compatible;
	struct weir_error *err;
};

static bool is_add(const struct op *op)
{
	return op->u->command == WEIR_UPDATE_ADD_LAST || op->u->command == WEIR_UPDATE_ADD_FIRST;
}

/* --- lists ---------------------------------------------------------------------------------------- */

struct list {
	void **items;
	size_t *n;
	const struct wr_table *t;
};

#define LIST(parent, member, table)                                                                \
	(struct list)                                                                              \
	{                                                                                          \
		(void **)&(parent)->member, &(parent)->n_##member, table                           \
	}

static char *item_at(const struct list *l, size_t i)
{
	return (char *)*l->items + i * l->t->size;
}

static int insert(struct list *l, size_t at, const void *item, struct weir_error *err)
{
	size_t size = l->t->size;
	char *more = calloc(*l->n + 1, size);

	if (!more)
		return wr_nomem(err);
	if (wr_table_copy(l->t, more + at * size, item)) {
		wr_table_free(l->t, more + at * size);
		free(more);
		return wr_nomem(err);
	}
	if (*l->n) {
		memcpy(more, *l->items, at * size);
		memcpy(more + (at + 1) * size, item_at(l, at), (*l->n - at) * size);
	}
	free(*l->items);
	*l->items = more;
	++*l->n;
	return 0;
}

static void erase(struct list *l, size_t at)
{
	wr_table_free(l->t, item_at(l, at));
	--*l->n;
	memmove(item_at(l, at), item_at(l, at + 1), (*l->n - at) * l->t->size);
	if (*l->n)
		return;
	free(*l->items);
	*l->items = NULL;
}

/* How many items are like @asked; the first of them. */
static size_t find(const struct list *l, wr_alike *like, const void *asked, size_t *ret_first)
{
	size_t found = 0;

	for (size_t i = *l->n; i > 0; i--)
		if (like(item_at(l, i - 1), asked)) {
			*ret_first = i - 1;
			found++;
		}
	return found;
}

/* --- where an item belongs ------------------------------------------------------------------------- */

static bool has_dhcp(const struct weir_network_ip *ip)
{
	return ip->dhcp.n_ranges || ip->dhcp.n_hosts;
}

/* The family of the item; 0: it does not say. */
static int family_of(const struct weir_update *u)
{
	if (u->section == WEIR_SECTION_IP_DHCP_RANGE)
		return ((const struct weir_dhcp_range *)u->item)->start.family;
	return ((const struct weir_dhcp_host *)u->item)->address.family;
}

/* The first address of @family (0: any) that serves DHCP, or does not matter whether it does. */
static struct weir_network_ip *first_ip(const struct op *op, int family, bool dhcp)
{
	for (size_t i = 0; i < op->net->n_ips; i++) {
		struct weir_network_ip *ip = &op->net->ips[i];

		if ((!family || ip->address.family == family) && (!dhcp || has_dhcp(ip)))
			return ip;
	}
	return NULL;
}

/* A host that does not say its family is looked for wherever there are hosts. */
static struct weir_network_ip *ip_with(const struct op *op)
{
	wr_alike *is = wr_matching(WEIR_SECTION_IP_DHCP_HOST, false)->del;

	for (size_t i = 0; i < op->net->n_ips; i++) {
		struct weir_network_ip *ip = &op->net->ips[i];
		struct list hosts = LIST(&ip->dhcp, hosts, &wr_host_table);
		size_t at;

		if (find(&hosts, is, op->u->item, &at))
			return ip;
	}
	return NULL;
}

static struct weir_network_ip *find_ip(const struct op *op)
{
	int family = op->compatible ? 0 : family_of(op->u);
	struct weir_network_ip *ip = NULL;

	if (op->u->parent_index >= 0)
		return (size_t)op->u->parent_index < op->net->n_ips ?
			       &op->net->ips[op->u->parent_index] :
			       NULL;
	if (!op->compatible && !family && op->u->section == WEIR_SECTION_IP_DHCP_HOST)
		ip = ip_with(op);
	if (!ip)
		ip = first_ip(op, family, true);
	if (!ip && (!family || family == WEIR_FAMILY_IPV4))
		ip = first_ip(op, WEIR_FAMILY_IPV4, false);
	if (!ip && (!family || family == WEIR_FAMILY_IPV6))
		ip = first_ip(op, WEIR_FAMILY_IPV6, false);
	return ip;
}

/* --- what an item must be --------------------------------------------------------------------------- */

static int refuse(const struct op *op, int code, const char *attr, const char *msg)
{
	return wr_refuse(op->err, code, "", attr, "%s", msg);
}

/* DHCP of one family is served on one subnet alone. */
static int check_alone(const struct op *op, const struct weir_network_ip *ip)
{
	for (size_t i = 0; is_add(op) && i < op->net->n_ips; i++) {
		const struct weir_network_ip *other = &op->net->ips[i];

		if (other != ip && other->address.family == ip->address.family && has_dhcp(other))
			return refuse(op, -EINVAL, "parent",
				      "another address has the DHCP of this family");
	}
	return 0;
}

static int check_host(const struct op *op, const struct weir_network_ip *ip)
{
	const struct weir_dhcp_host *h = op->u->item;

	if (op->u->command == WEIR_UPDATE_DELETE) {
		if (h->mac || h->name || h->address.family || (h->id && !op->compatible))
			return 0;
		return refuse(op, -EINVAL, "mac", "is missing, and name and ip too");
	}
	if (!h->address.family)
		return refuse(op, -EINVAL, "ip", "is missing");
	if (h->address.family != ip->address.family)
		return refuse(op, -EINVAL, "ip", "is of another family than the subnet");
	if (h->mac && ip->address.family == WEIR_FAMILY_IPV6)
		return refuse(op, -EINVAL, "mac", "is not how IPv6 knows a guest");
	if (!h->name && !(ip->address.family == WEIR_FAMILY_IPV4 ? h->mac : h->id))
		return refuse(op, -EINVAL, "name", "is missing, and whom it is for too");
	return check_alone(op, ip);
}

static int check_range(const struct op *op, const struct weir_network_ip *ip)
{
	const struct weir_dhcp_range *range = op->u->item;
	int r;

	if (!range->start.family || !range->end.family)
		return refuse(op, -EINVAL, range->start.family ? "end" : "start", "is missing");
	r = wr_check_dhcp_range(ip, range, op->err);

	return r ? r : check_alone(op, ip);
}

static int check_portgroup(const struct op *op, const struct weir_network_ip *ip)
{
	const struct weir_portgroup *g = op->u->item;

	if (!g->name)
		return refuse(op, -EINVAL, "name", "is missing");
	for (size_t i = 0; i < op->net->n_portgroups; i++) {
		const struct weir_portgroup *other = &op->net->portgroups[i];

		if (op->u->command != WEIR_UPDATE_DELETE && wr_yes(g->is_default) &&
		    wr_yes(other->is_default) && strcmp(g->name, other->name))
			return wr_refuse(op->err, -EEXIST, "", "default", "is portgroup %s already",
					 other->name);
	}
	return 0;
}

static int check_dns_host(const struct op *op, const struct weir_network_ip *ip)
{
	const struct weir_dns_host *h = op->u->item;

	if (is_add(op) && !(h->address.family && h->n_hostnames))
		return refuse(op, -EINVAL, h->address.family ? "hostnames" : "address",
			      "is missing");
	if (!h->address.family && !h->n_hostnames)
		return refuse(op, -EINVAL, "address", "is missing, and hostnames too");
	return 0;
}

static int check_txt(const struct op *op, const struct weir_network_ip *ip)
{
	const struct weir_dns_txt *txt = op->u->item;

	if (!txt->name)
		return refuse(op, -EINVAL, "name", "is missing");
	if (!txt->value && op->u->command != WEIR_UPDATE_DELETE)
		return refuse(op, -EINVAL, "value", "is missing");
	return 0;
}

static int check_srv(const struct op *op, const struct weir_network_ip *ip)
{
	const struct weir_dns_srv *srv = op->u->item;

	if (op->u->command == WEIR_UPDATE_DELETE || (srv->service && srv->protocol))
		return 0;
	return refuse(op, -EINVAL, srv->service ? "protocol" : "service", "is missing");
}

/* --- sections that are lists -------------------------------------------------------------------------- */

/* What an item must be, besides what its table says; NULL: nothing. */
static int (*const checks[])(const struct op *op, const struct weir_network_ip *ip) = {
	[WEIR_SECTION_IP_DHCP_HOST] = check_host,
	[WEIR_SECTION_IP_DHCP_RANGE] = check_range,
	[WEIR_SECTION_PORTGROUP] = check_portgroup,
	[WEIR_SECTION_DNS_HOST] = check_dns_host,
	[WEIR_SECTION_DNS_TXT] = check_txt,
	[WEIR_SECTION_DNS_SRV] = check_srv,
};

static wr_alike *matcher(const struct wr_matching *m, uint8_t command)
{
	switch ((enum weir_update_command)command) {
	case WEIR_UPDATE_MODIFY:
		return m->modify;
	case WEIR_UPDATE_DELETE:
		return m->del;
	case WEIR_UPDATE_ADD_LAST:
	case WEIR_UPDATE_ADD_FIRST:
		return m->add;
	}
	return NULL;
}

static int change_list(const struct op *op, struct list *l, const struct wr_matching *m, wr_alike *like)
{
	bool del = op->u->command == WEIR_UPDATE_DELETE;
	size_t at = 0, n = find(l, like, op->u->item, &at);
	int r;

	if (is_add(op))
		return n ? refuse(op, -EEXIST, "", "there is one like it already") :
			   insert(l, op->u->command == WEIR_UPDATE_ADD_FIRST ? 0 : *l->n,
				  op->u->item, op->err);
	if (!n)
		return refuse(op, -ENOENT, "", "there is none like it");
	if (n > 1 && (del ? m->one_deleted : m->one))
		return refuse(op, -ENOTUNIQ, "", "there is more than one like it");
	r = del ? 0 : insert(l, at + 1, op->u->item, op->err);
	if (!r)
		erase(l, at);
	return r;
}

static int refuse_command(const struct op *op)
{
	return refuse(op, -EOPNOTSUPP, "command", "cannot be done in this section");
}

/* Which list it is; of an address, if it is one of DHCP. */
static bool list_of(const struct op *op, struct weir_network_ip **ret_ip, struct list *ret)
{
	struct weir_network *net = op->net;

	*ret_ip = NULL;
	switch ((enum weir_section)op->u->section) {
	case WEIR_SECTION_IP:
		*ret = LIST(net, ips, &wr_ip_table);
		return true;
	case WEIR_SECTION_IP_DHCP_HOST:
	case WEIR_SECTION_IP_DHCP_RANGE:
		*ret_ip = find_ip(op);
		if (!*ret_ip)
			return false;
		*ret = op->u->section == WEIR_SECTION_IP_DHCP_HOST ?
			       LIST(&(*ret_ip)->dhcp, hosts, &wr_host_table) :
			       LIST(&(*ret_ip)->dhcp, ranges, &wr_range_table);
		return true;
	case WEIR_SECTION_FORWARD_INTERFACE:
		*ret = LIST(&net->forward, interfaces, &wr_interface_table);
		return true;
	case WEIR_SECTION_PORTGROUP:
		*ret = LIST(net, portgroups, &wr_portgroup_table);
		return true;
	case WEIR_SECTION_DNS_HOST:
		*ret = LIST(&net->dns, hosts, &wr_dns_host_table);
		return true;
	case WEIR_SECTION_DNS_TXT:
		*ret = LIST(&net->dns, txt, &wr_dns_txt_table);
		return true;
	case WEIR_SECTION_DNS_SRV:
		*ret = LIST(&net->dns, srv, &wr_dns_srv_table);
		return true;
	case WEIR_SECTION_BRIDGE:
	case WEIR_SECTION_DOMAIN:
	case WEIR_SECTION_FORWARD:
	case WEIR_SECTION_FORWARD_PF:
		break;
	}
	return false;
}

static int update_list(const struct op *op)
{
	const struct wr_matching *m = wr_matching(op->u->section, op->compatible);
	wr_alike *like = matcher(m, op->u->command);
	struct weir_network_ip *ip;
	struct list l;
	int r;

	if (!like)
		return refuse_command(op);
	if (!list_of(op, &ip, &l))
		return refuse(op, -ENOENT, "parent", "there is no such address");
	r = op->u->section < WR_COUNT(checks) && checks[op->u->section] ?
		    checks[op->u->section](op, ip) : 0;
	return r ? r : change_list(op, &l, m, like);
}

/* --- sections that are there once ---------------------------------------------------------------------- */

/* Takes the place of what is there; nothing is lost when memory runs out. */
static int replace(const struct wr_table *t, void *old, const void *item, struct weir_error *err)
{
	wr_auto(free) void *copy = malloc(t->size);

	if (!copy)
		return wr_nomem(err);
	if (wr_table_copy(t, copy, item)) {
		wr_table_free(t, copy);
		return wr_nomem(err);
	}
	wr_table_free(t, old);
	memcpy(old, copy, t->size);
	return 0;
}

static int update_whole(const struct op *op, const struct wr_table *t, void *old, bool removable)
{
	static const struct weir_forward nothing; /* larger than all that can be removed */

	if (op->u->command == WEIR_UPDATE_MODIFY)
		return replace(t, old, op->u->item, op->err);
	if (!removable)
		return refuse_command(op);
	if (op->u->command == WEIR_UPDATE_DELETE)
		return replace(t, old, &nothing, op->err);
	return refuse_command(op);
}

/* A name that is left to be made was made long ago. */
static int update_bridge(const struct op *op)
{
	char name[sizeof(op->net->bridge.name)];
	int r;

	wr_copy(name, sizeof(name), op->net->bridge.name);
	r = update_whole(op, wr_find(&wr_network_table, "bridge")->sub, &op->net->bridge, false);
	if (!r && wr_bridge_to_name(op->net))
		wr_copy(op->net->bridge.name, sizeof(op->net->bridge.name), name);
	return r;
}

static int update_domain(const struct op *op)
{
	const struct weir_domain *domain = op->u->item;
	const char *name = op->net->domain.name;

	if (is_add(op) && name)
		return refuse(op, -EEXIST, "", "there is one already");
	if (!is_add(op) && !name)
		return refuse(op, -ENOENT, "", "there is none");
	if (op->u->command == WEIR_UPDATE_DELETE && domain->name && strcmp(name, domain->name))
		return refuse(op, -ENOENT, "name", "is another one");
	return is_add(op) ? replace(&wr_domain_table, &op->net->domain, op->u->item, op->err) :
			    update_whole(op, &wr_domain_table, &op->net->domain, true);
}

static int update_forward(const struct op *op)
{
	return update_whole(op, wr_find(&wr_network_table, "forward")->sub, &op->net->forward,
			    false);
}

static int update_pf(const struct op *op)
{
	const struct weir_forward_interface *pf = op->u->item;
	char *copy = NULL;

	if (!pf->dev)
		return refuse(op, -EINVAL, "dev", "is missing");
	if (is_add(op) && op->net->forward.pf)
		return refuse(op, -EEXIST, "", "there is one already");
	if (!is_add(op) && !op->net->forward.pf)
		return refuse(op, -ENOENT, "", "there is none");
	if (op->u->command == WEIR_UPDATE_DELETE && strcmp(op->net->forward.pf, pf->dev))
		return refuse(op, -ENOENT, "dev", "is another one");
	if (op->u->command != WEIR_UPDATE_DELETE && !(copy = strdup(pf->dev)))
		return wr_nomem(op->err);
	free(op->net->forward.pf);
	op->net->forward.pf = copy;
	return 0;
}

/* --- all sections ----------------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	int (*update)(const struct op *op);
	bool libvirt_refuses;
} sections[] = {
	[WEIR_SECTION_BRIDGE] = { "bridge", update_bridge, true },
	[WEIR_SECTION_DOMAIN] = { "domain", update_domain, true },
	[WEIR_SECTION_IP] = { "ip", update_list, true },
	[WEIR_SECTION_IP_DHCP_HOST] = { "ip-dhcp-host", update_list, false },
	[WEIR_SECTION_IP_DHCP_RANGE] = { "ip-dhcp-range", update_list, false },
	[WEIR_SECTION_FORWARD] = { "forward", update_forward, true },
	[WEIR_SECTION_FORWARD_INTERFACE] = { "forward-interface", update_list, false },
	[WEIR_SECTION_FORWARD_PF] = { "forward-pf", update_pf, true },
	[WEIR_SECTION_PORTGROUP] = { "portgroup", update_list, false },
	[WEIR_SECTION_DNS_HOST] = { "dns-host", update_list, false },
	[WEIR_SECTION_DNS_TXT] = { "dns-txt", update_list, false },
	[WEIR_SECTION_DNS_SRV] = { "dns-srv", update_list, false },
};

const char *weir_section_name(enum weir_section section)
{
	return (unsigned int)section < WR_COUNT(sections) ? sections[section].name : NULL;
}

const struct wr_table *wr_section_table(enum weir_section section)
{
	switch (section) {
	case WEIR_SECTION_BRIDGE:
		return wr_find(&wr_network_table, "bridge")->sub;
	case WEIR_SECTION_DOMAIN:
		return &wr_domain_table;
	case WEIR_SECTION_IP:
		return &wr_ip_table;
	case WEIR_SECTION_IP_DHCP_HOST:
		return &wr_host_table;
	case WEIR_SECTION_IP_DHCP_RANGE:
		return &wr_range_table;
	case WEIR_SECTION_FORWARD:
		return wr_find(&wr_network_table, "forward")->sub;
	case WEIR_SECTION_FORWARD_INTERFACE:
	case WEIR_SECTION_FORWARD_PF:
		return &wr_interface_table;
	case WEIR_SECTION_PORTGROUP:
		return &wr_portgroup_table;
	case WEIR_SECTION_DNS_HOST:
		return &wr_dns_host_table;
	case WEIR_SECTION_DNS_TXT:
		return &wr_dns_txt_table;
	case WEIR_SECTION_DNS_SRV:
		return &wr_dns_srv_table;
	}
	return NULL;
}

static int update(const struct op *op)
{
	if (op->u->section >= WR_COUNT(sections) || !sections[op->u->section].update ||
	    (op->compatible && sections[op->u->section].libvirt_refuses))
		return wr_refuse(op->err, -EOPNOTSUPP, "", "section", "%u cannot be updated",
				 op->u->section);
	if (op->u->command < WEIR_UPDATE_MODIFY || op->u->command > WEIR_UPDATE_ADD_FIRST)
		return wr_refuse(op->err, -EOPNOTSUPP, "", "command", "%u is none", op->u->command);
	return sections[op->u->section].update(op);
}

/* On a copy, which is checked before it takes the definition's place. */
static int update_checked(struct weir_network *net, struct op *op)
{
	struct weir_network *copy, old;
	int r;

	if (weir_network_copy(net, &copy))
		return wr_nomem(op->err);
	op->net = copy;
	r = update(op);
	if (!r)
		r = weir_network_check(copy, op->err);
	if (!r) {
		old = *net;
		*net = *copy;
		*copy = old;
	}
	weir_network_free(copy);
	return r;
}

int weir_network_update_definition(struct weir_network *net, const struct weir_update *u,
				   unsigned int flags, struct weir_error *err)
{
	struct weir_error own = WEIR_ERROR_INIT;
	struct weir_update full;
	struct op op = { .net = net,
			 .u = &full,
			 .compatible = flags & WEIR_UPDATE_COMPATIBLE,
			 .err = err ? err : &own };
	const char *name;
	int r = wr_opts_copy(&full, sizeof(full), u, "update", op.err);

	if (!r && (flags & ~WEIR_UPDATE_COMPATIBLE || !full.item))
		r = refuse(&op, -EINVAL, full.item ? "flags" : "item",
			   full.item ? "are not known" : "is missing");
	if (!r)
		r = op.compatible ? update(&op) : update_checked(net, &op);
	name = r ? weir_section_name(full.section) : NULL;
	if (r && !*op.err->object)
		wr_format(op.err->object, sizeof(op.err->object), "network %s%s%s",
			  net->name ? net->name : "", name ? ", " : "", name ? name : "");
	return r;
}
