/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Port profiles: a link, or a VF of one, is associated with a profile that is
 * configured on a switch. 802.1Qbh calls it by a name, and the request goes to the
 * card's driver; 802.1Qbg calls it by numbers, and the request goes to lldpad, which
 * speaks VDP with the switch. Both are rtnetlink messages; this is part of libweir.
 *
 * It was never run on such hardware. Tests compare the bytes of its messages, and
 * talk to a peer on a netlink socket that plays lldpad.
 */
#ifndef WEIR_PROFILE_H
#define WEIR_PROFILE_H

#include <stdbool.h>

#include <weir/error.h>

#ifdef __cplusplus
extern "C" {
#endif

struct weir;
struct weir_txn;

/**
 * enum weir_profile_request - what is asked for
 * @WEIR_PROFILE_PREASSOCIATE:	announce a guest that may come (migration)
 * @WEIR_PROFILE_PREASSOCIATE_RR: the same, with resources reserved
 * @WEIR_PROFILE_ASSOCIATE:	connect it
 * @WEIR_PROFILE_DISASSOCIATE:	take it away
 */
enum weir_profile_request {
	WEIR_PROFILE_PREASSOCIATE = 0,
	WEIR_PROFILE_PREASSOCIATE_RR = 1,
	WEIR_PROFILE_ASSOCIATE = 2,
	WEIR_PROFILE_DISASSOCIATE = 3
};

/** WEIR_PROFILE_NAME - in weir_profile.has: @name is set (802.1Qbh) */
#define WEIR_PROFILE_NAME (1ull << 0)
/** WEIR_PROFILE_VSI - in weir_profile.has: @manager_id, @type_id and @type_version are set (802.1Qbg) */
#define WEIR_PROFILE_VSI (1ull << 1)
/** WEIR_PROFILE_INSTANCE - in weir_profile.has: @instance is set */
#define WEIR_PROFILE_INSTANCE (1ull << 2)
/** WEIR_PROFILE_HOST - in weir_profile.has: @host is set */
#define WEIR_PROFILE_HOST (1ull << 3)
/** WEIR_PROFILE_MAC - in weir_profile.has: @mac is set */
#define WEIR_PROFILE_MAC (1ull << 4)
/** WEIR_PROFILE_VLAN - in weir_profile.has: @vlan is set */
#define WEIR_PROFILE_VLAN (1ull << 5)

/** WEIR_PROFILE_SELF - vf: the link itself and no VF of it */
#define WEIR_PROFILE_SELF (-1)

/** WEIR_LLDPAD_PID_FILE - where lldpad writes its pid */
#define WEIR_LLDPAD_PID_FILE "/run/lldpad.pid"

/**
 * struct weir_profile - the profile that a port of a switch shall have
 * @sz:			sizeof(struct weir_profile)
 * @has:		which members are set, WEIR_PROFILE_*
 * @ifindex:		the link; for a VF the PF's link; for lldpad the physical link
 * @ifname:		its name, by which lldpad knows it
 * @vf:			number of the VF, or WEIR_PROFILE_SELF
 * @name:		port profile (802.1Qbh), up to 39 bytes
 * @manager_id:		802.1Qbg: number of the VSI manager
 * @type_id:		802.1Qbg: VSI type, below 2^24
 * @type_version:	802.1Qbg: its version
 * @instance:		UUID of the instance
 * @host:		UUID of the host
 * @mac:		the guest's MAC address
 * @vlan:		the guest's vlan
 * @lldpad_pid_file:	the request goes to the process whose pid is in this file
 *			(WEIR_LLDPAD_PID_FILE); empty: to the kernel
 * @timeout_ms:		how long the switch may take; 0: 10000
 */
struct weir_profile {
	size_t sz;
	uint64_t has;
	int32_t ifindex;
	char ifname[16];
	int32_t vf;
	char name[40];
	uint8_t manager_id;
	uint32_t type_id;
	uint8_t type_version;
	uint8_t instance[16];
	uint8_t host[16];
	uint8_t mac[6];
	uint16_t vlan;
	char lldpad_pid_file[108];
	uint32_t timeout_ms;
};

/**
 * weir_txn_profile() - associate a port with its profile, or disassociate it
 * @t:		the transaction
 * @profile:	the profile; copied
 * @request:	an enum weir_profile_request
 *
 * Sends the request, and then asks every 125 ms what became of it until the answer is
 * final; a request that takes too long is taken back. A disassociation is not waited
 * for, and is no error if the link or lldpad is gone. Undone by the reverse: a
 * (pre)association by a disassociation, a disassociation by an association.
 *
 * Return: 0 or a negative errno, which the transaction remembers:
 *   -EINVAL	@profile is neither of 802.1Qbh nor of 802.1Qbg
 *   -ENOENT	(at commit) lldpad does not run
 *   -EREMOTEIO	(at commit) the switch refused; the error has its reason
 *   -ETIME	(at commit) it did not answer in time
 *
 * Since: 0.2
 */
WEIR_API int weir_txn_profile(struct weir_txn *t, const struct weir_profile *profile,
			      enum weir_profile_request request);

#ifdef __cplusplus
}
#endif

#endif
