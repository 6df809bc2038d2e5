/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The host as it is: privileges, files and programs that weir needs, and settings
 * and other people's firewalls that let a guest's packets vanish without a word.
 * Only reads, in the namespace that the tool works in. Each check is one function
 * that adds one line (or, for what is in the way, one line per finding).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "doctor.h"

#define CAP_NET_ADMIN_BIT 12
#define CAP_SYS_PTRACE_BIT 19

static void add(struct report *r, const char *area, const char *name, bool is_needed,
		enum state state, char *detail, const char *remedy)
{
	struct check c = {
		.area = area,
		.name = name,
		.is_needed = is_needed,
		.state = state,
		.remedy = remedy ? xformat("%s", remedy) : NULL,
	};

	c.detail = detail;
	report_add(r, &c);
}

/* --- privileges ------------------------------------------------------------------- */

/*
 * A capability counts in the user namespace that owns the network namespace. The
 * kernel names the owner to those who are inside of it only.
 */
static bool owns_netns(void)
{
	int fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	int owner = fd < 0 ? -1 : ioctl(fd, NS_GET_USERNS);

	if (fd >= 0)
		close(fd);
	if (owner >= 0)
		close(owner);
	return owner >= 0;
}

static bool has_cap(unsigned int bit)
{
	FILE *f = fopen("/proc/thread-self/status", "re");
	unsigned long long caps = 0;
	char line[256];

	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, "CapEff:", 7))
			caps = strtoull(line + 7, NULL, 16);
	if (f)
		fclose(f);
	return caps >> bit & 1;
}

static void check_capability(struct report *r)
{
	if (has_cap(CAP_NET_ADMIN_BIT) && owns_netns())
		add(r, "host", "CAP_NET_ADMIN", true, STATE_OK,
		    xformat("in this network namespace"), NULL);
	else
		add(r, "host", "CAP_NET_ADMIN", true, STATE_MISSING,
		    xformat("nothing can be changed in this network namespace"),
		    "run as root, or in `unshare -rn`");
}

static void check_userns(struct report *r)
{
	char *map = file_line("/proc/self/uid_map");
	char *max = file_line("/proc/sys/user/max_user_namespaces");
	char *clone = file_line("/proc/sys/kernel/unprivileged_userns_clone");
	char *apparmor = file_line("/proc/sys/kernel/apparmor_restrict_unprivileged_userns");
	bool is_initial = map && strstr(map, "4294967295");
	bool is_allowed = max && strcmp(max, "0") != 0 && (!clone || strcmp(clone, "0") != 0) &&
			  (!apparmor || !strcmp(apparmor, "0"));

	add(r, "host", "user namespace", false, STATE_NOTE,
	    xformat("%s; others may %s",
		    is_initial ? "the initial one" : "a child of the initial one",
		    is_allowed ? "be made without root" : "not be made without root"),
	    NULL);
	free(map);
	free(max);
	free(clone);
	free(apparmor);
}

/* --- files and programs ----------------------------------------------------------- */

static void check_tun_device(struct report *r)
{
	static const char path[] = "/dev/net/tun";
	bool is_there = !access(path, F_OK);

	if (!access(path, R_OK | W_OK))
		add(r, "host", path, true, STATE_OK, xformat("may be opened"), NULL);
	else
		add(r, "host", path, true, STATE_MISSING,
		    xformat(is_there ? "may not be opened" : "is not there"),
		    is_there ? "chmod 666 /dev/net/tun" :
			       "modprobe tun; in a container: --device /dev/net/tun");
}

/* Where the library looks for it, in that order. */
static const char *find_dnsmasq(void)
{
	static const char *const places[] = { "/usr/sbin/dnsmasq", "/usr/bin/dnsmasq",
					      "/sbin/dnsmasq", "/usr/local/sbin/dnsmasq" };

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (!access(places[i], X_OK))
			return places[i];
	return NULL;
}

static void check_dnsmasq(struct report *r)
{
	const char *argv[] = { find_dnsmasq(), "--version", NULL };
	const char *version;
	char *out = NULL;
	int status = argv[0] ? run_program(argv, &out, NULL) : -ENOENT;

	version = out ? strstr(out, "version ") : NULL;
	if (!status && version)
		add(r, "host", "dnsmasq", true, STATE_OK,
		    xformat("%.*s, %s", 8 + (int)strcspn(version + 8, " \n"), version, argv[0]),
		    NULL);
	else
		add(r, "host", "dnsmasq", true, STATE_MISSING,
		    xformat(argv[0] ? "does not run" :
				      "is not installed; networks with DHCP or DNS need it"),
		    "apt-get install dnsmasq-base");
	free(out);
}

/* dnsmasq follows resolv.conf by an inotify instance; a host full of containers has none left. */
static void check_inotify(struct report *r)
{
	char *max = file_line("/proc/sys/fs/inotify/max_user_instances");
	int fd = inotify_init1(IN_CLOEXEC);

	if (fd >= 0) {
		close(fd);
		add(r, "host", "inotify", false, STATE_OK,
		    xformat("%s instances per user; each dnsmasq takes one while there are", max ? max : "?"),
		    NULL);
	} else {
		add(r, "host", "inotify", false, STATE_WARNING,
		    xformat("all %s instances of this user are taken: dnsmasq does not follow resolv.conf",
			    max ? max : "?"),
		    "sysctl fs.inotify.max_user_instances=1024");
	}
	free(max);
}

/* The kernel would tell each dnsmasq of every address; a start tells it not to, by the daemon's own socket. */
static void check_hush(struct report *r)
{
	int fd = (int)syscall(SYS_pidfd_open, getpid(), 0), copy = (int)syscall(SYS_pidfd_getfd, fd, fd, 0);

	if (copy >= 0 && has_cap(CAP_SYS_PTRACE_BIT))
		add(r, "host", "CAP_SYS_PTRACE", false, STATE_OK,
		    xformat("a dnsmasq sleeps while other networks start"), NULL);
	else
		add(r, "host", "CAP_SYS_PTRACE", false, STATE_WARNING,
		    xformat("%s: every dnsmasq wakes when a network starts",
			    copy >= 0 ? "is missing" : "does not help, for there is no pidfd_getfd()"),
		    copy >= 0 ? "run as root" : "Linux 5.6, and a sandbox that allows it");
	if (copy >= 0)
		close(copy);
	if (fd >= 0)
		close(fd);
}

static void check_directory(struct report *r, const char *name, const char *path)
{
	char *dir = xformat("%s", path);

	/* What is not there yet is made below the nearest folder that is. */
	while (access(dir, F_OK) && strrchr(dir, '/') > dir)
		*strrchr(dir, '/') = '\0';
	if (!access(*dir ? dir : "/", W_OK | X_OK))
		add(r, "host", name, false, STATE_OK, xformat("%s", path), NULL);
	else
		add(r, "host", name, false, STATE_WARNING, xformat("%s cannot be written", path),
		    "name another one, by option or environment");
	free(dir);
}

/* NULL: it can be run. */
static const char *wrong_with(const char *path)
{
	struct stat st;

	if (stat(path, &st))
		return errno == ENOENT ? "is a link to what is not there" : strerror(errno);
	if (!S_ISREG(st.st_mode))
		return S_ISDIR(st.st_mode) ? "is a folder" : "is no regular file";
	return access(path, X_OK) ? "may not be executed" : NULL;
}

/* One that is there and cannot be run refuses everything. */
static void check_hook(struct report *r, const char *config_dir)
{
	char *path = xformat("%s/hooks/network", config_dir);
	const char *wrong = wrong_with(path);
	struct stat st;

	if (lstat(path, &st) && errno == ENOENT)
		add(r, "host", "hook", false, STATE_OK, xformat("there is none"), NULL);
	else if (!wrong)
		add(r, "host", "hook", false, STATE_OK, xformat("%s", path), NULL);
	else
		add(r, "host", "hook", false, STATE_WARNING, xformat("%s: %s; no network starts", path, wrong),
		    "repair it, or take it away");
	free(path);
}

/* --- settings --------------------------------------------------------------------- */

static void check_ipv6(struct report *r)
{
	char *off = file_line("/proc/sys/net/ipv6/conf/default/disable_ipv6");

	if (!off)
		add(r, "host", "IPv6", false, STATE_MISSING, xformat("this kernel has none"),
		    "a kernel with CONFIG_IPV6, without ipv6.disable=1");
	else
		add(r, "host", "IPv6", false, STATE_OK,
		    xformat("%s", strcmp(off, "0") ? "off by default (disable_ipv6)" : ""), NULL);
	free(off);
}

static void check_forwarding(struct report *r)
{
	char *on = file_line("/proc/sys/net/ipv4/ip_forward");

	add(r, "host", "ip_forward", false, STATE_NOTE,
	    xformat(on && !strcmp(on, "1") ? "on" : "off; weir turns it on with the first network"),
	    NULL);
	free(on);
}

static void check_br_netfilter(struct report *r)
{
	char *on = file_line("/proc/sys/net/bridge/bridge-nf-call-iptables");

	if (on && strcmp(on, "0") != 0)
		add(r, "host", "br_netfilter", false, STATE_WARNING,
		    xformat("frames between guests pass through iptables and can be dropped there"),
		    "sysctl net.bridge.bridge-nf-call-iptables=0");
	else
		add(r, "host", "br_netfilter", false, STATE_OK,
		    xformat(on ? "loaded, and off" : "not loaded"), NULL);
	free(on);
}

/* --- other people's firewalls ----------------------------------------------------- */

static bool has_chain(const json_t *objects, const char *table, const char *prefix)
{
	const json_t *object;
	size_t i;

	json_array_foreach(objects, i, object)
	{
		const json_t *chain = json_object_get(object, "chain");
		const char *name = json_string_value(json_object_get(chain, "name"));
		const char *in = json_string_value(json_object_get(chain, "table"));

		if (name && in && !strcmp(in, table) && !strncmp(name, prefix, strlen(prefix)))
			return true;
	}
	return false;
}

/* What a drop takes from guests. In any chain of the hook it is final, whatever weir's own table accepts. */
enum hook { FORWARD, INPUT, N_HOOKS };

/* clang-format off */
static const struct {
	const char *hook;	/* as nftables calls it */
	const char *name;	/* of the check */
	const char *remedy;
	const char *legacy;	/* what iptables-legacy -S says where it drops */
	const char *legacy_remedy;
} hooks[N_HOOKS] = {
	[FORWARD] = { "forward", "forwarding", "accept the networks' bridges in that chain, both ways",
		      "-P FORWARD DROP", "iptables-legacy -I FORWARD -i BRIDGE -j ACCEPT, and the same with -o" },
	[INPUT] = { "input", "DHCP and DNS", "accept UDP ports 53, 67 and 547, and TCP port 53, from the networks' bridges there",
		    "-P INPUT DROP", "iptables-legacy -I INPUT -i BRIDGE -p udp --dport 67 -j ACCEPT, and the same with 53 and 547" },
};

static const struct culprit {
	const char *table;
	const char *prefix;	/* of a chain that only this one has */
	const char *name;
	const char *remedies[N_HOOKS];	/* NULL: it lets that pass */
} culprits[] = {
	{ "filter", "DOCKER", "Docker",
	  { [FORWARD] = "iptables -I DOCKER-USER -i BRIDGE -j ACCEPT, and the same with -o" } },
	{ "filter", "ufw", "ufw",
	  { [FORWARD] = "ufw route allow in on BRIDGE; ufw route allow out on BRIDGE",
	    [INPUT] = "ufw allow in on BRIDGE to any port 67 proto udp, and the same with 53 and 547" } },
	{ "firewalld", "", "firewalld",
	  { [FORWARD] = "firewall-cmd --zone=trusted --add-interface=BRIDGE",
	    [INPUT] = "firewall-cmd --zone=trusted --add-interface=BRIDGE" } },
};
/* clang-format on */

static const struct culprit *who_is(const json_t *objects, const char *table, enum hook hook)
{
	for (size_t i = 0; i < sizeof(culprits) / sizeof(culprits[0]); i++)
		if (culprits[i].remedies[hook] && !strcmp(table, culprits[i].table) &&
		    has_chain(objects, table, culprits[i].prefix))
			return &culprits[i];
	return NULL;
}

static void add_chain(struct report *r, const json_t *objects, enum hook hook, const char *family,
		      const char *table, const char *name, const char *does)
{
	const struct culprit *who = who_is(objects, table, hook);

	add(r, "host", hooks[hook].name, false, STATE_WARNING,
	    xformat("%s: chain %s %s %s %s", who ? who->name : "somebody's firewall", family, table,
		    name, does),
	    who ? who->remedies[hook] : hooks[hook].remedy);
}

static int look_at_chains(struct report *r, const json_t *objects, enum hook which)
{
	const json_t *object;
	int n = 0;
	size_t i;

	json_array_foreach(objects, i, object)
	{
		const char *family = "", *table = "", *name = "", *hook = NULL, *policy = NULL;
		json_t *chain = json_object_get(object, "chain");

		if (!chain ||
		    json_unpack(chain, "{s:s, s:s, s:s, s?s, s?s}", "family", &family, "table",
				&table, "name", &name, "hook", &hook, "policy", &policy) ||
		    !hook || strcmp(hook, hooks[which].hook) != 0 || !strcmp(table, "weir"))
			continue;
		if (policy && !strcmp(policy, "drop"))
			add_chain(r, objects, which, family, table, name, "drops what it does not know");
		else if (!strcmp(table, "firewalld"))
			add_chain(r, objects, which, family, table, name, "rejects what it does not know");
		else
			continue;
		n++;
	}
	return n;
}

/* The old iptables has its rules elsewhere, where nft does not see them. NULL: it has none, or is not there. */
static char *read_legacy(void)
{
	static const char *const argv[] = { "iptables-legacy", "-S", NULL };
	char *names = file_line("/proc/net/ip_tables_names");
	char *out = NULL;

	if (names && run_program(argv, &out, NULL)) {
		free(out);
		out = NULL;
	}
	free(names);
	return out;
}

static int look_at_legacy(struct report *r, const char *rules, enum hook hook)
{
	if (!rules || !strstr(rules, hooks[hook].legacy))
		return 0;
	add(r, "host", hooks[hook].name, false, STATE_WARNING,
	    xformat("%s: iptables-legacy drops what it does not know (%s)",
		    hook == FORWARD && strstr(rules, "DOCKER") ? "Docker" :
		    strstr(rules, "ufw")			? "ufw" :
								  "somebody's firewall", hooks[hook].legacy),
	    hooks[hook].legacy_remedy);
	return 1;
}

static void check_firewalls(struct report *r)
{
	static const char *const argv[] = { "nft", "-j", "list", "chains", NULL };
	char *out = NULL, *legacy = read_legacy();
	int status = run_program(argv, &out, NULL);
	json_t *root = status ? NULL : json_loads(out, 0, NULL);

	for (enum hook hook = FORWARD; hook < N_HOOKS; hook++) {
		int n = look_at_legacy(r, legacy, hook);

		if (root)
			n += look_at_chains(r, json_object_get(root, "nftables"), hook);
		if (!root)
			add(r, "host", hooks[hook].name, false, STATE_UNCHECKED,
			    xformat(status == -ENOENT ? "nft is not installed (package nftables)" :
							"the nftables rules may not be read"),
			    NULL);
		else if (!n)
			add(r, "host", hooks[hook].name, false, STATE_OK,
			    xformat("nobody else's firewall drops it by default"), NULL);
	}
	json_decref(root);
	free(legacy);
	free(out);
}

/* --- our own networks ------------------------------------------------------------- */

static void check_networks(struct tool *t, struct report *r)
{
	struct weir_network_entry *list = NULL;
	struct weir_error err = WEIR_ERROR_INIT;
	size_t n = 0, n_active = 0;
	char line[400];

	if (weir_network_list(t->w, &list, &n, &err)) {
		add(r, "host", "networks", false, STATE_WARNING,
		    xformat("%s", weir_error_format(&err, line, sizeof(line))), NULL);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		n_active += list[i].is_active;
		if (list[i].bridge_missing)
			add(r, "host", "networks", false, STATE_WARNING,
			    xformat("%s should run, but its bridge %s is gone", list[i].name,
				    list[i].bridge),
			    "weir net stop it, and start it again");
		else if (list[i].n_ports_left < FEW_PORTS)
			add(r, "host", "networks", false, STATE_WARNING,
			    xformat("%s has room for %u more ports", list[i].name,
				    (unsigned int)list[i].n_ports_left),
			    list[i].mode <= WEIR_FORWARD_OPEN ?
				    "a larger bridge.spread in its definition, and weir net reload" :
				    "a network on another bridge");
	}
	add(r, "host", "networks", false, STATE_NOTE, xformat("%zu known, %zu active", n, n_active),
	    NULL);
	free(list);
}

/* --- all of it -------------------------------------------------------------------- */

static void check_kernel(struct report *r)
{
	struct utsname u;

	uname(&u);
	add(r, "host", "kernel", false, STATE_NOTE, xformat("%s %s", u.release, u.machine), NULL);
}

static int in_namespace(void *arg)
{
	struct report *r = arg;

	check_kernel(r);
	check_capability(r);
	check_userns(r);
	check_tun_device(r);
	check_dnsmasq(r);
	check_inotify(r);
	check_hush(r);
	check_ipv6(r);
	check_forwarding(r);
	check_br_netfilter(r);
	check_firewalls(r);
	return 0;
}

void host_checks(struct tool *t, struct report *r)
{
	if (weir_in_netns(t->w, in_namespace, r) < 0)
		add(r, "host", "namespace", true, STATE_MISSING, xformat("cannot be entered"),
		    NULL);
	check_directory(r, "config dir", weir_config_dir(t->w));
	check_directory(r, "state dir", weir_state_dir(t->w));
	check_hook(r, weir_config_dir(t->w));
	check_networks(t, r);
}
