/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a bridge knows of its ports besides their settings (<weir/link.h>): the
 * vlans that each is in, and the addresses that are behind it. Kernel
 * interfaces: RTM_SETLINK, RTM_DELLINK, RTM_GETVLAN and RTM_NEWNEIGH,
 * RTM_DELNEIGH, RTM_GETNEIGH of the family AF_BRIDGE.
 */
#ifndef WEIR_BRIDGE_H
#define WEIR_BRIDGE_H

#include <stdbool.h>

#include <weir/error.h>

#ifdef __cplusplus
extern "C" {
#endif

struct weir;
struct weir_txn;

/**
 * struct weir_port_vlan - vlans that a port of a bridge is in
 * @sz:		sizeof(struct weir_port_vlan)
 * @ifindex:	the port, or the bridge itself
 * @vid:	the vlan, 1..4094, or the first of several
 * @vid_end:	the last of them; 0: it is one
 * @pvid:	frames that come in without a tag belong to it; one vlan only
 * @untagged:	its frames go out without a tag
 * @self:	@ifindex is the bridge, which is in the vlan itself
 */
struct weir_port_vlan {
	size_t sz;
	int ifindex;
	uint16_t vid;
	uint16_t vid_end;
	bool pvid;
	bool untagged;
	bool self;
};

/**
 * weir_txn_port_vlan_add() - put a port into vlans
 * @t:		the transaction
 * @vlan:	which port, which vlans, and how
 *
 * A vlan that the port is in already is changed. The bridge heeds it while its
 * vlan_filtering is on. Undone by what the port had when this was called: those
 * vlans, and its former pvid.
 *
 * Return: 0 or a negative errno, which the transaction remembers
 *
 * Since: 0.2
 */
WEIR_API int weir_txn_port_vlan_add(struct weir_txn *t, const struct weir_port_vlan *vlan);

/**
 * weir_txn_port_vlan_del() - take a port out of vlans
 * @t:		the transaction
 * @vlan:	which port and which vlans; @pvid and @untagged do not matter
 *
 * Return: 0 or a negative errno, which the transaction remembers. At commit:
 *   -ENOENT	the port is not in one of them
 *
 * Since: 0.2
 */
WEIR_API int weir_txn_port_vlan_del(struct weir_txn *t, const struct weir_port_vlan *vlan);

/**
 * weir_port_vlan_list() - the vlans of a port
 * @w:		the handle
 * @ifindex:	the port, or the bridge itself
 * @ret:	receives an array in the order of vlans, to be freed with free();
 *		successive vlans with the same settings are one item
 * @ret_n:	receives its length
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or a negative errno
 *
 * Since: 0.2
 */
WEIR_API int weir_port_vlan_list(struct weir *w, int ifindex, struct weir_port_vlan **ret, size_t *ret_n,
				 struct weir_error *err);

/**
 * enum weir_fdb_state - how a bridge came to know an address
 * @WEIR_FDB_STATIC:	it was told, for good
 * @WEIR_FDB_DYNAMIC:	it was told or learned it, and forgets it in time
 * @WEIR_FDB_LOCAL:	it is the port's own
 */
enum weir_fdb_state {
	WEIR_FDB_STATIC = 0,
	WEIR_FDB_DYNAMIC = 1,
	WEIR_FDB_LOCAL = 2
};

/**
 * struct weir_fdb - an address and the port it is behind
 * @sz:		sizeof(struct weir_fdb)
 * @ifindex:	the port
 * @mac:	the address
 * @vid:	the vlan; 0: none (on a bridge that filters by vlan: every one that
 *		the port is in)
 * @state:	an enum weir_fdb_state
 * @self:	an entry of the port's own list (NTF_SELF), not of the bridge's
 */
struct weir_fdb {
	size_t sz;
	int ifindex;
	uint8_t mac[6];
	uint16_t vid;
	enum weir_fdb_state state;
	bool self;
};

/**
 * weir_txn_fdb_add() - tell a bridge behind which port an address is
 * @t:		the transaction
 * @fdb:	the entry
 *
 * Undone by deleting it.
 *
 * Return: 0 or a negative errno, which the transaction remembers. At commit:
 *   -EEXIST	the bridge knows the address already
 *   -EPERM	a dynamic entry, and the port is down or blocked
 *
 * Since: 0.2
 */
WEIR_API int weir_txn_fdb_add(struct weir_txn *t, const struct weir_fdb *fdb);

/**
 * weir_txn_fdb_set() - tell a bridge behind which port an address is, whatever it has learned
 * @t:		the transaction
 * @fdb:	the entry
 *
 * As weir_txn_fdb_add(), but an entry for the address that the bridge has learned by
 * itself, behind this port or another, is replaced. Nothing is done if the bridge was
 * told the same before. Undone by deleting the entry; what was learned is learned
 * again. For a port that joins the bridge in this transaction, it does the same as
 * weir_txn_fdb_add().
 *
 * Return: 0 or a negative errno, which the transaction remembers, here or at commit:
 *   -EEXIST	the bridge was told that the address is behind another port
 *
 * Since: 0.2
 */
WEIR_API int weir_txn_fdb_set(struct weir_txn *t, const struct weir_fdb *fdb);

/**
 * weir_txn_fdb_del() - have a bridge forget an address
 * @t:		the transaction
 * @fdb:	which; its state does not matter
 *
 * Undone by adding what was there, which is read at commit. Nothing is done if the
 * transaction deletes the port, because its addresses go with it.
 *
 * Return: 0 or a negative errno, which the transaction remembers. At commit:
 *   -ENOENT	there is no such entry
 *
 * Since: 0.2
 */
WEIR_API int weir_txn_fdb_del(struct weir_txn *t, const struct weir_fdb *fdb);

/**
 * weir_fdb_get() - whether a bridge knows an address behind a port
 * @w:		the handle
 * @fdb:	port, address and vlan; its state does not matter
 * @ret:	receives the entry; sz set
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or a negative errno:
 *   -ENOENT	the bridge does not know it, or knows it behind another port
 *
 * Since: 0.2
 */
WEIR_API int weir_fdb_get(struct weir *w, const struct weir_fdb *fdb, struct weir_fdb *ret,
			  struct weir_error *err);

/**
 * weir_fdb_list() - the addresses that are behind a port
 * @w:		the handle
 * @ifindex:	the port; 0: of all links
 * @ret:	receives an array, to be freed with free()
 * @ret_n:	receives its length
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or a negative errno
 *
 * Since: 0.2
 */
WEIR_API int weir_fdb_list(struct weir *w, int ifindex, struct weir_fdb **ret, size_t *ret_n,
			   struct weir_error *err);

#ifdef __cplusplus
}
#endif

#endif
