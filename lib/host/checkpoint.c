/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A checkpoint: what was stored and what was up when somebody began to change
 * things, in one file beside the definitions:
 *
 *	CONFIG_DIR/checkpoint.json
 *
 * It is durable before the first change and removed after the last, so it survives
 * whatever happens in between, a reboot too. It does not belong to a process: who
 * began it is on it, for people, and anybody may decide.
 */
#include <limits.h>
#include <stdio.h>
#include <time.h>

#include "base/file.h"
#include "base/process.h"
#include "host/host.h"
#include "host/tables.h"
#include "json/json.h"

struct file {
	struct weir_checkpoint about;
	char boot_id[WR_BOOT_ID];
	uint64_t start_time;	/* of the process, in the kernel's ticks since boot */
	struct weir_group *stored;
	size_t n_stored;
	struct weir_group *live;
	size_t n_live;
};

static const struct wr_field about_fields[] = {
	WR_ROW(weir_checkpoint, owner, WR_NAME, "owner", .doc = "who began it"),
	WR_ROW(weir_checkpoint, pid, WR_S32, "pid", .doc = "the process that began it"),
	WR_ROW(weir_checkpoint, begun, WR_U64, "begun", .unit = "s since 1970", .doc = "when"),
};
static WR_TABLE(about_table, weir_checkpoint, "about", -1, about_fields);

static const struct wr_field file_fields[] = {
	WR_OBJECT_ROW(file, about, "about", &about_table, .flags = WR_REQUIRED, .doc = "who and when"),
	WR_ROW(file, boot_id, WR_NAME, "bootId", .doc = "in which boot"),
	WR_ROW(file, start_time, WR_U64, "startTime", .doc = "when the process began"),
	WR_LIST_ROW(file, stored, "stored", &wr_group_table, .doc = "what was stored"),
	WR_LIST_ROW(file, live, "live", &wr_group_table, .doc = "what was up"),
};
static WR_TABLE(file_table, file, "checkpoint", -1, file_fields);

/* --- processes and boots ------------------------------------------------------------------- */

static int look(char boot_id[WR_BOOT_ID], int pid, uint64_t *ret_start, struct weir_error *err)
{
	int r = wr_boot_id(boot_id);

	if (!r)
		r = wr_process_start(pid, ret_start);
	return r ? wr_syserr(err, r, "checkpoint", "/proc") : 0;
}

/* --- the file --------------------------------------------------------------------------------- */

static int path_of(struct weir *w, char path[PATH_MAX], struct weir_error *err)
{
	if (!weir_config_dir(w))
		return wr_refuse(err, -EINVAL, "checkpoint", "config_dir", "was not given to the handle");
	wr_format(path, PATH_MAX, "%s/checkpoint.json", weir_config_dir(w));
	return 0;
}

static void file_done(struct file *f)
{
	wr_table_free(&file_table, f);
}

static int read_checkpoint(struct weir *w, struct file *ret, struct weir_error *err)
{
	wr_auto(str) struct wr_str text = { 0 };
	char path[PATH_MAX], now[WR_BOOT_ID];
	uint64_t began = 0;
	int r = path_of(w, path, err);

	*ret = (struct file){ .start_time = 0 };
	if (r)
		return r;
	r = wr_file_read(path, &text);
	if (r == -ENOENT || r == -ENOTDIR)
		return wr_error(err, -ENOENT, WEIR_STAGE_INPUT, "checkpoint", "", "there is none");
	if (r)
		return wr_syserr(err, r, "checkpoint", "%s", path);
	r = wr_json_read(&file_table, text.data, text.len, ret, err);
	if (!r)
		r = look(now, ret->about.pid, &began, err);
	if (r)
		return r;
	ret->about.is_of_this_boot = !strcmp(now, ret->boot_id);
	ret->about.is_alive = ret->about.is_of_this_boot && ret->start_time && began == ret->start_time;
	return 0;
}

static int write_checkpoint(struct weir_txn *t, const struct file *f)
{
	struct weir_error err = WEIR_ERROR_INIT;
	wr_auto(free) char *json = NULL;
	char path[PATH_MAX];

	if (wr_json_write(&file_table, f, &json))
		wr_nomem(&err);
	else
		path_of(weir_txn_handle(t), path, &err);
	return err.code ? weir_txn_refuse(t, &err) :
			  weir_txn_file_write(t, path, json, strlen(json), 0644, true);
}

static int set_owner(struct file *f, const char *owner, struct weir_error *err)
{
	wr_copy(f->about.owner, sizeof(f->about.owner), owner ? owner : "");
	f->about.pid = getpid();
	f->about.begun = (uint64_t)time(NULL);
	return look(f->boot_id, f->about.pid, &f->start_time, err);
}

/* --- beginning ------------------------------------------------------------------------------------ */

/* @groups[@n] becomes what @from is, and @from is empty afterwards. */
static void move_group(struct weir_group *groups, size_t *n, struct weir_group *from)
{
	groups[(*n)++] = *from;
	*from = (struct weir_group){ .sz = sizeof(*from) };
}

static int gather_stored(struct weir *w, struct file *f, struct weir_error *err)
{
	char **names = NULL;
	size_t n = 0;
	int r = wr_group_names(w, WR_GROUPS_CONFIG, &names, &n, err);

	f->stored = r ? NULL : calloc(n + 1, sizeof(*f->stored));
	if (!r && !f->stored)
		r = wr_nomem(err);
	for (size_t i = 0; i < n && !r; i++) {
		struct weir_group *g = NULL;

		r = wr_group_config(w, names[i], &g, err);
		if (!r)
			move_group(f->stored, &f->n_stored, g);
		weir_group_free(g);
	}
	wr_names_free(names, n);
	return r;
}

static int gather_live(struct weir *w, struct file *f, struct weir_error *err)
{
	wr_auto(host) struct wr_host h = { 0 };
	int r = wr_host_read(w, &h, err);

	f->live = r ? NULL : calloc(h.n_live + 1, sizeof(*f->live));
	if (!r && !f->live)
		r = wr_nomem(err);
	for (size_t i = 0; i < h.n_live && !r; i++)
		move_group(f->live, &f->n_live, &h.live[i]->group);
	return r;
}

static int refuse_open(const struct file *f, struct weir_error *err)
{
	uint64_t now = (uint64_t)time(NULL);

	return wr_refuse(err, -EBUSY, "checkpoint", "",
			 "was begun by %s, process %d%s, %llu s ago%s; commit it, roll it back or take it over",
			 *f->about.owner ? f->about.owner : "somebody", f->about.pid,
			 f->about.is_alive ? "" : ", which is gone",
			 (unsigned long long)(now > f->about.begun ? now - f->about.begun : 0),
			 f->about.is_of_this_boot ? "" : ", before the last boot");
}

int weir_txn_checkpoint_begin(struct weir_txn *t, const char *owner, bool take_over)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir *w = weir_txn_handle(t);
	struct file f;
	int r = read_checkpoint(w, &f, &err);
	bool is_open = !r;

	if (is_open && !take_over)
		r = refuse_open(&f, &err);
	else if (r == -ENOENT)
		r = 0;
	if (!r)
		r = set_owner(&f, owner, &err);
	if (!r && !is_open)
		r = gather_stored(w, &f, &err);
	if (!r && !is_open)
		r = gather_live(w, &f, &err);
	r = r ? weir_txn_refuse(t, &err) : write_checkpoint(t, &f);
	file_done(&f);
	return r;
}

/* --- deciding --------------------------------------------------------------------------------------- */

static int drop_file(struct weir_txn *t)
{
	struct weir_error err = WEIR_ERROR_INIT;
	char path[PATH_MAX];

	return path_of(weir_txn_handle(t), path, &err) ? weir_txn_refuse(t, &err) :
							weir_txn_file_remove(t, path);
}

int weir_txn_checkpoint_commit(struct weir_txn *t)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct file f;
	int r = read_checkpoint(weir_txn_handle(t), &f, &err);

	/* One that cannot be read can still be dropped. */
	if (r == -ENOENT)
		return weir_txn_refuse(t, &err);
	if (!r)
		file_done(&f);
	return drop_file(t);
}

static bool has_name(const struct weir_group *groups, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(groups[i].name, name))
			return true;
	return false;
}

struct restoring {
	struct weir_txn *t;
	const struct file *file;
};

static int forget_new(void *arg, const char *name)
{
	struct restoring *r = arg;

	return has_name(r->file->stored, r->file->n_stored, name) ? 0 :
	       wr_txn_group_forget(r->t, WR_GROUPS_CONFIG, name);
}

/* Only what differs is written. */
static int restore_stored(struct weir_txn *t, const struct file *f, struct weir_error *err)
{
	struct restoring restoring = { t, f };
	int r = wr_group_each(weir_txn_handle(t), WR_GROUPS_CONFIG, forget_new, &restoring, err);

	for (size_t i = 0; i < f->n_stored && !r; i++) {
		struct weir_group *now = NULL;
		bool same = !wr_group_config(weir_txn_handle(t), f->stored[i].name, &now, NULL) &&
			    wr_table_equal(&wr_group_table, now, &f->stored[i]);

		weir_group_free(now);
		if (!same)
			r = wr_txn_group_store(t, &f->stored[i]);
	}
	return r;
}

static int restore_live(struct weir_txn *t, const struct file *f, struct weir_error *err)
{
	wr_auto(free) const struct weir_group **up = calloc(f->n_live + 1, sizeof(*up));
	wr_auto(free) const char **down = NULL;
	wr_auto(host) struct wr_host h = { 0 };
	size_t n_down = 0;
	int r = up ? wr_host_read(weir_txn_handle(t), &h, err) : wr_nomem(err);

	if (r)
		return r;
	down = calloc(h.n_live + 1, sizeof(*down));
	if (!down)
		return wr_nomem(err);
	for (size_t i = 0; i < f->n_live; i++)
		up[i] = &f->live[i];
	for (size_t i = 0; i < h.n_live; i++)
		if (!has_name(f->live, f->n_live, h.live[i]->group.name))
			down[n_down++] = h.live[i]->group.name;
	return weir_txn_groups_change(t, up, f->n_live, down, n_down, WEIR_EFFECT_ADDRESS_LOSS);
}

/* After a reboot nothing is up: only what is stored goes back. */
int weir_txn_checkpoint_rollback(struct weir_txn *t)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct file f;
	int r = read_checkpoint(weir_txn_handle(t), &f, &err);

	if (!r)
		r = restore_stored(t, &f, &err);
	if (!r && f.about.is_of_this_boot)
		r = restore_live(t, &f, &err);
	if (r && err.code)
		weir_txn_refuse(t, &err);
	if (!r)
		r = drop_file(t);
	file_done(&f);
	return r;
}

int weir_checkpoint_get(struct weir *w, struct weir_checkpoint *ret, struct weir_error *err)
{
	struct file f;
	int r = read_checkpoint(w, &f, err);

	if (!r)
		*ret = f.about;
	file_done(&f);
	return r;
}
