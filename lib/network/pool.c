/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Pools of links and virtual functions: their members, how many ports use each,
 * and which one the next port gets. Use is counted by looking at the ports'
 * records, so it is outside of the definition and cannot go wrong by an update. What
 * a transaction takes is on record only when that is done, so until then the count is
 * the transaction's.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <weir/link.h>

#include "base/context.h"
#include "base/list.h"
#include "base/table.h"
#include "network/check.h"
#include "network/network.h"

bool wr_pool_is_exclusive(const struct weir_port *port)
{
	return port->plug == WEIR_PLUG_HOSTDEV || port->direct_mode == WEIR_DIRECT_PASSTHROUGH ||
	       (port->direct_mode == WEIR_DIRECT_PRIVATE &&
		port->virtualport.type == WEIR_VIRTUALPORT_8021QBH);
}

int weir_pool_pick(const struct weir_port *port, const struct weir_pool_entry *pool, size_t n,
		   size_t *ret, struct weir_error *err)
{
	size_t best = 0;

	if (!n)
		return wr_refuse(err, -ENODEV, "port", "forward", "network %s has an empty pool",
				 port->network);
	for (size_t i = 1; i < n; i++)
		if (pool[i].n_ports < pool[best].n_ports)
			best = i;
	if (wr_pool_is_exclusive(port) && pool[best].n_ports)
		return wr_refuse(err, -EBUSY, "port", "forward",
				 "all %zu of network %s's pool are in use", n, port->network);
	*ret = best;
	return 0;
}

/* --- its members ---------------------------------------------------------------------------------- */

struct pool {
	struct weir_pool_entry *items;
	size_t n;
	const char *pf;
	bool want_dev;
};

static int add_entry(struct pool *p, const char *dev, const char *pci)
{
	struct weir_pool_entry *e = wr_append(p->items, p->n);

	if (!e)
		return -ENOMEM;
	*e = (struct weir_pool_entry){ 0 };
	wr_copy(e->dev, sizeof(e->dev), dev);
	wr_copy(e->pci, sizeof(e->pci), pci);
	return 0;
}

/* All functions of the pf, in their order; in the namespace that has it. */
static int list_functions(void *arg)
{
	struct pool *p = arg;
	char path[128], target[PATH_MAX], dev[16];
	const char *pci;
	ssize_t len;
	int r = 0;

	for (unsigned int i = 0; !r; i++) {
		wr_format(path, sizeof(path), "/sys/class/net/%s/device/virtfn%u", p->pf, i);
		len = readlink(path, target, sizeof(target) - 1);
		if (len < 0)
			break;
		target[len] = '\0';
		pci = strrchr(target, '/');
		*dev = '\0';
		if (!p->want_dev)
			r = add_entry(p, "", pci ? pci + 1 : target);
		else
			r = wr_link_of_function(path, dev);
		if (!r && *dev)
			r = add_entry(p, dev, "");
	}
	return r;
}

static int list_members(struct weir *w, const struct weir_network *net, struct pool *p)
{
	const struct weir_forward *f = &net->forward;
	int r = 0;

	for (size_t i = 0; i < f->n_interfaces && !r; i++)
		r = add_entry(p, f->interfaces[i].dev, "");
	for (size_t i = 0; i < f->n_addresses && !r; i++)
		r = add_entry(p, "", f->addresses[i].pci);
	p->pf = f->pf;
	p->want_dev = f->mode != WEIR_FORWARD_HOSTDEV;
	return r || !f->pf ? r : weir_in_netns(w, list_functions, p);
}

/* --- how many ports use each ---------------------------------------------------------------------- */

/* Of a record that is damaged the link tells what it stands on, as long as it is here. */
static int count_below(struct weir *w, const char *name, struct pool *p, struct weir_error *err)
{
	struct weir_link l = { .sz = sizeof(l) }, below = { .sz = sizeof(below) };
	struct weir_error why = WEIR_ERROR_INIT;
	int r = wr_check_ifname(name) ? -ENODEV : weir_link_get(w, 0, name, &l, &why);
	const bool is_direct = !r && (l.kind == WEIR_LINK_MACVTAP || l.kind == WEIR_LINK_MACVLAN) &&
			       !(l.has & WEIR_LINK_LOWER_NETNSID);

	if (!r)
		r = is_direct ? weir_link_get(w, (int)l.lower, NULL, &below, &why) : -ENODEV;
	for (size_t i = 0; !r && i < p->n; i++)
		p->items[i].n_ports += *below.name && !strcmp(p->items[i].dev, below.name);
	if (r && r != -ENODEV && err)
		*err = why;
	return r == -ENODEV ? 0 : r;
}

static int count_damaged(struct weir *w, const struct weir_network *net, struct pool *p, struct weir_error *err)
{
	struct weir_damaged_port *list = NULL;
	size_t n = 0;
	int r = weir_port_list_damaged(w, net->name, &list, &n, err);

	for (size_t i = 0; i < n && !r; i++)
		r = count_below(w, list[i].name, p, err);
	free(list);
	return r;
}

static int count(struct weir *w, const struct weir_network *net, struct pool *p, struct weir_error *err)
{
	struct weir_port *ports = NULL;
	size_t n = 0;
	int r = list_members(w, net, p);

	if (r == -ENOMEM)
		wr_nomem(err);
	if (!r)
		r = weir_port_list(w, net->name, &ports, &n, err);
	if (r > 0)
		r = count_damaged(w, net, p, err);
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < p->n; k++)
			p->items[k].n_ports += *p->items[k].dev ?
						       !strcmp(p->items[k].dev, ports[i].dev) :
						       !strcmp(p->items[k].pci, ports[i].pci);
	weir_ports_free(ports, n);
	return r;
}

/* --- for a transaction ---------------------------------------------------------------------------- */

/* The pools that it has looked at. */
struct seen {
	struct seen_pool {
		char network[256];
		struct pool pool;
	} *items;
	size_t n;
};

static const char key;	/* only its address counts */

static void forget(void *arg)
{
	struct seen *seen = arg;

	for (size_t i = 0; i < seen->n; i++)
		free(seen->items[i].pool.items);
	free(seen->items);
	free(seen);
}

int wr_pool(struct weir_txn *t, const struct weir_network *net, struct weir_pool_entry **ret, size_t *ret_n,
	    struct weir_error *err)
{
	struct seen *seen = wr_txn_kept(t, &key, sizeof(*seen), forget);
	struct seen_pool *p = NULL;
	int r = 0;

	for (size_t i = 0; seen && !p && i < seen->n; i++)
		p = strcmp(seen->items[i].network, net->name) ? NULL : &seen->items[i];
	if (!p) {
		p = seen ? wr_append(seen->items, seen->n) : NULL;
		if (!p)
			return wr_nomem(err);
		*p = (struct seen_pool){ .network = "" };
		r = count(weir_txn_handle(t), net, &p->pool, err);
		wr_copy(p->network, sizeof(p->network), r ? "" : net->name);
	}
	*ret = p->pool.items;
	*ret_n = p->pool.n;
	return r;
}
