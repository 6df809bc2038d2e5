/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Ports that are ready: see <weir/bulk.h>. Such a port has the record that every
 * port has, and besides that an empty file,
 *
 *	STATE_DIR/ready/NETWORK/PORT
 *
 * Whoever removes that file has leased the port: unlink() succeeds for one only.
 */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>

#include <weir/bulk.h>
#include <weir/json.h>
#include <weir/link.h>

#include "base/file.h"
#include "network/network.h"

/* In the record, as its owner: this port is one that can be given back. */
#define OWNER "(ready)"

static int folder_of(struct weir *w, const char *network, char path[PATH_MAX], struct weir_error *err)
{
	const char *dir = weir_state_dir(w);

	if (!dir)
		return wr_refuse(err, -EINVAL, "network", "state_dir", "was not given to the handle");
	if (!network || !*network || strchr(network, '/') || *network == '.' ||
	    strlen(dir) + strlen(network) + 32 >= PATH_MAX)
		return wr_refuse(err, -EINVAL, "network", "name", "\"%s\" is no name", network ? network : "");
	wr_format(path, PATH_MAX, "%s/ready/%s", dir, network);
	return 0;
}

static int path_of(struct weir *w, const char *network, const char *port, char path[PATH_MAX],
		   struct weir_error *err)
{
	char folder[PATH_MAX];
	int r = folder_of(w, network, folder, err);

	if (!r)
		wr_format(path, PATH_MAX, "%s/%s", folder, port);
	return r;
}

/* Calls @fn with the name of each port that is ready, until it returns other than 0. */
static int each(struct weir *w, const char *network, int (*fn)(void *arg, const char *name), void *arg,
		struct weir_error *err)
{
	char folder[PATH_MAX];
	struct dirent *e;
	DIR *dir;
	int failed = 0, r = folder_of(w, network, folder, err);

	if (r)
		return r;
	dir = opendir(folder);
	if (!dir && errno != ENOENT)
		failed = -errno;
	while (!r && dir && (e = wr_file_next(dir, &failed)))
		if (*e->d_name != '.' && wr_store_has(w, WR_STORE_PORTS, e->d_name))
			r = fn(arg, e->d_name);
	if (dir)
		closedir(dir);
	return failed ? wr_syserr(err, failed, "network", "%s", folder) : r;
}

static int count(void *arg, const char *name)
{
	++*(size_t *)arg;
	return 0;
}

size_t weir_ready_count(struct weir *w, const char *network)
{
	size_t n = 0;

	each(w, network, count, &n, NULL);
	return n;
}

/* --- having them ------------------------------------------------------------------------------ */

/* What a transaction that is done could not tidy up, the next one does. */
static int commit(struct weir_txn *t, struct weir_error *err)
{
	int r = weir_txn_commit(t, err);

	return r < 0 ? r : 0;
}

static int mark(struct weir_txn *t, const char *network, const char *port)
{
	struct weir_error err = WEIR_ERROR_INIT;
	char path[PATH_MAX];

	if (path_of(weir_txn_handle(t), network, port, path, &err))
		return weir_txn_refuse(t, &err);
	return weir_txn_file_write(t, path, "", 0, 0600, false);
}

int wr_txn_ready_forget(struct weir_txn *t, const char *network, const char *port)
{
	char path[PATH_MAX];

	if (path_of(weir_txn_handle(t), network, port, path, NULL) || access(path, F_OK) < 0)
		return 0;
	return weir_txn_file_remove(t, path);
}

static int check_like(const struct weir_guest *like, struct weir_error *err)
{
	static const uint8_t none[6];

	if (like->kind != WEIR_PORT_TAP || like->n_queues || like->netns)
		return wr_refuse(err, -EINVAL, "ready port", "kind",
				 "must be a tap that its guest opens by name");
	if (like->name || memcmp(like->mac, none, 6))
		return wr_refuse(err, -EINVAL, "ready port", like->name ? "name" : "mac",
				 "is made for each; it cannot be said");
	return 0;
}

static int add(struct weir *w, const char *network, const struct weir_guest *like, size_t n,
	       struct weir_error *err)
{
	wr_auto(free) struct weir_guest *guests = calloc(n + 1, sizeof(*guests));
	wr_auto(free) char (*names)[16] = calloc(n + 1, sizeof(*names));
	struct weir_txn *t;
	int r;

	if (!guests || !names)
		return wr_nomem(err);
	for (size_t i = 0; i < n; i++) {
		guests[i] = *like;
		guests[i].owner = OWNER;
	}
	r = wr_choose_names(w, guests, n, names, err);
	if (!r)
		r = weir_txn_begin(w, "have ports ready", 0, &t, err);
	if (r)
		return r;
	for (size_t i = 0; i < n && r >= 0; i++) {
		guests[i].name = names[i];
		r = weir_txn_port_attach(t, network, &guests[i], NULL, NULL);
		if (r >= 0)
			r = mark(t, network, names[i]);
	}
	return commit(t, err);
}

/* Some of the ports that are ready, for detaching. */
struct surplus {
	struct weir_txn *t;
	const char *network;
	size_t left;
};

static int detach_one(void *arg, const char *name)
{
	struct surplus *s = arg;

	if (!s->left)
		return 1;
	s->left--;
	return weir_txn_port_detach(s->t, s->network, name);
}

static int remove_some(struct weir *w, const char *network, size_t n, struct weir_error *err)
{
	struct surplus s = { .network = network, .left = n };
	int r = weir_txn_begin(w, "have fewer ports ready", 0, &s.t, err);

	if (r)
		return r;
	r = each(w, network, detach_one, &s, err);
	if (r < 0) {
		weir_txn_error(s.t, err);
		weir_txn_abort(s.t);
		return r;
	}
	return commit(s.t, err);
}

int weir_ready_keep(struct weir *w, const char *network, const struct weir_guest *like, size_t n,
		    struct weir_error *err)
{
	struct weir_guest full = { .sz = sizeof(full) };
	const struct wr_live *live;
	char folder[PATH_MAX];
	size_t is = 0;
	int r = folder_of(w, network, folder, err);

	if (!r)
		r = wr_store_live_last(w, network, &live, err);
	if (!r && like)
		r = wr_opts_copy(&full, sizeof(full), like, "guest", err);
	if (!r)
		r = check_like(&full, err);
	if (!r)
		r = each(w, network, count, &is, err);
	if (r || is == n)
		return r;
	return is < n ? add(w, network, &full, n - is, err) : remove_some(w, network, is - n, err);
}

/* --- leasing ----------------------------------------------------------------------------------- */

struct lease {
	struct weir *w;
	const char *network;
	struct weir_port *ret;
	struct weir_error *err;
	bool is_done;
};

static int try_lease(void *arg, const char *name)
{
	struct lease *l = arg;
	struct weir_port port = { .sz = sizeof(port) };
	struct weir_error why = WEIR_ERROR_INIT;
	char path[PATH_MAX];
	int r;

	if (path_of(l->w, l->network, name, path, NULL) || unlink(path) < 0)
		return 0;	/* another was faster */
	r = wr_store_port(l->w, name, &port, &why);
	if (r == -ENOENT || (r && wr_pass_over(&why, l->err) > 0))
		return 0;
	if (r) {
		wr_file_write(path, "", 0, 0600, false);	/* it is as ready as before */
		return r;
	}
	if (strcmp(port.network, l->network) || strcmp(port.owner, OWNER)) {
		weir_port_done(&port);
		return 0;	/* a file that was left over, and a port that has its name */
	}
	*l->ret = port;
	l->is_done = true;
	return 1;
}

static int write_owner(struct weir *w, struct weir_port *port, const char *owner, struct weir_error *err)
{
	wr_auto(free) char *text = NULL;
	char path[PATH_MAX];
	int r;

	wr_copy(port->owner, sizeof(port->owner), owner);
	if (weir_port_json(port, &text))
		return wr_nomem(err);
	wr_format(path, sizeof(path), "%s/ports/%s.json", weir_state_dir(w), port->name);
	r = wr_file_write(path, text, strlen(text), 0644, false);
	return r ? wr_syserr(err, r, "port", "%s", path) : 0;
}

int weir_ready_lease(struct weir *w, const char *network, const char *owner, struct weir_port *ret,
		     struct weir_error *err)
{
	struct weir_port port = { .sz = sizeof(port) };
	struct lease l = { .w = w, .network = network, .ret = &port, .err = err };
	const struct wr_live *live;
	char folder[PATH_MAX];
	int r = folder_of(w, network, folder, err);

	if (!r && ret->sz < sizeof(ret->sz))	/* before a port is nobody's */
		r = wr_refuse(err, -EINVAL, "port", "sz", "is not set");
	if (r)
		return r;
	r = each(w, network, try_lease, &l, err);
	if (r < 0)
		return r;
	if (!l.is_done && (r = wr_store_live_last(w, network, &live, err)))
		return r;
	if (!l.is_done)
		return wr_error(err, -EAGAIN, WEIR_STAGE_SYSTEM, "network", "",
				"%s has no port that is ready", network);
	r = owner ? write_owner(w, &port, owner, err) : 0;
	if (!r)
		return wr_port_give(ret, &port, err);
	weir_port_done(&port);
	return r;
}

/* --- giving back ------------------------------------------------------------------------------- */

static void scrub(struct weir_txn *t, const struct weir_port *port)
{
	struct weir_link l = { .sz = sizeof(l), .has = WEIR_LINK_IFINDEX | WEIR_LINK_UP, .ifindex = port->ifindex };

	weir_txn_link_set(t, &l);
	l.is_up = true;
	weir_txn_link_set(t, &l);
}

static int check_return(struct weir *w, const char *network, const struct weir_port *port,
			struct weir_error *err)
{
	char path[PATH_MAX];
	int r = path_of(w, network, port->name, path, err);

	if (r)
		return r;
	if (strcmp(port->network, network))
		return wr_refuse(err, -ENOENT, "port", "", "%s is a port of network %s", port->name,
				 port->network);
	if (port->kind != WEIR_PORT_TAP || !port->persistent)
		return wr_refuse(err, -EINVAL, "port", "", "%s is no tap that stays", port->name);
	if (access(path, F_OK) == 0)
		return wr_refuse(err, -EALREADY, "port", "", "%s is ready", port->name);
	return 0;
}

int weir_ready_return(struct weir *w, const char *network, const char *name, struct weir_error *err)
{
	struct weir_port port = { .sz = sizeof(port) };
	struct weir_txn *t;
	int r = wr_store_port(w, name, &port, err);

	if (!r)
		r = check_return(w, network, &port, err);
	if (!r)
		r = weir_txn_begin(w, "make a port ready again", 0, &t, err);
	if (!r) {
		scrub(t, &port);
		wr_copy(port.owner, sizeof(port.owner), OWNER);
		wr_txn_store_port(t, &port);
		mark(t, network, name);
		r = commit(t, err);
	}
	weir_port_done(&port);
	return r;
}
