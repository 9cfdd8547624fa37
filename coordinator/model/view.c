/* view.c - the view's small helpers: find, grow, free. */
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "seeded.h"
#include "view.h"

int
view_active(const struct view *view)
{
	for (int i = 0; i < view->nturns; i++)
		switch (view->turns[i].state) {
		case TURN_HELD:
			if (SEEDED(HELD_IS_OVER))
				break;
			return i;
		case TURN_WORKING:
		case TURN_RESTORING:
			return i;
		case TURN_WAITING:
		case TURN_OUT:
		case TURN_DONE:
		case TURN_RESTORED:
		case TURN_SKIPPED:
			break;
		}
	return -1;
}

int
view_round(const struct view_step *step)
{
	int nr = 0;

	for (int i = 0; i < step->nattempts; i++)
		if (step->attempts[i].nr > nr)
			nr = step->attempts[i].nr;
	return nr;
}

const char *
view_after(const struct view_step *step, const char *host)
{
	for (int i = step->nattempts - 1; i >= 0; i--) {
		const struct view_attempt *a = &step->attempts[i];

		if (strcmp(a->host, host) == 0 &&
		    a->state != ATTEMPT_UNSENT &&
		    a->state != ATTEMPT_ABANDONED)
			return a->id;
	}
	return "";
}

bool
view_is_last(const struct view_step *step, int attempt)
{
	for (int i = attempt + 1; i < step->nattempts; i++)
		if (strcmp(step->attempts[i].host,
			   step->attempts[attempt].host) == 0)
			return false;
	return true;
}

struct view_attempt *
view_attempt_find(struct view *view, const char *id, int *step_r)
{
	for (int s = 0; s < view->nsteps; s++)
		for (int i = 0; i < view->steps[s].nattempts; i++)
			if (strcmp(view->steps[s].attempts[i].id, id) == 0) {
				if (step_r != NULL)
					*step_r = s;
				return &view->steps[s].attempts[i];
			}
	return NULL;
}

static void *
view_grow(void *array, int *size, int used, size_t item)
{
	if (used < *size)
		return array;
	*size = *size ? *size * 2 : 16;
	return x_realloc(array, (size_t)*size, item);
}

struct view_step *
view_step_add(struct view *view)
{
	struct view_step *step;

	view->steps = view_grow(view->steps, &view->steps_size, view->nsteps,
				sizeof(*view->steps));
	step = memset(&view->steps[view->nsteps++], 0, sizeof(*step));
	step->undoes = step->keep_until = step->group = -1;
	return step;
}

struct view_attempt *
view_attempt_add(struct view_step *step)
{
	struct view_attempt *attempt;

	step->attempts = x_realloc(step->attempts,
		(size_t)(step->nattempts + 1), sizeof(*step->attempts));
	attempt = memset(&step->attempts[step->nattempts++], 0,
			 sizeof(*attempt));
	attempt->exit = -1;
	return attempt;
}

struct view_hold *
view_hold_add(struct view *view)
{
	view->holds = view_grow(view->holds, &view->holds_size, view->nholds,
				sizeof(*view->holds));
	return memset(&view->holds[view->nholds++], 0, sizeof(*view->holds));
}

void
view_clear(struct view *view)
{
	for (int i = 0; i < view->nsteps; i++)
		free(view->steps[i].attempts);
	for (int i = 0; i < view->ngroups; i++)
		free(view->groups[i].members);
	free(view->turns);
	free(view->phases);
	free(view->steps);
	free(view->groups);
	free(view->holds);
	*view = (struct view){ .detail = -1 };
}
