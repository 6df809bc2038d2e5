/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Public calls that are given nothing where they need a text or an array: refused
 * with -EINVAL, each in a process of its own, because what is looked for is a crash.
 * Handles, transactions, structs and places for results are the caller's to give,
 * though many a struct that is missing is refused like one that says nothing.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <weir/bridge.h>
#include <weir/bulk.h>
#include <weir/host.h>
#include <weir/ip.h>
#include <weir/json.h>
#include <weir/link.h>
#include <weir/nat.h>
#include <weir/network.h>
#include <weir/profile.h>
#include <weir/sriov.h>
#include <weir/tc.h>
#include <weir/txn.h>
#include <weir/update.h>
#include <weir/vf.h>
#include <weir/weir.h>

#include "base/file.h"

static char dir[64];
static struct weir *w;
static struct weir_sriov *sriov;
static struct weir_txn *t;

/* Where results go. */
static struct weir_error err, errors[2];
static union {
	struct weir_link link;
	struct weir_ip ip;
	struct weir_network *net;
	struct weir_group *group;
	struct weir_port port;
	struct weir_vf vf;
	struct weir_pf pf;
	struct weir_claim *claims;
	struct weir_lease *leases;
	struct weir_port *ports;
	struct weir_shape shape;
	struct weir_rate rate;
	struct weir_vf_config config;
	struct weir_plan_step *plan;
	struct weir_change *changes;
	void *item;
	char *text;
	uint64_t u64;
	uint32_t u32;
	int fds[8];
} ret;
static size_t n;

/* --- the calls: CALL(group, expression) is one case ------------------------------------------------ */

static const char *const two[] = { NULL, NULL };
static const struct weir_group *const no_groups[] = { NULL, NULL };
static const struct weir_bandwidth no_limits;
static const struct weir_service no_service = { .sz = sizeof(no_service) };
static const struct weir_step_ops nameless = { .sz = sizeof(nameless) };

static const struct weir_service *service(const char *name, const char *const *argv, const char *pid_file)
{
	static struct weir_service s;

	s = (struct weir_service){ .sz = sizeof(s), .name = name, .argv = argv, .pid_file = pid_file };
	return &s;
}

/* For calls that make transactions of their own. */
static void put_away(void)
{
	weir_txn_abort(t);
	t = NULL;
}

/* Carries out the @which-th if @is_real; how many there are goes to *@count, what it says to *@what. */
static int call(unsigned int which, bool is_real, unsigned int *count, const char **what)
{
	static const char *const argv[] = { "/bin/true", NULL };
	unsigned int at = 0;
	int r = 0;

#define CALL(e)                                                                                    \
	if (at++ == which) {                                                                       \
		*what = #e;                                                                        \
		r = is_real ? (int)(e) : 0;                                                        \
	}
	/* transactions and steps */
	CALL(weir_txn_file_write(t, NULL, "x", 1, 0600, false))
	CALL(weir_txn_file_write(t, "/tmp/x", NULL, 1, 0600, false))
	CALL(weir_txn_file_remove(t, NULL))
	CALL(weir_txn_service_start(t, &no_service))
	CALL(weir_txn_service_start(t, service(NULL, argv, "/run/x")))
	CALL(weir_txn_service_start(t, service("x", NULL, "/run/x")))
	CALL(weir_txn_service_start(t, service("x", argv, NULL)))
	CALL(weir_txn_service_stop(t, &no_service, false))
	CALL(weir_txn_service_reload(t, &no_service))
	CALL(weir_service_pid(&no_service))
	CALL(weir_txn_step(t, &nameless, "x", NULL, 0))
	CALL(weir_txn_step(t, &weir_nat_step, NULL, NULL, 0))
	CALL(weir_txn_step(t, &weir_nat_step, "x", NULL, 2))

	/* links, addresses, sysctls */
	CALL(weir_txn_link_add(t, NULL))
	CALL(weir_txn_link_set(t, NULL))
	CALL(weir_txn_links(t, NULL, 2))
	CALL(weir_txn_tap_add(t, NULL, 1, ret.fds))
	CALL(weir_txn_link_del(t, 7, NULL))
	CALL(weir_txn_link_move(t, 7, NULL))
	CALL(weir_txn_altname_add(t, 7, NULL))
	CALL(weir_txn_altname_del(t, 7, NULL))
	CALL(weir_link_get(w, 0, NULL, &ret.link, &err))
	CALL(weir_link_parse(w, NULL, 2, &ret.link, &err))
	CALL(weir_link_parse(w, two, 2, &ret.link, &err))
	CALL(weir_txn_port_vlan_add(t, NULL))
	CALL(weir_txn_port_vlan_del(t, NULL))
	CALL(weir_txn_fdb_add(t, NULL))
	CALL(weir_txn_fdb_set(t, NULL))
	CALL(weir_txn_fdb_del(t, NULL))
	CALL(weir_ip_parse(NULL, &ret.ip))
	CALL(weir_txn_sysctl_set(t, NULL, "1", true))
	CALL(weir_txn_sysctl_set(t, "net/ipv4/ip_forward", NULL, true))
	CALL(weir_txn_sysfs_set(t, NULL, "1", true))
	CALL(weir_txn_sysfs_set(t, "class/net/lo/mtu", NULL, true))

	/* bandwidth, virtual functions, profiles */
	CALL(weir_rate_parse(NULL, &ret.u64, &err))
	CALL(weir_burst_parse(NULL, &ret.u64, &err))
	CALL(weir_limits_parse(NULL, &ret.rate, &err))
	CALL(weir_txn_shape_set(t, 7, NULL, &no_limits, NULL, &ret.shape))
	CALL(weir_txn_shape_clear(t, 7, NULL, NULL))
	CALL(weir_txn_floor_set(t, 7, NULL, (const uint8_t[6]){ 2 }, 1000, 0, &ret.u32))
	CALL(weir_txn_vf_set(t, 7, NULL, 2, NULL))
	CALL(weir_txn_vf_restore(t, 7, NULL, 2))
	CALL(weir_vf_config_parse(&ret.config, NULL, "1", &err))
	CALL(weir_vf_config_parse(&ret.config, "vlan", NULL, &err))
	CALL(weir_txn_profile(t, NULL, 0))
	CALL(weir_txn_nat_add(t, NULL))
	CALL(weir_txn_nat_del(t, NULL))
	CALL(weir_txn_guard_add(t, NULL))
	CALL(weir_txn_guard_del(t, NULL))

	/* definitions as text */
	CALL(weir_network_parse(NULL, 0, &ret.net, &err))
	CALL(weir_group_parse(NULL, 0, &ret.group, &err))
	CALL(weir_port_parse(NULL, 0, &ret.port, &err))
	CALL(weir_update_item_parse(WEIR_SECTION_BRIDGE, NULL, 0, false, &ret.item, &err))

	/* networks and ports */
	CALL(weir_network_use_ovs(w, NULL, &err))
	CALL(weir_network_get(w, NULL, 0, &ret.net, &err))
	CALL(weir_network_get(w, NULL, WEIR_NETWORK_CONFIG, &ret.net, &err))
	CALL(weir_network_get(w, "net", 3, &ret.net, &err))
	CALL(weir_network_get(w, "net", 4, &ret.net, &err))
	CALL(weir_network_get(w, "net", -1, &ret.net, &err))
	CALL(weir_network_room(w, NULL, 1, &ret.u32, &err))
	CALL(weir_txn_network_undefine(t, NULL))
	CALL(weir_txn_network_autostart(t, NULL, true))
	CALL(weir_txn_network_stop(t, NULL))
	CALL(weir_txn_network_reload(t, NULL))
	CALL(weir_txn_network_update(t, NULL, NULL, 0, 0))
	CALL(weir_txn_network_update(t, "net", NULL, 2, 0))
	CALL(weir_network_leases(w, NULL, &ret.leases, &n, &err))
	CALL(weir_txn_port_attach(t, NULL, NULL, &ret.port, NULL))
	CALL(weir_txn_port_detach(t, NULL, NULL))
	CALL(weir_txn_port_detach(t, "net", NULL))
	CALL(weir_txn_port_move(t, NULL, NULL, NULL))
	CALL(weir_txn_port_move(t, "net", NULL, NULL))
	CALL(weir_txn_port_limit(t, NULL, NULL, &no_limits, NULL, NULL))
	CALL(weir_port_get(w, NULL, NULL, &ret.port, &err))
	CALL(weir_port_list(w, NULL, &ret.ports, &n, &err))
	CALL((weir_ports_attach(w, "net", NULL, 2, NULL, errors), errors[1].code))
	CALL((weir_ports_detach(w, "net", NULL, 2, errors), errors[1].code))
	CALL((put_away(), weir_ports_detach(w, "net", two, 2, errors), errors[1].code))
	CALL((put_away(), weir_ports_detach(w, NULL, two, 2, errors), errors[1].code))
	CALL(weir_ready_keep(w, NULL, NULL, 1, &err))
	CALL(weir_ready_lease(w, NULL, NULL, &ret.port, &err))
	CALL(weir_ready_return(w, NULL, "p0", &err))
	CALL(weir_ready_return(w, "net", NULL, &err))

	/* host interfaces */
	CALL(weir_groups_plan(w, NULL, 2, &ret.plan, &n, &err))
	CALL(weir_groups_plan(w, no_groups, 2, &ret.plan, &n, &err))
	CALL(weir_txn_groups_define(t, NULL, 2))
	CALL(weir_txn_groups_define(t, no_groups, 2))
	CALL(weir_txn_group_undefine(t, NULL))
	CALL(weir_txn_groups_up(t, NULL, 2, WEIR_EFFECT_IN_PLACE))
	CALL(weir_txn_groups_up(t, no_groups, 2, WEIR_EFFECT_IN_PLACE))
	CALL(weir_txn_groups_down(t, NULL, 2))
	CALL(weir_txn_groups_down(t, two, 2))
	CALL(weir_txn_groups_change(t, NULL, 2, NULL, 2, WEIR_EFFECT_IN_PLACE))
	CALL(weir_group_get(w, NULL, &ret.group, &err))
	CALL(weir_group_state(w, NULL, &ret.group, &err))

	/* virtual functions of cards */
	CALL(weir_pf_get(sriov, NULL, 0, &ret.pf, &err))
	CALL(weir_vf_get(sriov, NULL, &ret.vf, &err))
	CALL(weir_txn_vf_number(t, sriov, NULL, 1, 0))
	CALL(weir_vf_wait(sriov, NULL, 1, &err))
	CALL(weir_txn_vf_bind(t, sriov, NULL, "vfio"))
	CALL(weir_txn_vf_claim(t, sriov, NULL, &ret.vf))
	CALL(weir_txn_vf_release(t, sriov, NULL, "x"))
#undef CALL
	*count = at;
	return r;
}

/* --- the test --------------------------------------------------------------------------------------- */

static void put(const char *name, const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	assert_int_equal(wr_file_write(path, text, strlen(text), 0600, false), 0);
}

/* A network that is stored and runs, as far as files say, and a port of it. */
static int setup(void **state)
{
	static const struct weir_step_ops *steps[32];
	char config[80], live[80], claims[80], folder[96];
	struct weir_options opts = { .sz = sizeof(opts), .config_dir = config, .state_dir = live, .step_ops = steps };
	struct weir_sriov_options sriov_opts = { .sz = sizeof(sriov_opts), .sysfs_dir = dir, .claims_dir = claims };
	size_t n_steps = 0;

	for (size_t i = 0; weir_network_steps[i]; i++)
		steps[n_steps++] = weir_network_steps[i];
	for (size_t i = 0; weir_sriov_steps[i]; i++)
		steps[n_steps++] = weir_sriov_steps[i];
	memcpy(dir, "/tmp/weir-null-XXXXXX", 22);
	assert_non_null(mkdtemp(dir));
	snprintf(config, sizeof(config), "%s/etc", dir);
	snprintf(live, sizeof(live), "%s/run", dir);
	snprintf(claims, sizeof(claims), "%s/claims", dir);
	for (const char *const *f = (const char *const[]){ "etc/networks", "run/networks", "run/ports", NULL }; *f; f++) {
		snprintf(folder, sizeof(folder), "%s/%s", dir, *f);
		assert_int_equal(wr_mkdirs(folder, 0755), 0);
	}
	put("etc/networks/net.json", "{\"name\":\"net\",\"bridge\":{\"name\":\"weirnull0\"}}");
	put("run/networks/net.json", "{\"bridgeIfindex\":7654321,\"definition\":{\"name\":\"net\",\"bridge\":{\"name\":\"weirnull0\"}}}");
	put("run/ports/p0.json", "{\"name\":\"p0\",\"network\":\"net\"}");
	assert_int_equal(weir_open(&opts, &w, NULL), 0);
	assert_int_equal(weir_sriov_open(w, &sriov_opts, &sriov, NULL), 0);
	return 0;
}

static int teardown(void **state)
{
	char command[96];

	weir_sriov_close(sriov);
	weir_close(w);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

static void begins(void **state)
{
	assert_int_equal(weir_txn_begin(w, NULL, 0, &t, &err), -EINVAL);
	assert_string_equal(err.object, "transaction");
	assert_string_equal(err.attr, "title");
	assert_int_equal(weir_txn_begin(w, "test", 0, &t, &err), 0);
	weir_txn_abort(t);
}

static const char *text_of(unsigned int which)
{
	unsigned int count;
	const char *what = "";

	call(which, false, &count, &what);
	return what;
}

static void try_one(unsigned int which)
{
	const struct rlimit none = { 0, 0 };
	unsigned int count;
	const char *what = "";
	int r;

	setrlimit(RLIMIT_CORE, &none);
	signal(SIGSEGV, SIG_DFL);	/* cmocka would go on with the next test */
	err = (struct weir_error)WEIR_ERROR_INIT;
	if (weir_txn_begin(w, "test", 0, &t, &err))
		_exit(1);
	r = call(which, true, &count, &what);
	weir_txn_abort(t);
	if (r != -EINVAL)
		print_message("%s: %d\n", what, r);
	_exit(r != -EINVAL);
}

static void nothing_is_refused(void **state)
{
	unsigned int count = 0, n_failed = 0;
	const char *what;

	call(UINT32_MAX, false, &count, &what);
	assert_true(count > 80);
	for (unsigned int i = 0; i < count; i++) {
		int status;
		pid_t pid = fork();

		if (!pid)
			try_one(i);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		n_failed += status != 0;
		if (status && WIFSIGNALED(status))
			print_message("case %u is killed by signal %d: %s\n", i, WTERMSIG(status), text_of(i));
	}
	assert_int_equal(n_failed, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(begins), cmocka_unit_test(nothing_is_refused) };

	return cmocka_run_group_tests(tests, setup, teardown);
}
