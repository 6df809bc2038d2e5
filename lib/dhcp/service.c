/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The dnsmasq process of a network: where its files are, what it is called, who it
 * runs as. Its command line is nothing but its configuration file, because that is
 * how a running one is found again, by whatever version of weir and from whatever
 * user namespace; everything else is in the file.
 */
#include <ctype.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/file.h"
#include "dhcp/dhcp.h"

/* With ".addnhosts" and the transaction's "~new" or "~old" it fits into NAME_MAX. */
#define MAX_ENCODED 220
#define KEPT_PREFIX 128

/* --- files ------------------------------------------------------------------------ */

static bool plain(unsigned char c)
{
	return isalnum(c) || strchr("-_.", c) || c >= 0x80;
}

static uint64_t fnv1a(const char *s, uint64_t hash)
{
	for (; *s; s++)
		hash = (hash ^ (unsigned char)*s) * 1099511628211ull;
	return hash;
}

/*
 * What is neither letter, digit nor UTF-8 becomes %XX. A name that would get too
 * long by that keeps its beginning and gets a hash; "%%" is in no other name.
 */
static void encode(const char *name, char out[MAX_ENCODED + 1])
{
	const char *s = name;
	size_t n = 0;

	for (; *s && n + 3 <= MAX_ENCODED; s++) {
		if (plain((unsigned char)*s))
			out[n++] = *s;
		else
			n += snprintf(out + n, 4, "%%%02X", (unsigned char)*s);
	}
	out[n] = '\0';
	if (*s)
		wr_format(out + KEPT_PREFIX, MAX_ENCODED + 1 - KEPT_PREFIX, "%%%%%016llx%016llx",
			  (unsigned long long)fnv1a(name, 14695981039346656037ull),
			  (unsigned long long)fnv1a(name, 31 * 1099511628211ull));
}

void wr_dhcp_paths(const char *state_dir, const char *network, struct wr_dhcp_files *ret)
{
	const struct {
		char *path;
		const char *suffix;
	} files[] = {
		{ ret->conf, "conf" },     { ret->hosts, "hosts" }, { ret->addnhosts, "addnhosts" },
		{ ret->leases, "leases" }, { ret->pid, "pid" },
	};
	char name[MAX_ENCODED + 1];

	encode(network, name);
	for (size_t i = 0; i < WR_COUNT(files); i++)
		wr_format(files[i].path, WR_DHCP_PATH, "%s/dnsmasq/%s.%s", state_dir, name,
			  files[i].suffix);
}

/* --- who it runs as ----------------------------------------------------------------- */

bool wr_dhcp_id_mapped(const char *map, uint32_t id)
{
	unsigned long first, outside, count;
	int n;

	for (; sscanf(map, "%lu %lu %lu%n", &first, &outside, &count, &n) == 3; map += n)
		if (id >= first && id - first < count)
			return true;
	return false;
}

/* In a file of /proc/self; true also if it cannot be read: then nothing is known. */
static bool mapped(const char *path, uint32_t id)
{
	wr_auto(str) struct wr_str map = { 0 };

	return wr_file_read(path, &map) || wr_dhcp_id_mapped(wr_str_text(&map), id);
}

/*
 * dnsmasq becomes nobody:dip, and must set its groups for that. Those two have other
 * numbers elsewhere, but a namespace that maps one of them maps a range.
 */
static bool has_nobody(void)
{
	wr_auto(str) struct wr_str groups = { 0 };

	wr_file_read("/proc/self/setgroups", &groups);
	return mapped("/proc/self/uid_map", 65534) && mapped("/proc/self/gid_map", 30) &&
	       strncmp(wr_str_text(&groups), "deny", 4);
}

/* Whether everybody gets through the directories above @path; those to be made are public. */
static bool is_public(const char *path)
{
	char dir[WR_DHCP_PATH];
	struct stat st;

	wr_copy(dir, sizeof(dir), path);
	for (char *slash; (slash = strrchr(dir, '/')) && slash > dir;) {
		*slash = '\0';
		if (stat(dir, &st) == 0 && !(st.st_mode & S_IXOTH))
			return false;
	}
	return true;
}

bool wr_dhcp_stays_root(const struct wr_dhcp_files *files)
{
	return !has_nobody() || !is_public(files->hosts);
}

/* --- the process ---------------------------------------------------------------------- */

const char *wr_dhcp_program(void)
{
	static const char *const places[] = { "/usr/sbin/dnsmasq", "/usr/bin/dnsmasq",
					      "/sbin/dnsmasq", "/usr/local/sbin/dnsmasq" };

	for (size_t i = 0; i < WR_COUNT(places); i++)
		if (access(places[i], X_OK) == 0)
			return places[i];
	return NULL;
}

int wr_dhcp_service(const struct weir_network *net, const char *state_dir,
		    struct wr_dhcp_service *ret, struct weir_error *err)
{
	const char *program = wr_dhcp_program();

	wr_format(ret->name, sizeof(ret->name), "dnsmasq of network %s", net->name);
	if (strlen(state_dir) > WR_DHCP_PATH - 300)
		return wr_refuse(err, -ENAMETOOLONG, ret->name, "",
				 "the state directory's path is too long");
	wr_dhcp_paths(state_dir, net->name, &ret->files);
	wr_format(ret->conf_file, sizeof(ret->conf_file), "--conf-file=%s", ret->files.conf);
	ret->argv[0] = program ? program : "/usr/sbin/dnsmasq";
	ret->argv[1] = ret->conf_file;
	ret->argv[2] = NULL;
	ret->service = (struct weir_service){
		.sz = sizeof(ret->service),
		.name = ret->name,
		.argv = ret->argv,
		.pid_file = ret->files.pid,
		/* Lines of the definition's own may be about other links. */
		.link = net->n_dnsmasq_options ? NULL : net->bridge.name,
	};
	return 0;
}
