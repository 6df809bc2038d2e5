/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See lib_ovs.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib_ovs.h"

bool ovs_is_there(void)
{
	return !access("build/ovs/usr/sbin/ovsdb-server", X_OK);
}

void ovs_start(void)
{
	ns_sh("tests/ovs/start.sh $(dirname %s)", ns_state_dir);
}

char *ovs_out(const char *fmt, ...)
{
	char *command, *out;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&command, fmt, ap) < 0)
		abort();
	va_end(ap);
	out = ns_out("OVS_RUNDIR=/run/openvswitch build/ovs/usr/bin/ovs-vsctl --timeout=60 %s", command);
	free(command);
	out[strcspn(out, "\n")] = '\0';
	return out;
}
