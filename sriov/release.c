/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Giving VFs back: as the first of their claims found them. First the settings,
 * through the PF and while the guest's driver still has the VF, so that nobody
 * uses it with settings of the past; then the driver, which asks the PF for its
 * MAC address; and the note last.
 */
#include <stdio.h>

#include "sriov/claim.h"

static bool same_binding(const struct wr_binding *a, const struct wr_binding *b)
{
	return !strcmp(a->driver, b->driver) && !strcmp(a->override, b->override) &&
	       !memcmp(a->mac, b->mac, sizeof(a->mac));
}

int wr_claim_undo(struct weir_txn *t, struct weir_sriov *s, const struct weir_vf *vf,
		  const struct wr_claim *claim)
{
	struct wr_binding now;

	if (claim->other_boot)
		return 0;
	if (claim->has_config && vf->pf_ifindex)
		weir_txn_vf_restore(t, vf->pf_ifindex, &claim->config, 1);
	wr_binding_read(s, vf, &now);
	if (!same_binding(&now, &claim->found))
		wr_bind_add(t, s, vf, &claim->found);
	return weir_txn_error(t, NULL);
}

static bool is_meant(const struct wr_claim *claim, const char *pci, const char *owner)
{
	return !strcmp(claim->c.vf, pci) && (!owner || !strcmp(claim->c.owner, owner));
}

static int release(struct weir_txn *t, struct weir_sriov *s, const char *pci, const char *owner,
		   const struct wr_claim *claims, size_t n, struct weir_error *err)
{
	const struct wr_claim *meant = NULL;
	size_t n_on_vf = 0, n_meant = 0;
	char object[64];
	struct weir_vf vf = { .sz = sizeof(vf) };
	int r;

	wr_format(object, sizeof(object), "VF %s", pci);
	for (size_t i = 0; i < n; i++) {
		n_on_vf += !strcmp(claims[i].c.vf, pci);
		if (!is_meant(&claims[i], pci, owner))
			continue;
		meant = &claims[i];
		n_meant++;
	}
	if (!meant)
		return wr_refuse(err, -ENOENT, object, "", "is not claimed%s%s", owner ? " by " : "",
				 owner ? owner : "");
	r = weir_vf_get(s, pci, &vf, err);
	if (r && r != -ENODEV)
		return r;
	if (!r && n_meant == n_on_vf)
		wr_claim_undo(t, s, &vf, meant);
	for (size_t i = 0; i < n; i++)
		if (is_meant(&claims[i], pci, owner))
			weir_txn_file_remove(t, claims[i].path);
	return 0;
}

int weir_txn_vf_release(struct weir_txn *t, struct weir_sriov *s, const char *pci, const char *owner)
{
	struct weir_error err = WEIR_ERROR_INIT;
	wr_auto(free) struct wr_claim *claims = NULL;
	struct wr_claims_lock *lock;
	size_t n = 0;
	int r = pci ? wr_claims_lock(t, s, &lock, &err) : wr_refuse(&err, -EINVAL, "claim", "vf", "is missing");

	if (!r)
		r = wr_claims_load(s, &claims, &n, &err);
	if (!r)
		r = release(t, s, pci, owner, claims, n, &err);
	return r ? weir_txn_refuse(t, &err) : weir_txn_error(t, NULL);
}

int wr_claims_forget(struct weir_txn *t, struct weir_sriov *s, const struct weir_pf *pf,
		     struct weir_error *err)
{
	wr_auto(free) struct wr_claim *claims = NULL;
	struct wr_claims_lock *lock;
	char object[64];
	size_t n = 0;
	int r = wr_claims_lock(t, s, &lock, err);

	wr_format(object, sizeof(object), "PF %s", pf->pci);
	if (!r)
		r = wr_claims_load(s, &claims, &n, err);
	for (size_t i = 0; i < n && !r; i++) {
		if (strcmp(claims[i].c.pf, pf->pci))
			continue;
		if (!claims[i].c.is_dead)
			return wr_refuse(err, -EBUSY, object, "", "its VF %u (%s) is claimed by %s",
					 claims[i].c.index, claims[i].c.vf, claims[i].c.owner);
		weir_txn_file_remove(t, claims[i].path);
	}
	return r;
}
