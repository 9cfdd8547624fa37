/* test_buf.c - the growing buffer and its bound. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "buf.h"

static void
test_bound(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 5);
	assert_string_equal(buf_str(&b), "");
	assert_int_equal(buf_adds(&b, "abc"), 0);
	assert_int_equal(buf_adds(&b, "def"), -1);
	assert_true(buf_over(&b));
	assert_string_equal(buf_str(&b), "abc");
	assert_int_equal(buf_adds(&b, "de"), 0);
	assert_true(buf_over(&b));
	assert_int_equal(buf_addc(&b, 'f'), -1);
	buf_clear(&b);
	assert_false(buf_over(&b));
	assert_int_equal(b.len, 0);
	buf_free(&b);
}

static void
test_drop_take(void **state)
{
	struct buf b;
	char *s;

	(void)state;
	buf_init(&b, 1 << 20);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(buf_addf(&b, "%03d,", i), 0);
	assert_int_equal(b.len, 4000);
	buf_drop(&b, 3996);
	assert_string_equal(buf_str(&b), "999,");
	buf_drop(&b, 3);
	buf_drop(&b, 100);
	assert_string_equal(buf_str(&b), "");
	assert_int_equal(buf_add(&b, "a\0b", 3), 0);
	assert_int_equal(b.len, 3);
	s = buf_take(&b);
	assert_memory_equal(s, "a\0b", 4);
	assert_int_equal(b.len, 0);
	free(s);
	s = buf_take(&b);
	assert_string_equal(s, "");
	free(s);
	buf_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bound),
		cmocka_unit_test(test_drop_take),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
