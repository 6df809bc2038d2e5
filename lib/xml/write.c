/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A struct as a document in libvirt's form: two blanks for each level, single
 * quotes, an element with nothing in it left out, one without children closed at
 * once. The order is that of the rows.
 */
#include "xml/xml.h"

void wr_xml_escape(struct wr_str *out, const char *text)
{
	static const char special[] = "<>&\"'";
	static const char *const entities[] = { "&lt;", "&gt;", "&amp;", "&quot;", "&apos;" };

	for (; *text; text++) {
		const char *s = strchr(special, *text);

		if (s)
			wr_str_puts(out, entities[s - special]);
		else if ((unsigned char)*text >= 0x20 || strchr("\t\n\r", *text))
			wr_str_putc(out, *text);
	}
}

void wr_xml_indent(struct wr_xml_out *out)
{
	for (int i = 0; i < out->indent; i++)
		wr_str_puts(&out->str, "  ");
}

static bool member_text(const struct wr_xml_row *row, const struct wr_table *t, const void *obj,
			struct wr_str *text)
{
	void *holder = NULL;
	const struct wr_field *f =
		wr_xml_member(t, row->member ? row->member : row->name, (void *)obj, &t, &holder);

	if (!wr_has(t, f, holder))
		return false;
	if (f->flags & WR_BOOL)
		wr_str_puts(text, wr_load(f, holder) ? "yes" : "no");
	else
		wr_field_text(f, holder, text);
	return true;
}

/* The text that a row stands for, escaped; false if it is absent. */
static bool row_text(const struct wr_xml_row *row, const struct wr_table *t, const void *obj,
		     struct wr_str *ret)
{
	wr_auto(str) struct wr_str text = { 0 };
	bool there = row->write ? row->write(obj, &text) : member_text(row, t, obj, &text);

	ret->failed |= text.failed;
	if (there)
		wr_xml_escape(ret, wr_str_text(&text));
	return there;
}

static bool is_written(const struct wr_xml_row *row, const void *obj, const struct wr_xml_out *out)
{
	return !(row->flags & WR_XML_READ_ONLY) && (!row->when || row->when(obj, out->flags));
}

static void write_attrs(const struct wr_xml_element *e, const struct wr_table *t, const void *obj,
			struct wr_xml_out *out)
{
	for (size_t i = 0; i < e->n; i++) {
		const struct wr_xml_row *row = &e->rows[i];
		wr_auto(str) struct wr_str text = { 0 };

		if (row->form != WR_XML_ATTR || !is_written(row, obj, out) ||
		    !row_text(row, t, obj, &text))
			continue;
		out->str.failed |= text.failed;
		wr_str_printf(&out->str, " %s='%s'", row->name, wr_str_text(&text));
	}
}

static void write_text(const struct wr_xml_row *row, const struct wr_table *t, const void *obj,
		       struct wr_xml_out *out)
{
	wr_auto(str) struct wr_str text = { 0 };

	if (!row_text(row, t, obj, &text))
		return;
	out->str.failed |= text.failed;
	wr_xml_indent(out);
	wr_str_printf(&out->str, "<%s>%s</%s>\n", row->name, wr_str_text(&text), row->name);
}

static void write_list(const struct wr_xml_row *row, const struct wr_table *t, const void *obj,
		       struct wr_xml_out *out)
{
	void *holder = NULL;
	const struct wr_field *f =
		wr_xml_member(t, row->member ? row->member : row->name, (void *)obj, &t, &holder);
	size_t n;
	const char *items = wr_list(f, holder, &n);

	for (size_t i = 0; i < n; i++)
		wr_xml_write(row->element, f->sub, items + i * f->sub->size, row->name, out);
}

static void write_child(const struct wr_xml_row *row, const struct wr_table *t, const void *obj,
			struct wr_xml_out *out)
{
	const char *member = row->member ? row->member : row->name;
	const struct wr_field *f;
	void *inner = (void *)obj;

	if (*member) {
		f = wr_xml_member(t, member, inner, &t, &inner);
		inner = wr_member(f, inner);
		t = f->sub;
	}
	wr_xml_write(row->element, t, inner, row->name, out);
}

void wr_xml_write_children(const struct wr_xml_element *e, const struct wr_table *t,
			   const void *obj, struct wr_xml_out *out)
{
	for (size_t i = 0; i < e->n; i++) {
		const struct wr_xml_row *row = &e->rows[i];

		if (!is_written(row, obj, out))
			continue;
		if (row->form == WR_XML_TEXT)
			write_text(row, t, obj, out);
		else if (row->form == WR_XML_LIST)
			write_list(row, t, obj, out);
		else if (row->form == WR_XML_CHILD)
			write_child(row, t, obj, out);
	}
}

static const struct wr_xml_row *content_row(const struct wr_xml_element *e)
{
	for (size_t i = 0; i < e->n; i++)
		if (e->rows[i].form == WR_XML_CONTENT)
			return &e->rows[i];
	return NULL;
}

static void cut(struct wr_str *s, size_t len)
{
	if (s->len <= len)
		return;
	s->len = len;
	s->data[len] = '\0';
}

/* Written forwards, and taken back where it turns out that there is nothing in it. */
void wr_xml_write(const struct wr_xml_element *e, const struct wr_table *t, const void *obj,
		  const char *name, struct wr_xml_out *out)
{
	const struct wr_xml_row *text = content_row(e);
	struct wr_str *s = &out->str;
	size_t start = s->len, named, tagged;

	if (e->write) {
		e->write(obj, out);
		return;
	}
	wr_xml_indent(out);
	wr_str_printf(s, "<%s%s%s", e->prefix ? e->prefix : "", e->prefix ? ":" : "", name);
	named = s->len;
	write_attrs(e, t, obj, out);
	tagged = s->len;
	wr_str_puts(s, text ? ">" : ">\n");
	out->indent++;
	if (text)
		row_text(text, t, obj, s);
	else
		wr_xml_write_children(e, t, obj, out);
	out->indent--;
	if (!text && s->len == tagged + 2 && !(e->flags & WR_XML_OPEN)) {
		cut(s, tagged == named && !(e->flags & WR_XML_ALWAYS) ? start : tagged);
		if (s->len > start)
			wr_str_puts(s, "/>\n");
		return;
	}
	if (!text)
		wr_xml_indent(out);
	wr_str_printf(s, "</%s%s%s>\n", e->prefix ? e->prefix : "", e->prefix ? ":" : "", name);
}

/* --- elements of others ------------------------------------------------------------------ */

static void put_name(struct wr_str *s, const xmlNs *ns, const xmlChar *name)
{
	if (ns && ns->prefix)
		wr_str_printf(s, "%s:", (const char *)ns->prefix);
	wr_str_puts(s, (const char *)name);
}

static void put_value(struct wr_str *s, const char *value)
{
	wr_str_puts(s, "='");
	wr_xml_escape(s, value ? value : "");
	wr_str_putc(s, '\'');
}

static void put_attrs(struct wr_str *s, const xmlNode *node)
{
	for (const xmlNs *ns = node->nsDef; ns; ns = ns->next) {
		wr_str_puts(s, ns->prefix ? " xmlns:" : " xmlns");
		wr_str_puts(s, ns->prefix ? (const char *)ns->prefix : "");
		put_value(s, (const char *)ns->href);
	}
	for (const xmlAttr *a = node->properties; a; a = a->next) {
		xmlChar *value = xmlNodeListGetString(node->doc, a->children, 1);

		s->failed |= a->children && !value;
		wr_str_putc(s, ' ');
		put_name(s, a->ns, a->name);
		put_value(s, (const char *)value);
		xmlFree(value);
	}
}

static bool has_text(const xmlNode *node)
{
	for (node = node->children; node; node = node->next)
		if (node->type == XML_TEXT_NODE || node->type == XML_CDATA_SECTION_NODE)
			return true;
	return false;
}

/* With a text among the children they all stand in one line, since a blank would be part of it. */
static void put_node(const xmlNode *node, int indent, struct wr_str *s)
{
	int inner = indent < 0 || has_text(node) ? -1 : indent + 1;

	if (node->type == XML_TEXT_NODE || node->type == XML_CDATA_SECTION_NODE)
		wr_xml_escape(s, (const char *)node->content);
	if (node->type != XML_ELEMENT_NODE)
		return;
	for (int i = 0; i < indent; i++)
		wr_str_puts(s, "  ");
	wr_str_putc(s, '<');
	put_name(s, node->ns, node->name);
	put_attrs(s, node);
	wr_str_puts(s, node->children ? ">" : "/>");
	if (inner >= 0 && node->children)
		wr_str_putc(s, '\n');
	for (const xmlNode *child = node->children; child; child = child->next)
		put_node(child, inner, s);
	for (int i = 0; inner >= 0 && node->children && i < indent; i++)
		wr_str_puts(s, "  ");
	if (node->children) {
		wr_str_puts(s, "</");
		put_name(s, node->ns, node->name);
		wr_str_putc(s, '>');
	}
	if (indent >= 0)
		wr_str_putc(s, '\n');
}

void wr_xml_write_node(const xmlNode *node, int indent, struct wr_str *out)
{
	put_node(node, indent, out);
}

/* --- a whole document ---------------------------------------------------------------------- */

int wr_xml_write_text(const struct wr_xml_element *e, const struct wr_table *t, const void *obj,
		      const char *name, unsigned int flags, char **ret)
{
	struct wr_xml_out out = { .flags = flags };
	char *text;

	wr_xml_write(e, t, obj, name, &out);
	text = wr_str_take(&out.str);
	if (!text)
		return -ENOMEM;
	*ret = text;
	return 0;
}
