/*
 * test_plan_walk.c - random walks through a simulated world.
 *
 * Whatever agents, members and people do, and in whatever order: never two
 * out, never done without a proof, nothing of a turn before its outage is
 * open, no destroying step twice, and every op is legal.  In a kind world
 * every walk comes to its end.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

#include "plan_private.h"
#include "world_one.h"

enum { WALKS = 400, STEPS = 4000 };

static unsigned int seed;
static bool kind;		/* nothing fails in this walk */

static int
dice(int n)
{
	seed = seed * 1103515245u + 12345u;
	return (int)((seed >> 16) % (unsigned int)n);
}

static enum tri
truth(int percent_true)
{
	int n = dice(100);

	if (kind || n < percent_true)
		return TRI_TRUE;
	return n % 3 == 0 ? TRI_UNKNOWN : TRI_FALSE;
}

/* Checks become true only when something ended; else they would be skipped. */
static enum tri
check_of(int step)
{
	const struct view_step *s = &w.v.steps[step];

	for (int i = 0; i < s->nattempts; i++)
		if (s->attempts[i].state == ATTEMPT_ENDED ||
		    s->attempts[i].state == ATTEMPT_UNKNOWN)
			return truth(80);
	return kind ? TRI_FALSE : truth(5);
}

static void
look(void)
{
	for (int i = 0; i < w.d.nwants; i++) {
		const struct want *want = &w.d.wants[i];
		enum tri value = want->kind == FACT_CHECK ?
			check_of(want->id) : truth(93);

		looks_note(&w.l, want->kind, want->id, value,
			   w.now > want->not_before_ms ? w.now :
			   want->not_before_ms, "walk");
	}
}

static void
answer(struct agent_fact *agent)
{
	int n = kind ? 0 : dice(20);

	agent->at_ms = w.now;
	agent->asked++;
	agent->silent_ms = 0;
	if (n < 13) {
		agent->state = AGENT_ENDED;
		agent->exit = kind || dice(10) ? 0 : 1;
	} else if (n < 15) {
		agent->state = AGENT_RUNNING;
	} else if (n < 18) {
		agent->state = AGENT_SILENT;
		agent->silent_ms = w.now;
		agent->gone = dice(4) == 0;
	} else if (n < 19) {
		agent->state = AGENT_UNKNOWN;
	} else {
		agent->state = AGENT_REFUSED;
	}
}

static void
send_all(void)
{
	for (int i = 0; i < w.d.nsends; i++)
		answer(looks_agent_get(&w.l, w.v.steps[w.d.sends[i].step]
			.attempts[w.d.sends[i].attempt].id));
}

static void
agents_move(void)
{
	for (int i = 0; i < w.l.nagents; i++)
		if (w.l.agents[i].state == AGENT_RUNNING && dice(2))
			answer(&w.l.agents[i]);
}

static void
people(void)
{
	static const enum turn_ask asks[] = { ASK_RETRY, ASK_RETRY,
		ASK_RESTORE, ASK_SKIP, ASK_SETTLE_DONE, ASK_SETTLE_NOT,
		ASK_INCLUDE, ASK_ACCEPT };
	int t = dice(W_TURNS);

	if (w.v.turns[t].asked == ASK_NONE && dice(3) == 0) {
		w.v.turns[t].asked = asks[dice(8)];
		w.v.turns[t].asked_accept_out = dice(2);
	}
	if (dice(40) == 0)
		w.v.pause.asked = true;
	if (dice(20) == 0)
		w.v.pause.asked = w.v.pause.effective = false;
	if (dice(400) == 0)
		w.v.abort = true;
	if (dice(30) == 0)
		w.v.database = !w.v.database;
	/* somebody makes room, so that min_up does not end every walk */
	snprintf(w.v.min_up, sizeof(w.v.min_up), "0");
}

/* Loading another turn: the same procedure, from its first step. */
static void
load(int turn)
{
	struct world fresh;

	world_init(&fresh);
	for (int i = 0; i < w.v.nsteps; i++)
		free(w.v.steps[i].attempts);
	free(w.v.steps);
	w.v.steps = fresh.v.steps;
	w.v.nsteps = fresh.v.nsteps;
	w.v.steps_size = fresh.v.steps_size;
	memcpy(w.v.phases, fresh.v.phases,
	       (size_t)w.v.nphases * sizeof(*w.v.phases));
	w.v.groups[0].mouth[0] = '\0';
	w.v.detail = turn;
	looks_forget(&w.l);
	fresh.v.steps = NULL;
	fresh.v.nsteps = 0;
	world_clear(&fresh);
}

/* ----------------------------------------------------------- invariants */

static void
check_op(const struct op *op)
{
	const struct view *v = &w.v;
	int out = 0;

	for (int i = 0; i < v->nturns; i++)
		out += v->turns[i].outage_open;
	if (op->kind == OP_OUTAGE_OPEN) {
		const struct fact *peers =
			looks_find(&w.l, FACT_PEERS, op->turn);

		assert_int_equal(out, 0);
		assert_int_equal(peers->value, TRI_TRUE);
		assert_true(w.now - peers->at_ms <= 10000);
	}
	if (op->kind == OP_TURN && op->event == TURN_EV_TAKE)
		assert_int_equal(view_active(v), -1);
	if (op->kind == OP_TURN && op->event == TURN_EV_PROVE) {
		const struct fact *target =
			looks_find(&w.l, FACT_TARGET, op->turn);

		assert_int_equal(target->value, TRI_TRUE);
		assert_false(v->turns[op->turn].outage_open);
		if (v->turns[op->turn].state == TURN_WORKING)
			assert_int_equal(plan_current(v, false), -1);
	}
	if (op->kind == OP_ATTEMPT && v->steps[op->step].undoes < 0)
		assert_true(v->turns[v->detail].outage_open);
	if (op->kind == OP_ATTEMPT && v->steps[op->step].destroys)
		for (int i = 0; i < v->steps[op->step].nattempts; i++)
			assert_int_not_equal(v->steps[op->step]
				.attempts[i].state, ATTEMPT_SENT);
	/* only a person, who settled it, has it done again */
	if (op->kind == OP_ATTEMPT && v->steps[op->step].destroys)
		assert_int_not_equal(w.d.rule, RULE_UNKNOWN);
	if (op->kind == OP_STEP && op->event == STEP_EV_START &&
	    v->steps[op->step].undoes < 0 && !v->steps[op->step].again)
		for (int i = 0; i < op->step; i++)
			assert_true(plan_is_over(&v->steps[i]) ||
				    v->steps[i].undoes >= 0 ||
				    v->steps[i].state == STEP_RUNNING);
}

/* The agents' exits go where act.c would put them. */
static void
copy_exit(const struct op *op)
{
	struct view_attempt *a;
	const struct agent_fact *agent;

	if (op->kind != OP_ATTEMPT_END || op->event != ATTEMPT_EV_END)
		return;
	a = &w.v.steps[op->step].attempts[op->attempt];
	agent = looks_agent(&w.l, a->id);
	if (agent != NULL)
		a->exit = agent->exit;
}

static void
apply(void)
{
	bool committed = plan_committed(&w.v);

	assert_true(w.v.database || committed);
	for (int i = 0; i < w.d.nops; i++) {
		struct op *op = &w.d.ops[i];

		if (op->kind == OP_ATTEMPT)
			snprintf(op->id, sizeof(op->id), "a-%d", ++w.ids);
		check_op(op);
		copy_exit(op);
		assert_int_equal(view_apply(&w.v, op, w.now), 0);
		if (op->kind == OP_ATTEMPT)
			(void)looks_agent_get(&w.l, op->id);
	}
}

/* One decision; false: the rollout is over. */
static bool
walk_once(void)
{
	struct decision before;

	world_next(&w);
	before = w.d;
	world_next(&w);
	assert_memory_equal(&before, &w.d, offsetof(struct decision, wants));
	switch (w.d.kind) {
	case DECIDE_DO:
		apply();
		return true;
	case DECIDE_LOOK:
		assert_true(w.d.nwants > 0);
		look();
		w.now += 50;
		return true;
	case DECIDE_LOAD:
		load(w.d.load);
		return true;
	case DECIDE_SEND:
		send_all();
		w.now += 100;
		return true;
	case DECIDE_IDLE:
		break;
	}
	if (w.d.rule == RULE_ENDED)
		return false;
	agents_move();
	w.now = w.d.wake_ms > w.now ? w.d.wake_ms : w.now + 1000;
	return true;
}

static bool
walk(unsigned int number)
{
	bool ended = false;

	seed = number;
	world_init(&w);
	for (int i = 0; i < W_STEPS; i++)
		w.v.steps[i].destroys = i == W_CHANGE;
	for (int i = 0; i < STEPS && !ended; i++) {
		if (!kind && dice(10) == 0)
			people();
		ended = !walk_once();
	}
	for (int i = 0; kind && i < w.v.nturns; i++)
		assert_int_equal(w.v.turns[i].state, TURN_DONE);
	world_clear(&w);
	return ended;
}

static void
a_kind_world_ends_well(void **state)
{
	(void)state;
	kind = true;
	assert_true(walk(1));
}

static void
no_walk_breaks_a_promise(void **state)
{
	int ended = 0;

	(void)state;
	kind = false;
	for (unsigned int i = 1; i <= WALKS; i++)
		ended += walk(i);
	print_message("%d of %d walks came to an end\n", ended, WALKS);
	assert_true(ended > WALKS / 4);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_kind_world_ends_well),
		cmocka_unit_test(no_walk_breaks_a_promise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
