/* test_refused.c - what was refused for good: known, bounded, let go of. */
#include "unit.h"

#include <stdio.h>

#include "refused.h"

static void
name(char id[UUID_TEXT_SIZE], unsigned int n)
{
	snprintf(id, UUID_TEXT_SIZE, "f1ee7000-0000-4000-8000-%012u", n);
}

static void
add(struct refusals *r, unsigned int n, enum wire_code code, const char *why)
{
	char id[UUID_TEXT_SIZE];

	name(id, n);
	refusals_add(r, id, code, why, "rm it");
}

static const struct refused *
find(const struct refusals *r, unsigned int n)
{
	char id[UUID_TEXT_SIZE];

	name(id, n);
	return refusals_find(r, id);
}

static void
test_known(void **state)
{
	char why[] = "anna works here";
	struct refusals r;

	(void)state;
	refusals_init(&r);
	assert_null(find(&r, 1));
	add(&r, 1, WIRE_CODE_HOLD, why);
	why[0] = 'A';
	add(&r, 2, WIRE_CODE_ALLOW, why);
	assert_int_equal(find(&r, 1)->code, WIRE_CODE_HOLD);
	assert_string_equal(find(&r, 1)->why, "anna works here");
	assert_string_equal(find(&r, 1)->hint, "rm it");
	assert_int_equal(find(&r, 2)->code, WIRE_CODE_ALLOW);
	assert_null(find(&r, 3));
	refusals_free(&r);
	assert_null(find(&r, 1));
}

static void
test_bounded(void **state)
{
	struct refusals r;

	(void)state;
	refusals_init(&r);
	for (unsigned int n = 0; n <= REFUSED_MAX; n++)
		add(&r, n, WIRE_CODE_HOLD, "no");
	assert_int_equal(r.n, REFUSED_MAX);
	assert_null(find(&r, 0));
	assert_non_null(find(&r, 1));
	assert_non_null(find(&r, REFUSED_MAX));
	refusals_free(&r);
	assert_int_equal(r.n, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known),
		cmocka_unit_test(test_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
