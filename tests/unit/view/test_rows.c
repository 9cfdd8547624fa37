/* test_rows.c - cells by name, and the same rows as JSON. */
#include "unit.h"

#include "array.h"
#include "rows.h"
#include "rows_json.h"

static const struct {
	const char *name;
	enum cell_kind kind;
	const char *text;
} cells[] = {
	{ "backend", CELL_TEXT, "mail\033[31m01" },
	{ "users", CELL_NUMBER, "16" },
	{ "in_service", CELL_BOOL, "t" },
	{ "labels", CELL_JSON, "{\"rack\": \"a\\u001b\"}" },
	{ "elapsed", CELL_SPAN, "00:09:02.5" },
	{ "seen_at", CELL_TIME, "2026-11-22 00:32:05.25+00" },
	{ "argv", CELL_LIST, "{doveadm,\"a b\",NULL,\"q\\\"\"}" },
	{ "why", CELL_TEXT, NULL },
};

static struct rows *
rows_make(void)
{
	struct rows *r = rows_new(UNIT_COUNT(cells));
	const char *texts[UNIT_COUNT(cells)];

	for (size_t i = 0; i < UNIT_COUNT(cells); i++) {
		rows_column(r, i, cells[i].name, cells[i].kind);
		texts[i] = cells[i].text;
	}
	rows_add(r, texts);
	return r;
}

static void
test_by_name(void **state)
{
	struct rows *r = rows_make();

	(void)state;
	assert_int_equal(rows_count(r), 1);
	assert_int_equal(rows_int(r, 0, "users"), 16);
	assert_true(rows_bool(r, 0, "in_service"));
	assert_true(rows_seconds(r, 0, "elapsed") == 542.5);
	assert_true(rows_seconds(r, 0, "seen_at") == 1795307525.25);
	assert_null(rows_text(r, 0, "why"));
	assert_string_equal(rows_str(r, 0, "why"), "");
	assert_null(rows_text(r, 0, "no such column"));
	assert_null(rows_text(r, 1, "users"));
	assert_true(rows_seconds(r, 0, "why") == -1);
	rows_free(&r);
	assert_null(r);
	assert_int_equal(rows_count(r), 0);
}

static void
test_json(void **state)
{
	struct rows *r = rows_make();
	struct buf out;

	(void)state;
	buf_init(&out, 10000);
	rows_json_list(&out, "backends", r);
	assert_string_equal(
		buf_str(&out),
		"{\"api\":1,\"backends\":[{"
		"\"backend\":\"mail\\u001b[31m01\",\"users\":16,"
		"\"in_service\":true,\"labels\":{\"rack\":\"a\\u001b\"},"
		"\"elapsed\":542.5,\"seen_at\":\"2026-11-22T00:32:05.250Z\","
		"\"argv\":[\"doveadm\",\"a b\",null,\"q\\\"\"],"
		"\"why\":null}]}\n");
	buf_free(&out);
	rows_free(&r);
}

static void
test_array_words(void **state)
{
	const struct face f = { .utf8 = true };
	struct buf out;

	(void)state;
	buf_init(&out, 10000);
	array_write_words(&out, &f, "{doveadm,\"a b\"}");
	(void)buf_addc(&out, '|');
	array_write_words(&out, &f, "{}");
	(void)buf_addc(&out, '|');
	array_write_words(&out, &f, "{\"cut");
	(void)buf_addc(&out, '|');
	array_write_words(&out, &f, "no array");
	assert_string_equal(buf_str(&out), "doveadm \"a b\"||{\"cut|no array");
	buf_free(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_by_name),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_array_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
