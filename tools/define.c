/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Definitions of networks: parsed and checked before a command does anything.
 * They are JSON, or XML where the adapter is built in: a build without it leaves
 * out the files that need it, and its calls are then at address 0.
 */
#include <stdlib.h>

#include <weir/xml.h>

#include "weir.h"

#pragma weak weir_xml_kind_of
#pragma weak tool_xml_network

/* Which of the two it is, its first characters say. */
static int parse_network(struct tool *t, const char *file, const char *text, size_t len,
			 struct weir_network **ret)
{
	if (weir_xml_kind_of && weir_xml_kind_of(text, len) != WEIR_XML_NONE)
		return tool_xml_network(t, file, text, len, ret);
	return weir_network_parse(text, len, ret, &t->err);
}

int tool_read_network(struct tool *t, const char *file, struct weir_network **ret)
{
	char *text = NULL;
	size_t len = 0;
	int r = tool_read_text(t, file, STATUS_BAD_INPUT, &text, &len);

	if (r)
		return r;
	r = parse_network(t, file, text, len, ret);
	free(text);
	if (!r) {
		r = weir_network_check(*ret, &t->err);
		if (r) {
			weir_network_free(*ret);
			*ret = NULL;
		}
	}
	return r ? tool_fail_in(t, file, STATUS_BAD_INPUT) : STATUS_OK;
}
