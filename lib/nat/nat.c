/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The builders of <weir/nat.h> and their one type of step. A step holds which
 * elements the bridge had before and which it has afterwards. Applying makes the
 * table have the latter, undoing makes it have the former; both look at what is
 * there first, so it does not matter whether, or how often, that was done before.
 *
 * The table appears with the first element and goes with the last.
 */
#include <weir/txn.h>

#include "nat/nat.h"

enum { PART_BRIDGE, PART_BEFORE, PART_AFTER };

/* Work in the handle's namespace, where libnftables opens its socket. */
struct job {
	struct weir *w;
	const char *bridge;
	const char *want;		/* become(): the list */
	struct wr_nat_table table;	/* look(): the result */
	struct weir_error *err;
};

static void close_nft(void *nft)
{
	wr_nft_close(nft);
}

/* The handle's connection to nf_tables, opened when it is first needed. */
static int get_nft(struct job *job, struct wr_nft **ret)
{
	struct wr_nft *nft = weir_context(job->w, &weir_nat_step);
	int r;

	*ret = nft;
	if (nft)
		return wr_nft_check(nft, job->err);
	r = wr_nft_open(&nft, job->err);
	if (r)
		return r;
	*ret = nft;
	r = weir_set_context(job->w, &weir_nat_step, nft, close_nft);
	if (!r)
		return 0;
	wr_nft_close(nft);
	return wr_syserr(job->err, r, "", "connection to nf_tables");
}

static int become(void *arg)
{
	struct job *job = arg;
	struct wr_nft *nft;
	wr_auto(nat_table) struct wr_nat_table table = { 0 };
	int r = get_nft(job, &nft);

	if (r == -EPROTONOSUPPORT && !*job->want)
		return 0;	/* a kernel without nf_tables has nothing to remove */
	if (!r)
		r = wr_nft_read(nft, &table, job->bridge, job->err);
	return r ? r : wr_nft_become(nft, &table, job->want, job->err);
}

static int look(void *arg)
{
	struct job *job = arg;
	struct wr_nft *nft;
	int r = get_nft(job, &nft);

	return r ? r : wr_nft_read(nft, &job->table, job->bridge, job->err);
}

static void format_object(const char *bridge, char buf[64])
{
	wr_format(buf, 64, "nat of bridge %s", bridge);
}

/* --- the step ------------------------------------------------------------------ */

static int run_step(struct weir *w, const struct weir_step *s, unsigned int part,
		    struct weir_error *err)
{
	struct weir_error own = WEIR_ERROR_INIT;
	struct job job = { .w = w, .bridge = weir_step_part(s, PART_BRIDGE).data,
			   .want = weir_step_part(s, part).data, .err = &own };
	int r = weir_in_netns(w, become, &job);

	if (!r)
		return 0;
	if (!own.code)
		wr_syserr(&own, r, "", "the handle's namespace");
	format_object(job.bridge, own.object);
	if (err)
		*err = own;
	return r;
}

static int nat_apply(struct weir *w, const struct weir_step *s, struct weir_error *err)
{
	return run_step(w, s, PART_AFTER, err);
}

static int nat_undo(struct weir *w, const struct weir_step *s, bool applied, struct weir_error *err)
{
	return run_step(w, s, PART_BEFORE, err);
}

static char *nat_plan(const struct weir_step *s)
{
	wr_auto(str) struct wr_str out = { 0 };

	wr_nat_plan(weir_step_part(s, PART_BEFORE).data, weir_step_part(s, PART_AFTER).data, &out);
	return wr_str_take(&out);
}

const struct weir_step_ops weir_nat_step = {
	.sz = sizeof(weir_nat_step), .name = "nat",
	.apply = nat_apply, .undo = nat_undo, .plan = nat_plan,
};

/* --- builders ------------------------------------------------------------------- */

static int put_step(struct weir_txn *t, const char *bridge, const char *before, const char *after)
{
	char object[64];

	format_object(bridge, object);
	return weir_txn_step(t, &weir_nat_step, object,
			     (struct weir_blob[]){ [PART_BRIDGE] = { bridge, strlen(bridge) },
						   [PART_BEFORE] = { before, strlen(before) },
						   [PART_AFTER] = { after, strlen(after) } }, 3);
}

static int build(struct weir_txn *t, const struct weir_nat *nat, bool add, struct weir_error *err)
{
	wr_auto(str) struct wr_str elements = { 0 };
	struct weir_error unseen = WEIR_ERROR_INIT;
	struct weir_nat n = { .sz = sizeof(n) };
	struct job job = { .w = weir_txn_handle(t), .err = &unseen };
	const char *before;
	int r = wr_opts_copy(&n, sizeof(n), nat, "nat", err);

	if (!r)
		r = wr_nat_elements(&n, &elements, err);
	if (r || !elements.len)
		return r;
	job.bridge = n.bridge;
	/* A plan may be made where nobody can look: then everything is as it is usually. */
	if (!weir_in_netns(job.w, look, &job))
		before = wr_str_text(&job.table.own);
	else
		before = add ? "" : elements.data;
	r = job.table.own.failed ? wr_nomem(err) : 0;
	if (!r)
		r = put_step(t, n.bridge, before, add ? elements.data : "");
	wr_nat_table_done(&job.table);
	return r;
}

static int build_or_refuse(struct weir_txn *t, const struct weir_nat *nat, bool add)
{
	struct weir_error err = WEIR_ERROR_INIT;
	int r = weir_txn_error(t, NULL);

	if (!r)
		r = build(t, nat, add, &err);
	return err.code ? weir_txn_refuse(t, &err) : r;
}

int weir_txn_nat_add(struct weir_txn *t, const struct weir_nat *nat)
{
	return build_or_refuse(t, nat, true);
}

int weir_txn_nat_del(struct weir_txn *t, const struct weir_nat *nat)
{
	return build_or_refuse(t, nat, false);
}
