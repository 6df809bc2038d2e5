/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * weir vf claim, release, claims, bind: who has a virtual function, and which
 * driver has it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sriov.h"

/* Commits and shows what the VF is then. */
static int commit_and_show(struct tool *t, struct weir_sriov *s, struct weir_txn *txn, const char *pci,
			   const char *what)
{
	struct weir_vf vf = { .sz = sizeof(vf) };
	char *text = NULL;
	int status;

	if (weir_txn_error(txn, NULL) == -ENODEV) {
		weir_txn_error(txn, &t->err);
		weir_txn_abort(txn);
		return tool_fail(t, STATUS_NOT_FOUND);
	}
	status = tool_commit(t, txn, STATUS_NOT_FOUND);
	if (status || t->is_dry_run)
		return status;
	if (weir_vf_get(s, pci, &vf, &t->err))	/* it may be released after it has gone */
		return STATUS_OK;
	if (t->is_json) {
		if (!weir_vf_json(&vf, &text))
			out_json(&t->out, json_of(text));
	} else {
		out_text(&t->out, "%s %s, driver %s%s%s%s%s\n", vf.pci, what,
			 *vf.driver ? vf.driver : "none", *vf.netdev ? ", link " : "", vf.netdev,
			 *vf.vfio ? ", " : "", vf.vfio);
	}
	return STATUS_OK;
}

/* --- claim -------------------------------------------------------------------------------- */

static int read_request(struct tool *t, struct weir_sriov *s, const struct args *a,
			struct weir_claim_request *want)
{
	unsigned long pid = 0;
	struct weir_vf vf = { .sz = sizeof(vf) };

	if (a->value[OPT_PID] && !number_parse(a->value[OPT_PID], 1ul << 30, &pid))
		return usage_error(t, "--pid takes the number of a process");
	want->pid = (int32_t)pid;
	want->owner = a->value[OPT_OWNER] ? a->value[OPT_OWNER] : "weir vf claim";
	want->flags = a->value[OPT_SHARED] ? WEIR_CLAIM_SHARED : 0;
	if (a->n_words == 1 && !weir_vf_get(s, a->words[0], &vf, NULL)) {
		want->vf = a->words[0];
		return STATUS_OK;
	}
	want->pfs = (const char *const *)a->words;
	want->n_pfs = (size_t)a->n_words;
	return STATUS_OK;
}

int cmd_vf_claim(struct tool *t, const struct args *a)
{
	struct weir_claim_request want = { .sz = sizeof(want) };
	struct weir_vf vf = { .sz = sizeof(vf) };
	struct weir_sriov *s;
	struct weir_txn *txn;
	int status = sriov_open(t, &s);

	if (status)
		return status;
	status = read_request(t, s, a, &want);
	if (!status)
		status = tool_begin(t, &txn, "claim of a VF for %s", want.owner);
	if (!status) {
		weir_txn_vf_claim(txn, s, &want, &vf);
		status = commit_and_show(t, s, txn, vf.pci, "claimed");
	}
	weir_sriov_close(s);
	return status;
}

/* --- release, bind -------------------------------------------------------------------------- */

/* A note may outlive its VF, so what is no VF is taken for an address. */
static const char *address_of(struct weir_sriov *s, const char *word, struct weir_vf *vf)
{
	return weir_vf_get(s, word, vf, NULL) ? word : vf->pci;
}

int cmd_vf_release(struct tool *t, const struct args *a)
{
	struct weir_sriov *s;
	struct weir_txn *txn;
	struct weir_vf vf = { .sz = sizeof(vf) };
	const char *pci;
	int status = sriov_open(t, &s);

	if (status)
		return status;
	pci = address_of(s, a->words[0], &vf);
	status = tool_begin(t, &txn, "release of VF %s", pci);
	if (!status) {
		weir_txn_vf_release(txn, s, pci, a->value[OPT_OWNER]);
		status = commit_and_show(t, s, txn, pci, "released");
	}
	weir_sriov_close(s);
	return status;
}

int cmd_vf_bind(struct tool *t, const struct args *a)
{
	bool to_host = !strcmp(a->words[1], "host");
	struct weir_vf vf = { .sz = sizeof(vf) };
	struct weir_sriov *s;
	struct weir_txn *txn;
	const char *pci;
	int status = sriov_open(t, &s);

	if (status)
		return status;
	pci = address_of(s, a->words[0], &vf);	/* its link's name may go with the driver */
	status = tool_begin(t, &txn, "driver of VF %s", pci);
	if (!status) {
		weir_txn_vf_bind(txn, s, pci, to_host ? NULL : a->words[1]);
		status = commit_and_show(t, s, txn, pci, "bound");
	}
	weir_sriov_close(s);
	return status;
}

/* --- claims ----------------------------------------------------------------------------------- */

static void print_claims(struct tool *t, const struct weir_claim *claims, size_t n)
{
	static const char *const heads[] = { "DEVICE", "PF", "VF", "OWNER", "PID", "STATE" };
	struct table *table = table_new(heads, 6);

	for (size_t i = 0; i < n; i++) {
		const struct weir_claim *c = &claims[i];

		table_cell(table, TINT_NONE, "%s", c->vf);
		table_cell(table, TINT_NONE, "%s", c->pf);
		table_cell(table, TINT_NONE, "%u", (unsigned int)c->index);
		table_cell(table, TINT_NONE, "%s", c->owner);
		if (c->pid)
			table_cell(table, TINT_NONE, "%d", (int)c->pid);
		else
			table_cell(table, TINT_NONE, "%s", "");
		table_cell(table, c->is_dead ? TINT_RED : TINT_NONE, "%s",
			   c->is_dead	 ? "dead" :
			   c->is_pending ? "pending" :
			   c->is_shared	 ? "shared" :
					   "exclusive");
	}
	table_print(table, &t->out);
}

static json_t *json_of_claims(const struct weir_claim *claims, size_t n)
{
	json_t *array = json_array();

	for (size_t i = 0; i < n; i++) {
		char *text = NULL;

		if (!weir_claim_json(&claims[i], &text))
			json_array_append_new(array, json_of(text));
	}
	return array;
}

int cmd_vf_claims(struct tool *t, const struct args *a)
{
	struct weir_claim *claims = NULL;
	struct weir_sriov *s;
	size_t n = 0;
	int status = sriov_open(t, &s);

	if (status)
		return status;
	if (weir_claim_list(s, &claims, &n, &t->err))
		status = tool_fail(t, STATUS_FAILED);
	else if (t->is_json)
		out_json(&t->out, json_of_claims(claims, n));
	else
		print_claims(t, claims, n);
	free(claims);
	weir_sriov_close(s);
	return status;
}
