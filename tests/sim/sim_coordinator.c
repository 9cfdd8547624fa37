/* sim_coordinator.c - decide, write down, ask: as the engine does. */
#include <stdio.h>
#include <string.h>

#include "sim.h"

static void
op_remember(struct sim *sim)
{
	struct backend *b = &sim->backends[sim->view.detail];

	b->remembered = b->weight[0];
	if (b->remembered == 0)
		sim_wrong(sim, "%s: a weight of 0 is remembered",
			  host_name(sim->view.detail));
}

/* What the agent told goes into the row with the attempt's end. */
static void
op_result(struct sim *sim, const struct op *op)
{
	struct view_attempt *attempt =
		&sim->view.steps[op->step].attempts[op->attempt];
	const struct agent_fact *agent =
		looks_agent(&sim->looks, attempt->id);

	if (agent == NULL || op->event != ATTEMPT_EV_END)
		return;
	attempt->exit = agent->exit;
	attempt->timed_out = agent->timed_out;
}

/* A person took it over: it is not counted as up any more. */
static void
op_accept(struct sim *sim, int turn)
{
	sim->backends[turn].accepted = true;
	sim->view.excluded++;
}

/* What SQL does beside moving the row. */
static void
op_beside(struct sim *sim, const struct op *op)
{
	switch (op->kind) {
	case OP_REMEMBER:
		op_remember(sim);
		break;
	case OP_ATTEMPT_END:
		op_result(sim, op);
		break;
	case OP_OUTAGE_ACCEPT:
		op_accept(sim, op->turn);
		break;
	case OP_CHECK:
		sim_event(sim, sim->now_ms +
			  dice_range(&sim->dice, 500, 4000),
			  EVENT_CHECKED)->a = op->turn;
		break;
	case OP_ROLLOUT: case OP_TURN: case OP_PHASE_BEGIN:
	case OP_PHASE_COMMIT: case OP_PHASE_END: case OP_STEP:
	case OP_ATTEMPT: case OP_MOUTH: case OP_CAUSE: case OP_HOLD:
	case OP_UNHOLD: case OP_UNDO: case OP_AGAIN: case OP_OUTAGE_OPEN:
	case OP_OUTAGE_CLOSE: case OP_PAUSE: case OP_OVERRUN:
	case OP_PAUSE_OVER: case OP_ASKED: case OP_EVENT:
		break;
	}
}

/* Words about waiting are no progress. */
static bool
is_progress(const struct op *op)
{
	return op->kind != OP_HOLD && op->kind != OP_UNHOLD &&
		op->kind != OP_EVENT && op->kind != OP_CHECK;
}

/* A person who answers has changed something: what was seen is too old. */
static bool
is_answer(const struct op *op)
{
	return op->kind == OP_TURN && (op->event == TURN_EV_RETRY ||
		op->event == TURN_EV_SETTLE || op->event == TURN_EV_RESTORE);
}

static void
do_op(struct sim *sim, struct op *op)
{
	if (op->kind == OP_ATTEMPT)
		snprintf(op->id, sizeof(op->id), "attempt-%d", ++sim->ids);
	sim_say(sim, "  %s turn %d step %d event %d %s",
		op_kind_word(op->kind), op->turn, op->step, op->event,
		op->text);
	check_op(sim, op);
	op_beside(sim, op);
	if (view_apply(&sim->view, op, sim_db_ms(sim)) < 0)
		sim_wrong(sim, "%s (event %d) is not legal here",
			  op_kind_word(op->kind), op->event);
	if (op->kind == OP_ATTEMPT)
		(void)looks_agent_get(&sim->looks, op->id);
	if (is_progress(op))
		sim->progress_ms = sim->now_ms;
}

static void
do_ops(struct sim *sim)
{
	struct decision *d = &sim->decision;
	bool answer = false;

	sim_say(sim, "%s %s", rule_number(d->rule), d->reason);
	for (int i = 0; i < d->nops && sim->wrong[0] == '\0'; i++) {
		do_op(sim, &d->ops[i]);
		answer |= is_answer(&d->ops[i]);
	}
	if (answer)
		looks_forget(&sim->looks);
}

static void
do_sends(struct sim *sim)
{
	const struct decision *d = &sim->decision;

	for (int i = 0; i < d->nsends; i++)
		agent_ask(sim, d->sends[i].step, d->sends[i].attempt);
}

int64_t
coordinator_go(struct sim *sim)
{
	struct decision *d = &sim->decision;

	if (sim->life % 2 == 1)
		return 0;
	for (int i = 0; i < 100; i++) {
		if (sim->wrong[0] != '\0')
			return 0;
		plan_next(&sim->view, &sim->looks, sim_db_ms(sim), d);
		sim->rules[d->rule]++;
		sim->decisions++;
		switch (d->kind) {
		case DECIDE_DO:
			do_ops(sim);
			check_always(sim);
			trouble_follows(sim);
			if (sim->life % 2 == 1)
				return 0;
			break;
		case DECIDE_LOAD:
			view_load(sim, d->load);
			looks_forget(&sim->looks);
			break;
		case DECIDE_SEND:
			do_sends(sim);
			break;
		case DECIDE_LOOK:
			look_start(sim);
			return 0;
		case DECIDE_IDLE:
			return d->wake_ms;
		}
	}
	sim_wrong(sim, "it decides and decides: %s", d->reason);
	return 0;
}

void
coordinator_dies(struct sim *sim, int64_t span_ms)
{
	if (sim->life % 2 == 1)
		return;
	sim_say(sim, "the coordinator dies");
	sim->life++;
	sim->looking = false;
	looks_clear(&sim->looks);
	sim->view.stopping = false;
	sim_event(sim, sim->now_ms + span_ms, EVENT_LIFE);
}
