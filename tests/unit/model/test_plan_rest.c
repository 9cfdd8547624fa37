/*
 * test_plan_rest.c - where plan_next() comes to rest when something comes in
 * between: silence, deadlines, peers, people.
 */
#include <stdio.h>
#include <string.h>

#include "unit.h"

#include "world_one.h"

static void
expect_rule(enum decision_kind kind, enum rule rule)
{
	world_next(&w);
	if (w.d.rule != rule || w.d.kind != kind)
		print_message("%s (%s), kind %d: %s\n",
			      rule_number(w.d.rule),
			      rule_sentence(w.d.rule), (int)w.d.kind,
			      w.d.reason);
	assert_int_equal(w.d.rule, rule);
	assert_int_equal(w.d.kind, kind);
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

static void
a_member_that_is_gone_is_followed_by_another(void **state)
{
	struct view_attempt *a = world_begun(&w, W_BACK, "dir1");
	struct agent_fact *agent = agent_says(a, AGENT_SILENT);

	(void)state;
	agent->gone = true;
	agent->silent_ms = w.now - 80000;
	expect_rule(DECIDE_LOOK, RULE_CONTACT);
	assert_true(world_wants(&w, FACT_DONE, W_BACK));
	world_fact(&w, FACT_DONE, W_BACK, TRI_FALSE);
	expect_rule(DECIDE_DO, RULE_CONTACT);
	world_apply(&w);
	assert_string_equal(w.v.groups[0].mouth, "dir2");
	assert_string_equal(w.v.steps[W_BACK].attempts[1].host, "dir2");
	assert_int_equal(w.v.steps[W_BACK].attempts[0].state,
			 ATTEMPT_ABANDONED);
}

/* What the looks say of a silent one, and since when it is silent. */
struct silence {
	int64_t silent_ms;		/* so long */
	bool gone;			/* 75 s */
	int absent;			/* enum tri, -1: never looked */
	int64_t absent_ms;		/* its age */
	int done;			/* enum tri, -1: never looked */
	bool lists, has_check, idempotent, any;
};

/* The same by the words of the design: may another one be told? */
static bool
another_may(const struct silence *s)
{
	bool proved = s->gone || (s->lists && s->absent == TRI_TRUE &&
		s->absent_ms <= 10000 && s->absent_ms <= s->silent_ms);

	return proved && s->any &&
		(s->has_check ? s->done == TRI_FALSE : s->idempotent);
}

static void
silence_is(const struct silence *s)
{
	struct view_attempt *a;
	struct agent_fact *agent;

	world_clear(&w);
	world_init(&w);
	a = world_begun(&w, W_BACK, "dir1");
	agent = agent_says(a, AGENT_SILENT);
	agent->silent_ms = w.now - s->silent_ms;
	agent->gone = s->gone;
	agent->asked = 5;
	w.v.groups[0].lists = s->lists;
	w.v.steps[W_BACK].has_check = s->has_check;
	w.v.steps[W_BACK].idempotent = s->idempotent;
	if (!s->any)
		w.v.steps[W_BACK].target = TARGET_BACKEND;
	if (s->absent >= 0)
		looks_note(&w.l, FACT_ABSENT, W_BACK, (enum tri)s->absent,
			   w.now - s->absent_ms, "as the others say");
	if (s->done >= 0)
		world_fact(&w, FACT_DONE, W_BACK, (enum tri)s->done);
	world_next(&w);
	if (world_has(&w, OP_ATTEMPT, -1) != another_may(s))
		fail_msg("silent %lld gone %d absent %d (%lld old) done %d "
			 "lists %d check %d idempotent %d any %d: %s",
			 (long long)s->silent_ms, s->gone, s->absent,
			 (long long)s->absent_ms, s->done, s->lists,
			 s->has_check, s->idempotent, s->any, w.d.reason);
	assert_false(world_has(&w, OP_MOUTH, -1) && !another_may(s));
}

static void
another_is_told_when_one_is_proven_gone_and_never_else(void **state)
{
	static const int64_t silents[] = { 0, 1000, 4000, 30000, 90000 };
	static const int64_t ages[] = { 0, 2500, 9000, 12000, 60000 };

	(void)state;
	for (unsigned int n = 0; n < 5 * 5 * 4 * 4 * 32; n++) {
		struct silence s = {
			.silent_ms = silents[n % 5], .gone = n / 5 % 2,
			.lists = n / 10 % 2, .has_check = n / 20 % 2,
			.idempotent = n / 40 % 2, .any = n / 80 % 2,
			.absent = (int)(n / 160 % 4) - 1,
			.done = (int)(n / 640 % 4) - 1,
			.absent_ms = ages[n / 2560 % 5],
		};

		silence_is(&s);
	}
}

/* Asked after 2 s, and again; at last they say so. */
static void
the_others_are_asked_whether_a_silent_one_is_there(void **state)
{
	struct view_attempt *a = world_begun(&w, W_BACK, "dir1");
	struct agent_fact *agent = agent_says(a, AGENT_SILENT);

	(void)state;
	agent->silent_ms = w.now;
	expect_rule(DECIDE_IDLE, RULE_WAIT);
	assert_int_equal(w.d.wake_ms, w.now + 1000);	/* asked again */
	agent->asked = 6;
	w.now += 1999;
	agent->at_ms = w.now;
	expect_rule(DECIDE_IDLE, RULE_WAIT);
	assert_int_equal(w.d.wake_ms, w.now + 1);
	w.now++;
	expect_rule(DECIDE_LOOK, RULE_CONTACT);
	assert_true(world_wants(&w, FACT_ABSENT, W_BACK));
	world_fact(&w, FACT_ABSENT, W_BACK, TRI_FALSE);
	expect_rule(DECIDE_IDLE, RULE_WAIT);
	assert_int_equal(w.d.wake_ms, w.now + 2000);
	w.now += 2000;
	expect_rule(DECIDE_LOOK, RULE_CONTACT);
	world_fact(&w, FACT_ABSENT, W_BACK, TRI_TRUE);
	expect_rule(DECIDE_LOOK, RULE_CONTACT);
	assert_true(world_wants(&w, FACT_DONE, W_BACK));
	world_fact(&w, FACT_DONE, W_BACK, TRI_TRUE);
	expect_rule(DECIDE_DO, RULE_CONTACT);
	assert_true(world_has(&w, OP_ATTEMPT_END, ATTEMPT_EV_ABANDON));
	assert_false(world_has(&w, OP_ATTEMPT, -1));
}

/* What was said of the one before says nothing of the next. */
static void
a_proof_of_before_it_fell_silent_is_none(void **state)
{
	struct view_attempt *a = world_begun(&w, W_BACK, "dir1");
	struct agent_fact *agent = agent_says(a, AGENT_SILENT);

	(void)state;
	world_fact(&w, FACT_ABSENT, W_BACK, TRI_TRUE);
	world_fact(&w, FACT_DONE, W_BACK, TRI_FALSE);
	w.now += 3000;
	agent->asked = 6;
	agent->at_ms = w.now;
	agent->silent_ms = w.now - 2000;
	expect_rule(DECIDE_LOOK, RULE_CONTACT);
	assert_true(world_wants(&w, FACT_ABSENT, W_BACK));
}

static void
an_excluded_mouth_is_not_spoken_to(void **state)
{
	struct view_attempt *made;

	(void)state;
	world_at(&w, W_BACK);
	snprintf(w.v.groups[0].mouth, VIEW_NAME, "dir9");
	made = view_attempt_add(&w.v.steps[W_BACK]);
	made->state = ATTEMPT_SENT;
	snprintf(made->host, sizeof(made->host), "dir9");
	world_fact(&w, FACT_CHECK, W_BACK, TRI_FALSE);
	expect_rule(DECIDE_DO, RULE_BEGIN);
	world_apply(&w);
	assert_string_equal(w.v.groups[0].mouth, "dir1");
	assert_int_equal(w.v.steps[W_BACK].attempts[0].state, ATTEMPT_UNSENT);
	assert_string_equal(w.v.steps[W_BACK].attempts[1].host, "dir1");
}

/* Excluded with a change in its hands: its journal settles that, or 75 s. */
static void
an_excluded_mouth_is_not_gone(void **state)
{
	struct view_attempt *a = world_begun(&w, W_BACK, "dir9");
	struct agent_fact *agent = agent_says(a, AGENT_SILENT);

	(void)state;
	agent->at_ms = agent->silent_ms = w.now - 4000;
	world_fact(&w, FACT_DONE, W_BACK, TRI_FALSE);
	expect_rule(DECIDE_SEND, RULE_SEND);
	assert_int_equal(w.d.nsends, 1);
	agent->gone = true;
	expect_rule(DECIDE_DO, RULE_CONTACT);
	world_apply(&w);
	assert_string_equal(w.v.steps[W_BACK].attempts[1].host, "dir1");
}

static void
who_is_silent_is_named_soon(void **state)
{
	struct view_attempt *a = world_begun(&w, W_BACK, "dir1");
	struct agent_fact *agent = agent_says(a, AGENT_SILENT);

	(void)state;
	agent->at_ms = agent->silent_ms = w.now - 11000;
	expect_rule(DECIDE_DO, RULE_CONTACT);
	assert_false(w.d.ops[0].critical);
	world_apply(&w);
	expect_rule(DECIDE_SEND, RULE_SEND);
	agent->silent_ms = w.now - w.v.steps[W_BACK].timeout_ms - 300000;
	expect_rule(DECIDE_DO, RULE_CONTACT);
	assert_true(w.d.ops[0].critical);
}

static void
a_check_that_nobody_can_tell_is_named_soon(void **state)
{
	struct view_attempt *a = world_begun(&w, W_BACK, "dir1");

	(void)state;
	a->state = ATTEMPT_ENDED;
	a->ended_ms = w.now - 9000;
	looks_note(&w.l, FACT_CHECK, W_BACK, TRI_UNKNOWN, w.now, "dir2?");
	expect_rule(DECIDE_IDLE, RULE_WAIT);
	((struct fact *)looks_find(&w.l, FACT_CHECK, W_BACK))->since_ms -=
		11000;
	expect_rule(DECIDE_DO, RULE_PASS);
	assert_true(world_has(&w, OP_HOLD, -1));
	world_apply(&w);
	expect_rule(DECIDE_IDLE, RULE_WAIT);
}

/* From the end of the act, however long it was not so before. */
static void
a_check_that_is_not_true_is_named_soon(void **state)
{
	struct view_attempt *a = world_begun(&w, W_BACK, "dir1");

	(void)state;
	a->state = ATTEMPT_ENDED;
	a->ended_ms = w.now - 4999;
	looks_note(&w.l, FACT_CHECK, W_BACK, TRI_FALSE, w.now, "active");
	((struct fact *)looks_find(&w.l, FACT_CHECK, W_BACK))->since_ms -=
		100000;
	expect_rule(DECIDE_IDLE, RULE_WAIT);
	a->ended_ms--;
	expect_rule(DECIDE_DO, RULE_PASS);
	assert_false(world_hold(&w)->critical);
	assert_int_equal(world_hold(&w)->deadline_ms, a->ended_ms +
			 w.v.steps[W_BACK].settle_ms);
	assert_non_null(strstr(world_hold(&w)->text, "not done yet: active"));
	world_apply(&w);
	expect_rule(DECIDE_IDLE, RULE_WAIT);
	looks_note(&w.l, FACT_CHECK, W_BACK, TRI_TRUE, w.now, "inactive");
	w.now += 10000;
	looks_note(&w.l, FACT_CHECK, W_BACK, TRI_TRUE, w.now, "inactive");
	expect_rule(DECIDE_DO, RULE_PASS);
	world_apply(&w);
	for (int i = 0; i < w.v.nholds; i++)
		assert_true(w.v.holds[i].ended);
	assert_int_equal(w.v.nholds, 1);
}

/* Waited for, named after 5 s with its evidence and end, then held. */
static void
expect_unsure(enum fact_kind kind, int s, enum rule rule)
{
	const struct op *hold;
	struct fact *fact;

	world_fact(&w, kind, s, TRI_UNKNOWN);
	fact = (struct fact *)looks_find(&w.l, kind, s);
	fact->since_ms = w.now - 4999;
	expect_rule(DECIDE_IDLE, rule);
	fact->since_ms = w.now - 5000;
	expect_rule(DECIDE_DO, rule);
	hold = world_hold(&w);
	assert_int_equal(hold->hold_kind, HOLD_GATE);
	assert_int_equal(hold->fact, kind);
	assert_int_equal(hold->fact_id, s);
	assert_int_equal(hold->look_ms, w.now + 2000);
	assert_true(hold->deadline_ms >= fact->since_ms + 300000);
	assert_false(world_has(&w, OP_TURN, -1));
	assert_non_null(strstr(hold->text, "nobody can tell"));
	world_apply(&w);
	expect_rule(DECIDE_IDLE, rule);		/* told once, looked again */
	assert_int_equal(w.d.wake_ms, w.now + 2000);
	fact->since_ms = w.now - 300001;
	expect_rule(DECIDE_DO, rule);
	assert_int_equal(world_hold(&w)->hold_kind, HOLD_TURN);
	assert_true(world_has(&w, OP_UNHOLD, -1));
	world_apply(&w);
	for (int i = 0; i < w.v.nholds; i++)
		assert_true(w.v.holds[i].ended ||
			    w.v.holds[i].kind == HOLD_TURN);
}

static void
an_undecided_when_is_named_soon(void **state)
{
	(void)state;
	world_at(&w, W_CHANGE);
	w.v.steps[W_CHANGE].has_when = true;
	expect_unsure(FACT_WHEN, W_CHANGE, RULE_UNDECIDED);
}

static void
an_undecided_require_is_named_soon(void **state)
{
	(void)state;
	world_at(&w, W_CHANGE);
	w.v.steps[W_CHANGE].has_require = true;
	expect_unsure(FACT_REQUIRE, W_CHANGE, RULE_REQUIRE);
}

static void
undecided_values_are_named_soon(void **state)
{
	(void)state;
	world_at(&w, W_CHANGE);
	w.v.steps[W_CHANGE].has_remember = true;
	expect_unsure(FACT_REMEMBER, W_CHANGE, RULE_REMEMBER);
}

static void
an_undecided_end_is_named_soon(void **state)
{
	struct view_attempt *a = world_begun(&w, W_STOP, "mail1");

	(void)state;
	a->state = ATTEMPT_UNKNOWN;
	a->ended_ms = w.now - 100000;
	expect_unsure(FACT_CHECK, W_STOP, RULE_UNKNOWN);
}

static void
an_undecided_proof_is_named_soon(void **state)
{
	(void)state;
	world_at(&w, W_STEPS);
	w.v.turns[0].taken_ms = w.now - 400000;
	for (int i = 0; i < W_STEPS; i++)
		w.v.steps[i].ended_ms = w.now - 400000;
	expect_unsure(FACT_TARGET, 0, RULE_SOAK);
}

/* A poll waits for what is not so yet; what nobody can tell is named. */
static void
an_undecided_poll_is_named_soon(void **state)
{
	const struct op *hold;
	struct fact *until;

	(void)state;
	world_at(&w, W_DRAINED);
	w.v.steps[W_DRAINED].state = STEP_RUNNING;
	w.v.steps[W_DRAINED].started_ms = w.now - 6000;
	world_fact(&w, FACT_UNTIL, W_DRAINED, TRI_FALSE);
	expect_rule(DECIDE_IDLE, RULE_WAIT);
	until = (struct fact *)looks_find(&w.l, FACT_UNTIL, W_DRAINED);
	until->value = TRI_UNKNOWN;
	until->since_ms = w.now - 4999;
	expect_rule(DECIDE_IDLE, RULE_WAIT);
	until->since_ms = w.now - 5000;
	expect_rule(DECIDE_DO, RULE_WAIT);
	hold = world_hold(&w);
	assert_int_equal(hold->fact, FACT_UNTIL);
	assert_int_equal(hold->look_ms, w.now + 1000);
	assert_int_equal(hold->deadline_ms, w.now + 54000);
	assert_non_null(strstr(hold->text, "nobody can tell"));
	world_apply(&w);
	expect_rule(DECIDE_IDLE, RULE_WAIT);	/* told once */
	until->value = TRI_FALSE;
	expect_rule(DECIDE_DO, RULE_WAIT);
	assert_true(world_has(&w, OP_UNHOLD, -1));
	world_apply(&w);
	expect_rule(DECIDE_IDLE, RULE_WAIT);
}

/* What it was waited for is decided: nobody waits any more. */
static void
a_decided_fact_ends_its_hold(void **state)
{
	struct fact *fact;

	(void)state;
	world_at(&w, W_CHANGE);
	w.v.steps[W_CHANGE].has_when = true;
	world_fact(&w, FACT_WHEN, W_CHANGE, TRI_UNKNOWN);
	fact = (struct fact *)looks_find(&w.l, FACT_WHEN, W_CHANGE);
	fact->since_ms = w.now - 9000;
	expect_rule(DECIDE_DO, RULE_UNDECIDED);
	world_apply(&w);
	fact->value = TRI_TRUE;
	expect_rule(DECIDE_DO, RULE_BEGIN);
	assert_true(world_has(&w, OP_UNHOLD, -1));
	fact->value = TRI_FALSE;
	expect_rule(DECIDE_DO, RULE_SKIP);
	assert_true(world_has(&w, OP_UNHOLD, -1));
}

/* Each gate that a look decides says which, and when one looks again. */
static void
a_gate_has_its_evidence(void **state)
{
	static const enum fact_kind kinds[] = { FACT_GREETED, FACT_TARGET,
						FACT_PEERS, FACT_READY };

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT(kinds); i++)
		for (int value = 0; value < 2; value++) {
			world_ready(&w);
			world_fact(&w, kinds[i], 0,
				   value ? TRI_UNKNOWN : TRI_FALSE);
			expect_rule(DECIDE_DO, RULE_GATES);
			assert_int_equal(world_hold(&w)->fact, kinds[i]);
			assert_int_equal(world_hold(&w)->look_ms,
					 w.now + 10000);
			assert_int_equal(world_hold(&w)->deadline_ms, 0);
		}
}

static void
a_no_pause_phase_past_its_deadline(void **state)
{
	struct view_attempt *a = world_begun(&w, W_FLUSH, "mail1");

	(void)state;
	a->state = ATTEMPT_ENDED;
	a->ended_ms = w.now;
	w.now += 20000;
	looks_note(&w.l, FACT_CHECK, W_FLUSH, TRI_FALSE, w.now, "no");
	expect_rule(DECIDE_DO, RULE_AGAIN);
	w.v.phases[1].committed_ms = w.now - 400000;
	expect_rule(DECIDE_DO, RULE_DEADLINE);
	assert_true(world_has(&w, OP_TURN, TURN_EV_RESTORE));
	w.v.turns[0].no_return_begun = true;
	expect_rule(DECIDE_DO, RULE_DEADLINE);
	assert_true(world_has(&w, OP_TURN, TURN_EV_HOLD));
}

/* What it undoes it undoes: the failed step fails once, the rest is unsent. */
static void
a_deadline_undoes_what_was_done(void **state)
{
	struct view_attempt *a = world_begun(&w, W_FLUSH, "mail1"), *next;

	(void)state;
	a->state = ATTEMPT_ENDED;
	a->ended_ms = w.now;
	next = view_attempt_add(&w.v.steps[W_STOP]);
	snprintf(next->id, sizeof(next->id), "ours");
	next->state = ATTEMPT_SENT;
	agent_says(next, AGENT_NOT_ASKED);
	w.now += 20000;
	w.v.phases[1].committed_ms = w.now - 400000;
	looks_note(&w.l, FACT_CHECK, W_FLUSH, TRI_FALSE, w.now, "no");
	expect_rule(DECIDE_DO, RULE_DEADLINE);
	world_apply(&w);
	assert_int_equal(w.v.turns[0].state, TURN_RESTORING);
	assert_int_equal(w.v.steps[W_STEPS].undoes, W_ZERO);
	assert_int_equal(w.v.steps[W_STOP].attempts[0].state, ATTEMPT_UNSENT);
}

static void
a_phase_that_waits_for_a_group_has_its_deadline_too(void **state)
{
	(void)state;
	world_at(&w, W_STOP);
	w.v.phases[0].ended_ms = w.now;
	w.v.steps[W_STOP].group = 0;
	w.v.phases[1].started_ms = w.now;
	world_fact(&w, FACT_READY, 0, TRI_UNKNOWN);
	w.v.phases[1].committed_ms = w.now - 1000;
	expect_rule(DECIDE_DO, RULE_READY);
	assert_true(world_has(&w, OP_HOLD, -1));
	w.v.phases[1].committed_ms = w.now - 400000;
	expect_rule(DECIDE_DO, RULE_DEADLINE);
	assert_true(world_has(&w, OP_TURN, TURN_EV_RESTORE));
}

static void
abort_rests_in_out_or_at_the_end(void **state)
{
	(void)state;
	world_at(&w, W_FLUSH);
	w.v.abort = true;
	expect_rule(DECIDE_DO, RULE_ABORT);
	assert_true(world_has(&w, OP_TURN, TURN_EV_RESTORE));
	assert_true(world_has(&w, OP_UNDO, -1));
	world_at(&w, W_CHANGE);
	expect_rule(DECIDE_DO, RULE_ABORT);
	assert_true(world_has(&w, OP_TURN, TURN_EV_REST_OUT));
	world_at(&w, W_BACK);
	world_next(&w);
	assert_int_not_equal(w.d.rule, RULE_ABORT);
}

static void
a_peer_fails_while_one_is_out(void **state)
{
	(void)state;
	world_at(&w, W_FLUSH);
	world_fact(&w, FACT_PEERS, 0, TRI_FALSE);
	expect_rule(DECIDE_DO, RULE_PEER);
	assert_true(world_has(&w, OP_TURN, TURN_EV_RESTORE));
	/* after the point of no return it is finished, and that is marked */
	world_at(&w, W_CHANGE);
	world_fact(&w, FACT_PEERS, 0, TRI_FALSE);
	expect_rule(DECIDE_DO, RULE_PEER);
	assert_false(world_has(&w, OP_TURN, -1));
	world_apply(&w);
	world_next(&w);
	assert_int_not_equal(w.d.rule, RULE_PEER);
	/* a retry of its own steps is no answer to that */
	w.v.turns[0].state = TURN_HELD;
	w.v.turns[0].asked = ASK_RETRY;
	expect_rule(DECIDE_DO, RULE_ASKED);
	world_apply(&w);
	assert_int_equal(w.v.turns[0].state, TURN_WORKING);
	assert_int_equal(w.v.turns[0].cause, CAUSE_PEER);
}

static void
a_peer_that_is_back_is_not_forgotten(void **state)
{
	(void)state;
	world_ready(&w);
	w.v.turns[0].state = TURN_DONE;
	w.v.turns[0].cause = CAUSE_PEER;
	expect_rule(DECIDE_DO, RULE_PEER);
	assert_true(world_has(&w, OP_HOLD, -1));
	world_apply(&w);
	expect_rule(DECIDE_IDLE, RULE_PEER);
	w.v.turns[0].approved = true;
	expect_rule(DECIDE_DO, RULE_PEER);
	assert_true(world_has(&w, OP_UNHOLD, -1));
	world_apply(&w);
	w.v.turns[0].approved = false;	/* its answer is used up */
	w.v.detail = 1;
	expect_rule(DECIDE_DO, RULE_TAKE);
}

static void
a_pause_rests_where_a_phase_rests(void **state)
{
	(void)state;
	w.v.pause.asked = true;
	world_at(&w, W_CHANGE);	/* stop does not rest */
	world_next(&w);
	assert_int_not_equal(w.d.rule, RULE_PAUSED);
	world_at(&w, W_START);	/* change rests out */
	expect_rule(DECIDE_DO, RULE_PAUSED);
	assert_true(world_has(&w, OP_PAUSE, -1));
	w.v.pause.effective = true;
	expect_rule(DECIDE_IDLE, RULE_PAUSED);
}

static void
a_pause_does_not_end_by_itself(void **state)
{
	(void)state;
	world_at(&w, W_DRAINED);
	w.v.pause.asked = w.v.pause.effective = true;
	w.v.pause.mode = PAUSE_KEEP;
	w.v.pause.until_ms = w.now + 5000;
	expect_rule(DECIDE_IDLE, RULE_PAUSED);
	assert_int_equal(w.d.wake_ms, w.v.pause.until_ms);
	w.now += 5000;
	world_fact(&w, FACT_PEERS, 0, TRI_TRUE);
	expect_rule(DECIDE_DO, RULE_PAUSED);
	assert_true(world_has(&w, OP_PAUSE_OVER, -1));
	assert_false(world_has(&w, OP_TURN, -1));
	world_apply(&w);
	expect_rule(DECIDE_IDLE, RULE_PAUSED);
}

static void
peers_are_watched_in_a_pause(void **state)
{
	(void)state;
	world_at(&w, W_DRAINED);
	w.v.pause.asked = w.v.pause.effective = true;
	w.v.pause.mode = PAUSE_KEEP;
	expect_rule(DECIDE_IDLE, RULE_PAUSED);
	w.now += 20000;
	expect_rule(DECIDE_LOOK, RULE_PEER);
	world_fact(&w, FACT_PEERS, 0, TRI_FALSE);
	expect_rule(DECIDE_DO, RULE_PEER);
	assert_true(world_has(&w, OP_TURN, TURN_EV_RESTORE));
}

/* Steps that are undone count as over: forward from there would skip them. */
static void
a_retry_of_a_way_back_is_a_way_back(void **state)
{
	(void)state;
	world_at(&w, W_FLUSH);
	w.v.steps[W_ZERO].state = STEP_UNDONE;
	w.v.turns[0].state = TURN_HELD;
	w.v.turns[0].cause = CAUSE_PERSON;
	w.v.turns[0].asked = ASK_RETRY;
	expect_rule(DECIDE_DO, RULE_ASKED);
	world_apply(&w);
	assert_int_equal(w.v.turns[0].state, TURN_RESTORING);
}

#define T(name) \
	cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_member_that_is_gone_is_followed_by_another),
		T(another_is_told_when_one_is_proven_gone_and_never_else),
		T(the_others_are_asked_whether_a_silent_one_is_there),
		T(a_proof_of_before_it_fell_silent_is_none),
		T(an_excluded_mouth_is_not_spoken_to),
		T(an_excluded_mouth_is_not_gone),
		T(who_is_silent_is_named_soon),
		T(a_check_that_nobody_can_tell_is_named_soon),
		T(a_check_that_is_not_true_is_named_soon),
		T(an_undecided_when_is_named_soon),
		T(an_undecided_require_is_named_soon),
		T(undecided_values_are_named_soon),
		T(an_undecided_end_is_named_soon),
		T(an_undecided_proof_is_named_soon),
		T(an_undecided_poll_is_named_soon),
		T(a_decided_fact_ends_its_hold),
		T(a_gate_has_its_evidence),
		T(a_no_pause_phase_past_its_deadline),
		T(a_deadline_undoes_what_was_done),
		T(a_phase_that_waits_for_a_group_has_its_deadline_too),
		T(abort_rests_in_out_or_at_the_end),
		T(a_peer_fails_while_one_is_out),
		T(a_peer_that_is_back_is_not_forgotten),
		T(a_pause_rests_where_a_phase_rests),
		T(a_pause_does_not_end_by_itself),
		T(peers_are_watched_in_a_pause),
		T(a_retry_of_a_way_back_is_a_way_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
