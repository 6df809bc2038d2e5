/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the files of the tool share: the run that is going on, the shape of a
 * command, exit statuses, and the way from a library's error to the user's eyes.
 * A command writes into tool->out and returns an exit status; weir.c shows the
 * output only when that status is good, so nothing is ever half printed.
 */
#ifndef TOOL_WEIR_H
#define TOOL_WEIR_H

#include <weir/json.h>
#include <weir/link.h>
#include <weir/network.h>
#include <weir/txn.h>
#include <weir/update.h>
#include <weir/weir.h>

#include "out.h"

/* What weir leaves with; the same list is in weir.8 and in exit_statuses of help.c. */
enum status {
	STATUS_OK = 0,
	STATUS_FAILED = 1,
	STATUS_USAGE = 2,
	STATUS_MISSING = 3,
	STATUS_NOT_FOUND = 4,
	STATUS_BAD_INPUT = 5,
	STATUS_DIFFERS = 6,
	STATUS_NO_EXEC = 126,
	STATUS_NO_COMMAND = 127,
};

/* Every option of every command; what one means is said where the command is. */
enum option_key {
	OPT_NONE,
	/* global ones */
	OPT_JSON,
	OPT_NETNS,
	OPT_DRY_RUN,
	OPT_CONFIG_DIR,
	OPT_STATE_DIR,
	OPT_COLOR,
	OPT_STATS,
	OPT_VERSION,
	OPT_HELP,
	/* of single commands */
	OPT_TRANSIENT,
	OPT_CONFIG,
	OPT_LIVE,
	OPT_NAME,
	OPT_PORTGROUP,
	OPT_MAC,
	OPT_OWNER,
	OPT_QUEUES,
	OPT_VNET_HDR,
	OPT_GUEST_NETNS,
	OPT_MACVLAN,
	OPT_IFNAME,
	OPT_ANTI_SPOOFING,
	OPT_ADDRESSES,
	OPT_EXEC,
	OPT_KIND,
	OPT_MASTER,
	OPT_OURS,
	OPT_LOAD,
	OPT_ALL,
	OPT_NO_PROBE,
	OPT_WAIT,
	OPT_BEST_EFFORT,
	OPT_SHARED,
	OPT_PID,
	OPT_INACTIVE,
	OPT_HOSTS,
	OPT_STATUS,
	OPT_SECTION,
	OPT_COMMAND,
	OPT_INDEX,
	OPT_HOTPLUG,
	OPT_NO_FLAP,
	OPT_CONFIRM,
	OPT_UNDO,
	OPT_TAKE_OVER,
	OPT_OFF,
	OPT_INBOUND,
	OPT_OUTBOUND,
	OPT_METHOD,
	OPT_QDISC,
	OPT_LEAF,
	OPT_REPLACE,
	OPT_INTERVAL,
	OPT_COUNT,
};

/* An option: its word, the word for its argument (NULL: it takes none), and what it does. */
struct option_info {
	const char *name;
	const char *arg;
	const char *help;
	enum option_key key;
	bool arg_is_optional;
};

/* What stood behind a command; value[key] is NULL for an option that was not given. */
struct args {
	const char *value[OPT_COUNT];
	char **words;
	int n_words;
	char **exec;
};

struct tool;

struct command {
	const char *name;
	const char *words;
	const char *summary;
	const char *notes;
	const struct option_info *options;
	int min_words;
	int max_words;
	int (*run)(struct tool *t, const struct args *a);
};

/* Most types of steps that all features together have. */
#define MAX_STEP_OPS 32
/* A network that has room for fewer ports than this is worth a word. */
#define FEW_PORTS 100

struct tool {
	const struct command *cmd;
	const char *group;
	bool is_json;
	bool is_dry_run;
	bool wants_stats;
	const char *color;
	const char *netns;
	const char *config_dir;
	const char *state_dir;
	char *own_config_dir;
	char *own_state_dir;
	const struct weir_step_ops *step_ops[MAX_STEP_OPS + 1];
	struct weir *w;
	struct weir_error err;
	struct out out;
};

/* rows_*.c: the commands, by feature */
extern const struct command core_commands[], net_commands[], link_commands[], doctor_commands[];
extern const struct command shape_commands[], vf_commands[], xml_commands[], monitor_commands[], explain_commands[];
extern const struct weir_step_ops *const *const net_step_ops;
extern const struct weir_step_ops *const *const if_step_ops;
extern const struct weir_step_ops *const *const vf_step_ops;

/* features.c: what of it this build has */
/* The i-th command of all, NULL behind the last. */
const struct command *command_at(size_t i);
/* The folder of the state directory that a command works in; NULL: the directory itself. */
const char *command_folder(const struct command *cmd);
/* The i-th such folder of all; NULL behind the last. */
const char *feature_folder(size_t i);
/* false: it asks nothing of the host. */
bool command_needs_handle(const struct command *cmd);
/* The i-th feature that is left out, and what it would need; NULL behind the last. */
const char *feature_left_out(size_t i, const char **ret_needs);
/* The feature that is left out and would have a command of these words, or NULL. @second: NULL: commands that begin with @first. */
const char *feature_missing_for(const char *first, const char *second, const char **ret_needs);
/* Tells the handle what one feature needs of another; STATUS_OK, or the error was reported. */
int feature_join(struct tool *t);
/* cmd_net.c: where the database of Open vSwitch is, if WEIR_OVS_DB says so. */
int ovs_for_networks(struct tool *t);
/* cmd_pf.c: networks of mode hostdev claim functions where `weir vf claim` does. */
int sriov_for_networks(struct tool *t);
/* Limits of a port that has a record elsewhere go by that; false: it has none, and nothing was done. */
bool feature_limits(struct tool *t, struct weir_txn *txn, const struct weir_link *port, const struct weir_bandwidth *b,
		    const struct weir_shape_options *options, struct weir_shape *ret);
/* cmd_port.c: those of a network's port. */
bool limits_of_networks(struct tool *t, struct weir_txn *txn, const struct weir_link *port, const struct weir_bandwidth *b,
			const struct weir_shape_options *options, struct weir_shape *ret);
/* The types of steps that journals may hold; ends with NULL. */
void feature_step_ops(const struct weir_step_ops *ret[MAX_STEP_OPS + 1]);

/* help.c */
extern const struct option_info global_options[];
const struct command *command_find(const char *group, const char *name);
bool command_is_group(const char *word);
void help_all(struct tool *t);
void help_left_out(struct tool *t);
/* Whether this build has no command of these words because of what it has left out, which is told then. @second may be NULL. */
bool help_if_left_out(struct tool *t, const char *first, const char *second);
json_t *json_left_out(void);
void help_group(struct tool *t, const char *group);
void help_command(struct tool *t, const struct command *cmd);
int cmd_help(struct tool *t, const struct args *a);
int usage_error(struct tool *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* options.c: how a command line falls apart */
int options_global(struct tool *t, int argc, char **argv, struct args *ret, int *ret_used);
int options_command(struct tool *t, int argc, char **argv, struct args *ret);

/* tool.c: the handle, transactions and errors */
int tool_open(struct tool *t);
/* Another handle, whose state is in a folder of the state directory. */
int tool_open_folder(struct tool *t, const char *folder, struct weir **ret);
void tool_close(struct tool *t);
void tool_stats(struct tool *t);
int tool_fail(struct tool *t, int status);
int tool_refuse(struct tool *t, int status, int code, const char *object, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
int tool_not_found(const struct tool *t, int otherwise);
/* STATUS_NOT_FOUND, which was told, if there is none of that name. */
int tool_find_link(struct tool *t, const char *name, struct weir_link *ret);
int tool_begin(struct tool *t, struct weir_txn **ret, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
int tool_carry_out(struct tool *t, struct weir_txn *txn);
/* For --dry-run where there is no plan: nothing may be done then. */
int tool_no_plan(struct tool *t);
int tool_commit(struct tool *t, struct weir_txn *txn, int status_if_absent);

/* file.c */
int tool_read_text(struct tool *t, const char *file, int status, char **ret, size_t *ret_len);
/* Shows t->err as what is wrong with the file. */
int tool_fail_in(struct tool *t, const char *file, int status);
/* left_out.c: a definition from XML; what of it means nothing is told on standard error */
int tool_xml_network(struct tool *t, const char *file, const char *text, size_t len, struct weir_network **ret);
int tool_xml_group(struct tool *t, const char *file, const char *text, size_t len, struct weir_group **ret);
int tool_xml_item(struct tool *t, const char *file, const struct weir_update *u, const char *text, void **ret);
void tell_left_out(const char *file, const char *text, size_t len, const char *canonical);
/* What JSON has, and the XML made of it has not: that is given as JSON again. */
void tell_lost_in_xml(const char *file, const char *json, const char *json_of_xml);
/* define.c: a definition from a file */
int tool_read_network(struct tool *t, const char *file, struct weir_network **ret);

/* cmd_update.c: what the options say of an update, all but its item; usage errors are told */
int update_options(struct tool *t, const struct args *a, struct weir_update *ret);

/* cmd_port.c: STATUS_NOT_FOUND, which was told, if no network of that name is stored or runs. */
int find_network(struct tool *t, const char *name);

/* cmd_net.c, cmd_update.c, cmd_show.c, cmd_port.c, cmd_link.c, cmd_set.c, cmd_explain.c, cmd_monitor.c, cmd_xml.c, cmd_plan.c, cmd_recover.c, doctor.c */
int cmd_net_define(struct tool *t, const struct args *a);
int cmd_net_undefine(struct tool *t, const struct args *a);
int cmd_net_start(struct tool *t, const struct args *a);
int cmd_net_stop(struct tool *t, const struct args *a);
int cmd_net_reload(struct tool *t, const struct args *a);
int cmd_net_update(struct tool *t, const struct args *a);
int cmd_net_apply(struct tool *t, const struct args *a);
int cmd_net_diff(struct tool *t, const struct args *a);
int cmd_net_edit(struct tool *t, const struct args *a);
int cmd_net_autostart(struct tool *t, const struct args *a);
int cmd_net_reclaim(struct tool *t, const struct args *a);
int cmd_net_port(struct tool *t, const struct args *a);
int cmd_net_list(struct tool *t, const struct args *a);
int cmd_net_show(struct tool *t, const struct args *a);
int cmd_net_attach(struct tool *t, const struct args *a);
int cmd_net_detach(struct tool *t, const struct args *a);
int cmd_net_ports(struct tool *t, const struct args *a);
int cmd_pool_keep(struct tool *t, const struct args *a);
int cmd_pool_lease(struct tool *t, const struct args *a);
int cmd_pool_return(struct tool *t, const struct args *a);
int cmd_pool_show(struct tool *t, const struct args *a);
int cmd_net_leases(struct tool *t, const struct args *a);
int cmd_shape(struct tool *t, const struct args *a);
int cmd_shape_show(struct tool *t, const struct args *a);
int cmd_shape_clear(struct tool *t, const struct args *a);
int cmd_shape_explain(struct tool *t, const struct args *a);
int cmd_link_list(struct tool *t, const struct args *a);
int cmd_link_show(struct tool *t, const struct args *a);
int cmd_link_add(struct tool *t, const struct args *a);
int cmd_link_set(struct tool *t, const struct args *a);
int cmd_link_del(struct tool *t, const struct args *a);
int cmd_monitor(struct tool *t, const struct args *a);
int cmd_xml_network(struct tool *t, const struct args *a);
int cmd_xml_define(struct tool *t, const struct args *a);
int cmd_xml_update(struct tool *t, const struct args *a);
int cmd_xml_dnsmasq(struct tool *t, const struct args *a);
int cmd_xml_port(struct tool *t, const struct args *a);
int cmd_xml_interface(struct tool *t, const struct args *a);
int cmd_xml_guest(struct tool *t, const struct args *a);
int cmd_xml_json(struct tool *t, const struct args *a);
int cmd_xml_from_json(struct tool *t, const struct args *a);
int cmd_plan(struct tool *t, const struct args *a);
int cmd_recover(struct tool *t, const struct args *a);
int cmd_schema(struct tool *t, const struct args *a);
int cmd_doctor(struct tool *t, const struct args *a);

/* cmd_if.c, cmd_check.c, cmd_apply.c: host interfaces */
struct groups {
	struct weir_group **groups;
	size_t n;
};
extern const struct command if_commands[];
/* Read and checked; what was read belongs to *ret also after an error, which is shown already. */
int groups_from_files(struct tool *t, const struct args *a, struct groups *ret);
/* Those that can be read, whatever it returns. */
int groups_from_names(struct tool *t, const struct args *a, struct groups *ret);
const struct weir_group *const *groups_list(const struct groups *g);
void groups_report(struct tool *t, const struct groups *g, const char *verb);
/* One line, or one object, for each group that something was done to, or for each word of a command. */
void words_report(struct tool *t, const struct args *a, const char *verb);
void groups_free(struct groups *g);
/* Brings up those that can be, by nothing that is worse. */
int groups_up(struct tool *t, const struct groups *lot, enum weir_effect worst);
void steps_show(struct tool *t, const struct weir_plan_step *steps, size_t n);
/* The policy that the options ask for. */
enum weir_effect worst_of(const struct args *a);
int cmd_if_list(struct tool *t, const struct args *a);
int cmd_if_show(struct tool *t, const struct args *a);
int cmd_if_define(struct tool *t, const struct args *a);
int cmd_if_undefine(struct tool *t, const struct args *a);
int cmd_if_plan(struct tool *t, const struct args *a);
int cmd_if_up(struct tool *t, const struct args *a);
int cmd_if_down(struct tool *t, const struct args *a);
int cmd_if_status(struct tool *t, const struct args *a);
int cmd_if_lookup(struct tool *t, const struct args *a);
int cmd_if_begin(struct tool *t, const struct args *a);
int cmd_if_commit(struct tool *t, const struct args *a);
int cmd_if_rollback(struct tool *t, const struct args *a);
int cmd_check(struct tool *t, const struct args *a);
int cmd_repair(struct tool *t, const struct args *a);
int cmd_apply(struct tool *t, const struct args *a);
int cmd_confirm(struct tool *t, const struct args *a);

/* text.c: values as people read them, and back */
const char *mode_name(unsigned int mode);
const char *port_kind_name(unsigned int kind);
const char *mac_format(const uint8_t mac[6], char buf[18]);
bool mac_parse(const char *text, uint8_t ret[6]);
bool number_parse(const char *text, unsigned long max, unsigned long *ret);
char *rate_text(uint64_t bytes_per_s);
char *limits_text(const struct weir_rate *rate);
/* What an option says, into @ret: STATUS_USAGE if it makes no sense; without @text as it was. */
int limits_read(struct tool *t, const char *option, const char *text, struct weir_rate *ret);

#endif
