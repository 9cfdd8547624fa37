/*
 * test_plan_next.c - the rules of plan_next(), one by one.
 *
 * The ladders begin with a view in which the step can simply begin and make it
 * worse by one rule per row: each row's rule must win over all rows above.
 */
#include <stdio.h>
#include <string.h>

#include "unit.h"

#include "world_one.h"

static void
expect_rule(enum decision_kind kind, enum rule rule)
{
	world_expect(&w, kind, rule);
}

/* ------------------------------------------------------------ the gates */

static void
what_an_earlier_rollout_read_does_not_count(void **state)
{
	(void)state;
	world_ready(&w);
	w.v.started_ms = w.now + 1;
	w.now += 2;
	expect_rule(DECIDE_LOOK, RULE_ORDER);
}

struct rung {
	const char *name;
	void (*worse)(void);
	enum decision_kind kind;
	enum rule rule;
};

static void all_is_well(void) { world_ready(&w); }
static void
no_preflight(void)
{
	w.v.npreflight = 1;
	world_fact(&w, FACT_PREFLIGHT, 0, TRI_FALSE);
}
static void not_ready(void) { world_fact(&w, FACT_READY, 0, TRI_FALSE); }
static void peers_down(void) { world_fact(&w, FACT_PEERS, 0, TRI_FALSE); }
static void
target_unknown(void)
{
	world_fact(&w, FACT_TARGET, 0, TRI_UNKNOWN);
}
static void not_greeted(void) { world_fact(&w, FACT_GREETED, 0, TRI_FALSE); }
static void one_excluded(void) { w.v.excluded = 1; }
static void
slot_taken(void)
{
	snprintf(w.v.slot, sizeof(w.v.slot), "another fleet's");
}
static void window_shut(void) { w.v.windows = true; }
static void stale(void) { w.now += 60000; }
static void
canaries_done(void)
{
	w.v.turns[2].state = TURN_DONE;
	w.v.stop_after = 1;
}
static void unchecked(void) { w.v.checked_ms = 0; }
static void one_restored(void)
{
	w.v.turns[1].state = TURN_RESTORED;
	w.v.turns[1].cause = CAUSE_PERSON;
}
static void paused(void) { w.v.pause.asked = w.v.pause.effective = true; }
static void aborted(void) { w.v.abort = true; }
static void leaving(void) { w.v.stopping = true; }
static void database_away(void) { w.v.database = false; }

static const struct rung take_ladder[] = {
	{ "all is well", all_is_well, DECIDE_DO, RULE_TAKE },
	{ "its preflight fails", no_preflight, DECIDE_DO, RULE_GATES },
	{ "a group is not ready", not_ready, DECIDE_DO, RULE_GATES },
	{ "a peer is down", peers_down, DECIDE_DO, RULE_GATES },
	{ "nobody knows of itself", target_unknown, DECIDE_DO, RULE_GATES },
	{ "an agent is not greeted", not_greeted, DECIDE_DO, RULE_GATES },
	{ "one is excluded", one_excluded, DECIDE_DO, RULE_GATES },
	{ "the slot is taken", slot_taken, DECIDE_DO, RULE_GATES },
	{ "no window is open", window_shut, DECIDE_DO, RULE_GATES },
	{ "the looks are old", stale, DECIDE_LOOK, RULE_ORDER },
	{ "the canaries are done", canaries_done, DECIDE_DO, RULE_APPROVAL },
	{ "nothing was checked", unchecked, DECIDE_DO, RULE_CHECK },
	{ "one was put back", one_restored, DECIDE_DO, RULE_HALTED },
	{ "it is paused", paused, DECIDE_IDLE, RULE_PAUSED },
	{ "it is aborted", aborted, DECIDE_DO, RULE_ABORTED },
	{ "we are leaving", leaving, DECIDE_IDLE, RULE_LEAVE },
	{ "the database is away", database_away, DECIDE_IDLE,
	  RULE_DATABASE },
};

/* Which gate a rung's hold names, in the ladder's order. */
static const enum gate take_gates[] = {
	GATE_NONE, GATE_PREFLIGHT, GATE_READY, GATE_PEERS, GATE_TARGET_IN,
	GATE_GREETED, GATE_MIN_UP, GATE_SLOT, GATE_WINDOW,
};

static void
the_take_gets_worse_by_one_rule_at_a_time(void **state)
{
	(void)state;
	for (size_t i = 0; i < UNIT_COUNT(take_ladder); i++) {
		take_ladder[i].worse();
		expect_rule(take_ladder[i].kind, take_ladder[i].rule);
		if (i == 0 || i >= UNIT_COUNT(take_gates))
			continue;
		assert_true(world_has(&w, OP_HOLD, -1));
		for (int k = 0; k < w.d.nops; k++)
			if (w.d.ops[k].kind == OP_HOLD)
				assert_int_equal(w.d.ops[k].gate,
						 take_gates[i]);
		assert_false(world_has(&w, OP_TURN, TURN_EV_TAKE));
	}
}

static void
an_override_lifts_its_gate_for_its_backend_only(void **state)
{
	(void)state;
	world_ready(&w);
	world_fact(&w, FACT_TARGET, 0, TRI_FALSE);
	expect_rule(DECIDE_DO, RULE_GATES);
	w.v.turns[0].overrides = 1u << GATE_TARGET_IN;
	expect_rule(DECIDE_DO, RULE_TAKE);
	w.v.turns[0].overrides = 0;
	w.v.turns[1].overrides = 1u << GATE_TARGET_IN;
	expect_rule(DECIDE_DO, RULE_GATES);
}

static void
one_that_is_down_comes_first(void **state)
{
	(void)state;
	world_ready(&w);
	world_fact(&w, FACT_TARGET, 2, TRI_FALSE);
	expect_rule(DECIDE_LOAD, RULE_ORDER);
	assert_int_equal(w.d.load, 2);
}

static void
the_same_hold_is_told_once(void **state)
{
	(void)state;
	world_ready(&w);
	world_fact(&w, FACT_PEERS, 0, TRI_FALSE);
	expect_rule(DECIDE_DO, RULE_GATES);
	world_apply(&w);
	expect_rule(DECIDE_IDLE, RULE_GATES);
	assert_true(w.d.wake_ms > w.now);
	world_fact(&w, FACT_PEERS, 0, TRI_TRUE);
	expect_rule(DECIDE_DO, RULE_TAKE);
	assert_true(world_has(&w, OP_UNHOLD, -1));
}

static void
an_excluded_one_is_passed_over(void **state)
{
	(void)state;
	world_ready(&w);
	w.v.turns[0].excluded = true;
	w.v.excluded = 1;
	snprintf(w.v.min_up, sizeof(w.v.min_up), "all but 2");
	expect_rule(DECIDE_LOAD, RULE_ORDER);
	assert_int_equal(w.d.load, 1);
	/* also where it would come first, and whatever was lifted for it */
	world_fact(&w, FACT_TARGET, 0, TRI_FALSE);
	w.v.turns[0].overrides = ~0u;
	expect_rule(DECIDE_LOAD, RULE_ORDER);
	assert_int_equal(w.d.load, 1);
	w.v.turns[0].excluded = false;
	expect_rule(DECIDE_DO, RULE_TAKE);
	assert_int_equal(w.d.ops[0].turn, 0);
}

static void
when_only_excluded_ones_wait_they_are_left_out(void **state)
{
	(void)state;
	w.v.turns[0].excluded = w.v.turns[2].excluded = true;
	w.v.turns[1].state = TURN_DONE;
	w.v.stop_after = 1;
	expect_rule(DECIDE_DO, RULE_APPROVAL);
	w.v.stop_after = 0;
	expect_rule(DECIDE_DO, RULE_EXCLUDED);
	assert_true(world_has(&w, OP_TURN, TURN_EV_SKIP));
	world_apply(&w);
	assert_int_equal(w.v.turns[0].state, TURN_SKIPPED);
	w.v.pause.asked = w.v.pause.effective = true;
	expect_rule(DECIDE_IDLE, RULE_PAUSED);
	w.v.pause.asked = false;
	expect_rule(DECIDE_DO, RULE_EXCLUDED);
	world_apply(&w);
	assert_int_equal(w.v.turns[2].state, TURN_SKIPPED);
	expect_rule(DECIDE_DO, RULE_FINISH);
	assert_true(world_has(&w, OP_ROLLOUT, ROLLOUT_EV_FINISH_INCOMPLETE));
}

static void
nothing_waits_any_more(void **state)
{
	(void)state;
	for (int i = 0; i < W_TURNS; i++)
		w.v.turns[i].state = TURN_DONE;
	expect_rule(DECIDE_DO, RULE_FINISH);
	assert_true(world_has(&w, OP_ROLLOUT, ROLLOUT_EV_FINISH));
	w.v.turns[1].state = TURN_SKIPPED;
	expect_rule(DECIDE_DO, RULE_FINISH);
	assert_true(world_has(&w, OP_ROLLOUT, ROLLOUT_EV_FINISH_INCOMPLETE));
}

/* ------------------------------------------------------- before a step */

static void
step_can_begin(void)
{
	world_at(&w, W_ZERO);
	w.v.steps[W_ZERO].has_when = true;
	w.v.steps[W_ZERO].has_remember = true;
	w.v.steps[W_ZERO].has_require = true;
	world_fact(&w, FACT_WHEN, W_ZERO, TRI_TRUE);
	world_fact(&w, FACT_REMEMBER, W_ZERO, TRI_TRUE);
	world_fact(&w, FACT_REQUIRE, W_ZERO, TRI_TRUE);
	world_fact(&w, FACT_CHECK, W_ZERO, TRI_FALSE);
}
static void already(void) { world_fact(&w, FACT_CHECK, W_ZERO, TRI_TRUE); }
static void
no_evidence(void)
{
	world_fact(&w, FACT_REQUIRE, W_ZERO, TRI_FALSE);
}
static void
no_value(void)
{
	world_fact(&w, FACT_REMEMBER, W_ZERO, TRI_FALSE);
}
static void peer_fails(void) { world_fact(&w, FACT_PEERS, 0, TRI_FALSE); }
static void
group_unready(void)
{
	looks_note(&w.l, FACT_READY, 0, TRI_FALSE, w.now, "not synced");
}
static void
too_soon(void)
{
	w.v.groups[0].min_gap_ms = 1100;
	w.v.groups[0].changed_ms = w.now - 100;
}
static void
undecidable(void)
{
	looks_note(&w.l, FACT_WHEN, W_ZERO, TRI_UNKNOWN, w.now, "no answer");
}
static void when_false(void) { world_fact(&w, FACT_WHEN, W_ZERO, TRI_FALSE); }
static void
pause_early(void)
{
	w.v.pause.asked = true;
}

static const struct rung begin_ladder[] = {
	{ "it can begin", step_can_begin, DECIDE_DO, RULE_BEGIN },
	{ "it is so already", already, DECIDE_DO, RULE_ALREADY },
	{ "the evidence is missing", no_evidence, DECIDE_DO, RULE_REQUIRE },
	{ "a value cannot be told", no_value, DECIDE_DO, RULE_REMEMBER },
	{ "another one is not in service", peer_fails, DECIDE_DO,
	  RULE_OUTAGE },
	{ "its group is not ready", group_unready, DECIDE_IDLE, RULE_READY },
	{ "it is too soon", too_soon, DECIDE_IDLE, RULE_GAP },
	{ "its when is undecided", undecidable, DECIDE_IDLE,
	  RULE_UNDECIDED },
	{ "its when is false", when_false, DECIDE_DO, RULE_SKIP },
	{ "a pause was asked", pause_early, DECIDE_DO, RULE_PAUSED },
	{ "it is aborted", aborted, DECIDE_DO, RULE_ABORT },
	{ "we are leaving", leaving, DECIDE_IDLE, RULE_LEAVE },
	{ "the database is away", database_away, DECIDE_IDLE,
	  RULE_DATABASE },
};

static void
a_step_gets_worse_by_one_rule_at_a_time(void **state)
{
	(void)state;
	for (size_t i = 0; i < UNIT_COUNT(begin_ladder); i++) {
		begin_ladder[i].worse();
		expect_rule(begin_ladder[i].kind, begin_ladder[i].rule);
		if (i != 0 && i != 1)
			assert_false(world_has(&w, OP_ATTEMPT, -1));
	}
}

static void
the_first_step_takes_the_slot_and_remembers(void **state)
{
	(void)state;
	step_can_begin();
	expect_rule(DECIDE_DO, RULE_BEGIN);
	assert_true(world_has(&w, OP_OUTAGE_OPEN, -1));
	assert_true(world_has(&w, OP_REMEMBER, -1));
	assert_true(world_has(&w, OP_MOUTH, -1));
	assert_true(world_has(&w, OP_ATTEMPT, -1));
	world_apply(&w);
	assert_true(w.v.turns[0].outage_open);
	assert_string_equal(w.v.steps[W_ZERO].attempts[0].host, "dir1");
	assert_string_equal(w.v.groups[0].mouth, "dir1");
}

/* What was read before our own last change is not evidence. */
static void
a_reading_from_before_the_last_change_does_not_count(void **state)
{
	struct view_attempt *a;

	(void)state;
	world_at(&w, W_START);
	world_fact(&w, FACT_CHECK, W_START, TRI_TRUE);
	world_fact(&w, FACT_CHECK, W_ZERO, TRI_TRUE);
	a = view_attempt_add(&w.v.steps[W_CHANGE]);
	a->state = ATTEMPT_ENDED;
	a->ended_ms = w.now + 1;
	w.now += 5;
	expect_rule(DECIDE_LOOK, RULE_PEER);
	world_fact(&w, FACT_PEERS, 0, TRI_TRUE);
	expect_rule(DECIDE_LOOK, RULE_BEGIN);
	assert_true(world_wants(&w, FACT_CHECK, W_START));
}

static void
a_no_pause_phase_is_committed_whole(void **state)
{
	int attempts = 0;

	(void)state;
	world_at(&w, W_FLUSH);
	world_fact(&w, FACT_CHECK, W_FLUSH, TRI_FALSE);
	world_fact(&w, FACT_ANOTHER, 0, TRI_FALSE);
	expect_rule(DECIDE_DO, RULE_COMMIT);
	assert_false(world_has(&w, OP_PHASE_COMMIT, -1));
	world_fact(&w, FACT_ANOTHER, 0, TRI_TRUE);
	expect_rule(DECIDE_DO, RULE_BEGIN);
	for (int i = 0; i < w.d.nops; i++)
		attempts += w.d.ops[i].kind == OP_ATTEMPT;
	assert_int_equal(attempts, 2);
	assert_true(world_has(&w, OP_PHASE_COMMIT, -1));
	world_apply(&w);
	assert_true(plan_committed(&w.v));
	/* carried on without the database, and against pause and abort */
	w.v.database = false;
	w.v.abort = w.v.pause.asked = w.v.stopping = true;
	expect_rule(DECIDE_SEND, RULE_SEND);
}

/* Between two steps of a committed phase nobody turns the turn round. */
static void
a_committed_phase_is_carried_to_its_end(void **state)
{
	(void)state;
	world_at(&w, W_STOP);
	world_fact(&w, FACT_CHECK, W_STOP, TRI_FALSE);
	w.v.abort = w.v.pause.asked = w.v.stopping = true;
	world_fact(&w, FACT_PEERS, 0, TRI_FALSE);
	w.v.turns[0].asked = ASK_RESTORE;
	expect_rule(DECIDE_DO, RULE_BEGIN);
	w.v.phases[1].committed_ms = 0;
	world_next(&w);
	assert_int_not_equal(w.d.rule, RULE_BEGIN);
}

/* Seen when its group was ready, and after that. */
static void
keep_breaks(int step)
{
	world_fact(&w, FACT_READY, 0, TRI_TRUE);
	w.now++;
	world_fact(&w, FACT_CHECK, step, TRI_FALSE);
}

/* A member that joins anew shows for a moment what it does not know yet. */
static void
a_keep_breaks_only_when_its_group_is_ready(void **state)
{
	(void)state;
	world_at(&w, W_CHANGE);
	w.v.steps[W_ZERO].repairs = 1;
	w.now += 1000;
	looks_note(&w.l, FACT_CHECK, W_ZERO, TRI_FALSE, w.now, "100, not 0");
	expect_rule(DECIDE_LOOK, RULE_KEEP);
	assert_true(world_wants(&w, FACT_READY, 0));
	world_fact(&w, FACT_READY, 0, TRI_FALSE);
	expect_rule(DECIDE_DO, RULE_KEEP);
	assert_true(world_has(&w, OP_HOLD, -1));
	assert_false(world_has(&w, OP_TURN, -1));
	world_fact(&w, FACT_READY, 0, TRI_TRUE);
	expect_rule(DECIDE_LOOK, RULE_KEEP);
	assert_true(world_wants(&w, FACT_CHECK, W_ZERO));
	w.now++;
	world_fact(&w, FACT_CHECK, W_ZERO, TRI_TRUE);
	expect_rule(DECIDE_DO, RULE_BEGIN);
	world_fact(&w, FACT_CHECK, W_ZERO, TRI_FALSE);
	expect_rule(DECIDE_DO, RULE_KEEP);
	assert_true(world_has(&w, OP_TURN, TURN_EV_HOLD));
}

static void
a_broken_keep_is_repaired_then_held(void **state)
{
	(void)state;
	world_at(&w, W_CHANGE);
	keep_breaks(W_ZERO);
	expect_rule(DECIDE_DO, RULE_KEEP);
	assert_true(world_has(&w, OP_STEP, STEP_EV_AGAIN));
	world_apply(&w);
	w.v.steps[W_ZERO].state = STEP_PASSED;
	expect_rule(DECIDE_DO, RULE_KEEP);
	assert_true(world_has(&w, OP_TURN, TURN_EV_HOLD));
}

/* A person's retry does it again, unless he set it right after the hold. */
static void
a_retry_does_again_what_is_broken(void **state)
{
	(void)state;
	world_at(&w, W_CHANGE);
	w.v.steps[W_ZERO].repairs = 1;
	keep_breaks(W_ZERO);
	expect_rule(DECIDE_DO, RULE_KEEP);
	world_apply(&w);
	w.v.turns[0].asked = ASK_RETRY;
	w.now += 1000;
	expect_rule(DECIDE_LOOK, RULE_ASKED);
	assert_true(world_wants(&w, FACT_CHECK, W_ZERO));
	world_fact(&w, FACT_CHECK, W_ZERO, TRI_TRUE);
	expect_rule(DECIDE_DO, RULE_ASKED);
	assert_false(world_has(&w, OP_STEP, -1));
	world_fact(&w, FACT_CHECK, W_ZERO, TRI_FALSE);
	w.v.steps[W_ZERO].destroys = true;
	expect_rule(DECIDE_DO, RULE_ASKED);
	assert_false(world_has(&w, OP_STEP, -1));
	w.v.steps[W_ZERO].destroys = false;
	expect_rule(DECIDE_DO, RULE_ASKED);
	assert_true(world_has(&w, OP_STEP, STEP_EV_AGAIN));
	assert_true(world_has(&w, OP_EVENT, -1));
	world_apply(&w);
	assert_int_equal(w.v.turns[0].state, TURN_WORKING);
	assert_int_equal(w.v.steps[W_ZERO].state, STEP_PENDING);
	/* it was no repair: what was spoiled twice is held the next time */
	assert_int_equal(w.v.steps[W_ZERO].repairs, 1);
}

/* What is kept while it waits is looked at once more when it is over. */
static void
a_wait_ends_with_a_look_at_what_is_kept(void **state)
{
	struct view_step *wait = &w.v.steps[W_DRAINED];

	(void)state;
	world_at(&w, W_DRAINED);
	wait->kind = STEP_KIND_WAIT;
	wait->wait_ms = 2000;
	wait->state = STEP_RUNNING;
	wait->started_ms = w.now;
	world_fact(&w, FACT_CHECK, W_ZERO, TRI_TRUE);
	expect_rule(DECIDE_IDLE, RULE_WAIT);
	w.now += 2000;
	expect_rule(DECIDE_LOOK, RULE_KEEP);
	assert_true(world_wants(&w, FACT_CHECK, W_ZERO));
	world_fact(&w, FACT_CHECK, W_ZERO, TRI_TRUE);
	expect_rule(DECIDE_DO, RULE_PASS);
	keep_breaks(W_ZERO);
	expect_rule(DECIDE_DO, RULE_KEEP);
}

/* ----------------------------------------------------- a step that runs */

static struct agent_fact *
agent_says(const struct view_attempt *a, enum agent_state state)
{
	struct agent_fact *agent = looks_agent_get(&w.l, a->id);

	agent->state = state;
	agent->at_ms = w.now;
	agent->asked = 1;
	return agent;
}

static void
lost_is_asked_again_under_the_same_id(void **state)
{
	struct view_attempt *a = world_begun(&w, W_CHANGE, "mail1");
	struct agent_fact *agent;

	(void)state;
	expect_rule(DECIDE_SEND, RULE_SEND);
	agent = agent_says(a, AGENT_ASKING);
	expect_rule(DECIDE_IDLE, RULE_WAIT);
	agent->state = AGENT_SILENT;
	agent->silent_ms = w.now;
	expect_rule(DECIDE_IDLE, RULE_WAIT);
	w.now += 1000;
	expect_rule(DECIDE_SEND, RULE_SEND);
	assert_int_equal(w.d.sends[0].attempt, 0);
	assert_int_equal(w.v.steps[W_CHANGE].nattempts, 1);
	/* timeout + 5 min: a hold, and asking goes on */
	w.now += 20000 + 300000;
	agent->at_ms = w.now - 60000;
	expect_rule(DECIDE_DO, RULE_CONTACT);
	assert_true(world_has(&w, OP_HOLD, -1));
	world_apply(&w);
	expect_rule(DECIDE_SEND, RULE_SEND);
	/* an answer lifts it */
	agent->state = AGENT_ENDED;
	expect_rule(DECIDE_DO, RULE_RESULT);
	assert_true(world_has(&w, OP_UNHOLD, -1));
}

static void
without_a_check_the_exit_decides(void **state)
{
	struct view_attempt *a = world_begun(&w, W_CHANGE, "mail1");

	(void)state;
	a->state = ATTEMPT_ENDED;
	a->ended_ms = w.now;
	a->exit = 0;
	expect_rule(DECIDE_DO, RULE_PASS);
	a->exit = 3;
	expect_rule(DECIDE_DO, RULE_FAIL);
	assert_true(world_has(&w, OP_TURN, TURN_EV_HOLD));
	w.v.steps[W_CHANGE].retries = 1;
	expect_rule(DECIDE_DO, RULE_AGAIN);
	/* what may fail is tried as often as it says all the same */
	w.v.steps[W_CHANGE].ignore = true;
	expect_rule(DECIDE_DO, RULE_AGAIN);
	w.v.steps[W_CHANGE].tries = 1;
	expect_rule(DECIDE_DO, RULE_FAIL);
	assert_true(world_has(&w, OP_STEP, STEP_EV_IGNORE));
}

static void
with_a_check_the_check_alone_decides(void **state)
{
	struct view_attempt *a = world_begun(&w, W_START, "mail1");

	(void)state;
	a->state = ATTEMPT_ENDED;
	a->ended_ms = w.now;
	a->exit = 75;
	w.now += 1;
	expect_rule(DECIDE_LOOK, RULE_PASS);
	world_fact(&w, FACT_CHECK, W_START, TRI_TRUE);
	expect_rule(DECIDE_DO, RULE_PASS);
	assert_non_null(strstr(w.d.reason, "exit 75"));
	/* false: looked at again until it should have settled */
	looks_note(&w.l, FACT_CHECK, W_START, TRI_FALSE, w.now, "no");
	expect_rule(DECIDE_IDLE, RULE_WAIT);
	w.now += 20000;
	looks_note(&w.l, FACT_CHECK, W_START, TRI_FALSE, w.now, "no");
	expect_rule(DECIDE_DO, RULE_FAIL);
}

/* Its host is not reached: no failure, and no reason to do it again. */
static void
a_check_that_nobody_can_read_is_no_failure(void **state)
{
	struct view_attempt *a = world_begun(&w, W_START, "mail1");
	int64_t ended = w.now;

	(void)state;
	w.v.steps[W_START].retries = 3;
	a->state = ATTEMPT_ENDED;
	a->ended_ms = ended;
	a->exit = 0;
	w.now += w.v.steps[W_START].settle_ms + 1;
	looks_note(&w.l, FACT_CHECK, W_START, TRI_UNKNOWN, ended + 1, "silent");
	looks_note(&w.l, FACT_CHECK, W_START, TRI_UNKNOWN, w.now, "silent");
	expect_rule(DECIDE_DO, RULE_PASS);
	assert_false(w.d.ops[0].critical);
	w.now = ended + 40000;
	looks_note(&w.l, FACT_CHECK, W_START, TRI_UNKNOWN, w.now, "silent");
	expect_rule(DECIDE_DO, RULE_PASS);
	assert_true(w.d.ops[0].critical);
	assert_int_equal(w.d.ops[0].deadline_ms, ended + 1 + 300000);
	/* once it is read it counts as ever */
	looks_note(&w.l, FACT_CHECK, W_START, TRI_FALSE, w.now, "no");
	expect_rule(DECIDE_DO, RULE_AGAIN);
	looks_note(&w.l, FACT_CHECK, W_START, TRI_TRUE, w.now, "yes");
	expect_rule(DECIDE_DO, RULE_PASS);
	looks_note(&w.l, FACT_CHECK, W_START, TRI_UNKNOWN, w.now, "silent");
	w.now += 300000;
	looks_note(&w.l, FACT_CHECK, W_START, TRI_UNKNOWN, w.now, "silent");
	expect_rule(DECIDE_DO, RULE_FAIL);
	assert_true(world_has(&w, OP_TURN, TURN_EV_HOLD));
	assert_false(world_has(&w, OP_STEP, STEP_EV_RETRY));
}

static void
a_check_through_a_group_counts_twice(void **state)
{
	struct view_attempt *a = world_begun(&w, W_BACK, "dir1");

	(void)state;
	w.v.groups[0].confirm_ms = 2000;
	a->state = ATTEMPT_ENDED;
	a->ended_ms = w.now;
	w.now += 1;
	world_fact(&w, FACT_CHECK, W_BACK, TRI_TRUE);
	expect_rule(DECIDE_IDLE, RULE_WAIT);
	w.now = w.d.wake_ms;
	expect_rule(DECIDE_LOOK, RULE_PASS);
	looks_note(&w.l, FACT_CHECK, W_BACK, TRI_TRUE, w.now, "yes");
	expect_rule(DECIDE_DO, RULE_PASS);
}

static void
unknown_is_settled_by_the_check_or_held(void **state)
{
	struct view_attempt *a = world_begun(&w, W_START, "mail1");

	(void)state;
	a->state = ATTEMPT_UNKNOWN;
	a->ended_ms = w.now;
	w.now += 1;
	expect_rule(DECIDE_LOOK, RULE_UNKNOWN);
	world_fact(&w, FACT_CHECK, W_START, TRI_TRUE);
	expect_rule(DECIDE_DO, RULE_PASS);
	world_fact(&w, FACT_CHECK, W_START, TRI_FALSE);
	expect_rule(DECIDE_DO, RULE_UNKNOWN);
	assert_true(world_has(&w, OP_ATTEMPT, -1));
	/* what destroys is never run twice on a guess */
	w.v.steps[W_START].destroys = true;
	expect_rule(DECIDE_DO, RULE_UNKNOWN);
	assert_false(world_has(&w, OP_ATTEMPT, -1));
	assert_true(world_has(&w, OP_STEP, STEP_EV_LOSE));
	assert_true(world_has(&w, OP_TURN, TURN_EV_HOLD));
}

static void
unknown_without_a_check_is_held(void **state)
{
	struct view_attempt *a = world_begun(&w, W_CHANGE, "mail1");

	(void)state;
	a->state = ATTEMPT_UNKNOWN;
	a->ended_ms = w.now;
	expect_rule(DECIDE_DO, RULE_UNKNOWN);
	assert_true(world_has(&w, OP_STEP, STEP_EV_LOSE));
	world_apply(&w);
	w.v.turns[0].asked = ASK_RETRY;
	expect_rule(DECIDE_DO, RULE_ASKED);
	assert_false(world_has(&w, OP_TURN, -1));
	w.v.turns[0].asked = ASK_SETTLE_DONE;
	expect_rule(DECIDE_DO, RULE_ASKED);
	assert_true(world_has(&w, OP_STEP, STEP_EV_SETTLE_DONE));
	assert_true(world_has(&w, OP_TURN, TURN_EV_SETTLE));
}

static void
refused_was_not_begun(void **state)
{
	struct view_attempt *a = world_begun(&w, W_CHANGE, "mail1");

	(void)state;
	agent_says(a, AGENT_REFUSED);
	expect_rule(DECIDE_DO, RULE_REFUSED);
	assert_true(world_has(&w, OP_STEP, STEP_EV_UNSENT));
	assert_true(world_has(&w, OP_ATTEMPT_END, ATTEMPT_EV_UNSEND));
	assert_true(world_has(&w, OP_TURN, TURN_EV_HOLD));
}

/* A committed phase has made an attempt for each of its steps beforehand. */
static void
what_is_left_out_was_never_sent(void **state)
{
	(void)state;
	step_can_begin();
	view_attempt_add(&w.v.steps[W_ZERO])->state = ATTEMPT_SENT;
	(void)looks_agent_get(&w.l, "");
	when_false();
	expect_rule(DECIDE_DO, RULE_SKIP);
	assert_true(world_has(&w, OP_ATTEMPT_END, ATTEMPT_EV_UNSEND));
}

/* ------------------------------------------------------ rest and return */

static void
a_turn_ends_with_soak_and_proof(void **state)
{
	(void)state;
	world_at(&w, W_BACK);
	w.v.steps[W_BACK].state = STEP_PASSED;
	w.v.steps[W_BACK].ended_ms = w.now + 1;
	w.v.soak_ms = 60000;
	w.now += 2;
	expect_rule(DECIDE_LOOK, RULE_SOAK);
	world_fact(&w, FACT_TARGET, 0, TRI_TRUE);
	expect_rule(DECIDE_IDLE, RULE_SOAK);
	w.now += 61000;
	looks_note(&w.l, FACT_TARGET, 0, TRI_TRUE, w.now, "in service");
	expect_rule(DECIDE_LOOK, RULE_PEER);
	world_fact(&w, FACT_PEERS, 0, TRI_TRUE);
	expect_rule(DECIDE_DO, RULE_PROVE);
	assert_true(world_has(&w, OP_OUTAGE_CLOSE, -1));
	/* not in service for a minute after the soak: a person */
	looks_note(&w.l, FACT_TARGET, 0, TRI_FALSE, w.now, "down");
	expect_rule(DECIDE_IDLE, RULE_SOAK);
	w.now += 130000;
	looks_note(&w.l, FACT_TARGET, 0, TRI_FALSE, w.now, "down");
	world_fact(&w, FACT_PEERS, 0, TRI_TRUE);
	expect_rule(DECIDE_DO, RULE_SOAK);
	assert_true(world_has(&w, OP_TURN, TURN_EV_HOLD));
}

#define T(name) \
	cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(the_take_gets_worse_by_one_rule_at_a_time),
		T(an_override_lifts_its_gate_for_its_backend_only),
		T(one_that_is_down_comes_first),
		T(what_an_earlier_rollout_read_does_not_count),
		T(the_same_hold_is_told_once),
		T(an_excluded_one_is_passed_over),
		T(when_only_excluded_ones_wait_they_are_left_out),
		T(nothing_waits_any_more),
		T(a_step_gets_worse_by_one_rule_at_a_time),
		T(the_first_step_takes_the_slot_and_remembers),
		T(a_reading_from_before_the_last_change_does_not_count),
		T(a_no_pause_phase_is_committed_whole),
		T(a_committed_phase_is_carried_to_its_end),
		T(a_keep_breaks_only_when_its_group_is_ready),
		T(a_broken_keep_is_repaired_then_held),
		T(a_retry_does_again_what_is_broken),
		T(a_wait_ends_with_a_look_at_what_is_kept),
		T(lost_is_asked_again_under_the_same_id),
		T(without_a_check_the_exit_decides),
		T(with_a_check_the_check_alone_decides),
		T(a_check_that_nobody_can_read_is_no_failure),
		T(a_check_through_a_group_counts_twice),
		T(unknown_is_settled_by_the_check_or_held),
		T(unknown_without_a_check_is_held),
		T(refused_was_not_begun),
		T(what_is_left_out_was_never_sent),
		T(a_turn_ends_with_soak_and_proof),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
