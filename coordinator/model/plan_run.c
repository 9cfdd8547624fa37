/* plan_run.c - a step that has begun: ask, wait, write down, verify. */
#include <stdio.h>
#include <string.h>

#include "plan_private.h"
#include "seeded.h"

struct run {
	struct plan *p;
	int s;
	const struct view_step *step;
	int64_t ended_ms;		/* of the round's last attempt */
	int64_t look_ms;		/* for a silent one again; 0: not */
};

static void
new_round(struct run *r, enum rule rule, const char *why)
{
	struct plan *p = r->p;
	const struct view_step *step = r->step;
	int nr = view_round(step) + 1;

	plan_unhold(p, HOLD_GATE);
	for (int i = 0; i < step->nattempts; i++) {
		const char *host = step->attempts[i].host;
		struct op *op;

		if (!view_is_last(step, i) ||
		    step->attempts[i].state != ATTEMPT_UNKNOWN)
			continue;
		op = plan_op(p, OP_ATTEMPT);
		op->step = r->s;
		op->attempt = nr;
		if (step->target == TARGET_ANY)
			host = plan_mouth(p, step->group);
		snprintf(op->text, sizeof(op->text), "%s", host);
	}
	plan_say(p, DECIDE_DO, rule, 0, "%s: %s", step->name, why);
}

/* Another change through the group: true while that has to wait. */
static bool
run_group(struct run *r)
{
	int before = r->p->d->nwants;

	if (plan_group(r->p, r->s))
		return true;
	if (r->p->d->nwants > before)
		plan_say(r->p, DECIDE_LOOK, RULE_READY, 0, "%s: is %s ready?",
			 r->step->name,
			 r->p->v->groups[r->step->group].name);
	return r->p->d->nwants > before;
}

/* ------------------------------------------------- the agents' answers */

/* R36: refused before it began: nothing was done. */
static void
run_refused(struct run *r, int i, const struct agent_fact *agent)
{
	plan_attempt_end(r->p, r->s, i, ATTEMPT_EV_UNSEND, agent->why);
	plan_step_op(r->p, r->s, STEP_EV_UNSENT, agent->why);
	plan_hold_turn(r->p, RULE_REFUSED, plan_turn_of(r->p)->outage_open,
		       "%s: %s refused (%s): %s", r->step->name,
		       r->step->attempts[i].host, agent->code, agent->why);
}

/* R34: everything that ended is written down at once. */
static bool
run_results(struct run *r)
{
	bool any = false;

	for (int i = 0; i < r->step->nattempts; i++) {
		const struct view_attempt *attempt = &r->step->attempts[i];
		const struct agent_fact *agent =
			looks_agent(r->p->l, attempt->id);

		if (attempt->state != ATTEMPT_SENT || agent == NULL)
			continue;
		if (agent->state == AGENT_REFUSED) {
			r->p->d->nops = 0;
			run_refused(r, i, agent);
			return true;
		}
		if (agent->state == AGENT_ENDED)
			plan_attempt_end(r->p, r->s, i, ATTEMPT_EV_END,
					 agent->why);
		else if (agent->state == AGENT_UNKNOWN)
			plan_attempt_end(r->p, r->s, i, ATTEMPT_EV_LOSE,
					 agent->why);
		else
			continue;
		any = true;
	}
	if (any) {
		plan_unhold(r->p, HOLD_CONTACT);
		plan_say(r->p, DECIDE_DO, RULE_RESULT, 0, "%s: answered",
			 r->step->name);
	}
	return any;
}

static int64_t
earliest(int64_t a, int64_t b)
{
	return a == 0 || (b != 0 && b < a) ? b : a;
}

bool
plan_is_unasked(const struct agent_fact *agent)
{
	return agent == NULL || agent->state == AGENT_NOT_ASKED;
}

/* When all members are told, the next one once the one before has answered. */
static bool
run_next(struct run *r)
{
	bool told = false;

	if (r->step->target != TARGET_EACH)
		return false;
	for (int i = 0; i < r->step->nattempts; i++) {
		const struct view_attempt *attempt = &r->step->attempts[i];

		if (attempt->state == ATTEMPT_SENT)
			return told && plan_is_unasked(looks_agent(r->p->l,
				attempt->id)) && run_group(r);
		told |= view_is_last(r->step, i);
	}
	return false;
}

/* Made beforehand, and nobody has said yet whether it was sent. */
static bool
may_be_sent(const struct run *r, int i)
{
	const struct view_attempt *attempt = &r->step->attempts[i];
	const struct agent_fact *agent = looks_agent(r->p->l, attempt->id);

	return attempt->state == ATTEMPT_SENT &&
		plan_may_tell(r->p, r->s, attempt->host) &&
		(agent == NULL || agent->state == AGENT_ASKING ||
		 agent->state == AGENT_SILENT);
}

/* R31: whom to ask now; *wake_ms: when the next one is due. */
static void
run_sends(struct run *r, int64_t *wake_ms)
{
	struct decision *d = r->p->d;
	bool begun = r->step->state != STEP_PENDING;
	int most = begun && r->step->target == TARGET_EACH ? 1 : PLAN_SENDS;

	for (int i = 0; i < r->step->nattempts && most > 0; i++) {
		const struct agent_fact *agent = looks_agent(r->p->l,
			r->step->attempts[i].id);
		int64_t due = 0;

		if (r->step->attempts[i].state != ATTEMPT_SENT ||
		    (!begun && !may_be_sent(r, i)))
			continue;
		most--;
		if (agent != NULL && agent->state == AGENT_ASKING)
			continue;
		if (agent != NULL && agent->state == AGENT_RUNNING)
			due = agent->at_ms + PLAN_RUNNING_MS;
		if (agent != NULL && agent->state == AGENT_SILENT)
			due = agent->at_ms + backoff_ask_ms(agent->asked - 1);
		if (due > r->p->now)
			*wake_ms = earliest(*wake_ms, due);
		else {
			d->sends[d->nsends].step = r->s;
			d->sends[d->nsends++].attempt = i;
		}
	}
}

/* Could another member do it, once this one is proven gone? */
static bool
run_may_move(const struct run *r)
{
	return r->step->target == TARGET_ANY &&
		(r->step->has_check || r->step->idempotent);
}

/*
 * Gone is who was silent for 75 s, or who is not there any more as the others
 * say, asked since it fell silent and again and again.
 */
static bool
run_proven_gone(struct run *r, const struct agent_fact *agent)
{
	struct plan *p = r->p;
	int64_t since = p->now - PLAN_FRESH_MS, again = agent->silent_ms;
	const struct fact *absent = looks_find(p->l, FACT_ABSENT, r->s);

	if (agent->gone || !p->v->groups[r->step->group].lists)
		return agent->gone;
	if (since < agent->silent_ms)
		since = agent->silent_ms;
	if (absent != NULL && absent->at_ms >= since) {
		if (absent->value == TRI_TRUE)
			return true;
		again = absent->at_ms;
		since = again + 1;
	}
	r->look_ms = again + PLAN_LOOK_AGAIN_MS;
	if (p->now >= r->look_ms)
		plan_need(p, FACT_ABSENT, r->s, since);
	return false;
}

static void
run_abandon(struct run *r, int i, const struct agent_fact *agent)
{
	const struct fact *absent = looks_find(r->p->l, FACT_ABSENT, r->s);
	char why[VIEW_WHY];

	snprintf(why, sizeof(why), "its host is gone: %.400s", agent->gone ||
		 absent == NULL ? "silent for 75 s" : absent->seen);
	plan_attempt_end(r->p, r->s, i, ATTEMPT_EV_ABANDON, why);
}

/*
 * A member that is proven gone: the check, read on the others, tells whether
 * it was done; if not, another member is asked under a new attempt.
 */
static bool
run_gone(struct run *r, int i, const struct agent_fact *agent)
{
	const struct view_step *step = r->step;
	const struct view_group *group = &r->p->v->groups[step->group];
	const struct fact *check;
	struct op *op;

	if (step->has_check) {
		check = plan_fresh(r->p, FACT_DONE, r->s);
		if (check == NULL) {
			plan_say(r->p, DECIDE_LOOK, RULE_CONTACT, 0,
				 "%s: done before %s went?", step->name,
				 step->attempts[i].host);
			return true;
		}
		if (check->value == TRI_TRUE) {
			plan_attempt_end(r->p, r->s, i, ATTEMPT_EV_ABANDON,
					 check->seen);
			plan_say(r->p, DECIDE_DO, RULE_CONTACT, 0,
				 "%s was done", step->name);
			return true;
		}
		if (check->value == TRI_UNKNOWN)
			return false;
	}
	for (int m = 0; m < group->nmembers; m++) {
		if (strcmp(group->members[m], step->attempts[i].host) == 0)
			continue;
		run_abandon(r, i, agent);
		op = plan_op(r->p, OP_MOUTH);
		op->group = step->group;
		snprintf(op->text, sizeof(op->text), "%s", group->members[m]);
		op = plan_op(r->p, OP_ATTEMPT);
		op->step = r->s;
		op->attempt = view_round(step) + 1;
		snprintf(op->text, sizeof(op->text), "%s", group->members[m]);
		plan_say(r->p, DECIDE_DO, RULE_CONTACT, 0,
			 "%s: %s is gone, %s is asked", step->name,
			 step->attempts[i].host, group->members[m]);
		return true;
	}
	return false;
}

/* A hold of that kind stands, and is as urgent. */
static bool
run_told(const struct run *r, enum hold_kind kind, bool critical)
{
	for (int i = 0; i < r->p->v->nholds; i++) {
		const struct view_hold *hold = &r->p->v->holds[i];

		if (hold->kind == kind && !hold->ended &&
		    (hold->critical || !critical))
			return true;
	}
	return false;
}

/* R33: silent; critical when that is longer than the step may take. */
static bool
run_contact(struct run *r)
{
	int64_t limit = r->step->timeout_ms + PLAN_CONTACT_MS;

	for (int i = 0; i < r->step->nattempts; i++) {
		const struct agent_fact *agent = looks_agent(r->p->l,
			r->step->attempts[i].id);
		int64_t silent;

		if (r->step->attempts[i].state != ATTEMPT_SENT ||
		    agent == NULL || agent->silent_ms == 0)
			continue;
		if (agent->state == AGENT_SILENT && run_may_move(r) &&
		    run_proven_gone(r, agent) && run_gone(r, i, agent))
			return true;
		silent = r->p->now - agent->silent_ms;
		if (silent < PLAN_NAMED_MS ||
		    run_told(r, HOLD_CONTACT, silent >= limit))
			continue;
		plan_hold(r->p, RULE_CONTACT, HOLD_CONTACT, GATE_NONE,
			  silent >= limit, 0, "%s: no answer from %s: %s",
			  r->step->name, r->step->attempts[i].host,
			  agent->why);
		return true;
	}
	return false;
}

/* Answers are waited for: who is to be asked, or when one looks again. */
static void
run_awaits(struct run *r)
{
	int64_t wake = 0;

	run_sends(r, &wake);
	if (r->p->d->nsends > 0)
		plan_say(r->p, DECIDE_SEND, RULE_SEND,
			 earliest(wake, r->look_ms), "%s is asked for",
			 r->step->name);
	else if (r->p->d->nwants > 0)
		plan_say(r->p, DECIDE_LOOK, RULE_CONTACT, 0,
			 "%s: is who was asked still there?", r->step->name);
	else
		plan_say(r->p, DECIDE_IDLE, RULE_WAIT,
			 earliest(wake, r->look_ms), "%s runs",
			 r->step->name);
}

/* Attempts in flight: true while not all of them are settled. */
static bool
run_flight(struct run *r)
{
	bool flying = false;

	for (int i = 0; i < r->step->nattempts; i++)
		flying |= r->step->attempts[i].state == ATTEMPT_SENT;
	if (!flying)
		return false;
	if (!run_results(r) && !run_contact(r) && !run_next(r))
		run_awaits(r);
	return true;
}

bool
plan_was_sent(struct plan *p, int s, bool *sent_r)
{
	struct run r = { .p = p, .s = s, .step = &p->v->steps[s] };
	bool asks = false;

	for (int i = 0; i < r.step->nattempts; i++) {
		const struct view_attempt *attempt = &r.step->attempts[i];

		if (may_be_sent(&r, i))
			asks = true;
		else if (attempt->state == ATTEMPT_SENT)
			*sent_r |= !plan_is_unasked(looks_agent(p->l,
				attempt->id));
	}
	if (asks && !run_contact(&r))
		run_awaits(&r);
	return asks;
}

/* ------------------------------------------------------------ verdicts */

void
plan_passed(struct plan *p, int s, const char *why)
{
	plan_unhold(p, HOLD_GATE);	/* who was missed is back */
	plan_step_op(p, s, STEP_EV_PASS, why);
	plan_undone(p, s);
	plan_say(p, DECIDE_DO, RULE_PASS, 0, "%s passed: %s",
		 p->v->steps[s].name, why);
}

/* It was over when what came after it was begun, which may have changed it. */
static bool
run_past(struct run *r, const struct fact *check)
{
	char why[VIEW_WHY];

	if (check->value == TRI_TRUE || !plan_is_past(r->p, r->s))
		return false;
	snprintf(why, sizeof(why), "a later step was begun, so it had passed; "
		 "now: %.400s", check->seen);
	plan_passed(r->p, r->s, why);
	return true;
}

/*
 * The journal says that it was done, its check says that it is not so: what
 * came after it may have been done too.  Never done again on a guess.
 */
static bool
is_adopted(const struct view_step *step)
{
	for (int i = 0; i < step->nattempts; i++)
		if (view_is_last(step, i) && step->attempts[i].adopted)
			return true;
	return false;
}

/*
 * Nothing is done again that nobody can tell to be undone; what destroys only
 * if its check, read since, says so.
 */
static bool
may_again(const struct plan *p, int s)
{
	const struct view_step *step = &p->v->steps[s];
	const struct fact *check = looks_find(p->l, FACT_CHECK, s);

	if (is_adopted(step))
		return false;
	if (!step->has_check)
		return true;
	if (check != NULL && check->value == TRI_UNKNOWN)
		return false;
	if (!step->destroys)
		return true;
	for (int i = 0; i < step->nattempts; i++)
		if (check == NULL || check->value != TRI_FALSE ||
		    check->at_ms < step->attempts[i].ended_ms)
			return false;
	return true;
}

/* R38, R39: try again, ignore, undo the phase, or hold. */
void
plan_failed(struct plan *p, int s, const char *why)
{
	const struct view_step *step = &p->v->steps[s];
	const struct view_phase *phase = &p->v->phases[step->phase];
	bool again = may_again(p, s);
	bool ignored = step->ignore && !plan_is_undoing(step);
	bool carried = !ignored && !plan_is_undoing(step) && phase->no_pause &&
		phase->committed_ms != 0 && step->has_check && again;
	bool in_time = p->now < phase->committed_ms + phase->deadline_ms;

	plan_unhold(p, HOLD_GATE);
	plan_step_op(p, s, STEP_EV_FAIL, why);
	if (carried ? in_time : again && step->tries < step->retries) {
		plan_step_op(p, s, STEP_EV_RETRY, why);
		plan_say(p, DECIDE_DO, RULE_AGAIN, 0, "%s again: %s",
			 step->name, why);
	} else if (ignored) {
		plan_step_op(p, s, STEP_EV_IGNORE, why);
		plan_say(p, DECIDE_DO, RULE_FAIL, 0, "%s failed, which it "
			 "may: %s", step->name, why);
	} else if (carried) {
		plan_deadline(p, s, why);
	} else {
		plan_hold_turn(p, RULE_FAIL, phase->no_pause &&
			       phase->committed_ms != 0, "%s failed: %s",
			       step->name, why);
	}
}

/* R35: begun, and nobody knows its end. */
static void
run_unknown(struct run *r)
{
	const struct view_step *step = r->step;
	const struct fact *check = NULL;

	if (step->has_check) {
		check = plan_need(r->p, FACT_CHECK, r->s, r->ended_ms);
		if (check == NULL) {
			plan_say(r->p, DECIDE_LOOK, RULE_UNKNOWN, 0,
				 "%s: the check settles it", step->name);
			return;
		}
		if (check->value == TRI_TRUE) {
			plan_passed(r->p, r->s, check->seen);
			return;
		}
		if (run_past(r, check))
			return;
		if (plan_unsure(r->p, RULE_UNKNOWN, check, step->name,
				"whether it was done"))
			return;
	}
	if (SEEDED(BLIND_RETRY) || step->idempotent || (check != NULL &&
	    check->value == TRI_FALSE && !step->destroys)) {
		if (view_round(step) <= step->retries + 2) {
			if (run_group(r))
				return;
			new_round(r, RULE_UNKNOWN, "its end is unknown and it "
				  "is not done: asked anew");
			return;
		}
	}
	plan_step_op(r->p, r->s, STEP_EV_LOSE, "its end is unknown");
	plan_hold_turn(r->p, RULE_UNKNOWN, plan_turn_of(r->p)->outage_open,
		       "%s: nobody knows whether it was done; look, then: "
		       "drydock settle --done or --not-done", step->name);
}

/* What the attempts alone say; NULL: nothing against it. */
static const char *
run_verdict(struct run *r, char *why, size_t size)
{
	const struct view_step *step = r->step;

	for (int i = 0; i < step->nattempts; i++) {
		const struct view_attempt *a = &step->attempts[i];

		if (!view_is_last(step, i) || a->state != ATTEMPT_ENDED ||
		    (a->exit == 0 && !a->timed_out) ||
		    (a->exit < 0 && SEEDED(NO_EXIT_IS_0)))
			continue;
		if (a->timed_out)
			snprintf(why, size, "%s: timed out", a->host);
		else if (a->signal != 0)
			snprintf(why, size, "%s: signal %d", a->host,
				 a->signal);
		else
			snprintf(why, size, "%s: exit %d", a->host, a->exit);
		return why;
	}
	return NULL;
}

/* Has any host begun it?  Unsent and abandoned are no ends of it. */
static bool
run_begun(const struct run *r)
{
	for (int i = 0; i < r->step->nattempts; i++)
		if (view_is_last(r->step, i) &&
		    r->step->attempts[i].state != ATTEMPT_UNSENT &&
		    r->step->attempts[i].state != ATTEMPT_ABANDONED)
			return true;
	return false;
}

/* 0, 1, 2, 5, 5 … s after the act; the n-th look follows from the time. */
static int64_t
check_next(int64_t ended_ms, int64_t looked_ms)
{
	int64_t gone = looked_ms - ended_ms;

	return looked_ms + (gone < 1000 ? backoff_check_ms(1) :
		gone < 3000 ? backoff_check_ms(2) : backoff_check_ms(3));
}

/* Since the act ended, or later: so long its check says what it says. */
static int64_t
check_since(const struct run *r, const struct fact *check)
{
	return check->since_ms > r->ended_ms ? check->since_ms : r->ended_ms;
}

/*
 * It had its time.  While nobody can tell, as when its host cannot be reached,
 * that is no failure; in the end a person looks.
 */
static int64_t
check_limit(const struct run *r, const struct fact *check)
{
	int64_t settled = r->ended_ms + r->step->settle_ms;
	int64_t told = check_since(r, check) + PLAN_UNSURE_MS;

	return check->value == TRI_UNKNOWN && told > settled ? told : settled;
}

/* What an act that ended waits for is named, once somebody would ask. */
static void
check_name(const struct run *r, const struct fact *check, int64_t next,
	   const char *why)
{
	int64_t lasts = r->p->now - check_since(r, check);
	bool unknown = check->value == TRI_UNKNOWN;

	if (check->value == TRI_TRUE || lasts < PLAN_NAMED_MS)
		return;
	plan_hold_fact(r->p, RULE_PASS, GATE_READY,
		       unknown && lasts >= PLAN_NOT_READY_MS, check, next,
		       check_limit(r, check), unknown ?
		       "nobody can tell whether %s is done: %s" :
		       "%s has ended and is not done yet: %s",
		       r->step->name, why);
}

static void
run_check(struct run *r, const char *verdict)
{
	struct plan *p = r->p;
	const struct fact *check =
		plan_need(p, FACT_CHECK, r->s, r->ended_ms);
	int64_t confirm = plan_confirm_ms(p, r->step), next;
	char why[VIEW_WHY];

	if (check == NULL) {
		plan_say(p, DECIDE_LOOK, RULE_PASS, 0, "%s: the check",
			 r->step->name);
		return;
	}
	snprintf(why, sizeof(why), "%.400s%s%.100s", check->seen,
		 verdict ? "; " : "", verdict ? verdict : "");
	if (plan_confirmed(check, r->ended_ms, confirm)) {
		plan_passed(r->p, r->s, why);
		return;
	}
	if (run_past(r, check))
		return;
	if (check->value == TRI_TRUE)
		next = check_since(r, check) + confirm;
	else
		next = check_next(r->ended_ms, check->at_ms);
	if (check->value != TRI_TRUE &&
	    check->at_ms >= check_limit(r, check)) {
		plan_failed(p, r->s, why);
		return;
	}
	check_name(r, check, next, why);
	if (p->d->nops > 0)
		return;
	if (p->now < next) {
		plan_say(p, DECIDE_IDLE, RULE_WAIT, next, "%s: %s",
			 r->step->name, why);
		return;
	}
	plan_need(p, FACT_CHECK, r->s, next);
	plan_say(p, DECIDE_LOOK, RULE_PASS, 0, "%s: the check again",
		 r->step->name);
}

static void
run_evaluate(struct run *r)
{
	struct plan *p = r->p;
	const struct view_step *step = r->step;
	const struct fact *expect;
	char text[VIEW_WHY];
	const char *verdict = run_verdict(r, text, sizeof(text));

	if (step->has_expect) {
		expect = plan_need(p, FACT_EXPECT, r->s, r->ended_ms);
		if (expect == NULL)
			plan_say(p, DECIDE_LOOK, RULE_PASS, 0, "%s: expect",
				 step->name);
		else if (plan_unsure(p, RULE_UNDECIDED, expect, step->name,
				     "whether it is as expected"))
			return;
		else if (expect->value != TRI_TRUE)
			plan_failed(p, r->s, expect->seen);
		else if (step->has_check)
			run_check(r, verdict);
		else
			plan_passed(r->p, r->s, expect->seen);
		return;
	}
	if (step->has_check)
		run_check(r, verdict);
	else if (verdict != NULL)
		plan_failed(p, r->s, verdict);
	else if (!run_begun(r))
		plan_failed(p, r->s, "no host has begun it");
	else
		plan_passed(r->p, r->s, "exit 0");
}

static void
run_act(struct run *r)
{
	bool unknown = false;

	if (run_flight(r))
		return;
	for (int i = 0; i < r->step->nattempts; i++) {
		const struct view_attempt *a = &r->step->attempts[i];

		if (!view_is_last(r->step, i))
			continue;
		unknown |= a->state == ATTEMPT_UNKNOWN;
		if (a->ended_ms > r->ended_ms)
			r->ended_ms = a->ended_ms;
	}
	if (unknown && !SEEDED(UNKNOWN_PASSES))
		run_unknown(r);
	else
		run_evaluate(r);
}

void
plan_run(struct plan *p, int s)
{
	struct run r = { .p = p, .s = s, .step = &p->v->steps[s] };

	if (step_kind_acts(r.step->kind))
		run_act(&r);
	else
		plan_wait(p, s);
}
