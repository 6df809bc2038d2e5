/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Probing without a request: a module is loaded (/sys/module), or the kernel's list
 * of modules has it, built in or to be loaded. A kernel without such a list shows
 * little of what is built in; there a program is preferred, which is tried by
 * loading it. What is chosen for want of knowledge works too, and can be forced.
 */
#include <stdio.h>
#include <sys/utsname.h>

#include "base/file.h"
#include "tc/bpf.h"
#include "tc/probe.h"

#define LOOPBACK 1	/* in every namespace */

static const struct {
	unsigned int feature;
	const char *module;
} modules[] = {
	{ WR_TC_FQ_CODEL, "sch_fq_codel" }, { WR_TC_SFQ, "sch_sfq" }, { WR_TC_SKBEDIT, "act_skbedit" },
	{ WR_TC_POLICE, "act_police" },	    { WR_TC_IFB, "ifb" },     { WR_TC_FLOWER, "cls_flower" },
};

static bool is_loaded(const char *module)
{
	char path[64];

	wr_format(path, sizeof(path), "/sys/module/%s", module);
	return access(path, F_OK) == 0;
}

/* Whether a line of the list names "/MODULE.ko". */
static bool is_listed(const struct wr_str *list, const char *module)
{
	char word[64];

	wr_format(word, sizeof(word), "/%s.ko", module);
	return strstr(wr_str_text(list), word);
}

static void read_list(const char *name, struct wr_str *ret)
{
	struct utsname u;
	char path[256];

	if (uname(&u) < 0)
		return;
	wr_format(path, sizeof(path), "/lib/modules/%s/%s", u.release, name);
	wr_file_read(path, ret);
}

static bool is_default_qdisc(const char *kind)
{
	wr_auto(str) struct wr_str text = { 0 };

	return !wr_file_read("/proc/sys/net/core/default_qdisc", &text) &&
	       !strncmp(wr_str_text(&text), kind, strlen(kind));
}

static bool can_load_bpf(void)
{
	wr_auto(fd) int fd = wr_bpf_load(LOOPBACK, 0);

	return fd >= 0;
}

static unsigned int look(void)
{
	wr_auto(str) struct wr_str builtin = { 0 }, loadable = { 0 };
	unsigned int features = 0;

	read_list("modules.builtin", &builtin);
	read_list("modules.dep", &loadable);
	for (size_t i = 0; i < WR_COUNT(modules); i++)
		if (is_loaded(modules[i].module) || is_listed(&builtin, modules[i].module) ||
		    is_listed(&loadable, modules[i].module))
			features |= modules[i].feature;
	if (is_default_qdisc("fq_codel"))
		features |= WR_TC_FQ_CODEL;
	if (!builtin.len && !loadable.len)
		features |= WR_TC_IFB;	/* nothing is known: what everybody has */
	if (can_load_bpf())
		features |= WR_TC_BPF;
	return features;
}

unsigned int wr_tc_features(struct weir *w)
{
	unsigned int *known = weir_context(w, &wr_bpf_del_ops);
	unsigned int features;

	if (known)
		return *known;
	features = look();
	known = malloc(sizeof(*known));
	if (known)
		*known = features;
	if (known && weir_set_context(w, &wr_bpf_del_ops, known, free))
		free(known);
	return features;
}

/* --- choosing ------------------------------------------------------------------------------ */

enum weir_shape_method wr_tc_method(struct weir *w, enum weir_shape_method forced)
{
	unsigned int features;

	if (!forced)
		forced = w->shape_method;
	if (forced)
		return forced;
	features = wr_tc_features(w);
	if (!(features & WR_TC_IFB))
		return WEIR_SHAPE_POLICE;
	return features & WR_TC_SKBEDIT ? WEIR_SHAPE_SKBEDIT :
	       features & WR_TC_BPF	? WEIR_SHAPE_BPF :
					  WEIR_SHAPE_IFB;
}

enum weir_leaf wr_tc_leaf(struct weir *w, enum weir_leaf forced)
{
	unsigned int features = forced ? 0 : wr_tc_features(w);

	if (forced)
		return forced;
	return features & WR_TC_FQ_CODEL ? WEIR_LEAF_FQ_CODEL :
	       features & WR_TC_SFQ	 ? WEIR_LEAF_SFQ :
					   WEIR_LEAF_DEFAULT;
}
