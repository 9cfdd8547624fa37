/*
 * plan_sent.c - a committed phase that somebody else may have carried on.
 *
 * Its attempts were made when it was committed.  Whoever carried it on without
 * the database may not have come to write that down, and then the agents know
 * more than the rows: they are asked for what waits before anything is said of
 * it.  Steps are begun in order, so all before one that was begun are over;
 * what that one did may have made their checks false again.
 */
#include <stdio.h>

#include "plan_private.h"

static bool
is_begun(const struct agent_fact *agent)
{
	return agent != NULL && (agent->state == AGENT_RUNNING ||
		agent->state == AGENT_ENDED || agent->state == AGENT_UNKNOWN);
}

static bool
sent_any(const struct view_step *step)
{
	for (int i = 0; i < step->nattempts; i++)
		if (step->attempts[i].state == ATTEMPT_SENT)
			return true;
	return false;
}

/* Attempts were made of it, and its row says that it has not begun. */
static bool
sent_waits(const struct view_step *step)
{
	return step->state == STEP_PENDING && !plan_is_undoing(step) &&
		sent_any(step);
}

/* It waits, and an agent says that it was begun. */
static bool
sent_begun(const struct plan *p, int s)
{
	const struct view_step *step = &p->v->steps[s];

	if (!sent_waits(step))
		return false;
	for (int i = 0; i < step->nattempts; i++)
		if (step->attempts[i].state == ATTEMPT_SENT &&
		    is_begun(looks_agent(p->l, step->attempts[i].id)))
			return true;
	return false;
}

/* The last one of that phase; -1: of any, and there is none. */
static int
sent_last(const struct plan *p, int phase)
{
	for (int i = p->v->nsteps - 1; i >= 0; i--)
		if ((phase < 0 || p->v->steps[i].phase == phase) &&
		    sent_begun(p, i))
			return i;
	return -1;
}

bool
plan_is_past(const struct plan *p, int s)
{
	const struct view_step *step = &p->v->steps[s];

	return !plan_is_undoing(step) && sent_last(p, step->phase) > s;
}

/* Everybody who was asked has answered. */
static bool
sent_contact(struct plan *p)
{
	int before = p->d->nops;

	for (int s = 0; s < p->v->nsteps; s++)
		for (int i = 0; i < p->v->steps[s].nattempts; i++) {
			const struct view_attempt *a =
				&p->v->steps[s].attempts[i];
			const struct agent_fact *agent =
				looks_agent(p->l, a->id);

			if (a->state == ATTEMPT_SENT && agent != NULL &&
			    agent->silent_ms != 0)
				return false;
		}
	plan_unhold(p, HOLD_CONTACT);
	if (p->d->nops == before)
		return false;
	plan_say(p, DECIDE_DO, RULE_CONTACT, 0, "who was asked has answered");
	return true;
}

bool
plan_asks(struct plan *p, int s)
{
	bool any = false, sent = false;

	for (int i = s; i < p->v->nsteps; i++) {
		if (!sent_waits(&p->v->steps[i]))
			continue;
		any = true;
		if (plan_was_sent(p, i, &sent))
			return true;
	}
	return any && sent_contact(p);
}

/*
 * It was over without being sent: its check held already, or nothing was to be
 * sent at all.  With a `when` it may as well have been skipped, and nobody may
 * take it for done.
 */
static void
sent_over(struct plan *p, int s, int last)
{
	const struct view_step *step = &p->v->steps[s];
	char why[VIEW_WHY];

	snprintf(why, sizeof(why), "it was over when %s was begun",
		 p->v->steps[last].name);
	plan_unhold(p, HOLD_GATE);
	plan_unsent(p, s, why);
	if (step->state == STEP_PENDING && step->has_when) {
		plan_step_op(p, s, STEP_EV_SKIP, why);
	} else {
		if (step->state == STEP_PENDING)
			plan_step_op(p, s, STEP_EV_START, "");
		plan_step_op(p, s, STEP_EV_PASS, why);
	}
	plan_say(p, DECIDE_DO, RULE_ALREADY, 0, "%s: %s", step->name, why);
}

bool
plan_carried_on(struct plan *p, int s)
{
	const struct view_step *step = &p->v->steps[s];
	int last;

	if (!plan_committed(p->v) ||
	    (step->state == STEP_RUNNING && sent_any(step)))
		return false;	/* what is on its way is followed first */
	if (plan_asks(p, s))
		return true;
	last = sent_last(p, step->phase);
	if (last <= s || step->planned_skip)
		return false;
	if (step_kind_acts(step->kind) &&
	    (!sent_waits(step) || sent_begun(p, s)))
		return false;
	sent_over(p, s, last);
	return true;
}

/* Its rows say now what its agents know; the end of what runs comes first. */
static void
sent_take_up(struct plan *p, int s)
{
	const struct view_step *step = &p->v->steps[s];

	plan_step_op(p, s, STEP_EV_START, "");
	for (int i = 0; i < step->nattempts; i++) {
		const struct agent_fact *agent =
			looks_agent(p->l, step->attempts[i].id);

		if (step->attempts[i].state != ATTEMPT_SENT)
			continue;
		if (!is_begun(agent))
			plan_attempt_end(p, s, i, ATTEMPT_EV_UNSEND,
					 "it was never begun");
		else
			plan_attempt_end(p, s, i, agent->state == AGENT_ENDED ?
					 ATTEMPT_EV_END : ATTEMPT_EV_LOSE,
					 agent->why);
	}
	plan_say(p, DECIDE_DO, RULE_RESULT, 0, "%s was begun already",
		 step->name);
}

bool
plan_settled(struct plan *p)
{
	int s;

	if (plan_asks(p, 0))
		return false;
	s = sent_last(p, -1);
	if (s < 0)
		return true;
	for (int i = 0; i < p->v->steps[s].nattempts; i++) {
		const struct agent_fact *agent =
			looks_agent(p->l, p->v->steps[s].attempts[i].id);

		if (agent != NULL && agent->state == AGENT_RUNNING) {
			plan_say(p, DECIDE_IDLE, RULE_WAIT, 0, "%s runs",
				 p->v->steps[s].name);
			return false;
		}
	}
	sent_take_up(p, s);
	return false;
}
