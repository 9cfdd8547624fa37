/* test_words.c - commands split into words, and nothing expanded. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "words.h"

static void
test_split(void **state)
{
	static const struct {
		const char *text, *words;
	} rows[] = {
		{ "a", "a|" },
		{ "  a\t b\n", "a|b|" },
		{ "a 'b c' d", "a|b c|d|" },
		{ "a \"b c\"d'e f'", "a|b cde f|" },
		{ "''", "|" },
		{ "a \"\" b", "a||b|" },
		{ "'a\\b\"c'", "a\\b\"c|" },
		{ "\"a\\\"b\\\\c\\d\"", "a\"b\\c\\d|" },
		{ "a\\ b", "a\\|b|" },
		{ "$HOME `x` *.c ; | > f", "$HOME|`x`|*.c|;|||>|f|" },
		{ "${a.b} \"${c} d\"", "${a.b}|${c} d|" },
	};
	struct words w;
	struct buf b;

	(void)state;
	buf_init(&b, 1000);
	for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
		struct err err;

		buf_clear(&b);
		if (words_split(rows[i].text, &w, NULL, &err) < 0)
			fail_msg("%s: %s", rows[i].text, err.text);
		for (size_t n = 0; n < w.n; n++)
			(void)buf_addf(&b, "%s|", w.word[n]);
		assert_null(w.word[w.n]);
		assert_string_equal(buf_str(&b), rows[i].words);
		words_free(&w);
	}
	buf_free(&b);
}

static void
test_errors(void **state)
{
	static const struct {
		const char *text;
		size_t column;
	} rows[] = {
		{ "", 1 },	  { "  ", 1 },	   { "a 'b", 3 },
		{ "ab\"c d", 3 }, { "a \"b\\\"", 3 },
	};
	struct words w;

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
		struct err err = { 0 };
		size_t column = 0;

		assert_int_equal(words_split(rows[i].text, &w, &column, &err),
				 -1);
		assert_int_equal(column, rows[i].column);
		assert_int_equal(err.code, ERR_USAGE);
		assert_null(w.word);
	}
}

static void
test_join(void **state)
{
	static const char *const in[] = { "a", "b c", "", "d\"e", "f\\g",
					  "h'\\\"", "${x}" };
	struct words w;
	char *text;

	(void)state;
	text = words_join(in, UNIT_COUNT(in));
	assert_int_equal(words_split(text, &w, NULL, NULL), 0);
	assert_int_equal(w.n, UNIT_COUNT(in));
	for (size_t i = 0; i < w.n; i++)
		assert_string_equal(w.word[i], in[i]);
	words_free(&w);
	free(text);
}

static void
a_shell_reads_back_what_is_quoted(void **state)
{
	static const char *const in[] = { "a", "b c", "", "d\"e", "f\\g", "*",
					  "h'\\\"", "${HOME}", "$HOME", "a;b",
					  "x=1", "~", "`id`", "#", "!", "-n" };
	struct buf command;
	FILE *shell;
	char line[64];

	(void)state;
	buf_init(&command, 4096);
	(void)buf_adds(&command, "printf '%s\\n'");
	for (size_t i = 0; i < UNIT_COUNT(in); i++) {
		(void)buf_addc(&command, ' ');
		words_for_shell(&command, in[i]);
	}
	shell = popen(buf_str(&command), "r");
	assert_non_null(shell);
	for (size_t i = 0; i < UNIT_COUNT(in); i++) {
		assert_non_null(fgets(line, sizeof(line), shell));
		line[strcspn(line, "\n")] = '\0';
		assert_string_equal(line, in[i]);
	}
	assert_int_equal(pclose(shell), 0);
	buf_free(&command);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_join),
		cmocka_unit_test(a_shell_reads_back_what_is_quoted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
