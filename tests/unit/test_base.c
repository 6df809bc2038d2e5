/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What everything stands on (lib/base): errors that are filled, cut and shown;
 * structs that start with their size, from older and newer callers; files that
 * are replaced whole or not at all; arrays that grow; small texts. Tables and
 * strings are in test_table.c, addresses in test_ip.c.
 */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <weir/txn.h>

#include "base/file.h"
#include "base/list.h"
#include "base/netns.h"
#include "base/process.h"
#include "base/table.h"
#include "tests/common/descriptors.h"

/* --- errors ---------------------------------------------------------------------------------- */

static void errors_are_filled(void **state)
{
	struct weir_error err = WEIR_ERROR_INIT;

	err.attr_offset = 7;
	assert_int_equal(wr_error(&err, -EBUSY, WEIR_STAGE_KERNEL, "link x", "mtu", "%d of %s", 3, "4"),
			 -EBUSY);
	assert_int_equal(err.sz, sizeof(err));
	assert_int_equal(err.code, -EBUSY);
	assert_int_equal(err.stage, WEIR_STAGE_KERNEL);
	assert_int_equal(err.attr_offset, 0);
	assert_string_equal(err.object, "link x");
	assert_string_equal(err.attr, "mtu");
	assert_string_equal(err.msg, "3 of 4");
	assert_int_equal(wr_refuse(&err, -ERANGE, "", "", "x"), -ERANGE);
	assert_int_equal(err.stage, WEIR_STAGE_INPUT);
	assert_string_equal(err.object, "");
	assert_int_equal(wr_syserr(&err, -ENOENT, "file f", "%s", "open"), -ENOENT);
	assert_int_equal(err.stage, WEIR_STAGE_SYSTEM);
	assert_string_equal(err.msg, "open: No such file or directory");
	assert_int_equal(wr_nomem(&err), -ENOMEM);
	assert_int_equal(err.code, -ENOMEM);
}

static void errors_need_no_struct(void **state)
{
	assert_int_equal(wr_error(NULL, -EBUSY, WEIR_STAGE_INPUT, "a", "b", "c"), -EBUSY);
	assert_int_equal(wr_syserr(NULL, -ENOENT, "a", "b"), -ENOENT);
	assert_int_equal(wr_nomem(NULL), -ENOMEM);
	wr_error_prefix_attr(NULL, "a");
}

static void check_cut(const char *text, size_t size, size_t wanted)
{
	assert_int_equal(strlen(text), wanted < size ? wanted : size - 1);
	assert_true((strcmp(text + strlen(text) - 3, "...") == 0) == (wanted >= size));
}

/* Texts that just fit, and those that are a byte too long. */
static void long_texts_are_cut_visibly(void **state)
{
	static const int lengths[] = { 62, 63, 64, 127, 128, 255, 256, 511, 512, 600, 5000 };
	char *x = malloc(6000);

	assert_non_null(x);
	memset(x, 'x', 6000);
	for (size_t i = 0; i < WR_COUNT(lengths); i++) {
		struct weir_error err = WEIR_ERROR_INIT;
		size_t n = (size_t)lengths[i];

		x[n] = '\0';
		wr_error(&err, -EIO, WEIR_STAGE_INPUT, x, x, "%s", x);
		check_cut(err.object, sizeof(err.object), n);
		check_cut(err.attr, sizeof(err.attr), n);
		check_cut(err.msg, sizeof(err.msg), n);
		wr_syserr(&err, -EIO, "", "%s", x);
		assert_true(strlen(err.msg) < sizeof(err.msg));
		x[n] = 'x';
	}
	free(x);
}

static void small_buffers(void **state)
{
	static const char *const expected[] = { NULL, "", "a", "ab", "...", "a...", "ab...", "abc...",
						"abcdefg", "abcdefg" };

	for (size_t size = 0; size < WR_COUNT(expected); size++) {
		char *buf = malloc(size ? size : 1);

		assert_non_null(buf);
		wr_format(buf, size, "%s", "abcdefg");
		if (size)
			assert_string_equal(buf, expected[size]);
		free(buf);
	}
}

static void nothing_is_copied_as_an_empty_text(void **state)
{
	char buf[8] = "full";

	wr_copy(buf, sizeof(buf), NULL);
	assert_string_equal(buf, "");
}

static void paths_grow_at_the_front(void **state)
{
	static const struct {
		const char *attr, *prefix, *path;
	} cases[] = {
		{ "start", "ranges[1]", "ranges[1].start" },
		{ "", "ranges[1]", "ranges[1]" },
		{ "[1].start", "ranges", "ranges[1].start" },
		{ "start", "", "start" },
		{ "", "", "" },
	};
	struct weir_error err = WEIR_ERROR_INIT;

	for (size_t i = 0; i < WR_COUNT(cases); i++) {
		wr_refuse(&err, -EINVAL, "", cases[i].attr, "x");
		wr_error_prefix_attr(&err, cases[i].prefix);
		assert_string_equal(err.attr, cases[i].path);
	}
	for (int i = 0; i < 50; i++)
		wr_error_prefix_attr(&err, "deeper");
	assert_int_equal(strlen(err.attr), sizeof(err.attr) - 1);
}

static void lines_to_show(void **state)
{
	static const struct {
		struct weir_error err;
		const char *line;
	} cases[] = {
		{ WEIR_ERROR_INIT, "" },
		{ { 0, 0, WEIR_STAGE_INPUT, 0, "link x", "mtu", "is odd" }, "link x: mtu: is odd" },
		{ { 0, -EINVAL, WEIR_STAGE_INPUT, 0, "link x", "mtu", "is odd" }, "link x: mtu: is odd" },
		{ { 0, -EINVAL, WEIR_STAGE_INPUT, 0, "link x", "", "is odd" }, "link x: is odd" },
		{ { 0, -EINVAL, WEIR_STAGE_INPUT, 0, "", "mtu", "is odd" }, "mtu: is odd" },
		{ { 0, -EINVAL, WEIR_STAGE_INPUT, 0, "", "", "is odd" }, "is odd" },
		{ { 0, -EINVAL, WEIR_STAGE_KERNEL, 0, "link x", "mtu", "too big" },
		  "link x: mtu: too big (Invalid argument)" },
		{ { 0, -EINVAL, WEIR_STAGE_KERNEL, 0, "link x", "mtu", "" }, "link x: mtu: Invalid argument" },
		{ { 0, -EINVAL, WEIR_STAGE_KERNEL, 0, "", "", "" }, "Invalid argument" },
		{ { 0, -ENOBUFS, WEIR_STAGE_SOCKET, 0, "socket", "", "cannot send" },
		  "socket: cannot send (No buffer space available)" },
		{ { 0, -ENOENT, WEIR_STAGE_SYSTEM, 0, "file f", "", "open: No such file or directory" },
		  "file f: open: No such file or directory" },
		{ { 0, -ENOENT, WEIR_STAGE_KERNEL, 0, "x", "", "tc: No such file or directory" },
		  "x: tc: No such file or directory" },
		{ { 0, -5000, WEIR_STAGE_KERNEL, 0, "x", "", "odd" }, "x: odd" },
	};
	char buf[1024];

	for (size_t i = 0; i < WR_COUNT(cases); i++) {
		assert_ptr_equal(weir_error_format(&cases[i].err, buf, sizeof(buf)), buf);
		assert_string_equal(buf, cases[i].line);
	}
	weir_error_format(&cases[1].err, buf, 12);
	assert_string_equal(buf, "link x: ...");
	weir_error_format(&cases[1].err, buf, 1);
	assert_string_equal(buf, "");
}

static void stages_have_names(void **state)
{
	static const char *const names[] = { "none", "input", "socket", "kernel", "reply", "system",
					     "program", "unknown" };

	for (size_t i = 0; i < WR_COUNT(names); i++)
		assert_string_equal(weir_stage_name((enum weir_stage)i), names[i]);
	assert_string_equal(weir_stage_name((enum weir_stage)-1), "unknown");
}

/* --- structs that start with their size --------------------------------------------------------- */

struct now {
	size_t sz;
	uint32_t a, b;
	uint64_t c;
};

/* A caller's struct of @size bytes on the heap, with @sz in front and @fill behind. */
static void *caller(size_t size, size_t sz, int fill)
{
	unsigned char *p = malloc(size);

	assert_non_null(p);
	memset(p, fill, size);
	memcpy(p, &sz, sizeof(sz));
	return p;
}

static void callers_of_every_age(void **state)
{
	static const struct {
		const char *name;
		size_t size, sz;
		int fill;
		int code;
		struct now got;
	} cases[] = {
		{ "today's", 24, 24, 1, 0, { 24, 0x1010101, 0x1010101, 0x101010101010101 } },
		{ "an older one", 16, 16, 1, 0, { 24, 0x1010101, 0x1010101, 0 } },
		{ "a much older one", 12, 12, 1, 0, { 24, 0x1010101, 0, 0 } },
		{ "the oldest", 8, 8, 1, 0, { 24, 0, 0, 0 } },
		{ "a newer one that needs nothing new", 40, 40, 0, 0, { 24, 0, 0, 0 } },
		{ "a newer one", 40, 40, 1, -E2BIG, { 0 } },
		{ "a newer one by one byte", 25, 25, 1, -E2BIG, { 0 } },
		{ "one that forgot", 24, 0, 1, -EINVAL, { 0 } },
		{ "half a size", 24, 7, 1, -EINVAL, { 0 } },
	};

	for (size_t i = 0; i < WR_COUNT(cases); i++) {
		void *src = caller(cases[i].size, cases[i].sz, cases[i].fill);
		struct weir_error err = WEIR_ERROR_INIT;
		struct now got;
		int r;

		memset(&got, 0xee, sizeof(got));
		r = wr_opts_copy(&got, sizeof(got), src, "thing", &err);
		if (r != cases[i].code || (!r && memcmp(&got, &cases[i].got, sizeof(got)) != 0))
			fail_msg("%s: %d", cases[i].name, r);
		if (r)
			assert_string_equal(err.object, "thing");
		if (r == -EINVAL)
			assert_string_equal(err.attr, "sz");
		free(src);
	}
}

static void a_caller_gets_what_it_knows(void **state)
{
	static const struct now full = { .sz = sizeof(full), 1, 2, 3 };
	const size_t sizes[] = { 8, 12, 16, 24, 40 };

	for (size_t i = 0; i < WR_COUNT(sizes); i++) {
		const size_t size = sizes[i] < sizeof(full) ? sizes[i] : sizeof(full);
		unsigned char got[48];
		size_t sz;

		memset(got, 0xee, sizeof(got));
		memcpy(got, &sizes[i], sizeof(sizes[i]));
		assert_int_equal(wr_opts_give(got, &full, sizeof(full), NULL), 0);
		memcpy(&sz, got, sizeof(sz));
		assert_int_equal(sz, size);
		assert_memory_equal(got + sizeof(sz), (const char *)&full + sizeof(sz), size - sizeof(sz));
		assert_int_equal(got[size], 0xee);
	}
}

static void no_struct_is_an_empty_one(void **state)
{
	static const struct now empty = { .sz = sizeof(empty) };
	struct now got;

	memset(&got, 0xee, sizeof(got));
	assert_int_equal(wr_opts_copy(&got, sizeof(got), NULL, "thing", NULL), 0);
	assert_memory_equal(&got, &empty, sizeof(got));
}

/* --- files ---------------------------------------------------------------------------------------- */

static char dir[64];

static const char *in_dir(const char *name)
{
	static char path[4][128];
	static int turn;

	turn = (turn + 1) % 4;
	snprintf(path[turn], sizeof(path[0]), "%s/%s", dir, name);
	return path[turn];
}

static int make_dir(void **state)
{
	memcpy(dir, "/tmp/weir-base-XXXXXX", 22);
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

static void has_content(const char *path, const char *content)
{
	wr_auto(str) struct wr_str got = { 0 };

	assert_int_equal(wr_file_read(path, &got), 0);
	assert_string_equal(wr_str_text(&got), content);
}

static unsigned int mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_mode & 07777;
}

/* How many names there are in the test's directory: no half-written file stays. */
static int count_names(void)
{
	DIR *d = opendir(dir);
	int n = -2;

	assert_non_null(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

static void files_are_written_and_read(void **state)
{
	wr_auto(str) struct wr_str got = { 0 };

	assert_int_equal(wr_file_write(in_dir("a"), "one", 3, 0640, false), 0);
	has_content(in_dir("a"), "one");
	assert_int_equal(wr_file_write(in_dir("a"), "", 0, 0640, true), 0);
	has_content(in_dir("a"), "");
	assert_int_equal(wr_file_write(in_dir("a"), "a\0b", 3, 0640, true), 0);
	wr_str_puts(&got, "before ");
	assert_int_equal(wr_file_read(in_dir("a"), &got), 0);
	assert_int_equal(got.len, 10);
	assert_memory_equal(got.data, "before a\0b", 11);
	assert_int_equal(count_names(), 1);
}

/* The mode is the one asked for, whatever umask and leftovers say. */
static void files_have_their_modes(void **state)
{
	static const unsigned int modes[] = { 0600, 0640, 0644, 0666, 0755 };
	mode_t before = umask(022);

	for (size_t i = 0; i < WR_COUNT(modes); i++) {
		assert_int_equal(wr_file_write(in_dir("m"), "x", 1, modes[i], false), 0);
		assert_int_equal(mode_of(in_dir("m")), modes[i]);
		assert_int_equal(chmod(in_dir("m"), 0222), 0);
		assert_int_equal(rename(in_dir("m"), in_dir("m~new")), 0);
	}
	umask(before);
}

static void large_files(void **state)
{
	size_t size = 300000;
	char *data = malloc(size);
	wr_auto(str) struct wr_str got = { 0 };

	assert_non_null(data);
	for (size_t i = 0; i < size; i++)
		data[i] = (char)(i % 251);
	assert_int_equal(wr_file_write(in_dir("big"), data, size, 0600, false), 0);
	assert_int_equal(wr_file_read(in_dir("big"), &got), 0);
	assert_int_equal(got.len, size);
	assert_memory_equal(got.data, data, size);
	free(data);
}

/* Files of /proc have no size. */
static void files_without_a_size(void **state)
{
	wr_auto(str) struct wr_str got = { 0 };

	assert_int_equal(wr_file_read("/proc/self/status", &got), 0);
	assert_non_null(strstr(got.data, "Pid:"));
}

static void files_that_cannot_be_read(void **state)
{
	wr_auto(str) struct wr_str got = { 0 };

	assert_int_equal(wr_file_read(in_dir("none"), &got), -ENOENT);
	assert_int_equal(wr_file_read(dir, &got), -EISDIR);
	assert_int_equal(wr_file_read("/proc/self/status/x", &got), -ENOTDIR);
}

static int add_one(void *arg)
{
	return ++*(int *)arg;
}

/* What others may have put where a file of ours is expected: nobody is waited for, and there is no end to read up to. */
static void no_regular_files(void **state)
{
	struct weir_error err = WEIR_ERROR_INIT;
	wr_auto(str) struct wr_str got = { 0 };
	const char *fifo = in_dir("fifo");
	int calls = 0, fd;

	assert_int_equal(mkfifo(fifo, 0600), 0);
	assert_int_equal(symlink("/dev/zero", in_dir("zero")), 0);
	alarm(20);
	assert_int_equal(wr_file_read(fifo, &got), -EBADFD);
	assert_int_equal(wr_file_read(in_dir("zero"), &got), -EBADFD);
	fd = wr_netns_open(fifo, &err);
	assert_int_equal(wr_netns_run(fd, add_one, &calls), -EINVAL);
	close(fd);
	assert_int_equal(got.len, 0);
	wr_syserr(&err, -EBADFD, "", "%s", "file");
	assert_string_equal(err.msg, "file: is no regular file");
	/* Neither is it written to; its place is taken by a file. */
	assert_int_equal(rename(fifo, in_dir("f~new")), 0);
	assert_int_equal(wr_file_write(in_dir("f"), "x", 1, 0600, false), -ENXIO);
	assert_int_equal(rename(in_dir("f~new"), in_dir("f")), 0);
	assert_int_equal(wr_file_write(in_dir("f"), "x", 1, 0600, false), 0);
	has_content(in_dir("f"), "x");
	alarm(0);
}

static void processes_and_boots(void **state)
{
	wr_auto(str) struct wr_str words = { 0 };
	char boot[WR_BOOT_ID], again[WR_BOOT_ID];
	uint64_t start = 0, child = 0;
	pid_t pid = fork();

	if (!pid) {
		pause();
		_exit(0);
	}
	assert_int_equal(wr_boot_id(boot), 0);
	assert_int_equal(strlen(boot), 36);
	assert_int_equal(wr_process_start(getpid(), &start), 0);
	assert_int_equal(wr_process_start(pid, &child), 0);
	assert_true(start && child >= start);
	/* Without a descriptor nobody is gone. */
	leave_descriptors(0);
	assert_int_equal(wr_process_start(pid, &child), -EMFILE);
	assert_int_equal(wr_process_read(pid, "cmdline", &words), -EMFILE);
	assert_int_equal(wr_boot_id(again), -EMFILE);
	leave_descriptors(-1);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(wr_process_start(pid, &child), 0);
	assert_int_equal(child, 0);
	assert_int_equal(wr_process_read(0, "cmdline", &words) + wr_process_read(-1, "cmdline", &words), 0);
	assert_int_equal(words.len, 0);
}

/* Whatever goes wrong, the old file is there as it was, and nothing beside it. */
static void failed_writes_change_nothing(void **state)
{
	char too_long[PATH_MAX + 10];

	assert_int_equal(wr_file_write(in_dir("old"), "old", 3, 0600, false), 0);
	assert_int_equal(mkdir(in_dir("folder"), 0700), 0);
	assert_int_equal(mkdir(in_dir("folder/full"), 0700), 0);
	assert_int_equal(symlink("old", in_dir("link~new")), 0);
	memset(too_long, 'x', sizeof(too_long));
	too_long[PATH_MAX - 1] = '\0';
	assert_int_equal(wr_file_write(in_dir("folder"), "x", 1, 0600, false), -EISDIR);
	assert_int_equal(wr_file_write(in_dir("none/x"), "x", 1, 0600, false), -ENOENT);
	assert_int_equal(wr_file_write(in_dir("old/x"), "x", 1, 0600, false), -ENOTDIR);
	assert_int_equal(wr_file_write(too_long, "x", 1, 0600, false), -ENAMETOOLONG);
	/* A descriptor for the file, and none to have its name on the disk by. */
	leave_descriptors(1);
	assert_int_equal(wr_file_write(in_dir("old"), "x", 1, 0600, true), -EMFILE);
	assert_int_equal(wr_file_write(in_dir("new"), "x", 1, 0600, true), -EMFILE);
	leave_descriptors(-1);
	unlink(in_dir("old~new"));	/* valgrind opens, and finds then that it may not */
	unlink(in_dir("new~new"));
	/* A link that somebody put where the temporary file goes is not followed. */
	assert_int_equal(wr_file_write(in_dir("link"), "x", 1, 0600, false), -ELOOP);
	has_content(in_dir("old"), "old");
	assert_int_equal(count_names(), 3);
}

/* A write that stops in its middle, as on a full disk. (One that is full: netns/test_ip.c.) */
static void cut_writes_change_nothing(void **state)
{
	static const char data[20000];
	struct rlimit before, small;

	assert_int_equal(wr_file_write(in_dir("old"), "old", 3, 0600, false), 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	signal(SIGXFSZ, SIG_IGN);
	small = (struct rlimit){ 10000, before.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_int_equal(wr_file_write(in_dir("old"), data, sizeof(data), 0600, true), -EFBIG);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	has_content(in_dir("old"), "old");
	assert_int_equal(count_names(), 1);
}

/* What a killed writer left is overwritten and does not stay. */
static void leftovers_are_used_up(void **state)
{
	assert_int_equal(wr_file_write(in_dir("a~new"), "a very long leftover", 20, 0600, false), 0);
	assert_int_equal(wr_file_write(in_dir("a"), "short", 5, 0600, false), 0);
	has_content(in_dir("a"), "short");
	assert_int_equal(count_names(), 1);
}

static void files_beside_the_working_directory(void **state)
{
	char before[PATH_MAX];

	assert_non_null(getcwd(before, sizeof(before)));
	assert_int_equal(chdir(dir), 0);
	assert_int_equal(wr_file_write("here", "x", 1, 0600, true), 0);
	has_content("here", "x");
	assert_int_equal(chdir(before), 0);
}

static void pokes_write_into_what_is_there(void **state)
{
	assert_int_equal(wr_file_poke(in_dir("p"), "1"), -ENOENT);
	assert_int_equal(wr_file_write(in_dir("p"), "abc", 3, 0600, false), 0);
	assert_int_equal(wr_file_poke(in_dir("p"), "1"), 0);
	has_content(in_dir("p"), "1bc");
}

static void folders_are_made_with_their_parents(void **state)
{
	struct stat st;
	char too_long[PATH_MAX + 10];

	memset(too_long, 'x', sizeof(too_long));
	too_long[PATH_MAX] = '\0';
	assert_int_equal(wr_mkdirs(in_dir("a/b//c"), 0755), 0);
	assert_int_equal(stat(in_dir("a/b/c"), &st), 0);
	assert_true(S_ISDIR(st.st_mode));
	assert_int_equal(wr_mkdirs(in_dir("a/b/c"), 0755), 0);
	assert_int_equal(wr_mkdirs(in_dir("a/b/d/"), 0755), 0);
	assert_int_equal(stat(in_dir("a/b/d"), &st), 0);
	assert_int_equal(wr_mkdirs("/", 0755), 0);
	assert_int_equal(wr_file_write(in_dir("a/f"), "", 0, 0600, false), 0);
	assert_int_equal(wr_mkdirs(in_dir("a/f/g"), 0755), -ENOTDIR);
	assert_int_equal(wr_mkdirs(too_long, 0755), -ENAMETOOLONG);
}

/* --- namespaces ------------------------------------------------------------------------------------- */

/* Renamed, taken away, named at length: each time as many as a list would show. */
static void tmpfs_counts_its_files(void **state)
{
	char folder[] = "/dev/shm/weir-base-XXXXXX", path[300], other[300], name[200];
	struct statfs fs;

	if (statfs("/dev/shm", &fs) || fs.f_type != TMPFS_MAGIC || !mkdtemp(folder)) {
		print_message("SKIP: no tmpfs on /dev/shm\n");
		skip();
	}
	assert_int_equal(wr_file_most_in(folder), 0);
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	for (int i = 0; i < 50; i++) {
		snprintf(path, sizeof(path), "%s/%s%d", folder, i % 2 ? name : "f", i);
		assert_int_equal(wr_file_write(path, "x", 1, 0600, false), 0);
		assert_int_equal(wr_file_most_in(folder), i + 1);
	}
	snprintf(other, sizeof(other), "%s/other", folder);
	assert_int_equal(rename(path, other), 0);
	assert_int_equal(wr_file_most_in(folder), 50);
	unlink(other);
	assert_int_equal(wr_file_most_in(folder), 49);
	snprintf(other, sizeof(other), "rm -r %s", folder);
	assert_int_equal(system(other), 0);
	assert_int_equal(wr_file_most_in(folder), -1);
	assert_int_equal(wr_file_most_in("/proc/self"), -1);
}

static void namespaces_by_name_and_path(void **state)
{
	struct weir_error err = WEIR_ERROR_INIT;
	uint64_t here = 0, there = 1;
	int calls = 0, fd;

	assert_int_equal(wr_netns_open("no-such-namespace", &err), -ENOENT);
	assert_non_null(strstr(err.msg, "/run/netns/no-such-namespace"));
	assert_int_equal(wr_netns_open("/no/such/path", &err), -ENOENT);
	assert_non_null(strstr(err.msg, "/no/such/path"));
	fd = wr_netns_open("/proc/self/ns/net", &err);
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	assert_int_equal(wr_netns_id(fd, &there), 0);
	assert_int_equal(wr_netns_id(-1, &here), 0);
	assert_true(here == there);
	assert_int_equal(wr_netns_run(-1, add_one, &calls), 1);
	close(fd);
}

/* Something that is no namespace is not entered, and the function does not run. */
static void other_files_are_not_entered(void **state)
{
	int calls = 0, fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(wr_netns_run(fd, add_one, &calls), -EINVAL);
	assert_int_equal(calls, 0);
	close(fd);
}

/* --- arrays ------------------------------------------------------------------------------------------ */

/* Under valgrind and with sanitizers an array that is too small does not pass. */
static void arrays_grow_and_shrink(void **state)
{
	wr_auto(free) char (*names)[16] = NULL;
	wr_auto(free) size_t *items = NULL;
	uint32_t n_names = 0;
	size_t n = 0;

	for (size_t most = 1; most < 300; most += 7) {
		for (n /= 3; n < most;) {
			size_t *last = wr_append(items, n);

			assert_ptr_equal(last, &items[n - 1]);
			items[n - 1] = n;
		}
		for (size_t i = 0; i < n; i++)
			assert_int_equal(items[i], i + 1);
		wr_copy(*wr_append(names, n_names), sizeof(*names), "name");
		n = most % 2 ? n : 0;
	}
	assert_int_equal(n_names, 43);
	assert_string_equal(names[42], "name");
}

/* --- small texts ------------------------------------------------------------------------------------- */

static void mac_addresses(void **state)
{
	static const struct {
		const char *text;
		const char *again;	/* NULL: refused */
	} cases[] = {
		{ "52:54:00:12:34:ff", "52:54:00:12:34:ff" },
		{ "52:54:00:AB:CD:EF", "52:54:00:ab:cd:ef" },
		{ "0:1:2:3:4:5", "00:01:02:03:04:05" },
		{ "", NULL },
		{ "52:54:00:12:34", NULL },
		{ "52:54:00:12:34:", NULL },
		{ "52:54:00:12:34:56:78", NULL },
		{ "52:54:00:12:34:567", NULL },
		{ "052:54:00:12:34:56", NULL },
		{ "52:54:00:12:34:5g", NULL },
		{ "52-54-00-12-34-56", NULL },
		{ " 52:54:00:12:34:56", NULL },
		{ "52:54:00:12:34:56 ", NULL },
		{ "52: 4:00:12:34:56", NULL },
		{ "+2:54:00:12:34:56", NULL },
		{ "0x:54:00:12:34:56", NULL },
		{ ":::::", NULL },
	};

	for (size_t i = 0; i < WR_COUNT(cases); i++) {
		uint8_t mac[6] = { 9, 9, 9, 9, 9, 9 };
		char text[18];
		int r = wr_mac_parse(cases[i].text, mac);

		if (r != (cases[i].again ? 0 : -EINVAL))
			fail_msg("\"%s\": %d", cases[i].text, r);
		wr_mac_format(mac, text);
		assert_string_equal(text, cases[i].again ? cases[i].again : "09:09:09:09:09:09");
	}
}

static void names_of_links(void **state)
{
	static const struct {
		const char *name;
		bool good;
	} cases[] = {
		{ "a", true }, { "123456789012345", true }, { "eth0.100", true }, { "..x", true },
		{ "-x", true }, { "\xc3\xa4", true }, { "a'b\"c;$", true }, { "a\\b", true },
		{ "", false }, { ".", false }, { "..", false }, { "1234567890123456", false },
		{ "a/b", false }, { "/", false }, { "eth0:1", false }, { "a b", false },
		{ "a\tb", false }, { "a\n", false }, { "tap%d", false }, { "100%", false },
	};

	for (size_t i = 0; i < WR_COUNT(cases); i++)
		if (wr_check_ifname(cases[i].name) != (cases[i].good ? 0 : -EINVAL))
			fail_msg("\"%s\"", cases[i].name);
}

#define FILE_TEST(f) cmocka_unit_test_setup_teardown(f, make_dir, remove_dir)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(errors_are_filled),
		cmocka_unit_test(errors_need_no_struct),
		cmocka_unit_test(long_texts_are_cut_visibly),
		cmocka_unit_test(small_buffers),
		cmocka_unit_test(nothing_is_copied_as_an_empty_text),
		cmocka_unit_test(paths_grow_at_the_front),
		cmocka_unit_test(lines_to_show),
		cmocka_unit_test(stages_have_names),
		cmocka_unit_test(callers_of_every_age),
		cmocka_unit_test(no_struct_is_an_empty_one),
		cmocka_unit_test(a_caller_gets_what_it_knows),
		FILE_TEST(files_are_written_and_read),
		FILE_TEST(files_have_their_modes),
		FILE_TEST(large_files),
		FILE_TEST(files_without_a_size),
		FILE_TEST(files_that_cannot_be_read),
		FILE_TEST(no_regular_files),
		cmocka_unit_test(processes_and_boots),
		FILE_TEST(failed_writes_change_nothing),
		FILE_TEST(cut_writes_change_nothing),
		FILE_TEST(leftovers_are_used_up),
		FILE_TEST(files_beside_the_working_directory),
		FILE_TEST(pokes_write_into_what_is_there),
		FILE_TEST(folders_are_made_with_their_parents),
		cmocka_unit_test(tmpfs_counts_its_files),
		cmocka_unit_test(namespaces_by_name_and_path),
		cmocka_unit_test(other_files_are_not_entered),
		cmocka_unit_test(arrays_grow_and_shrink),
		cmocka_unit_test(mac_addresses),
		cmocka_unit_test(names_of_links),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
