/* people.c - what people type, through the functions of schema fleet. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "world.h"

static bool person(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

static bool
person(const char *format, ...)
{
	char *text;
	bool done;
	va_list ap;

	va_start(ap, format);
	text = x_vasprintf(format, ap);
	va_end(ap);
	done = sql_person(text);
	free(text);
	return done;
}

static const char *
held_state(void)
{
	char *text = x_asprintf("select t.state from fleet_internal.turn t "
		"join fleet_internal.backend b using (backend_id) "
		"where t.rollout_id = %lld and b.name = '%s'",
		(long long)world.rollout, world.held);
	const char *state = sql_owner(text);

	free(text);
	return state != NULL ? state : "";
}

void
people_start(void)
{
	long long rollout = (long long)world.rollout;

	if (dice_chance(&world.dice, 20))
		(void)person("select fleet.start(%lld, at => "
			"to_timestamp(%lld / 1000), "
			"unattended_without_alarm => true)", rollout,
			(long long)time_db_ms() + 30000);
	else if (dice_chance(&world.dice, 30))
		(void)person("select fleet.start(%lld, stop_after => 1)",
			     rollout);
	else
		(void)person("select fleet.start(%lld)", rollout);
}

/* What destroys may be begun once more. */
static void
people_permit(int backend)
{
	if (backend >= 0)
		world.backends[backend].licences++;
}

/* Whatever ended there and nobody knows how: she says how to go on. */
static void
people_said(int backend)
{
	for (int i = 0; i < world.nentries; i++)
		world.entries[i].settled |=
			world.entries[i].backend == backend;
}

/* It is settled as it is: she looks before she says. */
static bool
people_settle(const char *backend)
{
	char *text = x_asprintf("select s.name from fleet_internal.step s "
		"join fleet_internal.turn t using (turn_id) "
		"join fleet_internal.backend b using (backend_id) "
		"where t.rollout_id = %lld and b.name = '%s' "
		"and s.state = 'unknown'", (long long)world.rollout, backend);
	const char *step = sql_owner(text);
	char name[64];
	bool done;

	free(text);
	if (step == NULL)
		return false;
	snprintf(name, sizeof(name), "%s", step);
	done = truth_is_done(truth_backend(backend), name);
	if (!person("select fleet.settle(%lld, '%s', %s, 'she looked', '%s')",
		    (long long)world.rollout, name, done ? "true" : "false",
		    backend))
		return false;
	people_said(truth_backend(backend));
	if (strcmp(name, "change") == 0 && !done)
		people_permit(truth_backend(backend));
	return true;
}

static void
people_retry(const char *backend)
{
	if (person("select fleet.retry(%lld, '%s', destroy_again => true)",
		   (long long)world.rollout, backend)) {
		people_permit(truth_backend(backend));
		people_said(truth_backend(backend));
	}
}

static void
people_approve(void)
{
	(void)person("select fleet.approve(%lld)", (long long)world.rollout);
}

bool
people_answer(void)
{
	long long rollout = (long long)world.rollout;
	const char *state = world.held[0] != '\0' ? held_state() : "";

	if (strcmp(state, "held") == 0) {
		if (people_settle(world.held))
			return true;
		if (dice_chance(&world.dice, 40))
			people_retry(world.held);
		else if (!person("select fleet.restore(%lld, '%s', 'enough')",
				 rollout, world.held))
			(void)person("select fleet.skip(%lld, '%s', 'mine', "
				     "true)", rollout, world.held);
		return true;
	}
	if (strcmp(state, "restored") == 0)
		people_retry(world.held);
	(void)person("select fleet.resume(%lld)", rollout);
	people_approve();
	return true;
}

enum whim_of { OF_ROLLOUT, OF_TURN, OF_BACKEND };

/* fleet.FUNCTION(…REST): of the rollout, of one turn of it, of a backend. */
static const struct {
	enum whim_of of;
	const char *function, *rest;
} whims[] = {
	{ OF_ROLLOUT, "pause", ", 'lunch'" },
	{ OF_ROLLOUT, "pause", ", 'lunch', 'backend'" },
	{ OF_ROLLOUT, "pause", ", 'lunch', 'keep_drained', '2 min'" },
	{ OF_ROLLOUT, "resume", "" },
	{ OF_ROLLOUT, "resume", "" },
	{ OF_ROLLOUT, "approve", "" },
	{ OF_ROLLOUT, "abort", ", 'enough'" },
	{ OF_ROLLOUT, "override", ", 'target_in', 'known', 'mail2'" },
	{ OF_ROLLOUT, "override", ", 'min_up', 'known', 'mail2'" },
	{ OF_ROLLOUT, "override", ", 'check', 'known', 'mail2'" },
	{ OF_TURN, "restore", ", 'enough'" },
	{ OF_TURN, "skip", ", 'mine'" },
	{ OF_TURN, "skip", ", 'mine', true" },
	{ OF_BACKEND, "exclude", ", 'broken'" },
	{ OF_BACKEND, "include", "" },
};

enum { WHIMS = sizeof(whims) / sizeof(whims[0]) };

static void
people_whim(int i, const char *backend)
{
	long long rollout = (long long)world.rollout;

	switch (whims[i].of) {
	case OF_ROLLOUT:
		(void)person("select fleet.%s(%lld%s)", whims[i].function,
			     rollout, whims[i].rest);
		break;
	case OF_TURN:
		(void)person("select fleet.%s(%lld, '%s'%s)",
			     whims[i].function, rollout, backend,
			     whims[i].rest);
		break;
	case OF_BACKEND:
		(void)person("select fleet.%s('mail', '%s'%s)",
			     whims[i].function, backend, whims[i].rest);
		break;
	}
}

/* Whatever comes to somebody's mind. */
void
people_steer(struct dice *dice)
{
	const char *backend = host_name((int)dice_range(dice, 0,
							BACKENDS - 1));
	int whim = (int)dice_range(dice, 0, WHIMS + 1);

	if (whim == WHIMS)
		people_retry(backend);
	else if (whim == WHIMS + 1)
		(void)people_settle(backend);
	else
		people_whim(whim, backend);
}
