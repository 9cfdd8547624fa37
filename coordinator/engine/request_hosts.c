/* request_hosts.c - questions to many hosts, and what every agent is asked. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "num.h"
#include "request_private.h"
#include "uuid.h"

#define FLEET_HINT "add fleet = NAME to /etc/drydock/agent.conf there"
#define EPOCH_HINT "another coordinator took the fleet: ask again"

#define SKEW_WARN_MS  2000
#define SKEW_ERROR_MS 60000

/* --- gathering --- */

void
request_gather(struct request *request, request_next_fn *next)
{
	assert(list_empty(&request->questions));
	request->next = next;
}

static void
question_free(struct request_question *q)
{
	list_del(&q->link);
	free(q->host);
	free(q);
}

struct request_question *
request_question_new(struct request *request, const char *host,
		     void (*done)(struct request_question *question,
				  const struct call_answer *answer),
		     void *ctx)
{
	struct call *call = call_find(request_calls(request), host);
	struct request_question *q;

	if (call == NULL)
		return NULL;
	q = x_new(struct request_question);
	q->request = request;
	q->host = x_strdup(host);
	q->call = call;
	q->done = done;
	q->ctx = ctx;
	list_add(&request->questions, &q->link);
	return q;
}

void
request_gathered(struct request *request)
{
	if (list_empty(&request->questions))
		request->next(request);
}

void
request_answered(void *ctx, const struct call_answer *answer)
{
	struct request_question *q = ctx;
	struct request *request = q->request;

	/* stays on the list meanwhile: done() may ask more, not end it all */
	q->id = 0;
	q->done(q, answer);
	question_free(q);
	request_gathered(request);
}

void
request_questions_free(struct request *request)
{
	LIST_EACH_SAFE (struct request_question, q, &request->questions,
			link) {
		struct call *call = call_find(request_calls(request),
					      q->host);

		if (q->id != 0 && call == q->call)
			call_drop(call, q->id);
		question_free(q);
	}
}

/* --- hosts --- */

static bool
group_has(const struct look_group *group, const char *host)
{
	for (size_t i = 0; i < group->nmembers; i++) {
		if (strcmp(group->members[i].name, host) == 0)
			return true;
	}
	return false;
}

static void
each_member(const struct look_group *group, request_host_fn *fn, void *ctx)
{
	for (size_t i = 0; i < group->nmembers; i++) {
		if (!group->members[i].excluded)
			fn(ctx, group->members[i].name);
	}
}

void
request_each_host(const struct request *request, request_host_fn *fn,
		  void *ctx)
{
	const struct look_roster *roster = request->roster;

	for (size_t i = 0; i < roster->ngroups; i++) {
		const struct look_group *group = &roster->groups[i];

		for (size_t k = 0; k < group->nmembers; k++) {
			bool told = group->members[k].excluded;

			for (size_t before = 0; before < i; before++)
				told |= group_has(&roster->groups[before],
						  group->members[k].name);
			if (!told)
				fn(ctx, group->members[k].name);
		}
	}
	for (size_t i = 0; i < roster->nbackends; i++) {
		bool told = roster->backends[i].excluded;

		for (size_t k = 0; k < roster->ngroups; k++)
			told |= group_has(&roster->groups[k],
					  roster->backends[i].name);
		if (!told)
			fn(ctx, roster->backends[i].name);
	}
}

void
request_each_target(const struct request *request, const char *backend,
		    const char *target, request_host_fn *fn, void *ctx)
{
	const struct look_group *group;

	if (strcmp(target, "backend") == 0) {
		fn(ctx, backend);
		return;
	}
	if (strncmp(target, "each ", 5) == 0)
		target += 5;
	group = look_roster_group(request->roster, target);
	if (group != NULL)
		each_member(group, fn, ctx);
}

/* --- every agent --- */

static void
find_clock(struct request *request, const char *host,
	   const struct call_facts *facts)
{
	int64_t away = facts->wall_ms - facts->wall_at_ms;
	int64_t slack = facts->at_ms - facts->asked_ms;
	const char *severity = "ok";
	char text[NUM_DURATION_SIZE];

	if (away < 0)
		away = -away;
	if (away > SKEW_WARN_MS + slack)
		severity = away > SKEW_ERROR_MS ? "error" : "warning";
	request_find(request, severity, "CLOCK_SKEW", host, NULL,
		     severity[0] == 'o' ? NULL : "look at timedatectl there",
		     NULL, "its clock is %s %s ours",
		     num_format_duration(away, text),
		     facts->wall_ms < facts->wall_at_ms ? "behind" :
							  "ahead of");
}

/* The agent is one of ours, but does it take this fleet? */
static void
find_fleet(struct request *request, const char *host,
	   const struct call_facts *facts)
{
	const char *uuid = "";
	const struct call_floor *floor;

	(void)json_opt_str(request->fleet, "uuid", UUID_TEXT_SIZE, &uuid, NULL);
	floor = call_facts_fleet(facts, uuid);
	if (floor == NULL || floor->code == NULL)
		return;
	if (strcmp(floor->code, "fleet") == 0)
		request_find(request, "error", "FLEET_NAME", host, NULL,
			     FLEET_HINT, NULL, "%.400s", floor->why);
	else
		request_find(request, "error", "EPOCH", host, NULL, EPOCH_HINT,
			     NULL, "%.400s", floor->why);
}

static void
find_agent(struct request *request, const char *host,
	   const struct call_facts *facts)
{
	bool same = strcmp(facts->agent, DRYDOCK_VERSION) == 0;

	request_find(request, "ok", "AGENT_REACHABLE", host, NULL, NULL, NULL,
		     "answers as %.60s", facts->name);
	request_find(request, same ? "ok" : "warning", "AGENT_VERSION", host,
		     NULL, same ? NULL : "upgrade the agent, or the "
		     "coordinator", NULL, "%.40s, the coordinator is %s",
		     facts->agent, DRYDOCK_VERSION);
	find_fleet(request, host, facts);
	find_clock(request, host, facts);
	if (facts->hold != NULL)
		request_find(request, "error", "HOST_HELD", host, NULL,
			     "rm /etc/drydock/hold there, when it is over",
			     NULL, "a person holds it: %.300s", facts->hold);
	if (strcmp(facts->journal, "ok") != 0)
		request_find(request, "error", "JOURNAL", host, NULL,
			     "drydock-agent --journal there shows it", NULL,
			     "its journal is %.300s", facts->journal);
}

/* Why there is no agent, in the code that names the kind of it. */
static void
find_silent(struct request *request, struct call *call, const char *why)
{
	static const struct {
		const char *code, *hint;
	} kinds[] = {
		[CALL_MISFIT_NONE] = { "AGENT_REACHABLE",
			"ssh to it as the coordinator does, or look at its "
			"sshd" },
		[CALL_MISFIT_NAME] = { "HOST_NAME",
			"compare the inventory with /etc/drydock/agent.conf "
			"there" },
		[CALL_MISFIT_MACHINE] = { "MACHINE_ID",
			"if it was set up anew: drydock host pin; if it is a "
			"copy, there: rm /etc/machine-id && "
			"systemd-machine-id-setup && reboot" },
		[CALL_MISFIT_ADDRESS] = { "ADDRESS",
			"correct the address, or set address_elsewhere" },
		[CALL_MISFIT_FLEET] = { "FLEET_NAME", FLEET_HINT },
		[CALL_MISFIT_EPOCH] = { "EPOCH", EPOCH_HINT },
		[CALL_MISFIT_PROTO] = { "AGENT_VERSION",
			"upgrade the older one" },
		[CALL_MISFIT_REFUSED] = { "AGENT_REACHABLE",
			"look at its syslog" },
	};
	enum call_misfit misfit = call_misfit(call);

	request_find(request, "error", kinds[misfit].code, call_name(call),
		     NULL, kinds[misfit].hint, NULL, "%.400s", why);
}

static void
reach_done(struct request_question *q, const struct call_answer *answer)
{
	const struct call_facts *facts = call_facts(q->call);

	if (answer->outcome == CALL_ANSWERED && facts != NULL)
		find_agent(q->request, q->host, facts);
	else
		find_silent(q->request, q->call, answer->why);
}

/*
 * A question that asks nothing waits for a channel as any other does.  What an
 * open one said when it was opened may be over: its hold, its clock.
 */
static void
reach_host(void *ctx, const char *host)
{
	struct request *request = ctx;
	struct request_question *q =
		request_question_new(request, host, reach_done, NULL);

	if (q == NULL) {
		request_find(request, "error", "AGENT_REACHABLE", host, NULL,
			     "drydock host pin NAME --scan", NULL,
			     "this coordinator does not know it yet");
		return;
	}
	call_greet(q->call);
	q->id = call_may(q->call, "[]", "[]", request_answered, q);
}

void
request_reach(struct request *request, request_next_fn *next)
{
	request_gather(request, next);
	request_each_host(request, reach_host, request);
	request_gathered(request);
}
