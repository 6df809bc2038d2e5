/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Finds out what the kernel can do without asking it to do it: a module is loaded
 * (/sys/module), or the kernel's lists have it as built in or loadable. A kernel without
 * such lists shows little of what is built in. There a program (bpf) is preferred,
 * because loading one tells whether it works. The caller can choose a method instead.
 */
#include <stdio.h>
#include <sys/utsname.h>

#include "base/context.h"
#include "base/file.h"
#include "tc/bpf.h"
#include "tc/ifb.h"
#include "tc/probe.h"

#define LOADED "/sys/module/"

static const struct {
	unsigned int feature;
	const char *path;	/* there if the module is loaded, or built in with parameters; behind LOADED its name */
} modules[] = {
	{ WR_TC_FQ_CODEL, LOADED "sch_fq_codel" }, { WR_TC_SFQ, LOADED "sch_sfq" },
	{ WR_TC_SKBEDIT, LOADED "act_skbedit" },   { WR_TC_IFB, LOADED "ifb" },
	{ WR_TC_FLOWER, LOADED "cls_flower" },
};

/* What a handle has looked for already, and what of it there was. */
struct known {
	unsigned int asked, found;
	bool has_no_lists;
};

/* Whether a line of the list names "/MODULE.ko"; -ENOENT if there is no such list. */
static int is_listed(const char *list, const char *module)
{
	wr_auto(str) struct wr_str text = { 0 };
	char path[256], word[64];
	struct utsname u;

	if (uname(&u) < 0)
		return -ENOENT;
	wr_format(path, sizeof(path), "/lib/modules/%s/%s", u.release, list);
	if (wr_file_read(path, &text))
		return -ENOENT;
	wr_format(word, sizeof(word), "/%s.ko", module);
	return strstr(wr_str_text(&text), word) != NULL;
}

static bool is_default_qdisc(const char *kind)
{
	wr_auto(str) struct wr_str text = { 0 };

	return !wr_file_read("/proc/sys/net/core/default_qdisc", &text) &&
	       !strncmp(wr_str_text(&text), kind, strlen(kind));
}

/* The lists are long, so they are looked at last. */
static bool look(struct known *k, unsigned int feature, const char *path)
{
	const char *module = path + strlen(LOADED);
	int builtin, loadable;

	if (k->has_no_lists && feature == WR_TC_IFB)
		return true;	/* nothing is known: what everybody has */
	if (!access(path, F_OK) || (feature == WR_TC_FQ_CODEL && is_default_qdisc("fq_codel")))
		return true;
	builtin = k->has_no_lists ? -ENOENT : is_listed("modules.builtin", module);
	k->has_no_lists = builtin < 0;
	if (k->has_no_lists)
		return feature == WR_TC_IFB;
	loadable = builtin ? 0 : is_listed("modules.dep", module);
	return builtin || loadable > 0;
}

static void remember(struct known *k, unsigned int feature, bool found)
{
	k->asked |= feature;
	k->found |= found ? feature : 0;
}

/* @none: where memory ran out, nothing is known. */
static struct known *known_of(struct weir *w, struct known *none)
{
	struct known *k = wr_context_of(w, &wr_bpf_del_ops, sizeof(*k), NULL, free);

	return k ? k : none;
}

static bool has(struct known *k, unsigned int feature)
{
	if (k->asked & feature)
		return k->found & feature;
	for (size_t i = 0; i < WR_COUNT(modules); i++)
		if (modules[i].feature == feature)
			remember(k, feature, look(k, feature, modules[i].path));
	return k->found & feature;
}

bool wr_tc_has(struct weir *w, unsigned int feature)
{
	return has(known_of(w, &(struct known){ 0 }), feature);
}

/* --- choosing ------------------------------------------------------------------------------ */

/* By the program that the port would need, so that it is loaded once; where a block has it already, not at all. */
static int try_block(struct weir_txn *t, int port, struct weir_error *err)
{
	int r = wr_ifb_has_block(t, port, err);

	return r ? r : wr_txn_bpf_program(t, WR_BPF_BY_PORT, WR_MAJOR_SHARED) >= 0;
}

static int try_bpf(struct weir_txn *t, int port, struct weir_error *err)
{
	int ifb, r = wr_ifb_next(t, port, &ifb, err);

	return r ? r : wr_txn_bpf_program(t, ifb, WR_MAJOR_SHARED) >= 0;
}

static bool can(struct weir_txn *t, struct known *k, int port, unsigned int feature,
		int (*try)(struct weir_txn *t, int port, struct weir_error *err))
{
	struct weir_error err = WEIR_ERROR_INIT;
	int r = k->asked & feature ? 0 : try(t, port, &err);

	if (r < 0)	/* it could not be tried: no other method takes its place */
		wr_txn_fail(t, &err);
	else if (!(k->asked & feature))
		remember(k, feature, r);
	return k->found & feature;
}

enum weir_shape_method wr_tc_method(struct weir_txn *t, int port, enum weir_shape_method forced, bool may_share)
{
	struct known none = { 0 }, *k;

	if (!forced)
		forced = t->w->shape_method;
	if (forced)
		return forced;
	k = known_of(t->w, &none);
	return !has(k, WR_TC_IFB)				    ? WEIR_SHAPE_POLICE :
	       has(k, WR_TC_SKBEDIT)				    ? WEIR_SHAPE_SKBEDIT :
	       may_share && can(t, k, port, WR_TC_BLOCK, try_block) ? WEIR_SHAPE_BLOCK :
	       can(t, k, port, WR_TC_BPF, try_bpf)		    ? WEIR_SHAPE_BPF :
								      WEIR_SHAPE_IFB;
}

bool wr_tc_shares(struct weir *w, enum weir_shape_method forced)
{
	if (!forced)
		forced = w->shape_method;
	return forced ? forced == WEIR_SHAPE_BLOCK : known_of(w, &(struct known){ 0 })->found & WR_TC_BLOCK;
}

enum weir_shape_method wr_tc_marker(struct weir_txn *t)
{
	return wr_tc_has(t->w, WR_TC_SKBEDIT)		      ? WEIR_SHAPE_SKBEDIT :
	       wr_txn_bpf_program(t, 0, WR_MAJOR_FLOORS) >= 0 ? WEIR_SHAPE_BPF :
								WEIR_SHAPE_AUTO;
}

enum weir_leaf wr_tc_leaf(struct weir *w, enum weir_leaf forced)
{
	struct known none = { 0 }, *k;

	if (forced)
		return forced;
	k = known_of(w, &none);
	return has(k, WR_TC_FQ_CODEL) ? WEIR_LEAF_FQ_CODEL :
	       has(k, WR_TC_SFQ)      ? WEIR_LEAF_SFQ :
					WEIR_LEAF_DEFAULT;
}
