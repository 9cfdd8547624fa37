/* test_plan_check.c - the check before a backend is taken, and its hold. */
#include <stdio.h>
#include <string.h>

#include "unit.h"

#include "world_one.h"

static void
nobody_is_taken_before_the_check_finds_nothing(void **state)
{
	(void)state;
	world_ready(&w);
	w.v.checked_ms = 0;
	world_expect(&w, DECIDE_DO, RULE_CHECK);
	assert_true(world_has(&w, OP_CHECK, -1));
	assert_int_equal(w.d.ops[0].turn, -1);
	world_apply(&w);
	world_expect(&w, DECIDE_DO, RULE_CHECK);
	assert_string_equal(world_hold(&w)->text, "the fleet is being checked");
	assert_int_equal(world_hold(&w)->gate, GATE_CHECK);
	world_apply(&w);
	world_expect(&w, DECIDE_IDLE, RULE_CHECK);
	/* it found something: told, and looked again after a while */
	w.now += 20000;
	w.v.check.done_ms = w.now;
	snprintf(w.v.check.wrong, VIEW_WHY, "1 error: UNIT mail3: dead");
	world_expect(&w, DECIDE_DO, RULE_CHECK);
	assert_non_null(strstr(world_hold(&w)->text, "UNIT mail3"));
	assert_int_equal(world_hold(&w)->look_ms, w.now + 15000);
	world_apply(&w);
	assert_int_equal(w.v.nholds, 1);
	world_expect(&w, DECIDE_IDLE, RULE_CHECK);
	/* also by a clock that is a little behind the database's */
	w.now -= 100;
	world_expect(&w, DECIDE_IDLE, RULE_CHECK);
	w.now += 100 + 15000;
	world_expect(&w, DECIDE_DO, RULE_CHECK);
	assert_true(world_has(&w, OP_CHECK, -1));
	/* nothing is wrong: the hold goes, the gates are next */
	w.v.checked_ms = w.now;
	world_ready(&w);
	world_expect(&w, DECIDE_DO, RULE_TAKE);
	assert_true(world_has(&w, OP_UNHOLD, -1));
}

static void
a_check_from_before_the_start_does_not_count(void **state)
{
	(void)state;
	world_ready(&w);
	w.v.state = ROLLOUT_SCHEDULED;
	w.v.start_ms = w.now;
	w.v.checked_ms = 0;
	w.v.check = (struct view_check){ .asked_ms = w.now - 2000,
					 .turn = -1 };
	world_expect(&w, DECIDE_DO, RULE_START);
	world_apply(&w);
	world_expect(&w, DECIDE_DO, RULE_CHECK);
	assert_true(world_has(&w, OP_CHECK, -1));
}

/* It was asked, and answered, at a time that has not come yet. */
static void
a_clock_that_is_set_back_asks_once_more(void **state)
{
	(void)state;
	world_ready(&w);
	w.v.checked_ms = 0;
	w.v.started_ms = w.now;
	w.now -= 3600000;
	world_expect(&w, DECIDE_DO, RULE_CHECK);
	world_apply(&w);
	world_expect(&w, DECIDE_DO, RULE_CHECK);
	assert_string_equal(world_hold(&w)->text, "the fleet is being checked");
	world_apply(&w);
	w.v.check.done_ms = w.now;
	snprintf(w.v.check.wrong, VIEW_WHY, "1 error: UNIT mail3: dead");
	w.now -= 60000;
	world_expect(&w, DECIDE_DO, RULE_CHECK);
	assert_true(world_has(&w, OP_CHECK, -1));
}

static void
what_was_checked_long_ago_is_checked_again_alone(void **state)
{
	(void)state;
	w.now = w.v.checked_ms + 1800000;
	world_ready(&w);
	world_expect(&w, DECIDE_DO, RULE_CHECK);
	assert_true(world_has(&w, OP_CHECK, -1));
	assert_int_equal(w.d.ops[0].turn, 0);
	world_apply(&w);
	world_expect(&w, DECIDE_DO, RULE_CHECK);
	assert_string_equal(world_hold(&w)->text, "mail1 is being checked");
	/* that the fleet was checked does not end the hold of this one */
	world_apply(&w);
	world_expect(&w, DECIDE_IDLE, RULE_CHECK);
	assert_int_equal(w.d.nops, 0);
	w.v.turns[0].checked_ms = w.now;
	world_expect(&w, DECIDE_DO, RULE_TAKE);
	/* what has begun is not checked */
	w.v.turns[0].checked_ms = 0;
	world_at(&w, W_DRAINED);
	world_next(&w);
	assert_int_not_equal(w.d.rule, RULE_CHECK);
}

static void
the_words_of_a_hold_follow_what_is_seen(void **state)
{
	(void)state;
	world_ready(&w);
	world_fact(&w, FACT_PEERS, 0, TRI_FALSE);
	world_expect(&w, DECIDE_DO, RULE_GATES);
	world_apply(&w);
	looks_note(&w.l, FACT_PEERS, 0, TRI_FALSE, w.now, "mail2 now");
	world_expect(&w, DECIDE_IDLE, RULE_GATES);
	w.now += 5000;
	world_ready(&w);
	looks_note(&w.l, FACT_PEERS, 0, TRI_FALSE, w.now, "mail2 now");
	world_expect(&w, DECIDE_DO, RULE_GATES);
	assert_non_null(strstr(world_hold(&w)->text, "mail2 now"));
	assert_true(world_hold(&w)->look_ms > w.now);
	assert_false(world_has(&w, OP_UNHOLD, -1));
	world_apply(&w);
	assert_int_equal(w.v.nholds, 1);
	/* another backend is next: its own hold, the other's is over */
	world_fact(&w, FACT_TARGET, 1, TRI_FALSE);
	w.v.detail = 1;
	world_expect(&w, DECIDE_DO, RULE_GATES);
	assert_true(world_has(&w, OP_UNHOLD, -1));
	assert_int_equal(world_hold(&w)->turn, 1);
}

/* Taken with its gate lifted, aborted: it is as it was, and the end comes. */
static void
abort_of_one_that_was_down_already_ends(void **state)
{
	(void)state;
	world_at(&w, W_DRAINED);
	w.v.abort = true;
	w.v.turns[0].state = TURN_RESTORING;
	w.v.turns[0].cause = CAUSE_ABORT;
	for (int i = 0; i < W_STEPS; i++)
		w.v.steps[i].state = i < W_DRAINED ? STEP_UNDONE :
			STEP_SKIPPED;
	world_fact(&w, FACT_TARGET, 0, TRI_FALSE);
	world_expect(&w, DECIDE_IDLE, RULE_SOAK);
	/* it does not come for a minute */
	w.now += 100000;
	looks_note(&w.l, FACT_TARGET, 0, TRI_FALSE, w.now, "0 up");
	world_expect(&w, DECIDE_DO, RULE_SOAK);
	world_apply(&w);
	assert_int_equal(w.v.turns[0].state, TURN_HELD);
	world_expect(&w, DECIDE_DO, RULE_ABORT);
	assert_true(world_has(&w, OP_TURN, TURN_EV_REST_OUT));
	world_apply(&w);
	world_expect(&w, DECIDE_DO, RULE_ABORTED);
	assert_true(world_has(&w, OP_ROLLOUT, ROLLOUT_EV_FINISH_ABORTED));
}

#define T(name) \
	cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(nobody_is_taken_before_the_check_finds_nothing),
		T(a_check_from_before_the_start_does_not_count),
		T(a_clock_that_is_set_back_asks_once_more),
		T(what_was_checked_long_ago_is_checked_again_alone),
		T(abort_of_one_that_was_down_already_ends),
		T(the_words_of_a_hold_follow_what_is_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
