/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * weir pf list, weir vf list: network cards' physical and virtual functions. Only
 * reads; what they are is the library's business (<weir/sriov.h>).
 */
#include <stdlib.h>
#include <string.h>

#include "sriov.h"

/* VFs are the host's, so claims are in one place whatever --netns says. */
int sriov_open(struct tool *t, struct weir_sriov **ret)
{
	struct weir_sriov_options opts = { .sz = sizeof(opts) };
	bool elsewhere = t->state_dir || getenv("WEIR_STATE_DIR");
	char *claims_dir = elsewhere ? xformat("%s/sriov", weir_state_dir(t->w)) : NULL;
	int r;

	opts.claims_dir = claims_dir;
	r = weir_sriov_open(t->w, &opts, ret, &t->err);
	free(claims_dir);
	return r ? tool_fail(t, STATUS_FAILED) : STATUS_OK;
}

int sriov_for_networks(struct tool *t)
{
	struct weir_network_vfs vfs = { .sz = sizeof(vfs), .claim = weir_txn_vf_claim,
					.bind = weir_txn_vf_bind, .release = weir_txn_vf_release,
					.list = weir_claim_list, .close = weir_sriov_close };
	int status = sriov_open(t, &vfs.sriov);

	if (status || !weir_network_use_vfs(t->w, &vfs, &t->err))
		return status;
	weir_sriov_close(vfs.sriov);
	return tool_fail(t, STATUS_FAILED);
}

const char *sriov_state(const char *netdev, bool is_up, bool has_carrier)
{
	if (!*netdev)
		return "";
	return !is_up ? "down" : has_carrier ? "up" : "no-carrier";
}

enum tint sriov_tint(bool is_up, bool has_carrier)
{
	return !is_up ? TINT_DIM : has_carrier ? TINT_GREEN : TINT_YELLOW;
}

static void number_cell(struct table *table, int number)
{
	if (number < 0)
		table_cell(table, TINT_NONE, "%s", "");
	else
		table_cell(table, TINT_NONE, "%d", number);
}

/* --- pf list: a tree ------------------------------------------------------------------ */

static void add_pf(struct table *table, const struct weir_pf *pf)
{
	table_cell(table, TINT_BOLD, "%s", pf->pci);
	table_cell(table, TINT_NONE, "%s", pf->netdev);
	table_cell(table, sriov_tint(pf->is_up, pf->has_carrier), "%s",
		   sriov_state(pf->netdev, pf->is_up, pf->has_carrier));
	table_cell(table, TINT_NONE, "%s", pf->driver);
	table_cell(table, TINT_NONE, "%u of %u", (unsigned int)pf->num_vfs, (unsigned int)pf->total_vfs);
	number_cell(table, pf->numa_node);
	number_cell(table, pf->iommu_group);
	table_cell(table, TINT_NONE, "%s%s%s", pf->vendor_name, *pf->vendor_name ? " " : "",
		   pf->device_name);
}

static void add_vf_below(struct table *table, const struct weir_vf *vf, bool is_last)
{
	table_cell(table, TINT_NONE, "%s %s", is_last ? "└─" : "├─", vf->pci);
	table_cell(table, TINT_NONE, "%s", vf->netdev);
	table_cell(table, sriov_tint(vf->is_up, vf->has_carrier), "%s",
		   sriov_state(vf->netdev, vf->is_up, vf->has_carrier));
	table_cell(table, TINT_NONE, "%s", vf->driver);
	table_cell(table, TINT_NONE, "vf %u", (unsigned int)vf->index);
	number_cell(table, vf->numa_node);
	number_cell(table, vf->iommu_group);
	table_cell(table, TINT_NONE, "%s", vf->vfio);
}

static json_t *json_of_vfs(const struct weir_vf *vfs, size_t n)
{
	json_t *array = json_array();

	for (size_t i = 0; i < n; i++) {
		char *text = NULL;

		if (!weir_vf_json(&vfs[i], &text))
			json_array_append_new(array, json_of(text));
	}
	return array;
}

static json_t *json_of_pf(const struct weir_pf *pf, const struct weir_vf *vfs, size_t n)
{
	char *text = NULL;
	json_t *object;

	if (weir_pf_json(pf, &text))
		return json_null();
	object = json_of(text);
	json_object_set_new(object, "vfs", json_of_vfs(vfs, n));
	return object;
}

/* A PF into the table or the array, with its VFs. */
static int add_tree(struct tool *t, struct weir_sriov *s, const struct weir_pf *pf,
		    struct table *table, json_t *array)
{
	struct weir_vf *vfs = NULL;
	size_t n = 0;

	if (weir_vf_list(s, pf, &vfs, &n, &t->err))
		return tool_fail(t, STATUS_FAILED);
	if (t->is_json)
		json_array_append_new(array, json_of_pf(pf, vfs, n));
	else
		add_pf(table, pf);
	for (size_t i = 0; i < n && !t->is_json; i++)
		add_vf_below(table, &vfs[i], i + 1 == n);
	free(vfs);
	return STATUS_OK;
}

int cmd_pf_list(struct tool *t, const struct args *a)
{
	static const char *const heads[] = { "DEVICE", "NETDEV", "STATE", "DRIVER",
					     "VFS",    "NUMA",   "GROUP", "NAME" };
	struct table *table = table_new(heads, 8);
	json_t *array = json_array();
	struct weir_pf *pfs = NULL;
	struct weir_sriov *s;
	size_t n = 0;
	int status = sriov_open(t, &s);

	if (status)
		return status;
	if (weir_pf_list(s, WEIR_SRIOV_NAMES, &pfs, &n, &t->err))
		status = tool_fail(t, STATUS_FAILED);
	for (size_t i = 0; i < n && !status; i++)
		status = add_tree(t, s, &pfs[i], table, array);
	if (!status && t->is_json)
		out_json(&t->out, array);
	else if (!status)
		table_print(table, &t->out);
	free(pfs);
	weir_sriov_close(s);
	return status;
}

/* --- vf list -------------------------------------------------------------------------- */

static void print_vfs(struct tool *t, const struct weir_vf *vfs, size_t n)
{
	static const char *const heads[] = { "VF",    "DEVICE", "NETDEV", "STATE",
					     "MAC",   "DRIVER", "GROUP",  "VFIO" };
	struct table *table = table_new(heads, 8);
	char mac[18];

	for (size_t i = 0; i < n; i++) {
		const struct weir_vf *vf = &vfs[i];

		table_cell(table, TINT_NONE, "%u", (unsigned int)vf->index);
		table_cell(table, TINT_NONE, "%s", vf->pci);
		table_cell(table, TINT_NONE, "%s", vf->netdev);
		table_cell(table, sriov_tint(vf->is_up, vf->has_carrier), "%s",
			   sriov_state(vf->netdev, vf->is_up, vf->has_carrier));
		table_cell(table, TINT_NONE, "%s", *vf->netdev ? mac_format(vf->mac, mac) : "");
		table_cell(table, TINT_NONE, "%s", vf->driver);
		number_cell(table, vf->iommu_group);
		table_cell(table, TINT_NONE, "%s", vf->vfio);
	}
	table_print(table, &t->out);
}

int cmd_vf_list(struct tool *t, const struct args *a)
{
	struct weir_vf *vfs = NULL;
	struct weir_sriov *s;
	struct weir_pf pf = { .sz = sizeof(pf) };
	size_t n = 0;
	int status = sriov_open(t, &s);

	if (status)
		return status;
	if (weir_pf_get(s, a->words[0], 0, &pf, &t->err) || weir_vf_list(s, &pf, &vfs, &n, &t->err))
		status = tool_fail(t, tool_not_found(t, STATUS_FAILED));
	else if (t->is_json)
		out_json(&t->out, json_of_vfs(vfs, n));
	else
		print_vfs(t, vfs, n);
	free(vfs);
	weir_sriov_close(s);
	return status;
}
