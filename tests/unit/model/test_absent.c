/* test_absent.c - every combination of what the others may say. */
#include "unit.h"

#include "absent.h"

enum { OTHERS = 4 };

static bool
has(const enum tri *up, size_t n, enum tri value)
{
	for (size_t i = 0; i < n; i++)
		if (up[i] == value)
			return true;
	return false;
}

/* Of n others the case-th answer; how many cases there are. */
static unsigned int
answers(unsigned int nr, size_t n, enum tri *up)
{
	unsigned int cases = 1;

	for (size_t i = 0; i < n; i++) {
		up[i] = (enum tri)(nr % 3);
		nr /= 3;
		cases *= 3;
	}
	return cases;
}

static void
is_one(enum tri ready, const enum tri *up, size_t n)
{
	enum tri is = absent_by_others(ready, up, n);

	/* a proof: somebody was asked, all are ready, all say no */
	assert_int_equal(is == TRI_TRUE, n > 0 && ready == TRI_TRUE &&
			 !has(up, n, TRI_TRUE) && !has(up, n, TRI_UNKNOWN));
	/* who is seen by one is there, whatever the rest is */
	assert_int_equal(is == TRI_FALSE, has(up, n, TRI_TRUE));
}

static void
gone_is_what_all_others_say(void **state)
{
	static const enum tri readies[] = { TRI_FALSE, TRI_TRUE, TRI_UNKNOWN };
	enum tri up[OTHERS] = { TRI_FALSE };

	(void)state;
	for (size_t n = 0; n <= OTHERS; n++)
		for (unsigned int nr = 0; nr < answers(nr, n, up); nr++)
			for (size_t r = 0; r < UNIT_COUNT(readies); r++)
				is_one(readies[r], up, n);
}

static void
listed_is_what_one_other_says(void **state)
{
	enum tri up[OTHERS] = { TRI_FALSE };

	(void)state;
	assert_int_equal(listed_by_others(up, 0), TRI_TRUE);
	for (size_t n = 1; n <= OTHERS; n++)
		for (unsigned int nr = 0; nr < answers(nr, n, up); nr++)
			assert_int_equal(listed_by_others(up, n),
				has(up, n, TRI_TRUE) ? TRI_TRUE :
				has(up, n, TRI_UNKNOWN) ? TRI_UNKNOWN :
				TRI_FALSE);
}

/* Nobody is at once listed and gone. */
static void
never_both(void **state)
{
	enum tri up[OTHERS] = { TRI_FALSE };

	(void)state;
	for (size_t n = 1; n <= OTHERS; n++)
		for (unsigned int nr = 0; nr < answers(nr, n, up); nr++)
			assert_false(
				listed_by_others(up, n) == TRI_TRUE &&
				absent_by_others(TRI_TRUE, up, n) == TRI_TRUE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gone_is_what_all_others_say),
		cmocka_unit_test(listed_is_what_one_other_says),
		cmocka_unit_test(never_both),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
