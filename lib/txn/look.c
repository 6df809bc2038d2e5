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

struct looked {
	size_t step;
	const struct wr_look *look;
	const struct nlmsghdr *change;
	const struct nlmsghdr *question;
	uint32_t key;
	const struct looked *earlier;	/* a step before it whose question and key are the same */
	bool is_there;
	struct wr_batch back;	/* what its undo must bring back, should it have hit that */
};

struct looking {
	struct looked *of;	/* in the order of the steps */
	struct looked **sorted;	/* by question, key and step: no answer is compared with each step */
	size_t n;
	struct wr_batch questions;
	size_t first, end;	/* of those that are sorted: whose question it is */
	size_t cause;		/* the step that changed the last one's place, and most likely the next one's */
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

/* Of what another step's undo brings back nobody needs to know whether it is there to be taken away. */
static bool asks(const struct weir_txn *t, const struct looked *l)
{
	return adds(l->change) || !t->steps[l->step].kept;
}

/* --- what is there -------------------------------------------------------------------- */

/* The first of those that the question is for with that key, or where it would be. */
static size_t find_key(const struct looking *l, uint32_t key)
{
	size_t low = l->first, high = l->end;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (l->sorted[middle]->key < key)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int take_shown(void *arg, uint32_t index, const struct nlmsghdr *shown)
{
	struct looking *l = arg;
	const uint32_t key = l->sorted[l->first]->look->key(shown);

	for (size_t i = key ? find_key(l, key) : l->first; i < l->end; i++) {
		struct looked *of = l->sorted[i];

		if (key && of->key != key)
			break;
		of->is_there |= of->look->is_it(of->change, shown);
		if (of->look->put_back)
			of->look->put_back(&of->back, of->change, shown);
	}
	return 0;
}

static void forget(void *arg)
{
	struct looking *l = arg;

	for (size_t i = l->first; i < l->end; i++) {
		l->sorted[i]->is_there = false;
		wr_str_done(&l->sorted[i]->back.buf);
		l->sorted[i]->back = (struct wr_batch){ 0 };
	}
}

/* Where the kernel has no answer (the link is gone) it is not asked in vain: it refuses the change too. */
static int ask(struct weir *w, struct looking *l, struct weir_error *err)
{
	struct wr_reader reader = { take_shown, forget, l };
	wr_auto(batch) struct wr_batch b = { 0 };
	struct wr_result result;
	int r;

	wr_msg_copy(&b, l->sorted[l->first]->question);
	r = wr_sock_read(&w->sock, &b, &result, &reader, WR_READ_TIMEOUT_MS, err);
	for (size_t i = l->first; i < l->end && !r && result.code < 0; i++)
		l->sorted[i]->is_there = !adds(l->sorted[i]->change);
	return r;
}

static int by_question(const struct looked *a, const struct looked *b)
{
	const uint32_t a_len = a->question->nlmsg_len, b_len = b->question->nlmsg_len;

	return a_len == b_len ? memcmp(a->question, b->question, a_len) : a_len < b_len ? -1 : 1;
}

static int ask_all(const struct weir_txn *t, struct looking *l, struct weir_error *err)
{
	int r = 0;

	for (l->first = 0; l->first < l->n && !r; l->first = l->end) {
		bool is_asked = false;

		for (l->end = l->first; l->end < l->n; l->end++) {
			if (by_question(l->sorted[l->first], l->sorted[l->end]))
				break;
			is_asked |= asks(t, l->sorted[l->end]);
		}
		if (is_asked)
			r = ask(t->w, l, err);
	}
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

/* Whether a step before it makes room for it, or brings what it takes away; its undo is right then, because the other's follows. */
static bool is_answered(const struct looked *l)
{
	for (const struct looked *e = l->earlier; e; e = e->earlier)
		if (e->change->nlmsg_type == opposite(l->change) && l->look->is_it(l->change, e->change))
			return true;
	return false;
}

/* Whether that step may do so besides. What comes by itself when a link comes up, or by steps of other types, a look cannot know. */
static bool may_change(const struct weir_txn *t, const struct looked *l, size_t step)
{
	const bool is_msg = t->steps[step].ops == &wr_msg_ops;
	const struct nlmsghdr *earlier = change_of(&t->steps[step]);

	if (!adds(l->change))
		return !is_msg || is_set(earlier);
	return is_msg && l->look->may_go && l->look->may_go(l->change, earlier);
}

static bool may_be_answered(const struct weir_txn *t, const struct looked *l, size_t *cause)
{
	size_t i = *cause < l->step && may_change(t, l, *cause) ? *cause : 0;

	while (i < l->step && !may_change(t, l, i))
		i++;
	if (i == l->step)
		return false;
	*cause = i;
	return true;
}

/*
 * As it was before, so it is when the step has been carried out: if the kernel
 * refuses it because nothing changed in between, an undo would change that.
 */
static void have_no_undo(struct weir_txn *t, struct looked *l)
{
	t->steps[l->step].parts[WR_MSG_UNDO] = (struct weir_blob){ 0 };
	l->back.n = 0;
}

static int judge(struct weir_txn *t, struct looking *all, struct looked *l, struct weir_error *err)
{
	const int code = adds(l->change) ? -EEXIST : l->look->missing;
	char object[64];

	if (!asks(t, l) || l->is_there != adds(l->change) || is_answered(l))
		return 0;
	if (!may_be_answered(t, l, &all->cause))
		return wr_explain_refusal(l->change, code, wr_step_object(&t->steps[l->step], object), err);
	if (!t->steps[l->step].kept)
		have_no_undo(t, l);
	return 0;
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

static int compare(const void *x, const void *y)
{
	const struct looked *a = *(struct looked *const *)x, *b = *(struct looked *const *)y;
	const int d = by_question(a, b);

	if (d)
		return d;
	return a->key != b->key ? (a->key > b->key) - (a->key < b->key) : (a->step > b->step) - (a->step < b->step);
}

static void sort(struct looking *l)
{
	const char *question = l->questions.buf.data;

	for (size_t i = 0; i < l->n; i++) {
		l->of[i].question = (const void *)question;
		question += NLMSG_ALIGN(l->of[i].question->nlmsg_len);
		l->sorted[i] = &l->of[i];
	}
	qsort(l->sorted, l->n, sizeof(*l->sorted), compare);
	for (size_t i = 1; i < l->n; i++)
		if (l->sorted[i - 1]->key == l->sorted[i]->key && !by_question(l->sorted[i - 1], l->sorted[i]))
			l->sorted[i]->earlier = l->sorted[i - 1];
}

static int gather(const struct weir_txn *t, struct looking *l, struct weir_error *err)
{
	for (size_t i = 0; i < t->n_steps; i++) {
		const struct wr_look *look = t->steps[i].look;
		const struct nlmsghdr *change = change_of(&t->steps[i]);

		if (!look)
			continue;
		l->of[l->n++] = (struct looked){ .step = i, .look = look, .change = change, .key = look->key(change) };
		look->ask(&l->questions, change);
	}
	if (l->questions.buf.failed)
		return wr_nomem(err);
	sort(l);
	return 0;
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
	wr_auto(free) struct looked **sorted = n ? calloc(n, sizeof(struct looked *)) : NULL;
	struct looking l = { .of = of, .sorted = sorted };
	int r;

	if (!n)
		return 0;
	if (!of || !sorted)
		return wr_nomem(err);
	r = gather(t, &l, err);
	if (!r)
		r = ask_all(t, &l, err);
	for (size_t i = 0; i < n && !r; i++)
		r = judge(t, &l, &of[i], err);
	for (size_t i = 0; i < n && !r; i++)
		r = put_back(t, &of[i], err);
	for (size_t i = 0; i < n; i++)
		wr_str_done(&of[i].back.buf);
	wr_str_done(&l.questions.buf);
	return r;
}
