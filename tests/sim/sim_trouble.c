/* sim_trouble.c - what goes wrong, and what people ask for. */
#include <stdio.h>
#include <string.h>

#include "sim.h"

/*
 * X(name, how often among all, does it fit while the database is away,
 *   what happens): each has its function.
 */
#define TROUBLES(X)							\
	X(lose_ask, 6, 1, "questions to a host get lost")		\
	X(lose_answer, 8, 1, "answers of a host get lost")		\
	X(late, 4, 1, "a question to a host comes late")		\
	X(twice, 6, 1, "a question to a host comes twice")		\
	X(unreachable, 8, 1, "a host cannot be reached")		\
	X(unsure, 6, 1, "readings of a host say nothing")		\
	X(reboot, 8, 1, "a host reboots")				\
	X(refuses, 4, 1, "an agent refuses changes")			\
	X(fails, 6, 1, "a command fails and does nothing")		\
	X(half, 4, 1, "a command works and fails")			\
	X(hangs, 3, 1, "a command runs into its timeout")		\
	X(sick, 6, 1, "a backend fails by itself, or is well again")	\
	X(broken, 3, 1, "a backend does not pass its proof")		\
	X(torn, 4, 1, "the directors are not ready")			\
	X(crash, 8, 0, "the coordinator is killed")			\
	X(leaves, 4, 0, "the coordinator leaves at a step boundary")	\
	X(database, 5, 0, "the database is away")			\
	X(clock, 3, 1, "the database's clock leaps ahead")		\
	X(slot, 2, 0, "another fleet has somebody out, or not any more") \
	X(pause, 6, 0, "a person pauses")				\
	X(resume, 6, 0, "a person resumes")				\
	X(abort, 2, 0, "a person aborts")				\
	X(ask, 12, 0, "a person asks something of a turn")		\
	X(approve, 4, 0, "a person approves")

typedef void trouble_fn(struct sim *sim, const struct trouble *trouble,
			struct dice *dice);

#define X(name, often, away, what) static trouble_fn trouble_##name;
TROUBLES(X)
#undef X

static const struct {
	int often;
	bool away;
	const char *what;
	trouble_fn *run;
} troubles[] = {
#define X(name, often, away, what) { often, away, what, trouble_##name },
	TROUBLES(X)
#undef X
};

enum { TROUBLE_COUNT = sizeof(troubles) / sizeof(troubles[0]) };

/*
 * A seed has some kinds of trouble only, and more of each: what it takes two
 * or three of a kind for is met sooner than with a little of everything.
 */
static uint64_t
trouble_kinds(struct dice *dice)
{
	uint64_t kinds = 0;

	while (kinds == 0)
		for (int i = 0; i < TROUBLE_COUNT; i++)
			if (dice_chance(dice, 25))
				kinds |= (uint64_t)1 << i;
	return kinds;
}

static int
trouble_pick(struct dice *dice, uint64_t kinds)
{
	int all = 0, kind = -1;
	int64_t n;

	for (int i = 0; i < TROUBLE_COUNT; i++)
		if (kinds >> i & 1)
			all += troubles[i].often;
	n = dice_range(dice, 1, all);
	while (n > 0)
		if (kinds >> ++kind & 1)
			n -= troubles[kind].often;
	return kind;
}

/* Half of them come when something was just written down, or runs. */
static struct trouble
trouble_make(struct dice *dice, uint64_t kinds, int64_t within)
{
	struct trouble t = {
		.kind = trouble_pick(dice, kinds),
		.at_ms = SIM_T0 + dice_range(dice, 0, within),
		.a = (int)dice_range(dice, -SIM_HOSTS, SIM_HOSTS - 1),
		.span_ms = dice_range(dice, 1, 90) * 1000,
		.dice = dice_roll(dice),
	};

	if (t.a < 0)
		t.a = -1;
	if (dice_chance(dice, 50))
		return t;
	t.after = (int)dice_range(dice, 1, 60);
	t.at_ms = dice_chance(dice, 50) ? 0 : dice_range(dice, 1, 2000);
	return t;
}

void
trouble_plan(struct sim *sim)
{
	int64_t within = dice_range(&sim->dice, 1, 12) * 15000;
	uint64_t kinds = trouble_kinds(&sim->dice);
	int n = (int)dice_range(&sim->dice, 2, SIM_TROUBLES);

	sim->answers = (int)dice_range(&sim->dice, 0, SIM_ANSWERS);
	for (int i = 0; i < n; i++) {
		struct trouble *t = &sim->troubles[i];
		bool left_out = t->left_out;

		*t = trouble_make(&sim->dice, kinds, within);
		t->left_out = left_out;
		if (!left_out && t->after == 0)
			sim_event(sim, t->at_ms, EVENT_TROUBLE)->a = i;
	}
	sim->ntroubles = n;
	sim->troubles_end_ms = SIM_T0 + within + 1;
	sim_event(sim, sim->troubles_end_ms, EVENT_MENDED);
}

void
trouble_follows(struct sim *sim)
{
	sim->written++;
	for (int i = 0; i < sim->ntroubles; i++) {
		const struct trouble *t = &sim->troubles[i];

		if (t->after != sim->written || t->left_out ||
		    sim->now_ms >= sim->troubles_end_ms)
			continue;
		if (t->at_ms == 0)
			trouble_happens(sim, t);
		else
			sim_event(sim, sim->now_ms + t->at_ms,
				  EVENT_TROUBLE)->a = i;
	}
}

static void
person_asks(struct sim *sim, int i, enum turn_ask ask)
{
	struct view_turn *turn = &sim->view.turns[i];

	if (turn->asked != ASK_NONE)
		return;
	sim_say(sim, "a person asks of %s: %s", turn->backend,
		turn_ask_word(ask));
	turn->asked = ask;
	turn->asked_accept_out = true;
	snprintf(turn->asked_by, VIEW_NAME, "alice");
	snprintf(turn->asked_why, sizeof(turn->asked_why), "she looked");
	if (ask == ASK_RETRY || ask == ASK_SETTLE_NOT)
		sim->backends[i].licences++;
}

static bool
any_held(const struct view *v)
{
	for (int i = 0; i < v->nturns; i++)
		if (v->turns[i].state == TURN_HELD)
			return true;
	return false;
}

static void
person_approves(struct sim *sim)
{
	struct view *v = &sim->view;

	v->stop_after = 0;
	for (int i = 0; i < v->nturns; i++)
		v->turns[i].approved |= v->turns[i].cause == CAUSE_PEER;
}

static void
person_pauses(struct sim *sim, struct dice *dice)
{
	struct view_pause *pause = &sim->view.pause;

	if (pause->asked)
		return;
	*pause = (struct view_pause){ .asked = true,
		.mode = (enum pause_mode)dice_range(dice, 0, 2) };
	if (pause->mode == PAUSE_KEEP)
		pause->until_ms = sim_db_ms(sim) + 60000;
	snprintf(pause->why, sizeof(pause->why), "she said so");
}

static void
trouble_lose_ask(struct sim *sim, const struct trouble *t,
	struct dice *dice)
{
	sim->hosts[t->a].lose_asks += (int)dice_range(dice, 1, 3);
}

static void
trouble_lose_answer(struct sim *sim, const struct trouble *t,
	struct dice *dice)
{
	sim->hosts[t->a].lose_answers += (int)dice_range(dice, 1, 12);
}

static void
trouble_late(struct sim *sim, const struct trouble *t,
	struct dice *dice)
{
	(void)dice;
	sim->hosts[t->a].late++;
}

static void
trouble_twice(struct sim *sim, const struct trouble *t,
	struct dice *dice)
{
	(void)dice;
	sim->hosts[t->a].twice++;
}

static void
trouble_unreachable(struct sim *sim, const struct trouble *t,
	struct dice *dice)
{
	int64_t long_ms = dice_chance(dice, 30) ? 300000 : 0;

	sim->hosts[t->a].down_until_ms = sim->now_ms + t->span_ms + long_ms;
}

static void
trouble_unsure(struct sim *sim, const struct trouble *t,
	struct dice *dice)
{
	(void)dice;
	sim->hosts[t->a].unsure_until_ms = sim->now_ms + t->span_ms;
}

static void
trouble_reboot(struct sim *sim, const struct trouble *t,
	struct dice *dice)
{
	fleet_reboot(sim, t->a, t->span_ms, dice_chance(dice, 80));
}

static void
trouble_refuses(struct sim *sim, const struct trouble *t,
	struct dice *dice)
{
	(void)dice;
	sim->hosts[t->a].refuses_until_ms = sim->now_ms + t->span_ms;
}

static void
trouble_fails(struct sim *sim, const struct trouble *t,
	struct dice *dice)
{
	(void)dice;
	sim->hosts[t->a].next = OUTCOME_FAILS;
}

static void
trouble_half(struct sim *sim, const struct trouble *t,
	struct dice *dice)
{
	(void)dice;
	sim->hosts[t->a].next = OUTCOME_HALF;
}

static void
trouble_hangs(struct sim *sim, const struct trouble *t,
	struct dice *dice)
{
	(void)dice;
	sim->hosts[t->a].next = OUTCOME_HANGS;
}

static void
trouble_sick(struct sim *sim, const struct trouble *t,
	struct dice *dice)
{
	struct backend *b = &sim->backends[t->a % SIM_BACKENDS];

	(void)dice;
	b->sick = !b->sick;
}

static void
trouble_broken(struct sim *sim, const struct trouble *t,
	struct dice *dice)
{
	struct backend *b = &sim->backends[t->a % SIM_BACKENDS];

	(void)dice;
	b->broken = !b->broken;
}

static void
trouble_torn(struct sim *sim, const struct trouble *t,
	struct dice *dice)
{
	(void)dice;
	sim->ring_torn_until_ms = sim->now_ms + t->span_ms;
}

static void
trouble_crash(struct sim *sim, const struct trouble *t,
	struct dice *dice)
{
	(void)dice;
	coordinator_dies(sim, t->span_ms);
}

static void
trouble_leaves(struct sim *sim, const struct trouble *t,
	struct dice *dice)
{
	(void)t;
	(void)dice;
	sim->view.stopping = true;
}

static void
trouble_database(struct sim *sim, const struct trouble *t,
	struct dice *dice)
{
	(void)dice;
	sim->view.database = false;
	sim_event(sim, sim->now_ms + t->span_ms, EVENT_DATABASE);
}

static void
trouble_clock(struct sim *sim, const struct trouble *t,
	struct dice *dice)
{
	(void)dice;
	sim->clock_ms += t->span_ms * 60;
}

static void
trouble_slot(struct sim *sim, const struct trouble *t,
	struct dice *dice)
{
	(void)t;
	(void)dice;
	snprintf(sim->view.slot, sizeof(sim->view.slot), "%s",
		 sim->view.slot[0] == '\0' ? "another is out" : "");
}

static void
trouble_pause(struct sim *sim, const struct trouble *t,
	struct dice *dice)
{
	(void)t;
	person_pauses(sim, dice);
}

static void
trouble_resume(struct sim *sim, const struct trouble *t,
	struct dice *dice)
{
	(void)t;
	(void)dice;
	if (!any_held(&sim->view))
		sim->view.pause = (struct view_pause){ .asked = false };
}

static void
trouble_abort(struct sim *sim, const struct trouble *t,
	struct dice *dice)
{
	(void)t;
	(void)dice;
	sim->view.abort = true;
}

static void
trouble_ask(struct sim *sim, const struct trouble *t,
	struct dice *dice)
{
	person_asks(sim, t->a % sim->view.nturns, (enum turn_ask)
		    dice_range(dice, ASK_RETRY, ASK_ACCEPT));
}

static void
trouble_approve(struct sim *sim, const struct trouble *t,
	struct dice *dice)
{
	(void)t;
	(void)dice;
	person_approves(sim);
}

void
trouble_happens(struct sim *sim, const struct trouble *planned)
{
	struct trouble t = *planned;
	struct dice dice = { t.dice };

	if ((!sim->view.database && !troubles[t.kind].away) ||
	    sim->now_ms >= sim->troubles_end_ms)
		return;
	if (t.a < 0)
		t.a = sim->last_host;
	sim_say(sim, "-- %s: %s, %lld s", troubles[t.kind].what,
		host_name(t.a), (long long)(t.span_ms / 1000));
	troubles[t.kind].run(sim, &t, &dice);
}

void
trouble_over(struct sim *sim)
{
	sim_say(sim, "-- the troubles are over");
	for (int i = 0; i < SIM_HOSTS; i++) {
		struct host *host = &sim->hosts[i];
		int64_t down = host->down_until_ms;

		*host = (struct host){ .down_until_ms = down };
	}
	for (int i = 0; i < SIM_BACKENDS; i++)
		sim->backends[i].sick = sim->backends[i].broken = false;
	sim->ring_torn_until_ms = 0;
	sim->view.slot[0] = '\0';
	if (sim->view.stopping)
		coordinator_dies(sim, 1000);
	sim->view.stopping = false;
}

/* As a person would: settle what is unknown, try again, in the end put back. */
static enum turn_ask
answer_held(struct sim *sim, int i)
{
	const struct view *v = &sim->view;

	for (int s = 0; v->detail == i && s < v->nsteps; s++)
		if (v->steps[s].state == STEP_UNKNOWN)
			return sim->backends[i].changes > 0 ?
				ASK_SETTLE_DONE : ASK_SETTLE_NOT;
	return dice_chance(&sim->dice, 60) ? ASK_RETRY : ASK_RESTORE;
}

bool
trouble_answer(struct sim *sim)
{
	struct view *v = &sim->view;

	for (int i = 0; i < v->nturns; i++)
		switch (v->turns[i].state) {
		case TURN_HELD:
			person_asks(sim, i, answer_held(sim, i));
			return true;
		case TURN_OUT:
			person_asks(sim, i, dice_chance(&sim->dice, 50) ?
				    ASK_INCLUDE : ASK_ACCEPT);
			return true;
		case TURN_RESTORED:
			person_asks(sim, i, ASK_RETRY);
			return true;
		case TURN_WAITING:
		case TURN_WORKING:
		case TURN_RESTORING:
		case TURN_DONE:
		case TURN_SKIPPED:
			break;
		}
	v->pause = (struct view_pause){ .asked = false };
	person_approves(sim);
	return true;
}
