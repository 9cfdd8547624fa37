/*
 * main.c - simulated rollouts: many seeds, or one of them again.
 *
 * usage: sim COUNT [FIRST]    sim --seed SEED
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"

struct sums {
	long long decisions, jobs, ended, held;
	int rules[RULE_COUNT];
};

/* left_out and the number of answers are the caller's; the rest is new. */
static void
run(struct sim *sim, uint64_t seed, const bool *left_out, bool trace)
{
	memset(sim, 0, sizeof(*sim));
	sim->seed = seed;
	sim->trace = trace;
	for (int i = 0; i < SIM_TROUBLES; i++)
		sim->troubles[i].left_out = left_out[i];
	sim_run(sim);
}

/*
 * Without which troubles does it still happen?  One after the other is left
 * out; what is left is told as the trace.
 */
static void
shortest(struct sim *sim, uint64_t seed)
{
	bool left_out[SIM_TROUBLES] = { false };
	char wrong[sizeof(sim->wrong)];
	bool fewer = true;

	run(sim, seed, left_out, false);
	memcpy(wrong, sim->wrong, sizeof(wrong));
	while (fewer && wrong[0] != '\0') {
		fewer = false;
		for (int i = 0; i < SIM_TROUBLES; i++) {
			if (left_out[i])
				continue;
			left_out[i] = true;
			sim_clear(sim);
			run(sim, seed, left_out, false);
			if (strncmp(sim->wrong, wrong, 8) == 0)
				fewer = i < sim->ntroubles;
			else
				left_out[i] = false;
		}
	}
	sim_clear(sim);
	run(sim, seed, left_out, true);
	sim_clear(sim);
}

static void
sum(struct sums *sums, const struct sim *sim)
{
	sums->decisions += sim->decisions;
	sums->jobs += sim->njobs;
	if (sim->view.state == ROLLOUT_RUNNING)
		sums->held++;
	else
		sums->ended++;
	for (int i = 0; i < RULE_COUNT; i++)
		sums->rules[i] += sim->rules[i];
}

static void
tell(const struct sums *sums)
{
	int reached = 0;

	printf("# %lld decisions, %lld commands begun, %lld rollouts ended, "
	       "%lld held with a reason\n", sums->decisions, sums->jobs,
	       sums->ended, sums->held);
	for (int i = 0; i < RULE_COUNT; i++)
		reached += sums->rules[i] > 0;
	printf("# %d of %d rules decided something; not:", reached,
	       RULE_COUNT);
	for (int i = 0; i < RULE_COUNT; i++)
		if (sums->rules[i] == 0)
			printf(" %s", rule_number((enum rule)i));
	putchar('\n');
}

static int
many(struct sim *sim, uint64_t count, uint64_t first)
{
	static const bool none[SIM_TROUBLES];
	struct sums sums = { .decisions = 0 };
	int failed = 0;

	for (uint64_t seed = first; seed < first + count; seed++) {
		run(sim, seed, none, false);
		sum(&sums, sim);
		if (sim->wrong[0] != '\0') {
			printf("# seed %llu: %s\n",
			       (unsigned long long)seed, sim->wrong);
			sim_clear(sim);
			if (failed++ == 0)
				shortest(sim, seed);
			continue;
		}
		sim_clear(sim);
	}
	tell(&sums);
	printf("%sok - %llu seeds, %d of them with a broken promise\n",
	       failed ? "not " : "", (unsigned long long)count, failed);
	printf("%d passed, %d failed, 0 skipped\n", !failed, failed > 0);
	return failed > 0;
}

static uint64_t
number(const char *text)
{
	char *end;
	unsigned long long n;

	errno = 0;
	n = strtoull(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0') {
		fprintf(stderr, "sim: \"%s\" is not a number\n", text);
		exit(2);
	}
	return n;
}

int
main(int argc, char **argv)
{
	static struct sim sim;

	if (argc == 3 && strcmp(argv[1], "--seed") == 0) {
		shortest(&sim, number(argv[2]));
		return sim.wrong[0] != '\0';
	}
	if (argc < 2 || argc > 3) {
		fprintf(stderr, "usage: sim COUNT [FIRST] | --seed SEED\n");
		return 2;
	}
	return many(&sim, number(argv[1]), argc == 3 ? number(argv[2]) : 1);
}
