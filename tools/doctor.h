/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What weir doctor found: a list of checks. host.c looks at the host as it is,
 * probe.c tries what the kernel can do, doctor.c shows both.
 */
#ifndef TOOL_DOCTOR_H
#define TOOL_DOCTOR_H

#include "weir.h"

enum state {
	STATE_OK,        /* it is there and works */
	STATE_MODULE,    /* there as a kernel module that is not loaded yet */
	STATE_MISSING,   /* it is not there */
	STATE_WARNING,   /* it is there and in the way */
	STATE_NOTE,      /* worth knowing */
	STATE_UNCHECKED, /* could not be looked at */
};

struct check {
	const char *area;
	const char *name;
	bool is_needed;
	enum state state;
	char *detail;
	char *remedy;
};

struct report {
	struct check *checks;
	size_t n;
	size_t room;
};

/* detail and remedy become the report's own (malloc()); remedy may be NULL. */
void report_add(struct report *r, const struct check *c);

/* host.c: privileges, files, programs and settings of the namespace that t works in */
void host_checks(struct tool *t, struct report *r);

/* probe.c: the kernel, tried in a throw-away namespace */
void kernel_checks(struct tool *t, struct report *r, bool may_load);

/* module.c */
enum module_state {
	MODULE_READY,      /* built in or loaded */
	MODULE_NOT_LOADED, /* there, but using it would load it */
	MODULE_ABSENT,     /* neither; or nobody can tell, and trying loads nothing */
	MODULE_UNKNOWN,    /* this kernel has modules, but not their list */
};
enum module_state module_state(const char *name);

/*
 * run.c: runs a program to its end in the calling thread's namespace and keeps
 * what it wrote. Returns its exit status, or a negative errno if it could not be
 * started. ret_out and ret_err may be NULL, or receive text for free().
 */
int run_program(const char *const *argv, char **ret_out, char **ret_err);
/* The same for a line of words; nothing in it is quoted. */
int run_line(const char *line, char **ret_out, char **ret_err);
/* The first line of a file, without the newline; NULL if it cannot be read. */
char *file_line(const char *path);
#endif
