/* sim_view.c - the rollout as PostgreSQL has it, turn by turn. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "sim.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

static const struct view_phase phases[] = {
	{ .name = "drain", .takes_out = true },
	{ .name = "stop", .no_pause = true, .rest = REST_OUT },
	{ .name = "change", .rest = REST_OUT },
	{ .name = "start" },
	{ .name = "verify", .proves = true },
	{ .name = "return", .rest = REST_IN },
};

static const struct view_step steps[S_COUNT] = {
	[S_ZERO] = { .name = "zero", .phase = 0, .target = TARGET_ANY,
		     .has_check = true, .has_remember = true,
		     .has_keep = true, .keep_until = S_BACK, .keep_repair = 1,
		     .undo = UNDO_GIVEN, .undo_has_check = true },
	[S_DRAINED] = { .name = "drained", .phase = 0,
			.kind = STEP_KIND_POLL, .every_ms = 1000,
			.at_most_ms = 60000 },
	[S_FLUSH] = { .name = "flush", .phase = 1, .has_check = true,
		      .undo = UNDO_NONE },
	[S_STOP] = { .name = "stop", .phase = 1, .no_return = true,
		     .has_check = true, .has_keep = true,
		     .keep_until = S_START, .undo = UNDO_GIVEN,
		     .undo_has_check = true },
	[S_CHANGE] = { .name = "change", .phase = 2, .destroys = true,
		       .has_require = true, .undo = UNDO_NONE },
	[S_START] = { .name = "start", .phase = 3, .has_check = true,
		      .retries = 1, .undo = UNDO_NONE },
	[S_WORKS] = { .name = "works", .phase = 4, .kind = STEP_KIND_POLL,
		      .every_ms = 1000, .at_most_ms = 30000,
		      .poll_fails = true },
	[S_BACK] = { .name = "back", .phase = 5, .target = TARGET_ANY,
		     .has_check = true, .undo = UNDO_NONE },
};

static void
parts_make(struct parts *parts, struct view *v)
{
	*parts = (struct parts){ .nphases = COUNT(phases) };
	parts->phases = x_memdup(phases, sizeof(phases));
	for (int i = 0; i < parts->nphases; i++)
		parts->phases[i].deadline_ms = 300000;
	v->steps = NULL;
	v->nsteps = v->steps_size = 0;
	for (int i = 0; i < S_COUNT; i++) {
		struct view_step *s = view_step_add(v);

		*s = steps[i];
		s->id = i + 1;
		s->undoes = -1;
		s->group = s->target == TARGET_ANY ? 0 : -1;
		if (!s->has_keep)
			s->keep_until = -1;
		s->timeout_ms = 20000;
		s->settle_ms = 15000;
	}
	parts->steps = v->steps;
	parts->nsteps = v->nsteps;
	parts->steps_size = v->steps_size;
	v->steps = NULL;
	v->nsteps = v->steps_size = 0;
}

static void
group_make(struct view *v, struct dice *dice)
{
	struct view_group *group;

	v->groups = group = x_calloc(1, sizeof(*group));
	v->ngroups = 1;
	snprintf(group->name, VIEW_NAME, "director");
	group->members = x_calloc(SIM_DIRECTORS, VIEW_NAME);
	group->nmembers = SIM_DIRECTORS;
	for (int i = 0; i < SIM_DIRECTORS; i++)
		snprintf(group->members[i], VIEW_NAME, "%s",
			 host_name(SIM_BACKENDS + i));
	group->used = true;
	group->min_gap_ms = 1100;
	group->lists = true;
	group->confirm_ms = dice_range(dice, 0, 2) * 1000;
}

void
view_start(struct sim *sim)
{
	struct view *v = &sim->view;

	v->rollout = v->revision = 1;
	v->state = ROLLOUT_RUNNING;
	v->started_ms = SIM_T0;
	v->database = true;
	v->detail = -1;
	v->soak_ms = dice_range(&sim->dice, 0, 2) * 5000;
	v->stop_after = dice_chance(&sim->dice, 30) ? 1 : 0;
	v->listed = v->nturns = (int)dice_range(&sim->dice, 2, SIM_BACKENDS);
	snprintf(v->min_up, sizeof(v->min_up), "all but 2");
	v->turns = x_calloc((size_t)v->nturns, sizeof(*v->turns));
	for (int i = 0; i < v->nturns; i++) {
		v->turns[i].id = i + 1;
		snprintf(v->turns[i].backend, VIEW_NAME, "%s", host_name(i));
		parts_make(&sim->parts[i], v);
	}
	group_make(v, &sim->dice);
}

/* What is loaded goes back to where its turn's parts are. */
static void
view_store(struct sim *sim)
{
	struct view *v = &sim->view;

	if (v->detail < 0)
		return;
	sim->parts[v->detail] = (struct parts){
		.phases = v->phases, .nphases = v->nphases,
		.steps = v->steps, .nsteps = v->nsteps,
		.steps_size = v->steps_size,
		.changed_ms = v->groups[0].changed_ms };
	snprintf(sim->parts[v->detail].mouth, VIEW_NAME, "%s",
		 v->groups[0].mouth);
	v->phases = NULL;
	v->steps = NULL;
	v->nphases = v->nsteps = v->steps_size = 0;
	v->detail = -1;
}

void
view_load(struct sim *sim, int turn)
{
	struct view *v = &sim->view;
	struct parts *parts = &sim->parts[turn];

	view_store(sim);
	v->detail = turn;
	v->phases = parts->phases;
	v->nphases = parts->nphases;
	v->steps = parts->steps;
	v->nsteps = parts->nsteps;
	v->steps_size = parts->steps_size;
	v->groups[0].changed_ms = parts->changed_ms;
	snprintf(v->groups[0].mouth, VIEW_NAME, "%s", parts->mouth);
}

void
view_end(struct sim *sim)
{
	view_store(sim);
	for (int i = 0; i < sim->view.nturns; i++) {
		for (int s = 0; s < sim->parts[i].nsteps; s++)
			free(sim->parts[i].steps[s].attempts);
		free(sim->parts[i].steps);
		free(sim->parts[i].phases);
	}
	view_clear(&sim->view);
}

int
view_origin(const struct view *v, int step)
{
	if (v->steps[step].undoes >= 0)
		return v->steps[step].undoes;
	if (v->steps[step].again)
		return S_WORKS;		/* the only proof */
	return step;
}
