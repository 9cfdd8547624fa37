/* world.c - a small rollout as a view, for tests of the plan. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

#include "alloc.h"
#include "world.h"

static const struct view_phase phases[] = {
	{ .name = "drain", .takes_out = true, .rest = REST_OUT },
	{ .name = "stop", .no_pause = true },
	{ .name = "change", .rest = REST_OUT },
	{ .name = "start" },
	{ .name = "verify", .proves = true },
	{ .name = "return", .rest = REST_IN },
};

static const struct view_step steps[W_STEPS] = {
	[W_ZERO] = { .name = "zero", .phase = 0, .target = TARGET_ANY,
		     .has_check = true, .has_keep = true,
		     .keep_until = W_BACK, .keep_repair = 1,
		     .undo = UNDO_GIVEN, .undo_has_check = true },
	[W_DRAINED] = { .name = "drained", .phase = 0,
			.kind = STEP_KIND_POLL, .every_ms = 1000,
			.at_most_ms = 60000, .poll_fails = true },
	[W_FLUSH] = { .name = "flush", .phase = 1, .has_check = true,
		      .undo = UNDO_NONE },
	[W_STOP] = { .name = "stop", .phase = 1, .no_return = true,
		     .has_check = true, .undo = UNDO_GIVEN },
	[W_CHANGE] = { .name = "change", .phase = 2, .undo = UNDO_NONE },
	[W_START] = { .name = "start", .phase = 3, .has_check = true,
		      .undo = UNDO_NONE },
	[W_WORKS] = { .name = "works", .phase = 4, .kind = STEP_KIND_POLL,
		      .every_ms = 1000, .at_most_ms = 60000,
		      .poll_fails = true },
	[W_BACK] = { .name = "back", .phase = 5, .target = TARGET_ANY,
		     .has_check = true, .undo = UNDO_NONE },
};

static void
world_steps(struct view *v)
{
	for (int i = 0; i < W_STEPS; i++) {
		struct view_step *s = view_step_add(v);

		*s = steps[i];
		s->id = i + 1;
		s->undoes = -1;
		s->group = s->target == TARGET_ANY ? 0 : -1;
		if (!s->has_keep)
			s->keep_until = -1;
		s->timeout_ms = 20000;
		s->settle_ms = 10000;
	}
}

void
world_init(struct world *w)
{
	struct view *v = &w->v;

	memset(w, 0, sizeof(*w));
	w->now = W_T0;
	v->rollout = v->revision = 1;
	v->state = ROLLOUT_RUNNING;
	v->checked_ms = W_T0 - 1000;
	v->database = true;
	v->detail = 0;
	v->listed = W_TURNS;
	snprintf(v->min_up, sizeof(v->min_up), "all but 1");
	v->turns = x_calloc(W_TURNS, sizeof(*v->turns));
	v->nturns = W_TURNS;
	for (int i = 0; i < W_TURNS; i++) {
		v->turns[i].id = i + 1;
		snprintf(v->turns[i].backend, VIEW_NAME, "mail%d", i + 1);
	}
	v->nphases = (int)UNIT_COUNT(phases);
	v->phases = x_memdup(phases, sizeof(phases));
	for (int i = 0; i < v->nphases; i++)
		v->phases[i].deadline_ms = 300000;
	v->groups = x_calloc(1, sizeof(*v->groups));
	v->ngroups = 1;
	v->groups[0].members = x_calloc(2, VIEW_NAME);
	v->groups[0].nmembers = 2;
	v->groups[0].used = v->groups[0].lists = true;
	snprintf(v->groups[0].name, VIEW_NAME, "director");
	snprintf(v->groups[0].members[0], VIEW_NAME, "dir1");
	snprintf(v->groups[0].members[1], VIEW_NAME, "dir2");
	world_steps(v);
}

void
world_clear(struct world *w)
{
	view_clear(&w->v);
	looks_clear(&w->l);
}

void
world_fact(struct world *w, enum fact_kind kind, int id, enum tri value)
{
	const struct fact *fact;

	looks_note(&w->l, kind, id, value, w->now, "as the test says");
	fact = looks_find(&w->l, kind, id);
	((struct fact *)fact)->since_ms = w->now - 300000;
}

void
world_ready(struct world *w)
{
	for (int i = 0; i < W_TURNS; i++) {
		world_fact(w, FACT_TARGET, i, TRI_TRUE);
		world_fact(w, FACT_PEERS, i, TRI_TRUE);
		world_fact(w, FACT_ANOTHER, i, TRI_TRUE);
	}
	world_fact(w, FACT_GREETED, 0, TRI_TRUE);
	world_fact(w, FACT_READY, 0, TRI_TRUE);
}

void
world_at(struct world *w, int step)
{
	struct view *v = &w->v;
	/* behind the last one there is no phase that could begin */
	int phase = step < W_STEPS ? v->steps[step].phase : v->nphases;

	world_ready(w);
	v->turns[0].state = TURN_WORKING;
	v->turns[0].taken_ms = w->now - 1000;
	v->turns[0].outage_open = step > 0;
	v->turns[0].no_return_begun = step > W_STOP;
	for (int i = 0; i < step; i++) {
		v->steps[i].state = STEP_PASSED;
		v->steps[i].started_ms = v->steps[i].ended_ms =
			w->now - 1000;
		world_fact(w, FACT_CHECK, i, TRI_TRUE);
	}
	for (int p = 0; p <= phase; p++) {
		bool first = step == 0 || v->steps[step - 1].phase != phase;

		if (p == phase && first)
			break;
		v->phases[p].started_ms = w->now - 1000;
		if (p < phase)
			v->phases[p].ended_ms = w->now - 1000;
		if (v->phases[p].no_pause)
			v->phases[p].committed_ms = w->now - 1000;
	}
	/* the phase before stays open until this one begins */
	if (step > 0 && v->steps[step - 1].phase != phase)
		v->phases[v->steps[step - 1].phase].ended_ms = 0;
}

struct view_attempt *
world_begun(struct world *w, int step, const char *host)
{
	struct view_attempt *a;

	world_at(w, step);
	w->v.phases[w->v.steps[step].phase].started_ms = w->now - 500;
	if (w->v.phases[w->v.steps[step].phase].no_pause)
		w->v.phases[w->v.steps[step].phase].committed_ms =
			w->now - 500;
	for (int p = 0; p < w->v.steps[step].phase; p++)
		w->v.phases[p].ended_ms = w->now - 1000;
	w->v.steps[step].state = STEP_RUNNING;
	w->v.steps[step].started_ms = w->now - 500;
	if (w->v.steps[step].no_return)
		w->v.turns[0].no_return_begun = true;
	a = view_attempt_add(&w->v.steps[step]);
	snprintf(a->id, sizeof(a->id), "a-%d", ++w->ids);
	snprintf(a->host, sizeof(a->host), "%s", host);
	a->nr = 1;
	a->state = ATTEMPT_SENT;
	a->made_ms = w->now - 500;
	return a;
}

void
world_next(struct world *w)
{
	plan_next(&w->v, &w->l, w->now, &w->d);
}

void
world_expect(struct world *w, enum decision_kind kind, enum rule rule)
{
	world_next(w);
	if (w->d.rule != rule || w->d.kind != kind)
		print_message("%s (%s), kind %d: %s\n",
			      rule_number(w->d.rule),
			      rule_sentence(w->d.rule), (int)w->d.kind,
			      w->d.reason);
	assert_int_equal(w->d.rule, rule);
	assert_int_equal(w->d.kind, kind);
}

const struct op *
world_hold(const struct world *w)
{
	for (int i = 0; i < w->d.nops; i++)
		if (w->d.ops[i].kind == OP_HOLD)
			return &w->d.ops[i];
	fail_msg("the decision writes no hold");
	return NULL;
}

void
world_apply(struct world *w)
{
	for (int i = 0; i < w->d.nops; i++) {
		struct op *op = &w->d.ops[i];

		if (op->kind == OP_ATTEMPT)
			snprintf(op->id, sizeof(op->id), "a-%d", ++w->ids);
		assert_int_equal(view_apply(&w->v, op, w->now), 0);
	}
}

bool
world_has(const struct world *w, enum op_kind kind, int event)
{
	for (int i = 0; i < w->d.nops; i++)
		if (w->d.ops[i].kind == kind &&
		    (event < 0 || w->d.ops[i].event == event))
			return true;
	return false;
}

bool
world_wants(const struct world *w, enum fact_kind kind, int id)
{
	for (int i = 0; i < w->d.nwants; i++)
		if (w->d.wants[i].kind == kind && w->d.wants[i].id == id)
			return true;
	return false;
}
