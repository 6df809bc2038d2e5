/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The main() of a fuzzer that is built without libFuzzer, as every build does: each
 * seed is given to it once. So a fuzzer that compiles no more is seen, and what was
 * found by fuzzing stays mended. A program with a main() of its own does not get this.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* In memory of just its size, so that sanitizers see who reads on. */
static int try_seed(const char *path)
{
	wr_auto(str) struct wr_str text = { 0 };
	wr_auto(free) uint8_t *data = NULL;

	if (wr_file_read(path, &text) || !(data = malloc(text.len ? text.len : 1))) {
		printf("FAILED: %s cannot be read\n", path);
		return 1;
	}
	if (text.len)
		memcpy(data, text.data, text.len);
	printf("%s\n", path);	/* the last one that is said is the one that crashes */
	fflush(stdout);
	return LLVMFuzzerTestOneInput(data, text.len);
}

int main(int argc, char **argv)
{
	const char *name = strstr(argv[0], "fuzz_");
	unsigned int n = 0, failed = 0;
	char folder[256], path[1024];
	struct dirent *e;
	DIR *dir;

	wr_format(folder, sizeof(folder), "tests/fuzz/corpus/%s", name ? name + 5 : "");
	dir = opendir(folder);
	while (dir && (e = readdir(dir))) {
		if (*e->d_name == '.')
			continue;
		wr_format(path, sizeof(path), "%s/%s", folder, e->d_name);
		failed += try_seed(path) != 0;
		n++;
	}
	if (dir)
		closedir(dir);
	if (!n)
		printf("FAILED: no seeds in %s\n", folder);
	failed += !n;
	printf("%u passed, %u failed\n", n - (n ? failed : 0), failed);
	return failed != 0;
}
