/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Files as steps: replaced with the old content as the undo, or moved aside and
 * removed in the end. How a file is written in one piece is base/file.c's.
 */
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/file.h"
#include "txn/txn.h"

enum { WRITE_PATH, WRITE_NEW, WRITE_OLD, WRITE_FLAGS };
enum { REMOVE_PATH };

struct write_flags {
	uint32_t mode;
	bool durable;
	bool was_there;
	bool gone_if_empty;	/* nothing to write: the file goes */
};

static const char *path_of(const struct weir_step *s)
{
	return weir_step_part(s, WRITE_PATH).data;
}

static struct write_flags flags_of(const struct weir_step *s)
{
	struct weir_blob part = weir_step_part(s, WRITE_FLAGS);
	struct write_flags flags = { 0 };

	memcpy(&flags, part.data, part.len < sizeof(flags) ? part.len : sizeof(flags));
	return flags;
}

static int make_parent(const char *path)
{
	const char *slash = strrchr(path, '/');
	char dir[PATH_MAX];

	wr_format(dir, sizeof(dir), "%.*s", slash ? (int)(slash - path) : 0, path);
	return *dir ? wr_mkdirs(dir, 0755) : 0;
}

static int write_apply(struct weir *w, const struct weir_step *s, struct weir_error *err)
{
	struct weir_blob data = weir_step_part(s, WRITE_NEW);
	struct write_flags flags = flags_of(s);
	int r;

	if (flags.gone_if_empty && !data.len)
		return unlink(path_of(s)) < 0 && errno != ENOENT ? wr_syserr(err, -errno, s->object, "cannot be removed") : 0;
	r = wr_file_write(path_of(s), data.data, data.len, flags.mode, flags.durable);
	if (r == -ENOENT && !(r = make_parent(path_of(s))))	/* the first of its folder */
		r = wr_file_write(path_of(s), data.data, data.len, flags.mode, flags.durable);
	return r ? wr_syserr(err, r, s->object, "cannot be written") : 0;
}

static int write_undo(struct weir *w, const struct weir_step *s, bool applied,
		      struct weir_error *err)
{
	struct weir_blob old = weir_step_part(s, WRITE_OLD);
	struct write_flags flags = flags_of(s);
	char tmp[PATH_MAX];
	int r;

	wr_format(tmp, sizeof(tmp), "%s" WR_FILE_NEW, path_of(s));
	unlink(tmp);
	if (flags.was_there)
		r = wr_file_write(path_of(s), old.data, old.len, flags.mode, flags.durable);
	else
		r = unlink(path_of(s)) < 0 && errno != ENOENT ? -errno : 0;
	return r ? wr_syserr(err, r, s->object, "cannot be put back") : 0;
}

const struct weir_step_ops wr_file_write_ops = {
	.sz = sizeof(wr_file_write_ops), .name = "file-write",
	.apply = write_apply, .undo = write_undo,
	.order = WEIR_STEP_AFTER,
};

/* Contents are text; a last line without its newline gets one. */
static void plan_write(struct weir_txn *t, struct weir_step *s)
{
	wr_auto(str) struct wr_str path = { 0 };
	const char *data = weir_step_part(s, WRITE_NEW).data;
	size_t len = strlen(data);

	wr_str_shell(&path, path_of(s));
	if (!len && flags_of(s).gone_if_empty) {
		wr_step_plan(t, s, "rm -f %s", wr_str_text(&path));
		return;
	}
	wr_step_plan(t, s, "install -D -m %04o /dev/stdin %s <<'WEIR-EOF'\n%s%sWEIR-EOF",
		     flags_of(s).mode, wr_str_text(&path), data,
		     !len || data[len - 1] == '\n' ? "" : "\n");
}

static int check_path(struct weir_txn *t, const char *object, const char *path)
{
	/* WR_FILE_NEW or WR_FILE_OLD is put behind it. */
	if (path && *path == '/' && strlen(path) + 5 < PATH_MAX)
		return 0;
	return wr_txn_refuse(t, -EINVAL, object, "", "is not an absolute path of usual length");
}

static int write_file(struct weir_txn *t, const char *path, const void *data, size_t len,
		      struct write_flags flags)
{
	struct weir_error err = WEIR_ERROR_INIT;
	wr_auto(str) struct wr_str old = { 0 };
	char object[64];
	struct stat st;
	struct weir_step *s;
	int r;

	wr_format(object, sizeof(object), "file %s", path);
	if (check_path(t, object, path))
		return t->err.code;
	if (!data && len)
		return wr_txn_refuse(t, -EINVAL, object, "data", "is missing");
	r = wr_file_read(path, &old);
	if (r && r != -ENOENT && r != -ENOTDIR) {
		wr_syserr(&err, r, object, "cannot be read");
		return wr_txn_fail(t, &err);
	}
	flags.was_there = !r;
	if (!r && stat(path, &st) == 0)
		flags.mode = st.st_mode & 07777;
	s = wr_txn_add(t, &wr_file_write_ops, object,
		       (struct weir_blob[]){ [WRITE_PATH] = { path, strlen(path) },
					     [WRITE_NEW] = { data, len },
					     [WRITE_OLD] = { old.data, old.len },
					     [WRITE_FLAGS] = { &flags, sizeof(flags) } }, 4);
	if (s)
		plan_write(t, s);
	return t->err.code;
}

int weir_txn_file_write(struct weir_txn *t, const char *path, const void *data, size_t len,
			unsigned int mode, bool durable)
{
	return write_file(t, path, data, len,
			  (struct write_flags){ .mode = mode, .durable = durable });
}

int wr_txn_file_note(struct weir_txn *t, const char *path, const void *data, size_t len,
		     size_t *ret_step)
{
	*ret_step = t->n_steps;
	return write_file(t, path, data, len,
			  (struct write_flags){ .mode = 0600, .gone_if_empty = true });
}

void wr_txn_file_rewrite(struct weir_txn *t, size_t i, const void *data, size_t len)
{
	struct weir_step *s = &t->steps[i];

	if (wr_step_set(t, s, WRITE_NEW, data, len))
		wr_txn_nomem(t);
	else
		plan_write(t, s);
}

/* --- removing ---------------------------------------------------------------- */

static void aside(const struct weir_step *s, char tmp[PATH_MAX])
{
	wr_format(tmp, PATH_MAX, "%s" WR_FILE_OLD, path_of(s));
}

static int remove_apply(struct weir *w, const struct weir_step *s, struct weir_error *err)
{
	char tmp[PATH_MAX];

	aside(s, tmp);
	if (rename(path_of(s), tmp) < 0 && errno != ENOENT)
		return wr_syserr(err, -errno, s->object, "cannot be moved aside");
	return 0;
}

static int remove_undo(struct weir *w, const struct weir_step *s, bool applied,
		       struct weir_error *err)
{
	char tmp[PATH_MAX];

	aside(s, tmp);
	if (rename(tmp, path_of(s)) < 0 && errno != ENOENT)
		return wr_syserr(err, -errno, s->object, "cannot be put back");
	return 0;
}

static int remove_finish(struct weir *w, const struct weir_step *s, struct weir_error *err)
{
	char tmp[PATH_MAX];

	aside(s, tmp);
	if (unlink(tmp) == 0)
		/* A definition that is gone must not be there again after a power failure. */
		wr_file_sync_parent(tmp);
	else if (errno != ENOENT)
		return wr_syserr(err, -errno, s->object, "cannot be removed");
	return 0;
}

const struct weir_step_ops wr_file_remove_ops = {
	.sz = sizeof(wr_file_remove_ops), .name = "file-remove",
	.apply = remove_apply, .undo = remove_undo, .finish = remove_finish,
};

int weir_txn_file_remove(struct weir_txn *t, const char *path)
{
	wr_auto(str) struct wr_str quoted = { 0 };
	char object[64];
	struct weir_step *s;

	wr_format(object, sizeof(object), "file %s", path);
	if (check_path(t, object, path))
		return t->err.code;
	s = wr_txn_add(t, &wr_file_remove_ops, object,
		       &(struct weir_blob){ path, strlen(path) }, 1);
	wr_str_shell(&quoted, path);
	wr_step_plan(t, s, "rm -f %s", wr_str_text(&quoted));
	return t->err.code;
}
