/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Networks and guests' ports: one more or less among N, which is where tools that look
 * at everything become slow. The library works as a driver would use it, with a
 * state directory, so its journal and its files are in the numbers; the floor is
 * its messages alone.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <weir/bulk.h>
#include <weir/json.h>
#include <weir/network.h>
#include <weir/update.h>

#include "lib_bench.h"

#define N_OPS 20	/* attaches, and then detaches, of one trial */
#define HOSTS "/run/hosts"

/* --- definitions ---------------------------------------------------------------------------- */

/* A NAT network; @dhcp: text of its "dhcp", or "": then it has no dnsmasq. */
static struct weir_network *definition(struct trial *t, unsigned int i, const char *dhcp)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_network *net = NULL;
	size_t room = strlen(dhcp) + 512;
	char *text = malloc(room);
	int len;

	if (!text)
		trial_fail(t, "no memory");
	len = snprintf(text, room,
		       "{\"name\": \"net%u\", \"forward\": {\"mode\": \"nat\"}, \"bridge\": {\"name\": \"virbr%u\"}, "
		       "\"ips\": [{\"address\": \"10.%u.%u.1\", \"prefix\": 24%s}]%s}",
		       i, i, 100 + i / 200, i % 200, dhcp, *dhcp ? "" : ", \"dns\": {\"enable\": false}");
	if (weir_network_parse(text, (size_t)len, &net, &err))
		trial_fail(t, "definition: %s", err.msg);
	free(text);
	return net;
}

static void open_with_state(struct trial *t)
{
	struct weir_options opts = { .sz = sizeof(opts), .config_dir = "/run/c", .state_dir = "/run/s",
				     .step_ops = weir_network_steps };
	struct weir_error err = WEIR_ERROR_INIT;

	mkdir("/run/c", 0700);
	if (weir_open(&opts, &t->w, &err))
		trial_fail(t, "handle: %s", err.msg);
}

static void start(struct trial *t, unsigned int i, const char *dhcp)
{
	struct weir_network *net = definition(t, i, dhcp);
	struct weir_txn *txn = trial_begin(t);

	weir_txn_network_start(txn, net);
	trial_commit(t, txn);
	weir_network_free(net);
}

/* --- one more network ------------------------------------------------------------------------- */

#define RANGE ", \"dhcp\": {\"ranges\": [{\"start\": \"10.250.0.10\", \"end\": \"10.250.0.200\"}]}"

static void many_setup(struct trial *t)
{
	open_with_state(t);
	for (unsigned int i = 0; i < t->n; i++)
		start(t, i, "");
}

static void weir_network(struct trial *t)
{
	start(t, t->n, "");
}

/* Address and prefix are the definition's of number 30000. */
static void weir_dhcp_network(struct trial *t)
{
	start(t, 30000, RANGE);
}

static void write_file(struct trial *t, const char *path, const char *text)
{
	FILE *f = fopen(path, "we");

	if (!f || fputs(text, f) < 0 || fclose(f))
		trial_fail(t, "%s: %s", path, strerror(errno));
}

static void write_definition(struct trial *t, unsigned int i, const char *dhcp)
{
	struct weir_network *net = definition(t, i, dhcp);
	char *text = NULL;

	if (weir_network_json(net, &text))
		trial_fail(t, "no memory");
	write_file(t, "/run/net.json", text);
	free(text);
	weir_network_free(net);
}

static void tool_setup(struct trial *t)
{
	write_definition(t, t->n, "");
}

static void tool_dhcp_setup(struct trial *t)
{
	write_definition(t, 30000, RANGE);
}

static void tool_network(struct trial *t)
{
	trial_program(t, "%s --state-dir /run/s --config-dir /run/c net start --transient /run/net.json", getenv("WEIR"));
}

static void stop(struct trial *t, unsigned int i)
{
	struct weir_txn *txn = trial_begin(t);
	char name[16];

	snprintf(name, sizeof(name), "net%u", i);
	weir_txn_network_stop(txn, name);
	trial_commit(t, txn);
}

/* The trial before was another process: this one's handle has to see what the rules are now. */
static void warm_setup(struct trial *t)
{
	start(t, t->n, "");
	stop(t, t->n);
}

static void undo_network(struct trial *t)
{
	stop(t, t->n);
}

static void warm_dhcp_setup(struct trial *t)
{
	start(t, 30000, RANGE);
	stop(t, 30000);
}

static void undo_dhcp_network(struct trial *t)
{
	stop(t, 30000);
}

/* The rules that such a network takes where each has its own, as in many scripts and drivers. */
static const char *const rules[] = {
	"add rule inet peer post ip saddr 10.99.0.0/24 ip daddr 224.0.0.0/24 return",
	"add rule inet peer post ip saddr 10.99.0.0/24 ip daddr != 10.99.0.0/24 masquerade",
	"add rule inet peer forwarded ip daddr 10.99.0.0/24 oifname peer0 ct state established,related accept",
	"add rule inet peer forwarded ip saddr 10.99.0.0/24 iifname peer0 accept",
	"add rule inet peer forwarded iifname peer0 oifname peer0 accept",
	"add rule inet peer forwarded iifname peer0 reject",
	"add rule inet peer forwarded oifname peer0 reject",
};

static void peer_lines(struct trial *t)
{
	t->part = 0;
	trial_line(t, "link add peer0 up type bridge");
	trial_line(t, "addr add 10.99.0.1/24 dev peer0");
	t->part = 1;
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		trial_line(t, "%s", rules[i]);
}

static void peer_setup(struct trial *t)
{
	trial_program(t, "nft add table inet peer");
	trial_program(t, "nft add chain inet peer post { type nat hook postrouting priority 100 ; }");
	trial_program(t, "nft add chain inet peer forwarded { type filter hook forward priority 0 ; }");
	peer_lines(t);
}

static void undo_peer(struct trial *t)
{
	trial_program(t, "nft delete table inet peer");
	trial_program(t, "ip link del peer0");
}

static void batches(struct trial *t)
{
	static const char *const ip[] = { "ip", "-batch", "-", NULL }, *const nft[] = { "nft", "-f", "-", NULL };

	t->part = 0;
	trial_batch(t, ip);
	t->part = 1;
	trial_batch(t, nft);
}

static void calls(struct trial *t)
{
	t->part = 0;
	trial_each_line(t, "ip");
	t->part = 1;
	trial_each_line(t, "nft");
}

static void dnsmasq_setup(struct trial *t)
{
	trial_program(t, "ip link add virbrd up type bridge");
	trial_program(t, "ip addr add 10.250.0.1/24 dev virbrd");
	write_file(t, "/run/dnsmasq.conf",
		   "strict-order\nexcept-interface=lo\nbind-dynamic\ninterface=virbrd\npid-file=/run/d.pid\n"
		   "dhcp-range=10.250.0.10,10.250.0.200\ndhcp-leasefile=/run/leases\nno-resolv\nno-hosts\nuser=root\n");
}

static void dnsmasq(struct trial *t)
{
	trial_program(t, "dnsmasq --conf-file=/run/dnsmasq.conf");
}

static void undo_dnsmasq(struct trial *t)
{
	FILE *f = fopen("/run/d.pid", "re");
	int pid = 0;

	if (!f || fscanf(f, "%d", &pid) != 1 || pid <= 1 || kill(pid, SIGTERM))
		trial_fail(t, "dnsmasq is not there");
	fclose(f);
	while (!kill(pid, 0))
		usleep(1000);
	trial_program(t, "ip link del virbrd");
}

/* As many with DHCP, which is a dnsmasq each. */
static void many_dhcp_setup(struct trial *t)
{
	char range[128];

	open_with_state(t);
	for (unsigned int i = 0; i < t->n; i++) {
		snprintf(range, sizeof(range), ", \"dhcp\": {\"ranges\": [{\"start\": \"10.%u.%u.10\", \"end\": \"10.%u.%u.99\"}]}",
			 100 + i / 200, i % 200, 100 + i / 200, i % 200);
		start(t, i, range);
	}
}

/* --- one network less ---------------------------------------------------------------------------- */

static void many_and_one_setup(struct trial *t)
{
	many_setup(t);
	start(t, t->n, "");
}

static void start_last(struct trial *t)
{
	start(t, t->n, "");
}

/* For the handle, as above. */
static void warm_stop_setup(struct trial *t)
{
	stop(t, t->n);
	start_last(t);
}

static void weir_stop(struct trial *t)
{
	stop(t, t->n);
}

static void tool_stop(struct trial *t)
{
	trial_program(t, "%s --state-dir /run/s --config-dir /run/c net stop net%u", getenv("WEIR"), t->n);
}

/* What the library would do, but for its files. */
static void lines_stop_setup(struct trial *t)
{
	t->part = 0;
	trial_line(t, "link del virbr%u", t->n);
	t->part = 1;
	trial_line(t, "delete element inet weir same { \"virbr%u\" . \"virbr%u\" }", t->n, t->n);
	trial_line(t, "delete element inet weir users { \"virbr%u\" : goto refuse }", t->n);
	trial_line(t, "delete element inet weir routed { \"virbr%u\" }", t->n);
	trial_line(t, "delete element inet weir net4_24 { \"virbr%u\" . 10.%u.%u.0 }", t->n, 100 + t->n / 200, t->n % 200);
	trial_line(t, "delete element inet weir masq4 { \"virbr%u\" }", t->n);
}

/* The library's files say that it runs: it stops what is gone. */
static void undo_foreign_stop(struct trial *t)
{
	stop(t, t->n);
	start_last(t);
}

/* --- packets through the last network ----------------------------------------------------------- */

#define N_PACKETS 20000

/* A guest on network @n; its packets go out by a link that drops them. */
static void guest_setup(struct trial *t)
{
	struct weir_guest guest = { .sz = sizeof(guest), .kind = WEIR_PORT_VETH, .name = "vm", .netns = "vm" };
	unsigned int high = 100 + t->n / 200, low = t->n % 200;
	struct weir_txn *txn;
	char name[16];

	snprintf(name, sizeof(name), "net%u", t->n);
	many_setup(t);
	start(t, t->n, "");
	trial_program(t, "ip netns add vm");
	txn = trial_begin(t);
	weir_txn_port_attach(txn, name, &guest, NULL, NULL);
	trial_commit(t, txn);
	trial_program(t, "ip -n vm addr add 10.%u.%u.2/24 dev eth0", high, low);
	trial_program(t, "ip -n vm route add default via 10.%u.%u.1", high, low);
	trial_program(t, "ip link add out0 up type bridge");
	trial_program(t, "ip addr add 198.51.100.1/24 dev out0");
	trial_program(t, "ip neigh add 198.51.100.2 lladdr 02:00:00:00:00:02 dev out0");
}

/* A socket in the guest's namespace. */
static int guest_socket(struct trial *t)
{
	const struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = inet_addr("198.51.100.2") };
	int here = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), there = open("/run/netns/vm", O_RDONLY | O_CLOEXEC), fd;

	if (here < 0 || there < 0 || setns(there, CLONE_NEWNET))
		trial_fail(t, "the guest's namespace: %s", strerror(errno));
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || setns(here, CLONE_NEWNET) || connect(fd, (const struct sockaddr *)&to, sizeof(to)))
		trial_fail(t, "the guest's socket: %s", strerror(errno));
	close(here);
	close(there);
	return fd;
}

/* A send() returns when the packet has gone all the way; one that was refused fails the next. */
static void packets(struct trial *t)
{
	char packet[64] = "";
	int fd = guest_socket(t);

	for (unsigned int i = 0; i < N_PACKETS; i++)
		if (send(fd, packet, sizeof(packet), 0) < 0)
			trial_fail(t, "packet %u: %s", i, strerror(errno));
	close(fd);
}

static void no_rules_setup(struct trial *t)
{
	trial_program(t, "nft delete table inet weir");
}

/* Each network with its own rules, one behind the other. */
static void chain_setup(struct trial *t)
{
	static const char *const nft[] = { "nft", "-f", "-", NULL };

	no_rules_setup(t);
	t->part = 1;
	trial_line(t, "add table inet peer");
	trial_line(t, "add chain inet peer post { type nat hook postrouting priority 100 ; }");
	trial_line(t, "add chain inet peer forwarded { type filter hook forward priority 0 ; }");
	for (unsigned int i = 0; i <= t->n; i++) {
		unsigned int high = 100 + i / 200, low = i % 200;

		trial_line(t, "add rule inet peer post ip saddr 10.%u.%u.0/24 ip daddr != 10.%u.%u.0/24 masquerade", high, low, high, low);
		trial_line(t, "add rule inet peer forwarded ip daddr 10.%u.%u.0/24 oifname virbr%u ct state established,related accept", high, low, i);
		trial_line(t, "add rule inet peer forwarded ip saddr 10.%u.%u.0/24 iifname virbr%u accept", high, low, i);
		trial_line(t, "add rule inet peer forwarded iifname virbr%u oifname virbr%u accept", i, i);
		trial_line(t, "add rule inet peer forwarded iifname virbr%u reject", i);
		trial_line(t, "add rule inet peer forwarded oifname virbr%u reject", i);
	}
	trial_batch(t, nft);
}

/* --- one DHCP host more ------------------------------------------------------------------------- */

/* The range, and @n hosts with an address of their own. */
static char *with_hosts(struct trial *t, unsigned int n)
{
	size_t room = 160 * (size_t)n + 512, len;
	char *s = malloc(room);

	if (!s)
		trial_fail(t, "no memory");
	len = (size_t)snprintf(s, room, ", \"dhcp\": {\"ranges\": [{\"start\": \"10.250.0.2\", \"end\": \"10.250.0.9\"}], \"hosts\": [");
	for (unsigned int i = 0; i < n; i++)
		len += (size_t)snprintf(s + len, room - len, "%s{\"mac\": \"52:54:00:00:00:%02x\", \"ip\": \"10.250.0.%u\"}",
					i ? ", " : "", i, 20 + i);
	snprintf(s + len, room - len, "]}");
	return s;
}

static void define(struct trial *t, unsigned int n_hosts)
{
	char *dhcp = with_hosts(t, n_hosts);
	struct weir_network *net = definition(t, 30000, dhcp);
	struct weir_txn *txn = trial_begin(t);

	weir_txn_network_define(txn, net);
	trial_commit(t, txn);
	weir_network_free(net);
	free(dhcp);
}

static void hosts_setup(struct trial *t)
{
	struct weir_network *net = NULL;
	struct weir_txn *txn;

	open_with_state(t);
	define(t, t->n);
	if (weir_network_get(t->w, "net30000", WEIR_NETWORK_CONFIG, &net, NULL))
		trial_fail(t, "not defined");
	txn = trial_begin(t);
	weir_txn_network_start(txn, net);
	trial_commit(t, txn);
	weir_network_free(net);
}

static void weir_host(struct trial *t)
{
	char mac[] = "52:54:00:00:01:00";
	const struct weir_dhcp_host host = { .mac = mac,
					     .address = { .family = AF_INET, .bytes = { 10, 250, 0, 250 } } };
	const struct weir_update update = { .sz = sizeof(update), .command = WEIR_UPDATE_ADD_LAST,
					    .section = WEIR_SECTION_IP_DHCP_HOST, .parent_index = -1, .item = &host };
	struct weir_txn *txn = trial_begin(t);

	weir_txn_network_update(txn, "net30000", &update, 1, WEIR_NETWORK_LIVE);
	trial_commit(t, txn);
}

static void tool_host_setup(struct trial *t)
{
	write_file(t, "/run/host.json", "{\"mac\": \"52:54:00:00:01:00\", \"ip\": \"10.250.0.250\"}");
}

static void tool_host(struct trial *t)
{
	trial_program(t, "%s --state-dir /run/s --config-dir /run/c net update net30000 --section ip-dhcp-host --command add --live /run/host.json",
		      getenv("WEIR"));
}

/* A file of as many hosts, put in the place of the old one, and a signal. */
static void floor_host(struct trial *t)
{
	FILE *f = fopen(HOSTS ".new", "we");

	for (unsigned int i = 0; f && i <= t->n; i++)
		fprintf(f, "52:54:00:00:00:%02x,10.250.0.%u\n", i, 20 + i);
	if (!f || fclose(f) || rename(HOSTS ".new", HOSTS) || kill(getpid(), 0))
		trial_fail(t, "hosts: %s", strerror(errno));
}

/* --- by libvirt ------------------------------------------------------------------------------------- */

static void *libvirt_network;

/* Its own word for what definition() makes; @dhcp is what stands in its <ip>. */
static void *libvirt_net(struct trial *t, unsigned int i, const char *dhcp)
{
	size_t room = strlen(dhcp) + 512;
	void *network;
	char *xml = malloc(room);

	if (!xml)
		trial_fail(t, "no memory");
	snprintf(xml, room,
		 "<network><name>net%u</name><forward mode='nat'/><bridge name='virbr%u'/>%s"
		 "<ip address='10.%u.%u.1' prefix='24'>%s</ip></network>",
		 i, i, *dhcp ? "" : "<dns enable='no'/>", 100 + i / 200, i % 200, dhcp);
	network = libvirt_create(t, xml);
	free(xml);
	return network;
}

static void libvirt_many_setup(struct trial *t)
{
	libvirt_start(t);
	for (unsigned int i = 0; i < t->n; i++)
		libvirt_net(t, i, "");
}

static void libvirt_repeat(struct trial *t, unsigned int number, const char *dhcp)
{
	for (unsigned int i = 0; i < N_OPS / 2; i++) {
		uint64_t began = now_ns();
		void *network = libvirt_net(t, number, dhcp);

		trial_op(t, began);
		libvirt_destroy(t, network);
	}
}

static void libvirt_networks(struct trial *t)
{
	libvirt_repeat(t, t->n, "");
}

static void libvirt_stops(struct trial *t)
{
	for (unsigned int i = 0; i < N_OPS / 2; i++) {
		void *network = libvirt_net(t, t->n, "");
		uint64_t began = now_ns();

		libvirt_destroy(t, network);
		trial_op(t, began);
	}
}

static void libvirt_dhcp_networks(struct trial *t)
{
	libvirt_repeat(t, 30000, "<dhcp><range start='10.250.0.10' end='10.250.0.200'/></dhcp>");
}

static void libvirt_hosts_setup(struct trial *t)
{
	char *dhcp = malloc(160 * (size_t)t->n + 512);
	size_t len = 0;

	if (!dhcp)
		trial_fail(t, "no memory");
	len = (size_t)sprintf(dhcp, "<dhcp><range start='10.250.0.2' end='10.250.0.9'/>");
	for (unsigned int i = 0; i < t->n; i++)
		len += (size_t)sprintf(dhcp + len, "<host mac='52:54:00:00:00:%02x' ip='10.250.0.%u'/>", i, 20 + i);
	strcpy(dhcp + len, "</dhcp>");
	libvirt_start(t);
	libvirt_network = libvirt_net(t, 30000, dhcp);
	free(dhcp);
}

static void libvirt_hosts(struct trial *t)
{
	char xml[128];

	for (unsigned int i = 0; i < N_OPS / 2; i++) {
		uint64_t began = now_ns();

		snprintf(xml, sizeof(xml), "<host mac='52:54:00:00:01:%02x' ip='10.250.0.%u'/>", i, 20 + t->n + i);
		libvirt_add_host(t, libvirt_network, xml);
		trial_op(t, began);
	}
}

/* --- guests' ports -------------------------------------------------------------------------------- */

static void attach(struct trial *t, unsigned int i)
{
	char name[16];
	struct weir_guest guest = { .sz = sizeof(guest), .kind = WEIR_PORT_TAP, .name = name };
	struct weir_txn *txn = trial_begin(t);

	snprintf(name, sizeof(name), "vm%u", i);
	weir_txn_port_attach(txn, "net0", &guest, NULL, NULL);
	trial_commit(t, txn);
}

static void detach(struct trial *t, unsigned int i)
{
	struct weir_txn *txn = trial_begin(t);
	char name[16];

	snprintf(name, sizeof(name), "vm%u", i);
	weir_txn_port_detach(txn, "net0", name);
	trial_commit(t, txn);
}

/* @n ports that are there already, made in one transaction. */
static void ports_setup(struct trial *t)
{
	struct weir_txn *txn;

	open_with_state(t);
	start(t, 0, "");
	txn = trial_begin(t);
	for (unsigned int i = 0; i < t->n; i++) {
		char name[16];
		struct weir_guest guest = { .sz = sizeof(guest), .kind = WEIR_PORT_TAP, .name = name };

		snprintf(name, sizeof(name), "old%u", i);
		weir_txn_port_attach(txn, "net0", &guest, NULL, NULL);
	}
	trial_commit(t, txn);
}

static void weir_attach(struct trial *t)
{
	for (unsigned int i = 0; i < N_OPS; i++) {
		uint64_t began = now_ns();

		attach(t, i);
		trial_op(t, began);
	}
}

/* From ports that were made ready beforehand. */
static void ready_setup(struct trial *t)
{
	struct weir_error err = WEIR_ERROR_INIT;

	if (weir_ready_keep(t->w, "net0", NULL, N_OPS, &err))
		trial_fail(t, "ready: %s", err.msg);
}

static void lease(struct trial *t)
{
	for (unsigned int i = 0; i < N_OPS; i++) {
		struct weir_port port = { .sz = sizeof(port) };
		uint64_t began = now_ns();

		if (weir_ready_lease(t->w, "net0", NULL, &port, NULL))
			trial_fail(t, "nothing is ready");
		trial_op(t, began);
		weir_port_done(&port);
	}
}

static void tool_lease(struct trial *t)
{
	for (unsigned int i = 0; i < N_OPS; i++) {
		uint64_t began = now_ns();

		trial_program(t, "%s --state-dir /run/s --config-dir /run/c pool lease net0", getenv("WEIR"));
		trial_op(t, began);
	}
}

/* --- many at once --------------------------------------------------------------------------------- */

static void bulk_setup(struct trial *t)
{
	open_with_state(t);
	start(t, 0, "");
}

static void weir_bulk(struct trial *t)
{
	struct weir_guest *guests = calloc(t->n, sizeof(*guests));

	for (unsigned int i = 0; guests && i < t->n; i++)
		guests[i] = (struct weir_guest){ .sz = sizeof(*guests), .kind = WEIR_PORT_TAP };
	if (weir_ports_attach(t->w, "net0", guests, t->n, NULL, NULL) != t->n)
		trial_fail(t, "not all ports");
	free(guests);
}

static void weir_single(struct trial *t)
{
	for (unsigned int i = 0; i < t->n; i++)
		attach(t, i);
}

static void ip_bulk_setup(struct trial *t)
{
	for (unsigned int i = 0; i < t->n; i++) {
		trial_line(t, "tuntap add dev vnet%u mode tap", i);
		trial_line(t, "link set vnet%u address fe:54:00:00:%02x:%02x master virbr0 addrgenmode none", i, i / 256, i % 256);
		trial_line(t, "link set vnet%u up", i);
	}
}

static void ip_bulk(struct trial *t)
{
	static const char *const argv[] = { "ip", "-batch", "-", NULL };

	trial_batch(t, argv);
}

static void weir_bulk_detach(struct trial *t)
{
	const char **names = calloc(t->n, sizeof(*names));
	char (*text)[16] = calloc(t->n, sizeof(*text));

	for (unsigned int i = 0; names && text && i < t->n; i++) {
		snprintf(text[i], sizeof(text[i]), "old%u", i);
		names[i] = text[i];
	}
	if (weir_ports_detach(t->w, "net0", names, t->n, NULL) != t->n)
		trial_fail(t, "not all ports");
	free(names);
	free(text);
}

static void ip_bulk_detach_setup(struct trial *t)
{
	for (unsigned int i = 0; i < t->n; i++)
		trial_line(t, "link del old%u", i);
}

static void tool_attach(struct trial *t)
{
	for (unsigned int i = 0; i < N_OPS; i++) {
		uint64_t began = now_ns();

		trial_program(t, "%s --state-dir /run/s --config-dir /run/c net attach net0 --name vm%u", getenv("WEIR"), i);
		trial_op(t, began);
	}
}

/* The same by hand: without a record, and without a way back. */
static void ip_attach(struct trial *t)
{
	for (unsigned int i = 0; i < N_OPS; i++) {
		uint64_t began = now_ns();

		trial_program(t, "ip tuntap add dev vm%u mode tap", i);
		trial_program(t, "ip link set vm%u address fe:54:00:00:00:%02x master virbr0 addrgenmode none", i, i);
		trial_program(t, "ip link set vm%u up", i);
		trial_op(t, began);
	}
}

static void detach_setup(struct trial *t)
{
	ports_setup(t);
	for (unsigned int i = 0; i < N_OPS; i++)
		attach(t, i);
}

static void weir_detach(struct trial *t)
{
	for (unsigned int i = 0; i < N_OPS; i++) {
		uint64_t began = now_ns();

		detach(t, i);
		trial_op(t, began);
	}
}

static void ip_detach(struct trial *t)
{
	for (unsigned int i = 0; i < N_OPS; i++) {
		uint64_t began = now_ns();

		trial_program(t, "ip link del vm%u", i);
		trial_op(t, began);
	}
}

/* clang-format off */
static const struct workload workloads[] = {
	WORKLOAD("network", "one more NAT network without DHCP is started, N run already", .sizes = { 1, 50, 500 }, .setup = many_setup, .is_shared = true),
	WORKLOAD("network dhcp", "one more NAT network with DHCP is started, N without run already", .sizes = { 1, 50 }, .setup = many_setup, .is_shared = true),
	WORKLOAD("network of many", "one more NAT network with DHCP is started, N with DHCP run already", .sizes = { 1, 50, 500 }, .setup = many_dhcp_setup, .is_shared = true),
	WORKLOAD("network stop", "one NAT network without DHCP is stopped, N others run", .sizes = { 1, 50, 500 }, .setup = many_and_one_setup, .is_shared = true),
	WORKLOAD("packets", "20,000 packets from the last of N networks go out", .sizes = { 1, 50, 500 }, .setup = guest_setup),
	WORKLOAD("dhcp host", "one DHCP host more, N are there", .sizes = { 1, 200 }, .setup = hosts_setup),
	WORKLOAD("attach", "20 guests' taps are attached one by one, N are there", .sizes = { 1, 100, 900 }, .setup = ports_setup),
	WORKLOAD("detach", "20 guests' taps are detached one by one, N others are there", .sizes = { 1, 100, 900 }, .setup = detach_setup),
	WORKLOAD("attach many", "N guests' taps are attached at once, with their records", .sizes = { 100, 1000 }, .setup = bulk_setup),
	WORKLOAD("detach many", "N guests' taps are detached at once", .sizes = { 100, 900 }, .setup = ports_setup),
};

#define LIBVIRT .needs = "libvirtd", .alone = true, .repeats = true

static const struct arm arms[] = {
	ARM("network", WEIR, weir_network, .setup = warm_setup, .undo = undo_network),
	ARM("network", FLOOR, replay, .setup = replay_setup, .undo = replay_undo),
	ARM("network", "weir net start", tool_network, .setup = tool_setup, .undo = undo_network, .most = 50, .needs = "$WEIR"),
	ARM("network", "ip -batch, nft -f", batches, .setup = peer_setup, .undo = undo_peer, .needs = "nft"),
	ARM("network", "ip, nft", calls, .setup = peer_setup, .undo = undo_peer, .most = 50, .needs = "nft"),
	ARM("network", "libvirt", libvirt_networks, .setup = libvirt_many_setup, .most = 50, LIBVIRT),

	ARM("network dhcp", WEIR, weir_dhcp_network, .setup = warm_dhcp_setup, .undo = undo_dhcp_network),
	ARM("network dhcp", "weir net start", tool_network, .setup = tool_dhcp_setup, .undo = undo_dhcp_network, .needs = "$WEIR"),
	ARM("network dhcp", "dnsmasq alone", dnsmasq, .setup = dnsmasq_setup, .undo = undo_dnsmasq, .needs = "dnsmasq"),
	ARM("network dhcp", "libvirt", libvirt_dhcp_networks, .setup = libvirt_many_setup, LIBVIRT),

	ARM("network of many", WEIR, weir_dhcp_network, .setup = warm_dhcp_setup, .undo = undo_dhcp_network),
	ARM("network of many", "dnsmasq alone", dnsmasq, .setup = dnsmasq_setup, .undo = undo_dnsmasq, .needs = "dnsmasq"),

	ARM("network stop", WEIR, weir_stop, .setup = warm_stop_setup, .undo = start_last),
	ARM("network stop", FLOOR, replay, .setup = replay_setup, .undo = undo_foreign_stop),
	ARM("network stop", "weir net stop", tool_stop, .undo = start_last, .needs = "$WEIR"),
	ARM("network stop", "ip -batch, nft -f", batches, .setup = lines_stop_setup, .undo = undo_foreign_stop, .needs = "nft"),
	ARM("network stop", "libvirt", libvirt_stops, .setup = libvirt_many_setup, .most = 50, LIBVIRT),

	ARM("packets", WEIR, packets),
	ARM("packets", "no rules", packets, .setup = no_rules_setup),
	ARM("packets", "rules for each network", packets, .setup = chain_setup, .needs = "nft"),

	ARM("dhcp host", WEIR, weir_host),
	ARM("dhcp host", FLOOR, floor_host),
	ARM("dhcp host", "weir net update", tool_host, .setup = tool_host_setup, .needs = "$WEIR"),
	ARM("dhcp host", "libvirt", libvirt_hosts, .setup = libvirt_hosts_setup, LIBVIRT),

	ARM("attach", WEIR, weir_attach),
	ARM("attach", FLOOR, replay, .setup = replay_setup),
	ARM("attach", "weir, ready ports", lease, .setup = ready_setup),
	ARM("attach", "weir pool lease", tool_lease, .setup = ready_setup, .needs = "$WEIR"),
	ARM("attach", "weir net attach", tool_attach, .needs = "$WEIR"),
	ARM("attach", "ip", ip_attach, .needs = "ip"),

	ARM("detach", WEIR, weir_detach),
	ARM("detach", FLOOR, replay, .setup = replay_setup),
	ARM("detach", "ip", ip_detach, .needs = "ip"),

	ARM("attach many", WEIR, weir_bulk),
	ARM("attach many", FLOOR, replay, .setup = replay_setup),
	ARM("attach many", "weir, one by one", weir_single),
	ARM("attach many", "ip -batch", ip_bulk, .setup = ip_bulk_setup, .needs = "ip"),
	ARM("detach many", WEIR, weir_bulk_detach),
	ARM("detach many", FLOOR, replay, .setup = replay_setup),
	ARM("detach many", "ip -batch", ip_bulk, .setup = ip_bulk_detach_setup, .needs = "ip", .most = 100),
};
/* clang-format on */

int main(int argc, char **argv)
{
	return bench_main(argc, argv, "networks", workloads, sizeof(workloads) / sizeof(workloads[0]), arms,
			  sizeof(arms) / sizeof(arms[0]));
}
