/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * weir vf create, remove, set, show: how many virtual functions a card has, and
 * what it does with their traffic. Names and values of settings are the
 * library's (weir_vf_config_parse()).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sriov.h"

#define WAIT_S 10

/* --- how many ------------------------------------------------------------------------- */

static int set_number(struct tool *t, struct weir_sriov *s, const char *pf, unsigned long n,
		      unsigned int flags)
{
	struct weir_txn *txn;
	int status = tool_begin(t, &txn, "%lu virtual functions on %s", n, pf);

	if (status)
		return status;
	weir_txn_vf_number(txn, s, pf, (uint32_t)n, flags);
	if (weir_txn_error(txn, NULL) == -ENODEV) {
		weir_txn_error(txn, &t->err);
		weir_txn_abort(txn);
		return tool_fail(t, STATUS_NOT_FOUND);
	}
	return tool_commit(t, txn, STATUS_FAILED);
}

/* They are there; that a driver is not, is said and no failure. */
static void wait_for_links(struct tool *t, struct weir_sriov *s, const char *pf, unsigned long seconds)
{
	char line[1024];

	if (!weir_vf_wait(s, pf, (unsigned int)seconds * 1000, &t->err) || t->is_json)
		return;
	weir_error_format(&t->err, line, sizeof(line));
	fprintf(stderr, "weir: they are made, but %s\n", line);
}

static int show_number(struct tool *t, struct weir_sriov *s, const char *name)
{
	struct weir_pf pf = { .sz = sizeof(pf) };

	if (weir_pf_get(s, name, 0, &pf, &t->err))
		return tool_fail(t, STATUS_FAILED);
	if (t->is_json)
		out_json(&t->out, json_pack("{s:s, s:i, s:i}", "pf", pf.pci, "num_vfs", (int)pf.num_vfs,
					    "total_vfs", (int)pf.total_vfs));
	else
		out_text(&t->out, "%s has %u of %u virtual functions\n", name,
			 (unsigned int)pf.num_vfs, (unsigned int)pf.total_vfs);
	return STATUS_OK;
}

static int change_number(struct tool *t, const char *pf, unsigned long n, unsigned int flags,
			 unsigned long seconds)
{
	struct weir_sriov *s;
	int status = sriov_open(t, &s);

	if (status)
		return status;
	status = set_number(t, s, pf, n, flags);
	if (!status && !t->is_dry_run && n && seconds && !(flags & WEIR_VF_NO_PROBE))
		wait_for_links(t, s, pf, seconds);
	if (!status && !t->is_dry_run)
		status = show_number(t, s, pf);
	weir_sriov_close(s);
	return status;
}

int cmd_vf_create(struct tool *t, const struct args *a)
{
	unsigned long n, seconds = WAIT_S;

	if (!number_parse(a->words[1], 65535, &n) || !n)
		return usage_error(t, "%s is no number of virtual functions", a->words[1]);
	if (a->value[OPT_WAIT] && !number_parse(a->value[OPT_WAIT], 3600, &seconds))
		return usage_error(t, "--wait takes a number of seconds up to 3600");
	return change_number(t, a->words[0], n, a->value[OPT_NO_PROBE] ? WEIR_VF_NO_PROBE : 0, seconds);
}

int cmd_vf_remove(struct tool *t, const struct args *a)
{
	return change_number(t, a->words[0], 0, 0, 0);
}

/* --- settings ------------------------------------------------------------------------- */

struct settings {
	struct weir_vf_config *configs;
	uint64_t *refused;
	size_t n;
	struct weir_vf first;	/* whose PF all are of */
};

/* The bits that the names in "trust,state" have. */
static int parse_best_effort(struct tool *t, const char *names, uint64_t *ret)
{
	char *copy = xformat("%s", names ? names : ""), *rest = copy, *name;
	int status = STATUS_OK;

	*ret = 0;
	while (!status && (name = strsep(&rest, ","))) {
		uint64_t bit = weir_vf_config_bit(name);

		if (*name && !bit)
			status = usage_error(t, "%s is no setting of a virtual function", name);
		*ret |= bit;
	}
	free(copy);
	return status;
}

static int add_vf(struct tool *t, struct weir_sriov *s, const char *word, struct settings *set)
{
	struct weir_vf vf = { .sz = sizeof(vf) };

	if (weir_vf_get(s, word, &vf, &t->err))
		return tool_fail(t, tool_not_found(t, STATUS_FAILED));
	if (!set->n)
		set->first = vf;
	else if (strcmp(vf.pf, set->first.pf) != 0)
		return usage_error(t, "%s is on another card than the first one", word);
	set->configs[set->n++] = (struct weir_vf_config){ .sz = sizeof(set->configs[0]), .vf = vf.index };
	return STATUS_OK;
}

static int add_setting(struct tool *t, const char *name, const char *value, struct settings *set)
{
	if (!value)
		return usage_error(t, "%s has no value", name);
	if (!weir_vf_config_parse(&set->configs[set->n - 1], name, value, &t->err))
		return STATUS_OK;
	return tool_fail(t, t->err.code == -ENOENT ? STATUS_USAGE : STATUS_FAILED);
}

/* VF NAME VALUE [NAME VALUE]... [VF ...]: a word that no setting has for its name is a VF. */
static int read_settings(struct tool *t, struct weir_sriov *s, const struct args *a,
			 struct settings *set)
{
	uint64_t best_effort;
	int status = parse_best_effort(t, a->value[OPT_BEST_EFFORT], &best_effort);

	for (int i = 0; i < a->n_words && !status;) {
		if (i == 0 || !weir_vf_config_bit(a->words[i])) {
			status = add_vf(t, s, a->words[i], set);
			i++;
		} else {
			status = add_setting(t, a->words[i], i + 1 < a->n_words ? a->words[i + 1] : NULL, set);
			i += 2;
		}
	}
	for (size_t i = 0; i < set->n; i++)
		set->configs[i].best_effort = best_effort;
	return status;
}

/* What the driver refused and was told it might. */
static void report_refused(struct tool *t, const struct settings *set)
{
	json_t *array = json_array();

	for (size_t i = 0; i < set->n; i++)
		for (uint64_t bit = 1; bit && bit <= set->refused[i]; bit <<= 1) {
			const char *name = set->refused[i] & bit ? weir_vf_config_name(bit) : NULL;

			if (!name)
				continue;
			json_array_append_new(array, json_pack("{s:i, s:s}", "vf", (int)set->configs[i].vf,
							       "setting", name));
			if (!t->is_json)
				out_text(&t->out, "vf %u: the driver refused %s\n",
					 (unsigned int)set->configs[i].vf, name);
		}
	if (t->is_json)
		out_json(&t->out, json_pack("{s:o}", "refused", array));
	else
		json_decref(array);
}

static int apply_settings(struct tool *t, const struct settings *set)
{
	struct weir_txn *txn;
	int status = tool_begin(t, &txn, "settings of VFs of %s", set->first.pf);

	if (status)
		return status;
	weir_txn_vf_set(txn, set->first.pf_ifindex, set->configs, set->n, set->refused);
	status = tool_commit(t, txn, STATUS_NOT_FOUND);
	if (!status && !t->is_dry_run)
		report_refused(t, set);
	return status;
}

int cmd_vf_set(struct tool *t, const struct args *a)
{
	struct settings set = { .n = 0 };
	struct weir_sriov *s;
	int status = sriov_open(t, &s);

	if (status)
		return status;
	set.configs = xalloc((size_t)a->n_words, sizeof(*set.configs));
	set.refused = xalloc((size_t)a->n_words, sizeof(*set.refused));
	status = read_settings(t, s, a, &set);
	if (!status && !set.first.pf_ifindex)
		status = tool_refuse(t, STATUS_FAILED, -ENODEV, set.first.pf,
				     "has no link in this namespace, and settings are made by it");
	if (!status)
		status = apply_settings(t, &set);
	free(set.configs);
	free(set.refused);
	weir_sriov_close(s);
	return status;
}

/* --- show ------------------------------------------------------------------------------- */

static const struct weir_vf_config *find(const struct weir_vf_config *list, size_t n, uint32_t vf)
{
	for (size_t i = 0; i < n; i++)
		if (list[i].vf == vf)
			return &list[i];
	return NULL;
}

static void show_json(struct tool *t, const struct weir_vf *vf, const struct weir_vf_config *c)
{
	char *text = NULL;
	json_t *object;

	if (weir_vf_json(vf, &text))
		return;
	object = json_of(text);
	if (c && !weir_vf_config_json(c, &text))
		json_object_set_new(object, "settings", json_of(text));
	out_json(&t->out, object);
}

static void show_text(struct tool *t, const struct weir_vf *vf, const struct weir_vf_config *c)
{
	struct out *o = &t->out;
	char *text = NULL, mac[18];

	out_pair(o, "vf", "%s", vf->pci);
	out_pair(o, "card", "%s%s%s", vf->pf, *vf->pf_netdev ? " " : "", vf->pf_netdev);
	out_pair(o, "number", "%u", (unsigned int)vf->index);
	out_pair(o, "driver", "%s", *vf->driver ? vf->driver : "none");
	if (*vf->netdev) {
		out_pair(o, "link", "%s", vf->netdev);
		out_pair_tinted(o, "state", sriov_tint(vf->is_up, vf->has_carrier),
				sriov_state(vf->netdev, vf->is_up, vf->has_carrier));
		out_pair(o, "mac", "%s", mac_format(vf->mac, mac));
	}
	if (*vf->vfio)
		out_pair(o, "vfio", "%s", vf->vfio);
	if (vf->iommu_group >= 0)
		out_pair(o, "iommu group", "%d", (int)vf->iommu_group);
	if (c && !weir_vf_config_text(c, &text))
		out_pair(o, "settings", "%s", text);
	free(text);
}

int cmd_vf_show(struct tool *t, const struct args *a)
{
	struct weir_vf_config *configs = NULL;
	struct weir_sriov *s;
	struct weir_vf vf = { .sz = sizeof(vf) };
	size_t n = 0;
	int status = sriov_open(t, &s);

	if (status)
		return status;
	if (weir_vf_get(s, a->words[0], &vf, &t->err) ||
	    (vf.pf_ifindex && weir_vf_config_list(t->w, vf.pf_ifindex, &configs, &n, &t->err)))
		status = tool_fail(t, tool_not_found(t, STATUS_FAILED));
	else if (t->is_json)
		show_json(t, &vf, find(configs, n, vf.index));
	else
		show_text(t, &vf, find(configs, n, vf.index));
	free(configs);
	weir_sriov_close(s);
	return status;
}
