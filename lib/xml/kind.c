/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a text is, by the start tag of its root; it is not read any further. */
#include "xml/documents.h"

static const char *skip_past(const char *at, const char *end, const char *mark)
{
	const char *found = memmem(at, (size_t)(end - at), mark, strlen(mark));

	return found ? found + strlen(mark) : end;
}

static bool begins(const char *at, const char *end, const char *with)
{
	return (size_t)(end - at) >= strlen(with) && !memcmp(at, with, strlen(with));
}

/* The root's "<", behind blanks, comments and instructions; @end if there is none. */
static const char *find_root(const char *at, const char *end)
{
	if (begins(at, end, "\xef\xbb\xbf"))
		at += 3;
	while (at < end) {
		while (at < end && memchr(" \t\r\n", *at, 4))
			at++;
		if (begins(at, end, "<!--"))
			at = skip_past(at, end, "-->");
		else if (begins(at, end, "<?"))
			at = skip_past(at, end, "?>");
		else
			return at < end && *at == '<' ? at : end;
	}
	return end;
}

static bool is_tag(const char *tag, size_t n, const char *name)
{
	size_t len = strlen(name);

	return n > len + 1 && !memcmp(tag + 1, name, len) && memchr(" \t\r\n/>", tag[len + 1], 6);
}

static bool has(const char *tag, size_t n, const char *text)
{
	return memmem(tag, n, text, strlen(text));
}

/* Only netcf's has a name, and only a vlan of its can go without. */
static enum weir_xml_kind kind_of_interface(const char *tag, size_t n)
{
	bool named = has(tag, n, " name=") || has(tag, n, "\nname=") || has(tag, n, "\tname=");

	return named || has(tag, n, "'vlan'") || has(tag, n, "\"vlan\"") ? WEIR_XML_GROUP :
									   WEIR_XML_GUEST;
}

enum weir_xml_kind weir_xml_kind_of(const char *text, size_t len)
{
	const char *end, *tag;
	size_t n;

	if (!text)
		return WEIR_XML_NONE;
	end = text + len;
	tag = find_root(text, end);
	n = (size_t)(skip_past(tag, end, ">") - tag);
	if (is_tag(tag, n, "network"))
		return WEIR_XML_NETWORK;
	if (is_tag(tag, n, "networkport"))
		return WEIR_XML_PORT;
	return is_tag(tag, n, "interface") ? kind_of_interface(tag, n) : WEIR_XML_NONE;
}
