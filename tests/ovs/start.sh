#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Starts Open vSwitch in the namespaces that it is called in, with its database in /run/openvswitch and one bridge, br0.
# The datapath is the kernel's where it has the module, else the one in userspace. DIR is in the command lines, by which
# whoever made DIR finds the processes.
#
#	start.sh DIR
set -eu
cd "$(dirname "$0")/../.."

run=/run/openvswitch
mark=$1/../openvswitch
export OVS_RUNDIR=$run OVS_LOGDIR=$run OVS_DBDIR=$run OVS_SYSCONFDIR=$run OVS_PKGDATADIR=$PWD/build/ovs/usr/share/openvswitch
export PATH="$PWD/build/ovs/usr/bin:$PWD/build/ovs/usr/sbin:$PWD/build/ovs/usr/lib/openvswitch-switch:$PATH"
datapath=netdev
if modprobe openvswitch 2>/dev/null; then datapath=system; fi

mkdir -p $run
ovsdb-tool create $run/conf.db "$OVS_PKGDATADIR/vswitch.ovsschema"
ovsdb-server --remote=punix:$run/db.sock --unixctl=$run/db.ctl --pidfile="$mark/db.pid" --no-chdir --detach -vconsole:off \
	--log-file=$run/db.log $run/conf.db >/dev/null 2>&1
ovs-vsctl --no-wait -- init -- add-br br0 -- set Bridge br0 datapath_type=$datapath other_config:hwaddr=52:54:00:cc:00:01
ovs-vswitchd unix:$run/db.sock --unixctl=$run/vs.ctl --pidfile="$mark/vs.pid" --no-chdir --detach -vconsole:off \
	--log-file=$run/vs.log >/dev/null 2>&1
ovs-vsctl --timeout=60 set Open_vSwitch . external_ids:test=1
