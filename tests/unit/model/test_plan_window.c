/* test_plan_window.c - turns and the windows in which they are begun. */
#include <stdio.h>
#include <string.h>

#include "unit.h"

#include "world_one.h"

/* A window from..to minutes from now, named by them. */
static void
window_add(int from, int to)
{
	struct view_window *x = &w.v.window[w.v.nwindows++];

	w.v.windows = true;
	x->opens_ms = w.now + from * 60000;
	x->closes_ms = w.now + to * 60000;
	snprintf(x->opens, sizeof(x->opens), "at %d", from);
	snprintf(x->closes, sizeof(x->closes), "at %d", to);
}

/* Decides, and answers why it waits; NULL: it is taken. */
static const char *
window_why(int64_t *until_r)
{
	w.v.checked_ms = w.now;
	world_ready(&w);
	world_next(&w);
	if (w.d.rule == RULE_TAKE)
		return NULL;
	assert_int_equal(w.d.rule, RULE_GATES);
	assert_true(w.d.nops > 0 && w.d.ops[0].kind == OP_HOLD);
	assert_int_equal(w.d.ops[0].gate, GATE_WINDOW);
	*until_r = w.d.ops[0].until_ms;
	return w.d.reason;
}

static void
a_turn_is_only_taken_when_it_ends_in_its_window(void **state)
{
	int64_t until = -1;

	(void)state;
	w.v.windows = true;
	assert_string_equal(window_why(&until), "mail1 waits: no window is "
			    "open; none opens within a year");
	assert_int_equal(until, 0);
	window_add(60, 80);
	window_add(100, 200);
	w.v.turns[0].rest_ms = 20 * 60000;
	assert_string_equal(window_why(&until), "mail1 waits: no window is "
			    "open; the next in which it fits opens at 60");
	assert_int_equal(until, w.now + 3600000);
	w.v.turns[0].rest_ms++;
	assert_string_equal(window_why(&until), "mail1 waits: no window is "
			    "open; the next in which it fits opens at 100");
	w.now += 60 * 60000;
	assert_string_equal(window_why(&until), "mail1 takes up to 21 min and "
			    "the window closes at 80; the next in which it "
			    "fits opens at 100");
	w.v.turns[0].rest_ms--;
	assert_null(window_why(&until));
	w.v.turns[0].rest_ms = 101 * 60000;
	assert_string_equal(window_why(&until), "mail1 takes up to 101 min "
			    "and the window closes at 80; none of the next 2 "
			    "is long enough");
	assert_int_equal(until, 0);
	w.v.turns[0].overrides = 1u << GATE_WINDOW;
	assert_null(window_why(&until));
}

static void
what_a_window_says_follows_what_is_true(void **state)
{
	int64_t until;

	(void)state;
	window_add(60, 80);
	assert_non_null(window_why(&until));
	world_apply(&w);
	world_next(&w);
	assert_int_equal(w.d.kind, DECIDE_IDLE);
	window_add(0, 0);
	w.v.window[0] = w.v.window[1];
	w.v.window[0].opens_ms = w.now + 1000;
	w.v.window[0].closes_ms = w.now + 9000;
	world_next(&w);
	assert_true(world_has(&w, OP_HOLD, -1));
}

static void
a_turn_beyond_its_window_is_finished_and_told_once(void **state)
{
	(void)state;
	world_begun(&w, W_CHANGE, "mail1");
	w.v.turns[0].window_closes_ms = w.now + 1;
	world_next(&w);
	assert_false(world_has(&w, OP_OVERRUN, -1));
	w.now++;
	world_next(&w);
	assert_int_equal(w.d.kind, DECIDE_DO);
	assert_int_equal(w.d.nops, 1);
	assert_true(world_has(&w, OP_OVERRUN, -1));
	world_apply(&w);
	world_next(&w);
	assert_false(world_has(&w, OP_OVERRUN, -1));
	assert_int_equal(w.v.turns[0].state, TURN_WORKING);
}

static void
start_is(int64_t late_ms, enum rollout_event event, const char *text)
{
	world_clear(&w);
	world_init(&w);
	w.v.state = ROLLOUT_SCHEDULED;
	w.v.start_ms = w.now - late_ms;
	w.v.late_ms = event == ROLLOUT_EV_CANCEL ? 300000 : 0;
	world_next(&w);
	assert_int_equal(w.d.rule, RULE_START);
	assert_int_equal(w.d.nops, 1);
	assert_int_equal(w.d.ops[0].event, event);
	assert_string_equal(w.d.ops[0].text, text);
}

static void
what_does_not_fit_any_more_is_not_started(void **state)
{
	(void)state;
	w.v.state = ROLLOUT_SCHEDULED;
	w.v.start_ms = w.now + 1;
	snprintf(w.v.unfit, sizeof(w.v.unfit), "the plan is stale");
	world_expect(&w, DECIDE_IDLE, RULE_START);
	w.now++;
	world_expect(&w, DECIDE_DO, RULE_START);
	assert_int_equal(w.d.nops, 1);
	assert_int_equal(w.d.ops[0].event, ROLLOUT_EV_CANCEL);
	assert_string_equal(w.d.ops[0].text, "the plan is stale");
}

static void
a_missed_start_is_late_or_skipped_and_says_so(void **state)
{
	(void)state;
	start_is(0, ROLLOUT_EV_START, "");
	start_is(120000, ROLLOUT_EV_START, "");
	start_is(7200000, ROLLOUT_EV_START,
		 "its hour was missed by 120 min; started late, as it says");
	start_is(300001, ROLLOUT_EV_CANCEL,
		 "its hour was missed by 5 min; skipped, as it says");
	world_clear(&w);
	world_init(&w);
	w.v.state = ROLLOUT_SCHEDULED;
	w.v.late_ms = 300000;
	w.v.start_ms = w.now - 300000;
	world_next(&w);
	assert_int_equal(w.d.ops[0].event, ROLLOUT_EV_START);
	w.v.start_ms = w.now + 1;
	world_next(&w);
	assert_int_equal(w.d.kind, DECIDE_IDLE);
}

#define T(name) \
	cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_turn_is_only_taken_when_it_ends_in_its_window),
		T(what_a_window_says_follows_what_is_true),
		T(a_turn_beyond_its_window_is_finished_and_told_once),
		T(what_does_not_fit_any_more_is_not_started),
		T(a_missed_start_is_late_or_skipped_and_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
