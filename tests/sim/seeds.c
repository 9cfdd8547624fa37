/* seeds.c - what is done with seeds, whatever a seed is a history of. */
#include "seeds.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const bool none[SEEDS_TROUBLES];

uint64_t
seeds_number(const char *text)
{
	char *end;
	unsigned long long n;

	errno = 0;
	n = strtoull(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0') {
		fprintf(stderr, "\"%s\" is not a number\n", text);
		exit(2);
	}
	return n;
}

bool
seeds_shortest(const struct seeds_kind *kind, uint64_t seed)
{
	bool left_out[SEEDS_TROUBLES] = { false };
	char wrong[9]; /* the same promise: its first words */
	bool fewer = true;
	int troubles;

	snprintf(wrong, sizeof(wrong), "%s",
		 kind->run(seed, left_out, false, &troubles));
	while (fewer && wrong[0] != '\0') {
		fewer = false;
		for (int i = 0; i < troubles; i++) {
			if (left_out[i])
				continue;
			left_out[i] = true;
			if (strncmp(kind->run(seed, left_out, false, &troubles),
				    wrong, sizeof(wrong) - 1) == 0)
				fewer = true;
			else
				left_out[i] = false;
		}
	}
	return kind->run(seed, left_out, true, &troubles)[0] != '\0';
}

int
seeds_many(const struct seeds_kind *kind, uint64_t count, uint64_t first)
{
	int failed = 0, troubles;

	for (uint64_t seed = first; seed < first + count; seed++) {
		const char *wrong = kind->run(seed, none, false, &troubles);

		kind->sum();
		if (wrong[0] == '\0')
			continue;
		printf("# seed %llu: %s\n", (unsigned long long)seed, wrong);
		if (failed++ == 0)
			(void)seeds_shortest(kind, seed);
	}
	kind->tell();
	printf("%sok - %llu seeds, %d of them with a broken promise\n",
	       failed ? "not " : "", (unsigned long long)count, failed);
	return failed;
}

uint64_t
seeds_find(const struct seeds_kind *kind, uint64_t count, uint64_t first)
{
	int troubles;

	for (uint64_t seed = first; seed < first + count; seed++) {
		const char *wrong = kind->run(seed, none, false, &troubles);

		if (wrong[0] == '\0')
			continue;
		printf("# seed %llu: %s\n", (unsigned long long)seed, wrong);
		return seed;
	}
	return 0;
}

void
seeds_tell_rules(const bool decided[RULE_COUNT])
{
	int reached = 0;

	for (int i = 0; i < RULE_COUNT; i++)
		reached += decided[i];
	printf("# %d of %d rules decided something; not:", reached, RULE_COUNT);
	for (int i = 0; i < RULE_COUNT; i++)
		if (!decided[i])
			printf(" %s", rule_number((enum rule)i));
	putchar('\n');
}
