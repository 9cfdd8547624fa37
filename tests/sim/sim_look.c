/* sim_look.c - readings: the truth of an instant, or nobody could tell. */
#include <stdio.h>

#include "sim.h"

static enum tri
tri_of(bool value)
{
	return value ? TRI_TRUE : TRI_FALSE;
}

static bool
can_read(const struct sim *sim, int host)
{
	return fleet_reachable(sim, host) &&
		sim->now_ms >= sim->hosts[host].unsure_until_ms;
}

/* Is that the weight, as every director has it but one (-1: none)? */
static enum tri
read_weight(const struct sim *sim, int backend, int weight, int without)
{
	enum tri value = TRI_TRUE;

	for (int d = 0; d < SIM_DIRECTORS; d++) {
		if (SIM_BACKENDS + d == without)
			continue;
		if (!can_read(sim, SIM_BACKENDS + d))
			value = TRI_UNKNOWN;
		else if (sim->backends[backend].weight[d] != weight)
			return TRI_FALSE;
	}
	return value;
}

static enum tri
read_in(const struct sim *sim, int backend)
{
	for (int d = 0; d < SIM_DIRECTORS; d++)
		if (!can_read(sim, SIM_BACKENDS + d))
			return TRI_UNKNOWN;
	return tri_of(fleet_in(sim, backend));
}

static enum tri
read_running(const struct sim *sim, int backend, bool running)
{
	if (!can_read(sim, backend))
		return TRI_UNKNOWN;
	return tri_of(sim->backends[backend].running == running);
}

static enum tri
read_check(const struct sim *sim, int s, int without)
{
	const struct view *v = &sim->view;
	const struct backend *b = &sim->backends[v->detail];
	bool undo = v->steps[s].undoes >= 0;

	switch ((enum sim_step)view_origin(v, s)) {
	case S_ZERO:
		return read_weight(sim, v->detail, undo ? b->remembered : 0,
				   without);
	case S_FLUSH:
		return can_read(sim, v->detail) ? tri_of(b->flushed) :
			TRI_UNKNOWN;
	case S_STOP:
		return read_running(sim, v->detail, undo);
	case S_START:
		return read_running(sim, v->detail, true);
	case S_BACK:
		return read_weight(sim, v->detail, b->remembered, without);
	case S_DRAINED:
	case S_CHANGE:
	case S_WORKS:
	case S_COUNT:
		break;
	}
	return TRI_UNKNOWN;
}

static enum tri
read_until(const struct sim *sim, int s)
{
	const struct backend *b = &sim->backends[sim->view.detail];

	if (!can_read(sim, sim->view.detail))
		return TRI_UNKNOWN;
	if (view_origin(&sim->view, s) == S_DRAINED)
		return tri_of(sim->now_ms >= b->users_until_ms);
	return tri_of(b->running && !b->sick && !b->broken);
}

static enum tri
read_remember(const struct sim *sim)
{
	int backend = sim->view.detail;
	enum tri zero = read_weight(sim, backend, 0, -1);

	if (read_weight(sim, backend, sim->backends[backend].weight[0], -1) !=
	    TRI_TRUE)
		return TRI_UNKNOWN;	/* they do not agree */
	return zero == TRI_UNKNOWN ? zero : tri_of(zero == TRI_FALSE);
}

/* All others, or any of them; who was excluded is not asked for. */
static enum tri
read_others(const struct sim *sim, int but, bool all)
{
	enum tri value = tri_of(all);

	for (int i = 0; i < sim->view.nturns; i++) {
		enum tri in = read_in(sim, i);

		if (i == but || sim->backends[i].accepted)
			continue;
		if (in == tri_of(!all))
			return in;
		if (in == TRI_UNKNOWN)
			value = in;
	}
	return value;
}

static enum tri
read_ready(const struct sim *sim)
{
	for (int d = 0; d < SIM_DIRECTORS; d++)
		if (!can_read(sim, SIM_BACKENDS + d))
			return TRI_UNKNOWN;
	return tri_of(sim->now_ms >= sim->ring_torn_until_ms);
}

/* Who has the change of that step in its hands, -1: nobody. */
static int
asked_of(const struct view_step *step)
{
	for (int i = 0; i < step->nattempts; i++)
		if (step->attempts[i].state == ATTEMPT_SENT)
			return host_of(step->attempts[i].host);
	return -1;
}

/* Who cannot be reached is not in the ring either. */
static enum tri
read_absent(const struct sim *sim, int silent)
{
	if (silent < SIM_BACKENDS || fleet_reachable(sim, silent))
		return TRI_FALSE;
	for (int d = SIM_BACKENDS; d < SIM_HOSTS; d++)
		if (d != silent && !can_read(sim, d))
			return TRI_UNKNOWN;
	return sim->now_ms >= sim->ring_torn_until_ms ? TRI_TRUE :
		TRI_UNKNOWN;
}

static enum tri
read_greeted(const struct sim *sim)
{
	for (int i = 0; i < sim->view.nturns; i++)
		if (!sim->backends[i].accepted && !fleet_reachable(sim, i))
			return TRI_FALSE;
	return TRI_TRUE;
}

static enum tri
read_fact(const struct sim *sim, enum fact_kind kind, int id)
{
	switch (kind) {
	case FACT_CHECK:
		return read_check(sim, id, -1);
	case FACT_DONE:
		return read_check(sim, id, asked_of(&sim->view.steps[id]));
	case FACT_ABSENT:
		return read_absent(sim, asked_of(&sim->view.steps[id]));
	case FACT_UNTIL:
		return read_until(sim, id);
	case FACT_REMEMBER:
		return read_remember(sim);
	case FACT_REQUIRE:
		return read_running(sim, sim->view.detail, false);
	case FACT_TARGET:
		return read_in(sim, id);
	case FACT_PEERS:
		return read_others(sim, id, true);
	case FACT_ANOTHER:
		return read_others(sim, id, false);
	case FACT_READY:
		return read_ready(sim);
	case FACT_GREETED:
		return read_greeted(sim);
	case FACT_WHEN:
	case FACT_EXPECT:
	case FACT_PREFLIGHT:
		break;
	}
	return TRI_UNKNOWN;
}

void
look_start(struct sim *sim)
{
	struct event *e;

	if (sim->looking)
		return;
	sim->looking = true;
	sim->looked_ms = sim_db_ms(sim);
	e = sim_event(sim, sim->now_ms + dice_range(&sim->dice, 5, 400),
		      EVENT_LOOK);
	e->life = sim->life;
	e->nr = sim->view.detail;
}

/*
 * What was wanted is read now, and is as old as its question.  The wants are
 * those of the last decision: they may have changed since it was asked.
 */
void
look_done(struct sim *sim, const struct event *event)
{
	const struct decision *d = &sim->decision;

	if (event->life != sim->life)
		return;
	sim->looking = false;
	if (d->kind != DECIDE_LOOK || event->nr != sim->view.detail)
		return;
	for (int i = 0; i < d->nwants; i++)
		looks_note(&sim->looks, d->wants[i].kind, d->wants[i].id,
			   read_fact(sim, d->wants[i].kind, d->wants[i].id),
			   sim->looked_ms, "as it was read");
}
