/* plan_ask.c - what a person asked of a turn, turned into edges. */
#include <stdio.h>
#include <string.h>

#include "plan_private.h"

static int
ask_step(const struct view *v, const char *name)
{
	for (int i = v->nsteps - 1; i >= 0; i--)
		if (strcmp(v->steps[i].name, name) == 0)
			return i;
	return -1;
}

static int
step_in(const struct view *v, enum step_state state)
{
	for (int i = 0; i < v->nsteps; i++)
		if (v->steps[i].state == state)
			return i;
	return -1;
}

/* Answered with no: said, and the ask is taken away. */
static void
ask_refuse(struct plan *p, const char *why)
{
	const struct view_turn *turn = plan_turn_of(p);

	plan_op(p, OP_ASKED);
	plan_event(p, "%s of %s refused: %s", turn_ask_word(turn->asked),
		   turn->backend, why);
	plan_say(p, DECIDE_DO, RULE_ASKED, 0, "refused: %s", why);
}

static void
ask_done(struct plan *p)
{
	const struct view_turn *turn = plan_turn_of(p);

	plan_op(p, OP_ASKED);
	plan_say(p, DECIDE_DO, RULE_ASKED, 0, "%s of %s by %s",
		 turn_ask_word(turn->asked), turn->backend, turn->asked_by);
}

static void
retry_steps(struct plan *p, int from, bool undoing)
{
	const struct view *v = p->v;

	for (int i = 0; i < v->nsteps; i++) {
		const struct view_step *step = &v->steps[i];
		enum step_event event;

		if (plan_is_undoing(step) != undoing)
			continue;
		if (step->state == STEP_FAILED)
			event = STEP_EV_RETRY;
		else if (from >= 0 && i >= from && plan_is_over(step) &&
			 !step->planned_skip)
			event = STEP_EV_AGAIN;
		else
			continue;
		plan_step_op(p, i, event, "retried by a person");
		p->d->ops[p->d->nops - 1].cause = CAUSE_PERSON;
	}
}

static int64_t
held_since(const struct view *v)
{
	for (int i = 0; i < v->nholds; i++)
		if (v->holds[i].kind == HOLD_TURN && !v->holds[i].ended)
			return v->holds[i].told_ms;
	return 0;
}

static void
ask_retry_held(struct plan *p)
{
	const struct view_turn *turn = plan_turn_of(p);
	bool undoing = plan_is_restoring(turn);
	int from = -1;

	if (step_in(p->v, STEP_UNKNOWN) >= 0) {
		ask_refuse(p, "a step's end is unknown: settle it first");
		return;
	}
	if (turn->asked_step[0] != '\0') {
		from = ask_step(p->v, turn->asked_step);
		if (from < 0) {
			ask_refuse(p, "no such step");
			return;
		}
	}
	if (from < 0 && !undoing && plan_keep_retry(p, held_since(p->v)))
		return;
	retry_steps(p, from, undoing);
	plan_turn_op(p, undoing ? TURN_EV_RESTORE : TURN_EV_RETRY,
		     turn->cause, turn->asked_why);
	plan_unhold(p, HOLD_TURN);
	ask_done(p);
}

static void
ask_retry(struct plan *p)
{
	const struct view_turn *turn = plan_turn_of(p);

	if (turn->state == TURN_RESTORED) {
		plan_turn_op(p, TURN_EV_AGAIN, CAUSE_NONE, turn->asked_why);
		plan_unhold(p, HOLD_TURN);
		ask_done(p);
	} else if (turn->state == TURN_HELD) {
		ask_retry_held(p);
	} else {
		ask_refuse(p, "the turn is not held");
	}
}

static void
ask_restore(struct plan *p)
{
	if (plan_turn_of(p)->state != TURN_HELD) {
		ask_refuse(p, "the turn is not held");
		return;
	}
	if (!plan_settled(p))
		return;
	plan_op(p, OP_ASKED);
	plan_unhold(p, HOLD_TURN);
	plan_restore(p, RULE_ASKED, CAUSE_PERSON, plan_turn_of(p)->asked_why);
}

static void
ask_skip(struct plan *p)
{
	const struct view_turn *turn = plan_turn_of(p);

	if (turn->outage_open && !turn->asked_accept_out) {
		ask_refuse(p, "it is out of service: accept that too");
		return;
	}
	if (turn->state == TURN_RESTORED)
		plan_turn_op(p, TURN_EV_AGAIN, CAUSE_NONE, "");
	else if (turn->state != TURN_HELD && turn->state != TURN_WAITING) {
		ask_refuse(p, "the turn is not at rest");
		return;
	}
	if (turn->outage_open)
		plan_op(p, OP_OUTAGE_ACCEPT);
	plan_turn_op(p, TURN_EV_SKIP, CAUSE_NONE, turn->asked_why);
	plan_unhold(p, HOLD_TURN);
	ask_done(p);
}

static void
ask_settle(struct plan *p, bool done)
{
	const struct view_turn *turn = plan_turn_of(p);
	int s = step_in(p->v, STEP_UNKNOWN);

	if (s < 0 || turn->state != TURN_HELD) {
		ask_refuse(p, "no step's end is unknown");
		return;
	}
	plan_step_op(p, s, done ? STEP_EV_SETTLE_DONE : STEP_EV_SETTLE_NOT,
		     turn->asked_why);
	if (done) {
		bool undoing = plan_is_undoing(&p->v->steps[s]);

		plan_turn_op(p, undoing ? TURN_EV_RESTORE : TURN_EV_SETTLE,
			     undoing ? turn->cause : CAUSE_NONE,
			     turn->asked_why);
		plan_unhold(p, HOLD_TURN);
	} else {
		plan_hold_words(p, turn->outage_open, "%s was not done, so it "
				"is said: retry it, or restore",
				p->v->steps[s].name);
	}
	ask_done(p);
}

/* Back from `out`: the same proof as at the end of a turn. */
static void
ask_include(struct plan *p)
{
	const struct view_turn *turn = plan_turn_of(p);
	const struct fact *target;

	if (turn->state != TURN_OUT) {
		ask_refuse(p, "it does not rest out of service");
		return;
	}
	target = plan_fresh(p, FACT_TARGET, p->turn);
	if (target == NULL) {
		plan_say(p, DECIDE_LOOK, RULE_PROVE, 0, "is it in service");
		return;
	}
	if (target->value != TRI_TRUE) {
		ask_refuse(p, target->seen);
		return;
	}
	plan_op(p, OP_OUTAGE_CLOSE);
	plan_turn_op(p, TURN_EV_INCLUDE, CAUSE_NONE, target->seen);
	plan_unhold(p, HOLD_TURN);
	ask_done(p);
}

static void
ask_accept(struct plan *p)
{
	if (plan_turn_of(p)->state != TURN_OUT) {
		ask_refuse(p, "it does not rest out of service");
		return;
	}
	plan_op(p, OP_OUTAGE_ACCEPT);
	plan_turn_op(p, TURN_EV_ACCEPT, CAUSE_NONE,
		     plan_turn_of(p)->asked_why);
	plan_unhold(p, HOLD_TURN);
	ask_done(p);
}

/* The steps must be there to be retried, undone or settled. */
static bool
ask_load(struct plan *p)
{
	if (p->v->detail == p->turn)
		return false;
	p->d->load = p->turn;
	plan_say(p, DECIDE_LOAD, RULE_ASKED, 0, "its steps");
	return true;
}

bool
plan_asked(struct plan *p)
{
	if (p->turn < 0)
		for (int i = 0; i < p->v->nturns && p->turn < 0; i++)
			if (p->v->turns[i].asked != ASK_NONE)
				p->turn = i;
	if (p->turn < 0 || plan_turn_of(p)->asked == ASK_NONE)
		return false;
	if (ask_load(p))
		return true;
	switch (plan_turn_of(p)->asked) {
	case ASK_NONE:
	case ASK_APPROVE:
		return false;
	case ASK_RETRY:
		ask_retry(p);
		break;
	case ASK_RESTORE:
		ask_restore(p);
		break;
	case ASK_SKIP:
		ask_skip(p);
		break;
	case ASK_SETTLE_DONE:
		ask_settle(p, true);
		break;
	case ASK_SETTLE_NOT:
		ask_settle(p, false);
		break;
	case ASK_INCLUDE:
		ask_include(p);
		break;
	case ASK_ACCEPT:
		ask_accept(p);
		break;
	}
	return true;
}
