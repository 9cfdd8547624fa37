/* test_plan_group.c - a group is told one change at a time, and when ready. */
#include <stdio.h>
#include <string.h>

#include "unit.h"

#include "world_one.h"

/* A step of the return that both members are told, begun. */
static struct view_step *
all_are_told(void)
{
	struct view_step *step = &w.v.steps[W_BACK];

	world_at(&w, W_BACK);
	w.v.groups[0].min_gap_ms = 1100;
	step->target = TARGET_EACH;
	step->has_check = false;
	world_expect(&w, DECIDE_DO, RULE_BEGIN);
	world_apply(&w);
	assert_int_equal(step->nattempts, 2);
	return step;
}

static void
told_and(const struct view_attempt *attempt, enum agent_state state)
{
	struct agent_fact *agent = looks_agent_get(&w.l, attempt->id);

	agent->state = state;
	agent->at_ms = w.now;
	agent->asked = 1;
}

static void
members_are_told_one_after_the_other(void **state)
{
	struct view_step *step = all_are_told();

	(void)state;
	world_expect(&w, DECIDE_SEND, RULE_SEND);
	assert_int_equal(w.d.nsends, 1);
	assert_int_equal(w.d.sends[0].attempt, 0);
	told_and(&step->attempts[0], AGENT_ASKING);
	world_expect(&w, DECIDE_IDLE, RULE_WAIT);
	w.now += 50;
	told_and(&step->attempts[0], AGENT_ENDED);
	world_expect(&w, DECIDE_DO, RULE_RESULT);
	world_apply(&w);
	/* the gap, and a look at the group that is younger than the change */
	world_expect(&w, DECIDE_IDLE, RULE_GAP);
	assert_int_equal(w.d.wake_ms, w.now + 1100);
	w.now += 1100;
	world_expect(&w, DECIDE_LOOK, RULE_READY);
	assert_true(world_wants(&w, FACT_READY, 0));
	world_fact(&w, FACT_READY, 0, TRI_FALSE);
	world_expect(&w, DECIDE_DO, RULE_READY);
	assert_int_equal(world_hold(&w)->gate, GATE_READY);
	world_fact(&w, FACT_READY, 0, TRI_TRUE);
	world_expect(&w, DECIDE_SEND, RULE_SEND);
	assert_int_equal(w.d.nsends, 1);
	assert_int_equal(w.d.sends[0].attempt, 1);
	/* who was asked is asked again without all that */
	told_and(&step->attempts[1], AGENT_SILENT);
	w.now += 5000;
	world_fact(&w, FACT_READY, 0, TRI_FALSE);
	world_expect(&w, DECIDE_SEND, RULE_SEND);
	assert_int_equal(w.d.sends[0].attempt, 1);
}

static void
retried_by_a_person(void)
{
	w.v.turns[0].asked = ASK_RETRY;
	world_expect(&w, DECIDE_DO, RULE_ASKED);
	world_apply(&w);
	world_expect(&w, DECIDE_DO, RULE_BEGIN);
	world_apply(&w);
}

/* Who comes behind the one that refused still waits: both are told. */
static void
who_refused_is_told_anew(void **state)
{
	struct view_step *step = all_are_told();

	(void)state;
	told_and(&step->attempts[0], AGENT_REFUSED);
	told_and(&step->attempts[1], AGENT_NOT_ASKED);
	world_expect(&w, DECIDE_DO, RULE_REFUSED);
	world_apply(&w);
	retried_by_a_person();
	assert_int_equal(step->nattempts, 3);
	assert_string_equal(step->attempts[2].host, "dir1");
	assert_int_equal(step->attempts[2].state, ATTEMPT_SENT);
	assert_int_equal(step->attempts[1].state, ATTEMPT_SENT);
}

/* Of the excluded ones only those are put away that nobody was told of. */
static void
who_was_excluded_meanwhile_is_not_told(void **state)
{
	struct view_step *step = all_are_told();

	(void)state;
	told_and(&step->attempts[0], AGENT_REFUSED);
	told_and(&step->attempts[1], AGENT_NOT_ASKED);
	world_expect(&w, DECIDE_DO, RULE_REFUSED);
	world_apply(&w);
	w.v.groups[0].nmembers = 1;
	retried_by_a_person();
	assert_int_equal(step->nattempts, 3);
	assert_int_equal(step->attempts[1].state, ATTEMPT_UNSENT);
}

/* A change whose end nobody knows, and which was not made: sent anew. */
static void
a_second_attempt_keeps_the_rules_too(void **state)
{
	struct view_attempt *a = world_begun(&w, W_BACK, "dir1");

	(void)state;
	w.v.groups[0].min_gap_ms = 1100;
	snprintf(w.v.groups[0].mouth, VIEW_NAME, "dir1");
	w.now += 10;
	a->state = ATTEMPT_UNKNOWN;
	a->ended_ms = w.v.groups[0].changed_ms = w.now;
	world_fact(&w, FACT_CHECK, W_BACK, TRI_FALSE);
	world_expect(&w, DECIDE_IDLE, RULE_GAP);
	w.now += 1100;
	world_expect(&w, DECIDE_LOOK, RULE_READY);
	world_fact(&w, FACT_READY, 0, TRI_TRUE);
	world_expect(&w, DECIDE_DO, RULE_UNKNOWN);
	assert_true(world_has(&w, OP_ATTEMPT, -1));
}

#define T(name) \
	cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(members_are_told_one_after_the_other),
		T(who_refused_is_told_anew),
		T(who_was_excluded_meanwhile_is_not_told),
		T(a_second_attempt_keeps_the_rules_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
