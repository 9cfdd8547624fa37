/* plan_keep.c - R23: what was proved is proved again, repaired or held. */
#include "plan_private.h"
#include "seeded.h"

static bool
keep_holds(const struct view *v, int k, int current)
{
	const struct view_step *step = &v->steps[k];

	if (!step->has_keep || step->state != STEP_PASSED || k == current ||
	    SEEDED(NOT_KEPT))
		return false;
	return step->keep_until < 0 || (step->keep_until != current &&
		v->steps[step->keep_until].state == STEP_PENDING);
}

/*
 * A member that joins its group again shows for a moment what its
 * configuration says.  So what is seen against a change through a group counts
 * when it is still there after the group was seen ready.  True while that is
 * waited for.
 */
static bool
keep_doubted(struct plan *p, int k, const struct fact *fact)
{
	const struct view_step *step = &p->v->steps[k];
	int64_t since = p->now - PLAN_FRESH_MS;
	const struct fact *ready;

	if (step->group < 0)
		return false;
	ready = plan_need(p, FACT_READY, step->group,
			  fact->since_ms > since ? fact->since_ms : since);
	if (ready != NULL && ready->value != TRI_TRUE) {
		plan_hold_again(p, RULE_KEEP, GATE_READY, ready, 0,
				"%s no longer holds, and %s is not ready",
				step->name, p->v->groups[step->group].name);
		return true;
	}
	if (ready != NULL &&
	    plan_need(p, FACT_CHECK, k, ready->at_ms + 1) != NULL)
		return false;
	plan_say(p, DECIDE_LOOK, RULE_KEEP, 0, "%s: does it hold, with %s "
		 "ready?", step->name, p->v->groups[step->group].name);
	return true;
}

static void
keep_broken(struct plan *p, int k, const struct fact *fact)
{
	const struct view_step *step = &p->v->steps[k];

	if (keep_doubted(p, k, fact))
		return;
	if (step->repairs < step->keep_repair) {
		plan_step_op(p, k, STEP_EV_AGAIN, fact->seen);
		plan_event(p, "%s no longer holds and is repaired (%d of %d): "
			   "%s", step->name, step->repairs + 1,
			   step->keep_repair, fact->seen);
		plan_say(p, DECIDE_DO, RULE_KEEP, 0, "repair %s", step->name);
		return;
	}
	plan_hold_turn(p, RULE_KEEP, plan_turn_of(p)->outage_open,
		       "%s no longer holds: %s", step->name, fact->seen);
}

/*
 * Undecided is no verdict: who cannot be asked may come back, and then it goes
 * on by itself. Until then it waits, and says for whom.
 */
static void
keep_unsure(struct plan *p, int k, const struct fact *fact)
{
	plan_hold_again(p, RULE_KEEP, GATE_READY, fact, 0,
			"nobody can tell whether %s still holds",
			p->v->steps[k].name);
}

void
plan_keep_wants(struct plan *p, int current, int64_t not_before_ms)
{
	for (int k = 0; k < p->v->nsteps; k++)
		if (keep_holds(p->v, k, current))
			plan_need(p, FACT_CHECK, k, not_before_ms);
}

bool
plan_keep(struct plan *p, int current)
{
	const struct view *v = p->v;

	for (int k = 0; k < v->nsteps; k++)
		if (keep_holds(v, k, current))
			plan_need(p, FACT_CHECK, k, v->steps[k].ended_ms >
				  p->now - PLAN_FRESH_MS ?
				  v->steps[k].ended_ms :
				  p->now - PLAN_FRESH_MS);
	for (int k = 0; p->d->nwants == 0 && k < v->nsteps; k++) {
		const struct fact *fact;

		if (!keep_holds(v, k, current))
			continue;
		fact = looks_find(p->l, FACT_CHECK, k);
		if (fact->value == TRI_TRUE)
			continue;
		if (fact->value == TRI_FALSE)
			keep_broken(p, k, fact);
		else
			keep_unsure(p, k, fact);
		return true;
	}
	return false;
}

/*
 * A person tries again.  What was proved and does not hold any more is done
 * again, as what failed is, whatever its repairs were; only what destroys has
 * to be named.  True while that is looked at: he may have set it right, so no
 * look from before the hold tells.
 */
bool
plan_keep_retry(struct plan *p, int64_t held_ms)
{
	const struct view *v = p->v;
	int current = plan_current(v, false);
	int64_t since = p->now - PLAN_FRESH_MS;

	if (since <= held_ms)
		since = held_ms + 1;
	for (int k = 0; k < v->nsteps; k++)
		if (keep_holds(v, k, current) && !v->steps[k].destroys)
			plan_need(p, FACT_CHECK, k, since);
	if (p->d->nwants > 0) {
		plan_say(p, DECIDE_LOOK, RULE_ASKED, 0, "what is kept");
		return true;
	}
	for (int k = 0; k < v->nsteps; k++) {
		const struct fact *fact = looks_find(p->l, FACT_CHECK, k);

		if (!keep_holds(v, k, current) || v->steps[k].destroys ||
		    fact->value != TRI_FALSE)
			continue;
		plan_step_op(p, k, STEP_EV_AGAIN, fact->seen);
		p->d->ops[p->d->nops - 1].cause = CAUSE_PERSON;
		plan_event(p, "%s no longer holds and is done again: %s",
			   v->steps[k].name, fact->seen);
	}
	return false;
}
