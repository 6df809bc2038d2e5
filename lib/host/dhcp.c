/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * DHCP clients: which one there is, and how it is called so that it goes into the
 * background and can be found again. None is ours: the host's administrator, or
 * whoever built the appliance, has chosen one.
 */
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#include "base/file.h"
#include "base/ip.h"
#include "host/host.h"

#define MAX_WORDS 24

/* What stands for a word that is not the same everywhere. */
#define DEV "\001"
#define PID_FILE "\002"
#define LEASE_FILE "\003"

/*
 * The words behind the program's name, for each family; and those that keep the
 * name servers out, where the definition says so. All go into the background, at
 * once or when the first tries have failed.
 */
static const struct client {
	const char *name;
	const char *v4[12], *v6[12], *no_dns[12];
} clients[] = {
	{ .name = "udhcpc",
	  .v4 = { "-b", "-S", "-t", "3", "-T", "2", "-p", PID_FILE, "-i", DEV },
	  /* Only what an address and a route need: mask, router, broadcast. */
	  .no_dns = { "-o", "-O", "subnet", "-O", "router", "-O", "broadcast" } },
	{ .name = "udhcpc6",
	  .v6 = { "-b", "-S", "-t", "3", "-T", "2", "-p", PID_FILE, "-i", DEV } },
	{ .name = "dhclient",
	  .v4 = { "-4", "-nw", "-pf", PID_FILE, "-lf", LEASE_FILE, DEV },
	  .v6 = { "-6", "-nw", "-pf", PID_FILE, "-lf", LEASE_FILE, DEV },
	  .no_dns = { "-R", "subnet-mask,broadcast-address,routers,interface-mtu" } },
	{ .name = "dhcpcd",
	  .v4 = { "-4", "-b", "-q", DEV },
	  .v6 = { "-6", "-b", "-q", DEV },
	  .no_dns = { "-C", "resolv.conf" } },
};

static const char *const folders[] = { "/sbin", "/usr/sbin", "/bin", "/usr/bin",
				       "/usr/local/sbin", "/usr/local/bin" };

static const char *const *words_for(const struct client *c, uint8_t family)
{
	const char *const *words = family == WEIR_FAMILY_IPV6 ? c->v6 : c->v4;

	return *words ? words : NULL;
}

static const struct client *client_of(const char *path, uint8_t family)
{
	const char *name = strrchr(path, '/');

	name = name ? name + 1 : path;
	for (size_t i = 0; i < WR_COUNT(clients); i++)
		if (!strcmp(clients[i].name, name) && words_for(&clients[i], family))
			return &clients[i];
	return NULL;
}

/* A line for each client in config_dir/dhcp-client; for IPv6 there may be another. */
static const struct client *configured(struct weir *w, uint8_t family, char path[PATH_MAX])
{
	wr_auto(str) struct wr_str text = { 0 };
	const struct client *c;
	char file[PATH_MAX];

	if (!weir_config_dir(w))
		return NULL;
	wr_format(file, sizeof(file), "%s/dhcp-client", weir_config_dir(w));
	if (wr_file_read(file, &text))
		return NULL;
	for (char *line = text.data, *next; line && *line; line = next) {
		next = line + strcspn(line, "\n");
		if (*next)
			*next++ = '\0';
		wr_copy(path, PATH_MAX, line);
		c = client_of(path, family);
		if (c)
			return c;
	}
	return NULL;
}

static const struct client *find_client(struct weir *w, uint8_t family, char path[PATH_MAX])
{
	const struct client *c = configured(w, family, path);

	for (size_t i = 0; i < WR_COUNT(clients) && !c; i++)
		for (size_t k = 0; k < WR_COUNT(folders) && !c; k++) {
			wr_format(path, PATH_MAX, "%s/%s", folders[k], clients[i].name);
			if (words_for(&clients[i], family) && access(path, X_OK) == 0)
				c = &clients[i];
		}
	return c;
}

struct call {
	struct weir_service service;
	char name[64], path[PATH_MAX], pid_file[PATH_MAX], lease_file[PATH_MAX], dev[16];
	const char *argv[MAX_WORDS + 1];
};

static size_t add_words(struct call *c, size_t n, const char *const *words)
{
	for (; words && *words && n < MAX_WORDS; words++)
		c->argv[n++] = !strcmp(*words, DEV)	   ? c->dev :
			       !strcmp(*words, PID_FILE)   ? c->pid_file :
			       !strcmp(*words, LEASE_FILE) ? c->lease_file : *words;
	return n;
}

static int make_call(struct weir *w, const char *dev, uint8_t family, uint8_t peerdns,
		     struct call *c, struct weir_error *err)
{
	const struct client *client;
	int version = family == WEIR_FAMILY_IPV6 ? 6 : 4;
	size_t n = 1;

	*c = (struct call){ .service.sz = sizeof(c->service) };
	wr_copy(c->dev, sizeof(c->dev), dev);
	wr_format(c->name, sizeof(c->name), "DHCPv%d client of %s", version, dev);
	if (!weir_state_dir(w))
		return wr_refuse(err, -EINVAL, c->name, "state_dir", "was not given to the handle");
	client = find_client(w, family, c->path);
	if (!client)
		return wr_error(err, -ENOENT, WEIR_STAGE_SYSTEM, c->name, "",
				"there is neither udhcpc nor dhclient nor dhcpcd%s",
				version == 6 ? " for IPv6" : "");
	wr_format(c->pid_file, sizeof(c->pid_file), "%s/dhcp-client/%s-%d.pid", weir_state_dir(w), dev, version);
	wr_format(c->lease_file, sizeof(c->lease_file), "%s/dhcp-client/%s-%d.leases", weir_state_dir(w), dev,
		  version);
	c->argv[0] = c->path;
	if (peerdns == WEIR_NO)
		n = add_words(c, n, client->no_dns);
	add_words(c, n, words_for(client, family));
	c->service.name = c->name;
	c->service.argv = c->argv;
	c->service.pid_file = c->pid_file;
	return 0;
}

#ifndef WR_NO_LOOK	/* the one-file tool (`make static`): no room */
#define ADDRESS_TIMEOUT_MS 5000

static bool has_good_address(const struct weir_addr *addrs, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (wr_ip_is_link_local(&addrs[i].local) && !(addrs[i].has & WEIR_ADDR_TENTATIVE))
			return true;
	return false;
}

int wr_dhcp_wait(struct weir *w, const char *dev, struct weir_error *err)
{
	const struct timespec pause = { 0, 50000000 };
	struct weir_link link = { .sz = sizeof(link) };
	int r = weir_link_get(w, 0, dev, &link, err);
	bool is_good = false;

	for (int ms = 0; ms < ADDRESS_TIMEOUT_MS && !r && !is_good; ms += 50) {
		struct weir_addr *addrs = NULL;
		size_t n = 0;

		if (ms)
			nanosleep(&pause, NULL);
		r = weir_addr_list(w, link.ifindex, &addrs, &n, err);
		is_good = has_good_address(addrs, n);
		free(addrs);
	}
	return r;
}

static void wait_first(struct weir_txn *t, const struct call *c)
{
	weir_txn_step(t, &weir_group_verify_step, c->name,
		      (struct weir_blob[]){ { NULL, 0 }, { c->dev, strlen(c->dev) } }, 2);
}
#else
#define wait_first(t, c) ((void)0)
#endif

int wr_dhcp_start(struct weir_txn *t, const char *dev, uint8_t family, uint8_t peerdns)
{
	struct weir_error err = WEIR_ERROR_INIT;
	char folder[PATH_MAX];
	struct call c;
	int r = make_call(weir_txn_handle(t), dev, family, peerdns, &c, &err);

	if (!r) {
		wr_format(folder, sizeof(folder), "%s/dhcp-client", weir_state_dir(weir_txn_handle(t)));
		r = wr_mkdirs(folder, 0755);
		if (r)
			wr_syserr(&err, r, c.name, "%s", folder);
	}
	if (!r && family == WEIR_FAMILY_IPV6)
		wait_first(t, &c);
	return r ? weir_txn_refuse(t, &err) : weir_txn_service_start(t, &c.service);
}

int wr_dhcp_stop(struct weir_txn *t, const char *dev, uint8_t family, uint8_t peerdns)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct call c;

	if (make_call(weir_txn_handle(t), dev, family, peerdns, &c, &err))
		return err.code == -ENOENT ? 0 : weir_txn_refuse(t, &err);
	return weir_txn_service_stop(t, &c.service, true);
}

int wr_dhcp_runs(struct weir *w, const char *dev, uint8_t family, uint8_t peerdns)
{
	struct call c;

	return make_call(w, dev, family, peerdns, &c, NULL) ? 0 : weir_service_pid(&c.service);
}
