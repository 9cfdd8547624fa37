/* plan_undo.c - put a backend back: undo in reverse, prove, return. */
#include <stdio.h>
#include <string.h>

#include "plan_private.h"
#include "seeded.h"

/* A committed phase makes attempts that are not sent yet. */
static bool
attempt_begun(const struct view_attempt *attempt)
{
	return attempt->state == ATTEMPT_ENDED ||
		attempt->state == ATTEMPT_UNKNOWN ||
		attempt->state == ATTEMPT_ABANDONED;
}

bool
plan_is_begun(const struct view *v, int s)
{
	const struct view_step *step = &v->steps[s];
	int64_t since = v->turns[v->detail].taken_ms;

	for (int i = 0; i < v->nsteps; i++)
		if (v->steps[i].undoes == s &&
		    v->steps[i].state == STEP_PASSED &&
		    v->steps[i].ended_ms > since)
			since = v->steps[i].ended_ms;
	for (int i = 0; i < step->nattempts; i++)
		if (attempt_begun(&step->attempts[i]) &&
		    step->attempts[i].made_ms >= since)
			return true;
	return false;
}

/* Has this step changed something that an undo would take back? */
static bool
undo_needed(const struct view *v, int s)
{
	const struct view_step *step = &v->steps[s];

	if (plan_is_undoing(step) || !step_kind_acts(step->kind))
		return false;
	switch (step->state) {
	case STEP_FAILED:
		return !SEEDED(HALF_UNDONE);
	case STEP_PASSED:
	case STEP_UNKNOWN:
	case STEP_RUNNING:
		return true;
	case STEP_PENDING:
		/* sent back to be tried again: it may have done something */
		return plan_is_begun(v, s);
	case STEP_SKIPPED:
		return step->ignore && plan_is_begun(v, s);
	case STEP_UNDONE:
		return false;
	}
	return false;
}

/* An undo row of it that is still to run. */
static bool
undo_there(const struct view *v, int step)
{
	for (int i = 0; i < v->nsteps; i++)
		if (v->steps[i].undoes == step && !plan_is_over(&v->steps[i]))
			return true;
	return false;
}

/* Proofs run again before the first step that took users away is undone. */
static void
undo_proofs(struct plan *p)
{
	const struct view *v = p->v;

	for (int i = 0; i < v->nsteps; i++) {
		const struct view_step *step = &v->steps[i];

		if (!plan_is_undoing(step) && !step->planned_skip &&
		    v->phases[step->phase].proves)
			plan_op(p, OP_AGAIN)->step = i;
	}
}

static int
first_takes_out(const struct view *v)
{
	for (int i = 0; i < v->nphases; i++)
		if (v->phases[i].takes_out)
			return i;
	return -1;
}

/* A step that ran and can neither be undone nor says it needs not. */
static int
undo_missing(const struct view *v)
{
	for (int i = 0; i < v->nsteps; i++)
		if (undo_needed(v, i) &&
		    v->steps[i].undo == UNDO_ABSENT &&
		    !v->phases[v->steps[i].phase].proves)
			return i;
	return -1;
}

static void
undo_ops(struct plan *p)
{
	const struct view *v = p->v;
	const struct view_turn *turn = plan_turn_of(p);
	int out = first_takes_out(v);
	bool proofs = turn->no_return_begun;

	for (int i = v->nsteps - 1; i >= 0; i--) {
		const struct view_step *step = &v->steps[i];

		if (proofs && !plan_is_undoing(step) && step->phase == out) {
			undo_proofs(p);
			proofs = false;
		}
		if (undo_needed(v, i) && step->undo == UNDO_GIVEN &&
		    !undo_there(v, i))
			plan_op(p, OP_UNDO)->step = i;
	}
}

/* It has failed in this very decision: nothing is left to end. */
static bool
fails_now(const struct plan *p, int s)
{
	for (int i = 0; i < p->d->nops; i++)
		if (p->d->ops[i].kind == OP_STEP && p->d->ops[i].step == s &&
		    p->d->ops[i].event == STEP_EV_FAIL)
			return true;
	return false;
}

void
plan_stop_running(struct plan *p, const char *why)
{
	for (int i = 0; i < p->v->nsteps; i++)
		if (p->v->steps[i].state == STEP_RUNNING &&
		    !plan_is_undoing(&p->v->steps[i]) && !fails_now(p, i))
			plan_step_op(p, i, STEP_EV_FAIL, why);
}

/* The rest of a phase that was committed whole will not be sent. */
static void
undo_unsent(struct plan *p)
{
	for (int i = 0; i < p->v->nsteps; i++)
		if (p->v->steps[i].state == STEP_PENDING)
			plan_unsent(p, i, "the backend is put back");
}

void
plan_undone(struct plan *p, int s)
{
	int of = p->v->steps[s].undoes;

	if (of >= 0 && (p->v->steps[of].state == STEP_PASSED ||
			p->v->steps[of].state == STEP_FAILED))
		plan_step_op(p, of, STEP_EV_UNDO, "undone");
}

void
plan_restore(struct plan *p, enum rule rule, enum turn_cause cause,
	     const char *why)
{
	const struct view_turn *turn = plan_turn_of(p);
	int missing = undo_missing(p->v);

	if (missing >= 0 && turn->state == TURN_WORKING) {
		plan_hold_turn(p, rule, false,
			"%s: cannot be put back: step %s has neither an undo "
			"nor `undo: none`", why,
			p->v->steps[missing].name);
		return;
	}
	if (missing >= 0)
		plan_event(p, "step %s has neither an undo nor `undo: none`: "
			   "it stays as it is", p->v->steps[missing].name);
	plan_stop_running(p, "ended: the backend is put back");
	undo_unsent(p);
	plan_turn_op(p, TURN_EV_RESTORE, cause, why);
	undo_ops(p);
	plan_say(p, DECIDE_DO, rule, 0, "put back: %s", why);
}

void
plan_deadline(struct plan *p, int s, const char *why)
{
	const struct view_phase *phase = &p->v->phases[p->v->steps[s].phase];
	char text[VIEW_WHY];

	if (plan_asks(p, s))
		return;
	snprintf(text, sizeof(text), "%.100s is past its deadline: %.380s",
		 phase->name, why);
	if (!plan_turn_of(p)->no_return_begun && !plan_is_past(p, s))
		plan_restore(p, RULE_DEADLINE, CAUSE_DEADLINE, text);
	else
		plan_hold_turn(p, RULE_DEADLINE, true, "%s", text);
}
