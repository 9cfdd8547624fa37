/* plan_take.c - between two turns: gates, the next backend, the end. */
#include <stdio.h>
#include <string.h>

#include "plan_private.h"
#include "seeded.h"

static int
turns_in(const struct view *v, enum turn_state state)
{
	int n = 0;

	for (int i = 0; i < v->nturns; i++)
		n += v->turns[i].state == state;
	return n;
}

/* R5: asks of turns at rest; the first one that can be answered. */
static bool
take_asked(struct plan *p)
{
	for (int i = 0; i < p->v->nturns; i++) {
		p->turn = i;
		if (p->v->turns[i].asked != ASK_NONE && plan_asked(p))
			return true;
	}
	p->turn = -1;
	return false;
}

/* R6: nothing is taken any more. */
static bool
take_aborted(struct plan *p)
{
	if (!p->v->abort)
		return false;
	plan_unhold_all(p);
	plan_op(p, OP_ROLLOUT)->event = ROLLOUT_EV_FINISH_ABORTED;
	plan_say(p, DECIDE_DO, RULE_ABORTED, 0,
		 "aborted; no backend is worked on");
	return true;
}

/* R7: between two backends every pause comes to rest. */
static bool
take_paused(struct plan *p)
{
	const struct view_pause *pause = &p->v->pause;

	if (!pause->asked)
		return false;
	plan_pause(p);
	return true;
}

/* A turn that a pause put back goes again by itself once it is over. */
static bool
take_again(struct plan *p)
{
	for (int i = 0; i < p->v->nturns; i++) {
		const struct view_turn *turn = &p->v->turns[i];

		if (turn->state != TURN_RESTORED || turn->cause != CAUSE_PAUSE)
			continue;
		if (p->v->detail != i) {
			p->d->load = i;
			plan_say(p, DECIDE_LOAD, RULE_PAUSED, 0, "its steps");
			return true;
		}
		p->turn = i;
		plan_turn_op(p, TURN_EV_AGAIN, CAUSE_NONE,
			     "the pause is over");
		plan_say(p, DECIDE_DO, RULE_PAUSED, 0, "the pause is over");
		return true;
	}
	return false;
}

/* R8: one that was put back, or rests out, is settled first. */
static bool
take_halted(struct plan *p)
{
	for (int i = 0; i < p->v->nturns; i++) {
		const struct view_turn *turn = &p->v->turns[i];

		if (turn->state != TURN_OUT && turn->state != TURN_RESTORED)
			continue;
		if (turn->state == TURN_RESTORED &&
		    turn->cause == CAUSE_NONE)
			continue;
		p->turn = i;
		plan_hold(p, RULE_HALTED, HOLD_TURN, GATE_NONE,
			  turn->state == TURN_OUT, 0, "%s %s (%s)",
			  turn->backend, turn->state == TURN_OUT ?
			  "rests out of service" : "was put back",
			  turn_cause_word(turn->cause));
		return true;
	}
	return false;
}

/* R16: one that was finished although another had failed meanwhile. */
static bool
take_failed_peer(struct plan *p)
{
	for (int i = 0; i < p->v->nturns; i++) {
		const struct view_turn *turn = &p->v->turns[i];

		if ((turn->state != TURN_DONE &&
		     turn->state != TURN_SKIPPED) ||
		    turn->cause != CAUSE_PEER)
			continue;
		p->turn = i;
		if (!turn->approved) {
			plan_hold(p, RULE_PEER, HOLD_APPROVAL, GATE_PEERS,
				  true, 0, "another backend failed while %s "
				  "was out; a person looks, then: drydock "
				  "approve %lld", turn->backend,
				  (long long)p->v->rollout);
			return true;
		}
		plan_op(p, OP_CAUSE)->cause = CAUSE_NONE;
		plan_unhold(p, HOLD_APPROVAL);
		plan_say(p, DECIDE_DO, RULE_PEER, 0, "approved: on after %s",
			 turn->backend);
		return true;
	}
	return false;
}

/* R9: the end. */
static bool
take_finish(struct plan *p)
{
	bool whole = turns_in(p->v, TURN_DONE) == p->v->nturns;

	if (turns_in(p->v, TURN_WAITING) > 0)
		return false;
	plan_unhold_all(p);
	plan_op(p, OP_ROLLOUT)->event = whole ? ROLLOUT_EV_FINISH :
		ROLLOUT_EV_FINISH_INCOMPLETE;
	plan_say(p, DECIDE_DO, RULE_FINISH, 0, whole ?
		 "every backend is done" : "ended with a backend left out");
	return true;
}

/* R10: canaries. */
static bool
take_approval(struct plan *p)
{
	int done = turns_in(p->v, TURN_DONE);

	if (p->v->stop_after == 0 || done < p->v->stop_after)
		return false;
	plan_hold(p, RULE_APPROVAL, HOLD_APPROVAL, GATE_NONE, false, 0,
		  "%d done; a person looks, then: drydock approve %lld", done,
		  (long long)p->v->rollout);
	return true;
}

/* May it be taken, as far as nobody needs to look? */
static bool
turn_waits(const struct view_turn *turn)
{
	return turn->state == TURN_WAITING && !turn->excluded;
}

/*
 * R18: an excluded one may be included while others have their turn; when
 * none of them waits any more, it is left out.
 */
static bool
take_excluded(struct plan *p)
{
	for (int i = 0; i < p->v->nturns; i++)
		if (turn_waits(&p->v->turns[i]))
			return false;
	for (int i = 0; i < p->v->nturns; i++) {
		if (p->v->turns[i].state != TURN_WAITING)
			continue;
		p->turn = i;
		plan_turn_op(p, TURN_EV_SKIP, CAUSE_NONE, "it is excluded");
		plan_say(p, DECIDE_DO, RULE_EXCLUDED, 0,
			 "%s is excluded: left out", plan_turn_of(p)->backend);
		return true;
	}
	return false;
}

/* R11: in order, but one that is not in service before all others. */
static int
take_choose(struct plan *p)
{
	int first = -1, down = -1;

	for (int i = 0; i < p->v->nturns; i++) {
		const struct fact *fact;

		if (!turn_waits(&p->v->turns[i]))
			continue;
		if (p->d->nwants == PLAN_WANTS - 16)
			break;
		fact = plan_fresh(p, FACT_TARGET, i);
		if (first < 0)
			first = i;
		if (fact != NULL && fact->value == TRI_FALSE && down < 0)
			down = i;
	}
	return down >= 0 ? down : first;
}

static bool
gate_lifted(const struct plan *p, enum gate gate)
{
	return plan_turn_of(p)->overrides & 1u << gate;
}

/* One gate that a fact decides. */
static bool
gate_fact(struct plan *p, enum gate gate, const struct fact *fact)
{
	bool silent;

	if (fact == NULL || fact->value == TRI_TRUE || gate_lifted(p, gate) ||
	    (fact->value == TRI_UNKNOWN && SEEDED(SILENT_IS_UP)))
		return true;
	silent = gate == GATE_READY &&
		p->now - fact->since_ms >= PLAN_NOT_READY_MS;
	plan_hold_fact(p, RULE_GATES, gate, silent, fact,
		       fact->at_ms + PLAN_FRESH_MS, 0, "%s: %s: %s",
		       plan_turn_of(p)->backend, gate_demand(gate),
		       fact->seen);
	return false;
}

/* Gates that need no look. */
static bool
gate_known(struct plan *p)
{
	const struct view *v = p->v;
	const struct view_turn *turn = plan_turn_of(p);
	int up = v->listed - v->excluded - 1;
	int must = gate_min_up(v->min_up, v->listed);

	if (!plan_window(p))
		return false;
	if (v->slot[0] != '\0') {
		plan_hold(p, RULE_GATES, HOLD_GATE, GATE_SLOT, false, 0,
			  "%s: %s: %s", turn->backend,
			  gate_demand(GATE_SLOT), v->slot);
		return false;
	}
	if (up < must && !gate_lifted(p, GATE_MIN_UP)) {
		plan_hold(p, RULE_GATES, HOLD_GATE, GATE_MIN_UP, false, 0,
			  "%s: %d of %d would stay up, min_up is %s",
			  turn->backend, up, v->listed, v->min_up);
		return false;
	}
	return true;
}

/* R12: the gates that looks decide, all read at once. */
static bool
gate_looks(struct plan *p)
{
	const struct fact *peers = plan_fresh(p, FACT_PEERS, p->turn);
	const struct fact *greeted = plan_fresh(p, FACT_GREETED, 0);
	const struct fact *target = plan_fresh(p, FACT_TARGET, p->turn);
	bool open;

	for (int i = 0; i < p->v->npreflight; i++)
		plan_fresh(p, FACT_PREFLIGHT, i);
	for (int i = 0; i < p->v->ngroups; i++)
		if (p->v->groups[i].used)
			plan_fresh(p, FACT_READY, i);
	if (p->d->nwants > 0)
		return true;
	open = gate_fact(p, GATE_GREETED, greeted) &&
		gate_fact(p, GATE_TARGET_IN, target) &&
		gate_fact(p, GATE_PEERS, peers);
	for (int i = 0; open && i < p->v->ngroups; i++)
		if (p->v->groups[i].used)
			open = gate_fact(p, GATE_READY,
				looks_find(p->l, FACT_READY, i));
	for (int i = 0; open && i < p->v->npreflight; i++)
		open = gate_fact(p, GATE_PREFLIGHT,
			looks_find(p->l, FACT_PREFLIGHT, i));
	return open;
}

static void
take_one(struct plan *p)
{
	plan_unhold(p, HOLD_GATE);
	plan_unhold(p, HOLD_WINDOW);
	plan_unhold(p, HOLD_APPROVAL);
	plan_unhold(p, HOLD_TURN);
	plan_turn_op(p, TURN_EV_TAKE, CAUSE_NONE, "all gates hold");
	plan_say(p, DECIDE_DO, RULE_TAKE, 0, "%s is taken: all gates hold",
		 plan_turn_of(p)->backend);
}

static void
take_next(struct plan *p)
{
	p->turn = take_choose(p);
	if (p->d->nwants > 0) {
		plan_say(p, DECIDE_LOOK, RULE_ORDER, 0,
			 "which backends are in service");
		return;
	}
	if (p->v->detail != p->turn) {
		p->d->load = p->turn;
		plan_say(p, DECIDE_LOAD, RULE_ORDER, 0, "%s is next",
			 plan_turn_of(p)->backend);
		return;
	}
	if (!gate_known(p) || plan_check(p) || !gate_looks(p))
		return;
	if (p->d->nwants > 0) {
		plan_say(p, DECIDE_LOOK, RULE_GATES, 0, "the gates of %s",
			 plan_turn_of(p)->backend);
		return;
	}
	take_one(p);
}

void
plan_take(struct plan *p)
{
	if (p->v->stopping) {
		plan_say(p, DECIDE_IDLE, RULE_LEAVE, 0, "leaving");
		return;
	}
	if (take_asked(p) || take_aborted(p) || take_paused(p) ||
	    take_again(p) || take_halted(p) || take_finish(p) ||
	    take_failed_peer(p) || plan_check(p) || take_approval(p) ||
	    take_excluded(p))
		return;
	take_next(p);
}
