/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Definitions as objects: their memory, storing and removing them, listing what
 * is stored and what runs. Starting and stopping is in start.c.
 */
#include <stdio.h>
#include <time.h>

#include <weir/host.h>
#include <weir/link.h>

#include "base/list.h"
#include "dhcp/dhcp.h"
#include "network/check.h"
#include "network/network.h"
#include "network/tables.h"
#include "ovs/ovs.h"

const struct weir_step_ops *const weir_network_steps[] = {
	&weir_nat_step, &weir_guard_step, &wr_hook_step, &wr_ovs_step,
	&weir_group_verify_step,
	NULL,
};

void weir_network_free(struct weir_network *net)
{
	if (!net)
		return;
	wr_table_free(&wr_network_table, net);
	free(net);
}

int weir_network_copy(const struct weir_network *net, struct weir_network **ret)
{
	struct weir_network *copy = malloc(sizeof(*copy));

	if (!copy)
		return -ENOMEM;
	if (wr_table_copy(&wr_network_table, copy, net)) {
		weir_network_free(copy);
		return -ENOMEM;
	}
	*ret = copy;
	return 0;
}

int weir_network_get(struct weir *w, const char *name, int which, struct weir_network **ret,
		     struct weir_error *err)
{
	struct wr_live *live;
	int r;

	if (which && which != WEIR_NETWORK_CONFIG && which != WEIR_NETWORK_LIVE)
		return wr_refuse(err, -EINVAL, "network", "which", "%d is neither live nor config", which);
	if (which == WEIR_NETWORK_CONFIG)
		return wr_store_config(w, name, ret, err);
	r = wr_store_live(w, name, &live, err);
	if (r == -ENOENT && which == 0)
		return wr_store_config(w, name, ret, err);
	if (r)
		return r;
	r = weir_network_copy(&live->net, ret);
	wr_live_free(live);
	return r ? wr_nomem(err) : 0;
}

/* --- defining ------------------------------------------------------------------------------- */

struct neighbours {
	struct weir *w;
	const struct weir_network *net;
	struct weir_error *err;
};

static bool share_bridge(const struct weir_network *a, const struct weir_network *b, char name[16])
{
	if (wr_spread_clash(a, b, name))
		return true;
	wr_copy(name, 16, b->bridge.name);
	return (wr_has_own_bridge(a) || wr_has_own_bridge(b)) && !strcmp(a->bridge.name, b->bridge.name);
}

/* What must not be shared with another stored definition. */
static int compare_config(void *arg, const char *name)
{
	struct neighbours *n = arg;
	struct weir_error why = WEIR_ERROR_INIT;
	struct weir_network *other;
	char bridge[16];
	int r;

	if (!strcmp(name, n->net->name))
		return 0;
	wr_store_config(n->w, name, &other, &why);
	r = wr_pass_over(&why, n->err);
	if (r)	/* a damaged definition is no reason to refuse another one */
		return r < 0 ? r : 0;
	if (!strcasecmp(other->uuid, n->net->uuid))
		r = wr_refuse(n->err, -EEXIST, "", "uuid", "is that of network %s", name);
	else if (share_bridge(n->net, other, bridge))
		r = wr_refuse(n->err, -EEXIST, "", "bridge.name", "%s is that of network %s", bridge, name);
	else
		r = wr_check_apart(n->net, other, n->err);
	weir_network_free(other);
	return r;
}

/* The definition that is stored or, of a transient network, what runs. */
static int find_old(struct weir *w, const char *name, struct weir_network **ret, struct weir_error *err)
{
	int r = wr_store_config(w, name, ret, err);

	return r == -ENOENT && wr_store_has(w, WR_STORE_LIVE, name) ?
		       weir_network_get(w, name, WEIR_NETWORK_LIVE, ret, err) : r;
}

/* Keeps the identity of the definition that is replaced. */
static int keep_identity(struct weir *w, struct weir_network *net, struct weir_error *err)
{
	struct weir_error why = WEIR_ERROR_INIT;
	struct weir_network *old;
	int r = find_old(w, net->name, &old, &why);

	if (r == -ENOENT)
		return 0;
	if (r) {
		*err = why;
		return r;
	}
	if (*net->uuid && strcasecmp(net->uuid, old->uuid))
		r = wr_refuse(err, -EEXIST, "", "uuid", "differs from %s, which has this name",
			      old->uuid);
	wr_copy(net->uuid, sizeof(net->uuid), old->uuid);
	if (wr_bridge_to_name(net) && wr_has_own_bridge(old))
		wr_copy(net->bridge.name, sizeof(net->bridge.name), old->bridge.name);
	if (!net->mac && old->mac && wr_has_own_bridge(net))
		net->mac = wr_take(old->mac);
	weir_network_free(old);
	return r;
}

int weir_txn_network_define(struct weir_txn *t, const struct weir_network *net)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir *w = weir_txn_handle(t);
	struct weir_network *full = NULL;
	struct neighbours n = { .w = w, .err = &err };
	int r = weir_network_check(net, &err);

	if (!r)
		r = weir_network_copy(net, &full) ? wr_nomem(&err) : 0;
	n.net = full;
	if (!r)
		r = keep_identity(w, full, &err);
	if (!r)
		r = wr_complete(w, full, &err);
	if (!r)
		r = wr_store_each(w, WR_STORE_CONFIG, compare_config, &n, &err);
	if (r) {
		wr_format(err.object, sizeof(err.object), "network %s", net->name ? net->name : "");
		weir_txn_refuse(t, &err);
	} else {
		r = wr_txn_store_config(t, full);
	}
	weir_network_free(full);
	return r;
}

int weir_txn_network_undefine(struct weir_txn *t, const char *name)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_network *net;
	int r = wr_store_config(weir_txn_handle(t), name, &net, &err);

	/* A file that cannot be read as a definition can still be removed. */
	if (!name || r == -ENOENT || r == -EACCES || (r && err.stage == WEIR_STAGE_SYSTEM))
		return weir_txn_refuse(t, &err);
	if (!r)
		weir_network_free(net);
	if (wr_store_has(weir_txn_handle(t), WR_STORE_AUTOSTART, name))
		wr_txn_unstore(t, WR_STORE_AUTOSTART, name);
	return wr_txn_unstore(t, WR_STORE_CONFIG, name);
}

int weir_txn_network_autostart(struct weir_txn *t, const char *name, bool on)
{
	struct weir *w = weir_txn_handle(t);
	struct weir_error err = WEIR_ERROR_INIT;
	bool is_on = wr_store_has(w, WR_STORE_AUTOSTART, name);

	if (!wr_store_has(w, WR_STORE_CONFIG, name)) {
		wr_refuse(&err, name ? -ENOENT : -EINVAL, "network", "name", "\"%s\" is not defined", name ? name : "");
		return weir_txn_refuse(t, &err);
	}
	if (on == is_on)
		return 0;
	return on ? wr_txn_store_mark(t, WR_STORE_AUTOSTART, name) :
		    wr_txn_unstore(t, WR_STORE_AUTOSTART, name);
}

/* --- listing ---------------------------------------------------------------------------------- */

struct listing {
	struct weir *w;
	struct wr_masters masters;	/* once there is a network that runs */
	struct weir_network_entry *entries;
	size_t n;
	struct weir_error *err;
};

static struct weir_network_entry *entry_of(struct listing *l, const char *name)
{
	struct weir_network_entry *e;

	for (size_t i = 0; i < l->n; i++)
		if (!strcmp(l->entries[i].name, name))
			return &l->entries[i];
	e = wr_append(l->entries, l->n);
	if (!e)
		return NULL;
	*e = (struct weir_network_entry){ .n_ports_left = WEIR_ROOM_UNLIMITED };
	wr_copy(e->name, sizeof(e->name), name);
	return e;
}

static void describe(struct weir_network_entry *e, const struct weir_network *net)
{
	wr_copy(e->bridge, sizeof(e->bridge), net->bridge.name);
	e->mode = net->forward.mode;
}

static int list_config(void *arg, const char *name)
{
	struct listing *l = arg;
	struct weir_network_entry *e = entry_of(l, name);
	struct weir_network *net;

	if (!e)
		return -ENOMEM;
	e->is_persistent = true;
	e->is_autostart = wr_store_has(l->w, WR_STORE_AUTOSTART, name);
	e->is_damaged = wr_store_config(l->w, name, &net, NULL) != 0;
	if (!e->is_damaged) {
		describe(e, net);
		weir_network_free(net);
	}
	return 0;
}

static bool is_missing(struct weir *w, int ifindex, const char *name)
{
	struct weir_link link = { .sz = sizeof(link) };

	return weir_link_get(w, ifindex, NULL, &link, NULL) || strcmp(link.name, name) != 0;
}

static int list_live(void *arg, const char *name)
{
	struct listing *l = arg;
	struct weir_network_entry *e = entry_of(l, name);
	struct wr_live *live;

	if (!e)
		return -ENOMEM;
	e->is_active = true;
	if (wr_store_live(l->w, name, &live, NULL)) {
		e->is_damaged = true;
		return 0;
	}
	describe(e, &live->net);
	e->bridge_missing = *live->net.bridge.name &&
			    is_missing(l->w, live->bridge_ifindex, live->net.bridge.name);
	for (size_t i = 0; i < live->n_spans; i++)
		e->bridge_missing |= is_missing(l->w, live->spans[i].ifindex, live->spans[i].name);
	if (!l->masters.items)
		wr_masters(l->w, 0, &l->masters, NULL);
	if (l->masters.items)
		e->n_ports_left = wr_room_among(live, &l->masters);
	wr_live_free(live);
	return 0;
}

static int count_port(void *arg, const char *name)
{
	struct listing *l = arg;
	struct weir_port port;
	int r = wr_store_next_port(l->w, name, &port, l->err);

	if (r)
		return r < 0 ? r : 0;
	for (size_t i = 0; i < l->n; i++)
		l->entries[i].n_ports += !strcmp(l->entries[i].name, port.network);
	weir_port_done(&port);
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct weir_network_entry *)a)->name,
		      ((const struct weir_network_entry *)b)->name);
}

int weir_network_list(struct weir *w, struct weir_network_entry **ret, size_t *ret_n,
		      struct weir_error *err)
{
	struct listing l = { .w = w, .err = err };
	int r = 0;

	if (weir_config_dir(w))
		r = wr_store_each(w, WR_STORE_CONFIG, list_config, &l, err);
	if (!r)
		r = wr_store_each(w, WR_STORE_LIVE, list_live, &l, err);
	if (!r)
		r = wr_store_each(w, WR_STORE_PORTS, count_port, &l, err);
	free(l.masters.items);
	if (r) {
		free(l.entries);
		return r == -ENOMEM ? wr_nomem(err) : r;
	}
	if (l.n)
		qsort(l.entries, l.n, sizeof(*l.entries), by_name);
	*ret = l.entries;
	*ret_n = l.n;
	return 0;
}

/* --- leases -------------------------------------------------------------------------------------------------- */

int weir_network_leases(struct weir *w, const char *name, struct weir_lease **ret, size_t *ret_n,
			struct weir_error *err)
{
	struct wr_dhcp_files files;
	struct wr_live *live;
	int r = wr_store_live(w, name, &live, err);

	if (r)
		return r;
	wr_dhcp_paths(weir_state_dir(w), live->net.name, &files);
	wr_live_free(live);
	return wr_dhcp_leases(files.leases, (uint64_t)time(NULL), ret, ret_n, err);
}
