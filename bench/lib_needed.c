/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which arms of which sizes claims.json is about: they get their trials first.
 * run.sh writes the list from there.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib_bench.h"

#define MAX_NEEDED 256

static char *needed[MAX_NEEDED];
static size_t n_needed;

bool read_needed(const char *path)
{
	FILE *f = fopen(path, "re");
	char line[256];

	if (!f) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		return false;
	}
	while (n_needed < MAX_NEEDED && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		needed[n_needed++] = strdup(line);
	}
	fclose(f);
	return true;
}

bool is_needed(const char *workload, unsigned int n, const char *arm)
{
	char line[256];

	snprintf(line, sizeof(line), "%s\t%u\t%s", workload, n, arm);
	for (size_t i = 0; i < n_needed; i++)
		if (needed[i] && !strcmp(needed[i], line))
			return true;
	return false;
}
