/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A real dnsmasq through transactions: started, asked for addresses and names by
 * real clients, reloaded, replaced, stopped; and everything that may go wrong.
 *
 * Runs in namespaces of its own. Among them is a namespace of processes, so that
 * whatever a failing test leaves behind ends with it. The client sits on the other
 * end of a veth pair in the same network namespace: DHCP uses raw sockets, so that
 * does no harm.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <weir/json.h>

#include "base/file.h"
#include "dhcp/dhcp.h"

#define NO_PROC 88
#define SKIPPED 77

struct fixture {
	char dir[96];
	char state[128];
	struct weir *w;
};

/* --- tools -------------------------------------------------------------------------- */

static int WR_PRINTF(1, 2) try_sh(const char *fmt, ...)
{
	char command[4096];
	va_list ap;
	int status;

	va_start(ap, fmt);
	vsnprintf(command, sizeof(command), fmt, ap);
	va_end(ap);
	status = system(command);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

#define sh(...) assert_int_equal(try_sh(__VA_ARGS__), 0)

/* JSON with ' for ", so that it can be read in C. */
static struct weir_network *network(const char *json)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_network *net = NULL;
	char *text = strdup(json), line[1024];

	assert_non_null(text);
	for (char *p = text; *p; p++)
		if (*p == '\'')
			*p = '"';
	if (weir_network_parse(text, strlen(text), &net, &err))
		fail_msg("%s\n%s", weir_error_format(&err, line, sizeof(line)), text);
	free(text);
	return net;
}

static void find_service(const struct fixture *f, const struct weir_network *net,
			 struct wr_dhcp_service *s)
{
	assert_int_equal(wr_dhcp_service(net, f->state, s, NULL), 0);
}

static int pid_of(const struct fixture *f, const struct weir_network *net)
{
	struct wr_dhcp_service s;

	find_service(f, net, &s);
	return weir_service_pid(&s.service);
}

static int count_files(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	int n = 0;

	while (d && (e = readdir(d)))
		n += *e->d_name != '.' || strlen(e->d_name) > 2;
	if (d)
		closedir(d);
	return n;
}

static void assert_nothing_left(const struct fixture *f)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/dnsmasq", f->state);
	if (count_files(path)) {
		try_sh("ls -la '%s'", path);
		fail_msg("files are left");
	}
	snprintf(path, sizeof(path), "%s/journal", f->state);
	assert_int_not_equal(try_sh("grep -qs '^weirjnl1[^-]' '%s'", path), 0);
	assert_int_not_equal(try_sh("grep -qs -z -- '^[-]-conf-file=%s' /proc/[0-9]*/cmdline",
				    f->state),
			     0);
}

static struct weir_txn *begin(struct fixture *f)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_txn *t = NULL;

	if (weir_txn_begin(f->w, "test", 0, &t, &err))
		fail_msg("begin: %s: %s", err.object, err.msg);
	return t;
}

static void commit(struct weir_txn *t)
{
	struct weir_error err = WEIR_ERROR_INIT;
	char line[1024];

	if (weir_txn_commit(t, &err))
		fail_msg("commit: %s", weir_error_format(&err, line, sizeof(line)));
}

static int commit_error(struct weir_txn *t, struct weir_error *err)
{
	*err = (struct weir_error)WEIR_ERROR_INIT;
	return weir_txn_commit(t, err);
}

static void start(struct fixture *f, const struct weir_network *net)
{
	struct weir_txn *t = begin(f);

	wr_txn_dhcp_start(t, net);
	commit(t);
}

static void stop(struct fixture *f, const struct weir_network *net)
{
	struct weir_txn *t = begin(f);

	wr_txn_dhcp_stop(t, net);
	commit(t);
}

static void reload(struct fixture *f, const struct weir_network *old,
		   const struct weir_network *net)
{
	struct weir_txn *t = begin(f);

	wr_txn_dhcp_reload(t, old, net);
	commit(t);
}

/* A last step that cannot succeed. */
static void doom(struct weir_txn *t)
{
	assert_int_equal(weir_txn_file_write(t, "/proc/nothing/here", "x", 1, 0600, false), 0);
}

/*
 * The address that a client with that last byte in its MAC address is given; "" if
 * none. One that is kept for it comes at once; for another one dnsmasq first waits
 * three seconds for somebody who has it to answer a ping.
 */
static const char *ask(const struct fixture *f, int mac, int tries, char ip[64])
{
	struct wr_str text = { 0 };
	char path[160];

	snprintf(path, sizeof(path), "%s/leased", f->dir);
	unlink(path);
	sh("ip link set c0 down; ip link set c0 address 52:54:00:00:00:%02x up", mac);
	try_sh("busybox udhcpc -i c0 -f -q -n -t %d -T 1 -s '%s/udhcpc.sh' >'%s/udhcpc.log' 2>&1",
	       tries, f->dir, f->dir);
	wr_file_read(path, &text);
	snprintf(ip, 64, "%.63s", wr_str_text(&text));
	ip[strcspn(ip, "\n")] = '\0';
	wr_str_done(&text);
	return ip;
}

/* The first questions may be lost: a loaded machine's links are up late. Who is never answered says what it saw. */
static const char *lease(const struct fixture *f, int mac, char ip[64])
{
	if (!*ask(f, mac, 60, ip))
		try_sh("{ tail -n 5 '%s/udhcpc.log'; ip addr; pgrep -af -- '^[^ ]*dnsmasq.*%s'; } >&2", f->dir, f->dir);
	return ip;
}

static size_t count_leases(const struct fixture *f, const struct weir_network *net)
{
	struct wr_dhcp_service s;
	struct weir_lease *l;
	size_t n;

	find_service(f, net, &s);
	assert_int_equal(wr_dhcp_leases(s.files.leases, time(NULL), &l, &n, NULL), 0);
	free(l);
	return n;
}

/* dnsmasq empties its file before it writes it anew: who reads it in between sees none. */
static void assert_leases(const struct fixture *f, const struct weir_network *net, size_t want)
{
	const struct timespec pause = { 0, 20000000 };

	size_t is = count_leases(f, net);

	for (int i = 0; i < 3000 && is != want; i++) {
		nanosleep(&pause, NULL);
		is = count_leases(f, net);
	}
	assert_int_equal(is, want);
}

static bool dns_says_at(const struct fixture *f, const char *server, const char *type, const char *name,
			const char *what)
{
	return try_sh("busybox nslookup -type=%s %s %s >'%s/dns.log' 2>&1; grep -qF -- '%s' '%s/dns.log'", type,
		      name, server, f->dir, what, f->dir) == 0;
}

static bool dns_says(const struct fixture *f, const char *type, const char *name, const char *what)
{
	return dns_says_at(f, "192.168.77.1", type, name, what);
}

/* Reading the files again takes dnsmasq a moment after the signal. */
static bool dns_soon_says_at(const struct fixture *f, const char *server, const char *name, const char *what)
{
	const struct timespec pause = { 0, 20000000 };

	for (int i = 0; i < 1000; i++) {
		if (dns_says_at(f, server, "a", name, what))
			return true;
		nanosleep(&pause, NULL);
	}
	return false;
}

static bool dns_soon_says(const struct fixture *f, const char *name, const char *what)
{
	return dns_soon_says_at(f, "192.168.77.1", name, what);
}

static unsigned int owner_of(int pid)
{
	struct stat st;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d", pid);
	return stat(path, &st) ? 12345 : st.st_uid;
}

static char state_of(int pid)
{
	wr_auto(str) struct wr_str text = { 0 };
	char path[64];
	const char *p;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	wr_file_read(path, &text);
	p = strrchr(wr_str_text(&text), ')');
	return p && p[1] ? p[2] : '?';
}

/* --- networks ------------------------------------------------------------------------- */

#define HEAD "'name': 'n', 'forward': {'mode': 'nat'}, 'bridge': {'name': 'br0'}"
#define HOST1 "{'mac': '52:54:00:00:00:01', 'name': 'one', 'ip': '192.168.77.201'}"
#define HOST2 "{'mac': '52:54:00:00:00:02', 'name': 'two', 'ip': '192.168.77.202'}"
#define RANGES "'ranges': [{'start': '192.168.77.10', 'end': '192.168.77.100'}]"
#define IPS(hosts)                                                                                 \
	"'ips': [{'address': '192.168.77.1', 'prefix': 24, "                                       \
	"'dhcp': {" RANGES ", 'hosts': [" hosts "]}}]"
#define PLAIN "{" HEAD ", " IPS("") "}"
#define ONE "{" HEAD ", " IPS(HOST1) "}"
#define TWO "{" HEAD ", " IPS(HOST1 ", " HOST2) "}"
#define NAMES "'dns': {'hosts': [{'address': '10.7.7.7', 'hostnames': ['seven.test']}]}"
#define NAMED "{" HEAD ", " NAMES ", " IPS(HOST1) "}"
#define RECORDS "'dns': {'txt': [{'name': 'spf.test', 'value': 'v=1, a #b'}]}"
#define TXT "{" HEAD ", " RECORDS ", " IPS(HOST1) "}"
#define NONE                                                                                       \
	"{" HEAD ", 'dns': {'enable': false}, 'ips': [{'address': '192.168.77.1', 'prefix': 24}]}"

/* --- setting up ------------------------------------------------------------------------- */

static const char udhcpc_script[] = "#!/bin/sh\n"
				    "[ \"$1\" != bound ] || echo \"$ip\" > \"${0%/*}/leased\"\n";

static void open_handle(struct fixture *f)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_options opts = { .sz = sizeof(opts), .state_dir = f->state };

	if (weir_open(&opts, &f->w, &err))
		fail_msg("open: %s", err.msg);
}

static int setup_in(void **state, const char *subdir, unsigned int mode)
{
	struct fixture *f = calloc(1, sizeof(*f));
	char path[160];

	*state = f;
	if (!f || unshare(CLONE_NEWNET | CLONE_NEWNS) ||
	    mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL))
		return -1;
	snprintf(f->dir, sizeof(f->dir), "/tmp/weir-dhcp-XXXXXX");
	if (!mkdtemp(f->dir) || chmod(f->dir, mode))
		return -1;
	snprintf(f->state, sizeof(f->state), "%s/%s", f->dir, subdir);
	if (mkdir(f->state, 0755) || chmod(f->state, 0755))
		return -1;
	snprintf(path, sizeof(path), "%s/udhcpc.sh", f->dir);
	if (wr_file_write(path, udhcpc_script, strlen(udhcpc_script), 0755, false))
		return -1;
	if (try_sh("ip link set lo up && ip link add br0 type bridge && ip addr add 192.168.77.1/24 dev br0 &&"
		   "ip addr add 2001:db8:77::1/64 dev br0 nodad &&"
		   "ip link add c0 type veth peer name p0 && ip link set p0 master br0 up &&"
		   "ip link set br0 up && ip link set c0 up"))
		return -1;
	open_handle(f);
	return 0;
}

static int setup(void **state)
{
	return setup_in(state, "run", 0755);
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	if (!f)
		return 0;
	weir_close(f->w);
	try_sh("for p in /proc/[0-9]*; do grep -qs -z -- '^[-]-conf-file=%s' $p/cmdline && kill -9 ${p#/proc/}; done; "
	       "rm -rf '%s'",
	       f->dir, f->dir);
	free(f);
	return 0;
}

/* --- life ---------------------------------------------------------------------------------- */

static void test_serves_and_leaves_nothing(void **state)
{
	struct fixture *f = *state;
	struct weir_network *net = network(PLAIN);
	struct wr_dhcp_service s;
	char ip[64];
	int pid;

	start(f, net);
	pid = pid_of(f, net);
	assert_true(pid > 0);
	find_service(f, net, &s);
	assert_int_equal(owner_of(pid), wr_dhcp_stays_root(&s.files) ? 0 : 65534);
	assert_memory_equal(lease(f, 0x11, ip), "192.168.77.", 11);
	assert_leases(f, net, 1);
	stop(f, net);
	assert_int_equal(pid_of(f, net), 0);
	assert_nothing_left(f);
	stop(f, net); /* what is not there is stopped */
	weir_network_free(net);
}

static void test_reload_keeps_the_process(void **state)
{
	struct fixture *f = *state;
	struct weir_network *one = network(ONE), *two = network(TWO), *named = network(NAMED);
	char ip[64];
	int pid;

	start(f, one);
	pid = pid_of(f, one);
	assert_string_equal(lease(f, 1, ip), "192.168.77.201");
	reload(f, one, two);
	assert_string_equal(lease(f, 2, ip), "192.168.77.202");
	reload(f, two, named);
	assert_true(dns_soon_says(f, "seven.test", "10.7.7.7"));
	assert_int_equal(pid_of(f, one), pid);
	reload(f, named, named);
	assert_int_equal(pid_of(f, one), pid);
	assert_leases(f, one, 2);
	stop(f, named);
	assert_nothing_left(f);
	weir_network_free(one);
	weir_network_free(two);
	weir_network_free(named);
}

static void test_other_configuration_restarts(void **state)
{
	struct fixture *f = *state;
	struct weir_network *one = network(ONE), *txt = network(TXT), *none = network(NONE);
	char ip[64];
	int pid;

	start(f, one);
	pid = pid_of(f, one);
	assert_string_equal(lease(f, 1, ip), "192.168.77.201");
	reload(f, one, txt);
	assert_int_not_equal(pid_of(f, txt), 0);
	assert_int_not_equal(pid_of(f, txt), pid);
	assert_leases(f, txt, 1);
	assert_true(dns_says(f, "txt", "spf.test", "\"v=1, a #b\""));
	reload(f, txt, none);
	assert_nothing_left(f);
	reload(f, none, one);
	assert_string_equal(lease(f, 1, ip), "192.168.77.201");
	stop(f, one);
	assert_nothing_left(f);
	weir_network_free(one);
	weir_network_free(txt);
	weir_network_free(none);
}

static void test_reload_of_a_dead_one_starts_it(void **state)
{
	struct fixture *f = *state;
	struct weir_network *one = network(ONE), *two = network(TWO);
	char ip[64];
	int pid;

	start(f, one);
	pid = pid_of(f, one);
	lease(f, 1, ip);
	kill(pid, SIGKILL);
	while (!kill(pid, 0)) /* its command line is gone before its sockets are */
		;
	assert_leases(f, one, 1);
	reload(f, one, two);
	assert_int_not_equal(pid_of(f, two), 0);
	assert_leases(f, two, 1);
	assert_string_equal(lease(f, 2, ip), "192.168.77.202");
	stop(f, two);
	assert_nothing_left(f);
	weir_network_free(one);
	weir_network_free(two);
}

static void test_start_replaces_a_leftover(void **state)
{
	struct fixture *f = *state;
	struct weir_network *one = network(ONE), *two = network(TWO);
	char ip[64];
	int pid;

	start(f, one);
	pid = pid_of(f, one);
	start(f, two);
	assert_int_not_equal(pid_of(f, two), 0);
	assert_int_not_equal(pid_of(f, two), pid);
	assert_string_equal(lease(f, 2, ip), "192.168.77.202");
	stop(f, two);
	assert_nothing_left(f);
	weir_network_free(one);
	weir_network_free(two);
}

static void test_not_needed(void **state)
{
	struct fixture *f = *state;
	struct weir_network *none = network(NONE);

	start(f, none);
	assert_nothing_left(f);
	reload(f, none, none);
	stop(f, none);
	assert_nothing_left(f);
	weir_network_free(none);
}

/* clang-format off */
static const char everything[] =
	"{'name': 'n', 'bridge': {'name': 'br0'}, 'mtu': 1400, 'domain': {'name': 'test', 'localOnly': true},"
	"'dns': {'forwardPlainNames': false,"
	" 'forwarders': [{'address': '192.0.2.1'}, {'domain': 'a.test', 'address': '2001:db8::1'}, {'domain': 'b.test'}],"
	" 'txt': [{'name': 'empty.test', 'value': ''}, {'name': 'q.test', 'value': 'a, b'}],"
	" 'srv': [{'service': 'no', 'protocol': 'tcp'},"
	"  {'service': 'x', 'protocol': 'udp', 'target': 'one.test', 'weight': 5}],"
	" 'hosts': [{'address': '10.7.7.7', 'hostnames': ['seven', 'eight.test']}]},"
	"'ips': [{'address': '192.168.77.1', 'prefix': 24, 'localPtr': true, 'dhcp': {"
	" 'ranges': [{'start': '192.168.77.10', 'end': '192.168.77.100', 'lease': {'expiry': 2, 'unit': 'hours'}}],"
	" 'hosts': [" HOST1 ", {'name': 'three', 'ip': '192.168.77.203', 'lease': {'expiry': 0}}]}},"
	"{'address': '2001:db8:77::1', 'prefix': 64, 'localPtr': true, 'dhcp': {"
	" 'ranges': [{'start': '2001:db8:77::10', 'end': '2001:db8:77::20', 'lease': {'expiry': 200, 'unit': 'seconds'}}],"
	" 'hosts': [{'id': '0:3:0:1:0:16:3e:11:22:33', 'name': 'six', 'ip': '2001:db8:77::66'}]}}]}";

static const char two_families[] =
	"{" HEAD ", 'ips': [{'address': '192.168.77.1', 'prefix': 24, 'dhcp': {'hosts': [" HOST1 "]}},"
	"{'address': '2001:db8:77::1', 'prefix': 64}]}";
/* clang-format on */

/* Everything that a definition can say, read by dnsmasq without a complaint. */
static void test_full_configuration(void **state)
{
	struct fixture *f = *state;
	struct weir_network *net = network(everything);
	char ip[64];

	start(f, net);
	assert_string_equal(lease(f, 1, ip), "192.168.77.201");
	assert_true(dns_says(f, "a", "seven.test", "10.7.7.7"));
	assert_true(dns_says(f, "txt", "q.test", "\"a, b\""));
	assert_true(dns_says(f, "srv", "_x._udp.test", "0 5 1 one.test"));
	stop(f, net);
	assert_nothing_left(f);
	weir_network_free(net);
}

static void test_only_hosts_and_ipv6(void **state)
{
	struct fixture *f = *state;
	struct weir_network *net = network(two_families);
	char ip[64];

	start(f, net);
	assert_string_equal(lease(f, 1, ip), "192.168.77.201");
	assert_string_equal(ask(f, 2, 2, ip), "");
	stop(f, net);
	assert_nothing_left(f);
	weir_network_free(net);
}

/* --- names ------------------------------------------------------------------------------------ */

static void test_odd_names(void **state)
{
	static const char *const names[] = {
		"a b", "a#b", " #",          "-x",  "\"q\"",     "'",
		";,=", "%41", "caf\xc3\xa9", "\\n", "$(id)`id`", "*?[]{}~!&|<>()^@:"
	};
	struct fixture *f = *state;
	struct weir_network *net = network(PLAIN);
	char name[201];

	for (size_t i = 0; i <= WR_COUNT(names); i++) {
		memset(name, '"', 200);
		name[200] = '\0';
		if (i < WR_COUNT(names))
			snprintf(name, sizeof(name), "%s", names[i]);
		free(net->name);
		net->name = strdup(name);
		start(f, net);
		assert_int_not_equal(pid_of(f, net), 0);
		stop(f, net);
		assert_nothing_left(f);
	}
	weir_network_free(net);
}

static int setup_odd_dir(void **state)
{
	return setup_in(state, "we ird #\"q\\;,:*\xc3\xa9$", 0755);
}

static void test_odd_state_dir(void **state)
{
	struct fixture *f = *state;
	struct weir_network *one = network(ONE), *two = network(TWO);
	char ip[64], path[200];
	int pid;

	start(f, one);
	pid = pid_of(f, one);
	reload(f, one, two);
	assert_string_equal(lease(f, 2, ip), "192.168.77.202");
	assert_int_equal(pid_of(f, one), pid);
	assert_leases(f, two, 1);
	stop(f, two);
	assert_int_equal(pid_of(f, one), 0);
	snprintf(path, sizeof(path), "%s/dnsmasq", f->state);
	assert_int_equal(count_files(path), 0);
	weir_network_free(one);
	weir_network_free(two);
}

/* Where nobody could read the host files, dnsmasq stays root. */
static int setup_private_dir(void **state)
{
	return setup_in(state, "run", 0700);
}

static void test_private_state_dir(void **state)
{
	struct fixture *f = *state;
	struct weir_network *one = network(ONE), *two = network(TWO);
	char ip[64];
	int pid;

	start(f, one);
	pid = pid_of(f, one);
	assert_int_equal(owner_of(pid), 0);
	assert_string_equal(lease(f, 1, ip), "192.168.77.201");
	reload(f, one, two);
	assert_int_equal(pid_of(f, two), pid);
	assert_string_equal(lease(f, 2, ip), "192.168.77.202");
	stop(f, two);
	assert_nothing_left(f);
	weir_network_free(one);
	weir_network_free(two);
}

/* And one that has given up root already is started anew. */
static void test_state_dir_made_private(void **state)
{
	struct fixture *f = *state;
	struct weir_network *one = network(ONE), *two = network(TWO);
	bool was_nobody;
	char ip[64];
	int pid;

	start(f, one);
	pid = pid_of(f, one);
	was_nobody = owner_of(pid) != 0;
	assert_int_equal(chmod(f->dir, 0700), 0);
	reload(f, one, two);
	assert_int_equal(pid_of(f, two) != pid, was_nobody);
	assert_int_equal(owner_of(pid_of(f, two)), 0);
	assert_string_equal(lease(f, 2, ip), "192.168.77.202");
	stop(f, two);
	assert_nothing_left(f);
	weir_network_free(one);
	weir_network_free(two);
}

/* --- failures ----------------------------------------------------------------------------------- */

static int occupy(uint16_t port)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	return fd;
}

static void test_port_taken(void **state)
{
	static const uint16_t ports[] = { 53, 67 };
	struct fixture *f = *state;
	struct weir_network *net = network(PLAIN);
	struct weir_error err;

	for (size_t i = 0; i < WR_COUNT(ports); i++) {
		int fd = occupy(ports[i]);
		struct weir_txn *t = begin(f);

		wr_txn_dhcp_start(t, net);
		assert_int_equal(commit_error(t, &err), -EADDRINUSE);
		assert_int_equal(err.stage, WEIR_STAGE_PROGRAM);
		assert_string_equal(err.object, "dnsmasq of network n");
		assert_non_null(strstr(err.msg, ports[i] == 53 ? "192.168.77.1" : "DHCP"));
		assert_non_null(strstr(err.msg, "Address already in use"));
		assert_nothing_left(f);
		close(fd);
	}
	start(f, net);
	stop(f, net);
	weir_network_free(net);
}

static void test_no_dnsmasq(void **state)
{
	static const char *const dirs[] = { "/usr/sbin", "/usr/bin", "/sbin", "/usr/local/sbin" };
	struct fixture *f = *state;
	struct weir_network *net = network(PLAIN);
	struct weir_error err;
	struct weir_txn *t;
	size_t n = 0;

	/* The only test that needs no programs after this. */
	for (; n < WR_COUNT(dirs); n++)
		if (access(dirs[n], F_OK) == 0)
			assert_int_equal(mount("none", dirs[n], "tmpfs", 0, NULL), 0);
	assert_null(wr_dhcp_program());
	t = begin(f);
	wr_txn_dhcp_start(t, net);
	assert_int_equal(commit_error(t, &err), -ENOENT);
	assert_string_equal(err.object, "dnsmasq of network n");
	assert_non_null(strstr(err.msg, "/usr/sbin/dnsmasq"));
	while (n--)
		umount2(dirs[n], MNT_DETACH);
	assert_nothing_left(f);
	weir_network_free(net);
}

static void test_bad_value(void **state)
{
	struct fixture *f = *state;
	struct weir_network *net = network(TXT);
	struct weir_error err;
	struct weir_txn *t = begin(f);

	*net->dns.txt[0].value = '\n';
	wr_txn_dhcp_start(t, net);
	assert_int_equal(commit_error(t, &err), -EINVAL);
	assert_string_equal(err.attr, "dns.txt[0].value");
	assert_nothing_left(f);
	weir_network_free(net);
}

static void test_no_state_dir(void **state)
{
	struct fixture *f = *state;
	struct weir_network *net = network(PLAIN);
	struct weir_error err;
	struct weir_txn *t;

	weir_close(f->w);
	f->w = NULL;
	assert_int_equal(weir_open(NULL, &f->w, &err), 0);
	t = begin(f);
	wr_txn_dhcp_start(t, net);
	assert_int_equal(commit_error(t, &err), -EINVAL);
	assert_string_equal(err.msg, "needs a state directory");
	weir_network_free(net);
}

/* A pid that means another process by now is never signalled. */
static void test_recycled_pid(void **state)
{
	struct fixture *f = *state;
	struct weir_network *one = network(ONE), *two = network(TWO);
	struct wr_dhcp_service s;
	char text[16], ip[64];
	int pid, other = fork();

	if (other == 0) {
		pause();
		_exit(0);
	}
	start(f, one);
	pid = pid_of(f, one);
	find_service(f, one, &s);
	snprintf(text, sizeof(text), "%d\n", other);
	assert_int_equal(wr_file_write(s.files.pid, text, strlen(text), 0644, false), 0);
	assert_int_equal(pid_of(f, one), pid);
	reload(f, one, two);
	assert_string_equal(lease(f, 2, ip), "192.168.77.202");
	stop(f, two);
	assert_nothing_left(f);
	/* And with nothing but the file: the process ended, its number was given away. */
	assert_int_equal(wr_file_write(s.files.pid, text, strlen(text), 0644, false), 0);
	assert_int_equal(pid_of(f, one), 0);
	stop(f, one);
	assert_int_equal(state_of(other), 'S');
	kill(other, SIGKILL);
	waitpid(other, NULL, 0);
	weir_network_free(one);
	weir_network_free(two);
}

static void test_failed_start_leaves_nothing(void **state)
{
	struct fixture *f = *state;
	struct weir_network *net = network(PLAIN);
	struct weir_error err;
	struct weir_txn *t = begin(f);

	wr_txn_dhcp_start(t, net);
	doom(t);
	assert_int_not_equal(commit_error(t, &err), 0);
	assert_null(strstr(err.msg, "undoing"));
	assert_int_equal(pid_of(f, net), 0);
	assert_nothing_left(f);
	weir_network_free(net);
}

/* A failed change leaves a dnsmasq that serves what was served before. */
static void fail_reload(struct fixture *f, const struct weir_network *old,
			const struct weir_network *net)
{
	struct weir_error err;
	struct weir_txn *t = begin(f);

	wr_txn_dhcp_reload(t, old, net);
	doom(t);
	assert_int_not_equal(commit_error(t, &err), 0);
	assert_null(strstr(err.msg, "undoing"));
}

static void test_failed_reload_changes_nothing(void **state)
{
	struct fixture *f = *state;
	struct weir_network *one = network(ONE), *named = network(NAMED), *txt = network(TXT),
			    *none = network(NONE);
	char ip[64];
	int pid;

	start(f, one);
	pid = pid_of(f, one);
	lease(f, 1, ip);
	fail_reload(f, one, named);
	fail_reload(f, one, none);
	assert_int_equal(pid_of(f, one), pid);
	assert_int_not_equal(state_of(pid), 'T');
	fail_reload(f, one, txt);
	assert_int_not_equal(pid_of(f, one), 0);
	assert_false(dns_says(f, "txt", "spf.test", "v=1"));
	assert_false(dns_says(f, "a", "seven.test", "10.7.7.7"));
	assert_leases(f, one, 1);
	assert_string_equal(lease(f, 1, ip), "192.168.77.201");
	stop(f, one);
	assert_nothing_left(f);
	weir_network_free(one);
	weir_network_free(named);
	weir_network_free(txt);
	weir_network_free(none);
}

/* A configuration that dnsmasq itself refuses, in place of one that works. */
static void test_refused_restart(void **state)
{
	struct fixture *f = *state;
	struct weir_network *one = network(ONE), *bad = network(ONE);
	struct weir_error err;
	struct weir_txn *t;
	char ip[64];

	bad->ips[0].dhcp.ranges[0].end.bytes[2] = 99; /* not in the subnet */
	start(f, one);
	t = begin(f);
	wr_txn_dhcp_reload(t, one, bad);
	assert_int_not_equal(commit_error(t, &err), 0);
	assert_int_equal(err.stage, WEIR_STAGE_PROGRAM);
	assert_non_null(strstr(err.msg, "DHCP range"));
	assert_string_equal(lease(f, 1, ip), "192.168.77.201");
	stop(f, one);
	assert_nothing_left(f);
	weir_network_free(one);
	weir_network_free(bad);
}

static void test_failed_stop_keeps_it(void **state)
{
	struct fixture *f = *state;
	struct weir_network *net = network(ONE);
	struct weir_error err;
	struct weir_txn *t;
	char ip[64];
	int pid;

	start(f, net);
	pid = pid_of(f, net);
	lease(f, 1, ip);
	t = begin(f);
	wr_txn_dhcp_stop(t, net);
	doom(t);
	assert_int_not_equal(commit_error(t, &err), 0);
	assert_int_equal(pid_of(f, net), pid);
	assert_leases(f, net, 1);
	assert_string_equal(lease(f, 1, ip), "192.168.77.201");
	stop(f, net);
	assert_nothing_left(f);
	weir_network_free(net);
}

/* --- the plan -------------------------------------------------------------------------------- */

/* What the plan says, done by a shell, is a dnsmasq that weir takes for its own. */
static void test_plan(void **state)
{
	struct fixture *f = *state;
	struct weir_network *net = network(ONE);
	struct weir_txn *t = NULL;
	char *plan = NULL, path[160], ip[64];

	assert_int_equal(weir_txn_begin(f->w, "test", WEIR_TXN_DRY, &t, NULL), 0);
	wr_txn_dhcp_start(t, net);
	assert_int_equal(weir_txn_plan(t, &plan, NULL), 0);
	weir_txn_abort(t);
	assert_nothing_left(f);
	snprintf(path, sizeof(path), "%s/plan", f->dir);
	assert_int_equal(wr_file_write(path, plan, strlen(plan), 0600, false), 0);
	free(plan);
	sh("umask 022; sh -eu '%s'", path);
	assert_int_not_equal(pid_of(f, net), 0);
	assert_string_equal(lease(f, 1, ip), "192.168.77.201");
	stop(f, net);
	assert_nothing_left(f);
	weir_network_free(net);
}

/* --- who it runs as ----------------------------------------------------------------------------- */

static void write_proc(const char *path, const char *text)
{
	assert_int_equal(wr_file_poke(path, text), 0);
}

/* Starts and stops it where nobody but root exists. */
static void lives_as_root(struct fixture *f)
{
	struct weir_network *one = network(ONE), *two = network(TWO);
	int pid;
	char ip[64];

	start(f, one);
	pid = pid_of(f, one);
	assert_int_equal(owner_of(pid), 0);
	reload(f, one, two);
	assert_string_equal(lease(f, 2, ip), "192.168.77.202");
	assert_int_equal(pid_of(f, two), pid);
	stop(f, two);
	assert_nothing_left(f);
	weir_network_free(one);
	weir_network_free(two);
}

/* In a process of its own, which becomes the only user that there is. */
static int in_user_namespace(void (*run)(struct fixture *f))
{
	char map[64];
	unsigned int uid = getuid(), gid = getgid();
	void *state = NULL;

	if (unshare(CLONE_NEWUSER))
		return SKIPPED;
	write_proc("/proc/self/setgroups", "deny");
	snprintf(map, sizeof(map), "0 %u 1", uid);
	write_proc("/proc/self/uid_map", map);
	snprintf(map, sizeof(map), "0 %u 1", gid);
	write_proc("/proc/self/gid_map", map);
	assert_int_equal(setup(&state), 0);
	run(state);
	teardown(&state);
	return 0;
}

static void run_in_user_namespace(void (*run)(struct fixture *f))
{
	int status, pid = fork();

	if (pid == 0) {
		int r = in_user_namespace(run);

		fflush(stdout);
		_exit(r);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == SKIPPED) {
		print_message("SKIP: user namespaces are not allowed here\n");
		skip();
	}
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void test_user_namespace(void **state)
{
	run_in_user_namespace(lives_as_root);
}

/* --- several of them ------------------------------------------------------------------------------ */

#define N_MANY 5

static struct weir_network *one_of_many(int i)
{
	char json[512];

	snprintf(json, sizeof(json), "{'name':'n%d','forward':{'mode':'nat'},'bridge':{'name':'many%d'}," NAMES ",'ips':["
		 "{'address':'10.7.%d.1','prefix':24,'dhcp':{'ranges':[{'start':'10.7.%d.10','end':'10.7.%d.20'}]}}]}",
		 i, i, i, i, i);
	return network(json);
}

/* Without a link-local address, of which there is news again when it has proved to be nobody else's. */
static void add_bridge_of_many(int i)
{
	sh("ip link add many%d type bridge; ip link set many%d addrgenmode none; "
	   "ip addr add 10.7.%d.1/24 dev many%d; ip link set many%d up",
	   i, i, i, i, i);
}

static void start_many(struct fixture *f, struct weir_network *nets[N_MANY])
{
	for (int i = 0; i < N_MANY; i++) {
		add_bridge_of_many(i);
		nets[i] = one_of_many(i);
		start(f, nets[i]);
		assert_true(pid_of(f, nets[i]) > 0);
	}
}

static void stop_many(struct fixture *f, struct weir_network *nets[N_MANY])
{
	for (int i = 0; i < N_MANY; i++) {
		stop(f, nets[i]);
		weir_network_free(nets[i]);
	}
	assert_nothing_left(f);
}

/* --- what they hear of each other ------------------------------------------------------------------- */

/* How many bytes of news wait in the routing sockets of a process. */
static long n_waiting(int pid)
{
	char command[512];
	long n = -1;
	FILE *p;

	snprintf(command, sizeof(command),
		 "readlink /proc/%d/fd/* | sed -n 's/^socket:.\\([0-9]*\\).$/\\1/p' | "
		 "awk 'NR == FNR { is_its[$1]; next } $2 == 0 && $NF in is_its { n += $5; found = 1 } "
		 "END { if (found) print n }' - /proc/net/netlink",
		 pid);
	p = popen(command, "re");
	assert_non_null(p);
	assert_int_equal(fscanf(p, "%ld", &n), 1);
	pclose(p);
	return n;
}

/* Stopped with nothing left to read: whatever comes now waits. */
static void freeze(int pid)
{
	const struct timespec pause = { 0, 10000000 };

	for (int i = 0; i < 1000 && n_waiting(pid); i++)
		nanosleep(&pause, NULL);
	kill(pid, SIGSTOP);
	for (int i = 0; i < 1000 && state_of(pid) != 'T'; i++)
		nanosleep(&pause, NULL);
	assert_int_equal(state_of(pid), 'T');
	assert_int_equal(n_waiting(pid), 0);
}

static bool can_be_hushed(int pid)
{
	int pid_fd = (int)syscall(SYS_pidfd_open, pid, 0), fd = (int)syscall(SYS_pidfd_getfd, pid_fd, 0, 0);
	bool can = fd >= 0;

	wr_close(&fd);
	wr_close(&pid_fd);
	return can;
}

/* A network that comes or goes wakes nobody else's dnsmasq; its own link's addresses do. */
static void test_hears_of_its_own_bridge_alone(void **state)
{
	struct fixture *f = *state;
	struct weir_network *nets[N_MANY], *other = one_of_many(1);
	int pids[N_MANY];

	start_many(f, nets);
	if (!can_be_hushed(pid_of(f, nets[0]))) {
		print_message("SKIP: no pidfd_getfd()\n");
		skip();
	}
	/* One that is started anew, to take back a change that failed, is like the others. */
	other->dns.enable = WEIR_NO;
	fail_reload(f, nets[1], other);
	for (int i = 0; i < N_MANY; i++)
		freeze(pids[i] = pid_of(f, nets[i]));
	add_bridge_of_many(N_MANY);
	sh("ip addr add 2001:db8:7::1/64 dev many%d nodad; ip route add 10.99.0.0/16 dev many%d; ip link del many%d",
	   N_MANY, N_MANY, N_MANY);
	for (int i = 0; i < N_MANY; i++)
		assert_int_equal(n_waiting(pids[i]), 0);
	sh("ip addr add 10.7.1.2/24 dev many1");
	for (int i = 0; i < N_MANY; i++) {
		assert_int_equal(n_waiting(pids[i]) > 0, i == 1);
		kill(pids[i], SIGCONT);
	}
	assert_true(dns_soon_says_at(f, "10.7.1.2", "seven.test", "10.7.7.7"));
	stop_many(f, nets);
	weir_network_free(other);
}

/* --- inotify instances ---------------------------------------------------------------------------- */

/* How many of them were told the host's resolvers, and watch nothing. */
static int n_told(const struct fixture *f)
{
	char path[256];
	int n = 0;

	for (int i = 0; i < N_MANY; i++) {
		wr_auto(str) struct wr_str conf = { 0 };

		snprintf(path, sizeof(path), "%s/dnsmasq/n%d.conf", f->state, i);
		assert_int_equal(wr_file_read(path, &conf), 0);
		n += strstr(wr_str_text(&conf), "\nno-resolv\nserver=192.0.2.53\n") != NULL;
	}
	return n;
}

/* Five networks where a user has three instances; libvirt's fourth would not start. */
static void few_instances(struct fixture *f)
{
	struct weir_network *nets[N_MANY];

	sh("echo nameserver 192.0.2.53 >%s/resolv.conf; mount --bind %s/resolv.conf /etc/resolv.conf", f->dir, f->dir);
	write_proc("/proc/sys/user/max_inotify_instances", "3");
	start_many(f, nets);
	assert_int_equal(n_told(f), N_MANY);
	stop_many(f, nets);
}

static void test_few_inotify_instances(void **state)
{
	run_in_user_namespace(few_instances);
}

/* --- main ---------------------------------------------------------------------------------------- */

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static int run_group(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_serves_and_leaves_nothing),
		TEST(test_reload_keeps_the_process),
		TEST(test_other_configuration_restarts),
		TEST(test_reload_of_a_dead_one_starts_it),
		TEST(test_start_replaces_a_leftover),
		TEST(test_not_needed),
		TEST(test_full_configuration),
		TEST(test_only_hosts_and_ipv6),
		TEST(test_odd_names),
		cmocka_unit_test_setup_teardown(test_odd_state_dir, setup_odd_dir, teardown),
		cmocka_unit_test_setup_teardown(test_private_state_dir, setup_private_dir,
						teardown),
		TEST(test_state_dir_made_private),
		TEST(test_port_taken),
		TEST(test_no_dnsmasq),
		TEST(test_bad_value),
		TEST(test_no_state_dir),
		TEST(test_recycled_pid),
		TEST(test_failed_start_leaves_nothing),
		TEST(test_failed_reload_changes_nothing),
		TEST(test_refused_restart),
		TEST(test_failed_stop_keeps_it),
		TEST(test_plan),
		TEST(test_hears_of_its_own_bridge_alone),
		cmocka_unit_test(test_user_namespace),
		cmocka_unit_test(test_few_inotify_instances),
	};

	return cmocka_run_group_tests_name("dhcp", tests, NULL, NULL);
}

/* Waits for @main_child and whatever else ends meanwhile: the first process inherits all orphans. */
static int reap(pid_t main_child)
{
	int status;

	for (;;) {
		pid_t pid = wait(&status);

		if (pid == main_child || (pid < 0 && errno != EINTR))
			return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
	}
}

static void end_with_parent(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
}

/* The first process of the new namespace. When it ends, the kernel ends all others. */
static int first_process(void)
{
	pid_t child;

	end_with_parent();
	if (mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) ||
	    mount("proc", "/proc", "proc", 0, NULL))
		return NO_PROC;
	child = fork();
	if (child == 0) {
		int r = run_group();

		exit(r);
	}
	return child < 0 ? 1 : reap(child);
}

static int in_namespaces(void)
{
	pid_t child;

	if (unshare(CLONE_NEWPID | CLONE_NEWNS))
		return NO_PROC;
	child = fork();
	if (child == 0)
		_exit(first_process());
	return child < 0 ? 1 : reap(child);
}

int main(void)
{
	pid_t child;
	int r;

	if (geteuid() != 0 || unshare(CLONE_NEWNS)) {
		print_message("SKIP: neither root nor in a user namespace (unshare -rn)\n");
		return SKIPPED;
	}
	child = fork();
	if (child == 0)
		_exit(in_namespaces());
	r = child < 0 ? 1 : reap(child);
	/* Where /proc cannot be mounted, teardown has to end what is left. */
	return r == NO_PROC ? run_group() : r;
}
