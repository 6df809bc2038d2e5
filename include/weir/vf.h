/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a network card does with the traffic of its virtual functions (VFs): MAC
 * address, vlan, rates, checks. The kernel keeps these settings with the link of
 * the physical function (PF) and they are set there, by rtnetlink (IFLA_VF_*);
 * this is part of libweir. Which functions there are, and whose, is
 * <weir/sriov.h>'s.
 *
 * The kernel is asked for VFs of one PF, never for those of all links.
 */
#ifndef WEIR_VF_H
#define WEIR_VF_H

#include <stdbool.h>

#include <weir/error.h>

#ifdef __cplusplus
extern "C" {
#endif

struct weir;
struct weir_txn;

/** WEIR_VF_MAC - in weir_vf_config.has: @mac is set */
#define WEIR_VF_MAC (1ull << 0)
/** WEIR_VF_VLAN - in weir_vf_config.has: @vlan is set */
#define WEIR_VF_VLAN (1ull << 1)
/** WEIR_VF_QOS - in weir_vf_config.has: @qos is set */
#define WEIR_VF_QOS (1ull << 2)
/** WEIR_VF_VLAN_PROTOCOL - in weir_vf_config.has: @vlan_protocol is set */
#define WEIR_VF_VLAN_PROTOCOL (1ull << 3)
/** WEIR_VF_MIN_RATE - in weir_vf_config.has: @min_rate_mbit_per_s is set */
#define WEIR_VF_MIN_RATE (1ull << 4)
/** WEIR_VF_MAX_RATE - in weir_vf_config.has: @max_rate_mbit_per_s is set */
#define WEIR_VF_MAX_RATE (1ull << 5)
/** WEIR_VF_SPOOF_CHECK - in weir_vf_config.has: @spoof_check is set */
#define WEIR_VF_SPOOF_CHECK (1ull << 6)
/** WEIR_VF_LINK_STATE - in weir_vf_config.has: @link_state is set */
#define WEIR_VF_LINK_STATE (1ull << 7)
/** WEIR_VF_RSS_QUERY - in weir_vf_config.has: @rss_query is set */
#define WEIR_VF_RSS_QUERY (1ull << 8)
/** WEIR_VF_TRUST - in weir_vf_config.has: @trust is set */
#define WEIR_VF_TRUST (1ull << 9)

/** WEIR_VLAN_8021Q - vlan_protocol: the usual one */
#define WEIR_VLAN_8021Q 0x8100
/** WEIR_VLAN_8021AD - vlan_protocol: the outer tag of a provider (QinQ) */
#define WEIR_VLAN_8021AD 0x88a8

/**
 * enum weir_vf_link_state - what a VF sees of the cable
 * @WEIR_VF_LINK_AUTO:		what the PF sees
 * @WEIR_VF_LINK_ENABLE:	carrier, so that VFs reach each other without cable
 * @WEIR_VF_LINK_DISABLE:	none
 */
enum weir_vf_link_state {
	WEIR_VF_LINK_AUTO = 0,
	WEIR_VF_LINK_ENABLE = 1,
	WEIR_VF_LINK_DISABLE = 2
};

/**
 * struct weir_vf_config - settings of one VF
 * @sz:			sizeof(struct weir_vf_config)
 * @has:		which members are set, WEIR_VF_*; after reading, those that the
 *			driver reports
 * @best_effort:	which of them the driver may refuse without an error
 * @vf:			the VF's number on its PF, from 0
 * @mac:		MAC address; the VF cannot change one that is set here. All
 *			zero: none is set, as drivers understand it
 * @vlan:		the vlan that all its traffic is in, 1..4095; 0: none
 * @qos:		priority in the vlan tag, 0..7
 * @vlan_protocol:	WEIR_VLAN_8021Q or WEIR_VLAN_8021AD
 * @min_rate_mbit_per_s: guaranteed rate of sending in 10^6 bits per second, 0: none
 * @max_rate_mbit_per_s: most it may send in 10^6 bits per second, 0: no limit
 * @spoof_check:	frames with another source address are dropped
 * @link_state:		an enum weir_vf_link_state
 * @rss_query:		the VF may read how the card spreads traffic
 * @trust:		the VF may become promiscuous and take more addresses
 *
 * @vlan, @qos and @vlan_protocol are one setting for the kernel, and the two
 * rates another: what is not set stays as it is. Only a vlan in place of none, or
 * none in its place, comes without the priority and protocol of before.
 */
struct weir_vf_config {
	size_t sz;
	uint64_t has;
	uint64_t best_effort;
	uint32_t vf;
	uint8_t mac[6];
	uint16_t vlan;
	uint8_t qos;
	uint16_t vlan_protocol;
	uint32_t min_rate_mbit_per_s;
	uint32_t max_rate_mbit_per_s;
	bool spoof_check;
	uint8_t link_state;
	bool rss_query;
	bool trust;
};

/**
 * weir_vf_config_list() - the settings of a PF's VFs
 * @w:		the handle; the PF is in its namespace
 * @pf_ifindex:	the PF's link
 * @ret:	receives an array in the order of numbers, to be freed with free()
 * @ret_n:	receives its length; 0 if the PF has no VFs
 * @err:	filled on failure; may be NULL
 *
 * One RTM_GETLINK.
 *
 * Return: 0, or a negative errno:
 *   -ENODEV	there is no such link
 *
 * Since: 0.2
 */
WEIR_API int weir_vf_config_list(struct weir *w, int pf_ifindex, struct weir_vf_config **ret,
				 size_t *ret_n, struct weir_error *err);

/**
 * weir_txn_vf_set() - change settings of a PF's VFs
 * @t:		the transaction
 * @pf_ifindex:	the PF's link; it must be up, because drivers lose settings that
 *		are made while it is down
 * @configs:	what to set, one for each VF; copied
 * @n:		how many
 * @ret_refused: receives, when the commit succeeds, for each of @configs the bits
 *		of its best_effort that the driver refused; n of them. May be NULL
 *
 * All of it goes in one RTM_SETLINK (in several beyond a hundred VFs). If the
 * driver refuses something, each setting is sent by itself to find out what it
 * refuses, and everything is taken back unless all that was refused is best
 * effort. What is set is read back and compared. A setting that the driver
 * reports to be so already is not sent, but a MAC address always is, because
 * that forbids the VF to change it.
 *
 * A VF's own link takes over a new MAC address when its driver is bound the next time
 * (weir_txn_vf_bind()). Until then it receives no frames.
 *
 * Undone by setting what was reported before, where it differs.
 *
 * Return: 0 or a negative errno, which the transaction remembers:
 *   -ENETDOWN	the PF is down
 *   -ENOENT	the PF has no VF of that number
 *
 * Since: 0.2
 */
WEIR_API int weir_txn_vf_set(struct weir_txn *t, int pf_ifindex,
			     const struct weir_vf_config *configs, size_t n, uint64_t *ret_refused);

/**
 * weir_txn_vf_restore() - give VFs the settings back that were read before
 * @t:		the transaction
 * @pf_ifindex:	the PF's link; it may be down
 * @configs:	what weir_vf_config_list() once said; VFs that are gone are no error
 * @n:		how many
 *
 * Sets what differs, the MAC address included. Settings that the driver reports but
 * refuses to set are passed over. Undone as weir_txn_vf_set().
 *
 * Return: 0 or a negative errno, which the transaction remembers
 *
 * Since: 0.2
 */
WEIR_API int weir_txn_vf_restore(struct weir_txn *t, int pf_ifindex,
				 const struct weir_vf_config *configs, size_t n);

/**
 * weir_vf_config_parse() - set a member by its name
 * @config:	the settings; the presence bit is set too
 * @name:	mac, vlan, qos, proto, min_tx_rate, max_tx_rate, spoofchk, state,
 *		query_rss or trust, as iproute2 calls them
 * @text:	the value
 * @err:	filled on failure; may be NULL
 *
 * Return: 0, or a negative errno: -ENOENT if there is no such member
 *
 * Since: 0.2
 */
WEIR_API int weir_vf_config_parse(struct weir_vf_config *config, const char *name, const char *text,
				  struct weir_error *err);

/**
 * weir_vf_config_bit() - the presence bit of a member
 * @name:	its name, as for weir_vf_config_parse()
 *
 * Return: WEIR_VF_*, or 0 if there is no such member
 *
 * Since: 0.2
 */
WEIR_API uint64_t weir_vf_config_bit(const char *name);

/**
 * weir_vf_config_name() - the name of a member
 * @bit:	its presence bit, WEIR_VF_*
 *
 * Return: a static word, or NULL if no member has that bit
 *
 * Since: 0.2
 */
WEIR_API const char *weir_vf_config_name(uint64_t bit);

/**
 * weir_vf_config_text() - settings as iproute2 writes them
 * @config:	the settings
 * @ret:	receives "vf 0 mac 52:54:00:00:00:01 vlan 7", to be freed with free()
 *
 * Return: 0 or -ENOMEM
 *
 * Since: 0.2
 */
WEIR_API int weir_vf_config_text(const struct weir_vf_config *config, char **ret);

/**
 * weir_vf_config_json() - settings as JSON
 * @config:	the settings
 * @ret:	receives an object on one line, to be freed with free()
 *
 * Return: 0 or -ENOMEM
 *
 * Since: 0.2
 */
WEIR_API int weir_vf_config_json(const struct weir_vf_config *config, char **ret);

#ifdef __cplusplus
}
#endif

#endif
