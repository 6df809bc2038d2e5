/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * dnsmasq on a transaction: which files are written, whether its process is
 * started, signalled, replaced or stopped, and in which order, so that undo, which
 * goes backwards, always starts a process with the files that belong to it.
 *
 * Leases live as long as the network: they survive a restart of dnsmasq, and go
 * when the network is stopped, because nothing of it may stay then.
 */
#include <stdio.h>
#include <sys/stat.h>

#include "base/error.h"
#include "dhcp/dhcp.h"

struct texts {
	struct wr_str conf, hosts, addnhosts;
};

static void wr_auto_texts(struct texts *x)
{
	wr_str_done(&x->conf);
	wr_str_done(&x->hosts);
	wr_str_done(&x->addnhosts);
}

static int make_texts(const struct weir_network *net, const struct wr_dhcp_files *files,
		      struct texts *ret, struct weir_error *err)
{
	int r = wr_dhcp_config(net, files, &ret->conf, err);

	if (r)
		return r;
	wr_dhcp_hosts(net, &ret->hosts);
	wr_dhcp_addnhosts(net, &ret->addnhosts);
	return ret->hosts.failed || ret->addnhosts.failed ? wr_nomem(err) : 0;
}

static bool same(const struct wr_str *a, const struct wr_str *b)
{
	return !strcmp(wr_str_text(a), wr_str_text(b));
}

/* --- what a reload has to do ---------------------------------------------------------- */

int wr_dhcp_change(const struct weir_network *old, const struct weir_network *net,
		   const struct wr_dhcp_files *files, int pid, enum wr_dhcp_change *ret,
		   struct weir_error *err)
{
	wr_auto(texts) struct texts was = { 0 }, is = { 0 };
	bool known;
	int r;

	if (!wr_dhcp_wanted(net)) {
		*ret = pid || wr_dhcp_wanted(old) ? WR_DHCP_STOP : WR_DHCP_NOTHING;
		return 0;
	}
	r = make_texts(net, files, &is, err);
	if (r)
		return r;
	known = wr_dhcp_wanted(old) && !make_texts(old, files, &was, NULL);
	if (!pid)
		*ret = WR_DHCP_START;
	else if (!known || !same(&was.conf, &is.conf))
		*ret = WR_DHCP_RESTART;
	else if (!same(&was.hosts, &is.hosts) || !same(&was.addnhosts, &is.addnhosts))
		*ret = WR_DHCP_RELOAD;
	else
		*ret = WR_DHCP_NOTHING;
	return 0;
}

/* Whether the process that runs can read the files again; the directories may have changed. */
static bool can_reload(const struct wr_dhcp_files *files, int pid)
{
	char path[32];
	struct stat st;

	wr_format(path, sizeof(path), "/proc/%d", pid);
	return !wr_dhcp_stays_root(files) || (stat(path, &st) == 0 && st.st_uid == 0);
}

/* --- steps ------------------------------------------------------------------------------ */

static int find_service(struct weir_txn *t, const struct weir_network *net,
			struct wr_dhcp_service *ret, struct weir_error *err)
{
	const char *state_dir = weir_state_dir(weir_txn_handle(t));

	if (!state_dir)
		return wr_refuse(err, -EINVAL, "dnsmasq", "", "needs a state directory");
	return wr_dhcp_service(net, state_dir, ret, err);
}

static void write_text(struct weir_txn *t, const char *path, const struct wr_str *text,
		       unsigned int mode)
{
	weir_txn_file_write(t, path, wr_str_text(text), text->len, mode, false);
}

static void write_files(struct weir_txn *t, const struct wr_dhcp_files *files,
			const struct texts *x)
{
	write_text(t, files->conf, &x->conf, 0600);
	write_text(t, files->hosts, &x->hosts, 0644);
	write_text(t, files->addnhosts, &x->addnhosts, 0644);
}

/*
 * dnsmasq would make the lease file itself, but then nobody took it away again when
 * a later step fails. @fresh: without the leases that may be there.
 */
static int start(struct weir_txn *t, const struct wr_dhcp_service *s,
		 const struct weir_network *net, bool fresh)
{
	struct weir_error err = WEIR_ERROR_INIT;
	wr_auto(texts) struct texts x = { 0 };

	if (make_texts(net, &s->files, &x, &err))
		return weir_txn_refuse(t, &err);
	if (wr_dhcp_stays_root(&s->files))
		wr_str_puts(&x.conf, "user=\ngroup=\n");
	wr_dhcp_put_resolvers(&x.conf);
	if (x.conf.failed && wr_nomem(&err))
		return weir_txn_refuse(t, &err);
	/* Its configuration comes before it and goes after it: without one, all processes need not be looked at. */
	if (!access(s->files.conf, F_OK) && weir_service_pid(&s->service))
		weir_txn_service_stop(t, &s->service, true);
	write_files(t, &s->files, &x);
	if (fresh || access(s->files.leases, F_OK))
		weir_txn_file_write(t, s->files.leases, "", 0, 0644, false);
	return weir_txn_service_start(t, &s->service);
}

static int stop(struct weir_txn *t, const struct wr_dhcp_service *s)
{
	weir_txn_service_stop(t, &s->service, false);
	weir_txn_file_remove(t, s->files.conf);
	weir_txn_file_remove(t, s->files.hosts);
	weir_txn_file_remove(t, s->files.addnhosts);
	return weir_txn_file_remove(t, s->files.leases);
}

static int reload(struct weir_txn *t, const struct wr_dhcp_service *s,
		  const struct weir_network *net)
{
	struct weir_error err = WEIR_ERROR_INIT;
	wr_auto(texts) struct texts x = { 0 };

	if (make_texts(net, &s->files, &x, &err))
		return weir_txn_refuse(t, &err);
	write_text(t, s->files.hosts, &x.hosts, 0644);
	write_text(t, s->files.addnhosts, &x.addnhosts, 0644);
	return weir_txn_service_reload(t, &s->service);
}

int wr_txn_dhcp_start(struct weir_txn *t, const struct weir_network *net)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct wr_dhcp_service s;

	if (!wr_dhcp_wanted(net))
		return 0;
	if (find_service(t, net, &s, &err))
		return weir_txn_refuse(t, &err);
	return start(t, &s, net, true);
}

int wr_txn_dhcp_stop(struct weir_txn *t, const struct weir_network *net)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct wr_dhcp_service s;

	if (!wr_dhcp_wanted(net))
		return 0;
	if (find_service(t, net, &s, &err))
		return weir_txn_refuse(t, &err);
	return stop(t, &s);
}

int wr_txn_dhcp_reload(struct weir_txn *t, const struct weir_network *old,
		       const struct weir_network *net)
{
	struct weir_error err = WEIR_ERROR_INIT;
	enum wr_dhcp_change change = WR_DHCP_NOTHING;
	struct wr_dhcp_service s;
	int pid;

	if (!wr_dhcp_wanted(old) && !wr_dhcp_wanted(net))
		return 0;
	if (find_service(t, net, &s, &err))
		return weir_txn_refuse(t, &err);
	pid = weir_service_pid(&s.service);
	if (pid < 0 && wr_syserr(&err, pid, s.service.name, "whether it runs"))
		return weir_txn_refuse(t, &err);
	if (wr_dhcp_change(old, net, &s.files, pid, &change, &err))
		return weir_txn_refuse(t, &err);
	if (change == WR_DHCP_RELOAD && !can_reload(&s.files, pid))
		change = WR_DHCP_RESTART;
	switch (change) {
	case WR_DHCP_NOTHING:
		return 0;
	case WR_DHCP_START:
	case WR_DHCP_RESTART:
		return start(t, &s, net, !wr_dhcp_wanted(old));
	case WR_DHCP_STOP:
		return stop(t, &s);
	case WR_DHCP_RELOAD:
		return reload(t, &s, net);
	}
	return 0;
}
