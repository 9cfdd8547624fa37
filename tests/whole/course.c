/* course.c - one history: how it begins, goes on, and comes to its end. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "engine.h"
#include "transport.h"
#include "world.h"

enum {
	STEPS = 200000,
	GLANCE_MS = 20000,	/* so often somebody looks how it goes */
	REST_MS = 60000,	/* so long nothing: it rests, or is held */
	STILL_MS = 900000	/* so long nothing, and nobody knows why */
};

static struct transport *nets[COORDINATORS];

/* --------------------------------------------------------- coordinators */

void
coordinator_begins(int who)
{
	static const char *const coordinators[] = { "ops1", "ops2" };
	struct engine_options options = { .database = "",
					  .name = coordinators[who] };
	struct err err;

	world_note("coordinator %d begins", who);
	world.me = who;
	nets[who] = net_new(who);
	world.coordinators[who].engine = engine_new(NULL, nets[who], &options,
						    &err);
	world.me = OUTSIDE;
}

static void
coordinator_back(void *self)
{
	struct coordinator *c = self;

	coordinator_begins((int)(c - world.coordinators));
}

/* span 0: for good. */
void
coordinator_dies(int who, int64_t span_ms)
{
	struct coordinator *c = &world.coordinators[who];

	if (c->engine == NULL)
		return;
	world_note("coordinator %d dies", who);
	world.me = who;
	engine_free(&c->engine);
	world.me = OUTSIDE;
	transport_free(&nets[who]);
	c->stalled_until_ms = 0;
	c->leaving = false;
	due_stop(&c->leave);
	due_init(&c->life, OUTSIDE, coordinator_back, c);
	if (span_ms > 0)
		due_at(&c->life, world.now_ms + span_ms);
}

static void
coordinator_gone(void *self)
{
	struct coordinator *c = self;

	coordinator_dies((int)(c - world.coordinators), 1000);
}

static void
coordinator_left(void *self)
{
	struct coordinator *c = self;

	due_at(&c->leave, world.now_ms);
}

void
coordinator_leaves(int who)
{
	struct coordinator *c = &world.coordinators[who];

	if (c->engine == NULL || c->leaving)
		return;
	c->leaving = true;
	due_init(&c->leave, OUTSIDE, coordinator_gone, c);
	world.me = who;
	engine_leave(c->engine, coordinator_left, c);
	world.me = OUTSIDE;
}

/* ------------------------------------------------------------ a beginning */

static void
course_begin(uint64_t seed)
{
	list_init(&world.dues);
	world.dice.state = seed;
	world.ids.state = ~seed;
	srandom((unsigned int)seed);
	world.now_ms = world.moved_ms = TIME_START_MS;
	world.me = OUTSIDE;
	world.hash = 14695981039346656037u;
	agent_start();
	truth_start();
}

void
course_end(void)
{
	for (int i = 0; i < COORDINATORS; i++)
		coordinator_dies(i, 0);
	net_end();
}

/* A plan, made by a coordinator as for everybody. */
void
course_plan(void)
{
	const char *rollout = NULL;

	course_begin(1);
	coordinator_begins(0);
	sql_owner("select fleet.plan('mail', 'sim')");
	while (world.now_ms < TIME_START_MS + 120000 && rollout == NULL) {
		(void)time_step(world.now_ms + 1000);
		rollout = sql_owner("select result::text from "
			"fleet_internal.request where done_at is not null");
	}
	course_end();
	if (rollout == NULL) {
		fprintf(stderr, "whole: no plan: %s\n", sql_owner("select "
			"coalesce(string_agg(concat_ws(' ', message, "
			"result), '; '), 'nobody answers') "
			"from fleet_internal.request"));
		exit(2);
	}
	sql_owner("update fleet_internal.rollout set "
		  "uuid = '00000000-0000-4000-8000-000000000002'");
	sql_owner("select sim.save('beginning')");
}

/* ------------------------------------------------------------- its course */

static bool
is_over(void)
{
	return strcmp(world.state, "running") != 0 &&
		strcmp(world.state, "scheduled") != 0;
}

/* Nothing comes of itself any more. */
static bool
is_still(void)
{
	int64_t still = world.now_ms - world.moved_ms;

	if (world.now_ms < world.troubles_end_ms)
		return false;
	return is_over() || still >= STILL_MS ||
		(world.why[0] != '\0' && still >= REST_MS);
}

static bool
course_answered(void)
{
	if (is_over() || world.answered >= world.answers)
		return false;
	world.answered++;
	world.moved_ms = world.now_ms;
	return people_answer();
}

void
course_run(void)
{
	int64_t glance_ms;

	course_begin(world.seed);
	sql_owner("select sim.restore('beginning')");
	world.rollout = atoll(sql_owner("select max(rollout_id)::text "
					"from fleet_internal.rollout"));
	check_database();
	trouble_plan();
	for (int i = 0; i < COORDINATORS; i++)
		coordinator_begins(i);
	people_start();
	glance_ms = world.now_ms + GLANCE_MS;
	for (int i = 0; i < STEPS && world.wrong[0] == '\0'; i++) {
		if (time_step(glance_ms))
			continue;
		glance_ms += GLANCE_MS;
		if (is_still() && !course_answered()) {
			check_end();
			return;
		}
	}
	world_wrong("it goes on and on");
}
