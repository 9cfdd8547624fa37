/* test_utf8.c - what is UTF-8, and how the rest is shown. */
#include "unit.h"

#include <string.h>

#include "utf8.h"

static void
test_valid(void **state)
{
	static const struct {
		const char *text;
		bool valid;
	} rows[] = {
		{ "", true },
		{ "abc", true },
		{ "\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80", true },
		{ "\xf4\x8f\xbf\xbf", true },
		{ "\x80", false },
		{ "\xc3", false },
		{ "\xc3(", false },
		{ "\xc0\x80", false },
		{ "\xc1\xbf", false },
		{ "\xe0\x80\x80", false },
		{ "\xe0\x9f\xbf", false },
		{ "\xed\xa0\x80", false },
		{ "\xf0\x8f\xbf\xbf", false },
		{ "\xf4\x90\x80\x80", false },
		{ "\xf5\x80\x80\x80", false },
		{ "\xff", false },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT(rows); i++)
		if (utf8_valid(rows[i].text, strlen(rows[i].text)) !=
		    rows[i].valid)
			fail_msg("row %zu", i);
}

static void
test_escape(void **state)
{
	static const struct {
		const char *text, *shown;
	} rows[] = {
		{ "plain \xc3\xa4", "plain \xc3\xa4" },
		{ "a\nb\tc", "a\\x0ab\\x09c" },
		{ "\x1b[31mred", "\\x1b[31mred" },
		{ "\\x1b", "\\\\x1b" },
		{ "\x7f", "\\x7f" },
		{ "\xc2\x9b" "31m", "\\xc2\\x9b31m" },	       /* C1 CSI */
		{ "\xe2\x80\xae" "gpj", "\\xe2\\x80\\xaegpj" }, /* RLO */
		{ "\xe2\x81\xa6", "\\xe2\\x81\\xa6" },	       /* LRI */
		{ "\xe2\x80\x8b", "\\xe2\\x80\\x8b" },	       /* ZWSP */
		{ "\xff\xc3", "\\xff\\xc3" },
	};
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
		buf_clear(&b);
		assert_int_equal(utf8_escape(&b, rows[i].text,
					     strlen(rows[i].text)), 0);
		assert_string_equal(buf_str(&b), rows[i].shown);
	}
	buf_clear(&b);
	assert_int_equal(utf8_escape(&b, "a\0b", 3), 0);
	assert_string_equal(buf_str(&b), "a\\x00b");
	buf_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_valid),
		cmocka_unit_test(test_escape),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
