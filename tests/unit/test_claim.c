/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Claims of VFs, and their drivers as far as files go, on made-up sysfs trees: who
 * gets which VF, owners that die in every way, processes that race and are
 * killed, and which VFIO driver is chosen. With real VFs: tests/lab/test_sriov.sh.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <jansson.h>

#include <weir/network.h>
#include <weir/sriov.h>
#include <weir/txn.h>

#include "sriov/claim.h"
#include "tests/common/descriptors.h"
#include "tests/common/made_sysfs.h"

#define PF "0000:01:00.0"
#define PF2 "0000:02:00.0"
#define VF0 "0000:01:10.0"
#define VF1 "0000:01:10.2"
#define VF2 "0000:01:10.4"
#define ROUNDS 1000

static struct weir *w;
static struct weir_sriov *sriov;
static struct weir_error err;
static char claims_dir[80], modules_dir[80];

static void open_as(const char *name, const struct weir_step_ops *const *step_ops)
{
	char state_dir[80];
	struct weir_options handle = { .sz = sizeof(handle), .state_dir = state_dir,
				       .step_ops = step_ops };
	struct weir_sriov_options opts = { .sz = sizeof(opts), .sysfs_dir = made_sysfs,
					   .claims_dir = claims_dir, .modules_dir = modules_dir };

	snprintf(state_dir, sizeof(state_dir), "%s/%s", made_sysfs, name);
	snprintf(claims_dir, sizeof(claims_dir), "%s/claims", made_sysfs);
	snprintf(modules_dir, sizeof(modules_dir), "%s/modules", made_sysfs);
	err = (struct weir_error)WEIR_ERROR_INIT;
	assert_int_equal(weir_open(&handle, &w, &err), 0);
	assert_int_equal(weir_sriov_open(w, &opts, &sriov, &err), 0);
}

static void close_all(void)
{
	weir_sriov_close(sriov);
	weir_close(w);
}

static int setup(void **state)
{
	if (sysfs_setup(state))
		return -1;
	open_as("state", weir_sriov_steps);
	return 0;
}

static int teardown(void **state)
{
	close_all();
	return sysfs_teardown(state);
}

static struct weir_txn *begin(unsigned int flags)
{
	struct weir_txn *t;

	assert_int_equal(weir_txn_begin(w, "test", flags, &t, &err), 0);
	return t;
}

static const char *const both[] = { PF, PF2 };

/* Claims one of the first @n_pfs PFs; which VF it was goes to @vf. */
static int claim(const char *owner, size_t n_pfs, unsigned int flags, int32_t pid, char vf[16])
{
	struct weir_claim_request want = { .sz = sizeof(want), .pfs = both, .n_pfs = n_pfs,
					   .flags = flags, .owner = owner, .pid = pid };
	struct weir_txn *t = begin(0);
	struct weir_vf got = { .sz = sizeof(got) };
	int r;

	weir_txn_vf_claim(t, sriov, &want, &got);
	r = weir_txn_commit(t, &err);
	snprintf(vf, 16, "%s", got.pci);
	return r;
}

static int claim_this(const char *owner, const char *name)
{
	struct weir_claim_request want = { .sz = sizeof(want), .vf = name, .owner = owner };
	struct weir_txn *t = begin(0);

	weir_txn_vf_claim(t, sriov, &want, NULL);
	return weir_txn_commit(t, &err);
}

static int release(const char *vf, const char *owner)
{
	struct weir_txn *t = begin(0);

	weir_txn_vf_release(t, sriov, vf, owner);
	return weir_txn_commit(t, &err);
}

static void assert_claims(size_t want_n)
{
	struct weir_claim *claims;
	size_t n;

	assert_int_equal(weir_claim_list(sriov, &claims, &n, &err), 0);
	assert_int_equal(n, want_n);
	for (size_t i = 0; i < n; i++)
		assert_false(claims[i].is_pending);
	free(claims);
}

static void assert_gets(const char *owner, size_t n_pfs, unsigned int flags, const char *want)
{
	char vf[16];
	int r = claim(owner, n_pfs, flags, 0, vf);

	if (!want) {
		assert_int_equal(r, -EBUSY);
		return;
	}
	assert_int_equal(r, 0);
	assert_string_equal(vf, want);
}

/* --- who gets which --------------------------------------------------------------------- */

static void the_first_that_is_free(void **state)
{
	sysfs_pf(PF, 7, 3, 128, 2);
	assert_gets("a", 1, 0, VF0);
	assert_gets("b", 1, 0, VF1);
	assert_gets("c", 1, 0, VF2);
	assert_gets("d", 1, 0, NULL);
	assert_non_null(strstr(err.msg, "of 3, 3 are claimed"));
	assert_int_equal(release(VF1, "a"), -ENOENT);
	assert_int_equal(release(VF1, "b"), 0);
	assert_gets("e", 1, 0, VF1);
	assert_int_equal(release(VF0, NULL), 0);
	assert_int_equal(release(VF1, NULL), 0);
	assert_int_equal(release(VF2, NULL), 0);
	assert_int_equal(release(VF2, NULL), -ENOENT);
	assert_claims(0);
}

static void the_least_used_card_first(void **state)
{
	static const char *const order[] = { VF0, "0000:02:10.0", VF1, "0000:02:10.2", VF2, NULL };

	sysfs_pf(PF, 7, 3, 128, 2);
	sysfs_pf(PF2, 7, 2, 128, 2);
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		assert_gets("x", 2, 0, order[i]);
	assert_int_equal(release("0000:02:10.2", "x"), 0);
	assert_int_equal(release(VF0, "x"), 0);
	assert_gets("x", 2, 0, "0000:02:10.2");
}

/* The trace of libvirt for a pool of three: S and X as they come, S never where an X is. */
static void shared_and_alone(void **state)
{
	sysfs_pf(PF, 7, 3, 128, 2);
	assert_gets("s1", 1, WEIR_CLAIM_SHARED, VF0);
	assert_gets("s2", 1, WEIR_CLAIM_SHARED, VF1);
	assert_gets("x1", 1, 0, VF2);
	assert_gets("x2", 1, 0, NULL);
	assert_gets("s3", 1, WEIR_CLAIM_SHARED, VF0);
	assert_gets("s4", 1, WEIR_CLAIM_SHARED, VF1);
	assert_claims(5);
	assert_int_equal(release(VF0, "s1"), 0);
	assert_gets("x3", 1, 0, NULL);
	assert_gets("s5", 1, WEIR_CLAIM_SHARED, VF0);
	assert_int_equal(release(VF0, "s3"), 0);
	assert_int_equal(release(VF0, "s5"), 0);
	assert_gets("x4", 1, 0, VF0);
}

static void links_decide(void **state)
{
	struct weir_claim_request want = { .sz = sizeof(want), .pfs = both, .n_pfs = 1, .owner = "a",
					   .flags = WEIR_CLAIM_NETDEV };
	struct weir_txn *t;

	sysfs_pf(PF, 7, 3, 128, 2);
	sysfs_netdev(VF0, "v0", 8, NULL);	/* up: the host uses it */
	sysfs_netdev(VF2, "v2", 9, NULL);
	sysfs_put("0x1002\n", "bus/pci/devices/" VF2 "/net/v2/flags");
	assert_gets("a", 1, WEIR_CLAIM_NETDEV, VF2);
	assert_gets("b", 1, WEIR_CLAIM_NETDEV, NULL);
	assert_non_null(strstr(err.msg, "of 3, 1 are claimed, 1 have a link that is up or in another namespace, 1 have no link"));
	assert_int_equal(claim_this("c", "v0"), 0);
	assert_int_equal(claim_this("d", "v0"), -EBUSY);
	t = begin(0);
	want.pfs = (const char *const[]){ "ens7" };
	assert_int_equal(weir_txn_vf_claim(t, sriov, &want, NULL), -ENODEV);
	weir_txn_abort(t);
	want.n_pfs = 0;
	t = begin(0);
	assert_int_equal(weir_txn_vf_claim(t, sriov, &want, NULL), -ENOENT);
	weir_txn_abort(t);
	want.owner = "two\nlines";
	t = begin(0);
	assert_int_equal(weir_txn_vf_claim(t, sriov, &want, NULL), -EINVAL);
	weir_txn_abort(t);
}

/* A driver has made a link of it, and no link is seen: that is somewhere else. */
static void a_link_of_a_container(void **state)
{
	sysfs_pf(PF, 7, 2, 128, 2);
	sysfs_put("", "bus/pci/devices/" VF0 "/net/.keep");
	assert_gets("a", 1, 0, VF1);
	assert_gets("b", 1, 0, NULL);
	assert_non_null(strstr(err.msg, "of 2, 1 are claimed, 1 have a link that is up or in another namespace, 0 have"));
	assert_int_equal(claim_this("c", VF0), 0);
}

/* Exactly these, in this order; not one that is in the host's use, and without those that have gone. */
static void a_pool_of_functions(void **state)
{
	static const char *const vfs[] = { "0000:09:10.0", VF2, VF0, VF1 };
	static const char *const order[] = { VF2, VF1, NULL };
	struct weir_claim_request want = { .sz = sizeof(want), .pfs = both, .n_pfs = 2, .owner = "a",
					   .vfs = vfs, .n_vfs = 4 };

	sysfs_pf(PF, 7, 3, 128, 2);
	sysfs_pf(PF2, 7, 3, 128, 2);
	sysfs_netdev(VF0, "v0", 8, NULL);
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		struct weir_vf vf = { .sz = sizeof(vf) };
		struct weir_txn *t = begin(0);

		weir_txn_vf_claim(t, sriov, &want, &vf);
		assert_int_equal(weir_txn_commit(t, &err), order[i] ? 0 : -EBUSY);
		assert_string_equal(vf.pci, order[i] ? order[i] : "");
	}
	assert_non_null(strstr(err.msg, "0000:09:10.0 and others: none is free for a: of 3, 2 are claimed, 1 have a link"));
}

/* Networks are told once, and everything. */
static void handed_to_networks(void **state)
{
	struct weir_network_vfs vfs = { .sz = sizeof(vfs), .sriov = sriov, .claim = weir_txn_vf_claim,
					.bind = weir_txn_vf_bind, .list = weir_claim_list };

	assert_int_equal(weir_network_use_vfs(w, &vfs, &err), -EINVAL);
	vfs.release = weir_txn_vf_release;
	assert_int_equal(weir_network_use_vfs(w, &vfs, &err), 0);
	assert_int_equal(weir_network_use_vfs(w, &vfs, &err), -EEXIST);
}

static void two_in_one_transaction(void **state)
{
	struct weir_claim_request want = { .sz = sizeof(want), .pfs = both, .n_pfs = 1, .owner = "a" };
	struct weir_vf vf[2] = { { .sz = sizeof(vf[0]) }, { .sz = sizeof(vf[1]) } };
	struct weir_txn *t;

	sysfs_pf(PF, 7, 3, 128, 2);
	for (int dry = 1; dry >= 0; dry--) {
		t = begin(dry ? WEIR_TXN_DRY : 0);
		assert_int_equal(weir_txn_vf_claim(t, sriov, &want, &vf[0]), 0);
		assert_int_equal(weir_txn_vf_claim(t, sriov, &want, &vf[1]), 0);
		assert_string_equal(vf[0].pci, VF0);
		assert_string_equal(vf[1].pci, VF1);
		if (dry)
			weir_txn_abort(t);
		else
			assert_int_equal(weir_txn_commit(t, &err), 0);
		assert_claims(dry ? 0 : 2);
	}
}

static void cards_with_claims_stay(void **state)
{
	struct weir_txn *t;
	char vf[16];

	sysfs_pf(PF, 7, 2, 128, 2);
	assert_int_equal(claim("vm1", 1, 0, 0, vf), 0);
	t = begin(0);
	assert_int_equal(weir_txn_vf_number(t, sriov, PF, 0, 0), -EBUSY);
	weir_txn_error(t, &err);
	assert_non_null(strstr(err.msg, "claimed by vm1"));
	weir_txn_abort(t);
	assert_int_equal(release(VF0, NULL), 0);
	t = begin(0);
	weir_txn_vf_number(t, sriov, PF, 0, 0);
	assert_int_equal(weir_txn_commit(t, &err), 0);
}

/* --- owners that die ----------------------------------------------------------------------- */

static pid_t a_process(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		pause();
		_exit(0);
	}
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* With each number of descriptors that are left, the owner lives or it cannot be known. */
static void nobody_is_dead_for_want_of_descriptors(void)
{
	int r = -EMFILE;

	for (int n = 0; r == -EMFILE; n++) {
		struct weir_claim *claims = NULL;
		size_t n_claims = 0;

		leave_descriptors(n);
		r = weir_claim_list(sriov, &claims, &n_claims, &err);
		leave_descriptors(-1);
		assert_true(r || (n_claims == 1 && !claims->is_dead));
		free(claims);
	}
	assert_int_equal(r, 0);
}

static void a_process_ends(void **state)
{
	struct weir_claim *claims;
	pid_t pid = a_process();
	char vf[16];
	size_t n;

	sysfs_pf(PF, 7, 1, 128, 2);
	assert_int_equal(claim("vm1", 1, 0, pid, vf), 0);
	assert_int_equal(claim("vm2", 1, 0, 0, vf), -EBUSY);
	nobody_is_dead_for_want_of_descriptors();
	end(pid);
	assert_int_equal(weir_claim_list(sriov, &claims, &n, &err), 0);
	assert_true(n == 1 && claims->is_dead && claims->pid == pid);
	free(claims);
	assert_int_equal(claim("vm2", 1, 0, pid, vf), -ESRCH);
	assert_int_equal(claim("vm2", 1, 0, 0, vf), 0);
	assert_claims(1);
}

/* Another process has its number by now; the host was booted anew. */
static void notes_of_others(void **state)
{
	char boot_id[40], note[256], vf[16];

	wr_sysfs_text("/proc/sys/kernel/random/boot_id", boot_id, sizeof(boot_id));
	sysfs_pf(PF, 7, 1, 128, 2);
	for (size_t i = 0; i < 2; i++) {
		snprintf(note, sizeof(note), "vf " VF0 "\npf " PF "\nowner vm1\ndriver igbvf\n%sboot %s\n",
			 i ? "" : "pid 1\nstart_time 1\n", i ? "not-this-one" : boot_id);
		sysfs_put(note, "claims/" VF0 ".0");
		assert_int_equal(claim("vm2", 1, 0, 0, vf), 0);
		assert_claims(1);
		assert_int_equal(release(VF0, "vm1"), -ENOENT);
		assert_int_equal(release(VF0, "vm2"), 0);
	}
	snprintf(note, sizeof(note), "vf " VF0 "\npf " PF "\nowner vm1\nboot %s\n", boot_id);
	sysfs_put(note, "claims/" VF0 ".0");
	assert_int_equal(claim("vm2", 1, 0, 0, vf), -EBUSY);
}

/* What is no note is left alone; what is a damaged one is an error, and nobody gets the VF. */
static void damaged_notes(void **state)
{
	static const char *const damaged[] = {
		"", "x", "vf " VF0 "\n", "vf 1\npf 2\nboot 3\n", "vf " VF0 "\npf " PF "\nboot 1\nwhat 7\n",
		"vf " VF0 "\npf " PF "\nboot 1\nindex x\n", "vf " VF0 "\npf " PF "\nboot 1\nsettings vf\n",
		"vf " VF0 "\npf " PF "\nboot 1\nsettings vf 0 vlan 9999\n",
		"vf " VF0 "\npf " PF "\nboot 1\nsettings vf 0 speed 1\n",
	};
	char vf[16];

	sysfs_pf(PF, 7, 1, 128, 2);
	sysfs_put("x", "claims/" VF0 ".0~new");
	sysfs_put("x", "claims/" VF0 ".0~old");
	sysfs_put("x", "claims/README.1");
	for (size_t i = 0; i < sizeof(damaged) / sizeof(damaged[0]); i++) {
		sysfs_put(damaged[i], "claims/" VF0 ".0");
		assert_int_equal(claim("a", 1, 0, 0, vf), -EBADMSG);
		assert_non_null(strstr(err.msg, VF0 ".0"));
	}
	sysfs_remove("claims/" VF0 ".0");
	assert_int_equal(claim("a", 1, 0, 0, vf), 0);
}

static void notes_there_and_back(void **state)
{
	struct wr_claim a = { .c = { .sz = sizeof(a.c), .vf = VF0, .pf = PF, .index = 3,
				     .owner = "network default port vm 1", .pid = 7, .start_time = 99,
				     .is_shared = true, .is_pending = true },
			      .boot_id = "boot", .state_dir = "/run/weir with blanks",
			      .found = { .driver = "igbvf", .override = "vfio-pci", .mac = { 2, 1 } },
			      .has_config = true };
	struct wr_claim b;
	wr_auto(str) struct wr_str text = { 0 };
	char *json;
	json_t *o;

	a.config = (struct weir_vf_config){ .sz = sizeof(a.config), .vf = 3, .vlan = 7, .spoof_check = true,
					    .has = WEIR_VF_MAC | WEIR_VF_VLAN | WEIR_VF_SPOOF_CHECK };
	wr_claim_text(&a, &text);
	assert_int_equal(wr_claim_parse(wr_str_text(&text), &b), 0);
	assert_memory_equal(&a.c, &b.c, sizeof(a.c));
	assert_string_equal(b.state_dir, a.state_dir);
	assert_memory_equal(&a.found, &b.found, sizeof(a.found));
	assert_true(b.has_config && b.config.has == a.config.has && b.config.vlan == 7);
	assert_int_equal(weir_claim_json(&a.c, &json), 0);
	o = json_loads(json, 0, NULL);
	assert_string_equal(json_string_value(json_object_get(o, "owner")), a.c.owner);
	assert_true(json_is_true(json_object_get(o, "shared")));
	json_decref(o);
	free(json);
}

/* --- transactions that fail and are killed ---------------------------------------------------- */

static void assert_override(const char *want)
{
	char *text = sysfs_get("bus/pci/devices/" VF0 "/driver_override");

	text[strcspn(text, "\n")] = '\0';
	assert_string_equal(text, want);
	free(text);
}

/* Nothing of a claim stays when a later step fails: a driver that does not take the VF. */
static void a_later_step_fails(void **state)
{
	struct weir_claim_request want = { .sz = sizeof(want), .pfs = both, .n_pfs = 1, .owner = "a" };
	struct weir_txn *t;

	sysfs_pf(PF, 7, 1, 128, 2);
	sysfs_remove("bus/pci/devices/" VF0 "/driver");
	sysfs_put("", "bus/pci/drivers/vfio-pci/bind");
	for (int with_iommu = 1; with_iommu >= 0; with_iommu--) {
		t = begin(0);
		weir_txn_vf_claim(t, sriov, &want, NULL);
		weir_txn_vf_bind(t, sriov, VF0, WEIR_VF_VFIO);
		assert_int_equal(weir_txn_commit(t, &err), -ENODEV);
		assert_string_equal(err.attr, "driver");
		assert_true((strstr(err.msg, "no IOMMU") == NULL) == with_iommu);
		assert_claims(0);
		assert_override("");
		if (with_iommu)
			sysfs_remove("bus/pci/devices/" VF0 "/iommu_group");
	}
}

static bool has_something_to_do(const char *journal)
{
	FILE *f = fopen(journal, "re");
	char magic[9] = "";
	bool is_read = f && fread(magic, 1, sizeof(magic), f) == sizeof(magic);

	if (f)
		fclose(f);
	return is_read && magic[8] != '-';
}

/* A killed process's transaction in a state directory of its own is undone for whoever wants the VF. */
static void killed_elsewhere(void **state)
{
	struct weir_claim_request want = { .sz = sizeof(want), .pfs = both, .n_pfs = 1, .owner = "a" };
	char path[PATH_MAX], vf[16], *probe;
	struct weir_txn *t;
	pid_t pid;

	sysfs_pf(PF, 7, 1, 128, 2);
	sysfs_remove("bus/pci/devices/" VF0 "/driver");
	sysfs_put("", "bus/pci/drivers/vfio-pci/bind");
	snprintf(path, sizeof(path), "%s/bus/pci/drivers_probe", made_sysfs);
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);	/* a driver that hangs: nobody reads it */
	pid = fork();
	if (pid == 0) {
		close_all();
		open_as("elsewhere", weir_sriov_steps);
		t = begin(0);
		weir_txn_vf_claim(t, sriov, &want, NULL);
		weir_txn_vf_bind(t, sriov, VF0, WEIR_VF_VFIO);
		weir_txn_commit(t, &err);
		_exit(1);
	}
	/* It has noted the claim and written the override when it comes to the FIFO. */
	do {
		probe = sysfs_get("bus/pci/devices/" VF0 "/driver_override");
		usleep(1000);
		vf[0] = probe[0];
		free(probe);
	} while (vf[0] != 'v');
	end(pid);
	snprintf(path, sizeof(path), "%s/elsewhere/journal", made_sysfs);
	assert_true(has_something_to_do(path));
	assert_int_equal(claim("b", 1, 0, 0, vf), 0);
	assert_false(has_something_to_do(path));
	assert_override("");
	assert_claims(1);
}

static int die(struct weir *handle, const struct weir_step *s, struct weir_error *e)
{
	raise(SIGKILL);
	return 0;
}

/* One whose journal has steps that we don't know keeps its VF until its own program has recovered it. */
static void killed_with_strange_steps(void **state)
{
	static const struct weir_step_ops deadly = { .sz = sizeof(deadly), .name = "deadly", .apply = die };
	const struct weir_step_ops *ops[] = { weir_sriov_steps[0], weir_sriov_steps[1],
					      weir_sriov_steps[2], &deadly, NULL };
	struct weir_claim_request want = { .sz = sizeof(want), .pfs = both, .n_pfs = 1, .owner = "a" };
	struct weir_txn *t;
	char vf[16];
	pid_t pid;

	sysfs_pf(PF, 7, 1, 128, 2);
	pid = fork();
	if (pid == 0) {
		close_all();
		open_as("elsewhere", ops);
		t = begin(0);
		weir_txn_vf_claim(t, sriov, &want, NULL);
		weir_txn_step(t, &deadly, "x", NULL, 0);
		weir_txn_commit(t, &err);
		_exit(1);
	}
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(claim("b", 1, 0, 0, vf), -EBUSY);
	close_all();
	open_as("elsewhere", ops);
	assert_int_equal(weir_recover(w, &err), 1);
	close_all();
	open_as("state", weir_sriov_steps);
	assert_claims(0);
	assert_int_equal(claim("b", 1, 0, 0, vf), 0);
}

/* --- two processes, one VF ------------------------------------------------------------------------ */

struct race {
	pthread_barrier_t barrier;
	int got[2];
	int code[2];
	int bad;
};

static void run_racer(struct race *race, int me)
{
	char name[16], vf[16];

	close_all();
	snprintf(name, sizeof(name), "racer%d", me);
	open_as(name, weir_sriov_steps);
	for (int i = 0; i < ROUNDS; i++) {
		pthread_barrier_wait(&race->barrier);
		race->code[me] = claim(name, 1, 0, 0, vf);
		race->got[me] = race->code[me] == 0;
		pthread_barrier_wait(&race->barrier);
		if (race->got[0] + race->got[1] != 1 || (!race->got[me] && race->code[me] != -EBUSY))
			race->bad++;
		if (race->got[me] && release(VF0, name))
			race->bad++;
		pthread_barrier_wait(&race->barrier);
	}
	_exit(0);
}

static void the_last_vf(void **state)
{
	struct race *race = mmap(NULL, sizeof(*race), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pthread_barrierattr_t shared;
	int status;

	assert_ptr_not_equal(race, MAP_FAILED);
	pthread_barrierattr_init(&shared);
	pthread_barrierattr_setpshared(&shared, PTHREAD_PROCESS_SHARED);
	pthread_barrier_init(&race->barrier, &shared, 2);
	sysfs_pf(PF, 7, 1, 128, 2);
	for (int i = 0; i < 2; i++)
		if (fork() == 0)
			run_racer(race, i);
	for (int i = 0; i < 2; i++) {
		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	assert_int_equal(race->bad, 0);
	assert_claims(0);
	munmap(race, sizeof(*race));
}

static bool is_locked(int fd, int byte)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1 };

	assert_int_equal(fcntl(fd, F_OFD_GETLK, &l), 0);
	return l.l_type != F_UNLCK;
}

/* As that of a state directory: whoever holds it leaves the turn, the byte behind it, to the next. */
static void the_lock_is_had_in_turn(void **state)
{
	struct weir_claim_request want = { .sz = sizeof(want), .pfs = both, .n_pfs = 1, .owner = "a" };
	struct weir_txn *t = begin(0);
	char path[96];
	int fd;

	sysfs_pf(PF, 7, 1, 128, 2);
	weir_txn_vf_claim(t, sriov, &want, NULL);
	snprintf(path, sizeof(path), "%s/lock", claims_dir);
	fd = open(path, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_true(is_locked(fd, 0));
	assert_false(is_locked(fd, 1));
	weir_txn_abort(t);
	assert_false(is_locked(fd, 0));
	close(fd);
}

/* --- which driver ----------------------------------------------------------------------------------- */

static void assert_plan(const char *driver, const char *want)
{
	struct weir_txn *t = begin(WEIR_TXN_DRY);
	char *plan, line[160];

	weir_txn_vf_bind(t, sriov, VF0, driver);
	assert_int_equal(weir_txn_plan(t, &plan, &err), 0);
	snprintf(line, sizeof(line), "echo %s >%s/bus/pci/devices/" VF0 "/driver_override\n", want, made_sysfs);
	assert_int_equal(strncmp(plan, line, strlen(line)), 0);
	free(plan);
	weir_txn_abort(t);
}

static void the_best_vfio_driver(void **state)
{
	struct weir_txn *t;

	sysfs_pf(PF, 7, 1, 128, 2);
	sysfs_put("pci:v00008086d000010CAsv00001AF4sd00001100bc02sc00i00\n", "bus/pci/devices/" VF0 "/modalias");
	sysfs_put("", "bus/pci/drivers/vfio-pci/bind");
	assert_plan(WEIR_VF_VFIO, "vfio-pci");	/* without a list of modules */
	sysfs_put("alias pci:v00008086d000010CAsv*sd*bc*sc*i* igbvf\n"
		  "alias vfio_pci:v*d*sv*sd*bc*sc*i* vfio_pci\n", "modules/modules.alias");
	assert_plan(WEIR_VF_VFIO, "vfio-pci");
	sysfs_put("alias vfio_pci:v*d*sv*sd*bc*sc*i* vfio_pci\n"
		  "alias vfio_pci:v00008086d*sv*sd*bc*sc*i* broad_vfio_pci\n"
		  "alias vfio_pci:v00008086d000010CAsv*sd*bc*sc*i* best_vfio_pci\n"
		  "alias vfio_pci:v000015B3d000010CAsv*sd*bc*sc*i* other_vfio_pci\n", "modules/modules.alias");
	t = begin(WEIR_TXN_DRY);
	assert_int_equal(weir_txn_vf_bind(t, sriov, VF0, WEIR_VF_VFIO), -ENOENT);
	weir_txn_error(t, &err);
	assert_non_null(strstr(err.msg, "modprobe best_vfio_pci"));
	weir_txn_abort(t);
	sysfs_put("", "bus/pci/drivers/best_vfio_pci/bind");
	assert_plan(WEIR_VF_VFIO, "best_vfio_pci");
	assert_plan("vfio-pci", "vfio-pci");
	assert_plan("igbvf", "");	/* it knows its devices: no override, which would let it take any */
	assert_plan(NULL, "");
	t = begin(WEIR_TXN_DRY);
	assert_int_equal(weir_txn_vf_bind(t, sriov, VF0, "../x"), -EINVAL);
	weir_txn_abort(t);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_first_that_is_free), TEST(the_least_used_card_first), TEST(shared_and_alone),
		TEST(links_decide), TEST(a_link_of_a_container), TEST(a_pool_of_functions),
		TEST(handed_to_networks),
		TEST(two_in_one_transaction), TEST(cards_with_claims_stay),
		TEST(a_process_ends), TEST(notes_of_others), TEST(damaged_notes),
		TEST(notes_there_and_back), TEST(a_later_step_fails), TEST(killed_elsewhere),
		TEST(killed_with_strange_steps), TEST(the_last_vf),
		TEST(the_lock_is_had_in_turn), TEST(the_best_vfio_driver),
	};

	return cmocka_run_group_tests_name("claims", tests, NULL, NULL);
}
