/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What libpci knows of one PCI device: names, class, driver, IOMMU group, NUMA
 * node, and its SR-IOV capability. The only file that includes libpci.
 *
 * libpci has one way to fail: a callback that must not return, whose default
 * prints and exits, and which is told nothing about the caller. So everything is
 * called in a thread of our own, which the callback ends; the reason is what
 * the thread leaves. (pci_alloc() without memory exits before a callback can be
 * set; nothing can be done about that.)
 */
#include <pci/pci.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>

#include "sriov/sriov.h"

struct job {
	struct pci_access *acc;
	struct pci_dev *dev;	/* freed apart: libpci may give up while it reads it */
	const char *pci;
	char *bus_path;
	bool names;
	bool done;
	struct wr_pci *ret;
};

static __attribute__((noreturn, format(printf, 1, 2))) void on_error(char *msg, ...)
{
	char *text = NULL;
	va_list ap;

	va_start(ap, msg);
	if (vasprintf(&text, msg, ap) < 0)
		text = NULL;
	va_end(ap);
	pthread_exit(text);
}

static void keep_silent(char *msg, ...)
{
}

static void read_capability(struct pci_dev *d, struct wr_pci *ret)
{
	struct pci_cap *cap = pci_find_cap(d, PCI_EXT_CAP_ID_SRIOV, PCI_CAP_EXTENDED);

	if (!cap)
		return;
	ret->has_capability = true;
	ret->total_vfs = pci_read_word(d, cap->addr + PCI_IOV_TOTALVF);
	ret->num_vfs = pci_read_word(d, cap->addr + PCI_IOV_NUMVF);
	ret->vf_offset = pci_read_word(d, cap->addr + PCI_IOV_OFFSET);
	ret->vf_stride = pci_read_word(d, cap->addr + PCI_IOV_STRIDE);
	ret->vf_device = pci_read_word(d, cap->addr + PCI_IOV_DID);
}

/* Without PCI_LOOKUP_NETWORK nobody is asked but pci.ids. */
static void look_up(struct job *job, int what, char *buf, size_t size)
{
	const char *name = pci_lookup_name(job->acc, buf, (int)size,
					   what | PCI_LOOKUP_NO_NUMBERS | PCI_LOOKUP_NO_HWDB,
					   job->ret->vendor, job->ret->device);

	wr_copy(buf, size, name && name != buf ? name : name ? buf : "");
}

static void read_device(struct job *job, struct pci_dev *d)
{
	struct wr_pci *ret = job->ret;
	const char *text;

	pci_fill_info(d, PCI_FILL_IDENT | PCI_FILL_CLASS | PCI_FILL_CLASS_EXT | PCI_FILL_CAPS | PCI_FILL_EXT_CAPS |
				 PCI_FILL_DRIVER | PCI_FILL_IOMMU_GROUP | PCI_FILL_NUMA_NODE);
	ret->vendor = d->vendor_id;
	ret->device = d->device_id;
	ret->class_code = (uint32_t)d->device_class << 8 | d->prog_if;
	ret->numa_node = d->numa_node;
	text = pci_get_string_property(d, PCI_FILL_IOMMU_GROUP);
	ret->iommu_group = text && *text ? (int32_t)strtol(text, NULL, 10) : -1;
	text = pci_get_string_property(d, PCI_FILL_DRIVER);
	wr_copy(ret->driver, sizeof(ret->driver), text ? text : "");
	read_capability(d, ret);
	if (!job->names)
		return;
	look_up(job, PCI_LOOKUP_VENDOR, ret->vendor_name, sizeof(ret->vendor_name));
	look_up(job, PCI_LOOKUP_DEVICE, ret->device_name, sizeof(ret->device_name));
}

static void *read_it(void *arg)
{
	struct job *job = arg;
	unsigned int domain, bus, dev, func;

	sscanf(job->pci, "%x:%x:%x.%x", &domain, &bus, &dev, &func);
	pci_init(job->acc);
	job->dev = pci_get_dev(job->acc, (int)domain, (int)bus, (int)dev, (int)func);
	read_device(job, job->dev);
	job->done = true;
	return NULL;
}

static void *clean_up(void *arg)
{
	struct job *job = arg;

	if (job->dev)
		pci_free_dev(job->dev);
	pci_cleanup(job->acc);
	job->done = true;
	return NULL;
}

/* Returns the reason why libpci gave up, for free(), or NULL. */
static char *run_apart(struct job *job, void *(*fn)(void *), int *ret_code)
{
	void *reason = NULL;
	pthread_t thread;

	job->done = false;
	*ret_code = -pthread_create(&thread, NULL, fn, job);
	if (*ret_code)
		return NULL;
	pthread_join(thread, &reason);
	if (!job->done)
		*ret_code = -EIO;
	return reason;
}

int wr_pci_read(const struct weir_sriov *s, const char *pci, bool names, struct wr_pci *ret,
		struct weir_error *err)
{
	struct job job = { .pci = pci, .names = names, .ret = ret };
	wr_auto(free) char *reason = NULL, *late = NULL;
	char object[64], path[PATH_MAX];
	int r, r2;

	memset(ret, 0, sizeof(*ret));
	wr_format(object, sizeof(object), "PCI device %s", pci);
	wr_format(path, sizeof(path), "%s/bus/pci", s->sysfs_dir);
	job.acc = pci_alloc();
	job.acc->error = on_error;
	job.acc->warning = keep_silent;
	job.acc->debug = keep_silent;
	job.acc->method = PCI_ACCESS_SYS_BUS_PCI;
	r = pci_set_param(job.acc, (char *)"sysfs.path", path) ? -EINVAL : 0;
	if (!r)
		reason = run_apart(&job, read_it, &r);
	late = run_apart(&job, clean_up, &r2);
	return r ? wr_error(err, r, WEIR_STAGE_SYSTEM, object, "", "%s",
			    reason ? reason : "libpci cannot read it") : 0;
}

int wr_pci_add(const char *pci, uint32_t add, char ret[WEIR_PCI_TEXT])
{
	unsigned int domain, bus, dev, func;
	uint32_t rid;

	if (sscanf(pci, "%x:%x:%x.%x", &domain, &bus, &dev, &func) != 4)
		return -EINVAL;
	rid = (bus << 8 | dev << 3 | func) + add;
	if (rid > 0xffff)
		return -ERANGE;
	wr_format(ret, WEIR_PCI_TEXT, "%04x:%02x:%02x.%x", domain, rid >> 8, rid >> 3 & 0x1f, rid & 7);
	return 0;
}
