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
	bool done, changed = world.backends[truth_backend(backend)].changes >
		0;

	free(text);
	if (step == NULL)
		return false;
	snprintf(name, sizeof(name), "%s", step);
	done = strcmp(name, "change") != 0 || changed;
	if (!person("select fleet.settle(%lld, '%s', %s, 'she looked', '%s')",
		    (long long)world.rollout, name, done ? "true" : "false",
		    backend))
		return false;
	if (!done)
		people_permit(truth_backend(backend));
	return true;
}

static void
people_retry(const char *backend)
{
	if (person("select fleet.retry(%lld, '%s', destroy_again => true)",
		   (long long)world.rollout, backend))
		people_permit(truth_backend(backend));
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
		if (dice_chance(&world.dice, 60))
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

/* Whatever comes to somebody's mind. */
void
people_steer(struct dice *dice)
{
	const char *backend = host_name((int)dice_range(dice, 0,
							BACKENDS - 1));
	long long rollout = (long long)world.rollout;

	switch (dice_range(dice, 0, 10)) {
	case 0:
		(void)person("select fleet.pause(%lld, 'lunch')", rollout);
		break;
	case 1:
		(void)person("select fleet.pause(%lld, 'lunch', 'backend')",
			     rollout);
		break;
	case 2:
		(void)person("select fleet.pause(%lld, 'lunch', "
			     "'keep_drained', '2 min')", rollout);
		break;
	case 3:
		(void)person("select fleet.resume(%lld)", rollout);
		break;
	case 4:
		if (dice_chance(dice, 30))
			(void)person("select fleet.abort(%lld, 'enough')",
				     rollout);
		break;
	case 5:
		people_retry(backend);
		break;
	case 6:
		(void)person("select fleet.restore(%lld, '%s', 'enough')",
			     rollout, backend);
		break;
	case 7:
		(void)person("select fleet.skip(%lld, '%s', 'mine', %s)",
			     rollout, backend, dice_chance(dice, 50) ?
			     "true" : "false");
		break;
	case 8:
		(void)people_settle(backend);
		break;
	case 9:
		people_approve();
		break;
	case 10:
		(void)person("select fleet.exclude('mail', '%s', 'broken')",
			     backend);
		break;
	}
}
