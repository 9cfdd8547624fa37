/* test_when.c - spans and points of time, by tables. */
#include "unit.h"

#include <stdlib.h>
#include <time.h>

#include "when.h"

#define BAD (-12345.0)

static void
test_parse_span(void **state)
{
	static const struct {
		const char *text;
		double seconds;
	} rows[] = {
		{ "00:00:00", 0 },
		{ "00:09:02", 542 },
		{ "01:58:30.5", 7110.5 },
		{ "-00:00:01", -1 },
		{ "1 day", 86400 },
		{ "3 days 02:00:00", 266400 },
		{ "1 mon 1 day", 2678400 },
		{ "1 day -00:00:01", 86399 },
		{ "250:00:00", 900000 },
		{ "", BAD },
		{ "soon", BAD },
		{ "1 week", BAD },
		{ "00:00:00x", BAD },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
		double seconds = BAD;
		int ret = when_parse_span(rows[i].text, &seconds);

		if (seconds != rows[i].seconds)
			fail_msg("%s: %f", rows[i].text, seconds);
		assert_int_equal(ret, rows[i].seconds == BAD ? -1 : 0);
	}
}

static void
test_parse_time(void **state)
{
	static const struct {
		const char *text;
		double seconds;
	} rows[] = {
		{ "1970-01-01 00:00:00+00", 0 },
		{ "2026-11-22 00:32:05.25+00", 1795307525.25 },
		{ "2026-11-22T02:32:05+02", 1795307525 },
		{ "2026-11-22 06:02:05+05:30", 1795307525 },
		{ "2026-11-21 21:02:05-03:30", 1795307525 },
		{ "infinity", BAD },
		{ "2026-11-22", BAD },
		{ "", BAD },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
		double seconds = BAD;
		int ret = when_parse_time(rows[i].text, &seconds);

		if (seconds != rows[i].seconds)
			fail_msg("%s: %f", rows[i].text, seconds);
		assert_int_equal(ret, rows[i].seconds == BAD ? -1 : 0);
	}
}

static void
test_span(void **state)
{
	static const struct {
		double seconds;
		const char *text;
	} rows[] = {
		{ 0, "0s" },	       { 0.35, "350ms" },
		{ 0.0001, "1ms" },     { 3, "3s" },
		{ 3.7, "3s" },	       { 59.9996, "1m 00s" },
		{ 542, "9m 02s" },     { 3599, "59m 59s" },
		{ 3600, "1h 00m" },    { 7800, "2h 10m" },
		{ 172799, "47h 59m" }, { 172800, "2d" },
		{ 3542400, "41d" },    { -61, "-1m 01s" },
	};
	struct buf out;

	(void)state;
	buf_init(&out, 100);
	for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
		buf_clear(&out);
		when_span(&out, rows[i].seconds);
		assert_string_equal(buf_str(&out), rows[i].text);
	}
	buf_free(&out);
}

static void
test_day_and_rfc3339(void **state)
{
	struct buf out;

	(void)state;
	setenv("TZ", "UTC", 1);
	tzset();
	buf_init(&out, 200);
	when_day(&out, 1795307525, 1795307600);
	when_day(&out, 1763771525, 1795307600);
	assert_string_equal(buf_str(&out), "22 Nov 00:3222 Nov 2025 00:32");
	buf_clear(&out);
	when_rfc3339(&out, "2026-11-22 00:32:05.25+00");
	when_rfc3339(&out, "infinity");
	assert_string_equal(buf_str(&out), "2026-11-22T00:32:05.250Zinfinity");
	buf_free(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse_span),
		cmocka_unit_test(test_parse_time),
		cmocka_unit_test(test_span),
		cmocka_unit_test(test_day_and_rfc3339),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
