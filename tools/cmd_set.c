/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * weir link add, set, del: one transaction each, in the words that `ip link`
 * takes. Which there are, and what they may say, is the library's business
 * (weir_link_parse()).
 */
#include <errno.h>
#include <string.h>

#include "weir.h"

static int parse(struct tool *t, char **words, int n, struct weir_link *link)
{
	int r = weir_link_parse(t->w, (const char *const *)words, (size_t)n, link, &t->err);

	if (r && !*t->err.object)
		snprintf(t->err.object, sizeof(t->err.object), "link %s", link->name);
	return r ? tool_fail(t, r == -ENODEV ? STATUS_NOT_FOUND : STATUS_USAGE) : STATUS_OK;
}

static int show_as_json(struct tool *t, const char *name)
{
	struct weir_link link = { .sz = sizeof(link) };
	char *text = NULL;

	if (!t->is_json || t->is_dry_run)
		return STATUS_OK;
	if (weir_link_get(t->w, 0, name, &link, &t->err))
		return tool_fail(t, STATUS_FAILED);
	if (weir_link_json(&link, &text))
		return tool_refuse(t, STATUS_FAILED, -ENOMEM, name, "out of memory");
	out_json(&t->out, json_of(text));
	return STATUS_OK;
}

int cmd_link_add(struct tool *t, const struct args *a)
{
	struct weir_link link = { .sz = sizeof(link) };
	struct weir_txn *txn;
	int status = parse(t, a->words, a->n_words, &link);

	if (!status && !link.kind)
		return usage_error(t, "type is missing");
	if (!status)
		status = tool_begin(t, &txn, "add link %s", link.name);
	if (status)
		return status;
	if (link.kind == WEIR_LINK_TUN)
		weir_txn_tap_add(txn, &link, 0, NULL);
	else
		weir_txn_link_add(txn, &link);
	status = tool_commit(t, txn, STATUS_FAILED);
	return status ? status : show_as_json(t, link.name);
}

/* What is there: the words may be of its kind, and of what it is a port of. */
static int find(struct tool *t, const char *name, struct weir_link *ret)
{
	struct weir_link is;
	int status = tool_find_link(t, name, &is);

	if (status)
		return status;
	*ret = (struct weir_link){ .sz = sizeof(*ret), .kind = is.kind, .ifindex = is.ifindex,
				   .has = is.has & WEIR_LINK_PORT_KIND, .macvlan.sources = is.macvlan.sources };
	memcpy(ret->name, is.name, sizeof(ret->name));
	memcpy(ret->port_kind, is.port_kind, sizeof(ret->port_kind));
	return STATUS_OK;
}

int cmd_link_set(struct tool *t, const struct args *a)
{
	int skip = !strcmp(a->words[0], "dev") && a->n_words > 1, status;
	char name[sizeof(((struct weir_link *)0)->name)];
	struct weir_link link;
	struct weir_txn *txn;

	status = find(t, a->words[skip], &link);
	if (status)
		return status;
	memcpy(name, link.name, sizeof(name));
	a->words[skip] = name;
	status = parse(t, a->words + skip, a->n_words - skip, &link);
	if (!status && strcmp(name, link.name) != 0)
		return usage_error(t, "a link cannot get another name");
	if (!status)
		status = tool_begin(t, &txn, "set link %s", name);
	if (status)
		return status;
	link.has &= ~WEIR_LINK_PORT_KIND;
	link.has |= WEIR_LINK_IFINDEX;
	/* A set of one: what the kernel wants in an order of its own finds it. */
	weir_txn_links(txn, &link, 1);
	status = tool_commit(t, txn, STATUS_FAILED);
	return status ? status : show_as_json(t, name);
}

int cmd_link_del(struct tool *t, const struct args *a)
{
	struct weir_txn *txn;
	int status = tool_begin(t, &txn, "delete link %s", a->words[0]);

	if (status)
		return status;
	for (int i = 0; i < a->n_words; i++) {
		struct weir_link link;

		status = find(t, a->words[i], &link);
		if (status) {
			weir_txn_abort(txn);
			return status;
		}
		weir_txn_link_del(txn, link.ifindex, link.name);
	}
	status = tool_commit(t, txn, STATUS_FAILED);
	if (!status && t->is_json && !t->is_dry_run)
		words_report(t, a, "deleted");
	return status;
}
