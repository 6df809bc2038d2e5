/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libvirt as a peer: its daemon in the trial's namespaces with its network driver
 * alone, and a client that stays connected, which is how its users have it. The
 * library is opened when it is asked for, so that nothing has to be installed to
 * build the benchmarks. Its folders are memory here, which favours it.
 */
#include <dlfcn.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib_bench.h"

#define SOCKET "/run/libvirt/libvirt-sock"
#define WAIT_MS 60000

static struct {
	void *(*open)(const char *uri);
	void *(*create)(void *connection, const char *xml);
	int (*destroy)(void *network);
	int (*free)(void *network);
	int (*update)(void *network, unsigned int command, unsigned int section, int parent, const char *xml,
		      unsigned int flags);
	const char *(*reason)(void);
	void *connection;
} lv;

static void look_up(struct trial *t, void *library, const char *name, void *ret)
{
	void *at = library ? dlsym(library, name) : NULL;

	if (!at)
		trial_fail(t, "libvirt.so.0 has no %s", name);
	memcpy(ret, &at, sizeof(at));
}

static void load(struct trial *t)
{
	void *library = dlopen("libvirt.so.0", RTLD_NOW);

	look_up(t, library, "virConnectOpen", &lv.open);
	look_up(t, library, "virNetworkCreateXML", &lv.create);
	look_up(t, library, "virNetworkDestroy", &lv.destroy);
	look_up(t, library, "virNetworkFree", &lv.free);
	look_up(t, library, "virNetworkUpdate", &lv.update);
	look_up(t, library, "virGetLastErrorMessage", &lv.reason);
}

/* Of its drivers the one for networks stays: the others want users, udev and a machine of their own. */
static void leave_one_driver(struct trial *t)
{
	char copy[] = "/run/libvirt_driver_network.so", folder[256];
	glob_t found;

	if (glob("/usr/lib*/libvirt/connection-driver", 0, NULL, &found) &&
	    glob("/usr/lib*/*/libvirt/connection-driver", 0, NULL, &found))
		trial_fail(t, "no drivers of libvirt");
	snprintf(folder, sizeof(folder), "%s", found.gl_pathv[0]);
	globfree(&found);
	trial_program(t, "cp %s/libvirt_driver_network.so %s", folder, copy);
	if (mount("tmpfs", folder, "tmpfs", 0, NULL) < 0)
		trial_fail(t, "%s: no mount", folder);
	trial_program(t, "cp %s %s", copy, folder);
}

static void prepare_folders(struct trial *t)
{
	static const char *const folders[] = { "/etc/libvirt", "/var/lib/libvirt", "/var/cache/libvirt", "/var/log/libvirt" };
	FILE *f;

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		if (mount("tmpfs", folders[i], "tmpfs", 0, NULL) < 0)
			trial_fail(t, "%s: no mount", folders[i]);
	f = fopen("/etc/libvirt/libvirtd.conf", "we");
	if (!f)
		trial_fail(t, "no libvirtd.conf");
	fputs("auth_unix_rw = \"none\"\nunix_sock_group = \"root\"\nlog_outputs = \"4:file:/run/libvirtd.log\"\n", f);
	fclose(f);
}

void libvirt_start(struct trial *t)
{
	load(t);
	leave_one_driver(t);
	prepare_folders(t);
	trial_program(t, "libvirtd --daemon");
	for (int i = 0; i < WAIT_MS / 10 && !lv.connection; i++) {
		if (access(SOCKET, F_OK) == 0)
			lv.connection = lv.open("network:///system?mode=direct&socket=" SOCKET);
		usleep(10000);
	}
	if (!lv.connection)
		trial_fail(t, "no connection: %s", lv.reason());
	t->result->n_processes = 0;
}

void *libvirt_create(struct trial *t, const char *xml)
{
	void *network = lv.create(lv.connection, xml);

	if (!network)
		trial_fail(t, "%s", lv.reason());
	return network;
}

void libvirt_destroy(struct trial *t, void *network)
{
	if (lv.destroy(network))
		trial_fail(t, "%s", lv.reason());
	lv.free(network);
}

/* VIR_NETWORK_UPDATE_COMMAND_ADD_LAST, VIR_NETWORK_SECTION_IP_DHCP_HOST, VIR_NETWORK_UPDATE_AFFECT_LIVE */
void libvirt_add_host(struct trial *t, void *network, const char *xml)
{
	if (lv.update(network, 3, 4, -1, xml, 1))
		trial_fail(t, "%s", lv.reason());
}
