/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Text to libxml2's tree. libxml2 parses; here is what keeps a hostile text from
 * costing more than it is worth: a scan over the bytes, before libxml2 sees them,
 * that knows just enough of XML to count. As long as the text is well-formed, the
 * scan and libxml2 see the same tags; where it is not, libxml2 stops before it
 * gets further.
 */
#include <stdio.h>

#include <libxml/parser.h>

#include "xml/xml.h"

/* --- the scan ----------------------------------------------------------------------- */

struct scan {
	const char *text, *at, *end;
	size_t depth, nodes, namespaces;
	struct weir_error *err;
};

static int refuse_at(const struct scan *s, int code, const char *what, size_t max)
{
	size_t line = 1;
	char object[32];

	for (const char *c = s->text; c < s->at; c++)
		line += *c == '\n';
	snprintf(object, sizeof(object), "line %zu", line);
	return max ? wr_refuse(s->err, code, object, "", "%s %zu", what, max) :
		     wr_refuse(s->err, code, object, "", "%s", what);
}

static bool begins(const struct scan *s, const char *with)
{
	size_t n = strlen(with);

	return (size_t)(s->end - s->at) >= n && !memcmp(s->at, with, n);
}

/* Behind the next @mark; the end if there is none, which libxml2 will not like. */
static void skip_past(struct scan *s, const char *mark)
{
	const char *found = memmem(s->at, (size_t)(s->end - s->at), mark, strlen(mark));

	s->at = found ? found + strlen(mark) : s->end;
}

/* How often its attributes say xmlns; in a value it does no harm to count it too. */
static size_t count_namespaces(const char *tag, const char *end)
{
	size_t n = 0;

	while ((tag = memmem(tag, (size_t)(end - tag), "xmlns", 5))) {
		tag += 5;
		n++;
	}
	return n;
}

static int scan_tag(struct scan *s)
{
	const char *start = s->at;
	size_t attrs = 0;
	char quote = 0;

	for (; s->at < s->end && (quote || *s->at != '>'); s->at++) {
		if (quote)
			quote = *s->at == quote ? 0 : quote;
		else if (*s->at == '"' || *s->at == '\'')
			quote = *s->at;
		else
			attrs += *s->at == '=';
		if ((size_t)(s->at - start) >= WR_XML_MAX_TAG)
			return refuse_at(s, -ERANGE, "a tag is longer than", WR_XML_MAX_TAG);
	}
	if (attrs > WR_XML_MAX_ATTRS)
		return refuse_at(s, -ERANGE, "the attributes of an element are more than",
				 WR_XML_MAX_ATTRS);
	s->nodes += attrs;
	s->namespaces += count_namespaces(start, s->at);
	if (s->namespaces > WR_XML_MAX_NAMESPACES)
		return refuse_at(s, -ERANGE, "the namespaces are more than", WR_XML_MAX_NAMESPACES);
	if (start[1] == '/')
		s->depth -= s->depth > 0;
	else if (s->at[-1] != '/')
		s->depth++;
	if (s->depth > WR_XML_MAX_DEPTH)
		return refuse_at(s, -ERANGE, "elements are nested deeper than", WR_XML_MAX_DEPTH);
	return 0;
}

/* At a "<". */
static int scan_markup(struct scan *s)
{
	if (++s->nodes > WR_XML_MAX_NODES)
		return refuse_at(s, -ERANGE, "the elements and attributes are more than",
				 WR_XML_MAX_NODES);
	if (begins(s, "<!--")) {
		s->at += 4;
		skip_past(s, "-->");
	} else if (begins(s, "<![CDATA[")) {
		skip_past(s, "]]>");
	} else if (begins(s, "<?")) {
		skip_past(s, "?>");
	} else if (begins(s, "<!")) {
		return refuse_at(s, -EINVAL, "a document type declaration is not allowed", 0);
	} else if (s->end - s->at < 2) {
		s->at = s->end;
	} else {
		return scan_tag(s);
	}
	return 0;
}

static int scan(struct scan *s)
{
	int r = 0;

	while (!r && (s->at = memchr(s->at, '<', (size_t)(s->end - s->at))))
		r = scan_markup(s);
	return r;
}

/* --- libxml2 ------------------------------------------------------------------------ */

/* The first thing that libxml2 did not like. */
static void keep_first(void *data, xmlError *e)
{
	xmlParserCtxt *ctxt = data;
	struct weir_error *err = ctxt->_private;
	char object[32], reason[128], shown[WR_SHOWN];

	if (!err || err->code || e->level < XML_ERR_ERROR)
		return;
	snprintf(object, sizeof(object), "line %d", e->line);
	/* Its first line; the next ones repeat a part of the document. */
	snprintf(reason, sizeof(reason), "%s", e->message ? e->message : "is not well-formed");
	reason[strcspn(reason, "\n")] = '\0';
	wr_refuse(err, e->code == XML_ERR_NO_MEMORY ? -ENOMEM : -EINVAL, object, "", "%s",
		  wr_shown(reason, shown));
}

static int parse(const char *text, size_t len, xmlDoc **ret, struct weir_error *err)
{
	struct weir_error first = WEIR_ERROR_INIT;
	xmlParserCtxt *ctxt = xmlNewParserCtxt();
	xmlDoc *doc;

	if (!ctxt)
		return wr_nomem(err);
	ctxt->_private = &first;
	ctxt->sax->serror = keep_first;
	doc = xmlCtxtReadMemory(ctxt, text, (int)len, NULL, "UTF-8",
				XML_PARSE_NONET | XML_PARSE_NOBLANKS | XML_PARSE_BIG_LINES);
	xmlFreeParserCtxt(ctxt);
	if (doc && xmlDocGetRootElement(doc)) {
		*ret = doc;
		return 0;
	}
	xmlFreeDoc(doc);
	if (first.code == -ENOMEM)
		return wr_nomem(err);
	return wr_refuse(err, -EINVAL, first.object, "", "%s",
			 first.code ? first.msg : "is no XML document");
}

/* --- its encoding --------------------------------------------------------------------- */

/* What the XML declaration names; "": nothing, as of a text that its byte order mark says is UTF-8. */
static void declared_encoding(const char *text, char ret[32])
{
	const char *end = strncmp(text, "<?xml", 5) ? NULL : strstr(text, "?>");
	const char *at = end ? memmem(text, (size_t)(end - text), "encoding", 8) : NULL;

	*ret = '\0';
	if (at)
		sscanf(at, "encoding = %*1['\"]%31[A-Za-z0-9._-]", ret);
}

static bool is_one_of(const char *name, const char *const *names, size_t n)
{
	while (n && strcasecmp(name, names[n - 1]) != 0)
		n--;
	return n;
}

static bool is_ascii(const char *text)
{
	while (*text && !(*text & 0x80))
		text++;
	return !*text;
}

/* Its bytes are the first 256 characters. */
static char *from_latin1(const char *text)
{
	wr_auto(str) struct wr_str out = { 0 };

	for (; *text; text++) {
		const uint8_t c = (uint8_t)*text;

		if (c & 0x80)
			wr_str_putc(&out, (char)(0xc0 | c >> 6));
		wr_str_putc(&out, (char)(c & 0x80 ? 0x80 | (c & 0x3f) : c));
	}
	return wr_str_take(&out);
}

/* Where it matters: most documents are plain ASCII, whatever they declare. */
static int to_utf8(struct scan *s, char **text)
{
	static const char *const same[] = { "", "UTF-8", "UTF8" };
	static const char *const latin1[] = { "ISO-8859-1", "ISO-LATIN-1" };
	char name[32], *converted;

	declared_encoding(*text, name);
	if (is_one_of(name, same, WR_COUNT(same)) || is_ascii(*text))
		return 0;
	if (!is_one_of(name, latin1, WR_COUNT(latin1)))
		return wr_refuse(s->err, -EINVAL, "", "",
				 "the document declares the encoding %s: UTF-8 and ISO-8859-1 are read", name);
	converted = from_latin1(*text);
	if (!converted)
		return wr_nomem(s->err);
	free(*text);
	*text = converted;
	return 0;
}

static bool is_utf16(const char *text, size_t len)
{
	return len >= 2 && (!memcmp(text, "\xff\xfe", 2) || !memcmp(text, "\xfe\xff", 2));
}

/* Line by line, to say where: no character has a line feed inside. */
static int check_utf8(struct scan *s, char *text)
{
	for (char *line = text, *end; line; line = end ? end + 1 : NULL) {
		bool is_utf8;

		end = strchr(line, '\n');
		if (end)
			*end = '\0';
		is_utf8 = wr_is_utf8(line);
		if (end)
			*end = '\n';
		s->at = line;
		if (!is_utf8)
			return refuse_at(s, -EINVAL, "the text is not UTF-8", 0);
	}
	return 0;
}

int wr_xml_load(const char *text, size_t len, xmlDoc **ret, struct weir_error *err)
{
	struct scan s;
	wr_auto(free) char *copy = NULL;
	int r;

	if (!text)
		return wr_refuse(err, -EINVAL, "", "", "there is no text");
	s = (struct scan){ text, text, text + len, 0, 0, 0, err };
	if (len > WR_XML_MAX_BYTES)
		return wr_refuse(err, -ERANGE, "", "", "the text has %zu bytes, more than %zu", len,
				 WR_XML_MAX_BYTES);
	if (is_utf16(text, len))
		return wr_refuse(err, -EINVAL, "", "", "the text is UTF-16: UTF-8 and ISO-8859-1 are read");
	s.at = memchr(text, 0, len);
	if (s.at)
		return refuse_at(&s, -EINVAL, "the text has a NUL byte in it", 0);
	copy = strndup(text, len);
	if (!copy)
		return wr_nomem(err);
	r = to_utf8(&s, &copy);
	if (r)
		return r;
	len = strlen(copy);
	s = (struct scan){ copy, copy, copy + len, 0, 0, 0, err };
	r = check_utf8(&s, copy);
	s.at = copy;
	if (!r)
		r = scan(&s);
	return r ? r : parse(copy, len, ret, err);
}
