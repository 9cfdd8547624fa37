/* plan.c - plan_next() and the words all its rules share. */
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "plan_private.h"

const char *
rule_number(enum rule rule)
{
	static const char *const numbers[] = {
#define X(name, number, sentence) #number,
		RULES(X)
#undef X
	};

	return numbers[rule];
}

const char *
rule_sentence(enum rule rule)
{
	static const char *const sentences[] = {
#define X(name, number, sentence) sentence,
		RULES(X)
#undef X
	};

	return sentences[rule];
}

const char *
op_kind_word(enum op_kind kind)
{
	static const char *const words[] = {
#define X(name, word) #word,
		OPS(X)
#undef X
	};

	return words[kind];
}

const struct fact *
plan_need(struct plan *p, enum fact_kind kind, int id, int64_t not_before_ms)
{
	const struct fact *fact = looks_find(p->l, kind, id);
	struct want *want;

	if (fact != NULL && fact->at_ms >= not_before_ms)
		return fact;
	assert(p->d->nwants < PLAN_WANTS);
	want = &p->d->wants[p->d->nwants++];
	*want = (struct want){ kind, id, not_before_ms };
	return NULL;
}

const struct fact *
plan_fresh(struct plan *p, enum fact_kind kind, int id)
{
	int64_t fresh = p->now - PLAN_FRESH_MS;

	return plan_need(p, kind, id, p->changed_ms > fresh ?
			 p->changed_ms : fresh);
}

void
plan_again(struct plan *p, enum rule rule, const struct fact *fact,
	   const char *what)
{
	int64_t again = fact->at_ms + PLAN_LOOK_AGAIN_MS;

	if (p->now < again) {
		plan_say(p, DECIDE_IDLE, rule, again, "%s: %s", what,
			 fact->seen);
		return;
	}
	plan_need(p, fact->kind, fact->id, fact->at_ms + 1);
	plan_say(p, DECIDE_LOOK, rule, 0, "%s: %s", what, fact->seen);
}

struct op *
plan_op(struct plan *p, enum op_kind kind)
{
	struct op *op;

	assert(p->d->nops < PLAN_OPS);
	op = &p->d->ops[p->d->nops++];
	memset(op, 0, sizeof(*op));
	op->kind = kind;
	op->turn = p->turn;
	op->phase = op->step = op->attempt = op->group = op->hold = -1;
	op->event = op->fact = -1;
	return op;
}

void
plan_event(struct plan *p, const char *format, ...)
{
	struct op *op = plan_op(p, OP_EVENT);
	va_list ap;

	va_start(ap, format);
	vsnprintf(op->text, sizeof(op->text), format, ap);
	va_end(ap);
}

void
plan_step_op(struct plan *p, int step, enum step_event event,
	     const char *text)
{
	struct op *op = plan_op(p, OP_STEP);

	op->step = step;
	op->event = event;
	snprintf(op->text, sizeof(op->text), "%s", text);
}

void
plan_turn_op(struct plan *p, enum turn_event event, enum turn_cause cause,
	     const char *text)
{
	struct op *op = plan_op(p, OP_TURN);

	op->event = event;
	op->cause = cause;
	snprintf(op->text, sizeof(op->text), "%s", text);
}

void
plan_say(struct plan *p, enum decision_kind kind, enum rule rule,
	 int64_t wake_ms, const char *format, ...)
{
	struct decision *d = p->d;
	va_list ap;

	d->kind = d->nops > 0 ? DECIDE_DO : kind;
	d->rule = rule;
	d->wake_ms = wake_ms;
	va_start(ap, format);
	vsnprintf(d->reason, sizeof(d->reason), format, ap);
	va_end(ap);
}

/* Once in a decision. */
static void
unhold_one(struct plan *p, int hold)
{
	if (p->v->holds[hold].ended)
		return;
	for (int i = 0; i < p->d->nops; i++)
		if (p->d->ops[i].kind == OP_UNHOLD &&
		    p->d->ops[i].hold == hold)
			return;
	plan_op(p, OP_UNHOLD)->hold = hold;
}

void
plan_unhold(struct plan *p, enum hold_kind kind)
{
	for (int i = 0; i < p->v->nholds; i++)
		if (p->v->holds[i].kind == kind)
			unhold_one(p, i);
}

void
plan_unhold_all(struct plan *p)
{
	for (int i = 0; i < p->v->nholds; i++)
		unhold_one(p, i);
}

void
plan_unhold_gate(struct plan *p, enum gate gate)
{
	for (int i = 0; i < p->v->nholds; i++)
		if (p->v->holds[i].gate == gate &&
		    p->v->holds[i].turn == p->turn)
			unhold_one(p, i);
}

static struct op *
plan_hold_op(struct plan *p, enum hold_kind kind, enum gate gate,
	     bool critical, const char *why)
{
	struct op *op = plan_op(p, OP_HOLD);

	op->hold_kind = kind;
	op->gate = gate;
	op->critical = critical;
	snprintf(op->text, sizeof(op->text), "%s", why);
	return op;
}

/* What looks say may change with each of them: told now and then. */
static bool
hold_told(const struct plan *p, const struct view_hold *hold, const char *why)
{
	if (strcmp(hold->why, why) == 0)
		return true;
	return hold->gate != GATE_CHECK && hold->gate != GATE_WINDOW &&
		p->now < hold->told_ms + PLAN_TELL_MS;
}

/*
 * Is it open already, as urgent?  Of another gate: over; of this one: the row
 * gets the new words.
 */
static bool
hold_stands(struct plan *p, enum hold_kind kind, enum gate gate, bool critical,
	    const char *why)
{
	bool stands = false;

	for (int i = 0; i < p->v->nholds; i++) {
		const struct view_hold *hold = &p->v->holds[i];

		if (hold->kind != kind || hold->ended)
			continue;
		if (hold->gate != gate || hold->turn != p->turn)
			unhold_one(p, i);
		else if ((hold->critical || !critical) &&
			 hold_told(p, hold, why))
			stands = true;
	}
	return stands;
}

void
plan_hold(struct plan *p, enum rule rule, enum hold_kind kind,
	  enum gate gate, bool critical, int64_t wake_ms,
	  const char *format, ...)
{
	char why[VIEW_WHY];
	va_list ap;

	va_start(ap, format);
	vsnprintf(why, sizeof(why), format, ap);
	va_end(ap);
	if (!hold_stands(p, kind, gate, critical, why))
		plan_hold_op(p, kind, gate, critical, why)->look_ms = wake_ms;
	plan_say(p, DECIDE_IDLE, rule, wake_ms, "%s", why);
}

void
plan_hold_until(struct plan *p, enum rule rule, enum hold_kind kind,
		enum gate gate, int64_t until_ms, const char *format, ...)
{
	char why[VIEW_WHY];
	va_list ap;

	va_start(ap, format);
	vsnprintf(why, sizeof(why), format, ap);
	va_end(ap);
	if (!hold_stands(p, kind, gate, false, why))
		plan_hold_op(p, kind, gate, false, why)->until_ms = until_ms;
	plan_say(p, DECIDE_IDLE, rule, 0, "%s", why);
}

void
plan_hold_fact(struct plan *p, enum rule rule, enum gate gate, bool critical,
	       const struct fact *fact, int64_t look_ms, int64_t deadline_ms,
	       const char *format, ...)
{
	char why[VIEW_WHY];
	struct op *op;
	va_list ap;

	va_start(ap, format);
	vsnprintf(why, sizeof(why), format, ap);
	va_end(ap);
	plan_hold(p, rule, HOLD_GATE, gate, critical,
		  p->now + PLAN_LOOK_AGAIN_MS, "%s", why);
	op = p->d->nops > 0 ? &p->d->ops[p->d->nops - 1] : NULL;
	if (op == NULL || op->kind != OP_HOLD)
		return;		/* it stands as it is */
	op->fact = (int)fact->kind;
	op->fact_id = fact->id;
	op->look_ms = look_ms;
	op->deadline_ms = deadline_ms;
}

void
plan_hold_again(struct plan *p, enum rule rule, enum gate gate,
		const struct fact *fact, int64_t deadline_ms,
		const char *format, ...)
{
	bool critical = p->now - fact->since_ms >= PLAN_NOT_READY_MS;
	char why[VIEW_WHY];
	va_list ap;

	va_start(ap, format);
	vsnprintf(why, sizeof(why), format, ap);
	va_end(ap);
	if (p->now - fact->since_ms >= PLAN_NAMED_MS)
		plan_hold_fact(p, rule, gate, critical, fact,
			       fact->at_ms + PLAN_LOOK_AGAIN_MS, deadline_ms,
			       "%s: %s", why, fact->seen);
	if (p->d->nops == 0)
		plan_again(p, rule, fact, why);
}

bool
plan_unsure(struct plan *p, enum rule rule, const struct fact *fact,
	    const char *step, const char *what)
{
	if (fact->value != TRI_UNKNOWN ||
	    p->now - fact->since_ms >= PLAN_UNSURE_MS)
		return false;
	plan_hold_again(p, rule, GATE_READY, fact,
			fact->since_ms + PLAN_UNSURE_MS,
			"%s: nobody can tell %s", step, what);
	return true;
}

void
plan_hold_turn(struct plan *p, enum rule rule, bool critical,
	       const char *format, ...)
{
	char why[VIEW_WHY];
	va_list ap;

	va_start(ap, format);
	vsnprintf(why, sizeof(why), format, ap);
	va_end(ap);
	plan_turn_op(p, TURN_EV_HOLD, CAUSE_NONE, why);
	plan_unhold(p, HOLD_GATE);	/* nobody waits any more: it is held */
	plan_hold_op(p, HOLD_TURN, GATE_NONE, critical, why);
	plan_say(p, DECIDE_DO, rule, 0, "%s", why);
}

void
plan_hold_words(struct plan *p, bool critical, const char *format, ...)
{
	char why[VIEW_WHY];
	va_list ap;

	va_start(ap, format);
	vsnprintf(why, sizeof(why), format, ap);
	va_end(ap);
	plan_hold_op(p, HOLD_TURN, GATE_NONE, critical, why);
}

bool
plan_confirmed(const struct fact *fact, int64_t not_before_ms,
	       int64_t confirm_ms)
{
	int64_t since = fact->since_ms > not_before_ms ?
		fact->since_ms : not_before_ms;

	return fact->value == TRI_TRUE && fact->at_ms - since >= confirm_ms;
}

int64_t
plan_confirm_ms(const struct plan *p, const struct view_step *step)
{
	return step->group >= 0 ? p->v->groups[step->group].confirm_ms : 0;
}

const struct view_turn *
plan_turn_of(const struct plan *p)
{
	assert(p->turn >= 0 && p->turn < p->v->nturns);
	return &p->v->turns[p->turn];
}

bool
plan_is_over(const struct view_step *step)
{
	return step->state == STEP_PASSED || step->state == STEP_SKIPPED ||
		step->state == STEP_UNDONE;
}

bool
plan_is_undoing(const struct view_step *step)
{
	return step->undoes >= 0 || step->again;
}

/* On a turn that was finished all the same, PEER is a mark, not a way back. */
bool
plan_is_restoring(const struct view_turn *turn)
{
	return turn->state == TURN_RESTORING || (turn->state == TURN_HELD &&
		turn->cause != CAUSE_NONE &&
		!(turn->cause == CAUSE_PEER && turn->no_return_begun));
}

void
plan_pause(struct plan *p)
{
	const struct view_pause *pause = &p->v->pause;
	bool over = pause->until_ms != 0 && p->now >= pause->until_ms;

	if (!pause->effective)
		plan_op(p, OP_PAUSE);
	if (over && !pause->over)
		plan_op(p, OP_PAUSE_OVER);
	plan_say(p, DECIDE_IDLE, RULE_PAUSED, over ? 0 : pause->until_ms,
		 "paused: %s", pause->why);
}

void
plan_attempt_end(struct plan *p, int s, int i, enum attempt_event event,
		 const char *why)
{
	struct op *op = plan_op(p, OP_ATTEMPT_END);

	op->step = s;
	op->attempt = i;
	op->event = event;
	snprintf(op->text, sizeof(op->text), "%s", why);
}

void
plan_unsent(struct plan *p, int s, const char *why)
{
	const struct view_step *step = &p->v->steps[s];

	for (int i = 0; i < step->nattempts; i++)
		if (step->attempts[i].state == ATTEMPT_SENT)
			plan_attempt_end(p, s, i, ATTEMPT_EV_UNSEND, why);
}

int
plan_current(const struct view *v, bool undoing)
{
	for (int i = 0; i < v->nsteps; i++)
		if (plan_is_undoing(&v->steps[i]) == undoing &&
		    !plan_is_over(&v->steps[i]))
			return i;
	return -1;
}

bool
plan_committed(const struct view *v)
{
	if (v->detail < 0 || v->turns[v->detail].state != TURN_WORKING)
		return false;
	for (int i = 0; i < v->nphases; i++)
		if (v->phases[i].no_pause && v->phases[i].committed_ms != 0 &&
		    v->phases[i].ended_ms == 0) {
			int s = plan_current(v, false);

			return s >= 0 && v->steps[s].phase == i;
		}
	return false;
}

/*
 * What was read before a change says nothing about the time after it.  Nor
 * does what an earlier rollout read: people change hosts between the two.
 */
static int64_t
last_change(const struct view *v)
{
	int64_t last = v->started_ms;

	for (int s = 0; s < v->nsteps; s++)
		for (int i = 0; i < v->steps[s].nattempts; i++) {
			const struct view_attempt *a =
				&v->steps[s].attempts[i];

			if (a->state == ATTEMPT_UNSENT)
				continue;
			if (a->ended_ms > last)
				last = a->ended_ms;
		}
	return last;
}

/*
 * R2: a schedule starts at its hour; late, it says so, or is skipped.  What a
 * start by hand would refuse does not start by itself either.
 */
static void
plan_start(struct plan *p)
{
	int64_t late_ms = p->now - p->v->start_ms;
	bool skip = p->v->late_ms != 0 && late_ms > p->v->late_ms;
	struct op *op = plan_op(p, OP_ROLLOUT);

	op->event = skip || p->v->unfit[0] != '\0' ?
		ROLLOUT_EV_CANCEL : ROLLOUT_EV_START;
	if (!skip && p->v->unfit[0] != '\0')
		snprintf(op->text, sizeof(op->text), "%s", p->v->unfit);
	else if (late_ms > PLAN_LATE_MS)
		snprintf(op->text, sizeof(op->text),
			 "its hour was missed by %lld min; %s, as it says",
			 (long long)(late_ms / 60000), skip ?
			 "skipped" : "started late");
	plan_say(p, DECIDE_DO, RULE_START, 0, "its hour has come");
}

/* R1, R2: rollouts that are not running. */
static bool
plan_rollout(struct plan *p)
{
	const struct view *v = p->v;

	if (v->state == ROLLOUT_RUNNING)
		return false;
	if (v->state != ROLLOUT_SCHEDULED) {
		if (plan_asked(p))
			return true;
		plan_say(p, DECIDE_IDLE, RULE_ENDED, 0, "rollout %s",
			 rollout_state_word(v->state));
		return true;
	}
	if (p->now < v->start_ms) {
		plan_say(p, DECIDE_IDLE, RULE_START, v->start_ms,
			 "its hour has not come");
		return true;
	}
	plan_start(p);
	return true;
}

void
plan_next(const struct view *view, const struct looks *looks, int64_t now_ms,
	  struct decision *decision)
{
	struct plan p = { .v = view, .l = looks, .now = now_ms,
			  .d = decision, .turn = view_active(view),
			  .changed_ms = last_change(view) };

	memset(decision, 0, offsetof(struct decision, ops));
	decision->nops = decision->nsends = 0;
	decision->load = -1;
	if (!view->database && !plan_committed(view)) {
		plan_say(&p, DECIDE_IDLE, RULE_DATABASE, 0,
			 "the database does not answer");
		return;
	}
	if (plan_rollout(&p))
		return;
	if (p.turn < 0) {
		plan_take(&p);
		return;
	}
	if (view->detail != p.turn) {
		decision->load = p.turn;
		plan_say(&p, DECIDE_LOAD, RULE_ORDER, 0, "its steps");
		return;
	}
	plan_turn(&p);
}
