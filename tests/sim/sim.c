/* sim.c - from event to event, until it has ended or says why not. */
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "sim.h"

enum { STILL_MS = 1200000 };	/* so long nothing but words: it is held */

int64_t
sim_db_ms(const struct sim *sim)
{
	return sim->now_ms + sim->clock_ms;
}

void
sim_say(struct sim *sim, const char *format, ...)
{
	va_list ap;

	if (!sim->trace)
		return;
	va_start(ap, format);
	printf("%9.3f  ", (double)(sim->now_ms - SIM_T0) / 1000);
	vprintf(format, ap);
	putchar('\n');
	va_end(ap);
}

void
sim_wrong(struct sim *sim, const char *format, ...)
{
	va_list ap;

	if (sim->wrong[0] != '\0')
		return;
	va_start(ap, format);
	vsnprintf(sim->wrong, sizeof(sim->wrong), format, ap);
	va_end(ap);
	sim_say(sim, "WRONG: %s", sim->wrong);
}

struct event *
sim_event(struct sim *sim, int64_t at_ms, enum event_kind kind)
{
	struct event *e;

	assert(sim->nevents < SIM_EVENTS);
	e = memset(&sim->events[sim->nevents++], 0, sizeof(*e));
	e->at_ms = at_ms;
	e->kind = kind;
	return e;
}

static void
sim_checked(struct sim *sim, const struct event *e)
{
	struct view *v = &sim->view;

	if (v->check.turn != e->a || v->check.done_ms != 0)
		return;
	v->check.done_ms = sim_db_ms(sim);
	if (e->a < 0)
		v->checked_ms = v->check.done_ms;
	else
		v->turns[e->a].checked_ms = v->check.done_ms;
}

static void
sim_booted(struct sim *sim, const struct event *e)
{
	if (!fleet_reachable(sim, e->a) || e->a >= SIM_BACKENDS)
		return;
	sim->backends[e->a].running = e->value;
	if (e->value)
		sim->backends[e->a].stopped_by_us = false;
}

static void
sim_happens(struct sim *sim, const struct event *e)
{
	switch (e->kind) {
	case EVENT_ASK:
		agent_asked(sim, e);
		break;
	case EVENT_ANSWER:
		agent_answer(sim, e);
		break;
	case EVENT_SILENT:
		agent_silent(sim, e);
		break;
	case EVENT_END:
		agent_end(sim, e);
		break;
	case EVENT_LOOK:
		look_done(sim, e);
		break;
	case EVENT_CHECKED:
		sim_checked(sim, e);
		break;
	case EVENT_WEIGHT:
		fleet_weight(sim, e);
		break;
	case EVENT_BOOTED:
		sim_booted(sim, e);
		break;
	case EVENT_LIFE:
		sim->life++;
		sim_say(sim, "a coordinator is there again");
		break;
	case EVENT_DATABASE:
		sim->view.database = true;
		break;
	case EVENT_TROUBLE:
		trouble_happens(sim, &sim->troubles[e->a]);
		break;
	case EVENT_MENDED:
		trouble_over(sim);
		break;
	}
}

/* The next event at `until` or before it, -1: none. */
static int
sim_first(const struct sim *sim, int64_t until)
{
	int first = -1;

	for (int i = 0; i < sim->nevents; i++)
		if (sim->events[i].at_ms <= until && (first < 0 ||
		    sim->events[i].at_ms < sim->events[first].at_ms))
			first = i;
	return first;
}

/* What was put down first at an instant happens first. */
static void
sim_event_next(struct sim *sim, int i)
{
	struct event e = sim->events[i];

	memmove(&sim->events[i], &sim->events[i + 1],
		(size_t)(--sim->nevents - i) * sizeof(e));
	if (e.at_ms > sim->now_ms)
		sim->now_ms = e.at_ms;
	fleet_stamp(sim);
	sim_happens(sim, &e);
	fleet_stamp(sim);
	check_always(sim);
}

/* Nothing will come of itself any more, or nothing that counts. */
static bool
sim_still(const struct sim *sim, int64_t wake_ms)
{
	if (sim->view.state != ROLLOUT_RUNNING)
		return true;
	if (sim->now_ms < sim->troubles_end_ms)
		return false;
	return (wake_ms == 0 && sim->nevents == 0) ||
		sim->now_ms - sim->progress_ms >= STILL_MS;
}

static void
sim_step(struct sim *sim, int64_t wake_ms)
{
	int64_t until = wake_ms == 0 ? INT64_MAX : wake_ms - sim->clock_ms;
	int i = sim_first(sim, until);

	if (i >= 0)
		sim_event_next(sim, i);
	else if (wake_ms != 0 && until > sim->now_ms)
		sim->now_ms = until;
	else
		sim_wrong(sim, "it waits for a time that is over: %s",
			  sim->decision.reason);
}

/* The person only comes when the troubles are over. */
static bool
sim_answered(struct sim *sim)
{
	if (sim->view.state != ROLLOUT_RUNNING ||
	    sim->answered >= sim->answers)
		return false;
	sim->answered++;
	sim->progress_ms = sim->now_ms;
	return trouble_answer(sim);
}

void
sim_run(struct sim *sim)
{
	sim->dice.state = sim->seed;
	sim->now_ms = sim->progress_ms = SIM_T0;
	for (int i = 0; i < SIM_BACKENDS; i++)
		sim->backends[i] = (struct backend){
			.weight = { SIM_WEIGHT, SIM_WEIGHT },
			.running = true, .licences = 1,
			.was_in_ms = SIM_T0 };
	view_start(sim);
	trouble_plan(sim);
	for (int i = 0; i < SIM_STEPS && sim->wrong[0] == '\0'; i++) {
		int64_t wake = coordinator_go(sim);

		if (sim->wrong[0] != '\0')
			return;
		if (!sim_still(sim, wake))
			sim_step(sim, wake);
		else if (!sim_answered(sim)) {
			check_end(sim);
			return;
		}
	}
	sim_wrong(sim, "after %d events it has not come to rest: %s",
		  SIM_STEPS, sim->decision.reason);
}

void
sim_clear(struct sim *sim)
{
	view_end(sim);
	looks_clear(&sim->looks);
}
