/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where groups are kept:
 *
 *	CONFIG_DIR/groups/NAME.json	the stored definition, durable
 *	STATE_DIR/groups/NAME.json	a group that is up: what it was brought up
 *					from, and what that did to which link
 *
 * Reading is direct; writing and removing are steps of a transaction.
 */
#include <dirent.h>
#include <limits.h>
#include <stdio.h>

#include <weir/json.h>

#include "base/file.h"
#include "base/list.h"
#include "host/host.h"
#include "host/tables.h"
#include "json/json.h"

/* --- the record of a group that is up --------------------------------------------------- */

static const struct wr_field live_link_fields[] = {
	WR_ROW(wr_live_link, name, WR_NAME, "name", .flags = WR_REQUIRED, .doc = "the link"),
	WR_ROW(wr_live_link, ifindex, WR_S32, "ifindex", .doc = "its index"),
	WR_ROW(wr_live_link, made, WR_U8, "made", .flags = WR_BOOL, .doc = "it was made"),
	WR_ROW(wr_live_link, raised, WR_U8, "raised", .flags = WR_BOOL, .doc = "it was down before"),
	WR_ROW(wr_live_link, enslaved, WR_U8, "enslaved", .flags = WR_BOOL,
	       .doc = "it was made a port"),
};
static WR_TABLE(live_link_table, wr_live_link, "link", -1, live_link_fields);

static const struct wr_field live_fields[] = {
	WR_LIST_ROW(wr_live_group, links, "links", &live_link_table, .doc = "what was done to links"),
	WR_OBJECT_ROW(wr_live_group, group, "definition", &wr_group_table, .flags = WR_REQUIRED,
		      .doc = "what it was brought up from"),
};
static WR_TABLE(live_table, wr_live_group, "live group", -1, live_fields);

void wr_live_group_free(struct wr_live_group *live)
{
	if (!live)
		return;
	wr_table_free(&live_table, live);
	free(live);
}

bool wr_live_group_equal(const struct wr_live_group *a, const struct wr_live_group *b)
{
	return wr_table_equal(&live_table, a, b);
}

/* --- paths --------------------------------------------------------------------------------- */

static int folder_of(struct weir *w, enum wr_group_store which, char path[PATH_MAX],
		     struct weir_error *err)
{
	const char *dir = which == WR_GROUPS_CONFIG ? weir_config_dir(w) : weir_state_dir(w);

	if (!dir)
		return wr_refuse(err, -EINVAL, "interface",
				 which == WR_GROUPS_CONFIG ? "config_dir" : "state_dir",
				 "was not given to the handle");
	wr_format(path, PATH_MAX, "%s/groups", dir);
	return 0;
}

static int path_of(struct weir *w, enum wr_group_store which, const char *name,
		   char path[PATH_MAX], struct weir_error *err)
{
	char folder[PATH_MAX];
	int r = folder_of(w, which, folder, err);

	if (r)
		return r;
	if (wr_check_ifname(name) || strlen(folder) + strlen(name) + 7 >= PATH_MAX)
		return wr_refuse(err, -EINVAL, "interface", "name", "\"%s\" is no name for a link", name ? name : "");
	wr_format(path, PATH_MAX, "%s/%s.json", folder, name);
	return 0;
}

/* --- reading -------------------------------------------------------------------------------- */

static int read_file(struct weir *w, enum wr_group_store which, const char *name,
		     struct wr_str *text, struct weir_error *err)
{
	char path[PATH_MAX], object[64];
	int r = path_of(w, which, name, path, err);

	if (r)
		return r;
	wr_format(object, sizeof(object), "interface %s", name);
	r = wr_file_read(path, text);
	if (r == -ENOENT || r == -ENOTDIR)
		return wr_error(err, -ENOENT, WEIR_STAGE_INPUT, object, "", "%s",
				which == WR_GROUPS_CONFIG ? "is not defined" :
							    "was not brought up by weir");
	return r ? wr_syserr(err, r, object, "%s", path) : 0;
}

static int say_which(struct weir_error *err, int r, const char *name)
{
	if (r && err)
		wr_format(err->object, sizeof(err->object), "stored interface %s", name);
	return r;
}

int wr_group_config(struct weir *w, const char *name, struct weir_group **ret, struct weir_error *err)
{
	wr_auto(str) struct wr_str text = { 0 };
	int r = read_file(w, WR_GROUPS_CONFIG, name, &text, err);

	if (r)
		return r;
	return say_which(err, weir_group_parse(text.data, text.len, ret, err), name);
}

int wr_group_live(struct weir *w, const char *name, struct wr_live_group **ret,
		  struct weir_error *err)
{
	wr_auto(str) struct wr_str text = { 0 };
	wr_auto(free) struct wr_live_group *live = NULL;
	int r = read_file(w, WR_GROUPS_LIVE, name, &text, err);

	if (r)
		return r;
	live = calloc(1, sizeof(*live));
	if (!live)
		return wr_nomem(err);
	r = wr_json_read(&live_table, text.data, text.len, live, err);
	if (r)
		return say_which(err, r, name);
	live->group.sz = sizeof(live->group);
	*ret = wr_take(live);
	return 0;
}

bool wr_group_has(struct weir *w, enum wr_group_store which, const char *name)
{
	char path[PATH_MAX];

	return !path_of(w, which, name, path, NULL) && access(path, F_OK) == 0;
}

struct each {
	int (*fn)(void *arg, const char *name);
	void *arg;
};

/* What is no name of a link is nobody's group. */
static int each_group(void *arg, const char *name)
{
	const struct each *each = arg;

	return wr_check_ifname(name) ? 0 : each->fn(each->arg, name);
}

int wr_group_each(struct weir *w, enum wr_group_store which,
		  int (*fn)(void *arg, const char *name), void *arg, struct weir_error *err)
{
	struct each each = { fn, arg };
	char path[PATH_MAX];
	int r = folder_of(w, which, path, err);

	return r ? r : wr_file_each(path, "interfaces", each_group, &each, err);
}

struct names {
	char **names;
	size_t n;
};

static int add_name(void *arg, const char *name)
{
	struct names *all = arg;
	char **more = wr_append(all->names, all->n);

	if (!more)
		return -ENOMEM;
	*more = strdup(name);
	return *more ? 0 : -ENOMEM;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int wr_group_names(struct weir *w, enum wr_group_store which, char ***ret, size_t *ret_n,
		   struct weir_error *err)
{
	struct names all = { NULL, 0 };
	int r = wr_group_each(w, which, add_name, &all, err);

	if (r) {
		wr_names_free(all.names, all.n);
		return r == -ENOMEM ? wr_nomem(err) : r;
	}
	if (all.n)
		qsort(all.names, all.n, sizeof(*all.names), by_text);
	*ret = all.names;
	*ret_n = all.n;
	return 0;
}

void wr_names_free(char **names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(names[i]);
	free(names);
}

/* --- writing ---------------------------------------------------------------------------------- */

static int write_file(struct weir_txn *t, enum wr_group_store which, const char *name, char *json)
{
	struct weir_error err = WEIR_ERROR_INIT;
	wr_auto(free) char *text = json;
	char path[PATH_MAX];

	if (!text)
		wr_nomem(&err);
	if (!text || path_of(weir_txn_handle(t), which, name, path, &err))
		return weir_txn_refuse(t, &err);
	return weir_txn_file_write(t, path, text, strlen(text), 0644, which == WR_GROUPS_CONFIG);
}

int wr_txn_group_store(struct weir_txn *t, const struct weir_group *group)
{
	char *json = NULL;

	weir_group_json(group, &json);
	return write_file(t, WR_GROUPS_CONFIG, group->name, json);
}

int wr_txn_group_record(struct weir_txn *t, const struct wr_live_group *live)
{
	char *json = NULL;

	wr_json_write(&live_table, live, &json);
	return write_file(t, WR_GROUPS_LIVE, live->group.name, json);
}

int wr_txn_group_forget(struct weir_txn *t, enum wr_group_store which, const char *name)
{
	struct weir_error err = WEIR_ERROR_INIT;
	char path[PATH_MAX];

	if (path_of(weir_txn_handle(t), which, name, path, &err))
		return weir_txn_refuse(t, &err);
	return weir_txn_file_remove(t, path);
}
