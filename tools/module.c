/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whether a part of the kernel is built in, loaded, or a module that waits to be
 * loaded. Asking the kernel for the last sort loads it, and a module that is
 * loaded is a change to the host: bonding and dummy even bring a link along.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "doctor.h"

/* Whether one of the lines of modules.dep or modules.builtin is about the module. */
static bool is_listed(const char *path, const char *name)
{
	char *want = xformat("/%s.ko", name);
	FILE *f = fopen(path, "re");
	char *line = NULL;
	size_t room = 0;
	bool found = false;

	while (f && !found && getline(&line, &room, f) >= 0) {
		line[strcspn(line, ":\n")] = '\0';
		found = strstr(line, want) != NULL;
	}
	if (f)
		fclose(f);
	free(line);
	free(want);
	return found;
}

static char *list_path(const char *which)
{
	struct utsname u;

	uname(&u);
	return xformat("/lib/modules/%s/%s", u.release, which);
}

static bool is_loaded(const char *name)
{
	char *path = xformat("/sys/module/%s", name);
	bool is_there = !access(path, F_OK);

	free(path);
	return is_there;
}

enum module_state module_state(const char *name)
{
	enum module_state state = MODULE_ABSENT;
	char *dep, *builtin;

	/* Without /proc/modules the kernel has no modules, and trying cannot load any. */
	if (is_loaded(name) || access("/proc/modules", F_OK))
		return MODULE_READY;
	dep = list_path("modules.dep");
	builtin = list_path("modules.builtin");
	if (is_listed(builtin, name))
		state = MODULE_READY;
	else if (is_listed(dep, name))
		state = MODULE_NOT_LOADED;
	else if (access(dep, F_OK))
		state = MODULE_UNKNOWN;
	free(dep);
	free(builtin);
	return state;
}
