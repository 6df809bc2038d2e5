/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A tree into a struct, by its two tables. What an attribute may hold is libvirt's
 * rule, not that of JSON's table: the same number can be refused there and taken
 * here. What is not in the tables is ignored, as libvirt does.
 */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>

#include <weir/ip.h>

#include "xml/xml.h"

/* --- errors ------------------------------------------------------------------------- */

int wr_xml_refuse(const struct wr_xml_place *p, int code, const char *fmt, ...)
{
	char object[64], msg[400], shown[WR_SHOWN];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	wr_shown((const char *)p->node->name, shown);
	wr_format(object, sizeof(object), "line %ld, <%s>", xmlGetLineNo(p->node), shown);
	return wr_refuse(p->err, code, object, p->name ? p->name : "", "%s", msg);
}

struct wr_xml_place wr_xml_at(const struct wr_xml_place *p, const char *name)
{
	return (struct wr_xml_place){ p->node, name, p->flags, p->err };
}

struct wr_xml_place wr_xml_at_child(const struct wr_xml_place *p, const char *name)
{
	const xmlNode *node = p->node ? wr_xml_child(p->node, name, NULL) : NULL;

	return (struct wr_xml_place){ node, NULL, p->flags, p->err };
}

static int nomem(const struct wr_xml_place *p)
{
	return wr_nomem(p->err);
}

/* --- finding things ------------------------------------------------------------------ */

static bool is_element(const xmlNode *node, const char *name, const char *ns)
{
	if (node->type != XML_ELEMENT_NODE || strcmp((const char *)node->name, name) != 0)
		return false;
	if (!ns)
		return !node->ns;
	return node->ns && node->ns->href && !strcmp((const char *)node->ns->href, ns);
}

static const xmlNode *find(const xmlNode *node, const char *name, const char *ns)
{
	while (node && !is_element(node, name, ns))
		node = node->next;
	return node;
}

const xmlNode *wr_xml_child(const xmlNode *node, const char *name, const char *ns)
{
	return find(node->children, name, ns);
}

const xmlNode *wr_xml_next(const xmlNode *after, const char *name, const char *ns)
{
	return find(after->next, name, ns);
}

/* libxml2's strings come from its own malloc(): what leaves this file is ours. */
static int take(const struct wr_xml_place *p, xmlChar *text, char **ret)
{
	char *copy = text ? strdup((const char *)text) : NULL;

	xmlFree(text);
	if (!copy)
		return nomem(p);
	*ret = copy;
	return 0;
}

bool wr_xml_says(const struct wr_xml_place *p, const char *attr)
{
	return xmlHasNsProp(p->node, BAD_CAST attr, NULL);
}

int wr_xml_attr(const struct wr_xml_place *p, const char *name, char **ret)
{
	*ret = NULL;
	if (!wr_xml_says(p, name))
		return 0;
	return take(p, xmlGetNoNsProp(p->node, BAD_CAST name), ret);
}

static int content(const struct wr_xml_place *p, const xmlNode *node, char **ret)
{
	return take(p, xmlNodeGetContent(node), ret);
}

const struct wr_field *wr_xml_member(const struct wr_table *t, const char *path, void *obj,
				     const struct wr_table **ret_t, void **ret_obj)
{
	const struct wr_field *f;
	size_t n = strcspn(path, ".");
	char name[32];

	if (n >= sizeof(name))
		return NULL;
	memcpy(name, path, n);
	name[n] = '\0';
	f = wr_find(t, name);
	if (!f || (path[n] && f->codec != WR_OBJECT))
		return NULL;
	if (path[n])
		return wr_xml_member(f->sub, path + n + 1, wr_member(f, obj), ret_t, ret_obj);
	*ret_t = t;
	*ret_obj = obj;
	return f;
}

/* --- values ------------------------------------------------------------------------- */

int wr_xml_yes_no(const struct wr_xml_place *p, const char *text, uint8_t *ret)
{
	char shown[WR_SHOWN];

	if (strcmp(text, "yes") != 0 && strcmp(text, "no") != 0)
		return wr_xml_refuse(p, -EINVAL, "\"%s\" is neither yes nor no",
				     wr_shown(text, shown));
	*ret = *text == 'y' ? 2 : 1;
	return 0;
}

int wr_xml_number(const struct wr_xml_place *p, const char *text, int base, uint64_t max,
		  uint64_t *ret)
{
	char shown[WR_SHOWN], *end;
	uint64_t value;

	errno = 0;
	value = strtoull(text, &end, base);
	if (!isdigit((unsigned char)*text) || *end)
		return wr_xml_refuse(p, -EINVAL, "\"%s\" is no number", wr_shown(text, shown));
	if (errno || value > max)
		return wr_xml_refuse(p, -ERANGE, "%s is more than %llu", wr_shown(text, shown),
				     (unsigned long long)max);
	*ret = value;
	return 0;
}

/* 32 hex digits; between two of them may be dashes and blanks. */
int wr_xml_uuid(const struct wr_xml_place *p, const char *text, char uuid[37])
{
	static const char groups[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
	const char *c = text + strspn(text, " ");
	char made[37], shown[WR_SHOWN];
	size_t digits = 0;

	for (size_t i = 0; i < sizeof(groups) - 1; i++) {
		if (groups[i] == '-') {
			made[i] = '-';
			continue;
		}
		if (digits++ % 2 == 0)
			c += strspn(c, "- ");
		if (!isxdigit((unsigned char)*c))
			return wr_xml_refuse(p, -EINVAL, "\"%s\" is no UUID",
					     wr_shown(text, shown));
		made[i] = (char)tolower((unsigned char)*c++);
	}
	if (c[strspn(c, " ")])
		return wr_xml_refuse(p, -EINVAL, "\"%s\" is no UUID", wr_shown(text, shown));
	memcpy(uuid, made, 36);
	uuid[36] = '\0';
	return 0;
}

static int read_word(const struct wr_xml_place *p, const struct wr_field *f, void *obj,
		     const char *text)
{
	wr_auto(str) struct wr_str choices = { 0 };
	char shown[WR_SHOWN];

	for (size_t i = 0; i < f->n_words; i++)
		if (!strcmp(f->words[i].name, text)) {
			wr_store(f, obj, f->words[i].value);
			return 0;
		}
	wr_field_choices(f, &choices);
	return wr_xml_refuse(p, -EINVAL, "\"%s\" is none of: %s", wr_shown(text, shown),
			     wr_str_text(&choices));
}

/* What the member can hold, in the unit that is shown. */
static uint64_t width_max(const struct wr_field *f)
{
	uint64_t max = f->size < 8 ? (1ull << 8 * f->size) - 1 : UINT64_MAX;

	return max / (f->scale ? f->scale : 1);
}

static int read_integer(const struct wr_xml_place *p, const struct wr_xml_row *row,
			const struct wr_field *f, void *obj, const char *text)
{
	uint64_t value = 0;
	uint8_t yes = 0;
	int r;

	if (f->n_words)
		return read_word(p, f, obj, text);
	if (f->flags & (WR_BOOL | WR_TRISTATE)) {
		r = wr_xml_yes_no(p, text, &yes);
		if (!r)
			wr_store(f, obj, f->flags & WR_BOOL ? yes == 2 : yes);
		return r;
	}
	/* A rate that no member can hold is as good as the largest one: both are refused later. */
	r = wr_xml_number(p, text, row->flags & WR_XML_ANYBASE ? 0 : 10,
			  f->scale ? UINT64_MAX : width_max(f), &value);
	if (!r && f->scale)
		value = (value < width_max(f) ? value : width_max(f)) * f->scale;
	if (!r)
		wr_store(f, obj, value);
	return r;
}

static int read_string(const struct wr_xml_place *p, const struct wr_field *f, void *obj,
		       const char *text)
{
	char shown[WR_SHOWN];
	int r = wr_store_string(f, obj, text);

	if (r == -ENAMETOOLONG)
		return wr_xml_refuse(p, r, "\"%s\" is longer than %d bytes", wr_shown(text, shown), f->size - 1);
	return r ? nomem(p) : 0;
}

static int read_member(const struct wr_xml_place *p, const struct wr_xml_row *row,
		       const struct wr_table *t, void *obj, const char *text)
{
	const struct wr_field *f =
		wr_xml_member(t, row->member ? row->member : row->name, obj, &t, &obj);
	char shown[WR_SHOWN];
	int r;

	if (wr_is_integer(f))
		r = read_integer(p, row, f, obj, text);
	else if (f->codec == WR_MAC)
		r = wr_mac_parse(text, wr_member(f, obj));
	else if (f->codec == WR_IP)
		r = weir_ip_parse(text, wr_member(f, obj));
	else
		r = read_string(p, f, obj, text);
	if (r && (f->codec == WR_MAC || f->codec == WR_IP))
		return wr_xml_refuse(p, r, "\"%s\" is no %s", wr_shown(text, shown),
				     f->codec == WR_MAC ? "MAC address" : "IP address");
	if (!r)
		wr_set_has(t, f, obj);
	return r;
}

/* --- rows --------------------------------------------------------------------------- */

static int read_value(const struct wr_xml_row *row, const struct wr_table *t,
		      const struct wr_xml_place *p, void *obj, const char *text)
{
	struct wr_xml_place at = *p;

	at.name = row->form == WR_XML_CONTENT ? NULL : row->name;
	if (!text || (!*text && !(row->flags & WR_XML_EMPTY))) {
		if (row->flags & WR_XML_REQUIRED)
			return wr_xml_refuse(&at, -EINVAL, "is %s", text ? "empty" : "missing");
		return 0;
	}
	return row->read ? row->read(&at, obj, text) : read_member(&at, row, t, obj, text);
}

static int read_text_row(const struct wr_xml_row *row, const struct wr_table *t,
			 const struct wr_xml_place *p, void *obj)
{
	const xmlNode *node =
		row->form == WR_XML_TEXT ? wr_xml_child(p->node, row->name, NULL) : p->node;
	wr_auto(free) char *text = NULL;
	int r = 0;

	if (row->form == WR_XML_ATTR)
		r = wr_xml_attr(p, row->name, &text);
	else if (node)
		r = content(p, node, &text);
	return r ? r : read_value(row, t, p, obj, text);
}

static int refuse_second(const struct wr_xml_row *row, const struct wr_xml_place *p,
			 const xmlNode *first)
{
	const xmlNode *second = wr_xml_next(first, row->name, row->element->ns);
	struct wr_xml_place at = { second, NULL, p->flags, p->err };

	return second ? wr_xml_refuse(&at, -EINVAL, "is there a second time") : 0;
}

static int read_child_row(const struct wr_xml_row *row, const struct wr_table *t,
			  const struct wr_xml_place *p, void *obj)
{
	const xmlNode *node = wr_xml_child(p->node, row->name, row->element->ns);
	struct wr_xml_place at = { node, NULL, p->flags, p->err };
	const char *member = row->member ? row->member : row->name;
	const struct wr_field *f;

	if (!node) {
		at = *p;
		at.name = row->name;
		return row->flags & WR_XML_REQUIRED ? wr_xml_refuse(&at, -EINVAL, "is missing") : 0;
	}
	if (row->flags & WR_XML_ONCE && refuse_second(row, p, node))
		return p->err ? p->err->code : -EINVAL;
	if (*member) {
		f = wr_xml_member(t, member, obj, &t, &obj);
		obj = wr_member(f, obj);
		t = f->sub;
	}
	return wr_xml_read(row->element, t, &at, obj);
}

static size_t count(const xmlNode *parent, const struct wr_xml_row *row)
{
	const xmlNode *node = wr_xml_child(parent, row->name, row->element->ns);
	size_t n = 0;

	for (; node; node = wr_xml_next(node, row->name, row->element->ns))
		n++;
	return n;
}

/* The list belongs to @obj from the start, so that an error leaves nothing over. */
static int read_list_row(const struct wr_xml_row *row, const struct wr_table *t,
			 const struct wr_xml_place *p, void *obj)
{
	const struct wr_field *f =
		wr_xml_member(t, row->member ? row->member : row->name, obj, &t, &obj);
	struct wr_xml_place at = { wr_xml_child(p->node, row->name, row->element->ns), NULL,
				   p->flags, p->err };
	size_t n = count(p->node, row);
	char *items = n ? calloc(n, f->sub->size) : NULL;
	int r = 0;

	if (!n) {
		at = *p;
		at.name = row->name;
		return row->flags & WR_XML_REQUIRED ? wr_xml_refuse(&at, -EINVAL, "is missing") : 0;
	}
	if (!items)
		return nomem(p);
	memcpy(wr_member(f, obj), &items, sizeof(items));
	memcpy((char *)obj + f->count, &n, sizeof(n));
	for (size_t i = 0; i < n && !r; i++) {
		r = wr_xml_read(row->element, f->sub, &at, items + i * f->sub->size);
		at.node = wr_xml_next(at.node, row->name, row->element->ns);
	}
	return r;
}

int wr_xml_read(const struct wr_xml_element *e, const struct wr_table *t,
		const struct wr_xml_place *p, void *obj)
{
	int r = e->read ? e->read(p, obj) : 0;

	for (size_t i = 0; i < e->n && !r && !e->read; i++) {
		const struct wr_xml_row *row = &e->rows[i];

		if (row->flags & WR_XML_WRITE_ONLY)
			continue;
		if (row->form == WR_XML_CHILD)
			r = read_child_row(row, t, p, obj);
		else if (row->form == WR_XML_LIST)
			r = read_list_row(row, t, p, obj);
		else
			r = read_text_row(row, t, p, obj);
	}
	return !r && e->check ? e->check(p, obj) : r;
}

int wr_xml_read_text(const struct wr_xml_element *e, const struct wr_table *t, const char *name,
		     const char *text, size_t len, unsigned int flags, void *obj,
		     struct weir_error *err)
{
	wr_auto(xmldoc) xmlDoc *doc = NULL;
	struct wr_xml_place p = { .flags = flags, .err = err };
	int r = wr_xml_load(text, len, &doc, err);

	if (r)
		return r;
	p.node = xmlDocGetRootElement(doc);
	if (!is_element(p.node, name, e->ns))
		return wr_xml_refuse(&p, -EINVAL, "the document is no <%s>", name);
	r = wr_xml_read(e, t, &p, obj);
	if (r)
		wr_table_free(t, obj);
	return r;
}
