/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The XML adapter without libvirt's own test data, which tests/conformance has:
 * its tables row by row, hostile documents in bounded time and memory, where an
 * error is said to be, the rules that no test of libvirt covers, and a guest's
 * interface in its three forms.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

#include <weir/json.h>
#include <weir/xml.h>

#include "xml/documents.h"

#include "host/tables.h"

/* --- memory that runs out: our own calls (the linker's --wrap), libxml2's stay as they are ------ */

/* The allocation with this number fails, counted down from it; negative: none does. */
static long fail_at = -1;

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
char *__real_strdup(const char *s);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);
char *__wrap_strdup(const char *s);

static bool out_of_memory(void)
{
	return fail_at >= 0 && fail_at-- == 0;
}

void *__wrap_malloc(size_t size)
{
	return out_of_memory() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return out_of_memory() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t size)
{
	return out_of_memory() ? NULL : __real_realloc(p, size);
}

char *__wrap_strdup(const char *s)
{
	return out_of_memory() ? NULL : __real_strdup(s);
}

/* --- tables ----------------------------------------------------------------------------- */

static void check_rows(const struct wr_xml_element *e, const struct wr_table *t, int depth);

static void check_row(const struct wr_xml_row *row, const struct wr_table *t, int depth)
{
	const char *member = row->member ? row->member : row->name;
	bool has_element = row->form == WR_XML_CHILD || row->form == WR_XML_LIST;
	char obj[65536] = { 0 };
	void *holder = obj;
	const struct wr_table *at = t;
	const struct wr_field *f = *member ? wr_xml_member(t, member, obj, &at, &holder) : NULL;

	assert_true(t->size <= sizeof(obj));
	assert_true(!!row->element == has_element);
	if (!*member) {
		assert_int_equal(row->form, WR_XML_CHILD);
		check_rows(row->element, t, depth + 1);
	} else if (has_element) {
		if (!f)
			fail_msg("%s: there is no %s", t->name, member);
		assert_int_equal(f->codec, row->form == WR_XML_LIST ? WR_LIST : WR_OBJECT);
		check_rows(row->element, f->sub, depth + 1);
	} else if (!f && !(row->read && row->write) && !(row->flags & WR_XML_WRITE_ONLY)) {
		fail_msg("%s: there is no %s", t->name, member);
	}
}

/* Ports of a bridge are interfaces again, so there is an end to how deep one looks. */
static void check_rows(const struct wr_xml_element *e, const struct wr_table *t, int depth)
{
	if (depth > 8)
		return;
	for (size_t i = 0; i < e->n; i++)
		check_row(&e->rows[i], t, depth);
}

static void test_every_row_has_its_member(void **state)
{
	check_rows(&wr_xml_network, &wr_network_table, 0);
	check_rows(&wr_xml_port, &wr_port_table, 0);
	check_rows(&wr_xml_group, &wr_group_table, 0);
	check_rows(&wr_xml_dhcp_host, &wr_host_table, 0);
	check_rows(&wr_xml_virtualport, &wr_virtualport_table, 0);
}

/* --- what must be refused, and where ------------------------------------------------------ */

static char *repeat(const char *head, const char *middle, size_t n, const char *tail)
{
	struct wr_str s = { 0 };

	wr_str_puts(&s, head);
	for (size_t i = 0; i < n; i++)
		wr_str_puts(&s, middle);
	wr_str_puts(&s, tail);
	return wr_str_take(&s);
}

static void refuses_bytes(const char *text, size_t len, const char *reason)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_network *net = NULL;
	char line[1024];
	int r = weir_xml_network_parse(text, len, &net, &err);

	assert_true(r < 0);
	assert_int_equal(err.code, r);
	weir_error_format(&err, line, sizeof(line));
	if (!strstr(line, reason))
		fail_msg("\"%s\" is not in \"%s\"", reason, line);
}

static void refuses(const char *text, const char *reason)
{
	refuses_bytes(text, strlen(text), reason);
}

static void test_encodings(void **state)
{
	static const char declared[] = "<?xml version='1.0' encoding='%s'?>\n<network><name>%s</name></network>";
	static const struct {
		const char *encoding, *name, *want;
	} cases[] = {
		{ "UTF-8", "caf\xc3\xa9", "caf\xc3\xa9" },
		{ "utf-8", "caf\xc3\xa9", "caf\xc3\xa9" },
		{ "ISO-8859-1", "caf\xe9", "caf\xc3\xa9" },
		{ "iso-8859-1", "\xc3\xa9\xbf", "\xc3\x83\xc2\xa9\xc2\xbf" },
		{ "windows-1252", "plain", "plain" },
	};
	char text[256];

	for (size_t i = 0; i < WR_COUNT(cases); i++) {
		struct weir_error err = WEIR_ERROR_INIT;
		struct weir_network *net = NULL;

		snprintf(text, sizeof(text), declared, cases[i].encoding, cases[i].name);
		assert_int_equal(weir_xml_network_parse(text, strlen(text), &net, &err), 0);
		assert_string_equal(net->name, cases[i].want);
		weir_network_free(net);
	}
	snprintf(text, sizeof(text), declared, "windows-1252", "caf\xe9");
	refuses(text, "the document declares the encoding windows-1252: UTF-8 and ISO-8859-1 are read");
	snprintf(text, sizeof(text), declared, "ISO-8859-15", "\xc3\xa9");
	refuses(text, "the document declares the encoding ISO-8859-15: UTF-8 and ISO-8859-1 are read");
	refuses_bytes("\xff\xfe<\0n\0/\0>\0", 10, "the text is UTF-16: UTF-8 and ISO-8859-1 are read");
	refuses_bytes("\xfe\xff\0<\0n\0/\0>", 10, "the text is UTF-16: UTF-8 and ISO-8859-1 are read");
	/* The byte order mark is believed, and what stands elsewhere declares nothing. */
	refuses("\xef\xbb\xbf<?xml version='1.0' encoding='ISO-8859-1'?><network><name>\xe9</name></network>", "is not UTF-8");
	refuses("<network encoding='ISO-8859-1'><name>\xe9</name></network>", "is not UTF-8");
	refuses("<?xml version='1.0' encoding='ISO-8859-1'?>\n<!DOCTYPE n><network><name>\xe9</name></network>",
		"line 2: a document type declaration");
}

static void test_hostile_documents(void **state)
{
	char *text;

	refuses("<!DOCTYPE n [<!ENTITY a 'ha'><!ENTITY b '&a;&a;'>]><network><name>&b;</name></network>",
		"line 1: a document type declaration is not allowed");
	refuses("<?xml version='1.0'?>\n<!DOCTYPE n SYSTEM 'http://127.0.0.1/x.dtd'><network/>",
		"line 2: a document type");
	refuses("<!DOCTYPE n [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><network>&a;</network>",
		"document type");
	refuses("<network><name>&a;</name></network>", "line 1: Entity 'a' not defined");
	refuses("<network>\n<name>a\xff</name></network>", "line 2: the text is not UTF-8");
	refuses("<network>\n<name>a\xc3</name></network>", "line 2: the text is not UTF-8");
	refuses_bytes("<network>\n\0</network>", 21, "line 2: the text has a NUL byte");
	refuses("", "line 1: Document is empty");
	refuses("{}", "line 1: ");
	refuses("<network><name>a</network>", "line 1: Opening and ending tag mismatch");

	text = repeat("<network><name>a</name><metadata>", "<a>", 100000, "");
	refuses(text, "line 1: elements are nested deeper than 64");
	free(text);
	text = repeat("<network><name>a</name><metadata>", "<a b=''/>", 300000, "</metadata></network>");
	refuses(text, "line 1: the elements and attributes are more than 500000");
	free(text);
	text = repeat("<network><name", " a=''", 40, "/></network>");
	refuses(text, "the attributes of an element are more than 32");
	free(text);
	text = repeat("<network><name>a</name><metadata>", "<a xmlns='b'/>", 65, "</metadata></network>");
	refuses(text, "line 1: the namespaces are more than 64");
	free(text);
	text = repeat("<network><name>a</name>", "<ip address='10.0.0.1' prefix='24'/>", 257, "</network>");
	refuses(text, "line 1, <network>: has more than 256 addresses");
	free(text);
	text = repeat("<network title='", "aaaaaaaaaa", 10000, "'/>");
	refuses(text, "a tag is longer than 65536");
	free(text);
}

/* 100 MB in one attribute: refused by its size alone, and not even copied. */
static void test_a_huge_attribute(void **state)
{
	size_t n = 100u << 20;
	char *text = malloc(n);
	struct rusage before, after;

	assert_non_null(text);
	memset(text, 'a', n);
	memcpy(text, "<network title='", 16);
	getrusage(RUSAGE_SELF, &before);
	refuses_bytes(text, n, "the text has 104857600 bytes, more than 16777216");
	getrusage(RUSAGE_SELF, &after);
	assert_true(after.ru_maxrss - before.ru_maxrss < 10 << 10);
	free(text);
}

#define NET(inside) "<network><name>a</name>" inside "</network>"

static void test_where_it_is(void **state)
{
	refuses("<network>\n<name>a</name>\n<ip address='10.0.0.1' prefix='24'>\n<dhcp>\n"
		"<range start='10.0.0.2' end='10.0.0.4'/>\n<range start='10.0.1.2' end='10.0.1.4'/>\n"
		"</dhcp></ip></network>", "line 6, <range>: is outside its subnet");
	refuses(NET("\n\n<bridge name='b' delay='x'/>"), "line 3, <bridge>: delay: \"x\" is no number");
	refuses(NET("<bridge name='b' delay='-1'/>"), "delay: \"-1\" is no number");
	refuses(NET("<bridge name='b' delay='4294967296'/>"), "delay: 4294967296 is more than");
	refuses(NET("<bridge name='0123456789abcdef'/>"), "longer than 15 bytes");
	refuses(NET("<uuid>81ff0d90-c91e-6742-64da-4a736edb9a9</uuid>"), "<network>: uuid:");
	refuses(NET("<mac address='01:00:5e:00:00:01'/>"), "<mac>: address: 01:00:5e:00:00:01 is a group");
	refuses(NET("<dns enable='no'><txt name='a' value='b'/></dns>"), "<dns>: is not enabled, but");
	refuses(NET("<dns><host ip='10.0.0.1'/></dns>"), "<host>: hostname: is missing");
	refuses(NET("<dns><srv service='a b' protocol='tcp'/></dns>"), "<srv>: service:");
	refuses(NET("<dns><srv service='a' protocol='tcp' port='1'/></dns>"), "but no target");
	refuses(NET("<dns><txt name='a,b' value='b'/></dns>"), "<txt>: name:");
	refuses(NET("<dns><forwarder/></dns>"), "<forwarder>: has neither addr nor domain");
	refuses(NET("<portgroup/>"), "<portgroup>: name: is missing");
	refuses(NET("<vlan><tag id='4096'/></vlan>"), "<tag>: vlan 4096");
	refuses(NET("<vlan trunk='no'><tag id='1'/><tag id='2'/></vlan>"), "trunk: is no, but");
	refuses(NET("<ip address='10.0.0.1' prefix='33'/>"), "prefix 33 is too long");
	refuses(NET("<ip address='10.0.0.1'><dhcp><host ip='10.0.0.2'/></dhcp></ip>"), "neither mac nor name");
	refuses(NET("<ip family='ipv6' address='fd::1'><dhcp><host mac='52:54:00:00:00:01' ip='fd::2'/></dhcp></ip>"),
		"has a mac");
	refuses(NET("<forward mode='route'><nat/></forward>"), "<nat>: is for mode nat only");
}

static void test_virtualports(void **state)
{
	refuses(NET("<virtualport/>"), "<virtualport>: type: is missing");
	refuses(NET("<virtualport type='802.1Qbg'><parameters profileid='a'/></virtualport>"),
		"type 802.1Qbg has no profileid");
	refuses(NET("<virtualport type='802.1Qbh'><parameters managerid='1'/></virtualport>"),
		"type 802.1Qbh has no managerid");
	refuses(NET("<virtualport type='openvswitch'><parameters typeid='1'/></virtualport>"),
		"type openvswitch has no typeid");
	refuses(NET("<virtualport type='802.1Qbg'><parameters typeid='0x1000000'/></virtualport>"),
		"typeid: 0x1000000 is more than");
	refuses(NET("<virtualport type='openvswitch'><parameters "
		    "profileid='0123456789012345678901234567890123456789'/></virtualport>"),
		"longer than 39 bytes");
}

/* --- what must come out -------------------------------------------------------------------- */

/* What is inside of it in canonical form, by way of JSON too. */
static void gives(const char *text, const char *inside)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_network *net = NULL, *again = NULL;
	char *out = NULL, *json = NULL, *second = NULL;

	if (weir_xml_network_parse(text, strlen(text), &net, &err))
		fail_msg("%s: %s: %s", text, err.object, err.msg);
	assert_int_equal(weir_xml_network_format(net, 0, &out, &err), 0);
	if (!strstr(out, inside))
		fail_msg("%s is not in %s", inside, out);
	assert_int_equal(weir_network_json(net, &json), 0);
	if (weir_network_parse(json, strlen(json), &again, &err))
		fail_msg("%s: %s: %s", json, err.attr, err.msg);
	assert_int_equal(weir_xml_network_format(again, 0, &second, &err), 0);
	assert_string_equal(out, second);
	weir_network_free(net);
	weir_network_free(again);
	free(out);
	free(json);
	free(second);
}

static void test_canonical_form(void **state)
{
	gives("<network><name>a&lt;&amp;&apos;&quot;</name></network>",
	      "<name>a&lt;&amp;&apos;&quot;</name>\n");
	gives(NET("<uuid> 81FF0D90c91e 6742-64da4a736edb9a9b</uuid>"),
	      "<uuid>81ff0d90-c91e-6742-64da-4a736edb9a9b</uuid>");
	gives(NET(""), "<bridge stp='on' delay='0'/>");
	gives(NET("<bridge stp='OFF'/>"), "stp='on'");
	gives(NET("<forward mode='none' dev='e1'/>"), "<name>a</name>\n  <bridge");
	gives(NET("<mac address='52:54:0:1:2:AB'/>"), "<mac address='52:54:00:01:02:ab'/>");
	gives(NET("<ip address='10.0.0.1' prefix='0' netmask='255.0.0.0'/>"),
	      "<ip address='10.0.0.1' netmask='255.0.0.0'>\n  </ip>");
	gives(NET("<ip address='10.0.0.1' prefix='24'><dhcp><bootp file='x'/></dhcp></ip>"),
	      "prefix='24'>\n  </ip>");
	gives(NET("<ip address='10.0.0.1' prefix='24'><dhcp><host name='x' ip='1.2.3.4'/></dhcp></ip>"),
	      "<host name='x' ip='1.2.3.4'/>");
	gives(NET("<ip address='10.0.0.1' prefix='24'><dhcp><range start='10.0.0.2' end='10.0.0.3'>"
		  "<lease unit='hours'/></range></dhcp></ip>"), "<range start='10.0.0.2' end='10.0.0.3'/>");
	gives(NET("<domain localOnly='yes'/>"), "<bridge stp='on' delay='0'/>\n</network>");
	gives(NET("<vlan trunk='YES'><tag id='0'/></vlan>"), "<vlan trunk='yes'>\n    <tag id='0'/>");
	gives(NET("<forward mode='vepa'><pf dev='e0'/><interface dev='e1'/></forward>"),
	      "<forward dev='e1' mode='vepa'>\n    <interface dev='e1'/>\n  </forward>");
	gives(NET("<forward mode='hostdev' managed='maybe'><address type='pci' domain='0' bus='03' "
		  "slot='0x10' function='7'/></forward>"),
	      "managed='no'>\n    <address type='pci' domain='0x0000' bus='0x03' slot='0x10' function='0x7'/>");
	gives(NET("<forward mode='private' dev='e1'/><virtualport type='802.1Qbg'>"
		  "<parameters managerid='0x10' typeid='010' typeidversion='2'/></virtualport>"),
	      "<parameters managerid='16' typeid='8' typeidversion='2'/>");
	gives(NET("<virtualport type='midonet'><parameters profileid='x'/></virtualport>"),
	      "<virtualport type='midonet'/>");
	gives(NET("<portgroup name='p' default='YES'><virtualport/></portgroup>"),
	      "<portgroup name='p' default='yes'>\n  </portgroup>");
	gives(NET("<portgroup name='p' default='true'/>"), "<portgroup name='p'>\n");
}

/* Namespaces that were declared further up come along; without an element there is nothing to keep. */
static void test_metadata_and_options(void **state)
{
	gives("<network xmlns:x='http://x'><name>a</name><metadata><x:a><x:b c='d'/></x:a></metadata></network>",
	      "  <metadata xmlns:x=\"http://x\">\n    <x:a>\n      <x:b c=\"d\"/>\n    </x:a>\n  </metadata>\n");
	gives(NET("<metadata>text</metadata>"), "<name>a</name>\n  <bridge");
	gives("<network xmlns:q='" WR_XML_DNSMASQ_NS "'><name>a</name><q:options><q:option value='b=c'/>"
	      "</q:options></network>",
	      "  <dnsmasq:options>\n    <dnsmasq:option value='b=c'/>\n  </dnsmasq:options>\n");
	gives("<network xmlns:q='" WR_XML_DNSMASQ_NS "'><name>a</name><q:options><q:option value='b=c'/>"
	      "</q:options></network>", "<network xmlns:dnsmasq='" WR_XML_DNSMASQ_NS "'>\n");
}

/* From JSON it can be anything, and could end the document early. */
static void test_metadata_from_elsewhere(void **state)
{
	static const char *const bad[] = { "text", "<metadata></network>", "<metadata/><a/>", "<a/>" };
	struct weir_network net = { .sz = sizeof(net), .name = (char *)"a" };
	char *out = NULL;

	for (size_t i = 0; i < WR_COUNT(bad); i++) {
		struct weir_error err = WEIR_ERROR_INIT;

		net.metadata = (char *)bad[i];
		assert_int_equal(weir_xml_network_format(&net, 0, &out, &err), -EINVAL);
		assert_string_equal(err.attr, "metadata");
	}
}

/* Each of 100000 is held against the others in much less than their square. */
static void test_many_interfaces(void **state)
{
	struct wr_str s = { 0 };
	struct weir_network *net = NULL;
	char *text;

	wr_str_puts(&s, "<network><name>a</name><forward mode='vepa'>");
	for (int i = 0; i < 100000; i++)
		wr_str_printf(&s, "<interface dev='eth%d'/>", i);
	wr_str_puts(&s, "</forward></network>");
	text = wr_str_take(&s);
	assert_int_equal(weir_xml_network_parse(text, strlen(text), &net, NULL), 0);
	assert_int_equal(net->forward.n_interfaces, 100000);
	weir_network_free(net);
	free(text);
}

/* --- guests ---------------------------------------------------------------------------------- */

#define PORTID "00000000-0000-4000-8000-000000000001"
#define ID_A "00000000-0000-4000-8000-00000000000a"
#define ID_B "00000000-0000-4000-8000-00000000000b"

static const struct {
	const char *config, *live, *status;
} guests[] = {
	{
		"<interface type='network'>\n"
		"  <mac address='52:54:00:20:00:01'/>\n"
		"  <source network='labnet' portgroup='slow'/>\n"
		"  <model type='virtio'/>\n"
		"</interface>\n",
		"<interface type='network'>\n"
		"  <mac address='52:54:00:20:00:01'/>\n"
		"  <source network='labnet' portgroup='slow' portid='" PORTID
		"' bridge='brlab7' macTableManager='libvirt'/>\n"
		"  <bandwidth>\n"
		"    <inbound average='100' peak='200' burst='10'/>\n"
		"    <outbound average='50'/>\n"
		"  </bandwidth>\n"
		"  <port isolated='yes'/>\n"
		"  <target dev='vnet3'/>\n"
		"  <model type='virtio'/>\n"
		"</interface>\n",
		"<interface type='network'>\n"
		"  <mac address='52:54:00:20:00:01'/>\n"
		"  <source network='labnet' portgroup='slow' portid='" PORTID "'/>\n"
		"  <actual type='network'>\n"
		"    <source bridge='brlab7' macTableManager='libvirt'/>\n"
		"    <class id='3'/>\n"
		"    <bandwidth>\n"
		"      <inbound average='100' peak='200' burst='10'/>\n"
		"      <outbound average='50'/>\n"
		"    </bandwidth>\n"
		"    <port isolated='yes'/>\n"
		"  </actual>\n"
		"  <target dev='vnet3'/>\n"
		"  <model type='virtio'/>\n"
		"</interface>\n",
	},
	{
		"<interface type='network'>\n"
		"  <mac address='52:54:00:60:00:01'/>\n"
		"  <source network='floor3' portgroup='cam'/>\n"
		"  <virtualport>\n"
		"    <parameters instanceid='" ID_B "' interfaceid='" ID_A "'/>\n"
		"  </virtualport>\n"
		"</interface>\n",
		"<interface type='bridge'>\n"
		"  <mac address='52:54:00:60:00:01'/>\n"
		"  <source network='floor3' portgroup='cam' portid='" PORTID "' bridge='ovs3'/>\n"
		"  <vlan>\n"
		"    <tag id='30'/>\n"
		"  </vlan>\n"
		"  <virtualport type='openvswitch'>\n"
		"    <parameters interfaceid='" ID_A "' profileid='cams'/>\n"
		"  </virtualport>\n"
		"</interface>\n",
		"<interface type='network'>\n"
		"  <mac address='52:54:00:60:00:01'/>\n"
		"  <source network='floor3' portgroup='cam' portid='" PORTID "'/>\n"
		"  <virtualport>\n"
		"    <parameters instanceid='" ID_B "' interfaceid='" ID_A "'/>\n"
		"  </virtualport>\n"
		"  <actual type='bridge'>\n"
		"    <source bridge='ovs3'/>\n"
		"    <vlan>\n"
		"      <tag id='30'/>\n"
		"    </vlan>\n"
		"    <virtualport type='openvswitch'>\n"
		"      <parameters interfaceid='" ID_A "' profileid='cams'/>\n"
		"    </virtualport>\n"
		"  </actual>\n"
		"</interface>\n",
	},
	{
		"<interface type='network' trustGuestRxFilters='yes'>\n"
		"  <mac address='52:54:00:60:00:02'/>\n"
		"  <source network='rack' portgroup='gold'/>\n"
		"</interface>\n",
		"<interface type='direct' trustGuestRxFilters='yes'>\n"
		"  <mac address='52:54:00:60:00:02'/>\n"
		"  <source network='rack' portgroup='gold' portid='" PORTID "' dev='p1' mode='vepa'/>\n"
		"  <virtualport type='802.1Qbg'>\n"
		"    <parameters managerid='55' typeid='9' typeidversion='2' instanceid='" ID_A "'/>\n"
		"  </virtualport>\n"
		"</interface>\n",
		"<interface type='network' trustGuestRxFilters='yes'>\n"
		"  <mac address='52:54:00:60:00:02'/>\n"
		"  <source network='rack' portgroup='gold' portid='" PORTID "'/>\n"
		"  <actual type='direct' trustGuestRxFilters='yes'>\n"
		"    <source dev='p1' mode='vepa'/>\n"
		"    <virtualport type='802.1Qbg'>\n"
		"      <parameters managerid='55' typeid='9' typeidversion='2' instanceid='" ID_A "'/>\n"
		"    </virtualport>\n"
		"  </actual>\n"
		"</interface>\n",
	},
	{
		"<interface type='network'>\n"
		"  <mac address='52:54:00:10:00:02'/>\n"
		"  <source network='vfpool'/>\n"
		"</interface>\n",
		"<interface type='hostdev' managed='yes'>\n"
		"  <mac address='52:54:00:10:00:02'/>\n"
		"  <driver name='vfio' model='vfio-pci-x'/>\n"
		"  <source>\n"
		"    <address type='pci' domain='0x0000' bus='0x41' slot='0x00' function='0x2'/>\n"
		"  </source>\n"
		"  <vlan>\n"
		"    <tag id='300'/>\n"
		"  </vlan>\n"
		"</interface>\n",
		"<interface type='network'>\n"
		"  <mac address='52:54:00:10:00:02'/>\n"
		"  <source network='vfpool' portid='" PORTID "'/>\n"
		"  <actual type='hostdev' managed='yes'>\n"
		"    <driver name='vfio' model='vfio-pci-x'/>\n"
		"    <source>\n"
		"      <address type='pci' domain='0x0000' bus='0x41' slot='0x00' function='0x2'/>\n"
		"    </source>\n"
		"    <vlan>\n"
		"      <tag id='300'/>\n"
		"    </vlan>\n"
		"  </actual>\n"
		"</interface>\n",
	},
};

static struct weir_xml_guest *guest_of(const char *text)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_xml_guest *guest = NULL;

	if (weir_xml_guest_parse(text, strlen(text), &guest, &err))
		fail_msg("%s: %s: %s: %s", text, err.object, err.attr, err.msg);
	return guest;
}

static void is_written(const struct weir_xml_guest *guest, unsigned int form, const char *as)
{
	char *text = NULL;

	assert_int_equal(weir_xml_guest_format(guest, form, &text), 0);
	assert_string_equal(text, as);
	free(text);
}

static void test_a_guest_in_three_forms(void **state)
{
	for (size_t i = 0; i < WR_COUNT(guests); i++) {
		struct weir_xml_guest *guest = guest_of(guests[i].status), *again = NULL;
		char *json = NULL;

		is_written(guest, 0, guests[i].config);
		is_written(guest, WEIR_XML_LIVE, guests[i].live);
		is_written(guest, WEIR_XML_STATUS, guests[i].status);
		assert_int_equal(weir_xml_guest_json(guest, &json), 0);
		assert_int_equal(weir_xml_guest_from_json(json, strlen(json), &again, NULL), 0);
		is_written(again, WEIR_XML_STATUS, guests[i].status);
		weir_xml_guest_free(guest);
		weir_xml_guest_free(again);
		free(json);
	}
}

/* The live form is one that can be read, too. */
static void test_a_guest_from_its_live_form(void **state)
{
	for (size_t i = 0; i < WR_COUNT(guests); i++) {
		struct weir_xml_guest *guest = guest_of(guests[i].live);

		is_written(guest, WEIR_XML_LIVE, guests[i].live);
		weir_xml_guest_free(guest);
	}
}

/* From a network and its portgroup to what the guest's management shows of them. */
static void attached(const char *network, const char *config, const char *live, const char *status)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_xml_guest *guest = guest_of(config);
	struct weir_network *net = NULL;
	struct weir_guest question;

	if (weir_xml_network_parse(network, strlen(network), &net, &err))
		fail_msg("%s: %s: %s", err.object, err.attr, err.msg);
	weir_xml_guest_ask(guest, &question);
	if (weir_network_resolve(net, &question, &guest->port, &err))
		fail_msg("%s: %s: %s", err.object, err.attr, err.msg);
	guest->has_port = true;
	/* What an attach makes up, and takes from the pool. */
	memcpy(guest->own.uuid, PORTID, sizeof(PORTID));
	if (guest->port.plug == WEIR_PLUG_DIRECT)
		memcpy(guest->port.dev, net->forward.interfaces[0].dev, 3);
	is_written(guest, WEIR_XML_LIVE, live);
	is_written(guest, WEIR_XML_STATUS, status);
	weir_network_free(net);
	weir_xml_guest_free(guest);
}

static void test_a_guest_that_was_attached(void **state)
{
	attached("<network><name>floor3</name><forward mode='bridge'/><bridge name='ovs3'/>"
		 "<virtualport type='openvswitch'/><portgroup name='cam'><vlan><tag id='30'/></vlan>"
		 "<virtualport><parameters profileid='cams'/></virtualport>"
		 "<bandwidth><inbound average='100'/></bandwidth></portgroup></network>",
		 guests[1].config,
		 "<interface type='bridge'>\n"
		 "  <mac address='52:54:00:60:00:01'/>\n"
		 "  <source network='floor3' portgroup='cam' portid='" PORTID "' bridge='ovs3'/>\n"
		 "  <vlan>\n"
		 "    <tag id='30'/>\n"
		 "  </vlan>\n"
		 "  <virtualport type='openvswitch'>\n"
		 "    <parameters interfaceid='" ID_A "' profileid='cams'/>\n"
		 "  </virtualport>\n"
		 "  <bandwidth>\n"
		 "    <inbound average='100'/>\n"
		 "  </bandwidth>\n"
		 "</interface>\n",
		 "<interface type='network'>\n"
		 "  <mac address='52:54:00:60:00:01'/>\n"
		 "  <source network='floor3' portgroup='cam' portid='" PORTID "'/>\n"
		 "  <virtualport>\n"
		 "    <parameters instanceid='" ID_B "' interfaceid='" ID_A "'/>\n"
		 "  </virtualport>\n"
		 "  <actual type='bridge'>\n"
		 "    <source bridge='ovs3'/>\n"
		 "    <vlan>\n"
		 "      <tag id='30'/>\n"
		 "    </vlan>\n"
		 "    <virtualport type='openvswitch'>\n"
		 "      <parameters interfaceid='" ID_A "' profileid='cams'/>\n"
		 "    </virtualport>\n"
		 "    <bandwidth>\n"
		 "      <inbound average='100'/>\n"
		 "    </bandwidth>\n"
		 "  </actual>\n"
		 "</interface>\n");
	attached("<network><name>rack</name><forward mode='vepa'><interface dev='p1'/></forward>"
		 "<portgroup name='gold'><virtualport type='802.1Qbg'><parameters managerid='55' typeid='9' "
		 "typeidversion='2' instanceid='" ID_A "'/></virtualport></portgroup></network>",
		 guests[2].config, guests[2].live, guests[2].status);
}

static void guest_refuses(const char *text, const char *reason)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_xml_guest *guest = NULL;
	char line[1024];

	assert_true(weir_xml_guest_parse(text, strlen(text), &guest, &err) < 0);
	weir_error_format(&err, line, sizeof(line));
	if (!strstr(line, reason))
		fail_msg("\"%s\" is not in \"%s\"", reason, line);
}

static void test_rules_of_guests(void **state)
{
	guest_refuses("<interface/>", "<interface>: type:");
	guest_refuses("<interface type='network'/>", "source: is missing");
	guest_refuses("<interface type='network'><source/></interface>", "<source>: network: is missing");
	guest_refuses("<interface type='bridge'><source/></interface>", "<source>: bridge: is missing");
	guest_refuses("<interface type='user'><virtualport/></interface>", "has a virtualport");
	guest_refuses("<interface type='bridge'><source bridge='b'/><virtualport/></interface>",
		      "type: is missing");
	guest_refuses("<interface type='direct'><source dev='e'/><virtualport type='802.1Qbg'/></interface>",
		      "type 802.1Qbg needs managerid");
	guest_refuses("<interface type='bridge'><source bridge='b'/><bandwidth><inbound floor='1'/>"
		      "</bandwidth></interface>", "has a floor");
	guest_refuses("<interface type='network'><source network='a'/><actual type='network'>"
		      "<virtualport type='openvswitch'/></actual></interface>", "of type network, but");
	guest_refuses("<interface type='network'><source network='a'/><actual type='bridge'><source/>"
		      "</actual></interface>", "line 1, <source>: bridge: is missing");
	guest_refuses("<interface type='network'><mac address='01:00:00:00:00:01'/><source network='a'/>"
		      "</interface>", "group address");
}

/* Ids that are made up stay: the second time they are there. */
static void test_ids_are_made_up_once(void **state)
{
	struct weir_xml_guest *guest = guest_of("<interface type='network'><source network='a'/>"
						"<virtualport/></interface>"), *again;
	char *text = NULL;

	assert_int_equal(guest->own.virtualport.has,
			 WEIR_VIRTUALPORT_INSTANCEID | WEIR_VIRTUALPORT_INTERFACEID);
	assert_memory_equal(guest->own.mac, "\x52\x54\x00", 3);
	assert_int_equal(weir_xml_guest_format(guest, 0, &text), 0);
	again = guest_of(text);
	is_written(again, 0, text);
	weir_xml_guest_free(guest);
	weir_xml_guest_free(again);
	free(text);
	guest = guest_of("<interface type='bridge'><source bridge='b'/><virtualport type='openvswitch'/>"
			 "</interface>");
	assert_true(guest->own.virtualport.has & WEIR_VIRTUALPORT_INTERFACEID);
	weir_xml_guest_free(guest);
}

static void test_items_from_elsewhere(void **state)
{
	static const char json[] = "{\"type\": \"user\", \"items\": [{\"name\": \"model\", "
				   "\"text\": \"  <model/></interface>\\n\"}]}";
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_xml_guest *guest = NULL;

	assert_int_equal(weir_xml_guest_from_json(json, strlen(json), &guest, &err), -EINVAL);
	assert_string_equal(err.attr, "items[0].text");
}

/* --- every allocation fails once -------------------------------------------------------------------- */

static int read_and_write(const char *text, char **ret)
{
	enum weir_xml_kind kind = weir_xml_kind_of(text, strlen(text));
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_network *net = NULL;
	struct weir_xml_guest *guest = NULL;
	struct weir_group *group = NULL;
	struct weir_port port = { .sz = sizeof(port) };
	int r = kind == WEIR_XML_NETWORK ? weir_xml_network_parse(text, strlen(text), &net, &err) :
		kind == WEIR_XML_GUEST	 ? weir_xml_guest_parse(text, strlen(text), &guest, &err) :
		kind == WEIR_XML_GROUP	 ? weir_xml_group_parse(text, strlen(text), &group, &err) :
					   weir_xml_port_parse(text, strlen(text), &port, &err);

	assert_int_equal(r, err.code);
	if (!r)
		r = net	    ? weir_xml_network_format(net, 0, ret, &err) :
		    guest   ? weir_xml_guest_format(guest, WEIR_XML_STATUS, ret) :
		    group   ? weir_xml_group_format(group, ret) :
			      weir_xml_port_format(&port, ret);
	weir_network_free(net);
	weir_xml_guest_free(guest);
	weir_group_free(group);
	weir_port_done(&port);
	return r;
}

static void test_memory_runs_out(void **state)
{
	const char *const texts[] = {
		"<network xmlns:d='" WR_XML_DNSMASQ_NS "'><name>a</name><title>t</title><metadata><a/></metadata>"
		"<forward mode='nat' dev='e0'/><mac address='52:54:00:00:00:01'/><domain name='x'/>"
		"<dns><txt name='t' value='v'/><host ip='10.0.0.1'><hostname>h</hostname></host></dns>"
		"<ip address='10.0.0.1' prefix='24'><tftp root='/t'/><dhcp><range start='10.0.0.2' end='10.0.0.3'/>"
		"<host mac='52:54:00:00:00:02' name='n' ip='10.0.0.4'/><bootp file='f'/></dhcp></ip>"
		"<portgroup name='p'><vlan><tag id='1'/></vlan></portgroup>"
		"<d:options><d:option value='o'/></d:options></network>",
		"<network><name>a</name><forward mode='hostdev'><driver model='m'/><address type='pci' bus='1'/>"
		"</forward></network>",
		"<networkport><uuid>" ID_A "</uuid><owner><name>o</name><uuid>" ID_B "</uuid></owner>"
		"<mac address='52:54:00:00:00:01'/><vlan><tag id='1'/></vlan><plug type='hostdev-pci'>"
		"<driver model='m'/><address bus='1'/></plug></networkport>",
		"<interface type='bridge' name='b'><protocol family='ipv4'><ip address='10.0.0.1'/></protocol>"
		"<bridge><interface type='ethernet' name='e'/></bridge></interface>",
		guests[3].status,
	};

	for (size_t i = 0; i < WR_COUNT(texts); i++) {
		char *whole = NULL, *text;
		int r = -ENOMEM;

		assert_int_equal(read_and_write(texts[i], &whole), 0);
		for (long n = 0; r; n++) {
			text = NULL;
			fail_at = n;
			r = read_and_write(texts[i], &text);
			fail_at = -1;
			assert_true(n < 5000 && (r == 0 || r == -ENOMEM));
		}
		assert_string_equal(text, whole);
		free(whole);
		free(text);
	}
}

/* --- netcf's interfaces, and what is what -------------------------------------------------------- */

static void group_gives(const char *text, const char *inside)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_group *group = NULL;
	char *out = NULL;

	if (weir_xml_group_parse(text, strlen(text), &group, &err)) {
		char line[1024];

		weir_error_format(&err, line, sizeof(line));
		assert_non_null(strstr(line, inside));
		return;
	}
	assert_int_equal(weir_xml_group_format(group, &out), 0);
	if (!strstr(out, inside))
		fail_msg("%s is not in %s", inside, out);
	weir_group_free(group);
	free(out);
}

/* Fixed order of old versions, attributes that only state has, and a base that brings its own. */
static void test_generations_of_netcf(void **state)
{
	group_gives("<interface type='bridge' name='br0'><start mode='onboot'/><bridge/></interface>",
		    "  <bridge>\n  </bridge>\n");
	group_gives("<interface type='bridge' name='br0'><bridge delay='5.50'><interface type='vlan'>"
		    "<vlan tag='0'><interface name='e0'/></vlan></interface></bridge></interface>",
		    "<bridge delay='5.50'>\n    <interface type='vlan'>\n      <vlan tag='0'>\n");
	group_gives("<interface type='vlan' name='e0.5'><vlan tag='5'><interface name='e0' type='ethernet'>"
		    "<link state='up'/><mac address='52:54:00:00:00:01'/></interface></vlan></interface>",
		    "    <interface name='e0'/>\n");
	group_gives("<interface type='ethernet' name='e0'><link state='up' speed='0'/></interface>",
		    "<link speed='0' state='up'/>");
	group_gives("<interface type='ethernet' name='e0'><protocol family='ipv6'><dhcp/><autoconf/>"
		    "</protocol></interface>", "    <autoconf/>\n    <dhcp/>\n");
	group_gives("<interface type='bond' name='b'><bond><interface type='vlan' name='v'>"
		    "<vlan tag='1'><interface name='e'/></vlan></interface></bond></interface>",
		    "a vlan cannot be a port of a bond");
	group_gives("<interface type='ethernet'/>", "<interface>: name: is missing");
	group_gives("<interface type='bond' name='b'/>", "<interface>: bond: is missing");
	group_gives("<interface type='bridge' name='b'><bridge delay='x'/></interface>", "delay:");
}

/* What is misspelt, misplaced or there twice; memory that runs out on the way is an error. */
static void test_what_is_left_out(void **state)
{
	static const char text[] = "<network xmlns:a='urn:a' a:z='1' foo='2'><name>n</name>\n<forwad mode='nat'/>\n"
				   "<a:ip/><forward mode='route' mdoe='x'/><name>m</name>\n"
				   "<ip address='10.0.0.1' prefix='24'><dhcp/></ip><ip address='10.0.1.1' prefix='24' gone='1'/></network>";
	static const char txt[] = "<txt name='n' vlaue='v'/>";
	struct weir_network *net = NULL;
	char *canonical = NULL, *out = NULL;
	void *item = NULL;
	int r = -ENOMEM;

	assert_int_equal(weir_xml_network_parse(text, sizeof(text) - 1, &net, NULL), 0);
	assert_int_equal(weir_xml_network_format(net, 0, &canonical, NULL), 0);
	for (long n = 0; r; n++) {
		fail_at = n;
		r = weir_xml_left_out(text, sizeof(text) - 1, canonical, &out, NULL);
		fail_at = -1;
		assert_true(n < 5000 && (r == 0 || r == -ENOMEM));
	}
	assert_string_equal(out, "line 1, <network>: z\nline 1, <network>: foo\nline 2, <forwad>\nline 3, <ip>\n"
				 "line 3, <forward>: mdoe\nline 3, <name>\nline 4, <dhcp>\nline 4, <ip>: gone\n");
	free(out);
	assert_int_equal(weir_xml_left_out(canonical, strlen(canonical), canonical, &out, NULL), 0);
	assert_string_equal(out, "");
	free(out);
	free(canonical);
	weir_network_free(net);
	assert_int_equal(weir_xml_update_item_parse(WEIR_SECTION_DNS_TXT, WEIR_UPDATE_DELETE, txt, sizeof(txt) - 1, &item, NULL), 0);
	assert_int_equal(weir_xml_update_item_format(WEIR_SECTION_DNS_TXT, item, &out), 0);
	assert_string_equal(out, "<txt name='n'/>\n");
	assert_int_equal(weir_xml_update_item_format((enum weir_section)99, item, &out), -EOPNOTSUPP);
	weir_update_item_free(WEIR_SECTION_DNS_TXT, item);
	free(out);
}

static void test_what_a_text_is(void **state)
{
	static const struct {
		const char *text;
		enum weir_xml_kind kind;
	} texts[] = {
		{ "<network/>", WEIR_XML_NETWORK },
		{ "\xef\xbb\xbf<?xml version='1.0'?>\n<!-- <interface> -->\n<network ipv6='yes'>", WEIR_XML_NETWORK },
		{ "<networkport>", WEIR_XML_PORT },
		{ "<interface type='ethernet' name='e0'>", WEIR_XML_GROUP },
		{ "<interface type='vlan'>", WEIR_XML_GROUP },
		{ "<interface type='bridge'>", WEIR_XML_GUEST },
		{ "<interfaces>", WEIR_XML_NONE },
		{ "<network", WEIR_XML_NONE },
		{ "<", WEIR_XML_NONE },
		{ "", WEIR_XML_NONE },
		{ "{ \"name\": \"<network>\" }", WEIR_XML_NONE },
	};

	for (size_t i = 0; i < WR_COUNT(texts); i++)
		assert_int_equal(weir_xml_kind_of(texts[i].text, strlen(texts[i].text)), texts[i].kind);
}

/* No document: refused like an empty one. */
static void test_nothing(void **state)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct weir_xml_guest *guest = NULL;
	struct weir_network *net = NULL;
	struct weir_group *group = NULL;
	struct weir_port port = { .sz = sizeof(port) };
	void *item = NULL;

	assert_int_equal(weir_xml_network_parse(NULL, 0, &net, &err), -EINVAL);
	assert_int_equal(weir_xml_update_item_parse(WEIR_SECTION_BRIDGE, WEIR_UPDATE_MODIFY, NULL, 0, &item, &err), -EINVAL);
	assert_int_equal(weir_xml_port_parse(NULL, 0, &port, &err), -EINVAL);
	assert_int_equal(weir_xml_group_parse(NULL, 0, &group, &err), -EINVAL);
	assert_int_equal(weir_xml_guest_parse(NULL, 0, &guest, &err), -EINVAL);
	assert_int_equal(weir_xml_guest_from_json(NULL, 0, &guest, &err), -EINVAL);
	assert_int_equal(weir_xml_left_out("<a/>", 4, NULL, (char **)&item, &err), -EINVAL);
	assert_int_equal(weir_xml_kind_of(NULL, 0), 0);
	assert_int_equal(weir_network_parse("{\"name\":\"n\"}", 12, &net, NULL), 0);
	assert_int_equal(weir_xml_network_update(net, 1, 4, -1, NULL, 0, &err), -EINVAL);
	weir_network_free(net);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_row_has_its_member),
		cmocka_unit_test(test_encodings),
		cmocka_unit_test(test_hostile_documents),
		cmocka_unit_test(test_a_huge_attribute),
		cmocka_unit_test(test_where_it_is),
		cmocka_unit_test(test_virtualports),
		cmocka_unit_test(test_canonical_form),
		cmocka_unit_test(test_metadata_and_options),
		cmocka_unit_test(test_metadata_from_elsewhere),
		cmocka_unit_test(test_many_interfaces),
		cmocka_unit_test(test_a_guest_in_three_forms),
		cmocka_unit_test(test_a_guest_from_its_live_form),
		cmocka_unit_test(test_a_guest_that_was_attached),
		cmocka_unit_test(test_rules_of_guests),
		cmocka_unit_test(test_ids_are_made_up_once),
		cmocka_unit_test(test_items_from_elsewhere),
		cmocka_unit_test(test_memory_runs_out),
		cmocka_unit_test(test_generations_of_netcf),
		cmocka_unit_test(test_what_is_left_out),
		cmocka_unit_test(test_what_a_text_is),
		cmocka_unit_test(test_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
