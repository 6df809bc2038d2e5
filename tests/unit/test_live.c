/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * All running networks (lib/network/live.c) while others start, replace and stop
 * them: what a handle says is what the folder holds, on a file system that uses
 * inodes again and on one that does not; and where nothing has changed, nothing
 * is read. The others are this test, by the same calls that a transaction ends in.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include <linux/magic.h>
#include <sys/vfs.h>

#include "base/file.h"
#include "network/network.h"

#include <cmocka.h>

static char folder[64];
static struct weir *w;

static void path_of(const char *name, const char *suffix, char path[160])
{
	wr_format(path, 160, "%s/networks/%s.json%s", folder, name, suffix);
}

/* In one piece, as everybody writes it, with as many bytes whatever the bridge. */
static void write_live(const char *name, const char *suffix, const char *bridge)
{
	char path[160], text[256];

	path_of(name, suffix, path);
	wr_format(text, sizeof(text),
		  "{\"bridgeIfindex\": 5, \"definition\": {\"name\": \"%s\", \"bridge\": {\"name\": \"%s\"}}}", name, bridge);
	assert_int_equal(wr_file_write(path, text, strlen(text), 0644, false), 0);
}

static void remove_live(const char *name)
{
	char path[160];

	path_of(name, "", path);
	assert_int_equal(unlink(path), 0);
}

struct seen {
	unsigned int n;
	const char *name, *bridge;	/* of one: which bridge it has */
	bool is_right;
};

static int look(void *arg, const struct weir_network *net)
{
	struct seen *s = arg;

	s->n++;
	if (!strcmp(net->name, s->name))
		s->is_right = !strcmp(net->bridge.name, s->bridge);
	return 0;
}

/* There are @n, among them @name with @bridge. */
static void sees(unsigned int n, const char *name, const char *bridge)
{
	struct seen s = { .name = name, .bridge = bridge };

	assert_int_equal(wr_live_each(w, look, &s, NULL), 0);
	assert_int_equal(s.n, n);
	if (n)
		assert_true(s.is_right);
}

static void open_in(const char *parent)
{
	struct weir_options opts = { .sz = sizeof(opts), .state_dir = folder };
	char networks[96];

	wr_format(folder, sizeof(folder), "%s/weir-live.XXXXXX", parent);
	assert_non_null(mkdtemp(folder));
	wr_format(networks, sizeof(networks), "%s/networks", folder);
	assert_int_equal(weir_open(&opts, &w, NULL), 0);
	sees(0, "", "");	/* no folder yet */
	assert_int_equal(wr_mkdirs(networks, 0755), 0);
}

static void close_it(void)
{
	char networks[96];

	weir_close(w);
	wr_format(networks, sizeof(networks), "%s/networks", folder);
	assert_int_equal(rmdir(networks), 0);
	assert_int_equal(rmdir(folder), 0);
}

/* What others do between two questions; each is seen at once. */
static void others_are_seen(void)
{
	char name[16];

	for (int i = 0; i < 40; i++) {
		wr_format(name, sizeof(name), "n%d", i);
		write_live(name, "", "br0");
		sees((unsigned int)i + 1, name, "br0");
	}
	/* Replaced several times, with a few inodes for all of it; the last stays as long as the first. */
	for (int i = 1; i < 10; i++) {
		wr_format(name, sizeof(name), "br%d", i);
		write_live("n7", "", name);
		sees(40, "n7", name);
	}
	/* Two that change places, as far as their inodes are concerned. */
	remove_live("n3");
	write_live("n4", "", "br1");
	write_live("n3", "", "br2");
	sees(40, "n3", "br2");
	sees(40, "n4", "br1");
	remove_live("n0");
	sees(39, "n39", "br0");
	write_live("n0", "", "br3");
	sees(40, "n0", "br3");
	/* What a killed process leaves is nobody's network. */
	write_live("n98", "~new", "br9");
	write_live("n98", "~old", "br9");
	sees(40, "n0", "br3");
	for (int i = 0; i < 40; i++) {
		wr_format(name, sizeof(name), "n%d", i);
		remove_live(name);
	}
	sees(0, "", "");
	write_live("n99", "", "br8");
	sees(1, "n99", "br8");
	remove_live("n99");
}

static void remove_leftovers(void)
{
	char path[160];

	path_of("n98", "~new", path);
	assert_int_equal(unlink(path), 0);
	path_of("n98", "~old", path);
	assert_int_equal(unlink(path), 0);
}

/* Only there is each inode handed out once. */
static bool is_tmpfs(const char *path)
{
	struct statfs fs;

	return statfs(path, &fs) == 0 && fs.f_type == TMPFS_MAGIC;
}

static void others_are_seen_everywhere(void **state)
{
	static const char *const parents[] = { "/tmp", "/var/tmp", "/dev/shm" };

	for (size_t i = 0; i < WR_COUNT(parents); i++) {
		if (access(parents[i], W_OK))
			continue;
		open_in(parents[i]);
		others_are_seen();
		remove_leftovers();
		close_it();
	}
}

/* Written in place, which nobody does: so it shows whether the file was looked at. */
static void what_is_known_is_not_read(void **state)
{
	char path[160];
	FILE *f;

	if (!is_tmpfs("/dev/shm") || access("/dev/shm", W_OK)) {
		print_message("SKIP: no tmpfs on /dev/shm\n");
		skip();
	}
	open_in("/dev/shm");
	write_live("a", "", "br0");
	write_live("b", "", "br0");
	sees(2, "a", "br0");
	path_of("a", "", path);
	f = fopen(path, "r+");
	assert_non_null(f);
	assert_int_equal(fputs("nothing", f) < 0 || fclose(f), 0);
	write_live("b", "", "br1");
	sees(2, "a", "br0");
	sees(2, "b", "br1");
	write_live("a", "", "br2");
	sees(2, "a", "br2");
	remove_live("a");
	remove_live("b");
	close_it();
}

/* Enough for the kernel to lose count of them. */
static void very_much_happens(void)
{
	for (int i = 0; i < 5000; i++)
		write_live("n1", "", i % 2 ? "br1" : "br2");
	sees(2, "n1", "br1");
	write_live("n1", "", "br3");
	sees(2, "n1", "br3");
}

/* What was watched is away, with what is in it, and another is in its place. */
static void another_folder(void)
{
	char networks[96], away[96];

	wr_format(networks, sizeof(networks), "%s/networks", folder);
	wr_format(away, sizeof(away), "%s/away", folder);
	assert_int_equal(rename(networks, away), 0);
	sees(0, "", "");
	assert_int_equal(wr_mkdirs(networks, 0755), 0);
	write_live("n1", "", "br4");
	for (int i = 0; i < 5; i++)
		sees(1, "n1", "br4");
	remove_live("n1");
	assert_int_equal(rmdir(networks), 0);
	assert_int_equal(rename(away, networks), 0);
	sees(2, "n1", "br3");
}

/* A handle that asks often is told; also of what is written in place, by hand. */
static void what_the_kernel_tells(void **state)
{
	char path[160];
	FILE *f;

	open_in(is_tmpfs("/dev/shm") && !access("/dev/shm", W_OK) ? "/dev/shm" : "/tmp");
	write_live("n0", "", "br0");
	write_live("n1", "", "br1");
	for (int i = 0; i < 5; i++)
		sees(2, "n0", "br0");
	very_much_happens();
	another_folder();
	sees(2, "n0", "br0");
	if (is_tmpfs(folder)) {
		path_of("n0", "", path);
		f = fopen(path, "w");
		assert_non_null(f);
		assert_int_equal(fputs("nothing", f) < 0 || fclose(f), 0);
		sees(1, "n1", "br3");
	}
	remove_live("n0");
	sees(1, "n1", "br3");
	remove_live("n1");
	sees(0, "", "");
	close_it();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(others_are_seen_everywhere),
		cmocka_unit_test(what_is_known_is_not_read),
		cmocka_unit_test(what_the_kernel_tells),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
