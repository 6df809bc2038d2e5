/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Transactions of the database Open_vSwitch (RFC 7047, 4.1.3 and 5.2). The server
 * answers each operation in its place; the first that failed has the reason, those
 * after it have null, and an error of the commit stands behind the last one.
 */
#include "base/clock.h"
#include "ovs/ovs.h"

/* --- what it refuses ------------------------------------------------------------------------------- */

static const struct {
	const char *error;
	int code;
} codes[] = {
	{ "constraint violation", -EINVAL }, { "referential integrity violation", -EBUSY },
	{ "resources exhausted", -ENOSPC },  { "I/O error", -EIO },
	{ "timed out", -EAGAIN },	     { "permission error", -EPERM },
	{ "not supported", -EOPNOTSUPP },    { "domain error", -ERANGE },
};

static int code_of(const char *error)
{
	for (size_t i = 0; i < WR_COUNT(codes); i++)
		if (!strcmp(codes[i].error, error))
			return codes[i].code;
	return -EPROTO;
}

static const char *text_of(const json_t *object, const char *key, const char *otherwise)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : otherwise;
}

static int refused(const json_t *result, const json_t *op, struct weir_error *err)
{
	const char *error = text_of(result, "error", "");
	const char *details = text_of(result, "details", "");
	const char *table = text_of(op, "table", "");

	return wr_error(err, code_of(error), WEIR_STAGE_PROGRAM, "", table,
			"ovsdb-server refused to %s: %s%s%s", text_of(op, "op", "commit"), error,
			*details ? ": " : "", details);
}

int wr_ovsdb_transact(struct wr_rpc *rpc, json_t *ops, json_t **ret, struct weir_error *err)
{
	wr_auto(json) json_t *asked = json_deep_copy(ops), *results = NULL;
	int r;

	if (!ops || !asked || json_array_insert_new(ops, 0, json_string("Open_vSwitch"))) {
		json_decref(ops);
		return wr_nomem(err);
	}
	r = wr_rpc_call(rpc, "transact", ops, &results, err);
	for (size_t i = 0; i < json_array_size(results) && !r; i++)
		if (json_object_get(json_array_get(results, i), "error"))
			r = refused(json_array_get(results, i), json_array_get(asked, i), err);
	if (!r && json_array_size(results) < json_array_size(asked))
		r = wr_error(err, -EPROTO, WEIR_STAGE_REPLY, "", "", "%s: an answer is missing",
			     rpc->path);
	if (!r && ret)
		*ret = wr_take(results);
	return r;
}

/* --- whether the switch has acted ---------------------------------------------------------------- */

static json_t *select_cfg(void)
{
	return json_pack("{s:s, s:s, s:[], s:[s]}", "op", "select", "table", "Open_vSwitch", "where",
			 "columns", "cur_cfg");
}

static json_t *wait_beyond(json_int_t seen, int64_t ms)
{
	return json_pack("{s:s, s:s, s:[], s:[s], s:s, s:[{s:I}], s:I}", "op", "wait", "table",
			 "Open_vSwitch", "where", "columns", "cur_cfg", "until", "!=", "rows",
			 "cur_cfg", seen, "timeout", (json_int_t)ms);
}

/*
 * ovs-vswitchd copies next_cfg to cur_cfg when it is done. The server is asked to
 * answer when cur_cfg is not what it was, so it is asked as often as that changes.
 */
int wr_ovsdb_wait(struct wr_rpc *rpc, json_int_t cfg, struct weir_error *err)
{
	json_int_t seen = -1;

	for (;;) {
		int64_t left = rpc->deadline_ms - wr_now_ms();
		wr_auto(json) json_t *results = NULL;
		json_t *ops = seen < 0 ? json_pack("[o]", select_cfg()) :
					 json_pack("[o, o]", wait_beyond(seen, left), select_cfg());
		int r = left > 0 ? wr_ovsdb_transact(rpc, wr_take(ops), &results, err) : -ETIME;

		json_decref(ops);
		if (r == -ETIME || r == -EAGAIN)
			return wr_error(err, -ETIME, WEIR_STAGE_PROGRAM, "", "",
					"ovs-vswitchd has not acted in time (cur_cfg %lld, next_cfg %lld); does it run?",
					(long long)seen, (long long)cfg);
		if (r)
			return r;
		json_unpack(json_array_get(results, json_array_size(results) - 1), "{s:[{s:I}]}",
			    "rows", "cur_cfg", &seen);
		if (seen >= cfg)
			return 0;
		seen = seen < 0 ? 0 : seen;
	}
}
