/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libnetcf.so.1's calls against real links, by what netcf's clients rely on: what a
 * lookup that finds nothing says, who owns which string, which code stands for what,
 * and that nothing happens to a handle that is none.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib_ns.h"
#include "netcf/netcf.h"

#define ALL (NETCF_IFACE_ACTIVE | NETCF_IFACE_INACTIVE)

static const char eth[] = "<interface type='ethernet' name='e0'>\n"
			  "  <start mode='onboot'/>\n"
			  "  <mtu size='1400'/>\n"
			  "  <protocol family='ipv4'>\n"
			  "    <ip address='192.0.2.1' prefix='24'/>\n"
			  "  </protocol>\n"
			  "</interface>\n";
static const char bridge[] = "<interface type='bridge' name='br0'>\n"
			     "  <start mode='none'/>\n"
			     "  <bridge stp='off'>\n"
			     "    <interface type='ethernet' name='e0'>\n"
			     "    </interface>\n"
			     "  </bridge>\n"
			     "</interface>\n";
static const char vlan[] = "<interface type='vlan' name='e0.5'>\n"
			   "  <vlan tag='5'>\n"
			   "    <interface name='e0'/>\n"
			   "  </vlan>\n"
			   "</interface>\n";

static struct netcf *open_ncf(void)
{
	struct netcf *ncf = NULL;

	ns_sh("mkdir /run/root");
	ns_sh("ip link add e0 address 52:54:00:00:00:0a type veth peer name far && ip link set far up");
	assert_int_equal(ncf_init(&ncf, "/run/root/"), 0);
	return ncf;
}

static void is_error(struct netcf *ncf, int code, const char *words)
{
	const char *text = NULL, *details = NULL;

	assert_int_equal(ncf_error(ncf, &text, &details), code);
	assert_non_null(text);
	if (!words)
		assert_null(details);
	else if (!details || !strstr(details, words))
		fail_msg("\"%s\" is not in \"%s\"", words, details ? details : "");
}

static struct netcf_if *define(struct netcf *ncf, const char *xml)
{
	struct netcf_if *nif = ncf_define(ncf, xml);
	const char *details = NULL;

	if (!nif) {
		ncf_error(ncf, NULL, &details);
		fail_msg("%s", details);
	}
	is_error(ncf, NETCF_NOERROR, NULL);
	return nif;
}

static void test_handles(void **state)
{
	struct netcf *ncf = open_ncf();
	struct netcf_if *nif = define(ncf, eth);
	unsigned int flags;

	assert_int_equal(ncf_close(ncf), -1);
	is_error(ncf, NETCF_EINUSE, "not freed");
	ncf_if_free(nif);
	assert_int_equal(ncf_close(ncf), 0);
	assert_int_equal(ncf_init(&ncf, "/dev/null"), -1);
	assert_non_null(ncf);
	is_error(ncf, NETCF_EFILE, "no directory");
	assert_int_equal(ncf_num_of_interfaces(ncf, ALL), -1);
	is_error(ncf, NETCF_EFILE, "");
	assert_int_equal(ncf_close(ncf), 0);
	assert_int_equal(ncf_close(NULL), 0);
	is_error(NULL, NETCF_EINTERNAL, "no handle");
	assert_int_equal(ncf_num_of_interfaces(NULL, ALL), -1);
	assert_null(ncf_lookup_by_name(NULL, "e0"));
	assert_null(ncf_define(NULL, eth));
	assert_int_equal(ncf_if_up(NULL), -1);
	assert_int_equal(ncf_if_status(NULL, &flags), -1);
	assert_null(ncf_if_xml_desc(NULL));
	ncf_if_free(NULL);
}

static void test_lists_and_lookups(void **state)
{
	struct netcf *ncf = open_ncf();
	struct netcf_if *e0 = define(ncf, eth), *v5 = define(ncf, vlan), *found[3];
	char *names[3];

	assert_int_equal(ncf_num_of_interfaces(ncf, 0), 0);
	assert_int_equal(ncf_num_of_interfaces(ncf, ALL), 2);
	assert_int_equal(ncf_num_of_interfaces(ncf, NETCF_IFACE_INACTIVE), 2);
	assert_int_equal(ncf_list_interfaces(ncf, 3, names, ALL), 2);
	assert_string_equal(names[0], "e0");
	assert_string_equal(names[1], "e0.5");
	assert_null(names[2]);
	free(names[0]);
	free(names[1]);
	assert_int_equal(ncf_list_interfaces(ncf, 1, names, ALL), 1);
	free(names[0]);

	/* Not there, and there but not defined: both are no error. */
	assert_null(ncf_lookup_by_name(ncf, "nosuch"));
	is_error(ncf, NETCF_NOERROR, NULL);
	assert_null(ncf_lookup_by_name(ncf, "far"));
	is_error(ncf, NETCF_NOERROR, NULL);

	assert_int_equal(ncf_lookup_by_mac_string(ncf, "52:54:00:00:00:0A", 3, found), 1);
	assert_string_equal(ncf_if_name(found[0]), "e0");
	assert_string_equal(ncf_if_mac_string(found[0]), "52:54:00:00:00:0a");
	assert_null(found[1]);
	ncf_if_free(found[0]);
	assert_int_equal(ncf_lookup_by_mac_string(ncf, "52:54:00:00:00:0a", 0, NULL), 1);
	found[0] = e0;
	assert_int_equal(ncf_lookup_by_mac_string(ncf, "52:54:00:00:00:ff", 1, found), 0);
	assert_null(found[0]);
	assert_null(ncf_if_mac_string(v5));
	is_error(ncf, NETCF_NOERROR, NULL);
	ncf_if_free(e0);
	ncf_if_free(v5);
	assert_int_equal(ncf_close(ncf), 0);
}

/* A port has no definition of its own; a vlan's base keeps it. */
static void test_definitions(void **state)
{
	struct netcf *ncf = open_ncf();
	struct netcf_if *nif = define(ncf, eth);
	char *xml = ncf_if_xml_desc(nif);

	assert_string_equal(xml, eth);
	free(xml);
	ncf_if_free(define(ncf, vlan));
	assert_int_equal(ncf_num_of_interfaces(ncf, ALL), 2);
	ncf_if_free(define(ncf, eth));
	ncf_if_free(nif);
	nif = define(ncf, bridge);
	assert_null(ncf_lookup_by_name(ncf, "e0"));
	is_error(ncf, NETCF_NOERROR, NULL);
	assert_int_equal(ncf_num_of_interfaces(ncf, ALL), 2);
	assert_int_equal(ncf_if_undefine(nif), 0);
	assert_int_equal(ncf_num_of_interfaces(ncf, ALL), 1);
	assert_int_equal(ncf_if_undefine(nif), -1);
	is_error(ncf, NETCF_ENOENT, "br0");
	/* Good for a while after other calls, for clients that look late. */
	assert_string_equal(ncf_if_name(nif), "br0");
	ncf_if_free(nif);
	assert_int_equal(ncf_close(ncf), 0);
}

static void test_documents_that_are_wrong(void **state)
{
	static const struct {
		const char *xml;
		int code;
		const char *words;
	} wrong[] = {
		{ "<interface", NETCF_EXMLPARSER, "line 1" },
		{ "<interface type='bond' name='b'/>", NETCF_EXMLINVALID, "bond" },
		{ "<interface type='vlan' name='v'><vlan tag='4096'><interface name='e'/></vlan></interface>",
		  NETCF_EXMLINVALID, "4096" },
		{ "<interface type='ethernet' name='0123456789abcdef'/>", NETCF_EINTERNAL,
		  "longer" },
	};
	struct netcf *ncf = open_ncf();

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_null(ncf_define(ncf, wrong[i].xml));
		is_error(ncf, wrong[i].code, wrong[i].words);
	}
	assert_int_equal(ncf_num_of_interfaces(ncf, ALL), 0);
	is_error(ncf, NETCF_NOERROR, NULL);
	assert_int_equal(ncf_close(ncf), 0);
}

static void test_up_state_down(void **state)
{
	struct netcf *ncf = open_ncf();
	struct netcf_if *nif = define(ncf, bridge);
	unsigned int flags = 0;
	char *xml = ncf_if_xml_state(nif);

	assert_string_equal(xml, "<interface type='bridge' name='br0'>\n</interface>\n");
	free(xml);
	assert_int_equal(ncf_if_status(nif, &flags), 0);
	assert_int_equal(flags, NETCF_IFACE_INACTIVE);
	assert_int_equal(ncf_if_status(nif, NULL), -1);
	is_error(ncf, NETCF_EOTHER, "");
	assert_int_equal(ncf_if_up(nif), 0);
	assert_int_equal(ncf_if_up(nif), 0);
	ns_sh("ip link show e0 | grep -q 'master br0'");
	assert_int_equal(ncf_if_status(nif, &flags), 0);
	assert_int_equal(flags, NETCF_IFACE_ACTIVE);
	xml = ncf_if_xml_state(nif);
	assert_non_null(strstr(xml, "<interface type='ethernet' name='e0'>"));
	assert_null(strstr(xml, "<start"));
	free(xml);
	assert_int_equal(ncf_if_down(nif), 0);
	ns_sh("! ip link show br0 2>&1 | grep -q master && ! ip link show br0 2>/dev/null");
	ncf_if_free(nif);
	assert_int_equal(ncf_close(ncf), 0);
}

static void test_up_of_what_is_not_there(void **state)
{
	struct netcf *ncf = open_ncf();
	struct netcf_if *nif = define(ncf, "<interface type='ethernet' name='nosuch'/>");

	assert_int_equal(ncf_if_up(nif), -1);
	is_error(ncf, NETCF_EEXEC, "nosuch");
	assert_int_equal(ncf_if_undefine(nif), 0);
	assert_int_equal(ncf_if_down(nif), -1);
	is_error(ncf, NETCF_EEXEC, "nosuch");
	ncf_if_free(nif);
	assert_int_equal(ncf_close(ncf), 0);
}

static void test_changes(void **state)
{
	struct netcf *ncf = open_ncf();

	assert_int_equal(ncf_change_commit(ncf, 0), -1);
	is_error(ncf, NETCF_EINVALIDOP, "");
	assert_int_equal(ncf_change_rollback(ncf, 0), -1);
	is_error(ncf, NETCF_EINVALIDOP, "");
	assert_int_equal(ncf_change_begin(ncf, 1), -1);
	is_error(ncf, NETCF_EOTHER, "");
	assert_int_equal(ncf_change_begin(ncf, 0), 0);
	assert_int_equal(ncf_change_begin(ncf, 0), -1);
	is_error(ncf, NETCF_EINVALIDOP, "");
	ncf_if_free(define(ncf, eth));
	assert_int_equal(ncf_change_rollback(ncf, 0), 0);
	assert_int_equal(ncf_num_of_interfaces(ncf, ALL), 0);
	assert_int_equal(ncf_change_begin(ncf, 0), 0);
	ncf_if_free(define(ncf, eth));
	assert_int_equal(ncf_change_commit(ncf, 0), 0);
	assert_int_equal(ncf_num_of_interfaces(ncf, ALL), 1);
	assert_int_equal(ncf_close(ncf), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_handles, ns_setup, ns_teardown),
		cmocka_unit_test_setup_teardown(test_lists_and_lookups, ns_setup, ns_teardown),
		cmocka_unit_test_setup_teardown(test_definitions, ns_setup, ns_teardown),
		cmocka_unit_test_setup_teardown(test_documents_that_are_wrong, ns_setup,
						ns_teardown),
		cmocka_unit_test_setup_teardown(test_up_state_down, ns_setup, ns_teardown),
		cmocka_unit_test_setup_teardown(test_up_of_what_is_not_there, ns_setup,
						ns_teardown),
		cmocka_unit_test_setup_teardown(test_changes, ns_setup, ns_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
