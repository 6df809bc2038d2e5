/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* macvlan and macvtap (IFLA_MACVLAN_*): the same link, with and without a character device. */
#include <linux/if_link.h>

#include "link/words.h"

static const struct wr_word modes[] = {
	{ WEIR_MACVLAN_PRIVATE, "private" },	   { WEIR_MACVLAN_VEPA, "vepa" },
	{ WEIR_MACVLAN_BRIDGE, "bridge" },	   { WEIR_MACVLAN_PASSTHRU, "passthru" },
	{ WEIR_MACVLAN_SOURCE, "source" },
};

/* clang-format off */
static const struct wr_field macvlan_fields[] = {
	WR_ATTR(weir_macvlan, mode, IFLA_MACVLAN_MODE, WR_U32, "mode", WEIR_MACVLAN_MODE,
		.words = WR_WORDS(modes), .doc = "how links on one lower link reach each other"),
	WR_ATTR(weir_macvlan, flags, IFLA_MACVLAN_FLAGS, WR_U16, "flags", WEIR_MACVLAN_FLAGS,
		.max = 1, .doc = "1: no promiscuous mode on the lower link"),
	/* The whole list goes, in any order; the kernel tells none if it is empty. */
	WR_ATTR(weir_macvlan, sources, IFLA_MACVLAN_MACADDR_DATA, WR_MACS, "macaddr_data", WEIR_MACVLAN_SOURCES,
		.attr6 = IFLA_MACVLAN_MACADDR_MODE, .mask = MACVLAN_MACADDR_SET, .flags = WR_ZERO_IF_ABSENT,
		.doc = "from whom frames are taken in mode source"),
	WR_ATTR(weir_macvlan, n_sources, IFLA_MACVLAN_MACADDR_COUNT, WR_U32, "macaddr_count", WEIR_MACVLAN_N_SOURCES,
		.flags = WR_READONLY, .doc = "how many those are"),
	WR_ATTR(weir_macvlan, bc_queue_len, IFLA_MACVLAN_BC_QUEUE_LEN, WR_U32, "bcqueuelen", WEIR_MACVLAN_BC_QUEUE_LEN,
		.unit = "packets", .doc = "broadcasts that may wait"),
};
/* clang-format on */

static const uint16_t info_data[] = { IFLA_LINKINFO, IFLA_INFO_DATA, 0 };

static int verify_macvlan(const void *obj, struct weir_error *err)
{
	const struct weir_macvlan *m = obj;

	if (m->has & WEIR_MACVLAN_FLAGS && m->flags & 1 && m->mode != WEIR_MACVLAN_PASSTHRU)
		return wr_refuse(err, -EINVAL, "", "flags", "nopromisc is for mode passthru only");
	if (m->has & WEIR_MACVLAN_SOURCES && m->has & WEIR_MACVLAN_MODE && m->mode != WEIR_MACVLAN_SOURCE)
		return wr_refuse(err, -EINVAL, "", "macaddr_data", "is for mode source only");
	return 0;
}

static WR_TABLE(macvlan_table, weir_macvlan, "macvlan", offsetof(struct weir_macvlan, has),
	 macvlan_fields, .path = info_data, .verify = verify_macvlan);

/* iproute2 has a word for the flag, "mode passthru nopromisc", and a verb for the list. */
static bool words(const struct wr_field *f, const void *obj, struct wr_str *out)
{
	const struct weir_macvlan *m = obj;

	if (wr_bit(f) == WEIR_MACVLAN_FLAGS) {
		wr_str_puts(out, m->flags & 1 ? " nopromisc" : "");
	} else if (wr_bit(f) == WEIR_MACVLAN_SOURCES) {
		wr_str_puts(out, m->sources.n ? " macaddr set " : " macaddr flush");
		wr_array_text(f, obj, out);
	} else {
		return false;
	}
	return true;
}

/* Leaving mode source, the kernel forgets the list, and takes none in another. */
static int widen(const struct weir_link *want, struct weir_link *old, struct weir_link *ahead, struct weir_error *err)
{
	struct weir_macvlan *m = &old->macvlan;
	bool leaves = want->macvlan.has & WEIR_MACVLAN_MODE && want->macvlan.mode != WEIR_MACVLAN_SOURCE;

	if (m->mode != WEIR_MACVLAN_SOURCE)
		m->has &= ~WEIR_MACVLAN_SOURCES;
	else if (leaves)
		m->has |= WEIR_MACVLAN_SOURCES;
	if (m->has & WEIR_MACVLAN_SOURCES && m->n_sources > m->sources.n)
		return wr_refuse(err, -E2BIG, "", "macaddr_data", "has %u addresses, which an undo could not bring back",
				 m->n_sources);
	return 0;
}

/* One address more, or less, than there are. */
static int take_one(struct wr_link_words *w, bool add)
{
	const struct wr_field *f = wr_find(&macvlan_table, "macaddr_data");
	struct weir_macs *m = &w->l->macvlan.sources, one = { 0 };
	const char *value = wr_words_value(w, "macaddr");
	uint32_t n = 0;

	if (!value || wr_mac_parse(value, one.macs[0]))
		return value ? wr_refuse(w->err, -EINVAL, "", f->name, "\"%.40s\" is no MAC address", value) : -EINVAL;
	for (uint32_t i = 0; i < m->n; i++)
		if (memcmp(m->macs[i], one.macs[0], 6) != 0)
			memmove(m->macs[n++], m->macs[i], 6);
	if (add && n == WR_COUNT(m->macs))
		return wr_refuse(w->err, -E2BIG, "", f->name, "has no room for more than %u", n);
	if (add)
		memcpy(m->macs[n++], one.macs[0], 6);
	m->n = n;
	memset(m->macs[n], 0, sizeof(m->macs) - n * sizeof(m->macs[0]));
	wr_set_has(&macvlan_table, f, &w->l->macvlan);
	return 0;
}

/* "macaddr set A B", "macaddr flush", "macaddr add A", "macaddr del A", "nopromisc". */
static int take(struct wr_link_words *w, const char *word)
{
	const struct wr_field *f = wr_find(&macvlan_table, "macaddr_data");
	wr_auto(str) struct wr_str all = { 0 };
	const char *verb;

	if (!strcmp(word, "nopromisc"))
		return wr_field_parse(&macvlan_table, wr_find(&macvlan_table, "flags"), &w->l->macvlan, "1", w->err);
	if (strcmp(word, "macaddr") != 0)
		return 1;
	verb = wr_words_value(w, "macaddr");
	if (verb && (!strcmp(verb, "add") || !strcmp(verb, "del")))
		return take_one(w, *verb == 'a');
	if (!verb || (strcmp(verb, "set") != 0 && strcmp(verb, "flush") != 0))
		return verb ? wr_refuse(w->err, -EINVAL, "", "macaddr", "\"%.40s\" is none of: add, del, set or flush",
					verb) : -EINVAL;
	while (*verb == 's' && w->n && strchr(*w->at, ':'))
		wr_str_printf(&all, "%s ", wr_words_next(w));
	return wr_field_parse(&macvlan_table, f, &w->l->macvlan, wr_str_text(&all), w->err);
}

#define KIND(kind_, name_)                                                                         \
	{ .kind = kind_, .name = name_, .table = &macvlan_table, .tables = WR_LINK_TABLES(&macvlan_table), \
	  .offset = offsetof(struct weir_link, macvlan), .needs_lower = true, .widen = widen,      \
	  .words = words, .take = take }

const struct wr_kind wr_kind_macvlan = KIND(WEIR_LINK_MACVLAN, "macvlan");
const struct wr_kind wr_kind_macvtap = KIND(WEIR_LINK_MACVTAP, "macvtap");
