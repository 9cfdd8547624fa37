/*
 * test_plan_sent.c - attempts that were made when their phase was committed,
 * before a coordinator that does not know whether another one sent them.
 */
#include <stdio.h>

#include "unit.h"

#include "world_one.h"

/* Made beforehand; nobody has told us of it.  What is true may be its work. */
static struct view_attempt *
waits(int step, const char *host)
{
	struct view_attempt *a = world_begun(&w, step, host);

	w.v.steps[step].state = STEP_PENDING;
	w.v.steps[step].started_ms = 0;
	world_fact(&w, FACT_CHECK, step, TRI_TRUE);
	return a;
}

static struct agent_fact *
agent_says(const struct view_attempt *a, enum agent_state state)
{
	struct agent_fact *agent = looks_agent_get(&w.l, a->id);

	agent->state = state;
	agent->at_ms = w.now;
	agent->asked = 1;
	return agent;
}

/* What was done may have undone all that it needed: it is not asked for. */
static void
what_was_sent_is_taken_up(void **state)
{
	struct view_attempt *a = waits(W_STOP, "mail1");

	(void)state;
	w.v.database = false;
	w.v.steps[W_STOP].has_when = w.v.steps[W_STOP].has_require = true;
	world_fact(&w, FACT_WHEN, W_STOP, TRI_FALSE);
	world_fact(&w, FACT_REQUIRE, W_STOP, TRI_FALSE);
	world_fact(&w, FACT_CHECK, W_ZERO, TRI_FALSE);
	world_expect(&w, DECIDE_SEND, RULE_SEND);
	assert_int_equal(w.d.nsends, 1);
	assert_int_equal(w.d.sends[0].step, W_STOP);
	agent_says(a, AGENT_ASKING);
	world_expect(&w, DECIDE_IDLE, RULE_WAIT);
	agent_says(a, AGENT_ENDED);
	world_expect(&w, DECIDE_DO, RULE_BEGIN);
	assert_false(world_has(&w, OP_ATTEMPT, -1));
	world_apply(&w);
	assert_int_equal(a->state, ATTEMPT_SENT);
	w.now += 1;
	world_expect(&w, DECIDE_DO, RULE_RESULT);
	world_apply(&w);
	assert_int_equal(a->state, ATTEMPT_ENDED);
	world_expect(&w, DECIDE_LOOK, RULE_PASS);
	world_fact(&w, FACT_CHECK, W_STOP, TRI_TRUE);
	world_expect(&w, DECIDE_DO, RULE_PASS);
}

static void
what_runs_or_was_lost_is_taken_up_too(void **state)
{
	static const enum agent_state states[] = { AGENT_RUNNING,
						   AGENT_UNKNOWN };

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT(states); i++) {
		struct view_attempt *a = waits(W_STOP, "mail1");

		agent_says(a, states[i]);
		world_expect(&w, DECIDE_DO, RULE_BEGIN);
		assert_false(world_has(&w, OP_ATTEMPT_END, -1));
		world_clear(&w);
		world_init(&w);
	}
}

static void
what_no_agent_knows_was_not_sent(void **state)
{
	struct view_attempt *a = waits(W_STOP, "mail1");

	(void)state;
	world_expect(&w, DECIDE_SEND, RULE_SEND);
	agent_says(a, AGENT_NOT_ASKED);
	world_expect(&w, DECIDE_DO, RULE_ALREADY);
	world_apply(&w);
	assert_int_equal(a->state, ATTEMPT_UNSENT);
	assert_int_equal(w.v.steps[W_STOP].state, STEP_PASSED);
}

static void
what_no_agent_knows_is_sent_when_it_is_needed(void **state)
{
	struct view_attempt *a = waits(W_STOP, "mail1");

	(void)state;
	agent_says(a, AGENT_NOT_ASKED);
	world_fact(&w, FACT_CHECK, W_STOP, TRI_FALSE);
	world_expect(&w, DECIDE_DO, RULE_BEGIN);
	assert_false(world_has(&w, OP_ATTEMPT, -1));
	world_apply(&w);
	world_expect(&w, DECIDE_SEND, RULE_SEND);
	assert_int_equal(w.d.nsends, 1);
}

/* Silence is no answer: it is asked again, and said, and waited for. */
static void
who_is_silent_is_asked_again_and_named(void **state)
{
	struct view_attempt *a = waits(W_STOP, "mail1");
	struct agent_fact *agent = agent_says(a, AGENT_SILENT);

	(void)state;
	agent->silent_ms = w.now;
	world_expect(&w, DECIDE_IDLE, RULE_WAIT);
	w.now = w.d.wake_ms;
	world_expect(&w, DECIDE_SEND, RULE_SEND);
	w.now += 5000;
	world_expect(&w, DECIDE_DO, RULE_CONTACT);
	assert_int_equal(world_hold(&w)->hold_kind, HOLD_CONTACT);
	assert_false(world_hold(&w)->critical);
	world_apply(&w);
	w.now += 600000;
	agent->gone = true;
	world_expect(&w, DECIDE_DO, RULE_CONTACT);
	assert_true(world_hold(&w)->critical);
	world_apply(&w);
	agent->state = AGENT_ENDED;
	agent->silent_ms = 0;
	agent->gone = false;
	world_expect(&w, DECIDE_DO, RULE_CONTACT);
	assert_true(world_has(&w, OP_UNHOLD, -1));
	world_apply(&w);
	world_expect(&w, DECIDE_DO, RULE_BEGIN);
	assert_false(world_has(&w, OP_ATTEMPT_END, -1));
}

/* The others say whether it was done, as of one in flight. */
static void
a_member_that_is_gone_is_followed_by_another(void **state)
{
	struct view_attempt *a = waits(W_BACK, "dir1");
	struct agent_fact *agent = agent_says(a, AGENT_SILENT);

	(void)state;
	agent->silent_ms = w.now - 80000;
	agent->gone = true;
	world_expect(&w, DECIDE_LOOK, RULE_CONTACT);
	assert_true(world_wants(&w, FACT_DONE, W_BACK));
	world_fact(&w, FACT_DONE, W_BACK, TRI_TRUE);
	world_expect(&w, DECIDE_DO, RULE_CONTACT);
	world_apply(&w);
	assert_int_equal(w.v.steps[W_BACK].attempts[0].state,
			 ATTEMPT_ABANDONED);
	w.now += 1;
	world_ready(&w);
	world_fact(&w, FACT_CHECK, W_ZERO, TRI_TRUE);
	world_fact(&w, FACT_CHECK, W_BACK, TRI_TRUE);
	world_expect(&w, DECIDE_DO, RULE_ALREADY);
	assert_false(world_has(&w, OP_ATTEMPT_END, -1));
}

/* All members at once: asking changes nothing. */
static void
every_member_is_asked(void **state)
{
	struct view_attempt *a;

	(void)state;
	waits(W_BACK, "dir1");
	w.v.steps[W_BACK].target = TARGET_EACH;
	w.v.groups[0].min_gap_ms = 1100;
	a = view_attempt_add(&w.v.steps[W_BACK]);
	*a = w.v.steps[W_BACK].attempts[0];
	snprintf(a->id, sizeof(a->id), "another");
	snprintf(a->host, sizeof(a->host), "dir2");
	world_expect(&w, DECIDE_SEND, RULE_SEND);
	assert_int_equal(w.d.nsends, 2);
	agent_says(a, AGENT_NOT_ASKED);
	world_expect(&w, DECIDE_SEND, RULE_SEND);
	assert_int_equal(w.d.nsends, 1);
	agent_says(&w.v.steps[W_BACK].attempts[0], AGENT_ENDED);
	world_expect(&w, DECIDE_DO, RULE_BEGIN);
	world_apply(&w);
	/* and the second one is told when its time has come */
	world_expect(&w, DECIDE_DO, RULE_RESULT);
	world_apply(&w);
	world_expect(&w, DECIDE_IDLE, RULE_GAP);
}

/* The first step of the phase, done and not true any more; a later waits. */
static struct view_attempt *
done_and_false(void)
{
	struct view_attempt *a = world_begun(&w, W_FLUSH, "mail1"), *later;

	a->state = ATTEMPT_ENDED;
	a->ended_ms = w.now - 400;
	a->exit = 0;
	later = view_attempt_add(&w.v.steps[W_STOP]);
	snprintf(later->id, sizeof(later->id), "later");
	snprintf(later->host, sizeof(later->host), "mail1");
	w.now += 20000;
	world_ready(&w);
	world_fact(&w, FACT_CHECK, W_ZERO, TRI_TRUE);
	world_fact(&w, FACT_CHECK, W_FLUSH, TRI_FALSE);
	return later;
}

static void
past_its_deadline(void)
{
	w.v.phases[1].committed_ms = w.now - 400000;
}

/* What has not been asked for is not called unsent. */
static void
what_waits_is_asked_for_before_all_is_put_back(void **state)
{
	struct view_attempt *later = done_and_false();

	(void)state;
	past_its_deadline();
	world_expect(&w, DECIDE_SEND, RULE_SEND);
	assert_int_equal(w.d.nsends, 1);
	assert_int_equal(w.d.sends[0].step, W_STOP);
	agent_says(later, AGENT_NOT_ASKED);
	world_expect(&w, DECIDE_DO, RULE_DEADLINE);
	assert_true(world_has(&w, OP_TURN, TURN_EV_RESTORE));
	world_apply(&w);
	assert_int_equal(later->state, ATTEMPT_UNSENT);
}

/* Its stop was begun after it: there is no way back by itself any more. */
static void
what_a_later_step_made_false_is_over(void **state)
{
	struct view_attempt *later = done_and_false();

	(void)state;
	past_its_deadline();
	agent_says(later, AGENT_ENDED);
	world_expect(&w, DECIDE_DO, RULE_PASS);
	world_apply(&w);
	assert_int_equal(w.v.steps[W_FLUSH].state, STEP_PASSED);
	world_expect(&w, DECIDE_DO, RULE_BEGIN);
	world_apply(&w);
	assert_true(w.v.turns[0].no_return_begun);
	assert_int_equal(later->state, ATTEMPT_SENT);
}

static void
an_unknown_end_is_over_too(void **state)
{
	struct view_attempt *later = done_and_false();

	(void)state;
	w.v.steps[W_FLUSH].attempts[0].state = ATTEMPT_UNKNOWN;
	agent_says(later, AGENT_RUNNING);
	world_expect(&w, DECIDE_DO, RULE_PASS);
	assert_false(world_has(&w, OP_ATTEMPT, -1));
}

/* Known to be the last one that was begun: as if we had begun it. */
static void
what_is_false_with_nothing_behind_it_is_done_again(void **state)
{
	struct view_attempt *later = done_and_false();

	(void)state;
	agent_says(later, AGENT_NOT_ASKED);
	world_expect(&w, DECIDE_DO, RULE_AGAIN);
	assert_false(world_has(&w, OP_ATTEMPT_END, -1));
}

/* Nothing is done again on a guess: that nobody can tell is no reason. */
static void
what_destroys_is_not_done_again_on_a_guess(void **state)
{
	struct view_attempt *later = done_and_false();

	(void)state;
	agent_says(later, AGENT_NOT_ASKED);
	w.v.steps[W_FLUSH].destroys = true;
	world_expect(&w, DECIDE_DO, RULE_AGAIN);
	world_fact(&w, FACT_CHECK, W_FLUSH, TRI_UNKNOWN);
	world_expect(&w, DECIDE_DO, RULE_PASS);
	w.now += 300000;
	looks_note(&w.l, FACT_CHECK, W_FLUSH, TRI_UNKNOWN, w.now, "silent");
	world_expect(&w, DECIDE_DO, RULE_FAIL);
	assert_true(world_hold(&w)->critical);
	w.v.steps[W_FLUSH].retries = 3;
	world_expect(&w, DECIDE_DO, RULE_FAIL);
	w.v.steps[W_FLUSH].destroys = false;
	world_expect(&w, DECIDE_DO, RULE_FAIL);
}

/* Its check held already, so it was not sent; it does not hold any more. */
static void
what_was_over_without_being_sent_is_not_sent(void **state)
{
	static const bool whens[] = { false, true };

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT(whens); i++) {
		struct view_attempt *later = done_and_false();
		struct view_step *flush = &w.v.steps[W_FLUSH];

		flush->state = STEP_PENDING;
		flush->attempts[0].state = ATTEMPT_SENT;
		flush->has_when = whens[i];
		agent_says(later, AGENT_ENDED);
		world_expect(&w, DECIDE_SEND, RULE_SEND);
		assert_int_equal(w.d.sends[0].step, W_FLUSH);
		agent_says(&flush->attempts[0], AGENT_NOT_ASKED);
		world_expect(&w, DECIDE_DO, RULE_ALREADY);
		world_apply(&w);
		assert_int_equal(flush->state, whens[i] ? STEP_SKIPPED :
				 STEP_PASSED);
		assert_int_equal(flush->attempts[0].state, ATTEMPT_UNSENT);
		world_clear(&w);
		world_init(&w);
	}
}

static void
a_poll_before_what_was_begun_is_over(void **state)
{
	struct view_attempt *later = done_and_false();
	struct view_step *poll = &w.v.steps[W_FLUSH];

	(void)state;
	poll->kind = STEP_KIND_POLL;
	poll->at_most_ms = 60000;
	poll->nattempts = 0;
	world_fact(&w, FACT_UNTIL, W_FLUSH, TRI_FALSE);
	world_expect(&w, DECIDE_SEND, RULE_SEND);
	agent_says(later, AGENT_ENDED);
	world_expect(&w, DECIDE_DO, RULE_ALREADY);
	world_apply(&w);
	assert_int_equal(poll->state, STEP_PASSED);
}

/* Unknown is not success, and what no host has begun is less. */
static void
what_no_host_has_begun_has_not_passed(void **state)
{
	static const enum attempt_state states[] = { ATTEMPT_UNSENT,
						     ATTEMPT_ABANDONED };
	struct view_attempt *a = world_begun(&w, W_CHANGE, "mail1");

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT(states); i++) {
		a->state = states[i];
		a->ended_ms = w.now;
		world_expect(&w, DECIDE_DO, RULE_FAIL);
		assert_false(world_has(&w, OP_STEP, STEP_EV_PASS));
	}
}

/* A new one comes after what is known to have come there. */
static void
what_was_abandoned_is_not_what_came_before(void **state)
{
	static const struct {
		enum attempt_state first, second;
		const char *after;
	} rows[] = {
		{ ATTEMPT_ENDED, ATTEMPT_ENDED, "second" },
		{ ATTEMPT_ENDED, ATTEMPT_UNKNOWN, "second" },
		{ ATTEMPT_ENDED, ATTEMPT_ABANDONED, "first" },
		{ ATTEMPT_ENDED, ATTEMPT_UNSENT, "first" },
		{ ATTEMPT_UNSENT, ATTEMPT_ABANDONED, "" },
		{ ATTEMPT_ABANDONED, ATTEMPT_ABANDONED, "" },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
		struct view_attempt pair[] = {
			{ .id = "first", .host = "dir1",
			  .state = rows[i].first },
			{ .id = "second", .host = "dir1",
			  .state = rows[i].second },
		};
		struct view_step step = { .attempts = pair, .nattempts = 2 };

		assert_string_equal(view_after(&step, "dir1"), rows[i].after);
		assert_string_equal(view_after(&step, "dir2"), "");
	}
}

/* A turn that is held: what runs ends first, and then it is undone, too. */
static void
a_person_puts_back_what_was_begun(void **state)
{
	struct view_attempt *later = done_and_false();

	(void)state;
	w.v.steps[W_FLUSH].state = STEP_FAILED;
	w.v.turns[0].state = TURN_HELD;
	w.v.turns[0].asked = ASK_RESTORE;
	world_expect(&w, DECIDE_SEND, RULE_SEND);
	assert_int_equal(w.d.sends[0].step, W_STOP);
	agent_says(later, AGENT_RUNNING);
	world_expect(&w, DECIDE_IDLE, RULE_WAIT);
	agent_says(later, AGENT_ENDED);
	world_expect(&w, DECIDE_DO, RULE_RESULT);
	world_apply(&w);
	assert_int_equal(later->state, ATTEMPT_ENDED);
	assert_true(w.v.turns[0].no_return_begun);
	world_expect(&w, DECIDE_DO, RULE_ASKED);
	world_apply(&w);
	assert_int_equal(w.v.turns[0].state, TURN_RESTORING);
	assert_int_equal(w.v.steps[W_STEPS].undoes, W_STOP);
}

static void
a_person_puts_back_what_was_not_begun(void **state)
{
	struct view_attempt *later = done_and_false();

	(void)state;
	w.v.steps[W_FLUSH].state = STEP_FAILED;
	w.v.turns[0].state = TURN_HELD;
	w.v.abort = true;
	world_expect(&w, DECIDE_SEND, RULE_SEND);
	agent_says(later, AGENT_NOT_ASKED);
	world_expect(&w, DECIDE_DO, RULE_ABORT);
	world_apply(&w);
	assert_int_equal(w.v.turns[0].state, TURN_RESTORING);
	assert_int_equal(later->state, ATTEMPT_UNSENT);
}

#define T(name) \
	cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(what_was_sent_is_taken_up),
		T(what_runs_or_was_lost_is_taken_up_too),
		T(what_no_agent_knows_was_not_sent),
		T(what_no_agent_knows_is_sent_when_it_is_needed),
		T(who_is_silent_is_asked_again_and_named),
		T(a_member_that_is_gone_is_followed_by_another),
		T(every_member_is_asked),
		T(what_waits_is_asked_for_before_all_is_put_back),
		T(what_a_later_step_made_false_is_over),
		T(an_unknown_end_is_over_too),
		T(what_is_false_with_nothing_behind_it_is_done_again),
		T(what_destroys_is_not_done_again_on_a_guess),
		T(what_was_over_without_being_sent_is_not_sent),
		T(a_poll_before_what_was_begun_is_over),
		T(what_no_host_has_begun_has_not_passed),
		T(what_was_abandoned_is_not_what_came_before),
		T(a_person_puts_back_what_was_begun),
		T(a_person_puts_back_what_was_not_begun),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
