/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Looking before the first change. The journal says how each step is undone before
 * the kernel has seen it: one that adds what was there all the time would be
 * undone by taking that away, if the process is killed between the kernel's
 * refusal and its own undo; one that takes away what is not there, by bringing it.
 * So what such a step is about is read first, by one question for all steps of a
 * link that are alike, and the step refused as the kernel would, with nothing sent.
 *
 * What another does between the look and the send is seen by the kernel alone.
 */
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include "netlink/attr.h"
#include "txn/explain.h"
#include "txn/txn.h"

#define READ_TIMEOUT_MS 5000

struct looked {
	size_t step;
	const struct wr_look *look;
	const struct nlmsghdr *change;
	struct wr_batch question;
	size_t turn;		/* whose question is the same */
	bool is_there;
	struct wr_batch back;	/* what its undo must bring back, should it have hit that */
};

struct looking {
	struct looked *of;
	size_t n;
	size_t turn;
};

static const struct nlmsghdr *change_of(const struct weir_step *s)
{
	return weir_step_part(s, WR_MSG_DO).data;
}

/* RTM_NEWx; its RTM_DELx is the next number. */
static bool adds(const struct nlmsghdr *change)
{
	return change->nlmsg_type % 4 == 0;
}

static uint16_t opposite(const struct nlmsghdr *change)
{
	return adds(change) ? change->nlmsg_type + 1 : change->nlmsg_type - 1;
}

/* --- what is there -------------------------------------------------------------------- */

static int take_shown(void *arg, uint32_t index, const struct nlmsghdr *shown)
{
	struct looking *l = arg;

	for (size_t i = l->turn; i < l->n; i++) {
		struct looked *of = &l->of[i];

		if (of->turn != l->turn)
			continue;
		of->is_there |= of->look->is_it(of->change, shown);
		if (of->look->put_back)
			of->look->put_back(&of->back, of->change, shown);
	}
	return 0;
}

static void forget(void *arg)
{
	struct looking *l = arg;

	for (size_t i = l->turn; i < l->n; i++) {
		if (l->of[i].turn != l->turn)
			continue;
		l->of[i].is_there = false;
		wr_str_done(&l->of[i].back.buf);
		l->of[i].back = (struct wr_batch){ 0 };
	}
}

static bool is_same_question(const struct looked *a, const struct looked *b)
{
	return a->question.buf.len == b->question.buf.len &&
	       !memcmp(a->question.buf.data, b->question.buf.data, a->question.buf.len);
}

/* Where the kernel has no answer (the link is gone) it is not asked in vain: it refuses the change too. */
static int ask(struct weir *w, struct looking *l, struct weir_error *err)
{
	struct wr_reader reader = { take_shown, forget, l };
	struct looked *first = &l->of[l->turn];
	struct wr_result result;
	int r;

	for (size_t i = l->turn + 1; i < l->n; i++)
		if (l->of[i].turn == i && is_same_question(first, &l->of[i]))
			l->of[i].turn = l->turn;
	r = wr_sock_read(&w->sock, &first->question, &result, &reader, READ_TIMEOUT_MS, err);
	for (size_t i = l->turn; i < l->n && !r && result.code < 0; i++)
		if (l->of[i].turn == l->turn)
			l->of[i].is_there = !adds(l->of[i].change);
	return r;
}

static int ask_all(struct weir *w, struct looking *l, struct weir_error *err)
{
	int r = 0;

	for (size_t i = 0; i < l->n; i++)
		if (l->of[i].question.buf.failed)
			return wr_nomem(err);
	for (l->turn = 0; l->turn < l->n && !r; l->turn++)
		if (l->of[l->turn].turn == l->turn)
			r = ask(w, l, err);
	return r;
}

/* --- what comes before ------------------------------------------------------------------ */

static bool is_set(const struct nlmsghdr *msg)
{
	return msg->nlmsg_type == RTM_NEWLINK && !(msg->nlmsg_flags & NLM_F_CREATE);
}

bool wr_look_flushes(const struct nlmsghdr *msg)
{
	const struct ifinfomsg *ifi = (const void *)(msg + 1);

	return is_set(msg) &&
	       ((ifi->ifi_change & IFF_UP && !(ifi->ifi_flags & IFF_UP)) || wr_msg_attr(msg, IFLA_MASTER));
}

/*
 * Whether a step before it makes room for it, or brings what it takes away; its
 * undo is right then, because the other's undo follows. What comes by itself when
 * a link comes up, or by steps of other types, is nothing that a look could know.
 */
static bool is_answered(const struct weir_txn *t, const struct looked *l)
{
	for (size_t i = 0; i < l->step; i++) {
		const struct nlmsghdr *earlier = change_of(&t->steps[i]);
		const bool is_msg = t->steps[i].ops == &wr_msg_ops;

		if (is_msg && earlier->nlmsg_type == opposite(l->change) && l->look->is_it(l->change, earlier))
			return true;
		if (!adds(l->change) && (!is_msg || is_set(earlier)))
			return true;
		if (is_msg && adds(l->change) && l->look->may_go && l->look->may_go(l->change, earlier))
			return true;
	}
	return false;
}

static int judge(const struct weir_txn *t, const struct looked *l, struct weir_error *err)
{
	const int code = adds(l->change) ? -EEXIST : l->look->missing;
	char object[64];

	if (l->is_there != adds(l->change) || is_answered(t, l))
		return 0;
	return wr_explain_refusal(l->change, code, wr_step_object(&t->steps[l->step], object), err);
}

/* Behind the undo that the step has: where that hit nothing else, it changes nothing. */
static int put_back(struct weir_txn *t, const struct looked *l, struct weir_error *err)
{
	struct weir_step *s = &t->steps[l->step];
	const struct weir_blob undo = weir_step_part(s, WR_MSG_UNDO);
	wr_auto(str) struct wr_str both = { 0 };

	if (!l->back.n)
		return 0;
	wr_str_add(&both, undo.data, undo.len);
	wr_str_add(&both, l->back.buf.data, l->back.buf.len);
	if (both.failed || l->back.buf.failed || wr_step_set(t, s, WR_MSG_UNDO, both.data, both.len))
		return wr_nomem(err);
	return 0;
}

/* --- both ------------------------------------------------------------------------------- */

static void gather(const struct weir_txn *t, struct looking *l)
{
	for (size_t i = 0; i < t->n_steps; i++) {
		const struct weir_step *s = &t->steps[i];
		struct looked *to = &l->of[l->n];

		if (!s->look)
			continue;
		*to = (struct looked){ .step = i, .look = s->look, .change = change_of(s), .turn = l->n++ };
		s->look->ask(&to->question, to->change);
	}
}

static size_t count(const struct weir_txn *t)
{
	size_t n = 0;

	for (size_t i = 0; i < t->n_steps; i++)
		n += t->steps[i].look != NULL;
	return n;
}

int wr_txn_look(struct weir_txn *t, struct weir_error *err)
{
	const size_t n = count(t);
	wr_auto(free) struct looked *of = n ? calloc(n, sizeof(*of)) : NULL;
	struct looking l = { .of = of };
	int r;

	if (!n)
		return 0;
	if (!of)
		return wr_nomem(err);
	gather(t, &l);
	r = ask_all(t->w, &l, err);
	for (size_t i = 0; i < n && !r; i++)
		r = judge(t, &of[i], err);
	for (size_t i = 0; i < n && !r; i++)
		r = put_back(t, &of[i], err);
	for (size_t i = 0; i < n; i++) {
		wr_str_done(&of[i].question.buf);
		wr_str_done(&of[i].back.buf);
	}
	return r;
}
