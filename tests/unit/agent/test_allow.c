/* test_allow.c - what an allow file permits, and what it must not say. */
#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc.h"
#include "allow.h"
#include "place.h"
#include "words.h"

#define FILE_USERS "/tmp/drydock-allow-users"

static const char sample[] =
	"# what this host permits\n"
	"read   doveadm -f tab director status\n"
	"read   doveadm mailbox status -u <user in " FILE_USERS "> messages\n"
	"read   tcp <ip> <port>\n"
	"read   doveconf -n -c ${new_file}\n"
	"read   sh -c \"echo two words\"\r\n"
	"change doveadm director update <ip> <int 0..1000>\n"
	"change systemctl <one of start stop> dovecot\n"
	"change touch <word>\n"
	"change apt-mark hold <name dovecot-*> <version>\n"
	"\n"
	"change copy <path under /etc/dovecot>\n"
	"change copy <path under /etc/dovecot> staged <path under /srv/in>\n"
	"change clean <path under /var/dovecot/vmail> unless-running dovecot\n"
	"change clean <path under /var/cache/x>\n"
	"change package dovecot-* <name libdovecot*>\n";

static struct allow *
sample_parse(void)
{
	struct allow *a;
	struct err err;

	if (allow_parse(sample, strlen(sample), "allow", &a, &err) < 0)
		fail_msg("%s", err.text);
	return a;
}

static int
ask(const struct allow *a, enum allow_what what, const char *command)
{
	struct words w;
	struct err err;
	int rc;

	assert_int_equal(words_split(command, &w, NULL, &err), 0);
	rc = allow_argv(a, what, (const char *const *)w.word, w.n, &err);
	if (rc < 0)
		assert_int_equal(err.code, ERR_REFUSED);
	words_free(&w);
	return rc;
}

static void
test_commands(void **state)
{
	static const struct {
		int rc;
		enum allow_what what;
		const char *command;
	} row[] = {
		{ 0, ALLOW_READ, "doveadm -f tab director status" },
		{ -1, ALLOW_CHANGE, "doveadm -f tab director status" },
		{ -1, ALLOW_READ, "doveadm -f tab director" },
		{ -1, ALLOW_READ, "doveadm -f tab director status x" },
		{ -1, ALLOW_READ, "doveadm director status" },
		{ 0, ALLOW_READ, "sh -c 'echo two words'" },
		{ -1, ALLOW_READ, "sh -c echo two words" },
		{ 0, ALLOW_CHANGE, "doveadm director update 10.0.0.1 0" },
		{ 0, ALLOW_CHANGE, "doveadm director update fd00::2 1000" },
		{ -1, ALLOW_READ, "doveadm director update 10.0.0.1 0" },
		{ -1, ALLOW_CHANGE, "doveadm director update 10.0.0.1 1001" },
		{ -1, ALLOW_CHANGE, "doveadm director update 10.0.0.1 -1" },
		{ -1, ALLOW_CHANGE, "doveadm director update 10.0.0.1 007" },
		{ -1, ALLOW_CHANGE, "doveadm director update 10.0.0.1 0x1" },
		{ -1, ALLOW_CHANGE, "doveadm director update 10.0.0.1 1e2" },
		{ -1, ALLOW_CHANGE, "doveadm director update 10.0.0.1 ' 1'" },
		{ -1, ALLOW_CHANGE, "doveadm director update 10.0.0.1 ''" },
		{ -1, ALLOW_CHANGE, "doveadm director update mail1 1" },
		{ -1, ALLOW_CHANGE, "doveadm director update all 1" },
		{ -1, ALLOW_CHANGE, "doveadm director update 10.0.0 1" },
		{ -1, ALLOW_CHANGE, "doveadm director update -A 1" },
		{ 0, ALLOW_CHANGE, "touch 'a b'" },
		{ -1, ALLOW_CHANGE, "touch -rf" },
		{ -1, ALLOW_CHANGE, "touch ''" },
		{ -1, ALLOW_CHANGE, "touch 'a\nb'" },
		{ -1, ALLOW_CHANGE, "touch 'a\x7f'" },
		{ 0, ALLOW_CHANGE, "systemctl stop dovecot" },
		{ -1, ALLOW_CHANGE, "systemctl mask dovecot" },
		{ -1, ALLOW_CHANGE, "systemctl stop ssh" },
		{ -1, ALLOW_CHANGE, "systemctl 'start stop' dovecot" },
		{ 0, ALLOW_CHANGE,
		  "apt-mark hold dovecot-core 1:2.3.19.1+d~1" },
		{ -1, ALLOW_CHANGE, "apt-mark hold dovecot-core x" },
		{ -1, ALLOW_CHANGE, "apt-mark hold bash 1" },
		{ -1, ALLOW_CHANGE, "apt-mark hold 'dovecot-$(id)' 1" },
		{ 0, ALLOW_READ, "doveadm mailbox status -u probe@x messages" },
		{ -1, ALLOW_READ, "doveadm mailbox status -u boss@x messages" },
		{ -1, ALLOW_READ, "doveadm mailbox status -u '*' messages" },
		/* built-ins are not commands */
		{ -1, ALLOW_READ, "tcp 10.0.0.1 25" },
		{ -1, ALLOW_CHANGE, "copy /etc/dovecot/a" },
		{ -1, ALLOW_CHANGE, "package dovecot-core" },
	};
	struct allow *a = sample_parse();
	FILE *f = fopen(FILE_USERS, "w");

	(void)state;
	assert_non_null(f);
	fputs("probe@x\n*\n", f);
	fclose(f);
	chmod(FILE_USERS, 0644);
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		if (ask(a, row[i].what, row[i].command) != row[i].rc)
			fail_msg("%s", row[i].command);
	}
	chmod(FILE_USERS, 0666);
	assert_int_equal(ask(a, ALLOW_READ,
			     "doveadm mailbox status -u probe@x messages"),
			 -1);
	unlink(FILE_USERS);
	allow_free(&a);
}

static void
test_builtins(void **state)
{
	struct allow *a = sample_parse();
	const char *root, *unless;
	struct err err;

	(void)state;
	assert_int_equal(allow_tcp(a, "10.0.0.1", "143", &err), 0);
	assert_int_equal(allow_tcp(a, "10.0.0.1", "0", &err), -1);
	assert_int_equal(allow_tcp(a, "10.0.0.1", "65536", &err), -1);
	assert_int_equal(allow_tcp(a, "localhost", "143", &err), -1);
	assert_int_equal(allow_copy(a, "/etc/dovecot/a", NULL, &err), 0);
	assert_int_equal(allow_copy(a, "/etc/dovecotx/a", NULL, &err), -1);
	assert_int_equal(allow_copy(a, "/etc/dovecot/../passwd", NULL, &err),
			 -1);
	assert_int_equal(allow_copy(a, "/etc/dovecot/a", "/srv/in/a", &err), 0);
	assert_int_equal(allow_copy(a, "/etc/dovecot/a", "/etc/shadow", &err),
			 -1);
	assert_int_equal(
		allow_clean(a, "/var/dovecot/vmail", &root, &unless, &err), 0);
	assert_string_equal(root, "/var/dovecot/vmail");
	assert_string_equal(unless, "dovecot");
	assert_int_equal(allow_clean(a, "/var/cache/x/y", &root, &unless, &err),
			 0);
	assert_null(unless);
	assert_int_equal(allow_clean(a, "/var/dovecot", &root, &unless, &err),
			 -1);
	assert_int_equal(allow_package(a, "dovecot-core", &err), 0);
	assert_int_equal(allow_package(a, "libdovecot1", &err), 0);
	assert_int_equal(allow_package(a, "bash", &err), -1);
	assert_int_equal(allow_package(a, "dovecot-core=1", &err), -1);
	assert_int_equal(allow_package(a, "dovecot-./x", &err), -1);
	allow_free(&a);
}

static void
test_errors_name_the_line(void **state)
{
	static const struct {
		const char *line, *says;
	} row[] = {
		{ "permit ls", "begins with" },
		{ "read", "nothing is permitted" },
		{ "change", "nothing is permitted" },
		{ "change <word>", "cannot be a place" },
		{ "read ls <nothing>", "no place <nothing>" },
		{ "read ls <int>", "A..B" },
		{ "read ls <int 5..1>", "" },
		{ "read ls <path under etc>", "clean absolute path" },
		{ "read ls <path under /etc/..>", "clean absolute path" },
		{ "read ls <path>", "under" },
		{ "read ls <user>", "in" },
		{ "read ls <ip x>", "nothing more" },
		{ "read ls <ip", "without >" },
		{ "read ls <ip>x", "whole word" },
		{ "read ls \"x", "" },
		{ "read tcp <ip>", "read tcp" },
		{ "change clean /var/x", "change clean" },
		{ "change clean <path under /var>", "two components" },
		{ "change clean <path under /var/x> if x", "change clean" },
		{ "change copy /etc/passwd", "change copy" },
		{ "change package", "change package" },
		{ "change package *", "any package" },
		{ "change package -x", "any package" },
		{ "read ls\x01", "control character" },
		{ "read ls \xff", "UTF-8" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		char *text = x_asprintf("# one\nread ls\n%s\n", row[i].line);
		struct allow *a;
		struct err err;

		if (allow_parse(text, strlen(text), "allow", &a, &err) == 0)
			fail_msg("taken: %s", row[i].line);
		if (strncmp(err.text, "allow:3: ", 9) != 0 ||
		    strstr(err.text, row[i].says) == NULL)
			fail_msg("%s: %s", row[i].line, err.text);
		x_free(&text);
	}
}

static void
test_a_nul_byte_is_refused(void **state)
{
	static const char text[] = "read ls\0change rm\n";
	struct allow *a;
	struct err err;

	(void)state;
	assert_int_equal(allow_parse(text, sizeof(text) - 1, "a", &a, &err),
			 -1);
}

static void
test_owner_and_mode(void **state)
{
	const char *path = "/tmp/drydock-allow-file";
	struct allow *a;
	struct err err;
	int fd = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0600);

	(void)state;
	assert_int_equal(write(fd, sample, strlen(sample)), strlen(sample));
	close(fd);
	assert_int_equal(allow_read(path, &a, &err), 0);
	assert_int_equal(strlen(allow_sha256(a)), 64);
	allow_free(&a);
	chmod(path, 0620);
	assert_int_equal(allow_read(path, &a, &err), -1);
	chmod(path, 0602);
	assert_int_equal(allow_read(path, &a, &err), -1);
	assert_non_null(strstr(err.text, "chmod go-w"));
	chmod(path, 0600);
	if (geteuid() == 0 && chown(path, 1, 1) == 0)
		assert_int_equal(allow_read(path, &a, &err), -1);
	unlink(path);
	assert_int_equal(symlink("/etc/passwd", path), 0);
	assert_int_equal(allow_read(path, &a, &err), -1);
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(allow_read(path, &a, &err), -1);
	unlink(path);
	assert_int_equal(allow_read(path, &a, &err), -1);
}

static void
test_clean_paths(void **state)
{
	static const char *const bad[] = { "",	   "/",	    ".",       "..",
					   "//",   "a",	    "/a/",     "/a//b",
					   "/a/.", "/../a", "/a/../b", "./a" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(place_path_clean(bad[i]));
	assert_true(place_path_clean("/a"));
	assert_true(place_path_clean("/a/..b/.c"));
	assert_true(place_path_under("/a/b", "/a"));
	assert_true(place_path_under("/a", "/a"));
	assert_false(place_path_under("/ab", "/a"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_commands),
		cmocka_unit_test(test_builtins),
		cmocka_unit_test(test_errors_name_the_line),
		cmocka_unit_test(test_a_nul_byte_is_refused),
		cmocka_unit_test(test_owner_and_mode),
		cmocka_unit_test(test_clean_paths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
