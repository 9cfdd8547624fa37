/* sim_fleet.c - what is really so: weights, services, reboots. */
#include "sim.h"

bool
fleet_in(const struct sim *sim, int backend)
{
	const struct backend *b = &sim->backends[backend];

	for (int d = 0; d < SIM_DIRECTORS; d++)
		if (b->weight[d] == 0)
			return false;
	return b->running && !b->sick;
}

bool
fleet_out_by_us(const struct sim *sim, int backend)
{
	const struct backend *b = &sim->backends[backend];

	for (int d = 0; d < SIM_DIRECTORS; d++)
		if (b->weight[d] == 0)
			return true;
	return b->stopped_by_us;
}

bool
fleet_reachable(const struct sim *sim, int host)
{
	return sim->now_ms >= sim->hosts[host].down_until_ms;
}

void
fleet_stamp(struct sim *sim)
{
	for (int i = 0; i < sim->view.nturns; i++)
		if (fleet_in(sim, i))
			sim->backends[i].was_in_ms = sim->now_ms;
}

void
fleet_weight(struct sim *sim, const struct event *event)
{
	struct backend *b = &sim->backends[event->a];

	if (event->nr <= b->weight_nr[event->b])
		return;
	b->weight_nr[event->b] = event->nr;
	b->weight[event->b] = (int)event->value;
}

/* Told to one director; the others hear of it from that one. */
static void
set_weight(struct sim *sim, const struct job *job, int weight)
{
	int64_t nr = ++sim->ids;

	for (int d = 0; d < SIM_DIRECTORS; d++) {
		bool told = job->host == SIM_BACKENDS + d;
		struct event *e = sim_event(sim, sim->now_ms + (told ? 0 :
			dice_range(&sim->dice, 0, 900)), EVENT_WEIGHT);

		e->a = job->backend;
		e->b = d;
		e->value = weight;
		e->nr = nr;
	}
}

static void
set_running(struct backend *b, bool running)
{
	b->running = running;
	b->stopped_by_us = !running;
}

void
fleet_effect(struct sim *sim, const struct job *job)
{
	struct backend *b = &sim->backends[job->backend];

	switch ((enum sim_step)job->step) {
	case S_ZERO:
		set_weight(sim, job, job->undo ? job->value : 0);
		b->users_until_ms = sim->now_ms +
			dice_range(&sim->dice, 0, 20000);
		break;
	case S_FLUSH:
		b->flushed = true;
		break;
	case S_STOP:
		set_running(b, job->undo);
		break;
	case S_CHANGE:
		b->changes++;
		break;
	case S_START:
		set_running(b, true);
		break;
	case S_BACK:
		set_weight(sim, job, job->value);
		break;
	case S_DRAINED:
	case S_WORKS:
	case S_COUNT:
		break;
	}
}

void
fleet_reboot(struct sim *sim, int host, int64_t span_ms, bool starts)
{
	struct event *e = sim_event(sim, sim->now_ms + span_ms, EVENT_BOOTED);

	e->a = host;
	e->value = starts;
	sim->hosts[host].down_until_ms = sim->now_ms + span_ms;
	agent_reboot(sim, host, dice_chance(&sim->dice, 50));
	if (host < SIM_BACKENDS)
		sim->backends[host].running = false;
}
