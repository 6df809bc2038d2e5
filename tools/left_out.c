/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is lost between XML and a definition, said on standard error: libvirt and netcf
 * ignore what they do not know, and so a misspelt limit would be none without a word.
 */
#include <stdlib.h>
#include <string.h>

#include <weir/xml.h>

#include "weir.h"

#define MOST_LINES 20

static const char *shown_name(const char *file)
{
	return strcmp(file, "-") ? file : "(standard input)";
}

void tell_left_out(const char *file, const char *text, size_t len, const char *canonical)
{
	char *lines = NULL, *line;
	size_t n = 0;

	file = shown_name(file);
	if (weir_xml_left_out(text, len, canonical, &lines, NULL))
		return;
	for (line = strtok(lines, "\n"); line; line = strtok(NULL, "\n"))
		if (n++ < MOST_LINES)
			fprintf(stderr, "weir: %s: %s: means nothing here, and is left out\n", file, line);
	if (n > MOST_LINES)
		fprintf(stderr, "weir: %s: and so are %zu more\n", file, n - MOST_LINES);
	free(lines);
}

int tool_xml_network(struct tool *t, const char *file, const char *text, size_t len, struct weir_network **ret)
{
	char *canonical = NULL;
	int r = weir_xml_network_parse(text, len, ret, &t->err);

	if (!r && !weir_xml_network_format(*ret, 0, &canonical, NULL))
		tell_left_out(file, text, len, canonical);
	free(canonical);
	return r;
}

int tool_xml_group(struct tool *t, const char *file, const char *text, size_t len, struct weir_group **ret)
{
	char *canonical = NULL;
	int r = weir_xml_group_parse(text, len, ret, &t->err);

	if (!r && !weir_xml_group_format(*ret, &canonical))
		tell_left_out(file, text, len, canonical);
	free(canonical);
	return r;
}

int tool_xml_item(struct tool *t, const char *file, const struct weir_update *u, const char *text, void **ret)
{
	const enum weir_section section = (enum weir_section)u->section;
	char *canonical = NULL;
	int r = weir_xml_update_item_parse(section, (enum weir_update_command)u->command, text, strlen(text), ret, &t->err);

	if (!r && !weir_xml_update_item_format(section, *ret, &canonical))
		tell_left_out(file, text, strlen(text), canonical);
	free(canonical);
	return r;
}

/* --- the other way ------------------------------------------------------------------------ */

static void tell_lost(const char *file, const json_t *is, const json_t *back, const char *path);

static void tell_lost_member(const char *file, const json_t *is, const json_t *back, char *path)
{
	if (back)
		tell_lost(file, is, back, path);
	else
		fprintf(stderr, "weir: %s: %s: has no place in XML, and is left out\n", file, path);
	free(path);
}

static void tell_lost(const char *file, const json_t *is, const json_t *back, const char *path)
{
	const char *key;
	json_t *value;
	size_t i;

	json_object_foreach((json_t *)(uintptr_t)is, key, value)
		tell_lost_member(file, value, json_object_get(back, key),
				 xformat("%s%s%s", path, *path ? "." : "", key));
	json_array_foreach(is, i, value)
		tell_lost_member(file, value, json_array_get(back, i), xformat("%s[%zu]", path, i));
}

void tell_lost_in_xml(const char *file, const char *json, const char *json_of_xml)
{
	json_t *is = json_loads(json, 0, NULL), *back = json_loads(json_of_xml, 0, NULL);

	if (is && back)
		tell_lost(shown_name(file), is, back, "");
	json_decref(is);
	json_decref(back);
}
