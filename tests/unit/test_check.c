/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Rules of a definition (lib/network/check.c, and those of tables.c that show only
 * in a whole): for each a definition that keeps it and one that breaks it, with
 * code and path. Definitions are JSON text in which ' stands for ".
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <cmocka.h>

#include <weir/json.h>
#include <weir/network.h>

#include "network/network.h"

static int try_parse(const char *json, struct weir_network **ret, struct weir_error *err)
{
	char *text = strdup(json);
	int r;

	assert_non_null(text);
	for (char *p = text; *p; p++)
		if (*p == '\'')
			*p = '"';
	r = weir_network_parse(text, strlen(text), ret, err);
	free(text);
	return r;
}

static struct weir_network *parse(const char *name, const char *json)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_network *net = NULL;

	if (try_parse(json, &net, &err))
		fail_msg("%s: %s: %s", name, err.attr, err.msg);
	return net;
}

struct rule {
	const char *name, *good, *bad;
	int code;
	const char *attr;
	bool in_text;	/* what is missing is missed already when the text is read */
};

/* --- pieces ---------------------------------------------------------------------------------------- */

#define NET(members) "{'name':'n'," members "}"
#define V4 "{'address':'10.0.0.1','prefix':24}"
#define V6 "{'address':'fd00::1','prefix':64}"
#define IPS(list) "'ips':[" list "]"
#define MODE(word) "'forward':{'mode':'" word "'}"
#define NAT(members) NET("'forward':{'mode':'nat','nat':{" members "}}," IPS(V4))
#define RANGE4(start, end)                                                                         \
	NET(IPS("{'address':'10.0.0.1','prefix':8,'dhcp':{'ranges':[{'start':'" start "','end':'" end "'}]}}"))
#define RANGE6(start, end)                                                                         \
	NET(IPS("{'address':'fd00::1','prefix':32,'dhcp':{'ranges':[{'start':'" start "','end':'" end "'}]}}"))
#define HOSTS4(list) NET(IPS("{'address':'10.0.0.1','prefix':24,'dhcp':{'hosts':[" list "]}}"))
#define HOSTS6(list) NET(IPS("{'address':'fd00::1','prefix':64,'dhcp':{'hosts':[" list "]}}"))
#define HOST(ip, members) "{'ip':'" ip "'," members "}"
#define MAC1 "'mac':'52:54:00:00:00:01'"
#define MAC2 "'mac':'52:54:00:00:00:02'"
#define ROUTE(address, prefix, gateway)                                                            \
	NET(IPS(V4 "," V6) ",'routes':[{'address':'" address "','prefix':" #prefix ",'gateway':'" gateway "'}]")
#define GROUPS(list) NET("'portgroups':[" list "]")
#define DNS(members) NET("'dns':{" members "}")
#define BANDWIDTH(members) NET("'bandwidth':{" members "}")
#define LEASE(members)                                                                             \
	NET(IPS("{'address':'10.0.0.1','prefix':24,'dhcp':{'ranges':[{'start':'10.0.0.2','end':"   \
		"'10.0.0.9','lease':{" members "}}]}}"))

/* clang-format off */
static const struct rule rules[] = {
	/* --- what must be there */
	{ "a name", "{'name':'n'}", "{}", -EINVAL, "name", true },
	{ "a range's end", NAT("'address':{'start':'1.1.1.1','end':'1.1.1.2'}"),
	  NAT("'address':{'start':'1.1.1.1'}"), -EINVAL, "forward.nat.address.end", true },
	{ "a range's start", NAT("'port':{'start':1,'end':2}"), NAT("'port':{'end':2}"), -EINVAL,
	  "forward.nat.port.start", false },
	{ "an address", NET(IPS(V4)), NET(IPS("{'prefix':24}")), -EINVAL, "ips[0].address", true },
	{ "an address that a bridge can have", NET(IPS("{'address':'223.255.0.1','prefix':24}")),
	  NET(IPS("{'address':'224.0.0.1','prefix':24}")), -EINVAL, "ips[0].address", false },
	{ "no loopback address", NET(IPS("{'address':'126.0.0.1','prefix':8}")),
	  NET(IPS("{'address':'127.0.0.1','prefix':8}")), -EINVAL, "ips[0].address", false },
	{ "an address that is one", NET(IPS("{'address':'240.2.3.4','prefix':8}")),
	  NET(IPS("{'address':'0.0.0.0','prefix':32}")), -EINVAL, "ips[0].address", false },
	{ "an IPv6 address that is one", NET(IPS("{'address':'2001:db8::','prefix':64}")),
	  NET(IPS("{'address':'::','prefix':64}")), -EINVAL, "ips[0].address", false },
	{ "an IPv6 address that a bridge can have", NET(IPS("{'address':'fe80::1','prefix':64}")),
	  NET(IPS("{'address':'ff02::1','prefix':64}")), -EINVAL, "ips[0].address", false },
	{ "no IPv6 loopback address", NET(IPS("{'address':'1::1','prefix':64}")),
	  NET(IPS("{'address':'::1','prefix':64}")), -EINVAL, "ips[0].address", false },
	{ "a prefix that says itself", NET(IPS("{'address':'10.0.0.1'}")), NET(IPS("{'address':'224.0.0.1'}")),
	  -ERANGE, "ips[0].prefix", false },
	{ "a netmask", NET(IPS("{'address':'10.0.0.1','netmask':'255.255.128.0'}")),
	  NET(IPS("{'address':'10.0.0.1','netmask':'255.0.255.0'}")), -EINVAL, "ips[0].netmask", false },
	{ "a netmask or a prefix", NET(IPS("{'address':'10.0.0.1','netmask':'255.255.128.0'}")),
	  NET(IPS("{'address':'10.0.0.1','netmask':'255.255.255.0','prefix':24}")), -EINVAL, "ips[0].prefix",
	  false },
	{ "a netmask of its family", NET(IPS("{'address':'10.0.0.1','netmask':'255.255.128.0'}")),
	  NET(IPS("{'address':'fd00::1','netmask':'255.255.255.0'}")), -EINVAL, "ips[0].netmask", false },
	{ "the family of the address", NET(IPS("{'family':'ipv4','address':'10.0.0.1'}")),
	  NET(IPS("{'family':'ipv6','address':'10.0.0.1'}")), -EINVAL, "ips[0].family", false },
	{ "TFTP over IPv4", NET(IPS("{'address':'10.0.0.1','tftpRoot':'/srv'}")),
	  NET(IPS("{'address':'fd00::1','tftpRoot':'/srv'}")), -EINVAL, "ips[0].tftpRoot", false },
	{ "names of a host", DNS("'hosts':[{'address':'10.0.0.9','hostnames':['a']}]"),
	  DNS("'hosts':[{'address':'10.0.0.9'}]"), -EINVAL, "dns.hosts[0].hostnames", true },
	{ "a MAC address that a bridge can have", NET(MAC1), NET("'mac':'00:00:00:00:00:00'"), -EINVAL, "mac", true },
	{ "a reverse zone", NET(IPS("{'address':'10.0.0.1','prefix':24,'localPtr':true}")),
	  NET(IPS("{'address':'10.0.0.1','prefix':25,'localPtr':true}")), -EINVAL, "ips[0].localPtr", false },
	{ "what dnsmasq takes for a name",
	  NET(IPS("{'address':'10.0.0.1','prefix':24,'dhcp':{'hosts':[{'name':'m45','ip':'10.0.0.9'}]}}")),
	  NET(IPS("{'address':'10.0.0.1','prefix':24,'dhcp':{'hosts':[{'name':'45m','ip':'10.0.0.9'}]}}")), -EINVAL,
	  "ips[0].dhcp.hosts[0].name", false },
	{ "a domain's name", NET("'domain':{'name':'lan','localOnly':true}"), NET("'domain':{'localOnly':true}"),
	  -EINVAL, "domain.name", true },

	/* --- forward */
	{ "dev in mode route", NET("'forward':{'mode':'route','interfaces':['eth0']}," IPS(V4)),
	  NET("'forward':{'mode':'open','interfaces':['eth0']}," IPS(V4)), -EINVAL, "forward.interfaces", false },
	{ "dev in mode nat", NET("'forward':{'mode':'nat','interfaces':['eth0']}," IPS(V4)),
	  NET("'forward':{'mode':'isolated','interfaces':['eth0']}," IPS(V4)), -EINVAL, "forward.interfaces", false },
	{ "a pool in macvtap modes", NET("'forward':{'mode':'vepa','interfaces':['a','b']}"),
	  NET("'forward':{'mode':'vepa','addresses':['0000:03:00.1']}"), -EINVAL, "forward.addresses", false },
	{ "a pool in mode hostdev", NET("'forward':{'mode':'hostdev','addresses':['0000:03:00.1']}"),
	  NET("'forward':{'mode':'hostdev','interfaces':['a']}"), -EINVAL, "forward.interfaces", false },
	{ "a pattern for a bridge that is made", NET("'bridge':{'name':'br%d'}"),
	  NET("'forward':{'mode':'bridge'},'bridge':{'name':'br%d'}"), -EINVAL, "bridge.name", false },
	{ "a pool for a bridge of the host", NET("'forward':{'mode':'bridge','interfaces':['a']}"),
	  NET("'forward':{'mode':'bridge','interfaces':['a']},'bridge':{'name':'br0'}"), -EINVAL, "bridge.name",
	  false },
	{ "links in a pool once", NET("'forward':{'mode':'private','interfaces':['a','b']}"),
	  NET("'forward':{'mode':'private','interfaces':['a','b','a']}"), -EEXIST, "forward.interfaces[2]", false },
	{ "functions in a pool once", NET("'forward':{'mode':'hostdev','addresses':['0000:03:00.1','0000:03:00.2']}"),
	  NET("'forward':{'mode':'hostdev','addresses':['0000:03:00.1','0000:03:00.1']}"), -EEXIST,
	  "forward.addresses[1]", false },
	{ "a pf alone", NET("'forward':{'mode':'passthrough','pf':'eth0'}"),
	  NET("'forward':{'mode':'passthrough','pf':'eth0','interfaces':['a']}"), -EINVAL, "forward.pf", false },
	{ "one link to leave by", NET("'forward':{'mode':'nat','interfaces':['a']}," IPS(V4)),
	  NET("'forward':{'mode':'nat','interfaces':['a','b']}," IPS(V4)), -EINVAL, "forward.interfaces", false },
	{ "stp on an own bridge", NET("'bridge':{'name':'br0','stp':true}"),
	  NET(MODE("bridge") ",'bridge':{'name':'br0','stp':false}"), -EINVAL, "bridge.stp", false },
	{ "an MTU on an own bridge", NET("'mtu':9000"), NET(MODE("bridge") ",'mtu':9000"), -EINVAL, "mtu", false },
	{ "a bridge in mode bridge", NET(MODE("bridge") ",'bridge':{'name':'br0'}"),
	  NET(MODE("vepa") ",'bridge':{'name':'br0'}"), -EINVAL, "bridge.name", false },
	{ "several bridges of its own", NET("'bridge':{'spread':64}"), NET("'bridge':{'spread':65}"), -ERANGE,
	  "bridge.spread", true },
	{ "no others", NET("'bridge':{'spread':2}"), NET(MODE("bridge") ",'bridge':{'name':'b','spread':2}"), -EINVAL,
	  "bridge.spread", false },
	{ "a MAC table manager for a bridge", NET(MODE("bridge") ",'bridge':{'macTableManager':'libvirt'}"),
	  NET(MODE("hostdev") ",'bridge':{'macTableManager':'libvirt'}"), -EINVAL, "bridge.macTableManager", false },
	{ "addresses on an own bridge", NET(IPS(V4)), NET(MODE("passthrough") "," IPS(V4)), -EINVAL, "ips", false },
	{ "DNS on an own bridge", DNS("'enable':false"), NET(MODE("vepa") ",'dns':{'enable':false}"), -EINVAL, "dns",
	  false },
	{ "limits of a bridge", NET(MODE("bridge") ",'bridge':{'name':'b'},'bandwidth':{'inbound':{'average':1}}"),
	  NET(MODE("bridge") ",'bandwidth':{'inbound':{'average':1}}"), -EINVAL, "bandwidth", false },
	{ "limits of a portgroup", NET(MODE("open") ",'portgroups':[{'name':'a','bandwidth':{'inbound':{'average':1}}}]"),
	  NET(MODE("vepa") ",'portgroups':[{'name':'a','bandwidth':{'inbound':{'average':1}}}]"), -EINVAL,
	  "portgroups[0].bandwidth", false },
	{ "a domain that is registered", NET("'domain':{'name':'lan','localOnly':true,'register':true}"),
	  NET("'domain':{'name':'lan','register':true}"), -EINVAL, "domain.register", false },
	{ "isolated ports of a bridge", NET("'portIsolated':true"), NET(MODE("vepa") ",'portIsolated':true"), -EINVAL,
	  "portIsolated", false },

	/* --- vlans and virtualports */
	{ "vlans on a bridge of the host", NET(MODE("bridge") ",'bridge':{'name':'b'},'vlan':{'tags':[{'id':4094}]}"),
	  NET("'vlan':{'tags':[{'id':4094}]}"), -EINVAL, "vlan", false },
	{ "also where a portgroup has none", NET(MODE("bridge") ",'bridge':{'name':'b'},'vlan':{'tags':[{'id':7}]},'portgroups':[{'name':'a'}]"),
	  NET("'vlan':{'tags':[{'id':7}]},'portgroups':[{'name':'a'}]"), -EINVAL, "vlan", false },
	{ "vlans that a Linux bridge has", NET(MODE("bridge") ",'bridge':{'name':'b'},'vlan':{'tags':[{'id':1}]}"),
	  NET(MODE("bridge") ",'bridge':{'name':'b'},'vlan':{'tags':[{'id':0}]}"), -ERANGE, "vlan.tags[0].id", false },
	{ "vlans of a function", NET(MODE("hostdev") ",'vlan':{'tags':[{'id':0}]}"),
	  NET(MODE("private") ",'vlan':{'tags':[{'id':1}]}"), -EINVAL, "vlan", false },
	{ "more than one vlan is a trunk", NET(MODE("passthrough") ",'vlan':{'trunk':true,'tags':[{'id':1},{'id':2}]}"),
	  NET(MODE("passthrough") ",'vlan':{'tags':[{'id':1},{'id':2}]}"), -EINVAL, "vlan.trunk", false },
	{ "one native vlan", NET(MODE("passthrough") ",'vlan':{'trunk':true,'tags':[{'id':1,'nativeMode':'tagged'},{'id':2}]}"),
	  NET(MODE("passthrough")
	      ",'vlan':{'trunk':true,'tags':[{'id':1,'nativeMode':'tagged'},{'id':2,'nativeMode':'untagged'}]}"),
	  -EINVAL, "vlan.tags", false },
	{ "vlans of an untyped profile on Open vSwitch",
	  NET(MODE("bridge") ",'bridge':{'name':'b'},'virtualport':{'type':'openvswitch'},'portgroups':"
	      "[{'name':'a','vlan':{'tags':[{'id':9}]},'virtualport':{'profileid':'x'}}]"),
	  NET(MODE("passthrough") ",'portgroups':"
	      "[{'name':'a','vlan':{'tags':[{'id':9}]},'virtualport':{'type':'802.1Qbh','profileid':'x'}}]"),
	  -EINVAL, "portgroups[0].vlan", false },
	{ "a network's virtualport has a type", NET(MODE("vepa") ",'virtualport':{'type':'802.1Qbh','profileid':'x'}"),
	  NET(MODE("vepa") ",'virtualport':{'profileid':'x'}"), -EINVAL, "virtualport.type", false },
	{ "parameters of the type", NET(MODE("vepa") ",'virtualport':{'type':'802.1Qbg','managerid':0}"),
	  NET(MODE("vepa") ",'virtualport':{'type':'802.1Qbg','profileid':'x'}"), -EINVAL, "virtualport.profileid",
	  false },
	{ "a type for the mode", NET(MODE("hostdev") ",'virtualport':{'type':'802.1Qbh','profileid':'x'}"),
	  NET(MODE("hostdev") ",'virtualport':{'type':'openvswitch'}"), -EINVAL, "virtualport.type", false },
	{ "no virtualport on an own bridge", NET("'portgroups':[{'name':'a','virtualport':{'profileid':'x'}}]"),
	  NET("'portgroups':[{'name':'a','virtualport':{'type':'openvswitch'}}]"), -EINVAL,
	  "portgroups[0].virtualport", false },
	{ "bootp over IPv4", NET(IPS("{'address':'10.0.0.1','dhcp':{'hosts':[{'name':'a','ip':'10.0.0.2'}],'bootp':{'file':'a'}}}")),
	  NET(IPS("{'address':'10.0.0.1','dhcp':{'bootp':{'file':'a'}}}")), -EINVAL, "ips[0].dhcp.bootp", false },

	{ "nat needs addresses", NET(MODE("nat") "," IPS(V4)), NET(MODE("nat")), -EINVAL, "ips", false },
	{ "route needs addresses", NET(MODE("route") "," IPS(V6)), NET(MODE("route")), -EINVAL, "ips", false },
	{ "open needs none", NET(MODE("open")), NET(MODE("route")), -EINVAL, "ips", false },
	{ "isolated needs none", NET(MODE("isolated")), NET(MODE("route")), -EINVAL, "ips", false },
	{ "nat's settings in mode nat", NAT("'ipv6':true"),
	  NET("'forward':{'mode':'route','nat':{'ipv6':true}}," IPS(V4)), -EINVAL, "forward.nat", false },
	{ "nat's addresses in mode nat", NAT("'address':{'start':'1.1.1.1','end':'1.1.1.1'}"),
	  NET("'forward':{'mode':'open','nat':{'address':{'start':'1.1.1.1','end':'1.1.1.1'}}}"), -EINVAL,
	  "forward.nat", false },
	{ "nat's ports in mode nat", NAT("'port':{'start':1024,'end':65535}"),
	  NET("'forward':{'nat':{'port':{'start':1,'end':2}}}"), -EINVAL, "forward.nat", false },
	{ "nat to IPv4", NAT("'address':{'start':'1.1.1.1','end':'1.1.2.0'}"),
	  NAT("'address':{'start':'fd00::1','end':'fd00::2'}"), -EINVAL, "forward.nat.address.start", false },
	{ "both ends of a family", NAT("'address':{'start':'1.1.1.1','end':'1.1.2.0'}"),
	  NAT("'address':{'start':'1.1.1.1','end':'fd00::2'}"), -EINVAL, "forward.nat.address.end", false },
	{ "end behind start", NAT("'address':{'start':'1.1.1.1','end':'1.1.1.1'}"),
	  NAT("'address':{'start':'1.1.1.1','end':'1.1.1.0'}"), -EINVAL, "forward.nat.address.end", false },
	{ "65536 addresses", NAT("'address':{'start':'1.1.0.9','end':'1.2.0.8'}"),
	  NAT("'address':{'start':'1.1.0.9','end':'1.2.0.9'}"), -ERANGE, "forward.nat.address.end", false },
	{ "ports rise", NAT("'port':{'start':1000,'end':1001}"), NAT("'port':{'start':1000,'end':999}"), -EINVAL,
	  "forward.nat.port.end", false },

	/* --- ips */
	{ "32 bits of IPv4", NET(IPS("{'address':'10.0.0.1','prefix':32}")),
	  NET(IPS("{'address':'10.0.0.1','prefix':33}")), -ERANGE, "ips[0].prefix", false },
	{ "128 bits of IPv6", NET(IPS("{'address':'fd00::1','prefix':128}")),
	  NET(IPS("{'address':'10.0.0.1','prefix':128}")), -ERANGE, "ips[0].prefix", false },
	{ "no network address", NET(IPS("{'address':'10.0.0.2','prefix':30}")),
	  NET(IPS("{'address':'10.0.0.0','prefix':30}")), -EINVAL, "ips[0].address", false },
	{ "no broadcast address", NET(IPS("{'address':'10.0.0.2','prefix':30}")),
	  NET(IPS("{'address':'10.0.0.3','prefix':30}")), -EINVAL, "ips[0].address", false },
	{ "31 bits have neither", NET(IPS("{'address':'10.0.0.2','prefix':31}")),
	  NET(IPS("{'address':'10.0.0.4','prefix':30}")), -EINVAL, "ips[0].address", false },
	{ "IPv6 has neither", NET(IPS("{'address':'fd00::','prefix':64}")),
	  NET(IPS(V6 ",{'address':'10.0.0.4','prefix':30}")), -EINVAL, "ips[1].address", false },
	{ "an MTU that IPv4 takes", NET("'mtu':68"), NET("'mtu':67"), -ERANGE, "mtu", false },
	{ "an MTU that the kernel takes", NET("'mtu':65535"), NET("'mtu':65536"), -ERANGE, "mtu", false },
	{ "a delay that STP takes", NET("'bridge':{'delay':30}"), NET("'bridge':{'delay':31}"), -ERANGE,
	  "bridge.delay", false },
	{ "IPv6 needs 1280 bytes", NET("'mtu':1280," IPS(V6)), NET("'mtu':1279," IPS(V4 "," V6)), -ERANGE, "mtu", false },
	{ "IPv4 does not", NET("'mtu':68," IPS(V4)), NET("'mtu':1279," IPS(V6)), -ERANGE, "mtu", false },
	{ "subnets apart", NET(IPS(V4 ",{'address':'10.0.1.1','prefix':24}")),
	  NET(IPS(V4 ",{'address':'10.0.0.200','prefix':24}")), -EEXIST, "ips[1].address", false },
	{ "not one in the other", NET(IPS(V4 ",{'address':'11.0.0.1','prefix':8}")),
	  NET(IPS(V4 ",{'address':'10.9.9.9','prefix':8}")), -EEXIST, "ips[1].address", false },
	{ "nor the other in the one", NET(IPS("{'address':'10.9.9.9','prefix':8}," V6)),
	  NET(IPS("{'address':'10.9.9.9','prefix':8}," V6 "," V4)), -EEXIST, "ips[2].address", false },
	{ "subnets of IPv6 apart", NET(IPS(V6 ",{'address':'fd00:0:0:1::1','prefix':64}")),
	  NET(IPS(V6 ",{'address':'fd00::2','prefix':64}")), -EEXIST, "ips[1].address", false },
	{ "DHCP once for each family",
	  NET(IPS("{'address':'10.0.0.1','prefix':24,'dhcp':{'ranges':[{'start':'10.0.0.2','end':'10.0.0.3'}]}},"
		  "{'address':'fd00::1','prefix':64,'dhcp':{'ranges':[{'start':'fd00::2','end':'fd00::3'}]}}")),
	  NET(IPS("{'address':'10.0.0.1','prefix':24,'dhcp':{'ranges':[{'start':'10.0.0.2','end':'10.0.0.3'}]}},"
		  "{'address':'10.0.1.1','prefix':24,'dhcp':{'hosts':[{'ip':'10.0.1.2'," MAC1 "}]}}")),
	  -EINVAL, "ips[1].dhcp", false },

	/* --- ranges of DHCP */
	{ "start in the subnet", RANGE4("10.0.0.2", "10.0.0.9"), RANGE4("11.0.0.2", "11.0.0.9"), -EINVAL,
	  "ips[0].dhcp.ranges[0].start", false },
	{ "end in the subnet", RANGE4("10.255.255.1", "10.255.255.254"), RANGE4("10.255.255.1", "11.0.0.1"),
	  -EINVAL, "ips[0].dhcp.ranges[0].end", false },
	{ "start of the subnet's family", RANGE4("10.0.0.2", "10.0.0.9"), RANGE4("fd00::2", "fd00::9"), -EINVAL,
	  "ips[0].dhcp.ranges[0].start", false },
	{ "end too", RANGE6("fd00::2", "fd00::9"), RANGE6("fd00::2", "10.0.0.9"), -EINVAL,
	  "ips[0].dhcp.ranges[0].end", false },
	{ "start is no network address", RANGE4("10.0.0.1", "10.0.0.9"), RANGE4("10.0.0.0", "10.0.0.9"), -EINVAL,
	  "ips[0].dhcp.ranges[0].start", false },
	{ "end is no broadcast address", RANGE4("10.255.0.1", "10.255.255.254"),
	  RANGE4("10.255.255.1", "10.255.255.255"), -EINVAL, "ips[0].dhcp.ranges[0].end", false },
	{ "ranges rise", RANGE4("10.0.0.9", "10.0.0.9"), RANGE4("10.0.0.9", "10.0.0.8"), -EINVAL,
	  "ips[0].dhcp.ranges[0].end", false },
	{ "65536 of them", RANGE4("10.1.0.0", "10.1.255.255"), RANGE4("10.1.0.0", "10.2.0.0"), -ERANGE,
	  "ips[0].dhcp.ranges[0].end", false },
	{ "65536 of IPv6", RANGE6("fd00::", "fd00::ffff"), RANGE6("fd00::", "fd00::1:0"), -ERANGE,
	  "ips[0].dhcp.ranges[0].end", false },
	{ "far apart", RANGE6("fd00::1", "fd00::2"), RANGE6("fd00::1", "fd00:0:1::2"), -ERANGE,
	  "ips[0].dhcp.ranges[0].end", false },
	{ "which range it was",
	  NET(IPS("{'address':'10.0.0.1','prefix':8,'dhcp':{'ranges':[{'start':'10.0.0.2','end':'10.0.0.3'},"
		  "{'start':'10.0.0.5','end':'10.0.0.6'}]}}")),
	  NET(IPS("{'address':'10.0.0.1','prefix':8,'dhcp':{'ranges':[{'start':'10.0.0.2','end':'10.0.0.3'},"
		  "{'start':'10.0.0.5','end':'10.0.0.4'}]}}")), -EINVAL, "ips[0].dhcp.ranges[1].end", false },
	{ "two minutes", LEASE("'expiry':2"), LEASE("'expiry':1"), -ERANGE, "ips[0].dhcp.ranges[0].lease.expiry", false },
	{ "120 seconds", LEASE("'expiry':120,'unit':'seconds'"), LEASE("'expiry':119,'unit':'seconds'"), -ERANGE,
	  "ips[0].dhcp.ranges[0].lease.expiry", false },
	{ "an hour, or for ever", LEASE("'expiry':1,'unit':'hours'"), LEASE("'unit':'hours'"), -EINVAL,
	  "ips[0].dhcp.ranges[0].lease.expiry", true },

	/* --- hosts of DHCP */
	{ "IPv4 by MAC", HOSTS4(HOST("10.0.0.5", MAC1)), HOSTS4(HOST("10.0.0.5", "'id':'00:01'")), -EINVAL,
	  "ips[0].dhcp.hosts[0].id", false },
	{ "IPv6 by id", HOSTS6(HOST("fd00::5", "'id':'00:01'")), HOSTS6(HOST("fd00::5", MAC1)), -EINVAL,
	  "ips[0].dhcp.hosts[0].mac", false },
	{ "not the network's own address", HOSTS4(HOST("10.0.0.2", MAC1)), HOSTS4(HOST("10.0.0.1", MAC1)), -EEXIST,
	  "ips[0].dhcp.hosts[0].ip", false },
	{ "known by something", HOSTS4(HOST("10.0.0.5", "'name':'a'")),
	  HOSTS4(HOST("10.0.0.5", "'lease':{'expiry':0}")), -EINVAL, "ips[0].dhcp.hosts[0].mac", false },
	{ "in IPv6 too", HOSTS6(HOST("fd00::5", "'name':'a'")), HOSTS6(HOST("fd00::5", "'lease':{'expiry':0}")),
	  -EINVAL, "ips[0].dhcp.hosts[0].id", false },
	{ "an address in the subnet", HOSTS4(HOST("10.0.0.5", MAC1)), HOSTS4(HOST("10.0.1.5", MAC1)), -EINVAL,
	  "ips[0].dhcp.hosts[0].ip", false },
	{ "and not its broadcast", HOSTS4(HOST("10.0.0.254", MAC1)), HOSTS4(HOST("10.0.0.255", MAC1)), -EINVAL,
	  "ips[0].dhcp.hosts[0].ip", false },
	{ "of its family", HOSTS4(HOST("10.0.0.5", MAC1)), HOSTS4(HOST("fd00::5", MAC1)), -EINVAL,
	  "ips[0].dhcp.hosts[0].ip", false },
	{ "MACs differ", HOSTS4(HOST("10.0.0.5", MAC1) "," HOST("10.0.0.6", MAC2)),
	  HOSTS4(HOST("10.0.0.5", "'mac':'52:54:00:AB:00:0A'") "," HOST("10.0.0.6", "'mac':'52:54:0:ab:0:a'")),
	  -EEXIST, "ips[0].dhcp.hosts[1].mac", false },
	{ "names differ", HOSTS4(HOST("10.0.0.5", MAC1 ",'name':'a'") "," HOST("10.0.0.6", MAC2 ",'name':'b'")),
	  HOSTS4(HOST("10.0.0.5", MAC1 ",'name':'a'") "," HOST("10.0.0.6", MAC2 ",'name':'a'")), -EEXIST,
	  "ips[0].dhcp.hosts[1].name", false },
	{ "ids differ", HOSTS6(HOST("fd00::5", "'id':'01'") "," HOST("fd00::6", "'id':'02'")),
	  HOSTS6(HOST("fd00::5", "'id':'01'") "," HOST("fd00::6", "'id':'01'")), -EEXIST,
	  "ips[0].dhcp.hosts[1].id", false },
	{ "addresses differ", HOSTS4(HOST("10.0.0.5", MAC1) "," HOST("10.0.0.6", MAC2)),
	  HOSTS4(HOST("10.0.0.5", MAC1) "," HOST("10.0.0.5", MAC2)), -EEXIST, "ips[0].dhcp.hosts[1].ip", false },

	/* --- routes */
	{ "32 bits of a route", ROUTE("10.9.0.1", 32, "10.0.0.9"), ROUTE("10.9.0.1", 33, "10.0.0.9"), -ERANGE,
	  "routes[0].prefix", false },
	{ "no bits too many", ROUTE("10.9.0.0", 16, "10.0.0.9"), ROUTE("10.9.0.0", 8, "10.0.0.9"), -EINVAL,
	  "routes[0].address", false },
	{ "the same of IPv6", ROUTE("fd01::", 16, "fd00::9"), ROUTE("fd01::1", 64, "fd00::9"), -EINVAL,
	  "routes[0].address", false },
	{ "a gateway that can be reached", ROUTE("10.9.0.0", 16, "10.0.0.9"), ROUTE("10.9.0.0", 16, "10.0.1.9"),
	  -EINVAL, "routes[0].gateway", false },
	{ "of the route's family", ROUTE("fd01::", 16, "fd00::9"), ROUTE("fd01::", 16, "10.0.0.9"), -EINVAL,
	  "routes[0].gateway", false },
	{ "in a subnet of the network", ROUTE("0.0.0.0", 0, "10.0.0.9"),
	  NET("'routes':[{'address':'10.9.0.0','prefix':16,'gateway':'10.0.0.9'}]"), -EINVAL,
	  "routes[0].gateway", false },
	{ "which route it was",
	  NET(IPS(V4) ",'routes':[{'address':'10.8.0.0','prefix':16,'gateway':'10.0.0.9'},"
	      "{'address':'10.9.0.0','prefix':16,'gateway':'10.0.0.9'}]"),
	  NET(IPS(V4) ",'routes':[{'address':'10.8.0.0','prefix':16,'gateway':'10.0.0.9'},"
	      "{'address':'10.9.0.0','prefix':16,'gateway':'10.1.0.9'}]"), -EINVAL, "routes[1].gateway", false },

	/* --- portgroups and limits */
	{ "portgroups' names differ", GROUPS("{'name':'a'},{'name':'b'}"),
	  GROUPS("{'name':'a'},{'name':'b'},{'name':'a'}"), -EEXIST, "portgroups[2].name", false },
	{ "one is the default", GROUPS("{'name':'a','default':true},{'name':'b','default':false}"),
	  GROUPS("{'name':'a','default':true},{'name':'b','default':true}"), -EEXIST, "portgroups[1].default", false },
	{ "a portgroup's limits", GROUPS("{'name':'a','bandwidth':{'outbound':{'average':1,'burst':1}}}"),
	  GROUPS("{'name':'a'},{'name':'b','bandwidth':{'outbound':{'burst':1}}}"), -EINVAL,
	  "portgroups[1].bandwidth.outbound.burst", false },
	{ "the network's limits", BANDWIDTH("'inbound':{'average':5,'peak':5}"),
	  BANDWIDTH("'inbound':{'average':5,'peak':4}"), -EINVAL, "bandwidth.inbound.peak", false },

	/* --- dns */
	{ "no records without DNS", DNS("'enable':false"), DNS("'enable':false,'txt':[{'name':'a','value':'b'}]"),
	  -EINVAL, "dns.enable", false },
	{ "no forwarders without DNS", DNS("'enable':true,'forwarders':[{'address':'1.1.1.1'}]"),
	  DNS("'enable':false,'forwarders':[{'address':'1.1.1.1'}]"), -EINVAL, "dns.enable", false },
	{ "no hosts without DNS", DNS("'hosts':[{'address':'10.0.0.9','hostnames':['a','b']}]"),
	  DNS("'enable':false,'hosts':[{'address':'10.0.0.9','hostnames':['a']}]"), -EINVAL, "dns.enable", false },
	{ "no services without DNS", DNS("'srv':[{'service':'a','protocol':'b'}]"),
	  DNS("'enable':false,'srv':[{'service':'a','protocol':'b'}]"), -EINVAL, "dns.enable", false },
	{ "forwarders have an address or a domain", DNS("'forwarders':[{'address':'1.1.1.1'},{'domain':'a'}]"),
	  DNS("'forwarders':[{'address':'1.1.1.1'},{}]"), -EINVAL, "dns.forwarders[1].address", false },
	{ "a port has a target", DNS("'srv':[{'service':'a','protocol':'b','target':'c','port':1}]"),
	  DNS("'srv':[{'service':'a','protocol':'b','port':1}]"), -EINVAL, "dns.srv[0].target", false },
	{ "a priority too", DNS("'srv':[{'service':'a','protocol':'b','target':'c','priority':1}]"),
	  DNS("'srv':[{'service':'a','protocol':'b'},{'service':'a','protocol':'b','priority':1}]"), -EINVAL,
	  "dns.srv[1].target", false },
	{ "and a weight", DNS("'srv':[{'service':'a','protocol':'b','target':'c','weight':1}]"),
	  DNS("'srv':[{'service':'a','protocol':'b','weight':1}]"), -EINVAL, "dns.srv[0].target", false },
};
/* clang-format on */

static void keep_rule(const struct rule *c)
{
	struct weir_network *net = parse(c->name, c->good);
	struct weir_error err = WEIR_ERROR_INIT;

	if (weir_network_check(net, &err))
		fail_msg("%s: %s: %s", c->name, err.attr, err.msg);
	assert_int_equal(err.code, 0);
	weir_network_free(net);
}

static void break_rule(const struct rule *c)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_network *net = NULL;
	int r = try_parse(c->bad, &net, &err);

	if (!!r != c->in_text)
		fail_msg("%s: when it is read: %d: %s: %s", c->name, r, err.attr, err.msg);
	if (!r) {
		r = weir_network_check(net, &err);
		assert_int_equal(weir_network_check(net, NULL), r);
		assert_string_equal(err.object, "network n");
	}
	if (r != c->code || err.code != r || strcmp(err.attr, c->attr) != 0)
		fail_msg("%s: %d, \"%s\": %s", c->name, r, err.attr, err.msg);
	assert_int_equal(err.stage, WEIR_STAGE_INPUT);
	assert_true(*err.msg);
	weir_network_free(net);
}

static void rules_are_kept(void **state)
{
	for (size_t i = 0; i < WR_COUNT(rules); i++)
		keep_rule(&rules[i]);
}

static void broken_rules_are_named(void **state)
{
	for (size_t i = 0; i < WR_COUNT(rules); i++)
		break_rule(&rules[i]);
}

/* Definitions that libvirt takes or refuses as a document, or as a definition. */
static const struct {
	const char *name, *json;
	int form, compatible;	/* codes */
} verdicts[] = {
	{ "an MTU that no kernel takes", NET("'mtu':70000"), 0, 0 },
	{ "subnets that overlap", NET(IPS(V4 "," V4)), 0, 0 },
	{ "a host outside the subnet", HOSTS4("{'ip':'9.9.9.9'," MAC1 "}"), 0, 0 },
	{ "a host with the network's own address", HOSTS4("{'ip':'10.0.0.1'," MAC1 "}"), 0, 0 },
	{ "two hosts with one MAC", HOSTS4("{'ip':'10.0.0.2'," MAC1 "},{'ip':'10.0.0.3'," MAC1 "}"), 0, 0 },
	{ "an isolated port on vepa", NET(MODE("vepa") ",'portIsolated':true"), 0, 0 },
	{ "Open vSwitch on nat", NET(MODE("nat") "," IPS(V4) ",'virtualport':{'type':'openvswitch'}"), 0, 0 },
	{ "vlans of a macvtap bridge", NET(MODE("bridge") ",'vlan':{'tags':[{'id':1}]}"), 0, 0 },
	{ "a forwarder on a bridge", NET(MODE("bridge") ",'bridge':{'name':'b'},'dns':{'forwarders':[{'address':'1.1.1.1'}]}"),
	  0, 0 },
	{ "an untyped profile with vlans",
	  NET(MODE("bridge") ",'virtualport':{'type':'openvswitch'},'portgroups':"
	      "[{'name':'a','vlan':{'tags':[{'id':9}]},'virtualport':{'profileid':'x'}}]"), 0, -EINVAL },
	{ "addresses in passthrough", NET(MODE("passthrough") "," IPS(V4)), 0, -EINVAL },
	{ "limits of a macvtap network", NET(MODE("vepa") ",'bandwidth':{'inbound':{'average':1}}"), 0, -EINVAL },
	{ "vlans on nat", NET(MODE("nat") "," IPS(V4) ",'vlan':{'tags':[{'id':1}]}"), 0, -EINVAL },
	{ "DHCP twice", NET(IPS("{'address':'10.0.0.1','prefix':24,'dhcp':{'hosts':[{'ip':'10.0.0.2','name':'a'}]}},"
				"{'address':'10.0.1.1','prefix':24,'dhcp':{'hosts':[{'ip':'10.0.1.2','name':'a'}]}}")),
	  0, -EINVAL },
	{ "portgroups of one name", GROUPS("{'name':'a'},{'name':'a'}"), 0, -EEXIST },
	{ "nat without addresses", NET(MODE("nat")), -EINVAL, -EINVAL },
	{ "an MTU on vepa", NET(MODE("vepa") ",'mtu':1500"), -EINVAL, -EINVAL },
	{ "a lease of a second", LEASE("'expiry':1,'unit':'seconds'"), -ERANGE, -ERANGE },
};

static void verdicts_of_libvirt(void **state)
{
	for (size_t i = 0; i < WR_COUNT(verdicts); i++) {
		struct weir_network *net = parse(verdicts[i].name, verdicts[i].json);
		struct weir_error err = WEIR_ERROR_INIT;
		int form = weir_network_check_as(net, WEIR_CHECK_FORM, &err);
		int compatible = weir_network_check_as(net, WEIR_CHECK_COMPATIBLE, &err);

		if (form != verdicts[i].form || compatible != verdicts[i].compatible)
			fail_msg("%s: %d, %d: %s: %s", verdicts[i].name, form, compatible, err.attr, err.msg);
		weir_network_free(net);
	}
}

/* --- what is there twice ------------------------------------------------------------------------------ */

static unsigned int seed = 7;

static unsigned int chance(unsigned int n)
{
	seed = seed * 1103515245 + 12345;
	return seed >> 16 & 0x7fff ? (seed >> 16 & 0x7fff) % n : 0;
}

static bool same(const char *a, const char *b)
{
	return a && b && !strcasecmp(a, b);
}

/* Each with each, as it is meant: the first host that has something of another before it. */
static void look(const struct weir_dhcp_host *h, size_t n, char attr[64], char msg[64])
{
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < i; k++) {
			const char *what = same(h[k].mac, h[i].mac)   ? "mac" :
					   same(h[k].name, h[i].name) ? "name" :
					   h[k].address.bytes[3] == h[i].address.bytes[3] ? "ip" : NULL;

			if (!what)
				continue;
			snprintf(attr, 64, "ips[0].dhcp.hosts[%zu].%s", i, what);
			snprintf(msg, 64, "is that of dhcp.hosts[%zu] too", k);
			return;
		}
}

/* From lists where nearly all are alone to those with several alike. */
static void hosts_that_are_there_twice(void **state)
{
	char macs[60][18], names[60][8];
	struct weir_dhcp_host hosts[60];

	for (int round = 0; round < 400; round++) {
		struct weir_network_ip ip = { .address = { WEIR_FAMILY_IPV4, { 10, 0, 0, 1 } }, .prefix = 24,
					      .dhcp = { .hosts = hosts, .n_hosts = chance(60) } };
		struct weir_network net = { .sz = sizeof(net), .name = (char *)"n", .ips = &ip, .n_ips = 1 };
		struct weir_error err = WEIR_ERROR_INIT;
		char attr[64] = "", msg[64] = "";

		for (size_t i = 0; i < ip.dhcp.n_hosts; i++) {
			snprintf(macs[i], sizeof(macs[i]), chance(2) ? "52:54:00:00:%02x:0a" : "52:54:00:00:%02X:0A", chance(250));
			snprintf(names[i], sizeof(names[i]), "h%u", chance(999));
			hosts[i] = (struct weir_dhcp_host){ .mac = macs[i], .name = chance(3) ? names[i] : NULL,
							    .address = { WEIR_FAMILY_IPV4, { 10, 0, 0, (uint8_t)(2 + chance(250)) } } };
		}
		look(hosts, ip.dhcp.n_hosts, attr, msg);
		assert_int_equal(weir_network_check(&net, &err), *attr ? -EEXIST : 0);
		assert_string_equal(err.attr, attr);
		assert_string_equal(err.msg, msg);
	}
}

/* --- several bridges -------------------------------------------------------------------------------- */

static void names_of_bridges(void **state)
{
	static const struct {
		const char *a, *b, *clash;
	} cases[] = {
		{ "{'name':'a','bridge':{'name':'virbr0','spread':3}}", "{'name':'b','bridge':{'name':'virbr0-2'}}", "virbr0-2" },
		{ "{'name':'a','bridge':{'name':'virbr0','spread':2}}", "{'name':'b','bridge':{'name':'virbr0-2'}}", NULL },
		{ "{'name':'a','bridge':{'name':'virbr0','spread':64}}", "{'name':'b','bridge':{'name':'virbr1','spread':64}}", NULL },
		/* Long names are cut. */
		{ "{'name':'a','bridge':{'name':'production-1','spread':2}}", "{'name':'b','bridge':{'name':'production-2','spread':2}}",
		  "production--1" },
		/* The first ones are somebody else's business: one of them may be the host's. */
		{ "{'name':'a','bridge':{'name':'br0'}}", "{'name':'b','bridge':{'name':'br0'}}", NULL },
	};
	char name[16];

	wr_span_name("abcdefghijklmno", 63, "b", name);
	assert_string_equal(name, "abcdefghijk-63b");
	for (size_t i = 0; i < WR_COUNT(cases); i++) {
		struct weir_network *a = parse("a", cases[i].a), *b = parse("b", cases[i].b);
		const char *clash = wr_spread_clash(a, b, name);

		if (!clash != !cases[i].clash || (clash && strcmp(clash, cases[i].clash) != 0))
			fail_msg("%s, %s: %s", cases[i].a, cases[i].b, clash ? clash : "none");
		assert_int_equal(!wr_spread_clash(b, a, name), !clash);
		weir_network_free(a);
		weir_network_free(b);
	}
}

static void where_the_fewest_are(void **state)
{
	static const uint32_t ports[] = { 7, 5, 5, 6 };

	assert_int_equal(wr_bridge_pick(ports, 1), 0);
	assert_int_equal(wr_bridge_pick(ports, 2), 1);
	assert_int_equal(wr_bridge_pick(ports, 4), 1);
	assert_int_equal(wr_bridge_pick(ports + 2, 2), 0);
}

/* What JSON cannot say, but a program can. */
static void definitions_made_by_hand(void **state)
{
	static const struct {
		const char *name;
		struct weir_network net;
		const char *attr;
	} cases[] = {
		{ "no name", { .sz = sizeof(struct weir_network) }, "name" },
		{ "a mode that is none", { .name = (char *)"n", .forward.mode = 9 }, "forward.mode" },
		{ "neither yes nor no", { .name = (char *)"n", .bridge.stp = 3 }, "bridge.stp" },
		{ "a name with a slash", { .name = (char *)"a/b" }, "name" },
		{ "a bridge's name for nftables", { .name = (char *)"n", .bridge.name = "a;b" }, "bridge.name" },
		{ "a MAC that is none", { .name = (char *)"n", .mac = (char *)"53:54:00:00:00:01" }, "mac" },
		{ "a uuid that is none", { .name = (char *)"n", .uuid = "x" }, "uuid" },
		{ "a title of two lines", { .name = (char *)"n", .title = (char *)"a\nb" }, "title" },
	};

	for (size_t i = 0; i < WR_COUNT(cases); i++) {
		struct weir_error err = WEIR_ERROR_INIT;
		int r = weir_network_check(&cases[i].net, &err);

		if (r != -EINVAL || strcmp(err.attr, cases[i].attr) != 0)
			fail_msg("%s: %d, \"%s\": %s", cases[i].name, r, err.attr, err.msg);
	}
}

static void networks_apart(void **state)
{
	static const struct {
		const char *name, *a, *b;
		const char *attr;	/* NULL: apart */
	} cases[] = {
		{ "nothing", "{'name':'a'}", NET(IPS(V4)), NULL },
		{ "different", NET(IPS(V4)), NET(IPS("{'address':'10.0.1.1','prefix':24}")), NULL },
		{ "different families", NET(IPS(V4)), NET(IPS(V6)), NULL },
		{ "the same", NET(IPS(V4)), NET(IPS(V4)), "ips[0].address" },
		{ "inside", NET(IPS(V4)), NET(IPS("{'address':'10.9.9.9','prefix':8}")), "ips[0].address" },
		{ "around", NET(IPS("{'address':'10.9.9.9','prefix':8}")), NET(IPS(V4)), "ips[0].address" },
		{ "the second", NET(IPS(V4 "," V6)), NET(IPS(V6)), "ips[1].address" },
	};

	for (size_t i = 0; i < WR_COUNT(cases); i++) {
		struct weir_network *a = parse(cases[i].name, cases[i].a);
		struct weir_network *b = parse(cases[i].name, cases[i].b);
		struct weir_error err = WEIR_ERROR_INIT;
		int r = wr_check_apart(a, b, &err);

		if (r != (cases[i].attr ? -EEXIST : 0) ||
		    strcmp(err.attr, cases[i].attr ? cases[i].attr : "") != 0)
			fail_msg("%s: %d, \"%s\": %s", cases[i].name, r, err.attr, err.msg);
		if (r)
			assert_non_null(strstr(err.msg, "of network n"));
		weir_network_free(a);
		weir_network_free(b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules_are_kept),
		cmocka_unit_test(broken_rules_are_named),
		cmocka_unit_test(verdicts_of_libvirt),
		cmocka_unit_test(definitions_made_by_hand),
		cmocka_unit_test(networks_apart),
		cmocka_unit_test(hosts_that_are_there_twice),
		cmocka_unit_test(names_of_bridges),
		cmocka_unit_test(where_the_fewest_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
