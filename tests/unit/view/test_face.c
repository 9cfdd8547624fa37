/* test_face.c - hostile text, widths, bars, signs. */
#include "unit.h"

#include <locale.h>
#include <string.h>

#include "face.h"

static const struct face plain = { .utf8 = true };
static const struct face ascii = { .utf8 = false };

static void
test_hostile(void **state)
{
	static const struct {
		const char *text, *shown;
	} rows[] = {
		{ "mail01", "mail01" },
		{ "a\033]0;owned\007"
		  "b",
		  "a\\x1b]0;owned\\x07b" },
		{ "one\rtwo\nthree", "one\\x0dtwo\\x0athree" },
		{ "\xc2\x9b"
		  "31m",
		  "\\xc2\\x9b31m" },
		{ "left\xe2\x80\xae"
		  "tfel",
		  "left\\xe2\\x80\\xaetfel" },
		{ "\xff\xfe", "\\xff\\xfe" },
		{ "J\xc3\xbc"
		  "rgen",
		  "J\xc3\xbc"
		  "rgen" },
		{ "%s%n", "%s%n" },
	};
	struct buf out;

	(void)state;
	buf_init(&out, 1000);
	for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
		buf_clear(&out);
		face_text(&out, &plain, rows[i].text);
		assert_string_equal(buf_str(&out), rows[i].shown);
	}
	buf_clear(&out);
	face_text(&out, &ascii,
		  "J\xc3\xbc"
		  "rgen");
	assert_string_equal(buf_str(&out), "J\\xc3\\xbcrgen");
	buf_free(&out);
}

static void
test_width_and_clip(void **state)
{
	struct buf out;

	(void)state;
	assert_int_equal(face_width(""), 0);
	assert_int_equal(face_width("mail01"), 6);
	assert_int_equal(face_width("\033[32m✓ done\033[0m"), 6);
	buf_init(&out, 1000);
	face_clip(&out, &plain, "doveadm director update", 8);
	assert_string_equal(buf_str(&out), "doveadm…");
	buf_clear(&out);
	face_clip(&out, &ascii, "doveadm director update", 8);
	assert_string_equal(buf_str(&out), "doveadm~");
	buf_clear(&out);
	face_clip(&out, &plain, "doveadm", 7);
	assert_string_equal(buf_str(&out), "doveadm");
	buf_free(&out);
}

static void
test_line(void **state)
{
	const struct face narrow = { .utf8 = true, .colour = true, .width = 4 };
	struct buf out;

	(void)state;
	buf_init(&out, 1000);
	face_line(&out, &narrow, "\033[31mabcdef\033[0m");
	assert_string_equal(buf_str(&out), "\033[31mabcd\033[0m");
	buf_free(&out);
}

/* Nothing is lost: at blanks where there are some, else where it is full. */
static void
test_fold(void **state)
{
	const struct face f = { .utf8 = true, .whole = true, .width = 24 };
	struct buf out;

	(void)state;
	buf_init(&out, 1000);
	face_line(&out, &f, "just as wide as it may be ");
	(void)buf_addc(&out, '|');
	face_line(&out, &f, "  now   one and two and three "
		  "0123456789012345678901234");
	assert_string_equal(buf_str(&out),
			    "just as wide as it may\n        be|"
			    "  now   one and two and\n"
			    "        three 0123456789\n"
			    "        012345678901234");
	buf_free(&out);
}

static void
test_bar(void **state)
{
	static const struct {
		double percent;
		const char *bar;
	} rows[] = {
		{ 0, "[..........]" },	 { 1, "[>.........]" },
		{ 39, "[===>......]" },	 { 99, "[=========>]" },
		{ 100, "[==========]" }, { 170, "[==========]" },
		{ -5, "[..........]" },
	};
	struct buf out;

	(void)state;
	buf_init(&out, 1000);
	for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
		buf_clear(&out);
		face_bar(&out, rows[i].percent, 12);
		assert_string_equal(buf_str(&out), rows[i].bar);
	}
	buf_free(&out);
}

static void
test_spark(void **state)
{
	static const double values[] = { 412, 200, 16, 0 };
	struct buf out;

	(void)state;
	buf_init(&out, 1000);
	face_spark(&out, &plain, values, 4);
	face_spark(&out, &ascii, values, 4);
	assert_string_equal(buf_str(&out), "█▄▁▁8400");
	buf_free(&out);
}

static void
test_sign(void **state)
{
	struct buf out;
	const struct face colour = { .utf8 = true, .colour = true };

	(void)state;
	assert_string_equal(face_sign(&plain, "held"), "✗");
	assert_string_equal(face_sign(&ascii, "held"), "!");
	assert_string_equal(face_sign(&plain, "no such word"), " ");
	buf_init(&out, 1000);
	face_tinted(&out, &colour, face_tint("held"), "held");
	face_tinted(&out, &plain, face_tint("held"), "held");
	assert_string_equal(buf_str(&out), "\033[31mheld\033[0mheld");
	buf_free(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_width_and_clip),
		cmocka_unit_test(test_line),
		cmocka_unit_test(test_fold),
		cmocka_unit_test(test_bar),
		cmocka_unit_test(test_spark),
		cmocka_unit_test(test_sign),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
