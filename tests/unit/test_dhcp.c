/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * lib/dhcp without a dnsmasq: texts against expectations written by hand from
 * libvirt's rules, what must be refused, file names, the lease file, and what a
 * reload decides to do. A real dnsmasq reads the texts in tests/netns/test_dhcp.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <weir/json.h>

/* The allocation with this number fails, counted down from it; negative: none does. */
static long fail_at = -1;

static bool out_of_memory(void)
{
	return fail_at >= 0 && fail_at-- == 0;
}

#define malloc(n) (out_of_memory() ? NULL : malloc(n))
#define realloc(p, size) (out_of_memory() ? NULL : realloc(p, size))
#include "base/str.c"
#include "dhcp/leases.c"
#undef malloc
#undef realloc

/* --- fixtures --------------------------------------------------------------------- */

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

static const struct wr_dhcp_files files = {
	.conf = "/r/n.conf",
	.hosts = "/r/n.hosts",
	.addnhosts = "/r/n.addnhosts",
	.leases = "/r/n.leases",
	.pid = "/r/n.pid",
};

/* Lines that are the same in all networks. */
#define BOUND "pid-file=/r/n.pid\nexcept-interface=lo\nbind-dynamic\ninterface=virbr0\n"
#define V4 "dhcp-no-override\ndhcp-authoritative\n"
#define FILE_OF_HOSTS "dhcp-hostsfile=/r/n.hosts\n"
#define FILE_OF_NAMES "addn-hosts=/r/n.addnhosts\n"
#define OWN                                                                                        \
	"# weir:\ndhcp-leasefile=/r/n.leases\n"                                                    \
	"dhcp-name-match=set:wpad-ignore,wpad\ndhcp-ignore-names=tag:wpad-ignore\n"

#define NAT "'name': 'n', 'forward': {'mode': 'nat'}, 'bridge': {'name': 'virbr0'}"
#define IP4 "'address': '192.168.122.1', 'prefix': 24"
#define IP6 "'address': '2001:db8:ac10:fd01::1', 'prefix': 64"
#define RANGE4 "'ranges': [{'start': '192.168.122.2', 'end': '192.168.122.254'}]"

struct golden {
	const char *name;
	const char *json;
	const char *conf;
	const char *hosts;
	const char *addnhosts;
	bool wanted;
};

/* clang-format off */
static const struct golden goldens[] = {
	{ "NAT with DHCP",
	  "{" NAT ", 'ips': [{" IP4 ", 'dhcp': {" RANGE4 "}}]}",
	  "strict-order\n" BOUND
	  "dhcp-range=192.168.122.2,192.168.122.254,255.255.255.0\n" V4
	  "dhcp-lease-max=253\n" FILE_OF_HOSTS FILE_OF_NAMES OWN,
	  "", "", true },
	{ "booting from the network, and lines as they are",
	  "{" NAT ", 'ips': [{" IP4 ", 'tftpRoot': '/srv/a, b', 'dhcp': {" RANGE4
	  ", 'bootp': {'file': 'pxe.img', 'server': '10.20.30.40'}}}], 'dnsmasqOptions': ['cname=*.a,b']}",
	  "strict-order\n" BOUND "enable-tftp\ntftp-root=\"/srv/a, b\"\n"
	  "dhcp-range=192.168.122.2,192.168.122.254,255.255.255.0\n" V4 "dhcp-boot=pxe.img,,10.20.30.40\n"
	  "dhcp-lease-max=253\n" FILE_OF_HOSTS FILE_OF_NAMES "cname=*.a,b\n" OWN,
	  "", "", true },
	{ "hosts, two IPv6 subnets without DHCP, another mask",
	  "{" NAT ", 'ips': [{'address': '10.1.2.1', 'prefix': 20, 'dhcp': {"
	  "'ranges': [{'start': '10.1.0.2', 'end': '10.1.0.9'}, {'start': '10.1.3.0', 'end': '10.1.4.255'}],"
	  "'hosts': [{'mac': '00:16:3e:77:e2:ed', 'name': 'a.example.com', 'ip': '10.1.2.10'},"
	  "{'mac': '00:16:3e:3e:a9:1a', 'ip': '10.1.2.11'}, {'name': 'c', 'ip': '10.1.2.12'}]}},"
	  "{'address': '2001:db8:ac10:fe01::1', 'prefix': 64}, {" IP6 "}]}",
	  "strict-order\n" BOUND
	  "dhcp-range=10.1.0.2,10.1.0.9,255.255.240.0\n"
	  "dhcp-range=10.1.3.0,10.1.4.255,255.255.240.0\n" V4
	  "dhcp-lease-max=520\n" FILE_OF_HOSTS FILE_OF_NAMES
	  "dhcp-range=2001:db8:ac10:fe01::1,ra-only\n"
	  "dhcp-range=2001:db8:ac10:fd01::1,ra-only\n" OWN,
	  "00:16:3e:77:e2:ed,10.1.2.10,a.example.com\n00:16:3e:3e:a9:1a,10.1.2.11\nc,10.1.2.12\n",
	  "", true },
	{ "DHCP for both families",
	  "{" NAT ", 'ips': [{" IP4 ", 'dhcp': {" RANGE4
	  ", 'hosts': [{'mac': '00:16:3e:77:e2:ed', 'ip': '192.168.122.10'}]}},"
	  "{" IP6 ", 'dhcp': {'ranges': [{'start': '2001:db8:ac10:fd01::1:10', 'end': '2001:db8:ac10:fd01::1:ff'}],"
	  "'hosts': [{'id': '0:4:7e:7d', 'ip': '2001:db8:ac10:fd01::1:20'},"
	  "{'name': 'paul', 'ip': '2001:db8:ac10:fd01::1:21'},"
	  "{'id': '0:3:0:1', 'name': 'peter.xyz', 'ip': '2001:db8:ac10:fd01::1:22', 'lease': {'expiry': 2, 'unit': 'hours'}}]}}]}",
	  "strict-order\n" BOUND
	  "dhcp-range=192.168.122.2,192.168.122.254,255.255.255.0\n" V4
	  "dhcp-range=2001:db8:ac10:fd01::1:10,2001:db8:ac10:fd01::1:ff,64\n"
	  "dhcp-lease-max=493\n" FILE_OF_HOSTS FILE_OF_NAMES "enable-ra\n" OWN,
	  "00:16:3e:77:e2:ed,192.168.122.10\n"
	  "id:0:4:7e:7d,[2001:db8:ac10:fd01::1:20]\n"
	  "paul,[2001:db8:ac10:fd01::1:21]\n"
	  "id:0:3:0:1,peter.xyz,[2001:db8:ac10:fd01::1:22],2h\n",
	  "", true },
	{ "only hosts, both families",
	  "{" NAT ", 'ips': [{" IP4 ", 'dhcp': {'hosts': [{'name': 'a', 'ip': '192.168.122.10'}]}},"
	  "{" IP6 ", 'dhcp': {'hosts': [{'id': 'a:b', 'ip': '2001:db8:ac10:fd01::5'}]}}]}",
	  "strict-order\n" BOUND
	  "dhcp-range=192.168.122.1,static\n" V4
	  "dhcp-range=2001:db8:ac10:fd01::1,static,64\n" FILE_OF_HOSTS FILE_OF_NAMES "enable-ra\n" OWN,
	  "a,192.168.122.10\nid:a:b,[2001:db8:ac10:fd01::5]\n", "", true },
	{ "isolated",
	  "{'name': 'n', 'bridge': {'name': 'virbr0'}, 'ips': [{" IP4 ", 'dhcp': {" RANGE4 "}}]}",
	  "strict-order\n" BOUND "dhcp-option=3\nno-resolv\nra-param=*,0,0\n"
	  "dhcp-range=192.168.122.2,192.168.122.254,255.255.255.0\n" V4
	  "dhcp-lease-max=253\n" FILE_OF_HOSTS FILE_OF_NAMES OWN,
	  "", "", true },
	{ "router advertisements alone",
	  "{'name': 'n', 'bridge': {'name': 'virbr0'}, 'forward': {'mode': 'open'}, 'ips': [{" IP6 "}]}",
	  "strict-order\n" BOUND FILE_OF_NAMES "dhcp-range=2001:db8:ac10:fd01::1,ra-only\n" OWN,
	  "", "", true },
	{ "no DNS, no DHCP",
	  "{" NAT ", 'dns': {'enable': false}, 'ips': [{" IP4 "}]}",
	  "strict-order\nport=0\n" BOUND OWN "no-resolv\n",
	  "", "", false },
	{ "no DNS, DHCP and MTU",
	  "{" NAT ", 'mtu': 9000, 'dns': {'enable': false}, 'ips': [{" IP4 ", 'dhcp': {" RANGE4 "}}]}",
	  "strict-order\nport=0\n" BOUND
	  "dhcp-range=192.168.122.2,192.168.122.254,255.255.255.0\n" V4
	  "dhcp-lease-max=253\n" FILE_OF_HOSTS "dhcp-option=option:mtu,9000\n" OWN
	  "no-resolv\n",
	  "", "", true },
	{ "no address",
	  "{" NAT "}", "strict-order\n" BOUND FILE_OF_NAMES OWN, "", "", false },
	{ "forwarders",
	  "{" NAT ", 'dns': {'forwarders': [{'address': '8.8.8.8'}, {'address': '2001:db8::8'},"
	  "{'domain': 'example.com', 'address': '192.168.1.1'}, {'domain': 'www.example.com'}]}, 'ips': [{" IP4 "}]}",
	  "strict-order\nserver=8.8.8.8\nserver=2001:db8::8\nserver=/example.com/192.168.1.1\n"
	  "server=/www.example.com/#\nno-resolv\n" BOUND FILE_OF_NAMES OWN,
	  "", "", true },
	{ "a forwarder for one domain leaves the host's resolver in place",
	  "{" NAT ", 'dns': {'forwarders': [{'domain': 'example.com', 'address': '192.168.1.1'}]}, 'ips': [{" IP4 "}]}",
	  "strict-order\nserver=/example.com/192.168.1.1\n" BOUND FILE_OF_NAMES OWN,
	  "", "", true },
	{ "domain, plain names, DNS hosts",
	  "{" NAT ", 'domain': {'name': 'example.com'}, 'dns': {'forwardPlainNames': false, 'hosts': ["
	  "{'address': '192.168.122.1', 'hostnames': ['host', 'gateway']}, {'address': '2001:db8::2', 'hostnames': ['six']}]},"
	  "'ips': [{" IP4 "}]}",
	  "strict-order\ndomain=example.com\nexpand-hosts\ndomain-needed\nlocal=//\n" BOUND FILE_OF_NAMES OWN,
	  "", "192.168.122.1\thost\tgateway\n2001:db8::2\tsix\n", true },
	{ "local domain",
	  "{" NAT ", 'domain': {'name': 'example.com', 'localOnly': true}, 'dns': {'forwardPlainNames': true}, 'ips': [{" IP4 "}]}",
	  "strict-order\nlocal=/example.com/\ndomain=example.com\nexpand-hosts\n" BOUND FILE_OF_NAMES OWN,
	  "", "", true },
	{ "reverse zones",
	  "{" NAT ", 'ips': [{" IP4 ", 'localPtr': true}, {" IP6 ", 'localPtr': true},"
	  "{'address': '10.20.30.40', 'prefix': 16, 'localPtr': true}, {'address': '10.20.30.40', 'prefix': 8, 'localPtr': true},"
	  "{'address': '2001:db8:ac10::1', 'prefix': 44, 'localPtr': true}, {'address': '10.9.0.1', 'prefix': 25, 'localPtr': false}]}",
	  "strict-order\nlocal=/122.168.192.in-addr.arpa/\n"
	  "local=/1.0.d.f.0.1.c.a.8.b.d.0.1.0.0.2.ip6.arpa/\n"
	  "local=/20.10.in-addr.arpa/\nlocal=/10.in-addr.arpa/\n"
	  "local=/1.c.a.8.b.d.0.1.0.0.2.ip6.arpa/\n" BOUND FILE_OF_NAMES
	  "dhcp-range=2001:db8:ac10:fd01::1,ra-only\ndhcp-range=2001:db8:ac10::1,ra-only\n" OWN,
	  "", "", true },
	{ "TXT records",
	  "{" NAT ", 'dns': {'txt': [{'name': 'example', 'value': 'example value'},"
	  "{'name': 'spf', 'value': 'v=spf1, a #b'}, {'name': 'back', 'value': 'a\\\\b'}, {'name': 'none', 'value': ''}]}, 'ips': [{" IP4 "}]}",
	  "strict-order\n" BOUND "txt-record=example,example value\ntxt-record=spf,\"v=spf1, a #b\"\n"
	  "txt-record=back,a\\b\ntxt-record=none,\n" FILE_OF_NAMES OWN,
	  "", "", true },
	{ "SRV records",
	  "{" NAT ", 'dns': {'srv': ["
	  "{'service': 'name', 'protocol': 'tcp'},"
	  "{'service': 'a', 'protocol': 'tcp', 'domain': 'd.com', 'target': 't.com', 'port': 1111, 'priority': 11, 'weight': 111},"
	  "{'service': 'b', 'protocol': 'udp', 'target': 't', 'port': 3333, 'priority': 33},"
	  "{'service': 'c', 'protocol': 'udp', 'target': 't', 'port': 4444},"
	  "{'service': 'd', 'protocol': 'udp', 'target': 't', 'priority': 55, 'weight': 555},"
	  "{'service': 'e', 'protocol': 'udp', 'target': 't', 'port': 6666, 'weight': 666},"
	  "{'service': 'f', 'protocol': 'udp', 'target': 't', 'weight': 777},"
	  "{'service': 'g', 'protocol': 'udp', 'target': 't'},"
	  "{'service': 'h', 'protocol': 'udp', 'target': '.', 'port': 5}]}, 'ips': [{" IP4 "}]}",
	  "strict-order\n" BOUND
	  "srv-host=_name._tcp\n"
	  "srv-host=_a._tcp.d.com,t.com,1111,11,111\n"
	  "srv-host=_b._udp,t,3333,33\n"
	  "srv-host=_c._udp,t,4444\n"
	  "srv-host=_d._udp,t,1,55,555\n"
	  "srv-host=_e._udp,t,6666,0,666\n"
	  "srv-host=_f._udp,t,1,0,777\n"
	  "srv-host=_g._udp,t\n"
	  "srv-host=_h._udp\n" FILE_OF_NAMES OWN,
	  "", "", true },
	{ "lease times",
	  "{" NAT ", 'ips': [{" IP4 ", 'dhcp': {'ranges': ["
	  "{'start': '192.168.122.2', 'end': '192.168.122.2', 'lease': {'expiry': 200, 'unit': 'seconds'}},"
	  "{'start': '192.168.122.3', 'end': '192.168.122.3', 'lease': {'expiry': 5}},"
	  "{'start': '192.168.122.4', 'end': '192.168.122.4', 'lease': {'expiry': 24, 'unit': 'hours'}},"
	  "{'start': '192.168.122.5', 'end': '192.168.122.5', 'lease': {'expiry': 0}}],"
	  "'hosts': [{'mac': '00:16:3e:77:e2:ed', 'ip': '192.168.122.10', 'lease': {'expiry': 0}},"
	  "{'name': 'a', 'ip': '192.168.122.11', 'lease': {'expiry': 300, 'unit': 'seconds'}}]}}]}",
	  "strict-order\n" BOUND
	  "dhcp-range=192.168.122.2,192.168.122.2,255.255.255.0,200s\n"
	  "dhcp-range=192.168.122.3,192.168.122.3,255.255.255.0,5m\n"
	  "dhcp-range=192.168.122.4,192.168.122.4,255.255.255.0,24h\n"
	  "dhcp-range=192.168.122.5,192.168.122.5,255.255.255.0,infinite\n" V4
	  "dhcp-lease-max=4\n" FILE_OF_HOSTS FILE_OF_NAMES OWN,
	  "00:16:3e:77:e2:ed,192.168.122.10,infinite\na,192.168.122.11,300s\n", "", true },
};
/* clang-format on */

/* --- texts ------------------------------------------------------------------------- */

static void check_text(const char *name, const char *what, struct wr_str *is, const char *want)
{
	if (strcmp(wr_str_text(is), want))
		fail_msg("%s: %s is\n%swant\n%s", name, what, wr_str_text(is), want);
	wr_str_done(is);
}

static void test_texts(void **state)
{
	for (size_t i = 0; i < WR_COUNT(goldens); i++) {
		const struct golden *g = &goldens[i];
		struct weir_network *net = network(g->json);
		struct weir_error err = WEIR_ERROR_INIT;
		struct wr_str conf = { 0 }, hosts = { 0 }, addnhosts = { 0 };

		if (wr_dhcp_config(net, &files, &conf, &err))
			fail_msg("%s: %s: %s", g->name, err.attr, err.msg);
		wr_dhcp_hosts(net, &hosts);
		wr_dhcp_addnhosts(net, &addnhosts);
		check_text(g->name, "conf", &conf, g->conf);
		check_text(g->name, "hosts", &hosts, g->hosts);
		check_text(g->name, "addnhosts", &addnhosts, g->addnhosts);
		if (wr_dhcp_wanted(net) != g->wanted)
			fail_msg("%s: wanted", g->name);
		weir_network_free(net);
	}
}

static void test_empty_paths_are_left_out(void **state)
{
	struct weir_network *net = network("{" NAT ", 'ips': [{" IP4 "}]}");
	struct wr_dhcp_files some = { .addnhosts = "/a b,#\"c/\\n" };
	struct wr_str conf = { 0 };

	assert_int_equal(wr_dhcp_config(net, &some, &conf, NULL), 0);
	check_text("paths", "conf", &conf,
		   "strict-order\nexcept-interface=lo\nbind-dynamic\ninterface=virbr0\n"
		   "addn-hosts=\"/a b,#\\\"c/\\\\n\"\n# weir:\n"
		   "dhcp-name-match=set:wpad-ignore,wpad\ndhcp-ignore-names=tag:wpad-ignore\n");
	weir_network_free(net);
}

/* --- refusals ------------------------------------------------------------------------ */

#define FULL                                                                                       \
	"{" NAT ", 'domain': {'name': 'd'}, 'dns': {'forwarders': [{'domain': 'f'}], "             \
	"'txt': [{'name': 't', 'value': 'v'}], "                                                   \
	"'srv': [{'service': 's', 'protocol': 'p', 'domain': 'd', 'target': 't'}], "               \
	"'hosts': [{'address': '1.2.3.4', 'hostnames': ['a', 'b']}]}, "                            \
	"'ips': [{" IP4 ", 'dhcp': {'hosts': [{'name': 'a', 'ip': '192.168.122.2'}, "              \
	"{'mac': '00:16:3e:77:e2:ed', 'ip': '192.168.122.3'}]}}, "                                 \
	"{" IP6 ", 'dhcp': {'hosts': [{'id': 'a:b', 'ip': '2001:db8:ac10:fd01::5'}]}}]}"

static char **name_of(struct weir_network *n)
{
	return &n->name;
}

static char **domain_of(struct weir_network *n)
{
	return &n->domain.name;
}

static char **forwarder_of(struct weir_network *n)
{
	return &n->dns.forwarders[0].domain;
}

static char **txt_name_of(struct weir_network *n)
{
	return &n->dns.txt[0].name;
}

static char **txt_value_of(struct weir_network *n)
{
	return &n->dns.txt[0].value;
}

static char **service_of(struct weir_network *n)
{
	return &n->dns.srv[0].service;
}

static char **protocol_of(struct weir_network *n)
{
	return &n->dns.srv[0].protocol;
}

static char **srv_domain_of(struct weir_network *n)
{
	return &n->dns.srv[0].domain;
}

static char **target_of(struct weir_network *n)
{
	return &n->dns.srv[0].target;
}

static char **hostname_of(struct weir_network *n)
{
	return &n->dns.hosts[0].hostnames[1].name;
}

static char **host_name_of(struct weir_network *n)
{
	return &n->ips[0].dhcp.hosts[0].name;
}

static char **mac_of(struct weir_network *n)
{
	return &n->ips[0].dhcp.hosts[1].mac;
}

static char **id_of(struct weir_network *n)
{
	return &n->ips[1].dhcp.hosts[0].id;
}

static const struct {
	char **(*member)(struct weir_network *n);
	const char *attr;
	bool free_text;
} members[] = {
	{ name_of, "name", true },
	{ domain_of, "domain.name", false },
	{ forwarder_of, "dns.forwarders[0].domain", false },
	{ txt_name_of, "dns.txt[0].name", true },
	{ txt_value_of, "dns.txt[0].value", true },
	{ service_of, "dns.srv[0].service", false },
	{ protocol_of, "dns.srv[0].protocol", false },
	{ srv_domain_of, "dns.srv[0].domain", false },
	{ target_of, "dns.srv[0].target", false },
	{ hostname_of, "dns.hosts[0].hostnames[1].name", false },
	{ host_name_of, "ips[0].dhcp.hosts[0].name", false },
	{ mac_of, "ips[0].dhcp.hosts[1].mac", false },
	{ id_of, "ips[1].dhcp.hosts[0].id", false },
};

static void expect_refusal(const struct weir_network *net, const char *attr, const char *msg)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct wr_str conf = { 0 };
	int r = wr_dhcp_config(net, &files, &conf, &err);

	wr_str_done(&conf);
	if (r != -EINVAL || err.code != r || strcmp(err.attr, attr) || !strstr(err.msg, msg))
		fail_msg("%s: want \"%s\"; is %d, %s: %s", attr, msg, r, err.attr, err.msg);
	assert_int_equal(err.stage, WEIR_STAGE_INPUT);
	assert_memory_equal(err.object, "network ", 8);
}

static void with_value(size_t i, const char *value, const char *msg)
{
	struct weir_network *net = network(FULL);
	char **member = members[i].member(net);

	free(*member);
	*member = strdup(value);
	assert_non_null(*member);
	expect_refusal(net, members[i].attr, msg);
	weir_network_free(net);
}

static void test_refuses_control_characters(void **state)
{
	static const char *const bad[] = { "a\nuser=root", "\r", "a\tb", "\x7f", "a\x1b[2J" };

	for (size_t i = 0; i < WR_COUNT(members); i++)
		for (size_t k = 0; k < WR_COUNT(bad); k++)
			with_value(i, bad[k], "control character");
}

static void test_refuses_syntax(void **state)
{
	static const char *const bad[] = { "a,b", "a b", "a\"b", "a#b", "a=b", "a\\b", "\xc3\xa9" };

	for (size_t i = 0; i < WR_COUNT(members); i++) {
		if (members[i].free_text)
			continue;
		for (size_t k = 0; k < WR_COUNT(bad); k++)
			with_value(i, bad[k], "take for something else");
		with_value(i, "", "is empty");
	}
}

static void test_refuses_long_words(void **state)
{
	char value[600];

	memset(value, 'a', sizeof(value));
	value[sizeof(value) - 1] = '\0';
	for (size_t i = 0; i < WR_COUNT(members); i++)
		if (!members[i].free_text)
			with_value(i, value, "too long");
}

/* What is beyond 1024 bytes would be read as the next line. */
static void test_refuses_long_lines(void **state)
{
	struct weir_network *net = network(FULL);
	char **value = txt_value_of(net);
	struct wr_str conf = { 0 };

	free(*value);
	*value = calloc(1, 1100);
	assert_non_null(*value);
	memset(*value, 'a', 1010);
	assert_int_equal(wr_dhcp_config(net, &files, &conf, NULL), 0);
	memcpy(*value + 1010, "dhcp-script=/evil", 17);
	expect_refusal(net, "", "makes a line of 1040 bytes, and dnsmasq reads at most 1023");
	wr_str_done(&conf);
	weir_network_free(net);
}

static void test_refuses_keywords_as_host_names(void **state)
{
	static const char *const bad[] = { "ignore", "infinite", "45", "45m", "2H", "10.0.0.1" };
	static const char *const good[] = { "ignored", "45x", "m45", "45mm", "10.0.0.1.example" };
	size_t host = 0;

	while (members[host].member != host_name_of)
		host++;
	for (size_t i = 0; i < WR_COUNT(bad); i++)
		with_value(host, bad[i], "is no name to dnsmasq");
	for (size_t i = 0; i < WR_COUNT(good); i++) {
		struct weir_network *net = network(FULL);
		struct wr_str conf = { 0 };

		free(*host_name_of(net));
		*host_name_of(net) = strdup(good[i]);
		assert_int_equal(wr_dhcp_config(net, &files, &conf, NULL), 0);
		wr_str_done(&conf);
		weir_network_free(net);
	}
}

static void test_refuses_bridge_and_state_dir(void **state)
{
	struct wr_dhcp_files bad = files;
	struct weir_error err = WEIR_ERROR_INIT;
	struct wr_str conf = { 0 };
	struct weir_network *net = network("{" NAT "}");

	memcpy(net->bridge.name, "", 1);
	expect_refusal(net, "bridge.name", "is empty");
	memcpy(net->bridge.name, "br*", 4);
	expect_refusal(net, "bridge.name", "take for something else");
	memcpy(net->bridge.name, "br0", 4);
	memcpy(bad.conf, "/a\nb", 5);
	assert_int_equal(wr_dhcp_config(net, &bad, &conf, &err), -EINVAL);
	assert_string_equal(err.attr, "state directory");
	memset(bad.addnhosts, 'x', 1200);
	memcpy(bad.conf, "/a", 3);
	assert_int_equal(wr_dhcp_config(net, &bad, &conf, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "makes a line of 1211 bytes"));
	wr_str_done(&conf);
	weir_network_free(net);
}

static void test_refuses_reverse_zones(void **state)
{
	static const struct {
		const char *ip;
		int prefix;
		const char *msg; /* NULL: taken */
	} cases[] = {
		{ "10.0.0.1", 25, "a prefix of 25 bits: it must be 8, 16 or 24" },
		{ "10.0.0.1", 7, "8, 16 or 24" },
		{ "10.0.0.1", 32, "8, 16 or 24" },
		{ "10.0.0.1", 16, NULL },
		{ "2001:db8::1", 62, "a prefix of 62 bits: it must be a multiple of 4" },
		{ "2001:db8::1", 60, NULL },
		{ "2001:db8::1", 4, NULL },
	};

	for (size_t i = 0; i < WR_COUNT(cases); i++) {
		struct weir_network *net = network("{" NAT ", 'ips': [{" IP4 "}, {" IP4 "}]}");
		struct wr_str conf = { 0 };

		net->ips[1].local_ptr = WEIR_YES;
		net->ips[1].prefix = cases[i].prefix;
		assert_int_equal(weir_ip_parse(cases[i].ip, &net->ips[1].address), 0);
		if (cases[i].msg)
			expect_refusal(net, "ips[1].localPtr", cases[i].msg);
		else
			assert_int_equal(wr_dhcp_config(net, &files, &conf, NULL), 0);
		wr_str_done(&conf);
		net->dns.enable = WEIR_NO; /* no DNS, no zones */
		assert_int_equal(wr_dhcp_config(net, &files, &conf, NULL), 0);
		wr_str_done(&conf);
		weir_network_free(net);
	}
}

/* --- names, process, user ids ---------------------------------------------------------- */

static void test_paths(void **state)
{
	static const struct {
		const char *name, *file;
	} cases[] = {
		{ "default", "default" },
		{ "a.b-c_D9", "a.b-c_D9" },
		{ "-x", "-x" },
		{ "..", ".." },
		{ "a b\"c;#'%", "a%20b%22c%3B%23%27%25" },
		{ "caf\xc3\xa9", "caf\xc3\xa9" },
		{ "\\*?$`", "%5C%2A%3F%24%60" },
	};
	char want[300];

	for (size_t i = 0; i < WR_COUNT(cases); i++) {
		struct wr_dhcp_files f;

		wr_dhcp_paths("/run/weir", cases[i].name, &f);
		snprintf(want, sizeof(want), "/run/weir/dnsmasq/%s.conf", cases[i].file);
		assert_string_equal(f.conf, want);
		snprintf(want, sizeof(want), "/run/weir/dnsmasq/%s.addnhosts", cases[i].file);
		assert_string_equal(f.addnhosts, want);
		snprintf(want, sizeof(want), "/run/weir/dnsmasq/%s.hosts", cases[i].file);
		assert_string_equal(f.hosts, want);
		snprintf(want, sizeof(want), "/run/weir/dnsmasq/%s.leases", cases[i].file);
		assert_string_equal(f.leases, want);
		snprintf(want, sizeof(want), "/run/weir/dnsmasq/%s.pid", cases[i].file);
		assert_string_equal(f.pid, want);
	}
}

/* Every name of 200 bytes gives names that the file system takes, and all differ. */
static void test_long_names(void **state)
{
	struct wr_dhcp_files plain, odd, other;
	char name[201];

	memset(name, 'a', 200);
	name[200] = '\0';
	wr_dhcp_paths("/r", name, &plain);
	assert_int_equal(strlen(plain.addnhosts),
			 strlen("/r/dnsmasq/") + 200 + strlen(".addnhosts"));
	memset(name, '"', 200);
	wr_dhcp_paths("/r", name, &odd);
	name[199] = '#';
	wr_dhcp_paths("/r", name, &other);
	assert_true(strlen(strrchr(odd.addnhosts, '/') + 1) + strlen("~new") <= 255);
	assert_string_not_equal(odd.conf, other.conf);
	assert_null(strpbrk(strrchr(odd.conf, '/'), "\" #;"));
}

static void test_service(void **state)
{
	struct weir_network *net = network("{" NAT "}");
	struct weir_error err = WEIR_ERROR_INIT;
	struct wr_dhcp_service s;
	char dir[WR_DHCP_PATH];

	assert_int_equal(wr_dhcp_service(net, "/run/weir", &s, &err), 0);
	assert_string_equal(s.service.name, "dnsmasq of network n");
	assert_string_equal(s.service.pid_file, "/run/weir/dnsmasq/n.pid");
	assert_int_equal(s.service.argv[0][0], '/');
	assert_string_equal(s.service.argv[1], "--conf-file=/run/weir/dnsmasq/n.conf");
	assert_null(s.service.argv[2]);
	memset(dir, 'd', sizeof(dir));
	dir[sizeof(dir) - 1] = '\0';
	assert_int_equal(wr_dhcp_service(net, dir, &s, &err), -ENAMETOOLONG);
	weir_network_free(net);
}

static void test_id_maps(void **state)
{
	static const char all[] = "         0          0 4294967295\n";
	static const char one[] = "         0       1000          1\n";
	static const char two[] = "0 1000 1\n1 100000 65536\n";

	assert_true(wr_dhcp_id_mapped(all, 65534));
	assert_false(wr_dhcp_id_mapped(one, 65534));
	assert_true(wr_dhcp_id_mapped(one, 0));
	assert_true(wr_dhcp_id_mapped(two, 65534));
	assert_true(wr_dhcp_id_mapped(two, 65536));
	assert_false(wr_dhcp_id_mapped(two, 65537));
	assert_false(wr_dhcp_id_mapped("0 0 65534\n", 65534));
	assert_false(wr_dhcp_id_mapped("", 0));
	assert_false(wr_dhcp_id_mapped("rubbish 1 2", 0));
}

/* --- leases ------------------------------------------------------------------------------- */

struct file {
	char path[64];
};

static void write_file(struct file *f, const void *data, size_t len)
{
	int fd;

	memcpy(f->path, "/tmp/weir-leases-XXXXXX", 24);
	fd = mkstemp(f->path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, len), len);
	close(fd);
}

static size_t leases_of(const char *text, size_t len, uint64_t now_s, struct weir_lease **ret)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct file f;
	size_t n = 99;

	write_file(&f, text, len);
	assert_int_equal(wr_dhcp_leases(f.path, now_s, ret, &n, &err), 0);
	unlink(f.path);
	return n;
}

static void check_lease(const struct weir_lease *l, const char *ip, const char *mac,
			const char *name, uint64_t expires)
{
	char text[WEIR_IP_TEXT];

	assert_string_equal(weir_ip_format(&l->address, text), ip);
	assert_string_equal(l->mac, mac);
	assert_string_equal(l->hostname, name);
	assert_int_equal(l->expires, expires);
}

static void test_leases(void **state)
{
	static const char text[] =
		"1700000100 52:54:00:aa:bb:cc 192.168.122.5 web 01:52:54:00:aa:bb:cc\n"
		"1700000000 52:54:00:aa:bb:01 192.168.122.6 gone *\n"
		"0 52:54:00:aa:bb:02 192.168.122.7 * *\n"
		"1700000200 06-00:11 192.168.122.8 odd *\n"
		"duid 00:01:00:01:2d:aa:bb:cc:52:54:00:00:00:01\n"
		"1700000300 11189196 2001:db8::10 six 00:04:7e:7d\n"
		"1700000300 T11189197 2001:db8::11 * 00:04:7e:7d\n";
	struct weir_lease *l;

	assert_int_equal(leases_of(text, strlen(text), 1700000000, &l), 5);
	check_lease(&l[0], "192.168.122.5", "52:54:00:aa:bb:cc", "web", 1700000100);
	check_lease(&l[1], "192.168.122.7", "52:54:00:aa:bb:02", "", 0);
	check_lease(&l[2], "192.168.122.8", "06-00:11", "odd", 1700000200);
	check_lease(&l[3], "2001:db8::10", "00:04:7e:7d", "six", 1700000300);
	check_lease(&l[4], "2001:db8::11", "00:04:7e:7d", "", 1700000300);
	free(l);
	assert_int_equal(leases_of(text, strlen(text), 1800000000, &l), 1);
	free(l);
}

static void test_damaged_leases(void **state)
{
	static const char text[] = "\n \nduid\nrubbish\n1 2 3\n1 2 3 4 5 6 7 8\n"
				   "-5 52:54:00:aa:bb:cc 192.168.122.5 a *\n"
				   "12x 52:54:00:aa:bb:cc 192.168.122.5 a *\n"
				   "99999999999999999999999 52:54:00:aa:bb:cc 192.168.122.5 a *\n"
				   "9 52:54:00:aa:bb:cc 192.168.122.555 a *\n"
				   "9 52:54:00:aa:bb:cc 192.168.122.5 \x1b[2J *\n"
				   "9 52:54:00:aa:bb:cc 192.168.122.5\n"
				   "9 52:54:00:aa:bb:cc 192.168.122.9 good *\n"
				   "9 52:54:00:aa:bb:cc 192.168.122.5 ab\0c *\n"
				   "9 52:54:00:aa:bb:cc 192.168.122.5 cut";
	char big[4000];
	struct weir_lease *l;

	assert_int_equal(leases_of(text, sizeof(text) - 1, 0, &l), 1);
	check_lease(&l[0], "192.168.122.9", "52:54:00:aa:bb:cc", "good", 9);
	free(l);
	assert_int_equal(leases_of("", 0, 0, &l), 0);
	free(l);
	memset(big, 'a', sizeof(big));
	memcpy(big, "9 52:54:00:aa:bb:cc 192.168.122.5 ", 34);
	memcpy(big + sizeof(big) - 3, " *\n", 3);
	assert_int_equal(leases_of(big, sizeof(big), 0, &l), 1);
	assert_int_equal(strlen(l[0].hostname), 255);
	free(l);
}

static void test_no_lease_file(void **state)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_lease *l = NULL;
	size_t n = 9;

	assert_int_equal(wr_dhcp_leases("/nonexistent/leases", 0, &l, &n, &err), 0);
	assert_int_equal(n, 0);
	free(l);
	assert_int_equal(wr_dhcp_leases("/", 0, &l, &n, &err), -EISDIR);
	assert_string_equal(err.object, "DHCP leases");
}

/* Every prefix of a good file: no crash, and never a lease that is not in it. */
static void test_truncated_leases(void **state)
{
	static const char text[] = "5 52:54:00:aa:bb:cc 192.168.122.5 web *\nduid 00:01\n"
				   "5 1 2001:db8::10 six 00:04\n";
	struct weir_lease *l;

	for (size_t len = 0; len < sizeof(text); len += 3) {
		size_t n = leases_of(text, len, 0, &l);

		assert_int_equal(n, (len >= 39) + (len >= 74));
		free(l);
	}
}

/* --- reload -------------------------------------------------------------------------------- */

#define PLAIN "{" NAT ", 'ips': [{" IP4 ", 'dhcp': {" RANGE4 "}}]}"
#define HOST "{'mac': '00:16:3e:77:e2:ed', 'ip': '192.168.122.10'}"
#define WITH_HOST "{" NAT ", 'ips': [{" IP4 ", 'dhcp': {" RANGE4 ", 'hosts': [" HOST "]}}]}"
#define WITH_NAME                                                                                  \
	"{" NAT ", 'dns': {'hosts': [{'address': '10.0.0.1', 'hostnames': ['a']}]}, "              \
	"'ips': [{" IP4 ", 'dhcp': {" RANGE4 "}}]}"
#define WITH_TXT                                                                                   \
	"{" NAT ", 'dns': {'txt': [{'name': 'a', 'value': 'b'}]}, "                                \
	"'ips': [{" IP4 ", 'dhcp': {" RANGE4 "}}]}"
#define ONLY_DNS "{" NAT ", 'ips': [{" IP4 "}]}"
#define ONLY_HOST "{" NAT ", 'ips': [{" IP4 ", 'dhcp': {'hosts': [" HOST "]}}]}"
#define NONE "{" NAT ", 'dns': {'enable': false}, 'ips': [{" IP4 "}]}"

static const struct {
	const char *name, *old, *net;
	int pid;
	enum wr_dhcp_change want;
} changes[] = {
	{ "nothing new", PLAIN, PLAIN, 7, WR_DHCP_NOTHING },
	{ "nothing new, but it died", PLAIN, PLAIN, 0, WR_DHCP_START },
	{ "a host more", PLAIN, WITH_HOST, 7, WR_DHCP_RELOAD },
	{ "a host less", WITH_HOST, PLAIN, 7, WR_DHCP_RELOAD },
	{ "a host more, but it died", PLAIN, WITH_HOST, 0, WR_DHCP_START },
	{ "a DNS host", PLAIN, WITH_NAME, 7, WR_DHCP_RELOAD },
	{ "a TXT record", PLAIN, WITH_TXT, 7, WR_DHCP_RESTART },
	{ "the first host turns DHCP on", ONLY_DNS, ONLY_HOST, 7, WR_DHCP_RESTART },
	{ "the last host turns it off", ONLY_HOST, ONLY_DNS, 7, WR_DHCP_RESTART },
	{ "needed now", NONE, PLAIN, 0, WR_DHCP_START },
	{ "needed now, one was left over", NONE, PLAIN, 7, WR_DHCP_RESTART },
	{ "not needed any more", PLAIN, NONE, 7, WR_DHCP_STOP },
	{ "not needed any more, and died", PLAIN, NONE, 0, WR_DHCP_STOP },
	{ "never needed", NONE, NONE, 0, WR_DHCP_NOTHING },
};

static void test_changes(void **state)
{
	for (size_t i = 0; i < WR_COUNT(changes); i++) {
		struct weir_network *old = network(changes[i].old);
		struct weir_network *net = network(changes[i].net);
		enum wr_dhcp_change change = 99;

		assert_int_equal(wr_dhcp_change(old, net, &files, changes[i].pid, &change, NULL),
				 0);
		if (change != changes[i].want)
			fail_msg("%s: %d, want %d", changes[i].name, change, changes[i].want);
		weir_network_free(old);
		weir_network_free(net);
	}
}

static void test_change_refuses(void **state)
{
	struct weir_network *old = network(PLAIN), *net = network(WITH_TXT);
	enum wr_dhcp_change change;

	*net->dns.txt[0].value = '\n';
	assert_int_equal(wr_dhcp_change(old, net, &files, 1, &change, NULL), -EINVAL);
	weir_network_free(old);
	weir_network_free(net);
}

/* --- memory ---------------------------------------------------------------------------------- */

/* Every allocation fails once, until all succeed; nothing leaks, and no text is cut. */
static void test_out_of_memory(void **state)
{
	struct weir_network *old = network(PLAIN), *net = network(FULL);
	enum wr_dhcp_change change;
	int r = -ENOMEM;

	for (long n = 0; r; n++) {
		struct weir_error err = WEIR_ERROR_INIT;

		fail_at = n;
		r = wr_dhcp_change(old, net, &files, 7, &change, &err);
		if (fail_at >= 0)
			break;
		assert_true(!r || (r == -ENOMEM && err.code == -ENOMEM));
		if (!r)
			assert_int_equal(change, WR_DHCP_RESTART);
		r = -ENOMEM;
	}
	fail_at = -1;
	weir_network_free(old);
	weir_network_free(net);
}

static void test_out_of_memory_for_leases(void **state)
{
	struct weir_lease *l = NULL;
	struct file f;
	size_t n = 0;
	int r = -ENOMEM;

	write_file(&f, "9 52:54:00:aa:bb:cc 192.168.122.9 good *\n", 41);
	for (long i = 0; r; i++) {
		struct weir_error err = WEIR_ERROR_INIT;

		fail_at = i;
		r = wr_dhcp_leases(f.path, 0, &l, &n, &err);
		assert_true(!r || (r == -ENOMEM && err.code == -ENOMEM));
	}
	fail_at = -1;
	assert_int_equal(n, 1);
	free(l);
	unlink(f.path);
}

/* What is no address does not become a line of dnsmasq's language. */
static void test_resolvers(void **state)
{
	wr_auto(str) struct wr_str out = { 0 };

	wr_dhcp_servers("# nameserver 10.0.0.9\n"
			"nameserver 192.0.2.1\r\n"
			"search a.test\n"
			"nameserver\t2001:db8::53  # mine\n"
			"nameserver fe80::1%eth0\n"
			"nameserver 192.0.2.2#5353\n"
			"nameserver fe80::1%a@b\n"
			"nameserver\n"
			"nameservers 192.0.2.3\n"
			"nameserver one.test\n"
			"nameserver 192.0.2.4", &out);
	assert_string_equal(wr_str_text(&out), "server=192.0.2.1\nserver=2001:db8::53\nserver=fe80::1%eth0\n"
					       "server=192.0.2.4\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_resolvers),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_empty_paths_are_left_out),
		cmocka_unit_test(test_refuses_control_characters),
		cmocka_unit_test(test_refuses_syntax),
		cmocka_unit_test(test_refuses_long_words),
		cmocka_unit_test(test_refuses_long_lines),
		cmocka_unit_test(test_refuses_keywords_as_host_names),
		cmocka_unit_test(test_refuses_bridge_and_state_dir),
		cmocka_unit_test(test_refuses_reverse_zones),
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_long_names),
		cmocka_unit_test(test_service),
		cmocka_unit_test(test_id_maps),
		cmocka_unit_test(test_leases),
		cmocka_unit_test(test_damaged_leases),
		cmocka_unit_test(test_no_lease_file),
		cmocka_unit_test(test_truncated_leases),
		cmocka_unit_test(test_changes),
		cmocka_unit_test(test_change_refuses),
		cmocka_unit_test(test_out_of_memory),
		cmocka_unit_test(test_out_of_memory_for_leases),
	};

	return cmocka_run_group_tests_name("dhcp", tests, NULL, NULL);
}
