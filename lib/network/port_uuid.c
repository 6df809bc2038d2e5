/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which port has a uuid: STATE_DIR/uuids/UUID.json holds its name. So a port that is attached
 * among a thousand costs one look, and not a thousand. The record is the truth: an entry
 * whose port has gone or has another uuid counts for nothing. A uuid is one port's in all
 * networks, because claims of virtual functions are told apart by it.
 */
#include <stdio.h>
#include <strings.h>

#include "base/context.h"
#include "base/list.h"
#include "network/network.h"

static int refuse(const struct weir_port *port, const char *name, const char *network, struct weir_error *err)
{
	char object[64];

	wr_format(object, sizeof(object), "port %s", port->name);
	return wr_refuse(err, -EEXIST, object, "uuid", "is that of port %s of network %s", name, network);
}

static int refuse_damaged(struct weir *w, const struct weir_port *port, const char *name, struct weir_error *err)
{
	char object[64];

	wr_format(object, sizeof(object), "port %s", port->name);
	return wr_refuse(err, -EEXIST, object, "uuid",
			 "is that of port %s, whose record %s/ports/%s.json is damaged: detach it first", name,
			 weir_state_dir(w), name);
}

/* --- on record ---------------------------------------------------------------------------------- */

struct claim {
	struct weir *w;
	const struct weir_port *port;
	struct weir_error *err;
};

/* 1: it cannot be read, or is not there. */
static int check_port(const struct claim *c, const char *name)
{
	struct weir_port other = { .sz = sizeof(other) };
	int r = wr_store_next_port(c->w, name, &other, c->err);

	if (r)
		return r;
	if (!strcasecmp(other.uuid, c->port->uuid))
		r = refuse(c->port, other.name, other.network, c->err);
	weir_port_done(&other);
	return r;
}

static int check_record(void *arg, const char *name)
{
	int r = check_port(arg, name);

	return r < 0 ? r : 0;
}

/* Ports that were attached before there were entries are known by their records alone. */
static int check_records(struct claim *c)
{
	size_t n_ports = 0, n_entries = 0;
	int r = wr_store_most(c->w, WR_STORE_PORTS, &n_ports, c->err);

	if (!r)
		r = wr_store_most(c->w, WR_STORE_UUIDS, &n_entries, c->err);
	return r || n_ports <= n_entries ? r : wr_store_each(c->w, WR_STORE_PORTS, check_record, c, c->err);
}

static int check_others(struct weir *w, const struct weir_port *port, struct weir_error *err)
{
	struct claim c = { w, port, err };
	struct weir_port entry = { .sz = sizeof(entry) };
	int r = wr_store_next_uuid(w, port->uuid, &entry, err);

	if (r > 0)
		return check_records(&c);
	if (!r)
		r = check_port(&c, entry.name);
	if (r > 0 && wr_store_has(w, WR_STORE_PORTS, entry.name))
		return refuse_damaged(w, port, entry.name, err);
	return r < 0 ? r : 0;
}

bool wr_port_uuid_is_noted(struct weir *w, const struct weir_port *port)
{
	struct weir_port entry = { .sz = sizeof(entry) };

	return !wr_store_next_uuid(w, port->uuid, &entry, NULL) && !strcmp(entry.name, port->name);
}

struct search {
	struct weir *w;
	const char *name;
	char *ret;
	struct weir_error *err;
};

static int look_at(void *arg, const char *uuid)
{
	struct search *s = arg;
	struct weir_port entry = { .sz = sizeof(entry) };
	int r = wr_store_next_uuid(s->w, uuid, &entry, s->err);

	if (r || strcmp(entry.name, s->name))
		return r < 0 ? r : 0;
	wr_copy(s->ret, sizeof(entry.uuid), uuid);
	return 1;
}

int wr_port_uuid_find(struct weir *w, const char *name, char ret[37], struct weir_error *err)
{
	struct search s = { .w = w, .name = name, .ret = ret, .err = err };
	int r = wr_store_each(w, WR_STORE_UUIDS, look_at, &s, err);

	return r < 0 ? r : 0;
}

/* --- in the transaction ------------------------------------------------------------------------- */

struct owner {
	char name[16], network[256], uuid[37];
};

/* Ports that the transaction attaches: they are not on record yet. */
struct taken {
	struct owner *ports;
	size_t n;
};

static const char key;	/* only its address counts */

static int check_taken(const struct taken *taken, const struct weir_port *port, struct weir_error *err)
{
	for (size_t i = 0; i < taken->n; i++)
		if (!strcasecmp(taken->ports[i].uuid, port->uuid))
			return refuse(port, taken->ports[i].name, taken->ports[i].network, err);
	return 0;
}

bool wr_port_name_is_taken(struct weir_txn *t, const char *name)
{
	const struct taken *taken = weir_txn_kept(t, &key);
	size_t i = 0;

	while (taken && i < taken->n && strcmp(taken->ports[i].name, name) != 0)
		i++;
	return taken && i < taken->n;
}

int wr_port_uuid_take(struct weir_txn *t, struct weir_port *port, struct weir_error *err)
{
	struct taken *taken = wr_txn_kept(t, &key, sizeof(*taken), wr_kept_list_free);
	struct owner *more;
	int r = taken ? 0 : wr_nomem(err);

	if (!r && *port->uuid) {
		r = check_others(weir_txn_handle(t), port, err);
		if (!r)
			r = check_taken(taken, port, err);
	} else if (!r) {
		wr_make_uuid(port->uuid);
	}
	if (r)
		return r;
	more = wr_append(taken->ports, taken->n);
	if (!more)
		return wr_nomem(err);
	wr_copy(more->name, sizeof(more->name), port->name);
	wr_copy(more->network, sizeof(more->network), port->network);
	wr_copy(more->uuid, sizeof(more->uuid), port->uuid);
	return 0;
}
