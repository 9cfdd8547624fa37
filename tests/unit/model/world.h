/* world.h - a small rollout as a view, for tests of the plan. */
#ifndef WORLD_H
#define WORLD_H

#include "plan.h"

/* Steps of the one procedure used here, by their place. */
enum world_step {
	W_ZERO,		/* drain: one of the group; check, keep, undo */
	W_DRAINED,	/* drain: poll */
	W_FLUSH,	/* stop (no_pause): run, check */
	W_STOP,		/* stop: no_return, check, undo */
	W_CHANGE,	/* change: run, no check, undo none */
	W_START,	/* start: check */
	W_WORKS,	/* verify: poll, proves */
	W_BACK,		/* return: one of the group, check */
	W_STEPS
};

enum { W_T0 = 1000000, W_TURNS = 3 };

struct world {
	struct view v;
	struct looks l;
	struct decision d;
	int64_t now;
	int ids;
};

void world_init(struct world *w);
void world_clear(struct world *w);
/* A fact that is fresh now and has been so for a minute. */
void world_fact(struct world *w, enum fact_kind kind, int id, enum tri value);
/* All gates hold: the next decision takes turn 0. */
void world_ready(struct world *w);
/* Turn 0 is worked on, steps before `step` passed, its phase begun. */
void world_at(struct world *w, int step);
/* The step has begun, with one attempt on that host. */
struct view_attempt *world_begun(struct world *w, int step,
				 const char *host);
void world_next(struct world *w);
/* The next decision is of that kind, by that rule. */
void world_expect(struct world *w, enum decision_kind kind, enum rule rule);
/* The hold that the decision writes; fails the test when there is none. */
const struct op *world_hold(const struct world *w);
/* Apply the decision's ops; fails the test on an illegal one. */
void world_apply(struct world *w);
/* Is that op (and event, -1: any) in the decision? */
bool world_has(const struct world *w, enum op_kind kind, int event);
bool world_wants(const struct world *w, enum fact_kind kind, int id);

#endif
