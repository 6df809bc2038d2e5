/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A port's rows in the database, and the operations between two states of them.
 * Pure. The columns are those that libvirt sets, and the one key that says whose a
 * row is. Rows refer to each other:
 *
 *	Bridge.ports -> Port.interfaces -> Interface
 *			Port.qos -> QoS.queues -> Queue
 *
 * Ports and interfaces that nobody refers to go by themselves; QoS and Queue stay
 * until they are deleted. Maps are shared with others (ovn-controller notes things
 * in external_ids), so only our keys in them are changed.
 */
#include <stdio.h>

#include "ovs/ovs.h"

/* external_ids:weir in Port, QoS and Queue is the link's name. */
#define OWNER "weir"

/* Everything that somebody decides, and nothing that the switch reports. */
static const char *const port_columns[] = { "tag", "trunks", "vlan_mode", "other_config", "external_ids",
					    "qos" };
static const char *const interface_columns[] = {
	"type", "options", "mac", "mtu_request", "ofport_request", "other_config", "external_ids",
	"ingress_policing_rate", "ingress_policing_burst",
};
static const char *const qos_columns[] = { "type", "other_config", "external_ids" };
static const char *const queue_columns[] = { "other_config", "external_ids" };

/* Keys of ours in maps. */
static const char *const our_keys[] = { OWNER,	      "transient", "attached-mac", "iface-id",
					"vm-id",      "iface-status", "port-profile" };

/* --- values ---------------------------------------------------------------------------------------- */

static json_t *no_value(void)
{
	return json_pack("[s, []]", "set");
}

static json_t *map(void)
{
	return json_pack("[s, []]", "map");
}

static void put(json_t *m, const char *key, const char *value)
{
	if (value && *value)
		json_array_append_new(json_array_get(m, 1), json_pack("[s, s]", key, value));
}

static void put_number(json_t *m, const char *key, uint64_t number)
{
	char text[32];

	wr_format(text, sizeof(text), "%llu", (unsigned long long)number);
	put(m, key, number ? text : "");
}

static bool is_map(const json_t *value)
{
	const char *type = json_string_value(json_array_get(value, 0));

	return type && !strcmp(type, "map");
}

static const char *map_value(const json_t *m, const char *key)
{
	json_t *pair;
	size_t i;

	json_array_foreach(json_array_get(m, 1), i, pair) {
		const char *name = json_string_value(json_array_get(pair, 0));

		if (name && !strcmp(name, key))
			return json_string_value(json_array_get(pair, 1));
	}
	return NULL;
}

/* --- what a record asks for ------------------------------------------------------------------------ */

static void put_vlans(json_t *port, const struct weir_vlan_tags *vlan)
{
	static const char *const modes[] = { [WEIR_NATIVE_TAGGED] = "native-tagged",
					     [WEIR_NATIVE_UNTAGGED] = "native-untagged" };
	json_t *tag = NULL, *mode = NULL, *trunks = json_array();

	for (size_t i = 0; i < vlan->n_tags; i++) {
		const struct weir_vlan_tag *v = &vlan->tags[i];

		if (vlan->is_trunk)
			json_array_append_new(trunks, json_integer(v->id));
		if (v->native != WEIR_NATIVE_NO && v->native < WR_COUNT(modes) && !mode)
			mode = json_string(modes[v->native]);
		else if (vlan->is_trunk)
			continue;
		json_decref(tag);
		tag = json_integer(v->id);
	}
	json_object_set_new(port, "tag", tag ? tag : no_value());
	json_object_set_new(port, "vlan_mode", mode ? mode : no_value());
	json_object_set_new(port, "trunks", json_pack("[s, o]", "set", trunks));
}

static json_t *port_row(const struct weir_port *p)
{
	json_t *row = json_object(), *ids = map(), *other = map();

	put_vlans(row, &p->vlan);
	put(ids, OWNER, p->name);
	put(other, "transient", "true");
	json_object_set_new(row, "external_ids", ids);
	json_object_set_new(row, "other_config", other);
	json_object_set_new(row, "qos", no_value());
	return row;
}

/* Policing is in kilobits; a rate of 0 is none. */
static void put_policing(json_t *row, const struct weir_rate *out)
{
	const struct {
		const char *column;
		uint64_t bytes;
	} limits[] = { { "ingress_policing_rate", out->average_bytes_per_s },
		       { "ingress_policing_burst", out->burst_bytes } };

	for (size_t i = 0; i < WR_COUNT(limits); i++)
		json_object_set_new(row, limits[i].column,
				    json_integer((json_int_t)((limits[i].bytes * 8 + 999) / 1000)));
}

static json_t *interface_row(const struct weir_port *p)
{
	json_t *row = json_object(), *ids = map();
	char mac[18];

	wr_format(mac, sizeof(mac), "%02x:%02x:%02x:%02x:%02x:%02x", p->mac[0], p->mac[1], p->mac[2],
		  p->mac[3], p->mac[4], p->mac[5]);
	put(ids, "attached-mac", mac);
	put(ids, "iface-id", p->virtualport.interfaceid);
	put(ids, "vm-id", p->owner_uuid);
	put(ids, "iface-status", "active");
	put(ids, "port-profile", p->virtualport.profileid);
	json_object_set_new(row, "external_ids", ids);
	put_policing(row, &p->bandwidth.outbound);
	return row;
}

/* linux-htb counts bits, and limits to max-rate; min-rate is what it guarantees. */
static json_t *limits_of(const struct weir_rate *in)
{
	uint64_t most = in->peak_bytes_per_s ? in->peak_bytes_per_s : in->average_bytes_per_s;
	json_t *m = map();

	put_number(m, "min-rate", in->average_bytes_per_s * 8);
	put_number(m, "max-rate", most * 8);
	put_number(m, "burst", in->burst_bytes * 8);
	return m;
}

static json_t *limit_row(const struct weir_port *p, bool is_qos)
{
	json_t *row = json_object(), *ids = map();

	put(ids, OWNER, p->name);
	put(ids, "ifname", p->name);
	put(ids, "vm-id", p->owner_uuid);
	json_object_set_new(row, "external_ids", ids);
	json_object_set_new(row, "other_config", limits_of(&p->bandwidth.inbound));
	if (is_qos)
		json_object_set_new(row, "type", json_string("linux-htb"));
	return row;
}

json_t *wr_ovs_wanted(const struct weir_port *p)
{
	json_t *doc = json_pack("{s:o, s:o}", "port", port_row(p), "interface", interface_row(p));

	if (doc && p->bandwidth.inbound.average_bytes_per_s) {
		json_object_set_new(doc, "queue", limit_row(p, false));
		json_object_set_new(doc, "qos", limit_row(p, true));
	}
	return doc;
}

/* --- what there is ------------------------------------------------------------------------------------ */

static json_t *select_rows(const char *table, json_t *where, const char *const *columns, size_t n)
{
	json_t *list = json_pack("[s]", "_uuid");

	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, json_string(columns[i]));
	return json_pack("{s:s, s:s, s:[o], s:o}", "op", "select", "table", table, "where", where,
			 "columns", list);
}

static json_t *by_name(const char *name)
{
	return json_pack("[s, s, s]", "name", "==", name);
}

static json_t *by_owner(const char *name)
{
	return json_pack("[s, s, [s, [[s, s]]]]", "external_ids", "includes", "map", OWNER, name);
}

json_t *wr_ovs_select(const char *bridge, const char *name)
{
	static const char *const bridge_columns[] = { "name", "ports" };
#define COLUMNS(list) list, WR_COUNT(list)
	return json_pack("[o, o, o, o, o]",
			 select_rows("Bridge", by_name(bridge), COLUMNS(bridge_columns)),
			 select_rows("Port", by_name(name), COLUMNS(port_columns)),
			 select_rows("Interface", by_name(name), COLUMNS(interface_columns)),
			 select_rows("QoS", by_owner(name), COLUMNS(qos_columns)),
			 select_rows("Queue", by_owner(name), COLUMNS(queue_columns)));
#undef COLUMNS
}

/* ["uuid", "…"] of a row. */
static json_t *uuid_of(const json_t *row)
{
	return json_object_get(row, "_uuid");
}

/* A set of one is written as its one member. */
static bool has_member(const json_t *set, const json_t *uuid)
{
	const char *type = json_string_value(json_array_get(set, 0));
	json_t *member;
	size_t i;

	if (!type || strcmp(type, "set"))
		return json_equal(set, uuid);
	json_array_foreach(json_array_get(set, 1), i, member)
		if (json_equal(member, uuid))
			return true;
	return false;
}

void wr_ovs_state_done(struct wr_ovs_state *s)
{
	json_decref(s->bridge);
	json_decref(s->port);
	json_decref(s->interface);
	json_decref(s->qos);
	json_decref(s->queue);
	*s = (struct wr_ovs_state){ 0 };
}

int wr_ovs_read(struct wr_ovs_state *ret, const json_t *results, struct weir_error *err)
{
	json_t *rows[5];
	const char *owner;

	for (size_t i = 0; i < WR_COUNT(rows); i++) {
		rows[i] = json_object_get(json_array_get(results, i), "rows");
		if (!json_is_array(rows[i]))
			return wr_error(err, -EPROTO, WEIR_STAGE_REPLY, "", "",
					"the database answers without rows");
	}
	*ret = (struct wr_ovs_state){
		.bridge = json_incref(json_array_get(rows[0], 0)),
		.port = json_incref(json_array_get(rows[1], 0)),
		.interface = json_incref(json_array_get(rows[2], 0)),
		.qos = json_incref(rows[3]),
		.queue = json_incref(rows[4]),
	};
	owner = map_value(json_object_get(ret->port, "external_ids"), OWNER);
	ret->is_ours = owner != NULL;
	ret->is_elsewhere = ret->port && !has_member(json_object_get(ret->bridge, "ports"), uuid_of(ret->port));
	return 0;
}

static json_t *row_without_uuid(const json_t *row)
{
	json_t *copy = json_deep_copy(row);

	json_object_del(copy, "_uuid");
	return copy;
}

/* A limit of somebody else's stays a reference to its row; ours is written out, because the row will go. */
json_t *wr_ovs_document(const struct wr_ovs_state *s)
{
	const json_t *qos = json_array_get(s->qos, 0), *queue = json_array_get(s->queue, 0);
	json_t *doc;

	if (!s->port || !s->interface)
		return json_null();
	doc = json_pack("{s:o, s:o}", "port", row_without_uuid(s->port), "interface",
			row_without_uuid(s->interface));
	if (!doc || !qos || !queue || !has_member(json_object_get(s->port, "qos"), uuid_of(qos)))
		return doc;
	json_object_set_new(json_object_get(doc, "port"), "qos", no_value());
	json_object_set_new(doc, "qos", row_without_uuid(qos));
	json_object_set_new(doc, "queue", row_without_uuid(queue));
	return doc;
}

/* --- from one to the other ------------------------------------------------------------------------- */

/* One that memory did not suffice for must not just be missing: null has the server refuse them all. */
static void add_op(json_t *ops, json_t *op)
{
	json_array_append_new(ops, op ? op : json_null());
}

static json_t *where_uuid(const json_t *row)
{
	return json_pack("[[s, s, O]]", "_uuid", "==", uuid_of(row));
}

/* Only as long as nobody has changed meanwhile what the operations behind it are made for. */
static void guard(json_t *ops, const char *table, json_t *where, const char *column, json_t *rows)
{
	add_op(ops, json_pack("{s:s, s:s, s:o, s:[s], s:s, s:o, s:i}", "op", "wait", "table", table,
			      "where", where, "columns", column, "until", "==", "rows", rows, "timeout",
			      0));
}

static void guard_port(json_t *ops, const struct wr_ovs_state *s, const char *name)
{
	guard(ops, "Port", json_pack("[o]", by_name(name)), "_uuid",
	      s->port ? json_pack("[{s:O}]", "_uuid", uuid_of(s->port)) : json_array());
}

static void delete_rows(json_t *ops, const char *table, const json_t *rows)
{
	json_t *row;
	size_t i;

	json_array_foreach(rows, i, row)
		add_op(ops, json_pack("{s:s, s:s, s:o}", "op", "delete", "table", table, "where",
				      where_uuid(row)));
}

static void delete_limits(json_t *ops, const struct wr_ovs_state *s)
{
	delete_rows(ops, "QoS", s->qos);
	delete_rows(ops, "Queue", s->queue);
}

static void insert(json_t *ops, const char *table, const char *as, json_t *row)
{
	add_op(ops, json_pack("{s:s, s:s, s:s, s:o}", "op", "insert", "table", table, "uuid-name", as,
			      "row", row));
}

static json_t *named(const char *as)
{
	return json_pack("[s, s]", "named-uuid", as);
}

/* Returns the new value of Port.qos. */
static json_t *insert_limits(json_t *ops, const json_t *want)
{
	const json_t *queue = json_object_get(want, "queue"), *qos = json_object_get(want, "qos");
	json_t *row;

	if (!queue || !qos)
		return json_incref(json_object_get(json_object_get(want, "port"), "qos"));
	insert(ops, "Queue", "queue", json_deep_copy(queue));
	row = json_deep_copy(qos);
	json_object_set_new(row, "queues", json_pack("[s, [[i, o]]]", "map", 0, named("queue")));
	insert(ops, "QoS", "qos", row);
	return named("qos");
}

static void mutate_ports(json_t *ops, json_t *where, const char *how, json_t *port)
{
	add_op(ops, json_pack("{s:s, s:s, s:o, s:[[s, s, [s, [o]]]]}", "op", "mutate", "table",
			      "Bridge", "where", where, "mutations", "ports", how, "set", port));
}

static json_t *keys(void)
{
	json_t *list = json_array();

	for (size_t i = 0; i < WR_COUNT(our_keys); i++)
		json_array_append_new(list, json_string(our_keys[i]));
	return json_pack("[s, o]", "set", list);
}

/* Columns are set, but of maps only our keys are taken out and put in. */
static void change_row(json_t *ops, const char *table, const json_t *is, const json_t *columns)
{
	json_t *row = json_object(), *mutations = json_array(), *value;
	const char *column;

	json_object_foreach((json_t *)columns, column, value) {
		if (!is_map(value)) {
			json_object_set(row, column, value);
			continue;
		}
		json_array_append_new(mutations, json_pack("[s, s, o]", column, "delete", keys()));
		json_array_append_new(mutations, json_pack("[s, s, O]", column, "insert", value));
	}
	add_op(ops, json_pack("{s:s, s:s, s:o, s:o}", "op", "update", "table", table, "where",
			      where_uuid(is), "row", row));
	add_op(ops, json_pack("{s:s, s:s, s:o, s:o}", "op", "mutate", "table", table, "where",
			      where_uuid(is), "mutations", mutations));
}

static void add_port(json_t *ops, const struct wr_ovs_state *s, const char *name, const json_t *want)
{
	json_t *interface = json_deep_copy(json_object_get(want, "interface"));
	json_t *port = json_deep_copy(json_object_get(want, "port"));

	json_object_set_new(port, "qos", insert_limits(ops, want));
	json_object_set_new(port, "name", json_string(name));
	json_object_set_new(port, "interfaces", named("interface"));
	json_object_set_new(interface, "name", json_string(name));
	insert(ops, "Interface", "interface", interface);
	insert(ops, "Port", "port", port);
	mutate_ports(ops, where_uuid(s->bridge), "insert", named("port"));
}

static void change_port(json_t *ops, const struct wr_ovs_state *s, const json_t *want)
{
	json_t *port = json_deep_copy(json_object_get(want, "port"));

	json_object_set_new(port, "qos", insert_limits(ops, want));
	change_row(ops, "Port", s->port, port);
	change_row(ops, "Interface", s->interface, json_object_get(want, "interface"));
	json_decref(port);
}

/* Rows that go because nobody refers to them count as referring still, so limits are let go of first. */
static void remove_port(json_t *ops, const struct wr_ovs_state *s)
{
	if (json_array_size(s->qos))
		add_op(ops, json_pack("{s:s, s:s, s:o, s:{s:o}}", "op", "update", "table", "Port",
				      "where", where_uuid(s->port), "row", "qos", no_value()));
	mutate_ports(ops, json_pack("[[s, s, O]]", "ports", "includes", uuid_of(s->port)), "delete",
		     json_incref(uuid_of(s->port)));
}

/* The number that ovs-vswitchd repeats when it has acted; its new value is the last result. */
static void ask_for_action(json_t *ops)
{
	add_op(ops, json_pack("{s:s, s:s, s:[], s:[[s, s, i]]}", "op", "mutate", "table", "Open_vSwitch",
			      "where", "mutations", "next_cfg", "+=", 1));
	add_op(ops, json_pack("{s:s, s:s, s:[], s:[s]}", "op", "select", "table", "Open_vSwitch", "where",
			      "columns", "next_cfg"));
}

json_t *wr_ovs_change(const struct wr_ovs_state *s, const char *name, const json_t *want)
{
	bool stays = want && !json_is_null(want);
	json_t *ops = json_array();

	if (!stays && !s->port && !json_array_size(s->qos) && !json_array_size(s->queue))
		return ops;
	guard_port(ops, s, name);
	if (stays)
		guard(ops, "Bridge", where_uuid(s->bridge), "name",
		      json_pack("[{s:O}]", "name", json_object_get(s->bridge, "name")));
	delete_limits(ops, s);
	if (stays && s->port)
		change_port(ops, s, want);
	else if (stays)
		add_port(ops, s, name, want);
	else if (s->port)
		remove_port(ops, s);
	ask_for_action(ops);
	return ops;
}
