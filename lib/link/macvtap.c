/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Opens the queues of macvtaps for the caller. The N of /dev/tapN is the link's
 * index, and links of two namespaces can have the same one, so the name does not
 * tell which of them a node is for. The kernel's device number is read from a sysfs
 * of the right namespace, and a node with another number is not opened. If /dev has
 * no node with that number, one is made in a mount namespace that nobody else sees.
 * Nothing waits for udev, which only changes owner and mode.
 */
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/netns.h"
#include "link/kinds.h"
#include "link/link.h"
#include "txn/txn.h"

#define MAX_QUEUES 256

enum { PART_MACVTAP };

struct macvtap {
	uint32_t ifindex;
	uint32_t n_queues;
	uint16_t flags;		/* IFF_* */
};

/* What apply() hands to the thread inside the namespace. */
struct opening {
	const struct macvtap *tap;
	const struct weir_link *link;
	int *fds;
	dev_t dev;		/* the kernel's number */
	bool is_private;	/* the thread's mounts are its own */
	const char *failed;	/* what failed */
};

/* This thread sees mounts of its own from now on, with the sysfs of its network namespace. */
static bool mount_sysfs(void)
{
	return unshare(CLONE_NEWNS) == 0 && mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) == 0 &&
	       mount("sysfs", "/sys", "sysfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) == 0;
}

static int read_number(struct opening *o)
{
	unsigned int major, minor;
	char path[96], line[32] = "";
	FILE *f;

	o->failed = "the device's number in /sys/class/net";
	snprintf(path, sizeof(path), "/sys/class/net/%.15s/tap%u/dev", o->link->name, o->tap->ifindex);
	f = fopen(path, "re");
	if (!f)
		return -errno;
	if (!fgets(line, sizeof(line), f))
		*line = '\0';
	fclose(f);
	if (sscanf(line, "%u:%u", &major, &minor) != 2)
		return -EBADMSG;
	o->dev = makedev(major, minor);
	return 0;
}

/* A node with the kernel's number, in /dev or of our own. */
static int open_node(struct opening *o)
{
	char path[32];
	struct stat st;
	int fd;

	o->failed = "/dev/tap*";
	snprintf(path, sizeof(path), "/dev/tap%u", o->tap->ifindex);
	/* Looked at before: opening a tap of somebody else's would take a queue of it. */
	if (stat(path, &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == o->dev) {
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd >= 0 && fstat(fd, &st) == 0 && st.st_rdev == o->dev)
			return fd;
		wr_close(&fd);
	}
	o->failed = "a device node";
	if (!o->is_private)
		return -EPERM;
	if (stat("/sys/tap", &st) < 0 && (mount("none", "/sys", "tmpfs", MS_NOSUID | MS_NOEXEC, "mode=0700") < 0 ||
					  mknod("/sys/tap", S_IFCHR | 0600, o->dev) < 0))
		return -errno;
	fd = open("/sys/tap", O_RDWR | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* It is the link that was meant, by its name and address, and gets its flags. */
static int set_up_queue(struct opening *o, int fd)
{
	struct ifreq ifr = { 0 };

	o->failed = "TUNGETIFF";
	if (ioctl(fd, TUNGETIFF, &ifr) < 0)
		return -errno;
	if (strncmp(ifr.ifr_name, o->link->name, IFNAMSIZ) != 0)
		return -ENXIO;
	o->failed = "SIOCGIFHWADDR";
	if (ioctl(fd, SIOCGIFHWADDR, &ifr) < 0)
		return -errno;
	if (memcmp(ifr.ifr_hwaddr.sa_data, o->link->mac, sizeof(o->link->mac)) != 0)
		return -ENXIO;
	o->failed = "TUNSETIFF";
	ifr.ifr_flags = (short)o->tap->flags;
	return ioctl(fd, TUNSETIFF, &ifr) < 0 ? -errno : 0;
}

static int open_queues(void *arg)
{
	struct opening *o = arg;
	int r;

	o->is_private = mount_sysfs();
	r = read_number(o);
	for (uint32_t i = 0; i < o->tap->n_queues && !r; i++) {
		o->fds[i] = open_node(o);
		r = o->fds[i] < 0 ? o->fds[i] : set_up_queue(o, o->fds[i]);
	}
	return r;
}

static void close_queues(int *fds, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		wr_close(&fds[i]);
}

static struct macvtap macvtap_of(const struct weir_step *s)
{
	struct weir_blob part = weir_step_part(s, PART_MACVTAP);
	struct macvtap tap = { 0 };

	memcpy(&tap, part.data, part.len < sizeof(tap) ? part.len : sizeof(tap));
	return tap;
}

/* Mounts are made in there, so it is always a thread of its own. */
static int open_in_thread(struct weir *w, struct opening *o)
{
	wr_auto(fd) int here = -1;

	if (w->netns_fd >= 0)
		return wr_netns_run(w->netns_fd, open_queues, o);
	o->failed = "/proc/thread-self/ns/net";
	here = open(o->failed, O_RDONLY | O_CLOEXEC);
	return here < 0 ? -errno : wr_netns_run(here, open_queues, o);
}

static int macvtap_apply(struct weir *w, const struct weir_step *s, struct weir_error *err)
{
	struct macvtap tap = macvtap_of(s);
	struct opening o = { .tap = &tap, .fds = s->local };
	struct weir_link link;
	int r = wr_link_get(w, (int)tap.ifindex, NULL, &link, err);

	if (r)
		return r;
	if (link.kind != WEIR_LINK_MACVTAP)
		return wr_refuse(err, -EINVAL, s->object, "kind", "%s is no macvtap", link.name);
	o.link = &link;
	for (uint32_t i = 0; i < tap.n_queues; i++)
		o.fds[i] = -1;
	r = open_in_thread(w, &o);
	if (!r)
		return 0;
	close_queues(o.fds, tap.n_queues);
	if (r == -ENXIO)
		return wr_error(err, r, WEIR_STAGE_SYSTEM, s->object, "", "%s: the device is another link's", o.failed);
	return wr_syserr(err, r, s->object, "%s", o.failed);
}

static int macvtap_undo(struct weir *w, const struct weir_step *s, bool applied, struct weir_error *err)
{
	if (s->local)
		close_queues(s->local, macvtap_of(s).n_queues);
	return 0;
}

const struct weir_step_ops wr_macvtap_ops = {
	.sz = sizeof(wr_macvtap_ops), .name = "macvtap", .apply = macvtap_apply, .undo = macvtap_undo,
};

int weir_txn_macvtap_open(struct weir_txn *t, int ifindex, unsigned int n_queues, bool vnet_hdr, int *ret_fds)
{
	struct macvtap tap = { .ifindex = (uint32_t)ifindex, .n_queues = n_queues };
	struct weir_step *s;
	char object[64];

	wr_format(object, sizeof(object), "macvtap %d", ifindex);
	if (ifindex <= 0 || n_queues < 1 || n_queues > MAX_QUEUES || !ret_fds)
		return wr_txn_refuse(t, -EINVAL, object, ifindex <= 0 ? "ifindex" : "queues", "must be %s",
				     ifindex <= 0 ? "positive" : "1 to 256, with room for their descriptors");
	tap.flags = IFF_TAP | IFF_NO_PI;
	tap.flags |= vnet_hdr ? IFF_VNET_HDR : 0;
	tap.flags |= n_queues > 1 ? IFF_MULTI_QUEUE : 0;
	s = wr_txn_add(t, &wr_macvtap_ops, object, &(struct weir_blob){ &tap, sizeof(tap) }, 1);
	if (s)
		s->local = ret_fds;
	/* The descriptors are the caller's; a shell has no word for them. */
	return t->err.code;
}
