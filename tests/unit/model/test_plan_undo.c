/* test_plan_undo.c - what is put back, and what was begun at all. */
#include "unit.h"

#include "world_one.h"

static void
expect_rule(enum decision_kind kind, enum rule rule)
{
	world_expect(&w, kind, rule);
}

static void
undo_goes_in_reverse_and_proves_before_users_return(void **state)
{
	int undo[4], again = -1, n = 0, zero = -1;

	(void)state;
	world_at(&w, W_START);
	w.v.turns[0].state = TURN_HELD;
	w.v.turns[0].asked = ASK_RESTORE;
	w.v.steps[W_START].state = STEP_FAILED;
	w.v.steps[W_START].tries = 1;
	expect_rule(DECIDE_DO, RULE_ASKED);
	for (int i = 0; i < w.d.nops; i++) {
		if (w.d.ops[i].kind == OP_UNDO)
			undo[n++] = w.d.ops[i].step;
		if (w.d.ops[i].kind == OP_AGAIN)
			again = i;
		if (w.d.ops[i].kind == OP_UNDO &&
		    w.d.ops[i].step == W_ZERO)
			zero = i;
	}
	assert_int_equal(n, 2);
	assert_int_equal(undo[0], W_STOP);
	assert_int_equal(undo[1], W_ZERO);
	assert_true(again >= 0 && again < zero);
}

/* It failed: that says nothing of what it did before. */
static void
a_step_that_failed_is_undone_too(void **state)
{
	bool undone = false;

	(void)state;
	world_at(&w, W_STOP);
	w.v.turns[0].state = TURN_HELD;
	w.v.turns[0].asked = ASK_RESTORE;
	w.v.steps[W_STOP].state = STEP_FAILED;
	w.v.steps[W_STOP].tries = 1;
	expect_rule(DECIDE_DO, RULE_ASKED);
	for (int i = 0; i < w.d.nops; i++)
		undone |= w.d.ops[i].kind == OP_UNDO &&
			w.d.ops[i].step == W_STOP;
	assert_true(undone);
}

static bool
stop_is_undone(void)
{
	expect_rule(DECIDE_DO, RULE_ASKED);
	for (int i = 0; i < w.d.nops; i++)
		if (w.d.ops[i].kind == OP_UNDO && w.d.ops[i].step == W_STOP)
			return true;
	return false;
}

/* It waits to be tried again: what it did until then is there. */
static void
a_step_to_be_tried_again_is_undone_too(void **state)
{
	struct view_attempt *a = world_begun(&w, W_STOP, "mail1");
	struct view_step *undo;
	int64_t taken = w.v.turns[0].taken_ms;

	(void)state;
	a->made_ms = taken + 1;
	a->ended_ms = taken + 2;
	a->state = ATTEMPT_ENDED;
	w.v.steps[W_STOP].state = STEP_PENDING;
	w.v.turns[0].state = TURN_HELD;
	w.v.turns[0].asked = ASK_RESTORE;
	assert_true(stop_is_undone());
	/* not if it was never begun, in this turn, since it was undone */
	a->state = ATTEMPT_UNSENT;
	assert_false(stop_is_undone());
	a->state = ATTEMPT_ENDED;
	a->made_ms = taken - 1;
	assert_false(stop_is_undone());
	a->made_ms = taken + 1;
	undo = view_step_add(&w.v);
	undo->undoes = W_STOP;
	undo->state = STEP_PASSED;
	undo->ended_ms = taken + 3;
	assert_false(stop_is_undone());
}

/* What was decided before it was begun stays so when it is tried again. */
static void
a_step_to_be_tried_again_is_not_asked_when(void **state)
{
	struct view_attempt *a = world_begun(&w, W_CHANGE, "mail1");

	(void)state;
	a->made_ms = w.now - 100;
	a->ended_ms = w.now - 50;
	a->state = ATTEMPT_ENDED;
	w.v.steps[W_CHANGE].state = STEP_PENDING;
	w.v.steps[W_CHANGE].has_when = true;
	world_fact(&w, FACT_WHEN, W_CHANGE, TRI_FALSE);
	world_next(&w);
	assert_false(world_has(&w, OP_STEP, STEP_EV_SKIP));
	a->state = ATTEMPT_UNSENT;
	world_next(&w);
	assert_true(world_has(&w, OP_STEP, STEP_EV_SKIP));
}

static void
what_cannot_be_undone_is_held_not_guessed(void **state)
{
	(void)state;
	world_at(&w, W_FLUSH);
	w.v.steps[W_ZERO].undo = UNDO_ABSENT;
	w.v.abort = true;
	expect_rule(DECIDE_DO, RULE_ABORT);
	assert_true(world_has(&w, OP_TURN, TURN_EV_HOLD));
	assert_false(world_has(&w, OP_TURN, TURN_EV_RESTORE));
}

#define T(name) \
	cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(undo_goes_in_reverse_and_proves_before_users_return),
		T(a_step_that_failed_is_undone_too),
		T(a_step_to_be_tried_again_is_undone_too),
		T(a_step_to_be_tried_again_is_not_asked_when),
		T(what_cannot_be_undone_is_held_not_guessed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
