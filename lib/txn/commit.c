/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Carrying a transaction out and taking it back. The order is the one that
 * <weir/txn.h> describes; recovery of a dead process's journal (journal.c) runs
 * the same undo and the same finish over the steps it reads from the file.
 */
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <stdio.h>

#include "base/netns.h"
#include "netlink/attr.h"
#include "txn/delete.h"
#include "txn/explain.h"
#include "txn/journal.h"

static bool is_msg(const struct weir_step *s)
{
	return s->ops == &wr_msg_ops;
}

static struct nlmsghdr *msg_of(const struct weir_step *s, int part)
{
	return s->parts[part].len ? (struct nlmsghdr *)s->parts[part].data : NULL;
}

/* --- before the first change: what undo must restore ----------------------- */

struct preparing {
	struct weir_txn *t;
	size_t *step_of;	/* request -> step */
	struct weir_error *err;
};

static int prepare_reply(void *arg, uint32_t index, const struct nlmsghdr *msg)
{
	struct preparing *p = arg;
	struct weir_step *s = &p->t->steps[p->step_of[index]];

	return s->prepare(p->t, s, msg, p->err);
}

static size_t count_prepared(const struct weir_txn *t)
{
	size_t n = 0;

	for (size_t i = 0; i < t->n_steps; i++)
		n += t->steps[i].prepare != NULL;
	return n;
}

static int prepare_steps(struct weir_txn *t, struct weir_error *err)
{
	const size_t n = count_prepared(t);
	struct preparing p = { .t = t, .err = err };
	struct wr_reader reader = { .reply = prepare_reply, .arg = &p };
	wr_auto(free) struct wr_result *results = calloc(n + 1, sizeof(*results));
	wr_auto(free) size_t *step_of = calloc(n + 1, sizeof(*step_of));
	wr_auto(batch) struct wr_batch b = { 0 };
	char object[64];
	int r;

	if (!results || !step_of)
		return wr_nomem(err);
	p.step_of = step_of;
	for (size_t i = 0; i < t->n_steps; i++) {
		if (!t->steps[i].prepare)
			continue;
		step_of[b.n] = i;
		wr_msg_copy(&b, msg_of(&t->steps[i], WR_MSG_GET));
	}
	if (!b.n)
		return 0;
	r = wr_sock_read(&t->w->sock, &b, results, &reader, WR_READ_TIMEOUT_MS, err);
	for (uint32_t i = 0; i < b.n && !r; i++)
		if (results[i].code < 0)
			r = wr_error(err, results[i].code, WEIR_STAGE_KERNEL,
				     wr_step_object(&t->steps[step_of[i]], object), "", "%s", results[i].msg);
	return r;
}

/* Whether the index is one that the caller chose: one of ours nobody else has. */
static bool is_chosen(const struct weir *w, int ifindex)
{
	return ifindex < w->first_ifindex || ifindex >= w->next_ifindex;
}

/* By the request that makes it; a tap has none, nor has the far end of a pair. */
static int refuse_taken(const struct weir_txn *t, const struct wr_link_ref *taken, struct weir_error *err)
{
	const struct weir_step *maker = &t->steps[taken->n_steps - 1];
	const struct nlmsghdr *msg = is_msg(maker) ? msg_of(maker, WR_MSG_DO) : NULL;
	const struct ifinfomsg *ifi = msg ? mnl_nlmsg_get_payload(msg) : NULL;
	char object[64];

	if (ifi && ifi->ifi_index == taken->ifindex)
		return wr_explain_refusal(msg, -EEXIST, wr_step_object(maker, object), err);
	wr_format(object, sizeof(object), "link %s", taken->name);
	return wr_error(err, -EEXIST, WEIR_STAGE_KERNEL, object, "name", "and index %d are taken by another link",
			taken->ifindex);
}

/*
 * One that has name and index of a link to be made would be taken for it by who
 * recovers: what became of each step is not in the journal.
 */
static int look_for_links(struct weir_txn *t, struct weir_error *err)
{
	wr_auto(free) struct wr_link_ref *chosen = malloc(t->n_created * sizeof(*chosen) + 1);
	size_t n = 0;
	ssize_t kept;

	if (!chosen)
		return wr_nomem(err);
	for (size_t i = 0; i < t->n_created; i++)
		if (is_chosen(t->w, t->created[i].ifindex))
			chosen[n++] = t->created[i];
	kept = wr_keep_existing(t->w, chosen, n, err);
	return kept > 0 ? refuse_taken(t, chosen, err) : (int)kept;
}

/* Only for who recovers: here a step that the kernel refuses is known not to be undone. */
static int look(struct weir_txn *t, struct weir_error *err)
{
	int r = look_for_links(t, err);

#ifndef WR_NO_LOOK
	if (!r)
		r = wr_txn_look(t, err);
#endif
	return r;
}

/* --- forward ---------------------------------------------------------------- */

/* Whether the test that set a fault wants it at this step. */
static enum wr_fault fault_at(const struct weir_txn *t, size_t step)
{
	return t->w->fault && t->w->fault_step == step ? t->w->fault : WR_FAULT_NONE;
}

static int injected(struct weir_error *err, const char *object)
{
	return wr_error(err, -EIO, WEIR_STAGE_SYSTEM, object, "", "fault put in by a test");
}

static int injected_at(const struct weir_step *s, struct weir_error *err)
{
	char object[64];

	return injected(err, wr_step_object(s, object));
}

static void name_failure(struct weir *w, struct weir_step *s, struct weir_error *err)
{
	char object[64];

	if (!err)
		return;
	wr_copy(err->object, sizeof(err->object), wr_step_object(s, object));
	wr_attr_path(msg_of(s, WR_MSG_DO), err->attr_offset, s->tables, err->attr,
		     sizeof(err->attr));
	if (err->stage != WEIR_STAGE_KERNEL)
		return;
	wr_explain(msg_of(s, WR_MSG_DO), err);
#ifndef WR_NO_LOOK
	wr_explain_qdisc(w, msg_of(s, WR_MSG_DO), err);
#endif
}

/* Another namespace's messages go through a socket of their own, open for one run. */
static int run_in(struct weir_txn *t, const char *netns, struct wr_batch *b,
		  struct wr_result *results, uint32_t *ret_failed, struct weir_error *err)
{
	wr_auto(fd) int fd = -1;
	struct wr_sock sock;
	int r;

	if (!*netns)
		return wr_sock_run(&t->w->sock, b, results, ret_failed, err);
	fd = wr_netns_open(netns, err);
	if (fd < 0)
		return fd;
	r = wr_sock_open(fd, &sock, err);
	if (r)
		return r;
	sock.most_writes = t->w->sock.most_writes;
	r = wr_sock_run(&sock, b, results, ret_failed, err);
	t->w->sock.count.n_sends += sock.count.n_sends;
	t->w->sock.count.n_messages += sock.count.n_messages;
	t->w->sock.count.n_bytes += sock.count.n_bytes;
	t->w->sock.count.n_receives += sock.count.n_receives;
	wr_sock_close(&sock);
	return r;
}

static bool is_in(const struct weir_step *s, const char *netns)
{
	const struct weir_blob *part = &s->parts[WR_MSG_NETNS];

	return part->len ? !strcmp(part->data, netns) : !*netns;
}

/* A request that the kernel refuses: a test wants to see the batch go on and be undone. */
static void spoil(struct wr_batch *b)
{
	/* Without a family's byte the kernel would take it for nothing; this is too short. */
	const size_t len = MNL_NLMSG_HDRLEN + 4;

	if (b->buf.failed)
		return;
	wr_msg_header(b)->nlmsg_len = len;
	b->buf.len = b->msg + len;
}

/*
 * What became of each step of a batch. Where another has just put what the step before was to add, one that hangs on
 * that was carried out on what is the other's, and does not go with it.
 */
static void note_results(struct weir_step *const *steps, const struct wr_result *results, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct weir_step *s = steps[i];

		s->state = results[i].code < 0		  ? WR_STEP_REFUSED :
			   results[i].code == WR_NOT_SENT ? WR_STEP_WAITING :
			   results[i].code == WR_UNKNOWN  ? WR_STEP_LOST :
							    WR_STEP_APPLIED;
		if (s->hangs && s[-1].state == WR_STEP_REFUSED)
			wr_step_adds(s);
	}
}

/* The requests of [@first, @end) for @netns in the order of their batch; @ahead: those alone that are sent ahead of it. */
static size_t list_messages(struct weir_txn *t, size_t first, size_t end, const char *netns, bool ahead,
			    struct weir_step **ret)
{
	static const enum weir_step_order orders[] = { WEIR_STEP_BEFORE, WEIR_STEP_IN_ORDER, WEIR_STEP_AFTER };
	size_t n = 0;

	for (size_t i = 0; i < WR_COUNT(orders); i++)
		for (struct weir_step *s = &t->steps[first]; s < &t->steps[end]; s++)
			if (s->order == orders[i] && is_msg(s) && is_in(s, netns) && s->state == WR_STEP_WAITING &&
			    (!ahead || s->first))
				ret[n++] = s;
	return n;
}

/* At once, so that nothing is moved while they are put together. */
static void make_room(struct wr_batch *b, struct weir_step *const *steps, size_t n)
{
	size_t len = 0;

	for (size_t k = 0; k < n; k++)
		len += steps[k]->parts[WR_MSG_DO].len;
	wr_str_room(&b->buf, len);
	wr_str_clear(&b->buf);
}

/* Those of the steps [@first, @end) that work in @netns, in one batch. */
static int apply_messages(struct weir_txn *t, size_t first, size_t end, const char *netns, bool ahead,
			  struct weir_error *err)
{
	wr_auto(free) struct wr_result *results = malloc((end - first) * sizeof(*results));
	wr_auto(free) struct weir_step **steps = malloc((end - first) * sizeof(*steps));
	wr_auto(batch) struct wr_batch b = { 0 };
	struct weir_step *cut = NULL;
	uint32_t failed = UINT32_MAX;
	size_t n, k;
	int r = 0;

	if (!results || !steps)
		return wr_nomem(err);
	n = list_messages(t, first, end, netns, ahead, steps);
	make_room(&b, steps, n);
	for (k = 0; k < n; k++) {
		struct weir_step *s = steps[k];
		const enum wr_fault fault = fault_at(t, (size_t)(s - t->steps));

		if (fault == WR_FAULT_SKIP) {
			cut = s;
			break;
		}
		results[k].code = WR_NOT_SENT;
		wr_msg_copy(&b, msg_of(s, WR_MSG_DO));
		if (fault == WR_FAULT_KERNEL)
			spoil(&b);
	}
	if (b.n)
		r = run_in(t, netns, &b, results, &failed, err);
	note_results(steps, results, k);
	if (r && failed != UINT32_MAX)
		name_failure(t->w, steps[failed], err);
	return r ? r : cut ? injected_at(cut, err) : 0;
}

/*
 * A run of rtnetlink steps: first those of the handle's namespace, in one batch,
 * then those elsewhere. Only the far ends of pairs are elsewhere: they need what
 * is made here, and nothing here needs them.
 */
static int apply_run(struct weir_txn *t, size_t first, size_t end, struct weir_error *err)
{
	int r = 0;

#ifndef WR_NO_LOOK
	if (t->has_first)
		r = apply_messages(t, first, end, "", true, err);
#endif
	if (!r)
		r = apply_messages(t, first, end, "", false, err);
	for (size_t i = first; i < end && !r; i++)
		if (is_msg(&t->steps[i]) && t->steps[i].state == WR_STEP_WAITING)
			r = apply_messages(t, first, end,
					   weir_step_part(&t->steps[i], WR_MSG_NETNS).data, false, err);
	return r;
}

static int apply_other(struct weir_txn *t, size_t i, struct weir_error *err)
{
	struct weir_step *s = &t->steps[i];
	int r;

	if (fault_at(t, i))
		return injected_at(s, err);
	s->state = WR_STEP_LOST;
	r = s->ops->apply ? s->ops->apply(t->w, s, err) : 0;
	s->state = r ? WR_STEP_REFUSED : WR_STEP_APPLIED;
	return r;
}

static enum weir_step_order order_of(const struct weir_step *s)
{
	size_t end = offsetof(struct weir_step_ops, order) + sizeof(s->ops->order);

	return s->ops->sz >= end ? s->ops->order : WEIR_STEP_IN_ORDER;
}

static bool may_move(const struct weir_step *s)
{
	return is_msg(s) || order_of(s) != WEIR_STEP_IN_ORDER;
}

static int apply_ordered(struct weir_txn *t, size_t first, size_t end, enum weir_step_order order,
			 struct weir_error *err)
{
	int r = 0;

	for (size_t i = first; i < end && !r; i++)
		if (!is_msg(&t->steps[i]) && order_of(&t->steps[i]) == order)
			r = apply_other(t, i, err);
	return r;
}

/*
 * Steps between which requests may move: a hundred ports, each of them a tap, some
 * requests and a record, are then a hundred taps, one batch, and a hundred records.
 * Undo goes by what each step has become, so it does not matter in which order.
 */
static int apply_stretch(struct weir_txn *t, size_t first, size_t end, struct weir_error *err)
{
	int r = apply_ordered(t, first, end, WEIR_STEP_BEFORE, err);

	if (!r)
		r = apply_run(t, first, end, err);
	return r ? r : apply_ordered(t, first, end, WEIR_STEP_AFTER, err);
}

/* The steps from @first on, up to @last. */
static int apply_steps(struct weir_txn *t, size_t first, size_t last, struct weir_error *err)
{
	int r = 0;

	for (size_t i = first, end; i < last && !r; i = end) {
		end = i + 1;
		if (!may_move(&t->steps[i])) {
			r = apply_other(t, i, err);
			continue;
		}
		while (end < last && may_move(&t->steps[end]))
			end++;
		r = apply_stretch(t, i, end, err);
	}
	return r;
}

int wr_txn_finish(struct weir_txn *t, struct weir_error *err)
{
	int first = 0;

	for (size_t i = 0; i < t->n_steps; i++) {
		const struct weir_step *s = &t->steps[i];
		int r = s->ops->finish ? s->ops->finish(t->w, s, first ? NULL : err) : 0;

		if (!first)
			first = r;
	}
	return first;
}

/* --- backward --------------------------------------------------------------- */

/* Answers that say: it is not there, or it is there again. */
static bool undone_already(int code)
{
	return code == -ENODEV || code == -ENOENT || code == -EADDRNOTAVAIL || code == -ESRCH ||
	       code == -EEXIST || code == -EINVAL;
}

/*
 * Whether an undo message that the kernel refused has done its work all the same.
 * A refused change may have been carried out up to what was refused; its undo
 * restores that much and is refused at the same place. Of a lost one it is not
 * known whether it was refused.
 */
static bool undone_as_far(const struct weir_step *s, int code)
{
	if (s->state == WR_STEP_REFUSED)
		return true;
	if (s->state == WR_STEP_LOST && s->parts[WR_MSG_GET].len)
		return code != -EPERM && code != -ENOMEM;
	return s->state == WR_STEP_LOST && undone_already(code);
}

/* Whether an undo only sets values again: those that were read for it, or those of a link that stays. */
static bool only_sets(const struct weir_step *s)
{
	const struct nlmsghdr *first = msg_of(s, WR_MSG_UNDO);

	return s->parts[WR_MSG_GET].len ||
	       (first && first->nlmsg_type == RTM_NEWLINK && !(first->nlmsg_flags & NLM_F_CREATE));
}

/*
 * A refused step has made nothing that its undo could take away: what it found
 * may be somebody else's. But it may have been carried out in part, and what
 * follows it in the batch was carried out as if it had been: a port that did not
 * leave its bond is put back into it all the same. The undo of that ends where
 * the port is outside, and only the undo of the refused step leads on from there.
 */
static bool wants_undo(const struct weir_step *s)
{
	return s->state != WR_STEP_WAITING && (s->state != WR_STEP_REFUSED || only_sets(s));
}

/* For wr_step_adds(): of RTM_NEWx the RTM_DELx, which is the next number, with the same header. */
static bool add_deletion(struct wr_batch *b, const struct nlmsghdr *undo, const struct nlmsghdr *request)
{
	const size_t size = request ? wr_header_size(request->nlmsg_type) : 0;

	if (undo->nlmsg_type != NLMSG_NOOP || !request || request->nlmsg_len < MNL_NLMSG_HDRLEN + size)
		return false;
	wr_msg(b, request->nlmsg_type + 1, 0, request + 1, size);
	return true;
}

/* The undo of a step, which may be several messages; @steps notes whose each is. */
static void add_undo(struct wr_batch *b, const struct weir_step **steps, size_t *n, const struct weir_step *s)
{
	const struct weir_blob *part = &s->parts[WR_MSG_UNDO];
	const struct nlmsghdr *nlh;

	for (size_t at = 0; at < part->len; at += MNL_ALIGN(nlh->nlmsg_len)) {
		nlh = (const void *)((const char *)part->data + at);
		steps[(*n)++] = s;
		if (!add_deletion(b, nlh, msg_of(s, WR_MSG_DO)))
			wr_msg_copy(b, nlh);
	}
}

/* Undo messages of the steps before @end, down to the next step of another type. */
static int undo_messages(struct weir_txn *t, size_t *end, struct weir_error *err)
{
	wr_auto(free) struct wr_result *results = NULL;
	wr_auto(free) const struct weir_step **steps = NULL;
	struct weir_error own = WEIR_ERROR_INIT;
	wr_auto(batch) struct wr_batch b = { 0 };
	uint32_t failed = UINT32_MAX;
	size_t i = *end, most = 0, n = 0;
	char object[64];
	int r;

	for (; i > 0 && is_msg(&t->steps[i - 1]); i--)
		most += t->steps[i - 1].parts[WR_MSG_UNDO].len / MNL_NLMSG_HDRLEN;
	steps = calloc(most + 1, sizeof(*steps));
	if (!steps)
		return wr_nomem(err);
	for (size_t k = *end; k > i; k--)
		if (wants_undo(&t->steps[k - 1]))
			add_undo(&b, steps, &n, &t->steps[k - 1]);
	*end = i;
	if (!n)
		return 0;
	results = calloc(n, sizeof(*results));
	if (!results)
		return wr_nomem(err);
	r = wr_sock_run(&t->w->sock, &b, results, &failed, &own);
	if (r < 0 && failed == UINT32_MAX) {
		if (err)
			*err = own;
		return r;
	}
	for (size_t k = 0; k < n; k++) {
		if (results[k].code == WR_UNKNOWN)
			return wr_error(err, -ENOBUFS, WEIR_STAGE_SOCKET, wr_step_object(steps[k], object), "",
					"the kernel dropped answers");
		if (results[k].code < 0 && !undone_as_far(steps[k], results[k].code))
			return wr_error(err, results[k].code, WEIR_STAGE_KERNEL, wr_step_object(steps[k], object),
					"", "%s", results[k].msg);
	}
	return 0;
}

static int undo_other(struct weir_txn *t, struct weir_step *s, struct weir_error *err)
{
	if (s->state == WR_STEP_WAITING || s->state == WR_STEP_REFUSED || !s->ops->undo)
		return 0;
	return s->ops->undo(t->w, s, s->state == WR_STEP_APPLIED, err);
}

/* One whose step was refused, or never carried out, was not made: a link of its name and index is another's. */
static void forget_unmade(struct weir_txn *t)
{
	size_t kept = 0;

	for (size_t i = 0; i < t->n_created; i++) {
		const size_t n = t->created[i].n_steps;
		const enum wr_step_state state = n ? t->steps[n - 1].state : WR_STEP_LOST;

		if (state == WR_STEP_APPLIED || state == WR_STEP_LOST)
			t->created[kept++] = t->created[i];
	}
	t->n_created = kept;
}

/* Goes on after a failure: what can be undone is undone; the first failure is returned. */
int wr_txn_undo(struct weir_txn *t, struct weir_error *err)
{
	int first = wr_deletes_scatter(t, err);

	for (size_t end = t->n_steps; end > 0;) {
		struct weir_error *e = first ? NULL : err;
		int r;

		if (is_msg(&t->steps[end - 1]))
			r = undo_messages(t, &end, e);
		else
			r = undo_other(t, &t->steps[--end], e);
		if (!first)
			first = r;
	}
	forget_unmade(t);
	if (t->n_created) {
		int r = wr_delete_links(t->w, t->created, t->n_created, first ? NULL : err);

		if (!first)
			first = r;
	}
	return first;
}

/* --- both -------------------------------------------------------------------- */

static bool has_finish(const struct weir_txn *t)
{
	for (size_t i = 0; i < t->n_steps; i++)
		if (t->steps[i].ops->finish)
			return true;
	return false;
}

static void note_failed_undo(struct weir_error *err, const struct weir_error *undo)
{
	char reason[sizeof(err->msg)];
	char line[sizeof(err->msg)];

	if (!err)
		return;
	memcpy(reason, err->msg, sizeof(reason));
	weir_error_format(undo, line, sizeof(line));
	wr_format(err->msg, sizeof(err->msg), "%s; and undoing it failed, weir recover will try again: %s",
		  reason, line);
}

static bool has_journal(const struct weir_txn *t)
{
	return t->w->state_dir && (t->n_steps || t->n_deleted);
}

/* After the failure that @err tells of. The journal stays if undoing fails too. */
static void take_back(struct weir_txn *t, struct weir_error *err)
{
	struct weir_error undo_err = WEIR_ERROR_INIT;

	if (wr_txn_undo(t, &undo_err))
		note_failed_undo(err, &undo_err);
	else if (has_journal(t))
		wr_journal_clear(t->w, NULL);
}

/* What undo must restore, the journal, and every step that is not late. */
static int carry_out(struct weir_txn *t, struct weir_error *err)
{
	int r = prepare_steps(t, err);

	if (!r && has_journal(t))
		r = look(t, err);
	if (!r)
		r = wr_deletes_prepare(t, err);
	if (!r && has_journal(t))
		r = wr_journal_write(t, err);
	if (r)
		return r;
	r = apply_steps(t, 0, t->has_late ? t->n_early : t->n_steps, err);
	if (r)
		take_back(t, err);
	return r;
}

/* Both messages count as steps for faults. */
static int delete_links(struct weir_txn *t, struct weir_error *err)
{
	const bool gathers = t->n_deleted > 1;
	int r;

	if (!t->n_deleted)
		return 0;
	if (gathers && fault_at(t, t->n_steps))
		return injected(err, t->deleted[0].name);
	r = wr_deletes_gather(t, err);
	if (!r && fault_at(t, t->n_steps + gathers))
		return injected(err, t->deleted[0].name);
	return r ? r : wr_deletes_apply(t, err);
}

static int decide(struct weir_txn *t, struct weir_error *err)
{
	const bool finishes = has_finish(t);
	int r = t->has_late ? apply_steps(t, t->n_early, t->n_steps, err) : 0;

	if (!r)
		r = delete_links(t, err);
	if (!r && has_journal(t)) {
		r = finishes ? wr_journal_decide(t->w, err) : wr_journal_clear(t->w, err);
		if (t->n_deleted)
			r = 0;	/* no way back; recovery sees it by the links that are gone */
	}
	if (r) {
		take_back(t, err);
		return r;
	}
	if (wr_txn_finish(t, err))
		return 1;	/* the journal keeps it */
	if (finishes && has_journal(t))
		wr_journal_clear(t->w, NULL);
	return 0;
}

static int make_ready(struct weir_txn *t, struct weir_error *err)
{
	int r;

	wr_txn_complete(t);
	r = weir_txn_error(t, err);
	if (!r && t->dry)
		r = wr_refuse(err, -EINVAL, "transaction", "", "was begun only to be explained");
	return r;
}

/* Frees it, whatever became of it, and hands on the error. */
static int end(struct weir_txn *t, int r, const struct weir_error *own, struct weir_error *err)
{
	if (r && err)
		*err = *own;
	t->held = false;
	weir_txn_abort(t);
	return r;
}

int weir_txn_commit(struct weir_txn *t, struct weir_error *err)
{
	struct weir_error own = WEIR_ERROR_INIT;
	int r = t->held ? 0 : make_ready(t, &own);

	if (!r && !t->held)
		r = carry_out(t, &own);
	if (!r)
		r = decide(t, &own);
	return end(t, r, &own, err);
}

int weir_txn_hold(struct weir_txn *t, struct weir_error *err)
{
	struct weir_error own = WEIR_ERROR_INIT;
	int r = make_ready(t, &own);

	if (!r)
		r = carry_out(t, &own);
	if (r)
		return end(t, r, &own, err);
	t->held = true;
	return 0;
}

int weir_txn_undo(struct weir_txn *t, struct weir_error *err)
{
	struct weir_error own = WEIR_ERROR_INIT;
	int r = t->held ? wr_txn_undo(t, &own) : 0;

	if (!r && t->held && has_journal(t))
		wr_journal_clear(t->w, NULL);
	return end(t, r, &own, err);
}

/* The type itself: messages are applied and undone in batches, above. */
const struct weir_step_ops wr_msg_ops = { .sz = sizeof(wr_msg_ops), .name = "rtnetlink" };
