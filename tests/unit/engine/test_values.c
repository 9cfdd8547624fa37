/* test_values.c - what agents told is let go of once it decides nothing. */
#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "fleet.h"

enum { STEPS = 100, TRIES = 3 };

static struct fleet f;

static int
setup(void **state)
{
	(void)state;
	memset(&f, 0, sizeof(f));
	f.view.detail = -1;
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	results_clear(&f);
	looks_clear(&f.looks);
	view_clear(&f.view);
	return 0;
}

/* A try of the newest step, of which the agent told the end. */
static struct view_attempt *
told(int step, int nr)
{
	struct view_attempt *a = view_attempt_add(&f.view.steps[step]);

	snprintf(a->id, sizeof(a->id), "%d-%d", step, nr);
	a->state = ATTEMPT_SENT;
	looks_agent_get(&f.looks, a->id)->state = AGENT_ENDED;
	result_set(&f, a->id, "{\"exit\":1}");
	return a;
}

static void
a_long_turn_keeps_what_runs(void **state)
{
	(void)state;
	for (int s = 0; s < STEPS; s++) {
		view_step_add(&f.view)->state = STEP_RUNNING;
		for (int i = 0; i < TRIES; i++) {
			told(s, i)->state = ATTEMPT_ENDED;
			step_let_go(&f, s);
			assert_int_equal(f.looks.nagents, 0);
			assert_int_equal(f.nresults, i + 1);
		}
		f.view.steps[s].state = STEP_PASSED;
		step_let_go(&f, s);
		assert_int_equal(f.nresults, 0);
	}
}

/* Its expect, or a person's answer, may still speak of the result. */
static void
an_unsettled_step_keeps_its_result(void **state)
{
	static const enum step_state states[] = {
		STEP_RUNNING, STEP_FAILED, STEP_UNKNOWN,
	};

	(void)state;
	view_step_add(&f.view);
	told(0, 0)->state = ATTEMPT_ENDED;
	for (size_t i = 0; i < UNIT_COUNT(states); i++) {
		f.view.steps[0].state = states[i];
		step_let_go(&f, 0);
		assert_non_null(result_get(&f, "0-0", NULL));
	}
}

static void
what_is_in_flight_stays(void **state)
{
	(void)state;
	view_step_add(&f.view)->state = STEP_RUNNING;
	told(0, 0)->state = ATTEMPT_ENDED;
	told(0, 1);
	step_let_go(&f, 0);
	assert_null(looks_agent(&f.looks, "0-0"));
	assert_non_null(looks_agent(&f.looks, "0-1"));
	assert_non_null(result_get(&f, "0-0", NULL));
	assert_non_null(result_get(&f, "0-1", NULL));
}

/* An answer that came after all was written, or of another turn. */
static void
what_comes_late_does_not_stay(void **state)
{
	(void)state;
	view_step_add(&f.view)->state = STEP_PASSED;
	told(0, 0)->state = ATTEMPT_ENDED;
	attempt_let_go(&f, "0-0");
	looks_agent_get(&f.looks, "gone")->state = AGENT_RUNNING;
	result_set(&f, "gone", "{}");
	attempt_let_go(&f, "gone");
	assert_int_equal(f.looks.nagents, 0);
	assert_int_equal(f.nresults, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(a_long_turn_keeps_what_runs),
		T(an_unsettled_step_keeps_its_result),
		T(what_is_in_flight_stays),
		T(what_comes_late_does_not_stay),
#undef T
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
