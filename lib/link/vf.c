/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Settings of VFs as steps. They are no rtnetlink steps like others: drivers
 * differ in what they take, the kernel carries an RTM_SETLINK out up to the
 * first setting that the driver refuses and does not say which that was, and
 * what a driver accepted is only known after reading it back. So a step sends
 * everything in one message, and when that is refused, each setting by itself.
 */
#include <linux/if_link.h>
#include <stdio.h>

#include "link/vf.h"

/* VFs in one message: each takes some 200 bytes of a nest that ends at 64 KB. */
#define PER_MESSAGE 128

enum { PART_PF, PART_WANT, PART_OLD };

struct pf_part {
	int32_t ifindex;
	bool restore;	/* what is as wanted is not sent, and refusals don't count */
	char name[16];
};

/* One apply() or undo() at work. */
struct work {
	struct weir *w;
	struct pf_part pf;
	const struct weir_vf_config *want;
	size_t n;
	struct wr_vf_state now;
	uint64_t *send;		/* for each of want: what is sent */
	uint64_t *refused;	/* for each of want: what the driver refused */
};

static void work_done(struct work *k)
{
	wr_vf_state_done(&k->now);
	free(k->send);
	free(k->refused);
}

static struct pf_part pf_of(const struct weir_step *s)
{
	struct weir_blob part = weir_step_part(s, PART_PF);
	struct pf_part pf = { 0 };

	memcpy(&pf, part.data, part.len < sizeof(pf) ? part.len : sizeof(pf));
	return pf;
}

/* Whether the driver may refuse these: some report settings that they have no way to set. */
static bool may_be_refused(const struct work *k, size_t i, uint64_t bits, int code)
{
	if (k->pf.restore)
		return code == -EOPNOTSUPP || code == -EINVAL || code == -EPROTONOSUPPORT;
	return !(bits & k->want[i].has & ~k->want[i].best_effort);
}

static void name_vf(const struct work *k, size_t i, char object[64])
{
	wr_format(object, 64, "vf %u of %s", k->want[i].vf, k->pf.name);
}

/* --- what has to be sent -------------------------------------------------------------- */

static uint64_t differing(const struct weir_vf_config *want, const struct weir_vf_config *now)
{
	uint64_t diff = wr_table_diff(&wr_vf_config_table, want, now);
	uint64_t bits = 0;

	for (size_t i = 0; i < WR_VF_GROUPS; i++)
		if (diff & wr_vf_groups[i].bits)
			bits |= wr_vf_groups[i].bits;
	return bits;
}

/* What a tag has besides its number: where there was none, or shall be none, nothing of that could stay. */
static uint64_t leave_tag(struct weir_vf_config *c, const struct weir_vf_config *now)
{
	if (!(c->has & WEIR_VF_VLAN) || (c->vlan && now->vlan))
		return 0;
	c->qos = c->has & WEIR_VF_QOS ? c->qos : 0;
	c->vlan_protocol = c->has & WEIR_VF_VLAN_PROTOCOL ? c->vlan_protocol : 0;
	return WEIR_VF_QOS | WEIR_VF_VLAN_PROTOCOL;
}

/* Members that the caller leaves open in a group of which he sets others stay as they are. */
static void complete(struct weir_vf_config *c, const struct weir_vf_config *now)
{
	const uint64_t left = leave_tag(c, now);

	for (size_t g = 0; g < WR_VF_GROUPS; g++) {
		uint64_t open = wr_vf_groups[g].bits & ~c->has & now->has & ~left;

		if (!(wr_vf_groups[g].bits & c->has))
			continue;
		if (!(wr_vf_groups[g].bits & c->has & ~c->best_effort))
			c->best_effort |= open;
		c->has |= open;
		for (size_t i = 0; i < wr_vf_config_table.n; i++)
			if (wr_bit(&wr_vf_config_table.fields[i]) & open)
				memcpy(wr_member(&wr_vf_config_table.fields[i], c),
				       wr_member(&wr_vf_config_table.fields[i], now),
				       wr_vf_config_table.fields[i].size);
	}
}

static int choose(struct work *k, struct weir_error *err)
{
	k->send = calloc(k->n, sizeof(*k->send));
	k->refused = calloc(k->n, sizeof(*k->refused));
	if (!k->send || !k->refused)
		return wr_nomem(err);
	for (size_t i = 0; i < k->n; i++) {
		const struct weir_vf_config *now = wr_vf_find(k->now.vfs, k->now.n, k->want[i].vf);
		char object[64];

		name_vf(k, i, object);
		if (!now && k->pf.restore)
			continue;
		if (!now)
			return wr_error(err, -ENOENT, WEIR_STAGE_SYSTEM, object, "", "has gone");
		k->send[i] = differing(&k->want[i], now);
		if (!k->pf.restore)
			k->send[i] |= k->want[i].has & WEIR_VF_MAC;
	}
	return 0;
}

/* --- sending ----------------------------------------------------------------------------- */

/* Everything in as few messages as there can be. */
static int send_together(struct work *k, struct weir_error *err)
{
	wr_auto(batch) struct wr_batch b = { 0 };
	size_t in_message = 0, nest = 0;

	for (size_t i = 0; i < k->n; i++) {
		if (!k->send[i])
			continue;
		if (!in_message)
			nest = wr_vf_begin(&b, k->pf.ifindex);
		wr_vf_put(&b, &k->want[i], k->send[i]);
		if (++in_message < PER_MESSAGE)
			continue;
		wr_nest_end(&b, nest);
		in_message = 0;
	}
	if (in_message)
		wr_nest_end(&b, nest);
	return b.n ? wr_sock_run(&k->w->sock, &b, NULL, NULL, err) : 0;
}

/* What the driver's bare errno means, as far as its neighbours tell. */
static const char *meaning(const struct work *k, size_t i, uint16_t attr, int code)
{
	if (code == -EOPNOTSUPP)
		return "the driver has no such setting";
	if (code == -EPERM)
		return "CAP_NET_ADMIN is needed in the namespace's user namespace";
	if (code == -EPROTONOSUPPORT)
		return "the driver knows vlans of 802.1Q only";
	if (code != -EINVAL)
		return "";
	if (attr == IFLA_VF_MAC)
		return "the driver takes no such address";
	if (attr == IFLA_VF_RATE && k->want[i].min_rate_mbit_per_s)
		return "the driver takes no guaranteed rate, or not this one";
	if (attr == IFLA_VF_RATE && !k->now.has_carrier)
		return "the PF has no carrier, and without its speed the driver takes no rate";
	if (attr == IFLA_VF_RATE)
		return "the driver takes no such rate; it is above the speed of the link, perhaps";
	return "";
}

/* Of the members of a group the one that is the reason, as far as that can be told. */
static const char *culprit(const struct work *k, size_t i, const struct wr_vf_group *g, int code)
{
	const struct weir_vf_config *c = &k->want[i];
	uint64_t bits = g->bits & c->has;

	if (code == -EPROTONOSUPPORT && bits & WEIR_VF_VLAN_PROTOCOL)
		bits = WEIR_VF_VLAN_PROTOCOL;
	if (g->attr == IFLA_VF_RATE && !c->min_rate_mbit_per_s && bits & WEIR_VF_MAX_RATE)
		bits = WEIR_VF_MAX_RATE;
	for (size_t row = 0; row < wr_vf_config_table.n; row++)
		if (wr_bit(&wr_vf_config_table.fields[row]) & bits)
			return wr_vf_config_table.fields[row].name;
	return "";
}

static int refusal(const struct work *k, size_t i, const struct wr_vf_group *g,
		   const struct wr_result *result, struct weir_error *err)
{
	const char *words = meaning(k, i, g->attr, result->code);
	char object[64];

	name_vf(k, i, object);
	return wr_error(err, result->code, WEIR_STAGE_KERNEL, object, culprit(k, i, g, result->code),
			"%s%s%s", result->msg, *result->msg && *words ? "; " : "", words);
}

/* Each setting in a message of its own, one after the other in one batch: who was refused? */
static int send_apart(struct work *k, struct weir_error *err)
{
	wr_auto(free) struct wr_result *results = calloc(k->n * WR_VF_GROUPS, sizeof(*results));
	struct weir_error own = WEIR_ERROR_INIT;
	wr_auto(batch) struct wr_batch b = { 0 };
	uint32_t m = UINT32_MAX;
	int r;

	if (!results)
		return wr_nomem(err);
	for (size_t i = 0; i < k->n; i++)
		for (size_t g = 0; g < WR_VF_GROUPS; g++)
			if (wr_vf_groups[g].bits & k->send[i]) {
				size_t nest = wr_vf_begin(&b, k->pf.ifindex);

				wr_vf_put(&b, &k->want[i], wr_vf_groups[g].bits);
				wr_nest_end(&b, nest);
			}
	r = wr_sock_run(&k->w->sock, &b, results, &m, &own);
	if (r && m == UINT32_MAX) {	/* no refusal of one of them */
		if (err)
			*err = own;
		return r;
	}
	m = 0;
	for (size_t i = 0; i < k->n; i++)
		for (size_t g = 0; g < WR_VF_GROUPS; g++) {
			const struct wr_vf_group *group = &wr_vf_groups[g];

			if (!(group->bits & k->send[i]) || results[m++].code >= 0)
				continue;
			if (!may_be_refused(k, i, group->bits, results[m - 1].code))
				return refusal(k, i, group, &results[m - 1], err);
			k->refused[i] |= group->bits & k->want[i].has;
		}
	return 0;
}

/* --- after sending: is it so? --------------------------------------------------------------- */

static int complain(const struct work *k, size_t i, uint64_t diff, const struct weir_vf_config *now,
		    struct weir_error *err)
{
	wr_auto(str) struct wr_str is = { 0 }, want = { 0 };
	const struct wr_field *f = wr_vf_config_table.fields;
	char object[64];

	while (!(wr_bit(f) & diff))
		f++;
	name_vf(k, i, object);
	wr_field_text(f, now, &is);
	wr_field_text(f, &k->want[i], &want);
	return wr_error(err, -EIO, WEIR_STAGE_REPLY, object, f->name,
			"the driver took %s, but reports %s", wr_str_text(&want), wr_str_text(&is));
}

static int verify(struct work *k, struct weir_error *err)
{
	int r;

	wr_vf_state_done(&k->now);
	r = wr_vf_read(k->w, k->pf.ifindex, &k->now, err);
	for (size_t i = 0; i < k->n && !r; i++) {
		const struct weir_vf_config *now = wr_vf_find(k->now.vfs, k->now.n, k->want[i].vf);
		uint64_t diff = now ? wr_table_diff(&wr_vf_config_table, &k->want[i], now) & now->has : 0;

		diff &= ~k->refused[i];
		if (diff && !may_be_refused(k, i, diff, -EINVAL))
			r = complain(k, i, diff, now, err);
		else
			k->refused[i] |= diff;
	}
	return r;
}

static int carry_out(struct work *k, struct weir_error *err)
{
	int r = wr_vf_read(k->w, k->pf.ifindex, &k->now, err);

	if (!r)
		r = choose(k, err);
	if (r)
		return r;
	if (send_together(k, NULL))
		r = send_apart(k, err);
	return r ? r : verify(k, err);
}

/* --- the steps ------------------------------------------------------------------------------- */

static int configs_of(const struct weir_step *s, int part, struct work *k, struct weir_error *err)
{
	struct weir_blob blob = weir_step_part(s, (unsigned int)part);
	const struct weir_vf_config *c = blob.data;

	k->pf = pf_of(s);
	k->want = c;
	k->n = blob.len / sizeof(*c);
	if (blob.len % sizeof(*c) || (k->n && c->sz != sizeof(*c)))
		return wr_error(err, -EBADMSG, WEIR_STAGE_INPUT, s->object, "",
				"was noted by another version of weir");
	return 0;
}

/* A PF that is gone has taken its VFs along. */
static int restore(struct weir *w, const struct weir_step *s, struct weir_error *err)
{
	struct work k = { .w = w };
	int r = configs_of(s, PART_OLD, &k, err);

	k.pf.restore = true;
	if (!r)
		r = carry_out(&k, err);
	work_done(&k);
	return r == -ENODEV ? 0 : r;
}

static int vf_apply(struct weir *w, const struct weir_step *s, struct weir_error *err)
{
	struct work k = { .w = w };
	int r = configs_of(s, PART_WANT, &k, err);

	if (!r && k.n)
		r = carry_out(&k, err);
	if (r && k.send)
		restore(w, s, NULL);
	if (!r && k.n && s->local)
		memcpy(s->local, k.refused, k.n * sizeof(*k.refused));
	work_done(&k);
	return r == -ENODEV && k.pf.restore ? 0 : r;
}

static int vf_undo(struct weir *w, const struct weir_step *s, bool applied, struct weir_error *err)
{
	return restore(w, s, err);
}

const struct weir_step_ops wr_vf_ops = {
	.sz = sizeof(wr_vf_ops), .name = "vf", .apply = vf_apply, .undo = vf_undo,
};

/* --- building ---------------------------------------------------------------------------------- */

static void plan(struct weir_txn *t, struct weir_step *s, const struct pf_part *pf,
		 const struct weir_vf_config *want, size_t n)
{
	wr_auto(str) struct wr_str lines = { 0 };

	for (size_t i = 0; i < n; i++) {
		wr_auto(str) struct wr_str line = { 0 };

		wr_table_text(&wr_vf_config_table, &want[i], &line);
		wr_str_printf(&lines, "%sip link set dev %s %s", i ? "\n" : "", pf->name,
			      wr_str_text(&line));
	}
	wr_step_plan(t, s, "%s", wr_str_text(&lines));
}

static int check_one(const struct pf_part *pf, const struct wr_vf_state *now,
		     struct weir_vf_config *c, struct weir_error *err)
{
	const struct weir_vf_config *is = wr_vf_find(now->vfs, now->n, c->vf);
	char object[64];
	int r;

	wr_format(object, sizeof(object), "vf %u of %s", c->vf, pf->name);
	r = wr_table_check(&wr_vf_config_table, c, err);
	if (r && err)
		wr_copy(err->object, sizeof(err->object), object);
	if (r || (!is && pf->restore))
		return r;
	if (!is)
		return wr_refuse(err, -ENOENT, object, "", "is not there: the link has %zu", now->n);
	complete(c, is);
	return 0;
}

/* Copies what the caller gave, which may be an older caller's and smaller. */
static int copy_configs(const struct weir_vf_config *configs, size_t n, struct weir_vf_config **ret,
			struct weir_error *err)
{
	struct weir_vf_config *copy = calloc(n ? n : 1, sizeof(*copy));
	const char *from = (const char *)configs;
	int r = copy ? 0 : wr_nomem(err);

	for (size_t i = 0; i < n && !r; i++)
		r = wr_opts_copy(&copy[i], sizeof(*copy), from + i * configs->sz, "VF settings", err);
	for (size_t i = 0; i < n && !r; i++)
		copy[i].sz = sizeof(*copy);
	*ret = copy;
	return r;
}

static struct weir_step *add(struct weir_txn *t, const struct pf_part *pf,
			     const struct weir_vf_config *want, size_t n,
			     const struct wr_vf_state *old)
{
	char object[64];

	wr_format(object, sizeof(object), "VFs of %s", pf->name);
	return wr_txn_add(t, &wr_vf_ops, object,
			  (struct weir_blob[]){ [PART_PF] = { pf, sizeof(*pf) },
						[PART_WANT] = { want, n * sizeof(*want) },
						[PART_OLD] = { old->vfs, old->n * sizeof(*old->vfs) } }, 3);
}

/* The old settings of those VFs only that are touched. */
static void keep_touched(struct wr_vf_state *old, const struct weir_vf_config *want, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < old->n; i++)
		if (wr_vf_find(want, n, old->vfs[i].vf))
			old->vfs[kept++] = old->vfs[i];
	old->n = kept;
}

static int change(struct weir_txn *t, int pf_ifindex, bool is_restore,
		  const struct weir_vf_config *configs, size_t n, uint64_t *ret_refused)
{
	struct pf_part pf = { .ifindex = pf_ifindex, .restore = is_restore };
	wr_auto(free) struct weir_vf_config *want = NULL;
	wr_auto(vf_state) struct wr_vf_state now = { 0 };
	struct weir_error err = WEIR_ERROR_INIT;
	char object[64];
	struct weir_step *s;
	int r = n && !configs ? wr_refuse(&err, -EINVAL, "PF", "configs", "are missing") : copy_configs(configs, n, &want, &err);

	if (!r)
		r = wr_vf_read(t->w, pf_ifindex, &now, &err);
	wr_copy(pf.name, sizeof(pf.name), now.name);
	wr_format(object, sizeof(object), "PF %s", now.name);
	if (!r && !now.is_up && !is_restore)
		r = wr_refuse(&err, -ENETDOWN, object, "",
			      "is down, and drivers lose what is set then; set it up first");
	for (size_t i = 0; i < n && !r; i++)
		r = check_one(&pf, &now, &want[i], &err);
	if (r)
		return wr_txn_fail(t, &err);
	keep_touched(&now, want, n);
	s = add(t, &pf, want, n, &now);
	if (!s)
		return t->err.code;
	s->local = ret_refused;
	plan(t, s, &pf, want, n);
	return t->err.code;
}

int weir_txn_vf_set(struct weir_txn *t, int pf_ifindex, const struct weir_vf_config *configs,
		    size_t n, uint64_t *ret_refused)
{
	return change(t, pf_ifindex, false, configs, n, ret_refused);
}

int weir_txn_vf_restore(struct weir_txn *t, int pf_ifindex, const struct weir_vf_config *configs,
			size_t n)
{
	return change(t, pf_ifindex, true, configs, n, NULL);
}
