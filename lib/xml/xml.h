/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The engine under the XML adapter. The struct of an object has its attribute
 * table (base/table.h), which knows how members are stored; an XML table beside
 * it says where each member stands in a document:
 *
 *	{ .form = WR_XML_ATTR, .name = "stp", .member = "bridge.stp" }
 *
 * One walk over the rows reads a document, another writes it, in the order of the
 * rows, which is libvirt's canonical one. What no row can say is a function of a
 * row or of an element. Nothing here knows what a network is.
 */
#ifndef WR_XML_XML_H
#define WR_XML_XML_H

#include <libxml/tree.h>

#include "base/table.h"

/* --- text to tree ----------------------------------------------------------------- */

/* 16 MiB are 100000 DHCP hosts. A tag has at most 9 attributes in all documents we know. */
#define WR_XML_MAX_BYTES ((size_t)16 << 20)
#define WR_XML_MAX_TAG ((size_t)64 << 10)
#define WR_XML_MAX_NODES 500000
#define WR_XML_MAX_ATTRS 32
#define WR_XML_MAX_NAMESPACES 64 /* libxml2 looks through them for each element */
#define WR_XML_MAX_DEPTH 64

/*
 * Reads a document without blanks; *@ret is for xmlFreeDoc(). Refuses what is neither
 * UTF-8 nor declares that it is ISO-8859-1, what is larger than the limits above, and any document type declaration,
 * so there are no entities to expand and nothing to fetch.
 */
int wr_xml_load(const char *text, size_t len, xmlDoc **ret, struct weir_error *err);

static inline void wr_auto_xmldoc(xmlDoc **doc)
{
	xmlFreeDoc(*doc);
}

/* --- tables ----------------------------------------------------------------------- */

/* Where a member stands in its element. */
enum wr_xml_form {
	WR_XML_ATTR = 1, /* <element name='VALUE'> */
	WR_XML_TEXT,     /* <element><name>VALUE</name></element> */
	WR_XML_CONTENT,  /* <element>VALUE</element> */
	WR_XML_CHILD,    /* <element><name .../></element>: an object */
	WR_XML_LIST,     /* the same for each item of a list */
};

enum wr_xml_flags {
	WR_XML_REQUIRED = 1 << 0,
	WR_XML_EMPTY = 1 << 1,   /* an empty text is a value, not the absence of one */
	WR_XML_ONCE = 1 << 2,    /* a second element of this name is refused; else it is ignored */
	WR_XML_OPEN = 1 << 3,    /* an element without children has an end tag all the same */
	WR_XML_ANYBASE = 1 << 4, /* 0x10 and 010 are numbers too */
	WR_XML_READ_ONLY = 1 << 5, /* read and never written: another row writes it */
	WR_XML_WRITE_ONLY = 1 << 6,
	WR_XML_ALWAYS = 1 << 7, /* an element that is written with nothing in it */
};

/* In the flags of a place: the element says which item is meant, not what it shall be. */
#define WR_XML_PARTIAL (1u << 31)

/* Where in a document something is wrong, and what the caller of the adapter wants. */
struct wr_xml_place {
	const xmlNode *node;
	const char *name;   /* the attribute or child of @node, or NULL */
	unsigned int flags; /* WEIR_XML_* and the document's own */
	struct weir_error *err;
};

struct wr_xml_out {
	struct wr_str str;
	int indent;
	unsigned int flags; /* as above */
};

struct wr_xml_element;

struct wr_xml_row {
	uint8_t form;
	uint16_t flags;
	const char *name;
	const char *member; /* path in the struct's table; NULL: @name, "": the struct itself */
	const struct wr_xml_element *element; /* WR_XML_CHILD, WR_XML_LIST: what is inside */
	/* Instead of what the member's codec does. write: false if there is nothing to write. */
	int (*read)(const struct wr_xml_place *p, void *obj, const char *text);
	bool (*write)(const void *obj, struct wr_str *text);
	/* Whether it is written at all, if that depends on more than the member. */
	bool (*when)(const void *obj, unsigned int flags);
};

struct wr_xml_element {
	const struct wr_xml_row *rows;
	size_t n;
	uint16_t flags;
	const char *ns; /* the namespace's URI and usual prefix; NULL: none */
	const char *prefix;
	/* Rules over several rows, after they are read. */
	int (*check)(const struct wr_xml_place *p, void *obj);
	/* Instead of the rows. */
	int (*read)(const struct wr_xml_place *p, void *obj);
	void (*write)(const void *obj, struct wr_xml_out *out);
};

#define WR_XML_ROWS(rows_) .rows = rows_, .n = WR_COUNT(rows_)
#define WR_XML_ROW_ATTR(name_, ...)                                                                \
	{                                                                                          \
		.form = WR_XML_ATTR, .name = name_, ##__VA_ARGS__                                  \
	}
#define WR_XML_ROW_TEXT(name_, ...)                                                                \
	{                                                                                          \
		.form = WR_XML_TEXT, .name = name_, ##__VA_ARGS__                                  \
	}
#define WR_XML_ROW_CHILD(name_, element_, ...)                                                     \
	{                                                                                          \
		.form = WR_XML_CHILD, .name = name_, .element = element_, ##__VA_ARGS__            \
	}
#define WR_XML_ROW_LIST(name_, member_, element_, ...)                                             \
	{                                                                                          \
		.form = WR_XML_LIST, .name = name_, .member = member_, .element = element_,        \
		##__VA_ARGS__                                                                      \
	}

/* The member at @path, and the struct that holds it; NULL if there is none. */
const struct wr_field *wr_xml_member(const struct wr_table *t, const char *path, void *obj,
				     const struct wr_table **ret_t, void **ret_obj);

/* --- reading ---------------------------------------------------------------------- */

/* "line 12, <range>: start: REASON". */
int wr_xml_refuse(const struct wr_xml_place *p, int code, const char *fmt, ...) WR_PRINTF(3, 4);
/* The same attribute or child of the element; the element's child. */
struct wr_xml_place wr_xml_at(const struct wr_xml_place *p, const char *name);
struct wr_xml_place wr_xml_at_child(const struct wr_xml_place *p, const char *name);
#define wr_xml_refuse_at(p, name, code, ...)                                                       \
	wr_xml_refuse(&(struct wr_xml_place){ (p)->node, name, (p)->flags, (p)->err }, code,       \
		      __VA_ARGS__)

/* The element's rows into @obj, which has the table @t. */
int wr_xml_read(const struct wr_xml_element *e, const struct wr_table *t,
		const struct wr_xml_place *p, void *obj);
/* A whole document whose root must be <name>. After an error @obj owns nothing. */
int wr_xml_read_text(const struct wr_xml_element *e, const struct wr_table *t, const char *name,
		     const char *text, size_t len, unsigned int flags, void *obj,
		     struct weir_error *err);

/* The first child of that name and namespace, or the next one behind @after. */
const xmlNode *wr_xml_child(const xmlNode *node, const char *name, const char *ns);
const xmlNode *wr_xml_next(const xmlNode *after, const char *name, const char *ns);
/* The attribute's value, for free(); NULL if there is none. */
int wr_xml_attr(const struct wr_xml_place *p, const char *name, char **ret);

/* Whether the element has the attribute, if only as an empty one. */
bool wr_xml_says(const struct wr_xml_place *p, const char *attr);

/* Texts as libvirt takes them. */
int wr_xml_yes_no(const struct wr_xml_place *p, const char *text, uint8_t *ret);
int wr_xml_number(const struct wr_xml_place *p, const char *text, int base, uint64_t max,
		  uint64_t *ret);
int wr_xml_uuid(const struct wr_xml_place *p, const char *text, char uuid[37]);

/* --- writing ---------------------------------------------------------------------- */

void wr_xml_write(const struct wr_xml_element *e, const struct wr_table *t, const void *obj,
		  const char *name, struct wr_xml_out *out);
/* What is inside of it, without its own tags. */
void wr_xml_write_children(const struct wr_xml_element *e, const struct wr_table *t,
			   const void *obj, struct wr_xml_out *out);
/* An element that no table knows, in the same form. */
void wr_xml_write_node(const xmlNode *node, int indent, struct wr_str *out);
void wr_xml_indent(struct wr_xml_out *out);
/* @text with < > & " ' as entities, and without what no XML can hold. */
void wr_xml_escape(struct wr_str *out, const char *text);
int wr_xml_write_text(const struct wr_xml_element *e, const struct wr_table *t, const void *obj,
		      const char *name, unsigned int flags, char **ret);

#endif
