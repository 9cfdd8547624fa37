/* test_log.c - levels, escaping, and secrets that never appear. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "log.h"

static char *last;

static void
keep(void *self, enum log_level level, const char *line)
{
	(void)self;
	(void)level;
	x_strset(&last, line);
}

static void
test_lines(void **state)
{
	(void)state;
	log_set_sink(keep, NULL);
	log_info("hello %d", 5);
	assert_string_equal(last, "hello 5");
	log_debug("not shown");
	assert_string_equal(last, "hello 5");
	log_with(LOG_LEVEL_WARN,
		 LOG_FIELDS({ "host", "a\nb" }, { "none", NULL }, { "n", "1" }),
		 "said \x1b[2J");
	assert_string_equal(last, "host=a\\x0ab n=1 said \\x1b[2J");
}

static void
test_redact(void **state)
{
	static const struct {
		const char *text, *shown;
	} rows[] = {
		{ "host=a password=geheim dbname=b",
		  "host=a password=*** dbname=b" },
		{ "password='a b\\'c' x", "password=*** x" },
		{ "PASSWORD=a", "PASSWORD=*" },
		{ "postgresql://me:geheim@db/x", "postgresql://me:***@db/x" },
		{ "http://host:80/a@b", "http://host:80/a@b" },
		{ "key tellnoone!", "key ***!" },
	};

	(void)state;
	log_set_sink(keep, NULL);
	log_secret("tellnoone");
	log_secret("a");
	for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
		log_info("%s", rows[i].text);
		assert_string_equal(last, rows[i].shown);
	}
	log_with(LOG_LEVEL_INFO, LOG_FIELDS({ "k", "xtellnoonex" }), "-");
	assert_string_equal(last, "k=x***x -");
}

static bool
tells(struct log_again *told, const char *words)
{
	x_free(&last);
	log_again(told, LOG_LEVEL_INFO, "%s", words);
	return last != NULL;
}

static void
test_again(void **state)
{
	struct log_again told = { 0 };

	(void)state;
	log_set_sink(keep, NULL);
	assert_true(tells(&told, "away"));
	assert_false(tells(&told, "away"));
	assert_true(tells(&told, "away: no such file"));
	assert_true(tells(&told, "away"));
	told.at_ms -= LOG_AGAIN_MS - 1000;
	assert_false(tells(&told, "away"));
	told.at_ms -= 1000;
	assert_true(tells(&told, "away"));
	told = (struct log_again){ 0 };
	assert_true(tells(&told, "away"));
}

static void
test_long(void **state)
{
	char *text = x_alloc(50000);

	(void)state;
	memset(text, 'x', 49999);
	log_info("%s", text);
	assert_true(strlen(last) <= 16384);
	assert_true(strlen(last) > 16000);
	free(text);
	x_free(&last);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_redact),
		cmocka_unit_test(test_again),
		cmocka_unit_test(test_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
