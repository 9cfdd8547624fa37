/*
 * main.c - simulated rollouts: many seeds, or one of them again.
 *
 * usage: sim COUNT [FIRST]    sim --seed SEED
 */
#include <stdio.h>
#include <string.h>

#include "sim.h"

static struct sim sim;
static struct {
	long long decisions, jobs, ended, held;
	bool rules[RULE_COUNT];
} sums;

static const char *
run(uint64_t seed, const bool *left_out, bool trace, int *troubles_r)
{
	static bool begun;

	if (begun)
		sim_clear(&sim);
	begun = true;
	memset(&sim, 0, sizeof(sim));
	sim.seed = seed;
	sim.trace = trace;
	for (int i = 0; i < SIM_TROUBLES; i++)
		sim.troubles[i].left_out = left_out[i];
	sim_run(&sim);
	*troubles_r = sim.ntroubles;
	return sim.wrong;
}

static void
sum(void)
{
	sums.decisions += sim.decisions;
	sums.jobs += sim.njobs;
	if (sim.view.state == ROLLOUT_RUNNING)
		sums.held++;
	else
		sums.ended++;
	for (int i = 0; i < RULE_COUNT; i++)
		sums.rules[i] |= sim.rules[i] > 0;
}

static void
tell(void)
{
	printf("# %lld decisions, %lld commands begun, %lld rollouts ended, "
	       "%lld held with a reason\n", sums.decisions, sums.jobs,
	       sums.ended, sums.held);
	seeds_tell_rules(sums.rules);
}

int
main(int argc, char **argv)
{
	static const struct seeds_kind kind = { run, sum, tell };
	int failed;

	if (argc == 3 && strcmp(argv[1], "--seed") == 0)
		return seeds_shortest(&kind, seeds_number(argv[2]));
	if (argc < 2 || argc > 3) {
		fprintf(stderr, "usage: sim COUNT [FIRST] | --seed SEED\n");
		return 2;
	}
	failed = seeds_many(&kind, seeds_number(argv[1]),
			    argc == 3 ? seeds_number(argv[2]) : 1);
	printf("%d passed, %d failed, 0 skipped\n", failed == 0, failed > 0);
	return failed > 0;
}
