/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A process is killed while it claims a VF, binds it to a VFIO driver and changes
 * its settings: before each system call that can change something, as in
 * test_kill. The next one on the same state directory finds the VF as it was, or
 * all of it done. On made-up files everywhere, in the lab on an emulated card too,
 * where what a driver did has to be undone.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <weir/sriov.h>
#include <weir/txn.h>
#include <weir/vf.h>

#include "lib_trace.h"
#include "tests/common/made_sysfs.h"

static struct card {
	const char *sysfs;		/* NULL: the kernel's */
	const char *pf;
	char top[64];
} card;

static struct weir *w;
static struct weir_sriov *sriov;
static struct weir_error err;

static void check(int r)
{
	if (r < 0)
		fail_msg("%s: %s (%d)", err.object, err.msg, r);
}

static void open_it(void)
{
	char state_dir[80], claims_dir[80];
	struct weir_options handle = { .sz = sizeof(handle), .state_dir = state_dir,
				       .step_ops = weir_sriov_steps };
	struct weir_sriov_options opts = { .sz = sizeof(opts), .sysfs_dir = card.sysfs,
					   .claims_dir = claims_dir };

	snprintf(state_dir, sizeof(state_dir), "%s/state", card.top);
	snprintf(claims_dir, sizeof(claims_dir), "%s/claims", card.top);
	err = (struct weir_error)WEIR_ERROR_INIT;
	check(weir_open(&handle, &w, &err));
	check(weir_sriov_open(w, &opts, &sriov, &err));
}

static void close_it(void)
{
	weir_sriov_close(sriov);
	weir_close(w);
}

static struct weir_txn *begin(void)
{
	struct weir_txn *t;

	check(weir_txn_begin(w, "test", 0, &t, &err));
	return t;
}

/* --- the transaction ------------------------------------------------------------------------ */

static int hand_over(void)
{
	struct weir_claim_request want = { .sz = sizeof(want), .pfs = &card.pf, .n_pfs = 1, .owner = "vm1" };
	struct weir_vf_config c = { .sz = sizeof(c), .has = WEIR_VF_MAC | WEIR_VF_VLAN | WEIR_VF_SPOOF_CHECK,
				    .mac = { 0x52, 0x54, 0, 0, 0, 0x77 }, .vlan = 77 };
	struct weir_txn *t = begin();
	struct weir_vf vf = { .sz = sizeof(vf) };

	if (!weir_txn_vf_claim(t, sriov, &want, &vf)) {
		weir_txn_vf_bind(t, sriov, vf.pci, WEIR_VF_VFIO);
		c.vf = vf.index;
		if (vf.pf_ifindex)
			weir_txn_vf_set(t, vf.pf_ifindex, &c, 1, NULL);
	}
	return weir_txn_commit(t, &err);
}

/* Everything that it changes, as text. */
static char *state_of_it(void)
{
	struct weir_vf_config *configs = NULL;
	struct weir_claim *claims = NULL;
	struct weir_vf *vfs = NULL;
	char *text = NULL, *settings = NULL, path[PATH_MAX], override[64] = "";
	size_t n = 0, n_configs = 0, n_claims = 0;
	struct weir_pf pf = { .sz = sizeof(pf) };
	FILE *f;

	check(weir_pf_get(sriov, card.pf, 0, &pf, &err));
	check(weir_vf_list(sriov, &pf, &vfs, &n, &err));
	if (pf.ifindex)
		check(weir_vf_config_list(w, pf.ifindex, &configs, &n_configs, &err));
	/* Its own choice, which igb reports when the VF's driver has told it, and zero before. */
	if (n_configs && (!memcmp(configs[0].mac, vfs[0].mac, 6) || !memcmp(configs[0].mac, "\0\0\0\0\0", 6)))
		configs[0].has &= ~WEIR_VF_MAC;
	if (n_configs)
		check(weir_vf_config_text(&configs[0], &settings));
	check(weir_claim_list(sriov, &claims, &n_claims, &err));
	snprintf(path, sizeof(path), "%s/bus/pci/devices/%s/driver_override", card.sysfs ? card.sysfs : "/sys",
		 vfs[0].pci);
	f = fopen(path, "r");
	if (!f || !fgets(override, sizeof(override), f))
		fail_msg("%s", path);
	fclose(f);
	override[strcspn(override, "\n")] = '\0';
	if (asprintf(&text, "driver %s mac %02x:%02x:%02x override %s settings %s claims %zu%s", vfs[0].driver,
		     vfs[0].mac[3], vfs[0].mac[4], vfs[0].mac[5], strcmp(override, "(null)") ? override : "",
		     settings ? settings : "-", n_claims, n_claims && claims->is_pending ? " pending" : "") < 0)
		abort();
	free(settings);
	free(configs);
	free(claims);
	free(vfs);
	return text;
}

static void release(void)
{
	struct weir_txn *t = begin();
	struct weir_claim *claims;
	size_t n;

	check(weir_claim_list(sriov, &claims, &n, &err));
	assert_int_equal(n, 1);
	check(weir_txn_vf_release(t, sriov, claims->vf, "vm1"));
	check(weir_txn_commit(t, &err));
	free(claims);
}

/* --- the killing ------------------------------------------------------------------------------- */

static pid_t start(void)
{
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		open_it();
		_exit(hand_over() ? 1 : 0);
	}
	assert_true(trace_wait(pid, &status));
	ptrace(PTRACE_SETOPTIONS, pid, NULL, PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD);
	return pid;
}

/* Calls before which the state may be another one than before the call before. */
static bool may_matter(const struct ptrace_syscall_info *call)
{
	static const uint64_t those[] = { SYS_write,  SYS_pwrite64, SYS_sendto, SYS_sendmsg, SYS_rename,
					  SYS_unlink, SYS_mkdir,    SYS_clone3, SYS_clone,   SYS_ioctl,
					  SYS_poll,   SYS_fchmod,   SYS_exit_group };

	for (size_t i = 0; i < sizeof(those) / sizeof(those[0]); i++)
		if (call->entry.nr == those[i])
			return true;
	if (call->entry.nr == SYS_fcntl)
		return call->entry.args[1] == F_OFD_SETLK;
	return call->entry.nr == SYS_openat && (call->entry.args[2] & (O_ACCMODE | O_CREAT)) != O_RDONLY;
}

/* Kills it before its @n-th such call; false if it ended by itself before that. */
static bool kill_at(unsigned int n)
{
	struct ptrace_syscall_info info;
	pid_t pid = start();
	unsigned int i = 0;
	int status;

	while (trace_next(pid, &info)) {
		if (info.op != PTRACE_SYSCALL_INFO_ENTRY || !may_matter(&info) || i++ != n)
			continue;
		kill(pid, SIGKILL);
		trace_wait(pid, &status);
		return true;
	}
	return false;
}

static void kill_everywhere(void)
{
	unsigned int n = 0, undone = 0, complete = 0;
	char *before, *after;

	open_it();
	before = state_of_it();
	check(hand_over());
	after = state_of_it();
	assert_string_not_equal(before, after);
	release();
	for (; kill_at(n); n++) {
		char *now;
		int r = weir_recover(w, &err);

		if (r < 0)
			fail_msg("killed at %u: %s: %s", n, err.object, err.msg);
		assert_int_equal(weir_recover(w, &err), 0);
		now = state_of_it();
		if (!strcmp(now, after)) {
			complete++;
			release();
			free(now);
			now = state_of_it();
		} else {
			undone++;
		}
		if (strcmp(now, before))
			fail_msg("killed at %u (recovery: %d): %s\n instead of: %s", n, r, now, before);
		free(now);
	}
	release();	/* of the one that was not killed */
	print_message("killed at %u of %u moments, %u times undone, %u times complete\n", undone + complete, n,
		      undone, complete);
	assert_true(undone > 3);
	free(before);
	free(after);
	close_it();
}

/* --- on files ----------------------------------------------------------------------------------- */

/* The VF is bound to vfio-pci already: plain files bind nothing, but the override is new. */
static void made_up(void **state)
{
	sysfs_setup(state);
	sysfs_pf("0000:01:00.0", 7, 1, 128, 2);
	sysfs_put("", "bus/pci/drivers/vfio-pci/unbind");
	sysfs_link("../../drivers/vfio-pci", "bus/pci/devices/0000:01:10.0/driver");
	card = (struct card){ .sysfs = made_sysfs, .pf = "0000:01:00.0" };
	snprintf(card.top, sizeof(card.top), "%s", made_sysfs);
	kill_everywhere();
	sysfs_teardown(state);
}

/* --- on a card of the lab ------------------------------------------------------------------------- */

static void set_number(uint32_t n)
{
	struct weir_txn *t = begin();

	weir_txn_vf_number(t, sriov, card.pf, n, 0);
	check(weir_txn_commit(t, &err));
	check(n ? weir_vf_wait(sriov, card.pf, 60000, &err) : 0);
}

static void on_a_card(void **state)
{
	int machine = open("/proc/1/ns/net", O_RDONLY | O_CLOEXEC);

	assert_true(machine >= 0 && setns(machine, CLONE_NEWNET) == 0);
	close(machine);
	card = (struct card){ .pf = "eth0", .top = "/run/weir-sriov-kill" };
	ns_sh("mkdir -p %s; ip link set eth0 up", card.top);
	open_it();
	set_number(1);
	close_it();
	kill_everywhere();
	open_it();
	set_number(0);
	close_it();
	ns_sh("rm -rf %s", card.top);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(made_up), cmocka_unit_test(on_a_card) };
	const char *cards = getenv("LAB_CARDS");
	const struct CMUnitTest without[] = { cmocka_unit_test(made_up) };

	return cards && *cards != '0' ? cmocka_run_group_tests_name("killed with a VF", tests, NULL, NULL) :
					cmocka_run_group_tests_name("killed with a VF", without, NULL, NULL);
}
