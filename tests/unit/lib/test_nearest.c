/* test_nearest.c - "did you mean": begun or nearly so, else nothing. */
#include "unit.h"

#include <string.h>

#include "nearest.h"

static const struct {
	const char *word, *near;
} words[] = {
	{ "bakcend", "backend" }, { "chek", "check" },
	{ "sttatus", "status" },  { "zebra", NULL },
	/* begun, though another is one edit away */
	{ "stat", "status" },	  { "star", "start" },
	{ "starx", "start" },
	/* two edits make any word of two letters */
	{ "x", NULL },		  { "", NULL },
	{ "ax", "at" },		  { "xy", NULL },
};

static void
nearest_is_near(void **state)
{
	static const char *const names[] = { "backend", "check", NULL, "at",
					     "start", "status" };

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT(words); i++) {
		const char *near =
			nearest_name(words[i].word, names, UNIT_COUNT(names));

		if (words[i].near == NULL)
			assert_null(near);
		else
			assert_string_equal(near, words[i].near);
	}
}

static void
long_words_are_far(void **state)
{
	static const char *const names[] = { "check" };
	char word[1000];

	(void)state;
	memset(word, 'c', sizeof(word) - 1);
	word[sizeof(word) - 1] = '\0';
	assert_null(nearest_name(word, names, 1));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nearest_is_near),
		cmocka_unit_test(long_words_are_far),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
