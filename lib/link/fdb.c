/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The addresses behind a bridge's ports, as RTM_NEWNEIGH has them: added, deleted, listed. */
#include <libmnl/libmnl.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

#include <weir/bridge.h>

#include "base/list.h"
#include "link/kinds.h"
#include "txn/txn.h"

static const struct {
	uint16_t nud;		/* as the kernel says it, without what also may be there */
	const char *word;	/* iproute2's */
} states[] = {
	[WEIR_FDB_STATIC] = { NUD_NOARP, "static" },
	[WEIR_FDB_DYNAMIC] = { NUD_REACHABLE, "dynamic" },
	[WEIR_FDB_LOCAL] = { NUD_PERMANENT, "local" },
};

/* --- on the wire ---------------------------------------------------------------------- */

static void fdb_msg(struct wr_batch *b, uint16_t type, uint16_t flags, const struct weir_fdb *f)
{
	struct ndmsg ndm = {
		.ndm_family = AF_BRIDGE, .ndm_ifindex = f->ifindex,
		.ndm_flags = f->self ? NTF_SELF : NTF_MASTER,
		/* What is static is usable as well. */
		.ndm_state = type != RTM_NEWNEIGH ? 0 : f->state == WEIR_FDB_STATIC ? NUD_NOARP | NUD_REACHABLE :
								      states[f->state].nud,
	};

	wr_msg(b, type, flags, &ndm, sizeof(ndm));
	wr_put(b, NDA_LLADDR, f->mac, sizeof(f->mac));
	if (f->vid)
		wr_put_u16(b, NDA_VLAN, f->vid);
}

static int decode(const struct nlmsghdr *msg, struct weir_fdb *ret)
{
	const struct ndmsg *ndm = mnl_nlmsg_get_payload(msg);
	const struct nlattr *mac, *vid;

	if (msg->nlmsg_len < NLMSG_LENGTH(sizeof(*ndm)))
		return -EBADMSG;
	mac = wr_msg_attr(msg, NDA_LLADDR);
	vid = wr_msg_attr(msg, NDA_VLAN);
	if (!mac || mnl_attr_get_payload_len(mac) != sizeof(ret->mac))
		return -ENOENT;		/* the list of something that has no such addresses */
	*ret = (struct weir_fdb){ .sz = sizeof(*ret), .ifindex = ndm->ndm_ifindex,
				  .self = ndm->ndm_flags & NTF_SELF };
	memcpy(ret->mac, mnl_attr_get_payload(mac), sizeof(ret->mac));
	if (vid && mnl_attr_get_payload_len(vid) >= sizeof(ret->vid))
		memcpy(&ret->vid, mnl_attr_get_payload(vid), sizeof(ret->vid));
	ret->state = ndm->ndm_state & NUD_PERMANENT ? WEIR_FDB_LOCAL :
		     ndm->ndm_state & NUD_NOARP	    ? WEIR_FDB_STATIC : WEIR_FDB_DYNAMIC;
	return 0;
}

/* --- asking for one ------------------------------------------------------------------------ */

static void object_of(const struct weir_fdb *f, char object[64])
{
	char mac[18];

	wr_mac_format(f->mac, mac);
	wr_format(object, 64, "address %s on link %d", mac, f->ifindex);
}

static int take_entry(void *arg, uint32_t index, const struct nlmsghdr *msg)
{
	return msg->nlmsg_type == RTM_NEWNEIGH ? decode(msg, arg) : 0;
}

/* The kernel looks the address up in the whole bridge: @ret may be behind another port. */
static int find(struct weir *w, const struct weir_fdb *f, struct weir_fdb *ret, struct weir_error *err)
{
	struct wr_reader reader = { .reply = take_entry, .arg = ret };
	wr_auto(batch) struct wr_batch b = { 0 };
	struct wr_result result;
	char object[64];
	int r;

	*ret = (struct weir_fdb){ 0 };
	object_of(f, object);
	fdb_msg(&b, RTM_GETNEIGH, 0, f);
	r = wr_sock_read(&w->sock, &b, &result, &reader, WR_READ_TIMEOUT_MS, err);
	if (!r && result.code < 0)
		r = wr_error(err, result.code, WEIR_STAGE_KERNEL, object, "", "%s", result.msg);
	return r;
}

/* --- changing ---------------------------------------------------------------------------- */

static int prepared(struct weir_txn *t, const struct weir_fdb *fdb, struct weir_fdb *f, char object[64])
{
	struct weir_error err = WEIR_ERROR_INIT;
	int r = wr_opts_copy(f, sizeof(*f), fdb, "fdb", &err);

	if (r)
		return wr_txn_fail(t, &err);
	object_of(f, object);
	if (f->ifindex <= 0)
		r = wr_refuse(&err, -EINVAL, object, "ifindex", "is missing");
	else if (f->vid > 4094)
		r = wr_refuse(&err, -ERANGE, object, "vid", "%u is outside 0..4094", f->vid);
	else if ((unsigned int)f->state >= WR_COUNT(states))
		r = wr_refuse(&err, -EINVAL, object, "state", "is none");
	else if (f->mac[0] & 1 && !f->self)
		r = wr_refuse(&err, -EADDRNOTAVAIL, object, "mac", "is a multicast address");
	return r ? wr_txn_fail(t, &err) : 0;
}

static void plan(struct weir_txn *t, struct weir_step *s, const struct weir_fdb *f, bool add)
{
	char mac[18], vlan[16] = "", buf[16];

	if (!t->dry)
		return;
	wr_mac_format(f->mac, mac);
	if (f->vid)
		wr_format(vlan, sizeof(vlan), " vlan %u", f->vid);
	wr_step_plan(t, s, "bridge fdb %s %s dev %s %s%s%s%s", add ? "add" : "del", mac,
		     wr_txn_link_name(t, f->ifindex, buf), f->self ? "self" : "master", add ? " " : "",
		     add ? states[f->state].word : "", vlan);
}

static void ask(struct wr_batch *b, const struct nlmsghdr *change)
{
	const struct ndmsg *is = mnl_nlmsg_get_payload(change);
	const struct ndmsg ndm = { .ndm_family = AF_BRIDGE, .ndm_ifindex = is->ndm_ifindex };

	wr_msg(b, RTM_GETNEIGH, NLM_F_DUMP, &ndm, sizeof(ndm));
}

static uint32_t key(const struct nlmsghdr *msg)
{
	return wr_attr_hash(wr_msg_attr(msg, NDA_LLADDR));
}

/* Without a vlan it is for each that the port is in. */
static bool is_it(const struct nlmsghdr *change, const struct nlmsghdr *shown)
{
	struct weir_fdb a, b;

	if ((shown->nlmsg_type != RTM_NEWNEIGH && shown->nlmsg_type != RTM_DELNEIGH) || decode(change, &a) ||
	    decode(shown, &b))
		return false;
	return a.ifindex == b.ifindex && a.self == b.self && (!a.vid || a.vid == b.vid) &&
	       !memcmp(a.mac, b.mac, sizeof(a.mac));
}

/* A port that leaves its bridge, or a vlan, leaves no address behind. */
static bool may_go(const struct nlmsghdr *change, const struct nlmsghdr *earlier)
{
	return wr_look_flushes(earlier) || earlier->nlmsg_type == RTM_DELLINK;
}

static const struct wr_look fdb_look = { .ask = ask, .key = key, .is_it = is_it, .may_go = may_go };

static int tell(struct weir_txn *t, const char *object, uint16_t flags, const struct weir_fdb *f)
{
	wr_auto(batch) struct wr_batch b = { 0 }, undo = { 0 };
	struct weir_step *s;

	fdb_msg(&b, RTM_NEWNEIGH, NLM_F_CREATE | flags, f);
	fdb_msg(&undo, RTM_DELNEIGH, 0, f);
	s = wr_txn_msg(t, object, NULL, &b, wr_txn_makes(t, f->ifindex) ? NULL : &undo, NULL);
	if (flags & NLM_F_EXCL && !wr_txn_makes(t, f->ifindex))
		wr_step_look(s, &fdb_look, false);
	plan(t, s, f, true);
	return t->err.code;
}

int weir_txn_fdb_add(struct weir_txn *t, const struct weir_fdb *fdb)
{
	struct weir_fdb f;
	char object[64];

	if (prepared(t, fdb, &f, object))
		return t->err.code;
	return tell(t, object, NLM_F_EXCL, &f);
}

/* A port that joins the bridge in the transaction cannot be asked about it: then nothing may be known. */
int weir_txn_fdb_set(struct weir_txn *t, const struct weir_fdb *fdb)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_fdb f, is;
	char object[64];
	int r;

	if (prepared(t, fdb, &f, object))
		return t->err.code;
	r = find(t->w, &f, &is, NULL);
	if (r || is.state == WEIR_FDB_DYNAMIC)
		return tell(t, object, r && r != -ENOENT ? NLM_F_EXCL : 0, &f);
	if (is.ifindex == f.ifindex && is.state == f.state)
		return 0;
	wr_refuse(&err, -EEXIST, object, "ifindex", "was told to be behind link %d", is.ifindex);
	return wr_txn_fail(t, &err);
}

static int read_undo(struct weir_txn *t, struct weir_step *s, const struct nlmsghdr *reply, struct weir_error *err)
{
	wr_auto(batch) struct wr_batch b = { 0 };
	struct weir_fdb old;
	int r = decode(reply, &old);

	if (r)
		return wr_error(err, r, WEIR_STAGE_REPLY, s->object, "", "cannot be read");
	fdb_msg(&b, RTM_NEWNEIGH, NLM_F_CREATE, &old);
	return wr_step_message(t, s, WR_MSG_UNDO, &b, err);
}

/* Behind a link that the transaction deletes nothing is left to take back. */
int weir_txn_fdb_del(struct weir_txn *t, const struct weir_fdb *fdb)
{
	wr_auto(batch) struct wr_batch b = { 0 }, get = { 0 };
	struct weir_step *s;
	struct weir_fdb f;
	char object[64];

	if (prepared(t, fdb, &f, object) || wr_txn_deletes(t, f.ifindex))
		return t->err.code;
	fdb_msg(&b, RTM_DELNEIGH, 0, &f);
	s = wr_txn_msg(t, object, NULL, &b, NULL, NULL);
	plan(t, s, &f, false);
	if (!s || wr_txn_makes(t, f.ifindex))
		return t->err.code;
	wr_step_look(s, &fdb_look, true);
	fdb_msg(&get, RTM_GETNEIGH, 0, &f);
	if (wr_step_message(t, s, WR_MSG_GET, &get, NULL))
		return wr_txn_nomem(t);
	s->prepare = read_undo;
	return t->err.code;
}

/* --- reading ------------------------------------------------------------------------------- */

int weir_fdb_get(struct weir *w, const struct weir_fdb *fdb, struct weir_fdb *ret, struct weir_error *err)
{
	struct weir_fdb f, found;
	char object[64];
	int r = wr_opts_copy(&f, sizeof(f), fdb, "fdb", err);

	if (!r)
		r = find(w, &f, &found, err);
	if (r)
		return r;
	object_of(&f, object);
	if (found.ifindex != f.ifindex)
		return wr_error(err, -ENOENT, WEIR_STAGE_REPLY, object, "", "is not there");
	return wr_opts_give(ret, &found, sizeof(found), err);
}

struct reading {
	struct weir_fdb *list;
	size_t n;
};

static int take_one(void *arg, uint32_t index, const struct nlmsghdr *msg)
{
	struct reading *r = arg;
	struct weir_fdb f, *more;
	int code = msg->nlmsg_type == RTM_NEWNEIGH ? decode(msg, &f) : -ENOENT;

	if (code)
		return code == -ENOENT ? 0 : code;
	more = wr_append(r->list, r->n);
	if (!more)
		return -ENOMEM;
	*more = f;
	return 0;
}

static void forget(void *arg)
{
	((struct reading *)arg)->n = 0;
}

int weir_fdb_list(struct weir *w, int ifindex, struct weir_fdb **ret, size_t *ret_n, struct weir_error *err)
{
	struct ndmsg ndm = { .ndm_family = AF_BRIDGE, .ndm_ifindex = ifindex };
	struct reading reading = { 0 };
	struct wr_reader reader = { .reply = take_one, .restart = forget, .arg = &reading };
	wr_auto(batch) struct wr_batch b = { 0 };
	struct wr_result result;
	int r;

	wr_msg(&b, RTM_GETNEIGH, NLM_F_DUMP, &ndm, sizeof(ndm));
	r = wr_sock_read(&w->sock, &b, &result, &reader, WR_READ_TIMEOUT_MS, err);
	if (!r && result.code < 0)
		r = wr_error(err, result.code, WEIR_STAGE_KERNEL, "addresses of bridges", "", "%s", result.msg);
	if (r) {
		free(reading.list);
		return r;
	}
	*ret = reading.list;
	*ret_n = reading.n;
	return 0;
}
