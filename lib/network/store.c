/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where definitions and state are kept:
 *
 *	CONFIG_DIR/networks/NAME.json	the stored definition, durable
 *	CONFIG_DIR/autostart/NAME.json	"{}": it is started when the host boots
 *	STATE_DIR/networks/NAME.json	a running network: its definition, its links
 *	STATE_DIR/ports/PORT.json	a guest's port
 *	STATE_DIR/uuids/UUID.json	its name, see port_uuid.c
 *
 * Reading is direct; writing and removing are steps of a transaction.
 */
#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>

#include <weir/json.h>

#include "base/context.h"
#include "base/file.h"
#include "json/json.h"
#include "network/network.h"
#include "network/tables.h"

/* --- the record of a running network ------------------------------------------------------ */

static const struct wr_field span_fields[] = {
	WR_ROW(wr_span, name, WR_NAME, "name", .flags = WR_REQUIRED, .doc = "a further bridge"),
	WR_ROW(wr_span, ifindex, WR_S32, "ifindex", .doc = "its index"),
	WR_ROW(wr_span, join, WR_NAME, "join", .doc = "the port of the first bridge that leads to it"),
	WR_ROW(wr_span, join_ifindex, WR_S32, "joinIfindex", .doc = "the index of that"),
	WR_ROW(wr_span, far_ifindex, WR_S32, "farIfindex", .doc = "the index of its other end"),
};
static WR_TABLE(span_table, wr_span, "further bridge", -1, span_fields);

static const struct wr_field live_fields[] = {
	WR_ROW(wr_live, bridge_ifindex, WR_S32, "bridgeIfindex", .doc = "index of the bridge"),
	WR_ROW(wr_live, ifb_ifindex, WR_S32, "ifbIfindex", .doc = "index of the bridge's ifb"),
	WR_ROW(wr_live, ifb_name, WR_NAME, "ifbName", .doc = "the bridge's ifb"),
	WR_ROW(wr_live, ifb_class, WR_U32, "ifbClass", .doc = "the bridge's class on a shared ifb"),
	WR_LIST_ROW(wr_live, spans, "spans", &span_table, .doc = "further bridges, in their order"),
	WR_OBJECT_ROW(wr_live, net, "definition", &wr_network_table, .flags = WR_REQUIRED,
		      .doc = "what it was started from"),
};
static WR_TABLE(live_table, wr_live, "live network", -1, live_fields);

void wr_live_free(struct wr_live *live)
{
	if (!live)
		return;
	wr_table_free(&live_table, live);
	free(live);
}

/* --- paths --------------------------------------------------------------------------------- */

static const struct {
	bool config;
	const char *folder;
	const char *what;
} stores[] = {
	[WR_STORE_CONFIG] = { true, "networks", "network" },
	[WR_STORE_LIVE] = { false, "networks", "network" },
	[WR_STORE_PORTS] = { false, "ports", "port" },
	[WR_STORE_UUIDS] = { false, "uuids", "port" },
	[WR_STORE_AUTOSTART] = { true, "autostart", "network" },
};

int wr_store_folder(struct weir *w, enum wr_store which, char path[PATH_MAX], struct weir_error *err)
{
	const char *dir = stores[which].config ? weir_config_dir(w) : weir_state_dir(w);

	if (!dir)
		return wr_refuse(err, -EINVAL, stores[which].what,
				 stores[which].config ? "config_dir" : "state_dir",
				 "was not given to the handle");
	wr_format(path, PATH_MAX, "%s/%s", dir, stores[which].folder);
	return 0;
}

static int path_of(struct weir *w, enum wr_store which, const char *name, char path[PATH_MAX],
		   struct weir_error *err)
{
	char folder[PATH_MAX];
	int r = wr_store_folder(w, which, folder, err);

	if (r)
		return r;
	if (!name || !*name || strchr(name, '/') || !strcmp(name, ".") || !strcmp(name, "..") ||
	    strlen(folder) + strlen(name) + 7 >= PATH_MAX)
		return wr_refuse(err, -EINVAL, stores[which].what, "name", "\"%s\" is no name",
				 name ? name : "");
	wr_format(path, PATH_MAX, "%s/%s.json", folder, name);
	return 0;
}

/* --- reading -------------------------------------------------------------------------------- */

static int read_store(struct weir *w, enum wr_store which, const char *name, struct wr_str *text,
		      struct weir_error *err)
{
	char path[PATH_MAX], object[64];
	int r = path_of(w, which, name, path, err);

	if (r)
		return r;
	wr_format(object, sizeof(object), "%s %s", stores[which].what, name);
	r = wr_file_read(path, text);
	if (r == -ENOENT || r == -ENOTDIR)
		return wr_error(err, -ENOENT, WEIR_STAGE_INPUT, object, "", "%s",
				which == WR_STORE_CONFIG ? "is not defined" :
				which == WR_STORE_LIVE   ? "is not running" :
							   "does not exist");
	return r ? wr_syserr(err, r, object, "%s", path) : 0;
}

static int say_which(struct weir_error *err, int r, enum wr_store which, const char *name)
{
	if (r && err)
		wr_format(err->object, sizeof(err->object), "stored %s %s", stores[which].what,
			  name);
	return r;
}

int wr_store_config(struct weir *w, const char *name, struct weir_network **ret,
		    struct weir_error *err)
{
	wr_auto(str) struct wr_str text = { 0 };
	struct weir_network *net;
	int r = read_store(w, WR_STORE_CONFIG, name, &text, err);

	if (r)
		return r;
	r = weir_network_parse(text.data, text.len, &net, err);
	if (!r && !strcmp(net->name, name)) {
		*ret = net;
		return 0;
	}
	/* A copy that somebody made to change it: started, it would be the other network. */
	if (!r) {
		r = wr_refuse(err, -EINVAL, "", "name", "is that of network %s", net->name);
		weir_network_free(net);
	}
	return say_which(err, r, WR_STORE_CONFIG, name);
}

static int parse_live(const char *name, const struct wr_str *text, struct wr_live **ret, struct weir_error *err)
{
	wr_auto(free) struct wr_live *live = calloc(1, sizeof(*live));
	int r;

	if (!live)
		return wr_nomem(err);
	live->net.sz = sizeof(live->net);
	r = wr_json_read(&live_table, text->data, text->len, live, err);
	if (r)
		return say_which(err, r, WR_STORE_LIVE, name);
	*ret = wr_take(live);
	return 0;
}

int wr_store_live(struct weir *w, const char *name, struct wr_live **ret, struct weir_error *err)
{
	wr_auto(str) struct wr_str text = { 0 };
	int r = read_store(w, WR_STORE_LIVE, name, &text, err);

	return r ? r : parse_live(name, &text, ret, err);
}

int wr_store_next_live(struct weir *w, const char *name, struct wr_live **ret, struct weir_error *err)
{
	struct weir_error why = WEIR_ERROR_INIT;

	wr_store_live(w, name, ret, &why);
	return wr_pass_over(&why, err);
}

/*
 * What a handle read last, for who attaches guest after guest to one network. The file is
 * read each time, because another process may have put another in its place; the same text
 * says the same.
 */
struct last {
	char *name;
	struct wr_str text;
	struct wr_live *live;
};

/* Only its address counts: contexts of a handle are found by it. */
static const struct weir_step_ops last_key = { .sz = sizeof(last_key), .name = "last live network" };

static void last_done(struct last *last)
{
	free(last->name);
	wr_str_done(&last->text);
	wr_live_free(last->live);
	*last = (struct last){ 0 };
}

static void last_free(void *arg)
{
	last_done(arg);
	free(arg);
}

static bool is_last(const struct last *last, const char *name, const struct wr_str *text)
{
	return last->live && !strcmp(last->name, name) && last->text.len == text->len &&
	       !memcmp(last->text.data, text->data, text->len);
}

static int learn(struct last *last, const char *name, struct wr_str *text, struct weir_error *err)
{
	int r;

	last_done(last);
	last->name = strdup(name);
	r = last->name ? parse_live(name, text, &last->live, err) : wr_nomem(err);
	if (r)
		return r;
	last->text = *text;
	*text = (struct wr_str){ 0 };
	return 0;
}

int wr_store_live_last(struct weir *w, const char *name, const struct wr_live **ret, struct weir_error *err)
{
	wr_auto(str) struct wr_str text = { 0 };
	struct last *last = wr_context_of(w, &last_key, sizeof(*last), NULL, last_free);
	int r = last ? read_store(w, WR_STORE_LIVE, name, &text, err) : wr_nomem(err);

	if (!r && !is_last(last, name, &text))
		r = learn(last, name, &text, err);
	if (!r)
		*ret = last->live;
	return r;
}

/* Whoever has to put a port's record right, or remove it, looks for its file. */
static int say_where(struct weir_error *err, int r, struct weir *w, const char *name)
{
	char msg[sizeof(err->msg)];

	if (r && err) {
		wr_copy(msg, sizeof(msg), err->msg);
		wr_format(err->msg, sizeof(err->msg), "%s, in %s/ports/%s.json", msg, weir_state_dir(w), name);
	}
	return r;
}

int wr_store_port(struct weir *w, const char *name, struct weir_port *ret, struct weir_error *err)
{
	wr_auto(str) struct wr_str text = { 0 };
	int r = read_store(w, WR_STORE_PORTS, name, &text, err);

	if (r)
		return r;
	r = weir_port_parse(text.data, text.len, ret, err);
	/* A copy of another's. */
	if (!r && strcmp(ret->name, name) != 0) {
		r = wr_refuse(err, -EINVAL, "", "name", "is that of port %s", ret->name);
		weir_port_done(ret);
	}
	return say_where(err, say_which(err, r, WR_STORE_PORTS, name), w, name);
}

bool wr_store_is_damaged(struct weir *w, const char *name, int r, const struct weir_error *err)
{
	return r && r != -ENOENT && wr_pass_over(err, NULL) > 0 && wr_store_has(w, WR_STORE_PORTS, name);
}

int wr_store_next_port(struct weir *w, const char *name, struct weir_port *ret, struct weir_error *err)
{
	struct weir_error why = WEIR_ERROR_INIT;

	wr_store_port(w, name, ret, &why);
	return wr_pass_over(&why, err);
}

static const struct wr_field uuid_fields[] = {
	WR_ROW(weir_port, name, WR_NAME, "port", .flags = WR_REQUIRED, .doc = "the port that has it"),
};
static WR_TABLE(uuid_table, weir_port, "uuid of a port", -1, uuid_fields);

/* A uuid is the same in capital letters. */
static void lower(const char *uuid, char ret[37])
{
	size_t i = 0;

	for (; i < 36 && uuid[i]; i++)
		ret[i] = (char)tolower((unsigned char)uuid[i]);
	ret[i] = '\0';
}

int wr_store_next_uuid(struct weir *w, const char *uuid, struct weir_port *ret, struct weir_error *err)
{
	struct weir_error why = WEIR_ERROR_INIT;
	wr_auto(str) struct wr_str text = { 0 };
	char name[37];

	lower(uuid, name);
	if (!read_store(w, WR_STORE_UUIDS, name, &text, &why))
		wr_json_read(&uuid_table, text.data, text.len, ret, &why);
	return wr_pass_over(&why, err);
}

bool wr_store_has(struct weir *w, enum wr_store which, const char *name)
{
	char path[PATH_MAX];

	return !path_of(w, which, name, path, NULL) && access(path, F_OK) == 0;
}

int wr_store_stat(struct weir *w, enum wr_store which, const char *name, struct stat *ret)
{
	char path[PATH_MAX];
	int r = path_of(w, which, name, path, NULL);

	return r ? r : stat(path, ret) < 0 ? -errno : 0;
}

int wr_store_each(struct weir *w, enum wr_store which, int (*fn)(void *arg, const char *name),
		  void *arg, struct weir_error *err)
{
	char path[PATH_MAX];
	int r = wr_store_folder(w, which, path, err);

	return r ? r : wr_file_each(path, stores[which].what, fn, arg, err);
}

int wr_store_each_entry(struct weir *w, enum wr_store which,
			int (*fn)(void *arg, const struct wr_entry *entry), void *arg,
			struct weir_error *err)
{
	char path[PATH_MAX];
	int r = wr_store_folder(w, which, path, err);

	return r ? r : wr_file_each_entry(path, stores[which].what, fn, arg, err);
}

static int count_one(void *arg, const char *name)
{
	size_t *n = arg;

	++*n;
	return 0;
}

int wr_store_most(struct weir *w, enum wr_store which, size_t *ret, struct weir_error *err)
{
	char path[PATH_MAX];
	int r = wr_store_folder(w, which, path, err);
	ssize_t most = r ? -1 : wr_file_most_in(path);

	*ret = most < 0 ? 0 : (size_t)most;
	return r || most >= 0 ? r : wr_file_each(path, stores[which].what, count_one, ret, err);
}

/* --- writing ---------------------------------------------------------------------------------- */

static int refuse(struct weir_txn *t, const struct weir_error *err)
{
	return weir_txn_refuse(t, err);
}

static int write_store(struct weir_txn *t, enum wr_store which, const char *name, char *json)
{
	struct weir_error err = WEIR_ERROR_INIT;
	wr_auto(free) char *text = json;
	char path[PATH_MAX];

	if (!text) {
		wr_nomem(&err);
		return refuse(t, &err);
	}
	if (path_of(weir_txn_handle(t), which, name, path, &err))
		return refuse(t, &err);
	return weir_txn_file_write(t, path, text, strlen(text), 0644, stores[which].config);
}

int wr_txn_store_config(struct weir_txn *t, const struct weir_network *net)
{
	char *json = NULL;

	weir_network_json(net, &json);
	return write_store(t, WR_STORE_CONFIG, net->name, json);
}

int wr_txn_store_live(struct weir_txn *t, const struct wr_live *live)
{
	char *json = NULL;

	wr_json_write(&live_table, live, &json);
	return write_store(t, WR_STORE_LIVE, live->net.name, json);
}

int wr_txn_store_port(struct weir_txn *t, const struct weir_port *port)
{
	char *json = NULL;

	weir_port_json(port, &json);
	return write_store(t, WR_STORE_PORTS, port->name, json);
}

int wr_txn_store_uuid(struct weir_txn *t, const struct weir_port *port)
{
	char *json = NULL, name[37];

	lower(port->uuid, name);
	wr_json_write(&uuid_table, port, &json);
	return write_store(t, WR_STORE_UUIDS, name, json);
}

int wr_txn_store_mark(struct weir_txn *t, enum wr_store which, const char *name)
{
	return write_store(t, which, name, strdup("{}\n"));
}

int wr_txn_unstore(struct weir_txn *t, enum wr_store which, const char *name)
{
	struct weir_error err = WEIR_ERROR_INIT;
	char path[PATH_MAX];

	if (path_of(weir_txn_handle(t), which, name, path, &err))
		return refuse(t, &err);
	return weir_txn_file_remove(t, path);
}

/* A record that could not be read may have had none that is known. */
int wr_txn_unstore_uuid(struct weir_txn *t, const struct weir_port *port)
{
	char name[37];

	lower(port->uuid, name);
	return *name ? wr_txn_unstore(t, WR_STORE_UUIDS, name) : 0;
}
