/* sim_check.c - the promises, asked of the truth and not of the plan. */
#include <string.h>

#include "sim.h"

/* A look may take so long, and what it saw may be so old. */
enum { SEEN_MS = 10000 + 1000 };

/* Two outages, or something out of service that no outage stands for. */
void
check_always(struct sim *sim)
{
	const struct view *v = &sim->view;
	int out = 0, outages = 0;

	for (int i = 0; i < v->nturns; i++) {
		bool by_us = fleet_out_by_us(sim, i) &&
			!sim->backends[i].accepted;

		out += by_us;
		outages += v->turns[i].outage_open;
		if (by_us && !v->turns[i].outage_open)
			sim_wrong(sim, "%s is out and no outage is open",
				  host_name(i));
	}
	if (out > 1)
		sim_wrong(sim, "%d backends are out because of us", out);
	if (outages > 1)
		sim_wrong(sim, "%d outages are open", outages);
}

/* The others were really in service when the look was taken. */
static void
check_opened(struct sim *sim, int turn)
{
	if (sim->view.database == false)
		sim_wrong(sim, "an outage opens without a database");
	for (int i = 0; i < sim->view.nturns; i++)
		if (i != turn && !sim->backends[i].accepted &&
		    sim->now_ms - sim->backends[i].was_in_ms > SEEN_MS)
			sim_wrong(sim, "%s is taken out while %s is down",
				  host_name(turn), host_name(i));
}

/* In service really, and as much of it as before. */
static void
check_closed(struct sim *sim, int turn)
{
	const struct backend *b = &sim->backends[turn];

	if (sim->now_ms - b->was_in_ms > SEEN_MS)
		sim_wrong(sim, "%s is back, and it is not in service",
			  host_name(turn));
	for (int d = 0; d < SIM_DIRECTORS; d++)
		if (b->weight[d] != 0 && b->weight[d] != SIM_WEIGHT)
			sim_wrong(sim, "%s is back with a weight of %d",
				  host_name(turn), b->weight[d]);
}

/* As its journal has it; NULL: it was not begun. */
static const struct job *
job_of(const struct sim *sim, const struct view_attempt *attempt)
{
	for (int j = 0; j < sim->njobs; j++)
		if (strcmp(sim->jobs[j].id, attempt->id) == 0)
			return &sim->jobs[j];
	return NULL;
}

/* The last attempts of all hosts ended well, as their journals have it. */
static bool
ended_well(const struct sim *sim, const struct view_step *step)
{
	for (int i = 0; i < step->nattempts; i++) {
		const struct job *job = job_of(sim, &step->attempts[i]);

		if (!view_is_last(step, i))
			continue;
		if (job == NULL || job->state != AGENT_ENDED ||
		    job->exit != 0)
			return false;
	}
	return step->nattempts > 0;
}

/* Its check held once: what comes after it in its phase was begun. */
static bool
went_past(const struct sim *sim, int s)
{
	const struct view *v = &sim->view;

	for (int i = s + 1; i < v->nsteps; i++)
		for (int a = 0; a < v->steps[i].nattempts; a++)
			if (v->steps[i].undoes < 0 &&
			    v->steps[i].phase == v->steps[s].phase &&
			    job_of(sim, &v->steps[i].attempts[a]) != NULL)
				return true;
	return false;
}

/* Unknown is not success: a check that was read true, or an end as it says. */
static void
check_passed(struct sim *sim, int s)
{
	const struct view_step *step = &sim->view.steps[s];
	const struct fact *fact = looks_find(&sim->looks, FACT_CHECK, s);

	if (!step_kind_acts(step->kind))
		return;
	if (!step->has_check && !ended_well(sim, step))
		sim_wrong(sim, "%s passed, and its end is not known",
			  step->name);
	if (step->has_check && (fact == NULL || fact->value != TRI_TRUE) &&
	    !went_past(sim, s))
		sim_wrong(sim, "%s passed, and its check does not hold",
			  step->name);
}

/* What is done is really done. */
static void
check_done(struct sim *sim, int turn)
{
	const struct view *v = &sim->view;
	const struct backend *b = &sim->backends[turn];

	if (v->turns[turn].state != TURN_WORKING)
		return;
	check_closed(sim, turn);
	if (v->steps[S_CHANGE].state == STEP_PASSED && b->changes == 0 &&
	    b->licences == 1)
		sim_wrong(sim, "%s is done, and nothing was changed there",
			  host_name(turn));
	for (int s = 0; s < S_COUNT; s++)
		if (v->steps[s].state != STEP_PASSED)
			sim_wrong(sim, "%s is done, and %s did not pass",
				  host_name(turn), v->steps[s].name);
}

void
check_op(struct sim *sim, const struct op *op)
{
	if (op->kind == OP_OUTAGE_OPEN)
		check_opened(sim, op->turn);
	else if (op->kind == OP_OUTAGE_CLOSE)
		check_closed(sim, op->turn);
	else if (op->kind == OP_STEP && op->event == STEP_EV_PASS)
		check_passed(sim, op->step);
	else if (op->kind == OP_TURN && op->event == TURN_EV_PROVE)
		check_done(sim, op->turn);
}

/* Routing tables are touchy.  A clock that leapt hides how long it was. */
static void
check_gap(struct sim *sim, const struct job *job)
{
	if (job->host < SIM_BACKENDS || sim->group_ended_ms == 0 ||
	    sim->group_backend != job->backend ||
	    sim->group_clock_ms != sim->clock_ms)
		return;
	if (sim->now_ms - sim->group_ended_ms <
	    sim->view.groups[0].min_gap_ms)
		sim_wrong(sim, "two changes of %s within %lld ms",
			  host_name(job->backend), (long long)
			  (sim->now_ms - sim->group_ended_ms));
}

/* Nobody works on a backend twice at once, unless one host is gone. */
static void
check_alone(struct sim *sim, const struct job *job)
{
	for (int i = 0; i < sim->njobs; i++) {
		const struct job *other = &sim->jobs[i];

		if (other != job && other->backend == job->backend &&
		    other->state == AGENT_RUNNING &&
		    fleet_reachable(sim, other->host))
			sim_wrong(sim, "%s is worked on twice at once",
				  host_name(job->backend));
	}
}

/* What destroys is begun once, and again only if a person said so. */
void
check_job(struct sim *sim, const struct job *job)
{
	const struct view *v = &sim->view;
	int begun = 0;

	check_gap(sim, job);
	check_alone(sim, job);
	for (int i = 0; i < sim->njobs; i++)
		begun += sim->jobs[i].step == S_CHANGE &&
			sim->jobs[i].backend == job->backend;
	if (job->step == S_CHANGE &&
	    begun > sim->backends[job->backend].licences)
		sim_wrong(sim, "what destroys is begun again on %s, and "
			  "nobody said so", host_name(job->host));
	if (job->step == S_ZERO && !job->undo &&
	    !v->turns[job->backend].outage_open)
		sim_wrong(sim, "%s is drained without an outage",
			  host_name(job->backend));
}

/* At its end, or it says why not. */
void
check_end(struct sim *sim)
{
	const struct view *v = &sim->view;
	bool said = v->pause.asked || sim->life % 2 == 1;

	for (int i = 0; i < v->nholds; i++)
		said |= !v->holds[i].ended && v->holds[i].why[0] != '\0';
	for (int i = 0; i < v->nturns; i++)
		if (v->state != ROLLOUT_RUNNING && v->turns[i].outage_open &&
		    v->turns[i].state != TURN_OUT)
			sim_wrong(sim, "the rollout has ended, and the outage "
				  "of %s is open", host_name(i));
	if (v->state == ROLLOUT_RUNNING && !said)
		sim_wrong(sim, "it stands still and does not say why: %s",
			  sim->decision.reason);
	for (int i = 0; i < v->nholds; i++)
		if (v->state != ROLLOUT_RUNNING && !v->holds[i].ended)
			sim_wrong(sim, "it has ended and is held: %s",
				  v->holds[i].why);
}
