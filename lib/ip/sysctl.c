/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Sysctls, and attributes in sysfs, as steps: one value in one file. /proc/sys/net
 * shows the namespace of the thread that opens it, so every access runs inside
 * the handle's; /sys shows that of the one who mounted it.
 */
#include <stdio.h>

#include "base/file.h"
#include "ip/steps.h"
#include "txn/txn.h"

enum { PART_PATH, PART_NEW, PART_OLD, PART_FLAGS };

#define OPTIONAL 1	/* a missing file is no failure */
#define KNOWN 2		/* the old value was read */

struct access {
	char path[512];
	const char *value;	/* to write */
	struct wr_str old;	/* read */
};

static int read_here(void *arg)
{
	struct access *a = arg;
	int r = wr_file_read(a->path, &a->old);

	while (!r && a->old.len && a->old.data[a->old.len - 1] == '\n')
		a->old.data[--a->old.len] = '\0';
	return r;
}

static int write_here(void *arg)
{
	struct access *a = arg;

	return wr_file_poke(a->path, a->value);
}

static char flags_of(const struct weir_step *s)
{
	return *(const char *)weir_step_part(s, PART_FLAGS).data;
}

static int write_value(struct weir *w, const struct weir_step *s, int part, struct weir_error *err)
{
	struct access a = { .value = weir_step_part(s, part).data };
	int r;

	wr_copy(a.path, sizeof(a.path), weir_step_part(s, PART_PATH).data);
	r = weir_in_netns(w, write_here, &a);
	return r && r != -ENOENT ? wr_syserr(err, r, s->object, "writing %s", a.value) : r;
}

static int apply(struct weir *w, const struct weir_step *s, struct weir_error *err)
{
	char flags = flags_of(s);
	int r;

	if (flags & KNOWN && !strcmp(weir_step_part(s, PART_OLD).data,
				     weir_step_part(s, PART_NEW).data))
		return 0;
	r = write_value(w, s, PART_NEW, err);
	if (r == -ENOENT)
		return flags & OPTIONAL ? 0 : wr_syserr(err, r, s->object, "is not there");
	return r;
}

/* A value that could not be read belongs to a link that the transaction made: it goes with it. */
static int undo(struct weir *w, const struct weir_step *s, bool applied, struct weir_error *err)
{
	int r = flags_of(s) & KNOWN ? write_value(w, s, PART_OLD, err) : 0;

	return r == -ENOENT ? 0 : r;
}

const struct weir_step_ops wr_sysctl_ops = {
	.sz = sizeof(wr_sysctl_ops), .name = "sysctl", .apply = apply, .undo = undo,
};

static bool good_key(const char *key)
{
	return key && *key && *key != '/' && !strstr(key, "..") && strlen(key) < 400;
}

/* Whether @path is of the link that the transaction has made last: then there is nothing to read yet. */
static bool is_of_new_link(const struct weir_txn *t, const char *path)
{
	const char *name = strstr(path, "/conf/"), *made = t->n_created ? t->created[t->n_created - 1].name : "";
	size_t len = strlen(made);

	return name && len && !strncmp(name + 6, made, len) && name[6 + len] == '/';
}

/* A step that writes @value into @path; the plan's line is the caller's. */
static struct weir_step *add(struct weir_txn *t, const char *object, const char *path,
			     const char *value, bool optional)
{
	wr_auto(str) struct wr_str old = { 0 };
	struct access a = { .value = value };
	char flags = optional ? OPTIONAL : 0;
	struct weir_blob parts[4];

	wr_copy(a.path, sizeof(a.path), path);
	if (!is_of_new_link(t, path) && weir_in_netns(t->w, read_here, &a) == 0)
		flags |= KNOWN;
	old = a.old;
	parts[PART_PATH] = (struct weir_blob){ path, strlen(path) };
	parts[PART_NEW] = (struct weir_blob){ value, strlen(value) };
	parts[PART_OLD] = (struct weir_blob){ old.data, old.len };
	parts[PART_FLAGS] = (struct weir_blob){ &flags, 1 };
	return wr_txn_add(t, &wr_sysctl_ops, object, parts, 4);
}

static int check_key(struct weir_txn *t, const char *object, const char *key, const char *value, const char *below)
{
	if (!value)
		return wr_txn_refuse(t, -EINVAL, object, "value", "is missing");
	if (good_key(key))
		return 0;
	return wr_txn_refuse(t, -EINVAL, object, "", "is no path below %s", below);
}

int weir_txn_sysctl_set(struct weir_txn *t, const char *key, const char *value, bool optional)
{
	wr_auto(str) struct wr_str quoted = { 0 };
	char object[64], path[512];
	struct weir_step *s;

	wr_format(object, sizeof(object), "sysctl %s", key);
	if (check_key(t, object, key, value, "/proc/sys"))
		return t->err.code;
	wr_format(path, sizeof(path), "/proc/sys/%s", key);
	s = add(t, object, path, value, optional);
	wr_str_shell(&quoted, key);
	if (optional)
		wr_step_plan(t, s, "test ! -e /proc/sys/%s || sysctl -q -w %s=%s",
			     wr_str_text(&quoted), wr_str_text(&quoted), value);
	else
		wr_step_plan(t, s, "sysctl -q -w %s=%s", wr_str_text(&quoted), value);
	return t->err.code;
}

int weir_txn_sysfs_set(struct weir_txn *t, const char *key, const char *value, bool optional)
{
	wr_auto(str) struct wr_str quoted = { 0 };
	char object[64], path[512];
	struct weir_step *s;

	wr_format(object, sizeof(object), "sysfs %s", key);
	if (check_key(t, object, key, value, "/sys"))
		return t->err.code;
	wr_format(path, sizeof(path), "/sys/%s", key);
	s = add(t, object, path, value, optional);
	wr_str_shell(&quoted, path);
	wr_step_plan(t, s, "%s%s%secho %s >%s", optional ? "test ! -e " : "",
		     optional ? wr_str_text(&quoted) : "", optional ? " || " : "", value,
		     wr_str_text(&quoted));
	return t->err.code;
}
