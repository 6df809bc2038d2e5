/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Sysctls of the network namespace as steps. /proc/sys/net shows the namespace of
 * the thread that opens it, so every access runs inside the handle's.
 */
#include <stdio.h>

#include "base/file.h"
#include "ip/steps.h"
#include "txn/txn.h"

enum { PART_KEY, PART_NEW, PART_OLD, PART_FLAGS };

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

static void set_path(struct access *a, const char *key)
{
	wr_format(a->path, sizeof(a->path), "/proc/sys/%s", key);
}

static char flags_of(const struct weir_step *s)
{
	return *(const char *)weir_step_part(s, PART_FLAGS).data;
}

static int write_value(struct weir *w, const struct weir_step *s, int part, struct weir_error *err)
{
	struct access a = { .value = weir_step_part(s, part).data };
	int r;

	set_path(&a, weir_step_part(s, PART_KEY).data);
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
		return flags & OPTIONAL ? 0 : wr_syserr(err, r, s->object, "/proc/sys");
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
	return *key && *key != '/' && !strstr(key, "..") && strlen(key) < 400;
}

int weir_txn_sysctl_set(struct weir_txn *t, const char *key, const char *value, bool optional)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct access a = { .value = value };
	struct weir_blob parts[4];
	wr_auto(str) struct wr_str quoted = { 0 };
	char flags = optional ? OPTIONAL : 0, object[64];
	struct weir_step *s;

	wr_format(object, sizeof(object), "sysctl %s", key);
	if (!good_key(key)) {
		wr_refuse(&err, -EINVAL, object, "", "is no path below /proc/sys");
		return wr_txn_fail(t, &err);
	}
	set_path(&a, key);
	if (weir_in_netns(t->w, read_here, &a) == 0)
		flags |= KNOWN;
	parts[PART_KEY] = (struct weir_blob){ key, strlen(key) };
	parts[PART_NEW] = (struct weir_blob){ value, strlen(value) };
	parts[PART_OLD] = (struct weir_blob){ a.old.data, a.old.len };
	parts[PART_FLAGS] = (struct weir_blob){ &flags, 1 };
	s = wr_txn_add(t, &wr_sysctl_ops, object, parts, 4);
	wr_str_shell(&quoted, key);
	if (optional)
		wr_step_plan(t, s, "test ! -e /proc/sys/%s || sysctl -q -w %s=%s",
			     wr_str_text(&quoted), wr_str_text(&quoted), value);
	else
		wr_step_plan(t, s, "sysctl -q -w %s=%s", wr_str_text(&quoted), value);
	wr_str_done(&a.old);
	return t->err.code;
}
