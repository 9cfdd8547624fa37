/* test_conf.c - key = value by a table; every error with file:line. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

static void
test_errors(void **state)
{
	static const struct {
		const char *text, *error;
	} rows[] = {
		{ "\nfoo = 1\n", "t.conf:2: unknown key \"foo\"" },
		{ "count = 1\ncount = 2",
		  "t.conf:2: a second line for \"count\"" },
		{ "count = x", "t.conf:1: count: \"x\" is not a whole number" },
		{ "brave = true",
		  "t.conf:1: brave: \"true\" is not yes or no" },
		{ "just words",
		  "t.conf:1: expected \"key = value\", not \"just words\"" },
		{ "name = \xff", "t.conf: not a text file in UTF-8" },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
		struct test_conf c;
		struct err err = { 0 };

		assert_int_equal(read_text(&c, rows[i].text, &err), -1);
		assert_string_equal(err.text, rows[i].error);
		assert_int_equal(err.code, ERR_USAGE);
		conf_free(&c, test_keys);
	}
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
		cmocka_unit_test(test_print),
		cmocka_unit_test(test_print_quotes),
		cmocka_unit_test(test_no_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
