/* test_alloc.c - x_free() clears what it is given, and looks at it once. */
#include "unit.h"

#include "alloc.h"

static void
test_free_once(void **state)
{
	char *word[] = { x_strdup("a"), x_strdup("b"), NULL }, **at = word;

	(void)state;
	x_free(at++);
	assert_ptr_equal(at, word + 1);
	assert_null(word[0]);
	assert_string_equal(word[1], "b");
	x_free(at++);
	x_free(at++); /* NULL is nothing to free */
	assert_ptr_equal(at, word + 3);
	assert_null(word[1]);
}

static void
test_free_of_struct(void **state)
{
	struct pair {
		int a, b;
	} *pair = x_new(struct pair), **pairp = &pair;

	(void)state;
	x_free(pairp);
	assert_null(pair);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_free_once),
		cmocka_unit_test(test_free_of_struct),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
