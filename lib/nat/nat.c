/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The builders of <weir/nat.h> and their types of steps, which differ in nothing but
 * the table. A step has the elements of the bridge, or of the port, before it and after
 * it. Applying brings the table to the latter, undoing to the former; both look at what
 * is there first, so it does not matter whether, or how often, that was done before.
 *
 * The table appears with the first element and goes with the last.
 */
#include <weir/link.h>
#include <weir/txn.h>

#include "nat/nat.h"

enum { PART_BRIDGE, PART_BEFORE, PART_AFTER };

struct kind {
	const struct wr_nat_rules *rules;
	const struct weir_step_ops *step;
	const char *object;	/* begins the name of what an error is about */
};

static const struct kind nat_kind = { &wr_nat_rules, &weir_nat_step, "nat of bridge" };
static const struct kind guard_kind = { &wr_guard_rules, &weir_guard_step, "guard of port" };

/* Work in the handle's namespace, where libnftables opens its socket. */
struct job {
	struct weir *w;
	const struct wr_nat_rules *rules;
	const char *bridge;
	const char *want;	/* become(): the list */
	struct wr_str own;	/* look(): the result */
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
	struct wr_nft *nft = weir_context(job->w, &weir_nat_step);
	int r;

	if (nft && wr_nft_send(nft, job->rules, job->bridge, job->want))
		return 0;
	r = get_nft(job, &nft);
	if (r == -EPROTONOSUPPORT && !*job->want)
		return 0;	/* a kernel without nf_tables has nothing to remove */
	return r ? r : wr_nft_become(nft, job->rules, job->bridge, job->want, job->err);
}

static int look(void *arg)
{
	struct job *job = arg;
	struct wr_nft *nft;
	int r = get_nft(job, &nft);

	return r ? r : wr_nft_read(nft, job->rules, job->bridge, &job->own, job->err);
}

static void format_object(const struct kind *kind, const char *bridge, char buf[64])
{
	wr_format(buf, 64, "%s %s", kind->object, bridge);
}

/* --- the steps ----------------------------------------------------------------- */

static int run_step(const struct kind *kind, struct weir *w, const struct weir_step *s,
		    unsigned int part, struct weir_error *err)
{
	struct weir_error own = WEIR_ERROR_INIT;
	struct job job = { .w = w, .rules = kind->rules, .bridge = weir_step_part(s, PART_BRIDGE).data,
			   .want = weir_step_part(s, part).data, .err = &own };
	int r = weir_in_netns(w, become, &job);

	if (!r)
		return 0;
	if (!own.code)
		wr_syserr(&own, r, "", "the handle's namespace");
	format_object(kind, job.bridge, own.object);
	if (err)
		*err = own;
	return r;
}

static char *plan_step(const struct kind *kind, const struct weir_step *s)
{
	wr_auto(str) struct wr_str out = { 0 };

	wr_nat_plan(kind->rules, weir_step_part(s, PART_BEFORE).data,
		    weir_step_part(s, PART_AFTER).data, &out);
	return wr_str_take(&out);
}

static int nat_apply(struct weir *w, const struct weir_step *s, struct weir_error *err)
{
	return run_step(&nat_kind, w, s, PART_AFTER, err);
}

static int nat_undo(struct weir *w, const struct weir_step *s, bool applied, struct weir_error *err)
{
	return run_step(&nat_kind, w, s, PART_BEFORE, err);
}

static char *nat_plan(const struct weir_step *s)
{
	return plan_step(&nat_kind, s);
}

const struct weir_step_ops weir_nat_step = {
	.sz = sizeof(weir_nat_step), .name = "nat",
	.apply = nat_apply, .undo = nat_undo, .plan = nat_plan,
};

static int guard_apply(struct weir *w, const struct weir_step *s, struct weir_error *err)
{
	return run_step(&guard_kind, w, s, PART_AFTER, err);
}

static int guard_undo(struct weir *w, const struct weir_step *s, bool applied,
		      struct weir_error *err)
{
	return run_step(&guard_kind, w, s, PART_BEFORE, err);
}

static char *guard_plan(const struct weir_step *s)
{
	return plan_step(&guard_kind, s);
}

const struct weir_step_ops weir_guard_step = {
	.sz = sizeof(weir_guard_step), .name = "guard",
	.apply = guard_apply, .undo = guard_undo, .plan = guard_plan,
};

/* --- builders ------------------------------------------------------------------- */

static int put_step(struct weir_txn *t, const struct kind *kind, const char *bridge,
		    const char *before, const char *after)
{
	char object[64];

	format_object(kind, bridge, object);
	return weir_txn_step(t, kind->step, object,
			     (struct weir_blob[]){ [PART_BRIDGE] = { bridge, strlen(bridge) },
						   [PART_BEFORE] = { before, strlen(before) },
						   [PART_AFTER] = { after, strlen(after) } }, 3);
}

static int build(struct weir_txn *t, const struct kind *kind, const char *bridge,
		 const struct wr_str *elements, bool add, struct weir_error *err)
{
	struct weir_error unseen = WEIR_ERROR_INIT;
	struct job job = { .w = weir_txn_handle(t), .rules = kind->rules, .bridge = bridge, .err = &unseen };
	const char *before;
	int r;

	if (elements->failed)
		return wr_nomem(err);
	if (!elements->len)
		return 0;
	/* A plan may be made where nobody can look: then everything is as it is usually. */
	if (!weir_in_netns(job.w, look, &job))
		before = wr_str_text(&job.own);
	else
		before = add ? "" : elements->data;
	r = job.own.failed ? wr_nomem(err) : 0;
	if (!r)
		r = put_step(t, kind, bridge, before, add ? elements->data : "");
	wr_str_done(&job.own);
	return r;
}

/* ip finds a link by its alternative names, but nftables compares the name that it has. */
static int check_dev(struct weir_txn *t, const struct weir_nat *nat, struct weir_error *err)
{
	struct weir_link l = { .sz = sizeof(l) };
	char object[64];

	if (!nat->dev || weir_link_get(weir_txn_handle(t), 0, nat->dev, &l, NULL) || !strcmp(l.name, nat->dev))
		return 0;
	format_object(&nat_kind, nat->bridge, object);
	return wr_refuse(err, -EINVAL, object, "dev", "%s is another name of %s: use that one", nat->dev, l.name);
}

static int change_nat(struct weir_txn *t, const struct weir_nat *nat, bool add)
{
	wr_auto(str) struct wr_str elements = { 0 };
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_nat n = { .sz = sizeof(n) };
	int r = weir_txn_error(t, NULL);

	if (!r)
		r = wr_opts_copy(&n, sizeof(n), nat, "nat", &err);
	if (!r)
		r = wr_nat_elements(&n, &elements, &err);
	if (!r && add)
		r = check_dev(t, &n, &err);
	if (!r)
		r = build(t, &nat_kind, n.bridge, &elements, add, &err);
	return err.code ? weir_txn_refuse(t, &err) : r;
}

static int change_guard(struct weir_txn *t, const struct weir_guard *guard, bool add)
{
	wr_auto(str) struct wr_str elements = { 0 };
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_guard g = { .sz = sizeof(g) };
	int r = weir_txn_error(t, NULL);

	if (!r)
		r = wr_opts_copy(&g, sizeof(g), guard, "guard", &err);
	if (!r)
		r = wr_guard_elements(&g, &elements, &err);
	if (!r)
		r = build(t, &guard_kind, g.port, &elements, add, &err);
	return err.code ? weir_txn_refuse(t, &err) : r;
}

int weir_txn_nat_add(struct weir_txn *t, const struct weir_nat *nat)
{
	return change_nat(t, nat, true);
}

int weir_txn_nat_del(struct weir_txn *t, const struct weir_nat *nat)
{
	return change_nat(t, nat, false);
}

int weir_txn_guard_add(struct weir_txn *t, const struct weir_guard *guard)
{
	return change_guard(t, guard, true);
}

int weir_txn_guard_del(struct weir_txn *t, const struct weir_guard *guard)
{
	return change_guard(t, guard, false);
}
