/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Harm to others. While N ports are attached, somebody else in another network
 * namespace asks about a link of theirs every 10 ms; how long each answer takes
 * is what is reported as single operations. The arm "nobody" does nothing for a
 * while, for what the machine itself does to the one who asks.
 */
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib_bench.h"

#define PERIOD_US 10000
#define PER_BRIDGE 1000

static pid_t victim;

/* Asks until it is ended; the answers' times are in memory that the parent shares. */
static _Noreturn void be_victim(struct trial *t)
{
	struct ifinfomsg ifi = { .ifi_index = 1 };
	struct raw r = { 0 };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (unshare(CLONE_NEWNET) < 0)
		_exit(1);
	raw_msg(&r, RTM_GETLINK, 0, &ifi, sizeof(ifi));
	for (;;) {
		uint64_t began = now_ns();

		raw_send(t, &r);
		trial_op(t, began);
		usleep(PERIOD_US);
	}
}

static void with_victim(struct trial *t)
{
	victim = fork();
	if (victim == 0)
		be_victim(t);
	usleep(5 * PERIOD_US);
	t->result->n_ops = 0;	/* what it saw of the set-up */
}

static void end_victim(void)
{
	kill(victim, SIGKILL);
	waitpid(victim, NULL, 0);
}

/* --- what it suffers from ------------------------------------------------------------------- */

static void attach(struct trial *t)
{
	struct weir_txn *txn = trial_begin(t);
	int master = 0;

	for (unsigned int i = 0; i < t->n; i++) {
		struct weir_link l = { .sz = sizeof(l), .kind = WEIR_LINK_BRIDGE, .is_up = true,
				       .has = WEIR_LINK_NAME | WEIR_LINK_UP };

		if (i % PER_BRIDGE == 0) {
			snprintf(l.name, sizeof(l.name), "br%u", i / PER_BRIDGE);
			master = weir_txn_link_add(txn, &l);
		}
		l.kind = WEIR_LINK_VETH;
		l.has |= WEIR_LINK_MASTER;
		l.master = (uint32_t)master;
		snprintf(l.name, sizeof(l.name), "p%u", i);
		l.veth.has = WEIR_VETH_PEER_NAME;
		snprintf(l.veth.peer_name, sizeof(l.veth.peer_name), "q%u", i);
		weir_txn_link_add(txn, &l);
	}
	trial_commit(t, txn);
	end_victim();
}

static void neighbourly_setup(struct trial *t)
{
	struct weir_options opts = { .sz = sizeof(opts), .most_in_flight = 16 };

	if (weir_open(&opts, &t->w, NULL))
		trial_fail(t, "handle");
	with_victim(t);
}

static void ip_setup(struct trial *t)
{
	for (unsigned int i = 0; i < t->n; i++) {
		if (i % PER_BRIDGE == 0)
			trial_line(t, "link add br%u up type bridge", i / PER_BRIDGE);
		trial_line(t, "link add p%u up master br%u type veth peer name q%u", i, i / PER_BRIDGE, i);
	}
	with_victim(t);
}

static void ip_batch(struct trial *t)
{
	static const char *const argv[] = { "ip", "-batch", "-", NULL };

	trial_batch(t, argv);
	end_victim();
}

static void nobody(struct trial *t)
{
	usleep(t->n * 500);
	end_victim();
}

/* clang-format off */
static const struct workload workloads[] = {
	WORKLOAD("harm", "N pairs are made, and somebody else asks about another link every 10 ms", .sizes = { 100, 2000 }),
};

static const struct arm arms[] = {
	ARM("harm", WEIR, attach, .setup = with_victim),
	ARM("harm", "weir, 16 in flight", attach, .setup = neighbourly_setup),
	ARM("harm", "ip -batch", ip_batch, .setup = ip_setup, .needs = "ip"),
	ARM("harm", "nobody", nobody, .setup = with_victim),
};
/* clang-format on */

int main(int argc, char **argv)
{
	return bench_main(argc, argv, "harm", workloads, sizeof(workloads) / sizeof(workloads[0]), arms,
			  sizeof(arms) / sizeof(arms[0]));
}
