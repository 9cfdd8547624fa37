/*
 * main.c - simulated rollouts with the whole coordinator: many, or one again.
 *
 * usage: whole CONNINFO COUNT [FIRST]    whole CONNINFO --seed SEED
 *        whole CONNINFO --find COUNT [FIRST]
 */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "plan.h"
#include "seeds.h"
#include "world.h"

struct world world;

static struct {
	long long statements, jobs, ended, held;
	bool rules[RULE_COUNT];
} sums;

/* ------------------------------------------------------------ its history */

static void
hash_add(const char *text)
{
	for (; *text != '\0'; text++)
		world.hash = (world.hash ^ (unsigned char)*text) *
			1099511628211u;
}

static void
say(bool note, const char *format, va_list ap)
{
	char text[1024], at[32];

	if (!note && !world.trace)
		return;
	vsnprintf(text, sizeof(text), format, ap);
	snprintf(at, sizeof(at), "%9.3f  ",
		 (double)(world.now_ms - TIME_START_MS) / 1000);
	if (note) {
		hash_add(at);
		hash_add(text);
	}
	if (world.trace)
		printf("%s%s\n", at, text);
}

void
world_say(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	say(false, format, ap);
	va_end(ap);
}

void
world_note(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	say(true, format, ap);
	va_end(ap);
}

void
world_wrong(const char *format, ...)
{
	va_list ap;

	if (world.wrong[0] != '\0')
		return;
	va_start(ap, format);
	vsnprintf(world.wrong, sizeof(world.wrong), format, ap);
	va_end(ap);
	world_say("WRONG: %s", world.wrong);
}

/* " R12 " in what a coordinator says: a rule that decided. */
static void
count_rule(const char *line)
{
	for (const char *at = line; (at = strstr(at, " R")) != NULL; at += 2)
		if (isdigit((unsigned char)at[2])) {
			int n = atoi(at + 2);

			if (n < 64)
				world.rules[n]++;
			return;
		}
}

/* What a coordinator calls an error is one: it writes what SQL refuses. */
static void
on_log(void *self, enum log_level level, const char *line)
{
	(void)self;
	count_rule(line);
	world_say("  %d says %s", world.me, line);
	/* it may be about rows that the database lost */
	if (world.tail_lost && strstr(line, "SQLSTATE RD0") != NULL)
		return;
	if (level <= LOG_LEVEL_ERROR)
		world_wrong("coordinator %d: %s", world.me, line);
}

/* ------------------------------------------------------------------ seeds */

static const char *
run(uint64_t seed, const bool *left_out, bool trace, int *troubles_r)
{
	memset(&world, 0, sizeof(world));
	world.seed = seed;
	world.trace = trace;
	for (int i = 0; i < TROUBLES; i++)
		world.troubles[i].left_out = left_out[i];
	course_run();
	course_end();
	*troubles_r = world.ntroubles;
	return world.wrong;
}

static void
sum(void)
{
	sums.statements += world.statements;
	sums.jobs += world.nentries;
	if (strcmp(world.state, "running") == 0)
		sums.held++;
	else
		sums.ended++;
	for (int i = 0; i < RULE_COUNT; i++)
		sums.rules[i] |=
			world.rules[atoi(rule_number((enum rule)i) + 1)] > 0;
}

static void
tell(void)
{
	printf("# %lld statements, %lld commands begun, %lld rollouts ended, "
	       "%lld held with a reason\n", sums.statements, sums.jobs,
	       sums.ended, sums.held);
	seeds_tell_rules(sums.rules);
}

/* The first seed again: it must be the same history. */
static bool
is_repeated(uint64_t seed)
{
	static const bool none[SEEDS_TROUBLES];
	uint64_t before;
	int troubles;

	(void)run(seed, none, false, &troubles);
	before = world.hash;
	(void)run(seed, none, false, &troubles);
	printf("%sok - seed %llu is one history: %016llx\n",
	       before == world.hash ? "" : "not ", (unsigned long long)seed,
	       (unsigned long long)before);
	return before == world.hash;
}

static const struct seeds_kind kind = { run, sum, tell };

static int
many(uint64_t count, uint64_t first)
{
	int failed = seeds_many(&kind, count, first);
	bool same = is_repeated(first);

	printf("%d passed, %d failed, 0 skipped\n", !failed + same,
	       (failed > 0) + !same);
	return failed > 0 || !same;
}

/* In what follows CONNINFO; 0: every promise was kept. */
static int
what_is_asked(int n, char **words)
{
	bool find = n > 1 && strcmp(words[0], "--find") == 0;
	uint64_t first = n - find == 2 ? seeds_number(words[n - 1]) : 1;

	if (n == 2 && strcmp(words[0], "--seed") == 0)
		return seeds_shortest(&kind, seeds_number(words[1]));
	if (find)
		return seeds_find(&kind, seeds_number(words[1]), first) != 0;
	return many(seeds_number(words[0]), first);
}

int
main(int argc, char **argv)
{
	int status;

	if (argc < 3 || argc > 5) {
		fprintf(stderr, "usage: whole CONNINFO COUNT [FIRST] | "
			"CONNINFO --seed SEED | "
			"CONNINFO --find COUNT [FIRST]\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	log_set_level(LOG_LEVEL_DEBUG);
	log_set_sink(on_log, NULL);
	sql_open(argv[1]);
	course_plan();
	status = what_is_asked(argc - 2, argv + 2);
	sql_close();
	return status;
}
