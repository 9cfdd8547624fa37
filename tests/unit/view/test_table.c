/* test_table.c - columns, widths, what goes when it is narrow. */
#include "unit.h"

#include <locale.h>

#include "table.h"

static const struct column columns[] = {
	{ .title = "BACKEND", .name = "backend" },
	{ .title = "STATE", .name = "state", .show = SHOW_STATE },
	{ .title = "TOOK", .name = "took", .show = SHOW_SPAN },
	{ .title = "EMPTY", .name = "empty" },
	{ .title = "RACK", .name = "rack", .drop = 2 },
	{ .title = "NOTE", .name = "note", .drop = 1 },
	{ .title = NULL },
};

static struct rows *
rows_make(void)
{
	static const char *const names[] = { "backend", "state", "took",
					     "empty",	"rack",	 "note" };
	static const char *const one[] = { "mail01", "done", "00:21:11",
					   NULL,     "a",    "x" };
	static const char *const two[] = {
		"mail02\033[2J", "held", NULL, NULL, "b", "disk replaced"
	};
	struct rows *r = rows_new(6);

	for (size_t i = 0; i < 6; i++)
		rows_column(r, i, names[i], i == 2 ? CELL_SPAN : CELL_TEXT);
	rows_add(r, one);
	rows_add(r, two);
	return r;
}

static void
assert_table(struct rows *r, size_t width, const char *expected)
{
	const struct face f = { .utf8 = true, .width = width };
	struct buf out;

	buf_init(&out, 10000);
	table_write(&out, &f, r, columns);
	assert_string_equal(buf_str(&out), expected);
	buf_free(&out);
}

static void
test_widths(void **state)
{
	struct rows *r = rows_make();

	(void)state;
	assert_table(r, 0,
		     "BACKEND        STATE      TOOK  RACK  NOTE\n"
		     "mail01         ✓ done  21m 11s  a     x\n"
		     "mail02\\x1b[2J  ✗ held           b     disk replaced\n");
	/* the highest drop goes first, then the next */
	assert_table(r, 50,
		     "BACKEND        STATE      TOOK  NOTE\n"
		     "mail01         ✓ done  21m 11s  x\n"
		     "mail02\\x1b[2J  ✗ held           disk replaced\n");
	assert_table(r, 34,
		     "BACKEND        STATE      TOOK\n"
		     "mail01         ✓ done  21m 11s\n"
		     "mail02\\x1b[2J  ✗ held\n");
	/* what may not go is cut */
	assert_table(r, 10, "BACKEND\nmail01\nmail02\\x1b\n");
	rows_free(&r);
}

static void
test_empty(void **state)
{
	(void)state;
	assert_table(NULL, 0, "BACKEND  STATE  TOOK  EMPTY  RACK  NOTE\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_widths),
		cmocka_unit_test(test_empty),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
