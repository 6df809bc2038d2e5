/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * SR-IOV: which physical functions (PFs) and virtual functions (VFs) there are,
 * and how many. What a PF does with the traffic of its VFs is set by <weir/vf.h>.
 * What this header declares is in libweir-sriov, which links libpci and is
 * GPL-2+ as a whole for that reason.
 *
 * A PF is called by the name of its netdev or by its PCI address
 * ("0000:01:00.0"), a VF by its PCI address. Everything is looked up in sysfs
 * and in the card's SR-IOV capability; full dumps of rtnetlink are never asked
 * for.
 */
#ifndef WEIR_SRIOV_H
#define WEIR_SRIOV_H

#include <stdbool.h>

#include <weir/weir.h>

#ifdef __cplusplus
extern "C" {
#endif

struct weir_sriov;
struct weir_txn;

/**
 * struct weir_sriov_options - where to look
 * @sz:		sizeof(struct weir_sriov_options)
 * @sysfs_dir:	NULL: "/sys". It shows the links of the network namespace in which it
 *		was mounted
 * @claims_dir:	where it is noted who has which VF; NULL: WEIR_STATE_DIR "/sriov".
 *		VFs are the host's, so everybody must use the same one
 * @modules_dir: where modules.alias is, which says what VFIO driver is best for a
 *		device; NULL: that of the running kernel
 * @timeout_ms:	how long a driver may take to make VFs, or to take one over; 0:
 *		120000 (some take a minute for a hundred)
 *
 * Strings are copied.
 */
struct weir_sriov_options {
	size_t sz;
	const char *sysfs_dir;
	const char *claims_dir;
	const char *modules_dir;
	uint32_t timeout_ms;
};

/**
 * weir_sriov_open() - start to work with SR-IOV
 * @w:		the handle; must outlive what is opened
 * @opts:	where to look, or NULL
 * @ret:	receives it, to be closed by weir_sriov_close()
 * @err:	filled on failure; may be NULL
 *
 * Reads nothing yet and needs no privilege. As a handle, what is opened serves
 * one caller at a time.
 *
 * Return: 0, or a negative errno: -E2BIG if @opts is newer than this library
 *
 * Since: 0.2
 */
WEIR_API int weir_sriov_open(struct weir *w, const struct weir_sriov_options *opts,
			     struct weir_sriov **ret, struct weir_error *err);

/**
 * weir_sriov_close() - end the work with SR-IOV
 * @s:	what weir_sriov_open() gave; NULL is ignored
 *
 * Since: 0.2
 */
WEIR_API void weir_sriov_close(struct weir_sriov *s);

/** WEIR_PCI_TEXT - bytes that hold any PCI address as text */
#define WEIR_PCI_TEXT 16

/**
 * struct weir_pf - a network card's physical function that can have VFs
 * @sz:			sizeof(struct weir_pf)
 * @pci:		its PCI address
 * @netdev:		the netdev it was looked up by, else its first one; empty:
 *			it has none (in the namespace of sysfs)
 * @n_netdevs:		how many netdevs it has, representors of VFs apart
 * @ifindex:		index of @netdev, or 0
 * @is_up:		@netdev is administratively up
 * @has_carrier:	@netdev has carrier
 * @driver:		name of its driver; empty: none
 * @vendor:		PCI vendor number
 * @device:		PCI device number
 * @class_code:		PCI class: base class, subclass and programming interface
 * @vendor_name:	the vendor in words, if WEIR_SRIOV_NAMES was asked for and
 *			pci.ids knows it
 * @device_name:	the device in words, likewise
 * @total_vfs:		most VFs it can have
 * @num_vfs:		VFs it has
 * @vf_offset:		from its routing ID to the first VF's (it may change with the
 *			number of VFs)
 * @vf_stride:		from one VF's routing ID to the next one's
 * @vf_device:		PCI device number of its VFs
 * @autoprobe:		new VFs are offered to host drivers
 * @numa_node:		-1: not known
 * @iommu_group:	-1: none
 */
struct weir_pf {
	size_t sz;
	char pci[WEIR_PCI_TEXT];
	char netdev[16];
	uint32_t n_netdevs;
	int32_t ifindex;
	bool is_up;
	bool has_carrier;
	char driver[32];
	uint16_t vendor;
	uint16_t device;
	uint32_t class_code;
	char vendor_name[64];
	char device_name[96];
	uint32_t total_vfs;
	uint32_t num_vfs;
	uint32_t vf_offset;
	uint32_t vf_stride;
	uint16_t vf_device;
	bool autoprobe;
	int32_t numa_node;
	int32_t iommu_group;
};

/**
 * struct weir_vf - a virtual function
 * @sz:			sizeof(struct weir_vf)
 * @pf:			PCI address of its PF
 * @index:		its number on the PF, from 0
 * @pci:		its own PCI address
 * @pf_netdev:		the PF's netdev as the PF was looked up, or empty
 * @pf_ifindex:		index of @pf_netdev, or 0
 * @netdev:		its netdev that belongs to @pf_netdev's port; empty: none
 * @ifindex:		index of @netdev, or 0
 * @mac:		MAC address of @netdev
 * @is_up:		@netdev is administratively up
 * @has_carrier:	@netdev has carrier
 * @driver:		name of its driver; empty: none
 * @numa_node:		-1: not known
 * @iommu_group:	-1: none
 * @vfio:		the character device by which a hypervisor takes it,
 *			"/dev/vfio/12"; empty unless it is bound to a VFIO driver
 */
struct weir_vf {
	size_t sz;
	char pf[WEIR_PCI_TEXT];
	uint32_t index;
	char pci[WEIR_PCI_TEXT];
	char pf_netdev[16];
	int32_t pf_ifindex;
	char netdev[16];
	int32_t ifindex;
	uint8_t mac[6];
	bool is_up;
	bool has_carrier;
	char driver[32];
	int32_t numa_node;
	int32_t iommu_group;
	char vfio[48];
};

/** WEIR_SRIOV_NAMES - look vendor and device up in pci.ids, which takes a few milliseconds */
#define WEIR_SRIOV_NAMES (1u << 0)

/**
 * weir_pf_list() - every network card's function that can have VFs
 * @s:		where to look
 * @flags:	0 or WEIR_SRIOV_NAMES
 * @ret:	receives an array in the order of addresses, to be freed with free()
 * @ret_n:	receives its length
 * @err:	filled on failure; may be NULL
 *
 * A PF that vanishes while it is read is left out.
 *
 * Return: 0 or a negative errno; a host without PCI has none, and that is no error
 *
 * Since: 0.2
 */
WEIR_API int weir_pf_list(struct weir_sriov *s, unsigned int flags, struct weir_pf **ret,
			  size_t *ret_n, struct weir_error *err);

/**
 * weir_pf_get() - one PF
 * @s:		where to look
 * @name:	its PCI address or one of its netdevs
 * @flags:	0 or WEIR_SRIOV_NAMES
 * @ret:	receives it; sz set
 * @err:	filled on failure; may be NULL
 *
 * Return: 0, or a negative errno:
 *   -ENODEV	there is no such device
 *   -EOPNOTSUPP it is there, but no network card's function that can have VFs
 *
 * Since: 0.2
 */
WEIR_API int weir_pf_get(struct weir_sriov *s, const char *name, unsigned int flags,
			 struct weir_pf *ret, struct weir_error *err);

/**
 * weir_vf_list() - the VFs of a PF
 * @s:		where to look
 * @pf:		the PF, as it was read
 * @ret:	receives an array in the order of numbers, to be freed with free()
 * @ret_n:	receives its length
 * @err:	filled on failure; may be NULL
 *
 * A VF's address is computed from the PF's capability and compared with the one
 * in sysfs.
 *
 * Return: 0, or a negative errno:
 *   -ENODEV	the PF has gone
 *   -EAGAIN	the number of its VFs changed while they were read
 *   -EBADMSG	sysfs and the capability disagree about an address
 *
 * Since: 0.2
 */
WEIR_API int weir_vf_list(struct weir_sriov *s, const struct weir_pf *pf, struct weir_vf **ret,
			  size_t *ret_n, struct weir_error *err);

/**
 * weir_vf_get() - one VF
 * @s:		where to look
 * @name:	its PCI address, the name of its netdev, or PF/NUMBER ("ens1/3")
 * @ret:	receives it; sz set
 * @err:	filled on failure; may be NULL
 *
 * Return: 0, or a negative errno:
 *   -ENODEV	there is no such device
 *   -EOPNOTSUPP it is there, but no VF of a network card
 *
 * Since: 0.2
 */
WEIR_API int weir_vf_get(struct weir_sriov *s, const char *name, struct weir_vf *ret,
			 struct weir_error *err);

/**
 * weir_sriov_steps - the types of steps of this library
 *
 * For weir_options.step_ops: without them a journal with such steps cannot be recovered.
 *
 * Since: 0.2
 */
WEIR_API extern const struct weir_step_ops *const weir_sriov_steps[];

/** WEIR_VF_NO_PROBE - new VFs get no driver, as is best for those that guests take over */
#define WEIR_VF_NO_PROBE (1u << 0)

/**
 * weir_txn_vf_number() - make the VFs of a PF, or remove them
 * @t:		the transaction
 * @s:		where the PF is
 * @pf:		the PF's netdev or PCI address
 * @n:		how many VFs it shall have; 0: none
 * @flags:	0 or WEIR_VF_NO_PROBE. Whether VFs are offered to host drivers is a
 *		setting of the PF, which stays
 *
 * The kernel makes VFs only where there are none, and removes only all of them. Nothing
 * is done if the PF has so many already. Undone by the reverse; VFs that were removed
 * then get their settings back (weir_vf_config_list()), but not what was set on their
 * own links.
 *
 * Return: 0 or a negative errno, which the transaction remembers:
 *   -EBUSY	the PF has another number of VFs, or one of them is claimed
 *   -ERANGE	@n is more than it can have
 *   -ENOSPC	(at commit) the slot has no room for so many
 *   -ENOENT	(at commit) the PF's driver cannot make VFs
 *   -ETIME	(at commit) the driver takes too long, and may still be at it
 *   others	see weir_pf_get()
 *
 * Since: 0.2
 */
WEIR_API int weir_txn_vf_number(struct weir_txn *t, struct weir_sriov *s, const char *pf,
				uint32_t n, unsigned int flags);

/**
 * weir_vf_wait() - wait until every VF of a PF has a driver and a netdev
 * @s:		where the PF is
 * @pf:		the PF's netdev or PCI address
 * @timeout_ms:	how long
 * @err:	filled on failure; may be NULL
 *
 * Host drivers take new VFs only after weir_txn_vf_number() was carried out. Waits
 * for device events. A VF that is bound to a VFIO driver needs no netdev.
 *
 * Return: 0, or a negative errno:
 *   -ETIME	a VF, which @err names, is not ready yet; perhaps its driver's
 *		module is not loaded
 *
 * Since: 0.2
 */
WEIR_API int weir_vf_wait(struct weir_sriov *s, const char *pf, unsigned int timeout_ms,
			  struct weir_error *err);

/** WEIR_VF_VFIO - the VFIO driver that is best for a VF: its own kind's if there is one, else vfio-pci */
#define WEIR_VF_VFIO "vfio"

/**
 * weir_txn_vf_bind() - give a VF to another driver
 * @t:		the transaction
 * @s:		where the VF is
 * @vf:		the VF, as for weir_vf_get()
 * @driver:	a driver's name, WEIR_VF_VFIO, or NULL: the host's own, whichever
 *		takes it
 *
 * Sets driver_override only for drivers that are made to take any device (VFIO's,
 * uio_pci_generic, pci-stub), because one that does not know the device would crash the
 * kernel. Afterwards it checks that the driver has the VF. Modules are not loaded. For
 * VFIO, weir_vf.vfio is what a hypervisor opens. A link that comes back with the host's
 * driver has the MAC address that the PF knows of it. Undone by giving the VF back to
 * its former driver; its link then has its former MAC address, and is down.
 *
 * Return: 0 or a negative errno, which the transaction remembers:
 *   -ENOENT	there is no such driver; its module is not loaded
 *   -ENODEV	there is no such VF, or (at commit) the driver did not take it
 *   -ETIME	(at commit) a driver takes too long
 *
 * Since: 0.2
 */
WEIR_API int weir_txn_vf_bind(struct weir_txn *t, struct weir_sriov *s, const char *vf,
			      const char *driver);

/** WEIR_CLAIM_SHARED - others may claim the VF too, as macvtaps in bridge mode do */
#define WEIR_CLAIM_SHARED (1u << 0)
/** WEIR_CLAIM_NETDEV - the VF must have a netdev; those without are passed over */
#define WEIR_CLAIM_NETDEV (1u << 1)

/**
 * struct weir_claim_request - which VF is wanted, and for whom
 * @sz:		sizeof(struct weir_claim_request)
 * @pfs:	the PFs whose VFs are the pool, by netdev or PCI address
 * @n_pfs:	how many
 * @vf:		one VF and no other, as for weir_vf_get(); then no pool is looked at
 * @flags:	WEIR_CLAIM_*
 * @owner:	whose it is; one line of up to 127 bytes
 * @pid:	the claim ends with this process (a hypervisor); 0: it stays until it
 *		is released or the host is rebooted
 * @vfs:	these VFs are the pool, as for weir_vf_get(), in place of @pfs; those
 *		that are gone are passed over
 * @n_vfs:	how many
 */
struct weir_claim_request {
	size_t sz;
	const char *const *pfs;
	size_t n_pfs;
	const char *vf;
	unsigned int flags;
	const char *owner;
	int32_t pid;
	const char *const *vfs;
	size_t n_vfs;
};

/**
 * weir_txn_vf_claim() - claim a VF
 * @t:		the transaction
 * @s:		where VFs and claims are
 * @request:	what is wanted
 * @ret:	receives the VF as it is now; NULL, or sz set
 *
 * Without WEIR_CLAIM_SHARED it gets the first VF that nobody claims: of the PF that has
 * the fewest claimed ones, or else comes first in @request->pfs; of @request->vfs simply
 * the first. With WEIR_CLAIM_SHARED it gets the one with the fewest claims, all of them
 * shared. A VF that nobody claims but whose link is up is in use by the host, and one whose
 * link is in another namespace by a container: they are passed over unless @request->vf
 * names them.
 *
 * One lock is held from looking for a VF until the transaction ends. A claim whose owner
 * is dead (its process is gone, or the host was rebooted) does not count: what the owner
 * did to the VF is taken back first, in the same transaction.
 *
 * The settings of the VF, its driver, and its link's MAC address are noted with
 * the claim, for weir_txn_vf_release() to restore. Later builders of the same
 * transaction change them: weir_txn_vf_bind(), weir_txn_vf_set() with
 * @ret->pf_ifindex and @ret->index.
 *
 * Return: 0 or a negative errno, which the transaction remembers:
 *   -EBUSY	every VF is claimed or in use, or the lock cannot be had
 *   -ENOENT	the PFs have no VFs
 *   others	see weir_pf_get()
 *
 * Since: 0.2
 */
WEIR_API int weir_txn_vf_claim(struct weir_txn *t, struct weir_sriov *s,
			       const struct weir_claim_request *request, struct weir_vf *ret);

/**
 * weir_txn_vf_release() - give a VF back
 * @t:		the transaction
 * @s:		where VFs and claims are
 * @vf:		the VF's PCI address
 * @owner:	whose claim; NULL: all claims on it
 *
 * With the last claim the VF gets back the settings, the driver and the link's MAC
 * address that it had before the first one. The settings come first, through the PF and
 * while the VF has no driver; then the driver, which asks the PF for the address. A VF
 * that does not exist any more is released all the same.
 *
 * Return: 0 or a negative errno, which the transaction remembers:
 *   -ENOENT	there is no such claim
 *
 * Since: 0.2
 */
WEIR_API int weir_txn_vf_release(struct weir_txn *t, struct weir_sriov *s, const char *vf,
				 const char *owner);

/**
 * struct weir_claim - who has a VF
 * @sz:		sizeof(struct weir_claim)
 * @vf:		PCI address of the VF
 * @pf:		PCI address of its PF
 * @index:	its number there
 * @owner:	whose it is
 * @pid:	the process that it ends with, or 0
 * @start_time:	when that process started, in the kernel's ticks since boot
 * @is_shared:	others may claim the VF too
 * @is_pending:	its transaction is not finished
 * @is_dead:	its owner is gone
 */
struct weir_claim {
	size_t sz;
	char vf[WEIR_PCI_TEXT];
	char pf[WEIR_PCI_TEXT];
	uint32_t index;
	char owner[128];
	int32_t pid;
	uint64_t start_time;
	bool is_shared;
	bool is_pending;
	bool is_dead;
};

/**
 * weir_claim_list() - who has which VFs
 * @s:		where claims are
 * @ret:	receives an array in the order of VFs, to be freed with free()
 * @ret_n:	receives its length
 * @err:	filled on failure; may be NULL
 *
 * Return: 0, or a negative errno: -EBADMSG if a note of a claim is damaged
 *
 * Since: 0.2
 */
WEIR_API int weir_claim_list(struct weir_sriov *s, struct weir_claim **ret, size_t *ret_n,
			     struct weir_error *err);

/**
 * weir_claim_json() - a claim as JSON
 * @claim:	the claim
 * @ret:	receives an object on one line, to be freed with free()
 *
 * Return: 0 or -ENOMEM
 *
 * Since: 0.2
 */
WEIR_API int weir_claim_json(const struct weir_claim *claim, char **ret);

/**
 * weir_pf_json() - a PF as JSON
 * @pf:		the PF
 * @ret:	receives an object on one line, to be freed with free()
 *
 * Return: 0 or -ENOMEM
 *
 * Since: 0.2
 */
WEIR_API int weir_pf_json(const struct weir_pf *pf, char **ret);

/**
 * weir_vf_json() - a VF as JSON
 * @vf:		the VF
 * @ret:	receives an object on one line, to be freed with free()
 *
 * Return: 0 or -ENOMEM
 *
 * Since: 0.2
 */
WEIR_API int weir_vf_json(const struct weir_vf *vf, char **ret);

#ifdef __cplusplus
}
#endif

#endif
