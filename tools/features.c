/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The parts of the tool. A part is whole files: its rows (rows_*.c), what they
 * run, and the libraries that those need. A build that leaves a part out (the
 * small one of `make static`) leaves out its files, and the weak tables here
 * are then at address 0: nothing is compiled in another way.
 */
#include <stdlib.h>
#include <string.h>

#include "weir.h"

#pragma weak net_commands
#pragma weak net_step_ops
#pragma weak cmd_schema
#pragma weak if_commands
#pragma weak if_step_ops
#pragma weak link_commands
#pragma weak shape_commands
#pragma weak monitor_commands
#pragma weak explain_commands
#pragma weak vf_commands
#pragma weak vf_step_ops
#pragma weak ovs_for_networks
#pragma weak sriov_for_networks
#pragma weak limits_of_networks
#pragma weak xml_commands
#pragma weak doctor_commands

/* clang-format off */
static const struct feature {
	const char *what;
	const char *needs;
	const char *words;	/* its commands, or what they begin with, each between commas */
	const struct command *commands;
	const struct weir_step_ops *const *const *step_ops;
	const char *folder;	/* of the state directory, with a lock and a journal of its own; NULL: itself */
} features[] = {
	{ "networks", "libnftables", ",net,pool,plan,schema,", net_commands, &net_step_ops, NULL },
	{ "host interfaces", "nothing", ",if,apply,confirm,check,repair,", if_commands, &if_step_ops, "host" },
	{ "links", "nothing", ",link,", link_commands, NULL, NULL },
	{ "the monitor", "more room", ",monitor,", monitor_commands, NULL, NULL },
	{ "bandwidth", "nothing", ",shape,", shape_commands, NULL, NULL },
	{ "explanations of bandwidth", "more room", ",shape explain,", explain_commands, NULL, NULL },
	{ "virtual functions", "libpci", ",pf,vf,", vf_commands, &vf_step_ops, NULL },
	{ "XML", "libxml2 and networks", ",xml,", xml_commands, NULL, NULL },
	{ "the doctor", "networks", ",doctor,", doctor_commands, NULL, NULL },
	{ "the core", "nothing", ",recover,help,", core_commands, NULL, NULL },
};
/* clang-format on */

#define N_FEATURES (sizeof(features) / sizeof(features[0]))

const struct command *command_at(size_t i)
{
	for (size_t f = 0; f < N_FEATURES; f++)
		for (const struct command *c = features[f].commands; c && c->name; c++)
			if (!i--)
				return c;
	return NULL;
}

const char *command_folder(const struct command *cmd)
{
	for (size_t f = 0; f < N_FEATURES; f++)
		for (const struct command *c = features[f].commands; c && c->name; c++)
			if (c == cmd)
				return features[f].folder;
	return NULL;
}

const char *feature_folder(size_t i)
{
	for (size_t f = 0; f < N_FEATURES; f++)
		if (features[f].folder && !i--)
			return features[f].folder;
	return NULL;
}

bool command_needs_handle(const struct command *cmd)
{
	return cmd->run != cmd_help && cmd->run != cmd_schema && strncmp(cmd->name, "xml ", 4);
}

const char *feature_left_out(size_t i, const char **ret_needs)
{
	for (size_t f = 0; f < N_FEATURES; f++)
		if (!features[f].commands && !i--) {
			*ret_needs = features[f].needs;
			return features[f].what;
		}
	return NULL;
}

const char *feature_missing_for(const char *first, const char *second, const char **ret_needs)
{
	char *wanted = xformat(",%s%s%s,", first, second ? " " : "", second ? second : "");
	const char *what = NULL;

	for (size_t f = 0; f < N_FEATURES; f++)
		if (!features[f].commands && strstr(features[f].words, wanted)) {
			what = features[f].what;
			*ret_needs = features[f].needs;
		}
	free(wanted);
	return what;
}

int feature_join(struct tool *t)
{
	int status = ovs_for_networks ? ovs_for_networks(t) : STATUS_OK;

	return status || !sriov_for_networks ? status : sriov_for_networks(t);
}

bool feature_limits(struct tool *t, struct weir_txn *txn, const struct weir_link *port, const struct weir_bandwidth *b,
		    const struct weir_shape_options *options, struct weir_shape *ret)
{
	return limits_of_networks && limits_of_networks(t, txn, port, b, options, ret);
}

void feature_step_ops(const struct weir_step_ops *ret[MAX_STEP_OPS + 1])
{
	size_t n = 0;

	for (size_t f = 0; f < N_FEATURES; f++)
		if (features[f].step_ops)
			for (const struct weir_step_ops *const *o = *features[f].step_ops; *o; o++)
				if (n < MAX_STEP_OPS)
					ret[n++] = *o;
	ret[n] = NULL;
}
