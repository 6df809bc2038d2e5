/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of this folder need of each other. */
#ifndef WR_NETWORK_NETWORK_H
#define WR_NETWORK_NETWORK_H

#include <limits.h>

#include <weir/link.h>
#include <weir/network.h>
#include <weir/txn.h>

#include "base/error.h"

/* A further bridge of a network, and the pair that joins it to the first one. */
struct wr_span {
	char name[16];
	int32_t ifindex;
	char join[16];		/* the end on the first bridge, ... */
	int32_t join_ifindex;
	int32_t far_ifindex;	/* ... and the other one */
};

/* A running network: LIVE, one file in the state directory. */
struct wr_live {
	int32_t bridge_ifindex;
	int32_t ifb_ifindex;	/* of the bridge's own bandwidth; 0: none */
	char ifb_name[16];
	uint32_t ifb_class;	/* there, if others share it */
	struct wr_span *spans;
	size_t n_spans;
	struct weir_network net;
};

/* --- store.c: files --------------------------------------------------------------- */

/* Both refuse a handle without the directory. -ENOENT: there is none; @err is filled then too. */
int wr_store_config(struct weir *w, const char *name, struct weir_network **ret,
		    struct weir_error *err);
int wr_store_live(struct weir *w, const char *name, struct wr_live **ret, struct weir_error *err);
/* The same, to be read only, until this is called again with the handle: if nothing has changed, nothing is parsed. */
int wr_store_live_last(struct weir *w, const char *name, const struct wr_live **ret, struct weir_error *err);
void wr_live_free(struct wr_live *live);
int wr_store_port(struct weir *w, const char *name, struct weir_port *ret, struct weir_error *err);
/* Whether @r and @err, from reading the record of that name, say that it is there and damaged. */
bool wr_store_is_damaged(struct weir *w, const char *name, int r, const struct weir_error *err);
/* For who goes through all of them. 1: it went meanwhile or is damaged, and is no reason to stop. */
int wr_store_next_port(struct weir *w, const char *name, struct weir_port *ret, struct weir_error *err);
/* @ret receives the name of the port that has it. */
int wr_store_next_uuid(struct weir *w, const char *uuid, struct weir_port *ret, struct weir_error *err);
int wr_store_next_live(struct weir *w, const char *name, struct wr_live **ret, struct weir_error *err);

/* Calls @fn with the name of everything that is stored, until it returns other than 0. */
enum wr_store { WR_STORE_CONFIG, WR_STORE_LIVE, WR_STORE_PORTS, WR_STORE_UUIDS, WR_STORE_AUTOSTART };
int wr_store_each(struct weir *w, enum wr_store which, int (*fn)(void *arg, const char *name),
		  void *arg, struct weir_error *err);

struct wr_entry;
int wr_store_each_entry(struct weir *w, enum wr_store which,
			int (*fn)(void *arg, const struct wr_entry *entry), void *arg,
			struct weir_error *err);
/* The folder itself. */
int wr_store_folder(struct weir *w, enum wr_store which, char path[PATH_MAX], struct weir_error *err);
/* So many there are at most; in /run that is known without listing them. */
int wr_store_most(struct weir *w, enum wr_store which, size_t *ret, struct weir_error *err);

/* Whether there is a file of that name, whatever is in it. */
bool wr_store_has(struct weir *w, enum wr_store which, const char *name);
/* What stat() says of it: 0, or a negative errno. */
struct stat;
int wr_store_stat(struct weir *w, enum wr_store which, const char *name, struct stat *ret);

/* Steps that write and remove those files. */
int wr_txn_store_config(struct weir_txn *t, const struct weir_network *net);
int wr_txn_store_live(struct weir_txn *t, const struct wr_live *live);
int wr_txn_store_port(struct weir_txn *t, const struct weir_port *port);
/* What says which port has its uuid. */
int wr_txn_store_uuid(struct weir_txn *t, const struct weir_port *port);
int wr_txn_unstore_uuid(struct weir_txn *t, const struct weir_port *port);
/* A file that says no more than that it is there. */
int wr_txn_store_mark(struct weir_txn *t, enum wr_store which, const char *name);
int wr_txn_unstore(struct weir_txn *t, enum wr_store which, const char *name);

/* --- port_uuid.c: which port has a uuid ----------------------------------------------- */

/* Makes one for a port that has none; refuses one that another port has, on record or in @t. */
int wr_port_uuid_take(struct weir_txn *t, struct weir_port *port, struct weir_error *err);
/* Whether the transaction attaches a port of that name already. */
bool wr_port_name_is_taken(struct weir_txn *t, const char *name);
/* Whether there is an entry for it; older versions made none. */
bool wr_port_uuid_is_noted(struct weir *w, const struct weir_port *port);
/* Of the port of that name, as it is without its record; untouched if there is none. */
int wr_port_uuid_find(struct weir *w, const char *name, char ret[37], struct weir_error *err);

/* --- live.c: all running networks, without reading each file each time ------------- */

/* Calls @fn with each that can be read, until it returns other than 0. */
int wr_live_each(struct weir *w, int (*fn)(void *arg, const struct weir_network *net), void *arg,
		 struct weir_error *err);

/* --- choose.c: what a definition leaves to be made --------------------------------- */

void wr_make_uuid(char uuid[37]);
/* A unicast, locally administered address with libvirt's prefix 52:54:00. */
void wr_make_mac(uint8_t mac[6]);
/* The host's end of a guest's port: the guest's address with a high first byte. */
void wr_host_mac(const uint8_t guest[6], uint8_t host[6]);
/* Whether the namespace of the calling thread has a link of that name, without asking rtnetlink. */
bool wr_link_is_here(const char *name);
/* Fills in uuid, MAC address and bridge name where they are absent. */
int wr_complete(struct weir *w, struct weir_network *net, struct weir_error *err);

/* --- bridge.c: parts of a network with a bridge of its own ------------------------------ */

/* Before the network's name, what its bridges say of themselves. */
#define WR_BRIDGE_ALIAS "weir network "
/* What is set of a bridge's spanning tree. */
struct weir_bridge wr_stp_of(const struct weir_network *net);
/* Returns the index. */
int wr_add_bridge(struct weir_txn *t, const struct weir_network *net, const char *name,
		  const uint8_t mac[6]);
void wr_quiet_ipv6(struct weir_txn *t, const struct weir_network *net);
/* The same of one bridge, its own or a further one. */
void wr_quiet_bridge(struct weir_txn *t, const char *bridge, bool speaks_ipv6);
/* Whether it has the address; @prefix: of a subnet of the same size, too. */
bool wr_has_ip(const struct weir_network *net, const struct weir_network_ip *ip, bool prefix);
void wr_add_address(struct weir_txn *t, const struct weir_network_ip *ip, int ifindex);
void wr_add_route(struct weir_txn *t, const struct weir_network_route *from, int ifindex);
void wr_del_address(struct weir_txn *t, const struct weir_network_ip *ip, int ifindex);
void wr_del_route(struct weir_txn *t, const struct weir_network_route *from, int ifindex);
void wr_bring_up(struct weir_txn *t, const struct weir_network *net, const char *name, int ifindex);
void wr_add_forwarding(struct weir_txn *t, const struct weir_network *net);
void wr_change_nat(struct weir_txn *t, const struct weir_network *net,
		   int (*change)(struct weir_txn *t, const struct weir_nat *nat));
bool wr_is_limited(const struct weir_bandwidth *b);
/* Whether it is on a bridge, the network's own or one that was there. */
static inline bool wr_is_bridged(const struct weir_port *port)
{
	return port->plug == WEIR_PLUG_NETWORK || port->plug == WEIR_PLUG_BRIDGE;
}
/* Gives the bridge of @live the limits of @net, in place of those it may have. */
void wr_limit_bridge(struct weir_txn *t, struct wr_live *live, const struct weir_network *net);
bool wr_forwards(const struct weir_network *net, int family);

/* --- sysctl.c ------------------------------------------------------------------------------- */

/* The first digit of a sysctl below net/, or -1. */
int wr_sysctl_digit(struct weir *w, const char *key);

/* --- spread.c: networks over several bridges ---------------------------------------------- */

/* How many bridges a definition asks for, at least 1. */
unsigned int wr_spread(const struct weir_network *net);
/* Of the further bridge @i, from 1, or of an @end of its join. */
void wr_span_name(const char *bridge, unsigned int i, const char *end, char ret[16]);
/* A name that bridges of both have, other than the first ones'; or NULL. */
const char *wr_spread_clash(const struct weir_network *a, const struct weir_network *b, char buf[16]);
const struct wr_span *wr_span_of(const struct wr_live *live, const char *bridge);
/* Makes those that @net asks for beyond what @live has, and notes them there. Two more steps bring them up. */
void wr_spread_add(struct weir_txn *t, struct wr_live *live, const struct weir_network *net);
void wr_spread_quiet(struct weir_txn *t, const struct wr_live *live, size_t first);
void wr_spread_up(struct weir_txn *t, const struct wr_live *live, size_t first);
void wr_spread_mtu(struct weir_txn *t, const struct wr_live *live, uint32_t mtu);
void wr_spread_del(struct weir_txn *t, struct wr_live *live, size_t left);
int wr_check_spread(struct weir *w, const struct wr_live *live, const struct weir_network *net,
		    const struct weir_port *ports, size_t n, struct weir_error *err);

/* --- room.c: how many ports fit, and where ------------------------------------------------ */

/* Most ports that a Linux bridge can have. */
#define WR_BRIDGE_PORTS 1023
/* Of every port of @master (0: of any) the index of its master, sorted; items are for free(). */
struct wr_masters {
	uint32_t *items;
	size_t n;
};
int wr_masters(struct weir *w, int master, struct wr_masters *ret, struct weir_error *err);
uint32_t wr_room_among(const struct wr_live *live, const struct wr_masters *m);
int wr_room_on_first(struct weir *w, const struct wr_live *live, uint32_t *ret, struct weir_error *err);
/* The one with the fewest ports, of several the first. */
size_t wr_bridge_pick(const uint32_t *n_ports, size_t n);

/* --- hook.c ----------------------------------------------------------------------------- */

extern const struct weir_step_ops wr_hook_step;
/* Tells the hook, if there is one, as a step; @port may be NULL. */
void wr_txn_hook(struct weir_txn *t, const char *operation, const struct weir_network *net,
		 const struct weir_port *port);

/* --- start.c, port.c ---------------------------------------------------------------------- */

/* Whether the subnets that @net has beyond those of @old, which runs, are nobody else's, and the host keeps its routes. */
int wr_check_free(struct weir *w, const struct weir_network *old, const struct weir_network *net,
		  struct weir_error *err);
/* Whether the bridge of the host is there, and of the kind that the ports' virtualport needs. */
int wr_check_host_bridge(struct weir *w, const struct weir_network *net, struct weir_error *err);
/* What a port is put on: a bridge, or a link of the host. */
struct wr_place {
	int ifindex;
	uint16_t default_pvid;	/* the vlan that a bridge gives to new ports; 0: none */
	int join_ifindex;	/* of a further bridge, at the first one; 0: it is none */
	uint32_t mtu;		/* of a link of the host */
};
/* room.c: chooses the bridge of a port and takes room there for it; @place has the first one. */
int wr_take_room(struct weir_txn *t, const struct wr_live *live, struct weir_port *port,
		 struct wr_place *place, struct weir_error *err);
int wr_port_link_add(struct weir_txn *t, struct weir_port *port, const struct wr_place *place,
		     const struct weir_guest *guest, int *ret_fds);
/* Whether a link of that MTU, 0: the usual one, speaks IPv6. Only then it can be told to make no address. */
bool wr_has_ipv6(uint32_t mtu);
/* A bridge of the host, looked up. */
int wr_find_bridge(struct weir *w, struct weir_port *port, struct wr_place *ret,
		   struct weir_error *err);
int wr_port_link_put_back(struct weir_txn *t, const struct weir_port *port,
			  const struct wr_place *place);
/* Takes a port of a Linux bridge, which @place has, out of the vlans @old and puts it into others. */
int wr_port_link_retag(struct weir_txn *t, const struct weir_port *port, const struct weir_vlan_tags *old,
		       const struct weir_vlan_tags *vlans, const struct wr_place *place);
int wr_port_link_del(struct weir_txn *t, const struct weir_port *port);
/* port.c: as much of it as @ret has room for, which takes that over; the rest is freed. */
int wr_port_give(struct weir_port *ret, struct weir_port *port, struct weir_error *err);
/* port.c: holds its guest to its addresses, if it is to be; where that is so already nothing is sent. */
int wr_port_guard(struct weir_txn *t, const struct weir_port *port);
/* port.c: detaches it; @live may be NULL, as where the record of the network is lost. */
int wr_port_end(struct weir_txn *t, const struct wr_live *live, struct weir_port *port);
/* damaged.c: the same of one that has this name and a record that cannot be read, if it is of this network. */
int wr_port_end_damaged(struct weir_txn *t, const struct wr_live *live, const char *name, struct weir_error *err);
/* As much of it as wr_port_end() needs; refuses if it cannot be told that it is a port of @network. */
int wr_port_guess(struct weir *w, const struct wr_live *live, const char *network, const char *name,
		  struct weir_port *ret, struct weir_error *err);
/* 1: @ret says what is wrong with its record. 0: nothing is, or it is that of another network; NULL: of any. */
int wr_port_damage(struct weir *w, const char *network, const char *name, struct weir_damaged_port *ret,
		   struct weir_error *err);
/* mac_table.c: where weir keeps the tables, bridges are told of a new port, or of one that is put back. */
void wr_mac_table_tell(struct weir_txn *t, const struct weir_port *port, const struct wr_place *place);
void wr_mac_table_tell_again(struct weir_txn *t, const struct weir_port *port, const struct wr_place *place);
/* Has the first bridge forget a guest that is behind a join. */
void wr_port_forget(struct weir_txn *t, const struct wr_live *live, const struct weir_port *port);
/* Gives the bridges of @live, and their ports, the keeper that @net names. */
void wr_mac_tables_follow(struct weir_txn *t, const struct wr_live *live, const struct weir_network *net,
			  const struct weir_port *ports, size_t n);
/* port_ovs.c: whether it is a port of Open vSwitch; whether its bridge, which has the link, can have it. */
bool wr_is_ovs(const struct weir_port *port);
int wr_find_ovs_bridge(struct weir *w, const struct weir_port *port, const struct weir_link *bridge,
		       struct weir_error *err);
/* Whether its ports can be of Open vSwitch, as far as the definition says. */
bool wr_wants_ovs(const struct weir_network *net);
/* port_vf.c: mode hostdev. Whether the caller has told how, and whether the port can be had so. */
bool wr_has_vfs(const struct weir *w);
int wr_check_vf(const struct weir_port *port, struct weir_error *err);
int wr_port_vf_add(struct weir_txn *t, const struct weir_network *net, struct weir_port *port);
int wr_port_vf_del(struct weir_txn *t, const struct weir_port *port);
/*
 * A macvtap on a virtual function: it is claimed, and its PF gives it vlan and trust. Nothing where neither is
 * asked for and the pool is not a card's. The claim is taken back by wr_port_vf_del().
 */
int wr_port_vf_below(struct weir_txn *t, const struct weir_network *net, struct weir_port *port);
/* Its trust becomes another while it is passed on. */
int wr_port_vf_trust(struct weir_txn *t, const struct weir_port *port, bool is_trusted);
/* function.c: a virtual function by its link or, without one, by its PCI address; false: it is none with a PF that has a link. */
struct wr_function {
	const char *dev, *pci;
	char pf[16];	/* the PF's link */
	int index;
};
/* 1, 0 where it is none, or a negative errno. */
int wr_find_function(struct weir *w, struct wr_function *f);
/*
 * The first link of a function whose folder in sysfs this is (a card with more ports has several); "" if it has none
 * here, as one that a guest has got. In the namespace that is asked about.
 */
int wr_link_of_function(const char *function, char ret[16]);
/* port_profile.c: 802.1Qbg and 802.1Qbh, if the port has such a virtualport. */
int wr_port_associate(struct weir_txn *t, const struct weir_port *port);
int wr_port_disassociate(struct weir_txn *t, const struct weir_port *port);
/* resolve.c: what ports of that network are connected to. */
uint8_t wr_plug_of(const struct weir_network *net);
/* Whether its member of the pool can be nobody else's. */
bool wr_pool_is_exclusive(const struct weir_port *port);
/* The members of a network's pool and how many ports use each, for the transaction, whose they stay. Who takes one counts it there. */
int wr_pool(struct weir_txn *t, const struct weir_network *net, struct weir_pool_entry **ret, size_t *ret_n,
	    struct weir_error *err);
/* Makes a running port what the network says of that portgroup, as far as it can be done in place. */
int wr_port_follow(struct weir_txn *t, const struct weir_network *net, struct weir_port *port,
		   const char *portgroup);
/* Gives a port other limits, and notes who gave them. */
int wr_port_limit(struct weir_txn *t, struct weir_port *port, const struct weir_bandwidth *bandwidth,
		  enum weir_source from);

/* --- bulk.c, ready.c: many ports --------------------------------------------------- */

/* Names for those of the guests that have none, all of them free and different. */
int wr_choose_names(struct weir *w, const struct weir_guest *guests, size_t n, char (*ret)[16],
		    struct weir_error *err);
/* A port that is detached is not ready any more, if it was. */
int wr_txn_ready_forget(struct weir_txn *t, const char *network, const char *port);

/* --- check.c ------------------------------------------------------------------------- */

/* Mode hostdev: whether the pool is of virtual functions that this host has. */
int wr_check_functions(const struct weir_network *net, struct weir_error *err);
/* Whether two networks have a subnet in common; then says which. */
int wr_check_apart(const struct weir_network *net, const struct weir_network *other,
		   struct weir_error *err);

#endif
