/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The handle: opening and closing it, and the types of steps that every handle knows. */
#include <stdio.h>

#include <weir/tc.h>

#include "base/file.h"
#include "base/netns.h"
#include "txn/journal.h"

#define LOCK_TIMEOUT_MS 30000

extern const struct weir_step_ops wr_macvtap_ops, wr_move_ops, wr_moved_ops, wr_tap_ops, wr_sysctl_ops, wr_vf_ops, wr_profile_ops;
extern const struct weir_step_ops wr_bpf_del_ops, wr_class_give_ops, wr_block_keep_ops;
extern const struct weir_step_ops wr_keep_ops;

/* A program that is linked without a type's file can do without it (SMALL in the Makefile); it is then at address 0. */
#pragma weak wr_macvtap_ops
#pragma weak wr_move_ops
#pragma weak wr_moved_ops
#pragma weak wr_vf_ops
#pragma weak wr_profile_ops

static const struct weir_step_ops *const own_ops[] = {
	&wr_msg_ops,	      &wr_macvtap_ops,	     &wr_move_ops,	     &wr_tap_ops,	     &wr_sysctl_ops, &wr_keep_ops,
	&wr_file_write_ops,   &wr_file_remove_ops,   &wr_service_start_ops,
	&wr_service_stop_ops, &wr_service_end_ops,   &wr_service_reload_ops,
	&wr_vf_ops,	      &wr_profile_ops,	     &wr_bpf_del_ops,      &wr_class_give_ops,
	&wr_block_keep_ops,   &wr_moved_ops,
};

const struct weir_step_ops *wr_find_ops(const struct weir *w, const char *name)
{
	for (size_t i = 0; i < WR_COUNT(own_ops); i++)
		if (own_ops[i] && !strcmp(own_ops[i]->name, name))
			return own_ops[i];
	for (const struct weir_step_ops *const *o = w->step_ops; o && *o; o++)
		if (!strcmp((*o)->name, name))
			return *o;
	return NULL;
}

static int keep(char **slot, const char *text)
{
	*slot = text ? strdup(text) : NULL;
	return text && !*slot ? -ENOMEM : 0;
}

static int fill(struct weir *w, const struct weir_options *o, struct weir_error *err)
{
	int r;

	w->step_ops = o->step_ops;
	w->lock_timeout_ms = o->lock_timeout_ms ? o->lock_timeout_ms : LOCK_TIMEOUT_MS;
	w->shape_method = o->shape_method;
	if (w->shape_method > WEIR_SHAPE_BLOCK)
		return wr_refuse(err, -EINVAL, "options", "shape_method", "%u is unknown", w->shape_method);
	w->shape_qdisc = o->shape_qdisc;
	if (w->shape_qdisc > WEIR_QDISC_TBF)
		return wr_refuse(err, -EINVAL, "options", "shape_qdisc", "%u is unknown", w->shape_qdisc);
	if (keep(&w->netns, o->netns) || keep(&w->config_dir, o->config_dir) ||
	    keep(&w->state_dir, o->state_dir))
		return wr_nomem(err);
	if (o->netns) {
		w->netns_fd = wr_netns_open(o->netns, err);
		if (w->netns_fd < 0)
			return w->netns_fd;
	}
	r = wr_sock_open(w->netns_fd, &w->sock, err);
	w->sock.most_writes = o->most_in_flight ? o->most_in_flight : UINT32_MAX;
	return r;
}

int weir_open(const struct weir_options *opts, struct weir **ret, struct weir_error *err)
{
	struct weir_options o;
	struct weir *w;
	int r = wr_opts_copy(&o, sizeof(o), opts, "options", err);

	if (r)
		return r;
	w = calloc(1, sizeof(*w));
	if (!w)
		return wr_nomem(err);
	w->netns_fd = -1;
	w->lock_fd = -1;
	w->journal_fd = -1;
	r = fill(w, &o, err);
	if (r) {
		weir_close(w);
		return r;
	}
	*ret = w;
	return 0;
}

void weir_close(struct weir *w)
{
	if (!w)
		return;
	for (size_t i = 0; i < WR_COUNT(w->contexts); i++)
		if (w->contexts[i].done)
			w->contexts[i].done(w->contexts[i].context);
	wr_sock_close(&w->sock);
	wr_close(&w->netns_fd);
	wr_unlock(w);
	free(w->netns);
	free(w->config_dir);
	free(w->state_dir);
	free(w);
}

const char *weir_config_dir(const struct weir *w)
{
	return w->config_dir;
}

const char *weir_state_dir(const struct weir *w)
{
	return w->state_dir;
}

void weir_get_counters(const struct weir *w, struct weir_counters *ret)
{
	size_t sz = ret->sz;

	memcpy(ret, &w->sock.count, sz < sizeof(*ret) ? sz : sizeof(*ret));
	ret->sz = sz;
}

int weir_in_netns(struct weir *w, int (*fn)(void *arg), void *arg)
{
	return wr_netns_run(w->netns_fd, fn, arg);
}

void *weir_context(const struct weir *w, const struct weir_step_ops *ops)
{
	for (size_t i = 0; i < WR_COUNT(w->contexts); i++)
		if (w->contexts[i].ops == ops)
			return w->contexts[i].context;
	return NULL;
}

int weir_set_context(struct weir *w, const struct weir_step_ops *ops, void *context,
		     void (*done)(void *context))
{
	if (weir_context(w, ops))
		return -EEXIST;
	for (size_t i = 0; i < WR_COUNT(w->contexts); i++)
		if (!w->contexts[i].ops) {
			w->contexts[i] = (struct wr_context){ ops, context, done };
			return 0;
		}
	return -ENOSPC;
}

const char *weir_version(void)
{
	return WR_VERSION;
}
