/* test_conf.c - key = value by a table; every error with file:line. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf.h"

#define TEST_CONF(X)                                                           \
	X(name, STRING, "service=drydock", "a string")                         \
	X(count, INT, "4", "a number")                                         \
	X(poll, DURATION, "5s", "a duration")                                  \
	X(brave, BOOL, "no", "a switch")                                       \
	X(allow, LIST, NULL, "may stand many times")                           \
	X(hook, NAMED, NULL, "each with a name of its own")

struct test_conf {
#define X CONF_MEMBER
	TEST_CONF(X)
#undef X
};

static const struct conf_key test_keys[] = {
#define X(...) CONF_ROW(struct test_conf, __VA_ARGS__)
	TEST_CONF(X)
#undef X
	CONF_END
};

static int
read_text(struct test_conf *c, const char *text, struct err *err)
{
	conf_init(c, test_keys);
	return conf_read_text(c, test_keys, text, strlen(text), "t.conf", err);
}

static void
test_values(void **state)
{
	static const char text[] = "# a comment\n"
				   "name = host=a  port=5 # remark\n"
				   "\n"
				   "count=7\n"
				   "  poll = 1h30m\n"
				   "brave = yes\n"
				   "allow = read uptime\n"
				   "allow = \" # kept \"  # remark\n";
	struct test_conf c;
	struct err err;

	(void)state;
	assert_int_equal(read_text(&c, text, &err), 0);
	assert_string_equal(c.name, "host=a  port=5");
	assert_int_equal(c.count, 7);
	assert_int_equal(c.poll, 5400000);
	assert_true(c.brave);
	assert_int_equal(c.allow.n, 2);
	assert_string_equal(c.allow.item[0].value, "read uptime");
	assert_int_equal(c.allow.item[0].line, 7);
	assert_string_equal(c.allow.item[1].value, " # kept ");
	conf_free(&c, test_keys);
}

#define T(text) text, sizeof(text) - 1

/* The numbers are those of the classes of bad input. */
static void
test_errors(void **state)
{
	static const struct {
		const char *text;
		size_t len;
		const char *error;
	} rows[] = {
		/* row 2 */
		{ T("\nfoo = 1\n"), "t.conf:2: unknown key \"foo\"" },
		{ T("hook. = 1\n"), "t.conf:1: unknown key \"hook.\"" },
		/* row 3 */
		{ T("count = 1\ncount = 2"),
		  "t.conf:2: a second line for \"count\"" },
		{ T("hook.a = 1\n\nhook.a = 1"),
		  "t.conf:3: a second line for \"hook.a\"" },
		/* row 4 */
		{ T("count = 1\nname = \xff"),
		  "t.conf:2: not a line of text in UTF-8" },
		{ T("count = 1\n\nname = a\0b\n"),
		  "t.conf:3: not a line of text in UTF-8" },
		{ T("\xef\xbb\xbf"
		    "count = 1\n"),
		  "t.conf:1: begins with a byte order mark; save it "
		  "without one" },
		/* row 6 */
		{ T("count = x"),
		  "t.conf:1: count: \"x\" is not a whole number" },
		{ T("count = 22x"),
		  "t.conf:1: count: \"22x\" is not a whole number" },
		{ T("count = 0x16"),
		  "t.conf:1: count: \"0x16\" is not a whole number" },
		{ T("count = ٢٢"),
		  "t.conf:1: count: \"٢٢\" is not a whole number" },
		/* row 7 */
		{ T("poll = -1"), "t.conf:1: poll: " },
		{ T("poll = 1e9"), "t.conf:1: poll: " },
		{ T("poll = 15"), "t.conf:1: poll: " },
		{ T("poll = 15min"), "t.conf:1: poll: " },
		{ T("poll = 1000000000s"), "t.conf:1: poll: " },
		{ T("brave = true"),
		  "t.conf:1: brave: \"true\" is not yes or no" },
		{ T("just words"),
		  "t.conf:1: expected \"key = value\", not \"just words\"" },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
		struct test_conf c;
		struct err err = { 0 };

		conf_init(&c, test_keys);
		assert_int_equal(conf_read_text(&c, test_keys, rows[i].text,
						rows[i].len, "t.conf", &err),
				 -1);
		/* a sentence of num.c is tested there: only its beginning */
		if (strncmp(err.text, rows[i].error, strlen(rows[i].error)))
			fail_msg("%s: %s", rows[i].text, err.text);
		assert_int_equal(err.code, ERR_USAGE);
		conf_free(&c, test_keys);
	}
}

/* Rows 1, 4 and 5: what is no mistake, and the bound. */
static void
test_edges(void **state)
{
	static const char path[] = "test_conf.large";
	struct test_conf c;
	struct err err;
	FILE *f;

	(void)state;
	assert_int_equal(read_text(&c, "", &err), 0);
	assert_int_equal(c.count, 4);
	conf_free(&c, test_keys);
	assert_int_equal(read_text(&c, "name = a b \r\n\r\ncount = 7\r\n",
				   &err),
			 0);
	assert_string_equal(c.name, "a b");
	assert_int_equal(c.count, 7);
	conf_free(&c, test_keys);
	f = fopen(path, "w");
	assert_non_null(f);
	fprintf(f, "name = %*d\n", 10 << 20, 1);
	fclose(f);
	conf_init(&c, test_keys);
	assert_int_equal(conf_read_file(&c, test_keys, path, &err), -1);
	assert_string_equal(err.text,
			    "test_conf.large: larger than 1048576 bytes");
	assert_int_equal(err.code, ERR_USAGE);
	conf_free(&c, test_keys);
	unlink(path);
}

/* What the reader takes plain is printed plain: quotes cannot hold a quote. */
static void
test_print_quotes(void **state)
{
	static const char *const values[] = { "hos \" t=#", "a#b", "\"a\" b",
					      "\"half" };
	struct test_conf c, again;
	struct buf out;

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		char text[64];

		snprintf(text, sizeof(text), "name = %s\n", values[i]);
		buf_init(&out, 4096);
		assert_int_equal(read_text(&c, text, NULL), 0);
		assert_string_equal(c.name, values[i]);
		conf_print(&c, test_keys, &out);
		assert_int_equal(read_text(&again, buf_str(&out), NULL), 0);
		assert_string_equal(again.name, values[i]);
		conf_free(&c, test_keys);
		conf_free(&again, test_keys);
		buf_free(&out);
	}
}

static void
test_print(void **state)
{
	static const char text[] = "name = \"a # b\"\npoll = 2m\n"
				   "allow = x\nallow = y z\nbrave = yes\n"
				   "hook.a = 1\nhook.a.b = \" 2\"";
	struct test_conf c, again;
	struct buf out;

	(void)state;
	buf_init(&out, 4096);
	assert_int_equal(read_text(&c, text, NULL), 0);
	conf_print(&c, test_keys, &out);
	assert_non_null(strstr(buf_str(&out), "# a number\ncount = 4\n"));
	assert_int_equal(read_text(&again, buf_str(&out), NULL), 0);
	assert_string_equal(again.name, "a # b");
	assert_int_equal(again.poll, 120000);
	assert_int_equal(again.allow.n, 2);
	assert_true(again.brave);
	assert_int_equal(again.hook.n, 2);
	assert_string_equal(again.hook.item[1].name, "a.b");
	assert_string_equal(again.hook.item[1].value, " 2");
	conf_free(&c, test_keys);
	conf_free(&again, test_keys);
	buf_free(&out);
}

/* Rows 14 and 15: what is no file, and a file that others may write. */
static void
test_who_writes(void **state)
{
	static const struct {
		const char *make; /* sh, makes test_conf.file */
		const char *says; /* NULL: taken */
	} rows[] = {
		{ "touch $f; chmod 640 $f", NULL },
		{ "touch $f; chmod 660 $f", "chmod go-w test_conf.file" },
		{ "touch $f; chmod 602 $f", "chmod go-w test_conf.file" },
		{ "touch $f; chown 65534 $f", "chown root test_conf.file" },
		{ "mkdir $f", "not a regular file" },
		{ "mkfifo $f", "not a regular file" },
		{ "ln -s /dev/zero $f", "not a regular file" },
	};
	struct test_conf c;
	struct err err;
	char command[128];
	int ret;

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
		if (geteuid() != 0 && strstr(rows[i].make, "chown") != NULL)
			continue;
		snprintf(command, sizeof(command),
			 "f=test_conf.file; rm -rf $f; umask 077; %s",
			 rows[i].make);
		assert_int_equal(system(command), 0);
		conf_init(&c, test_keys);
		ret = conf_read_file(&c, test_keys, "test_conf.file", &err);
		assert_int_equal(ret, rows[i].says == NULL ? 0 : -1);
		if (ret < 0) {
			assert_int_equal(err.code, ERR_USAGE);
			assert_non_null(strstr(err.text, rows[i].says));
		}
		conf_free(&c, test_keys);
	}
	assert_int_equal(system("rm -rf test_conf.file"), 0);
}

static void
test_no_file(void **state)
{
	struct test_conf c;
	struct err err;

	(void)state;
	conf_init(&c, test_keys);
	assert_int_equal(conf_read_file(&c, test_keys, "/nonexistent/x", &err),
			 -1);
	assert_int_equal(err.code, ERR_SYS);
	assert_string_equal(err.text,
			    "/nonexistent/x: No such file or directory");
	conf_free(&c, test_keys);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_edges),
		cmocka_unit_test(test_print),
		cmocka_unit_test(test_print_quotes),
		cmocka_unit_test(test_who_writes),
		cmocka_unit_test(test_no_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
