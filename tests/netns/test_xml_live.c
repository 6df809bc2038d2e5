/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * XML and what runs: a network from libvirt's document, changed by libvirt's own
 * numbers while it runs, and a guest on it whose live and status form say what it
 * was given and where that came from.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <weir/xml.h>

#include "lib_ns.h"

#define LIVE 1u
#define CONFIG 2u

static const char lab[] = "<network>\n"
			  "  <name>lab</name>\n"
			  "  <uuid>00000000-0000-4000-8000-000000000001</uuid>\n"
			  "  <bridge name='lab0' stp='off' delay='0'/>\n"
			  "  <mac address='52:54:00:00:00:01'/>\n"
			  "  <dns enable='no'/>\n"
			  "  <portgroup name='slow' default='yes'>\n"
			  "    <bandwidth>\n"
			  "      <inbound average='100' peak='200' burst='64'/>\n"
			  "    </bandwidth>\n"
			  "  </portgroup>\n"
			  "</network>\n";

/* A driver chooses the id of a port before it asks for it. */
#define PORTID "00000000-0000-4000-8000-000000000003"
static const char guest_xml[] = "<interface type='network'>\n"
				"  <mac address='52:54:00:00:00:02'/>\n"
				"  <source network='lab' portgroup='slow' portid='" PORTID "'/>\n"
				"  <model type='virtio'/>\n"
				"</interface>\n";

static struct weir *lab_running(void)
{
	struct weir *w = ns_open();
	struct weir_network *net = NULL;
	struct weir_txn *t = ns_begin(w);

	assert_int_equal(weir_xml_network_parse(lab, strlen(lab), &net, NULL), 0);
	assert_int_equal(weir_txn_network_define(t, net), 0);
	assert_int_equal(weir_txn_network_start(t, net), 0);
	ns_commit(t);
	weir_network_free(net);
	return w;
}

static void has(struct weir *w, int which, const char *text, bool wanted)
{
	struct weir_network *net = NULL;
	char *xml = NULL;

	assert_int_equal(weir_network_get(w, "lab", which, &net, NULL), 0);
	assert_int_equal(weir_xml_network_format(net, 0, &xml, NULL), 0);
	if (!!strstr(xml, text) != wanted)
		fail_msg("%s is %sin %s", text, wanted ? "not " : "", xml);
	weir_network_free(net);
	free(xml);
}

static void test_what_was_defined_comes_back(void **state)
{
	struct weir *w = lab_running();

	has(w, WEIR_NETWORK_CONFIG, lab, true);
	has(w, WEIR_NETWORK_LIVE, lab, true);
	weir_close(w);
}

static int update(struct weir *w, int command, const char *xml, unsigned int flags)
{
	struct weir_txn *t = ns_begin(w);
	int r = weir_txn_xml_network_update(t, "lab", command, WEIR_SECTION_PORTGROUP, -1, xml,
					    flags);

	if (r)
		weir_txn_abort(t);
	else
		ns_commit(t);
	return r;
}

/* libvirt counts the running one as 1 and the stored one as 2. */
static void test_libvirts_flags(void **state)
{
	struct weir *w = lab_running();

	assert_int_equal(update(w, 3, "<portgroup name='a'/>", LIVE), 0);
	has(w, WEIR_NETWORK_LIVE, "<portgroup name='a'>", true);
	has(w, WEIR_NETWORK_CONFIG, "<portgroup name='a'>", false);
	assert_int_equal(update(w, 3, "<portgroup name='b'/>", CONFIG), 0);
	has(w, WEIR_NETWORK_LIVE, "<portgroup name='b'>", false);
	has(w, WEIR_NETWORK_CONFIG, "<portgroup name='b'>", true);
	assert_int_equal(update(w, 4, "<portgroup name='c'/>", LIVE | CONFIG), 0);
	has(w, WEIR_NETWORK_LIVE, "<portgroup name='c'>", true);
	has(w, WEIR_NETWORK_CONFIG, "<portgroup name='c'>", true);
	assert_int_equal(update(w, 2, "<portgroup name='a'/>", 0), 0);
	has(w, WEIR_NETWORK_LIVE, "<portgroup name='a'>", false);
	assert_int_equal(update(w, 3, "<portgroup name='d'/>", 4), -EINVAL);
	assert_int_equal(update(w, 0, "<portgroup name='d'/>", LIVE), -EOPNOTSUPP);
	assert_int_equal(update(w, 3, "<portgroup/>", LIVE), -EINVAL);
	weir_close(w);
}

static void test_a_guest_says_what_it_was_given(void **state)
{
	struct weir *w = lab_running();
	struct weir_xml_guest *guest = NULL;
	struct weir_guest question;
	struct weir_txn *t = ns_begin(w);
	char *live = NULL, *status = NULL;

	assert_int_equal(weir_xml_guest_parse(guest_xml, strlen(guest_xml), &guest, NULL), 0);
	weir_xml_guest_ask(guest, &question);
	assert_int_equal(weir_txn_port_attach(t, "lab", &question, &guest->port, NULL), 0);
	ns_commit(t);
	guest->has_port = true;
	assert_string_equal(guest->port.uuid, PORTID);

	assert_int_equal(weir_xml_guest_format(guest, WEIR_XML_LIVE, &live), 0);
	assert_non_null(strstr(live, "  <source network='lab' portgroup='slow' portid='" PORTID
				     "' bridge='lab0'/>\n  <bandwidth>\n"
				     "    <inbound average='100' peak='200' burst='64'/>\n"));
	assert_int_equal(weir_xml_guest_format(guest, WEIR_XML_STATUS, &status), 0);
	assert_non_null(strstr(status, "  <actual type='network'>\n    <source bridge='lab0'/>\n"
				       "    <bandwidth>\n"));
	free(live);
	free(status);
	weir_xml_guest_free(guest);
	weir_close(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_what_was_defined_comes_back, ns_setup,
						ns_teardown),
		cmocka_unit_test_setup_teardown(test_libvirts_flags, ns_setup, ns_teardown),
		cmocka_unit_test_setup_teardown(test_a_guest_says_what_it_was_given, ns_setup,
						ns_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
