/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * SR-IOV functions and their numbers on made-up sysfs trees, for what the lab's
 * emulated card cannot show: many VFs over several buses, cards with several
 * ports behind one function, representors, files that are missing, and a card
 * that is pulled while it is looked at.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include <weir/sriov.h>
#include <weir/txn.h>

#include "sriov/wait.h"
#include "tests/common/made_sysfs.h"

#define PF "0000:01:00.0"

static char state_dir[80];
static struct weir *w;
static struct weir_sriov *sriov;
static struct weir_error err;

static int setup(void **state)
{
	struct weir_sriov_options opts = { .sz = sizeof(opts), .sysfs_dir = made_sysfs };

	struct weir_options handle = { .sz = sizeof(handle), .state_dir = state_dir,
				       .step_ops = weir_sriov_steps };
	int r = sysfs_setup(state);

	opts.timeout_ms = 100;
	err = (struct weir_error)WEIR_ERROR_INIT;
	snprintf(state_dir, sizeof(state_dir), "%s/state", made_sysfs);
	return r || weir_open(&handle, &w, &err) || weir_sriov_open(w, &opts, &sriov, &err);
}

static int teardown(void **state)
{
	weir_sriov_close(sriov);
	weir_close(w);
	return sysfs_teardown(state);
}

static struct weir_vf *vfs_of(const char *name, size_t want_n)
{
	struct weir_vf *vfs = NULL;
	struct weir_pf pf = { .sz = sizeof(pf) };
	size_t n = 0;

	assert_int_equal(weir_pf_get(sriov, name, 0, &pf, &err), 0);
	assert_int_equal(weir_vf_list(sriov, &pf, &vfs, &n, &err), 0);
	assert_int_equal(n, want_n);
	return vfs;
}

/* --- what there is ---------------------------------------------------------------- */

static void no_pci(void **state)
{
	struct weir_pf *pfs = NULL;
	size_t n = 1;

	assert_int_equal(weir_pf_list(sriov, 0, &pfs, &n, &err), 0);
	assert_int_equal(n, 0);
	free(pfs);
	sysfs_remove("bus");
	assert_int_equal(weir_pf_list(sriov, 0, &pfs, &n, &err), 0);
	assert_int_equal(n, 0);
	free(pfs);
}

static void a_pf(void **state)
{
	struct weir_pf *pfs = NULL;
	size_t n;

	sysfs_pf(PF, 7, 2, 128, 2);
	sysfs_netdev(PF, "ens1", 5, NULL);
	sysfs_device("0000:02:00.0", 0x020000, "e1000");	/* no VFs */
	sysfs_pf("0000:03:00.0", 7, 0, 128, 2);
	sysfs_put("0x010802\n", "bus/pci/devices/0000:03:00.0/class");	/* no network card */
	assert_int_equal(weir_pf_list(sriov, 0, &pfs, &n, &err), 0);
	assert_int_equal(n, 1);
	assert_string_equal(pfs->pci, PF);
	assert_string_equal(pfs->netdev, "ens1");
	assert_string_equal(pfs->driver, "igb");
	assert_int_equal(pfs->ifindex, 5);
	assert_true(pfs->is_up && pfs->has_carrier && pfs->autoprobe);
	assert_int_equal(pfs->vendor, 0x8086);
	assert_int_equal(pfs->device, 0x10c9);
	assert_int_equal(pfs->vf_device, 0x10ca);
	assert_int_equal(pfs->class_code, 0x020000);
	assert_int_equal(pfs->total_vfs, 7);
	assert_int_equal(pfs->num_vfs, 2);
	assert_int_equal(pfs->vf_offset, 128);
	assert_int_equal(pfs->vf_stride, 2);
	assert_int_equal(pfs->iommu_group, 11);
	assert_int_equal(pfs->numa_node, 0);
	assert_string_equal(pfs->vendor_name, "");
	free(pfs);
}

static void its_json(void **state)
{
	struct weir_vf *vfs;
	struct weir_pf pf = { .sz = sizeof(pf) };
	char *text;
	json_t *o;

	sysfs_pf(PF, 7, 1, 128, 2);
	sysfs_netdev(PF, "ens1", 5, NULL);
	sysfs_netdev("0000:01:10.0", "ens1v0", 6, NULL);
	assert_int_equal(weir_pf_get(sriov, "ens1", 0, &pf, &err), 0);
	assert_int_equal(weir_pf_json(&pf, &text), 0);
	o = json_loads(text, 0, NULL);
	assert_string_equal(json_string_value(json_object_get(o, "vendor")), "0x8086");
	assert_int_equal(json_integer_value(json_object_get(o, "num_vfs")), 1);
	assert_true(json_is_true(json_object_get(o, "autoprobe")));
	json_decref(o);
	free(text);
	vfs = vfs_of(PF, 1);
	assert_int_equal(weir_vf_json(vfs, &text), 0);
	o = json_loads(text, 0, NULL);
	assert_string_equal(json_string_value(json_object_get(o, "pci")), "0000:01:10.0");
	assert_string_equal(json_string_value(json_object_get(o, "mac")), "52:54:00:00:00:06");
	assert_int_equal(json_integer_value(json_object_get(o, "index")), 0);
	assert_string_equal(json_string_value(json_object_get(o, "pf_netdev")), "ens1");
	json_decref(o);
	free(text);
	free(vfs);
}

/* 64 and 256 VFs, the latter over two buses: every address is the capability's. */
static void many_vfs(void **state)
{
	static const struct {
		unsigned int n, offset, stride;
		const char *last;
	} cases[] = { { 64, 64, 1, "0000:01:0f.7" }, { 256, 8, 1, "0000:02:00.7" }, { 100, 128, 2, "0000:02:08.6" } };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct weir_vf *vfs, one = { .sz = sizeof(one) };
		char want[16];

		sysfs_pf(PF, 256, cases[i].n, cases[i].offset, cases[i].stride);
		vfs = vfs_of(PF, cases[i].n);
		for (unsigned int k = 0; k < cases[i].n; k++) {
			sysfs_address(PF, cases[i].offset + k * cases[i].stride, want);
			assert_string_equal(vfs[k].pci, want);
			assert_int_equal(vfs[k].index, k);
			assert_string_equal(vfs[k].driver, "igbvf");
			assert_string_equal(vfs[k].netdev, "");
		}
		assert_string_equal(want, cases[i].last);
		assert_int_equal(weir_vf_get(sriov, want, &one, &err), 0);
		assert_int_equal(one.index, cases[i].n - 1);
		free(vfs);
		sysfs_remove("bus/pci/devices");
	}
}

/* Without the right to read all of the configuration space its first 64 bytes are there. */
static void without_capability(void **state)
{
	struct weir_vf *vfs;
	struct weir_pf pf = { .sz = sizeof(pf) };

	sysfs_pf(PF, 7, 3, 128, 2);
	sysfs_put("", "bus/pci/devices/" PF "/config");
	vfs = vfs_of(PF, 3);
	assert_string_equal(vfs[2].pci, "0000:01:10.4");
	assert_int_equal(weir_pf_get(sriov, PF, 0, &pf, &err), 0);
	assert_int_equal(pf.vf_device, 0x10ca);
	free(vfs);
}

/* --- netdevs ------------------------------------------------------------------------ */

/* Two ports behind one function: which port's VF netdev is meant depends on the PF's netdev. */
static void several_netdevs(void **state)
{
	struct weir_vf *vfs;
	struct weir_pf pf = { .sz = sizeof(pf) };

	sysfs_pf(PF, 7, 1, 128, 2);
	sysfs_netdev(PF, "ens1", 5, "p0\n");
	sysfs_netdev(PF, "ens1d1", 6, "p1\n");
	sysfs_put("1\n", "bus/pci/devices/" PF "/net/ens1d1/dev_port");
	sysfs_netdev("0000:01:10.0", "va", 8, "p1\n");
	sysfs_netdev("0000:01:10.0", "vb", 9, "p0\n");
	assert_int_equal(weir_pf_get(sriov, PF, 0, &pf, &err), 0);
	assert_int_equal(pf.n_netdevs, 2);
	assert_string_equal(pf.netdev, "ens1");
	vfs = vfs_of("ens1", 1);
	assert_string_equal(vfs->netdev, "vb");
	free(vfs);
	vfs = vfs_of("ens1d1", 1);
	assert_string_equal(vfs->netdev, "va");
	assert_string_equal(vfs->pf_netdev, "ens1d1");
	free(vfs);
	/* the ports' identities count more than their names */
	sysfs_put("aa\n", "bus/pci/devices/" PF "/net/ens1d1/phys_port_id");
	sysfs_put("aa\n", "bus/pci/devices/0000:01:10.0/net/vb/phys_port_id");
	vfs = vfs_of("ens1d1", 1);
	assert_string_equal(vfs->netdev, "vb");
	free(vfs);
}

/* Nothing but the order of ports tells them apart. */
static void netdevs_by_port(void **state)
{
	struct weir_vf *vfs;

	sysfs_pf(PF, 7, 1, 128, 2);
	sysfs_netdev(PF, "b0", 5, NULL);
	sysfs_netdev(PF, "a1", 6, NULL);
	sysfs_put("1\n", "bus/pci/devices/" PF "/net/a1/dev_port");
	sysfs_netdev("0000:01:10.0", "v1", 8, NULL);
	sysfs_netdev("0000:01:10.0", "v0", 9, NULL);
	sysfs_put("1\n", "bus/pci/devices/0000:01:10.0/net/v1/dev_port");
	vfs = vfs_of(PF, 1);
	assert_string_equal(vfs->pf_netdev, "b0");
	assert_string_equal(vfs->netdev, "v0");
	free(vfs);
	vfs = vfs_of("a1", 1);
	assert_string_equal(vfs->netdev, "v1");
	free(vfs);
}

static void representors(void **state)
{
	struct weir_pf pf = { .sz = sizeof(pf) };

	sysfs_pf(PF, 7, 2, 128, 2);
	sysfs_netdev(PF, "a-rep0", 7, "pf0vf0\n");
	sysfs_netdev(PF, "a-rep1", 8, "c1pf0vf1\n");
	sysfs_netdev(PF, "a-sf", 9, "pf0sf2\n");
	sysfs_netdev(PF, "uplink", 5, "p0\n");
	sysfs_netdev(PF, "split", 6, "p1s2\n");
	assert_int_equal(weir_pf_get(sriov, PF, 0, &pf, &err), 0);
	assert_int_equal(pf.n_netdevs, 2);
	assert_string_equal(pf.netdev, "split");
	assert_int_equal(weir_pf_get(sriov, "uplink", 0, &pf, &err), 0);
	assert_string_equal(pf.netdev, "uplink");
}

static void a_missing_netdev(void **state)
{
	struct weir_vf *vfs;

	sysfs_pf(PF, 7, 2, 128, 2);
	sysfs_netdev("0000:01:10.2", "v1", 8, NULL);
	vfs = vfs_of(PF, 2);
	assert_string_equal(vfs[0].netdev, "");
	assert_string_equal(vfs[0].pf_netdev, "");
	assert_int_equal(vfs[0].ifindex, 0);
	assert_string_equal(vfs[1].netdev, "v1");
	assert_int_equal(vfs[1].ifindex, 8);
	free(vfs);
}

/* It might have a link that the host uses, so it is not said to have none. */
static void netdevs_that_fail_to_be_read(void **state)
{
	struct weir_pf pf = { .sz = sizeof(pf) };
	struct weir_vf vf = { .sz = sizeof(vf) }, *vfs = NULL;
	size_t n = 0;

	sysfs_pf(PF, 7, 2, 128, 2);
	sysfs_link("net", "bus/pci/devices/0000:01:10.2/net");
	assert_int_equal(weir_pf_get(sriov, PF, 0, &pf, &err), 0);
	assert_int_equal(weir_vf_list(sriov, &pf, &vfs, &n, &err), -ELOOP);
	assert_string_equal(err.object, "PCI device 0000:01:10.2");
	assert_int_equal(weir_vf_get(sriov, "0000:01:10.2", &vf, &err), -ELOOP);
	assert_int_equal(weir_vf_get(sriov, PF "/1", &vf, &err), -ELOOP);
	sysfs_link("net", "bus/pci/devices/" PF "/net");
	assert_int_equal(weir_pf_get(sriov, PF, 0, &pf, &err), -ELOOP);
	assert_string_equal(err.object, "PCI device " PF);
}

static void bound_to_vfio(void **state)
{
	struct weir_vf *vfs;

	sysfs_pf(PF, 7, 2, 128, 2);
	sysfs_link("../../drivers/vfio-pci", "bus/pci/devices/0000:01:10.0/driver");
	sysfs_link("../../drivers/mlx5_vfio_pci", "bus/pci/devices/0000:01:10.2/driver");
	sysfs_remove("bus/pci/devices/0000:01:10.2/iommu_group");
	sysfs_put("", "bus/pci/devices/0000:01:10.2/vfio-dev/vfio3/dev");
	vfs = vfs_of(PF, 2);
	assert_string_equal(vfs[0].vfio, "/dev/vfio/11");
	assert_string_equal(vfs[1].vfio, "/dev/vfio/devices/vfio3");
	free(vfs);
}

/* --- what goes wrong ---------------------------------------------------------------- */

static void no_such_thing(void **state)
{
	struct weir_pf pf = { .sz = sizeof(pf) };
	struct weir_vf vf = { .sz = sizeof(vf) };
	static const struct {
		const char *name;
		int pf_code, vf_code;
	} cases[] = {
		{ PF, 0, -EOPNOTSUPP },
		{ "0000:01:10.0", -EOPNOTSUPP, 0 },
		{ "0000:02:00.0", -EOPNOTSUPP, -EOPNOTSUPP },
		{ "0000:04:00.0", -ENODEV, -ENODEV },
		{ "ens9", -ENODEV, -ENODEV },
		{ "dummy0", -EOPNOTSUPP, -EOPNOTSUPP },
		{ "../../x", -ENODEV, -ENODEV },
		{ "", -ENODEV, -ENODEV },
	};

	sysfs_pf(PF, 7, 1, 128, 2);
	sysfs_device("0000:02:00.0", 0x020000, "e1000");
	sysfs_put("4\n", "class/net/dummy0/ifindex");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(weir_pf_get(sriov, cases[i].name, 0, &pf, &err), cases[i].pf_code);
		assert_int_equal(weir_vf_get(sriov, cases[i].name, &vf, &err), cases[i].vf_code);
	}
}

/* libpci gives up where a file is missing that every device has: an error, and no exit. */
static void libpci_gives_up(void **state)
{
	struct weir_pf pf = { .sz = sizeof(pf) };

	sysfs_pf(PF, 7, 0, 128, 2);
	sysfs_remove("bus/pci/devices/" PF "/vendor");
	assert_int_equal(weir_pf_get(sriov, PF, 0, &pf, &err), -EIO);
	assert_int_equal(err.stage, WEIR_STAGE_SYSTEM);
	assert_non_null(strstr(err.msg, "vendor"));
	assert_string_equal(err.object, "PCI device " PF);
}

static void capability_and_sysfs_disagree(void **state)
{
	struct weir_vf *vfs;
	struct weir_pf pf = { .sz = sizeof(pf) };
	size_t n;

	sysfs_pf(PF, 7, 2, 128, 2);
	sysfs_link("../0000:01:11.0", "bus/pci/devices/" PF "/virtfn1");
	assert_int_equal(weir_pf_get(sriov, PF, 0, &pf, &err), 0);
	assert_int_equal(weir_vf_list(sriov, &pf, &vfs, &n, &err), -EBADMSG);
	assert_non_null(strstr(err.msg, "0000:01:10.2"));
	assert_non_null(strstr(err.msg, "0000:01:11.0"));
}

/* Between reading the PF and reading its VFs. */
static void pulled_in_the_middle(void **state)
{
	struct weir_vf *vfs;
	struct weir_pf pf = { .sz = sizeof(pf) };
	size_t n;

	sysfs_pf(PF, 7, 4, 128, 2);
	assert_int_equal(weir_pf_get(sriov, PF, 0, &pf, &err), 0);
	sysfs_remove("bus/pci/devices/" PF "/virtfn2");
	assert_int_equal(weir_vf_list(sriov, &pf, &vfs, &n, &err), -EAGAIN);
	sysfs_remove("bus/pci/devices/" PF);
	assert_int_equal(weir_vf_list(sriov, &pf, &vfs, &n, &err), -ENODEV);
}

/* Half of its files are gone already: it is no PF any more, and the others are listed. */
static void pulled_while_listed(void **state)
{
	struct weir_pf *pfs = NULL;
	size_t n;

	sysfs_pf(PF, 7, 4, 128, 2);
	sysfs_pf("0000:02:00.0", 7, 0, 128, 2);
	sysfs_remove("bus/pci/devices/" PF "/sriov_totalvfs");
	sysfs_remove("bus/pci/devices/" PF "/vendor");
	assert_int_equal(weir_pf_list(sriov, 0, &pfs, &n, &err), 0);
	assert_int_equal(n, 1);
	assert_string_equal(pfs->pci, "0000:02:00.0");
	free(pfs);
}

/* --- how many there are ------------------------------------------------------------------ */

static struct weir_txn *begin(unsigned int flags)
{
	struct weir_txn *t;

	assert_int_equal(weir_txn_begin(w, "test", flags, &t, &err), 0);
	return t;
}

static int set_number(uint32_t n, unsigned int flags)
{
	struct weir_txn *t = begin(0);

	weir_txn_vf_number(t, sriov, PF, n, flags);
	return weir_txn_commit(t, &err);
}

static void assert_file(const char *file, const char *want)
{
	char *text = sysfs_get("bus/pci/devices/" PF "/%s", file);

	assert_non_null(text);
	text[strcspn(text, "\n")] = '\0';
	assert_string_equal(text, want);
	free(text);
}

static void numbers(void **state)
{
	sysfs_pf(PF, 7, 0, 128, 2);
	assert_int_equal(set_number(8, 0), -ERANGE);
	assert_non_null(strstr(err.msg, "0 of at most 7"));
	assert_int_equal(set_number(4, WEIR_VF_NO_PROBE), 0);
	assert_file("sriov_numvfs", "4");
	assert_file("sriov_drivers_autoprobe", "0");
	assert_int_equal(set_number(4, 0), 0);	/* nothing but the drivers changes */
	assert_file("sriov_drivers_autoprobe", "1");
	assert_int_equal(set_number(5, 0), -EBUSY);
	assert_non_null(strstr(err.msg, "4 VFs of at most 7"));
	assert_file("sriov_numvfs", "4");
	assert_int_equal(set_number(0, 0), 0);
	assert_file("sriov_numvfs", "0");
}

static void numbers_as_a_plan(void **state)
{
	struct weir_txn *t;
	char *plan, want[256];

	sysfs_pf(PF, 7, 0, 128, 2);
	t = begin(WEIR_TXN_DRY);
	assert_int_equal(weir_txn_vf_number(t, sriov, PF, 3, WEIR_VF_NO_PROBE), 0);
	assert_int_equal(weir_txn_plan(t, &plan, &err), 0);
	snprintf(want, sizeof(want),
		 "echo 0 >%s/bus/pci/devices/" PF "/sriov_drivers_autoprobe\n"
		 "echo 3 >%s/bus/pci/devices/" PF "/sriov_numvfs\n", made_sysfs, made_sysfs);
	assert_string_equal(plan, want);
	free(plan);
	weir_txn_abort(t);
	assert_file("sriov_numvfs", "0");
}

/* A write that nobody takes (a FIFO without a reader) is a driver that hangs. */
static void a_driver_that_hangs(void **state)
{
	char path[PATH_MAX];

	sysfs_pf(PF, 7, 0, 128, 2);
	snprintf(path, sizeof(path), "%s/bus/pci/devices/" PF "/sriov_numvfs", made_sysfs);
	unlink(path);
	sysfs_link("../../../../hangs", "bus/pci/devices/" PF "/sriov_numvfs");
	snprintf(path, sizeof(path), "%s/hangs", made_sysfs);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(wr_poke_within(path, "4", 50), -ETIME);
}

/* What was done before the driver's refusal is undone: here its file can't be written. */
static void a_driver_that_refuses(void **state)
{
	sysfs_pf(PF, 7, 0, 128, 2);
	sysfs_remove("bus/pci/devices/" PF "/sriov_numvfs");
	sysfs_put("", "bus/pci/devices/" PF "/sriov_numvfs/is-a-folder");
	assert_int_equal(set_number(4, WEIR_VF_NO_PROBE), -EISDIR);
	assert_string_equal(err.object, "PF " PF);
	assert_file("sriov_drivers_autoprobe", "1");
	/* a file that takes what is written and says another number */
	sysfs_remove("bus/pci/devices/" PF "/sriov_numvfs");
	sysfs_link("/dev/null", "bus/pci/devices/" PF "/sriov_numvfs");
	assert_int_equal(set_number(4, WEIR_VF_NO_PROBE), -EIO);
	assert_file("sriov_drivers_autoprobe", "1");
}

static void waiting_for_drivers(void **state)
{
	sysfs_pf(PF, 7, 2, 128, 2);
	sysfs_netdev("0000:01:10.0", "v0", 8, NULL);
	assert_int_equal(weir_vf_wait(sriov, PF, 30, &err), -ETIME);
	assert_string_equal(err.object, "VF 0000:01:10.2");
	assert_non_null(strstr(err.msg, "no link"));
	sysfs_remove("bus/pci/devices/0000:01:10.2/driver");
	assert_int_equal(weir_vf_wait(sriov, PF, 30, &err), -ETIME);
	assert_non_null(strstr(err.msg, "no driver"));
	sysfs_link("../../drivers/vfio-pci", "bus/pci/devices/0000:01:10.2/driver");
	assert_int_equal(weir_vf_wait(sriov, PF, 30, &err), 0);
	assert_int_equal(weir_vf_wait(sriov, "ens7", 30, &err), -ENODEV);
}

/* PF/NUMBER */
static void numbered(void **state)
{
	static const char *const wrong[] = { PF "/2", PF "/", PF "/x", PF "/-1", PF "/0x1", "ens7/0", "/0", "/" };
	struct weir_vf vf = { .sz = sizeof(vf) };

	sysfs_pf(PF, 7, 2, 128, 2);
	sysfs_netdev(PF, "ens1", 5, NULL);
	assert_int_equal(weir_vf_get(sriov, "ens1/1", &vf, &err), 0);
	assert_string_equal(vf.pci, "0000:01:10.2");
	assert_int_equal(weir_vf_get(sriov, PF "/0", &vf, &err), 0);
	assert_string_equal(vf.pci, "0000:01:10.0");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(weir_vf_get(sriov, wrong[i], &vf, &err), -ENODEV);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(no_pci), TEST(a_pf), TEST(its_json), TEST(many_vfs), TEST(without_capability),
		TEST(several_netdevs), TEST(netdevs_by_port), TEST(representors),
		TEST(a_missing_netdev), TEST(netdevs_that_fail_to_be_read), TEST(bound_to_vfio), TEST(no_such_thing),
		TEST(libpci_gives_up), TEST(capability_and_sysfs_disagree),
		TEST(pulled_in_the_middle), TEST(pulled_while_listed),
		TEST(numbers), TEST(numbers_as_a_plan), TEST(a_driver_that_hangs),
		TEST(a_driver_that_refuses), TEST(waiting_for_drivers), TEST(numbered),
	};

	return cmocka_run_group_tests_name("sriov", tests, NULL, NULL);
}
