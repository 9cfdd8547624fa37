/* engine_status.c - where the engine stands, on one line. */
#include <stdio.h>
#include <string.h>

#include "engine_private.h"
#include "fleet.h"
#include "machine.h"
#include "pg.h"
#include "step.h"

static const char *
status_step(const struct view *v)
{
	for (int i = 0; i < v->nsteps; i++)
		if (v->steps[i].state == STEP_RUNNING)
			return v->steps[i].name;
	return "";
}

static void
status_fleet(const struct fleet *f, char *text, size_t size)
{
	const struct view *v = &f->view;
	const struct view_turn *t;
	int active = f->has_rollout ? view_active(v) : -1;

	if (f->strange[0] != '\0') {
		snprintf(text, size, "%s: stands still: %.120s", f->name,
			 f->strange);
	} else if (!f->has_rollout || v->rollout == 0) {
		snprintf(text, size, "%s: nothing to do", f->name);
	} else if (active < 0) {
		snprintf(text, size, "%s: rollout %lld, no backend in hand",
			 f->name, (long long)v->rollout);
	} else {
		t = &v->turns[active];
		snprintf(text, size, "%s: rollout %lld, %s %s %s", f->name,
			 (long long)v->rollout, t->backend,
			 turn_machine.states[t->state], status_step(v));
	}
}

void
engine_status(const struct engine *e, char text[ENGINE_STATUS_SIZE])
{
	size_t len;

	if (!pg_up(e->ear))
		snprintf(text, ENGINE_STATUS_SIZE, "no database; ");
	else if (e->fleets == NULL)
		snprintf(text, ENGINE_STATUS_SIZE, "no fleet in hand");
	else
		text[0] = '\0';
	for (const struct fleet *f = e->fleets; f != NULL; f = f->next) {
		len = strlen(text);
		status_fleet(f, text + len, ENGINE_STATUS_SIZE - len);
		len = strlen(text);
		snprintf(text + len, ENGINE_STATUS_SIZE - len, "%s",
			 f->next != NULL ? "; " : "");
	}
}
