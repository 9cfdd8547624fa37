/* trouble.c - what goes wrong, and when. */
#include <stdio.h>

#include "world.h"

/* X(name, how often among all, what happens): each has its function. */
#define TROUBLES_LIST(X)						\
	X(steer, 14, "somebody types something")			\
	X(cut, 6, "the channels of a host break")			\
	X(mute, 6, "lines to and from a host come late")		\
	X(late, 4, "a change comes when its channel is gone")		\
	X(twice, 6, "a change comes twice")				\
	X(unreachable, 6, "a host cannot be reached")			\
	X(unsure, 8, "readings of a host say nothing")			\
	X(reboot, 8, "a host reboots")					\
	X(refuses, 4, "somebody holds a host")				\
	X(fails, 5, "a command fails and does nothing")			\
	X(half, 6, "a command works and fails")				\
	X(hangs, 3, "a command runs into its timeout")			\
	X(lost, 6, "an agent dies while a command runs")		\
	X(forgets, 3, "the journal of a host is lost, and that accepted") \
	X(stuck, 4, "no command of a host does anything")		\
	X(hand, 4, "somebody sets a weight by hand")			\
	X(sick, 5, "a backend fails by itself, or is well again")	\
	X(broken, 3, "a backend does not pass its proof")		\
	X(torn, 4, "the directors are not ready")			\
	X(crash, 8, "a coordinator is killed")				\
	X(leaves, 5, "a coordinator is asked to leave")			\
	X(stall, 8, "a coordinator stands still")			\
	X(session, 8, "a coordinator's sessions are ended")		\
	X(away, 5, "the database is away")				\
	X(tail, 4, "the database loses its last commits")		\
	X(ahead, 3, "the database's clock leaps ahead")			\
	X(back, 3, "the database's clock is set back")			\
	X(leap, 3, "a coordinator's clock leaps")

typedef void trouble_fn(const struct trouble *trouble, struct dice *dice);

#define X(name, often, what) static trouble_fn trouble_##name;
TROUBLES_LIST(X)
#undef X

static const struct {
	int often;
	const char *what;
	trouble_fn *run;
} kinds[] = {
#define X(name, often, what) { often, what, trouble_##name },
	TROUBLES_LIST(X)
#undef X
};

enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

/*
 * A seed has some kinds of trouble only, and more of each: what it takes two
 * or three of a kind for is met sooner than with a little of everything.
 */
static uint64_t
trouble_kinds(struct dice *dice)
{
	uint64_t some = 0;

	while (some == 0)
		for (int i = 0; i < KINDS; i++)
			if (dice_chance(dice, 25))
				some |= (uint64_t)1 << i;
	return some;
}

static int
trouble_pick(struct dice *dice, uint64_t some)
{
	int all = 0, kind = -1;
	int64_t n;

	for (int i = 0; i < KINDS; i++)
		if (some >> i & 1)
			all += kinds[i].often;
	n = dice_range(dice, 1, all);
	while (n > 0)
		if (some >> ++kind & 1)
			n -= kinds[kind].often;
	return kind;
}

static void
trouble_happens(void *self)
{
	struct trouble t = *(const struct trouble *)self;
	struct dice dice = { t.dice };

	if (world.now_ms >= world.troubles_end_ms)
		return;
	if (t.a < 0)
		t.a = dice_chance(&dice, 50) ? world.busy : world.busy_with;
	world_note("-- %s: %s, %lld s", kinds[t.kind].what,
		   host_name(t.a), (long long)(t.span_ms / 1000));
	kinds[t.kind].run(&t, &dice);
}

/* On what it follows: half of them on a time.  How many there are of each. */
static void
trouble_anchor(struct trouble *t, struct dice *dice)
{
	static const int many[ANCHORS] = {
		[ANCHOR_WRITTEN] = 60, [ANCHOR_BEGUN] = 30,
		[ANCHOR_TAKEN] = 4, [ANCHOR_COMMITTED] = 4,
		[ANCHOR_DESTROYS] = 4 };

	t->anchor = dice_chance(dice, 50) ? ANCHOR_TIME :
		(enum anchor)dice_range(dice, ANCHOR_TIME + 1, ANCHORS - 1);
	if (t->anchor != ANCHOR_TIME)
		t->nth = (int)dice_range(dice, 1, many[t->anchor]);
	t->after_ms = dice_chance(dice, 50) ? 0 : dice_range(dice, 1, 2000);
}

/* One seldom comes alone: a third follow on the same as the one before. */
static void
trouble_make(struct trouble *t, const struct trouble *before, uint64_t some,
	     int64_t within)
{
	struct dice *dice = &world.dice;
	int64_t at = world.now_ms + dice_range(dice, 0, within);

	t->kind = trouble_pick(dice, some);
	t->a = dice_chance(dice, 50) ? -1 :
		(int)dice_range(dice, 0, HOSTS - 1);
	t->span_ms = dice_range(dice, 1, 60) * 1000;
	trouble_anchor(t, dice);
	if (before != NULL && dice_chance(dice, 33)) {
		t->anchor = before->anchor;
		t->nth = before->nth;
		t->after_ms = before->after_ms + dice_range(dice, 0, 5000);
		at = before->due.at_ms + dice_range(dice, 0, 5000);
	}
	t->dice = dice_roll(dice);
	due_init(&t->due, OUTSIDE, trouble_happens, t);
	t->due.at_ms = at;
	if (!t->left_out && t->anchor == ANCHOR_TIME)
		due_at(&t->due, at);
}

static void
trouble_over(void *self)
{
	(void)self;
	world_note("-- the troubles are over");
	world.moved_ms = world.now_ms;
	for (int i = 0; i < HOSTS; i++) {
		struct host *host = &world.hosts[i];

		host->mute_until_ms = host->unsure_until_ms = 0;
		host->hold_until_ms = host->stuck_until_ms = 0;
		host->late = host->twice = 0;
		host->next = OUTCOME_DONE;
	}
	for (int i = 0; i < BACKENDS; i++)
		world.backends[i].sick = world.backends[i].broken = false;
	world.next = OUTCOME_DONE;
	world.ring_torn_until_ms = 0;
}

void
trouble_plan(void)
{
	static struct due over;
	int64_t within = dice_range(&world.dice, 1, 10) * 15000;
	uint64_t some = trouble_kinds(&world.dice);

	world.answers = (int)dice_range(&world.dice, 0, 6);
	world.ntroubles = (int)dice_range(&world.dice, 1, TROUBLES);
	for (int i = 0; i < world.ntroubles; i++)
		trouble_make(&world.troubles[i], i > 0 ?
			     &world.troubles[i - 1] : NULL, some, within);
	world.troubles_end_ms = world.now_ms + within + 1;
	due_init(&over, OUTSIDE, trouble_over, NULL);
	due_at(&over, world.troubles_end_ms);
}

void
trouble_follows(enum anchor anchor)
{
	int nth = ++world.anchored[anchor];

	for (int i = 0; i < world.ntroubles; i++) {
		struct trouble *t = &world.troubles[i];

		if (t->anchor == anchor && t->nth == nth && !t->left_out)
			due_at(&t->due, world.now_ms + t->after_ms);
	}
}

/* -------------------------------------------------------- each of them */

static void
trouble_steer(const struct trouble *t, struct dice *dice)
{
	(void)t;
	people_steer(dice);
}

static void
trouble_cut(const struct trouble *t, struct dice *dice)
{
	(void)dice;
	net_cut(t->a);
}

static void
trouble_mute(const struct trouble *t, struct dice *dice)
{
	(void)dice;
	world.hosts[t->a].mute_until_ms = world.now_ms + t->span_ms;
}

static void
trouble_late(const struct trouble *t, struct dice *dice)
{
	world.hosts[t->a].late += (int)dice_range(dice, 1, 2);
}

static void
trouble_twice(const struct trouble *t, struct dice *dice)
{
	world.hosts[t->a].twice += (int)dice_range(dice, 1, 3);
}

static void
trouble_unreachable(const struct trouble *t, struct dice *dice)
{
	int64_t long_ms = dice_chance(dice, 20) ? 400000 : 0;

	world.hosts[t->a].down_until_ms = world.now_ms + t->span_ms + long_ms;
	if (dice_chance(dice, 50))
		net_cut(t->a);
}

static void
trouble_unsure(const struct trouble *t, struct dice *dice)
{
	(void)dice;
	world.hosts[t->a].unsure_until_ms = world.now_ms + t->span_ms;
}

static void
trouble_reboot(const struct trouble *t, struct dice *dice)
{
	agent_reboot(t->a, t->span_ms, dice_chance(dice, 80));
}

static void
trouble_refuses(const struct trouble *t, struct dice *dice)
{
	(void)dice;
	world.hosts[t->a].hold_until_ms = world.now_ms + t->span_ms;
}

/* The next command of that host, or of any. */
static void
next_outcome(const struct trouble *t, struct dice *dice, enum outcome outcome)
{
	if (dice_chance(dice, 50))
		world.hosts[t->a].next = outcome;
	else
		world.next = outcome;
}

static void
trouble_fails(const struct trouble *t, struct dice *dice)
{
	next_outcome(t, dice, OUTCOME_FAILS);
}

static void
trouble_half(const struct trouble *t, struct dice *dice)
{
	next_outcome(t, dice, OUTCOME_HALF);
}

static void
trouble_hangs(const struct trouble *t, struct dice *dice)
{
	next_outcome(t, dice, OUTCOME_HANGS);
}

static void
trouble_lost(const struct trouble *t, struct dice *dice)
{
	next_outcome(t, dice, OUTCOME_LOST);
}

/* Not with commits as well: then nobody knows what was begun. */
static void
trouble_forgets(const struct trouble *t, struct dice *dice)
{
	(void)dice;
	if (world.tail_lost)
		return;
	world.journal_lost = true;
	agent_forgets(t->a);
}

static void
trouble_stuck(const struct trouble *t, struct dice *dice)
{
	(void)dice;
	world.hosts[t->a].stuck_until_ms = world.now_ms + 2 * t->span_ms;
}

static void
trouble_hand(const struct trouble *t, struct dice *dice)
{
	truth_weight_by_hand(t->a % BACKENDS, dice_chance(dice, 50) ? 0 :
			     WEIGHT);
}

static void
trouble_sick(const struct trouble *t, struct dice *dice)
{
	struct backend *b = &world.backends[t->a % BACKENDS];

	(void)dice;
	b->sick = !b->sick;
}

static void
trouble_broken(const struct trouble *t, struct dice *dice)
{
	struct backend *b = &world.backends[t->a % BACKENDS];

	(void)dice;
	b->broken = !b->broken;
}

static void
trouble_torn(const struct trouble *t, struct dice *dice)
{
	(void)dice;
	world.ring_torn_until_ms = world.now_ms + t->span_ms;
}

static void
trouble_crash(const struct trouble *t, struct dice *dice)
{
	(void)dice;
	coordinator_dies(t->a % COORDINATORS, t->span_ms);
}

static void
trouble_leaves(const struct trouble *t, struct dice *dice)
{
	(void)dice;
	coordinator_leaves(t->a % COORDINATORS);
}

static void
trouble_stall(const struct trouble *t, struct dice *dice)
{
	(void)dice;
	world.coordinators[t->a % COORDINATORS].stalled_until_ms =
		world.now_ms + t->span_ms;
}

static void
trouble_session(const struct trouble *t, struct dice *dice)
{
	(void)dice;
	sql_cut(t->a % COORDINATORS);
}

static void
trouble_away(const struct trouble *t, struct dice *dice)
{
	(void)dice;
	world.away_until_ms = world.now_ms + t->span_ms;
	for (int i = 0; i < COORDINATORS; i++)
		sql_cut(i);
}

/* Every session ends, and who connects finds the rows of a while ago. */
static void
tail_goes(void *self)
{
	(void)self;
	world_note("-- its last commits are lost");
	for (int i = 0; i < COORDINATORS; i++)
		sql_cut(i);
	sql_owner("select sim.restore('tail')");
	check_lost();
}

static void
trouble_tail(const struct trouble *t, struct dice *dice)
{
	static struct due goes;

	(void)t;
	if (world.tail_lost || world.journal_lost)
		return;
	world.tail_lost = true;
	sql_owner("select sim.save('tail')");
	due_init(&goes, OUTSIDE, tail_goes, NULL);
	due_at(&goes, world.now_ms + dice_range(dice, 10, 8000));
}

static void
trouble_ahead(const struct trouble *t, struct dice *dice)
{
	world.clock_ms += t->span_ms * dice_range(dice, 1, 60);
}

static void
trouble_back(const struct trouble *t, struct dice *dice)
{
	world.clock_ms -= t->span_ms * dice_range(dice, 1, 10);
}

static void
trouble_leap(const struct trouble *t, struct dice *dice)
{
	world.coordinators[t->a % COORDINATORS].wall_ms +=
		t->span_ms * dice_range(dice, -10, 60);
}
