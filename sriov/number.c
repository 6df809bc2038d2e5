/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How many VFs a PF has, as a step. The kernel changes the number from 0 and to
 * 0 only; its driver makes the VFs inside the write to sriov_numvfs, which may
 * take a minute for a hundred of them, or hang. VFs that are removed are made
 * again by the undo, with the settings that they had.
 */
#include <stdio.h>

#include <weir/vf.h>

#include "base/file.h"
#include "sriov/claim.h"
#include "sriov/wait.h"

enum { PART_DIR, PART_NUMBERS };

struct numbers {
	uint32_t old, new;
	uint32_t total;
	uint32_t timeout_ms;
	bool old_autoprobe, new_autoprobe;
	uint8_t unused[2];	/* its bytes go into the journal, so there are none between members */
};

static struct numbers numbers_of(const struct weir_step *s)
{
	struct weir_blob part = weir_step_part(s, PART_NUMBERS);
	struct numbers n = { 0 };

	memcpy(&n, part.data, part.len < sizeof(n) ? part.len : sizeof(n));
	return n;
}

/* The device's folder ends in its address. */
static void object_of(const struct weir_step *s, char object[64])
{
	const char *dir = weir_step_part(s, PART_DIR).data;
	const char *slash = strrchr(dir, '/');

	wr_format(object, 64, "PF %s", slash ? slash + 1 : dir);
}

static void file_of(const struct weir_step *s, const char *file, char path[PATH_MAX])
{
	wr_format(path, PATH_MAX, "%s/%s", (const char *)weir_step_part(s, PART_DIR).data, file);
}

static long long read_number(const struct weir_step *s)
{
	char path[PATH_MAX];

	file_of(s, "sriov_numvfs", path);
	return wr_sysfs_number(path, -1);
}

static int explain(const struct weir_step *s, int code, uint32_t n, struct weir_error *err)
{
	struct numbers numbers = numbers_of(s);
	long long has = read_number(s);
	char object[64];

	object_of(s, object);
	if (code == -EBUSY)
		return wr_error(err, code, WEIR_STAGE_SYSTEM, object, "",
				"has %lld VFs of at most %u, and the number changes only from 0 or to 0",
				has, numbers.total);
	if (code == -ENOSPC)
		return wr_error(err, code, WEIR_STAGE_SYSTEM, object, "",
				"there is no room for %u VFs (interrupt vectors, bus numbers or memory): it has %lld of at most %u",
				n, has, numbers.total);
	if (code == -ERANGE)
		return wr_error(err, code, WEIR_STAGE_SYSTEM, object, "",
				"cannot have %u VFs: it has %lld of at most %u", n, has, numbers.total);
	if (code == -ENOENT && has >= 0)
		return wr_error(err, code, WEIR_STAGE_SYSTEM, object, "",
				"its driver cannot make VFs");
	if (code == -ETIME)
		return wr_error(err, code, WEIR_STAGE_SYSTEM, object, "",
				"its driver has not made %u VFs within %u s and may still be at it", n,
				numbers.timeout_ms / 1000);
	return wr_syserr(err, code, object, has < 0 ? "has gone" : "its driver refused %u VFs", n);
}

static int set_autoprobe(const struct weir_step *s, bool on, struct weir_error *err)
{
	char path[PATH_MAX], object[64];
	int r;

	file_of(s, "sriov_drivers_autoprobe", path);
	object_of(s, object);
	if (wr_sysfs_number(path, on) == on)
		return 0;
	r = wr_file_poke(path, on ? "1" : "0");
	return r ? wr_syserr(err, r, object, "sriov_drivers_autoprobe") : 0;
}

static int set_number(const struct weir_step *s, uint32_t n, struct weir_error *err)
{
	char path[PATH_MAX], text[16];
	int r;

	file_of(s, "sriov_numvfs", path);
	wr_format(text, sizeof(text), "%u", n);
	r = wr_poke_within(path, text, numbers_of(s).timeout_ms);
	if (!r && read_number(s) != n)
		r = -EIO;
	return r ? explain(s, r, n, err) : 0;
}

static int number_apply(struct weir *w, const struct weir_step *s, struct weir_error *err)
{
	struct numbers n = numbers_of(s);
	int r = set_autoprobe(s, n.new_autoprobe, err);

	if (r)
		return r;
	if (read_number(s) != n.new)
		r = set_number(s, n.new, err);
	if (r)
		set_autoprobe(s, n.old_autoprobe, NULL);
	return r;
}

/* A PF that is gone has taken its VFs along. */
static int number_undo(struct weir *w, const struct weir_step *s, bool applied, struct weir_error *err)
{
	struct numbers n = numbers_of(s);
	long long has = read_number(s);
	int r = 0;

	if (has < 0)
		return 0;
	if (has != n.old && has != 0)
		r = set_number(s, 0, err);
	if (!r)
		r = set_autoprobe(s, n.old_autoprobe, err);
	if (!r && has != n.old && n.old)
		r = set_number(s, n.old, err);
	return r;
}

static char *number_plan(const struct weir_step *s)
{
	struct numbers n = numbers_of(s);
	wr_auto(str) struct wr_str out = { 0 }, dir = { 0 };

	wr_str_shell(&dir, weir_step_part(s, PART_DIR).data);
	if (n.old_autoprobe != n.new_autoprobe)
		wr_str_printf(&out, "echo %d >%s/sriov_drivers_autoprobe\n", n.new_autoprobe,
			      wr_str_text(&dir));
	wr_str_printf(&out, "echo %u >%s/sriov_numvfs", n.new, wr_str_text(&dir));
	return wr_str_take(&out);
}

const struct weir_step_ops wr_number_ops = {
	.sz = sizeof(wr_number_ops), .name = "vf-number",
	.apply = number_apply, .undo = number_undo, .plan = number_plan,
};

/* --- building ------------------------------------------------------------------------- */

static int check_number(const struct weir_pf *pf, uint32_t n, struct weir_error *err)
{
	char object[64];

	wr_format(object, sizeof(object), "PF %s", pf->pci);
	if (n > pf->total_vfs)
		return wr_refuse(err, -ERANGE, object, "", "cannot have %u VFs: it has %u of at most %u",
				 n, pf->num_vfs, pf->total_vfs);
	if (n && pf->num_vfs && n != pf->num_vfs)
		return wr_refuse(err, -EBUSY, object, "",
				 "has %u VFs of at most %u, and the number changes only from 0 or to 0: remove them first",
				 pf->num_vfs, pf->total_vfs);
	return 0;
}

/* Changes nothing when it is carried out; its undo gives VFs that were made again their settings. */
static int keep_settings(struct weir_txn *t, const struct weir_pf *pf, struct weir_error *err)
{
	wr_auto(free) struct weir_vf_config *configs = NULL;
	size_t n = 0;
	int r = 0;

	if (pf->ifindex)
		r = weir_vf_config_list(weir_txn_handle(t), pf->ifindex, &configs, &n, err);
	if (r == -ENODEV)	/* its link is in another namespace than ours */
		return 0;
	if (!r && n)
		weir_txn_vf_restore(t, pf->ifindex, configs, n);
	return r;
}

static int add(struct weir_txn *t, struct weir_sriov *s, const struct weir_pf *pf, uint32_t n,
	       bool autoprobe)
{
	struct numbers numbers = { .old = pf->num_vfs, .new = n, .total = pf->total_vfs,
				   .timeout_ms = s->timeout_ms, .old_autoprobe = pf->autoprobe,
				   .new_autoprobe = autoprobe };
	char dir[PATH_MAX], object[64];

	wr_pci_path(s, pf->pci, "", dir);
	wr_format(object, sizeof(object), "PF %s", pf->pci);
	return weir_txn_step(t, &wr_number_ops, object,
			     (struct weir_blob[]){ [PART_DIR] = { dir, strlen(dir) },
						   [PART_NUMBERS] = { &numbers, sizeof(numbers) } }, 2);
}

int weir_txn_vf_number(struct weir_txn *t, struct weir_sriov *s, const char *pf_name, uint32_t n,
		       unsigned int flags)
{
	struct weir_error err = WEIR_ERROR_INIT;
	bool autoprobe = !(flags & WEIR_VF_NO_PROBE);
	struct weir_pf pf = { .sz = sizeof(pf) };
	int r = weir_pf_get(s, pf_name, 0, &pf, &err);

	if (!r)
		r = check_number(&pf, n, &err);
	if (!r && n != pf.num_vfs)
		r = wr_claims_forget(t, s, &pf, &err);
	if (!r && n < pf.num_vfs)
		r = keep_settings(t, &pf, &err);
	if (r)
		return weir_txn_refuse(t, &err);
	if (!n)
		autoprobe = pf.autoprobe;	/* of no use to VFs that are no more */
	if (n == pf.num_vfs && autoprobe == pf.autoprobe)
		return weir_txn_error(t, NULL);
	return add(t, s, &pf, n, autoprobe);
}

/* --- afterwards -------------------------------------------------------------------------- */

/* What a VF lacks; NULL: nothing. */
static const char *lacks(const struct weir_vf *vf)
{
	return !*vf->driver ? "driver" : !*vf->netdev && !*vf->vfio ? "link" : NULL;
}

/* 0: every VF is ready; -EAGAIN: not yet, and @err says which. */
static int all_ready(struct weir_sriov *s, const char *name, unsigned int timeout_ms,
		     struct weir_error *err)
{
	wr_auto(free) struct weir_vf *vfs = NULL;
	struct weir_pf pf = { .sz = sizeof(pf) };
	size_t n = 0;
	int r = weir_pf_get(s, name, 0, &pf, err);

	if (!r)
		r = weir_vf_list(s, &pf, &vfs, &n, err);
	for (size_t i = 0; i < n && !r; i++) {
		char object[64];

		wr_format(object, sizeof(object), "VF %s", vfs[i].pci);
		if (lacks(&vfs[i]))
			r = wr_error(err, -EAGAIN, WEIR_STAGE_SYSTEM, object, "",
				     "has no %s after %u ms", lacks(&vfs[i]), timeout_ms);
	}
	return r;
}

int weir_vf_wait(struct weir_sriov *s, const char *name, unsigned int timeout_ms,
		 struct weir_error *err)
{
	struct weir_error own = WEIR_ERROR_INIT;
	struct wr_wait x;
	int r;

	wr_wait_begin(s->w, &x, timeout_ms);
	do
		r = all_ready(s, name, timeout_ms, &own);
	while (r == -EAGAIN && wr_wait_next(&x));
	wr_wait_end(&x);
	if (r == -EAGAIN)
		r = own.code = -ETIME;
	if (r && err)
		*err = own;
	return r;
}
