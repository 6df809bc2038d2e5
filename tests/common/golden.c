/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Golden bytes: see golden.h. Attributes are walked by code of its own, not by what is tested. */
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/rtnetlink.h>

#include "golden.h"

#define MAX_ITEMS 64
#define ATTR_ALIGN(n) (((n) + 3u) & ~3u)

/* --- reading ------------------------------------------------------------------------------- */

static void add_byte(unsigned char **bytes, size_t *n, unsigned int byte)
{
	*bytes = realloc(*bytes, *n + 1);
	assert_non_null(*bytes);
	(*bytes)[(*n)++] = (unsigned char)byte;
}

/* Pairs of hex digits up to a '#'. */
static void read_line(const char *line, unsigned char **bytes, size_t *n)
{
	unsigned int byte;
	int len;

	while (isspace((unsigned char)*line))
		line++;
	for (; sscanf(line, "%2x%n", &byte, &len) == 1; line += strspn(line, " \t\n")) {
		assert_int_equal(len, 2);
		add_byte(bytes, n, byte);
		line += len;
	}
	assert_true(*line == '\0' || *line == '#');
}

struct nlmsghdr *golden_read(const char *name)
{
	unsigned char *bytes = NULL;
	char path[128], line[1024];
	struct nlmsghdr *msg;
	size_t n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "tests/golden/%s.hex", name);
	f = fopen(path, "re");
	if (!f)
		fail_msg("%s: %s", path, "cannot be read; run from the top of the tree");
	while (fgets(line, sizeof(line), f))
		read_line(line, &bytes, &n);
	fclose(f);
	assert_true(n >= sizeof(*msg));
	msg = (void *)bytes;
	assert_int_equal(msg->nlmsg_len, n);
	return msg;
}

/* --- walking -------------------------------------------------------------------------------- */

struct item {
	char path[32];
	const unsigned char *data;
	size_t len;
	bool seen;
};

struct walk {
	const char *name;		/* of the golden file, for messages */
	char kind[16];			/* IFLA_INFO_KIND or TCA_KIND */
	uint16_t type;
	struct item items[MAX_ITEMS];
	size_t n;
};

/* Attributes that hold attributes, and how many bytes of a header stand before those. */
static const struct {
	uint16_t type;
	const char *kind;		/* NULL: of any */
	const char *path;
	size_t header;
} nests[] = {
	{ RTM_NEWLINK, NULL, "18", 0 },
	{ RTM_NEWLINK, NULL, "18/2", 0 },
	{ RTM_NEWLINK, NULL, "18/5", 0 },
	{ RTM_NEWLINK, NULL, "26", 0 },
	{ RTM_NEWLINK, NULL, "26/10", 0 },
	{ RTM_NEWLINK, "veth", "18/2/1", sizeof(struct ifinfomsg) },
	{ RTM_NEWLINK, NULL, "22", 0 },
	{ RTM_NEWLINK, NULL, "22/1", 0 },
	{ RTM_NEWLINK, NULL, "22/1/12", 0 },
	{ RTM_SETLINK, NULL, "26", 0 },
	{ RTM_DELLINK, NULL, "26", 0 },
	{ RTM_NEWLINKPROP, NULL, "52", 0 },
	{ RTM_DELLINKPROP, NULL, "52", 0 },
	{ RTM_NEWQDISC, "htb", "2", 0 },
	{ RTM_NEWQDISC, "fq_codel", "2", 0 },
	{ RTM_NEWQDISC, "tbf", "2", 0 },
	{ RTM_NEWTCLASS, NULL, "2", 0 },
	{ RTM_NEWTFILTER, NULL, "2", 0 },
	{ RTM_NEWTFILTER, "u32", "2/7", 0 },
	{ RTM_NEWTFILTER, "u32", "2/7/1", 0 },
	{ RTM_NEWTFILTER, "u32", "2/7/1/2", 0 },
	{ RTM_NEWTFILTER, "bpf", "2/1", 0 },
	{ RTM_NEWTFILTER, "bpf", "2/1/1", 0 },
	{ RTM_NEWTFILTER, "bpf", "2/1/1/2", 0 },
};

static bool is_nest(const struct walk *w, const char *path, size_t *ret_header)
{
	for (size_t i = 0; i < sizeof(nests) / sizeof(nests[0]); i++)
		if (nests[i].type == w->type && !strcmp(nests[i].path, path) &&
		    (!nests[i].kind || !strcmp(nests[i].kind, w->kind))) {
			*ret_header = nests[i].header;
			return true;
		}
	return false;
}

static struct item *find(struct walk *w, const char *path)
{
	for (size_t i = 0; i < w->n; i++)
		if (!strcmp(w->items[i].path, path))
			return &w->items[i];
	return NULL;
}

static void add_item(struct walk *w, const char *path, const unsigned char *data, size_t len)
{
	assert_true(w->n < MAX_ITEMS);
	w->items[w->n] = (struct item){ .data = data, .len = len };
	/* The second of a kind has a path of its own: vlans are a list, of a range both ends. */
	snprintf(w->items[w->n].path, sizeof(w->items[0].path), "%s%s", path, find(w, path) ? "+" : "");
	w->n++;
	for (size_t i = 0; i + 1 < w->n; i++)
		if (!strcmp(w->items[i].path, w->items[w->n - 1].path))
			fail_msg("%s: attribute %s comes a third time", w->name, path);
}

static void walk(struct walk *w, const char *outer, const unsigned char *at, size_t left)
{
	struct nlattr a;
	char path[32];
	size_t header;

	while (left >= sizeof(a)) {
		memcpy(&a, at, sizeof(a));
		assert_true(a.nla_len >= sizeof(a) && a.nla_len <= left);
		snprintf(path, sizeof(path), "%s%s%d", outer, *outer ? "/" : "",
			 a.nla_type & NLA_TYPE_MASK);
		if (is_nest(w, path, &header))
			walk(w, path, at + sizeof(a) + header, a.nla_len - sizeof(a) - header);
		else
			add_item(w, path, at + sizeof(a), a.nla_len - sizeof(a));
		if (ATTR_ALIGN(a.nla_len) >= left)
			return;
		/* What stands behind an attribute is sent too, and must not be somebody's memory. */
		for (size_t i = a.nla_len; i < ATTR_ALIGN(a.nla_len); i++)
			assert_int_equal(at[i], 0);
		at += ATTR_ALIGN(a.nla_len);
		left -= ATTR_ALIGN(a.nla_len);
	}
	assert_int_equal(left, 0);
}

static size_t header_size(uint16_t type)
{
	switch (type) {
	case RTM_NEWADDR:
		return sizeof(struct ifaddrmsg);
	case RTM_NEWROUTE:
		return sizeof(struct rtmsg);
	case RTM_NEWNEIGH: case RTM_DELNEIGH:
		return sizeof(struct ndmsg);
	case RTM_NEWQDISC: case RTM_NEWTCLASS: case RTM_NEWTFILTER:
	case RTM_DELQDISC: case RTM_DELTCLASS: case RTM_DELTFILTER:
		return sizeof(struct tcmsg);
	default:
		return sizeof(struct ifinfomsg);
	}
}

/* "veth" or "u32", before anything is opened that depends on it; with or without its zero byte. */
static void find_kind(const struct nlmsghdr *msg, char kind[16])
{
	struct walk shallow = { .type = msg->nlmsg_type };
	size_t at = NLMSG_HDRLEN + header_size(msg->nlmsg_type);
	const char *path = msg->nlmsg_type == RTM_NEWLINK ? "18/1" : "1";

	*kind = '\0';
	if (msg->nlmsg_type != RTM_NEWLINK && header_size(msg->nlmsg_type) != sizeof(struct tcmsg))
		return;
	walk(&shallow, "", (const unsigned char *)msg + at, msg->nlmsg_len - at);
	for (size_t i = 0; i < shallow.n; i++)
		if (!strcmp(shallow.items[i].path, path))
			snprintf(kind, 16, "%.*s", (int)shallow.items[i].len,
				 (const char *)shallow.items[i].data);
}

static void walk_message(struct walk *w, const char *name, const struct nlmsghdr *msg)
{
	size_t header = header_size(msg->nlmsg_type);
	size_t at = NLMSG_HDRLEN + NLMSG_ALIGN(header);

	*w = (struct walk){ .name = name, .type = msg->nlmsg_type };
	find_kind(msg, w->kind);
	add_item(w, "header", (const unsigned char *)msg + NLMSG_HDRLEN, header);
	walk(w, "", (const unsigned char *)msg + at, msg->nlmsg_len - at);
}

const void *golden_attr(const struct nlmsghdr *msg, const char *path, size_t *ret_len)
{
	struct walk w;

	walk_message(&w, path, msg);
	for (size_t i = 0; i < w.n; i++)
		if (!strcmp(w.items[i].path, path)) {
			*ret_len = w.items[i].len;
			return w.items[i].data;
		}
	fail_msg("there is no attribute %s", path);
	return NULL;
}

/* --- comparing -------------------------------------------------------------------------------- */

static bool equal(const struct item *a, const struct item *b)
{
	return a->len == b->len && !memcmp(a->data, b->data, a->len);
}

static bool equal_but_zero(const struct item *a, const struct item *b)
{
	const struct item *longer = a->len > b->len ? a : b, *shorter = a->len > b->len ? b : a;

	return longer->len == shorter->len + 1 && !longer->data[shorter->len] &&
	       !memcmp(a->data, b->data, shorter->len);
}

static enum golden_difference difference(const struct item *ours, const struct item *theirs)
{
	if (!ours || !theirs)
		return ours ? GOLDEN_OURS : GOLDEN_THEIRS;
	if (equal(ours, theirs))
		return 0;
	return equal_but_zero(ours, theirs) ? GOLDEN_ZERO : GOLDEN_VALUE;
}

static void judge(const struct walk *theirs, const char *path, enum golden_difference found,
		  const struct golden_but *but, size_t n_but)
{
	static const char *const words[] = {
		"is the same", "is ours only", "is theirs only", "differs by a zero byte",
		"has another value",
	};
	enum golden_difference allowed = 0;

	for (size_t i = 0; i < n_but; i++)
		if (!strcmp(but[i].path, path))
			allowed = but[i].what;
	if (found != allowed)
		fail_msg("%s.hex: attribute %s %s", theirs->name, path, words[found]);
}

void golden_compare(const char *name, const struct nlmsghdr *ours, const struct golden_but *but,
		    size_t n_but)
{
	struct nlmsghdr *golden = golden_read(name);
	struct walk a, b;

	assert_int_equal(ours->nlmsg_type, golden->nlmsg_type);
	walk_message(&a, name, ours);
	walk_message(&b, name, golden);
	for (size_t i = 0; i < a.n; i++)
		judge(&b, a.items[i].path, difference(&a.items[i], find(&b, a.items[i].path)), but,
		      n_but);
	for (size_t i = 0; i < b.n; i++)
		if (!find(&a, b.items[i].path))
			judge(&b, b.items[i].path, GOLDEN_THEIRS, but, n_but);
	for (size_t i = 0; i < n_but; i++)
		if (!find(&a, but[i].path) && !find(&b, but[i].path))
			fail_msg("%s.hex: attribute %s: nobody sends it", name, but[i].path);
	free(golden);
}
