/* sim_agent.c - questions, journals, and answers that may get lost. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "sim.h"

static const char *const names[SIM_HOSTS] = {
	"mail1", "mail2", "mail3", "mail4", "dir1", "dir2"
};

const char *
host_name(int host)
{
	return names[host];
}

int
host_of(const char *name)
{
	for (int i = 0; i < SIM_HOSTS; i++)
		if (strcmp(names[i], name) == 0)
			return i;
	assert(!"a host that nobody listed");
	return -1;
}

static struct job *
job_find(struct sim *sim, const char *id)
{
	for (int i = 0; i < sim->njobs; i++)
		if (strcmp(sim->jobs[i].id, id) == 0)
			return &sim->jobs[i];
	return NULL;
}

static void
send_job(struct sim *sim, const struct job *job)
{
	struct host *host = &sim->hosts[job->host];
	int64_t way = dice_range(&sim->dice, 1, 50);
	int times = 1;

	if (host->lose_asks > 0) {
		host->lose_asks--;
		return;
	}
	if (host->twice > 0) {
		host->twice--;
		times = 2;
	}
	if (host->late > 0) {
		host->late--;
		way += dice_range(&sim->dice, 1000, 30000);
	}
	while (times-- > 0) {
		sim_event(sim, sim->now_ms + way, EVENT_ASK)->job = *job;
		way += dice_range(&sim->dice, 0, 2000);
	}
}

void
agent_ask(struct sim *sim, int s, int i)
{
	const struct view_step *step = &sim->view.steps[s];
	const struct view_attempt *attempt = &step->attempts[i];
	struct agent_fact *agent = looks_agent_get(&sim->looks, attempt->id);
	struct event *silent;
	struct job job = { .host = host_of(attempt->host),
			   .backend = sim->view.detail,
			   .step = view_origin(&sim->view, s),
			   .undo = step->undoes >= 0,
			   .look = step->state == STEP_PENDING };

	job.value = sim->backends[job.backend].remembered;
	snprintf(job.id, sizeof(job.id), "%s", attempt->id);
	agent->state = AGENT_ASKING;
	agent->at_ms = sim_db_ms(sim);
	agent->asked++;
	agent->reached = true;
	silent = sim_event(sim, sim->now_ms + 10000, EVENT_SILENT);
	silent->job = job;
	silent->life = sim->life;
	silent->nr = agent->asked;
	sim->last_host = job.host;
	send_job(sim, &job);
}

static void
send_answer(struct sim *sim, const struct job *job, const char *why)
{
	struct host *host = &sim->hosts[job->host];
	struct event *e;

	if (host->lose_answers > 0) {
		host->lose_answers--;
		return;
	}
	e = sim_event(sim, sim->now_ms + dice_range(&sim->dice, 1, 50),
		      EVENT_ANSWER);
	e->job = *job;
	e->life = sim->life;
	snprintf(e->why, sizeof(e->why), "%s", why);
}

static void
job_start(struct sim *sim, const struct job *asked)
{
	struct host *host = &sim->hosts[asked->host];
	struct job *job;
	struct event *e;
	int64_t span = dice_range(&sim->dice, 10, 3000);

	assert(sim->njobs < SIM_JOBS);
	job = &sim->jobs[sim->njobs++];
	*job = *asked;
	job->state = AGENT_RUNNING;
	job->outcome = host->next;
	host->next = OUTCOME_DONE;
	if (job->outcome == OUTCOME_HANGS)
		span = 20000;
	check_job(sim, job);
	sim_say(sim, "%s begins step %d%s for %s", host_name(job->host),
		job->step, job->undo ? " (undo)" : "",
		host_name(job->backend));
	e = sim_event(sim, sim->now_ms + span, EVENT_END);
	e->a = sim->njobs - 1;
}

/* An id that the journal knows is answered and not begun again. */
void
agent_asked(struct sim *sim, const struct event *event)
{
	struct host *host = &sim->hosts[event->job.host];
	struct job *job = job_find(sim, event->job.id);
	struct job refused = event->job;

	if (!fleet_reachable(sim, event->job.host))
		return;
	if (job == NULL && event->job.look) {
		refused.state = AGENT_NOT_ASKED;
		send_answer(sim, &refused, "");
		return;
	}
	if (job == NULL && sim->now_ms < host->refuses_until_ms) {
		refused.state = AGENT_REFUSED;
		send_answer(sim, &refused, "held on the host");
		return;
	}
	if (job == NULL) {
		job_start(sim, &event->job);
		job = &sim->jobs[sim->njobs - 1];
	}
	send_answer(sim, job, "");
}

void
agent_end(struct sim *sim, const struct event *event)
{
	struct job *job = &sim->jobs[event->a];

	if (job->state != AGENT_RUNNING)
		return;
	if (job->outcome == OUTCOME_DONE || job->outcome == OUTCOME_HALF)
		fleet_effect(sim, job);
	job->state = AGENT_ENDED;
	if (job->host >= SIM_BACKENDS) {
		sim->group_ended_ms = sim->now_ms;
		sim->group_clock_ms = sim->clock_ms;
		sim->group_backend = job->backend;
	}
	job->timed_out = job->outcome == OUTCOME_HANGS;
	job->exit = job->timed_out ? -1 : job->outcome != OUTCOME_DONE;
	sim_say(sim, "%s ends step %d for %s: exit %d", host_name(job->host),
		job->step, host_name(job->backend), job->exit);
	send_answer(sim, job, "");
}

/* Begun and not ended, and this boot does not know it. */
void
agent_reboot(struct sim *sim, int host, bool effect)
{
	for (int i = 0; i < sim->njobs; i++) {
		struct job *job = &sim->jobs[i];

		if (job->host != host || job->state != AGENT_RUNNING)
			continue;
		if (effect)
			fleet_effect(sim, job);
		job->state = AGENT_UNKNOWN;
	}
}

void
agent_answer(struct sim *sim, const struct event *event)
{
	struct agent_fact *agent;

	if (event->life != sim->life)
		return;
	if (view_attempt_find(&sim->view, event->job.id, NULL) == NULL)
		return;
	agent = looks_agent_get(&sim->looks, event->job.id);
	agent->state = event->job.state;
	agent->exit = event->job.exit;
	agent->timed_out = event->job.timed_out;
	agent->at_ms = sim_db_ms(sim);
	agent->silent_ms = 0;
	agent->gone = false;
	snprintf(agent->why, sizeof(agent->why), "%s", event->why);
	snprintf(agent->code, sizeof(agent->code), "%s",
		 event->job.state == AGENT_REFUSED ? "HELD" : "");
}

void
agent_silent(struct sim *sim, const struct event *event)
{
	struct agent_fact *agent;

	if (event->life != sim->life ||
	    looks_agent(&sim->looks, event->job.id) == NULL)
		return;
	agent = looks_agent_get(&sim->looks, event->job.id);
	if (agent->state != AGENT_ASKING || agent->asked != (int)event->nr)
		return;
	agent->state = AGENT_SILENT;
	agent->at_ms = sim_db_ms(sim);
	if (agent->silent_ms == 0)
		agent->silent_ms = agent->at_ms - 10000;
	agent->gone = agent->at_ms - agent->silent_ms >= 75000;
	snprintf(agent->why, sizeof(agent->why), "no answer");
}
