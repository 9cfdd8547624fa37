/* test_timelines.c - what outlasts a coordinator of its database's timeline. */
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "timelines.h"

#define ONE "7312345678901234567"
#define TWO "-6912345678901234567" /* from 2038 on, in PostgreSQL's words */

static char top[64], dir[96];
static struct err err;

static const char *
kept(const char *system)
{
	static char path[192];

	(void)snprintf(path, sizeof(path), "%s/timeline.%s", dir, system);
	return path;
}

static void
put(const char *path, const char *text, size_t len)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

static void
assert_kept(const char *system, const char *text)
{
	char is[64] = "";
	FILE *f = fopen(kept(system), "r");

	assert_non_null(f);
	assert_true(fread(is, 1, sizeof(is) - 1, f) > 0);
	assert_int_equal(fclose(f), 0);
	assert_string_equal(is, text);
}

static struct timelines *
begun(void)
{
	struct timelines *t = timelines_new(dir, &err);

	if (t == NULL)
		fail_msg("%s", err.text);
	return t;
}

static int
see(struct timelines *t, const char *system, unsigned long timeline)
{
	const unsigned long *newest;

	err_clear(&err);
	return timelines_see(t, system, timeline, &newest, &err);
}

/* By who comes first, too. */
static int
see_anew(const char *system, unsigned long timeline)
{
	struct timelines *t = begun();
	int rc = see(t, system, timeline);

	timelines_free(&t);
	assert_null(t);
	return rc;
}

static void
assert_told(enum err_code code, const char *words)
{
	assert_int_equal(err.code, code);
	if (strstr(err.text, words) == NULL)
		fail_msg("no \"%s\" in \"%s\"", words, err.text);
}

static int
setup(void **state)
{
	(void)state;
	(void)snprintf(top, sizeof(top), "/tmp/drydock-timelines.XXXXXX");
	if (mkdtemp(top) == NULL)
		return -1;
	(void)snprintf(dir, sizeof(dir), "%s/state", top);
	return 0;
}

static int
teardown(void **state)
{
	char what[96];

	(void)state;
	(void)snprintf(what, sizeof(what), "rm -rf %s", top);
	return system(what);
}

static void
test_who_starts_anew_knows(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(see_anew(ONE, 1), 0);
	assert_int_equal(stat(dir, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_kept(ONE, "1\n");
	assert_int_equal(see_anew(ONE, 12), 0);
	assert_kept(ONE, "12\n");
	assert_int_equal(see_anew(ONE, 11), -1);
	assert_told(ERR_REFUSED, "its timeline is 11, but 12 was seen");
	assert_told(ERR_REFUSED, kept(ONE));
	assert_kept(ONE, "12\n");
	assert_int_equal(see_anew(ONE, 12), 0);
	/* recovery to a point in time: a new timeline */
	assert_int_equal(see_anew(ONE, 13), 0);
	/* as is said of a backup with the old one */
	assert_int_equal(unlink(kept(ONE)), 0);
	assert_int_equal(see_anew(ONE, 9), 0);
}

static void
test_another_cluster(void **state)
{
	struct timelines *t = begun();

	(void)state;
	assert_int_equal(see(t, ONE, 7), 0);
	assert_int_equal(see(t, TWO, 1), 0);
	assert_int_equal(see(t, ONE, 6), -1);
	assert_kept(ONE, "7\n");
	assert_kept(TWO, "1\n");
	timelines_free(&t);
	assert_int_equal(see_anew(TWO, 1), 0);
	assert_int_equal(see_anew(ONE, 6), -1);
}

static void
test_connections_and_processes_share(void **state)
{
	struct timelines *t = begun(), *other = begun();
	const unsigned long *newest;

	(void)state;
	assert_int_equal(timelines_see(t, ONE, 1, &newest, &err), 0);
	assert_int_equal(*newest, 1);
	assert_int_equal(see(t, ONE, 2), 0);
	assert_int_equal(*newest, 2);
	assert_int_equal(see(other, ONE, 1), -1);
	assert_int_equal(see(other, ONE, 3), 0);
	assert_int_equal(see(t, ONE, 2), -1);
	assert_int_equal(*newest, 3);
	/* and without its file who saw it still knows */
	assert_int_equal(unlink(kept(ONE)), 0);
	assert_int_equal(see(t, ONE, 2), -1);
	assert_int_equal(see(t, ONE, 3), 0);
	assert_kept(ONE, "3\n");
	timelines_free(&t);
	timelines_free(&other);
}

static void
test_damage(void **state)
{
	static const struct {
		const char *text;
		size_t len;
	} rows[] = {
		{ "", 0 }, { "\n", 1 }, { "3", 1 }, { "x\n", 2 }, { "3\n\n", 3 },
		{ "3 \n", 3 }, { " 3\n", 3 }, { "+3\n", 3 }, { "-1\n", 3 },
		{ "0\n", 2 }, { "4294967296\n", 11 }, { "3\0\n", 3 },
		{ "0x3\n", 4 }, { "3\n4\n", 4 },
		{ "00000000000000000000000000003\n", 30 },
	};
	struct timelines *t = begun();

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
		put(kept(ONE), rows[i].text, rows[i].len);
		assert_int_equal(see(t, ONE, 5), -1);
		assert_told(ERR_FAILED, "is damaged");
		assert_told(ERR_FAILED, "then type: rm ");
		assert_told(ERR_FAILED, kept(ONE));
		/* another cluster is another matter */
		assert_int_equal(see(t, TWO, 1), 0);
	}
	/* what was told to type helps at once */
	assert_int_equal(unlink(kept(ONE)), 0);
	assert_int_equal(see(t, ONE, 5), 0);
	assert_kept(ONE, "5\n");
	timelines_free(&t);
}

/* Above any bound, and no file at all. */
static void
test_not_readable(void **state)
{
	char big[4096];

	(void)state;
	memset(big, '3', sizeof(big));
	assert_int_equal(see_anew(ONE, 1), 0);
	put(kept(ONE), big, sizeof(big));
	assert_int_equal(see_anew(ONE, 5), -1);
	assert_told(ERR_FAILED, kept(ONE));
	assert_int_equal(unlink(kept(ONE)), 0);
	assert_int_equal(mkdir(kept(ONE), 0700), 0);
	assert_int_equal(see_anew(ONE, 5), -1);
	assert_told(ERR_SYS, kept(ONE));
	assert_int_equal(rmdir(kept(ONE)), 0);
	/* a link that leads nowhere is not "nobody has seen it" */
	assert_int_equal(symlink("/nowhere", kept(ONE)), 0);
	assert_int_equal(see_anew(ONE, 5), -1);
	assert_int_equal(unlink(kept(ONE)), 0);
}

/* What cannot be kept is not believed; what was half written is. */
static void
test_not_writable(void **state)
{
	struct timelines *t = begun();
	char beside[200];

	(void)state;
	assert_int_equal(see(t, ONE, 1), 0);
	(void)snprintf(beside, sizeof(beside), "%s.new", kept(ONE));
	assert_int_equal(mkdir(beside, 0700), 0);
	assert_int_equal(see(t, ONE, 2), -1);
	assert_told(ERR_SYS, dir);
	assert_told(ERR_SYS, strerror(EISDIR));
	assert_kept(ONE, "1\n");
	assert_int_equal(see(t, ONE, 1), 0);
	assert_int_equal(rmdir(beside), 0);
	put(beside, "99", 2);
	assert_int_equal(see(t, ONE, 2), 0);
	assert_kept(ONE, "2\n");
	assert_int_equal(access(beside, F_OK), -1);
	timelines_free(&t);
}

static void
assert_no_directory(const char *path, const char *words)
{
	err_clear(&err);
	assert_null(timelines_new(path, &err));
	assert_told(ERR_USAGE, path);
	assert_told(ERR_USAGE, words);
}

static void
test_directories(void **state)
{
	char path[128];
	bool root = geteuid() == 0;

	(void)state;
	assert_no_directory("", "No such file");
	(void)snprintf(path, sizeof(path), "%s/a/b", top);
	assert_no_directory(path, "state = DIRECTORY");
	(void)snprintf(path, sizeof(path), "%s/file", top);
	put(path, "", 0);
	assert_no_directory(path, "Not a directory");
	assert_int_equal(mkdir(dir, 0700), 0);
	assert_int_equal(chmod(dir, 0777), 0);
	assert_no_directory(dir, "type: chmod go-w ");
	assert_int_equal(chmod(dir, 0555), 0);
	assert_int_equal(chmod(top, 0755), 0);
	assert_int_equal(root ? seteuid(65534) : 0, 0);
	assert_no_directory(dir, "Permission denied");
	assert_int_equal(root ? seteuid(0) : 0, 0);
	assert_int_equal(chmod(dir, 0700), 0);
}

/* A name of a file comes from a server. */
static void
test_no_identifier(void **state)
{
	static const char *const rows[] = {
		"", "..", "/../../x", "1\n", "12345678901234567890123456",
	};
	struct timelines *t = begun();

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
		assert_int_equal(see(t, rows[i], 1), -1);
		assert_told(ERR_PROTO, "system identifier");
	}
	timelines_free(&t);
	assert_int_equal(rmdir(dir), 0);
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_who_starts_anew_knows),
		T(test_another_cluster),
		T(test_connections_and_processes_share),
		T(test_damage),
		T(test_not_readable),
		T(test_not_writable),
		T(test_directories),
		T(test_no_identifier),
	};
#undef T

	return cmocka_run_group_tests(tests, NULL, NULL);
}
