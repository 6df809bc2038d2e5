/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What of a document its canonical form has not: elements and attributes that are not
 * known, those that stand where they mean nothing, and those that are there a second
 * time. Two trees beside each other; which elements there are is not known here.
 */
#include <stdio.h>

#include "xml/documents.h"

/* A child element; the n-th of a name belongs to the n-th of that name on the other side. */
struct child {
	const xmlNode *node;
	size_t at;	/* among all of its parent's */
};

struct children {
	struct child *items;
	size_t n;
};

static inline void wr_auto_children(struct children *c)
{
	free(c->items);
}

static const char *ns_of(const xmlNode *node)
{
	return node->ns && node->ns->href ? (const char *)node->ns->href : "";
}

static int compare_names(const struct child *a, const struct child *b)
{
	int r = strcmp((const char *)a->node->name, (const char *)b->node->name);

	return r ? r : strcmp(ns_of(a->node), ns_of(b->node));
}

static int by_name(const void *a, const void *b)
{
	const struct child *x = a, *y = b;
	int r = compare_names(x, y);

	return r ? r : (x->at > y->at) - (x->at < y->at);
}

/* In the order of their names. */
static bool find_children(const xmlNode *parent, struct children *ret)
{
	for (const xmlNode *node = parent->children; node; node = node->next)
		ret->n += node->type == XML_ELEMENT_NODE;
	ret->items = calloc(ret->n + 1, sizeof(*ret->items));
	if (!ret->items)
		return false;
	ret->n = 0;
	for (const xmlNode *node = parent->children; node; node = node->next)
		if (node->type == XML_ELEMENT_NODE) {
			ret->items[ret->n] = (struct child){ node, ret->n };
			ret->n++;
		}
	qsort(ret->items, ret->n, sizeof(*ret->items), by_name);
	return true;
}

static void note(struct wr_str *out, const xmlNode *node, const char *attr)
{
	char shown[WR_SHOWN];

	wr_str_printf(out, "line %ld, <%s>", xmlGetLineNo(node), wr_shown((const char *)node->name, shown));
	if (attr)
		wr_str_printf(out, ": %s", wr_shown(attr, shown));
	wr_str_putc(out, '\n');
}

static void note_attrs(struct wr_str *out, const xmlNode *node, const xmlNode *other)
{
	for (const xmlAttr *a = node->properties; a; a = a->next)
		if (!xmlHasNsProp(other, a->name, a->ns ? a->ns->href : NULL))
			note(out, node, (const char *)a->name);
}

static int walk(struct wr_str *out, const xmlNode *node, const xmlNode *other);

/* @others: of each child, by its place, what it is on the other side; NULL: nothing. */
static int walk_children(struct wr_str *out, const xmlNode *node, const xmlNode *const *others)
{
	int r = 0;

	for (const xmlNode *child = node->children; child && !r; child = child->next) {
		if (child->type != XML_ELEMENT_NODE)
			continue;
		if (*others)
			r = walk(out, child, *others);
		else
			note(out, child, NULL);
		others++;
	}
	return r;
}

static int walk(struct wr_str *out, const xmlNode *node, const xmlNode *other)
{
	wr_auto(children) struct children own = { 0 }, its = { 0 };
	wr_auto(free) const xmlNode **others = NULL;

	note_attrs(out, node, other);
	if (!find_children(node, &own) || !find_children(other, &its) ||
	    !(others = calloc(own.n + 1, sizeof(*others))))
		return -ENOMEM;
	for (size_t i = 0, k = 0; i < own.n; i++) {
		int order = -1;

		while (k < its.n && (order = compare_names(&its.items[k], &own.items[i])) < 0)
			k++;
		if (k < its.n && !order)
			others[own.items[i].at] = its.items[k++].node;
	}
	return walk_children(out, node, others);
}

int weir_xml_left_out(const char *text, size_t len, const char *canonical, char **ret, struct weir_error *err)
{
	wr_auto(xmldoc) xmlDoc *doc = NULL, *other = NULL;
	wr_auto(str) struct wr_str out = { 0 };
	int r = wr_xml_load(text, len, &doc, err);

	if (!r)
		r = wr_xml_load(canonical, canonical ? strlen(canonical) : 0, &other, err);
	if (r)
		return r;
	if (walk(&out, xmlDocGetRootElement(doc), xmlDocGetRootElement(other)))
		return wr_nomem(err);
	*ret = wr_str_take(&out);
	return *ret ? 0 : wr_nomem(err);
}
