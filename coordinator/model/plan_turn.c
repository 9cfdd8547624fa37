/* plan_turn.c - an active turn: boundaries, the next step, the proof. */
#include <stdio.h>

#include "plan_private.h"
#include "seeded.h"

/* A phase boundary at which the backend rests, just before step s. */
static bool
rests_before(const struct view *v, int s)
{
	int phase = v->steps[s].phase;

	if (phase == 0 || v->phases[phase].started_ms != 0)
		return false;
	return v->phases[phase - 1].rest != REST_NONE;
}

static bool
proofs_passed(const struct view *v)
{
	bool any = false;

	for (int i = 0; i < v->nsteps; i++) {
		const struct view_step *step = &v->steps[i];

		if (plan_is_undoing(step) || !v->phases[step->phase].proves)
			continue;
		any = true;
		if (!plan_is_over(step))
			return false;
	}
	return any;
}

/* R15: in, out, or at the end. */
static bool
turn_abort(struct plan *p)
{
	const struct view_turn *turn = plan_turn_of(p);

	if (!p->v->abort)
		return false;
	if (!turn->no_return_begun) {
		plan_restore(p, RULE_ABORT, CAUSE_ABORT, "aborted");
		return true;
	}
	if (proofs_passed(p->v))
		return false;
	plan_stop_running(p, "ended: the rollout was aborted");
	plan_turn_op(p, TURN_EV_REST_OUT, CAUSE_ABORT,
		     "aborted past the point of no return");
	plan_unhold(p, HOLD_TURN);
	plan_say(p, DECIDE_DO, RULE_ABORT, 0, "%s rests out of service",
		 turn->backend);
	return true;
}

/*
 * R16: another one fails while this one is out.  Past the point of no return
 * that is written down, for it may be back before this turn has ended; all
 * steps done is as far.
 */
static bool
turn_peers(struct plan *p, bool finish)
{
	const struct view_turn *turn = plan_turn_of(p);
	const struct fact *peers;

	finish |= turn->no_return_begun;
	if (!turn->outage_open || (finish && turn->cause == CAUSE_PEER))
		return false;
	peers = plan_fresh(p, FACT_PEERS, p->turn);
	if (peers == NULL || peers->value != TRI_FALSE)
		return false;
	if (!finish) {
		plan_restore(p, RULE_PEER, CAUSE_PEER, peers->seen);
		return true;
	}
	plan_op(p, OP_CAUSE)->cause = CAUSE_PEER;
	plan_event(p, "another backend fails while %s is out; it is finished, "
		   "then no other is taken: %s", turn->backend, peers->seen);
	plan_say(p, DECIDE_DO, RULE_PEER, 0, "%s is finished first",
		 turn->backend);
	return true;
}

/* R7: pause points. */
static bool
turn_pause(struct plan *p, int s)
{
	const struct view_pause *pause = &p->v->pause;
	const struct view_turn *turn = plan_turn_of(p);

	if (!pause->asked || pause->mode == PAUSE_AFTER)
		return false;
	if (pause->mode == PAUSE_KEEP ||
	    (!turn->outage_open && !turn->no_return_begun)) {
		plan_pause(p);
		return true;
	}
	if (!turn->no_return_begun) {
		plan_restore(p, RULE_PAUSED, CAUSE_PAUSE, pause->why);
		return true;
	}
	if (!rests_before(p->v, s))
		return false;
	plan_pause(p);
	return true;
}

/* May the turn be led elsewhere here?  Not inside a committed phase. */
static bool
at_boundary(const struct view *v, int s)
{
	if (plan_committed(v))
		return false;
	for (int i = 0; i < v->nsteps; i++)
		if (v->steps[i].state == STEP_RUNNING &&
		    step_kind_acts(v->steps[i].kind))
			return false;
	return s < 0 || v->steps[s].state == STEP_PENDING ||
		!step_kind_acts(v->steps[s].kind);
}

/* It is looked at all through the soak, and at its very end. */
static void
turn_soak(struct plan *p, const struct fact *target, int64_t ended_ms,
	  int64_t soak)
{
	int64_t end = (target->since_ms > ended_ms ? target->since_ms :
		       ended_ms) + soak;
	int64_t next = target->at_ms + PLAN_LOOK_AGAIN_MS;

	if (next > end)
		next = end;
	if (p->now < next) {
		plan_say(p, DECIDE_IDLE, RULE_SOAK, next, "soaking: %s",
			 target->seen);
		return;
	}
	plan_need(p, FACT_TARGET, p->turn, next);
	plan_say(p, DECIDE_LOOK, RULE_SOAK, 0, "soaking");
}

/* Not in service yet, or nobody can tell: for a while that is waited for. */
static void
turn_unproved(struct plan *p, const struct fact *target, int64_t from_ms)
{
	const struct view_turn *turn = plan_turn_of(p);
	bool unknown = target->value == TRI_UNKNOWN;
	int64_t end = (target->since_ms > from_ms ? target->since_ms :
		       from_ms) +
		(unknown ? PLAN_UNSURE_MS : PLAN_SERVICE_MS);

	if (p->now > end)
		plan_hold_turn(p, RULE_SOAK, turn->outage_open, unknown ?
			       "nobody can tell whether %s is in service: %s" :
			       "%s is not in service: %s", turn->backend,
			       target->seen);
	else if (unknown)
		plan_hold_again(p, RULE_SOAK, GATE_READY, target, end,
				"nobody can tell whether %s is in service",
				turn->backend);
	else
		plan_again(p, RULE_SOAK, target, turn->backend);
}

/* R41, R42: in service everywhere, for as long as the soak. */
static void
turn_prove(struct plan *p, int64_t ended_ms)
{
	const struct view_turn *turn = plan_turn_of(p);
	const struct fact *target = plan_need(p, FACT_TARGET, p->turn,
		ended_ms > p->now - PLAN_FRESH_MS ? ended_ms :
		p->now - PLAN_FRESH_MS);
	int64_t soak = turn->no_return_begun ||
		turn->state == TURN_WORKING ? p->v->soak_ms : 0;

	for (int g = 0; g < p->v->ngroups; g++)
		if (p->v->groups[g].used && p->v->groups[g].confirm_ms > soak)
			soak = p->v->groups[g].confirm_ms;
	if (target == NULL) {
		plan_say(p, DECIDE_LOOK, RULE_SOAK, 0, "is %s in service",
			 turn->backend);
		return;
	}
	if (target->value != TRI_TRUE && !SEEDED(UNPROVED)) {
		turn_unproved(p, target, ended_ms + soak);
		return;
	}
	if (!plan_confirmed(target, ended_ms, soak) && !SEEDED(UNPROVED)) {
		turn_soak(p, target, ended_ms, soak);
		return;
	}
	for (int i = 0; i < p->v->nphases; i++)
		if (p->v->phases[i].started_ms != 0 &&
		    p->v->phases[i].ended_ms == 0)
			plan_op(p, OP_PHASE_END)->phase = i;
	if (turn->outage_open)
		plan_op(p, OP_OUTAGE_CLOSE);
	plan_unhold(p, HOLD_TURN);
	plan_unhold(p, HOLD_GATE);
	plan_turn_op(p, TURN_EV_PROVE, turn->cause, target->seen);
	plan_say(p, DECIDE_DO, RULE_PROVE, 0, "%s is in service: %s",
		 turn->backend, target->seen);
}

static int64_t
last_ended(const struct view *v)
{
	int64_t ended = v->turns[v->detail].taken_ms;

	for (int i = 0; i < v->nsteps; i++)
		if (v->steps[i].ended_ms > ended)
			ended = v->steps[i].ended_ms;
	return ended;
}

/* All steps are over: what is kept to the end, then the proof. */
static void
turn_finish(struct plan *p)
{
	if (plan_turn_of(p)->state == TURN_WORKING) {
		if (plan_keep(p, -1))
			return;
		if (p->d->nwants > 0) {
			plan_need(p, FACT_TARGET, p->turn,
				  p->now - PLAN_FRESH_MS);
			plan_say(p, DECIDE_LOOK, RULE_KEEP, 0,
				 "what is kept to the end");
			return;
		}
	}
	turn_prove(p, last_ended(p->v));
}

static void
turn_step(struct plan *p, int s)
{
	switch (p->v->steps[s].state) {
	case STEP_PENDING:
		plan_begin(p, s);
		break;
	case STEP_RUNNING:
		plan_run(p, s);
		break;
	case STEP_FAILED:
	case STEP_UNKNOWN:
		plan_hold_turn(p, RULE_FAIL, false, "%s: %s",
			       p->v->steps[s].name, p->v->steps[s].message);
		break;
	case STEP_PASSED:
	case STEP_SKIPPED:
	case STEP_UNDONE:
		break;
	}
}

static void
turn_working(struct plan *p)
{
	int s = plan_current(p->v, false);

	if (at_boundary(p->v, s)) {
		if (p->v->stopping) {
			plan_say(p, DECIDE_IDLE, RULE_LEAVE, 0, "leaving");
			return;
		}
		if ((s >= 0 && turn_abort(p)) || turn_peers(p, s < 0))
			return;
		/* they are watched in a pause too */
		if (p->d->nwants > 0) {
			plan_say(p, DECIDE_LOOK, RULE_PEER, 0,
				 "are the others in service");
			return;
		}
		if (s >= 0 && turn_pause(p, s))
			return;
	}
	if (s < 0)
		turn_finish(p);
	else if (!plan_carried_on(p, s))
		turn_step(p, s);
}

/* The undo rows, then the proof. */
static void
turn_restoring(struct plan *p)
{
	int s = plan_current(p->v, true);

	if (p->v->stopping && (s < 0 ||
	    p->v->steps[s].state == STEP_PENDING)) {
		plan_say(p, DECIDE_IDLE, RULE_LEAVE, 0, "leaving");
		return;
	}
	if (s < 0)
		turn_finish(p);
	else
		turn_step(p, s);
}

/*
 * Put back as it was, and still not in service: so it was when it was taken
 * with its gate lifted.  Nothing else can be done for it here.
 */
static void
held_out(struct plan *p)
{
	plan_unhold(p, HOLD_TURN);
	plan_turn_op(p, TURN_EV_REST_OUT, CAUSE_ABORT,
		     "put back as it was, not in service");
	plan_say(p, DECIDE_DO, RULE_ABORT, 0, "%s rests out of service",
		 plan_turn_of(p)->backend);
}

static void
turn_held(struct plan *p)
{
	const struct view_turn *turn = plan_turn_of(p);

	if (p->v->abort && turn->cause == CAUSE_ABORT &&
	    plan_current(p->v, true) < 0) {
		held_out(p);
		return;
	}
	if (p->v->abort && turn->no_return_begun &&
	    plan_current(p->v, true) < 0 && turn->outage_open) {
		turn_abort(p);
		if (p->d->nops > 0)
			return;
	} else if (p->v->abort && !turn->no_return_begun &&
		   plan_current(p->v, true) < 0) {
		if (!plan_settled(p))
			return;
		plan_unhold(p, HOLD_TURN);
		plan_restore(p, RULE_ABORT, CAUSE_ABORT, "aborted");
		return;
	}
	plan_say(p, DECIDE_IDLE, p->v->stopping ? RULE_LEAVE : RULE_HELD, 0,
		 "held");
}

void
plan_turn(struct plan *p)
{
	const struct view_turn *turn = plan_turn_of(p);

	if (turn->asked != ASK_NONE && turn->asked != ASK_APPROVE &&
	    !plan_committed(p->v) && plan_asked(p))
		return;
	if (plan_overrun(p))
		return;
	switch (turn->state) {
	case TURN_WORKING:
		turn_working(p);
		break;
	case TURN_RESTORING:
		turn_restoring(p);
		break;
	case TURN_HELD:
		turn_held(p);
		break;
	case TURN_WAITING:
	case TURN_OUT:
	case TURN_DONE:
	case TURN_RESTORED:
	case TURN_SKIPPED:
		plan_say(p, DECIDE_IDLE, RULE_HELD, 0, "at rest");
		break;
	}
}
