/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which driver has a VF, as a step: to a VFIO driver and back to the host's.
 * driver_override names the only driver that may take it, then it is unbound and
 * offered to drivers again. The kernel reports success for that even where the
 * driver refused, so what counts is the link to the driver afterwards; the offer
 * is answered inside the write, so one look is enough.
 */
#include <fnmatch.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/utsname.h>

#include <weir/vf.h>

#include "base/file.h"
#include "sriov/steps.h"
#include "sriov/wait.h"

enum { PART_SYSFS, PART_PCI, PART_BINDING };

/* apply() makes it so as @to says, undo() as @old does. */
struct binding {
	struct wr_binding to, old;
	uint32_t timeout_ms;
};

struct place {
	struct weir *w;
	struct weir_sriov sriov;	/* only where sysfs is */
	const char *pci;
	uint32_t timeout_ms;
	char object[64];
};

static struct binding binding_of(const struct weir_step *s)
{
	struct weir_blob part = weir_step_part(s, PART_BINDING);
	struct binding b = { .timeout_ms = 0 };

	memcpy(&b, part.data, part.len < sizeof(b) ? part.len : sizeof(b));
	return b;
}

static struct place place_of(struct weir *w, const struct weir_step *s)
{
	struct place p = { .w = w, .pci = weir_step_part(s, PART_PCI).data,
			   .timeout_ms = binding_of(s).timeout_ms };

	p.sriov.sysfs_dir = (char *)weir_step_part(s, PART_SYSFS).data;
	wr_format(p.object, sizeof(p.object), "VF %s", p.pci);
	return p;
}

static void driver_of(const struct weir_sriov *s, const char *pci, char driver[32])
{
	char path[PATH_MAX];

	wr_pci_path(s, pci, "driver", path);
	wr_sysfs_link(path, driver, 32);
}

/* The kernel says "(null)" where there is none. */
static void override_of(const struct weir_sriov *s, const char *pci, char override[32])
{
	char path[PATH_MAX];

	wr_pci_path(s, pci, "driver_override", path);
	wr_sysfs_text(path, override, 32);
	override[strcspn(override, "\n")] = '\0';
	if (!strcmp(override, "(null)"))
		*override = '\0';
}

/* --- one write after the other ---------------------------------------------------------- */

static int set_override(const struct place *p, const char *override, struct weir_error *err)
{
	char path[PATH_MAX], is[32];
	int r;

	override_of(&p->sriov, p->pci, is);
	if (!strcmp(is, override))
		return 0;
	wr_pci_path(&p->sriov, p->pci, "driver_override", path);
	r = wr_file_poke(path, *override ? override : "\n");
	return r ? wr_syserr(err, r, p->object, "driver_override") : 0;
}

static int tell(const struct place *p, const char *path, const char *what, struct weir_error *err)
{
	int r = wr_poke_within(path, p->pci, p->timeout_ms);

	if (r == -ETIME)
		return wr_error(err, r, WEIR_STAGE_SYSTEM, p->object, "",
				"its driver hangs in %s for over %u s", what, p->timeout_ms / 1000);
	return r ? wr_syserr(err, r, p->object, "%s", what) : 0;
}

static int unbind(const struct place *p, struct weir_error *err)
{
	char path[PATH_MAX], driver[32];
	int r;

	driver_of(&p->sriov, p->pci, driver);
	if (!*driver)
		return 0;
	wr_pci_path(&p->sriov, p->pci, "driver/unbind", path);
	r = tell(p, path, "unbind", err);
	driver_of(&p->sriov, p->pci, driver);
	return *driver ? r : 0;
}

static int probe(const struct place *p, struct weir_error *err)
{
	char path[PATH_MAX];

	wr_format(path, sizeof(path), "%s/bus/pci/drivers_probe", p->sriov.sysfs_dir);
	return tell(p, path, "drivers_probe", err);
}

static int not_taken(const struct place *p, const struct wr_binding *to, const char *has,
		     struct weir_error *err)
{
	char path[PATH_MAX];

	wr_pci_path(&p->sriov, p->pci, "iommu_group", path);
	if (*to->driver && strstr(to->driver, "vfio") && !wr_exists(path))
		return wr_error(err, -ENODEV, WEIR_STAGE_SYSTEM, p->object, "driver",
				"%s did not take it: there is no IOMMU (intel_iommu=on on the kernel's command line, or the firmware's setup)",
				to->driver);
	return wr_error(err, -ENODEV, WEIR_STAGE_SYSTEM, p->object, "driver", "%s%s did not take it%s%s",
			*to->driver ? "" : "a host driver", to->driver, *has ? ", it has " : "", has);
}

/* --- the MAC address of the VF's own link -------------------------------------------------- */

static bool is_mac(const uint8_t mac[6])
{
	static const uint8_t none[6];

	return memcmp(mac, none, sizeof(none));
}

static bool find_netdev(const struct place *p, struct wr_netdev *ret)
{
	char path[PATH_MAX];

	wr_pci_path(&p->sriov, p->pci, "", path);
	return wr_netdevs(path, ret, 1) > 0;
}

static bool has_other_mac(const struct place *p, const uint8_t mac[6])
{
	struct wr_netdev d;

	return is_mac(mac) && find_netdev(p, &d) && memcmp(d.mac, mac, 6);
}

struct setting {
	struct wr_netdev netdev;
	const uint8_t *mac;
};

static int set_mac_here(void *arg)
{
	struct setting *set = arg;
	wr_auto(fd) int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq ifr = { .ifr_hwaddr.sa_family = ARPHRD_ETHER };

	memcpy(ifr.ifr_name, set->netdev.name, sizeof(set->netdev.name));
	memcpy(ifr.ifr_hwaddr.sa_data, set->mac, 6);
	return fd < 0 || ioctl(fd, SIOCSIFHWADDR, &ifr) < 0 ? -errno : 0;
}

/*
 * Its link comes up with the address that the PF has for it, or with a random one
 * where the PF has none; then it may be set from this side. Where the driver does
 * not let it, the PF's side is as before all the same, and that has to do.
 */
static void give_mac(const struct place *p, const uint8_t mac[6])
{
	struct setting set = { .mac = mac };
	struct wr_wait x;

	if (!is_mac(mac))
		return;
	wr_wait_begin(p->w, &x, p->timeout_ms);
	while (!find_netdev(p, &set.netdev) && wr_wait_next(&x))
		;
	wr_wait_end(&x);
	if (has_other_mac(p, mac))
		weir_in_netns(p->w, set_mac_here, &set);
}

/* --- all of it ------------------------------------------------------------------------------- */

static bool is_there(const struct place *p)
{
	char path[PATH_MAX];

	wr_pci_path(&p->sriov, p->pci, "", path);
	return wr_exists(path);
}

static bool has_taken(const struct wr_binding *to, const char *driver)
{
	return to->any ? *driver && !strstr(driver, "vfio") : !strcmp(driver, to->driver);
}

/* A link with another address than it should have is offered to its driver again: it asks the PF then. */
static int bind_to(const struct place *p, const struct wr_binding *to, struct weir_error *err)
{
	char driver[32];
	int r = set_override(p, to->override, err);

	driver_of(&p->sriov, p->pci, driver);
	if (r || (has_taken(to, driver) && !has_other_mac(p, to->mac)))
		return r;
	r = unbind(p, err);
	if (!r && (*to->driver || to->any))
		r = probe(p, err);
	if (r)
		return r;
	driver_of(&p->sriov, p->pci, driver);
	if (!has_taken(to, driver))
		return not_taken(p, to, driver, err);
	give_mac(p, to->mac);
	return 0;
}

static int bind_apply(struct weir *w, const struct weir_step *s, struct weir_error *err)
{
	struct place p = place_of(w, s);
	struct binding b = binding_of(s);
	int r;

	if (!is_there(&p))
		return wr_error(err, -ENODEV, WEIR_STAGE_SYSTEM, p.object, "", "has gone");
	r = bind_to(&p, &b.to, err);
	if (r)
		bind_to(&p, &b.old, NULL);
	return r;
}

/* A VF that is gone has no driver. */
static int bind_undo(struct weir *w, const struct weir_step *s, bool applied, struct weir_error *err)
{
	struct place p = place_of(w, s);
	struct binding b = binding_of(s);

	return is_there(&p) ? bind_to(&p, &b.old, err) : 0;
}

static char *bind_plan(const struct weir_step *s)
{
	struct binding b = binding_of(s);
	wr_auto(str) struct wr_str out = { 0 }, dir = { 0 }, sysfs = { 0 };
	const char *pci = weir_step_part(s, PART_PCI).data;
	struct place p = place_of(NULL, s);
	char path[PATH_MAX];

	wr_pci_path(&p.sriov, pci, "", path);
	wr_str_shell(&dir, path);
	wr_str_shell(&sysfs, p.sriov.sysfs_dir);
	wr_str_printf(&out, "echo %s >%s/driver_override\n", b.to.override, wr_str_text(&dir));
	wr_str_printf(&out, "test ! -e %s/driver || echo %s >%s/driver/unbind", wr_str_text(&dir), pci,
		      wr_str_text(&dir));
	if (*b.to.driver || b.to.any)
		wr_str_printf(&out, "\necho %s >%s/bus/pci/drivers_probe", pci, wr_str_text(&sysfs));
	return wr_str_take(&out);
}

const struct weir_step_ops wr_bind_ops = {
	.sz = sizeof(wr_bind_ops), .name = "vf-bind",
	.apply = bind_apply, .undo = bind_undo, .plan = bind_plan,
};

/* --- which VFIO driver ------------------------------------------------------------------------- */

struct best {
	const char *device;	/* its modalias behind "pci:" */
	char module[64];
	size_t wildcards;
};

static size_t count_wildcards(const char *pattern)
{
	size_t n = 0;

	for (; *pattern; pattern++)
		n += *pattern == '*';
	return n;
}

/* "alias vfio_pci:v000015B3d0000101Esv*sd*bc*sc*i* mlx5_vfio_pci" */
static void consider(struct best *best, const char *line)
{
	char pattern[256], module[64];

	if (sscanf(line, "alias vfio_pci:%255s %63s", pattern, module) != 2 ||
	    fnmatch(pattern, best->device, 0) || count_wildcards(pattern) >= best->wildcards)
		return;
	best->wildcards = count_wildcards(pattern);
	wr_copy(best->module, sizeof(best->module), module);
}

static void read_aliases(const struct weir_sriov *s, struct best *best)
{
	char path[PATH_MAX], *line = NULL;
	struct utsname kernel;
	size_t room = 0;
	FILE *f;

	if (s->modules_dir)
		wr_format(path, sizeof(path), "%s/modules.alias", s->modules_dir);
	else if (uname(&kernel) == 0)
		wr_format(path, sizeof(path), "/lib/modules/%s/modules.alias", kernel.release);
	else
		return;
	f = fopen(path, "re");
	while (f && getline(&line, &room, f) > 0)
		consider(best, line);
	free(line);
	if (f)
		fclose(f);
}

/* A module "vfio_pci" may have a driver "vfio-pci". */
static bool is_loaded(const struct weir_sriov *s, char *driver)
{
	static const char *const swap[] = { "", "_-", "-_" };
	char path[PATH_MAX];

	for (size_t i = 0; i < WR_COUNT(swap); i++) {
		char name[32];

		wr_copy(name, sizeof(name), driver);
		for (char *c = name; *c && *swap[i]; c++)
			*c = *c == swap[i][0] ? swap[i][1] : *c;
		wr_format(path, sizeof(path), "%s/bus/pci/drivers/%s", s->sysfs_dir, name);
		if (!wr_exists(path))
			continue;
		wr_copy(driver, 32, name);
		return true;
	}
	return false;
}

static void choose_vfio(const struct weir_sriov *s, const char *pci, char driver[32])
{
	struct best best = { .module = "vfio-pci", .wildcards = SIZE_MAX };
	char path[PATH_MAX], modalias[256];

	wr_pci_path(s, pci, "modalias", path);
	wr_sysfs_text(path, modalias, sizeof(modalias));
	if (!strncmp(modalias, "pci:", 4)) {
		best.device = modalias + 4;
		read_aliases(s, &best);
	}
	wr_copy(driver, 32, best.module);
}

/* --- building ------------------------------------------------------------------------------------ */

void wr_binding_read(const struct weir_sriov *s, const struct weir_vf *vf, struct wr_binding *ret)
{
	*ret = (struct wr_binding){ .any = false };
	wr_copy(ret->driver, sizeof(ret->driver), vf->driver);
	override_of(s, vf->pci, ret->override);
	memcpy(ret->mac, vf->mac, sizeof(ret->mac));
}

int wr_bind_add(struct weir_txn *t, struct weir_sriov *s, const struct weir_vf *vf,
		const struct wr_binding *to)
{
	struct binding b = { .to = *to, .timeout_ms = s->timeout_ms };
	char object[64];

	wr_binding_read(s, vf, &b.old);
	wr_format(object, sizeof(object), "VF %s", vf->pci);
	return weir_txn_step(t, &wr_bind_ops, object,
			     (struct weir_blob[]){ [PART_SYSFS] = { s->sysfs_dir, strlen(s->sysfs_dir) },
						   [PART_PCI] = { vf->pci, strlen(vf->pci) },
						   [PART_BINDING] = { &b, sizeof(b) } }, 3);
}

/*
 * driver_override makes a driver take what it does not know, and most of them
 * crash the kernel then. Only these are made for it; others find their devices.
 */
static bool takes_anything(const char *driver)
{
	return strstr(driver, "vfio") || !strcmp(driver, "uio_pci_generic") ||
	       !strcmp(driver, "pci-stub");
}

static int name_driver(struct weir_sriov *s, const struct weir_vf *vf, const char *driver,
		       struct wr_binding *to, struct weir_error *err)
{
	char object[64];

	wr_format(object, sizeof(object), "VF %s", vf->pci);
	if (!strcmp(driver, WEIR_VF_VFIO))
		choose_vfio(s, vf->pci, to->driver);
	else if (strlen(driver) >= sizeof(to->driver) || strpbrk(driver, "/\n"))
		return wr_refuse(err, -EINVAL, object, "driver", "is no driver's name");
	else
		wr_copy(to->driver, sizeof(to->driver), driver);
	if (!is_loaded(s, to->driver))
		return wr_refuse(err, -ENOENT, object, "driver", "%s is not loaded: modprobe %s",
				 to->driver, to->driver);
	if (takes_anything(to->driver))
		wr_copy(to->override, sizeof(to->override), to->driver);
	return 0;
}

/* What the PF knows of a VF without link: the address of the link that it had. */
static int last_mac(struct weir_txn *t, const struct weir_vf *vf, uint8_t mac[6],
		    struct weir_error *err)
{
	wr_auto(free) struct weir_vf_config *configs = NULL;
	size_t n = 0;
	int r;

	if (*vf->netdev || !vf->pf_ifindex)
		return 0;
	r = weir_vf_config_list(weir_txn_handle(t), vf->pf_ifindex, &configs, &n, err);
	for (size_t i = 0; i < n; i++)
		if (configs[i].vf == vf->index)
			memcpy(mac, configs[i].mac, 6);
	return r == -ENODEV ? 0 : r;
}

int weir_txn_vf_bind(struct weir_txn *t, struct weir_sriov *s, const char *name, const char *driver)
{
	struct weir_error err = WEIR_ERROR_INIT;
	struct wr_binding to = { .any = !driver };
	struct weir_vf vf = { .sz = sizeof(vf) };
	int r = weir_vf_get(s, name, &vf, &err);

	if (!r && driver)
		r = name_driver(s, &vf, driver, &to, &err);
	if (!r && !*to.override)
		r = last_mac(t, &vf, to.mac, &err);
	return r ? weir_txn_refuse(t, &err) : wr_bind_add(t, s, &vf, &to);
}
