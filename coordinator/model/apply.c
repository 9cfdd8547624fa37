/* apply.c - move the view by one op, as advance() moves the database. */
#include <stdio.h>
#include <string.h>

#include "machine.h"
#include "plan.h"

static int
move(const struct machine *machine, int state, int event)
{
	const struct edge *edge = machine_find(machine, state, event);

	return edge == NULL ? -1 : edge->to;
}

static int
apply_rollout(struct view *v, const struct op *op)
{
	int to = move(&rollout_machine, (int)v->state, op->event);

	if (to < 0)
		return -1;
	v->state = (enum rollout_state)to;
	if (v->state == ROLLOUT_RUNNING)
		v->check = (struct view_check){ .asked_ms = 0 };
	return 0;
}

/* A turn that goes again starts from its first step, with nothing known. */
static void
turn_anew(struct view *v, struct view_turn *turn)
{
	turn->no_return_begun = false;
	turn->cause = CAUSE_NONE;
	for (int i = 0; i < v->nphases; i++)
		v->phases[i].started_ms = v->phases[i].ended_ms =
			v->phases[i].committed_ms = 0;
	for (int i = 0; i < v->ngroups; i++)
		v->groups[i].mouth[0] = '\0';
	for (int i = 0; i < v->nsteps; i++) {
		struct view_step *step = &v->steps[i];

		if (step->undoes >= 0 || step->again)
			continue;
		step->state = STEP_PENDING;
		step->remembered = false;
		step->tries = step->repairs = 0;
		step->started_ms = step->ended_ms = 0;
	}
}

static int
apply_turn(struct view *v, const struct op *op, int64_t now)
{
	struct view_turn *turn = &v->turns[op->turn];
	int to = move(&turn_machine, (int)turn->state, op->event);

	if (to < 0)
		return -1;
	turn->state = (enum turn_state)to;
	if (op->cause != CAUSE_NONE)
		turn->cause = op->cause;
	else if (op->event == TURN_EV_INCLUDE || op->event == TURN_EV_RETRY)
		turn->cause = CAUSE_NONE;
	if (op->event == TURN_EV_TAKE)
		turn->taken_ms = now;
	if (op->event == TURN_EV_AGAIN && v->detail == op->turn)
		turn_anew(v, turn);
	if (op->event == TURN_EV_RETRY && v->detail == op->turn)
		for (int i = 0; i < v->nphases; i++)
			if (v->phases[i].committed_ms != 0)
				v->phases[i].committed_ms = now;
	return 0;
}

static int
apply_step(struct view *v, const struct op *op, int64_t now)
{
	struct view_step *step = &v->steps[op->step];
	int to = move(&step_machine, (int)step->state, op->event);

	if (to < 0)
		return -1;
	step->state = (enum step_state)to;
	snprintf(step->message, sizeof(step->message), "%s", op->text);
	if (op->event == STEP_EV_START) {
		step->started_ms = now;
		if (step->no_return && step->undoes < 0)
			v->turns[v->detail].no_return_begun = true;
	} else if (op->event != STEP_EV_RETRY) {
		step->ended_ms = now;
	}
	if (op->event == STEP_EV_FAIL)
		step->tries++;
	if (op->event == STEP_EV_RETRY && op->cause == CAUSE_PERSON)
		step->tries = 0;
	if (op->event == STEP_EV_AGAIN) {
		step->ended_ms = 0;
		if (op->cause != CAUSE_PERSON)
			step->repairs++;
	}
	return 0;
}

static int
apply_attempt(struct view *v, const struct op *op, int64_t now)
{
	struct view_step *step = &v->steps[op->step];
	char after[VIEW_UUID];
	struct view_attempt *attempt;

	snprintf(after, sizeof(after), "%s", view_after(step, op->text));
	attempt = view_attempt_add(step);
	memcpy(attempt->after, after, sizeof(attempt->after));
	memcpy(attempt->id, op->id, sizeof(attempt->id));
	snprintf(attempt->host, sizeof(attempt->host), "%.*s",
		 VIEW_NAME - 1, op->text);
	attempt->nr = op->attempt;
	attempt->state = ATTEMPT_SENT;
	attempt->made_ms = now;
	return 0;
}

static int
apply_attempt_end(struct view *v, const struct op *op, int64_t now)
{
	struct view_step *step = &v->steps[op->step];
	struct view_attempt *attempt = &step->attempts[op->attempt];
	int to = move(&attempt_machine, (int)attempt->state, op->event);

	if (to < 0)
		return -1;
	attempt->state = (enum attempt_state)to;
	attempt->ended_ms = now;
	snprintf(attempt->why, sizeof(attempt->why), "%s", op->text);
	if (step->group >= 0 && op->event != ATTEMPT_EV_UNSEND)
		v->groups[step->group].changed_ms = now;
	return 0;
}

static void
apply_inserted(struct view *v, const struct op *op)
{
	struct view_step from = v->steps[op->step];
	struct view_step *step = view_step_add(v);
	bool undo = op->kind == OP_UNDO;

	snprintf(step->name, sizeof(step->name), "%s-%.50s",
		 undo ? "undo" : "again", from.name);
	step->phase = from.phase;
	step->kind = from.kind;
	step->target = from.target;
	step->group = from.group;
	step->undoes = undo ? op->step : -1;
	step->again = !undo;
	step->has_check = undo ? from.undo_has_check : from.has_check;
	step->has_expect = from.has_expect && !undo;
	step->timeout_ms = from.timeout_ms;
	step->settle_ms = from.settle_ms;
	step->every_ms = from.every_ms;
	step->at_most_ms = from.at_most_ms;
	step->wait_ms = from.wait_ms;
	step->idempotent = from.idempotent;
}

/* The same one is open already, and only its words change? */
static struct view_hold *
hold_open(struct view *v, const struct op *op)
{
	for (int i = 0; i < v->nholds; i++) {
		struct view_hold *hold = &v->holds[i];

		if (!hold->ended && hold->kind == op->hold_kind &&
		    hold->gate == op->gate && hold->turn == op->turn)
			return hold;
	}
	return NULL;
}

static void
apply_hold(struct view *v, const struct op *op, int64_t now)
{
	struct view_hold *hold = hold_open(v, op);

	if (hold == NULL) {
		hold = view_hold_add(v);
		hold->since_ms = now;
	}
	hold->kind = op->hold_kind;
	hold->gate = op->gate;
	hold->turn = op->turn;
	hold->critical |= op->critical;
	hold->told_ms = now;
	snprintf(hold->why, sizeof(hold->why), "%s", op->text);
}

/* Indices of later ops must stay: an ended hold is only marked. */
static void
apply_unhold(struct view *v, const struct op *op)
{
	v->holds[op->hold].ended = true;
}

int
view_apply(struct view *v, const struct op *op, int64_t now)
{
	switch (op->kind) {
	case OP_ROLLOUT:
		return apply_rollout(v, op);
	case OP_TURN:
		return apply_turn(v, op, now);
	case OP_STEP:
		return apply_step(v, op, now);
	case OP_ATTEMPT:
		return apply_attempt(v, op, now);
	case OP_ATTEMPT_END:
		return apply_attempt_end(v, op, now);
	case OP_PHASE_BEGIN:
		v->phases[op->phase].started_ms = now;
		v->phases[op->phase].ended_ms = 0;
		break;
	case OP_PHASE_COMMIT:
		v->phases[op->phase].committed_ms = now;
		break;
	case OP_PHASE_END:
		v->phases[op->phase].ended_ms = now;
		break;
	case OP_REMEMBER:
		v->steps[op->step].remembered = true;
		break;
	case OP_MOUTH:
		snprintf(v->groups[op->group].mouth, VIEW_NAME, "%.*s",
			 VIEW_NAME - 1, op->text);
		break;
	case OP_CAUSE:
		v->turns[op->turn].cause = op->cause;
		break;
	case OP_HOLD:
		apply_hold(v, op, now);
		break;
	case OP_UNHOLD:
		apply_unhold(v, op);
		break;
	case OP_UNDO:
	case OP_AGAIN:
		apply_inserted(v, op);
		break;
	case OP_OUTAGE_OPEN:
		v->turns[op->turn].outage_open = true;
		break;
	case OP_OUTAGE_CLOSE:
	case OP_OUTAGE_ACCEPT:
		v->turns[op->turn].outage_open = false;
		break;
	case OP_PAUSE:
		v->pause.effective = true;
		break;
	case OP_OVERRUN:
		v->turns[op->turn].window_closes_ms = 0;
		break;
	case OP_PAUSE_OVER:
		v->pause.over = true;
		break;
	case OP_ASKED:
		v->turns[op->turn].asked = ASK_NONE;
		break;
	case OP_CHECK:
		v->check = (struct view_check){ .asked_ms = now,
						.turn = op->turn };
		break;
	case OP_EVENT:
		break;
	}
	return 0;
}
