/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The dnsmasq of a network: the texts of its files, its process, its leases.
 *
 * One dnsmasq serves one network. All of its files are below STATE_DIR/dnsmasq:
 *
 *	NAME.conf	0600	read by root when it starts
 *	NAME.hosts	0644	addresses kept for guests; read again on SIGHUP
 *	NAME.addnhosts	0644	names for DNS; read again on SIGHUP
 *	NAME.leases	0644	opened by root when it starts, written through that
 *				descriptor ever after; gone with the network
 *	NAME.pid		written by dnsmasq, removed when it is stopped
 *
 * dnsmasq gives up root before it reads the host files, the first time too. So
 * they and the directories above them must be open to everybody, as /run/weir is;
 * in a state directory that is not (mode 0700), dnsmasq stays root. Bridge and
 * addresses are lib/network's.
 */
#ifndef WR_DHCP_DHCP_H
#define WR_DHCP_DHCP_H

#include <weir/network.h>
#include <weir/txn.h>

#include "base/str.h"

#define WR_DHCP_PATH 4096

/* --- texts -------------------------------------------------------------------- */

struct wr_dhcp_files {
	char conf[WR_DHCP_PATH];
	char hosts[WR_DHCP_PATH];
	char addnhosts[WR_DHCP_PATH];
	char leases[WR_DHCP_PATH];
	char pid[WR_DHCP_PATH];
};

/* What comes behind this line of a configuration is weir's own, and not in libvirt's. */
#define WR_DHCP_OWN_LINES "# weir:\n"

/* Whether a network needs a dnsmasq: it has addresses, and DHCP or DNS to serve on them. */
bool wr_dhcp_wanted(const struct weir_network *net);
/* Network names hold bytes that no dnsmasq should ever parse; in file names they are encoded. */
void wr_dhcp_paths(const char *state_dir, const char *network, struct wr_dhcp_files *ret);
/*
 * The configuration: libvirt's keys in libvirt's order, then WR_DHCP_OWN_LINES. A
 * file whose path is empty is not mentioned. What dnsmasq would take for something
 * else is refused (check.c), in the host files too, so those cannot fail.
 */
int wr_dhcp_config(const struct weir_network *net, const struct wr_dhcp_files *files,
		   struct wr_str *conf, struct weir_error *err);
void wr_dhcp_hosts(const struct weir_network *net, struct wr_str *hosts);
void wr_dhcp_addnhosts(const struct weir_network *net, struct wr_str *addnhosts);

/* The refusals of wr_dhcp_config(): before the text is made, and of its lines. */
int wr_dhcp_check(const struct weir_network *net, const struct wr_dhcp_files *files,
		  struct weir_error *err);
int wr_dhcp_check_lines(const struct weir_network *net, const char *text, struct weir_error *err);

/* --- the process --------------------------------------------------------------- */

/* Points into itself: must stay where it was filled. */
struct wr_dhcp_service {
	struct weir_service service;
	struct wr_dhcp_files files;
	char name[64];
	char conf_file[WR_DHCP_PATH + 16];
	const char *argv[3];
};

/* dnsmasq's path, or NULL if there is none. */
const char *wr_dhcp_program(void);
/* -ENAMETOOLONG if the state directory's name leaves no room for the files' names. */
int wr_dhcp_service(const struct weir_network *net, const char *state_dir,
		    struct wr_dhcp_service *ret, struct weir_error *err);
/* Whether a map as in /proc/PID/uid_map has a number for @id. */
bool wr_dhcp_id_mapped(const char *map, uint32_t id);
/*
 * Whether dnsmasq must stay root: in a user namespace that has nobody else, and
 * where nobody else can get at its files.
 */
bool wr_dhcp_stays_root(const struct wr_dhcp_files *files);

/* --- resolvers ------------------------------------------------------------------- */

/* The lines for the servers that a text in the form of resolv.conf names. */
void wr_dhcp_servers(const char *resolv_conf, struct wr_str *out);
/* Where dnsmasq must not watch resolv.conf, what it has now goes into the configuration. */
void wr_dhcp_put_resolvers(struct wr_str *conf);

/* --- leases --------------------------------------------------------------------- */

/*
 * Reads dnsmasq's lease file; a missing one has no leases. Leases that have ended
 * at @now_s (seconds since 1970) and lines that make no sense are left out.
 * @ret is to be freed with free().
 */
int wr_dhcp_leases(const char *path, uint64_t now_s, struct weir_lease **ret, size_t *ret_n,
		   struct weir_error *err);

/* --- builders --------------------------------------------------------------------- */

enum wr_dhcp_change {
	WR_DHCP_NOTHING = 0,
	WR_DHCP_START,
	WR_DHCP_STOP,
	WR_DHCP_RELOAD, /* host files and SIGHUP */
	WR_DHCP_RESTART,
};

/* What leads from the dnsmasq of @old to that of @net; @pid: of the one that runs, or 0. */
int wr_dhcp_change(const struct weir_network *old, const struct weir_network *net,
		   const struct wr_dhcp_files *files, int pid, enum wr_dhcp_change *ret,
		   struct weir_error *err);

/* They do nothing for a network that needs no dnsmasq. The bridge must have its name by now. */
int wr_txn_dhcp_start(struct weir_txn *t, const struct weir_network *net);
int wr_txn_dhcp_stop(struct weir_txn *t, const struct weir_network *net);
int wr_txn_dhcp_reload(struct weir_txn *t, const struct weir_network *old,
		       const struct weir_network *net);

#endif
