/* test_refusal.c - when what was refused is decided again, and when it ends. */
#include "unit.h"

#include "plan.h"
#include "refusal.h"

enum { BEGIN = 1000, REVISION = 7 };

#define PASS WRITES_RULE(RULE_PASS)
#define STEP WRITES_RULE(RULE_BEGIN)

static struct refusal
begun(void)
{
	struct refusal r;

	refusal_begin(&r, 0, REVISION, BEGIN);
	return r;
}

static void
each_time_it_waits_longer(void **state)
{
	static const int64_t waits[] = { 3000, 6000, 12000, 24000, 48000,
					 60000, 60000 };
	struct refusal r = begun();

	(void)state;
	assert_int_equal(refusal_wait_ms(&r, REVISION, BEGIN), 0);
	for (size_t i = 0; i < UNIT_COUNT(waits); i++) {
		int64_t at = BEGIN + (int64_t)i * 100000;

		assert_int_equal(refusal_note(&r, STEP, REVISION,
					      at), i > 0);
		assert_int_equal(refusal_wait_ms(&r, REVISION, at), waits[i]);
		assert_int_equal(refusal_wait_ms(&r, REVISION, at + waits[i] -
						 1), 1);
		assert_int_equal(refusal_wait_ms(&r, REVISION, at + waits[i]),
				 0);
	}
}

static void
a_person_ends_the_wait_and_another_decision_is_a_first(void **state)
{
	struct refusal r = begun();

	(void)state;
	refusal_note(&r, STEP, REVISION, BEGIN);
	assert_true(refusal_note(&r, STEP, REVISION, BEGIN));
	assert_int_equal(refusal_wait_ms(&r, REVISION + 1, BEGIN), 0);
	assert_false(refusal_note(&r, STEP, REVISION + 1, BEGIN));
	assert_int_equal(refusal_wait_ms(&r, REVISION + 1, BEGIN), 3000);
}

/* Whether it is over once each of these was taken, in that order. */
static const struct {
	uint64_t refused[2], taken[2];
	bool over[2];
} orders[] = {
	{ { 0, 0 }, { 0, 0 }, { true, true } },
	{ { STEP, 0 }, { 0, STEP }, { false, true } },
	{ { STEP, STEP }, { STEP, 0 }, { true, true } },
	{ { PASS | STEP, PASS | STEP }, { PASS, STEP }, { false, true } },
	{ { WRITES_INCLUDE, 0 }, { STEP, WRITES_INCLUDE }, { false, true } },
	{ { WRITES_INCLUDE, STEP }, { STEP, WRITES_INCLUDE },
	  { false, true } },
	{ { WRITES_INCLUDE, STEP }, { STEP | WRITES_INCLUDE, 0 },
	  { true, true } },
};

static void
it_is_over_when_all_of_it_is_taken(void **state)
{
	(void)state;
	for (size_t i = 0; i < UNIT_COUNT(orders); i++) {
		struct refusal r = begun();

		for (int k = 0; k < 2; k++)
			refusal_note(&r, orders[i].refused[k], REVISION,
				     BEGIN);
		for (int k = 0; k < 2; k++)
			assert_int_equal(refusal_taken(&r, orders[i].taken[k],
						       REVISION),
					 orders[i].over[k]);
	}
}

static void
what_a_person_said_is_decided_instead(void **state)
{
	struct refusal r = begun();

	(void)state;
	refusal_note(&r, STEP, REVISION, BEGIN);
	assert_false(refusal_taken(&r, PASS, REVISION));
	assert_true(refusal_taken(&r, PASS, REVISION + 1));
}

static void
who_begins_knows_what_the_hold_says(void **state)
{
	struct refusal r;

	(void)state;
	refusal_begin(&r, STEP, REVISION, BEGIN);
	assert_int_equal(refusal_wait_ms(&r, REVISION, BEGIN), 0);
	assert_false(refusal_taken(&r, 0, REVISION));
	assert_false(refusal_taken(&r, PASS, REVISION));
	assert_true(refusal_taken(&r, STEP, REVISION));
}

static void
it_is_over_when_nothing_is_left_to_be_refused(void **state)
{
	struct refusal r = begun();

	(void)state;
	assert_false(refusal_rests(&r, BEGIN + 59999));
	assert_true(refusal_rests(&r, BEGIN + 60000));
	refusal_note(&r, STEP, REVISION, BEGIN);
	assert_false(refusal_rests(&r, BEGIN + 62999));
	assert_true(refusal_rests(&r, BEGIN + 63000));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_time_it_waits_longer),
		cmocka_unit_test(
			a_person_ends_the_wait_and_another_decision_is_a_first),
		cmocka_unit_test(it_is_over_when_all_of_it_is_taken),
		cmocka_unit_test(what_a_person_said_is_decided_instead),
		cmocka_unit_test(who_begins_knows_what_the_hold_says),
		cmocka_unit_test(it_is_over_when_nothing_is_left_to_be_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
