/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Deleting links, all of a transaction's at once: see delete.h. When that is done,
 * and what is done besides, is decided in commit.c.
 */
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>

#include "netlink/attr.h"
#include "txn/delete.h"

/* --- links by index and name ---------------------------------------------------------- */

struct identify {
	struct wr_link_ref *refs;	/* a copy; index 0: not there */
};

static int identify_reply(void *arg, uint32_t index, const struct nlmsghdr *msg)
{
	struct identify *id = arg;
	size_t at = MNL_NLMSG_HDRLEN + sizeof(struct ifinfomsg);
	const char *attrs = (const char *)msg + at;
	size_t len = msg->nlmsg_len - at;
	const struct nlattr *name;

	if (msg->nlmsg_type != RTM_NEWLINK || msg->nlmsg_len < at)
		return 0;
	name = wr_attr_find(attrs, len, IFLA_IFNAME);
	if (!name || strncmp(mnl_attr_get_payload(name), id->refs[index].name,
			     mnl_attr_get_payload_len(name)))
		return 0;
	id->refs[index].old_group = wr_attr_u32(wr_attr_find(attrs, len, IFLA_GROUP), 0);
	if (id->refs[index].ifindex > 0)	/* it may be told twice: see wr_sock_read() */
		id->refs[index].ifindex *= -1;
	return 0;
}

static void get_link(struct wr_batch *b, int ifindex)
{
	struct ifinfomsg ifi = { .ifi_index = ifindex };

	wr_msg(b, RTM_GETLINK, 0, &ifi, sizeof(ifi));
	wr_put_u32(b, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
}

ssize_t wr_keep_existing(struct weir *w, struct wr_link_ref *refs, size_t n, struct weir_error *err)
{
	struct identify id = { refs };
	struct wr_reader reader = { .reply = identify_reply, .arg = &id };
	wr_auto(batch) struct wr_batch b = { 0 };
	size_t kept = 0;
	int r;

	if (!n)
		return 0;
	for (size_t i = 0; i < n; i++)
		get_link(&b, refs[i].ifindex);
	r = wr_sock_read(&w->sock, &b, NULL, &reader, WR_READ_TIMEOUT_MS, err);
	if (r)
		return r;
	for (size_t i = 0; i < n; i++) {
		if (refs[i].ifindex > 0)
			continue;
		refs[kept] = refs[i];
		refs[kept++].ifindex *= -1;
	}
	return kept;
}

/* The same with a copy, which is the caller's to free also where it fails. */
static ssize_t copy_existing(struct weir *w, const struct wr_link_ref *refs, size_t n, struct wr_link_ref **ret,
			     struct weir_error *err)
{
	*ret = malloc(n * sizeof(*refs) + 1);
	if (!*ret)
		return wr_nomem(err);
	if (n)
		memcpy(*ret, refs, n * sizeof(*refs));
	return wr_keep_existing(w, *ret, n, err);
}

int wr_count_links(struct weir *w, const struct wr_link_ref *refs, size_t n, size_t *ret,
		   struct weir_error *err)
{
	wr_auto(free) struct wr_link_ref *copy = NULL;
	const ssize_t kept = copy_existing(w, refs, n, &copy, err);

	if (kept < 0)
		return kept;
	*ret = kept;
	return 0;
}

static void set_group(struct wr_batch *b, int ifindex, uint32_t group)
{
	struct ifinfomsg ifi = { .ifi_index = ifindex };

	wr_msg(b, RTM_SETLINK, 0, &ifi, sizeof(ifi));
	wr_put_u32(b, IFLA_GROUP, group);
}

static void del_group(struct wr_batch *b, uint32_t group)
{
	struct ifinfomsg ifi = { 0 };

	wr_msg(b, RTM_DELLINK, 0, &ifi, sizeof(ifi));
	wr_put_u32(b, IFLA_GROUP, group);
}

static void del_link(struct wr_batch *b, int ifindex)
{
	struct ifinfomsg ifi = { .ifi_index = ifindex };

	wr_msg(b, RTM_DELLINK, 0, &ifi, sizeof(ifi));
}

static uint32_t scratch_group(struct weir_txn *t)
{
	return 0x80000000u | (uint32_t)wr_txn_ifindex(t);
}

/*
 * Each RTM_DELLINK ends in a wait for a grace period (13-18 ms); a group of links
 * shares one. So a set is gathered in a group of its own and goes as one.
 */
int wr_delete_links(struct weir *w, const struct wr_link_ref *refs, size_t n,
		    struct weir_error *err)
{
	wr_auto(free) struct wr_link_ref *copy = NULL;
	wr_auto(batch) struct wr_batch b = { 0 };
	struct weir_txn t = { .w = w };
	uint32_t group = scratch_group(&t);
	ssize_t kept = copy_existing(w, refs, n, &copy, err);
	int r;

	if (kept <= 0)
		return kept;
	for (ssize_t i = 0; i < kept && kept > 1; i++)
		set_group(&b, copy[i].ifindex, group);
	if (kept > 1)
		del_group(&b, group);
	else
		del_link(&b, copy[0].ifindex);
	r = wr_sock_run(&w->sock, &b, NULL, NULL, err);
	if (r != -ENODEV)	/* one vanished meanwhile: see what is left */
		return r;
	kept = wr_keep_existing(w, copy, kept, err);
	if (kept <= 0)
		return kept;
	wr_str_done(&b.buf);
	b = (struct wr_batch){ 0 };
	for (ssize_t i = 0; i < kept; i++)
		del_link(&b, copy[i].ifindex);
	r = wr_sock_run(&w->sock, &b, NULL, NULL, err);
	return r == -ENODEV ? 0 : r;
}

/* --- those of a transaction ------------------------------------------------------------- */

int wr_deletes_prepare(struct weir_txn *t, struct weir_error *err)
{
	ssize_t kept = wr_keep_existing(t->w, t->deleted, t->n_deleted, err);

	if (kept < 0)
		return kept;
	t->n_deleted = kept;
	t->scratch_group = scratch_group(t);
	return 0;
}

int wr_deletes_gather(struct weir_txn *t, struct weir_error *err)
{
	wr_auto(batch) struct wr_batch b = { 0 };
	uint32_t failed = 0;
	int r;

	if (t->n_deleted < 2)
		return 0;
	for (size_t i = 0; i < t->n_deleted; i++)
		set_group(&b, t->deleted[i].ifindex, t->scratch_group);
	r = wr_sock_run(&t->w->sock, &b, NULL, &failed, err);
	if (r && err)
		wr_format(err->object, sizeof(err->object), "link %s", t->deleted[failed].name);
	return r;
}

int wr_deletes_scatter(struct weir_txn *t, struct weir_error *err)
{
	wr_auto(free) struct wr_link_ref *left = NULL;
	wr_auto(batch) struct wr_batch b = { 0 };
	ssize_t kept, k = 0;
	int r;

	if (t->n_deleted < 2)
		return 0;
	kept = copy_existing(t->w, t->deleted, t->n_deleted, &left, err);
	for (size_t i = 0; k < kept; i++) {
		if (left[k].ifindex != t->deleted[i].ifindex)
			continue;
		if (left[k++].old_group == t->scratch_group)
			set_group(&b, t->deleted[i].ifindex, t->deleted[i].old_group);
	}
	r = kept < 0 ? (int)kept : wr_sock_run(&t->w->sock, &b, NULL, NULL, err);
	return r == -ENODEV ? 0 : r;
}

int wr_deletes_apply(struct weir_txn *t, struct weir_error *err)
{
	wr_auto(batch) struct wr_batch b = { 0 };
	size_t left = 0;
	int r;

	if (!t->n_deleted)
		return 0;
	if (t->n_deleted > 1)
		del_group(&b, t->scratch_group);
	else
		del_link(&b, t->deleted[0].ifindex);
	r = wr_sock_run(&t->w->sock, &b, NULL, NULL, err);
	if (!r || r == -ENODEV)	/* it vanished by itself: that is what was wanted */
		return 0;
	if (err)
		wr_format(err->object, sizeof(err->object), "link %s", t->deleted[0].name);
	/* It may be done, and the answer lost; one message deletes all or none. */
	return wr_count_links(t->w, t->deleted, t->n_deleted, &left, NULL) || left ? r : 0;
}
