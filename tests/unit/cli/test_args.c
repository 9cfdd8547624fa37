/* test_args.c - flags before and after the verb, and everything refused. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "args.h"

enum { ARGV_MAX = 16 };

/* argv from one text, split at blanks; '_' stands for an empty word */
static int
parse(struct args *a, char *text, struct err *err)
{
	static char empty[] = "";
	static char *argv[ARGV_MAX];
	int argc = 0;
	char *word;

	for (word = strtok(text, " "); word != NULL; word = strtok(NULL, " "))
		argv[argc++] = strcmp(word, "_") == 0 ? empty : word;
	argv[argc] = NULL;
	return args_parse(a, argc, argv, err);
}

static void
test_places(void **state)
{
	static const char *const texts[] = {
		"drydock -o json pause 17 --reason r -q",
		"drydock --reason=r -qojson pause 17",
		"drydock pause --format json -q 17 --reason r",
		"drydock -q pause -ojson --reason r -- 17",
	};

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT(texts); i++) {
		char text[200];
		struct args a;

		strcpy(text, texts[i]);
		assert_int_equal(parse(&a, text, NULL), 0);
		assert_int_equal(a.nwords, 2);
		assert_string_equal(a.words[0], "pause");
		assert_string_equal(a.words[1], "17");
		assert_string_equal(args_value(&a, FLAG_FORMAT), "json");
		assert_string_equal(args_value(&a, FLAG_REASON), "r");
		assert_true(args_has(&a, FLAG_QUIET));
		assert_false(args_has(&a, FLAG_YES));
		args_free(&a);
	}
}

static void
test_many_and_dashes(void **state)
{
	char text[] = "drydock plan p -e a=1 --var b=2 -ec=3 - -- -q --";
	struct args a;

	(void)state;
	assert_int_equal(parse(&a, text, NULL), 0);
	assert_string_equal(args_nth(&a, FLAG_VAR, 0), "a=1");
	assert_string_equal(args_nth(&a, FLAG_VAR, 1), "b=2");
	assert_string_equal(args_nth(&a, FLAG_VAR, 2), "c=3");
	assert_null(args_nth(&a, FLAG_VAR, 3));
	assert_int_equal(a.nwords, 5);
	assert_string_equal(a.words[2], "-");
	assert_string_equal(a.words[3], "-q");
	assert_string_equal(a.words[4], "--");
	args_free(&a);
}

static void
test_refused(void **state)
{
	static const struct {
		const char *text, *why;
	} rows[] = {
		{ "drydock --flet x", "unknown option --flet; "
				      "did you mean --fleet?" },
		{ "drydock --nonsense", "unknown option --nonsense" },
		{ "drydock -qZ", "unknown option -Z" },
		{ "drydock pause --reason",
		  "--reason wants a value: --reason TEXT" },
		{ "drydock --fleet _", "--fleet wants a value: --fleet NAME" },
		{ "drydock --fleet=", "--fleet wants a value: --fleet NAME" },
		{ "drydock --yes=1", "--yes takes no value" },
		{ "drydock -q -q", "--quiet is given twice" },
		{ "drydock -qqqqqq", "--quiet is given twice" },
		{ "drydock --fleet a --fleet b", "--fleet is given twice" },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
		struct err err = { 0 };
		char text[200];
		struct args a;

		strcpy(text, rows[i].text);
		assert_int_equal(parse(&a, text, &err), -1);
		assert_string_equal(err.text, rows[i].why);
		assert_int_equal(err.code, ERR_USAGE);
		args_free(&a);
	}
}

/* What was typed can be pasted with one flag more, or another value of it. */
static void
test_again(void **state)
{
	static const struct {
		const char *text;
		enum flag_id flag;
		const char *value, *again;
	} rows[] = {
		{ "drydock start 17", FLAG_YES, NULL,
		  "drydock start 17 --yes" },
		{ "drydock -qojson start it's -e a=$b --only mail1",
		  FLAG_YES, NULL,
		  "drydock start 'it'\\''s' --quiet --format json "
		  "--var 'a=$b' --only mail1 --yes" },
		{ "drydock pause 17 --reason=x -y", FLAG_REASON, "\"...\"",
		  "drydock pause 17 --yes --reason \"...\"" },
		{ "drydock skip m --confirm us", FLAG_CONFIRM, "eu",
		  "drydock skip m --confirm eu" },
		{ "drydock status -d service=fleet", FLAG_FLEET, "eu",
		  "drydock status --database 'service=fleet' --fleet eu" },
		{ "drydock status -d password=s3cret", FLAG_FLEET, "eu",
		  "drydock status --database CONNINFO --fleet eu" },
		{ "drydock status -dpostgresql://a:s3cret@db/", FLAG_FLEET,
		  "eu", "drydock status --database CONNINFO --fleet eu" },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
		char text[200], *again;
		struct args a;

		strcpy(text, rows[i].text);
		(void)parse(&a, text, NULL);
		again = args_again(&a, rows[i].flag, rows[i].value);
		assert_string_equal(again, rows[i].again);
		free(again);
		args_free(&a);
	}
}

/* one list for the whole tree: no name and no letter twice */
static void
test_list(void **state)
{
	(void)state;
	for (int i = 0; i < FLAG_COUNT; i++) {
		for (int j = 0; j < i; j++) {
			assert_string_not_equal(flag_table[i].name,
						flag_table[j].name);
			assert_true(flag_table[i].letter == 0 ||
				    flag_table[i].letter !=
					    flag_table[j].letter);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_many_and_dashes),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_again),
		cmocka_unit_test(test_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
