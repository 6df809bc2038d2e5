/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A link from the words that `ip link` takes, and that our plans consist of:
 * "br0 mtu 9000 up type bridge vlan_filtering 1". A word is looked up in the table
 * of the link's kind, then in those of bridge's and bond's ports, then in that of all
 * links. Words that are no rows are read by the kind's take(), or here.
 */
#include <stdio.h>

#include "link/link.h"
#include "link/words.h"

/* --- one row ---------------------------------------------------------------------------- */

/* A row that somebody may set; those of a tap are told by the kernel, but given when it is made. */
static const struct wr_field *row(const struct wr_table *t, const char *name)
{
	const struct wr_field *f = t ? wr_find(t, name) : NULL;

	return f && (!(f->flags & WR_READONLY) || f->flags & WR_FIXED) ? f : NULL;
}

const char *wr_words_next(struct wr_link_words *w)
{
	const char *word = w->n ? *w->at : NULL;

	w->at += w->n != 0;
	w->n -= w->n != 0;
	return word;
}

const char *wr_words_value(struct wr_link_words *w, const char *name)
{
	const char *value = wr_words_next(w);

	if (!value)
		wr_refuse(w->err, -EINVAL, "", name, "needs a value");
	return value;
}

/* Links go by their names; an empty one is none. */
static int parse_ifindex(struct wr_link_words *w, const struct wr_table *t, const struct wr_field *f, void *obj,
			 const char *name)
{
	struct weir_link l = { .sz = sizeof(l) };
	int r = 0;

	if (*name)
		r = w->w ? wr_link_get(w->w, 0, name, &l, w->err) :
			   wr_refuse(w->err, -ENODEV, "", f->name, "names a link: that needs a handle");
	if (r)
		return r;
	wr_store(f, obj, (uint64_t)l.ifindex);
	wr_set_has(t, f, obj);
	return 0;
}

/* "1:2 7:9": as many as there are. */
static int parse_pairs(struct wr_link_words *w, const struct wr_table *t, const struct wr_field *f, void *obj)
{
	wr_auto(str) struct wr_str all = { 0 };

	while (w->n && strchr(*w->at, ':'))
		wr_str_printf(&all, "%s ", wr_words_next(w));
	if (!all.len)
		return wr_refuse(w->err, -EINVAL, "", f->name, "needs a value");
	return wr_field_parse(t, f, obj, wr_str_text(&all), w->err);
}

static int parse_row(struct wr_link_words *w, const struct wr_table *t, const struct wr_field *f, void *obj)
{
	const char *value;

	if (f->flags & WR_NOWORD || f->codec == WR_FLAG)
		return wr_field_parse(t, f, obj, "on", w->err);
	if (f->codec == WR_PAIRS)
		return parse_pairs(w, t, f, obj);
	value = wr_words_value(w, f->name);
	if (!value)
		return -EINVAL;
	if (f->flags & WR_IFINDEX)
		return parse_ifindex(w, t, f, obj, value);
	return wr_field_parse(t, f, obj, value, w->err);
}

/* 1: the table has no such row. */
static int try_table(struct wr_link_words *w, const struct wr_table *t, void *obj, const char *word)
{
	const struct wr_field *f = row(t, word);

	if (!f && !strncmp(word, "no", 2)) {
		f = row(t, word + 2);
		return f && f->flags & WR_NOWORD ? wr_field_parse(t, f, obj, "off", w->err) : 1;
	}
	return f ? parse_row(w, t, f, obj) : 1;
}

/* --- what is no row ------------------------------------------------------------------------- */

static int set_up(struct weir_link *l, bool up)
{
	l->is_up = up;
	l->has |= WEIR_LINK_UP;
	return 0;
}

static int take_type(struct wr_link_words *w)
{
	const char *name = wr_words_value(w, "type");
	wr_auto(str) struct wr_str kinds = { 0 };
	const struct wr_kind *k = name ? wr_kind_by_name(name) : NULL;
	char shown[WR_SHOWN];

	if (!name)
		return -EINVAL;
	for (const struct wr_port_kind *p = wr_port_kinds; p->name; p++)
		if (!strncmp(name, p->name, strlen(p->name)) && !strcmp(name + strlen(p->name), "_slave")) {
			w->port = p;
			return 0;
		}
	if (k && w->l->kind && w->l->kind != k->kind)
		return wr_refuse(w->err, -EINVAL, "", "type", "is %s already", weir_link_kind_name(w->l->kind));
	if (k) {
		w->l->kind = k->kind;
		return 0;
	}
	for (int i = 1; (k = wr_kind((enum weir_link_kind)i)); i++)
		wr_str_printf(&kinds, "%s%s", i > 1 ? ", " : "", k->name);
	return wr_refuse(w->err, -EINVAL, "", "type", "\"%s\" is none of: %s", wr_shown(name, shown),
			 wr_str_text(&kinds));
}

static int take_plain(struct wr_link_words *w, const char *word)
{
	static const char *const others[][2] = { { "dev", "name" }, { "index", "ifindex" } };
	struct weir_link *l = w->l;
	const char *name = word, *value;

	if (!strcmp(word, "up") || !strcmp(word, "down"))
		return set_up(l, !strcmp(word, "up"));
	if (!strcmp(word, "nomaster")) {
		l->master = 0;
		l->has |= WEIR_LINK_MASTER;
		return 0;
	}
	for (size_t i = 0; i < WR_COUNT(others); i++)
		name = strcmp(word, others[i][0]) ? name : others[i][1];
	if (strcmp(name, word) != 0) {
		value = wr_words_value(w, word);
		return value ? wr_field_parse(&wr_link_table, wr_find(&wr_link_table, name), l, value, w->err) : -EINVAL;
	}
	return 1;
}

static void put_names(const struct wr_table *t, struct wr_str *out)
{
	for (size_t i = 0; t && i < t->n; i++)
		if (row(t, t->fields[i].name) && t->fields[i].attr)
			wr_str_printf(out, "%s%s", out->len ? ", " : "", t->fields[i].name);
}

/* The names that would have been taken, the kind's own first. */
static int refuse(struct wr_link_words *w, const char *word, const struct wr_kind *k)
{
	wr_auto(str) struct wr_str names = { 0 };
	char shown[WR_SHOWN];

	put_names(w->port ? w->port->table : NULL, &names);
	put_names(k ? k->table : NULL, &names);
	put_names(&wr_link_table, &names);
	return wr_refuse(w->err, -EINVAL, "", "", "\"%s\" is no setting of a %s%s: %s", wr_shown(word, shown),
			 w->port ? w->port->name : k ? k->name : "link", w->port ? "'s port" : "", wr_str_text(&names));
}

static int take_word(struct wr_link_words *w)
{
	const struct wr_kind *k = wr_kind(w->l->kind);
	const char *word = wr_words_next(w);
	int r = 1;

	if (!strcmp(word, "type"))
		return take_type(w);
	if (w->port)
		r = try_table(w, w->port->table, wr_port_data(w->port, w->l), word);
	if (r == 1 && k && k->take)
		r = k->take(w, word);
	if (r == 1 && k && k->table)
		r = try_table(w, k->table, wr_kind_data(k, w->l), word);
	if (r == 1)
		r = take_plain(w, word);
	if (r == 1)
		r = try_table(w, &wr_link_table, w->l, word);
	if (r == 1)
		r = try_table(w, &wr_link_inet6_table, w->l, word);
	return r == 1 ? refuse(w, word, k) : r;
}

int weir_link_parse(struct weir *handle, const char *const *words, size_t n, struct weir_link *link,
		    struct weir_error *err)
{
	struct weir_link l = *link;
	struct wr_link_words w = { .w = handle, .at = words, .n = n, .l = &l, .err = err };
	const char *name;
	int r = 0;

	for (const struct wr_port_kind *p = wr_port_kinds; p->name; p++)
		if (l.has & WEIR_LINK_PORT_KIND && !strcmp(l.port_kind, p->name))
			w.port = p;
	for (size_t i = 0; i < n; i++)
		if (!words || !words[i])
			return wr_refuse(err, -EINVAL, "link", "words", "%zu of %zu is missing", i + 1, n);
	/* The first word is the name, or says that it comes; a link below may stand before. */
	if (n && strcmp(*words, "link") != 0) {
		if (!strcmp(*words, "dev") || !strcmp(*words, "name"))
			wr_words_next(&w);
		name = wr_words_value(&w, "name");
		r = name ? wr_field_parse(&wr_link_table, wr_find(&wr_link_table, "name"), &l, name, err) : -EINVAL;
	}
	while (!r && w.n)
		r = take_word(&w);
	if (!r)
		*link = l;
	return r;
}
