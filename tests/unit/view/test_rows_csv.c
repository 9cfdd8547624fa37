/* test_rows_csv.c - rows as CSV: quoted where it must be, harmless always. */
#include <stdio.h>

#include "unit.h"

#include "rows_csv.h"

/* What comes out of these rows, which are gone then. */
static void
csv_is(struct rows **rows, const char *text)
{
	struct buf out;

	buf_init(&out, 4096);
	rows_csv(&out, *rows);
	assert_string_equal(buf_str(&out), text);
	buf_free(&out);
	rows_free(rows);
}

static void
test_csv(void **state)
{
	static const char *const plain[] = { "mail01", "12", NULL };
	static const char *const quoted[] = { "a,b", "say \"no\"", "" };
	static const char *const hostile[] = {
		"\033]0;owned\007", "a\r\nb,\xe2\x80\xae", "\xff"
	};
	struct rows *r = rows_new(3);

	(void)state;
	rows_column(r, 0, "backend", CELL_TEXT);
	rows_column(r, 1, "users", CELL_NUMBER);
	rows_column(r, 2, "why", CELL_TEXT);
	rows_add(r, plain);
	rows_add(r, quoted);
	rows_add(r, hostile);
	csv_is(&r, "backend,users,why\r\n"
		   "mail01,12,\r\n"
		   "\"a,b\",\"say \"\"no\"\"\",\r\n"
		   "\\x1b]0;owned\\x07,"
		   "\"a\\x0d\\x0ab,\\xe2\\x80\\xae\",\\xff\r\n");
}

/* text is a host's or a person's; a number and a span are ours */
static void
test_formula(void **state)
{
	static const char *const begins[] = { "=", "+", "-", "@" };
	struct rows *r = rows_new(3);

	(void)state;
	rows_column(r, 0, "why", CELL_TEXT);
	rows_column(r, 1, "delta", CELL_NUMBER);
	rows_column(r, 2, "starts_in", CELL_SPAN);
	for (size_t i = 0; i < UNIT_COUNT(begins); i++) {
		char text[40];
		const char *cells[] = { text, "-1", "-00:01:00" };

		(void)snprintf(text, sizeof(text), "%scmd|' /C x'!A0,1",
			       begins[i]);
		rows_add(r, cells);
	}
	rows_add(r, (const char *const[]){ "a=b", "+2", "1 day" });
	csv_is(&r, "why,delta,starts_in\r\n"
		   "\"'=cmd|' /C x'!A0,1\",-1,-00:01:00\r\n"
		   "\"'+cmd|' /C x'!A0,1\",-1,-00:01:00\r\n"
		   "\"'-cmd|' /C x'!A0,1\",-1,-00:01:00\r\n"
		   "\"'@cmd|' /C x'!A0,1\",-1,-00:01:00\r\n"
		   "a=b,+2,1 day\r\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_csv),
		cmocka_unit_test(test_formula),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
