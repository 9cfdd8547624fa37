/* test_num.c - numbers and durations, by tables. */
#include "unit.h"

#include "num.h"

#define BAD (-1)

static void
test_duration(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
	} rows[] = {
		{ "0s", 0 },
		{ "2s", 2000 },
		{ "15m", 900000 },
		{ "1h30m", 5400000 },
		{ "1100ms", 1100 },
		{ "1s100ms", 1100 },
		{ "90d", 7776000000 },
		{ "1d2h3m4s5ms", 93784005 },
		{ "", BAD },
		{ "5", BAD },
		{ "m", BAD },
		{ "-1s", BAD },
		{ "1 s", BAD },
		{ "1s ", BAD },
		{ " 1s", BAD },
		{ "1.5s", BAD },
		{ "30m1h", BAD },
		{ "1m1m", BAD },
		{ "1ms1s", BAD },
		{ "1M", BAD },
		{ "1min", BAD },
		{ "401d", BAD },
		{ "99999999999999999999s", BAD },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
		struct err err = { 0 };
		int64_t ms = BAD;
		int ret = num_parse_duration(rows[i].text, 0, NUM_DURATION_MAX,
					     &ms, &err);

		if (ms != rows[i].ms)
			fail_msg("%s: %lld", rows[i].text, (long long)ms);
		assert_int_equal(ret, rows[i].ms == BAD ? -1 : 0);
		assert_int_equal(err.code, ret < 0 ? ERR_USAGE : ERR_NONE);
	}
}

static void
test_duration_range(void **state)
{
	struct err err;
	int64_t ms;

	(void)state;
	assert_int_equal(num_parse_duration("5m", 1000, 60000, &ms, &err), -1);
	assert_string_equal(err.text, "5m is not between 1s and 1m");
}

static void
test_duration_format(void **state)
{
	static const int64_t values[] = { 1,	 999,	  1000,	   1100,
					  60000, 5400000, 86400000, 93784005 };
	char text[NUM_DURATION_SIZE];

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT(values); i++) {
		int64_t back = 0;

		(void)num_format_duration(values[i], text);
		assert_int_equal(num_parse_duration(text, 0, NUM_DURATION_MAX,
						    &back, NULL), 0);
		assert_int_equal(back, values[i]);
	}
	assert_string_equal(num_format_duration(5400000, text), "1h30m");
	assert_string_equal(num_format_duration(0, text), "0s");
}

static void
test_int(void **state)
{
	static const struct {
		const char *text;
		int ret;
		int64_t n;
	} rows[] = {
		{ "0", 0, 0 },
		{ "-7", 0, -7 },
		{ "1000", 0, 1000 },
		{ "1001", -1, 0 },
		{ "", -1, 0 },
		{ "-", -1, 0 },
		{ "+1", -1, 0 },
		{ " 1", -1, 0 },
		{ "1 ", -1, 0 },
		{ "0x10", -1, 0 },
		{ "1e3", -1, 0 },
		{ "99999999999999999999", -1, 0 },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
		int64_t n = 0;
		int ret = num_parse_int(rows[i].text, -10, 1000, &n, NULL);

		if (ret != rows[i].ret || n != rows[i].n)
			fail_msg("\"%s\": %d %lld", rows[i].text, ret,
				 (long long)n);
	}
}

static void
test_noun(void **state)
{
	(void)state;
	assert_string_equal(num_noun(0, "entry", "entries"), "entries");
	assert_string_equal(num_noun(1, "entry", "entries"), "entry");
	assert_string_equal(num_noun(2, "entry", "entries"), "entries");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_duration),
		cmocka_unit_test(test_duration_range),
		cmocka_unit_test(test_duration_format),
		cmocka_unit_test(test_int),
		cmocka_unit_test(test_noun),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
