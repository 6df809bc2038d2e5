/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Claiming a VF: which one, by the rules of <weir/sriov.h>, and the step that
 * notes it. All of it happens under one lock, from the first look until the
 * transaction ends. How a note looks is record.c's, giving back is release.c's.
 */
#include <stdio.h>

#include "base/file.h"
#include "base/list.h"
#include "sriov/claim.h"

/* --- the step: a note appears, and is final in the end ---------------------------------- */

enum { PART_PATH, PART_PENDING, PART_FINAL };

static const char *text_of(const struct weir_step *s, unsigned int part)
{
	return weir_step_part(s, part).data;
}

static int write_note(const struct weir_step *s, unsigned int part, struct weir_error *err)
{
	const char *text = text_of(s, part), *path = text_of(s, PART_PATH);
	int r = wr_file_write(path, text, strlen(text), 0644, false);

	return r ? wr_syserr(err, r, "claim", "%s", path) : 0;
}

static int claim_apply(struct weir *w, const struct weir_step *s, struct weir_error *err)
{
	if (wr_exists(text_of(s, PART_PATH)))
		return wr_error(err, -EEXIST, WEIR_STAGE_SYSTEM, "claim", "",
				"%s was written by somebody without the lock", text_of(s, PART_PATH));
	return write_note(s, PART_PENDING, err);
}

/* Only what this step wrote. */
static int claim_undo(struct weir *w, const struct weir_step *s, bool applied, struct weir_error *err)
{
	const char *path = text_of(s, PART_PATH);
	wr_auto(str) struct wr_str text = { 0 };
	int r = wr_file_read(path, &text);

	if (!r && (!strcmp(wr_str_text(&text), text_of(s, PART_PENDING)) ||
		   !strcmp(wr_str_text(&text), text_of(s, PART_FINAL))))
		r = unlink(path) < 0 ? -errno : 0;
	return r && r != -ENOENT ? wr_syserr(err, r, "claim", "%s", path) : 0;
}

static int claim_finish(struct weir *w, const struct weir_step *s, struct weir_error *err)
{
	return write_note(s, PART_FINAL, err);
}

/* A note has no command that would do the same: it is told as a comment. */
static char *claim_plan(const struct weir_step *s)
{
	wr_auto(str) struct wr_str out = { 0 };
	struct wr_claim claim;

	if (wr_claim_parse(text_of(s, PART_FINAL), &claim))
		return NULL;
	wr_str_printf(&out, "# VF %s is claimed by %s", claim.c.vf, claim.c.owner);
	return wr_str_take(&out);
}

const struct weir_step_ops wr_claim_ops = {
	.sz = sizeof(wr_claim_ops), .name = "vf-claim",
	.apply = claim_apply, .undo = claim_undo, .finish = claim_finish, .plan = claim_plan,
};

/* --- what there is to choose from ------------------------------------------------------------ */

struct pool {
	struct weir_vf *vfs;	/* of one PF */
	size_t n;
	size_t n_claimed;
};

struct choice {
	struct weir_txn *t;
	struct weir_sriov *s;
	const struct weir_claim_request *want;
	struct wr_claims_lock *lock;
	struct wr_claim *claims;
	size_t n_claims;
	struct pool *pools;
	size_t n_pools;
	/* why VFs were passed over */
	size_t n_vfs, n_claimed, n_in_use, n_without_netdev;
};

static void choice_done(struct choice *c)
{
	for (size_t i = 0; i < c->n_pools; i++)
		free(c->pools[i].vfs);
	free(c->pools);
	free(c->claims);
}

/* Claims of the living on a VF; whether one of them is exclusive. */
static size_t count_claims(const struct choice *c, const char *pci, bool *ret_exclusive)
{
	size_t n = 0;

	*ret_exclusive = false;
	for (size_t i = 0; i < c->n_claims; i++) {
		const struct weir_claim *claim = &c->claims[i].c;

		if (strcmp(claim->vf, pci) || claim->is_dead)
			continue;
		*ret_exclusive |= !claim->is_shared;
		n++;
	}
	for (size_t i = 0; i < c->lock->n_taken; i++)
		if (!strcmp(c->lock->taken[i], pci)) {
			*ret_exclusive |= !(c->want->flags & WEIR_CLAIM_SHARED);
			n++;
		}
	return n;
}

static int add_pool(struct choice *c, const char *name, struct weir_error *err)
{
	struct pool *pool = &c->pools[c->n_pools];
	struct weir_pf pf = { .sz = sizeof(pf) };
	bool exclusive;
	int r = weir_pf_get(c->s, name, 0, &pf, err);

	if (!r)
		r = weir_vf_list(c->s, &pf, &pool->vfs, &pool->n, err);
	if (r)
		return r;
	for (size_t i = 0; i < pool->n; i++)
		pool->n_claimed += count_claims(c, pool->vfs[i].pci, &exclusive) > 0;
	c->n_pools++;
	return 0;
}

/* The least used PF first; among equals the order of the caller. */
static void sort_pools(struct choice *c)
{
	for (size_t i = 1; i < c->n_pools; i++)
		for (size_t k = i; k > 0 && c->pools[k].n_claimed < c->pools[k - 1].n_claimed; k--) {
			struct pool swap = c->pools[k];

			c->pools[k] = c->pools[k - 1];
			c->pools[k - 1] = swap;
		}
}

/* A VF that is named is a pool of its own; one of many may have gone. */
static int add_one(struct choice *c, const char *name, struct weir_error *err)
{
	struct pool *pool = &c->pools[c->n_pools++];
	int r;

	pool->vfs = calloc(1, sizeof(*pool->vfs));
	if (!pool->vfs)
		return wr_nomem(err);
	pool->vfs->sz = sizeof(*pool->vfs);
	r = weir_vf_get(c->s, name, pool->vfs, err);
	pool->n = r == 0;
	return r == -ENODEV && !c->want->vf ? 0 : r;
}

static int find_pools(struct choice *c, struct weir_error *err)
{
	const struct weir_claim_request *want = c->want;
	const char *const *vfs = want->vf ? &want->vf : want->vfs;
	const size_t n_vfs = want->vf ? 1 : want->n_vfs, n_pfs = n_vfs ? 0 : want->n_pfs;
	int r = 0;

	c->pools = calloc(n_vfs + n_pfs + 1, sizeof(*c->pools));
	if (!c->pools)
		return wr_nomem(err);
	for (size_t i = 0; i < n_vfs && !r; i++)
		r = add_one(c, vfs[i], err);
	for (size_t i = 0; i < n_pfs && !r; i++)
		r = add_pool(c, want->pfs[i], err);
	sort_pools(c);
	return r;
}

/* --- transactions of others that were killed ---------------------------------------------------- */

/* They work in another state directory; what they did is undone by their journal there. */
static bool recover_elsewhere(struct choice *c, const struct wr_claim *claim)
{
	struct weir_options opts = { .sz = sizeof(opts), .state_dir = claim->state_dir,
				     .step_ops = weir_sriov_steps, .lock_timeout_ms = 1 };
	const char *own = weir_state_dir(weir_txn_handle(c->t));
	struct weir *w;
	int r;

	if (!*claim->state_dir || (own && !strcmp(own, claim->state_dir)) || weir_txn_is_dry(c->t))
		return true;
	r = weir_open(&opts, &w, NULL);
	if (r)
		return false;
	r = weir_recover(w, NULL);
	weir_close(w);
	return r >= 0;
}

/* A dead claim whose transaction was never finished counts as alive until that is recovered. */
static int settle_unfinished(struct choice *c, struct weir_error *err)
{
	bool changed = false;

	for (size_t i = 0; i < c->n_claims; i++) {
		struct wr_claim *claim = &c->claims[i];

		if (!claim->c.is_dead || !claim->c.is_pending || claim->other_boot)
			continue;
		if (recover_elsewhere(c, claim))
			changed = true;
		else
			claim->c.is_dead = false;
	}
	if (!changed)
		return 0;
	free(c->claims);
	c->claims = NULL;
	c->n_claims = 0;
	return wr_claims_load(c->s, &c->claims, &c->n_claims, err);
}

/* --- choosing -------------------------------------------------------------------------------------- */

/* Its driver made a link, which is not in this namespace but in a container's, perhaps. */
static bool is_elsewhere(const struct choice *c, const struct weir_vf *vf)
{
	char path[PATH_MAX];

	wr_pci_path(c->s, vf->pci, "net", path);
	return !*vf->netdev && wr_exists(path);
}

/* Whether the VF may be had; @ret_n: how many have it already. */
static bool is_free(struct choice *c, const struct weir_vf *vf, size_t *ret_n)
{
	bool exclusive, shared = c->want->flags & WEIR_CLAIM_SHARED;

	c->n_vfs++;
	*ret_n = count_claims(c, vf->pci, &exclusive);
	if (exclusive || (*ret_n && !shared)) {
		c->n_claimed++;
		return false;
	}
	if (!*ret_n && (vf->is_up || is_elsewhere(c, vf)) && !c->want->vf) {
		c->n_in_use++;
		return false;
	}
	if (c->want->flags & WEIR_CLAIM_NETDEV && !*vf->netdev) {
		c->n_without_netdev++;
		return false;
	}
	return true;
}

static const struct weir_vf *choose(struct choice *c)
{
	const struct weir_vf *best = NULL;
	size_t best_n = SIZE_MAX, n;

	for (size_t i = 0; i < c->n_pools; i++)
		for (size_t k = 0; k < c->pools[i].n; k++)
			if (is_free(c, &c->pools[i].vfs[k], &n) && n < best_n) {
				best = &c->pools[i].vfs[k];
				best_n = n;
			}
	return best;
}

static int refuse_all(const struct choice *c, struct weir_error *err)
{
	const size_t n_pfs = c->want->vf || c->want->n_vfs ? 0 : c->want->n_pfs;
	wr_auto(str) struct wr_str names = { 0 };

	if (c->want->vf)
		wr_str_puts(&names, c->want->vf);
	else if (c->want->n_vfs)
		wr_str_printf(&names, "%s%s", c->want->vfs[0], c->want->n_vfs > 1 ? " and others" : "");
	for (size_t i = 0; i < n_pfs; i++)
		wr_str_printf(&names, "%s%s", i ? ", " : "", c->want->pfs[i]);
	if (!c->n_vfs)
		return wr_error(err, -ENOENT, WEIR_STAGE_SYSTEM, "VFs", "", "%s: there are none for %s",
				wr_str_text(&names), c->want->owner);
	return wr_error(err, -EBUSY, WEIR_STAGE_SYSTEM, "VFs", "",
			"%s: none is free for %s: of %zu, %zu are claimed, %zu have a link that is up or in another namespace, %zu have no link",
			wr_str_text(&names), c->want->owner, c->n_vfs, c->n_claimed, c->n_in_use, c->n_without_netdev);
}

/* --- noting ------------------------------------------------------------------------------------------ */

/* The VF as the first of its claims found it, or as it is. */
static int describe(struct choice *c, const struct weir_vf *vf, struct wr_claim *claim,
		    struct weir_error *err)
{
	wr_auto(free) struct weir_vf_config *configs = NULL;
	size_t n = 0;
	int r;

	for (size_t i = 0; i < c->n_claims; i++)
		if (!strcmp(c->claims[i].c.vf, vf->pci) && !c->claims[i].other_boot) {
			claim->found = c->claims[i].found;
			claim->has_config = c->claims[i].has_config;
			claim->config = c->claims[i].config;
			return 0;
		}
	wr_binding_read(c->s, vf, &claim->found);
	if (!vf->pf_ifindex)
		return 0;
	r = weir_vf_config_list(weir_txn_handle(c->t), vf->pf_ifindex, &configs, &n, err);
	for (size_t i = 0; i < n; i++)
		if (configs[i].vf == vf->index) {
			claim->config = configs[i];
			claim->has_config = true;
		}
	return r;
}

/* The first number that no claim on the VF has; notes of the dead are gone by then. */
static void choose_path(const struct choice *c, const struct weir_vf *vf, char path[PATH_MAX])
{
	bool used = true;

	for (unsigned int k = 0; used; k++) {
		wr_format(path, PATH_MAX, "%s/%s.%u", c->s->claims_dir, vf->pci, k);
		used = false;
		for (size_t i = 0; i < c->n_claims; i++)
			used |= !c->claims[i].c.is_dead && !strcmp(c->claims[i].path, path);
	}
}

static int remember_taken(struct choice *c, const struct weir_vf *vf, struct weir_error *err)
{
	char (*taken)[WEIR_PCI_TEXT] = wr_append(c->lock->taken, c->lock->n_taken);

	if (!taken)
		return wr_nomem(err);
	wr_copy(*taken, sizeof(*taken), vf->pci);
	return 0;
}

static int note(struct choice *c, const struct weir_vf *vf, struct weir_error *err)
{
	struct wr_claim claim = { .c = { .index = vf->index } };
	wr_auto(str) struct wr_str pending = { 0 }, final = { 0 };
	const char *state_dir = weir_state_dir(weir_txn_handle(c->t));
	char path[PATH_MAX];
	int r = describe(c, vf, &claim, err);

	if (r)
		return r;
	wr_copy(claim.c.vf, sizeof(claim.c.vf), vf->pci);
	wr_copy(claim.c.pf, sizeof(claim.c.pf), vf->pf);
	wr_copy(claim.c.owner, sizeof(claim.c.owner), c->want->owner);
	claim.c.is_shared = c->want->flags & WEIR_CLAIM_SHARED;
	r = wr_claim_stamp(&claim, c->want->pid, err);
	if (r)
		return r;
	wr_claim_text(&claim, &final);
	claim.c.is_pending = true;
	wr_copy(claim.state_dir, sizeof(claim.state_dir), state_dir ? state_dir : "");
	r = wr_claim_stamp(&claim, getpid(), err);
	if (r)
		return r;
	wr_claim_text(&claim, &pending);
	if (pending.failed || final.failed)
		return wr_nomem(err);
	choose_path(c, vf, path);
	weir_txn_step(c->t, &wr_claim_ops, vf->pci,
		      (struct weir_blob[]){ [PART_PATH] = { path, strlen(path) },
					    [PART_PENDING] = { pending.data, pending.len },
					    [PART_FINAL] = { final.data, final.len } }, 3);
	return remember_taken(c, vf, err);
}

/* What the dead did to it is taken back before it is had anew. */
static void bury(struct choice *c, const struct weir_vf *vf)
{
	const struct wr_claim *dead = NULL;
	bool exclusive;

	for (size_t i = 0; i < c->n_claims; i++)
		if (c->claims[i].c.is_dead && !strcmp(c->claims[i].c.vf, vf->pci)) {
			dead = &c->claims[i];
			weir_txn_file_remove(c->t, dead->path);
		}
	if (dead && !count_claims(c, vf->pci, &exclusive))
		wr_claim_undo(c->t, c->s, vf, dead);
}

static int check_request(const struct weir_claim_request *want, struct weir_error *err)
{
	if (!want->owner || !*want->owner || strlen(want->owner) >= WR_SIZEOF(weir_claim, owner) ||
	    strchr(want->owner, '\n'))
		return wr_refuse(err, -EINVAL, "claim", "owner", "must be one line of 1 to 127 bytes");
	return 0;
}

static int choose_and_note(struct choice *c, struct weir_vf *ret, struct weir_error *err)
{
	const struct weir_vf *vf;
	int r = wr_claims_load(c->s, &c->claims, &c->n_claims, err);

	if (!r)
		r = settle_unfinished(c, err);
	if (!r)
		r = find_pools(c, err);
	if (r)
		return r;
	vf = choose(c);
	if (!vf)
		return refuse_all(c, err);
	bury(c, vf);
	r = note(c, vf, err);
	return r || !ret ? r : wr_opts_give(ret, vf, sizeof(*vf), err);
}

int weir_txn_vf_claim(struct weir_txn *t, struct weir_sriov *s,
		      const struct weir_claim_request *request, struct weir_vf *ret)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_claim_request want;
	struct choice c = { .t = t, .s = s, .want = &want };
	int r = wr_opts_copy(&want, sizeof(want), request, "claim", &err);

	if (!r)
		r = check_request(&want, &err);
	if (!r)
		r = wr_claims_lock(t, s, &c.lock, &err);
	if (!r)
		r = choose_and_note(&c, ret, &err);
	choice_done(&c);
	return r ? weir_txn_refuse(t, &err) : weir_txn_error(t, NULL);
}
