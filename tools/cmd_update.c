/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * weir net update: one item of a network is added, changed or deleted, in the
 * running network, in the stored definition or in both. The item is JSON, or XML
 * where the adapter is built in, on the command line or in a file.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "weir.h"

#pragma weak tool_xml_item

/* --- words --------------------------------------------------------------------------- */

static bool section_parse(const char *name, int *ret)
{
	for (int i = WEIR_SECTION_BRIDGE; i <= WEIR_SECTION_DNS_SRV; i++)
		if (name && !strcmp(name, weir_section_name((enum weir_section)i))) {
			*ret = i;
			return true;
		}
	return false;
}

static bool command_parse(const char *name, int *ret)
{
	static const char *const names[] = { "modify", "delete", "add-last", "add-first", "add" };
	static const int commands[] = { WEIR_UPDATE_MODIFY, WEIR_UPDATE_DELETE,
					WEIR_UPDATE_ADD_LAST, WEIR_UPDATE_ADD_FIRST,
					WEIR_UPDATE_ADD_LAST };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (name && !strcmp(name, names[i])) {
			*ret = commands[i];
			return true;
		}
	return false;
}

static bool index_parse(const char *text, int *ret)
{
	char *end;
	long value = text ? strtol(text, &end, 10) : -1;

	*ret = (int)value;
	return !text || (*text && !*end && value >= -1 && value <= INT32_MAX);
}

int update_options(struct tool *t, const struct args *a, struct weir_update *ret)
{
	int section, command, index;

	if (!section_parse(a->value[OPT_SECTION], &section))
		return usage_error(t, "--section is a section such as ip-dhcp-host or portgroup");
	if (!command_parse(a->value[OPT_COMMAND], &command))
		return usage_error(t, "--command is add-last, add-first, modify or delete");
	if (!index_parse(a->value[OPT_INDEX], &index))
		return usage_error(t, "--index is a number, -1 or more");
	*ret = (struct weir_update){ .sz = sizeof(*ret),
				     .section = (uint8_t)section,
				     .command = (uint8_t)command,
				     .parent_index = index };
	return STATUS_OK;
}

/* --- the item ------------------------------------------------------------------------- */

static const char *skip_blanks(const char *s)
{
	return s + strspn(s, " \t\r\n");
}

/* A word that can be no file's name in its right mind is the item itself. */
static bool is_file(const char *word)
{
	return !strchr("{<", *skip_blanks(word));
}

static int item_text(struct tool *t, const char *word, char **ret)
{
	char *text = NULL;
	size_t len = 0;
	int r;

	if (!is_file(word)) {
		*ret = xformat("%s", word);
		return STATUS_OK;
	}
	r = tool_read_text(t, word, STATUS_BAD_INPUT, &text, &len);
	if (!r)
		*ret = xformat("%.*s", (int)len, text ? text : "");
	free(text);
	return r;
}

static int parse_item(struct tool *t, const char *word, const struct weir_update *u, const char *text, void **ret)
{
	if (tool_xml_item && *skip_blanks(text) == '<')
		return tool_xml_item(t, is_file(word) ? word : "item", u, text, ret);
	return weir_update_item_parse((enum weir_section)u->section, text, strlen(text),
				      u->command == WEIR_UPDATE_DELETE, ret, &t->err);
}

static int read_item(struct tool *t, const char *word, const struct weir_update *u, void **ret)
{
	char *text = NULL;
	int r = item_text(t, word, &text);

	if (!r && parse_item(t, word, u, text, ret))
		r = is_file(word) ? tool_fail_in(t, word, STATUS_BAD_INPUT) : tool_fail(t, STATUS_BAD_INPUT);
	free(text);
	return r;
}

/* --- the command ------------------------------------------------------------------------- */

static int update(struct tool *t, const char *name, const struct weir_update *u, int which)
{
	const char *section = weir_section_name((enum weir_section)u->section);
	struct weir_txn *txn;
	int status = tool_begin(t, &txn, "update %s of network %s", section, name);

	if (status)
		return status;
	weir_txn_network_update(txn, name, u, 1, which);
	status = tool_commit(t, txn, STATUS_NOT_FOUND);
	if (status || t->is_dry_run)
		return status;
	if (t->is_json)
		out_json(&t->out, json_pack("{s:o, s:s, s:b}", "name", json_text(name), "section",
					    section, "updated", 1));
	else
		out_text(&t->out, "network %s updated: %s\n", name, section);
	return STATUS_OK;
}

int cmd_net_update(struct tool *t, const struct args *a)
{
	int which = (a->value[OPT_LIVE] ? WEIR_NETWORK_LIVE : 0) |
		    (a->value[OPT_CONFIG] ? WEIR_NETWORK_CONFIG : 0);
	struct weir_update u = { .sz = sizeof(u) };
	void *item = NULL;
	int status = update_options(t, a, &u);

	if (!status)
		status = read_item(t, a->words[1], &u, &item);
	if (status)
		return status;
	u.item = item;
	status = update(t, a->words[0], &u, which);
	weir_update_item_free((enum weir_section)u.section, item);
	return status;
}
