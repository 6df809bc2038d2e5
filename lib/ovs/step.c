/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A port of an Open vSwitch bridge as a step: what the database had of it before,
 * and what it shall have. Both ways look at what is there first and go to the end
 * that is wanted in one transaction of the database, so it does not matter whether,
 * or how often, that was done before. The path of the socket is a part of the step,
 * because undo may run in a process that was not told of it.
 */
#include <stdio.h>

#include "ovs/ovs.h"
#include "ovs/plan.h"

/* As long as a loaded host may take to answer and to act. */
#define TIMEOUT_MS 30000
/* Others may change the same rows between our look and our change. */
#define TRIES 5

enum { PART_SOCKET, PART_BRIDGE, PART_NAME, PART_BEFORE, PART_AFTER };

static const char *text_of(const struct weir_step *s, unsigned int part)
{
	return weir_step_part(s, part).data;
}

/* --- where the database is ------------------------------------------------------------------------- */

static const struct weir_step_ops path_key = { .sz = sizeof(path_key), .name = "ovs-socket" };

int weir_network_use_ovs(struct weir *w, const char *path, struct weir_error *err)
{
	char *own = path ? strdup(path) : NULL;
	int r;

	if (path && !own)
		return wr_nomem(err);
	r = !own || *own != '/' ? -EINVAL : weir_set_context(w, &path_key, own, free);
	if (!r)
		return 0;
	free(own);
	return wr_refuse(err, r, "Open vSwitch", "path",
			 r == -EINVAL ? "must be absolute" : "the handle has been told already");
}

static const char *path_of(const struct weir *w)
{
	static const char run[] = "/run/openvswitch/db.sock", var[] = "/var/run/openvswitch/db.sock";
	const char *told = weir_context(w, &path_key);

	return told ? told : access(run, F_OK) && !access(var, F_OK) ? var : run;
}

/* --- looking ----------------------------------------------------------------------------------------- */

static int look(struct wr_rpc *rpc, const char *bridge, const char *name, struct wr_ovs_state *ret,
		struct weir_error *err)
{
	wr_auto(json) json_t *results = NULL;
	int r = wr_ovsdb_transact(rpc, wr_ovs_select(bridge, name), &results, err);

	return r ? r : wr_ovs_read(ret, results, err);
}

static int look_once(const char *path, const char *bridge, const char *name,
		     struct wr_ovs_state *ret, struct weir_error *err)
{
	wr_auto(rpc) struct wr_rpc rpc = { .fd = -1 };
	int r = wr_rpc_open(&rpc, path, TIMEOUT_MS, err);

	return r ? r : look(&rpc, bridge, name, ret, err);
}

int wr_ovs_has_bridge(struct weir *w, const char *bridge, struct weir_error *err)
{
	wr_auto(ovs_state) struct wr_ovs_state s = { 0 };
	int r = look_once(path_of(w), bridge, "", &s, err);

	return r ? r : s.bridge != NULL;
}

/* --- changing ---------------------------------------------------------------------------------------- */

/* A port under that name that is not ours is not taken away: somebody has put it there since. */
static int check(const struct wr_ovs_state *s, const char *bridge, bool stays, bool *ret_leave,
		 struct weir_error *err)
{
	*ret_leave = !stays && s->port && !s->is_ours;
	if (stays && !s->bridge)
		return wr_refuse(err, -ENODEV, "", "bridge", "Open vSwitch has no bridge %s", bridge);
	if (stays && s->is_elsewhere)
		return wr_refuse(err, -EEXIST, "", "", "is a port of another bridge of Open vSwitch");
	if (s->port && !s->interface && !*ret_leave)
		return wr_refuse(err, -EEXIST, "", "", "is a bond of Open vSwitch");
	return 0;
}

/* The number to wait for, from the last result; 0: nothing was to be done. */
static int change(struct wr_rpc *rpc, const char *bridge, const char *name, const json_t *want,
		  json_int_t *ret_cfg, struct weir_error *err)
{
	wr_auto(ovs_state) struct wr_ovs_state s = { 0 };
	wr_auto(json) json_t *results = NULL;
	json_t *ops;
	bool leave = false;
	size_t n;
	int r = look(rpc, bridge, name, &s, err);

	*ret_cfg = 0;
	if (!r)
		r = check(&s, bridge, !json_is_null(want), &leave, err);
	if (r || leave)
		return r;
	ops = wr_ovs_change(&s, name, want);
	n = json_array_size(ops);
	if (!n) {
		json_decref(ops);
		return ops ? 0 : wr_nomem(err);
	}
	r = wr_ovsdb_transact(rpc, ops, &results, err);
	if (!r)
		json_unpack(json_array_get(results, n - 1), "{s:[{s:I}]}", "rows", "next_cfg", ret_cfg);
	return r;
}

/* What the switch says of the link: it may not have found it. */
static int check_interface(struct wr_rpc *rpc, const char *name, struct weir_error *err)
{
	wr_auto(json) json_t *results = NULL;
	const char *error = NULL;
	int r = wr_ovsdb_transact(rpc, json_pack("[{s:s, s:s, s:[[s, s, s]], s:[s]}]", "op", "select",
						 "table", "Interface", "where", "name", "==", name,
						 "columns", "error"), &results, err);

	if (!r && !json_unpack(json_array_get(results, 0), "{s:[{s:s}]}", "rows", "error", &error))
		r = wr_error(err, -EIO, WEIR_STAGE_PROGRAM, "", "Interface.error", "ovs-vswitchd: %s",
			     error);
	return r;
}

/* Makes it so, and with @ret_cfg says what to wait for. */
static int become(struct wr_rpc *rpc, const char *bridge, const char *name, const char *want_text,
		  json_int_t *ret_cfg, struct weir_error *err)
{
	wr_auto(json) json_t *want = json_loads(want_text, JSON_DECODE_ANY, NULL);
	int r = want ? -EAGAIN : wr_error(err, -EBADMSG, WEIR_STAGE_SYSTEM, "", "", "the step is spoilt");

	for (int i = 0; i < TRIES && r == -EAGAIN; i++)
		r = change(rpc, bridge, name, want, ret_cfg, err);
	return r;
}

static int name_object(const char *name, int r, struct weir_error *err)
{
	if (r && err && !*err->object)
		wr_format(err->object, sizeof(err->object), "Open vSwitch port %s", name);
	return r;
}

/* --- the step ---------------------------------------------------------------------------------------- */

static bool is_none(const struct weir_step *s, unsigned int part)
{
	return !strcmp(text_of(s, part), "null");
}

/* Nobody waits for a port that goes: its link goes with it, and a switch that does not run must not hold that up. */
static int apply(struct wr_rpc *rpc, const struct weir_step *s, struct weir_error *err)
{
	const char *bridge = text_of(s, PART_BRIDGE), *name = text_of(s, PART_NAME);
	json_int_t cfg = 0;
	int r = become(rpc, bridge, name, text_of(s, PART_AFTER), &cfg, err);

	if (r || is_none(s, PART_AFTER))
		return r;
	r = wr_ovsdb_wait(rpc, cfg, err);
	return r ? r : check_interface(rpc, name, err);
}

/* The switch is given time to act, but that it does not is no reason to leave the journal. */
static int ovs_undo(struct weir *w, const struct weir_step *s, bool applied, struct weir_error *err)
{
	wr_auto(rpc) struct wr_rpc rpc = { .fd = -1 };
	struct weir_error own = WEIR_ERROR_INIT;
	json_int_t cfg = 0;
	int r = wr_rpc_open(&rpc, text_of(s, PART_SOCKET), TIMEOUT_MS, &own);

	if (!r)
		r = become(&rpc, text_of(s, PART_BRIDGE), text_of(s, PART_NAME),
			   text_of(s, PART_BEFORE), &cfg, &own);
	if (!r && !is_none(s, PART_BEFORE))
		wr_ovsdb_wait(&rpc, cfg, NULL);
	name_object(text_of(s, PART_NAME), r, &own);
	if (r && err)
		*err = own;
	return r;
}

/* When the answer is lost, it may be done: the way back is a connection of its own. */
static int ovs_apply(struct weir *w, const struct weir_step *s, struct weir_error *err)
{
	wr_auto(rpc) struct wr_rpc rpc = { .fd = -1 };
	struct weir_error own = WEIR_ERROR_INIT;
	int r = wr_rpc_open(&rpc, text_of(s, PART_SOCKET), TIMEOUT_MS, &own);

	if (!r) {
		r = apply(&rpc, s, &own);
		if (r)
			ovs_undo(w, s, false, NULL);
	}
	name_object(text_of(s, PART_NAME), r, &own);
	if (r && err)
		*err = own;
	return r;
}

static char *ovs_plan(const struct weir_step *s)
{
	return wr_ovs_plan(text_of(s, PART_SOCKET), text_of(s, PART_BRIDGE), text_of(s, PART_NAME),
			   text_of(s, PART_BEFORE), text_of(s, PART_AFTER));
}

const struct weir_step_ops wr_ovs_step = {
	.sz = sizeof(wr_ovs_step), .name = "ovs-port",
	.apply = ovs_apply, .undo = ovs_undo, .plan = ovs_plan,
};

/* --- builders ------------------------------------------------------------------------------------------ */

static int put_step(struct weir_txn *t, const struct weir_port *port, const char *path,
		    const char *before, const char *after)
{
	char object[64];

	wr_format(object, sizeof(object), "Open vSwitch port %s", port->name);
	return weir_txn_step(t, &wr_ovs_step, object,
			     (const struct weir_blob[]){
				     [PART_SOCKET] = { path, strlen(path) },
				     [PART_BRIDGE] = { port->bridge, strlen(port->bridge) },
				     [PART_NAME] = { port->name, strlen(port->name) },
				     [PART_BEFORE] = { before, strlen(before) },
				     [PART_AFTER] = { after, strlen(after) } }, 5);
}

/* Takes @want. A plan may be made where nobody can look: then the port is not there, or as it should be. */
static int build(struct weir_txn *t, const struct weir_port *port, json_t *want)
{
	wr_auto(ovs_state) struct wr_ovs_state s = { 0 };
	wr_auto(json) json_t *is = NULL, *after = want;
	wr_auto(free) char *before_text = NULL, *after_text = NULL;
	struct weir_error err = WEIR_ERROR_INIT;
	const char *path = path_of(weir_txn_handle(t));
	bool leave = false;
	int r = weir_txn_error(t, NULL);

	if (r)
		return r;
	r = look_once(path, port->bridge, port->name, &s, &err);
	if (!r)
		r = check(&s, port->bridge, !json_is_null(want), &leave, &err);
	if (r && !weir_txn_is_dry(t)) {
		name_object(port->name, r, &err);
		return weir_txn_refuse(t, &err);
	}
	if (leave)
		return 0;
	is = wr_ovs_document(&s);
	before_text = json_dumps(is, JSON_COMPACT | JSON_ENCODE_ANY);
	after_text = json_dumps(after, JSON_COMPACT | JSON_ENCODE_ANY);
	if (before_text && after_text)
		return put_step(t, port, path, before_text, after_text);
	wr_nomem(&err);
	return weir_txn_refuse(t, &err);
}

int wr_txn_ovs_set(struct weir_txn *t, const struct weir_port *port)
{
	return build(t, port, wr_ovs_wanted(port));
}

int wr_txn_ovs_del(struct weir_txn *t, const struct weir_port *port)
{
	return build(t, port, json_null());
}
