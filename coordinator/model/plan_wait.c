/* plan_wait.c - a step that changes nothing: it looks, waits, asks a person. */
#include "plan_private.h"

struct waiting {
	struct plan *p;
	int s;
	const struct view_step *step;
};

/* Nobody could tell what the poll waits for, for so long that it is named. */
static bool
poll_unsure(const struct waiting *w)
{
	const struct fact *until = looks_find(w->p->l, FACT_UNTIL, w->s);

	return w->step->kind == STEP_KIND_POLL && until != NULL &&
		until->at_ms >= w->step->started_ms &&
		until->value == TRI_UNKNOWN &&
		w->p->now - until->since_ms >= PLAN_NAMED_MS;
}

static void
wait_poll(struct waiting *w)
{
	struct plan *p = w->p;
	const struct view_step *step = w->step;
	int64_t over = step->started_ms + step->at_most_ms;
	const struct fact *until = looks_find(p->l, FACT_UNTIL, w->s);
	int64_t next = until == NULL ? step->started_ms :
		until->at_ms + step->every_ms;

	if (until != NULL && until->at_ms >= step->started_ms &&
	    until->value == TRI_TRUE) {
		plan_passed(w->p, w->s, until->seen);
		return;
	}
	if (p->now >= over && until != NULL && until->at_ms >= over) {
		if (step->poll_fails)
			plan_failed(p, w->s, until->seen);
		else
			plan_passed(w->p, w->s, until->seen);
		return;
	}
	if (next > over)
		next = over;
	if (poll_unsure(w)) {
		plan_hold_fact(p, RULE_WAIT, GATE_READY, false, until, next,
			       over, "%s: nobody can tell whether it is over: "
			       "%s", step->name, until->seen);
		if (p->d->nops > 0)
			return;
	}
	if (p->now < next) {
		plan_say(p, DECIDE_IDLE, RULE_WAIT, next, "%s: %s",
			 step->name, until->seen);
		return;
	}
	plan_need(p, FACT_UNTIL, w->s, next);
	if (!plan_is_undoing(step))
		plan_keep_wants(p, w->s, next);
	plan_say(p, DECIDE_LOOK, RULE_WAIT, 0, "%s", step->name);
}

static void
wait_time(struct waiting *w)
{
	struct plan *p = w->p;
	int64_t over = w->step->started_ms + w->step->wait_ms;

	if (p->now < over) {
		plan_say(p, DECIDE_IDLE, RULE_WAIT, over, "%s waits",
			 w->step->name);
		return;
	}
	/* what is kept held to the last moment of it */
	if (!plan_is_undoing(w->step))
		plan_keep_wants(p, w->s, over);
	if (p->d->nwants > 0)
		plan_say(p, DECIDE_LOOK, RULE_KEEP, 0, "%s: what is kept",
			 w->step->name);
	else
		plan_passed(w->p, w->s, "waited");
}

static void
wait_approve(struct waiting *w)
{
	const struct view_turn *turn = plan_turn_of(w->p);

	if (turn->asked == ASK_APPROVE || w->step->approved) {
		plan_unhold(w->p, HOLD_APPROVAL);
		plan_op(w->p, OP_ASKED);
		plan_passed(w->p, w->s, turn->asked_why);
		return;
	}
	plan_hold(w->p, RULE_APPROVAL, HOLD_APPROVAL, GATE_NONE, false, 0,
		  "%s: %s waits for a person: drydock approve",
		  turn->backend, w->step->name);
}

/* What is kept is read in each look of a poll or a wait. */
static bool
wait_keeps(struct waiting *w)
{
	if (plan_is_undoing(w->step))
		return false;
	if (plan_keep(w->p, w->s))
		return true;
	if (w->p->d->nwants == 0) {
		if (!poll_unsure(w))	/* who was missed is back */
			plan_unhold(w->p, HOLD_GATE);
		return false;
	}
	plan_say(w->p, DECIDE_LOOK, RULE_KEEP, 0, "%s: what is kept",
		 w->step->name);
	return true;
}

void
plan_wait(struct plan *p, int s)
{
	struct waiting w = { .p = p, .s = s, .step = &p->v->steps[s] };

	if (wait_keeps(&w))
		return;
	if (w.step->kind == STEP_KIND_POLL)
		wait_poll(&w);
	else if (w.step->kind == STEP_KIND_WAIT)
		wait_time(&w);
	else
		wait_approve(&w);
	/* what is kept is looked at while nothing else happens */
	if (p->d->kind == DECIDE_IDLE && (p->d->wake_ms == 0 ||
	    p->d->wake_ms > p->now + PLAN_FRESH_MS))
		p->d->wake_ms = p->now + PLAN_FRESH_MS;
}
