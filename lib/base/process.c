/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Processes and boots: see process.h. What signals them, and knows daemons, is txn/service.c. */
#include "base/error.h"
#include "base/file.h"
#include "base/process.h"

int wr_boot_id(char ret[WR_BOOT_ID])
{
	wr_auto(str) struct wr_str text = { 0 };
	int r = wr_file_read("/proc/sys/kernel/random/boot_id", &text);

	wr_format(ret, WR_BOOT_ID, "%.36s", wr_str_text(&text));
	return r;
}

int wr_process_read(int pid, const char *file, struct wr_str *out)
{
	char path[64];
	int r;

	wr_format(path, sizeof(path), "/proc/%d/%s", pid, file);
	r = pid > 0 ? wr_file_read(path, out) : 0;
	/* It ends before the file is opened, or after. */
	return r == -ENOENT || r == -ESRCH ? 0 : r;
}

/* Field 22 of its stat; the name in field 2 may have blanks and brackets. */
int wr_process_start(int pid, uint64_t *ret)
{
	wr_auto(str) struct wr_str text = { 0 };
	int r = wr_process_read(pid, "stat", &text);
	const char *s = strrchr(wr_str_text(&text), ')');

	for (int field = 2; s && field < 22; field++)
		s = strchr(s + 1, ' ');
	*ret = s ? strtoull(s, NULL, 10) : 0;
	return r;
}
