/* plan_begin.c - all that comes before a step acts. */
#include <stdio.h>
#include <string.h>

#include "plan_private.h"
#include "seeded.h"

struct begin {
	struct plan *p;
	int s;
	const struct view_step *step;
	const struct view_phase *phase;
	bool acts, undoing, new_phase;
	bool already;			/* the check holds: nothing to do */
	bool sent;			/* it was begun, and no row says so */
};

static int
phase_open(const struct view *v)
{
	for (int i = v->nphases - 1; i >= 0; i--)
		if (v->phases[i].started_ms != 0)
			return v->phases[i].ended_ms == 0 ? i : -1;
	return -1;
}

/* A step waits out its back-off before it is tried again. */
static bool
begin_backoff(struct begin *b)
{
	const struct view_step *step = b->step;
	int64_t at = step->ended_ms +
		backoff_retry_ms(step->backoff_ms, step->tries - 1);

	if (step->tries == 0 || step->ended_ms == 0 || b->p->now >= at)
		return false;
	plan_say(b->p, DECIDE_IDLE, RULE_AGAIN, at, "%s: tried again soon",
		 step->name);
	return true;
}

/* R20, R21: decided once; a step that was begun once is not asked again. */
static bool
begin_when(struct begin *b)
{
	const struct fact *when;

	if (b->step->planned_skip) {
		plan_step_op(b->p, b->s, STEP_EV_SKIP, b->step->message);
		plan_say(b->p, DECIDE_DO, RULE_SKIP, 0, "%s: not planned",
			 b->step->name);
		return true;
	}
	if (!b->step->has_when || plan_is_begun(b->p->v, b->s))
		return false;
	when = plan_fresh(b->p, FACT_WHEN, b->s);
	if (when == NULL || when->value == TRI_TRUE)
		return false;
	if (when->value == TRI_FALSE) {
		plan_unhold(b->p, HOLD_GATE);
		plan_unsent(b->p, b->s, "its when does not hold");
		plan_step_op(b->p, b->s, STEP_EV_SKIP, when->seen);
		plan_say(b->p, DECIDE_DO, RULE_SKIP, 0, "%s: %s",
			 b->step->name, when->seen);
	} else if (!plan_unsure(b->p, RULE_UNDECIDED, when, b->step->name,
				"whether its when holds")) {
		plan_hold_turn(b->p, RULE_UNDECIDED, false,
			       "%s: its when cannot be decided: %s",
			       b->step->name, when->seen);
	}
	return true;
}

/* A committed phase that waits for somebody waits no longer; 0: it may. */
static int64_t
group_limit(const struct plan *p, int s)
{
	const struct view_step *step = &p->v->steps[s];
	const struct view_phase *phase = &p->v->phases[step->phase];

	if (plan_is_undoing(step) || !phase->no_pause ||
	    phase->committed_ms == 0)
		return 0;
	return phase->committed_ms + phase->deadline_ms;
}

/* R26, R27: groups are touchy. */
bool
plan_group(struct plan *p, int s)
{
	const struct view_step *step = &p->v->steps[s];
	int64_t gap, limit = group_limit(p, s);
	const struct view_group *group;
	const struct fact *ready;

	if (step->group < 0)
		return false;
	group = &p->v->groups[step->group];
	gap = group->changed_ms + group->min_gap_ms;
	if (group->changed_ms != 0 && p->now < gap && !SEEDED(GAP_UNKEPT)) {
		plan_say(p, DECIDE_IDLE, RULE_GAP, gap,
			 "%s: the gap between two changes", group->name);
		return true;
	}
	ready = plan_fresh(p, FACT_READY, step->group);
	if (ready == NULL || ready->value == TRI_TRUE)
		return false;
	if (limit != 0 && p->now >= limit)
		plan_deadline(p, s, ready->seen);
	else
		plan_hold_again(p, RULE_READY, GATE_READY, ready, limit,
				"%s: not ready", group->name);
	return true;
}

/* R28: the door of an outage. */
static bool
begin_outage(struct begin *b)
{
	const struct fact *peers;

	if (b->undoing || !b->phase->takes_out || SEEDED(OTHERS_UNSEEN) ||
	    plan_turn_of(b->p)->outage_open)
		return false;
	if (b->p->v->slot[0] != '\0') {
		plan_hold(b->p, RULE_OUTAGE, HOLD_GATE, GATE_SLOT, false, 0,
			  "%s is not taken out: %s",
			  plan_turn_of(b->p)->backend, b->p->v->slot);
		return true;
	}
	peers = plan_fresh(b->p, FACT_PEERS, b->p->turn);
	if (peers == NULL || peers->value == TRI_TRUE)
		return false;
	plan_hold_fact(b->p, RULE_OUTAGE, GATE_PEERS, false, peers,
		       peers->at_ms + PLAN_FRESH_MS, 0, "%s is not taken out: %s",
		       plan_turn_of(b->p)->backend, peers->seen);
	return true;
}

static bool
begin_commits(const struct begin *b)
{
	return !b->undoing && b->phase->no_pause &&
		b->phase->committed_ms == 0;
}

/* R29: the door of a no_pause phase. */
static bool
begin_commit(struct begin *b)
{
	struct plan *p = b->p;
	const struct fact *fact;

	if (!begin_commits(b))
		return false;
	fact = plan_fresh(p, FACT_ANOTHER, p->turn);
	if (fact != NULL && fact->value != TRI_TRUE) {
		plan_hold_fact(p, RULE_COMMIT, GATE_PEERS, true, fact,
			       fact->at_ms + PLAN_FRESH_MS, 0,
			       "%s does not begin: no other backend is in "
			       "service: %s", b->phase->name, fact->seen);
		return true;
	}
	for (int i = 0; i < p->v->ngroups; i++) {
		if (!p->v->groups[i].used)
			continue;
		fact = plan_fresh(p, FACT_READY, i);
		if (fact == NULL || fact->value == TRI_TRUE)
			continue;
		plan_hold_fact(p, RULE_COMMIT, GATE_READY,
			       p->now - fact->since_ms >= PLAN_NOT_READY_MS,
			       fact, fact->at_ms + PLAN_FRESH_MS, 0,
			       "%s does not begin: %s: %s", b->phase->name,
			       p->v->groups[i].name, fact->seen);
		return true;
	}
	return false;
}

/* R22, R24: values and evidence. */
static bool
begin_evidence(struct begin *b)
{
	const struct fact *values = NULL, *require = NULL;

	if (b->step->has_remember && !b->step->remembered)
		values = plan_fresh(b->p, FACT_REMEMBER, b->s);
	if (b->step->has_require && !b->sent)
		require = plan_fresh(b->p, FACT_REQUIRE, b->s);
	if (values != NULL && values->value != TRI_TRUE) {
		if (!plan_unsure(b->p, RULE_REMEMBER, values, b->step->name,
				 "the values it remembers"))
			plan_hold_turn(b->p, RULE_REMEMBER, false,
				"%s: cannot remember: %s", b->step->name,
				values->seen);
		return true;
	}
	if (require == NULL || require->value == TRI_TRUE)
		return false;
	if (!plan_unsure(b->p, RULE_REQUIRE, require, b->step->name,
			 "whether its evidence is there"))
		plan_hold_turn(b->p, RULE_REQUIRE, false,
			       "%s: the evidence is missing: %s",
			       b->step->name, require->seen);
	return true;
}

/* R25: is it so already, in two looks where the group wants two? */
static bool
begin_already(struct begin *b)
{
	const struct fact *check;
	int64_t confirm;

	if (!b->acts || !b->step->has_check)
		return false;
	check = plan_fresh(b->p, FACT_CHECK, b->s);
	if (check == NULL || check->value != TRI_TRUE)
		return false;
	confirm = plan_confirm_ms(b->p, b->step);
	if (plan_confirmed(check, 0, confirm)) {
		b->already = true;
		return false;
	}
	if (b->p->now < check->since_ms + confirm) {
		plan_say(b->p, DECIDE_IDLE, RULE_ALREADY,
			 check->since_ms + confirm,
			 "%s: true already; a second look confirms it",
			 b->step->name);
		return true;
	}
	plan_need(b->p, FACT_CHECK, b->s, check->since_ms + confirm);
	return false;
}

/* Made beforehand, and still to be sent to that host. */
static bool
attempt_waits(const struct plan *p, int s, const char *host)
{
	const struct view_step *step = &p->v->steps[s];

	for (int i = 0; i < step->nattempts; i++)
		if (step->attempts[i].state == ATTEMPT_SENT &&
		    strcmp(step->attempts[i].host, host) == 0)
			return true;
	return false;
}

static void
attempt_op(struct plan *p, int s, const char *host)
{
	struct op *op;

	if (attempt_waits(p, s, host))
		return;
	op = plan_op(p, OP_ATTEMPT);
	op->step = s;
	op->attempt = view_round(&p->v->steps[s]) + 1;
	snprintf(op->text, sizeof(op->text), "%s", host);
}

static bool
is_member(const struct view_group *group, const char *host)
{
	for (int i = 0; i < group->nmembers; i++)
		if (strcmp(group->members[i], host) == 0)
			return true;
	return false;
}

bool
plan_may_tell(const struct plan *p, int s, const char *host)
{
	const struct view_step *step = &p->v->steps[s];

	return step->target == TARGET_BACKEND ||
		is_member(&p->v->groups[step->group], host);
}

/*
 * Asked between two steps, when all that went through the mouth is settled:
 * one that a person excluded in between is not told any more.
 */
const char *
plan_mouth(struct plan *p, int g)
{
	const struct view_group *group = &p->v->groups[g];
	struct op *op;

	for (int i = 0; i < p->d->nops; i++)
		if (p->d->ops[i].kind == OP_MOUTH && p->d->ops[i].group == g)
			return p->d->ops[i].text;
	if (is_member(group, group->mouth) || group->nmembers == 0)
		return group->mouth;
	op = plan_op(p, OP_MOUTH);
	op->group = g;
	snprintf(op->text, sizeof(op->text), "%s", group->members[0]);
	return op->text;
}

static void
attempt_ops(struct plan *p, int s)
{
	const struct view_step *step = &p->v->steps[s];
	char host[VIEW_NAME];

	switch (step->target) {
	case TARGET_BACKEND:
		attempt_op(p, s, plan_turn_of(p)->backend);
		break;
	case TARGET_ANY:
		snprintf(host, sizeof(host), "%s", plan_mouth(p, step->group));
		attempt_op(p, s, host);
		break;
	case TARGET_EACH:
		for (int i = 0; i < p->v->groups[step->group].nmembers; i++)
			attempt_op(p, s,
				p->v->groups[step->group].members[i]);
		break;
	}
}

static void
phase_op(struct plan *p, enum op_kind kind, int phase)
{
	plan_op(p, kind)->phase = phase;
}

/* The phase's rows: the one before ends, this one begins, whole. */
static void
begin_phase_ops(struct begin *b)
{
	struct plan *p = b->p;
	int before = phase_open(p->v);

	if (b->undoing || before == b->step->phase)
		return;
	if (before >= 0)
		phase_op(p, OP_PHASE_END, before);
	if (b->phase->takes_out && !plan_turn_of(p)->outage_open)
		plan_op(p, OP_OUTAGE_OPEN);
	phase_op(p, OP_PHASE_BEGIN, b->step->phase);
	if (!begin_commits(b))
		return;
	phase_op(p, OP_PHASE_COMMIT, b->step->phase);
	for (int i = b->s; i < p->v->nsteps; i++) {
		const struct view_step *step = &p->v->steps[i];

		if (step->phase == b->step->phase && !plan_is_undoing(step) &&
		    step->state == STEP_PENDING && !step->planned_skip &&
		    step_kind_acts(step->kind) &&
		    !(i == b->s && b->already))
			attempt_ops(p, i);
	}
}

static bool
attempt_planned(const struct decision *d, int s)
{
	for (int i = 0; i < d->nops; i++)
		if (d->ops[i].kind == OP_ATTEMPT && d->ops[i].step == s)
			return true;
	return false;
}

/* Those that wait are sent, but to who was excluded since. */
static void
begin_attempts(struct begin *b)
{
	bool waits = false;

	for (int i = 0; i < b->step->nattempts; i++) {
		const struct view_attempt *a = &b->step->attempts[i];

		if (a->state != ATTEMPT_SENT)
			continue;
		if (plan_may_tell(b->p, b->s, a->host) ||
		    !plan_is_unasked(looks_agent(b->p->l, a->id)))
			waits = true;
		else
			plan_attempt_end(b->p, b->s, i, ATTEMPT_EV_UNSEND,
					 "its host was excluded before it "
					 "was sent");
	}
	if (!waits || b->step->target == TARGET_EACH)
		attempt_ops(b->p, b->s);
}

static void
begin_ops(struct begin *b)
{
	struct plan *p = b->p;

	plan_unhold(p, HOLD_GATE);
	begin_phase_ops(b);
	if (b->step->has_remember && !b->step->remembered)
		plan_op(p, OP_REMEMBER)->step = b->s;
	plan_step_op(p, b->s, STEP_EV_START, "");
	if (b->already) {
		plan_unsent(p, b->s, "the check holds already");
		plan_step_op(p, b->s, STEP_EV_PASS, "true already");
		plan_undone(p, b->s);
		plan_say(p, DECIDE_DO, RULE_ALREADY, 0, "%s: true already",
			 b->step->name);
		return;
	}
	if (b->acts && !attempt_planned(p->d, b->s))
		begin_attempts(b);
	plan_say(p, DECIDE_DO, RULE_BEGIN, 0, "%s %s", b->step->name,
		 b->sent ? "was begun already" : "begins");
}

/* All that must hold before anything of it is sent. */
static bool
begin_waits(struct begin *b)
{
	return begin_when(b) || (!b->undoing && plan_keep(b->p, b->s)) ||
		(b->acts && plan_group(b->p, b->s)) || begin_outage(b) ||
		begin_commit(b);
}

void
plan_begin(struct plan *p, int s)
{
	struct begin b = { .p = p, .s = s, .step = &p->v->steps[s] };

	b.phase = &p->v->phases[b.step->phase];
	b.acts = step_kind_acts(b.step->kind);
	b.undoing = plan_is_undoing(b.step);
	if (begin_backoff(&b) || plan_was_sent(p, s, &b.sent))
		return;
	if (b.step->nattempts > 0)
		plan_unhold(p, HOLD_CONTACT);
	if ((!b.sent && begin_waits(&b)) || begin_evidence(&b) ||
	    (!b.sent && begin_already(&b)))
		return;
	if (p->d->nwants > 0) {
		plan_say(p, DECIDE_LOOK, RULE_BEGIN, 0, "what %s needs",
			 b.step->name);
		return;
	}
	begin_ops(&b);
}
