/* test_screen.c - only our own lines are repainted. */
#include "unit.h"

#include "screen.h"

static void
test_frames(void **state)
{
	struct screen s = { 0 };
	struct buf out;

	(void)state;
	buf_init(&out, 4096);
	screen_frame(&s, &out, "one\ntwo\n", 24);
	assert_string_equal(buf_str(&out), "one\033[K\ntwo\033[K\n\033[J");
	assert_int_equal(s.painted, 2);
	/* shorter: up by what was painted, the rest is cleared */
	buf_clear(&out);
	screen_frame(&s, &out, "three\n", 24);
	assert_string_equal(buf_str(&out), "\033[2A\rthree\033[K\n\033[J");
	/* higher than the terminal: what would scroll away is not painted */
	buf_clear(&out);
	screen_frame(&s, &out, "1\n2\n3\n4\n", 3);
	assert_string_equal(buf_str(&out), "\033[1A\r1\033[K\n2\033[K\n\033[J");
	assert_int_equal(s.painted, 2);
	buf_free(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frames),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
